#!/usr/bin/perl
# Filters before the queue that give mail back: one, and several in a chain with
# what is done when one of them fails.  Hostile 88 and 89, G-04.
use strict;
use warnings;

use lib "t/lib";
use IO::Socket::INET;
use POSIX ();
use Test::More;
use Weir;
use Weir::Client;

# Takes mail, and gives it back to ${back}, marked; its answer is the answer.
sub filter {
	my ($port, $back, $mark) = @_;
	my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
	    LocalPort => $port, Listen => 128, ReuseAddr => 1) or die;

	$SIG{CHLD} = "IGNORE";
	while (1) {
		my $c = $listen->accept or next;
		if (fork) {
			close $c;
			next;
		}
		session($c, $back, $mark);
		POSIX::_exit(0);
	}
}

sub session {
	my ($c, $back, $mark) = @_;
	my ($from, $forward, @to);

	print $c "220 filter\r\n";
	while (defined(my $line = <$c>)) {
		if ($line =~ /^EHLO/) {
			print $c "250-filter\r\n",
			    $mark eq "looped" ? "" : "250-XFORWARD NAME ADDR PROTO HELO\r\n",
			    "250 8BITMIME\r\n";
		} elsif ($line =~ /^XFORWARD/) {
			$forward = $line =~ s/\r\n//r;
			print $c "250 ok\r\n";
		} elsif ($line =~ /^MAIL FROM:<(.*?)>/i) {
			($from, @to) = ($1);
			print $c "250 ok\r\n";
		} elsif ($line =~ /^RCPT TO:<(.*?)>/i) {
			push @to, $1;
			print $c "250 ok\r\n";
		} elsif ($line =~ /^DATA/i) {
			print $c "354 go\r\n";
			my $data = "X-Mark: $mark\r\n";
			while (defined($line = <$c>) && $line ne ".\r\n") {
				$line =~ s/^\.//;
				$data .= $line;
			}
			return if !defined $line;
			my $s = Weir::Client->new($back);
			$s->cmd("EHLO filter");
			$s->cmd($forward) if $forward;
			$s->{greeted} = 1;
			print $c $s->deliver(from => $from, to => \@to,
			    data => $data, seconds => 60) . "\r\n";
		} elsif ($line =~ /^QUIT/) {
			return;
		}
	}
}

my $w = Weir->new(start => 0);
my $sink = $w->sink("sink");
my %p = map { $_ => $w->port($_) } qw(f1 f2 back silent plain spooled chain back1
    back2 down overflow tempfail hang after loop looped swallow content);
my $chain = "{ weir_proxy_filters = inet:127.0.0.1:$p{f1}, inet:127.0.0.1:$p{f2} }";
my $main = <<'EOT';
relay_domains = example.org
transport_maps = inline:{example.org=smtp:[127.0.0.1]:${port:sink}}
smtpd_authorized_xforward_hosts = 127.0.0.1
message_size_limit = 0
mailbox_size_limit = 0
header_checks = regexp:{{/^X-Bad:/ REJECT bad}}
EOT
my %options = (
	plain => "-o smtpd_proxy_filter=127.0.0.1:$p{content}",
	spooled => "-o smtpd_proxy_filter=inet:127.0.0.1:$p{content} -o smtpd_proxy_options=speed_adjust",
	back => "-o smtpd_proxy_filter=",
	silent => "-o smtpd_proxy_filter=127.0.0.1:$p{swallow}",
	loop => "-o hopcount_limit=2 -o smtpd_proxy_filter=127.0.0.1:$p{looped}",
	chain => "-o $chain",
	back1 => "-o $chain -o weir_proxy_filters_passed=1",
	back2 => "-o $chain -o weir_proxy_filters_passed=2",
	down => "-o { weir_proxy_filters = { inet:127.0.0.1:1, on_failure=accept }, 127.0.0.1:$p{content} }",
	overflow => "-o { weir_proxy_filters = { inet:127.0.0.1:1, on_failure=overflow } } " .
	    "-o content_filter=smtp:[127.0.0.1]:$p{content}",
	after => "-o { weir_proxy_filters = { inet:127.0.0.1:1, on_failure=accept } } " .
	    "-o content_filter=smtp:[127.0.0.1]:$p{content}",
	tempfail => "-o { weir_proxy_filters = { inet:127.0.0.1:1, on_failure=accept }, inet:127.0.0.1:1 }",
	hang => "-o { weir_proxy_filters = { inet:127.0.0.1:$p{swallow}, timeout=2s, on_failure=accept } }",
);
$w->configure(main => $main, master => join "", map {
	"127.0.0.1:$p{$_} inet n - n - - smtpd $options{$_}\n"
} sort keys %options);
$w->dns("example.org" => "");
$w->sink("swallow", replies => { DOT => ["silent *"] });
for ([ "f1", "back1" ], [ "f2", "back2" ], [ "content", "back" ], [ "looped", "loop" ]) {
	my ($name, $back) = @$_;
	$w->peer(sub { filter($p{$name}, $p{$back}, $name) });
	$w->wait_port($p{$name});
}
$w->start;

