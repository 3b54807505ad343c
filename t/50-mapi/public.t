#!/usr/bin/perl

# Logging on to public folders, and two who read there: MS-OXCSTOR 2.2.1.1, 2.2.1.6, 2.2.1.7,
# MS-OXCMSG 2.2.3.11.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Mail qw(mail);
use Okapi::Test::Rops qw(fid);

use constant { NOT_FOUND => 0x8004010F, LOGIN_FAILURE => 0x80040111 };

my $server = Okapi::Test::MAPI->server('john', 'mary');
my %m = map { $_ => Okapi::Test::MAPI->connect($server, $_) } 'john', 'mary';

sub try_logon {
    my (%fields) = @_;
    my $logon = Okapi::Test::MAPI::Logon->new($m{john}, 0xFFFFFFFF, 3);
    return $logon->try('Logon', { logon_flags => 0, open_flags => 2, store_state => 0, essdn => '', %fields })
        ->{status};
}

subtest 'without a public store' => sub {
    is try_logon(), LOGIN_FAILURE, 'there is nothing to log on to'; # MS-OXCSTOR_R59753
};

my ($code, undef, $err) = $server->admin('public', 'create');
is $code, 0, 'a public store' or diag $err;
$server->admin('folder', 'create', '@public', 'Projects');
sub post { $server->deliver('@public', mail(subject => $_[0]), options => ['-d', 'Projects']) }
post('First');
post('Second');

my %logon = map { $_ => $m{$_}->public_logon } keys %m;
my %folder = map { $_ => $logon{$_}->open_special('ipm_subtree')->open_child('Projects') } keys %m;
my $fid = $folder{john}{fid};

subtest 'RopLogon' => sub {
    my $response = $logon{john}{response};
    is $response->{logon_flags}, 0, 'LogonFlags'; # MS-OXCSTOR_R1071
    my @ids = @{ $response->{folder_ids} };
    is scalar(grep { $_ } @ids[0 .. 5]), 6, 'six folders'; # MS-OXCSTOR_R59793
    is scalar(grep { $_ } @ids[6 .. 12]), 0, 'and seven that there are not';
    is $response->{repl_id}, 1, 'ReplId'; # MS-OXCSTOR_R148
    isnt $response->{repl_guid}, $m{john}->logon->{response}{repl_guid}, 'a replica of its own'; # MS-OXCSTOR_R149
    is $response->{per_user_guid}, '00000000-0000-0000-0000-000000000000', 'PerUserGuid'; # MS-OXCSTOR_R162
    my %name = (ipm_subtree => 'IPM_SUBTREE', non_ipm_subtree => 'NON_IPM_SUBTREE', eforms => 'EFORMS REGISTRY',
        freebusy => 'SCHEDULE+ FREE BUSY', offline => 'OFFLINE ADDRESS BOOK');
    is $logon{john}->open_special($_)->property('PR_DISPLAY_NAME'), $name{$_}, $_ for sort keys %name;
    is try_logon(logon_flags => 4), 0, 'Ghosted makes no difference'; # MS-OXCSTOR_R1219
    is try_logon(open_flags => 0x202), 0, 'nor does IGNORE_HOME_MDB'; # MS-OXCSTOR_R1218
    is try_logon(open_flags => 0), LOGIN_FAILURE, 'PUBLIC is missing'; # MS-OXCSTOR_R3110001
    is try_logon(open_flags => 0x102), LOGIN_FAILURE, 'another server is asked for'; # MS-OXCSTOR_R835
    # MS-OXCSTOR_R59783 R856 R875 R888 R59771
    my %private = (GetReceiveFolder => { message_class => '' }, GetReceiveFolderTable => {},
        SetReceiveFolder => { message_class => 'IPM.X', folder_id => $fid }, GetStoreState => {});
    is $logon{john}->try($_, $private{$_})->{status}, 0x80040102, "$_ is for mailboxes" for sort keys %private;
};

subtest 'where folders are' => sub {
    my $servers = $logon{john}->call('GetOwningServers', { folder_id => $fid });
    # MS-OXCSTOR_R367 R368 R371
    is_deeply [@{$servers}{qw(owning_servers_count cheap_servers_count)}], [1, 1], 'on one server';
    like $servers->{owning_servers}[0], qr{^/o=okapi/.*/cn=Servers/cn=localhost$}, 'this one'; # MS-OXCSTOR_R916
    is $logon{john}->call('PublicFolderIsGhosted', { folder_id => $fid })->{is_ghosted}, 0, 'not ghosted'; # R930
    # MS-OXCSTOR_R1232 R1236
    is $logon{john}->try($_, { folder_id => fid(0x123456) })->{status}, NOT_FOUND, "$_: no such folder"
        for 'GetOwningServers', 'PublicFolderIsGhosted';
    is $m{john}->logon->try('GetOwningServers', { folder_id => $fid })->{status}, 0x80040102,
        'of a mailbox nobody asks'; # MS-OXCSTOR_R892
};

