#!/usr/bin/perl
# The examples of weir-test(1) are what its reader sees: "$ cat FILE" shows a
# file, which is made; other commands are run, and print what stands below them.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use Test::More;

my $bin = abs_path(($ENV{OUT} || "build/debug") . "/bin");
my $dir = tempdir("weir-manual-XXXXXX", TMPDIR => 1, CLEANUP => 1);

open my $page, "<", "man/weir-test.1" or die "man/weir-test.1: $!";
my ($in, $literal, @steps);
while (<$page>) {
	$in = /EXAMPLES/ if /^\.Sh/;
	next unless $in;
	$literal = 1, next if /^\.Bd -literal/;
	$literal = 0 if /^\.Ed/;
	next unless $literal;
	s/^\\&//;
	s/\\e/\\/g;
	if (/^\$ (.*)/) {
		push @steps, [$1, ""];
	} else {
		$steps[-1][1] .= $_;
	}
}
close $page;

chdir $dir or die;
$ENV{PATH} = "$bin:$ENV{PATH}";
delete $ENV{MAIL_CONFIG};
my %seen;
for (@steps) {
	my ($command, $text) = @$_;
	if ($command =~ /^cat (\w[\w.]*)$/) {
		open my $f, ">", $1 or die "$1: $!";
		print $f $text;
		close $f;
		next;
	}
	is qx($command 2>&1), $text, $command;
	$seen{$1}++ if $command =~ /^weir test (\w+)/;
}
is join(" ", sort keys %seen), "address expand match message session table",
    "each of them has an example";
chdir "/";
done_testing;
