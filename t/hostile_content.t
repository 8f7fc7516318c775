#!/usr/bin/perl
# Hostile messages through header and body checks: hostile 31, 32, 34, 35, 36,
# 57 and 77 of the list of hostile situations.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;

my $w = Weir->new(main => <<'EOT', files => { head => <<'EOH', body => <<'EOB' });
relay_domains = example.org
relay_recipient_maps =
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:hop}}
header_checks = pcre:$config_directory/head
body_checks = pcre:$config_directory/body
message_size_limit = 20000000
weir_strict_mime_structure = yes
non_empty_end_of_header_action = reject
EOT
/^X-Reject: (.*)/ REJECT $1
/^X-Copy: (.*)/ REPLACE X-Copied: $1
/^X-Before: (.*)/ PREPEND X-Prepended: $1
/hidden/ REJECT found
EOH
/hidden/ REJECT found
EOB
my $hop = $w->sink("hop");
my $count = 0;

sub post {
	return $w->send_mail(to => 'x@example.org', data => $_[0],
	    seconds => 120) =~ s/\s*\z//r;
}

sub newest {
	my @m = $w->messages($hop, ++$count, 60);
	my ($new) = grep { !$w->{seen}{$_}++ } @m;

	return $new // "";
}

like post("Subject: x\r\n\r\na\0hidden\r\n"), qr/^550 5\.7\.1 found/,
    "hostile 31: a NUL hides nothing in the body";
like post("Subject: a\0 hidden\r\n\r\nx\r\n"), qr/^550 5\.7\.1 found/,
    "nor in a header";
like post("Subject: \xed\xa0\x80\xc0\xaf\xff hidden\r\n\r\nx\r\n"),
    qr/^550 5\.7\.1 found/, "hostile 32: what is not UTF-8 neither";

subtest "what ends headers must be an empty line" => sub {
	like post("Subject: x\r\nReceiv\xc3\xa9d: y\r\nX-Reject: z\r\n\r\nx\r\n"),
	    qr/^550 5\.6\.0 primary header was terminated with non-empty line/,
	    "a name that is none hides no header";
	ok $w->wait_log(qr/reject:\ mime-error\ primary\ header\ was\ terminated
	    \ with\ non-empty\ line:\ Receiv\S+d:\ y\ from\ [^;]+;\ from=/x),
	    "and is logged";
};

subtest "hostile 36: no text of ours begins a header" => sub {
	my $all = join "", map { chr } grep { !/^(?:10|13|0)$/ } 0 .. 255;

	for my $name ("Copy", "Before") {
		like post("X-$name: a\rBcc: v\@example.net $all\r\n X-Folded: b" .
		    "\r\n\tX-Tab: c\r\nSubject: end\r\n\r\nx\r\n"),
		    qr/^250 /, "$name is taken";
		my $m = newest();
		my ($head) = $m =~ /\A(.*?)\r\n\r\n/s;
		my @names = $head =~ /^([\w-]+):/mg;
		is_deeply [grep { /^(?:Bcc|X-Folded|X-Tab)$/i } @names], [],
		    "no header that was not there";
		unlike $head, qr/\r(?!\n)|(?<!\r)\n(?!X-To|X-From|Received)/,
		    "no line end of its own" if $name eq "Copy" &&
		    $head =~ s/^(?:X-(?:From|To): .*\n)+//r;
		like $head, qr/^X-(?:Copied|Prepended): a Bcc: v/m, "one header";
	}
};

subtest "hostile 57: a reply that repeats what a client wrote" => sub {
	my $text = "long\r\n 250 2.0.0 Ok\r\n\t221 " . join("", map { chr }
	    1 .. 8, 11, 12, 14 .. 31, 127 .. 255) . "w" x 3000;
	my $reply = post("X-Reject: $text\r\n\r\nx\r\n");

	like $reply, qr/^550 5\.7\.1 long  ?250/, "is a rejection";
	for my $line (split /\r?\n/, $reply) {
		like $line, qr/^550[ -]/, "each line of it";
		cmp_ok length $line, "<=", 510, "of 512 octets at most";
		unlike $line, qr/[\x00-\x1f\x7f]/, "without control characters";
	}
};

