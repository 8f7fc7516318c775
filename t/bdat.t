#!/usr/bin/perl
# Messages in chunks (BDAT, RFC 3030) over real ports: sizes of all kinds, TLS,
# ways out, and clients that are slow, leave, or lie.  Hostile 42, 43, 47.
use strict;
use warnings;

use lib "t/lib";
use IO::Select;
use Test::More;
use Weir;
use Weir::Client;
use Weir::Clients;

my $w = Weir->new(start => 0);
my $key = "$w->{dir}/key.pem";
system("openssl req -x509 -newkey rsa:2048 -nodes -keyout $key -out $key.crt " .
    "-subj /CN=mail.example.com -days 2 >/dev/null 2>&1 && cat $key.crt >> $key") == 0
    or die "no certificate";
$w->configure(main => <<'EOT', master => <<'EOT');
relay_domains = example.org, example.com
relay_recipient_maps =
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:sink}}
smtpd_error_sleep_time = 0
smtpd_tls_security_level = may
smtpd_tls_chain_files = $dir/key.pem
smtpd_client_connection_count_limit = 0
smtpd_forbid_bare_newline_exclusions =
smtpd_authorized_xclient_hosts = 127.0.0.9
message_size_limit = 3000000
weir_workers = 8
EOT
127.0.0.1:${port:cut} inet n - n - - smtpd -o weir_cut_through=yes
127.0.0.1:${port:prdr} inet n - n - - smtpd -o weir_prdr=yes
127.0.0.1:${port:helo} inet n - n - - smtpd
  -o { smtpd_helo_restrictions = check_helo_access tcp:127.0.0.1:${port:table} }
  -o smtpd_delay_reject=no
127.0.0.1:${port:words} inet n - n - - smtpd
  -o smtpd_command_filter=tcp:127.0.0.1:${port:table}
EOT
# A table elsewhere, so that EHLO, or every command, needs a worker.
$w->peer(sub {
	Weir::Clients::each_client($w->port("table"), sub {
		my ($c) = @_;
		$c->autoflush(1);
		print $c "500 no\n" while <$c>;
	});
});
$w->wait_port($w->port("table"));
my $sink = $w->sink("sink");
$w->start;
my $sent = 0;

my @begin = ("EHLO me.example", 'MAIL FROM:<sender@example.net>',
    'RCPT TO:<user@example.org>');

# In a transaction.
sub ready {
	my (%arg) = @_;
	my $c = Weir::Client->new($w->port($arg{port} || "smtp"),
	    from => $arg{from});

	$c->cmd($begin[0]);
	if ($arg{tls}) {
		$c->cmd("STARTTLS");
		like $c->tls, qr/TLS/, "TLS";
		$c->cmd($begin[0]);
	}
	$c->cmd($begin[1] . ($arg{mail} || ""));
	$c->cmd($begin[2]);
	return $c;
}

sub fine {
	my ($text) = @_;

	like $w->healthy('user@example.org'), qr/^250 2\.0\.0 Ok: queued/,
	    "$text: the next client is served";
	$sent++;
}

# Next hops that are being spoken to have limits, too.
sub pass_time {
	my ($seconds) = @_;

	$w->messages($sink, $sent);
	$w->wait_for(sub { ($w->command("mailq"))[1] =~ /is empty/ });
	$w->advance($seconds);
}

# ${text} in chunks of so many octets, in turn.
sub chunks {
	my ($text, @sizes) = @_;
	my ($at, @chunks) = (0);

	while ($at < length $text) {
		my $n = $sizes[@chunks % @sizes];

		$n = length($text) - $at if $n > length($text) - $at;
		push @chunks, "BDAT $n" . ($at + $n == length $text ? " LAST" : "") .
		    "\r\n" . substr($text, $at, $n);
		$at += $n;
	}
	return @chunks;
}

# Many at once, but never more than there is room for replies.
sub converse {
	my ($c, @chunks) = @_;
	my @said;

	while (my @some = splice @chunks, 0, 200) {
		$c->put(join "", @some);
		push @said, map { $c->reply } @some;
	}
	return @said;
}

# What arrives of the message with this subject, behind our own header.
sub arrived {
	my ($subject) = @_;
	my ($got) = $w->wait_for(sub {
		(grep { /^Subject: \Q$subject\E\r?$/m } $w->messages($sink, 1))[0];
	});

	$got //= "";
	$got =~ s/.*?^(?=Subject: )//ms;
	return $got;
}

my $body = join "", map { ("." x ($_ % 4)) . "line $_ " . "x" x ($_ % 90) . "\r\n" } 1 .. 300;

