#!/usr/bin/perl
# Which server is tried next, from which address, and what is said of those that
# fail, beside Postfix's client: fallback relays, lists of next hops, greetings
# that refuse, addresses that cannot be had (issue 5; T-01, P-110).
use strict;
use warnings;

use lib "t/lib";
use Test::More;

BEGIN {
	require Weir::Hops;
	my $lacking = Weir::Hops::lacking();
	plan skip_all => $lacking if $lacking;
}

my $hops = Weir::Hops->new;
my $dead = "[ADDRESS]:1";
my $alive = "[ADDRESS]:PORT";
my @three = map { "$_\@c%.example.org" } "a" .. "c";
my $fallback = "smtp_fallback_relay=$alive";

$hops->try("nobody listens", hop => $dead);
$hops->try("a fallback relay", hop => $dead, set => $fallback);
$hops->try("a fallback relay that is dead, too", hop => $dead,
    set => "smtp_fallback_relay=$dead");
$hops->try("two fallback relays", hop => $dead,
    set => "smtp_fallback_relay=$dead,$alive");
$hops->try("a list of next hops", hop => "$dead, $alive");
$hops->try("a list of next hops and a fallback relay", hop => "$dead, $dead",
    set => $fallback);
$hops->try("LMTP: no fallback relay", hop => $dead, lmtp => 1, set => $fallback);
$hops->try("LMTP: a fallback relay", hop => "inet:$dead", lmtp => 1,
    set => "lmtp_fallback_relay=$alive");

# The first session fails, the second one would not.
my %failures = (
	"greeting 421" => { BANNER => ["421 4.3.2 busy"] },
	"greeting 554" => { BANNER => ["554 5.3.2 go away"] },
	"greeting and end" => { BANNER => ["close"] },
	"EHLO 421" => { EHLO => ["421 4.7.0 bye"] },
	"EHLO and end" => { EHLO => ["close"] },
	"MAIL 450" => { MAIL => ["450 4.1.0 later"] },
	"MAIL 550" => { MAIL => ["550 5.1.0 no"] },
	"MAIL and end" => { MAIL => ["close"] },
	"RCPT 450" => { RCPT => ["450 4.1.1 later"] },
	"RCPT 550" => { RCPT => ["550 5.1.1 no"] },
	"RCPT and end" => { RCPT => ["close"] },
	"DATA 451" => { DATA => ["451 4.3.0 later"] },
	"DATA 554" => { DATA => ["554 5.3.0 no"] },
	"dot 451" => { DOT => ["451 4.3.0 later"] },
	"dot 554" => { DOT => ["554 5.3.0 no"] },
);
for (sort keys %failures) {
	my @case = (replies => $failures{$_}, ehlo => "250 sink");

	delete @case[2, 3] if /EHLO/;
	@case = grep { defined } @case;
	$hops->try("$_", @case);
	$hops->try("$_, fallback", @case, set => $fallback);
	$hops->try("$_, a list", @case, hop => "$alive, $alive");
}
$hops->try("two of three recipients refused", set => $fallback, to => \@three,
    replies => { RCPT => ["450 4.1.1 a", "450 4.1.1 b"] });
$hops->try("$_ refuses three recipients", set => $fallback, to => \@three,
    replies => { $_ => ["451 4.3.0 no"] }) for "MAIL", "DATA", "DOT";
$hops->try("LMTP: the dot refuses two of three recipients", lmtp => 1,
    set => "lmtp_fallback_relay=$alive", to => \@three,
    replies => { DOT => ["451 4.3.0 a", "451 4.3.0 b"] });
$hops->try("greeting 554 counts", replies => { BANNER => ["554 5.3.2 no"] },
    set => "smtp_skip_5xx_greeting=no");
$hops->try("greeting 554 counts, fallback", set => "$fallback " .
    "smtp_skip_5xx_greeting=no", replies => { BANNER => ["554 5.3.2 no"] });
$hops->try("too large", ehlo => "250-x\r\n250 SIZE 10");
$hops->try("too large, fallback", replies => { EHLO => [
    "250-x\r\n250 SIZE 10", "250-x\r\n250 SIZE 10000"] }, set => $fallback);

for my $agent ("smtp", "lmtp") {
	my @agent = (lmtp => $agent eq "lmtp");

	$hops->try("$agent: an address that is not ours", @agent,
	    set => "${agent}_bind_address=192.0.2.1");
	$hops->try("$agent: an address that must be ours", @agent,
	    set => "${agent}_bind_address=192.0.2.1 " .
	    "${agent}_bind_address_enforce=yes");
	$hops->try("$agent: an address that must be ours, fallback", @agent,
	    set => "${agent}_bind_address=192.0.2.1 " .
	    "${agent}_bind_address_enforce=yes ${agent}_fallback_relay=$alive");
	$hops->try("$agent: an address of ours", @agent,
	    set => "${agent}_bind_address=127.0.0.9 " .
	    "${agent}_bind_address_enforce=yes");
	$hops->try("$agent: an address of the other protocol", @agent,
	    set => "${agent}_bind_address6=::1 ${agent}_bind_address_enforce=yes");
}

$hops->compare;
my $warning = "warning: smtp_connect_addr: bind 192.0.2.1: Cannot assign " .
    "requested address";
for my $mta ("weir", "postfix") {
	my $n = () = $hops->log_of($mta) =~ /mtp\[\d+\]: \Q$warning\E\n/g;
	cmp_ok $n, ">=", 6, "$mta: an address that cannot be had is warned of";
}
done_testing;
