#!/usr/bin/perl
# kill -9 of random processes during deliveries and moves: every message that was accepted is there
# exactly once, whoever dies, and okapi-fsck finds nothing. OKAPI_KILLS is how many are killed.
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

use constant {
    TOGETHER => 4, # deliveries at a time
    MOVERS => 2
};

my $kills = $ENV{OKAPI_KILLS} || 30;
my $seed = $ENV{OKAPI_KILL_SEED} || time;
diag("OKAPI_KILL_SEED=$seed") if $ENV{OKAPI_KILLS};
srand $seed;

my $mover = Okapi::Test::Server::build_dir() . '/t/lib/mover';
plan skip_all => "$mover isn't built: make check builds it" unless -x $mover;

# A database server of this test's own, as it is killed, too.
my $engine;
if (Okapi::Test::Engine::engine() ne 'sqlite3') {
    $engine = Okapi::Test::Engine->start(Okapi::Test::Engine::engine());
    $ENV{OKAPI_TEST_ENGINE} = $engine->url;
}
my $server = Okapi::Test::Server->new(modules => ['mapi'], config => <<'END');
<Location /mapi>
    SetHandler mapi
    @AUTH@
</Location>
END
$server->user($_) for qw(john mary);
$server->start;

# ---- who does something ----

sub start_process {
    my ($in, @command) = @_;
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if ($pid == 0) {
        open STDIN, $in ? '<&' : '<', $in || '/dev/null' or POSIX::_exit(126);
        open STDOUT, '>', '/dev/null';
        open STDERR, '>', '/dev/null';
        exec @command or POSIX::_exit(127);
    }
    return $pid;
}

sub start_dagent {
    my ($number) = @_;
    my $in = File::Temp->new;
    print {$in} "Subject: number $number\n\n", 'x' x (int(rand 10) ? 1_000 : 500_000);
    $in->flush;
    seek $in, 0, 0;
    return start_process($in, Okapi::Test::Server::tool_path('okapi-dagent'), '--conf',
        $server->conf, $number % 2 ? 'john' : 'mary');
}

sub start_mover {
    return start_process(undef, $mover, $server->conf, 'move', 'john', 'mary');
}

# What an administrator does meanwhile.
sub start_admin {
    my ($number) = @_;
    my @commands = (['user', 'add', "new$number", '--email', "new$number\@example.org"],
        ['folder', 'create', 'john', "Inbox/folder $number"], ['group', 'create', "group$number"],
        ['permission', 'set', 'john', 'Inbox', 'mary', 'author'], ['store', 'collect'],
        ['user', 'delete', 'new' . ($number - 1), '--yes']);
    return start_process(undef, Okapi::Test::Server::tool_path('okapi-admin'), '--conf',
        $server->conf, @{ $commands[rand @commands] });
}

# Looks at the mailbox while its httpd child may be killed.
sub read_mailbox {
    return eval {
        my $inbox = Okapi::Test::MAPI->connect($server, 'john')->logon->open_special('inbox');
        my $table = $inbox->contents->columns(qw(PR_SUBJECT));
        1 while $table->rows(100);
        1;
    };
}

# ---- who dies ----

my %killed; # by kind
my ($number, %accepted) = (0);
my %movers = map { start_mover() => 1 } 1 .. MOVERS;

# The end of a process, its status. What has ended before it was killed isn't counted.
sub reap {
    my ($what, $pid) = @_;
    waitpid $pid, 0;
    $killed{$what}++ if ($? & 127) == POSIX::SIGKILL;
    return $?;
}

# Not before it is what it was started for: a tool that isn't installed begins as a shell script.
sub kill_program {
    my ($pid) = @_;
    open my $file, '<', "/proc/$pid/comm" or return;
    kill KILL => $pid if <$file> =~ /\A(?:lt-)?(?:okapi-|mover)/;
    return;
}

sub has_ended {
    my ($pid) = @_;
    open my $stat, '<', "/proc/$pid/stat" or return 1;
    return scalar <$stat> =~ /\) Z /;
}

sub kill_one {
    my ($dagents, $admin) = @_;
    my $dice = rand;
    return kill_program($admin) if $dice < 0.15;
    return kill_program((keys %movers)[rand MOVERS]) if $dice < 0.4;
    return kill_program($dagents->[rand TOGETHER]) if $dice < 0.9 || $number % (2 * TOGETHER);
    if ($engine && ($dice > 0.96 || !$killed{'database servers'})) {
        $engine->crash;
        $engine->launch;
        return $killed{'database servers'} += 1;
    }
    my @children = $server->children;
    if (@children) { # what httpd was doing for somebody dies, too
        $killed{'httpd children'} += kill KILL => $children[rand @children];
    }
    return read_mailbox();
}

sub sum {
    my $sum = 0;
    $sum += $_ for values %killed;
    return $sum;
}

while (sum() < $kills) {
    my %dagents = map { start_dagent(++$number) => $number } 1 .. TOGETHER;
    my $admin = start_admin($number);
    sleep rand 0.2;
    kill_one([keys %dagents], $admin);
    for my $pid (keys %dagents) {
        $accepted{"number $dagents{$pid}"} = 1 if reap(deliveries => $pid) == 0;
    }
    reap(administrators => $admin);
    for my $pid (grep { has_ended($_) } keys %movers) {
        reap(movers => $pid);
        delete $movers{$pid};
        $movers{ start_mover() } = 1;
    }
}
kill KILL => keys %movers;
reap(movers => $_) for keys %movers;
diag("$number deliveries, " . keys(%accepted) . ' accepted; killed: '
        . join ', ', map {"$killed{$_} $_"} sort keys %killed);

# ---- what is left ----

my ($code, $out, $err) =
    Okapi::Test::Server::run_command('', $mover, $server->conf, 'list', 'john', 'mary');
is($code, 0, 'the mailboxes are listed') or diag($err);
my (%there, %places);
for (split /\n/, $out) {
    my ($place, $subject) = split /\t/;
    $places{$place}++;
    $there{$subject}++;
}
cmp_ok(scalar keys %places, '>', 2, 'messages were moved');
is_deeply([grep { !$there{$_} } sort keys %accepted], [], 'every accepted message is there');
is_deeply([grep { $there{$_} > 1 } sort keys %there], [], 'none is there twice');
is_deeply([grep { !/\Anumber (\d+)\z/ || $1 > $number } sort keys %there], [],
    'and none that nobody sent');

($code, $out, $err) = $server->tool('okapi-fsck', '');
is($code, 0, 'okapi-fsck finds nothing') or diag("$out$err");
SKIP: {
    skip 'the file is the database server\'s', 1 if $engine;
    my ($path) = do { open my $f, '<', $server->conf or die $!; join '', <$f> }
        =~ /^Database\s+sqlite3:(\S+)/m;
    $path = "$server->{dir}/$path" unless $path =~ m{\A/};
    ($code, $out, $err) = Okapi::Test::Server::run_command('', 'python3', '-c',
        'import sqlite3, sys; print(sqlite3.connect(sys.argv[1])'
            . '.execute("PRAGMA integrity_check").fetchone()[0])', $path);
    is($out, "ok\n", 'the database is whole') or diag($err);
}
is($server->deliver('john', "Subject: last\n\n"), 0, 'the next message is delivered');
$server->wait_for(\&read_mailbox, 15, 'an answer');
pass('and httpd answers');

done_testing;
