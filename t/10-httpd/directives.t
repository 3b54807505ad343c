#!/usr/bin/perl
# OkapiStore: a mistake in either file is told with its name and its line.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Server;

sub check {
    my (%args) = @_;
    my $server = Okapi::Test::Server->new(%args);
    my ($code, $out, $err) = $server->check_config;
    return ($code, $out . $err, $server);
}

my ($code, $text, $server) = check();
is($code, 0, 'the default configuration is accepted') or diag($text);

($code, $text, $server) = check(okapi_conf => { MaxMessage => 'plenty' });
isnt($code, 0, 'a wrong value in okapi.conf is refused');
like($text, qr/line \d+ of \S+httpd\.conf/, 'with the line of httpd.conf');
my ($line) = $server->okapi_conf =~ /\A(.*?)^MaxMessage/ms;
$line = 1 + ($line =~ tr/\n//);
like($text, qr/okapi\.conf.*\bline $line\b.*MaxMessage/, 'and of okapi.conf, and the setting');

($code, $text) = check(okapi_conf => { Datbase => 'sqlite3:x' });
isnt($code, 0, 'an unknown setting is refused');
like($text, qr/Datbase/, 'and named');

($code, $text) = check(config => 'OkapiStore /nonexistent/okapi.conf');
isnt($code, 0, 'a file that is not there is refused');
like($text, qr{/nonexistent/okapi\.conf.*No such file}s, 'and named');

($code, $text) = check(config => 'OkapiStore');
like($text, qr/OkapiStore takes one argument, The okapi\.conf/, 'the directive explains itself');

($code, $text) = check(config => "<Location /x>\nOkapiStore okapi.conf\n</Location>");
isnt($code, 0, 'it belongs to servers, not to locations');

done_testing;
