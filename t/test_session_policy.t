#!/usr/bin/perl
# weir test session --policy: what another MTA does not tell a policy server is not
# known there, nor what was in other requests.  S-223, S-228.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Bench;

my $b = Weir::Bench->new("main.cf" => <<'EOT',
compatibility_level = 3.6
smtpd_delay_reject = no
smtpd_client_restrictions =
    check_client_access inline:{{wait.example=DEFER_IF_PERMIT 4.7.1 client}},
    if { client_name == "none.example" } { check_client_access static:{REJECT named} },
    reject_unknown_client_hostname
smtpd_helo_restrictions =
    if { protocol_name == "ESMTP" } { check_helo_access static:{REJECT extended} }
smtpd_sender_restrictions =
    rate_limit { 1 connections / hour per sender, action = REJECT 5.7.1 connections }
smtpd_recipient_restrictions =
    check_recipient_access inline:{{gone@example.com=REJECT gone}},
    if { size > 0 } { check_sender_access static:{REJECT weighed} },
    if { recipient_domain == "spf.example" } check_spf
smtpd_data_restrictions =
    check_recipient_access inline:{{alone@example.com=REJECT alone}}
smtpd_end_of_data_restrictions =
    if { size > 100 } { check_sender_access static:{REJECT large} },
    if { spf_result == "pass" } { check_sender_access static:{REJECT spf} }
EOT
    world => <<'EOT');
good.example  TXT  v=spf1 ip4:192.0.2.1 -all
EOT

# Each is [ what, script, what is answered ... ].
for my $case (
    [ "a client's name that is forged", "client none.example 192.0.2.1 forged\n",
	qr/^450 4\.7\.25 /,
	"client none.example 192.0.2.1 perm\n", qr/^450 4\.7\.25 /,
	"client none.example 192.0.2.1\n", qr/^5.*named/ ],
    [ "what was in the request before",
	"client wait.example 192.0.2.1\n", "DUNNO",
	"ehlo c.example\n", "DUNNO",
	"mail a\@b.example\n", "DUNNO",
	"rcpt u\@example.com\n", "DUNNO" ],
    [ "a session is the same in all requests",
	"client c.example 192.0.2.1\n", "DUNNO",
	"mail a\@b.example\n", "DUNNO", "mail a\@b.example\n", "DUNNO",
	"client c.example 192.0.2.1\n", "DUNNO",
	"mail a\@b.example\n", qr/^5.*connections/ ],
    [ "the recipient at DATA, if it is alone",
	"mail a\@b.example\n", "DUNNO",
	"rcpt alone\@example.com\n", "DUNNO",
	"rcpt gone\@example.com\n", qr/^5.*gone/,
	"data\n", qr/^5.*alone/,
	"rcpt u\@example.com\n", "DUNNO",
	"data\n", "DUNNO" ],
    [ "the size, when it is there",
	"mail a\@b.example\n", "DUNNO",
	"eod 50\n", "DUNNO", "eod 500\n", qr/^5.*large/,
	"mail c\@b.example\n", "DUNNO",
	"rcpt u\@example.com\n", "DUNNO", "eod\n", "DUNNO" ],
    [ "SPF, of the same message",
	"mail a\@good.example\n", "DUNNO",
	"rcpt u\@spf.example\n", qr/^PREPEND Received-SPF: pass /,
	"eod\n", qr/^5.*spf/,
	"mail b\@good.example\n", "DUNNO",
	"rcpt u\@example.com\n", "DUNNO", "eod\n", "DUNNO" ],
) {
	my ($what, @steps) = @$case;
	my (@want, @got);

	$b->{input} = "client c.example 192.0.2.1\n" if $steps[0] !~ /^client/;
	for (my $i = 0; $i < @steps; $i += 2) {
		$b->{input} .= $steps[$i];
		push @want, $steps[$i + 1];
	}
	my ($status, $out, $err) = $b->test("session", "--policy", "--world", "world");
	@got = grep { !m{^weir/smtpd} } split /\n/, $out;
	shift @got if $steps[0] !~ /^client/;
	is "$status$err", "0", $what;
	is scalar @got, scalar @want, "an answer each" or diag $out;
	for (0 .. $#want) {
		my $name = "$what: " . $steps[2 * $_] =~ s/\n//r;

		ref $want[$_] ? like $got[$_], $want[$_], $name :
		    is $got[$_], $want[$_], $name;
	}
}

$b->{input} = "mail a\@b.example\nmessage world\n";
$b->refuses("a message", 65, qr/^stdin:2: a policy server sees no message/,
    "session", "--policy");
$b->{input} = "ehlo " . "x" x 70000 . "\n";
$b->refuses("what no request holds", 65, qr/^stdin:1: too long for a request/,
    "session", "--policy");
done_testing;
