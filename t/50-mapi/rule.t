#!/usr/bin/perl

# Rules of a folder, from RopModifyRules to the mail they work on: MS-OXORULE 2.2.1, 2.2.2, 3.2.5.

use strict;
use warnings;
no warnings 'portable'; # 64-bit numbers

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::MAPI;
use Okapi::Test::Mail qw(mail);

use constant { ADD => 1, MODIFY => 2, REMOVE => 4, REPLACE => 1, ENABLED => 1 };
use constant { OP_MOVE => 1, OP_BOUNCE => 6, OP_DELETE => 10 };

my $server = Okapi::Test::MAPI->server('john');
my $m = Okapi::Test::MAPI->connect($server, 'john');
my $logon = $m->logon;
my $inbox = $logon->open_special('inbox');
my @columns = qw(PR_RULE_ID PR_RULE_SEQUENCE PR_RULE_STATE PR_RULE_NAME PR_RULE_PROVIDER PR_RULE_CONDITION
    PR_RULE_ACTIONS);

sub actions {
    my @blocks = map { pack 'CVV a*', $_->[0], 0, 0, $_->[1] // '' } @_;
    return pack 'v (v/a*)*', scalar @blocks, @blocks;
}

sub to_folder {
    my ($name) = @_;
    return pack 'C v/a* v/a*', 1, 's', pack 'C Q< Q< V', 1, $logon->{special}{$name}, 0, 0;
}

# Subjects with WORD: rule NAME with these actions.
sub rule {
    my ($name, $sequence, $word, @actions) = @_;
    return [
        [PR_RULE_SEQUENCE => $sequence], [PR_RULE_STATE => ENABLED], [PR_RULE_NAME => $name],
        [PR_RULE_PROVIDER => 'RuleOrganizer'],
        [PR_RULE_CONDITION => [content => 'PR_SUBJECT', $word, 0x10001]],
        [PR_RULE_ACTIONS => actions(@actions)],
    ];
}

sub modify {
    my ($flags, @changes) = @_;
    my @data;
    while (my ($what, $values) = splice @changes, 0, 2) {
        push @data, { rule_data_flags => $what, property_values => $values };
    }
    return $inbox->try('ModifyRules', { modify_rules_flags => $flags, rules_data => \@data })->{status};
}

sub rules { return $inbox->rules->columns(@columns)->rows(50) }
sub names { return join ' ', map { $_->{PR_RULE_NAME} } rules() }
sub count { return $logon->open_special($_[0])->contents->count }
sub has_rules { return !!$logon->open_special('inbox')->{response}{has_rules} }

subtest 'the list' => sub {
    is names(), '', 'none';
    ok !has_rules(), 'RopOpenFolder says so'; # MS-OXORULE_R606
    my $move = rule('move', 20, 'project', [OP_MOVE, to_folder('sent')]);
    # MS-OXORULE_R596 R731
    is modify(0, ADD, $move, ADD, rule('delete', 10, 'buy', [OP_DELETE])), 0, 'two are added';
    is names(), 'delete move', 'by sequence'; # MS-OXORULE_R57
    ok has_rules(), 'the folder has rules'; # MS-OXORULE_R605
    my ($first, $second) = rules();
    isnt $first->{PR_RULE_ID}, $second->{PR_RULE_ID}, 'ids'; # MS-OXORULE_R598
    is $second->{PR_RULE_PROVIDER}, 'RuleOrganizer', 'provider'; # MS-OXORULE_R450
    is_deeply $second->{PR_RULE_CONDITION}, [content => 'PR_SUBJECT', 'project', 0x10001], 'condition';
    is $second->{PR_RULE_ACTIONS}, $move->[5][1], 'actions as they were set';
    # MS-OXORULE_R732
    is modify(0, MODIFY, [[PR_RULE_ID => $first->{PR_RULE_ID}], [PR_RULE_NAME => 'junk']]), 0, 'renamed';
    is names(), 'junk move', 'the rest stays';
    is modify(0, REMOVE, [[PR_RULE_ID => $first->{PR_RULE_ID}]]), 0, 'removed'; # MS-OXORULE_R733
    is names(), 'move', 'one is left';
    is modify(REPLACE, ADD, rule('only', 1, 'x', [OP_DELETE])), 0, 'replaced'; # MS-OXORULE_R669
    is names(), 'only', 'by another';
};

subtest 'what is refused' => sub {
    is modify(2, ADD, rule('x', 1, 'x', [OP_DELETE])), 0x80070057, 'unknown flags'; # MS-OXORULE_R822
    is modify(REPLACE, REMOVE, [[PR_RULE_ID => 1]]), 0x80070057, 'replacing by removing'; # R670
    is modify(0, MODIFY, [[PR_RULE_ID => 4711]]), 0x8004010F, 'a rule that is none';
    is modify(0, ADD, rule('x', 1, 'x', [99])), 0x80070057, 'an unknown action'; # MS-OXORULE_R594
    is $inbox->try('GetRulesTable', { table_flags => 1 })->{status}, 0x80040102, 'flags'; # R827
    is names(), 'only', 'nothing happened';
};

subtest 'mail' => sub {
    is modify(REPLACE, ADD, rule('move', 1, 'project', [OP_MOVE, to_folder('sent')]),
        ADD, rule('delete', 2, 'buy', [OP_DELETE]), ADD, rule('refuse', 3, 'refuse', [OP_BOUNCE, pack 'V', 0x26])),
        0, 'rules';
    $server->deliver('john', mail(subject => 'Hello'));
    is count('inbox'), 1, 'what no rule is for';
    $server->deliver('john', mail(subject => 'Our PROJECT'));
    is_deeply [count('inbox'), count('sent')], [1, 1], 'is moved'; # MS-OXORULE_R790
    $server->deliver('john', mail(subject => 'Buy!'));
    is_deeply [count('inbox'), count('sent')], [1, 1], 'is deleted'; # MS-OXORULE_R549
    is $server->deliver('john', mail(subject => 'refuse me'), code => 65), 65, 'goes back to its sender';
    is count('inbox'), 1, 'only'; # MS-OXORULE_R547
    is modify(REPLACE), 0, 'no rules any more';
    $server->deliver('john', mail(subject => 'Buy'));
    is count('inbox'), 2, 'all mail'; # MS-OXORULE_R599
};

done_testing;
