#!/usr/bin/perl
# The founding documents' chapters on unwanted mail, as a client meets them:
# each example is configured, and asked over a port.  S-131 to S-155, S-179,
# S-190, S-212, S-220, S-223, S-227; Example 11-2 (T-35).
use strict;
use warnings;

use lib "t/lib";
use IO::Socket::INET;
use Test::More;
use Weir::Scenario;

my $w = Weir::Scenario->new(base => <<'EOT');
relay_domains = example.com
relay_recipient_maps =
relay_transport = discard
local_transport = discard
default_transport = discard
mydestination = mail.example.com
mynetworks = 192.0.2.1
smtpd_peername_lookup = no
smtpd_authorized_xclient_hosts = 127.0.0.1
EOT
$w->dns("example.net" => "\@ IN MX 10 ns\n", "example.com" => "\@ IN MX 10 ns\n",
    "oreillynet.com" => "\@ IN A 192.0.2.7\n", "ora.com" => "mail IN A 192.0.2.7\n");

my $ours = "ADDR=192.0.2.1 NAME=inside.example.com";
my $stranger = "ADDR=198.51.100.9 NAME=client.example.org";

sub rcpt { my ($to, %arg) = @_; return scalar $w->rcpt($to, xclient => $stranger, %arg) }

# What each command of a session is answered.
sub session {
	my (@commands) = @_;
	my $c = $w->smtp;
	my @replies = map { $c->cmd($_) } @commands;

	$c->cmd("QUIT");
	return @replies;
}

subtest "S-131: no restrictions set" => sub {
	$w->take("");
	is rcpt('a@elsewhere.example', xclient => $ours), "250 2.1.5 Ok",
	    "our network may send anywhere";
	is rcpt('a@example.com'), "250 2.1.5 Ok", "others to relay domains";
	is rcpt('root@mail.example.com'), "250 2.1.5 Ok", "and to our own";
	is rcpt('a@elsewhere.example'),
	    "454 4.7.1 <a\@elsewhere.example>: Relay access denied",
	    "S-212, T-30: and nowhere else";
};

subtest "S-132, S-133, S-134: recipient restrictions" => sub {
	my $list = "smtpd_relay_restrictions =\nsmtpd_recipient_restrictions = " .
	    "permit_mynetworks, reject_unauth_destination,\n";
	my $rest = "\treject_invalid_hostname\n\treject_unknown_sender_domain\n";
	my $bad = "501 5.5.2 <no..name>: Helo command rejected: Invalid name";
	$w->take($list . $rest);
	is rcpt('a@elsewhere.example', xclient => $ours, helo => "no..name"),
	    "250 2.1.5 Ok", "S-132: our network is asked no more";
	is rcpt('a@elsewhere.example', helo => "no..name"),
	    "554 5.7.1 <a\@elsewhere.example>: Relay access denied",
	    "S-132: the first that rejects says why";
	is rcpt('a@example.com', helo => "no..name"), $bad, "S-132: a name that is none";
	is rcpt('a@example.com', from => 'a@nothing.example.net'),
	    "450 4.1.8 <a\@nothing.example.net>: Sender address rejected: " .
	    "Domain not found", "S-132: a domain that nobody knows";
	is rcpt('a@example.com'), "250 2.1.5 Ok", "S-132: nothing is wrong";
	$w->take("$list\twarn_if_reject\n$rest");
	is rcpt('a@example.com', helo => "no..name"), "250 2.1.5 Ok",
	    "S-133: warn_if_reject";
	ok $w->wait_log(qr/reject_warning: RCPT from client\.example\.org\[198\.51\.100\.9\]: \Q$bad\E; /),
	    "S-133: in the log";
	is rcpt('a@example.com', from => 'a@nothing.example.net',
	    helo => "no..name"), "450 4.1.8 <a\@nothing.example.net>: " .
	    "Sender address rejected: Domain not found",
	    "S-133: it is for one restriction";
	$w->take("$list$rest" . "soft_bounce = yes\n");
	is rcpt('a@example.com', helo => "no..name"), $bad =~ s/^5(..) 5/4$1 4/r,
	    "S-134: soft_bounce";
};

