#!/usr/bin/perl
# okapi-admin: who may do what in which folder, groups, delegates, limits, the public store.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Admin qw(admin conf_file fails json_of tool);

# sysexits.h
use constant { EX_USAGE => 64, EX_DATAERR => 65, EX_NOUSER => 67, EX_CANTCREAT => 73 };

sub ok_admin {
    my ($code, $out, $err) = admin(@_);
    is($code, 0, "@_") or diag($err);
    return $out;
}

# An entry of a folder's list.
sub entry {
    my ($who, @folder) = @_;
    my ($row) = grep { $_->{who} eq $who } @{ json_of('permission', 'list', @folder) };
    return $row;
}

ok_admin('store', 'create-database');
ok_admin('user', 'add', $_, '--email', "$_\@example.org") for qw(john mary peter);

subtest 'groups' => sub {
    my $group = json_of('group', 'create', 'Staff', '--fullname', 'All staff');
    is_deeply([@{$group}{qw(name fullname)}], ['staff', 'All staff'], 'created');
    is_deeply(json_of('group', 'add', 'staff', 'mary@example.org')->{members}, ['mary'],
        'a member, by any login');
    ok_admin('group', 'create', 'all');
    ok_admin('group', 'add', 'all', 'staff');
    $group = json_of('group', 'show', 'all');
    is_deeply([@{$group}{qw(members users)}], [['staff'], ['mary']], 'a group in a group');
    is_deeply([map { "$_->{name}: @{ $_->{members} }" } @{ json_of('group', 'list') }],
        ['all: staff', 'staff: mary'], 'the list');
    like(ok_admin('group', 'list'), qr/^staff  All staff  mary$/m, 'for people');

    fails(EX_CANTCREAT, qr/taken/, 'group', 'create', 'john');
    fails(EX_DATAERR, qr/"a b" can't be a group's name/, 'group', 'create', 'a b');
    fails(EX_CANTCREAT, qr/mary is in the group staff already/, 'group', 'add', 'staff', 'mary');
    fails(EX_NOUSER, qr/nobody: there is no such user or group/, 'group', 'add', 'staff', 'nobody');
    fails(EX_NOUSER, qr/other: there is no such group/, 'group', 'show', 'other');
    fails(EX_DATAERR, qr/john isn't in the group staff/, 'group', 'remove', 'staff', 'john');
    is_deeply(json_of('group', 'remove', 'all', 'staff')->{members}, [], 'one less');
    $group = json_of('group', 'set', 'staff', '--alias', 'Team@example.com', '--fullname', 'Us');
    is_deeply([@{$group}{qw(fullname aliases)}], ['Us', ['team@example.com']], 'changed');
    ok_admin('group', 'set', 'staff', '--fullname', 'All staff', '--remove-alias',
        'team@example.com');
    is_deeply(json_of('group', 'show', 'staff')->{aliases}, [], 'and again');
};

subtest 'permissions' => sub {
    is(entry('@default', 'john', 'Inbox')->{mask}, 0, 'nobody has any');
    my %mask = (owner => 0x7FB, 'Publishing Editor' => 0x4FB, editor => 0x47B,
        'publishing-author' => 0x49B, 'PUBLISHING_AUTHOR' => 0x49B, author => 0x41B,
        'nonediting author' => 0x413, reviewer => 0x401, contributor => 0x402, none => 0,
        read => 0x1, create => 0x2, 'edit-own' => 0x8, 'delete-own' => 0x10, 'edit-all' => 0x20,
        'delete-all' => 0x40, 'create-subfolders' => 0x80, 'folder-owner' => 0x100,
        'folder-contact' => 0x200, 'folder-visible' => 0x400, 'reviewer,create' => 0x403,
        'read, edit-own' => 0x9);
    for my $words (sort keys %mask) {
        ok_admin('permission', 'set', 'john', 'Inbox', 'mary', $words);
        my $entry = entry('mary', 'john', 'Inbox');
        is($entry->{mask}, $mask{$words}, "$words: the rights");
        (my $role = lc $words) =~ s/[-_]/ /g;
        is($entry->{role}, $role, 'the role is known again') if $mask{$words} & 0x400 && $words !~ /,|folder/;
    }
    ok_admin('permission', 'set', 'john', 'Inbox', 'mary', 'reviewer');
    is(entry('mary', 'john', 'Inbox')->{kind}, 'user', 'a user');
    ok_admin('permission', 'set', 'john', 'Inbox', 'staff', 'author');
    is(entry('staff', 'john', 'Inbox')->{kind}, 'group', 'a group');
    ok_admin('permission', 'set', 'john', 'Inbox', '@default', 'folder-visible');
    ok_admin('permission', 'set', 'john', 'Inbox', '@anonymous', 'contributor');
    is_deeply([map {s/ {2,}/|/gr} (split /\s*\n/, ok_admin('permission', 'list', 'john', 'Inbox'))[1 .. 4]], [
        '@default|everybody else|custom|folder-visible',
        'mary|mary|reviewer|read, folder-visible',
        'staff|All staff|author|read, create, edit-own, delete-own, folder-visible',
        '@anonymous|without a login|contributor|create, folder-visible'], 'for people');
    ok_admin('permission', 'remove', 'john', 'Inbox', 'mary');
    is(entry('mary', 'john', 'Inbox'), undef, 'removed');
    ok_admin('permission', 'remove', 'john', 'Inbox', '@default');
    is(entry('@default', 'john', 'Inbox')->{mask}, 0, 'everybody else has none again');

    fails(EX_DATAERR, qr/mary isn't in the list of Inbox/, qw(permission remove john Inbox mary));
    fails(EX_USAGE, qr/'frob' is neither a role nor a right/,
        qw(permission set john Inbox mary), 'author,frob');
    fails(EX_USAGE, qr/'' is neither/, qw(permission set john Inbox mary), '');
    fails(EX_NOUSER, qr/fred: there is no such user or group; \@default/,
        qw(permission set john Inbox fred author));
    fails(EX_DATAERR, qr/john has no folder "Nowhere"; 'okapi-admin folder list john'/,
        qw(permission list john Nowhere));
    fails(EX_NOUSER, qr/fred/, qw(permission list fred Inbox));
};

subtest 'free and busy times' => sub {
    is(entry('@default', 'john', 'Calendar')->{role}, 'free/busy time only', 'what all see');
    my %mask = ('free/busy time only' => 0x800, 'free/busy time, subject, location' => 0x1800,
        'reviewer,no-free-busy' => 0x401, 'author,free-busy-time' => 0xC1B);
    for my $words (sort keys %mask) {
        ok_admin('permission', 'set', 'john', 'Calendar', 'mary', $words);
        my $entry = entry('mary', 'john', 'Calendar');
        is($entry->{mask}, $mask{$words}, $words);
        is($entry->{role}, $words, 'the role') if $words =~ m{/};
    }
    ok_admin('permission', 'set', 'john', 'Calendar', 'peter', 'reviewer');
    is(entry('peter', 'john', 'Calendar')->{mask}, 0x1C01, 'who reads it sees them anyway');
};

subtest 'delegates' => sub {
    is_deeply(json_of('delegate', 'list', 'john'), [], 'none');
    my ($delegate) = @{ json_of('delegate', 'add', 'john', 'mary', '--meetings') };
    is($delegate->{name}, 'mary', 'one');
    ok($delegate->{meetings} && !$delegate->{private}, 'with copies of meeting requests');
    ($delegate) = @{ json_of('delegate', 'add', 'john', 'mary', '--private') };
    ok(!$delegate->{meetings} && $delegate->{private}, 'who sees what is private instead');
    fails(EX_DATAERR, qr/john's own/, qw(delegate add john john));
    fails(EX_NOUSER, qr/fred/, qw(delegate add john fred));
    is_deeply(json_of('delegate', 'remove', 'john', 'mary'), [], 'none any more');
    fails(EX_DATAERR, qr/mary is no delegate of john/, qw(delegate remove john mary));
};

subtest 'sending as somebody' => sub {
    is_deeply(json_of('send-as', 'list', 'john'), [], 'nobody may');
    is_deeply(json_of('send-as', 'add', 'john', 'MARY'), [{ name => 'mary' }], 'one may');
    is_deeply(json_of('send-as', 'add', 'john', 'mary'), [{ name => 'mary' }], 'still');
    fails(EX_NOUSER, qr/fred/, qw(send-as add john fred));
    fails(EX_NOUSER, qr/fred/, qw(send-as add fred john));
    is_deeply(json_of('send-as', 'remove', 'john', 'mary'), [], 'none any more');
    fails(EX_DATAERR, qr/mary hasn't the right to send as john/, qw(send-as remove john mary));
};

subtest 'the queue' => sub {
    is_deeply(json_of('queue', 'list'), [], 'is empty');
    fails(EX_DATAERR, qr/has no entry 4711/, qw(queue), $_, 4711) for qw(show retry drop);
    fails(EX_USAGE, qr/x isn't the number/, qw(queue), $_, 'x') for qw(show retry drop);
    is_deeply(json_of('queue', 'retry', 'all'), { entries => 0 }, 'nothing to try');
};

subtest 'limits' => sub {
    is_deeply(json_of('quota', 'defaults'), { warn => 1 << 20, send => 0, receive => 0 },
        'those of okapi.conf');
    my $quota = json_of('quota', 'show', 'john');
    is_deeply([@{$quota}{qw(warn send receive state)}], [1 << 20, 0, 0, 'in order'], 'are in force');
    is_deeply($quota->{own}, [], 'none is the mailbox\' own');
    $quota = json_of(qw(quota set john --warn 500 --send 1k --receive 2.5MB));
    is_deeply([@{$quota}{qw(warn send receive)}], [500, 1024, 2.5 * (1 << 20)], 'set');
    is_deeply($quota->{own}, [qw(warn send receive)], 'its own');
    $quota = json_of(qw(quota set john --warn none --send default));
    is_deeply([@{$quota}{qw(warn send receive)}], [0, 0, 2.5 * (1 << 20)], 'what is named');
    ok_admin(qw(quota set john --warn 500));
    my ($code) = tool('okapi-dagent', "Subject: x\n\n" . ('x' x 600), '--conf', conf_file(), 'john');
    is($code, 0, 'mail');
    is(json_of('quota', 'show', 'john')->{state}, 'is warned', 'as large as that');
    like(ok_admin('quota', 'list'), qr/^john .* 500 B +none +2\.5 MB  warn, receive  is warned$/m,
        'for people');
    my (undef, undef, $note) = admin(qw(quota set john --send 3G));
    like($note, qr/never reached/, 'limits in another order');
    fails(EX_USAGE, qr/--warn takes a size/, qw(quota set john --warn), $_)
        for '', 'x', '-5', '0', '5x', '5MBx', '9e99';
    fails(EX_USAGE, qr/one of --warn/, qw(quota set john));
};

subtest 'the public store' => sub {
    fails(EX_NOUSER, qr/no public store; 'okapi-admin public create'/, 'public', 'list');
    fails(EX_NOUSER, qr/no public store/, 'permission', 'list', '@public', '/');
    is(json_of('public', 'create')->{mailbox}, '@public', 'created');
    fails(EX_CANTCREAT, qr/already/, 'public', 'create');
    ok_admin('folder', 'create', '@public', 'Projects');
    my $folder = json_of('folder', 'create', '@public', 'projects/2026/', '--class', 'IPF.Task');
    is($folder->{name}, '2026', 'a folder in a folder');
    my ($made) = grep { $_->{name} eq '2026' } @{ json_of('public', 'list') };
    is_deeply([@{$made}{qw(depth class)}], [3, 'IPF.Task'], 'in the tree');
    fails(EX_CANTCREAT, qr/has a folder "projects" already/, qw(folder create @public projects));
    fails(EX_DATAERR, qr/no folder "none"/, qw(folder create @public none/x));
    is(entry('@default', '@public', 'Projects')->{role}, 'author', 'everybody may write');
    ok_admin('permission', 'set', '@public', 'Projects', 'staff', 'owner');
    is(entry('staff', '@public', 'Projects')->{mask}, 0x7FB, 'somebody may do more');

    my @dagent = ('okapi-dagent', "From: a\@b.example\nSubject: x\n\nx", '--conf', conf_file());
    my ($code, undef, $err) = tool(@dagent, '-d', 'Projects', '@public');
    is($code, 0, 'mail for a public folder') or diag($err);
    is((tool(@dagent, '@public'))[0], EX_USAGE, 'goes into a folder only');
    my $store = json_of('store', 'show', '@public');
    is_deeply([@{$store}{qw(owner messages unread)}], ['@public', 1, undef], 'is in it');
    is_deeply([map { $_->{owner} } @{ json_of('store', 'list') }], [qw(john mary peter @public)],
        'the last of all');
    fails(EX_NOUSER, qr/\@public/, qw(delegate add @public john));
};

subtest 'a group that goes' => sub {
    ok_admin('group', 'delete', 'staff');
    is(entry('staff', '@public', 'Projects'), undef, 'takes its permissions with it');
    fails(EX_NOUSER, qr/staff/, qw(group delete staff));
};

done_testing;
