#!/usr/bin/perl

# Messages, recipients and read flags: MS-OXCMSG 2.2.3 and 3.2.5, MS-OXCDATA 2.8.3.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Mail qw(mail);
use Okapi::Test::Rops qw(fid);

binmode Test::More->builder->$_, ':utf8' for qw(output failure_output);

my $server = Okapi::Test::MAPI->server('john', 'mary');
$server->deliver('john', mail(subject => 'Re: Grüße', from => 'Mary Smith <mary@example.org>',
    to => ['John Doe <john@example.org>', 'x@example.net'], cc => ['Peter <peter@example.net>']));
$server->deliver('john', mail(subject => 'Many',
    to => [map { sprintf 'Somebody Number %03d <somebody%03d@example.net>', $_, $_ } 1 .. 500]));
$server->deliver('john', mail(subject => 'L' x 60_000));
my $m = Okapi::Test::MAPI->connect($server, 'john');
my $logon = $m->logon;
my $inbox = $logon->open_special('inbox');

my %mid = map { substr($_->{PR_SUBJECT}, 0, 4) => $_->{PR_MID} }
    $inbox->contents->columns(qw(PR_MID PR_SUBJECT))->all_rows;

sub open_it { return $logon->open_message($inbox->{fid}, $mid{ $_[0] }) }
sub status { my ($object, $rop, %fields) = @_; return $object->try($rop, \%fields)->{status} }

subtest 'RopOpenMessage' => sub {
    my $summary = open_it('Re: ')->{response}{summary};
    is $summary->{subject_prefix}, 'Re: ', 'SubjectPrefix'; # MS-OXCMSG_R676
    is $summary->{normalized_subject}, 'Grüße', 'NormalizedSubject'; # MS-OXCMSG_R678
    is $summary->{recipient_count}, 3, 'RecipientCount'; # MS-OXCMSG_R679
    is scalar @{ $summary->{recipient_rows} }, 3, 'all of them in the response'; # MS-OXCMSG_R328
    my $open = sub {
        my %fields = (code_page_id => 0x0FFF, folder_id => $inbox->{fid}, open_mode_flags => 0,
            message_id => $mid{'Re: '}, @_);
        return status($logon, 'OpenMessage', %fields);
    };
    is $open->(message_id => fid(0xFFFFFFFF)), 0x8004010F, 'an id that is none'; # MS-OXCMSG_R333
    is $open->(message_id => 0), 0x8004010F, 'no id';
    # MS-OXCMSG_R1477
    is $open->(folder_id => $logon->{special}{sent}), 0x8004010F, 'not in this folder';
    is $open->(open_mode_flags => 0xF8), 0, 'other bits are ignored'; # MS-OXCMSG_R1293
    is status($inbox->contents, 'OpenMessage', code_page_id => 0x0FFF, folder_id => $inbox->{fid},
        open_mode_flags => 0, message_id => $mid{'Re: '}), 0x4B9, 'from a table'; # MS-OXCMSG_R1478
    is $inbox->try('OpenMessage', { code_page_id => 0x0FFF, folder_id => $inbox->{fid},
        # MS-OXCMSG_R649
        open_mode_flags => 0, message_id => $mid{'Re: '} })->{status}, 0, 'from a folder';
};

subtest 'softly deleted' => sub {
    $server->deliver('john', Okapi::Test::Mail::mail(subject => 'Deleted'));
    my ($row) = grep { $_->{PR_SUBJECT} eq 'Deleted' }
        $inbox->contents->columns(qw(PR_MID PR_SUBJECT))->all_rows;
    my @ids = ($inbox->{fid}, $row->{PR_MID});
    $inbox->call('DeleteMessages', { want_asynchronous => 0, notify_non_read => 0,
        message_ids => [$ids[1]] });
    my $open = sub { status($logon, 'OpenMessage', code_page_id => 0x0FFF, folder_id => $ids[0],
        message_id => $_[0], open_mode_flags => $_[1]) };
    is $open->($ids[1], 0), 0x8004010F, 'not without OpenSoftDeleted';
    my $message = $logon->open_message(@ids, open_mode_flags => 4);
    is $message->property('PR_SUBJECT'), 'Deleted', 'with it, and in the next Execute';
    is $open->($mid{'Re: '}, 4), 0, 'what exists is opened, too';
    is $open->(fid(0xFFFFFFFF), 4), 0x8004010F, 'what never was is not';
    is $open->(0, 4), 0x8004010F, 'nor no id';
    $inbox->call('HardDeleteMessages', { want_asynchronous => 0, notify_non_read => 0,
        message_ids => [$ids[1]] });
    is $open->($ids[1], 4), 0x8004010F, 'nor what is gone for good';
};

subtest 'of another user' => sub {
    my $mary = Okapi::Test::MAPI->connect($server, 'mary')->logon(user => 'john');
    is status($mary, 'OpenMessage', code_page_id => 0x0FFF, folder_id => $inbox->{fid},
        open_mode_flags => 0, message_id => $mid{'Re: '}), 0x8004010F,
        'in a folder that may not be seen'; # MS-OXCMSG_R324
};

