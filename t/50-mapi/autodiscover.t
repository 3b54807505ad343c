#!/usr/bin/perl
# Autodiscover, POX 2006a (MS-OXDSCLI): where a mailbox is, and what can be wrong with asking.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Server;

my $server = Okapi::Test::Server->new(modules => ['mapi'], config => <<'END');
<Location /autodiscover>
    SetHandler autodiscover
    @AUTH@
</Location>
END
$server->user('john', fullname => 'John <Doe> & Sons');
$server->user('mary');
$server->start;

my $request_ns = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/requestschema/2006';
my $response_ns = 'http://schemas.microsoft.com/exchange/autodiscover/outlook/responseschema/2006a';
my $dn = Okapi::Test::MAPI::DN_PREFIX();

sub request {
    my ($what, %args) = @_;
    return ($args{before} // '<?xml version="1.0" encoding="utf-8"?>')
        . sprintf '<Autodiscover xmlns="%s"><Request>%s%s</Request></Autodiscover>',
        $args{ns} // $request_ns, $what,
        $args{schema} // "<AcceptableResponseSchema>$response_ns</AcceptableResponseSchema>";
}

sub ask {
    my ($body, %args) = @_;
    my $answer = $server->http(user => $args{user} // 'john')->request($args{method} // 'POST',
        '/autodiscover/autodiscover.xml',
        { 'Content-Type' => 'text/xml', %{ $args{headers} || {} } }, $body);
    is($answer->{status}, 200, 'HTTP status');
    like($answer->{headers}{'content-type'}, qr{\Atext/xml}, 'XML');
    return $answer->{body};
}

sub element {
    my ($xml, $name) = @_;
    return $xml =~ m{<$name(?:\s[^>]*)?>([^<]*)</$name>} ? $1 : undef;
}

sub error_of { return element(ask(@_), 'ErrorCode') }

sub address { return request("<EMailAddress>$_[0]</EMailAddress>") }

subtest 'a mailbox of one\'s own' => sub {
    my $xml = ask(address('john@example.org'), headers => { 'X-MapiHttpCapability' => 1 });
    like($xml, qr{<Response xmlns="\Q$response_ns\E">}, 'the schema that was asked for');
    is(element($xml, 'DisplayName'), 'John &lt;Doe&gt; &amp; Sons', 'DisplayName');
    is(element($xml, 'LegacyDN'), "${dn}john", 'LegacyDN');
    is(element($xml, 'AutoDiscoverSMTPAddress'), 'john@example.org', 'AutoDiscoverSMTPAddress');
    like(element($xml, 'DeploymentId'), qr/\A[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\z/,
        'DeploymentId');
    is(element($xml, 'AccountType'), 'email', 'AccountType');
    is(element($xml, 'Action'), 'settings', 'Action');
    like($xml, qr{<Protocol Type="mapiHttp" Version="1">}, 'the protocol');
    unlike($xml, qr{EXCH|EXPR}, 'and no other');
    my $here = 'http://127.0.0.1:' . $server->port;
    my $query = qr{\?MailboxId=[0-9a-f-]{36}\@example\.org};
    for my $url (qw(InternalUrl ExternalUrl)) {
        like($xml, qr{<MailStore>\s*(?:<.*>\s*)*<$url>\Q$here\E/mapi/emsmdb/$query</$url>},
            "MailStore $url");
        like($xml, qr{<AddressBook>\s*(?:<.*>\s*)*<$url>\Q$here\E/mapi/nspi/$query</$url>},
            "AddressBook $url");
    }
};

subtest 'by the host the client used' => sub {
    my $xml = ask(address('john@example.org'), headers => { Host => 'mail.example.org' });
    like($xml, qr{<ExternalUrl>http://mail\.example\.org[:/]}, 'a name it has in DNS');
};

subtest 'any other mailbox' => sub {
    my $mary = ask(address('mary@example.org'));
    is(element($mary, 'AutoDiscoverSMTPAddress'), 'mary@example.org', 'of another user');
    isnt(element($mary, 'ExternalUrl'), element(ask(address('john@example.org')), 'ExternalUrl'),
        'has another MailboxId');
    is(element(ask(address(" Mary\@Example.ORG\n")), 'LegacyDN'), "${dn}mary",
        'an address in capitals, with blanks around it');
    is(element(ask(request("<LegacyDN>${dn}mary</LegacyDN>")), 'LegacyDN'), "${dn}mary",
        'by its LegacyDN');
};

subtest 'a client that does not speak MAPI over HTTP' => sub {
    my $xml = ask(address('john@example.org'), headers => { 'X-MapiHttpCapability' => 0 });
    is(element($xml, 'Action'), 'settings', 'an answer');
    unlike($xml, qr/<Protocol/, 'without the protocol');
};

subtest 'errors' => sub {
    my $good = '<EMailAddress>john@example.org</EMailAddress>';
    my $entity = '<!DOCTYPE x [<!ENTITY e "john@example.org">]>';
    my $file = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>';

    is(error_of(address('nobody@example.org')), 500, 'an address that nobody has');
    is(error_of(request("<LegacyDN>${dn}nobody</LegacyDN>")), 500, 'a DN that nobody has');
    is(error_of(undef, method => 'GET'), 600, 'GET');
    is(error_of(''), 600, 'nothing');
    is(error_of('{"Email": "john"}'), 600, 'something else');
    is(error_of('<a/>'), 600, 'another document');
    is(error_of(address('x') . 'x'), 600, 'XML that is not well-formed');
    is(error_of(request('')), 600, 'no address');
    is(error_of(request('<EMailAddress> </EMailAddress>')), 600, 'an empty address');
    is(error_of(request($good, schema => '')), 600, 'no schema');
    is(error_of(request($good, schema => '<AcceptableResponseSchema>x</AcceptableResponseSchema>')),
        601, 'an unknown schema');
    is(error_of(request($good, ns => 'x')), 601, 'an unknown schema of the request');
    is(error_of(request('<EMailAddress>&e;</EMailAddress>', before => $entity)), 600, 'an entity');
    is(error_of(request('<EMailAddress>&e;</EMailAddress>', before => $file)), 600,
        'an entity in a file');
    is(error_of(request('<a>' x 5000 . '</a>' x 5000)), 600, 'five thousand elements deep');
    is(error_of(address('x' x 70_000)), 600, 'a large one');
    is($server->http->post('/autodiscover/autodiscover.xml', {}, '')->{status}, 401, 'nobody asks');
};

$server->stop;
is_deeply([$server->log_lines(qr/exit signal|:(?:emerg|alert|crit|error)\]/)], [],
    'nothing bad in the log');
done_testing;
