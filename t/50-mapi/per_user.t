#!/usr/bin/perl

# What somebody has read in public folders, carried from one server to another: MS-OXCSTOR 2.2.1.10
# to 2.2.1.13, 3.2.5.10 to 3.2.5.13.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Mail qw(mail);
use Okapi::Test::Rops qw(counter_of);
use Okapi::Test::Wire qw(put_guid);

use constant { NOT_FOUND => 0x8004010F, ERROR => 0x80004005, CORRUPT => 0x8004011B, NOT_SUPPORTED => 0x80040102 };

my $server = Okapi::Test::MAPI->server('john', 'mary');
$server->admin('public', 'create');
$server->admin('folder', 'create', '@public', 'Projects');
$server->deliver('@public', mail(subject => "Message $_"), options => ['-d', 'Projects']) for 1 .. 6;

my $m = Okapi::Test::MAPI->connect($server, 'john');
my ($mailbox, $public) = ($m->logon, $m->public_logon);
my $folder = $public->open_special('ipm_subtree')->open_child('Projects');
my %id = (replica => $public->{response}{repl_guid}, counter => counter_of($folder->{fid}));
my $source = '00112233-4455-6677-8899-aabbccddeeff';

sub read_some {
    my ($logon, $offset, $max, $id) = @_;
    return $logon->try('ReadPerUserInformation', { folder_id => $id || \%id, reserved => 0,
        data_offset => $offset, max_data_size => $max });
}

