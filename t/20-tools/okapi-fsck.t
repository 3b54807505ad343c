#!/usr/bin/perl
# okapi-fsck: what it prints, when it repairs, its exit codes.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Test::More;

use Okapi::Test::Admin qw(admin conf_file dir tool);
use Okapi::Test::Engine;
use Okapi::Test::Mail qw(mail);

use constant { EX_USAGE => 64, EX_DATAERR => 65, EX_TEMPFAIL => 75, EX_CONFIG => 78 }; # sysexits.h

my $dir = dir();

sub fsck { return tool('okapi-fsck', '', '--conf', conf_file(), @_) }

# Damage, by the one SQLite that every test machine has.
sub sql {
    my ($sql) = @_;
    system('python3', '-c', 'import sqlite3, sys; c = sqlite3.connect(sys.argv[1]);'
        . ' c.executescript(sys.argv[2]); c.commit()', "$dir/store.db", $sql) == 0 or die 'python3';
}

subtest 'usage' => sub {
    my ($code, $out) = tool('okapi-fsck', '', '--help');
    is($code, 0, 'help');
    like($out, qr/^Usage: okapi-fsck .*--repair.*^Exit codes:/ms, 'options and exit codes');
    is((fsck('what'))[0], EX_USAGE, 'no arguments');
    is((fsck('--what'))[0], EX_USAGE, 'no other options');
    is((tool('okapi-fsck', '', '--conf', "$dir/none"))[0], EX_CONFIG, 'no configuration');
    is((fsck())[0], EX_TEMPFAIL, 'no database');
};

subtest 'the checks' => sub {
    my ($code, $out) = tool('okapi-fsck', '', '--list');
    is($code, 0, 'without a database');
    open my $manual, '<', "$FindBin::Bin/../../docs/admin/okapi-fsck.md" or die $!;
    my $text = join '', <$manual>;
    my @checks = $out =~ /^([a-z.]+) +\S/mg;
    cmp_ok(scalar @checks, '>', 50, 'there are many');
    my @missing = grep { $text !~ /^\| `\Q$_\E` \|/m } @checks;
    is("@missing", '', 'all of them stand in the manual');
};

subtest 'in order' => sub {
    is((admin('store', 'create-database'))[0], 0, 'a database');
    is((admin('user', 'add', 'john', '--email', 'john@example.org'))[0], 0, 'and a user');
    is((admin('public', 'create'))[0], 0, 'and public folders');
    is((admin('folder', 'create', '@public', 'News'))[0], 0, 'of which one is for mail');
    my ($code, $out, $err) = fsck('--deep');
    is($code, 0, 'nothing is wrong');
    like($out, qr/: nothing is wrong\.$/, 'it says so');
    is($err, '', 'and nothing else');
    is((fsck('--quiet'))[1], '', 'or nothing at all');
};

# Deliveries into a mailbox and a public folder, rules and permissions change, while it looks.
subtest 'beside others' => sub {
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    if (!$pid) {
        my $wrong = 0;
        for my $i (1 .. 25) {
            my $mail = mail(subject => "Message $i", attachments => [['a.bin', 'application/octet-stream', 'x' x 9000]]);
            $wrong += (tool('okapi-dagent', $mail, '--conf', conf_file(), 'john'))[0];
            $wrong += (tool('okapi-dagent', $mail, '--conf', conf_file(), '-d', 'News', '@public'))[0] if $i == 1;
            $wrong += (admin('folder', 'create', 'john', "Inbox/$i"))[0];
            $wrong += (admin('permission', 'set', 'john', "Inbox/$i", '@default', 'reviewer'))[0];
        }
        POSIX::_exit($wrong ? 1 : 0);
    }
    my ($runs, $status) = (0, 0);
    until (waitpid($pid, POSIX::WNOHANG()) == $pid) {
        my ($code, $out) = fsck($runs++ % 2 ? '--deep' : '--repair');
        if ($code) {
            fail('nothing is wrong meanwhile');
            diag($out);
        }
    }
    $status = $?;
    ok($runs > 2, "it looked $runs times");
    is($status, 0, 'and nobody was kept from working');
    my ($code, $out) = fsck('--deep');
    is($code, 0, 'nothing is wrong in the end') or diag($out);
};

subtest 'damaged' => sub {
    plan skip_all => 'by way of SQLite' if Okapi::Test::Engine::engine() ne 'sqlite3';
    sql('UPDATE folder_stat SET content = 5 WHERE folder_id ='
        . ' (SELECT id FROM folder WHERE kind = 5)');
    my ($code, $out) = fsck();
    is($code, EX_DATAERR, 'damage');
    like($out, qr/^folder\.counts: john: the counts of folder \d+ are wrong: they say 5 messages/m,
        'which, whose, what');
    like($out, qr/can be repaired/, 'and what about it');
    like($out, qr/: 1 thing is wrong; --repair mends/, 'in all');
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
