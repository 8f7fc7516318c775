#!/usr/bin/perl
# The LMTP server (RFC 2033, I-36): a reply for each recipient at the end of a
# message, on ports and Unix sockets, to a client that says what it is told to.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Client;
use Weir::Milter;

my $w = Weir->new(start => 0);
my $port = $w->port("lmtp");
my $sink = $w->sink("sink");
my $mail = "From: <a\@b.example>\r\nSubject: SUBJECT\r\n\r\nHello.\r\n.\r\n";
my @three = map { "$_\@example.org" } qw(one two three);

system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mail.example.com -keyout $w->{dir}/etc/key.pem -out $w->{dir}/etc/cert.pem 2>/dev/null") == 0
    or die "openssl";
$w->configure(main => <<'EOT', master => <<EOT2, files => { checks => <<'EOT3' });
relay_domains = example.org
transport_maps = inline:{example.org=smtp:[127.0.0.1]:${port:sink}}
weir_prdr = yes
smtpd_recipient_limit = 4
smtpd_error_sleep_time = 0
smtpd_tls_security_level = may
smtpd_tls_cert_file = $dir/etc/cert.pem
smtpd_tls_key_file = $dir/etc/key.pem
header_checks = pcre:$dir/etc/checks
EOT
127.0.0.1:$port inet n - n - - lmtpd
  -o smtpd_hard_error_limit=5
  -o { smtpd_recipient_restrictions = check_recipient_access
      inline:{refused\@example.org=REJECT, later\@example.org=DEFER} }
  -o smtpd_reject_footer=\${server_name}
  -o { smtpd_end_of_data_restrictions = check_sender_access
      inline:{{bad\@b.example = 554 5.7.9 not you}} }
127.0.0.1:${\ $w->port("filtered")} inet n - n - - lmtpd
  -o smtpd_proxy_filter=127.0.0.1:${\ $w->port("filter")}
  -o smtpd_banner=\$myhostname
127.0.0.1:${\ $w->port("milters")} inet n - n - - lmtpd
  -o smtpd_milters=inet:127.0.0.1:${\ $w->port("milter")}
  -o header_checks=
  -o smtpd_delay_reject=no
  -o { smtpd_helo_restrictions = check_helo_access inline:{bad.example=REJECT} }
  -o smtpd_recipient_restrictions=reject_unauth_pipelining
lmtpd unix n - n - - lmtpd
  -o syslog_name=weir/socket
inner unix y - n - - lmtpd
smtpsock unix n - n - - smtpd
EOT2
/^Subject: reject/ REJECT 5.7.1 no such subject
/^Subject: discard/ DISCARD
/^Subject: hold/ HOLD
EOT3
my $filtered = $w->sink("filter",
    replies => { DOT => ["554 5.7.1 a virus", "250 2.0.0 Ok: mine"] });
$w->start;

sub lmtp {
	my ($to, $silent) = @_;
	my $c = Weir::Client->new($to || $port);

	$c->cmd("LHLO client.example.net") unless $silent;
	return $c;
}

sub replies {
	my ($c, $count) = @_;

	return map { $c->reply } 1 .. $count;
}

# The replies to the end of a message to all of these, which must be taken.
sub message {
	my ($c, $subject, @to) = @_;
	(my $text = $mail) =~ s/SUBJECT/$subject/;

	like $c->cmd('MAIL FROM:<a@b.example>'), qr/^250 2\.1\.0/, "MAIL";
	like $c->cmd("RCPT TO:<$_>"), qr/^250 2\.1\.5/, "RCPT $_" for @to;
	like $c->cmd("DATA"), qr/^354 /, "DATA";
	$c->put($text);
	return replies($c, scalar @to);
}

# The message with that Subject:, waiting for it.
sub arrived {
	my ($subject) = @_;

	return $w->wait_for(sub {
		my ($m) = grep { /^Subject: $subject\r?$/m } $w->messages($sink, 0);
		return $m;
	}) || "";
}

