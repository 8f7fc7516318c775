#!/usr/bin/perl
# Debian's Postfix asks Weir by check_policy_service: each recipient has the
# restriction class that he has chosen, what is to be done with a message is
# done, a class of Postfix's own goes on there (S-228); and a policy call before
# reject_unauth_destination opens no relay.
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib";
use Weir;
use Weir::Policy;
use Weir::Postfix;

plan skip_all => "no Postfix, or not root"
    if !-x "/usr/sbin/postfix" || $> != 0;

my $w = Weir->new(start => 0);
my ($policy, $open, $smtp, $away) =
    map { $w->port($_) } qw(policy open postfix away);

# The founding documents' users, one with nothing and one with everything.
my $main = <<'EOT';
smtpd_restriction_classes = spamlover, spamhater
spamlover = permit
spamhater = check_helo_access inline:{{bad.example = REJECT 5.7.1 your name}}, check_client_access cidr:{{192.0.2.0/24 REJECT}}, check_sender_access inline:{{spam@example.net = REJECT 5.7.9 no spam}}
weir_classes_elsewhere = picky
smtpd_recipient_restrictions = check_recipient_access $users
smtpd_data_restrictions = check_sender_access inline:{{quiet@example.net = DISCARD}}
users = texthash:$dir/etc/users
EOT
my $users = <<'EOT';
lover@example.com spamlover
hater@example.com spamhater
picky@example.com picky
held@example.com HOLD for a look
marked@example.com PREPEND X-Marked: yes
copy@example.com BCC archive@example.com
moved@example.com REDIRECT elsewhere@example.com
softly@example.com DEFER_IF_PERMIT 4.2.0 not yet
EOT
# Whatever passes here, passes.
my ($passed, $theirs, $ours) = map { $w->port($_) } qw(passed theirs ours);
my @stages = qw(client helo sender recipient data end_of_data etrn);
my $everything = <<EOT . join "", map { "  -o { smtpd_${_}_restrictions = check_policy_service inet:127.0.0.1:$ours }\n" } @stages;
127.0.0.1:$policy inet n - n - - policy
shared unix n - n - - policy
127.0.0.1:$open inet n - n - - policy
  -o { smtpd_client_restrictions = check_client_access static:OK, permit }
  -o { smtpd_helo_restrictions = check_helo_access static:DUNNO, permit }
  -o { smtpd_sender_restrictions = check_sender_access static:OK, permit }
  -o { smtpd_recipient_restrictions = permit_mynetworks, permit_auth_destination, permit }
127.0.0.1:$passed inet n - n - - policy
  -o smtpd_delay_reject=no
EOT
$w->configure(main => $main, master => $everything,
    files => { users => $users });
$w->start;
my $sink = $w->sink("sink");
for my $name ("theirs", "ours") {
	my $at = $w->port($name);
	$w->peer(sub { Weir::Policy::serve($at, "$w->{dir}/$name") });
	$w->wait_port($at);
}
my $ask = "check_policy_service inet:127.0.0.1";
my $restrict = "smtpd_recipient_restrictions";
my ($before, $unix, $each) = map { $w->port($_) } qw(before unix each);
my $postfix = Weir::Postfix->start("$w->{dir}/postfix", port => $smtp,
    main => <<EOT, master => <<EOM .
relay_domains = example.com
relay_transport = smtp:[127.0.0.1]:${\ $w->port("sink")}
mynetworks = 127.0.0.2/32
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_relay_restrictions =
smtpd_restriction_classes = picky
picky = check_sender_access inline:{{picky\@example.net=REJECT 5.7.8 too much}}
$restrict = $ask:$policy, reject_unauth_destination
smtpd_data_restrictions = $ask:$policy
EOT
127.0.0.1:$before inet n - n - - smtpd
  -o { $restrict = $ask:$open, reject_unauth_destination }
127.0.0.1:$unix inet n - n - - smtpd
  -o { $restrict = check_policy_service unix:$w->{dir}/queue/public/shared, reject_unauth_destination }
127.0.0.1:$away inet n - n - - smtpd
  -o { $restrict = $ask:$policy, reject_unauth_destination }
127.0.0.1:$each inet n - n - - smtpd
  -o smtpd_delay_reject=no
  -o smtpd_policy_service_policy_context=here
  -o smtpd_relay_restrictions=reject_unauth_destination
EOM
    join "", map { "  -o { smtpd_${_}_restrictions = $ask:$theirs, $ask:$passed }\n" } @stages);
$w->wait_port($_) for $smtp, $before, $unix, $each;

# The reply to a recipient, of a stranger.
sub rcpt {
	my ($to, %arg) = @_;

	return scalar $w->rcpt($to, port => $smtp,
	    xclient => "NAME=c.example ADDR=198.51.100.1", %arg);
}

sub post {
	my ($to, %arg) = @_;

	return $w->send_mail(port => $smtp, to => $to, %arg);
}

