#!/usr/bin/perl

# RopLogon and RopRelease: MS-OXCSTOR 2.2.1.1 and 3.2.5.1, MS-OXCROPS 3.2.5.3 and 3.2.5.4.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Rops qw(counter_of);

my $server = Okapi::Test::MAPI->server('john', 'mary');
my $m = Okapi::Test::MAPI->connect($server, 'john');

subtest 'to one\'s own mailbox' => sub {
    my $before = time;
    my $response = $m->logon(logon_flags => 0xF1)->{response};
    # MS-OXCSTOR_R1062
    is $response->{logon_flags}, 1, 'LogonFlags: Private, Undercover and Ghosted only';
    is scalar @{ $response->{folder_ids} }, 13, '13 folders'; # MS-OXCSTOR_R119
    my %ids = map { $_ => 1 } @{ $response->{folder_ids} };
    is keys %ids, 13, 'all different';
    is scalar(grep { ($_ & 0xFFFF) != 1 } keys %ids), 0, 'of replica 1';
    # MS-OXCSTOR_R123 R125 R127
    is $response->{response_flags}, 7, 'ResponseFlags: reserved, owner, send as';
    is $response->{repl_id}, 1, 'ReplId'; # MS-OXCSTOR_R131
    is $response->{repl_guid}, $response->{mailbox_guid}, 'ReplGuid is the store\'s';
    isnt $response->{repl_guid}, '00000000-0000-0000-0000-000000000000', 'and not empty';
    is $response->{store_state}, 0, 'StoreState'; # MS-OXCSTOR_R141
    my @now = gmtime $before;
    my $time = $response->{logon_time};
    ok abs($time->{hour} * 60 + $time->{minutes} - $now[2] * 60 - $now[1]) % 1439 <= 1,
        'LogonTime is UTC'; # MS-OXCSTOR_R138
    is $time->{year}, $now[5] + 1900, 'year';
    is $time->{day_of_week}, $now[6], 'day of the week, Sunday 0';
};

subtest 'the special folders' => sub {
    my $logon = $m->logon;
    my %name = (inbox => 'Inbox', outbox => 'Outbox', sent => 'Sent Items',
        deleted => 'Deleted Items', ipm_subtree => 'Top of Information Store',
        common_views => 'Common Views', finder => 'Finder', views => 'Views',
        shortcuts => 'Shortcuts', spooler_queue => 'Spooler Queue',
        deferred_action => 'Deferred Action', schedule => 'Schedule');
    for my $which (sort keys %name) {
        is $logon->open_special($which)->property('PR_DISPLAY_NAME'), $name{$which}, $which;
    }
};

subtest 'the same folders for each logon of the session' => sub {
    my ($first, $second) = map { $m->logon(logon_id => $_) } 0, 1;
    is_deeply $second->{response}{folder_ids}, $first->{response}{folder_ids}, 'folder ids';
    isnt $second->{handle}, $first->{handle}, 'another handle';
};

subtest 'to somebody else\'s' => sub {
    my $logon = $m->logon(user => 'mary', logon_id => 2);
    is $logon->{response}{response_flags}, 1, 'neither owner nor sender'; # MS-OXCSTOR_R125 R127
    isnt $logon->{response}{mailbox_guid}, $m->logon->{response}{mailbox_guid}, 'another mailbox';
    is $logon->try('OpenFolder', { folder_id => $logon->{special}{inbox}, open_mode_flags => 0 })
        ->{status}, 0x8004010F, 'whose inbox may not be seen'; # MS-OXCFOLD_R470
};

subtest 'that fails' => sub {
    my $logon = Okapi::Test::MAPI::Logon->new($m, 0xFFFFFFFF, 3);
    my $try = sub {
        my %fields = (logon_flags => 1, open_flags => 0, store_state => 0, @_);
        return $logon->try('Logon', \%fields);
    };
    my $prefix = Okapi::Test::MAPI::DN_PREFIX();
    my $response = $try->(essdn => "${prefix}nobody\0");
    is $response->{status}, 0x3EB, 'an unknown user'; # MS-OXCSTOR_R173
    is $response->{out_handle}, 0xFFFFFFFF, 'makes no handle';
    is $try->(essdn => "/o=elsewhere\0")->{status}, 0x3EB, 'another organisation';
    is $try->(essdn => '')->{status}, 0x3EB, 'no name at all';
    is $try->(essdn => "${prefix}john")->{status}, 0, 'a name without its zero is one too';
    # MS-OXCSTOR_R167
    is $try->(logon_flags => 0, essdn => "\0")->{status}, 0x80040111, 'public folders';
    is $try->(essdn => "${prefix}JOHN\0")->{status}, 0, 'a name in capitals';
};

subtest 'RopRelease' => sub {
    my $logon = $m->logon;
    my $inbox = $logon->open_special('inbox');
    my $table = $inbox->contents;
    $inbox->release;
    is $inbox->try('GetContentsTable', { table_flags => 0 })->{status}, 0x80040108,
        'a released handle'; # MS-OXCROPS_R457301
    is $table->try('QueryPosition')->{status}, 0, 'what it had opened goes on';
    $table->{logon_id} = 1;
    is $table->try('QueryPosition')->{status}, 0x80070005,
        'a handle of another logon'; # MS-OXCROPS_R457303
    $table->{logon_id} = 0;
    $table->{handle} = 0x7FFFFFFF;
    # MS-OXCROPS_R457302
    is $table->try('QueryPosition')->{status}, 0x4B9, 'a handle that never was';
    my @responses = $m->execute([$logon->{handle}, 0x1234], [[Release => { in => 1 }]]);
    is scalar @responses, 0, 'no response, not even an error'; # MS-OXCROPS_R4572 R4573
    $logon->release;
    is $logon->try('GetStoreState')->{status}, 0x4B9, 'a released logon';
};

done_testing;
