#!/usr/bin/perl
# weir test message and weir test session show what becomes of a message for each
# recipient whose class has content checks.  Seeds K-04, S-150.
use strict;
use warnings;

use lib "t/lib";
use JSON::PP qw(decode_json);
use Test::More;
use Weir::Bench;

my $main = <<'EOT';
compatibility_level = 3.6
myhostname = mail.example.com
mydestination =
relay_domains = example.com
relay_recipient_maps =
alias_maps =
local_recipient_maps =
smtpd_restriction_classes = spamlover, spamhater, bulk
spamlover = permit
spamhater_body_checks = pcre:spam
bulk_header_checks = pcre:{{/^Subject: hi/ WARN from a list}}
smtpd_relay_restrictions = reject_unauth_destination
smtpd_sender_restrictions = check_sender_access inline:{news@example.net=bulk}
smtpd_recipient_restrictions = check_recipient_access texthash:per_user
EOT
my $b = Weir::Bench->new("main.cf" => $main, spam => <<'EOT',
/buy pills/	REJECT no pills
/later/		REJECT 4.7.1 ask again
/wait/		HOLD
/vanish/	DISCARD
/elsewhere/	REDIRECT other@example.com
EOT
    per_user => <<'EOT',
abelard@example.com	spamhater
heloise@example.com	spamlover
fulbert@example.com	REJECT no mail
EOT
    world => "example.com A 192.0.2.1\n",
    map { ($_ => "Subject: hi\n\n$_\n") } "later", "wait", "vanish", "elsewhere");
$b->file(pills => "Subject: hi\n\nbuy pills\n");
my @to = map { ("--rcpt", "$_\@example.com") } qw(heloise abelard);
my @message = ("message", "--world", "world");

$b->says("some refuse", 1, <<'EOT', @message, @to, "pills");
pills
  body: buy pills
    spamhater_body_checks: reject 5.7.1 no pills [spam:1]
  -> accept
    <heloise@example.com>: accept
    <abelard@example.com>: reject 550 5.7.1 no pills; held [spam:1]
EOT
$b->says("greylisting is taken to be over", 1, <<'EOT', @message,
pills
  body: buy pills
    spamhater_body_checks: reject 5.7.1 no pills [spam:1]
  -> accept
    <heloise@example.com>: accept
    <abelard@example.com>: reject 550 5.7.1 no pills; held [spam:1]
EOT
    "-o", "smtpd_relay_restrictions=greylist, reject_unauth_destination", @to,
    "pills");
$b->file(common => "/^Subject: hi/ REJECT no hi\n");
$b->says("what is common to all refuses", 1, <<'EOT', @message,
pills
  header 0: Subject: hi
    header_checks: REJECT no hi [common:1]
  -> reject 550 5.7.1 no hi
    <heloise@example.com>: reject 550 5.7.1 no hi [common:1]
    <abelard@example.com>: reject 550 5.7.1 no hi [common:1]
EOT
    "-o", "header_checks=regexp:common", @to, "pills");
$b->says("all refuse", 1, <<'EOT', @message, @to[2, 3], "pills");
pills
  body: buy pills
    spamhater_body_checks: reject 5.7.1 no pills [spam:1]
  -> reject 550 5.7.1 no pills
    <abelard@example.com>: reject 550 5.7.1 no pills [spam:1]
EOT
$b->says("who cannot say", 1, <<'EOT', @message, @to, "later");
later
  body: later
    spamhater_body_checks: reject 4.7.1 ask again [spam:2]
  -> defer 451 4.7.1 ask again
    <heloise@example.com>: accept
    <abelard@example.com>: defer 451 4.7.1 ask again [spam:2]
EOT
$b->says("nobody minds", 0, <<'EOT', @message, @to[0, 1], "pills");
pills
  -> accept
    <heloise@example.com>: accept
EOT
$b->says("by sender", 0, <<'EOT', @message, "--sender", 'news@example.net', @to[0, 1], "pills");
pills
  header: Subject: hi
    bulk_header_checks: warning from a list [bulk_header_checks]
  -> accept
    <heloise@example.com>: accept
EOT

