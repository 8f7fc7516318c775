#!/usr/bin/perl
# Debian's policy servers and Weir's, asked the same in the same place: postfwd's
# rules and limits (G-27, S-227), policyd-spf in Python and in Perl (G-28, S-228),
# postgrey (S-190, S-223).  Answers are laid side by side; where we differ from one
# of them on purpose, the test says how.
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use lib "$Bin/lib";
use Weir;
use Weir::Beside;
use Weir::Names;
use Weir::Policy;

# policyd-spf asks whom resolv.conf names.
my $not = Weir::Beside::enter();
plan skip_all => $not if $not;

my $w = Weir->new(start => 0);
my ($rules, $spf, $grey, $fwd, $postgrey) =
    map { $w->port($_) } qw(rules spf grey postfwd postgrey);
my $zone = <<'EOT';
pass.example TXT v=spf1 ip4:192.0.2.1 ip6:2001:db8::/32 -all
fail.example TXT v=spf1 ip4:192.0.2.2 -all
soft.example TXT v=spf1 ~all
neutral.example TXT v=spf1 ?all
wrong.example TXT v=spf1 ipv4:192.0.2.1 -all
twice.example TXT v=spf1 -all
twice.example TXT v=spf1 +all
loop.example TXT v=spf1 include:loop.example -all
helo.fail.example TXT v=spf1 -all
mail.pass.example TXT v=spf1 a -all
mail.pass.example A 192.0.2.1
away.example SERVFAIL
EOT
$w->peer(sub { Weir::Names::serve(53, $zone, "$w->{dir}/names") });
$w->wait_port(53) or die "no name server";
$w->write_file("policyd-spf.conf", <<'EOT');
debugLevel = 0
TestOnly = 1
HELO_reject = Fail
Mail_From_reject = Fail
PermError_reject = False
TempError_Defer = True
skip_addresses = 127.0.0.0/8,::ffff:127.0.0.0/104,::1
EOT
chmod 0755, $w->{dir}, "$w->{dir}/etc";

# It serves as a daemon only.
my ($me, $daemon) = $$;
END { kill "TERM", $daemon if $daemon && $$ == $me }

# What postfwd is told, and the same in our words.
$w->write_file("postfwd.cf", <<'EOT');
id=RCP; protocol_state==DATA; sender_domain==rate.example; action=rcpt(sender/5/36000/450 4.7.1 too many of yours)
id=CNT; protocol_state==DATA; recipient_count=3; action=450 4.5.3 too many
id=END; protocol_state==DATA; action=DUNNO
id=RAT; sender_domain==rate.example; action=rate(sender/2/36000/450 4.7.1 too often)
id=SIZ; recipient_domain==quota.example; action=size(recipient/9000000/36000/452 4.3.1 too much)
id=NET; client_address=198.51.100.0/24, 203.0.113.7; action=REJECT bad network
id=DOM; sender_domain=~^(.+\.)?spam\.example$; action=554 5.7.9 no spam
id=BIG; size=1000001; recipient_domain==small.example; action=452 4.3.1 too large
id=KEY; encryption_keysize=!!(128); recipient_domain==secret.example; action=REJECT needs TLS
id=DAY; time=00:00:00-11:59:59; recipient==morning@example.com; action=450 4.7.3 in the morning
id=EVE; time=12:00:00-23:59:59; recipient==morning@example.com; action=450 4.7.3 after noon
id=SC1; client_name==unknown; action=score(+2)
id=SC2; helo_name=~^[^.]+$; action=score(+2)
id=SC3; helo_name==$$client_name; action=score(-1)
id=SCR; request_score=4; action=DEFER_IF_PERMIT 4.7.5 suspicious
id=DIS; recipient==gone@example.com; action=DISCARD thrown away
id=USR; sasl_username=~^bot[0-9]*$; action=HOLD a bot has written it
id=RED; recipient==moved@example.com; action=REDIRECT there@example.com
id=FIL; recipient==filtered@example.com; action=FILTER smtp:[192.0.2.25]
id=PRE; recipient==marked@example.com; action=PREPEND X-Marked: yes
EOT
my $actions = join ", ", map { "{$_}" } (
    "marked\@example.com = PREPEND X-Marked: yes",
    "moved\@example.com = REDIRECT there\@example.com",
    "filtered\@example.com = FILTER smtp:[192.0.2.25]",
    "gone\@example.com = DISCARD thrown away");
