#!/usr/bin/perl
# Configurations that are wrong: each is refused with its place, or taken with
# Postfix's warning; whatever it is, it is never taken by half, and the running
# gateway goes on.  hostile.md, row 137.
use strict;
use warnings;
use lib "t/lib";
use Test::More;
use Weir::Scenario;

my $w = Weir::Scenario->new(base => <<'EOT');
relay_domains = example.com
relay_transport = discard:
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
smtpd_banner = the old one
EOT
my $r = "smtpd_recipient_restrictions =";

# What main.cf, or master.cf, ends with, and what is said of it.
my @refused = (
	# The form of the file.
	[ "no equals sign", "what is this\n", qr/:%d: missing '=' after attribute name: "what is this"/ ],
	[ "no name", "= 5\n", qr/:%d: missing attribute name/ ],
	[ "a NUL", "mail_name = a\0b\n", qr/:%d: a NUL character/ ],
	[ "a line of 1 MiB", "mail_name = " . "x" x (1 << 20) . "\n",
	    qr/:%d: value too long: "mail_name = x+\.\.\."/ ],
	[ "1 MiB in many lines", "mail_name = x\n" . "  y\n" x (1 << 19),
	    qr/:%d: value too long/ ],
	[ "a brace that is never closed", "mail_name = \${x\n",
	    qr/:%d: mail_name: truncated macro reference/ ],
	[ "a name that is none", "mail_name = \${a b}\n",
	    qr/:%d: mail_name: attribute name followed by junk/ ],
	[ "values that need each other",
	    "a_a = \$b_b\nb_b = \$a_a\nmail_name = \$a_a\n",
	    qr/:\d+: mail_name: unreasonable macro call nesting/ ],
	[ "a value that needs itself", "mail_name = x\$mail_name\n",
	    qr/:%d: mail_name: unreasonable macro call nesting/ ],
	[ "a value that grows", join("", map { "a$_ = \$a" . ($_ + 1) .
	    "\$a" . ($_ + 1) . "\n" } 0 .. 40) . "mail_name = \$a0\n",
	    qr/mail_name: unreasonable macro expansion/ ],
	[ "a value that goes on where none begins",
	    "$r reject\n  smtpd_banner = x\n",
	    qr/:%d: .*unknown smtpd restriction: "smtpd_banner"/ ],
	# Values.
	[ "not a time", "smtpd_timeout = 5 parsecs\n",
	    qr/:%d: smtpd_timeout = 5 parsecs: not a time/ ],
	[ "a time before now", "smtpd_timeout = -1\n",
	    qr/:%d: smtpd_timeout = -1: not a time/ ],
	[ "a time without end", "smtpd_timeout = 99999999999999999999\n",
	    qr/:%d: smtpd_timeout = 9+: not a time/ ],
	[ "not a number", "message_size_limit = 10M\n",
	    qr/:%d: message_size_limit = 10M: not a number/ ],
	[ "a number of a restriction", "reject_code = abc\n",
	    qr/:%d: reject_code = abc: not a number/ ],
	[ "too small", "smtpd_recipient_limit = 0\n",
	    qr/:%d: smtpd_recipient_limit = 0: less than 1/ ],
	[ "neither yes nor no", "smtpd_delay_reject = maybe\n",
	    qr/:%d: smtpd_delay_reject = maybe: neither yes nor no/ ],
	[ "two mistakes are both told",
	    "defer_code = maybe\nreject_code = abc\n",
	    qr/^(?=.*:%d: defer_code = maybe).*reject_code = abc/s ],
	[ "not a protocol", "inet_protocols = ipv5\n",
	    qr/:\d+: unknown inet_protocols value "ipv5" in "ipv5"/, 1 ],
	[ "not a level", "compatibility_level = three\n",
	    qr/malformed compatibility level syntax: "three"/ ],
	[ "no such host", "inet_interfaces = nosuch.invalid\n",
	    qr/inet_interfaces: host not found: nosuch\.invalid/, 1 ],
	[ "no such user", "mail_owner = nosuchuser\n",
	    qr/no such user: nosuchuser/, 1 ],
	[ "not an action", "reject_tempfail_action = permit\n",
	    qr/bad value "permit": defer_if_permit or defer/ ],
	[ "no key", "smtpd_tls_security_level = may\n" .
	    "smtpd_tls_cert_file = /nonexistent\n",
	    qr{cannot load certificate from file /nonexistent} ],
	# Lists and tables.
	[ "not a network", "mynetworks = 192.0.2.1/24\n",
	    qr/:\d+: mynetworks: non-null host address bits in "192\.0\.2\.1\/24"/, 1 ],
	[ "not a mask", "mynetworks = 192.0.2.0/33\n",
	    qr/:\d+: mynetworks: bad mask length/, 1 ],
	[ "a list in no file", "mynetworks = /nonexistent/list\n",
	    qr{:\d+: mynetworks: open /nonexistent/list: No such file}, 1 ],
	[ "domains in no file", "mydestination = /nonexistent/list\n",
	    qr{:\d+: mydestination: open /nonexistent/list: No such file}, 1 ],
	[ "a table that is not there", "transport_maps = hash:/nonexistent/x\n",
	    qr{:%d: transport_maps: hash:/nonexistent/x: open database} ],
	[ "of content checks", "header_checks = pcre:/nonexistent/x\n",
	    qr{:%d: header_checks: .*No such file} ],
	[ "of a filter", "smtpd_dns_reply_filter = pcre:/nonexistent/x\n",
	    qr{:%d: smtpd_dns_reply_filter: .*No such file} ],
	[ "of a restriction", "$r check_client_access cidr:/nonexistent/x\n",
	    qr{:%d: smtpd_recipient_restrictions: check_client_access cidr:/nonexistent/x: open /nonexistent/x: No such file} ],
	[ "a type of table that nobody knows", "$r check_client_access hsah:/x\n",
	    qr/:%d: .*unsupported dictionary type: hsah/ ],
	# Restrictions.
	[ "unknown", "$r permit_mynetwork, reject\n",
	    qr/:%d: smtpd_recipient_restrictions: unknown smtpd restriction: "permit_mynetwork"; did you mean permit_mynetworks\?/ ],
	[ "unknown in a class", "smtpd_restriction_classes = mine\n" .
	    "mine = rejct\n", qr/:\d+: mine: unknown smtpd restriction: "rejct"/ ],
	[ "a class that is none", "smtpd_restriction_classes = mine\n",
	    qr/:%d: .*restriction class `mine' needs a definition/ ],
	[ "without its table", "$r check_client_access\n",
	    qr/:%d: .*restriction check_client_access: bad argument "\w*": need maptype:mapname/ ],
	[ "without its server", "$r check_policy_service\n",
	    qr/:%d: .*must be followed by transport:server/ ],
	[ "a setting that is none",
	    "$r check_policy_service { inet:127.0.0.1:1, timeoutt=3 }\n",
	    qr/:%d: .*unknown attribute "timeoutt"/ ],
	[ "braces that stay open",
	    "$r check_policy_service { inet:127.0.0.1:1, timeout=3\n",
	    qr/:%d: .*check_policy_service/ ],
	[ "a pattern that is none", "$r reject_rbl_client a.example=127.0.0.[2\n",
	    qr/:%d: .*bad DNS list filter in "a\.example=127\.0\.0\.\[2"/ ],
	[ "an octet that is none", "$r reject_rbl_client a.example=300.0.0.1\n",
	    qr/:%d: .*need decimal number 0\.\.255/ ],
	[ "no number to sleep", "smtpd_client_restrictions = sleep x\n",
	    qr/:%d: .*restriction sleep must be followed by number/ ],
	[ "an open relay", "smtpd_relay_restrictions =\n$r permit_mynetworks\n",
	    qr/specify at least one working instance of: reject_unauth_destination/, 1 ],
);
my $service = "127.0.0.1:\${port:other} inet n - n - -";
my @master = (
	[ "half a line", "smtp inet\n", qr/master\.cf:%d: no "private" field/ ],
	[ "a type that is none", "x tcp n - n - - smtpd\n",
	    qr/master\.cf:%d: bad transport type: "tcp"/ ],
	[ "a limit that is none", "$service x smtpd\n" =~ s/- x/x/r,
	    qr/master\.cf:%d: bad maxproc field: "x"/ ],
	[ "a port that is none", "127.0.0.1:99999 inet n - n - - smtpd\n",
	    qr/master\.cf:%d: service 127\.0\.0\.1:99999: .*not a port/ ],
	[ "-o of nothing", "$service smtpd -o\n",
	    qr/master\.cf:%d: option -o without a value/ ],
	[ "-o without a value", "$service smtpd\n  -o smtpd_timeout\n",
	    qr/master\.cf:%d: missing '=' after attribute name/ ],
	[ "-o with braces that stay open", "$service smtpd\n  -o { a = b\n",
	    qr/master\.cf:%d: unbalanced \{\}/ ],
	[ "-o of what is no time", "$service smtpd\n  -o smtpd_timeout=never\n",
	    qr/master\.cf:%d: smtpd_timeout = never: not a time/ ],
	[ "-o of what is no restriction",
	    "$service smtpd\n  -o smtpd_recipient_restrictions=rejct\n",
	    qr/master\.cf:%d: .*unknown smtpd restriction: "rejct"; did you mean reject\?/ ],
	[ "a command with a path", "x unix - n n - - /bin/sh\n",
	    qr/master\.cf:%d: a command has no path/ ],
);

# The line of the first thing that is wrong.
sub line_of {
	my ($file) = @_;

	return 1 + (Weir::read_file("$w->{dir}/etc/$file") =~ tr/\n//);
}

sub place {
	my ($pattern, $line) = @_;

	$pattern =~ s/%d/$line/;
	return qr/$pattern/;
}

sub fine {
	my ($what) = @_;

	is $w->smtp->{banner}, "220 the old one", "$what: nothing has changed";
}

$w->configure(main => "${\$w->with_base('smtpd_banner = half')}\n");
my $main_line = line_of("main.cf");
my $master_line = line_of("master.cf");
for (@refused) {
	my ($what, $text, $pattern, $anywhere) = @$_;
	my $main = $w->with_base("smtpd_banner = half\n" . $text);

	# Some stand in for what is set before.
	$main = $w->with_base($text) if $anywhere;
	$w->configure(main => $main);
	my $want = place($pattern, $main_line);
	my ($status, $said) = $w->command("check");
	isnt $status, 0, "$what: check finds it";
	like $said, $want, "$what: and says where";
	($status, $said) = $w->command("reload");
	isnt $status, 0, "$what: a reload is refused";
	like $said, $want, "$what: with its place";
	fine($what);
}
for (@master) {
	my ($what, $text, $pattern) = @$_;

	$w->configure(main => $w->with_base("smtpd_banner = half\n"),
	    master => $w->expand($text));
	my $want = place($pattern, $master_line);
	my ($status, $said) = $w->command("check");
	isnt $status, 0, "$what: check finds it";
	like $said, $want, "$what: and says where";
	($status, $said) = $w->command("reload");
	isnt $status, 0, "$what: a reload is refused";
	like $said, $want, "$what: with its place";
	fine($what);
}

# A file that is not there at all, or none.
for my $file ("main.cf", "master.cf") {
	$w->configure(main => $w->{base});
	unlink "$w->{dir}/etc/$file";
	my ($status, $said) = $w->command("check");
	isnt $status, 0, "no $file: check finds it";
	like $said, qr/\Q$file\E: No such file/, "no $file: and says so";
	fine("no $file");
	mkdir "$w->{dir}/etc/$file";
	isnt +($w->command("check"))[0], 0, "$file is a directory";
	rmdir "$w->{dir}/etc/$file";
}

# What Postfix warns of, and takes.
for (
	[ "set twice", "mail_name = one\nmail_name = two\n",
	    qr/main\.cf, line %d: overriding earlier entry: mail_name=one/ ],
	[ "a name that nobody knows", "smtpd_recipient_restricions = reject\n",
	    qr/main\.cf:%d: unknown parameter smtpd_recipient_restricions; did you mean smtpd_recipient_restrictions\?/ ],
	[ "a comment behind a value", "mail_name = x # y\n",
	    qr/main\.cf:%d: mail_name: # after other text/ ],
	[ "a list without its zone", "$r reject_rbl_client\n",
	    qr/restriction reject_rbl_client requires domain name argument/ ],
	[ "a rule of cidr", "$r check_client_access cidr:{{300.1.1.1 REJECT}}\n",
	    qr/cidr map .*, line 1: bad address pattern: "300\.1\.1\.1": skipping this rule/ ],
	[ "a rule of pcre", "$r check_client_access pcre:{{/(/ REJECT}}\n",
	    qr/pcre map .*, line 1: error in regex at offset 1/ ],
	) {
	my ($what, $text, $pattern) = @$_;
	my $want = place($pattern, line_of("main.cf"));

	$w->configure(main => $w->{base});
	$want = place($pattern, line_of("main.cf") + ($what eq "set twice"));
	$w->configure(main => $w->{base} . $text);
	like +($w->command("check"))[1], $want, "$what: check says so";
	is +($w->command("reload"))[0], 0, "$what: it is taken";
}

$w->configure(main => $w->{base}, master => $w->expand("$service smtpd\n" .
    "  -o smtpd_tiemout=5 -o mine=permit -o smtpd_client_restrictions=\$mine\n"));
my ($status, $said) = $w->command("check");
is $status, 0, "-o with a name that nobody knows: is no mistake";
like $said, qr/master\.cf:$master_line: unknown parameter smtpd_tiemout; did you mean smtpd_timeout\?/,
    "but check remarks on it";
unlike $said, qr/unknown parameter mine/, "not on one that is used";

# What several services open is told of once, and each on a line of its own.
$w->configure(main => $w->{base} . <<'EOT', master => $w->expand(<<"EOT"));
transport_maps = hash:/nonexistent/transport
relay_domains = hash:/nonexistent/relay
virtual_alias_maps = nosuch:/x
smtp_generic_maps = hash:/nonexistent/generic
EOT
$service smtpd
smtp unix - - n - - smtp
relay unix - - n - - smtp
virtual unix - - n - - virtual
local unix - - n - - local
EOT
($status, $said) = $w->command("check");
isnt $status, 0, "tables that are not there";
for ("transport_maps: .*/nonexistent/transport", "relay_domains: .*/nonexistent/relay",
    "virtual_alias_maps: .*unsupported dictionary type: nosuch",
    "/nonexistent/generic") {
	is scalar(() = $said =~ /^weir check: error: .*$_/mg), 1, "once: $_" or
	    diag $said;
}
unlike $said, qr/open .* open /, "each on its line";
$w->configure(main => $w->{base}, master => $w->expand("$service smtpd\n"));

# A class that leads to itself, and codes that are no rejections, show when a
# client comes.
$w->take("smtpd_restriction_classes = mine, yours\nmine = yours\n" .
    "yours = mine\n$r mine\n");
like $w->rcpt('user@example.com'), qr/^451 4\.3\.5 /, "classes in a circle";
for my $code (200, 4500, 99) {
	$w->take("$r reject\nreject_code = $code\n");
	like $w->rcpt('user@example.com'), qr/^4\d\d 4\.\d+\.\d+ /,
	    "reject_code = $code lets nobody in";
}
$w->take("");
like $w->send_mail(to => 'user@example.com'), qr/^250/, "a good one is taken";

# A value that is none is told at the first start, too: nothing serves then.
$w->stop;
$w->configure(main => $w->{base} . "reject_code = abc\n");
eval { $w->start };
like $@, qr/main\.cf:\d+: reject_code = abc: not a number/, "a first start";
waitpid delete $w->{pid}, 0;
is $? >> 8, 78, "is refused";
$w->configure(main => $w->{base});
$w->start;
$w->finish;
