package Weir::Filter;

# A filter behind the queue, for tests: takes mail by SMTP (or LMTP), gives it to
# another server, marked with an X-Mark: line, and answers what that one said.
#
# Options: mark => the mark, behind which stands what XFORWARD said; name =>
# what it calls itself; lmtp => 1 for a reply for each recipient; refuse => [a
# pattern, a reply]: what it answers to a message that has this.

use strict;
use warnings;

use Weir::Client;
use Weir::Clients;

sub serve {
	my ($port, $back, %arg) = @_;

	Weir::Clients::each_client($port, sub { session($_[0], $back, %arg) });
}

# The rest of a message, up to its dot; undef if that does not come.
sub data {
	my ($c) = @_;
	my $data = "";

	while (defined(my $line = <$c>)) {
		return $data if $line eq ".\r\n";
		$data .= $line =~ s/^\.//r;
	}
	return undef;
}

sub session {
	my ($c, $back, %arg) = @_;
	my $name = $arg{name} // "filter";
	my ($mark, $from, @to) = ($arg{mark});

	print $c "220 $name\r\n";
	while (defined(my $line = <$c>)) {
		if ($line =~ /^[LE]HLO/) {
			print $c "250-$name\r\n250 XFORWARD NAME ADDR PROTO HELO\r\n";
		} elsif ($line =~ /^XFORWARD (.*)\r/) {
			$mark .= " [$1]";
			print $c "250 ok\r\n";
		} elsif ($line =~ /^MAIL FROM:<(.*?)>/) {
			($from, @to) = ($1);
			print $c "250 ok\r\n";
		} elsif ($line =~ /^RCPT TO:<(.*?)>/) {
			push @to, $1;
			print $c "250 ok\r\n";
		} elsif ($line =~ /^DATA/) {
			print $c "354 go\r\n";
			my $data = data($c) // return;
			my $reply = $arg{refuse} && $data =~ $arg{refuse}[0]
			    ? $arg{refuse}[1]
			    : Weir::Client->new($back)->deliver(from => $from,
				to => \@to, data => "X-Mark: $mark\r\n$data");
			print $c "$reply\r\n" for $arg{lmtp} ? @to : 1;
		} elsif ($line =~ /^QUIT/) {
			print $c "221 bye\r\n";
			return;
		} else {
			print $c "250 ok\r\n";
		}
	}
}

1;
