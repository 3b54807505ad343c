#!/usr/bin/perl
# deliver.pl DAGENT CONF FOLDER - hands the messages of FOLDER to everybody in the demo's domain
# whom they are addressed to. "@DATE -3 09:15@" becomes the date three days ago.
use strict;
use warnings;

use POSIX qw(mktime strftime setlocale LC_TIME);

my ($dagent, $conf, $folder) = @ARGV;
my $domain = 'example.org';
my %mailbox = map { $_ => 1 } qw(john mary peter);
setlocale(LC_TIME, 'C');

sub date {
    my ($days, $hour, $minute) = @_;
    my @today = localtime;
    my $time = mktime(0, $minute, $hour, $today[3] + $days, @today[4, 5]);
    return strftime('%a, %d %b %Y %H:%M:%S %z', localtime $time);
}

for my $path (sort glob "$folder/*.eml") {
    open my $file, '<:raw', $path or die "$path: $!\n";
    my $message = do { local $/; <$file> };
    $message =~ s/\@DATE (-?\d+) (\d\d):(\d\d)\@/date($1, $2, $3)/ge;
    my ($header) = $message =~ /\A(.*?\n)\n/s;
    my ($sender) = $header =~ /^From: .*<(.+?)>/m or die "$path: no sender\n";
    my @addresses = map {/([\w.]+)\@\Q$domain\E/g} $header =~ /^(?:To|Cc): (.*)/mg;
    for my $user (grep { $mailbox{$_} } @addresses) {
        open my $pipe, '|-', $dagent, '--conf', $conf, '-f', $sender, $user
            or die "$dagent: $!\n";
        print {$pipe} $message;
        close $pipe or die "$dagent refuses $path for $user\n";
    }
}
