package Bench;

# What the benchmarks have in common.

use strict;
use warnings;

use POSIX ();
use Time::HiRes qw(sleep time);
use Weir;

my $tick = POSIX::sysconf(POSIX::_SC_CLK_TCK());

# A process and all below it.
sub family {
	my @todo = @_;
	my @all;
	my %below;

	for my $stat (glob("/proc/[0-9]*/stat")) {
		my @f = split / /, (Weir::read_file($stat) =~ s/^.*\) //r);
		push @{ $below{ $f[1] } }, $stat =~ m{/(\d+)/} if @f > 10;
	}
	while (defined(my $pid = shift @todo)) {
		push @all, $pid;
		push @todo, @{ $below{$pid} || [] };
	}
	return @all;
}

# Their seconds of CPU, with those of children that have ended.
sub cpu {
	my $ticks = 0;

	for my $pid (family(@_)) {
		my @f = split / /,
		    (Weir::read_file("/proc/$pid/stat") =~ s/^.*\) //r);
		$ticks += $f[$_] for 11 .. 14;
	}
	return $ticks / $tick;
}

# Their private memory in KB.
sub private_memory {
	my $kb = 0;

	for my $pid (family(@_)) {
		my $text = Weir::read_file("/proc/$pid/smaps");
		# The store's mapping is not counted: it is the page cache.
		for my $map (split /^(?=[0-9a-f]+-[0-9a-f]+ )/m, $text) {
			next if $map =~ m{/store/};
			$kb += $1 while $map =~ /^Private_\w+:\s+(\d+) kB/gm;
		}
	}
	return $kb;
}

# Start a program; its pid.
sub start {
	my $child = fork // die "fork: $!";

	return $child if $child;
	{ exec @_ };
	POSIX::_exit(127);
}

# The sink of all subjects; its pid.
my $count;

sub sink {
	my ($dir, @ports) = @_;

	$count = "$dir/count";
	return start("$ENV{OUT}/bench/sink", $ports[0], $count,
	    @ports[1 .. $#ports]);
}

# What it has got so far: messages, and in a list their recipients, too.
sub sunk {
	open my $f, "<", $count or return 0;
	sysread $f, my $octets, 16;
	my @n = unpack "QQ", ($octets // "") . "\0" x 16;
	return wantarray ? @n[0, 1] : $n[0];
}

sub wait_sunk {
	my ($want, $seconds) = @_;
	my $end = time + ($seconds || 60);

	sleep 0.005 while sunk() < $want && time < $end;
	die "lost: ", $want - sunk() if sunk() < $want;
}

# The client that sends ${n} messages; ${reuse} its connections.
sub source {
	my ($port, $sessions, $n, $size, $reuse, @more) = @_;

	return ("smtp-source", "-s", $sessions, "-m", $n, "-l", $size,
	    $reuse ? "-d" : (), "-f", 'sender@example.net', "-t",
	    'rcpt@example.org', @more, "127.0.0.1:$port");
}

# Send them through a subject to the sink: (messages per second, seconds of CPU
# per 1000).
sub relay {
	my ($subject, $sessions, $n, $size, $reuse) = @_;
	my @command = source($subject->{port}, $sessions, $n, $size, $reuse);
	my $before = sunk();
	my $cpu = cpu($subject->{pid});
	my $start = time;

	system(@command) == 0 or die "@command";
	wait_sunk($before + $n);
	my $time = time - $start;
	# What follows the last delivery: logs, the queue's own marks.
	sleep 0.2;
	return ($n / $time, (cpu($subject->{pid}) - $cpu) * 1000 / $n);
}

sub median { return (sort { $a <=> $b } @_)[ $#_ / 2 ] }

1;
