#!/usr/bin/perl

# Folders made, moved, copied, emptied and deleted, and messages moved, copied and deleted:
# MS-OXCFOLD 2.2.1.2, 2.2.1.3, 2.2.1.6 to 2.2.1.12 and 3.2.5.

use strict;
use warnings;
no warnings 'portable'; # 64-bit numbers

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Mail qw(mail);

use constant { NOT_FOUND => 0x8004010F, INVALID => 0x80070057, NOT_SUPPORTED => 0x80040102,
    DUPLICATE => 0x80040604, CYCLE => 0x8004060B, NULL_DESTINATION => 0x503 };
use constant { DEL_MESSAGES => 1, DEL_FOLDERS => 4, HARD => 0x10, SOFT_DELETED => 0x20 };
use constant NOBODY => 0x7777_0000_0000_0001;

my $server = Okapi::Test::MAPI->server('john');
my $m = Okapi::Test::MAPI->connect($server, 'john');
my $logon = $m->logon;
my $inbox = $logon->open_special('inbox');

sub deliver { $server->deliver('john', mail(subject => $_[0])) }

sub subjects {
    my ($folder, $flags) = @_;
    return join ' ', sort map { $_->{PR_SUBJECT} }
        $folder->contents($flags // 0)->columns('PR_SUBJECT')->all_rows;
}

sub mids { return map { $_->{PR_MID} } $_[0]->contents->columns('PR_MID')->all_rows }

sub names {
    my ($folder, $flags) = @_;
    return join ' ', map { $_->{PR_DISPLAY_NAME} }
        $folder->hierarchy($flags // 0)->columns('PR_DISPLAY_NAME')->all_rows;
}

sub fill { my ($folder, @subjects) = @_; deliver($_) for @subjects;
    return $inbox->move_messages($folder, mids($inbox)) }

subtest 'making folders' => sub {
    my $folder = $inbox->create_folder('New', comment => 'Why');
    is $folder->property('PR_FOLDER_TYPE'), 1, 'a generic one'; # MS-OXCFOLD_R46
    is $folder->property('PR_COMMENT'), 'Why', 'its comment';
    is names($inbox), 'New', 'listed';
    is $inbox->try_create('NEW')->{status}, DUPLICATE, 'one name, one folder';
    my $again = $inbox->create_folder('NEW', open_existing => 1);
    is $again->{fid}, $folder->{fid}, 'the existing one is opened';
    is $again->{response}{is_existing_folder}, 1, 'and said to exist';
    is $inbox->try_create('x' x 256)->{status}, INVALID, 'a name that is too long';
    is $inbox->create_folder('x' x 255)->property('PR_DISPLAY_NAME'), 'x' x 255, 'the longest';
    is $inbox->try_create('Zero', folder_type => 0)->{status}, INVALID, 'no root';
    is $inbox->create_folder("\x{C4}b", use_unicode_strings => 0)->property('PR_DISPLAY_NAME'),
        "\x{C4}b", 'a name in the code page';
    is $logon->try('CreateFolder', { folder_type => 1, use_unicode_strings => 1, open_existing => 0,
        reserved => 0, display_name => 'x', comment => '' })->{status}, NOT_SUPPORTED, 'on a logon';
};

subtest 'deleting folders' => sub {
    my $top = $inbox->create_folder('Top');
    my $full = $top->create_folder('Full');
    fill($full, 'one');
    my $delete = sub { $_[0]->try('DeleteFolder', { delete_folder_flags => $_[2],
        folder_id => $_[1]{fid} }) };
    my $answer = $delete->($top, $full, 0);
    is_deeply [@$answer{qw(status partial_completion)}], [0, 1], 'not with messages in it';
    is $delete->($inbox, $top, DEL_MESSAGES)->{partial_completion}, 1, 'not with folders in it';
    is $delete->($top, $full, 0x20)->{status}, INVALID, 'an unknown flag';
    is $delete->($top, { fid => NOBODY }, 0)->{status}, NOT_FOUND, 'none';
    is $delete->($logon->open_special('root'), { fid => $logon->{special}{root} }, 0)->{status},
        NOT_SUPPORTED, 'the root';
    is $delete->($logon->open_special('ipm_subtree'), $inbox, 0)->{status}, NOT_SUPPORTED,
        'a special one';
    $answer = $delete->($inbox, $top, DEL_MESSAGES | DEL_FOLDERS);
    is_deeply [@$answer{qw(status partial_completion)}], [0, 0], 'all of it';
    unlike names($inbox), qr/Top/, 'it is gone';
    like names($inbox, SOFT_DELETED), qr/Top/, 'softly';
    my $hard = $inbox->create_folder('Hard');
    is $delete->($inbox, $hard, HARD)->{status}, 0, 'for good';
    unlike names($inbox, SOFT_DELETED), qr/Hard/, 'nothing is left';
};

subtest 'moving and copying folders' => sub {
    my ($from, $to) = map { $inbox->create_folder($_) } 'From', 'To';
    my $folder = $from->create_folder('Folder');
    my $below = $folder->create_folder('Below');
    fill($folder, 'a', 'b');
    my $move = sub { $from->try_to($_[1], 'MoveFolder', { use_unicode => 1,
        folder_id => $_[0], new_folder_name => $_[2] }) };
    my $copy = sub { $from->try_to($_[1], 'CopyFolder', { use_unicode => 1,
        want_recursive => $_[3], folder_id => $_[0], new_folder_name => $_[2] }) };
    is $copy->($folder->{fid}, $to, 'Flat', 0)->{status}, 0, 'copied';
    is names($to), 'Flat', 'under a new name';
    is $copy->($folder->{fid}, $to, 'Deep', 1)->{partial_completion}, 0, 'with what is below';
    is names($to, 4), 'Deep Below Flat', 'that is there, too';
    is $copy->($folder->{fid}, $to, 'flat', 0)->{status}, DUPLICATE, 'a name that is taken';
    is $copy->(NOBODY, $to, 'Nobody', 0)->{status}, NOT_FOUND, 'nothing to copy';
    is $move->($folder->{fid}, $below, 'x')->{status}, CYCLE, 'into itself';
    is $move->($folder->{fid}, $to, 'Deep')->{status}, DUPLICATE, 'another name that is taken';
    is $move->($folder->{fid}, $to, '')->{status}, INVALID, 'no name';
    is $move->(NOBODY, $to, 'x')->{status}, NOT_FOUND, 'nothing to move';
    is $move->($logon->{special}{sent}, $to, 'x')->{status}, NOT_SUPPORTED, 'a special folder';
    is $move->($folder->{fid}, $to, 'Moved')->{status}, 0, 'moved';
    is names($from), '', 'from here';
    is names($to), 'Deep Flat Moved', 'to there';
    is subjects($logon->open_folder($folder->{fid})), 'a b', 'with its messages, and its id';
    my ($response) = $m->execute([$from->{handle}, 0xFFFFFFFF], [[MoveFolder => { logon_id => 0,
        in => 0, dest => 1, want_asynchronous => 0, use_unicode => 1, folder_id => $folder->{fid},
        new_folder_name => 'x' }]]);
    is $response->{status}, NULL_DESTINATION, 'no destination';
};

subtest 'messages' => sub {
    my ($from, $to) = map { $inbox->create_folder($_) } 'Messages', 'Elsewhere';
    fill($from, 'a', 'b', 'c');
    my @mids = mids($from);
    is $from->try_move($to, 1, @mids)->{partial_completion}, 0, 'copied';
    is subjects($to), 'a b c', 'all of them';
    is subjects($from), 'a b c', 'from where they stay';
    my $answer = $from->try_move($to, 0, $mids[0], NOBODY);
    is_deeply [@$answer{qw(status partial_completion)}], [0, 1], 'one moved, one is not there';
    is scalar(mids($to)), 4, 'the one is';
    is $from->try_move($to, 0)->{status}, 0, 'none at all';
    my $delete = sub { my ($folder, $rop, @ids) = @_; $folder->try($rop, { want_asynchronous => 0,
        notify_non_read => 0, message_ids => \@ids }) };
    is $delete->($from, 'DeleteMessages', $mids[1], NOBODY)->{partial_completion}, 1,
        'one deleted, one is not there';
    is scalar(mids($from)), 1, 'one is left';
    is subjects($from, SOFT_DELETED) =~ tr/a-c//, 1, 'the other can be recovered';
    is $delete->($from, 'HardDeleteMessages', $mids[2])->{partial_completion}, 0, 'another for good';
    is subjects($from), '', 'nothing is left';
    is length subjects($from, SOFT_DELETED), 1, 'and that one can not be recovered';
};

subtest 'emptying' => sub {
    my $folder = $inbox->create_folder('Emptied');
    my $below = $folder->create_folder('Below');
    my $empty = sub { $_[0]->try($_[1], { want_asynchronous => 0, want_delete_associated => 1 }) };
    fill($folder, 'a', 'b');
    my $answer = $empty->($folder, 'EmptyFolder');
    is_deeply [@$answer{qw(status partial_completion)}], [0, 0], 'messages and folders';
    is subjects($folder) . names($folder), '', 'are gone';
    is subjects($folder, SOFT_DELETED), 'a b', 'softly';
    is $empty->($logon->open_special('root'), 'EmptyFolder')->{status}, NOT_SUPPORTED,
        'not the root'; # MS-OXCFOLD 3.2.5.9
    fill($folder, 'c');
    is $empty->($folder, 'HardDeleteMessagesAndSubfolders')->{status}, 0, 'for good';
    is subjects($folder), '', 'it is empty';
    is subjects($folder, SOFT_DELETED), 'a b', 'nothing more can be recovered';
    is $empty->($logon, 'EmptyFolder')->{status}, NOT_SUPPORTED, 'a logon';
};

done_testing;
