#!/usr/bin/perl
# Milters, as an MTA asks them: every stage and answer, settings and macros;
# words and log lines as Debian's Postfix 3.7 has them, where it was asked the
# same.  Hostile 87, G-08.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Scenes;

my $w = gateway();
my $text = plain() =~ s/\n/\r\n/gr;

scene "every event" => { milters => [{}] } => sub {
	my ($arg) = @_;
	my ($log, @said) = talk($arg, "EHLO me.example",
	    "MAIL FROM:me\@example.net SIZE=10",
	    "RCPT TO: <you\@example.org> NOTIFY=NEVER", "DATA", $text . ".");
	like $said[-1], qr/^250 2\.0\.0 Ok: queued as (\w+)$/, "taken";
	my ($id) = $said[-1] =~ /(\w+)$/;
	my $port = qr/\d+/;
	my $got = all_heard($arg);
	$got =~ s/\Q$id\E/ID/g;
	$got =~ s/^(C \S+ 4) \d+/$1 PORT/m;
	$got =~ s/(\]:)\d+ /$1HOP /;
	is $got, <<'EOT', "the milter hears what Postfix tells it";
O 6 1ff 1fffff
D C j=mail.example.com {daemon_name}=mail.example.com {daemon_addr}=127.0.0.1 v=Weir 1.0 _=localhost [127.0.0.1]
C localhost 4 PORT 127.0.0.1
D H
H me.example|
D M {mail_addr}=me@example.net {mail_host}=example.net {mail_mailer}=smtp
M me@example.net|SIZE=10|
D R {rcpt_addr}=you@example.org {rcpt_host}=[127.0.0.1]:HOP {rcpt_mailer}=relay
R <you@example.org>|NOTIFY=NEVER|
D T i=ID
T 
D L i=ID
L From|<me@example.net>|
D L i=ID
L Subject| two\x0a folded|
D L i=ID
L X-A|tight|
D L i=ID
L Message-ID|<it@example.net>|
D L i=ID
L Date|Sat, 1 Jan 2022 00:00:00 +0000|
D N i=ID
N 
D B i=ID
B body\x0d\x0a
D E i=ID
E 
A 
Q 
gone
EOT
};

scene "all quiet" => { milters => [{ steps => 0x37f }] } => sub {
	my ($arg) = @_;
	my ($reply) = mail($arg);
	like $reply, qr/^250/, "taken";
	is all_heard($arg) =~ s/^D.*\n//gmr, "O 6 1ff 1fffff\nE \nA \nQ \ngone\n",
	    "events that it does not want are not sent";
};

scene "no answers" => { milters => [{ steps => 0xff080 }] } => sub {
	my ($arg) = @_;
	my ($reply) = mail($arg);
	like $reply, qr/^250/, "a milter that answers to nothing but the end";
	like all_heard($arg), qr/^B body.*\nD E .*\nE \n/m, "hears everything";
};

scene "leading space" => { milters => [{ steps => 0x100000,
	answers => { E => ["hX-New\0 v\0", "c"] } }] } => sub {
	my ($arg) = @_;
	my (undef, undef, $out) = mail($arg);
	like all_heard($arg), qr/^L Subject\|  two\\x0a folded\|\nD.*\nL X-A\|tight\|/m,
	    "values have their blank";
	like $out, qr/^X-New: v$/m, "and bring it back";
};

for my $version (2, 3, 4) {
	scene "protocol $version" => { milters => [{}],
		set => ["milter_protocol = $version"] } => sub {
		my ($arg) = @_;
		my ($log, @said) = talk($arg, "EHLO x", "FOO bar",
		    "MAIL FROM:<a\@b.example>", "RCPT TO:<u\@example.org>",
		    "DATA", "a: b\r\n\r\n.");
		like $said[-1], qr/^250/, "taken";
		my $got = all_heard($arg);
		my %steps = (2 => "7f", 3 => "17f", 4 => "37f");
		like $got, qr/^O $version 1ff $steps{$version}$/m, "offered";
		is !!($got =~ /^U FOO\|$/m), !!($version > 2), "unknown commands";
		is !!($got =~ /^T $/m), !!($version > 3), "DATA";
	};
}

