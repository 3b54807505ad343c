package Okapi::Test::Meeting;

# Mails of meetings (RFC 6047) as other houses write them.
#
#   my $text = outlook('REQUEST', uid => 'plans-1', summary => 'Plans', start => 10);
#   my $text = response('REPLY', 'ACCEPTED', 'zoe@example.net', uid => 'own', summary => 'Own');
#
# Of the event: uid, summary, start (hours from midnight of a day to come), hours (1), sequence (0),
# stamp (DTSTAMP; each is a second after the one before), by (the organizer's address), attendees
# (addresses), lines (further ones). Of the mail: from, to, subject, headers.

use strict;
use warnings;

use Exporter qw(import);
use MIME::Base64 qw(encode_base64);
use POSIX qw(strftime);

our @EXPORT_OK = qw(apple event folded google hour outlook response utc);

my $day = (int(time / 86400) + 30) * 86400; # what is over is another matter
my $stamp = time;
my $count = 0;

# ---- the event ----

sub hour { return $day + 3600 * $_[0] }
sub utc { return strftime '%Y%m%dT%H%M%SZ', gmtime $_[0] }

# Its lines that all have.
sub event {
    my (%e) = (start => 10, hours => 1, sequence => 0, organizer => 'ORGANIZER;CN=Ann',
        by => 'ann@example.net', attendees => ['john@example.org'], lines => [], @_);
    my $attendee = 'ATTENDEE;CUTYPE=INDIVIDUAL;ROLE=REQ-PARTICIPANT;PARTSTAT=NEEDS-ACTION;'
        . 'RSVP=TRUE';
    return ("UID:$e{uid}", 'DTSTAMP:' . utc($e{stamp} // ++$stamp), "SEQUENCE:$e{sequence}",
        "SUMMARY:$e{summary}", span_of(%e), "$e{organizer}:mailto:$e{by}",
        map({"$attendee:mailto:$_"} @{ $e{attendees} }), @{ $e{lines} });
}

sub span_of {
    my (%e) = @_;
    my ($start, $end) = map { hour($_) } $e{start}, $e{start} + $e{hours};
    return ('DTSTART:' . utc($start), 'DTEND:' . utc($end)) unless $e{zone};
    my @local = map { strftime '%Y%m%dT%H%M%S', gmtime $_ + 2 * 3600 } $start, $end;
    return ("DTSTART;TZID=$e{zone}:$local[0]", "DTEND;TZID=$e{zone}:$local[1]");
}

# Two hours before UTC, in summer and winter.
sub zone {
    my ($name) = @_;
    return ('BEGIN:VTIMEZONE', "TZID:$name", 'BEGIN:STANDARD', 'DTSTART:16010101T000000',
        'TZOFFSETFROM:+0200', 'TZOFFSETTO:+0200', 'END:STANDARD', 'END:VTIMEZONE');
}

# Lines as RFC 5545 3.1 has them.
sub folded { return join '', map { s/(.{70})(?=.)/$1\r\n /gr . "\r\n" } @_ }

sub calendar {
    my ($method, $product, @lines) = @_;
    return folded('BEGIN:VCALENDAR', "PRODID:$product", 'VERSION:2.0', "METHOD:$method", @lines,
        'END:VCALENDAR');
}

# ---- the mail ----

sub multipart {
    my ($subtype, @parts) = @_;
    my $boundary = '=_' . ++$count;
    return "Content-Type: multipart/$subtype; boundary=\"$boundary\"\r\n\r\n"
        . join('', map {"--$boundary\r\n$_\r\n"} @parts) . "--$boundary--\r\n";
}

sub letter {
    my ($body, %e) = @_;
    my $id = ++$count . ".$$";
    return join "\r\n", "Received: from mx.example.net by mail.example.org; id $id",
        'From: ' . ($e{from} // 'Ann <ann@example.net>'),
        'To: ' . join(', ', @{ $e{to} // ['john@example.org'] }),
        'Subject: ' . ($e{subject} // $e{summary}),
        'Date: ' . strftime('%a, %d %b %Y %H:%M:%S +0000', gmtime),
        "Message-ID: <$id\@example.net>", @{ $e{headers} || [] }, 'MIME-Version: 1.0', $body;
}

sub texts {
    return map {"Content-Type: text/$_->[0]; charset=\"utf-8\"\r\n\r\n$_->[1]\r\n"}
        ['plain', 'Please come.'], ['html', '<p>Please come.</p>'];
}

# ---- who writes it ----

# Base64, a zone of Windows with its rules, and what MAPI says, too.
sub outlook {
    my ($method, %e) = @_;
    my $zone = 'FLE Standard Time';
    my $ical = calendar($method, 'Microsoft Exchange Server 2010', zone($zone), 'BEGIN:VEVENT',
        event(%e, zone => $zone), 'CLASS:PUBLIC', 'PRIORITY:5', 'TRANSP:OPAQUE',
        'STATUS:CONFIRMED', 'X-MICROSOFT-CDO-BUSYSTATUS:TENTATIVE',
        'X-MICROSOFT-CDO-INTENDEDSTATUS:BUSY', 'X-MICROSOFT-DISALLOW-COUNTER:FALSE',
        'BEGIN:VALARM', 'DESCRIPTION:REMINDER', 'TRIGGER;RELATED=START:-PT30M', 'ACTION:DISPLAY',
        'END:VALARM', 'END:VEVENT');
    return letter(multipart('alternative', texts(),
        "Content-Type: text/calendar; charset=\"utf-8\"; method=$method\r\n"
            . "Content-Transfer-Encoding: base64\r\n\r\n" . encode_base64($ical, "\r\n")), %e);
}

# In UTC, as it is, and once more as a file.
sub google {
    my ($method, %e) = @_;
    my $ical = calendar($method, '-//Google Inc//Google Calendar 70.9054//EN',
        'CALSCALE:GREGORIAN', 'BEGIN:VEVENT', event(%e), 'STATUS:CONFIRMED', 'END:VEVENT');
    my $alternatives = multipart('alternative', texts(),
        "Content-Type: text/calendar; charset=\"UTF-8\"; method=$method\r\n"
            . "Content-Transfer-Encoding: 7bit\r\n\r\n$ical");
    my $file = "Content-Type: application/ics; name=\"invite.ics\"\r\n"
        . "Content-Disposition: attachment; filename=\"invite.ics\"\r\n"
        . "Content-Transfer-Encoding: base64\r\n\r\n" . encode_base64($ical, "\r\n");
    return letter(multipart('mixed', $alternatives, $file), %e);
}

# A zone named as in the Olson database, and the address of the organizer in a parameter, too.
sub apple {
    my ($method, %e) = (shift, by => 'ann@example.net', @_);
    my $zone = 'Africa/Maputo';
    my $ical = calendar($method, '-//Apple Inc.//macOS 14.4.1//EN', 'CALSCALE:GREGORIAN',
        zone($zone), 'BEGIN:VEVENT',
        event(%e, zone => $zone, organizer => "ORGANIZER;CN=\"Ann A.\";EMAIL=\"$e{by}\""),
        'TRANSP:OPAQUE', 'X-APPLE-TRAVEL-ADVISORY-BEHAVIOR:AUTOMATIC', 'END:VEVENT');
    return letter(multipart('alternative', texts(),
        "Content-Type: text/calendar; method=$method; charset=UTF-8\r\n"
            . "Content-Transfer-Encoding: 8bit\r\n\r\n$ical"), %e);
}

# What somebody says to John's meeting: METHOD is REPLY or COUNTER.
sub response {
    my ($method, $partstat, $who, %e) = @_;
    my $ical = calendar($method, '-//Test//EN', 'BEGIN:VEVENT', event(by => 'john@example.org',
        %e, attendees => []), "ATTENDEE;PARTSTAT=$partstat:mailto:$who", 'END:VEVENT');
    return letter(multipart('alternative', "Content-Type: text/plain\r\n\r\n\r\n",
        "Content-Type: text/calendar; method=$method\r\n\r\n$ical"), from => $who, %e);
}

1;
