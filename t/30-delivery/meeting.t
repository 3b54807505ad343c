#!/usr/bin/perl
# Meetings by mail (docs/dev/meetings.md), as other houses write them: requests, updates,
# exceptions, cancellations and answers, rooms and delegates, by okapi-dagent and by LMTP, and who
# dies meanwhile.
use strict;
use warnings;

use File::Temp;
use FindBin;
use JSON::PP ();
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);

use Okapi::Test::LMTP;
use Okapi::Test::MAPI;
use Okapi::Test::Meeting qw(apple event folded google hour outlook response utc);
use Okapi::Test::Props qw(filetime);
use Okapi::Test::Server;

my $seed = $ENV{OKAPI_KILL_SEED} || time;
srand $seed;

my $server = Okapi::Test::Server->new(modules => ['mapi', 'gateway'], config => <<'END');
<Location /mapi>
    SetHandler mapi
    @AUTH@
</Location>
END
my $lmtp_port = Okapi::Test::LMTP::port($server);
$server->user($_, fullname => ucfirst) for qw(john mary room hall);
$server->admin('user', 'set', $_, '--resource', 'room', '--accept') for qw(room hall);
$server->admin('user', 'set', 'room', '--decline-conflicts');
$server->start;

# ---- what is there then ----

my $appointment = '00062002-0000-0000-c000-000000000046';
my $meeting = '6ed8da90-450b-101b-98da-00aa003f1305';
my %named = (sequence => [$appointment, 0x8201, 3], busy => [$appointment, 0x8205, 3],
    intended => [$appointment, 0x8224, 3], start => [$appointment, 0x820D, 0x40],
    end => [$appointment, 0x820E, 0x40], location => [$appointment, 0x8208, 0x1F],
    state => [$appointment, 0x8217, 3], response => [$appointment, 0x8218, 3],
    recurring => [$appointment, 0x8223, 0xB], type => [$meeting, 0x0026, 3],
    reminder => ['00062008-0000-0000-c000-000000000046', 0x8501, 3]);

my %logons;

sub logon { return $logons{ $_[0] } ||= Okapi::Test::MAPI->connect($server, $_[0])->logon }

