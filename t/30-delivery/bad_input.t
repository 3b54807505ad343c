#!/usr/bin/perl
# okapi-dagent when something is wrong: a clear error, the right exit code, and nothing lost.
use strict;
use warnings;

use File::Temp;
use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Engine;
use Okapi::Test::Server;

# sysexits.h and qmail's
use constant { OK => 0, USAGE => 64, REFUSED => 65, NO_USER => 67, TRY_AGAIN => 75,
    QMAIL_HARD => 100, QMAIL_SOFT => 111 };

delete $ENV{OKAPI_CONF};
my $dir = File::Temp::tempdir(CLEANUP => 1);
mkdir "$dir/run" or die $!;
my $small = "Subject: x\n\nbody\n";

sub write_conf {
    my ($name, $database, @more) = @_;
    open my $conf, '>', "$dir/$name" or die "$name: $!";
    print {$conf} map {"$_\n"} "Database $database", 'RunDirectory run',
        'Domain example.org', @more;
    close $conf or die $!;
    return "$dir/$name";
}

sub run_tool {
    my ($tool, $input, @args) = @_;
    return Okapi::Test::Server::run_command($input, Okapi::Test::Server::tool_path($tool), @args);
}

sub make_mailbox {
    my ($conf) = @_;
    for my $command (['store', 'create-database'], ['user', 'add', 'john', '--email',
            'john@example.org']) {
        my ($code, $out, $err) = run_tool('okapi-admin', '', '--conf', $conf, @$command);
        die "@$command: $err" if $code;
    }
    return;
}

# Messages in john's mailbox.
sub count {
    my ($conf) = @_;
    my ($code, $out, $err) = run_tool('okapi-admin', '', '--conf', $conf, 'folder', 'list', 'john',
        '--json');
    die "folder list: $err" if $code;
    my $sum = 0;
    $sum += $1 while $out =~ /"messages"\s*:\s*(\d+)/g;
    return $sum;
}

# The exit codes of both kinds and what standard error says.
sub fails {
    my ($what, $want, $message, $input, $conf, @args) = @_;
    my %qmail = (TRY_AGAIN, QMAIL_SOFT);
    my ($code, $out, $err) = run_tool('okapi-dagent', $input, '--conf', $conf, @args);
    is($code, $want, "$what: exit code");
    like($err, $message, "$what: says what is wrong");
    is($out, '', "$what: nothing on standard output");
    ($code) = run_tool('okapi-dagent', $input, '--conf', $conf, '-q', @args);
    is($code, $qmail{$want} || QMAIL_HARD, "$what: qmail's code");
    return;
}

my $sqlite = Okapi::Test::Engine::engine() eq 'sqlite3';
my $database = Okapi::Test::Engine::database('store.db');
my $conf = write_conf('okapi.conf', $database);
make_mailbox($conf);

subtest 'usage' => sub {
    fails('no user', USAGE, qr/one USER is expected.*--help/s, $small, $conf);
    fails('two users', USAGE, qr/one USER/, $small, $conf, 'john', 'mary');
    fails('an unknown option', USAGE, qr/invalid option.*--help/s, $small, $conf, '-x', 'john');
};

subtest 'nobody to deliver to' => sub {
    fails('unknown user', NO_USER, qr/no such user.*user list/s, $small, $conf, 'nobody');
    fails('unknown address', NO_USER, qr/no such user/, $small, $conf, 'nobody@example.org');
};

