#!/usr/bin/perl
# Cut-through: a message that one next hop takes for all its recipients is handed
# to that while the client waits, and is not stored; whatever goes wrong, it is
# stored and delivered from the queue.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Client;

my $again = "451 4.7.1 not now";
my $never = "554 5.7.1 no spam, please";
my $nobody = "550 5.1.1 no such user";

# Next hops by their domain, how they begin to answer (they accept what comes
# later; the first greeting is for who looks whether they are there), and what
# the client is told: "Q" that it is queued.
my $queued = "Q";
my $said = qr/host 127\.0\.0\.1\[127\.0\.0\.1\] said:/;
my @hops = (
	[ "greet4", { BANNER => [ ("421 4.3.2 busy") x 2 ] }, $queued ],
	[ "greet5", { BANNER => [ ("554 5.3.2 busy") x 2 ] }, $queued ],
	[ "greet0", { BANNER => [ ("close") x 2 ] }, $queued ],
	[ "ehlo4", { EHLO => ["421 4.3.2 busy"] }, $queued ],
	[ "ehlo5", { EHLO => ["502 5.5.1 no"] }, qr/^250 2\.0\.0 Ok: sunk$/ ],
	[ "mail4", { MAIL => [$again] }, $queued ],
	[ "mail5", { MAIL => [$never] },
	    qr/^554 5\.7\.1 $said \Q$never\E \(in reply to MAIL FROM command\)$/ ],
	[ "mail0", { MAIL => ["close"] }, $queued ],
	[ "rcpt4", { RCPT => [$again] }, $queued ],
	[ "rcpt5", { RCPT => [$nobody] },
	    qr/^550 5\.1\.1 $said \Q$nobody\E \(in reply to RCPT TO command\)$/ ],
	[ "data4", { DATA => [$again] }, $queued ],
	[ "data5", { DATA => ["521 5.3.2 $never"] },
	    qr/^554 5\.3\.2 $said 521 .* \(in reply to DATA command\)$/ ],
	[ "dot4", { DOT => [$again] }, $queued ],
	[ "dot5", { DOT => [$never] },
	    qr/^554 5\.7\.1 $said \Q$never\E \(in reply to end of DATA command\)$/ ],
	[ "dot0", { DOT => ["close"] }, $queued, "in doubt" ],
	[ "odd", { DOT => ["raw hello\r\n"] }, $queued, "in doubt" ],
	[ "early", { DATA => ["354 go\r\n250 2.0.0 already"] }, $queued ],
);
my @domains = ((map { $_->[0] } @hops),
    qw(good some notice down slow busy crash size more lmtp lmtpsome));
