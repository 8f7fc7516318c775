#!/usr/bin/perl
# The milter door over its sockets: what it answers at each stage, that a list
# that passes is never more than "continue", what it changes at the end of a
# message, classes of recipients, two services, reloads, restarts.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::MilterClient;

my $w = Weir->new(start => 0);
my ($port, $early) = map { $w->port($_) } qw(milter early);
my $main = <<'EOT';
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_reject_unlisted_recipient = yes
relay_domains = example.com
relay_recipient_maps = inline:{known@example.com=x}
smtpd_restriction_classes = spamlover, spamhater
spamlover = permit
spamhater = check_sender_access inline:{{spam@example.net = REJECT 5.7.9 100% spam}}
spamhater_header_checks = regexp:$dir/etc/hater
spamhater_reject_action = discard
smtpd_client_restrictions = check_client_access inline:{{192.0.2.66 = REJECT go away}}
smtpd_helo_restrictions = check_helo_access inline:{{bad.example = 450 4.7.1 later}}
smtpd_recipient_restrictions = check_recipient_access texthash:$dir/etc/users
smtpd_data_restrictions = check_sender_access inline:{{nodata@example.net = REJECT no data}}
smtpd_end_of_data_restrictions = check_sender_access inline:{{noend@example.net = REJECT no end}}
header_checks = regexp:$dir/etc/header
body_checks = regexp:$dir/etc/body
text_checks = regexp:$dir/etc/text
EOT
my %files = (users => <<'EOT', header => <<'EOT', body => <<'EOT', text => <<'EOT', hater => <<'EOT');
lover@example.com spamlover
hater@example.com spamhater
ok@example.com OK
held@example.com HOLD for a look
marked@example.com PREPEND X-Marked: yes
grey@example.com greylist
copy@example.com BCC archive@example.com
moved@example.com REDIRECT elsewhere@example.com
gone@example.com DISCARD
filtered@example.com FILTER smtp:[192.0.2.99]
slow@example.com SLEEP 1
no@example.com REJECT no such luck
EOT
/^Subject: pills/ REJECT no pills
/^Subject: hold/ HOLD held by header
/^X-Drop:/ IGNORE
/^X-Old: (.*)/ REPLACE X-Old: new $1
/^X-Front:/ PREPEND X-Before: it
/^X-Rename:/ REPLACE X-Renamed: yes
EOT
/^secret/ REPLACE public
/^drop/ IGNORE
EOT
/casino/ REJECT no games
EOT
/^Subject: offer/ REJECT no offers
EOT
$w->configure(main => $main, files => \%files, master => <<EOT);
127.0.0.1:$port inet n - n - - milter
127.0.0.1:$early inet n - n - 2 milter
  -o smtpd_delay_reject=no
gate unix n - n - - milter
EOT
$w->start;