sub text {
	my ($subject, $octets) = @_;

	return "Subject: $subject\r\nFrom: a\@example.net\r\nMessage-Id: <$subject\@a>\r\n" .
	    "Date: Thu, 1 Jan 2026 00:00:00 +0000\r\n\r\n" . ($octets // $body);
}

for my $case ([ "one", 1 ], [ "two", 2 ], [ "primes", 7, 13, 1, 97 ],
    [ "large", 5000 ], [ "whole", 1_000_000 ]) {
	my ($name, @sizes) = @$case;
	for my $tls (0, 1) {
		my $c = ready(tls => $tls);
		my $text = text("$name$tls");
		my @chunks = chunks($text, @sizes);
		my @said = converse($c, @chunks);

		like $said[-1], qr/^250 2\.0\.0 Ok: ${\ length $text} bytes queued as \w+$/,
		    "chunks: $name" . ($tls ? ", TLS" : "");
		is scalar(@said), scalar(@chunks), "as many replies";
		is scalar(grep { !/^250 2\.0\.0 Ok: \d+ bytes/ } @said), 0, "all good";
		is arrived("$name$tls"), $text, "it arrives as it is";
		$sent++;
		$c->close;
	}
}

subtest "a large message" => sub {
	my $text = text("much", $body x 150);
	my $c = ready();

	like +(converse($c, chunks($text, 4000, 1, 60000)))[-1], qr/^250 2\.0\.0 Ok: \d+ bytes queued/,
	    length($text) . " octets";
	ok arrived("much") eq $text, "arrive";
	$sent++;
};

subtest "more than one octet for each of 10000 chunks" => sub {
	my $c = ready();
	my $text = "x" x 9998 . "\r\n";
	my @chunks = chunks($text, 1);

	is scalar(@chunks), 10000, "10000 chunks";
	like +(converse($c, @chunks))[-1], qr/^250 2\.0\.0 Ok: 10000 bytes queued/, "are a message";
	$sent++;
};

subtest "a chunk that is refused comes and goes first (RFC 3030, 2)" => sub {
	my $c = Weir::Client->new($w->{port});

	$c->cmd("EHLO x");
	$c->put("BDAT 21\r\nQUIT\r\nRSET\r\n");
	fine("half a chunk");
	ok !IO::Select->new($c->socket)->can_read(0), "nothing is said before";
	$c->put("NOOP\r\nx\r\nNOOP\r\n");
	is $c->reply, "503 5.5.1 Error: need RCPT command", "then it is";
	is $c->reply, "250 2.0.0 Ok", "and the next command is the next";
};

subtest "what looks like the end is none (hostile 43)" => sub {
	my $evil = "a\r\n.\r\nMAIL FROM:<evil\@example.net>\r\nRCPT TO:<user\@example.org>\r\n" .
	    "DATA\r\nSubject: evil\r\n\r\n.\r\n\n.\nb\n.\r\nBDAT 5 LAST\r\nQUIT\r\n";
	my $c = ready();

	like +(converse($c, chunks(text("smuggled", $evil), 30)))[-1], qr/bytes queued/, "taken as one";
	(my $want = text("smuggled", $evil)) =~ s/(?<!\r)\n/\r\n/g;
	is arrived("smuggled"), $want, "and arrives as one, its lines mended";
	is $c->cmd("NOOP"), "250 2.0.0 Ok", "no more was heard";
	$sent++;
};

subtest "clients that leave (hostile 42, 47)" => sub {
	for my $how ("close", "half") {
		my $c = ready();

		$c->put("BDAT 100\r\nSubject: gone\r\n\r\nx");
		$how eq "half" ? shutdown($c->socket, 1) : $c->close;
		ok $c->closed, "answered with a hang-up, too" if $how eq "half";
	}
	ok $w->wait_log(qr/lost connection after BDAT \(18 bytes\) from localhost\[127\.0\.0\.1\]/),
	    "logged";
	my $c = ready();
	$c->put("BDAT 15\r\nSubject: gone\r\n");
	is $c->reply, "250 2.0.0 Ok: 15 bytes", "one chunk";
	$c->close;
	ok $w->wait_log(qr/lost connection after BDAT \(15 bytes\) from/), "between chunks";
	$c = ready(tls => 1);
	$c->put("BDAT 1000\r\nSubject: gone\r\n");
	$c->socket->stop_SSL(SSL_no_shutdown => 0, SSL_fast_shutdown => 1);
	$c->put("\r\nin plain text\r\n" x 100);
	ok $c->closed, "plain text behind the end of TLS ends it";
	$c = ready();
	$c->put("BDAT 10000000\r\nSubject: gone\r\n\r\n");
	$c->put("x" x 1000) for 1 .. 100;
	$c->close;
	fine("clients that have gone");
};

subtest "slow ones have no worker" => sub {
	my @slow = map { ready() } 1 .. 60;

	$_->put("BDAT 1000\r\nSubject: slow\r\n") for @slow;
	fine("60 of them");
	$_->put("BDAT 1000\r\nSubject: slow\r\n") for map { ready() } 1 .. 3;
	pass_time(290);
	$_->put("x" x 100) for @slow[0 .. 9];
	fine("and a while");
	pass_time(20);
	my @gone = map { $_->reply } @slow[10 .. 59];
	is scalar(grep { /^421 4\.4\.2 mail\.example\.com Error: timeout exceeded$/ } @gone), 50,
	    "smtpd_timeout";
	ok $w->wait_log(qr/timeout after BDAT \(15 bytes\) from/), "logged";
	my $c = Weir::Client->new($w->{port});
	$c->cmd("EHLO x");
	$c->put("BDAT 100\r\nx");
	fine("a chunk that nobody wants");
	pass_time(310);
	like $c->reply, qr/^421 4\.4\.2 /, "has the same limit";
};

subtest "EHLO in a worker forgets what the queue has" => sub {
	my $c = ready(port => "helo");
	my $many = "y" x 200_000;

	$c->put("BDAT 200000\r\n$many");
	is $c->reply, "250 2.0.0 Ok: 200000 bytes", "a large chunk";
	like $c->cmd("EHLO again"), qr/^250/, "EHLO";
	$c->cmd($_) for @begin[1, 2];
	my $text = text("again");
	$c->put((chunks($text, 1_000_000))[0]);
	like $c->reply, qr/bytes queued/, "the next message";
	is arrived("again"), $text, "arrives alone";
	$sent++;
};

subtest "commands that a table elsewhere is asked about" => sub {
	my $c = Weir::Client->new($w->port("words"));
	my $text = text("asked");

	$c->cmd($begin[0]);
	$c->put(join "", map({ "$_\r\n" } @begin[1, 2]), chunks($text, 1000));
	my @said = map { $c->reply } 1 .. 2 + chunks($text, 1000);
	like $said[-1], qr/bytes queued/, "all at once";
	is scalar(grep { !/^250/ } @said), 0, "all good";
	is $c->cmd("FROB"), "500 5.5.2 Error: command not recognized", "and no command";
	is arrived("asked"), $text, "arrives as it is";
	$sent++;
};

subtest "cut-through" => sub {
	my $c = ready(port => "cut");
	my $text = text("through");

	like +(converse($c, chunks($text, 100)))[-1], qr/^250 2\.0\.0 Ok: sunk$/, "the next hop answers";
	is arrived("through"), $text, "as it was";
	$sent++;
};

subtest "PRDR" => sub {
	my $c = ready(port => "prdr", mail => " PRDR");

	$c->cmd('RCPT TO:<other@example.org>');
	my $text = text("each");
	$c->put(join "", chunks($text, length($text) - 1));
	my @said = map { $c->reply } 1 .. 5;
	is shift @said, "250 2.0.0 Ok: " . (length($text) - 1) . " bytes", "a chunk";
	is shift @said, "353 A reply for each recipient follows", "the first of many";
	is scalar(grep { /^250 2\.0\.0 Ok: \d+ bytes queued as/ } @said), 3, "three more";
	is arrived("each"), $text, "it arrives";
	$sent++;
	$c->cmd($_) for $begin[1] . " PRDR", $begin[2], 'RCPT TO:<other@example.org>';
	$c->put("BDAT 3000001 LAST\r\n" . "x" x 3000001);
	is $c->reply, "552 5.3.4 Chunk exceeds message size limit", "a refusal is one reply";
	is $c->cmd("NOOP"), "250 2.0.0 Ok", "and that was it";
};

subtest "XCLIENT" => sub {
	my $c = Weir::Client->new($w->{port}, from => "127.0.0.9");

	$c->cmd("EHLO proxy");
	$c->cmd("XCLIENT NAME=client.example ADDR=192.0.2.7");
	$c->cmd($_) for @begin[0, 1], 'RCPT TO:<user@elsewhere.example>';
	like $c->cmd("BDAT 2 LAST\r\n"), qr/^554 5\.5\.1 Error: no valid recipients$/,
	    "no relay, no recipient";
};

my @m = $w->messages($sink, $sent);
is scalar(@m), $sent, "what was taken arrives";
is scalar(grep { /^Subject: (?:gone|slow)/m } @m), 0, "nothing unfinished was passed on";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
unlike $w->log, qr/panic|fatal:/, "nothing died";
done_testing;
