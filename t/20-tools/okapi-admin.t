#!/usr/bin/perl
# okapi-admin: every command, its output for people and for scripts, its exit codes.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use Test::More;

use Okapi::Test::Admin qw(admin admin_with_input conf_file dir fails json_of);
use Okapi::Test::Engine;

# sysexits.h
use constant { EX_USAGE => 64, EX_DATAERR => 65, EX_NOUSER => 67, EX_CANTCREAT => 73,
    EX_TEMPFAIL => 75, EX_CONFIG => 78 };

my ($dir, $conf) = (dir(), conf_file());

subtest 'help' => sub {
    for my $args (['--help'], ['user', '--help'], ['user', 'add', '--help'], ['--help', 'user']) {
        my ($code, $out, $err) = admin_with_input('', @$args);
        is($code, 0, "@$args");
        like($out, qr/\AUsage: okapi-admin /, 'usage');
        is($err, '', 'without complaint');
    }
    my ($code, $out) = admin_with_input('', 'user', 'add', '--help');
    like($out, qr/--password-stdin/, "a command's own options");
    my ($overview) = (admin_with_input('', '--help'))[1];
    open my $manual, '<', "$FindBin::Bin/../../docs/admin/okapi-admin.md" or die $!;
    my $text = join '', <$manual>;
    while ($overview =~ /^  (\w+) ([\w-]+)/mg) {
        is((admin_with_input('', $1, $2, '--help'))[0], 0, "$1 $2 has help");
        like($text, qr/^#+ okapi-admin \Q$1 $2\E/m, 'and stands in the manual');
    }
};

subtest 'usage errors' => sub {
    fails(EX_USAGE, qr/no command given.*--help/s);
    fails(EX_USAGE, qr/no command 'frob'/, 'frob');
    fails(EX_USAGE, qr/no command 'user frob'/, 'user', 'frob');
    fails(EX_USAGE, qr/takes NAME/, 'user', 'show');
    fails(EX_USAGE, qr/takes NAME/, 'user', 'show', 'a', 'b');
    fails(EX_USAGE, qr/takes no argument/, 'user', 'list', 'x');
    fails(EX_USAGE, qr/--frob/, 'user', 'list', '--frob');
};

subtest 'configuration' => sub {
    my ($code, $out, $err) = admin_with_input('', 'config', 'template');
    is($code, 0, 'a template needs no configuration');
    like($out, qr/^#?\s*Database /m, 'every setting');
    ($code, $out, $err) = admin_with_input('', '--conf', "$dir/none.conf", 'user', 'list');
    is($code, EX_CONFIG, 'no such file');
    like($err, qr/none\.conf/, 'says which');
    local $ENV{OKAPI_CONF} = $conf;
    is((admin_with_input('', 'store', 'list'))[0], EX_TEMPFAIL, 'OKAPI_CONF; no database yet');
};

subtest 'database' => sub {
    fails(EX_TEMPFAIL, qr/create-database/, 'user', 'list');
    my ($code, $out) = admin('store', 'create-database');
    is($code, 0, 'created');
    ok(-f "$dir/store.db", 'beside okapi.conf') if Okapi::Test::Engine::engine() eq 'sqlite3';
    is((admin('store', 'create-database'))[0], 0, 'again is no harm');
    my ($code2, $out2) = admin('user', 'list');
    is($code2, 0, 'no users yet');
};

subtest 'users' => sub {
    my ($code, $out, $err) = admin_with_input("secret\n", '--conf', $conf, 'user', 'add', 'anna',
        '--email', 'anna@example.org', '--fullname', "Anna M\xc3\xbcller", '--password-stdin');
    is($code, 0, 'added') or diag($err);
    like($out, qr/anna\@example\.org/, 'says so');
    my $user = json_of('user', 'show', 'anna');
    is($user->{fullname}, "Anna M\x{fc}ller", 'full name');
    ok($user->{password}, 'with a password');
    ok(!$user->{admin}, 'no administrator');
    like($user->{dn}, qr{^/o=okapi/.*/cn=Recipients/cn=anna$}, 'X.500 name');

    my $bob = json_of('user', 'add', 'Bob', '--email=bob@other.example', '--admin');
    is($bob->{name}, 'bob', 'names are lower case');
    ok($bob->{admin}, 'an administrator');
    ok(!$bob->{password}, 'without a password');
    is_deeply([map { $_->{name} } @{ json_of('user', 'list') }], ['anna', 'bob'], 'list');
    my (undef, $table) = admin('user', 'list');
    like($table, qr/^anna  Anna M\xc3\xbcller  anna\@example\.org  /m, 'aligned columns');
    like($table, qr/^bob                bob\@other\.example /m, 'whatever the letters');

    fails(EX_CANTCREAT, qr/taken/, 'user', 'add', 'ANNA', '--email', 'x@example.org');
    fails(EX_CANTCREAT, qr/taken/, 'user', 'add', 'carl', '--email', 'Anna@Example.org');
    fails(EX_DATAERR, qr/"a b" can't be a user's name/, 'user', 'add', 'a b', '--email',
        'x@example.org');
    fails(EX_DATAERR, qr/"nowhere" can't be a mail address/, 'user', 'add', 'carl', '--email',
        'nowhere');
    fails(EX_DATAERR, qr/no password/, 'user', 'add', 'carl', '--email', 'c@example.org',
        '--password-stdin');
    fails(EX_USAGE, qr/--email ADDRESS is missing/, 'user', 'add', 'carl');
    fails(EX_NOUSER, qr/carl: there is no such user/, 'user', 'show', 'carl');
};

subtest 'changes' => sub {
    my $user = json_of('user', 'set', 'anna', '--alias', 'Info@example.org', '--alias',
        'sales@example.org', '--fullname', 'Anna', '--hide', '--disable');
    is_deeply($user->{aliases}, ['info@example.org', 'sales@example.org'], 'aliases');
    is($user->{fullname}, 'Anna', 'another name');
    ok($user->{hidden} && $user->{disabled}, 'hidden and disabled');
    $user = json_of('user', 'set', 'info@example.org', '--enable', '--unhide', '--remove-alias',
        'sales@example.org');
    is_deeply($user->{aliases}, ['info@example.org'], 'one alias less');
    ok(!$user->{hidden} && !$user->{disabled}, 'neither any more');
    fails(EX_CANTCREAT, qr/bob\@other\.example/, 'user', 'set', 'anna', '--alias',
        'bob@other.example');

    is((admin_with_input("new\n", '--conf', $conf, 'user', 'passwd', 'bob',
        '--password-stdin'))[0], 0, 'a password');
    ok(json_of('user', 'show', 'EXAMPLE\bob')->{password}, 'is set');
    fails(EX_USAGE, qr/--password-stdin/, 'user', 'passwd', 'bob');
    is((admin_with_input(('x' x 73) . "\n", '--conf', $conf, 'user', 'passwd', 'bob',
        '--password-stdin'))[0], EX_DATAERR, 'not one that would be cut');
};

subtest 'rooms' => sub {
    my @set = qw(user set anna);
    my $user = json_of(@set, '--resource', 'room');
    is_deeply([@{$user}{qw(resource accepts)}], ['room', 'none'], 'a room that people answer for');
    is(json_of(@set, '--accept')->{accepts}, 'all', 'it answers by itself');
    is(json_of(@set, '--decline-conflicts')->{accepts}, 'no conflicts', 'not always with yes');
    is(json_of(@set, '--decline-recurring')->{accepts}, 'no conflicts, no series', 'nor to series');
    is(json_of(@set, '--allow-conflicts')->{accepts}, 'no series', 'or just not to these');
    is(json_of(@set, '--allow-recurring')->{accepts}, 'all', 'or always after all');
    $user = json_of(@set, '--resource', 'equipment');
    is_deeply([@{$user}{qw(resource accepts)}], ['equipment', 'all'], 'equipment');
    is(json_of(@set, '--no-accept')->{accepts}, 'none', 'that doesn\'t');
    is(json_of(@set, '--accept')->{accepts}, 'all', 'and does');
    $user = json_of(@set, '--resource', 'none');
    is_deeply([@{$user}{qw(resource accepts)}], ['none', 'none'], 'a person answers herself');
    like((admin('user', 'show', 'anna'))[1], qr/^Resource: +none\nAccepts: +none$/m,
        'which is shown');
    fails(EX_USAGE, qr/--accept is for what has been made a --resource/, @set, '--accept');
    fails(EX_USAGE, qr/--resource is room, equipment or none/, @set, '--resource', 'car');
    is_deeply([@{ json_of('user', 'show', 'anna') }{qw(resource accepts)}], ['none', 'none'],
        'neither of which changes anything');
};

subtest 'mailboxes' => sub {
    my $stores = json_of('store', 'list');
    is_deeply([map { $_->{owner} } @$stores], ['anna', 'bob'], 'one for each user');
    my $store = json_of('store', 'show', 'anna');
    is_deeply([@{$store}{qw(unread hidden deleted limit)}], [0, 0, 0, 0], 'what is in it');
    ok($store->{folders} > 20, 'folders');
    like($store->{guid}, qr/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, 'GUID');
    is($store->{messages}, 0, 'empty');
    is_deeply(json_of('store', 'collect', '--age', '0'), { values => 0, bytes => 0 },
        'nothing to collect');
    fails(EX_USAGE, qr/minutes/, 'store', 'collect', '--age', $_) for '', 'x', '-1', '1h';
    my $folders = json_of('folder', 'list', 'anna');
    my ($inbox) = grep { $_->{name} eq 'Inbox' } @$folders;
    is($inbox->{class}, 'IPF.Note', 'an inbox');
    is($inbox->{unread}, 0, 'nothing in it');
    my (undef, $tree) = admin('folder', 'list', 'anna');
    like($tree, qr/^Top of Information Store .*^  Inbox .* 0       0   0 B$/ms, 'a tree');
};

subtest 'deletion' => sub {
    is((admin('user', 'delete', 'anna'))[0], 0, 'deleted');
    fails(EX_NOUSER, qr/anna/, 'user', 'delete', 'anna');
    fails(EX_NOUSER, qr/anna/, 'folder', 'list', 'anna');
    is_deeply([map { $_->{owner} } @{ json_of('store', 'list') }], ['bob'],
        'with the mailbox');
    is(json_of('user', 'add', 'anna', '--email', 'info@example.org')->{email},
        'info@example.org', 'the addresses are free again');
};

done_testing;
