package Weir;

# A private gateway for a test: its own directory, ports, clock and log, on
# loopback, gone when the object is.
#
#	my $w = Weir->new(main => "name = value\n", files => { table => "..." });
#	my $c = $w->smtp;
#	like $c->cmd("EHLO me"), qr/^250/, "greeted";
#
# nofile => N: with so few descriptors.  command => NAME: not "run".
# real_time => 1: advance() has no effect, and nothing looks at the clock more
# often than it must.
#
# In texts, $dir stands for the private directory and ${port:NAME} for a port
# that stays the same under one NAME.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);
use IO::Socket::INET;
use POSIX qw(:sys_wait_h);
use Socket qw(AF_UNIX SOCK_STREAM pack_sockaddr_un);
use Time::HiRes qw(sleep time);

use Weir::Client;

my $out = $ENV{OUT} || "build/debug";
my $slow = $out =~ /asan|tsan/ ? 4 : 1;
my $owner = $$;

# A peer that has hung up must not end a test before it has stopped what it
# started: its peers would hold its output open for ever.  (What is ignored would
# stay so in programs that we start; what is caught does not.)
$SIG{PIPE} = sub { };

sub program { return abs_path("$out/bin/weir") }

# Listeners of a gateway share their ports (SO_REUSEPORT), with those of another
# test, too: a port is ours as long as we have the name that goes with it, which
# the kernel gives back when we end.
my (@reserved, %taken);

sub reserve {
	my ($port) = @_;

	# A network namespace that we enter knows nothing of names outside.
	return 0 if $taken{$port}++;
	socket my $name, AF_UNIX, SOCK_STREAM, 0 or die "socket: $!";
	bind $name, pack_sockaddr_un("\0weir-test-port-$port") or return 0;
	push @reserved, $name;
	return 1;
}

# A port below the ephemeral range that nobody listens on, or is going to.  One
# that ended connections still hold is not free: no server that is somebody
# else's need say SO_REUSEADDR.
sub free_port {
	for (1 .. 200) {
		my %address = (LocalAddr => "127.0.0.1",
		    LocalPort => 10000 + int(rand(9900)));
		my @bound = grep { defined }
		    map { IO::Socket::INET->new(%address, Proto => $_) }
		    "tcp", "udp";
		next if @bound < 2;
		close $_ for @bound;
		return $address{LocalPort} if reserve($address{LocalPort});
	}
	die "no free port";
}

sub new {
	my ($class, %arg) = @_;
	my $self = bless {
		dir => tempdir("weir-XXXXXX", TMPDIR => 1), ports => {},
		peers => [],
	}, $class;

	chmod 0755, $self->{dir};
	mkdir "$self->{dir}/etc";
	# Of roles that are other users than this test, too.
	mkdir "$self->{dir}/complaints";
	chmod 01777, "$self->{dir}/complaints";
	$self->{port} = $self->port("smtp");
	$self->{real_time} = $arg{real_time};
	$self->{nofile} = $arg{nofile};
	$self->{command} = $arg{command};
	$self->{dns_also} = $arg{dns_also};
	$self->write_clock(0);
	$self->configure(%arg);
	$self->start if !defined $arg{start} || $arg{start};
	return $self;
}

sub port {
	my ($self, $name) = @_;
	my $ports = $self->{ports};

	while (!$ports->{$name}) {
		my $port = free_port();
		$ports->{$name} = $port unless grep { $_ == $port } values %$ports;
	}
	return $ports->{$name};
}

sub expand {
	my ($self, $text) = @_;

	$text =~ s/\$\{port:(\w+)\}/$self->port($1)/ge;
	$text =~ s/\$dir\b/$self->{dir}/g;
	return $text;
}

sub write_file {
	my ($self, $name, $text) = @_;
	my $path = $name =~ m{^/} ? $name : "$self->{dir}/etc/$name";

	open my $f, ">", "$path.new" or die "$path: $!";
	print $f $self->expand($text);
	close $f;
	rename "$path.new", $path or die "$path: $!";
	return $path;
}

sub read_file {
	my ($path) = @_;

	open my $f, "<", $path or return "";
	local $/;
	return scalar <$f> // "";
}

