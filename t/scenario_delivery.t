#!/usr/bin/perl
# The scenarios of the founding documents about what is delivered: a session
# from its first line to the mailbox, and where the ways out lead (D-51, D-61 to
# D-63).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Scenario;

my $uid = $> == 0 ? scalar getpwnam("nobody") : $>;
my $gid = $> == 0 ? (getpwnam("nobody"))[3] : $) + 0;
my $w = Weir::Scenario->new(base => <<EOT);
virtual_mailbox_domains = example.com
virtual_mailbox_base = \$dir/mail
virtual_mailbox_maps = inline:{kdent\@example.com=kdent/, box\@example.com=box}
virtual_uid_maps = static:$uid
virtual_gid_maps = static:$gid
virtual_minimum_uid = 1
mynetworks = 192.0.2.1
relayhost = [127.0.0.1]:\${port:sink}
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
EOT
$w->sink("sink");
mkdir "$w->{dir}/mail";
chown $uid, $gid, "$w->{dir}/mail";

subtest "S-001, S-002, S-003: from the session to the mailbox" => sub {
	my $c = $w->smtp;
	like $c->{banner}, qr/^220 mail\.example\.com ESMTP/, "S-001: banner";
	is $c->cmd("HELO mail.oreilly.com"), "250 mail.example.com",
	    "S-001: HELO";
	is $c->cmd("MAIL FROM:<info\@oreilly.com>"), "250 2.1.0 Ok",
	    "S-001: MAIL";
	is $c->cmd("RCPT TO:<kdent\@example.com>"), "250 2.1.5 Ok",
	    "S-001: RCPT";
	is $c->cmd("DATA"), "354 End data with <CR><LF>.<CR><LF>",
	    "S-001: DATA";
	my ($qid) = $c->cmd("To: somebody\@else.example\r\nSubject: hi\r\n" .
	    "\r\nHello.\r\n..\r\n.") =~ /^250 2\.0\.0 Ok: queued as (\w+)$/;
	ok $qid, "S-001: queued";
	is $c->cmd("quit"), "221 2.0.0 Bye", "S-001: quit";
	my ($m) = $w->messages("$w->{dir}/mail/kdent/new", 1);
	like $m, qr/\AReturn-Path: <info\@oreilly\.com>\nX-Original-To: kdent\@example\.com\nDelivered-To: kdent\@example\.com\nReceived: from mail\.oreilly\.com \(\S+ \[127\.0\.0\.1\]\)\n\tby mail\.example\.com \(Weir\) with SMTP id $qid\n\tfor <kdent\@example\.com>; .*\n/,
	    "S-001: Return-Path, Delivered-To, Received with the same id";
	like $m, qr/\nTo: somebody\@else\.example\nSubject: hi\n(?:[\w-]+: .*\n)*\nHello\.\n\.\n\z/,
	    "S-003: the header decides nothing and stays; a dot is a dot";
	ok $w->wait_log(qr/virtual\[\d+\]: $qid: to=<kdent\@example\.com>, relay=virtual, delay=[\d.]+, delays=[\d.\/]+, dsn=2\.0\.0, status=sent \(delivered to maildir\)\n/),
	    "S-001: logged";
};

subtest "S-002: blanks and no brackets" => sub {
	my $c = $w->smtp;
	$c->cmd("HELO mail.oreilly.com");
	is $c->cmd("MAIL FROM: kalle\@foo.bar"), "250 2.1.0 Ok", "S-002: MAIL";
	is $c->cmd("RCPT TO: box\@example.com"), "250 2.1.5 Ok", "S-002: RCPT";
	$c->cmd("DATA");
	like $c->cmd("Subject: box\r\n\r\nFrom here\r\n."),
	    qr/^250 2\.0\.0 Ok: queued as \w+$/, "S-002: queued";
	is $c->cmd("QUIT"), "221 2.0.0 Bye", "S-002: QUIT";
	my $box = "$w->{dir}/mail/box";
	ok $w->wait_log(qr/to=<box\@example\.com>, .*status=sent/), "delivered";
	like Weir::read_file($box),
	    qr/\AFrom kalle\@foo\.bar  ?\w{3} \w{3} [ \d]\d \d\d:\d\d:\d\d \d{4}\nReturn-Path: <kalle\@foo\.bar>\n.*\n\n>From here\n\n\z/s,
	    "an mbox with its From_ line, and >From (S-086)";
	$w->take("strict_rfc821_envelopes = yes\n");
	is $w->smtp->cmd("MAIL FROM: kalle\@foo.bar"),
	    "501 5.1.7 Bad sender address syntax", "unless they must be";
};

