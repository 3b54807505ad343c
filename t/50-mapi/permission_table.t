#!/usr/bin/perl

# RopGetPermissionsTable and RopModifyPermissions: MS-OXCPERM 2.2.1, 2.2.2, 3.2.5.

use strict;
use warnings;
no warnings 'portable'; # 64-bit numbers

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;

use constant { ADD => 1, MODIFY => 2, REMOVE => 4, REPLACE => 1, FREEBUSY => 2 };
use constant { ALL => 0x5FB, REVIEWER => 0x401, ANONYMOUS => -1 };
use constant { DENIED => 0x80070005, INVALID => 0x80070057, UNKNOWN => 0x3EB };

my $server = Okapi::Test::MAPI->server('john');
$server->user('mary', fullname => 'Mary Miller');
$server->user('peter');
$server->admin('group', 'create', 'staff', '--fullname', 'All staff');

my $john = Okapi::Test::MAPI->connect($server, 'john')->logon;
my $mary = Okapi::Test::MAPI->connect($server, 'mary')->logon(user => 'john');
my $inbox = $john->open_special('inbox');

# PermanentEntryID, MS-OXNSPI 2.3.9.3.
sub entryid {
    my ($name) = @_;
    return pack('V H32 V V', 0, 'DCA740C8C042101AB4B908002B2FE182', 1, 0)
        . Okapi::Test::MAPI::DN_PREFIX() . "$name\0";
}

sub modify {
    my ($folder, $flags, @changes) = @_;
    my @data;
    while (my ($what, $values) = splice @changes, 0, 2) {
        push @data, { permission_data_flags => $what, property_values => $values };
    }
    return $folder->try('ModifyPermissions',
        { modify_flags => $flags, permissions_data => \@data })->{status};
}

sub add { my ($name, $rights) = @_; return (ADD, [[PR_ENTRYID => entryid($name)], [PR_MEMBER_RIGHTS => $rights]]) }
sub set { my ($id, $rights) = @_; return (MODIFY, [[PR_MEMBER_ID => $id], [PR_MEMBER_RIGHTS => $rights]]) }
sub remove { my ($id) = @_; return (REMOVE, [[PR_MEMBER_ID => $id]]) }

sub entries {
    my ($folder, $flags) = @_;
    return $folder->permissions($flags)->columns(qw(PR_ENTRYID PR_MEMBER_ID PR_MEMBER_NAME PR_MEMBER_RIGHTS))
        ->rows(50);
}

# "name:rights", of all entries.
sub shown {
    my ($folder, $flags) = @_;
    return join ' ', map { sprintf '%s:%X', @{$_}{qw(PR_MEMBER_NAME PR_MEMBER_RIGHTS)} } entries($folder, $flags);
}
sub id_of { my ($name) = @_; return (map { $_->{PR_MEMBER_ID} } grep { $_->{PR_MEMBER_NAME} eq $name } entries($inbox))[0] }

subtest 'a folder nobody has changed' => sub {
    my @rows = entries($inbox);
    is_deeply [map { $_->{PR_MEMBER_ID} } @rows], [0, ANONYMOUS], 'reserved ids'; # MS-OXCPERM_R189 R190
    is_deeply [map { $_->{PR_MEMBER_NAME} } @rows], ['', 'Anonymous'], 'names'; # MS-OXCPERM_R1079 R1080
    is_deeply [map { $_->{PR_ENTRYID} } @rows], ['', ''], 'no entry ids'; # MS-OXCPERM_R1070
    is_deeply [map { $_->{PR_MEMBER_RIGHTS} } @rows], [0, 0], 'no rights';
    my $table = $inbox->permissions->columns('PR_MEMBER_NAME');
    is_deeply [sort { $a <=> $b } @{ $table->call('QueryColumnsAll')->{property_tags} }],
        [0x0FFF0102, 0x66710014, 0x6672001F, 0x66730003], 'columns';
    is $table->position->[1], 2, 'rows';
    is $table->try('SortTable', { sort_table_flags => 0, sort_orders => { keys => [Okapi::Test::Props::sort_keys('PR_MEMBER_NAME')] } })
        ->{status}, 0x80040102, 'they are in an order of their own';
};

subtest 'adding' => sub {
    # MS-OXCPERM_R51 R47
    is modify($inbox, 0, add('mary', REVIEWER), add('staff', 0x41B)), 0, 'a user and a group';
    is shown($inbox), ':0 Mary Miller:401 All staff:41B Anonymous:0', 'both'; # MS-OXCPERM_R1081
    my ($row) = grep { $_->{PR_MEMBER_NAME} eq 'Mary Miller' } entries($inbox);
    is $row->{PR_ENTRYID}, entryid('mary'), 'the entry id that was given'; # MS-OXCPERM_R70
    is modify($inbox, 0, add('mary', ALL)), 0, 'once more';
    is shown($inbox), ':0 Mary Miller:5FB All staff:41B Anonymous:0', 'sets the rights';
    is modify($inbox, 0, add('mary', 0xFFFFE7FF)), 0, 'rights there are not';
    is shown($inbox), ':0 Mary Miller:7FB All staff:41B Anonymous:0', "aren't set"; # MS-OXCPERM_R1093
};

