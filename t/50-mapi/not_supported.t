#!/usr/bin/perl

# Each ROP that has no handler answers its own NotSupported, and the next one goes on.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Rops qw(rop_names rop_row);

my $server = Okapi::Test::MAPI->server('john');
my $m = Okapi::Test::MAPI->connect($server, 'john');
my $logon = $m->logon;

my $guid = '00112233-4455-6677-8899-aabbccddeeff';
my $id = { replica => $guid, counter => 1 };
my %example = (tagged => ['PR_SUBJECT', 'x'], tag => 'PR_SUBJECT', guid => $guid,
    propname => { guid => $guid, lid => 1 }, longtermid => $id, str8z => 'x', strz => 'x',
    bin16 => 'x', bin32 => 'x', props16 => [], restriction16 => [exist => 'PR_SUBJECT'],
    LongTermIdRange => { min_long_term_id => $id, max_long_term_id => $id },
    PermissionData => { permission_data_flags => 1, property_values => [] },
    RuleData => { rule_data_flags => 1, property_values => [] },
    ModifyRecipientRow => { row_id => 0, recipient_type => 1, recipient_row => '' });

# A request with something in each field.
sub request {
    my ($rop) = @_;
    my %fields = (in => 0, dest => 0, out => 1, response => 0, logon_id => 0);
    for my $field (@{ $rop->{req} }) {
        my $value = exists $example{ $field->{type} } ? $example{ $field->{type} } : 1;
        my ($how, $n) = @{ $field->{array} || [''] };
        $fields{ $field->{name} } = $how eq 'count' ? [$value, $value]
            : $how ? [($value) x $n] : $value;
    }
    return \%fields;
}

for my $name (grep { !rop_row($_)->{handled} && !rop_row($_)->{push} } rop_names()) {
    my $rop = rop_row($name);
    my @responses = $m->execute([$logon->{handle}, 0xFFFFFFFF],
        [[$name => request($rop)], [GetStoreState => { in => 0 }]]);
    subtest $name => sub {
        is $responses[0]{rop}, $name, 'its own response';
        is $responses[0]{status}, 0x80040102, 'NotSupported';
        is $responses[0]{index}, $rop->{out} ? 1 : 0, 'and its handle index';
        is $responses[1]{rop}, 'GetStoreState', 'the next ROP';
        is $responses[1]{status}, 0, 'is done';
    };
}

done_testing;
