#!/usr/bin/perl
# The scenarios of the founding documents about the way to the next hop: mail
# exchangers, transports and relay hosts, with their names and their port 25, in
# a network of its own (D-29, D-30, D-32, D-57; P-058, P-103, P-119, P-123,
# P-124, P-169; F-32).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Scenario;
use Weir::Users;

my $why = Weir::Users::enter();
plan skip_all => $why if $why;

# Where each host is; who has no server refuses connections.
my %host = (mail1 => "127.0.1.1", mail2 => "127.0.0.1", mail3 => "127.0.1.3",
    gw => "127.0.1.4", alone => "127.0.1.5", busy => "127.0.1.6",
    never => "127.0.1.7", twin1 => "127.0.1.8", twin2 => "127.0.1.9",
    backup => "127.0.1.10", native => "127.0.1.11",
    mirror => "127.0.1.12");
my $zone = join "", map { "$_ IN A $host{$_}\n" } sort keys %host;

my $w = Weir::Scenario->new(base => <<'EOT', start => 0);
minimal_backoff_time = 300s
maximal_backoff_time = 300s
queue_run_delay = 100s
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
EOT
my $dir = $w->{dir};
$w->configure(main => $w->with_base(""));
$w->start;

# Send to it; the reply's queue id.
sub post {
	my ($to, %arg) = @_;
	my $reply = $w->send_mail(to => $to, %arg);

	like $reply, qr/queued as \w+$/, "mail to $to";
	return $reply =~ /queued as (\w+)/ ? $1 : "none";
}

# What the log says of it, without the times.
sub logs {
	my ($qid, $pattern, $what) = @_;

	ok $w->wait_log(qr/: $qid: to=<.*$pattern/), $what or diag join "\n",
	    grep { /$qid/ } split /\n/, $w->log;
}

