#!/usr/bin/perl
# Reputations in the SMTP server and in the policy server: what counts as good and
# as bad, for a network and for the domain that SPF finds responsible; what does
# not count; how it fades; and what conditions make of it.  Where it is kept does
# not matter, and if that is away, nobody is known.
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib";
use Weir;
use Weir::Client;
use Weir::MilterClient;
use Weir::Policy;

plan skip_all => "the clock cannot be set in this build"
    if ($ENV{OUT} // "") =~ /release/;

my $w = Weir->new(start => 0);
my ($policy, $tell, $milter, $redis_port) = map { $w->port($_) } qw(policy tell milter redis);
$w->names(<<'EOT');
pass.example TXT v=spf1 ip4:192.0.2.0/24 ip4:198.51.100.0/24 -all
EOT
my $main = <<'EOT';
smtpd_authorized_xclient_hosts = 127.0.0.1
mynetworks = 10.0.0.0/8
relay_domains = example.org
relay_recipient_maps = inline:{u@example.org=x, trap@example.org=x, later@example.org=x, grey@example.org=x}
relay_transport = discard
smtpd_hard_error_limit = 100
smtpd_relay_restrictions = reject_unauth_destination
header_checks = regexp:{{/^Subject: viagra/ REJECT}}
weir_reputation = yes
weir_reputation_traps = trap@example.org
smtpd_recipient_restrictions = reject_unauth_destination, check_spf,
    if { reputation < -50 } { check_recipient_access inline:{{u@example.org=REJECT 5.7.1 ill reputed}} },
    check_recipient_access inline:{{later@example.org=450 4.7.1 later}},
    if { recipient == "grey@example.org" && reputation < 30 } greylist
EOT

# What is known of a client is an answer that counts for nothing.
sub telling {
	my ($name) = @_;

	return join ", ", map {
		"if { policy_context == \"$name\" && $name == $_ } check_client_access static:{450 4.7.1 $name=$_}"
	} ($name =~ /good|bad/ ? 0 .. 40 : -100 .. 100);
}
my @facts = qw(reputation_good reputation_bad reputation_domain_good reputation_domain_bad reputation_domain);
my $master = <<EOT;
127.0.0.1:$policy inet n - n - - policy
  -o smtpd_recipient_restrictions=\$policy_list -o weir_spf_header=no
127.0.0.1:$tell inet n - n - - policy
  -o smtpd_recipient_restrictions=\$tell_list
127.0.0.1:$milter inet n - n - - milter
  -o smtpd_recipient_restrictions=\$milter_list
EOT
$main .= "policy_list = check_spf, check_recipient_access inline:{{bad\@example.org=REJECT}, {later\@example.org=DEFER}}\n";
$main .= "milter_list = \$policy_list, if { recipient == \"grey\@example.org\" && reputation < 10 } greylist\n";
$main .= "tell_list = check_spf, " . join(", ", map { telling($_) } @facts, "reputation") . "\n";

sub reload {
	my ($status, $said) = $w->reconfigure(@_);

	die $said . $w->log if $status != 0;
}
$w->configure(main => $main, master => $master);
$w->start;
my $asker = Weir::Policy->new($tell);

sub known {
	my ($fact, $address, $from) = @_;
	my $said = $asker->ask(client_address => $address, policy_context => $fact,
	    sender => $from // 'x@none.example', recipient => 'y@example.org',
	    instance => "tell" . rand()) // "nothing";

	return $said =~ /$fact=(-?\d+)/ ? $1 : $said;
}

# What is counted is known a moment later.
sub becomes {
	my ($address, $good, $bad, $what, $from) = @_;
	my @names = map { "reputation_" . ($from ? "domain_" : "") . $_ } "good", "bad";
	my @got;

	$w->wait_for(sub {
		@got = map { known($_, $address, $from) } @names;
		return "@got" eq "$good $bad";
	});
	is "@got", "$good $bad", $what;
}

sub client { return Weir::Client->new($w->{port}) }

sub post {
	my ($address, $from, $to, %with) = @_;
	my $c = client();

	$c->cmd("XCLIENT NAME=c.example ADDR=$address" . ($with{login} ? " LOGIN=joe" : ""));
	$c->cmd("EHLO c.example");
	$c->cmd("MAIL FROM:<$from>");
	my @replies = map { $c->cmd("RCPT TO:<$_>") } @$to;
	if (grep { /^250/ } @replies) {
		$c->cmd("DATA");
		push @replies, $c->cmd("Subject: " . ($with{subject} // "x") . "\r\n\r\nx\r\n.");
	}
	$c->cmd("QUIT");
	return join " ", map { substr $_, 0, 3 } @replies;
}

# What counts.
is known("reputation", "192.0.2.1"), 0, "a stranger is neutral";
is post("192.0.2.1", 'a@none.example', ['u@example.org']), "250 250", "a message";
becomes("192.0.2.9", 1, 0, "is good, for its network");
is post("192.0.2.2", 'a@none.example', ['u@example.org', 'no@example.org', 'nor@example.org']),
    "250 550 550 250", "one with unknown recipients";
becomes("192.0.2.1", 2, 2, "is good, and they are bad");
is post("192.0.2.1", 'a@none.example', ['later@example.org']), "450", "a deferral";
is post("192.0.2.1", 'a@none.example', ['x@elsewhere.example']), "554", "an attempt to relay";
becomes("192.0.2.1", 2, 3, "is bad, and the deferral nothing");
is post("192.0.2.1", 'a@none.example', ['u@example.org'], subject => "viagra"), "250 550",
    "content that is refused";
becomes("192.0.2.1", 2, 8, "weighs more");
is post("203.0.113.1", 'a@none.example', ['trap@example.org']), "250 250", "a trap";
becomes("203.0.113.1", 0, 10, "weighs most, though it is taken");
is post("IPv6:2001:db8:0:1::1", 'a@none.example', ['u@example.org']), "250 250", "IPv6";
becomes("2001:db8:0:1:9::9", 1, 0, "is known by 64 bits");
becomes("2001:db8:0:2::1", 0, 0, "which others do not share");

# Whose does not.
post("10.0.0.1", 'a@none.example', ['no@example.org']);
post("198.51.100.9", 'a@none.example', ['no@example.org'], login => 1);
post("192.0.2.7", 'a@none.example', ['u@example.org']);
becomes("192.0.2.1", 3, 8, "a later one");
becomes("10.0.0.1", 0, 0, "our own networks");
becomes("198.51.100.9", 0, 0, "who has logged in");

# A domain that SPF finds responsible.
is post("198.51.100.1", 'a@pass.example', ['u@example.org', 'no@example.org']), "250 550 250",
    "a domain's mail";
becomes("198.51.100.1", 1, 1, "counts for it", 'b@pass.example');
is known("reputation_domain", "192.0.2.1", 'b@pass.example'), 0, "wherever it comes from";
is post("192.0.2.1", 'a@pass.example', ['u@example.org']), "250 250", "from another network";
becomes("192.0.2.1", 2, 1, "it is the same", 'b@pass.example');
like known("reputation_domain_good", "203.0.113.1", 'b@pass.example'), qr/^550 /,
    "but not for who may not send its mail";

# What another MTA asks, and says.
my $p = Weir::Policy->new($policy, client_address => "203.0.114.1");
is $p->ask(recipient => 'u@example.org'), "DUNNO", "a policy server that lets pass";
like $p->ask(recipient => 'bad@example.org'), qr/^(?:REJECT|554)/, "and refuses";
like $p->ask(recipient => 'later@example.org'), qr/^(?:DEFER|450)/, "and defers";
like $p->ask(recipient => 'trap@example.org'), qr/^DUNNO/, "and has a trap";
becomes("203.0.114.1", 0, 11, "counts what is bad");
is $p->ask(protocol_state => "END-OF-MESSAGE", recipient_count => 2,
    recipient => "", instance => "m1"), "DUNNO", "the end of a message";
becomes("203.0.114.1", 1, 11, "is good");
my %by = (sender => 'c@pass.example', client_address => "198.51.100.1", instance => "m2");
is $p->ask(%by, recipient => 'u@example.org'), "DUNNO", "SPF at RCPT";
$p->ask(%by, protocol_state => "END-OF-MESSAGE", recipient_count => 2, recipient => "");
becomes("198.51.100.1", 3, 1, "is known at the end of the message", 'b@pass.example');

# A milter beside another MTA, which remembers with the others.
sub milter {
	my ($to, $subject) = @_;
	my $m = Weir::MilterClient->new($milter);
	my @said = $m->begin(address => "203.0.115.1", to => "<$to\@example.org>");

	if ($said[0] eq "continue" && $subject) {
		$m->data;
		$m->content(["Subject: $subject"], "text\r\n");
		@said = $m->end;
	}
	return $said[0];
}
like milter("grey"), qr/^450 4\.2\.0 .*Greylisted for 300 seconds/, "a milter: a stranger waits";
is milter("u", "hello"), "continue", "a message";
like milter("bad", "hello"), qr/^554 /, "a refusal";
like milter("u", "viagra"), qr/^550 /, "content that is refused";
becomes("203.0.115.1", 1, 6, "all count");

# It is compared; what it has refused proves nothing.
is post("203.0.114.9", 'a@none.example', ['u@example.org']), "554", "an ill reputed network";
is post("203.0.114.9", 'a@none.example', ['u@example.org', 'no@example.org']), "554 550",
    "and an unknown recipient";
becomes("203.0.114.9", 1, 12, "only that is bad");

# It fades.  A connection that was idle for so long is ended.
sub later {
	$w->advance($_[0]);
	$asker = Weir::Policy->new($tell);
}
later(14 * 86400);
is known("reputation_bad", "203.0.114.9"), 6, "half of it in half the life";
is known("reputation_good", "203.0.114.9"), 1, "rounded to the next";
later(5 * 14 * 86400);
is known("reputation_bad", "203.0.114.9"), 0, "and so on";
is post("203.0.114.9", 'a@none.example', ['u@example.org']), "250 250", "it is taken again";

# Those who have been good need not wait; it outlives a restart.
is post("192.0.3.1", 'g@none.example', ['grey@example.org']), "450", "a stranger waits";
post("192.0.3.1", 'a@none.example', ['u@example.org']) for 1 .. 3;
becomes("192.0.3.1", 3, 0, "one that has been good");
is $w->stop, 0, "stops cleanly";
$w->start;
my %before = counts();
$asker = Weir::Policy->new($tell);
is post("192.0.3.1", 'h@none.example', ['grey@example.org']), "250 250", "does not";

# A flood costs few writes; nobody waits for them.
my $c = client();
$c->cmd("XCLIENT NAME=c.example ADDR=203.0.120.1");
$c->cmd("EHLO c.example");
$c->cmd("MAIL FROM:<a\@none.example>");
$c->cmd("RCPT TO:<no$_\@example.org>") for 1 .. 30;
$c->cmd("QUIT");
becomes("203.0.120.1", 0, 30, "thirty refusals");

# What weir status says.
sub counts {
	return ($w->command("status"))[1] =~ /^reputation: ([\w ]+): (\d+) since [-\d]+ [:\d]+$/mg;
}
cmp_ok $before{$_} // 0, ">", 0, "weir status: $_"
    for "known", "unknown", "good outcomes", "bad outcomes";
ok $w->wait_for(sub {
	my %now = counts();

	return $now{"bad outcomes"} == $before{"bad outcomes"} + 30 &&
	    $now{"good outcomes"} == $before{"good outcomes"} + 1;
}), "one for each";

# Gateways that share it; and a server that is away.
SKIP: {
	skip "no redis-server", 7 if !-x "/usr/bin/redis-server";
	my $redis = $w->peer("/usr/bin/redis-server", "--port", $redis_port,
	    "--bind", "127.0.0.1", "--save", "", "--dir", $w->{dir}, "--logfile",
	    "$w->{dir}/redis.log");
	$w->wait_port($redis_port);
	$w->write_file("memory.cf", "host = 127.0.0.1:$redis_port\ntimeout = 20\n");
	reload(main => $main . "weir_memory_store = redis:\$config_directory/memory.cf\n",
	    master => $master);
	$asker = Weir::Policy->new($tell);
	is post("192.0.2.1", 'a@pass.example', ['u@example.org', 'no@example.org']), "250 550 250",
	    "with Redis";
	becomes("192.0.2.1", 1, 1, "a network");
	becomes("198.51.100.1", 1, 1, "and a domain", 'b@pass.example');
	kill KILL => $redis;
	waitpid $redis, 0;
	is post("192.0.2.1", 'a@none.example', ['u@example.org']), "250 250",
	    "without, mail goes on";
	ok $w->wait_log(qr/warning: reputation: .*; 192\.0\.2\.0\/24 is not known\n/),
	    "and the log says so";
	ok $w->wait_log(qr/warning: reputation: .*; \d+ outcomes are not counted\n/),
	    "of what is lost, too";
	ok $w->wait_for(sub {
		my %now = counts();
		return $now{"memory away"} && $now{"lost outcomes"};
	}), "weir status counts them";
}

# Before a server runs: given facts, and a mistake.
$w->configure(main => $main, master => $master);
$w->write_file("session", <<'EOT');
client a.example.net 192.0.2.1
helo a.example.net
mail <sender@none.example>
rcpt <u@example.org>
expect OK
world memory reputation -60 2 20
rcpt <u@example.org>
expect 554 5.7.1
world memory reputation away
rcpt <u@example.org>
expect OK
EOT
my $weir = Weir::program();
my $said = `$weir test session -c $w->{dir}/etc $w->{dir}/etc/session 2>&1`;
is $?, 0, "weir test session" or diag $said;
$w->configure(main => $main =~ s/^weir_reputation = yes/weir_reputation = no/mr, master => $master);
(my $status, $said) = $w->command("check");
like $said, qr/weir_reputation = no: nothing is counted/, "a condition about nothing";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
unlike $w->log, qr/panic|fatal/, "nothing died";
done_testing;
