#!/usr/bin/perl
# The scenarios of the founding documents about what a host is for: null client,
# external relay, host without mail to the outside; and what a session shows
# (D-10, D-33, D-59; P-024, P-041, P-042, P-102, P-134; F-14,
# F-16, F-20, F-150).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Scenario;
use Weir::Users;

my $why = Weir::Users::enter("kdent");
plan skip_all => $why if $why;
my $d = Weir::Users::dir();

my $w = Weir::Scenario->new(start => 0);
my $dir = $w->{dir};
my $here = "127.0.0.1:$w->{port}";
$w->dns("example.com" => "@ IN MX 10 mx\nmx IN A 127.0.1.1\n" .
    "mailserver IN A 127.0.1.2\n");
$w->sink("mx", at => "127.0.1.1:25");
$w->sink("mailserver", at => "127.0.1.2:25");

# Start with exactly this main.cf (and what a test needs), and a master.cf
# without the services that are left out.
sub host {
	my ($main, %arg) = @_;
	my @without = qw(mydestination mynetworks local_recipient_maps
	    alias_maps myhostname inet_interfaces);

	push @without, $1 while $main =~ /^(\w+) *=/mg;
	$w->configure(main => $main, without => \@without,
	    master => "pickup unix n - n 60 1 pickup\n");
	if ($arg{comment}) {
		my $path = "$dir/etc/master.cf";
		my $text = Weir::read_file($path);
		$text =~ s/^\Q$_\E /# $_ /m for @{ $arg{comment} };
		$w->write_file("master.cf", $text);
	}
	is $w->stop, 0, "stops";
	ok $w->start, "starts with that";
}

# The recipients of a sink's messages, once there are so many.
sub got {
	my ($name, $count) = @_;
	my @m = $w->messages("$dir/$name", $count);

	unlink glob("$dir/$name/*");
	return join " ", sort map { my ($f, $t) = (/^X-From: <(.*?)>/m,
	    /^X-To: <(.*?)>/m); "$f>$t" } @m;
}

sub sends {
	my ($text, @args) = @_;

	is_deeply [$w->sendmail("Subject: x\n\nx\n", @args)], [0, ""], $text;
}

subtest "S-192: a null client" => sub {
	my $main = <<'EOT';
myhostname = client.example.com
mydomain = example.com
myorigin = $mydomain
relayhost = $mydomain
inet_interfaces = 127.0.0.1
local_transport = error:local delivery is disabled
alias_maps =
EOT
	host($main, comment => ["local", "virtual"]);
	sends("mail of a user", "-f", "kdent", "info", 'a@far.example');
	is got("mx", 1), 'kdent@example.com>info@example.com',
	    "goes to the exchangers of the domain, as of the domain";
	$w->send_mail(to => 'a@far.example');
	is got("mx", 1), 'sender@example.net>a@far.example', "by SMTP, too";
	my $reply = $w->rcpt('kdent@client.example.com');
	like $reply, qr/^550 5\.1\.1 <kdent\@client\.example\.com>: Recipient address rejected: /,
	    "nothing is delivered here: $reply";
	host($main =~ s/^relayhost.*/relayhost = [mailserver.example.com]/mr,
	    comment => ["local", "virtual"]);
	sends("another relay host", "-f", "kdent", 'a@far.example');
	is got("mailserver", 1), 'kdent@example.com>a@far.example',
	    "S-193: without exchangers";
};

subtest "S-194, S-195: an external relay" => sub {
	$w->index_table("virtual", <<'EOT');
postmaster      postmaster@example.com
abuse           abuse@example.com
EOT
	$w->index_table("relay_recipients", <<'EOT');
user1@example.com	x
user2@example.com	x
postmaster@example.com	x
abuse@example.com	x
EOT
	$w->index_table("transport", <<'EOT');
example.com	smtp:[mailserver.example.com]
EOT
	host(<<'EOT', comment => ["local", "virtual"]);
myhostname = relay.example.com
myorigin = example.com
mydestination =
local_recipient_maps =
local_transport = error:local mail delivery is disabled
virtual_alias_maps = hash:$dir/etc/virtual
mynetworks = 127.0.0.2/32 1.2.3.0/24
relay_domains = example.com
parent_domain_matches_subdomains =
    debug_peer_list smtpd_access_maps
smtpd_recipient_restrictions =
    permit_mynetworks reject_unauth_destination
relay_recipient_maps = hash:$dir/etc/relay_recipients
transport_maps = hash:$dir/etc/transport
alias_maps =
EOT
	for (["user1\@example.com", "250 2.1.5 Ok", "a listed user"],
	    ["user3\@example.com", "550 5.1.1 <user3\@example.com>: " .
		"Recipient address rejected: User unknown in relay " .
		"recipient table", "another one"],
	    ["user1\@dator.example.com", "454 4.7.1 <user1\@dator.example.com>" .
		": Relay access denied", "a subdomain"],
	    ["a\@far.example", "454 4.7.1 <a\@far.example>: Relay access " .
		"denied", "the world"]) {
		my ($to, $reply, $what) = @$_;
		is $w->rcpt($to), $reply, "S-194: $what";
	}
	is $w->rcpt('a@far.example', from_addr => "127.0.0.2"),
	    "250 2.1.5 Ok", "S-194: the own network may";
	like $w->send_mail(to => ["postmaster", "abuse\@example.com"]),
	    qr/^250/, "S-195: postmaster, and abuse";
	is got("mailserver", 1) =~ s/.*>//r, 'postmaster@example.com',
	    "S-195: reach the inner host";
	ok $w->wait_log(qr/to=<abuse\@example\.com>.*status=sent/),
	    "S-195: both";
};

