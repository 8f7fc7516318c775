#!/usr/bin/perl
# text_checks over a port: the encodings that the founding documents warn of hide
# words from body_checks, and not from text_checks; and what other programs
# encode is found, whatever the charset and the encoding.
use strict;
use warnings;

use lib "t/lib";
use Encode ();
use MIME::Base64 qw(encode_base64);
use MIME::QuotedPrint qw(encode_qp);
use Test::More;
use Weir::Scenario;

my $w = Weir::Scenario->new(base => <<'EOT');
relay_domains = example.com
relay_recipient_maps =
relay_transport = discard
smtpd_peername_lookup = no
EOT

sub message {
	my ($data) = @_;

	$data =~ s/\r?\n/\r\n/g;
	return $w->send_mail(to => 'a@example.com', data => $data);
}

sub file { return $w->write_file("checks", $_[0]) }

my %hidden = (
	"base64" => "Content-Transfer-Encoding: base64\n\n" .
	    encode_base64("Increase your sales by 500%\n"),
	"quoted-printable" =>
	    "Content-Transfer-Encoding: quoted-printable\n\n" .
	    "Incre=61se your s=\nales b=79 500%\n",
	"comments in HTML" => "Content-Type: text/html\n\n" .
	    "<p>Incr<!-- nothing -->ease your s<!-- here -->ales by</p>\n",
	"tags in HTML" => "Content-Type: text/html\n\n" .
	    "<p>Incr<b></b>ease\nyour s<font size=1></font>ales by\n",
	"numbers in HTML" => "Content-Type: text/html\n\n" .
	    "&#73;ncrease&nbsp;your s&#x61;les by\n",
	"all of it in a part" =>
	    "Content-Type: multipart/mixed; boundary=b\n\n--b\n" .
	    "Content-Type: text/html; charset=utf-16\n" .
	    "Content-Transfer-Encoding: base64\n\n" .
	    encode_base64(Encode::encode("UTF-16",
		"<p>Incr<!-- > -->ease your s&shy;ales by")) . "--b--\n",
	"a message within" => "Content-Type: message/rfc822\n\n" .
	    "Content-Transfer-Encoding: base64\n\n" .
	    encode_base64("increase your sales by\n"),
);

subtest "what is hidden from body_checks" => sub {
	file("/increase your sales by/	REJECT spam\n");
	$w->take("header_checks = pcre:\$dir/etc/checks\n" .
	    "body_checks = pcre:\$dir/etc/checks\n");
	like message("Subject: x\n\nIncrease your sales by\n"),
	    qr/^550 5\.7\.1 spam/, "the plain words are not";
	like message("MIME-Version: 1.0\n$hidden{$_}"), qr/^250 /, $_
	    for sort keys %hidden;
	like message("Subject: =?utf-8?B?" .
	    encode_base64("increase your sales by", "") . "?=\n\nx\n"),
	    qr/^250 /, "a subject";
};

subtest "and is seen by text_checks" => sub {
	$w->take("text_checks = pcre:\$dir/etc/checks\n");
	like message("Subject: x\n\nIncrease your sales by\n"),
	    qr/^550 5\.7\.1 spam/, "the plain words are, too";
	like message("MIME-Version: 1.0\n$hidden{$_}"), qr/^550 5\.7\.1 spam/,
	    $_ for sort keys %hidden;
	like message("Subject: =?utf-8?B?" .
	    encode_base64("increase your sales by", "") . "?=\n\nx\n"),
	    qr/^550 5\.7\.1 spam/, "a subject";
	ok $w->wait_log(qr/: reject: header Subject: increase your sales by from \S+; from=<\S+> to=<a\@example\.com> proto=ESMTP helo=<\S+>: 5\.7\.1 spam$/m),
	    "the log has the words";
	like message("Subject: x\n\nnothing\n"), qr/^250 /, "what is not there";
};

subtest "for one service, and not for mail that comes back from a filter" => sub {
	$w->take("", smtpd => "  -o text_checks=pcre:\$dir/etc/checks\n");
	like message("MIME-Version: 1.0\n$hidden{base64}"), qr/^550 /, "set with -o";
	$w->take("text_checks = pcre:\$dir/etc/checks\n", smtpd =>
	    "  -o receive_override_options=no_header_body_checks\n");
	like message("MIME-Version: 1.0\n$hidden{base64}"), qr/^250 /,
	    "no_header_body_checks";
};

subtest "what others encode" => sub {
	my %words = ("iso-8859-1" => "Gr\x{FC}\x{DF}e", "iso-8859-2" => "\x{17C}\x{F3}\x{142}w",
	    "koi8-r" => "\x{43F}\x{440}\x{438}\x{432}\x{435}\x{442}",
	    "windows-1251" => "\x{43F}\x{440}\x{438}", "utf-8" => "\x{20AC}\x{1F600}",
	    "iso-2022-jp" => "\x{3053}\x{3093}", "euc-jp" => "\x{3053}\x{3093}",
	    "shift_jis" => "\x{3053}\x{3093}", "gb2312" => "\x{4F60}\x{597D}",
	    "big5" => "\x{4F60}\x{597D}", "euc-kr" => "\x{C548}\x{B155}",
	    "utf-16be" => "\x{E4}\x{1F600}", "utf-7" => "\x{E4}\x{20AC}");
	my $rules = "";

	$rules .= "/\Q@{[ Encode::encode('utf-8', $words{$_}) ]}\E\$/ REJECT $_\n"
	    for sort keys %words;
	# The same word in several charsets is found by the first.
	file($rules);
	$w->take("text_checks = pcre:\$dir/etc/checks\n");
	for my $set (sort keys %words) {
		my $octets = Encode::encode($set, $words{$set});
		my $type = "Content-Type: text/plain; charset=$set\n";

		like message($type . "Content-Transfer-Encoding: base64\n\n" .
		    encode_base64($octets)), qr/^550 5\.7\.1 /, "$set in base64";
		like message($type .
		    "Content-Transfer-Encoding: quoted-printable\n\n" .
		    encode_qp($octets, "\r\n", 1)), qr/^550 5\.7\.1 /,
		    "$set in quoted-printable";
		like message("Subject: =?$set?B?" . encode_base64($octets, "") .
		    "?=\n\nx\n"), qr/^550 5\.7\.1 /, "$set in a header";
	}
	for my $coder (qw(MIME-B MIME-Q)) {
		my $long = ("x\x{E4}\x{20AC} " x 20) . $words{"koi8-r"};

		like message("Subject: " . Encode::encode($coder, $long) .
		    "\n\nx\n"), qr/^550 5\.7\.1 /, "$coder";
	}
};

$w->finish;
