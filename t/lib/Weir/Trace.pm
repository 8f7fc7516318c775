package Weir::Trace;

# strace on a role of a gateway, to count its system calls, to kill it at one of
# them or to have one fail (hostile.md, 3.2 and 3.4).

use strict;
use warnings;

use POSIX qw(WNOHANG);

use Weir;

# Waiting, and what only asks: nothing of the world changes by these.
my $idle = qr/^(?:epoll_wait|epoll_pwait|futex|ppoll|poll|restart_syscall|
    rt_sig\w+|clock_\w+|gettid|getpid|getppid|geteuid|getuid|exit|exit_group|
    rseq|set_robust_list|set_tid_address|arch_prctl|prlimit64|madvise|
    sched_\w+|membarrier|getrandom|uname|prctl|seccomp|sysinfo)$/x;

# "", or why nothing can be traced.
sub impossible {
	return "not root" if $> != 0;
	return "a sanitizer and strace do not go together"
	    if ($ENV{OUT} // "") =~ /asan|tsan|cover/;
	return "strace does not work here" if system(
	    "strace -f -e inject=getpid:error=EIO true >/dev/null 2>&1") != 0;
	return "";
}

sub threads {
	my ($pid) = @_;

	return map { Weir::read_file($_) } glob("/proc/$pid/task/*/status");
}

# Trace the process that ${find} says, and what it starts, with these arguments
# of strace.
sub attach {
	my ($class, $w, $find, @args) = @_;

	# It may just have died, and be replaced.
	return $w->wait_for(sub { $class->try($w, $find->(), @args) }) ||
	    die "strace: " . Weir::read_file("$w->{dir}/strace.said");
}

sub try {
	my ($class, $w, $pid, @args) = @_;
	my $self = bless { w => $w, file => "$w->{dir}/strace.$pid",
	    of => $pid }, $class;
	my $tracer = fork // die "fork: $!";

	unlink $self->{file};
	if ($tracer == 0) {
		open STDERR, ">>", "$w->{dir}/strace.said";
		{ exec "strace", "-f", "-q", "-o", $self->{file}, @args,
		    "-p", $pid };
		POSIX::_exit(127);
	}
	$self->{pid} = $tracer;
	my $state = $w->wait_for(sub {
		my @threads = threads($pid);
		return "gone" if !@threads || grep { /^State:\s+[ZX]/m } @threads;
		return "gone" if waitpid($tracer, WNOHANG) != 0;
		return !grep { !/TracerPid:\s+$tracer$/m } @threads;
	});
	return $self if $state && $state ne "gone";
	$self->detach;
	return undef;
}

# End the tracing; whether what was to happen has happened.
sub detach {
	my ($self) = @_;
	my $pid = delete $self->{pid} or return 0;
	my $gone = sub { waitpid($pid, WNOHANG) != 0 };

	kill "TERM", $pid;
	# It may wait for a thread of a process that dies, which waits for it.
	if (!$self->{w}->wait_for($gone, 1)) {
		kill "KILL", $pid;
		waitpid $pid, 0;
	}
	return 1 if Weir::read_file($self->{file}) =~
	    /INJECTED|killed by SIGKILL/;
	return Weir::read_file("/proc/$self->{of}/stat") !~ /^\d+ \(.*\) [^ZX]/;
}

# How often each call was made, at most, by a thread.
sub calls {
	my ($self) = @_;
	my (%n, %most);

	for (split /\n/, Weir::read_file($self->{file})) {
		my ($thread, $call) = /^(\d+)\s+(\w+)\(/ or next;
		next if $call =~ $idle;
		my $count = ++$n{"$thread $call"};
		$most{$call} = $count if $count > ($most{$call} // 0);
	}
	return %most;
}

sub DESTROY { $_[0]->detach }

1;
