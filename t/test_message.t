#!/usr/bin/perl
# weir test message: the content checks of a configuration, on messages,
# mailboxes and maildirs.
use strict;
use warnings;

use lib "t/lib";
use JSON::PP qw(decode_json);
use Test::More;
use Weir::Bench;

my $b = Weir::Bench->new("main.cf" => <<'EOT', header_checks => <<'EOH',
compatibility_level = 3.6
header_checks = pcre:header_checks
nested_header_checks = pcre:nested_checks
body_checks = regexp:body_checks
EOT
/^Subject:.*money/ REJECT no advertising
/^X-Mailer:/ IGNORE
if /^Subject:/
/^Subject: (hi)/ PREPEND X-Said: $1
endif
/^Content-Type:.*\.exe/ HOLD
/^X-Later:/ REJECT 4.7.1 later
/^X-Gone:/ DISCARD
/^X-Never:/ REJECT
EOH
    nested_checks => "/^Subject:/ WARN nested\n", body_checks => <<'EOB',
/secret/ REPLACE (left out)
/copy/ BCC archive@example.com
EOB
    parts => <<'EOP', plain => "Subject: hi\n there\n\nx\n");
From: a@example.com
X-Mailer: x
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

preamble
--b
Content-Type: message/rfc822

Subject: money
To: y

..
a secret
--b--
EOP

$b->says("every element has its class and offset", 0, <<'EOT',
parts
  header 0: From: a@example.com
  header 20: X-Mailer: x
    header_checks: IGNORE [header_checks:2]
    is left out
  mime header 32: MIME-Version: 1.0
  mime header 50: Content-Type: multipart/mixed; boundary=b
  body 1: preamble
  body 10: --b
  mime header 0: Content-Type: message/rfc822
  body 0: 
  nested header 0: Subject: money
    nested_header_checks: WARN nested [nested_checks:1]
  nested header 15: To: y
  body 0: 
  body 1: ..
  body 4: a secret
    body_checks: REPLACE (left out) [body_checks:1]
    becomes: (left out)
  body 0: --b--
  -> accept, edited
From: a@example.com
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

preamble
--b
Content-Type: message/rfc822

Subject: money
To: y

..
(left out)
--b--
EOT
    qw(message --lines --result parts));

$b->says("a header of two lines, and one before it", 0, <<'EOT',
plain
  header 0: Subject: hi
     there
    header_checks: PREPEND X-Said: hi [header_checks:4]
    comes after: X-Said: hi
  -> accept, edited
X-Said: hi
Subject: hi
 there

x
EOT
    qw(message --result plain));

# What becomes of it, and the status.
my %becomes = (
	"Subject: money" => [1, "reject 550 5.7.1 no advertising"],
	"X-Later: x" => [1, "defer 451 4.7.1 later"],
	"X-Gone: x" => [1, "discard"],
	"Content-Type: x; name=y.exe" => [1, "hold"],
	"A: b\n\na copy, copy" => [0, "accept, bcc archive\@example.com"],
	"A: b" => [0, "accept"],
);
for my $text (sort keys %becomes) {
	my ($status, $decision) = @{$becomes{$text}};

	$b->{input} = "$text\n";
	my ($got, $out) = $b->test("message", "-");
	is $got, $status, "$text: status";
	is +($out =~ /^  -> (.*)/m)[0], $decision, "$text: $decision";
}

# Octets and headers that are left out, sizes, and line ends of all kinds.
$b->{input} = "Bcc: x\r\nA: b\r\n\r\n.\rc\0d\@\n..";
$b->says("as a server does", 0, <<'EOT',
stdin
  -> accept
A: b

. cd
..
EOT
    "message", "-o", 'message_strip_characters=@', "--result", "-");
for (['message_reject_characters=\0', "\0", "550 5.7.1 disallowed character"],
    ["message_size_limit=20", "x" x 20,
	"552 5.3.4 Error: message file too big"],
    ["strict_8bitmime_body=yes", "\xe4",
	"550 5.6.0 improper use of 8-bit data in message body"],
    ["header_checks=fail:x", "", "451 4.3.0 Error: queue file write error"]) {
	my ($setting, $text, $want) = @$_;

	$b->{input} = "A: b\n\n$text\n";
	my ($status, $out, $err) = $b->test("message", "-o", $setting, "-");
	like $out, qr/^  -> (?:reject|defer) \Q$want\E$/m, $setting;
	like $err, qr/header_checks map lookup problem/, "with its warning"
	    if $setting =~ /fail/;
}

