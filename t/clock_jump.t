#!/usr/bin/perl
# The clock on the wall is set: ten years ahead and back, to 1970, beyond 2038;
# or it stands still.  Nothing is given up for that, nothing waits for ever, and
# mail that comes afterwards is as young as it is (hostile 108).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;

plan skip_all => "the clock cannot be set in this build"
    if ($ENV{OUT} // "") =~ /release/;
my $day = 86400;
my $year = 365 * $day;
my $w = Weir->new(main => <<'EOT');
relay_domains = example.org
relay_recipient_maps =
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:hop}, example.net=relay:[127.0.0.1]:${port:hop}}
maximal_queue_lifetime = 5d
delay_warning_time = 1d
EOT
my $sink = $w->sink("hop",
    replies => { "RCPT <late\@example.org>" => [ "450 4.2.1 full *" ] });

# The envelope recipients of what has arrived.
sub arrived {
	return join "\n",
	    map { /^X-To: (.*)/mg } $w->messages($sink, 0);
}

# So many attempts at delivery so far.
sub attempts {
	return scalar(() = $w->log =~ /to=<late\@example\.org>.*status=/g);
}

sub send_late {
	return $w->send_mail(to => 'late@example.org',
	    data => "Subject: $_[0]\r\n\r\nx\r\n");
}

sub try_all {
	my ($count) = @_;

	$w->at_rest;
	my $before = attempts();
	$w->command("postqueue", "-f");
	return $w->wait_for(sub { attempts() >= $before + $count });
}

sub waiting {
	my ($status, $text) = $w->command("mailq");

	return scalar(() = $text =~ /late\@example\.org/g);
}

like send_late("first"), qr/^250/, "a message";
ok $w->wait_for(sub { attempts() == 1 }), "which waits";
my $waiting = 1;
for ([ "ten years ahead", 10 * $year ], [ "and back again", 0 ],
    [ "ten years back", -10 * $year ], [ "1970", 1000 - time ],
    [ "1970, and ten minutes", 1800 - time ], [ "2038", 0x7fffffff - time ],
    [ "2106", 0xffffffff - time ], [ "today", 0 ]) {
	my ($when, $seconds) = @$_;

	$w->set_clock($seconds);
	like $w->send_mail(to => 'now@example.org'), qr/^250/,
	    "$when: mail is taken";
	like send_late($when), qr/^250/, "$when: and some that waits";
	$waiting++;
	ok $w->wait_for(sub { attempts() >= $waiting }), "$when: is tried";
	ok try_all($waiting), "$when: all are tried";
	$w->at_rest;
	is waiting(), $waiting, "$when: none is given up";
	is scalar(() = arrived() =~ /now\@example\.org/g), scalar(() =
	    $w->log =~ /to=<now\@example\.org>.*status=sent/g),
	    "$when: the others are delivered";
}
is scalar(() = $w->log =~ /postmaster|delay notification|status=(?:bounced|expired)/g),
    0, "nobody was told of a delay";
unlike $w->log, qr/delay=-/, "no delay is less than nothing";
my %qid = map { $_ => 1 } $w->log =~ /cleanup\[\d+\]: (\w+): message-id/g;
is scalar(keys %qid), 2 * $waiting - 1, "queue ids are unique";
like $w->log, qr/qmgr\[\d+\]: warning: the clock jumped by -?\d+ s/, "said";

# Standing still, for hours: what waits is tried again all the same.
{
	my $before = attempts();
	for my $hours (1 .. 6) {
		$w->write_clock($w->{clock} + 3600, -3600 * $hours);
		$w->wait_for(sub { attempts() >= $before + $hours }, 5);
	}
	cmp_ok attempts(), ">", $before + 3,
	    "a clock that stands still does not hold up retries";
}

# Time that passes counts.
$w->set_clock(10 * $year);
$w->at_rest;
$w->advance(2 * $day);
ok try_all($waiting), "after two days";
ok $w->wait_for(sub { my $n = () = $w->log =~ /sender delay notification/g;
	$n == $waiting }), "their senders are told that they are late";
$w->at_rest;
is waiting(), $waiting, "all still wait";
$w->advance(4 * $day);
$w->command("postqueue", "-f");
ok $w->wait_for(sub { waiting() == 0 }), "after six they are given up";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
unlike $w->log, qr/panic|fatal/, "nothing died";
done_testing;
