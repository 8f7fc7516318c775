package Weir::MilterClient;

# An MTA's side of the milter protocol, version 6.
#
#	my $m = Weir::MilterClient->new($port);
#	is $m->connect("c.example", "192.0.2.1"), "continue";
#	is $m->rcpt('<u@example.com>'), "554 5.7.1 no";
#
# Each command's answer is "continue", "reject", "tempfail", "discard",
# "accept", a reply, or undef if the filter has hung up.  end() gives a list:
# the answer, then the changes, as [kind, ...].

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;
use IO::Socket::UNIX;
use Time::HiRes qw(time);

my %answers = (c => "continue", r => "reject", t => "tempfail",
    d => "discard", a => "accept");

# actions => N, steps => N: what is offered.
sub new {
	my ($class, $to, %arg) = @_;
	my $socket = $to =~ m{^/}
	    ? IO::Socket::UNIX->new(Peer => $to)
	    : IO::Socket::INET->new(PeerAddr => "127.0.0.1", PeerPort => $to);
	my $self = bless { socket => $socket, in => "" }, $class;

	return undef if !$socket;
	return $self if $arg{silent};
	$self->send("O", pack "NNN", 6, $arg{actions} // 0x1ff,
	    $arg{steps} // 0x1fffff);
	my ($kind, $data) = $self->packet or return undef;
	($self->{version}, $self->{actions}, $self->{steps}) =
	    unpack "NNN", $data;
	return $self;
}

sub socket { return $_[0]{socket} }

sub send {
	my ($self, $kind, $data) = @_;

	local $SIG{PIPE} = "IGNORE";
	return $self->{socket}->syswrite(
	    pack("N", 1 + length $data) . $kind . $data);
}

# The next packet: its kind and data; nothing: it hung up, or is silent.
sub packet {
	my ($self, $seconds) = @_;
	my $until = time + ($seconds // 60);

	while (1) {
		if (length $self->{in} >= 4) {
			my $n = unpack "N", $self->{in};

			if (length $self->{in} >= 4 + $n) {
				my $p = substr $self->{in}, 4, $n;

				substr($self->{in}, 0, 4 + $n) = "";
				return (substr($p, 0, 1), substr($p, 1));
			}
		}
		my $left = $until - time;
		return if $left <= 0 ||
		    !IO::Select->new($self->{socket})->can_read($left);
		return if !$self->{socket}->sysread($self->{in}, 65536,
		    length $self->{in});
	}
}

sub macros {
	my ($self, $for, %macros) = @_;

	$self->send("D", $for . join "", map { "$_\0$macros{$_}\0" } sort keys %macros);
}

sub answer {
	my ($self) = @_;
	my ($kind, $data) = $self->packet or return undef;

	return $data =~ s/\0$//r if $kind eq "y";
	return $answers{$kind} // "?$kind";
}

sub command {
	my ($self, $kind, $data) = @_;

	$self->send($kind, $data);
	return $self->answer;
}

sub connect {
	my ($self, $name, $address, %macros) = @_;

	$self->macros("C", %macros) if %macros;
	return $self->command("C",
	    "$name\0" . ($address ? "4" . pack("n", 40000) . "$address\0" : "U"));
}

sub helo {
	my ($self, $name, %macros) = @_;

	$self->macros("H", %macros) if %macros;
	return $self->command("H", "$name\0");
}

sub mail {
	my ($self, $from, %macros) = @_;

	$self->macros("M", %macros) if %macros;
	return $self->command("M", join "", map { "$_\0" } split / /, $from);
}

sub rcpt {
	my ($self, $to, %macros) = @_;

	$self->macros("R", %macros) if %macros;
	return $self->command("R", "$to\0");
}

sub data { return $_[0]->command("T", "") }

# Headers, each "Name: value", and the body, in pieces; no answers are expected.
sub content {
	my ($self, $headers, @body) = @_;

	for (@$headers) {
		my ($name, $value) = /^([^:]*):(.*)$/s;
		$self->send("L", "$name\0$value\0");
	}
	$self->send("N", "");
	$self->send("B", $_) for @body;
}

sub end {
	my ($self, $body) = @_;
	my @changes;

	$self->send("E", $body // "");
	while (my ($kind, $data) = $self->packet) {
		return ($answers{$kind}, @changes) if $answers{$kind};
		return ($data =~ s/\0$//r, @changes) if $kind eq "y";
		$data =~ s/\0$// if $kind ne "b";
		if ($kind eq "m" || $kind eq "i") {
			my ($place, $rest) = unpack "Na*", $data;
			push @changes, [$kind, $place, split /\0/, $rest, 2];
		} elsif ($kind eq "h") {
			push @changes, [$kind, split /\0/, $data, 2];
		} elsif ($kind ne "p") {
			push @changes, [$kind, $data];
		}
	}
	return undef;
}

# A session up to RCPT; the answer of the last.
sub begin {
	my ($self, %arg) = @_;

	$self->connect($arg{name} // "client.example.net",
	    $arg{address} // "192.0.2.1", %{ $arg{client} || {} });
	$self->helo($arg{helo} // "client.example.net");
	$self->mail($arg{from} // '<sender@example.net>', i => "QUEUEID");
	return ($self->rcpts($arg{to} // '<user@example.com>'))[-1];
}

sub rcpts { my ($self, @to) = @_; return map { $self->rcpt($_) } @to }

1;
