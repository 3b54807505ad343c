#!/usr/bin/perl
# LMTP: each command, good, bad and at its limits; what each recipient is told; what is stored.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::LMTP;
use Okapi::Test::MAPI;
use Okapi::Test::Server;

my $server = Okapi::Test::Server->new(modules => ['mapi', 'gateway'],
    okapi_conf => { MaxMessage => 100_000 }, config => <<'END');
<Location /mapi>
    SetHandler mapi
    @AUTH@
</Location>
END
my $port = Okapi::Test::LMTP::port($server);
$server->user($_) for qw(john mary);
$server->user('jörg', email => 'jörg@example.org');
$server->start;

sub connection {
    my $lmtp = Okapi::Test::LMTP->connect($port);
    $lmtp->say('LHLO test');
    return $lmtp;
}

my %logons;

sub logon { return $logons{ $_[0] } ||= Okapi::Test::MAPI->connect($server, $_[0])->logon }

sub count { return logon($_[0])->open_special('inbox')->contents->count }

sub newest {
    my ($user) = @_;
    my $folder = logon($user)->open_special('inbox');
    my $table = $folder->contents->columns(qw(PR_MID))->sort('-PR_CREATION_TIME');
    my ($row) = $table->rows(1) or return;
    return logon($user)->open_message($folder->{fid}, $row->{PR_MID});
}

subtest 'the beginning' => sub {
    my $lmtp = Okapi::Test::LMTP->connect($port);
    like($lmtp->{greeting}, qr/\A220 localhost LMTP/, 'greeting');
    like($lmtp->say('MAIL FROM:<>'), qr/\A503 5\.5\.1 .*LHLO/, 'LHLO comes first');
    like($lmtp->say('EHLO test'), qr/\A500 5\.5\.1 .*LMTP/, 'no SMTP');
    like($lmtp->say('HELO test'), qr/\A500 /, 'of no kind');
    like($lmtp->say('LHLO'), qr/\A501 /, 'a name is expected');
    my @lines = $lmtp->say('lhlo test');
    is_deeply(\@lines, ['250-localhost', '250-8BITMIME', '250-BINARYMIME', '250-CHUNKING',
        '250-ENHANCEDSTATUSCODES', '250-PIPELINING', '250-SIZE 100000', '250 SMTPUTF8'],
        'extensions');
    like($lmtp->say('NOOP'), qr/\A250 /, 'NOOP');
    like($lmtp->say('NOOP something'), qr/\A250 /, 'with something');
    like($lmtp->say('FOO'), qr/\A500 5\.5\.2/, 'no such command');
    like($lmtp->say("NO\0OP"), qr/\A500 /, 'a zero');
    like($lmtp->say('VRFY john'), qr/\A250 .*<john>/, 'VRFY of a name');
    like($lmtp->say('VRFY <mary@example.org>'), qr/\A250 /, 'of an address');
    like($lmtp->say('VRFY nobody'), qr/\A550 5\.1\.1/, 'of nobody');
    like($lmtp->say('x' x 4000), qr/\A500 5\.5\.2/, 'a long line');
    like($lmtp->say('x' x 100_000), qr/\A500 5\.5\.6/, 'a line that is too long');
    like($lmtp->say('QUIT'), qr/\A221 /, 'QUIT');
    is($lmtp->line, undef, 'ends it');
};

subtest 'the envelope' => sub {
    my $lmtp = connection();
    like($lmtp->say('RCPT TO:<john>'), qr/\A503 /, 'MAIL comes before RCPT');
    like($lmtp->say('DATA'), qr/\A503 /, 'and before DATA');
    for my $bad ('MAIL', 'MAIL a@b', 'MAIL FROM:a@b', 'MAIL FROM:<a@b', 'MAIL FROM:<a b>',
        'MAIL FROM:<"a@b>', 'MAIL FROM:<a@b>x', 'MAIL FROM:<' . 'a' x 321 . '>') {
        like($lmtp->say($bad), qr/\A501 5\.1\.7/, substr $bad, 0, 30);
    }
    $lmtp = connection();
    like($lmtp->say('MAIL FROM:<a@b> FOO=bar'), qr/\A555 5\.5\.4/, 'a parameter nobody knows');
    like($lmtp->say('MAIL FROM:<a@b> BODY=9BIT'), qr/\A555 /, 'a value nobody knows');
    like($lmtp->say('MAIL FROM:<a@b> SIZE=x'), qr/\A555 /, 'a size that is none');
    like($lmtp->say('MAIL FROM:<a@b> SIZE=100001'), qr/\A552 5\.3\.4/, 'too large');
    like($lmtp->say('MAIL FROM:<a@b> SIZE=100000 BODY=8BITMIME'), qr/\A250 2\.1\.0/, 'just not');
    like($lmtp->say('MAIL FROM:<a@b>'), qr/\A503 /, 'not twice');
    like($lmtp->say('DATA'), qr/\A503 /, 'DATA without recipients');
    like($lmtp->say('RCPT TO:<john> NOTIFY=NEVER'), qr/\A555 /, 'no parameters');
    like($lmtp->say('RCPT TO:john'), qr/\A501 5\.1\.3/, 'no brackets');
    like($lmtp->say('RCPT TO:<nobody@example.org>'), qr/\A550 5\.1\.1 <nobody\@example.org>/,
        'nobody');
    like($lmtp->say('RCPT TO:<>'), qr/\A550 5\.1\.1/, 'nor the null address');
    like($lmtp->say('RCPT TO: <@relay,@other:"john"@EXAMPLE.org>'), qr/\A250 /, 'a source route');
    like($lmtp->say('RSET'), qr/\A250 /, 'RSET');
    like($lmtp->say('RCPT TO:<john>'), qr/\A503 /, 'forgets it');
    like($lmtp->say('MAIL FROM:<jörg@example.org>'), qr/\A553 5\.6\.7/, 'not ASCII');
    like($lmtp->say('MAIL FROM:<> SMTPUTF8'), qr/\A250 /, 'SMTPUTF8');
    like($lmtp->say('RCPT TO:<jörg@example.org>'), qr/\A250 /, 'is known');
    $lmtp->say('RSET');
    $lmtp->say('MAIL FROM:<>');
    like($lmtp->say('RCPT TO:<jörg@example.org>'), qr/\A553 /, 'only for this message');
};