sub multipart {
	my ($type, $body) = @_;

	return "MIME-Version: 1.0\r\n$type\r\n\r\n" . ($body //
	    "--b\r\n\r\nx\r\n--b--\r\n");
}
my $start = "Content-Type: multipart/mixed; ";
my %ambiguous = (
	"two types" => "Content-Type: text/plain\r\n${start}boundary=b",
	"two boundaries" => "${start}boundary=c; boundary=b",
	"pieces" => "${start}boundary*0=b",
	"a character set" => "${start}boundary*=us-ascii''b",
	"none" => "Content-Type: multipart/mixed",
	"an empty one" => "${start}boundary=\"\"",
	"a blank at its end" => "${start}boundary=\"b \"",
	"too long" => "${start}boundary=" . "b" x 3000,
);
for (sort keys %ambiguous) {
	is post(multipart($ambiguous{$_})),
	    "550 5.6.0 MIME structure is ambiguous", "hostile 77: $_";
}
is post(multipart("${start}boundary=b", "--b\r\n${start}boundary=bb\r\n\r\n" .
	"--bb\r\n\r\nx\r\n--bb--\r\n--b--\r\n")),
    "550 5.6.0 MIME structure is ambiguous", "one begins like another";
for (["quotes", "boundary=\"b\""], ["comments", "(x) boundary (y) = (z) b (c)"],
    ["another case", "BOUNDARY=b"]) {
	like post(multipart("$start$_->[1]")), qr/^250 /,
	    "hostile 77: $_->[0] are not ambiguous";
	newest();
	like post(multipart("$start$_->[1]",
	    "--b\r\nX-Part: hidden\r\n\r\nx\r\n--b--\r\n")),
	    qr/^550 5\.7\.1 found/, "and hide nothing";
}

# Resident memory of the proxy, KB.
sub memory {
	my (undef, $text) = $w->command("status");
	my ($pid) = $text =~ /^proxy\s+pid (\d+)/m or return 0;

	return Weir::read_file("/proc/$pid/status") =~ /VmHWM:\s+(\d+)/
	    ? $1 : 0;
}

sub stream {
	my ($head, $part, $times, $tail) = @_;
	my $c = $w->smtp;

	$c->cmd("EHLO client.example.net");
	$c->cmd('MAIL FROM:<a@example.net>');
	$c->cmd('RCPT TO:<b@example.org>');
	$c->cmd("DATA");
	$c->put($head);
	$c->put($part) for 1 .. $times;
	$c->put("$tail\r\n.\r\n");
	return $c->reply(300);
}

my $sanitized = ($ENV{OUT} // "") =~ /san/;
my $much = $sanitized ? 500_000 : 20_000;
my $before = memory();
like stream("Subject: x\r\n\r\n", "y" x 1_000_000, $sanitized ? 50 : 1074, ""),
    qr/^552 5\.3\.4 /, "hostile 34: a line of 1 GiB is refused";
cmp_ok memory() - $before, "<", $much, "in constant memory";
$before = memory();
like stream("Subject: x\r\n\r\n", "y" x 1_000_000, 18, ""), qr/^250 /,
    "a line of 18 MB is taken";
ok length(newest()) > 18_000_000, "whole";
cmp_ok memory() - $before, "<", $much, "in constant memory";
$before = memory();
like stream("", "X-H: abc\r\n" x 10_000, 100, "\r\nx"), qr/^250 /,
    "hostile 35: 1,000,000 headers";
is scalar(() = newest() =~ /^X-H: abc\r$/mg), 1_000_000, "all of them";
like stream("X-H: a\r\n", " b\r\n" x 10_000, 100, "\r\nx"), qr/^250 /,
    "1,000,000 lines of one header";
cmp_ok length(newest()), "<", 150_000 + 50_000, "are cut";
cmp_ok memory() - $before, "<", $much, "in bounded memory";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
