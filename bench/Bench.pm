package Bench;

# What the benchmarks have in common.

use strict;
use warnings;

use POSIX ();
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

# Start a program; its pid.
sub start {
	my $child = fork // die "fork: $!";

	return $child if $child;
	{ exec @_ };
	POSIX::_exit(127);
}

sub median { return (sort { $a <=> $b } @_)[ $#_ / 2 ] }

1;
