#!/usr/bin/perl
# The scenarios of the founding documents about main.cf and master.cf: what an
# administrator writes, and what a client then sees.
use strict;
use warnings;

use lib "t/lib";
use IO::Socket::INET;
use Test::More;
use Weir;

# mail.example.com has users whatever the local part is; what is local shows
# in the reply, since strangers may send nowhere else.
my $base = <<'EOT';
mynetworks = 192.0.2.1
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
EOT
my $w = Weir->new(main => $base . "mydestination = local.example\n");
my $status;

# Take a new configuration; what reload said.
sub configure {
	my (%arg) = @_;
	my $text;

	$arg{main} = $base . $arg{main};
	$w->configure(%arg);
	($status, $text) = $w->command("reload");
	is $status, 0, "configuration is taken" or diag $text;
	return $text;
}

# The reply to RCPT of each address.
sub rcpt {
	my @to = @_;
	my $c = $w->smtp;

	$c->cmd("EHLO client.example.net");
	$c->cmd("MAIL FROM:<sender\@example.net>");
	my @replies = map { $c->cmd("RCPT TO:<$_>") } @to;
	$c->cmd("QUIT");
	return @replies;
}

sub local_ok {
	my ($domains, $foreign, $what) = @_;
	my @replies = rcpt(map { "user\@$_" } @$domains, @$foreign);

	is shift @replies, "250 2.1.5 Ok", "$what: $_" for @$domains;
	is shift @replies, "554 5.7.1 <user\@$_>: Relay access denied",
	    "$what: not $_" for @$foreign;
}

subtest "S-004: myhostname gives the names derived from it" => sub {
	configure(main => <<'EOT');
myhostname = gate.dom.example
mydestination = $myhostname, $mydomain, at.$myorigin
smtpd_banner = $myhostname $mydomain $myorigin
EOT
	is $w->smtp->{banner},
	    "220 gate.dom.example dom.example gate.dom.example",
	    "mydomain and myorigin follow";
	is $w->smtp->cmd("HELO x"), "250 gate.dom.example", "HELO";
	local_ok([qw(gate.dom.example dom.example at.gate.dom.example)],
	    ["mail.example.com"], "derived");
};

subtest "S-008, S-009, S-010, S-011: lines, comments, quotes" => sub {
	configure(main => <<'EOT');
# a comment
   # an indented one inside of nothing
smtpd_banner = "quoted"
# a comment
mydestination = one.example,
# a comment does not end a line that goes on

	two.example
    three.example
relay_domains =
EOT
	is $w->smtp->{banner}, '220 "quoted"',
	    "S-010: quotes are part of the value";
	local_ok([qw(one.example two.example three.example)],
	    ["four.example"], "S-011, S-008");
	configure(main =>
	    "smtpd_banner = mail.example.com ESMTP # must be so\n");
	is $w->smtp->{banner}, "220 mail.example.com ESMTP # must be so",
	    "S-009: what stands behind # is part of the value";
	my $text = ($w->command("check"))[1];
	like $text, qr/main\.cf:\d+.*smtpd_banner.*#/,
	    "S-009: and check warns of it";
};

subtest "S-012: a value is expanded when all is read" => sub {
	configure(main => <<'EOT');
myorigin = $mydomain
smtpd_banner = ${mydomain}+$myorigin ${unset?yes}${unset:no} $(mydomain)
mydomain = later.example
mydestination = $myorigin
EOT
	is $w->smtp->{banner},
	    '220 later.example+later.example no later.example', "expanded";
	local_ok(["later.example"], ["example.com"], "S-012");
};

subtest "S-013: separators" => sub {
	for my $form ("a.example, b.example, c.example",
	    "a.example b.example c.example", "a.example,b.example,c.example",
	    "a.example,\n\tb.example\n\tc.example",
	    ",a.example\t,b.example , ,c.example,") {
		configure(main => "mydestination = $form\n");
		local_ok([qw(a.example b.example c.example)], ["d.example"],
		    "as ever");
	}
};

subtest "S-014, S-015: lists from files and tables" => sub {
	$w->write_file("destinations", <<'EOT');
# domains of ours
file.example
FILE2.example other.example
$notexpanded.example
EOT
	$w->write_file("table", <<'EOT');
table.example	any text
table2.example	a comment of the administrator
EOT
	is +($w->command("postmap", "$w->{dir}/etc/table"))[0], 0, "postmap";
	configure(main => "mydestination = !not.table.example, " .
	    "\$dir/etc/destinations, hash:\$dir/etc/table, last.example\n");
	local_ok([qw(file.example file2.example other.example table.example
	    TABLE2.example last.example)],
	    [qw(not.table.example sub.table.example destinations)],
	    "S-014, S-015");
};

subtest "S-014: a list file that is not there" => sub {
	$w->configure(main => $base . "mydestination = \$dir/etc/nothing\n");
	my ($s, $text) = $w->command("reload");
	isnt $s, 0, "a reload is refused";
	like $text, qr{etc/nothing}, "and says why";
};

subtest "S-040: check" => sub {
	$w->configure(main => $base . "mydestination = local.example\n");
	my ($s, $text) = $w->command("check");
	is $s, 0, "a good configuration passes";
	is $text, "", "silently";
	$w->configure(main => $base . "mydestinatoin = local.example\n");
	($s, $text) = $w->command("check");
	like $text, qr/main\.cf:\d+.*mydestinatoin.*mydestination/s,
	    "an unknown name is reported, and the known one";
};

