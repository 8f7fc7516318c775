#!/usr/bin/perl
# What milters change in messages, one or several in a row, and what
# milter_header_checks say to it.  Hostile 36, 86.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Scenes;

my $w = gateway();
my $plain = plain();

# The changes.
scene "headers" => stage({ E => ["hX-End\0last\0", "i\0\0\0\0X-Top\0first\0",
	"i\0\0\0\2X-Below\0second\0", "i\0\0\x13\x88X-Far\0far\0",
	"m\0\0\0\1Subject\0new\0", "m\0\0\0\1X-A\0\0", "m\0\0\0\5From\0more\0",
	"m\0\0\0\0date\0zero\0", "m\0\0\0\1Received\0\0",
	"i\xff\xff\xff\xffX-Minus\0m\0", "m\0\0\0\7Nix\0\0", "c"] }) => sub {
	my ($arg) = @_;
	my (undef, undef, $out) = mail($arg, own => 1);
	is $out, <<'EOT', "are added, inserted, changed and deleted";
X-Top: first
OWN
X-Below: second
From: <me@example.net>
Subject: new
Message-ID: <it@example.net>
date: zero
X-End: last
X-Far: far
From: more
X-Minus: m

body
EOT
};

scene "harmful headers" => stage({ E => ["hX-A\0a\nBcc: evil\r\n\tfold\rx\n\0",
	"hX B\0y\0", "hX\x01C\0y\0", "h\0y\0", "hX-8\0\xe9\xff\0",
	"hX-Long\0" . "v" x 200_000 . "\0", "hEmpty\0\0", "c"] }) => sub {
	my ($arg) = @_;
	my ($reply, $log, $out) = mail($arg);
	like $reply, qr/^250/, "row 86: taken";
	like $out, qr/^X-A: a\n\tBcc: evil\n\tfold x\nX-8: \xe9\xff\n/m,
	    "row 36: no header of its own";
	unlike $out, qr/^(X B|X.C|:)/m, "bad names are left out";
	like $log, qr/ignoring header from Milter with a bad name: "X B"/, "said so";
	my ($long) = $out =~ /^X-Long: (v+(?:\n v+)*)$/m;
	$long =~ s/\n //g;
	is length($long) + 8, 102_400, "a long one is cut";
	like $out, qr/^Empty:/m, "an empty one is there";
};

scene "recipients" => stage({ E => ["+new\@example.org\0", "+<in\@example.org>\0",
	"2par\@example.org\0NOTIFY=never ORCPT=rfc822;x\@y.z FOO=bar\0",
	"-<gone\@example.org>\0", "-nobody\@x.y\0", "+\0", "+|cmd\0", "+/file\0",
	"+alias\@example.org\0", "+twice\@example.org\0", "+twice\@example.org\0",
	"-twice\@example.org\0", "c"] }) => sub {
	my ($arg) = @_;
	my ($reply, $log) = mail($arg, lost => 1,
	    to => ["gone\@example.org", "alias2\@example.org"]);
	like $reply, qr/^250/, "taken";
	my ($id) = $reply =~ /(\w+)$/;
	$w->wait_log("$id: removed");
	my @to = sort map { /to=<(\S+?)>/ } grep { /$id: to=/ } split /\n/, $w->log;
	is_deeply \@to, [qw(a1@example.org a2@example.org b@example.org
	    in@example.org new@example.org par@example.org)],
	    "added and deleted, aliases expanded";
	like $log, qr/$id: ignoring attempt from Milter to add null recipient/, "none";
	like $log, qr/$id: ignoring address from Milter: "\|cmd"/, "row 86: no command";
	like $log, qr/$id: ignoring address from Milter: "\/file"/, "no file";
	like $log, qr/$id: ignoring ESMTP argument from Milter or header\/body_checks: "FOO=bar"/,
	    "parameters that are none";
};

scene "no recipient" => stage({ E => ["-<gone\@example.org>\0", "c"] }) => sub {
	my ($arg) = @_;
	my ($reply, $log) = mail($arg, lost => 1, to => "gone\@example.org");
	like $reply, qr/^250/, "a message that nobody is to get";
};

scene "sender" => stage({ E => ["e<other\@x.example>\0RET=HDRS ENVID=abc BAZ\0", "c"] }) =>
    sub {
	my ($arg) = @_;
	my ($reply, $log) = mail($arg);
	my ($id) = $reply =~ /(\w+)$/;
	ok $w->wait_log("$id: from=<other\@x\\.example>"), "is changed";
	like $log, qr/Ignoring bad ESMTP parameter "BAZ" in SMFI_CHGFROM request/, "said so";
};

