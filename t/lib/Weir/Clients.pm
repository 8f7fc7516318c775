package Weir::Clients;

# The clients of a server for tests: each one is served by a process.

use strict;
use warnings;

use IO::Socket::INET;
use IO::Socket::UNIX;
use POSIX ();

# each_client($endpoint, $serve): call $serve with each connection to a port of
# 127.0.0.1, to "ADDRESS:PORT", or to a path, and its number, from 1; never
# returns.
sub each_client {
	my ($endpoint, $serve) = @_;
	my ($address, $port) = $endpoint =~ /^([\d.]+):(\d+)$/
	    ? ($1, $2) : ("127.0.0.1", $endpoint);
	my $listen = $endpoint =~ m{^/}
	    ? IO::Socket::UNIX->new(Local => $endpoint, Listen => 128)
	    : IO::Socket::INET->new(LocalAddr => $address,
		LocalPort => $port, Listen => 128, ReuseAddr => 1);

	my $count = 0;

	die "server on $endpoint: $!" unless $listen;
	chmod 0666, $endpoint if $endpoint =~ m{^/};
	$SIG{CHLD} = "IGNORE";
	# A child that has not come to closing it yet does not keep the port.  At
	# once, not when perl finds the time: a signal just before accept() would
	# wait for the next client.
	POSIX::sigaction(POSIX::SIGTERM, POSIX::SigAction->new(sub {
		shutdown $listen, 2;
		POSIX::_exit(0);
	}));
	while (1) {
		my $c = $listen->accept or next;
		$count++;
		my $pid = fork // next;
		if ($pid == 0) {
			$SIG{TERM} = "DEFAULT";
			close $listen;
			$serve->($c, $count);
			POSIX::_exit(0);
		}
		close $c;
	}
}

1;
