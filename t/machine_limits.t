#!/usr/bin/perl
# Limits of the machine and of processes: no descriptors for a role, files that
# may not grow, storms of signals, an hour asleep, a second gateway on one queue
# and what a dead one left (hostile 105, 107, 110).
use strict;
use warnings;

use lib "t/lib";
use POSIX qw(WNOHANG);
use Test::More;
use Weir::Ledger;

plan skip_all => "not root" if $> != 0;

sub ticks {
	my ($pid) = @_;
	my @f = split / /, Weir::read_file("/proc/$pid/stat") =~ s/^.*\) //sr;

	return $f[11] + $f[12];
}

# Soft limits only, and as the user that it is: nobody else may.
sub limit {
	my ($pid, $what) = @_;
	my ($of) = Weir::read_file("/proc/$pid/status") =~ /^Uid:\s+(\d+)/m;
	my ($group) = Weir::read_file("/proc/$pid/status") =~ /^Gid:\s+(\d+)/m;

	return system("setpriv", "--reuid", $of, "--regid", $group,
	    "--clear-groups", "prlimit", "--pid", $pid, $what) == 0;
}

# After whatever it was: all roles, the same ones, and the ledger.
sub all_well {
	my ($w, $ledger, $what, %pid) = @_;

	$ledger->send("after");
	ok $ledger->drain, "$what: comes to rest";
	is_deeply { $w->roles }, \%pid, "$what: nobody died" if %pid;
	ok $ledger->taken("small-after"), "$what: mail is taken";
	is join("\n", $ledger->faults), "", "$what: the ledger is right";
	is $w->stop, 0, "$what: stops";
	is $w->complaints, "", "$what: no sanitizer complains";
}

subtest "row 105: no descriptor for who connects" => sub {
	for my $role (qw(queue supervisor)) {
		my $w = Weir::Ledger::gateway();
		my $ledger = Weir::Ledger->new($w);
		my %pid = ($w->roles);
		my $pid = $pid{$role} // $w->{pid};
		my $path = "$w->{dir}/queue/run/" .
		    ($role eq "queue" ? "admin" : "control");
		my $open = () = glob("/proc/$pid/fd/*");

		ok limit($pid, "--nofile=$open:"), "$role has no descriptor left";
		my @held = map { IO::Socket::UNIX->new(Peer => $path) } 1 .. 20;
		my $before = ticks($pid);
		select undef, undef, undef, 0.05 for 1 .. 10;
		cmp_ok ticks($pid) - $before, "<", 20, "$role does not spin";
		close $_ for grep { defined } @held;
		limit($pid, "--nofile=1024:");
		all_well($w, $ledger, $role, %pid);
	}
};

subtest "row 107: the store may not grow" => sub {
	my $w = Weir::Ledger::gateway();
	my $ledger = Weir::Ledger->new($w);
	my %pid = $w->roles;
	my $n = 0;
	my ($data) = glob("$w->{dir}/queue/store/data.mdb");
	ok limit($pid{queue}, "--fsize=" . ((-s $data) + 8192) . ":"),
	    "limited";
	# Nothing leaves it meanwhile.
	kill "STOP", $pid{deliver};
	while ($n++ < 300) {
		$ledger->send("limited.$n", "large");
		last if !$ledger->taken("large-limited.$n");
	}
	is $ledger->count("refused"), 1, "what it has no room for is refused";
	kill "CONT", $pid{deliver};
	is_deeply { $w->roles }, \%pid, "nobody is killed";
	ok limit($pid{queue}, "--fsize=unlimited:"), "and now it may";
	ok $w->wait_for(sub {
		$w->advance(2);
		$ledger->send("probe." . $n++, "small");
		return $ledger->taken("small-probe." . ($n - 1));
	}), "mail is taken again";
	all_well($w, $ledger, "afterwards", %pid);
};

subtest "row 107: storms of signals" => sub {
	my $w = Weir::Ledger::gateway();
	my $ledger = Weir::Ledger->new($w);

	for my $signal (qw(HUP USR1 CHLD)) {
		for my $i (1 .. 50) {
			kill $signal, $w->{pid};
			$ledger->send("$signal.$i", "small") if $i % 10 == 0;
		}
	}
	all_well($w, $ledger, "signals");
	$w = Weir::Ledger::gateway();
	$ledger = Weir::Ledger->new($w);
	$ledger->send("before");
	kill "TERM", $w->{pid} for 1 .. 5;
	ok $w->wait_for(sub { waitpid($w->{pid}, WNOHANG) != 0 }),
	    "it ends when it is told so again and again";
	is $?, 0, "in order";
	$w->start;
	all_well($w, $ledger, "and after a start");
};

subtest "row 107: an hour asleep" => sub {
	my $w = Weir::Ledger::gateway();
	my $ledger = Weir::Ledger->new($w);
	my %pid = $w->roles;

	$ledger->send("before");
	kill "STOP", values %pid;
	$w->advance(3600);
	kill "CONT", values %pid;
	all_well($w, $ledger, "awake", %pid);
};

subtest "row 110: one queue, one gateway" => sub {
	my $w = Weir::Ledger::gateway();
	my $ledger = Weir::Ledger->new($w);
	my %pid = $w->roles;
	my ($status, $text) = $w->command("run");

	isnt $status, 0, "a second one does not start";
	like $text . Weir::read_file("$w->{dir}/log"), qr/already|in use/,
	    "and says why";
	$ledger->send("before");
	kill "KILL", $w->{pid};
	waitpid delete $w->{pid}, 0;
	# At once: the roles of the dead one may still be there.
	$w->start;
	ok $w->wait_for(sub { !grep { kill 0, $_ } values %pid }),
	    "the roles of a dead one end";
	all_well($w, $ledger, "the next one");
};
done_testing;
