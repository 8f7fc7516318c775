package Weir::Policy;

# Asks a policy server, as Postfix does.
#
#	my $p = Weir::Policy->new($port, sender => 's@example.net');
#	is $p->ask(recipient => 'u@example.com'), "DUNNO";

use strict;
use warnings;

use IO::Select;
use IO::Socket::INET;

use Weir::Client;

my @order = qw(request protocol_state protocol_name client_address client_name
    client_port reverse_client_name server_address server_port helo_name sender
    recipient recipient_count queue_id instance size etrn_domain stress
    sasl_method sasl_username sasl_sender ccert_subject ccert_issuer
    ccert_fingerprint ccert_pubkey_fingerprint encryption_protocol
    encryption_cipher encryption_keysize policy_context);
my %usual = (request => "smtpd_access_policy", protocol_state => "RCPT",
    protocol_name => "ESMTP", client_address => "192.0.2.1",
    client_name => "client.example.net",
    reverse_client_name => "client.example.net", client_port => 40000,
    server_address => "192.0.2.25", server_port => 25,
    helo_name => "client.example.net", sender => 'sender@example.net',
    recipient => 'user@example.com', recipient_count => 0,
    instance => "1.5f.0", size => 0, encryption_keysize => 0);

# To a port, or the path of a Unix socket; what is said of each request.
sub new {
	my ($class, $to, %always) = @_;

	return bless { client => Weir::Client->new($to, silent => 1),
		always => \%always }, $class;
}

# The text of a request; undef as a value leaves an attribute out.
sub request {
	my ($self, %with) = @_;
	my %a = (%usual, %{ $self->{always} }, %with);
	my @names = (@order, grep { my $n = $_; !grep { $_ eq $n } @order }
	    sort keys %a);

	return join("", map { "$_=" . ($a{$_} // "") . "\n" }
	    grep { !exists $a{$_} || defined $a{$_} } @names) . "\n";
}

sub send {
	my ($self, $text) = @_;

	local $SIG{PIPE} = "IGNORE";
	return print { $self->{client}->socket } $text;
}

# The next action; undef: it hung up, or said something else.
sub action {
	my ($self, $seconds) = @_;
	my $line = $self->{client}->line($seconds) // return undef;
	my $end = $self->{client}->line($seconds) // return undef;

	return $line =~ s/^action=// && $end eq "" ? $line : undef;
}

sub ask {
	my ($self, %with) = @_;

	$self->send($self->request(%with));
	return $self->action;
}

# A policy server that only writes down what it is asked, for $w->peer().
sub serve {
	my ($port, $file) = @_;
	my $listener = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
	    LocalPort => $port, Listen => 100, ReuseAddr => 1) or die "$!";
	my $select = IO::Select->new($listener);
	my %text;

	while (my @ready = $select->can_read) {
		for my $s (@ready) {
			if ($s == $listener) {
				$select->add($listener->accept || next);
				next;
			}
			if (!sysread $s, $text{$s}, 65536, length($text{$s} // "")) {
				delete $text{$s};
				$select->remove($s);
				close $s;
				next;
			}
			while ($text{$s} =~ s/^(.*?\n)\n//s) {
				open my $f, ">>", $file or die "$file: $!";
				print $f "$1\n";
				close $f;
				syswrite $s, "action=DUNNO\n\n";
			}
		}
	}
}

# What one has written down, as hashes.
sub recorded {
	my ($file) = @_;

	return map { +{ map { split /=/, $_, 2 } split /\n/ } }
	    split /\n\n/, Weir::read_file($file);
}

1;
