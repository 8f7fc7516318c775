#!/usr/bin/perl
# check_spf in the SMTP server and in the policy server: what each result leads
# to, the header, and the role that evaluates (hostile rows 69 and 70).
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib";
use Weir;
use Weir::Policy;

my $w = Weir->new(start => 0);
my ($policy, $acting) = map { $w->port($_) } qw(policy acting);
my $zone = <<'EOT' . join "", map { "deep$_.example TXT v=spf1 include:deep" . ($_ + 1) . ".example -all\n" } 1 .. 12;
pass.example TXT v=spf1 ip4:192.0.2.1 -all
fail.example TXT v=spf1 ip4:192.0.2.2 -all
soft.example TXT v=spf1 ~all
neutral.example TXT v=spf1 ?all
wrong.example TXT v=spf1 ipv4:192.0.2.1 -all
twice.example TXT v=spf1 -all
twice.example TXT v=spf1 +all
away.example SERVFAIL
slow.example TXT v=spf1 a:host.slow.example -all
host.slow.example A 192.0.2.1
mail.pass.example TXT v=spf1 a -all
mail.pass.example A 192.0.2.1
helo.fail.example TXT v=spf1 -all
loop.example TXT v=spf1 redirect=loop.example
self.example TXT v=spf1 include:self.example -all
void.example TXT v=spf1 a:no1.example a:no2.example a:no3.example a:no4.example -all
eleven.example TXT v=spf1 mx -all
macro.example TXT v=spf1 exists:%{l1000r-}.%{o99999999999}.macro.example -all
big.example TXT v=spf1 exists:%{i}.%{l}.%{l}.%{l}.%{l}.%{l}.%{l}.big.example -all
names.example TXT v=spf1 ptr:names.example -all
EOT
$zone .= "eleven.example MX $_ mx$_.eleven.example\nmx$_.eleven.example A 198.51.100.$_\n"
    for 1 .. 11;
$zone .= "*.elsewhere.example A 198.51.100.1\n";
$zone .= "9.2.0.192.in-addr.arpa PTR h$_.elsewhere.example\n" for 1 .. 50;
$zone .= "long.example TXT v=spf1 " . "ip4:198.51.100.1 " x 3000 . "-all\n";
my $asked = $w->names($zone);

my $main = <<'EOT';
smtpd_authorized_xclient_hosts = 127.0.0.1
mynetworks = 127.0.0.2/32
relay_domains = example.com
relay_transport = smtp:[127.0.0.1]:${port:sink}
smtpd_recipient_restrictions = reject_unauth_destination, check_spf
weir_trace_all = yes
EOT
my $sink = $w->sink("sink");
$w->configure(main => $main, master => <<"EOT");
127.0.0.1:$policy inet n - n - - policy
127.0.0.1:$acting inet n - n - - smtpd
  -o { weir_spf_actions = inline:{ {mailfrom:softfail = REJECT softly}, {neutral = HOLD}, {helo:fail = DUNNO}, {fail = 550 5.7.1 not you}, {temperror = DUNNO}, {pass = OK} } }
  -o weir_spf_header=no
EOT
$w->start;

sub rcpt {
	my ($from, %arg) = @_;

	return scalar $w->rcpt('user@example.com', from => $from,
	    xclient => "NAME=c.example ADDR=" . ($arg{addr} || "192.0.2.1"), %arg);
}

# Results.
my $may_not = "may not send mail of";
for my $case (
	[ 'u@pass.example', qr/^250 /, "pass" ],
	[ 'u@fail.example', qr/^550 5\.7\.23 <u\@fail\.example>: Sender address rejected: SPF: 192\.0\.2\.1 $may_not fail\.example$/, "fail" ],
	[ 'u@soft.example', qr/^250 /, "softfail" ],
	[ 'u@neutral.example', qr/^250 /, "neutral" ],
	[ 'u@nothing.example', qr/^250 /, "none" ],
	[ 'u@wrong.example', qr/^250 /, "permerror" ],
	[ 'u@twice.example', qr/^250 /, "permerror" ],
	[ 'u@away.example', qr/^451 4\.7\.24 <u\@away\.example>: Sender address rejected: SPF: /, "temperror" ],
) {
	my ($from, $reply, $result) = @$case;

	like rcpt($from), $reply, "$from: $result";
	ok $w->wait_log(qr/: spf: $result: mailfrom <\Q$from\E> from c\.example\[192\.0\.2\.1\]/),
	    "and the log says so";
}
like rcpt('u@pass.example', addr => "192.0.2.9"), qr/^550 5\.7\.23 /,
    "another client";
like rcpt('u@pass.example', addr => "IPV6:2001:db8::1"), qr/^550 5\.7\.23 .*2001:db8::1 /,
    "IPv6";
like rcpt('u@pass.example', addr => "IPV6:::ffff:192.0.2.1"), qr/^250 /,
    "IPv4 written as IPv6 (row 70)";
like rcpt('u@fail.example', addr => "127.0.0.9"), qr/^250 /, "this machine";

# The HELO name, and the null sender.
like rcpt('u@pass.example', helo => "helo.fail.example"),
    qr/^550 5\.7\.23 <helo\.fail\.example>: Helo command rejected: SPF: /,
    "the HELO name fails before the sender";
like rcpt('', helo => "helo.fail.example"), qr/^550 5\.7\.23 <helo\.fail/,
    "the null sender";
