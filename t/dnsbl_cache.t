#!/usr/bin/perl
# What DNS lists have said is kept as long as they say, for all sessions; asked
# in parallel they are in hostile_dns.t (hostile.md, rows 62 to 66).
use strict;
use warnings;
use FindBin qw($Bin);
use Test::More;
use Time::HiRes qw(time);
use lib "$Bin/lib";
use Weir;
use Weir::Client;
use Weir::Names;

my $w = Weir->new(main => <<'EOT', start => 0);
smtpd_authorized_xclient_hosts = 127.0.0.0/8
relay_domains = example.com
relay_transport = discard:
smtpd_peername_lookup = no
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = reject_rbl_client bl.example
weir_dnsbl_self_test = no
EOT
# What a zone of Weir::Names says lives for 300 seconds, that there is nothing
# for 60; some of it is not so.
my ($short, $shorter) = (4, 2);
my %odd = (
	"7.2.0.192.bl.example" => sub {
		my ($q) = @_;
		my $data = $q->{type} == 1 ? pack("C4", 127, 0, 0, 2) : "\4spam";

		return Weir::Names::answer($q, [ pack("n n n N n/a*", 0xc00c,
		    $q->{type}, 1, $short, $data) ]);
	},
	# The SOA's own time to live is longer than its last field.
	"8.2.0.192.bl.example" => sub {
		my ($q) = @_;

		return pack("n6", $q->{id}, 0x8583, 1, 0, 1, 0) . $q->{raw} .
		    Weir::Names::name("bl.example") . pack("n n N n/a*", 6, 1,
		    1000, "\0\0" . pack("N5", 1, 60, 60, 60, $shorter));
	});
my $asked = $w->names(<<'EOT', %odd);
5.2.0.192.bl.example A 127.0.0.2
5.2.0.192.bl.example TXT spam
EOT
$w->start;

sub reply_to {
	my ($addr) = @_;

	return scalar $w->rcpt('user@example.com',
	    xclient => "ADDR=$addr NAME=client.example.net");
}

sub questions {
	my ($name, $type) = @_;

	return scalar(() = Weir::read_file($asked) =~ /^\Q$name\E $type /mg);
}

# All at once: on each loop there are some of them.
sub crowd {
	my ($addr, $count) = @_;
	my @clients = map { $w->smtp } 1 .. $count;
	my @said;

	for my $c (@clients) {
		$c->cmd("XCLIENT ADDR=$addr NAME=client.example.net");
		$c->cmd("EHLO client.example.net");
		$c->cmd('MAIL FROM:<a@example.net>');
	}
	$_->put("RCPT TO:<user\@example.com>\r\n") for @clients;
	push @said, $_->reply for @clients;
	$_->cmd("QUIT") for @clients;
	return @said;
}

subtest "one that is listed" => sub {
	my $name = "5.2.0.192.bl.example";

	like reply_to("192.0.2.5"), qr/^554 5\.7\.1 .*blocked using bl\.example; spam/,
	    "rejected";
	is questions($name, "A"), 1, "asked once";
	is scalar(grep { /^554 .*; spam/ } crowd("192.0.2.5", 16)), 16,
	    "and again by many";
	is questions($name, "A"), 1, "all have the one answer";
	is questions($name, "TXT"), 1, "and its reason";
};

subtest "one that is not" => sub {
	like reply_to("192.0.2.6"), qr/^250/, "passes";
	is scalar(grep { /^250/ } crowd("192.0.2.6", 16)), 16,
	    "and again for many";
	is questions("6.2.0.192.bl.example", "A"), 1, "asked once";
};

# The resolver has a clock of its own: there is nothing but to wait.
for (["192.0.2.7", "7.2.0.192.bl.example", $short, qr/^554 .*; spam/,
	"a listing lives as long as its record"],
    ["192.0.2.8", "8.2.0.192.bl.example", $shorter, qr/^250/,
	"that there is none, as long as the zone's SOA says"]) {
	my ($addr, $name, $ttl, $pattern, $what) = @$_;
	my $begin = time;
	my $wrong = "";

	ok $w->wait_for(sub {
		my $reply = reply_to($addr);
		$wrong = $reply if $reply !~ $pattern;
		return questions($name, "A") == 2;
	}), $what;
	cmp_ok time - $begin, ">=", $ttl - 1, "and no shorter";
	is $wrong, "", "one reply all the time";
}

is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
