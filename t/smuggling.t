#!/usr/bin/perl
# Only <CR><LF>.<CR><LF> ends a message: each way that another server might
# take for the end, followed by a second transaction in disguise (hostile 1-28,
# and the table above them).
use strict;
use warnings;

use lib "t/lib";
use Socket qw(IPPROTO_TCP TCP_NODELAY);
use Test::More;
use Time::HiRes qw(sleep);
use Weir;

my %modes = (normalize => 0, reject => 1, no => 2);
my $w = Weir->new(start => 0);
$w->configure(main => <<'EOT', master => join("", map { <<EOT }
relay_domains = example.org
relay_recipient_maps =
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:sink}}
smtpd_forbid_bare_newline_exclusions =
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
EOT
127.0.0.1:${\ $w->port($_)} inet n - n - - smtpd
 -o smtpd_forbid_bare_newline=$_
EOT
	"reject", "no"));
my $sink = $w->sink("sink");
$w->start;

# name, octets, and what normalize, reject and no do: "data": goes on, "ends",
# "550".
my @sequences = (
	(map { [@$_, "data", "550", "ends"] }
		["LF.LF", "\n.\n"], ["LF.CRLF", "\n.\r\n"],
		["CRLF.LF", "\r\n.\n"], ["LFLF.LFLF", "\n\n.\n\n"],
		["CRLF.LFCRLF", "\r\n.\n\r\n"],
		["CR NUL LF.CRLF", "\r\0\n.\r\n"]),
	(map { [@$_, "data", "data", "ends"] }
		["CRLF.CRCRLF", "\r\n.\r\r\n"],
		["CRCRLF.CRCRLF", "\r\r\n.\r\r\n"]),
	(map { [@$_, "data", "550", "data"] }
		["LF.CR", "\n.\r"], ["CR.LF", "\r.\n"],
		["LFCR.LFCR", "\n\r.\n\r"],
		["CRLF.CR NUL LF", "\r\n.\r\0\n"]),
	(map { [@$_, "data", "data", "data"] }
		["CR.CR", "\r.\r"], ["CR.CRLF", "\r.\r\n"],
		["CRLF.CR", "\r\n.\r"], ["CRLF NUL.CRLF", "\r\n\0.\r\n"],
		["CRLF.NUL CRLF", "\r\n.\0\r\n"],
		["CRLF.SP CRLF", "\r\n. \r\n"],
		["CRLF.TAB CRLF", "\r\n.\t\r\n"],
		["CRLF.VT CRLF", "\r\n.\x0b\r\n"],
		["CRLF.NEL", "\r\n.\xc2\x85"],
		["CRLF.U+2028", "\r\n.\xe2\x80\xa8"]),
	(map { [@$_, "ends", "ends", "ends"] }
		["NUL CRLF.CRLF", "\0\r\n.\r\n"],
		["CRLF.CRLF NUL", "\r\n.\r\n\0"],
		["CRLF.CRLF", "\r\n.\r\n"]),
);

my $expected = 0;

sub port_of { return $w->port($_[0] eq "normalize" ? "smtp" : $_[0]) }

# A client that nothing is forgiven, in a transaction, behind its 354.
sub in_data {
	my ($mode, $from) = @_;
	my $c = Weir::Client->new(port_of($mode), from => "127.0.0.5");

	$c->cmd("EHLO client.example.net");
	$c->put("MAIL FROM:<$from>\r\nRCPT TO:<user\@example.org>\r\nDATA\r\n");
	$c->reply for 1 .. 3;
	setsockopt $c->socket, IPPROTO_TCP, TCP_NODELAY, 1;
	return $c;
}

