#!/usr/bin/perl
# From a client's connect to the next hop: the scenarios of the founding
# documents that a session and a relayed message show.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;

my $w = Weir->new(main => <<'EOT');
relay_domains = example.org
relay_recipient_maps = inline:{user@example.org=x, kdent@example.org=x, second@example.org=x}
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:sink}}
mynetworks = 127.0.0.1/32
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
header_checks = regexp:$dir/etc/header_checks
body_checks = regexp:$dir/etc/body_checks
message_size_limit = 200000
EOT
my $sink = $w->sink("sink");
$w->write_file("header_checks", <<'EOT');
/^Subject: stop/ REJECT no stopping
/^Subject: keep/ HOLD look at it
/^Subject: away/ DISCARD gone
/^X-Secret:/ IGNORE
/^X-Mark: (.*)/ REPLACE X-Marked: $1
/^Subject: pre/ PREPEND X-Pre: yes
/^Subject: re/ REDIRECT second@example.org
EOT
$w->write_file("body_checks", "/badword/ REJECT language\n");
is +($w->command("reload"))[0], 0, "checks are loaded";

subtest "S-001, S-002: a session" => sub {
	my $c = $w->smtp;
	is $c->{banner}, "220 mail.example.com ESMTP Weir", "banner (O-01)";
	is $c->cmd("HELO mail.oreilly.com"), "250 mail.example.com",
	    "HELO shows the server's name (T-03)";
	is $c->cmd('MAIL FROM: info@oreilly.com'), "250 2.1.0 Ok", "no <>";
	is $c->cmd('RCPT TO: user@example.org'), "250 2.1.5 Ok", "no <>";
	is $c->cmd("DATA"), "354 End data with <CR><LF>.<CR><LF>", "DATA";
	my $reply = $c->cmd("To: nobody\@elsewhere\r\nSubject: hi\r\n\r\nText\r\n.");
	like $reply, qr/^250 2\.0\.0 Ok: queued as (\w+)$/, "queued";
	my ($qid) = $reply =~ /as (\w+)/;
	is $c->cmd("QUIT"), "221 2.0.0 Bye", "QUIT";
	my ($m) = $w->messages($sink, 1);
	like $m, qr/^X-From: <info\@oreilly.com>/, "sender";
	like $m, qr/^X-To: <user\@example.org>/m,
	    "S-003: the envelope decides, not the header";
	like $m, qr/^Received: from mail\.oreilly\.com \(\S+ \[127\.0\.0\.1\]\)\r\n\tby mail\.example\.com \(Weir\) with SMTP id $qid\r\n\tfor <user\@example\.org>; /m,
	    "Received (O-51)";
	ok $w->wait_log(qr/smtpd\[\d+\]: $qid: client=\S+\[127\.0\.0\.1\]/),
	    "log: client";
	ok $w->wait_log(qr/cleanup\[\d+\]: $qid: message-id=/), "log: cleanup";
	ok $w->wait_log(qr/qmgr\[\d+\]: $qid: from=<info\@oreilly\.com>, size=\d+, nrcpt=1 \(queue active\)/),
	    "log: active (O-33)";
	ok $w->wait_log(qr/smtp\[\d+\]: $qid: to=<user\@example\.org>, relay=127\.0\.0\.1\[127\.0\.0\.1\]:\d+, delay=[\d.]+, delays=[\d.\/]+, dsn=2\.0\.0, status=sent \(250 2\.0\.0 Ok: sunk\)/),
	    "log: sent (O-37)";
	ok $w->wait_log(qr/qmgr\[\d+\]: $qid: removed/), "log: removed";
};

