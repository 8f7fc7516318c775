#!/usr/bin/perl
# Delivery status filters beside Debian's Postfix: the same replies of the same
# servers, the same tables; the same lines in the log, and in the notices.
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Weir;
use Weir::Postfix;

plan skip_all => "a comparison: no Postfix here, or not root"
    if $> != 0 || !-x "/usr/sbin/postfix";

# What the server says to each recipient, and what the table makes of it.
my @cases = (
	["bounce", "550 5.1.1 no bounce *", "4.7.1 later"],
	["defer", "450 4.2.1 not defer *", "5.7.1 never"],
	["text", "550 5.1.1 text *", "other words"],
	["code", "550 5.1.1 code *", "5.9.9"],
	["empty", "550 5.1.1 empty *", "4.2.2 "],
	["bad", "550 5.1.1 bad *", "2.0.0 it went well"],
	["worse", "450 4.1.1 worse *", "2.0.0 it went well"],
	["long", "550 5.1.1 long *", "4.1234.1 too long"],
	["three", "550 5.1.1 three *", "3.0.0 no such class"],
	["groups", "550 5.1.1 groups abc *", '5.5.5 <$2>'],
	["plain", "550 5.1.1 plain *", undef],
	["sent", undef, "2.1.5 here"],
	["unsent", undef, "5.1.5 not here"],
	["unsent4", undef, "4.1.5 not here"],
	["as", undef, undef],
);
my $w = Weir->new(start => 0);
my $sink = $w->sink("hop", replies => {
	map { ("RCPT <$_->[0]\@example.org>" => [$_->[1]]) }
	    grep { defined $_->[1] } @cases });
my $filter = join "", map {
	my ($name, undef, $result) = @$_;
	"/said: .* $name( ([a-z]+))? \\(in reply/ $result\n" } grep { defined $_->[2] && defined $_->[1] } @cases;
# What was sent looks the same for all: each has a transport of its own.
my @sent = grep { !defined $_->[1] && defined $_->[2] } @cases;
$w->write_file("filter", $filter);
$w->write_file("hard", '/^4(\.4\.1 connect to .*)/ 5$1' . "\n");
$w->write_file("program", "/^5\\.3\\.0 / 4.3.5 a broken program\n");
$w->write_file($_->[0], "/^2\\.0\\.0 250 / $_->[2]\n") for @sent;
my $own = $w->expand(join "", map {
	"$_->[0].example.org smtp$_->[0]:[127.0.0.1]:\${port:hop}\n" } @sent);
$w->write_file("transport", $own . $w->expand(<<'EOT'));
example.org smtp:[127.0.0.1]:${port:hop}
fails.example smtpfails:[127.0.0.1]:${port:hop}
fails2.example smtpfails:[127.0.0.1]:${port:down}
down.example smtpdown:[127.0.0.1]:${port:down}
soft.example smtpsoft:[127.0.0.1]:${port:down}
pipe.example pipe1:
EOT
my $main = $w->expand(<<'EOT');
relay_domains = example.org, example
relay_recipient_maps =
transport_maps = texthash:$dir/etc/transport
parent_domain_matches_subdomains = relay_domains
default_delivery_status_filter = regexp:$dir/etc/filter
myhostname = mail.example.com
smtp_tls_security_level = none
maximal_queue_lifetime = 1d
smtpd_relay_restrictions = reject_unauth_destination
always_bcc =
smtpd_recipient_restrictions =
mynetworks = 127.0.0.0/8
compatibility_level = 3.6
EOT
my $master = $w->expand(join("", map {
	"smtp$_->[0] unix - - n - - smtp -o smtp_delivery_status_filter=regexp:\$dir/etc/$_->[0]\n" } @sent) . <<'EOT');
smtpfails unix - - n - - smtp -o smtp_delivery_status_filter=fail:broken
smtpdown unix - - n - - smtp -o smtp_delivery_status_filter=inline:{{4.4.1=x}},regexp:$dir/etc/hard
smtpsoft unix - - n - - smtp -o smtp_delivery_status_filter=regexp:$dir/etc/hard -o soft_bounce=yes
pipe1 unix - n n - - pipe -o pipe_delivery_status_filter=regexp:$dir/etc/program user=nobody argv=/bin/false
EOT
$w->configure(main => $main, master => $master);
$w->start;
my $postfix = Weir::Postfix->start("$w->{dir}/postfix",
    port => $w->port("postfix"), main => $main, master => $master);

# What the log says of a message to an address.
sub told {
	my ($server, $port, $address) = @_;
	my $before = length $server->log;

	like $w->send_mail(port => $port, to => $address, from => ""), qr/^250/, "$address: taken";
	my $line;
	$w->wait_for(sub {
		($line) = substr($server->log, $before) =~
		    /\]: \w+: (to=<\Q$address\E>.*status=.*)/;
		return defined $line;
	});
	my @warnings = substr($server->log, $before) =~
	    /(warning: .*(?:filter|lookup).*)/g;
	return join "\n", map { s/127\.0\.0\.1\]:\d+/127.0.0.1]:PORT/gr =~
		s/delays?=[\d.\/]+, //gr =~ s/conn_use=\d+, //r }
	    $line // "?", @warnings;
}

for my $address ((map { "$_->[0]\@" . (defined $_->[1] || !defined $_->[2] ? "" : "$_->[0].") . "example.org" } @cases),
	map { "a\@$_.example" } qw(fails fails2 down soft pipe)) {
	is told($w, $w->{port}, $address),
	    told($postfix, $postfix->{port}, $address), $address;
}
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
