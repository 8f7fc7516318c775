#!/usr/bin/perl
# cut.pl - messages that are handed to their next hop in the session
# (weir_cut_through) beside the same ones by way of the queue, with the client,
# sink and lists of relay.pl.
#
#	OUT=build/release perl -It/lib -Ibench bench/cut.pl [quick]

use strict;
use warnings;

use File::Temp qw(tempdir);

use Bench;
use Weir;

$ENV{OUT} ||= "build/release";
my $quick = grep { $_ eq "quick" } @ARGV;
my $dir = tempdir("weir-bench-XXXXXX", TMPDIR => 1, CLEANUP => 1);
my $port = Weir::free_port();
my $count = 6000;

chmod 0755, $dir;

sub compare {
	my ($size, $sessions, $reuse, @subjects) = @_;
	my $n = $count / ($sessions == 1 ? 4 : 1);
	my (@rate, @cpu);

	for my $round (1 .. ($quick ? 1 : 3)) {
		for my $i (0, 1) {
			my $subject = $subjects[$i];
			Bench::relay($subject, $sessions, $sessions + 100,
			    $size, $reuse) if $round == 1;
			my ($rate, $cpu) = Bench::relay($subject, $sessions,
			    $n, $size, $reuse);
			push @{ $rate[$i] }, $rate;
			push @{ $cpu[$i] }, $cpu;
		}
	}
	@rate = map { Bench::median(@$_) } @rate;
	@cpu = map { Bench::median(@$_) } @cpu;
	printf "| %d KB | %d | %s | %.0f | %.0f | %.1f | %.2f | %.2f | %.1f |\n",
	    $size / 1024, $sessions, $reuse ? "reused" : "new", @rate,
	    $rate[0] / $rate[1], @cpu, $cpu[1] / $cpu[0];
}

my $checks = join "", map { "/^X-Spam-$_: yes/ REJECT spam\n" } 1 .. 20;
my $main = <<"EOT";
smtpd_client_restrictions = check_client_access inline:{192.0.2.1=REJECT}
smtpd_helo_restrictions = reject_invalid_helo_hostname
smtpd_sender_restrictions = reject_non_fqdn_sender, check_sender_access inline:{spammer\@example.com=REJECT}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{nobody\@example.org=REJECT}, permit_mynetworks, reject_unauth_destination
header_checks = regexp:\$dir/etc/checks
relayhost = [127.0.0.1]:$port
smtp_tls_security_level = none
EOT
my $sink = Bench::sink($dir, $port);
my @weir = map {
	Weir->new(real_time => 1, files => { checks => $checks },
	    main => $main . "weir_cut_through = $_\n")
} qw(yes no);

print <<'EOT';
| size | sessions | connections | cut-through, messages/s | queue | ratio | cut-through, CPU s per 1000 | queue | ratio |
|---|---|---|---|---|---|---|---|---|
EOT
if ($quick) {
	compare(10240, 20, $_, @weir) for 0, 1;
} else {
	for my $sessions (1, 20, 100) {
		for my $size (1024, 10240) {
			compare($size, $sessions, $_, @weir) for 0, 1;
		}
	}
}
@weir = ();
kill "TERM", $sink;
waitpid $sink, 0;
