#!/usr/bin/perl
# Where the MPM can't hold requests, and on HTTP/2, the same calls are made in a waiting thread.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Doorbell qw(ring);
use Okapi::Test::Server;

# A ring is a hint and may come late: a store is rung for in one place only.
my $location = <<'END';
<Location /wait>
    SetHandler wait-test
    Require all granted
</Location>
END

sub start {
    my (%args) = @_;
    my $server = Okapi::Test::Server->new(modules => ['wait_test'], config => $location, %args);
    $server->create_database;
    return $server->start;
}

sub hold {
    my ($server, $arguments) = @_;
    my $http = $server->http;
    $http->send(GET => "/wait?$arguments");
    is($http->read_head->{status}, 200, "held: $arguments");
    is($http->read_chunk, "HELD\n", 'it says so');
    return $http;
}

for my $mpm (qw(worker prefork)) {
    subtest $mpm => sub {
        my $server = start(mpm => $mpm, children => 2, threads => 4);
        is(scalar($server->log_lines(qr/OK00009/)), 1, 'the log says once what it costs');

        my $http = hold($server, 'store=1');
        my $status = $server->status;
        is($status->{held}, 1, 'it is held');
        is($status->{parked}, 0, 'with its thread');
        ring($server, 1);
        is($http->read_chunk, "NOTIFY\n", 'the doorbell ends it');
        is($http->read_chunk, '', 'cleanly');
        is($http->get('/okapi/status')->{status}, 200, 'the connection is kept');

        $http = hold($server, 'store=2&tick=100&deadline=1500');
        my $text = '';
        while (my $chunk = $http->read_chunk) {
            $text .= $chunk;
        }
        like($text, qr/\A(?:TICK\n)+DEADLINE\n\z/, 'ticks and a deadline');

        $http = hold($server, 'store=3');
        $http->close;
        $server->wait_for(sub { $server->status->{held} == 0 }, 10, 'the end of the wait');
        pass('it ends with its client');

        $http = hold($server, 'store=3');
        $server->graceful;
        is($http->read_chunk, "STOP\n", 'a graceful restart ends it');
        $server->stop;
    };
}

subtest 'HTTP/2' => sub {
    my ($code, $version) = Okapi::Test::Server::run_command('', 'curl', '--version');
    plan skip_all => 'curl with HTTP/2 is not installed' unless $version =~ /HTTP2/;
    my $server = start(httpd_modules => ['http2'], config => "Protocols h2c http/1.1\n$location");
    my $url = 'http://127.0.0.1:' . $server->port . '/wait?store=7&tick=100&deadline=1500';
    my ($result, $body, $error) = Okapi::Test::Server::run_command('', 'curl', '-sS',
        '--http2-prior-knowledge', '-w', '%{http_version}', $url);
    is($result, 0, 'it is answered') or diag($error);
    like($body, qr/\AHELD\n(?:TICK\n)+DEADLINE\n2\z/, 'with all it had to say, over HTTP/2');
    is_deeply([$server->log_lines(qr/exit signal/)], [], 'no crash');
};

done_testing;
