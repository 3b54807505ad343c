#!/usr/bin/perl

# Contents tables: MS-OXCTABL 2.2.2 and 3.2.5, MS-OXCFOLD 2.2.1.14.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Mail qw(mail);
use Okapi::Test::Props qw(filetime);

my $server = Okapi::Test::MAPI->server('john');
my @names = qw(delta alpha echo bravo charlie foxtrot golf hotel);
for my $i (0 .. $#names) {
    $server->deliver('john', mail(subject => $names[$i], date => 1_700_000_000 + 60 * $i,
        from => "Sender $i <s$i\@example.net>", body => 'x' x (10 + 100 * $i) . "\r\n"));
}
my $m = Okapi::Test::MAPI->connect($server, 'john');
my $logon = $m->logon;
my $inbox = $logon->open_special('inbox');

sub subjects { return [map { $_->{PR_SUBJECT} } @_] }
sub status { my ($object, $rop, %fields) = @_; return $object->try($rop, \%fields)->{status} }

subtest 'flags' => sub {
    is $inbox->contents->count, 8, 'RowCount'; # MS-OXCFOLD_R333
    is $inbox->contents(2)->count, 0, 'associated messages are others'; # MS-OXCFOLD_R662 R663
    is status($inbox, 'GetContentsTable', table_flags => $_), 0x80070057,
        sprintf 'invalid bit 0x%02X', $_ for 0x01, 0x04; # MS-OXCFOLD_R330
    # MS-OXCFOLD_R672
    is status($logon, 'GetContentsTable', table_flags => 0), 0x80040102, 'not of a logon';
};

subtest 'columns' => sub {
    my $table = $inbox->contents;
    is status($table, 'QueryRows', query_rows_flags => 0, forward_read => 1, row_count => 1), 0x4B9,
        'rows before columns'; # MS-OXCTABL_R428 R476
    is status($table, 'FindRow', find_row_flags => 0, restriction => [exist => 'PR_SUBJECT'],
        origin => 0, bookmark => ''), 0x4B9, 'find before columns'; # MS-OXCTABL_R826
    is status($table, 'FreeBookmark', bookmark => 'x'), 0x4B9, 'free a bookmark'; # MS-OXCTABL_R8264
    is status($table, 'SeekRowBookmark', bookmark => 'x', row_count => 0,
        want_row_moved_count => 1), 0x4B9, 'seek one'; # MS-OXCTABL_R8266
    my $set = sub {
        return status($table, 'SetColumns', set_columns_flags => $_[0], property_tags => $_[1]);
    };
    is $set->(0, []), 0x80070057, 'none'; # MS-OXCTABL_R49
    is $set->(0, [0x00370000]), 0x80070057, 'PT_UNSPECIFIED'; # MS-OXCTABL_R435
    is $set->(0, [0x0037000A]), 0x80070057, 'PT_ERROR'; # MS-OXCTABL_R435
    is $set->(0, [0x00371234]), 0x80070057, 'a type that is none'; # MS-OXCTABL_R435
    is $set->(0, [0x0037201F]), 0x80070057, 'an instance of no multivalue';
    is $set->(0, ['PR_SUBJECT']), 0, 'one';
    is $set->(0, ['PR_SUBJECT', 0x0037000A]), 0x80070057, 'an invalid one among others';
    is status($table, 'QueryRows', query_rows_flags => 0, forward_read => 1, row_count => 1), 0x4B9,
        'leaves none'; # MS-OXCTABL_R429
    my $response = $table->try('SetColumns',
        { set_columns_flags => 1, property_tags => ['PR_SUBJECT'] });
    is $response->{table_status}, 0, 'asynchronously: done at once'; # MS-OXCTABL_R416 R781
    is status($inbox, 'SetColumns', set_columns_flags => 0, property_tags => ['PR_SUBJECT']),
        0x80040102, 'not on a folder'; # MS-OXCTABL_R436
    ok scalar(grep { $_ == 0x0037001F } @{ $table->call('QueryColumnsAll')->{property_tags} }),
        'QueryColumnsAll has the subject'; # MS-OXCTABL_R530
};

