#!/usr/bin/perl

# Categories and multivalue instances: MS-OXCTABL 2.2.2.3, 2.2.2.17 to 2.2.2.20, 3.2.5.17 to 3.2.5.20.

use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Mail qw(mail);

my $server = Okapi::Test::MAPI->server('john');
my @mails = (['apples', 'Ann', 'red, green'], ['apples', 'Bob', 'red'], ['bananas', 'Ann', undef],
    ['cherries', 'Cid', 'red'], ['bananas', 'Bob', 'yellow']);
for my $i (0 .. $#mails) {
    my ($subject, $from, $keywords) = @{ $mails[$i] };
    $server->deliver('john', mail(subject => $subject, from => "$from <a\@example.net>",
        date => 1_700_000_000 + 60 * $i, headers => $keywords ? ["Keywords: $keywords"] : []));
}
my $m = Okapi::Test::MAPI->connect($server, 'john');
my $logon = $m->logon;
my $inbox = $logon->open_special('inbox');

my ($id) = $logon->ids_of_names({ guid => '00020329-0000-0000-c000-000000000046',
    name => 'Keywords' });
my $keyword = sprintf '0x%04X301F', $id;

sub status { my ($object, $rop, %fields) = @_; return $object->try($rop, \%fields)->{status} }

# A row as text: "+apples 2/2" is an expanded header with content and unread count, "-" a collapsed
# one, ".Ann" a leaf; indented by PR_DEPTH.
sub drawn {
    my ($by, @rows) = @_;
    my @by = ref $by ? @$by : ($by);
    return [map {
        my $depth = $_->{PR_DEPTH};
        my $sign = { 1 => '.', 3 => '+', 4 => '-' }->{ $_->{PR_ROW_TYPE} };
        '  ' x $depth . $sign . $_->{ $sign eq '.' ? 'PR_SENDER_NAME' : $by[$depth] }
            . ($sign eq '.' ? '' : " $_->{PR_CONTENT_COUNT}/$_->{PR_CONTENT_UNREAD}");
    } @rows];
}

my @columns = qw(PR_INST_ID PR_INSTANCE_NUM PR_ROW_TYPE PR_DEPTH PR_CONTENT_COUNT
    PR_CONTENT_UNREAD PR_SUBJECT PR_SENDER_NAME PR_CLIENT_SUBMIT_TIME);

sub by_subject {
    my ($expanded) = @_;
    return $inbox->contents->columns(@columns)
        ->categorise(1, $expanded, 'PR_SUBJECT', 'PR_SENDER_NAME');
}

# PR_INST_ID of header rows by what they say.
sub categories {
    my ($table) = @_;
    $table->seek(0, 0);
    my %id = map { $_->{PR_SUBJECT} => $_->{PR_INST_ID} }
        grep { $_->{PR_ROW_TYPE} != 1 } $table->all_rows;
    $table->seek(0, 0);
    return \%id;
}

subtest 'header rows' => sub {
    # MS-OXCTABL_R67 R70 to R72 R17 R19 to R23 R621
    is_deeply drawn('PR_SUBJECT', by_subject(1)->all_rows), ['+apples 2/2', '  .Ann', '  .Bob',
        '+bananas 2/2', '  .Ann', '  .Bob', '+cherries 1/1', '  .Cid'], 'expanded';
    is_deeply drawn('PR_SUBJECT', by_subject(0)->all_rows), ['-apples 2/2', '-bananas 2/2',
        '-cherries 1/1'], 'collapsed'; # MS-OXCTABL_R18 R66
    my $table = $inbox->contents->columns(@columns)
        ->categorise(2, 1, 'PR_SENDER_NAME', '-PR_SUBJECT');
    # MS-OXCTABL_R634
    is_deeply drawn(['PR_SENDER_NAME', 'PR_SUBJECT'], $table->all_rows), ['+Ann 2/2',
        '  -bananas 1/1', '  -apples 1/1', '+Bob 2/2', '  -bananas 1/1', '  -apples 1/1',
        '+Cid 1/1', '  -cherries 1/1'], 'of two levels, the second collapsed';
    $table = $inbox->contents->columns(@columns)
        ->categorise(1, 0, '-PR_SUBJECT', 'max PR_CLIENT_SUBMIT_TIME');
    # MS-OXCTABL_R78 to R82
    is_deeply drawn('PR_SUBJECT', $table->all_rows), ['-bananas 2/2', '-cherries 1/1',
        '-apples 2/2'], 'the category of the latest message first';
    my ($row) = by_subject(1)->rows(1);
    is "$row->{PR_SENDER_NAME}", 'error 0x8004010F', 'a header has its category only';
};

