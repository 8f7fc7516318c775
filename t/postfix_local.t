#!/usr/bin/perl
# Local delivery beside Debian's Postfix: both get the same aliases, users and
# mail; what they log of each message, and all that is in mailboxes and files
# afterwards, is the same.  Where one recipient stands for several, Weir gives
# each a message of its own: its "forwarded as" lines are not compared.
# Mailman's aliases are of Debian's shape, and run a stub that is set-group-id
# as its wrapper is.
# Seeds L-40 to L-44, L-51, S-027, S-031, S-059, S-089, S-120 to S-124, S-130,
# I-48.
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
my @users = qw(anna bert carl dora emil fritz gina hugo ida jan kurt lea mailman);
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
fold: X@remote.example, x@REMOTE.example, x@remote.example, Carl, carl@Example.com
submitted: "|env | grep -v ^PWD | sort > $d/out/submitted; cat >> $d/out/submitted"
"q r": "|env | grep -v ^PWD | sort > $d/out/quoted"
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

# A list as newlist(1) prints it, for an alias file.
sub mailman {
	my ($list) = @_;

	return join "", map { sprintf "%-24s\"|%s %s %s\"\n", "$list" .
		($_ eq "post" ? "" : "-$_") . ":",
		'$d/mailman/mail/mailman', $_, $list }
	    qw(post admin bounces confirm join leave owner request subscribe
	    unsubscribe);
}

# What stands for Mailman's wrapper: it says what it sees, and ends as its list
# is called.  It is set-group-id by its interpreter, which is a copy of perl.
my $wrapper = <<'EOT';
#!$d/mailman/perl -T
use strict;
use POSIX ();
my ($verb, $list) = @ARGV;
my ($how) = $list =~ /^(?:exit|talk)(\d+)\z/;
($list) = $list =~ /^(\w+)\z/ or exit 2;
($verb) = $verb =~ /^(\w+)\z/ or exit 2;
exit 0 if $list eq "deaf";
kill "TERM", $$ if $list eq "killed";
my $text = join "", <STDIN>;
my @fds = grep { -e "/proc/self/fd/$_" } 0 .. 99;
umask 022;
open my $f, ">>", "$d/out/$list-$verb" or die;
print $f "argv: @ARGV\n", "uid $< $> gid ", POSIX::getgid(), " ",
    POSIX::getegid(), " groups ", join(" ", POSIX::getgroups()), "\n",
    "cwd ", POSIX::getcwd(), " in ", -p STDIN ? "pipe" : "other",
    " descriptors @fds\n",
    (map { +"$_=$ENV{$_}\n" } grep { $_ ne "PWD" } sort keys %ENV), $text;
close $f;
print "4.2.2 Over ", "long " x 200 if $list eq "talk1";
print "No\tsuch \001list\nin two\r\nl\xc3\xa4nes \xff\177\n" if $list eq "talk67";
print STDERR "and on stderr" if $list eq "talk75";
exit($how // 0);
EOT
my @ends = qw(exit1 exit2 exit64 exit65 exit66 exit67 exit68 exit69 exit70
    exit71 exit72 exit73 exit74 exit75 exit76 exit77 exit78 exit79 exit100
    exit111 exit126 exit127 exit255 talk0 talk1 talk67 talk75 deaf killed);

# All of the second table is the list manager's, and so are its commands.
my @tables = ("aliases", "mailman/aliases");
sub own_mailman {
	my ($uid, $gid) = (getpwnam "mailman")[2, 3];

	chown $uid, $gid, "$d/mailman", glob("$d/mailman/aliases*");
}

sub install_mailman {
	my $of_list = (getpwnam "mailman")[3];

	mkdir "$d/mailman";
	mkdir "$d/mailman/mail";
	system("cp", "/usr/bin/perl", "$d/mailman/perl");
	chown 0, $of_list, "$d/mailman/perl";
	chmod 02755, "$d/mailman/perl";
	Weir::Users::write_file("$d/mailman/mail/mailman",
	    $wrapper =~ s/\$d\b/$d/gr, 0755);
}

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
	install_mailman();
}

$aliases .= mailman($_) for "astronomy";
$aliases .= join "", map { qq($_: "|\$d/mailman/mail/mailman post $_"\n) } @ends;

my @to = qw(two one remote mix owned ownedcmd ownedin incl inclcmd env true
    bad1 bad2 bad3 bad4 bad5 bad6 bad7 null maild self selfuser loopa nf noinc
    relinc worldinc empty partly nested pct quoted withext echo1 execfile dupl
    anna emil fritz fritz+ext gina hugo jan dora kurt kurt+x kurt+y
    nobodyknows postmaster root request-x+y Two+foo One carl+a/b fold
    astronomy-admin astronomy-bounces+u=remote.example astronomy-join
    cosmos-request cosmos-confirm+0123abc);

