package Weir::Hops;

# Weir and Debian's Postfix beside each other as clients: each sends the same
# messages to servers that do as they are told; what the servers were sent and
# what is logged is compared.
#
#	my $hops = Weir::Hops->new(main => "name = value\n");
#	$hops->try("a name", set => "smtp_x=y smtp_z=x", ehlo => "250 sink",
#	    data => "Subject: x\n\nx\n");
#	$hops->compare;
#
# Each case has a transport with the -o options of "set" and a server of its own,
# 127.0.1.N, N being its number from 1 on; at 127.0.2.N is one that hangs up.  Of a
# case: lmtp => 1; ehlo => the whole answer to EHLO; replies, banner as for
# Weir::Sink; before => [commands in front of MAIL]; data, from, to, mail, rcpt as
# for Weir::Client->deliver; hop => the next hop; zone => records below hops.example, for new(dns => 1), or dns => the
# address of a name server, which, system => 1, /etc/resolv.conf has; differs =>
# [what Weir logs, what Postfix logs], patterns for what is not the same.  In set,
# hop, to and zone ADDRESS, DEAD, PORT and % stand for the addresses of the
# servers, their port and N.

use strict;
use warnings;

use Test::More;

use Weir;
use Weir::Client;
use Weir::Clients;
use Weir::Postfix;
use Weir::Sink;

my @mtas = ("weir", "postfix");

# Why nothing can be compared here; "".
sub lacking {
	return -x "/usr/sbin/postfix" && $> == 0 ? "" : "no Postfix here";
}

