#!/usr/bin/perl
# kill -9 of the supervisor: all its roles end soon, at whatever moment of their
# lives it comes, be it that they miss the signal, or that something holds them
# up; the next supervisor has the place for itself, and no mail is lost (hostile
# 92, 110).
use strict;
use warnings;

use lib "t/lib";
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep);
use Weir::Ledger;

# One delivery to each of these comes to no end by itself.
my $w = Weir::Ledger::gateway(main => <<'EOT', master => <<'EOT2');
transport_maps = inline:{silent@example.net=relay:[127.0.0.1]:${port:silent},
  waits@example.net=waits:}
weir_drain_time_limit = 1h
EOT
127.0.0.1:${port:policy} inet n - n - - policy
waits unix - n n - - pipe
  user=nobody argv=/bin/sh $dir/waits
EOT2
$w->write_file("$w->{dir}/waits", <<'EOT');
cat >/dev/null
echo $$ >>$dir/open/began
while [ ! -e $dir/go ]; do sleep 0.05; done
EOT
mkdir "$w->{dir}/open";
chmod 0777, "$w->{dir}/open";
my $silent = $w->sink("silent", replies => { DATA => ["silent"] });
my $ledger = Weir::Ledger->new($w);
my $count = 0;

# The roles of this gateway that live: each leads a session.  A delivery that
# one has begun may go on without it.
sub living {
	return grep {
		my $command = Weir::read_file("/proc/$_/cmdline");
		$command =~ m{\0role-.*\0\Q$w->{dir}\E/etc\0}s &&
		    Weir::read_file("/proc/$_/stat") =~
		    /^$_ \(.*\) [^ZX] \d+ \d+ $_ /;
	} map { m{(\d+)} } glob("/proc/[0-9]*");
}

sub name {
	return Weir::read_file("/proc/$_[0]/cmdline") =~ /\0role-(\w+)/ ? $1
	    : "none";
}

sub kill_supervisor {
	my $pid = delete $w->{pid};

	kill "KILL", $pid;
	waitpid $pid, 0;
}

# They all end; what was on its way is delivered by those who come after them.
sub all_end {
	my ($name) = @_;
	my @left;

	$w->wait_for(sub { !(@left = living()) }, 20);
	is join(" ", map { name($_) } @left), "", "$name: all roles end";
	kill "KILL", @left;
}

sub goes_on {
	my ($name) = @_;

	$w->start;
	$ledger->send("after-" . ++$count);
	ok $ledger->drain, "$name: the next one delivers everything";
}

like join(" ", sort { $a cmp $b } keys %{ { $w->roles } }),
    qr/\bdeliver local policy proxy queue\b/, "a gateway with roles of all kinds";
kill_supervisor();
all_end("idle");
goes_on("idle");

# Something happens with all of them: mail comes and goes, others take their
# places.
for my $i (1 .. 8) {
	my $child = fork // die "fork: $!";

	if ($child == 0) {
		open STDERR, ">", "/dev/null";
		$w->command("reload");
		POSIX::_exit(0);
	}
	$ledger->send("reload-$i", $Weir::Ledger::kinds[$i % 4]);
	sleep 0.025 for 1 .. rand $i;
	kill_supervisor();
	all_end("reload $i");
	waitpid $child, 0;
	goes_on("reload $i");
}
for my $i (1 .. 8) {
	kill_supervisor();
	all_end("start $i");
	$w->launch;
	sleep 0.02 for 1 .. $i;
}
kill_supervisor();
all_end("start");
goes_on("start");

# What does not come to an end is waited for as at any stop, and not longer.
$w->send_mail(from => "", to => "$_\@example.net") for "silent", "waits";
ok $w->wait_for(sub {
	-s "$w->{dir}/open/began" &&
	    Weir::read_file("$silent.commands") =~ /^DATA/m;
}), "two deliveries are under way";
kill_supervisor();
my @left;
$w->wait_for(sub { @left = living(); @left <= 3 });
is join(" ", sort map { name($_) } @left), "deliver local queue",
    "who has to do with them waits";
$w->advance(3700);
all_end("weir_drain_time_limit");
kill "TERM", split /\n/, Weir::read_file("$w->{dir}/open/began");
$w->write_file("$w->{dir}/go", "");
goes_on("weir_drain_time_limit");

# Who debugs a role may take its signals.
SKIP: {
	skip "not root", 4 if $> != 0;
	my $pid = 0 + { $w->roles }->{deliver};
	my ($trace, $seize, $detach) = (101, 0x4206, 17);
	skip "only known of x86-64", 4 if (POSIX::uname())[4] ne "x86_64";
	is syscall($trace, $seize, $pid, 0, 0), 0, "a debugger";
	kill_supervisor();
	waitpid $pid, 0;
	is syscall($trace, $detach, $pid, 0, 0), 0, "it has taken a signal";
	$w->advance(3700);
	all_end("a signal that is lost");
	goes_on("a signal that is lost");
}
is join("\n", $ledger->faults(sink => 1, user => 1)), "",
    "the ledger is right";
unlike $w->log, qr/panic|must hold/, "nothing was wrong";
is $w->stop, 0, "stops";
done_testing;
