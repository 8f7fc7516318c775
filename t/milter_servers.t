#!/usr/bin/perl
# Real milters behind smtpd_milters, each in a private directory: opendkim signs
# and verifies, SpamAssassin's milter refuses GTUBE, ClamAV's EICAR (with a
# signature of its own).  Part of S-232.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;

plan skip_all => "11 milter tests: not root" if $> != 0;

my $w = Weir->new(start => 0);
my $dir = $w->{dir};
my $master = <<'EOT';
127.0.0.1:${port:sign} inet n - n - - smtpd
  -o smtpd_milters=unix:$dir/sign.sock
127.0.0.1:${port:verify} inet n - n - - smtpd
  -o smtpd_milters=inet:127.0.0.1:${port:dkim}
127.0.0.1:${port:both} inet n - n - - smtpd
  -o smtpd_milters=unix:$dir/spam.sock,unix:$dir/sign.sock
127.0.0.1:${port:spam} inet n - n - - smtpd
  -o smtpd_milters=unix:$dir/spam.sock
127.0.0.1:${port:virus} inet n - n - - smtpd
  -o smtpd_milters=unix:$dir/virus.sock
EOT

sub has { return !grep { !-x "/usr/sbin/$_" } @_ }

# A socket that is there and can be used by the gateway's user.
sub wait_socket {
	my ($path, $seconds) = @_;

	$w->wait_for(sub { -S $path }, $seconds || 20)
	    or return diag "no $path:\n" . Weir::read_file("$dir/peers");
	chmod 0777, $path;
	return 1;
}

sub arrived {
	my ($reply) = @_;
	my ($out) = ("");
	my ($id) = $reply =~ /queued as (\w+)/ or return $reply;

	$w->wait_for(sub {
		($out) = grep { /id $id\b/ } $w->messages("$dir/hop", 1);
		$out;
	});
	return $out // "";
}

sub post {
	my ($to, $data) = @_;

	return $w->send_mail(port => $w->port($to), to => 'u@example.org',
	    from => 'me@example.com', data => $data, seconds => 60);
}

my $text = "From: <me\@example.com>\r\nTo: <u\@example.org>\r\nSubject: it\r\n" .
    "Date: Sat, 1 Jan 2022 00:00:00 +0000\r\nMessage-ID: <it\@example.com>\r\n" .
    "\r\nHello.\r\n" . ("A line of text, of which there are many.\r\n" x 2000);

# The key, and what the DNS would have of it, in files.
my $dkim = has("opendkim", "opendkim-genkey");
if ($dkim) {
	mkdir "$dir/keys";
	system("opendkim-genkey", "-D", "$dir/keys", "-d", "example.com", "-s", "test");
	my $record = join "", Weir::read_file("$dir/keys/test.txt") =~ /"(.*?)"/g;
	$w->write_file("$dir/keys/public",
	    "test._domainkey.example.com $record\n");
	my $common = <<'EOT';
Syslog no
Background no
RequireSafeKeys no
Canonicalization relaxed/simple
TestPublicKeys $dir/keys/public
EOT
	$w->write_file("sign.conf", $common . <<'EOT');
Mode s
Domain example.com
Selector test
KeyFile $dir/keys/test.private
Socket local:$dir/sign.sock
EOT
	$w->write_file("verify.conf", $common . <<'EOT');
Mode v
Socket inet:${port:dkim}@127.0.0.1
AlwaysAddARHeader yes
AuthservID mail.example.com
EOT
	$w->peer("opendkim", "-f", "-x", "$dir/etc/sign.conf");
	$w->peer("opendkim", "-f", "-x", "$dir/etc/verify.conf");
}

