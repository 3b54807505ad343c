#!/usr/bin/perl
# okapi-dagent --server: mail from another machine, which is known by its certificate.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Server;

my $server = Okapi::Test::Server->new(modules => ['gateway'], httpd_modules => ['ssl'],
    okapi_conf => { MaxMessage => 10_000 }, config => <<'END');
SSLEngine on
SSLCertificateFile @DIR@/server.pem
SSLCACertificateFile @DIR@/ca.pem
SSLVerifyClient optional
OkapiDeliverer CN=relay
<Location /okapi/deliver>
    SetHandler okapi-deliver
    Require all granted
</Location>
END
my $dir = $server->dir;

sub run { return Okapi::Test::Server::run_command(@_) }

sub openssl {
    my ($code, $out, $err) = run('', 'openssl', @_);
    die "openssl @_: $err" if $code;
    return;
}

sub join_files {
    my ($to, @from) = @_;
    $server->write_file($to, join '', map { (run('', 'cat', "$dir/$_"))[1] } @from);
    return;
}

openssl('req', '-x509', '-nodes', '-newkey', 'rsa:2048', '-subj', '/CN=CA', '-days', '2', '-keyout',
    "$dir/ca.key", '-out', "$dir/ca.pem");

# NAME.pem: a certificate and its key, of the CA's.
sub certificate {
    my ($name, @more) = @_;
    openssl('req', '-nodes', '-newkey', 'rsa:2048', '-subj', "/CN=$name", '-keyout',
        "$dir/$name.key", '-out', "$dir/$name.csr");
    $server->write_file("$name.ext", join '', map {"$_\n"} 'basicConstraints=CA:FALSE', @more);
    openssl('x509', '-req', '-in', "$dir/$name.csr", '-CA', "$dir/ca.pem", '-CAkey', "$dir/ca.key",
        '-CAcreateserial', '-days', '2', '-extfile', "$dir/$name.ext", '-out', "$dir/$name.crt");
    join_files("$name.pem", "$name.crt", "$name.key");
    return;
}

certificate('server', 'subjectAltName=DNS:localhost,IP:127.0.0.1');
certificate($_) for qw(relay other);
openssl('req', '-x509', '-nodes', '-newkey', 'rsa:2048', '-subj', '/CN=relay', '-days', '2',
    '-keyout', "$dir/false.key", '-out', "$dir/false.crt");
join_files('false.pem', 'false.crt', 'false.key');

$server->user($_) for qw(john mary);
$server->launch;
my $url = 'https://localhost:' . $server->port;
$server->wait_for(sub { (run('', 'curl', '-sSk', "$url/okapi/status"))[0] == 0 }, 20, 'an answer');

# No okapi.conf: it is another machine.
sub dagent {
    my ($input, @args) = @_;
    return run($input, 'env', '-u', 'OKAPI_CONF', Okapi::Test::Server::tool_path('okapi-dagent'),
        @args);
}

sub post {
    my ($certificate, $input, @args) = @_;
    return dagent($input, '--server', $url, '--cacert', "$dir/ca.pem", '--cert',
        "$dir/$certificate.pem", @args);
}

sub count {
    my ($user) = @_;
    my $out = ($server->admin('--json', 'folder', 'list', $user))[1];
    my ($n) = $out =~ /"name":\s*"Inbox".*?"messages":\s*(\d+)/s;
    return $n;
}

my $text = "Subject: far\n\nHello\n";

subtest 'a message' => sub {
    my ($code, $out, $err) = post('relay', $text, '-f', 'a+b@example.net', 'john@example.org');
    is($code, 0, 'is delivered') or diag($err);
    is("$out$err", '', 'without a word');
    is(count('john'), 1, 'and there');
    is((post('relay', '', 'mary'))[0], 0, 'nothing at all');
    is(count('mary'), 1, 'is a message, too');
    is((post('relay', $text, '-q', 'john'))[0], 0, 'for qmail');
};

subtest 'what is refused' => sub {
    my ($code, $out, $err) = post('relay', $text, 'nobody@example.org');
    is($code, 67, 'nobody');
    like($err, qr/550 5\.1\.1 <nobody\@example\.org> there is no such user/, 'says so');
    is((post('relay', $text, '-q', 'nobody@example.org'))[0], 100, 'to qmail, too');
    is((post('relay', $text . 'x' x 10_000, 'john'))[0], 65, 'what is too large');
    $server->admin(qw(quota set mary --receive 1));
    is((post('relay', $text, 'mary'))[0], 75, 'a full mailbox');
    is((post('relay', $text, '-q', 'mary'))[0], 111, 'to qmail, too');
};

subtest 'who may' => sub {
    my $before = count('john');
    my ($code, $out, $err) = post('other', $text, 'john');
    is($code, 75, 'another certificate of the CA\'s');
    like($err, qr/answers 403 .*OkapiDeliverer/, 'says what is missing');
    is((post('false', $text, 'john'))[0], 75, 'one that only has the name');
    my @curl = ('curl', '-sS', '--cacert', "$dir/ca.pem", '-o', '/dev/null', '-w', '%{http_code}');
    is((run('', @curl, '--data', $text, "$url/okapi/deliver?to=john"))[1], 403, 'none at all');
    push @curl, '--cert', "$dir/relay.pem";
    is((run('', @curl, "$url/okapi/deliver?to=john"))[1], 405, 'GET');
    for my $query ('', '?from=x', '?to=john%0Ax', '?to=john&foo=bar', '?to', '?to=%zz') {
        is((run('', @curl, '--data', $text, "$url/okapi/deliver$query"))[1], 400, "'$query'");
    }
    is(count('john'), $before, 'nothing was delivered');
    like((run('', 'curl', '-sS', '--cacert', "$dir/ca.pem", '--cert', "$dir/relay.pem", '--data',
        $text, "$url/okapi/deliver?to=john&to=nobody&to=john\@example.org"))[1],
        qr/\A250 2\.1\.5 <john> .*\n550 5\.1\.1 <nobody> .*\n250 2\.1\.5 <john\@.*\n\z/,
        'several at once have an answer each');
    is(count('john'), $before + 1, 'one mailbox gets it once');
};

subtest 'the server' => sub {
    my @args = ('--server', $url, '--cert', "$dir/relay.pem");
    is((dagent($text, @args, 'john'))[0], 75, 'an unknown CA');
    is((dagent($text, @args, '--cacert', "$dir/nothing", 'john'))[0], 75, 'no CA at all');
    is((dagent($text, '--server', $url, 'john'))[0], 64, '--cert is needed');
    is((dagent($text, @args[2, 3], '--server', 'http://localhost', 'john'))[0], 64, 'and TLS');
    is((post('relay', $text, '-d', 'Inbox', 'john'))[0], 64, '-d is for this machine');
    $server->stop;
    my ($code, $out, $err) = post('relay', $text, 'john');
    is($code, 75, 'that is away');
    like($err, qr/\Aokapi-dagent: \Q$url\E: /, 'is named');
};

done_testing;