# The tags of %named in a mailbox.
sub named_tags {
    my ($user) = @_;
    my $logon = logon($user);
    return %{ $logon->{named_tags} ||= do {
        my @names = sort keys %named;
        my @ids = $logon->ids_of_names(1,
            map { { guid => $_->[0], lid => $_->[1] } } @named{@names});
        +{ map { $names[$_] => $ids[$_] << 16 | $named{ $names[$_] }[2] } 0 .. $#names };
    } };
}

# What a message says, by the names above.
sub seen {
    my ($user, $message) = @_;
    my %tags = named_tags($user);
    my $values = $message->properties(qw(PR_SUBJECT PR_MESSAGE_CLASS PR_PROCESSED PR_BODY
        PR_SENT_REPRESENTING_SMTP_ADDRESS PR_RCVD_REPRESENTING_SMTP_ADDRESS), values %tags);
    return { message => $message, %$values, map { $_ => $values->{ $tags{$_} } } keys %tags };
}

# The messages of a folder with that subject, the newest first.
sub messages {
    my ($user, $folder, $subject) = @_;
    my $table = $folder->contents->columns(qw(PR_MID PR_SUBJECT))->sort('-PR_CREATION_TIME');
    return map { seen($user, logon($user)->open_message($folder->{fid}, $_->{PR_MID})) }
        grep { $_->{PR_SUBJECT} =~ /\A(?:Canceled: )?\Q$subject\E\z/ } $table->all_rows;
}

sub folder_of {
    my ($user, $name) = @_;
    return $name eq 'calendar' ? logon($user)->open_special('ipm_subtree')->open_child('Calendar')
        : logon($user)->open_special($name);
}

sub appointments { return messages($_[0], folder_of($_[0], 'calendar'), $_[1]) }
sub mails { return messages($_[0], folder_of($_[0], $_[2] // 'inbox'), $_[1]) }

# The one that there has to be.
sub appointment_of {
    my ($user, $subject) = @_;
    my @all = appointments($user, $subject);
    is(scalar @all, 1, 'one appointment');
    return $all[0] || {};
}

sub newest_mail {
    my ($user, $subject) = @_;
    return (mails($user, $subject))[0] || {};
}

sub at { return filetime(hour($_[0])) }

# PR_RECIPIENT_TRACKSTATUS of an attendee.
sub track {
    my ($item, $address) = @_;
    my ($number) = map { $_->{properties}{PR_RECIPIENT_TRACKSTATUS} }
        grep { lc($_->{properties}{PR_SMTP_ADDRESS} || '') eq $address }
        $item->{message}->recipients;
    return $number;
}

# The calendar as iCalendar.
sub exported {
    my ($user) = @_;
    my $dir = File::Temp->newdir;
    my ($code, $out, $err) = $server->admin('message', 'export', $user, 'Calendar', "$dir",
        '--format', 'ics');
    die "export: $err" if $code;
    my $text = join '', map { open my $file, '<', $_ or die $!; local $/; <$file> } glob "$dir/*";
    return $text =~ s/\r\n //gr;
}

sub queued {
    my ($code, $out, $err) = $server->admin('queue', 'list', '--json');
    die "queue: $err" if $code;
    return map { $_->{to} } @{ JSON::PP::decode_json($out) };
}

# ---- an attendee ----

my %styles = (Outlook => \&outlook, Google => \&google, Apple => \&apple);

for my $style (sort keys %styles) {
    my $write = $styles{$style};
    subtest "$style" => sub {
        my %e = (uid => "$style-1", summary => "$style plans");
        $server->deliver('john', $write->('REQUEST', %e, lines => ['LOCATION:Room 1']));
        my $mail = newest_mail('john', $e{summary});
        is($mail->{PR_MESSAGE_CLASS}, 'IPM.Schedule.Meeting.Request', 'a request');
        is($mail->{PR_PROCESSED}, 1, 'is processed');
        is($mail->{type}, 1, 'the first of this meeting');
        like($mail->{PR_BODY}, qr/Please come\./, 'with its text');
        is(scalar $mail->{message}->attachments->columns('PR_ATTACH_NUM')->all_rows,
            $style eq 'Google' ? 1 : 0, 'and files');
        my $item = appointment_of('john', $e{summary});
        is($item->{PR_MESSAGE_CLASS}, 'IPM.Appointment', 'of its class');
        is_deeply([@{$item}{qw(start end)}], [at(10), at(11)], 'at its time');
        is($item->{location}, 'Room 1', 'and place');
        is_deeply([@{$item}{qw(busy intended response state)}], [1, 2, 5, 3],
            'tentative, to be busy, not answered, somebody else\'s');
        is($item->{reminder}, $style eq 'Outlook' ? 30 : 15, 'reminds');
        is($item->{PR_SENT_REPRESENTING_SMTP_ADDRESS}, 'ann@example.net', 'Ann\'s');
        is(track($item, 'john@example.org'), 5, 'John is among those who attend');

        $server->deliver('john', $write->('REQUEST', %e, sequence => 1, start => 14, hours => 2));
        $item = appointment_of('john', $e{summary});
        is_deeply([@{$item}{qw(start end sequence)}], [at(14), at(16), 1], 'an update moves it');
        is(newest_mail('john', $e{summary})->{type}, 0x10000, 'is a full one');
        $server->deliver('john', $write->('REQUEST', %e, sequence => 0, stamp => time - 9999));
        is(appointment_of('john', $e{summary})->{start}, at(14), 'what comes late changes nothing');
        is(newest_mail('john', $e{summary})->{type}, 0x80000, 'is out of date');

        $server->deliver('john', $write->('CANCEL', %e, sequence => 2, start => 14));
        is(newest_mail('john', $e{summary})->{PR_MESSAGE_CLASS}, 'IPM.Schedule.Meeting.Canceled',
            'a cancellation');
        $item = appointment_of('john', $e{summary});
        is($item->{PR_SUBJECT}, "Canceled: $e{summary}", 'says so in the calendar');
        is_deeply([@{$item}{qw(busy state)}], [0, 7], 'free, called off');
    };
}

subtest 'the organizer by another address than the sender' => sub {
    $server->deliver('john', apple('REQUEST', uid => 'imip', summary => 'By iCloud',
        by => '2_ge3dgmjs@imip.example.com'));
    is(appointment_of('john', 'By iCloud')->{PR_SENT_REPRESENTING_SMTP_ADDRESS},
        '2_ge3dgmjs@imip.example.com', 'is the organizer');
    $server->deliver('john', outlook('CANCEL', uid => 'imip', summary => 'By iCloud', sequence => 5,
        by => 'eve@example.com', from => 'Eve <eve@example.com>'));
    is(appointment_of('john', 'By iCloud')->{state}, 3, 'nobody else calls it off');
};

subtest 'one of a series' => sub {
    my %e = (uid => 'series', summary => 'Series');
    $server->deliver('john', google('REQUEST', %e, lines => ['RRULE:FREQ=DAILY;COUNT=5']));
    ok(appointment_of('john', 'Series')->{recurring}, 'a series');
    my @second = ('RECURRENCE-ID:' . utc(hour(34)));
    $server->deliver('john', google('REQUEST', %e, start => 39, lines => \@second));
    my $item = appointment_of('john', 'Series');
    is($item->{start}, at(10), 'begins as before');
    my $text = exported('john');
    like($text, qr/^RECURRENCE-ID:$_\r$/m, 'with an exception') for utc(hour(34));
    like($text, qr/^DTSTART:$_\r$/m, 'at its own time') for utc(hour(39));
    my @third = ('RECURRENCE-ID:' . utc(hour(58)));
    $server->deliver('john', google('CANCEL', %e, start => 58, sequence => 1, lines => \@third));
    is(appointment_of('john', 'Series')->{state}, 3, 'the series goes on');
    like(exported('john'), qr/^SUMMARY:Canceled: Series\r$/m, 'without one');
};

# ---- an organizer ----

subtest 'answers' => sub {
    my %e = (uid => 'own', summary => 'Own');
    my @attendees = map {"$_\@example.net"} qw(yes perhaps no);
    my $file = File::Temp->new(SUFFIX => '.ics');
    print {$file} folded('BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Test//EN', 'BEGIN:VEVENT',
        event(%e, by => 'john@example.org', attendees => \@attendees), 'END:VEVENT',
        'END:VCALENDAR');
    close $file or die $!;
    is($server->admin('message', 'import', 'john', 'Calendar', "$file"), 0, 'a meeting of John\'s');
    is(appointment_of('john', 'Own')->{state}, 1, 'his own');

    my %answers = (yes => ['ACCEPTED', 'Pos', 3], perhaps => ['TENTATIVE', 'Tent', 2],
        no => ['DECLINED', 'Neg', 4]);
    for my $who (sort keys %answers) {
        my ($partstat, $class, $status) = @{ $answers{$who} };
        $server->deliver('john', response('REPLY', $partstat, "$who\@example.net", %e,
            subject => "Answer: $who"));
        is(newest_mail('john', "Answer: $who")->{PR_MESSAGE_CLASS},
            "IPM.Schedule.Meeting.Resp.$class", $partstat);
        is(track(appointment_of('john', 'Own'), "$who\@example.net"), $status, 'is counted');
    }
    $server->deliver('john', response('REPLY', 'ACCEPTED', 'no@example.net', %e,
        stamp => time - 9999));
    is(track(appointment_of('john', 'Own'), 'no@example.net'), 4, 'what was said before isn\'t');
    $server->deliver('john', response('COUNTER', 'TENTATIVE', 'yes@example.net', %e, start => 20));
    my $item = appointment_of('john', 'Own');
    is(track($item, 'yes@example.net'), 2, 'a proposal is');
    is($item->{start}, at(10), 'and moves nothing');
    $server->deliver('john', response('REPLY', 'ACCEPTED', 'x@example.net', uid => 'nobody\'s',
        summary => 'Nothing'));
    is(scalar appointments('john', 'Nothing'), 0, 'an answer to nothing makes nothing');
};

# ---- rooms ----

# Books a room; the class of its answer, or '' if there was none.
sub book {
    my ($room, $uid, %e) = @_;
    my %before = map { $_ => 1 } answers($room);
    $server->deliver($room, outlook('REQUEST', uid => $uid, summary => "Booked $uid",
        attendees => ["$room\@example.org"], to => ["$room\@example.org"], %e));
    my @new = grep { !$before{$_} } answers($room);
    return join ' ', map { s/.* //r } @new;
}

# What a room has to say: the numbers and classes of what it sends.
sub answers {
    my ($room) = @_;
    my $table = folder_of($room, 'spooler_queue')->contents->columns(qw(PR_MID PR_MESSAGE_CLASS));
    return map {"$_->{PR_MID} " . $_->{PR_MESSAGE_CLASS} =~ s/.*Meeting\.//r} $table->all_rows;
}

subtest 'rooms' => sub {
    is(book('room', 'r1'), 'Resp.Pos', 'accepts');
    my $item = appointment_of('room', 'Booked r1');
    is_deeply([@{$item}{qw(busy response)}], [2, 3], 'is busy then');
    is(scalar mails('room', 'Booked r1'), 0, 'and has no mail left');
    is((mails('room', 'Booked r1', 'deleted'))[0]{PR_MESSAGE_CLASS},
        'IPM.Schedule.Meeting.Request', 'but in Deleted Items');
    ok((grep { $_ eq 'ann@example.net' } queued()), 'Ann is told');
    is(book('room', 'r2'), 'Resp.Neg', 'declines what conflicts');
    is(scalar appointments('room', 'Booked r2'), 0, 'which isn\'t in its calendar');
    is(book('room', 'r3', start => 11), 'Resp.Pos', 'not what comes after');
    is(book('room', 'r4', start => 8, lines => ['RRULE:FREQ=DAILY;COUNT=3'], hours => 3),
        'Resp.Neg', 'a series that conflicts once');
    is(book('room', 'r1', sequence => 1, start => 10.5, hours => 0.5), 'Resp.Pos', 'an update');
    is(book('hall', 'h1'), 'Resp.Pos', 'another room');
    is(book('hall', 'h2'), 'Resp.Pos', 'doesn\'t mind');
    is($server->admin('user', 'set', 'hall', '--decline-recurring'), 0, 'but then');
    is(book('hall', 'h3', lines => ['RRULE:FREQ=DAILY;COUNT=3']), 'Resp.Neg', 'no series');
    is($server->admin('user', 'set', 'hall', '--no-accept'), 0, 'and later');
    is(book('hall', 'h4'), '', 'nothing by itself');
    is(appointment_of('hall', 'Booked h4')->{response}, 5, 'somebody will answer');
};

# ---- delegates ----

subtest 'delegates' => sub {
    is($server->admin('delegate', 'add', 'john', 'mary', '--meetings'), 0, 'Mary is John\'s');
    my %e = (uid => 'delegated', summary => 'Delegated');
    $server->deliver('john', outlook('REQUEST', %e));
    appointment_of('john', 'Delegated');
    is(scalar(grep { $_ eq 'mary@example.org' } queued()), 1, 'she gets a copy');
    my @field = ('X-Okapi-Delegated-By: john@example.org');
    $server->deliver('mary', outlook('REQUEST', %e, headers => \@field));
    my $mail = newest_mail('mary', 'Delegated');
    is($mail->{PR_MESSAGE_CLASS}, 'IPM.Schedule.Meeting.Request', 'a request');
    is($mail->{PR_RCVD_REPRESENTING_SMTP_ADDRESS}, 'john@example.org', 'to John');
    is(scalar appointments('mary', 'Delegated'), 0, 'nothing for her own calendar');
    $server->admin('delegate', 'remove', 'john', 'mary');
    $server->deliver('mary', outlook('REQUEST', %e, headers => \@field,
        attendees => ['mary@example.org']));
    appointment_of('mary', 'Delegated');
};

# ---- once ----

sub start_dagent {
    my ($text, @args) = @_;
    my $in = File::Temp->new;
    print {$in} $text;
    $in->flush;
    seek $in, 0, 0;
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if ($pid == 0) {
        open STDIN, '<&', $in;
        open STDERR, '>', '/dev/null';
        exec Okapi::Test::Server::tool_path('okapi-dagent'), '--conf', $server->conf, @args
            or POSIX::_exit(127);
    }
    return $pid;
}

sub by_lmtp {
    my ($text) = @_;
    my $lmtp = Okapi::Test::LMTP->connect($lmtp_port);
    $lmtp->say('LHLO test');
    return ($lmtp->mail('ann@example.net', ['john'], $text))[0];
}

subtest 'the same twice' => sub {
    my %e = (uid => 'twice', summary => 'Twice', stamp => time);
    my $text = google('REQUEST', %e);
    $server->deliver('john', $text);
    $server->deliver('john', $text);
    appointment_of('john', 'Twice');
    is(scalar mails('john', 'Twice'), 1, 'and one mail, if it is the same');
    $server->deliver('john', google('REQUEST', %e));
    appointment_of('john', 'Twice');
    is(scalar mails('john', 'Twice'), 2, 'two, if it was sent twice');
};

subtest 'LMTP and okapi-dagent' => sub {
    for my $n (1 .. 10) {
        my $text = outlook('REQUEST', uid => "both$n", summary => "Both $n");
        my $pid = start_dagent($text, '-f', 'ann@example.net', 'john');
        like(by_lmtp($text), qr/\A250 /, 'LMTP');
        waitpid $pid, 0;
        is($?, 0, 'okapi-dagent');
        appointment_of('john', "Both $n");
        is(scalar mails('john', "Both $n"), 1, 'and one mail');
    }
};

subtest 'copies at the same time' => sub {
    my %e = (uid => 'copies', summary => 'Copies', stamp => time);
    my @pids = map { start_dagent(google('REQUEST', %e), 'john') } 1 .. 5;
    my @rooms = map { start_dagent(outlook('REQUEST', uid => "rush$_", summary => 'Rush',
        start => 100, attendees => ['room@example.org']), 'room') } 1 .. 4;
    waitpid($_, 0), is($?, 0, 'okapi-dagent') for @pids, @rooms;
    appointment_of('john', 'Copies');
    is(scalar mails('john', 'Copies'), 5, 'of five mails');
    appointment_of('room', 'Rush');
};

subtest 'who dies' => sub {
    my $killed = 0;
    for my $n (1 .. $ENV{OKAPI_KILLS} || 15) {
        my $text = outlook('REQUEST', uid => "kill$n", summary => "Killed $n",
            attendees => ['room@example.org'], start => 200 + $n);
        for my $try (1 .. 4) {
            my $pid = start_dagent($text, 'room');
            sleep rand 0.12;
            kill KILL => $pid if $try < 4;
            waitpid $pid, 0;
            $killed++ if $?;
            last if $? == 0;
        }
        is($?, 0, 'is delivered in the end');
        my @all = appointments('room', "Killed $n");
        is(scalar @all, 1, 'one appointment') or diag("OKAPI_KILL_SEED=$seed");
        is(scalar mails('room', "Killed $n", 'deleted'), 1, 'one mail');
        is($all[0]{response}, 3, 'which is accepted');
    }
    note("$killed killed");
    my @answers = map { (mails('room', "Accepted: Killed $_", 'spooler_queue')) + 0 }
        1 .. $ENV{OKAPI_KILLS} || 15;
    is_deeply([grep { $_ != 1 } @answers], [], 'and answered once') or diag("@answers");
};

is_deeply([$server->log_lines(qr/segfault|exit signal|is not processed in the calendar/)], [],
    'nothing was too much');
my ($code, $out, $err) = $server->tool('okapi-fsck', '');
is($code, 0, 'okapi-fsck finds nothing') or diag("$out$err");
done_testing;
