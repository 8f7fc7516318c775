#!/usr/bin/perl
# Policy delegation, the client's side: real postgrey and postfwd, the same
# requests as Debian's Postfix sends, and servers that do all they should not
# (hostile.md, row 74; S-190, S-223).
use strict;
use warnings;
use FindBin qw($Bin);
use IO::Select;
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(sleep time);
use lib "$Bin/lib";
use Weir;
use Weir::Client;
use Weir::Postfix;

my (@children, @daemons);
my $owner = $$;

sub child {
	my ($run) = @_;
	my $pid = fork;

	die "fork: $!" unless defined $pid;
	if ($pid == 0) {
		$run->();
		POSIX::_exit(1);
	}
	push @children, $pid;
	return $pid;
}

sub end_children {
	return if $$ != $owner;
	kill "KILL", $_ for @children;
	waitpid $_, 0 for splice @children;
	kill "TERM", $_ for splice @daemons;
}
END { local $?; end_children() }

sub wait_for_port {
	my ($port) = @_;

	for (1 .. 400) {
		return 1 if IO::Socket::INET->new(PeerAddr => "127.0.0.1",
		    PeerPort => $port);
		sleep 0.05;
	}
	return 0;
}

# A policy server: answer($number, \%request, $socket) returns what is sent, or
# undef: hang up.  It keeps the requests in a file, "connection request text".
sub serve {
	my ($port, $log, $answer) = @_;
	my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
	    LocalPort => $port, Listen => 10, ReuseAddr => 1) or die "$!";

	child(sub {
		my $select = IO::Select->new($listener);
		my (%text, %number, $connections, $requests);
		while (my @ready = $select->can_read) {
			for my $s (@ready) {
				if ($s == $listener) {
					my $c = $listener->accept or next;
					$number{$c} = ++$connections;
					$select->add($c);
					next;
				}
				my $n = sysread $s, $text{$s}, 65536,
				    length($text{$s} // "");
				if (!$n) {
					$select->remove($s);
					close $s;
					next;
				}
				while ($text{$s} =~ s/^(.*?)\n\n//s) {
					my %r = map { split /=/, $_, 2 }
					    split /\n/, $1;
					open my $f, ">>", $log or die;
					print $f "connection $number{$s}\n$1\n\n";
					close $f;
					my $said = $answer->(++$requests, \%r);
					syswrite $s, $said if defined $said;
					if (!defined $said ||
					    $said !~ /^action=.*\n\n\z/s) {
						last if defined $said &&
						    $said eq "";
						$select->remove($s);
						close $s;
						last;
					}
				}
			}
		}
	});
	close $listener;
	return $port;
}

sub requests { return split /\n\n/, Weir::read_file($_[0]) }

# The answer to RCPT of a new session.
sub rcpt {
	my ($w, $rcpt, $from) = @_;

	return scalar $w->rcpt($rcpt, from => $from);
}

my $base = <<'EOT';
relay_domains = example.com
relay_transport = discard:
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
mynetworks = 192.0.2.0/24
smtpd_policy_service_retry_delay = 0s
EOT

sub restrict { return "${base}smtpd_recipient_restrictions = $_[0]\n" }

my $w = Weir->new(main => restrict("permit"));

sub with {
	my ($main) = @_;

	$w->reconfigure(main => $main);
}

SKIP: {
	skip "no postgrey, or not root", 4
	    if !-x "/usr/sbin/postgrey" || $> != 0;
	my $port = $w->port("postgrey");
	mkdir "$w->{dir}/postgrey";
	chown scalar(getpwnam("nobody")), -1, "$w->{dir}/postgrey";
	child(sub {
		open STDOUT, ">", "$w->{dir}/postgrey.log";
		open STDERR, ">&", \*STDOUT;
		exec "/usr/sbin/postgrey", "--inet=127.0.0.1:$port",
		    "--user=nobody", "--group=nogroup", "--delay=1",
		    "--dbdir=$w->{dir}/postgrey",
		    "--pidfile=$w->{dir}/postgrey/pid",
		    "--greylist-text=Come back later",
		    "--whitelist-clients=/dev/null",
		    "--whitelist-recipients=/dev/null";
	});
	ok wait_for_port($port), "postgrey listens";
	with(restrict("check_policy_service inet:127.0.0.1:$port"));
	like rcpt($w, 'user@example.com'),
	    qr/^450 4\.2\.0 <user\@example\.com>: Recipient address rejected: Come back later/,
	    "greylisted";
	my $said = "";
	for (1 .. 100) {
		$said = rcpt($w, 'user@example.com');
		last if $said =~ /^250/;
		sleep 0.05;
	}
	like $said, qr/^250/, "and let in a second later";
	like rcpt($w, 'other@example.com'), qr/^450 4\.2\.0/,
	    "another recipient is not";
}