scene "null sender" => stage({ E => ["e\0", "c"] }) => sub {
	my ($arg) = @_;
	my ($reply) = mail($arg);
	my ($id) = $reply =~ /(\w+)$/;
	ok $w->wait_log("$id: from=<>"), "is one, too";
};

scene "body" => stage({ E => ["bnew body\r\n.\r", "b\nno newline", "hX-After\0v\0", "c"] }) =>
    sub {
	my ($arg) = @_;
	my (undef, undef, $out) = mail($arg);
	is $out =~ s/\n+$//r, $plain =~ s/\n\nbody\n/\nX-After: v\n\nnew body\n.\nno newline/r,
	    "is replaced";
};

scene "body of nothing" => stage({ E => ["b", "c"] }) => sub {
	my ($arg) = @_;
	my (undef, undef, $out) = mail($arg);
	is $out, $plain =~ s/\nbody\n$/\n/r, "is one";
};

scene "body, mixed" => stage({ E => ["bone\r\n", "hX\0v\0", "btwo\r\n", "c"] }) => sub {
	my ($arg) = @_;
	my ($reply, $log) = mail($arg);
	is $reply, "451 4.3.5 Server configuration problem - try again later", "refused";
	warns($log, $arg, "body replacement requests can't currently be mixed with other requests");
};

