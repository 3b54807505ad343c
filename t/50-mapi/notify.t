#!/usr/bin/perl

# Notifications: MS-OXCNOTIF 2.2.1 and 3.1, MS-OXCMAPIHTTP 2.2.4.4.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(time);

use Okapi::Test::MAPI;
use Okapi::Test::Mail qw(mail);
use Okapi::Test::Rops qw(counter_of);

use constant { NEW_MAIL => 0x02, CREATED => 0x04, DELETED => 0x08, MODIFIED => 0x10, TABLE => 0x100,
    MESSAGE => 0x8000, COUNTS => 0x3000 };

my $server = Okapi::Test::MAPI->server('john', 'mary');
my $m = Okapi::Test::MAPI->connect($server, 'john');
my $logon = $m->logon;
my $inbox = $logon->open_special('inbox');

sub deliver { $server->deliver('john', mail(subject => $_[0] // 'News', @_[1 .. $#_])) }

# Events as [handle, flags], the pending ones of a new Execute.
sub events {
    return map { [$_->{notification_handle}, $_->{notification_flags}] } $m->notifications;
}

# The message that came last; by a table that wants no notifications.
sub newest {
    my $table = ($_[0] // $inbox)->contents(0x10)->columns('PR_MID');
    my @mids = sort { counter_of($a) <=> counter_of($b) } map { $_->{PR_MID} } $table->all_rows;
    $table->release;
    return $mids[-1];
}

subtest 'new mail' => sub {
    my $subscription = $logon->subscribe(NEW_MAIL);
    is_deeply [events()], [], 'nothing yet';
    deliver();
    my ($event, @more) = $m->notifications;
    is_deeply \@more, [], 'one event';
    is $event->{rop}, 'Notify', 'RopNotify'; # MS-OXCNOTIF_R345
    # MS-OXCNOTIF_R96
    is $event->{notification_handle}, $subscription->{handle}, 'for the subscription';
    is $event->{logon_id}, 0, 'of this logon'; # MS-OXCNOTIF_R97001
    is $event->{notification_flags}, NEW_MAIL | MESSAGE, 'new mail, a message'; # MS-OXCNOTIF_R103
    is $event->{folder_id}, $inbox->{fid}, 'in the inbox'; # MS-OXCNOTIF_R17103
    is $event->{message_id}, newest(), 'this one'; # MS-OXCNOTIF_R17501
    is $event->{message_class}, 'IPM.Note', 'a note';
    is $event->{message_flags} & 1, 0, 'unread'; # MS-OXCNOTIF_R21501
    is_deeply [events()], [], 'told once';
    $subscription->release;
    deliver();
    is_deeply [events()], [], 'no more when it is released';
};

subtest 'objects, in the whole store and in one folder' => sub {
    my %at = map { $_->[0] => $_->[1] } (
        [store => $logon->subscribe(CREATED | DELETED | MODIFIED)],
        [inbox => $logon->subscribe(CREATED | MODIFIED, folder_id => $inbox->{fid})],
        [sent => $logon->subscribe(CREATED | MODIFIED, folder_id => $logon->{special}{sent})]);
    my $told = sub {
        my %flags;
        push @{ $flags{ $_->[0] } }, $_->[1] for events();
        return { map { $_ => [sort { $a <=> $b } @{ $flags{ $at{$_}{handle} } || [] }] } keys %at };
    };
    deliver();
    is_deeply $told->(), { store => [MODIFIED | COUNTS, CREATED | MESSAGE],
        inbox => [MODIFIED | COUNTS, CREATED | MESSAGE], sent => [] }, 'a message created';
    $inbox->call('SetReadFlags', { want_asynchronous => 0, read_flags => 1,
        message_ids => [newest()] });
    is_deeply $told->(), { store => [MODIFIED | COUNTS, MODIFIED | MESSAGE],
        inbox => [MODIFIED | COUNTS, MODIFIED | MESSAGE], sent => [] }, 'a message read';
    my ($event) = do { deliver(); grep { $_->{notification_flags} & 0x1000 } $m->notifications };
    # MS-OXCNOTIF_R20701
    is $event->{total_message_count}, $inbox->property('PR_CONTENT_COUNT'), 'TotalMessageCount';
    # MS-OXCNOTIF_R21101
    is $event->{unread_message_count}, $inbox->property('PR_CONTENT_UNREAD'), 'UnreadMessageCount';
    $_->release for values %at;
};

subtest 'one message' => sub {
    my $mid = newest();
    my $subscription = $logon->subscribe(MODIFIED, folder_id => $inbox->{fid}, message_id => $mid);
    deliver();
    is_deeply [events()], [], 'not another one';
    $inbox->call('SetReadFlags', { want_asynchronous => 0, read_flags => 1,
        message_ids => [$mid] });
    is_deeply [events()], [[$subscription->{handle}, MODIFIED | MESSAGE]], 'this one read';
    $subscription->release;
};

subtest 'tables' => sub {
    my $table = $inbox->contents->columns('PR_SUBJECT');
    my $silent = $inbox->contents(0x10)->columns('PR_SUBJECT');
    my $tree = $logon->open_special('root')->hierarchy->columns('PR_DISPLAY_NAME');
    my $sent = $logon->open_special('sent')->contents->columns('PR_SUBJECT');
    deliver();
    is_deeply [events()], [], 'nothing before somebody has looked'; # MS-OXCNOTIF_R246
    $_->rows(1) for $table, $silent, $tree, $sent; # MS-OXCNOTIF_R252
    deliver();
    my %changed = map { $_->{notification_handle} => $_ } $m->notifications;
    is_deeply [sort keys %changed], [sort $table->{handle}, $tree->{handle}],
        'the table of this folder and the one of folders; not the silent one'; # MS-OXCNOTIF_R258
    # MS-OXCNOTIF_R110
    is $changed{ $table->{handle} }{notification_flags}, TABLE, 'a table modified';
    is $changed{ $table->{handle} }{table_event_type}, 1, 'as a whole'; # MS-OXCNOTIF_R22
    $table->call('ResetTable');
    $tree->release;
    deliver();
    is_deeply [events()], [], 'silent when reset'; # MS-OXCNOTIF_R280
    $_->release for $table, $silent, $sent;
};

subtest 'more than fits' => sub {
    my $subscription = $logon->subscribe(NEW_MAIL | CREATED);
    deliver("Mail $_") for 1 .. 6;
    my @got;
    for (1 .. 20) {
        my @part = $m->notifications(max_rop_out => 200);
        push @got, grep { $_->{rop} eq 'Notify' } @part;
        last if !grep { $_->{rop} eq 'Pending' } @part; # MS-OXCNOTIF_R349
    }
    # MS-OXCNOTIF_R347
    is scalar(grep { $_->{notification_flags} == (NEW_MAIL | MESSAGE) } @got), 6,
        'all six, in pieces';
    is scalar(grep { $_->{notification_flags} == (CREATED | MESSAGE) } @got), 6, 'of either kind';
    $subscription->release;
};

# What has changed again is told of behind the others, so only with the second piece.
subtest 'created and changed, in pieces' => sub {
    my $other = Okapi::Test::MAPI->connect($server, 'john')->logon->open_special('inbox');
    my $mark = sub { $other->call('SetReadFlags', { want_asynchronous => 0, read_flags => $_[0],
        message_ids => [$_[1]] }) };
    my $subscription = $logon->subscribe(NEW_MAIL | CREATED | MODIFIED);
    deliver('first');
    my $first = newest($other);
    deliver('second');
    my $second = newest($other);
    $mark->(1, $first);
    my (%told, $pieces);
    for (1 .. 20) {
        my @part = $m->notifications(max_rop_out => 150);
        $pieces++;
        push @{ $told{ $_->{message_id} } }, $_->{notification_flags}
            for grep { ($_->{notification_flags} // 0) & MESSAGE } @part;
        last if !grep { $_->{rop} eq 'Pending' } @part;
    }
    cmp_ok $pieces, '>', 1, 'in pieces';
    is_deeply \%told, { map { $_ => [NEW_MAIL | MESSAGE, CREATED | MESSAGE] } $first, $second },
        'what came and was read is new, not only read';
    $mark->(4, $first);
    is_deeply [map { $_->{notification_flags} } grep { $_->{message_id} } $m->notifications],
        [MODIFIED | MESSAGE], 'and modified when it changes later';
    $subscription->release;
};

subtest 'NotificationWait' => sub {
    my $subscription = $logon->subscribe(NEW_MAIL);
    my $wait = $m->wait_for_notification;
    ok !$wait->ready(1), 'is held';
    deliver();
    my $delivered = time;
    is $wait->result(10), 1, 'EventPending'; # MS-OXCNOTIF_R310
    my $seconds = time - $delivered;
    cmp_ok $seconds, '<', 2, sprintf 'answered %.0f ms after the delivery', $seconds * 1000;
    is $wait->{answer}{meta}[0], 'PROCESSING', 'the preamble came before';
    is $m->wait_for_notification->result(10), 1,
        'answered at once as long as nobody asks what it is';
    is_deeply [events()], [[$subscription->{handle}, NEW_MAIL | MESSAGE]], 'asked';
    $wait = $m->wait_for_notification;
    ok !$wait->ready(1), 'held again';
    $server->deliver('mary', mail(to => ['mary@example.org']));
    ok !$wait->ready(1), 'another mailbox\' mail is no event';
    deliver();
    is $wait->result(10), 1, 'this one\'s is';
    $subscription->release;
};

subtest 'a killed child' => sub {
    my $subscription = $logon->subscribe(NEW_MAIL);
    deliver();
    $server->kill_children;
    is_deeply [events()], [[$subscription->{handle}, NEW_MAIL | MESSAGE]], 'loses no event';
};

done_testing;
