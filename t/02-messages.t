#!/usr/bin/perl
# docs/admin/messages.md is what build-aux/gen-messages.pl makes of the sources.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

use Okapi::Test::Server;

my $top = Okapi::Test::Server::top_dir();
my ($code, $made, $errors) = Okapi::Test::Server::run_command('', $^X,
    "$top/build-aux/gen-messages.pl", $top);
is($code, 0, 'each number is used once, in its range') or diag($errors);
open my $file, '<', "$top/docs/admin/messages.md" or die "messages.md: $!\n";
my $kept = do { local $/; <$file> };
is($kept, $made, 'docs/admin/messages.md is up to date')
    or diag("run: build-aux/gen-messages.pl > docs/admin/messages.md");

done_testing;