SKIP: {
	skip "no postfwd, or not root", 4
	    if !-x "/usr/sbin/postfwd1" || $> != 0;
	my $port = $w->port("postfwd");
	my $pid = "$w->{dir}/complaints/postfwd.pid";
	$w->write_file("postfwd.cf", <<'EOT');
id=R1; recipient==bad@example.com; action=REJECT no thanks ($$client_address)
id=R2; sender==hold@example.net; action=PREPEND X-Hold: $$sender
id=R3; recipient==later@example.com; action=DEFER_IF_PERMIT think again
id=R4; recipient==many@example.com; action=450 4.7.3 slow down
EOT
	child(sub {
		open STDOUT, ">", "$w->{dir}/postfwd.log";
		open STDERR, ">&", \*STDOUT;
		exec "/usr/sbin/postfwd1", "--file=$w->{dir}/etc/postfwd.cf",
		    "--interface=127.0.0.1", "--port=$port", "--user=nobody",
		    "--group=nogroup", "--stdoutlog", "--nodns", "--daemon",
		    "--pidfile=$pid";
	});
	ok wait_for_port($port), "postfwd listens";
	# It serves as a daemon only.
	push @daemons, Weir::read_file($pid) =~ /(\d+)/;
	with(restrict("check_policy_service inet:127.0.0.1:$port, permit"));
	is rcpt($w, 'bad@example.com'),
	    '554 5.7.1 <bad@example.com>: Recipient address rejected: ' .
	    'no thanks (127.0.0.1)', "postfwd rejects";
	like rcpt($w, 'later@example.com'), qr/^450 4\.7\.1 .*think again/,
	    "defers if permitted";
	like rcpt($w, 'many@example.com'), qr/^450 4\.7\.3 .*slow down/,
	    "with a code of its own";
	like rcpt($w, 'user@example.com', 'hold@example.net'), qr/^250/,
	    "and lets pass";
}

# The same mail through both; what each asks.
SKIP: {
	skip "no Postfix, or not root", 2
	    if !-x "/usr/sbin/postfix" || $> != 0;
	my $log = "$w->{dir}/requests";
	my $port = serve($w->port("recorder"), $log,
	    sub { "action=DUNNO\n\n" });
	my $p = $w->port("postfix");
	my $service = "check_policy_service { inet:127.0.0.1:$port, " .
	    "{ policy_context = of this } }";
	my $main = restrict($service) . <<EOT;
smtpd_client_restrictions = $service
smtpd_data_restrictions = $service
smtpd_end_of_data_restrictions = $service
smtpd_etrn_restrictions = $service
smtpd_delay_reject = no
EOT
	# It allows no less than a second.
	my $postfix = Weir::Postfix->start("$w->{dir}/postfix", port => $p,
	    main => $main =~ s/retry_delay = 0s/retry_delay = 1s/r);
	with($main);
	my (%asked, @names);
	for my $which ($w->{port}, $p) {
		unlink $log;
		my $c = Weir::Client->new($which);
		$c->cmd("EHLO client.example.net");
		$c->cmd("ETRN example.com");
		$c->cmd('MAIL FROM:<a b@example.net> SIZE=77');
		$c->cmd('MAIL FROM:<"a b"@example.net> SIZE=77');
		$c->cmd('RCPT TO:<one@example.com>');
		$c->cmd("DATA");
		$c->cmd("Subject: x\r\n\r\ntext\r\n.");
		$c->cmd("MAIL FROM:<>");
		$c->cmd('RCPT TO:<one@example.com>');
		$c->cmd('RCPT TO:<"t\\"wo"@example.com>');
		$c->cmd("DATA");
		$c->cmd("text\r\n.");
		$c->cmd("QUIT");
		for my $r (requests($log)) {
			my %r = map { split /=/, $_, 2 }
			    grep { /=/ } split /\n/, $r;
			$r{$_} = length $r{$_} ? "some" : "none"
			    for qw(queue_id instance client_port server_port);
			push @{ $asked{$which} }, \%r;
		}
		s/^connection.*\n// for my @first = requests($log);
		push @names, join " ", map { /^(\w+)=/ } split /\n/, $first[0];
	}
	$names[0] =~ s/ compatibility_level mail_version//;
	is $names[0], $names[1], "the attributes, in order";
	my @ours = @{ $asked{ $w->{port} } };
	for my $r (@ours) {
		delete @$r{qw(compatibility_level mail_version)};
		# Our own Received header is not of the client's message.
		delete $r->{size} if $r->{protocol_state} eq "END-OF-MESSAGE";
	}
	for my $r (@{ $asked{$p} }) {
		delete $r->{size} if $r->{protocol_state} eq "END-OF-MESSAGE";
	}
	my $text = sub { join "\n", map { my $r = $_;
	    join(" ", map { /connection/ ? () : "$_=$r->{$_}" } sort keys %$r)
	    } @{ $_[0] } };
	is $text->(\@ours), $text->($asked{$p}), "the same requests";
	$postfix->stop;
}

