#!/usr/bin/perl
# DNS lists that are broken: all that nobody's Postfix notices.  RFC 5782, 5;
# hostile.md, DNS lists that answer for everything.
use strict;
use warnings;
use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib";
use Weir;

plan skip_all => "no nsd" if !-x "/usr/sbin/nsd";

my $client = "XCLIENT ADDR=192.0.2.5 NAME=client.example.net";
my @zones = qw(good all lists1 error error2 bare quiet far);
my $lists = join ", ", map { "reject_rbl_client $_.example" } @zones;
my $main = <<EOT;
smtpd_authorized_xclient_hosts = 127.0.0.0/8
relay_domains = example.com
relay_transport = discard:
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
smtpd_restriction_classes = LIST
LIST = reject_rhsbl_sender names.example=127.0.0.2
smtpd_recipient_restrictions = LIST, $lists
EOT
my $w = Weir->new(main => $main, start => 0);
my $points = "2.0.0.127 IN A 127.0.0.2\n";
$w->dns(
	"good.example" => "${points}9.2.0.192 IN A 127.0.0.2\n",
	"all.example" => "* IN A 127.0.0.2\n",
	"lists1.example" => "${points}1.0.0.127 IN A 127.0.0.3\n" .
	    "5.2.0.192 IN A 127.0.0.2\n",
	"error.example" => "* IN A 127.255.255.254\n",
	"error2.example" => "${points}5.2.0.192 IN A 127.255.255.252\n",
	"bare.example" => "7.2.0.192 IN A 127.0.0.4\n",
	"quiet.example" => $points,
	"far.example" => "* IN A 203.0.113.9\n",
	"names.example" => "invalid IN A 127.0.0.2\ntest IN A 127.0.0.2\n" .
	    "example.net IN A 127.0.0.2\n",
);
$w->start;

sub rcpt {
	my ($addr) = @_;

	return scalar $w->rcpt('user@example.com',
	    xclient => "ADDR=$addr NAME=client.example.net");
}

like rcpt("192.0.2.5"), qr/^250/, "broken lists reject nobody";
like rcpt("192.0.2.9"), qr/^554 .*blocked using good\.example/,
    "a good one does";
like rcpt("192.0.2.7"), qr/^554 .*blocked using bare\.example/,
    "and so does one that lacks the point that it must have";
like rcpt("192.0.2.5"), qr/^250/, "the same again";
my $log = $w->log;
my %why = (
	all => "it lists 127.0.0.1", lists1 => "it lists 127.0.0.1",
	error => "it answers 127.255.255.254, an error, for 127.0.0.1",
	error2 => "it answers 127.255.255.252, an error",
	far => "it answers 203.0.113.9, an error, for 127.0.0.1",
	names => "it lists INVALID",
);
for my $zone (sort keys %why) {
	is scalar(() = $log =~
	    /warning: DNS list $zone\.example is suspended: \Q$why{$zone}\E;/g),
	    1, "$zone.example is suspended, with one line";
}
unlike $log, qr/DNS list (?:good|bare|quiet)\.example is suspended/,
    "the others are not";
is scalar(() = $log =~ /DNS list bare\.example does not have the test entry/g),
    1, "what is lacking is said once";
my ($status, $text) = $w->command("status");
is join(" ", sort $text =~ /^DNS list (\w+)\.example is suspended: /mg),
    join(" ", sort keys %why), "weir status shows them";
like $text, qr/^DNS list names\.example is suspended: it lists INVALID$/m,
    "and why";
($status, $text) = $w->command("check");
is $status, 0, "weir check finds no mistake";
like $text, qr/warning: .*main\.cf:\d+: smtpd_recipient_restrictions: "reject_rbl_client good\.example" takes any answer for a listing/,
    "but remarks on lists without a filter";
unlike $text, qr/names\.example.* takes/, "and on no others";

$w->reconfigure(main => $main . "weir_dnsbl_self_test = no\n");
like rcpt("192.0.2.5"), qr/^554 .*blocked using (?:all|names)\.example/,
    "weir_dnsbl_self_test = no: lists are believed";
($status, $text) = $w->command("status");
unlike $text, qr/suspended/, "none is suspended any more";
done_testing;
