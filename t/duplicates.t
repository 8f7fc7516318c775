#!/usr/bin/perl
# duplicate_filter_limit: what aliases name twice, and who is named twice in one
# message, beside Debian's Postfix.  Letters' case does not matter, not even in
# commands and files.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Client;
use Weir::Postfix;
use Weir::Users;

plan skip_all => "no Postfix" if !-x "/usr/sbin/postfix";
my $why = Weir::Users::enter(qw(anna));
plan skip_all => $why if $why;
my $d = Weir::Users::dir();

my $aliases = <<"EOT";
few: a\@remote.example, b\@remote.example, A\@Remote.example, b\@remote.example
over: a\@remote.example, b\@remote.example, c\@remote.example, d\@remote.example,
 e\@remote.example, A\@remote.example, e\@remote.example, E\@remote.example
case: "|echo a >>$d/out/command", "|echo A >>$d/out/command",
 $d/out/file, $d/out/FILE, ":include:$d/members", ":include:$d/MEMBERS"
commands: "|echo 1 >>$d/out/command", "|echo 2 >>$d/out/command",
 "|echo 3 >>$d/out/command", "|echo 4 >>$d/out/command",
 "|echo 5 >>$d/out/command", "|echo 1 >>$d/out/command",
 "|echo 5 >>$d/out/command", "|echo 5 >>$d/out/command"
EOT
my $virtual = <<'EOT';
/^v@/ x1@remote.example, x2@remote.example, X1@remote.example
EOT
my $main = <<"EOT";
myhostname = mail.example.com
myorigin = example.com
mydestination = example.com
local_recipient_maps =
relay_domains = remote.example
relay_recipient_maps =
mail_spool_directory = $d/spool
alias_maps = hash:$d/aliases
virtual_alias_maps = pcre:$d/virtual
virtual_alias_domains = virtual.example
transport_maps = inline:{remote.example=discard:}
EOT

sub install {
	Weir::Users::clean();
	Weir::Users::write_file("$d/aliases", $aliases);
	Weir::Users::write_file("$d/virtual", $virtual);
	Weir::Users::write_file("$d/members", "m\@remote.example\n");
	Weir::Users::write_file("$d/MEMBERS", "n\@remote.example\n");
}

my @remote = map { "r$_\@remote.example" } 1 .. 6;
my @mail = (
	['few@example.com'], ['over@example.com'], ['case@example.com'],
	['commands@example.com'], ['v@virtual.example'],
	['v@virtual.example', 'x1@remote.example', 'v@virtual.example'],
	[@remote, 'R1@remote.example', @remote, 'r6@remote.example'],
);

# What each message has come to.
sub outcome {
	my ($port, $log) = @_;
	my @all;

	for my $to (@mail) {
		my $seen = length $log->();
		my $c = Weir::Client->new($port);
		my $reply = $c->deliver(to => $to, from => 's@remote.example');

		$c->cmd("QUIT");
		my ($id) = $reply =~ /queued as (\w+)/ or diag "@$to: $reply";
		my $new;
		Weir::wait_for(undef, sub {
			$new = substr $log->(), $seen;
			return $new =~ /qmgr\[\d+\]: \Q$id\E: removed/ &&
			    $new !~ /qmgr\[\d+\]: (\w+): from=(?!.*qmgr\[\d+\]: \1: removed)/s;
		}, 60) or diag "@$to: not over";
		push @all, [sort map { lc }
		    $new =~ /discard\[\d+\]: \w+: to=<([^>]*)>/g];
		for my $file (sort glob "$d/out/*") {
			my $text = Weir::Users::read_file($file);
			my $name = $file =~ s{.*/}{}r;

			$text = ($text =~ /^From /m) x 1 if $name =~ /file/i;
			push @{ $all[-1] }, "$name: " .
			    join " ", sort split /\n/, $text;
			unlink $file;
		}
	}
	return \@all;
}

my %theirs;
my @limits = (1000, 3, 0);
{
	install();
	system("postalias", "hash:$d/aliases");
	my $p = Weir::Postfix->start("$d/postfix", port => 11998, main => $main);

	for my $limit (@limits) {
		system("postconf -c $d/postfix/etc -e duplicate_filter_limit=$limit");
		system("postfix -c $d/postfix/etc reload 2>/dev/null");
		$theirs{$limit} = outcome(11998, sub { $p->log });
	}
	$p->stop;
	unlink "$d/aliases.db";
}

install();
my $w = Weir->new(start => 0, main => $main);
$w->command("postalias", "hash:$d/aliases");
$w->start;
for my $limit (@limits) {
	$w->reconfigure(main => "${main}duplicate_filter_limit = $limit\n");
	my $ours = outcome($w->{port}, sub { $w->log });

	for my $i (0 .. $#mail) {
		is_deeply $ours->[$i], $theirs{$limit}[$i],
		    "limit $limit: @{ $mail[$i] }" or
		    diag "ours: @{ $ours->[$i] }\ntheirs: @{ $theirs{$limit}[$i] }";
	}
}

# What is not remembered has an end all the same: a file that includes itself,
# aliases that double.  (Postfix is not asked.)
Weir::Users::write_file("$d/self", ":include:$d/self\n");
Weir::Users::write_file("$d/aliases", "self: :include:$d/self\n" .
    join "", map { my $n = $_ + 1; "d$_: d$n, D$n\n" } 0 .. 60);
$w->reconfigure(main => "${main}duplicate_filter_limit = 1\n");
is +($w->command("postalias", "hash:$d/aliases"))[0], 0, "aliases that double";
$w->send_mail(to => 'self@example.com');
like $w->wait_log(qr/to=<self\@example\.com>.*(status=\w+ .*)/, 60),
    qr/^status=bounced \(mail system configuration error\)/,
    "a file that includes itself";
$w->send_mail(to => 'd0@example.com');
like $w->wait_log(qr/to=<d0\@example\.com>.*(status=\w+ .*)/, 100),
    qr/^status=deferred \(alias expansion exceeds the limit\)/,
    "aliases that name two others, and so on";

done_testing;