# What a command is told of where its mail is from: to => [XCLIENT's attributes,
# sender, MAIL's parameters, RCPT's, HELO's name].
my %told = (
	"astronomy" => ["NAME=mail.remote.example ADDR=192.0.2.7 LOGIN=joe",
	    'anna+x@sender.example', "ENVID=QQ314159", "ORCPT=rfc822;first\@remote.example"],
	"astronomy-owner" => ["NAME=[UNAVAILABLE] ADDR=192.0.2.8", ""],
	"astronomy-leave" => ["ADDR=192.0.2.9", '"odd ;$(id)"@sender.example',
	    undef, undef, '$(id)`id`;x'],
	'"q r+s t"' => [""],
	"cosmos+ext" => ["", 'not-local'],
	"cosmos-leave" => ["LOGIN=a+20b\"\$;", 's@sender.example', "",
	    "ORCPT=x400;c+3Dus NOTIFY=failure"],
);

push @to, @ends, sort keys %told;

my $main = <<'EOT';
myorigin = example.com
mydestination = example.com, localhost
mail_spool_directory = $d/spool
local_recipient_maps =
recipient_delimiter = +
transport_maps = inline:{remote.example=discard:, sender.example=discard:}
local_destination_concurrency_limit = 20
smtpd_authorized_xclient_hosts = 127.0.0.1
smtpd_sasl_authenticated_header = yes
alias_maps = hash:$d/aliases hash:$d/mailman/aliases
EOT

# A message to each recipient, all over when it returns; { recipient => queue
# id }.
sub send_all {
	my ($port, $log, $sendmail, @to) = @_;
	my %id;
	my $text = "Subject: local\nFrom: <me\@x.example>\nDate: d\n" .
	    "Message-Id: <m>\n\ntext\n";

	$sendmail->($text, "-f", "", 'submitted@example.com');
	Weir::wait_for(undef, sub {
		return ($id{submitted}) = $log->() =~ /pickup\[\d+\]: (\w+): uid=/;
	}, 60) or diag "not submitted";

	for my $to (@to) {
		my ($xclient, $from, $mail, $rcpt, $helo) = @{ $told{$to} // [] };
		my $c = Weir::Client->new($port);
		$c->cmd("EHLO client.example.net") if $xclient;
		$c->cmd("XCLIENT $xclient") if $xclient;
		my $reply = $c->deliver(to => "$to\@example.com",
		    from => $from // 's@sender.example', helo => $helo,
		    mail => $mail && " $mail", rcpt => $rcpt && " $rcpt",
		    data => "Subject: to $to\r\nFrom: <me\@x.example>\r\nDate: d\r\n" .
			"Message-Id: <m>\r\n\r\nFrom here\r\n.\r\n");
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
		$text =~ s/^(cwd ).* in /$1/m;
		# Postfix 3.9 tells it, Debian's does not.
		$text =~ s/^ENVID=QQ314159\n//m;
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
	Weir::Users::write_file("$d/mailman/aliases",
	    mailman("cosmos") =~ s/\$d\b/$d/gr);
	system("postalias", "hash:$d/$_") for @tables;
	own_mailman();
	my $p = Weir::Postfix->start("$d/postfix", port => 11999,
	    main => $main =~ s/\$d\b/$d/gr);
	%their_id = send_all(11999, sub { $p->log }, sub {
		my ($text, @args) = @_;
		open my $f, "|-", "/usr/sbin/sendmail", "-C", "$d/postfix/etc",
		    @args or die;
		print $f $text;
		close $f or diag "sendmail: $?";
	}, @to);
	$their_log = $p->log;
	%their_files = files();
	$p->stop;
	unlink map { "$d/$_.db" } @tables;
}

install();
my $w = Weir->new(start => 0,
    master => "pickup unix n - n 60 1 pickup\n",
    main => "myhostname = postfix.example.com\n" .
    $main =~ s/\$d\b/$d/gr);
my ($failed, $said) = $w->command("postalias", map { "hash:$d/$_" } @tables);
is "$failed$said", "0", "postalias";
own_mailman();
$w->start;
my %id = send_all($w->{port}, sub { $w->log },
    sub { $w->sendmail(@_) }, @to);
push @to, "submitted";
my $log = $w->log;
my %files = files();
Weir::Users::write_file("$ENV{KEEP_LOG}", $log) if $ENV{KEEP_LOG};
s/\Q$d\E/\$d/g for $log, $their_log;

is fate($log, $id{$_}), fate($their_log, $their_id{$_}), $_ for @to;
is warnings($log), warnings($their_log), "warnings";
is join(" ", sort keys %files), join(" ", sort keys %their_files), "files";
is $files{$_}, $their_files{$_}, $_ for sort keys %their_files;
my $group = (getpwnam "mailman")[3];
like $their_files{"/out/astronomy-post"}, qr/ gid \d+ $group groups/,
    "Mailman's wrapper is set-group-id";
is $w->stop, 0, "stops";
is $w->complaints, "", "no sanitizer complains";
done_testing;
