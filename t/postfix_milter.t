#!/usr/bin/perl
# Debian's Postfix has Weir as a milter: the same decisions as a gateway would
# make, per recipient, at every stage; what is to be done with a message is
# done there; nothing of it opens a relay.  And Debian's miltertest talks to it,
# over TCP without a stall for each answer.
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use Time::HiRes qw(time);
use lib "$Bin/lib";
use Weir;
use Weir::Postfix;

plan skip_all => "no Postfix, or not root"
    if !-x "/usr/sbin/postfix" || $> != 0;

my $w = Weir->new(start => 0);
my ($milter, $early, $smtp, $prompt, $unix) =
    map { $w->port($_) } qw(milter early postfix prompt unix);
my $main = <<'EOT';
smtpd_restriction_classes = spamlover, spamhater
spamlover = permit
spamhater = check_helo_access inline:{{bad.example = REJECT 5.7.1 your name}}, check_client_access cidr:{{192.0.2.0/24 REJECT}}, check_sender_access inline:{{spam@example.net = REJECT 5.7.9 100% no spam}}
spamhater_header_checks = inline:{{x=y}}, regexp:$dir/etc/hater
spamhater_reject_action = redirect quarantine@example.com
smtpd_client_restrictions = check_client_access inline:{{198.51.100.66 = REJECT you}}
smtpd_helo_restrictions = check_helo_access inline:{{worse.example = REJECT bye}}
smtpd_sender_restrictions = check_sasl_access inline:{{x=REJECT}}, reject_unknown_client_hostname
smtpd_recipient_restrictions = check_recipient_access texthash:$dir/etc/users
smtpd_data_restrictions = check_sender_access inline:{{quiet@example.net = DISCARD}}
header_checks = regexp:$dir/etc/header
body_checks = regexp:$dir/etc/body
EOT
my %files = (users => <<'EOT', header => <<'EOT', body => <<'EOT', hater => <<'EOT');
lover@example.com spamlover
hater@example.com spamhater
ok@elsewhere.example OK
held@example.com HOLD for a look
marked@example.com PREPEND X-Marked: yes
copy@example.com BCC archive@example.com
moved@example.com REDIRECT elsewhere@example.com
EOT
/^Subject: pills/ REJECT no pills
/^X-Drop:/ IGNORE
/^X-Old: (.*)/ REPLACE X-Old: new $1
/^X-Front:/ PREPEND X-Before: it
EOT
/^secret/ REPLACE public
EOT
/^Subject: offer/ REJECT no offers
EOT
$w->configure(main => $main, files => \%files, master => <<EOT);
127.0.0.1:$milter inet n - n - - milter
127.0.0.1:$early inet n - n - - milter
  -o smtpd_delay_reject=no
gate unix n - n - - milter
EOT
$w->start;
my $sink = $w->sink("sink");
my $reject = "smtpd_relay_restrictions = reject_unauth_destination";
my $postfix = Weir::Postfix->start("$w->{dir}/postfix", port => $smtp,
    main => <<EOT, master => <<EOM);
relay_domains = example.com
relay_transport = smtp:[127.0.0.1]:${\ $w->port("sink")}
mynetworks = 127.0.0.2/32
smtpd_authorized_xclient_hosts = 127.0.0.1
$reject
smtpd_milters = inet:127.0.0.1:$milter
EOT
127.0.0.1:$prompt inet n - n - - smtpd
  -o smtpd_milters=inet:127.0.0.1:$early
127.0.0.1:$unix inet n - n - - smtpd
  -o smtpd_milters=unix:$w->{dir}/queue/public/gate
EOM
$w->wait_port($_) for $smtp, $prompt, $unix;

my $stranger = "NAME=c.example REVERSE_NAME=c.example ADDR=198.51.100.1";

sub rcpt {
	my ($to, %arg) = @_;

	return scalar $w->rcpt($to, port => $smtp, xclient => $stranger, %arg);
}

