package Okapi::Test::Props;

# Property tags, values, rows, restrictions and sort orders (MS-OXCDATA 2.8 to 2.13)
# for the MAPI test client.
#
# Wherever a property is named, its symbol ("PR_SUBJECT", from proptags.def) or its number will
# do. In Perl a value is a number, a character string, a string of bytes, a GUID's text, or an
# array of these; times are FILETIMEs; a PT_ERROR value is a false object that prints as
# "error 0x8004010F".

use strict;
use warnings;
use Carp qw(croak);
use Encode ();
use Exporter qw(import);
use File::Basename qw(dirname);
use Okapi::Test::Wire qw(put_u8 put_u16 put_u32 put_u64 put_i64 put_guid put_str8z put_str16z);

our @EXPORT_OK = qw(tag tag_name put_value get_value put_tagged get_tagged put_row get_row
    put_restriction get_restriction sort_keys filetime unix_time error_value is_error
    PT_UNSPECIFIED PT_ERROR PT_STRING8 PT_UNICODE PT_BINARY);

use constant { PT_UNSPECIFIED => 0, PT_ERROR => 0x000A, PT_STRING8 => 0x001E,
    PT_UNICODE => 0x001F, PT_BINARY => 0x0102 };

# ---- tags ----

my (%TAG, %NAME);
{
    my $def = dirname(__FILE__) . '/../../../../store/include/okapi/proptags.def';
    open my $fh, '<', $def or croak "$def: $!";
    while (<$fh>) {
        /^OKAPI_PROP\((\w+),\s*0x([0-9A-Fa-f]+)/ or next;
        my ($name, $tag) = ($1, hex $2);
        $TAG{$name} //= $tag;
        $NAME{$tag} //= $name;
    }
}

# PR_SUBJECT, 0x0037001F or "0x0037001F"; "PR_SUBJECT:001E" asks for another type.
sub tag {
    my ($p) = @_;
    return $p if $p =~ /^\d+$/;
    return hex $p if $p =~ /^0x[0-9A-Fa-f]+$/;
    my ($name, $type) = split /:/, $p;
    my $tag = $TAG{$name} // croak "no property $name in proptags.def";
    return defined $type ? ($tag & 0xFFFF0000) | hex $type : $tag;
}

# The symbol; "0x66700102" for a tag without one.
sub tag_name {
    my ($tag) = @_;
    return $NAME{$tag} // sprintf '0x%08X', $tag;
}

# ---- values ----

{
    package Okapi::Test::Props::Error;
    use overload
        '""'     => sub { sprintf 'error 0x%08X', ${ $_[0] } },
        'bool'   => sub { 0 },
        fallback => 1;
}

sub error_value { my ($code) = @_; return bless \$code, 'Okapi::Test::Props::Error' }

# The code if VALUE is a PT_ERROR value.
sub is_error {
    my ($value) = @_;
    return ref $value eq 'Okapi::Test::Props::Error' ? $$value : undef;
}

use constant EPOCH_OFFSET => 11_644_473_600;

sub filetime  { my ($unix) = @_; return ($unix + EPOCH_OFFSET) * 10_000_000 }
sub unix_time { my ($ft) = @_; return int($ft / 10_000_000) - EPOCH_OFFSET }

sub charset { my ($cp) = @_; return !$cp ? 'cp1252' : $cp == 65001 ? 'UTF-8' : "cp$cp" }

# type => [to bytes, from reader]; both also get the code page of PT_STRING8.
my %CODEC = (
    0x0002 => [sub { pack 's<', $_[0] }, sub { $_[0]->i16 }],
    0x0003 => [sub { put_u32($_[0]) },   sub { $_[0]->i32 }],
    0x0004 => [sub { pack 'f<', $_[0] }, sub { $_[0]->flt }],
    0x0005 => [sub { pack 'd<', $_[0] }, sub { $_[0]->dbl }],
    0x0006 => [sub { put_i64($_[0]) },   sub { $_[0]->i64 }],
    0x0007 => [sub { pack 'd<', $_[0] }, sub { $_[0]->dbl }],
    0x000A => [sub { put_u32(is_error($_[0]) // $_[0]) }, sub { error_value($_[0]->u32) }],
    0x000B => [sub { put_u8($_[0] ? 1 : 0) }, sub { $_[0]->u8 }],
    0x0014 => [sub { put_i64($_[0]) }, sub { $_[0]->i64 }],
    0x001E => [
        sub { put_str8z(Encode::encode(charset($_[1]), $_[0])) },
        sub { Encode::decode(charset($_[1]), $_[0]->str8z) }
    ],
    0x001F => [sub { put_str16z($_[0]) }, sub { $_[0]->str16z }],
    0x0040 => [sub { put_i64($_[0]) },    sub { $_[0]->i64 }],
    0x0048 => [sub { put_guid($_[0]) },   sub { $_[0]->guid }],
    0x0102 => [
        sub { put_u16(length $_[0]) . $_[0] },
        sub { $_[0]->bytes($_[0]->u16) }
    ],
);
$CODEC{$_} = $CODEC{0x0102} for 0x00FB;
$CODEC{0x00FD} = [sub { put_restriction($_[0], $_[1]) }, sub { get_restriction($_[0], $_[1]) }];

# The actions of a rule (MS-OXORULE 2.2.5) are bytes here.
$CODEC{0x00FE} = [
    sub { $_[0] },
    sub {
        my ($r) = @_;
        my $n = $r->u16;
        my $bytes = put_u16($n);
        for (1 .. $n) {
            my $length = $r->u16;
            $bytes .= put_u16($length) . $r->bytes($length);
        }
        return $bytes;
    }
];

# The value alone, of TYPE (a tag will do).
sub put_value {
    my ($type, $value, $codepage) = @_;
    $type &= 0xFFFF;
    if (($type & 0x1000) && $type != 0x10FF) {
        my $put = $CODEC{ $type & 0x0FFF }[0];
        return put_u32(scalar @$value) . join '', map { $put->($_, $codepage) } @$value;
    }
    my $codec = $CODEC{$type} or croak sprintf 'property type 0x%04X', $type;
    return $codec->[0]->($value, $codepage);
}

sub get_value {
    my ($r, $type, $codepage) = @_;
    $type &= 0xFFFF;
    if ($type & 0x2000) { # an instance of a multivalue, shown as a single value
        $type &= 0x0FFF;
    }
    if ($type & 0x1000) {
        my $get = $CODEC{ $type & 0x0FFF }[1];
        my $n   = $r->u32;
        croak "$n elements" if $n > $r->left;
        return [map { $get->($r, $codepage) } 1 .. $n];
    }
    my $codec = $CODEC{$type} or croak sprintf 'property type 0x%04X', $type;
    return $codec->[1]->($r, $codepage);
}

# TaggedPropertyValue, MS-OXCDATA 2.11.4.
sub put_tagged {
    my ($tag, $value, $codepage) = @_;
    $tag = tag($tag);
    return put_u32($tag) . put_value($tag, $value, $codepage);
}

sub get_tagged {
    my ($r, $codepage) = @_;
    my $tag = $r->u32;
    return ($tag, get_value($r, $tag, $codepage));
}

# ---- property rows, MS-OXCDATA 2.8.1 ----

# A hash from the columns' names (as the caller wrote them) to values; where a column leaves the
# type open, "NAME:type" is there too.
sub get_row {
    my ($r, $columns, $codepage) = @_;
    my $flagged = $r->u8;
    croak "property row with flag $flagged" if $flagged > 1;
    my %row;
    for my $column (@$columns) {
        my $type = tag($column) & 0xFFFF;
        $type = $row{"$column:type"} = $r->u16 if $type == PT_UNSPECIFIED;
        my $flag = $flagged ? $r->u8 : 0;
        $row{$column} =
              $flag == 0    ? get_value($r, $type, $codepage)
            : $flag == 1    ? undef
            : $flag == 0x0A ? error_value($r->u32)
            :                 croak "property flag $flag";
    }
    return \%row;
}

sub put_row {
    my ($columns, $row, $codepage) = @_;
    my $flagged = grep { !defined $row->{$_} || defined is_error($row->{$_}) } @$columns;
    my $bytes   = put_u8($flagged ? 1 : 0);
    for my $column (@$columns) {
        my ($value, $type) = ($row->{$column}, tag($column) & 0xFFFF);
        if ($type == PT_UNSPECIFIED) {
            $type = $row->{"$column:type"};
            $bytes .= put_u16($type);
        }
        my $error = is_error($value);
        $bytes .= put_u8(defined $error ? 0x0A : defined $value ? 0 : 1) if $flagged;
        $bytes .= defined $error ? put_u32($error) : put_value($type, $value, $codepage)
            if defined $value;
    }
    return $bytes;
}

# ---- restrictions, MS-OXCDATA 2.12, as nested arrays ----
#
#   [and => R, …] [or => R, …] [not => R] [content => TAG, VALUE, FUZZY] [TAG, RELOP, VALUE]
#   [compare => TAG, RELOP, TAG] [bitmask => TAG, MASK, NONZERO] [size => TAG, RELOP, BYTES]
#   [exist => TAG] [sub => TAG, R] [comment => [TAG, VALUE, …], R or undef] [count => N, R]

my %RELOP = ('<' => 0, '<=' => 1, '>' => 2, '>=' => 3, '==' => 4, '!=' => 5, '=~' => 6,
    'member' => 0x64);
my %RELOP_NAME = reverse %RELOP;

my %PUT = (
    and => sub { my ($cp, @r) = @_;
        put_u8(0) . put_u16(scalar @r) . join '', map { put_restriction($_, $cp) } @r },
    or => sub { my ($cp, @r) = @_;
        put_u8(1) . put_u16(scalar @r) . join '', map { put_restriction($_, $cp) } @r },
    not => sub { my ($cp, $r) = @_; put_u8(2) . put_restriction($r, $cp) },
    content => sub { my ($cp, $t, $v, $fuzzy) = @_;
        put_u8(3) . put_u32($fuzzy // 0) . put_u32(tag($t)) . put_tagged($t, $v, $cp) },
    compare => sub { my ($cp, $a, $op, $b) = @_;
        put_u8(5) . put_u8($RELOP{$op}) . put_u32(tag($a)) . put_u32(tag($b)) },
    bitmask => sub { my ($cp, $t, $mask, $nonzero) = @_;
        put_u8(6) . put_u8($nonzero) . put_u32(tag($t)) . put_u32($mask) },
    size => sub { my ($cp, $t, $op, $n) = @_;
        put_u8(7) . put_u8($RELOP{$op}) . put_u32(tag($t)) . put_u32($n) },
    exist => sub { my ($cp, $t) = @_; put_u8(8) . put_u32(tag($t)) },
    sub => sub { my ($cp, $t, $r) = @_; put_u8(9) . put_u32(tag($t)) . put_restriction($r, $cp) },
    comment => sub { my ($cp, $values, $r) = @_;
        my ($bytes, @v) = ('', @$values);
        while (my ($t, $v) = splice @v, 0, 2) { $bytes .= put_tagged($t, $v, $cp) }
        put_u8(10) . put_u8(@$values / 2) . $bytes . put_u8($r ? 1 : 0)
            . ($r ? put_restriction($r, $cp) : '') },
    count => sub { my ($cp, $n, $r) = @_; put_u8(11) . put_u32($n) . put_restriction($r, $cp) },
);

sub put_restriction {
    my ($res, $codepage) = @_;
    my ($kind, @args) = @$res;
    return $PUT{$kind}->($codepage, @args) if $PUT{$kind};
    my ($op, $value) = @args;
    croak "restriction $kind" unless defined $op && defined $RELOP{$op};
    return put_u8(4) . put_u8($RELOP{$op}) . put_u32(tag($kind))
        . put_tagged($kind, $value, $codepage);
}

my @GET = (
    sub { my ($r, $cp) = @_; my $n = $r->u16; [and => map { get_restriction($r, $cp) } 1 .. $n] },
    sub { my ($r, $cp) = @_; my $n = $r->u16; [or => map { get_restriction($r, $cp) } 1 .. $n] },
    sub { my ($r, $cp) = @_; [not => get_restriction($r, $cp)] },
    sub { my ($r, $cp) = @_; my ($fuzzy, $t) = ($r->u32, $r->u32);
        [content => tag_name($t), (get_tagged($r, $cp))[1], $fuzzy] },
    sub { my ($r, $cp) = @_; my ($op, $t) = ($r->u8, $r->u32);
        [tag_name($t), $RELOP_NAME{$op}, (get_tagged($r, $cp))[1]] },
    sub { my ($r) = @_; my ($op, $a, $b) = ($r->u8, $r->u32, $r->u32);
        [compare => tag_name($a), $RELOP_NAME{$op}, tag_name($b)] },
    sub { my ($r) = @_; my ($nz, $t, $mask) = ($r->u8, $r->u32, $r->u32);
        [bitmask => tag_name($t), $mask, $nz] },
    sub { my ($r) = @_; my ($op, $t, $n) = ($r->u8, $r->u32, $r->u32);
        [size => tag_name($t), $RELOP_NAME{$op}, $n] },
    sub { my ($r) = @_; [exist => tag_name($r->u32)] },
    sub { my ($r, $cp) = @_; my $t = $r->u32; [sub => tag_name($t), get_restriction($r, $cp)] },
    sub { my ($r, $cp) = @_;
        my $n = $r->u8;
        my @values = map { my ($t, $v) = get_tagged($r, $cp); (tag_name($t), $v) } 1 .. $n;
        [comment => \@values, $r->u8 ? get_restriction($r, $cp) : undef] },
    sub { my ($r, $cp) = @_; my $n = $r->u32; [count => $n, get_restriction($r, $cp)] },
);

sub get_restriction {
    my ($r, $codepage) = @_;
    my $kind = $r->u8;
    my $get = $GET[$kind] or croak "restriction type $kind";
    return $get->($r, $codepage);
}

# ---- sort orders, MS-OXCDATA 2.13.1: "PR_SUBJECT" ascends, "-PR_SUBJECT" descends ----

sub sort_keys {
    my %order = ('' => 0, '-' => 1, 'max ' => 4);
    return map { /^(-|max |)(.*)/; +{ tag => tag($2), order => $order{$1} } } @_;
}

1;
