#!/usr/bin/perl
# Addresses: mail gets where okapi-admin has said that it goes, and a message that a mail server
# sends twice arrives once.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Server;

my $server = Okapi::Test::Server->new(okapi_conf => {
    DetailFolders => 'on', DeliveryMemory => 1, QuotaBounce => 'on' });
$server->user($_) for qw(john mary peter);
$server->start;

sub admin {
    my (@args) = @_;
    my ($code, $out, $err) = $server->tool('okapi-admin', '', @args);
    is($code, 0, "okapi-admin @args") or diag($err);
    return $out;
}

my $number = 0;

sub message {
    $number++;
    return "Received: from a by b id $number\nSubject: $number\n\nx\n";
}

sub dagent {
    my ($input, @args) = @_;
    return ($server->tool('okapi-dagent', $input, @args))[0];
}

# How many messages a mailbox has in a folder.
sub count {
    my ($mailbox, $folder) = @_;
    my $out = ($server->tool('okapi-admin', '', '--json', 'folder', 'list', $mailbox))[1];
    my ($n) = $out =~ /"name":\s*"\Q$folder\E".*?"messages":\s*(\d+)/s;
    return $n;
}

sub counts { return join(' ', map { count($_, 'Inbox') } qw(john mary peter)) }

subtest 'a group' => sub {
    admin(qw(group create inner));
    admin(qw(group add inner john));
    admin(qw(group create outer));
    admin('group', 'add', 'outer', $_) for qw(inner john mary);
    admin(qw(group add inner outer));
    admin(qw(group set outer --alias team@example.com));
    is(dagent(message(), 'outer@example.org'), 0, 'by its name');
    is(counts(), '1 1 0', 'everybody in it has it once');
    is(dagent(message(), 'TEAM@example.com'), 0, 'by its address');
    is(counts(), '2 2 0', 'so do they');
    admin(qw(group create empty));
    is(dagent(message(), 'empty@example.org'), 67, 'nobody is in it');
    is(dagent(message(), 'nobody@example.org'), 67, 'nobody has the address');
};

subtest 'a folder' => sub {
    admin(qw(public create));
    admin(qw(folder create @public Orders));
    admin(qw(folder address @public Orders --alias orders@example.org));
    is(dagent(message(), 'orders@example.org'), 0, 'a public one');
    is(count('@public', 'Orders'), 1, 'has it');
    admin(qw(folder create peter Inbox/Lists));
    is(dagent(message(), 'peter+lists@example.org'), 0, 'the one that the detail names');
    is(count('peter', 'Lists'), 1, 'has it');
    is(dagent(message(), 'peter+else@example.org'), 0, 'there is none of this name');
    is(counts(), '2 2 1', 'then it is the inbox');
};

subtest 'once' => sub {
    my $message = message();
    is(dagent($message, 'john'), 0, 'a message');
    is(dagent($message, 'john@example.org'), 0, 'is accepted again');
    is(counts(), '3 2 1', 'but is there once');
    is(dagent($message, 'outer@example.org'), 0, 'for the group');
    is(counts(), '3 3 1', 'those who have it do not get it again');
    is(dagent($message, 'john+x@example.org'), 0, 'for an address with a detail');
    is(counts(), '3 3 1', 'that goes to the same folder, neither');
    is(dagent($message, '-d', 'Sent Items', 'john'), 0, 'into another folder');
    is(count('john', 'Sent Items'), 1, 'it is new');
    $message =~ s/Received/X-Received/;
    dagent($message, 'john') for 1, 2;
    is(counts(), '5 3 1', 'what came by no mail server may come again');
};

subtest 'a full mailbox' => sub {
    admin(qw(quota set peter --receive 1));
    is(dagent(message(), 'peter'), 65, 'refuses mail for good: QuotaBounce');
    is(dagent(message(), '-q', 'peter'), 100, 'to qmail, too');
};

done_testing;
