#!/usr/bin/perl
# The policy server over its sockets: what it answers at which state, with what
# it is told and what it is not; services with lists of their own; requests in
# pieces and many at once; what is no request; reloads; explain (hostile row
# 74 from the other side, S-228).
use strict;
use warnings;

use lib "t/lib";
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(time);
use Weir;
use Weir::Policy;

my $w = Weir->new(start => 0);
my ($port, $other, $late) = map { $w->port($_) } qw(policy other late);
my $main = <<'EOT';
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_reject_unlisted_recipient = yes
relay_domains = example.com
relay_recipient_maps = inline:{known@example.com=x}
smtpd_restriction_classes = spamlover, spamhater, sleepy, several
several = check_sender_access inline:{{sender@example.net = PREPEND X-One: 1}}, check_client_access inline:{{192.0.2.1 = PREPEND X-Two: 2}}, check_helo_access inline:{{client.example.net = BCC archive@example.com}}
spamlover = permit
spamhater = check_sender_access inline:{{spam@example.net = REJECT 5.7.9 spam}}, reject_unknown_helo_hostname
sleepy = sleep 30
weir_classes_elsewhere = greylist, reject_unverified_recipient
smtpd_client_restrictions = check_client_access inline:{192.0.2.66=REJECT, 192.0.2.77=OK}
smtpd_recipient_restrictions = check_recipient_access $recipients
recipients = texthash:$dir/etc/recipients
smtpd_data_restrictions = check_sender_access inline:{{data@example.net = FILTER smtp:[192.0.2.9]}}
smtpd_end_of_data_restrictions = check_recipient_access inline:{{big@example.com = HOLD too big}}
smtpd_etrn_restrictions = check_etrn_access inline:{{example.org = REJECT}}
EOT
my $recipients = <<'EOT';
lover@example.com spamlover
hater@example.com spamhater
sleeper@example.com sleepy
grey@example.com greylist
verify@example.com reject_unverified_recipient
ok@example.com OK
relay@example.com RELAY
dunno@example.com DUNNO
gone@example.com 550 5.1.1 gone
plain@example.com REJECT
later@example.com DEFER later
if@example.com DEFER_IF_PERMIT 4.2.0 if you please
unless@example.com DEFER_IF_REJECT 4.3.0 perhaps
held@example.com HOLD look at it
bcc@example.com BCC archive@example.com
redirect@example.com REDIRECT else@example.com
filter@example.com FILTER lmtp:unix:public/x
discard@example.com DISCARD thrown away
header@example.com PREPEND X-Note: to be seen
hangup@example.com 421 4.7.0 enough
several@example.com several
EOT
my $master = <<EOT;
127.0.0.1:$port inet n - n - - policy
127.0.0.1:$other inet n - n - 1 policy
  -o smtpd_delay_reject=no
  -o smtpd_client_restrictions=check_client_access,inline:{192.0.2.5=REJECT}
  -o smtpd_helo_restrictions=reject_invalid_helo_hostname
  -o smtpd_sender_restrictions=permit_sasl_authenticated,reject_non_fqdn_sender
  -o smtpd_relay_restrictions=reject_unauth_destination
  -o smtpd_reject_unlisted_recipient=yes
  -o smtpd_recipient_restrictions=permit
127.0.0.1:$late inet n - n - - policy
  -o weir_policy_request_limit=2s -o weir_policy_idle_limit=60s
here unix - - n - - policy
there unix n - n - - policy
EOT
my %config = (main => $main, master => $master,
    files => { recipients => $recipients });
$w->configure(%config);
$w->start;

# What each action is beside a Postfix.
my $p = Weir::Policy->new($port);
is $p->ask, "DUNNO", "the end of a list";
my %actions = (
    lover => "OK", ok => "OK", relay => "OK", dunno => "DUNNO",
    grey => "greylist", verify => "reject_unverified_recipient",
    gone => "550 5.1.1 gone", plain => "554 5.7.1 Access denied",
    later => "450 4.7.1 later", if => "DEFER_IF_PERMIT 4.2.0 if you please",
    unless => "DEFER_IF_REJECT 4.3.0 perhaps", held => "HOLD look at it",
    bcc => 'BCC archive@example.com', redirect => 'REDIRECT else@example.com',
    filter => "FILTER lmtp:unix:public/x", discard => "DISCARD thrown away",
    header => "PREPEND X-Note: to be seen", hangup => "421 4.7.0 enough",
);
is $p->ask(recipient => "$_\@example.com"), $actions{$_}, "entry for $_"
    for sort keys %actions;
