#!/usr/bin/perl
# Mail that cannot be delivered now: why, until when, and what an administrator
# sees and does.  Q-21..Q-31 Q-37 C-40..C-44 C-52 C-53 O-20..O-22 O-38 S-064;
# hostile 59, 63, 115, 120, 124, 125; issue 2, "Bad input".
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;

my $w = Weir->new(main => <<'EOT', files => { transport => <<'EOT2' });
relay_domains = example.org, down.example, grey.example, dead.example,
	nodns.example, many.example, static.example, slow.example, null.example
relay_recipient_maps =
transport_maps = texthash:$dir/etc/transport
minimal_backoff_time = 300s
maximal_backoff_time = 1000s
queue_run_delay = 100s
maximal_queue_lifetime = 2h
bounce_queue_lifetime = 1h
default_destination_recipient_limit = 3
relay_destination_concurrency_limit = 2
EOT
example.org relay:[127.0.0.1]:${port:hop}
example.net smtp:[127.0.0.1]:${port:hop}
down.example relay:[127.0.0.1]:${port:down}
grey.example relay:[127.0.0.1]:${port:grey}
many.example relay:[127.0.0.1]:${port:many}
slow.example relay:[127.0.0.1]:${port:slow}
static.example relay:[127.0.0.1]:${port:static}
EOT2
my $hop = $w->sink("hop");
my $grey = $w->sink("grey", replies => {
	RCPT => ["450 4.2.0 greylisted, come back in 5 minutes"] });

my $static = $w->sink("static", replies => { RCPT => ["450 4.7.0 not today *"] });

# Mail to one address; its queue id.
sub post {
	my ($to, %arg) = @_;
	my $reply = $w->send_mail(to => $to, %arg);

	ok $reply =~ /^250 2\.0\.0 Ok: queued as (\w+)$/, "mail to $to"
	    or diag $reply;
	return $1 // "none";
}

sub logs {
	my ($pattern, $text) = @_;

	ok $w->wait_log(qr/$pattern/m), $text or diag join "", map { "$_\n" }
	    grep { /to=</ } split /\n/, $w->log;
}

# What postqueue -j says of a message.
sub queued {
	my ($qid) = @_;
	my ($status, $text) = $w->command("postqueue", "-j");
	my ($line) = $text =~ /^(.*"queue_id": "$qid".*)$/m;

	return $line // "";
}

# Wait until it is listed with that.
sub listed {
	my ($qid, $pattern, $text) = @_;

	ok $w->wait_for(sub { queued($qid) =~ $pattern }), $text
	    or diag queued($qid);
}

sub attempts {
	my ($qid) = @_;

	return scalar(() = $w->log =~ /: $qid: to=</g);
}

subtest "nobody listens there" => sub {
	my $port = $w->port("down");
	my $qid = post('a@down.example');
	logs("smtp\\[\\d+\\]: $qid: to=<a\@down\\.example>, relay=none, delay=[\\d.]+, delays=[\\d./]+, dsn=4\\.4\\.1, status=deferred \\(connect to 127\\.0\\.0\\.1\\[127\\.0\\.0\\.1\\]:$port: Connection refused\\)\$",
	    "deferred, with the reason (O-38)");
	my $why = "connect to 127.0.0.1[127.0.0.1]:$port: Connection refused";
	listed($qid, qr/"queue_name": "deferred".*"delay_reason": "\Q$why\E"/,
	    "postqueue -j has the reason");
	my ($status, $list) = $w->command("mailq");
	like $list, qr/^$qid +\d+ \w{3} \w{3} .\d [\d:]{8}  sender\@example\.net\n +\(\Q$why\E\)\n +a\@down\.example\n/m,
	    "and mailq (O-20)";

	my $other = post('b@down.example');
	logs("smtp\\[\\d+\\]: $other: to=<b\@down\\.example>, .*status=deferred",
	    "so is the next one");
	$other = post('c@down.example');
	logs("error\\[\\d+\\]: $other: to=<c\@down\\.example>, relay=none, .*dsn=4\\.4\\.1, status=deferred \\(delivery temporarily suspended: \Q$why\E\\)\$",
	    "the destination is left alone (Q-22)");
	$w->at_rest;
	my ($n, $m) = (attempts($qid), attempts($other));
	$w->advance(150);
	$w->wait_for(sub { 0 }, 0.3);
	is attempts($qid), $n, "not before minimal_backoff_time (Q-23)";
	$w->advance(260);
	ok $w->wait_for(sub { attempts($qid) == $n + 1 }),
	    "then by a queue run (Q-25)";
	ok $w->wait_for(sub { attempts($other) > $m }), "the other one, too";
	my $sink = $w->sink("down");
	$w->at_rest;
	$w->advance(1100);
	is scalar(@{[ $w->messages($sink, 3) ]}), 3,
	    "the next hop is back: all are delivered (hostile 125)";
	logs("qmgr\\[\\d+\\]: $qid: removed\$", "and gone");
};

