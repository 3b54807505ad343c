package Okapi::Test::MAPI;

# A client of MAPI over HTTP (MS-OXCMAPIHTTP) for tests.
#
#   my $server = Okapi::Test::MAPI->server('john', 'mary');   # started, with these users
#   my $m = Okapi::Test::MAPI->connect($server, 'john');
#   my $logon = $m->logon;
#   my $inbox = $logon->open_special('inbox');
#   my $table = $inbox->contents->columns(qw(PR_MID PR_SUBJECT))->sort('-PR_MESSAGE_DELIVERY_TIME');
#   my @rows = $table->rows(50);
#   my $message = $logon->open_message($inbox->{fid}, $rows[0]{PR_MID});
#
# What fails dies with the ROP and its error; ->try gives the response whatever it says. Below
# that are ->execute (several ROPs in one buffer), ->execute_raw (any bytes) and ->request (any
# body), for what a decent client doesn't send.

use strict;
use warnings;

use Carp qw(croak);

use Okapi::Test::MAPI::Object;
use Okapi::Test::Rops qw(get_response put_request);
use Okapi::Test::Server;
use Okapi::Test::Wire qw(put_str8z put_u16 put_u32);

use constant {
    DN_PREFIX => '/o=okapi/ou=Exchange Administrative Group (FYDIBOHF23SPDLT)/cn=Recipients/cn=',
    NO_HANDLE => 0xFFFFFFFF,
    MAX_ROP_OUT => 0x40000,
};

# ---- sessions ----

sub server {
    my ($class, @users) = @_;
    my $server = Okapi::Test::Server->new(modules => ['mapi'], config => <<'END');
<Location /mapi>
    SetHandler mapi
    @AUTH@
</Location>
END
    $server->user($_) for @users;
    return $server->start;
}

# Options: password, dn, codepage, path, connect (0: only later, by ->open_session).
sub connect {
    my ($class, $server, $user, %args) = @_;
    my $self = bless {
        server => $server, user => $user, dn => DN_PREFIX . $user, codepage => 1252,
        path => '/mapi/emsmdb/', guid => random_guid(), counter => 0, columns => {}, pushed => [],
        %args
    }, $class;
    $self->{http} = $self->new_http;
    $self->open_session if !exists $args{connect} || $args{connect};
    return $self;
}

sub random_guid {
    return sprintf '{%08X-%04X-4%03X-8%03X-%06X%06X}', map { int rand $_ } 1 << 32, 1 << 16,
        1 << 12, 1 << 12, 1 << 24, 1 << 24;
}

sub new_http {
    my ($self) = @_;
    return $self->{server}->http(user => $self->{user},
        exists $self->{password} ? (password => $self->{password}) : ());
}

sub open_session {
    my ($self) = @_;
    my $answer = $self->request('Connect', put_str8z($self->{dn}) . put_u32(0)
            . put_u32($self->{codepage}) . put_u32(0x409) . put_u32(0x409) . put_u32(0));
    my $r = $self->success($answer);
    @{$self}{qw(polls_max retry_count retry_delay)} = map { $r->u32 } 1 .. 3;
    $self->{dn_prefix} = $r->str8z;
    $self->{display_name} = $r->str16z;
    return $self;
}

sub disconnect {
    my ($self) = @_;
    $self->success($self->request('Disconnect', put_u32(0)));
    return;
}

# ---- requests: MS-OXCMAPIHTTP 2.2.2 ----

sub headers {
    my ($self, $type, %headers) = @_;
    return { 'X-RequestType' => $type, 'Content-Type' => 'application/mapi-http',
        'X-RequestId' => "$self->{guid}:" . ++$self->{counter},
        'X-ClientInfo' => '{2F94A2BF-A2E6-4CCC-BF98-B5F22C542226}',
        'X-ClientApplication' => 'Outlook/16.0.10000.1000', %headers };
}

# The answer: status, headers, body (behind the preamble), code (X-ResponseCode), meta (the words
# of the preamble), additional (the headers behind it).
sub request {
    my ($self, $type, $body, %headers) = @_;
    my $answer = $self->{http}->post($self->{path}, $self->headers($type, %headers), $body);
    return understand($answer);
}

