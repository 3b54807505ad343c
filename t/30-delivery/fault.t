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
mkdir "$dir/$_" or die "$dir/$_: $!" for qw(crash db run);
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

# A process that looks at a database as often as it is asked to: its integrity, its messages. Or
# that has it open, as httpd has, so that nobody else is the last one to close it.
my $checker = open2(my $answers, my $questions, 'python3', '-c', <<'END');
import sqlite3, sys
held = None
for line in sys.stdin:
    what, path = line.split()
    if held:
        held.close()
    held = None
    database = sqlite3.connect(path)
    print(database.execute("PRAGMA integrity_check").fetchone()[0],
          database.execute("SELECT count(*) FROM message").fetchone()[0], flush=True)
    if what == "hold":
        held = database
    else:
        database.close()
END
$questions->autoflush;

sub ask {
    my ($what, $path) = @_;
    print {$questions} "$what $path\n";
    my ($integrity, $count) = <$answers> =~ /\A(.*) (\d+)$/ or die 'the database is not readable';
    return ($integrity, $count);
}

sub look { return ask(look => "$dir/db/store.db") }

# What somebody finds after a crash at this moment who was lucky: everything that was written, be it
# synced or not.
sub look_after_crash {
    unlink glob "$dir/crash/*";
    for my $path (grep { -e } "$dir/db/store.db", "$dir/db/store.db-wal") {
        copy($path, "$dir/crash/" . ($path =~ s{.*/}{}r)) or die "$path: $!";
    }
    return ask(look => "$dir/crash/store.db");
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

# What a delivery with one fault left behind, and whether the next one works. Who is told to try
# again delivers twice if the message is there. That must not be, and isn't but for one case: the
# disk says that it couldn't sync the commit, whose record is there all the same, and is so full
# that nothing can be written over it.
sub wrong {
    my ($undecided, $code, $err) = @_;
    my ($integrity, $there) = look_after_crash();
    my @wrong = $code == OK || $code == TRY_AGAIN ? () : "exit code $code";
    $$undecided = $code && $there == 1 && $err =~ /it may have happened/;
    push @wrong, "$there messages after exit code $code" if $there != ($code == OK) && !$$undecided;
    push @wrong, "no clear error: '$err'" if $code && $err !~ /john|database/;
    push @wrong, "the database: $integrity" if $integrity ne 'ok';
    my ($next, undef, $next_err) = tool('okapi-dagent', "Subject: next\n\n", 'john');
    push @wrong, "the next delivery: $next $next_err" if $next;
    ($integrity, my $now) = look();
    push @wrong, "the database, later: $integrity" if $integrity ne 'ok';
    push @wrong, "then $now messages after exit code $code"
        if $now != 1 + ($code == OK) && !($$undecided && $now == 2);
    return @wrong;
}

sub deliver_with_faults {
    my ($kind, $is_held, $undecided_max) = @_;
    my (%codes, $undecided);
    for my $at (1 .. $calls) {
        restore();
        ask(hold => "$dir/db/store.db") if $is_held;
        my ($code, $err) = deliver($at, $kind);
        $codes{$code}++;
        my @wrong = wrong(\my $is_undecided, $code, $err);
        $undecided += $is_undecided ? 1 : 0;
        is("@wrong", '', "$kind at $at of $calls: " . ($code ? 'try again' : 'delivered'))
            or diag($err);
    }
    note('delivered ' . ($codes{+OK} || 0) . ' times, try again '
            . ($codes{+TRY_AGAIN} || 0) . ' times');
    cmp_ok($undecided, '<=', $undecided_max, "$undecided_max times at most it is left open");
    ok($codes{+TRY_AGAIN}, 'a failing disk was told of') if $kind ne 'short';
    return;
}

for (['EIO', 0], ['ENOSPC', 1], ['short', 0]) {
    my ($kind, $undecided_max) = @$_;
    subtest $kind => sub { deliver_with_faults($kind, 0, $undecided_max) };
}
subtest 'EIO beside somebody else' => sub { deliver_with_faults('EIO', 1, 0) };

close $questions;
waitpid $checker, 0;

done_testing;