sub nothing_more {
	my ($c) = @_;

	is $c->cmd("NOOP"), "250 2.0.0 Ok", "and that is all";
}

subtest "greeting" => sub {
	my $c = lmtp($port, 1);

	is $c->{banner}, "220 mail.example.com LMTP Weir", "its own banner";
	is $c->cmd('MAIL FROM:<a@b.example>'),
	    "503-5.5.1 Error: send LHLO first\n503 5.5.1 mail.example.com",
	    "nothing without LHLO";
	like $c->cmd("EHLO me"),
	    qr/^500-5\.5\.1 Error: this is LMTP, send LHLO\n/, "EHLO";
	like $c->cmd("HELO me"), qr/^500-5\.5\.1 Error: this is LMTP/, "HELO";
	like $c->cmd("LHLO"), qr/^501-Syntax: LHLO hostname\n/, "LHLO nobody";
	$c = lmtp($port, 1);
	is $c->cmd("LHLO me.example"), join("\n", "250-mail.example.com",
	    "250-PIPELINING", "250-SIZE 10240000", "250-VRFY", "250-ETRN",
	    "250-STARTTLS", "250-ENHANCEDSTATUSCODES", "250-8BITMIME",
	    "250-DSN", "250-SMTPUTF8", "250 CHUNKING"), "LHLO: no PRDR";
	like $c->cmd('MAIL FROM:<a@b.example> PRDR'), qr/^555-5\.5\.4 /,
	    "and PRDR is not taken";
	is $c->cmd("HELP"), "214 2.0.0 LHLO STARTTLS MAIL RCPT DATA RSET NOOP " .
	    "VRFY ETRN HELP QUIT", "HELP";
	like $c->cmd("BDAT 7 LAST\r\nhello"), qr/^503-5\.5\.1 Error: need RCPT/,
	    "BDAT";
	$c->cmd("QUIT");
	ok $w->wait_log(qr/lmtpd\[\d+\]: disconnect from \S+ lhlo=1 mail=0\/1 bdat=0\/1 help=1 quit=1 commands=3\/5$/m),
	    "the end is logged as Postfix does it";
	is lmtp($w->port("filtered"), 1)->{banner}, "220 mail.example.com",
	    "smtpd_banner, if it is set";
	$c = $w->smtp;
	is $c->cmd("LHLO me"), "500 5.5.2 Error: command not recognized",
	    "LHLO is no command of SMTP";
};

subtest "a reply for each" => sub {
	my $c = lmtp();
	my @r = message($c, "three", @three);
	my ($id) = $r[0] =~ /queued as (\w+)/;

	is_deeply \@r, [ ("250 2.0.0 Ok: queued as $id") x 3 ], "three";
	nothing_more($c);
	my $m = arrived("three");
	like $m, qr/with LMTP id $id;\r?\n/, "RFC 3848: Received: with LMTP";
	is scalar(() = $m =~ /^X-To:/mg), 3, "for all of them";
	@r = message($c, "twice", @three[0, 0]);
	is scalar(grep { /^250 2\.0\.0 Ok: queued/ } @r), 2,
	    "one that is named twice has two replies";
	nothing_more($c);
	is scalar(() = arrived("twice") =~ /^X-To:/mg), 1, "and one message";
	ok $w->wait_log(qr{weir/lmtpd\[\d+\]: \Q$id\E: client=localhost\[127\.0\.0\.1\]}),
	    "logged as lmtpd";
};

