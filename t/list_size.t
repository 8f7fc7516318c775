#!/usr/bin/perl
# A list of 10,000 with an owner: each member gets one message, and ten times as
# many members cost about ten times as much (S-123, S-124).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Users;

my $why = Weir::Users::enter(qw(anna));
plan skip_all => $why if $why;
my $d = Weir::Users::dir();
my %size = (small => 1000, large => 10000);

# Some of them twice, and not side by side.
for my $list (keys %size) {
	my @members = map { "$list$_\@remote.example" } 1 .. $size{$list};
	my @again = map { ucfirst $members[$_ * 20] } 0 .. 49;

	Weir::Users::write_file("$d/$list",
	    join "", map { "$_\n" } @members[0 .. 999], @again,
	    "# the others\n", @members[1000 .. $#members]);
}
Weir::Users::write_file("$d/aliases", join "", map { <<"EOT" } sort keys %size);
$_: :include:$d/$_
owner-$_: anna
EOT
my $w = Weir->new(start => 0, main => <<"EOT");
myorigin = example.com
mydestination = example.com
mail_spool_directory = $d/spool
local_recipient_maps =
transport_maps = inline:{remote.example=discard:}
alias_maps = hash:$d/aliases
EOT
my ($failed, $said) = $w->command("postalias", "hash:$d/aliases");
is "$failed$said", "0", "postalias";
$w->start;

# Time that all its processes have used, in ticks.
sub ticks {
	my %pid = $w->roles;
	my $sum = 0;

	for my $pid ($w->{pid}, values %pid) {
		my @f = split / /,
		    Weir::read_file("/proc/$pid/stat") =~ s/^.*\) //sr;
		$sum += $f[11] + $f[12];
	}
	return $sum;
}

# Send to a list, until all members have it; what that has cost.
sub spend {
	my ($list) = @_;
	my ($before, $seen) = (ticks(), length $w->log);
	my $reply = $w->send_mail(to => "$list\@example.com");
	my (@new, $log);

	my ($qid) = $reply =~ /queued as (\w+)/;
	ok $qid, "$list: taken";
	ok $w->wait_for(sub {
		$log = substr $w->log, $seen;
		return 0 if $log !~ /qmgr\[\d+\]: $qid: removed/;
		@new = $log =~ /: $qid: to=.*forwarded as (\w+)/g;
		my %gone = map { $_ => 1 } $log =~ /qmgr\[\d+\]: (\w+): removed/g;
		return !grep { !$gone{$_} } @new;
	}, 240), "$list: done";
	# Each thousand is a message of its own.
	is scalar(@new), $size{$list} / 1000, "$list: forwarded";
	is scalar(() = $log =~ /: from=<owner-$list\@example\.com>, size=\d+, nrcpt=1000 /g),
	    scalar(@new), "$list: from its owner";
	my %got;
	$got{lc $1}++
	    while $log =~ /: to=<($list\d+\@remote\.example)>.*status=sent/gi;
	is scalar(keys %got), $size{$list}, "$list: each member has got it";
	is scalar(grep { $_ != 1 } values %got), 0, "$list: once";
	return ticks() - $before;
}

spend("small");
my ($small, $large) = (spend("small"), spend("large"));
# A tick is a hundredth of a second.
cmp_ok $large, "<", 25 * ($small + 10),
    "large: it costs $large ticks, a tenth of it $small";
is $w->stop, 0, "stops";
is $w->complaints, "", "no sanitizer complains";
done_testing;