scene "older milter" => { milters => [{ version => 2, actions => 0x1f }] } =>
    sub {
	my ($arg) = @_;
	my ($reply) = mail($arg);
	like $reply, qr/^250/, "taken";
	unlike all_heard($arg), qr/^T/m, "is not told what it does not know";
};

# What is said at connect and HELO holds for the session.
my @refused = ("EHLO x", "VRFY a", "NOOP", "MAIL FROM:<a\@b.example>", "FOO",
    "RSET", "STARTTLS", "ETRN example.com");

scene "connect: reject" => stage({ C => ["r"] }) => sub {
	my ($arg) = @_;
	my ($log, @said) = talk($arg, @refused);
	is_deeply \@said, ["554 mail.example.com ESMTP not accepting connections",
	    "250-mail.example.com\n250 ENHANCEDSTATUSCODES",
	    "550 5.7.1 Command rejected", "250 2.0.0 Ok",
	    "550 5.7.1 Command rejected", "550 5.7.1 Command rejected",
	    "250 2.0.0 Ok", "502 5.5.1 Error: command not implemented",
	    "550 5.7.1 Command rejected" ], "what the client is told";
	for ("CONNECT from localhost[127.0.0.1]: 550 5.7.1 Command rejected; proto=SMTP",
	    "EHLO from localhost[127.0.0.1]: 550 5.7.1 Command rejected; proto=SMTP helo=<x>",
	    "MAIL from localhost[127.0.0.1]: 550 5.7.1 Command rejected; from=<a\@b.example> proto=ESMTP helo=<x>",
	    "UNKNOWN from localhost[127.0.0.1]: 550 5.7.1 Command rejected; proto=ESMTP helo=<x>") {
		like $log, qr/NOQUEUE: milter-reject: \Q$_\E$/m, $_;
	}
	is all_heard($arg) =~ s/^[DOC].*\n//gmr, "gone\n", "it hears no more";
};

scene "connect: tempfail" => stage({ C => ["t"] }) => sub {
	my ($arg) = @_;
	my ($log, @said) = talk($arg, "EHLO x", "MAIL FROM:<a\@b.example>");
	like $said[0], qr/^220/, "greeted";
	like $said[1], qr/PIPELINING/, "all extensions";
	is $said[2], "451 4.7.1 Service unavailable - try again later", "MAIL";
};

scene "connect: shutdown" => stage({ C => ["4"] }) => sub {
	my ($arg) = @_;
	my ($log, @said) = talk($arg, "EHLO x");
	is $said[0], "421 mail.example.com Service unavailable - try again later",
	    "no greeting";
	is $said[1], "", "and the end";
	like $log, qr/milter-reject: CONNECT from localhost\[127\.0\.0\.1\]: 421 4\.7\.0 Server closing connection; proto=SMTP$/m,
	    "logged";
};

scene "helo: reject" => stage({ H => ["y554 5.7.2 go %% away%x\0"] }) => sub {
	my ($arg) = @_;
	my ($log, @said) = talk($arg, "HELO x", "MAIL FROM:<a\@b.example>");
	is $said[1], "250 mail.example.com", "HELO";
	is $said[2], "554 5.7.2 go % awayx", "a reply of its own";
};

scene "helo: shutdown" => stage({ H => ["4"] }) => sub {
	my ($arg) = @_;
	my ($log, @said) = talk($arg, "EHLO x", "NOOP");
	is $said[1], "421 4.7.0 Server closing connection", "HELO";
	is $said[2], "", "and the end";
};

scene "helo: discard" => stage({ H => ["d"] }) => sub {
	my ($arg) = @_;
	my ($reply, $log) = mail($arg);
	like $reply, qr/^250/, "is not for that stage";
	warns($log, $arg, "DISCARD action is not allowed for connect or helo");
};

