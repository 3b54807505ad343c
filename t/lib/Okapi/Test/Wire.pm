package Okapi::Test::Wire;

# Little-endian reading and writing for the protocol clients.
#
# A reader dies on a read past the end, so a decoder is straight-line code; writing is pack and
# concatenation through the put_* functions, each of which returns bytes.

use strict;
use warnings;
use Carp qw(croak);
use Encode ();
use Exporter qw(import);

our @EXPORT_OK = qw(put_u8 put_u16 put_u32 put_u64 put_i64 put_guid put_str8z put_str16z
    guid_text hex_bytes hexdump);

sub new {
    my ($class, $bytes) = @_;
    return bless { bytes => $bytes, pos => 0 }, $class;
}

sub left { my $r = shift; return length($r->{bytes}) - $r->{pos} }
sub pos  { my $r = shift; return $r->{pos} }

sub bytes {
    my ($r, $n) = @_;
    croak "read of $n bytes at $r->{pos} of " . length $r->{bytes} if $n > $r->left;
    my $bytes = substr $r->{bytes}, $r->{pos}, $n;
    $r->{pos} += $n;
    return $bytes;
}

sub rest { my $r = shift; return $r->bytes($r->left) }

# A reader of its own over the next N bytes.
sub sub_reader { my ($r, $n) = @_; return ref($r)->new($r->bytes($n)) }

sub u8    { return unpack 'C',  $_[0]->bytes(1) }
sub u16   { return unpack 'v',  $_[0]->bytes(2) }
sub u32   { return unpack 'V',  $_[0]->bytes(4) }
sub u64   { return unpack 'Q<', $_[0]->bytes(8) }
sub i16   { return unpack 's<', $_[0]->bytes(2) }
sub i32   { return unpack 'l<', $_[0]->bytes(4) }
sub i64   { return unpack 'q<', $_[0]->bytes(8) }
sub flt   { return unpack 'f<', $_[0]->bytes(4) }
sub dbl   { return unpack 'd<', $_[0]->bytes(8) }
sub guid  { return guid_text($_[0]->bytes(16)) }

sub str8z {
    my ($r) = @_;
    my $end = index $r->{bytes}, "\0", $r->{pos};
    croak "string without end at $r->{pos}" if $end < 0;
    my $s = $r->bytes($end - $r->{pos});
    $r->{pos}++;
    return $s;
}

sub str16z {
    my ($r) = @_;
    my $s = '';
    while ((my $unit = $r->bytes(2)) ne "\0\0") {
        $s .= $unit;
    }
    return Encode::decode('UTF-16LE', $s);
}

sub put_u8  { return pack 'C',  $_[0] & 0xFF }
sub put_u16 { return pack 'v',  $_[0] & 0xFFFF }
sub put_u32 { return pack 'V',  $_[0] & 0xFFFFFFFF }
sub put_u64 { return pack 'Q<', $_[0] }
sub put_i64 { return pack 'q<', $_[0] }

sub put_str8z  { return $_[0] . "\0" }
sub put_str16z { return Encode::encode('UTF-16LE', $_[0]) . "\0\0" }

# "00112233-4455-6677-8899-aabbccddeeff" and its 16 bytes, MS-DTYP 2.3.4.2.
sub guid_text {
    my ($bytes) = @_;
    return sprintf '%08x-%04x-%04x-%s-%s', unpack('V v v', $bytes),
        unpack('H4', substr $bytes, 8), unpack('H12', substr $bytes, 10);
}

sub put_guid {
    my ($text) = @_;
    my ($a, $b, $c, $d, $e) = split /-/, $text =~ tr/{}//dr;
    croak "not a GUID: $text" if length($e // '') != 12;
    return pack 'V v v H4 H12', hex $a, hex $b, hex $c, $d, $e;
}

# The bytes of "08 00 01 …", as the specifications print them.
sub hex_bytes { my $hex = join '', @_; $hex =~ s/\s+//g; return pack 'H*', $hex }

sub hexdump { return join ' ', unpack '(H2)*', $_[0] }

1;
