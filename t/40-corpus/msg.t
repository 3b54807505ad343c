#!/usr/bin/perl

# Real .msg files: every file of $OKAPI_TEST_DATA/msg becomes a message in a store and a .msg file
# again (t/lib/item_round). Debian's python3-olefile (t/lib/msg_expect.py), which isn't ours, finds the same
# attachments, recipients and texts in the file, in the message, and in the file that was written;
# and the message of that has the same properties. msg_exceptions.txt says which files are broken,
# and how. Skipped where the files or the package are not.

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use File::Temp qw(tempdir);
use FindBin;
use JSON::PP ();
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Round qw(files_below lines_of exceptions_of slurp);
use Okapi::Test::Server;

my $python = '/usr/bin/python3'; # Debian's own has Debian's packages
my $data = $ENV{OKAPI_TEST_DATA} || Okapi::Test::Server::top_dir() . '/../shared/data';
plan skip_all => "no files in $data/msg" unless -d "$data/msg";
plan skip_all => 'no python3-olefile to compare with'
    if system "$python -c 'import olefile' 2>/dev/null";

my @files = files_below("$data/msg", $ARGV[0]);
my $exceptions = exceptions_of("$FindBin::Bin/msg_exceptions.txt");
my $dir = tempdir(CLEANUP => 1);
my ($end, @lines) =
    lines_of(\@files, Okapi::Test::Server::build_dir() . '/t/lib/item_round', 'msg', $dir);
my @ours = grep { /^\d/ } @lines;
is($end, 0, 'item_round ends well');
is(@ours, @files, 'every file is read');

my @expect = ($python, "$FindBin::Bin/../lib/msg_expect.py");
my (undef, @theirs) = lines_of(\@files, @expect);
my (undef, @back) = lines_of([map { "$dir/$_.back" } 0 .. $#files], @expect);

for my $i (0 .. $#files) {
    my $name = $files[$i] =~ s{^\Q$data/msg/\E}{}r;
    my $expected = JSON::PP::decode_json($theirs[$i]);
    my $why = delete $exceptions->{$name};
    if ($ours[$i] =~ /^\d+ error (.*)/) {
        ok(defined $why && length $1, "$name is refused: $1");
        ok($expected->{error}, "$name isn't read by others");
        next;
    }
    my (undef, @attachments) = split /\t/, $ours[$i];
    my @wanted = map { $_->{md5} // '' } @{ $expected->{attachments} };
    my @got = map { $wanted[$_] ? md5_hex(slurp("$dir/$i.$_")) : '' } 0 .. $#attachments;
    is_deeply(\@got, \@wanted, "$name: attachments");
    is_deeply(JSON::PP::decode_json($back[$i]), $expected, "$name: what others read of ours")
        unless defined $why;
    is(slurp("$dir/$i.again"), slurp("$dir/$i.props"), "$name: the same properties again");
}
is_deeply([sort keys %$exceptions], [], 'every exception is a file') unless $ARGV[0];
done_testing;
