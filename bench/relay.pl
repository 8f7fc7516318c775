#!/usr/bin/perl
# relay.pl - SMTP in, durable, SMTP out: Weir and Debian's Postfix in turn, on
# the same machine with the same client (smtp-source) and the same sink.
#
# Rate is end to end: from the client's first octet until the sink has the last
# message.  CPU is all processes of the subject, per 1000 messages.
#
#	OUT=build/release perl -It/lib bench/relay.pl [quick]

use strict;
use warnings;

use File::Temp qw(tempdir);
use Time::HiRes qw(sleep time);
use Weir;
use Weir::Postfix;

my $out = $ENV{OUT} ||= "build/release";
my $quick = grep { $_ eq "quick" } @ARGV;
my $tick = POSIX::sysconf(POSIX::_SC_CLK_TCK());
my $dir = tempdir("weir-bench-XXXXXX", TMPDIR => 1, CLEANUP => 1);
my $sink_port = Weir::free_port();
my ($weir, $postfix, $sink);

chmod 0755, $dir;

# A process and all below it: seconds of CPU, and private memory in KB.
sub family {
	my @todo = @_;
	my @all;
	my %below;

	for my $stat (glob("/proc/[0-9]*/stat")) {
		my @f = split / /, (Weir::read_file($stat) =~ s/^.*\) //r);
		push @{ $below{ $f[1] } }, $stat =~ m{/(\d+)/} if @f > 10;
	}
	while (defined(my $pid = shift @todo)) {
		push @all, $pid;
		push @todo, @{ $below{$pid} || [] };
	}
	return @all;
}

sub cpu {
	my $ticks = 0;

	for my $pid (family(@_)) {
		my @f = split / /,
		    (Weir::read_file("/proc/$pid/stat") =~ s/^.*\) //r);
		$ticks += $f[$_] for 11 .. 14;
	}
	return $ticks / $tick;
}

sub private_memory {
	my $kb = 0;

	for my $pid (family(@_)) {
		my $text = Weir::read_file("/proc/$pid/smaps");
		# The store's mapping is not counted: it is the page cache.
		for my $map (split /^(?=[0-9a-f]+-[0-9a-f]+ )/m, $text) {
			next if $map =~ m{/store/};
			$kb += $1 while $map =~ /^Private_\w+:\s+(\d+) kB/gm;
		}
	}
	return $kb;
}

sub sunk {
	open my $f, "<", "$dir/count" or return 0;
	sysread $f, my $n, 8;
	return unpack "Q", $n // "\0" x 8;
}

# One run; (rate, CPU per 1000).
sub run {
	my ($port, $pid, $sessions, $count, $size, $reuse) = @_;
	my $before = sunk();
	my $cpu = cpu($pid);
	my $start = time;
	my @command = ("smtp-source", "-s", $sessions, "-m", $count, "-l",
	    $size, $reuse ? "-d" : (), "-f", 'sender@example.net', "-t",
	    'rcpt@example.org', "127.0.0.1:$port");

	system(@command) == 0 or die "@command";
	my $end = time + 60;
	sleep 0.005 while sunk() < $before + $count && time < $end;
	my $time = time - $start;
	die "lost: " . (sunk() - $before) . " of $count"
	    if sunk() < $before + $count;
	sleep 0.2;
	return ($count / $time, (cpu($pid) - $cpu) * 1000 / $count);
}

my $pid = fork // die;
if ($pid == 0) {
	{ exec "$out/bench/sink", $sink_port, "$dir/count" };
	POSIX::_exit(127);
}
$sink = $pid;

my $checks = join "", map { "/^X-Spam-$_: yes/ REJECT spam\n" } 1 .. 20;
my $lists = <<'EOT';
smtpd_client_restrictions = check_client_access inline:{192.0.2.1=REJECT}
smtpd_helo_restrictions = reject_invalid_helo_hostname
smtpd_sender_restrictions = reject_non_fqdn_sender, check_sender_access inline:{spammer@example.com=REJECT}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access inline:{nobody@example.org=REJECT}, permit_mynetworks, reject_unauth_destination
EOT
$weir = Weir->new(
    main => $lists . "header_checks = regexp:\$dir/etc/checks\n" .
	"relayhost = [127.0.0.1]:$sink_port\n",
    files => { checks => $checks });
