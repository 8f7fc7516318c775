package Weir::Sink;

# An SMTP server for tests: takes what comes and keeps the raw octets, or
# misbehaves as it is told.
#
# Options: banner; ehlo => a keyword to offer; lmtp => 1 for a reply for each
# recipient; and replies => { BANNER EHLO MAIL RCPT DATA DOT RSET => [...] }:
# what to answer, in turn, before the good reply.  The last one is given for
# ever if it ends in " *".  A script instead of a reply:
#
#	"close"      hang up without a word
#	"silent"     say nothing more, and keep the connection
#	"raw TEXT"   these octets, no line end added, and go on
#	"endless X"  X over and over, until the client leaves
#
# What one address gets: "RCPT <a@b>" as the key.  The file of a message begins
# with X-From: and X-To: lines; every command is a line of DIR.commands.

use strict;
use warnings;

use POSIX ();

use Weir::Clients;

sub serve {
	my ($port, $dir, %arg) = @_;

	Weir::Clients::each_client($port, sub {
		my ($c, $number) = @_;
		session($c, $dir, %arg, number => $number);
	});
}

# Sessions are processes; what is given in turn is counted in directories.
sub next_reply {
	my ($dir, $what, $list) = @_;

	return undef unless $list && @$list;
	for my $i (0 .. $#$list) {
		(my $key = "$dir.$what.$i") =~ s/[ <>]/_/g;
		return $1 if $list->[$i] =~ /^(.*) \*$/s;
		return $list->[$i] if mkdir $key;
	}
	return undef;
}

# Does what it is told; true if that was a reply to go on after.
sub play {
	my ($c, $reply) = @_;

	local $SIG{PIPE} = "DEFAULT";
	if ($reply eq "close") {
		POSIX::_exit(0);
	} elsif ($reply eq "silent") {
		sysread $c, my $rest, 65536 or POSIX::_exit(0) while 1;
	} elsif ($reply =~ /^raw (.*)/s) {
		print $c $1;
		return 1;
	} elsif ($reply =~ /^endless (.*)/s) {
		my $block = $1 x (65536 / length $1);
		print $c $block or POSIX::_exit(0) while 1;
	}
	print $c "$reply\r\n";
	return $reply =~ /^[23]/;
}

# Names sort as sessions began; several sinks may have one directory.
sub keep {
	my ($dir, $session, $n, $from, $to, $data) = @_;
	my $name = sprintf "%s/%06d.%d.%06d", $dir, $session, $$, $n;

	open my $f, ">", "$name.tmp";
	binmode $f;
	print $f "X-From: $from\n", (map { "X-To: $_\n" } @$to), $data;
	close $f;
	rename "$name.tmp", $name;
}

# The message up to its dot.
sub read_data {
	my ($c) = @_;
	my $data = "";

	while (defined(my $line = <$c>)) {
		return $data if $line eq ".\r\n";
		$line =~ s/^\.//;
		$data .= $line;
	}
	POSIX::_exit(0);
}

sub session {
	my ($c, $dir, %arg) = @_;
	my ($from, @to, $n);
	my $choose = sub {
		my ($what, $good, $of) = @_;
		my $reply = next_reply($dir, $what, $arg{replies}{$what});

		$reply = next_reply($dir, "$what $of",
		    $arg{replies}{"$what $of"})
		    if !defined $reply && defined $of;
		return $reply // $good;
	};
	my $say = sub { return play($c, $choose->(@_)) };

	open my $commands, ">>", "$dir.commands";
	$commands->autoflush(1);
	$c->autoflush(1);
	binmode $c;
	$say->("BANNER", $arg{banner} || "220 sink ESMTP");
	while (defined(my $line = <$c>)) {
		$line =~ s/\r?\n$//;
		print $commands "$line\n";
		if ($line =~ /^(EHLO|LHLO)/i) {
			$say->("EHLO", "250-sink\r\n250-PIPELINING\r\n" .
			    "250-8BITMIME\r\n" .
			    ($arg{ehlo} ? "250-$arg{ehlo}\r\n" : "") .
			    "250 ENHANCEDSTATUSCODES");
		} elsif ($line =~ /^MAIL FROM:(.*)/i) {
			($from, @to) = ($1) if $say->("MAIL", "250 2.1.0 Ok");
		} elsif ($line =~ /^RCPT TO:((<.*?>).*)/i) {
			push @to, $1 if $say->("RCPT", "250 2.1.5 Ok", $2);
		} elsif ($line =~ /^DATA/i) {
			if (!@to) {
				print $c "554 5.5.1 no recipients\r\n";
				next;
			}
			$say->("DATA", "354 go on") or next;
			my $data = read_data($c);
			for my $i (0 .. ($arg{lmtp} ? $#to : 0)) {
				my @mine = $arg{lmtp} ? $to[$i] : @to;
				my ($of) = $to[$i] =~ /(<.*?>)/;
				my $reply = $choose->("DOT",
				    "250 2.0.0 Ok: sunk", $of);
				# It is there before anybody is told so.
				keep($dir, $arg{number} // 0, ++$n, $from,
				    \@mine, $data)
				    if $reply =~ /^(?:[23]|raw )/;
				play($c, $reply);
			}
			@to = ();
		} elsif ($line =~ /^QUIT/i) {
			print $c "221 2.0.0 Bye\r\n";
			last;
		} elsif ($line =~ /^RSET/i) {
			@to = ();
			$say->("RSET", "250 2.0.0 Ok");
		} else {
			print $c "250 2.0.0 Ok\r\n";
		}
	}
}

1;
