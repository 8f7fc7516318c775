#!/usr/bin/perl
# attachment_checks over a port: names and types however they are written, and what
# archives hold, as Python's email and zipfile write them.
use strict;
use warnings;

use lib "t/lib";
use MIME::Base64 qw(encode_base64);
use Test::More;
use Weir::Scenario;

my $w = Weir::Scenario->new(base => <<'EOT');
relay_domains = example.com
relay_recipient_maps =
relay_transport = discard
smtpd_peername_lookup = no
attachment_checks = pcre:$dir/etc/checks
EOT

sub message {
	my ($data) = @_;

	$data =~ s/\r?\n/\r\n/g;
	return $w->send_mail(to => 'a@example.com', data => $data);
}

# A part with these headers and this content, in base64.
sub part {
	my ($headers, $content) = @_;

	return message("MIME-Version: 1.0\n" .
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n$headers" .
	    "Content-Transfer-Encoding: base64\n\n" .
	    encode_base64($content) . "--b--\n");
}

sub python {
	my ($code) = @_;

	open my $p, "-|", "python3", "-c", $code or die "python3: $!";
	binmode $p;
	local $/;
	my $out = <$p>;
	close $p;
	return $out // "";
}

my $any = "Content-Type: application/octet-stream\n";

subtest "names and types" => sub {
	$w->write_file("checks", <<'EOT');
/^name: .*\.exe$/		REJECT programs
/^type: application\/x-msdownload$/	REJECT downloads
/^names: too many$/		REJECT names
EOT
	$w->take("");
	like part("Content-Type: application/pdf; name=x.pdf\n", "x"), qr/^250 /,
	    "what is allowed";
	like part($_, "x"), qr/^550 5\.7\.1 programs/, $_ =~ s/\n/|/gr for
	    "${any}Content-Disposition: attachment; filename=\"invoice.pdf.exe\"\n",
	    "Content-Type: image/png; name=x.exe\n" .
	    "Content-Disposition: inline; filename=x.png\n",
	    "Content-Type: image/png; name=\"=?utf-8?B?eC5leGU=?=\"\n",
	    "${any}Content-Disposition: attachment; filename*=utf-8''x%2eexe\n",
	    "${any}Content-Disposition: attachment;\n filename*0=x.e;\n filename*1=xe\n",
	    "${any}Content-Disposition: attachment; filename=my file.exe\n",
	    "${any}Content-Disposition: attachment; filename=\"x.exe.\"\n",
	    "${any}Content-Disposition: attachment; filename=\"x\xe2\x80\xaefdp.exe\"\n";
	like part("Content-Type: Application/X-MSDownload (a program)\n", "x"),
	    qr/^550 5\.7\.1 downloads/, "a type";
	like part("$any" . "Content-Disposition: x" . ("; name=y" x 40) . "\n", "x"),
	    qr/^550 5\.7\.1 names/, "too many names";
	ok $w->wait_log(qr/: reject: attachment name: invoice\.pdf\.exe from /),
	    "the log has the line";
	like python(<<'EOT'), qr/filename\*/, "Python writes RFC 2231";
import email.message
m = email.message.EmailMessage()
m.add_attachment(b"x", maintype="application", subtype="zip",
    filename="\u00fcber\u20ac" * 30 + ".exe")
print(m.as_string())
EOT
	like message(python(<<'EOT')), qr/^550 5\.7\.1 programs/, "and it is read";
import email.message
m = email.message.EmailMessage()
m["Subject"] = "x"
m.add_attachment(b"x", maintype="application", subtype="zip",
    filename="\u00fcber\u20ac" * 30 + ".exe")
print(m.as_string())
EOT
};