my $spam = has("spamd", "spamass-milter") && -d "/usr/share/spamassassin";
if ($spam) {
	mkdir "$dir/sa";
	$w->write_file("$dir/sa/local.cf", <<'EOT');
use_bayes 0
dns_available no
EOT
	system("cp", $_, "$dir/sa") for glob("/etc/spamassassin/*.pre");
	$w->peer("spamd", "-L", "-x", "-u", "nobody", "-m", "1",
	    "--socketpath=$dir/spamd.sock", "--siteconfigpath=$dir/sa",
	    "--syslog=stderr");
	wait_socket("$dir/spamd.sock", 60);
	$w->peer("spamass-milter", "-p", "$dir/spam.sock", "-r", "15", "--",
	    "-U", "$dir/spamd.sock");
}

my $virus = has("clamd", "clamav-milter");
if ($virus) {
	mkdir "$dir/db";
	# The text of EICAR's test file, in two pieces.
	$w->write_file("$dir/db/test.ndb", "Eicar.Test:0:*:" .
	    unpack("H*", eicar()) . "\n");
	$w->write_file("clamd.conf", <<'EOT');
LocalSocket $dir/clamd.sock
DatabaseDirectory $dir/db
TemporaryDirectory $dir
Foreground yes
EOT
	$w->write_file("clamav-milter.conf", <<'EOT');
MilterSocket $dir/virus.sock
MilterSocketMode 666
ClamdSocket unix:$dir/clamd.sock
TemporaryDirectory $dir
OnInfected Reject
RejectMsg it carries %v
AddHeader Add
Foreground yes
EOT
	$w->peer("clamd", "-c", "$dir/etc/clamd.conf");
	wait_socket("$dir/clamd.sock", 60);
	$w->peer("clamav-milter", "-c", "$dir/etc/clamav-milter.conf");
}

sub eicar {
	return 'X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTI' .
	    'VIRUS-TEST-FILE!$H+H*';
}

$w->sink("hop");
$w->configure(main => <<'EOT', master => $w->expand($master));
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:hop}}
local_header_rewrite_clients =
milter_connect_macros = j {daemon_name} v _ {client_addr}
EOT
$w->start;

SKIP: {
	skip "no opendkim here", 5 unless $dkim;
	ok wait_socket("$dir/sign.sock"), "opendkim signs";
	ok $w->wait_port($w->port("dkim")), "and another one verifies";
	my $signed = arrived(post("sign", $text));
	like $signed, qr/^DKIM-Signature: v=1; .* d=example\.com; s=test;/m,
	    "with a signature";
	# As the next gateway gets it.
	my ($again) = $signed =~ /^(DKIM-Signature:.*)/ms;
	like arrived(post("verify", $again)),
	    qr/^Authentication-Results: mail\.example\.com;\r\n\s+dkim=pass /m,
	    "is good";
	$again =~ s/^Hello/Hallo/m;
	like arrived(post("verify", $again)),
	    qr/^Authentication-Results: mail\.example\.com;\r\n\s+dkim=fail /m,
	    "but not for another text";
}

my $gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL" .
    "*C.34X";

SKIP: {
	skip "no spamd or spamass-milter here", 3 unless $spam;
	ok wait_socket("$dir/spam.sock"), "SpamAssassin's milter";
	is post("spam", $text =~ s/Hello/$gtube/r), "550 5.7.1 Blocked by SpamAssassin",
	    "GTUBE is refused";
	like arrived(post("spam", $text)), qr/^X-Spam-Checker-Version: /m,
	    "other mail gets its headers";
}

SKIP: {
	skip "not both of them here", 1 unless $spam && $dkim;
	my $out = arrived(post("both", $text));
	my ($again) = $out =~ /^(DKIM-Signature:.*)/ms;
	like arrived(post("verify", $again // $out)), qr/dkim=pass /,
	    "one adds headers, the next one signs the result";
}

SKIP: {
	skip "no clamd or clamav-milter here", 3 unless $virus;
	ok wait_socket("$dir/virus.sock", 60), "ClamAV's milter";
	like post("virus", $text . eicar() . "\r\n"),
	    qr/^550 5\.7\.1 it carries Eicar\.Test/, "EICAR is refused";
	like arrived(post("virus", $text)), qr/^X-Virus-Status: Clean/m,
	    "other mail is not";
}

is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
