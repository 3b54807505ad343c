#!/usr/bin/perl

# The limits of a mailbox, as its properties tell them (MS-OXCSTOR 2.2.2.1.1) and as they are kept.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Mail qw(mail);

use constant EX_TEMPFAIL => 75;

my @tags = qw(PR_STORAGE_QUOTA_LIMIT PR_PROHIBIT_SEND_QUOTA PR_PROHIBIT_RECEIVE_QUOTA);
my $server = Okapi::Test::MAPI->server('john', 'mary');

sub limits {
    my ($who) = @_;
    my $values = Okapi::Test::MAPI->connect($server, $who)->logon(user => 'john')->properties(@tags);
    return [map { $_ || 'none' } @{$values}{@tags}];
}

subtest 'properties' => sub {
    is_deeply limits('john'), ['none', 'none', 'none'], 'there is none';
    $server->admin('quota', 'set', 'john', '--warn', '100k', '--send', '150k', '--receive', '200k');
    is_deeply limits('john'), [100, 150, 200], 'in kilobytes';
    is_deeply limits('mary'), ['none', 'none', 'none'], 'others are not told';
    $server->admin('quota', 'set', 'john', '--warn', 'default', '--send', 'none', '--receive', '200k');
    is_deeply limits('john'), ['none', 'none', 200], 'and changed';
};

subtest 'a full mailbox' => sub {
    my $large = mail(subject => 'Large', attachments => [['a.bin', 'application/octet-stream', 'x' x 120_000]]);
    my $count = sub { Okapi::Test::MAPI->connect($server, 'john')->logon->open_special('inbox')->contents->count };
    is $server->deliver('john', $large), 0, 'there is room';
    my ($code, undef, $err) = $server->tool('okapi-dagent', $large, 'john');
    is $code, EX_TEMPFAIL, 'there is none';
    like $err, qr/the mailbox is full/, 'says so';
    is $count->(), 1, 'nothing was saved';
    is $server->deliver('john', mail(subject => 'Small')), 0, 'what is small enough gets in';
    my $logon = Okapi::Test::MAPI->connect($server, 'john')->logon;
    my $inbox = $logon->open_special('inbox');
    is $inbox->call('SetReadFlags', { want_asynchronous => 0, read_flags => 0, message_ids => [] })->{partial_completion},
        0, 'what makes it no larger is possible';
    ok $logon->property('PR_MESSAGE_SIZE_EXTENDED') > 120_000, 'its size';
    $server->admin('quota', 'set', 'john', '--receive', 'none');
    is $server->deliver('john', $large), 0, 'without a limit there is room again';
    is $count->(), 3, 'for all of it';
};

done_testing;
