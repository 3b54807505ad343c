#!/usr/bin/perl
# Sessions are files: any child serves any request, and their handles keep the rules of
# MS-OXCROPS 3.2.5.
use strict;
use warnings;

use Fcntl qw(:flock);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep);

use Okapi::Test::MAPI;
use Okapi::Test::Server;

use constant { NULL_OBJECT => 0x4B9, INVALID_OBJECT => 0x80040108, ACCESS_DENIED => 0x80070005,
    NOT_SUPPORTED => 0x80040102, TOO_COMPLEX => 0x80040117 };

my $server = Okapi::Test::Server->new(modules => ['mapi'], config => <<'END');
MapiSessionLifetime 4
<Location /mapi>
    SetHandler mapi
    @AUTH@
</Location>
END
$server->user('john');
$server->user('mary');
$server->start;

my @names = qw(root ipm_subtree inbox outbox sent deleted);

sub session_file { return $server->dir . "/run/sessions/$_[0]{http}{cookies}{MapiContext}" }

subtest 'kill -9 of every child' => sub {
    my $m = Okapi::Test::MAPI->connect($server, 'john');
    my $logon = $m->logon;
    my $folder = $logon->open_special('ipm_subtree');
    my $table = $folder->hierarchy->columns(qw(PR_DISPLAY_NAME));
    my @all = map { $_->{PR_DISPLAY_NAME} } $table->rows(50, keep_cursor => 1);
    cmp_ok(scalar @all, '>', 5, 'a table of folders');

    my @read;
    while (my ($row) = $table->rows(1)) {
        push @read, $row->{PR_DISPLAY_NAME};
        $server->kill_children if @read <= 3;
    }
    is_deeply(\@read, \@all, 'a table goes on at its row, child after child');
    is($folder->property('PR_DISPLAY_NAME'), $logon->open_special('ipm_subtree')
        ->property('PR_DISPLAY_NAME'), 'a folder is still open');

    my $stream = $folder->open_stream('PR_DISPLAY_NAME');
    my $whole = $stream->read_all;
    $stream->call('SeekStream', { origin => 0, offset => 2 });
    $server->kill_children;
    is($stream->call('ReadStream', { byte_count => 100 })->{data}, substr($whole, 2),
        'a stream goes on at its position');
};

subtest 'a graceful restart' => sub {
    my $m = Okapi::Test::MAPI->connect($server, 'john');
    my $folder = $m->logon->open_special('inbox');
    my $wait = $m->wait_for_notification;
    ok(!$wait->ready(0.3), 'a NotificationWait is held');
    ok($folder->property('PR_DISPLAY_NAME'), 'an Execute beside it is answered');
    $server->graceful;
    is($wait->result(10), 0, 'the wait is answered: no event');
    ok($folder->property('PR_DISPLAY_NAME'), 'the session goes on in a new child');
};

subtest 'handles' => sub {
    my $m = Okapi::Test::MAPI->connect($server, 'john');
    my $logon = $m->logon;
    my $folder = $logon->open_special('inbox');
    my $status = sub {
        my ($handle, %fields) = @_;
        my ($response) = $m->execute([$handle, 0xFFFFFFFF],
            [[GetHierarchyTable => { in => 0, out => 1, table_flags => 0, %fields }]]);
        return $response->{status};
    };

    is($status->($folder->{handle}), 0, 'a folder');
    is($status->($_), NULL_OBJECT, "$_, which was never assigned") for 0, 4711, 0xFFFFFFFF;
    is($status->($folder->{handle}, in => 7), NULL_OBJECT, 'an index beyond the table (R4712)');
    is($status->($logon->{handle}), NOT_SUPPORTED, 'a logon, which has no such table');
    is($status->($folder->{handle}, logon_id => 1), NULL_OBJECT, 'a LogonId that nobody has');
    $m->logon(logon_id => 1);
    is($status->($folder->{handle}, logon_id => 1), ACCESS_DENIED, 'the handle of another logon');

    my $child = $folder->open_folder($logon->{special}{inbox});
    $folder->release;
    is($status->($folder->{handle}), INVALID_OBJECT, 'a released one');
    ok($child->property('PR_DISPLAY_NAME'), 'what was opened from it stays');
    is(scalar $m->execute([$folder->{handle}], [[Release => {}]]), 0, 'releasing twice is nothing');

    my $again = $m->logon;
    is($status->($child->{handle}), INVALID_OBJECT, 'the same LogonId again releases all (R4587)');
    my $inbox = $again->open_special('inbox');
    $again->release;
    is($status->($inbox->{handle}), NULL_OBJECT, 'and so does the release of the logon (R4570)');
};

