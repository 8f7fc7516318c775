#!/usr/bin/perl
# Content checks of restriction classes: recipients whose classes judge a message
# differently each get what theirs say, over SMTP, to PRDR clients and by LMTP.
# The classes are those of seeds K-04 and S-150, per recipient as in S-151; what
# seeds H-03, H-07 and K-06 miss in header and body checks.
use strict;
use warnings;

use lib "t/lib";
use JSON::PP qw(decode_json);
use Test::More;
use Weir::Scenario;

my $w = Weir::Scenario->new(base => <<'EOT');
relay_domains = example.com
relay_recipient_maps =
relay_transport = smtp:[127.0.0.1]:${port:sink}
smtpd_peername_lookup = no
smtpd_restriction_classes = spamlover, spamhater, strict
spamlover = permit
spamhater_body_checks = pcre:$dir/etc/spam
strict =
strict_header_checks = pcre:$dir/etc/strict
smtpd_recipient_restrictions = check_recipient_access hash:$dir/etc/per_user_ube
EOT
$w->write_file("spam", <<'EOT');
/buy pills/	REJECT no pills
/later/		REJECT 4.7.1 ask again
/wait/		HOLD to be looked at
/vanish/	DISCARD
/elsewhere/	REDIRECT other@example.com
/remark/	WARN noted
/edit/		REPLACE nothing
EOT
$w->write_file("strict", "/^Subject:.*\\bpills\\b/ REJECT 5.7.9 no such subjects\n");
$w->index_table(per_user_ube => <<'EOT');
abelard@example.com	spamhater
astrolabe@example.com	spamhater
heloise@example.com	spamlover
fulbert@example.com	strict, spamhater
EOT
my ($abelard, $astrolabe, $heloise, $fulbert, $peter) =
    map { "$_\@example.com" } qw(abelard astrolabe heloise fulbert peter);
my $sink = $w->sink("sink");
my $number = 0;

