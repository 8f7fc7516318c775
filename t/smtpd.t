#!/usr/bin/perl
# The SMTP server seen from outside: what takes time, what is cut, what is
# encrypted, what is logged (hostile.md, rows as cited).
use strict;
use warnings;

use lib "t/lib";
use IO::Socket::SSL;
use Socket qw(SOL_SOCKET SO_LINGER);
use Test::More;
use Time::HiRes qw(sleep time);
use Weir;

my $w = Weir->new(start => 0);
system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mail.example.com -keyout $w->{dir}/etc/key.pem -out $w->{dir}/etc/cert.pem 2>/dev/null") == 0
    or die "no certificate";
chmod 0644, "$w->{dir}/etc/key.pem";
$w->configure(main => <<'EOT', master => <<'EOM');
relay_domains = example.org
transport_maps = inline:{example.org=discard:}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_cert_file = $dir/etc/cert.pem
smtpd_tls_key_file = $dir/etc/key.pem
smtpd_tls_loglevel = 1
smtpd_tls_received_header = yes
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_forbid_bare_newline_exclusions =
smtpd_client_connection_count_limit = 3
smtpd_client_event_limit_exceptions = 127.0.0.1
EOT
127.0.0.1:${port:must} inet n - n - - smtpd -o smtpd_tls_security_level=encrypt
127.0.0.1:${port:wrapped} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
127.0.0.1:${port:tarpit} inet n - n - - smtpd -o smtpd_soft_error_limit=2 -o smtpd_error_sleep_time=200s -o smtpd_forbid_unauth_pipelining=no
EOM
$w->write_file("master.cf", do {
	my $text = Weir::read_file("$w->{dir}/etc/master.cf");
	$w->expand($text);
});
$w->start;

sub begin {
	my ($c, $to) = @_;

	$c->cmd("EHLO me.example");
	$c->cmd("MAIL FROM:<a\@b.example>");
	$c->cmd("RCPT TO:<" . ($to || "user\@example.org") . ">");
	return $c->cmd("DATA");
}

sub tls {
	my ($c) = @_;

	IO::Socket::SSL->start_SSL($c->{socket}, SSL_verify_mode => 0)
	    or return "";
	return $c->{socket}->get_sslversion;
}

subtest "log lines of a session" => sub {
	my $c = $w->smtp;
	is begin($c), "354 End data with <CR><LF>.<CR><LF>", "DATA";
	my ($qid) = $c->cmd("Subject: x\r\n\r\ny\r\n.") =~ /queued as (\w+)/;
	$c->cmd("FOO");
	$c->cmd("QUIT");
	ok $w->wait_log(qr/smtpd\[(\d+)\]: connect from \S+\[127\.0\.0\.1\]\n/),
	    "connect";
	ok $w->wait_log(qr/smtpd\[\d+\]: $qid: client=\S+\[127\.0\.0\.1\]\n/),
	    "client";
	ok $w->wait_log(qr/disconnect from \S+\[127\.0\.0\.1\] ehlo=1 mail=1 rcpt=1 data=1 quit=1 unknown=0\/1 commands=5\/6\n/),
	    "disconnect";
	$c = $w->smtp;
	begin($c);
	$c->put("abc\r\nde");
	close $c->socket;
	ok $w->wait_log(qr/lost connection after DATA \(5 bytes\) from \S+\[127\.0\.0\.1\]\n/),
	    "lost within a message";
};

subtest "rows 26, 27: a message octet by octet" => sub {
	my $c = $w->smtp;
	begin($c);
	for my $octet (split //, "a: b\r\n\r\n..x\r\n.\r\n") {
		$c->put($octet);
		sleep 0.002;
	}
	like $c->reply, qr/^250 2\.0\.0 Ok: queued/, "accepted once";
	is $c->cmd("NOOP"), "250 2.0.0 Ok", "in step";
};

