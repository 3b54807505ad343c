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
$home->user($_, fullname => ucfirst) for qw(john mary info);
$away->user('zoe');
$home->admin('group', 'create', 'team');
$home->admin('group', 'add', 'team', $_) for qw(john mary);

my $postfix = Okapi::Test::Postfix->new(
    port => $port,
    transports => { 'example.org' => 'pipe', 'example.net' => 'pipe', 'sink.test' => 'maildir' },
    main => { message_drop_headers => '' },    # that Bcc doesn't leave isn't its merit
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
        $actor, $args{owner} // $actor, $args{mode} // 'raw',
        $args{after} ? "after=$args{after}" : ());
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
    is($report->{PR_MESSAGE_CLASS}, 'REPORT.IPM.Note.NDR', 'comes back as a report');
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

subtest 'deferred' => sub {
    my $text = letter('at last', ['x@sink.test']);
    my $then = time + 3;
    is(submit('john', $text, after => 3), 'ok', 'submitted for later');
    my ($entry) = queue();
    is($entry->{tries}, 0, 'it waits');
    my ($mail) = $postfix->wait_mails(1, qr/^Subject: at last/m);
    cmp_ok(time, '>=', $then - 1, 'and leaves when it is time'); # seconds are cut off
    wait_queue_empty();
};

subtest 'taken back' => sub {
    is(submit('john', letter('never', ['x@sink.test']), after => 600, mode => 'abort'), 'ok',
        'at once');
    is(scalar queue(), 0, 'it is not in the queue any more');
    is(submit('john', letter('dropped', ['x@sink.test']), after => 600), 'ok', 'another');
    my ($entry) = queue();
    is($home->admin('queue', 'drop', $entry->{id}), 0, 'is dropped by an administrator');
    is(scalar queue(), 0, 'and gone');
    my ($draft) = messages($home, 'john', 'outbox', qr/\Adropped\z/);
    is($draft->{PR_MESSAGE_FLAGS} & 0xC, 8, 'the message is a draft again');
    is(submit('john', letter('hurried', ['x@sink.test']), after => 600), 'ok', 'a third');
    ($entry) = queue();
    is($home->admin('queue', 'retry', $entry->{id}), 0, 'is sent all the same');
    $postfix->wait_mails(1, qr/^Subject: hurried/m);
    wait_queue_empty();
    ok(!(grep {/^Subject: (?:never|dropped)/m} $postfix->mails), 'the others are not');
};

