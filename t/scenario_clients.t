#!/usr/bin/perl
# The scenarios of the founding documents about who may relay: networks, their
# styles, and tables of clients that come and go.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Scenario;

# In a network of our own, where this machine has an address whose host, subnet
# and class are three different things.
if (!defined $ENV{WEIR_OWN_NETWORK}) {
	my $able = $> == 0 && system("unshare -n true 2>/dev/null") == 0;

	$ENV{WEIR_OWN_NETWORK} = $able ? "yes" : "no";
	exec "unshare", "-n", $^X, $0 if $able;
}
my $own = $ENV{WEIR_OWN_NETWORK} eq "yes";
if ($own) {
	system("ip", @$_) == 0 or BAIL_OUT("ip @$_")
	    for [ qw(link set lo up) ],
	    [ qw(address add 10.20.30.40/24 dev lo) ];
}

my $w = Weir::Scenario->new(base => <<'EOT');
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
EOT

# Which of the clients may send to a stranger.
sub relays {
	my ($clients, $others, $what) = @_;

	is $w->rcpt('a@far.example', xclient => "NAME=[UNAVAILABLE] ADDR=$_"),
	    "250 2.1.5 Ok", "$what: $_ may relay" for @$clients;
	is $w->rcpt('a@far.example', xclient => "NAME=[UNAVAILABLE] ADDR=$_"),
	    "554 5.7.1 <a\@far.example>: Relay access denied",
	    "$what: $_ may not" for @$others;
}

sub without_mynetworks {
	my ($main) = @_;

	$w->take("inet_interfaces = all\n$main", without => ["mynetworks"]);
}

subtest "S-037: mynetworks_style" => sub {
	plan skip_all => "no network of our own" if !$own;
	my @loopback = ("127.0.0.1", "127.1.2.3");
	my $always = "127.0.0.1";
	my %styles = (
		host => [ [ "10.20.30.40", $always ],
		    [ "10.20.30.41", "10.20.31.40", "127.0.0.2" ] ],
		subnet => [ [ "10.20.30.40", "10.20.30.41", "10.20.30.255",
			@loopback ],
		    [ "10.20.31.40", "10.21.30.40", "11.20.30.40" ] ],
		class => [ [ "10.20.30.40", "10.20.31.40", "10.255.0.1",
			@loopback ],
		    [ "11.20.30.40", "9.255.255.255" ] ]);

	for my $style (sort keys %styles) {
		without_mynetworks("mynetworks_style = $style\n");
		relays(@{ $styles{$style} }, "S-037: $style");
	}
	without_mynetworks("");
	relays(@{ $styles{host} }, "S-037, T-05: host by default");
	without_mynetworks("compatibility_level = 1\n");
	relays(@{ $styles{subnet} },
	    "S-037, T-05: subnet for configurations of Postfix 2");
	without_mynetworks("mynetworks_style = subnet\n" .
	    "inet_interfaces = loopback-only\n");
	relays(\@loopback, [ "10.20.30.40", "10.20.30.41" ],
	    "S-037: only interfaces that we listen on");
	$w->refuse("mynetworks_style = planet\n", qr/mynetworks_style.*planet/,
	    "a style that is none", without => ["mynetworks"]);
};

subtest "S-038: mynetworks" => sub {
	$w->take(<<'EOT');
mynetworks = 192.168.100.0/28, 203.0.113.9
mynetworks_style = class
EOT
	relays([ "192.168.100.0", "192.168.100.15", "203.0.113.9" ],
	    [ "192.168.100.16", "192.168.99.255", "203.0.113.8",
	      "203.0.113.10", "10.20.30.40", "127.0.0.1" ], "S-038");
	$w->write_file("networks", "[2001:db8:1::]/48\n!192.0.2.7\n192.0.2.0/24\n");
	$w->take("mynetworks = \$dir/etc/networks, cidr:{{198.51.100.0/25 x}}\n");
	relays([ "IPV6:2001:db8:1:2::3", "192.0.2.8", "198.51.100.127" ],
	    [ "IPV6:2001:db8:2::1", "192.0.2.7", "198.51.100.128",
	      "192.168.100.1" ], "S-038: from a file, and from a table");
	$w->refuse("mynetworks = 192.168.100.1/28\n",
	    qr{192\.168\.100\.1/28}, "host bits");
};

subtest "S-039: POP before SMTP" => sub {
	$w->index_table("authenticated", "192.0.2.77 OK\n");
	$w->take(<<'EOT');
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, check_client_access hash:$dir/etc/authenticated, reject_unauth_destination
EOT
	relays([ "192.0.2.77" ], [ "192.0.2.78" ], "S-039: logged in");
	$w->index_table("authenticated", "192.0.2.78 OK\n");
	$w->advance(2);
	relays([ "192.0.2.78" ], [ "192.0.2.77" ],
	    "S-039: another, the first has expired");
	$w->index_table("authenticated", "# nobody\n");
	$w->advance(2);
	relays([], [ "192.0.2.77", "192.0.2.78" ], "S-039: nobody");
};

$w->finish;
