#!/usr/bin/perl
# Whoever speaks to the milter door but is no MTA (hostile rows 85 to 87 from the
# filter's side): other protocols, lengths that are none, commands out of order,
# an MTA that hangs up at each step, says nothing, sends 100 MB, has control
# characters and per cents in everything, 100,000 headers; MTAs by the hundred; a
# process that is killed while they are there.  Others are served meanwhile.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::MilterClient;

my $w = Weir->new(start => 0, nofile => 2000);
my ($port, $short) = map { $w->port($_) } qw(milter short);
$w->configure(main => <<'EOT', files => { header => <<'EOH', body => <<'EOB' }, master => <<EOM);
smtpd_recipient_restrictions = check_recipient_access inline:{{bad@example.com = REJECT}}, check_sender_access regexp:$dir/etc/senders
header_checks = regexp:$dir/etc/header
body_checks = regexp:$dir/etc/body
body_checks_size_limit = 1000000000
EOT
/^X-Bad: (.*)/ REPLACE X-Good: $1
EOH
/^secret/ REPLACE public
EOB
127.0.0.1:$port inet n - n - 0 milter
127.0.0.1:$short inet n - n - - milter
  -o weir_milter_packet_limit=1s
EOM
$w->write_file("senders", "/^(.*)%/ REJECT \$1\n");
$w->start;

sub pids {
	return { reverse map { split } map { "$_->[0] $_->[1]" }
	    map { [/^milter +pid (\d+) .*serving/ ? ($1, $1) : ()] }
	    grep { /^milter .*serving/ } split /^/, ($w->command("status"))[1] };
}

sub healthy {
	my ($what) = @_;
	my $m = Weir::MilterClient->new($port);

	like $m->begin(to => '<bad@example.com>'), qr/^554 5\.7\.1 /,
	    "others are served: $what";
}

healthy("at first");
my $before = join " ", sort keys %{ pids() };

# What is no milter protocol.
my $hello = pack("N", 13) . "O" . pack("NNN", 6, 0x1ff, 0x1fffff);
my %bad = (
    "SMTP" => "EHLO client.example.net\r\nMAIL FROM:<>\r\n",
    "HTTP" => "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "TLS" => "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    "NULs" => "\0" x 10000,
    "no length" => pack("N", 0),
    "a length of 4 GiB" => pack("N", 0xffffffff) . "x" x 100000,
    "no version" => pack("N", 1) . "O",
    "version 0" => pack("N", 13) . "O" . pack("NNN", 0, 0, 0),
    (map { my $v = $_; map { ("version $v, bits $_" => pack("N", 13) . "O" .
	pack("NNN", $v, $_, $_) . pack("N", 6) . "M<a>\0\0" . pack("N", 1) . "E") }
	0, 0x1ff, 0xffffffff } 1, 2, 5, 6, 7, 0xffffffff),
    "hello that is cut short" => pack("N", 5) . "O" . pack("N", 6),
    "hello that is long" => pack("N", 60001) . "O" . pack("NNN", 6, 0x1ff, 0) .
	"x" x 59988,
    "a macro of 60,000 octets" => $hello . pack("N", 60007) . "DM{x}\0" . "y" x 60000 . "\0" .
	pack("N", 5) . "M<a>\0" . pack("N", 1) . "A",
    "20,000 macros" => $hello . pack("N", 60002) . "DM" . "x\0y\0" x 15000 . pack("N", 5) .
	"M<a>\0" . pack("N", 1) . "A",
    "macros of a command that is none" => $hello . pack("N", 6) . "D\1x\0y\0",
    "a body behind an abort" => $hello . pack("N", 5) . "M<a>\0" . pack("N", 1) . "A" .
	pack("N", 5) . "Btext" . pack("N", 1) . "E",
    "an end behind a quit" => $hello . pack("N", 1) . "Q" . pack("N", 1) . "E",
    "a command that is none" => $hello . pack("N", 1) . "\1",
    "an end before all" => $hello . pack("N", 1) . "E",
    "a body before all" => $hello . pack("N", 5) . "Bxxxx",
    "a recipient before all" => $hello . pack("N", 6) . "R<a>\0x",
    "a recipient without an end" => $hello . pack("N", 4) . "R<a>",
    "a client without an address" => $hello . pack("N", 4) . "Cx\0" . "4",
    "a header without a name" => $hello . pack("N", 9) . "M<a\@b.c>\0" .
	pack("N", 7) . "R<u\@c>\0" . pack("N", 1) . "T" . pack("N", 5) . "L\0 x\0",
    "a client of no family" => $hello . pack("N", 4) . "Cx\0" . "?",
    "macros without values" => $hello . pack("N", 6) . "DCj\0xx",
    "twice hello" => $hello x 2,
    "quits without end" => $hello . (pack("N", 1) . "K") x 1000,
    "aborts" => $hello . (pack("N", 1) . "A") x 1000,
);
for my $what (sort keys %bad) {
	my $m = Weir::MilterClient->new($port, silent => 1);

	local $SIG{PIPE} = "IGNORE";
	$m->socket->syswrite($bad{$what});
	shutdown $m->socket, 1;
	1 while $m->packet(30);
	ok 1, $what;
}
healthy("after nonsense");

# Hangs up at each step, in the middle of the next one, too.
my @steps = (sub { $_[0]->connect("c.example", "192.0.2.1") },
    sub { $_[0]->helo("c.example") }, sub { $_[0]->mail('<a@example.net>') },
    sub { $_[0]->rcpt('<u@example.com>') }, sub { $_[0]->data },
    sub { $_[0]->send("L", "Subject\0x\0") }, sub { $_[0]->send("N", "") },
    sub { $_[0]->send("B", "secret\r\n") });
