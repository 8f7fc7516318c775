#!/usr/bin/perl
# Mail of our own passes header and body checks and milters where
# internal_mail_filter_classes says so: beside Debian's Postfix, the same notices
# come to the same; what is refused ends there; what cannot be judged now is
# judged later; and whoever is killed meanwhile, each notice arrives once.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Milter;
use Weir::Postfix;

my $w = Weir->new(start => 0);
my $dir = $w->{dir};
my $go = "$dir/go";
my $milter = $w->port("milter");

$w->sink("lost", replies => { map { ("RCPT <$_\@lost.example>" =>
	["550 5.1.1 gone *"]) } "x" });
my $home = $w->sink("home");
$w->peer(sub { Weir::Milter::serve($milter, "$dir/heard", answers => {
	"R reject@" => ["r"], "R later@" => [-e $go ? "c" : "t"],
	"R wait@" => ["wait $go", "c"], "R drop@" => ["d"],
	"R away@" => ["close"],
	E => ["hX-Milter\0seen\0", "i\0\0\0\0X-Top\0first\0", "c"] }) });
$w->wait_port($milter);

my $main = $w->expand(<<'EOT');
internal_mail_filter_classes = notify, bounce
relay_domains = lost.example, home.example
relay_recipient_maps =
transport_maps = inline:{{lost.example = smtp:[127.0.0.1]:${port:lost}}, {home.example = smtp:[127.0.0.1]:${port:home}}}
header_checks = regexp:$dir/checks
mime_header_checks = regexp:{{/^Content-Description: Notification/ REPLACE Content-Description: Checked}}
nested_header_checks = regexp:{{/^Subject: (secret .*)/ REPLACE Subject: not $1}}
body_checks = regexp:{{/^Action: failed/ WARN an action}}
non_smtpd_milters = inet:127.0.0.1:${port:milter}
milter_default_action = tempfail
notify_classes =
EOT
$w->write_file("$dir/checks", <<'EOT');
/^To: warn@/ WARN noticed
/^To: prepend@/ PREPEND X-Prepended: yes
/^To: replace@/ REPLACE X-To: nobody
/^To: ignore@/ IGNORE
/^To: redirect@/ REDIRECT other@home.example
/^To: hold@/ HOLD for a look
/^To: discard@/ DISCARD gone
/^To: no@/ REJECT no such
/^To: postmaster@.*$/ WARN to the postmaster
/^Subject: Postmaster Copy/ REJECT no copies
EOT

# Mail that cannot be delivered.
sub bounce {
	my ($port, $name) = @_;
	my $c = Weir::Client->new($port);
	my $reply = $c->deliver(from => "$name\@home.example",
	    to => "x\@lost.example",
	    data => "Subject: secret $name\r\n\r\nbody\r\n");

	$c->cmd("QUIT");
	die "$name $port: [$reply]" if $reply !~ /^250/;
}

# The notices that came for a name.
sub came {
	my ($name) = @_;

	return grep { /^X-To: <\Q$name\E@/m }
	    map { Weir::read_file($_) } glob("$home/*[0-9a-z]");
}

# What is the same for both, if they do the same.
sub plain {
	my ($text) = @_;
	my ($boundary) = $text =~ /boundary="([^"]+)"/;

	$text =~ s/\Q$boundary\E/BOUNDARY/g if defined $boundary;
	$text =~ s/--BOUNDARY\r\nContent-Description: Ch.*?(?=--BOUNDARY)/NOTE/s;
	$text =~ s/^(X-)(?:Weir|Postfix)/$1OURS/mg;
	$text =~ s/\((?:Weir|Postfix)\)/(OURS)/g;
	$text =~ s/(?:mail|postfix)\.example\.com/OURHOST/g;
	$text =~ s/[\w.]+\@OURHOST/ID\@OURHOST/g;
	$text =~ s/\bid \w+/id QID/g;
	$text =~ s/(Queue-ID: )\w+/$1QID/g;
	$text =~ s/\w+, +\d+ \w+ \d{4} \d\d:\d\d:\d\d \S+ \(\w+\)/DATE/g;
	return $text;
}

# What cleanup says of notices.
sub said {
	my ($log, $name) = @_;

	return join "\n", sort map { /cleanup\[\d+\]: \w+: (.*$name\@home.*)/ ? $1 : () }
	    split /\n/, $log;
}

my @names = qw(warn prepend replace ignore redirect hold discard no reject
    later drop plain);
my @arrive = qw(warn prepend replace ignore plain);

$w->configure(main => $main);
$w->start;

SKIP: {
	skip "a comparison: no Postfix here, or not root", 1
	    if $> != 0 || !-x "/usr/sbin/postfix";
	my $port = Weir::free_port();
	my $p = Weir::Postfix->start("$dir/postfix", port => $port,
	    main => $main);

	for my $name (@names) {
		bounce($port, $name);
		bounce($w->{port}, $name);
	}
	for my $name (@arrive) {
		ok $w->wait_for(sub { came($name) == 2 }), "$name: both came";
		my @both = map { plain($_) } came($name);
		is $both[0], $both[1], "$name: the same";
	}
	ok $w->wait_for(sub { came("other") == 2 }), "redirect: both came";
	for my $name (@names) {
		ok $w->wait_for(sub {
			said($w->log, $name) eq said($p->log, $name);
		}), "$name: the same is logged" or
		    diag said($w->log, $name), "\n", said($p->log, $name);
	}
	$p->stop;
	unlink glob("$home/*");
}