sub new {
	my ($class, %arg) = @_;

	# Postfix asks on port 53.
	my $dns = $arg{dns};
	$dns = join ".", 127, map { 1 + int rand 250 } 1 .. 3
	    if $dns && $dns eq "1";

	return bless { system => $arg{system}, main => $arg{main} // "", dns => $dns, cases => [],
	    files => $arg{files} // {}, }, $class;
}

sub try {
	my ($self, $name, %case) = @_;

	push @{ $self->{cases} }, { name => $name, %case };
}

sub main_cf {
	my ($self) = @_;
	my @all = 1 .. @{ $self->{cases} };

	return $self->{main} . <<EOT;
relay_domains = example.org
relay_recipient_maps =
smtputf8_enable = yes
transport_maps = texthash:\$config_directory/transport
default_destination_recipient_limit = 50
smtp_tls_security_level = none
smtpd_peername_lookup = no
EOT
}

sub place {
	my ($text, $n, $port) = @_;

	return $text =~ s/ADDRESS/127.0.1.$n/gr =~ s/DEAD/127.0.2.$n/gr =~
	    s/PORT/$port/gr =~ s/%/$n/gr;
}

sub master_cf {
	my ($self, $port) = @_;
	my $n = 0;

	return join "", map {
		my $agent = $_->{lmtp} ? "lmtp" : "smtp";
		my $options = join "", map { " -o $_" }
		    split " ", place($_->{set} // "", ++$n, $port);
		"c$n unix - - n - - $agent$options\n";
	} @{ $self->{cases} };
}

sub transports {
	my ($self, $port) = @_;
	my $n = 0;

	return join "", map {
		my $hop = place($_->{hop} // "[ADDRESS]:PORT", ++$n, $port);
		"c$n.example.org c$n:$hop\n";
	} @{ $self->{cases} };
}

sub zone {
	my ($self) = @_;
	my $n = 0;

	return join "", map {
		$n++;
		place($_->{zone} // "", $n);
	} @{ $self->{cases} };
}

# The servers of all cases, for one of the two.
sub serve {
	my ($self, $port, $dir) = @_;

	Weir::Clients::each_client("0.0.0.0:$port", sub {
		my ($c, $number) = @_;
		my ($n) = $c->sockhost =~ /^127\.0\.1\.(\d+)$/ or return;
		my $case = $self->{cases}[$n - 1];
		my %replies = %{ $case->{replies} || {} };

		# A message is worth looking at when all of it has been said.
		$replies{EHLO} //= ["$case->{ehlo} *"] if $case->{ehlo};
		Weir::Sink::session($c, "$dir/c$n", number => $number,
		    lmtp => $case->{lmtp},
		    banner => $case->{banner}, replies => \%replies);
	});
}

# Start both, and send.
sub run {
	my ($self) = @_;
	my %out = map { $_ => Weir::free_port() } @mtas;
	my $cases = $self->{cases};
	my $w = $self->{weir} = Weir->new(main => $self->main_cf,
	    master => $self->master_cf($out{weir}), files => { %{ $self->{files} },
	    transport => $self->transports($out{weir}) }, start => 0,
	    dns_also => $self->{dns});
	my $etc = "$w->{dir}/postfix/etc";

	for my $mta (@mtas) {
		mkdir "$w->{dir}/to-$mta";
		mkdir "$w->{dir}/to-$mta/c$_" for 1 .. @$cases;
		$w->peer(sub { $self->serve($out{$mta}, "$w->{dir}/to-$mta") });
		$w->wait_port($out{$mta}) or die "no servers";
	}
	$w->dns("hops.example" => $self->zone) if $self->{dns};
	$w->start;
	$self->{port} = Weir::free_port();
	File::Path::make_path($etc);
	$w->write_file("$etc/$_", $self->{files}{$_})
	    for keys %{ $self->{files} };
	$w->write_file("$etc/transport", $self->transports($out{postfix}));
	$self->{postfix} = Weir::Postfix->start("$w->{dir}/postfix",
	    port => $self->{port}, 
	    resolver => $self->{system} ? undef : $self->{dns}, main => $self->main_cf,
	    master => $self->master_cf($out{postfix}));
	$self->send_all($_) for @mtas;
	$self->wait_all($_) for @mtas;
}

sub send_all {
	my ($self, $mta) = @_;
	my $c = $mta eq "weir" ? $self->{weir}->smtp
	    : Weir::Client->new($self->{port});
	my $n = 0;

	for my $case (@{ $self->{cases} }) {
		my $data = $case->{data} // "Subject: test\n\nHello.\n";

		$n++;
		$data =~ s/(?<!\r)\n/\r\n/g;
		$data = "X-Case: $n\r\nFrom: a\@example.net\r\n" .
		    "To: b\@example.net\r\nMessage-ID: <$n\@example.net>\r\n" .
		    "Date: Sat, 1 Jan 2022 00:00:00 +0000\r\n$data";
		if ($case->{before}) {
			$c->cmd("EHLO client.example.net")
			    unless $c->{greeted}++;
			$c->cmd($_) for @{ $case->{before} };
		}
		{
			my $reply = $c->deliver(from => $case->{from},
			    to => [ map { place($_, $n) } @{ $case->{to} //
				[ "x\@c$n.example.org" ] } ],
			    mail => $case->{mail}, rcpt => $case->{rcpt},
			    data => $data);
			my ($qid) = $reply =~ /^250 .*queued as (\w+)/
			    or die "$case->{name}: $mta: $reply";
			push @{ $case->{qid}{$mta} }, $qid;
		}
	}
	$c->cmd("QUIT");
}

sub log_of {
	my ($self, $mta) = @_;

	return $mta eq "weir" ? $self->{weir}->log : $self->{postfix}->log;
}

sub wait_one {
	my ($self, $mta, $qid) = @_;

	return $self->{weir}->wait_for(sub {
		return $self->log_of($mta) =~ /: $qid: to=<.*status=/
	}) // die "$mta: no end of $qid: " .
	    join "", grep { /fatal|$qid/ } $self->log_of($mta) =~ /^.*\n/mg;
}

sub wait_all {
	my ($self, $mta) = @_;

	for my $case (@{ $self->{cases} }) {
		$self->wait_one($mta, $_) for @{ $case->{qid}{$mta} };
	}
}

# What the agent logged of a case, without what is never the same.
sub logged {
	my ($self, $mta, $n) = @_;
	my $case = $self->{cases}[$n - 1];
	my $agent = $case->{lmtp} ? "lmtp" : "smtp";
	my $ids = join "|", @{ $case->{qid}{$mta} };
	my @lines;

	for (split /\n/, $self->log_of($mta)) {
		next unless s{^.*?\w+/(?:c\d+/)?$agent\[\d+\]: }{};
		next unless /127\.0\.[12]\.$n\b|^(?:$ids): |\b[a-z]$n\.hops\.example\b/;
		s/\b(?:$ids)\b/QID/g;
		s/(127\.0\.[12]\.$n\]?):(?!25\b)\d+/$1:PORT/g;
		s/message size \d+/message size N/;
		s/delays?=[\d.\/]+/delay/g;
		s/\b(?:mail|postfix)\.example\.com\b/ME/g;
		push @lines, $_;
	}
	return join "\n", @lines;
}

# What the server of a case was told, and the messages.
sub received {
	my ($self, $mta, $n) = @_;
	my $dir = "$self->{weir}{dir}/to-$mta/c$n";
	my $said = Weir::read_file("$dir.commands");

	for my $file (sort glob "$dir/*") {
		my $m = Weir::read_file($file);

		$m =~ s/^Received: .*\r\n(?:[ \t].*\r\n)*//m;
		$said .= $m;
	}
	$said =~ s/\b(?:mail|postfix)\.example\.com\b/ME/g;
	$said =~ s/ SIZE=\d+/ SIZE=N/g;
	$said =~ s/ PORT=\d+/ PORT=N/g;
	$said =~ s/ IDENT=(?!abc)\w+/ IDENT=ID/g;
	# Both leave, but not always before they are looked at.
	$said =~ s/^(?:QUIT|RSET)\n//mg;
	return $said;
}

sub compare {
	my ($self) = @_;
	my $n = 0;

	$self->run;
	for my $case (@{ $self->{cases} }) {
		$n++;
		is $self->received("weir", $n), $self->received("postfix", $n),
		    "$case->{name}: sent";
		if ($case->{differs}) {
			like $self->logged("weir", $n), $case->{differs}[0],
			    "$case->{name}: logged";
			like $self->logged("postfix", $n), $case->{differs}[1],
			    "$case->{name}: Postfix's own words";
			next;
		}
		is $self->logged("weir", $n), $self->logged("postfix", $n),
		    "$case->{name}: logged";
	}
	$self->{postfix}->stop;
}

1;
