#!/usr/bin/perl

# Real RTF: every PR_RTF_COMPRESSED value below $OKAPI_TEST_DATA/rtf is decompressed, is the same
# after compression, and has HTML and text; what other programs have made of the same values (their
# results lie beside them) is what ours makes. Each HTML there becomes RTF and HTML again.
# rtf_exceptions.txt says what isn't so, and why. Skipped where the files are not.

use strict;
use warnings;

use File::Find;
use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Server;

my $data = $ENV{OKAPI_TEST_DATA} || Okapi::Test::Server::top_dir() . '/../shared/data';
my $round = Okapi::Test::Server::build_dir() . '/t/lib/rtf_round';
plan skip_all => "no RTF in $data/rtf" unless -d "$data/rtf";

my $dir = tempdir(CLEANUP => 1);
my %exception;
open my $list, '<', "$FindBin::Bin/rtf_exceptions.txt" or die "rtf_exceptions.txt: $!\n";
while (<$list>) {
    $exception{$1} = $2 if /^([^#:]+): (.*)/;
}

sub slurp {
    my ($path) = @_;
    open my $file, '<:raw', $path or die "$path: $!\n";
    local $/;
    return scalar <$file>;
}

sub spew {
    my ($path, $bytes) = @_;
    open my $file, '>:raw', $path or die "$path: $!\n";
    print $file $bytes;
    close $file;
    return $path;
}

# What the program makes of a file; undef and its complaint if nothing.
sub made {
    my ($what, $path) = @_;
    my $bytes = qx('$round' $what '$path' 2>'$dir/error');
    return $? == 0 ? $bytes : (undef, slurp("$dir/error"));
}

# Lines end as they like.
sub lines {
    my ($bytes) = @_;
    return $bytes =~ s/\r\n|\n\r|\r/\n/gr;
}

# The words of a page, by no better reader than its purpose needs.
sub words {
    my ($html) = @_;
    $html =~ s{<(style|title)\b.*?</\1>}{}gis;
    $html =~ s{</?(?:a|b|i|u|font|span)\b[^>]*>}{}gis;
    $html =~ s/<!--.*?-->|<[^>]*>/ /gs;
    $html =~ s/&nbsp;|&emsp;|\xC2\xA0/ /g;
    $html =~ s/&lt;/</g;
    $html =~ s/&gt;/>/g;
    $html =~ s/&quot;/"/g;
    $html =~ s/&amp;/&/g;
    return join ' ', grep { !/^(?:\xC2\xB7|\xE2\x80\xA2)$/ } split ' ', $html;
}

my @files;
find({ no_chdir => 1, wanted => sub { push @files, $_ if -f } }, "$data/rtf");
@files = map { s{^\Q$data/rtf/\E}{}r } sort @files;

my %raw; # lines of each decompressed value, as known from
for my $name (grep { /\.(?:lzfu|bin)$/ } @files) {
    my ($rtf, $error) = made('rtf', "$data/rtf/$name");
    if (my $why = delete $exception{$name}) {
        is($error, "rtf: the data is malformed\n", "$name is an exception: $why");
        next;
    }
    ok(defined $rtf, "$name is decompressed, and the same again") or diag($error);
    $raw{ lines($rtf) } = $name;
    my $path = spew("$dir/one.rtf", $rtf);
    for my $what (qw(html text)) {
        my ($result, $complaint) = made($what, $path);
        ok(defined $result, "... $what") or diag($complaint);
        ok(utf8::decode($result), "... UTF-8");
        unlike($result, qr/\\(?:par|fs\d|htmlrtf)\b|\{\\\*/, '... without anything of RTF');
    }
}
cmp_ok(scalar keys %raw, '>', 50, 'there are many');

for my $name (grep { m{message\.rtf$|/LZFu\.rtf$} } @files) {
    ok($raw{ lines(slurp("$data/rtf/$name")) }, "$name is what another program reads");
}
for my $name (grep { /Issue\d+\.rtf$/ } @files) {
    my ($html) = made('html', "$data/rtf/$name");
    is($html, slurp("$data/rtf/" . $name =~ s/rtf$/html/r), "$name has the HTML it was made of");
}
for my $name (grep { /\.test$/ } @files) {
    my ($html) = made('html', "$data/rtf/$name");
    is(words($html), words(slurp("$data/rtf/" . $name =~ s/test$/result.65001/r)),
       "$name says what another program reads");
}

find({ no_chdir => 1, wanted => sub {
    return unless -f;
    my $name = s{^\Q$data/\E}{}r;
    my $html = slurp($_);
    my ($rtf) = made('fromhtml', $_);
    ok(defined $rtf, "$name becomes RTF") or return;
    $html =~ s/\0//g;
    my ($back) = made('html', spew("$dir/one.rtf", $rtf));
    # Who isn't UTF-8 isn't HTML to the function.
    utf8::decode(my $copy = $html) or return;
    ok(lines($html) eq lines($back), '... and is the same again');
} }, "$data/html") if -d "$data/html";

is_deeply([sort keys %exception], [], 'no exception is left over');
done_testing();