subtest "S-135, S-142, S-143, S-144: HELO and VRFY" => sub {
	my $bad = "501 5.5.2 <no..name>: Helo command rejected: Invalid name";
	my @commands = ("XCLIENT $stranger", "HELO no..name",
	    "MAIL FROM:<a\@example.net>", "RCPT TO:<a\@example.com>");
	$w->take("smtpd_helo_restrictions = reject_invalid_hostname\n");
	my @replies = session(@commands);
	is $replies[1], "250 mail.example.com", "S-135: HELO is not answered at once";
	is $replies[2], "250 2.1.0 Ok", "S-135: nor is MAIL";
	is $replies[3], $bad, "S-135: but RCPT";
	$w->take("smtpd_helo_restrictions = reject_invalid_hostname\n" .
	    "smtpd_delay_reject = no\n");
	is +(session(@commands))[1], $bad, "S-135: smtpd_delay_reject = no";
	$w->take("smtpd_helo_required = yes\ndisable_vrfy_command = yes\n");
	@replies = session("MAIL FROM:<a\@example.net>", "VRFY root", "HELO x",
	    "VRFY root", "MAIL FROM:<a\@example.net>");
	is $replies[0], "503 5.5.1 Error: send HELO/EHLO first", "S-142: HELO first";
	is $replies[1], "502 5.5.1 VRFY command is disabled", "S-144: VRFY";
	is $replies[4], "250 2.1.0 Ok", "S-142: and then";
	$w->take("smtpd_helo_restrictions = reject_unknown_helo_hostname\n");
	@replies = session("XCLIENT $stranger", "HELO smartskaft.example.net",
	    "MAIL FROM:<a\@example.net>", "RCPT TO:<a\@example.com>");
	is join("\n", @replies[1 .. 3]), "250 mail.example.com\n250 2.1.0 Ok\n" .
	    "450 4.7.1 <smartskaft.example.net>: Helo command rejected: " .
	    "Host not found", "S-143: the transcript";
};

subtest "S-136, S-137, S-220: access tables" => sub {
	$w->index_table("client_access", <<'EOT');
10.157	REJECT
192.168.76.23	REJECT
currentmail.com	REJECT
EOT
	$w->index_table("sender_access", <<'EOT');
hardsell@example.com	REJECT
marketing@	REJECT
specials.digital-letter.com	REJECT
EOT
	$w->take("smtpd_client_restrictions = check_client_access hash:\$dir/etc/client_access\n" .
	    "smtpd_sender_restrictions = check_sender_access hash:\$dir/etc/sender_access\n");
	for my $client (qw(NAME=x.example+ADDR=10.157.3.4
	    NAME=x.example+ADDR=192.168.76.23
	    NAME=mx3.currentmail.com+ADDR=203.0.113.1
	    NAME=currentmail.com+ADDR=203.0.113.1)) {
		my ($name, $addr) = $client =~ /NAME=(.*)\+ADDR=(.*)/;
		is rcpt('a@example.com', xclient => "NAME=$name ADDR=$addr"),
		    "554 5.7.1 <$name\[$addr]>: Client host rejected: " .
		    "Access denied", "S-136: $name, $addr";
	}
	is rcpt('a@example.com', xclient => "NAME=$_->[0] ADDR=$_->[1]"),
	    "250 2.1.5 Ok", "S-136: $_->[0], $_->[1] is let in"
	    for [ "x.example", "10.158.3.4" ], [ "x.example", "192.168.76.2" ],
	    [ "notcurrentmail.com", "203.0.113.1" ];
	is rcpt('a@example.com', from => $_), "554 5.7.1 <$_>: Sender address " .
	    "rejected: Access denied", "S-137: $_"
	    for 'hardsell@example.com', 'marketing@anywhere.example',
	    'x@specials.digital-letter.com', 'x@www.specials.digital-letter.com';
	is rcpt('a@example.com', from => $_), "250 2.1.5 Ok", "S-137: $_ may"
	    for 'hardsell@example.net', 'x@digital-letter.com', '';
	$w->index_table("blacklist_incoming", "user\@example.com REJECT\n");
	$w->take("smtpd_recipient_restrictions = check_sender_access " .
	    "hash:\$dir/etc/blacklist_incoming, permit_mynetworks, " .
	    "reject_unauth_destination\n");
	like rcpt('a@example.com', xclient => $ours, from => 'user@example.com'),
	    qr/^554 .*Access denied$/, "S-220: even from our network";
	is rcpt('a@example.com', from => 'other@example.com'), "250 2.1.5 Ok",
	    "S-220: others are not affected";
};

