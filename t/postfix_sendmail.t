#!/usr/bin/perl
# sendmail beside Debian's Postfix: the same command lines with the same texts;
# what is said, the exit status, what is logged about the message, what milters
# hear and what arrives must be the same.
#
# Where we differ is not played here: a message that is refused is reported at
# once, not by mail; -XV; octets with the value zero.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Milter;
use Weir::Postfix;

plan skip_all => "a comparison: no Postfix here, or not root"
    if $> != 0 || !-x "/usr/sbin/postfix";

my $w = Weir->new(start => 0);
my $dir = $w->{dir};
my $text = "Subject: plain\n\nbody\n";
my @cases;

sub case {
	my ($input, @args) = @_;

	push @cases, { input => $input, args => \@args };
}

# Options that end the program.
case $text, @$_ for ["-bt"], ["-ba"], ["-bx", "z\@z"], ["-qS"], ["-qI"], ["-qX"], ["-qR"], ["-B", "foo", "a\@b"],
    [], ["-bm"], ["-t", "-bs"], ["-t", "-i", "-bp"], ["-bi", "x"], ["-bd", "x"], ["-bp", "x"], ["-bs", "x"],
    ["-q", "x"], ["-q", "-t"], ["-q15m"], ["-bh"], ["-bH"], ["-n", "x"], ["-oA"], ["-qRfoo"], ["-q"], ["-X/tmp/x", "x"];
# From headers.
case "Subject: none\n\nb\n", "-t";
case " folded: foo\nTo: x\@y.example\n\nb\n", "-t";
case "To: a\@b.example, Foo <c\@d.example>\nCc: g: q\@r.example, s\@t.example;\nBcc: h\@i.example\nSubject: t\n\n" .
    "To: no\@no.example\n", "-t", "z\@z.example";
case "To: a\@b.example\n cc\@b.example,\n\td\@e.example\nSubject: folded\nnot a header\n", "-t";
case "TO : \"q r\"\@s.example, <d\@e.example> (c), a b\@c.example\nSubject: odd\n\nx\n", "-t", "-i";
case "To: a\@b.example\nBcc: e\@f.example\nResent-To: c\@d.example\nSubject: resent\n\nx\n", "-t";
case "Subject: resent\nTo: a\@b.example\nBcc: no\@no.example\nResent-To: c\@d.example\nResent-Bcc: k\@l.example\n" .
    "Resent-From: me\@x.example\nResent-Date: now\nResent-Message-Id: <1\@x>\nDate: now\nMessage-Id: <2\@x>\n" .
    "From: me\@x.example\n\nx", "-t";
# From the command line.
case $text, "x\@y.example";
case $text, "-f", "s\@t.example", "x\@y.example";
case $text, "-rs\@t.example", "x\@y.example";
case "To: bundled\@y.example\n\n", "-itr", "s\@t.example";
case $text, "-f", "", "x\@y.example";
case $text, "-f", "Some <s\@t.example> One", "x\@y.example";
case $text, "-f", "a b c", "u\@v.example";
case $text, "-f", "a\@b.example, c\@d.example", "u\@v.example";
case $text, "-f", "<>", "Foo Bar <x\@y.example>", "\"a b\"\@c.example, d\@e.example", "a b\@c.example";
case $text, "-F", "Joe \"X\" (d), y", "x\@y.example";
case $text, "-F", "Joe X", "x\@y.example";
case $text, "-F", "", "x\@y.example";
case $text, "-G", "-f", "a", "x\@y.example";
case $text, "";
case $text, "x\@y.example", "x\@y.example", "X\@y.example";
case $text, "-oi", "-om", "-oem", "-em", "-p", "SMTP:h", "-h", "3", "-U", "-x", "-c", "-m", "-O", "Foo=x", "-L", "tag",
    "-Am", "-Ac", "-ox", "u\@v.example";
