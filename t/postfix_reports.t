#!/usr/bin/perl
# Notices beside Debian's Postfix: the same failures, the same words
# (bounce_template_file); the whole message that the sender gets must be the
# same but for names, numbers and dates.  Q-40, Q-50, O-53; RFC 3464.
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Weir;
use Weir::Postfix;

plan skip_all => "a comparison: no Postfix here, or not root"
    if $> != 0 || !-x "/usr/sbin/postfix";

my $w = Weir->new(start => 0);
my %replies = (
	"RCPT <no\@example.org>" => ["550 5.1.1 <no\@example.org>: User unknown *"],
	"RCPT <none\@example.org>" => ["550-5.1.1 none\r\n550 5.1.1 at all *"],
	"RCPT <n\xc3\xb6\@example.org>" => ["550 5.1.1 <n\xc3\xb6\@example.org>: unbekannt, w\xc3\xbcrg *"],
	"RCPT <later\@example.org>" => ["550 5.1.1 f\xc3\xbcr nichts *"],
	"DOT <data\@example.org>" => ["554 5.7.1 no thanks *"]);
my (%home, %hop, %plain);
for my $who ("ours", "theirs") {
	$home{$who} = $w->sink("home$who", ehlo => "SMTPUTF8");
	$plain{$who} = $w->sink("plain$who");
	$hop{$who} = $w->sink("hop$who", replies => \%replies,
	    ehlo => "SMTPUTF8");
}
$w->write_file("bounce.cf", join "", map { <<EOT } "failure", "delay", "success", "verify");
${_}_template = <<EOF
From: Mail Delivery System <MAILER-DAEMON>
Subject: A $_

It is a $_ at \$myhostname.
EOF

EOT

