#!/usr/bin/perl
# What the postmaster is told of the SMTP and LMTP client's sessions that went
# wrong (notify_classes), beside Debian's Postfix: both have the same mail for the
# same servers, and of each session there is the same notice or none.
# Q-43, Q-47, P-083, S-067.
use strict;
use warnings;

use FindBin qw($Bin);
use IO::Select;
use IO::Socket::INET;
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);
use lib "$Bin/lib";
use Weir::Beside;
use Weir::Client;
use Weir::Sink;

my $why = Weir::Beside::enter();
plan skip_all => $why if $why;

my $sink = 11001;
my $first = 13000;    # ports of servers
my $last_words = 13900;    # ... and of those that are always told of

# A case: lines of "KEY value".
my @cases;
for (do { local $/; <DATA> } =~ /^([^#\n].*)/mg) {
	if (/^== (.*)/) {
		push @cases, { name => $1, set => [], to => ["x"],
			from => "a\@b.tst", agent => "smtp", say => {} };
	} elsif (/^= (.*)/) {
		push @{ $cases[-1]{set} }, $1;
	} elsif (/^(from|agent|until) (.*)/) {
		$cases[-1]{$1} = $2 eq "<>" ? "" : $2;
	} elsif (/^to (.*)/) {
		$cases[-1]{to} = [ split " ", $1 ];
	} elsif (/^(RCPT [a-z]\w*|[A-Z]+) (.*)/) {
		push @{ $cases[-1]{say}{$1} }, $2;
	} else {
		die "what is '$_'?";
	}
}

# One process for each way to set up an agent, so that what it has to tell comes in
# order: when its last words have come, all has.
my (%ways, @ways);
for (@cases) {
	my $way = join "\n", $_->{agent}, @{ $_->{set} };

	$ways{$way} //= do {
		push @ways, { agent => $_->{agent}, set => $_->{set} };
		$#ways;
	};
	$_->{way} = $ways{$way};
}

sub octets {
	my ($text) = @_;

	$text =~ s/\{(\w+) x (\d+)\}/$1 x $2/ge;
	return $text =~ s/\\(?:([rn0])|x([0-9a-f]{2}))/
	    defined $2 ? chr hex $2 : { r => "\r", n => "\n", 0 => "\0" }->{$1}/gerx;
}

sub answer {
	my ($c, $text) = @_;

	POSIX::_exit(0) if $text eq "close";
	print $c octets($text =~ s/^close after //r) . "\r\n";
	POSIX::_exit(0) if $text =~ /^close after /;
	return $text;
}

# A server that says what a case has it say; the last word of each sort for ever.
sub session {
	my ($c, $script) = @_;
	my %left = map { $_ => [ @{ $script->{$_} } ] } keys %$script;
	my $say = sub {
		my ($what, $good) = @_;
		my $list = $left{$what};

		return answer($c, !$list ? $good
		    : @$list > 1 ? shift @$list : $list->[0]);
	};
	my $taken = 0;

	$c->autoflush(1);
	binmode $c;
	$say->("BANNER", "220 sink ESMTP");
	while (defined(my $line = <$c>)) {
		if ($line =~ /^RCPT TO:<(\w+)/) {
			$taken++ if $say->($left{"RCPT $1"} ? "RCPT $1" : "RCPT",
			    "250 2.1.5 Ok") =~ /^2/;
		} elsif ($line =~ /^DATA/) {
			$say->("DATA", "354 go on") =~ /^3/ or next;
			while (defined($line = <$c>) && $line ne ".\r\n") {}
			$say->("DOT", "250 2.0.0 Ok: sunk")
			    for 1 .. ($script->{LHLO} ? $taken : 1);
		} elsif ($line =~ /^([A-Z]+)/) {
			$say->($1, $1 eq "QUIT" ? "221 2.0.0 Bye" : "250 Ok");
			last if $1 eq "QUIT";
		}
	}
}

sub serve {
	my (%script) = @_;
	my %at = map { fileno($_->[0]) => $_->[1] } my @all = map {
		[ IO::Socket::INET->new(LocalAddr => "127.0.0.1",
			LocalPort => $_, Listen => 20, ReuseAddr => 1)
		    // die("port $_: $!"), $script{$_} ];
	} keys %script;
	my $select = IO::Select->new(map { $_->[0] } @all);

	$SIG{CHLD} = "IGNORE";
	while (1) {
		for my $listen ($select->can_read) {
			my $c = $listen->accept or next;
			my $pid = fork;
			if (defined $pid && $pid == 0) {
				session($c, $at{fileno $listen});
				POSIX::_exit(0);
			}
		}
	}
}

my ($routes, $master) = ("home.example smtp:[127.0.0.1]:$sink\n", "");
for (0 .. $#cases) {
	my $port = $first + $_;
	$routes .= "c$_.example way$cases[$_]{way}:[127.0.0.1]:$port\n";
}
for (0 .. $#ways) {
	my $port = $last_words + $_;
	$routes .= "last$_.example way$_:[127.0.0.1]:$port\n";
	$master .= "way$_ unix - - n - 1 $ways[$_]{agent}\n" .
	    join "", map { "    -o { $_ }\n" } @{ $ways[$_]{set} };
}

my $both = Weir::Beside->new(files => { routes => $routes, filter => "/^550 (.*)/ 501 \$1\n" },
	world => "", main => <<"EOM", cases => "== in\n== cut through\n= weir_cut_through = yes\n", master => $master);
notify_classes = protocol, data, resource, software, policy
error_notice_recipient = n\@home.example
mail_name = Beside
relay_domains = texthash:\$dir/routes
transport_maps = texthash:\$dir/routes, inline:{b.tst=discard:}
smtp_tls_security_level =
smtpd_peername_lookup = no
smtpd_recipient_restrictions = permit_auth_destination, reject
smtpd_client_connection_count_limit = 0
smtpd_client_message_rate_limit = 0
local_recipient_maps =
relay_recipient_maps =
EOM
my $dir = "$ENV{WEIR_BESIDE}/sink";
mkdir $dir;

my @servers = (Weir::Beside::serve_apart(sub { Weir::Sink::serve($sink, $dir) }), Weir::Beside::serve_apart(sub {
	serve((map { $first + $_ => $cases[$_]{say} } 0 .. $#cases),
	    map { $last_words + $_ => $ways[$_]{agent} eq "lmtp"
		? { LHLO => ["501 last"] } : { MAIL => ["501 last"] } }
	    0 .. $#ways);
}));

sub submit {
	my ($c, $from, @to) = @_;

	$c->cmd("MAIL FROM:<$from>", 30);
	$c->cmd("RCPT TO:<$_>", 30) for @to;
	$c->cmd("DATA", 30);
	return $c->cmd("Subject: test\r\n\r\nsecret\r\n.", 30);
}

sub wait_for {
	my ($what, $missing) = @_;
	my $end = time + 60;
	my @left;

	while (@left = $missing->()) {
		if (time > $end) {
			fail $what;
			return diag "missing: @left";
		}
		sleep 0.02;
	}
}

# All that the postmaster gets while $say->() goes on, by the port that it is about.
sub told {
	my ($server, $say) = @_;
	my %known = map { $_ => 1 } glob "$dir/*";
	my $begin = length $server->log;
	my $log = sub { substr $server->log, $begin };
	my %told;

	$say->($log);
	wait_for("all notices arrived", sub {
		my $said = $log->();
		my %stored = map { $_ => 1 } $said =~ /cleanup\[\d+\]: (\w+): message-id=/g;

		delete @stored{ $said =~ /smtpd\[\d+\]: (\w+): client=/g };
		delete @stored{ $said =~ /qmgr\[\d+\]: (\w+): removed/g };
		return keys %stored;
	});
	for (map { Weir::Beside::plain(Weir::read_file($_)) } grep { !$known{$_} && !/\.tmp$/ } glob "$dir/*") {
		my ($about) = /^Subject: .*\]:(\d+)$/m;

		push @{ $told{ $about // "?" } }, $_;
	}
	return \%told;
}

# Mail for all cases.
sub notices {
	my ($server, $port, $name) = @_;

	return told($server, sub {
		my ($log) = @_;
		my $c = Weir::Client->new($port);
		my @to;

		$c->cmd("EHLO me", 30);
		for my $i (0 .. $#cases) {
			my @here = map { "$_\@c$i.example" } @{ $cases[$i]{to} };
			my $from = $cases[$i]{from} =~ s/OWN$/$name/r;

			like submit($c, $from, @here), qr/^250/, "to @here";
			push @to, @here;
		}
		wait_for("all of it was tried", sub {
			my %done = map { $_ => 1 }
			    $log->() =~ /: to=<(\w+\@c\d+\.example)>,.* status=/g;

			return grep { !$done{$_} } @to;
		});
		submit($c, "a\@b.tst", "x\@last$_.example") for 0 .. $#ways;
		$c->cmd("QUIT", 30);
		# Each process has had its say of the others.
		wait_for("last words", sub {
			my $said = $log->();

			return grep { $said !~ /: to=<x\@last$_\.example>,.* status=/ }
			    0 .. $#ways;
		});
	});
}

my $theirs = notices($both->{postfix}, 12000, "postfix.example.com");
my $mine = notices($both->{weir}, 14000, "mail.example.com");
for (0 .. $#cases) {
	my $port = $first + $_;
	my @expected = @{ $theirs->{$port} // [] };

	# Weir talks no more to a server that speaks something else.
	my $until = $cases[$_]{until};
	s/^( In:  \Q$until\E\n).*?(?=\nFor other)/$1/ms
	    for $until ? @expected : ();

	Weir::Beside::same($mine->{$port} // [], \@expected,
	    "$cases[$_]{name}: " . (@expected ? "told" : "nothing"));
}
is_deeply $mine->{"?"}, undef, "nothing else is told";

# What is cut through is told of by another process.
my $some = qr/^(MAIL is refused with 5|RCPT is refused with 5|the end of data is refused)/;
my @cut = grep { $cases[$_]{name} =~ $some } 0 .. $#cases;
my $cut = told($both->{weir}, sub {
	my $c = Weir::Client->new(14001);

	$c->cmd("EHLO me", 30);
	like submit($c, "a\@b.tst", "x\@c$_.example"), qr/^5/,
	    "cut through: $cases[$_]{name}" for @cut;
	$c->cmd("QUIT", 30);
});
for (map { $first + $_ } @cut) {
	Weir::Beside::same($cut->{$_} // [], $theirs->{$_} // [],
	    "... and told likewise");
}
kill "TERM", @servers;
waitpid $_, 0 for @servers;
$both->finish;

__DATA__
== nothing wrong
== a banner of 554
BANNER 554 5.7.1 go away
== a banner of 500
BANNER 500 5.5.1 go away
== a banner of 421
BANNER 421 4.3.2 not now
== a banner of 354
BANNER 354 what
== a banner of 150
until 150 what
BANNER 150 what
== a banner that is not SMTP
BANNER close after SSH-2.0-OpenSSH_9.2
== a banner that is garbage, then one
until hello
BANNER hello\r\n220 sink ESMTP
== a banner of many lines
BANNER 220-one\r\n220-two ESMTP\r\n220 three
== EHLO is unknown
EHLO 500 what
== EHLO and HELO are unknown
EHLO 500 what
HELO 502 what
== EHLO is refused
EHLO 550 no
HELO 550 no
== EHLO is answered with 421
EHLO 421 no
== EHLO is answered with garbage
until garbage
EHLO garbage\r\n250 ok
== MAIL is refused with 501
MAIL 501 5.5.4 syntax
== MAIL is refused with 550
MAIL 550 5.7.1 no
== MAIL is put off with 451
MAIL 451 4.7.1 later
== MAIL is answered with 354
MAIL 354 go on
== MAIL is answered with 421
MAIL 421 4.3.2 going down
== MAIL is answered with 999
until 999 what
MAIL 999 what
== MAIL is answered with 199
until 199 what
MAIL 199 what
== MAIL is answered with 600
until 600 what
MAIL 600 what
== RCPT is refused with 555
RCPT 555 5.5.4 no such parameter
== RCPT is refused with 554
RCPT 554 5.7.1 no
== one RCPT of two is refused with 503
to x y
RCPT x 503 5.5.1 out of turn
== one RCPT of two is refused with 509
to x y
RCPT y 509 no
== one RCPT of two is refused with 510
to x y
RCPT y 510 no
== DATA is refused with 503
DATA 503 5.5.1 out of turn
== DATA is answered with 250
DATA 250 what
== DATA is put off
DATA 451 4.3.0 later
== the end of data is refused with 500
DOT 500 5.5.1 what
== the end of data is refused with 554
DOT 554 5.6.0 spam
== the end of data is answered with 354
DOT 354 what
== the server hangs up
MAIL close
== the server hangs up without a banner
BANNER close
== QUIT is refused
QUIT 500 what
== a reply of many lines
MAIL 501-5.5.4 one\r\n501-5.5.4 two\r\n501 5.5.4 three
== a long reply
MAIL 501 5.5.4 {long x 60} {words x 10} {in x 30} {between x 10}
== octets that cannot be shown
MAIL 501 5.5.4 \xe4\x09\x01 \xc3\xa4 x
== pipelining
EHLO 250-sink\r\n250-PIPELINING\r\n250 8BITMIME
to x y z
RCPT y 501 no
== pipelining, MAIL is refused
EHLO 250-sink\r\n250-PIPELINING\r\n250 8BITMIME
MAIL 501 no
RCPT 503 no
DATA 503 no
== pipelining, all RCPT are refused, DATA is not
EHLO 250-sink\r\n250-PIPELINING\r\n250 8BITMIME
RCPT 501 no
== pipelining and garbage
until what?
EHLO 250-sink\r\n250-PIPELINING\r\n250 8BITMIME
MAIL what?\r\n250 ok
== garbage
until what?
MAIL what?\r\n250 ok
== parameters
EHLO 250-sink\r\n250-DSN\r\n250 8BITMIME
RCPT 501 no
== 421 in the middle
RCPT 421 going down
== no sender
from <>
MAIL 501 no
== from the postmaster's notices
from double-bounce@OWN
MAIL 501 no
== XFORWARD is refused
= smtp_send_xforward_command = yes
EHLO 250-sink\r\n250 XFORWARD NAME ADDR PROTO HELO
XFORWARD 501 no
== XFORWARD is refused, and MAIL
= smtp_send_xforward_command = yes
EHLO 250-sink\r\n250 XFORWARD ADDR PROTO HELO
XFORWARD 501 no
MAIL 501 no
== STARTTLS is unknown
= smtp_tls_security_level = encrypt
EHLO 250-sink\r\n250 STARTTLS
STARTTLS 502 no
== STARTTLS is unknown, and may be
= smtp_tls_security_level = may
EHLO 250-sink\r\n250 STARTTLS
STARTTLS 502 no
== TLS is not offered
= smtp_tls_security_level = encrypt
== no handshake
= smtp_tls_security_level = encrypt
EHLO 250-sink\r\n250 STARTTLS
STARTTLS close after 220 go on
== only protocol is told
= notify_classes = protocol
MAIL 501 no
== only data is told
= notify_classes = data
MAIL 501 no
== only resource and software are told
= notify_classes = resource, software
MAIL 501 no
== a table of features that cannot be asked
= smtp_discard_ehlo_keyword_address_maps = texthash:$dir/nothing
== a table of headers that cannot be asked
= smtp_header_checks = texthash:$dir/nothing
== a table that cannot be asked is not told
= smtp_header_checks = texthash:$dir/nothing
= notify_classes = protocol
== replies are filtered
= smtp_reply_filter = regexp:$dir/filter
MAIL 550 no
== LHLO is unknown
agent lmtp
LHLO 500 what
== LMTP, of one recipient
agent lmtp
to x y z
LHLO 250 sink
DOT 250 ok
DOT 501 no
DOT 550 no
== LMTP, of nobody
agent lmtp
to x y z
LHLO 250 sink
DOT 250 ok
DOT 450 no
DOT 550 no
