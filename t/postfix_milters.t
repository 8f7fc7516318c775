#!/usr/bin/perl
# Milters beside Debian's Postfix: the same dialogues with the same milters; what
# the client is told, what the milters hear, what is logged about them and what
# arrives must be the same.
#
# Where we differ, and why, is not played here: a shutdown at the end of a
# message is one, milters are asked behind one that has quarantined, text that a
# header cannot be is left out (hostile 85, 86).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Milter;
use Weir::Postfix;

plan skip_all => "a comparison: no Postfix here, or not root"
    if $> != 0 || !-x "/usr/sbin/postfix";

my @hello = ("EHLO me.example", "MAIL FROM:<a\@b.example>");
my @all = (@hello, "RCPT TO:<u\@example.org>", "DATA", "TEXT");
my $text = join "", map { "$_\r\n" } "From: Me <me\@example.net>",
    "To: u\@example.org", "Subject:  two", " folded", "\tlines", "X-A:tight",
    "X-A: second", "Date: Sat, 1 Jan 2022 00:00:00 +0000",
    "Message-ID: <it\@example.net>", "", "first line", "", "..dots", "last";
my @scenes;

sub scene {
	my ($name, $milters, $say, @set) = @_;

	push @scenes, { name => $name, milters => $milters, say => $say,
	    set => \@set };
}

# One milter with these answers.
sub one {
	my ($answers, %more) = @_;

	return [{ answers => $answers, %more }];
}

scene "all events", [{}], [
	"HELO first", "EHLO me.example", "MAIL FROM:me\@example.net SIZE=10 BODY=8BITMIME",
	"RCPT TO: <u\@example.org> NOTIFY=NEVER", "RCPT TO:<\"x y\"\@example.org>",
	"NOOP", "DATA", "TEXT", "MAIL FROM:<>", "RSET", "EHLO again", "FOO bar",
	"VRFY a", "MAIL FROM:<c\@d.example>", "RCPT TO:<v\@example.org>", "DATA", "TEXT" ];
scene "nothing wanted", [{ steps => 0x37f }], [@all, "FOO"];
scene "nothing answered", [{ steps => 0xff080 }], \@all;
scene "leading space", [{ steps => 0x100000, answers => { E => ["hX-N\0 v\0", "c"] } }, {}], \@all;
scene "version 2", [{ version => 2, actions => 0x1f }], [@hello, "FOO", "RCPT TO:<u\@example.org>", "DATA", "TEXT"];
scene "version 1", [{ version => 1 }], \@hello;
scene "version 7", [{ version => 7 }], \@hello;
scene "actions", [{ actions => 0xfff }], \@hello;
scene "other handshake", one({ O => ["c"] }), \@hello;
scene "protocol $_", [{}], [@hello, "FOO", "RCPT TO:<u\@example.org>", "DATA", "TEXT"],
    "milter_protocol = $_" for 2, 3, 4;
scene "refused recipients", [{ steps => 0x800 }, {}], [@hello, "RCPT TO:<x\@refused.example>",
	"RCPT TO:<u\@example.org>", "RCPT TO:<y\@refused.example>", "DATA", "TEXT"];
scene "macros asked for", [{ symbols => { 0 => "j {client_addr} {client_resolve} {client_ptr} {none}",
	1 => "{daemon_name}", 2 => "i {mail_addr}", 3 => "{rcpt_addr} i", 4 => "", 5 => "i {client_name}",
	6 => "v", 9 => "x" } }], [@all, "FOO"];
# The end of a line is that of the command.
scene "chunks", [{}], [@hello, "RCPT TO:<u\@example.org>", "BDAT 12\r\nSubject: x",
    "BDAT 11 LAST\r\n\r\n.\r\ntext"];
scene "chunks, and RSET", [{}], [@hello, "RCPT TO:<u\@example.org>", "BDAT 12\r\nSubject: x", "RSET",
    "MAIL FROM:<c\@d.example>", "RCPT TO:<u\@example.org>", "BDAT 4 LAST\r\n\r\n"];
