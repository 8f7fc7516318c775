#!/usr/bin/perl
# The examples of weir-test(1) are what its reader sees: "$ cat FILE" shows a
# file, which is made; other commands are run, and print what stands below them.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use Test::More;

my $bin = abs_path(($ENV{OUT} || "build/debug") . "/bin");
my $man = abs_path("man");
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

# Policy server and milter: with the rules and tables that their pages begin with,
# the trial at their end comes out as it expects.
for my $door ("policy", "milter") {
	my $etc = "$dir/$door";
	my (@blocks, %file);

	open my $page, "<", "$man/weir_$door.7" or die "$door: $!";
	my $text = do { local $/; <$page> };
	while ($text =~ /^((?:(?!\.[BE]d).*\n){1,6}?)((?:\.Bd -literal.*\n(?:(?!\.Ed).*\n)+\.Ed\n)+)/mg) {
		my ($before, $literal) = ($1, $2);
		my @names = $before =~ m{^\.Pa /etc/weir/(\S+)}mg;

		$literal =~ s/^\\&//mg;
		$literal =~ s/\\e/\\/g;
		@blocks = $literal =~ /^\.Bd.*\n((?:(?!\.Ed).*\n)+)\.Ed/mg;
		@file{@names} = @blocks if @names && @names == @blocks;
		last if $literal =~ /^\$ weir test session/m;
	}
	mkdir $etc;
	$file{"main.cf"} .= "mail_owner = nobody\nmyhostname = mail.example.com\n";
	$file{"master.cf"} = "127.0.0.1:10040 inet n - n - - $door\n";
	# What it shows of files, and what it runs.
	my (%shown, $command, $last);
	for (split /^/, join "", @blocks) {
		if (/^\$ cat (\w+)$/) { $last = \$shown{$1} }
		elsif (/^\$ (weir .*)/) { $command = $1, $last = \my $output }
		else { $$last .= $_ }
	}
	for my $name (keys %file, keys %shown) {
		my $path = exists $file{$name} ? "$etc/$name" : "$dir/$name";
		open my $f, ">", $path or die "$path: $!";
		print $f +($file{$name} // $shown{$name}) =~ s{/etc/weir}{$etc}gr;
		close $f;
	}
	qx(weir postmap $etc/recipients);
	ok defined $command, "weir_$door(7) has a trial" or next;
	$command =~ s{/etc/weir}{$etc};
	my $said = qx($command 2>&1);
	is $?, 0, "which comes out as it says" or diag $said;
	$said = qx(weir check -c $etc 2>&1);
	is $said, "", "and there is nothing to say of its rules";
}
chdir "/";
done_testing;
