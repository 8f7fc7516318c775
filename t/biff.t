#!/usr/bin/perl
# Who is logged in is told of new mail: the datagrams that the service biff
# gets after local deliveries, beside Debian's Postfix.
use strict;
use warnings;

use lib "t/lib";
use IO::Socket::INET;
use Socket qw(MSG_DONTWAIT);
use Test::More;
use Weir;
use Weir::Client;
use Weir::Postfix;
use Weir::Users;

plan skip_all => "no Postfix" if !-x "/usr/sbin/postfix";
plan skip_all => "no service biff here"
    if !defined getservbyname("biff", "udp");
my $why = Weir::Users::enter(qw(anna bert carl dora));
plan skip_all => $why if $why;
my $d = Weir::Users::dir();

my $main = <<"EOT";
myhostname = mail.example.com
myorigin = example.com
mydestination = example.com
local_recipient_maps =
recipient_delimiter = +
virtual_mailbox_domains = virtual.example
virtual_mailbox_base = $d/virtual
virtual_mailbox_maps = inline:{v\@virtual.example=v}
virtual_uid_maps = static:5001
virtual_gid_maps = static:5001
alias_maps = hash:$d/aliases
EOT
Weir::Users::write_file("$d/aliases", <<"EOT");
many: anna, bert
file: $d/out/file
command: "|cat >/dev/null"
EOT

# In a network of its own the port is free.
my $comsat = IO::Socket::INET->new(Proto => "udp",
    LocalAddr => "127.0.0.1", LocalPort => scalar getservbyname("biff", "udp"),
    ReuseAddr => 1) or die "comsat: $!";

# All that has come when mail to each of these is over.
sub told {
	my ($port, $log, @to) = @_;
	my @told;

	for my $to (@to) {
		my $c = Weir::Client->new($port);
		my $reply = $c->deliver(to => $to, from => "",
		    data => "Subject: x\r\nFrom: <a\@b.example>\r\nDate: d\r\n" .
			"Message-Id: <m>\r\n\r\nx\r\n");
		my ($id) = $reply =~ /queued as (\w+)/ or diag "$to: $reply";

		$c->cmd("QUIT");
		Weir::wait_for(undef, sub {
			my $text = $log->();
			return $text =~ /qmgr\[\d+\]: \Q$id\E: removed/ &&
			    $text !~ /qmgr\[\d+\]: (\w+): from=(?!.*qmgr\[\d+\]: \1: removed)/s;
		}, 60) or diag "$to: not over";
		my @now;
		while (defined $comsat->recv(my $text, 1000,
		    MSG_DONTWAIT)) {
			push @now, $text =~ s/\0\z/<NUL>/r;
		}
		push @told, sort @now;
	}
	return \@told;
}

sub install {
	Weir::Users::clean();
	mkdir "$d/virtual";
	chown 5001, 5001, "$d/virtual";
}

my @to = map { "$_\@example.com" } qw(anna anna bert+ext many file command);
push @to, 'v@virtual.example';
my ($theirs, $theirs_quiet, $theirs_maildir);
{
	install();
	system("postalias", "hash:$d/aliases");
	my $p = Weir::Postfix->start("$d/postfix", port => 11998,
	    main => "${main}mail_spool_directory = $d/spool\n");

	$theirs = told(11998, sub { $p->log }, @to);
	system("postconf -c $d/postfix/etc -e home_mailbox=Mailbox");
	system("postfix -c $d/postfix/etc reload 2>/dev/null");
	$theirs_quiet = told(11998, sub { $p->log }, 'dora@example.com');
	system("postconf -c $d/postfix/etc -e home_mailbox=Maildir/");
	system("postfix -c $d/postfix/etc reload 2>/dev/null");
	$theirs_maildir = told(11998, sub { $p->log }, 'dora@example.com');
	$p->stop;
	unlink "$d/aliases.db";
}

install();
my $w = Weir->new(start => 0,
    main => "${main}mail_spool_directory = $d/spool\n");
$w->command("postalias", "hash:$d/aliases");
$w->start;
my $log = sub { $w->log };
my $ours = told($w->{port}, $log, @to);

# What is in front of a mailbox's second message has the host's name and a time
# in it, but their lengths are the same.
is_deeply [map { s/\@[1-9]\d+/\@N/r } @$ours],
    [map { s/\@[1-9]\d+/\@N/r } @$theirs], "one for each mailbox, as Postfix";
is $ours->[0], 'anna@0<NUL>', "the first mail of a mailbox";
like $ours->[1], qr/^anna\@(\d+)<NUL>\z/, "the second";
$w->reconfigure(main => "${main}home_mailbox = Mailbox\n");
is_deeply told($w->{port}, $log, 'dora@example.com'), $theirs_quiet,
    "a mailbox file in a home";
$w->reconfigure(main => "${main}home_mailbox = Maildir/\n");
is_deeply told($w->{port}, $log, 'dora@example.com'), $theirs_maildir,
    "a Maildir";
$w->reconfigure(main => "${main}mail_spool_directory = $d/spool\nbiff = no\n");
is_deeply told($w->{port}, $log, 'carl@example.com'), [], "biff = no";

# Nobody listens: that does not matter.
close $comsat;
$w->reconfigure(main => "${main}mail_spool_directory = $d/spool\n");
like $w->send_mail(to => 'carl@example.com'), qr/^250 /, "nobody listens";
ok $w->wait_log(qr/to=<carl\@example\.com>.*status=sent \(delivered to mailbox\)(?s:.*)to=<carl\@example\.com>.*status=sent \(delivered to mailbox\)/),
    "it is delivered";
unlike $w->log, qr/biff/, "and nothing is said";

done_testing;
