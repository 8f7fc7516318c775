#!/usr/bin/perl
# weir state: what restrictions remember is listed, shown, exported and cleared, in
# the store of this machine and on a Redis server, and clearing counts from the
# next request on.
use strict;
use warnings;

use FindBin qw($Bin);
use JSON::PP;
use Test::More;
use lib "$Bin/lib";
use Weir;
use Weir::Client;

plan skip_all => "the clock cannot be set in this build"
    if ($ENV{OUT} // "") =~ /release/;

my $w = Weir->new(start => 0);
my $port = $w->port("redis");
my $main = <<'EOT';
relay_domains = example.org
relay_recipient_maps =
relay_transport = discard
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_relay_restrictions = reject_unauth_destination
logins = 2 messages / hour per client_address, action = 450 4.7.1 Too many
often = 3 recipients / 10m per sender, refill = window
smtpd_recipient_restrictions = rate_limit logins, rate_limit often, greylist
weir_greylist_auto_allow = 1
EOT

my $time = qr/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/;

sub rcpt {
	my ($to, $address) = @_;

	return scalar $w->rcpt("$to\@example.org", from => "$to\@example.net",
	    xclient => "NAME=c.example.net ADDR=$address");
}

sub state {
	local $ENV{WEIR_CLOCK} = "$w->{dir}/clock";

	return $w->command("state", @_);
}

sub story {
	my ($where) = @_;

	is_deeply [ state("list") ], [ 0, "" ], "$where: nothing";
	like rcpt("a", "192.0.2.1"), qr/^450 4\.2\.0 /, "greylisted";
	like rcpt("b", "192.0.2.1"), qr/^450 4\.2\.0 /, "twice";
	like rcpt("c", "192.0.2.1"), qr/^450 4\.7\.1 .*Too many/, "and then too many";
	like rcpt("a", "192.0.2.9"), qr/^450 4\.2\.0 /, "another client";
	my ($status, $said) = state("list");
	is $status, 0, "list";
	is_deeply [ sort map { s/, .*//r } split /\n/, $said ], [
	    "greylist\t192.0.2.0/a\@example.net/a\@example.org\ttriplet",
	    "greylist\t192.0.2.0/b\@example.net/b\@example.org\ttriplet",
	    "rate_limit\tlogins/2-messages/3600s 192.0.2.1\t2 of 2",
	    "rate_limit\tlogins/2-messages/3600s 192.0.2.9\t1 of 2",
	    "rate_limit\toften/3-recipients/600s/window a\@example.net\t2 of 3",
	    "rate_limit\toften/3-recipients/600s/window b\@example.net\t1 of 3",
	], "all of it";
	like $said, qr/^greylist\t\S+\ttriplet, first $time, last $time, until $time\n/m, "with times";
	like $said, qr/^rate_limit\t\S+ \S+\t2 of 2, until $time\n/m, "of limits, too";
	($status, $said) = state("list", "rate_limit", "* 192.0.2.1");
	is $said =~ tr/\n//, 1, "list of a key with *";
	($status, $said) = state("show", "greylist", '192.0.2.0/a@example.net/a@example.org');
	like $said, qr/^greylist\t192\.0\.2\.0\/a\@example\.net\/a\@example\.org\ttriplet, /, "show";
	is_deeply [ state("show", "greylist", "192.0.2.0/a") ],
	    [ 1, "weir state: nothing of \"192.0.2.0/a\"\n" ], "nothing to show";
	($status, $said) = state("export");
	my @all = map { decode_json($_) } split /\n/, $said;
	is scalar(grep { $_->{map} eq "rate_limit" } @all), 4, "export: limits";
	cmp_ok scalar(grep { $_->{map} eq "rate_limit_thing" } @all), ">=", 6, "and what was counted";
	my ($one) = grep { $_->{key} eq "logins/2-messages/3600s 192.0.2.1" } @all;
	# Parts of which 1800000 are one, that leave one in a millisecond.
	my ($parts, $since) = @{ $one->{numbers} };
	ok $parts > 1800000 && $parts <= 2 * 1800000, "numbers as they are kept";
	is $one->{expires} - $since, $parts, "and when it is forgotten";

	is_deeply [ state("clear", "rate_limit", "logins/2-messages/3600s 192.0.2.1") ],
	    [ 0, "weir state: 1 cleared\n" ], "clear a bucket";
	like rcpt("c", "192.0.2.1"), qr/^450 4\.2\.0 /, "the next request sees it";
	is_deeply [ state("clear", "rate_limit", "nobody") ],
	    [ 1, "weir state: 0 cleared\n" ], "nothing to clear";
	($status, $said) = state("clear", "rate_limit");
	is $status, 0, "clear limits";
	($status, $said) = state("list");
	unlike $said, qr/^rate_limit/m, "they are gone";
	is scalar(() = $said =~ /^greylist\t/mg), 3, "triplets are not";
	$w->advance(301);
	like rcpt("a", "192.0.2.1"), qr/^250 /, "who has waited";
	($status, $said) = state("list", "greylist");
	like $said, qr/^greylist_client\t192\.0\.2\.1\tclient, 1 waited, last $time, until $time$/m, "is known";
	state("clear", "greylist", "192.0.2.*");
	is_deeply [ state("list", "greylist") ], [ 0, "" ], "until that is cleared";
	like rcpt("a", "192.0.2.1"), qr/^450 4\.2\.0 /, "and waits again";
	$w->advance(1000 * 86400);
	is_deeply [ state("list") ], [ 0, "" ], "what has expired is not there";
	state("clear", $_) for "rate_limit", "greylist";
}

$w->configure(main => $main)->start;
story("here");
is_deeply [ state(@$_) ], [ 64, "usage: weir state [-c DIR] list [KIND [KEY]] | show KIND KEY | clear KIND [KEY] | export [KIND [KEY]]\n" ],
    "usage: @$_" for [ ], [ "list", "greylist", "a", "b" ], [ "clear" ], [ "show", "greylist" ], [ "erase" ];
is_deeply [ state("list", "memory") ],
    [ 64, "weir state: fatal: \"memory\" is no restriction that remembers\n" ], "no such kind";

# More than are looked at in one go, and keys that are longer than the store's.
my $long = "x" x 240;
for my $n (1 .. 30) {
	rcpt("$n.$long.$_", "198.51.100.$n") for 1 .. 2;
}
my ($status, $said) = state("clear", "greylist");
is $status, 0, "long keys are cleared";
is_deeply [ state("list", "greylist") ], [ 0, "" ], "all of them";

SKIP: {
	skip "no redis-server", 1 if !-x "/usr/bin/redis-server";
	my $redis = $w->peer("/usr/bin/redis-server", "--port", $port, "--bind",
	    "127.0.0.1", "--save", "", "--dir", $w->{dir}, "--logfile",
	    "$w->{dir}/redis.log");
	$w->wait_port($port);
	$w->reconfigure(main => $main . "weir_memory_store = redis:\$config_directory/memory.cf\n",
	    files => { "memory.cf" => "host = 127.0.0.1:$port\nprefix = a*[b]:\ntimeout = 20\n" });
	# Of others, which must stay.
	system "redis-cli -p $port mset 'axb:rate_limit:x 1' '1 2 9999999999999' 'a*[b]:rate_limit' no >/dev/null";
	system "redis-cli -p $port rpush 'a*[b]:rate_limit:list' x >/dev/null";
	story("on a server");
	system "redis-cli -p $port eval \"for i = 1, 3000 do redis.call('set', 'a*[b]:greylist_client:' .. i, '3 4 9999999999999') end\" 0 >/dev/null";
	($status, $said) = state("list", "greylist");
	my %keys = map { (split /\t/)[1] => 1 } split /\n/, $said;
	is scalar(keys %keys), 3000, "many";
	($status, $said) = state("clear", "greylist", "*");
	is $said, "weir state: 3000 cleared\n", "are cleared";
	is join(" ", sort split /\n/, `redis-cli -p $port keys '*'`),
	    "a*[b]:rate_limit a*[b]:rate_limit:list axb:rate_limit:x 1", "what is of others stays";
	kill KILL => $redis;
	waitpid $redis, 0;
	($status, $said) = state("list");
	is $status, 69, "a server that is away";
	like $said, qr/weir state: fatal: .*127\.0\.0\.1:$port/, "is told";
}
ok $w->wait_for(sub {
	($w->command("status"))[1] =~ /^greylist: deferred: \d+ since $time\n/m;
}), "weir status: counts of greylist";
like(($w->command("status"))[1], qr/^rate_limit: $_ the limit: [1-9]\d* since $time\n/m, "... of limits $_")
    for "within", "beyond";
is $w->stop, 0, "stops cleanly";

# Before there is a store, commands that look at it leave it to the roles, whoever
# runs them.
$w->configure(main => $main);
for my $command ([ "state", "list" ], [ "explain", "192.0.2.1" ], [ "status", "--rules" ]) {
	my $dir = "$w->{dir}/data/state";
	my $owner = (stat $dir)[4];

	unlink glob "$dir/*";
	$w->command(@$command);
	is join(" ", grep { (stat)[4] != $owner } glob "$dir/*"), "",
	    "weir @$command leaves nothing that is not the owner's";
	ok -e "$dir/data.mdb", "in what it has made";
	$w->start;
	like rcpt("z", "192.0.2.70"), qr/^450 4\.2\.0 /, "... and there is greylisting";
	is $w->stop, 0, "stops cleanly";
}
is $w->complaints, "", "no sanitizer complains";
done_testing;