# An archive that Python's zipfile writes: members by name, content, method.
sub archive {
	my ($code) = @_;

	return python(<<EOT);
import io, sys, zipfile
def archive(*members, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as z:
        for name, data in members:
            z.writestr(name, data)
    return out.getvalue()
def encrypted(data):
    d = bytearray(data)
    for s, o in ((b"PK\\3\\4", 6), (b"PK\\1\\2", 8)):
        d[d.find(s) + o] |= 1
    return bytes(d)
class Pipe(io.RawIOBase):
    def __init__(self): self.data = b""
    def writable(self): return True
    def write(self, b): self.data += bytes(b); return len(b)
def streamed(*members):
    p = Pipe()
    with zipfile.ZipFile(p, "w", zipfile.ZIP_DEFLATED) as z:
        for name, data in members:
            z.writestr(name, data)
    return p.data
sys.stdout.buffer.write($code)
EOT
}

my $exe = 'archive(("readme.txt", b"x" * 9999), ("dir/evil.exe", b"MZ" * 99))';
my %archives = (
	"deflated" => $exe,
	"stored" => $exe =~ s/\)$/, method=zipfile.ZIP_STORED)/r,
	"bzip2" => $exe =~ s/\)$/, method=zipfile.ZIP_BZIP2)/r,
	"sizes behind the members" =>
	    'streamed(("a", b"x" * 99), ("evil.exe", b"MZ" * 999))',
	"an archive in it" => "archive(('a.zip', $exe))",
	"an archive in it, streamed" => "streamed(('a', b'x'), ('a.zip', $exe))",
	"an archive in it, stored" =>
	    "archive(('a.zip', $exe), method=zipfile.ZIP_STORED)",
	"a name that climbs" => 'archive(("../../evil.exe", b"x"))',
	"a name with umlauts" => 'archive(("\u00fcbel.exe", b"x"))',
	"a name with a NUL" =>
	    'archive(("evil.exeX.txt", b"x")).replace(b"exeX", b"exe\0")',
	"only the directory has it" =>
	    'archive(("evil.txt", b"x")).replace(b"evil.txt", b"evil.exe")',
	"a size that is none" =>
	    $exe . '.replace(b"\x0f\x27\0\0", b"\xff\xff\xff\xff")',
);

subtest "archives" => sub {
	$w->write_file("checks", "/^member: .*\\.exe\$/ REJECT programs\n");
	$w->take("");
	for my $what (sort keys %archives) {
		my $data = archive($archives{$what});

		ok length $data > 40, "$what: is made";
		like part($any, $data), qr/^550 5\.7\.1 programs/, $what;
	}
	like part($any, archive('archive(("a.txt", b"x"), ("b.zip", ' .
	    'archive(("c.txt", b"x"))))')), qr/^250 /, "nothing in it";
	like part("Content-Type: application/zip\n", "MZ" x 1000 .
	    archive($exe)), qr/^550 5\.7\.1 programs/, "behind a program";
};

subtest "archives that cannot be looked into" => sub {
	my $plain = archive($exe);
	my $bomb = 'archive(("0", b"\0" * 50000000))';
	my %facts = (
		"encrypted" => archive("encrypted($exe)"),
		"damaged" => substr($plain, 0, length($plain) - 30),
		"nested" => archive("archive(('a.zip', archive(('b.zip', $exe))))"),
		"limit" => archive("archive(('a.zip', $bomb.replace(b'x', b'x'), ), " .
		    "('b.zip', archive(('0', b'x' * 9)) + b'\\0' * 20000000))"),
	);

	for my $fact (sort keys %facts) {
		$w->write_file("checks", "/^zip: $fact\$/ REJECT zip $fact\n");
		$w->take("");
		like part($any, $facts{$fact}), qr/^550 5\.7\.1 zip $fact/, $fact;
		like part($any, $plain), qr/^250 /, "not $fact";
	}
	$w->write_file("checks", "/^zip: damaged\$/ REJECT damaged\n");
	$w->take("");
	like part("Content-Type: application/octet-stream; name=x.zip\n", "x"),
	    qr/^550 5\.7\.1 damaged/, "what is called a zip and is none";
	$w->write_file("checks", "/^zip: limit\$/ REJECT limit\n");
	$w->take("attachment_checks_member_limit = 3\n");
	like part($any, $plain), qr/^550 5\.7\.1 limit/, "many members";
	$w->take("");
};

subtest "what is real is not called damaged" => sub {
	$w->write_file("checks", "/^zip: / REJECT zip\n");
	$w->take("");
	like part($any, archive($archives{$_})), qr/^250 /, $_ for
	    "deflated", "stored", "bzip2", "sizes behind the members",
	    "an archive in it", "an archive in it, streamed",
	    "an archive in it, stored", "a name with umlauts";
	$w->write_file("checks", "/./ IGNORE\n");
	$w->take("");
	like part("Content-Type: x/y\n", "x"), qr/^250 /, "an action that edits";
	ok $w->wait_log(qr/warning: unsupported command in attachment_checks map: IGNORE$/m),
	    "is warned of";
};

$w->finish;