# Limits of a connection.
{
	my $log = "$w->{dir}/limits";
	my $port = serve($w->port("limits"), $log, sub { "action=DUNNO\n\n" });
	my $connections = sub {
		my ($between) = @_;

		unlink $log;
		for (1 .. 3) {
			$between->() if $between;
			rcpt($w, 'user@example.com');
		}
		my %n = map { (split /\n/)[0] => 1 } requests($log);
		return scalar keys %n;
	};
	with(restrict("check_policy_service inet:127.0.0.1:$port"));
	is $connections->(), 1, "one connection for three requests";
	with(restrict("check_policy_service { inet:127.0.0.1:$port, " .
	    "request_limit=1 }"));
	is $connections->(), 3, "request_limit of the service";
	with(restrict("check_policy_service { inet:127.0.0.1:$port, " .
	    "max_idle=0 }"));
	is $connections->(), 3, "max_idle of the service";
	with(restrict("check_policy_service { inet:127.0.0.1:$port, " .
	    "max_ttl=0 }"));
	is $connections->(), 3, "max_ttl of the service";
	with(restrict("check_policy_service inet:127.0.0.1:$port") .
	    "smtpd_policy_service_request_limit = 2\n");
	is $connections->(), 2, "smtpd_policy_service_request_limit";
	for my $name ("max_idle", "max_ttl") {
		with(restrict("check_policy_service inet:127.0.0.1:$port") .
		    "smtpd_policy_service_$name = 100s\n");
		is $connections->(), 1, "within smtpd_policy_service_$name";
		is $connections->(sub { $w->advance(101) }), 3, "smtpd_policy_service_$name";
	}
	with(restrict("check_policy_service { inet:127.0.0.1:$port, " .
	    "policy_context=mine }, check_policy_service " .
	    "inet:127.0.0.1:$port") .
	    "smtpd_policy_service_policy_context = all\n");
	unlink $log;
	rcpt($w, 'user@example.com');
	is_deeply [ map { /^policy_context=(.*)/m } requests($log) ],
	    [ "mine", "all" ], "smtpd_policy_service_policy_context";
}

