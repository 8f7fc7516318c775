#!/usr/bin/perl
# The scenarios of the founding documents about limits: time that a next hop or
# a bad client gets, recipients and octets that a message may have.
use strict;
use warnings;

use lib "t/lib";
use IO::Socket::INET;
use Socket qw(inet_aton pack_sockaddr_in PF_INET SOCK_STREAM);
use Test::More;
use Weir::Scenario;

my $w = Weir::Scenario->new(base => <<'EOT', master => <<'EOM');
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
transport_maps = inline:{quick.example=quick:[127.0.0.1]:${port:mute}, slow.example=relay:[127.0.0.1]:${port:mute}, unmoved.example=quick:[127.0.0.1]:${port:full}, deaf.example=relay:[127.0.0.1]:${port:full}}
default_transport = discard
EOT
quick unix - - n - - smtp
  -o smtp_helo_timeout=15 -o smtp_connect_timeout=5
EOM

# Servers that say nothing, and one whose backlog is full.
sub listener {
	my ($name, $backlog) = @_;

	my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
	    LocalPort => $w->port($name), Listen => 1, ReuseAddr => 1)
	    or die "listen: $!";
	listen $s, $backlog;
	return $s;
}

# The log says of a message to this address what became of it; "" if not yet.
sub fate {
	my ($to) = @_;

	return $w->log =~ /to=<\Q$to\E>, .*?(dsn=[\d.]+, status=.*)$/m
	    ? $1 : "";
}

subtest "S-046, S-047: times of one service" => sub {
	my $mute = listener("mute", 16);
	my $full = listener("full", 0);
	my @fill;
	for (1 .. 4) {
		socket my $s, PF_INET, SOCK_STREAM, 0 or die;
		$s->blocking(0);
		connect $s, pack_sockaddr_in($w->port("full"),
		    inet_aton("127.0.0.1"));
		push @fill, $s;
	}
	like $w->send_mail(to => [ map { "a\@$_.example" }
		qw(quick slow unmoved deaf) ]), qr/^250/, "taken";
	# Both greetings are waited for.
	my $accepted = 0;
	$mute->timeout(60);
	my @held = map { scalar $mute->accept } 1 .. 2;
	is scalar(grep { defined } @held), 2, "two connections";
	$w->advance(4);
	is fate('a@quick.example'), "", "S-047: not after 4 seconds";
	$w->advance(2);
	ok $w->wait_for(sub { fate('a@unmoved.example') }),
	    "S-046: smtp_connect_timeout";
	is fate('a@unmoved.example'), "dsn=4.4.1, status=deferred " .
	    "(connect to 127.0.0.1[127.0.0.1]:" . $w->port("full") .
	    ": Connection timed out)", "S-046: why";
	is fate('a@deaf.example'), "", "S-046: others wait longer";
	$w->advance(10);
	ok $w->wait_for(sub { fate('a@quick.example') }), "S-047: after 16";
	is fate('a@quick.example'), "dsn=4.4.2, status=deferred " .
	    "(conversation with 127.0.0.1[127.0.0.1] timed out while " .
	    "receiving the initial server greeting)", "S-047: why";
	is fate('a@slow.example'), "", "S-047: others wait longer";
	$w->advance(30);
	ok $w->wait_for(sub { fate('a@deaf.example') }), "30 s by default";
	$w->advance(300);
	ok $w->wait_for(sub { fate('a@slow.example') }), "300 s by default";
};

