#!/usr/bin/perl
# /okapi/status: JSON and Prometheus' text; and a database that is not there.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP qw(decode_json);
use Test::More;

use Okapi::Test::Server;

my $server = Okapi::Test::Server->new(children => 2);
$server->start;

subtest 'without a database' => sub {
    my $answer = $server->http->get('/okapi/status');
    is($answer->{status}, 503, 'httpd runs, and says what is missing');
    my $status = decode_json($answer->{body});
    ok(!$status->{database}{ok}, 'the database is not ok');
    like($status->{database}{text}, qr/database/, 'in words: ' . $status->{database}{text});
    is(scalar($server->log_lines(qr/OK00004/)), 1, 'one line in the log, not one per child');
};

$server->user('john');
$server->wait_for(sub { $server->http->get('/okapi/status')->{status} == 200 }, 20,
    'the database to be found');
$server->wait_log(qr/OK00005/);
pass('it is found when it is there');

my $answer = $server->http->get('/okapi/status');
is($answer->{headers}{'content-type'}, 'application/json', 'JSON');
my $status = decode_json($answer->{body});
ok($status->{database}{ok}, 'the database is ok');
is(scalar @{ $status->{children} }, 2, 'two children');
is_deeply([sort map { $_->{pid} } @{ $status->{children} }], [sort $server->children],
    'with their process ids');
is($status->{held}, 0, 'nobody waits');

for (['/okapi/status?format=prometheus', {}], ['/okapi/status', { Accept => 'text/plain' }]) {
    $answer = $server->http->get(@$_);
    like($answer->{headers}{'content-type'}, qr{\Atext/plain}, "Prometheus: $_->[0]");
    my @wrong = grep { !/\A(?:# (?:HELP|TYPE) okapi_\w+ .+|okapi_\w+(?:\{\w+="[^"]*"\})? \d+)\z/ }
        split /\n/, $answer->{body};
    is_deeply(\@wrong, [], 'every line is of the format');
    like($answer->{body}, qr/^okapi_database_up 1$/m, 'the database is up');
    like($answer->{body}, qr/^okapi_refused_total 0$/m, 'a counter');
}

is($server->http->post('/okapi/status', {}, 'x')->{status}, 405, 'only GET');
is($server->http->request('HEAD', '/okapi/status')->{status}, 200, 'and HEAD');

done_testing;
