#!/usr/bin/perl
# A queue without room, a disk without room, a store that cannot be used:
# what is refused, what goes on, and that nothing answered 250 is lost.
# P-100, S-062 (queue_minfree); hostile 97 to 100, 102; issue 2, "Bad input".
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Ledger;

my ($me, $mounted) = ($$);
END { system("umount", "-l", $mounted) if $mounted && $$ == $me }
my $full = qr/^452 4\.3\.1 /;
my $body = join "", map { sprintf "%076d\r\n", $_ } 1 .. 10_000;

sub gateway {
	my (%arg) = @_;

	return Weir->new(%arg, main => <<'EOT' . ($arg{main} || ""));
relay_domains = example.org
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:hop}}
message_size_limit = 5000000
EOT
}

# The reply to message number ${n}; whether it was taken.
sub post {
	my ($w, $n) = @_;

	return $w->send_mail(to => 'x@example.org',
	    data => "Subject: n$n\r\n\r\n$body");
}
sub taken { return post(@_) =~ /^250/ }

# Mail until there is no room; the ids of what was taken, and the refusal.
sub fill {
	my ($w, $from) = @_;
	my ($reply, @taken) = ("");

	for my $n ($from .. $from + 150) {
		$reply = post($w, $n);
		last if $reply !~ /^250/;
		push @taken, "n$n";
	}
	return ($reply, @taken);
}

# All of them are delivered once the next hop is there, whole.
sub all_arrive {
	my ($w, @taken) = @_;
	my $sink = $w->sink("hop");

	$w->at_rest;
	$w->advance(5000);
	$w->command("postqueue", "-f");
	my %seen;
	for ($w->messages($sink, scalar @taken)) {
		my ($n) = /^Subject: (n\d+)\r$/m;
		$seen{$n}++ if index($_, $body) > 0;
	}
	is join(" ", sort keys %seen), join(" ", sort @taken),
	    "all that was answered 250 is delivered, whole";
}

sub is_alive {
	my ($w) = @_;
	my $c = $w->smtp;

	like $c->cmd("EHLO x"), qr/^250/, "sessions go on";
	like $c->cmd("NOOP"), qr/^250/, "and answer";
	my ($status, $text) = $w->command("mailq");
	is $status, 0, "mailq works";
	like $text, qr/^-- \d+ Kbytes in \d+ Requests\.$/m, "and lists";
}

