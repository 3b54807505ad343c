#!/usr/bin/perl
# The C unit tests: each program t/unit/NAME of the build is one subtest.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Okapi::Test::Server;

my $dir = Okapi::Test::Server::build_dir() . '/t/unit';
my @programs = grep { -f && -x } glob "$dir/*";
@programs = grep { !/\.(?:o|lo|la)\z/ } @programs;
plan skip_all => "nothing built in $dir: make check builds the unit tests" unless @programs;

for my $program (@programs) {
    my ($name) = $program =~ m{([^/]+)\z};
    my ($code, $out, $err) = Okapi::Test::Server::run_command('', $program);
    subtest $name => sub {
        my ($planned, $count) = (undef, 0);
        for (split /\n/, $out) {
            if (/\A(not )?ok\b[\s\d]*-?\s*(.*)/) {
                $count++;
                ok(!$1, $2);
            } elsif (/\A1\.\.(\d+)/) {
                $planned = $1;
            } elsif (/\A# ?(.*)/) {
                note($1);
            } else {
                diag($_) if /\S/;
            }
        }
        is($code, 0, 'exit code') or diag($err);
        is($count, $planned, 'all tests ran');
    };
}

done_testing;
