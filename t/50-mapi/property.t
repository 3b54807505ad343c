#!/usr/bin/perl

# Properties and the names of named ones: MS-OXCPRPT 2.2.2 to 2.2.13, 3.2.5.

use strict;
use warnings;
use utf8;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Mail qw(mail);
use Okapi::Test::Props qw(is_error tag);

my $server = Okapi::Test::MAPI->server('john');
my $long = 'Ein sehr langer Text. ' x 5000; # 220,000 bytes of UTF-16
$server->deliver('john', mail(subject => 'Größe €', body => "$long\r\n"));
my $m = Okapi::Test::MAPI->connect($server, 'john');
my $logon = $m->logon;
my $inbox = $logon->open_special('inbox');
my ($row) = $inbox->contents->columns('PR_MID')->rows(1);
my $message = $logon->open_message($inbox->{fid}, $row->{PR_MID});

subtest 'GetPropertiesSpecific' => sub {
    my $got = $message->properties(qw(PR_MESSAGE_CLASS PR_SUBJECT PR_START_DATE PR_SUBJECT:001E
        PR_MESSAGE_SIZE PR_MID PR_PARENT_FID));
    is $got->{PR_SUBJECT}, 'Größe €', 'text'; # MS-OXCPRPT_R457
    is $got->{'PR_SUBJECT:001E'}, 'Größe €', 'in the code page of the session'; # MS-OXCPRPT_R462
    is is_error($got->{PR_START_DATE}), 0x8004010F, 'absent';
    cmp_ok $got->{PR_MESSAGE_SIZE}, '>', 100_000, 'computed'; # MS-OXCPRPT_R457003
    is $got->{PR_MID}, $row->{PR_MID}, 'PR_MID';
    is $got->{PR_PARENT_FID}, $inbox->{fid}, 'PR_PARENT_FID';
    my $get = sub {
        my ($unicode, @tags) = @_;
        return $message->call('GetPropertiesSpecific', { property_size_limit => 0,
            want_unicode => $unicode, property_tags => \@tags })->{row_data}[0];
    };
    # MS-OXCPRPT_R458
    is $get->(1, 'PR_SUBJECT:0000')->{'PR_SUBJECT:0000:type'}, 0x1F, 'without a type: Unicode';
    # MS-OXCPRPT_R459
    is $get->(0, 'PR_SUBJECT:0000')->{'PR_SUBJECT:0000:type'}, 0x1E, 'or not, as wanted';
    # MS-OXCPRPT_R460
    is $get->(0, 'PR_SUBJECT')->{PR_SUBJECT}, 'Größe €', 'a type that was asked for stays';
    is_deeply [keys %{ $get->(1) }], [], 'no properties';
};

subtest 'too large for the answer' => sub {
    my $got = $message->properties(qw(PR_BODY PR_SUBJECT));
    is is_error($got->{PR_BODY}), 0x8007000E, 'ecNotEnoughMemory';
    is $got->{PR_SUBJECT}, 'Größe €', 'the others are there';
    $got = $message->call('GetPropertiesSpecific', { property_size_limit => 4, want_unicode => 1,
        property_tags => ['PR_SUBJECT'] })->{row_data}[0];
    is $got->{PR_SUBJECT}, 'Größe €', 'PropertySizeLimit is ignored'; # MS-OXCPRPT_R90701
    is $message->stream_all('PR_BODY'), "$long\r\n", 'a stream has it all';
};

subtest 'the code page of the message' => sub {
    my $latin = $logon->open_message($inbox->{fid}, $row->{PR_MID}, code_page_id => 28605);
    my @handles = ($latin->{handle});
    local $m->{codepage} = 28605;
    no warnings 'redefine';
    my $charset = \&Okapi::Test::Props::charset;
    local *Okapi::Test::Props::charset = sub { $_[0] == 28605 ? 'iso-8859-15' : $charset->(@_) };
    my ($response) = $m->execute(\@handles, [[GetPropertiesSpecific => { in => 0,
        property_size_limit => 0, want_unicode => 0, property_tags => ['PR_SUBJECT:001E'] }]]);
    is $response->{row_data}[0]{'PR_SUBJECT:001E'}, 'Größe €', 'ISO 8859-15'; # MS-OXCPRPT_R461
};