# What ends headers is an empty line; a line of text is forgiven, or not.
my $open = "A: b\nFrom nobody\n\nx\n";
my $because = "primary header was terminated with non-empty line";
for (["fix_quietly", "", "accept"],
    ["add_header", "MIME-Error: message header was not terminated by empty " .
	"line\n", "accept"],
    ["reject", undef, "reject 550 5.6.0 $because"]) {
	my ($action, $header, $want) = @$_;

	$b->{input} = $open;
	my (undef, $out) = $b->test(qw(message --log --result -o),
	    "non_empty_end_of_header_action=$action", "-");
	like $out, qr/^  -> \Q$want\E$/m, "$action: what becomes of it";
	if (defined $header) {
		like $out, qr/\nA: b\n\Q$header\E\nFrom nobody\n\nx\n\z/,
		    "$action: what goes on";
		unlike $out, qr/mime-error/, "$action: nothing is logged";
	} else {
		like $out, qr/reject:\ mime-error\ \Q$because\E:
		    \ From\ nobody\ from\ [^;]*;\ from=<>$/mx,
		    "$action: the log has the line";
	}
	for my $whole ("A: b\n\nx\n", "A: b\n", " x\n") {
		$b->{input} = $whole;
		(undef, $out) = $b->test("message", "-o",
		    "non_empty_end_of_header_action=$action", "-");
		like $out, qr/^  -> accept$/m, "$action: another is whole";
	}
}
$b->{input} = $open;
{
	my ($status, $out, $err) = $b->test(
	    qw(message -o non_empty_end_of_header_action=fix -));
	like "$out$err", qr/non_empty_end_of_header_action: "fix" is not fix_qui/,
	    "an action that there is not";
}

subtest "what a server would log" => sub {
	my (undef, $out) = $b->test(qw(message --log --sender a@b --rcpt c@d
	    --rcpt e@f --client x.example[192.0.2.1] plain));
	like $out, qr/prepend:\ header\ Subject:\ hi\?\ there\ from
	    \ x\.example\[192\.0\.2\.1\];\ from=<a\@b>\ to=<e\@f>
	    \ proto=ESMTP:\ X-Said:\ hi/x, "whom it names";
};

$b->file("decoded", "Subject: =?utf-8?b?c2VjcmV0?=\n" .
    "Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n" .
    "aGlkZGVu\n");
$b->file("text_checks", "/secret/ WARN seen\n/hidden/ REJECT no\n");
$b->says("decoded content", 1, <<'EOT', "message", "-o", "header_checks=",
decoded
  decoded: Subject: secret
    text_checks: warning seen [text_checks:1]
  decoded: hidden
    text_checks: reject 5.7.1 no [text_checks:2]
  -> reject 550 5.7.1 no
EOT
    "-o", "text_checks=pcre:text_checks", "decoded");

# Many messages.
my @messages = ("Subject: hi\n\n>From x\n\nFrom y\n",
    "Subject: money\n\nx\n", "X-Gone: 1\n\n\n\n", "A: b\n");
my $from = "From x\@y Sat Nov 21\n";
$b->file("mbox", join "", map { $from . s/^(>*From )/>$1/mgr . "\n" }
    @messages);
mkdir "$b->{dir}/md";
mkdir "$b->{dir}/md/$_" for qw(cur new tmp);
$b->file("md/cur/$_:2,S", $messages[$_]) for 0, 1;
$b->file("md/new/$_", $messages[$_]) for 2, 3;
$b->file("md/tmp/unfinished", "x");

subtest "a mailbox is taken apart as it was put together" => sub {
	my ($status, $out) = $b->test(qw(message -j --result
	    --each -o header_checks= mbox));
	my @got = map { decode_json($_) } split /\n/, $out;
	is $status, 0;
	is $got[$_]{result}, $messages[$_], "message $_" for 0, 1, 2;
	is $got[3]{result}, $messages[3],
	    "message 3, which is all headers";
	is $got[1]{message}, "mbox:8", "and its name";
	is $got[4]{messages}, 4, "all of them";
};