subtest "S-138 to S-141: the four HELO scenarios" => sub {
	$w->index_table("helo_access", <<'EOT');
greatdeals.example.com	REJECT
oreillynet.com	OK
EOT
	$w->take("smtpd_helo_restrictions = check_helo_access " .
	    "hash:\$dir/etc/helo_access, reject_invalid_hostname\n" .
	    "smtpd_sender_restrictions = reject_unknown_sender_domain\n");
	is rcpt('a@example.com', helo => "exam..ple"), "501 5.5.2 <exam..ple>: " .
	    "Helo command rejected: Invalid name", "S-138: not in the table";
	is rcpt('a@example.com', helo => "greatdeals.example.com"),
	    "554 5.7.1 <greatdeals.example.com>: Helo command rejected: " .
	    "Access denied", "S-139: in the table";
	my $next = "450 4.1.8 <a\@none.example.net>: Sender address rejected: " .
	    "Domain not found";
	is rcpt('a@example.com', helo => $_, from => 'a@none.example.net'), $next,
	    "S-140, S-141: $_: the next list is asked"
	    for "oreillynet.com", "mail.ora.com";
	is rcpt('a@example.com', helo => $_), "250 2.1.5 Ok",
	    "S-140, S-141: $_: and accepts"
	    for "oreillynet.com", "mail.ora.com";
};

subtest "S-145, S-155, S-179: senders" => sub {
	$w->index_table("logins", "kdent\@example.com kdent\n");
	$w->take("smtpd_sender_restrictions = reject_non_fqdn_sender, " .
	    "reject_unknown_sender_domain, reject_sender_login_mismatch\n" .
	    "smtpd_sender_login_maps = hash:\$dir/etc/logins\n");
	is rcpt('a@example.com', from => 'kdent'), "504 5.5.2 <kdent>: Sender " .
	    "address rejected: need fully-qualified address",
	    "S-145: without a domain";
	is rcpt('a@example.com', from => 'a@none.example.net'),
	    "450 4.1.8 <a\@none.example.net>: Sender address rejected: Domain " .
	    "not found", "S-145: of a domain that nobody knows";
	is rcpt('a@example.com', from => ''), "250 2.1.5 Ok",
	    "S-179: the null sender passes them all";
	is rcpt('a@example.com', from => 'kdent@example.com',
	    xclient => "$stranger LOGIN=kdent"), "250 2.1.5 Ok", "S-155: its owner";
	is rcpt('a@example.com', from => 'kdent@example.com',
	    xclient => "$stranger LOGIN=other"), "553 5.7.1 " .
	    "<kdent\@example.com>: Sender address rejected: not owned by user " .
	    "other", "S-155: another login";
	is rcpt('a@example.com', from => 'kdent@example.com'), "553 5.7.1 " .
	    "<kdent\@example.com>: Sender address rejected: not logged in",
	    "S-155: no login";
};

# The reply to a message with these headers and this body.
sub message {
	my ($headers, $body) = @_;

	return $w->send_mail(to => 'a@example.com', data => "$headers\r\n$body");
}

my $checks = <<'EOT';
header_checks = regexp:$dir/etc/header_checks
body_checks = regexp:$dir/etc/body_checks
EOT

