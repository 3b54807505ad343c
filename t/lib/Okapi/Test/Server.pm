package Okapi::Test::Server;

# A private httpd with an own okapi.conf and an empty database, for one test.
#
#   my $server = Okapi::Test::Server->new(modules => ['mapi'], config => <<'END');
#   <Location /mapi>
#       SetHandler mapi
#       @AUTH@
#   </Location>
#   END
#   $server->user('john');                       # password: demo
#   $server->start;
#   $server->deliver('john', $message);
#   my $answer = $server->http(user => 'john')->get('/okapi/status');
#
# Everything it needs by default is there: modules, event MPM, log, /okapi/status. In `config`
# @DIR@, @PORT@, @BUILD@ and @AUTH@ (Basic authentication by Okapi) are replaced. Whatever happens,
# processes and files are gone when the test ends; OKAPI_TEST_KEEP=1 keeps the files.

use strict;
use warnings;

use Cwd qw(abs_path);
use Fcntl qw(:flock);
use File::Basename qw(dirname);
use File::Path qw(make_path remove_tree);
use File::Spec;
use File::Temp;
use IO::Socket::INET;
use POSIX qw(WNOHANG setsid);
use Test::More ();
use Time::HiRes qw(sleep time);

use Okapi::Test::Engine;
use Okapi::Test::HTTP;

my @servers;        # to be cleaned up
my $owner = $$;     # by this process only

# ---- where things are ----

sub top_dir { return abs_path(dirname(__FILE__) . '/../../../..') }

sub build_dir {
    my $build = abs_path($ENV{OKAPI_BUILD} || top_dir() . '/build');
    die "no build in OKAPI_BUILD or ./build\n" unless $build && -d $build;
    return $build;
}

# A variable of the build's Makefile, as HTTPD_PROGRAM.
sub build_variable {
    my ($name) = @_;
    open my $makefile, '<', build_dir() . '/Makefile' or die "Makefile: $!\n";
    while (<$makefile>) {
        return $1 if /\A\Q$name\E = (.*?)\s*\z/;
    }
    die "no $name in the Makefile\n";
}

# One of the house's modules, or one that only tests have (t/lib).
sub module_path {
    my ($name) = @_;
    my ($path) = grep { -e } map { build_dir() . "/$_/.libs/mod_$name.so" } "mod_$name", 't/lib';
    return $path || die "mod_$name isn't built: make check builds all\n";
}

sub tool_path {
    my ($name) = @_;
    return build_dir() . "/tools/$name";
}

# ---- making one ----

sub new {
    my ($class, %args) = @_;
    my $self = bless {
        mpm => 'event', children => 2, threads => 8, modules => [], config => '', okapi_conf => {},
        httpd_modules => [], log_level => 'info', domain => 'example.org', %args
    }, $class;

    push @servers, $self;
    $self->{dir} = File::Temp::tempdir('okapi-test-XXXXXX', TMPDIR => 1);
    chmod 0755, $self->{dir};
    ($self->{port}, $self->{port_lock}) = free_port();
    make_path(map {"$self->{dir}/$_"} qw(data run htdocs));
    $self->{okapi_conf}{Database} ||= Okapi::Test::Engine::database("$self->{dir}/data/store.db");
    $self->write_file('okapi.conf', $self->okapi_conf);
    $self->write_file('httpd.conf', $self->httpd_conf);
    $self->own_files;
    return $self;
}

# Outside the range the system takes ports of outgoing connections from, and locked, so that
# tests that run at the same time don't meet.
sub free_port {
    my $locks = File::Spec->tmpdir . "/okapi-test-ports-$>";
    mkdir $locks, 0700;
    for (1 .. 1000) {
        my $port = 20000 + int rand 12000;
        open my $lock, '>', "$locks/$port" or die "$locks/$port: $!\n";
        next unless flock $lock, LOCK_EX | LOCK_NB;
        my $socket = IO::Socket::INET->new(LocalAddr => '127.0.0.1', LocalPort => $port,
            Listen => 1, Proto => 'tcp') or next;
        close $socket;
        return ($port, $lock);
    }
    die "no free port\n";
}

sub write_file {
    my ($self, $name, $text) = @_;
    open my $file, '>', "$self->{dir}/$name" or die "$name: $!\n";
    print {$file} $text or die "$name: $!\n";
    close $file or die "$name: $!\n";
    return;
}

