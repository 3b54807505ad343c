#!/usr/bin/env perl
# gen-rops.pl rops.def OUTDIR - makes rops_gen.h, rops_gen.c, rops_handlers.h and rops_handlers.c.
use v5.30;
use warnings;
use FindBin;
use lib $FindBin::Bin;
use RopTable;

my ($def, $outdir) = @ARGV;
die "usage: gen-rops.pl rops.def OUTDIR\n" if !defined $outdir;
my $table = RopTable::load($def);
my %struct = map { $_->{name} => $_ } @{ $table->{structs} };

# type => [C type, least bytes on the wire, read, write, trace]. V is the value as an lvalue, A the
# argument's field; trace says what a log may show: a number or a length, never mail content.
my %TYPE = (
    u8   => ['apr_byte_t',      1, 'V = okapi_read_u8(r)',  'okapi_write_u8(w, V)', 'number'],
    u16  => ['apr_uint16_t',    2, 'V = okapi_read_u16(r)', 'okapi_write_u16(w, V)', 'number'],
    u32  => ['apr_uint32_t',    4, 'V = okapi_read_u32(r)', 'okapi_write_u32(w, V)', 'number'],
    u64  => ['apr_uint64_t',    8, 'V = okapi_read_u64(r)', 'okapi_write_u64(w, V)', 'number'],
    i32  => ['apr_int32_t',     4, 'V = (apr_int32_t)okapi_read_u32(r)',
             'okapi_write_u32(w, (apr_uint32_t)V)', 'number'],
    i64  => ['apr_int64_t',     8, 'V = (apr_int64_t)okapi_read_u64(r)',
             'okapi_write_u64(w, (apr_uint64_t)V)', 'number'],
    bool => ['int',             1, 'V = okapi_read_u8(r)', 'okapi_write_u8(w, (apr_byte_t)V)', 'number'],
    id   => ['okapi_id_t',      8, 'V = rop_id_read(r)', 'rop_id_write(w, V)', 'number'],
    cn   => ['okapi_cn_t',      8, 'V = rop_id_read(r)', 'rop_id_write(w, V)', 'number'],
    time => ['okapi_time_t',    8, 'V = (okapi_time_t)okapi_read_u64(r)',
             'okapi_write_u64(w, (apr_uint64_t)V)', 'number'],
    tag  => ['okapi_proptag_t', 4, 'V = okapi_read_u32(r)', 'okapi_write_u32(w, V)', 'number'],
    guid => ['okapi_guid_t',   16, 'V = okapi_read_guid(r)', 'okapi_write_guid(w, &V)', ''],
    longtermid => ['mapi_longtermid_t', 24, 'rop_longtermid_read(r, &V)', 'rop_longtermid_write(w, &V)', ''],
    bin8  => ['okapi_binary_t', 1, 'V = rop_bin_read(r, okapi_read_u8(r))', 'rop_bin8_write(w, &V)', 'length'],
    bin16 => ['okapi_binary_t', 2, 'V = rop_bin_read(r, okapi_read_u16(r))', 'rop_bin16_write(w, &V)', 'length'],
    bin32 => ['okapi_binary_t', 4, 'V = rop_bin_read(r, okapi_read_u32(r))', 'rop_bin32_write(w, &V)', 'length'],
    raw   => ['okapi_binary_t', 0, 'V = rop_bin_read(r, okapi_reader_left(r))',
              'okapi_write_bytes(w, V.data, V.len)', 'length'],
    rows  => ['okapi_binary_t', 0, 'V = rop_bin_read(r, okapi_reader_left(r))',
              'okapi_write_bytes(w, V.data, V.len)', 'length'],
    str8z  => ['const char *', 1, 'V = okapi_read_str8z(r)', 'okapi_write_str8z(w, V)', ''],
    str16z => ['const char *', 2, 'V = okapi_read_str16z(r, c->pool)', 'okapi_write_str16z(w, V)', ''],
    strz   => ['const char *', 1, 'V = rop_strz_read(r, A, c)', 'rop_strz_write(w, V, A, c)', ''],
    typedstr => ['const char *', 1, 'V = rop_typedstr_read(r, c)', 'rop_typedstr_write(w, V, c)', ''],
    tagged   => ['okapi_propval_t', 4, 'okapi_tagged_read(r, &V, &c->prop, c->pool)',
                 'okapi_tagged_write(w, &V, &c->prop)', ''],
    propname => ['okapi_propname_t', 17, 'rop_propname_read(r, &V, c)', 'rop_propname_write(w, &V)', ''],
    props16  => ['okapi_propval_t *', 4, 'V = rop_props16_read(r, &v->n_NAME, c)',
                 'rop_props16_write(w, V, v->n_NAME, c)', ''],
    restriction16 => ['okapi_restriction_t *', 2, 'V = rop_restriction16_read(r, c)',
                      'rop_restriction16_write(w, V, c)', ''],
    sort => ['okapi_sort_t', 6, 'okapi_sort_read(r, &V, c->pool)', 'okapi_sort_write(w, &V)', ''],
);
my %KINDS = map { $_ => 1 }
    qw(any logon folder message attachment table stream subscription transfer sync);

