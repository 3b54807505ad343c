#!/usr/bin/perl

# What each right on a folder lets somebody else do in it: MS-OXCPERM 2.2.7, 3.2.4.1.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Mail qw(mail);

my %answer = (0 => '+', 0x80070005 => 'denied', 0x8004010F => 'none');

my $server = Okapi::Test::MAPI->server('john', 'mary');
$server->admin('permission', 'set', 'john', '/', 'mary', 'folder-visible');
$server->admin('folder', 'create', 'john', 'Shared');
$server->admin('folder', 'create', 'john', 'Shared/Below');
$server->admin('permission', 'set', 'john', 'Shared/Below', 'mary', 'owner');
$server->deliver('john', mail(subject => 'Shared'), options => ['-d', 'Shared']);

my $owners = Okapi::Test::MAPI->connect($server, 'john')->logon->open_special('ipm_subtree')
    ->open_child('Shared');
my $fid = $owners->{fid};
my ($mid) = map { $_->{PR_MID} } $owners->contents->columns('PR_MID')->rows(1);
my $m = Okapi::Test::MAPI->connect($server, 'mary');
my $logon = $m->logon(user => 'john');

# A folder below it, in which mary may do everything, and a message there.
my $his = $owners->open_child('Below');
$owners->try_move($his, 1, $mid);
my $below = $logon->open_folder($his->{fid});
my ($below_mid) = map { $_->{PR_MID} } $below->contents->columns('PR_MID')->rows(1);

sub partial { my ($response) = @_; return $response->{status} || ($response->{partial_completion} ? 0x80070005 : 0) }

# One more message of somebody else's in the folder.
sub victim {
    my $mids = sub { map { $_->{PR_MID} => 1 } $owners->contents->columns('PR_MID')->all_rows };
    my %before = $mids->();
    $owners->try_move($owners, 1, $mid);
    my %now = $mids->();
    return (grep { !$before{$_} } keys %now)[0];
}

my $made = 0;

# What is tried on the folder, which its owner has opened, and what it is answered.
my @operations = (
    open => sub { $logon->try('OpenFolder', { folder_id => $fid, open_mode_flags => 0 })->{status} },
    listed => sub {
        my @rows = $logon->open_special('ipm_subtree')->hierarchy->columns('PR_FID')->all_rows;
        return (grep { $_->{PR_FID} == $fid } @rows) ? 0 : 0x8004010F;
    },
    hierarchy => sub { $_[0]->try('GetHierarchyTable', { table_flags => 0 })->{status} },
    contents => sub { $_[0]->try('GetContentsTable', { table_flags => 0 })->{status} },
    associated => sub { $_[0]->try('GetContentsTable', { table_flags => 2 })->{status} },
    message => sub {
        $logon->try('OpenMessage', { code_page_id => 0xFFF, folder_id => $fid, open_mode_flags => 0,
            message_id => $mid })->{status};
    },
    flags => sub {
        my $response = $_[0]->try('SetReadFlags',
            { want_asynchronous => 0, read_flags => 0, message_ids => [$mid] });
        return $response->{status} || ($response->{partial_completion} ? 0x80070005 : 0);
    },
    status => sub { $_[0]->try('GetMessageStatus', { message_id => $mid })->{status} },
    'create folder' => sub {
        my $response = $_[0]->try_create('New ' . ++$made);
        $owners->call('DeleteFolder', { delete_folder_flags => 0x10, folder_id => $response->{folder_id} })
            if !$response->{status};
        return $response->{status};
    },
    'copy from' => sub { partial($_[0]->try_move($below, 1, $mid)) },
    'copy into' => sub { partial($below->try_move($_[0], 1, $below_mid)) },
    delete => sub {
        partial($_[0]->try('DeleteMessages',
            { want_asynchronous => 0, notify_non_read => 0, message_ids => [victim()] }));
    },
    rules => sub { $_[0]->try('GetRulesTable', { table_flags => 0x40 })->{status} },
    'set rules' => sub { $_[0]->try('ModifyRules', { modify_rules_flags => 0, rules_data => [] })->{status} },
    permissions => sub { $_[0]->try('GetPermissionsTable', { table_flags => 0 })->{status} },
    'set permissions' => sub {
        $_[0]->try('ModifyPermissions', { modify_flags => 0, permissions_data => [] })->{status};
    },
    receive => sub {
        $logon->try('SetReceiveFolder', { folder_id => $fid, message_class => 'IPM.X' })->{status};
    },
);

my @see = ('open', 'listed', 'hierarchy', 'permissions');
my @list = (@see, 'contents', 'associated');
my @read = (@list, 'message', 'status', 'copy from');
my @own = (@see, 'rules', 'set rules', 'set permissions');

