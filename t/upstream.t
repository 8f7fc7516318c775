#!/usr/bin/perl
# Behind a proxy (smtpd_upstream_proxy_protocol = haproxy): clients are who it
# says they are, whatever comes behind the header; and without a good header
# nobody gets in.
use strict;
use warnings;

use lib "t/lib";
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Test::More;
use Weir;
use Weir::Client;

my $w = Weir->new(start => 0);
my $key = "$w->{dir}/key.pem";
system("openssl req -x509 -newkey rsa:2048 -nodes -keyout $key -out $key.crt " .
    "-subj /CN=mail.example.com -days 2 >/dev/null 2>&1 && cat $key.crt >> $key") == 0
    or die "no certificate";
my $upstream = "-o smtpd_upstream_proxy_protocol=haproxy";
$w->configure(main => <<'EOT', master => <<EOT);
relay_domains = example.org
relay_recipient_maps =
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:sink}}
mynetworks = 127.0.0.1, 192.0.2.77
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 3
smtpd_client_event_limit_exceptions =
smtpd_tls_chain_files = $dir/key.pem
EOT
127.0.0.1:\${port:proxy} inet n - n - - smtpd $upstream
127.0.0.1:\${port:tls} inet n - n - - smtpd $upstream -o smtpd_tls_wrappermode=yes
127.0.0.1:\${port:lmtp} inet n - n - - lmtpd $upstream
EOT
my $sink = $w->sink("sink");
$w->start;

my $two = "\r\n\r\n\0\r\nQUIT\n";

sub connect_as {
	my ($header, $port) = @_;
	my $c = Weir::Client->new($w->port($port || "proxy"), silent => 1);

	setsockopt $c->socket, IPPROTO_TCP, TCP_NODELAY, 1;
	$c->put($header);
	return $c;
}

sub header { return "PROXY TCP4 $_[0] 192.0.2.25 1234 25\r\n" }

sub relays {
	my ($c) = @_;

	$c->cmd($_) for "EHLO x", 'MAIL FROM:<a@example.net>';
	return $c->cmd('RCPT TO:<user@elsewhere.example>');
}

subtest "who it is" => sub {
	my $c = connect_as(header("192.0.2.1"));
	is $c->reply, "220 mail.example.com ESMTP Weir", "greeted";
	like relays($c), qr/^454 4\.7\.1 .*Relay access denied$/, "a stranger, though the proxy is in mynetworks";
	ok $w->wait_log(qr/smtpd\[\d+\]: connect from unknown\[192\.0\.2\.1\]$/m), "logged";
	$c = connect_as(header("192.0.2.77"));
	$c->reply;
	like relays($c), qr/^250 /, "a friend";
	$c = connect_as("$two\x20\0\0\0");
	$c->reply;
	like relays($c), qr/^250 /, "LOCAL is the proxy itself";
	$c = connect_as("PROXY TCP6 2001:db8::1 2001:db8::2 1 25\r\n");
	$c->reply;
	like relays($c), qr/^454 /, "IPv6";
	ok $w->wait_log(qr/connect from unknown\[2001:db8::1\]$/m), "logged";
	like connect_as(header("192.0.2.3"), "lmtp")->reply, qr/^220 mail\.example\.com LMTP/, "LMTP";
};

subtest "in pieces" => sub {
	for my $header (header("192.0.2.2"), "$two\x21\x11\0\x0c\xc0\0\2\2\xc0\0\2\x08\x12\x34\0\x19") {
		my $c = connect_as("");
		for my $octet (split //, $header) {
			$c->put($octet);
			select undef, undef, undef, 0.001;
		}
		like $c->reply, qr/^220/, "octet by octet";
		$c->close;
	}
};

subtest "what stands behind it" => sub {
	my $c = connect_as(header("192.0.2.4") . "EHLO x\r\nMAIL FROM:<>\r\n");
	is $c->reply, "554 5.5.0 Error: SMTP protocol synchronization", "a client that speaks first";
	ok $w->wait_log(qr/improper command pipelining after CONNECT from unknown\[192\.0\.2\.4\]: EHLO x/), "logged";
	$c = connect_as(header("192.0.2.5"), "tls");
	like $c->tls, qr/TLS/, "TLS";
	like $c->reply, qr/^220/, "greeted within";
	like relays($c), qr/^454 /, "as who it is";
	like connect_as(header("192.0.2.6") . header("192.0.2.77"))->reply, qr/^554 5\.5\.0/, "one header";
};

subtest "limits are those of the client" => sub {
	my @c = map { my $c = connect_as(header("192.0.2.8")); $c->reply; $c } 1 .. 3;
	like connect_as(header("192.0.2.8"))->reply, qr/^421 4\.7\.0 .*too many connections from 192\.0\.2\.8/, "four";
	like connect_as(header("192.0.2.9"))->reply, qr/^220/, "another one";
};

subtest "without" => sub {
	my $error = "421 4.3.0 mail.example.com Server local error";
	for my $header ("EHLO x\r\n", "x" x 600, "\0" x 20, "$two\x21\x11\xff\xff" . "\0" x 600,
	    "PROXY TCP4 192.0.2.1\0 192.0.2.2 1 2\r\n", "PROXY TCP4 192.0.2.1 192.0.2.2 1 2" . "9" x 40 . "\r\n",
	    "PROXY TCP4 192.0.2.1 192.0.2.2 99999999999999999999 2\r\n", "PROXY TCP4 [192.0.2.1] 192.0.2.2 1 2\r\n",
	    "PROXY TCP6 fe80::1%lo 2001:db8::2 1 2\r\n", "PROXY UNKNOWN\r\n", "\r\n\r\nPROXY TCP4 192.0.2.1\r\n",
	    "PROXY TCP4 " . "a" x 70 . " 192.0.2.2 1 2\r\n") {
		my $c = connect_as($header);
		is $c->reply, $error, "no header: " . substr($header, 0, 40) =~ s/[^ -~]/./gr;
		ok $c->closed, "and good-bye";
	}
	my @half = map { connect_as($_) } "", "PROXY TCP4 192", $two, "$two\x21\x11\0\x0c\xc0";
	my $gone = connect_as("PROXY TCP4 192");
	$gone->close;
	shutdown connect_as("PROXY T")->socket, 1;
	like connect_as(header("192.0.2.10"))->reply, qr/^220/, "others come in meanwhile";
	$w->advance(6);
	is $_->reply, $error, "too late" for @half;
	ok $w->wait_log(qr/warning: haproxy read: timeout error$/m), "logged";
	ok $w->wait_log(qr/disconnect from unknown\[127\.0\.0\.1\] commands=0\/0$/m), "as Postfix does it";
};

my ($status, $text) = $w->command("check");
is $status, 0, "the configuration is good";
$w->configure(main => "smtpd_upstream_proxy_protocol = nginx\n");
($status, $text) = $w->command("check");
like $text, qr/unsupported smtpd_upstream_proxy_protocol: nginx/, "another protocol";
isnt $status, 0, "is an error";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
unlike $w->log, qr/panic|fatal:/, "nothing died";
done_testing;
