#!/usr/bin/perl
# Addresses in envelopes and headers beside Postfix's, over real ports: what is
# rewritten, what stays, what is added, and what the log says of it
# (ADDRESS_REWRITING_README; issue 5; F-127, L-20 to L-24, L-26, L-27, L-29 to
# L-31, P-006, P-062 to P-064, P-115, S-051 to S-057, S-098, S-172, S-188, S-191,
# S-197).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Client;

plan skip_all => "no Postfix here"
    unless -x "/usr/sbin/postfix" && $> == 0;
require Weir::Postfix;

my %files = (
	canon => <<'EOT',
pabelard@example.com peter.abelard@example.com
kdent kyle.dent
both@example.com common@example.com
sent@example.com common.of.sent@example.com
rcvd@example.com common.of.rcvd@example.com
@old.example.com @new.example.com
multi@example.com one@example.com, two@example.com
ext@example.com other@example.com
name@example.com Full Name <named@example.com>
quote@example.com "with blank"@example.com
loop@example.com pool@example.com
pool@example.com loop@example.com
short@example.com bare
b1@example.com b2@example.com
b2@example.com b3@example.com
CASE@example.com upper@example.com
group@example.com g: x@example.com;
a@host.example.com visible@deep.host.example.com
EOT
	sender => "both\@example.com sent\@example.com\n" .
	    "only.sender\@example.com as.sender\@example.com\n",
	rcpt => "both\@example.com rcvd\@example.com\n" .
	    "only.rcpt\@example.com as.rcpt\@example.com\n",
	prepend => "a\@example.net PREPEND Cc: bare\n" .
	    "b\@example.net PREPEND From: bare\nc\@example.net PREPEND Bcc: x\n" .
	    "d\@example.net PREPEND X-Prepend: To: x\n" .
	    "e\@example.net PREPEND Date: x\n",
	generic => <<'EOT2',
his@localdomain.local hisaccount@hisisp.example
@localdomain.local hisaccount+local@hisisp.example
joe "joe d"@isp.example
both@example.com first@isp.example, second@isp.example
chain@example.com his@localdomain.local
same@example.com same@example.com
named@example.com Name <n@isp.example>
@old.example.com @isp.example
ext@example.com ext.out@isp.example
"a b"@example.com a.b@isp.example
bare@origin.example.com unqualified
EOT2
	out => "/^Reply-To: (.*)/ REPLACE Reply-To: his\@localdomain.local, \$1\n/^X-Prepend: (.*)/ PREPEND \$1\n" .
	    "/^Sender:/ IGNORE\n",
	alias => "one\@example.org all\@example.org\n" .
	    "two\@example.org all\@example.org\n" .
	    "copy\@origin.example.com c1\@example.org, c2\@example.org\n",
	bcc => <<'EOT2',
peter.abelard@example.com copies+peter@example.org
a@example.net bare
u@example.org u@example.org
v@example.org "odd one"@example.org
w@example.org w1@example.org, w2@example.org
x@example.org x@old.example.com
y@example.org a@example.net
@example.com domain@example.org
EOT2
	own => <<'EOT',
/^Received:.*by postfix.*with SMTP/ REPLACE X-Own: gone
/^Received:.*by postfix.*for <v@/ IGNORE
/^Received:.*by postfix.*for <w@/ PREPEND Cc: bare
/^Received:.*by postfix.*for <r@/ REJECT
/^Received:.*by postfix/ INFO
EOT
	empty => "nothing\@example.com ,\n",
	head => <<'EOT',
/^X-Prepend: (.*)/ PREPEND $1
/^X-Replace: (.*)/ REPLACE $1
/^Subject: seen/ INFO
/^(From|To|Cc): .*bare/ INFO before it is rewritten
EOT
);

my $canon = "canonical_maps=texthash:\$config_directory/canon";
my $masq = "masquerade_domains=example.com";

