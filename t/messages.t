#!/usr/bin/perl
# Real messages from real clients, end to end, octet for octet: attachments,
# 8-bit, long lines, 25 MB; swaks, smtp-source.  S-003, P-083 (issue 2, "Real
# input"); hostile 25, 34, 36.
use strict;
use warnings;

use lib "t/lib";
use Digest::SHA qw(sha256_hex);
use MIME::Base64 qw(decode_base64 encode_base64);
use Test::More;
use Weir;

my $w = Weir->new(main => <<'EOT');
relay_domains = example.org
relay_recipient_maps =
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:hop}}
message_size_limit = 50000000
line_length_limit = 2048
EOT
my $hop = $w->sink("hop");
my $got = 0;

# What came out, without what our gateway and the sink put in front.
sub arrived {
	my @m = $w->messages($hop, ++$got, 60);
	my ($new) = grep { !$w->{seen}{sha256_hex($_)} } @m;

	return "" unless defined $new;
	$w->{seen}{sha256_hex($new)} = 1;
	$new =~ s/^(?:X-(?:From|To): .*\n)+//;
	$new =~ s/^Received: .*\r\n(?:[ \t].*\r\n)*// or return "no Received";
	return $new;
}

sub post {
	my ($data, %arg) = @_;

	like $w->send_mail(to => 'x@example.org', data => $data, seconds => 60,
	    %arg), qr/^250 2\.0\.0 Ok: queued as/, "taken";
}

# Headers that the gateway would add are there already.
my $head = "From: <sender\@example.net>\r\nDate: Sat, 1 Jan 2022 00:00:00 " .
    "+0000\r\nMessage-ID: <it\@example.net>\r\nSubject: %s\r\n";

sub whole {
	my ($subject, $rest, %arg) = @_;
	my $data = sprintf($head, $subject) . $rest;

	post($data, %arg);
	my $out = arrived();
	ok $out eq $data, "$subject: octet for octet" or do {
		my $at = 0;
		$at++ while $at < length $data &&
		    substr($data, $at, 1) eq substr($out, $at, 1);
		diag "differs at $at of " . length($data) . ": " .
		    substr($data, $at, 40) . " | " . substr($out, $at, 40);
	};
}

whole("empty", "");
whole("no body", "\r\n");
whole("dots", "\r\n.\r\n..\r\n.x\r\n...\r\n\r\n.\r\n");
whole("8-bit", "MIME-Version: 1.0\r\nContent-Type: text/plain; " .
    "charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" .
    join("", map { chr } 1 .. 9, 11, 12, 14 .. 255) . "\r\n",
    mail => " BODY=8BITMIME");
whole("blanks", " folded\r\n\twith tab\r\nX-Empty:\r\nX-Blank: \r\n" .
    "\r\n  leading\r\ntrailing  \r\n\t\r\n \r\n");
whole("no header is one", "\r\nFrom: nobody\r\nSubject: other\r\n");
whole("lines of 998", "\r\n" . ("x" x 998 . "\r\n") x 3);
whole("attachments", attachments());

sub attachments {
	my $binary = join "", map { chr } map { $_, 255 - $_ } 0 .. 255;
	my $part = encode_base64($binary x 200, "\r\n");

	return "MIME-Version: 1.0\r\nContent-Type: multipart/mixed;\r\n" .
	    "\tboundary=\"=_b 1\"\r\n\r\npreamble\r\n--=_b 1\r\n" .
	    "Content-Type: multipart/alternative; boundary=b2\r\n\r\n" .
	    "--b2\r\n\r\nplain\r\n--b2\r\nContent-Type: text/html\r\n\r\n" .
	    "<p>html</p>\r\n--b2--\r\n--=_b 1\r\n" .
	    "Content-Type: application/octet-stream; name*0=a; name*1=b\r\n" .
	    "Content-Disposition: attachment;\r\n filename=\"a b.bin\"\r\n" .
	    "Content-Transfer-Encoding: base64\r\n\r\n$part--=_b 1\r\n" .
	    "Content-Type: message/rfc822\r\n\r\nSubject: inner\r\n\r\n" .
	    "inner body\r\n--=_b 1--\r\nepilogue\r\n";
}

# RFC 5321, 4.5.3.1.6: longer lines are broken on the way out, as by Postfix:
# CR LF SPACE after 998 octets, and nothing else is touched.
for my $length (999, 2047, 2048, 2049, 5000, 200_000) {
	my $line = join "", map { chr(65 + $_ % 26) } 1 .. $length;
	my $data = sprintf($head, "line of $length") . "\r\n$line\r\nafter\r\n";

	post($data);
	my $out = arrived();
	my ($body) = $out =~ /\r\n\r\n(.*)/s;
	is length((sort { length $b <=> length $a } split /\r\n/, $body)[0]),
	    998, "a line of $length is broken at 998";
	$body =~ s/\r\n //g;
	is $body, "$line\r\nafter\r\n", "and nothing of it is lost";
}

subtest "25 MB" => sub {
	my $block = join "", map { chr(33 + $_ % 90) } 1 .. 76;
	my $data = sprintf($head, "large") . "\r\n" .
	    ("$block\r\n" x 320_000) . "the end\r\n";
	cmp_ok length $data, ">", 24_000_000, "so large";
	post($data);
	my $out = arrived();
	is sha256_hex($out), sha256_hex($data), "octet for octet";
};

SKIP: {
	skip "1 group: no swaks here", 1 unless -x "/usr/bin/swaks";
	subtest "swaks with an attachment" => sub {
		my $file = "$w->{dir}/attached";
		my $bytes = join "", map { chr($_ * 7 % 256) } 0 .. 99_999;

		$w->write_file($file, "");
		open my $f, ">:raw", $file or die;
		print $f $bytes;
		close $f;
		my $said = `swaks --server 127.0.0.1:$w->{port} --to x\@example.org --from me\@example.net --helo client.example.net --body "see it" --attach-type application/octet-stream --attach \@$file 2>&1`;
		is $?, 0, "swaks is content" or diag $said;
		my ($encoded) = arrived() =~
		    /Transfer-Encoding: base64\r\n(?:.+\r\n)*\r\n([^-]+)\r\n--/i;
		is sha256_hex(decode_base64($encoded // "")),
		    sha256_hex($bytes), "the attachment is as it was";
	};
}

SKIP: {
	skip "1 group: no smtp-source here", 1
	    unless -x "/usr/sbin/smtp-source";
	subtest "smtp-source" => sub {
		is system("/usr/sbin/smtp-source -s 5 -m 50 -l 20000 " .
			"-f me\@example.net -t x\@example.org " .
			"127.0.0.1:$w->{port}"), 0, "50 messages of 20 KB";
		my @m = $w->messages($hop, $got + 50, 30);
		is scalar(@m), $got + 50, "all arrive";
		is scalar(grep { /^From: <me\@example\.net>/m &&
		    length > 20_000 } @m), 50, "whole";
	};
}

is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
unlike $w->log, qr/panic|fatal:/, "nothing died";
done_testing;
