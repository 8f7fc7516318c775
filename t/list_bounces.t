#!/usr/bin/perl
# Variable envelope return paths: who may ask for them, the sender of each
# recipient's mail, and where bounces go; beside Debian's Postfix, if there is
# one.  I-60, I-63, P-007, P-025, P-173, O-06.
use strict;
use warnings;

use FindBin qw($Bin);
use lib "$Bin/lib";
use Test::More;
use Weir;
use Weir::Postfix;

my $w = Weir->new(start => 0);
my %no = map { ("RCPT <no$_\@example.org>" => ["550 5.1.1 no *"]) } 1 .. 60;
my $late = { "RCPT <late\@example.org>" => ["450 4.2.0 later *"] };
my %home = map { $_ => $w->sink("home$_") } "ours", "theirs";
my %hop = map { $_ => $w->sink("hop$_", replies => { %no, %$late }) }
    "ours", "theirs";

sub main_for {
	my ($who, $more) = @_;
	return $w->expand(<<"EOT") . ($more // "");
relay_domains = example.org, lists.example
relay_recipient_maps =
transport_maps = inline:{ { example.org = smtp:[127.0.0.1]:\${port:hop$who} },
    { lists.example = smtp:[127.0.0.1]:\${port:home$who} } }
virtual_alias_maps = inline:{ {alias\@example.org = real\@example.org} }
smtp_tls_security_level = none
smtpd_recipient_limit = 100
EOT
}
my $open = "authorized_verp_clients = \$mynetworks\n";
my $master = "pickup unix n - n 60 1 pickup\n";
$w->configure(main => main_for("ours", $open), master => $master);
$w->start;

my $postfix;
$postfix = Weir::Postfix->start("$w->{dir}/postfix",
    port => $w->port("postfix"), main => main_for("theirs", $open))
    if $> == 0 && -x "/usr/sbin/postfix";
diag "no Postfix to compare with" unless $postfix;

subtest "who may ask, and how" => sub {
	my @lines = ("MAIL FROM:<list\@lists.example> XVERP",
	    "MAIL FROM:<list\@lists.example> xverp=-=",
	    "MAIL FROM:<list\@lists.example> XVERP=xx",
	    "MAIL FROM:<list\@lists.example> XVERP=",
	    "MAIL FROM:<list\@lists.example> XVERP=+==",
	    "MAIL FROM:<list\@lists.example> XVERPS", "MAIL FROM:<> XVERP",
	    "MAIL FROM:<> XVERP=x");
	my %said;
	for my $port ($w->{port}, $postfix ? $postfix->{port} : ()) {
		my $c = $w->smtp($port);
		my $ehlo = $c->cmd("EHLO x");
		like $ehlo, qr/^250-ETRN\r?\n250-XVERP\r?\n250-ENHANCED/m,
		    "announced (O-06)";
		$said{$port} = [map { my $r = $c->cmd($_); $c->cmd("RSET"); $r }
		    @lines];
		$c->cmd("QUIT");
	}
	my $ours = $said{$w->{port}};
	like $ours->[0], qr/^250 /, "XVERP";
	is $ours->[2], "501 5.5.4 Error: XVERP needs two characters from -=+",
	    "other characters (P-173)";
	is $ours->[6], "503 5.5.4 Error: XVERP requires non-null sender",
	    "nobody is no list";
	is_deeply $ours, $said{$postfix->{port}}, "as Postfix answers"
	    if $postfix;
};

# Which senders the next hop has seen with the mail of each recipient; and who
# gets which notice about whom.
sub senders {
	my ($who, $to) = @_;
	my %seen;

	$w->wait_for(sub {
		for my $m ($w->messages($hop{$who}, 0)) {
			my ($sender) = $m =~ /^X-From: <([^>]*)>/m or next;
			$seen{$_} = $sender for $m =~ /^X-To: <([^>]*)>/mg;
		}
		return !grep { !exists $seen{$_} } @$to;
	});
	return { map { $_ => $seen{$_} } @$to };
}

sub notices {
	my ($who, $count) = @_;
	my %about;

	for my $m ($w->messages($home{$who}, $count)) {
		my ($to) = $m =~ /^X-To: <([^>]*)>/m;
		$about{$to} = join " ", sort $m =~ /^Final-Recipient: rfc822; (\S+)\r$/mg;
	}
	return \%about;
}

my %port = (ours => $w->{port}, $postfix ? (theirs => $postfix->{port}) : ());
my (%senders, %notices);
my @to = ("alias\@example.org", map { "$_\@example.org" } "a", "no1", "no2");
for my $who (sort keys %port) {
	like $w->send_mail(port => $port{$who}, to => \@to,
	    from => 'list@lists.example', mail => " XVERP"), qr/^250/, "$who: sent";
	$senders{$who} = senders($who,
	    ["real\@example.org", "a\@example.org"]);
	$notices{$who} = notices($who, 2);
}
is_deeply $senders{ours}, {
	'real@example.org' => 'list+alias=example.org@lists.example',
	'a@example.org' => 'list+a=example.org@lists.example' },
    "each recipient, as it was written, has its own sender";
is_deeply $notices{ours}, {
	'list+no1=example.org@lists.example' => 'no1@example.org',
	'list+no2=example.org@lists.example' => 'no2@example.org' },
    "and its own bounce";
SKIP: {
	skip "no Postfix", 2 unless $postfix;
	is_deeply $senders{ours}, $senders{theirs}, "senders as Postfix has them";
	is_deeply $notices{ours}, $notices{theirs}, "notices, too";
}
$postfix->stop if $postfix;

my $count = 2;
subtest "sendmail -XV" => sub {
	my ($status, $said) = $w->sendmail("Subject: x\n\nx\n", "-XV-=", "-f",
	    'list@lists.example', 'b@example.org', 'no3@example.org');
	is $status, 0, "taken";
	is senders("ours", ['b@example.org'])->{'b@example.org'},
	    'list-b=example.org@lists.example', "other delimiters";
	($status, $said) = $w->sendmail("x\n", "-XV", "-f",
	    'list@lists.example', 'c@example.org');
	is senders("ours", ['c@example.org'])->{'c@example.org'},
	    'list+c=example.org@lists.example', "the usual ones (P-025)";
	($status, $said) = $w->sendmail("x\n", "-V", "-f",
	    'list@lists.example', 'd@example.org');
	like $said, qr/warning: option -V is deprecated with Postfix 2\.3; specify -XV instead$/m,
	    "as it was once";
	is senders("ours", ['d@example.org'])->{'d@example.org'},
	    'list+d=example.org@lists.example', "means the same";
	$w->messages($home{ours}, $count += 1);
	($status, $said) = $w->sendmail("x\n", "-XVab", 'e@example.org');
	is $status, 75, "other characters";
	like $said, qr/^sendmail: fatal: -V requires two characters from -=\+$/m,
	    "in Postfix's words";
	($status, $said) = $w->sendmail("x\n", "-XV", "-f", "", 'e@example.org');
	like $said, qr/fatal: \w+\(\d+\): -V option requires non-null sender address$/m,
	    "nobody is no list";
};

subtest "a list with many dead addresses" => sub {
	my @no = map { "no$_\@example.org" } 1 .. 60;
	my $r = $w->send_mail(to => [@no, 'late@example.org'],
	    from => 'many@lists.example', mail => " XVERP");
	my ($qid) = $r =~ /as (\w+)/;
	my $about;
	$w->wait_for(sub {
		$about = notices("ours", $count + 60);
		return (grep { /^many/ } keys %$about) == 60;
	});
	is_deeply { map { $_ => $about->{$_} } grep { /^many/ } keys %$about },
	    { map { ("many+$_=example.org\@lists.example" =~ s/\@example.org=/=/r
		    => "$_\@example.org") } map { "no$_" } 1 .. 60 },
	    "each is told of once";
	$count += 60;
	my ($status, $list) = $w->command("postqueue", "-p");
	like $list, qr/^$qid.*many\@lists\.example/m, "who is late waits";
	unlike $list, qr/no\d+\@example/, "and nobody else";
	($status, my $text) = $w->command("postcat", "-e", "-q", $qid);
	like $text, qr/^verp_delimiters: \+=$/m, "postcat shows it";
	$w->at_rest;
	$w->advance(6 * 86400);
	$w->command("postqueue", "-f");
	$w->wait_for(sub { exists notices("ours", $count + 1)->{
		'many+late=example.org@lists.example'} });
	$count++;
	ok $w->wait_log(qr/qmgr\[\d+\]: $qid: removed/), "expired, and told so";
};

is +($w->reconfigure(master => $master, main => main_for("ours",
    "${open}disable_verp_bounces = yes\n")))[0], 0, "disable_verp_bounces";
like $w->send_mail(to => ['no1@example.org', 'no2@example.org'],
    from => 'plain@lists.example', mail => " XVERP"), qr/^250/, "sent";
$w->wait_for(sub { (notices("ours", $count + 1)->{'plain@lists.example'} // "") eq
	'no1@example.org no2@example.org' });
is notices("ours", $count + 1)->{'plain@lists.example'},
    'no1@example.org no2@example.org', "one notice for the list";

is +($w->reconfigure(master => $master, main => main_for("ours")))[0], 0,
    "by default no client may ask";
{
	my $c = $w->smtp;
	unlike $c->cmd("EHLO x"), qr/XVERP/, "not announced";
	is $c->cmd("MAIL FROM:<a\@lists.example> XVERP"),
	    "555 5.5.4 Unsupported option: XVERP", "nor taken";
	$c->cmd("QUIT");
}
my ($status, $said) = $w->reconfigure(master => $master, main => main_for("ours",
    "default_verp_delimiters = ab\n"));
isnt $status, 0, "delimiters that may not be";
like $said, qr/main\.cf:\d+: .*default_verp_delimiters = ab/, "are refused";

is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
unlike $w->log, qr/panic/, "nothing died";
done_testing;
