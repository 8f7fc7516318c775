#!/usr/bin/perl
# What milters change, in the 62 cases of Postfix's own tests (../shared/
# conformance/milter_cases.json): each message enters by SMTP, a milter asks
# for the changes at its end, and what is queued is compared.
#
# The cases were made for Postfix's queue files, so some of them are played in a
# way that comes to the same: a body that is replaced several times, by as many
# milters; a message that is rejected has not been queued, whatever was changed
# in it before.
use strict;
use warnings;

use lib "t/lib";
use JSON::PP;
use Test::More;
use Weir;
use Weir::Milter;

my $file = ($ENV{WEIR_SHARED} // "../shared") .
    "/conformance/milter_cases.json";
plan skip_all => "62 cases: no ../shared/conformance here" unless -e $file;

my $cases = decode_json(Weir::read_file($file));
my $w = Weir->new(start => 0);
my $master = "";

# The packets of the milters of a case.
sub packets {
	my ($case) = @_;
	my @milters = ([]);
	my $bodies = 0;

	for (@{ $case->{ops} }) {
		my $p = $milters[-1];
		if (/^add_header (\S+) (.*)/s) {
			push @$p, "h$1\0$2\0";
		} elsif (/^ins_header (\d+) (\S+) (.*)/s) {
			push @$p, "i" . pack("N", $1 - 1) . "$2\0$3\0";
		} elsif (/^upd_header (\d+) (\S+) (.*)/s) {
			push @$p, "m" . pack("N", $1) . "$2\0$3\0";
		} elsif (/^del_header (\d+) (\S+)/) {
			push @$p, "m" . pack("N", $1) . "$2\0\0";
		} elsif (/^add_rcpt (\S+)/) {
			push @$p, "+$1\0";
		} elsif (/^add_rcpt_par (\S+) (.*)/) {
			push @$p, "2$1\0$2\0";
		} elsif (/^del_rcpt (\S+)/) {
			push @$p, "-$1\0";
		} elsif (/^chg_from (\S+) (?:\{ (.*) \}|(.*))/) {
			push @$p, "e$1\0" . ($2 // $3) . "\0";
		} elsif (/^replbody (\S+)/) {
			push @milters, $p = [] if $bodies++;
			my $text = $case->{files}{$1};
			$text =~ s/\n/\r\n/g;
			push @$p, "b$1" while $text =~ s/^(.{1,60000})//s;
		} elsif (/^header_checks regexp:(\S+)/) {
			$case->{checks} = $case->{files}{$1};
		} elsif (/^sender_bcc_maps static:(\S+)/) {
			$case->{bcc} = $1;
		} elsif (!/^enable_original_recipient/) {
			die "what is $_?";
		}
	}
	return @milters;
}

# Our own Received: is what Postfix's was; alone, as a mark.
sub without_received {
	my ($text, $mark) = @_;

	$text =~ s/^Received: .*\n(?:[ \t].*\n)*/$mark/m;
	return $text;
}

sub lines { return join "", map { "$_\n" } @{ $_[0]{message} } }

# What stands above our own Received: came by PREPEND in an access table.
sub prepended {
	my ($case) = @_;

	return $case->{before}{message}[0] =~ /^(?!Received)(Header-Label: .*)/
	    ? $1 : undef;
}

my @all;
for my $i (0 .. $#$cases) {
	my $case = $cases->[$i];
	my @milters = packets($case);
	my @paths = map { "$w->{dir}/m$i.$_" } 0 .. $#milters;

	$master .= "127.0.0.1:\${port:c$i} inet n - n - - smtpd\n  -o {smtpd_milters = " .
	    join(", ", map { "unix:$_" } @paths) . "}\n";
	$master .= "  -o sender_bcc_maps=static:$case->{bcc}\n" if $case->{bcc};
	$master .= "  -o {smtpd_sender_restrictions = check_sender_access " .
	    "static:{PREPEND $_}}\n" for grep { defined } prepended($case);
	if ($case->{checks}) {
		$w->write_file("checks$i", $case->{checks});
		$master .= "  -o milter_header_checks=regexp:$w->{dir}/etc/checks$i\n";
	}
	for my $k (0 .. $#milters) {
		my @answer = (@{ $milters[$k] }, "c");
		my $path = $paths[$k];

		$w->peer(sub { Weir::Milter::serve($path, "$w->{dir}/heard",
		    answers => { E => \@answer }) });
		push @all, $path;
	}
}
$w->wait_for(sub { !grep { !-S } @all }, 30);
$w->configure(main => <<'EOT', master => $w->expand($master));
local_header_rewrite_clients =
append_at_myorigin = no
append_dot_mydomain = no
virtual_alias_domains =
virtual_alias_maps = inline:{{alias@hades.porcupine.org=wietse@porcupine.org,root@porcupine.org}}
smtpd_recipient_restrictions = check_recipient_access static:HOLD
smtpd_client_connection_count_limit = 0
EOT
$w->start;

# Whom the message was for: two are what an alias of the first one stood for.
sub recipients {
	my ($before) = @_;
	my @to = @{ $before->{rcpts} };

	return @to unless "@to" =~ / root\@porcupine\.org$/;
	return ($to[0], "alias\@hades.porcupine.org");
}

sub play {
	my ($i, $case) = @_;
	my ($before, $after) = @$case{"before", "after"};
	my $checks = $case->{checks} || "";
	my $data = without_received(lines($before), "");
	my $above = prepended($case);
	my @to = recipients($before);
	my @want = @{ $after->{rcpts} };

	$data =~ s/^\Q$above\E\n// if defined $above;
	$data =~ s/\n/\r\n/g;
	my $reply = $w->send_mail(port => $w->port("c$i"), data => $data,
	    from => $before->{sender}, to => \@to);
	my ($rejects) = $checks =~ m{/(.*?)/ *reject}i;
	if (defined $rejects && "@{ $case->{ops} }" =~ /header.* $rejects/) {
		like $reply, qr/^550 5\.7\.1 (message content rejected|whatever)$/,
		    "rejected";
		return;
	}
	like $reply, qr/^250 2\.0\.0 Ok: queued as \w+$/, "taken" or return;
	my ($id) = $reply =~ /(\w+)$/;
	my ($status, $text) = $w->command("postcat", "-q", $id);
	if ($checks =~ /discard/i) {
		unlike $text, qr/MESSAGE CONTENTS/, "not queued";
		return;
	}
	@want = ($1) if $checks =~ m{redirect (\S+)}i;
	my ($content) = $text =~ /^\*\*\* MESSAGE CONTENTS [^\n]*\n(.*?)^\*\*\* HEADER EXTRACTED/ms;
	is without_received($content // $text, "OWN\n"),
	    without_received(lines($after), "OWN\n"), "the message";
	my ($sender) = $text =~ /^sender: (.*)/m;
	is $sender, $after->{sender}, "the sender";
	is_deeply [sort $text =~ /^recipient: (.*)/mg], [sort @want],
	    "the recipients";
}

for my $i (0 .. $#$cases) {
	subtest "$cases->[$i]{script}" => sub { play($i, $cases->[$i]) };
}
is scalar(@$cases), 62, "all cases";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
