#!/usr/bin/perl
# Large pattern tables: a process without rights compiles them while the gateway
# serves, what it made is kept on the disk, and answers never depend on it.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;

plan skip_all => "built without Hyperscan"
    if qx(ldd ${\ Weir::program()}) !~ /libhs\./;

sub rules {
	my ($n, $last) = @_;

	return join("", map {
		"/^Subject: offer number $_\\b/ REJECT number $_\n"
	} 1 .. $n) . $last;
}

my %files = (
	headers => rules(80, "if /^Subject:/\n!/offer|order/ REJECT neither\n" .
	    "endif\n/^X-(\\w+): (a)(?=b)\\2?/ REJECT saw \$1\n"),
	body => join("", map { "/word$_( |\$)/ REJECT word $_\n" } 1 .. 600),
	access => join("", map { "/^user$_\@/ REJECT user $_\n" } 1 .. 80),
);
my $main = <<'EOT';
virtual_mailbox_domains = example.org
virtual_mailbox_maps = static:x/
virtual_transport = discard
header_checks = pcre:$dir/etc/headers
body_checks = regexp:$dir/etc/body
smtpd_sender_restrictions = check_sender_access pcre:$dir/etc/access
EOT
my $w = Weir->new(main => $main, files => \%files);
my $cache = "$w->{dir}/data/patterns";

sub answers {
	my ($when) = @_;
	my $ask = sub {
		my ($what, $headers, $body, $pattern, $from) = @_;

		like $w->send_mail(to => 'user@example.org',
		    from => $from // 'a@example.com',
		    data => "$headers\r\n\r\n$body\r\n"), $pattern,
		    "$when: $what";
	};
	$ask->("nothing", "Subject: order", "text", qr/^250/);
	$ask->("a header", "Subject: offer number 7 for you", "text",
	    qr/^550 5\.7\.1 number 7$/);
	$ask->("the first of two", "Subject: offer number 30 and x", "word9",
	    qr/number 30$/);
	$ask->("not", "Subject: hello", "text", qr/neither$/);
	$ask->("look-around, groups and a reference",
	    "Subject: order\r\nX-Foo: aba", "text", qr/saw Foo$/);
	$ask->("a line of the body", "Subject: order",
	    "line\r\n" x 50 . "x word599 y\r\nmore", qr/word 599$/);
	$ask->("a sender", "Subject: order", "text", qr/user 11$/,
	    'user11@example.com');
}

sub prefiltered {
	my ($from) = @_;

	return $w->wait_for(sub {
		my $log = substr $w->log, $from;
		my %seen = map { $_ => 1 }
		    $log =~ m{map \S+/(\w+): \d+ of \d+ rules are pre}g;
		return keys %seen == 3;
	}, 60);
}

sub files { return sort glob("$cache/*") }

answers("while they are compiled, or before");
ok prefiltered(0), "all are compiled" or diag $w->log;
like $w->log, qr{pcre map \S+/headers: 83 of 84 rules are prefiltered}m,
    "the log says how many (endif is none)";
like $w->log, qr{regexp map \S+/body: 600 of 600 rules are prefiltered}m,
    "regexp: too";
answers("compiled");
my @first = files();
cmp_ok scalar @first, ">=", 3, "files in the cache";
is scalar(grep { (stat)[4] == 0 } @first), 0, "that are not root's"
    if $> == 0;
my %made = map { $_ => (stat)[9] . " " . (stat)[1] } @first;

# Again, from the cache; one file is damaged, one is cut.
$w->stop;
open my $f, "+<", $first[0] or die;
seek $f, 200, 0;
print $f "damage";
close $f;
truncate $first[1], 100;
my $before = length $w->log;
$w->start;
ok prefiltered($before), "after a restart";
is_deeply [files()], \@first, "with the same files";
is scalar(grep { $made{$_} ne (stat)[9] . " " . (stat)[1] } @first), 2,
    "of which the damaged ones were made again";
like substr($w->log, $before), qr{warning: (pcre|regexp) map .*damaged},
    "with a warning";
answers("loaded");