subtest "greylisting" => sub {
	my $qid = post('a@grey.example');
	my $line = "to=<a\@grey\\.example>, relay=127\\.0\\.0\\.1\\[127\\.0\\.0\\.1\\]:\\d+, .*dsn=4\\.2\\.0, status=deferred \\(host 127\\.0\\.0\\.1\\[127\\.0\\.0\\.1\\] said: 450 4\\.2\\.0 greylisted, come back in 5 minutes \\(in reply to RCPT TO command\\)\\)\$";
	logs("smtp\\[\\d+\\]: $qid: $line", "4xx: deferred (Q-37)");
	is scalar(@{[ $w->messages($grey, 0) ]}), 0, "not delivered";
	$w->at_rest;
	my ($status) = $w->command("postqueue", "-i", $qid);
	is $status, 0, "postqueue -i (C-44)";
	is scalar(@{[ $w->messages($grey, 1) ]}), 1,
	    "tries it at once, and this time it is taken";
};

subtest "name servers" => sub {
	my $qid = post('a@dead.example');
	logs("smtp\\[\\d+\\]: $qid: to=<a\@dead\\.example>, relay=none, .*dsn=4\\.4\\.3, status=deferred \\(Host or domain name not found\\. Name service error for name=dead\\.example type=MX: Host not found, try again\\)\$",
	    "none answers: deferred (S-085, O-42; hostile 63)");
	listed($qid, qr/Name service error for name=dead\.example/, "listed");
	$w->dns("dead.example" => "@ IN MX 10 mx\nmx IN A 127.0.0.1\n",
	    "null.example" => "@ IN MX 0 .\n", "nodns.example" => "");
	my $gone = post('a@nodns.example');
	logs("$gone: to=<a\@nodns\\.example>, relay=none, .*dsn=5\\.4\\.4, status=bounced \\(.*Name service error for name=nodns\\.example type=A: Host found but no data record of requested type\\)\$",
	    "neither MX nor A: bounced (S-083, O-40)");
	my $null = post('a@null.example');
	logs("$null: to=<a\@null\\.example>, relay=none, .*dsn=5\\.1\\.10, status=bounced \\(Domain null\\.example does not accept mail \\(nullMX\\)\\)\$",
	    "MX of . (hostile 120)");
	my ($status, $text) = $w->command("postsuper", "-d", $qid);
	like $text, qr/^postsuper: Deleted: 1 message$/m, "taken out (C-50)";
	is queued($qid), "", "it is";
};

subtest "hold, release, flush of a site" => sub {
	my $qid = post('a@static.example');
	listed($qid, qr/"deferred".*said: 450 4\.7\.0 not today/, "deferred");
	my ($status, $text) = $w->command("postsuper", "-h", $qid);
	like $text, qr/^postsuper: $qid: placed on hold$/m, "hold (C-52)";
	listed($qid, qr/"queue_name": "hold"/, "on hold");
	my $n = attempts($qid);
	$w->command("postqueue", "-f");
	$w->advance(2000);
	$w->wait_for(sub { 0 }, 0.3);
	is attempts($qid), $n, "neither flush nor time moves it";
	like +($w->command("mailq"))[1], qr/^$qid! /m, "mailq shows it (O-22)";
	(undef, $text) = $w->command("postsuper", "-H", $qid);
	like $text, qr/^postsuper: $qid: released from hold$/m, "release (C-53)";
	ok $w->wait_for(sub { attempts($qid) > $n }), "and is tried";
	listed($qid, qr/"deferred"/, "deferred again");
	$n = attempts($qid);
	my $other = post('b@grey.example', from => 'x@example.net');
	is +($w->command("postqueue", "-s", "static.example"))[0], 0,
	    "postqueue -s (C-43)";
	ok $w->wait_for(sub { attempts($qid) > $n }), "tries that site";
	like +($w->command("postqueue", "-s", "elsewhere.example"))[1],
	    qr/^postqueue: fatal: Flush service is not configured for destination "elsewhere\.example"$/m,
	    "only for fast_flush_domains";
	$w->command("postsuper", "-d", $qid);
};