subtest 'values' => sub {
    my $table = $inbox->contents->columns(qw(PR_MID PR_FID PR_SUBJECT PR_SENDER_NAME
        PR_MESSAGE_FLAGS PR_MESSAGE_CLASS PR_CLIENT_SUBMIT_TIME PR_HASATTACH PR_INST_ID
        PR_INSTANCE_NUM PR_ROW_TYPE PR_MESSAGE_SIZE PR_START_DATE PR_SUBJECT:001E))
        ->sort('PR_SUBJECT');
    my ($row) = $table->rows(1);
    is $row->{PR_SUBJECT}, 'alpha', 'PR_SUBJECT';
    is $row->{'PR_SUBJECT:001E'}, 'alpha', 'in 8 bits';
    is $row->{PR_SENDER_NAME}, 'Sender 1', 'PR_SENDER_NAME';
    is $row->{PR_MESSAGE_CLASS}, 'IPM.Note', 'PR_MESSAGE_CLASS';
    is $row->{PR_CLIENT_SUBMIT_TIME}, filetime(1_700_000_060), 'PR_CLIENT_SUBMIT_TIME';
    is $row->{PR_FID}, $inbox->{fid}, 'PR_FID';
    is $row->{PR_INST_ID}, $row->{PR_MID}, 'PR_INST_ID'; # MS-OXCTABL_R8
    is $row->{PR_INSTANCE_NUM}, 0, 'PR_INSTANCE_NUM';
    is $row->{PR_ROW_TYPE}, 1, 'PR_ROW_TYPE: a leaf'; # MS-OXCTABL_R15
    is $row->{PR_HASATTACH}, 0, 'PR_HASATTACH';
    is $row->{PR_MESSAGE_FLAGS} & 1, 0, 'unread';
    is "$row->{PR_START_DATE}", 'error 0x8004010F', 'what it has not';
};

subtest 'order' => sub {
    my $table = $inbox->contents->columns('PR_SUBJECT', 'PR_MESSAGE_SIZE');
    # MS-OXCTABL_R76
    is_deeply subjects($table->sort('PR_SUBJECT')->rows(50)), [sort @names], 'ascending';
    is_deeply subjects($table->sort('-PR_SUBJECT')->rows(50)), [reverse sort @names],
        'descending, again from the beginning'; # MS-OXCTABL_R77 R438 R439
    is_deeply subjects($table->sort('PR_CLIENT_SUBMIT_TIME')->rows(50)), \@names, 'by time';
    is_deeply subjects($table->sort('PR_SENDER_NAME')->rows(50)), \@names, 'by sender';
    is_deeply subjects($table->sort('-PR_MESSAGE_SIZE')->rows(50)), [reverse @names], 'by size';
    is_deeply subjects($table->sort('PR_IMPORTANCE', '-PR_SUBJECT')->rows(50)),
        [reverse sort @names], 'by two keys, one of them the same for all';
};

subtest 'QueryRows' => sub {
    my @sorted = sort @names;
    my $table = $inbox->contents->columns('PR_SUBJECT')->sort('PR_SUBJECT');
    is_deeply subjects($table->rows(3)), [@sorted[0 .. 2]], 'three'; # MS-OXCTABL_R463
    is $table->{origin}, 1, 'Origin: in the middle'; # MS-OXCTABL_R726
    is_deeply subjects($table->rows(2, keep_cursor => 1)), [@sorted[3, 4]], 'two';
    is_deeply subjects($table->rows(2)), [@sorted[3, 4]], 'the same two'; # MS-OXCTABL_R470
    is_deeply $table->position, [5, 8], 'the position'; # MS-OXCTABL_R491
    is_deeply subjects($table->rows(10)), [@sorted[5 .. 7]], 'the rest';
    is $table->{origin}, 2, 'Origin: the end'; # MS-OXCTABL_R725
    is_deeply [$table->rows(10)], [], 'and no more'; # MS-OXCTABL_R467
    is $table->{origin}, 2, 'still the end';
    # MS-OXCTABL_R469
    is_deeply subjects($table->rows(-2)), [@sorted[6, 7]], 'backwards, in the table\'s order';
    is_deeply $table->position, [6, 8], 'the cursor before them';
    is_deeply subjects($table->rows(-100)), [@sorted[0 .. 5]], 'back to the beginning';
    is $table->{origin}, 0, 'Origin: the beginning'; # MS-OXCTABL_R784
    is_deeply [$table->rows(0)], [], 'no rows wanted';
    is status($inbox, 'QueryRows', query_rows_flags => 0, forward_read => 1, row_count => 1),
        0x80040102, 'not on a folder'; # MS-OXCTABL_R477
};

