#!/usr/bin/perl
# kill -9 at random times under load: of one role after the other, then of all
# of them and the supervisor, again and again (hostile 91, 92): a few times, or
# 500 times each with WEIR_SWEEP=all.
use strict;
use warnings;

use lib "t/lib";
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);
use Weir::Ledger;

plan skip_all => "not root" if $> != 0;
my $all = ($ENV{WEIR_SWEEP} // "") eq "all";
my $part = 25; # kills between two looks at the ledger

# Mail of all kinds from two clients while ${run} runs; the ledger of it.
sub under_load {
	my ($w, $ledger, $name, $run) = @_;
	my $stop = "$w->{dir}/stop";
	my @clients;

	unlink $stop;
	for my $me (1 .. 2) {
		my $pid = fork // die "fork: $!";
		if ($pid == 0) {
			for (my $i = 0; !-e $stop; $i++) {
				$ledger->send("$name.$me.$i",
				    $Weir::Ledger::kinds[$i % 4]);
			}
			$ledger->save("$w->{dir}/ledger.$me");
			POSIX::_exit(0);
		}
		push @clients, $pid;
	}
	$run->();
	$w->write_file($stop, "");
	waitpid $_, 0 for @clients;
	$ledger->load("$w->{dir}/ledger.$_") for 1 .. 2;
}

# So many kills by ${kill}, which is given the gateway.
sub kills {
	my ($name, $count, $kill) = @_;
	my ($done, $taken, @wrong) = (0, 0);

	while ($done < $count) {
		my $w = Weir::Ledger::gateway();
		my $ledger = Weir::Ledger->new($w);
		my $n = $count - $done < $part ? $count - $done : $part;
		under_load($w, $ledger, $name, sub {
			for (1 .. $n) {
				sleep 0.02 + rand 0.1;
				$kill->($w, $done++);
			}
		});
		push @wrong, "does not come to rest" if !$ledger->drain;
		# Under way there may have been the same message each time.
		push @wrong, $ledger->faults(sink => $n, user => $n);
		push @wrong, grep { /panic|signal (?!9$)/ } split /\n/, $w->log;
		push @wrong, "does not stop" if $w->stop != 0;
		$taken += $ledger->count("taken");
	}
	is join("\n", @wrong), "", "$name: $done kills, $taken messages taken";
	cmp_ok $taken, ">", 0, "$name: mail was taken";
}

my @roles = qw(queue proxy deliver local);
kills("role", $all ? 500 : 24, sub {
	my ($w, $i) = @_;
	my $name = $roles[$i % @roles];
	my $pid;

	# Time passes: what has lived long enough is started again at once.
	$w->advance(11);
	$w->wait_for(sub { $pid = { $w->roles }->{$name} });
	kill "KILL", $pid;
});
kills("all", $all ? 500 : 12, sub {
	my ($w) = @_;
	my %pid = $w->roles;

	kill "KILL", $w->{pid}, values %pid;
	waitpid delete $w->{pid}, 0;
	$w->wait_for(sub { !grep { kill 0, $_ } values %pid });
	$w->start;
});
done_testing;