for my $event ("T", "L", "B", "E") {
	scene "chunks refused at $event", one({ $event => ["r"] }), [@hello, "RCPT TO:<u\@example.org>",
	    "BDAT 14\r\nSubject: x\r\n", "BDAT 6 LAST\r\ntext", "NOOP"];
}
scene "macros set", [{}], [$hello[0], "MAIL FROM:<>", "RCPT TO:<u\@example.org>"],
    "milter_macro_defaults = {client_name}=no, {foo}=bar, b=2",
    "milter_connect_macros = {client_name} b {foo} {tls_version}",
    "milter_mail_macros = {mail_addr} {foo}", "milter_macro_daemon_name = OTHER",
    "milter_helo_macros = {daemon_name}";

for my $stage (["C", "connect"], ["H", "helo"], ["M", "mail"], ["R", "rcpt"], ["T", "data"],
    ["L", "header"], ["N", "eoh"], ["B", "body"], ["E", "end"], ["U", "unknown"]) {
	my ($event, $name) = @$stage;
	my @say = ("EHLO me.example", "FOO bar", "VRFY a", "MAIL FROM:<a\@b.example>",
	    "RCPT TO:<u\@example.org>", "RCPT TO:<v\@example.org>", "DATA");
	my %answers = (reject => "r", tempfail => "t", accept => "a", reply => "y554 5.7.9 50%% off%x\0",
	    lines => "y451-4.7.1 a\r\n451 4.7.1 b\0", close => "close", unknown => "Z", skip => "s",
	    change => "hX\0v\0", extra => "cxyz", zero => "raw \0\0\0\0", fail => "f",
	    bad => "y250 ok\0");

	$answers{shutdown} = "4" if $event =~ /[CHMRT]/;
	$answers{discard} = "d" if $event ne "U";
	# Postfix comes to an end over it.
	delete $answers{accept} if $event eq "U";
	delete $answers{change} if $event eq "E";
	for my $what (sort keys %answers) {
		# Postfix goes on without content where DATA was refused.
		scene "$name: $what", one({ $event => [$answers{$what}] }),
		    [@say, $event =~ /[LNBE]/ ? "TEXT" : ()];
	}
}

sub at_end {
	my ($name, $changes, @set) = @_;

	scene "end: $name", [{ answers => { E => [@$changes, "c"] } }, {}], \@all, @set;
}

at_end "headers", ["hX-End\0last\0", "i\0\0\0\0X-Top\0first\0", "i\0\0\0\2X-Below\0second\0",
	"m\0\0\0\1Subject\0new\0", "m\0\0\0\2x-a\0other\0", "m\0\0\0\5From\0more\0", "i\0\0\x13\x88X-Far\0far\0"];
at_end "deleted headers", ["m\0\0\0\1X-A\0\0", "m\0\0\0\1X-A\0\0", "m\0\0\0\1X-A\0\0", "m\0\0\0\1Received\0\0"];
at_end "index 0", ["m\0\0\0\0Subject\0zero\0", "m\0\0\0\0X-A\0\0"];
at_end "folded", ["hX-A\0a\n b\n\tc\0", "m\0\0\0\1Subject\0s\n t\0", "hX-B\0x\ny\0"];
at_end "body", ["bnew body\r\n\r\n.dot\r", "b\nend\r\n", "hX-After\0v\0"];
at_end "mixed body", ["bone\r\n", "hX\0v\0", "btwo\r\n"];
at_end "recipients", ["+new\@example.org\0", "+<in\@example.org>\0", "-u\@example.org\0",
	"2par\@example.org\0NOTIFY=never FOO=bar\0", "-nobody\@x.example\0", "+\0"];
at_end "sender", ["e<other\@x.example>\0"];
at_end "sender with parameters", ["eother\@x.example\0RET=HDRS ENVID=abc BAZ\0"];
at_end "null sender", ["e\0"];
at_end "progress", ["p", "p"];