subtest "lifetimes" => sub {
	my $before = @{[ $w->messages($hop, 0) ]};
	my $qid = post('late@static.example', from => 'author@example.net');
	my $bounce = post('late@static.example', from => '');
	listed($_, qr/"deferred"/, "$_ is deferred") for $qid, $bounce;
	$w->advance(3700);
	$w->command("postqueue", "-f");
	logs("qmgr\\[\\d+\\]: $bounce: from=<>, status=expired, returned to sender\$",
	    "bounce_queue_lifetime");
	listed($qid, qr/"deferred"/, "the other one stays");
	$w->advance(3600);
	$w->command("postqueue", "-f");
	logs("qmgr\\[\\d+\\]: $qid: from=<author\@example\\.net>, status=expired, returned to sender\$",
	    "maximal_queue_lifetime (Q-26, S-064)");
	my @m = $w->messages($hop, $before + 1);
	my ($m) = grep { /^X-To: <author\@/m } @m;
	like $m // "", qr/^Final-Recipient: rfc822; late\@static\.example\r\n.*^Action: failed\r\nStatus: 4\.7\.0\r$/ms,
	    "the author is told, with the last reason";
	logs("qmgr\\[\\d+\\]: $bounce: removed\$", "nobody is, of <>");
};

subtest "limits of a destination" => sub {
	my @to = map { "u$_\@many.example" } 1 .. 8;
	my $many = $w->sink("many");
	like $w->send_mail(to => \@to), qr/^250/, "eight recipients";
	my @m = $w->messages($many, 3);
	is join(" ", sort map { scalar(() = /^X-To: /mg) } @m), "2 3 3",
	    "default_destination_recipient_limit (S-066)";
	$w->sink("slow", replies => { DOT => ["silent *"] });
	post("u$_\@slow.example") for 1 .. 4;
	$w->wait_for(sub { Weir::read_file("$w->{dir}/slow.commands") =~
	    /(?:^DATA\n.*){2}/ms });
	my $before = @{[ $w->messages($hop, 0) ]};
	post('prompt@example.org');
	is scalar(@{[ $w->messages($hop, $before + 1) ]}), $before + 1,
	    "a slow destination does not delay others (hostile 124)";
	is scalar(() = Weir::read_file("$w->{dir}/slow.commands") =~ /^MAIL/mg),
	    2, "which has as many connections as it may";
	$w->command("postsuper", "-d", "ALL");
};

subtest "a table that cannot be opened" => sub {
	my $qid = post('waits@static.example');
	listed($qid, qr/"deferred"/, "one is in the queue");
	my $main = Weir::read_file("$w->{dir}/etc/main.cf");
	is $w->stop, 0, "stopped";
	unlink "$w->{dir}/etc/transport";
	$w->start;
	is $w->send_mail(to => 'a@example.org'),
	    '451 4.3.0 <a@example.org>: Temporary lookup failure',
	    "new mail is refused for now (hostile 59)";
	logs("warning: texthash:.*/etc/transport.*No such file or directory\$",
	    "the log says why");
	$w->advance(1100);
	$w->command("postqueue", "-f");
	listed($qid, qr/"delay_reason": "(?!.*not today)[^"]+"/,
	    "what is in the queue stays there");
	$w->write_file("transport", "static.example relay:[127.0.0.1]:" .
	    $w->port("hop") . "\nexample.org relay:[127.0.0.1]:" .
	    $w->port("hop") . "\n");
	is +($w->command("reload"))[0], 0, "the table is back";
	my $before = @{[ $w->messages($hop, 0) ]};
	$w->command("postqueue", "-f");
	is scalar(@{[ $w->messages($hop, $before + 1) ]}), $before + 1,
	    "it is delivered";
	post('a@example.org');
};

is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
unlike $w->log, qr/panic|fatal:/, "nothing died";
done_testing;
