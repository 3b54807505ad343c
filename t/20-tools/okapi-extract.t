#!/usr/bin/perl
# okapi-extract: text of documents, and what a document can't do to it.
use strict;
use warnings;

use File::Temp;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep);

use Okapi::Test::Document;
use Okapi::Test::Server;

my $program = Okapi::Test::Server::tool_path('okapi-extract');
my $dir = File::Temp::tempdir('okapi-test-XXXXXX', TMPDIR => 1, CLEANUP => 1);

# Its standard input is a file.
sub file_of {
    my ($document) = @_;
    my $path = "$dir/document";
    open my $file, '>:raw', $path or die "$path: $!\n";
    print {$file} $document or die "$path: $!\n";
    close $file or die "$path: $!\n";
    return $path;
}

sub extract {
    my ($document) = @_;
    my $path = file_of($document);
    my $text = `'$program' < '$path' 2>/dev/null`;
    return ($? & 127 ? 'signal ' . ($? & 127) : $? >> 8, $text);
}

sub gives {
    my ($document, $wanted, $what) = @_;
    my ($code, $text) = extract($document);
    $text =~ s/\s+\z//;
    is("$code: $text", "0: $wanted", $what);
    return;
}

gives(Okapi::Test::Document::pdf('Hello from a page'), 'Hello from a page', 'PDF');
gives(Okapi::Test::Document::docx('Hel', "lo &amp; W\xC3\xB6rld"), "Hello & W\xC3\xB6rld",
    'a word in two runs of OOXML');
gives(Okapi::Test::Document::odt('Hel<text:span>lo</text:span><text:s/>there'), 'Hello there',
    'OpenDocument');
gives(Okapi::Test::Document::zip('xl/sharedStrings.xml' =>
        '<sst><si><t>one</t></si><si><r><t>t</t></r><r><t>wo</t></r></si></sst>'),
    "one\ntwo", 'a table');
gives(Okapi::Test::Document::zip('ppt/slides/slide1.xml' => '<a><p><t>slide</t></p></a>'), 'slide',
    'a presentation');

# ---- what has no text, and what is broken ----

is_deeply([extract("\0" x 10000)], [3, ''], 'no document');
is_deeply([extract('')], [3, ''], 'nothing');
is_deeply([extract(Okapi::Test::Document::zip('a.txt' => 'text'))], [3, ''], 'another archive');
is((extract(substr(Okapi::Test::Document::pdf('x'), 0, 60)))[0], 1, 'a PDF that was cut off');
is((extract(substr(Okapi::Test::Document::docx('x'), 0, 60)))[0], 1, 'an archive that was cut off');
is((extract(Okapi::Test::Document::docx('<w:t>')))[0], 1, 'XML that is none');

# ---- bombs ----

my $entities = '<!DOCTYPE w [<!ENTITY a "' . 'x' x 1000 . '">'
    . join('', map { my $to = chr(ord($_) + 1); "<!ENTITY $to \"" . "&$_;" x 20 . '">' } 'a' .. 'h')
    . ']>';
my ($code, $text) = extract(Okapi::Test::Document::zip(
    'word/document.xml' => "$entities<w><p><t>&i;</t></p></w>"));
is("$code: $text", '1: ', 'entities are not expanded');
($code, $text) = extract(Okapi::Test::Document::zip('word/document.xml' =>
        "<!DOCTYPE w [<!ENTITY a SYSTEM '/etc/passwd'>]><w><p><t>&a;</t></p></w>"));
is("$code: $text", '1: ', 'nor files read');
my $blanks = '<w>' . ' ' x (70 << 20) . '</w>';
is((extract(Okapi::Test::Document::zip('word/document.xml' => $blanks)))[0], 1,
    'what is too large unpacked ends');
undef $blanks;
like((extract(Okapi::Test::Document::zip('word/document.xml' => '<w>' x 2_000_000)))[0], qr/\A1\z/,
    'what is too deep ends');

# ---- what it may ----

# Of somebody who doesn't read, so that there is time to look at it.
my $path = file_of(Okapi::Test::Document::docx('many words ' x 100_000));
my $pid = open(my $pipe, '-|', "exec '$program' < '$path'") or die "$program: $!\n";
my %status;
for (1 .. 1000) {
    open my $file, '<', "/proc/$pid/status" or last;
    %status = map { /\A(\w+):\s*(.*)/ ? ($1 => $2) : () } <$file>;
    last if $status{Seccomp};
    sleep 0.01;
}
open my $file, '<', "/proc/$pid/limits" or die "limits: $!\n";
my %limits = map { /\A(Max [\w ]+?) {2,}(\w+)/ ? ($1 => $2) : () } <$file>;
close $file or die "limits: $!\n";
is($status{Seccomp}, 2, 'its system calls are filtered');
is($status{NoNewPrivs}, 1, 'it gets no privileges');
is($limits{'Max cpu time'}, 20, 'its time is limited');
is($limits{'Max file size'}, 0, 'it writes no files');
is($limits{'Max core file size'}, 0, 'nor does it leave memory behind');
SKIP: {
    skip 'a sanitizer needs its memory', 1
        if Okapi::Test::Server::build_variable('SANITIZE_FLAGS') =~ /address/;
    is($limits{'Max address space'}, 768 << 20, 'its memory is limited');
}
kill KILL => $pid;
close $pipe;

done_testing;
