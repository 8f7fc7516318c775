#!/usr/bin/perl
# Notices about dialogues, of the SMTP server and of the SMTP client, pass header and
# body checks where internal_mail_filter_classes has notify, beside Debian's Postfix:
# the same arrives, and the log says the same of it.  Q-43, P-083, S-067.
use strict;
use warnings;

use FindBin qw($Bin);
use Test::More;
use Time::HiRes qw(sleep time);
use lib "$Bin/lib";
use Weir::Beside;
use Weir::Client;
use Weir::Sink;

my $why = Weir::Beside::enter();
plan skip_all => $why if $why;

my ($sink, $stubborn) = (11001, 11002);
my @arrive = qw(plain prepend replace warn redirect);
my @names = (@arrive, qw(hold discard no));
my @all = map { ("server-$_", "client-$_") } @names;

my ($cases, $master, $routes) = ("", "", "home.example smtp:[127.0.0.1]:$sink\n");
for (@names) {
	$cases .= "== $_\n= error_notice_recipient = server-$_\@home.example\nFROB\n";
	$master .= "to-$_ unix - - n - - smtp\n" .
	    "    -o { error_notice_recipient = client-$_\@home.example }\n";
	$routes .= "$_.example to-$_:[127.0.0.1]:$stubborn\n";
}
my $both = Weir::Beside->new(world => "", cases => $cases, master => $master,
	files => { routes => $routes, body => <<'EOB', header => <<'EOH' }, main => <<'EOM');
/^ (In|Out):  *(FROB|MAIL.*)/ REPLACE  $1:  something
/^For other details/ REPLACE That is all
EOB
/^To: .*-prepend@/ PREPEND X-Checked: yes
/^To: .*-replace@/ REPLACE X-To: somebody
/^To: .*-warn@/ WARN noticed
/^To: .*-redirect@/ REDIRECT other@home.example
/^To: .*-hold@/ HOLD for a look
/^To: .*-discard@/ DISCARD gone
/^To: .*-no@/ REJECT no such
EOH
internal_mail_filter_classes = notify
notify_classes = protocol
mail_name = Beside
header_checks = regexp:$dir/header
body_checks = regexp:$dir/body
relay_domains = texthash:$dir/routes
transport_maps = texthash:$dir/routes, inline:{b.tst=discard:}
smtp_tls_security_level =
smtpd_peername_lookup = no
smtpd_recipient_restrictions = permit_auth_destination, reject
local_recipient_maps =
relay_recipient_maps =
EOM
my $dir = "$ENV{WEIR_BESIDE}/sink";
mkdir $dir;

my @servers = (Weir::Beside::serve_apart(sub { Weir::Sink::serve($sink, $dir) }), Weir::Beside::serve_apart(sub {
	Weir::Sink::serve($stubborn, "$dir-stubborn",
	    replies => { MAIL => ["501 5.5.4 no *"], RCPT => ["503 5.5.1 no *"] });
}));

# What has come of one of them for an address.
sub came {
	my ($host, $to) = @_;

	my @found = sort map { Weir::Beside::plain($_) }
	    grep { /^X-From: <double-bounce\@\Q$host\E>/ && /^X-To: <$to\@/m }
	    map { Weir::read_file($_) } grep { !/\.tmp$/ } glob "$dir/*";

	return @found;
}

# ... and what cleanup has said.
sub said {
	my ($log, $to) = @_;

	return map { Weir::Beside::plain($_) } $log =~
	    /cleanup\[\d+\]: \w+: ((?:warning|prepend|replace|redirect|hold|discard|reject): header To: .*<$to\@.*)/g;
}

sub wait_for {
	my ($what, $is) = @_;
	my $end = time + 60;

	until ($is->()) {
		return fail $what if time > $end;
		sleep 0.02;
	}
}

my %seen;
for ([ "postfix.example.com", $both->{postfix}, 12000 ],
	[ "mail.example.com", $both->{weir}, 14000 ]) {
	my ($host, $server, $port) = @$_;

	for my $i (0 .. $#names) {
		$both->play($server, $both->{cases}[$i], $port + $i);
		my $c = Weir::Client->new($port + $i);
		like $c->deliver(from => "a\@b.tst", to => "x\@$names[$i].example",
		    data => "Subject: x\r\n\r\n"), qr/^250/, "$names[$i] to $host";
		$c->cmd("QUIT", 30);
	}
	for my $to (@all) {
		my ($name) = $to =~ /-(.*)/;

		wait_for("$to has come from $host", sub { came($host, $to) })
		    if grep { $_ eq $name } @arrive[0 .. 3];
		wait_for("$host says what becomes of $to", sub { said($server->log, $to) })
		    if $name ne "plain";
	}
	wait_for("all that is redirected", sub { came($host, "other") == 2 });
	$seen{$host}{$_} = [ came($host, $_) ] for @all, "other";
	$seen{$host}{"$_, said"} = [ said($server->log, $_) ] for @all;
}
for (sort keys %{ $seen{"mail.example.com"} }) {
	Weir::Beside::same($seen{"mail.example.com"}{$_},
	    $seen{"postfix.example.com"}{$_}, $_);
}
kill "TERM", @servers;
waitpid $_, 0 for @servers;
$both->finish;