subtest "recipients that are refused" => sub {
	my $c = lmtp();

	$c->cmd('MAIL FROM:<a@b.example>');
	like $c->cmd('RCPT TO:<refused@example.org>'), qr/^554-5\.7\.1 /, "no";
	like $c->cmd('RCPT TO:<one@example.org>'), qr/^250 /, "yes";
	like $c->cmd('RCPT TO:<later@example.org>'), qr/^450-4\.7\.1 /, "later";
	like $c->cmd("DATA"), qr/^354 /, "DATA";
	$c->put($mail);
	like $c->reply, qr/^250 2\.0\.0 Ok: queued/, "one reply";
	nothing_more($c);
	ok $w->wait_log(qr/lmtpd\[\d+\]: \w+: reject: RCPT from localhost\[127\.0\.0\.1\]: 450 4\.7\.1 <later\@example\.org>: Recipient address rejected: Access denied; from=<a\@b\.example> to=<later\@example\.org> proto=LMTP helo=<client\.example\.net>$/m),
	    "logged with the protocol";
	$c->cmd('MAIL FROM:<a@b.example>');
	$c->cmd('RCPT TO:<refused@example.org>');
	like $c->cmd("DATA"), qr/^503-5\.5\.1 Error: no valid recipients\n/,
	    "RFC 2033, 4.2: 503 to DATA where none was taken";
	$c->cmd("RSET");
	my @r = message($c, "four", map { "u$_\@example.org" } 1 .. 4);
	is scalar(grep { /^250/ } @r), 4, "smtpd_recipient_limit of them";
	$c->cmd('MAIL FROM:<a@b.example>');
	$c->cmd("RCPT TO:<u$_\@example.org>") for 1 .. 4;
	like $c->cmd('RCPT TO:<u5@example.org>'), qr/^452-4\.5\.3 /, "no more";
	$c->cmd("DATA");
	$c->put($mail);
	is scalar(grep { /^250/ } replies($c, 4)), 4, "four replies";
	nothing_more($c);
};

subtest "what is said about the message is told to all" => sub {
	my $c = lmtp();
	my @r = message($c, "reject", @three);

	is_deeply \@r, [ ("550-5.7.1 no such subject\n" .
	    "550 5.7.1 mail.example.com") x 3 ], "header_checks, and the footer";
	@r = message($c, "discard", @three);
	is scalar(grep { /^250 2\.0\.0 Ok: queued as/ } @r), 3, "discarded";
	@r = message($c, "hold", 'x@example.org', 'y@example.org');
	my ($id) = $r[0] =~ /queued as (\w+)/;
	is $r[1], $r[0], "held";
	like +($w->command("postqueue", "-p"))[1],
	    qr/^\Q$id\E! .*x\@example\.org\n\s+y\@example\.org\n/ms,
	    "... for both";
	like $c->cmd('MAIL FROM:<bad@b.example>'), qr/^250/, "MAIL";
	$c->cmd("RCPT TO:<$_>") for @three;
	$c->cmd("DATA");
	$c->put($mail);
	@r = replies($c, 3);
	is_deeply \@r, [ ("554-5.7.9 <bad\@b.example>: Sender address " .
	    "rejected: not you\n554 5.7.9 mail.example.com") x 3 ],
	    "smtpd_end_of_data_restrictions";
	nothing_more($c);
	$c->cmd('MAIL FROM:<a@b.example>');
	$c->cmd("RCPT TO:<$_>") for @three;
	$c->cmd("DATA");
	$c->put("Received: x\r\n" x 60 . "\r\n.\r\n");
	@r = replies($c, 3);
	is scalar(grep { /^554-5\.4\.0 Error: too many hops\n/ } @r), 3,
	    "a message that loops";
	nothing_more($c);
};

subtest "one message is one mistake" => sub {
	my $c = lmtp();

	for (1 .. 4) {
		my @r = message($c, "reject", @three);
		is scalar(grep { /^550-/ } @r), 3, "refused";
	}
	my @r = message($c, "reject", @three);
	is scalar(grep { /^550-/ } @r), 3, "refused once more";
	is $c->reply, "421-4.7.0 mail.example.com Error: too many errors\n" .
	    "421 4.7.0 mail.example.com", "smtpd_hard_error_limit";
	ok $c->closed, "good-bye";
};

