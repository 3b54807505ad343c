#!/usr/bin/perl
# conf/okapi.conf, which is installed, is what "okapi-admin config template" prints.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Server;

my ($code, $template, $err) = Okapi::Test::Server::run_command('',
    Okapi::Test::Server::tool_path('okapi-admin'), 'config', 'template');
is($code, 0, 'printed') or diag($err);
my $path = Okapi::Test::Server::top_dir() . '/conf/okapi.conf';
open my $file, '<', $path or die "$path: $!\n";
my $installed = do { local $/; <$file> };
s/^#(?:ServerName|SendHelo) \K.*/NAME/mg for $template, $installed; # by default this machine's
is($installed, $template, 'conf/okapi.conf is up to date');

done_testing;
