#!/usr/bin/perl
# Mail that is submitted leaves by the relay, a real Postfix, and comes in where it is for: in the
# same Okapi, in a second one, in a sink. What can't be sent comes back as a report.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;
use JSON::PP ();
use Time::HiRes qw(sleep time);

use Okapi::Test::MAPI;
use Okapi::Test::Mail qw(mail);
use Okapi::Test::Postfix;
use Okapi::Test::Server;

if (my $reason = Okapi::Test::Postfix->unavailable) {
    plan skip_all => $reason;
}

# ---- the house: two Okapis, and a Postfix between them ----

my $location = <<'END';
<Location /mapi>
    SetHandler mapi
    @AUTH@
</Location>
END
my ($port, $port_lock) = Okapi::Test::Server::free_port();
my $home = Okapi::Test::Server->new(modules => ['mapi'], config => $location, okapi_conf => {
    SendRelay => "smtp://127.0.0.1:$port", SendTimeout => 4, SendRetry => 1, SendRetryMax => 1 });
my $away = Okapi::Test::Server->new(modules => ['mapi'], config => $location,
    domain => 'example.net');
$home->user($_) for qw(john mary info);
$away->user('zoe');
$home->admin('group', 'create', 'team');
$home->admin('group', 'add', 'team', $_) for qw(john mary);

my $postfix = Okapi::Test::Postfix->new(
    port => $port,
    transports => { 'example.org' => 'pipe', 'example.net' => 'pipe', 'sink.test' => 'maildir' },
    refuse => { 'nobody@sink.test' => '550 5.1.1 no such person here' },
    pipe => 'flags=R null_sender= user=www-data '
        . 'argv=/bin/sh @DIR@/deliver ${domain} ${sender} ${user}');
$postfix->write_file('deliver', join "\n", 'case $1 in',
    map({ "$_->{domain}) conf=" . $_->conf . ' ;;' } $home, $away), 'esac',
    'exec ' . Okapi::Test::Server::tool_path('okapi-dagent') . ' --conf $conf -f "$2" "$3"', '');
$postfix->start;
$_->start for $home, $away;

# ---- what people do ----

my $submitter = Okapi::Test::Server::build_dir() . '/t/lib/submit';
my $count = 0;

# The actor sends, in his own mailbox unless `owner` is another's; what came of it.
sub submit {
    my ($actor, $text, %args) = @_;
    my ($code, $out, $err) = Okapi::Test::Server::run_command($text, $submitter, $home->conf,
        $actor, $args{owner} // $actor, $args{mode} // 'raw', $args{after} ? "after=$args{after}" : ());
    die "submit: $err" if $code;
    chomp $out;
    return $out;
}

# A mail of john's to these people.
sub letter {
    my ($subject, $to, %args) = @_;
    return mail(from => 'John <john@example.org>', subject => $subject, to => $to, %args);
}

my %logons;

sub logon {
    my ($server, $user) = @_;
    return $logons{"$server $user"} ||= Okapi::Test::MAPI->connect($server, $user)->logon;
}

# The messages in a special folder with this subject, as hashes of some properties.
my @columns = qw(PR_SUBJECT PR_MESSAGE_CLASS PR_INTERNET_MESSAGE_ID PR_MESSAGE_FLAGS PR_MID);

sub messages {
    my ($server, $user, $folder, $subject) = @_;
    my $table = logon($server, $user)->open_special($folder)->contents->columns(@columns);
    return grep { $_->{PR_SUBJECT} =~ $subject } $table->rows(100);
}

sub wait_messages {
    my ($server, $user, $folder, $subject, $wanted) = @_;
    $wanted //= 1;
    my @found;
    $server->wait_for(sub { (@found = messages($server, $user, $folder, $subject)) >= $wanted }, 30,
        "$wanted of $subject in the $folder of $user");
    return @found;
}

sub property {
    my ($server, $user, $folder, $row, $name) = @_;
    my $object = logon($server, $user);
    my $special = $object->open_special($folder);
    return $object->open_message($special->{fid}, $row->{PR_MID})->property($name);
}

sub queue {
    my ($code, $out, $err) = $home->admin('queue', 'list', '--json');
    die $err if $code;
    return @{ JSON::PP::decode_json($out) };
}
sub wait_queue_empty { $home->wait_for(sub { !queue() }, 30, 'the queue to be empty') }

# ---- tests ----

subtest 'three kinds of recipients' => sub {
    my $text = letter('hello', ['mary@example.org', 'zoe@example.net', 'x@sink.test'],
        headers => ['Bcc: secret@sink.test']);
    my ($id) = $text =~ /^Message-ID: (\S+)/m;
    is(submit('john', $text), 'ok', 'submitted');
    my ($mary) = wait_messages($home, 'mary', 'inbox', qr/\Ahello\z/);
    my ($zoe) = wait_messages($away, 'zoe', 'inbox', qr/\Ahello\z/);
    is($_->{PR_INTERNET_MESSAGE_ID}, $id, 'arrives with its Message-ID') for $mary, $zoe;
    my @sunk = $postfix->wait_mails(2, qr/^Subject: hello/m);
    ok((grep {/^Delivered-To: secret\@sink\.test/m} @sunk), 'secret recipients get it');
    ok(!(grep {/^Bcc/mi} @sunk), 'and nobody sees that');
    ok((grep {/^Return-Path: <john\@example\.org>/m} @sunk), 'the envelope is the sender\'s');
    my ($sent) = wait_messages($home, 'john', 'sent', qr/\Ahello\z/);
    is($sent->{PR_MESSAGE_FLAGS} & 0xD, 1, 'it is in Sent Items, read, and no draft');
    is(scalar messages($home, 'john', 'outbox', qr/hello/), 0, 'and not in the outbox any more');
    wait_queue_empty();
};

subtest 'one who is refused' => sub {
    is(submit('john', letter('half', ['x@sink.test', 'nobody@sink.test'])), 'ok', 'submitted');
    my ($report) = wait_messages($home, 'john', 'inbox', qr/Undeliverable: half/);
    my $body = property($home, 'john', 'inbox', $report, 'PR_BODY');
    like($body, qr/nobody\@sink\.test/, 'the report says who');
    like($body, qr/There is no mailbox with this address/, 'and why, in words');
    like($body, qr/550 5\.1\.1 .*no such person here/, 'and in the server\'s');
    unlike($body, qr/\bx\@sink/, 'not who got it');
    is(scalar $postfix->wait_mails(1, qr/^Subject: half/m), 1, 'who did');
    wait_queue_empty();
    is(scalar messages($home, 'john', 'inbox', qr/Undeliverable: half/), 1, 'one report');
    ok((wait_messages($home, 'john', 'sent', qr/\Ahalf\z/)), 'it was sent');
};

subtest 'the relay is down' => sub {
    $postfix->stop;
    is(submit('john', letter('later', ['x@sink.test'])), 'ok', 'mail is taken all the same');
    $home->wait_log(qr/OK00046: .*it is tried again/, 20);
    my ($entry) = queue();
    like($entry->{error}, qr/the relay .* can't be used/, 'the queue says why');
    is($entry->{recipients}[0]{state}, 'waiting', 'and that he waits');
    $postfix->start;
    $postfix->wait_mails(1, qr/^Subject: later/m);
    wait_queue_empty();
    is(scalar(grep {/^Subject: later/m} $postfix->mails), 1, 'it leaves later, once');
};

done_testing;