subtest "row 53: clients that dribble do not slow others" => sub {
	my @slow = map { $w->smtp } 1 .. 50;

	$_->put("EHL") for @slow;
	my $c = $w->smtp;
	is $c->cmd("NOOP"), "250 2.0.0 Ok", "served at once";
	$w->advance(299);
	$_->put("O") for @slow;
	$w->advance(2);
	is $slow[0]->reply, "421 4.4.2 mail.example.com Error: timeout exceeded",
	    "the limit runs from the first octet of a line";
	ok $w->wait_log(qr/timeout after CONNECT from/), "and is logged";
};

subtest "smtpd_min_data_rate" => sub {
	my $c = $w->smtp;
	begin($c);
	$c->put("a: b\r\n");
	for (1 .. 4) {
		$w->advance(100);
		$c->put("x\r\n");
		sleep 0.03;
	}
	is $c->reply, "421 4.4.2 mail.example.com Error: timeout exceeded",
	    "octets that dribble in do not keep a message alive";
};

subtest "the tarpit is a timer" => sub {
	my @bad = map { $w->smtp($w->port("tarpit")) } 1 .. 20;

	for my $c (@bad) {
		$c->cmd("FOO");
		$c->cmd("FOO");
		$c->put("FOO\r\nNOOP\r\n");
	}
	is $bad[0]->reply(0.1), "", "the reply is held back";
	my $c = $w->smtp($w->port("tarpit"));
	is $c->cmd("NOOP"), "250 2.0.0 Ok", "others are served meanwhile";
	$w->advance(201);
	is $bad[0]->reply, "500 5.5.2 Error: command not recognized", "later";
	is $bad[0]->reply(0.1), "", "the next one is held back, too";
	$w->advance(201);
	is $bad[0]->reply, "250 2.0.0 Ok", "later";
};

