#!/usr/bin/perl
# weir test address: what becomes of an address, step by step, and by which
# line of which table.
use strict;
use warnings;

use lib "t/lib";
use IO::Socket::INET;
use JSON::PP qw(decode_json);
use Test::More;
use Weir::Bench;

my $b = Weir::Bench->new("main.cf" => <<'EOT',
compatibility_level = 3.6
myhostname = mail.example.com
mydomain = example.com
myorigin = $mydomain
mydestination = $myhostname, example.com
recipient_delimiter = +
local_recipient_maps = texthash:users $alias_maps
alias_maps = texthash:aliases
canonical_maps = texthash:canonical
sender_canonical_maps = texthash:sender_canonical
virtual_alias_domains = virtual.example
virtual_alias_maps = texthash:virtual
virtual_mailbox_domains = box.example
virtual_mailbox_maps = texthash:boxes
relay_domains = relay.example
relay_recipient_maps = texthash:relayed
relocated_maps = texthash:relocated
transport_maps = texthash:transport
sender_dependent_relayhost_maps = texthash:relayhost
EOT
    users => "joe x\n",
    aliases => "postmaster joe\n",
    canonical => "kdent\@example.com kyle.dent\@example.com\n",
    sender_canonical => "kdent\@example.com out\@example.com\n",
    virtual => "info\@virtual.example joe, sales\@relay.example\n" .
	"loop\@virtual.example a.loop\@virtual.example\n" .
	"a.loop\@virtual.example b\@virtual.example\n",
    boxes => "ann\@box.example ann/\n",
    relayed => "sales\@relay.example x\n",
    relocated => "gone\@example.com gone\@elsewhere.example\n",
    transport => "relay.example smtp:[10.0.0.1]:2525\n",
    relayhost => "ann\@box.example [out.example]\n",
);

# The steps of an address as "role step" => result, and the look-ups of each
# as "key" or "key=value [file:line]".
my ($status, %step, %tried, %route);
sub look {
	my @args = @_;
	my ($out, $err);

	($status, $out, $err) = $b->test("address", "-j", @args);
	(%step, %tried, %route) = ();
	for (@{ decode_json($out)->{steps} }) {
		my $name = join " ", grep { defined } @$_{qw(as step)};
		$step{$name} .= ($step{$name} ? " " : "") . $_->{result};
		$route{$name} = "$_->{class} $_->{transport} $_->{nexthop}"
		    if $_->{class};
		push @{ $tried{$name} }, map {
			$_->{key} . ($_->{result} eq "found"
			    ? "=$_->{value} [$_->{file}:$_->{line}]" : "")
		} @{ $_->{lookups} };
	}
}

look('KDent');
is $status, 0, "found out";
is $step{completed}, 'KDent@example.com', "a user of ours is completed";
is $step{"sender canonical"}, 'out@example.com',
    "S-052: the senders' table first";
is_deeply $tried{"sender canonical"}, [
	'KDent@example.com=out@example.com [sender_canonical:1]',
	'out@example.com', 'out', '@example.com',
	'out@example.com', 'out', '@example.com'], "S-052: and then the common";
is $step{"recipient canonical"}, 'kyle.dent@example.com', "S-016: a recipient";
is $step{"sender in a header"}, 'out@example.com', "S-051: headers, too";
is $step{"recipient in a header"}, 'kyle.dent@example.com', "S-051: of each kind";
is $step{"recipient listed"}, "yes", "S-016: what is rewritten is listed";

look('joe+x@example.com');
is $route{route}, "local local mail.example.com", "L-01: local";
is_deeply $tried{"recipient listed"}, [
    (qw(joe+x@example.com joe@example.com joe+x joe @example.com)) x 2,
    (map { ($_) x 2 } qw(joe+x@example.com joe@example.com joe+x)),
    "joe=x [users:1]"],
    "S-020: the keys of canonical, virtual and local recipient tables"
    or diag "@{ $tried{q{recipient listed}} }";
is $step{'recipient alias of joe+x@example.com'}, "none", "no alias";
is_deeply $tried{'recipient alias of joe+x@example.com'}, [qw(joe+x joe)],
    "S-089: aliases are asked with and without the extension";
