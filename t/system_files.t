#!/usr/bin/perl
# /etc/resolv.conf and the file of host names may change while Weir runs: what
# they say is taken up without a reload, and mail that is on its way goes on.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Etc;
use Weir::Names;

my $why = Weir::Etc::enter("resolv.conf", "hosts");
plan skip_all => $why if $why;

# The first name server is of no use.
Weir::Etc::put("resolv.conf", "nameserver 127.0.0.1\n");
Weir::Etc::put("hosts", "127.0.0.1 before.example\n");
my $w = Weir->new(dns_also => "127.0.0.2", start => 0, main => <<'EOT',
weir_dns_servers =
relay_domains = hops.example, slow.example
relay_recipient_maps =
transport_maps = texthash:$config_directory/transport
smtp_dns_resolver_options = res_defnames
EOT
    files => { transport => "hops.example smtp:[host]:\${port:sink}\n" .
	"slow.example smtp:[slow]:\${port:sink}\n" });
$w->sink("sink");
$w->peer(sub { Weir::Names::serve(53, "host SERVFAIL\n",
    "$w->{dir}/asked", slow => sub { return () }) });
$w->wait_port(53) or die "no name server";
$w->dns("hops.example" => "host IN A 127.0.0.1\n");
$w->start;

like $w->send_mail(to => 'a@hops.example'), qr/^250 /, "taken";
$w->wait_log(qr/to=<a\@hops\.example>, .*status=deferred/);
like $w->log, qr/to=<a\@hops\.example>, .* dsn=4\.4\.3, status=deferred \(.* name=host type=A: Host not found, try again\)/,
    "a name server that is of no use";
like $w->log, qr/: connect from before\.example\[127\.0\.0\.1\]/,
    "the client's name is that of the hosts file";

# A question that is on its way to the old server.
$w->send_mail(to => 'a@slow.example');
$w->wait_for(sub { Weir::read_file("$w->{dir}/asked") =~ /^slow A /m })
    or die "not asked";

Weir::Etc::put("resolv.conf", "nameserver 127.0.0.2\nsearch hops.example\n");
Weir::Etc::put("hosts", "127.0.0.1 after.example\n");
my $n = 0;
ok $w->wait_for(sub {
	$w->advance(2);
	$w->send_mail(to => "b" . ++$n . '@hops.example');
	return $w->log =~ /to=<b\d+\@hops\.example>, .*status=sent/;
}), "other name servers, and a domain to search, are asked soon";
like $w->log, qr/to=<b\d+\@hops\.example>, relay=host\[127\.0\.0\.1\]:\d+, .*status=sent/,
    "the host is known as it is written";
ok $w->wait_for(sub {
	$w->advance(2);
	$w->send_mail(to => 'c@hops.example');
	return $w->log =~ /: connect from after\.example\[127\.0\.0\.1\]/;
}), "so are other names of hosts";
$w->advance(100);
$w->wait_log(qr/to=<a\@slow\.example>, .*status=/);
like $w->log, qr/to=<a\@slow\.example>, .* dsn=4\.4\.3, status=deferred /,
    "what was asked before ends as it would have";
my @generations = $w->log =~ /generation \d+ serves/g;
is scalar(@generations), 1, "without a reload";
done_testing;
