#!/usr/bin/perl
# Many ask the policy server at once about what it remembers: each has an answer,
# nothing is counted twice or lost, and what waits for others waits elsewhere
# (S-190, S-232).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Policy;

my $w = Weir->new(start => 0);
my $port = $w->port("policy");
$w->names("known.example MX 10 mail.known.example\n");
my $recipients = <<'EOT';
both@example.com both
grey@example.com greylist
example.net count
EOT
$w->configure(main => <<'EOT', files => { recipients => $recipients }, master => "127.0.0.1:$port inet n - n - - policy\n");
smtpd_restriction_classes = both, count
both = greylist, reject_unknown_sender_domain
count = rate_limit { 30 recipients / 1h per client_name }
smtpd_recipient_restrictions = check_recipient_access texthash:$dir/etc/recipients
EOT
$w->start;

my @asker = map { Weir::Policy->new($port, client_address => "192.0.2.$_",
    instance => "1.$_") } 1 .. 60;

# All ask before one has its answer.
sub ask {
	my (%with) = @_;

	$_->send($_->request(%with)) for @asker;
	return map { $_->action // "-" } @asker;
}

# How many answers are of which kind.
sub kinds {
	my %n;

	$n{ s/ .*//rs }++ for @_;
	return join " ", map { "$_:$n{$_}" } sort keys %n;
}
is kinds(ask(recipient => 'plain@example.com')), "DUNNO:60",
    "what asks nobody is answered";
is kinds(ask(recipient => 'grey@example.com')), "DEFER_IF_PERMIT:60",
    "all strangers wait, although only an entry says so";
my $new = () = $w->log =~ /action=greylist, reason=new/g;
my $early = () = $w->log =~ /action=greylist, reason=early-retry/g;
is "$new $early", "1 59", "one is the first of that network";
my @again = ask(recipient => 'both@example.com', sender => 'a@known.example');
is kinds(@again), "DEFER_IF_PERMIT:60", "an entry that asks the DNS, too";
is kinds(ask(recipient => 'both@example.com', sender => 'a@no.example')),
    "450:60", "which has the last word";
is kinds(ask(recipient => 'grey@example.com')), "DEFER_IF_PERMIT:60",
    "and then those before";
is kinds(ask(recipient => 'a@example.net')), "DEFER_IF_PERMIT:30 DUNNO:30",
    "a limit is exact";

# In one connection, many requests.
my $p = $asker[0];
$p->send(join "", map {
	$p->request(recipient => $_ % 3 ? 'plain@example.com' : 'grey@example.com')
} 1 .. 90);
is kinds(map { $p->action // "-" } 1 .. 90), "DEFER_IF_PERMIT:30 DUNNO:60",
    "requests that follow each other";

# Who hangs up meanwhile.
$_->send($_->request(recipient => 'grey@example.com')) for @asker;
@asker = ();
my $last = Weir::Policy->new($port);
like $last->ask(recipient => 'grey@example.com'), qr/^DEFER_IF_PERMIT/,
    "those who hang up harm nobody";

# The end, with requests under way.
@asker = map { Weir::Policy->new($port) } 1 .. 20;
$_->ask(recipient => 'plain@example.com') for @asker;
$_->send($_->request(recipient => 'grey@example.com')) for @asker;
is kinds(map { $_->action // "-" } @asker), "DEFER_IF_PERMIT:20",
    "the last ones";
is $w->stop, 0, "it ends";
unlike $w->log, qr/panic|fatal|cannot be written/, "quietly";
done_testing;
