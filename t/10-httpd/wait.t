#!/usr/bin/perl
# Held requests: what ends them, and that they take no thread.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep);

use Okapi::Test::Doorbell qw(ring);
use Okapi::Test::Server;

my $server = Okapi::Test::Server->new(
    modules => ['wait_test'], children => 2, threads => 4, config => <<'END');
<Location /wait>
    SetHandler wait-test
    Require all granted
</Location>
END
$server->create_database;
$server->start;

# A ring is a hint and may come late: a store is rung for in one subtest only.

# A client whose request is held: its "HELD" has come.
sub hold {
    my ($arguments) = @_;
    my $http = $server->http;
    $http->send(GET => "/wait?$arguments");
    is($http->read_head->{status}, 200, "held: $arguments");
    is($http->read_chunk, "HELD\n", 'it says so before it waits');
    return $http;
}

sub held { return $server->status->{held} }

subtest 'the doorbell ends it' => sub {
    my $http = hold('store=7');
    is($http->read_chunk(0.3), undef, 'nothing until something happens');
    ring($server, 8);
    is($http->read_chunk(0.3), undef, 'nothing for the bell of another store');
    ring($server, 7);
    is($http->read_chunk, "NOTIFY\n", 'an answer to its own');
    is($http->read_chunk, '', 'the answer has an end');
    is($http->get('/okapi/status')->{status}, 200, 'the connection serves the next request');
};

subtest 'several stores' => sub {
    for my $store (8, 7) {
        my $http = hold('store=7&other=8');
        ring($server, 9);
        is($http->read_chunk(0.3), undef, 'nothing for a third');
        ring($server, $store);
        is($http->read_chunk, "NOTIFY\n", "either ends it: $store");
        is($http->read_chunk, '', 'the answer has an end');
    }
    my $http = hold('store=7&other=8&stay=1');
    $http->close;
    $server->wait_for(sub { held() == 0 }, 10, 'the end of the wait');
    ring($server, $_) for 7, 8;
    is(hold('store=9&deadline=100')->read_chunk, "DEADLINE\n", 'ringing for who has gone is harmless');
};

subtest 'ticks and a deadline' => sub {
    my $http = hold('store=102&tick=100&deadline=1500');
    is($http->read_chunk, "TICK\n", 'a tick') for 1 .. 3;
    my $last;
    while (my $chunk = $http->read_chunk) {
        $last = $chunk;
    }
    is($last, "DEADLINE\n", 'the deadline ends it');
};

subtest 'one that stays' => sub {
    my $http = hold('store=103&stay=1');
    for my $n (1 .. 3) {
        ring($server, 103);
        is($http->read_chunk, "NOTIFY\n", "event $n");
    }
    $http->close;
    $server->wait_for(sub { held() == 0 }, 10, 'the end of the wait');
    pass('it ends with its client');
};

subtest 'many more than threads' => sub {
    my @clients = map { hold("store=$_") } 1 .. 40;
    is(held(), 40, 'all are held');
    is($server->status->{parked}, 40, 'none with a thread');
    is($server->http->get('/okapi/status')->{status}, 200, 'another request is answered');
    ring($server, $_) for 1 .. 40;
    is($_->read_chunk, "NOTIFY\n", 'each is told') for @clients;
    is($_->read_chunk, '', 'each ends') for @clients;
    is(scalar(grep { $_->connected } @clients), 40, 'each connection is kept');
    my @again = grep { $_->get('/okapi/status')->{status} == 200 } @clients;
    is(@again, 40, 'and used');
};

subtest 'clients that go away' => sub {
    my @clients = map { hold("store=$_") } 1 .. 20;
    $_->close for @clients;
    $server->wait_for(sub { held() == 0 }, 10, 'the end of the waits');
    is($server->status->{parked}, 0, 'nothing stays behind');
};

subtest 'the next request comes too early' => sub {
    my $http = $server->http;
    $http->write(join '', map {"GET $_ HTTP/1.1\r\nHost: a\r\n\r\n"} '/wait?store=106',
        '/okapi/status');
    $http->{method} = 'GET';
    is($http->read_head->{status}, 200, 'the first is held');
    is($http->read_chunk, "HELD\n", 'as usual');
    my $before = $server->status->{resumes};
    sleep 0.5;
    cmp_ok($server->status->{resumes} - $before, '<', 20, 'without spinning');
    ring($server, 106);
    is($http->read_chunk, "NOTIFY\n", 'it is answered');
    is($http->read_chunk, '', 'to its end');
    is($http->read_answer->{status}, 200, 'then the second');
};

subtest 'nothing said before the end' => sub {
    my $http = $server->http;
    $http->send(GET => '/wait?store=107&quiet=1');
    is($http->read_head(0.5), undef, 'no headers yet');
    ring($server, 107);
    my $answer = $http->read_answer;
    is($answer->{body}, "NOTIFY\n", 'the answer in one piece');
    is($answer->{headers}{'content-length'}, 7, 'with its length');
};

subtest 'graceful restart' => sub {
    my @clients = map { hold("store=$_") } 1 .. 20;
    $server->graceful;
    is($_->read_chunk, "STOP\n", 'told to end') for @clients;
    is($_->read_chunk, '', 'cleanly') for @clients;
    my $http = hold('store=108');
    ring($server, 108);
    is($http->read_chunk, "NOTIFY\n", 'the new generation hears the bell');
};

subtest 'kill -9 of every child' => sub {
    my $http = hold('store=109');
    $server->kill_children;
    eval { $http->read_chunk };
    like($@, qr/closed by the server/, 'the client sees the end of the connection');
    is(held(), 0, 'the dead count for nothing');
    $http = hold('store=109');
    ring($server, 109);
    is($http->read_chunk, "NOTIFY\n", 'the new children hear the bell');
};

is_deeply([$server->log_lines(qr/\[\w+:(?:crit|alert|emerg)\]|exit signal (?!Killed)/)], [],
    'no crash');

done_testing;
