#!/usr/bin/perl
# kill -9 of any role while aliases are being expanded: of each message that was
# answered 250 every member of the alias has one copy, and none has two (the
# queue's promise about replaced recipients; hostile 90-92, 119).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Time::HiRes qw(sleep time);
use Weir;

plan skip_all => "not root" if $> != 0;
my $w = Weir->new(main => <<'EOT');
myorigin = example.com
mydestination = example.com
local_recipient_maps =
alias_maps = inline:{{list=$dir/out/one/, $dir/out/two/, nested, out@example.org}, {nested="|cat > $dir/out/pipe/$$.`date +%N`", $dir/out/three/}}
relay_domains = example.org
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:sink}}
minimal_backoff_time = 1s
maximal_backoff_time = 2s
queue_run_delay = 1s
EOT
my $sink = $w->sink("sink");
my $out = "$w->{dir}/out";
my @nobody = (getpwnam "nobody")[2, 3];

for ($out, "$out/pipe") {
	mkdir $_;
	chown @nobody, $_;
}

my %state;
my $n = 0;
my $end = time + ($ENV{WEIR_CRASH_SECONDS} || 6);
my $next = time + 0.2;
my @names = ("queue", "deliver", "local", "queue");
my $killed = 0;
while (time < $end || $killed < 4) {
	my $id = "id-" . $n++;
	my $reply = eval {
		$w->send_mail(to => 'list@example.com', seconds => 15, data =>
		    "Subject: $id\r\n\r\n" . ("line\r\n" x
			($n % 8 == 0 ? 20000 : 3)));
	} // "";
	$state{$id} = 1 if $reply =~ /^250/;
	next if time < $next;
	my %pid = $w->roles;
	my $name = $names[$killed % @names];
	$killed++ if $pid{$name} && kill "KILL", $pid{$name};
	$next = time + 0.15 + rand 0.2;
}
cmp_ok $killed, ">=", 4, "$killed roles were killed";
cmp_ok scalar(keys %state), ">", 5,
    scalar(keys %state) . " messages were answered 250";

sub seen {
	my %seen;

	for my $file (@_) {
		my $text = Weir::read_file($file);
		$seen{$1}++ if $text =~ /^Subject: (\S+?)\r?$/m;
		$seen{torn}++ if $text !~ /line\r?\n\z/;
	}
	return %seen;
}

my %place = (map({ $_ => "$out/$_/new/*" } qw(one two three)),
	sink => "$sink/*", pipe => "$out/pipe/*");
my $lost = sub {
	my @lost;

	for my $place (keys %place) {
		my %seen = seen(grep { !/tmp$/ } glob($place{$place}));
		push @lost, map { "$_ at $place" } grep { !$seen{$_} } keys %state;
	}
	return @lost;
};
$w->wait_for(sub { !$lost->() }, 60);
is join(", ", $lost->()), "", "none is lost, at no member";
$w->wait_for(sub { ($w->command("mailq"))[1] =~ /is empty/ }, 60);
for my $place (qw(one two three)) {
	my %seen = seen(glob($place{$place}));
	is join(" ", grep { $seen{$_} > 1 } keys %seen), "",
	    "none is twice in $place";
}
is $w->stop, 0, "stops";
is $w->complaints, "", "no sanitizer complains";
done_testing;