sub okapi_conf {
    my ($self) = @_;
    my %settings = (
        RunDirectory => "$self->{dir}/run",
        Domain => $self->{domain},
        ExtractProgram => tool_path('okapi-extract'),
        ServerName => 'localhost',
        SendRelay => 'none',
        %{ $self->{okapi_conf} });
    return join '', map {"$_ $settings{$_}\n"} sort keys %settings;
}

my %mpm_conf = (
    event => <<'END',
ServerLimit 16
StartServers @CHILDREN@
ThreadLimit @THREADS@
ThreadsPerChild @THREADS@
MaxRequestWorkers @WORKERS@
MinSpareThreads 1
MaxSpareThreads 10000
AsyncRequestWorkerFactor 300
MaxMemFree 16
END
    worker => <<'END',
ServerLimit 16
StartServers @CHILDREN@
ThreadLimit @THREADS@
ThreadsPerChild @THREADS@
MaxRequestWorkers @WORKERS@
MinSpareThreads 1
MaxSpareThreads 10000
END
    prefork => <<'END',
ServerLimit @WORKERS@
StartServers @WORKERS@
MaxRequestWorkers @WORKERS@
MinSpareServers 1
MaxSpareServers 10000
END
);

sub httpd_conf {
    my ($self) = @_;
    my $conf = <<"END";
ServerRoot \@DIR@
ServerName localhost
DefaultRuntimeDir \@DIR@/run
PidFile \@DIR@/httpd.pid
ErrorLog \@DIR@/error.log
LogLevel $self->{log_level}
Listen 127.0.0.1:\@PORT@
ListenBacklog 4096
\@USER@
\@MODULES@
TypesConfig /dev/null
DocumentRoot \@DIR@/htdocs
Timeout 60
KeepAliveTimeout 30
MaxKeepAliveRequests 0
Protocols http/1.1
OkapiStore \@DIR@/okapi.conf
<Directory />
    Require all denied
</Directory>
<Directory \@DIR@/htdocs>
    Require all granted
</Directory>
<Location /okapi/status>
    SetHandler okapi-status
    Require all granted
</Location>
$mpm_conf{$self->{mpm}}
$self->{config}
END
    my %values = (
        DIR => $self->{dir}, PORT => $self->{port}, BUILD => build_dir(),
        CHILDREN => $self->{children}, THREADS => $self->{threads},
        WORKERS => $self->{children} * $self->{threads},
        MODULES => join("\n", $self->load_modules),
        USER => $> == 0 ? "User www-data\nGroup www-data" : '',
        AUTH => join("\n", 'AuthType Basic', 'AuthName "Okapi"', 'AuthBasicProvider okapi',
            'AuthBasicAuthoritative Off', 'Require valid-user'));
    $conf =~ s/\@([A-Z]+)\@/exists $values{$1} ? $values{$1} : "\@$1\@"/ge;
    return $conf;
}

sub load_modules {
    my ($self) = @_;
    my $dir = build_variable('HTTPD_MODULEDIR');
    my @httpd = ("mpm_$self->{mpm}", qw(unixd authn_core authz_core authz_host authz_user auth_basic
        mime reqtimeout), @{ $self->{httpd_modules} });
    my @lines = map { -e "$dir/mod_$_.so" ? "LoadModule ${_}_module $dir/mod_$_.so" : () } @httpd;
    push @lines, map { "LoadModule ${_}_module " . module_path($_) } 'okapi', @{ $self->{modules} };
    return @lines;
}

# What httpd's children and the tools write belongs to the user they run as.
sub own_files {
    my ($self) = @_;
    return unless $> == 0;
    chown((getpwnam 'www-data')[2, 3], map {"$self->{dir}/$_"} qw(data run));
    return;
}

sub dir  { return $_[0]{dir} }
sub port { return $_[0]{port} }
sub conf { return "$_[0]{dir}/okapi.conf" }

# ---- httpd ----

# The command that runs httpd. Where our modules were built with sanitizers, these are preloaded.
sub httpd {
    my ($self, @args) = @_;
    my @command = (build_variable('HTTPD_PROGRAM'), '-f', "$self->{dir}/httpd.conf", @args);
    return @command unless build_variable('SANITIZE_FLAGS') =~ /address/;
    chomp(my @libraries = map {`gcc -print-file-name=$_`} qw(libasan.so libubsan.so));
    return ('env', "LD_PRELOAD=@libraries", 'ASAN_OPTIONS=detect_leaks=0', @command);
}

