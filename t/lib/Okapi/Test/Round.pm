# Okapi::Test::Round - files through a program that reads their names and answers a line for each.

package Okapi::Test::Round;

use strict;
use warnings;

use Exporter 'import';
use File::Find;
use IPC::Open2;

our @EXPORT_OK = qw(files_below lines_of exceptions_of slurp);

# The files below a folder, in order; only those that match the pattern, if there is one.
sub files_below {
    my ($folder, $pattern) = @_;
    my @files;
    find({ no_chdir => 1, wanted => sub { push @files, $_ if -f } }, $folder);
    return sort grep { !defined $pattern || /$pattern/ } @files;
}

# What the command says to the names: its lines, and how it ended.
sub lines_of {
    my ($names, @command) = @_;
    my $pid = open2(my $from, my $to, @command);
    if (!fork) {
        print $to "$_\n" for @$names;
        close $to;
        require POSIX;
        POSIX::_exit(0);
    }
    close $to;
    chomp(my @lines = <$from>);
    waitpid $pid, 0;
    return ($?, @lines);
}

# "NAME: why" lines of a file.
sub exceptions_of {
    my ($name) = @_;
    my %exception;
    open my $list, '<', $name or die "$name: $!\n";
    while (<$list>) {
        $exception{$1} = $2 if /^([^#:]+): (.*)/;
    }
    return \%exception;
}

sub slurp {
    my ($name) = @_;
    open my $file, '<:raw', $name or die "$name: $!\n";
    local $/;
    return scalar <$file>;
}

1;
