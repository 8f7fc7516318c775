#!/usr/bin/perl
# What restrictions remember and what SPF says, beside a Postfix that stays: Weir
# is its policy server and its milter, alone and in the foreground as the manuals
# have it, and swaks brings the mail.  S-190, S-223, S-228, G-22, G-26, G-28.
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib";
use Weir;
use Weir::Postfix;

plan skip_all => "no Postfix, or not root"
    if !-x "/usr/sbin/postfix" || $> != 0;
plan skip_all => "no swaks" if !-x "/usr/bin/swaks";
plan skip_all => "the clock cannot be set in this build"
    if ($ENV{OUT} // "") =~ /release/;

my $main = <<'EOT';
smtpd_restriction_classes = wary, checked
wary = greylist
checked = check_spf
smtpd_recipient_restrictions =
    check_recipient_access inline:{{wary@example.com=wary},{shy@example.com=wary},{spf@example.com=checked}}
weir_greylist_auto_allow = 1
EOT
my $zone = <<'EOT';
good.example TXT v=spf1 ip4:192.0.2.0/24 -all
bad.example TXT v=spf1 -all
EOT

for my $door (qw(policy milter)) { subtest "Weir is a $door" => sub { beside($door) } }
done_testing;

sub beside {
	my ($door) = @_;
	my $w = Weir->new(start => 0);
	my $port = $w->port($door);
	my $smtp = $w->port("postfix");

	$w->names($zone);
	$w->configure(main => $main,
	    master => "127.0.0.1:$port inet n - n - - $door\n");
	$w->{command} = $door;
	ok $w->start, "weir $door";
	my $sink = $w->sink("sink");
	my $asks = $door eq "policy" ?
	    "smtpd_recipient_restrictions = reject_unauth_destination, check_policy_service inet:127.0.0.1:$port\n" :
	    "smtpd_recipient_restrictions = reject_unauth_destination\nsmtpd_milters = inet:127.0.0.1:$port\n";
	my $postfix = Weir::Postfix->start("$w->{dir}/postfix", port => $smtp,
	    main => <<EOT . $asks);
relay_domains = example.com
relay_transport = smtp:[127.0.0.1]:${\ $w->port("sink")}
mynetworks = 192.0.2.77/32
smtpd_authorized_xclient_hosts = 127.0.0.1
EOT
	$w->wait_port($smtp);
	my $swaks = sub {
		my ($to, %arg) = @_;
		my $said = join "", grep { /^<[-~*]/ } split /^/, scalar qx(swaks \\
		    --server 127.0.0.1 --port $smtp --helo mail.good.example \\
		    --xclient-name x.good.example \\
		    --xclient-addr '${\ ($arg{addr} // "192.0.2.6")}' \\
		    --from '${\ ($arg{from} // 'a@good.example')}' \\
		    --to '$to' --timeout 110 2>&1);

		return $said =~ /^<\*\* ([45]\d\d .*?)\s*$/m ? $1 :
		    $said =~ /^<-  (250 .*queued as \w+)/m ? "taken" : $said;
	};
	like $swaks->('wary@example.com'),
	    qr/^450 4\.2\.0 <wary\@example\.com>: Recipient address rejected: Greylisted for 300 seconds$/,
	    "a stranger is to come again";
	$w->advance(100);
	like $swaks->('wary@example.com'), qr/^450 .*Greylisted for (?:200|1\d\d) seconds$/,
	    "not so soon";
	is $swaks->('other@example.com'), "taken", "others do not care";
	$w->advance(201);
	is $swaks->('wary@example.com'), "taken", "later";
	my @mail = $w->messages($sink, 2);
	is scalar(grep { /^X-Greylist: delayed \d+ seconds by weir at mail\.example\.com; /m } @mail),
	    1, "with a header that says so";
	is $swaks->('shy@example.com'), "taken", "who has waited need not again";
	like $swaks->('shy@example.com', addr => "198.51.100.9"), qr/^450 .*Greylisted/,
	    "another client does";
	like $swaks->('spf@example.com', from => 'a@bad.example'),
	    qr/^550 5\.7\.(?:23|1) .*bad\.example/, "SPF fails";
	is $swaks->('spf@example.com'), "taken", "SPF passes";
	@mail = $w->messages($sink, 4);
	is scalar(grep { /^Received-SPF: pass /m } @mail), 1, "with its header";
	$postfix->stop;
	is $w->stop, 0, "stops";
	is $w->complaints, "", "without complaint";
}
