#!/usr/bin/perl
# The scenarios of the founding documents about addresses: how they are
# rewritten, who exists, and where mail goes by them.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Scenario;

my $w = Weir::Scenario->new(base => <<'EOT');
relayhost = [127.0.0.1]:${port:sink}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
EOT
$w->sink("sink");

subtest "S-020: the order of keys, address tables" => sub {
	$w->index_table("order", <<'EOT');
kdent@example.com	full@found.example
user			user@found.example
kdent			user@found.example
@example.com		domain@found.example
EOT
	$w->take("recipient_canonical_maps = hash:\$dir/etc/order\n" .
	    "myorigin = example.com\nrecipient_delimiter = +\n");
	$w->rewritten("S-020", 's@example.net',
	    [ 'kdent@example.com', 'user@example.com', 'any@example.com',
	      'user@other.example' ],
	    's@example.net', [ sort 'full@found.example',
	      'user@found.example', 'domain@found.example',
	      'user@other.example' ]);
	$w->rewritten("S-020: with an extension", 's@example.net',
	    'kdent+list@example.com', 's@example.net',
	    'full+list@found.example');
};

subtest "S-051, S-052: canonical forms, on the envelope" => sub {
	$w->index_table("canonical", "pabelard\@example.com peter.abelard\@example.com\n");
	$w->take("canonical_maps = hash:\$dir/etc/canonical\n");
	$w->rewritten("S-051", 'pabelard@example.com', 'pabelard@example.com',
	    ('peter.abelard@example.com') x 2);
	# The content of a table is taken up without a reload, in a second.
	$w->index_table("canonical", "pabelard\@example.com abelard\@oreilly.com\n");
	$w->advance(2);
	$w->rewritten("S-051: completely", 'pabelard@example.com',
	    'pabelard@example.com', ('abelard@oreilly.com') x 2);
	$w->take(<<'EOT');
canonical_maps = inline:{a@example.com=all@example.com, b@example.com=c@example.com, sent@example.com=last@example.com}
sender_canonical_maps = inline:{a@example.com=sent@example.com}
recipient_canonical_maps = inline:{a@example.com=b@example.com}
EOT
	$w->rewritten("S-052: the class's table first, then canonical_maps",
	    'a@example.com', 'a@example.com', 'last@example.com',
	    'c@example.com');
	$w->take(<<'EOT');
canonical_maps = inline:{a@example.com=all@example.com}
canonical_classes = envelope_sender
EOT
	$w->rewritten("canonical_classes", 'a@example.com', 'a@example.com',
	    'all@example.com', 'a@example.com');
};

subtest "S-033, S-034: addresses without a domain, or with a part of one" =>
    sub {
	$w->take(<<'EOT');
myorigin = $mydomain
append_dot_mydomain = yes
EOT
	$w->rewritten("S-033", 'kdent', 'heloise', 'kdent@example.com',
	    'heloise@example.com');
	$w->rewritten("S-034", 'kdent@host', 'kdent@host',
	    ('kdent@host.example.com') x 2);
	$w->take("myorigin = \$mydomain\n");
	$w->rewritten("append_dot_mydomain = no, as by default", 'a@example.net',
	    'kdent@host', 'a@example.net', 'kdent@host');
};

subtest "virtual aliases" => sub {
	$w->index_table("virtual", <<'EOT');
dom.example	this is a virtual alias domain
info@dom.example	helene@far.example, frank@far.example
loop@dom.example	loop2@dom.example
loop2@dom.example	end@far.example
@catch.example		all@far.example
@same.example		@other.example
EOT
	$w->take(<<'EOT');
virtual_alias_maps = hash:$dir/etc/virtual
virtual_alias_domains = dom.example, catch.example
EOT
	$w->rewritten("to two", 's@example.net', 'info@dom.example',
	    's@example.net', [ 'frank@far.example', 'helene@far.example' ]);
	$w->rewritten("again", 's@example.net', 'loop@dom.example',
	    's@example.net', 'end@far.example');
	$w->rewritten("a catch-all", 's@example.net', 'any@catch.example',
	    's@example.net', 'all@far.example');
	$w->rewritten("from domain to domain", 's@example.net', 'me@same.example',
	    's@example.net', 'me@other.example');
	is $w->rcpt('nobody@dom.example'),
	    '550 5.1.1 <nobody@dom.example>: Recipient address rejected: ' .
	    'User unknown in virtual alias table', "an unknown name";
};