subtest 'several ROPs' => sub {
    my $m = Okapi::Test::MAPI->connect($server, 'john');
    my $logon = $m->logon;
    my @handles = ($logon->{handle}, (0xFFFFFFFF) x 2);
    my @responses = $m->execute(\@handles,
        [[OpenFolder => { in => 0, out => 1, folder_id => $logon->{special}{inbox},
            open_mode_flags => 0 }],
        [OpenFolder => { in => 0, out => 2, folder_id => 0x123456, open_mode_flags => 0 }],
        [GetPropertiesList => { in => 1 }], [GetPropertiesList => { in => 2 }]]);
    is_deeply([map { $_->{rop} } @responses],
        [qw(OpenFolder OpenFolder GetPropertiesList GetPropertiesList)], 'in their order (R4550)');
    is($responses[0]{status}, 0, 'one opens a folder');
    isnt($responses[1]{status}, 0, 'one fails');
    is($responses[2]{status}, 0, 'its handle serves the next (R4559)');
    is($responses[3]{status}, NULL_OBJECT, 'that of the failed one is none');
    is($handles[0], $logon->{handle}, 'the table keeps its order (R4565)');
    cmp_ok($handles[1], '>', $handles[0], 'with the new handle (R4558)');
    is($handles[2], 0xFFFFFFFF, 'and without the one that failed');
};

subtest 'one request at a time' => sub {
    my $m = Okapi::Test::MAPI->connect($server, 'john');
    open my $file, '<', session_file($m) or die "session file: $!\n";
    flock $file, LOCK_EX or die "flock: $!\n";
    is($m->execute_raw('')->{code}, 15, 'while another is worked on (R1228)');
    is($m->request('PING', '')->{code}, 0, 'PING may come');
    ok(!$m->wait_for_notification->ready(0.2), 'and NotificationWait is held');
    close $file;
    is(scalar $m->execute([], []), 0, 'then the next one is served');
};

subtest 'damage' => sub {
    my $m = Okapi::Test::MAPI->connect($server, 'john');
    $m->logon;
    my $size = -s session_file($m);
    truncate session_file($m), $size - 1;
    is($m->execute_raw('')->{code}, 10, 'a file cut off is no session');
    $m = Okapi::Test::MAPI->connect($server, 'john');
    open my $file, '+<', session_file($m) or die "session file: $!\n";
    print {$file} "\xff";
    close $file;
    is($m->execute_raw('')->{code}, 10, 'nor is that of another version');
};

subtest 'too many handles' => sub {
    my $m = Okapi::Test::MAPI->connect($server, 'john');
    my $logon = $m->logon;
    my @open = ([OpenFolder => { in => 0, out => 1, folder_id => $logon->{special}{inbox},
        open_mode_flags => 0 }]) x 100;
    my %status;
    for (1 .. 21) {
        $status{ $_->{status} }++ for $m->execute([$logon->{handle}, 0xFFFFFFFF], \@open);
    }
    is_deeply(\%status, { 0 => 1999, TOO_COMPLEX, 101 }, 'two thousand are enough');
};

subtest 'expiry' => sub {
    my $m = Okapi::Test::MAPI->connect($server, 'john');
    my $kept = Okapi::Test::MAPI->connect($server, 'john');
    for (1 .. 10) {
        sleep 0.5;
        $kept->request('PING', '');
    }
    is($m->execute_raw('')->{code}, 10, 'unused, it is gone (R1283)');
    ok(-e session_file($m), 'its file not yet');
    is(scalar $kept->execute([], []), 0, 'PING keeps one (R1248)');
    my $last = Okapi::Test::MAPI->connect($server, 'mary');
    ok(!-e session_file($m), 'Connect deletes what is old');
    is_deeply([sort glob $server->dir . '/run/sessions/*'],
        [sort map { session_file($_) } $kept, $last], 'and nothing else');
};

$server->stop;
done_testing;