look('postmaster@example.com');
is $step{'recipient alias of postmaster@example.com'}, "joe", "S-031: an alias";
look('nobody@example.com');
is $step{"recipient listed"}, "no: 550 5.1.1 User unknown in local recipient table",
    "not listed";
is $step{"sender listed"}, "no: 550 5.1.0 User unknown in local recipient table",
    "not listed, as a sender";

look('info@virtual.example');
is $route{route}, "virtual alias error 5.1.1 User unknown in virtual alias table",
    "L-02: virtual alias";
is $step{"recipient virtual alias"}, 'joe@example.com sales@relay.example',
    "L-02: becomes two";
is $route{'recipient route of joe@example.com'}, "local local mail.example.com",
    "L-02: one is local";
is $route{'recipient route of sales@relay.example'},
    "relay smtp [10.0.0.1]:2525", "L-04, L-07: a transport of its own";
is join(" ", grep { /=/ } @{ $tried{'recipient route of sales@relay.example'} }),
    "relay.example=smtp:[10.0.0.1]:2525 [transport:1]", "L-07: by that line";

look('ann@box.example');
is $route{route}, "virtual mailbox virtual box.example", "L-03: virtual mailbox";
is $step{"recipient listed"}, "yes", "L-03: listed";
look('x@relay.example');
is $step{"recipient listed"}, "no: 550 5.1.1 User unknown in relay recipient table",
    "L-04: relay, not listed";
look('x@elsewhere.example');
is $route{route}, "default smtp elsewhere.example", "L-05: others";
look('--from', 'ann@box.example', 'x@elsewhere.example');
is $route{route}, "default smtp [out.example]", "the sender's relay host";
look('gone@example.com');
is $step{route}, "class local, transport error: 5.1.6 User has moved to " .
    "gone\@elsewhere.example", "relocated";
look('<@example.com:x@elsewhere.example>');
is $step{parsed}, 'x@elsewhere.example', "a source route is dropped";
look('"a b"@example.com');
is $step{parsed}, '"a b"@example.com', "a quoted name";
look('<>');
is $step{parsed}, "<>", "the null address";
like $step{route}, qr/as MAILER-DAEMON/, "the null address has a recipient";
is $status, 0, "the null address: status";
look('a b@');
is $step{parsed}, "bad address syntax", "no address";
is $status, 65, "no address: status";

look('-o', 'masquerade_domains=example.com', 'kdent@mail.example.com');
is $step{"sender masqueraded"}, 'kdent@example.com', "S-053: a host is hidden";
is $step{"recipient masqueraded"}, 'unchanged', "L-22: but not of a recipient";
is $step{"recipient in a header"}, 'kdent@example.com', "L-22: but in a header";

my ($st, $out, $err) = $b->test("address", "-o", "virtual_alias_recursion_limit=1",
    'loop@virtual.example');
is $st, 75, "aliases without end";
like $out, qr/recipient virtual alias: could not ask\n/, "aliases without end: said";
like $err, qr/unreasonable virtual_alias_maps map nesting/, "aliases without end: why";

my $s = IO::Socket::INET->new(LocalAddr => "127.0.0.1", Proto => "tcp",
    Listen => 1);
my $port = $s->sockport;
close $s;
for my $what (["transport_maps", qr/^  route: could not ask\n    tcp:\S+: joe\@example.com: could not ask: Connection refused$/m],
    ["canonical_maps", qr/^  sender canonical: could not ask$/m],
    ["local_recipient_maps", qr/^  recipient listed: could not ask$/m],
    ["alias_maps", qr/^  recipient alias of joe\@example.com: could not ask$/m]) {
	my ($name, $pattern) = @$what;
	($st, $out) = $b->test("address", "-o", "$name=tcp:127.0.0.1:$port",
	    $name eq "alias_maps" ? ("-o", "local_recipient_maps=") : (),
	    'joe@example.com');
	is $st, 75, "$name is away";
	like $out, $pattern, "$name is away: said";
}
$b->refuses("no address at all", 64, qr/^usage: weir test address /, "address");
$b->refuses("no such directory", 78, qr/fatal: .*main\.cf/, "address", "-c",
    "/nonexistent", "x");

done_testing;
