package Okapi::Test::Rops;

# ROP requests and responses (MS-OXCROPS 2.2), encoded and decoded by the rows of
# mod_mapi/rops.def: fields of a ROP are a hash from the names that stand there.
#
#   my $bytes = put_request('OpenFolder', { logon_id => 0, in => 0, out => 1,
#                                           folder_id => $fid, open_mode_flags => 0 });
#   my $response = get_response($reader, columns => sub { my ($response) = @_; ... });
#
# A FID or MID is the 64-bit number on the wire (see fid), times are FILETIMEs, absent strings
# undef. Where rows of a table follow, `columns` names the columns they have.

use strict;
use warnings;

use Carp qw(croak);
use Encode ();
use Exporter qw(import);
use File::Basename qw(dirname);
use lib dirname(__FILE__) . '/../../../../build-aux';
use RopTable;

use Okapi::Test::Props qw(get_restriction get_row get_tagged get_value put_restriction put_row
    put_tagged put_value tag);
use Okapi::Test::Wire qw(put_guid put_str16z put_str8z put_u16 put_u32 put_u64 put_u8);

our @EXPORT_OK = qw(put_request get_request put_response get_response rop_names rop_row fid
    counter_of put_recipient_row get_recipient_row);

my $table = RopTable::load(dirname(__FILE__) . '/../../../../mod_mapi/rops.def');
my %by_name = map { $_->{name} => $_ } @{ $table->{rops} };
my %by_id = map { $_->{id} => $_ } @{ $table->{rops} };
my %struct = map { $_->{name} => $_ } @{ $table->{structs} };

sub rop_names { return map { $_->{name} } @{ $table->{rops} } }
sub rop_row { my ($name) = @_; return $by_name{$name} || croak "no ROP $name" }

# A FID or MID: replica 1 in two little-endian bytes, the counter in six big-endian ones.
sub fid { my ($counter) = @_; return unpack 'Q<', pack('v', 1) . substr(pack('Q>', $counter), 2) }
sub counter_of { my ($fid) = @_; return unpack 'Q>', "\0\0" . substr(pack('Q<', $fid), 2) }

# ---- leaves: [to bytes (value, argument's value, context), from reader (reader, ...)] ----

sub counted {
    my ($put, $get) = @_;
    return [sub { $put->(length $_[0]) . $_[0] }, sub { $_[0]->bytes($_[0]->$get) }];
}

sub integer {
    my ($put, $get) = @_;
    return [sub { $put->($_[0]) }, sub { $_[0]->$get }];
}

