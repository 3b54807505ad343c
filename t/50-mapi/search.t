#!/usr/bin/perl

# Search folders: MS-OXCFOLD 2.2.1.2, 2.2.1.4, 2.2.1.5, 3.2.5.4, 3.2.5.5; what is told of them:
# MS-OXCNOTIF 2.2.1.1, 2.2.1.4.1.2.

use strict;
use warnings;
no warnings 'portable'; # 64-bit numbers

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep time);

use Okapi::Test::MAPI;
use Okapi::Test::Mail qw(mail);
use Okapi::Test::Rops qw(counter_of);

use constant { CREATED => 0x04, DELETED => 0x08, MODIFIED => 0x10, COMPLETE => 0x80, TABLE => 0x100,
    IN_SEARCH => 0xC000, COUNTS => 0x3000 };
use constant { STOP => 1, RESTART => 2, RECURSIVE => 4, SHALLOW => 8, FOREGROUND => 0x10,
    BACKGROUND => 0x20, STATIC => 0x40000 };
use constant { RUNNING => 1, IS_RECURSIVE => 4, IS_FOREGROUND => 8, IS_COMPLETE => 0x1000,
    IS_STATIC => 0x10000, NO_INDEX => 0x08000000 };
use constant { NOT_FOUND => 0x8004010F, INVALID => 0x80070057, NOT_SUPPORTED => 0x80040102,
    NOT_INITIALIZED => 0x80040605, NOT_SEARCH => 0x461, SEARCH_FOLDER => 0x460, SCOPE => 0x490,
    DENIED => 0x80070005 };

my $server = Okapi::Test::MAPI->server('john', 'mary');
my $m = Okapi::Test::MAPI->connect($server, 'john');
my $logon = $m->logon;
my $inbox = $logon->open_special('inbox');
my $sent = $logon->open_special('sent');
my $finder = $logon->open_special('finder');

