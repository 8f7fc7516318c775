#!/usr/bin/perl
# Next hops that take a message very slowly: with smtp_per_request_deadline the
# message as a whole has a time limit, and what is taken of it faster than
# smtp_min_data_rate earns more (issue 5, per-request deadlines).
use strict;
use warnings;

use lib "t/lib";
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_RCVBUF);
use Test::More;
use Weir;

# More than a connection can hold that nobody reads from.
my ($held) = Weir::read_file("/proc/sys/net/ipv4/tcp_wmem") =~ /(\d+)\s*$/;
my $share = int($held * 1.5) + 2_000_000;
my @names = ("parts", "whole", "earning");

my $w = Weir->new(main => <<'EOT', master => <<'EOM');
relay_domains = example.org
relay_recipient_maps =
transport_maps = inline:{
 parts.example.org=parts:[127.0.0.1]:${port:parts},
 whole.example.org=whole:[127.0.0.1]:${port:whole},
 earning.example.org=earning:[127.0.0.1]:${port:earning} }
message_size_limit = 100000000
smtp_data_xfer_timeout = 180s
EOT
parts unix - - n - - smtp
whole unix - - n - - smtp -o smtp_per_request_deadline=yes
 -o smtp_min_data_rate=1000000000
earning unix - - n - - smtp -o smtp_per_record_deadline=yes
 -o smtp_min_data_rate=1
EOM

sub told { -e "$w->{dir}/$_[0]" }
sub mark { open my $f, ">", "$w->{dir}/$_[0]" or die "$_[0]: $!" }

# Reads the message in two parts, the second one when it is told to.
sub serve {
	my ($name) = @_;
	my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
	    LocalPort => $w->port($name), Listen => 5, ReuseAddr => 1) or die;
	my $c;

	$listen->setsockopt(SOL_SOCKET, SO_RCVBUF, 16384);
	mark("$name.listens");
	$c = $listen->accept or die;
	print $c "220 slow ESMTP\r\n";
	while (my $line = <$c>) {
		last if $line =~ /^DATA/;
		print $c "250 slow\r\n";
	}
	print $c "354 go on\r\n";
	my $take = sub {
		my ($most) = @_;
		my ($n, $last) = (0, "");

		while ($n < $most && $last !~ /\r\n\.\r\n$/) {
			my $got = sysread $c, my $part, $most < 65536 ? $most : 65536;
			return 0 unless $got;
			$n += $got;
			$last = substr $last . $part, -5;
		}
		return 1;
	};
	$take->(1000);
	mark("$name.begun");
	select undef, undef, undef, 0.02 until told("go on");
	$take->($share);
	mark("$name.middle");
	select undef, undef, undef, 0.02 until told("to the end");
	print $c "250 2.0.0 taken\r\n" if $take->(1e9);
	<$c>;
	print $c "221 bye\r\n";
}

my $line = "x" x 998 . "\r\n";
my $data = "Subject: long\r\n\r\n" . $line x (2 * $share / 1000);
for my $name (@names) {
	$w->peer(sub { serve($name) });
	ok $w->wait_for(sub { told("$name.listens") }), "$name: a server";
	like $w->send_mail(to => "x\@$name.example.org", data => $data),
	    qr/^250/, "$name: a long message";
}
my $all = sub { my ($what) = @_; $w->wait_for(sub {
	@names == grep { told("$_.$what") } @names }) };
ok $all->("begun"), "they are being sent";
$w->advance(100);
mark("go on");
ok $all->("middle"), "half of each has been taken";
$w->advance(100);
ok $w->wait_log(qr/to=<x\@whole\.example\.org>, .*dsn=4\.4\.2, status=deferred \(conversation with 127\.0\.0\.1\[127\.0\.0\.1\] timed out while sending message body\)/),
    "whole: 180 seconds are over";
mark("to the end");
ok $w->wait_log(qr/to=<x\@parts\.example\.org>, .*status=sent \(250 2\.0\.0 taken\)/),
    "parts: no part has taken 180 seconds";
ok $w->wait_log(qr/to=<x\@earning\.example\.org>, .*status=sent \(250 2\.0\.0 taken\)/),
    "earning: what was taken has earned more time";
done_testing;
