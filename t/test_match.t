#!/usr/bin/perl
# weir test match and weir test expand.
use strict;
use warnings;

use lib "t/lib";
use IO::Socket::INET;
use JSON::PP qw(decode_json);
use Test::More;
use Weir::Bench;

my $b = Weir::Bench->new("main.cf" => <<'EOT', networks => <<'EON');
compatibility_level = 3.6
myhostname = mail.example.com
mydomain = example.com
mydestination = $myhostname, localhost, texthash:hosts
mynetworks = NETWORKS
relay_domains = example.org, !sub.example.net, example.net
EOT
# the house
192.0.2.0/24
!198.51.100.7 198.51.100.0/24
[2001:db8::]/32
EON
$b->file("hosts", "other.example x\n");
$b->file("main.cf", do {
	open my $f, "<", "$b->{dir}/main.cf";
	local $/;
	<$f> =~ s/NETWORKS/$b->{dir}\/networks/r;
});

my $networks = "$b->{dir}/networks";
$b->says("a block, in a file", 0,
    "x.example[192.0.2.7]: in the list by 192.0.2.0/24 [$networks:2]\n",
    qw(match mynetworks x.example 192.0.2.7));
$b->says("excluded", 1,
    "x.example[198.51.100.7]: excluded by !198.51.100.7 [$networks:3]\n",
    qw(match mynetworks x.example 198.51.100.7));
$b->says("IPv6", 0,
    "x.example[2001:db8::1]: in the list by [2001:db8::]/32 [$networks:4]\n",
    qw(match mynetworks x.example 2001:db8::1));
$b->says("none", 1, "x.example[203.0.113.1]: no element matches\n",
    qw(match mynetworks x.example 203.0.113.1));
$b->says("L-01: a domain of ours", 0,
    "localhost: in the list by localhost [./main.cf:4]\n",
    qw(match mydestination localhost));
$b->says("a table's key, and its place", 0, "other.example: in the list by " .
    "texthash:hosts [./main.cf:4], key other.example [hosts:1]\n",
    qw(match mydestination other.example));
$b->says("mydestination has no sub-domains", 1,
    "a.mail.example.com: no element matches\n",
    qw(match mydestination a.mail.example.com));
$b->says("S-022: relay_domains has", 0,
    "a.example.org: in the list by example.org [./main.cf:6]\n",
    qw(match relay_domains a.example.org));
$b->says("S-022: not if parents match no sub-domains", 1,
    "a.example.org: no element matches\n", "match", "-o",
    "parent_domain_matches_subdomains =", "relay_domains", "a.example.org");
$b->says("the first element decides", 1,
    "a.sub.example.net: excluded by !sub.example.net [./main.cf:6]\n",
    qw(match relay_domains a.sub.example.net));
$b->says("a literal list", 0, "a.b.example: in the list by .b.example\n",
    "match", "x.example, .b.example", "a.b.example");
$b->says("set on the command line", 0,
    "x[10.0.0.1]: in the list by 10.0.0.0/8 [command line:1]\n",
    qw(match -o mynetworks=10.0.0.0/8 mynetworks x 10.0.0.1));
is_deeply decode_json(($b->test(qw(match -j mydestination other.example)))[1]),
    { list => "mydestination", name => "other.example",
	result => "in the list", element => "texthash:hosts",
	place => "./main.cf:4", key => "other.example", entry => "hosts:1" },
    "as JSON";

my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Proto => "tcp",
    Listen => 1);
my $port = $s->sockport;
close $s;
$b->says("could not ask", 75, "x.example: could not ask by " .
    "tcp:127.0.0.1:$port, key x.example: Connection refused\n",
    "match", "tcp:127.0.0.1:$port", "x.example");
$b->says("a mistaken block", 75, "x[192.0.2.1]: could not ask by 192.0.2.1/24: " .
    "non-null host address bits in \"192.0.2.1/24\", perhaps you should use " .
    "\"192.0.2.0/24\" instead\n", qw(match 192.0.2.1/24 x 192.0.2.1));
$b->refuses("not an address", 64, qr/not a network address: 192\.0\.2\n/,
    qw(match mynetworks x 192.0.2));
$b->refuses("an address in a list of domains", 64,
    qr/mydestination is a list of domains/, qw(match mydestination x 192.0.2.1));
$b->refuses("no name", 64, qr/^usage: weir test match /, qw(match mynetworks));

# expand
$b->says("expand: names", 0, "mail.example.com localhost.example.com\n",
    "expand", '$myhostname localhost.$mydomain');
$b->says("expand: conditions", 0, "yes no <>\n", "expand",
    '${mydomain?yes} ${mydomain?{yes}:{no}}' =~ s/\{yes\}:\{no\}/{no}:{yes}/r .
    ' <${mydomain:x}>');
$b->says("expand: comparison", 0, "old\n", "expand",
    '${{$compatibility_level} < {3.7} ? {old} : {new}}');
$b->says("expand: each text is a line", 0, "a\nexample.com\n", "expand", "a",
    '$mydomain');
$b->says("expand: where names are set", 0, "mail.example.com, localhost, " .
    "texthash:hosts x\n" .
    "  mydestination = \$myhostname, localhost, texthash:hosts [./main.cf:4]\n" .
    "  myhostname = mail.example.com [./main.cf:2]\n" .
    "  mydomain = x [command line:1]\n", "expand", "--trace", "-o",
    "mydomain=x", '$mydestination $mydomain');
my ($status, $out, $err) = $b->test("expand", 'a$nobody_knows_it');
is "$status $out", "0 a\n", "expand: what nobody defines is empty";
like $err, qr/warning: nobody defines \$nobody_knows_it/, "expand: and said";
$b->refuses("expand: bad syntax", 65, qr/fatal: .*\$\{x/, "expand", '${x');
$b->refuses("expand: without end", 65, qr/fatal: .*a/, "expand", "-o", 'a=$b',
    "-o", 'b=$a', '$a');
$b->refuses("expand: nothing", 64, qr/^usage: weir test expand /, "expand");

done_testing;