subtest "commands" => sub {
	my $c = $w->smtp;
	my $ehlo = $c->cmd("EHLO me.example.net");
	like $ehlo, qr/^250-mail\.example\.com$/m, "EHLO name";
	like $ehlo, qr/^250[ -]$_$/m, "EHLO $_" for "PIPELINING",
	    "SIZE 200000", "ENHANCEDSTATUSCODES", "8BITMIME", "DSN", "VRFY";
	unlike $ehlo, qr/STARTTLS|AUTH|XCLIENT/, "nothing that is not there";
	is $c->cmd("NOOP"), "250 2.0.0 Ok", "NOOP";
	is $c->cmd("RSET"), "250 2.0.0 Ok", "RSET";
	like $c->cmd("VRFY user\@example.org"), qr/^25[02] 2\.0\.0/, "VRFY";
	like $c->cmd("VRFY no\@example.org"), qr/^550 5\.1\.1/, "VRFY unknown";
	like $c->cmd("RCPT TO:<a\@example.org>"), qr/^503 5\.5\.1/,
	    "RCPT before MAIL";
	like $c->cmd("DATA"), qr/^503 5\.5\.1/, "DATA before RCPT";
	like $c->cmd("FROB"), qr/^50[02] 5\.5\.[12]/, "unknown command";
	is $c->cmd("MAIL FROM:<a\@b.example>"), "250 2.1.0 Ok", "MAIL";
	like $c->cmd("MAIL FROM:<a\@b.example>"), qr/^503 5\.5\.1/, "nested";
	is $c->cmd("RCPT TO:<user\@example.org>"), "250 2.1.5 Ok", "RCPT";
	like $c->cmd("EHLO again"), qr/^250/, "EHLO resets";
	like $c->cmd("RCPT TO:<user\@example.org>"), qr/^503/, "it did";
	like $c->cmd("MAIL FROM:<a\@b.example> SIZE=999999"),
	    qr/^552 5\.3\.4 Message size exceeds fixed limit/, "S-049: SIZE";
	$c->cmd("QUIT");
};

is $w->send_mail(to => 'nobody@example.org'),
    '550 5.1.1 <nobody@example.org>: Recipient address rejected: ' .
    'User unknown in relay recipient table', "S-060 for relay recipients";
like $w->send_mail(to => 'user@example.org', data =>
	"Subject: stop it\r\n\r\n"),
    qr/^550 5\.7\.1 no stopping/, "header check REJECT";
ok $w->wait_log(qr/cleanup\[\d+\]: \w+: reject: header Subject: stop it from \S+\[127\.0\.0\.1\]; from=<sender\@example\.net> to=<user\@example\.org> proto=ESMTP helo=<client\.example\.net>: 5\.7\.1 no stopping/),
    "log of the header check";
like $w->send_mail(to => 'user@example.org',
	data => "Subject: x\r\n\r\nhas badword in it\r\n"),
    qr/^550 5\.7\.1 language/, "body check REJECT";

subtest "header edits" => sub {
	like $w->send_mail(to => 'user@example.org', data => "Subject: pre\r\n" .
	    "X-Secret: a\r\n b\r\nX-Mark: it\r\n\r\nbody\r\n..dots\r\n.\r\n"),
	    qr/^250/, "taken";
	my @m = $w->messages($sink, 2);
	my ($m) = grep { /Subject: pre/ } @m;
	like $m, qr/^X-Pre: yes\r\nSubject: pre\r\nX-Marked: it\r\n(?:[\w-]+: .*\r\n)*\r\nbody\r\n\.\.dots\r\n\.\r\n\z/m,
	    "PREPEND, IGNORE, REPLACE, and dots survive";
};

like $w->send_mail(to => 'user@example.org', data => "Subject: re\r\n\r\n"),
    qr/^250/, "REDIRECT is taken";
{
	my @m = $w->messages($sink, 3);
	my ($m) = grep { /Subject: re\r/ } @m;
	like $m, qr/^X-To: <second\@example\.org>/m, "and redirected";
}
like $w->send_mail(to => 'user@example.org', data => "Subject: away\r\n\r\n"),
    qr/^250/, "DISCARD says 250";
my $held = $w->send_mail(to => 'user@example.org',
    data => "Subject: keep\r\n\r\n");
like $held, qr/^250/, "HOLD says 250";
{
	my ($qid) = $held =~ /as (\w+)/;
	my ($status, $list) = $w->command("mailq");
	like $list, qr/^$qid\s*!\s+\d+ .* sender\@example\.net$/m,
	    "held mail is listed with ! (O-22)";
	my ($s, $text) = $w->command("postcat", "-q", $qid);
	like $text, qr/^Subject: keep$/m, "C-60: postcat -q";
	($s, $text) = $w->command("postsuper", "-H", $qid);
	is $s, 0, "C-53: released";
	my @m = $w->messages($sink, 4);
	ok scalar(grep { /Subject: keep/ } @m), "then delivered";
}
ok !(grep { /Subject: away/ } $w->messages($sink, 4)), "discarded";