# main => more main.cf, master => more master.cf, smtpd => "-o" lines of the
# SMTP service, files => { name => text } in the configuration directory,
# without => [names] that are not to be set at all.
sub configure {
	my ($self, %arg) = @_;
	my $user = $> == 0 ? "nobody" : scalar getpwuid($>);
	my $smtpd = $arg{smtpd} || "";

	$self->write_file($_, $arg{files}{$_}) for keys %{ $arg{files} || {} };
	my $own = $self->expand($arg{main} || "");
	# Its postmaster has no mailbox: what a test is not about is told to nobody.
	my $main = $self->expand(<<EOT);
myhostname = mail.example.com
mydestination =
notify_classes =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mail_owner = $user
queue_directory = \$dir/queue
data_directory = \$dir/data
maillog_file = \$dir/log
weir_dns_servers = 127.0.0.1\@${\ $self->port("dns")}
weir_drain_time_limit = 5s
smtp_tls_security_level = none
local_recipient_maps =
alias_maps =
EOT
	# What the test sets itself is not set twice.
	$main =~ s/^\Q$_\E =.*\n//m
	    for $own =~ /^(\w+) *=/mg, @{ $arg{without} || [] };
	$self->write_file("main.cf", $main . $own);
	$self->write_file("master.cf", <<EOT . ($arg{master} || ""));
127.0.0.1:$self->{port} inet n - n - - smtpd
$smtpd
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
virtual unix - n n - - virtual
local unix - n n - - local
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
EOT
	return $self;
}

sub weir {
	my ($self, @args) = @_;

	return system(program(), @args) >> 8;
}

