#!/usr/bin/perl
# Real programs on both sides: swaks and smtp-source as clients, Debian's
# Postfix as the next hop, a real name server.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Postfix;

plan skip_all => "1 group: needs root for a private Postfix" if $> != 0;
plan skip_all => "1 group: no Postfix, swaks or nsd here"
    if grep { !-x $_ } "/usr/sbin/postfix", "/usr/bin/swaks", "/usr/sbin/nsd";

my $w = Weir->new(start => 0);
my $mx = $w->port("postfix");
$w->dns("example.org" => "@ IN MX 10 mx\nmx IN A 127.0.0.1\n" .
	"_bad IN MX 10 nowhere\n",
    "example.net" => "@ IN A 127.0.0.1\n");
$w->configure(main => <<EOT, master => <<EOT2);
relay_domains = example.org
relay_recipient_maps =
transport_maps = inline:{example.org=relay:example.org:$mx}
message_size_limit = 50000000
smtpd_sender_restrictions = reject_unknown_sender_domain
EOT
EOT2
my $sink = $w->sink("sink");
my $postfix = Weir::Postfix->start("$w->{dir}/postfix", port => $mx,
    main => "relayhost = [127.0.0.1]:" . $w->port("sink") . "\n" .
	"message_size_limit = 50000000\nmynetworks = 127.0.0.0/8\n");
$w->wait_port($mx);
$w->start;

my $swaks = `swaks --server 127.0.0.1:$w->{port} --to user\@example.org --from me\@example.net --helo client.example.net --header "Subject: by swaks" 2>&1`;
is $?, 0, "swaks is content" or diag $swaks;
like $swaks, qr/250 2\.0\.0 Ok: queued as/, "queued";
my ($m) = $w->messages($sink, 1, 30);
like $m, qr/^Subject: by swaks/m, "through Postfix to the sink";
like $m, qr/by postfix\.example\.com \(Postfix\).*by mail\.example\.com \(Weir\)/s,
    "by way of both";
ok $w->wait_log(qr/relay=mx\.example\.org\[127\.0\.0\.1\]:$mx, .*status=sent \(250 2\.0\.0 Ok: queued as/),
    "the MX of the domain was asked";

my $bad = `swaks --server 127.0.0.1:$w->{port} --to user\@example.org --from me\@nowhere.example.net 2>&1`;
like $bad, qr/450 4\.1\.8 <me\@nowhere\.example\.net>: Sender address rejected: Domain not found/,
    "R-58: no such sender domain";

my $n = 200;
system("smtp-source -s 20 -m $n -l 2000 -f me\@example.net " .
	"-t user\@example.org 127.0.0.1:$w->{port}") == 0
    or fail "smtp-source";
my @m = $w->messages($sink, $n + 1, 60);
is scalar(@m), $n + 1, "$n messages of smtp-source arrived";

# A 25 MB attachment.
{
	my $part = join "", map { "A" x 76 . "\r\n" } 1 .. 340_000;
	my $data = "Subject: large\r\nMIME-Version: 1.0\r\n" .
	    "Content-Type: multipart/mixed; boundary=\"b\"\r\n\r\n" .
	    "--b\r\nContent-Type: text/plain\r\n\r\nsee attachment\r\n" .
	    "--b\r\nContent-Type: application/octet-stream\r\n" .
	    "Content-Transfer-Encoding: base64\r\n\r\n$part--b--\r\n";
	like $w->send_mail(to => 'user@example.org', from => 'me@example.net',
	    data => $data, seconds => 60), qr/^250/, "25 MB are taken";
	@m = $w->messages($sink, $n + 2, 60);
	my ($large) = grep { length > 20_000_000 } @m;
	ok $large && $large =~ /\r\n\r\n--b\r\n/ &&
	    index($large, $part) > 0, "and arrive unchanged";
}
$postfix->stop;
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
