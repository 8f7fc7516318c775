package Weir::Milter;

# A milter for tests: writes down what it is told and answers as it is told,
# well or badly.
#
# serve($endpoint, $file, %arg): $endpoint is a port or a path; a child serves
# each connection.  Every packet is a line of heard($file), "CMD text", NUL as
# "|", other control characters as \xNN; "D" macros as "D CMD name=value ...".
# The end of a connection is "gone".
#
# Options: version, actions, steps (of the negotiation; all actions, none of
# the steps), symbols => { STAGE NUMBER => "names" }; and answers => { CMD =>
# [replies] }, each a packet, sent in turn to every such command; the key
# may be "CMD text", where the text begins so.  A script instead of a packet:
#
#	"raw OCTETS"	these, as they are
#	"close"		hang up
#	"silent"	say nothing, keep the connection
#	"wait FILE"	until the file is there
#	"endless X"	packet X, over and over; "flood X": without a pause
#
# No answer is given to what needs none.

use strict;
use warnings;

use POSIX ();

use Weir::Clients;

sub packet { return pack("N/a*", $_[0]) }

sub serve {
	my ($endpoint, $file, %arg) = @_;

	Weir::Clients::each_client($endpoint, sub {
		my ($c, $number) = @_;
		session($c, "$file.$number", %arg);
	});
}

# What was heard, connection after connection as they began: what they heard at
# the same time is not mixed.
sub heard {
	my ($file) = @_;
	my $text = "";

	for (my $n = 1; -e "$file.$n"; $n++) {
		$text .= Weir::read_file("$file.$n");
	}
	return $text;
}

sub get {
	my ($c, $n) = @_;
	my $data = "";

	while (length $data < $n) {
		sysread $c, $data, $n - length $data, length $data
		    or return undef;
	}
	return $data;
}

sub play {
	my ($c, $reply, $file) = @_;

	if ($reply eq "close") {
		note($file, "gone");
		POSIX::_exit(0);
	} elsif ($reply eq "silent") {
		sysread $c, my $rest, 65536 or POSIX::_exit(0) while 1;
	} elsif ($reply =~ /^wait (.*)/s) {
		select undef, undef, undef, 0.02 until -e $1;
	} elsif ($reply =~ /^endless (.*)/s) {
		local $SIG{PIPE} = "DEFAULT";
		while (1) {
			print $c packet($1) or POSIX::_exit(0);
			select undef, undef, undef, 0.005;
		}
	} elsif ($reply =~ /^flood (.*)/s) {
		local $SIG{PIPE} = "DEFAULT";
		my $many = packet($1) x 4096;
		print $c $many or POSIX::_exit(0) while 1;
	} elsif ($reply =~ /^raw (.*)/s) {
		print $c $1;
	} else {
		print $c packet($reply);
	}
}

sub note {
	my ($file, $text) = @_;

	$text =~ s/\0/|/g;
	$text =~ s/([\x01-\x1f\x7f-\xff])/sprintf "\\x%02x", ord $1/ge;
	open my $f, ">>", $file or die "$file: $!";
	syswrite $f, "$text\n";
	close $f;
}

# The bit in the negotiation that keeps the answer to a command.
my %quiet = (L => 0x80, C => 0x1000, H => 0x2000, M => 0x4000, R => 0x8000,
    T => 0x10000, U => 0x20000, N => 0x40000, B => 0x80000);

sub answers {
	my ($arg, $cmd, $data) = @_;
	my $table = $arg->{answers} || {};

	for my $key (sort { length $b <=> length $a } keys %$table) {
		return $table->{$key}
		    if index("$cmd $data", $key) == 0 &&
		    ($key eq $cmd || $key =~ /^\Q$cmd\E /);
	}
	return ["c"];
}

sub session {
	my ($c, $file, %arg) = @_;
	my $steps = $arg{steps} || 0;

	local $SIG{PIPE} = "IGNORE";
	$c->autoflush(1);
	binmode $c;
	while (defined(my $head = get($c, 4))) {
		my $packet = get($c, unpack "N", $head) // last;
		my ($cmd, $data) = unpack "aa*", $packet;
		if ($cmd eq "O") {
			my ($version, $actions, $offer) = unpack "NNN", $data;
			note($file, sprintf "O %d %x %x", $version, $actions,
			    $offer);
			if ($arg{answers}{O}) {
				play($c, $_, $file) for @{ $arg{answers}{O} };
				next;
			}
			my $reply = pack "aNNN", "O", $arg{version} || $version,
			    $arg{actions} // $actions, $steps;
			$reply .= pack "NZ*", $_, $arg{symbols}{$_}
			    for sort keys %{ $arg{symbols} || {} };
			print $c packet($reply);
			next;
		}
		if ($cmd eq "D") {
			my ($of, $list) = unpack "aa*", $data;
			my @w = split /\0/, $list, -1;
			my $text = "D $of";
			while (@w > 1) {
				my ($name, $value) = splice @w, 0, 2;
				$text .= " $name=$value";
			}
			note($file, $text);
			next;
		}
		if ($cmd eq "C") {
			my ($host, $family, $rest) = unpack "Z*aa*", $data;
			my $at = $family =~ /[46L]/ ?
			    join(" ", unpack "nZ*", $rest) : "";
			note($file, "C $host $family $at");
		} else {
			note($file, "$cmd $data");
		}
		last if $cmd eq "Q";
		next if $cmd eq "A" || $cmd eq "K";
		next if $quiet{$cmd} && $steps & $quiet{$cmd};
		play($c, $_, $file) for @{ answers(\%arg, $cmd, $data) };
	}
	note($file, "gone");
}

1;
