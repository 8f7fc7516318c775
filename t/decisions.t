#!/usr/bin/perl
# What Postfix decides, case by case (conformance/decisions.jsonl, which is not
# part of this tree): configuration, earlier commands, one command, its exact
# reply and log.  All cases are played in one "weir test session", whose world
# is the zone file beside them.  R-30 ... R-58, K-04.
use strict;
use warnings;
use Cwd qw(abs_path);
use File::Copy qw(copy);
use File::Temp qw(tempdir);
use JSON::PP qw(decode_json);

my $out = abs_path($ENV{OUT} // 'build/debug');
my $shared = abs_path($ENV{WEIR_SHARED} // '../shared') // '';
my $from = "$shared/conformance";
if (!-r "$from/decisions.jsonl") {
	print "1..0 # SKIP no $from/decisions.jsonl: 421 decisions untested\n";
	exit 0;
}

# Names that Postfix has removed since: what its readers still have in main.cf
# goes on working.
my $removed = qr/reject_maps_rbl|check_relay_domains|permit_naked_ip_address/;

sub parameter {
	my ($name, $value) = @_;
	$name = "smtpd_$name"
	    if $name =~ /^(client|helo|sender|relay|recipient|etrn)_restrictions$/;
	$value = $value ? 'yes' : 'no' if $name eq 'smtpd_delay_reject';
	return "set $name = $value\n";
}

my (@cases, $script);
open my $in, '<', "$from/decisions.jsonl" or die $!;
while (my $line = <$in>) {
	my $case = decode_json($line);
	push @cases, $case;
	$script .= "reset\n";
	$script .= parameter(@$_) for @{ $case->{config} };
	for (@{ $case->{pre} }, $case->{cmd}) {
		next if /^flush_dnsxl_cache/;
		$script .= "$_\n";
		$case->{replies}++ unless /^fingerprint/;
	}
}
close $in;

my $dir = tempdir(CLEANUP => 1);
mkdir "$dir/$_" for qw(conf dns postfix);
copy($_, "$dir/dns/") for glob "$from/dns/*";
copy("$from/smtpd_check_access", "$dir/postfix/");
open my $cf, '>', "$dir/conf/main.cf" or die $!;
print $cf <<'END';
compatibility_level = 3.6
myhostname = bench.invalid
mydestination =
smtpd_relay_restrictions =
smtpd_relay_before_recipient_restrictions = no
local_recipient_maps =
virtual_alias_maps =
virtual_alias_domains =
weir_dnsbl_self_test = no
END
close $cf;
open my $s, '>', "$dir/script" or die $!;
print $s $script;
close $s;

chdir "$dir/postfix" or die $!;
open my $run, '-|', "$out/bin/weir test session -c ../conf " .
    "--world $from/porcupine.zone ../script 2>../errors" or die $!;

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
	my ($reply, @log, @early);
	for (1 .. $case->{replies}) {
		push @early, @log;
		($reply, @log) = next_reply();
	}
	my $config = join ' ', map { $_->[1] } @{ $case->{config} };
	my ($want, @want) = ($case->{reply}, @{ $case->{log} });
	if ($config =~ $removed && !$case->{same_in_3_7}) {
		my $old = $case->{reply_3_7};
		# The old answer was given without this entry of the table.
		$old =~ s/Service unavailable/SERVICE UNAVAILABLE/
		    if grep { $_->[0] eq 'rbl_reply_maps' } @{ $case->{config} };
		@want = grep { !/support for restriction/ } @want;
		if ($old eq 'OK') {
			@want = grep { !/reject:/ } @want;
		} else {
			s/\Q$want\E/$old/ for @want;
		}
		$want = $old;
	}
	s/^<queue id>/NOQUEUE/ for @want;
	# Some things are said when the list is compiled, not at each use.
	my $compiled = qr/support for restriction|non-null host address bits|widx: made/;
	@log = grep { !/$compiled/ } @log;
	@want = grep { !/$compiled/ } @want;
	my $ok = $reply eq $want && "@log" eq "@want";
	$ok ? $passed++ : $failed++;
	$n++;
	print $ok ? '' : 'not ', "ok $n - $case->{id} $case->{cmd}\n";
	next if $ok;
	print "# set $_->[0] = $_->[1]\n" for @{ $case->{config} };
	print "# $_\n" for @{ $case->{pre} };
	print "# want $want\n", map { "#      $_\n" } @want;
	print "# got  $reply\n", map { "#      $_\n" } @log;
}
print "# $passed of ", scalar @cases, " decisions are Postfix's\n";
if ($failed) {
	open my $errors, '<', "$dir/errors" or die $!;
	print map { "# $_" } grep { !/specify at least one working/ } <$errors>;
}
print "1..$n\n";
chdir '/';
exit($failed != 0);