for (["wait", "hold", 3], ["vanish", "discard", 4],
    ["elsewhere", "redirect other\@example.com", 5]) {
	my ($file, $decision, $line) = @$_;
	my ($status, $out) = $b->test(@message, "-j", @to, $file);
	my $m = decode_json($out);

	is $m->{decision}, "accept", "$file: for all";
	is_deeply $m->{recipients}, [
	    { address => 'heloise@example.com', decision => "accept" },
	    { address => 'abelard@example.com', decision => $decision,
		by => "spam:$line" } ], "$file: for each";
	is $status, 1, "$file: status";
}

my ($status, $out, $err) = $b->test(@message, "--rcpt", 'fulbert@example.com',
    @to, "pills");
like $err, qr/^weir test message: RCPT TO:<fulbert\@example\.com>: 554 5\.7\.1 .*no mail$/m,
    "one that RCPT refuses";
unlike $out, qr/<fulbert/, "has no part in it";
is $status, 1, "and is told by the status";

mkdir "$b->{dir}/new";
$b->file("new/main.cf" => $main .
    "spamhater_reject_action = redirect bad\@example.com\n");
$b->file("new/$_" => do { open my $f, "<", "$b->{dir}/$_"; join "", <$f> })
    for qw(spam per_user);
($status, $out) = $b->test(@message, "--compare", "new", @to, "pills", "wait");
is $status, 1, "compared";
like $out, qr/^pills: accept, <abelard\@example\.com> reject 550 5\.7\.1 no pills; held by spam:1 -> accept, <abelard\@example\.com> reject 550 5\.7\.1 no pills; redirected to bad\@example\.com by \S*spam:1\n1 of 2 messages change$/m,
    "a recipient makes a difference" or diag $out;

($status, $out) = $b->test(@message, @to, "pills", "wait", "later");
like $out, qr/^3 messages: 2 accept, 1 defer\n/, "of several a summary";
like $out, qr/^ +1 .*\bspam:1\b/m, "has the rules of classes";
like $out, qr/spam:4\b.*\n|lines? 4/, "and those that never match" or diag $out;

$b->file(script => <<'EOT');
client x.example 192.0.2.5
ehlo x.example
mail a@example.net
rcpt heloise@example.com
rcpt abelard@example.com
rcpt fulbert@example.com
expect 554
data
message pills
expect OK
for abelard@example.com
expect 550 5.7.1 text /no pills/ by spam:1
expect 550 by spamhater_body_checks
for heloise@example.com
expect OK
message wait
for abelard@example.com
expect HOLD by spam:3
message vanish
for abelard@example.com
expect DISCARD
message elsewhere
for abelard@example.com
expect REDIRECT other@example.com
message later
expect 451 4.7.1 by spam:2
mail a@example.net
rcpt abelard@example.com
message pills
expect 550 5.7.1 text /no pills/ by spam:1
set spamhater_body_checks =
message pills
expect OK
mail news@example.net
rcpt heloise@example.com
set smtpd_data_restrictions = bulk
set bulk_header_checks = inline:{Subject:=x}, pcre:{{/^Subject: hi/ REJECT no}}
data
message pills
expect 550 5.7.1 by bulk_header_checks
EOT
my @session = ("session", "--world", "world");
($status, $out) = $b->test(@session, "--tap", "script");
is $status, 0, "a script" or diag $out;
is scalar(() = $out =~ /^ok \d+ - script:/mg), 12, "all of it is tested";
($status, $out) = $b->test(@session, "script");
like $out, qr/^OK\n    <heloise\@example\.com>: accept\n    <abelard\@example\.com>: reject 550 5\.7\.1 no pills; held \[spam:1\]\n550 5\.7\.1 no pills\nOK\n/m,
    "what it prints" or diag $out;
$b->{input} = "mail a\@example.net\nrcpt heloise\@example.com\nfor x\@example.com\n";
$b->refuses("a recipient that is none", 65, qr/^stdin:3: no recipient of a message/,
    @session);
$b->{input} = "mail a\@example.net\nmessage pills\n";
$b->refuses("no recipients", 65, qr/^stdin:2: no recipient was accepted/, @session);
$b->{input} = "mail a\@example.net\nrcpt heloise\@example.com\nmessage nosuch\n";
$b->refuses("a message that is not there", 65, qr/^stdin:3: nosuch: /, @session);

done_testing;
