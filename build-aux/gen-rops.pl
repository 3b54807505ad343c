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
my @rops = @{ $table->{rops} };
my %struct = map { $_->{name} => $_ } @{ $table->{structs} };

# type | in C | least bytes on the wire | read | write | trace
# V is the value as an lvalue, A its argument's field, N the number of its elements; without V, what
# is read is the value. What a trace shows is a number or a length: logs hold no mail content.
my $types = <<'END';
u8 | apr_byte_t | 1 | okapi_read_u8(r) | okapi_write_u8(w, V) | number
u16 | apr_uint16_t | 2 | okapi_read_u16(r) | okapi_write_u16(w, V) | number
u32 | apr_uint32_t | 4 | okapi_read_u32(r) | okapi_write_u32(w, V) | number
u64 | apr_uint64_t | 8 | okapi_read_u64(r) | okapi_write_u64(w, V) | number
i32 | apr_int32_t | 4 | okapi_read_u32(r) | okapi_write_u32(w, V) | number
i64 | apr_int64_t | 8 | okapi_read_u64(r) | okapi_write_u64(w, V) | number
bool | int | 1 | okapi_read_u8(r) | okapi_write_u8(w, V) | number
id | okapi_id_t | 8 | rop_id_read(r) | rop_id_write(w, V) | number
cn | okapi_cn_t | 8 | rop_id_read(r) | rop_id_write(w, V) | number
time | okapi_time_t | 8 | okapi_read_u64(r) | okapi_write_u64(w, V) | number
tag | okapi_proptag_t | 4 | okapi_read_u32(r) | okapi_write_u32(w, V) | number
guid | okapi_guid_t | 16 | okapi_read_guid(r) | okapi_write_guid(w, &V) |
longtermid | mapi_longtermid_t | 24 | rop_longtermid_read(r, &V) | rop_longtermid_write(w, &V) |
bin8 | okapi_binary_t | 1 | rop_bin_read(r, okapi_read_u8(r)) | rop_bin8_write(w, &V) | length
bin16 | okapi_binary_t | 2 | rop_bin_read(r, okapi_read_u16(r)) | rop_bin16_write(w, &V) | length
bin32 | okapi_binary_t | 4 | rop_bin_read(r, okapi_read_u32(r)) | rop_bin32_write(w, &V) | length
raw | okapi_binary_t | 0 | rop_bin_read(r, okapi_reader_left(r)) | rop_raw_write(w, &V) | length
rows | okapi_binary_t | 0 | rop_bin_read(r, okapi_reader_left(r)) | rop_raw_write(w, &V) | length
str8z | const char * | 1 | okapi_read_str8z(r) | okapi_write_str8z(w, V) |
str16z | const char * | 2 | okapi_read_str16z(r, c->pool) | okapi_write_str16z(w, V) |
strz | const char * | 1 | rop_strz_read(r, A, c) | rop_strz_write(w, V, A, c) |
typedstr | const char * | 1 | rop_typedstr_read(r, c) | rop_typedstr_write(w, V, c) |
tagged | okapi_propval_t | 4 | rop_tagged_read(r, &V, c) | rop_tagged_write(w, &V, c) |
propname | okapi_propname_t | 17 | rop_propname_read(r, &V, c) | rop_propname_write(w, &V) |
props16 | okapi_propval_t * | 4 | rop_props16_read(r, &N, c) | rop_props16_write(w, V, N, c) |
restriction16 | okapi_restriction_t * | 2 | rop_restriction16_read(r, c) | rop_restriction16_write(w, V, c) |
sort | okapi_sort_t | 6 | okapi_sort_read(r, &V, c->pool) | okapi_sort_write(w, &V) |
END
my %type;
for (split /\n/, $types) {
    my ($name, @columns) = split /\s*\|\s*/, $_, -1;
    $type{$name} = \@columns;
}
my ($C, $LEAST, $READ, $WRITE, $TRACE) = 0 .. 4;

my %kind = map { $_ => 1 }
    qw(any logon folder message attachment table stream subscription transfer sync);

# ---- text ----

# A template with its @WORDS@ replaced.
sub fill {
    my ($template, %words) = @_;
    $template =~ s/\@(\w+)\@/$words{$1} \/\/ die "no $1\n"/ge;
    return $template;
}