is $p->ask(recipient => 'hater@example.com', sender => 'spam@example.net'),
    '554 5.7.9 <spam@example.net>: Sender address rejected: spam', "a class of ours";
is $p->ask(recipient => 'hater@example.com', helo_name => "[192.0.2.1]"),
    "DUNNO", "which may ask the DNS";
is $p->ask(client_address => "192.0.2.66"),
    "554 5.7.1 <client.example.net[192.0.2.66]>: Client host rejected: Access denied",
    "an earlier list says itself what is rejected";
is $p->ask(client_address => "192.0.2.77"), "DUNNO",
    "OK in an earlier list is the end of that list alone";
is $p->ask(recipient => 'unknown@example.com'), "DUNNO",
    "unlisted recipients are not our affair";
is $p->ask(recipient => 'any@elsewhere.example'), "DUNNO",
    "nor is relaying";
is $p->ask(sender => "", recipient => 'ok@example.com'), "OK",
    "the null sender";
is $p->ask(recipient => "postmaster"), "DUNNO", "nobody refuses postmaster";

# States.
is $p->ask(protocol_state => $_, recipient => "", sender => ""), "DUNNO",
    "$_: nothing is judged before a recipient"
    for qw(CONNECT HELO EHLO MAIL);
is $p->ask(protocol_state => "DATA", recipient => "", recipient_count => 2,
    sender => 'data@example.net'), "FILTER smtp:[192.0.2.9]", "DATA";
is $p->ask(protocol_state => "END-OF-MESSAGE", recipient_count => 1,
    recipient => 'big@example.com'), "HOLD too big", "END-OF-MESSAGE";
is $p->ask(protocol_state => "END-OF-MESSAGE", recipient_count => undef,
    recipient => 'big@example.com'), "HOLD too big",
    "a Postfix that does not tell the count";
is $p->ask(protocol_state => "ETRN", etrn_domain => "example.org", sender => "",
    recipient => ""), "554 5.7.1 Access denied", "ETRN";
is $p->ask(protocol_state => "VRFY", sender => "",
    recipient => 'gone@example.com'), "550 5.1.1 gone", "VRFY";
is $p->ask(protocol_state => "NEXT"), "DUNNO", "a state that is not known";
ok $w->wait_log(qr/policy\[\d+\]: warning: request from 127\.0\.0\.1: protocol_state=NEXT is not known\n/),
    "is logged";

# Several actions for a message.
my %about = (instance => "5.6.7", recipient => 'several@example.com');
is $p->ask(%about), 'BCC archive@example.com', "the first of several actions";
is $p->ask(instance => "9.9.9", recipient => 'other@example.com'), "DUNNO",
    "another message";
is(Weir::Policy->new($port)->ask(%about, recipient => 'other@example.com'),
    "PREPEND X-One: 1", "the next at the next recipient, by any connection");
is $p->ask(%about, protocol_state => "DATA", recipient_count => 2),
    "PREPEND X-Two: 2", "the last at DATA";
is $p->ask(%about, protocol_state => "DATA", recipient_count => 2), "DUNNO",
    "that was all";
$p->ask(%about, instance => "5.6.8");

# Services with lists of their own.
my $o = Weir::Policy->new($other);
is $o->ask(protocol_state => "CONNECT", client_address => "192.0.2.5",
    helo_name => "", sender => "", recipient => ""), "554 5.7.1 Access denied",
    "CONNECT, where nothing is delayed";
is $o->ask(protocol_state => "EHLO", helo_name => "[1.2]", sender => "",
    recipient => ""), "501 5.5.2 invalid ip address", "EHLO";
is $o->ask(protocol_state => "MAIL", sender => "local", recipient => ""),
    "504 5.5.2 need fully-qualified address", "MAIL";
is $o->ask(protocol_state => "MAIL", sender => "local", recipient => "",
    sasl_method => "PLAIN", sasl_username => "me"), "DUNNO",
    "permit is not OK";
is $o->ask(client_address => "192.0.2.5", recipient => 'known@example.com'),
    "DUNNO", "RCPT: what was judged before is not judged again";
is $o->ask(recipient => 'unknown@example.com'),
    "550 5.1.1 User unknown in relay recipient table",
    "unlisted recipients, if the service says so";
is $o->ask(recipient => 'any@elsewhere.example'), "554 5.7.1 <any\@elsewhere.example>: Relay access denied",
    "relaying, likewise";