my $BANNER = "/* Generated from rops.def by build-aux/gen-rops.pl. */\n";

# ---- fields ----

sub c_type {
    my ($f) = @_;
    return "rop_$struct{$f->{type}}{c}_t" if $struct{ $f->{type} };
    die "unknown type $f->{type}\n" if !$TYPE{ $f->{type} };
    return $TYPE{ $f->{type} }[0];
}

sub declare {
    my ($type, $star, $rest) = @_;
    return $type . ($type =~ /\*$/ ? '' : ' ') . $star . $rest . ';';
}

sub members {
    my ($fields) = @_;
    my (%seen, @lines);
    for my $f (@$fields) {
        next if $seen{ $f->{name} }++;
        my $how = $f->{array} ? $f->{array}[0] : '';
        push @lines, declare(c_type($f), $how eq 'count' || $how eq 'field' ? '*' : '',
            $f->{name} . ($how eq 'fixed' ? "[$f->{array}[1]]" : ''));
        push @lines, "int n_$f->{name};" if $how eq 'count' || $f->{type} eq 'props16';
    }
    return join '', map { "    $_\n" } @lines;
}

# One read or write statement for the value at lvalue LV.
sub statement {
    my ($f, $which, $lv) = @_;
    if (my $s = $struct{ $f->{type} }) {
        return $which eq 'read' ? "$s->{c}_read(r, &$lv, c);" : "$s->{c}_write(w, &$lv, c);";
    }
    my $code = $TYPE{ $f->{type} }[$which eq 'read' ? 2 : 3];
    my $arg = defined $f->{arg} ? "v->$f->{arg}" : '';
    $code =~ s/\bA\b/$arg/g;
    $code =~ s/NAME/$f->{name}/g;
    $code =~ s/\bV\b/$lv/g;
    return "$code;";
}

sub least_size {
    my ($f) = @_;
    my $s = $struct{ $f->{type} } or return $TYPE{ $f->{type} }[1];
    my $n = 0;
    for my $g (@{ $s->{fields} }) {
        next if defined $g->{cond};
        my $array = $g->{array} || [''];
        $n += $array->[0] eq 'count' ? substr($array->[1], 1) / 8
            : $array->[0] eq 'field' ? 0
            : least_size($g) * ($array->[0] eq 'fixed' ? $array->[1] : 1);
    }
    return $n || 1;
}

# The statements that read or write one field, arrays and all.
sub code_field {
    my ($f, $which) = @_;
    my ($name, $array) = ($f->{name}, $f->{array});
    return statement($f, $which, "v->$name") if !$array;
    my ($how, $of) = @$array;
    my $n = $how eq 'count' ? "v->n_$name" : $how eq 'field' ? "v->$of" : $of;
    my @code;
    if ($which eq 'read' && $how ne 'fixed') {
        my $claimed = $how eq 'count' ? "okapi_read_$of(r)" : $n;
        my $least = least_size($f);
        push @code, "$n = okapi_read_count(r, $claimed, $least);";
        push @code, "v->$name = apr_pcalloc(c->pool, (apr_size_t)$n * sizeof(*v->$name));";
    } elsif ($how eq 'count') {
        push @code, "okapi_write_$of(w, (" . $TYPE{$of}[0] . ")$n);";
    }
    return (@code, "for (int i = 0; i < $n; i++) {", '    ' . statement($f, $which, "v->$name\[i]"), '}');
}

sub c_operand {
    my ($word) = @_;
    return $word eq '@public' ? 'c->public_logon' : $word =~ /^\d/ ? $word : "v->$word";
}

