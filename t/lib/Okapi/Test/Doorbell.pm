package Okapi::Test::Doorbell;

# ring($server, $store_id): the datagram a tool sends when it has changed a store.

use strict;
use warnings;

use Exporter qw(import);
use IO::Socket::UNIX;
use Socket qw(SOCK_DGRAM);

our @EXPORT_OK = qw(ring);

sub ring {
    my ($server, $store_id) = @_;
    my $path = $server->dir . '/run/doorbell.sock';
    my $socket = IO::Socket::UNIX->new(Type => SOCK_DGRAM, Peer => $path) or die "$path: $!\n";
    $socket->send(pack 'Q<', $store_id) or die "$path: $!\n";
    return;
}

1;
