#!/usr/bin/perl
# smtp_header_checks and its relatives: messages are edited while they are sent,
# and the log says so, as by Postfix (issue 4).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Client;

my %files = (head => <<'EOT', mime => <<'EOT2', nest => <<'EOT3', body => <<'EOT4');
/^Subject: reject/ REJECT no
/^Subject: warn/ WARN a warning
/^Subject: info/ INFO
/^Subject: replace (.*)/ REPLACE X-Was: $1
/^Subject: bad/ REPLACE nocolon
/^Subject: none/ REPLACE
/^Subject: prepend/ PREPEND X-Before: 1
/^Subject: empty/ PREPEND
/^Subject: strip/ STRIP why
/^Subject: ignore/ IGNORE
/^Subject: pass/ PASS
/^Subject: ok/ OK
/^Subject: dunno/ DUNNO
/^Subject: hold/ HOLD
/^Subject: filter/ FILTER smtp:x
/^Subject: redirect/ REDIRECT a@b
/^Subject: bcc/ BCC a@b
/^Subject: discard/ DISCARD
/^Subject: frob/ FROB
EOT
/^Content-Type: (.*)/ INFO mime $1
/^Content-Description:/ IGNORE
EOT2
/^X-Nest/ STRIP
/^Subject:/ REPLACE Subject: nested
EOT3
/^strip/ STRIP this
/^replace(.*)/ REPLACE with$1
/^prepend/ PREPEND before
/^warn/ WARN
/^ignore/ IGNORE
/^reject/ REJECT
/^\.dot/ REPLACE ..dots
/^--b/ INFO a boundary
EOT4

my $main = <<'EOT';
relay_domains = example.org, lmtp.example, away.example
relay_recipient_maps =
body_checks_size_limit = 10
smtp_header_checks = pcre:$config_directory/head
smtp_mime_header_checks = pcre:$config_directory/mime
smtp_nested_header_checks = regexp:$config_directory/nest
smtp_body_checks = pcre:$config_directory/body
EOT
my $w = Weir->new(main => $main . <<'EOT', files => \%files, master => <<'EOM');
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:hop},
    lmtp.example=lmtp:inet:127.0.0.1:${port:lmtp},
    away.example=away:[127.0.0.1]:${port:hop}}
lmtp_header_checks = pcre:{{/^Subject: (.*)/ REPLACE Subject: by lmtp $$1}}
EOT
away unix - - n - - smtp -o smtp_header_checks=fail:x
EOM
my $hop = $w->sink("hop", ehlo => "SIZE 1000000");
my $lmtp = $w->sink("lmtp", lmtp => 1);

