#!/usr/bin/perl
# reject_unverified_sender and _recipient: what a probe has found, from a world
# that is written down; and what a gateway says that does not know yet.
# How probes are sent: verify_probe.t.
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Weir::Scenario;

my $w = Weir::Scenario->new(base => <<'EOT');
relay_domains = example.com
relay_transport = discard:
address_verify_relay_transport = retry:4.0.0 try again
address_verify_default_transport = retry:4.0.0 try again
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = reject_unverified_recipient
EOT
my $later = "unverified address: try again";

is $w->rcpt('a@example.com'),
    "450 4.1.1 <a\@example.com>: Recipient address rejected: $later",
    "nobody can find out: deferred";
is $w->rcpt('a@elsewhere.example'),
    "554 5.7.1 <a\@elsewhere.example>: Relay access denied",
    "what is refused is not deferred";
$w->take("smtpd_recipient_restrictions = permit\n" .
    "smtpd_sender_restrictions = reject_unverified_sender\n" .
    "unverified_sender_defer_code = 451\n" .
    "address_verify_map = memcache:/nowhere\n" .
    "unverified_sender_reject_reason = ask us\n");
is $w->rcpt('a@example.com', from => 'b@example.net'),
    "451 4.1.7 <b\@example.net>: Sender address rejected: unverified " .
    "address: ask us", "a sender";
is $w->rcpt('a@example.com', from => ''), "250 2.1.5 Ok",
    "the null sender is not verified (R-16)";
like $w->log, qr/address_verify_map: "memcache:\/nowhere" is not used/,
    "a cache that is not ours";

# What is asked, in a world: (settings, replies to the four addresses).
my $world = $w->write_file("world", <<'EOT');
probe good@example.com ok
probe bad@example.com bad no such user
probe later@example.com unknown try again
probe down@example.com failed
EOT

sub replies {
	my ($settings) = @_;
	my $script = $w->write_file("script", join "",
	    (map { "set $_\n" } @$settings), "client x.example 192.0.2.1\n",
	    "helo x.example\n", "mail s\@example.net\n",
	    map { "rcpt $_\@example.com\n" } qw(good bad later down));
	my $weir = Weir::program();
	my $text = `$weir test session -c $w->{dir}/etc --world $world $script 2>&1`;
	my @lines = grep { /^(OK|\d\d\d )/ } split /\n/, $text;

	return [ map { s/<.*>: Recipient address rejected: //r }
	    @lines[-4 .. -1] ];
}

$w->configure(main => $w->with_base(""));
is_deeply replies([]), [ "OK", "450 4.1.1 unverified address: no such user",
    "450 4.1.1 unverified address: try again",
    "450 4.1.1 address verification problem" ], "by default";
is_deeply replies([ "unverified_recipient_reject_code = 550",
    "unverified_recipient_defer_code = 250" ]),
    [ "OK", "550 5.1.1 undeliverable address: no such user", "OK",
    "450 4.1.1 address verification problem" ], "other codes";
is_deeply replies([ "unverified_recipient_reject_reason = because",
    "unverified_recipient_tempfail_action = defer" ]),
    [ "OK", "450 4.1.1 unverified address: because",
    "450 4.1.1 unverified address: because",
    "450 4.1.1 address verification problem" ], "another reason";
my $sender = "smtpd_recipient_restrictions = reject_unverified_sender, reject";
$w->write_file("world", "probe s\@example.net failed\n");
is replies([ $sender ])->[0], "554 5.7.1 Access denied",
    "a sender that could not be verified: what is refused is not deferred";
is replies([ $sender, "unverified_sender_tempfail_action = defer" ])->[0] =~
    s/<.*>: //r, "450 4.1.7 Sender address rejected: address verification problem",
    "unverified_sender_tempfail_action";
$w->finish;
