#!/usr/bin/perl

# Real TNEF streams: every file of $OKAPI_TEST_DATA/tnef becomes a message in a store and a stream
# again (t/lib/item_round). Debian's tnef, which isn't ours, finds the same attachments in the file, in the
# message, and in the stream that was written; and the message of that has the same properties.
# tnef_exceptions.txt says where not, and why. Skipped where the files or the tool are not.

use strict;
use warnings;

use Digest::MD5 qw(md5_hex);
use File::Temp qw(tempdir);
use FindBin;
use MIME::Base64 qw(decode_base64);
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Round qw(files_below lines_of exceptions_of slurp);
use Okapi::Test::Server;

my $data = $ENV{OKAPI_TEST_DATA} || Okapi::Test::Server::top_dir() . '/../shared/data';
plan skip_all => "no files in $data/tnef" unless -d "$data/tnef";
plan skip_all => 'no tnef to compare with' if system 'which tnef >/dev/null 2>&1';

my $exceptions = exceptions_of("$FindBin::Bin/tnef_exceptions.txt");
my $dir = tempdir(CLEANUP => 1);
my @files = files_below("$data/tnef", $ARGV[0]);
my @streams = @files;
for my $i (grep { $files[$_] =~ /\.b64\z/ } 0 .. $#files) {
    $streams[$i] = "$dir/$i.stream";
    open my $stream, '>:raw', $streams[$i] or die $!;
    print $stream decode_base64(slurp($files[$i]));
    close $stream;
}
my ($end, @lines) =
    lines_of(\@streams, Okapi::Test::Server::build_dir() . '/t/lib/item_round', 'tnef', $dir);
my @ours = grep { /^\d/ } @lines;
is($end, 0, 'item_round ends well');
is(@ours, @files, 'every file is read');

# What a tool makes of a stream: a line for each file, by its bytes. Objects are known by what is
# behind the identifier of their kind; messages, which only we make messages of, by being there.
sub extracted {
    my ($stream, @command) = @_;
    my $to = tempdir(DIR => $dir);
    system "cd '$to' && @command '$stream' >/dev/null 2>&1";
    my @found;
    for my $name (files_below($to)) {
        my $bytes = slurp($name);
        if ($bytes =~ s/\A[\x07\x0b\x0c](?:\x03\x02\0|\0\0\0)\0{4}\xc0\0{6}F//s) {
            $bytes = 'message' if $bytes =~ /\A\x78\x9f\x3e\x22/;
        }
        push @found, $bytes eq 'message' ? $bytes : md5_hex($bytes);
    }
    return join "\n", sort @found;
}

my @tnef = ('tnef', '--ignore-checksum', '--number-backups', '-C', '.', '-f');
for my $i (0 .. $#files) {
    my $name = $files[$i] =~ s{^\Q$data/tnef/\E}{}r;
    my $why = delete $exceptions->{$name};
    if ($ours[$i] =~ /^\d+ error (.+)/) {
        my $said = $1;
        like($why // '', qr/^broken/, "$name is refused: $said");
        next;
    }
    my (undef, @attachments) = split /\t/, $ours[$i];
    my $got = join "\n",
        sort map { $attachments[$_] =~ /^-1/ ? 'message' : md5_hex(slurp("$dir/$i.$_")) }
        0 .. $#attachments;
    my $theirs = extracted($streams[$i], @tnef);
    if (defined $why) {
        isnt($got, $theirs, "$name is an exception: $why");
    } else {
        is($got, $theirs, "$name: attachments");
        is(extracted("$dir/$i.back", @tnef), $got, "$name: attachments that tnef finds in ours");
    }
    is(slurp("$dir/$i.again"), slurp("$dir/$i.props"), "$name: the same properties again");
}
is_deeply([sort keys %$exceptions], [], 'every exception is a file') unless $ARGV[0];
done_testing;
