#!/usr/bin/perl
# MAPI over HTTP: headers, response codes, cookies, and what can be wrong with a request.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Server;
use Okapi::Test::Wire qw(put_str8z put_u16 put_u32);

my $server = Okapi::Test::Server->new(modules => ['mapi'], config => <<'END');
MapiMaxRequestSize 300000
<Location /mapi>
    SetHandler mapi
    @AUTH@
</Location>
<Location /open>
    SetHandler mapi
    Require all granted
</Location>
END
$server->user('john', fullname => 'John Doe');
$server->user('mary');
$server->start;

my $m = Okapi::Test::MAPI->connect($server, 'john', connect => 0);
my $empty_execute = put_u32(0) x 5;

# A request beside the session of $m: method, path and headers may be anything; undef leaves out.
sub odd {
    my (%args) = @_;
    my $headers = { %{ $m->headers($args{type} // 'PING') }, %{ $args{headers} || {} } };
    my $answer = $server->http(user => exists $args{user} ? $args{user} : 'john')
        ->request($args{method} // 'POST', $args{path} // '/mapi/emsmdb/', $headers,
        $args{body} // '');
    return Okapi::Test::MAPI::understand($answer);
}

sub refused {
    my ($answer, $code, $what) = @_;
    is($answer->{code}, $code, "$what: $code");
    is($answer->{status}, 200, 'with HTTP status 200 (R49)');
    like($answer->{headers}{'content-type'}, qr{\Atext/html}, 'and text for a human (R2038, R56)');
    return;
}

subtest 'what makes a request' => sub {
    refused(odd(method => 'GET'), 2, 'another verb');
    refused(odd(path => '/mapi/'), 3, 'another path');
    refused(odd(path => '/mapi/ews/'), 3, 'another endpoint');
    refused(odd(headers => { 'Content-Type' => 'text/xml' }), 4, 'another Content-Type');
    refused(odd(headers => { 'Content-Type' => 'application/mapi-httpx' }), 4, 'a longer one');
    refused(odd(type => 'Bind'), 5, 'a request type of the other endpoint');
    refused(odd(type => 'ping'), 5, 'a request type in lower case');
    refused(odd(path => '/mapi/nspi/', type => 'Execute'), 5, 'Execute of an address book');
    refused(odd(headers => { $_ => undef }), 7, "no $_")
        for qw(X-RequestType X-RequestId Content-Type);
    refused(odd(path => '/open/emsmdb/', user => undef), 8, 'nobody');
    is(odd(user => undef)->{status}, 401, 'httpd asks for a login first (R35)');
    is(odd(type => 'PING')->{code}, 0, 'nothing is wrong with this one');
    is(odd(path => '/mapi/nspi/')->{code}, 0, 'nor at the address book');
    is(odd(headers => { 'Content-Type' => 'application/mapi-http; charset=x' })->{code}, 0,
        'a Content-Type may have a parameter');
};

subtest 'a body that is too large' => sub {
    my $answer = odd(type => 'Execute', body => 'x' x 300_001);
    refused($answer, 9, 'one byte more than MapiMaxRequestSize');
    is($answer->{headers}{connection}, 'close', 'the rest of it is not read');
    $answer = odd(type => 'Execute', headers => { 'Transfer-Encoding' => 'chunked' },
        body => sprintf("%x\r\n%s\r\n", 160_000, 'x' x 160_000) x 2 . "0\r\n\r\n");
    refused($answer, 9, 'the same in chunks');
};

subtest 'Connect' => sub {
    my $answer = $m->request('Connect', put_str8z($m->{dn}) . put_u32(0) . put_u32(1252)
            . put_u32(0x409) . put_u32(0x409) . put_u32(0));
    my $h = $answer->{headers};
    is($answer->{status}, 200, 'HTTP status');
    is($h->{'x-responsecode'}, '0', 'X-ResponseCode');
    is($h->{'content-type'}, 'application/mapi-http', 'Content-Type (R2037)');
    is($h->{'transfer-encoding'}, 'chunked', 'Transfer-Encoding (R1230)');
    is($h->{'x-requesttype'}, 'Connect', 'X-RequestType is echoed');
    is($h->{'x-requestid'}, "$m->{guid}:$m->{counter}", 'X-RequestId is echoed (R2040)');
    is($h->{'x-clientinfo'}, '{2F94A2BF-A2E6-4CCC-BF98-B5F22C542226}',
        'X-ClientInfo is echoed (R156)');
    like($h->{'x-serverapplication'}, qr{\AExchange/15\.\d\d\.\d{4}\.\d{3}\z},
        'X-ServerApplication (R165)');
    is($h->{'x-pendingperiod'}, 15_000, 'X-PendingPeriod (R1242)');
    is($h->{'x-expirationinfo'}, 900_000, 'X-ExpirationInfo (R167)');
    is($h->{'x-deviceinfo'}, undef, 'no X-DeviceInfo (R2050)');
    like($h->{'set-cookie'}, qr/MapiContext=[0-9a-f]{32}; Path=.*HttpOnly/, 'the session (R1221)');
    like($h->{'set-cookie'}, qr/MapiSequence=\w+;/, 'its sequence');
    is_deeply($answer->{meta}, [qw(PROCESSING DONE)], 'the meta-tags (R1238, R1244)');
    like($answer->{additional}{'x-elapsedtime'}, qr/\A\d+\z/, 'X-ElapsedTime (R168)');
    like($answer->{additional}{'x-starttime'}, qr/\A\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT\z/,
        'X-StartTime (R2046)');

    my $r = Okapi::Test::Wire->new($answer->{body});
    is($r->u32, 0, 'StatusCode');
    is($r->u32, 0, 'ErrorCode');
    cmp_ok($r->u32, '>', 0, 'PollsMax');
    cmp_ok($r->u32, '>', 0, 'RetryCount');
    cmp_ok($r->u32, '>', 0, 'RetryDelay');
    is($r->str8z . 'john', $m->{dn}, 'DnPrefix');
    is($r->str16z, 'John Doe', 'DisplayName');
    is($r->u32, 0, 'AuxiliaryBufferSize');
    is($r->left, 0, 'nothing else');
};

sub connect_error {
    my ($dn) = @_;
    my $answer = odd(type => 'Connect', body => put_str8z($dn) . put_u32(0) x 5);
    is($answer->{headers}{'set-cookie'}, undef, 'there is no session');
    return unpack 'x4 V', $answer->{body};
}

subtest 'a Connect that is refused' => sub {
    refused(odd(type => 'Connect', body => 'a DN without its end'), 12, 'a body cut off');
    is(connect_error(''), 0x80070005, 'an empty DN: ecAccessDenied (R1369)');
    is(connect_error('/o=okapi/cn=nobody'), 0x3EB, 'a DN that nobody has: ecUnknownUser');
    is(connect_error($m->{dn} =~ s/john/mary/r), 0x80070005, "somebody else's: ecAccessDenied");
};

subtest 'cookies' => sub {
    my %good = %{ $m->{http}{cookies} };
    my $ask = sub { odd(type => 'Execute', body => $empty_execute,
        headers => { Cookie => $_[0] }, user => $_[1] // 'john') };

    refused($ask->(undef), 13, 'no cookies');
    refused($ask->("MapiContext=$good{MapiContext}"), 13, 'no sequence');
    refused($ask->('MapiContext=../../etc/passwd; MapiSequence=1'), 6, 'none of ours');
    refused($ask->('MapiContext=' . 'A' x 32 . '; MapiSequence=1'), 6, 'nearly one of ours');
    refused($ask->('MapiContext=' . 'a' x 32 . '; MapiSequence=1'), 10, 'a session that is not');
    refused($ask->("MapiContext=$good{MapiContext}; MapiSequence=99"), 15, 'a wrong sequence');
    refused($ask->("MapiContext=$good{MapiContext}; MapiSequence=$good{MapiSequence}", 'mary'), 10,
        "somebody else's session (R1225)");
    my $answer = $m->request('Execute', $empty_execute,
        Cookie => "other=1, MapiSequence=$good{MapiSequence},MapiContext=$good{MapiContext}");
    is($answer->{code}, 0, 'in another order, in two headers joined, among others');
    like($answer->{headers}{'set-cookie'}, qr/MapiContext=$good{MapiContext};/,
        'every answer has them (R1236)');
    isnt($m->{http}{cookies}{MapiSequence}, $good{MapiSequence}, 'with the next sequence');
};

subtest 'PING' => sub {
    my $answer = $m->request('PING', '');
    is($answer->{code}, 0, 'is answered');
    is_deeply($answer->{meta}, [qw(PROCESSING DONE)], 'with meta-tags');
    is($answer->{body}, '', 'and no body (R1249)');
    refused($m->request('PING', '', Cookie => 'MapiContext=' . 'a' x 32), 10, 'of no session');
};

subtest 'Execute' => sub {
    refused($m->request('Execute', put_u32(0) . put_u32(100) . 'short'), 12, 'a body cut off');
    my @responses = $m->execute([], []);
    is_deeply(\@responses, [], 'no ROPs, no responses');
};

# The ErrorCode of an Execute with any bytes; StatusCode has to be 0.
sub execute_error {
    my ($buffer, %args) = @_;
    my $answer = $m->execute_raw($buffer, %args);
    is($answer->{code}, 0, 'the transport accepts it');
    my ($status, $error) = unpack 'VV', $answer->{body};
    is($status, 0, 'StatusCode');
    return $error;
}

sub extended { return Okapi::Test::MAPI::extended(@_) }

subtest 'malformed buffers' => sub {
    my %bad = (
        'a payload cut off' => substr(extended(put_u16(2)), 0, 9),
        'another version' => "\1" . substr(extended(put_u16(2)), 1),
        'a RopSize of 0' => extended(put_u16(0)),
        'a RopSize beyond the end' => extended(put_u16(500)),
        'no RopSize' => extended("\2"),
        'an unknown ROP' => extended(put_u16(5) . "\0\0\0"),
        'a ROP cut off' => extended(put_u16(6) . "\x02\0\0\1"),
        'a good ROP and a bad one' => extended(put_u16(8) . "\x01\0\0" . "\0\0\0"),
        'a count beyond the end' => extended(put_u16(8) . "\x12\0\0\0\xff\xff"),
        'bad LZ77' => "\0\0\5\0\4\0\x40\0" . "\xff\xff\xff\xff",
    );
    is(execute_error($bad{$_}), 0x4B6, "$_: ecRpcFormat") for sort keys %bad;
    is(execute_error($_), 0x80040115, length($_) . ' bytes: ecRpcFailed (R1379)')
        for '', "\0\0\4\0\0\0\0";
    is(execute_error(extended(put_u16(2)), max_rop_out => 7), 0x80040115,
        'not even room for the header: ecRpcFailed (R663)');
    is(scalar $m->execute([], []), 0, 'the session goes on');
};

subtest 'random buffers' => sub {
    my @children = $server->children;
    srand 1;
    for (1 .. 200) {
        my $list = join '', map { chr int rand 256 } 1 .. 1 + int rand 60;
        my $answer = $m->execute_raw(extended(put_u16(2 + length $list) . $list . put_u32(1) x 4));
        $answer->{code} eq '0' or fail('the transport fails');
    }
    is_deeply([$server->children], \@children, 'no child died of 200 of them');
};

# A RopRelease of nothing, which has no answer, in each way a payload can be packed.
subtest 'obfuscated and compressed buffers' => sub {
    my $payload = put_u16(5) . "\x01\0\0";
    my $lz = "\0\0\0\0$payload";
    my $xor = sub { $_[0] ^ "\xA5" x length $_[0] };
    my $pack = sub { pack 'vvvv a*', 0, $_[0], length $_[1], length $payload, $_[1] };

    is(execute_error($pack->(4, $payload)), 0, 'as it is');
    is(execute_error($pack->(6, $xor->($payload))), 0, 'obfuscated');
    is(execute_error($pack->(5, $lz)), 0, 'compressed');
    is(execute_error($pack->(7, $xor->($lz))), 0, 'both');
    my $answer = $m->execute_raw($pack->(0, $payload) . $pack->(4, $payload));
    is(scalar(my @payloads = $m->rop_buffers($answer)), 2, 'two in a chain: two answers');
};

subtest 'a ROP that is not there' => sub {
    my ($response, $second) = $m->execute([0xFFFFFFFF],
        [[SynchronizationGetTransferState => { out => 0 }], [GetStatus => {}]]);
    is($response->{status}, 0x80040102, 'answers its own NotSupported');
    is($second->{rop}, 'GetStatus', 'the next one is answered too');
    is($second->{status}, 0x4B9, 'nobody has logged on: ecNullObject');
};

subtest 'room for the answer' => sub {
    my $status = sub { unpack 'V', $m->execute_raw(@_)->{body} };
    is($status->(extended(put_u16(2)), max_rop_out => 9), 0x47D, 'too little: StatusCode (R4546)');
    is($status->(extended(put_u16(2)), max_rop_out => 0x40001), 0x6F7, 'too much (R666)');
    is($status->("\0" x 0x40001), 0x6F7, 'a request that is too large (R1373)');
    my @responses = $m->execute([], [([GetStatus => {}]) x 10], max_rop_out => 8 + 2 + 50);
    is($responses[-1]{rop}, 'BufferTooSmall', 'some fit, the others come back');
    cmp_ok(scalar @responses, '<', 11, 'these were not executed');
    is(length($responses[-1]{request_buffers}), 3 * (11 - @responses), 'the requests as they were');
    cmp_ok($responses[-1]{size_needed}, '>', 52, 'and what would be needed');
};

subtest 'Connect again' => sub {
    my %old = %{ $m->{http}{cookies} };
    $m->{http}{cookies}{MapiSequence} = 77;
    $m->open_session;
    isnt($m->{http}{cookies}{MapiContext}, $old{MapiContext}, 'a new session (R1278)');
    refused(odd(headers => { Cookie => "MapiContext=$old{MapiContext}" }), 10,
        'the old one is gone (R1277)');
};

subtest 'Disconnect' => sub {
    my $other = Okapi::Test::MAPI->connect($server, 'john');
    is($other->request('Disconnect', '')->{code}, 0, 'without a body (R1165)');
    my $answer = $m->request('Disconnect', put_u32(0));
    is($answer->{body}, put_u32(0) x 3, 'StatusCode, ErrorCode, AuxiliaryBufferSize');
    like($answer->{headers}{'set-cookie'}, qr/MapiContext=/, 'cookies are in the answer (R1255)');
    refused($m->request('Disconnect', put_u32(0)), 10, 'the session is gone (R1253)');
    is_deeply([glob $server->dir . '/run/sessions/*'], [], 'and its file');
};

$server->stop;
is_deeply([$server->log_lines(qr/exit signal|:(?:emerg|alert|crit|error)\]/)], [],
    'nothing bad in the log');
done_testing;
