#!/usr/bin/perl
# weir test table: which keys a table of each kind is asked for, in order, what
# it says, and where that stands.
use strict;
use warnings;

use lib "t/lib";
use IO::Socket::INET;
use JSON::PP qw(decode_json);
use Test::More;
use Weir::Bench;

my $b = Weir::Bench->new("main.cf" => <<'EOT', map => <<'EOM', message => <<'EOX');
compatibility_level = 3.6
myhostname = mail.example.com
mydomain = example.com
myorigin = $mydomain
alias_maps =
mydestination = example.com
recipient_delimiter = +
virtual_alias_maps = texthash:map
EOT
kdent@example.com	kyle.dent@example.com
kdent		kyle
@example.com	catch-all
.oreilly.com	smtp:dot
oreilly.com	smtp:plain
mail.example.net	REJECT a host
example.net	OK
198.51.100	DEFER later
root	joe
EOM
From: joe@example.net
Subject: Make
 Money
Content-Type: multipart/mixed; boundary=x

--x
Content-Type: application/x-msdownload; name="run.exe"

make money
--x--
EOX

# The keys that were tried, and the last answer.
sub keys_of {
	my @args = @_;
	my ($status, $out, $err) = $b->test("table", "-j", @args);
	my $j = decode_json($out);

	return join(" ", map { $_->{key} } @{ $j->{keys} }) . " => " .
	    ($j->{value} // $j->{result}) . ", $status";
}

# S-017: as postmap -q
$b->says("a key as it is", 0, <<'EOT', "table", "texthash:map", 'KDent@example.com');
KDent@example.com
  KDent@example.com: kyle.dent@example.com [map:1]
EOT
$b->says("several, and one that is there", 0, <<'EOT', qw(table texthash:map x y root));
x
  x: not found
y
  y: not found
root
  root: joe [map:9]
EOT
$b->says("none is there", 1, "x\n  x: not found\n", qw(table texthash:map x));
$b->{input} = "x\nroot\n\n";
$b->says("keys on standard input", 0, "x\n  x: not found\nroot\n  root: joe " .
    "[map:9]\n", qw(table texthash:map -));

subtest "which keys" => sub {
	my $as = sub {
		my ($kind, $key, $want, $what) = @_;
		is keys_of("--as", $kind, "texthash:map", $key), $want, $what;
	};
	$as->("canonical", 'kdent+x@example.com', 'kdent+x@example.com ' .
	    'kdent@example.com => kyle.dent@example.com, 0',
	    "S-020: the whole address, then without its extension");
	$as->("virtual", 'joe@example.com',
	    'joe@example.com joe @example.com => catch-all, 0',
	    "S-020: then the user, whose domain is ours, then \@domain");
	$as->("relocated", 'joe@example.net',
	    'joe@example.net @example.net => not found, 1',
	    "the user alone only if the domain is ours");
	$as->("recipients", 'joe', 'joe@example.com joe @example.com => ' .
	    'catch-all, 0', "an address is completed first");
	$as->("transport", 'a@b.oreilly.com',
	    'a@b.oreilly.com b.oreilly.com .oreilly.com => smtp:dot, 0',
	    "S-021: .domain for what is below it");
	$as->("access", 'joe+x@mail.example.org', 'joe+x@mail.example.org ' .
	    'joe@mail.example.org mail.example.org example.org org joe+x@ ' .
	    'joe@ => not found, 1', "R-32, R-33: domains, then user@");
	$as->("client", 'mail.example.net[198.51.100.7]',
	    'mail.example.net => REJECT a host, 0', "R-30: the name first");
	$as->("client", 'x.example.org[198.51.100.7]', 'x.example.org ' .
	    'example.org org 198.51.100.7 198.51.100 => DEFER later, 0',
	    "R-30: then the address and its networks");
	$as->("client", '2001:db8::1', 'unknown 2001:db8::1 2001:db8: ' .
	    '2001:db8 2001 => not found, 1', "R-30: networks of IPv6");
	$as->("domain", 'a.mail.example.net', 'a.mail.example.net ' .
	    'mail.example.net => REJECT a host, 0', "R-31: parent domains");
	$as->("aliases", 'Root+x@example.com', 'root+x root => joe, 0',
	    "aliases: the name without its domain, in small letters");
	is keys_of("-o", "parent_domain_matches_subdomains = transport_maps",
	    "--as", "transport", "texthash:map", 'a@b.oreilly.com'),
	    'a@b.oreilly.com b.oreilly.com oreilly.com => smtp:plain, 0',
	    "S-022: parent_domain_matches_subdomains";
	is keys_of("-o", "parent_domain_matches_subdomains =", "--as", "domain",
	    "texthash:map", 'a.b.example.net'), 'a.b.example.net ' .
	    '.b.example.net .example.net .net => not found, 1',
	    "S-022: of access tables";
};

subtest "patterns are asked once, with the whole key" => sub {
	$b->file(re => "/^joe@/ REJECT nobody \$\$\n/\\.example\\.net\$/ OK\n");
	is keys_of("--as", "access", "regexp:re", 'joe@example.org'),
	    'joe@example.org => REJECT nobody $, 0', "an address";
	is keys_of("--as", "virtual", "regexp:re", 'jim@example.com'),
	    'jim@example.com => not found, 1', "no part of it";
	$b->file(net => "198.51.100.0/24 REJECT net\n");
	my ($status, $out) = $b->test("table", "-j", "--as", "client",
	    "cidr:net", "x.example[198.51.100.7]");
	my $j = decode_json($out);
	is "$j->{file}:$j->{line}", "net:1", "where it stands";
	is $j->{means}, "REJECT 554 5.7.1 <x.example[198.51.100.7]>: " .
	    "Client host rejected: net", "what it comes to";
};

subtest "a message" => sub {
	my @rules = ("/money/ HEADER\n", "/run.exe/ PROGRAM\n", "/^make/ BODY\n");
	$b->file(rules => join "", @rules);
	my $postmap = -x "/usr/sbin/postmap";
	for my $how (qw(-h -hm -b -bm -hb -hbm)) {
		$b->{input} = do {
			open my $f, "<", "$b->{dir}/message";
			local $/;
			<$f>;
		};
		my ($status, $out) =
		    $b->test("table", "-j", $how, "regexp:rules", "-");
		my $ours = join "", map {
			my $j = decode_json($_);
			"$j->{query}\t$j->{value}\n"
		} grep { /\S/ } split /\n(?=\{)/, $out;
		is $status, 0, "$how: found";
		SKIP: {
			skip "no Postfix here", 1 unless $postmap;
			my $theirs = qx(cd $b->{dir} && MAIL_CONFIG=$b->{dir} /usr/sbin/postmap -q - $how regexp:rules < message 2>/dev/null);
			is $ours, $theirs, "$how: the same as postmap -q -";
		}
	}
	$b->{input} = "Subject: x\n\n";
	$b->says("nothing is found", 1, "", qw(table -h regexp:rules -));
};

subtest "could not ask" => sub {
	# A port that nobody listens on.
	my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Proto => "tcp",
	    Listen => 1);
	my $port = $s->sockport;
	close $s;
	for my $kind (qw(key access virtual aliases)) {
		my ($status, $out, $err) = $b->test("table", "--as", $kind,
		    "tcp:127.0.0.1:$port", 'joe@example.org');
		is $status, 75, "$kind: a server that is away: try again later";
		like $out, qr/: could not ask: .*Connection refused/, "$kind: why";
	}
	my ($status, $out) = $b->test("table", "-j", "socketmap:inet:127.0.0.1:$port:x", "k");
	is decode_json($out)->{result}, "could not ask", "as JSON";
	is $status, 75, "as JSON: status";
	$b->file(empty => "/a/\n");
	$b->says("an empty answer is none", 75, "a\n  a:  [empty:1]\n  could not ask: " .
	    "regexp:empty lookup of a returns an empty string result\n",
	    qw(table regexp:empty a));
	$b->says("another table that it takes could not be asked", 75,
	    "joe\@example.org\n  could not ask: <joe\@example.org>: Temporary lookup failure\n",
	    "table", "-o", "transport_maps = tcp:127.0.0.1:$port",
	    "--as", "access", "texthash:map", 'joe@example.org');
};

subtest "mistakes" => sub {
	$b->refuses("a type that there is not", 64,
	    qr/unsupported dictionary type: nosuch/, qw(table nosuch:x key));
	$b->refuses("a file that is not there", 66,
	    qr{texthash:/nonexistent: .*No such file}, qw(table texthash:/nonexistent key));
	$b->refuses("a kind that there is not", 64, qr/no kind "x"; .*\n.*\bkey\b/,
	    qw(table --as x texthash:map key));
	$b->refuses("no key", 64, qr/^usage: weir test table /, qw(table texthash:map));
	$b->refuses("-h with a key", 64, qr/^usage:/, qw(table -h regexp:rules key));
	$b->refuses("-m alone", 64, qr/^usage:/, qw(table -m regexp:rules -));
	$b->refuses("-o without a value", 64, qr/^usage:/, qw(table -o x texthash:map key));
	$b->refuses("-c without main.cf", 78, qr/main\.cf: .*No such file/,
	    qw(table -c /nonexistent texthash:map key));
	my ($status, $out, $err) = $b->run(qw(test nosuch));
	is $status, 64, "no such bench";
	like $err, qr/^usage: weir test address /, "no such bench: usage";
};

done_testing;