scene "helo: accept" => { milters => [{ answers => { H => ["a"] } }, {}] } =>
    sub {
	my ($arg) = @_;
	my ($reply) = mail($arg);
	like $reply, qr/^250/, "taken";
	unlike all_heard($arg, 0), qr/^[MQ]/m, "the one hears no more";
	like all_heard($arg, 1), qr/^E $/m, "the other all";
};

scene "mail: reject" => stage({ "M <bad" => ["r"] }) => sub {
	my ($arg) = @_;
	my ($log, @said) = talk($arg, "EHLO x", "MAIL FROM:<bad\@b.example>",
	    "MAIL FROM:<good\@b.example>");
	is $said[2], "550 5.7.1 Command rejected", "one sender";
	is $said[3], "250 2.1.0 Ok", "another";
	like all_heard($arg), qr/^M <bad.*\nA \nD M.*\nM <good/m,
	    "what was begun is ended";
};

scene "mail: shutdown" => stage({ M => ["4"] }) => sub {
	my ($arg) = @_;
	my ($log, @said) = talk($arg, "EHLO x", "MAIL FROM:<a\@b.example>", "NOOP");
	is $said[2], "421 4.7.0 Server closing connection", "MAIL";
	is $said[3], "", "and the end";
};

scene "mail: discard" => stage({ M => ["d"] }) => sub {
	my ($arg) = @_;
	my ($reply, $log) = mail($arg, lost => 1);
	like $reply, qr/^250 2\.0\.0 Ok: queued as/, "said to be taken";
	like $log, qr/NOQUEUE: milter-discard: MAIL from localhost\[127\.0\.0\.1\]: milter triggers DISCARD action; from=<sender\@example\.net> proto=ESMTP helo=<client\.example\.net>$/m,
	    "logged";
	not_queued($log);
	unlike all_heard($arg), qr/^[RTLE]/m, "it hears no more of it";
};

scene "rcpt: reject" => stage({ "R <no" => ["y550 5.1.1 no such\0"] }) => sub {
	my ($arg) = @_;
	my ($log, @said) = talk($arg, "EHLO x", "MAIL FROM:<a\@b.example>",
	    "RCPT TO:<no\@example.org>", "RCPT TO:<yes\@example.org>", "DATA",
	    "a: b\r\n\r\nc\r\n.");
	is $said[3], "550 5.1.1 no such", "one recipient";
	is $said[4], "250 2.1.5 Ok", "another";
	like $said[-1], qr/^250/, "taken";
	like $log, qr/NOQUEUE: milter-reject: RCPT from localhost\[127\.0\.0\.1\]: 550 5\.1\.1 no such; from=<a\@b\.example> to=<no\@example\.org> proto=ESMTP helo=<x>$/m,
	    "logged";
};

scene "rcpt: those that are refused" => { milters => [{ steps => 0x800 }, {}] } =>
    sub {
	my ($arg) = @_;
	my ($log, @said) = talk($arg, "EHLO x", "MAIL FROM:<a\@b.example>",
	    "RCPT TO:<x\@refused.example>", "RCPT TO:<y\@example.org>");
	is $said[3], "554 5.7.1 <x\@refused.example>: Recipient address rejected: Access denied",
	    "refused by a restriction";
	like all_heard($arg, 0), qr/^D R \{rcpt_addr\}=Recipient address rejected: Access denied \{rcpt_host\}=5\.7\.1 \{rcpt_mailer\}=error\nR <x\@refused\.example>\|$/m,
	    "who wants to know is told so";
	unlike all_heard($arg, 1), qr/refused/, "others are not";
};