subtest "hits per rule" => sub {
	for my $where ("mbox", "md") {
		my ($status, $out) = $b->test("message", $where);
		is $status, 1, "$where: some are not accepted";
		like $out, qr/^4\ messages:\ 2\ accept,\ 1\ discard,
		    \ 1\ reject\n/x, "$where: what becomes of them";
		like $out, qr/^ +1 +\d+ +[\d.]+  header_checks:4 PREPEND/m,
		    "$where: a rule with its hits and time";
		like $out, qr/^never: header_checks:9$/m,
		    "$where: and one that never matched";
		unlike $out, qr/^never: header_checks:[148]$/m;
	}
	my (undef, $out) = $b->test(qw(message -j mbox));
	my $summary = decode_json($out);
	is $summary->{reject}, 1, "as JSON";
	my ($rule) = grep { $_->{rule} eq "header_checks:1" }
	    @{$summary->{rules}};
	is $rule->{hits}, 1;
	is $rule->{answer}, "REJECT no advertising";
	cmp_ok $rule->{nanoseconds}, ">", 0, "with its time";
};

subtest "two configurations" => sub {
	mkdir "$b->{dir}/next";
	$b->file("next/main.cf", "compatibility_level = 3.6\n" .
	    "header_checks = pcre:next/checks\n");
	$b->file("next/checks",
	    "/^Subject: hi/ FILTER smtp:x\n/^X-Gone:/ DISCARD\n");
	$b->says("a mailbox", 1, <<'EOT', qw(message --compare next mbox));
mbox:1: accept, edited by header_checks:4 -> accept, filter smtp:x by next/checks:1
mbox:8: reject 550 5.7.1 no advertising by header_checks:1 -> accept
2 of 4 messages change
EOT
	my ($status, $out) = $b->test(qw(message -j --compare next mbox));
	is_deeply [map { decode_json($_) } split /\n/, $out], [
		{ message => "mbox:1",
		  before => { decision => "accept",
		      edited_by => "header_checks:4" },
		  after => { decision => "accept, filter smtp:x",
		      by => "next/checks:1" } },
		{ message => "mbox:8",
		  before => { decision => "reject 550 5.7.1 no advertising",
		      by => "header_checks:1" },
		  after => { decision => "accept" } },
		{ messages => 4, changed => 2 } ], "as JSON";
	$b->says("no difference", 0, "0 of 4 messages change\n",
	    qw(message --compare . mbox));
	$b->says("another text is one", 1,
	    "plain: accept, edited by header_checks:4 -> " .
	    "accept, edited by body_checks:3\n1 of 1 messages change\n",
	    qw(message -o body_checks= --compare other plain)) if mkdir("$b->{dir}/other") &&
	    $b->file("other/main.cf", "body_checks = regexp:body_checks\n") &&
	    $b->file("body_checks", "#\n#\n/x/ REPLACE y\n");
};

subtest "what cannot be read" => sub {
	$b->refuses("no such file", 66, qr/^weir test message: fatal: none: No/,
	    qw(message none));
	$b->refuses("no configuration", 78, qr/fatal: /,
	    qw(message -c nowhere plain));
	$b->refuses("no file", 64, qr/^usage: weir test message/, "message");
	$b->refuses("an unknown option", 64, qr/^usage/,
	    qw(message --frob plain));
	$b->refuses("a table that is not there", 1, qr/warning: .*nowhere/,
	    qw(message -o header_checks=pcre:nowhere plain));
};

# Hostile 34, 35: of any size, in bounded memory.
SKIP: {
	skip "the sanitizers need more memory", 2 if ($ENV{OUT} // "") =~ /san/;
	my $weir = Weir::Bench::program();
	my $out = qx(cd $b->{dir}; { printf 'From x\nA: '; head -c 50000000 /dev/zero | tr '\\0' h; printf '\n\n'; head -c 200000000 /dev/zero | tr '\\0' b; } | { ulimit -v 200000; $weir test message -c . -o message_size_limit=0 -; } 2>&1);
	is $?, 0, "a header of 50 MB and a line of 200 MB" or diag $out;
	like $out, qr/^1 messages: 1 accept/, "in 200 MB of address space";
}

done_testing;
