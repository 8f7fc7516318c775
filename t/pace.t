#!/usr/bin/perl
# How fast mail goes out: rate delays, and what the queue looks like meanwhile;
# warnings that are cleared.
# Q-27 Q-48; hostile 124.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;

my $w = Weir->new(main => <<'EOT', files => { transport => <<'EOT2' });
relay_domains = slow.example, other.example, late.example
relay_recipient_maps =
transport_maps = texthash:$dir/etc/transport
smtp_destination_rate_delay = 1h
delay_warning_time = 1h
confirm_delay_cleared = yes
EOT
slow.example smtp:[127.0.0.1]:${port:slow}
other.example smtp:[127.0.0.1]:${port:other}
late.example relay:[127.0.0.1]:${port:late}
sender.example relay:[127.0.0.1]:${port:sender}
EOT2

sub post {
	my ($to, %arg) = @_;

	like $w->send_mail(to => $to, %arg), qr/^250 2\.0\.0 Ok/, "mail";
}

# So many wait for slow.example; what has been delivered is removed a moment
# later, and only then the delay begins.
sub are_active {
	my ($n) = @_;

	return $w->wait_for(sub {
		($w->command("queue", "--by", "domain", "active"))[1] =~
		    /^ +$n +\d.*  slow\.example$/m });
}

subtest "a rate delay" => sub {
	my ($slow, $other) = ($w->sink("slow"), $w->sink("other"));

	post("a$_\@slow.example") for 1 .. 3;
	post('a@other.example');
	is scalar(@{[ $w->messages($other, 1) ]}), 1,
	    "other destinations go at once";
	is scalar(@{[ $w->messages($slow, 1) ]}), 1, "one to the slow one";
	ok are_active(2), "weir queue shows the others";
	$w->advance(3700);
	is scalar(@{[ $w->messages($slow, 2) ]}), 2, "the next after an hour";
	ok are_active(1), "and one is left";
	is +($w->command("reload"))[0], 0, "a reload";
	is scalar(@{[ $w->messages($slow, 3) ]}), 3, "ends the delay";
};

subtest "confirm_delay_cleared" => sub {
	my $sender = $w->sink("sender");
	my $late = $w->sink("late", replies => {
		RCPT => ["450 4.2.0 later", "450 4.2.0 later"] });

	post('a@late.example', from => 'author@sender.example');
	ok $w->wait_log(qr/to=<a\@late\.example>.*status=deferred/), "deferred";
	$w->at_rest;
	$w->advance(3700);
	$w->command("postqueue", "-f");
	like +($w->messages($sender, 1))[0],
	    qr/^Subject: Delayed Mail \(still being retried\)\r?$/m,
	    "the sender is warned";
	$w->at_rest;
	$w->command("postqueue", "-f");
	is scalar(@{[ $w->messages($late, 1) ]}), 1, "then it gets through";
	my ($report) = grep { /^Action: (?!delayed)/m }
	    $w->messages($sender, 2);
	like $report, qr/^Subject: Successful Mail Delivery Report\r?$/m,
	    "which the sender is told";
	like $report, qr/^Final-Recipient: rfc822; a\@late\.example\r?$/m,
	    "of that recipient";
	like $report, qr/^Action: relayed\r?$/m, "relayed";
};

is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
unlike $w->log, qr/panic|fatal:/, "nothing died";
done_testing;
