#!/usr/bin/perl
# Name servers that are slow, wrong, or somebody's weapon: hostile.md, rows 63
# to 68.
use strict;
use warnings;
use lib "t/lib";
use Socket ();
use Test::More;
use Time::HiRes qw(time);
use Weir::Names;
use Weir::Scenario;

# Clients need addresses whose names can be asked for: this machine's own have
# none.  A network of our own has them, if we may have one.
my $alone = ($ENV{WEIR_ALONE} // "") eq "yes";
if (!$alone && $> == 0 && system("unshare -n ip link set lo up 2>/dev/null") == 0) {
	$ENV{WEIR_ALONE} = "yes";
	exec "unshare", "-n", $^X, $0, @ARGV;
}
system "ip link set lo up && ip addr add 198.51.100.1/24 dev lo" if $alone;

my $slow = ($ENV{OUT} || "") =~ /asan|tsan/ ? 4 : 1;
my $helo = "smtpd_recipient_restrictions = reject_unknown_helo_hostname\n";
my $sender = "smtpd_recipient_restrictions = reject_unknown_sender_domain\n";
my $client = "smtpd_recipient_restrictions = reject_unknown_client_hostname\n";

# The good answer, an address of the documentation.
sub good { return Weir::Names::answer($_[0], [ address($_[0], "192.0.2.80") ]) }

sub address { return Weir::Names::record($_[0], Socket::inet_aton($_[1]), 1) }

# Answers to A alone; there is none of another type.
sub of_a {
	my ($answer) = @_;

	return sub {
		return Weir::Names::answer($_[0], []) if $_[0]{type} != 1;
		return $answer->(@_);
	};
}

sub rcode {
	my ($rcode) = @_;

	return sub { Weir::Names::answer($_[0], [], rcode => $rcode) };
}

# A name as it stands in a PTR record, whatever is in its labels.
sub points_to {
	my (@names) = @_;

	return sub {
		return Weir::Names::answer($_[0],
		    [ map { Weir::Names::record($_[0], $_) } @names ]);
	};
}

# Of an answer, only its beginning and whatever follows.
sub raw {
	my ($counts, $rest) = @_;

	return of_a(sub {
		return pack("n n n n n n", $_[0]{id}, 0x8580, @$counts) .
		    $_[0]{raw} . $rest;
	});
}

my $long = join ".", ("x" x 63) x 3;
my %odd = (
	# Row 63.
	"servfail.example" => rcode(2), "refused.example" => rcode(5),
	"formerr.example" => rcode(1), "notimp.example" => rcode(4),
	"silent.example" => of_a(sub { () }),
	"nodata.example" => sub { Weir::Names::answer($_[0], []) },
	"truncated.example" => of_a(sub {
		return $_[0]{tcp} ? good($_[0])
		    : Weir::Names::answer($_[0], [], flags => 0x200);
	}),
	"halftruncated.example" => of_a(sub {
		return $_[0]{tcp} ? ()
		    : Weir::Names::answer($_[0], [], flags => 0x200);
	}),
	"wrongid.example" => of_a(sub {
		return Weir::Names::answer($_[0],
		    [ address($_[0], "192.0.2.66") ], id => $_[0]{id} ^ 1);
	}),
	"wrongname.example" => of_a(sub {
		return Weir::Names::answer($_[0],
		    [ address($_[0], "192.0.2.66") ],
		    question => Weir::Names::name("other.example") .
		    pack("n n", 1, 1));
	}),
	"wrongtype.example" => of_a(sub {
		return Weir::Names::answer($_[0],
		    [ address($_[0], "192.0.2.66") ],
		    question => Weir::Names::name("wrongtype.example") .
		    pack("n n", 16, 1));
	}),
	"wrongport.example" => of_a(sub {
		return [ Weir::Names::answer($_[0],
		    [ address($_[0], "192.0.2.66") ]) ];
	}),
	# A forged answer comes first, and the right one behind it.
	"raced.example" => of_a(sub {
		my $forged = Weir::Names::answer($_[0], [], rcode => 3,
		    id => $_[0]{id} ^ 1);
		return ($forged, [ Weir::Names::answer($_[0], [],
		    rcode => 3) ], good($_[0]));
	}),
	# Row 64.
	"loop.example" => raw([ 1, 1, 0, 0 ], "\xc0\x1f" .
	    pack("n n N n", 1, 1, 60, 4) . "\1\2\3\4"),
	"forward.example" => raw([ 1, 1, 0, 0 ], "\xff\xff" .
	    pack("n n N n", 1, 1, 60, 4) . "\1\2\3\4"),
	"label.example" => raw([ 1, 1, 0, 0 ], "\x40" . ("a" x 64) . "\0" .
	    pack("n n N n", 1, 1, 60, 4) . "\1\2\3\4"),
	"longname.example" => raw([ 1, 1, 0, 0 ],
	    join("", ("\x3f" . "a" x 63) x 5) . "\0" .
	    pack("n n N n", 1, 1, 60, 4) . "\1\2\3\4"),
	"pastend.example" => raw([ 1, 1, 0, 0 ], "\xc0\x0c" .
	    pack("n n N n", 1, 1, 60, 4000) . "\1\2\3\4"),
	"many.example" => raw([ 1, 65535, 65535, 65535 ], ""),
	"short.example" => of_a(sub { substr good($_[0]), 0, 11 }),
	"empty.example" => of_a(sub { "" }),
	"garbage.example" => of_a(sub {
		return pack("n", $_[0]{id}) . join "", map { chr } 0 .. 255;
	}),
	"shortaddr.example" => of_a(sub {
		return Weir::Names::answer($_[0],
		    [ Weir::Names::record($_[0], "\1\2\3") ]);
	}),
	"cnameloop.example" => sub {
		return Weir::Names::answer($_[0], [ Weir::Names::record($_[0],
		    Weir::Names::name("cnameloop.example"), 5) ]);
	},
	# Row 65: names of clients 198.51.100.N.
	"101.100.51.198.in-addr.arpa" => points_to(
	    map { Weir::Names::name("h$_.flood.example") } 1 .. 1000),
	"102.100.51.198.in-addr.arpa" => points_to(Weir::Names::name("nothere.example")),
	"103.100.51.198.in-addr.arpa" => points_to("\4a\nbc\7example\0"),
	"104.100.51.198.in-addr.arpa" => points_to("\4%n%s\7example\0"),
	"105.100.51.198.in-addr.arpa" => points_to("\5\"a\";'\7example\0"),
	"106.100.51.198.in-addr.arpa" => points_to("\7\$(id)`x\7example\0"),
	"107.100.51.198.in-addr.arpa" => points_to(
	    Weir::Names::name("$long." . "y" x 61)),
	"108.100.51.198.in-addr.arpa" => points_to("\7a.b c]\n\7example\0"),
	"109.100.51.198.in-addr.arpa" => points_to(Weir::Names::name("real.example")),
	"110.100.51.198.in-addr.arpa" => points_to("\x093.2.0.192\0"),
	"111.100.51.198.in-addr.arpa" => points_to("\1\x001\7example\0"),
	"112.100.51.198.in-addr.arpa" => points_to(Weir::Names::name("[198.51.100.112]")),
	"113.100.51.198.in-addr.arpa" => rcode(2),
	# Row 66.
	"*.dead.example" => sub { () },
	# Row 68: a list's own words, in one answer by TCP.
	"*.words.example" => sub {
		my ($q) = @_;

		return Weir::Names::answer($q, [], flags => 0x200)
		    if !$q->{tcp} && $q->{type} == 16;
		return Weir::Names::answer($q, [ $q->{type} == 1
		    ? address($q, "127.0.0.2") : Weir::Names::record($q,
		    Weir::Names::data("TXT", "one\r\n250 2.0.0 two\r\n\xe9\0" .
		    "<\x1b[31m%s \$(id) " . "long " x 12000)) ]);
	},
	"*.manywords.example" => sub {
		my ($q) = @_;

		return Weir::Names::answer($q, [], flags => 0x200)
		    if !$q->{tcp} && $q->{type} == 16;
		return Weir::Names::answer($q, [ $q->{type} == 1
		    ? address($q, "127.0.0.2") : map { Weir::Names::record($q,
		    Weir::Names::data("TXT", "reason $_")) } 1 .. 500 ]);
	},
	# Row 67.
	"*.refused.list.example" => sub {
		return Weir::Names::answer($_[0],
		    [ address($_[0], "127.255.255.254") ]);
	},
	"*.sold.list.example" => sub {
		return Weir::Names::answer($_[0],
		    [ address($_[0], "203.0.113.5") ]);
	},
	"*.yes.list.example" => sub {
		return Weir::Names::answer($_[0],
		    [ address($_[0], "127.0.0.2") ]);
	},
	"*.mixed.list.example" => sub {
		return Weir::Names::answer($_[0],
		    [ address($_[0], "203.0.113.5"), address($_[0], "127.0.0.4") ]);
	},
);

my $w = Weir::Scenario->new(start => 0, base => <<'EOT');
relay_domains = example.com
relay_transport = discard:
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
mynetworks = 203.0.113.1
EOT
my $asked = $w->names(<<'EOT', %odd);
good.example A 192.0.2.80
good.example MX 10 good.example
real.example A 198.51.100.109
1.0.0.127.in-addr.arpa PTR localhost
example.net A 192.0.2.80
EOT
$w->start;

sub rcpt { return scalar $w->rcpt('user@example.com', @_) }

# As RCPT of a client whose HELO is ${name}, and how long that took.  Time jumps
# once the gateway has asked for the name, so that nobody has to wait.
sub timed {
	my ($name) = @_;
	my $pid = fork // die "fork: $!";

	if ($pid == 0) {
		$w->wait_for(sub { Weir::read_file($asked) =~ /^$name /m });
		$w->advance(25);
		POSIX::_exit(0);
	}
	my $before = time;
	my $reply = rcpt(helo => $name);
	my $took = time - $before;
	waitpid $pid, 0;
	$w->{clock} += 25;
	return ($reply, $took);
}

subtest "row 63: the ways of not answering are told apart" => sub {
	$w->take($helo);
	my $again = "450 4.7.1 <%s>: Helo command rejected: Host not found";
	for my $name (qw(good truncated raced)) {
		is rcpt(helo => "$name.example"), "250 2.1.5 Ok", $name;
	}
	is rcpt(helo => "nodata.example"), sprintf($again, "nodata.example"),
	    "NODATA";
	is rcpt(helo => "none.example"), sprintf($again, "none.example"),
	    "NXDOMAIN";
	for my $name (qw(servfail refused formerr notimp)) {
		is rcpt(helo => "$name.example"), sprintf($again, "$name.example"),
		    "$name: with a permanent code, too, only for now"
	}
	$w->take("${helo}unknown_hostname_reject_code = 550\n");
	my $never = "550 5.7.1 <%s>: Helo command rejected: Host not found";
	is rcpt(helo => "$_.example"), sprintf($never, "$_.example"),
	    "$_ is not there" for qw(nodata none);
	is rcpt(helo => "$_.example"), sprintf($again, "$_.example"),
	    "$_ could not be asked" for qw(servfail refused formerr notimp);
	# Whoever does not know the port, the number and the question is not
	# believed, and nobody waits for ever.
	for my $name (qw(silent wrongid wrongname wrongtype wrongport
	    halftruncated)) {
		my ($reply, $took) = timed("$name.example");
		is $reply, sprintf($again, "$name.example"), $name;
		cmp_ok $took, "<", 19 * $slow, "$name is not waited for";
	}
	$w->take("${sender}unknown_address_reject_code = 550\n");
	is rcpt(from => 'a@nodata.example'),
	    "550 5.1.8 <a\@nodata.example>: Sender address rejected: " .
	    "Domain not found", "a sender's domain without a host";
	is rcpt(from => 'a@servfail.example'),
	    "450 4.1.8 <a\@servfail.example>: Sender address rejected: " .
	    "Domain not found", "one that could not be asked for";
};

subtest "row 64: packets that are none" => sub {
	$w->take("${helo}unknown_hostname_reject_code = 550\n");
	for my $name (qw(loop forward label longname pastend many short empty
	    garbage cnameloop)) {
		my ($reply) = timed("$name.example");
		like $reply, qr/^450 4\.7\.1 <\Q$name\E\.example>: Helo command rejected: (?:Host not found|Malformed DNS server reply)$/,
		    "$name: nothing that could be believed";
	}
	is rcpt(helo => "shortaddr.example"), "550 5.7.1 <shortaddr.example>: " .
	    "Helo command rejected: Malformed DNS server reply",
	    "an address of three octets";
	is rcpt(helo => "good.example"), "250 2.1.5 Ok", "and all is well";
};

subtest "row 65: names of clients" => sub {
	plan skip_all => "row 65: no addresses of our own" if !$alone;
	$w->take($client);
	my $log = length $w->log;
	my %reply = map { $_ => scalar $w->rcpt('user@example.com',
	    from_addr => "198.51.100.$_") } 101 .. 113;
	my $none = "450 4.7.25 Client host rejected: cannot find your " .
	    "hostname, [198.51.100.%d]";
	is $reply{109}, "250 2.1.5 Ok", "a name that is right";
	is $reply{$_}, sprintf($none, $_), "198.51.100.$_ has none"
	    for 101 .. 108, 110 .. 113;
	my $new = substr $w->log, $log;
	like $new, qr/: connect from real\.example\[198\.51\.100\.109\]$/m, "logged";
	like $new, qr/: connect from unknown\[198\.51\.100\.$_\]$/m,
	    "198.51.100.$_ is unknown" for 101 .. 108, 110 .. 113;
	like $new, qr/warning: hostname nothere\.example does not resolve to address 198\.51\.100\.102: Name or service not known$/m,
	    "and why";
	is +(() = $new =~ /^[A-Z][a-z]{2} .\d \S+ \S+ weir\/\w+\[\d+\]: /mg),
	    $new =~ tr/\n//, "no name began a line";
	unlike $new, qr/[^\x20-\x7e\n]/, "or had what terminals obey";
	my $h1 = () = Weir::read_file($asked) =~ /^h\d+\.flood\.example /mg;
	cmp_ok $h1, "<=", 10, "of 1000 names, few are asked for ($h1)";
};

subtest "row 66: dead lists" => sub {
	my $lists = join ", ",
	    map { "reject_rbl_client l$_.dead.example" } 1 .. 20;
	$w->take("smtpd_recipient_restrictions = $lists\n" .
	    "weir_dnsbl_time_limit = 2s\n");
	my $log = length $w->log;
	my $before = time;
	is rcpt(xclient => "ADDR=192.0.2.5 NAME=x.example"), "250 2.1.5 Ok",
	    "what could not be asked rejects nobody";
	cmp_ok time - $before, "<", 20 * $slow,
	    "20 dead lists cost one time limit";
	is +(() = substr($w->log, $log) =~ /RBL lookup error: Error looking up name=5\.2\.0\.192\.l\d+\.dead\.example type=A: Host not found, try again/g),
	    20, "and are told";
};

subtest "row 67: lists that answer for everything" => sub {
	my $listed = qr/^554 5\.7\.1 Service unavailable; Client host \[192\.0\.2\.5\] blocked using \w+\.list\.example/;
	my $xclient = "ADDR=192.0.2.5 NAME=x.example";
	for my $list (qw(refused sold)) {
		$w->take("smtpd_recipient_restrictions = " .
		    "reject_rbl_client $list.list.example\n" .
		    "weir_dnsbl_self_test = no\n");
		is rcpt(xclient => $xclient), "250 2.1.5 Ok",
		    "$list: an error is no listing";
		ok $w->wait_log(qr/warning: 5\.2\.0\.192\.$list\.list\.example: RBL answer \S+ is an error, not a listing/),
		    "$list: and is told";
	}
	$w->take("smtpd_recipient_restrictions = " .
	    "reject_rbl_client mixed.list.example\nweir_dnsbl_self_test = no\n");
	like rcpt(xclient => $xclient), $listed, "beside an error, an answer counts";
	$w->take("smtpd_recipient_restrictions = " .
	    "reject_rbl_client yes.list.example\n");
	is rcpt(xclient => $xclient), "250 2.1.5 Ok",
	    "a list of everything is suspended before it does harm";
	$w->take("smtpd_recipient_restrictions = " .
	    "permit_dnswl_client yes.list.example, reject\n");
	like rcpt(xclient => $xclient), qr/^554 /, "and permits nobody, either";
};

subtest "row 68: what a list says" => sub {
	my $xclient = "ADDR=192.0.2.5 NAME=x.example";
	my $log = length $w->log;
	for my $list (qw(words manywords)) {
		$w->take("smtpd_recipient_restrictions = " .
		    "reject_rbl_client $list.example\n" .
		    "weir_dnsbl_self_test = no\n");
		my $reply = rcpt(xclient => $xclient);
		like $reply, qr/^554 5\.7\.1 Service unavailable; Client host \[192\.0\.2\.5\] blocked using $list\.example; [ -~]+$/,
		    "$list: one line that can be printed";
		cmp_ok length $reply, "<=", 1000, "$list: of bounded length";
	}
	my $new = substr $w->log, $log;
	unlike $new, qr/[^\x20-\x7e\n]/, "the log is as clean";
	is +(() = $new =~ /: NOQUEUE: reject: /g), 2, "a line each";
};

$w->finish;
