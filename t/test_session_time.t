#!/usr/bin/perl
# weir test session: time as a script says it, what restrictions remember, and
# conditions, scores, classes and SPF at all doors.
# S-190, S-223, S-228: greylisting and SPF, tried without a server.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Bench;

$ENV{TZ} = "UTC";
my $b = Weir::Bench->new("main.cf" => <<'EOT',
compatibility_level = 3.6
myhostname = mail.example.com
mydestination =
relay_domains = example.com
local_recipient_maps =
alias_maps =
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_restriction_classes = night, wary
night = if { time in 22:00-06:00 } defer
wary = greylist
smtpd_recipient_restrictions =
    check_recipient_access texthash:users
weir_greylist_auto_allow = 1
EOT
    users => <<'EOT',
joe@example.com	wary
ann@example.com	wary
owl@example.com	night
spf@example.com	check_spf
EOT
    world => <<'EOT',
fail.example  TXT  v=spf1 -all
good.example  TXT  v=spf1 ip4:192.0.2.0/24 -all
soft.example  TXT  v=spf1 ~all
EOT
    grey => <<'EOT',
client mail.example.net 192.0.2.1
ehlo mail.example.net
mail <jim@good.example>
rcpt <joe@example.com>
expect ZZZ text /Greylisted for 300 seconds/ by greylist
time +2m
rcpt <joe@example.com>
expect ZZZ text /Greylisted for 180 seconds/
time +3m
rcpt <joe@example.com>
expect HEAD
# Who has waited once need not wait any more.
rcpt <ann@example.com>
expect PASS
client other.example.net 198.51.100.1
mail <jim@good.example>
rcpt <joe@example.com>
expect ZZZ
EOT
    hours => <<'EOT',
time 2026-11-23 21:59
client mail.example.net 192.0.2.1
mail <jim@good.example>
rcpt <owl@example.com>
expect PASS
time +2m
rcpt <owl@example.com>
expect WAIT
time 2026-11-24 06:30:15
rcpt <owl@example.com>
expect PASS
EOT
    spf => <<'EOT',
client mail.example.net 192.0.2.1
ehlo mail.example.net
mail <jim@fail.example>
rcpt <spf@example.com>
expect NO text /SPF|spf/ by check_spf
mail <jim@good.example>
rcpt <spf@example.com>
expect HEAD
EOT
);

# What the three doors say of the same.
my %words = (
	proxy => { PASS => "OK", HEAD => "OK", ZZZ => "450 4.2.0", WAIT => "450", NO => "550" },
	policy => { PASS => "DUNNO", HEAD => "PREPEND", ZZZ => "DEFER_IF_PERMIT", WAIT => "450", NO => "550" },
	milter => { PASS => "OK", HEAD => "OK", ZZZ => "450 4.2.0", WAIT => "450", NO => "550" },
);
for my $door (qw(proxy policy milter)) {
	my $say = $words{$door};

	for my $script (qw(grey hours spf)) {
		open my $f, "<", "$b->{dir}/$script" or die;
		local $/;
		my $text = <$f>;
		$text =~ s/^expect (PASS|HEAD|ZZZ|WAIT|NO)\b/expect $say->{$1}/mg;
		$b->file("$script.$door", $text);
	}
	my ($status, $out, $err) = $b->test("session", "--world", "world",
	    $door eq "proxy" ? () : "--$door", "--tap",
	    map { "$_.$door" } qw(grey hours spf grey));
	is $status, 0, $door or diag $out, $err;
	is $err, "", "$door: nothing else is said";
}

subtest "time ends with the script, and with reset" => sub {
	$b->file(late => "time +40d\n" . <<'EOT');
reset
client mail.example.net 192.0.2.1
mail <jim@good.example>
rcpt <joe@example.com>
expect 450 text /300 seconds/
EOT
	$b->file(early => <<'EOT');
client mail.example.net 192.0.2.1
mail <jim@good.example>
rcpt <joe@example.com>
expect 450 text /300 seconds/
EOT
	my ($status, $out) = $b->test("session", "late", "early", "late");
	is $status, 0, "each script begins with nothing" or diag $out;
	for ("time", "time +", "time 5m", "time +x", "time 2026-13-01 10:00",
	    "time 2026-11-23", "time 2026-11-23 10:00 x") {
		$b->{input} = "$_\n";
		$b->refuses($_, 65, qr/^stdin:1: time \+DURATION \| YYYY/,
		    "session");
	}
};

done_testing;
