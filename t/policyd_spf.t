#!/usr/bin/perl
# S-228, G-28: the founding documents' policyd-spf, run by the spawn service, and
# check_spf in its place: Debian's policyd-spf and we ask the same name server
# and come to the same.
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib";
use Weir;
use Weir::Beside;
use Weir::Names;

plan skip_all => "no policyd-spf" if !-x "/usr/bin/policyd-spf";
my $not = Weir::Beside::enter();
plan skip_all => $not if $not;

my $w = Weir->new(start => 0);
my ($theirs, $ours) = map { $w->port($_) } qw(theirs ours);
my $zone = <<'EOT';
pass.example TXT v=spf1 ip4:192.0.2.1 ip6:2001:db8::/32 -all
fail.example TXT v=spf1 ip4:192.0.2.2 -all
soft.example TXT v=spf1 ~all
neutral.example TXT v=spf1 ?all
empty.example TXT v=spf1
none.example TXT nothing of the kind
wrong.example TXT v=spf1 ipv4:192.0.2.1 -all
twice.example TXT v=spf1 -all
twice.example TXT v=spf1 +all
away.example SERVFAIL
hosts.example TXT v=spf1 a mx ptr:pass.example exists:%{ir}.%{l}.ok.example redirect=soft.example
hosts.example A 192.0.2.3
hosts.example MX 10 m.hosts.example
m.hosts.example A 192.0.2.4
1.2.0.192.u.ok.example A 127.0.0.1
loop.example TXT v=spf1 include:loop.example -all
mail.pass.example TXT v=spf1 a -all
mail.pass.example A 192.0.2.1
helo.fail.example TXT v=spf1 -all
helo.soft.example TXT v=spf1 ~all
EOT
my $log = "$w->{dir}/asked";
$w->peer(sub { Weir::Names::serve(53, $zone, $log) });
$w->wait_port(53) or die "no name server";
my $sink = $w->sink("sink");
$w->write_file("policyd-spf.conf", <<'EOT');
debugLevel = 1
TestOnly = 1
HELO_reject = Fail
Mail_From_reject = Fail
PermError_reject = False
TempError_Defer = True
skip_addresses = 127.0.0.0/8,::ffff:127.0.0.0/104,::1
Hide_Receiver = No
EOT
chmod 0755, $w->{dir};
$w->configure(main => <<'EOT', master => <<"EOT");
weir_dns_servers = 127.0.0.1
smtpd_authorized_xclient_hosts = 127.0.0.1
mynetworks = 127.0.0.2/32
relay_domains = example.com
relay_transport = smtp:[127.0.0.1]:${port:sink}
policy-spf_time_limit = 3600s
EOT
policy-spf unix - n n - 0 spawn
  user=nobody argv=/usr/bin/policyd-spf $w->{dir}/etc/policyd-spf.conf
127.0.0.1:$theirs inet n - n - - smtpd
  -o { smtpd_recipient_restrictions = permit_sasl_authenticated, permit_mynetworks, reject_unauth_destination, check_policy_service unix:private/policy-spf }
127.0.0.1:$ours inet n - n - - smtpd
  -o { smtpd_recipient_restrictions = permit_sasl_authenticated, permit_mynetworks, reject_unauth_destination, check_spf }
EOT
$w->start;

# Code, enhanced code and the header's fields, of a message by one listener.
my $sent = 0;
sub outcome {
	my ($port, $from, $addr, $helo) = @_;
	my $c = $w->smtp($port);

	$c->cmd("XCLIENT NAME=c.example ADDR=$addr");
	$sent++;
	my $reply = $c->deliver(from => $from, helo => $helo,
	    to => 'user@example.com', data => "Subject: number $sent.\r\n\r\n");
	return $1 if $reply =~ /^([45]\d\d)/;
	my $message = $w->wait_for(sub {
		(grep { /^Subject: number $sent\./m } $w->messages($sink, 0))[0];
	}) // "";
	my ($header) = $message =~ /^Received-SPF: (.*(?:\r?\n[ \t].*)*)/m;
	return "no header" if !defined $header;
	my ($result) = $header =~ /^(\w+)/;
	my %field = $header =~ /([\w-]+)=("[^"]*"|[^;\s]+)/g;
	s/^"|"$//g for values %field;
	return join " ", lc $result, map { "$_=" . ($field{$_} // "") }
	    qw(identity client-ip helo envelope-from);
}

for my $case (
	[ 'u@pass.example' ], [ 'u@pass.example', "192.0.2.9" ],
	[ 'u@pass.example', "IPV6:2001:db8::1" ],
	[ 'u@pass.example', "IPV6:2001:db9::1" ],
	[ 'u@fail.example' ], [ 'u@soft.example' ], [ 'u@neutral.example' ],
	[ 'u@empty.example' ], [ 'u@none.example' ], [ 'u@nothing.example' ],
	[ 'u@wrong.example' ], [ 'u@twice.example' ],
	[ 'u@hosts.example', "192.0.2.3" ], [ 'u@hosts.example', "192.0.2.4" ],
	[ 'u@hosts.example', "192.0.2.1" ], [ 'v@hosts.example', "192.0.2.1" ],
	[ 'u@loop.example' ],
	[ 'u@pass.example', "192.0.2.1", "helo.fail.example" ],
	[ 'u@pass.example', "192.0.2.1", "helo.soft.example" ],
	[ 'u@pass.example', "192.0.2.1", "localhost" ],
	[ "", "192.0.2.1", "mail.pass.example" ],
	[ "", "192.0.2.9", "mail.pass.example" ],
	[ "", "192.0.2.1", "helo.soft.example" ],
	[ "", "192.0.2.1", "nothing.example" ],
) {
	my ($from, $addr, $helo) = ($case->[0], $case->[1] // "192.0.2.1",
	    $case->[2] // "c.example");
	my @both = map { outcome($_, $from, $addr, $helo) } $theirs, $ours;

	is $both[1], $both[0], "<$from> of $addr, $helo: $both[0]";
}

# A name server that cannot answer is no domain without a policy: there we
# differ.
is outcome($theirs, 'u@away.example', "192.0.2.1", "c.example") =~ s/ .*//r,
    "none", "SERVFAIL is as good as no policy for policyd-spf";
is outcome($ours, 'u@away.example', "192.0.2.1", "c.example"), 451,
    "not for us";

done_testing;
