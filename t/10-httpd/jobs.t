#!/usr/bin/perl
# What is done in the background: by one child, once in its interval, and only with mod_watchdog.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Server;

my $server = Okapi::Test::Server->new(children => 3, log_level => 'warn okapi:info');
$server->user('john');
$server->start;

$server->wait_log(qr/OK00041.*job collect: nothing to do/, 30);
pass('a job is done');
sleep 6;    # each child has looked again
is(scalar($server->log_lines(qr/OK00041: job collect/)), 1, 'by one child, and not again before its time');
$server->graceful;
sleep 6;
is(scalar($server->log_lines(qr/OK00041: job collect/)), 1, 'nor by new children');
$server->stop;
is(scalar($server->log_lines(qr/OK0004[02]/)), 0, 'without complaint');

done_testing;
