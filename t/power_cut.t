#!/usr/bin/perl
# The power goes at each call that changes a file system, of all roles: what was
# answered 250 is delivered, whole, and once where that can be known (hostile
# 93, 94); also when it goes again while the queue is opened (95).
#
# WEIR_SWEEP=all tries every call, which takes some minutes.
use strict;
use warnings;

use lib "t/lib";
use POSIX ();
use Time::HiRes ();
use Test::More;
use Weir;
use Weir::PowerCut;

Weir::PowerCut::begin();
my $all = ($ENV{WEIR_SWEEP} // "") eq "all";
my $counts = Weir::PowerCut::can_count();
my $large = join "", map { sprintf "%076d\r\n", $_ } 1 .. 2000;

sub gateway {
	my (%arg) = @_;
	my $base = $arg{two} ? "mail" : "queue/mail";

	return Weir->new(start => 0, main => <<EOT);
relay_domains = example.org
relay_recipient_maps =
transport_maps = inline:{example.org=relay:[127.0.0.1]:\${port:hop}}
virtual_mailbox_domains = example.com
virtual_mailbox_base = \$dir/$base
virtual_mailbox_maps = inline:{dir\@example.com=dir/, file\@example.com=file}
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
virtual_minimum_uid = 1
stale_lock_time = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
queue_directory = \$dir/queue/spool
EOT
}

# What a client sends each time: where it is to be found, and its text.
my @kinds = (
	[ "dir", 'dir@example.com', "small\r\n" ],
	[ "dir", 'dir@example.com', $large ],
	[ "file", 'file@example.com', "small\r\n" ],
	[ "hop", 'x@example.org', $large ],
	[ "bounce", 'none@example.org', "small\r\n" ],
);

# Sends one of each; what was answered 250 is in the ledger, which no power cut
# comes to.  A line is PLACE ID.
sub client {
	my ($w, $run) = @_;
	my $pid = fork // die;

	return $pid if $pid != 0;
	local $SIG{PIPE} = "IGNORE";
	open my $ledger, ">>", "$w->{dir}/ledger" or POSIX::_exit(1);
	$ledger->autoflush(1);
	my $c = eval { $w->smtp };
	for my $i (0 .. $#kinds) {
		my ($place, $to, $text) = @{ $kinds[$i] };
		my $reply = eval { $c->deliver(from => 'dir@example.com',
			to => $to, data => "Subject: id-$run-$i\r\n\r\n" .
			"${text}end\r\n") } // "";
		last if $reply !~ /^\d/;
		print $ledger "$place id-$run-$i\n" if $reply =~ /^250/;
	}
	POSIX::_exit(0);
}

# What is where: "PLACE ID" => how often; "PLACE torn" => ...
sub found {
	my ($w, $base) = @_;
	my %n;

	for my $file (glob("$base/dir/new/*")) {
		my $text = Weir::read_file($file);
		my $place = $text =~ /^Subject: Undelivered/m ? "bounce" : "dir";
		my ($id) = $text =~ /.*^Subject: (id-\S+?)\r?$/ms;
		$n{"$place " . ($id // "?")}++;
		$n{"$place torn"}++ if $text !~ ($place eq "dir"
		    ? qr/^end\r?\n\z/m : qr/^--\S+--\r?\n\s*\z/m);
	}
	for my $file (grep { !/tmp$/ } glob("$w->{dir}/hop/*")) {
		my $text = Weir::read_file($file);
		$n{"hop $1"}++ if $text =~ /^Subject: (\S+?)\r?$/m;
		$n{"hop torn"}++ if $text !~ /^end\r\n\z/m;
	}
	# A message that was being written when the power went may be there in
	# part; then it is there again.
	for my $text (split /^From .*\n/m, Weir::read_file("$base/file")) {
		$n{"file $1"}++ if $text =~ /^Subject: (\S+?)\r?\n.*\nend\r?$/ms;
	}
	return %n;
}

sub ledger { return split /\n/, Weir::read_file("$_[0]{dir}/ledger") }

# Until all that was answered 250 is where it belongs, and nothing is left.
sub settled {
	my ($w, $base) = @_;

	return $w->wait_for(sub {
		my %n = found($w, $base);
		return !grep { !$n{$_} } ledger($w);
	}) && $w->wait_for(
	    sub { ($w->command("mailq"))[1] =~ /^Mail queue is empty/m });
}

# What came of it all: of each file system's cut, nothing but what may be.
sub settle {
	my ($w, $base, $cuts, $what) = @_;

	ok settled($w, $base), "$what: the queue comes to its end";
	my %n = found($w, $base);
	my @acked = ledger($w);
	is join(", ", grep { !$n{$_} } @acked), "",
	    "$what: $cuts cuts, " . @acked . " answered 250, none lost";
	is join(", ", grep { /torn/ } keys %n), "", "$what: none cut short";
	is join(", ", grep { /^(?:dir|bounce) / && $n{$_} > 1 } keys %n), "",
	    "$what: none twice in the Maildir";
	my $twice = grep { /^hop / && $n{$_} > 1 } keys %n;
	cmp_ok $twice, "<=", $cuts,
	    "$what: $twice twice at the next hop, in flight when it went";
}

# Number ${n} of calls, counted from the client's first one.
sub run {
	my ($w, $cut, $base, $run, $n) = @_;

	$cut->arm($n);
	my $pid = client($w, $run);
	my $enough = $counts ? undef : Time::HiRes::time() + rand 0.5;
	my $held = $w->wait_for(sub {
		return 1 if $cut->stopped;
		return 1 if $enough && Time::HiRes::time() > $enough;
		return 0 if $pid && waitpid($pid, POSIX::WNOHANG) == 0;
		$pid = 0;
		my %n = found($w, $base);
		return 2 if !grep { !$n{$_} } ledger($w);
		return 0;
	});
	return sub { waitpid $pid, 0 if $pid };
}

# Of the calls from 1 to ${most}: these.
sub sample {
	my ($most, $count) = @_;

	return 1 .. $most if $all || $most <= $count;
	return map { 1 + int(($_ + rand) * $most / $count) } 0 .. $count - 1;
}

sub sweep {
	my ($type, $what, $two, $count, @dies) = @_;
	my $w = gateway(two => $two);
	my $cut = Weir::PowerCut->new($w, $type, "queue", $two ? "mail" : ());
	my $base = "$w->{dir}/" . ($two ? "mail" : "queue/mail");
	my ($cuts, $run, $most, $opening) = (0, 0, 3, 1);

	mkdir $base;
	chown +(getpwnam("nobody"))[2, 3], $base;
	$w->sink("hop", replies => { "RCPT <none\@example.org>" =>
		[ "550 5.1.1 no such user *" ] });
	$cut->start;
	if ($counts) {
		run($w, $cut, $base, "count", 0)->();
		ok settled($w, $base), "$what: a run without a cut";
		$most = $cut->count;
		cmp_ok $most, ">", 50, "$what: which makes $most calls";
	}
	for my $n (sample($most, $count)) {
		my $ended = run($w, $cut, $base, ++$run, $n);
		$cut->cut(++$cuts, @dies);
		$ended->();
		$cut->mount;
		# Every third time the power goes again while the store is
		# opened, each time a little later.
		if ($counts && $cuts % 3 == 0) {
			$cut->arm($opening);
			$cut->launch;
			my $before = length $w->log;
			$w->wait_for(sub { $cut->stopped || substr($w->log,
				$before) =~ /generation 1 serves/ });
			$opening = $cut->stopped ? $opening + ($all ? 1 : 3) : 1;
			$cut->cut(++$cuts, @dies);
			$cut->mount;
		}
		$cut->arm(0);
		$cut->start;
		settled($w, $base) or last;
	}
	settle($w, $base, $cuts, $what);
	is $w->stop, 0, "$what: stops cleanly";
	is $w->complaints, "", "$what: no sanitizer complains";
	unlike $w->log, qr/panic/, "$what: nothing died of a bug";
}

sweep("ext4", "one file system", 0, $counts ? 30 : 3, "queue");
sweep("ext4", "two, together", 1, $counts ? 30 : 3, "queue", "mail");
sweep("ext4", "two, the queue's goes", 1, $counts ? 10 : 1, "queue");
sweep("ext4", "two, the mailboxes' goes", 1, $counts ? 10 : 1, "mail");
SKIP: {
	skip "XFS may not be mounted here", 1
	    if !Weir::PowerCut::can_mount("xfs");
	sweep("xfs", "XFS", 0, $counts ? 12 : 2, "queue");
	sweep("xfs", "XFS, two", 1, $counts ? 8 : 1, "queue", "mail");
}
done_testing;
