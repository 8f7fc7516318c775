#!/usr/bin/perl
# postdrop: messages in Postfix's records, by hand and from Debian's sendmail;
# what is said, and how it ends, is as Debian's postdrop has it (D-50,
# D-53, C-80).
use strict;
use warnings;

use lib "t/lib";
use File::Path qw(make_path);
use POSIX ();
use Test::More;
use Weir;

my $w = Weir->new(start => 0);
my $dir = $w->{dir};

sub record {
	my ($type, $text) = @_;

	return pack "a w/a*", $type, $text if length $text < 128;
	return $type . chr(length($text) & 127 | 128) . chr(length($text) >> 7) .
	    $text;
}

# Records from words, whose first octet is the type.
sub records { return join "", map { record(/^(.)(.*)\z/s) } @_ }

# What postdrop is given; (status, what it answers, what it says).
sub drop {
	my ($input, @args) = @_;
	my $in = $w->write_file("$dir/records", $input);
	my $as = shift @args if ref $args[0];
	my @as = $as ? ("setpriv", "--reuid", $as->[0], "--regid",
	    (getpwnam $as->[0])[3], "--clear-groups") : ();
	my $pid = fork // die "fork: $!";

	if ($pid == 0) {
		open STDIN, "<", $in;
		open STDOUT, ">", "$dir/answer";
		open STDERR, ">", "$dir/said";
		{ exec @as, Weir::program(), "postdrop", "-c", "$dir/etc", @args; }
		POSIX::_exit(127);
	}
	waitpid $pid, 0;
	return ($? >> 8, Weir::read_file("$dir/answer"),
	    Weir::read_file("$dir/said"));
}

my $hello = qr/protocol\0postdrop_protocol\0queue_id\0[0-9A-F]+\0\0/;
my @body = ("M", "NSubject: dropped", "N", "N.dot", "X", "E");
my @good = ("Sa\@x.example", "Rb\@y.example", @body);

sub like_drop {
	my ($name, $input, $status, $answer, $said) = @_;
	my @got = drop($input, "-r");

	is $got[0], $status, "$name: exit status";
	like $got[1], qr/\A$hello$answer\z/, "$name: answer";
	is $got[2], $said, "$name: said";
}

sub arrived {
	my ($pattern) = @_;
	my ($found) = $w->wait_for(sub {
		return grep { /$pattern/ } $w->messages("$dir/sink", 0, 0);
	});

	($found) = grep { /$pattern/ } $w->messages("$dir/sink", 0, 0);
	return $found // "";
}

my $main = "default_transport = smtp:[127.0.0.1]:\${port:sink}\n" .
    "myorigin = example.com\n" .
    "header_checks = regexp:{{/^Subject: bad/ REJECT not that}}\n";
my $master = "pickup unix n - n 60 1 pickup\n";
$w->sink("sink");
$w->configure(main => $main, master => $master);
$w->start;
my $fine = qr/status\x000\x00reason\0\0\0/;
my $uid = "postdrop: fatal: uid=$>";

subtest "records" => sub {
	like_drop("a message", records(@good), 0, $fine, "");
	my $message = arrived(qr/^Subject: dropped/m);
	like $message, qr/^X-From: <a\@x\.example>.*^X-To: <b\@y\.example>/ms, "envelope";
	like $message, qr/^Received: by \S+ \(Weir, from userid $>\)/m, "from its caller";
	like $message, qr/^\.dot\r?$/m, "content";
	like_drop("without -r's word", records(@good) . "garbage", 0, $fine, "");
	like_drop("no input", "", 0, "", "");
	like_drop("no end", records("Sa", "Rb", "M", "Nx"), 0, "", "");
	like_drop("no recipient", records("Sa", @body), 1, qr/status\x001\x00reason\0\0\0/, "");
	like_drop("no sender", records("Ra", @body), 1, qr/status\x001\x00reason\0\0\0/, "");
	like_drop("an end in a record", substr(records(@good), 0, -20), 1, "", "$uid: malformed input\n");
	like_drop("text", "hello\n", 1, "", "$uid: unexpected record type: 104\n");
	like_drop("a time", records("T1 2", @good), 1, "", "$uid: unexpected record type: 84\n");
	like_drop("a command", records("Sa", "Rb>\r\nRCPT TO:<c", @body), 1, "", "$uid: malformed input\n");
	like_drop("an attribute", records("Ano", "Aa=b\1", @good), 0, $fine,
	    "postdrop: warning: uid=$>: ignoring malformed record: missing '=' after attribute name: no\n" .
	    "postdrop: warning: uid=$>: ignoring attribute record: a=b?\n");
	like_drop("a check", records("Sa", "Rb\@y.example", "M", "NSubject: bad", "X", "E"), 8,
	    qr/status\x008\x00reason\x00[^\0]*not that[^\0]*\0\0/, "");
	my ($status, undef, $said) = drop("", "-x");
	is "$status $said", "1 postdrop: fatal: usage: postdrop [-c config_dir] [-v]\n", "usage";
};