# Who wants what.
for my $case (
    ['lover@example.com', {}, qr/^250 /],
    ['hater@example.com', {}, qr/^250 /],
    ['lover@example.com', { helo => "bad.example" }, qr/^250 /],
    ['hater@example.com', { helo => "bad.example" },
	qr/^554 5\.7\.1 <hater\@example\.com>: Recipient address rejected: <bad\.example>: Helo command rejected: your name/],
    ['lover@example.com', { from => 'spam@example.net' }, qr/^250 /],
    ['hater@example.com', { from => 'spam@example.net' },
	qr/^554 5\.7\.9 <hater\@example\.com>: Recipient address rejected: <spam\@example\.net>: Sender address rejected: no spam$/],
    ['hater@example.com', { xclient => "NAME=c.example ADDR=192.0.2.9" },
	qr/^554 5\.7\.1 .*Client host rejected: Access denied$/],
    ['lover@example.com', { xclient => "NAME=c.example ADDR=192.0.2.9" }, qr/^250 /],
    ['picky@example.com', {}, qr/^250 /],
    ['picky@example.com', { from => 'picky@example.net' },
	qr/^554 5\.7\.8 <picky\@example\.net>: Sender address rejected: too much$/],
    ['other@example.com', { from => 'spam@example.net' }, qr/^250 /],
    ['softly@example.com', {},
	qr/^450 4\.2\.0 <softly\@example\.com>: Recipient address rejected: not yet$/],
) {
	my ($to, $with, $want) = @$case;
	like rcpt($to, %$with), $want,
	    join " ", $to, map { $with->{$_} } sort keys %$with;
}
is rcpt(['lover@example.com', 'hater@example.com', 'other@example.com']) =~ /^250/,
    1, "several in one session";
my @each = $w->rcpt(['lover@example.com', 'hater@example.com'], port => $smtp,
    from => 'spam@example.net');
is join(" ", map { substr $_, 0, 3 } @each), "250 554",
    "one message, two recipients, two opinions";
my @relay = $w->rcpt(['softly@elsewhere.example'], port => $smtp);
like $relay[0], qr/^554 5\.7\.1 <softly\@elsewhere\.example>: Relay access denied/,
    "what Weir has no opinion about, Postfix decides";

# What is done with a message.
like post('marked@example.com'), qr/^250 /, "a header";
my ($mail) = $w->messages($sink, 1);
like $mail, qr/^X-Marked: yes\r?$/m, "is there";
like post('held@example.com'), qr/^250 /, "HOLD";
ok $w->wait_for(sub {
	`postqueue -c $w->{dir}/postfix/etc -p 2>&1` =~ /^\w+!/m;
}), "held";
like post('moved@example.com'), qr/^250 /, "REDIRECT";
ok $w->wait_for(sub {
	grep { /elsewhere\@example\.com/ } $w->messages($sink, 2);
}), "redirected";
like post('copy@example.com'), qr/^250 /, "BCC";
ok $w->wait_for(sub {
	grep { /archive\@example\.com/ } $w->messages($sink, 3);
}), "a copy";
like post('other@example.com', from => 'quiet@example.net'), qr/^250 /, "DISCARD, at DATA";
ok $w->wait_for(sub { $postfix->log =~ /discard: DATA/ }), "discarded";

# At each state, all that Postfix tells becomes facts: a policy server that Weir
# asks in turn is told the same.
my $all = $w->smtp($each);
$all->cmd("XCLIENT NAME=[UNAVAILABLE] REVERSE_NAME=r.example ADDR=2001:db8::7 PORT=4711 LOGIN=user");
$all->cmd("EHLO c.example");
$all->cmd("VRFY someone\@example.com");
$all->cmd("ETRN example.com");
$all->cmd("MAIL FROM:<\"a b\"\@example.net> SIZE=100");
$all->cmd("RCPT TO:<one\@example.com>");
$all->cmd("RCPT TO:<two\@example.com>");
$all->cmd("DATA");
like $all->cmd("Subject: x\r\n\r\nx\r\n."), qr/^250 /, "a message";
$all->cmd("MAIL FROM:<>");
$all->cmd("RCPT TO:<one\@example.com>");
$all->cmd("QUIT");
my @told = Weir::Policy::recorded("$w->{dir}/theirs");
my @passed_on = Weir::Policy::recorded("$w->{dir}/ours");
is join(" ", map { $_->{protocol_state} } @told),
    "CONNECT CONNECT EHLO VRFY ETRN MAIL RCPT RCPT DATA END-OF-MESSAGE MAIL RCPT",
    "the states";
# Who we are is not theirs.
delete @$_{qw(compatibility_level mail_version)} for @told, @passed_on;
is_deeply $passed_on[$_], $told[$_], "the same at $told[$_]{protocol_state}"
    for 0 .. $#told;

# No relay, whatever passes.
for my $case (
    ["a stranger", {}],
    ["one with a good name", { helo => "friend.example", from => 'friend@example.com' }],
    ["the null sender", { from => "" }],
    ["one whom Weir trusts",
	{ xclient => "NAME=localhost ADDR=127.0.0.1" }],
) {
	my ($who, $with) = @$case;
	like rcpt('user@elsewhere.example', port => $before, %$with),
	    qr/^554 5\.7\.1 <user\@elsewhere\.example>: Relay access denied$/,
	    "no relay for $who";
	like rcpt('user@example.com', port => $before, %$with), qr/^250 /,
	    "but our own recipients";
}

# A Unix socket; a reload; a server that is away.
like rcpt('hater@example.com', port => $unix, from => 'spam@example.net'),
    qr/^554 5\.7\.9 /, "a Unix socket";
my $c = $w->smtp($smtp);
$c->cmd("EHLO c.example");
$c->cmd('MAIL FROM:<spam@example.net>');
like $c->cmd('RCPT TO:<hater@example.com>'), qr/^554/, "a session";
my ($status) = $w->reconfigure(main => $main =~ s/no spam/no mail/r,
    master => $everything, files => { users => $users });
is $status, 0, "reload";
like $c->cmd('RCPT TO:<hater@example.com>'), qr/^554 5\.7\.9 .*no mail/,
    "a session that was there before has the new rules";
$c->cmd("QUIT");
$w->stop;
like rcpt('lover@example.com'),
    qr/^451 4\.3\.5 <lover\@example\.com>: Recipient address rejected: Server configuration problem$/,
    "nobody answers";
$postfix->stop;
is $w->complaints, "", "no complaints";

done_testing;