for my $case (
    ['lover@example.com', {}, qr/^250 /],
    ['hater@example.com', {}, qr/^250 /],
    ['lover@example.com', { helo => "bad.example" }, qr/^250 /],
    ['hater@example.com', { helo => "bad.example" },
	qr/^554 5\.7\.1 <bad\.example>: Helo command rejected: your name$/],
    ['lover@example.com', { from => 'spam@example.net' }, qr/^250 /],
    ['hater@example.com', { from => 'spam@example.net' },
	qr/^554 5\.7\.9 <spam\@example\.net>: Sender address rejected: 100% no spam$/],
    ['hater@example.com', { xclient => "NAME=c.example ADDR=192.0.2.9" },
	qr/^554 5\.7\.1 .*Client host rejected: Access denied$/],
    ['lover@example.com', { xclient => "NAME=x.example ADDR=198.51.100.66" },
	qr/^554 5\.7\.1 .*Client host rejected: you$/],
    ['lover@example.com', { xclient => "NAME=[UNAVAILABLE] ADDR=198.51.100.7" },
	qr/^450 4\.7\.\d+ .*cannot find your hostname/],
    ['lover@example.com', { helo => "worse.example", port => $unix },
	qr/^554 5\.7\.1 <worse\.example>: Helo command rejected: bye$/],
    # OK of a table is no permission to relay.
    ['ok@elsewhere.example', {}, qr/^554 5\.7\.1 .*Relay access denied$/],
    ['x@elsewhere.example', {}, qr/^554 5\.7\.1 .*Relay access denied$/],
) {
	my ($to, $with, $want) = @$case;
	like rcpt($to, %$with), $want,
	    "$to " . join(" ", map { "$_=$with->{$_}" } sort keys %$with);
}
my $c = $w->smtp($prompt);
$c->cmd("XCLIENT NAME=x.example ADDR=198.51.100.66");
$c->cmd("EHLO c.example");
like $c->cmd("MAIL FROM:<a\@example.net>"), qr/^5/,
    "without delay the client is refused whatever it says";
$c->cmd("QUIT");

# A client after XCLIENT, as reverse names are told.
sub post {
	my ($to, $text, %arg) = @_;
	my $c = $w->smtp($smtp);

	$c->cmd("XCLIENT $stranger");
	my $reply = $c->deliver(to => $to, data => $text, %arg);
	$c->cmd("QUIT");
	return $reply;
}

sub arrived {
	my ($count) = @_;
	return ($w->messages("$w->{dir}/sink", $count))[-1] // "";
}

my $text = "Subject: %s\r\n\r\nhello\r\n";
like post('lover@example.com', "Subject: pills\r\n\r\nx\r\n"),
    qr/^550 5\.7\.1 no pills$/, "a header check";
like post('quiet@example.com', "Subject: x\r\n\r\nx\r\n",
    from => 'quiet@example.net'), qr/^250 /, "what is discarded is taken";
my $edited = <<'EOT' =~ s/\n/\r\n/gr;
Received: from x by y
X-Drop: one
Subject: edits
X-Old: a
X-Front: here
X-Old: b
 folded
X-Drop: two

one
secret
three
EOT
like post('marked@example.com', $edited), qr/^250 /, "edits";
my $got = arrived(1);
like $got, qr/^X-Marked: yes\r?\nReceived: from client\.example/m,
    "PREPEND is before the Received: of Postfix" or diag $got;
unlike $got, qr/X-Drop/, "IGNORE";
like $got, qr/^X-Old: new a\r?\nX-Before: it\r?\nX-Front: here\r?\nX-Old: new b/m,
    "REPLACE and PREPEND where they belong" or diag $got;
like $got, qr/one\r?\npublic\r?\nthree/, "a body check" or diag $got;

like post('held@example.com', sprintf $text, "held"), qr/^250 /, "HOLD";
ok $w->wait_for(sub {
	return glob("$w->{dir}/postfix/spool/hold/*");
}), "... is in Postfix's hold queue";
like post('moved@example.com', sprintf $text, "moved"), qr/^250 /, "REDIRECT";
like arrived(2), qr/RCPT TO:<elsewhere\@example\.com>|elsewhere\@example\.com/,
    "... has another recipient";
like post('copy@example.com', sprintf $text, "copied"), qr/^250 /, "BCC";
ok $w->wait_for(sub {
	return $postfix->log =~ /to=<archive\@example\.com>.*status=sent/;
}), "... has one more";
my $d = $w->smtp($smtp);
$d->cmd("XCLIENT $stranger");
$d->cmd("EHLO c.example");
$d->cmd('MAIL FROM:<a@example.net>');
like $d->cmd("RCPT TO:<$_\@example.com>"), qr/^250/, $_ for qw(hater lover);
like $d->cmd("DATA"), qr/^354/, "for two";
like $d->cmd("Subject: offer\r\n\r\nx\r\n."), qr/^250/, "one refuses it";
ok $w->wait_for(sub {
	my $log = $postfix->log;
	return $log =~ /to=<quarantine\@example\.com>.*status=sent/ &&
	    $log =~ /to=<lover\@example\.com>.*status=sent/;
}), "... for whom it goes elsewhere";
unlike $postfix->log, qr/to=<hater\@example\.com>.*status=sent/,
    "... and not to him";
$d->cmd("QUIT");
unlike $postfix->log, qr/warning:.*milter/, "Postfix has nothing to complain of"
    or diag grep { /milter/ } split /^/, $postfix->log;

# A filter that is away is for Postfix to answer for.
$w->stop;
$c = $w->smtp($smtp);
$c->cmd("EHLO c.example");
like $c->cmd('MAIL FROM:<a@example.net>'), qr/^451 4\.7\.1 /, "nobody answers";
$c->cmd("QUIT");
$postfix->stop;
is $w->complaints, "", "no complaints";

done_testing;