sub understand {
    my ($answer) = @_;
    $answer->{code} = $answer->{headers}{'x-responsecode'};
    $answer->{meta} = [];
    while ($answer->{body} =~ s/\A(PROCESSING|PENDING|DONE)\r\n//) {
        push @{ $answer->{meta} }, $1;
        next if $1 ne 'DONE';
        $answer->{body} =~ s/\A(.*?)\r\n\r\n//s or die "no end of the additional headers\n";
        my $text = $1;
        $answer->{additional} = { map { /\A([^:]+):\s*(.*)\z/ ? (lc $1 => $2) : () }
                split /\r\n/, $text };
        $answer->{code} = $answer->{additional}{'x-responsecode'}
            if exists $answer->{additional}{'x-responsecode'};
        last;
    }
    return $answer;
}

# A reader of the body behind StatusCode and ErrorCode, both of which have to be 0.
sub success {
    my ($self, $answer) = @_;
    croak "HTTP status $answer->{status}" if $answer->{status} != 200;
    croak "X-ResponseCode $answer->{code}: $answer->{body}" if $answer->{code} ne '0';
    my $r = Okapi::Test::Wire->new($answer->{body});
    my $status = $r->u32;
    croak sprintf 'StatusCode 0x%08X', $status if $status;
    my $error = $r->u32;
    croak sprintf 'ErrorCode 0x%08X', $error if $error;
    return $r;
}

# ---- Execute: MS-OXCMAPIHTTP 2.2.4.2, MS-OXCRPC 3.1.4.2.1.1 ----

