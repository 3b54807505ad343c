#!/usr/bin/perl

# Real vCards: every file of $OKAPI_TEST_DATA/vcf becomes messages in a store and vCards again
# (t/lib/vcard_round), and a reader that isn't ours (t/lib/vcf_expect.py) says whether each property
# is still there; and what MAPI's own properties, without anything kept, lose of names, addresses,
# numbers, organisations, birthdays and notes. vcf_exceptions.txt says where ours stands, and why. A
# file that is refused is refused with a sentence. Skipped where the files aren't. A pattern behind
# "prove t/40-corpus/vcf.t ::" picks some of them.

use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use JSON::PP ();
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Round qw(files_below lines_of);
use Okapi::Test::Server;

my $data = $ENV{OKAPI_TEST_DATA} || Okapi::Test::Server::top_dir() . '/../shared/data';
my $round = Okapi::Test::Server::build_dir() . '/t/lib/vcard_round';
plan skip_all => "no vCards in $data/vcf" unless -d "$data/vcf";

my @files = files_below("$data/vcf", $ARGV[0]);

my %exception;
open my $list, '<', "$FindBin::Bin/vcf_exceptions.txt" or die "vcf_exceptions.txt: $!\n";
while (<$list>) {
    $exception{$1}{$2} = $3 if /^([^#:]+): (kept|plain): (.*)/;
}

my $dir = tempdir(CLEANUP => 1);
my ($end, @ours) = lines_of(\@files, $round, $dir);
is($end, 0, 'vcard_round ends well');
@ours = grep { /^\d/ } @ours;
($end, my @theirs) =
    lines_of(\@files, '/usr/bin/python3', "$FindBin::Bin/../lib/vcf_expect.py", $dir);
is($end, 0, 'vcf_expect.py ends well');
@theirs = map { JSON::PP::decode_json($_) } @theirs;
is(@ours, @files, 'every file is read');
is(@theirs, @files, 'and compared');

sub sentence { join "\n", map { join ' ', map { substr $_, 0, 80 } @$_ } @_ }

# KIND of differences, unless the file is an exception.
sub compare {
    my ($name, $kind, @differences) = @_;
    my $explained = delete $exception{$name}{$kind};
    if (defined $explained) {
        ok(@differences > 0, "$name is an exception, $kind: $explained");
    } else {
        is(sentence(@differences), '', "$name, $kind");
    }
}

my ($properties, $lost) = (0, 0);
for my $i (0 .. $#files) {
    my $name = $files[$i] =~ s{^\Q$data/vcf/\E}{}r;
    my $answer = $theirs[$i];
    if ($ours[$i] =~ /^\d+ error (.*)/) {
        ok(length $1, "$name is refused: $1");
        next;
    }
    $properties += $answer->{properties};
    $lost += @{ $answer->{missing} };
    compare($name, 'kept', @{ $answer->{missing} }, @{ $answer->{new} });
    compare($name, 'plain', @{ $answer->{plain} });
}

if (!$ARGV[0]) {
    is_deeply([sort grep { %{ $exception{$_} } } keys %exception], [], 'every exception is a file');
    cmp_ok($lost, '<', 0.005 * $properties, "$lost of $properties properties are different");
}
done_testing;
