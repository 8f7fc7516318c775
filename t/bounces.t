#!/usr/bin/perl
# What the sender is told of mail that was not delivered, is late, or was
# delivered; and the postmaster, of notices that cannot be delivered.
# RFC 3461, RFC 3464; Q-35 Q-37 Q-40 Q-41 Q-47..Q-50 O-53 S-067; hostile 115,
# 121, 122, 123; D-52 D-56.  Words of one's own: Q-51.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;

my $w = Weir->new(main => <<'EOT', files => { transport => <<'EOT2' });
relay_domains = example.org, dsn.example
relay_recipient_maps =
virtual_alias_maps = inline:{alias@example.org=mailbox@example.org}
transport_maps = texthash:$dir/etc/transport
delay_warning_time = 1h
bounce_size_limit = 5000
EOT
example.org relay:[127.0.0.1]:${port:hop}
dsn.example relay:[127.0.0.1]:${port:dsn}
example.net smtp:[127.0.0.1]:${port:home}
lost.example.net error:5.1.2 gone with all its mail
EOT2
my %no = map { ("RCPT <$_\@example.org>" =>
	["550 5.1.1 <$_\@example.org>: User unknown *"]) }
    "none", "other", "mailbox", "hdrs", "large", "never", "b";
my %late = map { ("RCPT <$_\@example.org>" => ["450 4.2.1 full *"]) }
    "late", "quiet";
my $hop = $w->sink("hop", replies => { %no, %late,
	"DOT <content\@example.org>" => ["554-5.7.1 no\r\n554 5.7.1 thanks *"] });
my $dsn = $w->sink("dsn", ehlo => "DSN");
my $home = $w->sink("home", replies => {
	"RCPT <closed\@example.net>" => ["550 5.2.1 closed *"] });
my $got = 0;
my %seen;

# The next message that came to the sender's home.
sub notice {
	my @m = $w->messages($home, ++$got, 5);
	my ($new) = grep { !$seen{$_} } @m;
	return "" unless defined $new;
	$seen{$new} = 1;
	return $new;
}

# One header or field, unfolded.
sub field {
	my ($text, $name) = @_;
	my ($value) = $text =~ /^\Q$name\E: ((?:.*\r\n[ \t])*.*)\r$/m;
	$value =~ s/\r\n[ \t]+/ /g if defined $value;
	return $value;
}

sub parts {
	my ($text) = @_;
	my ($boundary) = $text =~ /boundary="([^"]+)"/;
	my @parts = split /\r\n--\Q$boundary\E(?:--)?\r\n/, $text;
	return @parts;
}

subtest "5xx to RCPT" => sub {
	like $w->send_mail(to => 'none@example.org', data =>
		"Subject: first\r\nMessage-ID: <m1\@x>\r\n\r\nits body\r\n"),
	    qr/^250/, "taken";
	my $m = notice();
	my ($qid) = $w->log =~ /(\w+): message-id=<m1\@x>/;
	my ($notice) = $w->wait_log(
	    qr/bounce\[\d+\]: $qid: sender non-delivery notification: (\w+)$/m);
	ok $notice, "logged (O-53)";
	ok $w->wait_log(qr/smtp\[\d+\]: $qid: to=<none\@example\.org>, relay=127\.0\.0\.1\[127\.0\.0\.1\]:\d+, delay=[\d.]+, delays=[\d.\/]+, dsn=5\.1\.1, status=bounced \(host 127\.0\.0\.1\[127\.0\.0\.1\] said: 550 5\.1\.1 <none\@example\.org>: User unknown \(in reply to RCPT TO command\)\)$/m),
	    "bounced at once (Q-37)";
	ok $w->wait_log(qr/qmgr\[\d+\]: $notice: from=<>, size=\d+, nrcpt=1 \(queue active\)$/m),
	    "from nobody";
	like $m, qr/^X-From: <>/, "sender";
	like $m, qr/^X-To: <sender\@example\.net>/m, "recipient";
	is field($m, "From"),
	    'Mail Delivery System <MAILER-DAEMON@mail.example.com>',
	    "From (O-53)";
	is field($m, "To"), 'sender@example.net', "To";
	is field($m, "Subject"), "Undelivered Mail Returned to Sender",
	    "Subject (Q-50)";
	is field($m, "Auto-Submitted"), "auto-replied", "no autoreplies to it";
	like field($m, "Content-Type"),
	    qr{^multipart/report; report-type=delivery-status; boundary="$notice\.\d+/mail\.example\.com"$},
	    "RFC 3464: multipart/report";
	my ($top, $text, $status, $original, $rest) = parts($m);
	ok !defined $rest, "three parts";
	like $text, qr{^Content-Type: text/plain; charset=utf-8\r$}m, "text";
	like $text =~ s/\r\n +/ /gr,
	    qr/^<none\@example\.org>: host 127\.0\.0\.1\[127\.0\.0\.1\] said: 550 5\.1\.1 <none\@example\.org>: User unknown \(in reply to RCPT TO command\)\r$/m,
	    "which says why";
	like $status, qr{^Content-Type: message/delivery-status\r$}m, "status";
	is field($status, "Reporting-MTA"), "dns; mail.example.com", "who";
	is field($status, "X-Weir-Queue-ID"), $qid, "what";
	is field($status, "X-Weir-Sender"), 'rfc822; sender@example.net',
	    "whose";
	like field($status, "Arrival-Date"),
	    qr/^\w{3}, \d+ \w{3} \d{4} \d\d:\d\d:\d\d [+-]\d{4}/, "since when";
	like $status, qr/\r\n\r\nFinal-Recipient: /, "a group by recipient";
	my %want = ("Final-Recipient" => 'rfc822; none@example.org',
	    "Original-Recipient" => 'rfc822;none@example.org',
	    "Action" => "failed", "Status" => "5.1.1",
	    "Remote-MTA" => "dns; 127.0.0.1", "Diagnostic-Code" =>
	    'smtp; 550 5.1.1 <none@example.org>: User unknown');
	is field($status, $_), $want{$_}, $_ for sort keys %want;
	like $original, qr{^Content-Type: message/rfc822\r\nContent-Transfer-Encoding: 8bit\r\n\r\nReturn-Path: <sender\@example\.net>\r\n.*\r\nSubject: first\r\n.*\r\n\r\nits body\r\n}ms,
	    "the message";
};

