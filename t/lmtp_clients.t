#!/usr/bin/perl
# Real clients of the LMTP server, over TCP and over its Unix socket: swaks, our
# own delivery agent, Debian's Postfix.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Postfix;

my $w = Weir->new(start => 0);
my $port = $w->port("lmtp");
my $socket = "$w->{dir}/queue/public/lmtpd";
my $sink = $w->sink("sink");

$w->configure(main => <<'EOT', master => <<EOT2);
relay_domains = example.org, tcp.example, socket.example
transport_maps = static:smtp:[127.0.0.1]:${port:sink}
smtpd_recipient_restrictions = check_recipient_access
    inline:{refused@=REJECT, later@=DEFER}
header_checks = pcre:{{/^Subject: reject/ REJECT 5.7.1 no such subject}}
EOT
127.0.0.1:$port inet n - n - - lmtpd
lmtpd unix n - n - - lmtpd
EOT2
$w->start;

# The message with that Subject:, waiting for it.
sub arrived {
	my ($subject) = @_;

	return $w->wait_for(sub {
		my ($m) = grep { /^Subject: $subject\r?$/m } $w->messages($sink, 0);
		return $m;
	}, 30) || "";
}

sub message {
	my ($subject) = @_;

	return "From: <a\@b.example>\r\nSubject: $subject\r\n\r\nHello.\r\n";
}

SKIP: {
	skip "1 group: no swaks", 3 if !-x "/usr/bin/swaks";
	my $to = "--to one\@example.org,refused\@example.org,two\@example.org " .
	    "--from a\@b.example --protocol LMTP --helo me.example";

	for (["--server 127.0.0.1:$port", "tcp"], ["--socket $socket", "socket"]) {
		my ($where, $name) = @$_;
		my $said = `swaks $where $to --header "Subject: swaks $name" 2>&1`;

		is scalar(() = $said =~ /^<-  250 2\.0\.0 Ok: queued as/mg), 2,
		    "swaks, $name: two were taken" or diag $said;
		is scalar(() = arrived("swaks $name") =~ /^X-To:/mg), 2, "both";
	}
	my $said = `swaks --server 127.0.0.1:$port $to --header "Subject: reject" 2>&1`;
	is scalar(() = $said =~ /^<\*\* 550 5\.7\.1 no such subject/mg), 2,
	    "swaks: two replies that refuse" or diag $said;
}

# A gateway in front gives its mail to the port, then to the socket.
my $front = Weir->new(main => "relay_domains = example.org\n");
for (["tcp", "inet:127.0.0.1:$port", qr/127\.0\.0\.1\[127\.0\.0\.1\]:$port/],
    ["socket", "unix:$socket", qr/mail\.example\.com\[\Q$socket\E\]/]) {
	my ($name, $nexthop, $relay) = @$_;

	$front->reconfigure(main => "relay_domains = example.org\n" .
	    "transport_maps = inline:{example.org=lmtp:$nexthop}\n");
	like $front->send_mail(data => message("weir $name"), to => [
	    map { "$_\@example.org" } qw(one refused two later) ]),
	    qr/queued as/, "our own client, $name";
	is scalar(() = arrived("weir $name") =~ /^X-To:/mg), 2, "arrived";
	ok $front->wait_log(qr/lmtp\[\d+\]: \w+: to=<$_->[0]\@example\.org>, relay=$relay, .*, dsn=$_->[1], status=$_->[2] \(.*$_->[3]/, 30),
	    "$_->[0]: $_->[2]"
	    for ["one", "2.0.0", "sent", "250 2.0.0 Ok: queued as"],
	    ["two", "2.0.0", "sent", "250 2.0.0 Ok: queued as"],
	    ["refused", "5.7.1", "bounced", "RCPT TO command"],
	    ["later", "4.7.1", "deferred", "RCPT TO command"];
	like $front->send_mail(data => message("reject"),
	    to => [ "r1$name\@example.org", "r2$name\@example.org" ]),
	    qr/queued as/, "a message that it refuses";
	ok $front->wait_log(qr/to=<$_$name\@example\.org>, relay=$relay, .*, dsn=5\.7\.1, status=bounced \(.*550 5\.7\.1 no such subject \(in reply to end of DATA command\)\)/, 30),
	    "$_: the reply to the end of it" for "r1", "r2";
}
is $front->stop, 0, "stops cleanly";
is $front->complaints, "", "no sanitizer complains";

SKIP: {
	skip "1 group: needs root and Postfix", 1
	    if $> != 0 || !-x "/usr/sbin/postfix";
	my $mx = $w->port("postfix");
	my $postfix = Weir::Postfix->start("$w->{dir}/postfix", port => $mx,
	    main => <<EOT);
relay_domains = tcp.example, socket.example
transport_maps = inline:{tcp.example=lmtp:inet:127.0.0.1:$port,
    socket.example=lmtp:unix:$socket}
EOT
	$w->wait_port($mx);
	for (["tcp", qr/127\.0\.0\.1\[127\.0\.0\.1\]:$port/],
	    ["socket", qr/postfix\.example\.com\[\Q$socket\E\]/]) {
		my ($name, $relay) = @$_;

		like $w->send_mail(port => $mx, data => message("postfix $name"),
		    to => [ map { "$_\@$name.example" } qw(one refused two later) ]),
		    qr/queued as/, "Postfix's client, $name";
		is scalar(() = arrived("postfix $name") =~ /^X-To:/mg), 2,
		    "arrived";
		ok $w->wait_for(sub { $postfix->log =~ /lmtp\[\d+\]: \w+: to=<$_->[0]\@$name\.example>, relay=$relay, .*, dsn=$_->[1], status=$_->[2] \(.*$_->[3]/ }, 30),
		    "$_->[0]: $_->[2]" or diag $postfix->log
		    for ["one", "2.0.0", "sent", "250 2.0.0 Ok: queued as"],
		    ["two", "2.0.0", "sent", "250 2.0.0 Ok: queued as"],
		    ["refused", "5.7.1", "bounced", "RCPT TO command"],
		    ["later", "4.7.1", "deferred", "RCPT TO command"];
		$w->send_mail(port => $mx, data => message("reject"),
		    to => [ "r1\@$name.example", "r2\@$name.example" ]);
		ok $w->wait_for(sub { $postfix->log =~ /to=<$_\@$name\.example>, relay=$relay, .*, dsn=5\.7\.1, status=bounced \(.*550 5\.7\.1 no such subject \(in reply to end of DATA command\)\)/ }, 30),
		    "$_: the reply to the end of it" for "r1", "r2";
	}
	$postfix->stop;
}
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