# The reply to MAIL.
sub mail {
	my ($w, $more) = @_;
	my $c = $w->smtp;

	$c->cmd("EHLO x");
	return $c->cmd("MAIL FROM:<a\@example.net>" . ($more // ""));
}

# The id of some message in the queue.
sub any_id {
	my ($w) = @_;
	my (undef, $text) = $w->command("postqueue", "-j");

	return $text =~ /"queue_id": "(\w+)"/ ? $1 : "none";
}

subtest "the queue's own limit" => sub {
	my $w = gateway(main => "weir_queue_size_limit = 33554432\n" .
	    "weir_queue_reserve = 4194304\n");
	my ($reply, @taken) = fill($w, 1);
	like $reply, $full, "452 4.3.1 (hostile 98)";
	cmp_ok scalar(@taken), ">", 10, "after some " . @taken;
	ok $w->wait_log(qr/smtpd\[\d+\]: (?:NOQUEUE: reject: MAIL from \S+: 452 4\.3\.1 |\w+: warning: .*no room)/),
	    "logged";
	is_alive($w);
	for (1 .. 10) {
		my $id = any_id($w);
		my (undef, $text) = $w->command("postsuper", "-d", $id);
		like $text, qr/^postsuper: Deleted: 1 message$/m,
		    "a full queue can be emptied";
	}
	ok $w->wait_for(sub { taken($w, 499) }), "soon there is room again";
	my ($again, @more) = fill($w, 500);
	push @more, "n499";
	like $again, $full, "and an end of it";
	my @left = map { /Subject: (n\d+)/ ? $1 : () } map {
		($w->command("postcat", "-hq", $_))[1] }
	    ($w->command("postqueue", "-j"))[1] =~ /"queue_id": "(\w+)"/g;
	is scalar(@left), @taken + @more - 10, "the others are there";
	all_arrive($w, @left);
	# What was delivered is given back a moment later.
	ok $w->wait_for(sub { $w->healthy('y@example.org') =~ /^250/ }),
	    "all is well again";
	is $w->stop, 0, "stops cleanly";
	is $w->complaints, "", "no sanitizer complains";
	unlike $w->log, qr/panic|fatal:/, "nothing died";
};

SKIP: {
	my $w = gateway(start => 0, main => "weir_queue_reserve = 2097152\n");
	my $queue = "$w->{dir}/queue";
	mkdir $queue;
	skip "1 group: may not mount", 1 if $> != 0 || system("mount -t tmpfs " .
	    "-o size=24m,mode=755 weir-test $queue 2>/dev/null") != 0;
	$mounted = $queue;
	subtest "a full disk" => sub {
		chown scalar(getpwnam("nobody")), -1, $queue;
		$w->start;
		my ($reply, @taken) = fill($w, 1);
		like $reply, qr/^45[12] 4\.3\.[01] /, "refused for now: $reply";
		cmp_ok scalar(@taken), ">", 5, "after " . @taken;
		is_alive($w);
		is system("mount -o remount,size=100m $queue"), 0,
		    "the disk grows";
		ok $w->wait_for(sub { taken($w, 499) }),
		    "mail is taken again";
		my (undef, @more) = fill($w, 500);
		push @more, "n499";
		all_arrive($w, @taken, @more);
		is $w->stop, 0, "stops cleanly";
		is $w->complaints, "", "no sanitizer complains";
		unlike $w->log, qr/panic|fatal:/, "nothing died";
	};
	subtest "queue_minfree" => sub {
		$w->write_file("main.cf",
		    Weir::read_file("$w->{dir}/etc/main.cf") .
		    "queue_minfree = 400000000\n");
		$w->start;
		ok $w->wait_for(sub { mail($w) eq
		    "452 4.3.1 Insufficient system storage" }),
		    "the disk has less (P-100, hostile 100)";
		ok $w->wait_log(qr/NOQUEUE: reject: MAIL from localhost\[127\.0\.0\.1\]: 452 4\.3\.1 Insufficient system storage; from=<a\@example\.net> proto=ESMTP helo=<x>/),
		    "logged";
		$w->write_file("main.cf",
		    Weir::read_file("$w->{dir}/etc/main.cf") =~
		    s/= 400000000/= 1000000/r);
		system("mount -o remount,size=300m $queue");
		is +($w->command("reload"))[0], 0, "another limit";
		ok $w->wait_for(sub { mail($w, " SIZE=4000000") =~ /^250/ }),
		    "is obeyed";
		$w->stop;
	};
	$w->stop;
	system("umount", "-l", $queue);
	undef $mounted;
}

# Files that are no mail, until the file system has no room for another one.
sub use_up {
	my ($dir) = @_;
	my $n = 0;

	mkdir "$dir/other" or die "$dir/other: $!";
	while (open my $f, ">", "$dir/other/$n") { $n++ }
	return ($n, $!{ENOSPC});
}

SKIP: {
	my $w = Weir::Ledger::gateway(start => 0);
	my $image = "$w->{dir}/image";
	my ($queue, $mail) = ("$w->{dir}/queue", "$w->{dir}/mail");
	mkdir $queue;
	skip "1 group: may not mount", 1 if $> != 0 || system("truncate -s 64M " .
	    "$image && mkfs.ext4 -q -N 64 $image && mount -o loop $image $queue " .
	    "2>/dev/null") != 0;
	$mounted = $queue;
	subtest "no inodes (hostile 99)" => sub {
		chown scalar(getpwnam("nobody")), -1, $queue;
		# The Maildir is there, too.
		system("rm -r $mail && mkdir $queue/mail && ln -s queue/mail $mail")
		    == 0 or die "no Maildir";
		chown +(getpwnam("nobody"))[2, 3], "$queue/mail";
		$w->start;
		my $ledger = Weir::Ledger->new($w);
		my %pid = $w->roles;
		$ledger->send("before");
		ok $ledger->drain, "mail, while there are inodes";
		my ($n, $full) = use_up($queue);
		ok $full, "none is left after $n";
		$ledger->send("full");
		ok !(grep { !$ledger->taken("$_-full") } @Weir::Ledger::kinds),
		    "the store needs none";
		ok $w->wait_log(qr/to=<box\@example\.com>.*status=deferred \(.*No space left on device\)/),
		    "a Maildir does, and waits";
		is_alive($w);
		is system("rm -r $queue/other"), 0, "there are inodes again";
		ok $ledger->drain, "all is delivered";
		is join("\n", $ledger->faults), "", "the ledger is right";
		is_deeply { $w->roles }, \%pid, "nobody died";
		is $w->stop, 0, "stops cleanly";
		use_up($queue);
		like fails($w), qr{ \Q$queue\E/\S+: No space left on device},
		    "a start that needs one says so";
	};
	$w->stop;
	system("umount", "-l", $queue);
	undef $mounted;
}

# Start a gateway that cannot use its queue; what it said, and its status.
sub fails {
	my ($w) = @_;
	my ($said, $status);

	my $before = length $w->log;
	eval { local $SIG{__DIE__}; $w->start } and return "it started";
	$said = Weir::read_file("$w->{dir}/stderr") .
	    substr($w->log, $before);
	$w->stop;
	return $said;
}

subtest "a store that cannot be used" => sub {
	my $w = gateway();
	like $w->send_mail(to => 'x@example.org',
		data => "Subject: n1\r\n\r\n$body"), qr/^250/, "one message";
	$w->stop;
	my ($data) = glob("$w->{dir}/queue/*/data.mdb");
	ok defined $data, "its file" or return;
	my $good = Weir::read_file($data);
	for ([ "zeros", "\0" x length $good ],
	    [ "text", "this is not a store\n" x 5000 ],
	    [ "half a page", substr $good, 0, 2000 ]) {
		my ($what, $bytes) = @$_;

		open my $f, "+<", $data or die;
		truncate $f, 0;
		print $f $bytes;
		close $f;
		my $said = fails($w);
		like $said, qr/fatal: .*\Q$w->{dir}\E\/queue/,
		    "$what: an error that names it (hostile 97)";
		is length Weir::read_file($data), length $bytes,
		    "$what: the file is left as it is";
	}
	open my $f, "+<", $data or die;
	truncate $f, 0;
	print $f $good;
	close $f;
	# Root opens what the owner's bits forbid.
	SKIP: {
		skip "1 check: not root", 1 if $> != 0;
		chmod 0600, $data;
		chown 0, 0, $data;
		like fails($w),
		    qr/fatal: .*\Q$w->{dir}\E\/queue.*Permission denied/,
		    "somebody else's file: an error that names it";
		chown scalar(getpwnam("nobody")), -1, $data;
	}
	$w->start;
	all_arrive($w, "n1");
	$w->stop;
};

done_testing;