sub session {
	my (%arg) = @_;
	my $m = Weir::MilterClient->new($arg{port} // $port);

	return ($m, $m->begin(%arg));
}

# The answer to a recipient.
sub rcpt { return (session(@_))[1] }

is rcpt(to => "<$_\@example.com>"), "continue", "$_ passes, no more"
    for qw(lover hater ok unknown);
is rcpt(to => '<grey@example.com>'),
    "450 4.2.0 <grey\@example.com>: Recipient address rejected: Greylisted for 300 seconds",
    "what restrictions remember is there for milters, too";
is rcpt(to => '<a@elsewhere.example>'), "continue", "nor is it about relaying";
is rcpt(to => '<no@example.com>'),
    '554 5.7.1 <no@example.com>: Recipient address rejected: no such luck',
    "a refusal is its reply";
is rcpt(to => '<hater@example.com>', from => '<spam@example.net>'),
    '554 5.7.9 <spam@example.net>: Sender address rejected: 100%% spam',
    "each recipient's class" or diag $w->log;
is rcpt(to => '<lover@example.com>', from => '<spam@example.net>'),
    "continue", "... is his own";
like rcpt(address => "192.0.2.66"), qr/^554 5\.7\.1 .*Client host rejected: go away/,
    "the client list, at RCPT";
like rcpt(helo => "bad.example"), qr/^450 4\.7\.1 .*later/, "the HELO list";
is rcpt(to => '<gone@example.com>'), "discard", "DISCARD";

# One after the other on a connection; refused recipients do not count.
my ($m) = session(to => '<no@example.com>');
is $m->rcpt('<user@example.com>'), "continue", "another recipient";
is $m->data, "continue", "DATA";
$m->content(["Subject: hello"], "text\r\n");
is_deeply [$m->end], ["continue"], "a message that nothing is to be done with";
is $m->mail('<nodata@example.net>'), "continue", "the next message";
is $m->rcpt('<user@example.com>'), "continue", "to somebody";
like $m->data, qr/^554 5\.7\.1 .*no data/, "the list at DATA";
$m->send("A", "");
is $m->mail('<noend@example.net>'), "continue", "one more";
$m->rcpt('<user@example.com>');
$m->data;
$m->content([], "text\r\n");
like +($m->end)[0], qr/^554 5\.7\.1 .*no end/, "the list at the end";

# Without delay.
my $e = Weir::MilterClient->new($early);
like $e->connect("bad.example.net", "192.0.2.66"), qr/^554 5\.7\.1/,
    "without delay the client's refusal is at once";
my $e2 = Weir::MilterClient->new($early);
is $e2->connect("c.example.net", "192.0.2.1"), "continue", "another session";
like $e2->helo("bad.example"), qr/^450 4\.7\.1/, "... and that of HELO";
my $e3 = Weir::MilterClient->new($early);
is $e3->connect("c.example.net", "192.0.2.1"), "tempfail",
    "more sessions than maxproc are for later";
$w->wait_log(qr/too many sessions, 2 at a time/);

# What is done with a whole message.
sub message {
	my ($to, $headers, @body) = @_;
	my ($m) = session(to => "<$to\@example.com>");

	$m->data;
	$m->content($headers, @body);
	return [$m->end];
}
my @plain = (["Subject: x"], "text\r\n");
for my $case (
    ["hold", message("held", @plain), ["continue", ["q", "for a look"]]],
    ["prepend", message("marked", @plain),
	["continue", ["i", 0, "X-Marked", " yes"]]],
    ["bcc", message("copy", @plain),
	["continue", ["+", '<archive@example.com>']]],
    ["redirect", message("moved", @plain), ["continue",
	["-", '<moved@example.com>'], ["+", '<elsewhere@example.com>']]],
    ["filter", message("filtered", @plain), ["continue"]],
    ["header", message("user", ["Subject: pills"], "x\r\n"),
	["550 5.7.1 no pills"]],
    ["held header", message("user", ["Subject: hold"], "x\r\n"),
	["continue", ["q", "held by header"]]],
    ["edits", message("user", ["X-Drop: 1", "Subject: x", "X-Drop: 2",
	"X-Old: a", "X-Front: b", "X-Rename: c", "X-Old: d"], "x\r\n"),
	["continue", ["m", 2, "X-Old", " new d"], ["m", 1, "X-Rename", ""],
	    ["i", 6, "X-Renamed", " yes"], ["i", 5, "X-Before", " it"],
	    ["m", 1, "X-Old", " new a"], ["m", 2, "X-Drop", ""],
	    ["m", 1, "X-Drop", ""]]],
    ["body", message("user", ["Subject: x"], "one\r\nsec", "ret\r\ndrop\r\nend\r\n"),
	["continue", ["b", "one\r\npublic\r\nend\r\n"]]],
    ["text", message("user", ["Subject: x", "Content-Transfer-Encoding: base64"],
	"Y2FzaW5v\r\n"), ["550 5.7.1 no games"]],
    ["a class alone", message("hater", ["Subject: offer"], "x\r\n"),
	["550 5.7.1 no offers"]],
) {
	my ($name, $got, $want) = @$case;
	is_deeply $got, $want, "$name" or diag explain($got), $w->log;
}
$w->wait_log(qr/FILTER smtp:\[192\.0\.2\.99\] is not done/);
$w->wait_log(qr/milter.*QUEUEID: reject: header Subject: pills|reject: header Subject: pills/);
($m) = session(to => '<hater@example.com>');
$m->rcpt('<lover@example.com>');
$m->data;
$m->content(["Subject: offer"], "x\r\n");
is_deeply [$m->end],
    ["continue", ["-", '<hater@example.com>']],
    "what one class refuses, others have";

# A large body, through a file.
my $line = "x" x 74 . "\r\n";
my $large = message("user", ["Subject: x"], "secret\r\n",
    map { $line x 800 } 1 .. 20);
is $large->[0], "continue", "a large message";
is join("", map { $_->[1] } @$large[1 .. $#$large]),
    "public\r\n" . $line x 16000, "... whose body is replaced whole";

# A Unix socket; the processes; one that dies; a reload.
my $unix = Weir::MilterClient->new("$w->{dir}/queue/public/gate");
like $unix->begin(to => '<no@example.com>'), qr/^554 /, "over a Unix socket";
my $status = $w->command("status");
is scalar(() = $status =~ /^milter .* serving/mg), 3,
    "a process for each service" or diag $status;
like $w->command("explain"), qr/./, "explain";
my ($pid) = $status =~ /^milter +pid (\d+)/m;
kill KILL => $pid;
$w->wait_log(qr/weir\/milter pid $pid killed/);
ok $w->wait_for(sub {
	() = $w->command("status") =~ /^milter .* serving/mg;
	return (() = $w->command("status") =~ /^milter .* serving/mg) == 3;
}), "one that died is started again";
undef $_ for $m, $e, $e2, $e3, $unix;
my ($old) = session();
$w->write_file("users", "user\@example.com REJECT changed\n");
$w->reconfigure(main => $main, files => { %files, users => "user\@example.com REJECT changed\n" }, master => <<EOT);
127.0.0.1:$port inet n - n - - milter
EOT
like rcpt(), qr/^554 .*changed/, "after a reload";
is $old->data, "continue", "an old session goes on";
$old->content(@plain);
is_deeply [$old->end], ["continue"], "... to its end";
undef $old;
ok $w->wait_for(sub {
	return (() = $w->command("status") =~ /^milter /mg) == 1;
}), "the old ones have ended" or diag $w->command("status");
$w->stop;
unlike $w->log, qr/panic|fatal|killing/, "nothing else" or diag $w->log;
is $w->complaints, "", "no complaints";

done_testing;
