#!/usr/bin/perl
# okapi-dagent: what it delivers is in the mailbox, where it was told to put it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Server;

my $server = Okapi::Test::Server->new(modules => ['mapi'], config => <<'END');
<Location /mapi>
    SetHandler mapi
    @AUTH@
</Location>
END
$server->user('john', fullname => 'John Doe');
$server->start;

sub dagent {
    my ($input, @args) = @_;
    return $server->tool('okapi-dagent', $input, @args);
}

# The newest message of a special folder.
my $logon = Okapi::Test::MAPI->connect($server, 'john')->logon;

sub newest {
    my ($name) = @_;
    my $folder = $logon->open_special($name);
    my $table = $folder->contents->columns(qw(PR_MID))->sort('-PR_CREATION_TIME');
    my ($row) = $table->rows(1) or return;
    return $logon->open_message($folder->{fid}, $row->{PR_MID});
}

sub count { return $logon->open_special($_[0])->contents->count }

subtest 'help' => sub {
    my ($code, $out, $err) = dagent('', '--help');
    is($code, 0, 'exit code');
    like($out, qr/\AUsage: okapi-dagent .*-d FOLDER.*-q/s, 'says how it is used');
    is($err, '', 'without complaint');
};

subtest 'a message' => sub {
    my ($code, $out, $err) = dagent("From: Jane <jane\@example.net>\nTo: john\@example.org\n"
            . "Subject: first\n\nHello\n", 'john');
    is($code, 0, 'accepted') or diag($err);
    is("$out$err", '', 'without a word');
    my $message = newest('inbox');
    is($message->property('PR_SUBJECT'), 'first', 'is in the inbox');
    is($message->property('PR_BODY'), "Hello\r\n", 'with its text');
    is($message->property('PR_SENDER_EMAIL_ADDRESS'), 'jane@example.net', 'and sender');
    is($message->property('PR_MESSAGE_FLAGS') & 0x1, 0, 'unread');
};

subtest 'the user by any name' => sub {
    for my $name ('john', 'JOHN', 'john@example.org', 'john+tag@example.org') {
        is((dagent("Subject: to $name\n\n", $name))[0], 0, $name);
        is(newest('inbox')->property('PR_SUBJECT'), "to $name", 'is there');
    }
};

sub headers { return newest('inbox')->property('PR_TRANSPORT_MESSAGE_HEADERS') }

subtest '-f' => sub {
    my $none = "Subject: x\r\n\r\n";
    is((dagent($none, '-f', 'a@example.net', 'john'))[0], 0, 'a sender');
    is(headers(), "Return-Path: <a\@example.net>\r\nSubject: x\r\n", 'becomes Return-Path');
    is((dagent($none, '-f', '<>', 'john'))[0], 0, 'the null sender');
    is(headers(), "Return-Path: <>\r\nSubject: x\r\n", 'is kept as such');
    is((dagent("Return-Path: <b\@x>\n$none", '-f', 'a@example.net', 'john'))[0], 0, 'beside one');
    is(headers(), "Return-Path: <b\@x>\nSubject: x\r\n", 'changes nothing');
    my ($code, $out, $err) = dagent($none, '-f', "a\nTo: b", 'john');
    is($code, 64, 'a sender of two lines is refused');
    like($err, qr/control characters/, 'and told why');
};

subtest '-d' => sub {
    my $before = count('inbox');
    is((dagent("Subject: elsewhere\n\n", '-d', 'sent items', 'john'))[0], 0, 'accepted');
    is(count('inbox'), $before, 'not into the inbox');
    is(newest('sent')->property('PR_SUBJECT'), 'elsewhere', 'but where it was told');
    my ($code, $out, $err) = dagent("Subject: x\n\n", '-d', 'Inbox/Nowhere', 'john');
    is($code, 75, 'a folder that is missing: try again');
    like($err, qr{Inbox/Nowhere}, 'says which');
};

subtest 'a doorbell' => sub {
    my $unread = $logon->open_special('inbox')->property('PR_CONTENT_UNREAD');
    dagent("Subject: ring\n\n", 'john');
    is($logon->open_special('inbox')->property('PR_CONTENT_UNREAD'), $unread + 1,
        'the folder counts it at once');
};

done_testing;
