package Okapi::Test::Mail;

# Internet messages for tests to deliver.
#
#   my $text = mail(from => 'Mary <mary@example.org>', to => ['john@example.org'],
#       subject => 'Hello', date => $unix_time, body => "…\r\n", html => '<p>…</p>',
#       attachments => [['a.bin', 'application/octet-stream', $bytes], $another_mail]);
#
# An attachment is name, type and bytes, or a message of its own (message/rfc822).

use strict;
use warnings;

use Encode ();
use Exporter qw(import);
use MIME::Base64 qw(encode_base64);
use POSIX qw(strftime);

our @EXPORT_OK = qw(mail);

my $count = 0;

sub mail {
    my (%mail) = (from => 'Mary Smith <mary@example.net>', to => ['john@example.org'],
        subject => 'A message', date => 1_700_000_000, body => "Hello.\r\n", @_);
    my @headers = (
        'From: ' . $mail{from}, 'To: ' . join(', ', @{ $mail{to} }),
        ($mail{cc} ? 'Cc: ' . join(', ', @{ $mail{cc} }) : ()),
        'Subject: ' . word($mail{subject}),
        'Date: ' . strftime('%a, %d %b %Y %H:%M:%S +0000', gmtime $mail{date}),
        'Message-ID: <' . ++$count . ".$$\@example.net>",
        @{ $mail{headers} || [] }, 'MIME-Version: 1.0');
    return join "\r\n", @headers, part_of(%mail);
}

sub word {
    my ($text) = @_;
    return $text if $text !~ /[^\x20-\x7E]/;
    return '=?UTF-8?B?' . encode_base64(Encode::encode('UTF-8', $text), '') . '?=';
}

sub text_part {
    my ($type, $text) = @_;
    return "Content-Type: text/$type; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        . encode_base64(Encode::encode('UTF-8', $text), "\r\n");
}

sub attachment_part {
    my ($attachment) = @_;
    return "Content-Type: message/rfc822\r\n\r\n$attachment" if !ref $attachment;
    my ($name, $type, $bytes) = @$attachment;
    return "Content-Type: $type; name=\"$name\"\r\n"
        . "Content-Disposition: attachment; filename=\"$name\"\r\n"
        . "Content-Transfer-Encoding: base64\r\n\r\n" . encode_base64($bytes, "\r\n");
}

sub multipart {
    my ($subtype, @parts) = @_;
    my $boundary = 'part-' . ++$count;
    return "Content-Type: multipart/$subtype; boundary=\"$boundary\"\r\n\r\n"
        . join('', map {"--$boundary\r\n$_\r\n"} @parts) . "--$boundary--\r\n";
}

sub part_of {
    my (%mail) = @_;
    my $text = text_part('plain', $mail{body});
    $text = multipart('alternative', $text, text_part('html', $mail{html})) if defined $mail{html};
    return $text if !$mail{attachments};
    return multipart('mixed', $text, map { attachment_part($_) } @{ $mail{attachments} });
}

1;
