#!/usr/bin/perl
# Mail of users of this machine: sendmail, the pickup service, the maildrop.
# S-042, S-183, S-224, C-70 to C-78, D-50, D-53.
use strict;
use warnings;

use lib "t/lib";
use File::Path qw(make_path);
use IO::Socket::UNIX;
use POSIX qw(mkfifo);
use Socket qw(SOCK_STREAM);
use Test::More;
use Weir;
use Weir::Milter;

my $root = $> == 0;
my $text = "Subject: plain\nTo: a\@to.example\n\nbody\n";
my $pickup = "pickup unix n - n 60 1 pickup\n";
my $main = <<'EOT';
default_transport = smtp:[127.0.0.1]:${port:sink}
EOT

# What has arrived, when it has: all that a sink ever gets.
sub arrived {
	my ($w, $pattern) = @_;
	my ($found) = $w->wait_for(sub {
		return grep { /$pattern/ } $w->messages("$w->{dir}/sink", 0, 0);
	});

	($found) = grep { /$pattern/ } $w->messages("$w->{dir}/sink", 0, 0);
	return $found // "";
}

sub count {
	my ($w, $pattern) = @_;

	return scalar grep { /$pattern/ } $w->messages("$w->{dir}/sink", 0, 0);
}

subtest "who sends what" => sub {
	my $w = Weir->new(main => $main, master => $pickup);
	my $other = { user => $root ? "nobody" : scalar getpwuid($>) };
	my $uid = $root ? getpwnam("nobody") : $>;

	$w->sink("sink");
	is_deeply [$w->sendmail($text, $other, "x\@y.example")], [0, ""], "anybody may";
	ok $w->wait_log("pickup\\[\\d+\\]: \\w+: uid=$uid from=<$other->{user}>"), "the kernel says who it is";
	my $message = arrived($w, qr/plain/);
	like $message, qr/^Received: by mail\.example\.com \(Weir, from userid $uid\)\r\n\tid \w+; /m, "as Received: says";
	like $message, qr/^Message-Id: .*\r\nDate: .*\r\nFrom: .*<$other->{user}\@mail\.example\.com>\r\n/m,
	    "missing headers are added";
	unlike $w->log, qr/smtpd\[|connect from/, "nothing is logged of an SMTP client";
	is_deeply [$w->sendmail("x", { %$other }, "-q")], [0, ""], "anybody may flush";
	my ($status, $said) = $w->sendmail("x" x 11_000_000, "x\@y.example");
	is $status, 75, "too large is seen before it is sent";
	like $said, qr/^sendmail: fatal: \w+\(\d+\): message file too big$/, "and said";
	is $w->stop, 0, "stops cleanly";
	is $w->complaints, "", "no sanitizer complains";
};

# The words are those that Postfix 3.7 said.
subtest "as whom" => sub {
	plan skip_all => "not root" unless $root;
	my $w = Weir->new(main => $main . <<'EOT', master => $pickup);
local_login_sender_maps = inline:{ {root = foo@example.com, @example.org bar null}, {nobody = nobody} }
empty_address_local_login_sender_maps_lookup_key = null
recipient_delimiter = +
myorigin = example.com
EOT
	my $no = sub { [75, "sendmail: fatal: $_[0]($>): not authorized to use sender='$_[0]'\n"] };

	$w->sink("sink");
	is_deeply [$w->sendmail($text, "x\@y.example")], $no->("root"), "not as oneself, if the list lacks that";
	is_deeply [$w->sendmail($text, "-f", $_, "x\@y.example")], [0, ""], "as $_"
	    for "foo\@example.com", "bar", "BAR+x", "foo+ext\@Example.com", "any\@Example.org", "";
	is_deeply [$w->sendmail($text, "-f", $_, "x\@y.example")], $no->($_), "not as $_"
	    for "foo", "bar\@example.com", "any\@sub.example.org", "evil\@x.example";
	is_deeply [$w->sendmail($text, "-f", "\"a b\"\@x.example", "x\@y.example")], $no->("a b\@x.example"),
	    "nor by quotes";
	is_deeply [$w->sendmail($text, { user => "nobody" }, "x\@y.example")], [0, ""], "another user, as itself";
	is(($w->sendmail($text, { user => "nobody" }, "-f", "", "x\@y.example"))[0], 75, "not as nobody at all");
	my (undef, $said) = $w->sendmail("MAIL FROM:<evil\@x.example>\r\nRCPT TO:<x\@y.example>\r\nQUIT\r\n", "-bs");
	like $said, qr/^521 5\.7\.1 evil\@x\.example\(0\): not authorized to use sender='evil\@x\.example'\r$/m,
	    "by SMTP neither";
	ok $w->wait_log("pickup\\[\\d+\\]: warning: uid=0: not authorized to use sender='evil\@x.example'"), "it is logged";
	is_deeply [glob("$w->{dir}/queue/maildrop/*")], [], "nothing is kept";
	is $w->stop, 0, "stops cleanly";
	is(($w->sendmail("Subject: late\n\n", { user => "nobody" }, "-f", "root", "x\@y.example"))[0], 0,
	    "while it is down anything is kept");
	$w->start;
	ok $w->wait_log("maildrop file \\w+\\.\\w+\\.\\w+ is left: root\\(65534\\): not authorized to use sender='root'"),
	    "and left there";
	is count($w, qr/^Subject: late/m), 0, "nothing of it goes out";
	is $w->stop, 0, "stops cleanly";
	is $w->complaints, "", "no sanitizer complains";
};

subtest "full names" => sub {
	my $w = Weir->new(main => $main, master => $pickup);
	my $from = sub {
		my ($n, @args) = @_;

		$w->sendmail("Subject: name $n\n\n", @args, "-f", "u\@x.example", "x\@y.example");
		return arrived($w, qr/^Subject: name $n/m) =~ /^From: ((?:.*\r\n[ \t])*.*)\r$/m ? $1 : "none";
	};

	$w->sink("sink");
	is $from->(1, "-F", "J\xc3\xb6rg M"), "=?utf-8?Q?J=C3=B6rg_M?= <u\@x.example>", "is encoded";
	is $from->(2, "-F", "Joe M."), "\"Joe M.\" <u\@x.example>", "if it is not ASCII";
	is(($w->reconfigure(main => $main . "header_from_format = obsolete\nfull_name_encoding_charset =\nsmtputf8_autodetect_classes =\n",
	    master => $pickup))[0], 0, "reload");
	is $from->(3, "-F", "J\xc3\xb6rg (M)"), "u\@x.example (J\xc3\xb6rg \\(M\\))", "obsolete, and not encoded";
	$w->sendmail("", "-v", "-f", "u\@x.example", "x\@y.example");
	like arrived($w, qr/Delivery Status Report/), qr/^From: MAILER-DAEMON\@\S+ \(Mail Delivery System\)\r$/m,
	    "notices are obsolete, too";
	my ($status, $text) = $w->configure(main => $main . "header_from_format = modern\n", master => $pickup)->command("check");
	like $text, qr/header_from_format: "modern" is neither standard nor obsolete/, "weir check";
	is $w->stop, 0, "stops cleanly";
	is $w->complaints, "", "no sanitizer complains";
};

# What -bv is about is never delivered, whichever way it takes.  Postfix's words
# are compared in postfix_reports.t.
subtest "verified only" => sub {
	my $w = Weir->new(start => 0);
	my $for = "Mail Delivery Status Report will be mailed to <s\@home.example>.\n";
	my @ask = ("-bv", "-f", "s\@home.example");

	$w->configure(main => $main . <<'EOT', master => $pickup,
content_filter = smtp:[127.0.0.1]:${port:filter}
header_checks = regexp:{{/^Subject: probe/ FILTER smtp:[127.0.0.1]:${port:filter}}}
virtual_alias_domains = alias.example
virtual_alias_maps = inline:{all@alias.example=one@to.example}
EOT
	);
	# Somebody has to have made the maildrop.
	$w->start;
	$w->stop;
	is_deeply [$w->sendmail("never read", @ask, "all\@alias.example", "x\@y.example")], [0, $for],
	    "it is kept while nobody serves";
	$w->sink("filter");
	$w->sink("sink");
	$w->start;
	my $report = arrived($w, qr/Mail Delivery Status Report/);
	like $report, qr/^Original-Recipient: rfc822;all\@alias.example\r\nAction: deliverable\r\n/m,
	    "and verified when somebody does: an alias";
	like $report, qr/^Final-Recipient: rfc822; x\@y.example\r\n.*\r\nAction: deliverable\r\n/m, "and another one";
	like $report, qr/^Subject: probe\r\nTo:[ \t]all\@alias.example,\r\n\tx\@y.example\r\n/m, "by a message of our own";
	is scalar(my @none = $w->messages("$w->{dir}/filter", 0, 0)), 0, "content filters are not asked";
	unlike Weir::read_file("$w->{dir}/sink.commands"), qr/RCPT TO:<(one|x)\@.*\nDATA/, "nothing is sent";
	is $w->stop, 0, "stops cleanly";
	is $w->complaints, "", "no sanitizer complains";
};

subtest "who may not" => sub {
	plan skip_all => "not root" unless $root;
	my $w = Weir->new(main => $main . "authorized_submit_users = !nobody, static:anyone\n", master => $pickup);
	my $nobody = { user => "nobody" };

	$w->sink("sink");
	is_deeply [$w->sendmail($text, $nobody, "x\@y.example")],
	    [75, "sendmail: fatal: User nobody(65534) is not allowed to submit mail\n"], "authorized_submit_users";
	is_deeply [$w->sendmail("", $nobody, "-bs")],
	    [0, "521 5.7.1 User nobody(65534) is not allowed to submit mail\r\n"], "by SMTP, too";
	ok $w->wait_log("warning: User nobody\\(65534\\) is not allowed to submit mail"), "it is logged";
	is_deeply [glob("$w->{dir}/queue/maildrop/*")], [], "nothing is kept";
	is(($w->sendmail($text, "x\@y.example"))[0], 0, "others may");
	is $w->stop, 0, "stops cleanly";
	# What was put into the maildrop meanwhile is not let in either.
	is(($w->sendmail($text, $nobody, "x\@y.example"))[0], 0, "while it is down it is kept");
	$w->start;
	ok $w->wait_log("maildrop file \\w+\\.\\w+\\.\\w+ is left: User nobody\\(65534\\) is not allowed"),
	    "and left there";
	is count($w, qr/from userid 65534/), 0, "nothing of it goes out";
	is $w->stop, 0, "stops cleanly";
	is $w->complaints, "", "no sanitizer complains";
};

subtest "a start as of old" => sub {
	my $w = Weir->new(start => 0);

	local $ENV{WEIR_CLOCK} = "$w->{dir}/clock";
	is_deeply [$w->sendmail("", "-bd", "-q15m")], [0, ""], "sendmail -bd -q15m starts it (S-042)";
	like +($w->command("status"))[1], qr/^proxy .*serving/m, "it serves";
	is(($w->command("stop"))[0], 0, "and is stopped as ever");
	is $w->complaints, "", "no sanitizer complains";
};

subtest "no service" => sub {
	my $w = Weir->new(main => $main);

	is_deeply [$w->sendmail($text, "x\@y.example")], [69, "sendmail: fatal: mail submission is disabled: " .
	    "master.cf has no service pickup unix ... pickup\n"], "sendmail says what is missing";
	my ($status, $said) = $w->reconfigure(main => $main, master => "pickup fifo n - n 60 1 pickup\n");
	is $status, 0, "a reload adds it, also as a fifo";
	$w->sink("sink");
	is(($w->sendmail($text, "x\@y.example"))[0], 0, "and it serves");
	($status, $said) = $w->reconfigure(main => $main);
	isnt(($w->sendmail($text, "x\@y.example"))[0], 0, "a reload takes it away");
	ok !-e "$w->{dir}/queue/public/pickup", "with its socket";
	($status, $said) = $w->configure(main => $main, master => "$pickup  -o non_smtpd_milters=bad:x\n")->command("check");
	like $said, qr/non_smtpd_milters: /, "weir check finds its mistakes";
	unlike $said, qr/pickup has no effect|wakeup has no effect/, "it has an effect";
};

subtest "content" => sub {
	my $w = Weir->new(start => 0);

	$w->configure(main => $main . <<'EOT', master => $pickup . <<'EOT',
header_checks = regexp:$dir/etc/header_checks
body_checks = regexp:{{/virus/ REJECT no viruses}}
virtual_alias_domains = alias.example
virtual_alias_maps = inline:{all@alias.example=one@to.example}
smtpd_client_restrictions = reject
smtpd_recipient_restrictions = reject
smtpd_proxy_filter = 127.0.0.1:1
content_filter = smtp:[127.0.0.1]:1
disable_vrfy_command = yes
EOT
  -o content_filter=
special unix n - n 60 1 pickup
  -o content_filter=
  -o receive_override_options=no_header_body_checks,no_address_mappings
EOT
	    files => { header_checks => "/^Subject: secret/ REJECT not this one\n/^Subject: note/ WARN noted\n" .
		"/^Subject: wait/ HOLD\n/^Subject: gone/ DISCARD\n" });
	$w->start;
	$w->sink("sink");
	my ($status, $said) = $w->sendmail("Subject: secret\n\n", "x\@y.example");
	is $status, 69, "a refused message is reported at once";
	like $said, qr/^sendmail: fatal: \w+\(\d+\): message refused: not this one$/, "with the reason";
	ok $w->wait_log("cleanup\\[\\d+\\]: \\w+: reject: header Subject: secret from local; from=<\\S+> " .
	    "to=<x\@y.example>: 5.7.1 not this one\$"), "it is logged as Postfix does";
	is_deeply [glob("$w->{dir}/queue/maildrop/*")], [], "and not kept";
	is(($w->sendmail("Subject: x\n\na virus\n", "x\@y.example"))[0], 69, "body checks");
	is(($w->sendmail("Subject: note\n\n", "all\@alias.example"))[0], 0, "restrictions of clients are not for users");
	like arrived($w, qr/note/), qr/^X-To: <one\@to\.example>/m, "virtual aliases, and no content_filter";
	is(($w->sendmail("Subject: gone\n\n", "x\@y.example"))[0], 0, "discarded");
	is(($w->sendmail("Subject: wait\n\n", "x\@y.example"))[0], 0, "held");
	like +($w->command("postqueue", "-p"))[1], qr/^\w+!/m, "it is on hold";
	# Another service for the same users, as the founding documents have it.
	$w->write_file("main.cf", Weir::read_file("$w->{dir}/etc/main.cf") . "pickup_service_name = special\n");
	is(($w->sendmail("Subject: secret\n\n", "all\@alias.example"))[0], 0, "receive_override_options of a service");
	ok $w->wait_log("to=<all\@alias.example>.*relay="), "also no address mappings (S-197)";
	is $w->stop, 0, "stops cleanly";
	is $w->complaints, "", "no sanitizer complains";
};

subtest "milters" => sub {
	my $w = Weir->new(start => 0);
	my $path = "$w->{dir}/milter";

	$w->peer(sub { Weir::Milter::serve($path, "$w->{dir}/heard", answers => {
		"R bad\@y.example" => ["r"], "L Subject\0no" => ["y554 5.7.9 never this\0"], "L Subject\0late" => ["t"],
		E => ["hX-Seen\0yes\0", "c"] }) });
	$w->wait_for(sub { -S $path });
	$w->configure(main => $main . "smtpd_milters = unix:/nowhere\nnon_smtpd_milters = unix:$path\n",
	    master => $pickup);
	$w->start;
	$w->sink("sink");
	is(($w->sendmail($text, "x\@y.example"))[0], 0, "a milter accepts");
	like arrived($w, qr/plain/), qr/^X-Seen: yes/m, "and changes";
	my ($status, $said) = $w->sendmail("Subject: no\n\n", "x\@y.example");
	is $status, 69, "it refuses";
	like $said, qr/message refused: never this$/m, "sendmail says so";
	ok $w->wait_log("milter-reject: END-OF-MESSAGE from localhost\\[127\\.0\\.0\\.1\\]: 5\\.7\\.9 never this; from="),
	    "logged as Postfix does";
	is(($w->sendmail($text, "bad\@y.example"))[0], 0, "it must not refuse a recipient");
	ok $w->wait_log("milter configuration error: can't reject recipient in non-smtpd"), "which is logged";
	is scalar(my @kept = glob("$w->{dir}/queue/maildrop/*")), 1, "the message waits until that is mended";
	is(($w->sendmail("Subject: late\n\n", "x\@y.example"))[0], 0, "it may put off a message");
	is scalar(@kept = glob("$w->{dir}/queue/maildrop/*")), 2, "which waits, too";
	$w->stop;
	$w->configure(main => $main, master => $pickup);
	$w->start;
	ok $w->wait_for(sub { !glob("$w->{dir}/queue/maildrop/*") }), "they go when nobody speaks against them";
	ok arrived($w, qr/Subject: late/), "and arrive";
	is $w->stop, 0, "stops cleanly";
	is $w->complaints, "", "no sanitizer complains";
};

subtest "the maildrop" => sub {
	my $w = Weir->new(main => $main . "weir_maildrop_files = 3\nheader_checks = regexp:{{/^Subject: secret/ REJECT x}}\n",
	    master => "pickup unix n - n 1 1 pickup\n");
	my $drop = "$w->{dir}/queue/maildrop";
	my @other = $root ? ({ user => "nobody" }) : ();
	$w->sink("sink");
	my $letter = "MAIL FROM:<me\@x.example>\r\nRCPT TO:<u\@v.example>\r\nDATA\r\n";

	is sprintf("%o", (stat $drop)[2] & 07777), "1733", "anyone may put, nobody may list";
	$w->stop;
	is_deeply [$w->sendmail("Subject: kept\n\n.\n..\n", @other, "-i", "x\@y.example")], [0, ""],
	    "while nobody serves, it is kept";
	my ($file) = glob("$drop/*");
	is sprintf("%o", (stat $file)[2] & 07777), "600", "for the user's eyes only";
	like Weir::read_file($file), qr/\r\n\r\n\.\.\r\n\.\.\.\r\n\.\r\n\z/, "as it would be sent";
	is(($w->sendmail("", "-bs"))[0], 75, "-bs needs somebody");
	my $put = sub {
		my ($name, $what, $mode) = @_;

		$w->write_file("$drop/$name", $what);
		chmod $mode // 0600, "$drop/$name";
		chown 65534, 65534, "$drop/$name" if $root;
	};
	# None of these is a letter.
	$put->("half", $letter . "Subject: half\r\n");
	$put->("dots", $letter . "\r\n.\r\nMAIL FROM:<>\r\nRCPT TO:<a\@b.example>\r\nDATA\r\n\r\n.\r\n");
	$put->("barelf", $letter . "\n.\nMAIL FROM:<>\r\n.\r\n");
	$put->("quit", "QUIT\r\n$letter\r\n.\r\n");
	$put->("helo", "EHLO x\r\n$letter\r\n.\r\n");
	$put->("norcpt", "MAIL FROM:<>\r\nDATA\r\n\r\n.\r\n");
	$put->("open", $letter . "Subject: open\r\n\r\n.\r\n", 0622);
	$put->("linked", $letter . "Subject: linked\r\n\r\n.\r\n");
	link "$drop/linked", "$drop/other";
	$w->write_file("$w->{dir}/elsewhere", $letter . "Subject: elsewhere\r\n\r\n.\r\n");
	symlink "$w->{dir}/elsewhere", "$drop/symlink";
	symlink "/dev/zero", "$drop/zero";
	mkfifo "$drop/fifo", 0600;
	mkdir "$drop/directory";
	IO::Socket::UNIX->new(Local => "$drop/socket", Listen => 1);
	$put->("tmp.stale", $letter);
	utime time - 3 * 86400, time - 3 * 86400, "$drop/tmp.stale";
	$put->("tmp.fresh", $letter);
	my @bad = qw(open linked other symlink zero fifo directory socket);
	$w->start;
	for my $name (@bad) {
		ok $w->wait_log("pickup\\[\\d+\\]: warning: maildrop file $name is left: "), "$name is left";
		ok lstat "$drop/$name", "where it is";
	}
	is unlink("$drop/$_"), 1, "$_ is taken away" for grep { $_ ne "directory" } @bad;
	rmdir "$drop/directory";
	my $message = arrived($w, qr/Subject: kept/);
	like $message, qr/\r\n\r\n\.\r\n\.\.(\r\n)?\z/, "what was kept arrives as it was";
	like $message, $root ? qr/from userid 65534\)/ : qr/from userid $>\)/, "in the name of its owner";
	for my $name (qw(half dots barelf quit helo norcpt)) {
		# A user has three at a time.
		ok $w->wait_for(sub {
			$w->advance(2);
			$w->write_file("$drop/tmp.again", "");
			unlink "$drop/tmp.again";
			return $w->log =~ /maildrop file $name is left: (malformed|not complete)/ &&
			    unlink "$drop/$name";
		}), "$name is no letter";
	}
	ok !-e "$drop/tmp.stale", "an old piece is swept away";
	ok -e "$drop/tmp.fresh", "a new one is not";
	unlink "$drop/tmp.fresh";
	like $w->log, qr/is left: its user has too much there/, "a user has only so much at a time";
	is count($w, qr/elsewhere|linked|open|half/), 0, "nothing else goes out";
	# What is refused comes back, to its owner.
	my $user = getpwuid($root ? 65534 : $>);
	$put->("refused", "MAIL FROM:<forged\@x.example>\r\nRCPT TO:<u\@v.example>\r\nDATA\r\n" .
	    "Subject: secret\r\n\r\nplans\r\n.\r\n");
	$message = $w->wait_for(sub { $w->advance(2); arrived($w, qr/Undelivered/) });
	like $message, qr/^X-From: <>.*^X-To: <$user\@mail\.example\.com>/ms, "a refused one comes back to its owner";
	like $message, qr/plans/, "whole";
	ok $w->wait_for(sub { !-e "$drop/refused" }), "and is gone";
	$put->("notice", "MAIL FROM:<>\r\nRCPT TO:<u\@v.example>\r\nDATA\r\nSubject: secret\r\n\r\n.\r\n");
	ok $w->wait_for(sub { $w->advance(2); $w->log =~ /maildrop file notice is left: x/ }), "of notices nobody is told";
	is $w->stop, 0, "stops cleanly";
	is $w->complaints, "", "no sanitizer complains";
};