# Services by name: what is set for them.
my %services = (
	plain => "",
	long => "enable_long_queue_ids=yes",
	undisclosed => "undisclosed_recipients_header=To:undisclosed:;",
	remote => "local_header_rewrite_clients=",
	filled => "local_header_rewrite_clients=\nalways_add_missing_headers=yes",
	invalid => "local_header_rewrite_clients=\n" .
	    "remote_header_rewrite_domain=domain.invalid",
	invalidcanon => "local_header_rewrite_clients=\n" .
	    "remote_header_rewrite_domain=domain.invalid\n$canon\n$masq",
	remotecanon => "local_header_rewrite_clients=\n$canon\n$masq",
	dotless => "append_dot_mydomain=yes",
	nodomain => "append_at_myorigin=no",
	nobang => "swap_bangpath=no",
	nopercent => "allow_percent_hack=no",
	canon => $canon,
	classes => "$canon\ncanonical_classes=envelope_sender,header_recipient",
	apart => "$canon\nsender_canonical_maps=texthash:\$config_directory/sender" .
	    "\nrecipient_canonical_maps=texthash:\$config_directory/rcpt",
	apartheaders => "sender_canonical_maps=texthash:\$config_directory/sender" .
	    "\nrecipient_canonical_maps=texthash:\$config_directory/rcpt\n" .
	    "sender_canonical_classes=header_sender\n" .
	    "recipient_canonical_classes=header_recipient",
	unextended => "$canon\nrecipient_delimiter=+\n" .
	    "propagate_unmatched_extensions=virtual",
	extended => "$canon\nrecipient_delimiter=+",
	fails => "canonical_maps=fail:x",
	failsheader => "canonical_maps=fail:x\ncanonical_classes=header_sender",
	empty => "canonical_maps=texthash:\$config_directory/empty",
	masq => $masq,
	ordered => "masquerade_domains=acct.example.com,hr.example.com,Example.COM",
	excluded => "masquerade_domains=!it.example.com,!!sw.example.com,example.com",
	excepted => "$masq\nmasquerade_exceptions=admin,root,'x",
	exceptfails => "$masq\nmasquerade_exceptions=fail:x",
	masqclasses => "$masq\nmasquerade_classes=envelope_recipient,header_sender",
	canonmasq => "$canon\n$masq",
	nomappings => "$canon\n$masq\n" .
	    "receive_override_options=no_address_mappings",
	tokens => "$canon\nheader_address_token_limit=12",
	checks => "$canon\nheader_checks=regexp:\$config_directory/head",
	prepends => "smtpd_data_restrictions=check_sender_access," .
	    "texthash:\$config_directory/prepend\n" .
	    "header_checks=regexp:\$config_directory/head",
	xlocal => "smtpd_authorized_xforward_hosts=127.0.0.1",
	xremote => "smtpd_authorized_xforward_hosts=127.0.0.1\n" .
	    "local_header_rewrite_clients=",
	(map { +"xclient$_->[0]" => "smtpd_authorized_xclient_hosts=127.0.0.1\n" .
	    "smtpd_recipient_restrictions=check_sender_access,static:OK,reject\n" .
	    "local_header_rewrite_clients=$_->[1]" }
	    ["own", "permit_inet_interfaces"], ["net", "permit_mynetworks"]),
	virtual => "virtual_alias_maps=texthash:\$config_directory/alias",
	nooriginal => "virtual_alias_maps=texthash:\$config_directory/alias\n" .
	    "enable_original_recipient=no",
	bcc => "sender_bcc_maps=texthash:\$config_directory/bcc\n" .
	    "recipient_bcc_maps=texthash:\$config_directory/bcc\n" .
	    "$canon\nrecipient_delimiter=+",
	bccalways => "always_bcc=copy\nvirtual_alias_maps=" .
	    "texthash:\$config_directory/alias\n$masq",
	bccnone => "sender_bcc_maps=texthash:\$config_directory/bcc\n" .
	    "recipient_bcc_maps=texthash:\$config_directory/bcc\n" .
	    "always_bcc=copy\nreceive_override_options=no_address_mappings",
	bccsenderfails => "sender_bcc_maps=fail:x",
	bccfails => "recipient_bcc_maps=fail:x",
	(map { $_ => "content_filter=out_$_:[127.0.0.1]:\${port:SINK}" }
	    qw(generic genericext genericchecks)),
	genericlmtp => "content_filter=out_genericlmtp:[127.0.0.1]:\${port:SINKlmtp}",
	own => "header_checks=regexp:\$config_directory/own",
	dropped => "message_drop_headers=to,x-drop",
);