subtest "pipelining" => sub {
	my $c = lmtp();
	my $to = join "", map { "RCPT TO:<$_>\r\n" } @three, "refused\@example.org";

	$c->put("MAIL FROM:<a\@b.example>\r\n${to}DATA\r\n");
	is join(" ", map { substr $_, 0, 3 } replies($c, 6)),
	    "250 250 250 250 554 354", "a group of commands";
	$c->put($mail . "MAIL FROM:<a\@b.example>\r\n${to}RSET\r\n" .
	    "MAIL FROM:<a\@b.example>\r\n${to}DATA\r\n");
	is join(" ", map { substr $_, 0, 3 } replies($c, 15)),
	    "250 250 250 250 250 250 250 554 250 250 250 250 250 554 354",
	    "the next ones come with the message";
	$c->put("${mail}QUIT\r\n");
	is join(" ", map { substr $_, 0, 3 } replies($c, 4)),
	    "250 250 250 221", "QUIT, too";
	ok $c->closed, "the end";
	unlike $w->log, qr/improper command pipelining/, "nothing was improper";
};

subtest "a client that leaves at the dot" => sub {
	my $c = lmtp();

	$c->cmd('MAIL FROM:<a@b.example>');
	$c->cmd("RCPT TO:<$_>") for @three;
	$c->cmd("DATA");
	$c->put($mail =~ s/SUBJECT/gone/r);
	$c->close;
	like arrived("gone"), qr/^X-To: <three/m, "has sent its message";
};

subtest "TLS" => sub {
	my $c = lmtp();

	like $c->cmd("STARTTLS"), qr/^220/, "STARTTLS";
	like $c->tls, qr/TLS/, "the handshake";
	like $c->cmd('MAIL FROM:<a@b.example>'), qr/^503-5\.5\.1 Error: send LHLO/,
	    "LHLO once more";
	$c->cmd("LHLO client.example.net");
	is scalar(grep { /^250/ } message($c, "tls", @three)), 3, "three";
	like arrived("tls"), qr/with LMTPS id /, "with LMTPS";
};

subtest "Unix sockets" => sub {
	my $c = lmtp("$w->{dir}/queue/public/lmtpd");

	is scalar(grep { /^250/ } message($c, "socket", @three)), 3, "three";
	like arrived("socket"),
	    qr/^Received: from client\.example\.net \(localhost \[127\.0\.0\.1\]\)\r?$/m,
	    "who comes by a socket is on this machine";
	ok $w->wait_log(qr{weir/socket/lmtpd\[\d+\]: connect from localhost\[127\.0\.0\.1\]}),
	    "that is logged, and -o syslog_name";
	$c->cmd("QUIT");
	ok -S "$w->{dir}/queue/private/inner", "a private one";
	$c = lmtp("$w->{dir}/queue/private/inner");
	is scalar(grep { /^250/ } message($c, "inner", @three)), 3, "works";
	is $w->smtp("$w->{dir}/queue/public/smtpsock")->{banner},
	    "220 mail.example.com ESMTP Weir", "smtpd on a socket";
};

subtest "a filter has one answer, for all" => sub {
	my $c = lmtp($w->port("filtered"));

	is_deeply [ message($c, "x", @three) ],
	    [ ("554 5.7.1 a virus") x 3 ], "refused";
	is_deeply [ message($c, "y", @three) ],
	    [ ("250 2.0.0 Ok: mine") x 3 ], "taken";
	nothing_more($c);
};

