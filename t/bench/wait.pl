#!/usr/bin/perl
# NotificationWait for real: sessions of one mailbox that all hold one, on 128 threads. What one
# costs in memory; what a request costs meanwhile; and how long after okapi-dagent has exited the
# first and the last of them know. 5,000; another number as first argument.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Time::HiRes qw(sleep time);

use Okapi::Test::MAPI;
use Okapi::Test::Server;

use constant NEW_MAIL => 0x0002;

my $count = $ARGV[0] || 5000;
my $server = Okapi::Test::Server->new(
    modules => ['mapi'], children => 2, threads => 64, log_level => 'warn', config => <<'END');
<Location /mapi>
    SetHandler mapi
    @AUTH@
</Location>
END
$server->user($_) for qw(john mary);
$server->start;

sub waiting {
    my ($user) = @_;
    my $m = Okapi::Test::MAPI->connect($server, $user);
    my $subscription = $m->logon->subscribe(NEW_MAIL);
    my $wait = $m->wait_for_notification;
    return { m => $m, wait => $wait, subscription => $subscription };
}

# The median of opening an inbox, in milliseconds.
sub execute_time {
    my $m = Okapi::Test::MAPI->connect($server, 'mary');
    my $logon = $m->logon;
    my @times;
    for (1 .. 200) {
        my $start = time;
        $logon->open_folder($logon->{special}{inbox});
        push @times, time - $start;
    }
    return (sort { $a <=> $b } @times)[100] * 1000;
}

sub deliver { return $server->deliver('john', "Subject: new\n\nmail\n") }

my $one = waiting('john');
sleep 0.5;
my @times;
for (1 .. 20) {
    deliver();
    my $start = time;
    $one->{wait}->result(5);
    push @times, (time - $start) * 1000;
    $one->{m}->notifications;
    $one->{wait} = $one->{m}->wait_for_notification;
    sleep 0.1;
}
@times = sort { $a <=> $b } @times;
printf "delivery to NotificationWait's answer: median %.1f ms, longest %.1f ms\n", @times[10, 19];

my $time = execute_time();
my $memory = $server->memory;
my @waiting;
for (1 .. $count) {
    push @waiting, waiting('john');
    $waiting[-1]{m}{http}->close; # of a client's connections, only the one that waits
}
$server->wait_for(sub { $server->status->{held} >= $count }, 30, "held requests");
printf "held NotificationWaits                 %d, on 128 threads\n", $count;
printf "memory of one                          %.1f KB\n", ($server->memory - $memory) / $count;
my $time_held = execute_time();
printf "OpenFolder meanwhile                   %.2f ms, %.2f times as long as without\n",
    $time_held, $time_held / $time;
deliver();
my $start = time;
my $answered = grep { $_->{wait}->result(30) == 1 } @waiting;
printf "one delivery to all answers            %.0f ms, %d answered\n", (time - $start) * 1000,
    $answered;
