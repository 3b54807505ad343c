#!/usr/bin/perl

# Attachments and embedded messages: MS-OXCMSG 2.2.3.12 to 2.2.3.18, 3.2.5.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Mail qw(mail);

my $server = Okapi::Test::MAPI->server('john');
my $inner = mail(subject => 'Innermost', attachments => [['deep.txt', 'text/plain', 'deep']]);
my $middle = mail(subject => 'Middle', from => 'Peter <peter@example.net>',
    to => ['mary@example.net'], attachments => [$inner]);
$server->deliver('john', mail(subject => 'Outer',
    attachments => [['a.bin', 'application/octet-stream', "\0\1\2"],
        ['b.txt', 'text/plain', 'text'], $middle]));
$server->deliver('john', mail(subject => 'Plain'));
my $m = Okapi::Test::MAPI->connect($server, 'john');
my $logon = $m->logon;
my $inbox = $logon->open_special('inbox');
my %mid = map { $_->{PR_SUBJECT} => $_ }
    $inbox->contents->columns(qw(PR_MID PR_SUBJECT PR_HASATTACH))->all_rows;
my $outer = $logon->open_message($inbox->{fid}, $mid{Outer}{PR_MID});

sub status { my ($object, $rop, %fields) = @_; return $object->try($rop, \%fields)->{status} }

subtest 'who has attachments' => sub {
    is $mid{Outer}{PR_HASATTACH}, 1, 'one with';
    is $mid{Plain}{PR_HASATTACH}, 0, 'one without';
};

subtest 'the attachment table' => sub {
    my $table = $outer->attachments->columns(qw(PR_ATTACH_NUM PR_ATTACH_METHOD
        PR_ATTACH_LONG_FILENAME PR_ATTACH_SIZE PR_ATTACH_MIME_TAG PR_RENDERING_POSITION));
    # MS-OXCMSG_R490
    my @rows = $table->rows(10);
    is_deeply [map { $_->{PR_ATTACH_METHOD} } @rows], [1, 1, 5], 'by value, by value, a message';
    is_deeply [map { $_->{PR_ATTACH_LONG_FILENAME} } @rows[0, 1]], ['a.bin', 'b.txt'], 'names';
    is_deeply [map { $_->{PR_ATTACH_NUM} } @rows], [0, 1, 2], 'numbers';
    is $table->try('Restrict', { restrict_flags => 0, restriction => undef })->{status}, 0x80040102,
        'not to be restricted'; # MS-OXCTABL_R461
    is $table->try('SortTable', { sort_table_flags => 0, sort_orders => { keys => [] } })->{status},
        0x80040102, 'nor sorted'; # MS-OXCTABL_R450
    is $table->try('CreateBookmark')->{status}, 0x80040102, 'nor bookmarked'; # MS-OXCTABL_R529
    is_deeply $table->position, [3, 3], 'but it has a position'; # MS-OXCTABL_R493
    is $table->seek(0, 1), 1, 'and is sought in'; # MS-OXCTABL_R499
    is(($table->rows(1))[0]{PR_ATTACH_LONG_FILENAME}, 'b.txt', 'the second');
    # MS-OXCMSG_R1526
    is status($inbox, 'GetAttachmentTable', table_flags => 0), 0x4B9, 'of a folder';
    is_deeply $outer->call('GetValidAttachments')->{attachment_ids}, [0, 1, 2],
        'RopGetValidAttachments';
    my $plain = $logon->open_message($inbox->{fid}, $mid{Plain}{PR_MID});
    is_deeply [$plain->attachments->columns('PR_ATTACH_NUM')->rows(10)], [], 'none';
};

subtest 'RopOpenAttachment' => sub {
    my $attachment = $outer->open_attachment(0);
    is $attachment->property('PR_ATTACH_DATA_BIN'), "\0\1\2", 'its bytes'; # MS-OXCMSG_R436
    is $attachment->property('PR_ATTACH_LONG_FILENAME'), 'a.bin', 'its name';
    is status($outer, 'OpenAttachment', open_attachment_flags => 0, attachment_id => 9), 0x8004010F,
        'a number that is none'; # MS-OXCMSG_R440
    is status($inbox, 'OpenAttachment', open_attachment_flags => 0, attachment_id => 0), 0x4B9,
        'of a folder'; # MS-OXCMSG_R1620
};

subtest 'RopOpenEmbeddedMessage' => sub {
    my $middle = $outer->open_attachment(2)->open_embedded; # MS-OXCMSG_R480
    is $middle->{response}{summary}{normalized_subject}, 'Middle', 'the one in the message';
    is_deeply [map { $_->{email_address} } $middle->first_recipients], ['mary@example.net'],
        'its recipients';
    is $middle->property('PR_SENDER_NAME'), 'Peter', 'its sender';
    my $innermost = $middle->open_attachment(0)->open_embedded;
    is $innermost->property('PR_SUBJECT'), 'Innermost', 'the one in that';
    my $deep = $innermost->open_attachment(0);
    is $deep->property('PR_ATTACH_DATA_BIN'), 'deep', 'and its attachment';
    is status($outer->open_attachment(0), 'OpenEmbeddedMessage', code_page_id => 0x0FFF,
        open_mode_flags => 0), 0x8004010F, 'an attachment that is none';
    is status($outer, 'OpenEmbeddedMessage', code_page_id => 0x0FFF, open_mode_flags => 0), 0x4B9,
        'of a message'; # MS-OXCMSG_R1525
    is status($middle, 'SetMessageReadFlag', read_flags => 1), 0x80040102,
        'neither read nor unread';
    $server->kill_children;
    is $deep->property('PR_ATTACH_LONG_FILENAME'), 'deep.txt', 'all of them survive a killed child';
};

done_testing;
