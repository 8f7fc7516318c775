#!/usr/bin/perl
# What EHLO announces, and to whom, and when a message gets its name, beside
# Debian's Postfix.
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib";
use Weir::Beside;

my $why = Weir::Beside::enter();
plan skip_all => $why if $why;

my $both = Weir::Beside->new(world => "", main => <<'EOT', cases => <<'EOC');
relay_domains = relay.example
transport_maps = inline:{relay.example=discard:}
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
EOT
== some words
= smtpd_discard_ehlo_keywords = chunking, DSN etrn
EHLO a
MAIL FROM:<a@b.tst> RET=FULL
BDAT 5
== silently
= smtpd_discard_ehlo_keywords = smtputf8, silent-discard
EHLO a
MAIL FROM:<a@b.tst> SMTPUTF8
== what is only not announced
= smtpd_discard_ehlo_keywords = vrfy, etrn, size, 8bitmime, pipelining
EHLO a
VRFY x@relay.example
ETRN relay.example
MAIL FROM:<a@b.tst> SIZE=100 BODY=8BITMIME
== by address, and not the parameter
= smtpd_discard_ehlo_keywords = etrn
= smtpd_discard_ehlo_keyword_address_maps = inline:{{127.0.0.1=DSN foo chunking}}
EHLO a
MAIL FROM:<a@b.tst> RET=FULL
== another address
= smtpd_discard_ehlo_keywords = etrn
= smtpd_discard_ehlo_keyword_address_maps = inline:{{127.0.0.2=dsn}}
EHLO a
== by network
= smtpd_discard_ehlo_keyword_address_maps = cidr:{{127.0.0.0/8 dsn, silent-discard}}
EHLO a
== by XCLIENT
= smtpd_discard_ehlo_keyword_address_maps = inline:{192.0.2.1=dsn}
EHLO a
client good.tst 192.0.2.1
EHLO a
== a table that cannot be asked
= smtpd_discard_ehlo_keyword_address_maps = inline:{{127.0.0.1=}}
helo a
EHLO a
== HELO has no words
= smtpd_discard_ehlo_keywords = etrn
HELO a
== a queue id at MAIL
= smtpd_delay_open_until_valid_rcpt = no
= smtpd_sender_restrictions = check_sender_access inline:{bad@b.tst=reject}
ehlo a
mail bad@b.tst
rcpt x@relay.example
rset
mail a@b.tst
rcpt x@elsewhere.tst
rcpt x@relay.example
data
mail a@b.tst
data
rset
mail a@b.tst
EOC
# Each names the table in its own way.
$both->compare(drop => qr/ (?:returns an empty string result|should return NO RESULT)/);
$both->finish;