subtest 'expand and collapse' => sub {
    my $table = by_subject(0);
    my $id = categories($table);
    my $response = $table->call('ExpandRow',
        { max_row_count => 1, category_id => $id->{bananas} });
    is $response->{expanded_row_count}, 2, 'two rows more'; # MS-OXCTABL_R278
    is_deeply drawn('PR_SUBJECT', @{ $response->{row_data} }), ['  .Ann'],
        'one of them here'; # MS-OXCTABL_R279 to R281 R825
    is_deeply $table->position, [3, 5], 'the cursor behind it';
    is_deeply drawn('PR_SUBJECT', $table->rows(9)), ['  .Bob', '-cherries 1/1'], 'the rest';
    is status($table, 'ExpandRow', max_row_count => 0, category_id => $id->{bananas}), 0x4F8,
        'it is expanded already'; # MS-OXCTABL_R571
    # MS-OXCTABL_R287
    is $table->call('CollapseRow', { category_id => $id->{bananas} })->{collapsed_row_count}, 2,
        'two rows less';
    is status($table, 'CollapseRow', category_id => $id->{bananas}), 0x4F7,
        'it is collapsed already'; # MS-OXCTABL_R577
    is_deeply $table->position, [3, 3], 'the cursor where the hidden rows were';
    is status($table, 'ExpandRow', max_row_count => 0, category_id => 4711), 0x8004010F,
        'a category that is none'; # MS-OXCTABL_R570
    is status($table, 'CollapseRow', category_id => 4711), 0x8004010F,
        'nor to collapse'; # MS-OXCTABL_R576
    $server->kill_children;
    $table->call('ExpandRow', { max_row_count => 0, category_id => $id->{apples} });
    $table->seek(0, 0);
    is_deeply drawn('PR_SUBJECT', $table->all_rows), ['+apples 2/2', '  .Ann', '  .Bob',
        '-bananas 2/2', '-cherries 1/1'], 'another child knows the same';
};

subtest 'rows find their way' => sub {
    my $table = by_subject(1);
    my $id = categories($table);
    is $table->find(['PR_INST_ID', '==', $id->{bananas}])->{PR_SUBJECT}, 'bananas',
        'FindRow, a header row by its id';
    is_deeply $table->position, [3, 8], 'the cursor on it';
    my $row = $table->find(['PR_SENDER_NAME', '==', 'Bob'], origin => 1);
    is $row->{PR_SUBJECT}, 'bananas', 'a leaf row behind it';
    my $bookmark = $table->bookmark;
    $table->call('CollapseRow', { category_id => $id->{bananas} });
    my $response = $table->seek_bookmark($bookmark);
    is $response->{row_no_longer_visible}, 1, 'a bookmark on a hidden row'; # MS-OXCTABL_R182 R506
    is_deeply drawn('PR_SUBJECT', $table->rows(1)), ['+cherries 1/1'], 'moves to the next row';
};

