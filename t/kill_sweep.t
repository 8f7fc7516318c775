#!/usr/bin/perl
# kill -9 of each role, and of the supervisor with what it starts, at every
# system call by which it acts on the world (hostile 90, 95, 119; see
# Weir/Sweep.pm): a sample, or all with WEIR_SWEEP=all.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Sweep;

my $impossible = Weir::Trace::impossible();
plan skip_all => $impossible if $impossible;

# What the queue had given away when it died is delivered again, but for what a
# Maildir has; a proxy that died before it answered sendmail leaves it the
# message, as any client.
my %more = (queue => { sink => 1 }, deliver => { sink => 1 },
    proxy => { user => 1 }, supervisor => { sink => 1, user => 1 });
my @roles = @ARGV ? @ARGV : qw(queue proxy deliver local supervisor);

for my $role (@roles) {
	Weir::Sweep->new->run($role, faults => sub { "signal=KILL" },
	    most => 30, more => $more{$role});
}

# The queue dies with a message in it before it answers; until the proxy asks
# the next one, that has delivered it.
subtest "the proxy asks late" => sub {
	my $w = Weir::Ledger::gateway();
	my $ledger = Weir::Ledger->new($w);
	my $pid = sub { ({ $w->roles })->{ $_[0] } };

	$ledger->send("warm");
	$ledger->drain or die "it does not work at all";
	my $proxy = Weir::Trace->attach($w, sub { $pid->("proxy") }, "-e",
	    "trace=connect", "-e", "inject=connect:delay_enter=2000000");
	my $queue = Weir::Trace->attach($w, sub { $pid->("queue") }, "-e",
	    "trace=sendto", "-e", "inject=sendto:signal=KILL:when=1");
	$ledger->send("late", "small");
	ok $queue->detach, "the queue died";
	$proxy->detach;
	ok $ledger->drain, "all is delivered";
	ok $ledger->taken("small-late"), "what was stored was not refused";
	is join("\n", $ledger->faults(sink => 1)), "", "the ledger is right";
	is $w->stop, 0, "stops";
};
done_testing;