scene "data: tempfail" => stage({ T => ["t"] }) => sub {
	my ($arg) = @_;
	my ($log, @said) = talk($arg, "EHLO x", "MAIL FROM:<a\@b.example>",
	    "RCPT TO:<u\@example.org>", "DATA", "NOOP");
	is $said[4], "451 4.7.1 Service unavailable - try again later", "DATA";
	is $said[5], "250 2.0.0 Ok", "no content follows";
};

scene "unknown command" => stage({ U => ["y500 5.5.9 not you\0"] }) => sub {
	my ($arg) = @_;
	my ($log, @said) = talk($arg, "EHLO x", "FOO bar baz");
	is $said[2], "500 5.5.9 not you", "its own reply";
	like all_heard($arg), qr/^D U\nU FOO\|$/m, "the command's name";
};

for (["L Subject", "header"], ["N", "end of headers"], ["B", "body"],
    ["E", "end"]) {
	my ($key, $name) = @$_;

	scene "$name: reject" => stage({ $key => ["r"] }) => sub {
		my ($arg) = @_;
		my ($reply, $log) = mail($arg);
		is $reply, "550 5.7.1 Command rejected", "at the end";
		my ($id) = $log =~ /(\w+): milter-reject/;
		my $told = "";
		$w->wait_for(sub { ($told = ($w->command("explain", $id))[1]) =~ /Command rejected/ });
		like $told, qr{unix:\Q$w->{dir}\E/milter\.$arg->{n}\.0\n +\(END-OF-MESSAGE\): 550}, "explained";
		like $log, qr/cleanup\[\d+\]: \w+: milter-reject: END-OF-MESSAGE from localhost\[127\.0\.0\.1\]: 5\.7\.1 Command rejected; from=<sender\@example\.net> to=<u[.\d]+\@example\.org> proto=ESMTP helo=<client\.example\.net>$/m,
		    "logged";
		not_queued($log);
	};
}

scene "end: several lines" => stage({ E => ["y554-5.7.1 one\r\n554 5.7.1 two\0"] }) =>
    sub {
	my ($arg) = @_;
	my ($reply, $log) = mail($arg);
	is $reply, "554-5.7.1 one\n554 5.7.1 two", "as they are";
	like $log, qr/END-OF-MESSAGE from \S+: 5\.7\.1 one\?\?554 5\.7\.1 two; /,
	    "logged in one";
};

scene "end: shutdown" => stage({ E => ["4"] }) => sub {
	my ($arg) = @_;
	my ($reply, $log) = mail($arg);
	is $reply, "421 4.7.0 Server closing connection", "and the end";
};

for my $bad ("250 ok", "999 x", "550x", "550 4.7.1 x", "550-a\r\n551 b", "") {
	scene "end: bad reply '$bad'" => stage({ E => ["y$bad\0"] }) => sub {
		my ($arg) = @_;
		my ($reply, $log) = mail($arg);
		is $reply, "451 4.3.5 Server configuration problem - try again later",
		    "is an error";
		warns($log, $arg, "malformed reply: ");
	};
}

scene "end: quarantine" => stage({ E => ["qbecause of it\0", "c"] }) => sub {
	my ($arg) = @_;
	my ($reply, $log) = mail($arg, lost => 1);
	like $reply, qr/^250/, "taken";
	like $log, qr/milter-hold: END-OF-MESSAGE from \S+: because of it; from=/,
	    "logged, with the reason";
	my (undef, $queue) = $w->command("postqueue", "-p");
	my ($id) = $reply =~ /(\w+)$/;
	like $queue, qr/^$id! /m, "on hold";
};

scene "end: discard" => stage({ E => ["d"] }) => sub {
	my ($arg) = @_;
	my ($reply, $log) = mail($arg, lost => 1);
	like $reply, qr/^250/, "said to be taken";
	like $log, qr/milter-discard: END-OF-MESSAGE from \S+: milter triggers DISCARD action;/,
	    "logged";
	not_queued($log);
};