my %leaf = (
    u8   => integer(\&put_u8, 'u8'),
    u16  => integer(\&put_u16, 'u16'),
    u32  => integer(\&put_u32, 'u32'),
    u64  => integer(\&put_u64, 'u64'),
    i32  => integer(\&put_u32, 'i32'),
    i64  => [sub { pack 'q<', $_[0] }, sub { $_[0]->i64 }],
    bool => integer(\&put_u8, 'u8'),
    id   => integer(\&put_u64, 'u64'),
    cn   => integer(\&put_u64, 'u64'),
    time => integer(\&put_u64, 'u64'),
    tag  => [sub { put_u32(tag($_[0])) }, sub { $_[0]->u32 }],
    guid => [sub { put_guid($_[0]) }, sub { $_[0]->guid }],
    longtermid => [
        sub { put_guid($_[0]{replica}) . substr(pack('Q>', $_[0]{counter}), 2) . "\0\0" },
        sub {
            my ($r) = @_;
            my %id = (replica => $r->guid, counter => unpack('Q>', "\0\0" . $r->bytes(6)));
            $r->u16;
            return \%id;
        }
    ],
    bin8   => counted(\&put_u8, 'u8'),
    bin16  => counted(\&put_u16, 'u16'),
    bin32  => counted(\&put_u32, 'u32'),
    raw    => [sub { $_[0] }, sub { $_[0]->rest }],
    str8z  => [sub { put_str8z($_[0]) }, sub { $_[0]->str8z }],
    str16z => [sub { put_str16z($_[0]) }, sub { $_[0]->str16z }],
    strz   => [
        sub { put_value($_[1] ? 0x1F : 0x1E, $_[0], $_[2]{codepage}) },
        sub { get_value($_[0], $_[1] ? 0x1F : 0x1E, $_[2]{codepage}) }
    ],
    typedstr => [\&put_typedstr, \&get_typedstr],
    tagged   => [
        sub { put_tagged($_[0][0], $_[0][1], $_[2]{codepage}) },
        sub { [get_tagged($_[0], $_[2]{codepage})] }
    ],
    propname => [\&put_propname, \&get_propname],
    props16  => [
        sub {
            my ($values, undef, $c) = @_;
            my $bytes = put_u16(scalar @$values)
                . join '', map { put_tagged($_->[0], $_->[1], $c->{codepage}) } @$values;
            return put_u16(length $bytes) . $bytes;
        },
        sub {
            my ($r, undef, $c) = @_;
            my $values = $r->sub_reader($r->u16);
            return [map { [get_tagged($values, $c->{codepage})] } 1 .. $values->u16];
        }
    ],
    restriction16 => [
        sub {
            my $bytes = defined $_[0] ? put_restriction($_[0], $_[2]{codepage}) : '';
            return put_u16(length $bytes) . $bytes;
        },
        sub {
            my ($r, undef, $c) = @_;
            my $data = $r->sub_reader($r->u16);
            return $data->left ? get_restriction($data, $c->{codepage}) : undef;
        }
    ],
    sort => [
        sub {
            my ($sort) = @_;
            return put_u16(scalar @{ $sort->{keys} }) . put_u16($sort->{categories} || 0)
                . put_u16($sort->{expanded} || 0)
                . join '', map { put_u32(tag($_->{tag})) . put_u8($_->{order}) } @{ $sort->{keys} };
        },
        sub {
            my ($r) = @_;
            my ($n, $categories, $expanded) = ($r->u16, $r->u16, $r->u16);
            return { categories => $categories, expanded => $expanded,
                keys => [map { { tag => $r->u32, order => $r->u8 } } 1 .. $n] };
        }
    ],
    rows => [
        sub { join '', map { put_row($_[2]{columns_now}, $_, $_[2]{codepage}) } @{ $_[0] } },
        sub {
            my ($r, $n, $c) = @_;
            return [map { get_row($r, $c->{columns_now}, $c->{codepage}) } 1 .. $n];
        }
    ],
);

# TypedString, MS-OXCDATA 2.11.7: [type, text] in its exact form; text alone is written as reduced
# Unicode if it is ASCII.
sub put_typedstr {
    my ($s, undef, $c) = @_;
    my ($type, $text) = ref $s ? @$s
        : !defined $s ? (0) : $s eq '' ? (1) : $s =~ /[^\0-\x7F]/ ? (4, $s) : (3, $s);
    return put_u8($type)
        . ( $type < 2 ? ''
          : $type == 2 ? put_value(0x1E, $text, $c->{codepage})
          : $type == 3 ? put_str8z(Encode::encode('iso-8859-1', $text))
          : put_str16z($text));
}

sub get_typedstr {
    my ($r, undef, $c) = @_;
    my $type = $r->u8;
    croak "TypedString of type $type" if $type > 4;
    return $type == 0 ? undef
        : $type == 1 ? ''
        : $type == 2 ? get_value($r, 0x1E, $c->{codepage})
        : $type == 3 ? Encode::decode('iso-8859-1', $r->str8z)
        : $r->str16z;
}

# PropertyName, MS-OXCDATA 2.6.1: { guid, lid }, { guid, name } or { guid } for none.
sub put_propname {
    my ($n) = @_;
    my $guid = put_guid($n->{guid});
    return put_u8(0) . $guid . put_u32($n->{lid}) if defined $n->{lid};
    return put_u8(0xFF) . $guid if !defined $n->{name};
    my $name = put_str16z($n->{name});
    return put_u8(1) . $guid . put_u8(length $name) . $name;
}

sub get_propname {
    my ($r) = @_;
    my $kind = $r->u8;
    my %name = (guid => $r->guid);
    if ($kind == 0) {
        $name{lid} = $r->u32;
    } elsif ($kind == 1) {
        $name{name} = $r->sub_reader($r->u8)->str16z;
    } elsif ($kind != 0xFF) {
        croak "PropertyName of kind $kind";
    }
    return \%name;
}