my $test = 0;
my @posts; # [service, data, sender, recipients, number, XFORWARD, XCLIENT]
sub try {
	my ($service, $data, %arg) = @_;

	$test++;
	$data =~ s/(?<!\r)\n/\r\n/g;
	push @posts, [$service, "X-Test: $test\r\n$data\r\nbody\r\n",
	    $arg{from} // 'a@example.net', $arg{to} // ['u@example.org'], $test,
	    $arg{xforward}, $arg{xclient}];
}

my $rest = "Date: Sat, 1 Jan 2022 00:00:00 +0000\n" .
    "Message-ID: <1\@example.net>\n";
my $whole = "From: f\@example.net\nTo: t\@example.net\n$rest";

# Which headers have addresses.
try("plain", join("", map { "$_: bare\n" } qw(Apparently-To Bcc Cc
    Delivered-To Disposition-Notification-To Errors-To From Mail-Followup-To
    Reply-To Resent-Bcc Resent-Cc Resent-From Resent-Reply-To Resent-Sender
    Resent-To Return-Path Return-Receipt-To Sender To X-From Mail-Reply-To
    Resent-Message-Id Resent-Date List-Post Original-Recipient Followup-To
    X-Original-To Message-Id Envelope-To Content-Length Date)));
for my $service (qw(canon classes apart apartheaders canonmasq)) {
	try($service, join("", map { "$_: both\@example.com, " .
	    "only.sender\@example.com, only.rcpt\@example.com, bare\n" }
	    qw(Apparently-To Bcc Cc Disposition-Notification-To Errors-To From
	    Mail-Followup-To Reply-To Resent-Bcc Resent-Cc Resent-From
	    Resent-Reply-To Resent-Sender Resent-To Return-Path
	    Return-Receipt-To Sender To)) . $rest);
}

# Forms of addresses.
my @forms = ('bare', 'user@host', 'user@host.example', 'host!user',
    'a!b!user@c', 'user%host', 'user%host@relay', 'a%b%c', 'user@',
    '@host', '<>', '<bare>', 'Some Body <bare>', '"Some, Body" <bare>',
    'bare (a comment)', '(first) bare (second)', 'Some (x) Body <bare> (y)',
    '"quo ted"', '"quo ted"@host', '"needless"', '"needless"@example.net',
    '"a\\"b"@host', 'a\\ b@host', '"needless quotes" <full@example.net>',
    'one, two', 'one,two,', ',one', 'one two', 'one <two>, three <four> five',
    'g: one, two;', 'g:;', 'undisclosed-recipients:;',
    'Group Name: One <one>, (c) two@host;, three', 'g: a, b; c',
    '=?utf-8?q?J=C3=B6rg?= <joerg>', '=?utf-8?q?a,b?= <x>, y',
    "J\xc3\xb6rg <joerg>", "j\xc3\xb6rg", '<@route,@b:user@host>',
    '@route:user', 'user@[192.0.2.1]', 'user@[192.0.2.1', '[192.0.2.1]',
    'user@host.', 'user@host..', 'user.', '.user', 'a..b', 'a b@host',
    'a@b@c', 'a@b@', '""', '""@host', '"" <bare>', '<<bare>>', '<bare',
    'bare>', 'a; b', 'a: b', '(unclosed', '"unclosed', 'a (b', "one,\n two",
    "one,\n\ttwo <x>,\n three", "\n one", 'a\\', '(a\\', '()', '(a (b) c) d',
    '(tab	in) it', 'a@b (c) d@e', 'a <b> c <d>', 'a@(c)b.c', 'a . b @ c . d',
    '"a" "b" <c>', '"a"(b)"c"@d', 'a "b"@c', "a\tb", 'a[1]', '[a]b', 'a@[b]c',
    '!a', 'a!', '%a', 'a%', '@', 'a!b%c', '<a@b> <c@d>', 'a@b:c', ':a', ';',
    '"(c)" <d>', '(c) "(d)"', '\\(a\\)', 'a=b', "a'b", 'a/b', 'a@b/c', '-a',
    '"a\\\\b"@c', '[a\\]b]', 'u@[a\\]b]', '[x y]', 'x@y z@w', 'a,,b', 'a, ,b',
    'a,(c),b', '(only)', 'a (x), b', ' a', 'a ', '<a >', '< a>', '<a b>',
    '<a,b>', 'x <a,b> y', '<a:b>', 'x:<a>', 'x: y <a>', '<a>;', '""@', '"@"',
    '"a@b"', '"a@b"@c', 'a@"b c"', 'a@"b"', 'a\@b', "a\x01b", "\x7f");