for my $action ("reject 5.7.9 text", "reject", "replace a: b", "strip s", "warn w", "info i",
    "prepend a: b", "hold h", "ignore", "bcc c\@example.org") {
	at_end "checks: $action", ["hX-S\0" . "0123456789" x 9 . "\0"],
	    "milter_header_checks = regexp:{ {/^X-S:/ $action} }";
}

for my $action (qw(accept reject tempfail quarantine)) {
	scene "away: $action", [], [@hello, "RCPT TO:<u\@example.org>"],
	    "smtpd_milters = unix:/nowhere/at/all", "milter_default_action = $action";
	scene "gone: $action", one({ M => ["close"] }), [@hello, "RCPT TO:<u\@example.org>", "MAIL FROM:<c\@d.example>"],
	    "milter_default_action = $action";
}
scene "first accepts", [{ answers => { H => ["a"] } }, {}], \@all;
scene "first accepts a message", [{ answers => { "L Subject" => ["a"] } }, {}], [@all, $hello[1], "RSET"];
scene "second rejects", [{}, { answers => { R => ["r"] } }], [@hello, "RCPT TO:<u\@example.org>"];
scene "no milters", [{}], \@all, "receive_override_options = no_milters";

# The two servers, each with its milters, its next hop, and a service for each
# scene.
my $w = Weir->new(start => 0);
my $dir = $w->{dir};
my %master = (w => "", p => "");
my (%set, @sockets);

for my $n (0 .. $#scenes) {
	my $s = $scenes[$n];

	for my $who ("w", "p") {
		my @list = map { "unix:$dir/$who.$n.$_" } 0 .. $#{ $s->{milters} };

		$master{$who} .= "127.0.0.1:" . $w->port("$who$n") . " inet n - n - - smtpd\n" .
		    join "", map { "  -o {$_}\n" } "smtpd_milters = " . join(", ", @list),
			grep { !/^milter_header_checks/ } @{ $s->{set} };
		for my $i (0 .. $#{ $s->{milters} }) {
			my ($path, $options) = ("$dir/$who.$n.$i", $s->{milters}[$i]);

			$w->peer(sub { Weir::Milter::serve($path, "$dir/heard.$who.$n.$i", %$options) });
			push @sockets, $path;
		}
		# Postfix does these in another process, of which there is one
		# for each smtpd that names its own.
		for (grep { /^milter_header_checks/ } @{ $s->{set} }) {
			$master{$who} .= $who eq "w" ? "  -o {$_}\n" : "  -o cleanup_service_name=cleanup$n\n";
			$master{$who} .= "cleanup$n unix n - n - 0 cleanup\n  -o {$_}\n" if $who eq "p";
		}
	}
}
$w->sink("sinkw");
$w->sink("sinkp");
$w->wait_for(sub { !grep { !-S } @sockets }, 60);

my $main = <<'EOT';
myhostname = mx.example.com
relay_domains = example.org
relay_recipient_maps =
smtpd_recipient_restrictions = check_recipient_access inline:{refused.example=REJECT}
smtpd_client_connection_count_limit = 0
local_header_rewrite_clients =
smtpd_error_sleep_time = 0
milter_command_timeout = 20s
virtual_alias_maps =
EOT
my $weir = $main . "syslog_name = postfix\nmail_name = Postfix\nmail_version = 3.7.11\n" .
    "transport_maps = static:relay:[127.0.0.1]:" . $w->port("sinkw") . "\n";
$w->configure(main => $weir, master => $master{w});
$w->start;
my $p = Weir::Postfix->start("$dir/postfix", port => $w->port("plain"), master => $master{p},
    main => $main . "local_recipient_maps =\nenable_long_queue_ids = no\nsmtp_tls_security_level = none\n" .
    "transport_maps = static:relay:[127.0.0.1]:" . $w->port("sinkp") . "\n");