# Facts.
{
	my $c = "$w->{dir}/etc/master.cf";
	my %say = (
	    "ccert_fingerprint" => ["check_ccert_access inline:{AA:BB=REJECT}",
		{ ccert_fingerprint => "AA:BB" }, "554 5.7.1 .*Access denied"],
	    "sasl_username" => ["permit_sasl_authenticated, reject",
		{ sasl_method => "LOGIN", sasl_username => "u" }, "DUNNO"],
	    "no login" => ["permit_sasl_authenticated, reject", {},
		"554 5.7.1 Access denied"],
	    "reverse name" => ["check_reverse_client_hostname_access inline:{bad.example=REJECT}",
		{ client_name => "unknown", reverse_client_name => "bad.example" },
		"554 5.7.1 .*Access denied"],
	    "no name" => ["reject_unknown_client_hostname",
		{ client_name => "unknown" }, "450 4.7.25 .*cannot find your hostname.*"],
	    "IPv6" => ["check_client_access cidr:{{2001:db8::/32 REJECT}}",
		{ client_address => "2001:db8::1" }, "554 5.7.1 .*"],
	    "no address" => ["check_client_access cidr:{{0.0.0.0/0 REJECT}}",
		{ client_address => "unknown" }, "DUNNO"],
	);
	for my $name (sort keys %say) {
		my ($list, $with, $want) = @{ $say{$name} };
		my $facts = $w->port("facts");
		$w->reconfigure(%config, master => $master .
		    "127.0.0.1:$facts inet n - n - - policy\n" .
		    "  -o { smtpd_recipient_restrictions = $list }\n");
		like(Weir::Policy->new($facts)->ask(%$with), qr/^$want$/, $name);
	}
	my ($status, $said) = $w->reconfigure(%config);
	is $status, 0, "reload" or diag $said;
}

# All of them: whom we ask in turn is told the same.
{
	my ($asked, $in_turn) = map { $w->port($_) } qw(asked in_turn);
	my %all = (client_port => 4711, size => 1234, queue_id => "4XYZ",
	    instance => "1.2.3", stress => "yes", sasl_method => "PLAIN",
	    sasl_username => "u", sasl_sender => 's@example.org',
	    ccert_subject => "CN+20with+2Bplus", ccert_issuer => "An+20issuer",
	    ccert_fingerprint => "AA:BB", ccert_pubkey_fingerprint => "CC:DD",
	    encryption_protocol => "TLSv1.3", policy_context => "submission",
	    encryption_cipher => "TLS_AES_256_GCM_SHA384",
	    encryption_keysize => 256, etrn_domain => "");

	$w->peer(sub { Weir::Policy::serve($in_turn, "$w->{dir}/told") });
	$w->wait_port($in_turn);
	my ($status) = $w->reconfigure(%config, master => $master . <<EOT);
127.0.0.1:$asked inet n - n - - policy
  -o smtpd_recipient_restrictions=check_policy_service,inet:127.0.0.1:$in_turn
EOT
	is $status, 0, "a server that we ask in turn";
	my $a = Weir::Policy->new($asked);
	is $a->ask(%all), "DUNNO", "it has no opinion";
	is $a->ask(%all, map { $_ => undef } "ccert_subject", "ccert_issuer"),
	    "DUNNO", "no name in a certificate";
	my @told = Weir::Policy::recorded("$w->{dir}/told");
	my %want = map { split /=/, $_, 2 } split /\n/, $a->request(%all);
	delete @$_{qw(compatibility_level mail_version)} for @told;
	is_deeply $told[0], \%want, "all facts";
	$want{"ccert_$_"} = "" for "subject", "issuer";
	is_deeply $told[1], \%want, "all but names";
	$w->reconfigure(%config);
}

# What an old Postfix sends.
$p = Weir::Policy->new($port);
$p->send("request=smtpd_access_policy\nprotocol_state=RCPT\n" .
    "client_address=192.0.2.66\nrecipient=u\@example.com\n\n");
is $p->action,
    "554 5.7.1 <unknown[192.0.2.66]>: Client host rejected: Access denied",
    "little is known";
$p->send("request=smtpd_access_policy\nprotocol_state=RCPT\n\n");
is $p->action, "DUNNO", "or next to nothing";
is $p->ask("an attribute" => "of tomorrow", x => "y=z"), "DUNNO",
    "unknown attributes";

