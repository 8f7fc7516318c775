#!/usr/bin/perl
# How much of everything one client may have: smtpd_client_*_limit, against
# what Postfix answers and logs (G-09).
use strict;
use warnings;

use lib "t/lib";
use IO::Socket::SSL;
use Test::More;
use Weir;
use Weir::Client;

local $SIG{PIPE} = "IGNORE";
my $w = Weir->new(start => 0);
system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=mail.example.com -keyout $w->{dir}/etc/key.pem -out $w->{dir}/etc/cert.pem 2>/dev/null") == 0
    or die "no certificate";
chmod 0644, "$w->{dir}/etc/key.pem";
my $services = <<'EOM';
127.0.0.1:${port:other} inet n - n - - smtpd
127.0.0.1:${port:network} inet n - n - - smtpd -o smtpd_client_ipv4_prefix_length=24
127.0.0.1:${port:wrapped} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes
EOM
$w->configure(main => <<'EOT', master => $services);
relay_domains = example.org
transport_maps = inline:{example.org=discard:}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_tls_security_level = may
smtpd_tls_cert_file = $dir/etc/cert.pem
smtpd_tls_key_file = $dir/etc/key.pem
smtpd_authorized_xclient_hosts = 127.0.0.9
smtpd_client_event_limit_exceptions = 127.0.0.8
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 4
smtpd_client_message_rate_limit = 2
smtpd_client_recipient_rate_limit = 3
smtpd_client_new_tls_session_rate_limit = 2
EOT
$w->start;

sub connect_from {
	my ($from, $port) = @_;

	return Weir::Client->new($port || $w->{port}, from => $from);
}

sub logged {
	my ($what, $count, $from) = @_;

	ok $w->wait_log(qr/warning: $what limit exceeded: $count from \S+\[\Q$from\E\] for service 127\.0\.0\.1:\d+\n/),
	    "logged: $what";
}

subtest "connections" => sub {
	my $no = "421 4.7.0 mail.example.com Error: too many connections from 127.0.0.2";

	like connect_from("127.0.0.2")->{banner}, qr/^220/, "number $_"
	    for 1 .. 4;
	is connect_from("127.0.0.2")->{banner}, $no, "one too many";
	logged("Connection rate", 5, "127.0.0.2");
	like connect_from("127.0.0.3")->{banner}, qr/^220/, "another client";
	like connect_from("127.0.0.2", $w->{ports}{other})->{banner}, qr/^220/,
	    "another service";
	like connect_from("127.0.0.8")->{banner}, qr/^220/, "an exception"
	    for 1 .. 6;
	$w->advance(30);
	is connect_from("127.0.0.2")->{banner}, $no, "for anvil_rate_time_unit";
	$w->advance(31);
	like connect_from("127.0.0.2")->{banner}, qr/^220/, "then anew";
};

subtest "a network as one client" => sub {
	my @banners = map {
		connect_from("127.0.7.$_", $w->{ports}{network})->{banner}
	} 1 .. 5;

	is scalar(grep { /^220/ } @banners), 4,
	    "smtpd_client_ipv4_prefix_length";
	is $banners[4],
	    "421 4.7.0 mail.example.com Error: too many connections from 127.0.7.5",
	    "told by its own address";
	like connect_from("127.0.6.5", $w->{ports}{network})->{banner},
	    qr/^220/, "the next network";
};

# The numbers are Postfix's: what has a wrong address counts too.
subtest "messages and recipients" => sub {
	my $c = connect_from("127.0.0.4");

	$c->cmd("EHLO x");
	is $c->cmd("MAIL"), "501 5.5.4 Syntax: MAIL FROM:<address>", "no MAIL";
	like $c->cmd("MAIL FROM:<>"), qr/^250/, "first MAIL";
	is $c->cmd("RCPT TO:<>"), "501 5.1.3 Bad recipient address syntax",
	    "first RCPT";
	like $c->cmd("RCPT TO:<a\@example.org>"), qr/^250/, "second RCPT";
	like $c->cmd("RCPT TO:<b\@example.org>"), qr/^250/, "third RCPT";
	is $c->cmd("RCPT TO:<c\@example.org>"),
	    "450 4.7.1 Error: too many recipients from 127.0.0.4", "fourth";
	logged("Recipient address rate", 4, "127.0.0.4");
	$c->cmd("RSET");
	is $c->cmd("MAIL FROM:<foo"), "501 5.1.7 Bad sender address syntax",
	    "second MAIL";
	is $c->cmd("MAIL FROM:<>"),
	    "450 4.7.1 Error: too much mail from 127.0.0.4", "third";
	logged("Message delivery request rate", 3, "127.0.0.4");
	$w->advance(61);
	like $c->cmd("MAIL FROM:<>"), qr/^250/, "after a minute";
	like $c->cmd("RCPT TO:<c\@example.org>"), qr/^250/, "RCPT, too";
};

subtest "XCLIENT" => sub {
	my $c = connect_from("127.0.0.9");

	for (1 .. 5) {
		like $c->cmd("MAIL FROM:<>"), qr/^250/, "MAIL $_";
		$c->cmd("RSET");
	}
	for my $want (250, 250, 450) {
		my $c = connect_from("127.0.0.9");
		like $c->cmd("XCLIENT ADDR=192.0.2.1"), qr/^220/,
		    "is not a connection";
		like $c->cmd("MAIL FROM:<>"), qr/^$want/,
		    "counted for whom it speaks: $want";
	}
};

sub tls {
	my ($c) = @_;

	return IO::Socket::SSL->start_SSL($c->{socket}, SSL_verify_mode => 0);
}

subtest "new TLS sessions" => sub {
	for my $n (1 .. 3) {
		my $c = connect_from("127.0.0.5");
		is $c->cmd("STARTTLS"), "220 2.0.0 Ready to start TLS",
		    "STARTTLS $n";
		ok tls($c), "handshake $n";
		like $n < 3 ? $c->cmd("EHLO x") : $c->reply, $n < 3 ? qr/^250/ : qr/^421 4\.7\.0 mail\.example\.com Error: too many new TLS sessions from \S+\[127\.0\.0\.5\]$/,
		    "session $n";
	}
	logged("New TLS session rate", 3, "127.0.0.5");
	like connect_from("127.0.0.5")->cmd("STARTTLS"),
	    qr/^454 4\.7\.0 Error: too many new TLS sessions from \S+\[127\.0\.0\.5\]$/,
	    "not even begun";
	ok $w->wait_log(qr/warning: Refusing STARTTLS request from \S+\[127\.0\.0\.5\] for service 127\.0\.0\.1:\d+\n/),
	    "logged";
	for my $n (1 .. 4) {
		my $c = Weir::Client->new($w->{ports}{wrapped},
		    from => "127.0.0.6", silent => 1);
		is tls($c) ? "yes" : "no", $n < 4 ? "yes" : "no", "wrapped $n";
	}
	ok $w->wait_log(qr/warning: Refusing TLS service request from \S+\[127\.0\.0\.6\] for service 127\.0\.0\.1:\d+\n/),
	    "logged";
};

is $w->stop, 0, "ends in peace";
is $w->complaints, "", "no complaints";
done_testing;
