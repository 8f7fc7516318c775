#!/usr/bin/perl
# rcpt.pl - the evaluation of RCPT: Weir and Debian's Postfix in turn, on the
# same machine with the same client (rcpts.c), the same policy server
# (policy.c), the same name server (nsd) and the same configuration.
#
# One client of ten has not been there before, and one of ten is listed.  Both
# must accept as many of the same recipients.  CPU is that of all processes of
# the subject: the others are left out.  Each figure is the median of several
# runs, the subjects by turns.
#
#	OUT=build/release perl -It/lib -Ibench bench/rcpt.pl [quick]

use strict;
use warnings;

use File::Temp qw(tempdir);
use Time::HiRes qw(sleep);

use Bench;
use Weir;
use Weir::Postfix;

use constant {
	ENTRIES => 100_000,     # of each access table
	RESOLVER => "127.0.0.11",
};

my $out = $ENV{OUT} ||= "build/release";
my $quick = grep { $_ eq "quick" } @ARGV;
my $rounds = $quick ? 1 : 3;
my $dir = tempdir("weir-bench-XXXXXX", TMPDIR => 1, CLEANUP => 1);
my $policy_port = Weir::free_port();
my ($policy, $nsd, $postfix, @subjects);

$| = 1;

chmod 0755, $dir;

# Half of what the client asks for stands in the tables: one recipient of forty
# is refused by them.
my %tables = (
	clients => join("", map {
		sprintf "172.%d.%d.%d REJECT\n", 16 + ($_ >> 16),
		    $_ >> 8 & 255, $_ & 255
	} 1 .. ENTRIES),
	senders => join("", map { "sender$_\@example.com DUNNO\n" }
	    1 .. ENTRIES),
	recipients => join("", map {
		"user$_\@example.org " . ($_ % 20 ? "DUNNO\n" : "REJECT\n")
	} 1 .. ENTRIES),
);

# Fifteen restrictions.
sub main_cf {
	my ($where) = @_;

	return <<"EOT";
smtpd_client_restrictions = check_client_access hash:$where/clients,
	reject_rbl_client one.bl.example, reject_rbl_client two.bl.example,
	reject_rbl_client three.bl.example
smtpd_helo_restrictions = reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname
smtpd_sender_restrictions = reject_non_fqdn_sender, check_sender_access hash:$where/senders
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions = permit_mynetworks, reject_non_fqdn_recipient,
	check_recipient_access hash:$where/recipients, reject_unlisted_recipient,
	check_policy_service inet:127.0.0.1:$policy_port
relay_domains = example.org
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 1000
smtpd_hard_error_limit = 1000
EOT
}

# Of the clients (rcpts.c), every thirtieth stands in each list: of the thousand
# known ones one by one, of the others, 10.64.0.0/10, by networks.
sub zone {
	my ($first) = @_;
	my @names = "2.0.0.127";

	for (my $n = $first; $n < 1000; $n += 30) {
		push @names, sprintf "%d.%d.0.10", $n & 255, $n >> 8;
	}
	for (my $n = $first; $n < 1 << 14; $n += 30) {
		push @names, sprintf "*.%d.%d.10", $n & 255, 64 + ($n >> 8);
	}
	return join "", map {
		"$_ IN A 127.0.0.2\n$_ IN TXT \"seen sending bulk mail\"\n"
	} @names;
}

# What a client does: how many mails to how many recipients each, and whether it
# sends these without waiting for replies.
my @kinds = (
	{ name => "1 mail to 1", mails => 1, rcpts => 1, pipelined => 0 },
	{ name => "5 mails to 10", mails => 5, rcpts => 10, pipelined => 0 },
	{ name => "5 to 10, pipelined", mails => 5, rcpts => 10,
	    pipelined => 1 },
);

# Seconds of CPU of those who are no subject.
sub others {
	my (undef, undef, @clients) = times;

	return Bench::cpu($policy, $nsd) + $clients[0] + $clients[1];
}