for my $form (@forms) {
	for my $service (qw(plain invalid)) {
		try($service, "To: $form\n$rest" . "From: x\@example.net\n");
	}
}
my $some = join "", map { "Cc: $_\n" } 'bare', 'u@host', 'h!u', 'a!b@h', 'u%h',
    'u%h@', 'u%h%i', 'a b', '"h!u"', '"u%h"', '"h!u"@x', 'u@h.x', 'u@h.', 'u@',
    'a!b%c', '<@r:u>', 'u@[1.2.3.4]';
try($_, $whole . $some) for qw(dotless nodomain nobang nopercent remote filled
    canon canonmasq masq nomappings);

# Folding, and more text than some can take.
for my $n (2, 3, 5, 30) {
	try("plain", "To: " . join(", ", map { "user$_" } 1 .. $n) . "\n$rest");
	try("plain", "To: " . join(",\n ", map { "Some Body <user$_>" } 1 .. $n) .
	    "\n$rest");
	try("plain", "To: " . join(",", map { "Name $_ (comment of $_) " .
	    "<user$_\@example.net>" } 1 .. $n) . ", last\n$rest");
}
for my $n (1, 30 .. 45, 60 .. 72) {
	my $x = "x" x $n;

	try("plain", "Cc: $x, $x, $x, y\nTo: $x\@example.net, a, b, c\n$rest");
}
for my $n (240 .. 252, 300) {
	my $x = "x" x $n;

	try("plain", "Cc: a, ($x) b, c\n$rest");
	try("plain", "To: $x <d>, e\n$rest");
	try("plain", "From: \"$x\" <d> (f), (g) h\n$rest");
	try("plain", "Sender: ($x), b\n$rest");
	try("plain", "Reply-To: $x: a, b;, c\n$rest");
	try("plain", "Errors-To: <b> ($x)\n$rest");
	try("plain", "From: x <d>\n\t($x)\n$rest");
	try("plain", "From: <$x\@y> x, <z>\n$rest");
}
try("plain", "To: " . "a b " x 70 . "<c>, d\n$rest");
try("tokens", "To: a, b, c, d, e, f, g, h, i\nCc: " .
    join(", ", map { "u$_\@example.com" } 1 .. 9) . "\nFrom: a, b, c\n$rest");
try("tokens", "To: a\@example.com, b, c, d, e, f, g, h, i\n" .
    "From: x <a> (b), \"c\" <d>, e\n$rest");

