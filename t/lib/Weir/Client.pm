package Weir::Client;

# An SMTP client that says exactly what it is told to.

use strict;
use warnings;

use IO::Socket::INET;
use IO::Socket::UNIX;
use Time::HiRes qw(time);

my $slow = ($ENV{OUT} || "") =~ /asan|tsan/ ? 4 : 1;

# To a port, or the path of a Unix socket.
sub new {
	my ($class, $port, %arg) = @_;
	my $socket = $port =~ m{^/}
	    ? IO::Socket::UNIX->new(Peer => $port)
	    : IO::Socket::INET->new(PeerAddr => "127.0.0.1",
		PeerPort => $port, LocalAddr => $arg{from} || "127.0.0.1",
		Proto => "tcp");
	die "connect to $port: $!" unless $socket;
	my $self = bless { socket => $socket, in => "" }, $class;

	$self->{banner} = $self->reply unless $arg{silent};
	return $self;
}

sub socket { return $_[0]{socket} }

sub fill {
	my ($self, $end) = @_;
	my $rin = "";

	vec($rin, fileno $self->{socket}, 1) = 1;
	unless ($self->{socket}->can("pending") && $self->{socket}->pending) {
		my $left = $end - time;
		return 0 if $left <= 0 || select($rin, undef, undef, $left) <= 0;
	}
	return sysread $self->{socket}, $self->{in}, 65536, length $self->{in};
}

# One line without its end; undef at the end or after the time.
sub line {
	my ($self, $seconds) = @_;
	my $end = time + ($seconds || 60) * $slow;

	while (1) {
		return $1 if $self->{in} =~ s/^([^\n]*?)\r?\n//;
		$self->fill($end) or return undef;
	}
}

# A whole reply: its lines, joined by "\n"; "" when the server hung up.
sub reply {
	my ($self, $seconds) = @_;
	my @lines;

	while (defined(my $line = $self->line($seconds))) {
		push @lines, $line;
		last if $line !~ /^\d\d\d-/;
	}
	return join "\n", @lines;
}

sub put {
	my ($self, $text) = @_;
	my $done = 0;

	local $SIG{PIPE} = "IGNORE";
	while ($done < length $text) {
		my $n = syswrite $self->{socket}, $text, length($text) - $done,
		    $done or last;
		$done += $n;
	}
	return $done;
}

sub cmd {
	my ($self, $text, $seconds) = @_;

	$self->put("$text\r\n");
	return $self->reply($seconds);
}

# The handshake, with cert => file and key => file of a certificate of ours;
# what came of it.
sub tls {
	my ($self, %arg) = @_;

	require IO::Socket::SSL;
	local $SIG{PIPE} = "IGNORE";
	IO::Socket::SSL->start_SSL($self->{socket}, SSL_verify_mode => 0,
	    Timeout => 30,
	    $arg{cert} ? (SSL_cert_file => $arg{cert}) : (),
	    $arg{key} ? (SSL_key_file => $arg{key}) : (),
	    $arg{version} ? (SSL_version => $arg{version}) : ())
	    or return "no TLS";
	return $self->{socket}->get_sslversion;
}

# The server has hung up (within the time).
sub closed {
	my ($self, $seconds) = @_;
	my $end = time + ($seconds || 60) * $slow;

	while (1) {
		my $before = length $self->{in};
		my $n = $self->fill($end);
		return 1 if defined $n && $n == 0 && time < $end;
		return 1 if !defined $n;
		return 0 if $n == 0 || length $self->{in} == $before;
	}
}

sub close { close $_[0]{socket} }

# A whole transaction; the last reply, which is the refusal if there is one.
sub deliver {
	my ($self, %arg) = @_;
	my $helo = defined $arg{helo} ? $arg{helo} : "client.example.net";
	my $from = defined $arg{from} ? $arg{from} : 'sender@example.net';
	my @to = ref $arg{to} ? @{ $arg{to} } : ($arg{to});
	my $data = defined $arg{data} ? $arg{data}
	    : "From: <$from>\r\nSubject: test\r\n\r\nHello.\r\n";
	my ($reply, $good);

	unless ($self->{greeted}++) {
		$reply = $self->cmd("EHLO $helo");
		return $reply if $reply !~ /^250/;
	}
	$reply = $self->cmd("MAIL FROM:<$from>" . ($arg{mail} || ""));
	return $reply if $reply !~ /^250/;
	for my $to (@to) {
		$reply = $self->cmd("RCPT TO:<$to>" . ($arg{rcpt} || ""));
		$good++ if $reply =~ /^250/;
	}
	return $reply unless $good;
	$reply = $self->cmd("DATA");
	return $reply if $reply !~ /^354/;
	$data =~ s/^\./../gm;
	$self->put("$data.\r\n");
	return $self->reply($arg{seconds});
}

1;
