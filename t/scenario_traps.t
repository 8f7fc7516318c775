#!/usr/bin/perl
# Where the founding documents contradict each other, err, or describe what has
# changed since (seeds.md, section 0.3): what we do.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Scenario;

my $w = Weir::Scenario->new(base => <<'EOT');
relayhost = [127.0.0.1]:${port:sink}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
EOT
$w->sink("sink");

sub checked {
	my ($main) = @_;

	$w->configure(main => $w->with_base($main));
	return ($w->command("check"))[1];
}

subtest "T-10, T-11, T-15, T-17: names that are not quite right" => sub {
	for my $case (
		[ "smptd_sender_restrictions = permit", "T-10",
		    "smptd_sender_restrictions", "smtpd_sender_restrictions" ],
		[ "smtpd_sender_restrictions = reject_unknown_sender", "T-11",
		    "reject_unknown_sender", "reject_unknown_sender_domain" ],
		[ "transport_map = hash:x", "T-15", "transport_map",
		    "transport_maps" ]) {
		my ($line, $trap, $wrong, $right) = @$case;

		like checked("$line\n"),
		    qr/main\.cf:\d+: .*\b$wrong\b.*; did you mean $right\?/,
		    "$trap: $wrong";
	}
	$w->take("transport_maps = inline:{{\@at.example=error:by \@domain}, " .
	    "{name.example=error:by domain}}\n");
	$w->chosen('x@at.example', "", "T-17: \@domain is no key of a transport");
	$w->chosen('x@name.example', "by domain", "T-17: but domain is");
};

subtest "T-12: maps_rbl_reject_code is for reject_rbl_client" => sub {
	$w->dns("bl.example" => "2.0.0.127 IN A 127.0.0.2\n");
	$w->take(<<'EOT');
maps_rbl_reject_code = 521
smtpd_recipient_restrictions = reject_rbl_client bl.example
smtpd_authorized_xclient_hosts = 127.0.0.1
EOT
	is $w->rcpt('a@far.example', xclient => "NAME=x.example ADDR=127.0.0.2"),
	    "521 5.7.1 Service unavailable; Client host [127.0.0.2] blocked " .
	    "using bl.example", "T-12: listed";
	is $w->rcpt('a@far.example', xclient => "NAME=x.example ADDR=127.0.0.3"),
	    "250 2.1.5 Ok", "T-12: not listed";
};

subtest "T-13: header_checks without a type" => sub {
	$w->index_table("checks", "x-bad:\tREJECT not here\n");
	$w->take("header_checks = \$dir/etc/checks\n");
	is $w->send_mail(to => 'a@far.example', data => "x-bad:\r\n\r\nx\r\n"),
	    "550 5.7.1 not here", "T-13: is one of default_database_type";
	like $w->send_mail(to => 'a@far.example',
	    data => "x-bad: x\r\nX-Bad:\r\n\r\nx\r\n"), qr/^250/,
	    "T-13: which has whole headers as keys, and case matters";
};

subtest "T-14: a class without brackets" => sub {
	my $rules = "/[:alpha:]<!--.*-->[:alpha:]/ REJECT hidden\n" .
	    "/^other/ REJECT other\n";

	$w->write_file("body", $rules);
	$w->take("body_checks = regexp:\$dir/etc/body\n");
	is $w->send_mail(to => 'a@far.example',
	    data => "A: b\r\n\r\nma<!-- x -->il\r\n"), "250 2.0.0 Ok: queued as "
	    . ($w->log =~ /.*smtpd\[\d+\]: (\w+): client=/s)[0],
	    "T-14: regexp: i is not one of : a l p h";
	is $w->send_mail(to => 'a@far.example',
	    data => "A: b\r\n\r\nsa<!-- x -->le\r\n"), "550 5.7.1 hidden",
	    "T-14: regexp: but l is";
	$w->take("body_checks = pcre:\$dir/etc/body\n");
	ok $w->wait_log(qr/warning: .*etc\/body, line 1: .*POSIX named classes/),
	    "T-14: pcre: the rule is skipped with a warning";
	is $w->send_mail(to => 'a@far.example',
	    data => "A: b\r\n\r\nother\r\n"), "550 5.7.1 other",
	    "T-14: pcre: the others stay";
};

subtest "T-18: proxy_interfaces are ours" => sub {
	$w->take(<<'EOT');
mynetworks = 192.0.2.1
proxy_interfaces = 192.0.2.99
EOT
	my @r = $w->rcpt([ 'a@[192.0.2.99]', 'a@[192.0.2.98]' ]);
	is $r[0], "250 2.1.5 Ok", "T-18: as a destination";
	is $r[1], "554 5.7.1 <a\@[192.0.2.98]>: Relay access denied",
	    "T-18: others are not";
};

