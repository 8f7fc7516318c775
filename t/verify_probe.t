#!/usr/bin/perl
# Probes of addresses (reject_unverified_sender, _recipient): how far they go,
# what is made of the answers, what is kept, how many are sent (G-11).
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Weir;

# By the name of the next hop, how it answers RCPT.
my %rcpt = (
	good => [], bad => ["550 5.1.1 no such user *"],
	later => ["451 4.7.1 greylisted *"], mute => ["silent *"],
	data => [], nodata => [], lmtp => [], relay => [], once => [],
	crowd => [],
);
my @hops = sort keys %rcpt;
my $maps = join ", ", map { "$_.example=smtp:[127.0.0.1]:\${port:$_}" }
    grep { !/data|lmtp|relay|mute/ } @hops;
my $base = <<EOT;
relay_domains = example
transport_maps = inline:{ $maps,
    data.example=asks:[127.0.0.1]:\${port:data},
    nodata.example=asks:[127.0.0.1]:\${port:nodata},
    lmtp.example=lmtp:inet:127.0.0.1:\${port:lmtp},
    mute.example=hasty:[127.0.0.1]:\${port:mute},
    down.example=smtp:[127.0.0.1]:\${port:down},
    pipe.example=command:, gone.example=nowhere:,
    { error.example = error:5.1.3 no }, { retry.example = retry:4.2.1 not now },
    discard.example=discard: }
mydestination = local.example
local_recipient_maps = inline:{ { known = x } }
asks_destination_rate_delay = 1s
virtual_mailbox_domains = mailbox.example
virtual_mailbox_maps = inline:{ { known\@mailbox.example = x } }
virtual_alias_maps = inline:{ { one\@good.example = real\@good.example },
    { two\@good.example = a\@good.example, b\@bad.example } }
smtpd_relay_restrictions = reject_unauth_destination
smtpd_recipient_restrictions = reject_unverified_recipient
unverified_recipient_reject_code = 550
smtpd_reject_unlisted_recipient = no
address_verify_poll_count = 100
address_verify_poll_delay = 60s
EOT
my $master = <<'EOT';
asks unix - - n - - smtp -o smtp_address_verify_target=data
hasty unix - - n - - smtp -o smtp_rcpt_timeout=1s
command unix - n n - - pipe user=nobody argv=/bin/false
EOT
my $w = Weir->new(start => 0, main => $base, master => $master);
my %dir = map { ($_ => $w->sink($_, replies => { RCPT => $rcpt{$_},
    $_ eq "nodata" ? (DATA => ["554 5.7.1 no *"]) : () },
    lmtp => $_ eq "lmtp")) } @hops;
$w->start;

# The commands that a next hop has got, but for the greeting.
sub heard {
	my ($name) = @_;

	return -e "$dir{$name}.commands"
	    ? Weir::read_file("$dir{$name}.commands") : "";
}

# ... when it has heard all of them: we do not wait for it to read QUIT.
sub heard_out {
	my ($name) = @_;

	$w->wait_for(sub { heard($name) =~ /QUIT\r?\n\z/ });
	return heard($name);
}

sub count { my ($name, $what) = @_; return scalar(() = heard($name) =~ /$what/g) }

my $probes = 0;