case $text, "-N", "never", "u\@v.example";
case $text, "-N", "never,delay", "u\@v.example";
case $text, "-Rfoo", "u\@v.example";
case $text, "-q15m", "u\@v.example";
case $text, "--", "u\@v.example";
case $text, "-B", "8BITMIME", "-f", "q\@r.example", "u\@v.example";
# Reports: what they say is compared in postfix_reports.t.
case $text, @$_ for ["-bv"], ["-bv", "-t"], ["-bv", "-N", "never", "x\@y.example"], ["-bv", "-R", "hdrs", "x\@y.example"],
    ["-bv", "-v", "x\@y.example"], ["-bv", "-bp", "x"], ["-v", "-bi", "x"], ["-N", "foo", "-bs", "x"];
case $text, "-bv", "-f", "s\@reports.example", "x\@y.example", "Foo <\"q r\"\@s.example>", "local", "a b\@c.example";
case $text, "-bv", "-f", "", map { "u$_\@v.example" } 1 .. 20;
case $text, "-bv", "-f", "s.p\@reports.example", "-F", "Full Name", "x\@y.example, z\@y.example";
case $text, "-bv", "-Vid1", "-f", "s\@reports.example", "-B8BITMIME", "x\ny\@y.example";
case $text, "-v", "-f", "s\@reports.example", "x\@y.example";
case $text, "-v", "-f", "", "x\@y.example";
case $text, "-V" . "v" x 101, "-f", "s\@reports.example", "x\@y.example";
case $text, "-Va\001b", "-f", "s\@reports.example", "x\@y.example";
case $text, "-Vtwo words+=", "-R", "full", "-N", "delay,failure", "-f", "s\@reports.example", "x\@y.example";
# Texts.
case "From a\@b Sat\n>From c\nSubject: crlf\r\n\r\n.x\r\n.\r\nafter\n", "-i", "u\@v.example";
case "Subject: dot\n\nabc\n.\nafter\n", "u\@v.example";
case "Subject: dot\r\n\r\nabc\r\n..\r\n.\r\nafter\n", "-oi", "u\@v.example";
case "", "u\@v.example";
case "no header here\nx\n", "u\@v.example";
case "Subject: long\n\n" . "0123456789" x 1000 . "\n", "u\@v.example";
case "Subject: no end", "u\@v.example";
case "Subject: cr\n\na\rb\r\r\n\r\n", "u\@v.example";
case "From: me\@x.example\nDate: d\nMessage-Id: <me\@x>\nSubject: all\nReturn-Path: <x>\nContent-Length: 3\n\nx\n",
    "u\@v.example";
case "Subject: eight bits\n\n\xc3\xa4\n", "u\@v.example";
case "Subject: name\n\n", "-F", "a\nb", "u\@v.example";
case "Subject: \n\n", "a\nb\@v.example";
case "To: \n\nx\n", "-t", "u\@v.example";
case "Bcc:\nSubject: undisclosed\n\nx\n", "u\@v.example";
case "Subject: many\n\n", map { "u$_\@v.example" } 1 .. 40;
case "To: " . join(", ", map { "u$_" . "x" x 50 . "\@v.example" } 1 .. 45) . "\nSubject: long list\n\n", "-t";
case "Subject: big\n\n" . ("x" x 79 . "\n") x 700, "u\@v.example";

my $main = <<'EOT';
myhostname = mx.example.com
myorigin = example.com
mydestination =
message_size_limit = 50000
milter_command_timeout = 20s
virtual_alias_maps =
fast_flush_domains = other.example
transport_maps = inline:{ {reports.example = discard:} }
EOT
for my $who ("w", "p") {
	my $path = "$dir/$who.milter";

	$w->peer(sub { Weir::Milter::serve($path, "$dir/heard.$who") });
	$w->wait_for(sub { -S $path }) or die;
	$w->sink("sink$who");
}
$w->configure(master => "pickup unix n - n 60 1 pickup\n", main => $main .
    "syslog_name = postfix\nmail_name = Postfix\nmail_version = 3.7.11\n" .
    "non_smtpd_milters = unix:$dir/w.milter\n" .
    "default_transport = smtp:[127.0.0.1]:" . $w->port("sinkw") . "\n");