subtest 'messages' => sub {
    my $lmtp = connection();
    my $text = "Subject: first\r\n\r\nHello\r\n.\r\n..dots\r\n.x\r\n";
    my @answers = $lmtp->mail('a@example.net', [qw(john nobody mary@example.org)], $text);
    like($answers[0], qr/\A250 2\.1\.5 <john>/, 'john');
    like($answers[1], qr/\A550 5\.1\.1 <nobody>/, 'nobody');
    like($answers[2], qr/\A250 2\.1\.5 <mary\@example.org>/, 'mary');
    for my $user (qw(john mary)) {
        is(newest($user)->property('PR_BODY'), "Hello\r\n.\r\n..dots\r\n.x\r\n",
            "the text $user has");
        is(newest($user)->property('PR_TRANSPORT_MESSAGE_HEADERS'),
            "Return-Path: <a\@example.net>\r\nSubject: first\r\n", 'and the sender');
    }
    @answers = $lmtp->mail('', ['john', 'john@example.org', 'john+x'], "Subject: once\n\n");
    is(scalar(grep {/\A250 /} @answers), 3, 'three addresses of one mailbox');
    is(count('john'), 2, 'have it once');
    @answers = $lmtp->mail('a@b', ['john'], "Subject: x\n\n" . ('x' x 998 . "\n") x 110);
    like($answers[0], qr/\A552 5\.3\.4/, 'too large');
    is(count('john'), 2, 'nothing is stored');
    @answers = $lmtp->mail('a@b', ['john'], "Subject: y\n\n" . 'y' x 90_000);
    like($answers[0], qr/\A250 /, 'a line without end');
    is(count('john'), 3, 'the connection goes on');
    is((logon('john')->open_special('inbox')->property('PR_CONTENT_UNREAD')), 3, 'unread');
};

subtest 'where a text ends' => sub {
    my $lmtp = connection();
    my $before = count('john');
    $lmtp->say($_) for 'MAIL FROM:<>', 'RCPT TO:<john>', 'DATA';
    # Only CRLF ends lines: nothing can be smuggled in behind what others take for the end.
    $lmtp->send("Subject: one\r\n\r\na\n.\nb\r.\rc\n.\r\nd\r\n.\ne\r\n.\r");
    $lmtp->send("\nRSET\r\n");
    like($lmtp->answer, qr/\A250 2\.1\.5/, 'it is one message');
    like($lmtp->answer, qr/\A250 2\.0\.0/, 'and then a command');
    is(count('john'), $before + 1, 'one');
    like(newest('john')->property('PR_BODY'), qr/a.*b.*c.*d.*e/s, 'with all of its text');
    for my $text ("\r\n", '') {
        $lmtp->say($_) for 'MAIL FROM:<>', 'RCPT TO:<john>', 'DATA';
        $lmtp->send("$text.\r\n");
        like($lmtp->answer, qr/\A250 2\.1\.5/, length $text ? 'an empty line' : 'nothing at all');
    }
};