# Rights, and what they allow on a message somebody else made; where nothing is seen of the folder, it
# isn't there, and all else is denied.
my @table = (
    'none' => [],
    'read' => \@read, # MS-OXCPERM_R143
    'create' => [],
    'edit-own' => [],
    'delete-own' => [],
    'edit-all' => [],
    'delete-all' => [],
    'create-subfolders' => [],
    'folder-owner' => \@own, # MS-OXCPERM_R115
    'folder-contact' => [], # MS-OXCPERM_R3003
    'folder-visible' => \@see, # MS-OXCPERM_R103 R1120 R144
    'free-busy-time' => [],
    'free-busy-details' => [],
    'create,folder-visible' => [@list, 'copy into'], # MS-OXCPERM_R140
    'edit-own,folder-visible' => \@list,
    'delete-own,folder-visible' => \@list,
    'edit-all,folder-visible' => [@see, 'flags'], # what isn't read can be marked
    'delete-all,folder-visible' => [@see, 'delete'], # MS-OXCPERM_R121
    'create-subfolders,folder-visible' => [@see, 'create folder'], # MS-OXCPERM_R118
    'read,edit-own' => \@read, # MS-OXCPERM_R125
    'read,delete-own' => \@read,
    'read,delete-all' => [@read, 'delete'],
    'read,edit-all' => [@read, 'flags'], # MS-OXCPERM_R124
    'read,folder-owner' => [@read, @own],
    'reviewer' => \@read,
    'contributor' => [@list, 'copy into'],
    'nonediting-author' => [@read, 'copy into'],
    'author' => [@read, 'copy into'],
    'publishing-author' => [@read, 'copy into', 'create folder'],
    'editor' => [@read, 'flags', 'copy into', 'delete'],
    'owner' => [@read, @own, 'flags', 'copy into', 'delete', 'create folder'],
);

# Gives WHO some rights, with a handle on the folder that was opened before.
sub after {
    my ($who, $rights) = @_;
    $server->admin('permission', 'set', 'john', 'Shared', 'mary', 'reviewer');
    my $folder = $logon->open_folder($fid);
    $server->admin('permission', 'remove', 'john', 'Shared', 'mary') if $who ne 'mary';
    my ($code, undef, $err) = $server->admin('permission', 'set', 'john', 'Shared', $who, $rights);
    is $code, 0, "$who: $rights" or diag $err;
    return $folder;
}

sub answers {
    my ($folder) = @_;
    my @todo = @operations;
    my %answers;
    while (my ($name, $operation) = splice @todo, 0, 2) {
        my $code = $operation->($folder);
        $answers{$name} = $answer{$code} // sprintf '0x%08X', $code;
    }
    return \%answers;
}

while (my ($rights, $allowed) = splice @table, 0, 2) {
    subtest $rights => sub {
        my %expected = map { $_ => @$allowed ? 'denied' : 'none' } keys %{ { @operations } };
        $expected{$_} = '+' for @$allowed;
        $expected{receive} = 'denied'; # is for the owner of the mailbox
        is_deeply answers(after('mary', $rights)), \%expected, 'what it allows';
    };
}

subtest 'who is meant' => sub {
    my $can = sub {
        my $answers = answers($_[0]);
        return join ' ', map { $answers->{$_} } qw(open message flags);
    };
    my $rights = sub { ok !$server->admin('permission', @_), "@_" };
    $server->admin('group', 'create', $_) for 'staff', 'all';
    $server->admin('group', 'add', @$_) for ['staff', 'mary'], ['all', 'staff'];
    is $can->(after('@default', 'editor')), '+ + +', 'everybody'; # MS-OXCPERM_R176
    $rights->('set', 'john', 'Shared', 'staff', 'none');
    is $logon->try('OpenFolder', { folder_id => $fid, open_mode_flags => 0 })->{status}, 0x8004010F,
        'a group comes before that'; # MS-OXCPERM_R175
    $rights->('set', 'john', 'Shared', 'all', 'reviewer');
    is $can->($logon->open_folder($fid)), '+ + denied', 'groups add up, those of groups, too';
    is $can->(after('mary', 'folder-visible')), '+ denied denied', 'the name comes first';
    $rights->('remove', 'john', 'Shared', $_) for 'mary', 'staff', 'all', '@default';
    $rights->('set', 'john', 'Shared', '@anonymous', 'owner');
    is $logon->try('OpenFolder', { folder_id => $fid, open_mode_flags => 0 })->{status}, 0x8004010F,
        'who is logged in is not anonymous'; # MS-OXCPERM_R2010
};

subtest 'what properties say' => sub {
    my %says = ( # PR_RIGHTS, PR_ACCESS, PR_ACCESS_LEVEL of the folder; of the message
        'reviewer' => [0x401, 0x02, 0, 0x02, 0], 'author' => [0x41B, 0x32, 0, 0x02, 0],
        'editor' => [0x47B, 0x32, 0, 0x07, 1], 'publishing-editor' => [0x4FB, 0x3A, 0, 0x07, 1],
        'owner' => [0x7FB, 0x3F, 1, 0x07, 1]);
    for my $role (sort keys %says) {
        after('mary', $role);
        my $folder = $logon->open_folder($fid);
        my $message = $logon->open_message($fid, $mid);
        is_deeply [map { sprintf '%X', $_ } @{ $folder->properties(qw(PR_RIGHTS PR_ACCESS PR_ACCESS_LEVEL)) }
                {qw(PR_RIGHTS PR_ACCESS PR_ACCESS_LEVEL)},
                @{ $message->properties(qw(PR_ACCESS PR_ACCESS_LEVEL)) }{qw(PR_ACCESS PR_ACCESS_LEVEL)}],
            [map { sprintf '%X', $_ } @{ $says{$role} }], $role;
    }
};

subtest 'below what is not seen' => sub {
    after('mary', 'none');
    my @deep = $logon->open_special('ipm_subtree')->hierarchy(4)->columns('PR_DISPLAY_NAME')->all_rows;
    is_deeply [map { $_->{PR_DISPLAY_NAME} } @deep], ['Below'], 'is what is';
};

done_testing;
