#!/usr/bin/perl
# What rules ask, and what they may do to us: patterns without end, policy
# servers that are somebody else's, a memory that is damaged.  hostile.md, rows
# 61, 74 and 75.
use strict;
use warnings;
use lib "t/lib";
use Fcntl ();
use IO::Socket::INET;
use Test::More;
use Time::HiRes qw(time);
use Weir::Scenario;

my $slow = ($ENV{OUT} || "") =~ /asan|tsan/ ? 4 : 1;
my $w = Weir::Scenario->new(base => <<'EOT');
relay_domains = example.com
relay_transport = discard:
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
mynetworks = 192.0.2.1
smtpd_peername_lookup = no
smtpd_policy_service_retry_delay = 0s
EOT

subtest "row 61: patterns without end" => sub {
	$w->write_file("endless", <<'EOT');
# Comments are lines, too.
/^(a+)+$/		REJECT (a+)+
/^(a|a?)+b$/		REJECT (a|a?)+
/^(([a-z])+.)+[A-Z]([a-z])+!$/	REJECT nested
/^(?:(?:a{1,30}){1,30}){1,30}b$/	REJECT counted
/(x+x+)+y/		REJECT xx
/^((a)|(?R))*b$/	REJECT recursion
/^fine@/		REJECT fine
EOT
	$w->take("smtpd_recipient_restrictions = " .
	    "check_sender_access pcre:\$dir/etc/endless\n");
	my @evil = (("a" x 60) . '!', ("a" x 200) . '!', ("x" x 200),
	    join("", ("ab") x 100) . '!', "-" . "a" x 300);
	for my $local (@evil) {
		my $before = time;
		like $w->rcpt('user@example.com', from => "$local\@example.net"),
		    qr/^250 2\.1\.5 Ok$/, length($local) . " octets: no rule matches";
		cmp_ok time - $before, "<", 10 * $slow, "and none takes long";
	}
	like $w->rcpt('user@example.com', from => 'fine@example.net'),
	    qr/^554 .* fine$/, "the rule behind them is reached";
	my $log = $w->log;
	like $log, qr{smtpd\[\d+\]: warning: pcre map $w->{dir}/etc/endless, line [2-7]: match limit exceeded$}m,
	    "the log names the rule";
	my @lines = $log =~ /, line (\d): (?:match|matching|recursion|heap|JIT stack) limit/gi;
	my %once;
	$once{$_}++ for @lines;
	is scalar(grep { $_ > 1 } values %once), 0, "each of them once (@lines)";
	# By body and header, where lines are long.
	$w->write_file("checks", "/^(Subject: )?(a+)+\$/ REJECT never\n" .
	    "/really bad/ REJECT really\n");
	$w->take("header_checks = pcre:\$dir/etc/checks\n" .
	    "body_checks = pcre:\$dir/etc/checks\n");
	my $before = time;
	like $w->send_mail(to => 'user@example.com', data => "Subject: " .
	    "a" x 90_000 . "!\r\n\r\n" . ("a" x 900 . "!\r\n") x 50),
	    qr/^250/, "a header of 90 KB and a body";
	cmp_ok time - $before, "<", 30 * $slow, "in time";
	like $w->send_mail(to => 'user@example.com', data => "Subject: x\r\n" .
	    "\r\nreally bad\r\n"), qr/^550 5\.7\.1 really/, "the next rule holds";
};

# A policy server that says what it is told, once for each request.
sub server {
	my ($name, $answer) = @_;
	my $port = $w->port($name);
	my $asked = "$w->{dir}/$name.asked";

	$w->peer(sub {
		my $l = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
		    LocalPort => $port, Listen => 16, ReuseAddr => 1) or die $!;
		$SIG{PIPE} = "IGNORE";
		while (my $c = $l->accept) {
			my $text = "";
			while ($text !~ /\n\n/) {
				sysread $c, $text, 65536, length $text or last;
			}
			if ($text ne "") {
				open my $f, ">>", $asked;
				print $f $text;
				close $f;
				$answer->($c);
			}
			close $c;
		}
	});
	$w->wait_port($port) or die "no $name";
	return $port;
}

