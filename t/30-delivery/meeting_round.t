#!/usr/bin/perl
# A meeting between two houses, with a real Postfix between them: the request goes out, the room
# answers, the delegate gets a copy, and the organizer's calendar counts the answer.
use strict;
use warnings;

use File::Temp;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Meeting qw(event folded outlook);
use Okapi::Test::Postfix;
use Okapi::Test::Server;

if (my $reason = Okapi::Test::Postfix->unavailable) {
    plan skip_all => $reason;
}

my ($port, $port_lock) = Okapi::Test::Server::free_port();

sub house {
    my ($domain) = @_;
    return Okapi::Test::Server->new(modules => ['mapi'], domain => $domain,
        okapi_conf => { SendRelay => "smtp://127.0.0.1:$port" }, config => <<'END');
<Location /mapi>
    SetHandler mapi
    @AUTH@
</Location>
END
}

my ($home, $away) = (house('example.org'), house('example.net'));
$home->user($_, fullname => ucfirst) for qw(john mary room);
$away->user('ann', fullname => 'Ann');
is($home->admin('user', 'set', 'room', '--resource', 'room', '--accept', '--decline-conflicts'), 0,
    'a room');
is($home->admin('delegate', 'add', 'john', 'mary', '--meetings'), 0, 'a delegate');

my $postfix = Okapi::Test::Postfix->new(
    port => $port,
    transports => { 'example.org' => 'pipe', 'example.net' => 'pipe' },
    pipe => 'flags=R null_sender= user=www-data '
        . 'argv=/bin/sh @DIR@/deliver ${domain} ${sender} ${user}');
$postfix->write_file('deliver', join "\n", 'case $1 in',
    map({ "$_->{domain}) conf=" . $_->conf . ' ;;' } $home, $away), 'esac',
    'exec ' . Okapi::Test::Server::tool_path('okapi-dagent') . ' --conf $conf -f "$2" "$3"', '');
$postfix->start;
$_->start for $home, $away;

# ---- what Ann does ----

my @attendees = qw(john@example.org room@example.org);

# Her own appointment, as a client leaves it in her calendar.
sub plan_meeting {
    my (%e) = @_;
    my $file = File::Temp->new(SUFFIX => '.ics');
    print {$file} folded('BEGIN:VCALENDAR', 'VERSION:2.0', 'PRODID:-//Test//EN', 'BEGIN:VEVENT',
        event(%e, attendees => \@attendees), 'END:VEVENT', 'END:VCALENDAR');
    close $file or die $!;
    my ($code, $out, $err) = $away->admin('message', 'import', 'ann', 'Calendar', "$file");
    die "import: $err" if $code;
    return;
}

sub invite {
    my (%e) = @_;
    my ($code, $out, $err) = Okapi::Test::Server::run_command(
        outlook('REQUEST', %e, attendees => \@attendees, to => \@attendees),
        Okapi::Test::Server::build_dir() . '/t/lib/submit', $away->conf, 'ann', 'ann', 'raw');
    die "submit: $err" if $code;
    return;
}

# ---- what is there then ----

my %logons;

sub logon {
    my ($server, $user) = @_;
    return $logons{"$server $user"} ||= Okapi::Test::MAPI->connect($server, $user)->logon;
}

# The messages of a folder with that subject.
sub messages {
    my ($server, $user, $name, $subject) = @_;
    my $logon = logon($server, $user);
    my $folder = $name eq 'calendar' ? $logon->open_special('ipm_subtree')->open_child('Calendar')
        : $logon->open_special($name);
    my $table = $folder->contents->columns(qw(PR_MID PR_SUBJECT));
    return map { $logon->open_message($folder->{fid}, $_->{PR_MID}) }
        grep { $_->{PR_SUBJECT} eq $subject } $table->all_rows;
}

sub wait_message {
    my ($server, @which) = @_;
    my @found;
    $server->wait_for(sub { @found = messages($server, @which) }, 30, "@which");
    is(scalar @found, 1, "@which");
    return $found[0];
}

# PR_RECIPIENT_TRACKSTATUS of the room in Ann's appointment.
sub track_of_room {
    my ($subject) = @_;
    my ($item) = messages($away, 'ann', 'calendar', $subject);
    my ($room) = grep { ($_->{properties}{PR_SMTP_ADDRESS} || '') eq 'room@example.org' }
        $item->recipients;
    return $room->{properties}{PR_RECIPIENT_TRACKSTATUS} // 0;
}

# ---- tests ----

subtest 'a meeting' => sub {
    my %e = (uid => 'round-1', summary => 'Round', stamp => time);
    plan_meeting(%e);
    invite(%e);
    wait_message($home, 'john', 'calendar', 'Round');
    wait_message($home, 'room', 'calendar', 'Round');
    my $answer = wait_message($away, 'ann', 'inbox', 'Accepted: Round');
    is($answer->property('PR_MESSAGE_CLASS'), 'IPM.Schedule.Meeting.Resp.Pos', 'the room accepts');
    is(track_of_room('Round'), 3, 'which Ann\'s calendar says');
    is(scalar messages($away, 'ann', 'calendar', 'Round'), 1, 'of the one appointment she has');
};

subtest 'the delegate' => sub {
    my $copy = wait_message($home, 'mary', 'inbox', 'Round');
    is($copy->property('PR_MESSAGE_CLASS'), 'IPM.Schedule.Meeting.Request', 'has a request');
    is($copy->property('PR_RCVD_REPRESENTING_SMTP_ADDRESS'), 'john@example.org', 'for John');
    is($copy->property('PR_SENT_REPRESENTING_SMTP_ADDRESS'), 'ann@example.net', 'from Ann');
    is(scalar messages($home, 'mary', 'calendar', 'Round'), 0, 'and nothing in her calendar');
};

subtest 'another one at that time' => sub {
    my %e = (uid => 'round-2', summary => 'Again', stamp => time);
    plan_meeting(%e);
    invite(%e);
    my $answer = wait_message($away, 'ann', 'inbox', 'Declined: Again');
    is($answer->property('PR_MESSAGE_CLASS'), 'IPM.Schedule.Meeting.Resp.Neg', 'is declined');
    is(track_of_room('Again'), 4, 'which Ann\'s calendar says');
    is(scalar messages($home, 'room', 'calendar', 'Again'), 0, 'and isn\'t in the room\'s');
};

$_->stop for $home, $away;
done_testing;