# One run: (recipients per second, seconds of CPU per 1000, those of the client,
# the name server and the policy server, the part that was accepted).
my %next;
sub run {
	my ($subject, $sessions, $kind, $count) = @_;
	my $clients = $count / $kind->{mails} / $kind->{rcpts};
	my $first = $next{ $subject->{name} } ||= 0;
	my ($cpu, $others) = (Bench::cpu($subject->{pid}), others());

	$next{ $subject->{name} } += $clients;
	my $text = join " ", "$out/bench/rcpts", $subject->{port}, $sessions,
	    $clients, $kind->{mails}, $kind->{rcpts}, $first,
	    $kind->{pipelined};
	my ($accepted, $refused, $time) = split / /, `$text`;
	die $text if $? != 0 || $accepted + $refused != $count;
	# What follows the last reply: logs and traces.
	sleep 0.2;
	return ($count / $time,
	    (Bench::cpu($subject->{pid}) - $cpu) * 1000 / $count,
	    (others() - $others) * 1000 / $count, $accepted / $count);
}

sub compare {
	my ($sessions, $kind) = @_;
	my (%rate, %cpu, %others);

	for my $round (1 .. $rounds) {
		for my $s (@subjects) {
			my $few = $s->{count} / ($sessions == 1 ? 4 : 1);

			run($s, $sessions, $kind, 2000) if $round == 1;
			my ($rate, $cpu, $others) =
			    run($s, $sessions, $kind, $few);
			push @{ $rate{ $s->{name} } }, $rate;
			push @{ $cpu{ $s->{name} } }, $cpu;
			push @{ $others{ $s->{name} } }, $others;
		}
	}
	printf "| %-18s | %4d |", $kind->{name}, $sessions;
	my @rate = map { Bench::median(@{ $rate{ $_->{name} } }) } @subjects;
	my @cpu = map { Bench::median(@{ $cpu{ $_->{name} } }) } @subjects;
	printf " %5.0f | %5.0f | %4.1f |", @rate, $rate[0] / $rate[1];
	printf " %.3f | %.2f | %4.1f |", @cpu, $cpu[1] / $cpu[0];
	printf " %.3f |\n", Bench::median(@{ $others{weir} });
}

# The same clients get the same answers.
sub check_same {
	my @answers = map { (run($_, 20, $kinds[1], 5000))[3] } @subjects;

	die "they answer differently: @answers" if $answers[0] != $answers[1];
	return $answers[0];
}

$SIG{INT} = $SIG{TERM} = sub { exit 1 };
$policy = Bench::start("$out/bench/policy", $policy_port);
my $weir = Weir->new(real_time => 1, start => 0, dns_also => RESOLVER,
    main => main_cf('$dir/etc'));
$nsd = $weir->dns("one.bl.example" => zone(0), "two.bl.example" => zone(10),
    "three.bl.example" => zone(20));
$weir->table($_, $tables{$_}) for keys %tables;
$weir->start;

for my $name (keys %tables) {
	Weir::Postfix::write_file("$dir/$name", $tables{$name});
	system("postmap", "hash:$dir/$name") == 0 or die "postmap";
}
my $postfix_port = Weir::free_port();
# Mail that RSET ends never reaches Postfix's queue manager, which would have to
# allow for the next: without the last line every MAIL would wait for a second.
$postfix = Weir::Postfix->start("$dir/postfix", port => $postfix_port,
    resolver => RESOLVER, main => main_cf($dir) . "in_flow_delay = 0\n");

@subjects = (
	{ name => "weir", port => $weir->{port}, pid => $weir->{pid},
	    count => 20000 },
	{ name => "postfix", port => $postfix_port, pid => $postfix->{pid},
	    count => 4000 },
);
my $accepted = check_same();
print <<'EOT';
| a client sends | sessions | Weir, RCPT/s | Postfix | ratio | Weir, CPU s per 1000 | Postfix | ratio | others beside Weir |
|---|---|---|---|---|---|---|---|---|
EOT
for my $kind (@kinds) {
	compare($_, $kind) for $quick ? 20 : (1, 20, 100);
}
printf "\n%.1f %% of the recipients were accepted\n", 100 * $accepted;

END {
	local $?;
	undef $postfix;
	kill "TERM", $policy if $policy;
}
