#!/usr/bin/perl
# kill -9 of any role, at many points under load: all that was answered 250 is
# delivered (DESIGN: the promise of the store; hostile 90-92).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Time::HiRes qw(sleep time);
use Weir;

my $w = Weir->new(main => <<'EOT');
relay_domains = example.org
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:sink}}
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
EOT
my $sink = $w->sink("sink");
my $ledger = "$w->{dir}/ledger";
my $clients = 4;
my $seconds = $ENV{WEIR_CRASH_SECONDS} || 8;

sub client {
	my ($me) = @_;
	open my $f, ">>", "$ledger.$me" or die;
	my $n = 0;

	$f->autoflush(1);
	local $SIG{PIPE} = "IGNORE";
	my $c;
	while (!-e "$w->{dir}/stop") {
		my $id = "id-$me-" . $n++;
		my $reply = eval {
			$c ||= $w->smtp;
			$c->deliver(to => 'x@example.org', data =>
			    "Subject: $id\r\n\r\n" . ("line\r\n" x
				($n % 10 == 0 ? 20000 : 20)), seconds => 15);
		} // "";
		print $f "$id ", $reply =~ /^250/ ? "acked" : "not", "\n";
		undef $c if $reply !~ /^250/ || $n % 7 == 0;
		sleep 0.02 if $reply !~ /^250/;
	}
	POSIX::_exit(0);
}

my @pids;
for my $i (1 .. $clients) {
	my $pid = fork // die;
	client($i) if $pid == 0;
	push @pids, $pid;
}

my %killed;
my $end = time + $seconds;
my @names = ("queue", "deliver", "proxy", "local");
for (my $i = 0; time < $end; $i++) {
	sleep 0.15 + rand 0.2;
	my %pid = $w->roles;
	my $name = $names[$i % @names];
	next unless $pid{$name};
	$killed{$name}++ if kill "KILL", $pid{$name};
}
$w->write_file("$w->{dir}/stop", "");
waitpid $_, 0 for @pids;
ok $killed{$_}, "role $_ was killed " . ($killed{$_} || 0) . " times"
    for @names;

my %state;
for my $i (1 .. $clients) {
	for (split /\n/, Weir::read_file("$ledger.$i")) {
		my ($id, $what) = split;
		$state{$id} = $what;
	}
}
my $acked = grep { $_ eq "acked" } values %state;
cmp_ok $acked, ">", 20, "$acked messages were answered 250";

# Without the supervisor there is nobody to restart them: the roles end, and
# leave the store and the ports to who comes next.
{
	my %pid = $w->roles;
	kill "KILL", $w->{pid};
	waitpid delete $w->{pid}, 0;
	my $ended = $w->wait_for(sub { !grep { kill 0, $_ } values %pid });
	ok $ended, "the supervisor was killed: no role stays behind"
	    or kill "KILL", values %pid;
	$w->start;
}

# Everything at once, as after a power failure, and a fresh start.
{
	my %pid = $w->roles;
	kill "KILL", $w->{pid}, values %pid;
	waitpid delete $w->{pid}, 0;
	sleep 0.05 while grep { kill 0, $_ } values %pid;
	$w->start;
}

my %seen;
$w->wait_for(sub {
	%seen = ();
	for my $file (glob("$sink/*")) {
		next if $file =~ /tmp$/;
		my $text = Weir::read_file($file);
		$seen{$1}++ if $text =~ /^Subject: (\S+)\r$/m;
		$seen{"$1 torn"}++
		    if $text =~ /^Subject: (\S+)\r$/m && $text !~ /line\r\n\z/;
	}
	return !grep { $state{$_} eq "acked" && !$seen{$_} } keys %state;
});
my @lost = grep { $state{$_} eq "acked" && !$seen{$_} } keys %state;
is scalar(@lost), 0, "none of them is lost" or do {
	diag "lost: @lost[0 .. ($#lost < 5 ? $#lost : 5)]";
	diag(($w->command("mailq"))[1]);
};
is scalar(grep { /torn/ } keys %seen), 0, "none is cut short";
my $twice = grep { $seen{$_} > 1 } keys %seen;
note "$twice delivered twice (a delivery was in flight)";
like $w->send_mail(to => 'x@example.org'), qr/^250/, "the gateway works";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