# What is replied to an address that has not been asked about, and what the log
# says of its probe.
sub probe {
	my ($address) = @_;
	my $reply = $w->rcpt($address) =~
	    s/<.*>: Recipient address rejected: //r;
	my $line = qr/to=<([^>]*)>, .*relay=(\S+?)(?:\[\S*)?, .*dsn=(\S+), status=(\w+) \((.*)\)/;

	my @ended;

	$probes++;
	$w->wait_for(sub {
		@ended = grep { /status=/ } split /\n/, $w->log;
		return @ended >= $probes;
	});
	return $reply . "\n" . ($ended[-1] =~ $line ? "$1 $2 $3 $4 ($5)" : "-");
}

my $said = "host 127.0.0.1[127.0.0.1] said:";
is probe('a@good.example'), "250 2.1.5 Ok\n" .
    'a@good.example 127.0.0.1 2.1.5 deliverable (250 2.1.5 Ok)', "an address that is good";
like heard_out("good"), qr/^MAIL FROM:<double-bounce\@mail\.example\.com>.*\nRCPT TO:<a\@good\.example>.*\nRSET\r?\nQUIT\r?\n\z/m,
    "it was asked for from double-bounce, and nothing was sent";
ok $w->wait_log(qr/qmgr\[\d+\]: (\w+): from=<double-bounce\@mail\.example\.com>, size=\d+, nrcpt=1 \(queue active\)\n.*smtp\[\d+\]: \1: to=.*qmgr\[\d+\]: \1: removed/s),
    "the log has the lines of a message";
is probe('a@bad.example'), "550 5.1.1 undeliverable address: $said " .
    "550 5.1.1 no such user (in reply to RCPT TO command)\n" .
    "a\@bad.example 127.0.0.1 5.1.1 undeliverable ($said 550 5.1.1 no such " .
    "user (in reply to RCPT TO command))", "one that is bad";
is probe('a@later.example'), "450 4.1.1 unverified address: $said 451 4.7.1 " .
    "greylisted (in reply to RCPT TO command)\n" .
    "a\@later.example 127.0.0.1 4.7.1 undeliverable ($said 451 4.7.1 " .
    "greylisted (in reply to RCPT TO command))", "one that is not known for now";
like probe('a@down.example'), qr/^450 4\.1\.1 unverified address: connect to 127\.0\.0\.1\[127\.0\.0\.1\]:\d+: Connection refused\n.* 4\.4\.1 undeliverable/,
    "a next hop that is away has not said no";
like probe('a@mute.example'), qr/^450 4\.1\.1 unverified address: conversation with .* timed out while sending RCPT TO\n/,
    "nor one that says nothing";
like probe('a@gone.example'), qr/^450 4\.1\.1 unverified address: mail transport unavailable\n/,
    "nor a transport that is not there";
is probe('a@data.example') =~ s/\n.*//r, "250 2.1.5 Ok", "smtp_address_verify_target";
like heard("data"), qr/DATA\r?\n\z/, "... goes one step further, and says nothing more";
like probe('a@nodata.example'), qr/^550 5\.1\.1 undeliverable address: \Q$said\E 554 5\.7\.1 no \(in reply to DATA command\)\n/,
    "... and takes no for an answer";
is probe('a@lmtp.example') =~ s/\n.*//r, "250 2.1.5 Ok", "LMTP";
like heard_out("lmtp"), qr/^LHLO.*RCPT TO:<a\@lmtp\.example>.*QUIT/s, "... likewise";

# What the tables tell.
for ([ 'known@local.example', "250", 'known@local.example local 2.0.0 deliverable (delivers to mailbox)' ],
    [ 'no@local.example', '550 5.1.1 undeliverable address: unknown user: "no"',
	'no@local.example local 5.1.1 undeliverable (unknown user: "no")' ],
    [ 'known@mailbox.example', "250", 'known@mailbox.example virtual 2.0.0 deliverable (delivers to mailbox)' ],
    [ 'no@mailbox.example', '550 5.1.1 undeliverable address: unknown user: "no@mailbox.example"',
	'no@mailbox.example virtual 5.1.1 undeliverable (unknown user: "no@mailbox.example")' ],
    [ 'a@pipe.example', "250", 'a@pipe.example command 2.0.0 deliverable (delivers to command: /bin/false)' ],
    [ 'a@error.example', "550 5.1.1 undeliverable address: no",
	'a@error.example none 5.1.3 undeliverable (no)' ],
    [ 'a@retry.example', "450 4.1.1 unverified address: not now",
	'a@retry.example none 4.2.1 undeliverable (not now)' ],
    [ 'a@discard.example', "250", 'a@discard.example none 2.0.0 deliverable (discard.example)' ],
    [ 'two@good.example', "250", 'two@good.example none 2.0.0 deliverable (aliased to multiple recipients)' ],
    [ 'one@good.example', "250", 'real@good.example 127.0.0.1 2.1.5 deliverable (250 2.1.5 Ok)' ]) {
	my ($address, $reply, $log) = @$_;

	is probe($address), ($reply eq "250" ? "250 2.1.5 Ok" : $reply) . "\n$log",
	    $address;
}
my $asked = count("good", "RCPT");
is $w->rcpt('real@good.example') . count("good", "RCPT"), "250 2.1.5 Ok$asked",
    "what an alias stands for is known, too";
is $w->rcpt($_), $w->rcpt($_), "$_: the same again"
    for 'a@good.example', 'a@bad.example', 'a@later.example';
is count("good", "RCPT") . count("bad", "RCPT") . count("later", "RCPT"),
    $asked . "11", "... without another probe";

# All at once.
my @clients = map { $w->smtp } 1 .. 8;
for my $c (@clients) {
	$c->cmd("EHLO x.example");
	$c->cmd('MAIL FROM:<s@example.net>');
}
$_->put('RCPT TO:<a@crowd.example>' . "\r\n") for @clients;
is_deeply [ map { $_->reply } @clients ], [ ("250 2.1.5 Ok") x 8 ],
    "eight sessions with the same question";
is count("crowd", "RCPT"), 1, "... make one probe";
$_->close for @clients;

# What is known stays known.
is $w->rcpt('a@once.example'), "250 2.1.5 Ok", "one more that is good";
$w->stop;
$w->start;
is $w->rcpt($_->[0]) =~ s/ <.*rejected//r, $_->[1], "$_->[0]: kept over a restart"
    for [ 'a@once.example', "250 2.1.5 Ok" ],
    [ 'a@bad.example', "550 5.1.1: undeliverable address: $said 550 5.1.1 " .
	"no such user (in reply to RCPT TO command)" ];
is count("once", "RCPT") . count("bad", "RCPT"), "11", "... and not asked again";

# Another way for probes, another sender, and nobody waits for an answer.
$w->reconfigure(master => $master, main => <<'EOT');
relay_domains = example
transport_maps = inline:{ example=smtp:[127.0.0.1]:${port:down} }
address_verify_transport_maps = inline:{ slow.example=smtp:[127.0.0.1]:${port:mute} }
address_verify_relay_transport = smtp:[127.0.0.1]:${port:relay}
address_verify_sender = <>
address_verify_poll_count = 1
address_verify_pending_request_limit = 1
smtpd_recipient_restrictions = permit
smtpd_sender_restrictions = reject_unverified_sender
smtpd_sender_login_maps =
unverified_sender_reject_code = 550
EOT
my $progress = "unverified address: Address verification in progress";
sub sender {
	return $w->rcpt('x@example', from => $_[0]) =~ s/<.*rejected: //r;
}
like sender('a@relay.example'), qr/^450 4\.1\.7 \Q$progress\E|^250/, "a sender";
ok $w->wait_for(sub { sender('a@relay.example') =~ /^250/ }), "... is known soon";
like heard("relay"), qr/^MAIL FROM:<>/m, "address_verify_sender";
# The probe before may not be quite over.
ok $w->wait_for(sub { sender('a@slow.example') eq "450 4.1.7 $progress" }), "a slow one";
is sender('b@slow.example'), "450 4.1.7 unverified address: Too many address verification requests",
    "address_verify_pending_request_limit";
is sender('a@slow.example'), "450 4.1.7 $progress", "... does not stop what is under way";
is sender('a@relay.example'), "250 2.1.5 Ok", "... nor what is known";
ok $w->wait_for(sub { heard("mute") =~ /RCPT TO:<a\@slow/ }), "it is asked for";
$w->advance(61);
ok $w->wait_log(qr/to=<a\@slow\.example>, .*status=undeliverable \(conversation with \S+ timed out while sending RCPT TO\)/),
    "a probe ends after a minute";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
