#!/usr/bin/perl
# BDAT beside Debian's Postfix: the same commands and chunks, replies and log
# lines.  Hostile 42, 43.
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
message_size_limit = 3000
header_checks = regexp:{{/^X-Bad/ REJECT}}
smtpd_data_restrictions = check_sender_access inline:{bad@b.tst=reject}
smtpd_end_of_data_restrictions = check_sender_access inline:{late@b.tst=reject}
EOT
== two chunks
ehlo a
mail a@b.tst
rcpt x@relay.example
chunk Subject: x\r\n\r\n
last hello
== chunks that are cut anywhere
ehlo a
mail a@b.tst
rcpt x@relay.example
chunk Subject: x\r
chunk \n\r\nhello\r
last \n.\r\n
== nothing at all
ehlo a
mail a@b.tst
rcpt x@relay.example
last
== a chunk of nothing
ehlo a
mail a@b.tst
rcpt x@relay.example
chunk
last hello
noop
== HELO
= smtpd_forbid_unauth_pipelining = no
helo a
mail a@b.tst
rcpt x@relay.example
last hello
== no recipients
ehlo a
mail a@b.tst
last hello
mail a@b.tst
chunk hello
rcpt x@relay.example
mail a@b.tst
DATA
rset
mail a@b.tst
== no transaction
ehlo a
chunk hello
DATA
mail a@b.tst
rcpt x@relay.example
noop
rset
last hello
mail a@b.tst
== refused as DATA is
ehlo a
mail bad@b.tst
rcpt x@relay.example
chunk hello
last hello
noop
== refused at the end
ehlo a
mail late@b.tst
rcpt x@relay.example
chunk hello
last hello
rset
mail a@b.tst
== refused for its content
ehlo a
mail a@b.tst
rcpt x@relay.example
chunk X-Bad: yes\r\n\r\n
chunk hello
last hello
noop
== between chunks
= smtpd_tls_security_level = none
ehlo a
mail a@b.tst
rcpt x@relay.example
chunk hello
DATA
mail <>
rcpt y@relay.example
noop
VRFY x@relay.example
etrn relay.example
STARTTLS
XCLIENT NAME=a
FOO
MAIL
RCPT
DATA x
last hello
== given up
ehlo a
mail a@b.tst
rcpt x@relay.example
chunk hello
rset
mail a@b.tst
rcpt x@relay.example
chunk hello
ehlo a
mail a@b.tst
rcpt x@relay.example
last hello
== XCLIENT forgets what was refused
ehlo a
chunk hello
client good.tst 192.0.2.1
ehlo a
mail a@b.tst
== too many errors
= smtpd_hard_error_limit = 5
ehlo a
chunk a
chunk b
chunk c
chunk d
chunk e
== too large
ehlo a
mail a@b.tst
rcpt x@relay.example
chunk DIGITS1000\r\n
chunk DIGITS1000DIGITS1000\r\n
chunk DIGITS1000
last hello
noop
== the first one is
ehlo a
mail a@b.tst
rcpt x@relay.example
last DIGITS1000DIGITS1000DIGITS1000DIGITS1
noop
== not there
= smtpd_discard_ehlo_keywords = chunking
ehlo a
mail a@b.tst
rcpt x@relay.example
BDAT 5
== no size
ehlo a
mail a@b.tst
rcpt x@relay.example
BDAT
== a negative one
ehlo a
BDAT -1
== a positive one
ehlo a
BDAT +1
== 2^64
ehlo a
BDAT 18446744073709551616
== 2^63
ehlo a
BDAT 9223372036854775808
== no LAST
ehlo a
BDAT 5 FIRST
== more than LAST
ehlo a
BDAT 5 LAST	x
EOC
$both->compare(drop => qr/^log: warning: mail_stream/);
$both->finish;
