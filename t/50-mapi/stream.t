#!/usr/bin/perl

# Streams: MS-OXCPRPT 2.2.14 to 2.2.19, 3.2.5.11 to 3.2.5.18.

use strict;
use warnings;
no warnings 'portable'; # 64-bit numbers

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Mail qw(mail);

my $server = Okapi::Test::MAPI->server('john');
my $bytes = join '', map { pack 'N', $_ * 2_654_435_761 & 0xFFFFFFFF } 1 .. 250_000; # 1 MB
my $text = "L\x{E4}nge\r\n" x 1000;
$server->deliver('john', mail(body => $text,
    attachments => [['a.bin', 'application/octet-stream', $bytes]]));
my $m = Okapi::Test::MAPI->connect($server, 'john');
my $logon = $m->logon;
my $inbox = $logon->open_special('inbox');
my ($row) = $inbox->contents->columns('PR_MID')->rows(1);
my $message = $logon->open_message($inbox->{fid}, $row->{PR_MID});
my $attachment = $message->open_attachment(0);

sub status { my ($object, $rop, %fields) = @_; return $object->try($rop, \%fields)->{status} }

subtest 'OpenStream' => sub {
    my $stream = $attachment->open_stream('PR_ATTACH_DATA_BIN');
    is $stream->{response}{stream_size}, 1_000_000, 'StreamSize'; # MS-OXCPRPT_R27601
    is $stream->size, 1_000_000, 'RopGetStreamSize'; # MS-OXCPRPT_R575
    is status($message, 'OpenStream', property_tag => 'PR_START_DATE', open_mode_flags => 0),
        0x80040102, 'a property that is no bytes'; # MS-OXCPRPT_R548
    is status($message, 'OpenStream', property_tag => 'PR_SENDER_SEARCH_KEY:001F',
        open_mode_flags => 0), 0x8004010F, 'one that is not there'; # MS-OXCPRPT_R549
    is status($message, 'OpenStream', property_tag => 'PR_BODY', open_mode_flags => $_), 0x80070005,
        "to write: mode $_" for 1, 2;
    is status($message, 'OpenStream', property_tag => 'PR_BODY', open_mode_flags => 3), 0,
        'best access: to read';
    is status($message, 'OpenStream', property_tag => 'PR_BODY', open_mode_flags => 4), 0x80070057,
        'a mode that is none';
    is status($logon, 'OpenStream', property_tag => 'PR_DISPLAY_NAME', open_mode_flags => 0),
        0x80040102, 'of a logon';
};

subtest 'ReadStream' => sub {
    my $stream = $attachment->open_stream('PR_ATTACH_DATA_BIN');
    ok $stream->read(100) eq substr($bytes, 0, 100), 'from the beginning'; # MS-OXCPRPT_R555
    ok $stream->read(100) eq substr($bytes, 100, 100), 'and on'; # MS-OXCPRPT_R556
    my $big = $stream->read(0x80000);
    cmp_ok length $big, '>', 20_000, 'much at once, by 0xBABE'; # MS-OXCPRPT_R55205
    ok $big eq substr($bytes, 200, length $big), 'the right bytes';
    ok $stream->read_all eq substr($bytes, 200 + length $big), 'and all the rest';
    is $stream->read(10), '', 'nothing at the end';
    is $stream->read(0), '', 'nothing wanted';
    my $response = $inbox->try('ReadStream', { byte_count => 10 });
    is $response->{status}, 0x80040102, 'of a folder';
    is $response->{data}, '', 'with DataSize 0'; # MS-OXCPRPT_R886
};

subtest 'SeekStream' => sub {
    my $stream = $attachment->open_stream('PR_ATTACH_DATA_BIN');
    is $stream->seek(0, 500_000), 500_000, 'from the beginning'; # MS-OXCPRPT_R581
    ok $stream->read(10) eq substr($bytes, 500_000, 10), 'those bytes';
    is $stream->seek(1, -20), 499_990, 'from here';
    ok $stream->read(10) eq substr($bytes, 499_990, 10), 'those';
    is $stream->seek(2, -10), 999_990, 'from the end';
    ok $stream->read(100) eq substr($bytes, 999_990), 'the last ten';
    # MS-OXCPRPT_R584
    is status($stream, 'SeekStream', origin => 0, offset => -1), 0x80030019, 'before the start';
    is status($stream, 'SeekStream', origin => 0, offset => 0x80000001), 0x80030019,
        'beyond 2^31'; # MS-OXCPRPT_R582
    is status($stream, 'SeekStream', origin => 1, offset => -0x7FFFFFFFFFFFFFFF - 1), 0x80030019,
        'the smallest number there is';
    is status($stream, 'SeekStream', origin => 1, offset => 0x7FFFFFFFFFFFFFFF), 0x80030019,
        'the largest';
    is status($stream, 'SeekStream', origin => 3, offset => 0), 0x80030057,
        'from nowhere'; # MS-OXCPRPT_R902
    is $stream->seek(0, 2_000_000), 2_000_000, 'behind the end';
    is $stream->read(10), '', 'where nothing is';
};

subtest 'text' => sub {
    is $message->stream_all('PR_BODY'), $text, 'UTF-16';
    my $stream = $message->open_stream('PR_BODY:001E');
    is $stream->read_all, Encode::encode('cp1252', $text), 'the code page';
};

subtest 'a stream survives a killed child' => sub {
    my $stream = $attachment->open_stream('PR_ATTACH_DATA_BIN');
    $stream->read(1000);
    $server->kill_children;
    ok $stream->read(1000) eq substr($bytes, 1000, 1000), 'and its position';
};

done_testing;
