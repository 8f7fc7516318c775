#!/usr/bin/perl
# weir class: who has which restriction class, changed while mail is served, in
# the SMTP gateway and in the policy server, by recipient, sender, login, client
# and domain (S-150).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Policy;

my $w = Weir->new(start => 0);
my $port = $w->port("policy");
my $store = "$w->{dir}/etc/user_classes";
my %config = (main => <<'EOT', master => <<EOM);
relay_domains = example.com
relay_recipient_maps =
relay_transport = discard
smtpd_authorized_xclient_hosts = 127.0.0.1
mynetworks = 192.0.2.1
smtpd_restriction_classes = spamlover, spamhater
spamhater = check_sender_access inline:{{spam@example.net = REJECT spam}}
spamlover = permit
smtpd_recipient_restrictions = reject_unauth_destination, check_recipient_access $weir_class_table, check_sasl_access $weir_class_table, check_client_access $weir_class_table
weir_classes_elsewhere = greylist
EOT
127.0.0.1:$port inet n - n - - policy
EOM

sub class { return [$w->command("class", @_)] }

# What weir class says.
$w->configure(%config);
is_deeply class("list"), [0, ""], "nobody has a class";
is_deeply class("show", 'a@example.com'),
    [1, "weir class: \"a\@example.com\" has no class\n"], "not even a";
is_deeply class("unset", 'a@example.com'),
    [1, "weir class: \"a\@example.com\" has no class\n"], "none to take away";
ok !-e $store, "looking makes no file";
is_deeply class("set", 'A@Example.com', "spamhater"), [0, ""], "a has one";
is_deeply class("set", "example.net", "spamlover"), [0, ""], "and a domain";
is_deeply class("list"),
    [0, "a\@example.com\tspamhater\nexample.net\tspamlover\n"], "listed";
is_deeply class("show", 'a@example.COM'), [0, "spamhater\n"], "shown";
is_deeply class("unset", 'a@example.com', "spamlover"),
    [1, "weir class: \"a\@example.com\" has no class spamlover\n"],
    "another class is not taken away";
is_deeply class("unset", "EXAMPLE.net", "spamlover"), [0, ""], "this one is";
is_deeply class("set", 'a@example.com', "spamlover"), [0, ""], "changed";
is_deeply class("list"), [0, "a\@example.com\tspamlover\n"], "one class each";
is_deeply class("set", "b", "spamhaters"),
    [65, "weir class: fatal: \"spamhaters\" is no class: neither " .
	"smtpd_restriction_classes nor weir_classes_elsewhere names it\n"],
    "no such class";
is class("set", $_, "spamlover")->[0], 65, "\"$_\" is no user"
    for "", "a b", "a\xff";
is class(@$_)->[0], 64, "usage: @$_"
    for [], ["sett"], ["show"], ["list", "a"], ["set", "a"],
    ["unset", "a", "b", "c"], ["-x"];

# Many at once: no change is lost.
my @pids = map {
	my $n = $_;
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		my ($status) = $w->command("class", "set", "user$n", "greylist");
		POSIX::_exit($status);
	}
	$pid;
} 1 .. 8;
is join(" ", map { waitpid $_, 0; $? } @pids), "0 0 0 0 0 0 0 0",
    "eight at the same time";
is scalar(() = class("list")->[1] =~ /^user\d\tgreylist$/mg), 8, "all are there";
is class("unset", "user$_")->[0], 0, "user$_ goes" for 1 .. 8;

# Every change acts on the next request, in both doors.
ok $w->start, "starts";
my $p = Weir::Policy->new($port);
my $spam = 'spam@example.net';
my $hated = "554 5.7.1 <$spam>: Sender address rejected: spam";
for my $class ("spamhater", "spamlover", "spamhater") {
	is class("set", 'a@example.com', $class)->[0], 0, "a becomes a $class";
	my $hates = $class eq "spamhater";
	is $w->rcpt('a@example.com', from => $spam),
	    $hates ? $hated : "250 2.1.5 Ok", "$class, SMTP";
	is $p->ask(recipient => 'a@example.com', sender => $spam),
	    $hates ? $hated : "OK", "$class, policy server";
	is $w->rcpt('b@example.com', from => $spam), "250 2.1.5 Ok",
	    "$class: nobody else";
}
is class("unset", 'a@example.com')->[0], 0, "a has no class any more";
is $w->rcpt('a@example.com', from => $spam), "250 2.1.5 Ok", "none, SMTP";
is $p->ask(recipient => 'a@example.com', sender => $spam), "DUNNO",
    "none, policy server";
for (["example.com", "the recipient's domain"], ["joe", "a login"],
    ["192.0.2", "a network"], ["client.example.net", "a client's name"],
    ["b@", "a recipient in any domain"]) {
	my ($user, $what) = @$_;
	my @ask = (recipient => 'b@example.com', sender => $spam,
	    sasl_username => "joe");
	is class("set", $user, "spamhater")->[0], 0, "$what has a class";
	is $p->ask(@ask), $hated, "by $what";
	is class("unset", $user)->[0], 0, "and has none";
	is $p->ask(@ask), "DUNNO", "no more";
}
is class("set", 'a@example.com', "greylist")->[0], 0,
    "a class of the Postfix that asks";
is $p->ask(recipient => 'a@example.com'), "greylist", "goes there";
is class("set", 'a@example.com', "spamhater")->[0], 0, "back";
is $w->rcpt('a@example.com', from => $spam), $hated, "refused";
ok $w->wait_for(sub { ($w->command("explain", 'a@example.com'))[1] =~
	/spamhater.*\Q$store\E/s }), "explained, with the store";

# What is damaged cannot be asked; what is missing at a load is refused.
my $bad = "no index";
$w->write_file("user_classes", $bad);
is $w->rcpt('a@example.com', from => $spam), $hated,
    "the old content serves when the new one cannot be read";
ok $w->wait_log(qr/warning: class:\Q$store\E: its new content cannot be read/),
    "a warning says so";
is class("set", 'b@example.com', "spamlover")->[0], 73,
    "a damaged store is not written to";
is class("list")->[0], 69, "nor listed";
is Weir::read_file($store), $bad, "it is left as it was";
rename $store, "$store.away" or die;
like +($w->command("check"))[1], qr/user_classes/, "no store, and a list needs it";
is class("set", 'a@example.com', "spamhater")->[0], 0, "made anew";
is $w->rcpt('a@example.com', from => $spam), $hated, "and taken up";
is $w->stop, 0, "stops";
$w->configure(%config, main => $config{main} . "weir_class_table = hash:/x\n");
is_deeply class("list"), [78,
    "weir class: fatal: weir_class_table = hash:/x: need class:/path\n"],
    "another type of table is not ours to change";
done_testing;