# Pieces, and many at once.
my $text = $p->request(recipient => 'gone@example.com');
for my $octet (split //, $text) { $p->send($octet) }
is $p->action, "550 5.1.1 gone", "octet by octet";
my @many = map { $p->request(recipient => "$_\@example.com", helo_name => "[192.0.2.1]") }
    ("gone", "ok", "hater", "sleeper", "gone", "grey") x 50;
@many = grep { !/sleeper/ } @many;
$p->send(join "", @many);
my @got = map { $p->action } @many;
is join(" ", map { substr($_ // "-", 0, 3) } @got[0, 1, 3, 4, -5, -4, -2, -1]),
    "550 OK 550 gre 550 OK 550 gre", "answers come in order";
is scalar(grep { defined } @got), 250, "all of them";

# sleep: a timer, and others are served meanwhile.
my $slow = Weir::Policy->new($port);
$slow->send($slow->request(recipient => 'sleeper@example.com') .
    $slow->request(recipient => 'gone@example.com'));
is $p->ask(recipient => 'gone@example.com'), "550 5.1.1 gone",
    "somebody else, while one waits";
$w->advance(31);
is $slow->action, "DUNNO", "then he has his answer";
is $slow->action, "550 5.1.1 gone", "and the next";

# What has waited in vain.
$p->ask(%about, instance => "5.6.9");
$w->advance(601);
$slow = Weir::Policy->new($port);
is $slow->ask(instance => "5.6.9"), "DUNNO", "it waits for some minutes only";
for my $instance (8, 9) {
	ok $w->wait_log(qr/policy\[\d+\]: warning: PREPEND X-$_ was never told: nobody has asked about message instance=5\.6\.$instance again\n/),
	    "the log tells: $_, $instance" for "One: 1", "Two: 2";
}
$p = Weir::Policy->new($port);

# Unix sockets.
is(Weir::Policy->new("$w->{dir}/$_")->ask(recipient => 'gone@example.com'),
    "550 5.1.1 gone", "a Unix socket, $_")
    for "queue/private/here", "queue/public/there";

# No request: no answer, a warning, the end.
my %bad = (
    "hello\n" => 'no attribute: "hello"', "\n" => "a request without attribute request",
    "request=smtpd_access_policy\n\n" => "a request without attribute protocol_state",
    "request=other\nprotocol_state=RCPT\n\n" => "request=other: not known",
    "a=\0b\n" => "a NUL in an attribute",
    "request=smtpd_access_policy\nsender=a\nsender=b\n" => "attribute sender is there twice",
    "x" x 70000 => "a request of more than 65536 octets",
);
for my $no (sort keys %bad) {
	my $b = Weir::Policy->new($port);
	$b->send($no);
	is $b->action, undef, "no answer: $bad{$no}";
	ok $w->wait_log(qr/policy\[\d+\]: warning: request from 127\.0\.0\.1: \Q$bad{$no}\E\n/),
	    "but a warning";
}
my $good = Weir::Policy->new($port);
$good->send($good->request . "hello\n");
is $good->action, "DUNNO", "what came before is answered";
is $good->action, undef, "then it is over";
{
	my $half = Weir::Policy->new($port);
	$half->send("request=smtpd_access_policy\nsen");
}
ok $w->wait_log(qr/warning: lost connection in a request from 127\.0\.0\.1\n/),
    "half a request";
my $l = Weir::Policy->new($late);
my $idle = Weir::Policy->new($late);
is $idle->ask, "DUNNO", "asked once";
$l->send("request=");
$w->advance(1);
$l->send("smtpd_access_policy\n");
$w->advance(1.5);
is $l->action, undef, "a request that does not end";
ok $w->wait_log(qr/warning: timeout in a request from 127\.0\.0\.1\n/), "logged";
is $idle->ask, "DUNNO", "who says nothing may do so for long";
$w->advance(61);
is $idle->action, undef, "but not for ever";

# The log, and why.
my $id = do {
	$p = Weir::Policy->new($port);
	$p->ask(recipient => 'gone@example.com', queue_id => "4XYZ");
	ok $w->wait_log(qr/policy\[\d+\]: 4XYZ: reject: RCPT from client\.example\.net\[192\.0\.2\.1\]: 550 5\.1\.1 <gone\@example\.com>: Recipient address rejected: gone; from=<sender\@example\.net> to=<gone\@example\.com> proto=ESMTP helo=<client\.example\.net>/),
	    "a decision is logged, with the asker's queue id";
	"4XYZ";
};
my ($status, $said);
ok $w->wait_for(sub {
	($status, $said) = $w->command("explain", $id);
	$status == 0;
}), "weir explain";
like $said, qr/check_recipient_access .*REJECT 550 5\.1\.1.*recipients:\d+\]/,
    "the entry that decided";
($status, $said) = $w->command("status");
like $said, qr/^policy +pid \d+ +generation \d+ +serving/m, "weir status";
like $said, qr/^listens on \[127\.0\.0\.1\]:$port for /m, "and its socket";
($status, $said) = $w->command("check");
is $status, 0, "weir check finds nothing wrong" or diag $said;

# The same without a server.
$w->write_file("session", <<'EOT');
client client.example.net 192.0.2.1
expect DUNNO
ehlo client.example.net
mail <sender@example.net>
rcpt <ok@example.com>
expect OK by check_recipient_access
rcpt <gone@example.com>
expect 550 5.1.1 text /^550 5.1.1 gone$/
rcpt <any@elsewhere.example>
expect DUNNO
rcpt <grey@example.com>
expect greylist by greylist
rcpt <if@example.com>
expect DEFER_IF_PERMIT 4.2.0
rcpt <filter@example.com>
expect FILTER
set smtpd_relay_restrictions = reject_unauth_destination
rcpt <any@elsewhere.example>
expect 554 5.7.1 by reject_unauth_destination
expect picky
EOT
my $weir = Weir::program();
$said = `$weir test session -c $w->{dir}/etc --policy --tap $w->{dir}/etc/session`;
is $? >> 8, 1, "weir test session --policy";
is join(" ", $said =~ /^((?:not )?ok)/mg), "ok " x 8 . "not ok",
    "what is expected, and what is not" or diag $said;

# Reloads.
my $before = Weir::Policy->new($port);
is $before->ask(recipient => 'new@example.com'), "DUNNO", "before";
($status, $said) = $w->reconfigure(%config, main => $main =~
    s/^smtpd_recipient_restrictions = /$&reject_unknown_thing, /mr);
isnt $status, 0, "a mistake is refused";
like $said, qr/main\.cf:\d+: smtpd_recipient_restrictions: unknown smtpd restriction: "reject_unknown_thing"/,
    "and named";
is $before->ask(recipient => 'new@example.com'), "DUNNO", "nothing has changed";
($status) = $w->reconfigure(%config, main => $main =~
    s/^smtpd_recipient_restrictions = /$&check_recipient_access inline:{new\@example.com=REJECT}, /mr);
is $status, 0, "another list";
is(Weir::Policy->new($port)->ask(recipient => 'new@example.com'),
    "554 5.7.1 Access denied", "acts at once");
is $before->action, undef, "an old connection is over";

# Without a service there is no process for it.
($status) = $w->reconfigure(main => $main, files => $config{files});
is $status, 0, "no service";
ok $w->wait_for(sub { !{ $w->roles }->{policy} }), "no process";
ok $w->wait_for(sub { !IO::Socket::INET->new(PeerAddr => "127.0.0.1",
    PeerPort => $port) }), "no socket";
($status) = $w->reconfigure(%config);
is(Weir::Policy->new($port)->ask, "DUNNO", "and here it is again");

# It dies, and is started again.
my %roles = $w->roles;
kill "KILL", $roles{policy};
ok $w->wait_for(sub { my %r = $w->roles; ($r{policy} // $roles{policy}) != $roles{policy} }),
    "started again";
is(Weir::Policy->new($port)->ask, "DUNNO", "it serves");
is $w->stop, 0, "it ends";

# Alone, in the foreground.
$w->{command} = "policy";
$w->start;
is(Weir::Policy->new($port)->ask(recipient => 'gone@example.com'),
    "550 5.1.1 gone", "weir policy");
($status, $said) = $w->command("status");
is join(" ", sort $said =~ /^(\w+) +pid/mg), "auth policy",
    "one role, and the one that it asks";
unlike $said, qr/:$w->{port} /, "no SMTP server listens";
($status) = $w->reconfigure(%config, main => $main =~
    s/^smtpd_recipient_restrictions = /$&check_recipient_access inline:{alone\@example.com=REJECT}, /mr);
is $status, 0, "its reload";
is(Weir::Policy->new($port)->ask(recipient => 'alone@example.com'),
    "554 5.7.1 Access denied", "acts");
is $w->stop, 0, "it ends, too";
$w->configure(main => $main, files => $config{files});
($status, $said) = $w->command("policy");
is $status, 78, "nothing to do";
like $said, qr{/etc/master\.cf has no service with the command policy$}m, "says so";
is $w->complaints, "", "no complaints";

done_testing;
