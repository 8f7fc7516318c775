#!/usr/bin/perl
# smtpd_hide_client_session: Received: does not tell who the client is; the log
# does.
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Weir;

my $w = Weir->new(main => <<'EOT', master => <<'EOM');
relay_domains = example.org
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:sink}}
EOT
127.0.0.1:${port:submission} inet n - n - - smtpd
    -o smtpd_hide_client_session=yes
EOM
my $sink = $w->sink("sink");
my $by = qr/by mail\.example\.com \(Weir\)/;

sub received {
	my ($port, @to) = @_;
	my ($qid) = $w->send_mail(port => $port, to => \@to) =~ /as (\w+)/;
	my ($m, $line);

	$w->wait_for(sub {
		($m) = grep { /\b$qid\b/ } $w->messages($sink, 0);
		return defined $m;
	});
	($line) = $m =~ /^(Received: (?:.*\n)(?:[ \t].*\n)*)/m;
	ok $w->wait_log(qr/$qid: client=\S+\[127\.0\.0\.1\]/), "the log has it";
	return $line =~ s/\b$qid\b/ID/r;
}
like received($w->{port}, 'a@example.org'),
    qr/^Received: from \S+ \(\S+ \[127\.0\.0\.1\]\)\r\n\t$by with ESMTP id ID\r\n\tfor <a\@example.org>; \w/,
    "who brought it, and how";
like received($w->port("submission"), 'b@example.org'),
    qr/^Received: $by id ID\r\n\tfor <b\@example.org>; \w.*\r\n$/,
    "only where, if that is to be hidden";
like received($w->port("submission"), 'c@example.org', 'd@example.org'),
    qr/^Received: $by id ID;\r\n\t\w.*\r\n$/, "with two recipients, too";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
