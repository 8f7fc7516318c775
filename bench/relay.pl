#!/usr/bin/perl
# relay.pl - SMTP in, durable, SMTP out: Weir and Debian's Postfix in turn, on
# the same machine with the same client (smtp-source) and the same sink.
#
# Rate is end to end: from the client's first octet until the sink has the last
# message.  CPU is that of all processes of the subject, client and sink left
# out.  Each figure is the median of several runs, the subjects by turns.
#
#	OUT=build/release perl -It/lib -Ibench bench/relay.pl [quick]

use strict;
use warnings;

use File::Temp qw(tempdir);
use POSIX ();
use Time::HiRes qw(sleep time);

use Bench;
use Weir;
use Weir::Postfix;

$ENV{OUT} ||= "build/release";
my $quick = grep { $_ eq "quick" } @ARGV;
my $dir = tempdir("weir-bench-XXXXXX", TMPDIR => 1, CLEANUP => 1);
my $sink_port = Weir::free_port();
my $rounds = $quick ? 1 : 3;
my @subjects;

chmod 0755, $dir;

sub compare {
	my ($size, $sessions, $reuse) = @_;
	my (%rate, %cpu);

	for my $round (1 .. $rounds) {
		for my $s (@subjects) {
			my $count = $s->{count} / ($sessions == 1 ? 4 : 1);

			Bench::relay($s, $sessions, $sessions + 100, $size,
			    $reuse) if $round == 1;
			my ($rate, $cpu) =
			    Bench::relay($s, $sessions, $count, $size, $reuse);
			push @{ $rate{ $s->{name} } }, $rate;
			push @{ $cpu{ $s->{name} } }, $cpu;
		}
	}
	printf "| %4d KB | %4d | %-6s |", $size / 1024, $sessions,
	    $reuse ? "reused" : "new";
	my @rate = map { Bench::median(@{ $rate{ $_->{name} } }) } @subjects;
	my @cpu = map { Bench::median(@{ $cpu{ $_->{name} } }) } @subjects;
	printf " %5.0f | %5.0f | %4.1f |", @rate, $rate[0] / $rate[1];
	printf " %.2f | %.2f | %4.1f |\n", @cpu, $cpu[1] / $cpu[0];
}

# System calls per message, under strace: a run of its own, since that slows
# everything down.
sub calls {
	my ($subject, $reuse) = @_;
	my $count = 1000;
	my $before = Bench::sunk();
	my $tracer = Bench::start("strace", "-c", "-f", "-q", "-o",
	    "$dir/strace", map { ("-p", $_) } Bench::family($subject->{pid}));

	sleep 1;
	system(Bench::source($subject->{port}, 20, $count, 1024, $reuse)) == 0
	    or die "smtp-source";
	Bench::wait_sunk($before + $count);
	sleep 0.5;
	kill "INT", $tracer;
	waitpid $tracer, 0;
	my ($total) =
	    Weir::read_file("$dir/strace") =~ /(\d+)(?:\s+\d+)?\s+total$/m;
	return ($total // die "strace: no total") / $count;
}

# The most private memory of all processes while 100 sessions send, in MB.
sub memory {
	my ($subject) = @_;
	my $before = Bench::sunk();
	my $count = $subject->{count};
	my $most = 0;
	my $client =
	    Bench::start(Bench::source($subject->{port}, 100, $count, 10240, 0));

	do {
		my $kb = Bench::private_memory($subject->{pid});
		$most = $kb if $kb > $most;
		sleep 0.1;
	} while waitpid($client, POSIX::WNOHANG()) == 0;
	Bench::wait_sunk($before + $count);
	return $most / 1024;
}

# Connections that say nothing: (how many, KB each, worst greeting in ms).
sub idle {
	my ($subject, $want) = @_;
	my $before = Bench::private_memory($subject->{pid});
	my $worst = 0;
	my @clients;

	for my $i (1 .. $want) {
		my $from = sprintf "127.0.%d.%d", 1 + $i / 250, 1 + $i % 250;
		my $c = eval {
			Weir::Client->new($subject->{port}, from => $from);
		} or last;
		push @clients, $c;
	}
	my $kb = Bench::private_memory($subject->{pid}) - $before;
	for (1 .. 50) {
		my $begin = time;
		Weir::Client->new($subject->{port})->cmd("EHLO me");
		my $took = time - $begin;
		$worst = $took if $took > $worst;
	}
	return (scalar @clients, $kb / @clients, $worst * 1000);
}

my $checks = join "", map { "/^X-Spam-$_: yes/ REJECT spam\n" } 1 .. 20;
my $main = <<"EOT";
smtpd_client_restrictions = check_client_access inline:{192.0.2.1=REJECT}
smtpd_helo_restrictions = reject_invalid_helo_hostname
smtpd_sender_restrictions = reject_non_fqdn_sender, check_sender_access inline:{spammer\@example.com=REJECT}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{nobody\@example.org=REJECT}, permit_mynetworks, reject_unauth_destination
header_checks = regexp:$dir/checks
relayhost = [127.0.0.1]:$sink_port
smtp_tls_security_level = none
EOT

Weir::Postfix::write_file("$dir/checks", $checks);
my $sink = Bench::sink($dir, $sink_port);

# The memory of idle connections is that of a process that has served nobody.
my $fresh = Weir->new(real_time => 1, main => $main);
my ($held, $each, $worst) = idle($fresh, $quick ? 1000 : 10000);
undef $fresh;

my $weir = Weir->new(real_time => 1, main => $main);
my $postfix_port = Weir::free_port();
my $postfix = Weir::Postfix->start("$dir/postfix", port => $postfix_port,
    main => $main);

@subjects = (
	{ name => "weir", port => $weir->{port}, pid => $weir->{pid},
	    count => 6000 },
	{ name => "postfix", port => $postfix_port, pid => $postfix->{pid},
	    count => 1500 },
);
# What a process has used before stays with its allocator, so this comes first.
my @memory = map { memory($_) } @subjects;
print <<'EOT';
| size | sessions | connections | Weir, messages/s | Postfix | ratio | Weir, CPU s per 1000 | Postfix | ratio |
|---|---|---|---|---|---|---|---|---|
EOT
if ($quick) {
	compare(1024, 20, $_) for 0, 1;
} else {
	compare(1024, 1, $_) for 0, 1;
	for my $size (1024, 10240) {
		for my $sessions (20, 100, 500) {
			compare($size, $sessions, $_) for 0, 1;
		}
	}
}
printf "\nmost private memory with 100 sessions: Weir %.1f MB, " .
    "Postfix %.1f MB\n", @memory;
printf "%d idle connections: %.2f KB each; a new client has its EHLO " .
    "answered within %.2f ms\n", $held, $each, $worst;
for my $reuse (0, 1) {
	printf "system calls per message, %s connections: Weir %.0f, " .
	    "Postfix %.0f\n", $reuse ? "reused" : "new",
	    map { calls($_, $reuse) } @subjects;
}
$postfix->stop;
kill "TERM", $sink;
waitpid $sink, 0;