# The subjects of what one hasn't read, and the count.
sub unread {
    my ($who) = @_;
    my @rows = $folder{$who}->contents->columns(qw(PR_SUBJECT PR_MESSAGE_FLAGS))->rows(50);
    return join ' ', $logon{$who}->open_folder($fid)->property('PR_CONTENT_UNREAD') . ':',
        sort map { $_->{PR_MESSAGE_FLAGS} & 1 ? () : $_->{PR_SUBJECT} } @rows;
}

my %mid = map { $_->{PR_SUBJECT} => $_->{PR_MID} }
    $folder{john}->contents->columns(qw(PR_SUBJECT PR_MID))->rows(5);

sub flag_of {
    my ($who, $subject, $read_flags) = @_;
    return $logon{$who}->open_message($fid, $mid{$subject})
        ->call('SetMessageReadFlag', { read_flags => $read_flags, client_data => [1 .. 24] });
}

subtest 'two readers' => sub {
    is unread($_), '2: First Second', "$_: nothing is read yet" for 'john', 'mary';
    my $response = flag_of('john', 'First', 0);
    is $response->{read_status_changed}, 1, 'a message is read';
    is $response->{logon_id}, 1, 'LogonId'; # MS-OXCROPS_R2111
    is_deeply $response->{client_data}, [1 .. 24], 'ClientData comes back';
    is flag_of('john', 'First', 0)->{read_status_changed}, 0, 'it was already';
    is unread('john'), '1: Second', 'by one';
    is unread('mary'), '2: First Second', 'not by the other';
    $folder{mary}->call('SetReadFlags', { want_asynchronous => 0, read_flags => 0, message_ids => [] });
    is unread('mary'), '0:', 'who reads them all';
    is unread('john'), '1: Second', 'which is nothing to the first one';
    flag_of('john', 'First', 4);
    is unread('john'), '2: First Second', 'and has it unread again';
    post('Third');
    is unread('john'), '3: First Second Third', 'something new is unread to one';
    is unread('mary'), '1: Third', 'and the other';
};

# The bytes of a request depend on its logon: also if that is made in the same buffer.
subtest 'all at once' => sub {
    my @handles = (0xFFFFFFFF) x 2;
    my @responses = $m{john}->execute(\@handles, [
        [Logon => { logon_id => 9, out => 0, logon_flags => 0, open_flags => 2, store_state => 0, essdn => '' }],
        [OpenMessage => { logon_id => 9, in => 0, out => 1, code_page_id => 0xFFF, folder_id => $fid,
            open_mode_flags => 0, message_id => $mid{Second} }],
        [SetMessageReadFlag => { logon_id => 9, response => 0, in => 1, read_flags => 0, client_data => [1 .. 24] }],
        [LongTermIdFromId => { logon_id => 9, in => 0, object_id => $fid }]], public => [9]);
    is_deeply [map { "$_->{rop} $_->{status}" } @responses],
        ['Logon 0', 'OpenMessage 0', 'SetMessageReadFlag 0', 'LongTermIdFromId 0'], 'understood';
    is unread('john'), '2: First Third', 'and done';
};

subtest 'rights' => sub {
    $server->admin('permission', 'set', '@public', 'Projects', 'mary', 'none');
    is $logon{mary}->try('OpenFolder', { folder_id => $fid, open_mode_flags => 0 })->{status}, NOT_FOUND,
        'one may not see the folder';
    is unread('john'), '2: First Third', 'the other may';
    is $logon{mary}->try('GetOwningServers', { folder_id => $fid })->{status}, NOT_FOUND, 'it is not there';
};

subtest 'news' => sub {
    my $table = $folder{john}->contents->columns('PR_SUBJECT');
    $table->rows(5);
    post('Fourth');
    my @news = grep { $_->{rop} eq 'Notify' } $m{john}->notifications;
    ok scalar @news, 'a table in a public folder is told of' or diag explain \@news;
};

done_testing;