my $maps = join ", ", map {
	my $agent = /^lmtp/ ? "lmtp:inet" : /^busy/ ? "single" : "smtp";
	"$_.example=$agent:" . (/^lmtp/ ? "127.0.0.1" : "[127.0.0.1]") .
	    ":\${port:$_}";
} @domains;
my $main = <<EOT;
relay_domains = example
transport_maps = inline:{ $maps, example.net=smtp:[127.0.0.1]:\${port:back} }
weir_cut_through = yes
weir_cut_through_size = 20000
single_destination_concurrency_limit = 1
virtual_alias_maps = inline:{ { all\@good.example = one\@good.example, two\@good.example } }
EOT
$main =~ s/(transport_maps = inline:\{)/$1 { pair.example = smtp:[127.0.0.1]:\${port:one}, [127.0.0.1]:\${port:two} },/;
my $master = <<'EOT';
single unix - - n - - smtp
pickup unix n - n 60 1 pickup
127.0.0.1:${port:hasty} inet n - n - - smtpd -o weir_cut_through_timeout=100s
127.0.0.1:${port:held} inet n - n - - smtpd -o { smtpd_recipient_restrictions = check_client_access static:{hold looks odd} }
127.0.0.1:${port:sorted} inet n - n - - smtpd -o { smtpd_recipient_restrictions = check_client_access static:{filter smtp:[127.0.0.1]:${port:back}} }
127.0.0.1:${port:copied} inet n - n - - smtpd -o always_bcc=copy@example.net
127.0.0.1:${port:lmtpd} inet n - n - - lmtpd
127.0.0.1:${port:off} inet n - n - - smtpd -o weir_cut_through=no
127.0.0.1:${port:filtered} inet n - n - - smtpd -o content_filter=smtp:[127.0.0.1]:${port:back}
EOT
my $w = Weir->new(start => 0, main => $main, master => $master);
my %dir = map { ($_->[0] => $w->sink($_->[0], replies => $_->[1])) } @hops;
$dir{$_} = $w->sink($_) for qw(good back more slow);
$w->start;

# The queue id of the last message, by its sender's client.
sub last_id {
	my ($id) = ($_[0] || $w)->log =~ /.*smtpd\[\d+\]: (\w+): client=/s;
	return $id // "none";
}

sub lines_of {
	my ($id) = @_;
	return join "", map { s/^.*? (?:weir|postfix)\/(\w+)\[\d+\]: \Q$id\E: /$1: /r . "\n" }
	    grep { /: \Q$id\E: / } split /\n/, $w->log;
}

# How many messages a next hop has, when it has at least some.
sub has {
	my ($name, $least) = @_;
	return scalar(my @messages = $w->messages($dir{$name}, $least));
}

sub queue_is_empty {
	return $w->wait_for(sub {
		my ($status, $text) = $w->command("postqueue", "-j");
		return $status == 0 && $text eq "";
	});
}

# Nothing is asked of the queue, which cannot even answer.
my %roles = $w->roles;
ok kill("STOP", $roles{queue}), "the queue stands still";
is $w->send_mail(to => 'a@good.example'), "250 2.0.0 Ok: sunk",
    "the client is told what the next hop says";
my $id = last_id();
# Threads write as they come to it.
like join("", sort split /^/, lines_of($id)), qr{\Acleanup: message-id=<.*>
qmgr: from=<sender\@example\.net>, size=\d+, nrcpt=1 \(queue active\)
qmgr: removed
smtp: to=<a\@good\.example>, relay=127\.0\.0\.1\[127\.0\.0\.1\]:\d+, delay=[\d.]+, delays=[\d./]+, dsn=2\.0\.0, status=sent \(250 2\.0\.0 Ok: sunk\)
smtpd: client=localhost\[127\.0\.0\.1\]
\z}, "the log has the lines that it always has";
like +($w->messages($dir{good}, 1))[0],
    qr{\AX-From: <sender\@example\.net> SIZE=|\AX-From: <sender\@example\.net>},
    "the next hop has it";
like +($w->messages($dir{good}, 1))[0],
    qr{Received: from client\.example\.net .*id $id.*^Hello\.}sm,
    "... with our Received: and its body";
is $w->send_mail(to => ['all@good.example', 'c@good.example']),
    "250 2.0.0 Ok: sunk", "one next hop takes all recipients";
like +($w->messages($dir{good}, 2))[1],
    qr{^X-To: <one\@.*^X-To: <two\@.*^X-To: <c\@}sm, "... with one copy";
like lines_of(last_id()), qr{to=<one\@good\.example>, orig_to=<all\@good\.example>},
    "... and is logged with what the client wrote";
my $c = $w->smtp;
is $c->deliver(to => 'a@good.example') . $c->deliver(to => 'b@good.example', from => ""),
    "250 2.0.0 Ok: sunk" x 2, "one after the other";
is $c->deliver(to => 'a@good.example', data => ""), "250 2.0.0 Ok: sunk",
    "an empty message";
$c->cmd("QUIT");
my $large = "Subject: x\r\n\r\n" . ("x" x 70 . "\r\n") x 250;
is $w->send_mail(to => 'large@good.example', data => $large),
    "250 2.0.0 Ok: sunk", "many pieces";
is((grep { /^X-To: <large/m && /(?:x{70}\r\n){250}\z/ } $w->messages($dir{good}, 6)),
    1, "... arrive whole");
ok kill("CONT", $roles{queue}), "the queue goes on";
ok queue_is_empty(), "nothing has come to it";

# What goes wrong.
for my $hop (@hops) {
	my ($name, undef, $want, $doubt) = @$hop;
	my $reply = $w->send_mail(to => "user\@$name.example");
	my $id = last_id();

	if ($want ne $queued) {
		like $reply, $want, "$name: the client is told";
		next if $reply =~ /^2/;
		my ($line) = lines_of($id) =~ /^smtpd: (reject: .*)$/m;
		is $line, "reject: END-OF-MESSAGE from localhost[127.0.0.1]: $reply; " .
		    "from=<sender\@example.net> to=<user\@$name.example> " .
		    "proto=ESMTP helo=<client.example.net>", "... and so is the log";
		is scalar(grep { /Hello/ } $w->messages($dir{$name}, 0)), 0, "... and nobody has it";
		next;
	}
	is $reply, "250 2.0.0 Ok: queued as $id", "$name: it is queued";
	is has($name, 1), 1, "... and delivered from there";
	like lines_of($id), $doubt
	    ? qr{^smtpd: warning: cut-through to \[127\.0\.0\.1\]:\d+: .*: queued, may be delivered twice$}m
	    : qr{^smtpd: cut-through to \[127\.0\.0\.1\]:\d+: .+: queued$}m,
	    "... and logged";
	unlike lines_of($id) =~ s/queued.*?queue active.*//sr, qr/status=/,
	    "... without a status before";
}
ok queue_is_empty(), "the queue is empty";
is has("back", 0), 0, "no sender got a notice";

# Some recipients are refused: the queue has them all.
$dir{some} = $w->sink("some", replies => { 'RCPT <bad@some.example>' => ["$nobody *"] });
like $w->send_mail(to => ['ok@some.example', 'bad@some.example']),
    qr/^250 2\.0\.0 Ok: queued as /, "one of two is refused: queued";
my @got = $w->messages($dir{some}, 1);
is @got, 1, "... the other one has it once";
unlike $got[0], qr/X-To: <bad/, "... alone";
like +($w->messages($dir{back}, 1))[0], qr/$nobody/, "... and the sender is told by a notice";
is $w->send_mail(to => 'bad@some.example') =~ s/^(\d+ \S+).*/$1/r, "550 5.1.1",
    "refused for all: the client is told";
is has("back", 1), 1, "... without a notice";

# LMTP: each recipient has an answer of its own.
$dir{lmtp} = $w->sink("lmtp", lmtp => 1);
is $w->send_mail(to => 'a@lmtp.example'), "250 2.0.0 Ok: sunk", "LMTP";
is $w->send_mail(to => ['a@lmtp.example', 'b@lmtp.example']), "250 2.0.0 Ok: sunk",
    "... with several recipients that get the same answer";
is has("lmtp", 3), 3, "... who all have it";
$dir{lmtpsome} = $w->sink("lmtpsome", lmtp => 1, replies => {
	'DOT <full@lmtpsome.example>' => ["452 4.2.2 full"],
	'DOT <other@lmtpsome.example>' => ["250 2.1.5 kept *"] });
my @three = map { "$_\@lmtpsome.example" } qw(ok full other);
$id = ($w->send_mail(to => \@three) =~ /^250 2\.0\.0 Ok: queued as (\w+)$/)[0];
isnt $id, undef, "different answers: what is left is queued";
is_deeply [ sort map { /^X-To: <(\w+)/m } $w->messages($dir{lmtpsome}, 3) ],
    [qw(full ok other)], "... and nobody has it twice";
ok queue_is_empty(), "... and that was all";
is lines_of($id) =~ s/^(?!lmtp).*\n//mgr =~ s/relay=.* status=//mgr,
    "lmtp: to=<ok\@lmtpsome.example>, sent (250 2.0.0 Ok: sunk)\n" .
    "lmtp: to=<other\@lmtpsome.example>, sent (250 2.1.5 kept)\n" .
    "lmtp: to=<full\@lmtpsome.example>, sent (250 2.0.0 Ok: sunk)\n",
    "... and each is logged as sent once";

# A client that wants an answer for each recipient.
$c = $w->smtp($w->port("lmtpd"));
$c->cmd($_) for "LHLO x", 'MAIL FROM:<>', 'RCPT TO:<a@good.example>',
    'RCPT TO:<b@good.example>', "DATA";
is $c->cmd("Subject: x\r\n\r\nx\r\n.") . $c->reply, "250 2.0.0 Ok: sunk" x 2,
    "an LMTP client gets the answer for each recipient";
$c->cmd("QUIT");

# What takes the queue in any case.
sub is_stored {
	my ($name, $to, %arg) = @_;
	my $begin = length $w->log;

	like $w->send_mail(to => $to, %arg), qr/^250 2\.0\.0 Ok: queued as /,
	    "$name: stored";
	unlike substr($w->log, $begin), qr/cut-through/, "... at once";
}
is_stored("two next hops", [ 'a@good.example', 'a@more.example' ]);
is_stored("too large", 'a@good.example', data => $large . ("x" x 70 . "\r\n") x 50);
my ($local, $error) = $w->sendmail("Subject: x\n\nby a user\n", "-f",
    'sender@example.net', 'bad@some.example');
is "$local$error", "0", "sendmail is told nothing of a refusal";
ok $w->wait_for(sub { grep { /by a user/ } $w->messages($dir{back}, 0) }),
    "... the user gets a notice";
is_stored("not wanted", 'a@good.example', port => $w->port("off"));
is_stored("held", 'a@good.example', port => $w->port("held"));
like $w->wait_for(sub { ($w->command("mailq"))[1] }), qr/^\w+!/m, "... and held";
$w->command("postsuper", "-d", "ALL");
is_stored("FILTER", 'a@good.example', port => $w->port("sorted"));
is_stored("a copy for somebody else", 'a@good.example', port => $w->port("copied"));
is_stored("a content filter", 'a@good.example', port => $w->port("filtered"));
ok queue_is_empty(), "... and delivered";

my $back;

# Notices of success, which only DSN would send.
$dir{notice} = $w->sink("notice", ehlo => "DSN");
sub notify {
	my ($domain) = @_;
	my $c = $w->smtp;

	$c->cmd($_) for "EHLO x", "MAIL FROM:<sender\@example.net> RET=HDRS ENVID=abc BODY=8BITMIME",
	    "RCPT TO:<a\@$domain.example> NOTIFY=SUCCESS", "DATA";
	return $c->cmd("Subject: x\r\n\r\nx\r\n.");
}
$back = has("back", 0);
like notify("more"), qr/^250 2\.0\.0 Ok: queued as /, "a notice of success is ours to send: queued";
$w->messages($dir{back}, $back + 1);
like join("", $w->messages($dir{back}, 0)), qr/X-To: <sender\@.*successfully delivered|relayed/s, "... and sent";
is notify("notice"), "250 2.0.0 Ok: sunk", "a next hop that does DSN sends it";
like Weir::read_file("$dir{notice}.commands"),
    qr{BODY=8BITMIME ENVID=abc RET=HDRS.*NOTIFY=SUCCESS}s, "... and is asked to";

# What the next hop cannot take at all.
$back = has("back", 0);
$dir{size} = $w->sink("size", ehlo => "SIZE 500");
like $w->send_mail(to => 'a@size.example', data => $large),
    qr/^552 5\.3\.4 message size \d+ exceeds size limit 500 of server 127/,
    "too large for the next hop: the client is told";
$c = $w->smtp;
$c->cmd($_) for "EHLO x", 'MAIL FROM:<sender@example.net> SMTPUTF8',
    "RCPT TO:<a\@size.example>", "DATA";
like $c->cmd("Subject: \xc3\xa4\r\n\r\nx\r\n."),
    qr/^550 5\.6\.7 SMTPUTF8 is required, but was not offered by host 127/,
    "... or international, where it is not";
$c->cmd("QUIT");

is has("back", 0), $back, "... without a notice";

# A next hop that is down is left alone for a while.
like $w->send_mail(to => 'a@down.example'), qr/^250 2\.0\.0 Ok: queued/, "down: queued";
like lines_of(last_id()),
    qr/^smtpd: cut-through to \S+: connect to 127\.0\.0\.1\[127\.0\.0\.1\]:\d+: Connection refused: queued$/m,
    "... and logged";
ok $w->wait_log(qr/cut-through to \S+:${\ $w->port("down")} pauses for 60 s/), "... with a pause";
is_stored("down, the second", 'b@down.example');
$dir{down} = $w->sink("down");
is_stored("up again, but not tried yet", 'c@down.example');
$w->advance(61);
is $w->send_mail(to => 'd@down.example'), "250 2.0.0 Ok: sunk", "... and after the pause";
$w->command("postqueue", "-f");
is has("down", 4), 4, "... and the others come from the queue";

# One that is too slow.
$dir{crash} = $w->sink("crash", replies => { DOT => ["silent"] });
like +($w->hurry(sub { -d "$dir{crash}.DOT.0" },
    sub { $w->send_mail(to => 'a@crash.example', port => $w->port("hasty")) }))[0],
    qr/^250 2\.0\.0 Ok: queued/, "too slow: queued";
like lines_of(last_id()),
    qr/^smtpd: warning: cut-through .* timed out while sending end of data .*: queued, may be/m,
    "... in doubt";
is has("crash", 1), 1, "... and delivered";

# The second of two next hops is for what the first one has not got.
$dir{one} = $w->sink("one", replies => { DATA => [$again], DOT => ["close"] });
$dir{two} = $w->sink("two");
is $w->send_mail(to => 'a@pair.example'), "250 2.0.0 Ok: sunk", "the first of two: not now";
is has("one", 0) . has("two", 1), "01", "... so the second one has it";
like $w->send_mail(to => 'b@pair.example'), qr/^250 2\.0\.0 Ok: queued as /,
    "the first of two may have it: queued";
is has("one", 1) . has("two", 1), "11", "... and not for the second one";

# No more than one at a time, as the transport has it; the first is the slow one.
$dir{busy} = $w->sink("busy", replies => { DOT => ["silent"] });
my $slow = $w->smtp;
$slow->cmd($_) for "EHLO x", 'MAIL FROM:<>', 'RCPT TO:<a@busy.example>', "DATA";
$slow->put("Subject: slow\r\n\r\nx\r\n.\r\n");
ok $w->wait_for(sub { -d "$dir{busy}.DOT.0" }), "one is under way";
is_stored("as many as there may be", 'b@busy.example');
is has("busy", 1), 1, "... and delivered";
is $w->send_mail(to => 'a@good.example'), "250 2.0.0 Ok: sunk", "another next hop";
$w->advance(101);
like $slow->reply, qr/^250 2\.0\.0 Ok: queued as /, "the slow one is queued after its time";
is has("busy", 2), 2, "... and delivered, too";

# TLS to the next hop, with a connection that is kept.
my $hop = Weir->new(start => 0, main => <<'EOT');
myhostname = hop.example.com
relay_domains = safe.example
transport_maps = inline:{safe.example=discard:}
smtpd_tls_security_level = encrypt
smtpd_tls_cert_file = $dir/etc/cert.pem
smtpd_tls_key_file = $dir/etc/key.pem
EOT
system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=hop -keyout $hop->{dir}/etc/key.pem -out $hop->{dir}/etc/cert.pem 2>/dev/null") == 0
    or die "no certificate";
chmod 0644, "$hop->{dir}/etc/key.pem";
$hop->start;
my $tls = $main =~ s/example.net=/safe.example=smtp:[127.0.0.1]:$hop->{port}, example.net=/r;
my ($status, $text) = $w->reconfigure(master => $master, main => $tls . <<EOT);
smtp_tls_security_level = encrypt
smtp_tls_loglevel = 1
smtp_tls_connection_reuse = yes
smtp_connection_cache_destinations = [127.0.0.1]:$hop->{port}
EOT
is $status, 0, "other settings: $text";
my $safe = qr/^250 2\.0\.0 Ok: queued as (\w+)$/;
like $w->send_mail(to => 'a@safe.example'), $safe, "TLS";
my $hop_id = last_id($hop);
unlike $hop_id, qr/none/, "... the next hop has it";
like $w->log, qr/status=sent \(250 2\.0\.0 Ok: queued as $hop_id\)/, "... and we say so";
like $w->log, qr/smtp\[\d+\]: Untrusted TLS connection established to 127/, "... by TLS";
like $w->send_mail(to => 'b@safe.example'), $safe, "... again";
is scalar(() = $w->log =~ /TLS connection established/g), 1, "... by the same connection";
like $w->log, qr/to=<b\@safe\.example>, relay=\S+, conn_use=2,/, "... which the log says";
is $hop->complaints . $hop->stop, "0", "... and the next hop ends";
($status, $text) = $w->reconfigure(master => $master, main => $main);
is $status, 0, "as before: $text";

# The role ends in the middle: what was answered 250 is somewhere.
my @senders = map {
	my $n = $_;
	$w->peer(sub {
		open my $f, ">", "$w->{dir}/taken.$n";
		$f->autoflush(1);
		for my $i (1 .. 100) {
			my $reply = eval {
				$w->send_mail(to => 'a@slow.example',
				    data => "Subject: =$n.$i=\r\n\r\nx\r\n");
			} // "";
			print $f "$n.$i\n" if $reply =~ /^250 /;
		}
		print $f "end\n";
	});
} 1 .. 3;
my $taken = sub { join "", map { Weir::read_file("$w->{dir}/taken.$_") } 1 .. 3 };
ok $w->wait_for(sub { ($taken->() =~ tr/\n//) > 60 }, 60), "messages flow";
%roles = $w->roles;
kill "KILL", $roles{proxy};
ok $w->wait_for(sub { (() = $taken->() =~ /end/g) == 3 }, 60), "the proxy role is killed";
my %have = map { /^Subject: =(.*)=/m ? ($1 => 1) : () } do {
	my $want = () = $taken->() =~ /\./g;
	ok $want > 60, "... and comes back";
	queue_is_empty();
	$w->messages($dir{slow}, $want);
};
is join(" ", grep { !/end/ && !$have{$_} } split /\n/, $taken->()), "",
    "... and nothing that was answered 250 is lost";
is $w->complaints, "", "no complaints";
is $w->stop, 0, "the gateway ends";

done_testing;
