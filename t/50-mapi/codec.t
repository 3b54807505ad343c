#!/usr/bin/perl

# The test client's ROP codec against the golden bytes of t/data/rops: each decodes to the fields
# that stand there, and is encoded again to the same bytes. t/unit/rops does the same to the
# server's.

use strict;
use warnings;
no warnings 'portable'; # hex of 64 bits

use File::Basename qw(dirname);
use Test::More;

use lib dirname(__FILE__) . '/../lib';
use Okapi::Test::Props qw(tag_name);
use Okapi::Test::Rops qw(get_recipient_row get_request get_response put_recipient_row put_request
    put_response rop_names rop_row);
use Okapi::Test::Wire qw(hex_bytes hexdump);

my $dir = dirname(__FILE__) . '/../data/rops';

# [{ kind, options, bytes, fields => [[path, value], ...] }, ...]
sub read_cases {
    my ($path) = @_;
    open my $file, '<', $path or die "$path: $!\n";
    my @cases;
    while (<$file>) {
        if (/^(request|response)(.*)/) {
            my %options = map { /(\w+)(?:=(\S+))?/ ? ($1 => $2 // 1) : () } split ' ', $2;
            push @cases, { kind => $1, bytes => '', fields => [], %options };
        } elsif (/^ +([\w.]+) = (.*)$/) {
            push @{ $cases[-1]{fields} }, [$1, value_of($2)];
        } elsif (/^ +[0-9A-F]/) {
            $cases[-1]{bytes} .= hex_bytes($_);
        }
    }
    return @cases;
}

sub value_of {
    my ($text) = @_;
    return $text eq 'undef' ? undef
        : $text =~ /^"(.*)"$/ ? $1 =~ s/\\x\{(\w+)\}/chr hex $1/ger
        : $text =~ /^<(.*)>$/ ? hex_bytes($1)
        : $text =~ /^\{(.*)\}$/ ? $1
        : $text =~ /^0x/ ? hex $text
        : $text;
}

sub value_at {
    my ($value, $path) = @_;
    for my $step (split /\./, $path) {
        $value = ref $value eq 'ARRAY' ? $value->[$step] : $value->{$step};
    }
    return $value;
}

# The one recipient row that the response has, decoded, and whether it is encoded to the same.
sub recipient {
    my ($fields) = @_;
    my $summary = $fields->{summary};
    my $row = $summary ? $summary->{recipient_rows}[0] : ($fields->{recipient_rows} || [])->[0];
    return undef if !$row;
    my $columns = [map { tag_name($_) } @{ $summary ? $summary->{recipient_columns} : [] }];
    my $recipient = get_recipient_row($row->{recipient_row}, $columns);
    is hexdump(put_recipient_row($recipient, $columns)), hexdump($row->{recipient_row}),
        'the recipient row is encoded to the same';
    return $recipient;
}

sub check_case {
    my ($name, $case) = @_;
    my $columns = [split /,/, $case->{columns} // ''];
    my %codec = (codepage => 1252, public => $case->{public}, columns => sub { $columns });
    my $r = Okapi::Test::Wire->new($case->{bytes});
    my $fields = $case->{kind} eq 'request' ? get_request($r, %codec) : get_response($r, %codec);

    is $fields->{rop}, $name, 'the ROP';
    is $r->left, 0, 'nothing is left';
    my $again = $case->{kind} eq 'request' ? put_request($name, $fields, %codec)
        : put_response($name, $fields, %codec);
    is hexdump($again), hexdump($case->{bytes}), 'encoded to the same bytes';
    $fields->{recipient} = recipient($fields);
    for (@{ $case->{fields} }) {
        my ($path, $expected) = @$_;
        is value_at($fields, $path), $expected, $path;
    }
    return;
}

my %handled;
opendir my $handle, $dir or die "$dir: $!\n";
for my $name (sort grep { !/^\.|^README$/ } readdir $handle) {
    subtest $name => sub {
        my $n = 0;
        for my $case (read_cases("$dir/$name")) {
            subtest ++$n . " $case->{kind}" => sub { check_case($name, $case) };
        }
        $handled{$name} = $n;
    };
}
is_deeply [grep { rop_row($_)->{handled} && !$handled{$_} } rop_names()], [],
    'every ROP with a handler has golden bytes';

done_testing;
