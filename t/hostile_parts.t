#!/usr/bin/perl
# Messages made so that a scanner and the reader see different things, and such as
# only take time and memory: hostile 78 to 81 and 84 of the list of hostile
# situations.  The word that must be found stands for a virus.
use strict;
use warnings;

use lib "t/lib";
use MIME::Base64 qw(encode_base64);
use Test::More;
use Weir;

my $w = Weir->new(main => <<'EOT', files => { names => <<'EON' });
relay_domains = example.org
relay_recipient_maps =
relay_transport = discard
smtpd_peername_lookup = no
header_checks = pcre:{{/^X-Bad: forbidden/ REJECT found}}
text_checks = pcre:{{/forbidden/ REJECT found}}
attachment_checks = pcre:$config_directory/names
message_size_limit = 60000000
EOT
/^(?:name|member): .*\.exe$/ REJECT program
/^zip: (\w+)$/ REJECT zip $1
EON

sub post {
	my ($data) = @_;

	$data =~ s/\n?\z/\n/;
	$data =~ s/\r?\n/\r\n/g;
	return $w->send_mail(to => 'x@example.org', data => $data,
	    seconds => 60) =~ s/\s*\z//r;
}

my $found = qr/^550 5\.7\.1 found/;
my $word = "this is forbidden here\n";
my $base64 = encode_base64($word);
my $mixed = "MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n";

sub single {
	my ($encoding, $body) = @_;
	return "MIME-Version: 1.0\nContent-Type: text/plain\n$encoding\n$body";
}