like rcpt('', helo => "mail.pass.example"), qr/^250 /, "one that passes";
like rcpt('', helo => "[192.0.2.1]"), qr/^250 /, "a literal has no policy";
like rcpt('', helo => "away.example"), qr/^451 4\.7\.24 <away\.example>: Helo/,
    "whose name server is away";
like rcpt('u@pass.example', helo => "away.example"), qr/^250 /,
    "which does not matter where there is a sender";

# Actions.
my @there = (port => $acting);
like rcpt('u@soft.example', @there), qr/^554 5\.7\.1 .* softly$/, "softfail";
like rcpt('u@fail.example', @there), qr/^550 5\.7\.1 .*not you$/, "fail";
like rcpt('u@neutral.example', @there), qr/^250 /, "HOLD";
ok $w->wait_log(qr/hold: RCPT from c\.example/), "is done";
like rcpt('u@away.example', @there), qr/^250 /, "temperror";
like rcpt('u@nothing.example', @there, helo => "helo.fail.example"), qr/^250 /,
    "the HELO name may fail";
like rcpt('u@pass.example', @there), qr/^451 4\.3\.5 /,
    "no policy of a stranger permits";
ok $w->wait_log(qr/restriction check_spf returns OK for/), "and it is logged";

# What is delivered.
my $c = $w->smtp;
$c->cmd("XCLIENT NAME=c.example ADDR=192.0.2.1");
like $c->deliver(from => 'u@pass.example', helo => "mail.pass.example",
    to => [ 'a@example.com', 'b@example.com' ]), qr/^250 /,
    "a message for two";
my ($message) = $w->messages($sink, 1);
my @headers = $message =~ /^(Received-SPF: .*?)\r?$/mg;
is_deeply \@headers, [ "Received-SPF: pass (mail.example.com: domain of " .
    "u\@pass.example designates 192.0.2.1 as permitted sender) " .
    "identity=mailfrom; client-ip=192.0.2.1; helo=mail.pass.example; " .
    "envelope-from=\"u\@pass.example\"; receiver=mail.example.com;" ],
    "has one header";

# The policy server: the same, and one header a message.
my $p = Weir::Policy->new($policy, client_address => "192.0.2.1",
    helo_name => "mail.pass.example", sender => 'u@pass.example');
like $p->ask(instance => "a.1"), qr/^PREPEND Received-SPF: pass /, "policy";
is $p->ask(instance => "a.1", recipient => 'b@example.com'), "DUNNO",
    "the next recipient";
like $p->ask(instance => "a.2"), qr/^PREPEND /, "the next message";
like $p->ask(instance => "a.3", sender => 'u@fail.example'),
    qr/^550 5\.7\.23 <u\@fail/, "a failure";

# Policies that ask for too much (row 69): the DNS is asked no more than it
# may be, and that is a permanent error.
for my $case ([ "deep1.example", 11 ], [ "loop.example", 1 ],
	[ "self.example", 1 ], [ "void.example", 4 ], [ "eleven.example", 2 ],
	[ "long.example", 1 ], [ "twice.example", 1 ]) {
	my ($domain, $most) = @$case;

	rcpt("w\@$domain");
	ok $w->wait_log(qr/: spf: permerror: mailfrom <w\@\Q$domain\E>/),
	    "$domain: permerror";
	my %seen = map { $_ => 1 } grep { !/client\.example\.net/ }
	    grep { /^(deep|no|mx)\d|\Q$domain\E/ }
	    split /\n/, Weir::read_file($asked);
	delete $seen{$_} for grep { /^deep/ && $domain !~ /^deep/ } keys %seen;
	delete $seen{$_} for grep { /^no/ && $domain !~ /^void/ } keys %seen;
	cmp_ok scalar(keys %seen), "<=", $most, "asks no more than $most questions";
}
like rcpt('l-o-n-g@macro.example'), qr/^550 /, "macros of any size";
like rcpt("x" x 60 . '@big.example'), qr/^550 /, "names of any length";
like rcpt('u@names.example', addr => "192.0.2.9"), qr/^550 /,
    "a client with many names";
my @long = grep { length((split)[0]) > 253 } split /\n/, Weir::read_file($asked);
is_deeply \@long, [], "no name is longer than names are";

# The role that evaluates is killed: before, and while it is asked.
my %role = $w->roles;
ok $role{auth}, "it has a process";
kill "KILL", $role{auth};
like rcpt('u@slow.example'), qr/^250 /, "killed: another answers";
$w->wait_for(sub { my %r = $w->roles; ($r{auth} || 0) != $role{auth} && $r{auth} });
%role = $w->roles;
kill "STOP", $role{auth};
$c = $w->smtp;
$c->cmd("XCLIENT NAME=c.example ADDR=192.0.2.1");
$c->cmd("EHLO c.example");
$c->cmd('MAIL FROM:<k@fail.example>');
$c->put('RCPT TO:<user@example.com>' . "\r\n");
ok $w->wait_for(sub {
	grep { m{^\S+\s+\S+\s+[1-9]\d*\s.*\Q$w->{dir}\E/\S*/auth\s} }
	    qx(ss -xlH);
}), "a question waits";
kill "KILL", $role{auth};
like $c->reply, qr/^550 5\.7\.23 /, "killed while asked";
like $w->healthy('user@example.com', from => 'h@nothing.example'), qr/^250 /,
    "mail goes on";

done_testing;
