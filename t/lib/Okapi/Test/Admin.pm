package Okapi::Test::Admin;

# okapi-admin in a folder of its own, without httpd.
#
#   admin('store', 'create-database');
#   my $user = json_of('user', 'show', 'anna');
#   fails(64, qr/takes NAME/, 'user', 'show');

use strict;
use warnings;

use Exporter 'import';
use File::Temp;
use JSON::PP;
use Test::More ();

use Okapi::Test::Engine;
use Okapi::Test::Server;

our @EXPORT_OK = qw(admin admin_with_input conf_file dir fails json_of tool);

delete $ENV{OKAPI_CONF};

my $dir = File::Temp::tempdir(CLEANUP => 1);
my $conf = "$dir/okapi.conf";
mkdir "$dir/run" or die $!;
open my $fh, '>', $conf or die "$conf: $!";
print $fh map {"$_\n"} 'Database ' . Okapi::Test::Engine::database('store.db'), 'RunDirectory run',
    'Domain example.org', 'QuotaWarn 1M';
close $fh;

sub dir { return $dir }
sub conf_file { return $conf }

# (exit code, standard output, standard error) of a tool on INPUT.
sub tool {
    my ($name, $input, @args) = @_;
    return Okapi::Test::Server::run_command($input, Okapi::Test::Server::tool_path($name), @args);
}

# Likewise of a command; without --conf.
sub admin_with_input {
    my ($input, @args) = @_;
    return tool('okapi-admin', $input, @args);
}
sub admin { return admin_with_input('', '--conf', $conf, @_) }

# What a command that succeeds prints with --json.
sub json_of {
    my ($code, $out, $err) = admin(@_, '--json');
    Test::More::is($code, 0, "@_ --json") or Test::More::diag($err);
    return decode_json($out);
}

sub fails {
    my ($want, $message, @args) = @_;
    my ($code, $out, $err) = admin(@args);
    Test::More::is($code, $want, "@args: exit code");
    Test::More::like($err, $message, "@args: says why");
    Test::More::is($out, '', "@args: nothing on standard output");
    return;
}

1;
