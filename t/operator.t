#!/usr/bin/perl
# An administrator holds, releases, requeues, deletes and flushes while the same
# messages are being delivered: each one is delivered once, or was deleted, as
# was said (hostile 112).
use strict;
use warnings;

use lib "t/lib";
use POSIX ();
use Test::More;
use Time::HiRes ();
use Weir;

my $w = Weir->new(main => <<'EOT');
relay_domains = example.org
relay_recipient_maps =
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:hop}}
relay_destination_concurrency_limit = 2
EOT
my $sink = $w->sink("hop", replies => { DOT =>
	[ map { $_ % 3 ? "250 2.0.0 Ok" : "451 4.3.0 not now" } 1 .. 60 ] });
my $count = 80;

# Clients, beside the operator.
my $pid = fork // die;
if ($pid == 0) {
	open my $ledger, ">", "$w->{dir}/ledger" or POSIX::_exit(1);
	$ledger->autoflush(1);
	my $c = $w->smtp;
	for my $n (1 .. $count) {
		my $reply = $c->deliver(to => 'x@example.org', data =>
		    "Subject: n$n\r\n\r\n" . ("x" x 70 . "\r\n") x
			($n % 10 ? 3 : 3000));
		print $ledger "n$n\n" if $reply =~ /^250/;
		Time::HiRes::sleep(0.01);
	}
	POSIX::_exit(0);
}

sub queue {
	return ($w->command("postqueue", "-j"))[1] =~ /"queue_id": "(\w+)"/g;
}

# What an id stands for; deleted by its id, if it was there to be deleted.
my %deleted;
sub delete_one {
	my ($id) = queue() or return;
	my ($n) = ($w->command("postcat", "-hq", $id))[1] =~ /^Subject: (n\d+)/m
	    or return;
	$deleted{$n}++ if ($w->command("postsuper", "-d", $id))[1] =~
	    /^postsuper: Deleted: 1 message$/m;
}

my %did;
my $client = 1;
for (my $i = 0; $client || $i < 40; $i++) {
	my $what = $i % 6;

	$client &&= waitpid($pid, POSIX::WNOHANG()) == 0;
	if ($what == 5) {
		delete_one();
		next;
	}
	my @how = ([ "postsuper", "-h", "ALL" ], [ "postsuper", "-H", "ALL" ],
	    [ "postsuper", "-r", "ALL" ], [ "postqueue", "-f" ],
	    [ "postsuper", "-r", (queue())[0] // "ALL" ]);
	my ($status, $text) = $w->command(@{ $how[$what] });
	$did{$1} += $2 if $text =~ /postsuper: (\S.*?): (\d+) message/;
}
ok $did{$_}, "$_: $did{$_}" for sort keys %did;
cmp_ok scalar(keys %did), ">=", 3, "held, released and requeued";

# Those that the next hop has taken: a reply of our own is one, too.
sub arrived {
	my %n;

	$n{$_}++ for map { /^Subject: (n\d+)\r$/m } $w->messages($sink, 0);
	return %n;
}

$w->wait_for(sub {
	$w->command("postsuper", "-H", "ALL");
	$w->command("postqueue", "-f");
	return !queue();
});
is join(" ", queue()), "", "the queue comes to its end";
my @acked = split /\n/, Weir::read_file("$w->{dir}/ledger");
my %n = arrived();
is scalar(@acked), $count, "all were answered 250";
is join(" ", grep { !$n{$_} && !$deleted{$_} } @acked), "",
    "each one is delivered, or was deleted";
is join(" ", grep { $n{$_} > 1 } keys %n), "", "none is delivered twice";
is join(" ", grep { $_ > 1 } values %deleted), "", "nor deleted twice";
note scalar(keys %deleted) . " deleted";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
unlike $w->log, qr/panic|fatal:/, "nothing died";
done_testing;