# Mail to it reaches that host.
sub reaches {
	my ($to, $host, $what, %arg) = @_;
	my $qid = post($to, %arg);
	my $ip = quotemeta($host{$host} // $host);

	logs($qid, "relay=\\S*\\[$ip\\]:${\ ($arg{port_there} // 25)}, .*status=sent", $what);
}

subtest "S-085: no name server answers" => sub {
	my $qid = post('a@example.com');
	logs($qid, 'relay=none, .*dsn=4\.4\.3, status=deferred \(Host or domain name not found\. Name service error for name=example\.com type=MX: Host not found, try again\)',
	    "deferred, to be tried again");
	$w->command("postsuper", "-d", "ALL");
};

$w->dns("example.com" => <<"EOT" . $zone,
@ IN MX 10 mail1
@ IN MX 20 mail2
@ IN MX 30 mail3
hr IN MX 10 mail3
www IN A $host{alone}
never IN MX 10 nowhere
busy4 IN MX 10 busy
busy4 IN MX 20 backup
busy5 IN MX 10 never
busy5 IN MX 20 backup
three IN MX 10 down
three IN MX 20 gw
three IN MX 30 backup
down IN A 127.0.1.20
twins IN MX 10 twin1
twins IN MX 10 twin2
native IN MX 10 gw
EOT
    "oreillynet.com" => "@ IN MX 10 gw\ngw IN A $host{gw}\n",
    "oreilly.com" => "@ IN MX 10 wrong\nwrong IN A 127.0.1.20\n" .
	"gateway IN A $host{gw}\n");
$w->sink($_, at => "$host{$_}:25")
    for qw(mail3 gw alone twin1 twin2 backup native);
$w->sink("busy", at => "$host{busy}:25",
    replies => { BANNER => ["421 4.3.2 not now *"] });
$w->sink("never", at => "$host{never}:25",
    replies => { BANNER => ["554 5.7.1 not you *"] });
my ($own) = ($w->command("postconf", "-h", "myhostname"))[1] =~ /(\S+)/;
$w->sink("mirror", at => "$host{mirror}:25", replies => { EHLO => ["250 $own *"] });
my $behind = $w->port("behind");
$w->sink("behind", at => "$host{mirror}:$behind", replies => { EHLO => ["250 $own *"] });
$w->take("");

subtest "S-076, S-077: exchangers in their order, or the address" => sub {
	reaches('a@three.example.com', "gw",
	    "S-076: the first is down: the second, not the third");
	reaches('a@www.example.com', "alone", "S-077: no MX: the address");
};

subtest "S-078: a backup exchanger finds itself in the list" => sub {
	$w->take("relay_domains = example.com\nrelay_recipient_maps =\n" .
	    "transport_maps =\n");
	my $qid = post('ophelia@example.com');
	logs($qid, 'status=deferred \(connect to mail1\.example\.com\[127\.0\.1\.1\]:25: Connection refused\)',
	    "mail1 is away: mail waits");
	unlike $w->log, qr/$qid: to=.*mail3/, "mail3 is not asked";
	$w->sink("mail1", at => "$host{mail1}:25");
	$w->at_rest;
	$w->advance(700);
	logs($qid, 'relay=mail1\.example\.com\[127\.0\.1\.1\]:25, .*status=sent',
	    "when it is back, it gets it");
	is scalar(@{[ $w->messages("$dir/mail3", 0) ]}), 0,
	    "mail3 has nothing";
};

subtest "O-39, X-11: a server that answers with our name" => sub {
	my $qid;

	$w->restart("relayhost = [mirror.example.com]\n");
	$qid = post('a@outside.example');
	logs($qid, 'dsn=4\.4\.6, status=deferred \(mail for \[mirror\.example\.com\] loops back to myself\)',
	    "is ourselves");
	like $w->log, qr/warning: host mirror\.example\.com\[127\.0\.1\.12\] replied to HELO\/EHLO with my own hostname \Q$own\E/,
	    "and that is logged";
	$w->command("postsuper", "-d", "ALL");
	$w->restart("relayhost = [mirror.example.com]:$behind\n");
	$qid = post('a@outside.example');
	logs($qid, "relay=mirror\\S*:$behind, .*status=sent",
	    "but not on another port: it is another server of this machine");
	$w->restart("");
};

subtest "S-079: who greets with 4xx or 5xx" => sub {
	$w->restart("");
	reaches('a@busy4.example.com', "backup", "4xx: the next one");
	reaches('a@busy5.example.com', "backup", "5xx: the next one");
	$w->restart("smtp_skip_5xx_greeting = no\n");
	my $qid = post('a@busy5.example.com');
	logs($qid, 'relay=never\.example\.com\[127\.0\.1\.7\]:25, .*dsn=5\.7\.1, status=bounced \(host never\.example\.com\[127\.0\.1\.7\] refused to talk to me: 554 5\.7\.1 not you\)',
	    "no: a 5xx is an answer");
	reaches('a@busy4.example.com', "backup", "a 4xx is none");
	$w->configure(main => $w->with_base("smtp_skip_4xx_greeting = no\n"));
	like +($w->command("check"))[1], qr/smtp_skip_4xx_greeting/,
	    "Postfix of today has no smtp_skip_4xx_greeting: check says so";
};

subtest "S-080: equal exchangers" => sub {
	my %seen;

	$w->restart("smtp_connection_cache_on_demand = no\n");
	for (1 .. 30) {
		my $qid = post('a@twins.example.com');
		$seen{ $w->wait_log(qr/: $qid: to=.*relay=(twin\d)\..*sent/)
		    // "none" }++;
		last if keys %seen > 1;
	}
	is "@{[ sort keys %seen ]}", "twin1 twin2", "are mixed";
	$w->restart("smtp_randomize_addresses = no\n" .
	    "smtp_connection_cache_on_demand = no\n");
	%seen = ();
	for (1 .. 8) {
		my $qid = post('a@twins.example.com');
		$seen{ $w->wait_log(qr/: $qid: to=.*relay=(twin\d)\..*sent/)
		    // "none" }++;
	}
	is scalar(keys %seen), 1, "or taken as they come";
};

subtest "S-084: an exchanger without an address" => sub {
	my $why = 'Host or domain name not found\. Name service error for name=nowhere\.example\.com type=A: Host not found\)';

	$w->restart("smtp_defer_if_no_mx_address_found = yes\n");
	logs(post('a@never.example.com'), "relay=none, .*dsn=4\\.4\\.4, status=deferred \\($why", "waits");
	$w->restart("");
	logs(post('b@never.example.com'), "relay=none, .*dsn=5\\.4\\.4, status=bounced \\($why",
	    "is refused, which is the default nowadays");
	like $w->log, qr/warning: no MX host for never\.example\.com has a valid address record$/m,
	    "and the log has a warning (O-41)";
	$w->command("postsuper", "-d", "ALL");
};

# Another configuration, with a transport table.
sub routes {
	my ($main, $table, %arg) = @_;

	$w->index_table("transport", $table);
	$w->restart("transport_maps = hash:\$dir/etc/transport\n$main", %arg);
}

subtest "S-111, S-112, S-113, S-114: what a transport table says" => sub {
	mkdir "$dir/maildrop";
	chmod 0777, "$dir/maildrop";
	$w->sink("odd", at => "127.0.1.56:20025");
	routes("maildrop_destination_recipient_limit = 1\n", <<'EOT', master =>
example.com		smtp:[127.0.1.56]:20025
oreilly.com		relay:[gateway.oreilly.com]
oreillynet.com		smtp
ora.com			maildrop
EOT
	    "maildrop unix - n n - - pipe\n" .
	    "  flags=R user=nobody argv=/usr/bin/tee $dir/maildrop/\${user}\n");
	reaches('a@example.com', "127.0.1.56", "S-111: an address and a port",
	    port_there => 20025);
	reaches('a@oreilly.com', "gw", "S-112: a host, no exchangers");
	reaches('a@oreillynet.com', "gw", "S-113: exchangers of the domain");
	like $w->send_mail(to => [ 'one@ora.com', 'two@ora.com' ],
	    data => "Subject: piped\r\n\r\nx\r\n"), qr/^250/, "S-114: two";
	ok $w->wait_log(qr/pipe\[\d+\]: \w+: to=<$_\@ora\.com>, relay=maildrop, .*status=sent \(delivered via maildrop service/),
	    "S-114, S-174: one delivery for each, $_" for "one", "two";
	like Weir::read_file("$dir/maildrop/two"),
	    qr/^Return-Path: <sender\@example\.net>\n.*^Subject: piped$/ms,
	    "S-114: the message";
};

subtest "S-118: an inbound gateway" => sub {
	routes("relay_domains = hr.example.com, sales.example.com\n" .
	    "relay_recipient_maps =\nmynetworks = 192.0.2.1\n", <<'EOT');
hr.example.com		relay:[mail1.example.com]
sales.example.com	relay:[alone.example.com]
EOT
	reaches('a@hr.example.com', "mail1", "one domain");
	reaches('a@sales.example.com', "alone", "the other");
	is $w->rcpt('a@it.example.com'),
	    '554 5.7.1 <a@it.example.com>: Relay access denied', "no third";
};

subtest "S-119, S-193: relay hosts in all forms" => sub {
	$w->take("relayhost = [gw.example.com]\n");
	reaches('a@far.example', "gw", "S-119: [host]");
	$w->take("relayhost = \$mydomain\nmydomain = oreillynet.com\n");
	reaches('b@far.example', "gw", "S-193: exchangers of \$mydomain");
	$w->sink("port", at => "127.0.1.4:7793");
	$w->take("relayhost = [gw.example.com]:7793\n");
	reaches('c@far.example', "gw", "S-193: [host]:port",
	    port_there => 7793);
};

subtest "S-180: disable_dns_lookups" => sub {
	$w->restart("relayhost = native.example.com\n");
	reaches('a@far.example', "gw", "by DNS its exchanger");
	is system("mount", "--bind", $w->write_file("$dir/hosts",
	    "127.0.0.1 localhost\n$host{native} native.example.com\n"),
	    "/etc/hosts"), 0, "the system knows the host, too";
	$w->restart("relayhost = native.example.com\n" .
	    "disable_dns_lookups = yes\n");
	reaches('b@far.example', "native", "without its address");
};

subtest "S-196: inside directly, the rest by the external relay" => sub {
	routes("relayhost =\nrelay_domains = example.com\n" .
	    "relay_recipient_maps =\n", <<'EOT');
# Internal delivery.
example.com	:
.example.com	:
# External delivery.
*		smtp:[gw.example.com]
EOT
	reaches('a@example.com', "mail1", "example.com");
	reaches('a@www.example.com', "alone", "a host in it");
	reaches('a@oreilly.com', "gw", "others");
};

subtest "S-200: a backup exchanger with a list of recipients" => sub {
	$w->index_table("relay_recipients", <<'EOT');
user1@example.com	x
user2@example.com	x
EOT
	routes("relay_domains = example.com\nmynetworks = 192.0.2.1\n" .
	    "relay_recipient_maps = hash:\$dir/etc/relay_recipients\n", <<'EOT');
example.com	smtp:[mail1.example.com]
EOT
	reaches('user1@example.com', "mail1", "listed");
	is $w->rcpt('user3@example.com'), '550 5.1.1 <user3@example.com>: ' .
	    'Recipient address rejected: User unknown in relay recipient table',
	    "not listed";
};
$w->finish;
