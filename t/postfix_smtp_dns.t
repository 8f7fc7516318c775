#!/usr/bin/perl
# Which servers of a domain are tried, as the DNS has it, beside Postfix's client:
# mail exchangers by preference, backup mail exchangers, loops, domains that take
# no mail, and records that the admin ignores (S-078, S-082 to S-085, L-72, P-114).
use strict;
use warnings;

use lib "t/lib";
use Test::More;

BEGIN {
	require Weir::Hops;
	my $lacking = Weir::Hops::lacking();
	plan skip_all => $lacking if $lacking;
}

my $hops = Weir::Hops->new(dns => 1, main => "smtp_host_lookup = dns\n",
    files => { records => <<'EOT', bad => "/./ REJECT\n" });
/^d\d+\.hops\.example\. \d+ IN MX 10 /	IGNORE
/^a\d+\.hops\.example\. \d+ IN A /	ignore
EOT
my $hop = "d%.hops.example:PORT";
my $two = "d% IN MX 10 a%\nd% IN MX 20 b%\na% IN A DEAD\nb% IN A ADDRESS\n";
my $self = "a% IN A 127.0.0.1\nb% IN A DEAD\n";

sub mx {
	my ($name, $zone, %arg) = @_;

	$hops->try($name, zone => $zone, hop => $hop, %arg);
}

mx("one MX", "d% IN MX 10 b%\nb% IN A ADDRESS\n");
mx("the second MX", $two);
mx("the second MX is not tried", $two, set => "smtp_mx_session_limit=1");
mx("one address only", $two, set => "smtp_mx_address_limit=1");
mx("no MX", "d% IN A ADDRESS\n");
mx("an MX that is an alias", "d% IN MX 10 a%\na% IN CNAME b%\nb% IN A DEAD\n");
mx("an MX that is known as what it stands for", "d% IN MX 10 a%\n" .
    "a% IN CNAME b%\nb% IN A DEAD\n",
    set => "smtp_cname_overrides_servername=yes");
mx("a domain that is an alias", "d% IN CNAME e%\ne% IN MX 10 b%\n" .
    "b% IN A ADDRESS\n");
mx("no such domain (S-083)", "");
mx("no MX and no address (S-083)", "d% IN TXT x\n");
mx("an MX without address (S-084)", "d% IN MX 10 a%\n",
    set => "smtp_defer_if_no_mx_address_found=yes");
mx("an MX without address comes back", "d% IN MX 10 a%\n");
mx("one MX without address", "d% IN MX 10 a%\nd% IN MX 20 b%\n" .
    "b% IN A ADDRESS\n");
# RFC 7505, 4.2 has a status of its own, which this Postfix does not know.
mx("null MX", "d% IN MX 0 .\n", differs => [
    qr/dsn=5\.1\.10, status=bounced \(Domain d\d+\.hops\.example does not accept mail \(nullMX\)\)/,
    qr/dsn=5\.1\.0, status=bounced \(Domain d\d+\.hops\.example does not accept mail \(nullMX\)\)/ ]);
mx("null MX, fallback relay", "d% IN MX 0 .\n",
    set => "smtp_fallback_relay=[ADDRESS]:PORT");
mx("no domain, fallback relay", "",
    set => "smtp_fallback_relay=[ADDRESS]:PORT");
mx("another zone (S-085)", "", hop => "x%.nowhere.example");

# Port 25, where nobody listens.
my @here = (hop => "d%.hops.example");
mx("we are the best (S-082)", "d% IN MX 10 a%\nd% IN MX 20 b%\n$self", @here);
mx("we are the only one", "d% IN A 127.0.0.1\n", @here);
mx("we are among the best", "d% IN MX 10 a%\nd% IN MX 10 b%\n$self", @here);
mx("we are the second (S-078, L-72)", "d% IN MX 10 b%\nd% IN MX 20 a%\n" .
    "d% IN MX 20 c%\nd% IN MX 30 c%\nc% IN A ADDRESS\n$self", @here);
mx("we are the second, the first has no address", "d% IN MX 10 c%\n" .
    "d% IN MX 20 a%\n$self", @here);
mx("we are on another port", "d% IN A 127.0.0.1\n", hop => "d%.hops.example:1");
mx("we are the best, fallback relay", "d% IN MX 10 a%\n$self", @here,
    set => "smtp_fallback_relay=[ADDRESS]:PORT");
mx("a fallback relay that is us", "d% IN A 127.0.0.1\n", hop => "[DEAD]:1",
    set => "smtp_fallback_relay=d%.hops.example");
mx("best_mx_transport", "d% IN MX 10 a%\nd% IN MX 20 b%\n$self", @here,
    set => "best_mx_transport=discard:best%");
mx("best_mx_transport, second", "d% IN MX 10 b%\nd% IN MX 20 a%\n$self", @here,
    set => "best_mx_transport=discard:second%");
mx("best_mx_transport, brackets", "d% IN A 127.0.0.1\n",
    hop => "[d%.hops.example]", set => "best_mx_transport=discard:brackets%");
mx("best_mx_transport by a fallback relay", "d% IN A 127.0.0.1\n",
    hop => "[DEAD]:1", set => "smtp_fallback_relay=[d%.hops.example] " .
    "best_mx_transport=discard:never%");

mx("a relay host that is not there", "", set => "relayhost=d%.hops.example:PORT");
mx("a relay host that is us", "d% IN A 127.0.0.1\n", @here,
    set => "relayhost=d%.hops.example best_mx_transport=discard:never%");
mx("a fallback relay that is not there", "", hop => "[DEAD]:1",
    set => "smtp_fallback_relay=d%.hops.example");

my $records = 'smtp_dns_reply_filter=pcre:$config_directory';
mx("an MX is ignored", $two, set => "$records/records");
mx("the only MX is ignored", "d% IN MX 10 b%\nb% IN A ADDRESS\n",
    set => "$records/records");
mx("the only MX is ignored, and errors are", "d% IN MX 10 b%\n" .
    "b% IN A ADDRESS\nd% IN A ADDRESS\n",
    set => "$records/records ignore_mx_lookup_error=yes");
mx("an address is ignored", "d% IN MX 20 a%\na% IN A ADDRESS\n",
    set => "$records/records");
mx("one of two is ignored", "d% IN MX 20 a%\nd% IN MX 30 b%\n" .
    "a% IN A DEAD\nb% IN A ADDRESS\n", set => "$records/records");
mx("not an action", $two, set => "$records/bad");
mx("no answer about records", $two, set => "smtp_dns_reply_filter=fail:x");

mx("no DNS: $_", "d% IN MX 10 b%\nb% IN A ADDRESS\n", set => $_,
    hop => "localhost:1") for "smtp_dns_support_level=disabled",
    "disable_dns_lookups=yes",
    "smtp_dns_support_level=disabled smtp_host_lookup=dns";
mx("DNS all the same: $_", $two, set => "$_ disable_dns_lookups=yes")
    for "smtp_dns_support_level=enabled";

$hops->compare;
for my $mta ("weir", "postfix") {
	my $log = $hops->log_of($mta);

	like $log, qr{discard\[\d+\]: \w+: to=<x\@c\d+\.example\.org>, relay=none, .* status=sent \($_\d+\)},
	    "$mta: best_mx_transport has it, $_" for "best", "brackets";
	unlike $log, qr/\((?:second|never)\d+\)/, "$mta: and nothing else";
}
done_testing;
