#!/usr/bin/perl
# kill -9 of random processes during deliveries: every message that was accepted is there exactly
# once, whoever dies. OKAPI_KILLS is how many are killed.
use strict;
use warnings;

use File::Temp;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);

use Okapi::Test::Engine;
use Okapi::Test::MAPI;
use Okapi::Test::Server;

use constant TOGETHER => 4; # deliveries at a time

my $kills = $ENV{OKAPI_KILLS} || 30;
my $seed = $ENV{OKAPI_KILL_SEED} || time;
diag("OKAPI_KILL_SEED=$seed") if $ENV{OKAPI_KILLS};
srand $seed;

my $server = Okapi::Test::Server->new(modules => ['mapi'], config => <<'END');
<Location /mapi>
    SetHandler mapi
    @AUTH@
</Location>
END
$server->user('john');
$server->start;

sub start_dagent {
    my ($number) = @_;
    my $in = File::Temp->new;
    print {$in} "Subject: number $number\n\n", 'x' x (int(rand 10) ? 1_000 : 500_000);
    $in->flush;
    seek $in, 0, 0;
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if ($pid == 0) {
        open STDIN, '<&', $in or POSIX::_exit(126);
        open STDERR, '>', '/dev/null';
        exec Okapi::Test::Server::tool_path('okapi-dagent'), '--conf', $server->conf, 'john'
            or POSIX::_exit(127);
    }
    return $pid;
}

# Looks at the mailbox while its httpd child may be killed.
sub read_mailbox {
    return eval {
        my $inbox = Okapi::Test::MAPI->connect($server, 'john')->logon->open_special('inbox');
        my $table = $inbox->contents->columns(qw(PR_SUBJECT));
        my @subjects;
        while (my @rows = $table->rows(100)) {
            push @subjects, map { $_->{PR_SUBJECT} } @rows;
        }
        \@subjects;
    };
}

my ($number, $killed, $children, %accepted) = (0, 0, 0);
while ($killed < $kills) {
    my %pids = map { start_dagent(++$number) => $number } 1 .. TOGETHER;
    my ($victim) = (keys %pids)[rand TOGETHER];
    sleep rand 0.1;
    $killed += kill KILL => $victim;
    if ($number % (3 * TOGETHER) == 0) { # what httpd was doing for somebody dies, too
        my @children = $server->children;
        $children += kill KILL => $children[rand @children] if @children;
        read_mailbox();
    }
    for my $pid (keys %pids) {
        waitpid $pid, 0;
        $accepted{"number $pids{$pid}"} = 1 if $? == 0;
    }
}
note("$number deliveries, $killed killed, " . keys(%accepted) . ' accepted; of httpd '
        . "$children children killed");

my $subjects;
for (1 .. 50) {
    last if $subjects = read_mailbox();
    sleep 0.2;
}
my %there;
$there{$_}++ for @{ $subjects || [] };
is_deeply([grep { !$there{$_} } sort keys %accepted], [], 'every accepted message is there');
is_deeply([grep { $there{$_} > 1 } sort keys %there], [], 'none is there twice');
cmp_ok(scalar @{ $subjects || [] }, '<=', $number, 'and none that nobody sent');

SKIP: {
    skip 'the file is the database server\'s', 1 unless Okapi::Test::Engine::engine() eq 'sqlite3';
    my ($conf) = do { open my $f, '<', $server->conf or die $!; join '', <$f> };
    my ($path) = $conf =~ /^Database\s+sqlite3:(\S+)/m;
    $path = "$server->{dir}/$path" unless $path =~ m{\A/};
    my ($code, $out, $err) = Okapi::Test::Server::run_command('', 'python3', '-c',
        'import sqlite3, sys; print(sqlite3.connect(sys.argv[1])'
            . '.execute("PRAGMA integrity_check").fetchone()[0])', $path);
    is($out, "ok\n", 'the database is whole') or diag($err);
}
is($server->deliver('john', "Subject: last\n\n"), 0, 'the next message is delivered');

done_testing;
