#!/usr/bin/perl
# What a rejected client is told, and what the log says: the same as Debian's
# Postfix with the same main.cf.  smtpd_reject_footer(_maps), soft_bounce,
# smtpd_log_access_permit_actions.
use strict;
use warnings;
use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib";
use Weir;
use Weir::Client;
use Weir::Postfix;

plan skip_all => "not root: no private Postfix" if $> != 0;
plan skip_all => "no Postfix" if !-x "/usr/sbin/postfix";

my $main = <<'EOT';
soft_bounce = yes
smtpd_reject_footer = \c. For help: ($client_address) [$client_name] $nothing ($server_name)\nor $client_port? $sender ${sender_domain?{d}:{n}}
smtpd_reject_footer_maps = pcre:{{/HELO first/ $$helo_name, say HELO}, {/RCPT command/ $${}, {/MAIL command/ \\c, first}}
smtpd_client_port_logging = no
smtpd_soft_error_limit = 100
smtpd_helo_required = yes
smtpd_peername_lookup = no
smtpd_delay_reject = yes
smtpd_restriction_classes = nice
nice = permit_mynetworks
smtpd_log_access_permit_actions = static:all
smtpd_client_restrictions = check_client_access inline:{{127.0.0.1 = OK}}
smtpd_sender_restrictions = check_sender_access inline:{{a@ok.example = permit_mynetworks} {b@ok.example = nice} {c@ok.example = permit} {d@ok.example = relay} {e@ok.example = 200} {f@ok.example = ok yes}}, permit
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = check_recipient_access inline:{{bad@example.com = REJECT 5.7.9 bad} {slow@example.com = 450 slow}}, permit_auth_destination, permit
relay_domains = example.com
relay_transport = discard:
EOT

my @commands = ("MAIL FROM:<x>", "FOO", "RCPT TO:<a\@b>", "HELO me", "DATA",
    "MAIL FROM:<a\@ok.example>", "RCPT TO:<bad\@example.com>",
    "RCPT TO:<slow\@example.com>", "RCPT TO:<user\@example.com>", "RSET",
    "MAIL FROM:<b\@ok.example>", "RCPT TO:<user\@example.com>", "RSET",
    "MAIL FROM:<c\@ok.example>", "RCPT TO:<user\@example.com>",
    (map { ("RSET", "MAIL FROM:<$_\@ok.example>", "RCPT TO:<user\@example.com>") }
	qw(d e f)),
    "VRFY", "ETRN", "QUIT");

sub converse {
	my ($port, $name) = @_;
	my $c = Weir::Client->new($port);
	my @said;

	push @said, $c->cmd($_) for @commands;
	s/\Q$name\E/NAME/g, s/or \d+\?/or PORT?/ for @said;
	return @said;
}

# The lines that decisions write, without what differs by chance.
sub decisions {
	my ($log, $name) = @_;
	my @lines = grep { s/^.*smtpd\[\d+\]: // &&
	    /^\w+: (?:permit|reject|warning)|truncated|reject footer/ }
	    split /\n/, $log;

	s/^[0-9A-F]{6,}: /QID: /, s/\Q$name\E/NAME/g for @lines;
	return join "\n", @lines;
}

my $w = Weir->new(main => $main);
my $port = $w->port("postfix");
my $postfix = Weir::Postfix->start("$w->{dir}/postfix", port => $port,
    main => $main);
my @ours = converse($w->{port}, "mail.example.com");
my @theirs = converse($port, "postfix.example.com");
is $ours[$_], $theirs[$_], "$commands[$_]" for 0 .. $#commands;
$w->wait_log(qr/disconnect from/);
is decisions($w->log, "mail.example.com"),
    decisions($postfix->log, "postfix.example.com"), "the same decisions";
$postfix->stop;
done_testing;
