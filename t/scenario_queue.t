#!/usr/bin/perl
# The scenarios of the founding documents about the queue: how often and how
# much at once it tries, and what an administrator sees and does (D-07, D-38,
# D-41, D-55; P-020, P-026, P-033, P-044, P-065, P-070, P-113; C-91).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Scenario;

my $w = Weir::Scenario->new(base => <<'EOT');
relay_domains = example.com, oreilly.com
relay_recipient_maps =
transport_maps = hash:$dir/etc/transport
mynetworks = 127.0.0.0/8
EOT
my $dir = $w->{dir};

sub post {
	my ($to, %arg) = @_;
	my $reply = $w->send_mail(to => $to, %arg);

	like $reply, qr/queued as \w+$/, "mail to @{[ ref $to ? @$to : $to ]}";
	return $reply =~ /queued as (\w+)/ ? $1 : "none";
}

# Delivery attempts of a message, and the wait for so many.
sub attempts {
	my ($qid) = @_;

	return scalar(() = $w->log =~ /: $qid: to=</g);
}

sub tried {
	my ($qid, $n, $what) = @_;

	ok $w->wait_for(sub { attempts($qid) >= $n }), $what;
	$w->at_rest;
	is attempts($qid), $n, "$what: $n in all";
}

sub said {
	my ($name, @args) = @_;

	return ($w->command($name, @args))[1];
}

sub gone {
	my ($qid, $what) = @_;

	ok $w->wait_log(qr/qmgr\[\d+\]: $qid: removed/), $what
	    or diag join "\n", (split /\n/, $w->log)[-20 .. -1];
}

sub in_queue {
	my ($qid, $queue) = @_;

	return $w->wait_for(sub {
		return said("postqueue", "-j") =~
		    /"queue_name": "$queue", "queue_id": "$qid"/;
	});
}

sub routes {
	my ($table, $main, %arg) = @_;

	$w->index_table("transport", $table);
	$w->restart($main, %arg);
}

subtest "S-063: when it is tried again" => sub {
	routes("example.com smtp:[127.0.0.1]:\${port:away}\n", <<'EOT');
minimal_backoff_time = 1000s
maximal_backoff_time = 4000s
queue_run_delay = 1000s
EOT
	my $qid = post('kdent@example.com');
	my $n = 1;
	tried($qid, $n, "at once");
	# The delay is the message's age, within the two limits; a queue run
	# that finds it due comes at most a queue_run_delay later.
	for my $step ([900, 0], [1200, 1], [900, 0], [2500, 1], [3900, 0],
	    [1200, 1], [3900, 0], [1200, 1]) {
		my ($seconds, $more) = @$step;

		$w->advance($seconds);
		if ($more) {
			$w->advance(1);
			tried($qid, ++$n, "after $seconds s more");
		} else {
			$w->wait_for(sub { attempts($qid) > $n }, 0.1);
			is attempts($qid), $n, "not within $seconds s";
		}
	}
	is said("postsuper", "-d", $qid), "postsuper: $qid: removed\n" .
	    "postsuper: Deleted: 1 message\n", "S-069: postsuper -d";
};

subtest "S-065: deliveries to one host at a time" => sub {
	$w->sink("host", replies => { DOT => ["silent *"] });
	routes("example.com smtp:[127.0.0.1]:\${port:host}\n", "");
	my $under_way = sub {
		return scalar(() = Weir::read_file("$dir/host.commands") =~
		    /^DATA$/mg);
	};
	post("u$_\@example.com") for 1 .. 12;
	ok $w->wait_for(sub { $under_way->() >= 5 }), "five begin";
	ok !$w->wait_for(sub { $under_way->() > 5 }, 0.3),
	    "no more before one of them has succeeded";
	said("postsuper", "-d", "ALL");
};

subtest "S-066: recipients of one delivery" => sub {
	$w->sink("many");
	routes("example.com smtp:[127.0.0.1]:\${port:many}\n",
	    "smtp_destination_recipient_limit = 4\n");
	my $qid = post([ map { "u$_\@example.com" } 1 .. 10 ]);
	gone($qid, "delivered");
	my @copies = map { scalar(() = /^X-To: /mg) }
	    $w->messages("$dir/many", 3);
	is "@{[ sort @copies ]}", "2 4 4", "three copies";
};

