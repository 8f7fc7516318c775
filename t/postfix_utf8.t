#!/usr/bin/perl
# SMTPUTF8 in the session, beside Debian's Postfix: which addresses need it, and
# what those get who do not ask for it (RFC 6531).
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Weir::Beside;

my $why = Weir::Beside::enter();
plan skip_all => $why if $why;

my $both = Weir::Beside->new(world => "", main => <<'EOM', cases => <<'EOC');
relay_domains = relay.example, xn--bcher-kva.example
transport_maps = static:discard:
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
smtpd_recipient_restrictions = permit_mynetworks
EOM
== asked for
ehlo a
MAIL FROM:<ä@b.tst> SMTPUTF8
RCPT TO:<ö@relay.example>
RCPT TO:<ö@bücher.example>
RCPT TO:<"ö ö"@bücher.example>
RCPT TO:<"öö"@bücher.example> ORCPT=utf-8;öö@bücher.example
RCPT TO:<"öo"@bücher.example> ORCPT=rfc822;öö@bücher.example
RCPT TO:<@bücher.example:a@relay.example>
RCPT TO:<ö@relay.example> SMTPUTF8
data
MAIL FROM:<ä@bücher.tst> smtputf8
RSET
MAIL FROM:<a@b.tst> SMTPUTF8=yes
MAIL FROM:<a@b.tst> SMTPUTF8 SMTPUTF8
== not asked for
ehlo a
MAIL FROM:<ä@bücher.tst>
MAIL FROM:<"ä ä"@b.tst>
RSET
MAIL FROM:<ä@b.tst>
RCPT TO:<ö@bücher.example>
RCPT TO:<ö@relay.example>
RCPT TO:<ö@relay.example> ORCPT=utf-8;ö@relay.example
RCPT TO:<a@relay.example> ORCPT=rfc822;a@bücher.example
data
== HELO, and SMTPUTF8 all the same
helo a
MAIL FROM:<ä@b.tst> SMTPUTF8
RCPT TO:<ö@bücher.example>
data
== strict, not asked for
= strict_smtputf8 = yes
ehlo a
MAIL FROM:<ä@bücher.tst>
MAIL FROM:<ä@b.tst>
MAIL FROM:<>
RCPT TO:<ö@bücher.example>
RCPT TO:<ö@relay.example>
RCPT TO:<a@relay.example>
RCPT TO:<a@relay.example> ORCPT=utf-8;ö@relay.example
data
== strict, asked for
= strict_smtputf8 = yes
ehlo a
MAIL FROM:<ä@b.tst> SMTPUTF8
RCPT TO:<ö@bücher.example>
data
VRFY ö@relay.example
VRFY ö@relay.example SMTPUTF8
VRFY <ö@bücher.example> SMTPUTF8
== strict without SMTPUTF8
= strict_smtputf8 = yes
= smtputf8_enable = no
ehlo a
MAIL FROM:<ä@b.tst> SMTPUTF8
MAIL FROM:<ä@b.tst>
RCPT TO:<ö@bücher.example>
RCPT TO:<ö@relay.example>
VRFY ö@relay.example
VRFY
data
== VRFY
ehlo a
VRFY
VRFY ö@relay.example
VRFY ö@relay.example SMTPUTF8
VRFY ö@bücher.example SMTPUTF8
VRFY ö@bücher.example
VRFY <ö@bücher.example> smtputf8
VRFY ö@bücher.example SMTPUTF8 x
VRFY SMTPUTF8
VRFY <>
VRFY a b@relay.example
VRFY "a b"@relay.example
VRFY <a@relay.example> x
== not UTF-8
ehlo a\xff
FROB ä
EXPN
EXPN ö
TURN
SEND FROM:<a@b.tst>
ETRN bücher.example
NOOP ä
RSET ä
== strict, and what else is wrong
= strict_smtputf8 = yes
= smtpd_delay_reject = no
= smtpd_sender_restrictions = inline:{{b.tst=reject}}
ehlo a
MAIL FROM:<ä@b.tst> FOO
MAIL FROM:<ä@b.tst> SIZE=x
MAIL FROM:<ä@b.tst> XVERP
MAIL FROM:<ä@b.tst>
MAIL FROM:<a@c.tst>
RCPT TO:<ö@relay.example> FOO
RCPT TO:<ö@relay.example> ORCPT=x
RCPT TO:<ö@relay.example>
RCPT TO:<ö@elsewhere.example>
ETRN ö.example
== strict, and restrictions
= strict_smtputf8 = yes
= smtpd_recipient_restrictions = reject
= smtpd_sender_restrictions = reject
= smtpd_recipient_limit = 1
ehlo a
MAIL FROM:<ä@b.tst>
MAIL FROM:<a@b.tst>
RCPT TO:<ö@relay.example>
RCPT TO:<o@relay.example>
VRFY ö@relay.example
== strict, errors are counted
= strict_smtputf8 = yes
= smtpd_hard_error_limit = 3
ehlo a
MAIL FROM:<ä@b.tst>
MAIL FROM:<a@b.tst>
RCPT TO:<ö@relay.example>
VRFY ö@relay.example
NOOP
== EHLO
ehlo bücher.example
EHLO bücher.example
HELO bücher.example
mail a@b.tst
== EHLO, not strict about it
= smtpd_helo_required = yes
= smtpd_helo_restrictions = reject_invalid_helo_hostname, reject_non_fqdn_helo_hostname
EHLO bücher.example
mail a@b.tst
rcpt ö@relay.example
== strict, SMTPUTF8 is not announced
= strict_smtputf8 = yes
= smtpd_discard_ehlo_keywords = smtputf8
ehlo a
MAIL FROM:<ä@b.tst> SMTPUTF8
MAIL FROM:<ä@b.tst>
VRFY
VRFY ö@relay.example SMTPUTF8
VRFY ö@relay.example
== VRFY with restrictions
= smtpd_recipient_restrictions = reject
EHLO bücher.example
VRFY ö@relay.example SMTPUTF8
EOC
# Which keywords are not offered is said in other words.
$both->compare(drop => qr/discarding EHLO keywords/);
$both->finish;
