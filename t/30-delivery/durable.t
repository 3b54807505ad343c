#!/usr/bin/perl
# A message that okapi-dagent accepted is on disk: killing everything right after loses nothing,
# and what was killed before leaves nothing half done.
use strict;
use warnings;

use File::Temp;
use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);

use Okapi::Test::Engine;
use Okapi::Test::Server;

delete $ENV{OKAPI_CONF};
my $dir = File::Temp::tempdir(CLEANUP => 1);
mkdir "$dir/run" or die $!;
open my $conf_file, '>', "$dir/okapi.conf" or die $!;
print {$conf_file} map {"$_\n"} 'Database ' . Okapi::Test::Engine::database('store.db'),
    'RunDirectory run', 'Domain example.org';
close $conf_file;
my @conf = ('--conf', "$dir/okapi.conf");
my $dagent = Okapi::Test::Server::tool_path('okapi-dagent');

sub admin {
    my ($code, $out, $err) = Okapi::Test::Server::run_command('',
        Okapi::Test::Server::tool_path('okapi-admin'), @conf, @_);
    die "okapi-admin @_: $err" if $code;
    return $out;
}
admin('store', 'create-database');
admin('user', 'add', 'john', '--email', 'john@example.org');

sub count {
    my ($sum, $out) = (0, admin('folder', 'list', 'john', '--json'));
    $sum += $1 while $out =~ /"messages"\s*:\s*(\d+)/g;
    return $sum;
}

sub start_dagent {
    my ($number) = @_;
    my $in = File::Temp->new;
    print {$in} "Subject: $number\n\n", 'x' x 100_000;
    $in->flush;
    seek $in, 0, 0;
    my $pid = fork;
    die "fork: $!" unless defined $pid;
    if ($pid == 0) {
        open STDIN, '<&', $in or POSIX::_exit(126);
        exec $dagent, @conf, 'john' or POSIX::_exit(127);
    }
    return $pid;
}

subtest 'killed at any moment' => sub {
    my ($accepted, $killed) = (0, 0);
    for my $i (1 .. 40) {
        my $pid = start_dagent($i);
        sleep 0.0005 * $i;
        kill 'KILL', $pid;
        waitpid $pid, 0;
        if ($? == 0) { $accepted++ }
        else         { $killed++ }
    }
    my $there = count();
    cmp_ok($there, '>=', $accepted, "each of the $accepted that were accepted is there");
    cmp_ok($there, '<=', $accepted + $killed, "no more than were sent ($killed killed)");
    my ($code) = Okapi::Test::Server::run_command("Subject: after\n\n", $dagent, @conf, 'john');
    is($code, 0, 'the next one is delivered');
    is(count(), $there + 1, 'and counted');
};

subtest 'many at once' => sub {
    my $before = count();
    my @pids = map { start_dagent($_) } 1 .. 12;
    my $accepted = 0;
    for my $pid (@pids) {
        waitpid $pid, 0;
        $accepted++ if $? == 0;
    }
    is($accepted, 12, 'all are accepted');
    is(count(), $before + 12, 'all are there');
};

done_testing;
