#!/usr/bin/perl
# gen-messages.pl - docs/admin/messages.md from the log calls of the modules.
#
#   build-aux/gen-messages.pl [TOP] > docs/admin/messages.md
#
# Each message is OKLOGNO(number) "text" inside an ap_log_ call. A number that is used twice, or
# outside of its module's range, is an error.

use strict;
use warnings;

my $top = @ARGV ? $ARGV[0] : '.';
my %range = (mod_okapi => [1, 999], mod_mapi => [1000, 1999], mod_gateway => [2000, 2999]);
my (%messages, @errors);

sub read_source {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!\n";
    local $/;
    return scalar <$file>;
}

# The text a format prints: adjacent literals joined, what is filled in shown as dots.
sub readable {
    my ($literals) = @_;
    my $text = join '', $literals =~ /"((?:[^"\\]|\\.)*)"/g;
    $text =~ s/%%/\0/g;
    $text =~ s/"?%[-+ #0]*[\d.*]*(?:[hlzjt]*[a-zA-Z])"?/…/g;
    $text =~ s/\\(.)/$1/g;
    $text =~ s/\0/%/g;
    $text =~ s/\|/\\|/g;
    return $text;
}

for my $module (sort keys %range) {
    for my $path (sort glob "$top/$module/*.c") {
        my $source = read_source($path);
        my ($name) = $path =~ m{([^/]+/[^/]+)\z};
        while ($source =~ /\bOKLOGNO\((\d+)\)((?:\s*(?:"(?:[^"\\]|\\.)*"|[A-Z]\w*_FMT))*)/g) {
            my ($number, $literals) = ($1, $2);
            my $before = substr $source, 0, $-[0];
            my ($level) = $before =~ /.*\bap_log_\w+\(\s*APLOG_MARK,\s*([^,]+),/s;
            $level = defined $level && $level =~ /\AAPLOG_([A-Z]+\d?)\z/ ? lc $1 : 'any';
            push @errors, "$name: OK$number has been used in $messages{$number}{file}"
                if $messages{$number};
            push @errors, "$name: OK$number is outside of $module\'s range"
                if $number < $range{$module}[0] || $number > $range{$module}[1];
            push @errors, "$name: OK$number must have five digits" if length $number != 5;
            $messages{$number} = { file => $name, level => $level, text => readable($literals) };
        }
    }
}
if (@errors) {
    print STDERR "$_\n" for @errors;
    exit 1;
}

binmode STDOUT, ':raw';
print <<'END';
# Messages of the error log

Generated from the sources by `build-aux/gen-messages.pl`. A message keeps its number for ever; `…` is what it fills in.

| number | level | message | from |
|---|---|---|---|
END
for my $number (sort keys %messages) {
    my $m = $messages{$number};
    print "| OK$number | $m->{level} | $m->{text} | `$m->{file}` |\n";
}