my $test = 0;
sub message {
	my ($subject, $rest) = @_;

	return "X-Test: " . ++$test . "\r\nFrom: a\@example.net\r\n" .
	    "To: b\@example.net\r\nDate: Sat, 1 Jan 2022 00:00:00 +0000\r\n" .
	    "Message-ID: <$test\@example.net>\r\nSubject: $subject\r\n" .
	    ($rest // "\r\ntext\r\n");
}

my @messages = map { message("$_ it\r\n all") } qw(reject warn info replace bad
    none prepend empty strip ignore pass ok dunno hold filter redirect bcc
    discard frob);
push @messages, message("x", join "\r\n", "X-Long: " . "y" x 100,
    "X-Nest: not nested", "Content-Type : multipart/mixed; boundary=b", "",
    "strip", "replace it", "prepend", "warn", "ignore", "reject", ".dot",
    "--b", "Content-Type: message/rfc822", "Content-Description: gone", "",
    "X-Nest: 1", " and more", "Subject: x", "", "strip", "x" x 3000 . "strip",
    "--b--", "strip", "");
push @messages, message("prepend no body", "");

sub post {
	my ($port, $data, $to) = @_;

	like +Weir::Client->new($port)->deliver(from => 'a@example.net',
	    to => [$to // 'u@example.org'], data => $data), qr/^250 /, "taken";
}

# What arrived, by the number of the test, and what the log of smtp says.
sub arrived {
	my ($dir, $count) = @_;
	my %by;

	for ($w->messages($dir, $count, 60)) {
		s/^(?:X-(?:From|To): .*\n)+//;
		s/^Received: .*\r\n(?:[ \t].*\r\n)*// or fail "Received";
		$by{$1} = $_ if /^X-Test: (\d+)\r/m;
	}
	return \%by;
}

sub log_of {
	my ($log) = @_;

	return join "", sort map { s/^\w{8,}: (?=\w)//r }
	    map { /\/(?:smtp|relay\/smtp|away\/smtp)\[\d+\]: (.*\n)/ ? $1 : () }
	    grep { !/status=|connect/ } $log =~ /(.*\n)/g;
}

post($w->{port}, $_) for @messages;
my $ours = arrived($hop, scalar @messages);
$w->wait_for(sub { (() = $w->log =~ /status=sent/g) == @messages });
my $log = log_of($w->log);

sub subject_of { ($ours->{$_[0]} // "") =~ /^Message-ID.*\r\n([\w\W]*?)\r\n\r\n/m; return $1 }
is subject_of(1), "Subject: reject it\r\n all", "REJECT has no effect";
is subject_of(4), "X-Was: it\r\n all", "REPLACE";
is subject_of(7), "X-Before: 1\r\nSubject: prepend it\r\n all", "PREPEND";
like $ours->{9}, qr/^Message-ID: .*\r\n\r\ntext/m, "STRIP";
like $log, qr/^strip: header Subject: strip it\? all: why$/m, "is logged";
like $log, qr/^warning: unsupported command in smtp_header_checks map: REJECT/m,
    "what has no effect is warned of";
like $ours->{20}, qr/\r\n\r\nwith it\r\nbefore\r\nprepend\r\nwarn\r\nreject\r\n\.\.dots\r\n--b\r\n/,
    "lines of the body";
like $ours->{20}, qr/rfc822\r\n\r\nSubject: nested\r\n\r\nxxx/, "nested";
like Weir::read_file("$hop.commands"), qr/^MAIL FROM:<a\@example\.net> SIZE=\d+/m,
    "the size is announced";

post($w->{port}, message("a"), 'u@lmtp.example');
my $by_lmtp = arrived($lmtp, 1);
like $by_lmtp->{$test}, qr/^Subject: by lmtp a\r$/m, "lmtp_header_checks";

subtest "a table that cannot be asked" => sub {
	post($w->{port}, message("a"), 'u@away.example');
	$w->wait_log(qr/smtp\[\d+\]: warning: \w+: smtp header checks lookup error/);
	$w->wait_log(qr/to=<u\@away\.example>.*relay=127\.0\.0\.1\[127\.0\.0\.1\]:\d+.*dsn=4\.3\.0, status=deferred \(local data error while talking to 127\.0\.0\.1\[127\.0\.0\.1\]\)/);
	pass "defers";
	unlike join("", values %{arrived($hop, scalar @messages)}),
	    qr/^X-Test: $test\r/m, "and nothing is taken for the message";
};
subtest "a table that is not there" => sub {
	my $before = Weir::read_file("$w->{dir}/etc/main.cf");

	$w->write_file("$w->{dir}/etc/main.cf", $before .
	    "smtp_body_checks = pcre:/nowhere\n");
	my ($status, $said) = $w->command("check");
	isnt $status, 0, "weir check finds it";
	like $said, qr{main\.cf:\d+: smtp_body_checks: pcre:/nowhere: open /nowhere: No such file},
	    "and says where";
	$w->write_file("$w->{dir}/etc/main.cf", $before);
};
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";

SKIP: {
	skip "no Postfix here", 1 unless -x "/usr/sbin/postfix" && $> == 0;
	require Weir::Postfix;
	subtest "as Postfix does" => sub {
		my ($port, $dir) = ($w->port("postfix"), "$w->{dir}/postfix");
		my $to = $w->sink("other", ehlo => "SIZE 1000000");

		mkdir $dir;
		mkdir "$dir/etc";
		$w->write_file("$dir/etc/$_", $files{$_}) for keys %files;
		my $postfix = Weir::Postfix->start($dir, port => $port,
		    main => $w->expand("$main\nrelayhost = " .
			'[127.0.0.1]:${port:other}') . "\n");
		$w->wait_port($port);
		post($port, $_) for @messages;
		my $theirs = arrived($to, scalar @messages);
		$w->wait_for(sub {
			(() = $postfix->log =~ /status=sent/g) == @messages });
		is $ours->{$_}, $theirs->{$_}, "message $_" for 1 .. @messages;
		is $log, log_of($postfix->log) =~
		    s/^warning: .*overriding.*\n//mgr, "the log";
		$postfix->stop;
	};
}
done_testing;
