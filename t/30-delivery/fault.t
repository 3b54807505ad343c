#!/usr/bin/perl
# A disk that fails at any write of a delivery: what is told to the mail server is true, nothing is
# half done, and the next delivery works.
use strict;
use warnings;

use File::Copy qw(copy);
use File::Temp;
use FindBin;
use IO::Handle;
use IPC::Open2 qw(open2);
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Engine;
use Okapi::Test::Server;

use constant { OK => 0, TRY_AGAIN => 75 };

my $library = Okapi::Test::Server::build_dir() . '/t/lib/.libs/fault.so';
plan skip_all => 'the disk is the database server\'s'
    unless Okapi::Test::Engine::engine() eq 'sqlite3';
plan skip_all => "$library isn't built: make check builds it" unless -e $library;
plan skip_all => 'sanitizers want to be the first library'
    if Okapi::Test::Server::build_variable('SANITIZE_FLAGS') =~ /address/;

delete $ENV{OKAPI_CONF};
my $dir = File::Temp::tempdir(CLEANUP => 1);
mkdir "$dir/$_" or die "$dir/$_: $!" for qw(db run);
open my $conf, '>', "$dir/okapi.conf" or die $!;
print {$conf} map {"$_\n"} "Database sqlite3:db/store.db", 'RunDirectory run',
    'Domain example.org';
close $conf;

sub tool {
    my ($name, $input, @args) = @_;
    return Okapi::Test::Server::run_command($input, Okapi::Test::Server::tool_path($name), '--conf',
        "$dir/okapi.conf", @args);
}

for my $command (['store', 'create-database'],
    ['user', 'add', 'john', '--email', 'j@example.org']) {
    my ($code, $out, $err) = tool('okapi-admin', '', @$command);
    die "@$command: $err" if $code;
}

# The database of before, for each delivery anew.
my %before = map { $_ => "$dir/before." . (split m{/})[-1] } glob "$dir/db/*";
copy($_, $before{$_}) or die "$_: $!" for keys %before;

sub restore {
    unlink glob "$dir/db/*";
    copy($before{$_}, $_) or die "$_: $!" for keys %before;
    return;
}

# A process that looks at the database as often as it is asked to: its integrity, its messages.
my $checker = open2(my $answers, my $questions, 'python3', '-c', <<'END');
import sqlite3, sys
for line in sys.stdin:
    database = sqlite3.connect(line.rstrip())
    print(database.execute("PRAGMA integrity_check").fetchone()[0],
          database.execute("SELECT count(*) FROM message").fetchone()[0], flush=True)
    database.close()
END
$questions->autoflush;

sub look {
    print {$questions} "$dir/db/store.db\n";
    my ($integrity, $count) = <$answers> =~ /\A(.*) (\d+)$/ or die 'the database is not readable';
    return ($integrity, $count);
}

# With an attachment that is stored apart; more than a page, and than a buffer.
my $message = "Subject: fault\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\ntext\n--b\n"
    . "Content-Type: application/octet-stream\n\n" . join('', map { chr 33 + $_ % 90 } 1 .. 300_000)
    . "\n--b--\n";

sub deliver {
    my ($at, $kind) = @_;
    local @ENV{qw(LD_PRELOAD FAULT_DIR FAULT_AT FAULT_KIND FAULT_COUNT)} =
        ($library, "$dir/db/", $at, $kind, "$dir/count");
    unlink "$dir/count";
    my ($code, undef, $err) = tool('okapi-dagent', $message, 'john');
    return ($code, $err);
}

restore();
is((deliver(0, 'EIO'))[0], OK, 'a delivery that nothing happens to');
open my $file, '<', "$dir/count" or die "$dir/count: $!";
my ($calls) = sort { $b <=> $a } <$file>;
close $file;
chomp $calls;
cmp_ok($calls, '>', 10, "has $calls writes and syncs");
is((look())[1], 1, 'and is there');

# What a delivery with one fault left behind, and whether the next one works. *UNDECIDED is set if
# the sync of the commit failed but its record may be read all the same: as after a crash, the mail
# server then delivers again what is there.
sub wrong {
    my ($undecided, $code, $err) = @_;
    my ($integrity, $there) = look();
    my @wrong = $code == OK || $code == TRY_AGAIN ? () : "exit code $code";
    $$undecided = $code && $there == 1 && $err =~ /COMMIT/;
    push @wrong, "$there messages after exit code $code" if $there != ($code == OK) && !$$undecided;
    push @wrong, "no clear error: '$err'" if $code && $err !~ /john|database/;
    push @wrong, "the database: $integrity" if $integrity ne 'ok';
    my ($next, undef, $next_err) = tool('okapi-dagent', "Subject: next\n\n", 'john');
    push @wrong, "the next delivery: $next $next_err" if $next;
    push @wrong, 'the next message is missing' if (look())[1] != $there + 1;
    return @wrong;
}

for my $kind (qw(EIO ENOSPC short)) {
    subtest $kind => sub {
        my %codes = (OK, 0, TRY_AGAIN, 0);
        my $undecided = 0;
        for my $at (1 .. $calls) {
            restore();
            my ($code, $err) = deliver($at, $kind);
            $codes{$code}++;
            my @wrong = wrong(\my $is_undecided, $code, $err);
            $undecided += $is_undecided;
            is("@wrong", '', "$kind at $at of $calls: " . ($code ? 'try again' : 'delivered'))
                or diag($err);
        }
        note("delivered $codes{+OK} times, try again $codes{+TRY_AGAIN} times");
        cmp_ok($undecided, '<=', 1, 'open is at most the end of the commit');
        ok($codes{ +TRY_AGAIN }, 'a failing disk was told of') if $kind ne 'short';
    };
}
close $questions;
waitpid $checker, 0;

done_testing;