subtest "large and odd content" => sub {
	my $eight = join "", map { chr } 128 .. 255;
	my $data = "Subject: odd\r\nContent-Type: text/plain\r\n\r\n$eight\r\n" .
	    ("x" x 5000) . "\r\n" . ("line of text\r\n" x 9000);
	like $w->send_mail(to => 'user@example.org', data => $data,
	    mail => " BODY=8BITMIME"), qr/^250/, "taken";
	my @m = $w->messages($sink, 5);
	my ($m) = grep { /Subject: odd/ } @m;
	ok index($m, $eight) > 0, "8-bit octets pass";
	ok index($m, "line of text\r\n" x 9000) > 0, "many chunks, in order";
	like $w->send_mail(to => 'user@example.org', data => "Subject: big\r\n\r\n" .
	    ("y" x 78 . "\r\n") x 3000), qr/^552 5\.3\.4/,
	    "over message_size_limit";
};

subtest "relaying" => sub {
	my $c = Weir::Client->new($w->{port}, from => "127.0.0.5");
	is $c->deliver(to => 'x@example.com'),
	    '554 5.7.1 <x@example.com>: Relay access denied',
	    "a stranger must not relay (R-52)";
	is $c->cmd("RCPT TO:<user\@example.org>"), "250 2.1.5 Ok",
	    "but reaches a relay domain";
	ok $w->wait_log(qr/NOQUEUE: reject: RCPT from \S+\[127\.0\.0\.5\]: 554 5\.7\.1 <x\@example\.com>: Relay access denied; from=<sender\@example\.net> to=<x\@example\.com> proto=ESMTP helo=<client\.example\.net>/),
	    "logged as Postfix does";
	my ($s, $text) = $w->command("explain", 'x@example.com');
	is $s, 0, "explain finds it";
	like $text, qr/reject_unauth_destination/, "and names the restriction";
	like $text, qr/smtpd_relay_restrictions/, "and the list";
};

subtest "what the content did is explained" => sub {
	my $reply = $w->send_mail(to => 'second@example.org',
	    data => "Subject: stop\r\n\r\nx\r\n");
	like $reply, qr/^550 5\.7\.1 no stopping/, "refused";
	my $text;
	ok $w->wait_for(sub {
		($text) = reverse $w->command("explain", 'second@example.org');
		return $text =~ /^header_checks$/m;
	}), "explain tells which checks" or diag $text;
	like $text, qr/\(Subject: stop\): reject 5\.7\.1 no stopping \[\S+header_checks:1\]/,
	    "and the line of the table";
	like $text, qr/answer="550 5\.7\.1 no stopping"/, "and the reply";
};

subtest "weir_trace_all: and why a message was taken" => sub {
	open my $f, ">>", "$w->{dir}/etc/main.cf" or die $!;
	print $f "weir_trace_all = yes\n";
	close $f;
	is +($w->command("reload"))[0], 0, "reload";
	my ($qid) = $w->send_mail(to => 'user@example.org',
	    data => "Subject: pre\r\n\r\nx\r\n") =~ /queued as (\w+)/;
	my $text;
	ok $w->wait_for(sub {
		($text) = reverse $w->command("explain", $qid);
		return $text =~ /stage=END-OF-MESSAGE/;
	}), "explain knows the queue id" or diag $text;
	like $text, qr/stage=RCPT qid=$qid .* answer="pass"\n.*permit_mynetworks.*: PERMIT/s,
	    "the recipient";
	like $text, qr/\(Subject: pre\): prepend X-Pre: yes \[\S+:6\]/,
	    "the content";
};

like $w->smtp->cmd("GET / HTTP/1.0"), qr/^221 2\.7\.0 Error: I can break rules/,
    "hostile 49: HTTP";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
unlike $w->log, qr/panic|fatal/, "nothing died";
done_testing;