subtest 'seeking' => sub {
    my @sorted = sort @names;
    my $table = $inbox->contents->columns('PR_SUBJECT')->sort('PR_SUBJECT');
    is $table->seek(0, 3), 3, 'from the beginning';
    is_deeply subjects($table->rows(1)), ['delta'], 'the fourth';
    is $table->seek(1, -2), -2, 'back';
    is_deeply subjects($table->rows(1)), ['charlie'], 'the third';
    my $response = $table->call('SeekRow',
        { origin => 2, row_count => -20, want_row_moved_count => 1 });
    # MS-OXCTABL_R497 R154 R160
    is_deeply [@{$response}{qw(has_sought_less rows_sought)}], [1, -8], 'too far';
    $response = $table->call('SeekRow', { origin => 0, row_count => 8, want_row_moved_count => 1 });
    # MS-OXCTABL_R155
    is_deeply [@{$response}{qw(has_sought_less rows_sought)}], [0, 8], 'just to the end';
    is status($table, 'SeekRow', origin => 3, row_count => 0, want_row_moved_count => 0),
        0x80070057, 'an origin that is none'; # MS-OXCTABL_R144
    $table->seek_fraction(1, 2);
    is_deeply $table->position, [4, 8], 'the half'; # MS-OXCTABL_R516
    $table->seek_fraction(0, 7);
    is_deeply $table->position, [0, 8], 'nothing of it'; # MS-OXCTABL_R514
    $table->seek_fraction(9, 7);
    is_deeply $table->position, [8, 8], 'more than all'; # MS-OXCTABL_R515
    is status($table, 'SeekRowFractional', numerator => 1, denominator => 0), 0x80070057,
        'by zero'; # MS-OXCTABL_R206
};

subtest 'bookmarks' => sub {
    my $table = $inbox->contents->columns('PR_SUBJECT')->sort('PR_SUBJECT');
    $table->seek(0, 4);
    my $bookmark = $table->bookmark; # MS-OXCTABL_R522
    $table->seek(0, 0);
    my $response = $table->seek_bookmark($bookmark, 1);
    # MS-OXCTABL_R183
    is_deeply [@{$response}{qw(row_no_longer_visible rows_sought)}], [0, 1], 'moved';
    is_deeply subjects($table->rows(1)), ['foxtrot'], 'to the row behind it'; # MS-OXCTABL_R504
    is $table->call('FreeBookmark', { bookmark => $bookmark })->{status}, 0, 'freed';
    is status($table, 'SeekRowBookmark', bookmark => $bookmark, row_count => 0,
        want_row_moved_count => 1), 0x80040405, 'and gone'; # MS-OXCTABL_R5521
    is status($table, 'FreeBookmark', bookmark => 'nonsense'), 0x80040405, 'none of ours';
    my $old = $table->bookmark;
    $table->sort('-PR_SUBJECT');
    is status($table, 'SeekRowBookmark', bookmark => $old, row_count => 0,
        want_row_moved_count => 1), 0x80040405, 'invalid after sorting'; # MS-OXCTABL_R505
};

subtest 'FindRow' => sub {
    my $table = $inbox->contents->columns('PR_SUBJECT')->sort('PR_SUBJECT');
    is $table->find(['PR_SUBJECT', '>=', 'c'])->{PR_SUBJECT}, 'charlie',
        'the first from the beginning';
    is_deeply $table->position, [2, 8], 'and the cursor on it'; # MS-OXCTABL_R535
    $table->seek(1, 1);
    is $table->find([content => 'PR_SUBJECT', 'o', 1], origin => 1)->{PR_SUBJECT}, 'echo',
        'the next';
    is $table->find([content => 'PR_SUBJECT', 'a', 1], origin => 2, backward => 1)->{PR_SUBJECT},
        'delta', 'backwards from the end';
    is $table->find(['PR_SUBJECT', '==', 'zulu']), undef, 'none'; # MS-OXCTABL_R536
    $table->seek(0, 5);
    my $bookmark = $table->bookmark;
    is $table->find([exist => 'PR_SUBJECT'], origin => 3, bookmark => $bookmark)->{PR_SUBJECT},
        'foxtrot', 'from a bookmark';
    is status($table, 'FindRow', find_row_flags => 0, restriction => [exist => 'PR_SUBJECT'],
        origin => 3, bookmark => 'nonsense'), 0x80040405, 'from none of ours'; # MS-OXCTABL_R537
};