subtest "S-097, S-099, S-102: domains of aliases and of mailboxes" => sub {
	$w->index_table("virtual", <<'EOT');
info@ora.example	kdent@example.com
kdent@ora.example	kyle.dent@far.example
fwd@example.com		all@far.example
EOT
	$w->take(<<'EOT');
virtual_alias_domains = ora.example, oreilly.example
virtual_alias_maps = hash:$dir/etc/virtual
EOT
	my $reply = $w->send_mail(to => 'info@ora.example',
	    data => "Subject: aliased\r\n\r\nx\r\n");
	like $reply, qr/^250/, "S-097: an alias";
	my ($m) = $w->wait_for(sub {
		my ($one) = grep { /^Subject: aliased/m }
		    $w->messages("$w->{dir}/mail/kdent/new", 1);
		return $one;
	});
	like $m, qr/^X-Original-To: info\@ora\.example\nDelivered-To: kdent\@example\.com\n/m,
	    "S-097: to a mailbox";
	$w->rewritten("S-097: to the world", 's@example.net',
	    'kdent@ora.example', 's@example.net', 'kyle.dent@far.example');
	$w->rewritten("S-102: in a domain of mailboxes", 's@example.net',
	    'fwd@example.com', 's@example.net', 'all@far.example');
	my @r = $w->rcpt([ 'nobody@oreilly.example', 'nobody@example.com' ]);
	is $r[0], '550 5.1.1 <nobody@oreilly.example>: Recipient address ' .
	    'rejected: User unknown in virtual alias table',
	    "S-097: unlisted";
	is $r[1], '550 5.1.1 <nobody@example.com>: Recipient address ' .
	    'rejected: User unknown in virtual mailbox table',
	    "S-099: unlisted";

	$w->take(<<'EOT');
virtual_alias_domains = ora.example
virtual_alias_maps = hash:$dir/etc/virtual
enable_original_recipient = no
EOT
	$w->send_mail(to => 'info@ora.example',
	    data => "Subject: plainly\r\n\r\nx\r\n");
	($m) = $w->wait_for(sub {
		my ($one) = grep { /^Subject: plainly/m }
		    $w->messages("$w->{dir}/mail/kdent/new", 1);
		return $one;
	});
	like $m, qr/\AReturn-Path: .*\nDelivered-To: kdent\@example\.com\n/,
	    "enable_original_recipient = no";
};

subtest "S-108, S-109, S-115: relaying inwards" => sub {
	$w->take(<<'EOT');
relay_domains = inner.example, any.example
relay_recipient_maps = inline:{user1@inner.example=x, @any.example=x}
transport_maps = inline:{{closed@inner.example=error:no mail accepted for closed}}
EOT
	$w->rewritten("S-108", 's@example.net',
	    [ 'user1@inner.example', 'who@any.example' ], 's@example.net',
	    [ 'user1@inner.example', 'who@any.example' ]);
	is $w->rcpt('user2@inner.example'), '550 5.1.1 <user2@inner.example>: '
	    . 'Recipient address rejected: User unknown in relay recipient ' .
	    'table', "S-109: unlisted";
	$w->chosen('closed@inner.example', "no mail accepted for closed",
	    "S-115");
};

$w->finish;