# Servers that are broken; each but the first answers only the second try of
# a request, or never.
my $fault = qr/^451 4\.3\.5 <user\@example\.com>: Recipient address rejected: Server configuration problem/;
my %broken = (
	"hangs up" => undef,
	"says half an answer" => "action=DUN",
	"says no action" => "hello=world\n\n",
	"says nothing in lines" => "\n\n",
	"says garbage" => join("", map { chr } 0 .. 255) . "\n\n",
	"talks without end" => "x=" . "y" x 200_000,
);
for my $what (sort keys %broken) {
	my $log = "$w->{dir}/broken";
	unlink $log;
	my $port = serve($w->port("broken" . ($what =~ s/\W//gr)), $log,
	    sub { $broken{$what} });
	with(restrict("check_policy_service { inet:127.0.0.1:$port, " .
	    "timeout=20s }"));
	like rcpt($w, 'user@example.com'), $fault, "a server that $what";
	is scalar(requests($log)), 2, "was asked twice";
}
{
	my $log = "$w->{dir}/mute";
	my $port = serve($w->port("mute"), $log, sub { "" });
	with(restrict("check_policy_service { inet:127.0.0.1:$port, " .
	    "timeout=1s, try_limit=1 }"));
	my $before = time;
	like rcpt($w, 'user@example.com'), $fault, "a server that says nothing";
	cmp_ok time - $before, "<", 60, "is not waited for long";
	unlink $log;
	with(restrict("check_policy_service inet:127.0.0.1:$port") .
	    "smtpd_policy_service_timeout = 1s\n" .
	    "smtpd_policy_service_try_limit = 3\n");
	like rcpt($w, 'user@example.com'), $fault, "smtpd_policy_service_timeout";
	$w->wait_for(sub { requests($log) >= 3 });
	is scalar(requests($log)), 3, "smtpd_policy_service_try_limit";
	with(restrict("check_policy_service { inet:127.0.0.1:$port, " .
	    "timeout=1s, try_limit=1, { default_action = 454 4.7.7 gone } }"));
	like rcpt($w, 'user@example.com'), qr/^454 4\.7\.7 .*gone/,
	    "default_action";
	my $none = $w->port("nobody");
	with(restrict("check_policy_service { inet:127.0.0.1:$none " .
	    "default_action=DUNNO }, check_policy_service " .
	    "inet:127.0.0.1:$none"));
	like rcpt($w, 'user@example.com'), $fault,
	    "nobody listens: DUNNO where it was said, a deferral elsewhere";
	with(restrict("check_policy_service inet:127.0.0.1:$none") .
	    "smtpd_policy_service_default_action = " .
	    "check_policy_service inet:127.0.0.1:$none\n");
	like rcpt($w, 'user@example.com'), qr/^451 4\.3\.5/,
	    "a default action that fails, too, does not go on for ever";
	my $second = serve($w->port("second"), "$w->{dir}/second",
	    sub { $_[0] % 2 ? undef : "action=REJECT twice\n\n" });
	with(restrict("check_policy_service inet:127.0.0.1:$second"));
	like rcpt($w, 'user@example.com'), qr/^554 5\.7\.1 .*twice/,
	    "the second try counts";
}
# Recipients that come all at once: each is asked about, in order, and has its
# own reply, whatever stands between and behind them.
{
	my $log = "$w->{dir}/many";
	my $port = serve($w->port("many"), $log, sub {
		return "action=" . ($_[1]{recipient} =~ /^no/ ?
		    "REJECT $_[1]{recipient}" : "DUNNO") . "\n\n";
	});
	my $open = sub {
		my $c = $w->smtp;

		$c->cmd("EHLO client.example.net");
		return $c;
	};
	with(restrict("check_policy_service inet:127.0.0.1:$port") .
	    "smtpd_hard_error_limit = 100\nsmtpd_error_sleep_time = 0\n");
	my $c = $open->();
	my @to = map { ($_ % 3 ? "yes" : "no") . "$_\@example.com" } 1 .. 150;
	$c->put("MAIL FROM:<a\@example.net>\r\n" .
	    join("", map { "rcpt TO:<$_>\r\n" } @to) .
	    "RCPT\r\nRCPT TO:<last\@exam");
	$c->reply;
	my @wrong = grep {
		my $reply = $c->reply;

		$_ =~ /^no/ ? $reply !~ /^554 .*: \Q$_\E$/
		    : $reply !~ /^250 2\.1\.5/;
	} @to;
	is_deeply \@wrong, [], "many recipients at once";
	like $c->reply, qr/^501 5\.5\.4 Syntax/, "RCPT without anything";
	like $c->cmd("ple.com>"), qr/^250 2\.1\.5/, "half a line, then the rest";
	is_deeply [ map { /^recipient=(.*)$/m } requests($log) ],
	    [ @to, 'last@example.com' ], "in order, each once";
	with(restrict("check_policy_service inet:127.0.0.1:$port") .
	    "smtpd_hard_error_limit = 3\nsmtpd_error_sleep_time = 0\n");
	$c = $open->();
	$c->put("MAIL FROM:<a\@example.net>\r\n" .
	    "RCPT TO:<no\@example.com>\r\n" x 10);
	is join(" ", map { substr $c->reply, 0, 3 } 1 .. 6),
	    "250 554 554 554 421 ", "too many errors among them";
	with(restrict("check_policy_service inet:127.0.0.1:$port"));
	$c = $open->();
	$c->put("MAIL FROM:<a\@example.net>\r\n" .
	    "RCPT TO:<yes\@example.com>\r\n" x 3 . "RSET\r\nQUIT\r\n");
	is join(" ", map { substr $c->reply, 0, 3 } 1 .. 7),
	    "250 250 250 250 250 221 ", "other commands behind them";
}
with($base . "smtpd_recipient_restrictions =\n");
like $w->healthy('user@example.com'), qr/^250/, "and all is well";
done_testing;
