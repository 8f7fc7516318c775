#!/usr/bin/perl
# Which mail asks for SMTPUTF8 by itself (smtputf8_autodetect_classes), beside
# Debian's Postfix: what the next hop is asked.  RFC 6531.
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
my (%hop, %probe, %etc, %port);
for my $who ("ours", "theirs") {
	$hop{$who} = $w->sink("hop$who", ehlo => "SMTPUTF8",
	    replies => { "RCPT <no\@x.example>" => ["550 5.1.1 no *"] });
	$probe{$who} = $w->sink("probe$who", ehlo => "SMTPUTF8");
}

sub main_for {
	my ($who, $classes) = @_;

	return $w->expand(<<"EOT");
myhostname = mail.example.com
mydestination =
relay_domains = x.example, probe.example
transport_maps = inline:{
    { x.example = smtp:[127.0.0.1]:\${port:hop$who} },
    { probe.example = smtp:[127.0.0.1]:\${port:probe$who} } }
smtpd_recipient_restrictions = check_recipient_access
    inline:{ { probe.example = reject_unverified_recipient } }
smtp_tls_security_level = none
smtputf8_autodetect_classes = $classes
address_verify_map =
address_verify_poll_count = 60
address_verify_poll_delay = 1s
EOT
}

# The next hop's MAIL, of the message to an address.
sub asked {
	my ($who, $from, $to) = @_;
	my $said;

	$w->wait_for(sub {
		for ($w->messages($hop{$who}, 0)) {
			$said = $1 if /^X-From: (<\Q$from\E>.*)\nX-To: <\Q$to\E>/;
		}
		return defined $said;
	});
	return $said;
}

sub by_smtp {
	my ($who, $from, $to, $header) = @_;

	like $w->send_mail(port => $port{$who}, from => $from, to => $to,
	    data => "Subject: $header\r\n\r\nx\r\n"), qr/^250/, "$who: taken";
	return asked($who, $from, $to);
}

sub by_sendmail {
	my ($who, $from, $to, $header) = @_;
	my $text = "Subject: $header\n\nx\n";

	if ($who eq "ours") {
		is +($w->sendmail($text, "-f", $from, $to))[0], 0, "ours: taken";
	} else {
		open my $f, "|-", "/usr/sbin/sendmail", "-C", $etc{theirs},
		    "-f", $from, $to or die;
		print $f $text;
		ok close $f, "theirs: taken";
	}
	return asked($who, $from, $to);
}

sub by_notice {
	my ($who, $from) = @_;

	$w->send_mail(port => $port{$who}, from => $from, to => "no\@x.example");
	return asked($who, "", $from);
}

# A probe has been made when there is an answer to RCPT.
sub by_probe {
	my ($who, $to) = @_;
	my $said;

	like $w->rcpt($to, port => $port{$who}), qr/^250/, "$who: verified";
	for (split /\n/, Weir::read_file("$probe{$who}.commands")) {
		$said = $1 if /^MAIL FROM:<[^>]*>(.*)/;
	}
	return $said;
}

# Name, sender, recipient, header.
my ($a, $o, $u) = ("\xc3\xa4", "\xc3\xb6", "\xc3\xbc");
my @mail = (["nothing", "a", "r", "x"], ["the sender", $a, "r", "x"],
    ["the recipient", "a", $o, "x"], ["a header", "a", "r", $u]);

sub play {
	my ($who, $n) = @_;
	my @asked;

	for (@mail) {
		my ($name, $from, $to, $header) = @$_;
		push @asked, "smtpd, $name: " . by_smtp($who, "$from\@x.example",
		    "$to.smtp.$name.$n\@x.example" =~ tr/ /-/r, $header);
		push @asked, "sendmail, $name: " . by_sendmail($who,
		    "$from\@x.example",
		    "$to.cmd.$name.$n\@x.example" =~ tr/ /-/r, $header);
	}
	for my $name ("r", $o) {
		push @asked, "notice: " . by_notice($who, "$name.back.$n\@x.example");
		push @asked, "probe: " . by_probe($who, "$name.$n\@probe.example");
	}
	return \@asked;
}

my @classes = ("sendmail, verify", "all", "notify", "smtpd,bounce");
$port{theirs} = $w->port("postfix");
for my $n (0 .. $#classes) {
	my $postfix = Weir::Postfix->start("$w->{dir}/postfix$n",
	    port => $port{theirs}, main => main_for("theirs", $classes[$n]));
	my @set = (main => main_for("ours", $classes[$n]),
	    master => "pickup unix n - n 60 1 pickup\n");

	if ($n == 0) {
		$w->configure(@set);
		$w->start;
	} else {
		is +($w->reconfigure(@set))[0], 0, "reload";
	}
	$port{ours} = $w->{port};
	$etc{theirs} = "$w->{dir}/postfix$n/etc";
	my %got = map { $_ => play($_, $n) } "ours", "theirs";
	is_deeply $got{ours}, $got{theirs},
	    "smtputf8_autodetect_classes = $classes[$n]";
	$postfix->stop;
}
my ($status, $said) = $w->reconfigure(
    main => main_for("ours", "sendmail, cleanup"));
like $said, qr/smtputf8_autodetect_classes: unknown class "cleanup"/,
    "a name that means nothing is a mistake";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