subtest 'of a folder and of the store' => sub {
    my $got = $inbox->properties(qw(PR_DISPLAY_NAME PR_CONTENT_COUNT PR_CONTENT_UNREAD PR_FID
        PR_CONTAINER_CLASS PR_IPM_APPOINTMENT_ENTRYID));
    is $got->{PR_DISPLAY_NAME}, 'Inbox', 'PR_DISPLAY_NAME';
    is $got->{PR_CONTENT_COUNT}, 1, 'PR_CONTENT_COUNT';
    is $got->{PR_CONTENT_UNREAD}, 1, 'PR_CONTENT_UNREAD';
    is length $got->{PR_IPM_APPOINTMENT_ENTRYID}, 46, 'the inbox knows the calendar';
    ok !defined is_error($logon->property('PR_DISPLAY_NAME')), 'the store has a name';
};

subtest 'GetPropertiesAll and GetPropertiesList' => sub {
    my %all = %{ $message->all_properties };
    is $all{PR_SUBJECT}, 'Größe €', 'PR_SUBJECT'; # MS-OXCPRPT_R471
    is $all{PR_MESSAGE_CLASS}, 'IPM.Note', 'PR_MESSAGE_CLASS';
    my %listed = map { ($_ >> 16) => 1 } $message->property_list; # MS-OXCPRPT_R472
    ok $listed{0x0037}, 'the subject is listed';
    ok $listed{0x1000}, 'the body too';
    my $response = $message->call('GetPropertiesAll',
        { property_size_limit => 0, want_unicode => 0 });
    is scalar(grep { ($_->[0] & 0xFFFF) == 0x1F } @{ $response->{property_values} }), 0,
        'no Unicode if it isn\'t wanted';
    my ($body) = grep { ($_->[0] >> 16) == 0x1000 } @{ $response->{property_values} };
    is is_error($body->[1]), 0x8007000E, 'what is too large is named, with its error';
};

my $common = '00062008-0000-0000-c000-000000000046';
my $public = '00020329-0000-0000-c000-000000000046';
my $mapi = '00020328-0000-0000-c000-000000000046';

subtest 'GetPropertyIdsFromNames' => sub {
    my $response = $logon->try('GetPropertyIdsFromNames', { flags => 0,
        property_names => [{ guid => $public, name => 'x-never' },
            { guid => $mapi, lid => 0x37 }] });
    is $response->{status}, 0x00040380, 'a warning';
    # MS-OXCPRPT_R532 R642
    is_deeply $response->{property_ids}, [0, 0x37], 'one unknown; PS_MAPI is itself';
    my @names = ({ guid => $common, lid => 0x8503 }, { guid => $public, name => 'X-Größe' });
    my @ids = $logon->ids_of_names(1, @names);
    ok $_ > 0x8000 && $_ < 0xFFFF, sprintf 'made: 0x%04X', $_ for @ids; # MS-OXCPRPT_R534
    isnt $ids[0], $ids[1], 'different ones'; # MS-OXCPRPT_R533
    # MS-OXCPRPT_R530 R531
    is_deeply [$inbox->ids_of_names(0, @names)], \@ids, 'the same ever after';
    my @all = $logon->ids_of_names(0);
    for my $id (@ids) {
        ok scalar(grep { $_ == $id } @all), sprintf '0x%04X is among all', $id; # MS-OXCPRPT_R526
    }

    my @back = $logon->names_of_ids(@ids, 0x0037, 0xFFFE);
    is_deeply $back[0], { guid => $common, lid => 0x8503 }, 'a number'; # MS-OXCPRPT_R521
    is_deeply $back[1], { guid => $public, name => 'X-Größe' }, 'a string';
    # MS-OXCPRPT_R518
    is_deeply $back[2], { guid => $mapi, lid => 0x37 }, 'one without a name of its own';
    ok !exists $back[3]{lid} && !exists $back[3]{name}, 'one that is none'; # MS-OXCPRPT_R523
};

subtest 'QueryNamedProperties' => sub {
    my $query = sub {
        my ($flags, $guid) = @_;
        my $response = $logon->call('QueryNamedProperties', { query_flags => $flags,
            has_guid => $guid ? 1 : 0, property_guid => $guid });
        is scalar @{ $response->{property_ids} }, @{ $response->{property_names} },
            'as many ids as names';
        return @{ $response->{property_names} };
    };
    my @all = $query->(0);
    ok scalar(grep { ($_->{name} // '') eq 'X-Größe' } @all), 'the string'; # MS-OXCPRPT_R495
    ok scalar(grep { ($_->{lid} // 0) == 0x8503 } @all), 'the number';
    is scalar(grep { defined $_->{name} } $query->(1)), 0, 'no strings'; # MS-OXCPRPT_R876
    is scalar(grep { defined $_->{lid} } $query->(2)), 0, 'no numbers'; # MS-OXCPRPT_R877
    # MS-OXCPRPT_R878
    is scalar(grep { $_->{guid} ne $common } $query->(0, $common)), 0, 'of one property set';
};

done_testing;