subtest 'PIPELINING' => sub {
    my $lmtp = connection();
    my $before = count('mary');
    my @commands = ('MAIL FROM:<a@b>', 'RCPT TO:<mary>', 'RCPT TO:<nobody>', 'DATA');
    $lmtp->send(join '', map {"$_\r\n"} @commands);
    is(join(' ', map { substr $lmtp->answer, 0, 3 } @commands), '250 250 550 354', 'in order');
    $lmtp->send("Subject: p\r\n\r\n.\r\n" . join '', map {"$_\r\n"} 'RSET', @commands);
    is(join(' ', map { substr $lmtp->answer, 0, 3 } 1 .. 6), '250 250 250 250 550 354', 'again');
    $lmtp->send("Subject: q\r\n\r\n.\r\nQUIT\r\n");
    is(join(' ', map { substr $lmtp->answer, 0, 3 } 1 .. 2), '250 221', 'to the end');
    is(count('mary'), $before + 2, 'both are there');
};

subtest 'CHUNKING' => sub {
    my $lmtp = connection();
    my $before = count('mary');
    like($lmtp->say("BDAT 5 LAST\r\n12345NOOP"), qr/\A503 /, 'MAIL comes first');
    like($lmtp->answer, qr/\A250 /, 'its bytes are passed over');
    $lmtp->say($_) for 'MAIL FROM:<a@b> BODY=BINARYMIME', 'RCPT TO:<mary>', 'RCPT TO:<john>';
    $lmtp->send("BDAT 14\r\nSubject: c\r\n\r\n");
    like($lmtp->answer, qr/\A250 2\.0\.0/, 'a chunk');
    like($lmtp->say('DATA'), qr/\A503 /, 'no DATA then');
    like($lmtp->say('RCPT TO:<john>'), qr/\A503 /, 'nor another recipient');
    $lmtp->send("BDAT 7\r\n.\r\n.\r\nxBDAT 0 LAST\r\n");
    like($lmtp->answer, qr/\A250 2\.0\.0/, 'another one');
    like($lmtp->answer, qr/\A250 2\.1\.5 <mary>/, 'the last');
    like($lmtp->answer, qr/\A250 2\.1\.5 <john>/, 'for each recipient');
    is(count('mary'), $before + 1, 'is there');
    is(newest('mary')->property('PR_BODY'), ".\r\n.\r\nx", 'as it is');
    like($lmtp->say('BDAT -1'), qr/\A501 /, 'a number that is none');
    is($lmtp->line, undef, 'ends the connection');
};

subtest 'limits' => sub {
    my $lmtp = connection();
    like($lmtp->say('FOO'), qr/\A500 /, 'an error') for 1 .. 20;
    like($lmtp->say('FOO'), qr/\A500 /, 'one more');
    like($lmtp->answer, qr/\A421 4\.7\.0/, 'are too many');
    $lmtp = connection();
    $lmtp->say('MAIL FROM:<>');
    $lmtp->send(join '', map {"RCPT TO:<john+$_>\r\n"} 0 .. 1000);
    my @answers = map { $lmtp->answer } 0 .. 1000;
    is(scalar(grep {/\A250 /} @answers), 1000, '1000 recipients');
    like($answers[1000], qr/\A452 4\.5\.3/, 'not one more');
};

subtest 'a full mailbox' => sub {
    $server->admin(qw(quota set mary --receive 1));
    my @answers = connection()->mail('a@b', [qw(mary john)], "Subject: full\n\nx\n");
    like($answers[0], qr/\A452 4\.2\.2/, 'is told so');
    like($answers[1], qr/\A250 /, 'to this recipient only');
    $server->admin(qw(quota set mary --receive none));
};

subtest 'who dies' => sub {
    my $before = count('john');
    my $text = "Received: from a by b id 1\r\nSubject: killed\r\n\r\n";
    my $lmtp = connection();
    $lmtp->say($_) for 'MAIL FROM:<>', 'RCPT TO:<john>', 'DATA';
    $lmtp->send($text);
    close $lmtp->{socket};
    $server->kill_children;
    is(count('john'), $before, 'half a message is none');
    $lmtp = connection();
    $lmtp->say($_) for 'MAIL FROM:<>', 'RCPT TO:<john>', 'DATA';
    $lmtp->send("$text.\r\n");
    like($lmtp->answer, qr/\A250 /, 'a whole one is one');
    $server->kill_children;
    is(count('john'), $before + 1, 'once it is said');
    like((connection()->mail('', ['john'], $text))[0], qr/\A250 /, 'sent again');
    is(count('john'), $before + 1, 'it is there once');
};

subtest 'who may connect' => sub {
    my ($code, $out, $err) = $server->check_config;
    is($code, 0, 'the configuration is fine') or diag($err);
    my $other = Okapi::Test::Server->new(modules => ['gateway']);
    Okapi::Test::LMTP::port($other, "OkapiFrom 10.0.0.0/33\n");
    ($code, $out, $err) = $other->check_config;
    isnt($code, 0, 'a network that is none');
    like($err, qr{OkapiFrom: 10\.0\.0\.0/33}, 'is named');
};

is(scalar($server->log_lines(qr/segfault|exit signal (?!Killed)/)), 0, 'nothing has crashed');
done_testing;
