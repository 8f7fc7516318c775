#!/usr/bin/perl
# Two gateways that share what they remember on a Redis server, which is killed
# under load and comes back: mail goes on all the time, and nobody waits long.
use strict;
use warnings;

use FindBin qw($Bin);
use POSIX qw(:sys_wait_h);
use Test::More;
use lib "$Bin/lib";
use Weir;
use Weir::Client;
use Weir::Redis;

plan skip_all => "no redis-server" if !-x "/usr/bin/redis-server";
plan skip_all => "the clock cannot be set in this build"
    if ($ENV{OUT} // "") =~ /release/;

my @w = map { Weir->new(start => 0) } 1 .. 2;
my $port = $w[0]->port("redis");
my $main = <<EOT;
relay_domains = example.org
relay_recipient_maps =
relay_transport = discard
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = greylist
weir_memory_store = redis:\$config_directory/memory.cf
EOT
# Long enough for a machine that has much to do; the clock is ours.
my $memory = <<EOT;
host = 127.0.0.1:$port
password = secret
dbindex = 2
prefix = site:
timeout = 20
EOT

my $redis = Weir::Redis->new($w[0], $port);

$_->configure(main => $main, files => { "memory.cf" => $memory })->start for @w;

sub rcpt {
	my ($at, $to, %with) = @_;

	return scalar $w[$at]->rcpt("$to\@example.org",
	    xclient => "NAME=c.example.net ADDR=192.0.2.1", %with);
}

sub both { $_->advance(@_) for @w }

like rcpt(0, "a"), qr/^450 4\.2\.0 .*Greylisted for 300 seconds/, "one gateway";
both(200);
like rcpt(1, "a"), qr/^450 4\.2\.0 .*Greylisted for (?:100|9\d) seconds/,
    "the other knows";
both(101);
like rcpt(1, "a"), qr/^250 /, "and lets it pass";
like rcpt(0, "a"), qr/^250 /, "which the first one knows";
my @keys = sort split /\n/, $redis->ask("keys", "'*'");
is join(" ", grep { !/message/ } @keys),
    'site:greylist:192.0.2.0/sender@example.net/a@example.org site:greylist_client:192.0.2.1',
    "with the prefix, in the database";
cmp_ok $redis->ask("ttl", "'$keys[0]'"), ">", 34 * 86400, "and not for ever";

# Killed under load.
my @load = map {
	my $at = $_;
	my $file = "$w[0]{dir}/load$at";
	my $pid = $w[0]->peer(sub {
		open my $f, ">", $file or POSIX::_exit(1);
		$f->autoflush;
		local $SIG{ALRM} = sub { print $f "hangs\n" };
		for my $i (1 .. 100000) {
			alarm 300;
			my $reply = eval { rcpt($at, "load$i") } // "died: $@";
			print $f "$reply\n";
		}
	});
	{ pid => $pid, file => $file };
} 0, 1;

sub answered { return map { scalar(() = Weir::read_file($_->{file}) =~ /\n/g) } @load }

sub go_on {
	my ($what) = @_;
	my @before = answered();

	ok $w[0]->wait_for(sub {
		my @now = answered();
		return $now[0] > $before[0] + 20 && $now[1] > $before[1] + 20;
	}), $what;
}
go_on("both are busy");
$redis->kill;
go_on("both go on without it");
for my $w (@w) {
	ok $w->wait_log(qr/warning: greylist: .*; the mail passes\n/),
	    "the log says that mail passes";
}
$redis->start;
ok $w[0]->wait_for(sub {
	both(1);
	return $redis->ask("dbsize") > 20;
}), "it is used again";
for (@load) {
	kill KILL => $_->{pid};
	waitpid $_->{pid}, 0;
}
my $said = join "", map { Weir::read_file($_->{file}) } @load;
is join("", grep { !/^(?:250 2\.1\.5|450 4\.2\.0) / } $said =~ /^.*\n/mg), "",
    "all were answered, and nothing was refused";
like $said, qr/^250 /m, "some passed";
like $said, qr/^450 /m, "some waited";

# To have mail wait instead; and mistakes.
$w[0]->reconfigure(main => "${main}weir_greylist_away = defer\n");
$redis->kill;
like rcpt(0, "b"), qr/^451 4\.3\.0 <b\@example\.org>: Temporary lookup failure$/,
    "weir_greylist_away = defer";
for my $case ([ "hash:/x", qr/weir_memory_store: bad value "hash:\/x": redis:/ ],
    [ "redis:/nonexistent/x.cf", qr/weir_memory_store: open \/nonexistent\/x\.cf: No such file/ ]) {
	my ($spec, $why) = @$case;

	$w[0]->configure(main => $main =~ s/^(weir_memory_store =).*/$1 $spec/mr);
	my ($status, $said) = $w[0]->command("check");
	like $said, $why, "weir check: $spec";
	($status, $said) = $w[0]->command("reload");
	is $status, 78, "a reload is refused";
	like $said, $why, "and says why";
}
for my $w (@w) {
	is $w->stop, 0, "stops cleanly";
	is $w->complaints, "", "no sanitizer complains";
	unlike $w->log, qr/panic|fatal/, "nothing died";
}
done_testing;
