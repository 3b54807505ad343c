package Okapi::Test::Postfix;

# A private Postfix, beside the machine's own and without touching it, for one test.
#
#   plan skip_all => $_ for Okapi::Test::Postfix->unavailable // ();
#   my $postfix = Okapi::Test::Postfix->new(
#       transports => {                             # of domains or addresses: transport(5), and
#           'example.org' => "lmtp:inet:127.0.0.1:$port",
#           'example.com' => 'local',               # local(8), with mailbox_command
#           'example.net' => 'pipe',                # pipe(8), by the command of `pipe`
#           'sink.test' => 'maildir',               # stays here: ->mails
#       },
#       mailbox_command => '/usr/bin/okapi-dagent "$USER"',
#       pipe => 'flags=R user=www-data argv=/usr/bin/okapi-dagent ${user}',
#       refuse => { 'who@example.org' => '550 5.1.1 no such person here' },     # access(5)
#       main => { message_size_limit => 20000 },    # any line of main.cf
#       tls => 1,                                   # STARTTLS, certificate in ->dir/cert.pem
#       auth => { relay => 'secret' },              # AUTH PLAIN and LOGIN, to send anywhere
#   )->start;
#   swaks('--server', '127.0.0.1:' . $postfix->port, …);
#   $postfix->wait_idle;                            # until its queue is empty
#   my @texts = $postfix->mails;
#
# It has its own configuration, queue and log, listens on a loopback port, and relays for whoever
# connects there, or with `auth` for whoever proves to be somebody. What isn't routed by
# `transports` is refused: no mail leaves the machine. Postfix can only be started by root.

use strict;
use warnings;

use File::Path qw(make_path remove_tree);
use File::Temp;
use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use MIME::Base64 qw(decode_base64);
use POSIX qw(WNOHANG setsid);
use Test::More ();
use Time::HiRes qw(sleep time);

use Okapi::Test::Server;

my @started;
my $owner = $$;

# Why there can be none here, or undef.
sub unavailable {
    return 'Postfix has to be started by root' if $> != 0;
    return 'there is no Postfix: install the packages of build-aux/packages'
        if !-x '/usr/sbin/postfix' || !defined getpwnam 'postfix';
    return undef;
}

sub new {
    my ($class, %args) = @_;
    my $self = bless { transports => {}, refuse => {}, main => {}, %args }, $class;
    push @started, $self;
    $self->{dir} = File::Temp::tempdir('okapi-postfix-XXXXXX', TMPDIR => 1);
    chmod 0755, $self->{dir};
    ($self->{port}, $self->{port_lock}) = Okapi::Test::Server::free_port() if !$self->{port};
    make_path(map {"$self->{dir}/$_"} qw(etc queue data mail));
    chown +(getpwnam 'postfix')[2, 3], "$self->{dir}/data";
    chown +(getpwnam 'www-data')[2, 3], "$self->{dir}/mail";
    $self->make_certificate if $self->{tls};
    $self->configure;
    return $self;
}

sub dir  { return $_[0]{dir} }
sub port { return $_[0]{port} }

# ---- configuration ----

sub write_file {
    my ($self, $name, $text) = @_;
    open my $file, '>', "$self->{dir}/$name" or die "$name: $!\n";
    print {$file} $text;
    close $file or die "$name: $!\n";
    return;
}

# Of a table, in the order that texthash: doesn't care about.
sub lines_of {
    my ($table) = @_;
    return join '', map {"$_ $table->{$_}\n"} sort keys %$table;
}

sub configure {
    my ($self) = @_;
    my $transports = $self->{transports};
    my $dir = $self->{dir};
    my ($uid, $gid) = (getpwnam 'www-data')[2, 3];
    my $permit = $self->{auth} ? 'permit_sasl_authenticated' : 'permit_mynetworks';
    my %main = (
        compatibility_level => '3.6', queue_directory => "$dir/queue",
        data_directory => "$dir/data",
        maillog_file => "$dir/log", maillog_file_prefixes => $dir,
        inet_interfaces => '127.0.0.1', inet_protocols => 'ipv4', myhostname => 'relay.test',
        mydestination => join(', ', grep { $transports->{$_} eq 'local' } keys %$transports),
        mynetworks => '127.0.0.0/8', biff => 'no', smtp_dns_support_level => 'disabled',
        smtp_host_lookup => 'native', disable_dns_lookups => 'yes',
        default_transport => 'error:5.4.4 this test has no way there',
        transport_maps => "texthash:$dir/etc/transport", alias_maps => '', alias_database => '',
        local_recipient_maps => '', recipient_delimiter => '+',
        mailbox_command => $self->{mailbox_command} // '',
        virtual_mailbox_domains => '', virtual_mailbox_base => "$dir/mail",
        virtual_mailbox_maps => 'static:sink/',
        virtual_uid_maps => "static:$uid", virtual_gid_maps => "static:$gid",
        virtual_minimum_uid => 1, pipe_destination_recipient_limit => 1,
        smtpd_recipient_restrictions => "check_recipient_access texthash:$dir/etc/refuse, "
            . "$permit, reject",
        smtpd_relay_restrictions => "$permit, reject", smtpd_peername_lookup => 'no',
        minimal_backoff_time => '2s', maximal_backoff_time => '4s', queue_run_delay => '2s',
        smtpd_tls_security_level => $self->{tls} ? 'may' : 'none',
        ($self->{tls} ? (smtpd_tls_cert_file => "$dir/cert.pem",
            smtpd_tls_key_file => "$dir/key.pem") : ()),
        ($self->{auth} ? (smtpd_sasl_auth_enable => 'yes', smtpd_sasl_type => 'dovecot',
            smtpd_sasl_path => "$dir/auth", smtpd_tls_auth_only => $self->{tls} ? 'yes' : 'no')
            : ()),
        %{ $self->{main} });
    $self->write_file('etc/main.cf', join '', map {"$_ = $main{$_}\n"} sort keys %main);
    $self->write_file('etc/master.cf', $self->services);
    $self->write_tables;
    return;
}

