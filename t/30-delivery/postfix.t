#!/usr/bin/perl
# The private Postfix that other tests stand on: it takes mail from swaks, refuses whom it is told
# to, keeps what is for its sink, runs commands, knows passwords, and leaves nothing behind.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use Time::HiRes qw(sleep);

use Okapi::Test::Postfix;
use Okapi::Test::Server;

if (my $reason = Okapi::Test::Postfix->unavailable) {
    plan skip_all => $reason;
}

sub swaks {
    my ($postfix, @args) = @_;
    return Okapi::Test::Server::run_command('', 'swaks', '--server', '127.0.0.1', '--port',
        $postfix->port, '--helo', 'test', '--from', 'a@sink.test', @args);
}

my $postfix = Okapi::Test::Postfix->new(
    transports => { 'sink.test' => 'maildir', 'pipe.test' => 'pipe', 'local.test' => 'local' },
    refuse => { 'nobody@sink.test' => '550 5.1.1 no such person here' },
    mailbox_command => 'cat >/dev/null; test "$USER" = www-data',
    pipe => 'user=www-data argv=/bin/sh -c {exit 67}')->start;

subtest 'the sink' => sub {
    is((swaks($postfix, '--to', 'b@sink.test', '--header', 'Subject: one'))[0], 0, 'is reached');
    my ($mail) = $postfix->wait_mails(1);
    like($mail, qr/^Delivered-To: b\@sink\.test$/m, 'says for whom it is');
    like($mail, qr/^Subject: one$/m, 'and what came');
};

subtest 'who is refused' => sub {
    my ($code, $out) = swaks($postfix, '--to', 'nobody@sink.test');
    isnt($code, 0, 'somebody');
    like($out, qr/550 5\.1\.1 .*no such person here/, 'with these words');
    delete $postfix->{refuse}{'nobody@sink.test'};
    $postfix->reload;
    is((swaks($postfix, '--to', 'nobody@sink.test'))[0], 0, 'until that is taken back');
    $postfix->wait_mails(2);
};

subtest 'commands' => sub {
    is((swaks($postfix, '--to', 'www-data@local.test'))[0], 0, 'mailbox_command');
    $postfix->wait_idle;
    is(scalar $postfix->mails, 2, 'was content');
    is((swaks($postfix, '--to', 'x@pipe.test'))[0], 0, 'pipe');
    my ($bounce) = $postfix->wait_mails(1, qr/Undelivered/);
    like($bounce, qr/^Status: 5\.1\.1$/m, 'has its exit code told to the sender');
};

subtest 'nothing leaves the machine' => sub {
    my ($code, $out) = swaks($postfix, '--to', 'x@example.net');
    isnt($code, 0, 'other addresses are refused');
    like($out, qr/550 5\.4\.4 .*this test has no way there/, 'with a reason');
};

subtest 'passwords' => sub {
    my $second = Okapi::Test::Postfix->new(transports => { 'sink.test' => 'maildir' }, tls => 1,
        auth => { relay => 'secret' })->start;
    isnt((swaks($second, '--to', 'b@sink.test'))[0], 0, 'none: refused');
    my @login = ('--to', 'b@sink.test', '--tls', '--auth-user', 'relay', '--auth-password');
    isnt((swaks($second, @login, 'wrong'))[0], 0, 'a wrong one: refused');
    is((swaks($second, @login, 'secret', '--auth', $_))[0], 0, $_) for 'PLAIN', 'LOGIN';
    $second->wait_mails(2);
};

subtest 'a crash' => sub {
    $postfix->stop('KILL');
    ok(!$postfix->answers, 'it is gone');
    $postfix->start;
    ok($postfix->answers, 'and can be started again');
    my $dir = $postfix->dir;
    $postfix->clean_up;
    ok(!-e $dir, 'in the end there are no files');
    my @left;
    for (1 .. 100) { # what is told to end needs a moment for it
        @left = grep { (readlink $_ // '') =~ m{\A\Q$dir\E} } glob '/proc/[0-9]*/cwd';
        last if !@left;
        sleep 0.1;
    }
    is("@left", '', 'and no processes');
};

done_testing;
