#!/usr/bin/perl
# Two gateways that share their limits on a Redis server: the count is exact as
# long as it is there; when it is killed or hangs under load, each limit says what
# becomes of mail; and nobody waits longer than the timeout, nor at all once it is
# known that the server does not answer.
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
my $redis = Weir::Redis->new($w[0], $w[0]->port("redis"));

# No message leaves a bucket during the test.  A session outlives our clock.
$_->configure(main => <<'EOT', files => { "memory.cf" => <<EOT })->start for @w;
relay_domains = example.org
relay_recipient_maps =
relay_transport = discard
smtpd_timeout = 100000s
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = check_recipient_access pcre:{{/^strict/ strict}},
    rate_limit { 40 messages / 100d per recipient,
        action = 450 4.7.1 Enough }
smtpd_restriction_classes = strict
strict = rate_limit { 40 messages / 100d per recipient, away = defer,
    action = 450 4.7.1 Enough for the strict }, permit
weir_memory_store = redis:$config_directory/memory.cf
EOT
host = 127.0.0.1:${\ $w[0]->port("redis")}
password = secret
dbindex = 2
timeout = 300
EOT

sub rcpt {
	my ($at, $to) = @_;

	return scalar $w[$at]->rcpt("$to\@example.org");
}

sub both { $_->advance(@_) for @w }

# Senders, two at each gateway, who ask ${times} each; their replies.
sub senders {
	my ($to, $times) = @_;

	return map {
		my ($at, $file) = ($_ % 2, "$w[0]{dir}/$to$_");
		my $pid = $w[0]->peer(sub {
			open my $f, ">", $file or POSIX::_exit(1);
			$f->autoflush;
			for (1 .. $times) {
				print $f eval { rcpt($at, $to) } // "died: $@", "\n";
			}
		});
		{ pid => $pid, file => $file };
	} 0 .. 3;
}

sub said { return map { Weir::read_file($_->{file}) } @_ }

sub ended {
	for (@_) { waitpid $_->{pid}, 0 }
	return join "", said(@_);
}

# Of 80 exactly 40 pass, whoever asks where.
sub exact {
	my ($to, $what) = @_;
	my $all = ended(senders($to, 20));
	my ($passed, $not) = (scalar(() = $all =~ /^250 /mg),
	    scalar(() = $all =~ /^450 4\.7\.1 .*Enough/mg));

	is "$passed and $not", "40 and 40", $what or diag substr $all, 0, 300;
}
exact("first", "two gateways count together");
exact("strict1", "and whatever is done when they cannot");

# Killed under load.
my @load = (senders("load", 100000), senders("strict", 100000));

sub go_on {
	my ($what) = @_;
	my @before = map { scalar(() = /\n/g) } said(@load);

	ok $w[0]->wait_for(sub {
		my @now = map { scalar(() = /\n/g) } said(@load);
		return !grep { $now[$_] < $before[$_] + 4 } 0 .. $#load;
	}), $what;
}
go_on("all are busy");
$redis->kill;
go_on("and go on without it");
for my $w (@w) {
	ok $w->wait_log(qr/warning: rate_limit: .*; the mail passes\n/),
	    "the log says that mail passes";
	ok $w->wait_log(qr/warning: rate_limit: .*; the mail is deferred\n/),
	    "or waits, where that is wanted";
}
$redis->start;
for my $w (@w) {
	ok $w->wait_for(sub {
		both(1);
		return $w->log =~ /: answers again\n/;
	}), "it is asked again";
}
exact("second", "and the count is exact, under load");
exact("strict2", "for all");
kill KILL => $_->{pid} for @load;
my $all = ended(@load);
is join("", grep { !/^(?:250 2\.1\.5 |450 4\.7\.1 .*Enough|451 4\.3\.0 )/ } $all =~ /^.*\n/mg),
    "", "all were answered as they should be";
unlike join("", said(@load[0 .. 3])), qr/^451 /m, "none waits where it may pass";
like join("", said(@load[4 .. 7])), qr/^451 4\.3\.0 <strict\@example\.org>: /m,
    "some wait where they may not";

# It hangs.
$redis->hang;
my @late = senders("late", 1);

sub all_ended { return !grep { !$_->{ended} && !($_->{ended} = waitpid($_->{pid}, WNOHANG) == $_->{pid}) } @_ }

ok $w[0]->wait_for(sub {
	both(10);
	return all_ended(@late);
}), "a server that hangs costs its timeout";
is join("", said(@late)), "250 2.1.5 Ok\n" x 4, "and the mail passes";

# While somebody at the first gateway tries again, the others there pass at once.
both(30);
my @trial = map {
	my $pid = $w[0]->peer(sub { rcpt(0, "trial") });
	{ pid => $pid };
} 0, 1;
ok $w[0]->wait_for(sub { grep { all_ended($_) } @trial }),
    "of two that ask one waits";
my @others = map { rcpt(0, "other") } 1 .. 10;
is join("", @others), "250 2.1.5 Ok" x 10, "others need not";
ok !all_ended(@trial), "while it still does";
$redis->go_on;
ok $w[0]->wait_for(sub { all_ended(@trial) }), "it goes on";
ok $w[0]->wait_for(sub {
	both(1);
	return !grep { $_->log !~ /answers again\n(?:.*\n)*.*answers again\n/ } @w
	    if rcpt(0, "x") && rcpt(1, "x");
}), "for both";
exact("third", "and the count is exact");
for my $w (@w) {
	is $w->stop, 0, "stops cleanly";
	is $w->complaints, "", "no sanitizer complains";
	unlike $w->log, qr/panic|fatal/, "nothing died";
}
done_testing;
