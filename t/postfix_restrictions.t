#!/usr/bin/perl
# The restriction language beside Debian's Postfix: the same configuration, the
# same commands, over real ports and with a name server for both; replies and
# log lines must be the same.  R-01 is the list of headings below, R-02 and
# R-03 are the lists that they use, R-105 the codes of all replies.
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib";
use Weir::Beside;

my $why = Weir::Beside::enter();
plan skip_all => $why if $why;

my $both = Weir::Beside->new(
    files => { replies => <<'EOT' }, world => <<'EOT', main => <<'EOT',
bl.tst=127.0.0.2 $rbl_code 5.9.9 C=$client A=$client_address N=$client_name R=$reverse_client_name H=$helo_name S=$sender SN=$sender_name SD=$sender_domain T=$recipient TN=$recipient_name TD=$recipient_domain D=$rbl_domain W=$rbl_what K=$rbl_class X=$rbl_txt V=$server_name Z=${rbl_reason?yes}${rbl_reason:no}${nothing?a}${nothing:b} {$rbl_reason}
EOT
good.tst A 192.0.2.10
good.tst MX 10 mail.good.tst
mail.good.tst A 192.0.2.11
a.tst A 192.0.2.12
aaaa.tst AAAA 2001:db8::12
sub.below.tst TXT here
nullmx.tst MX 0 .
nullmx.tst A 192.0.2.13
temp.tst SERVFAIL
txt.tst TXT text
badmx.tst MX 10 gone.tst
tempmx.tst MX 10 temp.tst
alias.tst CNAME good.tst
zone.tst NS ns1.zone.tst
zone.tst NS ns2.elsewhere.tst
ns1.zone.tst A 192.0.2.53
ns2.elsewhere.tst A 192.0.2.54
host.zone.tst A 192.0.2.14
xn--bcher-kva.tst MX 10 mail.good.tst
xn--bcher-kva.tst A 192.0.2.15
1.2.0.192.bl.tst A 127.0.0.2
1.2.0.192.bl.tst TXT first reason
1.2.0.192.bl.tst TXT second reason
2.2.0.192.bl.tst A 127.0.0.9
2.0.0.127.bl.tst A 127.0.0.2
bad.tst.bl.tst A 127.0.0.2
xn--bcher-kva.tst.bl.tst A 127.0.0.2
bad.tst.bl.tst TXT no & $dollar "quoted"
1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.bl.tst A 127.0.0.2
1.2.0.192.templist.tst SERVFAIL
good.tst.templist.tst SERVFAIL
1.2.0.192.wl.tst A 127.0.0.1
good.tst.wl.tst A 127.0.0.1
5.13.12.11.in-addr.arpa PTR good.tst
6.13.12.11.in-addr.arpa PTR six.tst
six.tst A 11.12.13.6
7.13.12.11.in-addr.arpa SERVFAIL
8.13.12.11.in-addr.arpa PTR temp.tst
EOT
relay_domains = relay.example, good.tst
relay_transport = discard:
default_transport = discard:
mydestination = local.example
local_transport = discard:
local_recipient_maps = inline:{ { known = x } }
relay_recipient_maps =
virtual_alias_domains = alias.example
virtual_alias_maps = inline:{ { known@alias.example = known@local.example } { fail@alias.example = x@relay.example } }
virtual_mailbox_domains = mailbox.example
virtual_mailbox_maps = inline:{ { known@mailbox.example = x } }
virtual_transport = discard:
transport_maps = inline:{ { error.example = error:5.1.6 no such thing } { retry.example = retry:come back } { error2.example = error:no dsn } }
relocated_maps = inline:{ { moved@local.example = new@elsewhere.example } }
recipient_canonical_maps = inline:{ { canon@local.example = known@local.example } }
sender_canonical_maps = inline:{ { canon2@local.example = known@local.example } }
mynetworks = 10.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
recipient_delimiter = +
smtpd_soft_error_limit = 100
smtpd_hard_error_limit = 200
weir_dnsbl_self_test = no
notify_classes =
inet_protocols = all
EOT
    cases => join "", <DATA>);

# Lists are compiled once here, at their first use there; a DNS list that could
# not be asked is asked again here; and the times to live of a cache run down.
my $different = join "|", "after `.*' is ignored",
    "requires domain name argument", "support for restriction",
    "is deprecated", "RBL lookup error", "ignoring DNS RR",
    "RBL reply error",
    "rbl response code configuration error",
    "fail:x lookup error", "problem talking to server", "connect to ";
$both->compare(drop => $different);

for my $list (map { "smtpd_${_}_restrictions" }
    qw(client helo sender relay recipient data end_of_data etrn)) {
	my ($status, $ours) = $both->{weir}->command("postconf", "-d", $list);

	is $ours, scalar `postconf -d $list`, "R-10: the default of $list";
}
$both->{weir}->configure(
    main => "smtpd_sender_restrictions = reject_unknown_sender\n");
like +($both->{weir}->command("check"))[1],
    qr/unknown smtpd restriction: "reject_unknown_sender"; did you mean reject_unknown_sender_domain\?/,
    "R-59: a name that is none";
$both->{weir}->configure(
    main => "default_rbl_reply = 554 \$rbl_what \${client?{\$nosuch}}\n");
like +($both->{weir}->command("check"))[1],
    qr/main\.cf:\d+: unknown macro name "nosuch" in expansion request/,
    "a name in default_rbl_reply that is none";
