#!/usr/bin/perl
# The same decisions as in decisions.t, of a running gateway: its listeners have
# a configuration each, and XCLIENT makes the client.  R-30 ... R-58, K-04.
use strict;
use warnings;
use lib "t/lib";
use Weir;
use Weir::Decisions;

# Who says XCLIENT is let in, whoever may be rejected then.
my $us = "127.0.0.77";

my $from = Weir::Decisions::folder();
my @cases = Weir::Decisions::cases($from);
my (%why, @played);
for my $case (@cases) {
	if (!$case->{smtp_replayable}) {
		$why{"an earlier command is rejected, or is none of SMTP"}++;
	} elsif (grep { /^helo .*@/ } @{ $case->{pre} }, $case->{cmd}) {
		$why{"in a HELO of SMTP, \@ becomes ?"}++;
	} elsif ($case->{cmd} =~ /^(?:mail|rcpt) .*@[\d.]+$/) {
		$why{"SMTP knows no domain that is a number"}++;
	} else {
		push @played, $case;
	}
}

my $w = Weir->new(start => 0);
Weir::Decisions::copy_files($from, $w->{dir});
my ($master, %port) = ("");
for my $case (@played) {
	my $options = "";
	for (Weir::Decisions::settings($case)) {
		my ($name, $value) = @$_;
		$value =~ s{(hash:)(?:\./)?smtpd_check_access}
		    {$1\$dir/postfix/smtpd_check_access}g;
		$value =~ s{\.\./dns/}{\$dir/dns/}g;
		$value = "check_client_access inline:{$us=OK}, $value"
		    if $name eq 'smtpd_client_restrictions';
		$options .= "\t-o { $name = $value }\n";
	}
	if (!$port{$options}) {
		my $port = $w->port("l" . keys %port);
		$port{$options} = $port;
		$master .= "127.0.0.1:$port inet n - n - - smtpd\n$options";
	}
	$case->{port} = $port{$options};
}
# A server that could become an open relay says so and nothing else: a list that
# lets all pass has to look like one that does not.
$w->configure(main => $Weir::Decisions::base =~
    s/^(smtpd_relay_restrictions =)$/$1 check_client_access static:OK, reject/mr .
    "smtpd_authorized_xclient_hosts = $us\n",
    master => $w->expand($master));
open my $zone, '<', "$from/porcupine.zone" or die $!;
$w->names(do { local $/; <$zone> });
$w->start;

# XCLIENT for "client NAME ADDR [STATUS]".
sub xclient {
	my ($name, $addr, $status) = split ' ', $_[0];

	$status //= $name eq 'unknown' ? 4 : 2;
	$name = $status == 4 ? '[TEMPUNAVAIL]' : '[UNAVAILABLE]'
	    if $status != 2;
	$addr = "IPV6:$addr" if $addr =~ /:/;
	return "XCLIENT NAME=$name REVERSE_NAME=$name ADDR=$addr";
}

# The commands of a case; a port knows neither a recipient without a sender nor
# a client that nobody has named.
sub commands {
	my ($case) = @_;
	my @commands = (@{ $case->{pre} }, $case->{cmd});

	unshift @commands, 'client localhost 127.0.0.1'
	    if $commands[0] !~ /^client/;
	if ($case->{cmd} =~ /^rcpt/ && !grep { /^mail/ } @commands) {
		splice @commands, -1, 0, 'mail <>';
		$case->{null_sender} = 1;
	}
	return @commands;
}

# The reply to the last command of a case, after those before it.
sub play {
	my ($c, $case) = @_;
	my $reply;

	for (commands($case)) {
		my ($name, $rest) = split ' ', $_, 2;
		$rest = $1 if ($rest // '') =~ /^<(.*)>$/;
		$reply = $c->cmd($name eq 'client' ? xclient($rest)
		    : $name eq 'helo' ? "HELO $rest"
		    : $name eq 'mail' ? "MAIL FROM:<$rest>"
		    : "RCPT TO:<$rest>");
	}
	return $reply =~ /^2/ ? 'OK' : $reply;
}

# What was logged, but for how a client came and went.
sub log_since {
	my ($before) = @_;
	my $text = $w->wait_for(sub {
		my $new = substr $w->log, $before;
		return $new =~ /smtpd\[\d+\]: disconnect from/ ? $new : undef;
	}) // "";

	return map { s/^.*? weir\/smtpd\[\d+\]: //r }
	    grep { /smtpd/ && !/\]: (?:(?:dis)?connect from|\w+: client=)/ }
	    split /\n/, $text;
}

my ($n, $failed) = (0, 0);
for my $case (@played) {
	my $before = length $w->log;
	my $c = Weir::Client->new($case->{port}, from => $us);
	my $reply = play($c, $case);
	$c->cmd("QUIT");
	$c->close;
	my ($want, @want) = Weir::Decisions::expected($case);
	my @log = Weir::Decisions::notable(log_since($before));
	s{hash:\Q$w->{dir}\E/postfix/}{hash:./} for @log;
	s/; from=<> /; / for $case->{null_sender} ? @log : ();
	# An answer may have been in the cache for a while.
	s/ \d+ IN / 60 IN / for @log;
	# Only the last command's lines are in the case.
	splice @log, 0, @log - @want if @log > @want;
	my $ok = $reply eq $want && "@log" eq "@want";
	$failed++ unless $ok;
	$n++;
	print $ok ? '' : 'not ', "ok $n - $case->{id} $case->{cmd}\n";
	Weir::Decisions::explain($case, $reply, \@log) unless $ok;
}
print "# ", $n - $failed, " of ", scalar @cases, " decisions are Postfix's over a port, with ",
    scalar keys %port, " configurations\n";
print "# $why{$_} not: $_\n" for sort keys %why;
for ([ "stops cleanly", $w->stop == 0 ],
    [ "no sanitizer complains", $w->complaints eq '' ]) {
	my ($what, $ok) = @$_;
	print $ok ? '' : 'not ', 'ok ', ++$n, " - $what\n";
	$failed++ unless $ok;
}
print "1..$n\n";
exit($failed != 0);
