#!/usr/bin/perl
# rules.pl - what header_checks and body_checks cost: Weir and Debian's Postfix
# in turn with the same pcre: tables (Corpus.pm), relaying the same messages
# from the same client (smtp-source) to the same sink.
#
# CPU is that of all processes of the subject.  Weir is measured when it has
# compiled the tables; how long that took is a column of its own.
#
#	OUT=build/release perl -It/lib -Ibench bench/rules.pl [quick]

use strict;
use warnings;

use File::Temp qw(tempdir);
use Time::HiRes qw(sleep time);

use Bench;
use Corpus;
use Weir;
use Weir::Postfix;

use constant { MESSAGES => 20, SESSIONS => 20 };

my $out = $ENV{OUT} ||= "build/release";
my $quick = grep { $_ eq "quick" } @ARGV;
my $rounds = $quick ? 1 : 3;
my $dir = tempdir("weir-bench-XXXXXX", TMPDIR => 1, CLEANUP => 1);
my $sink_port = Weir::free_port();
my $sink;

$| = 1;
chmod 0755, $dir;

# How many messages a run has, by the number of rules.
my %postfix_count = (0 => 600, 10 => 600, 100 => 600, 1000 => 200, 10000 => 40);
my $weir_count = $quick ? 1000 : 3000;

sub sunk {
	open my $f, "<", "$dir/count" or return 0;
	sysread $f, my $n, 8;
	return unpack "Q", $n // "\0" x 8;
}

# Seconds of CPU for 1000 messages: each client sends one of them many times.
sub run {
	my ($subject, $count) = @_;
	my $each = $count / MESSAGES;
	my $want = sunk() + $count;
	my $cpu = Bench::cpu($subject->{pid});
	my @clients = map {
		Bench::start("smtp-source", "-s", 1, "-m", $each, "-F",
		    "$dir/message$_", "-f", 'sender@example.net', "-t",
		    'rcpt@example.org', "127.0.0.1:$subject->{port}")
	} 1 .. MESSAGES;

	for my $client (@clients) {
		waitpid $client, 0;
		die "$subject->{name} refuses a message" if $? != 0;
	}
	my $end = time + 120;
	sleep 0.01 while sunk() < $want && time < $end;
	die "$subject->{name} has lost messages" if sunk() < $want;
	sleep 0.3;
	return (Bench::cpu($subject->{pid}) - $cpu) * 1000 / $count;
}

sub measure {
	my ($subject, $count) = @_;

	run($subject, MESSAGES);
	return Bench::median(map { run($subject, $count) } 1 .. $rounds);
}

# Until both tables, if they are worth it, are compiled.
sub wait_compiled {
	my ($weir, $rules) = @_;
	my $start = time;

	return 0 if $rules < 100;
	$weir->wait_for(sub {
		my %seen = map { $_ => 1 }
		    $weir->log =~ m{map (\S+): \d+ of \d+ rules are prefilt}g;
		return keys %seen == 2;
	}, 300) or die "not compiled:\n" . $weir->log;
	return time - $start;
}

sub main_cf {
	my ($rules) = @_;

	return <<"EOT" . ($rules == 0 ? "" : <<"EOT");
relayhost = [127.0.0.1]:$sink_port
smtp_tls_security_level = none
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
EOT
header_checks = pcre:$dir/headers
body_checks = pcre:$dir/body
EOT
}

sub compare {
	my ($rules) = @_;
	my ($headers, $body) = Corpus::rules($rules);

	Weir::Postfix::write_file("$dir/headers", $headers);
	Weir::Postfix::write_file("$dir/body", $body);
	my $weir = Weir->new(real_time => 1, main => main_cf($rules));
	my $compiling = wait_compiled($weir, $rules);
	$weir->{name} = "Weir";
	my $ours = measure($weir, $weir_count);
	$weir->stop;
	my $port = Weir::free_port();
	my $postfix = Weir::Postfix->start("$dir/postfix$rules", port => $port,
	    main => main_cf($rules));
	my $theirs = measure({ name => "Postfix", port => $port,
	    pid => $postfix->{pid} }, $postfix_count{$rules});
	$postfix->stop;
	printf "| %5d | %.2f | %.2f | %.1f | %.1f |\n", $rules, $ours, $theirs,
	    $theirs / $ours, $compiling;
}

$sink = Bench::start("$out/bench/sink", $sink_port, "$dir/count");
END {
	if ($sink) {
		kill "TERM", $sink;
		waitpid $sink, 0;
	}
}
for my $number (1 .. MESSAGES) {
	Weir::Postfix::write_file("$dir/message$number",
	    join("", map { "$_\n" } Corpus::message($number)));
}
print <<'EOT';
| rules | Weir, CPU s per 1000 | Postfix | ratio | compiled within s |
|---|---|---|---|---|
EOT
compare($_) for $quick ? (0, 10, 1000) : (0, 10, 100, 1000, 10000);
