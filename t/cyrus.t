#!/usr/bin/perl
# A real mail store as next hop: the LMTP server of Cyrus IMAP, over its Unix
# socket and over TCP (I-37, L-64).
use strict;
use warnings;

use lib "t/lib";
use File::Find;
use File::Path qw(make_path);
use Test::More;
use Weir;

my $bin = "/usr/lib/cyrus/bin";
plan skip_all => "1 group: no Cyrus here" if !-x "$bin/master";
plan skip_all => "1 group: Cyrus needs root to start" if $> != 0;

my $w = Weir->new(start => 0);
my $base = "$w->{dir}/cyrus";
my $port = $w->port("lmtp");
my @dirs = map { "$base/$_" } "spool", "run",
    map { "conf/$_" } qw(db socket log msg user quota sieve proc lock);
make_path(@dirs);
$w->write_file("$base/imapd.conf", <<EOT);
configdirectory: $base/conf
defaultpartition: default
partition-default: $base/spool
sievedir: $base/conf/sieve
proc_path: $base/conf/proc
mboxname_lockpath: $base/conf/lock
temp_path: $base/run
lmtpsocket: $base/run/lmtp
idlesocket: $base/run/idle
notifysocket: $base/run/notify
servername: cyrus.example.org
admins: cyrus
virtdomains: off
autocreate_quota: 0
autocreate_post: yes
autocreate_users: anna bert
sync_log: no
EOT
# The sockets are made before anybody's rights are given up.
$w->write_file("$base/cyrus.conf", <<EOT);
START {
  recover cmd="$bin/ctl_cyrusdb -C $base/imapd.conf -r"
}
SERVICES {
  lmtpunix cmd="$bin/lmtpd -C $base/imapd.conf" listen="$base/run/lmtp" prefork=0
  lmtp cmd="$bin/lmtpd -C $base/imapd.conf -a" listen="127.0.0.1:$port" prefork=0
}
EVENTS {
}
EOT
chmod 0755, $base;
system("chown", "-R", "cyrus:mail", $base) == 0 or die "chown";
# It ends its whole process group when it ends.
my $log = "$base/said";
$w->peer("sh", "-c", "exec setsid $bin/master -C $base/imapd.conf " .
    "-M $base/cyrus.conf -p $base/pid > $log 2>&1");
$w->wait_port($port) or BAIL_OUT "cyrus: " . Weir::read_file($log);

$w->configure(main => <<EOT);
relay_domains = example.org, tcp.example.org
relay_recipient_maps =
transport_maps = inline:{ example.org=lmtp:unix:$base/run/lmtp,
 tcp.example.org=lmtp:inet:127.0.0.1:$port }
smtp_host_lookup = native
EOT
$w->start;

sub stored {
	my ($subject) = @_;
	my @found;

	find(sub {
		push @found, $File::Find::name if /^\d+\.$/ &&
		    Weir::read_file($File::Find::name) =~ /^Subject: $subject\r$/m;
	}, "$base/spool");
	return @found;
}

for (["example.org", qr{\S+\[$base/run/lmtp\]}, "a Unix socket"],
    ["tcp.example.org", qr/127\.0\.0\.1\[127\.0\.0\.1\]:$port/, "TCP"]) {
	my ($domain, $relay, $way) = @$_;
	my $reply = $w->send_mail(to => [ map { "$_\@$domain" } "anna", "bert",
	    "carl" ], data => "Subject: $domain\r\nMessage-ID: <1\@$domain>\r\n" .
	    "\r\n.dot\r\ngr\xc3\xbc\xc3\x9fe\r\n");
	my ($qid) = $reply =~ /queued as (\w+)/;

	ok $qid, "$way: queued";
	for my $user ("anna", "bert") {
		ok $w->wait_log(qr/lmtp\[\d+\]: $qid: to=<$user\@$domain>, relay=$relay, .*dsn=2\.1\.5, status=sent \(250 2\.1\.5 Success.*\)/),
		    "$way: $user has it";
	}
	ok $w->wait_log(qr/lmtp\[\d+\]: $qid: to=<carl\@$domain>, relay=$relay, .*dsn=5\.1\.1, status=bounced \(host .* said: 550.* 5\.1\.1 User unknown \(in reply to RCPT TO command\)\)/),
	    "$way: a mailbox that is not there";
	my @files = stored($domain);
	is scalar(@files), 2, "$way: two copies";
	like Weir::read_file($files[0] // "/dev/null"),
	    qr/^Return-Path: <sender\@example\.net>.*\r\n\r\n\.dot\r\ngr\xc3\xbc\xc3\x9fe\r\n\z/ms,
	    "$way: the message";
}
done_testing;