subtest "5xx after the data, and what is kept of the client's words" => sub {
	like $w->send_mail(to => 'content@example.org',
	    mail => " RET=HDRS ENVID=env+2Bid",
	    rcpt => " ORCPT=rfc822;first+2Bname\@example.com NOTIFY=FAILURE",
	    data => "Subject: spam\r\n\r\nits body\r\n"), qr/^250/, "taken";
	my $m = notice();
	my (undef, undef, $status, $original) = parts($m);
	is field($status, "Original-Envelope-Id"), "env+id", "ENVID";
	is field($status, "Original-Recipient"),
	    'rfc822;first+2Bname@example.com', "ORCPT";
	is field($status, "Diagnostic-Code"),
	    "smtp; 554-5.7.1 no 554 5.7.1 thanks", "a reply of two lines";
	is field($status, "Status"), "5.7.1", "its code";
	like $m =~ s/\r\n +/ /gr, qr/\(in reply to end of DATA command\)/, "when";
	like $original, qr{^Content-Type: text/rfc822-headers\r$}m, "RET=HDRS";
	unlike $m, qr/its body/, "no body";
};

subtest "what is returned" => sub {
	like $w->send_mail(to => 'large@example.org', mail => " RET=FULL",
	    data => "Subject: large\r\n\r\n" . ("long body\r\n" x 600)),
	    qr/^250/, "taken";
	my $m = notice();
	like $m, qr{^Content-Type: text/rfc822-headers\r$}m,
	    "above bounce_size_limit: headers only (Q-35)";
	unlike $m, qr/long body/, "no body";
	like $w->send_mail(to => 'none@example.org', mail => " BODY=8BITMIME",
	    data => "Subject: 8\r\n\r\n\xe4\xf6\xfc\r\n--x\r\n"), qr/^250/,
	    "8-bit";
	$m = notice();
	like $m, qr/^Content-Transfer-Encoding: 8bit\r$/m, "is announced";
	like $m, qr/\xe4\xf6\xfc/, "and returned";
};

subtest "an alias" => sub {
	like $w->send_mail(to => 'alias@example.org'), qr/^250/, "taken";
	my $m = notice();
	my (undef, $text, $status) = parts($m);
	like $text =~ s/\r\n +/ /gr,
	    qr/^<mailbox\@example\.org> \(expanded from <alias\@example\.org>\): host /m,
	    "both names";
	is field($status, "Final-Recipient"), 'rfc822; mailbox@example.org',
	    "Final-Recipient";
	is field($status, "Original-Recipient"), 'rfc822;alias@example.org',
	    "Original-Recipient";
};

subtest "several recipients" => sub {
	like $w->send_mail(to => ['none@example.org', 'good@example.org',
		'other@example.org']), qr/^250/, "taken";
	my $m = notice();
	my (undef, undef, $status) = parts($m);
	is scalar(() = $status =~ /^Action: failed\r$/mg), 2,
	    "one notice for the two that failed";
	unlike $m, qr/good\@/, "not the one that did not";
};