scene "skip" => stage({ B => ["s"] }, steps => 0x400) => sub {
	my ($arg) = @_;
	my ($reply) = mail($arg, data => "a: b\r\n\r\n" . ("x" x 70 . "\r\n") x 9000);
	like $reply, qr/^250/, "taken";
	my $got = all_heard($arg);
	is scalar(() = $got =~ /^B /mg), 1, "one piece of the body, and no more";
};

# Macros.
scene "macros it asks for" => { milters => [{ symbols => {
	0 => "j {client_addr} {client_port} {client_name} {client_ptr} {client_resolve} {client_connections} {nothing}",
	2 => "i {mail_addr}", 3 => "{rcpt_addr}", 5 => "i {client_name}", 9 => "x" } }] } => sub {
	my ($arg) = @_;
	my ($reply, $log) = mail($arg);
	like $reply, qr/^250/, "taken";
	my $got = all_heard($arg);
	like $got, qr/^D C j=mail\.example\.com \{client_addr\}=127\.0\.0\.1 \{client_port\}=\d+ \{client_name\}=localhost \{client_ptr\}=localhost \{client_resolve\}=OK \{client_connections\}=0$/m, "connect";
	like $got, qr/^D M \{mail_addr\}=sender\@example\.net$/m, "MAIL";
	like $got, qr/^D E i=\w+ \{client_name\}=localhost$/m, "end";
	warns($log, $arg, "ignoring unknown macro type 9");
};

scene "macros that are set" => { milters => [{}], set => [
	'milter_macro_defaults = {client_port}=77, {foo}=bar, b=2',
	'milter_connect_macros = {client_port} b {foo} {tls_version} {daemon_port}',
	'milter_mail_macros = {mail_addr} {mail_host}',
	'milter_macro_daemon_name = ORIGINATING', 'milter_macro_v = 7',
	'milter_helo_macros = {daemon_name} v' ] } => sub {
	my ($arg) = @_;
	talk($arg, "EHLO x", "MAIL FROM:<>");
	my $got = all_heard($arg);
	my $port = $w->port("s$arg->{n}");
	like $got, qr/^D C \{client_port\}=(?!77)\d+ b=2 \{foo\}=bar \{daemon_port\}=$port$/m, "connect";
	like $got, qr/^D H \{daemon_name\}=ORIGINATING v=7$/m, "HELO (S-218)";
	like $got, qr/^D M \{mail_addr\}= \{mail_host\}=mail\.example\.com$/m, "the null sender";
};

scene "macros with control characters" => { milters => [{}],
	set => ['milter_helo_macros = _ {x}', "milter_macro_defaults = {x}=a\x01b"] } => sub {
	my ($arg) = @_;
	talk($arg, "EHLO x");
	like all_heard($arg), qr/^D H _=localhost \[127\.0\.0\.1\] \{x\}=a\?b$/m, "row 87: escaped";
};

# Settings.
scene "settings of its own" => { milters => [{}, { answers => { M => ["close"] } }],
	list => "{ MILTER0, protocol=4 }, { MILTER1, default_action=accept, { command_timeout = 7s } }" } => sub {
	my ($arg) = @_;
	my ($reply, $log) = mail($arg);
	like $reply, qr/^250/, "a milter that is not needed";
	like all_heard($arg, 0), qr/^O 4/m, "protocol";
	warns($log, $arg, "can't read SMFIC_MAIL reply packet header: Application error");
};

scene "map" => { milters => [{}, {}], list => "MILTER0",
	set => ["smtpd_milter_maps = inline:{ {127.0.0.1 = MILTER1} }"] } => sub {
	my ($arg) = @_;
	my ($reply) = mail($arg);
	like $reply, qr/^250/, "taken";
	is heard($arg, 0), "", "not the usual one";
	like all_heard($arg, 1), qr/^E /m, "the client's own";
};

scene "map: none" => { milters => [{}],
	set => ["smtpd_milter_maps = inline:{ 127.0.0.1=DISABLE }"] } => sub {
	my ($arg) = @_;
	mail($arg);
	is heard($arg, 0), "", "DISABLE";
};