subtest "S-048: recipients of a message" => sub {
	my $c = $w->smtp;
	like $c->cmd("EHLO client.example.net"), qr/^250-PIPELINING$/m,
	    "greeted";
	is $c->cmd("MAIL FROM:<a\@example.net>"), "250 2.1.0 Ok", "sender";
	my %replies;
	for my $part (0 .. 10) {
		my @to = map { $part * 100 + $_ } 1 .. ($part < 10 ? 100 : 2);
		$c->put(join "", map { "RCPT TO:<r$_\@far.example>\r\n" } @to);
		$replies{$_} = $c->reply for @to;
	}
	is scalar(grep { $replies{$_} eq "250 2.1.5 Ok" } 1 .. 1000), 1000,
	    "S-048: the first 1000";
	is $replies{$_}, "452 4.5.3 Error: too many recipients",
	    "S-048: recipient $_" for 1001, 1002;
	is $c->cmd("DATA"), "354 End data with <CR><LF>.<CR><LF>", "DATA";
	my ($qid) = $c->cmd("Subject: many\r\n\r\nx\r\n.") =~
	    /^250 2\.0\.0 Ok: queued as (\w+)$/;
	ok $qid, "the message is taken";
	ok $w->wait_log(qr/qmgr\[\d+\]: $qid: from=<a\@example\.net>, size=\d+, nrcpt=1000 \(queue active\)/),
	    "S-048: for 1000";
	like $c->cmd("MAIL FROM:<a\@example.net>"), qr/^250/, "another";
	is $c->cmd("RCPT TO:<b\@far.example>"), "250 2.1.5 Ok",
	    "counts from zero";
	$c->cmd("QUIT");
	$w->take("smtpd_recipient_limit = 2\n", files => {});
	my @r = $w->rcpt([ map { "$_\@far.example" } 1 .. 3 ]);
	is $r[1], "250 2.1.5 Ok", "S-048: as it is set";
	is $r[2], "452 4.5.3 Error: too many recipients", "S-048: not more";
	$w->refuse("smtpd_recipient_limit = 1,000\n",
	    qr/main\.cf:\d+.*smtpd_recipient_limit.*1,000/,
	    "T-26: a comma is no digit");
};

subtest "S-049: octets of a message" => sub {
	my $line = "x" x 76 . "\r\n";

	$w->take("");
	my $c = $w->smtp;
	like $c->cmd("EHLO client.example.net"), qr/^250-SIZE 10240000$/m,
	    "S-049: announced";
	is $c->cmd("MAIL FROM:<a\@b.example> SIZE=10240001"),
	    "552 5.3.4 Message size exceeds fixed limit", "S-049: SIZE above";
	is $c->cmd("MAIL FROM:<a\@b.example> SIZE=10240000"), "250 2.1.0 Ok",
	    "S-049: SIZE within";
	$c->cmd("QUIT");
	is $w->send_mail(to => 'a@far.example',
	    data => "Subject: x\r\n\r\n" . $line x 131_500),
	    "552 5.3.4 Error: message file too big", "S-049: 10.26 MB";
	like $w->send_mail(to => 'a@far.example',
	    data => "Subject: x\r\n\r\n" . $line x 130_000),
	    qr/^250 2\.0\.0 Ok: queued/, "S-049: 10.14 MB";
	is $w->healthy('a@far.example') =~ /^250/, 1, "serves on";
};

# A reply that a timer holds back, which may not have been set yet.
sub later {
	my ($c, $seconds) = @_;

	for (1 .. 20) {
		$w->advance($seconds);
		my $reply = $c->reply(0.1);
		return $reply if $reply ne "";
	}
	return "";
}

# Recorded difference: the documents describe 2003's tarpit, which slept one
# second more with each error; Postfix has slept a constant time since 2.1.
subtest "S-050, T-27: a client that makes errors" => sub {
	my $error = "500 5.5.2 Error: command not recognized";

	# So long that the machine cannot be the reason.
	$w->take("smtpd_error_sleep_time = 100s\n");
	my $c = $w->smtp;
	is $c->cmd("GARBAGE"), $error, "S-050: error $_, at once" for 1 .. 10;
	for my $n (11, 12) {
		$c->put("GARBAGE\r\n");
		is $c->reply(0.1), "", "S-050: error $n is not answered yet";
		is later($c, 30), $error, "S-050: but later";
	}
	$c->close;

	$w->take("");
	$c = $w->smtp;
	is $c->cmd("GARBAGE"), $error, "S-050: error $_, at once" for 1 .. 10;
	for my $n (11 .. 20) {
		$c->put("GARBAGE\r\n");
		is later($c, 1), $error, "S-050: error $n, a second later";
	}
	is later($c, 1), "421 4.7.0 mail.example.com Error: too many errors",
	    "S-050: at 20 the connection is closed";
	ok $c->closed, "S-050: it is";
	ok $w->wait_log(qr/smtpd\[\d+\]: too many errors after UNKNOWN from \S+\[127\.0\.0\.1\]\n/),
	    "S-050: logged";
	$c = $w->smtp;
	is $c->cmd("GARBAGE"), $error, "S-050: a new connection starts anew";
	$c->cmd("QUIT");
};

$w->finish;
