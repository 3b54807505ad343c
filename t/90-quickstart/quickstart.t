#!/usr/bin/perl
# ./quickstart: a new instance, on the engine that is tested, again, stopped, refused; and nothing
# left behind.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Cwd qw(abs_path);
use File::Path qw(remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use Test::More;

use Okapi::Test::Engine;
use Okapi::Test::HTTP;
use Okapi::Test::Server;

my $top = Okapi::Test::Server::top_dir();
my $tmp = tempdir('okapi-test-XXXXXX', TMPDIR => 1, CLEANUP => 1);
chmod 0755, $tmp;
my ($port, $lock) = Okapi::Test::Server::free_port();
mkdir "$tmp/closed", 0700;    # as root's home is: httpd's user can't enter it
my $dir = "$tmp/closed/instance";

END {
    my $code = $?;
    if (-e "$dir/env") {
        quickstart('--stop', '--dir', $dir);
        my ($run) = `cat '$dir/okapi.conf'` =~ /^RunDirectory (.+)/m;
        remove_tree($run, abs_path("$dir/data"));
    }
    $? = $code;
}

sub quickstart { return Okapi::Test::Server::run_command('', "$top/quickstart", @_) }

for (['--frobnicate'], ['--port'], ['--port', 'http'], ['--port', '0'], ['--port', '70000'],
    ['--dir'], ['--dir', '/etc'], ['--database', 'oracle:x'], ['--stop', '--dir', "$tmp/none"]) {
    my ($code, $out, $err) = quickstart('--port', $port, '--dir', $dir, @$_);
    is($code, 2, "refused: @$_");
    like($err, qr/\Aquickstart: .+\n\z/, 'in one line') or diag($err);
}
my $taken = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port, Listen => 1);
my ($code, $out, $err) = quickstart('--port', $port, '--dir', $dir);
is($code, 2, 'a port in use is refused');
like($err, qr/\Aquickstart: port $port is in use; [^\n]+\n\z/, 'in one line');
close $taken;
ok(!-e $dir, 'and nothing is left behind');

SKIP: {
    skip 'the build is not in ./build, where quickstart builds', 1
        if Okapi::Test::Server::build_dir() ne "$top/build";

    my $database = Okapi::Test::Engine::database("$tmp/unused.db");
    my @database = Okapi::Test::Engine::engine() eq 'sqlite3' ? () : ('--database', $database);

    subtest 'an instance' => sub {
        ($code, $out, $err) = quickstart('--port', $port, '--dir', $dir, @database);
        is($code, 0, 'is made and started') or return diag($err);
        like($out, qr/john, mary, peter or admin/, 'it says who can log in');

        my $env = `. '$dir/env' && echo "\$OKAPI_HTTP \$OKAPI_HTTPS \$OKAPI_PID \$OKAPI_BIN"`;
        my ($http_url, $https_url, $pid, $bin) = split ' ', $env;
        is($http_url, "http://localhost:$port", 'env has its URLs');
        is($https_url, 'https://localhost:' . ($port + 1), 'both of them');
        ok(kill(0, $pid), 'and its process');
        my $http = Okapi::Test::HTTP->new(port => $port);
        is($http->get('/okapi/status')->{status}, 200, 'it answers');
        my (undef, $folders) = Okapi::Test::Server::run_command('', "$bin/okapi-admin", '--conf',
            "$dir/okapi.conf", 'folder', 'list', 'john');
        like($folders, qr/Inbox\s+.*\b[1-9]\d*\b/, 'john has mail');

        ($code, $out, $err) = quickstart('--dir', $dir);
        is($code, 0, 'again: it runs already');
        ($code, $out, $err) = quickstart('--dir', "$dir-2", '--port', $port);
        is($code, 2, 'another one on its port is refused');
        ok(!-e "$dir-2", 'and not made');

        ($code, $out, $err) = quickstart('--dir', $dir, '--database', 'sqlite3:/else/store.db');
        is($code, 2, 'with another database it is refused');
        like($err, qr/another database/, 'which is told');

        is((quickstart('--stop', '--dir', $dir))[0], 0, 'stopped');
        ok(!kill(0, $pid), 'it is gone');
        is((quickstart('--dir', $dir))[0], 0, 'started again');
        is($http->get('/okapi/status')->{status}, 200, 'it answers');
        is((quickstart('--stop', '--dir', $dir))[0], 0, 'and stopped');
    };

    subtest 'a server that refuses' => sub {
        plan skip_all => 'SQLite has none' unless @database;
        ($code, $out, $err) = quickstart('--port', $port, '--dir', "$dir-2", @database);
        is($code, 2, 'a database that is in use');
        like($err, qr/quickstart: the database .+ is in use already; [^\n]+\n\z/, 'in one line');
        ok(!-e "$dir-2", 'nothing is left behind');
        ($code, $out, $err) = quickstart('--port', $port, '--dir', "$dir-2", '--database',
            $database =~ s/ dbname=.*/ dbname=okapi_test_none/r);
        isnt($code, 0, 'a database that is not there');
        like($err, qr/okapi_test_none/, 'is told');
        ok(!-e "$dir-2", 'nothing is left behind');
    };
}

done_testing;