subtest "row 74: policy servers" => sub {
	my $fault = qr/^451 4\.3\.5 <user\@example\.com>: Recipient address rejected: Server configuration problem$/;
	my $error = qr/^451 4\.3\.5 (?:<user\@example\.com>: Recipient address rejected: )?Server configuration error$/;
	my %says = (
		"a line of 1 MiB" => [ "action=REJECT " . "x" x (1 << 20) .
		    "\n\n", $fault ],
		"1 MiB of lines" => [ "a=b\n" x (1 << 18) . "action=OK\n\n",
		    $fault ],
		"an action that nobody knows" => [ "action=NOSUCHTHING\n\n",
		    $error ],
		"an empty action" => [ "action=\n\n", qr/^250 2\.1\.5 Ok$/ ],
		"two lines of action" => [ "action=REJECT one\ntwo\n\n",
		    qr/^554 5\.7\.1 <user\@example\.com>: Recipient address rejected: one$/ ],
		"a return in the text" => [ "action=REJECT one\r250 two\n\n",
		    qr/^554 5\.7\.1 [ -~]+$/ ],
		"an answer with CRLF" => [ "action=REJECT one\r\n\r\n",
		    qr/^554 5\.7\.1 <user\@example\.com>: Recipient address rejected: one$/ ],
		"what a terminal obeys" => [ "action=REJECT \e[31m\a\n\n",
		    qr/^554 5\.7\.1 [ -~]+$/ ],
		"a format" => [ "action=REJECT %n%s%500d\n\n",
		    qr/^554 5\.7\.1 .*%n%s%500d$/ ],
		"a class that is none" => [ "action=nosuchclass\n\n", $error ],
		"a code that is none" => [ "action=999 what\n\n", $error ],
		"an end in the middle" => [ "action=REJECT on", $fault ],
		"no empty line" => [ "action=REJECT one\n", $fault ],
		"a NUL" => [ "action=REJECT one\0two\n\n", $fault ],
		"two actions" => [ "action=OK\naction=REJECT two\n\n",
		    qr/^(?:554 5\.7\.1 .*two|250 2\.1\.5 Ok)$/ ],
	);
	for my $what (sort keys %says) {
		my ($text, $want) = @{ $says{$what} };
		my $port = server($what =~ s/\W//gr,
		    sub { print { $_[0] } $text });
		$w->take("smtpd_recipient_restrictions = " .
		    "check_policy_service inet:127.0.0.1:$port\n");
		my $log = length $w->log;
		like $w->rcpt('user@example.com'), $want, $what;
		unlike substr($w->log, $log), qr/[^\x20-\x7e\n]/,
		    "$what: the log stays clean";
	}
	# It is started anew between its answer's halves.
	my $times = "$w->{dir}/times";
	my $port = server("restarts", sub {
		my $n = -s $times // 0;
		open my $f, ">>", $times;
		print $f "x";
		close $f;
		print { $_[0] } $n ? "action=REJECT whole\n\n" : "action=REJ";
	});
	$w->take("smtpd_recipient_restrictions = " .
	    "check_policy_service inet:127.0.0.1:$port\n");
	like $w->rcpt('user@example.com'), qr/^554 .*: whole$/,
	    "a server that restarts in the middle is asked again";
	# Nothing that a client says begins a line of the request.
	$port = server("injected", sub { print { $_[0] } "action=DUNNO\n\n" });
	$w->take("smtpd_recipient_restrictions = " .
	    "check_policy_service inet:127.0.0.1:$port\n" .
	    "smtpd_authorized_xclient_hosts = 127.0.0.1\n");
	$w->rcpt("\"a\\\rrecipient=b\"\@example.com",
	    from => "\"x\\\rsender=evil\\\n\\\naction=OK\"\@example.net",
	    helo => "a\rhelo_name=b\e");
	$w->rcpt('user@example.com', helo => "h=1+2",
	    xclient => "NAME=a+0D+0Aclient_name=b ADDR=192.0.2.9 " .
	    "LOGIN=me+0Asasl_username=root");
	my $asked = Weir::read_file("$w->{dir}/injected.asked");
	for my $request (split /\n\n/, $asked) {
		my %names;
		$names{ (split /=/)[0] }++ for split /\n/, $request;
		is join(" ", grep { $names{$_} > 1 } sort keys %names), "",
		    "each attribute once";
		unlike $request, qr/[\x00-\x09\x0b-\x1f\x7f]/,
		    "and no control character";
	}
	like $asked, qr/^request=smtpd_access_policy$/m, "it was asked";
};

subtest "row 75: what is remembered may be lost" => sub {
	my $state = "$w->{dir}/data/state";
	my $decide = sub {
		$w->take("smtpd_recipient_restrictions = reject\n");
		like $w->rcpt('user@example.com'), qr/^554 /, "$_[0]: it decides";
		ok $w->wait_for(sub {
			return ($w->command("explain", "-n", 5,
			    "127.0.0.1"))[1] =~ /reject/;
		}), "$_[0]: and explains" unless $_[1];
	};
	$decide->("at first");
	for my $how ("gone", "garbage", "empty", "a directory") {
		$w->stop;
		unlink "$state/data.mdb", "$state/copy.mdb";
		mkdir "$state/data.mdb" if $how eq "a directory";
		$w->write_file("$state/data.mdb", "garbage " x 50_000)
		    if $how eq "garbage";
		$w->write_file("$state/data.mdb", "") if $how eq "empty";
		my ($uid, $gid) = (stat $state)[4, 5];
		chown $uid, $gid, "$state/data.mdb";
		$w->start;
		$decide->($how, $how eq "a directory");
	}
	$w->stop;
	rmdir "$state/data.mdb";
	$w->start;
	$decide->("as it was");
	unlink glob("$state/*");
	like $w->rcpt('user@example.com'), qr/^554 /,
	    "the files are taken away from it";
	# Time goes back by a day, and on by a year.
	$w->advance(-86400);
	like $w->rcpt('user@example.com'), qr/^554 /, "yesterday";
	$w->advance(366 * 86400);
	like $w->rcpt('user@example.com'), qr/^554 /, "next year";
};

like $w->send_mail(to => 'user@example.com'), qr/^554/, "and all is well";
$w->finish;
