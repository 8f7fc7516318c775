package Weir::Decisions;

# The cases of conformance/decisions.jsonl, which is not part of this tree, as
# Weir is asked about them.

use strict;
use warnings;

use Cwd qw(abs_path);
use File::Copy qw(copy);
use JSON::PP qw(decode_json);

# What each configuration has.
our $base = <<'END';
compatibility_level = 3.6
mydestination =
smtpd_relay_restrictions =
smtpd_relay_before_recipient_restrictions = no
local_recipient_maps =
virtual_alias_maps =
virtual_alias_domains =
weir_dnsbl_self_test = no
END

# Names that Postfix has removed since: what its readers still have in main.cf
# goes on working.
my $removed = qr/reject_maps_rbl|check_relay_domains|permit_naked_ip_address/;

# Some things are said when the list is compiled, not at each use.
my $compiled = qr/support for restriction|non-null host address bits|widx: made/;

# The folder; the test is skipped where it is not.
sub folder {
	my $shared = abs_path($ENV{WEIR_SHARED} // '../shared') // '';
	my $from = "$shared/conformance";

	return $from if -r "$from/decisions.jsonl";
	print "1..0 # SKIP no $from/decisions.jsonl: 421 decisions untested\n";
	exit 0;
}

sub cases {
	my ($from) = @_;
	my @cases;

	open my $in, '<', "$from/decisions.jsonl" or die $!;
	while (my $line = <$in>) {
		push @cases, decode_json($line);
	}
	close $in;
	return @cases;
}

# The parameters of a case, as "name", "value".
sub settings {
	my ($case) = @_;
	my @settings;

	for (@{ $case->{config} }) {
		my ($name, $value) = @$_;
		$name = "smtpd_$name" if $name =~
		    /^(client|helo|sender|relay|recipient|etrn)_restrictions$/;
		$value = $value ? 'yes' : 'no' if $name eq 'smtpd_delay_reject';
		push @settings, [ $name, $value ];
	}
	return @settings;
}

# The tables and the DNS data that they refer to by relative names, as ../dns
# and ./smtpd_check_access seen from $dir/postfix.
sub copy_files {
	my ($from, $dir) = @_;

	mkdir "$dir/$_" for qw(dns postfix);
	copy($_, "$dir/dns/") for glob "$from/dns/*";
	copy("$from/smtpd_check_access", "$dir/postfix/");
}

# What is right: the reply, and the log lines.
sub expected {
	my ($case) = @_;
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
	return ($want, notable(@want));
}

sub notable { return grep { !/$compiled/ } @_ }

# What differs, for who reads the output of a test.
sub explain {
	my ($case, $reply, $log) = @_;
	my ($want, @want) = expected($case);

	print "# set $_->[0] = $_->[1]\n" for @{ $case->{config} };
	print "# $_\n" for @{ $case->{pre} };
	print "# want $want\n", map { "#      $_\n" } @want;
	print "# got  $reply\n", map { "#      $_\n" } @$log;
}

1;
