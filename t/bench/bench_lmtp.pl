#!/usr/bin/perl
# Deliveries a second by LMTP, by 1, 8 and 32 connections, beside those of Dovecot's LMTP (Maildir,
# mail_fsync = always) in the same run on the same disk. Both answer when a message is durable.
# Arguments: how many messages each time (2000), of how many bytes (4000).
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use File::Path qw(make_path);
use File::Temp;
use IO::Socket::INET;
use POSIX ();
use Time::HiRes qw(sleep time);

BEGIN { $ENV{TMPDIR} ||= '/var/tmp' }    # a real disk

use Okapi::Test::LMTP;
use Okapi::Test::Server;

my $count = $ARGV[0] || 2000;
my $size = $ARGV[1] || 4000;
my @users = map {"user$_"} 1 .. 8;

# ---- the two servers ----

my $server = Okapi::Test::Server->new(modules => ['gateway'], children => 1, threads => 64,
    log_level => 'warn');
my $okapi_port = Okapi::Test::LMTP::port($server);
$server->user($_) for @users;
$server->start;

my ($dovecot_port, $lock) = Okapi::Test::Server::free_port();
my $dir = File::Temp->newdir('okapi-dovecot-XXXXXX', TMPDIR => 1);
my $dovecot = start_dovecot();

sub start_dovecot {
    return 0 unless -x '/usr/sbin/dovecot' && -x '/usr/lib/dovecot/lmtp' && $> == 0;
    chmod 0755, "$dir";
    make_path("$dir/run", "$dir/mail");
    chown +(getpwnam 'www-data')[2, 3], "$dir/mail";
    open my $conf, '>', "$dir/dovecot.conf" or die "dovecot.conf: $!\n";
    print {$conf} <<"END";
base_dir = $dir/run
log_path = $dir/log
protocols = lmtp
ssl = no
mail_location = maildir:$dir/mail/%n
mail_fsync = always
first_valid_uid = 1
passdb {
  driver = static
  args = nopassword=yes
}
userdb {
  driver = static
  args = uid=www-data gid=www-data home=$dir/mail/%n allow_all_users=yes
}
service lmtp {
  process_min_avail = 32
  inet_listener lmtp {
    address = 127.0.0.1
    port = $dovecot_port
  }
}
END
    close $conf;
    my $pid = fork // die "fork: $!\n";
    if ($pid == 0) {
        exec '/usr/sbin/dovecot', '-F', '-c', "$dir/dovecot.conf" or POSIX::_exit(127);
    }
    for (1 .. 100) {
        return $pid
            if IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $dovecot_port);
        sleep 0.1;
    }
    kill TERM => $pid;
    die "Dovecot does not answer\n";
}

END {
    my $code = $?;
    if ($dovecot && $dovecot > 0) {
        kill TERM => $dovecot;
        waitpid $dovecot, 0;
    }
    $? = $code;
}

# ---- the load ----

my $body = join '', map { ('x' x 78) . "\r\n" } 1 .. $size / 80;

# One connection's share, all messages different as a mail server's are.
sub deliver {
    my ($port, $me, $n) = @_;
    my $lmtp = Okapi::Test::LMTP->connect($port);
    $lmtp->say('LHLO bench');
    for my $i (1 .. $n) {
        my $user = $users[($me + $i) % @users];
        $lmtp->send("MAIL FROM:<a\@example.net>\r\nRCPT TO:<$user>\r\nDATA\r\n");
        $lmtp->answer for 1 .. 3;
        $lmtp->send("Received: from a by b id $$-$i\r\nFrom: <a\@example.net>\r\n"
                . "To: <$user\@example.org>\r\nSubject: $me $i\r\nMessage-ID: <$$.$i\@x>\r\n\r\n"
                . "$body.\r\n");
        ($lmtp->answer // '') =~ /\A250 / or return 0;
    }
    return 1;
}

# Deliveries a second by CONNECTIONS at once.
sub measure {
    my ($port, $connections) = @_;
    my $start = time;
    my @pids;
    for my $me (1 .. $connections) {
        my $pid = fork // die "fork: $!\n";
        if ($pid == 0) {
            POSIX::_exit(deliver($port, $me, int $count / $connections) ? 0 : 1);
        }
        push @pids, $pid;
    }
    for my $pid (@pids) {
        waitpid $pid, 0;
        die "a delivery failed\n" if $?;
    }
    return int($count / $connections) * $connections / (time - $start);
}

for my $connections (1, 8, 32) {
    measure($okapi_port, $connections) if $connections == 1;    # everything is warm
    my $ours = measure($okapi_port, $connections);
    printf "LMTP, %2d connections              %.0f deliveries/s", $connections, $ours;
    if ($dovecot) {
        measure($dovecot_port, $connections) if $connections == 1;
        my $theirs = measure($dovecot_port, $connections);
        printf ", Dovecot %.0f, ratio %.2f", $theirs, $ours / $theirs;
    }
    print "\n";
}
print "(dovecot-lmtpd isn't installed, or this isn't root: nothing to compare with)\n" if !$dovecot;