subtest "S-068, S-070, S-071, S-073: what an administrator sees" => sub {
	$w->sink("slow", replies => { BANNER => ["silent *"] });
	routes(<<'EOT', "");
example.com smtp:[127.0.0.1]:${port:away}
oreilly.com smtp:[127.0.0.1]:${port:slow}
EOT
	my $active = post('slow@oreilly.com');
	my $deferred = post('kdent@example.com', from => 'info@oreilly.com');
	my $held = post('held@example.com');
	my $mine = post('pfdel@example.com');
	ok in_queue($_, "deferred"), "$_ is deferred"
	    for $deferred, $held, $mine;
	is said("postsuper", "-h", $held), "postsuper: $held: placed on hold\n" .
	    "postsuper: Placed on hold: 1 message\n", "S-071: postsuper -h";
	for my $name ("postqueue -p", "mailq") {
		my $list = said(split / /, $name);
		like $list, qr/\A-Queue ID-  --Size-- ----Arrival Time---- -Sender\/Recipient-------\n/,
		    "S-068: $name: its head";
		like $list, qr/^$active\* +\d+ .*\n +slow\@oreilly\.com$/m,
		    "S-068: $name: *";
		like $list, qr/^$held! +\d+ /m, "S-068: $name: !";
		like $list, qr/^$deferred +\d+ .* info\@oreilly\.com\n *\(connect to .*: Connection refused\)\n +kdent\@example\.com$/m,
		    "S-068: $name: the reason";
		like $list, qr/^-- \d+ Kbytes in 4 Requests\.\n\z/m,
		    "S-068: $name: its end";
	}
	for ([$active, "active", 'slow@oreilly.com'],
	    [$deferred, "deferred", 'kdent@example.com'],
	    [$held, "hold", 'held@example.com']) {
		my ($qid, $queue, $to) = @$_;
		my $text = said("postcat", "-q", $qid);

		like $text, qr/^\*\*\* ENVELOPE RECORDS $queue\/$qid \*\*\*$/m,
		    "S-073: postcat finds it in $queue";
		like $text, qr/^recipient: \Q$to\E\n.*^Subject: test$/ms,
		    "S-073: and prints it";
	}
	# As scripts do: entries are paragraphs, the id their first word.
	my @entries = split /\n\n/, said("postqueue", "-p") =~ s/.*\n//r;
	my @ids = map { (/^(\w+)[*!]?/)[0] }
	    grep { / pfdel\@example\.com$/m } @entries;
	is "@ids", $mine, "S-070: a script finds an address";
	said("postsuper", "-d", @ids);
	unlike said("mailq"), qr/pfdel/, "S-070: and deletes its mail";

	$w->sink("away");
	said("postqueue", "-f");
	gone($deferred, "S-074: postqueue -f delivers");
	like said("mailq"), qr/^$held! /m, "S-071: but not what is held";
	is said("postsuper", "-H", $held), "postsuper: $held: released from hold\n" .
	    "postsuper: Released from hold: 1 message\n", "S-071: postsuper -H";
	gone($held, "S-071: released, it is delivered");
	like said("postsuper", "-d", "all"), qr/^postsuper: Deleted: 0 messages$/m,
	    "S-069: all is no wildcard";
	like said("postsuper", "-d", "ALL"), qr/^postsuper: Deleted: 1 message$/m,
	    "S-069: ALL is";
	is said("mailq"), "Mail queue is empty\n", "nothing is left";
};

subtest "S-072: requeued after a mistake" => sub {
	routes("", "relayhost = [127.0.0.1]:\${port:wrong}\n");
	my $qid = post('kdent@far.example');
	ok in_queue($qid, "deferred"), "the relay host is wrong";
	$w->sink("right");
	$w->take("relayhost = [127.0.0.1]:\${port:right}\n");
	like said("postsuper", "-r", "ALL"), qr/^postsuper: Requeued: 1 message$/m,
	    "postsuper -r ALL";
	my ($m) = $w->messages("$dir/right", 1);
	my @received = $m =~ /^Received: .*(?:\n\s.*)*/mg;
	my $new = $w->wait_log(qr/pickup\[\d+\]: (\w+): uid=\d+ from=<sender\@example\.net> orig_id=$qid$/m);
	is scalar(@received), 2, "one more Received:";
	like $received[1], qr/\bid $qid\b/, "the lower one has the old id";
	like $received[0], qr/\AReceived: by mail\.example\.com \(Weir, from userid \d+\)\r\n\tid $new; /,
	    "the upper one the new one, which the log ties to it (O-72)";
};

subtest "S-074, S-075, S-110: a site is flushed" => sub {
	routes(<<'EOT', <<'EOT2');
example.com smtp:[127.0.0.1]:${port:site}
oreilly.com smtp:[127.0.0.1]:${port:site}
far.example smtp:[127.0.0.1]:${port:site}
EOT
relay_domains = oreilly.com
fast_flush_domains = $relay_domains example.com
EOT2
	my @qid = map { post("a\@$_") } "example.com", "oreilly.com",
	    "far.example";
	ok in_queue($_, "deferred"), "$_ is deferred" for @qid;
	$w->sink("site");
	is said("postqueue", "-s", "example.com"), "", "S-074: postqueue -s";
	gone($qid[0], "S-075: a domain that is listed");
	my $c = $w->smtp;
	like $c->cmd("EHLO mail.example.com"), qr/^250-ETRN$/m,
	    "S-110: EHLO lists ETRN";
	is $c->cmd("ETRN far.example"), "459 <far.example>: service unavailable",
	    "S-110: not for others";
	is $c->cmd("ETRN oreilly.com"), "250 Queuing started", "S-110: ETRN";
	gone($qid[1], "S-110: what waits for it is delivered");
	ok in_queue($qid[2], "deferred"), "the third waits";
	said("postqueue", "-f");
	gone($qid[2], "S-074: until all is flushed");
};

subtest "S-116, S-117: mail that waits for a flush" => sub {
	$w->sink("home");
	routes(<<'EOT', <<'EOT2', master => "ondemand unix - - n - - smtp\n");
example.com ondemand:[127.0.0.1]:${port:home}
far.example smtp:[127.0.0.1]:${port:home}
EOT
fast_flush_domains = example.com
defer_transports = ondemand
EOT2
	my $qid = post('a@example.com');
	ok in_queue($qid, "deferred"), "S-116: it waits";
	like said("mailq"), qr/\(deferred transport\)/, "S-116: and says why";
	gone(post('a@far.example'), "S-116: other mail does not");
	# A queue run finds it, and leaves it; a flush in that moment would miss
	# it, as in Postfix.
	my $n = attempts($qid);
	$w->advance(9000);
	ok $w->wait_for(sub { attempts($qid) > $n }), "S-116: however long";
	ok in_queue($qid, "deferred"), "S-116: it still waits";
	said("postqueue", "-s", "example.com");
	gone($qid, "S-116: delivered when it is asked for");

	$w->restart("defer_transports = smtp\n");
	$qid = post('b@far.example');
	ok in_queue($qid, "deferred"), "S-117: all waits";
	said("postqueue", "-f");
	gone($qid, "S-117: for postqueue -f");
};
$w->finish;
