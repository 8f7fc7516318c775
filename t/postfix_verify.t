#!/usr/bin/perl
# Probes of addresses beside Debian's Postfix: the same next hops, the same
# questions; replies, and what the log says of each probe, must be the same.
#
# Where we differ is not played here: local and virtual recipients, for whom the
# tables answer instead of the agents.
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Weir;
use Weir::Postfix;

plan skip_all => "a comparison: no Postfix here, or not root"
    if $> != 0 || !-x "/usr/sbin/postfix";

my $w = Weir->new(start => 0);
$w->sink(@$_) for [ "good", ehlo => "PIPELINING" ],
    [ "bad", replies => { "RCPT <a\@bad.example>" => ["550 5.1.1 no such user *"],
	"RCPT <b\@bad.example>" => ["551 no *"] } ],
    [ "later", replies => { RCPT => ["451-4.7.1 grey\r\n451 4.7.1 listed *"] } ],
    [ "from", replies => { MAIL => ["553 5.1.8 no probes *"] } ],
    [ "away", replies => { BANNER => ["554 5.3.2 away *"] } ],
    [ "data" ], [ "nodata", replies => { DATA => ["554 5.7.1 no *"] } ],
    [ "lmtp", lmtp => 1 ];
my $main = $w->expand(<<'EOT');
relay_domains = example
transport_maps = inline:{
    { good.example = smtp:[127.0.0.1]:${port:good} },
    { bad.example = smtp:[127.0.0.1]:${port:bad} },
    { later.example = smtp:[127.0.0.1]:${port:later} },
    { from.example = smtp:[127.0.0.1]:${port:from} },
    { away.example = smtp:[127.0.0.1]:${port:away} },
    { down.example = smtp:[127.0.0.1]:${port:down} },
    { data.example = asks:[127.0.0.1]:${port:data} },
    { nodata.example = asks:[127.0.0.1]:${port:nodata} },
    { lmtp.example = lmtp:inet:127.0.0.1:${port:lmtp} },
    { pipe.example = command: }, { gone.example = nowhere: },
    { error.example = error:5.1.3 no }, { retry.example = retry:4.2.1 not now },
    { discard.example = discard: } }
virtual_alias_maps = inline:{ { one@good.example = real@good.example },
    { two@good.example = a@good.example, b@bad.example } }
virtual_alias_domains = alias.example
myhostname = mail.example.com
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = reject_unverified_recipient
unverified_recipient_reject_code = 550
smtpd_reject_unlisted_recipient = no
address_verify_poll_delay = 1s
address_verify_poll_count = 60
smtp_tls_security_level = none
soft_bounce = no
EOT
my $master = <<'EOT';
asks unix - - n - - smtp -o smtp_address_verify_target=data
command unix - n n - - pipe user=nobody argv=/bin/false
EOT
$w->configure(main => $main, master => $master);
$w->start;
my $postfix = Weir::Postfix->start("$w->{dir}/postfix",
    port => $w->port("postfix"), main => $main, master => $master);

sub plain {
	my ($text) = @_;

	return $text =~ s/127\.0\.0\.1\]:\d+/127.0.0.1]:PORT/gr =~
	    s/delays?=[\d.\/]+, //gr;
}

# The reply to RCPT, and what the log says of its probe.
sub ask {
	my ($server, $port, $address) = @_;
	my $before = length $server->log;
	my $reply = $w->rcpt($address, port => $port);
	my $line;

	$w->wait_for(sub {
		($line) = substr($server->log, $before) =~
		    /\/(\w+\[\d+\]: \w+: to=.*status=.*)/;
		return defined $line;
	});
	return plain("$reply\n" . ($line // "?") =~ s/\[\d+\]: \w+//r);
}

for my $address (map { "a\@$_.example" }
    qw(good bad later from away down data nodata lmtp pipe gone error retry discard alias)) {
	is ask($w, $w->{port}, $address),
	    ask($postfix, $postfix->{port}, $address), $address;
}
for my $address ('b@bad.example', 'one@good.example', 'two@good.example') {
	is ask($w, $w->{port}, $address),
	    ask($postfix, $postfix->{port}, $address), $address;
}
$postfix->stop;
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
