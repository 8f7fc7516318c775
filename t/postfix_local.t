#!/usr/bin/perl
# Local delivery beside Debian's Postfix: both get the same aliases, users and
# mail; what they log of each message, and all that is in mailboxes and files
# afterwards, is the same.  Where one recipient stands for several, Weir gives
# each a message of its own: its "forwarded as" lines are not compared.
# Seeds L-40 to L-44, L-51, S-027, S-031, S-059, S-089, S-120 to S-124.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Time::HiRes qw(sleep time);
use Weir;
use Weir::Client;
use Weir::Postfix;
use Weir::Users;

plan skip_all => "no Postfix" if !-x "/usr/sbin/postfix";
my @users = qw(anna bert carl dora emil fritz gina hugo ida jan kurt lea);
my $why = Weir::Users::enter(@users);
plan skip_all => $why if $why;
my $d = Weir::Users::dir();

my $aliases = <<'A';
two: anna, bert
one: Carl
remote: x@remote.example
mix: dora, y@remote.example, "|cat >> $d/out/mix", $d/out/mixfile
owned: anna, z@remote.example
owner-owned: bert@example.com
ownedcmd: "|cat >> $d/out/owned"
owner-ownedcmd: bert@example.com
ownedin: owned, carl
incl: :include:$d/incl
inclcmd: :include:$d/inclcmd
inclnone: :include:$d/inclnone
env: "|env | grep -v ^PWD | sort > $d/out/env; cat >> $d/out/env; id >> $d/out/env"
true: |/bin/true
bad1: |/bin/false
bad2: "|exit 75"
bad3: "|echo hello; exit 67"
bad4: "|echo 4.2.2 over quota; exit 1"
bad5: "|exec kill -9 $$"
bad6: "|exit 99"
bad7: "|echo 5.7.99 not you; exit 75"
null: /dev/null
maild: $d/out/Maildir/
self: self
selfuser: kurt
loopa: loopb
loopb: loopa
nf: /no/such/dir/file
noinc: :include:/no/such
relinc: :include:foo
worldinc: :include:$d/worldinc
empty: ,
partly: nosuchuser, anna
nested: one, incl2
incl2: "|/bin/cat > $d/out/incl2"
pct: anna%remote.example
quoted: "|/bin/echo a b" , <jan@remote.example>, Foo Bar <ida2@remote.example>, (comment) k@remote.example
withext: jan+zz
echo1: "|/bin/echo hello there"
execfile: $d/out/executable
dupl: carl, carl, Carl, one
postmaster: root
root: lea
request-x+y: carl
A
my %forward = (anna => "\\anna, anna2\@remote.example\n",
	dora => "# nothing\n\n",
	emil => ["emil2\@remote.example\n", 0666],
	fritz => "|\"exec >> \$d/out/fritz\${EXTENSION}; env | grep -v ^PWD | sort; id; cat\"\n",
	gina => "\"|/bin/false\"\n/no/such/file\ngina\n",
	hugo => "ida\n", ida => "hugo\n",
	jan => [":include:\$d/home/jan/list\n", 0600],
	kurt => "kurt, \$d/out/kurtfile\n",
	"kurt+x" => "carl\n");

sub install {
	Weir::Users::clean();
	for my $key (keys %forward) {
		my ($user, $ext) = $key =~ /^(\w+)(.*)/;
		my ($text, $mode) = ref $forward{$key} ? @{ $forward{$key} }
		    : $forward{$key};
		$text =~ s/\$d\b/$d/g;
		Weir::Users::put($user, ".forward$ext", $text, $mode);
	}
	Weir::Users::put("jan", "list", "carl\nj\@remote.example\n", 0600);
	Weir::Users::write_file("$d/incl",
	    "# comment\nlea, i\@remote.example\nida\@example.com\n");
	Weir::Users::write_file("$d/inclcmd", "|cat\n/tmp/x\n");
	Weir::Users::write_file("$d/inclnone", "# nobody\n");
	Weir::Users::write_file("$d/worldinc", "carl\n", 0666);
	Weir::Users::write_file("$d/out/executable", "", 0777);
}

my @to = qw(two one remote mix owned ownedcmd ownedin incl inclcmd env true
    bad1 bad2 bad3 bad4 bad5 bad6 bad7 null maild self selfuser loopa nf noinc
    relinc worldinc empty partly nested pct quoted withext echo1 execfile dupl
    anna emil fritz fritz+ext gina hugo jan dora kurt kurt+x kurt+y
    nobodyknows postmaster root request-x+y Two+foo One carl+a/b);

my $main = <<'EOT';
myorigin = example.com
mydestination = example.com, localhost
mail_spool_directory = $d/spool
local_recipient_maps =
recipient_delimiter = +
transport_maps = inline:{remote.example=discard:, sender.example=discard:}
local_destination_concurrency_limit = 20
EOT

