#!/usr/bin/perl
# okapi-admin message: messages from files into a mailbox, and as files out of it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Admin qw(admin dir fails json_of);
use Okapi::Test::Round qw(files_below slurp);

# sysexits.h
use constant { EX_USAGE => 64, EX_DATAERR => 65, EX_NOINPUT => 66 };

my $dir = dir();
is((admin('store', 'create-database'))[0], 0, 'a database');
is((admin('user', 'add', 'john', '--email', 'john@example.org'))[0], 0, 'a user');

sub file {
    my ($name, $bytes) = @_;
    open my $file, '>:raw', "$dir/$name" or die "$name: $!";
    print $file $bytes;
    close $file or die "$name: $!";
    return "$dir/$name";
}

sub folder {
    my ($name) = @_;
    json_of('folder', 'create', 'john', $name);
    return $name;
}

# A folder's messages as files: their names and bytes.
sub exported {
    my ($folder, @options) = @_;
    my $to = "$dir/export-" . join '-', $folder, map { s/\W//gr } @options;
    json_of('message', 'export', 'john', $folder, $to, @options);
    return map { [m{([^/]+)\z}, $_] } files_below($to);
}

my $mail = join "\r\n", 'From: Anna <anna@example.net>', 'To: john@example.org',
    'Subject: =?utf-8?Q?Gr=C3=BC=C3=9Fe?= / a?', 'Message-ID: <1@example.net>', 'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=b', '', '--b', 'Content-Type: text/plain', '',
    'Hello', '--b', 'Content-Type: application/octet-stream; name=a.bin',
    'Content-Transfer-Encoding: base64', '', 'AAECAw==', '--b--', '';

subtest 'Internet mail' => sub {
    my $folder = folder('One');
    is_deeply(json_of('message', 'import', 'john', $folder, file('a.eml', $mail)),
        { messages => 1, refused => 0 }, 'a message');
    my @files = exported($folder);
    is(@files, 1, 'one file');
    like($files[0][0], qr/^\d+-Gr\xc3\xbc\xc3\x9fe _ a_\.eml$/, 'named by its subject');
    is(slurp($files[0][1]), $mail, 'as it came');
};

subtest 'the formats of Outlook' => sub {
    for my $format (qw(msg tnef)) {
        my $folder = folder("From-$format");
        my ($file) = exported('One', '--format', $format);
        like($file->[0], qr/\.$format$/, "a $format file");
        json_of('message', 'import', 'john', $folder, $file->[1]);
        my ($back) = exported($folder);
        my $text = slurp($back->[1]);
        like($text, qr/^Subject: =\?utf-8\?/mi, 'has the subject');
        like($text, qr/anna\@example\.net/, 'the sender');
        like($text, qr/Hello/, 'the text');
        like($text, qr/AAECAw==/, 'and the attachment');
    }
};

subtest 'a directory' => sub {
    mkdir "$dir/many" or die $!;
    file("many/$_.eml", $mail) for 1 .. 3;
    file('many/notes.txt', 'not a message');
    file('many/event.ics', join "\r\n", 'BEGIN:VCALENDAR', 'VERSION:2.0',
        map({ ('BEGIN:VEVENT', "UID:$_", "SUMMARY:Event $_", 'DTSTART:20240101T120000Z',
            'END:VEVENT') } 1, 2),
        'END:VCALENDAR', '');
    file('many/people.vcf', join "\r\n", 'BEGIN:VCARD', 'VERSION:3.0', 'N:Doe;Jane', 'FN:Jane Doe',
        'END:VCARD', '');
    file('many/broken.msg', 'nothing');
    my ($code, $out, $err) = admin('message', 'import', 'john', folder('Many'), "$dir/many");
    is($code, EX_DATAERR, 'a broken one');
    like($err, qr/broken\.msg can't be imported: this is no compound file/, 'is named, and why');
    is($out, "Imported 6 messages.\n", 'the others are imported');
    my @files = exported('Many');
    is(@files, 6, 'as many come back');
    my ($card) = grep { $_->[0] =~ /Jane/ } exported('Many', '--format', 'vcf');
    like(slurp($card->[1]), qr/^FN:Jane Doe\r$/m, 'one of them a vCard');
    my ($id) = $files[0][0] =~ /^(\d+)/;
    is(exported('Many', '--id', $id), 1, 'or one of them');
};

subtest 'what is wrong' => sub {
    my @import = ('message', 'import', 'john', 'Inbox');
    my @export = ('message', 'export', 'john', 'Inbox', $dir);
    fails(EX_NOINPUT, qr/none\.eml can't be read/, @import, "$dir/none.eml");
    fails(EX_USAGE, qr/isn't named \.eml/, @import, file('a.doc', ''));
    fails(EX_USAGE, qr/no format 'pst'/, @export, '--format', 'pst');
    fails(EX_NOINPUT, qr/Inbox has no message 9/, @export, '--id', 9);
};

done_testing;
