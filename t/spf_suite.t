#!/usr/bin/perl
# The official tests of RFC 7208, which Debian ships with python3-spf: each of
# its zones is a world of "weir test session", and the result of each question
# is told by an action.
use strict;
use warnings;

use FindBin qw($Bin);
use JSON::PP;
use Test::More;
use lib "$Bin/lib";
use Weir;
use Weir::Bench;

my $suite = "/usr/share/doc/python3-spf/rfc7208-tests.yml.gz";
my $read = 'import gzip, json, sys, yaml
text = gzip.open(sys.argv[1]).read().decode("utf-8", "surrogateescape")
print(json.dumps(list(yaml.safe_load_all(text))))';
plan skip_all => "no $suite" if !-e $suite;
my $json = qx(/usr/bin/python3 -c '$read' $suite 2>/dev/null);
plan skip_all => "no YAML" if $? != 0;

# The result is the last word of the reply.
my @results = qw(pass fail softfail neutral none temperror permerror);
my $mail = join ", ", map { "{$_ = 550 5.7.1 $_}" } @results;
my $not_helo = join ", ", map { "{helo:$_ = DUNNO}" } @results;
my $b = Weir::Bench->new("main.cf" => <<"EOT");
compatibility_level = 3.6
myhostname = mail.example.com
mydestination =
alias_maps =
local_recipient_maps =
smtpd_delay_reject = no
smtpd_sender_restrictions = check_spf
EOT

# A text as the DNS has it, in one piece.
sub text {
	my ($value) = @_;

	return ref $value ? join "", @$value : $value;
}

# The lines of a world that a name of a zone becomes.
sub records {
	my ($name, $list) = @_;
	my (@lines, %has);
	my @all = map { ref $_ ? [ %$_ ] : [ $_ ] } @$list;

	$has{ $_->[0] }++ for @all;
	for my $r (@all) {
		my ($type, $value) = @$r;

		# A policy under its old type only is meant for both.
		$type = "TXT" if $type eq "SPF" && !$has{TXT};
		next if $type eq "SPF" || $type eq "TIMEOUT" ||
		    ($type eq "TXT" && text($value) eq "NONE");
		push @lines, join " ", $name, $type,
		    $type eq "MX" ? ($value->[0], $value->[1] eq "" ? "." : $value->[1]) : text($value);
	}
	push @lines, "$name SERVFAIL"
	    if $has{TIMEOUT} && !grep { / TXT / } @lines;
	return map { "world $_\n" } @lines;
}

my $count = 0;
my %cannot = map { $_ => 1 } qw(macro-mania-in-domain
    control-char-policy badip4 emptylabel toolonglabel a-null mx-null);
binmode Test::More->builder->$_, ":utf8" for qw(output failure_output);
for my $part (@{ decode_json($json) }) {
	my $zone = $part->{zonedata};
	my $tests = $part->{tests};
	# A name with blanks and a text with line ends cannot be written in a
	# world, and two dots in a row are no sender; who needs them is left
	# out.
	my $script = join "", grep { !/[\0\r\n]./ }
	    map { records($_, $zone->{$_}) } grep { $_ ne "" && !/ / }
	    sort keys %$zone;
	my @names = grep { !$cannot{$_} } sort keys %$tests;

	for my $name (@names) {
		my $t = $tests->{$name};
		my $from = $t->{mailfrom};
		$from =~ s/^(.* .*)@/"$1"@/;
		my $actions = $from eq "" ? $mail : "$not_helo, $mail";

		$script .= "set weir_spf_actions = inline:{ $actions }\n" .
		    "client c.example $t->{host}\nhelo $t->{helo}\n" .
		    "mail " . ($from eq "" ? "<>" : $from) . "\n";
	}
	utf8::encode($script);
	$b->file("script", $script);
	my ($status, $out, $err) = $b->test("session", "script");
	my @replies = grep { /^\d{3} / } split /\n/, $out;
	is scalar @replies, scalar @names, "$part->{description}: all are answered"
	    or diag $out, $err;
	for my $name (@names) {
		my $want = $tests->{$name}{result};
		my $reply = shift(@replies) // "";
		my ($got) = $reply =~ /(\S+)$/;

		ok scalar(grep { $_ eq ($got // "") } ref $want ? @$want : $want),
		    "$name" or diag "$reply, not ", text($want);
		$count++;
	}
}
is $count, 196, "all of them but seven";

done_testing;
