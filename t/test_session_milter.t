#!/usr/bin/perl
# weir test session --milter: what the milter door would have an MTA do.
# S-232: milters.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Bench;

my $b = Weir::Bench->new("main.cf" => <<'EOT',
compatibility_level = 3.6
smtpd_relay_restrictions = reject
smtpd_restriction_classes = spamlover, spamhater
spamlover = permit
spamhater = check_sender_access inline:{{spam@example.net = REJECT 5.7.9 100% spam}}
spamhater_header_checks = regexp:hater
spamhater_reject_action = discard
smtpd_helo_restrictions = check_helo_access inline:{{bad.example = 450 4.7.1 later}}
smtpd_recipient_restrictions =
    reject_unknown_client_hostname, check_recipient_access texthash:users
smtpd_end_of_data_restrictions = check_sender_access inline:{{noend@example.net = REJECT no end}}
header_checks = regexp:header
body_checks = regexp:body
EOT
    users => <<'EOT',
lover@example.com	spamlover
hater@example.com	spamhater
moved@example.com	REDIRECT elsewhere@example.com
marked@example.com	PREPEND X-Marked: yes
held@example.com	HOLD for a look
copy@example.com	BCC archive@example.com
gone@example.com	DISCARD
EOT
    hater => "/^Subject: offer/ REJECT no offers\n",
    header => <<'EOT',
/^Subject: pills/ REJECT no pills
/^X-Old: (.*)/ REPLACE X-Old: new $1
/^X-Drop:/ IGNORE
/^X-Front:/ PREPEND X-Before: it
EOT
    body => "/^secret/ REPLACE public\n",
    world => "example.net A 192.0.2.2\n",
    offer => <<'EOT',
Subject: offer
X-Old: a
 b
X-Drop: x
X-Front: f

hello
secret plan
EOT
    pills => "Subject: pills\n\nhello\n",
    "no-headers" => "secret plan\n",
    lists => <<'EOT',
client c.example 192.0.2.1
expect OK
helo bad.example
mail a@b.example
rcpt lover@example.com
expect 450 4.7.1 by check_helo_access
helo good.example
mail spam@example.net
rcpt hater@example.com
expect 554 5.7.9 text /: 100% spam$/ by inline:1
rcpt lover@example.com
expect OK by permit
rset
mail <>
rcpt <lover@example.com>
expect OK
# A list that passes is no relaying.
rcpt anybody@elsewhere.example
expect OK
data
expect OK
set unknown_client_reject_code = 550
client unknown 192.0.2.1
mail a@b.example
rcpt x@example.com
expect 450 4.7.25 by reject_unknown_client_hostname
client unknown 192.0.2.1 perm
mail a@b.example
rcpt x@example.com
expect 550 5.7.25 text /cannot find your hostname/
client c.example 192.0.2.1 forged
mail a@b.example
rcpt x@example.com
expect 550 5.7.25
EOT
    content => <<'EOT',
client c.example 192.0.2.1
helo good.example
mail a@b.example
rcpt lover@example.com
rcpt hater@example.com
data
message offer
expect OK text /^delete recipient <hater@example.com>$/ by body:1
expect OK text /^insert header 4: X-Before: it$/
expect OK text /^delete header X-Drop 1$/
expect 250 text /^change header X-Old 1: X-Old: new a$/
expect OK text /^replace body: 15 octets$/
mail a@b.example
rcpt hater@example.com
message offer
expect 550 5.7.1 text /no offers/ by hater:1
mail a@b.example
rcpt lover@example.com
message pills
expect 550 5.7.1 text /^550 5\.7\.1 no pills$/ by header:1
mail a@b.example
rcpt lover@example.com
message no-headers
expect OK text /^replace body: 8 octets$/
EOT
    changes => <<'EOT',
mail a@b.example
rcpt gone@example.com
expect DISCARD
mail a@b.example
rcpt moved@example.com
rcpt lover@example.com
eod
expect OK text /^delete recipient <moved@example.com>$/
expect OK text /^delete recipient <lover@example.com>$/
expect OK text /^add recipient <elsewhere@example.com>$/
mail a@b.example
rcpt marked@example.com
rcpt held@example.com
rcpt copy@example.com
eod 100
expect OK text /^insert header 0: X-Marked: yes$/
expect OK text /^quarantine for a look$/
expect OK text /^add recipient <archive@example.com>$/
mail noend@example.net
rcpt lover@example.com
eod
expect 554 5.7.1 text /no end/ by check_sender_access
EOT
    login => <<'EOT',
set smtpd_recipient_restrictions = permit_sasl_authenticated, check_recipient_access inline:{{a@example.com = REJECT who are you}}
set smtpd_sender_restrictions = reject_plaintext_session
client c.example 192.0.2.1
ehlo c.example
mail a@example.com
rcpt a@example.com
expect 450 4.7.1 by reject_plaintext_session
tls TLSv1.3
ehlo c.example
mail a@example.com
rcpt a@example.com
expect 554 5.7.1 text /who are you/
login joe
mail a@example.com
rcpt a@example.com
expect OK by permit_sasl_authenticated
EOT
);
my @session = ("session", "--milter", "--world", "world");

for my $script (qw(lists content changes login)) {
	my ($status, $out, $err) = $b->test(@session, "--tap", $script);

	is $status, 0, $script or diag $out, $err;
	is $err, "", "$script: nothing else is said";
}

subtest "what is printed" => sub {
	$b->{input} = <<'EOT';
client c.example 192.0.2.1
mail a@b.example
rcpt held@example.com
message offer
EOT
	my ($status, $out) = $b->test(@session);

	is $status, 0, "played";
	like $out, qr/^weir\/milter\[1\]: NOQUEUE: hold: RCPT from c\.example\[192\.0\.2\.1\]: /m,
	    "the log is the milter's";
	$out =~ s/^weir\/.*\n//mg;
	is $out, <<'EOT', "changes are lines of the reply";
OK
OK
OK
OK
insert header 4: X-Before: it
delete header X-Drop 1
change header X-Old 1: X-Old: new a
 b
quarantine for a look
replace body: 15 octets
EOT
};

subtest "what a milter is not told" => sub {
	for ("vrfy a\@b.example", "etrn b.example", "fingerprint AA:BB",
	    "rcpt a\@b.example", "data", "eod", "message offer") {
		$b->{input} = "$_\n";
		$b->refuses($_, 65, qr/^stdin:1: a milter is /, @session);
	}
	$b->{input} = "mail a\@b.example\nmessage nosuch\n";
	$b->refuses("no such file", 65, qr/^stdin:2: .*nosuch/, @session);
	$b->refuses("both doors", 64, qr/^usage: .*--policy \| --milter/,
	    @session, "--policy");
};

subtest "options of the service" => sub {
	$b->{input} = <<'EOT';
set smtpd_relay_restrictions = reject_unauth_destination
rcpt a@elsewhere.example
mail a@b.example
rcpt a@elsewhere.example
expect 554 5.7.1 by reject_unauth_destination
reset
mail a@b.example
rcpt a@elsewhere.example
expect OK
EOT
	$b->{input} =~ s/^rcpt.*\n//m;
	my ($status, $out, $err) = $b->test(@session, "--tap");
	is $status, 0, "they are set, and forgotten" or diag $out, $err;
};

subtest "coverage" => sub {
	my ($status, $out) = $b->test(@session, "--coverage", "--tap", "lists");

	like $out, qr/^# not reached: users:3: /m, "lines of tables";
	unlike $out, qr/^# not reached: users:1: /m, "those that were";
	like $out, qr/not reached: .*noend/, "restrictions";
};

done_testing;