subtest "S-146, S-147, S-148: content" => sub {
	$w->write_file("header_checks", <<'EOT');
/free mortgage quote/	REJECT
/repair your credit/	REJECT No credit repairs here
/^(.*)name="(.*)\.(bat|com|exe|vbs)"$/	REJECT no programs: .$3
EOT
	$w->write_file("body_checks", <<'EOT');
/increase your sales by/	REJECT
/lowest rates.*\!/	REJECT
/in compliance (with|of) strict/	REJECT
EOT
	$w->take($checks);
	is message("Subject: Free Mortgage Quote\r\n", "x\r\n"),
	    "550 5.7.1 message content rejected", "S-146: any case";
	is message("Subject: now:\r\n\tfree mortgage quote\r\n", "x\r\n"),
	    "550 5.7.1 message content rejected", "S-146: folded";
	is message("Subject: we repair your credit\r\n", "x\r\n"),
	    "550 5.7.1 No credit repairs here", "S-146: with a text";
	ok $w->wait_log(qr/: reject: header Subject: we repair your credit from \S+; from=<sender\@example\.net> to=<a\@example\.com> proto=ESMTP helo=<client\.example\.net>: 5\.7\.1 No credit repairs here$/m),
	    "S-146: the line and the text are in the log";
	like message("Subject: x\r\n", "$_\r\n"), qr/^550 5\.7\.1 /, "S-147: $_"
	    for "Increase your sales by 500%", "the lowest rates ever!!",
	    "this is in compliance of strict rules";
	like message("Subject: x\r\n", "lowest rates\r\nin compliance\r\n"),
	    qr/^250 /, "S-147: what none of them has";
	like message("Subject: x\r\n", ("x" x 70 . "\r\n") x 800 .
	    "lowest rates!\r\n"), qr/^250 /, "S-147: beyond the first 50 KB";
	like message("MIME-Version: 1.0\r\n" .
	    "Content-Type: multipart/mixed; boundary=b\r\n",
	    "--b\r\nContent-Type: application/octet-stream;\r\n" .
	    "\tname=\"x.exe\"\r\n\r\nMZ\r\n--b--\r\n"),
	    qr/^550 5\.7\.1 no programs: \.exe/, "S-148: an attachment";
};