subtest 'Restrict' => sub {
    my $table = $inbox->contents->columns('PR_SUBJECT')->sort('PR_SUBJECT');
    my $with = sub { subjects($table->restrict($_[0])->all_rows) };
    is_deeply $with->(['PR_SUBJECT', '<', 'c']), [qw(alpha bravo)], 'property'; # MS-OXCTABL_R452
    is_deeply $with->([content => 'PR_SUBJECT', 'HO', 0x10002]), ['hotel'], 'prefix without case';
    is_deeply $with->([content => 'PR_SUBJECT', 'o', 1]), [qw(bravo echo foxtrot golf hotel)],
        'substring';
    is_deeply $with->([and => ['PR_SUBJECT', '>', 'b'], ['PR_SUBJECT', '<', 'd']]),
        [qw(bravo charlie)], 'and';
    is_deeply $with->([or => ['PR_SUBJECT', '==', 'golf'], ['PR_SUBJECT', '==', 'alpha']]),
        [qw(alpha golf)], 'or';
    is_deeply $with->([not => ['PR_SUBJECT', '>', 'b']]), ['alpha'], 'not';
    is_deeply $with->([bitmask => 'PR_MESSAGE_FLAGS', 1, 1]), [], 'bitmask: none is read';
    is_deeply $with->(['PR_SENDER_NAME', '==', 'Sender 2']), ['echo'],
        'another property than shown';
    is_deeply $with->([exist => 'PR_START_DATE']), [], 'exist';
    is_deeply $with->([content => 'PR_BODY', 'xxx', 1]), [sort @names], 'what is not in the row';
    is_deeply $with->(undef), [sort @names], 'and none'; # MS-OXCTABL_R454
    $table->restrict(['PR_SUBJECT', '>=', 'g']);
    is_deeply $table->position, [0, 2], 'position and count are the restricted table\'s';
};

subtest 'status, abort, reset' => sub {
    my $table = $inbox->contents->columns('PR_SUBJECT')->sort('-PR_SUBJECT');
    is $table->call('GetStatus')->{table_status}, 0, 'complete'; # MS-OXCTABL_R487
    is status($table, 'Abort'), 0x80040114, 'nothing to abort'; # MS-OXCTABL_R485
    $table->restrict(['PR_SUBJECT', '>=', 'g']);
    $table->rows(1);
    $table->call('ResetTable');
    is status($table, 'QueryRows', query_rows_flags => 0, forward_read => 1, row_count => 1), 0x4B9,
        'no columns'; # MS-OXCTABL_R553
    is_deeply $table->position, [0, 8], 'no restriction, at the beginning'; # MS-OXCTABL_R555 R561
};

subtest 'as much as fits' => sub {
    my $table = $inbox->contents->columns(('PR_SUBJECT') x 20)->sort('PR_SUBJECT');
    my @handles = ($table->{handle});
    my ($response) = $m->execute(\@handles, [[QueryRows => { in => 0, query_rows_flags => 0,
        forward_read => 1, row_count => 50 }]], max_rop_out => 600);
    is $response->{status}, 0, 'in a small buffer';
    cmp_ok $response->{row_count}, '>', 0, 'some rows'; # MS-OXCTABL_R464 R466
    cmp_ok $response->{row_count}, '<', 8, 'not all';
    is_deeply $table->position, [$response->{row_count}, 8], 'the cursor behind the last one sent';
    is scalar @{ $response->{row_data} }, $response->{row_count}, 'whole rows'; # MS-OXCTABL_R465
};

subtest 'the cursor survives a killed child' => sub {
    my $table = $inbox->contents->columns('PR_SUBJECT')->sort('PR_SUBJECT')
        ->restrict(['PR_SUBJECT', '>', 'b']);
    is_deeply subjects($table->rows(2)), [qw(bravo charlie)], 'two rows';
    my $bookmark = $table->bookmark;
    $server->kill_children;
    is_deeply subjects($table->rows(2)), [qw(delta echo)], 'the next two from another child';
    $table->seek_bookmark($bookmark);
    is_deeply subjects($table->rows(1)), ['delta'], 'its bookmark too';
};

done_testing;
