#!/usr/bin/perl

# Folders and hierarchy tables: MS-OXCFOLD 2.2.1.1 and 2.2.1.13, MS-OXOSFLD.

use strict;
use warnings;
no warnings 'portable'; # 64-bit numbers

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Rops qw(fid);

my $server = Okapi::Test::MAPI->server('john');
my $m = Okapi::Test::MAPI->connect($server, 'john');
my $logon = $m->logon;

subtest 'RopOpenFolder' => sub {
    my $inbox = $logon->open_special('inbox');
    is_deeply [@{ $inbox->{response} }{qw(has_rules is_ghosted)}], [0, 0],
        'neither rules nor ghosted';
    my $sent = $inbox->open_folder($logon->{special}{sent});
    is $sent->property('PR_DISPLAY_NAME'), 'Sent Items', 'from any folder';
    my $try = sub {
        my ($fid, $flags) = @_;
        return $logon->try('OpenFolder', { folder_id => $fid, open_mode_flags => $flags // 0 });
    };
    is $try->(fid(0xFFFFFFFFFF))->{status}, 0x8004010F, 'an id that is none'; # MS-OXCFOLD_R469
    is $try->(0)->{status}, 0x8004010F, 'no id';
    is $try->($logon->{special}{inbox} + 1)->{status}, 0x8004010F, 'of another replica';
    # MS-OXCFOLD_R465
    is $try->($logon->{special}{inbox}, 0xFB)->{status}, 0, 'invalid bits are ignored';
    is $inbox->contents->try('OpenFolder', { folder_id => $logon->{special}{sent},
        open_mode_flags => 0 })->{status}, 0x80040102, 'not from a table'; # MS-OXCFOLD_R473
};

my @columns = qw(PR_FID PR_DISPLAY_NAME PR_CONTAINER_CLASS PR_SUBFOLDERS PR_DEPTH PR_CONTENT_COUNT
    PR_PARENT_FID);

subtest 'the folders of a new mailbox' => sub {
    my $table = $logon->open_special('ipm_subtree')->hierarchy->columns(@columns);
    my @rows = $table->all_rows;
    is scalar @rows, $table->count, 'as many as RowCount says'; # MS-OXCFOLD_R318
    my %class = map { $_->{PR_DISPLAY_NAME} => $_->{PR_CONTAINER_CLASS} } @rows;
    is $class{Inbox}, 'IPF.Note', 'Inbox';
    is $class{Calendar}, 'IPF.Appointment', 'Calendar';
    is $class{Contacts}, 'IPF.Contact', 'Contacts';
    is $class{Tasks}, 'IPF.Task', 'Tasks';
    is $class{Notes}, 'IPF.StickyNote', 'Notes';
    is $class{Journal}, 'IPF.Journal', 'Journal';
    ok !exists $class{Finder}, 'nothing of beside the subtree';
    my ($issues) = grep { $_->{PR_DISPLAY_NAME} eq 'Sync Issues' } @rows;
    is $issues->{PR_SUBFOLDERS}, 1, 'PR_SUBFOLDERS of one that has some';
    my ($inbox) = grep { $_->{PR_DISPLAY_NAME} eq 'Inbox' } @rows;
    is $inbox->{PR_SUBFOLDERS}, 0, 'and of one that has none';
    is $inbox->{PR_FID}, $logon->{special}{inbox}, 'PR_FID';
    is $inbox->{PR_PARENT_FID}, $logon->{special}{ipm_subtree}, 'PR_PARENT_FID';
};

subtest 'all levels' => sub {
    my $root = $logon->open_special('root');
    my %flat = map { $_->{PR_DISPLAY_NAME} => 1 } $root->hierarchy->columns(@columns)->all_rows;
    my @deep = $root->hierarchy(4)->columns(@columns)->all_rows; # MS-OXCFOLD_R801
    my %deep = map { $_->{PR_DISPLAY_NAME} => $_ } @deep;
    ok !$flat{Inbox}, 'only children without Depth'; # MS-OXCFOLD_R802
    ok $deep{$_}, "$_ with it" for 'Inbox', 'Conflicts', 'Finder';
    is $deep{Finder}{PR_DEPTH}, 1, 'depth of a child';
    is $deep{Conflicts}{PR_DEPTH}, 3, 'and of one far below';
};

subtest 'flags' => sub {
    my $root = $logon->open_special('root');
    for my $bit (0x01, 0x02) {
        is $root->try('GetHierarchyTable', { table_flags => $bit })->{status}, 0x80040102,
            sprintf 'invalid bit 0x%02X', $bit; # MS-OXCFOLD_R314
    }
    is $root->try('GetHierarchyTable', { table_flags => 0x08 | 0x10 | 0x40 | 0x80 })->{status}, 0,
        'all others';
    is $logon->try('GetHierarchyTable', { table_flags => 0 })->{status}, 0x80040102,
        'not of a logon'; # MS-OXCFOLD_R658
};

subtest 'restriction and seeking' => sub {
    my $table = $logon->open_special('root')->hierarchy(4)->columns(qw(PR_DISPLAY_NAME));
    my @all = $table->all_rows;
    $table->restrict([content => 'PR_DISPLAY_NAME', 'sync', 0x10002]); # MS-OXCTABL_R833
    is_deeply [map { $_->{PR_DISPLAY_NAME} } $table->all_rows], ['Sync Issues'], 'restricted';
    $table->restrict(undef);
    is scalar(my @again = $table->all_rows), @all, 'and no longer';
    is $table->try('SortTable', { sort_table_flags => 0, sort_orders => { keys => [] } })->{status},
        0x80040102, 'not to be sorted'; # MS-OXCTABL_R450
    is $table->try('ResetTable')->{status}, 0x80040102, 'nor reset'; # MS-OXCTABL_R566
    # MS-OXCTABL_R858
    is $table->find(['PR_DISPLAY_NAME', '==', 'Inbox'])->{PR_DISPLAY_NAME}, 'Inbox', 'found';
};

done_testing;