# ---- fields ----

# COND is an expression over earlier fields that C and Perl read alike.
sub holds {
    my ($cond, $values, $c) = @_;
    return 1 if !defined $cond;
    my $operand = sub {
        my ($word) = @_;
        return $word eq '@public' ? ($c->{public} ? 1 : 0)
            : $word =~ /^\d/ ? $word : ($values->{$word} || 0);
    };
    my $expression = $cond =~ s/(\@public|\b\w+\b)/$operand->($1)/ger;
    my $result = eval $expression; # the table's own text, with numbers in place of names
    croak "$cond: $@" if $@;
    return $result;
}

sub wanted {
    my ($field, $values, $c, $status) = @_;
    my $when = $field->{when};
    if (defined $when && $when ne '*') {
        return 0 if $when eq '' ? !succeeded($status) : $status != $when;
    }
    return holds($field->{cond}, $values, $c);
}

# 0 or a warning, MAPI_W_...
sub succeeded { my ($status) = @_; return $status == 0 || ($status & 0xFFFF0000) == 0x00040000 }

sub put_one {
    my ($field, $value, $values, $c) = @_;
    if (my $struct = $struct{ $field->{type} }) {
        return put_fields($struct->{fields}, $value, $c);
    }
    croak "$field->{name} isn't given"
        if !defined $value && $field->{type} !~ /typedstr|restriction/;
    return $leaf{ $field->{type} }[0]->($value, argument($field, $values), $c);
}

sub get_one {
    my ($field, $r, $values, $c) = @_;
    if (my $struct = $struct{ $field->{type} }) {
        return get_fields($struct->{fields}, $r, $c);
    }
    return $leaf{ $field->{type} }[1]->($r, argument($field, $values), $c);
}

sub argument {
    my ($field, $values) = @_;
    my $arg = $field->{arg};
    return !defined $arg ? undef : $arg =~ /^\d+$/ ? $arg : $values->{$arg};
}

sub put_fields {
    my ($fields, $values, $c, $status) = @_;
    my $bytes = '';
    for my $field (@$fields) {
        next if !wanted($field, $values, $c, $status);
        my $value = $values->{ $field->{name} };
        if (!$field->{array}) {
            $bytes .= put_one($field, $value, $values, $c);
            next;
        }
        my ($how, $of) = @{ $field->{array} };
        $value //= [];
        $bytes .= $leaf{$of}[0]->(scalar @$value) if $how eq 'count';
        $bytes .= join '', map { put_one($field, $_, $values, $c) } @$value;
    }
    return $bytes;
}

sub get_fields {
    my ($fields, $r, $c, $status) = @_;
    my %values;
    for my $field (@$fields) {
        next if !wanted($field, \%values, $c, $status);
        if (!$field->{array}) {
            $values{ $field->{name} } = get_one($field, $r, \%values, $c);
            next;
        }
        my ($how, $of) = @{ $field->{array} };
        my $n = $how eq 'count' ? $leaf{$of}[1]->($r) : $how eq 'field' ? $values{$of} : $of;
        $values{ $field->{name} } = [map { get_one($field, $r, \%values, $c) } 1 .. $n];
    }
    return \%values;
}

# ---- requests and responses ----

# The header's indices are `response`, `in`, `dest` and `out`.
sub put_request {
    my ($name, $values, %c) = @_;
    my $rop = rop_row($name);
    my @indices = map { put_u8($values->{$_} || 0) } header_indices($rop);
    return join '', put_u8($rop->{id}), put_u8($values->{logon_id} || 0), @indices,
        put_fields($rop->{req}, $values, \%c);
}

sub header_indices {
    my ($rop) = @_;
    my @words = (['save', 'response'], ['in', 'in'], ['dest', 'dest'], ['out', 'out']);
    return map { $rop->{ $_->[0] } ? $_->[1] : () } @words;
}

