package Weir::Names;

# A name server for tests, by UDP and TCP: right, wrong, late or silent, as it
# is told.
#
#	$w->peer(sub { Weir::Names::serve($port, $zone, $log, %odd) });
#
# The zone has a record a line, "NAME TYPE DATA"; "*.example" stands for all
# below that has no record of its own, SERVFAIL is a type without data, and
# "NAME TYPE" alone says that there is none of it.  What no record is for does
# not exist.  Each question becomes a line "NAME TYPE udp|tcp" of $log.
#
# %odd has what is not to be answered so, by name (or "*.suffix"): a function
# that gets the question { id name type raw tcp } and returns the packets to
# send, [ PACKET ] for one from another port.

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;

my %number = (A => 1, NS => 2, CNAME => 5, SOA => 6, PTR => 12, MX => 15,
	TXT => 16, AAAA => 28);
my %type = reverse %number;

sub name {
	return join("", map { pack("C/a*", $_) } split /\./, $_[0]) . "\0";
}

# TXT in strings of 255 octets.
sub data {
	my ($type, $text) = @_;

	return Socket::inet_aton($text) if $type eq "A";
	return Socket::inet_pton(Socket::AF_INET6(), $text) if $type eq "AAAA";
	return join "", map { pack("C/a*", $_) } $text =~ /(.{1,255})/sg
	    if $type eq "TXT";
	return pack("n", $1) . name($2) if $type eq "MX" && $text =~ /(\S+) (.*)/;
	return name($text);
}

# A record on the wire, for the name that was asked for; of the type that was
# asked for, if there is no other.
sub record {
	my ($q, $rdata, $type) = @_;

	return pack("n n n N n/a*", 0xc00c, $type // $q->{type}, 1, 300, $rdata);
}

my $soa = "\0" . pack("n n N n/a*", 6, 1, 60,
	name("ns.invalid") . name("host.invalid") . pack("N5", 1, 60, 60, 60, 60));

# A whole answer; options: id, rcode, flags, question, count.
sub answer {
	my ($q, $records, %arg) = @_;
	my $none = !@$records && !$arg{rcode} || ($arg{rcode} || 0) == 3;

	return pack("n n n n n n", $arg{id} // $q->{id},
	    0x8580 | ($arg{flags} || 0) | ($arg{rcode} || 0), 1,
	    $arg{count} // scalar @$records, $none ? 1 : 0, 0) .
	    ($arg{question} // $q->{raw}) . join("", @$records) .
	    ($none ? $soa : "");
}

sub parse {
	my ($packet, $tcp) = @_;
	my ($at, @labels) = (12);

	return undef if length $packet < 17;
	while (my $n = ord substr $packet, $at, 1) {
		return undef if $n > 63 || $at + $n + 5 > length $packet;
		push @labels, substr $packet, $at + 1, $n;
		$at += $n + 1;
	}
	return { id => unpack("n", $packet), name => lc join(".", @labels),
		type => unpack("n", substr $packet, $at + 1, 2),
		raw => substr($packet, 12, $at + 5 - 12), tcp => $tcp };
}

sub find {
	my ($in, $name) = @_;

	return $in->{$name} if $in->{$name};
	while ($name =~ s/^[^.]*\.//) {
		return $in->{"*.$name"} if $in->{"*.$name"};
	}
	return undef;
}

sub by_zone {
	my ($zone, $q) = @_;
	my $rows = find($zone, $q->{name});
	my $type = $type{ $q->{type} } // "";

	return answer($q, [],
	    rcode => (grep { /\.\Q$q->{name}\E$/ } keys %$zone) ? 0 : 3)
	    if !$rows;
	return answer($q, [], rcode => 2) if grep { $_->[0] eq "SERVFAIL" } @$rows;
	return answer($q, [ map { record($q, data(@$_), $number{ $_->[0] }) }
	    grep { defined $_->[1] && ($_->[0] eq $type ||
	    $_->[0] eq "CNAME") } @$rows ]);
}

sub read_zone {
	my ($text) = @_;
	my %zone;

	for (split /\n/, $text) {
		next if /^\s*(?:#|$)/;
		my ($name, $type, $data) = split ' ', $_, 3;
		push @{ $zone{ lc $name } }, [ $type, $data ];
	}
	return \%zone;
}

# The whole packets in what came by one connection.
sub take_packets {
	my ($text) = @_;
	my @packets;

	while (length $$text >= 2) {
		my $n = unpack "n", $$text;
		last if length $$text < $n + 2;
		push @packets, substr $$text, 2, $n;
		$$text = substr $$text, $n + 2;
	}
	return @packets;
}

sub serve {
	my ($port, $zone_text, $log, %odd) = @_;
	my %own = (LocalAddr => "127.0.0.1", ReuseAddr => 1);
	my $udp = IO::Socket::INET->new(%own, LocalPort => $port,
	    Proto => "udp") or die "port $port: $!";
	my $tcp = IO::Socket::INET->new(%own, LocalPort => $port, Listen => 64)
	    or die "port $port: $!";
	my $elsewhere = IO::Socket::INET->new(%own, Proto => "udp") or die $!;
	my $select = IO::Select->new($udp, $tcp);
	my $zone = read_zone($zone_text);
	my %text;

	open my $asked, ">>", $log or die "$log: $!";
	$asked->autoflush(1);
	local $SIG{PIPE} = "IGNORE";
	my $answers = sub {
		my $q = parse(@_) or return;
		my $odd = find(\%odd, $q->{name});

		print $asked "$q->{name} ", $type{ $q->{type} } // $q->{type},
		    $q->{tcp} ? " tcp\n" : " udp\n";
		return $odd ? $odd->($q) : by_zone($zone, $q);
	};
	while (my @ready = $select->can_read) {
		for my $s (@ready) {
			if ($s == $tcp) {
				my $c = $tcp->accept or next;
				$select->add($c);
			} elsif ($s == $udp) {
				my $from = recv $udp, my $packet, 65535, 0;
				defined $from or next;
				for ($answers->($packet, 0)) {
					my ($by, $said) = ref $_
					    ? ($elsewhere, $_->[0]) : ($udp, $_);
					send $by, $said, 0, $from;
				}
			} elsif (sysread $s, $text{$s}, 65536,
			    length($text{$s} // "")) {
				syswrite $s, pack("n/a*", $_)
				    for map { $answers->($_, 1) }
				    take_packets(\$text{$s});
			} else {
				delete $text{$s};
				$select->remove($s);
				close $s;
			}
		}
	}
}

1;
