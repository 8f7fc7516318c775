#!/usr/bin/perl
# SpamAssassin behind the queue, as the founding documents have it: a pipe to
# spamc, or to a script around it, which gives mail back through sendmail.
# S-224; X-20 to X-29.  Or to Dovecot's delivery agent: S-225; X-50.
use strict;
use warnings;

use lib "t/lib";
use File::Path qw(make_path);
use Test::More;
use Weir;

plan skip_all => "pipe services want another user: not root" if $> != 0;
plan skip_all => "no spamd or spamc here"
    if !-x "/usr/sbin/spamd" || !-x "/usr/bin/spamc" || !-d "/usr/share/spamassassin";

my $w = Weir->new(start => 0);
my $dir = $w->{dir};

# A private spamd that asks nobody.
mkdir "$dir/sa";
$w->write_file("$dir/sa/local.cf", "use_bayes 0\ndns_available no\nreport_safe 0\n");
system("cp", $_, "$dir/sa") for glob("/etc/spamassassin/*.pre");
$w->peer("spamd", "-L", "-x", "-u", "nobody", "-m", "1", "--socketpath=$dir/spamd.sock",
    "--siteconfigpath=$dir/sa", "--syslog=stderr");
$w->wait_for(sub { -S "$dir/spamd.sock" }, 60) or plan skip_all => "spamd does not start";
chmod 0777, "$dir/spamd.sock";

# The private link, and the script.
mkdir "$dir/bin";
symlink Weir::program(), "$dir/bin/sendmail";
$w->write_file("$dir/bin/filter", <<'EOT');
#!/bin/sh
# What spamc cannot do now is done later.
/usr/bin/spamc -x -U $dir/spamd.sock >$dir/kept/in.$$ || { rm -f $dir/kept/in.$$; exit 75; }
$dir/bin/sendmail -G -i "$@" <$dir/kept/in.$$
status=$?
rm -f $dir/kept/in.$$
exit $status
EOT
chmod 0755, "$dir/bin/filter";
mkdir "$dir/kept";
chmod 01777, "$dir/kept";

# Dovecot, of which nothing runs but what tells the agent about users.
my $lda = "/usr/lib/dovecot/dovecot-lda";
if (-x $lda) {
	make_path("$dir/dovecot/run", "$dir/dovecot/mail");
	chmod 0755, "$dir/dovecot", "$dir/dovecot/run";
	chown +(getpwnam "nobody")[2, 3], "$dir/dovecot/mail";
	$w->write_file("$dir/dovecot/conf", $w->expand(<<'EOT'));
base_dir = $dir/dovecot/run
state_dir = $dir/dovecot/run
log_path = $dir/dovecot/log
protocols =
ssl = no
default_internal_user = nobody
default_login_user = nobody
default_internal_group = nogroup
first_valid_uid = 1
mail_location = maildir:$dir/dovecot/mail/%u
postmaster_address = postmaster@example.net
passdb {
  driver = static
  args = nopassword=y
}
userdb {
  driver = static
  args = uid=nobody gid=nogroup home=$dir/dovecot/mail/%u allow_all_users=yes
}
service auth {
  unix_listener auth-userdb {
    mode = 0666
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
EOT
	$w->write_file("$dir/dovecot/log", "");
	chmod 0666, "$dir/dovecot/log";
	$w->peer("/usr/sbin/dovecot", "-F", "-c", "$dir/dovecot/conf");
	$w->wait_for(sub { -S "$dir/dovecot/run/auth-userdb" }, 60)
	    or diag Weir::read_file("$dir/dovecot/log");
}

$w->sink("hop");
$w->configure(main => <<'EOT', smtpd => "  -o content_filter=spamassassin", master => $w->expand(<<'EOT'));
relay_domains = example.org
relay_recipient_maps =
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:hop}}
local_header_rewrite_clients =
virtual_mailbox_domains = example.net
virtual_mailbox_maps = static:x
virtual_transport = dovecot
dovecot_destination_recipient_limit = 1
EOT
127.0.0.1:${port:script} inet n - n - - smtpd
  -o content_filter=filter:dummy
pickup unix n - n 60 1 pickup
spamassassin unix - n n - - pipe
  flags=R user=nobody argv=/usr/bin/spamc -U $dir/spamd.sock
  -e $dir/bin/sendmail -oi -f ${sender} ${recipient}