# A message to each recipient, all over when it returns; { recipient => queue
# id }.
sub send_all {
	my ($port, $log, @to) = @_;
	my %id;

	for my $to (@to) {
		my $c = Weir::Client->new($port);
		my $reply = $c->deliver(to => "$to\@example.com",
		    from => 's@sender.example',
		    data => "Subject: to $to\r\n\r\nFrom here\r\n.\r\n");
		($id{$to}) = $reply =~ /queued as (\w+)/ or diag "$to: $reply";
		$c->cmd("QUIT");
	}
	my $over = sub {
		my $text = $log->();
		my %open = map { $_ => 1 } values %id;
		$open{$1} = 1 while $text =~ /qmgr\[\d+\]: (\w+): from=/g;
		delete $open{$1}
		    while $text =~ /qmgr\[\d+\]: (\w+): removed/g;
		delete $open{$1} while $text =~ /: (\w+): .*status=deferred/g;
		return !%open;
	};
	Weir::wait_for(undef, $over, 60) or diag "not over";
	return %id;
}

# What became of each message, and of those that came from it.
sub fate {
	my ($text, $id) = @_;
	my (%child, @line);

	for (split /\n/, $text) {
		my ($qid, $line) = /(?:local|discard)\[\d+\]: (\w+): (to=.*)/
		    or next;
		$line =~ s/delay=.*?, (?=dsn=)//;
		push @{ $child{$qid} }, $1
		    if $line =~ /status=sent \(forwarded as (\w+)\)/;
		push @line, [$qid, $line];
	}
	my %of = ($id => 1);
	my @more = ($id);
	while (defined(my $one = shift @more)) {
		push @more, grep { !$of{$_}++ } @{ $child{$one} || [] };
	}
	my %seen;
	return join "\n", sort grep { !$seen{$_}++ && !/forwarded as/ }
	    map { $_->[1] } grep { $of{ $_->[0] } } @line;
}

# All files, but for what is never the same.
sub files {
	my %text;

	for my $path (glob("$d/spool/* $d/out/* $d/out/Maildir/new/*")) {
		next if -d $path;
		my $text = Weir::Users::read_file($path);
		my ($uid, $mode) = (stat $path)[4, 2];
		$text =~ s/Weir/Postfix/g;
		$text =~ s/weir/postfix/g;
		$text =~ s/\w{3}, [ \d]\d \w{3} \d{4} [\d:]+ \+0000 \(UTC\)/DATE/g;
		$text =~ s/^(From \S+  ?).*/$1DATE/mg;
		$text =~ s/\bid [0-9A-F]{6,}\b/id QID/g;
		$text =~ s/<\d{14}\.[0-9A-F]+/<TIME.QID/g;
		$text =~ s/^(MAIL_CONFIG)=.*/$1/m;
		# The order of messages in a file is not ours to say.
		$text = join "", sort split /(?<=\n)(?=From \S+  ?DATE$)/m, $text;
		my $name = $path =~ s/^\Q$d\E//r =~ s{(Maildir/new)/.*}{$1}r;
		$text{$name} .= sprintf("uid %d mode %o\n", $uid, $mode) . $text;
	}
	return %text;
}

sub warnings {
	my ($text) = @_;
	my %seen;

	return join "\n", sort grep { !$seen{$_}++ }
	    map { /local\[\d+\]: (?:\w+: )?(warning: .*)/ ? $1 =~ s/: [0-9A-F]{6,}:/: QID:/r : () }
	    split /\n/, $text;
}

my ($their_log, %their_id, %their_files);
{
	install();
	Weir::Users::write_file("$d/aliases", $aliases =~ s/\$d\b/$d/gr);
	system("postalias hash:$d/aliases");
	my $p = Weir::Postfix->start("$d/postfix", port => 11999, main =>
	    "alias_maps = hash:$d/aliases\n" . $main =~ s/\$d\b/$d/gr);
	%their_id = send_all(11999, sub { $p->log }, @to);
	$their_log = $p->log;
	%their_files = files();
	$p->stop;
	unlink "$d/aliases.db";
}

install();
my $w = Weir->new(start => 0, main => "myhostname = postfix.example.com\n" .
    "alias_maps = hash:$d/aliases\n" . $main =~ s/\$d\b/$d/gr);
my ($failed, $said) = $w->command("postalias", "hash:$d/aliases");
is "$failed$said", "0", "postalias";
$w->start;
my %id = send_all($w->{port}, sub { $w->log }, @to);
my $log = $w->log;
my %files = files();
Weir::Users::write_file("$ENV{KEEP_LOG}", $log) if $ENV{KEEP_LOG};
s/\Q$d\E/\$d/g for $log, $their_log;

is fate($log, $id{$_}), fate($their_log, $their_id{$_}), $_ for @to;
is warnings($log), warnings($their_log), "warnings";
is join(" ", sort keys %files), join(" ", sort keys %their_files), "files";
is $files{$_}, $their_files{$_}, $_ for sort keys %their_files;
is $w->stop, 0, "stops";
is $w->complaints, "", "no sanitizer complains";
done_testing;
