#!/usr/bin/perl

# ROP buffers that nobody decent sends: the transport's error, nothing done, no child dead.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Rops qw(put_request rop_names rop_row);
use Okapi::Test::Wire qw(put_u16 put_u32);

use constant RPC_FORMAT => 0x4B6;

my $server = Okapi::Test::MAPI->server('john');
my $m = Okapi::Test::MAPI->connect($server, 'john');
my $logon = $m->logon;
my $inbox = $logon->open_special('inbox');
my $table = $inbox->contents->columns('PR_SUBJECT');
my @children = $server->children;

# What an Execute of these bytes is answered: the StatusCode or ErrorCode, whichever isn't 0.
sub code {
    my ($buffer, %args) = @_;
    my $answer = $m->execute_raw($buffer, %args);
    return "X-ResponseCode $answer->{code}" if $answer->{code} ne '0';
    my ($status, $error) = unpack 'VV', $answer->{body};
    return $status || $error;
}

sub buffer {
    my ($list, @handles) = @_;
    return Okapi::Test::MAPI::extended(put_u16(2 + length $list) . $list . join '',
        map { put_u32($_) } @handles);
}

my @handles = ($logon->{handle}, $inbox->{handle}, $table->{handle});

subtest 'the size of the list' => sub {
    is code(Okapi::Test::MAPI::extended('')), RPC_FORMAT, 'no size';
    is code(Okapi::Test::MAPI::extended("\x05")), RPC_FORMAT, 'half of one';
    is code(Okapi::Test::MAPI::extended(put_u16(0))), RPC_FORMAT, 'a size of 0';
    is code(Okapi::Test::MAPI::extended(put_u16(1))), RPC_FORMAT, 'of 1';
    is code(Okapi::Test::MAPI::extended(put_u16(100) . 'x')), RPC_FORMAT, 'more than is there';
    is code(Okapi::Test::MAPI::extended(put_u16(2))), 0, 'of 2: nothing to do';
};

subtest 'RopIds' => sub {
    my %known = map { rop_row($_)->{id} => rop_row($_) } rop_names();
    for my $id (0 .. 255) {
        next if $known{$id} && !$known{$id}{push};
        is code(buffer(pack('C*', $id, 0, 0, 0, 0, 0, 0, 0), @handles)), RPC_FORMAT,
            sprintf '0x%02X is no request', $id; # MS-OXCROPS 2.2.2: reserved
    }
};

subtest 'counts that are lies' => sub {
    my %lie = (
        'columns' => pack('C C C C v', 0x12, 0, 2, 0, 0xFFFF),
        'sort keys' => pack('C C C C v v v', 0x13, 0, 2, 0, 0xFFFF, 0, 0),
        'a restriction' => pack('C C C C v', 0x14, 0, 2, 0, 0xFFFF),
        'children of a restriction' => pack('C C C C v C v', 0x14, 0, 2, 0, 3, 0, 0xFFFF),
        'a string in one' => pack('C C C C v C V V V a2', 0x14, 0, 2, 0, 15, 3, 0, 0x0037001F,
            0x0037001F, 'xx'),
        'a bookmark' => pack('C C C v', 0x89, 0, 2, 0xFFFF),
        'message ids' => pack('C C C C C v', 0x66, 0, 1, 0, 0, 0xFFFF),
        'property names' => pack('C C C C v', 0x56, 0, 0, 2, 0xFFFF),
        'a DN' => pack('C C C C V V v', 0xFE, 0, 0, 1, 0, 0, 0xFFFF),
        'recipients' => pack('C C C v v', 0x0E, 0, 1, 0, 0xFFFF),
        'values' => pack('C C C v v', 0x0A, 0, 1, 2, 0xFFFF),
    );
    is code(buffer($lie{$_}, @handles)), RPC_FORMAT, $_ for sort keys %lie;
    is code(buffer(pack('C C C', 0x27, 0, 0) . 'no end', @handles)), RPC_FORMAT,
        'a string without end';
    my $deep = pack('C', 2) x 200 . pack('C V', 8, 0x0037001F);
    is code(buffer(pack('C C C C v', 0x14, 0, 2, 0, length $deep) . $deep, @handles)), RPC_FORMAT,
        'a restriction 200 deep';
};

subtest 'nothing is done if the end is bad' => sub {
    my $good = put_request('SetColumns', { in => 2, set_columns_flags => 0,
        property_tags => ['PR_MID'] });
    is code(buffer($good . "\x00", @handles)), RPC_FORMAT, 'a good ROP and a bad one';
    $table->call('QueryRows', { query_rows_flags => 0, forward_read => 1, row_count => 1 });
    pass 'the table has its columns of before';
};

subtest 'truncated' => sub {
    my $list = join '', map { put_request(@$_) } (
        [SetColumns => { in => 2, set_columns_flags => 0,
            property_tags => [qw(PR_MID PR_SUBJECT)] }],
        [Restrict => { in => 2, restrict_flags => 0,
            restriction => [and => ['PR_SUBJECT', '==', 'x'], [exist => 'PR_BODY']] }],
        [FindRow => { in => 2, find_row_flags => 0, restriction => [exist => 'PR_SUBJECT'],
            origin => 0, bookmark => 'abc' }],
        [OpenMessage => { in => 0, out => 3, code_page_id => 0, folder_id => 1,
            open_mode_flags => 0, message_id => 1 }]);
    my %codes;
    $codes{ code(buffer(substr($list, 0, $_), @handles)) }++ for 0 .. length $list;
    is $codes{+RPC_FORMAT}, length($list) - 4, 'refused anywhere but between two ROPs';
    is $codes{0}, 5, 'where it is fine';
};

subtest 'random' => sub {
    srand 4711;
    my %codes;
    my @names = grep { !rop_row($_)->{push} } rop_names();
    for (1 .. 600) {
        my $id = rop_row($names[rand @names])->{id};
        my $list = join '', map { pack 'C', rand 256 } 1 .. 1 + rand 60;
        $list = pack('C C C C', $id, 0, rand 3, rand 4) . $list if $_ % 3;
        $codes{ code(buffer($list, @handles)) }++;
    }
    cmp_ok $codes{+RPC_FORMAT}, '>', 300, 'most can\'t be parsed';
    is_deeply [grep { $_ ne RPC_FORMAT && $_ ne 0 && $_ ne 0x47D } keys %codes], [],
        'no other error'
        or diag explain \%codes;
};

subtest 'random but well-formed' => sub {
    srand 42;
    my %answered;
    for my $name (grep { !rop_row($_)->{push} } rop_names()) {
        for (1 .. 3) {
            my $bytes = pack('C C', rop_row($name)->{id}, 0) . pack('C*', map { rand 4 } 1 .. 120);
            my $answer = $m->execute_raw(buffer($bytes, @handles, 0xFFFFFFFF));
            $answered{$name} = 1 if $answer->{code} eq '0';
        }
    }
    is scalar(keys %answered), scalar(grep { !rop_row($_)->{push} } rop_names()),
        'each is answered somehow';
};

is_deeply [$server->children], \@children, 'no child has died';
is $m->logon->call('GetStoreState')->{status}, 0, 'the session goes on';

done_testing;
