package Okapi::Test::LMTP;

# LMTP as it goes over the line, and the part of httpd's configuration that answers it.
#
#   my $port = Okapi::Test::LMTP::port($server);           # before ->start
#   my $lmtp = Okapi::Test::LMTP->connect($port);          # has read the greeting
#   is($lmtp->say('LHLO test'), '250 SMTPUTF8');           # the last line of the answer
#   my @answers = $lmtp->mail('a@example.net', ['john', 'mary'], $text);

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use Time::HiRes qw(time);

use Okapi::Test::Server;

# Makes SERVER listen for LMTP; MORE are further lines of its virtual host.
sub port {
    my ($server, $more) = @_;
    my ($port, $lock) = Okapi::Test::Server::free_port();
    $server->{lmtp_lock} = $lock;
    open my $conf, '>>', $server->dir . '/httpd.conf' or die "httpd.conf: $!\n";
    print {$conf} "Listen 127.0.0.1:$port lmtp\n<VirtualHost 127.0.0.1:$port>\n",
        "OkapiProtocol lmtp\n", $more // '', "</VirtualHost>\n";
    close $conf or die "httpd.conf: $!\n";
    return $port;
}

sub connect {
    my ($class, $port) = @_;
    my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port,
        Proto => 'tcp', Timeout => 10) or die "LMTP: $@\n";
    my $self = bless { socket => $socket, buffer => '' }, $class;
    $self->{greeting} = $self->line;
    return $self;
}

# The next line, or undef at the end of the connection.
sub line {
    my ($self) = @_;
    my $deadline = time + 30;
    while (1) {
        return $1 if $self->{buffer} =~ s/\A([^\n]*?)\r?\n//;
        my $left = $deadline - time;
        return undef if $left <= 0 || !IO::Select->new($self->{socket})->can_read($left);
        my $n = sysread $self->{socket}, $self->{buffer}, 65536, length $self->{buffer};
        return undef unless $n;
    }
}

sub send {
    my ($self, $bytes) = @_;
    local $SIG{PIPE} = 'IGNORE';
    while (length $bytes) {
        my $n = syswrite $self->{socket}, $bytes or return 0;
        substr $bytes, 0, $n, '';
    }
    return 1;
}

# All lines of the next answer, or its last one.
sub answer {
    my ($self) = @_;
    my @lines;
    while (defined(my $line = $self->line)) {
        push @lines, $line;
        last unless $line =~ /\A\d+-/;
    }
    return wantarray ? @lines : $lines[-1];
}

sub say {
    my ($self, $command) = @_;
    $self->send("$command\r\n");
    return $self->answer;
}

# The bytes of a text as DATA has them.
sub dotted {
    my ($text) = @_;
    $text =~ s/\r?\n/\r\n/g;
    $text =~ s/^\./../mg;
    $text .= "\r\n" unless $text =~ /\r\n\z/;
    return "$text.\r\n";
}

# A whole transaction: the answers of the recipients, to DATA if they are accepted, else to RCPT.
sub mail {
    my ($self, $from, $to, $text) = @_;
    my $mail = $self->say("MAIL FROM:<$from>") // return;
    return $mail unless $mail =~ /\A2/;
    my @answers = map { scalar $self->say("RCPT TO:<$_>") } @$to;
    my @accepted = grep { ($answers[$_] // '') =~ /\A2/ } 0 .. $#answers;
    if (!@accepted) {
        $self->say('RSET');
        return @answers;
    }
    my $data = $self->say('DATA') // '';
    return map {$data} @$to unless $data =~ /\A354/;
    $self->send(dotted($text));
    $answers[$_] = $self->answer for @accepted;
    return @answers;
}

1;
