#!/usr/bin/perl
# The tree keeps its own rules: layers are closed, and a release has every file.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use File::Temp qw(tempdir);
use Test::More;

use Okapi::Test::Server;

my $top = Okapi::Test::Server::top_dir();
my $build = Okapi::Test::Server::build_dir();
my $tmp = tempdir('okapi-test-XXXXXX', TMPDIR => 1, CLEANUP => 1);

# Compiles a file that includes HEADER as one of the layer whose flags are FLAGS.
sub includes {
    my ($header, $flags) = @_;
    my $source = "$tmp/source.c";
    open my $file, '>', $source or die "$source: $!";
    print $file "#include <$header>\nextern int nothing;\n";
    close $file or die "$source: $!";
    my $make = "$tmp/Makefile";
    open $file, '>', $make or die "$make: $!";
    print $file "include $build/Makefile\n",
        "try:\n\t\$(CC) \$(DEFS) $flags \$(CPPFLAGS) \$(AM_CFLAGS) -fsyntax-only $source\n";
    close $file or die "$make: $!";
    my $out = `cd '$build' && make -s -f '$make' try 2>&1`;
    return $? == 0 ? '' : $out;
}

my $store = '$(store_libokapi_core_la_CPPFLAGS)';
my $convert = '$(convert_libokapi_convert_core_la_CPPFLAGS)';
my $module = '$(mod_mapi_mod_mapi_la_CPPFLAGS)';

is(includes('okapi/store.h', $store), '', 'the store sees its public headers');
like(includes('apr_dbd.h', $store), qr/only store\/db/, 'but no APR DBD');
like(includes('httpd.h', $store), qr/below the modules/, 'and no httpd');
like(includes('okapi/mime.h', $store), qr/No such file/, 'nor the conversions above it');
is(includes('okapi/mime.h', $convert), '', 'conversions see their own header');
like(includes('engine_private.h', $convert), qr/No such file/, 'but not the inside of the store');
like(includes('httpd.h', $convert), qr/below the modules/, 'and no httpd');
is(includes('mod_okapi.h', $module), '', 'a module sees what mod_okapi gives');
like(includes('child.h', $module), qr/No such file/, 'but not its inside');
like(includes('db/db.h', $module), qr/No such file/, 'nor the database');

SKIP: {
    my @tracked = split /\n/, `git -C '$top' ls-files 2>/dev/null`;
    skip 'this is no checkout', 1 unless @tracked;
    is(system("make -C '$build' -s distdir distdir='$tmp/dist' >/dev/null 2>&1"), 0, 'make distdir');
    my @missing = grep { !/\A\.(?:git|ci)/ && -e "$top/$_" && !-e "$tmp/dist/$_" } @tracked;
    is("@missing", '', 'a release has every file');
    system 'chmod', '-R', 'u+w', "$tmp/dist";
}

done_testing;