$w->start;
my $p = Weir::Postfix->start("$dir/postfix", port => $w->port("plain"), main => $main .
    "non_smtpd_milters = unix:$dir/p.milter\nenable_long_queue_ids = no\n" .
    "smtp_tls_security_level = none\nin_flow_delay = 0\n" .
    "default_transport = smtp:[127.0.0.1]:" . $w->port("sinkp") . "\n");
my %log = (w => sub { $w->log }, p => sub { $p->log });
my %etc = (w => "$dir/etc", p => "$dir/postfix/etc");

sub same {
	my ($out) = @_;

	$out =~ s/\b[0-9A-F]{8,14}\b/ID/g;
	$out =~ s/\b20\d{12}\.ID/STAMP.ID/g;
	$out =~ s/\w+, +\d+ \w+ \d{4} [\d:]+ \+0000 \(UTC\)/DATE/g;
	$out =~ s/\bsize=\d+/size=N/g;
	return $out;
}

# What is said of a message until it is in the queue.
sub logged {
	my ($who, $before, $report) = @_;
	my $new = substr $log{$who}->(), $before;
	my ($id) = $new =~ /pickup\[\d+\]: (\w+): /;

	# A report may come at any time.
	$new = join "\n", grep { /\Q$id\E/ } split /\n/, $new if $report && $id;

	return join "\n", map { same($_) } grep { !/daemon started|delay=|removed|statistics|^(postdrop|postqueue|sendmail|smtp|bounce): / }
	    map { s/^.*?postfix\/(\w+)\[\d+\]: /$1: /r } split /\n/, $new;
}

sub play {
	my ($who, $case) = @_;
	my $before = length $log{$who}->();
	my $report = grep { /^-b?v$/ } @{ $case->{args} };
	my ($status, $said);

	if ($who eq "w") {
		($status, $said) = $w->sendmail($case->{input}, @{ $case->{args} });
	} else {
		my $input = $w->write_file("$dir/input.p", $case->{input});
		my $pid = open(my $f, "-|") // die "fork: $!";

		if ($pid == 0) {
			open STDIN, "<", $input;
			open STDERR, ">&", \*STDOUT;
			exec "/usr/sbin/sendmail", "-C", $etc{p}, @{ $case->{args} };
		}
		$said = do { local $/; <$f> } // "";
		close $f;
		$status = $? >> 8;
	}
	# Reports of its helpers, which we do without.
	$said =~ s/^(postdrop: warning|sendmail: warning: mail_stream_cleanup).*\n//mg;
	$said =~ s/^sendmail: (?:error|option|invalid).*\n//mg;
	$said =~ s/\n\n/\n/g;
	$w->wait_for(sub { logged($who, $before, $report) =~ /qmgr: ID: from=/ })
	    if $status == 0 && !grep { /^-(bh|bH|q|q15m)$/ } @{ $case->{args} };
	return { status => $status, said => $said, log => logged($who, $before, $report) };
}

for my $case (@cases) {
	my $name = join " ", map { length $_ ? s/\n/\\n/gr : "''" } @{ $case->{args} };
	my %got = map { $_ => play($_, $case) } "w", "p";

	is_deeply $got{w}, $got{p}, "sendmail $name";
}

# Each message of a sink, without what differs by nature.
sub arrived {
	my ($who) = @_;
	my %seen;

	for ($w->messages("$dir/sink$who", 1)) {
		my @to = sort /^X-To: .*\n/mg;
		s/^X-To: .*\n//mg;
		$seen{same(join("", @to) . $_)}++;
	}
	return \%seen;
}
my ($ours, $theirs);
$w->wait_for(sub {
	($ours, $theirs) = (arrived("w"), arrived("p"));
	my $n = 0;
	$n += $_ for values %$theirs;
	$n -= $_ for values %$ours;
	return $n == 0 && keys %$theirs > 20;
}, 20);
is_deeply [sort keys %$ours], [sort keys %$theirs], "what arrives";

sub heard { return [grep { $_ ne "A " } map { same($_) } split /\n/, Weir::Milter::heard("$dir/heard.$_[0]")] }
is_deeply heard("w"), heard("p"), "what milters hear";
$p->stop;
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
