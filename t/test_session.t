#!/usr/bin/perl
# weir test session: scripts as policy unit tests, what they expect, and what
# they have come to.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Bench;

# Example 11-2 of the founding documents, with a table that names its classes.
my $b = Weir::Bench->new("main.cf" => <<'EOT',
compatibility_level = 3.6
myhostname = mail.example.com
mydestination =
relay_domains = example.com
alias_maps =
local_recipient_maps =
weir_dnsbl_self_test = no
smtpd_restriction_classes = spamlover, spamhater, unused
spamhater = reject_invalid_helo_hostname, reject_non_fqdn_sender,
    reject_unknown_sender_domain, reject_rbl_client bl.example
spamlover = permit
unused = reject
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_client_restrictions = check_client_access cidr:nets
smtpd_recipient_restrictions = check_recipient_access texthash:per_user_ube,
    check_sender_access inline:{a@good.example=DUNNO, {b@good.example=REJECT no b}},
    warn_if_reject reject_rbl_client bl.example
EOT
    per_user_ube => <<'EOT',
# Who likes it, and who does not.
abelard@example.com	spamhater
heloise@example.com	spamlover
quiet@example.com	REJECT not
	today
EOT
    nets => "203.0.113.0/24 REJECT /by this/ net\n198.51.100.0/24 DUNNO\n",
    world => <<'EOT',
5.2.0.192.bl.example  A    127.0.0.2
good.example          A    192.0.2.9
slow.example          SERVFAIL
EOT
    lovers => <<'EOT',
# S-150: the hater, and the lover, in one message
client x.example 192.0.2.5
ehlo x.example
mail a@good.example
rcpt abelard@example.com
expect 554 5.7.1 text /blocked using bl.example/ by reject_rbl_client
expect 554 by reject_rbl_client bl.example
rcpt heloise@example.com
expect OK by permit
rcpt quiet@example.com
expect 554 5.7.1 text /: not$|not today/ by per_user_ube:4
expect 554 by texthash:per_user_ube:4
rcpt x@elsewhere.example
expect 554 5.7.1 by reject_unauth_destination
EOT
    others => <<'EOT',
client x.example 192.0.2.5
ehlo x.example
mail b@good.example
rcpt other@example.com
expect 554 text /no b/ by inline:2
client z.example 192.0.2.6
ehlo z.example
mail a@slow.example
rcpt abelard@example.com
expect 450 4.1.8 by reject_unknown_sender_domain
client y.example 203.0.113.3
mail a@good.example
rcpt other@example.com
expect 554 text /\/by this\/ net/ by nets:1
EOT
    wrong => <<'EOT',
client x.example 192.0.2.5
ehlo x.example
mail a@good.example
rcpt abelard@example.com
expect OK
expect 554 5.7.2
expect 554 text /#1 nonsense/
expect 554 by reject_non_fqdn_sender
expect 554 by per_user_ube:3
expect 554 by reject_rbl_client
EOT
);
my @session = ("session", "--world", "world");

$b->says("several scripts are tests", 0, <<'EOT', @session, "lovers", "others");
ok 1 - lovers:6: expect 554 5.7.1 text /blocked using bl.example/ by reject_rbl_client
ok 2 - lovers:7: expect 554 by reject_rbl_client bl.example
ok 3 - lovers:9: expect OK by permit
ok 4 - lovers:11: expect 554 5.7.1 text /: not$|not today/ by per_user_ube:4
ok 5 - lovers:12: expect 554 by texthash:per_user_ube:4
ok 6 - lovers:14: expect 554 5.7.1 by reject_unauth_destination
ok 7 - others:5: expect 554 text /no b/ by inline:2
ok 8 - others:10: expect 450 4.1.8 by reject_unknown_sender_domain
ok 9 - others:14: expect 554 text /\\/by this\\/ net/ by nets:1
1..9
EOT

