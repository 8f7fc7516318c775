#!/usr/bin/perl
# What the postmaster is told of sessions that went wrong (notify_classes), beside
# Debian's Postfix: the same dialogues, and of each the same notice or none.
# Q-43, Q-44, Q-47, P-083, S-067.
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use Time::HiRes qw(sleep time);
use lib "$Bin/lib";
use Weir::Beside;
use Weir::Sink;

my $why = Weir::Beside::enter();
plan skip_all => $why if $why;

my $sink = 11001;
my $all = "notify_classes = bounce, 2bounce, data, delay, policy, protocol, resource, software";
my ($cases, $n) = ("", 0);
for (split /^(?===)/m, do { local $/; <DATA> }) {
	s/^(== .*\n)/$1= error_notice_recipient = n$n\@home.example\n/;
	$cases .= $_;
	$n++;
}
my $both = Weir::Beside->new(files => { filter => "/^BAD:/ REJECT no\n",
	to => <<'EOT' }, world => "", main => <<"EOM", cases => $cases);
no@relay.example	REJECT not him
later@relay.example	450 4.2.1 not now
gone@relay.example	521 5.3.2 go away
EOT
$all
mail_name = Beside
relay_domains = relay.example, home.example
transport_maps = inline:{relay.example=discard:, {home.example=smtp:[127.0.0.1]:$sink}}
smtp_tls_security_level =
smtpd_peername_lookup = no
smtpd_error_sleep_time = 0
smtpd_delay_reject = yes
smtpd_recipient_restrictions = check_recipient_access texthash:\$dir/to,
    permit_auth_destination, reject_unauth_destination
smtpd_client_connection_count_limit = 0
header_checks = regexp:\$dir/filter
soft_bounce = no
local_recipient_maps =
relay_recipient_maps =
EOM
my $dir = "$ENV{WEIR_BESIDE}/sink";
mkdir $dir;
my $server = Weir::Beside::serve_apart(sub { Weir::Sink::serve($sink, $dir) });