subtest "S-021: the order of keys, transport" => sub {
	$w->index_table("transport", <<'EOT');
kdent@example.com	error:full address
example.com		error:domain
.example.com		error:subdomain
.sub.example.com	error:longer
user@far.example	:
far.example		error:far
EOT
	$w->take("transport_maps = hash:\$dir/etc/transport\n");
	$w->chosen('kdent@example.com', 'full address', "S-021");
	$w->chosen('other@example.com', 'domain', "S-021");
	$w->chosen('kdent@host.example.com', 'subdomain', "S-021");
	$w->chosen('kdent@a.b.example.com', 'subdomain', "S-021");
	$w->chosen('kdent@a.sub.example.com', 'longer', "S-021");
	$w->chosen('kdent@notexample.com', '', "S-021");
	$w->chosen('user@far.example', '', "S-021: \":\" changes nothing");
	$w->chosen('any@far.example', 'far', "S-021");
};

subtest "S-022: parents match" => sub {
	$w->index_table("transport", "example.com\terror:domain\n");
	$w->take("transport_maps = hash:\$dir/etc/transport\n");
	$w->chosen('kdent@host.example.com', '', "S-022: not by default");
	$w->take(<<'EOT');
transport_maps = hash:$dir/etc/transport
parent_domain_matches_subdomains = debug_peer_list fast_flush_domains mynetworks permit_mx_backup_networks qmqpd_authorized_clients relay_domains smtpd_access_maps transport_maps
EOT
	$w->chosen('kdent@host.example.com', 'domain', "S-022: by transport_maps");
	$w->take(<<'EOT');
mynetworks = 192.0.2.1
relay_domains = example.com
relay_recipient_maps =
EOT
	is $w->rcpt('x@a.example.com'), "250 2.1.5 Ok",
	    "S-022: relay_domains, by default";
	$w->take(<<'EOT');
mynetworks = 192.0.2.1
relay_domains = example.com, .dot.example
parent_domain_matches_subdomains =
EOT
	my @r = $w->rcpt(['x@example.com', 'x@a.example.com', 'x@a.dot.example',
	    'x@dot.example']);
	is $r[0], "250 2.1.5 Ok", "S-022: without it, the domain";
	like $r[1], qr/^554 5\.7\.1/, "S-022: and nothing below";
	is $r[2], "250 2.1.5 Ok", "S-022: .domain is what is below";
	like $r[3], qr/^554 5\.7\.1/, "S-022: and not the domain";
};

subtest "S-058: relocated" => sub {
	$w->index_table("relocated", <<'EOT');
kdent@ora.com	kdent@oreilly.com
heloise@ora.com	hfulbert@oreilly.com
@example.com	oreilly.com
EOT
	$w->take("relocated_maps = hash:\$dir/etc/relocated\n");
	my @r = $w->rcpt(['kdent@ora.com', 'heloise@ora.com', 'whoever@example.com',
	    'other@ora.com']);
	is $r[0], '550 5.1.6 <kdent@ora.com>: Recipient address rejected: ' .
	    'User has moved to kdent@oreilly.com', "S-058: an address";
	is $r[1], '550 5.1.6 <heloise@ora.com>: Recipient address rejected: ' .
	    'User has moved to hfulbert@oreilly.com', "S-058: another";
	is $r[2], '550 5.1.6 <whoever@example.com>: Recipient address ' .
	    'rejected: User has moved to oreilly.com', "S-058: a domain";
	is $r[3], "250 2.1.5 Ok", "S-058: the others";
};

subtest "S-035, S-036, S-060: local users" => sub {
	$w->take(<<'EOT');
mydestination = $myhostname, localhost.$mydomain, localhost, $mydomain
local_recipient_maps = unix:passwd.byname $alias_maps
alias_maps = inline:{sales=someone}
mynetworks = 192.0.2.1
EOT
	for my $domain (qw(mail.example.com localhost.example.com localhost
	    example.com)) {
		my @r = $w->rcpt(["root\@$domain", "no-such-user\@$domain",
		    "sales\@$domain"]);
		is $r[0], "250 2.1.5 Ok", "S-036: root\@$domain";
		is $r[1], "550 5.1.1 <no-such-user\@$domain>: Recipient " .
		    "address rejected: User unknown in local recipient table",
		    "S-060: no-such-user\@$domain";
		is $r[2], "250 2.1.5 Ok", "an alias";
	}
	like $w->rcpt('root@other.example.com'), qr/^554 5\.7\.1/,
	    "S-035: nothing below";
};

subtest "S-060: by default" => sub {
	$w->configure(main => "mydestination = local.example\n" .
	    "local_recipient_maps = proxy:unix:passwd.byname \$alias_maps\n");
	is +($w->command("reload"))[0], 0, "taken";
	is $w->rcpt('root@local.example'), "250 2.1.5 Ok", "S-060: a user";
	like $w->rcpt('no-such-user@local.example'), qr/^550 5\.1\.1 /,
	    "S-060: none";
};

$w->finish;