subtest "limits, and while nobody serves" => sub {
	plan skip_all => "not root" if $> != 0;
	is(($w->reconfigure(master => $master, main => $main .
	    "message_size_limit = 5000\nauthorized_submit_users = !nobody, static:all\n"))[0], 0, "reload");
	like_drop("large", records("Sa", "Rb", "M", ("N" . "x" x 500) x 20, "X", "E"), 4,
	    qr/status\x004\x00reason\x00message file too big\0\0/, "");
	is_deeply [(drop(records(@good), ["nobody"]))[0, 2]],
	    [1, "postdrop: fatal: User nobody(65534) is not allowed to submit mail\n"], "authorized_submit_users";
	is $w->stop, 0, "stops";
	$w->configure(main => $main);
	is_deeply [(drop(records(@good)))[0, 1, 2]], [1, "", "$uid: mail submission is disabled: " .
	    "master.cf has no service pickup unix ... pickup\n"], "no service";
	$w->configure(main => $main, master => $master);
	like_drop("kept", records("Sa", "Rb\@y.example", "M", "NSubject: kept", "X", "E"), 0, $fine, "");
	$w->start;
	like arrived(qr/^Subject: kept/m), qr/^X-To: <b\@y\.example>/m, "and delivered";
};

# Debian's sendmail runs $command_directory/postdrop -r.
subtest "a sendmail of Postfix" => sub {
	plan skip_all => "no Postfix, or not root" if $> != 0 || !-x "/usr/lib/postfix/sbin/master";
	my $etc = "$dir/postfix";
	make_path($etc, "$dir/bin", "$dir/spool", "$dir/data");
	$w->write_file("$dir/bin/postdrop", "#!/bin/sh\nexec " . Weir::program() . " postdrop -c $dir/etc \"\$@\"\n");
	chmod 0755, "$dir/bin/postdrop";
	$w->write_file("$etc/main.cf", "compatibility_level = 3.6\nqueue_directory = $dir/spool\n" .
	    "data_directory = $dir/data\ncommand_directory = $dir/bin\nmyhostname = h.example\n");
	$w->write_file("$etc/master.cf", "");
	my $text = $w->write_file("$dir/text", "Subject: theirs\nTo: b\@y.example\n\n.dot\nlong " . "y" x 3000);
	my $send = sub {
		local $ENV{MAIL_CONFIG} = $etc;
		return system("exec /usr/sbin/sendmail @_ < $text 2> $dir/said") >> 8;
	};
	is $send->("-i -f s\@x.example -F 'Full Name' -N failure,delay -R hdrs -Videntity -B 8BITMIME '\"q r\"\@y.example'"),
	    0, "it is satisfied";
	is Weir::read_file("$dir/said"), "", "and says nothing";
	my $message = arrived(qr/^Subject: theirs/m);
	like $message, qr/^X-From: <s\@x\.example>/m, "sender";
	like $message, qr/^X-To: <"q r"\@y\.example>/m, "recipient";
	like $message, qr/^From: Full Name <s\@x\.example>/m, "full name";
	like $message, qr/^\.dot\r?\nlong yyy/m, "content";
	# A long line is several for SMTP.
	is scalar(() = ($message =~ s/.*^long //msr) =~ /y/g), 3000, "all of it";
	$w->write_file("$dir/text", "Subject: bad\n\nx\n");
	isnt $send->("b\@y.example"), 0, "a refusal reaches it";
	like Weir::read_file("$dir/said"), qr/^sendmail: fatal: .*not that/m, "with the reason";
};
is $w->stop, 0, "stops";
is $w->complaints, "", "no sanitizer complains";
done_testing;