$w->configure(main => <<"EOT", master => <<"EOM");
weir_dns_servers = 127.0.0.1
weir_greylist_text = Greylisted, ask %r
weir_greylist_header = X-Greylist: delayed %t seconds by postgrey-1.37 at %h; %d
as_postfwd =
    if { sender_domain == "rate.example" } rate_limit { 2 messages / 10h
	per sender, refill = window, action = 450 4.7.1 too often },
    if { recipient_domain == "quota.example" } rate_limit { 9000000 bytes / 10h
	per recipient, refill = window, action = 452 4.3.1 too much },
    if { client_address in { 198.51.100.0/24, 203.0.113.7 } }
	check_recipient_access static:{REJECT bad network},
    if { sender_domain in { .spam.example, spam.example } }
	check_recipient_access static:{554 5.7.9 no spam},
    if { size > 1000000 && recipient_domain == "small.example" }
	check_recipient_access static:{452 4.3.1 too large},
    if { encryption_keysize < 128 && recipient_domain == "secret.example" }
	check_recipient_access static:{REJECT needs TLS},
    if { recipient == "morning\@example.com" && time in 00:00-12:00 }
	check_recipient_access static:{450 4.7.3 in the morning},
    if { recipient == "morning\@example.com" && time in 12:00-24:00 }
	check_recipient_access static:{450 4.7.3 after noon},
    if { client_name == "unknown" } score 2,
    if { helo_name in { regexp:{{/^[^.]+\$\$/ x}} } } score 2,
    if { helo_name == client_name } score -1,
    if { score >= 4 } check_recipient_access static:{DEFER_IF_PERMIT 4.7.5 suspicious},
    if { sasl_username in { regexp:{{/^bot[0-9]*\$\$/ x}} } }
	check_recipient_access static:{HOLD a bot has written it},
    check_recipient_access inline:{$actions}
smtpd_restriction_classes = as_postfwd
EOT
127.0.0.1:$rules inet n - n - - policy
  -o { smtpd_recipient_restrictions = as_postfwd }
  -o { smtpd_data_restrictions =
    if { sender_domain == "rate.example" } rate_limit { 5 recipients / 10h
	per sender, refill = window, action = 450 4.7.1 too many of yours },
    if { recipient_count >= 3 } check_sender_access static:{450 4.5.3 too many} }
127.0.0.1:$spf inet n - n - - policy
  -o { smtpd_recipient_restrictions = check_spf }
127.0.0.1:$grey inet n - n - - policy
  -o { smtpd_recipient_restrictions = greylist }
python unix - n n - 0 spawn
  user=nobody argv=/usr/bin/policyd-spf $w->{dir}/etc/policyd-spf.conf
perl unix - n n - 0 spawn
  user=nobody argv=/usr/sbin/postfix-policyd-spf-perl
EOM
$w->start;

srand 1;
sub pick { return $_[rand @_] }

# Postfix makes this of an action in words.
sub as_postfix {
	my ($action) = @_;

	return "no answer" if !defined $action;
	return "DUNNO" if $action =~ /^dunno$/i;
	return $action =~ s/^reject /554 5.7.1 /ir =~ s/^prepend /PREPEND /r;
}

# Side by side: answers of both, one line each.
sub same {
	my ($differences, $n, $what) = @_;

	is scalar(@$differences), 0, "$what: $n requests, no difference"
	    or diag join "\n", splice @$differences, 0, 20;
}

