#!/usr/bin/perl
# AuthBasicProvider okapi: who comes in, and what it costs.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Server;

my $server = Okapi::Test::Server->new(children => 1, config => <<'END');
<Location /private>
    SetHandler okapi-status
    @AUTH@
</Location>
END
$server->user('john');
$server->user('mary', password => "p\x{e4}ss:w\x{f6}rd");
$server->start;

sub login {
    my ($user, $password) = @_;
    return $server->http(user => $user, password => $password)->get('/private')->{status};
}

is(login('john', 'demo'), 200, 'name');
is(login('john@example.org', 'demo'), 200, 'address');
is(login('EXAMPLE\\john', 'demo'), 200, 'domain and name');
is(login('JOHN', 'demo'), 200, 'case does not matter in a name');
is(login('mary', "p\x{e4}ss:w\x{f6}rd"), 200, 'a password with a colon and bytes above 127');
is($server->http->get('/private')->{status}, 401, 'nobody at all');

my $refused = $server->status->{refused};
for (['john', 'Demo'], ['john', ''], ['nobody', 'demo'], ['', ''], ['john@example.net', 'demo'],
    ["john'; --", 'demo'], ['j' x 500, 'demo'], ["john\0", 'demo'], ["jo\xff\xfehn", 'demo']) {
    is(login(@$_), 401, 'refused: ' . substr($_->[0], 0, 20) =~ s/[^ -~]/?/gr);
}
is($server->status->{refused}, $refused + 9, 'refusals are counted');
my ($line) = $server->log_lines(qr/OK00030.*john: the password is wrong/);
like($line, qr/\[client 127\.0\.0\.1:\d+\]/, 'and logged with the address');
is_deeply([$server->log_lines(qr/demo|Demo/)], [], 'no password is logged');

subtest 'the thousandth request costs no hash' => sub {
    my $http = $server->http(user => 'john');
    $http->get('/private');
    my $before = $server->status;
    my $granted = grep { $http->get('/private')->{status} == 200 } 1 .. 1000;
    my $after = $server->status;
    is($granted, 1000, 'a thousand requests');
    is($after->{passwords} - $before->{passwords}, 0, 'no hash');
    is($after->{cached} - $before->{cached}, 1000, 'all from the cache');
};

subtest 'a changed password counts at the next request' => sub {
    my ($old, $new) = map { $server->http(user => 'john', password => $_) } 'demo', 'other';
    is($old->get('/private')->{status}, 200, 'the old one before');
    is($server->tool('okapi-admin', "other\n", 'user', 'passwd', 'john', '--password-stdin'), 0,
        'it is changed');
    is($old->get('/private')->{status}, 401, 'the old one is refused');
    is($new->get('/private')->{status}, 200, 'the new one is accepted');
};

subtest 'a disabled user' => sub {
    my $http = $server->http(user => 'john', password => 'other');
    is($http->get('/private')->{status}, 200, 'comes in before');
    is(scalar $server->admin('user', 'set', 'john', '--disable'), 0, 'is disabled');
    is($http->get('/private')->{status}, 401, 'and refused at the next request');
    like(($server->log_lines(qr/john: the user is disabled/))[0], qr/OK00030/, 'the log says why');
};

done_testing;
