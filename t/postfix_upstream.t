#!/usr/bin/perl
# The header of a proxy in front (smtpd_upstream_proxy_protocol), beside
# Debian's Postfix: all kinds of good and bad ones.
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib";
use Weir::Beside;

my $why = Weir::Beside::enter();
plan skip_all => $why if $why;

my @talk = ("ehlo a", "mail a\@b.tst", "rcpt x\@elsewhere.tst", "client good.tst 192.0.2.9",
    "mail a\@b.tst", "rcpt x\@elsewhere.tst");
my $two = '\r\n\r\n\0\r\nQUIT\n';
my $v4 = '\xc0\0\x02\x07\xc0\0\x02\x08\x12\x34\0\x19';
my $v6 = '\x20\x01\x0d\xb8' . '\0' x 11 . '\x01\x20\x01\x0d\xb8' . '\0' x 11 . '\x02\0\x05\0\x19';
my $mapped = '\0' x 10 . '\xff\xff\xc0\0\x02\x07' . '\0' x 10 . '\xff\xff\xc0\0\x02\x08\0\x05\0\x19';
my %headers = (
	"version 1" => 'PROXY TCP4 192.0.2.1 192.0.2.2 1234 25\r\n',
	"IPv6" => 'PROXY TCP6 2001:db8::1 2001:db8::2 1234 25\r\n',
	"small letters" => 'PROXY tcp4 192.0.2.1 192.0.2.2 1234 25\r\n',
	"more words" => 'PROXY TCP4 192.0.2.1 192.0.2.2 1234 25 more\r\n',
	"bare newline" => 'PROXY TCP4 192.0.2.1 192.0.2.2 1234 25\n',
	"many blanks" => 'PROXY  TCP4  192.0.2.1   192.0.2.2 1234 25\r\n',
	"port 0" => 'PROXY TCP4 192.0.2.1 192.0.2.2 0 25\r\n',
	"UNKNOWN" => 'PROXY UNKNOWN\r\n',
	"UNKNOWN and more" => 'PROXY UNKNOWN 192.0.2.1 192.0.2.2 1 2\r\n',
	"leading zero" => 'PROXY TCP4 192.0.2.1 192.0.2.2 01 25\r\n',
	"large port" => 'PROXY TCP4 192.0.2.1 192.0.2.2 65536 25\r\n',
	"no port" => 'PROXY TCP4 192.0.2.1 192.0.2.2 5\r\n',
	"negative" => 'PROXY TCP4 192.0.2.1 192.0.2.2 5 -1\r\n',
	"no addresses" => 'PROXY TCP4\r\n',
	"other family" => 'PROXY TCP4 2001:db8::1 192.0.2.2 5 6\r\n',
	"other family too" => 'PROXY TCP6 192.0.2.1 192.0.2.2 5 6\r\n',
	"no server" => 'PROXY TCP4 192.0.2.1 mail.tst 5 6\r\n',
	"proxy" => 'proxy TCP4 192.0.2.1 192.0.2.2 5 6\r\n',
	"EHLO" => 'EHLO x\r\n',
	"GET" => 'GET / HTTP/1.0\r\n',
	"short" => 'PROXY\r\n',
	"version 2" => $two . '\x21\x11\0\x0c' . $v4,
	"version 2, IPv6" => $two . '\x21\x21\0\x24' . $v6,
	"version 2, IPv4 in IPv6" => $two . '\x21\x21\0\x24' . $mapped,
	"version 2, more" => $two . '\x21\x11\0\x0f' . $v4 . '\x04\0\0',
	"version 2, local" => $two . '\x20\0\0\0',
	"version 2, local with addresses" => $two . '\x20\x11\0\x0c' . $v4,
	"version 2, command" => $two . '\x22\x11\0\x0c' . $v4,
	"version 1 in 2" => $two . '\x11\x11\0\x0c' . $v4,
	"version 2, UDP" => $two . '\x21\x12\0\x0c' . $v4,
	"version 2, short" => $two . '\x21\x11\0\x0b' . substr($v4, 0, -4),
	"version 2, UNSPEC" => $two . '\x21\0\0\0',
	"version 2, Unix" => $two . '\x21\x31\0\x04abcd',
	# Half a header is an error at once there; here the rest may come.
	"silence" => "",
);
my $cases = join "", map { "== $_\nupstream $headers{$_}\n" . join "\n", @talk, "" } sort keys %headers;
my $both = Weir::Beside->new(world => "", main => <<'EOT', cases => $cases);
smtpd_upstream_proxy_protocol = haproxy
smtpd_upstream_proxy_timeout = 1s
inet_protocols = all
relay_domains = relay.example
transport_maps = inline:{relay.example=discard:}
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
mynetworks = 127.0.0.1
EOT
$both->compare;
$both->finish;
