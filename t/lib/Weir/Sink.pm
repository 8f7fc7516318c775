package Weir::Sink;

# An SMTP server for tests: takes what comes and keeps the raw octets.
#
# Options: banner, and replies => { MAIL => [...], RCPT => [...], DATA => [...],
# DOT => [...] }: replies to give, in turn, before the good one; "close" hangs
# up without a word.  The file of a message begins with X-From: and X-To: lines.

use strict;
use warnings;

use IO::Socket::INET;
use POSIX ();

sub serve {
	my ($port, $dir, %arg) = @_;
	my $listen = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
	    LocalPort => $port, Listen => 128, ReuseAddr => 1)
	    or die "sink on $port: $!";

	$SIG{CHLD} = "IGNORE";
	while (1) {
		my $c = $listen->accept or next;
		my $pid = fork // next;
		if ($pid == 0) {
			close $listen;
			session($c, $dir, %arg);
			POSIX::_exit(0);
		}
		close $c;
	}
}

# Sessions are processes; what is given in turn is counted in files.
sub next_reply {
	my ($dir, $what, $list) = @_;

	return undef unless $list && @$list;
	for my $i (0 .. $#$list) {
		return $list->[$i] if mkdir "$dir.$what.$i";
	}
	return undef;
}

sub session {
	my ($c, $dir, %arg) = @_;
	my ($from, @to, $n);
	my $say = sub {
		my ($what, $good) = @_;
		my $reply = next_reply($dir, $what, $arg{replies}{$what});

		$reply = $good unless defined $reply;
		POSIX::_exit(0) if $reply eq "close";
		print $c "$reply\r\n";
		return $reply =~ /^[23]/;
	};

	$c->autoflush(1);
	binmode $c;
	$say->("BANNER", $arg{banner} || "220 sink ESMTP");
	while (defined(my $line = <$c>)) {
		$line =~ s/\r?\n$//;
		if ($line =~ /^(EHLO|LHLO)/i) {
			print $c "250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n" .
			    ($arg{ehlo} ? "250-$arg{ehlo}\r\n" : "") .
			    "250 ENHANCEDSTATUSCODES\r\n";
		} elsif ($line =~ /^MAIL FROM:(.*)/i) {
			($from, @to) = ($1) if $say->("MAIL", "250 2.1.0 Ok");
		} elsif ($line =~ /^RCPT TO:(.*)/i) {
			push @to, $1 if $say->("RCPT", "250 2.1.5 Ok");
		} elsif ($line =~ /^DATA/i) {
			if (!@to) {
				print $c "554 5.5.1 no recipients\r\n";
				next;
			}
			$say->("DATA", "354 go on") or next;
			my $data = "";
			while (defined($line = <$c>)) {
				last if $line eq ".\r\n";
				$line =~ s/^\.//;
				$data .= $line;
			}
			POSIX::_exit(0) unless defined $line;
			if ($say->("DOT", "250 2.0.0 Ok: sunk")) {
				my $name = sprintf "%s/%d.%06d", $dir, $$, ++$n;
				open my $f, ">", "$name.tmp";
				binmode $f;
				print $f "X-From: $from\n",
				    (map { "X-To: $_\n" } @to), $data;
				close $f;
				rename "$name.tmp", $name;
			}
			@to = ();
		} elsif ($line =~ /^QUIT/i) {
			print $c "221 2.0.0 Bye\r\n";
			last;
		} elsif ($line =~ /^RSET/i) {
			@to = ();
			print $c "250 2.0.0 Ok\r\n";
		} else {
			print $c "250 2.0.0 Ok\r\n";
		}
	}
}

1;
