#!/usr/bin/perl
# A real mail store as next hop: Dovecot's LMTP server, over its Unix socket and
# over TCP (S-105, I-36, I-39, L-64).
use strict;
use warnings;

use lib "t/lib";
use File::Path qw(make_path);
use Test::More;
use Weir;

plan skip_all => "1 group: no Dovecot here" if !-x "/usr/sbin/dovecot";
plan skip_all => "1 group: Dovecot's LMTP server needs root" if $> != 0;

my $w = Weir->new(start => 0);
my $base = "$w->{dir}/dovecot";
my $port = $w->port("lmtp");
make_path("$base/run", "$base/mail");
my ($uid, $gid) = (getpwnam "nobody")[2, 3];
chown $uid, $gid, "$base/mail";
$w->write_file("$base/users", join "", map { "$_\@example.org:{PLAIN}x:::::\n" }
    qw(anna bert full));
$w->write_file("$base/dovecot.conf", <<EOT);
base_dir = $base/run
state_dir = $base/run
log_path = $base/log
protocols = lmtp
ssl = no
default_internal_user = nobody
default_login_user = nobody
default_internal_group = nogroup
first_valid_uid = 1
mail_uid = $uid
mail_gid = $gid
mail_location = maildir:$base/mail/%u
lmtp_save_to_detail_mailbox = no
postmaster_address = postmaster\@example.org
passdb {
  driver = passwd-file
  args = $base/users
}
userdb {
  driver = passwd-file
  args = $base/users
}
service lmtp {
  unix_listener lmtp {
    mode = 0666
  }
  inet_listener lmtp {
    address = 127.0.0.1
    port = $port
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
EOT
chmod 0755, $base, "$base/run";
my $dovecot = $w->peer("/usr/sbin/dovecot", "-F", "-c", "$base/dovecot.conf");
$w->wait_port($port) or BAIL_OUT "dovecot: " . Weir::read_file("$base/log");

$w->configure(main => <<EOT);
virtual_mailbox_domains = example.org
virtual_mailbox_maps = inline:{anna\@example.org=x, bert\@example.org=x, carl\@example.org=x}
virtual_transport = lmtp:unix:$base/run/lmtp
relay_domains = tcp.example.org
relay_recipient_maps =
transport_maps = inline:{tcp.example.org=lmtp:inet:127.0.0.1:$port}
virtual_alias_maps = inline:{{list\@example.org = anna\@example.org bert\@example.org}}
EOT
$w->start;

sub box { return "$base/mail/$_[0]\@example.org/new" }

my $c = $w->smtp;
$c->cmd("EHLO client.example.net");
$c->cmd('MAIL FROM:<me@example.net>');
is $c->cmd('RCPT TO:<anna@example.org>'), "250 2.1.5 Ok", "listed";
like $c->cmd('RCPT TO:<dora@example.org>'),
    qr/^550 5\.1\.1 .*User unknown in virtual mailbox table/,
    "S-105: not listed, refused at once";
is $c->cmd('RCPT TO:<carl@example.org>'), "250 2.1.5 Ok",
    "listed, but the store does not know it";
$c->cmd("DATA");
like $c->cmd("Subject: by LMTP\r\n\r\n..a line with a dot\r\n."),
    qr/^250 2\.0\.0 Ok: queued as/, "queued";
$c->cmd("QUIT");

my ($m) = $w->messages(box("anna"), 1);
like $m, qr/^Subject: by LMTP/m, "it is in the mailbox";
like $m, qr/^Return-Path: <me\@example\.net>/m, "with its sender";
like $m, qr/^\.a line with a dot/m, "the dot is as it was";
ok $w->wait_log(qr/lmtp\[\d+\]: \w+: to=<anna\@example\.org>, relay=mail\.example\.com\[\Q$base\E\/run\/lmtp\], delay=[\d.]+, delays=[\d.\/]+, dsn=2\.0\.0, status=sent \(250 2\.0\.0 <anna\@example\.org> \S+ Saved\)/),
    "O-34: logged as Postfix does" or diag $w->log;
ok $w->wait_log(qr/to=<carl\@example\.org>, .*dsn=5\.1\.1, status=bounced \(host mail\.example\.com\[.*\] said: 550 5\.1\.1 <carl\@example\.org> User doesn't exist: carl\@example\.org \(in reply to RCPT TO command\)\)/),
    "I-36: a status for each recipient" or diag $w->log;

like $w->send_mail(from => 'me@example.net', to => ['list@example.org'],
    data => "Subject: to both\r\n\r\nx\r\n"), qr/^250/, "to an alias";
is scalar(grep { /^Subject: to both/m } $w->messages(box("anna"), 2)), 1,
    "one";
is scalar(grep { /^Subject: to both/m } $w->messages(box("bert"), 1)), 1,
    "and the other";

my $n = 30;
for my $i (1 .. $n) {
	$w->send_mail(from => 'me@example.net', to => ['bert@example.org'],
	    data => "Subject: $i\r\n\r\n" . "x" x 70 . "\r\n");
}
is scalar($w->messages(box("bert"), $n + 1, 30)), $n + 1, "$n messages";
like $w->log, qr/relay=mail\.example\.com\[[^\]]*\], conn_use=\d+/,
    "over few connections";

kill "TERM", $dovecot;
waitpid $dovecot, 0;
$w->send_mail(from => 'me@example.net', to => ['anna@example.org'],
    data => "Subject: later\r\n\r\nx\r\n");
ok $w->wait_log(qr/dsn=4\.4\.1, status=deferred \(connect to mail\.example\.com\[\Q$base\E\/run\/lmtp\]: (?:No such file or directory|Connection refused)\)/),
    "a store that is away: the mail waits" or diag $w->log;

done_testing();
