#!/usr/bin/perl
# Reads and writes do less than they were asked for, or are interrupted, by
# chance, in all processes of a gateway: nothing is lost, cut short or delivered
# twice (hostile 104; see t/preload/short_io.c).
use strict;
use warnings;

use lib "t/lib";
use Cwd qw(abs_path);
use Test::More;
use Weir::Ledger;

my $out = $ENV{OUT} || "build/debug";
plan skip_all => "a sanitizer wants to be loaded first"
    if $out =~ /asan|tsan/;

my $w = Weir::Ledger::gateway(start => 0, main => <<'EOM');
smtpd_tls_security_level = may
smtpd_tls_cert_file = $dir/etc/cert.pem
smtpd_tls_key_file = $dir/etc/key.pem
EOM
my $page = "$w->{dir}/page";
my $seed = int rand 2**31;
system("openssl req -x509 -newkey rsa:2048 -nodes -days 2 " .
    "-subj /CN=mail.example.com -keyout $w->{dir}/etc/key.pem " .
    "-out $w->{dir}/etc/cert.pem 2>/dev/null") == 0 or die "no certificate";
chmod 0644, "$w->{dir}/etc/key.pem";
open my $f, ">", $page or die "$page: $!";
syswrite $f, pack "q4", $seed, 0, 0, 0;
close $f;
chmod 0666, $page;
{
	local $ENV{SHORT_IO_PAGE} = $page;
	local $ENV{LD_PRELOAD} = abs_path("$out/t/preload/short_io.so");
	$w->start;
}
my %pid = $w->roles;
my $ledger = Weir::Ledger->new($w);

$ledger->send("plain.$_") for 1 .. 15;
my $c = $w->smtp;
$c->cmd("EHLO x");
like $c->cmd("STARTTLS"), qr/^220/, "STARTTLS";
like $c->tls, qr/^TLS/, "a handshake in parts";
for my $id (map { "tls.$_" } 1 .. 10) {
	$ledger->enter("large", $id, $c->deliver(from => 'back@example.com',
	    to => [ 'box@example.com', 'out@example.org' ],
	    data => Weir::Ledger::text("large-$id", "large")));
}
is +($w->command("reload"))[0], 0, "a reload";
$ledger->send("reloaded.$_") for 1 .. 5;

ok $ledger->drain, "comes to rest (seed $seed)";
is $ledger->count($_), 0, "none is $_" for qw(refused unknown);
is join("\n", $ledger->faults), "", "the ledger is right";
my (undef, $calls, $short, $interrupted) = unpack "q4", Weir::read_file($page);
cmp_ok $short, ">", 100, "$short of $calls calls did a part";
cmp_ok $interrupted, ">", 0, "$interrupted were interrupted";
is $w->stop, 0, "stops cleanly";
unlike $w->log, qr/panic:|killed by signal|exit status/, "nobody died";
done_testing;
