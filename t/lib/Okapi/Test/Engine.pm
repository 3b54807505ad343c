package Okapi::Test::Engine;

# Database servers of the tests' own, and databases on the engine that is being tested.
#
#   my $engine = Okapi::Test::Engine->start('mysql');      # or pgsql
#   local $ENV{OKAPI_TEST_ENGINE} = $engine->url;
#   $engine->stop; $engine->crash; $engine->launch;
#
# With a second argument 'durable' it is one for `make bench`: commits are synced, and it has memory.
# A server listens on a Unix socket in a temporary folder only, and runs as an unprivileged user.
# Whatever happens to the process that started it, kill -9 too, it ends and its folder vanishes.
#
#   my $database = Okapi::Test::Engine::database("$dir/store.db");
#
# is the setting Database of an empty database: SQLite in that file or, where OKAPI_TEST_ENGINE
# names a server (its setting without a dbname), a new one there, dropped when the test ends.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Path qw(remove_tree);
use File::Temp;
use POSIX qw(WNOHANG setsid);
use Time::HiRes qw(sleep time);

my $user = 'nobody';    # the servers' one, where root starts them
my @started;
my @databases;
my $count = 0;
my $owner = $$;

# ---- what is known of each ----

# In haste nothing is synced: the tests kill processes, not the machine. PostgreSQL's default
# collation is a linguistic one, so that an order which should be by bytes and isn't shows.
my %engines = (
    mysql => {
        init => sub {
            my ($dir) = @_;
            return ('mariadb-install-db', '--no-defaults', "--datadir=$dir/data", '--skip-test-db',
                '--auth-root-authentication-method=normal');
        },
        server => sub {
            my ($dir) = @_;
            return ('mariadbd', '--no-defaults', "--datadir=$dir/data", "--socket=$dir/socket",
                "--pid-file=$dir/mariadbd.pid", "--tmpdir=$dir", '--skip-networking');
        },
        hasty => ['--innodb-flush-log-at-trx-commit=2', '--innodb-flush-method=nosync',
            '--innodb-buffer-pool-size=64M', '--innodb-log-file-size=64M'],
        durable => ['--innodb-buffer-pool-size=2G', '--innodb-log-file-size=1G'],
        url => sub { return "mysql:sock=$_[0]/socket user=okapi" },
        client => sub {
            my ($url, $account, $database) = @_;
            my ($socket) = $url =~ /sock=(\S+)/;
            return ('mariadb', '--no-defaults', "--socket=$socket", "--user=$account", '--batch',
                '--skip-column-names', '-e');
        },
        superuser => 'root',
        account => "CREATE USER okapi\@localhost; "
            . "GRANT ALL ON `okapi\\_test\\_%`.* TO okapi\@localhost",
        create => 'CREATE DATABASE %s',
        drop => 'DROP DATABASE IF EXISTS %s',
        stop => 'TERM',
        abandon => 'KILL',
    },
    pgsql => {
        init => sub {
            my ($dir) = @_;
            return ('initdb', '-D', "$dir/data", '-U', 'postgres', '-A', 'trust', '-E', 'UTF8',
                '--locale=C.UTF-8', '--locale-provider=icu', '--icu-locale=und', '--no-sync');
        },
        server => sub {
            my ($dir) = @_;
            return ('postgres', '-D', "$dir/data", '-k', $dir, map { ('-c', $_) }
                'listen_addresses=', 'deadlock_timeout=100ms', 'dynamic_shared_memory_type=mmap',
                'log_min_messages=fatal');
        },
        hasty => ['-c', 'fsync=off', '-c', 'shared_buffers=64MB'],
        durable => ['-c', 'shared_buffers=1GB', '-c', 'max_wal_size=4GB'],
        url => sub { return "pgsql:host=$_[0] user=okapi" },
        client => sub {
            my ($url, $account) = @_;
            my ($dir) = $url =~ /host=(\S+)/;
            return ('psql', '-X', '-q', '-A', '-t', '-v', 'ON_ERROR_STOP=1', '-h', $dir, '-U',
                $account, '-d', 'postgres', '-c');
        },
        superuser => 'postgres',
        account => 'CREATE ROLE okapi LOGIN CREATEDB',
        create => 'CREATE DATABASE %s',
        drop => 'DROP DATABASE IF EXISTS %s WITH (FORCE)',
        stop => 'INT',
        abandon => 'QUIT',    # so that it removes its shared memory
    },
);

# Debian keeps the servers' programs where PATH doesn't lead.
my @places = ('/usr/sbin', reverse sort glob '/usr/lib/postgresql/*/bin');

sub program {
    my ($name) = @_;
    my ($path) = grep { -x } map {"$_/$name"} split(/:/, $ENV{PATH} || ''), @places;
    return $path || die "there is no program $name: install the packages of build-aux/packages\n";
}

# ---- a server ----

sub start {
    my ($class, $name, $manner) = @_;
    my $what = $engines{$name} or die "there is no engine $name: mysql, pgsql\n";
    my $dir = File::Temp::tempdir("okapi-$name-XXXXXX", TMPDIR => 1);
    my $self = bless { dir => $dir, what => $what, url => $what->{url}->($dir), owner => $$,
        manner => $manner || 'hasty' }, $class;

    push @started, $self;
    chmod 0755, $dir;
    if ($> == 0) {
        chown((getpwnam $user)[2, 3], $dir) or die "$dir: $!\n";
    }
    $self->guard;
    my $pid = $self->spawn('init.log', $what->{init}->($dir));
    waitpid $pid, 0;
    die "a database of $name can't be initialized:\n" . $self->log_tail('init.log') if $?;
    $self->launch;
    $self->sql($what->{account}, $what->{superuser});
    return $self;
}

