#!/usr/bin/perl

# Real mail in all its ugliness: every message of $OKAPI_TEST_DATA/mail goes through okapi-dagent,
# is read back over MAPI/HTTP, and compared with what Python's email package makes of it
# (t/lib/mail_expect.py); exceptions.txt says where ours stands, and why. Skipped where the messages
# are not. A pattern behind "prove t/40-corpus/mail.t ::" picks some of them.

use strict;
use warnings;

use Digest::SHA qw(sha256_hex);
use File::Basename qw(dirname);
use File::Find;
use FindBin;
use IPC::Open2;
use JSON::PP ();
use MIME::Base64 qw(encode_base64);
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Props qw(is_error unix_time);

my $lib = "$FindBin::Bin/../lib";
my $data = $ENV{OKAPI_TEST_DATA} || Okapi::Test::Server::top_dir() . '/../shared/data';
plan skip_all => "no messages in $data/mail" unless -d "$data/mail";
plan skip_all => 'no Python to compare with' if system 'python3 -c "" 2>/dev/null';

my @files;
find({ no_chdir => 1, wanted => sub { push @files, $_ if -f && !/\.mbox$/ } }, "$data/mail");
@files = sort grep { !$ARGV[0] || /$ARGV[0]/ } @files;

my %exception;
open my $list, '<', "$FindBin::Bin/exceptions.txt" or die "exceptions.txt: $!\n";
while (<$list>) {
    $exception{$1} = $2 if /^([^#:]+): (.*)/;
}

my $server = Okapi::Test::MAPI->server('john');
my @children = $server->children;
my $m = Okapi::Test::MAPI->connect($server, 'john');
my $logon = $m->logon;
$logon->subscribe(2); # new mail: it says which message came of a delivery

# ---- a message as mail_expect.py wants it ----

sub value { my ($v) = @_; return defined $v && !defined is_error($v) ? $v : undef }

# The whole of a property, however large; undef if there is none.
sub whole {
    my ($object, $tag, $value) = @_;
    my $error = is_error($value);
    return $value if !defined $error;
    return $error == 0x8007000E ? $object->stream_all($tag) : undef;
}

sub person {
    my ($name, $address) = map { value($_) } @_;
    return undef if !defined $name && !defined $address;
    return { name => $name // $address, address => $address // $name };
}

sub recipients {
    my ($message) = @_;
    my %people = map { $_ => [] } qw(to cc bcc);
    for my $r ($message->recipients) {
        # Somebody who takes part in a meeting, but didn't get this mail: MS-OXOCAL 2.2.4.10.1.
        my $flags = value($r->{properties}{PR_RECIPIENT_FLAGS});
        next if defined $flags && !($flags & 1);
        my $address = value($r->{properties}{PR_SMTP_ADDRESS}) // $r->{email_address};
        push @{ $people{ [qw(from to cc bcc)]->[$r->{recipient_type} & 3] } },
            { name => $r->{display_name}, address => $address };
    }
    return %people;
}

sub attachment {
    my ($message, $row) = @_;
    my $attachment = $message->open_attachment($row->{PR_ATTACH_NUM});
    my %found = (name => value($row->{PR_ATTACH_LONG_FILENAME}),
        type => value($row->{PR_ATTACH_MIME_TAG}), message => undef);
    if ($row->{PR_ATTACH_METHOD} == 5) {
        my $embedded = $attachment->open_embedded;
        $found{message} = described($embedded);
        $embedded->release;
    } else {
        my $bytes = whole($attachment, 'PR_ATTACH_DATA_BIN',
            $attachment->property('PR_ATTACH_DATA_BIN'));
        @found{qw(size sha256)} = (length $bytes, sha256_hex($bytes)) if defined $bytes;
    }
    $attachment->release;
    return \%found;
}

sub described {
    my ($message) = @_;
    my $p = $message->properties(qw(PR_MESSAGE_CLASS PR_SUBJECT PR_SENDER_NAME
        PR_SENDER_EMAIL_ADDRESS PR_SENT_REPRESENTING_NAME PR_SENT_REPRESENTING_EMAIL_ADDRESS
        PR_CLIENT_SUBMIT_TIME PR_BODY PR_HTML PR_INTERNET_CPID));
    my $time = value($p->{PR_CLIENT_SUBMIT_TIME});
    my $html = whole($message, 'PR_HTML', $p->{PR_HTML});
    my $table = $message->attachments->columns(qw(PR_ATTACH_NUM PR_ATTACH_METHOD
        PR_ATTACH_LONG_FILENAME PR_ATTACH_MIME_TAG));
    my @rows = $table->all_rows;
    $table->release;
    return {
        class => value($p->{PR_MESSAGE_CLASS}),
        subject => whole($message, 'PR_SUBJECT', $p->{PR_SUBJECT}),
        from => person(@{$p}{qw(PR_SENT_REPRESENTING_NAME PR_SENT_REPRESENTING_EMAIL_ADDRESS)}),
        sender => person(@{$p}{qw(PR_SENDER_NAME PR_SENDER_EMAIL_ADDRESS)}),
        recipients($message), date => defined $time ? unix_time($time) : undef,
        text => whole($message, 'PR_BODY', $p->{PR_BODY}),
        html => defined $html ? { codepage => value($p->{PR_INTERNET_CPID}) // 65001,
            base64 => encode_base64($html, '') } : undef,
        attachments => [map { attachment($message, $_) } @rows],
    };
}

# ---- all of them ----

my $checker = <<'END';
import json, sys
sys.path.insert(0, sys.argv[1])
import mail_expect
for line in sys.stdin:
    path, got = line.rstrip('\n').split('\t', 1)
    try:
        found = list(mail_expect.compare(mail_expect.expect_file(path), json.loads(got)))
    except Exception as error:
        found = [f'mail_expect.py: {error!r}']
    print(json.dumps(found), flush=True)
END
my $python = open2(my $from, my $to, 'python3', '-c', $checker, $lib);
my $json = JSON::PP->new->ascii->canonical;

sub delivered {
    my ($file) = @_;
    open my $handle, '<:raw', $file or die "$file: $!\n";
    my $text = do { local $/; <$handle> };
    my ($code, $out, $err) = $server->tool('okapi-dagent', $text, 'john');
    is $code, 0, 'delivered' or diag "$out$err";
    my ($event) = grep { $_->{rop} eq 'Notify' } $m->notifications;
    ok $event, 'and announced';
    return $event;
}

for my $file (@files) {
    my $name = $file =~ s{^\Q$data\E/mail/}{}r;
    subtest $name => sub {
        my $event = delivered($file) or return;
        my $got = eval {
            my $message = $logon->open_message(@{$event}{qw(folder_id message_id)});
            my $described = described($message);
            $message->release;
            $described;
        };
        ok $got, 'read back' or diag $@;
        return if !$got;
        if ($exception{$name}) {
            pass "ours stands: $exception{$name}";
            return;
        }
        print {$to} "$file\t", $json->encode($got), "\n";
        my $differences = JSON::PP::decode_json(scalar <$from>);
        is scalar @$differences, 0, 'as Python reads it' or diag map {"$_\n"} @$differences;
    };
}
close $to;
waitpid $python, 0;
is_deeply [$server->children], \@children, 'no child has died';

done_testing;
