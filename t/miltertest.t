#!/usr/bin/perl
# Debian's miltertest, a milter client of OpenDKIM's, against the milter door:
# libmilter's own protocol from somebody else, and no stall of TCP for each
# answer (44 ms where Nagle's algorithm is left on).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Time::HiRes qw(time);
use Weir;

plan skip_all => "no miltertest" if !-x "/usr/bin/miltertest";

my $w = Weir->new(start => 0);
my $port = $w->port("milter");
$w->configure(main => <<'EOT', files => { header => <<'EOH' }, master => <<EOT);
smtpd_recipient_restrictions = check_recipient_access inline:{{bad@example.com = REJECT 5.7.1 no}, {hold@example.com = HOLD a look}, {mark@example.com = PREPEND X-Marked: yes}}
header_checks = regexp:$dir/etc/header
EOT
/^Subject: x/ REPLACE Subject: y
/^Subject: pills/ REJECT no pills
EOH
127.0.0.1:$port inet n - n - - milter
EOT
$w->start;

my $functions = <<EOT;
function begin(to)
	local c = mt.connect("inet:$port\@127.0.0.1")
	if c == nil then error("cannot connect") end
	if mt.conninfo(c, "client.example.net", "192.0.2.1") ~= nil then error("connect") end
	if mt.getreply(c) ~= SMFIR_CONTINUE then error("connect reply") end
	if mt.helo(c, "client.example.net") ~= nil then error("helo") end
	if mt.getreply(c) ~= SMFIR_CONTINUE then error("helo reply") end
	if mt.mailfrom(c, "<sender\@example.net>") ~= nil then error("mail") end
	if mt.getreply(c) ~= SMFIR_CONTINUE then error("mail reply") end
	if mt.rcptto(c, to) ~= nil then error("rcpt") end
	return c
end
function message(c, subject)
	if mt.getreply(c) ~= SMFIR_CONTINUE then error("rcpt reply") end
	if mt.data(c) ~= nil then error("data") end
	if mt.getreply(c) ~= SMFIR_CONTINUE then error("data reply") end
	if mt.header(c, "From", "sender\@example.net") ~= nil then error("header") end
	if mt.header(c, "Subject", subject) ~= nil then error("header") end
	if mt.eoh(c) ~= nil then error("eoh") end
	if mt.bodystring(c, "text\\r\\n") ~= nil then error("body") end
	if mt.eom(c) ~= nil then error("eom") end
end
EOT

sub run {
	my ($what, $script) = @_;
	my $path = $w->write_file("$w->{dir}/test.lua", $functions . $script);
	my $said = `miltertest -s $path 2>&1`;

	is $? >> 8, 0, $what or diag $said, $w->log;
}

run("a recipient is refused", <<'EOT');
c = begin("<bad@example.com>")
if mt.getreply(c) ~= SMFIR_REPLYCODE then error("not refused") end
mt.disconnect(c)
EOT
run("a message is held", <<'EOT');
c = begin("<hold@example.com>")
message(c, "hello")
if mt.getreply(c) ~= SMFIR_CONTINUE then error("not continued") end
if not mt.eom_check(c, MT_QUARANTINE) then error("not held") end
mt.disconnect(c)
EOT
run("headers are edited", <<'EOT');
c = begin("<mark@example.com>")
message(c, "x")
if mt.getreply(c) ~= SMFIR_CONTINUE then error("not continued") end
if not mt.eom_check(c, MT_HDRINSERT, "X-Marked") then error("not marked") end
if not mt.eom_check(c, MT_HDRCHANGE, "Subject") then error("not changed") end
mt.disconnect(c)
EOT
run("a message is refused", <<'EOT');
c = begin("<user@example.com>")
message(c, "pills")
if mt.getreply(c) ~= SMFIR_REPLYCODE then error("not refused") end
mt.disconnect(c)
EOT

# Some 200 answers, which would take nine seconds with a stall for each.
my $begun = time;
run("many messages", <<'EOT');
for i = 1, 40 do
	c = begin("<user@example.com>")
	message(c, "hello")
	if mt.getreply(c) ~= SMFIR_CONTINUE then error("not continued") end
	mt.disconnect(c)
end
EOT
SKIP: {
	skip "not a question for a slow build", 1
	    if ($ENV{OUT} || "") =~ /asan|tsan/;
	cmp_ok time - $begun, "<", 8, "no stall on TCP";
}
$w->stop;
is $w->complaints, "", "no complaints";

done_testing;