subtest 'collapse state' => sub {
    my $table = by_subject(1);
    my $id = categories($table);
    $table->call('CollapseRow', { category_id => $id->{apples} });
    my $row = $table->find(['PR_SENDER_NAME', '==', 'Bob']);
    my $state = $table->call('GetCollapseState', { row_id => $row->{PR_INST_ID},
        row_instance_number => $row->{PR_INSTANCE_NUM} })->{collapse_state}; # MS-OXCTABL_R579
    my $other = by_subject(1);
    my $bookmark = $other->call('SetCollapseState', { collapse_state => $state })->{bookmark};
    # MS-OXCTABL_R585 R587
    is_deeply $other->position, [3, 6], 'the cursor is at the row that was asked for';
    $other->seek(0, 0);
    is_deeply drawn('PR_SUBJECT', $other->all_rows), ['-apples 2/2', '+bananas 2/2', '  .Ann',
        '  .Bob', '+cherries 1/1', '  .Cid'], 'the same categories are collapsed';
    $other->seek_bookmark($bookmark);
    is_deeply drawn('PR_SUBJECT', $other->rows(1)), ['  .Bob'],
        'the bookmark is of that row'; # MS-OXCTABL_R305
    $other->call('FreeBookmark', { bookmark => $bookmark });
    is status($inbox->contents->columns(@columns)->categorise(1, 1, 'PR_SENDER_NAME'),
        'SetCollapseState', collapse_state => $state), 0x80070057,
        'not for another order'; # MS-OXCTABL_R308
    is status($other, 'SetCollapseState', collapse_state => 'nonsense'), 0x80070057, 'nonsense';
};

subtest 'multivalue instances' => sub {
    my $table = $inbox->contents->columns(@columns, $keyword)->sort($keyword, 'PR_SENDER_NAME');
    # MS-OXCTABL_R433 R448
    is_deeply [map { "$_->{PR_SENDER_NAME} $_->{PR_INSTANCE_NUM} $_->{$keyword}" }
        $table->all_rows], ['Ann 0 error 0x8004010F', 'Ann 1 green', 'Ann 0 red', 'Bob 0 red',
        'Cid 0 red', 'Bob 0 yellow'], 'a row for each value'; # MS-OXCTABL_R8 R12
    $table->categorise(1, 1, $keyword, 'PR_SENDER_NAME');
    is_deeply drawn($keyword, $table->all_rows), ['+error 0x8004010F 1/1', '  .Ann', '+green 1/1',
        '  .Ann', '+red 3/3', '  .Ann', '  .Bob', '  .Cid', '+yellow 1/1', '  .Bob'],
        'and a category';
    is $inbox->contents->columns('PR_SUBJECT', $keyword)->all_rows, 6, 'by a column alone';
    is status($table, 'SetColumns', set_columns_flags => 0,
        property_tags => [$keyword, '0x6801301F']), 0x80040117, 'two of them are too many';
};

subtest 'refused' => sub {
    my $table = $inbox->contents;
    my %fields = (ExpandRow => { max_row_count => 0, category_id => 1 },
        CollapseRow => { category_id => 1 },
        GetCollapseState => { row_id => 0, row_instance_number => 0 },
        SetCollapseState => { collapse_state => 'x' });
    for my $rop (sort keys %fields) {
        # MS-OXCTABL_R8261 R8263 R8265 R8267
        is status($table, $rop, %{ $fields{$rop} }), 0x4B9, "$rop before columns";
        # MS-OXCTABL_R572 R578 R584 R590
        is status($inbox->hierarchy->columns('PR_DISPLAY_NAME'), $rop, %{ $fields{$rop} }),
            0x80040102, "$rop of folders";
        is status($inbox, $rop, %{ $fields{$rop} }), 0x80040102, "$rop of no table";
    }
    my $sort = sub {
        my ($categories, $expanded, @keys) = @_;
        return status($table, 'SortTable', sort_table_flags => 0, sort_orders => {
            categories => $categories, expanded => $expanded,
            keys => [map { { tag => $_->[0], order => $_->[1] } } @keys] });
    };
    # MS-OXCTABL_R78
    is $sort->(0, 0, ['PR_SUBJECT', 0], ['PR_IMPORTANCE', 4]), 0x80070057, 'a maximum of nothing';
    is $sort->(1, 0, ['PR_SUBJECT', 4]), 0x80070057, 'a category that is one';
    is $sort->(1, 0, [$keyword, 0], ['0x6801301F', 0]), 0x80040117,
        'two multivalued keys'; # MS-OXCTABL_R75
};

done_testing;
