#!/usr/bin/perl
# okapi-fsck: what it prints, when it repairs, its exit codes.
use strict;
use warnings;

use File::Temp;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Server;

use constant { EX_USAGE => 64, EX_DATAERR => 65, EX_TEMPFAIL => 75, EX_CONFIG => 78 }; # sysexits.h

delete $ENV{OKAPI_CONF};

my $dir = File::Temp::tempdir(CLEANUP => 1);
mkdir "$dir/run" or die $!;
open my $fh, '>', "$dir/okapi.conf" or die $!;
print $fh "Database sqlite3:store.db\nRunDirectory run\nDomain example.org\n";
close $fh;

sub tool {
    my ($name, @args) = @_;
    return Okapi::Test::Server::run_command('', Okapi::Test::Server::tool_path($name), @args);
}
sub fsck { return tool('okapi-fsck', '--conf', "$dir/okapi.conf", @_) }

# Damage, by the one SQLite that every test machine has.
sub sql {
    my ($sql) = @_;
    system('python3', '-c', 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]);'
        . ' c.executescript(sys.argv[2]); c.commit()', "$dir/store.db", $sql) == 0 or die 'python3';
}

subtest 'usage' => sub {
    my ($code, $out) = tool('okapi-fsck', '--help');
    is($code, 0, 'help');
    like($out, qr/^Usage: okapi-fsck .*--repair.*^Exit codes:/ms, 'options and exit codes');
    is((fsck('what'))[0], EX_USAGE, 'no arguments');
    is((fsck('--what'))[0], EX_USAGE, 'no other options');
    is((tool('okapi-fsck', '--conf', "$dir/none"))[0], EX_CONFIG, 'no configuration');
    is((fsck())[0], EX_TEMPFAIL, 'no database');
};

subtest 'in order' => sub {
    is((tool('okapi-admin', '--conf', "$dir/okapi.conf", 'store', 'create-database'))[0], 0,
        'a database');
    is((tool('okapi-admin', '--conf', "$dir/okapi.conf", 'user', 'add', 'john', '--email',
        'john@example.org'))[0], 0, 'and a user');
    my ($code, $out, $err) = fsck('--deep');
    is($code, 0, 'nothing is wrong');
    like($out, qr/: nothing is wrong\.$/, 'it says so');
    is($err, '', 'and nothing else');
    is((fsck('--quiet'))[1], '', 'or nothing at all');
};

subtest 'damaged' => sub {
    sql('UPDATE folder_stat SET content = 5 WHERE folder_id ='
        . ' (SELECT id FROM folder WHERE kind = 5)');
    my ($code, $out) = fsck();
    is($code, EX_DATAERR, 'damage');
    like($out, qr/^folder\.counts: john: the counts of folder \d+ are wrong: they say 5 messages/m,
        'which, whose, what');
    like($out, qr/can be repaired/, 'and what about it');
    like($out, qr/: 1 things are wrong; --repair mends/, 'in all');
    is((fsck('--quiet'))[0], EX_DATAERR, 'it is still there');
    ($code, $out) = fsck('--repair');
    is($code, 0, 'repaired');
    like($out, qr/repaired: they are counted anew/, 'how');
    is((fsck())[0], 0, 'nothing is wrong any more');
    sql("UPDATE store SET owner = 'nobody'");
    ($code, $out) = fsck('--repair');
    is($code, EX_DATAERR, "what can't be repaired");
    like($out, qr/can't be repaired: .*\n/, 'says what else to do');
};

done_testing;