bounce($w->{port}, $_) for "no", "drop";
ok $w->wait_log(qr/bounce\[\d+\]: warning: \w+: undeliverable bounce message discarded/),
    "what is refused is not answered";
my ($dropped) = $w->wait_log(
    qr/cleanup\[\d+\]: (\w+): milter-discard: .*to=<drop\@/);
ok $w->wait_log(qr/qmgr\[\d+\]: $dropped: removed/), "or thrown away";
is came("no") + came("drop"), 0, "nobody gets it";

subtest "not now" => sub {
	bounce($w->{port}, $_) for "later", "away";
	for my $name ("later", "away") {
		my $qid = $w->wait_log(
		    qr/error\[\d+\]: (\w+): to=<$name\@home.example>, relay=none, .*dsn=4\.\d\.\d, status=deferred \(/);
		ok $qid, "$name: deferred";
	}
	is came("later") + came("away"), 0, "nothing came";
	$w->at_rest;
	# Without milters both may go.
	my ($status) = $w->reconfigure(main => $main . "non_smtpd_milters =\n");
	is $status, 0, "reloaded";
	$w->advance(5000);
	$w->command("postqueue", "-f");
	ok $w->wait_for(sub { came($_) >= 1 }), "$_: came" for "later", "away";
	$w->reconfigure(main => $main);
};

subtest "circles" => sub {
	my ($status) = $w->reconfigure(main => $main . <<'EOT');
notify_classes = bounce, 2bounce
bounce_notice_recipient = postmaster@home.example
2bounce_notice_recipient = postmaster@home.example
EOT
	is $status, 0, "reloaded";
	my $before = () = $w->log =~ /postmaster notification discarded/g;
	bounce($w->{port}, "no");
	# The notice is refused, so is its copy, and so is what the postmaster is
	# told of the notice.
	ok $w->wait_for(sub {
		my $n = () = $w->log =~ /postmaster notification discarded/g;
		$n == $before + 2;
	}), "refused notices end";
	is came("no") + came("postmaster"), 0, "nobody gets any";
	$w->reconfigure(main => $main);
};

subtest "the proxy dies meanwhile" => sub {
	my %role = $w->roles;

	bounce($w->{port}, "wait");
	ok $w->wait_for(sub {
		Weir::Milter::heard("$dir/heard") =~ /^R wait\@/m;
	}), "a milter is asked";
	kill "KILL", $role{proxy};
	ok $w->wait_for(sub {
		my @n = Weir::Milter::heard("$dir/heard") =~ /^R wait\@/mg;
		@n >= 2;
	}), "another proxy asks again";
	open my $f, ">", $go or die;
	close $f;
	ok $w->wait_for(sub { came("wait") >= 1 }), "it came";
	like((came("wait"))[0], qr/^X-Milter: seen\r$/m, "seen by the milter");
};

subtest "the queue dies meanwhile" => sub {
	my %role = $w->roles;

	unlink glob("$home/*"), $go;
	my @before = Weir::Milter::heard("$dir/heard") =~ /^R wait\@/mg;
	bounce($w->{port}, "wait");
	ok $w->wait_for(sub {
		my @n = Weir::Milter::heard("$dir/heard") =~ /^R wait\@/mg;
		@n > @before;
	}), "a milter is asked";
	kill "KILL", $role{queue};
	ok $w->wait_for(sub {
		my @n = Weir::Milter::heard("$dir/heard") =~ /^R wait\@/mg;
		@n > @before + 1;
	}), "and again, for the next queue";
	# Who is killed may not have written down what the notice is called.
	my ($qid) = map { /"queue_id": "(\w+)".*"wait\@/ }
	    split /\n/, ($w->command("postqueue", "-j"))[1];
	open my $f, ">", $go or die;
	close $f;
	ok $w->wait_log(qr/qmgr\[\d+\]: $qid: removed/), "delivered";
	is came("wait"), 1, "once";
	my @seen = (came("wait"))[0] =~ /^X-Milter: seen\r$/mg;
	is scalar(@seen), 1, "changed once";
};

subtest "not wanted any more" => sub {
	$w->stop;
	unlink glob("$home/*"), $go;
	# While nobody takes it up, it waits.
	$w->start;
	bounce($w->{port}, "wait");
	ok $w->wait_log(qr/sender non-delivery notification/), "stored";
	my ($status) = $w->reconfigure(
	    main => $main . "internal_mail_filter_classes =\n");
	is $status, 0, "reloaded";
	$w->stop("KILL");
	$w->start;
	ok $w->wait_for(sub { came("wait") >= 1 }), "it goes as it is";
	# Milters that wait end, too.
	open my $f, ">", $go or die;
	close $f;
	ok $w->wait_for(sub {
		my $heard = Weir::Milter::heard("$dir/heard");
		my @in = $heard =~ /^O /mg;
		my @out = $heard =~ /^gone$/mg;
		@out >= @in;
	}), "nobody is left";
};

is $w->stop, 0, "ends well";
is $w->complaints, "", "no complaints";
done_testing;
