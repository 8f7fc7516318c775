#!/usr/bin/perl
# policyd.pl - policy servers: Weir, Debian's postgrey and postfwd, and one that
# only answers (policy.c), asked by the same client (ask.c) with what Postfix
# sends at RCPT.
#
# CPU is that of all processes of the subject; the client runs on the same
# cores.  Weir's lists have tables of 1,000 entries and no memory; postfwd's
# rules ask the same.  Another Weir does what postgrey does: greylisting, with
# what it remembers on this machine; all attempts come early, so that each of
# them is written.  At the end, what a million triplets take of its disk.
#
#	OUT=build/release perl -It/lib -Ibench bench/policyd.pl [quick]

use strict;
use warnings;

use File::Temp qw(tempdir);
use Time::HiRes qw(sleep);

use Bench;
use Weir;

my $out = $ENV{OUT} ||= "build/release";
my $quick = grep { $_ eq "quick" } @ARGV;
my ($rounds, $seconds) = $quick ? (1, 1) : (3, 3);
my $dir = tempdir("weir-bench-XXXXXX", TMPDIR => 1, CLEANUP => 1);
my (@subjects, @daemons, @others);

$| = 1;
chmod 0755, $dir;

# What some sites ask of every recipient.
my $weir = Weir->new(start => 0, real_time => 1);
my $port = $weir->port("policy");
my %tables = (
    senders => join("", map { "bad$_\@example.net REJECT\n" } 1 .. 1000),
    clients => join("", map { "198.51.100.$_ REJECT\n" } 1 .. 250),
    helos => join("", map { "bad$_.example.net REJECT\n" } 1 .. 1000),
    users => join("", map { "user$_\@example.com picky\n" } 1 .. 1000),
);
$weir->configure(main => <<'EOT', master => "127.0.0.1:$port inet n - n - - policy\n", files => \%tables);
smtpd_restriction_classes = picky
picky = reject_non_fqdn_helo_hostname, reject_non_fqdn_sender
smtpd_client_restrictions = check_client_access hash:$dir/etc/clients
smtpd_helo_restrictions = reject_invalid_helo_hostname, check_helo_access hash:$dir/etc/helos
smtpd_sender_restrictions = reject_non_fqdn_sender, check_sender_access hash:$dir/etc/senders
smtpd_recipient_restrictions = reject_non_fqdn_recipient, check_recipient_access hash:$dir/etc/users
EOT
$weir->weir("postmap", "-c", "$weir->{dir}/etc",
    map { "hash:$weir->{dir}/etc/$_" } sort keys %tables) == 0 or die "postmap";
$weir->start;
push @subjects, { name => "weir", port => $port, pid => $weir->{pid} };

my $grey = Weir->new(start => 0, real_time => 1);
my $grey_port = $grey->port("policy");
$grey->configure(main => "smtpd_recipient_restrictions = greylist\n",
    master => "127.0.0.1:$grey_port inet n - n - - policy\n");
$grey->start;
push @subjects, { name => "weir greylist", port => $grey_port, pid => $grey->{pid} };

sub add {
	my ($name, $at, @command) = @_;
	my $pid = fork // die "fork: $!";

	if ($pid == 0) {
		open STDIN, "<", "/dev/null";
		open STDOUT, ">", "$dir/$name.log";
		open STDERR, ">&", \*STDOUT;
		{ exec @command };
		POSIX::_exit(127);
	}
	push @daemons, $pid;
	if (!$weir->wait_port($at)) {
		print "$name does not answer: ", Weir::read_file("$dir/$name.log");
		return;
	}
	push @subjects, { name => $name, port => $at, pid => $pid };
}