subtest "NOTIFY=NEVER and the null sender" => sub {
	like $w->send_mail(to => 'never@example.org', rcpt => " NOTIFY=NEVER"),
	    qr/^250/, "NEVER";
	ok $w->wait_log(qr/qmgr\[\d+\]: (\w+): removed\n(?!.*\1)/s), "bounced";
	like my $r = $w->send_mail(to => 'none@example.org', from => ""),
	    qr/^250/, "from <> (S-121)";
	my ($qid) = $r =~ /as (\w+)/;
	ok $w->wait_log(qr/qmgr\[\d+\]: $qid: removed/), "gone (hostile 121)";
	unlike $w->log, qr/bounce\[\d+\]: $qid: \w+ \w+-delivery notification/,
	    "without a word";
	like $r = $w->send_mail(to => 'none@example.org',
	    from => 'closed@example.net'), qr/^250/, "a closed mailbox";
	($qid) = $r =~ /as (\w+)/;
	my $bounce = $w->wait_log(
	    qr/$qid: sender non-delivery notification: (\w+)/);
	ok $w->wait_log(qr/qmgr\[\d+\]: $bounce: removed/), "the bounce bounces";
	unlike $w->log, qr/bounce\[\d+\]: $bounce: \w+ non-delivery/,
	    "and without class 2bounce that is all (Q-41, Q-47)";
	is scalar($w->messages($home, $got)), $got, "no mail of it";
};

subtest "NOTIFY=SUCCESS" => sub {
	like $w->send_mail(to => 'good@example.org', rcpt => " NOTIFY=SUCCESS"),
	    qr/^250/, "to a server without DSN";
	my $m = notice();
	my (undef, $text, $status, $original) = parts($m);
	is field($m, "Subject"), "Successful Mail Delivery Report", "Subject";
	is field($status, "Action"), "relayed", "relayed";
	is field($status, "Status"), "2.0.0", "Status";
	like $text =~ s/\r\n +/ /gr,
	    qr/^<good\@example\.org>: delivery via 127\.0\.0\.1\[127\.0\.0\.1\]:\d+: 250 2\.0\.0 Ok: sunk\r$/m,
	    "how";
	like $original, qr{^Content-Type: text/rfc822-headers\r$}m, "headers";
	ok $w->wait_log(qr/bounce\[\d+\]: \w+: sender delivery status notification: \w+$/m),
	    "logged";
	like $w->send_mail(to => 'good@dsn.example', mail => " ENVID=e1 RET=FULL",
	    rcpt => " NOTIFY=SUCCESS,DELAY ORCPT=rfc822;x\@y.example"),
	    qr/^250/, "to a server that has DSN";
	$w->messages($dsn, 1);
	my $said = Weir::read_file("$dsn.commands");
	like $said, qr/^MAIL FROM:<sender\@example\.net> .*ENVID=e1 RET=FULL$/m,
	    "ENVID and RET go on";
	like $said, qr/^RCPT TO:<good\@dsn\.example> ORCPT=rfc822;x\@y\.example NOTIFY=SUCCESS,DELAY$/m,
	    "and NOTIFY, and ORCPT";
	like $w->send_mail(to => ['good@example.org', 'b@example.org'],
	    rcpt => " NOTIFY=SUCCESS,FAILURE"), qr/^250/, "one of each";
	my @two = (notice(), notice());
	is join(" ", sort map { field($_, "Action") } @two), "failed relayed",
	    "two notices";
};

subtest "delay_warning_time (S-176)" => sub {
	like $w->send_mail(to => 'late@example.org'), qr/^250/, "deferred";
	like $w->send_mail(to => 'quiet@example.org',
	    rcpt => " NOTIFY=FAILURE"), qr/^250/, "deferred";
	ok $w->wait_log(qr/to=<quiet\@example\.org>.*dsn=4\.2\.1, status=deferred/),
	    "tried";
	$w->at_rest;
	$w->advance(3700);
	$w->command("postqueue", "-f");
	my $m = notice();
	is field($m, "Subject"), "Delayed Mail (still being retried)",
	    "the sender is warned (Q-48)";
	my (undef, undef, $status, $original) = parts($m);
	is field($status, "Action"), "delayed", "Action";
	is field($status, "Final-Recipient"), 'rfc822; late@example.org',
	    "of the one, not of the one that did not ask for it";
	like field($status, "Will-Retry-Until"), qr/^\w{3}, \d+/, "until when";
	like $original, qr{^Content-Type: text/rfc822-headers\r$}m, "headers";
	ok $w->wait_log(qr/bounce\[\d+\]: \w+: sender delay notification: \w+$/m),
	    "logged";
	$w->at_rest;
	$w->advance(3700);
	my $tries = () = $w->log =~ /to=<late\@.*status=deferred/g;
	$w->command("postqueue", "-f");
	$w->wait_for(sub {
		(() = $w->log =~ /to=<late\@.*status=deferred/g) > $tries });
	my $n = () = $w->log =~ /sender delay notification/g;
	is $n, 1, "once";
	$w->command("postsuper", "-d", "ALL");
};

