#!/usr/bin/perl

# Receive folders, identifiers and the store's state: MS-OXCSTOR 2.2.1.2 to 2.2.1.9, 3.2.5.

use strict;
use warnings;
no warnings 'portable'; # 64-bit numbers

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Rops qw(counter_of fid);

my $server = Okapi::Test::MAPI->server('john');
my $logon = Okapi::Test::MAPI->connect($server, 'john')->logon;

subtest 'RopGetReceiveFolder' => sub {
    my $ask = sub { $logon->try('GetReceiveFolder', { message_class => $_[0] }) };
    my %expected = ( # class => [folder, ExplicitMessageClass]; MS-OXCSTOR_R847 R1224
        '' => ['inbox', ''],
        'IPM' => ['inbox', 'IPM'],
        'IPM.My.Class' => ['inbox', 'IPM'],      # MS-OXCSTOR_R3120
        'ipm.note.smime' => ['inbox', 'IPM.Note'],
        'MY.Class' => ['inbox', ''],             # MS-OXCSTOR_R3119
        'REPORT.IPM.Note.NDR' => ['inbox', 'REPORT.IPM'],
    );
    for my $class (sort keys %expected) {
        my $response = $ask->($class);
        my ($folder, $explicit) = @{ $expected{$class} };
        is $response->{folder_id}, $logon->{special}{$folder}, "\"$class\" goes to the $folder";
        is lc $response->{explicit_message_class}, lc $explicit, "because of \"$explicit\"";
    }
    for my $class ('.IPM', 'IPM.', 'IPM..Note', "IPM\x01", "IPM\x7F", "IPM\xE4", 'I' x 255) {
        my $shown = $class =~ s/([^ -~])/sprintf '\\x%02X', ord $1/ger;
        is $ask->($class)->{status}, 0x80070057, "refused: $shown"; # MS-OXCSTOR_R203 to R207
    }
    is $ask->('I' x 254)->{status}, 0, '254 characters are fine'; # MS-OXCSTOR_R203
    is $logon->open_special('inbox')->try('GetReceiveFolder', { message_class => '' })->{status},
        0x80040102, 'of a folder'; # MS-OXCSTOR_R239
};

subtest 'RopGetReceiveFolderTable' => sub {
    my $rows = $logon->call('GetReceiveFolderTable')->{rows};
    my %folder = map { uc $_->{message_class} => $_->{folder_id} } @$rows;
    is $folder{''}, $logon->{special}{inbox}, 'the empty class'; # MS-OXCSTOR_R876
    is $folder{IPM}, $logon->{special}{inbox}, 'IPM';
    is scalar(grep { $_->{flag} } @$rows), 0, 'standard property rows'; # MS-OXCSTOR_R879
    is scalar(grep { !$_->{last_modification_time} } @$rows), 0, 'with times';
};

subtest 'RopSetReceiveFolder' => sub {
    my $set = sub {
        my ($class, $folder_id) = @_;
        return $logon->try('SetReceiveFolder', { message_class => $class, folder_id => $folder_id })
            ->{status};
    };
    my $get = sub { $logon->call('GetReceiveFolder', { message_class => $_[0] })->{folder_id} };
    my ($inbox, $sent) = @{ $logon->{special} }{qw(inbox sent)};
    is $set->('IPM.Task', $sent), 0, 'a new entry'; # MS-OXCSTOR_R59754
    is $get->('IPM.Task.My'), $sent, 'is for what is below it, too';
    is $set->('ipm.TASK', $inbox), 0, 'in another case'; # MS-OXCSTOR_R862
    is $get->('IPM.Task'), $inbox, 'replaces it'; # MS-OXCSTOR_R1235
    my @rows = grep { lc $_->{message_class} eq 'ipm.task' }
        @{ $logon->call('GetReceiveFolderTable')->{rows} };
    is @rows, 1, 'one row'; # MS-OXCSTOR_R247
    is $set->('IPM.Task', 0), 0, 'removed'; # MS-OXCSTOR_R864
    is $set->('', $sent), 0, 'everything else'; # MS-OXCSTOR_R243
    is $get->('My.Class'), $sent, 'goes elsewhere';
    is $set->('', $inbox), 0, 'and back';
    is $set->($_, $sent), 0x80070005, "not $_" for 'IPM', 'ipm', 'Report.IPM'; # R859 R272
    is $set->('', 0), 0x80004005, 'something has to be for the rest'; # MS-OXCSTOR_R860 R277
    is $set->($_, $sent), 0x80070057, "refused: $_" for '.A', 'A.', 'A..B', 'A' x 255; # R858
    is $set->('IPM.Task', fid(0x123456)), 0x8004010F, 'no such folder'; # MS-OXCSTOR_R871
};

subtest 'RopGetStoreState, RopPublicFolderIsGhosted' => sub {
    is $logon->call('GetStoreState')->{store_state}, 0, 'no searches'; # MS-OXCSTOR_R890 R891
    my $response = $logon->call('PublicFolderIsGhosted', { folder_id => $logon->{special}{inbox} });
    is $response->{is_ghosted}, 0, 'a private mailbox is never ghosted'; # MS-OXCSTOR_R917
};

subtest 'long-term ids' => sub {
    my $fid = $logon->{special}{inbox};
    my $long = $logon->call('LongTermIdFromId', { object_id => $fid })->{long_term_id};
    is $long->{replica}, $logon->{response}{repl_guid}, 'the replica'; # MS-OXCSTOR_R1243
    is $long->{counter}, counter_of($fid), 'the counter'; # MS-OXCSTOR_R1244
    # MS-OXCSTOR_R1253
    is $logon->call('IdFromLongTermId', { long_term_id => $long })->{object_id}, $fid, 'and back';
    my $never = fid(0x123456789ABC);
    is $logon->call('LongTermIdFromId', { object_id => $never })->{long_term_id}{counter},
        0x123456789ABC, 'of what never was, too'; # MS-OXCSTOR_R945
    is $logon->try('LongTermIdFromId', { object_id => $fid + 1 })->{status}, 0x8004010F,
        'of another replica'; # MS-OXCSTOR_R946
    my $none = { replica => '00000000-0000-0000-0000-000000000000', counter => 5 };
    is $logon->try('IdFromLongTermId', { long_term_id => $none })->{status}, 0x80070057,
        'without a replica'; # MS-OXCSTOR_R1121
};

done_testing;
