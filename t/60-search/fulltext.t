#!/usr/bin/perl
# Mail is found by its words, and by those of its documents, once the job of the background has read
# it: whatever dies meanwhile, and whatever the documents are.
use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use Test::More;
use Time::HiRes qw(sleep);

use Okapi::Test::Document;
use Okapi::Test::Mail qw(mail);
use Okapi::Test::Server;

my $server = Okapi::Test::Server->new(children => 2, log_level => 'warn okapi:info');
$server->user('john');

sub deliver {
    my (@mail) = @_;
    $server->deliver('john', mail(@mail));
    return;
}

sub admin {
    my ($verb, @args) = @_;
    my ($code, $out, $err) = $server->tool('okapi-admin', '', 'index', $verb, 'john', @args, '--json');
    is($code, 0, "index $verb") or diag($err);
    return JSON::PP::decode_json($out);
}

# The subjects of what is found.
sub found {
    my ($words) = @_;
    utf8::encode($words);
    my ($code, $out) = $server->tool('okapi-admin', '', 'index', 'search', 'john', $words, '--json');
    return $code ? "exit $code" : join ' ', map { $_->{subject} } @{ JSON::PP::decode_json($out) };
}

# Until the index has come as far as the mailbox.
sub wait_index {
    for (1 .. 600) {
        my ($code, $out) = $server->tool('okapi-admin', '', 'index', 'show', 'john', '--json');
        my $state = $code ? undef : JSON::PP::decode_json($out);
        return $state if $state && $state->{indexed} >= $state->{change};
        sleep 0.1;
    }
    return fail('the index never comes');
}

# ---- what is read ----

my $bomb = Okapi::Test::Document::zip('word/document.xml' =>
        '<w><p><t>bomb</t></p>' . ' ' x (70 << 20) . '</w>');
deliver(subject => 'plain', body => "The walrus and the carpenter\r\n");
deliver(subject => 'html', body => "other\r\n", html => '<p>Ele<b>phant</b> &amp; mouse</p>');
deliver(subject => 'text', attachments =>
        [['notes.txt', 'text/plain', "Gr\xFC\xDFe aus M\xFCnchen, das ist sch\xF6n. \xDCber alles\n"]]);
deliver(subject => 'pdf', attachments =>
        [['a.pdf', 'application/pdf', Okapi::Test::Document::pdf('portable penguin')]]);
deliver(subject => 'docx', attachments =>
        [['Plan.docx', 'application/octet-stream', Okapi::Test::Document::docx('gir', 'affe')]]);
deliver(subject => 'odt', attachments => [['a.odt', 'application/vnd.oasis.opendocument.text',
            Okapi::Test::Document::odt('zebra')]]);
deliver(subject => 'bomb', body => "beside a bomb\r\n",
    attachments => [['bomb.docx', 'application/octet-stream', $bomb]]);
deliver(subject => 'cut', attachments => [['cut.pdf', 'application/pdf', "%PDF-1.4\ncut"]]);

$server->start;
my $state = wait_index();
is($state->{messages}, 8, 'all are read');
is($state->{unreadable}, 2, 'but for two documents');
is(found('walrus'), 'plain', 'a body');
is(found('elephant mouse'), 'html', 'a body in HTML');
is(found('grusse munchen'), 'text', 'a text, though nobody said in which charset');
is(found('"portable penguin"'), 'pdf', 'a PDF');
is(found('giraffe'), 'docx', 'an office document');
is(found('plan'), 'docx', 'by its name');
is(found('zebra'), 'odt', 'another one');
is(found('beside'), 'bomb', 'what stands beside a bomb');
is(found('bomb.docx'), 'bomb', 'its name');
is(scalar(my @lines = $server->log_lines(qr/attachment is not extractable/)), 2,
    'what could not be read is told');
is(admin('update')->{messages}, 0, 'and not tried again');

# ---- what dies meanwhile ----

sub kill_readers {
    my $killed = 0;
    for my $path (glob '/proc/[0-9]*/stat') {
        open my $file, '<', $path or next;
        my ($pid, $name, $parent) = (readline($file) // '') =~ /\A(\d+) \((.*)\) \S (\d+)/ or next;
        next unless $name =~ /\Aokapi-extract/ && grep { $_ == $parent } $server->children;
        $killed += kill KILL => $pid;
    }
    return $killed;
}

for my $i (1 .. 40) {
    deliver(subject => "m$i", body => "number n$i of many\r\n", $i % 4 ? () : (attachments =>
            [['a.pdf', 'application/pdf', Okapi::Test::Document::pdf("page p$i")]]));
    kill_readers() if $i % 3 == 0;
    $server->kill_children if $i % 10 == 0;
}
wait_index();
is(scalar(my @many = split ' ', found('many')), 40, 'all are found, whoever dies');
is(found("n$_"), "m$_", "number $_") for 1, 20, 40;

ok(admin('rebuild')->{messages} >= 48, 'all messages are read anew');
is(found('p40'), 'm40', 'and found');
is(scalar(@many = split ' ', found('many')), 40, 'as before');
is(found('portable'), 'pdf', 'with their documents');

$server->stop;
done_testing;