# The milter refuses some messages, and takes one recipient away from the rest.
subtest "restrictions, and a milter" => sub {
	my $milter = $w->port("milter");

	$w->peer(sub { Weir::Milter::serve($milter, "$w->{dir}/heard",
	    answers => { "L Subject\0reject" => ["y550 5.7.1 not this\0"],
		E => ["-<two\@example.org>\0", "c"] }) });
	$w->wait_port($milter) or die "no milter";
	my $c = lmtp($w->port("milters"), 1);
	is $c->cmd("LHLO bad.example"),
	    "554 5.7.1 <bad.example>: Helo command rejected: Access denied",
	    "smtpd_helo_restrictions are about LHLO";
	ok $w->wait_log(qr/lmtpd\[\d+\]: NOQUEUE: reject: LHLO from localhost\[127\.0\.0\.1\]: 554 .*; proto=LMTP helo=<bad\.example>$/m),
	    "and the log says LHLO";
	$c->cmd("LHLO client.example.net");
	is_deeply [ message($c, "reject", @three) ],
	    [ ("550 5.7.1 not this") x 3 ], "refused";
	is scalar(grep { /^250 2\.0\.0 Ok: queued/ }
	    message($c, "milter", @three)), 3, "taken, for all";
	nothing_more($c);
	$c->put(join "", "MAIL FROM:<a\@b.example>\r\n",
	    (map { "RCPT TO:<$_>\r\n" } @three), "RSET\r\n");
	is join(" ", map { substr $_, 0, 3 } replies($c, 5)),
	    "250 250 250 250 250", "R-53: pipelining is what LMTP allows";
	is join(" ", arrived("milter") =~ /^X-To: <(\w+)/mg), "one three",
	    "though one of them will not have it";
	like Weir::Milter::heard("$w->{dir}/heard"), qr/^H client\.example\.net\|$/m,
	    "LHLO is its HELO";
};

subtest "PRDR" => sub {
	my $c = $w->smtp;

	like $c->cmd("EHLO me.example"), qr/^250 PRDR$/m, "is announced";
	is $c->cmd('MAIL FROM:<a@b.example> SIZE=100 prdr'), "250 2.1.0 Ok",
	    "and taken";
	$c->cmd("RCPT TO:<$_>") for @three;
	$c->cmd("DATA");
	$c->put($mail =~ s/SUBJECT/prdr/r);
	my @r = replies($c, 5);
	is shift @r, "353 A reply for each recipient follows", "the beginning";
	my ($id) = $r[0] =~ /queued as (\w+)/;
	is_deeply \@r, [ ("250 2.0.0 Ok: queued as $id") x 4 ],
	    "each, and the message";
	nothing_more($c);
	like arrived("prdr"), qr/with ESMTP id \Q$id\E/, "it has arrived";
	$c->cmd('MAIL FROM:<a@b.example> PRDR');
	$c->cmd("RCPT TO:<$_>") for @three[0, 1];
	$c->cmd("DATA");
	$c->put($mail =~ s/SUBJECT/reject/r);
	is_deeply [ replies($c, 4) ], [ "353 A reply for each recipient follows",
	    ("550 5.7.1 no such subject") x 3 ], "refused";
	$c->cmd('MAIL FROM:<a@b.example>');
	$c->cmd("RCPT TO:<$_>") for @three;
	$c->cmd("DATA");
	$c->put($mail);
	like $c->reply, qr/^250 2\.0\.0 Ok: queued/, "not asked for: one reply";
	nothing_more($c);
};

subtest "weir check, weir test session" => sub {
	my ($status, $text) = $w->command("check");

	unlike $text, qr/lmtpd|smtpsock|inner/, "nothing is to be said";
	$w->configure(main => "relay_domains = example.org\n",
	    master => "25 inet n - n - - lmtpd\n");
	($status, $text) = $w->command("check");
	like $text, qr/warning: \S+: service 25: port 25 is for SMTP, and LMTP is another protocol \(RFC 2033\)/,
	    "RFC 2033, 5: not on port 25";
	$w->write_file("script", "client x 192.0.2.1\nlhlo me\n" .
	    "expect OK\nmail a\@b.example\nexpect OK\n");
	is $w->weir("test", "session", "-c", "$w->{dir}/etc",
	    "$w->{dir}/etc/script"), 0, "a script may say LHLO";
};

is $w->stop, 0, "stops cleanly";
ok !-e "$w->{dir}/queue/public/lmtpd", "the sockets are gone";
is $w->complaints, "", "no sanitizer complains";
done_testing;
