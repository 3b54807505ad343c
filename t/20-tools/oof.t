#!/usr/bin/perl
# okapi-admin oof: who is out of office, and what people are told then.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use POSIX qw(strftime);
use Test::More;

use Okapi::Test::Admin qw(admin fails json_of);

# sysexits.h
use constant { EX_USAGE => 64, EX_NOUSER => 67 };

is((admin('store', 'create-database'))[0], 0, 'a database');
is((admin('user', 'add', 'john', '--email', 'john@example.org'))[0], 0, 'a user');

sub set { return json_of('oof', 'set', 'john', @_) }

subtest 'at first' => sub {
    my $oof = json_of('oof', 'show', 'john');
    is_deeply($oof, { owner => 'john', state => 'off', now => $oof->{now}, audience => 'none',
        internal => '', known => '', unknown => '' }, 'nothing is set');
    ok(!$oof->{now}, 'in the office');
};

subtest 'on and off' => sub {
    my $oof = set('--on', '--internal', 'Back & <soon>', '--external', '<b>Away</b>', '--known',
        'Hello', '--audience', 'known');
    ok($oof->{now}, 'out of it');
    is($oof->{state}, 'on', 'the state');
    is($oof->{internal}, '<p>Back &amp; &lt;soon&gt;</p>', 'text becomes HTML');
    is($oof->{unknown}, '<b>Away</b>', 'HTML stays');
    is($oof->{known}, '<p>Hello</p>', 'contacts have their own');
    is($oof->{audience}, 'known', 'only they are told');
    $oof = set('--off');
    ok(!$oof->{now}, 'in the office again');
    is_deeply([@{$oof}{qw(unknown audience)}], ['<b>Away</b>', 'known'], 'what was set stays');
    for my $audience (qw(none known unknown all)) {
        is(set('--audience', $audience)->{audience}, $audience, $audience);
    }
};

subtest 'a schedule' => sub {
    my @days = map { strftime('%Y-%m-%d', gmtime(time + $_ * 86400)) } -1 .. 2;
    my $oof = set('--from', "$days[0]Z", '--until', "$days[3] 12:30Z");
    is_deeply([@{$oof}{qw(state from until)}],
        ['scheduled', "$days[0]T00:00:00Z", "$days[3]T12:30:00Z"], 'from one time to another');
    ok($oof->{now}, 'within it');
    ok(!set('--from', "$days[2]T00:00Z")->{now}, 'before it');
    local $ENV{TZ} = 'Etc/GMT-5';
    is(set('--from', '2026-01-02 03:04')->{from}, '2026-01-01T22:04:00Z', 'local time');
    my ($code, $out) = admin('oof', 'show', 'john');
    like($out, qr/^From: +2026-01-02 03:04$/m, 'which people are shown');
};

subtest 'what is wrong' => sub {
    fails(EX_USAGE, qr/a time is/, qw(oof set john --until 2027-12-24 --from), $_)
        for '', 'soon', '2026-13-01', '2026-12-24x', '2026-12-24 8', '2026-12-24 25:00';
    fails(EX_USAGE, qr/in this order/, qw(oof set john --from 2026-12-24 --until 2026-12-23));
    fails(EX_USAGE, qr/one of --on/, qw(oof set john --on --off));
    fails(EX_USAGE, qr/one of --on/, qw(oof set john --on --until 2026-12-24));
    fails(EX_USAGE, qr/--audience is/, qw(oof set john --audience friends));
    fails(EX_NOUSER, qr/nobody/, qw(oof show nobody));
};

done_testing;
