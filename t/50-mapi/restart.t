#!/usr/bin/perl
# The database server stops, crashes, comes back, takes no writers: clients that wait go on waiting
# and are told of what comes later, who logs in meanwhile is asked to come again, and of what is
# delivered at that very moment nothing is lost and nothing there twice.
use strict;
use warnings;

use File::Temp;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use Okapi::Test::Doorbell qw(ring);
use Okapi::Test::Engine;
use Okapi::Test::MAPI;
use Okapi::Test::Server;

use constant { NEW_MAIL => 0x0002, WAITING => 10, STORE_ID_MAX => 100, CRASHES => 4,
    TOGETHER => 4 };

my $name = Okapi::Test::Engine::engine();
plan skip_all => 'SQLite has no server' if $name eq 'sqlite3';
my $engine = Okapi::Test::Engine->start($name);    # nobody else's
local $ENV{OKAPI_TEST_ENGINE} = $engine->url;

my $server = Okapi::Test::MAPI->server('john');
my @clients = map { Okapi::Test::MAPI->connect($server, 'john') } 1 .. WAITING;
$_->logon->subscribe(NEW_MAIL) for @clients;

sub deliver { return $server->deliver('john', "Subject: $_[0]\n\n", code => undef) }

sub login {
    return $server->http(user => 'john', timeout => 40)->get('/mapi/emsmdb/');
}

for my $way (qw(stop crash)) {
    subtest "clients that wait: $way" => sub {
        my @waits = map { $_->wait_for_notification } @clients;
        is(scalar(grep { $_->ready(0.05) } @waits), 0, 'all are held');
        $engine->$way;
        my $answer = login();
        is($answer->{status}, 503, 'a login is not possible');
        like($answer->{headers}{'retry-after'}, qr/\A\d+\z/, 'and told when it may be');
        is($server->http->get('/okapi/status')->{status}, 503, 'the status says so');
        is(deliver('none'), 75, 'mail is to be brought again');
        my $resumes = $server->status->{resumes};
        ring($server, $_) for 1 .. STORE_ID_MAX;
        $server->wait_for(sub { $server->status->{resumes} >= $resumes + WAITING }, 20,
            'each to look in vain');
        is($server->status->{held}, WAITING, 'all are held still');
        is(scalar(grep { $_->ready(0.05) } @waits), 0, 'and nobody was told anything');
        $engine->launch;
        is(deliver($way), 0, 'mail comes');
        is(scalar(grep { $_->result(20) == 1 } @waits), WAITING, 'each is told');
        my @told = map { [map { $_->{notification_flags} } $_->notifications] } @clients;
        is_deeply(\@told, [map { [NEW_MAIL | 0x8000] } @clients], 'of one message');
        is(login()->{status}, 200, 'who has a password comes in');
    };
}

# As a replica does, or one that has just become that.
sub take_writers {
    my ($takes) = @_;
    my @sql = $name eq 'mysql' ? ('SET GLOBAL read_only = ' . ($takes ? 0 : 1))
        : ('ALTER SYSTEM SET default_transaction_read_only = ' . ($takes ? 'off' : 'on'),
            'SELECT pg_reload_conf()');
    $engine->sql($_, $name eq 'mysql' ? 'root' : 'postgres') for @sql;
    return;
}

subtest 'a server that can only be read' => sub {
    take_writers(0);
    $server->wait_for(sub { deliver('not written') == 75 }, 10, 'mail to be refused');
    my (undef, undef, $err) = $server->tool('okapi-dagent', "Subject: not written\n\n", 'john');
    like($err, qr/read-only/, 'okapi-dagent says why');
    is(login()->{status}, 200, 'a login needs no more');
    my $logon = Okapi::Test::MAPI->connect($server, 'john')->logon;
    my @rows = $logon->open_special('inbox')->contents->columns('PR_SUBJECT')->all_rows;
    cmp_ok(scalar @rows, '>=', 2, 'nor does reading');
    take_writers(1);
    $server->wait_for(sub { deliver('written') == 0 }, 10, 'mail to be taken');
    pass('afterwards mail is taken');
};

# A delivery that is under way, as a process.
sub start_delivery {
    my ($subject) = @_;
    my $in = File::Temp->new;
    print {$in} "Subject: $subject\n\n", 'x' x (int(rand 4) ? 1_000 : 500_000);
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

subtest 'deliveries at that moment' => sub {
    my ($number, %codes, %accepted) = (0);
    for (1 .. CRASHES) {
        my %pids = map { start_delivery(++$number) => $number } 1 .. TOGETHER;
        sleep rand 0.2;
        $engine->crash;
        $engine->launch;
        for my $pid (keys %pids) {
            waitpid $pid, 0;
            $codes{ $? >> 8 }++;
            $accepted{ $pids{$pid} } = 1 if $? == 0;
        }
    }
    note(join ', ', map {"$codes{$_} with exit code $_"} sort keys %codes);
    is_deeply([grep { $_ != 0 && $_ != 75 } keys %codes], [], 'done, or to be done again');
    my $inbox = Okapi::Test::MAPI->connect($server, 'john')->logon->open_special('inbox');
    my %there;
    $there{ $_->{PR_SUBJECT} }++ for $inbox->contents->columns('PR_SUBJECT')->all_rows;
    is_deeply([grep { !$there{$_} } sort keys %accepted], [], 'what was accepted is there');
    is_deeply([grep { $there{$_} > 1 } sort keys %there], [], 'nothing is there twice');
    is($there{none}, undef, 'nor what was to be brought again');
};

my ($code, $out, $err) = $server->tool('okapi-fsck', '');
is($code, 0, 'okapi-fsck finds nothing') or diag($out . $err);
is_deeply([$server->log_lines(qr/\[\w+:(?:crit|alert|emerg)\]|exit signal/)], [], 'httpd is well');
$server->stop;

done_testing;
