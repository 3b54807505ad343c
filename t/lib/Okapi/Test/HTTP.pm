package Okapi::Test::HTTP;

# A small HTTP/1.1 client that can hold a response open and read it chunk by chunk.
#
#   my $http = Okapi::Test::HTTP->new(port => $port, user => 'john', password => 'demo');
#   my $answer = $http->get('/okapi/status');           # status, reason, headers, body, chunks
#   $http->send(POST => '/mapi/emsmdb/', { 'X-RequestType' => 'NotificationWait' }, $body);
#   my $head = $http->read_head;                        # status, reason, headers
#   my $chunk = $http->read_chunk(0.5);                 # undef: nothing yet; '': the end
#
# The connection is kept alive and opened anew when the server has closed it. Times are seconds.
# What can't be read in time, or isn't HTTP, dies.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use MIME::Base64 qw(encode_base64);
use Time::HiRes qw(time);

sub new {
    my ($class, %args) = @_;
    my $self = bless {
        host => '127.0.0.1', timeout => 20, buffer => '', cookies => {}, %args
    }, $class;
    return $self;
}

# ---- whole answers ----

sub request {
    my ($self, $method, $path, $headers, $body) = @_;
    my $answer;

    # A kept connection may be closed just when it is used again: then once more on a new one.
    my $reused = $self->{socket} ? 1 : 0;
    $answer = eval { $self->send($method, $path, $headers, $body); $self->read_answer };
    if (!defined $answer) {
        my $error = $@;
        $self->close;
        die $error unless $reused && $error =~ /closed by the server before/;
        $self->send($method, $path, $headers, $body);
        $answer = $self->read_answer;
    }
    return $answer;
}

sub get  { my ($self, $path, $headers) = @_; return $self->request('GET', $path, $headers) }
sub post { my $self = shift; return $self->request('POST', @_) }

# ---- piece by piece ----

sub send {
    my ($self, $method, $path, $headers, $body) = @_;
    my %headers = (Host => "$self->{host}:$self->{port}", %{ $headers || {} });

    $headers{Authorization} = 'Basic ' . encode_base64("$self->{user}:$self->{password}", '')
        if defined $self->{user} && !exists $headers{Authorization};
    $headers{'Content-Length'} = length $body
        if defined $body && !exists $headers{'Transfer-Encoding'};
    $headers{Cookie} = join '; ', map { "$_=$self->{cookies}{$_}" } sort keys %{ $self->{cookies} }
        if %{ $self->{cookies} } && !exists $headers{Cookie};
    delete $headers{$_} for grep { !defined $headers{$_} } keys %headers;
    $self->{method} = $method;
    $self->{answered} = 0;
    $self->write(join('', "$method $path HTTP/1.1\r\n",
        (map {"$_: $headers{$_}\r\n"} sort keys %headers), "\r\n", defined $body ? $body : ''));
    return;
}

# Raw bytes; connects if there is no connection.
sub write {
    my ($self, $bytes) = @_;

    $self->connect unless $self->{socket};
    local $SIG{PIPE} = 'IGNORE';
    my $done = 0;
    while ($done < length $bytes) {
        my $n = syswrite $self->{socket}, $bytes, length($bytes) - $done, $done;
        last if !defined $n; # the answer to what was sent may be there nevertheless
        $done += $n;
    }
    return;
}

sub connect {
    my ($self) = @_;
    $self->{socket} = IO::Socket::INET->new(
        PeerAddr => $self->{host}, PeerPort => $self->{port}, Proto => 'tcp',
        Timeout => $self->{timeout}) or die "cannot connect to port $self->{port}: $@\n";
    $self->{socket}->setsockopt(6, 1, 1); # TCP_NODELAY
    $self->{buffer} = '';
    return;
}

sub close {
    my ($self) = @_;
    CORE::close(delete $self->{socket}) if $self->{socket};
    $self->{buffer} = '';
    return;
}

# Is the server still there? Whatever it has sent is kept.
sub connected {
    my ($self) = @_;
    return 0 unless $self->{socket};
    while (IO::Select->new($self->{socket})->can_read(0)) {
        return 0 unless sysread $self->{socket}, $self->{buffer}, 65536, length $self->{buffer};
    }
    return 1;
}