# A notice without what differs by its nature.
sub plain {
	my $m = Weir::Beside::plain($_[0]);

	$m =~ s/queued as \w+/queued as QID/g;
	# Postfix does not keep it to itself.
	$m =~ s/^( In:  AUTH \S+) (?!\(left).*/$1 (left out)/mg;
	return $m;
}

my %seen;
my $number = 0;

# What the postmaster gets of one case, and how much it is: each message that
# comes into the queue is logged before the session's end is.
sub notices {
	my ($server, $case, $port) = @_;
	my $before = length $server->log;
	my @said = $both->play($server, $case, $port);
	my $log = substr $server->log, $before;
	my $stored = () = $log =~ /cleanup\[\d+\]: \w+: message-id=/g;
	my $taken = () = "@said" =~ /queued as/g;
	my $end = time + 20;
	my @new;

	while (@new < $stored - $taken && time < $end) {
		sleep 0.02;
		@new = grep { !$seen{$_} && !/\.tmp$/ } glob "$dir/*";
	}
	$seen{$_} = 1 for @new;
	# Several of one session come in any order.
	return sort map { plain(Weir::read_file($_)) } @new;
}

for my $case (@{ $both->{cases} }) {
	my @theirs = notices($both->{postfix}, $case, 12000 + $number);
	my @mine = notices($both->{weir}, $case, 14000 + $number);
	$number++;
	Weir::Beside::same(\@mine, \@theirs,
	    "$case->{name}: " . (@theirs ? "told" : "nothing"));
}
kill "TERM", $server;
waitpid $server, 0;
$both->finish;

__DATA__
== nothing wrong
ehlo a
mail a@b.tst
rcpt x@relay.example
data
== relay denied
ehlo a
mail a@b.tst
rcpt x@elsewhere.example
rset
== relay denied, policy is not told
= notify_classes = protocol, resource, software, data, bounce, 2bounce, delay
ehlo a
mail a@b.tst
rcpt x@elsewhere.example
== forgiven for a message
ehlo a
mail a@b.tst
rcpt no@relay.example
rcpt x@relay.example
data
== a table's 4xx
ehlo a
mail a@b.tst
rcpt later@relay.example
== a table's 521
ehlo a
mail a@b.tst
rcpt gone@relay.example
== syntax
FROB
MAIL FROM:<a@b.tst
RCPT TO:<x@y>
DATA
HELO
EHLO
MAIL
RSET x
VRFY
ETRN
NOOP x
QUIT x
== only policy is told
= notify_classes = policy
FROB
MAIL FROM:<a@b.tst
== commands out of order
helo a
rcpt x@relay.example
mail a@b.tst
mail a@b.tst
DATA
== too many errors
= smtpd_hard_error_limit = 2
FROB
FROB
FROB
== a message that is too large
= message_size_limit = 10000
ehlo a
MAIL FROM:<a@b.tst> SIZE=20000
== a header is refused
ehlo a
mail a@b.tst
rcpt x@relay.example
last BAD: x\r\n\r\nsecret\r\n
== a body that is too large
= message_size_limit = 20
ehlo a
mail a@b.tst
rcpt x@relay.example
data
== no chunk
ehlo a
mail a@b.tst
rcpt x@relay.example
chunk
rset
== chunks for nobody
ehlo a
mail a@b.tst
last x\r\n
== a client that speaks HTTP
GET / HTTP/1.0
== names of addresses
ehlo a
MAIL FROM:<a@b@c>
MAIL FROM:<a b@c>
MAIL FROM:<>
RCPT TO:<>
RCPT TO:<"x y"@relay.example>
== parameters
ehlo a
MAIL FROM:<a@b.tst> FOO=BAR
MAIL FROM:<a@b.tst> SIZE=x
MAIL FROM:<a@b.tst> BODY=x
MAIL FROM:<a@b.tst>
RCPT TO:<x@relay.example> FOO=1
RCPT TO:<x@relay.example> NOTIFY=x
== a long line
ehlo a
MAIL FROM:<a@b.tst> DIGITS300 DIGITS300 with some words in between so that it wraps DIGITS60
== a client that is refused
= smtpd_client_restrictions = reject
= smtpd_delay_reject = no
ehlo a
mail a@b.tst
== a HELO that is refused
= smtpd_helo_restrictions = reject
= smtpd_delay_reject = no
ehlo a
mail a@b.tst
== warn_if_reject
= smtpd_sender_restrictions = warn_if_reject reject
ehlo a
mail a@b.tst
rcpt x@relay.example
== too many recipients
= smtpd_recipient_limit = 2
= smtpd_recipient_overshoot_limit = 1
ehlo a
mail a@b.tst
rcpt x@relay.example
rcpt y@relay.example
rcpt z@relay.example
rcpt q@relay.example
== history is flushed
= smtpd_history_flush_threshold = 3
ehlo a
FROB
rset
noop
mail a@b.tst
rcpt x@elsewhere.example
rset
vrfy x@elsewhere.example
== VRFY is off
= disable_vrfy_command = yes
vrfy x
== a data restriction
= smtpd_data_restrictions = reject
ehlo a
mail a@b.tst
rcpt x@relay.example
data
== end of data
= smtpd_end_of_data_restrictions = reject
ehlo a
mail a@b.tst
rcpt x@relay.example
data
== too many hops
= hopcount_limit = 1
ehlo a
mail a@b.tst
rcpt x@relay.example
data
== chunks
ehlo a
mail a@b.tst
rcpt x@relay.example
chunk Subject: x\r\n
last \r\nsecret\r\n
mail a@b.tst
BDAT x
last \r\nsecret\r\n
== STARTTLS is not there
STARTTLS
== ETRN
ehlo a
etrn elsewhere.example
etrn #x
ETRN x y
mail a@b.tst
etrn elsewhere.example
== AUTH is not there
ehlo a
AUTH PLAIN AHRlc3QAc2VjcmV0
== eight bits
raw FROB \xe4\t\x01x
== soft
= soft_bounce = yes
ehlo a
mail a@b.tst
rcpt no@relay.example
== a footer
= smtpd_reject_footer = call\n555-123
ehlo a
mail a@b.tst
rcpt no@relay.example
== commands too soon
= smtpd_forbid_unauth_pipelining = yes
raw NOOP\r\nNOOP
== an unknown user
= relay_recipient_maps = inline:{z@relay.example=z}
ehlo a
mail a@b.tst
rcpt x@relay.example
== a table that is not there
= smtpd_sender_restrictions = check_sender_access texthash:$dir/nothing
ehlo a
mail a@b.tst
rcpt x@relay.example
== a restriction that is not there
= smtpd_sender_restrictions = reject_nothing_at_all
ehlo a
mail a@b.tst
rcpt x@relay.example
== a policy server that is not there
= smtpd_sender_restrictions = check_policy_service unix:private/nothing
= smtpd_policy_service_try_limit = 1
= smtpd_policy_service_retry_delay = 1s
ehlo a
mail a@b.tst
rcpt x@relay.example
== recipients that cannot be looked up
= relay_recipient_maps = texthash:$dir/nothing
ehlo a
mail a@b.tst
rcpt x@relay.example
== defer
= smtpd_sender_restrictions = defer
ehlo a
mail a@b.tst
rcpt x@relay.example
== a domain that is not there
= smtpd_sender_restrictions = reject_unknown_sender_domain
ehlo a
mail a@nowhere.tst
rcpt x@relay.example
== STARTTLS must be
= smtpd_tls_security_level = encrypt
= smtpd_tls_cert_file = $dir/none.pem
ehlo a
mail a@b.tst
== a chunk that is too large
= message_size_limit = 20
ehlo a
mail a@b.tst
rcpt x@relay.example
last Subject: x\r\n\r\nsecret secret secret\r\n
== UTF-8
ehlo a
raw MAIL FROM:<\xc3\xa4@b.tst>
raw MAIL FROM:<\xe4@b.tst>
MAIL FROM:<a@b.tst>
raw RCPT TO:<\xc3\xa4@relay.example>
== UTF-8 is off
= smtputf8_enable = no
ehlo a
MAIL FROM:<a@b.tst> SMTPUTF8
== HELO is wanted
= smtpd_helo_required = yes
mail a@b.tst
== forms of addresses
= strict_rfc821_envelopes = yes
ehlo a
mail a@b.tst
MAIL FROM: <a@b.tst>
MAIL FROM:a@b.tst
MAIL TO:<a@b.tst>
RCPT FROM:<x@relay.example>
RCPT TO:x@relay.example
== XCLIENT
ehlo a
XCLIENT FOO=BAR
XCLIENT ADDR=x
XCLIENT
== XCLIENT is not for everybody
= smtpd_authorized_xclient_hosts =
XCLIENT NAME=a
XFORWARD NAME=a
== XFORWARD
= smtpd_authorized_xforward_hosts = 127.0.0.0/8
ehlo a
XFORWARD FOO=BAR
XFORWARD ADDR=x
== junk
= smtpd_junk_command_limit = 1
= smtpd_hard_error_limit = 2
NOOP
NOOP
NOOP
NOOP
NOOP
== too much of it
= smtpd_client_message_rate_limit = 1
= smtpd_client_event_limit_exceptions =
= smtpd_authorized_xclient_hosts =
ehlo a
mail a@b.tst
rset
mail a@b.tst
== too many connections
= smtpd_client_connection_rate_limit = 1
= smtpd_client_event_limit_exceptions =
= smtpd_authorized_xclient_hosts =
ehlo a
== a filter that is not there
= smtpd_proxy_filter = 127.0.0.1:1
ehlo a
mail a@b.tst
rcpt x@relay.example
data
== a filter that is not there, told to nobody
= smtpd_proxy_filter = 127.0.0.1:1
= notify_classes =
ehlo a
mail a@b.tst
rcpt x@relay.example
data
== a milter that is not there
= smtpd_milters = inet:127.0.0.1:1
= milter_connect_timeout = 1s
ehlo a
mail a@b.tst
rcpt x@relay.example
== a discarded message
= smtpd_sender_restrictions = check_sender_access inline:{a@b.tst=DISCARD}
ehlo a
mail a@b.tst
FROB
rcpt x@relay.example
data
== out of turn
ehlo a
mail a@b.tst
rcpt x@relay.example
ehlo b
FROB
helo c
== DSN
= smtpd_discard_ehlo_keywords = dsn, silent-discard
ehlo a
MAIL FROM:<a@b.tst> RET=FULL
MAIL FROM:<a@b.tst> BODY=8BITMIME
RCPT TO:<x@relay.example> NOTIFY=NEVER
== VERP
ehlo a
MAIL FROM:<a@b.tst> XVERP
== spaces
raw   \x20
raw RCPT