subtest 'a client\'s draft' => sub {
    is(submit('john', letter('by MAPI', ['team@example.org'], cc => ['x@sink.test'],
        headers => ['Bcc: secret@sink.test', 'Received: from nowhere']), mode => 'plain'), 'ok',
        'as its properties say');
    my ($mail) = $postfix->wait_mails(2, qr/^Subject: by MAPI/m);
    unlike($mail, qr/^Bcc|^Received: from nowhere/mi, 'not as its bytes were');
    like($mail, qr/^From: "?John[^\n]* <john\@example\.org>/mi, 'from him');
    unlike($mail, qr/^Sender:/mi, 'and nobody else');
    my ($id) = $mail =~ /^Message-ID: (\S+)/mi;
    for my $user (qw(john mary)) {
        my ($row) = wait_messages($home, $user, 'inbox', qr/\Aby MAPI\z/);
        is($row->{PR_INTERNET_MESSAGE_ID}, $id, "as a member of the group $user gets it");
    }
    wait_queue_empty();
};

subtest 'RopSubmitMessage, RopAbortSubmit' => sub {
    is(submit('john', letter('rop', ['x@sink.test']), mode => 'draft', after => 600), 'ok',
        'a draft');
    my $logon = logon($home, 'john');
    my $drafts = $logon->open_folder(drafts_of($logon));
    my ($row) = grep { $_->{PR_SUBJECT} eq 'rop' } $drafts->contents->columns(@columns)->rows(50);
    my %ids = (folder_id => $drafts->{fid}, message_id => $row->{PR_MID});
    is($logon->try('AbortSubmit', \%ids)->{status}, 0x80040601, 'nothing to abort yet');
    my $message = $logon->open_message($drafts->{fid}, $row->{PR_MID});
    is($message->try('SubmitMessage', { submit_flags => 0 })->{status}, 0, 'submitted');
    is(scalar queue(), 1, 'queued');
    is($message->try('SubmitMessage', { submit_flags => 0 })->{status}, 0x80040604, 'only once');
    is($logon->try('AbortSubmit', \%ids)->{status}, 0, 'taken back');
    is(scalar queue(), 0, 'and not queued any more');
    is($message->try('SubmitMessage', { submit_flags => 8 })->{status}, 0x80070057,
        'unknown flags');
};

# The folder Drafts, which RopLogon doesn't tell of.
sub drafts_of {
    my ($logon) = @_;
    my ($row) = grep { $_->{PR_DISPLAY_NAME} eq 'Drafts' }
        $logon->open_special('ipm_subtree')->hierarchy->columns(qw(PR_DISPLAY_NAME PR_FID))
        ->rows(50);
    return $row->{PR_FID};
}

subtest 'in the name of somebody else' => sub {
    my $text = sub {
        return mail(from => 'Information <info@example.org>', subject => $_[0],
            to => ['x@sink.test']);
    };
    is(submit('john', $text->('forged'), mode => $_), 'OKAPI_EACCESS', "without a right ($_)")
        for qw(raw plain);
    is(submit('john', mail(from => 'me@elsewhere.test', subject => 'alien', to => ['x@sink.test'])),
        'OKAPI_EACCESS', 'with an address of nobody here');
    is($home->admin('delegate', 'add', 'info', 'john'), 0, 'as a delegate');
    for my $mode (qw(raw plain)) {
        is(submit('john', $text->("behalf $mode"), mode => $mode), 'ok', "he may ($mode)");
        my ($mail) = $postfix->wait_mails(1, qr/^Subject: behalf $mode/m);
        like($mail, qr/^From: .*<info\@example\.org>/mi, 'From is whom he acts for');
        like($mail, qr/^Sender: .*<john\@example\.org>/mi, 'Sender is he');
        like($mail, qr/^Return-Path: <john\@example\.org>/mi, 'so is the envelope\'s');
        ok((wait_messages($home, $_, 'sent', qr/\Abehalf $mode\z/)), "a copy for $_")
            for qw(john info);
    }
    is($home->admin('send-as', 'add', 'info', 'team'), 0, 'with the right, by a group');
    for my $mode (qw(raw plain)) {
        is(submit('john', $text->("as $mode"), mode => $mode), 'ok', "he may ($mode)");
        my ($mail) = $postfix->wait_mails(1, qr/^Subject: as $mode/m);
        like($mail, qr/^From: .*<info\@example\.org>/mi, 'From is whom he acts for');
        unlike($mail, qr/john/, 'and nothing tells of him');
    }
    is($home->admin('send-as', 'remove', 'info', 'team'), 0, 'the right is taken away');
    is($home->admin('delegate', 'remove', 'info', 'john'), 0, 'and he is no delegate any more');
    is(submit('john', $text->('forged')), 'OKAPI_EACCESS', 'then he may not');
    wait_queue_empty();
    ok(!(grep {/^Subject: (?:forged|alien)/m} $postfix->mails), 'nothing of that left');
};

subtest 'limits' => sub {
    is($home->admin('quota', 'set', 'john', '--send', 1), 0, 'a mailbox that may not send');
    is(submit('john', letter('full', ['x@sink.test'])), 'OKAPI_EQUOTA', 'does not');
    is($home->admin('quota', 'set', 'john', '--send', 'none'), 0, 'again without');
    my @many = map {"p$_\@sink.test"} 1 .. 1001;
    is(submit('john', letter('many', \@many)), 'OKAPI_ETOOMANYRECIPIENTS', 'too many recipients');
    pop @many;
    is(submit('john', letter('fewer', [@many[0 .. 249]])), 'ok', 'more than one transaction\'s');
    my @mails = $postfix->wait_mails(250, qr/^Subject: fewer/m);
    is(scalar @mails, 250, 'each gets one');
    wait_queue_empty();
};

# ---- what a mailbox sends by itself ----

use constant { OP_FORWARD => 7, FWD_PRESERVE_SENDER => 1, FWD_DO_NOT_MUNGE_MSG => 2, ENABLED => 1 };

# USER's mail with this word in its subject is forwarded by rule to an address.
sub forward_rule {
    my ($user, $word, $flavor, $to) = @_;
    my @props = (pack('V a*', 0x0C150003, pack 'V', 1), pack('V a*', 0x3002001F, utf16('SMTP')),
        pack('V a*', 0x3003001F, utf16($to)), pack('V a*', 0x39FE001F, utf16($to)),
        pack('V a*', 0x3001001F, utf16($to)));
    my $block = pack('C V V', OP_FORWARD, $flavor, 0)
        . pack('v', 1) . pack('C v', 1, scalar @props) . join '', @props;
    my $inbox = logon($home, $user)->open_special('inbox');
    my $status = $inbox->try('ModifyRules', { modify_rules_flags => 0, rules_data => [{
        rule_data_flags => 1, property_values => [
            [PR_RULE_SEQUENCE => 10], [PR_RULE_STATE => ENABLED], [PR_RULE_NAME => $word],
            [PR_RULE_PROVIDER => 'RuleOrganizer'],
            [PR_RULE_CONDITION => [content => 'PR_SUBJECT', $word, 0x10001]],
            [PR_RULE_ACTIONS => pack 'v v/a*', 1, $block]] }] })->{status};
    is($status, 0, "$user forwards '$word' to $to");
}

sub utf16 { return join('', map { pack 'v', ord } split //, $_[0]) . "\0\0" }

# A letter from outside, by way of Postfix.
sub arrive {
    my ($to, $subject) = @_;
    my $text = mail(from => 'Zoe <zoe@example.net>', to => [$to], subject => $subject);
    $postfix->submit($text =~ s/\r\n/\n/gr, '-f', 'zoe@example.net', $to);
}

subtest 'rules' => sub {
    forward_rule('mary', 'redirect', FWD_PRESERVE_SENDER | FWD_DO_NOT_MUNGE_MSG, 'x@sink.test');
    forward_rule('mary', 'forward', 0, 'x@sink.test');
    arrive('mary@example.org', 'a redirect');
    my ($mail) = $postfix->wait_mails(1, qr/^Subject: a redirect/m);
    like($mail, qr/^From: Zoe <zoe\@example\.net>/m, 'what is redirected comes as it was');
    like($mail, qr/^Return-Path: <mary\@example\.org>/m, 'from her');
    arrive('mary@example.org', 'a forward');
    ($mail) = $postfix->wait_mails(1, qr/^Subject: FW: a forward/mi);
    like($mail, qr/^From: .*<mary\@example\.org>/m, 'what is forwarded is hers');
    wait_queue_empty();
    is(scalar messages($home, 'mary', 'sent', qr/redirect|forward/), 0, 'there is no copy of it');
};

subtest 'round and round' => sub {
    forward_rule('john', 'circle', FWD_PRESERVE_SENDER | FWD_DO_NOT_MUNGE_MSG, 'mary@example.org');
    forward_rule('mary', 'circle', FWD_PRESERVE_SENDER | FWD_DO_NOT_MUNGE_MSG, 'john@example.org');
    arrive('john@example.org', 'a circle');
    wait_messages($home, $_, 'inbox', qr/a circle/) for qw(john mary);
    wait_queue_empty();
    $postfix->wait_idle;
    wait_queue_empty();
    is(scalar messages($home, 'john', 'inbox', qr/a circle/), 1, 'it ends where it began');
    is(scalar messages($home, 'mary', 'inbox', qr/a circle/), 1, 'after one round');
};

subtest 'out of office' => sub {
    is($home->admin('oof', 'set', $_, '--on', '--internal', 'I am away', '--external',
        'Away', '--audience', 'all'), 0, "$_ is away") for qw(john mary);
    is(submit('john', letter('question', ['mary@example.org'])), 'ok', 'one writes to the other');
    my ($reply) = wait_messages($home, 'john', 'inbox', qr/\AAutomatic reply: question/);
    like(property($home, 'john', 'inbox', $reply, 'PR_BODY'), qr/I am away/, 'and is told');
    arrive('mary@example.org', 'from outside');
    my ($told) = wait_messages($away, 'zoe', 'inbox', qr/\AAutomatic reply: from outside/);
    like(property($away, 'zoe', 'inbox', $told, 'PR_TRANSPORT_MESSAGE_HEADERS'),
        qr/^Auto-Submitted: auto-replied/mi, 'that it is a machine\'s is said');
    wait_queue_empty();
    $postfix->wait_idle;
    wait_queue_empty();
    is(scalar messages($home, 'mary', 'inbox', qr/Automatic reply/), 0, 'nobody answers an answer');
    is(scalar messages($home, $_, 'inbox', qr/Undeliverable.*Automatic/), 0, 'or returns it')
        for qw(john mary);
    $home->admin('oof', 'set', $_, '--off') for qw(john mary);
};

subtest 'Okapi itself as the relay' => sub {
    my ($lmtp, $lock) = Okapi::Test::Server::free_port();
    my $gateway = <<"END";
Listen 127.0.0.1:$lmtp lmtp
<VirtualHost 127.0.0.1:$lmtp>
    OkapiProtocol lmtp
</VirtualHost>
END
    my $server = Okapi::Test::Server->new(modules => ['mapi', 'gateway'],
        config => $location . $gateway,
        okapi_conf => { SendRelay => "lmtp://127.0.0.1:$lmtp", SendRetry => 1, SendRetryMax => 1 });
    $server->user($_) for qw(john mary);
    $server->start;
    my ($code, $out) = Okapi::Test::Server::run_command(
        letter('inside', [map {"$_\@example.org"} qw(mary nobody john)]), $submitter, $server->conf,
        'john', 'john', 'raw');
    is($out, "ok\n", 'submitted');
    is(scalar(wait_messages($server, $_, 'inbox', qr/\Ainside\z/)), 1, "$_ gets it, once")
        for qw(mary john);
    my ($report) = wait_messages($server, 'john', 'inbox', qr/Undeliverable: inside/);
    my $body = property($server, 'john', 'inbox', $report, 'PR_BODY');
    like($body, qr/nobody\@example\.org/, 'each recipient has an answer of his own');
    unlike($body, qr/mary\@example\.org/, 'those that it reached as well');
};

subtest 'a relay that wants to know who sends' => sub {
    my $guarded = Okapi::Test::Postfix->new(transports => { 'sink.test' => 'maildir' }, tls => 1,
        auth => { okapi => 'secret' })->start;
    my $server = Okapi::Test::Server->new(okapi_conf => { SendTLS => 'must', SendRetry => 1,
        SendRelay => 'smtp://localhost:' . $guarded->port, SendRetryMax => 1,
        SendCredentials => 'credentials', SendCAFile => $guarded->dir . '/cert.pem' });
    $server->user('john');
    $server->write_file('credentials', "okapi:wrong\n");
    $server->start;
    my ($code) = Okapi::Test::Server::run_command(letter('secret', ['x@sink.test']), $submitter,
        $server->conf, 'john', 'john', 'raw');
    $server->wait_log(qr/OK00046: .*535 5\.7\.8/, 20);
    $server->write_file('credentials', "okapi:secret\n");
    my ($mail) = $guarded->wait_mails(1, qr/^Subject: secret/m);
    like($mail, qr/\(Authenticated sender: okapi\)|with ESMTPSA/, 'is told, over TLS');
    like($mail, qr/ESMTPSA/, 'which is encrypted');
};

subtest 'a relay with a certificate of nobody known' => sub {
    my $unknown = Okapi::Test::Postfix->new(transports => { 'sink.test' => 'maildir' },
        tls => 1)->start;
    my %conf = (SendRelay => 'smtp://localhost:' . $unknown->port, SendRetry => 1,
        SendRetryMax => 1);
    for my $tls (qw(must may)) {
        my $server = Okapi::Test::Server->new(okapi_conf => { %conf, SendTLS => $tls });
        $server->user('john');
        $server->start;
        Okapi::Test::Server::run_command(letter("tls $tls", ['x@sink.test']), $submitter,
            $server->conf, 'john', 'john', 'raw');
        if ($tls eq 'must') {
            ok($server->wait_log(qr/OK00046: .*certificate/i, 20), 'SendTLS must: is not used');
        } else {
            my ($mail) = $unknown->wait_mails(1, qr/^Subject: tls may/m);
            like($mail, qr/with ESMTPS/, 'SendTLS may: is, and encrypted all the same');
        }
        $server->stop;
    }
};

subtest 'a killed httpd' => sub {
    $postfix->stop;
    is(submit('john', letter("killed $_", ['x@sink.test'])), 'ok', "mail $_") for 1 .. 12;
    $postfix->start;
    $postfix->wait_mails(1, qr/^Subject: killed/m);
    $home->kill_children;
    wait_queue_empty();
    my %copies;
    /^Subject: (killed \d+)/m and $copies{$1}++ for $postfix->mails;
    is(scalar keys %copies, 12, 'nothing is lost');
    is(scalar(grep { $_ > 2 } values %copies), 0, 'nothing comes more than twice');
    my %ids;
    /^Subject: (killed \d+)/m and $ids{$1}{ (/^Message-ID: (\S+)/mi)[0] } = 1 for $postfix->mails;
    is(scalar(grep { keys %$_ > 1 } values %ids), 0, 'and twice the same is the same');
    is(scalar messages($home, 'john', 'sent', qr/killed/), 12, 'all are in Sent Items, once');
};

done_testing;