$both->finish;
__DATA__
== R-30, R-91, R-15, R-70: client keys: name, parents, address, networks
= smtpd_client_restrictions = check_client_access inline:{ { good.tst = REJECT parent } { unknown = REJECT nameless } { 192.0.2 = REJECT net } { 192.0.2.9 = 450 4.3.0 single } { 10 = OK } { 2001:db8 = REJECT six } { name.tld = OK } { tld = REJECT top } }
client mail.good.tst 192.0.2.9
helo a
mail a@b.tst
rcpt x@relay.example
client good.tst 192.0.2.9
rcpt x@relay.example
mail a@b.tst
rcpt x@relay.example
client unknown 192.0.2.9
helo a
mail a@b.tst
rcpt x@relay.example
client other.tst 192.0.2.9
helo a
mail a@b.tst
rcpt x@relay.example
client other.tst 192.0.2.8
helo a
mail a@b.tst
rcpt x@relay.example
client other.tst 2001:db8::1
helo a
mail a@b.tst
rcpt x@relay.example
client name.tld 2001:db8::1
helo a
mail a@b.tst
rcpt x@relay.example
client Other.TLD 2001:db9::1
helo a
mail a@b.tst
rcpt x@relay.example
client xx 10.1.2.3
helo a
mail a@b.tst
rcpt x@relay.example
== R-31, R-92: HELO keys
= smtpd_helo_restrictions = check_helo_access inline:{ { good.tst = REJECT parent } { 192.0.2 = REJECT net } { 192.0.2.1 = REJECT addr } { [192.0.2.1] = REJECT literal } { dot.tst = REJECT dot } }
client x.tst 192.0.2.7
helo sub.good.tst
mail a@b.tst
rcpt x@relay.example
rset
helo 192.0.2.9
mail a@b.tst
rcpt x@relay.example
rset
helo 192.0.2.1
mail a@b.tst
rcpt x@relay.example
rset
helo [192.0.2.1]
mail a@b.tst
rcpt x@relay.example
rset
helo dot.tst.
mail a@b.tst
rcpt x@relay.example
rset
helo DOT.tst
mail a@b.tst
rcpt x@relay.example
== R-32, R-90, R-16: sender keys, the null sender
= smtpd_sender_restrictions = check_sender_access inline:{ { user@b.tst = REJECT user } { b.tst = REJECT domain } { local@ = REJECT local } { ok@b.tst = OK } { dunno@b.tst = DUNNO } { ext+x@c.tst = REJECT full } { ext@c.tst = REJECT bare } { ext2@ = REJECT ext2 } { <> = REJECT null } { user@local.example = REJECT mine } }
client x.tst 192.0.2.7
helo a
mail user@b.tst
rcpt x@relay.example
rset
mail local@b.tst
rcpt x@relay.example
rset
mail local@sub.b.tst
rcpt x@relay.example
rset
mail local@c.tst
rcpt x@relay.example
rset
mail ok@b.tst
rcpt x@relay.example
rset
mail dunno@b.tst
rcpt x@relay.example
rset
mail ext+x@c.tst
rcpt x@relay.example
rset
mail ext+y@c.tst
rcpt x@relay.example
rset
mail ext2+y@c.tst
rcpt x@relay.example
rset
mail USER@B.TST
rcpt x@relay.example
rset
mail <>
rcpt x@relay.example
rset
mail user
rcpt x@relay.example
rset
mail "quoted user"@c.tst
rcpt x@relay.example
== R-33: recipient keys
= smtpd_recipient_restrictions = check_recipient_access inline:{ { user@relay.example = REJECT user } { relay.example = 450 4.1.1 domain } { x@ = OK } { postmaster@ = REJECT pm } { known@local.example = REJECT 5.1.1 known } { quoted@local.example = REJECT 5.1.7 seven } { eight@local.example = 550 5.1.8 eight } { nine@local.example = 550 5.1.9 nine } { two@local.example = 450 4.1.2 two } }
client x.tst 192.0.2.7
helo a
mail a@b.tst
rcpt user@relay.example
rcpt other@relay.example
rcpt x@sub.relay.example
rcpt postmaster
rcpt postmaster@local.example
rcpt known@local.example
rcpt quoted@local.example
rcpt eight@local.example
rcpt nine@local.example
rcpt two@local.example
rcpt x@stranger.example
== R-18: access(5): actions that answer
= smtpd_recipient_restrictions = check_recipient_access inline:{ { a1@relay.example = REJECT } { a2@relay.example = reject with text } { a3@relay.example = REJECT 5.7.9 with dsn } { a4@relay.example = DEFER } { a5@relay.example = DEFER 4.2.0 later } { a6@relay.example = 450 } { a7@relay.example = 450 4.4.4 text } { a8@relay.example = 550 text } { a9@relay.example = 550 4.4.4 other class } { b1@relay.example = 250 text } { b2@relay.example = 12345 } { b3@relay.example = 421 hang up } { b4@relay.example = 521 5.3.2 bye } { b5@relay.example = DEFER_IF_PERMIT } { b6@relay.example = DEFER_IF_PERMIT 4.2.1 text } { b7@relay.example = DEFER_IF_REJECT text } { b8@relay.example = RELAY } { b9@relay.example = OK text } { c1@relay.example = 450 4.4.4 } { c2@relay.example = REJECT 5.7.1 } { c3@relay.example = 600 x } { c4@relay.example = 399 x } { c5@relay.example = 500 } { c6@relay.example = 4500 x} { c7@relay.example = REJECT 2.1.1 x } }, check_recipient_access inline:{ { b7@relay.example = REJECT second } { b6@relay.example = OK } }
client x.tst 192.0.2.7
helo a
mail a@b.tst
rcpt a1@relay.example
rcpt a2@relay.example
rcpt a3@relay.example
rcpt a4@relay.example
rcpt a5@relay.example
rcpt a6@relay.example
rcpt a7@relay.example
rcpt a8@relay.example
rcpt a9@relay.example
rcpt b1@relay.example
rcpt b2@relay.example
rcpt b5@relay.example
rcpt b6@relay.example
rcpt b7@relay.example
rcpt b8@relay.example
rcpt b9@relay.example
rcpt c1@relay.example
rcpt c2@relay.example
rcpt c3@relay.example
rcpt c4@relay.example
rcpt c5@relay.example
rcpt c6@relay.example
rcpt c7@relay.example
rcpt b3@relay.example
== access(5): 521
= smtpd_recipient_restrictions = check_recipient_access inline:{ { b4@relay.example = 521 5.3.2 bye } }
client x.tst 192.0.2.7
helo a
mail a@b.tst
rcpt b4@relay.example
== access(5): actions on the message
= smtpd_recipient_restrictions = check_recipient_access inline:{ { a1@relay.example = HOLD } { a2@relay.example = HOLD text here } { a3@relay.example = REDIRECT x@good.tst } { a4@relay.example = REDIRECT nowhere } { a5@relay.example = FILTER discard:x } { a6@relay.example = FILTER } { a7@relay.example = FILTER nothing } { a8@relay.example = PREPEND X-A: b } { a9@relay.example = PREPEND nothing } { b1@relay.example = BCC x@good.tst } { b2@relay.example = BCC nowhere } { b3@relay.example = INFO text } { b4@relay.example = WARN text } { b5@relay.example = INFO } { b6@relay.example = WARN } { b7@relay.example = DISCARD } { b8@relay.example = DISCARD some text } { b9@relay.example = PREPEND } { c1@relay.example = REDIRECT } }
client x.tst 192.0.2.7
helo a
mail a@b.tst
rcpt a1@relay.example
rcpt a2@relay.example
rcpt a3@relay.example
rcpt a4@relay.example
rcpt a5@relay.example
rcpt a6@relay.example
rcpt a7@relay.example
rcpt a8@relay.example
rcpt a9@relay.example
rcpt b1@relay.example
rcpt b2@relay.example
rcpt b3@relay.example
rcpt b4@relay.example
rcpt b5@relay.example
rcpt b6@relay.example
rcpt b9@relay.example
rcpt c1@relay.example
rcpt b7@relay.example
rcpt b8@relay.example
rcpt x@stranger.example
data
== access(5): actions on the message where there is none
= smtpd_delay_reject = no
= smtpd_client_restrictions = check_client_access inline:{ { x.tst = HOLD } { y.tst = PREPEND X-A: b } { z.tst = DISCARD } { w.tst = FILTER discard:x } { v.tst = WARN hello } { u.tst = REDIRECT a@b.tst } { t.tst = REJECT } { s.tst = 421 4.7.0 go away } }
= smtpd_etrn_restrictions = check_etrn_access inline:{ { hold.tst = HOLD } { prepend.tst = PREPEND X-A: b } { discard.tst = DISCARD } { warn.tst = WARN hi } { info.tst = INFO hi } { defer.tst = DEFER_IF_PERMIT } }
client x.tst 192.0.2.1
helo a
etrn hold.tst
etrn prepend.tst
etrn discard.tst
etrn warn.tst
etrn info.tst
etrn defer.tst
client y.tst 192.0.2.1
helo a
client z.tst 192.0.2.1
helo a
client w.tst 192.0.2.1
helo a
client v.tst 192.0.2.1
helo a
client u.tst 192.0.2.1
helo a
client t.tst 192.0.2.1
client s.tst 192.0.2.1
== access(5): actions on the message, by the client, once there is one
= smtpd_delay_reject = no
= smtpd_recipient_restrictions = check_client_access inline:{ { x.tst = HOLD } { y.tst = PREPEND X-A: b } }
= smtpd_sender_restrictions = check_helo_access inline:{ { a = PREPEND X-A: b } { b = DISCARD } }
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
client y.tst 192.0.2.1
helo b
mail a@b.tst
rcpt x@relay.example
== access(5): PREPEND and ETRN
= smtpd_etrn_restrictions = check_etrn_access inline:{ { prepend.tst = PREPEND X-A: b } { hold.tst = HOLD } }
= smtpd_client_restrictions = check_client_access inline:{ { x.tst = PREPEND X-A: b } }
client x.tst 192.0.2.1
helo a
etrn prepend.tst
etrn hold.tst
== access(5): results that are restrictions
= smtpd_restriction_classes = one, two
= one = reject_non_fqdn_sender, two
= two = check_sender_access inline:{ { two.tst = REJECT two } }, permit
= smtpd_recipient_restrictions = check_recipient_access inline:{ { a1@relay.example = one } { a2@relay.example = reject_non_fqdn_sender, reject } { a3@relay.example = permit_mynetworks reject_unknown_sender_domain } { a4@relay.example = nonsense } { a5@relay.example = check_sender_access } { a6@relay.example = inline:{a=b} } { a7@relay.example = permit, reject } { a9@relay.example = ONE } { b1@relay.example = dunno, reject } { b2@relay.example = reject_rbl_client bl.tst } { b3@relay.example = sleep 0, reject_non_fqdn_sender } { b4@relay.example = warn_if_reject reject } { b5@relay.example = defer } { b6@relay.example = one, one } { b7@relay.example = permit } { b8@relay.example = defer_if_permit } { b9@relay.example = check_policy_service } { c1@relay.example = reject_rbl_client } }
client x.tst 192.0.2.1
helo a
mail a@unqualified
rcpt a1@relay.example
rcpt a2@relay.example
rcpt a3@relay.example
rcpt a4@relay.example
rcpt a5@relay.example
rcpt a6@relay.example
rcpt a7@relay.example
rcpt a9@relay.example
rcpt b1@relay.example
rcpt b2@relay.example
rcpt b3@relay.example
rcpt b4@relay.example
rcpt b5@relay.example
rcpt b6@relay.example
rcpt b7@relay.example
rcpt b8@relay.example
rcpt b9@relay.example
rcpt c1@relay.example
rset
mail a@two.tst
rcpt a1@relay.example
rcpt b6@relay.example
== a bare table in each list, and in a class
= smtpd_restriction_classes = cls
= cls = inline:{ { good.tst = REJECT c-client } { helo.tst = REJECT c-helo } { sender.tst = REJECT c-sender } { rcpt@relay.example = REJECT c-rcpt } }
= smtpd_client_restrictions = inline:{ { good.tst = REJECT client } }, cls
= smtpd_helo_restrictions = inline:{ { helo.tst = REJECT helo } }, cls
= smtpd_sender_restrictions = inline:{ { sender.tst = REJECT sender } }, cls
= smtpd_recipient_restrictions = inline:{ { rcpt2@relay.example = REJECT rcpt } }, cls
= smtpd_etrn_restrictions = inline:{ { etrn.tst = REJECT etrn } }, cls
client good.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
client x.tst 192.0.2.1
helo helo.tst
mail a@b.tst
rcpt x@relay.example
rset
helo a
mail a@sender.tst
rcpt x@relay.example
rset
mail a@b.tst
rcpt rcpt@relay.example
rcpt rcpt2@relay.example
etrn etrn.tst
etrn helo.tst
rset
etrn etrn.tst
etrn helo.tst
== a bare table at DATA
= smtpd_data_restrictions = inline:{ { a = b } }
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
data
== R-74: DATA and end of data; the recipient is known if there is one
= smtpd_data_restrictions = check_recipient_access inline:{ { x@relay.example = REJECT only } }
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
data
rset
mail a@b.tst
rcpt x@relay.example
rcpt y@relay.example
data
== end of data
= smtpd_end_of_data_restrictions = check_recipient_access inline:{ { x@relay.example = REJECT only } { y@relay.example = PREPEND X-A: b } { z@relay.example = HOLD } }, check_client_access inline:{ { y.tst = DEFER_IF_PERMIT } { w.tst = 421 4.3.2 hang } }
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
data
rset
mail a@b.tst
rcpt y@relay.example
data
mail a@b.tst
rcpt z@relay.example
data
client y.tst 192.0.2.1
helo a
mail a@b.tst
rcpt z@relay.example
data
client w.tst 192.0.2.1
helo a
mail a@b.tst
rcpt z@relay.example
data
== R-35, R-36: generic restrictions
= smtpd_restriction_classes = r1, r2, r3, r4, r5
= reject_code = 555
= defer_code = 444
= r1 = reject
= r2 = defer
= r3 = defer_if_permit
= r4 = defer_if_reject, reject
= r5 = defer_if_reject, defer_if_permit, reject
= smtpd_recipient_restrictions = check_recipient_access inline:{ { 1@relay.example = r1 } { 2@relay.example = r2 } { 3@relay.example = r3 } { 4@relay.example = r4 } { 5@relay.example = r5 } }
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt 1@relay.example
rcpt 2@relay.example
rcpt 3@relay.example
rcpt 4@relay.example
rcpt 5@relay.example
rcpt 6@relay.example
== R-05, R-06, R-07, R-08: OK ends a list, not the next ones
= smtpd_client_restrictions = permit
= smtpd_helo_restrictions = permit_mynetworks, check_helo_access inline:{ { bad.tst = REJECT h } }
= smtpd_sender_restrictions = check_sender_access inline:{ { ok.tst = OK } { dunno.tst = DUNNO } }, check_client_access inline:{ { x.tst = REJECT c } }
= smtpd_recipient_restrictions = check_recipient_access inline:{ { r@relay.example = REJECT r } }, permit
client x.tst 192.0.2.1
helo bad.tst
mail a@ok.tst
rcpt x@relay.example
rset
helo good.tst
mail a@ok.tst
rcpt x@relay.example
rcpt r@relay.example
rset
mail a@dunno.tst
rcpt x@relay.example
rset
mail a@none.tst
rcpt x@relay.example
== R-11: without delay
= smtpd_delay_reject = no
= smtpd_client_restrictions = check_client_access inline:{ { x.tst = REJECT c } { y.tst = DEFER_IF_PERMIT c } }
= smtpd_helo_restrictions = check_helo_access inline:{ { bad.tst = REJECT h } }
= smtpd_sender_restrictions = check_sender_access inline:{ { bad.tst = REJECT s } }, check_recipient_access static:REJECT
client x.tst 192.0.2.1
client z.tst 192.0.2.1
helo bad.tst
helo good.tst
mail a@bad.tst
mail a@good.tst
rcpt x@relay.example
client y.tst 192.0.2.1
helo good.tst
mail a@good.tst
rcpt x@relay.example
rcpt x@stranger.example
== R-12, R-60: warn_if_reject
= smtpd_restriction_classes = cls
= cls = reject_non_fqdn_sender, reject_unknown_sender_domain
= smtpd_sender_restrictions = warn_if_reject check_sender_access inline:{ { w.tst = REJECT w } { d.tst = DEFER_IF_PERMIT d } { r.tst = DEFER_IF_REJECT r } { n.tst = nonsense } }, warn_if_reject cls, reject_non_fqdn_helo_hostname
= smtpd_recipient_restrictions = warn_if_reject warn_if_reject reject_unlisted_recipient, warn_if_reject permit, warn_if_reject fail:x
client x.tst 192.0.2.1
helo a.b
mail a@w.tst
rcpt x@relay.example
rset
mail a@d.tst
rcpt x@relay.example
rset
mail a@r.tst
rcpt x@relay.example
rset
mail a@n.tst
rcpt x@relay.example
rset
mail a@unq
rcpt x@local.example
rset
mail a@temp.tst
rcpt x@relay.example
rset
helo a
mail a@w.tst
rcpt x@relay.example
== R-13: soft_bounce
= soft_bounce = yes
= smtpd_sender_restrictions = check_sender_access inline:{ { a.tst = REJECT } { b.tst = 521 5.7.9 x } { c.tst = 421 x } }
client x.tst 192.0.2.1
helo a
mail a@a.tst
rcpt x@relay.example
rset
mail a@d.tst
rcpt x@stranger.example
rcpt unknown@local.example
rset
mail a@c.tst
rcpt x@relay.example
== R-04, R-20: any restriction in any list; commas, blanks, braces
= smtpd_client_restrictions = reject_non_fqdn_sender reject_unknown_recipient_domain,reject_invalid_helo_hostname
= smtpd_helo_restrictions = reject_non_fqdn_recipient , , permit
client x.tst 192.0.2.1
helo a.b
mail a@b.tst
rcpt x@relay.example
rset
helo ok.tst
mail a@unq
rcpt x@relay.example
rset
mail a@b.tst
rcpt x@unq
rcpt x@gone.tst
rcpt x@good.tst
rset
helo b_..d
mail a@b.tst
rcpt x@good.tst
== unknown names and missing arguments
= smtpd_restriction_classes = c1, c2, c3, c4, c5, c6, c7
= c1 = nonsense
= c2 = check_client_access
= c3 = check_client_access nothing
= c4 = check_policy_service
= c5 = reject_rbl_client
= c6 = sleep
= c7 = reject_rbl_client, reject_rhsbl_sender, permit_dnswl_client
= smtpd_recipient_restrictions = check_recipient_access inline:{ { 1@relay.example = c1 } { 2@relay.example = c2 } { 3@relay.example = c3 } { 4@relay.example = c4 } { 5@relay.example = c5 } { 6@relay.example = c6 } { 7@relay.example = c7 } }
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt 1@relay.example
rcpt 2@relay.example
rcpt 3@relay.example
rcpt 4@relay.example
rcpt 5@relay.example
rcpt 6@relay.example
rcpt 7@relay.example
== tables that fail
= smtpd_client_restrictions = check_client_access inline:{ { ok.tst = OK } }, check_client_access fail:c
= smtpd_recipient_restrictions = check_recipient_access fail:r
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
client ok.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
== R-43, R-102: reject_invalid_helo_hostname
= smtpd_helo_restrictions = reject_invalid_helo_hostname
helo a
mail a@b.tst
rcpt x@relay.example
rset
helo a..b
rcpt x@relay.example
mail a@b.tst
rcpt x@relay.example
rset
helo a_b.tst
mail a@b.tst
rcpt x@relay.example
rset
helo -a.tst
mail a@b.tst
rcpt x@relay.example
rset
helo [1.2.3.4]
mail a@b.tst
rcpt x@relay.example
rset
helo [1.2.3.400]
mail a@b.tst
rcpt x@relay.example
rset
helo [IPv6:2001:db8::1]
mail a@b.tst
rcpt x@relay.example
rset
helo [2001:db8::1]
mail a@b.tst
rcpt x@relay.example
rset
helo 1.2.3.4
mail a@b.tst
rcpt x@relay.example
rset
helo 1.2.3
mail a@b.tst
rcpt x@relay.example
rset
helo example.
mail a@b.tst
rcpt x@relay.example
rset
helo example..
mail a@b.tst
rcpt x@relay.example
rset
helo [1.2.3.4
mail a@b.tst
rcpt x@relay.example
rset
helo 0.0.0.0
mail a@b.tst
rcpt x@relay.example
rset
helo [IPv6:1.2.3.4]
mail a@b.tst
rcpt x@relay.example
== R-45, R-103: reject_non_fqdn_helo_hostname
= smtpd_helo_restrictions = reject_non_fqdn_helo_hostname
= non_fqdn_reject_code = 454
helo a
mail a@b.tst
rcpt x@relay.example
rset
helo a.b
mail a@b.tst
rcpt x@relay.example
rset
helo 1.2.3.4
mail a@b.tst
rcpt x@relay.example
rset
helo [1.2.3.4]
mail a@b.tst
rcpt x@relay.example
rset
helo [nonsense]
mail a@b.tst
rcpt x@relay.example
rset
helo a.
mail a@b.tst
rcpt x@relay.example
rset
helo a.b.
mail a@b.tst
rcpt x@relay.example
rset
helo a.123
mail a@b.tst
rcpt x@relay.example
== R-55, R-56, R-104: reject_unknown_helo_hostname
= smtpd_helo_restrictions = reject_unknown_helo_hostname
= unknown_hostname_reject_code = 550
helo good.tst
mail a@b.tst
rcpt x@relay.example
rset
helo gone.tst
mail a@b.tst
rcpt x@relay.example
rset
helo temp.tst
mail a@b.tst
rcpt x@relay.example
rcpt x@stranger.example
rset
helo nullmx.tst
mail a@b.tst
rcpt x@relay.example
rset
helo txt.tst
mail a@b.tst
rcpt x@relay.example
rset
helo aaaa.tst
mail a@b.tst
rcpt x@relay.example
rset
helo [1.2.3.4]
mail a@b.tst
rcpt x@relay.example
rset
helo 1.2.3.4
mail a@b.tst
rcpt x@relay.example
rset
helo a..b
mail a@b.tst
rcpt x@relay.example
rset
helo alias.tst
mail a@b.tst
rcpt x@relay.example
rset
helo below.tst
mail a@b.tst
rcpt x@relay.example
== tempfail actions: defer
= smtpd_helo_restrictions = reject_unknown_helo_hostname
= smtpd_sender_restrictions = reject_unknown_sender_domain
= unknown_helo_hostname_tempfail_action = defer
= unknown_address_tempfail_action = defer
helo temp.tst
mail a@good.tst
rcpt x@stranger.example
rset
helo good.tst
mail a@temp.tst
rcpt x@stranger.example
== R-21: smtpd_helo_required
= smtpd_helo_required = yes
mail a@b.tst
helo a
mail a@b.tst
== R-22: strict_rfc821_envelopes
= strict_rfc821_envelopes = yes
helo a
MAIL FROM:a@b.tst
MAIL FROM:<a@b.tst> SIZE=10
RCPT TO:x@relay.example
RCPT TO:<x@relay.example>
RCPT TO: <x@relay.example>
RCPT TO:"X" <x@relay.example>
RCPT TO:(comment)<x@relay.example>
== without strict_rfc821_envelopes
helo a
MAIL FROM:a@b.tst
RCPT TO:x@relay.example
RCPT TO:<x@relay.example>
RCPT TO: <x@relay.example>
RCPT TO:"X" <x@relay.example>
RCPT TO:(comment)<x@relay.example>
RCPT TO:<@a,@b:x@relay.example>
RCPT TO:<>
RCPT TO:
RCPT x@relay.example
RCPT TO:<x@[192.0.2.1]>
RCPT TO:<x@[IPv6:2001:db8::1]>
RCPT TO:<x@[1.2.3]>
RCPT TO:<"a b"@relay.example>
RCPT TO:<a b@relay.example>
RCPT TO:<x@relay.example@good.tst>
RCPT TO:<x%elsewhere.example@relay.example>
RCPT TO:<elsewhere.example!x>
RCPT TO:<known>
RCPT TO:<x@relay.example.>
RCPT TO:<x@relay..example>
RCPT TO:<x@@relay.example>
== R-23: disable_vrfy_command
= disable_vrfy_command = yes
helo a
VRFY postmaster
== VRFY
helo a
VRFY known@local.example
VRFY unknown@local.example
VRFY x@stranger.example
VRFY <known@local.example>
VRFY known
VRFY
VRFY a b
EXPN x
== R-47, R-46: reject_non_fqdn_sender and _recipient
= smtpd_sender_restrictions = reject_non_fqdn_sender, reject_non_fqdn_recipient
helo a
mail a@b
rcpt x@relay.example
rset
mail a
rcpt x@relay.example
rset
mail a@[192.0.2.1]
rcpt x@relay.example
rcpt x@relay
rcpt x
rcpt x@[192.0.2.1]
rcpt x@relay.example.
rset
mail a@b.c.
rcpt x@relay.example
rset
mail <>
rcpt x@relay.example
rset
mail a@b..c
rcpt x@relay.example
rset
mail a@-b.c
rcpt x@relay.example
rset
mail a@1.2.3.4
rcpt x@relay.example
rset
mail a@b_c.tst
rcpt x@relay.example
== R-58, R-57, R-19: unknown domains, null MX
= smtpd_sender_restrictions = reject_unknown_sender_domain
= smtpd_recipient_restrictions = reject_unknown_recipient_domain
= unknown_address_reject_code = 550
client x.tst 10.1.1.1
helo a
mail a@good.tst
rcpt x@good.tst
rcpt x@gone.tst
rcpt x@temp.tst
rcpt x@nullmx.tst
rcpt x@txt.tst
rcpt x@a.tst
rcpt x@aaaa.tst
rcpt x@badmx.tst
rcpt x@tempmx.tst
rcpt x@alias.tst
rcpt known@local.example
rcpt known@alias.example
rcpt x@[192.0.2.1]
rcpt x@below.tst
rcpt x@a..b
rcpt x@1.2.3.4
rset
mail a@nullmx.tst
rcpt x@good.tst
rset
mail a@gone.tst
rcpt x@good.tst
rset
mail a@temp.tst
rcpt x@good.tst
rcpt x@stranger.example
rset
mail <>
rcpt x@good.tst
rset
mail a@local.example
rcpt x@good.tst
rset
mail a
rcpt x@good.tst
rset
mail a@relay.example
rcpt x@good.tst
rset
mail a@good.tst.
rcpt x@good.tst
== reject_unlisted_recipient by class of address
= smtpd_recipient_restrictions = reject_unlisted_recipient
= unknown_local_recipient_reject_code = 551
= unknown_virtual_alias_reject_code = 552
= unknown_virtual_mailbox_reject_code = 553
client x.tst 10.1.1.1
helo a
mail a@good.tst
rcpt known@local.example
rcpt known+ext@local.example
rcpt unknown@local.example
rcpt known@alias.example
rcpt known+x@alias.example
rcpt unknown@alias.example
rcpt known@mailbox.example
rcpt unknown@mailbox.example
rcpt moved@local.example
rcpt canon@local.example
rcpt canon2@local.example
rcpt x@error.example
rcpt x@error2.example
rcpt x@retry.example
rcpt x@relay.example
rcpt unknown
rcpt @local.example
rcpt "un known"@local.example
== show_user_unknown_table_name
= show_user_unknown_table_name = no
client x.tst 10.1.1.1
helo a
mail a@good.tst
rcpt unknown@local.example
rcpt unknown@mailbox.example
== reject_unlisted_sender
= smtpd_reject_unlisted_sender = yes
client x.tst 10.1.1.1
helo a
mail unknown@local.example
rcpt known@local.example
rset
mail canon2@local.example
rcpt known@local.example
rset
mail canon@local.example
rcpt known@local.example
rset
mail unknown@alias.example
rcpt known@local.example
rset
mail unknown@mailbox.example
rcpt known@local.example
rset
mail moved@local.example
rcpt known@local.example
rset
mail a@error.example
rcpt known@local.example
rset
mail <>
rcpt known@local.example
rset
mail known@local.example
rcpt known@local.example
== no implicit check
= smtpd_reject_unlisted_recipient = no
helo a
mail a@good.tst
rcpt unknown@local.example
== explicit, then not implicit
= smtpd_recipient_restrictions = warn_if_reject reject_unlisted_recipient
helo a
mail a@good.tst
rcpt unknown@local.example
== R-52, R-37, R-101, R-106: relay control
= smtpd_relay_restrictions = permit_mynetworks, defer_unauth_destination
client x.tst 192.0.2.1
helo a
mail a@good.tst
rcpt x@stranger.example
rcpt x@sub.relay.example
rcpt x@relay.example
rcpt x@stranger.example@relay.example
rcpt x%stranger.example@relay.example
rcpt stranger.example!x
rcpt x%relay.example
rcpt <@relay.example:x@stranger.example>
rcpt x@[127.0.0.1]
rcpt x@[192.0.2.99]
rcpt x@mailbox.example
rcpt known@mailbox.example
== permit_auth_destination
= smtpd_relay_restrictions =
= relay_domains_reject_code = 550
= smtpd_recipient_restrictions = permit_auth_destination, reject_unauth_destination, permit
client x.tst 192.0.2.1
helo a
mail a@good.tst
rcpt x@stranger.example
rcpt x@relay.example
rcpt x%stranger.example@relay.example
rcpt known@local.example
== allow_untrusted_routing
= allow_untrusted_routing = yes
client x.tst 192.0.2.1
helo a
mail a@good.tst
rcpt x%stranger.example@relay.example
rcpt x@stranger.example@relay.example
== OK for a routed address
= smtpd_relay_restrictions = check_recipient_access static:OK, reject
client x.tst 192.0.2.1
helo a
mail a@good.tst
rcpt x%stranger.example@relay.example
rcpt x@relay.example
== R-53: pipelining
= smtpd_data_restrictions = reject_unauth_pipelining
helo a
mail a@good.tst
rcpt x@relay.example
data
== reject_plaintext_session, reject_multi_recipient_bounce
= smtpd_sender_restrictions = check_sender_access inline:{ { tls@b.tst = reject_plaintext_session } }
= smtpd_recipient_restrictions = reject_multi_recipient_bounce
= smtpd_data_restrictions = reject_multi_recipient_bounce
helo a
mail tls@b.tst
rcpt x@relay.example
rset
mail <>
rcpt x@relay.example
rcpt y@relay.example
data
== reject_multi_recipient_bounce at DATA
= smtpd_data_restrictions = reject_multi_recipient_bounce
= multi_recipient_bounce_reject_code = 551
helo a
mail <>
rcpt x@relay.example
rcpt y@relay.example
data
rset
mail <>
rcpt y@relay.example
data
== R-39: mynetworks, permit_inet_interfaces
= smtpd_relay_restrictions = permit_mynetworks, permit_inet_interfaces, reject_unauth_destination
= smtpd_log_access_permit_actions = static:all
client x.tst 10.1.1.1
helo a
mail a@b.tst
rcpt x@stranger.example
client x.tst 127.0.0.1
helo a
mail a@b.tst
rcpt x@stranger.example
== smtpd_log_access_permit_actions
= smtpd_log_access_permit_actions = permit_mynetworks, ok, permit_auth_destination, permit_dnswl_client, 250
= smtpd_client_restrictions = check_client_access inline:{ { x.tst = OK some text } { y.tst = permit_mynetworks } { z.tst = 250 } }, permit_dnswl_client wl.tst, permit
= smtpd_recipient_restrictions = permit_auth_destination
client x.tst 10.1.1.1
helo a
mail a@b.tst
rcpt x@relay.example
client y.tst 10.1.1.1
helo a
mail a@b.tst
rcpt x@relay.example
client z.tst 10.1.1.1
helo a
mail a@b.tst
rcpt x@relay.example
client w.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
rcpt x@stranger.example
== R-54: unknown clients
= smtpd_client_restrictions = reject_unknown_client_hostname
= unknown_client_reject_code = 554
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
client x.tst 192.0.2.1 temp
helo a
mail a@b.tst
rcpt x@relay.example
client x.tst 192.0.2.1 perm
helo a
mail a@b.tst
rcpt x@relay.example
client x.tst 2001:db8::1 perm
helo a
mail a@b.tst
rcpt x@relay.example
== unknown reverse names
= smtpd_client_restrictions = reject_unknown_reverse_client_hostname
client x.tst 192.0.2.1 temp
helo a
mail a@b.tst
rcpt x@relay.example
client x.tst 192.0.2.1 perm
helo a
mail a@b.tst
rcpt x@relay.example
== a forged name
= smtpd_client_restrictions = reject_unknown_reverse_client_hostname, check_reverse_client_hostname_access inline:{ { good.tst = WARN reverse } }, check_client_access inline:{ { good.tst = WARN name } }, reject_rhsbl_reverse_client bl.tst, reject_unknown_client_hostname
from 11.12.13.5
helo a
mail a@b.tst
rcpt x@relay.example
== a good name
= smtpd_client_restrictions = reject_unknown_reverse_client_hostname, check_reverse_client_hostname_access inline:{ { tst = REJECT reverse } }, reject_unknown_client_hostname
from 11.12.13.6
helo a
mail a@b.tst
rcpt x@relay.example
== no reverse answer
= smtpd_client_restrictions = reject_unknown_client_hostname
from 11.12.13.7
helo a
mail a@b.tst
rcpt x@relay.example
== no forward answer
= smtpd_client_restrictions = reject_unknown_client_hostname
from 11.12.13.8
helo a
mail a@b.tst
rcpt x@relay.example
== no name at all
= smtpd_client_restrictions = reject_unknown_client
from 11.12.13.9
helo a
mail a@b.tst
rcpt x@relay.example
== OK is no answer for reverse names and servers
= smtpd_client_restrictions = check_reverse_client_hostname_access inline:{ { ok.tst = OK } }
= smtpd_sender_restrictions = check_sender_mx_access inline:{ { mail.good.tst = OK } }
client ok.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
client x.tst 192.0.2.1
helo a
mail a@good.tst
rcpt x@relay.example
== servers: MX
= smtpd_sender_restrictions = check_sender_mx_access inline:{ { good.tst = REJECT parent } { 192.0.2.11 = REJECT address } { 192.0.2.12 = REJECT a } { 192.0.2.1 = REJECT literal } { 192.0.2.15 = REJECT idn } { 2001:db8 = REJECT six } }
= smtpd_client_restrictions = check_client_mx_access inline:{ { 192.0.2.12 = REJECT cmx } }, check_reverse_client_hostname_mx_access inline:{ { 192.0.2.10 = REJECT rmx } { mail.good.tst = REJECT rmxn } }
= smtpd_recipient_restrictions = check_recipient_mx_access inline:{ { mail.good.tst = REJECT rcptmx } }
= smtpd_helo_restrictions = check_helo_mx_access inline:{ { 192.0.2.12 = REJECT hmx } }
client x.tst 10.0.2.1
helo a
mail a@good.tst
rcpt x@relay.example
rset
mail a@a.tst
rcpt x@relay.example
rset
mail a@aaaa.tst
rcpt x@relay.example
rset
mail a@[192.0.2.1]
rcpt x@relay.example
rset
mail a@gone.tst
rcpt x@relay.example
rset
mail a@temp.tst
rcpt x@relay.example
rset
mail a@nullmx.tst
rcpt x@relay.example
rset
mail a@badmx.tst
rcpt x@relay.example
rset
mail a@tempmx.tst
rcpt x@relay.example
rset
mail <>
rcpt x@good.tst
rset
mail a@b.tst
rcpt x@good.tst
rset
helo a.tst
mail a@b.tst
rcpt x@relay.example
client a.tst 192.0.2.12
helo a
mail a@b.tst
rcpt x@relay.example
client good.tst 192.0.2.12
helo a
mail a@b.tst
rcpt x@relay.example
client unknown 192.0.2.12
helo a
mail a@b.tst
rcpt x@relay.example
== servers: NS
= smtpd_sender_restrictions = check_sender_ns_access inline:{ { ns1.zone.tst = REJECT name } { 192.0.2.53 = REJECT address } }
= smtpd_recipient_restrictions = check_recipient_ns_access inline:{ { 192.0.2.54 = REJECT second } }
= smtpd_helo_restrictions = check_helo_ns_access inline:{ { elsewhere.tst = REJECT h } }
= smtpd_client_restrictions = check_client_ns_access inline:{ { ns1.zone.tst = REJECT c } }, check_reverse_client_hostname_ns_access inline:{ { ns1.zone.tst = REJECT r } }
client x.tst 10.0.2.1
helo a
mail a@zone.tst
rcpt x@relay.example
rset
mail a@host.zone.tst
rcpt x@relay.example
rset
mail a@not.there.zone.tst
rcpt x@relay.example
rset
mail a@[192.0.2.53]
rcpt x@relay.example
rset
mail a@temp.tst
rcpt x@relay.example
rset
mail a@gone.tst
rcpt x@zone.tst
rset
mail a@b
rcpt x@relay.example
rset
helo host.zone.tst
mail a@b
rcpt x@relay.example
client host.zone.tst 192.0.2.12
helo a
mail a@b.tst
rcpt x@relay.example
== servers: A
= smtpd_sender_restrictions = check_sender_a_access inline:{ { good.tst = REJECT name } { 192.0.2.12 = REJECT address } { 192.0.2.1 = REJECT literal } { 2001:db8:: = REJECT colon } { 2001:db8 = REJECT six } }
= smtpd_recipient_restrictions = check_recipient_a_access inline:{ { 192.0.2.10 = REJECT second } }
= smtpd_helo_restrictions = check_helo_a_access inline:{ { 192.0.2.10 = REJECT h } }
= smtpd_client_restrictions = check_client_a_access inline:{ { 192.0.2.10 = REJECT c } }, check_reverse_client_hostname_a_access inline:{ { 192.0.2.12 = REJECT r } }
client x.tst 10.0.2.1
helo a
mail a@good.tst
rcpt x@relay.example
rset
mail a@a.tst
rcpt x@relay.example
rset
mail a@aaaa.tst
rcpt x@relay.example
rset
mail a@[192.0.2.1]
rcpt x@relay.example
rset
mail a@[IPv6:2001:db8::5]
rcpt x@relay.example
rset
mail a@temp.tst
rcpt x@relay.example
rset
mail a@gone.tst
rcpt x@good.tst
rset
helo good.tst
mail a@b
rcpt x@relay.example
client good.tst 192.0.2.12
helo a
mail a@b.tst
rcpt x@relay.example
client a.tst 192.0.2.12
helo a
mail a@b.tst
rcpt x@relay.example
== R-48, R-100: reject_rbl_client
= smtpd_client_restrictions = reject_rbl_client bl.tst=127.0.0.2
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
client x.tst 192.0.2.2
helo a
mail a@b.tst
rcpt x@relay.example
client x.tst 192.0.2.3
helo a
mail a@b.tst
rcpt x@relay.example
client x.tst 2001:db8::1
helo a
mail a@b.tst
rcpt x@relay.example
== filters of DNS lists
= maps_rbl_reject_code = 450
= smtpd_restriction_classes = f1, f2, f3
= f1 = reject_rbl_client bl.tst=127.0.0.[2..8]
= f2 = reject_rbl_client bl.tst=[127.0.0.[1;9]]
= f3 = reject_rbl_client bl.tst=127.0.0.[3..8]
= smtpd_recipient_restrictions = check_recipient_access inline:{ { 1@relay.example = f1 } { 2@relay.example = f2 } { 3@relay.example = f3 } }
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt 1@relay.example
rcpt 2@relay.example
rcpt 3@relay.example
client x.tst 192.0.2.2
helo a
mail a@b.tst
rcpt 1@relay.example
rcpt 2@relay.example
rcpt 3@relay.example
== R-49, R-50: names in DNS lists
= smtpd_client_restrictions = reject_rhsbl_client bl.tst, reject_rhsbl_reverse_client bl.tst
= smtpd_helo_restrictions = reject_rhsbl_helo bl.tst
= smtpd_sender_restrictions = reject_rhsbl_sender bl.tst
= smtpd_recipient_restrictions = reject_rhsbl_recipient bl.tst
client bad.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
client x.tst 192.0.2.1
helo bad.tst
mail a@b.tst
rcpt x@relay.example
rset
helo sub.bad.tst
mail a@bad.tst
rcpt x@relay.example
rset
mail a@sub.bad.tst
rcpt x@relay.example
rset
mail <>
rcpt x@bad.tst
rset
mail a@[192.0.2.1]
rcpt x@relay.example
rset
mail a@BAD.tst
rcpt x@relay.example
client unknown 192.0.2.1
helo 192.0.2.1
mail a@1.2.3
rcpt x@relay.example
== replies of DNS lists: macros
= smtpd_client_restrictions = reject_rbl_client bl.tst=127.0.0.2
= smtpd_sender_restrictions = reject_rhsbl_sender bl.tst
= rbl_reply_maps = texthash:$dir/replies
= default_rbl_reply = 450 4.7.9 ${rbl_what?{$rbl_reason}:{none}} from $client_name ${client_port?has port}
client x.tst 192.0.2.1
helo he(l)o
mail a@b.tst
rcpt Some.One+x@relay.example
rset
mail <>
rcpt x
client x.tst 192.0.2.3
helo a
mail some@bad.tst
rcpt x@relay.example
== replies of DNS lists: bad templates
= smtpd_client_restrictions = reject_rbl_client bl.tst
= smtpd_sender_restrictions = reject_rhsbl_sender bl.tst
= rbl_reply_maps = inline:{ { bl.tst = no code } }
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
== replies of DNS lists: the expansion filter
= smtpd_client_restrictions = reject_rbl_client bl.tst
= default_rbl_reply = 550 h=$helo_name s=$sender x
= smtpd_expansion_filter = abcdefghijklmnopqrstuvwxyz@.
client x.tst 192.0.2.1
helo A-b_c.9
mail Q-q@b.tst
rcpt x@relay.example
== DNS lists that do not answer
= smtpd_client_restrictions = reject_rbl_client templist.tst, permit_dnswl_client templist.tst, reject_non_fqdn_sender
= smtpd_sender_restrictions = reject_rhsbl_sender templist.tst
client x.tst 192.0.2.1
helo a
mail a@unq
rcpt x@relay.example
rset
mail a@good.tst
rcpt x@relay.example
rcpt x@stranger.example
== allow lists
= smtpd_client_restrictions = permit_dnswl_client wl.tst, permit_rhswl_client wl.tst, reject
= smtpd_recipient_restrictions = permit_dnswl_client wl.tst, reject
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
rcpt x@stranger.example
client good.tst 192.0.2.9
helo a
mail a@b.tst
rcpt x@relay.example
client x.tst 192.0.2.9
helo a
mail a@b.tst
rcpt x@relay.example
== smtpd_dns_reply_filter
= smtpd_dns_reply_filter = pcre:{ {/^good\.tst.*MX/ IGNORE} {/ A 192\.0\.2\.12/ IGNORE} {/^1\.2\.0\.192\.bl/ IGNORE} {/^aaaa/ NONSENSE} }
= smtpd_client_restrictions = reject_rbl_client bl.tst
= smtpd_helo_restrictions = reject_unknown_helo_hostname
= smtpd_sender_restrictions = reject_unknown_sender_domain
client x.tst 192.0.2.1
helo good.tst
mail a@good.tst
rcpt x@relay.example
rset
mail a@a.tst
rcpt x@relay.example
rset
mail a@aaaa.tst
rcpt x@relay.example
rset
helo a.tst
mail a@mail.good.tst
rcpt x@relay.example
== R-40, R-44: removed restrictions
= smtpd_client_restrictions = reject_maps_rbl
= maps_rbl_domains = bl.tst
= smtpd_helo_restrictions = permit_naked_ip_address, reject_non_fqdn_hostname
= smtpd_recipient_restrictions = check_relay_domains
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
client x.tst 192.0.2.3
helo 192.0.2.3
mail a@b.tst
rcpt x@relay.example
rcpt x@stranger.example
client sub.relay.example 192.0.2.3
helo a
mail a@b.tst
rcpt x@relay.example
== old names
= smtpd_client_restrictions = reject_unknown_client, reject_rbl bl.tst
= smtpd_helo_restrictions = reject_invalid_hostname, reject_non_fqdn_hostname, reject_unknown_hostname
= smtpd_sender_restrictions = reject_unknown_address
= smtpd_recipient_restrictions = check_recipient_maps
client x.tst 192.0.2.1
helo good.tst
mail a@good.tst
rcpt x@relay.example
client x.tst 192.0.2.3
helo a
mail a@good.tst
rcpt x@relay.example
rset
helo gone.tst
mail a@good.tst
rcpt x@relay.example
rset
helo good.tst
mail a@gone.tst
rcpt x@relay.example
rset
mail a@good.tst
rcpt unknown@local.example
== R-38: permit_mx_backup
= smtpd_relay_restrictions = permit_mx_backup, reject_unauth_destination
= permit_mx_backup_networks = 192.0.2.11
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@good.tst
rcpt x@a.tst
rcpt x@temp.tst
rcpt x@badmx.tst
rcpt x@gone.tst
rcpt known@local.example
== R-41: login
= smtpd_sasl_auth_enable = yes
= smtpd_relay_restrictions = permit_sasl_authenticated, reject
= smtpd_sender_restrictions = check_sasl_access inline:{ { bad = REJECT blocked } { user = WARN seen } }
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@stranger.example
login user
helo a
mail a@b.tst
rcpt x@stranger.example
login bad
helo a
mail a@b.tst
rcpt x@stranger.example
login [UNAVAILABLE]
helo a
mail a@b.tst
rcpt x@stranger.example
== R-51: owners of senders
= smtpd_sasl_auth_enable = yes
= smtpd_sender_login_maps = inline:{ { own@local.example = user, other } { @dom.example = dom } { ext@ext.example = user } { case@local.example = USER } }
= smtpd_sender_restrictions = reject_sender_login_mismatch
client x.tst 192.0.2.1
helo a
mail own@local.example
rcpt x@relay.example
rset
mail free@local.example
rcpt x@relay.example
login user
helo a
mail own@local.example
rcpt x@relay.example
rset
mail free@local.example
rcpt x@relay.example
rset
mail any@dom.example
rcpt x@relay.example
rset
mail ext+a@ext.example
rcpt x@relay.example
rset
mail <>
rcpt x@relay.example
rset
mail case@local.example
rcpt x@relay.example
login dom
helo a
mail any@dom.example
rcpt x@relay.example
== known owners of senders
= smtpd_sasl_auth_enable = yes
= smtpd_sender_login_maps = inline:{ { own@local.example = user, other } }
= smtpd_sender_restrictions = reject_known_sender_login_mismatch
client x.tst 192.0.2.1
login user
helo a
mail own@local.example
rcpt x@relay.example
rset
mail free@local.example
rcpt x@relay.example
login stranger
helo a
mail own@local.example
rcpt x@relay.example
== known owners, when the table fails
= smtpd_sasl_auth_enable = yes
= smtpd_sender_login_maps = fail:x
= smtpd_sender_restrictions = reject_unauthenticated_sender_login_mismatch, reject_authenticated_sender_login_mismatch
client x.tst 192.0.2.1
helo a
mail own@local.example
rcpt x@relay.example
login user
helo a
mail own@local.example
rcpt x@relay.example
== without owners
= smtpd_sasl_auth_enable = yes
= smtpd_sender_restrictions = reject_sender_login_mismatch
client x.tst 192.0.2.1
helo a
mail own@local.example
rcpt x@relay.example
login user
helo a
mail own@local.example
rcpt x@relay.example
== order of relay and recipient lists
= smtpd_relay_before_recipient_restrictions = no
= smtpd_recipient_restrictions = check_client_access inline:{ { x.tst = REJECT first } }
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@stranger.example
== deferrals are carried on
= smtpd_client_restrictions = check_client_access inline:{ { x.tst = DEFER_IF_PERMIT client } }
= smtpd_helo_restrictions = check_helo_access inline:{ { helo.tst = DEFER_IF_PERMIT helo } { no.tst = DEFER_IF_REJECT no } }
= smtpd_sender_restrictions = check_sender_access inline:{ { sender.tst = DEFER_IF_PERMIT sender } }, check_recipient_access inline:{ { rej@relay.example = REJECT r } }
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
rcpt rej@relay.example
rcpt x@stranger.example
client y.tst 192.0.2.1
helo helo.tst
mail a@sender.tst
rcpt x@relay.example
rset
helo a
mail a@sender.tst
rcpt x@relay.example
rset
mail a@b.tst
rcpt x@relay.example
rset
helo no.tst
mail a@b.tst
rcpt rej@relay.example
== long and odd replies
= smtpd_client_restrictions = check_client_access inline:{ { x.tst = REJECT DIGITS400 } { y.tst = 450 4.7 short dsn } { z.tst = 550 5.7.1000000 long } { w.tst = REJECT 5.7.1text } }
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
client y.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
client z.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
client w.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
== R-93: patterns
= smtpd_recipient_restrictions = check_recipient_access pcre:{ {/^(.*)@Relay\.example$$/ REJECT got $$1} {/^x@/ 450 4.1.1 x} }
= smtpd_client_restrictions = check_client_access regexp:{ {/^(X)\.tst$$/ REJECT name $$1} {/^192\.0\.2\.5$$/ REJECT addr} {/^192\.0\.2$$/ REJECT never} }
= smtpd_sender_restrictions = check_sender_access cidr:{ {0.0.0.0/0 REJECT cidr} }, check_client_access cidr:{ {192.0.2.0/24 INFO in cidr} {2001:db8::/32 REJECT six} }
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
client y.tst 192.0.2.5
helo a
mail a@b.tst
rcpt x@relay.example
client y.tst 192.0.2.6
helo a
mail a@b.tst
rcpt Some.One@relay.example
rcpt x@good.tst
client y.tst 2001:db8::6
helo a
mail a@b.tst
rcpt Some.One@relay.example
== parents with a dot
= parent_domain_matches_subdomains =
= smtpd_client_restrictions = check_client_access inline:{ { .good.tst = REJECT below } { good.tst = REJECT itself } { tst = REJECT never } }
client good.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
client a.b.good.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
client b.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
== ETRN
= smtpd_client_restrictions = check_client_access inline:{ { x.tst = REJECT c } }
= smtpd_sender_restrictions = reject
client x.tst 192.0.2.1
ETRN
ETRN a b
etrn relay.example
helo a
etrn relay.example
client y.tst 192.0.2.1
helo a
etrn relay.example
etrn stranger.example
etrn local.example
ETRN @relay.example
ETRN #queue
ETRN relay..example
ETRN [192.0.2.1]
ETRN a_b.relay.example
mail a@b.tst
etrn relay.example
== ETRN for some
= fast_flush_domains = relay.example
= smtpd_etrn_restrictions = check_client_access inline:{ { x.tst = REJECT c } { y.tst = defer_if_permit } }, reject_invalid_helo_hostname, check_etrn_access inline:{ { no.relay.example = REJECT } }, permit_mynetworks, reject
client x.tst 192.0.2.1
helo a
etrn relay.example
client y.tst 192.0.2.1
helo a
etrn relay.example
client z.tst 10.0.2.1
helo a..b
etrn relay.example
helo a
etrn relay.example
etrn no.relay.example
client z.tst 192.0.2.1
helo a
etrn relay.example
== domains in addresses
client x.tst 10.0.0.1
helo a
mail a@
rset
mail a@.
rset
mail a@.a
rset
mail a@a.
rset
mail a@a..
rset
mail a@b..c
rset
mail a@[
rset
mail a@[]
rset
mail a@[1.2.3.4
rset
mail a@[x]
rset
mail a@[IPv6:::1]
rset
mail a@[::1]
rset
mail a@1.2.3
rset
mail a@123
rset
mail a@1.2.3.4
rset
mail a@a_b
rset
mail a@-a
rset
mail a@a-
rset
mail a@_a
rset
mail a@a-.b
rset
mail a@DIGITS9.b
rset
mail a@aDIGITS62.b
rset
mail a@aDIGITS63.b
rset
mail a@DIGITS63
rset
mail a@a!b
rset
mail a@a%b
rset
mail a@a,b
rset
mail a@b*c
rset
mail "a@b..c"@d
rset
mail a%b..c@d
rset
mail b..c!x
rset
mail a@b@c..d
rset
mail a@b..c@d
rset
mail a@bücher.tst
rset
mail <a@bücher.tst> SMTPUTF8
rset
mail <a@xn--bcher-kva.tst>
== international names: tables by what is written, DNS by A-labels
= smtpd_sender_restrictions = check_sender_access inline:{ { bücher.tst = INFO u-label } { xn--bcher-kva.tst = INFO a-label } { ü@ = WARN local } }, reject_non_fqdn_sender, reject_unknown_sender_domain, reject_rhsbl_sender bl.tst
client x.tst 10.0.0.1
ehlo a
mail <a@bücher.tst> SMTPUTF8
rcpt x@relay.example
rset
mail <a@BÜCHER.tst> SMTPUTF8
rcpt x@relay.example
rset
mail <ü@good.tst> SMTPUTF8
rcpt x@relay.example
rset
mail <a@xn--bcher-kva.tst>
rcpt x@relay.example
rset
mail <a@größe.tst> SMTPUTF8
rcpt x@relay.example
rset
mail <a@bücher> SMTPUTF8
rcpt x@relay.example
== R-71, R-72, R-73, R-75: the lists of the founding documents
= smtpd_helo_restrictions = check_helo_access inline:{ { bad.tst = REJECT } }, reject_invalid_hostname, reject_unknown_helo_hostname
= smtpd_sender_restrictions = check_sender_access inline:{ { bad.tst = REJECT } }, reject_non_fqdn_sender, reject_unknown_sender_domain
= smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject
= smtpd_recipient_restrictions = permit_mynetworks, permit_sasl_authenticated, permit_tls_clientcerts, reject_unauth_destination, reject_invalid_hostname, reject_unknown_sender_domain, reject_non_fqdn_recipient, reject_unknown_recipient_domain, check_recipient_access inline:{ { b@good.tst = REJECT } }
client x.tst 10.0.0.1
helo good.tst
mail a@good.tst
rcpt x@stranger.example
client x.tst 192.0.2.1
helo good.tst
mail a@good.tst
rcpt a@good.tst
== R-17: a sender of ours is no reason to relay
= smtpd_recipient_restrictions = check_sender_access inline:{ { local.example = OK } }, reject_unauth_destination
client x.tst 192.0.2.1
helo a
mail known@local.example
rcpt x@stranger.example
== R-14, R-09: the last word of a list
= smtpd_recipient_restrictions = permit_mynetworks, check_client_access inline:{ { y.tst = OK } }, reject
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
client y.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
client z.tst 10.0.0.1
helo a
mail a@b.tst
rcpt x@relay.example
== R-42: fingerprints that a client without TLS does not have
= smtpd_tls_ask_ccert = yes
= relay_clientcerts = inline:{ { AA:BB = x } }
= smtpd_recipient_restrictions = permit_tls_clientcerts, permit_tls_all_clientcerts, check_ccert_access inline:{ { AA:BB = OK } }, reject
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
== R-61: classes within classes
= smtpd_restriction_classes = spamlover, spamhater, inner
= inner = reject_non_fqdn_sender
= spamhater = reject_invalid_hostname reject_non_fqdn_hostname inner reject_unknown_sender_domain reject_rbl_client bl.tst
= spamlover = permit
= smtpd_recipient_restrictions = check_recipient_access inline:{ { lover@relay.example = spamlover } { hater@relay.example = spamhater } }, check_client_access inline:{ { x.tst = REJECT } }
client x.tst 192.0.2.1
helo a.b
mail a@good.tst
rcpt lover@relay.example
rcpt hater@relay.example
rcpt other@relay.example
rset
mail a@b
rcpt hater@relay.example
== R-80, R-82: a policy service is asked last
= smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, check_policy_service inet:127.0.0.1:1
client x.tst 10.0.0.1
helo a
mail a@b.tst
rcpt x@relay.example
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@stranger.example
rcpt x@relay.example
== R-81, R-83: or before the DNS lists, by its path in the queue directory
= smtpd_recipient_restrictions = check_policy_service unix:private/policy-spf, reject_rbl_client bl.tst
client x.tst 192.0.2.1
helo a
mail a@b.tst
rcpt x@relay.example
== HELO with bare addresses, of every form
= smtpd_helo_restrictions = reject_invalid_helo_hostname
= smtpd_recipient_restrictions = reject_unauth_destination
= smtpd_delay_reject = no
= smtpd_junk_command_limit = 1000
helo 2001:db8::1
helo ::1
helo ::ffff:1.2.3.4
helo 1.2.3.4
helo 1.2.3.4.
helo 2001:db8::1.
helo IPv6:2001:db8::1
helo fe80::1%lo
helo 1:2:3:4:5:6:7:8
helo 1:2:3:4:5:6:7:8:9
helo 01.2.3.4
helo 001.2.3.4
helo 0001.2.3.4
helo 0.1.2.3
helo 00.0.0.0
helo 1.2.3.04
helo 1.2.3.004
helo 1.2.3.0256
helo 1.2.3.0000000000001
helo ::01.2.3.4
helo [01.2.3.4]
helo 1::3:4:5:6:7:8
helo 1:2:3:4:5:6::8
helo ::0.0.0.1
helo [IPv6:1:2:3:4:5:6:7::]
helo [0.1.2.3]
helo [00001.2.3.4]
helo a.b:c
helo to:
helo ::
helo 1::2::3
helo :1
helo 1:
helo 1.2.3
helo 0.0.0.0
helo ::1.2.3.4
helo 256.1.1.1
helo 2001:db8::g
helo 2001:DB8::1
helo 12345::1
helo 00001::1
helo 1:2:3:4:5:6:1.2.3.4
helo 1:2:3:4:5:6:7:1.2.3.4
helo 1:2:3:4:5:6:7::
helo ::2:3:4:5:6:7:8
helo 1::8::
helo :::1
helo 1.2.3.4.5
helo 1..2.3
helo 255.255.255.255
helo [::1]
helo [IPv6:::1]
helo [1.2.3.4]
== HELO with bare addresses, by the old name of the restriction
= smtpd_helo_restrictions = reject_invalid_hostname
= smtpd_recipient_restrictions = reject_unauth_destination
= smtpd_delay_reject = no
helo 2001:db8::1
helo 2001:db8::g
== HELO with a bare address, and no other name
= smtpd_helo_restrictions = reject_non_fqdn_helo_hostname
= smtpd_recipient_restrictions = reject_unauth_destination
= smtpd_delay_reject = no
helo 2001:db8::1
helo 1.2.3.4
helo ::1.
== HELO with a bare address that has no host
= smtpd_helo_restrictions = reject_unknown_helo_hostname
= smtpd_recipient_restrictions = reject_unauth_destination
= smtpd_delay_reject = no
helo 2001:db8::1
helo 1.2.3.4
== addresses that are not closed, words with colons
= smtpd_recipient_restrictions = reject_unauth_destination
helo from:x
mail a@b.tst
rcpt x@far.example
helo a to:x
mail a@b.tst
rcpt x@far.example
rcpt x@[0.1.2.3]
rcpt x@[IPv6:1:2:3:4:5:6:7::]
helo a
MAIL FROM:<a@b.tst
rset
MAIL FROM:a@b.tst>
rset
MAIL FROM:<a@b.tst>BODY=8BITMIME
rset
MAIL to:<a@b.tst>
MAIL FROM :<a@b.tst>
MAIL From:
MAIL from:a@b.tst
rset
MAIL FROM:a:b@b.tst
rset
MAIL FROM:from:a@b.tst
rset
MAIL FROM: <a@b.tst>
rset
MAIL x:<a@b.tst>
MAIL FROM:"a@b.tst
MAIL FROM:<a@[1.2.3.4>
MAIL FROM:a@[1.2.3.4
rset
MAIL FROM:<a@b.tst> <
rset
mail a@b.tst
RCPT TO:<x@relay.example
RCPT TO:<x@relay.example NOTIFY=NEVER
RCPT TO:<"x@relay.example
RCPT TO:<"x" @relay.example
RCPT TO:x@relay.example>
RCPT TO:<<x@relay.example>
RCPT TO:<x@relay.example>>
RCPT TO:<x@relay.example> >
RCPT TO:<
RCPT TO:>
RCPT TO:<>
RCPT TO:"x@relay.example
RCPT TO:x\
RCPT to:to:x@relay.example
RCPT TO:x@[1.2.3.4
RCPT TO:<x@[1.2.3.4>
RCPT TO:<x@[01.2.3.4]>
RCPT TO:<x@a..b>
RCPT TO:<x@a.b
VRFY x@a..b
== R-105: the codes that have no other case
= invalid_hostname_reject_code = 554
= plaintext_reject_code = 554
= smtpd_tls_security_level = none
= smtpd_helo_restrictions = reject_invalid_helo_hostname
= smtpd_sender_restrictions = reject_plaintext_session
= smtpd_recipient_restrictions = reject_unauth_destination
helo a_b..c
mail a@b.tst
rcpt x@relay.example
helo good.tst
mail a@b.tst
rcpt x@relay.example
== the key of the null sender
= smtpd_null_access_lookup_key = nobody
= smtpd_recipient_restrictions = check_sender_access inline:{ { nobody = REJECT null } { <> = REJECT not this } }, reject_unauth_destination
helo a
mail <>
rcpt x@relay.example
rset
mail nobody@b.tst
rcpt x@relay.example
