#!/usr/bin/perl
# Next hops whose servers SRV records name (RFC 2782; use_srv_lookup and its
# fallbacks): priorities, ports, targets that are aliases, that are lost or that
# are "."; circles of aliases; answers that do not come.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;

# A case is a transport, and a domain below srv.example that is its next hop: its
# records; its options; its next hop, if not "submission" there; the end of what
# is logged of the delivery; what else is logged.
my (@cases, %case);

sub try {
	my ($name, $text, %arg) = @_;

	push @cases, $name;
	$case{$name} = { text => $text, %arg };
}

my %port = map { $_ => Weir::free_port() } "a", "b", "c", "d", "l";
my $ns = "Host or domain name not found. Name service error for";

sub sent { return qr/relay=$_[0]\.srv\.example\[127\.0\.0\.1\]:$port{$_[1]}, .* status=sent / }

# Nobody listens on port 587 here, but that is where this goes.
my $fallen = qr/\[127\.0\.0\.1\]:587: Connection refused/;

try one => "a port", zone => "\@ SRV 0 0 $port{a} host", log => sent("host", "a");
try two => "priorities", zone => <<EOT, log => sent("host", "b"),
\@ SRV 30 0 $port{c} host
\@ SRV 20 9 $port{b} host
\@ SRV 10 0 1 host
\@ SRV 5 0 $port{a} gone
EOT
    also => qr/connect to host\.srv\.example\[127\.0\.0\.1\]:1: Connection refused/;
try alias => "an alias of the service", zone => <<EOT, log => sent("host", "a");
\@ CNAME further.srv.example.
further.srv.example. SRV 0 0 $port{a} host
EOT
try target => "a target that is an alias", zone => "\@ SRV 0 0 $port{a} host2",
    log => sent("host2", "a");
try dot => "the target \".\"", zone => "\@ SRV 0 0 0 .",
    log => qr/relay=none, .* dsn=5\.1\.0, status=bounced \(Domain _submission\._tcp\.dot\.srv\.example does not support SRV requests\)/;
try none => "no such service", at => "A 127.0.0.1",
    log => qr/dsn=5\.4\.4, status=bounced \($ns name=_submission\._tcp\.none\.srv\.example type=SRV: Host not found\)/;
try ignored => "no such service is no error", at => "A 127.0.0.1",
    set => "ignore_srv_lookup_error=yes",
    log => qr/dsn=5\.4\.4, status=bounced \($ns name=_submission\._tcp\.ignored\.srv\.example type=SRV: Host not found\)/;
