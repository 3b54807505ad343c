#!/usr/bin/perl
# Held requests: what one costs in memory, how soon it is woken, and whether other requests are
# answered as before. 5,000 on 128 worker threads; other numbers as first argument.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use IPC::Open2;
use Time::HiRes qw(sleep time);

use Okapi::Test::Server;

my $count = $ARGV[0] || 5000;
my $server = Okapi::Test::Server->new(
    modules => ['wait_test'], children => 2, threads => 64, log_level => 'warn', config => <<'END');
<Location /wait>
    SetHandler wait-test
    Require all granted
</Location>
END
$server->create_database;
$server->start;

# The median of some requests, in milliseconds.
sub request_time {
    my $http = $server->http;
    my @times;
    for (1 .. 200) {
        my $start = time;
        $http->get('/okapi/status')->{status} == 200 or die "/okapi/status is not well\n";
        push @times, time - $start;
    }
    return (sort { $a <=> $b } @times)[100] * 1000;
}

request_time(); # everything is warm
my $memory = $server->memory;
my $time = request_time();
my $pid = open2(my $out, my $in, Okapi::Test::Server::build_dir() . '/t/bench/held',
    $server->port, $server->dir . '/run/doorbell.sock', $count, 200);
(<$out> // '') =~ /held/ or die "they could not be held\n" . $server->log_tail;

printf "held requests                     %d, on %d threads\n", $count, 128;
printf "memory of one                     %.1f KB\n", ($server->memory - $memory) / $count;
my $time_held = request_time();
printf "another request meanwhile         %.2f ms, %.2f times as long as without\n", $time_held,
    $time_held / $time;
print {$in} "\n";
while (<$out>) {
    printf "one event to its answer           p50 %.2f ms, p99 %.2f ms\n", $1, $2
        if /^one p50 (\S+) p99 (\S+)/;
    printf "an event for each to all answers  %.0f ms\n", $1 if /^all (\S+)/;
    printf "connections lost                  %d\n", $1 if /^lost (\d+)/;
}
waitpid $pid, 0;
die "the load failed\n" if $?;
