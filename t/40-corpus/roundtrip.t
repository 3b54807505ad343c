#!/usr/bin/perl

# Every message of $OKAPI_TEST_DATA/mail goes through a store and comes back (t/lib/mime_round): to
# the byte as it came, and of MAPI's properties alone as the same mail to Python's email package
# (t/lib/mail_round.py): subject, people, dates, texts, attachments and nested messages. Of all
# fields 99.5 % have to be the same; roundtrip_exceptions.txt explains each file where one isn't.
# Skipped where the messages are not. A pattern behind "prove t/40-corpus/roundtrip.t ::" picks some.

use strict;
use warnings;

use File::Find;
use File::Temp qw(tempdir);
use FindBin;
use IPC::Open2;
use JSON::PP ();
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Server;

my $data = $ENV{OKAPI_TEST_DATA} || Okapi::Test::Server::top_dir() . '/../shared/data';
my $round = Okapi::Test::Server::build_dir() . '/t/lib/mime_round';
plan skip_all => "no messages in $data/mail" unless -d "$data/mail";
plan skip_all => 'no Python to compare with' if system 'python3 -c "" 2>/dev/null';

my @files;
find({ no_chdir => 1, wanted => sub { push @files, $_ if -f && !/\.mbox$/ } }, "$data/mail");
@files = sort grep { !$ARGV[0] || /$ARGV[0]/ } @files;

my %exception;
open my $list, '<', "$FindBin::Bin/roundtrip_exceptions.txt" or die "roundtrip_exceptions.txt: $!\n";
while (<$list>) {
    $exception{$1} = $2 if /^([^#:]+): (.*)/;
}

# What a program says to the names of all files.
sub lines_of {
    my (@command) = @_;
    my $pid = open2(my $from, my $to, @command);
    if (!fork) {
        print $to "$_\n" for @files;
        exit 0;
    }
    close $to;
    my @lines = <$from>;
    waitpid $pid, 0;
    is($?, 0, "$command[-2] ends well");
    return @lines;
}

my $dir = tempdir(CLEANUP => 1);
my @ours = grep { /^\d/ } lines_of($round, $dir);
my @theirs = lines_of('python3', "$FindBin::Bin/../lib/mail_round.py", $dir);
is(@ours, @files, 'every file is read');
is(@theirs, @files, 'and compared');

my ($fields, $different) = (0, 0);
for my $i (0 .. $#files) {
    my $name = $files[$i] =~ s{^\Q$data/mail/\E}{}r;
    my $answer = JSON::PP::decode_json($theirs[$i] // '{"differences": ["not compared"]}');
    my @differences = @{ $answer->{differences} };
    is($ours[$i] // '', "$i exact\n", "$name is as it came");
    $fields += $answer->{fields} // 0;
    $different += grep { !/^more: / } @differences; # which is no field of what came
    my $explained = delete $exception{$name};
    if (defined $explained) {
        ok(@differences > 0, "$name is an exception: $explained");
        next;
    }
    is(join("\n", @differences), '', "$name is the same mail");
}

if (!$ARGV[0]) {
    is_deeply([sort keys %exception], [], 'every exception is a file');
    cmp_ok($different, '<=', 0.005 * $fields, "$different of $fields fields differ");
}
done_testing;