sub read_all {
    my ($logon, $max) = @_;
    my $data = '';
    while (1) {
        my $response = read_some($logon, length $data, $max // 0);
        die sprintf "0x%08X", $response->{status} if $response->{status};
        die "too much" if $max && length $response->{data} > $max;
        $data .= $response->{data};
        return $data if $response->{has_finished};
    }
}

sub write_some {
    my ($logon, $offset, $data, $finished, $id) = @_;
    return $logon->try('WritePerUserInformation', { folder_id => $id || \%id, has_finished => $finished,
        data_offset => $offset, data => $data, repl_guid => $source })->{status};
}

# Numbers of the messages that are read, of SUBJECT's digits.
sub read_ones {
    my ($of) = @_;
    return join ' ', sort map { $_->{PR_MESSAGE_FLAGS} & 1 ? $_->{PR_SUBJECT} =~ /(\d)/ : () }
        ($of || $folder)->contents->columns(qw(PR_SUBJECT PR_MESSAGE_FLAGS))->rows(50);
}

sub mark {
    my ($read, @numbers) = @_;
    my %mid = map { ($_->{PR_SUBJECT} =~ /(\d)/)[0] => $_->{PR_MID} }
        $folder->contents->columns(qw(PR_SUBJECT PR_MID))->rows(50);
    $folder->call('SetReadFlags', { want_asynchronous => 0, read_flags => $read ? 0 : 4,
        message_ids => [@mid{@numbers}] });
}

subtest 'a public store' => sub {
    my $response = read_some($public, 0, 0);
    is_deeply [@{$response}{qw(data has_finished)}], ['', 1], 'nothing is read'; # MS-OXCSTOR_R1257
    mark(1, 1, 2, 5);
    my $set = read_all($public);
    ok length $set > 16, 'something is';
    is substr($set, 0, 16), put_guid($id{replica}), 'of its replica';
    is read_all($public, 5), $set, 'in pieces'; # MS-OXCSTOR_R1001 R1005
    # MS-OXCSTOR_R1260
    is read_some($public, length $set, 0)->{data}, '', 'from its end';
    is read_some($public, 1 + length $set, 0)->{status}, ERROR, 'from beyond it';
    mark(1, 6);
    mark(0, 1);
    is read_ones(), '2 5 6', 'meanwhile';
    is write_some($public, 0, $set, 1), 0, 'it is what is read'; # MS-OXCSTOR_R570
    is read_ones(), '1 2 5', 'again'; # MS-OXCSTOR_R1027
    is read_all($public), $set, 'nothing else';
    my $hers = Okapi::Test::MAPI->connect($server, 'mary')->public_logon;
    is read_ones($hers->open_folder($folder->{fid})), '', 'of one reader';
    is write_some($hers, 0, $set, 1), 0, 'another one';
    is read_ones($hers->open_folder($folder->{fid})), '1 2 5', 'has it, too';
    is write_some($public, 0, '', 1), 0, 'an empty one';
    is read_ones(), '', 'is nothing';
    is write_some($public, 0, $set, 1, { %id, counter => 4711 }), NOT_FOUND, 'no such folder';
    is write_some($public, 0, $set, 1, { %id, replica => $source }), NOT_FOUND, 'nor such a store';
    is read_some($public, 0, 0, { %id, counter => 4711 })->{data}, '', 'has been read';
    mark(1, 1, 2, 5);
};

subtest 'a mailbox' => sub {
    my $set = read_all($public);
    is read_all($mailbox), '', 'knows nothing'; # MS-OXCSTOR_R1255
    is $mailbox->try('GetPerUserGuid', { long_term_id => \%id })->{status}, NOT_FOUND, 'from nobody';
    is_deeply $mailbox->call('GetPerUserLongTermIds', { database_guid => $source })->{long_term_ids}, [],
        'of nothing'; # MS-OXCSTOR_R473
    is write_some($mailbox, 0, $set, 1), 0, 'is told'; # MS-OXCSTOR_R1025
    is read_all($mailbox), $set, 'and knows'; # MS-OXCSTOR_R516 R967
    is $mailbox->call('GetPerUserGuid', { long_term_id => \%id })->{database_guid}, $source, 'from whom';
    my ($id) = @{ $mailbox->call('GetPerUserLongTermIds', { database_guid => $source })->{long_term_ids} };
    is_deeply $id, \%id, 'of what'; # MS-OXCSTOR_R474
    is_deeply $mailbox->call('GetPerUserLongTermIds', { database_guid => $id{replica} })->{long_term_ids}, [],
        'nothing from others';
    is write_some($mailbox, 0, '', 1), 0, 'something else'; # MS-OXCSTOR_R1024
    is read_all($mailbox), '', 'instead';
    # MS-OXCSTOR_R59771
    is $public->try('GetPerUserGuid', { long_term_id => \%id })->{status}, NOT_SUPPORTED, 'only mailboxes';
    is $public->try('GetPerUserLongTermIds', { database_guid => $source })->{status}, NOT_SUPPORTED, 'do so';
    my $others = Okapi::Test::MAPI->connect($server, 'mary')->logon(user => 'john');
    is read_some($others, 0, 0)->{status}, 0x80070005, 'for their owner';
};

subtest 'in blocks' => sub {
    my $set = read_all($public);
    my @blocks = unpack '(a7)*', $set;
    for my $logon ($mailbox, $public) {
        my $offset = 0;
        for my $i (0 .. $#blocks) {
            is write_some($logon, $offset, $blocks[$i], $i == $#blocks), 0, 'a block'; # MS-OXCSTOR_R1014
            $offset += length $blocks[$i];
        }
        is read_all($logon), $set, 'all of them';
        is write_some($logon, $offset, 'x', 1), ERROR, 'nothing can follow';
        write_some($logon, 0, $blocks[0], 0);
        is write_some($logon, 3, 'x', 0), ERROR, 'another offset'; # MS-OXCSTOR_R600
        is write_some($logon, 7, $blocks[1], 0), ERROR, 'ends it'; # MS-OXCSTOR_R1034
        write_some($logon, 0, $blocks[0], 0);
        is write_some($logon, 7, $blocks[1], 0, { %id, counter => 4711 }), ERROR, 'another folder, too'; # R601
        write_some($logon, 0, $blocks[0], 0);
        is write_some($logon, 0, $set, 1), 0, 'what begins anew is fine'; # MS-OXCSTOR_R1017
        # MS-OXCSTOR_R1021 R603
        is write_some($logon, 0, substr($set, 0, -1), 1), CORRUPT, 'what is no set is refused';
        is write_some($logon, 0, 'x' x 40, 1), CORRUPT, 'whatever it is';
        is read_all($logon), $set, 'and nothing happened';
        my $status = 0;
        for (my $at = 0; !$status && $at < 300_000; $at += 30_000) {
            $status = write_some($logon, $at, 'x' x 30_000, 0);
        }
        is $status, 0x80040305, 'too much';
    }
};

done_testing;
