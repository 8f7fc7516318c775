#!/usr/bin/perl
# weir explain: why each recipient was refused or taken, for people and as
# JSON; records outlive the processes that wrote them.
use strict;
use warnings;

use lib "t/lib";
use JSON::PP qw(decode_json);
use Test::More;
use Weir::Scenario;

my $w = Weir::Scenario->new(base => <<'EOT');
relay_domains = example.com
relay_recipient_maps =
relay_transport = discard
smtpd_authorized_xclient_hosts = 127.0.0.1
mynetworks =
smtpd_relay_restrictions = reject_unauth_destination
smtpd_restriction_classes = strict
strict = reject_non_fqdn_sender, check_sender_access inline:{{sender@example.net=REJECT not you}}
smtpd_recipient_restrictions = check_recipient_access hash:$dir/etc/rcpt
EOT
$w->index_table(rcpt => <<'EOT');
one@example.com REJECT not one
two@example.com strict
EOT
$w->take("");

# The newest decisions about something, as JSON.
sub decisions {
	my ($what, $n) = @_;
	my ($status, $text) = $w->command("explain", "-j", "-n", $n || 1, $what);

	return $status == 0 ? map { decode_json($_) } split /\n/, $text : ();
}

my @to = map { "$_\@example.com" } qw(one two three);
my @replies = $w->rcpt(\@to, xclient => "NAME=x.example ADDR=192.0.2.5");
like $replies[1], qr/^554 5\.7\.1 .*not you/, "refused by a class";
like $replies[2], qr/^250/, "taken";
my @d;
ok $w->wait_for(sub { @d = decisions("192.0.2.5", 9); @d == 2 }),
    "a decision for each recipient that was refused" or diag explain \@d;
is $d[1]{recipient}, "one\@example.com", "the newest first: the other one";
is $d[1]{answer}, "554 5.7.1 <one\@example.com>: Recipient address rejected: not one",
    "its reply";
is $d[1]{client}, "x.example[192.0.2.5]", "the client";
is $d[0]{recipient}, "two\@example.com", "the second";
my ($by) = grep { $_->{decided} } @{ $d[0]{steps} };
is $by->{restriction}, "check_sender_access " .
    "inline:{{sender\@example.net=REJECT not you}}", "the step that decided";
is $by->{depth}, 2, "it stands in a class that a table names";
is_deeply [grep { $_->{decided} } @{ $d[1]{steps} }]->[0]{line}, 1,
    "the line of the table";
my ($status, $text) = $w->command("explain", 'TWO@example.com');
like $text, qr/^$d[0]{id} \S+Z number=\d+ client=x\.example\[192\.0\.2\.5\] stage=RCPT qid=NOQUEUE from=<sender\@example\.net> to=<two\@example\.com> .* answer="554 5\.7\.1 /,
    "for people: the head";
like $text, qr/^  check_recipient_access hash:\S+ \(two\@example\.com\): -> strict \[\S+rcpt:2\] \d+\.\d{3} ms$/m,
    "for people: a step";
is +(decisions($d[0]{id}))[0]{id}, $d[0]{id}, "by its id";

is scalar(my @none = decisions('three@example.com')), 0, "why one was taken is not kept";
($status, $text) = $w->command("explain", 'three@example.com');
is $status, 1, "nothing: status";
like $text, qr/no recent decision about "three\@example\.com"/, "nothing: said";
$w->take("weir_trace_all = yes\n");
my $reply = $w->send_mail(to => ['three@example.com', 'four@example.com'],
    from => 'a@b.example');
my ($qid) = $reply =~ /queued as (\w+)/;
ok $w->wait_for(sub { @d = decisions($qid, 9); @d == 3 }),
    "weir_trace_all: both recipients, and the message" or diag explain \@d;
is_deeply [sort map { "$_->{stage} $_->{recipient} $_->{answer}" }
    grep { $_->{stage} eq "RCPT" } @d], [map { "RCPT $_\@example.com pass" }
    qw(four three)], "weir_trace_all: each of them";

# Whatever a client says, an administrator's terminal does not obey it.
my $c = $w->smtp;
$c->cmd("EHLO x\e[31m");
$c->cmd('MAIL FROM:<sender@example.net>');
$c->cmd('RCPT TO:<one@example.com>');
$c->cmd("QUIT");
ok $w->wait_for(sub {
	($status, $text) = $w->command("explain", 'one@example.com');
	$text =~ /helo=<x\?\[31m>/;
}), "no control characters are shown" or diag $text;

is $w->stop, 0, "stops";
is +(decisions($qid, 9))[0]{queue_id}, $qid, "read while nothing runs";
$w->start;
is +(decisions($qid, 9))[0]{queue_id}, $qid, "after a restart";
my %roles = $w->roles;
kill "KILL", $roles{proxy};
ok $w->wait_for(sub { my %now = $w->roles; ($now{proxy} || $roles{proxy}) != $roles{proxy} }),
    "a new proxy role";
is +(decisions($qid, 9))[0]{queue_id}, $qid, "after its end by force";
$w->rcpt($to[0], xclient => "NAME=y.example ADDR=192.0.2.77");
ok $w->wait_for(sub { scalar(my @new = decisions("192.0.2.77")) }), "and it goes on";

for (["-n", "0", "x"], ["-n", "x", "x"], [], ["a", "b"], ["-x", "a"]) {
	($status, $text) = $w->command("explain", @$_);
	is $status, 64, "usage: @$_";
	like $text, qr/^usage: weir explain \[-j\] \[-c DIR\] \[-n COUNT\] ID$/,
	    "usage: @$_";
}
$w->finish;
