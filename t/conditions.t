#!/usr/bin/perl
# Conditions over facts in restriction lists, and scores, in the SMTP gateway,
# the policy server and the test bench; users' own lists of senders; mistakes
# that are found when the configuration is read.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Policy;
use Weir::Scenario;

my $base = <<'EOT';
relay_domains = example.com
relay_recipient_maps =
relay_transport = discard
smtpd_authorized_xclient_hosts = 127.0.0.1
mynetworks = 192.0.2.1
message_size_limit = 100000000
EOT
my $w = Weir::Scenario->new(base => $base, start => 0);
my $port = $w->port("policy");
my $master = "127.0.0.1:$port inet n - n - - policy\n";
$w->write_file("lists", <<'EOT');
a@example.com:block@example.net block
a@example.com:allow@example.net allow
EOT
my $main = $base . <<'EOT';
lists = texthash:$dir/etc/lists
smtpd_restriction_classes = lenient
lenient = permit
smtpd_client_restrictions =
 if { client_address in { 192.0.2.64/26 } } score 3,
 if { helo_name in { .example.org } && !encrypted } { score 2, score 1 }
smtpd_recipient_restrictions = reject_unauth_destination,
 if { recipient + ":" + sender in $lists } {
    if { recipient + ":" + sender in pipemap:{$lists, inline:{allow=yes}} } lenient
    reject }
 if { size > 20M && weekday in { mon-sun } } reject,
 if { recipient == "never@example.com" && time in 00:00-24:00 } reject
 if { sender_domain in { soft.example } } permit
 score_if_reject 4 check_helo_access inline:{none=x},
 score_if_reject 4 check_helo_access inline:{weighed.example=REJECT}
 reject_score_over 5
EOT
$w->configure(main => $main, master => $master);
ok $w->start, "starts";
my $p = Weir::Policy->new($port);

# What the two doors answer.  Postfix itself says whose address is rejected.
sub both {
	my ($what, $smtp, $policy, %with) = @_;
	my $to = $with{to} || 'a@example.com';
	my $from = $with{from} || 'sender@example.net';
	my $addr = $with{addr} || "192.0.2.2";
	my $helo = $with{helo} || "client.example.net";
	my $c = Weir::Client->new($w->{port});

	$c->cmd("XCLIENT NAME=x.example ADDR=$addr");
	$c->cmd("EHLO $helo");
	$c->cmd("MAIL FROM:<$from>" . ($with{size} ? " SIZE=$with{size}" : ""));
	is $c->cmd("RCPT TO:<$to>"), $smtp || "250 2.1.5 Ok", "$what, SMTP";
	$c->cmd("QUIT");
	my $refused = ($smtp // "") =~ s/<.*?>: Recipient address rejected: //r;
	is $p->ask(recipient => $to, sender => $from, client_address => $addr,
	    client_name => "x.example", helo_name => $helo,
	    size => $with{size} || 0), $policy || $refused || "DUNNO",
	    "$what, policy server";
}

my $no = "554 5.7.1 <a\@example.com>: Recipient address rejected: Access denied";
both("nothing is true");
both("a sender that the user blocks", $no, undef, from => 'block@example.net');
both("for another user", undef, undef, from => 'block@example.net',
    to => 'b@example.com');
both("a sender that the user allows", undef, "OK", from => 'allow@example.net');
both("who may send much", undef, "OK", from => 'allow@example.net',
    size => 30_000_000);
both("a large message", $no, undef, size => 30_000_000);
both("not so large", undef, undef, size => 20_000_000);
both("a window of time",
    "554 5.7.1 <never\@example.com>: Recipient address rejected: Access denied",
    undef, to => 'never@example.com');
both("a network's score", undef, undef, addr => "192.0.2.65");
both("a name's score", undef, undef, helo => "mail.example.org");
both("both scores",
    "554 5.7.1 <a\@example.com>: Recipient address rejected: Score 6 is over 5",
    undef, addr => "192.0.2.65", helo => "mail.example.org");
both("a refusal as a point",
    "554 5.7.1 <a\@example.com>: Recipient address rejected: Score 7 is over 5",
    undef, addr => "192.0.2.65", helo => "weighed.example",
    size => 19_999_999);
both("a permit is no word of a class", undef, undef, addr => "192.0.2.65",
    helo => "mail.example.org", from => 'x@soft.example');

# Explained.
my $text = "";
ok $w->wait_for(sub {
	$text = ($w->command("explain", "-n", 20, "192.0.2.65"))[1];
	$text =~ /score=6\): REJECT/ }), "a decision is found";
like $text, qr/if \{ client_address in \{ 192\.0\.2\.64\/26 \} \} \(client_address=192\.0\.2\.65\): -> true/,
    "the condition, and what it has seen";
like $text, qr/score_if_reject 4 check_helo_access inline:\{none=x\} \(score=6\): DUNNO/,
    "a weighed restriction";
like $text, qr/reject_score_over 5 \(score=6\): REJECT 554/, "the score";

# The same in a session that is only played.
my $script = $w->write_file("script", <<'EOT');
client x.example 192.0.2.65
helo mail.example.org
mail a@good.example
rcpt a@example.com
expect 554 5.7.1 text /Score 6 is over 5/ by reject_score_over
EOT
my $bench = Weir::program() . " test session -c $w->{dir}/etc $script 2>&1";
$text = qx($bench);
is $?, 0, "judged alike by weir test session" or diag $text;

# New content of a table acts without a reload.
$w->write_file("lists", "a\@example.com:sender\@example.net block\n");
ok $w->wait_for(sub { $w->rcpt('a@example.com') eq $no }),
    "a user's list is taken up";

# Mistakes have a place.
$w->refuse("smtpd_helo_restrictions = if { helo_nmae == \"x\" } reject\n",
    qr/main\.cf:\d+: smtpd_helo_restrictions: if \{ helo_nmae == "x" \}: unknown fact "helo_nmae"; did you mean helo_name\?/,
    "an unknown fact", master => $master);
$w->refuse("smtpd_helo_restrictions = if { size > \"10\" } reject\n",
    qr/main\.cf:\d+: .*a number is compared with a text/, "types",
    master => $master);
$w->refuse("smtpd_restriction_classes = c\nc = if { encrypted }\n",
    qr/main\.cf:\d+: c: if \{ encrypted \} must be followed by/,
    "nothing behind a condition", master => $master);
$w->refuse("smtpd_helo_restrictions = if { sender in hash:/nowhere/x } reject\n",
    qr{main\.cf:\d+: .*/nowhere/x}, "a table that is not there",
    master => $master);
$w->refuse("smtpd_helo_restrictions = score many\n",
    qr/main\.cf:\d+: .*score must be followed by number/, "no number",
    master => $master);
is $w->rcpt('a@example.com'), $no, "and all is as it was";

$w->finish;
