package Weir::Sweep;

# A fault at each system call of a role in turn, while it handles mail of every
# kind; after each one the gateway must serve and the ledger must be right
# (hostile.md, 3.2 and 3.4; rows 90, 98, 101-106, 119, 133).
#
#	my $sweep = Weir::Sweep->new;
#	$sweep->run("queue", faults => sub { "signal=KILL" }, most => 40);
#
# The calls are counted in a run without faults.  A sample of the points, spread
# over all of them, is taken; all of them with WEIR_SWEEP=all, or those of a role
# from number N to M with WEIR_SWEEP=N-M.

use strict;
use warnings;

use POSIX qw(WNOHANG);
use Test::More;

use Weir;
use Weir::Ledger;
use Weir::Trace;

my ($first, $last) = ($ENV{WEIR_SWEEP} // "") =~ /^(\d+)-(\d+)$/;

# So many messages at most are kept before they are looked at.
my $batch = 60;

sub new {
	my ($class, %arg) = @_;

	return bless { arg => \%arg }, $class;
}

sub begin {
	my ($self) = @_;

	$self->{w} = Weir::Ledger::gateway(%{ $self->{arg} });
	$self->{ledger} = Weir::Ledger->new($self->{w});
	$self->{ledger}->send("warm");
	$self->{ledger}->drain or die "it does not work at all";
	return;
}

# The process to be traced.
sub pid_of {
	my ($self, $role) = @_;
	my $w = $self->{w};

	return $w->{pid} if $role eq "supervisor";
	return $w->wait_for(sub { ({ $w->roles })->{$role} });
}

# What happens while a fault is waited for: for the supervisor there must be
# something to do, too.
sub act {
	my ($self, $role, $id) = @_;
	my $w = $self->{w};
	my %pid = $w->roles;

	# Each role that is started now may die, and nobody be there to serve.
	if ($role eq "supervisor") {
		$self->{ledger}->send($id, "small");
		kill "KILL", $pid{deliver} if $pid{deliver};
		$w->command("reload");
	} else {
		$self->{ledger}->send($id);
	}
}

# The supervisor may be no more: its roles end, and it is started again.
sub revive {
	my ($self, %pid) = @_;
	my $w = $self->{w};

	return if waitpid($w->{pid}, WNOHANG) == 0;
	delete $w->{pid};
	$w->wait_for(sub { !grep { kill 0, $_ } values %pid });
	$w->start;
}

sub calls {
	my ($self, $role) = @_;
	my $trace = Weir::Trace->attach($self->{w}, sub { $self->pid_of($role) });

	$self->act($role, "count");
	$self->{ledger}->drain or die "a traced role does not work";
	$trace->detach;
	return $trace->calls;
}

# The points: [call, number, fault, more arguments of strace].
sub points {
	my ($self, $role, %arg) = @_;
	my %calls = $self->calls($role);
	my @points;

	for my $call (sort keys %calls) {
		for my $fault ($arg{faults}->($call)) {
			push @points, map { [ $call, $_, $fault ] }
			    1 .. $calls{$call};
		}
	}
	return sample($arg{most}, @points) if !$ENV{WEIR_SWEEP};
	note "$role: " . @points . " points";
	return @points if !defined $first;
	return grep { defined } @points[$first - 1 .. $last - 1];
}

# So many of the points: of a rare call as many as of a frequent one.
sub sample {
	my ($most, @points) = @_;
	my %of;

	push @{ $of{"$_->[0] $_->[2]"} }, $_ for @points;
	my @lists = map { $of{$_} } sort keys %of;
	my @taken;
	while (@lists && @taken < $most) {
		# From the middle of what is left of each.
		push @taken, map { splice @$_, @$_ / 2, 1 } @lists;
		@lists = grep { @$_ } @lists;
	}
	my $step = @taken > $most ? @taken / $most : 1;
	return map { $taken[$step * $_] } 0 .. @taken / $step - 1;
}

# One fault; what was wrong with the gateway after it.
sub point {
	my ($self, $role, $id, $point) = @_;
	my ($w, $ledger) = @$self{qw(w ledger)};
	my ($call, $n, $fault, @args) = @$point;
	my %pid = $w->roles;
	my $trace = Weir::Trace->attach($w, sub { $self->pid_of($role) },
	    "-e", "trace=$call", "-e", "inject=$call:$fault:when=$n", @args);

	# A role that has just been started is not the less trusted for it.
	$w->advance(11);
	$self->act($role, $id);
	$self->{hit} += $trace->detach;
	$self->revive(%pid, $w->roles);
	$ledger->drain or return "$id: does not come to rest: " .
	    join " ", map { ($w->command($_))[1] } "status", "mailq";
	$ledger->send("$id.after", "small");
	return "$id: does not serve" if !$ledger->taken("small-$id.after");
	return;
}

# What the ledger and the log say at the end.
sub look {
	my ($self, %arg) = @_;
	my ($w, $ledger) = @$self{qw(w ledger)};
	my @wrong = $ledger->drain ? () : "it does not come to rest";

	push @wrong, $ledger->faults(%{ $arg{more} || {} });
	push @wrong, grep { /panic:|must hold|killed by signal (?!9$)/ }
	    split /\n/, $w->log;
	push @wrong, "stop" if $w->stop != 0;
	for (qw(taken refused unknown)) {
		$self->{$_} += $ledger->count($_);
	}
	delete @$self{qw(w ledger)};
	return @wrong;
}

# faults => sub: the faults of a call, as strace injects them; most => so many
# points in a sample; more => what may be there more than once (Weir::Ledger);
# also => sub: points that each sample has, of this gateway; they come first.
sub run {
	my ($self, $role, %arg) = @_;
	my (@points, @wrong);

	@$self{qw(hit taken refused unknown)} = (0) x 4;
	$self->begin;
	@points = ($arg{also} ? $arg{also}->($self->{w}) : (),
	    $self->points($role, %arg));
	for my $i (0 .. $#points) {
		my ($call, $n, $fault) = @{ $points[$i] };
		(my $id = "$role.$call.$fault.$n") =~ tr/=+/../;

		$self->begin if !$self->{w};
		note $id if $ENV{WEIR_SWEEP_NAMES};
		push @wrong, $self->point($role, $id, $points[$i]);
		push @wrong, $self->look(%arg)
		    if ($i + 1) % $batch == 0 || $i == $#points;
		last if @wrong > 20;
	}
	is join("\n", @wrong), "", "$role: " . @points . " points, " .
	    "$self->{hit} reached; $self->{taken} messages taken, " .
	    "$self->{refused} refused, $self->{unknown} without an answer";
	cmp_ok $self->{hit}, ">", 0, "$role: faults were injected";
}

1;
