#!/usr/bin/perl
# The filter before the queue (smtpd_proxy_filter): what the client, the filter
# and the log are told, in every state of failure, as Debian's Postfix 3.7 does
# it; where that is installed, it is asked again.  Hostile 88, G-04, G-05.
#
# A case is a name, -o of the listener, commands, and how the filter answers
# (see Weir::Sink; undef: there is none).  What must come of it stands behind
# __DATA__: S what the client is told, L log lines, F what the filter is told,
# M the messages that it takes.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Client;
use Weir::Postfix;
use Weir::Sink;

my $all = "XFORWARD NAME ADDR PORT PROTO HELO IDENT SOURCE";
my $spool = "-o smtpd_proxy_options=speed_adjust";
my $soon = "-o smtpd_proxy_timeout=2s";
my @to = ('MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME',
    'RCPT TO:<one@example.org> NOTIFY=NEVER', 'rcpt to:<two@example.org>');
my @one = ("EHLO client.example.net", 'MAIL FROM:<me@example.net>',
    'RCPT TO:<one@example.org>');
my @two = ("EHLO client.example.net", @to);
my $text = "From foo\r\nSubject: x\r\n\r\n..dot\r\nbare\rcr\r\nlf\r\n.";
my $small = "Subject: x\r\n\r\nhello\r\n.";
my $large = "Subject: x\r\n\r\n" . "x" x 300 . "\r\n.";
my @cases = (
	[ "plain", "", [ @two, "DATA", $text ], {} ],
	[ "XFORWARD", "", [ @two, "DATA", $text ], {}, $all ],
	[ "some of XFORWARD", "", [ @one, "DATA", $small ], {}, "XFORWARD ADDR HELO" ],
	[ "banner refuses", "", [ @two, "DATA" ], { BANNER => ["421 go away *"] } ],
	[ "banner hangs up", "", [ @two, "DATA" ], { BANNER => ["close *"] } ],
	[ "banner says nothing", $soon, \@one, { BANNER => ["silent *"] } ],
	[ "EHLO refused", "", [ @two, "DATA" ], { EHLO => ["502 no *"] } ],
	[ "MAIL refused", "", [ @two, "DATA" ], { MAIL => ["550 5.1.0 no such sender *"] } ],
	[ "MAIL hangs up", "", \@one, { MAIL => ["close *"] } ],
	[ "RCPT refused", "", [ @two, "DATA", $text ],
	    { RCPT => ["550-5.1.1 no such\r\n550 5.1.1 user"] } ],
	[ "RCPT hangs up", "", [ @two, "DATA" ], { RCPT => ["close"] } ],
	[ "RCPT says nothing", $soon, \@one, { RCPT => ["silent *"] } ],
	[ "DATA refused", "", [ @two, "DATA" ], { DATA => ["451 4.7.1 not now *"] } ],
	[ "DATA hangs up", "", [ @one, "DATA" ], { DATA => ["close *"] } ],
	[ "message refused", "", [ @two, "DATA", $text ],
	    { DOT => ["raw 554-5.7.1 bad\r\n554 5.7.1 virus\t\001x\r\n *"] } ],
	[ "message not now", "", [ @two, "DATA", $text ], { DOT => ["451 4.7.1 later *"] } ],
	[ "message hangs up", "", [ @two, "DATA", $text ], { DOT => ["close *"] } ],
	[ "message says nothing", $soon, [ @two, "DATA", $text ], { DOT => ["silent *"] } ],
	[ "down", "", [ @two, "DATA" ], undef ],
	[ "no socket", "-o smtpd_proxy_filter=unix:nosuch", \@one, undef ],
	[ "spooled", $spool, [ @two, "DATA", $text ], {}, $all ],
	[ "spooled, RCPT refused", $spool, [ @two, "DATA", $text ],
	    { RCPT => ["550 5.1.1 no such user"] } ],
	[ "spooled, DATA refused", $spool, [ @two, "DATA", $text ], { DATA => ["451 4.7.1 not now *"] } ],
	[ "spooled, message refused", $spool, [ @two, "DATA", $text ], { DOT => ["554 5.7.1 virus *"] } ],
	[ "spooled, message hangs up", $spool, [ @two, "DATA", $text ], { DOT => ["close *"] } ],
	[ "spooled, down", $spool, [ @two, "DATA", $text ], undef ],
	[ "too large", "-o message_size_limit=200", [ @one, "DATA", $large ], {} ],
	[ "spooled, too large", "-o message_size_limit=200 $spool", [ @one, "DATA", $large ], {} ],
	[ "refused at its end",
	    "-o smtpd_end_of_data_restrictions=check_recipient_access,static:reject",
	    [ @one, "DATA", $small ], {} ],
	[ "spooled, refused at its end",
	    "$spool -o smtpd_end_of_data_restrictions=reject", [ @one, "DATA", $small ], {} ],
	[ "a header put in front",
	    "-o { smtpd_recipient_restrictions = check_client_access static:{prepend X-Foo: bar} }",
	    [ @one, "DATA", $small ], {} ],
	[ "no actions on the message",
	    "-o { smtpd_recipient_restrictions = check_client_access static:{hold foo} }",
	    [ @one, "DATA", $small ], {} ],
	[ "passed on by another", "",
	    [ "EHLO x", "XFORWARD NAME=mx.example.com ADDR=192.0.2.1 HELO=foo+3Dbar PROTO=SMTP IDENT=ABC SOURCE=REMOTE",
		@to[0, 1], "DATA", $small, @to[0, 1], "DATA", $small ], {}, $all ],
	[ "a long HELO", "", [ "EHLO " . "a" x 250 . "." . "b" x 240, @to[0, 1], "DATA", $small ],
	    {}, $all ],
	[ "HELO and RSET", "", [ "HELO foo", @one[1, 2], "RSET", @one[1, 2], "DATA", $small ],
	    {}, $all ],
	[ "another name", "-o smtpd_proxy_ehlo=foo.bar", [ @one, "DATA", $small ], {} ],
	[ "soft_bounce", "-o soft_bounce=yes", [ @one, 'RCPT TO:<bad@example.org>', "DATA", $small ],
	    { 'RCPT <bad@example.org>' => ["550 5.1.1 no *"], DOT => ["554 5.7.1 bad *"] } ],
	[ "a blank at its start", "", [ @one, "DATA", " lead\r\n." ], {} ],
	[ "nothing in it", "", [ @one, "DATA", "." ], {} ],
	[ "the client leaves after RCPT", "", [ @one, "LEAVE" ], {} ],
	[ "the client leaves after DATA", "", [ @one, "DATA", "PUT Subject: a\r\n\r\nfoo", "LEAVE" ], {} ],
	[ "spooled, the client leaves", $spool,
	    [ @one, "DATA", "PUT Subject: a\r\n\r\nfoo", "LEAVE" ], {} ],
	[ "one after the other", "", [ @one, "DATA", $small, @one[1, 2], "DATA", $small ], {} ],
	# The end of a line is that of the command.
	[ "in chunks", "", [ @one, "BDAT 12\r\nSubject: x", "BDAT 10 LAST\r\n\r\n.\r\n..x" ], {} ],
	[ "spooled, in chunks", $spool, [ @one, "BDAT 12\r\nSubject: x", "BDAT 6 LAST\r\n\r\n.x" ], {} ],
	[ "chunks that end early", "", [ @one, "BDAT 12\r\nSubject: x", "RSET", @one[1, 2], "DATA", $small ], {} ],
	[ "DATA refused in chunks", "", [ @one, "BDAT 3\r\nx", "BDAT 3 LAST\r\nx", "NOOP" ],
	    { DATA => ["451 4.7.1 not now *"] } ],
	[ "too large in chunks", "-o message_size_limit=200",
	    [ @one, "BDAT 150\r\n" . "x" x 148, "BDAT 60\r\n" . "x" x 58, "BDAT 3 LAST\r\nx", "NOOP" ], {} ],
);

