package Weir::Dns;

# A name server for tests on UDP, with answers that no zone file can have
# (SERVFAIL for one name).  Its data is what "weir test session --world" reads:
#
#	NAME TYPE DATA		A AAAA MX NS TXT PTR CNAME; NAME may be *.below
#	NAME SERVFAIL
#
# Names without a record, and without others below them, do not exist.

use strict;
use warnings;

use IO::Socket::INET;
use Socket qw(inet_pton AF_INET AF_INET6);

my %number = (A => 1, NS => 2, CNAME => 5, PTR => 12, MX => 15, TXT => 16,
    AAAA => 28);

sub name_octets {
	my ($name) = @_;

	$name =~ s/\.$//;
	return join("", map { pack "C/a*", $_ } split /\./, $name) . "\0";
}

sub data_octets {
	my ($type, $data) = @_;

	return inet_pton(AF_INET, $data) if $type eq "A";
	return inet_pton(AF_INET6, $data) if $type eq "AAAA";
	return pack("C/a*", $data) if $type eq "TXT";
	if ($type eq "MX") {
		my ($preference, $host) = split " ", $data;
		return pack("n", $preference) . name_octets($host);
	}
	return name_octets($data);
}

sub parse {
	my ($text) = @_;
	my %zone;

	for (split /\n/, $text) {
		s/^#.*//;
		my ($name, $type, $data) = split " ", $_, 3;
		push @{ $zone{ lc $name } }, [$type, $data // ""] if $type;
	}
	return \%zone;
}

sub records {
	my ($zone, $name) = @_;

	return $zone->{$name} if $zone->{$name};
	while ($name =~ s/^[^.]*\.//) {
		return $zone->{"*.$name"} if $zone->{"*.$name"};
	}
	return undef;
}

sub answer {
	my ($zone, $query) = @_;
	my ($name, $at) = ("", 12);

	while (my $n = ord substr $query, $at, 1) {
		$name .= "." if $name ne "";
		$name .= lc substr $query, $at + 1, $n;
		$at += 1 + $n;
	}
	my $want = unpack "n", substr $query, $at + 1, 2;
	my $question = substr $query, 12, $at + 5 - 12;
	my $found = records($zone, $name);
	my $rcode = $found ? 0 : (grep { /\.\Q$name\E$/ } keys %$zone) ? 0 : 3;
	my ($owner, @answers) = ($name);

	for (1 .. 8) {
		my ($alias) = grep { $_->[0] eq "CNAME" } @{ $found || [] };
		for (@{ $found || [] }) {
			$rcode = 2 if $_->[0] eq "SERVFAIL";
			next if ($number{ $_->[0] } // 0) !=
			    ($alias && $want != 5 ? 5 : $want);
			my $data = data_octets(@$_);
			push @answers, name_octets($owner) . pack("nnNn/a*",
			    $number{ $_->[0] }, 1, 300, $data);
		}
		last if !$alias || $want == 5;
		$owner = lc $alias->[1];
		$owner =~ s/\.$//;
		$found = records($zone, $owner);
	}
	@answers = () if $rcode != 0;
	my $soa = @answers || $rcode == 2 ? "" : "\0" . pack("nnNn/a*", 6, 1, 60,
	    name_octets("ns.test") . name_octets("root.test") .
	    pack("N5", 1, 60, 60, 60, 60));
	return substr($query, 0, 2) . pack("n5", 0x8580 | $rcode, 1,
	    scalar @answers, $soa ne "" ? 1 : 0, 0) . $question .
	    join("", @answers) . $soa;
}

# Serve on a port of 127.0.0.1 for ever.
sub serve {
	my ($port, $text) = @_;
	my $zone = parse($text);
	my $socket = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
	    LocalPort => $port, Proto => "udp") or die "port $port: $!";

	while (my $peer = $socket->recv(my $query, 4096)) {
		$socket->send(answer($zone, $query), 0, $peer)
		    if length $query > 12;
	}
}

1;