subtest 'updating and removing' => sub {
    is modify($inbox, 0, set(id_of('Mary Miller'), REVIEWER), set(0, 0x400), set(ANONYMOUS, 2)), 0, 'updated';
    is shown($inbox), ':400 Mary Miller:401 All staff:41B Anonymous:2', 'all three'; # MS-OXCPERM_R52 R1187
    # MS-OXCPERM_R1175
    is modify($inbox, 0, set(4711, 1), remove(4711), remove(id_of('All staff'))), 0, 'who isn\'t in the list';
    is shown($inbox), ':400 Mary Miller:401 Anonymous:2', 'is ignored, the rest isn\'t'; # MS-OXCPERM_R186 R1188
    is modify($inbox, 0, remove(0), remove(ANONYMOUS)), 0, 'the reserved ones';
    is shown($inbox), ':0 Mary Miller:401 Anonymous:0', 'stay, without rights';
};

subtest 'replacing' => sub {
    modify($inbox, 0, set(0, 0x400));
    is modify($inbox, REPLACE, add('peter', REVIEWER)), 0, 'replaced';
    is shown($inbox), ':400 peter:401 Anonymous:0', 'but for the default entry'; # MS-OXCPERM_R1197
    is modify($inbox, REPLACE, ADD, [[PR_MEMBER_ID => 0], [PR_MEMBER_RIGHTS => 0]]), 0, 'that, too, by its id';
    is shown($inbox), ':0 Anonymous:0', 'as clients do that copy a list';
    is modify($inbox, REPLACE, set(0, 1)), INVALID, 'entries can only be added'; # MS-OXCPERM_R1185 R45 R46
};

subtest 'free and busy times' => sub {
    my $calendar = $john->open_special('ipm_subtree')->open_child('Calendar');
    is shown($calendar), ':0 Anonymous:0', 'hidden'; # MS-OXCPERM_R3001
    is shown($calendar, FREEBUSY), ':800 Anonymous:0', 'unless asked for'; # MS-OXCPERM_R19
    is modify($calendar, 0, add('mary', REVIEWER)), 0, 'a reader';
    is shown($calendar, FREEBUSY), ':800 Mary Miller:1C01 Anonymous:0', 'sees details'; # MS-OXCPERM_R1182
    is modify($calendar, FREEBUSY, add('mary', REVIEWER | 0x800)), 0, 'set by themselves';
    is shown($calendar, FREEBUSY), ':800 Mary Miller:C01 Anonymous:0', 'they are what was set'; # MS-OXCPERM_R40
    is modify($calendar, 0, add('mary', 0x41B)), 0, 'other rights';
    is shown($calendar, FREEBUSY), ':800 Mary Miller:C1B Anonymous:0', "don't change them";
};

subtest 'what is refused' => sub {
    is modify($inbox, 4, add('mary', 1)), INVALID, 'unknown flags'; # MS-OXCPERM_R43
    is $inbox->try('GetPermissionsTable', { table_flags => 1 })->{status}, INVALID, 'of the table'; # R1012
    is modify($inbox, 0, 8, [[PR_MEMBER_ID => 0], [PR_MEMBER_RIGHTS => 1]]), INVALID, 'an unknown change';
    is modify($inbox, 0, 3, [[PR_MEMBER_ID => 0], [PR_MEMBER_RIGHTS => 1]]), INVALID, 'two at once';
    is modify($inbox, 0, ADD, [[PR_MEMBER_RIGHTS => 1]]), INVALID, 'nobody'; # MS-OXCPERM_R159
    is modify($inbox, 0, ADD, [[PR_ENTRYID => entryid('mary')]]), INVALID, 'no rights';
    is modify($inbox, 0, MODIFY, [[PR_MEMBER_RIGHTS => 1]]), INVALID, 'no member'; # MS-OXCPERM_R167
    is modify($inbox, 0, REMOVE, []), INVALID, 'nothing at all'; # MS-OXCPERM_R171
    is modify($inbox, 0, ADD, [[PR_ENTRYID => 'garbage'], [PR_MEMBER_RIGHTS => 1]]), INVALID, 'no entry id';
    is modify($inbox, 0, add('nobody', 1)), UNKNOWN, 'somebody who doesn\'t exist';
    is modify($inbox, 0, add('mary', ALL), add('nobody', 1)), UNKNOWN, 'after somebody who does';
    is shown($inbox), ':0 Anonymous:0', 'nothing happened';
    is $john->try('GetPermissionsTable', { table_flags => 0 })->{status}, 0x80040102, 'of a logon';
};

subtest 'who may' => sub {
    modify($inbox, 0, add('mary', REVIEWER));
    my $hers = $mary->open_special('inbox');
    is shown($hers), ':0 Mary Miller:401 Anonymous:0', 'who sees the folder sees the list'; # MS-OXCPERM_R177 R2014
    is modify($hers, 0, add('mary', ALL)), DENIED, 'but may not change it'; # MS-OXCPERM_R180 R181
    is modify($hers, 0, REMOVE, []), DENIED, 'whatever it is';
    my $table = $hers->permissions->columns('PR_MEMBER_ID');
    modify($inbox, 0, add('mary', 2));
    is $table->try('QueryRows', { query_rows_flags => 0, forward_read => 1, row_count => 5 })->{status}, DENIED,
        'not any more'; # MS-OXCPERM_R2007
    modify($inbox, 0, add('mary', 0x500));
    $hers = $mary->open_special('inbox');
    is modify($hers, 0, add('peter', REVIEWER)), 0, 'an owner of the folder may'; # MS-OXCPERM_R115 R182
    is shown($inbox), ':0 Mary Miller:500 peter:401 Anonymous:0', 'as its owner sees';
    my $logon = Okapi::Test::MAPI->connect($server, 'peter')->logon(user => 'john');
    is $logon->open_special('inbox')->property('PR_RIGHTS'), REVIEWER, 'and who was let in';
};

done_testing;