Weir::Postfix::write_file("$dir/checks", $checks);
my $postfix_port = Weir::free_port();
$postfix = Weir::Postfix->start("$dir/postfix", port => $postfix_port,
    main => $lists . "header_checks = regexp:$dir/checks\n" .
	"relayhost = [127.0.0.1]:$sink_port\nsmtp_tls_security_level = none\n");

my @subjects = (
	[ "weir", $weir->{port}, $weir->{pid} ],
	[ "postfix", $postfix_port, $postfix->{pid} ],
);
printf "%-8s %6s %9s %-7s %10s %14s\n", "", "size", "sessions", "session",
    "messages/s", "CPU s per 1000";
for my $case ($quick ? ([ 1024, 20, 0 ], [ 1024, 20, 1 ])
    : ([ 1024, 1, 0 ], [ 1024, 20, 0 ], [ 1024, 20, 1 ], [ 1024, 100, 0 ],
	[ 1024, 500, 1 ], [ 10240, 20, 0 ], [ 10240, 20, 1 ])) {
	my ($size, $sessions, $reuse) = @$case;
	my (%rate, %cpu);

	for my $round (1 .. ($quick ? 1 : 3)) {
		for my $s (@subjects) {
			my ($name, $port, $p) = @$s;
			my $count = $name eq "weir" ? 6000 : 1500;
			$count /= 3 if $sessions == 1;
			run($port, $p, $sessions, 200, $size, $reuse)
			    if $round == 1;
			my ($r, $c) = run(
			    $port, $p, $sessions, $count, $size, $reuse);
			push @{ $rate{$name} }, $r;
			push @{ $cpu{$name} }, $c;
		}
	}
	my %m;
	for my $s (@subjects) {
		my $name = $s->[0];
		my @r = sort { $a <=> $b } @{ $rate{$name} };
		my @c = sort { $a <=> $b } @{ $cpu{$name} };
		$m{$name} = [ $r[ $#r / 2 ], $c[ $#c / 2 ] ];
		printf "%-8s %6d %9d %-7s %10.0f %14.2f\n", $name, $size,
		    $sessions, $reuse ? "reused" : "new", @{ $m{$name} };
	}
	printf "%-8s %33s %9.1fx %13.3fx\n", "ratio", "",
	    $m{weir}[0] / $m{postfix}[0], $m{weir}[1] / $m{postfix}[1];
}

# Memory with 100 open sessions, then with 10,000 idle ones.
{
	my @c = map { $weir->smtp } 1 .. 100;
	$_->deliver(to => 'rcpt@example.org') for @c;
	printf "private memory of all roles at 100 sessions: %.1f MB\n",
	    private_memory($weir->{pid}) / 1024;
}
sleep 0.5;
{
	my $before = private_memory($weir->{pid});
	my $want = $quick ? 1000 : 10000;
	my @c;
	my $worst = 0;

	for my $i (1 .. $want) {
		my $from = sprintf "127.0.%d.%d", 1 + $i / 250, 1 + $i % 250;
		my $c = eval { Weir::Client->new($weir->{port}, from => $from) }
		    or last;
		push @c, $c;
	}
	my $kb = private_memory($weir->{pid}) - $before;
	for (1 .. 20) {
		my $start = time;
		my $c = $weir->smtp;
		$c->cmd("EHLO me");
		my $t = time - $start;
		$worst = $t if $t > $worst;
	}
	printf "%d idle connections: %.2f KB each; a new client is greeted " .
	    "in %.2f ms at most\n", scalar @c, $kb / (@c || 1), $worst * 1000;
}
$postfix->stop;
kill "TERM", $sink;
waitpid $sink, 0;
