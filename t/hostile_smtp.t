#!/usr/bin/perl
# Clients that break rules, by accident or on purpose: the documented reply,
# never a crash, never a hang, and the next client is served.
# Hostile 30-35, 37-39, 41, 44, 50, 52-55; T-10..T-14.
use strict;
use warnings;

use lib "t/lib";
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Weir;

my $w = Weir->new(main => <<'EOT');
relay_domains = example.org
relay_recipient_maps =
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:hop}}
smtpd_error_sleep_time = 0
smtpd_recipient_limit = 100
smtpd_client_connection_count_limit = 20
smtpd_client_event_limit_exceptions = 127.0.0.1
smtpd_timeout = 300s
message_size_limit = 1000000
EOT
my $sink = $w->sink("hop");
my $sent = 0;

sub fine {
	my ($text) = @_;

	like $w->healthy('ok@example.org'), qr/^250 2\.0\.0 Ok: queued/,
	    "$text: the next client is served";
	$sent++;
}

# A session that is ready for MAIL.
sub greeted {
	my $c = $w->smtp;

	$c->cmd("EHLO client.example.net");
	return $c;
}

subtest "commands" => sub {
	my $utf8 = qr/^500 5\.5\.2 Error: bad UTF-8 syntax$/;
	my @cases = (
		[ "MAIL FROM:<a\0b\@c.example>", qr/^50[01] 5\.[15]\.\d /, "NUL" ],
		[ "MAIL FROM:<a\x80\@c.example>", $utf8,
		    "octets that are not UTF-8" ],
		[ "MAIL FROM:<a\xed\xa0\x80\@c.example>", $utf8,
		    "a surrogate" ],
		[ "MAIL FROM:<a\rb\@c.example>", qr/^50[01] 5\.\d\.\d /,
		    "a bare CR" ],
		[ "MAIL FROM:<a\@b.example> BODY=xyz",
		    qr/^(?:501|555) 5\.5\.4 /, "BODY=xyz" ],
		[ "MAIL FROM:<a\@b.example> SIZE=-1", qr/^501 5\.5\.4 /,
		    "SIZE=-1" ],
		[ "MAIL FROM:<a\@b.example> SIZE=18446744073709551616",
		    qr/^(?:501 5\.5\.4|552 5\.3\.4) /, "SIZE=2^64" ],
		[ "MAIL FROM:<a\@b.example> FOO=bar", qr/^555 5\.5\.4 /,
		    "an unknown option" ],
		[ "MAIL FROM:<a\@b.example> ENVID=x+0Ay",
		    qr/^(?:501 5\.5\.4|250) /, "ENVID with a line feed" ],
		[ "RCPT TO:<a\@example.org>", qr/^503 5\.5\.1 /, "RCPT first" ],
		[ "DATA", qr/^503 5\.5\.1 /, "DATA first" ],
		[ "PROXY TCP4 1.2.3.4 5.6.7.8 1 2", qr/^50[02] 5\.5\.[12] /,
		    "PROXY from anybody" ],
		[ "XCLIENT ADDR=1.2.3.4", qr/^5\d\d 5\.\d\.\d /,
		    "XCLIENT from anybody" ],
		[ "\x80\x81\x82", qr/^50[02] 5\.5\.[12] /, "garbage" ],
	);

	for (@cases) {
		my ($line, $want, $what) = @$_;
		my $c = greeted();

		like $c->cmd($line), $want, "hostile 31, 32, 39, 50: $what";
		is $c->cmd("NOOP"), "250 2.0.0 Ok", "and the session goes on";
		$c->cmd("QUIT");
	}
	fine("odd commands");
};