# What the sanitizers have complained about.
sub complaints {
    my ($self) = @_;
    open my $log, '<', "$self->{dir}/start.log" or return ();
    return grep {/ERROR: AddressSanitizer|runtime error:/} <$log>;
}

# Starts httpd and waits until it answers. It dies with the end of the error log if it doesn't.
sub start {
    my ($self, %args) = @_;
    $self->launch;
    my $deadline = time + ($args{timeout} || 30);
    until ($self->answers) {
        if (waitpid($self->{pid}, WNOHANG) == $self->{pid}) {
            delete $self->{pid};
            die "httpd did not start:\n" . $self->log_tail;
        }
        die "httpd does not answer:\n" . $self->log_tail if time > $deadline;
        sleep 0.05;
    }
    return $self;
}

# httpd's standard output and error go into start.log: that is where it says what is wrong with
# its configuration.
sub launch {
    my ($self) = @_;
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    if ($pid == 0) {
        setsid;
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/start.log";
        open STDERR, '>&', \*STDOUT;
        # Waiting clients take two descriptors each.
        exec '/bin/sh', '-c', 'ulimit -n 65536 2>/dev/null || ulimit -n $(ulimit -Hn); exec "$@"',
            'sh', $self->httpd('-D', 'FOREGROUND')
            or POSIX::_exit(127);
    }
    $self->{pid} = $pid;
    return;
}

sub answers {
    my ($self) = @_;
    return eval { $self->http(timeout => 5)->get('/okapi/status') } ? 1 : 0;
}

# Does httpd accept its configuration? Returns its exit code and what it printed.
sub check_config {
    my ($self) = @_;
    return run_command('', $self->httpd('-t'));
}

sub pid { return $_[0]{pid} }

sub stop {
    my ($self) = @_;
    my $pid = delete $self->{pid} or return;
    kill TERM => $pid;
    my $deadline = time + 15;
    until (waitpid($pid, WNOHANG) == $pid) {
        if (time > $deadline) {
            kill KILL => -$pid;
            waitpid $pid, 0;
            last;
        }
        sleep 0.02;
    }
    return;
}

# Both return when a new generation of children is there.
sub graceful { my ($self) = @_; return $self->renew('USR1') }
sub restart  { my ($self) = @_; return $self->renew('HUP') }

sub renew {
    my ($self, $signal) = @_;
    my %old = map { $_ => 1 } $self->children;
    kill $signal => $self->{pid};
    $self->wait_for(sub { grep { !$old{$_} } $self->children }, 15, 'new children');
    return;
}

sub children {
    my ($self) = @_;
    my @children;
    for my $stat (glob '/proc/[0-9]*/stat') {
        open my $file, '<', $stat or next;
        my $line = <$file> // next;
        my ($pid, $state, $parent) = $line =~ /\A(\d+) \(.*\) (\S) (\d+)/s or next;
        push @children, $pid if $parent == $self->{pid} && $state ne 'Z';
    }
    return sort { $a <=> $b } @children;
}

# Kilobytes of all children: what they share is counted once.
sub memory {
    my ($self) = @_;
    my $sum = 0;
    for my $pid ($self->children) {
        open my $file, '<', "/proc/$pid/smaps_rollup" or next;
        while (<$file>) {
            $sum += $1 if /^Pss:\s+(\d+) kB/;
        }
    }
    return $sum;
}

# kill -9 of every child; returns when others have taken their places and answer.
sub kill_children {
    my ($self) = @_;
    my @old = $self->children;
    kill KILL => @old;
    my %old = map { $_ => 1 } @old;
    $self->wait_for(sub { my @now = $self->children; @now && !grep { $old{$_} } @now }, 15,
        'children to replace the killed ones');
    $self->wait_for(sub { $self->answers }, 15, 'an answer');
    return;
}

sub wait_for {
    my ($self, $condition, $timeout, $what) = @_;
    my $deadline = time + $timeout;
    until ($condition->()) {
        die "waited $timeout s for $what:\n" . $self->log_tail if time > $deadline;
        sleep 0.02;
    }
    return 1;
}