subtest "T-21: TLS of the server and of the client" => sub {
	system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj " .
	    "/CN=x -keyout $w->{dir}/etc/key -out $w->{dir}/etc/cert " .
	    "2>/dev/null") == 0 or die "no certificate";
	chmod 0644, "$w->{dir}/etc/key";
	my $keys = "smtpd_tls_cert_file = \$dir/etc/cert\n" .
	    "smtpd_tls_key_file = \$dir/etc/key\n";

	$w->take($keys . "smtp_use_tls = yes\n");
	unlike $w->smtp->cmd("EHLO x"), qr/STARTTLS/,
	    "T-21: smtp_use_tls is the client's";
	$w->take($keys . "smtpd_use_tls = yes\n");
	like $w->smtp->cmd("EHLO x"), qr/^250-STARTTLS$/m,
	    "T-21: smtpd_use_tls is the server's";
};

subtest "T-30, T-33: the code of a relay denial" => sub {
	my $networks = "mynetworks = 192.0.2.1\n";

	$w->configure(main => $networks);
	is +($w->command("reload"))[0], 0, "taken";
	is $w->rcpt('a@far.example'),
	    "454 4.7.1 <a\@far.example>: Relay access denied",
	    "T-30: 454 by default";
	$w->take($networks);
	is $w->rcpt('a@far.example'),
	    "554 5.7.1 <a\@far.example>: Relay access denied",
	    "T-30: 554 by reject_unauth_destination";
	$w->configure(main => $networks .
	    "smtpd_recipient_restrictions = permit_mynetworks, permit\n");
	is +($w->command("reload"))[0], 0, "taken";
	is $w->rcpt('a@far.example'),
	    "454 4.7.1 <a\@far.example>: Relay access denied",
	    "T-33: a list that permits all opens no relay";
};

subtest "T-31: the mark in the queue listing" => sub {
	$w->take("header_checks = static:HOLD\n");
	my ($qid) = $w->send_mail(to => 'a@far.example',
	    data => "Subject: hold\r\n\r\nx\r\n") =~ /queued as (\w+)/;
	like +($w->command("mailq"))[1], qr/^$qid! /m,
	    "T-31: stands at the id, as programs that read it expect";
};

subtest "T-32, T-38: HELO" => sub {
	my $to = 'a@far.example';

	$w->take("smtpd_helo_restrictions = reject_invalid_helo_hostname\n");
	is $w->rcpt($to, helo => "example"), "250 2.1.5 Ok",
	    "T-32: \"example\" is not invalid";
	is $w->rcpt($to, helo => "exa_mple..x"), "501 5.5.2 <exa_mple..x>: " .
	    "Helo command rejected: Invalid name", "T-32: this is";
	$w->take("smtpd_helo_restrictions = reject_non_fqdn_helo_hostname\n");
	is $w->rcpt($to, helo => "example"), "504 5.5.2 <example>: Helo " .
	    "command rejected: need fully-qualified hostname",
	    "T-32: it is not fully qualified";
	$w->take("smtpd_helo_restrictions = check_helo_access " .
	    "inline:{{10.1=REJECT network}, {10.1.2.3=REJECT address}, " .
	    "{bad.example=REJECT name}}\n");
	my $rejected = "Helo command rejected";
	is $w->rcpt($to, helo => "10.1.2.3"),
	    "554 5.7.1 <10.1.2.3>: $rejected: address",
	    "T-38: an address is a name";
	is $w->rcpt($to, helo => "10.1.2.4"), "250 2.1.5 Ok",
	    "T-38: networks are not looked up";
	is $w->rcpt($to, helo => "mail.bad.example"),
	    "554 5.7.1 <mail.bad.example>: $rejected: name",
	    "T-38: parent domains are";
};

subtest "T-36: aliases to user\@localhost" => sub {
	$w->take(<<'EOT', without => ["mydestination"]);
virtual_alias_domains = ora.example
virtual_alias_maps = inline:{info@ora.example=helene@localhost}
local_transport = relay:[127.0.0.1]:${port:sink}
EOT
	$w->rewritten("T-36: localhost is local by default", 's@example.net',
	    'info@ora.example', 's@example.net', 'helene@localhost');
	ok $w->wait_log(qr/to=<helene\@localhost>, orig_to=<info\@ora\.example>, relay=/),
	    "T-36: logged with both";
};

subtest "T-37: a backslash continues nothing" => sub {
	my $path = $w->index_table("backslash", "one\ta \\\ntwo\tb\n");
	is +($w->command("postmap", "-q", "one", $path))[1], "a \\\n",
	    "T-37: it is text";
	is +($w->command("postmap", "-q", "two", $path))[1], "b\n",
	    "T-37: the next line is another";
};

$w->finish;
