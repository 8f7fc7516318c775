#!/usr/bin/perl
# What Postfix decides, case by case (conformance/decisions.jsonl):
# configuration, earlier commands, one command, its exact reply and log.  All
# cases are played in one "weir test session", whose world is the zone file
# beside them.  R-30 ... R-58, K-04.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use lib "t/lib";
use Weir::Decisions;

my $out = abs_path($ENV{OUT} // 'build/debug');
my $from = Weir::Decisions::folder();
my @cases = Weir::Decisions::cases($from);
my $script = "";
for my $case (@cases) {
	$script .= "reset\n";
	$script .= "set $_->[0] = $_->[1]\n" for Weir::Decisions::settings($case);
	for (@{ $case->{pre} }, $case->{cmd}) {
		next if /^flush_dnsxl_cache/;
		$script .= "$_\n";
		$case->{replies}++ unless /^fingerprint/;
	}
}

my $dir = tempdir(CLEANUP => 1);
Weir::Decisions::copy_files($from, $dir);
mkdir "$dir/conf";
open my $cf, '>', "$dir/conf/main.cf" or die $!;
print $cf "myhostname = bench.invalid\n$Weir::Decisions::base";
close $cf;
open my $s, '>', "$dir/script" or die $!;
print $s $script;
close $s;

chdir "$dir/postfix" or die $!;
open my $run, '-|', "$out/bin/weir test session -c ../conf " .
    "--any-address --world $from/porcupine.zone ../script 2>../errors" or die $!;

# The log lines and the reply of the next command.
sub next_reply {
	my @log;
	while (my $line = <$run>) {
		chomp $line;
		return ($line, @log) unless $line =~ s/^weir\/\w+\[\d+\]: //;
		push @log, $line;
	}
	return ('(nothing)', @log);
}

my ($n, $passed, $failed) = (0, 0, 0);
for my $case (@cases) {
	my ($reply, @log);
	($reply, @log) = next_reply() for 1 .. $case->{replies};
	my ($want, @want) = Weir::Decisions::expected($case);
	@log = Weir::Decisions::notable(@log);
	my $ok = $reply eq $want && "@log" eq "@want";
	$ok ? $passed++ : $failed++;
	$n++;
	print $ok ? '' : 'not ', "ok $n - $case->{id} $case->{cmd}\n";
	Weir::Decisions::explain($case, $reply, \@log) unless $ok;
}
print "# $passed of ", scalar @cases, " decisions are Postfix's\n";
if ($failed) {
	open my $errors, '<', "$dir/errors" or die $!;
	print map { "# $_" } grep { !/specify at least one working/ } <$errors>;
}
print "1..$n\n";
chdir '/';
exit($failed != 0);