subtest "S-151, T-35: Example 11-2, all parts together" => sub {
	$w->index_table("client_access", "currentmail.com REJECT\n");
	$w->index_table("helo_access", "greatdeals.example.com REJECT\n" .
	    "no..name OK\n");
	$w->index_table("sender_access", "marketing@ REJECT\n");
	$w->index_table("per_user_ube", <<'EOT');
abelard@example.com	spamhater
heloise@example.com	spamlover
EOT
	$w->take("smtpd_relay_restrictions =\n" . <<'EOT' . $checks);
smtpd_restriction_classes = spamlover, spamhater
spamhater =
	reject_invalid_hostname
	reject_non_fqdn_sender
	check_sender_access inline:{{x@example.net=REJECT hated}}
spamlover = permit
smtpd_helo_required = yes
smtpd_client_restrictions = check_client_access hash:$dir/etc/client_access
smtpd_helo_restrictions = reject_invalid_hostname,
	check_helo_access hash:$dir/etc/helo_access
smtpd_sender_restrictions = reject_non_fqdn_sender,
	reject_unknown_sender_domain,
	check_sender_access hash:$dir/etc/sender_access
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination,
	reject_non_fqdn_recipient, reject_unknown_recipient_domain,
	check_recipient_access hash:$dir/etc/per_user_ube
smtpd_data_restrictions = reject_unauth_pipelining
smtpd_forbid_unauth_pipelining = no
EOT
	my $good = 'a@example.com';
	is rcpt($good), "250 2.1.5 Ok", "nothing is wrong";
	like rcpt($good, xclient => "NAME=a.currentmail.com ADDR=192.0.2.200"),
	    qr/^554 5\.7\.1 <a\.currentmail\.com\[.*Client host rejected/, "client";
	like rcpt($good, helo => "no..name"),
	    qr/^501 5\.5\.2 .*Invalid name/, "T-35: the table cannot rescue it";
	like rcpt($good, helo => "greatdeals.example.com"),
	    qr/^554 5\.7\.1 .*Helo command rejected/, "helo";
	like rcpt($good, from => 'marketing@example.net'),
	    qr/^554 5\.7\.1 .*Sender address rejected/, "sender";
	like rcpt('a@elsewhere.example'), qr/^554 5\.7\.1 .*Relay access denied/,
	    "relaying";
	is rcpt('a@elsewhere.example', xclient => $ours), "250 2.1.5 Ok",
	    "our network";
	is rcpt('a'), "504 5.5.2 <a>: Recipient address rejected: need " .
	    "fully-qualified address", "recipient";
	my @to = ('abelard@example.com', 'heloise@example.com', $good);
	my @r = $w->rcpt(\@to, xclient => $stranger, from => 'x@example.net');
	is $r[0], "554 5.7.1 <x\@example.net>: Sender address rejected: hated",
	    "the hater";
	is join("\n", @r[1, 2]), "250 2.1.5 Ok\n250 2.1.5 Ok",
	    "the lover, and who said nothing";
	my $c = $w->smtp;
	$c->cmd("XCLIENT $stranger");
	$c->cmd("HELO client.example.net");
	$c->cmd("MAIL FROM:<a\@example.net>");
	$c->cmd("RCPT TO:<$good>");
	$c->put("DATA\r\nSubject: x\r\n");
	is $c->reply, "503 5.5.0 <DATA>: Data command rejected: Improper use of " .
	    "SMTP command pipelining", "data";
	like message("Subject: free mortgage quote\r\n", "x\r\n"), qr/^550 5\.7\.1/,
	    "headers";
	like message("Subject: x\r\n", "lowest rates!\r\n"), qr/^550 5\.7\.1/,
	    "bodies";
	like message("Subject: x\r\n", "y\r\n"), qr/^250 /, "a good one";
};

# A policy server that keeps what it is asked for, and says DUNNO.
sub policy {
	my ($name, $socket) = @_;
	my $asked = "$w->{dir}/$name.asked";

	$w->write_file($asked, "");
	$w->peer(sub {
		my $l = $socket =~ m{^/} ? IO::Socket::UNIX->new(
		    Local => $socket, Listen => 5) : IO::Socket::INET->new(
		    LocalAddr => "127.0.0.1", LocalPort => $socket,
		    Listen => 5, ReuseAddr => 1) or die "$socket: $!";
		chmod 0777, $socket if $socket =~ m{^/};
		while (my $c = $l->accept) {
			local $/ = "\n\n";
			while (defined(my $request = <$c>)) {
				open my $f, ">>", $asked;
				print $f $request;
				close $f;
				syswrite $c, "action=DUNNO\n\n";
			}
		}
	});
	return $asked;
}

subtest "S-227: policy services, the last ones" => sub {
	require IO::Socket::UNIX;
	my $port = $w->port("second");
	mkdir "$w->{dir}/sockets";
	my $first = policy("first", "$w->{dir}/sockets/policyd.sock");
	my $second = policy("second", $port);
	$w->wait_port($port);
	$w->wait_for(sub { -S "$w->{dir}/sockets/policyd.sock" });
	$w->take("smtpd_recipient_restrictions = permit_mynetworks, " .
	    "reject_unauth_destination, reject_non_fqdn_recipient, " .
	    "check_policy_service unix:\$dir/sockets/policyd.sock, " .
	    "check_policy_service inet:127.0.0.1:$port\n");
	my $count = sub { scalar(() = Weir::read_file($_[0]) =~ /^request=/mg) };
	is rcpt('a@example.com'), "250 2.1.5 Ok", "both let it pass";
	is $count->($_), 1, "and were asked" for $first, $second;
	like rcpt('a'), qr/^504 /, "what is rejected before";
	is rcpt('a@example.com', xclient => $ours), "250 2.1.5 Ok",
	    "and what is permitted";
	is $count->($_), 1, "they are not asked for" for $first, $second;
};

$w->finish;