try lost => "a target without address", zone => "\@ SRV 0 0 25 gone",
    log => qr/dsn=5\.4\.4, status=bounced \($ns name=gone\.srv\.example type=\w+: Host found but no data/,
    also => qr/warning: no SRV host for _submission\._tcp\.lost\.srv\.example has a valid address record/;
try refused => "no answer", hop => "elsewhere.example:submission",
    log => qr/dsn=4\.4\.3, status=deferred \($ns name=_submission\._tcp\.elsewhere\.example type=SRV: Host not found, try again\)/;
try circle => "aliases in a circle", zone => <<'EOT',
@ CNAME pool.srv.example.
pool.srv.example. CNAME _submission._tcp.circle.srv.example.
EOT
    log => qr/dsn=4\.4\.3, status=deferred \($ns name=_submission\._tcp\.circle\.srv\.example type=SRV: Host not found, try again\)/;
try bad => "a malformed record", zone => '@ SRV 0 0 25 a\010b',
    log => qr/dsn=4\.4\.3, status=deferred \(.* type=SRV: Malformed or unexpected name server reply\)/;
try fault => "an error that is ignored", zone => '@ SRV 0 0 25 a\010b',
    at => "A 127.0.0.1", set => "ignore_srv_lookup_error=yes",
    log => $fallen,
    also => qr/skipping SRV lookup for _submission\._tcp\.fault\.srv\.example: $ns /;
try allow => "mail exchangers instead", at => "MX 10 host",
    set => "allow_srv_lookup_fallback=yes", log => $fallen,
    also => qr/skipping SRV lookup for _submission\._tcp\.allow\.srv\.example: $ns .*: Host not found/;
try wish => "the target \".\", and mail exchangers instead",
    at => "MX 10 host", zone => "\@ SRV 0 0 0 .",
    set => "allow_srv_lookup_fallback=yes", log => $fallen,
    also => qr/skipping SRV lookup for _submission\._tcp\.wish\.srv\.example: Domain .* does not support SRV requests/;
try filtered => "all records are ignored", zone => "\@ SRV 7 8 $port{a} host",
    at => "A 127.0.0.1",
    set => 'smtp_dns_reply_filter=pcre:$config_directory/records' .
	" ignore_srv_lookup_error=yes",
    log => qr/dsn=4\.7\.0, status=deferred \(.*: DNS reply filter drops all results\)/,
    also => qr/ignoring DNS RR: _submission\._tcp\.filtered\.srv\.example\. \d+ IN SRV 7 8 $port{a} host\.srv\.example\./;
try off => "another service", zone => "\@ SRV 0 0 $port{b} host",
    at => "A 127.0.0.1", set => "use_srv_lookup=smtp,lmtp", log => $fallen;
try exact => "a host in brackets", zone => "\@ SRV 0 0 $port{b} host",
    at => "A 127.0.0.1", hop => "[exact.srv.example]:submission",
    log => $fallen;
try nodns => "no DNS", hop => "localhost:submission",
    set => "smtp_dns_support_level=disabled", log => $fallen;
try plain => "the service that is meant without a port", service => "smtp",
    zone => "\@ SRV 0 0 $port{d} far", hop => "plain.srv.example",
    set => "use_srv_lookup=smtp",
    log => qr/relay=far\.srv\.example\[127\.0\.1\.9\]:$port{d}, .* status=sent /;
try store => "LMTP", service => "lmtp", agent => "lmtp",
    zone => "\@ SRV 0 0 $port{l} host", hop => "store.srv.example:lmtp",
    log => sent("host", "l");
try own => "a service that leads back here", service => "smtp",
    zone => "\@ SRV 0 0 25 host", hop => "own.srv.example",
    set => "use_srv_lookup=smtp inet_interfaces=127.0.0.1",
    log => qr/dsn=5\.4\.6, status=bounced \(mail for _smtp\._tcp\.own\.srv\.example loops back to myself\)/;

my $master = join "", map {
	my $options = join "", map { " -o $_" } split " ", $case{$_}{set} // "";
	my $agent = $case{$_}{agent} // "smtp";
	"$_ unix - - n - - $agent$options\n";
} @cases;
my $w = Weir->new(start => 0, main => <<'EOT', master => $master, files => {
relay_domains = example.org
relay_recipient_maps =
transport_maps = texthash:$config_directory/transport
use_srv_lookup = lmtp submission
EOT
    records => "/ IN SRV / IGNORE\n", transport => join "", map {
	my $hop = $case{$_}{hop} // "$_.srv.example:submission";
	"$_.example.org $_:$hop\n";
    } @cases });
$w->sink($_, at => "127.0.0.1:$port{$_}") for "a", "b", "c";
$w->sink("d", at => "127.0.1.9:$port{d}");
$w->sink("l", at => "127.0.0.1:$port{l}", lmtp => 1);
$w->dns("srv.example" => join "", "host A 127.0.0.1\nhost2 CNAME host\n",
    "far A 127.0.1.9\ngone TXT x\n", map {
	my ($name, $c) = ($_, $case{$_});
	my $owner = "_" . ($c->{service} // "submission") . "._tcp.$name";

	(map { s/^\@ /$owner /r . "\n" } split /\n/, $c->{zone} // ""),
	    $c->{at} ? "$name $c->{at}\n" : ();
    } @cases);
$w->start;
$w->send_mail(to => "x\@$_.example.org") for @cases;
for (@cases) {
	my $c = $case{$_};
	my $what = qr/(?:^|\W)to=<x\@$_\.example\.org>/;

	$w->wait_log(qr/$what.* status=/);
	my ($line) = grep { /$what/ } split /\n/, $w->log;
	like $line, $c->{log}, "$_: $c->{text}";
	like $w->log, qr/[sl]mtp\[\d+\]: (?:warning: )?(?:\w+: )?$c->{also}/,
	    "$_: what is said of it" if $c->{also};
}
done_testing;
