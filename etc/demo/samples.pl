#!/usr/bin/perl
# samples.pl - send a few messages to the demonstration gateway and show what
# it says, and why.  usage: samples.pl PORT WEIR CONFIGDIR
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../../t/lib";
use Weir::Client;

my ($port, $weir, $dir) = @ARGV;
my @samples = (
	[ "a message to a known user is taken", helo => "client.example.net",
	    to => 'anna@example.org' ],
	[ "relaying is denied to strangers", helo => "client.example.net",
	    to => 'someone@example.com' ],
	[ "an unknown user is refused", helo => "client.example.net",
	    to => 'nobody@example.org' ],
	[ "a header check looks at the content", helo => "client.example.net",
	    to => 'anna@example.org',
	    data => "Subject: Cheap pills, today only\r\n\r\nBuy!\r\n" ],
	[ "carl's class wants a full name in HELO", helo => "client",
	    to => 'carl@example.org' ],
	[ "berta's class lets the same client in", helo => "client",
	    to => 'berta@example.org' ],
);

for my $sample (@samples) {
	my ($what, %arg) = @$sample;
	my $c = Weir::Client->new($port);
	my $reply = $c->deliver(%arg);

	$c->cmd("QUIT");
	print "\n* $what\n";
	print "  HELO $arg{helo}, RCPT TO:<$arg{to}>\n";
	print "  -> $reply\n";
	my $id = $reply =~ /queued as (\w+)/ ? $1 : $arg{to};
	my $text = "";
	# Decisions are written down in the background, a moment later.
	for (1 .. 50) {
		$text = `"$weir" explain -c "$dir" "$id" 2>&1`;
		last if $? == 0;
		select undef, undef, undef, 0.05;
	}
	$text =~ s/^/     /gm;
	print $text;
}
