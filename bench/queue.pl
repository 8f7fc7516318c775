#!/usr/bin/perl
# queue.pl - what a full queue costs: Weir and Debian's Postfix in turn, with the
# same client, the same sink and the same configuration.
#
#   deferred   messages that wait: how long a start takes until new mail passes,
#              how long mailq takes, the memory for each, how fast they leave
#   list       one message to 10,000 recipients at 100 destinations
#   sustained  10 KB messages without a pause: does the rate last?
#
#	OUT=build/release perl -It/lib -Ibench bench/queue.pl [quick]

use strict;
use warnings;

use File::Temp qw(tempdir);
use Time::HiRes qw(sleep time);

use Bench;
use Weir;
use Weir::Client;
use Weir::Postfix;

$ENV{OUT} ||= "build/release";
my $quick = grep { $_ eq "quick" } @ARGV;
my $dir = tempdir("weir-bench-XXXXXX", TMPDIR => 1, CLEANUP => 1);
my @ports = map { Weir::free_port() } 0 .. 100;
my $deferred = $quick ? 5_000 : 100_000;
my $recipients = 10_000;
my $seconds = $quick ? 6 : 60;

chmod 0755, $dir;
my $main = <<"EOT";
smtpd_recipient_limit = 20000
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
transport_maps = texthash:$dir/transport
smtp_tls_security_level = none
queue_run_delay = 1h
minimal_backoff_time = 1h
EOT
my $master = "slow unix - - n - - smtp\n";
Weir::Postfix::write_file("$dir/transport", join "",
    "example.org slow:[127.0.0.1]:$ports[0]\n",
    "late.example smtp:[127.0.0.1]:$ports[0]\n",
    map { "d$_.example smtp:[127.0.0.1]:$ports[$_]\n" } 1 .. $#ports);
my $sink = Bench::sink($dir, @ports);

# Both with the same verbs: start, stop, set (main.cf in a running server).
package Subject::Weir {
	sub new {
		my $w = Weir->new(start => 0, real_time => 1);
		return bless { name => "Weir", server => $w, port => $w->{port} };
	}

	sub start {
		my ($self, $main) = @_;

		$self->{server}->configure(main => $main, master => $master);
		$self->{server}->start;
		$self->{pid} = $self->{server}{pid};
	}

	sub stop { $_[0]{server}->stop }

	sub set {
		my ($self, $main) = @_;

		$self->{server}->reconfigure(main => $main, master => $master);
	}

	sub postqueue {
		my ($self, @args) = @_;

		return (Weir::program(), "postqueue", "-c",
		    "$self->{server}{dir}/etc", @args);
	}
}

package Subject::Postfix {
	sub new {
		return bless { name => "Postfix", port => Weir::free_port() };
	}

	sub start {
		my ($self, $main) = @_;

		$self->{server} = Weir::Postfix->start("$dir/postfix",
		    port => $self->{port}, main => $main, master => $master);
		$self->{pid} = $self->{server}{pid};
	}

	sub stop { $_[0]{server}->stop }

	sub set {
		my ($self, $main) = @_;

		Weir::Postfix::write_file("$dir/postfix/etc/main.cf",
		    Weir::read_file("$dir/postfix/etc/main.cf") . $main);
		system("postfix -c $dir/postfix/etc reload >/dev/null 2>&1");
	}

	sub postqueue {
		my ($self, @args) = @_;

		return ("postqueue", "-c", "$dir/postfix/etc", @args);
	}
}

package main;

my @subjects = (Subject::Weir->new, Subject::Postfix->new);

sub row { print "| ", join(" | ", @_), " |\n" }

# A figure of both, and how many times better Weir is; ${less}: the smaller.
sub figure {
	my ($what, $format, $less, $mine, $theirs) = @_;

	row($what, (map { sprintf $format, $_ } $mine, $theirs), sprintf "%.1f",
	    $less ? $theirs / $mine : $mine / $theirs);
}

sub waiting {
	my ($subject) = @_;
	my $n = 0;

	open my $f, "-|", $subject->postqueue("-j") or die;
	while (my $line = <$f>) {
		$n++ if $line =~ /"queue_name": *"deferred"/;
	}
	return $n;
}

# Seconds that a command takes whose output nobody wants.
sub timed {
	my (@command) = @_;
	my $begin = time;
	my $pid = fork // die;

	if ($pid == 0) {
		open STDOUT, ">", "/dev/null";
		exec @command;
	}
	waitpid $pid, 0;
	die "@command" if $? != 0;
	return time - $begin;
}

# One message to late.example, tried until it is taken: seconds until the sink
# has it.
sub pass_one {
	my ($subject) = @_;
	my $before = Bench::sunk();
	my $begin = time;

	while (time < $begin + 120) {
		my $c = eval { Weir::Client->new($subject->{port}) };
		last if $c && $c->deliver(from => 'sender@example.net',
		    to => 'one@late.example', data => "Subject: x\r\n\r\nx\r\n")
		    =~ /^250/;
		sleep 0.005;
	}
	Bench::wait_sunk($before + 1);
	return time - $begin;
}

sub empty_memory {
	my ($subject) = @_;

	pass_one($subject);
	return Bench::private_memory($subject->{pid});
}

sub deferred {
	my ($subject) = @_;
	my $later = "${main}defer_transports = slow\n";
	my %got;

	$subject->start($later);
	my $empty = empty_memory($subject);
	system(Bench::source($subject->{port}, 20, $deferred, 1024, 1, "-N")) == 0
	    or die "smtp-source";
	sleep 1 while waiting($subject) < $deferred;
	$subject->stop;
	my $begin = time;
	$subject->start($later);
	pass_one($subject);
	$got{start} = time - $begin;
	sleep 2;
	$got{memory} = (Bench::private_memory($subject->{pid}) - $empty) * 1024 /
	    $deferred;
	$got{mailq} = Bench::median(map { timed($subject->postqueue("-p")) }
	    1 .. 3);
	$got{beside} = Bench::median(map { pass_one($subject) } 1 .. 5);
	my $before = Bench::sunk();
	$subject->set($main);
	my $cpu = Bench::cpu($subject->{pid});
	$begin = time;
	timed($subject->postqueue("-f"));
	Bench::wait_sunk($before + $deferred, 1200);
	$got{rate} = $deferred / (time - $begin);
	$got{cpu} = (Bench::cpu($subject->{pid}) - $cpu) * 1000 / $deferred;
	$subject->stop;
	return \%got;
}

# One message to many: seconds until its 250, until the last recipient has it,
# and until a message to another, sent at once after it, has passed.
sub list {
	my ($subject) = @_;
	my $c = Weir::Client->new($subject->{port});
	my ($messages, $before) = Bench::sunk();
	my $cpu = Bench::cpu($subject->{pid});
	my @to = map { "user$_\@d" . ($_ % $#ports + 1) . ".example" }
	    1 .. $recipients;

	$c->cmd("EHLO client.example.net");
	$c->cmd("MAIL FROM:<sender\@example.net>");
	while (my @some = splice @to, 0, 100) {
		$c->put(join "", map { "RCPT TO:<$_>\r\n" } @some);
		$c->reply =~ /^250/ or die "RCPT" for @some;
	}
	$c->cmd("DATA") =~ /^354/ or die "DATA";
	my $begin = time;
	$c->cmd("Subject: x\r\n\r\nx\r\n.") =~ /^250/ or die "end of data";
	my $taken = time - $begin;
	my $other = pass_one($subject);
	while ((Bench::sunk())[1] < $before + $recipients + 1) {
		die "lost" if time > $begin + 300;
		sleep 0.005;
	}
	my $all = time - $begin;
	sleep 0.2;
	return { taken => $taken * 1000, all => $all, other => $other * 1000,
		cpu => Bench::cpu($subject->{pid}) - $cpu };
}

# The rate of each sixth of the time, and what remains in memory.
sub sustained {
	my ($subject) = @_;
	my $part = $seconds / 6;
	my ($rate) = Bench::relay($subject, 20, 2000, 10240, 1);
	my $before = Bench::sunk();
	my $memory = Bench::private_memory($subject->{pid});
	my $cpu = Bench::cpu($subject->{pid});
	my $n = int($rate * $seconds);
	my $client = Bench::start(Bench::source($subject->{port}, 20, $n, 10240,
	    1));
	my @rates;
	my $begin = time;
	my ($last, $from) = ($before, $begin);

	while (Bench::sunk() < $before + $n) {
		sleep 0.05;
		next if time < $from + $part;
		my ($now, $sunk) = (time, scalar Bench::sunk());
		push @rates, ($sunk - $last) / ($now - $from);
		($last, $from) = ($sunk, $now);
		die "lost" if $now > $begin + 20 * $seconds;
	}
	my $all = $n / (time - $begin);
	waitpid $client, 0;
	sleep 0.5;
	return { rate => $all, rates => \@rates,
		cpu => (Bench::cpu($subject->{pid}) - $cpu) * 1000 / $n,
		memory => (Bench::private_memory($subject->{pid}) - $memory) / 1024 };
}

$| = 1;
row("", "Weir", "Postfix", "ratio");
row(("---") x 4);
my @got = map { deferred($_) } @subjects;
figure("$deferred deferred: seconds from start until new mail has passed",
    "%.2f", 1, map { $_->{start} } @got);
figure("seconds for mailq", "%.2f", 1, map { $_->{mailq} } @got);
figure("ms for new mail beside them", "%.1f", 1,
    map { $_->{beside} * 1000 } @got);
figure("messages/s when they leave", "%.0f", 0, map { $_->{rate} } @got);
figure("CPU s per 1000 of that", "%.2f", 1, map { $_->{cpu} } @got);
row("octets of private memory for each", map({ sprintf "%.0f", $_->{memory} }
    @got), "");

$_->start($main) for @subjects;
my @lists = map { my $s = $_; [map { list($s) } 1 .. ($quick ? 1 : 3)] }
    @subjects;
my $middle = sub {
	my ($name) = @_;
	return map { Bench::median(map { $_->{$name} } @$_) } @lists;
};
figure("$recipients recipients at 100 destinations: ms until it is taken",
    "%.0f", 1, $middle->("taken"));
figure("seconds until the last has it", "%.2f", 1, $middle->("all"));
figure("ms for one message behind it", "%.1f", 1, $middle->("other"));
figure("CPU seconds", "%.2f", 1, $middle->("cpu"));

my @sustained = map { sustained($_) } @subjects;
figure("sustained $seconds s of 10 KB: messages/s", "%.0f", 0,
    map { $_->{rate} } @sustained);
figure("CPU s per 1000", "%.2f", 1, map { $_->{cpu} } @sustained);
row("messages/s of each sixth",
    map({ join " ", map { sprintf "%.0f", $_ } @{ $_->{rates} } } @sustained),
    "");
row("MB of memory more at its end", map({ sprintf "%.1f", $_->{memory} }
    @sustained), "");
$_->stop for @subjects;
kill "TERM", $sink;
waitpid $sink, 0;