subtest "S-214: mail for users of this system only" => sub {
	host(<<"EOT");
myhostname = localhost
mydomain = localdomain
mydestination = \$myhostname, localhost.\$mydomain, \$mydomain
inet_interfaces = \$myhostname, localhost
mynetworks_style = host
default_transport = error: outside mail is not deliverable
mail_spool_directory = $d/spool
alias_maps =
EOT
	is $w->rcpt('a@far.example'), '550 5.1.1 <a@far.example>: Recipient ' .
	    'address rejected: outside mail is not deliverable', "no";
	sends("to the outside", "-f", "kdent", 'a@far.example');
	ok $w->wait_log(qr/to=<a\@far\.example>, relay=none, .*dsn=5\.0\.0, status=bounced \(outside mail is not deliverable\)/),
	    "a user's mail comes back";
	ok $w->wait_for(sub {
		Weir::read_file("$d/spool/kdent") =~
		    /^Subject: Undelivered Mail Returned to Sender$/m
	}), "to his mailbox";
};

subtest "S-081, S-202: mail for local users, by hand" => sub {
	host(<<"EOT");
myhostname = mail.example.com
mydestination = \$myhostname, localhost.\$mydomain, localhost, test.example
mail_spool_directory = $d/spool
alias_maps =
EOT
	my $c = $w->smtp;
	$c->cmd($_) for "HELO me", 'MAIL FROM:<me@example.net>',
	    'RCPT TO:<kdent@test.example>', "DATA";
	my ($qid) = $c->cmd("Subject: by hand\r\n\r\nx\r\n.") =~ /(\w+)$/;
	ok $w->wait_log(qr/: $qid: to=<kdent\@test\.example>, relay=local, .*status=sent \(delivered to mailbox\)/),
	    "it arrives";
};

subtest "S-175, S-199, S-209: where it listens" => sub {
	my $port = $w->port("listens");
	my $connects = sub {
		my ($address) = @_;
		my $s = IO::Socket::INET->new(PeerAddr => $address,
		    PeerPort => $port);
		return $s ? "yes" : "no";
	};
	my $listens = sub {
		my ($set, $one, $other, $name) = @_;
		$w->configure(without => ["inet_interfaces", "inet_protocols",
			"mydestination"],
		    main => "inet_interfaces = $set\nmydestination =\n",
		    master => "$port inet n - n - - smtpd\n");
		is $w->stop, 0, "stops";
		ok $w->start, "inet_interfaces = $set";
		is $connects->("127.0.0.1"), $one, "$name: 127.0.0.1";
		is $connects->("192.0.2.1"), $other, "$name: 192.0.2.1";
	};
	is system("ip address add 192.0.2.1/32 dev lo"), 0, "an address more";
	$listens->("loopback-only", "yes", "no", "S-199: loopback-only");
	$listens->("all", "yes", "yes", "S-199: all");
	$listens->("192.0.2.1", "no", "yes", "S-175, S-199: one address");
	SKIP: {
		skip "no IPv6", 4 if !-e "/proc/net/if_inet6";
		require IO::Socket::IP;
		for my $case (["all", 1], ["ipv4", 0]) {
			$w->configure(without => ["inet_interfaces",
				"inet_protocols"],
			    main => "inet_interfaces = loopback-only\n" .
			    "inet_protocols = $case->[0]\n",
			    master => "$port inet n - n - - smtpd\n");
			$w->stop;
			$w->start;
			my $s = IO::Socket::IP->new(PeerAddr => "::1",
			    PeerPort => $port, GetAddrInfoFlags => 0);
			is defined $s ? 1 : 0, $case->[1],
			    "S-209: inet_protocols = $case->[0]: ::1";
			is $connects->("127.0.0.1"), "yes",
			    "S-209: inet_protocols = $case->[0]: 127.0.0.1";
		}
	}
};

subtest "S-177, S-205, S-207: what a session shows" => sub {
	host(<<'EOT');
myhostname = mail.example.com
smtpd_banner = $myhostname ESMTP $mail_name (Ubuntu)
mydestination = example.com,
    sub.example.com,
    localhost
local_recipient_maps =
mynetworks = 192.0.2.1
alias_maps =
EOT
	my $c = $w->smtp;
	is $c->{banner}, "220 mail.example.com ESMTP Weir (Ubuntu)",
	    "S-205: the banner";
	$c->cmd("EHLO me");
	is $c->cmd("EXPN list"), "500 5.5.2 Error: command not recognized",
	    "S-177: EXPN";
	is $w->rcpt("a\@$_"), "250 2.1.5 Ok", "S-207: a list in lines: $_"
	    for "example.com", "sub.example.com", "localhost";
	is $w->rcpt('a@other.example.com'), "454 4.7.1 " .
	    "<a\@other.example.com>: Relay access denied", "S-207: no more";
};

subtest "S-181: a main.cf made of parts" => sub {
	my @parts = ("myhostname = mail.example.com\nmydomain = example.com\n",
	    "relay_domains = \$mydomain\nrelay_recipient_maps =\n",
	    "# the last one counts\nmyhostname = other.example.com\n");
	host(join("", @parts) . "mydestination =\nalias_maps =\n");
	like $w->smtp->{banner}, qr/^220 other\.example\.com /,
	    "what is said twice is what was said last";
	is $w->rcpt('a@example.com'), "250 2.1.5 Ok", "and the rest is there";
};
$w->finish;