scene "large body" => { milters => [{ answers => { E =>
	[("b" . ("0123456789" x 6 . "\r\n") x 1000) x 60, "c"] } }] } => sub {
	my ($arg) = @_;
	my (undef, undef, $out) = mail($arg,
	    data => "a: b\r\n\r\n" . ("x" x 70 . "\r\n") x 9000);
	is length($out =~ s/^.*?\n\n//sr), 61 * 60_000, "replaced, from a file";
	unlike $out, qr/x{70}/, "nothing of the old one";
};

scene "too large a body" => { milters => [{ answers => { E =>
	[("b" . "x" x 65_000) x 20, "c"] } }],
	set => ["message_size_limit = 1000000"] } => sub {
	my ($arg) = @_;
	my ($reply) = mail($arg);
	is $reply, "552 5.3.4 Error: message file too big", "row 86: refused";
};

# One after the other.
scene "in a row" => { milters => [{ answers => { E => ["i\0\0\0\0X-One\0a\0",
	"m\0\0\0\1Subject\0one\0", "bbody of one\r\n", "c"] } },
	{ answers => { E => ["hX-Two\0b\0", "c"] } }, {}] } => sub {
	my ($arg) = @_;
	my (undef, undef, $out) = mail($arg, own => 1);
	like all_heard($arg, 1), qr/^L X-One\|a\|\n(?:.*\n)*L Subject\|one\|\n(?:.*\n)*B body of one\\x0d\\x0a\n/m,
	    "the second sees what the first has made of it";
	like all_heard($arg, 2), qr/^L X-Two\|b\|$/m, "so does the third";
	is $out, "X-One: a\nOWN\n" . $plain =~ s/  two\n folded/ one/r =~
	    s/\n\nbody/\nX-Two: b\n\nbody of one/r, "the sum of it";
};

scene "in a row, large" => { milters => [{}, {}] } => sub {
	my ($arg) = @_;
	my $body = join "", map { sprintf "%069d\r\n", $_ } 1 .. 9000;
	my ($reply) = mail($arg, data => "a: b\r\n\r\n$body", seconds => 60);
	like $reply, qr/^250/, "taken";
	for my $i (0, 1) {
		my $got = all_heard($arg, $i);
		my $all = join "", $got =~ /^B (.*)/mg;
		$all =~ s/\\x0d\\x0a/\r\n/g;
		ok $all eq $body, "milter $i has seen all of it";
	}
};

scene "accept, then the next" => { milters => [{ answers => { "L Subject" => ["a"] } }, {}] } =>
    sub {
	my ($arg) = @_;
	my ($reply) = mail($arg);
	like $reply, qr/^250/, "taken";
	unlike all_heard($arg, 0), qr/^[NBE]/m, "the one has had enough";
	like all_heard($arg, 1), qr/^B body/m, "the other sees all";
};

scene "reject by the second" => { milters => [{ answers => { E => ["hX\0v\0", "c"] } },
	{ answers => { E => ["r"] } }] } => sub {
	my ($arg) = @_;
	my ($reply) = mail($arg);
	is $reply, "550 5.7.1 Command rejected", "counts";
};

scene "two messages" => { milters => [{ answers => { "L X-B" => ["r"] } }, {}] } => sub {
	my ($arg) = @_;
	my $c = client($arg);
	like $c->deliver(to => "a\@example.org", data => "X-B: 1\r\n\r\n"), qr/^550/, "one is refused";
	like $c->deliver(to => "a\@example.org", data => "X-C: 1\r\n\r\n"), qr/^250/, "the next is not";
	like $c->deliver(to => "a\@example.org", data => "X-C: 2\r\n\r\n"), qr/^250/, "nor that behind it";
	$c->cmd("QUIT");
	is scalar(() = all_heard($arg, 0) =~ /^A $/mg), 3, "each is ended";
};

scene "RSET and HELO" => { milters => [{}] } => sub {
	my ($arg) = @_;
	talk($arg, "EHLO x", "MAIL FROM:<a\@b.example>", "RSET",
	    "MAIL FROM:<c\@b.example>", "EHLO y");
	is all_heard($arg) =~ s/^[DOC].*\n//gmr,
	    "H x|\nM <a\@b.example>|\nA \nM <c\@b.example>|\nA \nH y|\nQ \ngone\n",
	    "end a message";
};

# milter_header_checks.
my %checks = (
	reject => ["REJECT 5.7.9 whatever it is", qr/^550 5\.7\.9 whatever it is$/, undef, "5.7.9 whatever it is"],
	replace => ["REPLACE a: b", qr/^250/, "a: b", "a: b"],
	strip => ["STRIP it", qr/^250/, "", "it"],
	warning => ["WARN it", qr/^250/, "X-S: 1", "it"],
	prepend => ["PREPEND a: b", qr/^250/, "X-S: 1", "a: b"],
	hold => ["HOLD it", qr/^250/, undef, "it"],
	discard => ["DISCARD it", qr/^250/, undef, "it"],
	bcc => ["BCC x\@example.org", qr/^250/, "X-S: 1", "x\@example.org"],
);
for my $action (sort keys %checks) {
	scene "milter_header_checks: $action" => { milters => [{ answers => { E => ["hX-S\0001\0", "c"] } }],
		set => ["milter_header_checks = pcre:{ {/^X-S:/ $checks{$action}[0]} }"] } => sub {
		my ($arg) = @_;
		my (undef, $want, $header, $words) = @{ $checks{$action} };
		my ($reply, $log, $out) = mail($arg, lost => !defined $header);
		like $reply, $want, "reply";
		like $log, qr/cleanup\[\d+\]: \w+: milter-header-$action: header X-S: 1 from localhost\[127\.0\.0\.1\]; from=<sender\@example\.net> to=<\S+> proto=ESMTP helo=<client\.example\.net>: \Q$words\E$/m,
		    "logged";
		return unless defined $header;
		my @more = grep { my $l = $_; !grep { $_ eq $l } split /\n/, $plain } split /\n/, $out;
		is "@more", $header, "the header";
		like $log, qr/warning: the milter_header\/body_checks prepend action is not implemented/,
		    "cannot be done" if $action eq "prepend";
	};
}

scene "too many changes" => { milters => [{ answers => { E => [("hX\0" . "v" x 60_000 . "\0") x 100, "c"] } }] } => sub {
	my ($arg) = @_;
	my ($reply, $log) = mail($arg);
	is $reply, "451 4.3.5 Server configuration problem - try again later", "row 86: refused";
	warns($log, $arg, "too many changes to one message");
};

# Header and body checks come first.
scene "header_checks: PASS" => { milters => [{}],
	set => ["header_checks = pcre:{ {/^X-A:/ PASS} }"] } => sub {
	my ($arg) = @_;
	my ($reply) = mail($arg);
	like $reply, qr/^250/, "taken";
	unlike all_heard($arg), qr/^[LE]/m, "the content is nobody's business";
};

scene "body_checks: REJECT" => { milters => [{}],
	set => ["body_checks = pcre:{ {/^body/ REJECT} }"] } => sub {
	my ($arg) = @_;
	my ($reply) = mail($arg);
	is $reply, "550 5.7.1 message content rejected", "refused";
	like all_heard($arg), qr/^A $/m, "the milter is told that it is over";
	unlike heard($arg), qr/^E/m, "and not asked";
};

scene "header_checks: REPLACE" => { milters => [{}],
	set => ["header_checks = pcre:{ {/^X-A:/ REPLACE X-B: new} }"] } => sub {
	my ($arg) = @_;
	mail($arg);
	like all_heard($arg), qr/^L X-B\|new\|$/m, "milters see what they make of it";
};

scene "too large" => { milters => [{}], set => ["message_size_limit = 1000"] } => sub {
	my ($arg) = @_;
	my ($reply) = mail($arg, data => "a: b\r\n\r\n" . "x" x 2000 . "\r\n");
	is $reply, "552 5.3.4 Error: message file too big", "refused";
	unlike all_heard($arg), qr/^E/m, "and milters are not asked";
};

play_scenes();