# PAYLOAD in an RPC_HEADER_EXT: flag 4 is "the last".
sub extended {
    my ($payload, $flags) = @_;
    return put_u16(0) . put_u16($flags // 4) . put_u16(length $payload) . put_u16(length $payload)
        . $payload;
}

# Any bytes as the ROP buffer; the answer. Options: max_rop_out, flags, headers.
sub execute_raw {
    my ($self, $buffer, %args) = @_;
    return $self->request('Execute', put_u32($args{flags} // 0) . put_u32(length $buffer) . $buffer
            . put_u32($args{max_rop_out} // MAX_ROP_OUT) . put_u32(0), %{ $args{headers} || {} });
}

# ROPs, each [name => { fields }], over a table of HANDLES. Their responses, decoded, in a list;
# HANDLES becomes the table of the answer. PUBLIC are ids of logons to public folders that these ROPs
# make. Notifications beside them are kept for ->notifications.
sub execute {
    my ($self, $handles, $rops, %args) = @_;
    $self->{public}{$_} = 1 for @{ $args{public} || [] };
    my $list = join '', map { put_request($_->[0], $_->[1], $self->codec($_)) } @$rops;
    my $payload = put_u16(2 + length $list) . $list . join '', map { put_u32($_) } @$handles;
    my $answer = $self->execute_raw(extended($payload), %args);
    my ($payload_out) = $self->rop_buffers($answer);
    return $self->responses($payload_out, $handles, $rops);
}

# How the ROP [name => { fields }] is written, and its response read.
sub codec {
    my ($self, $rop) = @_;
    my ($name, $fields) = $rop ? @$rop : ('', {});
    my $is_public = $name eq 'Logon' ? !($fields->{logon_flags} & 1)
        : $self->{public}{ $fields->{logon_id} // 0 };
    return (codepage => $self->{codepage}, public => $is_public ? 1 : 0);
}

# The payloads of an answered Execute.
sub rop_buffers {
    my ($self, $answer) = @_;
    my $r = $self->success($answer);
    $r->u32; # Flags
    my $buffers = $r->sub_reader($r->u32);
    my @payloads;
    while ($buffers->left) {
        my ($version, $flags, $size, $actual) = map { $buffers->u16 } 1 .. 4;
        croak "RPC_HEADER_EXT version $version, flags $flags" if $version || $flags & ~4;
        push @payloads, $buffers->bytes($size);
    }
    return @payloads;
}

sub responses {
    my ($self, $payload, $handles, $rops) = @_;
    my $r = Okapi::Test::Wire->new($payload);
    my $list = $r->sub_reader($r->u16 - 2);
    my @handles;
    push @handles, $r->u32 while $r->left;
    my @waiting = map { $_->[0] eq 'Release' ? () : $_ } @$rops;
    my @responses;
    while ($list->left) {
        my $request = $waiting[0];
        my $response = get_response($list, $self->codec($request),
            columns => sub { $self->columns_of($_[0], $request && $request->[1], $handles) });
        if ($response->{rop} =~ /^(?:Notify|Pending)$/) {
            push @{ $self->{pushed} }, $response;
            next;
        }
        push @responses, $response;
        next if !defined $response->{status};
        shift @waiting;
        $self->{public}{ $request->[1]{logon_id} // 0 } = !($request->[1]{logon_flags} & 1)
            if $response->{rop} eq 'Logon' && $response->{status} == 0;
        $self->remember_columns($response, $request->[1], $handles);
    }
    @$handles = @handles;
    return @responses;
}

# ---- what rows look like ----

sub columns_of {
    my ($self, $response, $request, $handles) = @_;
    return $request->{property_tags} if $response->{rop} eq 'GetPropertiesSpecific';
    return $self->{columns}{ $handles->[$response->{index} // 0] // '' } || [];
}

sub remember_columns {
    my ($self, $response, $request, $handles) = @_;
    $self->{columns}{ $handles->[$response->{index}] } = $request->{property_tags}
        if $response->{rop} eq 'SetColumns' && $response->{status} == 0;
    return;
}

# ---- objects ----

# Logs on to the mailbox of USER (one's own by default); an Okapi::Test::MAPI::Logon.
sub logon {
    my ($self, %args) = @_;
    my $dn = exists $args{dn} ? $args{dn} : DN_PREFIX . ($args{user} // $self->{user});
    my $logon = Okapi::Test::MAPI::Logon->new($self, NO_HANDLE, $args{logon_id} // 0);
    my $response = $logon->make('Logon', { logon_flags => $args{logon_flags} // 1,
        open_flags => $args{open_flags} // 0x0100_040C, store_state => 0, essdn => "$dn\0" });
    return $logon->become($response);
}

# Logs on to public folders, by default as logon 1.
sub public_logon {
    my ($self, %args) = @_;
    my $logon = Okapi::Test::MAPI::PublicLogon->new($self, NO_HANDLE, $args{logon_id} // 1);
    my $response = $logon->make('Logon', { logon_flags => 0, open_flags => 2, store_state => 0,
        essdn => '' });
    return $logon->become($response);
}

# RopNotify and RopPending responses: those that came with other answers since the last time, and
# what an Execute without ROPs brings.
sub notifications {
    my ($self, %args) = @_;
    $self->execute([], [], %args);
    return splice @{ $self->{pushed} };
}

# ---- NotificationWait: MS-OXCMAPIHTTP 2.2.4.4 ----

# Sends one on a connection of its own and returns; the object's ->result waits for the answer.
sub wait_for_notification {
    my ($self) = @_;
    return Okapi::Test::MAPI::Wait->new($self);
}

package Okapi::Test::MAPI::Wait;

use Time::HiRes qw(time);

sub new {
    my ($class, $mapi) = @_;
    my $http = $mapi->new_http;
    %{ $http->{cookies} } = %{ $mapi->{http}{cookies} };
    $http->send('POST', $mapi->{path}, $mapi->headers('NotificationWait'),
        Okapi::Test::Wire::put_u32(0) x 2);
    return bless { mapi => $mapi, http => $http, body => '' }, $class;
}

# Reads what is there for up to TIMEOUT seconds; 1 when the answer is complete.
sub ready {
    my ($self, $timeout) = @_;
    my $deadline = time + $timeout;
    my $http = $self->{http};
    $self->{head} //= $http->read_head($timeout) or return 0;
    until ($self->{done}) {
        my $left = $deadline - time;
        my $chunk = $http->read_chunk($left > 0 ? $left : 0);
        return 0 if !defined $chunk;
        $self->{body} .= $chunk;
        $self->{done} = 1 if $chunk eq '';
    }
    return 1;
}

# EventPending; dies if there is no answer within TIMEOUT.
sub result {
    my ($self, $timeout) = @_;
    $self->ready($timeout) or die "no answer to NotificationWait within $timeout s\n";
    my $answer = Okapi::Test::MAPI::understand({ %{ $self->{head} }, body => $self->{body} });
    $self->{answer} = $answer;
    return $self->{mapi}->success($answer)->u32;
}

1;