subtest "postfwd" => sub {
	plan skip_all => "no postfwd" if !-x "/usr/sbin/postfwd1";
	mkdir "$w->{dir}/postfwd";
	chmod 0777, "$w->{dir}/postfwd";
	$w->peer("/usr/sbin/postfwd1", "--file=$w->{dir}/etc/postfwd.cf",
	    "--interface=127.0.0.1", "--port=$fwd", "--user=nobody",
	    "--group=nogroup", "--perfmon", "--nodns", "--daemon",
	    "--cache=0", "--pidfile=$w->{dir}/postfwd/pid");
	$w->wait_port($fwd) or die "postfwd does not serve";
	($daemon) = Weir::read_file("$w->{dir}/postfwd/pid") =~ /^(\d+)$/m;
	my ($ours, $theirs) = map { Weir::Policy->new($_) } $rules, $fwd;
	my (%seen, @differences);

	for my $i (1 .. 600) {
		my $client = pick([ "c.example", "192.0.2.1" ],
		    ([ "unknown", "192.0.2.9" ]) x 3, [ "d.example", "198.51.100.200" ],
		    [ "e.example", "203.0.113.7" ], [ "f.example", "203.0.113.8" ]);
		my $data = pick(1, 0, 0, 0);
		my %request = (instance => "i.$i", client_name => $client->[0],
		    client_address => $client->[1],
		    helo_name => pick("c.example", "f.example", "half", "x.y.example"),
		    sender => pick('a@one.example', 'b@two.example',
			'c@spam.example', 'd@x.spam.example', 'e@notspam.example',
			map { pick(1 .. 30) . '@rate.example' } 1 .. 3),
		    size => pick(0, 1000, 1000000, 1000001, 5000000),
		    encryption_keysize => pick(0, 128, 256),
		    sasl_username => pick("", "", "", "me", "bot7", "robot"),
		    recipient => pick((map { "$_\@example.com" } "u", "v",
			"marked", "moved", "filtered", "gone", "morning"),
			(map { "u\@$_.example" } "small", "secret"),
			pick(1 .. 10) . '@quota.example'),
		    $data ? (protocol_state => "DATA", recipient => "",
			recipient_count => pick(1, 2, 3, 4)) : ());
		my ($they, $we);
		# Noon may come between the two.
		for my $try (1 .. 2) {
			($they, $we) = map { as_postfix($_->ask(%request)) }
			    $theirs, $ours;
			last if $they !~ / 4\.7\.3 / || $they eq $we;
		}
		# What is rejected is named where it is not the recipient.
		$we =~ s/<.*?>: \w+ \w+ rejected: //;
		$seen{$they =~ s/ .*//r}++;
		push @differences, "$i: " . join(" ", map { "$_=$request{$_}" }
		    sort keys %request) . ": postfwd: $they; we: $we"
		    if $they ne $we;
	}
	same(\@differences, 600, "rules");
	note join ", ", map { "$_: $seen{$_}" } sort keys %seen;
	is join(" ", grep { ($seen{$_} // 0) < 3 } qw(DUNNO 450 452 554 HOLD
	    DEFER_IF_PERMIT PREPEND REDIRECT FILTER DISCARD)), "", "of all kinds";
};

# Result and fields of the header; of a refusal its codes.
sub of_spf {
	my ($action) = @_;
	my $said = as_postfix($action);

	return $1 if $said =~ /^(550(?: 5\.\d+\.\d+)?|DEFER_IF_PERMIT)/;
	my ($result) = $said =~ /^PREPEND Received-SPF: (\w+)/ or return $said;
	my %field = $said =~ /([\w-]+)=("[^"]*"|[^;\s]+)/g;
	s/^[<"']+|[>"']+$//g for values %field;
	return join " ", lc $result, map { "$_=" . ($field{$_} // "") }
	    qw(identity client-ip helo envelope-from);
}

# Of two recipients of one message the second has no header of its own.
my @spf_cases = map { my $d = $_; map { [ "u\@$d.example", $_ ] }
    "192.0.2.1", "192.0.2.2", "2001:db8::9" }
    qw(pass fail soft neutral wrong twice loop nothing away);
push @spf_cases, map { [ 'u@pass.example', "192.0.2.1", $_ ], [ "", "192.0.2.1", $_ ] }
    "helo.fail.example", "mail.pass.example", "soft.example", "nothing.example",
    "unqualified", "[192.0.2.1]";
push @spf_cases, [ 'u@fail.example', "127.0.0.1" ], [ 'u@fail.example', "::1" ];
my %spf_peer = (
    python => { program => "/usr/bin/policyd-spf",
	# A name server that cannot answer is no policy; a header tells of local
	# clients that nothing was asked about them.
	differs => sub {
		my ($from, $address) = @_;
		return $from =~ /away/ ? ("none", "DEFER_IF_PERMIT")
		    : $address =~ /^(127|::1)/ ? ("PREPEND X-Comment: SPF check N/A", "DUNNO")
		    : ();
	} },
    perl => { program => "/usr/sbin/postfix-policyd-spf-perl",
	# It has no enhanced code, and a header of its own for local clients.
	differs => sub {
		my ($from, $address, $they, $we) = @_;
		return $address =~ /^(127|::1)/ ? ("PREPEND Authentication-Results: ", "DUNNO")
		    : $they eq "550" ? ("550", "550 5.7.23") : ();
	} },
);

for my $name (sort keys %spf_peer) {
	subtest "policyd-spf in $name" => sub {
		my ($program, $differs) = @{ $spf_peer{$name} }{"program", "differs"};
		plan skip_all => "no $program" if !-x $program;
		my ($ours, $theirs) = map { Weir::Policy->new($_) }
		    $spf, "$w->{dir}/queue/private/$name";
		my (%seen, @differences);
		my $n = 0;

		for my $case (@spf_cases) {
			my $instance = "$name." . ++$n;
			for my $to ('a@example.com', 'b@example.com') {
				my @said = map { $_->ask(instance => $instance,
				    sender => $case->[0], client_address => $case->[1],
				    helo_name => $case->[2] // "c.example",
				    recipient => $to) } $theirs, $ours;
				my ($they, $we) = map { of_spf($_) } @said;
				my ($theirs, $ours) = $differs->(@$case[0, 1], $they, $we);

				$seen{$we =~ s/ .*//r}++;
				next if $they eq $we;
				# The second recipient's answer has no header.
				next if defined $ours && index($we, $ours) == 0 &&
				    ($to =~ /^b/ && $they eq "DUNNO" || index($they, $theirs) == 0);
				push @differences, join(" ", @$case, $to,
				    "\n  theirs:", map { $_ // "none" } $said[0],
				    "\n  ours:  ", $said[1]);
			}
		}
		same(\@differences, 2 * @spf_cases, $name);
		is join(" ", sort keys %seen),
		    "550 DEFER_IF_PERMIT DUNNO neutral none pass permerror softfail",
		    "of all kinds";
	};
}

subtest "postgrey" => sub {
	plan skip_all => "no postgrey" if !-x "/usr/sbin/postgrey";
	mkdir "$w->{dir}/postgrey";
	chown scalar(getpwnam("nobody")), -1, "$w->{dir}/postgrey";
	$w->peer("/usr/sbin/postgrey", "--inet=127.0.0.1:$postgrey",
	    "--user=nobody", "--group=nogroup", "--dbdir=$w->{dir}/postgrey",
	    "--pidfile=$w->{dir}/postgrey/pid", "--whitelist-clients=/dev/null",
	    "--whitelist-recipients=/dev/null",
	    "--greylist-text=Greylisted, ask %r");
	$w->wait_port($postgrey) or die "postgrey does not serve";
	my ($ours, $theirs) = map { Weir::Policy->new($_) } $grey, $postgrey;
	# greylist.t asks more of them; here it is how one asks.
	my %request = (sender => 'A@One.example', recipient => 'U@Example.COM');
	my @forms = (
	    [ "all" ], [ "none that is not needed", map { $_ => undef }
		qw(protocol_name reverse_client_name client_port server_address
		    server_port recipient_count instance size etrn_domain stress
		    sasl_method sasl_username sasl_sender ccert_subject ccert_issuer
		    ccert_fingerprint ccert_pubkey_fingerprint encryption_protocol
		    encryption_cipher encryption_keysize policy_context) ],
	    [ "attributes of tomorrow", tomorrow => "a=b=c", x_y => "" ],
	    [ "the null sender", sender => "" ],
	    [ "no domain", recipient => "someone" ],
	    [ "a name in other letters", client_name => "C.EXAMPLE" ],
	    [ "an IPv6 client", client_address => "2001:db8::1" ],
	);
	my $now = 1800000000;

	for my $later (0, 100, 500) {
		$w->write_clock($w->{clock}, $now + $later + 0.4 - $w->{clock} - time);
		for my $form (@forms) {
			my ($name, %with) = @$form;
			my ($they, $we) = map {
				$_->ask(%request, instance => "p.$name.$later",
				    %with, policy_test_time => $now + $later) // "none" }
			    $theirs, $ours;
			s/(delayed) \d+ seconds by .*/$1/ for $they, $we;
			# Postfix before 2.3 knows no enhanced codes, and takes
			# ours for text.
			$we =~ s/ 4\.2\.0// if $name =~ /^none/;
			is $we, $they, "$name, after $later s: $they";
		}
	}
	# Nobody refuses postmaster; Postfix does not even ask.
	my @postmaster = map { $_->ask(%request, recipient => "postmaster") }
	    $theirs, $ours;
	is_deeply \@postmaster, [ "DEFER_IF_PERMIT 4.2.0 Greylisted, ask postmaster",
	    "DUNNO" ], "but for the postmaster here";
	# Many at once.
	my @five = map {
		my $p = $_;
		$p->send(join "", map { $p->request(%request, recipient => "u$_\@example.com",
		    policy_test_time => $now + 600) } 1 .. 5);
		join "|", map { $p->action // "none" } 1 .. 5;
	} $theirs, $ours;
	is $five[1], $five[0], "five at once: $five[0]";
};
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "without complaint";
done_testing;