sub get_request {
    my ($r, %c) = @_;
    my $id = $r->u8;
    my $rop = $by_id{$id} or croak sprintf 'no ROP 0x%02X', $id;
    my %head = (rop => $rop->{name}, logon_id => $r->u8);
    $head{$_} = $r->u8 for header_indices($rop);
    return { %head, %{ get_fields($rop->{req}, $r, \%c) } };
}

# `rop` is the name, `index` the handle's, `status` the ReturnValue. RopGetMessageStatus is
# answered as RopSetMessageStatus.
sub get_response {
    my ($r, %c) = @_;
    my $id = $r->u8;
    my $rop = $by_id{$id} or croak sprintf 'response of no ROP 0x%02X', $id;
    my %head = (rop => $rop->{name});
    if (!$rop->{push}) {
        $head{index} = $r->u8;
        $head{status} = $r->u32;
        $head{dest_handle_index} = $r->u32 if $rop->{dest} && $head{status} == 0x503;
    }
    $c{columns_now} = $c{columns}->(\%head) if $c{columns};
    return { %head, %{ get_fields($rop->{res}, $r, \%c, $head{status} // 0) } };
}

sub put_response {
    my ($name, $values, %c) = @_;
    my $rop = rop_row($name);
    my $bytes = put_u8($rop->{answer});
    if (!$rop->{push}) {
        $bytes .= put_u8($values->{index}) . put_u32($values->{status});
        $bytes .= put_u32($values->{dest_handle_index})
            if $rop->{dest} && $values->{status} == 0x503;
    }
    $c{columns_now} = $c{columns}->($values) if $c{columns};
    return $bytes . put_fields($rop->{res}, $values, \%c, $values->{status} // 0);
}

# ---- RecipientRow, MS-OXCDATA 2.8.3 ----

my @recipient_fields = ( # the flag that says it is there; in the order of the wire
    [0x0008, 'email_address'],
    [0x0010, 'display_name'],
    [0x0400, 'simple_display_name'],
    [0x0020, 'transmittable_display_name'],
);

sub get_recipient_row {
    my ($bytes, $columns, $codepage) = @_;
    my $r = Okapi::Test::Wire->new($bytes);
    my %row = (flags => $r->u16);
    my ($type, $text) = ($row{flags} & 7, $row{flags} & 0x0200 ? 0x1F : 0x1E);
    if ($type == 1) {
        @row{qw(address_prefix_used display_type)} = ($r->u8, $r->u8);
        $row{x500dn} = $r->str8z;
    } elsif ($type == 6 || $type == 7) {
        $row{entry_id} = $r->bytes($r->u16);
        $row{search_key} = $r->bytes($r->u16);
    } elsif ($type == 0 && $row{flags} & 0x8000) {
        $row{address_type} = $r->str8z;
    }
    for (@recipient_fields) {
        my ($flag, $name) = @$_;
        $row{$name} = get_value($r, $text, $codepage) if $row{flags} & $flag;
    }
    my $n = $r->u16;
    $row{properties} = get_row($r, [@{$columns}[0 .. $n - 1]], $codepage);
    croak $r->left . ' bytes behind a RecipientRow' if $r->left;
    return \%row;
}

sub put_recipient_row {
    my ($row, $columns, $codepage) = @_;
    my $type = $row->{flags} & 7;
    my $text = $row->{flags} & 0x0200 ? 0x1F : 0x1E;
    my $bytes = put_u16($row->{flags});
    if ($type == 1) {
        $bytes .= put_u8($row->{address_prefix_used}) . put_u8($row->{display_type})
            . put_str8z($row->{x500dn});
    } elsif ($type == 6 || $type == 7) {
        $bytes .= put_u16(length $row->{$_}) . $row->{$_} for qw(entry_id search_key);
    } elsif ($type == 0 && $row->{flags} & 0x8000) {
        $bytes .= put_str8z($row->{address_type});
    }
    for (@recipient_fields) {
        my ($flag, $name) = @$_;
        $bytes .= put_value($text, $row->{$name}, $codepage) if $row->{flags} & $flag;
    }
    my @present = grep { exists $row->{properties}{$_} } @$columns;
    return $bytes . put_u16(scalar @present) . put_row(\@present, $row->{properties}, $codepage);
}

1;
