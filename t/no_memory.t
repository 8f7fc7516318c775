#!/usr/bin/perl
# At some allocation there is no memory, in any process of a gateway: mail may be
# refused for now, or a role may end and come back; what was answered 250 is
# delivered, whole, and mail is taken again (hostile 106): a sample, or, with
# WEIR_SWEEP=all, every allocation for a message of each kind.
use strict;
use warnings;

use lib "t/lib";
use Cwd qw(abs_path);
use POSIX qw(WNOHANG);
use Test::More;
use Weir::Ledger;

my $out = $ENV{OUT} || "build/debug";
plan skip_all => "a sanitizer has its own allocator" if $out =~ /asan|tsan/;
plan skip_all => "the clock cannot be set in this build" if $out =~ /release/;
my $all = ($ENV{WEIR_SWEEP} // "") eq "all";

my $w = Weir::Ledger::gateway(start => 0);
my $page = "$w->{dir}/page";

# Let allocation number ${n} from now on fail; 0: none; -1: nor be counted.
sub arm {
	my ($n) = @_;

	open my $f, -e $page ? "+<" : ">", $page or die "$page: $!";
	syswrite $f, pack "q3", $n, 0, 0;
	close $f;
}
sub counted { return (unpack "q3", Weir::read_file($page))[1] }
sub failed { return (unpack "q3", Weir::read_file($page))[2] }

sub start {
	local $ENV{NO_MEMORY_PAGE} = $page;
	local $ENV{LD_PRELOAD} = abs_path("$out/t/preload/no_memory.so");
	return $w->start;
}

arm(-1);
chmod 0666, $page;
start();
my $ledger = Weir::Ledger->new($w);
my (@wrong, %ended);
my $failures = 0;

$ledger->send("warm");
ok $ledger->drain, "all is well with memory";
arm(0);
$ledger->send("count");
ok $ledger->drain, "and while it is counted";
my $most = counted();
arm(-1);
cmp_ok $most, ">", 100, "for which memory was asked $most times";

my @points = $all ? 1 .. $most
    : map { 1 + int(($_ + rand) * $most / 30) } 0 .. 29;
for my $n (@points) {
	# A role that has just been started is not the less trusted for it.
	$w->advance(11);
	arm($n);
	$ledger->send("at.$n");
	$failures += failed();
	arm(-1);
	if (waitpid($w->{pid}, WNOHANG) != 0) {
		delete $w->{pid};
		start();
	}
	push @wrong, "$n: does not come to rest" if !$ledger->drain;
	$ledger->send("after.$n", "small");
	push @wrong, "$n: does not serve" if !$ledger->taken("small-after.$n");
	last if @wrong;
}
push @wrong, "it does not come to rest" if !$ledger->drain;
is join("\n", @wrong, $ledger->faults(sink => 1, user => 1)), "",
    @points . " allocations: the ledger is right";
cmp_ok $failures, ">", 10, "$failures of them failed";
$ended{$_}++ for $w->log =~ /process weir\/(\w+) pid \d+ (?:exit|killed)/g;
note join ", ", map { "$_ ended $ended{$_} times" } sort keys %ended;
is $w->stop, 0, "stops cleanly";
unlike $w->log, qr/panic:|must hold|killed by signal/,
    "who has no memory says so, and ends";
like $w->log, qr/: fatal: out of memory$/m, "some did";
done_testing;