sub services {
    my ($self) = @_;
    my $pipe = $self->{pipe} // 'user=nobody argv=/bin/false';
    $pipe =~ s/\@DIR\@/$self->{dir}/g;
    return <<"END";
127.0.0.1:$self->{port} inet n - n - - smtpd
pickup    unix n - n 60 1 pickup
cleanup   unix n - n - 0 cleanup
qmgr      unix n - n 300 1 qmgr
tlsmgr    unix - - n 1000? 1 tlsmgr
rewrite   unix - - n - - trivial-rewrite
bounce    unix - - n - 0 bounce
defer     unix - - n - 0 bounce
trace     unix - - n - 0 bounce
verify    unix - - n - 1 verify
flush     unix n - n 1000? 0 flush
proxymap  unix - - n - - proxymap
smtp      unix - - n - - smtp
relay     unix - - n - - smtp
showq     unix n - n - - showq
error     unix - - n - - error
retry     unix - - n - - error
discard   unix - - n - - discard
local     unix - n n - - local
virtual   unix - n n - - virtual
lmtp      unix - - n - - lmtp
anvil     unix - - n - 1 anvil
scache    unix - - n - 1 scache
pipe      unix - n n - - pipe $pipe
postlog   unix-dgram n - n - 1 postlogd
END
}

# What `transports` and `refuse` are now; Postfix sees it with ->reload.
sub write_tables {
    my ($self) = @_;
    my %ways = map {
        my $way = $self->{transports}{$_};
        $_ => $way eq 'maildir' ? 'virtual:' : $way =~ /:/ ? $way : "$way:";
    } keys %{ $self->{transports} };
    $self->write_file('etc/transport', lines_of(\%ways));
    $self->write_file('etc/refuse', lines_of($self->{refuse}));
    return;
}

sub make_certificate {
    my ($self) = @_;
    my ($code, $out, $err) = Okapi::Test::Server::run_command('', 'openssl', 'req', '-x509',
        '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=localhost', '-addext',
        'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', "$self->{dir}/key.pem", '-out',
        "$self->{dir}/cert.pem");
    die "openssl: $err" if $code;
    return;
}

# ---- running ----

# One of Postfix's programs on this instance: (exit code, standard output, standard error).
sub program {
    my ($self, $input, $name, @args) = @_;
    my @config = $name eq 'sendmail' ? ('-C', "$self->{dir}/etc") : ('-c', "$self->{dir}/etc");
    return Okapi::Test::Server::run_command($input, "/usr/sbin/$name", @config, @args);
}