sub c_cond {
    my ($cond) = @_;
    $cond =~ s{(\@public|\d\w*|[a-z_]\w*)}{c_operand($1)}ge;
    return $cond;
}

sub when_cond {
    my ($when) = @_;
    return undef if !defined $when || $when eq '*';
    return 'rop_succeeded(q->h.status)' if $when eq '';
    return sprintf 'q->h.status == 0x%08Xu', $when;
}

sub body {
    my ($fields, $which) = @_;
    my (@lines, $open);
    for my $f (@$fields) {
        my $when = when_cond($f->{when}) // '';
        if ($when ne ($open // '')) {
            push @lines, '}' if $open;
            push @lines, "if ($when) {" if $when;
            $open = $when;
        }
        my @code = code_field($f, $which);
        @code = ('if (' . c_cond($f->{cond}) . ') {', (map { "    $_" } @code), '}') if defined $f->{cond};
        push @lines, map { $open ? "    $_" : $_ } @code;
    }
    push @lines, '}' if $open;
    return join '', map { "    $_\n" } @lines;
}

sub trace_body {
    my ($fields) = @_;
    my %seen;
    my $out = '';
    for my $f (grep { !$seen{ $_->{name} }++ } @$fields) {
        my $kind = $struct{ $f->{type} } ? '' : $TYPE{ $f->{type} }[4];
        my $n = $f->{name};
        my $counted = ($f->{array} && $f->{array}[0] eq 'count') || $f->{type} eq 'props16';
        my $value = $counted ? "v->n_$n" : $f->{array} ? next : $kind eq 'number' ? "(apr_int64_t)v->$n"
            : $kind eq 'length' ? "(apr_int64_t)v->$n.len" : next;
        $out .= "    rop_trace_number(t, \"" . ($counted || $kind eq 'length' ? "#$n" : $n) . "\", $value);\n";
    }
    return $out;
}

# ---- the files ----

sub mask {
    my ($kinds) = @_;
    return 0 if !$kinds;
    return join ' | ', map {
        die "unknown kind $_\n" if !$KINDS{$_};
        $_ eq 'any' ? 'MAPI_KIND_ANY' : 'MAPI_KIND_BIT(MAPI_KIND_' . uc($_) . ')'
    } @$kinds;
}

# The code of one function over the union's member, and its name; "NULL" if it has nothing to do.
sub accessor {
    my ($rop, $what, $which, $fields) = @_;
    return ('', 'NULL') if $rop->{push} && $what eq 'request';
    my $name = "$rop->{c}_${what}_$which";
    my $body = $which eq 'trace' ? trace_body($fields) : body($fields, $which);
    return ('', 'NULL') if $body eq '';
    my $const = $which eq 'read' ? '' : 'const ';
    my $args = $which eq 'read' ? "okapi_reader_t *r, rop_${what}_t *q, const rop_codec_t *c"
        : $which eq 'write' ? "okapi_writer_t *w, const rop_${what}_t *q, const rop_codec_t *c"
        : "okapi_writer_t *t, const rop_${what}_t *q";
    return ("static void $name($args)\n{\n    ${const}rop_$rop->{c}_${what}_t *v = &q->u.rop_$rop->{c};\n\n$body}\n\n",
        $name);
}

sub gen_header {
    my $out = $BANNER . "#ifndef MAPI_ROPS_GEN_H\n#define MAPI_ROPS_GEN_H\n\n#include \"rop_codec.h\"\n\n";
    $out .= "typedef enum rop_id_e {\n"
        . join(",\n", map { sprintf '    ROP_%s = 0x%02X', uc $_->{c}, $_->{id} } @{ $table->{rops} }) . "\n} rop_id_e;\n\n";
    for my $s (@{ $table->{structs} }) {
        $out .= "typedef struct rop_$s->{c}_t {\n" . members($s->{fields}) . "} rop_$s->{c}_t;\n\n";
    }
    for my $rop (@{ $table->{rops} }) {
        for my $what ('request', 'response') {
            next if $rop->{push} && $what eq 'request';
            $out .= "typedef struct rop_$rop->{c}_${what}_t {\n"
                . members($rop->{ $what eq 'request' ? 'req' : 'res' }) . "} rop_$rop->{c}_${what}_t;\n\n";
        }
    }
    for my $what ('request', 'response') {
        my @rops = grep { $what eq 'response' || !$_->{push} } @{ $table->{rops} };
        $out .= "struct rop_${what}_t {\n    rop_${what}_header_t h;\n    union {\n"
            . join('', map { "        rop_$_->{c}_${what}_t rop_$_->{c};\n" } @rops) . "    } u;\n};\n\n";
    }
    return $out . "#endif\n";
}

sub gen_codec {
    my $out = $BANNER . "#include \"rops_gen.h\"\n\n";
    for my $s (@{ $table->{structs} }) {
        for my $which ('read', 'write') {
            my $args = $which eq 'read' ? "okapi_reader_t *r, rop_$s->{c}_t *v" : "okapi_writer_t *w, const rop_$s->{c}_t *v";
            $out .= "static void $s->{c}_$which($args, const rop_codec_t *c)\n{\n" . body($s->{fields}, $which) . "}\n\n";
        }
    }
    my $rows = '';
    for my $rop (@{ $table->{rops} }) {
        my @f;
        for my $what ('request', 'response') {
            for my $which ('read', 'write', 'trace') {
                my ($code, $name) = accessor($rop, $what, $which, $rop->{ $what eq 'request' ? 'req' : 'res' });
                $out .= $code;
                push @f, $name;
            }
        }
        my $flags = join(' | ', ($rop->{in} ? 'ROP_HAS_IN' : ()), ($rop->{dest} ? 'ROP_HAS_DEST' : ()),
            ($rop->{out} ? 'ROP_HAS_OUT' : ()), map { $rop->{$_} ? 'ROP_' . uc $_ : () } qw(save null noreply push)) || 0;
        my $sizes = join ', ', $rop->{push} ? '0' : "sizeof(rop_$rop->{c}_request_t)", "sizeof(rop_$rop->{c}_response_t)";
        $rows .= sprintf("    [0x%02X] = {\"%s\", 0x%02X, %s, %s, %s,\n             %s,\n             %s, %s, %s,\n             %s, %s, %s},\n",
            @$rop{qw(id name answer)}, $flags, mask($rop->{in}), mask($rop->{dest}), $sizes, @f);
    }
    return $out . "const rop_info_t rop_table[256] = {\n$rows};\n";
}

sub handled { return grep { $_->{handled} } @{ $table->{rops} } }

sub gen_handlers_h {
    my $out = $BANNER . "#ifndef MAPI_ROPS_HANDLERS_H\n#define MAPI_ROPS_HANDLERS_H\n\n#include \"rop.h\"\n\n";
    for my $rop (handled()) {
        $out .= "apr_status_t rop_$rop->{c}(mapi_rop_ctx_t *ctx, const rop_$rop->{c}_request_t *req,\n"
            . ' ' x length("apr_status_t rop_$rop->{c}(") . "rop_$rop->{c}_response_t *res);\n";
    }
    return $out . "\ntypedef apr_status_t (*rop_handler_fn)(mapi_rop_ctx_t *ctx, const rop_request_t *q,\n"
        . "                                       rop_response_t *s);\n\n"
        . "/* By RopId; NULL answers OKAPI_ENOSUPPORT. */\nextern const rop_handler_fn rop_handlers[256];\n\n#endif\n";
}

sub gen_handlers_c {
    my $out = $BANNER . "#include \"rops_handlers.h\"\n\n";
    my $rows = '';
    for my $rop (handled()) {
        $out .= "static apr_status_t call_$rop->{c}(mapi_rop_ctx_t *ctx, const rop_request_t *q, rop_response_t *s)\n"
            . "{\n    return rop_$rop->{c}(ctx, &q->u.rop_$rop->{c}, &s->u.rop_$rop->{c});\n}\n\n";
        $rows .= sprintf "    [0x%02X] = call_%s,\n", $rop->{id}, $rop->{c};
    }
    return $out . "const rop_handler_fn rop_handlers[256] = {\n$rows};\n";
}

sub write_file {
    my ($name, $text) = @_;
    open my $fh, '>', "$outdir/$name" or die "$outdir/$name: $!\n";
    print $fh $text;
    close $fh or die "$outdir/$name: $!\n";
}

write_file('rops_gen.h', gen_header());
write_file('rops_gen.c', gen_codec());
write_file('rops_handlers.h', gen_handlers_h());
write_file('rops_handlers.c', gen_handlers_c());
