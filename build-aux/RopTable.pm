# RopTable - reads mod_mapi/rops.def for the codec generator and for the test client.
package RopTable;
use v5.30;
use warnings;

# Returns { structs => [...], rops => [...] } in the file's order.
#   struct: { name, c, fields }
#   rop:    { id, name, c, in, dest, out, save, null, private, answer, noreply, handled, push, req, res }
#           in and dest are lists of kinds or undef; req and res lists of fields
#   field:  { type, name, arg, cond, when, array } where WHEN is '' (success), '*' or a number,
#           and ARRAY is ['count', 'u16'], ['field', name] or ['fixed', n]
sub load {
    my ($path) = @_;
    open my $fh, '<', $path or die "$path: $!\n";
    my (@structs, @rops, $rop, $struct);
    while (my $line = <$fh>) {
        $line =~ s/#.*//;
        $line .= <$fh> while $line =~ s/\\\n\z/ /;
        next if $line !~ /\S/;
        eval {
            if ($line =~ /^rop\s+(.*)/) {
                ($rop, $struct) = (parse_rop($1), undef);
                push @rops, $rop;
            } elsif ($line =~ /^struct\s+(\w+)\s*$/) {
                ($rop, $struct) = (undef, { name => $1, c => c_name($1), fields => [] });
                push @structs, $struct;
            } elsif ($rop && $line =~ /^\s+>\s+(.*)/) {
                push @{ $rop->{req} }, parse_field($1);
            } elsif ($rop && $line =~ /^\s+<(\*|0x[0-9A-Fa-f]+)?\s+(.*)/) {
                push @{ $rop->{res} }, { %{ parse_field($2) }, when => parse_when($1) };
            } elsif ($struct && $line =~ /^\s+(\w.*)/) {
                push @{ $struct->{fields} }, parse_field($1);
            } else {
                die "neither a rop, a struct nor a field\n";
            }
        };
        die "$path:$.: $@" if $@;
    }
    return { structs => \@structs, rops => \@rops };
}

# SetColumns -> set_columns; a run of capitals is one word.
sub c_name {
    my ($name) = @_;
    $name =~ s/([a-z0-9])([A-Z])/$1_$2/g;
    $name =~ s/([A-Z])([A-Z][a-z])/$1_$2/g;
    return lc $name;
}

sub parse_when {
    my ($word) = @_;
    return !defined $word ? '' : $word eq '*' ? '*' : hex $word;
}

sub parse_rop {
    my ($id, $name, @words) = split ' ', $_[0];
    die "not an id: $id\n" if $id !~ /^0x[0-9A-F]{2}$/;
    my %rop = (id => hex $id, answer => hex $id, name => $name, c => c_name($name),
        req => [], res => []);
    for my $word (@words) {
        if ($word =~ /^(in|dest)=([\w,]+)$/) {
            $rop{$1} = [split /,/, $2];
        } elsif ($word =~ /^out=(\w+)$/) {
            $rop{out} = $1;
        } elsif ($word =~ /^answer=(0x[0-9A-F]{2})$/) {
            $rop{answer} = hex $1;
        } elsif ($word =~ /^(save|null|private|noreply|handled|push)$/) {
            $rop{$1} = 1;
        } else {
            die "unknown word: $word\n";
        }
    }
    return \%rop;
}

sub parse_field {
    my ($text) = @_;
    my ($type, $arg, $count, $of, $name, $cond) =
        $text =~ /^(\w+)(?:\((\w+)\))?(?:\*(u8|u16|u32)|\[(\w+)\])?\s+(\w+)(?:\s+if\s+(.*?))?\s*$/
        or die "not a field: $text\n";
    my %field = (type => $type, arg => $arg, name => $name, cond => $cond);
    if (defined $count) {
        $field{array} = ['count', $count];
    } elsif (defined $of) {
        $field{array} = [$of =~ /^\d+$/ ? 'fixed' : 'field', $of];
    }
    return \%field;
}

1;
