#!/usr/bin/perl
# The founding documents' example of restrictions of each user: lovers and
# haters of unwanted mail, by the recipient; and what lists do by themselves.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Scenario;

my $w = Weir::Scenario->new(base => <<'EOT');
relay_domains = example.com
relay_recipient_maps =
relay_transport = discard
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
mynetworks = 192.0.2.1
EOT
$w->dns("bl.example" => "5.2.0.192 IN A 127.0.0.2\n" .
    "5.2.0.192 IN TXT \"listed for a test\"\n",
    "good.example" => "mail IN A 192.0.2.9\n@ IN MX 10 mail\n",
    "example.net" => "\@ IN MX 10 ns\n");

my $listed = "NAME=x.example ADDR=192.0.2.5";
my $clean = "NAME=y.example ADDR=192.0.2.6";
my $blocked = "554 5.7.1 Service unavailable; Client host [192.0.2.5] " .
    "blocked using bl.example; listed for a test";

subtest "S-150: a class for each recipient" => sub {
	$w->index_table("per_user_ube", <<'EOT');
abelard@example.com	spamhater
heloise@example.com	spamlover
quiet@example.com	REJECT not today
EOT
	$w->take(<<'EOT');
smtpd_restriction_classes = spamlover, spamhater
spamhater = reject_invalid_helo_hostname, reject_non_fqdn_sender, reject_unknown_sender_domain, reject_rbl_client bl.example
spamlover = permit
smtpd_recipient_restrictions = check_recipient_access hash:$dir/etc/per_user_ube, warn_if_reject reject_rbl_client bl.example
EOT
	my @to = map { "$_\@example.com" } qw(abelard heloise other quiet);
	my @r = $w->rcpt(\@to, xclient => $listed);
	is $r[0], $blocked, "S-150: the hater";
	is $r[1], "250 2.1.5 Ok", "S-150: the lover, in the same message";
	is $r[2], "250 2.1.5 Ok", "S-150: nobody said anything";
	is $r[3], "554 5.7.1 <quiet\@example.com>: Recipient address " .
	    "rejected: not today", "S-150: an answer that is no class";
	ok $w->wait_log(qr/NOQUEUE: reject: RCPT from x\.example\[192\.0\.2\.5\]: \Q$blocked\E; from=<sender\@example\.net> to=<abelard\@example\.com> proto=ESMTP helo=<client\.example\.net>/),
	    "S-150: logged";
	ok $w->wait_log(qr/: reject_warning: RCPT from x\.example\[192\.0\.2\.5\]: \Q$blocked\E; from=<sender\@example\.net> to=<other\@example\.com> /),
	    "S-133: warn_if_reject only says so";
	@r = $w->rcpt(\@to, xclient => $clean);
	is $r[0], "250 2.1.5 Ok", "S-150: the hater, of a clean client";
	is $w->rcpt($to[0], xclient => $clean, helo => "bad_..name"),
	    "501 5.5.2 <bad_..name>: Helo command rejected: Invalid name",
	    "S-150: the hater's first restriction";
	is $w->rcpt($to[1], xclient => $clean, helo => "bad_..name"),
	    "250 2.1.5 Ok", "S-150: is not the lover's";
	is $w->rcpt($to[0], xclient => $clean, from => 'a@unqualified'),
	    "504 5.5.2 <a\@unqualified>: Sender address rejected: need " .
	    "fully-qualified address", "S-150: the second";
	is $w->rcpt($to[0], xclient => $clean, from => 'a@no.good.example'),
	    "450 4.1.8 <a\@no.good.example>: Sender address rejected: " .
	    "Domain not found", "S-150: the third";
	is $w->rcpt($to[0], xclient => $clean, from => 'a@good.example'),
	    "250 2.1.5 Ok", "S-150: of a sender whose domain is known";
	is $w->rcpt('abelard@elsewhere.example', xclient => $clean),
	    "554 5.7.1 <abelard\@elsewhere.example>: Relay access denied",
	    "S-150: a class opens no relay";
};

subtest "S-150: explained" => sub {
	my ($status, $text) = $w->command("explain", "-n", 20, "192.0.2.5");
	is $status, 0, "a decision is found";
	like $text, qr/spamhater/, "the class";
	like $text, qr/per_user_ube.*:1\b/, "the table's line";
	like $text, qr/reject_rbl_client bl\.example/, "the restriction";
};

subtest "S-150: in a session that is only played" => sub {
	my $script = $w->write_file("script", <<'EOT');
client x.example 192.0.2.5
helo client.example.net
mail a@good.example
rcpt abelard@example.com
expect 554 5.7.1 text /blocked using bl.example/
rcpt heloise@example.com
expect OK
EOT
	my @judge = (Weir::program(), "test", "session", "-c",
	    "$w->{dir}/etc", "--dns", "127.0.0.1\@" . $w->port("dns"), $script);
	my $judge = join " ", @judge, "2>&1";
	my $text = qx($judge);
	is $?, 0, "judges the same" or diag $text;
	$w->write_file("script", "client x.example 192.0.2.5\nhelo x.example\n" .
	    "mail a\@good.example\nrcpt abelard\@example.com\nexpect OK\n");
	$text = qx($judge);
	is $? >> 8, 1, "and says what was not expected" or diag $text;
};

subtest "S-150: mistakes are found at load" => sub {
	$w->refuse("smtpd_restriction_classes = spamhater\n" .
	    "spamhater = reject_rbl_clien bl.example\n",
	    qr/main\.cf:\d+: .*reject_rbl_clien.*did you mean reject_rbl_client\?/,
	    "an unknown name in a class");
};

$w->finish;