sub indent { return map {"    $_"} @_ }
sub lines  { return join '', map {"    $_\n"} @_ }

# ---- fields ----

sub c_type {
    my ($f) = @_;
    my $s = $struct{ $f->{type} };
    return $s ? "rop_$s->{c}_t" : ($type{ $f->{type} } // die "unknown type $f->{type}\n")->[$C];
}

# 'count', 'field', 'fixed' or ''
sub array_of { my ($f) = @_; return $f->{array} ? $f->{array}[0] : '' }

# Does the structure have a count n_NAME beside NAME?
sub counted { my ($f) = @_; return array_of($f) eq 'count' || $f->{type} eq 'props16' }

sub distinct {
    my ($fields) = @_;
    my %seen;
    return grep { !$seen{ $_->{name} }++ } @$fields;
}

sub members {
    my ($fields) = @_;
    my @lines;
    for my $f (distinct($fields)) {
        my $how = array_of($f);
        my $name = $how eq 'fixed' ? "$f->{name}\[$f->{array}[1]]"
            : $how ? "*$f->{name}" : $f->{name};
        push @lines, (c_type($f) . " $name;") =~ s/\* /*/r;
        push @lines, "int n_$f->{name};" if counted($f);
    }
    return lines(@lines);
}

# One read or write statement for the value at lvalue LV.
sub statement {
    my ($f, $which, $lv) = @_;
    if (my $s = $struct{ $f->{type} }) {
        return $which == $READ ? "$s->{c}_read(r, &$lv, c);" : "$s->{c}_write(w, &$lv, c);";
    }
    my $code = $type{ $f->{type} }[$which];
    $code = "V = $code" if $code !~ /\bV\b/;
    my %word = (V => $lv, A => 'v->' . ($f->{arg} // ''), N => "v->n_$f->{name}");
    return $code =~ s/\b([VAN])\b/$word{$1}/gr . ';';
}

# Of an element, so that a claimed count can be refused.
sub least_size {
    my ($f) = @_;
    my $s = $struct{ $f->{type} } or return $type{ $f->{type} }[$LEAST];
    my $n = 0;
    for my $g (grep { !defined $_->{cond} } @{ $s->{fields} }) {
        my $how = array_of($g);
        $n += $how eq 'count' ? $g->{array}[1] =~ s/u//r / 8
            : $how eq 'field' ? 0
            : $how eq 'fixed' ? least_size($g) * $g->{array}[1]
            : least_size($g);
    }
    return $n || 1;
}

# The statements that read or write one field, arrays and all.
sub field_code {
    my ($f, $which) = @_;
    my $value = "v->$f->{name}";
    my $how = array_of($f) or return statement($f, $which, $value);
    my $of = $f->{array}[1];
    my $n = $how eq 'count' ? "v->n_$f->{name}" : $how eq 'field' ? "v->$of" : $of;
    my @code;
    if ($which == $READ && $how ne 'fixed') {
        my $claimed = $how eq 'count' ? "okapi_read_$of(r)" : $n;
        push @code, "$n = okapi_read_count(r, $claimed, " . least_size($f) . ');',
            "$value = apr_pcalloc(c->pool, (apr_size_t)$n * sizeof(*$value));";
    } elsif ($how eq 'count') {
        push @code, "okapi_write_$of(w, ($type{$of}[$C])$n);";
    }
    return @code, "for (int i = 0; i < $n; i++) {",
        indent(statement($f, $which, "$value\[i]")), '}';
}

sub c_operand {
    my ($word) = @_;
    return $word eq '@public' ? 'c->public_logon' : $word =~ /^\d/ ? $word : "v->$word";
}

sub c_condition {
    my ($cond) = @_;
    return $cond =~ s/(\@public|\d\w*|[a-z_]\w*)/c_operand($1)/ger;
}

# With which ReturnValue a field of a response is there; '' is always.
sub c_when {
    my ($when) = @_;
    return '' if !defined $when || $when eq '*';
    return $when eq '' ? 'rop_succeeded(q->h.status)' : sprintf 'q->h.status == 0x%08Xu', $when;
}

# The statements for all fields; those of one ReturnValue together.
sub fields_code {
    my ($fields, $which) = @_;
    my @code;
    my $open = '';
    for my $f (@$fields) {
        my $when = c_when($f->{when});
        if ($when ne $open) {
            push @code, '}' if $open;
            push @code, "if ($when) {" if $when;
            $open = $when;
        }
        my @field = field_code($f, $which);
        @field = ('if (' . c_condition($f->{cond}) . ') {', indent(@field), '}')
            if defined $f->{cond};
        push @code, $open ? indent(@field) : @field;
    }
    return @code, $open ? '}' : ();
}

sub trace_code {
    my ($fields) = @_;
    my @code;
    for my $f (distinct($fields)) {
        my $what = $struct{ $f->{type} } ? '' : $type{ $f->{type} }[$TRACE];
        my $call = sub { push @code, qq{rop_trace_number(t, "$_[0]", (apr_int64_t)v->$_[1]);} };
        if (counted($f)) {
            $call->("#$f->{name}", "n_$f->{name}");
        } elsif (!$f->{array}) {
            $call->($f->{name}, $f->{name}) if $what eq 'number';
            $call->("#$f->{name}", "$f->{name}.len") if $what eq 'length';
        }
    }
    return @code;
}

# ---- rops_gen.h ----

sub buffers { my ($rop) = @_; return $rop->{push} ? 'response' : ('request', 'response') }

sub fields_of { my ($rop, $buffer) = @_; return $rop->{ $buffer eq 'request' ? 'req' : 'res' } }

sub structure {
    my ($name, $fields) = @_;
    return fill(<<'END', name => $name, members => members($fields));
typedef struct rop_@name@_t {
@members@} rop_@name@_t;

END
}

sub union_of {
    my ($buffer) = @_;
    my @members = map {"rop_$_->{c}_${buffer}_t rop_$_->{c};"}
        grep { $buffer eq 'response' || !$_->{push} } @rops;
    return fill(<<'END', buffer => $buffer, members => lines(indent(@members)));
struct rop_@buffer@_t {
    rop_@buffer@_header_t h;
    union {
@members@    } u;
};

END
}

sub header {
    my @ids = map { sprintf 'ROP_%s = 0x%02X,', uc $_->{c}, $_->{id} } @rops;
    my @structures = map { structure($_->{c}, $_->{fields}) } @{ $table->{structs} };
    for my $rop (@rops) {
        push @structures, map { structure("$rop->{c}_$_", fields_of($rop, $_)) } buffers($rop);
    }
    return fill(<<'END', ids => lines(@ids), structures => join('', @structures),
/* Generated from rops.def by build-aux/gen-rops.pl. */
#ifndef MAPI_ROPS_GEN_H
#define MAPI_ROPS_GEN_H

#include "rop_codec.h"

typedef enum rop_id_e {
@ids@} rop_id_e;

@structures@@request@@response@#endif
END
        request => union_of('request'), response => union_of('response'));
}

# ---- rops_gen.c ----

sub struct_codec {
    my ($s) = @_;
    return fill(<<'END', name => $s->{c}, read => lines(fields_code($s->{fields}, $READ)),
static void @name@_read(okapi_reader_t *r, rop_@name@_t *v, const rop_codec_t *c)
{
@read@}

static void @name@_write(okapi_writer_t *w, const rop_@name@_t *v, const rop_codec_t *c)
{
@write@}

END
        write => lines(fields_code($s->{fields}, $WRITE)));
}

my %function = (
    read => [$READ, '', 'okapi_reader_t *r, rop_@buffer@_t *q, const rop_codec_t *c'],
    write => [$WRITE, 'const ', 'okapi_writer_t *w, const rop_@buffer@_t *q, const rop_codec_t *c'],
    trace => [$TRACE, 'const ', 'okapi_writer_t *t, const rop_@buffer@_t *q'],
);

# The function that reads, writes or traces BUFFER of ROP, and its name: NULL if there is nothing
# to do.
sub buffer_function {
    my ($rop, $buffer, $verb) = @_;
    my ($which, $const, $arguments) = @{ $function{$verb} };
    my $fields = $rop->{push} && $buffer eq 'request' ? [] : fields_of($rop, $buffer);
    my @code = $which == $TRACE ? trace_code($fields) : fields_code($fields, $which);
    return ('', 'NULL') if !@code;
    my $name = "$rop->{c}_${buffer}_$verb";
    my $text = fill(<<'END', name => $name, const => $const, rop => $rop->{c}, buffer => $buffer,
static void @name@(@arguments@)
{
    @const@rop_@rop@_@buffer@_t *v = &q->u.rop_@rop@;

@code@}

END
        arguments => fill($arguments, buffer => $buffer), code => lines(@code));
    return ($text, $name);
}

sub kinds {
    my ($names) = @_;
    return join(' | ', map {
        die "unknown kind $_\n" if !$kind{$_};
        $_ eq 'any' ? 'MAPI_KIND_ANY' : 'MAPI_KIND_BIT(MAPI_KIND_' . uc($_) . ')'
    } @{ $names // [] }) || 0;
}

sub flags {
    my ($rop) = @_;
    my @has = map { $rop->{$_} ? 'ROP_HAS_' . uc $_ : () } qw(in dest out);
    my @is = map { $rop->{$_} ? 'ROP_' . uc $_ : () } qw(save null private noreply push);
    return join(' | ', @has, @is) || 0;
}

sub codec {
    my (@functions, @rows);
    for my $rop (@rops) {
        my @names;
        for my $buffer ('request', 'response') {
            for my $verb ('read', 'write', 'trace') {
                my ($text, $name) = buffer_function($rop, $buffer, $verb);
                push @functions, $text;
                push @names, ".${buffer}_$verb = $name,";
            }
        }
        push @rows, sprintf('[0x%02X] = {', $rop->{id}), indent(
            sprintf('.name = "%s", .answer = 0x%02X, .flags = %s,', @$rop{qw(name answer)},
                flags($rop)),
            '.in = ' . kinds($rop->{in}) . ', .dest = ' . kinds($rop->{dest}) . ',',
            (map {".${_}_size = sizeof(rop_$rop->{c}_${_}_t),"} buffers($rop)), @names), '},';
    }
    return fill(<<'END', structs => join('', map { struct_codec($_) } @{ $table->{structs} }),
/* Generated from rops.def by build-aux/gen-rops.pl. */
#include "rops_gen.h"

@structs@@functions@const rop_info_t rop_table[256] = {
@rows@};
END
        functions => join('', @functions), rows => lines(@rows));
}

# ---- rops_handlers.h and .c ----

my @handled = map { $_->{c} } grep { $_->{handled} } @rops;

sub handlers_header {
    my @prototypes = map {
        ("apr_status_t rop_$_(mapi_rop_ctx_t *ctx, const rop_${_}_request_t *req,\n",
            ' ' x length("apr_status_t rop_$_("), "rop_${_}_response_t *res);\n")
    } @handled;
    return fill(<<'END', prototypes => join '', @prototypes);
/* Generated from rops.def by build-aux/gen-rops.pl. */
#ifndef MAPI_ROPS_HANDLERS_H
#define MAPI_ROPS_HANDLERS_H

#include "rop.h"

@prototypes@
typedef apr_status_t (*rop_handler_fn)(mapi_rop_ctx_t *ctx, const rop_request_t *q,
                                       rop_response_t *s);

/* By RopId; NULL answers OKAPI_ENOSUPPORT. */
extern const rop_handler_fn rop_handlers[256];

#endif
END
}

sub handlers {
    my @calls = map { fill(<<'END', rop => $_) } @handled;
static apr_status_t call_@rop@(mapi_rop_ctx_t *ctx, const rop_request_t *q, rop_response_t *s)
{
    return rop_@rop@(ctx, &q->u.rop_@rop@, &s->u.rop_@rop@);
}

END
    return fill(<<'END', calls => join('', @calls),
/* Generated from rops.def by build-aux/gen-rops.pl. */
#include "rops_handlers.h"

@calls@const rop_handler_fn rop_handlers[256] = {
@rows@};
END
        rows => lines(map { "[ROP_" . uc($_) . "] = call_$_," } @handled));
}

# ---- the files ----

sub write_file {
    my ($name, $text) = @_;
    open my $fh, '>', "$outdir/$name" or die "$outdir/$name: $!\n";
    print $fh $text;
    close $fh or die "$outdir/$name: $!\n";
}

write_file('rops_gen.h', header());
write_file('rops_gen.c', codec());
write_file('rops_handlers.h', handlers_header());
write_file('rops_handlers.c', handlers());