# A listener for each set of options, and the filter that it has.
my (%port, %filter);
sub listeners {
	my ($w, $whose) = @_;

	%port = map { $_->[1] => $w->port("$whose of $_->[1]") } @cases;
	return join "", map {
		my $filter = /smtpd_proxy_filter/ ? ""
		    : "-o smtpd_proxy_filter=127.0.0.1:$filter{$_}";
		"127.0.0.1:$port{$_} inet n - n - - smtpd $filter $_\n";
	} sort keys %port;
}

# Nobody waits for the answer to QUIT, so it may come late.
sub in_order {
	my ($text) = @_;
	my $quits = $text =~ s/^F: QUIT\n//mg;

	$text =~ s/((?:^F: .*\n)*)((?:^M: .*\n)*)\z/$1 . "F: QUIT\n" x $quits . $2/me;
	return $text;
}

# What a gateway makes of a case, in the form of __DATA__.
sub play {
	my ($w, $log, $case, $want) = @_;
	my ($name, $options, $say, $replies, $ehlo) = @$case;
	my ($port, $filter) = ($port{$options}, $filter{$options});
	my $dir = "$w->{dir}/" . $name =~ s/\W/_/gr . ".$port";
	my $before = length $log->();
	my ($pid, $got);

	mkdir $dir;
	if ($replies) {
		$pid = $w->peer(sub {
			Weir::Sink::serve($filter, $dir, replies => $replies, ehlo => $ehlo);
		});
		$w->wait_port($filter);
	}
	$got = converse($port, @$say);
	my $text = sub {
		my $new = substr $log->(), $before;
		# Others may try our ports: sessions without a greeting do not count.
		my %ours = map { $_ => 1 } $new =~ /smtpd\[(\d+)\]: disconnect .* (?:ehlo|helo)=/g;
		my @lines = map { s/^.*?smtpd\[\d+\]: //r }
		    grep { /smtpd\[(\d+)\]: / && $ours{$1} } split /\n/, $new;
		my @mail = map { split /^/, Weir::read_file($_) } glob("$dir/*");
		my $all = join "", $got, map({ "L: $_\n" } @lines),
		    map({ "F: $_" } split /^/, Weir::read_file("$dir.commands")),
		    map({ "M: $_" } @mail);
		$all =~ s/\r//g;
		$all =~ s/127\.0\.0\.1:$filter/FILTER/g;
		$all =~ s/ PORT=\d+/ PORT=N/g;
		$all =~ s/\w\w\w, [ \d]\d \w\w\w \d{4} [\d:]{8} [-+]\d{4} \(\w+\)/DATE/g;
		return in_order($all);
	};
	if ($ENV{WEIR_RECORD}) {
		$w->wait_for(sub { $text->() =~ /^L: disconnect/m });
		select undef, undef, undef, 0.4;
	}
	$w->wait_for(sub { $text->() eq $want }) if !$ENV{WEIR_RECORD};
	if ($pid) {
		kill "TERM", $pid;
		waitpid $pid, 0;
	}
	return $text->();
}

sub converse {
	my ($port, @say) = @_;
	my $c = Weir::Client->new($port);
	my $got = "";

	for my $command (@say) {
		if ($command eq "LEAVE") {
			$c->close;
			return $got;
		}
		if ($command =~ /^PUT (.*)/s) {
			$c->put($1);
			next;
		}
		my $reply = $c->cmd($command, 30);
		$reply =~ s/\n.*//s if $command =~ /^EHLO/;
		$got .= "S: $reply\n";
	}
	return $got . "S: " . $c->cmd("QUIT") . "\n";
}

my $common = <<'EOT';
relay_domains = example.org
smtpd_authorized_xforward_hosts = 127.0.0.1
smtpd_forbid_bare_newline = no
header_checks = regexp:{{/^Subject:/ REJECT not asked here}}
EOT
my $w = Weir->new(start => 0);
my %want;
$filter{ $_->[1] } = $w->port("filter of $_->[1]") for @cases;
{
	local $/;
	%want = map { /^(.*?)\n(.*)/s ? ($1, in_order($2)) : () } split /^== /m, <DATA> // "";
}
$w->configure(main => $common . "myhostname = postfix.example.com\nmail_name = Postfix\n",
    master => listeners($w, "ours"));
$w->start;
for my $case ($ENV{WEIR_RECORD} ? () : @cases) {
	my ($name) = @$case;
	is play($w, sub { $w->log }, $case, $want{$name} // ""), $want{$name}, $name;
}
is $w->stop, 0, "ends in peace";
is $w->complaints, "", "no complaints";
unlike $w->log, qr/killed|signal/, "no role has died";

SKIP: {
	skip "no Postfix, or not root", scalar @cases if !-x "/usr/sbin/postfix" || $> != 0;
	my $p = Weir::Postfix->start("$w->{dir}/postfix", port => $w->port("postfix"),
	    main => $common, master => listeners($w, "theirs"));
	for my $case (@cases) {
		my ($name) = @$case;
		my $got = play($w, sub { $p->log }, $case, $want{$name} // "");
		if ($ENV{WEIR_RECORD}) {
			open my $f, ">>", $ENV{WEIR_RECORD};
			print $f "== $name\n$got";
		}
		is $got, $want{$name}, "Postfix: $name";
	}
	$p->stop;
}
done_testing;
__DATA__
== plain
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 250 2.0.0 Ok: sunk
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=2 data=1 quit=1 commands=6
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: RCPT TO:<one@example.org> NOTIFY=NEVER
F: rcpt to:<two@example.org>
F: DATA
F: QUIT
M: X-From: <me@example.net> SIZE=100 BODY=8BITMIME
M: X-To: <one@example.org> NOTIFY=NEVER
M: X-To: <two@example.org>
M: Received: from client.example.net (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP;
M: 	DATE
M: X-Mailbox-Line: From foo
M: Subject: x
M: 
M: .dot
M: barecr
M: lf
== XFORWARD
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 250 2.0.0 Ok: sunk
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=2 data=1 quit=1 commands=6
F: EHLO postfix.example.com
F: XFORWARD NAME=localhost ADDR=127.0.0.1 PORT=N HELO=client.example.net IDENT=[UNAVAILABLE] PROTO=ESMTP SOURCE=LOCAL
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: RCPT TO:<one@example.org> NOTIFY=NEVER
F: rcpt to:<two@example.org>
F: DATA
F: QUIT
M: X-From: <me@example.net> SIZE=100 BODY=8BITMIME
M: X-To: <one@example.org> NOTIFY=NEVER
M: X-To: <two@example.org>
M: Received: from client.example.net (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP;
M: 	DATE
M: X-Mailbox-Line: From foo
M: Subject: x
M: 
M: .dot
M: barecr
M: lf
== some of XFORWARD
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 250 2.0.0 Ok: sunk
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
F: EHLO postfix.example.com
F: XFORWARD ADDR=127.0.0.1 HELO=client.example.net
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
F: QUIT
M: X-From: <me@example.net>
M: X-To: <one@example.org>
M: Received: from client.example.net (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP
M: 	for <one@example.org>; DATE
M: Subject: x
M: 
M: hello
== banner refuses
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 451 4.3.0 Error: queue file write error
S: 451 4.3.0 Error: queue file write error
S: 554 5.5.1 Error: no valid recipients
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: warning: proxy FILTER rejected "connection request": "421 go away"
L: warning: proxy FILTER rejected "connection request": "421 go away"
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=0/2 data=0/1 quit=1 commands=3/6
F: QUIT
F: QUIT
== banner hangs up
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 451 4.3.0 Error: queue file write error
S: 451 4.3.0 Error: queue file write error
S: 554 5.5.1 Error: no valid recipients
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: warning: lost connection with proxy FILTER
L: warning: lost connection with proxy FILTER
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=0/2 data=0/1 quit=1 commands=3/6
== banner says nothing
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 451 4.3.0 Error: queue file write error
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: warning: timeout talking to proxy FILTER
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4
== EHLO refused
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 451 4.3.0 Error: queue file write error
S: 451 4.3.0 Error: queue file write error
S: 554 5.5.1 Error: no valid recipients
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: warning: proxy FILTER rejected "EHLO postfix.example.com": "502 no"
L: warning: proxy FILTER rejected "EHLO postfix.example.com": "502 no"
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=0/2 data=0/1 quit=1 commands=3/6
F: EHLO postfix.example.com
F: QUIT
F: EHLO postfix.example.com
F: QUIT
== MAIL refused
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 550 5.1.0 no such sender
S: 550 5.1.0 no such sender
S: 554 5.5.1 Error: no valid recipients
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: warning: proxy FILTER rejected "MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME": "550 5.1.0 no such sender"
L: warning: proxy FILTER rejected "MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME": "550 5.1.0 no such sender"
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=0/2 data=0/1 quit=1 commands=3/6
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: QUIT
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: QUIT
== MAIL hangs up
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 451 4.3.0 Error: queue file write error
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: warning: lost connection with proxy FILTER
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
== RCPT refused
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 550-5.1.1 no such
550 5.1.1 user
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 250 2.0.0 Ok: sunk
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: warning: proxy FILTER rejected "RCPT TO:<one@example.org> NOTIFY=NEVER": "550-5.1.1 no such??550 5.1.1 user"
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<two@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1/2 data=1 quit=1 commands=5/6
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: RCPT TO:<one@example.org> NOTIFY=NEVER
F: rcpt to:<two@example.org>
F: DATA
F: QUIT
M: X-From: <me@example.net> SIZE=100 BODY=8BITMIME
M: X-To: <two@example.org>
M: Received: from client.example.net (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP
M: 	for <two@example.org>; DATE
M: X-Mailbox-Line: From foo
M: Subject: x
M: 
M: .dot
M: barecr
M: lf
== RCPT hangs up
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 451 4.3.0 Error: queue file write error
S: 451 4.3.0 Error: queue file write error
S: 554 5.5.1 Error: no valid recipients
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: warning: lost connection with proxy FILTER
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=0/2 data=0/1 quit=1 commands=3/6
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: RCPT TO:<one@example.org> NOTIFY=NEVER
== RCPT says nothing
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 451 4.3.0 Error: queue file write error
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: warning: timeout talking to proxy FILTER
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
== DATA refused
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.1.5 Ok
S: 451 4.7.1 not now
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: warning: proxy FILTER rejected "DATA": "451 4.7.1 not now"
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=2 data=0/1 quit=1 commands=5/6
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: RCPT TO:<one@example.org> NOTIFY=NEVER
F: rcpt to:<two@example.org>
F: DATA
F: QUIT
== DATA hangs up
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 451 4.3.0 Error: queue file write error
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: warning: lost connection with proxy FILTER
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=0/1 quit=1 commands=4/5
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
== message refused
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 554-5.7.1 bad
554 5.7.1 virus??x
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-reject: END-OF-MESSAGE: 554-5.7.1 bad??554 5.7.1 virus??x; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=2 data=0/1 quit=1 commands=5/6
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: RCPT TO:<one@example.org> NOTIFY=NEVER
F: rcpt to:<two@example.org>
F: DATA
F: QUIT
M: X-From: <me@example.net> SIZE=100 BODY=8BITMIME
M: X-To: <one@example.org> NOTIFY=NEVER
M: X-To: <two@example.org>
M: Received: from client.example.net (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP;
M: 	DATE
M: X-Mailbox-Line: From foo
M: Subject: x
M: 
M: .dot
M: barecr
M: lf
== message not now
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 451 4.7.1 later
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-reject: END-OF-MESSAGE: 451 4.7.1 later; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=2 data=0/1 quit=1 commands=5/6
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: RCPT TO:<one@example.org> NOTIFY=NEVER
F: rcpt to:<two@example.org>
F: DATA
F: QUIT
== message hangs up
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 451 4.3.0 Error: queue file write error
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: warning: lost connection with proxy FILTER
L: proxy-reject: END-OF-MESSAGE: 451 4.3.0 Error: queue file write error; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=2 data=0/1 quit=1 commands=5/6
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: RCPT TO:<one@example.org> NOTIFY=NEVER
F: rcpt to:<two@example.org>
F: DATA
== message says nothing
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 451 4.3.0 Error: queue file write error
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: warning: timeout talking to proxy FILTER
L: proxy-reject: END-OF-MESSAGE: 451 4.3.0 Error: queue file write error; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=2 data=0/1 quit=1 commands=5/6
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: RCPT TO:<one@example.org> NOTIFY=NEVER
F: rcpt to:<two@example.org>
F: DATA
== down
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 451 4.3.0 Error: queue file write error
S: 451 4.3.0 Error: queue file write error
S: 554 5.5.1 Error: no valid recipients
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: warning: connect to proxy filter FILTER: Connection refused
L: warning: connect to proxy filter FILTER: Connection refused
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=0/2 data=0/1 quit=1 commands=3/6
== no socket
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 451 4.3.0 Error: queue file write error
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: warning: connect to proxy filter unix:nosuch: No such file or directory
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=0/1 quit=1 commands=3/4
== spooled
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 250 2.0.0 Ok: sunk
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=2 data=1 quit=1 commands=6
F: EHLO postfix.example.com
F: XFORWARD NAME=localhost ADDR=127.0.0.1 PORT=N HELO=client.example.net IDENT=[UNAVAILABLE] PROTO=ESMTP SOURCE=LOCAL
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: RCPT TO:<one@example.org> NOTIFY=NEVER
F: rcpt to:<two@example.org>
F: DATA
F: QUIT
M: X-From: <me@example.net> SIZE=100 BODY=8BITMIME
M: X-To: <one@example.org> NOTIFY=NEVER
M: X-To: <two@example.org>
M: Received: from client.example.net (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP;
M: 	DATE
M: X-Mailbox-Line: From foo
M: Subject: x
M: 
M: .dot
M: barecr
M: lf
== spooled, RCPT refused
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 550 5.1.1 no such user
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: warning: proxy FILTER rejected "RCPT TO:<one@example.org> NOTIFY=NEVER": "550 5.1.1 no such user"
L: proxy-reject: END-OF-MESSAGE: 550 5.1.1 no such user; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=2 data=0/1 quit=1 commands=5/6
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: RCPT TO:<one@example.org> NOTIFY=NEVER
F: QUIT
== spooled, DATA refused
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 451 4.7.1 not now
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: warning: proxy FILTER rejected "DATA": "451 4.7.1 not now"
L: proxy-reject: END-OF-MESSAGE: 451 4.7.1 not now; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=2 data=0/1 quit=1 commands=5/6
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: RCPT TO:<one@example.org> NOTIFY=NEVER
F: rcpt to:<two@example.org>
F: DATA
F: QUIT
== spooled, message refused
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 554 5.7.1 virus
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-reject: END-OF-MESSAGE: 554 5.7.1 virus; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=2 data=0/1 quit=1 commands=5/6
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: RCPT TO:<one@example.org> NOTIFY=NEVER
F: rcpt to:<two@example.org>
F: DATA
F: QUIT
== spooled, message hangs up
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 451 4.3.0 Error: queue file write error
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: warning: lost connection with proxy FILTER
L: proxy-reject: END-OF-MESSAGE: 451 4.3.0 Error: queue file write error; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=2 data=0/1 quit=1 commands=5/6
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: RCPT TO:<one@example.org> NOTIFY=NEVER
F: rcpt to:<two@example.org>
F: DATA
== spooled, down
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 451 4.3.0 Error: queue file write error
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: warning: connect to proxy filter FILTER: Connection refused
L: proxy-reject: END-OF-MESSAGE: 451 4.3.0 Error: queue file write error; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=2 data=0/1 quit=1 commands=5/6
== too large
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 552 5.3.4 Error: message file too big
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: warning: NOQUEUE: queue file size limit exceeded
L: proxy-reject: END-OF-MESSAGE: 354 go on; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=0/1 quit=1 commands=4/5
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
== spooled, too large
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 552 5.3.4 Error: message file too big
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: warning: NOQUEUE: queue file size limit exceeded
L: proxy-reject: END-OF-MESSAGE: ; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=0/1 quit=1 commands=4/5
== refused at its end
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 554 5.7.1 <one@example.org>: Recipient address rejected: Access denied
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: NOQUEUE: reject: END-OF-MESSAGE from localhost[127.0.0.1]: 554 5.7.1 <one@example.org>: Recipient address rejected: Access denied; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=0/1 quit=1 commands=4/5
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
== spooled, refused at its end
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 554 5.7.1 <END-OF-MESSAGE>: End-of-data rejected: Access denied
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: NOQUEUE: reject: END-OF-MESSAGE from localhost[127.0.0.1]: 554 5.7.1 <END-OF-MESSAGE>: End-of-data rejected: Access denied; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=0/1 quit=1 commands=4/5
== a header put in front
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 250 2.0.0 Ok: sunk
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
F: QUIT
M: X-From: <me@example.net>
M: X-To: <one@example.org>
M: X-Foo: bar
M: Received: from client.example.net (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP
M: 	for <one@example.org>; DATE
M: Subject: x
M: 
M: hello
== no actions on the message
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 250 2.0.0 Ok: sunk
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: warning: access table static:{hold foo}: with smtpd_proxy_filter specified, action HOLD is unavailable
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
F: QUIT
M: X-From: <me@example.net>
M: X-To: <one@example.org>
M: Received: from client.example.net (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP
M: 	for <one@example.org>; DATE
M: Subject: x
M: 
M: hello
== passed on by another
S: 250-postfix.example.com
S: 250 2.0.0 Ok
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 250 2.0.0 Ok: sunk
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 250 2.0.0 Ok: sunk
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1], orig_queue_id=ABC, orig_client=mx.example.com[192.0.2.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<x>
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<x>
L: disconnect from localhost[127.0.0.1] ehlo=1 xforward=1 mail=2 rcpt=2 data=2 quit=1 commands=9
F: EHLO postfix.example.com
F: XFORWARD NAME=mx.example.com ADDR=192.0.2.1 PORT=[UNAVAILABLE] HELO=foo=bar IDENT=ABC PROTO=SMTP SOURCE=REMOTE
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: RCPT TO:<one@example.org> NOTIFY=NEVER
F: DATA
F: QUIT
F: EHLO postfix.example.com
F: XFORWARD NAME=localhost ADDR=127.0.0.1 PORT=N HELO=x IDENT=[UNAVAILABLE] PROTO=ESMTP SOURCE=LOCAL
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: RCPT TO:<one@example.org> NOTIFY=NEVER
F: DATA
F: QUIT
M: X-From: <me@example.net> SIZE=100 BODY=8BITMIME
M: X-To: <one@example.org> NOTIFY=NEVER
M: Subject: x
M: 
M: hello
M: X-From: <me@example.net> SIZE=100 BODY=8BITMIME
M: X-To: <one@example.org> NOTIFY=NEVER
M: Received: from x (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP
M: 	for <one@example.org>; DATE
M: Subject: x
M: 
M: hello
== a long HELO
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 250 2.0.0 Ok: sunk
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
F: EHLO postfix.example.com
F: XFORWARD NAME=localhost ADDR=127.0.0.1 PORT=N
F: XFORWARD HELO=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
F: XFORWARD IDENT=[UNAVAILABLE] PROTO=ESMTP SOURCE=LOCAL
F: MAIL FROM:<me@example.net> SIZE=100 BODY=8BITMIME
F: RCPT TO:<one@example.org> NOTIFY=NEVER
F: DATA
F: QUIT
M: X-From: <me@example.net> SIZE=100 BODY=8BITMIME
M: X-To: <one@example.org> NOTIFY=NEVER
M: Received: from aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP
M: 	for <one@example.org>; DATE
M: Subject: x
M: 
M: hello
== HELO and RSET
S: 250 postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.0.0 Ok
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 250 2.0.0 Ok: sunk
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=SMTP helo=<foo>
L: disconnect from localhost[127.0.0.1] helo=1 mail=2 rcpt=2 data=1 rset=1 quit=1 commands=8
F: EHLO postfix.example.com
F: XFORWARD NAME=localhost ADDR=127.0.0.1 PORT=N HELO=foo IDENT=[UNAVAILABLE] PROTO=SMTP SOURCE=LOCAL
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: QUIT
F: EHLO postfix.example.com
F: XFORWARD NAME=localhost ADDR=127.0.0.1 PORT=N HELO=foo IDENT=[UNAVAILABLE] PROTO=SMTP SOURCE=LOCAL
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
F: QUIT
M: X-From: <me@example.net>
M: X-To: <one@example.org>
M: Received: from foo (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with SMTP
M: 	for <one@example.org>; DATE
M: Subject: x
M: 
M: hello
== another name
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 250 2.0.0 Ok: sunk
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
F: EHLO foo.bar
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
F: QUIT
M: X-From: <me@example.net>
M: X-To: <one@example.org>
M: Received: from client.example.net (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP
M: 	for <one@example.org>; DATE
M: Subject: x
M: 
M: hello
== soft_bounce
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 450 4.1.1 no
S: 354 End data with <CR><LF>.<CR><LF>
S: 454 4.7.1 bad
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: warning: proxy FILTER rejected "RCPT TO:<bad@example.org>": "550 5.1.1 no"
L: proxy-reject: END-OF-MESSAGE: 554 5.7.1 bad; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1/2 data=0/1 quit=1 commands=4/6
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: RCPT TO:<bad@example.org>
F: DATA
F: QUIT
== a blank at its start
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 250 2.0.0 Ok: sunk
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
F: QUIT
M: X-From: <me@example.net>
M: X-To: <one@example.org>
M: Received: from client.example.net (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP
M: 	for <one@example.org>; DATE
M: 
M:  lead
== nothing in it
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 250 2.0.0 Ok: sunk
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=1 quit=1 commands=5
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
F: QUIT
M: X-From: <me@example.net>
M: X-To: <one@example.org>
M: Received: from client.example.net (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP
M: 	for <one@example.org>; DATE
== the client leaves after RCPT
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: lost connection after RCPT from localhost[127.0.0.1]
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 commands=3
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: QUIT
== the client leaves after DATA
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: lost connection after DATA (14 bytes) from localhost[127.0.0.1]
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=0/1 commands=3/4
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
== spooled, the client leaves
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: lost connection after DATA (14 bytes) from localhost[127.0.0.1]
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 data=0/1 commands=3/4
== one after the other
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 250 2.0.0 Ok: sunk
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 250 2.0.0 Ok: sunk
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=2 rcpt=2 data=2 quit=1 commands=8
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
F: QUIT
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
F: QUIT
M: X-From: <me@example.net>
M: X-To: <one@example.org>
M: Received: from client.example.net (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP
M: 	for <one@example.org>; DATE
M: Subject: x
M: 
M: hello
M: X-From: <me@example.net>
M: X-To: <one@example.org>
M: Received: from client.example.net (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP
M: 	for <one@example.org>; DATE
M: Subject: x
M: 
M: hello
== in chunks
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.0.0 Ok: 12 bytes
S: 250 2.0.0 Ok: sunk
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 bdat=2 quit=1 commands=6
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
F: QUIT
M: X-From: <me@example.net>
M: X-To: <one@example.org>
M: Received: from client.example.net (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP
M: 	for <one@example.org>; DATE
M: Subject: x
M: 
M: .
M: ..x
== spooled, in chunks
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.0.0 Ok: 12 bytes
S: 250 2.0.0 Ok: sunk
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 bdat=2 quit=1 commands=6
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
F: QUIT
M: X-From: <me@example.net>
M: X-To: <one@example.org>
M: Received: from client.example.net (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP
M: 	for <one@example.org>; DATE
M: Subject: x
M: 
M: .x
== chunks that end early
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.0.0 Ok: 12 bytes
S: 250 2.0.0 Ok
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 354 End data with <CR><LF>.<CR><LF>
S: 250 2.0.0 Ok: sunk
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: proxy-accept: END-OF-MESSAGE: 250 2.0.0 Ok: sunk; from=<me@example.net> to=<one@example.org> proto=ESMTP helo=<client.example.net>
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=2 rcpt=2 data=1 bdat=1 rset=1 quit=1 commands=9
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
F: QUIT
M: X-From: <me@example.net>
M: X-To: <one@example.org>
M: Received: from client.example.net (localhost [127.0.0.1])
M: 	by postfix.example.com (Postfix) with ESMTP
M: 	for <one@example.org>; DATE
M: Subject: x
M: 
M: hello
== DATA refused in chunks
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 451 4.7.1 not now
S: 551 5.0.0 Discarded 3 bytes after earlier error
S: 250 2.0.0 Ok
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: warning: proxy FILTER rejected "DATA": "451 4.7.1 not now"
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 bdat=0/2 noop=1 quit=1 commands=5/7
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
F: QUIT
== too large in chunks
S: 250-postfix.example.com
S: 250 2.1.0 Ok
S: 250 2.1.5 Ok
S: 250 2.0.0 Ok: 150 bytes
S: 552 5.3.4 Chunk exceeds message size limit
S: 551 5.0.0 Discarded 3 bytes after earlier error
S: 250 2.0.0 Ok
S: 221 2.0.0 Bye
L: connect from localhost[127.0.0.1]
L: NOQUEUE: client=localhost[127.0.0.1]
L: warning: NOQUEUE: BDAT request from localhost[127.0.0.1] exceeds message size limit
L: disconnect from localhost[127.0.0.1] ehlo=1 mail=1 rcpt=1 bdat=1/3 noop=1 quit=1 commands=6/8
F: EHLO postfix.example.com
F: MAIL FROM:<me@example.net>
F: RCPT TO:<one@example.org>
F: DATA