my $plain = Weir::free_port();
add("only answers", $plain, "$out/bench/policy", $plain);
if (-x "/usr/sbin/postgrey" && $> == 0) {
	my $at = Weir::free_port();

	mkdir "$dir/postgrey";
	chown scalar(getpwnam("nobody")), -1, "$dir/postgrey";
	add("postgrey", $at, "/usr/sbin/postgrey", "--inet=127.0.0.1:$at",
	    "--user=nobody", "--group=nogroup", "--dbdir=$dir/postgrey",
	    "--pidfile=$dir/postgrey/pid", "--whitelist-clients=/dev/null",
	    "--whitelist-recipients=/dev/null");
}
if (-x "/usr/sbin/postfwd2" && $> == 0) {
	my $at = Weir::free_port();

	Weir::write_file($weir, "$dir/rules", <<'EOT');
&&BAD_CLIENT { client_address=198.51.100.0/24 }
id=C01; &&BAD_CLIENT; action=REJECT
id=S01; sender=~^bad[0-9]+@example\.net$; action=REJECT
id=H01; helo_name=~^bad[0-9]+\.example\.net$; action=REJECT
id=R01; recipient=~^user[0-9]+@example\.com$; sender=~^[^@]+$; action=REJECT
EOT
	# It must be a daemon to serve.
	system("/usr/sbin/postfwd2", "-f", "$dir/rules", "-i", "127.0.0.1",
	    "-p", $at, "--proto=tcp", "-u", "nobody", "-g", "nogroup",
	    "--cache=0", "--pidfile=$dir/postfwd.pid", "--daemon");
	$weir->wait_for(sub { -s "$dir/postfwd.pid" }) or die "no postfwd";
	my ($pid) = Weir::read_file("$dir/postfwd.pid") =~ /(\d+)/;
	push @others, $pid;
	$weir->wait_port($at) or die "postfwd does not answer";
	push @subjects, { name => "postfwd", port => $at, pid => $pid };
}

# (requests per second, CPU seconds per 1000, p50 and p99 in ms, opinions)
sub measure {
	my ($subject, $connections, @rate) = @_;
	my $cpu = Bench::cpu($subject->{pid});
	my $said = `$out/bench/ask $subject->{port} $connections $seconds @rate`;
	my ($n, $time, $p50, $p99, $opinions) = split ' ', $said;

	die "$subject->{name} does not serve" if $? != 0 || !$n;
	return ($n / $time, (Bench::cpu($subject->{pid}) - $cpu) * 1000 / $n,
	    $p50, $p99, $opinions);
}

printf "%-14s %5s %10s %12s %10s %10s\n", "", "conn.", "requests/s",
    "CPU s/1000", "p50 ms", "p99 ms";
for my $connections (1, 8, 64) {
	for my $subject (@subjects) {
		my @runs = sort { $a->[0] <=> $b->[0] }
		    map { [measure($subject, $connections)] } 1 .. $rounds;
		my $run = $runs[$#runs / 2];

		$subject->{most} = $run->[0];
		printf "%-14s %5d %10.0f %12.4f %10.3f %10.3f\n",
		    $subject->{name}, $connections, @$run[0 .. 3];
	}
}
print "at half of that, 64 connections:\n";
for my $subject (@subjects) {
	my $rate = int($subject->{most} / 2);
	my @runs = sort { $a->[3] <=> $b->[3] }
	    map { [measure($subject, 64, $rate)] } 1 .. $rounds;
	my $run = $runs[$#runs / 2];

	printf "%-14s %5d %10.0f %12.4f %10.3f %10.3f\n", $subject->{name}, 64,
	    @$run[0 .. 3];
}
kill "TERM", @daemons, @others;
waitpid $_, 0 for @daemons;

# What a million triplets take of the disk, once there are as many decision
# traces beside them as are kept.
sub fill {
	my ($triplets) = @_;
	my $said = `$out/bench/ask $grey_port 64 600 0 $triplets`;
	my ($n, $time) = split ' ', $said;

	die "weir greylist does not serve" if $? != 0 || $n < $triplets;
	return ($n / $time, -s "$grey->{dir}/data/state/data.mdb");
}

if (!$quick) {
	my (undef, $before) = fill(200_000);
	my ($rate, $after) = fill(1_200_000);

	printf "a million triplets: %.0f requests/s, %.0f octets of disk each\n",
	    $rate, ($after - $before) / 1e6;
}
