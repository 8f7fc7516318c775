#!/usr/bin/perl
# Limits of a rate beside a Postfix that stays, which asks Weir as its policy server
# at one port and as its milter at another: a connection is one, whatever is said in
# it, by whichever smtpd; messages, recipients and bytes count as in our own SMTP
# server (S-232).
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib";
use Weir;
use Weir::Client;
use Weir::Postfix;

plan skip_all => "no Postfix, or not root"
    if !-x "/usr/sbin/postfix" || $> != 0;

my $w = Weir->new(start => 0);
my ($policy, $milter, $smtp, $filtered) =
    map { $w->port($_) } qw(policy milter postfix filtered);

# One list for all; who sends says which limit is meant.  What is once in a bucket
# stays there for the test.
my $limits = join ", ", map {
	my ($name, $limit) = @$_;
	"if { sender_domain == \"$name.example\" } rate_limit { $limit / 100d per sender, action = 450 4.7.1 $name }"
    } [ messages => "3 messages" ], [ recipients => "4 recipients" ],
    [ bytes => "10K bytes" ];
my $connections = "rate_limit { 2 connections / 100d per client_address, action = 450 4.7.1 connections }";
my $master = join "", map {
	my ($port, $door) = @$_;
	"127.0.0.1:$port inet n - n - - $door\n" . join "", map {
		"  -o { smtpd_${_}_restrictions = \$${door}_$_ }\n"
	} qw(client recipient data end_of_data);
} [ $policy, "policy" ], [ $milter, "milter" ];
my $main = "smtpd_delay_reject = no\n" . join "", map {
	my $door = $_;
	"${door}_client = " . $connections =~ s/100d/${\ ($door eq "policy" ? 100 : 99)}d/r . "\n" .
	"${door}_recipient = \$${door}_client, \$${door}_data\n" .
	"${door}_data = " . $limits =~ s/100d/${\ ($door eq "policy" ? 100 : 99)}d/gr . "\n" .
	"${door}_end_of_data = \$${door}_data\n";
} qw(policy milter);
$w->configure(main => $main, master => $master)->start;

my $asks = "check_policy_service inet:127.0.0.1:$policy";
my $postfix = Weir::Postfix->start("$w->{dir}/postfix", port => $smtp,
    main => <<EOT, master => <<EOT2);
smtpd_delay_reject = no
relay_domains = example.com
relay_transport = discard
max_use = 3
smtpd_client_restrictions = \$asks
smtpd_recipient_restrictions = \$asks
smtpd_data_restrictions = \$asks
smtpd_end_of_data_restrictions = \$asks
asks = $asks
EOT
127.0.0.1:$filtered inet n - n - - smtpd
  -o asks= -o smtpd_milters=inet:127.0.0.1:$milter
EOT2
$w->wait_port($_) for $smtp, $filtered;

# A session, with its greeting.
sub session {
	my ($port, $from) = @_;
	my $c = Weir::Client->new($port, from => $from);

	$c->cmd("EHLO c.example");
	return $c;
}

# A message; the first reply that refuses something, or "taken".
sub post {
	my ($c, $from, $to, %with) = @_;
	my $said = $c->cmd("MAIL FROM:<$from>" . ($with{says} ? " SIZE=$with{says}" : ""));

	for (@$to) {
		last if $said !~ /^250/;
		$said = $c->cmd("RCPT TO:<$_\@example.com>");
	}
	$said = $c->cmd("DATA") if $said =~ /^250/;
	$said = $c->cmd("Subject: x\r\n\r\n" . ("x" x 78 . "\r\n") x (($with{size} // 80) / 80) . ".")
	    if $said =~ /^354/;
	return "taken" if $said =~ /^250/;
	$c->cmd("RSET");
	return $said =~ /^(\d+ \S+) .*?(\w+)$/ ? "$1 $2" : $said;
}

for my $case ([ policy => $smtp ], [ milter => $filtered ]) {
	my ($door, $port) = @$case;

	subtest "Weir is a $door" => sub {
		my $host = 10;
		my $any = sub { session($port, "127.0.0." . $host++) };
		my $c = session($port, "127.0.0.2");
		my $other = session($port, "127.0.0.2");

		is join(" ", map { post($_, 'a@none.example', ["u"]) } $c, $other, $c, $c, $other, $c),
		    join(" ", ("taken") x 6),
		    "two connections at once, with six messages, are two";
		$c->cmd("QUIT");
		$other->cmd("QUIT");
		my $third = Weir::Client->new($port, from => "127.0.0.2", silent => 1);
		my $said = $third->reply;
		$said = join "", map { $third->cmd($_) } "EHLO c.example", 'MAIL FROM:<a@none.example>'
		    if $said =~ /^220/;
		like $said, qr/450 4\.7\.1 .*connections/, "a third is too many";
		is post(session($port, "127.0.0.3"), 'a@none.example', ["u"]), "taken",
		    "another client's is not";

		$c = $any->();
		is join(" ", map { post($c, 'a@messages.example', [ "u", "v" ]) } 1, 2),
		    "taken taken", "two messages for two";
		is post($any->(), 'a@messages.example', ["u"]), "taken", "and one in another session";
		is post($any->(), 'a@messages.example', ["u"]), "450 4.7.1 messages", "are three";

		$c = $any->();
		is post($c, 'a@recipients.example', [ "u", "v" ]), "taken", "two recipients";
		is post($c, 'a@recipients.example', [ "u", "u" ]), "taken",
		    "one that is named twice is two at DATA";
		is post($c, 'a@recipients.example', ["w"]), "450 4.7.1 recipients", "and that were four";
		is post($c, 'b@recipients.example', [ "u" .. "y" ]), "450 4.7.1 recipients",
		    "a fifth of one message";

		is post($c, 'a@bytes.example', ["u"], size => 8000, says => 9000), "taken", "9000 octets, as is said";
		is post($c, 'a@bytes.example', ["u"], size => 2000, says => 2000), "450 4.7.1 bytes", "2000 more";
		is post($c, 'b@bytes.example', ["u"], size => 12000, says => 12), "450 4.7.1 bytes",
		    "what turns out to be more";
		is post($c, 'c@bytes.example', ["u"], size => 8000), "taken", "8000, as turns out";
		is post($c, 'c@bytes.example', ["u"], size => 4000), "450 4.7.1 bytes", "and 4000 more";
		$c->cmd("QUIT");
	};
}
$postfix->stop;
is $w->stop, 0, "stops";
is $w->complaints, "", "without complaint";
done_testing;