sub start {
    my ($self) = @_;
    $self->{auth_pid} ||= $self->start_auth if $self->{auth};
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    if ($pid == 0) {
        setsid;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/start.log";
        open STDERR, '>&', \*STDOUT;
        exec '/usr/sbin/postfix', '-c', "$self->{dir}/etc", 'start-fg' or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    my $deadline = time + 30;
    until ($self->answers) {
        die "Postfix does not start:\n" . $self->log_text
            if time > $deadline || waitpid($pid, WNOHANG) == $pid;
        sleep 0.05;
    }
    return $self;
}

sub answers {
    my ($self) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $self->{port},
        Proto => 'tcp', Timeout => 2) or return 0;
    return 0 unless IO::Select->new($socket)->can_read(5);
    return (<$socket> // '') =~ /\A220 / ? 1 : 0;
}

# In order; with 'KILL' all its processes die where they are. What was started is a shell around
# the master, which has a process group of its own.
sub stop {
    my ($self, $signal) = @_;
    my $pid = delete $self->{pid} or return;
    my $master = $self->master_pid;
    $signal ||= 'TERM';
    kill $signal => $signal eq 'KILL' ? -$master : $master if $master;
    my $deadline = time + 15;
    until (waitpid($pid, WNOHANG) == $pid) {
        kill KILL => $pid, $master ? -$master : () if time > $deadline;
        sleep 0.02;
    }
    return;
}

sub master_pid {
    my ($self) = @_;
    open my $file, '<', "$self->{dir}/queue/pid/master.pid" or return undef;
    my ($pid) = <$file> =~ /(\d+)/;
    return $pid;
}

# After a change of `transports` or `refuse`.
sub reload {
    my ($self) = @_;
    $self->write_tables;
    my ($code, $out, $err) = $self->program('', 'postfix', 'reload');
    die "postfix reload: $err" if $code;
    return;
}

# Tries at once what is deferred.
sub flush {
    my ($self) = @_;
    $self->program('', 'postqueue', '-f');
    return;
}

# Hands it a message as a local user does.
sub submit {
    my ($self, $text, @args) = @_;
    my ($code, $out, $err) = $self->program($text, 'sendmail', '-i', @args);
    die "sendmail: $err" if $code;
    return;
}

# ---- what it has done ----

# The lines of its queue, one JSON object for each message.
sub queue {
    my ($self) = @_;
    my ($code, $out) = $self->program('', 'postqueue', '-j');
    return split /\n/, $out;
}

sub wait_idle {
    my ($self, $timeout) = @_;
    my $deadline = time + ($timeout || 30);
    while (my @queue = $self->queue) {
        die "Postfix's queue isn't empty:\n@queue\n" . $self->log_text if time > $deadline;
        sleep 0.05;
    }
    return;
}

# What came for domains with the transport 'maildir', as texts, each with its Delivered-To.
sub mails {
    my ($self) = @_;
    return map {
        open my $file, '<', $_ or die "$_: $!\n";
        local $/;
        scalar <$file>;
    } glob "$self->{dir}/mail/sink/new/*";
}

# Waits until there are COUNT of them (that match PATTERN).
sub wait_mails {
    my ($self, $count, $pattern, $timeout) = @_;
    $pattern //= qr//;
    my $deadline = time + ($timeout || 30);
    my @mails;
    while ((@mails = grep { $_ =~ $pattern } $self->mails) < $count) {
        die "waited for $count mails, there are " . @mails . ":\n" . $self->log_text
            if time > $deadline;
        sleep 0.05;
    }
    return @mails;
}

sub log_text {
    my ($self) = @_;
    my $text = '';
    for my $name (qw(start.log log)) {
        open my $file, '<', "$self->{dir}/$name" or next;
        my @lines = <$file>;
        splice @lines, 0, -30 if @lines > 30;
        $text .= join '', @lines;
    }
    return $text;
}

# ---- who may send ----

# Postfix asks a server with Dovecot's protocol (Authentication Protocol v1.1) about passwords.
sub start_auth {
    my ($self) = @_;
    my $listening = IO::Socket::UNIX->new(Local => "$self->{dir}/auth", Listen => 5)
        or die "auth: $!\n";
    chmod 0666, "$self->{dir}/auth";
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    return $pid if $pid;
    $SIG{TERM} = 'DEFAULT';
    $SIG{CHLD} = 'IGNORE';
    while (my $client = $listening->accept) {
        next if fork;
        $self->answer_auth($client);
        POSIX::_exit(0);
    }
    POSIX::_exit(0);
}

sub answer_auth {
    my ($self, $client) = @_;
    $client->autoflush(1);
    print {$client} "VERSION\t1\t1\nMECH\tPLAIN\tplaintext\nMECH\tLOGIN\tplaintext\nSPID\t$$\n",
        "CUID\t1\nCOOKIE\t0123456789abcdef0123456789abcdef\nDONE\n";
    my %said;
    while (my $line = <$client>) {
        chomp $line;
        my ($command, $id, @args) = split /\t/, $line;
        next if $command !~ /\A(?:AUTH|CONT)\z/;
        my ($bytes) = $command eq 'CONT' ? $args[0] : map { /\Aresp=(.*)/ ? $1 : () } @args;
        push @{ $said{$id} }, decode_base64($bytes) if defined $bytes;
        my @words = map { split /\0/, $_ =~ s/\A[^\0]*\0//r } @{ $said{$id} || [] };
        if (@words < 2) {
            print {$client} "CONT\t$id\t", @words ? "UGFzc3dvcmQ6\n" : "VXNlcm5hbWU6\n";
        } else {
            my $good = ($self->{auth}{ $words[0] } // '') eq $words[1] && $words[1] ne '';
            print {$client} $good ? 'OK' : 'FAIL', "\t$id\tuser=$words[0]\n";
            delete $said{$id};
        }
    }
    return;
}

# ---- the end ----

sub clean_up {
    my ($self) = @_;
    return if $self->{cleaned}++;
    $self->stop;
    if (my $pid = delete $self->{auth_pid}) {
        kill TERM => $pid;
        waitpid $pid, 0;
    }
    Test::More::diag($self->log_text) if !Test::More->builder->is_passing;
    if ($ENV{OKAPI_TEST_KEEP}) {
        Test::More::diag("kept: $self->{dir}");
    } else {
        remove_tree($self->{dir});
    }
    return;
}

END {
    my $code = $?;
    if ($$ == $owner) {
        $_->clean_up for @started;
    }
    $? = $code;
}

1;
