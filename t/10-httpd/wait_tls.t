#!/usr/bin/perl
# Held requests over TLS: the same, through mod_ssl's filters.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep);

use Okapi::Test::Doorbell qw(ring);
use Okapi::Test::Server;

my $server = Okapi::Test::Server->new(modules => ['wait_test'], httpd_modules => ['ssl'],
    children => 2, config => <<'END');
SSLEngine on
SSLCertificateFile @DIR@/cert.pem
SSLCertificateKeyFile @DIR@/key.pem
<Location /wait>
    SetHandler wait-test
    Require all granted
</Location>
END
my $dir = $server->dir;
my ($code, $out, $err) = Okapi::Test::Server::run_command('', 'openssl', 'req', '-x509', '-nodes',
    '-newkey', 'rsa:2048', '-subj', '/CN=localhost', '-keyout', "$dir/key.pem", '-out',
    "$dir/cert.pem");
is($code, 0, 'a certificate') or diag($err);
$server->create_database;
$server->launch;

my $url = 'https://127.0.0.1:' . $server->port;
my @curl = ('curl', '-sSk', '--max-time', '20');
sub fetch { return Okapi::Test::Server::run_command('', @curl, map {"$url$_"} @_) }
$server->wait_for(sub { (fetch('/okapi/status'))[0] == 0 }, 20, 'an answer');

# Ringing goes on until curl, which can't tell when it is held, has its answer.
my $ringer = fork;
if (!$ringer) {
    while (1) {
        sleep 0.2;
        ring($server, 5);
    }
}
($code, $out, $err) = fetch('/wait?store=5', '/wait?store=5', '/wait?store=5');
kill TERM => $ringer;
waitpid $ringer, 0;
is($out, "HELD\nNOTIFY\n" x 3, 'three held requests on one connection are woken') or diag($err);

($code, $out, $err) = fetch('/wait?store=6&tick=100&deadline=1500');
like($out, qr/\AHELD\n(?:TICK\n)+DEADLINE\n\z/, 'ticks and a deadline') or diag($err);

my (undef, $status) = fetch('/okapi/status');
like($status, qr/"resumes":[1-9]/, 'without a thread');
is_deeply([$server->log_lines(qr/exit signal/)], [], 'no crash');

done_testing;
