#!/usr/bin/perl
# How names of hosts are completed and where they are looked up, beside Postfix's
# client: smtp_dns_resolver_options, smtp_host_lookup (issue 5; P-114).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Etc;

BEGIN {
	require Weir::Hops;
	my $why = Weir::Hops::lacking() ||
	    Weir::Etc::enter("resolv.conf", "hosts");
	plan skip_all => $why if $why;
}

Weir::Etc::put("resolv.conf", <<'EOT');
nameserver 127.0.0.1
search sub.hops.example hops.example
EOT
my $hosts = "127.0.0.1 localhost\n" .
    join "", map { "127.0.1.$_ onlyhost$_ hosted$_.hops.example " .
	"hosted$_.elsewhere.example\n" } 1 .. 99;
Weir::Etc::put("hosts", $hosts);
my $hops = Weir::Hops->new(dns => "127.0.0.1", system => 1,
    main => "smtp_host_lookup = dns\n");

sub host {
	my ($name, $host, $options, $zone, %arg) = @_;

	$hops->try($name, hop => "[$host]:PORT", zone => $zone // "",
	    set => $options, %arg);
}

my $sub = "h%.sub.hops.example. IN A ADDRESS\n";
my $up = "h% IN A ADDRESS\n";
my $opt = "smtp_dns_resolver_options=";

host("nothing is completed", "h%", $opt, $sub);
host("res_defnames", "h%", "${opt}res_defnames", $sub);
host("res_defnames, the second domain", "h%", "${opt}res_defnames", $up);
host("res_defnames, a dot", "h%.sub", "${opt}res_defnames", $sub);
host("res_dnsrch", "h%.sub", "${opt}res_dnsrch", $sub);
host("res_dnsrch, no dot", "h%", "${opt}res_dnsrch", $sub);
host("both", "h%", "${opt}res_defnames,res_dnsrch", $up);
host("both, no such name", "h%", "${opt}res_defnames,res_dnsrch");
host("a whole name", "h%.hops.example", "${opt}res_defnames,res_dnsrch", $up);
host("as it is written", "h%", "${opt}res_defnames smtp_cname_overrides_servername=yes",
    $sub);
$hops->try("MX records are not completed", hop => "d%:PORT", set =>
    "${opt}res_defnames,res_dnsrch", zone => "d% IN MX 10 h%\n$up");
$hops->try("their hosts are", hop => "d%.hops.example:PORT", set =>
    "${opt}res_dnsrch", zone => "d% IN MX 10 h%.sub.\nh%.sub.hops.example. IN A ADDRESS\n");

my $look = "smtp_host_lookup=";

host("DNS alone", "hosted%.hops.example", "${look}dns");
host("DNS, then the system", "hosted%.hops.example", "${look}dns,native");
host("no answer from the DNS, then the system", "hosted%.elsewhere.example",
    "${look}dns,native");
host("the system alone", "onlyhost%", "${look}native", "");
host("the system does not know it", "none%.hops.example", "${look}native");
host("neither knows it", "none%.hops.example", "${look}dns,native");
$hops->try("MX records, and hosts of the system", hop => "d%.hops.example:PORT",
    set => "${look}native", zone => "d% IN MX 10 hosted%.hops.example.\n");
$hops->try("no DNS, no MX records", hop => "hosted%.hops.example:PORT",
    set => "${look}dns smtp_dns_support_level=disabled",
    zone => "hosted% IN MX 10 none\n");
$hops->try("support level in capitals", hop => "hosted%.hops.example:PORT",
    set => "smtp_dns_support_level=Disabled");
host("an address of the other family", "2001:db8::1", "${look}dns");
$hops->compare;
done_testing;
