#!/usr/bin/perl
# NotificationWait as the transport sees it: held, kept alive, answered (MS-OXCMAPIHTTP 3.2.5.5).
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(time);

use Okapi::Test::MAPI;
use Okapi::Test::Server;
use Okapi::Test::Wire qw(put_u32);

use constant NEW_MAIL => 0x0002;

my $server = Okapi::Test::Server->new(modules => ['mapi'], config => <<'END');
MapiSessionLifetime 4
<Location /mapi>
    SetHandler mapi
    @AUTH@
</Location>
END
$server->user('john');
$server->start;

my $m = Okapi::Test::MAPI->connect($server, 'john');
my $subscription = $m->logon->subscribe(NEW_MAIL);

sub deliver { return $server->deliver('john', "Subject: new\n\nmail\n") }

subtest 'until mail arrives' => sub {
    my $wait = $m->wait_for_notification;
    ok(!$wait->ready(0.5), 'it is held');
    my $h = $wait->{head}{headers};
    is($wait->{head}{status}, 200, 'but answered at once (R1237)');
    is($h->{'x-responsecode'}, '0', 'X-ResponseCode');
    is($h->{'transfer-encoding'}, 'chunked', 'in chunks (R1230)');
    is($h->{'x-pendingperiod'}, 2000, 'X-PendingPeriod is less than the session lives');
    like($h->{'set-cookie'}, qr/MapiContext=.*MapiSequence=/, 'the cookies (R1261)');
    is($wait->{body}, "PROCESSING\r\n", 'with the first meta-tag (R1238)');
    deliver();
    is($wait->result(5), 1, 'EventPending (R1371)');
    is($wait->{answer}{body}, put_u32(0) . put_u32(0) . put_u32(1) . put_u32(0), 'the whole body');
    is_deeply($wait->{answer}{meta}, [qw(PROCESSING DONE)], 'the meta-tags');
    like($wait->{answer}{additional}{'x-elapsedtime'}, qr/\A\d{3,}\z/, 'X-ElapsedTime');
};

subtest 'what is there already' => sub {
    my $begin = time;
    is($m->wait_for_notification->result(5), 1, 'is announced at once');
    cmp_ok(time - $begin, '<', 1, 'not only with the next event');
    my @events = $m->notifications;
    is($events[0]{rop}, 'Notify', 'Execute brings it');
    ok(!$m->wait_for_notification->ready(0.5), 'then there is nothing more to tell');
};

subtest 'longer than the session lives' => sub {
    my $wait = $m->wait_for_notification;
    ok(!$wait->ready(6.5), 'still held');
    is($wait->{body}, "PROCESSING\r\n" . "PENDING\r\n" x 3, 'PENDING again and again (R1239)');
    deliver();
    is($wait->result(5), 1, 'then an event');
    is(scalar(grep { $_->{rop} eq 'Notify' } $m->notifications), 1,
        'the session has lived as long (R1260)');
};

subtest 'logons to several stores' => sub {
    $server->admin('public', 'create');
    $server->admin('folder', 'create', '@public', 'News');
    my $both = Okapi::Test::MAPI->connect($server, 'john');
    $both->logon->subscribe(NEW_MAIL);
    $both->public_logon->subscribe(0x0004); # ObjectCreated
    for my $deliver (\&deliver,
        sub { $server->deliver('@public', "Subject: a\n\nb\n", options => ['-d', 'News']) })
    {
        my $wait = $both->wait_for_notification;
        ok(!$wait->ready(0.2), 'held');
        $deliver->();
        is($wait->result(5), 1, 'an event in either of them');
        is_deeply($wait->{answer}{meta}, [qw(PROCESSING DONE)], 'is told when it happens');
        $both->notifications;
    }
};

subtest 'of a session that is not' => sub {
    my $answer = $m->request('NotificationWait', put_u32(0) x 2, Cookie => 'MapiContext=' . 'a' x 32);
    is($answer->{code}, 10, 'refused at once');
    is($m->request('NotificationWait', '')->{code}, 12, 'and so is one without a body');
    my $other = Okapi::Test::MAPI->connect($server, 'john');
    my $wait = $other->wait_for_notification;
    ok(!$wait->ready(0.2), 'one without a logon is held');
    $other->disconnect;
    ok($wait->ready(5), 'until its session has ended');
    is(Okapi::Test::MAPI::understand({ %{ $wait->{head} }, body => $wait->{body} })->{code}, 10,
        'X-ResponseCode says so behind DONE (R2229)');
};

$server->stop;
done_testing;
