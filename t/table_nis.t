#!/usr/bin/perl
# nis (S-032): against Debian's ypserv.  It needs a portmapper, whose port is the
# system's, and so all runs in namespaces of its own, where nothing else is.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/lib";
use Test::More;

BEGIN {
	my @need = ("/sbin/rpcbind", "/usr/sbin/ypserv", "/usr/sbin/ypbind",
	    "/usr/lib/yp/makedbm");
	my @unshare = ("unshare", "--net", "--mount", "--uts", "--pid",
	    "--fork", "--mount-proc", "--kill-child");
	if (!$ENV{WEIR_NAMESPACE}) {
		plan skip_all => "not installed: @{[grep { !-x } @need]}"
		    if grep { !-x } @need;
		plan skip_all => "no namespaces"
		    if $> != 0 || system("@unshare true 2>/dev/null") != 0;
		$ENV{WEIR_NAMESPACE} = 1;
		exec @unshare, $^X, $0;
		die;
	}
}

use Weir;
use Weir::Client;

sub try { return system("@_ >/dev/null 2>&1") == 0 }

sub until_true {
	my (@command) = @_;
	for (1 .. 600) {
		return 1 if try(@command);
		select undef, undef, undef, 0.05;
	}
	BAIL_OUT("@command");
}

# libtirpc leaks a little with each look-up.
$ENV{LSAN_OPTIONS} = "detect_leaks=0";

my @servers;
sub begin {
	my (@command) = @_;
	my $pid = fork // die;
	if ($pid == 0) {
		open STDOUT, ">", "/dev/null";
		open STDERR, ">", "/dev/null";
		exec @command;
		die;
	}
	push @servers, $pid;
	return $pid;
}

END {
	local $?;
	kill "KILL", @servers;
}

sub postmap {
	my ($key, $table) = @_;
	my $text = `@{[Weir::program()]} postmap -q '$key' $table 2>&1`;
	return $text . "-- " . ($? >> 8);
}

sub write_file {
	my ($path, $text) = @_;
	open my $f, ">", $path or die "$path: $!";
	print $f $text;
	close $f or die;
}

like postmap("k", "nis:mail.aliases"),
    qr/NIS domain name not set - NIS lookups disabled\n-- 1$/,
    "no domain: could not ask";
try("mount -t tmpfs none /run && mount -t tmpfs none /var/yp") or die;
try("ip link set lo up") || try("ifconfig lo up") || die;
mkdir $_ for "/run/rpcbind", "/run/sendsigs.omit.d", "/var/yp/example",
    "/var/yp/binding";
try("domainname example") || try("hostname -y example") || die;
like postmap("k", "nis:mail.aliases"),
    qr/^postmap: warning: lookup k, NIS domain example, map mail.aliases: .*-- 1$/s,
    "nobody serves it: could not ask";

begin("/sbin/rpcbind", "-w", "-f");
until_true("rpcinfo -p 127.0.0.1");
write_file("/run/pairs", "key value\nu\@example.com REJECT nis says no\n" .
    "a\$(b)* odd\n");
for (["nul.map", "-a"], ["mail.aliases", ""]) {
	my ($map, $option) = @$_;
	try("/usr/lib/yp/makedbm $option /run/pairs /var/yp/example/$map")
	    or die;
}
my $ypserv = begin("/usr/sbin/ypserv", "-f", "-p", 834);
until_true("rpcinfo -p 127.0.0.1 | grep -q ypserv");
write_file("/run/yp.conf", "domain example server 127.0.0.1\n");
write_file("/etc/yp.conf", "") if !-e "/etc/yp.conf";
try("mount --bind /run/yp.conf /etc/yp.conf") or die;
begin("/usr/sbin/ypbind", "-n", "-no-ping");
until_true("test \"\$(" . Weir::program() .
    " postmap -q key nis:mail.aliases)\" = value");
is postmap("KEY", "nis:mail.aliases"), "value\n-- 0", "found, folded";
is postmap("none", "nis:mail.aliases"), "-- 1", "not found";
is postmap('a$(b)*', "nis:mail.aliases"), "odd\n-- 0",
    "a key that a shell would expand";
is postmap("../mail.aliases", "nis:mail.aliases"), "-- 1", "and a path";
is postmap("key", "nis:nul.map"), "value\n-- 0", "another map";
like postmap("key", "nis:nomap"), qr/No such map in server's domain\n-- 1$/,
    "no such map: could not ask";

my $weir = Weir->new(main => <<'EOT');
smtpd_recipient_restrictions = check_sender_access nis:mail.aliases
    permit_mynetworks reject
EOT
sub rcpt {
	my ($from) = @_;
	my $client = $weir->smtp;
	$client->cmd("EHLO client.example.org");
	$client->cmd("MAIL FROM:<$from>");
	my $reply = $client->cmd('RCPT TO:<a@example.net>');
	$client->close;
	return $reply;
}
like rcpt('u@example.com'), qr/^554 5\.7\.1 .*nis says no/, "in a gateway";
like rcpt('v@example.com'), qr/^250 /, "and of another sender";
kill "STOP", $ypserv;
my $start = time;
like postmap("key", "nis:mail.aliases"), qr/-- 1/, "a server that hangs";
cmp_ok time - $start, "<", 200, "has only so much time";
kill "CONT", $ypserv;
kill "KILL", $ypserv;
waitpid $ypserv, 0;
like rcpt('u@example.com'), qr/^451 4\.3\.[05] /, "a server that is gone";
$ypserv = begin("/usr/sbin/ypserv", "-f", "-p", 834);
my $back = "";
for (1 .. 600) {
	$back = rcpt('u@example.com');
	last if $back =~ /^554/;
	select undef, undef, undef, 0.05;
}
like $back, qr/^554 .*nis says no/, "and is back";
$weir->stop;
done_testing;
