#!/usr/bin/perl
# The MTA's side of the protocol, compared with another one's: miltertest has
# the same dialogue with a milter as we have, and understands the same of its
# answers.  Hostile 86.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Scenes;

my ($miltertest) = grep { -x } "/usr/bin/miltertest";
plan skip_all => "not installed: miltertest" unless $miltertest;

my $w = gateway();
my %answers = (E => ["hX-Added\0by it\0", "m\0\0\0\1Subject\0changed\0",
    "+<more\@example.org>\0", "-<you\@example.org>\0", "c"]);
my @headers = ("From: me\@example.net", "Subject: two\n folded",
    "Message-ID: <it\@example.net>", "Date: Sat, 1 Jan 2022 00:00:00 +0000");

# What a milter was told, without macros and what is the client's own.
sub told {
	my ($text) = @_;

	$text =~ s/^[OD] .*\n//mg;
	$text =~ s/^gone\n//mg;
	$text =~ s/^(C \S+ 4) \d+ /$1 PORT /m;
	return $text;
}

sub script {
	my ($path, $host) = @_;
	my $headers = join "\n", map {
		my ($name, $value) = split /: /, $_, 2;
		$value =~ s/\n/\\n/g;
		qq{goes_on("header", mt.header(conn, "$name", "$value"))};
	} @headers;

	return <<"EOT";
conn = mt.connect("unix:$path", 100, 0.1)
function must(what, result)
	if result ~= nil then error(what .. ": " .. result) end
end
function goes_on(what, result)
	must(what, result)
	if mt.getreply(conn) ~= SMFIR_CONTINUE then error(what) end
end
must("negotiate", mt.negotiate(conn, 6, nil, nil))
goes_on("connect", mt.conninfo(conn, "$host", "127.0.0.1"))
goes_on("helo", mt.helo(conn, "me.example"))
goes_on("mail", mt.mailfrom(conn, "<me\@example.net>", "SIZE=10"))
goes_on("rcpt", mt.rcptto(conn, "<you\@example.org>", "NOTIFY=NEVER"))
goes_on("data", mt.data(conn))
$headers
goes_on("eoh", mt.eoh(conn))
goes_on("body", mt.bodystring(conn, "body\\r\\n"))
must("eom", mt.eom(conn))
function wants(what, answer)
	if not answer then error("not understood: " .. what) end
	mt.echo(what)
end
wants("adds a header", mt.eom_check(conn, MT_HDRADD, "X-Added", "by it"))
wants("changes a header", mt.eom_check(conn, MT_HDRCHANGE, "Subject", "changed"))
wants("adds a recipient", mt.eom_check(conn, MT_RCPTADD, "<more\@example.org>"))
wants("takes one away", mt.eom_check(conn, MT_RCPTDELETE, "<you\@example.org>"))
must("abort", mt.abort(conn))
must("quit", mt.disconnect(conn))
EOT
}

scene "the same message" => {
	milters => [{ answers => \%answers }, { answers => \%answers }],
	list => "MILTER0",
} => sub {
	my ($arg) = @_;
	my ($log, @said) = talk($arg, "EHLO me.example",
	    "MAIL FROM:<me\@example.net> SIZE=10",
	    "RCPT TO:<you\@example.org> NOTIFY=NEVER", "DATA",
	    join("\r\n", map { s/\n/\r\n/r } @headers) . "\r\n\r\nbody\r\n.");
	like $said[-1], qr/^250 /, "taken";
	my $ours = told(all_heard($arg, 0));
	my ($host) = $ours =~ /^C (\S+)/;
	my $script = $w->write_file("$w->{dir}/script.lua",
	    script("$w->{dir}/milter.$arg->{n}.1", $host));
	my $said = `$miltertest -s $script 2>&1`;
	is $?, 0, "miltertest is content" or diag $said;
	is $said, "adds a header\nchanges a header\nadds a recipient\n" .
	    "takes one away\n", "and understands the milter";
	is told(all_heard($arg, 1)), $ours, "which hears the same of both";
	my ($got) = grep { /^X-To: <more\@/m } $w->messages("$w->{dir}/hop", 1);
	ok defined $got, "so do we: another recipient" or return;
	unlike $got, qr/^X-To: <you\@/m, "in place of the one that was given";
	like $got, qr/^Subject: changed\r\n/m, "another subject";
	like $got, qr/^X-Added: by it\r\n/m, "a header more";
};

play_scenes;
