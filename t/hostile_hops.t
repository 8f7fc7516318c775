#!/usr/bin/perl
# Next hops that misbehave, mail that goes in circles, and configurations that
# are wrong: mail is kept or returned, and the gateway goes on.
# Hostile 89, 115, 116, 118, 120, 137; O-39 S-082; issue 2, "Bad input".
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;

# What a server does, where, and what the log says of it.
my @hop = map { quotemeta } "127.0.0.1[127.0.0.1]";
my @cases = (
	[ { BANNER => ["close"] },
	    "lost connection with $hop[0] while receiving the initial server greeting" ],
	[ { BANNER => ["554 5.3.2 go away"] }, "host $hop[0] refused to talk to me: 554 5\\.3\\.2 go away" ],
	[ { BANNER => ["220-" . "x" x 100_000] }, "" ],
	[ { BANNER => ["endless 220-again and again\r\n"] }, "" ],
	[ { BANNER => ["endless x"] }, "" ],
	[ { BANNER => ["raw \0\1\2\xff\r\n"] }, "" ],
	[ { BANNER => ["silent"] },
	    "conversation with $hop[0] timed out while receiving the initial server greeting" ],
	[ { EHLO => ["close"] },
	    "lost connection with $hop[0] while performing the EHLO handshake" ],
	[ { EHLO => ["endless 250-X\r\n"] }, "" ],
	[ { MAIL => ["close"] },
	    "lost connection with $hop[0] while sending MAIL FROM" ],
	[ { MAIL => ["421 4.3.2 later"] },
	    "host $hop[0] said: 421 4\\.3\\.2 later \\(in reply to MAIL FROM command\\)" ],
	[ { MAIL => ["999 what"] }, "" ],
	[ { RCPT => ["close"] },
	    "lost connection with $hop[0] while sending RCPT TO" ],
	[ { RCPT => ["450 4.2.0 a\0b\e[31m\x7f"] },
	    "host $hop[0] said: 450 4\\.2\\.0 a\\?b\\?\\[31m\\? \\(in reply to RCPT TO command\\)" ],
	[ { RCPT => ["250"] , DOT => ["450 4.0.0 x"] },
	    "host $hop[0] said: 450 4\\.0\\.0 x \\(in reply to end of DATA command\\)" ],
	[ { DATA => ["close"] },
	    "lost connection with $hop[0] while sending DATA command" ],
	[ { DATA => ["451 4.3.0 no disk"] },
	    "host $hop[0] said: 451 4\\.3\\.0 no disk \\(in reply to DATA command\\)" ],
	[ { DOT => ["close"] },
	    "lost connection with $hop[0] while sending end of data -- message may be sent more than once" ],
	[ { DOT => ["silent"] },
	    "conversation with $hop[0] timed out while sending end of data -- message may be sent more than once" ],
	[ { DOT => ["452 4.3.1 full"] },
	    "host $hop[0] said: 452 4\\.3\\.1 full \\(in reply to end of DATA command\\)" ],
);

my $table = join "", map { "h$_.example relay:[127.0.0.1]:\${port:h$_}\n" }
    0 .. $#cases;
my $w = Weir->new(main => <<'EOT', files => { transport => $table . <<'EOT2' });
relay_domains = $transport_maps, loop.example, me.example
relay_recipient_maps =
transport_maps = texthash:$dir/etc/transport
smtp_helo_timeout = 100s
smtp_data_done_timeout = 100s
minimal_backoff_time = 300s
hopcount_limit = 10
EOT
loop.example relay:[127.0.0.1]:${port:smtp}
example.net discard:
EOT2

subtest "next hops" => sub {
	my (@dirs, %qid);

	for my $i (0 .. $#cases) {
		# The first greeting goes to whoever looks whether it listens.
		push @{ $cases[$i][0]{BANNER} }, $cases[$i][0]{BANNER}[0]
		    if $cases[$i][0]{BANNER};
		$dirs[$i] = $w->sink("h$i", replies => $cases[$i][0]);
		my $reply = $w->send_mail(to => "x\@h$i.example", data =>
		    "Subject: s$i\r\n\r\nbody\r\n");
		($qid{$i}) = $reply =~ /queued as (\w+)/;
	}
	# Time passes for those that are silent when all others have spoken.
	my $silent = sub { grep { $_->[0] eq "silent" } values %{ $cases[$_[0]][0] } };
	for my $i (sort { $silent->($a) <=> $silent->($b) } 0 .. $#cases) {
		my ($what) = map { "$_: " . substr $cases[$i][0]{$_}[0], 0, 30 }
		    sort keys %{ $cases[$i][0] };
		$what =~ s/[^ -~]/?/g;
		my $line = $w->wait_for(sub {
			$w->advance(1) if $silent->($i);
			return $w->log =~ /^(.*: $qid{$i}: to=<x\@h$i\.example>, .*status=\w+ \(.*\))$/m
			    ? $1 : undef;
		});
		ok $line, "hostile 115, 116: $what: there is an outcome" or next;
		like $line, qr/dsn=4\.\d\.\d+, status=deferred/, "deferred";
		like $line, qr/status=deferred \($cases[$i][1]\)$/,
		    "and says why" if $cases[$i][1] ne "";
		unlike $line, qr/[^ -~]/, "in clean text";
		cmp_ok length $line, "<", 3000, "of bounded length";
	}
	$w->at_rest;
	$w->advance(4000);
	$w->command("postqueue", "-f");
	for my $i (0 .. $#cases) {
		my @m = $w->messages($dirs[$i], 1);
		is scalar(grep { /^Subject: s$i\r$/m } @m), 1,
		    "server $i has recovered: delivered";
	}
};