subtest "long lines" => sub {
	my $c = greeted();
	is $c->cmd("NOOP " . "x" x 70_000 . "QUIT"), "250 2.0.0 Ok",
	    "70,000 octets are cut at line_length_limit, as by Postfix";
	is $c->cmd("RSET"), "250 2.0.0 Ok",
	    "and skipped up to the line's end (hostile 33)";
	$c = greeted();
	my ($before) = map { $_ // 0 } memory();
	$c->put("A" x 1_000_000) for 1 .. 30;
	fine("30 MB without a line end");
	cmp_ok memory() - $before, "<", $ENV{OUT} && $ENV{OUT} =~ /san/
	    ? 400_000 : 10_000, "in bounded memory (KB)";
	$c = greeted();
	is $c->cmd("MAIL FROM:<a\@example.net>"), "250 2.1.0 Ok", "MAIL";
	is $c->cmd("RCPT TO:<b\@example.org>"), "250 2.1.5 Ok", "RCPT";
	$c->cmd("DATA");
	$c->put("Subject: x\r\n\r\n" . "y" x 2_000_000 . "\r\n.\r\n");
	like $c->reply, qr/^552 5\.3\.4 /, "a body line of 2 MB (hostile 34)";
	$c = greeted();
	$c->cmd("MAIL FROM:<a\@example.net>");
	$c->cmd("RCPT TO:<b\@example.org>");
	$c->cmd("DATA");
	$c->put("X-H: " . "z" x 300_000 . "\r\n" . " c\r\n" x 50_000 .
	    "\r\nbody\r\n.\r\n");
	my $reply = $c->reply;
	like $reply, qr/^(?:250|552) /, "a header of 500 KB (hostile 35)";
	$sent++ if $reply =~ /^250/;
};

# Resident memory of the proxy, KB.
sub memory {
	my (undef, $text) = $w->command("status");
	my ($pid) = $text =~ /^proxy\s+pid (\d+)/m or return 0;

	return Weir::read_file("/proc/$pid/status") =~ /VmRSS:\s+(\d+)/
	    ? $1 : 0;
}

subtest "order and number" => sub {
	my $c = greeted();
	is $c->cmd("MAIL FROM:<a\@example.net>"), "250 2.1.0 Ok", "MAIL";
	is $c->cmd("MAIL FROM:<a\@example.net>"),
	    "503 5.5.1 Error: nested MAIL command", "hostile 38: nested MAIL";
	like $c->cmd("RCPT TO:<x\@elsewhere.example>"), qr/^250|^[45]/, "RCPT";
	$c->cmd("RSET");
	$c->cmd("MAIL FROM:<a\@example.net>");
	$c->cmd("RCPT TO:<>");
	is $c->cmd("DATA"), "554 5.5.1 Error: no valid recipients",
	    "hostile 37: DATA after nothing but refusals";
	$c->cmd("RSET");
	$c->cmd("MAIL FROM:<a\@example.net>");
	my %codes;
	$c->put(join "", map { "RCPT TO:<u$_\@example.org>\r\n" } 1 .. 3000);
	while (defined(my $line = $c->line)) {
		$codes{substr $line, 0, 9}++;
	}
	is $codes{"250 2.1.5"}, 100,
	    "hostile 52: 3000 recipients, smtpd_recipient_limit are taken";
	cmp_ok $codes{"452 4.5.3"}, ">=", 20, "more are refused";
	$c->close;
	$c = greeted();
	my $reply;
	for (1 .. 25) {
		$reply = $c->cmd("FROB");
		last if $reply !~ /^50/;
	}
	like $reply, qr/^421 4\.7\.0 mail\.example\.com Error: too many errors$/,
	    "hostile 52: smtpd_hard_error_limit";
	ok $c->closed, "and good-bye";
	fine("too many");
};

subtest "pipelining where it is not allowed" => sub {
	my $c = $w->smtp;
	$c->put("EHLO x\r\nMAIL FROM:<a\@example.net>\r\nRCPT TO:<b\@example.org>\r\nDATA\r\nSubject: evil\r\n\r\n.\r\nQUIT\r\n");
	my @all;
	while (defined(my $line = $c->line)) { push @all, $line }
	like join("\n", @all), qr/^554 5\.5\.0 Error: SMTP protocol synchronization$/m,
	    "hostile 30: commands before the answer to EHLO";
	unlike join("\n", @all), qr/queued as/, "nothing passes";
	fine("pipelining");
};

subtest "hang-ups" => sub {
	my @talk = ("EHLO x\r\n", "MAIL FROM:<a\@example.net>\r\n",
	    "RCPT TO:<b\@example.org>\r\n", "DATA\r\n",
	    "Subject: half\r\n\r\nbody\r\n", ".");
	for my $i (0 .. $#talk) {
		for my $how ("close", "reset", "half") {
			my $c = $w->smtp;

			for my $j (0 .. $i) {
				$c->put($talk[$j]);
				$c->reply if $j < 4;
			}
			setsockopt $c->socket, SOL_SOCKET, SO_LINGER,
			    pack("ii", 1, 0) if $how eq "reset";
			$how eq "half" ? shutdown($c->socket, 1) : $c->close;
			ok $c->closed, "answered with a hang-up, too"
			    if $how eq "half";
		}
	}
	ok $w->wait_log(qr/lost connection after DATA \(\d+ bytes\) from localhost\[127\.0\.0\.1\]/),
	    "logged";
	fine("hang-ups at every step (hostile 55)");
};

subtest "slow and many" => sub {
	my @idle = map { greeted() } 1 .. 100;
	$_->put("N") for @idle;
	fine("100 half commands (hostile 53)");
	# Next hops that are being spoken to have limits, too.
	$w->messages($sink, $sent);
	$w->wait_for(sub { ($w->command("mailq"))[1] =~ /is empty/ });
	$w->advance(320);
	my $gone = grep { $_->reply =~
	    /^421 4\.4\.2 mail\.example\.com Error: timeout exceeded$/ } @idle;
	is $gone, 100, "smtpd_timeout";
	ok $w->wait_log(qr/timeout after \S+ from localhost\[127\.0\.0\.1\]/),
	    "logged";
	my @flood = map { Weir::Client->new($w->{port}, from => "127.0.0.9") }
	    1 .. 25;
	is scalar(grep { $_->{banner} =~ /^220/ } @flood), 20,
	    "hostile 54: smtpd_client_connection_count_limit";
	like +(grep { $_->{banner} !~ /^220/ } @flood)[0]{banner},
	    qr/^421 4\.7\.0 mail\.example\.com Error: too many connections from 127\.0\.0\.9$/,
	    "the others are told";
	ok $w->wait_log(qr/warning: Connection concurrency limit exceeded: 21 from \S+\[127\.0\.0\.9\] for service \S+/),
	    "logged";
	fine("a flood");
};

my @m = $w->messages($sink, $sent);
is scalar(@m), $sent, "what was taken arrives";
is scalar(grep { /^Subject: (?:half|evil)/m } @m), 0,
    "nothing unfinished was passed on";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
unlike $w->log, qr/panic|fatal:/, "nothing died";
done_testing;
