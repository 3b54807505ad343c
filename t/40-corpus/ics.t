#!/usr/bin/perl

# Real iCalendar in all its ugliness: every file of $OKAPI_TEST_DATA/ics becomes messages in a store and
# iCalendar again (t/lib/ical_round), and Python's packages, an implementation that isn't ours, say
# whether the same takes place in ten years (t/lib/ics_expect.py): with what was kept beside MAPI's
# properties, and by okapi_message_instances. ics_exceptions.txt says where ours stands, and why. A
# file that is refused is refused with a sentence. Skipped where the files or the packages are not. A
# pattern behind "prove t/40-corpus/ics.t ::" picks some of them.

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

my $python = '/usr/bin/python3'; # Debian's own has Debian's packages
my $data = $ENV{OKAPI_TEST_DATA} || Okapi::Test::Server::top_dir() . '/../shared/data';
my $round = Okapi::Test::Server::build_dir() . '/t/lib/ical_round';
plan skip_all => "no calendars in $data/ics" unless -d "$data/ics";
plan skip_all => 'no python3-recurring-ical-events to compare with'
    if system "$python -c 'import icalendar, recurring_ical_events' 2>/dev/null";

my @files;
find({ no_chdir => 1, wanted => sub { push @files, $_ if -f } }, "$data/ics");
@files = sort grep { !$ARGV[0] || /$ARGV[0]/ } @files;

my %exception;
open my $list, '<', "$FindBin::Bin/ics_exceptions.txt" or die "ics_exceptions.txt: $!\n";
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
my @theirs = lines_of($python, "$FindBin::Bin/../lib/ics_expect.py", $dir);
is(@ours, @files, 'every file is read');
is(@theirs, @files, 'and compared');

my ($compared, $plain) = (0, 0);
for my $i (0 .. $#files) {
    my $name = $files[$i] =~ s{^\Q$data/ics/\E}{}r;
    my $answer = JSON::PP::decode_json($theirs[$i] // '{}');
    if ($ours[$i] =~ /^\d+ error (.*)/) {
        ok(length $1, "$name is refused: $1");
        next;
    }
    my %differences = %{ $answer->{differences} };
    my $explained = delete $exception{$name};
    if (defined $explained) {
        ok(%differences > 0, "$name is an exception: $explained");
        next;
    }
    is(join("\n", map { "$_: $differences{$_}" } sort keys %differences), '', $name);
    next if exists $answer->{unreadable};
    $compared++;
    $plain++ if !$answer->{plain};
}

# MAPI's own properties without anything kept: all but rules and exceptions MAPI can't express.
if (!$ARGV[0]) {
    is_deeply([sort keys %exception], [], 'every exception is a file');
    cmp_ok($plain, '>=', 0.85 * $compared, "$plain of $compared are the same by MAPI's properties alone");
}
done_testing;