# New rules without a reload: only what has changed is compiled.
$before = length $w->log;
$w->write_file("body", $files{body} . "/newest/ REJECT newest\n");
$w->advance(5);
ok $w->wait_for(sub { $w->send_mail(to => 'user@example.org',
    data => "Subject: order\r\n\r\nthe newest\r\n") =~ /newest$/ }),
    "a rule that was added";
ok $w->wait_for(sub {
	substr($w->log, $before) =~ m{body: 601 of 601 rules are prefiltered}
}, 60), "is compiled with the others";
answers("after a change");

# One that compiles is killed; then there is no place for what is compiled.
my $many = join "", map { "/^Subject: [a-f]{2,9}.{0,30}x$_(y|z)+\$/ REJECT\n" }
    1 .. 1500;
$before = length $w->log;
$w->write_file("headers", $files{headers} . $many);
$w->advance(5);
answers("new rules");
my $pid = $w->wait_for(sub {
	($w->command("status"))[1] =~ /^patterns pid (\d+) +compiles/m && $1
}, 60);
ok $pid && kill(KILL => $pid), "a process that compiles is killed";
ok $w->wait_log(qr{process weir/patterns pid $pid killed by signal 9}),
    "which is logged";
answers("with fewer automata");
rename $cache, "$cache.away";
$w->write_file("headers", "/^Subject: another/ REJECT\n$files{headers}$many");
$w->advance(5);
answers("the next rules");
ok $w->wait_log(qr{warning: patterns: \S+/patterns/\S+: No such file}, 60),
    "no directory is a warning";
answers("without a cache");
rename "$cache.away", $cache;
$w->write_file("headers", $files{headers});
$w->advance(5);
answers("the old rules again");

# Lines of a body are looked at together: what becomes of them does not change.
my $sink = $w->sink("hop");
my $relay = $main . "relayhost = [127.0.0.1]:\${port:hop}\n" .
    "relay_domains = example.com\n";
$files{body} .= join "", "/^replace( [0-9]+)\$/ REPLACE replaced\$1\n",
    "/^ignore/ IGNORE\n", "/^prepend/ PREPEND before\n", "/^warn/ WARN\n";
my ($status, $text) = $w->reconfigure(main => $relay, files => \%files);
is $status, 0, "rules that edit" or diag $text;
$before = length $w->log;
my $body = join "", map { ($_ % 61 == 0 ? "replace $_" : $_ % 97 == 0
	? "ignore" : $_ % 89 == 0 ? "prepend" : $_ % 113 == 0 ? "warn $_"
	: "a line that is one of many, $_") . "\r\n" } 1 .. 1000;
my $mime = "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n" .
    "\r\n--b\r\nX-Part: one\r\n\r\n${body}--b\r\nX-Part: two\r\n\r\n" .
    "ignore\r\nlast\r\n--b--\r\n";
ok $w->wait_for(sub {
	substr($w->log, $before) =~ m{body: 604 of 604 rules are prefiltered}
}, 60), "are compiled, too";
like $w->send_mail(to => 'user@example.com', data => "Subject: order\r\n$mime"),
    qr/^250/, "a long message with them";
my ($first) = $w->messages($sink, 1);

($status, $text) = $w->reconfigure(main => $relay .
    "weir_prefilter = no\n", files => \%files);
is $status, 0, "weir_prefilter = no" or diag $text;
like $w->send_mail(to => 'user@example.com', data => "Subject: order\r\n$mime"),
    qr/^250/, "the same without a prefilter";
my @both = map { s/^.*?\r?\n\r?\n//sr } $w->messages($sink, 2);
is scalar @both, 2, "both have arrived";
is $both[0], $both[1], "and are the same";
my @gone = $both[0] =~ /^(replaced \d+|before|ignore|X-Part: two|last)/mg;
is scalar(grep { /^replaced/ } @gone), 16, "with lines replaced";
is scalar(grep { /^before/ } @gone), 11, "lines put before others";
is scalar(grep { /^ignore/ } @gone), 0, "lines left out";
is "@gone[-2, -1]", "X-Part: two last", "and all to its end";
my @warned = $w->log =~ /warning: body (warn \d+)/g;
is scalar(@warned), 16, "the warnings are the same, too";
answers("without");
is $w->stop, 0, "the gateway ends well";
is $w->complaints, "", "no complaints";
done_testing;