127.0.0.1:${port:plain} inet n - n - - smtpd
dovecot unix - n n - - pipe
  flags=DRhu user=nobody:nogroup
  argv=/usr/bin/spamc -U $dir/spamd.sock
  -e /usr/lib/dovecot/dovecot-lda -c $dir/dovecot/conf -f ${sender} -d ${recipient}
filter unix - n n - 10 pipe
  flags=Rq user=nobody null_sender=
  argv=/bin/sh $dir/bin/filter -f ${sender} -- ${recipient}
EOT
$w->start;

my $gtube = "XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X";
my $number = 0;

# What comes of a message: all copies that arrive, when it has left the queue.
sub through {
	my ($send, $line) = @_;
	my $mark = "mark" . ++$number;
	my $text = join "", map { "$_\r\n" } "From: <me\@example.com>", "To: <u\@example.org>", "Subject: $mark",
	    "Date: Sat, 1 Jan 2022 00:00:00 +0000", "Message-ID: <$mark\@example.com>", "", $line, ".x", "end";
	my @found;

	$send->($text);
	$w->wait_for(sub { @found = grep { /$mark/ } $w->messages("$dir/hop", 0, 0); @found }, 60);
	$w->wait_for(sub { ($w->command("mailq"))[1] =~ /is empty/ }, 60);
	@found = grep { /$mark/ } $w->messages("$dir/hop", 0, 0);
	is scalar @found, 1, "$mark arrives once";
	return $found[0] // "";
}

sub smtp {
	my ($port, %arg) = @_;

	return sub {
		like $w->send_mail(port => $port, to => "u\@example.org", from => "me\@example.com", data => $_[0], %arg),
		    qr/^250/, "taken";
	};
}

for my $way (["spamc -e sendmail", $w->{port}, "spamassassin"], ["a script around spamc", $w->port("script"), "filter"]) {
	my ($name, $port, $service) = @$way;

	subtest $name => sub {
		my $message = through(smtp($port), $gtube);
		like $message, qr/^X-Spam-Flag: YES\r$/m, "GTUBE is tagged";
		like $message, qr/^X-From: <me\@example\.com>.*\nX-To: <u\@example\.org>/, "for the same recipient";
		like $message, qr/from userid 65534\)\r\n/, "it came back through sendmail";
		is scalar(() = $message =~ /^Received: /mg), 2, "and went into the queue twice";
		unlike $message, qr/^Return-Path:/m, "what the filter was told does not go out";
		like $w->log, qr/pipe\[\d+\]: \w+: to=<u\@example\.org>, relay=$service, .*status=sent/, "by the service";
		$message = through(smtp($port), "Hello.");
		like $message, qr/^X-Spam-Checker-Version: /m, "other mail is looked at";
		unlike $message, qr/^X-Spam-Flag: YES/m, "and not tagged";
		like $message, qr/^Hello\.\r\n\.x\r\nend\r\n\z/m, "its text is as it was";
	};
}

subtest "odd addresses" => sub {
	my $message = through(smtp($w->port("script"), from => ""), "Hello.");
	like $message, qr/^X-From: <>[ \n]/, "the null sender";
	$message = through(smtp($w->port("script"), from => '"a b"@example.com', to => '"x y"@example.org'), "Hello.");
	like $message, qr/^X-From: <"a b"\@example\.com>.*\nX-To: <"x y"\@example\.org>\n/, "quotes";
};

subtest "local mail" => sub {
	my $message = through(sub {
		is(($w->sendmail($_[0], "-i", "u\@example.org"))[0], 0, "taken");
	}, $gtube);
	unlike $message, qr/^X-Spam/m, "is not filtered";
};

subtest "Dovecot's delivery agent" => sub {
	plan skip_all => "no Dovecot here" if !-x $lda;
	my @found;

	like $w->send_mail(port => $w->port("plain"), to => "Anna\@Example.NET",
	    from => "me\@example.com", data => "Subject: x\r\n\r\n$gtube\r\n"),
	    qr/^250/, "taken";
	$w->wait_for(sub {
		@found = glob "$dir/dovecot/mail/anna\@example.net/new/*";
	}) or diag $w->log, Weir::read_file("$dir/dovecot/log");
	is scalar @found, 1, "one message in the mailbox";
	my $message = @found ? Weir::read_file($found[0]) : "";
	like $message, qr/^X-Spam-Flag: YES$/m, "GTUBE is tagged";
	like $message, qr/^Delivered-To: Anna\@Example\.NET$/m, "flag D, of which h and u say nothing";
	like $message, qr/^Return-Path: <me\@example\.com>$/m, "flag R";
};

is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
