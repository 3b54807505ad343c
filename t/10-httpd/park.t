#!/usr/bin/perl
# The canary of mod_okapi/park.c. That file exchanges the descriptor of a parked connection's
# socket, relying on mpm_event to poll what the socket holds after the suspend_connection hook,
# which httpd promises nowhere. If an update of httpd changes that, this test is to say so.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Doorbell qw(ring);
use Okapi::Test::Server;

my $server = Okapi::Test::Server->new(modules => ['wait_test'], children => 1, config => <<'END');
# The MPM gives a waiting connection up after that.
Timeout 1
<Location /wait>
    SetHandler wait-test
    Require all granted
</Location>
END
$server->create_database;
$server->start;

my $http = $server->http;
$http->send(GET => '/wait?store=1');
$http->read_head;
is($http->read_chunk, "HELD\n", 'a held request');
ok($server->wait_for(sub { $server->status->{parked} == 1 }, 10, 'parking'), 'is parked in the MPM');

my ($child) = $server->children;
my @nested = grep { (readlink) // '' eq 'anon_inode:[eventpoll]' } glob "/proc/$child/fd/*";
cmp_ok(@nested, '>=', 2, 'its connection has an epoll descriptor of its own');

ring($server, 1);
my $answer = eval { $http->read_chunk(5) };
if (!is($answer, "NOTIFY\n", 'and is woken from outside')) {
    diag('mpm_event of this httpd does not poll the exchanged descriptor: ',
        'held requests hang until their next tick. See mod_okapi/park.h');
    done_testing;
    exit;
}
is($server->status->{held}, 0, 'nothing is left held');

is($http->read_chunk, '', 'its answer ends');

# A wait and the keep-alive after it outlast Timeout, though nothing happens.
$http->send(GET => '/wait?store=2');
$http->read_head;
is($http->read_chunk, "HELD\n", 'held again, on the same connection');
is($http->read_chunk(2.5), undef, 'for longer than Timeout');
ring($server, 2);
is($http->read_chunk, "NOTIFY\n", 'and woken');
is($http->read_chunk, '', 'to its end');
sleep 2;
is($http->get('/okapi/status')->{status}, 200, 'the connection is kept for longer, too');

# Nor may the exchange leak: the client's descriptor and ours are both closed in the end.
my $count = sub { scalar(() = glob "/proc/$child/fd/*") };
$http->close;
my $before = $count->();
for (1 .. 20) {
    my $client = $server->http;
    $client->send(GET => "/wait?store=1$_");
    $client->read_head;
    $client->read_chunk;
    if ($_ % 2) {
        ring($server, "1$_");
        $client->read_chunk;
        $client->read_chunk;
    }
    $client->close;
}
$server->wait_for(sub { $server->status->{held} == 0 && $count->() <= $before + 2 }, 10,
    'the descriptors to be closed');
pass('no descriptor is left behind');

done_testing;