for my $mode (sort { $modes{$a} <=> $modes{$b} } keys %modes) {
	subtest "hostile 1-24, smtpd_forbid_bare_newline = $mode" => sub {
		for my $case (@sequences) {
			my ($name, $octets) = @$case;
			my $what = $case->[2 + $modes{$mode}];
			my $c = in_data($mode, "good\@example.net");

			$c->put("Subject: $mode $name\r\n\r\nfirst" . $octets .
			    "MAIL FROM:<evil\@example.net>\r\n" .
			    "RCPT TO:<user\@example.org>\r\nDATA\r\n" .
			    "Subject: evil\r\n\r\nevil $mode $name\r\n.\r\nQUIT\r\n");
			my @said;
			while (length(my $reply = $c->reply)) {
				push @said, $reply;
			}
			my $all = join "|", @said;
			if ($what eq "data") {
				like $all, qr/^250 2\.0\.0 Ok: queued as \w+\|221 2\.0\.0 Bye$/,
				    "$name is data";
				$expected++;
			} elsif ($what eq "550") {
				is $all, "550 5.5.2 mail.example.com Error: bare <LF> received" .
				    "|221 2.0.0 Bye", "$name is refused";
			} elsif ($name eq "CRLF.CRLF NUL") {
				like $all, qr/^250 2\.0\.0 Ok: queued as \w+\|500 5\.5\.2 [^|]*\|503 5\.5\.1 /,
				    "$name ends it, and NUL is no command";
				$expected++;
			} else {
				like $all, qr/^250 2\.0\.0 Ok: queued as \w+\|(?:500 [^|]*\|)?250 2\.1\.0 Ok\|250 2\.1\.5 Ok\|554 5\.5\.0 Error: SMTP protocol synchronization$/,
				    "$name ends it";
				$expected++;
			}
		}
	};
}

subtest "hostile 25: what is passed on" => sub {
	my @m = $w->messages($sink, $expected);
	my $bad = "";

	is scalar(@m), $expected, "all $expected messages, no more";
	is scalar(grep { !/^X-From: <good\@/ } @m), 0, "never from evil";
	for my $m (@m) {
		$m =~ s/\A(?:X-(?:From|To): .*\n)+//;
		$bad .= $m if $m =~ /(?<!\r)\n|\r(?!\n)|\0/;
	}
	is $bad, "", "no bare CR, no bare LF, no NUL";
};

my $dots = "Subject: dots\r\n\r\n.\r\n..\r\n...x\r\n.y\r\n\r\n. \r\nlast\r\n";
(my $stuffed = $dots) =~ s/^\./../gm;
my $seen = $expected;

# Send octets in pieces, each its own segment; the reply.
sub in_pieces {
	my (@pieces) = @_;
	my $c = in_data("normalize", "split\@example.net");

	for my $piece (@pieces) {
		$c->put($piece);
		sleep 0.001;
	}
	my $reply = $c->reply;
	$c->put("QUIT\r\n");
	return $reply;
}

subtest "hostile 26, 27: dots, and ends split anywhere" => sub {
	my $whole = "$stuffed.\r\n";
	my $good = 0;

	for my $at (1 .. length($whole) - 1) {
		$good++ if in_pieces(substr($whole, 0, $at),
		    substr($whole, $at)) =~ /^250 2\.0\.0/;
		$expected++;
	}
	is $good, length($whole) - 1, "every split in two is one message";
	like in_pieces(split //, $whole), qr/^250 2\.0\.0/, "octet by octet";
	$expected++;
	my @m = grep { /^X-From: <split/ } $w->messages($sink, $expected);
	is scalar(@m), $expected - $seen, "all arrived";
	is scalar(grep { !/\r\n\Q$dots\E\z/ } @m), 0, "octet for octet";

	$seen = $expected;
	my $c = in_data("normalize", "split\@example.net");
	for my $octet (split //, "Subject: x\r\n\r\nx\r\n.\r" ) {
		$c->put($octet);
		sleep 0.001;
	}
	is $c->line(0.05), undef, "without the last octet nothing ends";
	$c->close;
	@m = $w->messages($sink, $expected);
	is scalar(@m), $expected,
	    "hostile 55: and nothing is kept";
};

subtest "hostile 28: the next command with the end of data" => sub {
	my $c = in_data("normalize", "next\@example.net");

	$c->put("Subject: next\r\n\r\nx\r\n.\r\nMAIL FROM:<next\@example.net>\r\n");
	like $c->reply, qr/^250 2\.0\.0/, "taken";
	is $c->reply, "250 2.1.0 Ok", "PIPELINING allows it behind EHLO";
	$expected++;
	$c = Weir::Client->new($w->{port}, from => "127.0.0.5");
	$c->cmd("HELO client.example.net");
	$c->put("MAIL FROM:<a\@example.net>\r\nRCPT TO:<user\@example.org>\r\n");
	like $c->reply, qr/^554 5\.5\.0 Error: SMTP protocol synchronization/,
	    "HELO does not";
	ok $c->closed, "disconnected";
};

like $w->healthy("user\@example.org"), qr/^250/, "serves within a second";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
unlike $w->log, qr/panic|fatal/, "nothing died";
done_testing;
