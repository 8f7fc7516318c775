#!/usr/bin/perl
# The open relay matrix (hostile row 58, S-211): over a real port, every client
# with every sender and every form of a recipient.  Relayed is only what a
# permit has matched; what is written into the address changes nothing.
use strict;
use warnings;

use lib "t/lib";

use Test::More;
use Weir;

my %lists = (
	plain => "",
	# The old forms stay routes, also where they are not followed here.
	new => " -o allow_percent_hack=no -o swap_bangpath=no",
	trusting => " -o allow_untrusted_routing=yes",
	exact => " -o parent_domain_matches_subdomains=",
	# The guard in the other list, and every sender welcome behind it.
	late => " -o smtpd_relay_restrictions=" .
	    " -o { smtpd_recipient_restrictions = permit_mynetworks," .
	    " permit_sasl_authenticated, reject_unauth_destination," .
	    " check_sender_access static:OK }",
);
my $w = Weir->new(main => <<'EOT',
mynetworks = 10.9.9.0/24, [2001:db8:9::]/48
mydestination = local.example
relay_domains = relay.example
virtual_alias_domains = v.example
virtual_alias_maps = inline:{{@v.example=user@local.example}, {out@v.example=box@provider.example}}
smtpd_authorized_xclient_hosts = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, permit_sasl_authenticated, reject_unauth_destination
smtpd_sasl_auth_enable = no
smtpd_error_sleep_time = 0
smtpd_soft_error_limit = 10000
smtpd_hard_error_limit = 10000
smtpd_recipient_limit = 10000
EOT
	master => join("", map { "127.0.0.1:\${port:$_} inet n - n - - smtpd\n$lists{$_}\n" }
	    sort keys %lists));

# Who may send anywhere, and who may not.
my %clients = (
	"a stranger" => ["NAME=[UNAVAILABLE] ADDR=203.0.113.77", 0],
	"a stranger with a name of ours" => ["NAME=mail.local.example ADDR=203.0.113.77", 0],
	"a stranger by IPv6" => ["NAME=[UNAVAILABLE] ADDR=IPv6:2001:db8:77::25", 0],
	"one of us" => ["NAME=pc.local.example ADDR=10.9.9.9", 1],
	"one of us by IPv6" => ["NAME=[UNAVAILABLE] ADDR=IPv6:2001:db8:9::9", 1],
	"a traveller" => ["NAME=[UNAVAILABLE] ADDR=203.0.113.77 LOGIN=anna", 1],
);
my @senders = ("", 'someone@elsewhere.example', 'boss@local.example',
	'boss@relay.example', 'postmaster@mail.example.com');
my $foreign = "elsewhere.example";

# What a stranger may send to, by service; "-": nowhere.
my @all = sort keys %lists;
my @forms = (
	['user@local.example', @all],
	['USER@LOCAL.EXAMPLE', @all],
	['user+more@local.example', @all],
	['user@relay.example', @all],
	['user@sub.relay.example', grep { $_ ne "exact" } @all],
	['user@v.example', @all],
	['out@v.example', @all],
	['postmaster', @all],
	['user@sub.local.example'],
	['user@sub.v.example'],
	['user@xrelay.example'],
	['user@relay.example.test'],
	["user\@$foreign"],
	["postmaster\@$foreign"],
	["abuse\@$foreign"],
	['user@[203.0.113.99]'],
	['user@[IPv6:2001:db8:99::1]'],
	["\@local.example:user\@$foreign"],
	["\@relay.example,\@local.example:user\@$foreign"],
	["\"user\@$foreign\"\@local.example"],
	["\"user\@$foreign\"\@relay.example", "trusting"],
	["user%$foreign\@local.example"],
	["user%$foreign\@relay.example", "trusting"],
	["user%$foreign\@v.example", "trusting"],
	["user%$foreign%local.example"],
	["user%$foreign"],
	["$foreign!user\@local.example"],
	["$foreign!user\@relay.example", "trusting"],
	["$foreign!user"],
	["local.example!user%$foreign"],
	["local.example!$foreign!user"],
	["\"user%$foreign\"\@local.example"],
);

for my $service (@all) {
	for my $who (sort keys %clients) {
		my ($attributes, $may) = @{ $clients{$who} };
		my @wrong;

		for my $from (@senders) {
			my $c = $w->smtp($w->port($service));

			$c->cmd("EHLO localhost");
			$c->cmd("XCLIENT $attributes");
			$c->cmd("EHLO mail.local.example");
			$c->cmd("MAIL FROM:<$from>");
			for my $form (@forms) {
				my ($to, @to) = @$form;
				my $ours = grep { $_ eq $service } @to;
				my $reply = $c->cmd("RCPT TO:<$to>");
				my $wanted = $may || $ours ? qr/^250 /
				    : qr/^554 5\.7\.1 .*Relay access denied/;

				push @wrong, "<$from> to <$to>: $reply"
				    unless $reply =~ $wanted;
			}
			$c->cmd("QUIT");
		}
		is_deeply(\@wrong, [], "$service: $who")
		    or diag(join "\n", @wrong);
	}
}

# What is accepted with a route in it goes where it belongs.
unlike $w->log, qr/: to=<[^>]*\@elsewhere\.example>/, "nothing went there";
is $w->stop, 0, "and ends well";
is $w->complaints, "", "nothing to complain about";

# A restriction that nobody knows is never passed over.
$w = Weir->new(main => <<'EOT');
mynetworks = 127.0.0.0/8
relay_domains = relay.example
smtpd_relay_restrictions = permit_sasl_authenticated, reject_unauth_destinatoin,
	reject_unauth_destination
EOT
like $w->rcpt($_), qr/^451 4\.3\.5 /, "an unknown name: $_"
    for 'user@elsewhere.example', 'user@relay.example';
$w->stop;

# Nor does a missing guard let anybody in.
$w = Weir->new(main => <<'EOT');
relay_domains = relay.example
smtpd_relay_restrictions =
smtpd_recipient_restrictions = permit_mynetworks, reject_non_fqdn_recipient
EOT
like $w->rcpt($_), qr/^451 4\.3\.5 /, "no guard: $_"
    for 'user@elsewhere.example', 'user@relay.example';
$w->stop;
done_testing;