sub main_for {
	my ($who, $more) = @_;
	return $w->expand(<<"EOT") . ($more // "");
relay_domains = example.org, home.example, gone.example, plain.example, b\xc3\xbccher.example, xn--bcher-kva.example
relay_recipient_maps =
transport_maps = inline:{ { example.org = smtp:[127.0.0.1]:\${port:hop$who} },
    { home.example = smtp:[127.0.0.1]:\${port:home$who} },
    { plain.example = smtp:[127.0.0.1]:\${port:plain$who} },
    { b\xc3\xbccher.example = error:5.1.2 es ist w\xc3\xbcst },
    { gone.example = error:5.1.2 it is gone } }
virtual_alias_maps = inline:{ {alias\@example.org = no\@example.org} }
smtp_tls_security_level = none
myhostname = mail.example.com
mydomain = example.com
myorigin = example.com
mail_name = Postfix
bounce_template_file = \$dir/etc/bounce.cf
notify_classes = bounce, 2bounce
bounce_notice_recipient = copies\@home.example
2bounce_notice_recipient = twice\@home.example
enable_threaded_bounces = yes
bounce_size_limit = 4000
EOT
}
$w->configure(main => main_for("ours"));
$w->start;
my $postfix = Weir::Postfix->start("$w->{dir}/postfix",
    port => $w->port("postfix"), main => main_for("theirs"));
my %server = (ours => $w, theirs => $postfix);
my %port = (ours => $w->{port}, theirs => $postfix->{port});
my %seen;

# What stands for itself, in a message from either.
sub plain {
	my ($m, $qid) = @_;

	$m =~ s/\Q$qid\E/ABOUT/g;
	my ($own) = $m =~ /^\tid (\w+); /m;
	($own) = $m =~ /^Message-Id: <\d+\.(\w+)@/m unless defined $own;
	$m =~ s/\Q$own\E/NOTICE/g if defined $own;
	# A notice about a notice.
	my ($about) = $m =~ /^X-Postfix-Queue-ID: (?!ABOUT)(\w+)/m;
	$m =~ s/\Q$about\E/ABOUT/g if defined $about;
	$m =~ s/\w{3}, +\d+ \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4} \(\w+\)/DATE/g;
	$m =~ s/<\d{14}\./<STAMP./g;
	$m =~ s/(?:NOTICE|ABOUT)\.\d+\//NOTICE.N\//g;
	$m =~ s/127\.0\.0\.1\]:\d+/127.0.0.1]:PORT/g;
	$m =~ s/localhost\[127|unknown\[127|mail\.example\.com\[127/CLIENT[127/g;
	# The trace of the message that it is about, and of the way home.
	$m =~ s/^Received: from .*\r\n(?:[ \t].*\r\n)*//mg;
	return $m;
}

# What weir_notices(7) says that is not as in Postfix: an address that is not
# ASCII, and the part that has it.
sub corrected {
	my ($m) = @_;

	$m =~ s/"\\\xc3\\\xa4"\@/\xc3\xa4\@/g;
	$m =~ s/^((?:Original-Recipient|X-Postfix-Sender): )rfc822(;.*[\x80-\xff])/$1utf-8$2/mg;
	$m =~ s/(message\/delivery-status\r\n)(\r\n(?:(?!--).*\r\n)*?(?!--).*[\x80-\xff])/$1Content-Transfer-Encoding: 8bit\r\n$2/;
	return $m;
}

# The notices of a message, by recipient.
sub notices {
	my ($who, $count, %mail) = @_;
	my $reply = $w->send_mail(port => $port{$who}, %mail);
	my ($qid) = $reply =~ /queued as (\w+)/;
	my %new;

	return { reply => $reply } unless $qid;
	$w->wait_for(sub {
		for my $m (map { $w->messages($_, 0) } $home{$who}, $plain{$who}) {
			next if $seen{$who}{$m} || $m !~ /\b$qid\b/;
			my ($to) = $m =~ /^X-To: <([^>]*)>/m;
			$new{$to} = plain($m, $qid);
		}
		return keys %new == $count;
	});
	$seen{$who}{$_} = 1
	    for map { $w->messages($_, 0) } $home{$who}, $plain{$who};
	return \%new;
}

my $text = "From: a\@home.example\r\nMessage-ID: <m1\@home.example>\r\n" .
    "Date: Sat, 21 Nov 2026 10:00:00 +0000\r\nTo: x\@y.example\r\n";
my $utf8 = " SMTPUTF8 BODY=8BITMIME";
my @cases = (
	["a refused recipient", 2, to => 'no@example.org'],
	["a thread", 2, to => 'no@example.org', data => $text .
	    "References: <r1\@home.example>\r\n <r2\@home.example>\r\n\r\nx\r\n"],
	["an answer", 2, to => 'no@example.org', data => $text .
	    "In-Reply-To: <r3\@home.example>\r\n\r\nx\r\n"],
	["two recipients, two lines", 2,
	    to => ['none@example.org', 'a@gone.example']],
	["an alias", 2, to => 'alias@example.org'],
	["what the client says", 2, to => 'no@example.org',
	    mail => " RET=HDRS ENVID=e+2Bf", rcpt => " ORCPT=rfc822;o\@p.example NOTIFY=FAILURE"],
	["a refused message", 2, to => 'data@example.org'],
	["a large message", 2, to => 'no@example.org', data => $text . "\r\n" .
	    ("a long line of the body\r\n" x 200)],
	["eight bits", 2, to => 'no@example.org', mail => " BODY=8BITMIME",
	    data => $text . "\r\n\xe4\r\n"],
	["success", 1, to => 'yes@example.org', rcpt => " NOTIFY=SUCCESS"],
	["a bounce", 1, to => 'no@example.org', from => ""],
	["SMTPUTF8, not needed", 2, to => 'no@example.org', mail => $utf8],
	["SMTPUTF8, the recipient", 2, to => "n\xc3\xb6\@example.org", mail => $utf8],
	["SMTPUTF8, its domain", 2, to => ["a\@b\xc3\xbccher.example", 'no@example.org'], mail => $utf8],
	["SMTPUTF8, the sender", 2, to => 'no@example.org', mail => $utf8,
	    from => "\xc3\xa4\@home.example"],
	["SMTPUTF8, a header", 2, to => 'no@example.org', mail => $utf8,
	    data => "Subject: \xc3\xa4\r\n$text\r\nx\r\n"],
	["SMTPUTF8, a header, RET=HDRS", 2, to => 'no@example.org', mail => "$utf8 RET=HDRS",
	    data => "Subject: \xc3\xa4\r\n$text\r\nx\r\n"],
	["SMTPUTF8, the body", 2, to => 'no@example.org', mail => $utf8,
	    data => "$text\r\n\xc3\xa4\r\n"],
	["SMTPUTF8, only the answer", 2, to => 'later@example.org', mail => $utf8],
	["SMTPUTF8, ORCPT", 2, to => 'no@example.org', mail => $utf8,
	    rcpt => " ORCPT=utf-8;\xc3\xb6\@p.example"],
	["SMTPUTF8, ORCPT as xtext", 2, to => 'no@example.org', mail => $utf8,
	    rcpt => " ORCPT=utf-8;+5Cx{F6}\@p.example"],
	["SMTPUTF8, success", 1, to => "j\xc3\xa4\@example.org", mail => $utf8, rcpt => " NOTIFY=SUCCESS"],
	["SMTPUTF8, a sender whose next hop lacks it", 2, to => "n\xc3\xb6\@example.org", mail => $utf8,
	    from => "\xc3\xa4\@plain.example"],
	["without, the recipient", 2, to => "n\xc3\xb6\@example.org"],
	["without, the sender", 2, to => 'no@example.org', from => "\xc3\xa4\@home.example"],
	["without, the answer", 2, to => 'later@example.org'],
	["without, a header", 2, to => 'no@example.org',
	    data => "Subject: \xc3\xa4\r\n$text\r\nx\r\n"],
);
for my $case (@cases) {
	my ($name, $count, %mail) = @$case;
	$mail{from} //= 'a@home.example';
	$mail{data} //= "$text\r\nits body\r\n";
	my %got = map { $_ => notices($_, $count, %mail) } "ours", "theirs";
	is_deeply [sort keys %{ $got{ours} }], [sort keys %{ $got{theirs} }],
	    "$name: who is told";
	# By line, so that a difference is a short one.
	is_deeply [split /\r?\n/, $got{ours}{$_} // ""],
	    [split /\r?\n/, corrected($got{theirs}{$_})], "$name: $_"
	    for sort keys %{ $got{theirs} };
}
# A notice in UTF-8 goes to a sender whose server has no SMTPUTF8, if that is
# not needed for its addresses and headers; Postfix gives it up.
my $plain = notices("ours", 2, to => "n\xc3\xb6\@example.org", mail => $utf8,
    from => 'a@plain.example', data => "$text\r\nx\r\n")->{'a@plain.example'};
like $plain, qr/^X-From: <> BODY=8BITMIME$/m, "a server without SMTPUTF8";
like $plain, qr/^Final-Recipient: utf-8; n\xc3\xb6\@/m, "is told all";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
