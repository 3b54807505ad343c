#!/usr/bin/perl
# A real Postfix hands over mail, by LMTP and by okapi-dagent; then everything is killed at random
# while it does: no message is lost, none is there twice. OKAPI_MESSAGES says how many (200),
# OKAPI_CRASH with which database server, which is killed, too.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep time);

use Okapi::Test::Engine;
use Okapi::Test::LMTP;
use Okapi::Test::MAPI;
use Okapi::Test::Postfix;
use Okapi::Test::Server;

plan skip_all => $_ for Okapi::Test::Postfix->unavailable // ();

# A server whose crashes are to be part of it: OKAPI_CRASH=mysql or pgsql.
my $engine = $ENV{OKAPI_CRASH} && Okapi::Test::Engine->start($ENV{OKAPI_CRASH}, 'durable');
$ENV{OKAPI_TEST_ENGINE} = $engine->url if $engine;

my $server = Okapi::Test::Server->new(modules => ['mapi', 'gateway'], config => <<'END');
<Location /mapi>
    SetHandler mapi
    @AUTH@
</Location>
END
my $port = Okapi::Test::LMTP::port($server);
$server->user($_) for qw(john mary);
$server->user('www-data', email => 'www@example.org');
$server->start;

my $dagent = Okapi::Test::Server::tool_path('okapi-dagent') . ' --conf ' . $server->conf;
my $postfix = Okapi::Test::Postfix->new(
    transports => {
        'example.org' => "lmtp:inet:127.0.0.1:$port",
        'example.com' => 'local',
        'example.net' => 'pipe',
    },
    # local(8) starts it as the user the mail is for.
    mailbox_command => "$dagent -f \"\$SENDER\" \"\$USER\${EXTENSION:++\$EXTENSION}\"",
    pipe => "user=www-data argv=$dagent -f \${sender} \${user}\@example.org",
)->start;

my %logons;

sub inbox {
    my ($user) = @_;
    $logons{$user} ||= Okapi::Test::MAPI->connect($server, $user)->logon;
    return $logons{$user}->open_special('inbox');
}

# The subjects of all messages in a user's inbox.
sub subjects {
    my ($user) = @_;
    my $table = inbox($user)->contents->columns(qw(PR_SUBJECT));
    my @subjects;
    while (my @rows = $table->rows(100)) {
        push @subjects, map { $_->{PR_SUBJECT} } @rows;
    }
    return sort @subjects;
}

# swaks is the client who sends to Postfix.
sub swaks {
    my ($to, $subject, @more) = @_;
    my ($code, $out, $err) = Okapi::Test::Server::run_command('', 'swaks', '--server',
        '127.0.0.1:' . $postfix->port, '--from', 'jane@example.edu', '--to', $to, '--header',
        "Subject: $subject", '--body', 'Hello', '--hide-all', @more);
    return $code;
}

subtest 'by LMTP' => sub {
    is(swaks('john@example.org,mary+x@example.org', 'lmtp'), 0, 'sent to two');
    $postfix->wait_idle;
    is_deeply([subjects('john')], ['lmtp'], 'one has it');
    is_deeply([subjects('mary')], ['lmtp'], 'so has the other');
    is(swaks('nobody@example.org', 'bounce', '--from', 'john@example.org'), 0, 'sent to nobody');
    $postfix->wait_idle;
    my ($bounce) = grep {/Undelivered/} subjects('john');
    ok($bounce, 'comes back');
};

subtest 'by mailbox_command' => sub {
    is(swaks('www-data+lists@example.com', 'local'), 0, 'sent');
    $postfix->wait_idle;
    is_deeply([subjects('www-data')], ['local'], 'is there');
};

subtest 'by a pipe' => sub {
    is(swaks('mary@example.net', 'pipe'), 0, 'sent');
    $postfix->wait_idle;
    is_deeply([subjects('mary')], ['lmtp', 'pipe'], 'is there');
};

# Hands COUNT messages to Postfix, some for both; returns the subjects that each has to have.
sub submit_all {
    my ($count) = @_;
    my %wanted = (john => [], mary => []);
    for my $i (1 .. $count) {
        my @to = $i % 3 == 0 ? qw(john mary) : $i % 3 == 1 ? ('john') : ('mary');
        my $subject = sprintf 'kill %05d', $i;
        push @{ $wanted{$_} }, $subject for @to;
        $postfix->submit("From: jane\@example.edu\nSubject: $subject\n\n$i\n", '-f',
            'jane@example.edu', map {"$_\@example.org"} @to);
    }
    return \%wanted;
}

# Does Postfix only collect what is for us?
sub deliver_later {
    my ($is_later) = @_;
    $postfix->{main}{defer_transports} = $is_later ? 'lmtp' : '';
    $postfix->configure;
    $postfix->reload;
    return;
}

sub kill_something {
    my $what = int rand 4;
    if ($what == 0) {
        $postfix->stop('KILL');
        $postfix->start;
    } elsif ($what == 1 && $engine) {
        $engine->crash;
        $engine->launch;
    } else {
        my @children = $server->children or return;
        kill KILL => $children[rand @children];
    }
    return;
}

subtest 'while everything dies' => sub {
    my $count = $ENV{OKAPI_MESSAGES} || 200;
    my $seed = $ENV{OKAPI_SEED} || time;
    srand int $seed;
    diag("OKAPI_SEED=" . int $seed) if $ENV{OKAPI_MESSAGES};
    # All are in Postfix's queue first: killed while it takes one on, it would itself have it twice.
    deliver_later(1);
    my $wanted = submit_all($count);
    my $queued = sub { scalar grep {/"queue_name": "(?:active|deferred)"/} $postfix->queue };
    $server->wait_for(sub { $queued->() == $count }, 60 + $count / 10, 'the queue');
    deliver_later(0);
    my $deadline = time + 60 + $count;
    for (my $round = 0; time < $deadline && ($round < 8 || $postfix->queue); $round++) {
        $postfix->flush;
        sleep 0.1 + rand 0.6;
        kill_something();
    }
    $postfix->flush;
    $postfix->wait_idle(120);
    for my $user (qw(john mary)) {
        my @there = grep {/\Akill/} subjects($user);
        my %seen;
        is(scalar(grep { $seen{$_}++ } @there), 0, "nothing is there twice for $user");
        is(scalar(grep { !$seen{$_} } @{ $wanted->{$user} }), 0, 'nothing is lost');
        is(scalar(@there), scalar(@{ $wanted->{$user} }), 'nothing else is there');
    }
};

is(scalar($server->log_lines(qr/segfault|exit signal (?!Killed)/)), 0, 'nothing has crashed');
done_testing;