for my $n (0 .. @steps) {
	for my $rest ("", pack("N", 100) . "L") {
		my $m = Weir::MilterClient->new($port);
		$_->($m) for @steps[0 .. $n - 1];
		$m->socket->syswrite($rest) if $rest;
	}
}
healthy("after hang-ups");

# Commands out of order, which the library lets through.
my $m = Weir::MilterClient->new($port);
$m->helo("c.example");
$m->mail('<a@example.net>');
is $m->rcpt('<u@example.com>'), "continue", "no client is told of";
$m->send("A", "");
$m->send("B", "text\r\n");
undef $m;

# Everything has control characters and per cents.
my $odd = join "", map { chr } 1 .. 9, 11, 12, 14 .. 31, 127, 128 .. 255;
$m = Weir::MilterClient->new($port);
$m->connect($odd, "192.0.2.1", '{client_ptr}' => $odd, '{daemon_addr}' => $odd);
$m->helo($odd, '{tls_version}' => $odd, '{cert_subject}' => $odd);
$m->mail("<$odd\@example.net>", i => $odd, '{auth_authen}' => $odd);
$m->rcpt("<$odd\@example.com>");
$m->mail('<%s%n%%d%@example.net>');
my $reply = $m->rcpt('<u@example.com>');
like $reply, qr/^554 5\.7\.1 /, "per cents";
unlike $reply =~ s/%%//gr, qr/%/, "... are doubled, all of them" or diag $reply;
unlike $w->log, qr/[\x01-\x09\x0b-\x1f\x7f]/, "control characters are not in the log";
is $m->mail("<" . "x" x 60000 . '@example.net>'), "continue", "a long sender";
is $m->rcpt("<" . "y" x 60000 . '@example.com>'), "continue", "a long recipient";
$m->send("A", "");

# Headers: long ones, empty ones, what is none, and too many.
$m->mail('<a@example.net>');
$m->rcpt('<u@example.com>');
$m->data;
$m->content(["X-Bad: " . "z" x 50000, "X-Bad:", "no blank:x",
    "X-Bad: a\nBcc: x\@example.com", "X-Bad: a\r\n\r\nbody", "\x01: y", "Subject: $odd"]);
my ($answer, @changes) = $m->end;
is $answer, "continue", "odd headers";
unlike $_->[3] // "", qr/\n[^ \t]/, "no line begins a header of its own"
    for grep { $_->[0] eq "i" || $_->[0] eq "m" } @changes;
$m->mail('<a@example.net>');
$m->rcpt('<u@example.com>');
$m->data;
$m->send("L", "X-$_\0 x\0") for 1 .. 100000;
$m->send("N", "");
is +($m->end)[0], "550 5.6.0 too many headers", "100,000 headers";

# A message of 100 MB, whose body changes.
sub memory {
	my ($pid) = sort { $a <=> $b } keys %{ pids() };
	my $most = 0;
	for (keys %{ pids() }) {
		my ($kb) = Weir::read_file("/proc/$_/status") =~ /^VmRSS:\s+(\d+)/m;
		$most = $kb if ($kb // 0) > $most;
	}
	return $most;
}
$m->mail('<a@example.net>');
$m->rcpt('<u@example.com>');
$m->data;
$m->content(["Subject: large"], "secret\r\n");
my $piece = ("x" x 78 . "\r\n") x 800;
my $start = memory();
$m->send("B", $piece) for 1 .. 1640;
my $more = memory() - $start;
($answer, @changes) = $m->end;
is $answer, "continue", "100 MB";
my $sum = 0;
$sum += length $_->[1] for @changes;
is $sum, 8 + 1640 * length $piece, "... all of which come back";
SKIP: {
	skip "not a question for a sanitizer", 1
	    if ($ENV{OUT} || "") =~ /asan|tsan/;
	cmp_ok $more, "<", 20000, "... and are not kept in memory";
}
undef $m;

# Who stops in the middle of a word is hung up on; hundreds who do not.
my $silent = Weir::MilterClient->new($short);
$silent->connect("c.example", "192.0.2.1");
$silent->socket->syswrite(pack("N", 100) . "H");
my $ended = $w->wait_for(sub {
	return IO::Select->new($silent->socket)->can_read(0.01);
});
ok $ended, "half a word ends a connection";
is scalar(() = $silent->packet(1)), 0, "... without an answer";
my @many = map { Weir::MilterClient->new($port) } 1 .. 300;
is scalar(grep { ($_->begin // "") eq "continue" } @many), 300,
    "300 sessions";
healthy("beside them");
@many = ();

is join(" ", sort keys %{ pids() }), $before, "no process has died"
    or diag $w->log;
unlike $w->log, qr/panic|fatal/, "nothing was wrong";

# A process is killed while an MTA waits for it.
$m = Weir::MilterClient->new($port);
$m->begin;
kill KILL => keys %{ pids() };
is $m->rcpt('<u2@example.com>'), undef, "its MTA sees that it is gone";
ok $w->wait_for(sub {
	my $again = Weir::MilterClient->new($port) or return 0;
	return ($again->begin(to => '<bad@example.com>') // "") =~ /^554/;
}), "another one is there";
is $w->stop, 0, "the end";
is $w->complaints, "", "no complaints";

done_testing;