$w->wait_port($w->port("p$#scenes"));

my %log = (w => sub { $w->log }, p => sub { $p->log });

# What differs by nature.
sub same {
	my ($text) = @_;

	$text =~ s/\b[0-9A-F]{8,14}\b/ID/g;
	$text =~ s{unix:\Q$dir\E/[wp]\.}{unix:DIR/}g;
	$text =~ s/^(C \S+ 4) \d+/$1 PORT/mg;
	$text =~ s/\[127\.0\.0\.1\]:\d+/[127.0.0.1]:PORT/g;
	# Postfix does not count what follows.
	$text =~ s/followed by \d+ data/followed by data/g;
	return $text;
}

sub reply {
	my ($reply) = @_;

	return same($reply) unless $reply =~ /\n/ && $reply =~ /^250-mx/;
	return join ",", sort map { s/^250[- ]//r } split /\n/, $reply;
}

sub play {
	my ($who, $n) = @_;
	my $s = $scenes[$n];
	my $before = length $log{$who}->();
	my $c = $w->smtp($w->port("$who$n"));
	my @said = ($c->{banner});

	for (@{ $s->{say} }) {
		my $line = $_;

		if ($line eq "TEXT") {
			next if $said[-1] !~ /^354/;
			$line = "$text.";
		}
		push @said, reply($c->cmd($line));
		last if $said[-1] eq "";
	}
	$c->cmd("QUIT") if $said[-1] ne "" && $said[-1] !~ /^354/;
	$c->close;
	my $log = "";
	$w->wait_for(sub { ($log = substr $log{$who}->(), $before) =~ /disconnect from/ });
	my @lines = map { same($_) } grep { /milter/i }
	    map { s/^.*?postfix\/(\w+)\[\d+\]: /$1: /r } split /\n/, $log;
	my @heard;
	for my $i (0 .. $#{ $s->{milters} }) {
		my $file = "$dir/heard.$who.$n.$i";

		my $heard;

		$w->wait_for(sub {
			$heard = Weir::Milter::heard($file);
			return $heard eq "" || $heard =~ /^gone$/m;
		});
		# Postfix ends more than was begun, once for each of its
		# processes.
		push @heard, [grep { $_ ne "A " } split /\n/,
		    same($heard)];
	}
	my $queued = grep { /queued as/ } @said;
	return { said => \@said, log => \@lines, heard => \@heard, queued => $queued };
}

# What has arrived at a next hop, by scene, is the sum of all.
my %queued = (w => 0, p => 0);
for my $n (0 .. $#scenes) {
	next if $ENV{SCENE} && $scenes[$n]{name} !~ /$ENV{SCENE}/;
	subtest $scenes[$n]{name} => sub {
		my %got = map { $_ => play($_, $n) } "w", "p";

		is_deeply $got{w}{said}, $got{p}{said}, "what the client is told";
		is_deeply $got{w}{heard}, $got{p}{heard}, "what the milters hear";
		is_deeply $got{w}{log}, $got{p}{log}, "what is logged";
		$queued{$_} += $got{$_}{queued} for "w", "p";
	};
}

# The messages, in any order.
sub arrived {
	my ($name) = @_;
	my %seen;

	for ($w->messages("$dir/$name", 1)) {
		s/^Received: .*\r\n(?:[ \t].*\r\n)*/OWN\r\n/m;
		my @to = sort /^X-To: .*\n/mg;
		s/^X-To: .*\n//mg;
		$seen{join("", @to) . $_}++;
	}
	return \%seen;
}
my ($ours, $theirs);
$w->wait_for(sub {
	($ours, $theirs) = (arrived("sinkw"), arrived("sinkp"));
	keys %$ours >= keys %$theirs && join("", sort values %$ours) eq join("", sort values %$theirs);
}, 20);
is_deeply $ours, $theirs, "what arrives";
cmp_ok scalar(keys %$ours), ">", 10, "many kinds of messages";
$p->stop;
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
