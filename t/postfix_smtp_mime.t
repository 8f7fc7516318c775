#!/usr/bin/perl
# Messages with octets beyond ASCII on their way to servers with and without
# 8BITMIME and SMTPUTF8, beside Postfix's client: RFC 6152, 3; RFC 6531; I-63.
use strict;
use warnings;

use lib "t/lib";
use Test::More;

BEGIN {
	require Weir::Hops;
	my $lacking = Weir::Hops::lacking();
	plan skip_all => $lacking if $lacking;
}

my $hops = Weir::Hops->new(files => { edits => <<'EOT' });
/^Subject: x/ REPLACE Subject: \xe4
/^X-Case/ IGNORE
/^one/ REPLACE 1 \xe4
/^seven/ PREPEND six
/^three/ STRIP
EOT
my $plain = "250-sink\r\n250 SIZE 1000000";
my $eight = "$plain\r\n" =~ s/250 SIZE/250-8BITMIME\r\n250 SIZE/r =~ s/\r\n\z//r;
my $text = "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n" .
    "Content-Transfer-Encoding: 8bit\nSubject: x\n\n";

# In a server's way: every case twice.
sub both {
	my ($name, $data, %arg) = @_;

	$hops->try("$name, 8BITMIME", data => $data, ehlo => $eight, %arg);
	$hops->try("$name, without", data => $data, ehlo => $plain, %arg);
}

both("a text", $text . "gr\xc3\xbc\xc3\x9fe = 1\n", mail => " BODY=8BITMIME");
both("not announced", $text . "gr\xc3\xbc\xc3\x9fe\n");
both("announced as 7bit", $text . "gr\xc3\xbc\xc3\x9fe\n", mail => " BODY=7BIT");
both("no MIME", "Subject: x\n\ngr\xc3\xbc\xc3\x9fe\n",
    mail => " BODY=8BITMIME");
both("base64", ($text =~ s/8bit/base64/r) . "w7w=\n");
both("quoted-printable", ($text =~ s/8bit/quoted-printable/r) . "=C3=BC\n");

my @lines = ("tab\t", "blank ", " ", "", ".", "..", "From here", "a=b", "-- ",
    "\x7f\x01\x80", "x" x 71, "x" x 72, "x" x 73, "x" x 74, "x" x 75, "x" x 76,
    "x" x 77, "x" x 72 . " ", "x" x 73 . "\t", "=" x 100, "\xc3\xbc" x 100,
    "x" x 3000, "\xff" x 3000);
$hops->try("line " . ($_ + 1), data => "$text$lines[$_]\nbehind\n", ehlo => $plain)
    for 0 .. $#lines;
$hops->try("an empty body", data => $text, ehlo => $plain);
$hops->try("no body", data => $text =~ s/\n\n/\n/r, ehlo => $plain);
$hops->try("a header: $_", ehlo => $plain,
    data => $text =~ s/Content-Transfer-Encoding:.*\n/"$_\n"/re . "\xfc\n")
    for "content-transfer-encoding :\tBINARY (x)",
    "Content-Transfer-Encoding:\n 8bit", "Content-Transfer-Encoding: 8-bit",
    "Content-Transfer-Encoding: 8bit; x=y",
    "Content-Transfer-Encoding: 8bit\nContent-Transfer-Encoding: 7bit",
    "Content-Transfer-Encoding: 7bit\nContent-Transfer-Encoding: 8bit";

my $parts = <<"EOT";
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="b"
Content-Transfer-Encoding: 8bit
Subject: x

preamble \xfc
--b
Content-Type: text/plain; charset=iso-8859-1
Content-Transfer-Encoding: 8bit
Content-Description: one

one \xe4
--b
Content-Type: application/octet-stream
Content-Transfer-Encoding: base64

5A==
--b
Content-Transfer-Encoding: binary

three \xe4
--b
Content-Type: message/rfc822
Content-Transfer-Encoding: 8bit

Subject: within
Content-Type: multipart/alternative; boundary=c
Content-Transfer-Encoding: 8bit

--c

seven \xe4
--c
Content-Transfer-Encoding: 8bit

eight \xe4
--c--
--b--
epilogue \xe4
EOT
both("parts", $parts, mail => " BODY=8BITMIME");
$hops->try("parts that are messages", ehlo => $plain,
    data => $parts =~ s/mixed/digest/r);
$hops->try("message/$_", ehlo => $plain,
    data => $parts =~ s/rfc822/$_/r) for "global", "partial", "delivery-status",
    "global\nContent-Transfer-Encoding: 7bit",
    "global\nContent-Transfer-Encoding: base64", "GLOBAL; charset=x";
$hops->try("message/global, no encoding", ehlo => $plain, data => $parts =~
    s/rfc822\nContent-Transfer-Encoding: 8bit/global/r);
both("kept as it is", $parts, set => "disable_mime_output_conversion=yes");
both("with checks", $parts, set => "smtp_header_checks=pcre:" .
    '$config_directory/edits smtp_body_checks=pcre:$config_directory/edits');
sub nested {
	my ($n) = @_;

	return join("", map { "Content-Type: multipart/mixed; boundary=x$_\n" .
	    "\n--x$_\n" } 1 .. $n) . "\nx\n" .
	    join("", map { "--x$_--\n" } reverse 1 .. $n);
}
both("too deep", nested(105));
both("deep", nested(99));
both("LMTP", $parts, lmtp => 1, set => "lmtp_skip_quit_response=yes");
both("no EHLO", $parts, replies => { EHLO => ["500 what *"] });

my $utf8 = "$eight\r\n" =~ s/250 SIZE/250-SMTPUTF8\r\n250 SIZE/r =~ s/\r\n\z//r;
my $address = "gr\xc3\xbc\xc3\x9fe\@example.net";
for my $ehlo ($eight, $utf8) {
	my $has = $ehlo eq $utf8 ? "offered" : "not offered";
	my @set = (ehlo => $ehlo, mail => " SMTPUTF8 BODY=8BITMIME");

	$hops->try("SMTPUTF8 $has, not needed", @set);
	$hops->try("SMTPUTF8 $has, for the body", @set, data => "$text\xc3\xbc\n");
	$hops->try("SMTPUTF8 $has, for a header", @set,
	    data => "Subject: \xc3\xbc\n\nx\n");
	$hops->try("SMTPUTF8 $has, for the sender", @set, from => $address);
	$hops->try("SMTPUTF8 $has, by LMTP", @set, from => $address, lmtp => 1);
	$hops->try("SMTPUTF8 $has, not asked for", ehlo => $ehlo,
	    data => "Subject: \xc3\xbc\n\nx\n");
}

$hops->compare;
done_testing;