# A process that outlives ours, notices its end, and cleans up.
sub guard {
    my ($self) = @_;
    pipe my $read, $self->{guarded} or die "pipe: $!\n";
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    if ($pid == 0) {
        setsid;
        $SIG{$_} = 'IGNORE' for qw(INT TERM HUP);
        close $self->{guarded};
        open STDIN, '<', '/dev/null';
        open $_, '>', '/dev/null' for \*STDOUT, \*STDERR;
        sysread $read, my $end, 1;
        $self->kill_recorded;
        remove_tree($self->{dir});
        POSIX::_exit(0);
    }
    $self->{guard} = $pid;
    return;
}

# The server that is on record in the folder, whoever started it.
sub kill_recorded {
    my ($self) = @_;
    open my $file, '<', "$self->{dir}/pid" or return;
    my ($pid) = <$file> =~ /(\d+)/ or return;
    for my $signal ($self->{what}{abandon}, 'KILL') {
        kill $signal => $pid;
        for (1 .. 100) {
            return unless kill 0 => $pid;
            sleep 0.05;
        }
    }
    return;
}

sub spawn {
    my ($self, $log, $program, @args) = @_;
    my $path = program($program);
    my $pid = fork;
    die "fork: $!\n" unless defined $pid;
    if ($pid == 0) {
        setsid;
        chdir $self->{dir};
        open STDIN, '<', '/dev/null';
        open STDOUT, '>>', "$self->{dir}/$log";
        open STDERR, '>&', \*STDOUT;
        if ($> == 0) {
            my ($uid, $gid) = (getpwnam $user)[2, 3];
            ($(, $)) = ($gid, "$gid $gid");
            ($<, $>) = ($uid, $uid);
        }
        exec $path, @args or POSIX::_exit(127);
    }
    return $pid;
}

# Starts it, for the first time or again, and waits until it answers. After a crash PostgreSQL
# refuses to start until the last process of its former self has ended.
sub launch {
    my ($self) = @_;
    my $deadline = time + 60;
    until (defined $self->{pid}
        && eval { $self->sql('SELECT 1', $self->{what}{superuser}) }) {
        die "the database server does not start:\n" . $self->log_tail('server.log')
            if time > $deadline;
        if (!defined $self->{pid} || waitpid($self->{pid}, WNOHANG) == $self->{pid}) {
            $self->{pid} = $self->spawn('server.log', $self->{what}{server}->($self->{dir}),
                @{ $self->{what}{ $self->{manner} } });
            $self->write_pid;
        }
        sleep 0.05;
    }
    return;
}

sub write_pid {
    my ($self) = @_;
    open my $file, '>', "$self->{dir}/pid" or die "$self->{dir}/pid: $!\n";
    print {$file} "$self->{pid}\n";
    close $file;
    return;
}

# In order: it ends connections and their transactions, not waiting for clients.
sub stop {
    my ($self) = @_;
    return $self->end($self->{what}{stop});
}

# Without any order.
sub crash {
    my ($self) = @_;
    return $self->end('KILL');
}

sub end {
    my ($self, $signal) = @_;
    my $pid = delete $self->{pid} or return;
    kill $signal => $pid;
    my $deadline = time + 20;
    until (waitpid($pid, WNOHANG) == $pid) {
        kill KILL => $pid if time > $deadline;
        sleep 0.02;
    }
    unlink "$self->{dir}/pid";
    return;
}

# The setting Database, to which a dbname is to be added.
sub url { return $_[0]{url} }

sub log_tail {
    my ($self, $log) = @_;
    open my $file, '<', "$self->{dir}/$log" or return '';
    my @lines = <$file>;
    splice @lines, 0, -30 if @lines > 30;
    return join '', @lines;
}

sub sql {
    my ($self, $sql, $account) = @_;
    return run_sql($self->{url}, $sql, $account);
}

# Runs SQL on a server; returns what it prints, or dies with what is wrong.
sub run_sql {
    my ($url, $sql, $account) = @_;
    my ($name) = $url =~ /\A(\w+):/;
    my ($program, @args) = $engines{$name}{client}->($url, $account || 'okapi');
    my $path = program($program);
    my $pid = open my $pipe, '-|';
    die "fork: $!\n" unless defined $pid;
    if ($pid == 0) {
        open STDERR, '>&', \*STDOUT;
        exec $path, @args, $sql or POSIX::_exit(127);
    }
    my $text = do { local $/; <$pipe> };
    close $pipe or die "$sql: " . ($text // '') . "\n";
    return $text // '';
}

# ---- databases ----

sub engine {
    my ($name) = ($ENV{OKAPI_TEST_ENGINE} || 'sqlite3:') =~ /\A(\w+):/;
    return $name;
}

sub database {
    my ($path) = @_;
    my $url = $ENV{OKAPI_TEST_ENGINE} or return "sqlite3:$path";
    my $name = "okapi_test_${$}_" . ++$count;
    run_sql($url, sprintf $engines{ engine() }{create}, $name);
    push @databases, [$url, $name];
    return "$url dbname=$name";
}

# ---- the end ----

sub clean_up {
    my ($self) = @_;
    return unless $self->{guarded} && $self->{owner} == $$;
    $self->stop;
    close delete $self->{guarded};
    waitpid $self->{guard}, 0;
    return;
}

sub drop_databases {
    while (my $database = pop @databases) {
        my ($url, $name) = @$database;
        my ($engine) = $url =~ /\A(\w+):/;
        eval { run_sql($url, sprintf $engines{$engine}{drop}, $name) };
    }
    return;
}

END {
    my $code = $?;
    if ($$ == $owner) {
        drop_databases();
        $_->clean_up for @started;
    }
    $? = $code;
}

1;