subtest 'configuration' => sub {
    fails('no file', TRY_AGAIN, qr/can't be read.*--conf/s, $small, "$dir/none.conf", 'john');
    fails('a wrong setting', TRY_AGAIN, qr/line 4.*Nonsense/, $small,
        write_conf('bad.conf', $database, 'Nonsense 1'), 'john');
};

subtest 'no database' => sub {
    fails('no file', TRY_AGAIN, qr/okapi-admin store create-database/, $small,
        write_conf('missing.conf', 'sqlite3:missing.db'), 'john');
    fails('no directory', TRY_AGAIN, qr/missing/, $small,
        write_conf('nodir.conf', 'sqlite3:missing/store.db'), 'john');
    ok(!-e "$dir/missing.db", 'none is made instead');
    fails('no tables', TRY_AGAIN, qr/okapi-admin/, $small,
        write_conf('empty.conf', Okapi::Test::Engine::database('empty.db')), 'john');
    fails('no such database', TRY_AGAIN, qr/can't be opened/, $small,
        write_conf('none.conf', "$ENV{OKAPI_TEST_ENGINE} dbname=okapi_test_none"), 'john')
        unless $sqlite;
};

subtest 'too big' => sub {
    my $limited = write_conf('limited.conf', $database, 'MaxMessage 10K', 'MaxHeader 2K');
    fails('a message', REFUSED, qr/larger than allowed.*MaxMessage/s, "\n" . 'x' x 20_000, $limited,
        'john');
    fails('a header', REFUSED, qr/MaxHeader/, 'X: ' . 'x' x 3_000 . "\n\n", $limited, 'john');
    my ($code, undef, $err) = run_tool('okapi-dagent', 'X: ' . 'x' x 100_000_000, '--conf', $conf,
        'john');
    is($code, REFUSED, 'a header of 100 MB');
    like($err, qr/MaxHeader/, 'is refused for that');
};

subtest 'strange, but mail' => sub {
    my $before = count($conf);
    my %strange = (
        'nothing at all' => '',
        'NUL bytes' => "Subject: a\0b\n\n\0\0",
        'a line of 1 MB' => "\n" . 'x' x 1_000_000,
        '10,000 nested parts' => join('', map {"Content-Type: multipart/mixed; boundary=b$_\n\n--b$_\n"}
                1 .. 10_000),
        '10,000 nested messages' => "Content-Type: message/rfc822\n\n" x 10_000,
        '100,000 parts' => "Content-Type: multipart/mixed; boundary=b\n\n" . "--b\n\nx\n" x 100_000);
    for my $what (sort keys %strange) {
        my ($code, undef, $err) = run_tool('okapi-dagent', $strange{$what}, '--conf', $conf, 'john');
        is($code, OK, "$what: accepted") or diag($err);
        like($err, $what =~ /\d+ (?:nested )?(?:parts|messages)/ ? qr/kept in one attachment/ : qr/\A\z/,
            "$what: what is said");
    }
    is(count($conf), $before + keys %strange, 'all are there');
};

subtest 'a read-only disk' => sub {
    plan skip_all => 'the disk is the database server\'s' unless $sqlite;
    my @as_nobody;
    if ($> == 0) { # root may write everywhere
        my (undef, undef, $uid, $gid) = getpwnam 'nobody';
        plan skip_all => 'needs the user nobody' unless defined $uid;
        @as_nobody = ($^X, '-e', '$( = $) = "@ARGV[1, 1]"; $< = $> = $ARGV[0];'
            . 'exec @ARGV[2 .. $#ARGV] or exit 127', $uid, $gid);
    }
    my @dagent = (@as_nobody, Okapi::Test::Server::tool_path('okapi-dagent'));
    plan skip_all => 'the build is not readable for nobody'
        if (Okapi::Test::Server::run_command('', @dagent, '--help'))[0];

    my $sub = File::Temp::tempdir(CLEANUP => 1);
    my $ro = write_conf('ro.conf', "sqlite3:$sub/store.db");
    make_mailbox($ro);
    chmod 0444, glob "$sub/*";
    chmod 0755, $dir;
    chmod 0555, $sub;
    my ($code, undef, $err) = Okapi::Test::Server::run_command($small, @dagent, '--conf', $ro, 'john');
    is($code, TRY_AGAIN, 'try again');
    like($err, qr/writable/, 'says what to do');
    chmod 0755, $sub;
    chmod 0644, glob "$sub/*";
    is(count($ro), 0, 'nothing was delivered');
};

subtest 'a full disk' => sub {
    plan skip_all => 'the disk is the database server\'s' unless $sqlite;
    my $full = write_conf('full.conf', 'sqlite3:full.db');
    make_mailbox($full);
    my $big = "Subject: big\n\n" . join '', map { chr 33 + int rand 90 } 1 .. 2_000_000;
    my ($code, undef, $err) = Okapi::Test::Server::run_command($big, 'sh', '-c',
        'ulimit -f 2000 && exec "$@"', 'sh', Okapi::Test::Server::tool_path('okapi-dagent'),
        '--conf', $full, 'john'); # 1 MB, as POSIX counts
    is($code, TRY_AGAIN, 'try again');
    like($err, qr/not delivered/, 'says so');
    is(count($full), 0, 'nothing of it is there');
    is((run_tool('okapi-dagent', $big, '--conf', $full, 'john'))[0], OK, 'with room it is accepted');
    is(count($full), 1, 'and there');
};

done_testing;
