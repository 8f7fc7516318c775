#!/usr/bin/perl
# What the next server is told of the client by XFORWARD, beside Postfix's client:
# what is not known is left out (issue 5).
use strict;
use warnings;

use lib "t/lib";
use Test::More;

BEGIN {
	require Weir::Hops;
	my $lacking = Weir::Hops::lacking();
	plan skip_all => $lacking if $lacking;
}

my $hops = Weir::Hops->new(
    main => "inet_protocols = all\nsmtpd_authorized_xforward_hosts = 127.0.0.1\n");
my $all = "NAME ADDR PORT PROTO HELO IDENT SOURCE";
my %known = (
	"nothing of another hop" => [],
	"all" => ["XFORWARD NAME=a.example.net ADDR=192.0.2.7 PORT=77",
	    "XFORWARD HELO=him PROTO=ESMTP IDENT=abc SOURCE=REMOTE"],
	"no name" => ["XFORWARD NAME=[UNAVAILABLE] ADDR=192.0.2.7 PORT=77"],
	"no address" => ["XFORWARD NAME=a.example.net ADDR=[UNAVAILABLE]"],
	"no port" => ["XFORWARD NAME=a.example.net ADDR=192.0.2.7 PORT=[UNAVAILABLE]"],
	"no name and no address" => ["XFORWARD NAME=[UNAVAILABLE] ADDR=[UNAVAILABLE]"],
	"no HELO" => ["XFORWARD NAME=a.example.net ADDR=192.0.2.7 HELO=[UNAVAILABLE]"],
	"no PROTO" => ["XFORWARD ADDR=192.0.2.7 PROTO=[UNAVAILABLE]"],
	"no IDENT" => ["XFORWARD ADDR=192.0.2.7 IDENT=[UNAVAILABLE]"],
	"local" => ["XFORWARD ADDR=192.0.2.7 SOURCE=LOCAL"],
	"IPv6" => ["XFORWARD NAME=a.example.net ADDR=IPV6:2001:db8::7"],
	"characters" => ["XFORWARD NAME=a.example.net ADDR=192.0.2.7 HELO=a+3Db+2Bc+20d"],
);
for my $name (sort keys %known) {
	$hops->try("$name: $_", set => "smtp_send_xforward_command=yes",
	    before => $known{$name}, ehlo => "250-sink\r\n250 XFORWARD $_")
	    for $all, "NAME HELO", "NAME", "ADDR", "SOURCE";
}
$hops->try("LMTP", lmtp => 1, set => "lmtp_send_xforward_command=yes",
    replies => { LHLO => ["250-sink\r\n250 XFORWARD $all"] });
$hops->compare;
done_testing;