subtest 'recipients' => sub {
    my @rows = open_it('Re: ')->first_recipients;
    is_deeply [map { $_->{recipient_type} } @rows], [1, 1, 2], 'To, To, Cc'; # MS-OXCMSG_R977 R978
    is_deeply [map { $_->{email_address} } @rows[1, 2]], ['x@example.net', 'peter@example.net'],
        'addresses';
    is $rows[0]{x500dn}, Okapi::Test::MAPI::DN_PREFIX() . 'john', 'the DN of a user of this server';
    is $rows[0]{properties}{PR_SMTP_ADDRESS}, 'john@example.org', 'and the address';
    is_deeply [map { $_->{display_name} } @rows], ['John Doe', 'x@example.net', 'Peter'], 'names';
    is_deeply [map { $_->{flags} & 7 } @rows], [1, 3, 3], 'X500DN, SMTP, SMTP'; # MS-OXCDATA_R117
    is_deeply [map { $_->{flags} & 0x7800 } @rows], [0, 0, 0], 'reserved bits'; # MS-OXCDATA_R120
    ok length $_->{properties}{PR_ENTRYID}, "an entry id for $_->{display_name}" for @rows;
    is $rows[0]{properties}{PR_OBJECT_TYPE}, 6, 'PR_OBJECT_TYPE: a mail user';
};

subtest 'many recipients' => sub {
    my $message = open_it('Many');
    my $summary = $message->{response}{summary};
    is $summary->{recipient_count}, 500, 'RecipientCount';
    cmp_ok scalar @{ $summary->{recipient_rows} }, '<=', 255, 'not all fit'; # MS-OXCMSG_R684
    cmp_ok scalar @{ $summary->{recipient_rows} }, '>', 50, 'many do';
    my @all = $message->recipients;
    is scalar @all, 500, 'the rest by RopReadRecipients'; # MS-OXCMSG_R400
    is_deeply [map { $_->{email_address} } @all],
        [map { sprintf 'somebody%03d@example.net', $_ } 1 .. 500], 'in order';
    is status($message, 'ReadRecipients', row_id => 100_000, reserved => 0), 0x8004010F,
        'behind the last'; # MS-OXCMSG_R1055
    # MS-OXCMSG_R1057
    is status($logon, 'ReadRecipients', row_id => 0, reserved => 0), 0x4B9, 'of a logon';
};

subtest 'a subject of 60,000 characters' => sub {
    my $message = open_it('LLLL');
    cmp_ok length $message->{response}{summary}{normalized_subject}, '>', 100,
        'opens, with the beginning of it';
};

subtest 'RopReloadCachedInformation' => sub {
    my $message = open_it('Re: ');
    my $response = $message->call('ReloadCachedInformation', { reserved => 0 });
    # MS-OXCMSG_R766
    is_deeply $response->{summary}, $message->{response}{summary}, 'the same again';
    # MS-OXCMSG_R1498
    is status($inbox, 'ReloadCachedInformation', reserved => 0), 0x4B9, 'of a folder';
};

subtest 'RopGetMessageStatus' => sub {
    my $response = $inbox->try('GetMessageStatus', { message_id => $mid{'Re: '} });
    is $response->{rop}, 'SetMessageStatus', 'answered with RopId 0x20';
    is $response->{status}, 0, 'success'; # MS-OXCMSG_R421
    is $response->{message_status_flags}, 0, 'none set';
    # MS-OXCMSG_R1507
    is status($logon, 'GetMessageStatus', message_id => $mid{'Re: '}), 0x4B9, 'of a logon';
};

subtest 'read flags' => sub {
    my $unread = sub { scalar grep { !($_->{PR_MESSAGE_FLAGS} & 1) }
        $inbox->contents->columns('PR_MESSAGE_FLAGS')->all_rows };
    my $set = sub {
        my ($flags, @ids) = @_;
        return $inbox->try('SetReadFlags', { want_asynchronous => 0, read_flags => $flags,
            message_ids => \@ids });
    };
    is $unread->(), 3, 'three are new';
    is $set->(1, $mid{'Re: '})->{partial_completion}, 0, 'one read'; # MS-OXCMSG_R818
    is $unread->(), 2, 'two are left';
    is $inbox->property('PR_CONTENT_UNREAD'), 2, 'for the folder too';
    $set->(0x10, $mid{Many});
    is $unread->(), 2, 'only its receipt: unchanged'; # MS-OXCMSG_R825
    $set->(5, $mid{'Re: '});
    is $unread->(), 3, 'unread again'; # MS-OXCMSG_R822
    # MS-OXCMSG_R1674
    is $set->(1, $mid{'Re: '}, fid(0xFFFFFF))->{partial_completion}, 1, 'one there is not';
    is $unread->(), 2, 'the other is read';
    $set->(1);
    is $unread->(), 0, 'all of the folder';
    is status($logon, 'SetReadFlags', want_asynchronous => 0, read_flags => 0, message_ids => []),
        0x4B9, 'of a logon'; # MS-OXCMSG_R1516
    my $message = open_it('Many');
    my $response = $message->call('SetMessageReadFlag', { read_flags => 4 });
    # MS-OXCMSG_R1841
    is $response->{read_status_changed}, 0, 'RopSetMessageReadFlag tells public folders only';
    is $unread->(), 1, 'but does it';
};

subtest 'a message survives a killed child' => sub {
    my $message = open_it('Re: ');
    $server->kill_children;
    is $message->property('PR_SUBJECT'), 'Re: Grüße', 'its handle goes on';
};

done_testing;