$w->configure(main => Weir::read_file("$w->{dir}/etc/main.cf") . <<'EOT');
notify_classes = bounce, 2bounce, delay
2bounce_notice_recipient = postmaster@example.net
bounce_notice_recipient = copies@example.net
delay_notice_recipient = postmaster@lost.example.net
EOT
is +($w->command("reload"))[0], 0, "other classes";

subtest "the postmaster" => sub {
	like $w->send_mail(to => 'none@example.org', data =>
		"Subject: s\r\n\r\nits body\r\n"), qr/^250/, "bounced";
	my @two = (notice(), notice());
	my ($copy) = grep { /^X-To: <copies/m } @two;
	is field($copy, "Subject"), "Postmaster Copy: Undelivered Mail",
	    "class bounce: a copy (Q-40)";
	like $copy, qr/^X-From: <double-bounce\@mail\.example\.com>/,
	    "from double_bounce_sender";
	unlike $copy, qr/its body/, "headers only";
	my $r = $w->send_mail(to => 'none@example.org', from => "");
	my ($qid) = $r =~ /as (\w+)/;
	my $m = notice();
	like $m, qr/^X-To: <postmaster\@example\.net>/m,
	    "class 2bounce: what cannot be returned (Q-41)";
	ok $w->wait_log(qr/bounce\[\d+\]: $qid: postmaster non-delivery notification: \w+$/m),
	    "logged";
	like $w->send_mail(to => 'none@example.org',
	    from => 'double-bounce@mail.example.com'), qr/^250/, "and that";
	ok $w->wait_log(qr/bounce\[\d+\]: warning: \w+: undeliverable postmaster notification discarded$/m),
	    "is no further bounced (Q-49, hostile 121)";
};

my $main = Weir::read_file("$w->{dir}/etc/main.cf") .
    "bounce_template_file = $w->{dir}/etc/bounce.cf\n" .
    "help_page = https://example.com/help\n";

# What a reload says of a template file.
sub reload {
	my ($text) = @_;
	my $file = "$w->{dir}/etc/bounce.cf";
	if (defined $text) {
		open my $f, ">", $file or die "$file: $!";
		print $f $text;
		close $f;
	} else {
		unlink $file;
	}
	$w->configure(main => $main);
	return $w->command("reload");
}

subtest "words of one's own (Q-51)" => sub {
	my ($status, $said) = reload("failure_template = <<EOF\nx \$nothing\nEOF\n");
	isnt $status, 0, "a name that nobody defines: refused";
	like $said, qr{/etc/bounce\.cf:2: undefined \$name in failure template: x \$nothing},
	    "and where";
	($status, $said) = $w->command("check");
	like $said, qr{error: .*/etc/bounce\.cf:2: undefined}, "weir check, too";
	($status, $said) = reload(undef);
	isnt $status, 0, "no such file: refused";
	like $said, qr{/etc/bounce\.cf: No such file}, "and why";
	($status) = reload("failure_template = <<EOF\nNonsense: x\n\nx\nEOF\n");
	is $status, 0, "one that makes no sense: as in Postfix";
	ok $w->wait_log(qr/warning: .*bounce\.cf: unknown "Nonsense" header label in failure template -- ignoring this template$/m),
	    "it is left out";
	($status, $said) = $w->command("check");
	isnt $status, 0, "which weir check calls a mistake";
	($status) = reload(<<"EOT");
failure_template = <<EOF
Charset: utf-8
From: Mail at Example <help>
Subject: Zur\xc3\xbcck
EOF
failure_template = <<EOF
Charset: utf-8
From: Mail at Example <help>
Subject: Not delivered
Postmaster-Subject: Copy of a bounce

\$help_page knows more. Gr\xc3\xbc\xc3\x9fe, \$myhostname
EOF
EOT
	is $status, 0, "taken";
	like $w->send_mail(to => 'none@example.org'), qr/^250/, "a bounce";
	my @two = (notice(), notice());
	my ($copy) = grep { /^X-To: <copies/m } @two;
	my ($m) = grep { !/^X-To: <copies/m } @two;
	is field($m, "From"), 'Mail at Example <help@mail.example.com>',
	    "From, completed";
	is field($m, "Subject"), "Not delivered", "Subject";
	my (undef, $text) = parts($m);
	like $text, qr{^Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\nhttps://example\.com/help knows more\. Gr\xc3\xbc\xc3\x9fe, mail\.example\.com\r\n\r\n<none\@}m,
	    "the text";
	is field($copy, "Subject"), "Copy of a bounce", "the postmaster's";
	unlike $copy, qr/help knows/, "has no text for the sender";
};

is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
unlike $w->log, qr/panic|fatal/, "nothing died";
done_testing;