subtest "circles" => sub {
	my $r = $w->send_mail(to => 'x@loop.example');
	like $r, qr/^250/, "mail whose next hop is ourselves";
	ok $w->wait_log(qr/to=<x\@loop\.example>, .*status=bounced \(host \S+ said: 554 5\.4\.0 Error: too many hops/),
	    "hostile 120: by another port it ends with hopcount_limit";
	is $w->send_mail(to => 'x@h0.example', data => "Received: from a by b; Sat, 1 Jan 2022 00:00:00 +0000\r\n" x 11 .
	    "\r\n"),
	    "554 5.4.0 Error: too many hops", "hostile 89: hopcount_limit";
	ok $w->wait_log(qr/\w+: message rejected: hopcount exceeded/),
	    "logged";
	$w->dns("me.example" => "@ IN MX 10 mail.example.com.\n",
	    "example.com" => "mail IN A 127.0.0.1\n");
	$r = $w->send_mail(to => 'x@me.example');
	like $r, qr/^250/, "mail whose MX is ourselves";
	my ($qid) = $r =~ /as (\w+)/;
	ok $w->wait_log(qr/$qid: to=<x\@me\.example>, relay=none, .*dsn=5\.4\.6, status=bounced \(mail for me\.example loops back to myself\)/),
	    "O-39, S-082: bounced";
};

subtest "configurations" => sub {
	my $etc = "$w->{dir}/etc";
	my $good = Weir::read_file("$etc/main.cf");
	my $master = Weir::read_file("$etc/master.cf");
	my $lines = () = $good =~ /\n/g;
	my $n = $lines + 1;
	my @bad = (
		[ "main.cf", "smtpd_recipient_restrictions = permit_mynetwork, reject\n",
		    qr/main\.cf:$n: .*permit_mynetwork\b/ ],
		[ "main.cf", "message_size_limit = much\n",
		    qr/main\.cf:$n: .*message_size_limit/ ],
		[ "main.cf", "smtpd_timeout = 5 parsecs\n",
		    qr/main\.cf:$n: .*smtpd_timeout/ ],
		[ "main.cf", "alias_a = \$alias_b\nalias_b = \$alias_a\n" .
		    "mynetworks = \$alias_a\n", qr/main\.cf:\d+: / ],
		[ "master.cf", "nonsense inet\n", qr/master\.cf:\d+: / ],
		[ "master.cf", "127.0.0.1:99999 inet n - n - - smtpd\n",
		    qr/master\.cf:\d+: |99999/ ],
	);
	my $c = $w->smtp;
	$c->cmd("EHLO x");
	$c->cmd("MAIL FROM:<a\@example.net>");
	my $session = $c->cmd("RCPT TO:<x\@h0.example>");
	for (@bad) {
		my ($file, $text, $want) = @$_;

		$w->write_file("main.cf", $good);
		$w->write_file("master.cf", $master);
		$w->write_file($file, ($file eq "main.cf" ? $good : $master) .
		    $text);
		my ($status, $said) = $w->command("reload");
		isnt $status, 0, "hostile 137: refused: " . $text =~ s/\n.*//sr;
		like $said, $want, "with file and line";
		like $w->healthy('x@h0.example'), qr/^250/,
		    "the running gateway is untouched";
	}
	is $session, "250 2.1.5 Ok", "a session from before";
	like $c->cmd("DATA"), qr/^354/, "goes on";
	like $c->cmd("Subject: late\r\n\r\n."), qr/^250/, "to its end";
	$w->write_file("main.cf", $good);
	$w->write_file("master.cf", $master);
	is +($w->command("reload"))[0], 0, "the good one is taken again";
};

is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
unlike $w->log, qr/panic|fatal:/, "nothing died";
done_testing;
