#!/usr/bin/perl
# t/rows.txt tells which test covers which scenario of the founding documents:
# what it says is so.
use strict;
use warnings;

use Test::More;

my (%seen, %cites, @later, @wrong);

sub text {
	my ($path) = @_;

	open my $f, "<", $path or return undef;
	local $/;
	return scalar <$f>;
}

# The rows that a test names; S-103 for one, S-103..S-106 for several.
sub cited {
	my ($file) = @_;

	return $cites{$file} ||= do {
		my $text = text("t/$file") // "";
		my %rows;
		while ($text =~ /\b(S-)(\d{3})(?:\.\.S-(\d{3}))?/g) {
			$rows{ sprintf "S-%03d", $_ } = 1 for $2 .. $3 // $2;
		}
		\%rows;
	};
}

for (split /\n/, text("t/rows.txt")) {
	next if /^(?:#|$)/;
	my ($row, $where) = /^(S-\d{3})\t(\S.*)$/
	    or push(@wrong, "not a row: $_"), next;
	push @wrong, "$row: twice" if $seen{$row}++;
	next if $where =~ /^later: \S/ && push @later, $row;
	for my $file (split / /, $where) {
		push @wrong, "$row: t/$file does not exist"
		    unless -e "t/$file";
		push @wrong, "$row: t/$file does not name it"
		    unless cited($file)->{$row};
	}
}
is "@wrong", "", "each row has tests that name it";
my @order = sort keys %seen;
is scalar(@order), substr($order[-1], 2), "no number is left out";
note scalar(@later) . " rows are for later";
SKIP: {
	my $seeds = text("../shared/spec/seeds.md")
	    or skip "the documents are not here", 1;
	my %all = map { $_ => 1 } $seeds =~ /^\| (S-\d{3}) \|/mg;
	is join(" ", grep { !$seen{$_} } sort keys %all), "",
	    "all rows of the documents are there";
}
done_testing;