# Run a sub-command with this gateway's configuration; (status, output).
sub command {
	my ($self, $name, @args) = @_;
	my $pid = open(my $f, "-|") // die "fork: $!";

	if ($pid == 0) {
		open STDERR, ">&", \*STDOUT;
		{ exec program(), $name, "-c", "$self->{dir}/etc", @args };
		POSIX::_exit(127);
	}
	my $text = do { local $/; <$f> };
	close $f;
	return ($? >> 8, $text // "");
}

# Give a text to sendmail, with these arguments, as somebody else if the first
# one is { user => NAME } and we are root; (status, output).
sub sendmail {
	my ($self, $text, @args) = @_;
	my $how = ref $args[0] ? shift @args : {};
	my $input = $self->write_file("$self->{dir}/input.$$", $text);
	my @as = $how->{user} && $> == 0 ? ("setpriv", "--reuid", $how->{user},
	    "--regid", (getpwnam($how->{user}))[3], "--clear-groups") : ();
	my $pid = open(my $f, "-|") // die "fork: $!";

	if ($pid == 0) {
		open STDIN, "<", $input;
		open STDERR, ">&", \*STDOUT;
		{ exec @as, program(), "sendmail", "-C", "$self->{dir}/etc",
		    @args };
		POSIX::_exit(127);
	}
	my $said = do { local $/; <$f> };
	close $f;
	return ($? >> 8, $said // "");
}

# Start it without waiting until it serves.
sub launch {
	my ($self) = @_;
	my $pid = fork // die "fork: $!";

	if ($pid == 0) {
		$ENV{WEIR_CLOCK} = "$self->{dir}/clock"
		    unless $self->{real_time};
		$ENV{ASAN_OPTIONS} = "log_path=$self->{dir}/complaints/of";
		$ENV{TSAN_OPTIONS} = "log_path=$self->{dir}/complaints/of";
		$ENV{UBSAN_OPTIONS} = "log_path=$self->{dir}/complaints/of";
		open STDIN, "<", "/dev/null";
		open STDOUT, ">>", "$self->{dir}/stdout";
		open STDERR, ">>", "$self->{dir}/stderr";
		my @limit = $self->{nofile}
		    ? ("sh", "-c", "ulimit -n $self->{nofile}; exec \"\$@\"", "-")
		    : ();
		{ exec @limit, program(), $self->{command} || "run", "-c",
		    "$self->{dir}/etc" };
		POSIX::_exit(127);
	}
	return $self->{pid} = $pid;
}

sub start {
	my ($self) = @_;
	my $before = length $self->log;
	my $pid = $self->launch;

	$self->wait_for(sub {
		my $log = substr $self->log, $before;
		return 1 if $log =~ /generation 1 serves/;
		die "refused:\n$log" if $log =~ /generation 1 is refused/;
		die "gateway ended:\n" . read_file("$self->{dir}/stderr") . $log
		    if waitpid($pid, WNOHANG) == $pid;
		return 0;
	}) or die "gateway does not serve:\n" . $self->log .
	    read_file("$self->{dir}/stderr");
	return $self;
}

# Stop it; its exit status.
sub stop {
	my ($self, $signal) = @_;

	return 0 unless $self->{pid};
	kill $signal || "TERM", $self->{pid};
	my $gone = $self->wait_for(
	    sub { waitpid($self->{pid}, WNOHANG) == $self->{pid} });
	my $status = $?;
	if (!$gone) {
		kill "KILL", $self->{pid};
		waitpid($self->{pid}, 0);
		$status = -1;
	}
	delete $self->{pid};
	return $status;
}

# What the sanitizers complained about.
sub complaints {
	my ($self) = @_;

	return join "", map { read_file($_) } glob("$self->{dir}/complaints/*");
}

sub log { return read_file($_[0]{dir} . "/log") }

# How long may well be waited for what must happen, on a machine that has more
# to do than it can.
sub wait_for {
	my ($self, $done, $seconds) = @_;
	my $end = time + ($seconds || 60) * $slow;

	while (1) {
		# Whoever was held up while asking asks once more.
		my $late = time > $end;
		my $value = $done->();
		return $value if $value;
		return undef if $late;
		sleep 0.01;
	}
}

# The first match of a pattern in the log, waiting for it.
sub wait_log {
	my ($self, $pattern, $seconds) = @_;

	return $self->wait_for(
	    sub { $self->log =~ /$pattern/m ? ($1 // $&) : undef }, $seconds);
}

# Wait until nothing in the queue is under way.  What the log says of a delivery
# is there before the queue knows of it; from here on time passes for what is
# deferred, and a flush finds it.
sub at_rest {
	my ($self) = @_;

	return $self->wait_for(sub {
		my ($status, $text) = $self->command("postqueue", "-j");
		return $status == 0 &&
		    $text !~ /"queue_name": "(?:active|incoming)"/;
	});
}

# The serving processes by role, from the supervisor's own list.
sub roles {
	my ($self) = @_;
	my ($status, $text) = $self->command("status");
	my %pid;

	$pid{$1} = $2 while $text =~ /^(\w+)\s+pid (\d+)\s+.*serving/mg;
	return %pid;
}

# Time for all roles: seconds added to the clock.
sub write_clock {
	my ($self, $seconds, $set) = @_;
	my $path = "$self->{dir}/clock";

	$self->{clock} = $seconds;
	open my $f, -e $path ? "+<" : ">", $path or die "$path: $!";
	syswrite $f, pack("q*", map { $_ * 1_000_000_000 } $seconds,
	    defined $set ? $set : ());
	close $f;
}

# The clock on the wall is so many seconds wrong, and no time has passed.
sub set_clock {
	my ($self, $seconds) = @_;

	$self->write_clock($self->{clock}, $seconds);
}

sub advance {
	my ($self, $seconds) = @_;

	$self->write_clock($self->{clock} + $seconds);
}

# What ${run} returns, which waits for something that takes long: as soon as
# ${begun} is true, time passes quickly.
sub hurry {
	my ($self, $begun, $run) = @_;
	my $parent = $$;
	my $pid = fork // die "fork: $!";

	if ($pid == 0) {
		$self->wait_for($begun);
		while (getppid == $parent) {
			$self->advance(10);
			sleep 0.05;
		}
		POSIX::_exit(0);
	}
	my @result = $run->();
	kill "KILL", $pid;
	waitpid $pid, 0;
	$self->{clock} = unpack("q", read_file("$self->{dir}/clock")) / 1e9;
	return @result;
}

sub smtp {
	my ($self, $port) = @_;

	return Weir::Client->new($port || $self->{port});
}

# One message; the reply to its final dot (or to what was refused).
sub send_mail {
	my ($self, %arg) = @_;
	my $c = $self->smtp($arg{port});
	my $reply = $c->deliver(%arg);

	$c->cmd("QUIT");
	return $reply;
}

# Take another configuration into a running gateway; (status, text) of reload.
sub reconfigure {
	my ($self, %arg) = @_;

	$self->configure(%arg);
	return $self->command("reload");
}

# The source of a table and its index; (status, text) of postmap.
sub table {
	my ($self, $name, $text) = @_;

	return $self->command("postmap", $self->write_file($name, $text));
}

# The reply to RCPT of each address, in one transaction, of a client at
# from_addr; XCLIENT with the attributes that are given, then HELO.
sub rcpt {
	my ($self, $to, %arg) = @_;
	my $c = Weir::Client->new($arg{port} || $self->{port},
	    from => $arg{from_addr});
	my $from = defined $arg{from} ? $arg{from} : 'sender@example.net';
	my $helo = $arg{helo} || "client.example.net";

	$c->cmd("XCLIENT $arg{xclient}") if $arg{xclient};
	$c->cmd("EHLO $helo");
	$c->cmd("MAIL FROM:<$from>");
	my @replies = map { $c->cmd("RCPT TO:<$_>") } ref $to ? @$to : $to;
	$c->cmd("QUIT");
	return wantarray ? @replies : $replies[0];
}

# The reply to a normal transaction, which must not wait for what others wait
# for.
sub healthy {
	my ($self, $to, %arg) = @_;
	my $begin = time;
	my $reply = $self->send_mail(to => $to, %arg);
	my $took = time - $begin;

	return $took <= 20 * $slow ? $reply : "$reply (after $took s)";
}

# Start a program that serves for this test; stopped with it, by pid.
sub peer {
	my ($self, @command) = @_;
	my $pid = fork // die "fork: $!";

	if ($pid == 0) {
		open STDIN, "<", "/dev/null";
		open STDOUT, ">>", "$self->{dir}/peers";
		open STDERR, ">&", \*STDOUT;
		if (ref $command[0]) {
			$command[0]->();
			POSIX::_exit(0);
		}
		{ exec @command };
		POSIX::_exit(127);
	}
	push @{ $self->{peers} }, $pid;
	return $pid;
}

# Until somebody listens on a port of 127.0.0.1, at "address:port" or a path.
sub wait_port {
	my ($self, $port) = @_;
	my ($address, $n) = $port =~ /^(?:(.*):)?(\d+)$/;

	return $self->wait_for(sub {
		my $s = $port =~ m{^/} ? IO::Socket::UNIX->new(Peer => $port)
		    : IO::Socket::INET->new(
			PeerAddr => $address // "127.0.0.1", PeerPort => $n)
		    or return 0;
		close $s;
		return 1;
	});
}

# A real name server (nsd) for zones: { "example.org" => "zone file text" },
# on the port that weir_dns_servers names; with new(dns_also => ADDRESS) also on
# port 53 there, for those who cannot be told of another port.
sub dns {
	my ($self, %zones) = @_;
	my $also = $self->{dns_also} ? "ip-address: $self->{dns_also}" : "";
	my $dir = "$self->{dir}/nsd";
	my $port = $self->port("dns");
	my $conf = <<EOT;
server:
	ip-address: 127.0.0.1\@$port
	$also
	username: ""
	chroot: ""
	database: ""
	zonesdir: "$dir"
	logfile: "$dir/log"
	pidfile: "$dir/pid"
	xfrdfile: "$dir/xfrd"
	zonelistfile: "$dir/zonelist"
	rrl-ratelimit: 0
	server-count: 1
remote-control:
	control-enable: no
EOT
	mkdir $dir;
	for my $zone (sort keys %zones) {
		$self->write_file("$dir/$zone.zone", <<EOT . $zones{$zone});
\$ORIGIN $zone.
\$TTL 300
@ IN SOA ns.$zone. host.$zone. 1 3600 600 86400 300
@ IN NS ns.$zone.
ns IN A 127.0.0.1
EOT
		$conf .= "zone:\n\tname: $zone\n\tzonefile: $zone.zone\n";
	}
	$self->write_file("$dir/nsd.conf", $conf);
	my $pid = $self->peer("nsd", "-d", "-c", "$dir/nsd.conf");
	$self->wait_port($port) or die "nsd: " . read_file("$dir/log");
	return $pid;
}

# A name server that is not always right (Weir::Names), on the port that
# weir_dns_servers names; the file of what it was asked.
sub names {
	my ($self, $zone, %odd) = @_;
	my $port = $self->port("dns");
	my $log = "$self->{dir}/asked";

	require Weir::Names;
	$self->peer(sub { Weir::Names::serve($port, $zone, $log, %odd) });
	$self->wait_port($port) or die "no name server";
	return $log;
}

# An SMTP server that takes everything and keeps each message in a file;
# $self->sink("name") waits on ${port:name}; or, at => "address:port", or at a
# path, there.
sub sink {
	my ($self, $name, %arg) = @_;
	my $dir = "$self->{dir}/$name";
	my $port = $arg{at} // $self->port($name);

	mkdir $dir;
	require Weir::Sink;
	$self->peer(sub { Weir::Sink::serve($port, $dir, %arg) });
	$self->wait_port($port) or die "no sink";
	return $dir;
}

# The messages in a directory (of a sink, new/ of a Maildir), waiting until
# there are so many.
sub messages {
	my ($self, $dir, $count, $seconds) = @_;
	my $list = sub { grep { -f && !/\.tmp$/ } sort glob("$dir/*") };

	$self->wait_for(sub { scalar(my @l = $list->()) >= $count },
	    $seconds);
	return map { read_file($_) } $list->();
}

sub DESTROY {
	my ($self) = @_;

	return if $$ != $owner;
	local ($?, $@, $!);
	$self->stop;
	kill "TERM", @{ $self->{peers} };
	for my $pid (@{ $self->{peers} }) {
		$self->wait_for(sub { waitpid($pid, WNOHANG) != 0 }, 3)
		    or kill "KILL", $pid;
	}
	print STDERR "# sanitizer: $_\n" for split /\n/, $self->complaints;
	if ($ENV{WEIR_KEEP}) {
		print STDERR "# kept: $self->{dir}\n";
	} else {
		remove_tree($self->{dir});
	}
}

1;