# More bytes into the buffer. 1: there are; 0: the server closed; undef: nothing within TIMEOUT.
sub fill {
    my ($self, $timeout) = @_;
    return 0 unless $self->{socket};
    return undef unless IO::Select->new($self->{socket})->can_read($timeout);
    my $n = sysread $self->{socket}, $self->{buffer}, 65536, length $self->{buffer};
    return $n ? 1 : 0;
}

# As long as the buffer doesn't match PATTERN; then the match is taken off and returned.
sub take {
    my ($self, $pattern, $deadline, $what) = @_;
    while (1) {
        return $1 if $self->{buffer} =~ s/\A($pattern)//;
        my $left = $deadline - time;
        my $more = $self->fill($left > 0 ? $left : 0);
        return undef unless defined $more;
        die "closed by the server before $what\n" unless $more;
    }
}

sub take_bytes {
    my ($self, $count, $deadline, $what) = @_;
    while (length $self->{buffer} < $count) {
        my $left = $deadline - time;
        my $more = $self->fill($left > 0 ? $left : 0);
        return undef unless defined $more;
        die "closed by the server in the middle of $what\n" unless $more;
    }
    return substr $self->{buffer}, 0, $count, '';
}

sub read_head {
    my ($self, $timeout) = @_;
    my $deadline = time + (defined $timeout ? $timeout : $self->{timeout});
    my $text = $self->take(qr/.*?\r\n\r\n/s, $deadline, 'it answered');
    return undef if !defined $text && defined $timeout;
    die "no answer within $self->{timeout} s\n" unless defined $text;
    my ($line, @lines) = split /\r\n/, $text;
    my ($status, $reason) = $line =~ m{\AHTTP/1\.\d (\d{3}) ?(.*)\z} or die "not HTTP: $line\n";
    my (%headers, @cookies);
    for (@lines) {
        my ($name, $value) = /\A([^:\s]+):\s*(.*?)\s*\z/ or die "not a header: $_\n";
        push @cookies, $value if lc $name eq 'set-cookie';
        $headers{lc $name} = exists $headers{lc $name} ? "$headers{lc $name}, $value" : $value;
    }
    for (@cookies) {
        $self->{cookies}{$1} = $2 if /\A([^=;\s]+)=([^;]*)/;
    }
    return $self->read_head($timeout) if $status == 100;
    $self->{headers} = \%headers;
    return { status => $status, reason => $reason, headers => \%headers };
}

# The next chunk of a chunked answer. '' is the end, undef that nothing came within TIMEOUT.
sub read_chunk {
    my ($self, $timeout) = @_;
    my $deadline = time + (defined $timeout ? $timeout : $self->{timeout});
    my $line = $self->take(qr/[0-9A-Fa-f]+[^\r\n]*\r\n/, $deadline, 'a chunk');
    return undef unless defined $line;
    my ($size) = $line =~ /\A([0-9A-Fa-f]+)/;
    my $data = $self->take_bytes(hex($size) + 2, $deadline, 'a chunk');
    if (!defined $data) {
        $self->{buffer} = $line . $self->{buffer};
        return undef;
    }
    die "a chunk without its end\n" unless $data =~ s/\r\n\z//;
    return $data;
}

sub read_body {
    my ($self, $answer) = @_;
    my $headers = $answer->{headers};
    my $deadline = time + $self->{timeout};

    $answer->{body} = '';
    return if $self->{method} eq 'HEAD' || $answer->{status} == 204 || $answer->{status} == 304;
    if (($headers->{'transfer-encoding'} || '') =~ /chunked/i) {
        while (1) {
            my $chunk = $self->read_chunk($deadline - time);
            die "no end of the answer within $self->{timeout} s\n" unless defined $chunk;
            last if $chunk eq '';
            push @{ $answer->{chunks} }, $chunk;
            $answer->{body} .= $chunk;
        }
    } elsif (defined $headers->{'content-length'}) {
        my $body = $self->take_bytes($headers->{'content-length'}, $deadline, 'the body');
        die "no end of the answer within $self->{timeout} s\n" unless defined $body;
        $answer->{body} = $body;
    } else {
        1 while $self->fill($deadline - time);
        $answer->{body} = $self->{buffer};
        $self->close;
    }
    return;
}

sub read_answer {
    my ($self) = @_;
    my $answer = $self->read_head;
    $self->read_body($answer);
    $self->close if lc($answer->{headers}{connection} || '') eq 'close';
    return $answer;
}

1;