sub deliver { $server->deliver('john', mail(subject => $_[0], @_[1 .. $#_])) }
sub unread { return [bitmask => 'PR_MESSAGE_FLAGS', 0, 1] }
sub subject { return [content => 'PR_SUBJECT', $_[0], 0x10001] }

sub search_folder {
    my ($name, $restriction, $fids, $flags) = @_;
    my $folder = $finder->create_folder($name, folder_type => 2);
    $folder->set_search($restriction, $fids, $flags);
    return $folder;
}

# What the folder shows, by subject, once that is WANTED.
sub shows {
    my ($folder, $wanted) = @_;
    my $found;
    for (1 .. 100) {
        my $table = $folder->contents(0x10)->columns('PR_SUBJECT')->sort('PR_SUBJECT');
        $found = join ' ', map { $_->{PR_SUBJECT} } $table->all_rows;
        $table->release;
        return $found if $found eq $wanted;
        sleep 0.05;
    }
    return $found;
}

sub newest {
    my ($folder) = @_;
    my $table = $folder->contents(0x10)->columns('PR_MID');
    my @mids = sort { counter_of($a) <=> counter_of($b) } map { $_->{PR_MID} } $table->all_rows;
    $table->release;
    return $mids[-1];
}

subtest 'making one' => sub {
    my $folder = $finder->create_folder('Made', folder_type => 2, comment => 'Why');
    is $folder->property('PR_FOLDER_TYPE'), 2, 'a search folder'; # MS-OXCFOLD_R47
    is $folder->property('PR_DISPLAY_NAME'), 'Made', 'its name';
    is $folder->property('PR_COMMENT'), 'Why', 'and why';
    is $folder->{response}{is_existing_folder}, 0, 'new';
    is $finder->try_create('made', folder_type => 2)->{status}, 0x80040604, 'not twice';
    is $finder->create_folder('made', folder_type => 2, open_existing => 1)->{fid}, $folder->{fid},
        'but opened';
    is $folder->try_create('Below')->{status}, SEARCH_FOLDER, 'nothing below it';
    is $finder->try_create('Bad', folder_type => 3)->{status}, INVALID, 'no other type';
    is $finder->try_create('', folder_type => 2)->{status}, INVALID, 'a name';
    is $finder->try_create("a\x{07}", folder_type => 1)->{status}, INVALID, 'of letters';
    my $mary = Okapi::Test::MAPI->connect($server, 'mary');
    is $mary->logon->open_special('finder')->try_create('Hers', folder_type => 2)->{status}, 0,
        'mary has hers';
};

subtest 'criteria' => sub {
    my $folder = $finder->create_folder('Criteria', folder_type => 2);
    my $try = sub { $folder->try_search(@_)->{status} };
    is $folder->try_criteria->{status}, NOT_INITIALIZED, 'none yet';
    is $try->(unread(), [], 0), NOT_INITIALIZED, 'no folders'; # MS-OXCFOLD_R1240
    is $try->(undef, [$inbox->{fid}], 0), NOT_INITIALIZED, 'no restriction';
    is $try->(unread(), [], STOP), NOT_INITIALIZED, 'nothing to stop';
    is $try->(unread(), [$inbox->{fid}], 0x80), INVALID, 'an unknown flag'; # MS-OXCFOLD_R116
    is $try->(unread(), [$inbox->{fid}], STOP | RESTART), INVALID, 'stop and go';
    is $try->(unread(), [$inbox->{fid}], RECURSIVE | SHALLOW), INVALID, 'deep and flat';
    is $try->(unread(), [$folder->{fid}], 0), SCOPE, 'itself'; # MS-OXCFOLD_R1242
    is $try->(unread(), [$finder->create_folder('Other', folder_type => 2)->{fid}], 0), SCOPE,
        'another search folder';
    is $try->(unread(), [0x7777_0000_0000_0001], 0), NOT_FOUND, 'a folder that is not there';
    is $inbox->try_search(unread(), [$sent->{fid}], 0)->{status}, NOT_SEARCH, 'no search folder';
    is $inbox->try_criteria->{status}, NOT_SEARCH, 'nor has it any';
    is $logon->try('SetSearchCriteria', { restriction => unread(), folder_ids => [],
        search_flags => 0 })->{status}, NOT_SUPPORTED, 'a logon'; # MS-OXCFOLD_R574
    is $try->([and => unread(), subject('x')], [$inbox->{fid}, $sent->{fid}],
        RECURSIVE | FOREGROUND | RESTART), 0, 'set';
    my $set = $folder->criteria;
    is_deeply $set->{folder_ids}, [$inbox->{fid}, $sent->{fid}], 'the folders';
    is $set->{restriction}[0], 'and', 'the restriction';
    is $set->{restriction}[2][1], 'PR_SUBJECT', 'all of it';
    is $set->{search_flags} & ~RUNNING & ~2, IS_RECURSIVE | IS_FOREGROUND | IS_COMPLETE | NO_INDEX,
        'complete, recursive';
    my $bare = $folder->criteria(include_restriction => 0, include_folders => 0);
    is $bare->{restriction}, undef, 'no restriction if not asked for'; # MS-OXCFOLD_R136
    is_deeply $bare->{folder_ids}, [], 'no folders'; # MS-OXCFOLD_R1104
    is $folder->criteria(use_unicode => 0)->{restriction}[2][1], '0x0037001E', '8-bit strings';
    is $try->(undef, [], RESTART), 0, 'the same again';
    is_deeply $folder->criteria->{folder_ids}, [$inbox->{fid}, $sent->{fid}], 'and its folders';
    is $folder->criteria->{search_flags} & IS_RECURSIVE, 0, 'flat by default'; # MS-OXCFOLD_R1200
    is $try->(undef, [], STOP), 0, 'stopping what is complete';
    ok $folder->criteria->{search_flags} & IS_COMPLETE, 'has no effect';
};

subtest 'what it shows' => sub {
    deliver($_) for 'apple', 'banana', 'apple pie';
    my $folder = search_folder('Apples', subject('apple'), [$inbox->{fid}], RECURSIVE);
    is shows($folder, 'apple apple pie'), 'apple apple pie', 'what fits';
    is $logon->open_folder($folder->{fid})->property('PR_CONTENT_COUNT'), 2, 'counted';
    is $logon->open_folder($folder->{fid})->property('PR_CONTENT_UNREAD'), 2, 'unread';
    deliver('apple juice');
    is shows($folder, 'apple apple juice apple pie'), 'apple apple juice apple pie',
        'what comes later';
    my ($row) = $folder->contents->columns('PR_MID', 'PR_PARENT_ENTRYID', 'PR_MESSAGE_CLASS')->rows(1);
    my ($there) = $inbox->contents->columns('PR_MID', 'PR_PARENT_ENTRYID')->rows(1);
    # MS-OXCFOLD_R1172
    is $row->{PR_PARENT_ENTRYID}, $there->{PR_PARENT_ENTRYID}, 'rows say where they are';
    my $message = $logon->open_message($folder->{fid}, $row->{PR_MID});
    like $message->property('PR_SUBJECT'), qr/apple/, 'opened by way of it';
    is $message->property('PR_PARENT_ENTRYID'), $there->{PR_PARENT_ENTRYID}, 'is where it is';
    is $logon->try('OpenMessage', { code_page_id => 0x0FFF, folder_id => $folder->{fid},
        open_mode_flags => 0, message_id => newest($inbox) - 0 })->{status} , 0, 'the newest, too';
    $folder->call('SetReadFlags', { want_asynchronous => 0, read_flags => 1,
        message_ids => [$row->{PR_MID}] });
    is $logon->open_folder($folder->{fid})->property('PR_CONTENT_UNREAD'), 2, 'one is read';
    is $inbox->property('PR_CONTENT_UNREAD'), 3, 'where it is, too';
    my $below = $inbox->create_folder('Below');
    $inbox->move_messages($below, $row->{PR_MID});
    is scalar(split / /, shows($folder, 'apple apple juice apple pie')), 5,
        'moved to a folder below';
    $folder->call('DeleteMessages', { want_asynchronous => 0, notify_non_read => 0,
        message_ids => [newest($below)] });
    is $below->contents->count, 0, 'deleted by way of it';
    is $folder->contents->count, 2, 'and no longer shown';
    $folder->release;
};

subtest 'what it is not' => sub {
    my $folder = search_folder('Not', subject('apple'), [$inbox->{fid}], 0);
    is $inbox->try_move($folder, 1, newest($inbox))->{status}, SEARCH_FOLDER,
        'no place to copy to'; # MS-OXCFOLD_R1246
    is $inbox->try_move($folder, 0, newest($inbox))->{status}, SEARCH_FOLDER, 'nor to move to';
    is $folder->try('EmptyFolder', { want_asynchronous => 0, want_delete_associated => 0 })->{status},
        NOT_SUPPORTED, 'it is not emptied'; # MS-OXCFOLD_R1249
    is $finder->try('DeleteFolder', { delete_folder_flags => 0, folder_id => $folder->{fid} })
        ->{partial_completion}, 0, 'deleted, although it shows something';
    is $logon->try('OpenFolder', { folder_id => $folder->{fid}, open_mode_flags => 0 })->{status},
        NOT_FOUND, 'it is gone';
    ok $inbox->contents->count >= 3, 'what it showed is not';
};

subtest 'for its owner only' => sub {
    my $folder = search_folder('Mine', subject('apple'), [$inbox->{fid}], 0);
    my $mary = Okapi::Test::MAPI->connect($server, 'mary');
    my $there = eval { $mary->logon(user => 'john') };
    ok !$there || $there->try('OpenFolder', { folder_id => $folder->{fid}, open_mode_flags => 0 })
        ->{status} == NOT_FOUND, 'mary does not see it';
};

sub events { return map { [$_->{notification_handle}, $_->{notification_flags}] } $m->notifications }

subtest 'what is told' => sub {
    my $folder = $finder->create_folder('Told', folder_type => 2);
    my $subscription = $logon->subscribe(COMPLETE | CREATED | DELETED | MODIFIED,
        folder_id => $folder->{fid});
    my $complete = $logon->subscribe(COMPLETE);
    deliver('cherry');
    $m->notifications;
    $folder->set_search(subject('cherry'), [$inbox->{fid}], RECURSIVE);
    is shows($folder, 'cherry'), 'cherry', 'found';
    my @events = $m->notifications;
    my @done = grep { $_->{notification_flags} == COMPLETE } @events;
    is_deeply [sort { $a <=> $b } map { $_->{notification_handle} } @done],
        [sort { $a <=> $b } $subscription->{handle}, $complete->{handle}], 'complete';
    is $done[0]{folder_id}, $folder->{fid}, 'this search';
    my ($created) = grep { $_->{notification_flags} == (CREATED | IN_SEARCH) } @events;
    is $created->{message_id}, newest($inbox), 'a message it shows';
    is $created->{parent_folder_id}, $folder->{fid}, 'in the search folder';
    my ($counts) = grep { ($_->{notification_flags} & COUNTS) == COUNTS } @events;
    is $counts->{total_message_count}, 1, 'its counts';
    my $table = $folder->contents->columns('PR_SUBJECT');
    $table->rows(1);
    $m->notifications;
    deliver('cherry cake');
    my %told = map { $_->{notification_handle} . '/' . $_->{notification_flags} => 1 }
        $m->notifications;
    ok $told{"$table->{handle}/" . TABLE}, 'its table changes';
    ok $told{"$subscription->{handle}/" . (CREATED | IN_SEARCH)}, 'one more';
    ok !$told{"$complete->{handle}/" . COMPLETE}, 'complete it was before';
    is_deeply [events()], [], 'told once';
    deliver('date');
    my %ours = map { $_->{handle} => 1 } $subscription, $complete, $table;
    is_deeply [grep { $ours{ $_->[0] } } events()], [], 'not of what does not fit';
    $inbox->call('HardDeleteMessages', { want_asynchronous => 0, notify_non_read => 0,
        message_ids => [newest($folder)] });
    ok scalar(grep { $_->[1] == (DELETED | IN_SEARCH) } events()), 'one less';
    $folder->set_search(undef, [], RESTART);
    ok scalar(grep { $_->[1] == COMPLETE } events()), 'complete again';
};

subtest 'held requests' => sub {
    my $other = Okapi::Test::MAPI->connect($server, 'john');
    my $there = $other->logon;
    my $folder = search_folder('Held', subject('elder'), [$inbox->{fid}], RECURSIVE);
    my $table = $there->open_folder($folder->{fid})->contents->columns('PR_SUBJECT');
    $table->rows(1);
    $other->notifications;
    my $wait = $other->wait_for_notification;
    deliver('fig');
    ok !$wait->ready(1), 'nothing is told of what does not fit';
    deliver('elderberry');
    is $wait->result(20), 1, 'of what does it is';
    ok scalar(grep { $_->{notification_handle} == $table->{handle} } $other->notifications),
        'its table has changed';
};

subtest 'static, and far larger' => sub {
    my $folder = search_folder('Static', subject('grape'), [$inbox->{fid}], STATIC | BACKGROUND);
    ok $folder->criteria->{search_flags} & IS_STATIC, 'static';
    deliver('grape');
    $folder->contents;
    is $folder->contents->count, 0, 'what comes later is not found'; # MS-OXCFOLD_R1210
    $folder->set_search(undef, [], RESTART | STATIC);
    is shows($folder, 'grape'), 'grape', 'unless it begins again';
};

done_testing;