my $b64 = "Content-Transfer-Encoding: base64\n";
my $qp = "Content-Transfer-Encoding: quoted-printable\n";
my @encodings = (
	[ "base64", $b64, $base64 ],
	[ "junk between", $b64, join "*", split //, $base64 ],
	[ "blanks between", $b64, join " ", split //, $base64 ],
	[ "lines of six", $b64, $base64 =~ s/\n//gr =~ s/(.{6})/$1\n/gr ],
	[ "no padding", $b64, $base64 =~ s/=//gr ],
	[ "padding in the middle", $b64, encode_base64("this is forb", "") .
	    encode_base64("x") . $base64 ],
	[ "padded pieces", $b64, join "", map { encode_base64($_, "") } "thi", "s ",
	    "is ", "f", "orbidde", "n" ],
	[ "a blank behind its name", "Content-Transfer-Encoding: base64 \n", $base64 ],
	[ "other letters", "CONTENT-TRANSFER-ENCODING:BASE64\n", $base64 ],
	[ "a comment", "Content-Transfer-Encoding: (7bit) base64 (x)\n", $base64 ],
	[ "folded", "Content-Transfer-Encoding:\n base64\n", $base64 ],
	[ "quoted", "Content-Transfer-Encoding: \"base64\"\n", $base64 ],
	[ "a semicolon behind it", "Content-Transfer-Encoding: base64;\n", $base64 ],
	[ "twice, then none", "${b64}Content-Transfer-Encoding: 7bit\n", $base64 ],
	[ "none, then twice", "Content-Transfer-Encoding: 7bit\n$b64", $base64 ],
	[ "a name that few know", "Content-Transfer-Encoding: x-base64\n", $base64 ],
	[ "a name that few know, and not meant", "Content-Transfer-Encoding: x-base64\n", $word ],
	[ "a name that nobody knows", "Content-Transfer-Encoding: x\n", $word ],
	[ "soft breaks", $qp, "this is forb=\nid=\nden\n" ],
	[ "blanks behind soft breaks", $qp, "this is forb= \t\nidden\n" ],
	[ "all of it", $qp, "=66=6F=72=62=69=64=64=65=6E\n" ],
	[ "small letters", $qp, "=66=6f=72=62=69=64=64=65=6e\n" ],
	[ "what is none", $qp, "=ZZ = forbidden =\n" ],
);
like post(single($_->[1], $_->[2])), $found, "hostile 78: $_->[0]"
    for @encodings;
like post("${mixed}${b64}\n--b\n$b64\n$base64--b--\n"), $found,
    "hostile 78: base64, says the multipart";
like post("${mixed}\n--b\n$_->[1]\n$_->[2]\n--b--\n"), $found,
    "hostile 78: in a part: $_->[0]" for @encodings;

my $rfc822 = "Content-Type: message/rfc822\n\n";
my %places = (
	"the preamble" => "$mixed\n$word\n--b\n\nx\n--b--\n",
	"the epilogue" => "$mixed\n--b\n\nx\n--b--\n$word",
	"behind a second end" => "$mixed\n--b\n\nx\n--b--\n--b\n\n$word--b--\n",
	"a part without an end" => "$mixed\n--b\n$b64\n$base64",
	"the last line, without an end" => "$mixed\n--b\n\n" . $word =~ s/\n//r,
	"an inner part" => "$mixed\n--b\nContent-Type: multipart/x; " .
	    "boundary=c\n\n--c\n$b64\n$base64--c--\n--b--\n",
	"a part that the outer one ends" => "$mixed\n--b\nContent-Type: " .
	    "multipart/x; boundary=c\n\n--c\n\nx\n--b\n$b64\n$base64--b--\n",
	"a message in it" => "$mixed\n--b\n$rfc822" .
	    "Subject: x\n$b64\n$base64--b--\n",
	"its subject" => "$mixed\n--b\n${rfc822}Subject: forbidden\n\nx\n--b--\n",
	"its subject, encoded" => "$mixed\n--b\n${rfc822}Subject: =?utf-8?B?" .
	    encode_base64("forbidden", "") . "?=\n\nx\n--b--\n",
	"a header" => "X-Bad: forbidden\n\nx\n",
	"a header, encoded" => "Subject: =?utf-8?Q?forb=69dden?=\n\nx\n",
	"an external body" => "Content-Type: message/external-body\n\n" .
	    "Content-ID: <x>\n\n$word",
	"a part of a message" => "MIME-Version: 1.0\nContent-Type: " .
	    "message/partial; id=x; number=1; total=2\n\nSubject: x\n\n$word",
	"no type" => "MIME-Version: 1.0\nContent-Type:\n\n$word",
	"a type that is none" => "MIME-Version: 1.0\nContent-Type: ;;=\n\n$word",
);
like post($places{$_}), $found, "hostile 84: $_" for sort keys %places;
like post($places{$_} =~ s/forbidden|forb=69dden|[\w+\/]{26}\S*/allowed/gr),
    qr/^250 /, "and only the word: $_" for "the preamble", "the epilogue",
    "a header, encoded", "a part without an end";

# Levels, each in the other.
sub nested {
	my ($levels) = @_;
	my $text = "Subject: deep\nMIME-Version: 1.0\n";

	$text .= "Content-Type: multipart/mixed; boundary=b$_.\n\n--b$_.\n"
	    for 1 .. $levels;
	return "$text\n$word" . join "", map { "--b$_.--\n" } reverse 1 .. $levels;
}
my $deep = "550 5.6.0 MIME nesting exceeds safety limit";
is post(nested(1000)), $deep, "hostile 79: 1000 levels";
like post(nested(90)), $found, "90 levels hide nothing";
# These are no levels, which take memory; nor are they to Postfix.
like post($rfc822 x 1000 . "Subject: x\n\n$word"), $found,
    "nor do 1000 messages, each in the other";

sub memory {
	my %role = $w->roles;
	return Weir::read_file("/proc/$role{proxy}/status") =~ /^VmHWM:\s+(\d+)/m
	    ? $1 : 0;
}
my $sanitized = ($ENV{OUT} // "") =~ /san/;
my $before = memory();
like post("$mixed\n" . "--b\n\n" x ($sanitized ? 100_000 : 1_000_000) .
    "$word--b--\n"), $found, "1,000,000 parts";
like post("$mixed\n" . "--b" x 3_000_000 . "\n--b\n\n$word"), $found,
    "a line that goes on like a boundary";
cmp_ok memory() - $before, "<", $sanitized ? 500_000 : 80_000,
    "in bounded memory";

# Names of attachments.
sub named {
	return post("$mixed\n--b\n$_[0]\nx\n--b--\n");
}
my %names = (
	"in pieces" => "Content-Disposition: attachment; filename*0=\"evil\";\n " .
	    "filename*1=\".e\"; filename*2=\"xe\"",
	"in pieces, out of order" => "Content-Disposition: attachment; " .
	    "filename*1=\".exe\"; filename*0=\"evil\"",
	"in pieces, some encoded" => "Content-Disposition: attachment; " .
	    "filename*0*=utf-8''evil%2e; filename*1=exe",
	"an encoded word" => "Content-Type: x/y; name==?utf-8?Q?evil=2Eexe?=",
	"two encoded words" => "Content-Type: x/y; name=\"=?utf-8?Q?evil=2E?= " .
	    "=?us-ascii?B?ZXhl?=\"",
	"a dot at its end" => "Content-Type: x/y; name=evil.exe.",
	"a blank at its end" => "Content-Type: x/y; name=\"evil.exe \"",
	"a NUL" => "Content-Disposition: attachment; filename*=utf-8''evil.exe%00.txt",
	"a line end" => "Content-Disposition: attachment; " .
	    "filename*=utf-8''evil.txt%0d%0a.exe",
	"from right to left" => "Content-Type: x/y; name=\"evil\xe2\x80\xaetxt.exe\"",
	"only in the type" => "Content-Type: x/y; name=evil.exe\n" .
	    "Content-Disposition: attachment; filename=good.txt",
	"only in the disposition" => "Content-Type: x/y; name=good.txt\n" .
	    "Content-Disposition: attachment; filename=evil.exe",
	"in a second header" => "Content-Type: x/y; name=good.txt\n" .
	    "Content-Type: x/y; name=evil.exe",
	"twice" => "Content-Type: x/y; name=good.txt; name=evil.exe",
	"folded" => "Content-Type: x/y;\n name=\n  evil.exe",
	"no quote at its end" => "Content-Type: x/y; name=\"evil.exe",
	"no semicolon" => "Content-Type: x/y name=evil.exe",
);
like named($names{$_}), qr/^550 5\.7\.1 program/, "hostile 80: $_"
    for sort keys %names;

# Archives, as Python makes them.
sub python {
	my ($code) = @_;

	open my $p, "-|", "python3", "-c", <<EOT or die "python3: $!";
import io, struct, sys, zipfile, zlib
def archive(*members):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members:
            z.writestr(name, data)
    return out.getvalue()
def nested(n):
    a = archive(("evil.exe", b"MZ"))
    for i in range(n):
        a = archive(("%d.zip" % i, a))
    return a
def header(name, packed, size, crc):
    return struct.pack("<4s5H3I2H", b"PK\\3\\4", 20, 0, 8, 0, 0, crc,
        packed, size, len(name), 0) + name
def entry(name, packed, size, crc, at):
    return struct.pack("<4s6H3I5H2I", b"PK\\1\\2", 20, 20, 0, 8, 0, 0, crc,
        packed, size, len(name), 0, 0, 0, 0, 0, at) + name
def end(n, at, length):
    return struct.pack("<4s4H2IH", b"PK\\5\\6", 0, 0, n & 0xffff, n & 0xffff,
        length, at, 0)
def overlapping(n, size):
    z = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = z.compress(b"\\0" * size) + z.flush()
    crc = zlib.crc32(b"\\0" * size)
    body = header(b"a", len(data), size, crc) + data
    names = b"".join(entry(b"a", len(data), size, crc, 0) for i in range(n))
    return body + names + end(n, len(body), len(names))
def many(n):
    one = header(b"a", 2, 0, 0) + b"\\3\\0"
    names = b"".join(entry(b"a", 2, 0, 0, i * len(one)) for i in range(n))
    return one * n + names + end(n, len(one) * n, len(names))
sys.stdout.buffer.write($code)
EOT
	binmode $p;
	local $/;
	return scalar <$p>;
}

sub attached {
	return post("$mixed\n--b\nContent-Type: application/zip\n$b64\n" .
	    encode_base64(python($_[0])) . "--b--\n");
}
$before = memory();
like attached("nested(20)"), qr/^550 5\.7\.1 zip nested/,
    "hostile 81: twenty archives, each in the other";
like attached('archive(("0", b"\0" * 500000000))'), qr/^250 /,
    "500 MB of nothing are not unpacked";
like attached('archive(("a.zip", archive(("0", b"\0" * 100000000)) + b"\0" * 400000000))'),
    qr/^550 5\.7\.1 zip (?:limit|damaged|nested)/, "nor as an archive in it";
like attached("overlapping(50000, 10000000)"), qr/^(?:250|550 5\.7\.1 zip)/,
    "50,000 members in the same place";
like attached("many(300000)"), qr/^550 5\.7\.1 zip limit/, "300,000 members";
cmp_ok memory() - $before, "<", $sanitized ? 1_000_000 : 100_000,
    "in bounded memory";
like post("Subject: x\n\nnothing\n"), qr/^250 /, "other mail goes on";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
