#!/usr/bin/perl
# What restrictions remember, and the machine that is to keep it (hostile row 75):
# a file that is cut off, overwritten or replaced while it is in use, a disk without
# room, a clock that is set back and on.  Requests are answered all the time, mail
# passes where that is set, the log says so, and afterwards all is remembered again.
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib";
use Weir;
use Weir::Policy;

plan skip_all => "the clock cannot be set in this build"
    if ($ENV{OUT} // "") =~ /release/;

my $w = Weir->new(start => 0);
my $port = $w->port("policy");
my $state = "$w->{dir}/data/state";
my ($me, $mounted) = $$;
END { system("umount", "-l", $mounted) if $mounted && $$ == ($me // 0) }

$w->configure(main => <<'EOT', master => "127.0.0.1:$port inet n - n - - policy\n");
smtpd_recipient_restrictions =
    check_recipient_access inline:{{bad@example.com = REJECT}},
    rate_limit { 3 messages / hour per helo_name, action = 450 4.7.1 Too often },
    if { client_address == "192.0.2.66" } check_recipient_access static:{550 5.7.1 no},
    if { reputation < 0 } check_recipient_access static:{450 4.7.1 a bad name},
    greylist
weir_greylist_away = dunno
weir_reputation = yes
EOT

my $count = 0;
sub ask {
	my (%with) = @_;

	$count++;
	# A process that reads what is damaged may end, and the next, too; but not
	# for ever.
	return $w->wait_for(sub {
		return eval {
			Weir::Policy->new($port)->ask(instance => "i.$count",
			    helo_name => "h$count.example", %with);
		};
	}) // "no answer";
}

sub network { return sprintf "10.%d.%d.1", $count / 256, $count % 256 }
sub stranger {
	return ask(sender => "s$count\@stranger.example",
	    client_address => network(), @_);
}
my $greylisted = qr/^DEFER_IF_PERMIT 4\.2\.0 Greylisted/;
my $passes = qr/^DUNNO$/;

sub decides {
	my ($what) = @_;

	is ask(recipient => 'bad@example.com'), "554 5.7.1 Access denied",
	    "$what: what needs no memory is decided";
}

# The store works.
sub remembers {
	my ($what) = @_;

	decides($what);
	like stranger(), $greylisted, "$what: strangers wait";
	my %same = (helo_name => "same$count.example", client_address => network());
	is scalar(grep { ask(%same) =~ /Too often/ } 1 .. 5), 2,
	    "$what: what comes often is counted";
}

sub restart {
	my ($what) = @_;

	is $w->stop, 0, "$what: stops cleanly";
	$w->start;
	remembers("$what, started again");
}

sub overwrite {
	my ($what) = @_;
	my $n = -s "$state/data.mdb";

	open my $f, "+<", "$state/data.mdb" or die "$!";
	print $f substr $what x ($n / length($what) + 1), 0, $n;
	close $f;
}

$w->start;
remembers("at first");
for my $case (
    [ "cut off", sub { truncate "$state/data.mdb", 0 or die "$!" } ],
    [ "half of it is gone", sub { truncate "$state/data.mdb", (-s "$state/data.mdb") / 2 or die "$!" } ],
    [ "letters", sub { overwrite("garbage ") } ],
    [ "zeros", sub { overwrite("\0") } ],
    [ "another file", sub {
	my ($uid, $gid) = (stat "$state/data.mdb")[4, 5];
	rename "$state/data.mdb", "$state/old" or die "$!";
	$w->write_file("$state/data.mdb", "x" x 100000);
	chown $uid, $gid, "$state/data.mdb";
    } ],
) {
	my ($what, $damage) = @$case;

	$damage->();
	decides($what);
	like stranger(), qr/$greylisted|$passes/, "$what: strangers have an answer"
	    for 1 .. 3;
	decides($what);
	restart($what);
}

# Who keeps crashing does without it, until a reload; and a start begins anew.
for my $n (1 .. 3) {
	my %before = $w->roles;

	kill ABRT => $before{policy};
	ok $w->wait_for(sub {
		my %now = $w->roles;
		($now{policy} // $before{policy}) != $before{policy};
	}), "crash number $n";
}
like stranger(), $passes, "after three crashes: without memory";
ok $w->wait_log(qr/warning: traces are not kept: .*: those who use it keep ending\n/),
    "which the log says";
decides("after three crashes");
is +($w->command("reload"))[0], 0, "a reload";
remembers("after a reload");
restart("after crashes");

# No room.  What is there is known, what is new is not kept.
SKIP: {
	my $small = 400;

	skip "no file system of our own", 1 if $> != 0;
	is $w->stop, 0, "stops cleanly";
	my ($uid) = (stat $state)[4];
	system("mount -t tmpfs -o size=${small}k,mode=700,uid=$uid none $state 2>/dev/null") == 0
	    or skip "no tmpfs", 1;
	$mounted = $state;
	$w->start;
	my $said;
	for (1 .. 3000) {
		$said = stranger(recipient => "u$_\@example.com");
		last if $said !~ $greylisted;
	}
	like $said, $passes, "no room: mail passes";
	ok $w->wait_log(qr/warning: greylist: the state store cannot be used; the mail passes\n/),
	    "and the log says so";
	decides("no room");
	system("mount", "-o", "remount,size=" . 20 * $small . "k", $state) == 0
	    or die "no room";
	remembers("room again");
	is $w->stop, 0, "stops cleanly";
	system("umount", $state) == 0 and $mounted = undef;
	$w->start;
}

# A clock that is wrong, and is set right.  Nobody waits longer than he would have
# without, whatever it was.
my %known = (sender => 'known@example.net', client_address => "203.0.113.7");
like ask(%known), $greylisted, "a stranger";
$w->advance(400);
like ask(%known), qr/^PREPEND X-Greylist: delayed 4\d\d seconds/, "has waited";
my %waits = (sender => 'waits@example.net', client_address => "198.51.100.7");
my %often = (helo_name => "often.example", client_address => "203.0.114.7");
like ask(%waits), $greylisted, "another one waits";
$w->wait_for(sub { ask(client_address => "192.0.2.66"); ask(client_address => "192.0.2.65") =~ /a bad name/ })
    or fail "a bad name";
for my $case ([ "a day ago", -86400 ], [ "ten years ago", -3650 * 86400 ],
	[ "in ten years", 3660 * 86400 ], [ "a day before that", -86400 ]) {
	my ($what, $seconds) = @$case;

	$w->set_clock($seconds);
	decides($what);
	like ask(%known), qr/$greylisted|$passes|^PREPEND/, "$what: who is known has an answer";
	like ask(%waits), qr/$greylisted|^PREPEND/, "$what: so has who waits";
	is scalar(grep { ask(%often) =~ /Too often/ } 1 .. 5) >= 2, 1, "$what: what comes often is refused";
	$w->advance(301);
	like ask(%known), qr/$passes|^PREPEND/, "$what: five minutes later the one is known";
	like ask(%waits), qr/$passes|^PREPEND/, "$what: and the other has waited";
	$w->advance(3601);
	unlike ask(%often), qr/Too often/, "$what: an hour later there is room again";
}
is $w->stop, 0, "stops cleanly";
unlike $w->log, qr/panic|fatal/, "nothing was wrong with a process but its file";
is $w->complaints, "", "no complaints";
done_testing;