subtest "STARTTLS" => sub {
	my $c = $w->smtp;
	like $c->cmd("EHLO x"), qr/^250-STARTTLS$/m, "announced";
	is $c->cmd("STARTTLS"), "220 2.0.0 Ready to start TLS", "ready";
	like tls($c), qr/^TLSv1/, "shaken hands";
	is $c->cmd("MAIL FROM:<a\@b>"), "250 2.1.0 Ok", "goes on";
	$c->cmd("RSET");
	unlike $c->cmd("EHLO x"), qr/STARTTLS/, "not announced again";
	is $c->cmd("STARTTLS"), "554 5.5.1 Error: TLS already active", "twice";
	begin($c);
	like $c->cmd("a: b\r\n\r\n" . "x" x 100000 . "\r\n."),
	    qr/^250 2\.0\.0 Ok/, "a message of several records";
	ok $w->wait_log(qr/Anonymous TLS connection established from \S+\[127\.0\.0\.1\]: TLSv1\.\d with cipher \S+ \(\d+\/\d+ bits\)/),
	    "logged";
	$c = $w->smtp;
	$c->cmd("EHLO before");
	$c->put("STARTTLS\r\nNOOP\r\n");
	is $c->reply, "554 5.5.0 Error: SMTP protocol synchronization",
	    "row 44: plain text behind STARTTLS";
	is $c->reply, "", "row 44: the client is cut off";
	$c = $w->smtp;
	is $c->cmd("EHLO before") =~ /250/, 1, "greeted";
	$c->cmd("STARTTLS");
	tls($c);
	$c->cmd("MAIL FROM:<a\@b>");
	$c->cmd("RCPT TO:<user\@example.org>");
	$c->cmd("DATA");
	my ($qid) = $c->cmd("a: b\r\n\r\n.") =~ /queued as (\w+)/;
	my ($status, $text) = $w->command("postcat", "-q", $qid // "none");
	unlike $text, qr/from before/, "row 46: HELO before TLS is forgotten";
};

subtest "TLS as a must, and from the start" => sub {
	my $c = $w->smtp($w->port("must"));
	$c->cmd("EHLO x");
	is $c->cmd("MAIL FROM:<a\@b>"),
	    "530 5.7.0 Must issue a STARTTLS command first", "refused";
	$c->cmd("STARTTLS");
	tls($c);
	is $c->cmd("MAIL FROM:<a\@b>"), "250 2.1.0 Ok", "allowed";
	$c = Weir::Client->new($w->port("wrapped"), silent => 1);
	like tls($c), qr/^TLSv1/, "shaken hands first";
	is $c->reply, "220 mail.example.com ESMTP Weir", "then greeted";
};

subtest "row 47: TLS ends in the middle of a message" => sub {
	my $c = Weir::Client->new($w->{port}, from => "127.0.0.11");
	$c->cmd("EHLO x");
	$c->cmd("STARTTLS");
	tls($c);
	begin($c);
	$c->put("Subject: half\r\n\r\nhalf");
	# close_notify, and the rest of it by whoever holds the wire.
	$c->socket->stop_SSL(SSL_fast_shutdown => 1, SSL_no_shutdown => 0);
	my $fd = fileno $c->socket;
	open my $raw, "+<&=", $fd or die;
	syswrite $raw, "evil\r\n.\r\nMAIL FROM:<evil\@example.net>\r\n";
	ok $w->wait_log(qr/lost connection after DATA .*from \S+\[127\.0\.0\.11\]/),
	    "the session ends";
	my (undef, $queue) = $w->command("postqueue", "-j");
	unlike $queue, qr/evil|half/, "nothing is taken";
	unlike $w->log, qr/from=<evil/, "nor obeyed";
};

subtest "rows 52, 54: limits" => sub {
	my @c = map {
		Weir::Client->new($w->{port}, from => "127.0.0.7")
	} 1 .. 4;
	is $c[3]{banner}, "421 4.7.0 mail.example.com Error: too many "
	    . "connections from 127.0.0.7", "the fourth connection";
	close $c[0]->socket;
	ok $w->wait_for(sub {
		Weir::Client->new($w->{port}, from => "127.0.0.7")
		    ->{banner} =~ /^220/;
	}), "after one has gone there is room";
};

subtest "row 29: a client that speaks before the banner" => sub {
	# What it says is there before the gateway looks.
	my %pid = $w->roles;
	kill "STOP", $pid{proxy};
	$w->wait_for(sub {
		!grep { Weir::read_file($_) !~ /\) T / }
		    glob "/proc/$pid{proxy}/task/*/stat";
	});
	my $c = Weir::Client->new($w->{port}, silent => 1, from => "127.0.0.9");
	$c->put("EHLO x\r\n");
	kill "CONT", $pid{proxy};
	is $c->reply(30), "554 5.5.0 Error: SMTP protocol synchronization",
	    "is refused";
	ok $w->wait_log(qr/improper command pipelining after CONNECT from unknown\[127\.0\.0\.9\]: EHLO x\\r\\n/),
	    "logged";
};

subtest "row 55: a reset at every point" => sub {
	my @steps = ("EHLO x", "MAIL FROM:<a\@b>",
	    "RCPT TO:<user\@example.org>", "DATA", "a: b");
	for my $n (0 .. @steps) {
		my $c = $w->smtp;
		$c->cmd($steps[$_]) for 0 .. ($n < 4 ? $n : 4) - 1;
		$c->put("a: b\r\n") if $n == 5;
		setsockopt $c->socket, SOL_SOCKET, SO_LINGER, pack("ii", 1, 0);
		close $c->socket;
	}
	like $w->send_mail(to => 'user@example.org', from => 'a@b'),
	    qr/^250/, "others are served";
	my $c = $w->smtp;
	begin($c);
	$c->put("a: b\r\n\r\nhalf");
	shutdown $c->socket, 1;
	is $c->reply, "", "half a message is nothing";
};

is $w->stop, 0, "row 107: ends in peace";
is $w->complaints, "", "no complaints";
done_testing;
