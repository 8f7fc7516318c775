#!/usr/bin/perl
# A reload is all or nothing, and no connection is lost.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;

my $main = <<'EOT';
virtual_mailbox_domains = example.org
virtual_mailbox_maps = inline:{user@example.org=user/}
virtual_transport = discard
smtpd_recipient_restrictions = check_recipient_access inline:{{user@example.org=%s}}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
EOT
my $w = Weir->new(main => sprintf($main, "OK"));
like $w->send_mail(to => 'user@example.org'), qr/^250/, "generation 1";

my $old = $w->smtp;
like $old->cmd("EHLO old"), qr/^250/, "a session of generation 1";
$w->configure(main => sprintf($main, "REJECT gone"));
my ($status, $text) = $w->command("reload");
is $status, 0, "reload succeeds" or diag $text;
is $w->send_mail(to => 'user@example.org'),
    "554 5.7.1 <user\@example.org>: Recipient address rejected: gone",
    "generation 2 decides";
like $old->deliver(to => 'user@example.org'), qr/^250/,
    "the old session goes on by its own generation (S-006)";
is $old->cmd("QUIT"), "221 2.0.0 Bye", "and ends well";

for my $case (
	[ "an unknown restriction", "smtpd_sender_restrictions = reject_everyhting\n",
	    qr/main\.cf:\d+.*reject_everyhting/s ],
	[ "a bad value", "smtpd_timeout = tomorrow\n",
	    qr/main\.cf:\d+.*smtpd_timeout/s ],
	[ "recursion", "mydomain = \$myorigin\nmyorigin = \$mydomain\n",
	    qr/main\.cf:\d+.*nesting/ ],
	[ "a line that is none", "what is this\n", qr/main\.cf:\d+/ ],
	[ "no relay control (T-33)", "smtpd_relay_restrictions =\n" .
	    "smtpd_recipient_restrictions = permit_mynetworks\n",
	    qr/reject_unauth_destination/ ]) {
	my ($what, $lines, $pattern) = @$case;

	$w->configure(main => sprintf($main, "OK") . $lines);
	($status, $text) = $w->command("check");
	isnt $status, 0, "$what: check fails";
	like $text, $pattern, "$what: check says where";
	($status, $text) = $w->command("reload");
	isnt $status, 0, "$what: reload is refused";
	like $text, $pattern, "$what: it says where";
	like $w->send_mail(to => 'user@example.org'), qr/gone/,
	    "$what: the running gateway is untouched";
}
$w->configure(main => sprintf($main, "OK"), master => "bad line\n");
($status, $text) = $w->command("reload");
isnt $status, 0, "a bad master.cf is refused";
like $text, qr/master\.cf:\d+/, "with its place";

# Each role that dies now comes back as it was: what the files say was refused.
{
	my %before = $w->roles;
	kill "KILL", values %before;
	my %after;
	ok $w->wait_for(sub {
		%after = $w->roles;
		return keys %before == grep { $after{$_} && $after{$_} != $before{$_} }
		    keys %before;
	}), "killed roles come back though the files are bad" or diag $w->log;
	like $w->send_mail(to => 'user@example.org'), qr/gone/,
	    "with the generation that is served";
}

# Connections are made all the time while generations change.
my $stop = "$w->{dir}/stop";
pipe(my $r, my $x);
my $pid = fork // die;
if ($pid == 0) {
	my ($n, $bad) = (0, 0);

	while (!-e $stop && $n < 5000) {
		my $reply = eval {
			my $c = $w->smtp;
			my $b = $c->{banner};
			$c->cmd("QUIT");
			$b;
		} // "";
		$bad++ if $reply !~ /^220/;
		$n++;
	}
	syswrite $x, "$n $bad\n";
	POSIX::_exit(0);
}
for (1 .. 3) {
	$w->configure(main => sprintf($main, "OK") . "weir_round = $_\n");
	($status, $text) = $w->command("reload");
	is $status, 0, "reload $_ under load" or diag $text;
}
$w->write_file($stop, "");
close $x;
my ($n, $bad) = split ' ', <$r> // "";
waitpid $pid, 0;
cmp_ok $n, ">", 10, "connections were made ($n)";
is $bad, 0, "none was dropped";

# When reload has said that it is done, it is: the next client is served by the
# new generation.
my $late = 0;
for my $i (1 .. 30) {
	$w->configure(main => sprintf($main, "OK") . "smtpd_banner = no. $i\n");
	$w->command("reload");
	$late++ if $w->smtp->{banner} ne "220 no. $i";
}
is $late, 0, "S-006: no client is served by the last generation";

# A role that dies while a generation is being refused comes back.
{
	my $queue = sub {
		return $w->log =~ /.*qmgr\[(\d+)\]/s && kill(0, $1) ? $1 : 0;
	};
	$w->send_mail(to => 'user@example.org');
	my $pid = $w->wait_for($queue);
	$w->configure(main => sprintf($main, "OK") . "smtpd_timeout = never\n");
	kill "KILL", $pid;
	($status, $text) = $w->command("reload");
	isnt $status, 0, "a bad configuration is refused";
	ok $w->wait_for(sub {
		$w->send_mail(to => 'user@example.org') =~ /^250/ }),
	    "the queue has come back";
	$w->configure(main => sprintf($main, "OK"));
	is +($w->command("reload"))[0], 0, "a good one is taken";
}

# A role that dies just before a reload is replaced twice, by one of its own
# generation and by one of the next: only the latter is left.
{
	my $serving = sub {
		return join " ", sort +($w->command("status"))[1] =~
		    /^(\w+) +pid \d+ +generation \d+/mg;
	};
	my $all = join " ", sort keys %{ { $w->roles } };
	my $held;
	my $look = sub { return ($w->command("status"))[1] =~ $_[0] };
	# Catch it before it is ready.
	for (1 .. 20) {
		my %pid = $w->roles;
		$w->advance(11);
		kill "KILL", $pid{deliver};
		$w->wait_for(sub {
			($held) = ($w->command("status"))[1] =~
			    /^deliver +pid (?!$pid{deliver} )(\d+)/m;
		});
		kill "STOP", $held;
		$w->wait_for(sub {
			Weir::read_file("/proc/$held/stat") =~ /\) T /;
		});
		# That it is ready may be on its way to the supervisor.
		last if 3 == grep {
			$look->(qr/^deliver +pid $held .*starting/m)
		} 1 .. 3;
		kill "CONT", $held;
		$w->wait_for(sub { $look->(qr/^deliver .*serving/m) });
	}
	my $reload = fork // die;
	POSIX::_exit(($w->command("reload"))[0]) if $reload == 0;
	ok $w->wait_for(sub { $look->(qr/^deliver .*ready/m) }),
	    "the next generation waits";
	kill "CONT", $held;
	waitpid $reload, 0;
	is $?, 0, "and serves when the last role of its own is ready";
	$w->wait_for(sub { $serving->() eq $all }, 20);
	is $serving->(), $all, "one of each role is left when one died at a reload";
}

# S-007, recorded difference: a reload applies changed listeners too.
$w->configure(main => sprintf($main, "OK"), master =>
    "127.0.0.1:\${port:second} inet n - n - - smtpd\n");
is +($w->command("reload"))[0], 0, "a listener is added";
like $w->smtp($w->port("second"))->{banner}, qr/^220/, "and serves";
($status, $text) = $w->command("status");
like $text, qr/^proxy .*serving/m, "status lists the roles";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
