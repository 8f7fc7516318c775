#!/usr/bin/perl
# Greylisting: a stranger's mail waits (S-190, S-223, G-22 to G-25, O-10), and
# Weir says what Debian's postgrey says in the same place (D-43, F-138).  What is
# remembered outlives a restart and is one for all doors; if it cannot be kept,
# mail passes or waits, as is set (hostile 75).
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use Time::HiRes qw(time);
use lib "$Bin/lib";
use Weir;
use Weir::Client;
use Weir::Policy;

plan skip_all => "the clock cannot be set in this build"
    if ($ENV{OUT} // "") =~ /release/;

my $w = Weir->new(start => 0);
my ($policy, $postgrey) = map { $w->port($_) } qw(policy postgrey);
my $main = <<'EOT';
relay_domains = example.org, open.example.org
relay_recipient_maps =
relay_transport = relay:[127.0.0.1]:${port:sink}
recipient_delimiter = +
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = greylist
weir_greylist_auto_allow = 2
EOT
my $master = "127.0.0.1:$policy inet n - n - - policy\n";

sub setup {
	my ($more) = @_;

	return (main => $main . ($more // ""), master => $master);
}

sub reload {
	my ($status, $said) = $w->reconfigure(@_);

	die $said . $w->log if $status != 0;
}
$w->names(<<'EOT');
big.example TXT v=spf1 ip4:192.0.2.210 -all
sub.big.example TXT v=spf1 ip4:192.0.2.210 -all
notbig.example TXT v=spf1 ip4:192.0.2.210 -all
soft.big.example TXT v=spf1 ~all
EOT
$w->configure(setup());
$w->start;
my $sink = $w->sink("sink");

sub client { return (xclient => "NAME=$_[0] ADDR=$_[1]") }

sub rcpt {
	my ($to, $name, $address, %with) = @_;

	return scalar $w->rcpt($to, client($name, $address), %with);
}

# The seconds in a refusal, which pass while we look: all but a minute of them.
sub about {
	my ($reply, $seconds) = @_;

	return $reply =~ /Greylisted for (\d+) seconds/ && $1 <= $seconds &&
	    $1 > $seconds - 60;
}

# The first contact, and the later ones.
my $first = rcpt('kjell-e@example.org', "a.example.net", "192.0.2.1");
like $first, qr/^450 4\.2\.0 <kjell-e\@example\.org>: Recipient address rejected: Greylisted for \d+ seconds$/,
    "a stranger's mail waits";
ok about($first, 300), "for five minutes";
$w->advance(120);
ok about(rcpt('kjell-e@example.org', "a.example.net", "192.0.2.1"), 180),
    "three more minutes";
ok about(rcpt('other@example.org', "a.example.net", "192.0.2.1"), 300),
    "another recipient is another matter";
ok about(rcpt('kjell-e@example.org', "a.example.net", "192.0.2.1",
    from => 'else@example.net'), 300), "so is another sender";
ok about(rcpt('kjell-e@example.org', "b.example.net", "198.51.100.1"), 300),
    "and another network";
$w->advance(181);
like rcpt('Kjell-E@example.org', "b.example.net", "192.0.2.77"), qr/^250 /,
    "then it is taken, also from another address of that network";
ok about(rcpt('joe@example.org', "six.example.net", "IPv6:2001:db8:0:1::5"), 300),
    "IPv6";
$w->advance(301);
like rcpt('joe@example.org', "six.example.net", "IPv6:2001:db8:0:1:ff::9"),
    qr/^250 /, "has networks of 64 bits";

# What a message says of it, once.
sub post {
	my ($to, $name, $address, $from) = @_;
	my $c = Weir::Client->new($w->{port});

	$c->cmd("XCLIENT NAME=$name ADDR=$address");
	$c->cmd("EHLO $name");
	$c->cmd("MAIL FROM:<$from>");
	my @replies = map { $c->cmd("RCPT TO:<$_>") } @$to;
	if (grep { /^250/ } @replies) {
		$c->cmd("DATA");
		push @replies, $c->cmd("Subject: x\r\n\r\nx\r\n.");
	}
	$c->cmd("QUIT");
	return join " ", map { substr $_, 0, 3 } @replies;
}
my @two = ('one@example.org', 'two@example.org');
is post(\@two, "m.example.net", "203.0.113.1", 'm@example.net'), "450 450",
    "two recipients wait";
$w->advance(400);
is post(\@two, "m.example.net", "203.0.113.1", 'm@example.net'), "250 250 250",
    "and come again";
ok $w->wait_for(sub { scalar(() = $w->messages($sink, 0)) >= 1 }), "delivered";
my ($message) = $w->messages($sink, 0);
my @headers = $message =~ /^(X-Greylist: .*?)\r?$/mg;
is scalar(@headers), 1, "one header";
like $headers[0], qr/^X-Greylist: delayed 4\d\d seconds by weir at \S+; \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \w+$/,
    "as postgrey's";
is post(\@two, "m.example.net", "203.0.113.1", 'm@example.net'), "250 250 250",
    "from then on they need not wait";
ok $w->wait_for(sub { scalar(() = $w->messages($sink, 0)) >= 2 }), "delivered";
unlike join("", ($w->messages($sink, 0))[1]), qr/^X-Greylist:/m, "no header";

# The log, in postgrey's words.
like $w->log, qr/action=greylist, reason=new, client_name=a\.example\.net, client_address=192\.0\.2\.1, sender=sender\@example\.net, recipient=kjell-e\@example\.org\n/,
    "log: new";
like $w->log, qr/action=greylist, reason=early-retry \(1\d\ds missing\), client_name=a\.example\.net, /,
    "log: early";
like $w->log, qr/action=pass, reason=triplet found, delay=3\d\d, client_name=b\.example\.net, client_address=192\.0\.2\.77, /,
    "log: passed";

# Twice is enough; an hour's counts once.
sub wait_once {
	my ($from, $address) = @_;

	rcpt('n@example.org', "often.example.net", $address, from => $from);
	$w->advance(3601);
	return rcpt('n@example.org', "often.example.net", $address, from => $from);
}
like wait_once('1@a.example', "192.0.2.130"), qr/^250 /, "a first success";
like rcpt('n@example.org', "often.example.net", "192.0.2.130",
    from => 'new@b.example'), qr/^450/, "is not enough";
like wait_once('1@c.example', "192.0.2.130"), qr/^250 /, "a second one";
like rcpt('n@example.org', "often.example.net", "192.0.2.130",
    from => 'new@d.example'), qr/^250 /, "is";
like $w->log, qr/action=pass, reason=client AWL, .*sender=new\@d\.example, /,
    "log: automatically allowed";
like rcpt('n@example.org', "near.example.net", "192.0.2.131",
    from => 'new@e.example'), qr/^450/, "for that address alone";

# Another door, and another process, know the same.
my $p = Weir::Policy->new($policy);
my %who = (client_address => "192.0.2.130", client_name => "often.example.net");
is $p->ask(%who, sender => 'x@d.example', recipient => 'n@example.org'),
    "DUNNO", "the policy server knows what the SMTP server does";
is $w->stop, 0, "stops cleanly";
$w->start;
like rcpt('kjell-e@example.org', "a.example.net", "192.0.2.1"), qr/^250 /,
    "after a restart it is known who has waited";

# Exceptions.
$w->write_file("clients", "# ours\nfile.example\n[2001:db8::]/32\n");
reload(setup(<<'EOT'));
weir_greylist_clients = good.example, 198.51.100.0/24, $config_directory/clients
weir_greylist_recipients = postmaster@, joe@example.org, open.example.org
weir_greylist_text = Greylisted, see http://greylist.example/%r
EOT
for my $case (
    [ 'a@example.org', "mx.good.example", "192.0.2.201", 1 ],
    [ 'a@example.org', "nogood.example", "192.0.2.202", 0 ],
    [ 'a@example.org', "some.example", "198.51.100.9", 1 ],
    [ 'a@example.org', "deep.file.example", "192.0.2.203", 1 ],
    [ 'a@example.org', "some.example", "IPv6:2001:db8:7::1", 1 ],
    [ 'postmaster@example.org', "some.example", "192.0.2.204", 1 ],
    [ 'Joe@Example.org', "some.example", "192.0.2.204", 1 ],
    [ 'joe+x@example.org', "some.example", "192.0.2.204", 1 ],
    [ 'jo@example.org', "some.example", "192.0.2.204", 0 ],
    [ 'a@open.example.org', "some.example", "192.0.2.204", 1 ],
    [ 'a@sub.open.example.org', "some.example", "192.0.2.204", 1 ],
) {
	my ($to, $name, $address, $passes) = @$case;

	like rcpt($to, $name, $address, from => 'fresh@x.example'),
	    $passes ? qr/^250 /
	    : qr!^450 4\.2\.0 <.*>: Recipient address rejected: Greylisted, see http://greylist\.example/example\.org$!,
	    "$to from $name [$address]";
}

# Domains whose SPF policy the mail passes, wherever it comes from.
reload(setup(<<'EOT'));
smtpd_recipient_restrictions = check_spf, greylist
weir_greylist_domains = big.example
EOT
for my $case (
    [ 'a@big.example', "192.0.2.210", "h.example", 250 ],
    [ 'a@sub.big.example', "192.0.2.210", "h.example", 250 ],
    [ 'a@notbig.example', "192.0.2.210", "h.example", 450 ],
    [ 'a@soft.big.example', "192.0.2.210", "h.example", 450 ],
    [ 'a@none.big.example', "192.0.2.210", "h.example", 450 ],
    [ '', "192.0.2.210", "sub.big.example", 250 ],
    [ '', "192.0.2.211", "h.example", 450 ],
) {
	my ($from, $address, $helo, $reply) = @$case;

	like rcpt('dom@example.org', "x.example", $address, from => $from,
	    helo => $helo), qr/^$reply /, "<$from> of $helo by SPF: $reply";
}
like $w->log, qr/action=pass, reason=domain whitelist, client_name=x\.example, .*sender=a\@big\.example, /,
    "log: a domain";
reload(setup("weir_greylist_domains = big.example\n"));
like rcpt('dom@example.org', "x.example", "192.0.2.212", from => 'a@big.example'),
    qr/^450 /, "where nobody has asked SPF, a domain is nobody's";

# A class of that name comes first: configurations that have one go on.
reload(main => <<'EOT' . $main =~ s/^weir_.*\n//mgr, master => $master);
smtpd_restriction_classes = greylist
greylist = check_sender_access inline:{{ask@example.net = DEFER_IF_PERMIT a class}}
EOT
like rcpt('z@example.org', "a.example.net", "192.0.2.9", from => 'ask@example.net'),
    qr/^450 4\.7\.1 <ask\@example\.net>: Sender address rejected: a class$/,
    "a class called greylist";
like rcpt('z@example.org', "a.example.net", "192.0.2.9"), qr/^250 /,
    "is all that it asks";

# Debian's postgrey, asked the same at the same time: both clocks are set.
SKIP: {
	skip "no postgrey, or not root", 1
	    if !-x "/usr/sbin/postgrey" || $> != 0;
	my @lists = ("mx.list.example", "203.0.113.200");
	my $six = "2001:db8:bad::";
	my @users = ('abuse@', 'trap@example.org', "free.example.org");

	# Networks of IPv6 addresses are written in brackets, as in main.cf.
	$w->write_file("lists", join "\n", @lists, "$six/48", "");
	$w->write_file("ours", join "\n", @lists, "[$six]/48", "");
	$w->write_file("users", join "\n", @users, "");
	chmod 0755, $w->{dir}, "$w->{dir}/etc";
	mkdir "$w->{dir}/postgrey";
	chown scalar(getpwnam("nobody")), -1, "$w->{dir}/postgrey";
	$w->peer("/usr/sbin/postgrey", "--inet=127.0.0.1:$postgrey",
	    "--user=nobody", "--group=nogroup", "--dbdir=$w->{dir}/postgrey",
	    "--pidfile=$w->{dir}/postgrey/pid", "--auto-whitelist-clients=9",
	    "--greylist-text=Greylisted, ask %r",
	    "--whitelist-clients=$w->{dir}/etc/lists",
	    "--whitelist-recipients=$w->{dir}/etc/users");
	$w->wait_port($postgrey);
	reload(main => <<'EOT', master => $master);
recipient_delimiter = +
smtpd_recipient_restrictions = greylist
weir_greylist_auto_allow = 9
weir_greylist_text = Greylisted, ask %r
weir_greylist_header = X-Greylist: delayed %t seconds by postgrey-1.37 at %h; %d
weir_greylist_clients = $config_directory/ours
weir_greylist_recipients = $config_directory/users
EOT
	my $ours = Weir::Policy->new($policy);
	my $theirs = Weir::Policy->new($postgrey);
	my @from = ("", (map { "$_\@many.example" } "a" .. "e"), 'a@one.example', 'prvs=0123456789=a@one.example',
	    'b-12-3@list.example', 'b-13-3@list.example', 'a+x@one.example');
	my @to = (('u@example.org', 'v@example.org') x 5, 'abuse@example.org',
	    'trap+9@example.org', 'w@free.example.org', 'w@x.free.example.org');
	my @clients = ([ "c.example", "203.0.113.1" ],
	    [ "c.example", "203.0.113.2" ], [ "d.example", "203.0.114.1" ],
	    [ "x.mx.list.example", "203.0.115.1" ],
	    [ "unknown", "203.0.113.200" ], [ "e.example", "2001:db8:bad::1" ],
	    [ "e.example", "2001:db8:1::1" ], [ "e.example", "2001:db8:1::2" ]);
	# Sums of them come no nearer to any limit than a minute, for a machine
	# that is held up; what is older than five weeks postgrey forgets at
	# night alone.
	my @steps = (0, 230, 230, 460, 3680);
	my $seed = 1;
	my $pick = sub {
		$seed = ($seed * 1103515245 + 12345) % 2 ** 31;
		return $_[($seed >> 8) % @_];
	};
	my (%seen, @differences);
	my $time = 1800000000;

	for my $i (1 .. 600) {
		my $client = $pick->(@clients);
		my %request = (sender => $pick->(@from), recipient => $pick->(@to),
		    client_name => $client->[0], client_address => $client->[1],
		    instance => "m." . int($i / 3));
		$time += $i % 50 == 0 ? 259210 : $pick->(@steps)
		    if $i % 3 == 0;
		$w->write_clock($w->{clock}, $time + 0.4 - $w->{clock} - time);
		my $they = $theirs->ask(%request, policy_test_time => $time) // "";
		my $we = $ours->ask(%request) // "";
		s/(delayed) \d+ seconds by (\S+) at .*/$1 by $2/ for $they, $we;
		$seen{$they}++;
		push @differences, "$i: " . join(" ", map { "$_=$request{$_}" }
		    sort keys %request) . " at $time: postgrey: $they; we: $we"
		    if $they ne $we;
	}
	is_deeply \@differences, [], "600 requests, no difference";
	is scalar(grep { $_ >= 20 } values %seen), 3, "of all kinds"
	    or diag map { "$seen{$_} $_\n" } sort keys %seen;
}

# A store that cannot be opened.
is $w->stop, 0, "stops cleanly";
my $state = "$w->{dir}/data/state";
for my $away ("dunno", "defer") {
	unlink glob "$state/*.mdb";
	mkdir "$state/data.mdb";
	$w->configure(setup("weir_greylist_away = $away\n"));
	$w->start;
	like rcpt('z@example.org', "a.example.net", "192.0.2.9"),
	    $away eq "dunno" ? qr/^250 /
	    : qr/^451 4\.3\.0 <z\@example\.org>: Temporary lookup failure$/,
	    "without a store: $away";
	is $w->stop, 0, "stops cleanly";
}
like $w->log, qr/warning: greylist: the state store cannot be used; the mail passes\n/,
    "the log says that mail passes";
like $w->log, qr/warning: greylist: the state store cannot be used; the mail is deferred\n/,
    "or waits";

# Before a server runs: weir test session, and a mistake.
$w->write_file("session", <<'EOT');
client a.example.net 192.0.2.1
helo a.example.net
mail <sender@example.net>
rcpt <u@example.org>
expect 450 4.2.0 by greylist
world memory greylist 1 0 301000
rcpt <u@example.org>
expect OK
world memory greylist away
rcpt <u@example.org>
expect 451 4.3.0 by greylist
EOT
my $weir = Weir::program();
my $said = `$weir test session -c $w->{dir}/etc $w->{dir}/etc/session`;
is $?, 0, "weir test session" or diag $said;
# weir check looks for an open relay behind it, and remembers nothing for that.
$w->configure(main => <<'EOT', master => $master);
smtpd_relay_restrictions = greylist, check_helo_access inline:{friend.example=OK}, reject_unauth_destination
EOT
(my $status, $said) = $w->command("check");
like $said, qr/is an open relay.*check_helo_access/s, "an open relay is found";
like $said, qr/^world memory greylist 0$/m, "and the script is whole";
unlike $said, qr/action=/, "nothing is logged of it";
$w->configure(setup("weir_greylist_away = maybe\nweir_greylist_retry_window = 5m\n"));
($status, $said) = $w->command("check");
like $said, qr/weir_greylist_away: bad value "maybe": dunno or defer/,
    "a mistake is told";
like $said, qr/weir_greylist_retry_window: nobody passes/, "so is another";
is $w->complaints, "", "no sanitizer complains";
unlike $w->log, qr/panic|fatal/, "nothing died";
done_testing;