# A message with a subject of its own, whose body is ${text}; the reply.
sub give {
	my ($to, $text, %arg) = @_;

	$number++;
	return $w->send_mail(to => $to, data => ($arg{head} // "") .
	    "Subject: number $number$arg{subject}.\r\n\r\n$text\r\n", %arg)
	    if $arg{subject};
	return $w->send_mail(to => $to,
	    data => "Subject: number $number.\r\n\r\n$text\r\n", %arg);
}

sub qid { return $_[0] =~ /queued as (\w+)/ ? $1 : "none" }

# The latest message has gone to these, in the end: the sink writes it down after
# it has said so.  With a queue id: and then it was done with.
sub gone {
	my ($to, $what, $qid) = @_;

	ok $w->wait_log(qr/qmgr\[\d+\]: $qid: removed$/m), "$what: done" if $qid;
	$w->wait_for(sub { recipients() eq $to });
	is recipients(), $to, $what;
}

# Whom the sink has it for.
sub recipients {
	return join " ", sort map { /^X-To: <(.*?)>$/mg }
	    grep { /^Subject: number $number\b/m } $w->messages($sink, 0);
}

sub queued {
	my ($qid) = @_;
	my ($status, $text) = $w->command("postqueue", "-j");

	return (grep { $_->{queue_id} eq $qid }
	    map { decode_json($_) } split /\n/, $text)[0];
}

# It is on hold, and for whom.
sub held {
	my ($qid) = @_;
	my $entry;

	$w->wait_for(sub {
		$entry = queued($qid);
		return $entry && $entry->{queue_name} eq "hold";
	}) or return "not on hold";
	return join " ", sort map { $_->{address} } @{ $entry->{recipients} };
}

sub logged {
	my ($qid, $text, $what) = @_;

	ok $w->wait_log(qr/cleanup\[\d+\]: $qid: $text$/m), $what
	    or diag join "\n", grep { /cleanup.*$qid/ } split /\n/, $w->log;
}

my $about = qr/from \S+\[127\.0\.0\.1\]; from=<sender\@example\.net>/;
my $of = qr/proto=ESMTP helo=<client\.example\.net>/;

$w->take("");

subtest "all recipients refuse (S-150)" => sub {
	is give([ $abelard, $astrolabe ], "buy pills"), "550 5.7.1 no pills",
	    "the client is told";
	for my $to ($abelard, $astrolabe) {
		ok $w->wait_log(qr/reject: body buy pills $about to=<$to> $of: 5\.7\.1 no pills$/m),
		    "a log line for $to";
	}
	is give($heloise, "buy pills") =~ /^250 / ? "taken" : "refused", "taken",
	    "another one takes it (H-03)";
	is give($peter, "buy pills") =~ /^250 / ? "taken" : "refused", "taken",
	    "so does one without a class";
};

subtest "some refuse: on hold for them" => sub {
	my $reply = give([ $heloise, $abelard, $peter ], "buy pills");
	my $qid = qid($reply);

	like $reply, qr/^250 2\.0\.0 Ok: queued as/, "taken";
	is held($qid), $abelard, "on hold for the one who refuses";
	gone("$heloise $peter", "delivered to the others, once");
	logged($qid, qr/reject: body buy pills $about to=<$abelard> $of: 5\.7\.1 no pills; held/,
	    "the log tells of it");
	is queued($qid)->{recipients}[0]{delay_reason},
	    "spamhater_body_checks: 5.7.1 no pills", "so does the queue";
	like +($w->command("mailq"))[1],
	    qr/^$qid!.*\n *\(spamhater_body_checks: 5\.7\.1 no pills\)\n *$abelard\n$/m,
	    "and mailq";
	is $w->stop, 0, "stopped";
	$w->start;
	is held($qid), $abelard, "still there after a restart";
	$w->command("postqueue", "-f");
	is +($w->command("postsuper", "-H", $qid))[0], 0, "released";
	gone("$abelard $heloise $peter", "it is delivered", $qid);
	unlike $w->log, qr/from=<>, size/, "nobody was told by mail";
};

subtest "deleted" => sub {
	my $qid = qid(give([ $heloise, $abelard ], "buy pills"));

	is held($qid), $abelard, "on hold";
	is +($w->command("postsuper", "-d", $qid))[0], 0, "deleted";
	is queued($qid), undef, "it is gone";
	gone($heloise, "the other has got it");
};

subtest "who cannot say puts it off for all" => sub {
	like give([ $heloise, $abelard ], "later"), qr/^451 4\.7\.1 ask again$/,
	    "a table says 4.7.1";
	gone("", "nobody has got it");
	$w->take("spamhater_body_checks = socketmap:inet:127.0.0.1:\${port:gone}:x\n");
	like give([ $heloise, $abelard ], "x"), qr/^451 4\.3\.0 /,
	    "a table cannot be asked";
	like give([ $heloise ], "x"), qr/^250 /, "others do not ask it";
	$w->take("soft_bounce = yes\n");
	like give([ $heloise, $abelard ], "buy pills"), qr/^450 4\.7\.1 no pills$|^450 4/,
	    "soft_bounce";
	$w->take("");
};

subtest "answers of tables are for those who have the class" => sub {
	my $qid = qid(give([ $heloise, $abelard ], "wait"));

	is held($qid), $abelard, "HOLD";
	gone($heloise, "the other gets it");
	logged($qid, qr/hold: body wait $about to=<$abelard> $of: to be looked at/,
	    "it is logged");
	$w->command("postsuper", "-d", $qid);
	$qid = qid(give([ $abelard, $heloise ], "vanish"));
	gone($heloise, "DISCARD", $qid);
	logged($qid, qr/discard: body vanish $about to=<$abelard> $of/,
	    "it is logged");
	$qid = qid(give([ $abelard, $heloise, $astrolabe ], "elsewhere"));
	gone("$heloise other\@example.com", "REDIRECT", $qid);
	like give($abelard, "vanish"), qr/^250 /, "DISCARD for all there are";
	$qid = qid(give([ $abelard, $heloise ], "remark"));
	gone("$abelard $heloise", "WARN", $qid);
	logged($qid, qr/warning: body remark $about to=<$abelard> $of: noted/,
	    "it is logged");
	my @lines = $w->log =~ /$qid: warning:/g;
	is scalar @lines, 1, "once";
	$qid = qid(give([ $abelard, $heloise ], "edit"));
	gone("$abelard $heloise", "REPLACE does nothing", $qid);
	like +(grep { /^Subject: number $number\b/m } $w->messages($sink, 0))[0],
	    qr/^edit\r?$/m, "the text is as it was";
	ok $w->wait_log(qr/warning: unsupported command in spamhater_body_checks map: REPLACE/),
	    "and warned of";
};

subtest "what is configured for those who refuse" => sub {
	$w->take("weir_recipient_reject_action = discard\n");
	my $qid = qid(give([ $heloise, $abelard ], "buy pills"));
	gone($heloise, "discard", $qid);
	logged($qid, qr/reject: body .* to=<$abelard> .*: 5\.7\.1 no pills; discarded/,
	    "it is logged");
	$w->take("weir_recipient_reject_action = discard\n" .
	    "spamhater_reject_action = redirect quarantine\@example.com\n");
	$qid = qid(give([ $heloise, $abelard, $astrolabe ], "buy pills"));
	gone("$heloise quarantine\@example.com", "redirect, of one class, once", $qid);
	logged($qid, qr/reject: .* to=<$abelard> .*; redirected to quarantine\@example\.com/,
	    "it is logged");
	$w->take("");
};

subtest "several classes" => sub {
	is give($fulbert, "buy pills", subject => " of pills"),
	    "550 5.7.9 no such subjects", "the one come to first decides";
	is give($fulbert, "buy pills"), "550 5.7.1 no pills", "then the other";
	is give([ $fulbert, $abelard ], "buy pills", subject => " of pills"),
	    "550 5.7.9 no such subjects", "all refuse: the reply of the first";
	is give([ $abelard, $fulbert ], "buy pills", subject => " of pills"),
	    "550 5.7.1 no pills", "whoever that is";
};

subtest "classes of the client and the sender, with both smtpd_delay_reject" => sub {
	my $lists = <<'EOT';
smtpd_client_restrictions = check_client_access inline:{127.0.0.1=strict}
smtpd_sender_restrictions = check_sender_access inline:{bulk@example.net=spamhater}
EOT
	for my $delay (qw(yes no)) {
		$w->take("smtpd_delay_reject = $delay\n$lists");
		is give($heloise, "x", subject => " of pills"),
		    "550 5.7.9 no such subjects", "$delay: by client";
		is give([ $peter, $heloise ], "buy pills",
		    from => 'bulk@example.net'), "550 5.7.1 no pills",
		    "$delay: by sender, for all";
		like give([ $peter, $heloise ], "buy pills"), qr/^250 /,
		    "$delay: another sender";
		my $c = $w->smtp;
		is $c->deliver(from => 'bulk@example.net', to => $peter,
		    data => "\r\nbuy pills\r\n"), "550 5.7.1 no pills",
		    "$delay: the first of a session";
		like $c->deliver(from => 'other@example.net', to => $peter,
		    data => "\r\nbuy pills\r\n"), qr/^250 /,
		    "$delay: the second, of another sender";
		is $c->deliver(from => 'other@example.net', to => $peter,
		    data => "Subject: pills\r\n\r\n\r\n"),
		    "550 5.7.9 no such subjects", "$delay: still that client";
	}
	$w->take("smtpd_data_restrictions = strict\n");
	is give($heloise, "x", subject => " of pills"),
	    "550 5.7.9 no such subjects", "at DATA, for all";
	$w->take("");
};

subtest "what is common comes first" => sub {
	$w->take("body_checks = pcre:\$dir/etc/common\n",
	    files => { common => "/buy pills/ REPLACE buy flowers\n" });
	like give($abelard, "buy pills"), qr/^250 /, "classes see what it edits";
	$w->take("body_checks = pcre:\$dir/etc/common\n",
	    files => { common => "/^friend/ PASS\n/buy pills/ REJECT for nobody\n" });
	is give([ $heloise, $abelard ], "buy pills"), "550 5.7.1 for nobody",
	    "it refuses for all";
	like give($abelard, "friend\r\nbuy pills"), qr/^250 /,
	    "what it passes, nobody looks at any more";
	$w->take("body_checks = pcre:\$dir/etc/common\n",
	    files => { common => "/buy pills/ REDIRECT all\@example.com\n" });
	my $qid = qid(give([ $abelard, $heloise ], "buy pills"));
	gone('all@example.com', "what it redirects goes there", $qid);
	$w->take("", smtpd => "  -o receive_override_options=no_header_body_checks\n");
	like give($abelard, "buy pills"), qr/^250 /, "no_header_body_checks";
	$w->take("", smtpd => "  -o spamhater_body_checks=\n");
	like give($abelard, "buy pills"), qr/^250 /, "set with -o";
	$w->take("always_bcc = copy\@example.com\n");
	$qid = qid(give([ $abelard, $heloise ], "buy pills"));
	is held($qid), $abelard, "always_bcc";
	gone("copy\@example.com $heloise", "is delivered");
	$w->take("");
};

subtest "decoded text and attachments" => sub {
	$w->take("spamhater_body_checks =\n" .
	    "spamhater_text_checks = pcre:\$dir/etc/spam\n" .
	    "spamhater_attachment_checks = pcre:\$dir/etc/files\n",
	    files => { files => "/^name: .*[.]exe\$/ REJECT no programs\n" });
	is give($abelard, "<p>buy <b>pi</b>lls",
	    head => "Content-Type: text/html\r\n", subject => "x"),
	    "550 5.7.1 no pills", "text_checks";
	is give($abelard, "x",
	    head => "Content-Type: x/y; name=a.exe\r\n", subject => "x"),
	    "550 5.7.1 no programs", "attachment_checks";
	my $qid = qid(give([ $abelard, $heloise ], "x",
	    head => "Content-Type: x/y; name=a.exe\r\n", subject => "x"));
	is held($qid), $abelard, "on hold for some";
	logged($qid, qr/reject: attachment name: a\.exe $about to=<$abelard> $of: 5\.7\.1 no programs; held/,
	    "it is logged");
	$w->take("");
};

subtest "cut-through" => sub {
	$w->take("weir_cut_through = yes\n");
	my $reply = give([ $heloise, $peter ], "buy pills");
	like $reply, qr/^250 .*sunk/, "all take it: the next hop has answered";
	gone("$heloise $peter", "and has it");
	$reply = give([ $heloise, $abelard ], "buy pills");
	like $reply, qr/^250 2\.0\.0 Ok: queued as/, "one refuses it: queued";
	is held(qid($reply)), $abelard, "on hold";
	gone($heloise, "delivered to the other");
	is give($abelard, "buy pills"), "550 5.7.1 no pills", "refused";
	$w->command("postsuper", "-d", "ALL", "hold");
	$w->take("");
};

# The replies at the end of a message of a client that has asked for one each.
sub each_of {
	my ($to, $text) = @_;
	my $c = $w->smtp;
	my @replies = $c->deliver(to => $to, mail => " PRDR",
	    data => "Subject: number " . ++$number . ".\r\n\r\n$text\r\n");

	push @replies, $c->reply for 0 .. @$to;
	return @replies;
}

subtest "PRDR: each recipient has its reply" => sub {
	$w->take("weir_prdr = yes\n");
	my @replies = each_of([ $heloise, $abelard, $peter ], "buy pills");
	like $replies[0], qr/^353 /, "the replies are announced";
	like $replies[1], qr/^250 2/, "taken for the first";
	is $replies[2], "550 5.7.1 no pills", "refused by the second";
	like $replies[3], qr/^250 2/, "taken for the third";
	like $replies[4], qr/^250 2/, "and so taken";
	my $qid = qid($replies[4]);
	gone("$heloise $peter", "delivered to those", $qid);
	logged($qid, qr/reject: body buy pills $about to=<$abelard> $of: 5\.7\.1 no pills/,
	    "the refusal is logged");
	@replies = each_of([ $heloise, $abelard ], "later");
	like $replies[1], qr/^250 /, "taken for the first";
	is $replies[2], "451 4.7.1 ask again", "later for the second";
	@replies = each_of([ $astrolabe, $abelard ], "buy pills");
	is_deeply [ @replies[1, 2] ], [ ("550 5.7.1 no pills") x 2 ], "all refuse";
	like $replies[3], qr/^550 /, "so does the message";
	@replies = each_of([ $astrolabe, $abelard, $heloise ], "wait");
	is held(qid($replies[4])), "$abelard $astrolabe", "HOLD is no refusal";
	$w->take("");
};

subtest "LMTP: so it has" => sub {
	my $port = $w->port("lmtp");

	$w->take("", master => "127.0.0.1:$port inet n - n - - lmtpd\n");
	my $c = $w->smtp($port);
	$c->cmd("LHLO client.example.net");
	$c->{greeted} = 1;
	my @replies = $c->deliver(to => [ $abelard, $heloise, $fulbert, $peter ],
	    data => "Subject: number " . ++$number . ".\r\n\r\nbuy pills\r\n");
	push @replies, $c->reply for 1 .. 3;
	is_deeply [ @replies[0, 2] ], [ ("550 5.7.1 no pills") x 2 ],
	    "two refuse it";
	like $replies[$_], qr/^250 2/, "another takes it" for 1, 3;
	gone("$heloise $peter", "delivered to those", qid($replies[1]));
	my $qid = qid($replies[3]);
	logged($qid, qr/reject: body buy pills .* to=<$fulbert> proto=LMTP .*: 5\.7\.1 no pills/,
	    "the refusals are logged");
	$c->cmd("QUIT");
	$w->take("");
};

subtest "weir explain" => sub {
	my $qid = qid(give([ $heloise, $abelard ], "buy pills"));
	my @d;

	ok $w->wait_for(sub {
		my ($status, $text) = $w->command("explain", "-j", $qid);
		@d = grep { $_->{stage} eq "END-OF-MESSAGE" &&
		    $_->{recipient} eq $abelard }
		    map { decode_json($_) } split /\n/, $text;
	}), "knows of the recipient";
	is $d[0]{answer}, "held: 550 5.7.1 no pills", "what has become of it";
	my ($step) = grep { $_->{decided} } @{ $d[0]{steps} };
	is $step->{list}, "spamhater_body_checks", "by which list";
	is "$step->{file}:$step->{line}", "$w->{dir}/etc/spam:1", "by which line";
	is $step->{input}, "buy pills", "and why";
	$w->command("postsuper", "-d", "ALL", "hold");
};

subtest "many recipients of one class are one evaluation" => sub {
	$w->take("smtpd_recipient_limit = 2000\nsmtpd_recipient_restrictions = " .
	    "check_recipient_access pcre:\$dir/etc/half\n",
	    files => { half => "/^odd/ spamhater\n" });
	my @to = map { ("odd$_\@example.com", "even$_\@example.com") } 1 .. 500;
	my $qid = qid(give(\@to, "remark\r\nbuy pills", seconds => 60));
	my @warnings;

	is scalar(split(/ /, held($qid))), 500, "half of them refuse";
	ok $w->wait_for(sub { split(/ /, recipients()) == 500 }, 60),
	    "half of them have it";
	@warnings = $w->log =~ /$qid: warning: body remark/g;
	is scalar @warnings, 1, "the class has looked once";
	$w->command("postsuper", "-d", "ALL", "hold");
	$w->take("");
};

subtest "what cannot be meant" => sub {
	my %wrong = (
	    "spamhater_reject_action = bounce\n" =>
		qr{main\.cf:\d+: spamhater_reject_action: "bounce": need hold, discard or redirect USER\@DOMAIN},
	    "weir_recipient_reject_action = redirect\n" =>
		qr{main\.cf:\d+: weir_recipient_reject_action: "redirect": need},
	    "smtpd_restriction_classes = spamhater, strict, spamlover, smtp\nsmtp_text_checks = pcre:\$dir/etc/spam\n" =>
		qr{main\.cf:\d+: smtp_text_checks: class smtp cannot have content checks, since smtp_\w+ has another meaning},
	    "smtpd_restriction_classes = spamhater, strict, spamlover, a, a_mime\na = permit\na_mime = permit\na_mime_header_checks = pcre:\$dir/etc/spam\n" =>
		qr{main\.cf:\d+: a_mime_header_checks: a parameter of class a and of class a_mime},
	    "smtpd_restriction_classes = spamhater, strict, spamlover, a, a_body_checks\na = permit\na_body_checks = permit\n" =>
		qr{main\.cf:\d+: a_body_checks: a class, and a parameter of class a},
	    "spamhater_text_checks = nothing:x\n" =>
		qr{main\.cf:\d+: spamhater_text_checks: },
	    "spamhater_header_checks = pcre:\$dir/etc/missing\n" =>
		qr{main\.cf:\d+: spamhater_header_checks: },
	);

	for my $text (sort keys %wrong) {
		my ($first) = $text =~ /(\w+ = .*)\n\z/;

		$w->refuse($text, $wrong{$text}, $first);
		my ($status, $said) = $w->command("check");
		is $status, 1, "$first: weir check finds it";
		like $said, $wrong{$text}, "$first: and says so";
	}
	$w->take("spamhater_bodychecks = pcre:\$dir/etc/spam\nstrict_boddy_checks = pcre:\$dir/etc/spam\n" .
	    "smtpd_restriction_classes = spamhater, strict, spamlover, smtp\nsmtp = permit\nsmtp_header_checks = pcre:\$dir/etc/spam\n");
	my ($status, $said) = $w->command("check");
	is $status, 0, "a class with the name of an agent may stay";
	like $said, qr/unknown parameter spamhater_bodychecks; did you mean spamhater_body_checks\?/,
	    "a misspelled one";
	like $said, qr/unknown parameter strict_boddy_checks; did you mean strict_body_checks\?/,
	    "one of a name that is not set";
	unlike $said, qr/unknown parameter (?!spamhater_bodychecks|strict_boddy)/, "the others are known";
	unlike +($w->command("postconf", "-n"))[1],
	    qr/un(?:used|defined) parameter: (?!spamhater_bodychecks|strict_boddy)/,
	    "to postconf, too";
	$w->take("");
};

$w->finish;