scene "map: cannot be asked" => { milters => [{}],
	set => ["smtpd_milter_maps = fail:now"] } => sub {
	my ($arg) = @_;
	my ($log, @said) = talk($arg, "EHLO x", "MAIL FROM:<a\@b.example>");
	is $said[2], "451 4.7.1 Service unavailable - try again later", "no way around milters";
};

scene "no_milters" => { milters => [{}],
	set => ["receive_override_options = no_milters"] } => sub {
	my ($arg) = @_;
	mail($arg);
	is heard($arg, 0), "", "nobody is asked";
};

scene "bad setting" => { milters => [], list => "foo:bar" } => sub {
	my ($arg) = @_;
	my ($log, @said) = talk($arg, "EHLO x", "MAIL FROM:<a\@b.example>");
	is $said[2], "451 4.3.5 Server configuration problem - try again later", "mail waits";
	my (undef, $text) = $w->command("check");
	like $text, qr{master\.cf:\d+: smtpd_milters: invalid transport name: foo in service: foo:bar},
	    "weir check says where";
};

scene "XCLIENT" => { milters => [{}],
	set => ["smtpd_authorized_xclient_hosts = 127.0.0.1"] } => sub {
	my ($arg) = @_;
	my $c = client($arg);
	$c->cmd($_) for "EHLO x", "MAIL FROM:<a\@b.example>", "RSET",
	    "XCLIENT NAME=c.example ADDR=IPV6:2001:db8::1 PORT=99 LOGIN=me";
	$c->cmd($_) for "EHLO y", "MAIL FROM:<a\@b.example>", "QUIT";
	$c->close;
	my $got = all_heard($arg, 0, 2);
	like $got, qr/^Q \ngone\n(?s:.*)^D C .* _=\S+ \[IPv6:2001:db8::1\].*\nC c\.example 6 99 2001:db8::1\n/m,
	    "another client: the milter is asked anew";
	like $got, qr/^D M \{auth_type\}=XCLIENT \{auth_authen\}=me \{mail_addr\}=a\@b\.example /m,
	    "who has logged in";
	talk($arg, "XCLIENT ADDR=[UNAVAILABLE]", "EHLO z");
	like all_heard($arg, 0, 4), qr/^C localhost U $/m, "a client without an address";
};

scene "discard after a refused recipient" => stage({ "R <no" => ["r"], T => ["d"] }) => sub {
	my ($arg) = @_;
	my ($log, @said) = talk($arg, "EHLO x", "MAIL FROM:<a\@b.example>",
	    "RCPT TO:<no\@example.org>", "RCPT TO:<yes\@example.org>", "DATA",
	    "a: b\r\n\r\nc\r\n.");
	like $said[3], qr/^550/, "row 86: the recipient";
	like $said[-1], qr/^250 2\.0\.0 Ok: queued as/, "the message";
	like $log, qr/\w{6,}: milter-discard: DATA from /, "logged";
	not_queued($log);
};

scene "client leaves" => { milters => [{}] } => sub {
	my ($arg) = @_;
	my $c = client($arg);
	$c->cmd($_) for "EHLO x", "MAIL FROM:<a\@b.example>", "RCPT TO:<u\@example.org>", "DATA";
	$c->put("a: b\r\n\r\nc");
	$c->close;
	like all_heard($arg), qr/^A \nQ \ngone$/m, "it is told";
};

scene "over TCP" => { milters => [], list => "inet:127.0.0.1:\${port:tcp}" } => sub {
	my ($arg) = @_;
	my $file = "$w->{dir}/heard.tcp";
	my $port = $w->port("tcp");
	$w->peer(sub { Weir::Milter::serve($port, $file,
	    answers => { E => ["hX-Tcp\0v\0", "c"] }) });
	$w->wait_port($port);
	my (undef, undef, $out) = mail($arg);
	like $out, qr/^X-Tcp: v$/m, "works as well";
};

play_scenes();