subtest "what does not come true" => sub {
	my ($status, $out) = $b->test(@session, "--tap", "wrong");
	is $status, 1, "status";
	is join("", $out =~ /^((?:not )?ok .*\n)/mg), <<'EOT', "each is said";
not ok 1 - wrong:5: expect OK
not ok 2 - wrong:6: expect 554 5.7.2
not ok 3 - wrong:7: expect 554 text /\#1 nonsense/
not ok 4 - wrong:8: expect 554 by reject_non_fqdn_sender
not ok 5 - wrong:9: expect 554 by per_user_ube:3
ok 6 - wrong:10: expect 554 by reject_rbl_client
EOT
	like $out, qr/^# it was decided by reject_rbl_client bl\.example, not by reject_non_fqdn_sender$/m,
	    "what decided";
	like $out, qr/^# the reply is not OK\n# rcpt abelard\@example\.com\n# 554 5\.7\.1 .*\n# smtpd_client_restrictions\n(#   .*\n)+# smtpd_relay/m,
	    "the command, its reply, and the steps";
	like $out, qr/^#   check_recipient_access \S+ \(abelard\@example\.com\): -> spamhater \[per_user_ube:2\]/m,
	    "the steps have their lines";
	my @junk = grep { !/^(not )?ok |^# |^1\.\.6$/ } split /\n/, $out;
	is "@junk", "", "nothing but TAP";

	($status, $out) = $b->test(@session, "wrong");
	is $status, 1, "without TAP: status";
	like $out, qr/^wrong:5: not as expected: the reply is not OK$/m,
	    "without TAP: said";
	like $out, qr/^weir\/smtpd\[1\]: NOQUEUE: reject: RCPT /m,
	    "without TAP: the log is there";
};

SKIP: {
	my ($prove) = grep { -x } map { "$_/prove" } split /:/, $ENV{PATH};
	skip "no prove", 2 unless $prove;
	my $weir = Weir::Bench::program();
	my $run = "cd $b->{dir} && prove -e '$weir test session -c . --world world --tap'";
	my $out = qx($run lovers others 2>&1);
	is $?, 0, "prove runs them" or diag $out;
	$out = qx($run wrong 2>&1);
	like $out, qr/Failed tests:\s+1-5/, "prove knows which ones failed";
}

$b->says("what was not reached", 0, <<'EOT', @session, "--coverage", "--tap", "lovers");
ok 1 - lovers:6: expect 554 5.7.1 text /blocked using bl.example/ by reject_rbl_client
ok 2 - lovers:7: expect 554 by reject_rbl_client bl.example
ok 3 - lovers:9: expect OK by permit
ok 4 - lovers:11: expect 554 5.7.1 text /: not$|not today/ by per_user_ube:4
ok 5 - lovers:12: expect 554 by texthash:per_user_ube:4
ok 6 - lovers:14: expect 554 5.7.1 by reject_unauth_destination
# not reached: nets:1: 203.0.113.0/24 REJECT /by this/ net
# not reached: nets:2: 198.51.100.0/24 DUNNO
# not reached: ./main.cf:15: smtpd_recipient_restrictions: check_sender_access inline:{a@good.example=DUNNO, {b@good.example=REJECT no b}}
# not reached: check_sender_access inline:{a@good.example=DUNNO, {b@good.example=REJECT no b}}: entry 1
# not reached: check_sender_access inline:{a@good.example=DUNNO, {b@good.example=REJECT no b}}: entry 2
# not reached: ./main.cf:15: smtpd_recipient_restrictions: reject_rbl_client bl.example
# not reached: ./main.cf:12: unused: reject
# reached: 9 of 12 restrictions, 3 of 7 lines of tables
1..6
EOT
my ($status, $out) = $b->test(@session, "--coverage", "lovers", "others");
like $out, qr/^# reached: 11 of 12 restrictions, 5 of 7 lines of tables$/m,
    "several scripts reach more";
unlike $out, qr/not reached: nets:1/, "by a line";
($status, $out) = $b->test(@session, "--coverage", "-o",
    "smtpd_client_restrictions=", "lovers");
unlike $out, qr/nets/, "only what is configured counts";
like $out, qr/^not reached: /m, "without TAP, too";
for my $type (qw(pcre regexp hash)) {
	$b->file("$type.map", $type eq "hash" ? "x.example OK\ny.example OK\n" :
	    "/^x\\.example\$/ OK\nif /y/\n/^y\\.example\$/ OK\nendif\n");
	($status, $out) = $b->test(@session, "--coverage", "-o",
	    "smtpd_client_restrictions=check_client_access $type:$type.map",
	    "lovers");
	my $line = $type eq "hash" ? 2 : 3;
	like $out, qr/^not reached: $type\.map:$line: .*y.*example/m,
	    "lines of $type tables";
	unlike $out, qr/^not reached: $type\.map:[^$line]/m,
	    "$type: not those that were reached, and no conditions";
}

subtest "a deferral by what has kept it" => sub {
	$b->file(defer => <<'EOT');
client x.example 192.0.2.77
ehlo x.example
mail a@good.example
rcpt other@example.com
expect 450 4.7.1 by check_helo_access
expect 450 by inline:1
EOT
	my ($status, $out) = $b->test(@session, "--tap", "-o",
	    'smtpd_helo_restrictions=check_helo_access inline:{{x.example=DEFER_IF_PERMIT not now}}',
	    "defer");
	is $status, 0, "by the list that was walked before" or diag $out;
	($status, $out) = $b->test(@session, "--tap", "-o",
	    'smtpd_recipient_restrictions=check_helo_access inline:{{x.example=DEFER_IF_REJECT not now}} reject',
	    "defer");
	is $status, 0, "instead of a rejection" or diag $out;
};

subtest "addresses that the server refuses before it asks a list" => sub {
	$b->{input} = <<'EOT';
client x.example 192.0.2.5
mail a@b..c
expect 501 5.1.7 text /^501 5\.1\.7 Bad sender address syntax$/
mail a@12345
expect 501 5.1.7
mail <>
expect OK
rcpt heloise@[1.2.3]
expect 501 5.1.3 text /^501 5\.1\.3 Bad recipient address syntax$/
rcpt <>
expect 501 5.1.3
vrfy heloise@-example.com
expect 501 5.1.3
rcpt heloise@example.com
expect OK
EOT
	my ($status, $out) = $b->test(@session, "--trace");
	is $status, 0, "as the server replies" or diag $out;
	$b->{input} = "client x.example 192.0.2.5\nmail a\@12345\nexpect OK\n";
	($status, $out) = $b->test(@session, "--any-address");
	is $status, 0, "unless the lists alone are to judge" or diag $out;
};

subtest "every other command of a script" => sub {
	$b->{input} = <<'EOT';
set smtpd_delay_reject = no
set smtpd_client_restrictions = reject_unknown_client_hostname
set smtpd_helo_restrictions = reject_invalid_helo_hostname
set smtpd_data_restrictions = reject_multi_recipient_bounce
set smtpd_end_of_data_restrictions = check_client_access inline:{{heavy.example = 552 5.3.4 too much}}
set smtpd_etrn_restrictions = check_etrn_access inline:{{no.example = REJECT not this queue}}
set relay_clientcerts = inline:{{AA:BB = x}}
set smtpd_recipient_restrictions = permit_sasl_authenticated, permit_tls_clientcerts, reject
client liar.example 192.0.2.5 forged
expect 450 4.7.25 text /cannot find your hostname/ by reject_unknown_client_hostname
client lost.example 192.0.2.5 temp
expect 450 4.7.25
client heavy.example 192.0.2.5 ok
expect OK
helo a..b
expect 501 5.5.2
helo c.example
etrn no.example
expect 554 5.7.1 text /not this queue/ by check_etrn_access
etrn yes.example
expect OK
mail <>
rcpt a@elsewhere.example
expect 554
login somebody
rcpt a@elsewhere.example
expect 554 by reject_unauth_destination
rcpt abelard@example.com
expect OK by permit_sasl_authenticated
rcpt heloise@example.com
data
expect 550 5.5.3 by reject_multi_recipient_bounce
eod 1000
expect 552 5.3.4 text /too much/ by check_client_access
rset
client c.example 192.0.2.5
helo c.example
mail a@b.example
rcpt abelard@example.com
expect 554
tls TLSv1.3
fingerprint AA:BB
rcpt abelard@example.com
expect OK by permit_tls_clientcerts
EOT
	my ($status, $out) = $b->test(@session, "--tap");
	is $status, 0, "played" or diag $out;
};

subtest "a name server of the caller's" => sub {
	my $names = Weir->new(start => 0);

	$names->names("5.2.0.192.bl.example A 127.0.0.2\n");
	$b->{input} = <<'EOT';
set weir_dnsbl_self_test = no
set smtpd_recipient_restrictions = reject_rbl_client bl.example
client x.example 192.0.2.5
mail a@b.example
rcpt heloise@example.com
expect 554 5.7.1 text /blocked using bl.example/ by reject_rbl_client
client y.example 192.0.2.6
mail a@b.example
rcpt heloise@example.com
expect OK
EOT
	my ($status, $out) = $b->test("session", "--tap", "--dns",
	    "127.0.0.1\@" . $names->port("dns"));
	is $status, 0, "asked" or diag $out;
};

subtest "mistakes" => sub {
	$b->{input} = "nonsense\n";
	$b->refuses("not a command", 65, qr/^stdin:1: unknown command "nonsense"/,
	    @session);
	for (["expect", "nothing"], ["expect 55x", "no code"],
	    ["expect 554 text bl.example", "no pattern"],
	    ["expect 554 text /(/", "a pattern that is none"],
	    ["expect 554 text /x/ and more", "more behind it"],
	    ["client x", "no address"], ["rcpt a b@", "bad address"],
	    ["set x", "no value"]) {
		my ($line, $what) = @$_;
		$b->{input} = "$line\n";
		$b->refuses($what, 65, qr/^stdin:1: ./, @session);
	}
	my ($status, $out) = $b->test(@session, "nosuch", "lovers");
	is $status, 66, "a script that is not there";
	like $out, qr/^not ok 1 - nosuch: No such file or directory\nok 2 - lovers:6/m,
	    "the others are played";
	$b->file(bad => "client x.example 192.0.2.5\nhelo\nnonsense\nexpect OK\n");
	($status, $out) = $b->test(@session, "bad", "lovers");
	is $status, 65, "a script that is none";
	like $out, qr/^not ok 1 - bad:3: unknown command "nonsense"\nok 2 - lovers:6/m,
	    "is a test that fails";
	$b->file(idle => "client x.example 192.0.2.5\n");
	$b->says("nothing is expected", 0, "ok 1 - idle: played, nothing is " .
	    "expected\n1..1\n", @session, "--tap", "idle");
	$b->refuses("no world", 66, qr{/nonexistent: .*No such file},
	    "session", "--world", "/nonexistent");
	$b->refuses("no such option", 64, qr/^usage: weir test session /,
	    "session", "--nonsense");
	$b->refuses("no JSON", 64, qr/^usage: weir test session /, "session", "-j");
	$b->refuses("no configuration", 78, qr/fatal: .*main\.cf/, "session",
	    "-c", "/nonexistent");
};

done_testing;