# ---- its log ----

sub log_lines {
    my ($self, $pattern) = @_;
    open my $log, '<', "$self->{dir}/error.log" or return ();
    return grep { !$pattern || /$pattern/ } <$log>;
}

sub wait_log {
    my ($self, $pattern, $timeout) = @_;
    $self->wait_for(sub { $self->log_lines($pattern) }, $timeout || 10, "$pattern in the log");
    return ($self->log_lines($pattern))[0];
}

sub log_tail {
    my ($self) = @_;
    my @lines;
    for my $name ("$self->{dir}/start.log", "$self->{dir}/error.log") {
        open my $log, '<', $name or next;
        push @lines, <$log>;
    }
    splice @lines, 0, -30 if @lines > 30;
    return join '', @lines;
}

# ---- clients and tools ----

# A client of this server; `user` without `password` has the password demo.
sub http {
    my ($self, %args) = @_;
    $args{password} = 'demo' if defined $args{user} && !defined $args{password};
    return Okapi::Test::HTTP->new(port => $self->{port}, %args);
}

# What /okapi/status says, as a hash: the totals only.
sub status {
    my ($self) = @_;
    my $body = $self->http->get('/okapi/status')->{body};
    $body =~ s/"children":\[.*//s;
    return { $body =~ /"(\w+)":(\d+)/g };
}

# Runs a program to its end: (exit code, standard output, standard error).
sub run_command {
    my ($input, @command) = @_;
    my ($in, $out, $err) = map { File::Temp->new } 1 .. 3;
    print {$in} $input;
    $in->flush;
    seek $in, 0, 0;
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    if ($pid == 0) {
        open STDIN, '<&', $in;
        open STDOUT, '>&', $out;
        open STDERR, '>&', $err;
        exec @command or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    my $code = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    return ($code, map { seek $_, 0, 0; local $/; my $text = <$_>; defined $text ? $text : '' }
        $out, $err);
}

# One of our tools with this server's okapi.conf.
sub tool {
    my ($self, $name, $input, @args) = @_;
    my @result = run_command($input, tool_path($name), '--conf', $self->conf, @args);
    return wantarray ? @result : $result[0];
}

sub admin {
    my ($self, @args) = @_;
    return $self->tool('okapi-admin', '', @args);
}

# The database, as an administrator makes it.
sub create_database {
    my ($self) = @_;
    my ($code, $out, $err) = $self->admin('store', 'create-database');
    die "okapi-admin store create-database: $err$out" if $code;
    $self->{created} = 1;
    return;
}

sub user {
    my ($self, $name, %args) = @_;
    my $password = exists $args{password} ? $args{password} : 'demo';
    $self->create_database unless $self->{created};
    my ($code, $out, $err) = $self->tool('okapi-admin', "$password\n", 'user', 'add', $name,
        '--email', $args{email} || "$name\@$self->{domain}",
        defined $args{fullname} ? ('--fullname', $args{fullname}) : (), '--password-stdin');
    die "okapi-admin user add $name: $err$out" if $code;
    return;
}

# Hands a message to okapi-dagent; its exit code, or dies if it isn't what is expected (0).
sub deliver {
    my ($self, $user, $message, %args) = @_;
    my ($code, $out, $err) = $self->tool('okapi-dagent', $message, @{ $args{options} || [] }, $user);
    my $expected = exists $args{code} ? $args{code} : 0;
    die "okapi-dagent $user: $code instead of $expected: $err$out"
        if defined $expected && $code != $expected;
    return $code;
}

# ---- the end ----

# True if something was wrong.
sub clean_up {
    my ($self) = @_;
    return 0 if $self->{cleaned}++;
    $self->stop;
    my $wrong = !Test::More->builder->is_passing || $self->complaints;
    Test::More::diag($self->log_tail) if $wrong && -d $self->{dir};
    if ($ENV{OKAPI_TEST_KEEP}) {
        Test::More::diag("kept: $self->{dir}");
    } else {
        remove_tree($self->{dir});
    }
    return $wrong;
}

END {
    my $code = $?;
    if ($$ == $owner) {
        $_->clean_up and $code ||= 1 for @servers;
    }
    $? = $code;
}

$SIG{$_} = sub { exit 1 } for qw(INT TERM HUP);

1;
