#!/usr/bin/perl

# Private messages, of which others see that there is something (MS-OXCMSG 2.2.1.13, MS-OXODLGT 3.2.4.2),
# but for delegates who may see more.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Mail qw(mail);

my $server = Okapi::Test::MAPI->server('john', 'mary');
$server->admin('permission', 'set', 'john', 'Inbox', 'mary', 'editor');
$server->deliver('john', mail(subject => 'Open', body => "all may read\r\n"));
$server->deliver('john', mail(subject => 'Secret', body => "nobody may read\r\n", from => 'Doctor <d@example.net>',
    headers => ['Sensitivity: Private'], attachments => [['result.txt', 'text/plain', 'positive']]));

sub seen_by {
    my ($who) = @_;
    my $logon = Okapi::Test::MAPI->connect($server, $who)->logon(user => 'john');
    my $inbox = $logon->open_special('inbox');
    my %row = map { $_->{PR_SENSITIVITY} ? ('secret' => $_) : ('open' => $_) }
        $inbox->contents->columns(qw(PR_MID PR_SUBJECT PR_SENSITIVITY PR_SENT_REPRESENTING_NAME PR_HASATTACH PR_ACCESS))->rows(9);
    return ($logon, $inbox, \%row);
}

sub everything {
    my ($who) = @_;
    my ($logon, $inbox, $row) = seen_by($who);
    is $row->{secret}{PR_SUBJECT}, 'Secret', "$who: subject";
    is $row->{secret}{PR_SENT_REPRESENTING_NAME}, 'Doctor', 'sender';
    my $message = $logon->open_message($inbox->{fid}, $row->{secret}{PR_MID});
    is $message->stream_all('PR_BODY'), "nobody may read\r\n", 'body';
    is scalar($message->attachments->columns('PR_ATTACH_NUM')->all_rows), 1, 'attachment';
    return;
}

subtest 'to its owner' => sub { everything('john') };

subtest 'to others' => sub {
    my ($logon, $inbox, $row) = seen_by('mary');
    is keys %$row, 2, 'both are there';
    is $row->{open}{PR_SUBJECT}, 'Open', 'one as it is';
    is $row->{secret}{PR_SUBJECT}, 'Private', 'the other without its subject';
    ok !$row->{secret}{PR_SENT_REPRESENTING_NAME}, 'without its sender';
    ok !$row->{secret}{PR_HASATTACH}, 'without its attachments';
    is $row->{secret}{PR_ACCESS} & 5, 0, 'it can be neither changed nor deleted';
    is $row->{open}{PR_ACCESS} & 5, 5, 'as others can';
    my $message = $logon->open_message($inbox->{fid}, $row->{secret}{PR_MID});
    my $all = $message->all_properties;
    is join(' ', grep { ($all->{$_} // '') =~ /Secret|Doctor|nobody|example\.net/ } sort keys %$all), '',
        'no property tells more';
    is $message->try('OpenStream', { property_tag => $_, open_mode_flags => 0 })->{status}, 0x8004010F, "$_ isn't there"
        for 'PR_BODY', 'PR_HTML', 'PR_TRANSPORT_MESSAGE_HEADERS';
    is scalar($message->recipients), 0, 'nor are recipients';
    is $message->try('OpenAttachment', { open_attachment_flags => 0, attachment_id => 0 })->{status}, 0x8004010F,
        'nor attachments';
    is scalar($message->attachments->columns('PR_ATTACH_NUM')->all_rows), 0, 'in no table';
    my $table = $inbox->contents->columns('PR_SUBJECT');
    for my $word ('Secret', 'Doctor', 'nobody') {
        for my $tag ('PR_SUBJECT', 'PR_SENT_REPRESENTING_NAME', 'PR_BODY') {
            is $table->find([content => $tag, $word, 0x10001]), undef, "$tag: nothing finds $word";
        }
    }
    is $inbox->call('SetReadFlags', { want_asynchronous => 0, read_flags => 0,
        message_ids => [$row->{secret}{PR_MID}] })->{partial_completion}, 1, 'it stays unread';
};

subtest 'to a delegate' => sub {
    $server->admin('delegate', 'add', 'john', 'mary', '--meetings');
    is +(seen_by('mary'))[2]{secret}{PR_SUBJECT}, 'Private', 'who may not';
    $server->admin('delegate', 'add', 'john', 'mary', '--private');
    everything('mary');
    $server->admin('delegate', 'remove', 'john', 'mary');
    is +(seen_by('mary'))[2]{secret}{PR_SUBJECT}, 'Private', 'any more';
};

done_testing;