# Canonical maps.
for my $service (qw(canon extended unextended)) {
	try($service, "From: \"Peter\" <pabelard\@example.com> (x)\n" .
	    "To: kdent\@example.com, kdent, kdent\@postfix.example.com\n" .
	    "Cc: x\@old.example.com, x+y\@old.example.com, multi\@example.com,\n" .
	    " ext+foo\@example.com, ext\@example.com, name\@example.com,\n" .
	    " quote\@example.com, quote+a\@example.com\nReply-To: " .
	    "loop\@example.com, short\@example.com, b1\@example.com\n" .
	    "Sender: case\@example.com, Pabelard\@Example.Com, " .
	    "group\@example.com\n$rest", from => 'pabelard@example.com',
	    to => ['kdent@example.com', 'x@old.example.com', 'ext+foo@example.com',
	    'multi@example.com', 'b1@example.com', 'loop@example.com',
	    'short@example.com', 'case@example.com', 'name@example.com']);
}
try($_, "From: both\@example.com\nTo: both\@example.com\nCc: both\n" .
    $rest, from => 'both@example.com', to => ['both@example.com',
    'only.sender@example.com', 'only.rcpt@example.com'])
    for qw(plain canon classes apart apartheaders nomappings remotecanon
    invalidcanon);
try($_, "From: x\@example.com\nTo: \"\"\n$rest", from => "",
    to => ['both@example.com']) for qw(canon apart masq fails);
try($_, $whole) for qw(fails failsheader);
try("failsheader", "To: a\@example.net\n$rest");
try($_, "From: nothing\@example.com\nTo: x\@example.net\n$rest",
    from => $_ eq "empty" ? 'x@example.net' : 'nothing@example.com')
    for qw(empty canon);

# Masquerading.
for my $service (qw(masq ordered excluded excepted exceptfails masqclasses
    canonmasq nomappings remotecanon invalidcanon)) {
	try($service, "From: a\@server1.example.com, a\@SYS3.acct.Example.com\n" .
	    "To: a\@db.hr.example.com, a\@example.com, a\@notexample.com\n" .
	    "Cc: a\@it.example.com, a\@x.it.example.com, a\@y.sw.example.com,\n" .
	    " a\@com, a\@host.example.com, a\@[192.0.2.1]\n" .
	    "Sender: admin\@x.example.com, Root\@x.example.com, " .
	    "root+y\@x.example.com\nReply-To: \"a b\"\@x.example.com (c), " .
	    "=?utf-8?q?x?= <b\@x.example.com>, \"'x\"\@x.example.com\n$rest",
	    from => $_, to => ['r@host.example.com', 'root@host.example.com'])
	    for 'a@server1.example.com', 'admin@sys.example.com',
	    '"a b"@host.example.com', '';
}

# What is missing.
my %parts = (From => "From: f\@example.net\n", To => "To: t\@example.net\n",
    Cc => "Cc: c\@example.net\n", Bcc => "Bcc: b\@example.net\n",
    Date => "Date: Sat, 1 Jan 2022 00:00:00 +0000\n",
    Id => "Message-ID: <1\@example.net>\n",
    RFrom => "Resent-From: r\@example.net\n",
    RTo => "Resent-To: rt\@example.net\n",
    RDate => "Resent-Date: Sat, 1 Jan 2022 00:00:01 +0000\n",
    RId => "Resent-Message-Id: <2\@example.net>\n",
    RSender => "Resent-Sender: rs\@example.net\n",
    RBcc => "Resent-Bcc: rb\@example.net\n");