# The reply to a message, and the message as it came to the sink.
sub through {
	my ($port, $subject, %arg) = @_;
	my $reply = $w->smtp($p{$port})->deliver(from => 'me@example.net',
	    to => 'user@example.org', seconds => 60,
	    data => ($arg{headers} // "") . "Subject: $subject\r\n\r\n" .
		($arg{body} // "text\r\n.\r\n..\r\n"));

	return ($reply, "") if $reply !~ /^2/;
	return ($reply, $w->wait_for(sub {
		my ($m) = grep { /^Subject: \Q$subject\E\r$/m } $w->messages($sink, 0);
		return $m && $m =~ s/\r//gr;
	}, 60) // "");
}

sub marks { return join " ", $_[0] =~ /^X-Mark: (.*)/mg }

my $queued = 0;
for my $port ("plain", "spooled") {
	my ($reply, $mail) = through($port, "$port one");
	like $reply, qr/^250 2\.0\.0 Ok: queued as (\w+)$/, "$port: the filter's 250, which is the queue's";
	my ($id) = $reply =~ /(\w+)$/;
	is marks($mail), "content", "by the filter";
	like $mail, qr/\n\ntext\n\.\n\.\.\n$/, "and as it was";
	is scalar(() = $mail =~ /^Received: /mg), 2, "with a trace of both";
	is scalar(() = $w->log =~ /smtpd\[\d+\]: (?!NOQUEUE)\w+: client=/g),
	    ++$queued, "queued once, behind the filter";
	like $w->log, qr/$id: client=localhost\[127\.0\.0\.1\], orig_client=localhost\[127\.0\.0\.1\]/,
	    "XFORWARD has told of the client";
	($reply) = through($port, "$port bad", headers => "X-Bad: yes\r\n");
	$queued++;
	is $reply, "550 5.7.1 bad", "what the listener behind it refuses is refused";
}

# All commands in one write.
my $c = $w->smtp($p{plain});
$c->cmd("EHLO x");
$c->put("MAIL FROM:<a\@example.net>\r\nRCPT TO:<one\@example.org>\r\n" .
    "RCPT TO:<two\@example.org>\r\nRCPT TO:<three\@example.org>\r\nDATA\r\n");
is join(" ", map { substr $c->reply(30), 0, 3 } 1 .. 5), "250 250 250 250 354", "pipelined";
$c->put("Subject: many\r\n\r\n.\r\nQUIT\r\n");
like $c->reply(30), qr/^250 2\.0\.0 Ok: queued as/, "taken";
is $c->reply, "221 2.0.0 Bye", "and the next command follows";

# 25 MB, in bounded memory.
sub memory {
	my %role = $w->roles;
	return Weir::read_file("/proc/$role{proxy}/status") =~ /^VmHWM:\s+(\d+)/m ? $1 : 0;
}
SKIP: {
	my $large = ("x" x 76 . "\r\n") x 336_000;
	my $before = memory();
	skip "memory of sanitizers", 4 if ($ENV{OUT} || "") =~ /asan|tsan/;
	for my $port ("plain", "spooled") {
		my ($reply) = through($port, "large $port", body => $large);
		like $reply, qr/^250/, "$port: 25 MB";
		cmp_ok memory() - $before, "<", 20_000, "in bounded memory";
	}
}

# A filter that says nothing holds up nobody else; nor does a reload.
$c = $w->smtp($p{silent});
$c->cmd($_) for "EHLO x", 'MAIL FROM:<a@example.net>', 'RCPT TO:<user@example.org>', "DATA";
$c->put("Subject: never\r\n\r\n.\r\n");
my $d = $w->smtp($p{plain});
is substr($d->cmd($_), 0, 3), "250", "before the reload" for "EHLO x",
    'MAIL FROM:<a@example.net>', 'RCPT TO:<user@example.org>';
like +(through("plain", "meanwhile"))[0], qr/^250/, "others go on";
my ($status, $said) = $w->command("reload");
is $status, 0, "reload" or diag $said;
is substr($d->cmd("DATA"), 0, 3), "354", "a conversation goes on";
like $d->cmd("Subject: reloaded\r\n\r\n.", 30), qr/^250/, "to its end";
$_->close for $c, $d;

my ($reply, $mail) = through("chain", "chained");
like $reply, qr/^250 2\.0\.0 Ok: queued as/, "a chain";
is marks($mail), "f2 f1", "in turn";
($reply, $mail) = through("down", "first is down");
is marks($mail), "content", "on_failure=accept: the next one sees it";
like $w->log, qr/warning: connect to proxy filter inet:127\.0\.0\.1:1: Connection refused/, "logged";
like $w->log, qr/warning: proxy filter inet:127\.0\.0\.1:1 has failed: message from localhost\[127\.0\.0\.1\] is accepted; from=<me\@example\.net>/,
    "and what became of it";
($reply, $mail) = through("after", "all are down", body => "text\r\n" x 100_000);
like $reply, qr/^250 2\.0\.0 Ok: queued as/, "taken without the last one";
is marks($mail), "", "unseen, and not for content_filter";
is length($mail =~ s/.*?\n\n//sr), 5 * 100_000, "whole";
is scalar(() = $mail =~ /^Received: [^\n]*\n\tby [^\n]* id \w+/mg), 1, "with one trace, and our id";
($reply) = through("after", "bad", headers => "X-Bad: yes\r\n");
is $reply, "550 5.7.1 bad", "header_checks see what goes into the queue here";
($reply, $mail) = through("overflow", "overflown");
like $reply, qr/^250 2\.0\.0 Ok: queued as/, "on_failure=overflow";
is marks($mail), "content", "content_filter has it";
($reply) = through("tempfail", "both are down");
is $reply, "451 4.3.0 Error: queue file write error", "on_failure=tempfail, the default";
($reply, $mail) = through("hang", "slow");
like $reply, qr/^250/, "too slow: its setting decides";
is marks($mail), "", "taken unseen";
($reply) = through("chain", "chained bad", headers => "X-Bad: yes\r\n");
is $reply, "550 5.7.1 bad", "a refusal is no failure";

($reply) = through("loop", "round and round");
is $reply, "554 5.4.0 Error: too many hops", "a loop has an end";
is $w->stop, 0, "ends in peace";
is $w->complaints, "", "no complaints";

# What cannot be is told, with its place, and lets no mail pass.
for (
	[ "smtpd_proxy_filter = unix:", qr/main\.cf:\d+: smtpd_proxy_filter: / ],
	[ "smtpd_proxy_filter = 127.0.0.1:1\nsmtpd_proxy_options = speed_adjust, fast",
	    qr/main\.cf:\d+: unknown smtpd_proxy_options value "fast" in "speed_adjust, fast"/ ],
	[ "smtpd_proxy_filter = 127.0.0.1:1\nweir_proxy_filters = 127.0.0.1:2",
	    qr/only one of them may be set/ ],
	[ "weir_proxy_filters = { inet:127.0.0.1:1, on_failure=reject }",
	    qr/main\.cf:\d+: weir_proxy_filters: on_failure=reject: must be tempfail, accept, hold or overflow/ ],
	[ "weir_proxy_filters = { inet:127.0.0.1:1, retries=3 }", qr/"retries=3" is neither/ ],
	[ "weir_proxy_filters = { inet:127.0.0.1:1, timeout=soon }", qr/bad time: timeout=soon/ ],
	[ "weir_proxy_filters = { inet:127.0.0.1:1, timeout=90s }, { unix:x, timeout=11s }",
	    qr/more time together than weir_proxy_filters_budget/ ],
	[ "weir_proxy_filters = { inet:127.0.0.1:1, on_failure=overflow }",
	    qr/on_failure=overflow needs a content_filter/ ],
	[ "weir_proxy_filters = 127.0.0.1:1\nweir_proxy_filters_passed = 2",
	    qr/weir_proxy_filters_passed = 2, of a list of 1/ ],
) {
	my ($lines, $error) = @$_;
	$w->configure(main => $main . "$lines\n");
	my ($status, $said) = $w->command("check");
	isnt $status, 0, "check fails";
	like $said, $error, $lines =~ s/\n.*//sr;
}
$w->start;
is $w->send_mail(to => 'user@example.org'),
    "451 4.3.0 Error: queue file write error", "no mail without its filter";
done_testing;
