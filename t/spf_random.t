#!/usr/bin/perl
# Policies put together at random come to the same with us and with pyspf, which
# Debian ships as python3-spf: both get the same zone, and no server is asked.
use strict;
use warnings;

use FindBin qw($Bin);
use JSON::PP;
use Test::More;
use lib "$Bin/lib";
use Weir;
use Weir::Bench;

my ($count, $seed) = (400, $ENV{SPF_SEED} || 1);
my $pyspf = <<'EOT';
import json, sys, spf
zone, questions = json.load(sys.stdin)
own = {}

def look_up(name, kind, *rest, **more):
    name = name.lower().rstrip(".")
    values = {**zone, **own}.get(name + " " + kind, [])
    if kind == "TXT":
        values = [(v.encode(),) for v in values]
    if kind == "MX":
        values = [tuple(v) for v in values]
    return [((name, kind), v) for v in values]

spf.DNSLookup = look_up
out = []
for q in questions:
    own = {q["domain"] + " TXT": [q["policy"]], q["domain"] + " A": [q["address"]]}
    out.append(spf.query(i=q["client"], s=q["sender"], h=q["helo"],
        receiver="r", strict=True, timeout=20).check()[0])
print(json.dumps(out))
EOT

my %zone = (
	"h.example.com A" => ["192.0.2.1"],
	"h.example.com AAAA" => ["2001:db8::1"],
	"example.com A" => ["192.0.2.9"],
	"example.com MX" => [[10, "h.example.com"], [20, "k.example.com"]],
	"k.example.com A" => ["198.51.100.7"],
	"inc.example.com TXT" => ["v=spf1 ip4:192.0.2.0/28 -all"],
	"soft.example.com TXT" => ["v=spf1 ~all"],
	"neutral.example.com TXT" => ["v=spf1 ?all"],
	"bad.example.com TXT" => ["v=spf1 foo"],
	"1.2.0.192.in-addr.arpa PTR" => ["h.example.com"],
	map({ ("$_.x.example.com A" => ["127.0.0.2"]) }
	    qw(u b.u com 192.0.2.1 1.2.0.192)),
	"x.example.com A" => ["127.0.0.2"],
);

sub one { return $_[rand @_] }

sub term {
	my $sign = one("", "", qw(- ~ ? +));
	my $domain = one("%{d}", "%{h}", "k.%{d2}", "k.%{d3}", "k.%{o}",
	    qw(h.example.com example.com x.example.com no1.example.com),
	    map { "%{$_}.x.example.com" } qw(l l1r- d1 i ir i2 o1 lr- l2-));
	my $policy = one("inc.%{d}", "soft.%{d9}",
	    map { "$_.example.com" } qw(inc soft neutral bad none));
	my $bits = one("", "", qw(/24 //64 /0 //0 /28//120 /32));

	return one(
		($sign . "a" . one("", ":$domain") . $bits) x 5,
		($sign . "mx" . one("", ":$domain") . $bits) x 3,
		($sign . "ip4:" . one(qw(192.0.2.1 192.0.2.0/24 0.0.0.0/0
		    198.51.100.0/24 192.0.2.1/33))) x 2,
		($sign . "ip6:" . one(qw(2001:db8::/32 ::/0 2001:db8::1
		    2001:db9::/16))) x 2,
		("${sign}exists:$domain") x 3, ("${sign}include:$policy") x 3,
		$sign . "ptr" . one("", ":example.com", ":$domain"),
		"redirect=$policy", one(qw(exp=x.example.com mod=%)),
		"${sign}all", one(qw(zzz a: -foo=x all:x mx/)));
}

srand $seed;
my @questions = map {
	my $domain = one("p$_.example.com", "p$_.com");

	+{ domain => $domain, address => "203.0.113.5",
		policy => join(" ", "v=spf1", map { term() } 1 .. 1 + rand 5),
		client => one(qw(192.0.2.1 198.51.100.7 203.0.113.5 2001:db8::1
		    2001:db8::99 2400::1)),
		helo => "h.example.com",
		sender => one(qw(u b-u a-b-u a.b)) . "\@$domain" };
} 1 .. $count;

my $b = Weir::Bench->new("main.cf" => <<'EOT', "pyspf.py" => $pyspf,
compatibility_level = 3.6
myhostname = mail.example.com
mydestination =
alias_maps =
local_recipient_maps =
smtpd_delay_reject = no
smtpd_sender_restrictions = check_spf
EOT
    "questions" => encode_json([ \%zone, \@questions ]));
my $answers = qx(/usr/bin/python3 $b->{dir}/pyspf.py <$b->{dir}/questions 2>/dev/null);
plan skip_all => "no pyspf" if $? != 0;
my @theirs = @{ decode_json($answers) };

my $script = "";
for my $key (sort keys %zone) {
	$script .= "world $key " . (ref ? "@$_" : $_) . "\n" for @{ $zone{$key} };
}
$script .= "world $_->{domain} TXT $_->{policy}\n" .
    "world $_->{domain} A $_->{address}\nclient c.example $_->{client}\n" .
    "helo $_->{helo}\nmail $_->{sender}\n" for @questions;
$b->file("script", $script);
my ($status, $out, $err) = $b->test("session", "script");
my @ours = "$out$err" =~ /spf: (\w+): mailfrom/g;
is scalar @ours, $count, "all are answered";
for my $i (0 .. $#questions) {
	my $q = $questions[$i];

	is $ours[$i], $theirs[$i],
	    "$q->{policy}: $q->{client}, $q->{sender}: $theirs[$i]";
}
my %kinds = map { $_ => 1 } @theirs;
cmp_ok scalar(keys %kinds), ">=", 5, "of all kinds";

done_testing;