subtest "S-044: the book's master.cf" => sub {
	configure(main => "mydestination = local.example\n",
	    master => <<'EOT');
#= = = = = = = = = = = = = = = = = = = = = = = = = = = = = =
# service type private unpriv chroot wakeup maxproc command + args
#= = = = = = = = = = = = = = = = = = = = = = = = = = = = = =
pickup fifo n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr fifo n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
relay2 unix - - y - - smtp
 -o smtp_helo_timeout=5 -o smtp_connect_timeout=5
showq unix n - n - - showq
maildrop unix - n n - - pipe
  flags=DRhu user=vmail argv=/usr/local/bin/maildrop -d ${recipient}
cyrus unix - n n - - pipe
  user=cyrus argv=/cyrus/bin/deliver -e -r ${sender}
  -m ${extension} ${user}
uucp unix - n n - - pipe
  flags=Fqhu user=uucp argv=uux -r -n -z -a$sender -
  $nexthop!rmail ($recipient)
EOT
	local_ok(["local.example"], ["other.example"], "S-044: serves");
};

subtest "S-045, S-046: services and their own parameters" => sub {
	my ($second, $third) = ($w->port("second"), $w->port("third"));
	configure(main => "mydestination = local.example\n" .
	    "filter_banner = main.cf\n", master => <<EOT);
localhost:$second inet n - n - - smtpd
  -o smtpd_banner=second
  -o { mydestination = braced.example, spaced.example }
  -o syslog_name=weir/\$service_name
$third inet n - n - - smtpd -o smtpd_banner=\$filter_banner
  -o filter_banner=master.cf
EOT
	is $w->smtp($second)->{banner}, "220 second",
	    "S-045: host:port listens; S-046: with its own banner";
	is $w->smtp($third)->{banner}, "220 master.cf",
	    "S-045: a port alone; S-046: an override of what another names";
	is $w->smtp->{banner}, "220 mail.example.com ESMTP Weir",
	    "S-046: main.cf for the other";
	my $c = $w->smtp($second);
	$c->cmd("EHLO client.example.net");
	$c->cmd("MAIL FROM:<sender\@example.net>");
	is $c->cmd("RCPT TO:<x\@spaced.example>"), "250 2.1.5 Ok",
	    "S-046: { name = value } of one service";
	like $c->cmd("RCPT TO:<x\@local.example>"), qr/^554 5\.7\.1/,
	    "S-046: replaces main.cf";
	ok $w->wait_log(qr/ weir\/localhost:$second\/smtpd\[\d+\]: \w+: reject: RCPT/),
	    "S-046: its log lines have its name";
	local_ok(["local.example"], ["spaced.example"], "S-046: the others");
	my $text = ($w->command("status"))[1];
	like $text, qr/$second/, "status lists it";
};

subtest "S-005, S-043: start, status, reload, stop as an init script does" => sub {
	is $w->stop, 0, "the one in the foreground ends";
	$w->write_file("aliases", "root: you\n");
	$w->configure(main => $base . "mydestination = local.example\n" .
	    "alias_maps = hash:\$dir/etc/aliases\n" .
	    "alias_database = hash:\$dir/etc/aliases\n");
	my ($s, $text) = $w->command("newaliases");
	is $s, 0, "S-005: newaliases" or diag $text;
	($s, $text) = $w->command("start");
	is $s, 0, "S-005: start" or diag $text;
	ok $w->wait_port($w->{port}), "serves";
	($s, $text) = $w->command("status");
	is $s, 0, "status";
	like $text, qr/^proxy .*serving/m, "of a serving gateway";
	isnt +($w->command("start"))[0], 0, "a second start is refused";
	is +($w->command("reload"))[0], 0, "reload";
	like $w->smtp->{banner}, qr/^220/, "serves";
	is +($w->command("stop"))[0], 0, "stop";
	ok !IO::Socket::INET->new(PeerAddr => "127.0.0.1",
	    PeerPort => $w->{port}), "nobody listens";
	isnt +($w->command("status"))[0], 0, "status of what does not run";
	isnt +($w->command("stop"))[0], 0, "a second stop says so";
};

subtest "S-005: a start that fails says so" => sub {
	$w->configure(main => $base . "smtpd_timeout = tomorrow\n");
	my ($s, $text) = $w->command("start");
	isnt $s, 0, "start fails";
	like $text, qr/main\.cf:\d+.*smtpd_timeout/, "S-005: on the terminal";
};

subtest "S-044: parameters that bear the name of a transport" => sub {
	$w->configure(main => $base .
	    "relay_destination_concurrency_limit = 5\n" .
	    "smtp_destination_recipient_limit = many\n" .
	    "nosuch_destination_recipient_limit = 3\n");
	my ($s, $text) = $w->command("check");
	like $text, qr/main\.cf:\d+: smtp_destination_recipient_limit = many: not a number/,
	    "a value that is none";
	like $text, qr/unknown parameter nosuch_destination_recipient_limit/,
	    "a transport that is not there";
	unlike $text, qr/relay_destination_concurrency_limit/, "and one that is";
};

# S-041: what went wrong is found by the words that administrators look for.
like $w->log, qr/ \w+: reject: RCPT from /, "S-041: reject";
like $w->log, qr/ warning: .*etc\/nothing/, "S-041: warning";
unlike $w->log, qr/ \/master/, "each line has its name";
unlike $w->log, qr/panic/, "S-041: no panic";
is $w->complaints, "", "no sanitizer complains";
done_testing;