# The socket itself, with a hand of our own.
subtest "a rude user" => sub {
	my $w = Weir->new(main => $main . "smtpd_client_connection_count_limit = 3\n", master => $pickup);
	my @c = map { IO::Socket::UNIX->new(Peer => "$w->{dir}/queue/public/pickup", Type => SOCK_STREAM) } 1 .. 4;
	my @said = map { scalar readline $_ } @c;

	is scalar(grep { /^220/ } @said), 3, "so many connections at a time";
	is scalar(grep { /^421/ } @said), 1, "and no more";
	like $w->healthy("x\@y.example"), qr/^(250|554|454)/, "clients are served";
	my ($c) = grep { $said[$_] =~ /^220/ && ($_ = $c[$_]) } 0 .. 3;
	my $say = sub { print $c "$_[0]\r\n"; return scalar readline $c };
	like $say->("XCLIENT ADDR=192.0.2.1"), qr/^5/, "no XCLIENT";
	like $say->("XFORWARD ADDR=192.0.2.1"), qr/^5/, "no XFORWARD";
	like $say->("STARTTLS"), qr/^5/, "no STARTTLS";
	like $say->("ETRN example.com"), qr/^5/, "no ETRN";
	like $say->("MAIL FROM:<a\@b> XFULLNAME=x+0Ay XREMOTE"), qr/^250/, "what sendmail says is understood";
	like $say->("RCPT TO:<u\@v.example> XREMOTE"), qr/^555/, "only there";
	like $w->smtp->cmd("MAIL FROM:<a\@b> XREMOTE"), qr/^555/, "and only here";
	$_->close for @c;
	is $w->stop, 0, "stops cleanly";
	is $w->complaints, "", "no sanitizer complains";
};

done_testing;
