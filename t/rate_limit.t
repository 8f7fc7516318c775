#!/usr/bin/perl
# Limits of a rate (S-232, G-31, G-09): messages, recipients, bytes and
# connections, for whoever is named, in the SMTP server, in the policy server and
# in weir test session; a thing counts once; what is remembered outlives a restart,
# and if it cannot be kept, mail passes or waits, as is set (hostile 75).
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib";
use Weir;
use Weir::Client;
use Weir::Policy;

plan skip_all => "the clock cannot be set in this build"
    if ($ENV{OUT} // "") =~ /release/;

my $w = Weir->new(start => 0);
my $policy = $w->port("policy");
my $common = <<'EOT';
relay_domains = example.org, example.com
relay_recipient_maps =
relay_transport = discard
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_relay_restrictions = reject_unauth_destination
EOT
my $master = "127.0.0.1:$policy inet n - n - - policy\n";
my $serial = 0;

# A configuration that has forgotten what was before: limits of new names.
sub limits {
	my ($lists) = @_;
	my $n = ++$serial;

	$lists =~ s/\b(set)(?=[a-z]*\b)/"l${n}_$1"/ge;
	my @with = (main => $common . $lists, master => $master);
	if ($n == 1) {
		$w->configure(@with)->start;
		return;
	}
	my ($status, $said) = $w->reconfigure(@with);

	die $said . $w->log if $status != 0;
}

sub client { return (xclient => "NAME=$_[0] ADDR=$_[1]") }
my @a = client("a.example.net", "192.0.2.1");
my @b = client("b.example.net", "192.0.2.2");

sub codes { return join " ", map { substr $_, 0, 3 } @_ }

# MAIL, RCPT ... and a message of so many octets, in a session.
sub post {
	my (%with) = (from => 's@example.net', to => ['u@example.org'], @_);
	my $c = Weir::Client->new($w->{port});
	my @replies;

	$c->cmd("XCLIENT $with{xclient}") if $with{xclient};
	$c->cmd("EHLO c.example.net");
	for (1 .. $with{times} // 1) {
		push @replies, $c->cmd("MAIL FROM:<$with{from}>"
		    . (defined $with{says} ? " SIZE=$with{says}" : ""));
		push @replies, map { $c->cmd("RCPT TO:<$_>") } @{ $with{to} };
		if ($replies[-1] =~ /^250/) {
			push @replies, $c->cmd("DATA");
			push @replies, $c->cmd("Subject: x\r\n\r\n"
			    . ("x" x 78 . "\r\n") x (($with{size} // 80) / 80) . ".")
			    if $replies[-1] =~ /^354/;
		}
		$c->cmd("RSET");
	}
	$c->cmd("QUIT");
	return @replies;
}

# Messages, for each client; named, so that two lists mean one limit.
limits(<<'EOT');
set = 3 messages / hour per client_address, action = 450 4.7.1 Too many, wait %s seconds
smtpd_helo_restrictions = rate_limit set
smtpd_recipient_restrictions = rate_limit set
smtpd_data_restrictions = rate_limit set
EOT
is codes(post(@a, to => [ 'u@example.org', 'v@example.org' ])),
    "250 250 250 354 250", "a message";
is codes(post(@a, times => 3)), "250 250 354 250 250 250 354 250 250 450",
    "three of them, whatever their recipients, commands and lists";
my $refused = (post(@a))[1];
like $refused, qr/^450 4\.7\.1 <a\.example\.net\[192\.0\.2\.1\]>: Client host rejected: Too many, wait (?:1[12]\d\d) seconds$/,
    "the reply says whose limit it is";
like $w->log, qr/: rate_limit=l1_set, key=192\.0\.2\.1, limit=3 messages \/ 3600s, used=3, wait=1[12]\d\ds, client_name=a\.example\.net, client_address=192\.0\.2\.1, sender=s\@example\.net, recipient=u\@example\.org\n/,
    "so does the log";
is codes(post(@b)), "250 250 354 250", "another client has its own";
$w->advance(1201);
is codes(post(@a, times => 2)), "250 250 354 250 250 450",
    "it fills evenly: one in twenty minutes";
$w->advance(100000);
is codes(post(@a, times => 4)), "250 250 354 250" . " 250 250 354 250" x 2 . " 250 450",
    "but not over the brim";

# A restart forgets nothing; another door knows it, too.
is $w->stop, 0, "stops cleanly";
$w->start;
like((post(@a))[1], qr/^450 /, "after a restart");
$w->reconfigure(main => $common . <<'EOT', master => $master);
l1_set = 3 messages / hour per client_address, action = REJECT 5.7.1 no
smtpd_recipient_restrictions = rate_limit l1_set
EOT
my $p = Weir::Policy->new($policy);
is $p->ask(client_address => "192.0.2.1", client_name => "a.example.net"),
    "554 5.7.1 <a.example.net[192.0.2.1]>: Client host rejected: no",
    "the policy server knows what the SMTP server has counted";
is $p->ask(client_address => "192.0.2.3"), "DUNNO", "and says nothing else";

# All that window holds at once.
limits(<<'EOT');
set = 2 messages / 10m per client_network + sender_domain, refill = window
smtpd_sender_restrictions = rate_limit set
EOT
is codes(post(@a)), "250 250 354 250", "a first one";
$w->advance(500);
is codes(post(@b, times => 2)), "250 250 354 250 250 450", "of one network";
is codes(post(@b, from => 's@other.example')), "250 250 354 250", "and domain";
is codes(post(client("six.example.net", "IPv6:2001:db8::1"))),
    "250 250 354 250", "IPv6";
$w->advance(101);
is codes(post(@b, times => 3)), "250 250 354 250 250 250 354 250 250 450",
    "ten minutes after the first all are there again";
is codes(post(@b, times => 3, from => "")),
    "250 250 354 250" . " 250 250 354 250" x 2, "the null sender is nobody";

# Recipients.
limits(<<'EOT');
set = 4 recipients / hour per sender, action = DEFER_IF_PERMIT
smtpd_relay_restrictions = rate_limit set, reject_unauth_destination
smtpd_recipient_restrictions = rate_limit set
smtpd_data_restrictions = rate_limit set
EOT
my @to = map { "$_\@example.org" } "a" .. "e";
is codes(post(@a, to => [ @to[ 0 .. 2 ] ])), "250 250 250 250 354 250",
    "three, asked about at RCPT twice, and at DATA";
is codes(post(@a, to => [ @to[ 0 .. 1 ] ])), "250 250 450", "and a fourth";
limits(<<'EOT');
set = 2 recipients / hour per sender
smtpd_recipient_restrictions = rate_limit set
EOT
is codes(post(@a, to => [ @to[ 0, 0, 1, 2 ] ])), "250 250 250 250 450",
    "one that is named twice is one";
limits(<<'EOT');
set = 3 recipients / hour per sender, action = REJECT 5.7.1 Too many
smtpd_recipient_restrictions = rate_limit set
smtpd_data_restrictions = rate_limit set
EOT
is codes(post(@a, to => [ @to[ 0, 0, 0 ] ])), "250 250 250 250 354 250",
    "at DATA, as often as it was named";
is codes(post(@a, to => [ $to[1] ])), "250 554", "which leaves nothing";
$p = Weir::Policy->new($policy, client_address => "192.0.2.8", sender => 'p@example.net');
is join(" ", map { $p->ask(instance => "1.5.6.0", recipient => $_) } @to[ 0, 0, 0 ]),
    "DUNNO DUNNO DUNNO", "for a policy server: one";
is $p->ask(instance => "1.5.6.0", protocol_state => "DATA", recipient => "", recipient_count => 3),
    "DUNNO", "and all at DATA";
like $p->ask(instance => "1.5.7.0", recipient => $to[1]), qr/^554 /, "which leaves nothing";
limits(<<'EOT');
set = 4 recipients / hour per sender, action = REJECT 5.7.1 Too many
smtpd_data_restrictions = rate_limit set
EOT
is codes(post(@a, to => [ @to[ 0 .. 2 ] ])), "250 250 250 250 354 250",
    "at DATA: three at once";
is codes(post(@a, to => [ @to[ 0 .. 1 ] ])), "250 250 250 554", "not two more";
is codes(post(@a, to => [ $to[0] ])), "250 250 354 250", "but one";
limits(<<'EOT');
set = 1 recipients / hour per recipient_domain
smtpd_recipient_restrictions = rate_limit set
EOT
is codes(post(@a, to => [ 'a@example.org', 'b@example.org', 'b@example.com' ])),
    "250 250 450 250 354 250",
    "each recipient's domain is asked";

# Bytes: what MAIL says, and what it turns out to be.
limits(<<'EOT');
set = 10K bytes / hour per sender, burst = 20K, action = 452 4.3.1 No more
smtpd_recipient_restrictions = rate_limit set
smtpd_end_of_data_restrictions = rate_limit set
EOT
is codes(post(@a, says => 16384, size => 16000)), "250 250 354 250", "16 K";
is codes(post(@a, says => 16384)), "250 452", "are too much the second time";
is codes(post(@a, size => 2000)), "250 250 354 250", "2 K of which nothing was said";
is codes(post(@a, says => 10, size => 8000)), "250 250 354 452",
    "nor does it help to say less";
is codes(post(@b, says => 30000)), "250 452", "and 30 K are always too much";

# Connections.
limits(<<'EOT');
set = 2 connections / minute per client_address, action = 421 4.7.0 Too many connections
smtpd_delay_reject = no
smtpd_client_restrictions = rate_limit set
EOT
sub connects {
	my $c = Weir::Client->new($w->{port}, silent => 1);
	my $banner = $c->reply;

	$c->cmd("QUIT") if $banner =~ /^220/;
	return $banner;
}
is codes(connects(), connects(), connects()), "220 220 421", "two sessions";
$w->advance(31);
like connects(), qr/^220 /, "one more";
limits(<<'EOT');
set = 2 connections / minute per client_address
smtpd_client_restrictions = rate_limit set
smtpd_recipient_restrictions = rate_limit set
EOT
is codes(post(@a, times => 3)), "250 250 354 250" . " 250 250 354 250" x 2,
    "messages of one session are one";
$p = Weir::Policy->new($policy, client_address => "192.0.2.9");
is join(" ", map { $p->ask(instance => $_->[0], client_port => $_->[1]) =~ /^(\w+)/ }
    [ "", 1 ], [ "1.aa.5.0", 1 ], [ "1.ab.6.1", 1 ], [ "1.ac.7.0", 2 ], [ "1.ad.8.2", 1 ],
    [ "1.ae.9.0", 3 ]),
    "DUNNO DUNNO DUNNO DUNNO DUNNO DEFER_IF_PERMIT",
    "so they are for a policy server, as the port says";
is join(" ", map { $p->ask(client_address => "192.0.2.10", instance => $_->[0], client_port => $_->[1]) =~ /^(\w+)/ }
    [ "1.aa.5.0", undef ], [ "1.aa.5.0", "" ], [ "1.ab.6.1", "0" ], [ "1.ac.7.0", "unknown" ]),
    "DUNNO DUNNO DUNNO DEFER_IF_PERMIT", "without a port a message is one";

# Per-login limits, and what may be done.
limits(<<'EOT');
smtpd_restriction_classes = strict
strict = check_sender_access inline:{{bad@example.net = REJECT strict}}
smtpd_recipient_restrictions =
	rate_limit { 1 messages / hour per sasl_username, action = HOLD too much of %s }
	rate_limit { 1 messages / hour per helo_name, action = strict }
	rate_limit { 1 messages / hour per server_port, action = PREPEND X-Much: yes }
	rate_limit { 1 messages / hour per reverse_client_name, action = WARN much }
	warn_if_reject rate_limit { 1 messages / 2h per reverse_client_name, action = REJECT warned }
	rate_limit { 1 messages / hour per encryption_cipher, action = REJECT 5.7.1 never }
EOT
$p = Weir::Policy->new($policy, sasl_username => 'Joe Doe', client_address => "192.0.2.50",
    reverse_client_name => "r.example", helo_name => "h.example");
my $n = 0;
sub next_message { return $p->ask(instance => "9.9." . ++$n, @_) }
is next_message(), "DUNNO", "the first one";
is next_message(), "HOLD too much of 3600", "HOLD";
is next_message(sasl_username => ""), "PREPEND X-Much: yes",
    "who has not logged in has no limit; PREPEND";
like $w->log, qr/reject_warning: RCPT from .*: 554 5\.7\.1 <r\.example>: Unverified Client host rejected: warned;/,
    "warn_if_reject";
like $w->log, qr/: warn: RCPT from .*: much;/, "WARN";
like $w->log, qr/rate_limit=sasl_username, key=joe%20doe, /, "keys have no blanks";
is next_message(sasl_username => "", sender => 'bad@example.net') =~ s/ .*//r,
    "554", "a restriction class";

# What is remembered cannot be kept.
is $w->stop, 0, "stops cleanly";
my $state = "$w->{dir}/data/state";
my $one = "smtpd_recipient_restrictions = rate_limit { 1 messages / hour";
for my $case (
    [ "$one }\n", qr/^250 / ],
    [ "$one }\nweir_rate_limit_away = defer\n",
	qr/^451 4\.3\.0 <u\@example\.org>: Temporary lookup failure$/ ],
    [ "$one, away = dunno }\nweir_rate_limit_away = defer\n", qr/^250 / ],
    [ "$one, away = defer }\n", qr/^451 4\.3\.0 / ],
) {
	unlink glob "$state/*.mdb";
	mkdir "$state/data.mdb";
	$w->configure(main => $common . $case->[0]);
	$w->start;
	like scalar($w->rcpt('u@example.org')), $case->[1], "without a store: " . $case->[0] =~ s{\n}{ }gr;
	is $w->stop, 0, "stops cleanly";
}
like $w->log, qr/warning: rate_limit: the state store cannot be used; the mail passes\n/,
    "the log says that mail passes";
like $w->log, qr/warning: rate_limit: the state store cannot be used; the mail is deferred\n/,
    "or waits";

# Without a server.
$w->configure(main => $common . <<'EOT');
set = 2 messages / hour per sender, action = 450 4.7.1 Wait %s seconds
smtpd_recipient_restrictions = rate_limit set
EOT
$w->write_file("session", <<'EOT');
client a.example.net 192.0.2.1
helo a.example.net
mail <s@example.net>
rcpt <u@example.org>
rcpt <v@example.org>
expect OK
mail <s@example.net>
rcpt <u@example.org>
expect OK
mail <s@example.net>
rcpt <u@example.org>
expect 450 4.7.1 text /Wait 1[78][0-9][0-9] seconds/ by rate_limit
time +30m
rcpt <u@example.org>
expect OK
world memory rate_limit 5000 2 0
rcpt <u@example.org>
expect 450 4.7.1 text /Wait 5 seconds/ by rate_limit set
world memory rate_limit away
rcpt <u@example.org>
expect OK
EOT
my $weir = Weir::program();
my $said = `$weir test session --trace -c $w->{dir}/etc $w->{dir}/etc/session 2>&1`;
is $?, 0, "weir test session" or diag $said;
like $said, qr!set/2-messages/3600s s\@example\.net: 2 of 2 messages!, "shows what is counted";

# Mistakes are told, with their place.
for my $case (
    [ "rate_limit", qr/restriction rate_limit must be followed by \{ a limit \} or the name of one/ ],
    [ "rate_limit nolimit", qr/rate_limit nolimit: no parameter of that name has a limit/ ],
    [ "rate_limit bad", qr/rate_limit bad: need messages, recipients, bytes or connections, not "letters"/ ],
    [ "rate_limit { 1 messages / hour per nobody }", qr/unknown fact "nobody"/ ],
    [ "rate_limit { 1 messages / hour, action = OK }", qr/bad value: action = OK/ ],
    [ "rate_limit { 1 messages / hour, action = reject_nobody }",
	qr/unknown smtpd restriction: "reject_nobody"/ ],
    [ "rate_limit { 1 messages / hour, action = hash:/x }", qr/a table in the entry of a table/ ],
) {
	$w->configure(main => "${common}bad = 7 letters / hour\nsmtpd_recipient_restrictions = $case->[0]\n");
	my ($status, $said) = $w->command("check");
	is $status, 1, "weir check: $case->[0]";
	like $said, qr/main\.cf:\d+: smtpd_recipient_restrictions: .*?$case->[1]/s, "its place and reason";
}
$w->configure(main => "${common}weir_rate_limit_away = maybe\n");
(my $status, $said) = $w->command("check");
like $said, qr/weir_rate_limit_away: bad value "maybe": dunno or defer/, "so is weir_rate_limit_away";
is $w->complaints, "", "no sanitizer complains";
unlike $w->log, qr/panic|fatal/, "nothing died";
done_testing;