for my $service (qw(plain remote filled invalid undisclosed long dropped)) {
	for my $have ("", "From Date Id", "From Date Id Bcc", "From Date Id Cc",
	    "From To Date", "To Date Id", "From To Id", "From Date Id RTo",
	    "From To Date Id RFrom", "From To Date Id RSender",
	    "From To Date Id RFrom RDate RId", "RId To", "RBcc From Id",
	    "RDate RFrom To", "Apparently") {
		try($service, join "", map { $parts{$_} // "Apparently-To: x\n" }
		    split / /, $have);
	}
}
try($_, $rest . "To: x\@example.net\n", from => '"a b"@host.example.com')
    for qw(plain masq canonmasq filled nomappings);
try($_, $rest . "To: x\@example.net\n", from => "") for qw(plain filled);
try($_, $rest . "To: x\@example.net\n", from => 'pabelard@example.com')
    for qw(canon filled nomappings);
try("plain", $rest . "To: x\@example.net\n", from => 'bare');
try("plain", $rest . "To: x\@example.net\n", from => $_)
    for 'u@host', 'a!b', 'u%host', 'host!u@example.com';
try("plain", "Message-Id: not an id\nMessage-Id: <a>\nDate:\nFrom:\n");

# Names, and what tables make of headers.
try("plain", "from: bare\nTO: bare\nCc : bare\nreply-to:bare\nSender:\tbare\n" .
    "Errors-To:  bare\n$rest");
try("checks", "X-Prepend: Cc: bare\nX-Prepend: From: bare\nX-Replace: To: bare\n" .
    "X-Prepend: Bcc: bare\nX-Prepend: Date: x\nX-Replace: From: pabelard\@" .
    "example.com\nTo: bare\n");
try("plain", "From: bare\nTo: x\@example.net\nContent-Type: message/rfc822\n" .
    "$rest\nFrom: bare\nTo: bare\n\n");
try("prepends", "To: bare\nX-Replace: Cc: bare\n", from => "$_\@example.net")
    for qw(a b c d e f);
try("own", "To: bare\n", to => ["$_\@example.org"]) for qw(u v w r);
try("own", "Received: by postfix one\nReceived: from a by postfix for <v\@x>\n");
# For permit_inet_interfaces it is who has connected that counts.
for my $service (qw(xclientown xclientnet)) {
	try($service, "To: bare\n", xclient => $_)
	    for undef, 'NAME=x.example ADDR=203.0.113.9', 'ADDR=127.0.0.2',
	    'ADDR=[UNAVAILABLE]';
}
for my $service (qw(xlocal xremote)) {
	try($service, "To: bare\n", xforward => $_)
	    for qw(LOCAL REMOTE [UNAVAILABLE]);
}
try("bcc", $whole, from => $_, to => [map { "$_\@example.org" } qw(u v w x y z)])
    for 'a@example.net', 'pabelard@example.com', 'a+x@example.net', '', 'n@x.org';
try("bcc", $whole, from => 'x@example.org', to => [map { "$_\@example.com" }
    qw(both kdent pabelard ext+foo)]);
try($_, $whole, to => ['one@example.org', 'two@example.org', 'u@example.org'])
    for qw(virtual nooriginal bccalways bccnone);
try($_, $whole =~ s/1@/failing@/r, from => "")
    for qw(bccsenderfails bccfails bccalways);
try($_, $whole =~ s/1@/failing@/r) for qw(bccsenderfails bccfails);
# On the way out.
for my $out (qw(generic genericext genericchecks genericlmtp)) {
	try($out, "From: his\@localdomain.local (x)\nTo: any\@localdomain.local,\n" .
	    "\t\"A, B\" <his\@localdomain.local>, joe\@origin.example.com\n" .
	    "Cc: both\@example.com, chain\@example.com, same\@example.com\n" .
	    "Reply-To: named\@example.com, x\@old.example.com, ext+y\@example.com\n" .
	    "Sender: \"a b\"\@example.com, bare, chain\@example.com\n" .
	    "Subject: his\@localdomain.local\n" .
	    "X-Prepend: Cc: his\@localdomain.local\nErrors-To: same\@example.com\n" .
	    "Resent-From: x\@example.net\nReturn-Receipt-To: g: his\@localdomain.local;\n" .
	    "From : his\@localdomain.local\n" .
	    "Content-Type: message/rfc822\n$rest\nTo: his\@localdomain.local\n\n",
	    from => $_, to => ['any@localdomain.local', 'both@example.com',
	    'joe@origin.example.com', 'x+y@old.example.com', 'ext+z@example.com',
	    'u@example.org', '"a b"@example.com', 'named@example.com',
	    'bare@origin.example.com'])
	    for 'his@localdomain.local', 'ext+z@example.com', '';
	try($out, "To: u\@example.org\n$rest");
	try($out, "To: " . join(", ", map { "u$_\@localdomain.local" } 1 .. 9) .
	    "\n$rest");
}

# The envelope alone.
try($_, $whole, from => 'a@host', to => ['bare@', 'user@host.example.com',
    'u%example.org@host.example.com', '"a b"@host.example.com'])
    for qw(plain masq masqclasses invalid);

my ($main, $weir_master, $postfix_master) = (<<'EOT', "", "");
myhostname = postfix.example.com
myorigin = origin.example.com
mydomain = mydomain.example.com
mydestination =
virtual_alias_maps =
append_dot_mydomain = no
local_transport = smtp:[127.0.0.1]:${port:SINK}
relayhost = [127.0.0.1]:${port:SINK}
smtp_connection_cache_on_demand = no
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_relay_restrictions =
strict_rfc821_envelopes = no
notify_classes =
EOT
for my $name (sort keys %services) {
	my %set = map { /^(\w+)=(.*)/ } split /\n/, $services{$name};
	my $options = join "", map { " -o $_=$set{$_}" } sort keys %set;

	$weir_master .= "127.0.0.1:\${port:our_$name} inet n - n - - smtpd$options\n";
	$postfix_master .= "127.0.0.1:\${port:their_$name} inet n - n - - smtpd " .
	    "-o cleanup_service_name=$name -o rewrite_service_name=r_$name$options\n" .
	    "$name unix n - n - 0 cleanup -o rewrite_service_name=r_$name$options\n" .
	    "r_$name unix - - n - - trivial-rewrite$options\n";
}

my %transports = (
	generic => "",
	genericext => " -o recipient_delimiter=+ " .
	    "-o propagate_unmatched_extensions=generic",
	genericchecks => " -o smtp_header_checks=regexp:\$config_directory/out",
);
for my $name (sort keys %transports) {
	$_ .= "out_$name unix - - n - - smtp -o smtp_generic_maps=" .
	    "texthash:\$config_directory/generic$transports{$name}\n"
	    for $weir_master, $postfix_master;
}
$_ .= "out_genericlmtp unix - - n - - lmtp -o lmtp_generic_maps=" .
    "texthash:\$config_directory/generic\n" for $weir_master, $postfix_master;
$weir_master .= "out_fails unix - - n - - smtp -o smtp_generic_maps=fail:x\n" .
    "127.0.0.1:\${port:our_genericfails} inet n - n - - smtpd " .
    "-o content_filter=out_fails:[127.0.0.1]:\${port:SINK}\n";
$weir_master =~ s/SINK/ours/g;
$postfix_master =~ s/SINK/theirs/g;

# What is delivered by the number of the test, without what differs by nature.
sub delivered {
	my ($w, @dirs) = @_;
	my %by;

	for (map { $w->messages($_, 0, 1) } @dirs) {
		s/^((?:X-(?:From|To): .*\n)+)//;
		my $envelope = join "", sort $1 =~ /(.*\n)/g;
		next if $envelope =~ /double-bounce|X-From: <>\n.*X-To: <a\@/s;
		s/^((?:[\w-]+ ?:.*\r\n(?:[ \t].*\r\n)*)*?)Received: .*\r\n(?:[ \t].*\r\n)*/$1/
		    or /^Received:/m and fail "no Received";
		s/^((?:Resent-)?Message-Id: <)(?:\d{14}\.)?[0-9A-Za-z]{10,20}\@/$1ID\@/mgi;
		s/^((?:Resent-)?Date: )(?!Sat, +1 Jan|\r|x).*/$1now/mgi;
		my $id = /^X-Test: (\d+)\r/m ? $1 : "none";
		$by{$id}{"$envelope$_"}++;
	}
	return \%by;
}

sub converse {
	my ($w, $which) = @_;

	return map {
		my ($service, $data, $from, $to, $n, $xforward, $xclient) = @$_;
		my $client = Weir::Client->new($w->port("${which}_$service"));
		if ($xforward) {
			$client->cmd("EHLO client.example.net");
			$client->{greeted} = 1;
			$client->cmd("XFORWARD SOURCE=$xforward");
		}
		if ($xclient) {
			$client->cmd("EHLO client.example.net");
			$client->cmd("XCLIENT $xclient");
		}
		my $reply = $client->deliver(from => $from, to => $to,
		    data => $data);
		$reply =~ s/queued as \w+/queued/;
		$reply =~ s/\s*\z//;
		$reply;
	} @posts;
}

sub decisions {
	my ($log) = @_;

	# Ours looks at the envelope last, and ends with the first trouble; who
	# asks a table differs.
	my %once;
	return grep { !/failing@/ && (!/lookup (?:problem|error)/ || !$once{$_}++) }
	    sort map { /(?:cleanup\[\d+\]: |smtpd\[\d+\]: (?=.*lookup error))(.*)/ && $1 !~ /overriding|system\ clock/x
	    ? $1 =~ s/^(?:warning: )?\K[0-9A-Za-z]{9,20}: //r =~
	      s/\b(?:\d{14}\.)?[0-9A-Za-z]{9,20}(?=\@postfix)/ID/r =~ s/\(\d+\)//r =~
	      s/\((?:Weir|Postfix)\) with ESMTP id \w+/with ESMTP id ID/r =~
	      s/; \w+, .*? \(\w+\) from/; DATE from/r
	    : () } split /\n/, $log;
}

# Where two differ first, visibly.
sub same {
	my ($got, $want, $name) = @_;
	my @got = map { "$_\n" x $got->{$_} } sort keys %$got;
	my @want = map { "$_\n" x $want->{$_} } sort keys %$want;

	return if ok "@got" eq "@want", $name;
	my @g = split /\n/, "@got";
	my @w = split /\n/, "@want";
	for my $i (0 .. ($#g > $#w ? $#g : $#w)) {
		my ($g, $w) = map { $_->[$i] // "(nothing)" } \@g, \@w;
		next if $g eq $w;
		s/([^ -~])/sprintf "<%02x>", ord $1/ge for $g, $w;
		diag "ours:   $g\ntheirs: $w";
		last;
	}
}

my $w = Weir->new(main => $main =~ s/SINK/ours/gr, files => \%files,
    master => $weir_master);
my $ours = $w->sink("ours");
my $theirs = $w->sink("theirs");
my $our_lmtp = $w->sink("ourslmtp", lmtp => 1);
my $their_lmtp = $w->sink("theirslmtp", lmtp => 1);
my $dir = "$w->{dir}/postfix";
mkdir $dir;
mkdir "$dir/etc";
$w->write_file("$dir/etc/$_", $files{$_}) for keys %files;
my $postfix = Weir::Postfix->start($dir, port => $w->port("postfix"),
    main => $w->expand($main =~ s/SINK/theirs/gr),
    master => $w->expand($postfix_master));
$w->wait_port($w->port("their_$_")) for keys %services;

my @our_replies = converse($w, "our");
my @their_replies = converse($w, "their");
is $our_replies[$_], $their_replies[$_],
    "the reply to message $posts[$_][4], $posts[$_][0]" for 0 .. $#posts;
same({ join("\n", decisions($w->log)) => 1 },
    { join("\n", decisions($postfix->log)) => 1 }, "the log");
my $all = grep { /^250/ } @our_replies;
sub settled {
	my ($log) = @_;
	my %gone = map { /: (\w+): removed$/ ? ($1 => 1) : () } split /\n/, $log;

	return keys %gone >= $all;
}
$w->wait_for(sub { settled($w->log) }, 300);
$w->wait_for(sub { settled($postfix->log) }, 300);
my ($our, $their) = (delivered($w, $ours, $our_lmtp),
    delivered($w, $theirs, $their_lmtp));
my %post = map { $_->[4] => $_ } @posts;
for (sort { $a <=> $b } keys %{{%$our, %$their}}) {
	same($our->{$_}, $their->{$_},
	    "what is delivered of message $_, $post{$_}[0]");
}
$postfix->stop;

# Postfix's smtp dies of it, and tries again later.
Weir::Client->new($w->port("our_genericfails"))->deliver(to => 'u@example.org');
my $deferred = $w->wait_log("to=<u\@example.org>.*dsn=4.3.0, status=deferred " .
    "\\(smtp_generic_maps map lookup problem for sender\@example.net\\)", 60);
ok $deferred, "generic maps that cannot be asked";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
