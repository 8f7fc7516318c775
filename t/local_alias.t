#!/usr/bin/perl
# The local agent by its options: whose rights commands and files have, where
# they may be named, owners of lists, mailbox commands and transports, what is
# refused, and what is hostile (rows 120, 130, 131, 132; seeds D-27, L-40 to
# L-51, P-004, P-005, P-022, P-031, P-032, P-037, P-050, P-054 to P-057, S-028,
# S-029, S-030, S-059, S-090, S-094, S-121, S-122, S-125, S-127, S-130, S-178).
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;
use Weir::Users;

my @users = qw(anna bert carl dora emil lists odd kurt);
my $why = Weir::Users::enter(@users);
plan skip_all => $why if $why;
my $d = Weir::Users::dir();

my $common = <<'EOT';
myorigin = example.com
mydestination = example.com
mail_spool_directory = $d/spool
local_recipient_maps =
recipient_delimiter = +
transport_maps = inline:{remote.example=discard:}
alias_maps = inline:{root=anna probe=$generation@remote.example} hash:$d/aliases hash:$d/listdir/lists
EOT
my $w = Weir->new(start => 0);

sub expand { return $_[0] =~ s/\$d\b/$d/gr }

sub table {
	my ($name, $text, $owner) = @_;

	Weir::Users::write_file("$d/$name", expand($text), 0644, $owner);
	my ($failed, $said) = $w->command("postalias", "hash:$d/$name");
	is "$failed$said", "0", "postalias $name";
	chown $owner, $owner, glob("$d/$name.*") if defined $owner;
}

# Another main.cf, taken over when it returns.  What the local role itself reads
# needs a restart: which generation's process runs a command cannot be seen.
my $generation = 0;

sub settings {
	my ($more) = @_;
	my $main = $common;

	$generation++;
	$main =~ s/^\Q$_\E =.*\n//m for $more =~ /^(\w+) *=/mg;
	$main =~ s/\$generation/g$generation/;
	$w->configure(main => expand($main . $more));
	$w->stop if $more =~ /^(default_privs|command_time_limit) =/m;
	if (!$w->{pid}) {
		$w->start;
		return;
	}
	my ($status, $said) = $w->command("reload");
	is $status, 0, "reload" or diag $said;
	# The role that delivers is another one when it has said so.
	ok $w->wait_for(sub {
		return outcome("probe") =~ /g$generation\@/;
	}, 60), "taken over" or diag $w->log;
}

# The log lines with the outcomes of a message to it, waiting for them.
sub outcome {
	my ($to, %arg) = @_;
	my $reply = $w->send_mail(to => "$to\@example.com",
	    from => 's@sender.example', data => "Subject: x\r\n\r\nbody\r\n",
	    %arg);
	my ($qid) = $reply =~ /queued as (\w+)/ or return $reply;

	my $said = $w->wait_for(sub { outcomes($qid) }, 60) // return "nothing";
	return $said if $said !~ /status=deferred/;
	# The parts of one that waits are said as each of them ends.
	$w->at_rest;
	return outcomes($qid);
}

sub outcomes {
	my ($qid) = @_;
	my $log = $w->log;
	my %mine = ($qid => 1);
	my @lines;

	# A message comes before what it is forwarded as.
	for (split /\n/, $log) {
		my ($id, $rest) = /\[\d+\]: (\w+): (to=.*)/ or next;
		next unless $mine{$id};
		$rest =~ s/delay=.*?, (?=dsn=)//;
		if ($rest =~ /forwarded as (\w+)/) {
			$mine{$1} = 1;
		} else {
			push @lines, $rest;
		}
	}
	for (keys %mine) {
		return undef
		    unless $log =~ /qmgr\[\d+\]: $_: removed|: $_: to=.*status=deferred/;
	}
	my %seen;
	return join "\n", sort grep { !$seen{$_}++ } @lines;
}

# What a command has left, once.
sub out {
	my $text = Weir::Users::read_file("$d/out/$_[0]");

	unlink "$d/out/$_[0]";
	return $text;
}

Weir::Users::write_file("$d/show", "exec >$d/out/\$1; id -u; id -g; id -G; umask; pwd; env; cat\n");
table("aliases", <<'EOT');
rootcmd: "|/bin/sh $d/show rootcmd"
rootfile: $d/out/rootfile
both: "|/bin/cat > $d/out/both", $d/out/bothfile, carl
incown: :include:$d/incown
incroot: :include:$d/incroot
incnest: :include:$d/incnest
incloop: :include:$d/incloop
list: anna@remote.example, bert
owner-list: dora@example.com, carl
outer: list, kurt
owner-outer: bert
inner: x@remote.example
hang: "|echo > $d/out/hangs; exec sleep 1000"
flood: "|yes | head -c 30000000; exit 75"
early: "|exec <&-; exit 0"
daemon: "|sleep 1000 & echo $! > $d/out/daemon.pid"
evil: "|/bin/sh $d/show evil $USER $EXTENSION"
many: :include:$d/many
fifo: $d/out/fifo
link: $d/out/link
dir: /etc/
notthere: :include:$d/out/nothing
notroot: :include:$d/secret
vmix: "|/bin/true", "|/bin/false", "|exit 75"
EOT
# Majordomo and Mailman have alias files of their own, whose owner runs their
# commands (I-45, I-48).
mkdir "$d/listdir";
chown((getpwnam "lists")[2, 3], "$d/listdir");
table("listdir/lists", <<'EOT', (getpwnam "lists")[2]);
majordomo: "|/bin/sh $d/show majordomo"
astronomy: :include:$d/astronomy
owner-astronomy: carl,
astronomy-request: "|/bin/sh $d/show request astronomy"
mailman: "|/bin/sh $d/show mailman post astronomy"
listinc: :include:$d/listsecret
EOT
my $uid = sub { (getpwnam $_[0])[2] };
my $put = \&Weir::Users::write_file;
$put->("$d/incown", "\"|/bin/sh $d/show incown\"\n$d/out/incownfile\n", 0644, $uid->("emil"));
$put->("$d/incroot", "\"|/bin/sh $d/show incroot\"\n", 0644);
$put->("$d/incnest", ":include:$d/incown\n", 0644);
$put->("$d/incloop", ":include:$d/incloop\ncarl\n", 0644);
$put->("$d/astronomy", "a\@remote.example\nb\@remote.example (B)\n", 0644);
$put->("$d/many", join("", map { "m$_\@remote.example\n" } 1 .. 2500), 0644);
$put->("$d/secret", "carl\n", 0600);
$put->("$d/listsecret", "carl\n", 0600, $uid->("emil"));
symlink "/etc/motd", "$d/out/link";
system("mkfifo", "$d/out/fifo");
chmod 0777, "$d/out/fifo";

settings("");
subtest "rights (S-028, L-47, 130)" => sub {
	my ($nobody, $nogroup) = (getpwnam "nobody")[2, 3];
	like outcome("rootcmd"), qr/status=sent \(delivered to command: /,
	    "root's alias";
	my $text = out("rootcmd");
	like $text, qr/\A$nobody\n$nogroup\n$nogroup\n0077\n/,
	    "is default_privs, and in no other group";
	unlike $text, qr/^(LD_|WEIR|HOME=|SHELL=)/m,
	    "nothing of ours in its environment";
	like outcome("rootfile"), qr/delivered to file: .*rootfile\)/, "a file";
	is((stat "$d/out/rootfile")[4], $nobody, "is default_privs'");
	outcome("majordomo");
	my $lists = $uid->("lists");
	$text = out("majordomo");
	like $text, qr/\A$lists\n$lists\n$lists\n/,
	    "S-127, S-130: another alias file's commands are its owner's";
	like $text, qr/^\Q$_\E$/m, "with $_"
	    for "HOME=$d/home/lists", "LOGNAME=majordomo", "SHELL=/bin/sh";
	like outcome("majordomo+x"), qr/sent/, "with an extension";
	like outcome("astronomy"),
	    qr/to=<a\@remote.*to=<b\@remote/s, "S-127: an include list";
	like outcome("listinc"), qr/dsn=5\.3\.5, status=bounced/,
	    "a user's alias file includes what he may read only";
};

subtest "where they may be named (S-029, S-030, N-24)" => sub {
	like outcome("incown"),
	    qr/5\.7\.1, status=bounced \(mail to command is restricted\)\n.*5\.7\.1, status=bounced \(mail to file is restricted\)/,
	    "not in :include: files";
	settings("allow_mail_to_commands = alias, forward, include\n" .
	    "allow_mail_to_files = include\n");
	my ($emil, $text) = $uid->("emil");
	like outcome("incown"), qr/delivered to command.*delivered to file/s,
	    "S-030: allowed";
	like out("incown"), qr/\A$emil\n$emil\n/, "as the owner of the file";
	is((stat "$d/out/incownfile")[4], $emil, "who owns what is written");
	outcome("incnest");
	like out("incown"), qr/\A$emil\n/, "through root's :include:, too";
	outcome("incroot");
	like out("incroot"), qr/\A65534\n/, "root's is default_privs";
	like outcome("rootfile"), qr/mail to file is restricted/,
	    "S-029: files in aliases are not";
	settings("allow_mail_to_commands =\nallow_mail_to_files =\n");
	like outcome("rootcmd"), qr/dsn=5\.7\.1, status=bounced \(mail to command is restricted\)/,
	    "S-029: neither are commands";
	settings("default_privs = carl\nlocal_command_shell = /bin/sh -ec\n" .
	    "command_execution_directory = /tmp\nprepend_delivered_header = file\n");
	outcome("rootcmd");
	my $carl = $uid->("carl");
	$text = out("rootcmd");
	like $text, qr/\A$carl\n$carl\n$carl\n0077\n\/tmp\n/,
	    "default_privs, command_execution_directory";
	unlike $text, qr/^Delivered-To/m, "prepend_delivered_header";
	settings("");
};

subtest "owners of lists (S-121, S-122, L-51, P-031, P-084)" => sub {
	my $from = sub {
		my ($to) = @_;
		outcome($to);
		my @all = $w->log =~ /qmgr\[\d+\]: \w+: from=<([^>]*)>, size=\d+, nrcpt/g;
		return $all[-1];
	};
	is $from->("list"), 'owner-list@example.com', "S-121: owner-list";
	outcome("outer");
	like $w->log, qr/from=<owner-outer\@example\.com>/,
	    "a list that has a list";
	settings("expand_owner_alias = yes\n");
	is $from->("outer"), 'bert@example.com', "S-122: expand_owner_alias"
	    or diag $w->log;
	settings("owner_request_special = no\n");
	is $from->("list"), 's@sender.example', "owner_request_special = no";
	settings("");
};

subtest "mailbox_command and transports (S-094, S-178, L-42)" => sub {
	Weir::Users::put("kurt", ".forward", "kurt, k\@remote.example\n");
	settings("mailbox_command = /bin/sh $d/show box-\"\$USER\" \"\$EXTENSION\"\n" .
	    "mailbox_command_maps = inline:{{bert=/bin/sh $d/show mapped}}\n");
	like outcome("anna+ext"), qr/delivered to command: \/bin\/sh/,
	    "mailbox_command";
	my $anna = $uid->("anna");
	my $text = out("box-anna");
	like $text, qr/\A$anna\n$anna\n$anna\n/, "as the user";
	like $text, qr/^EXTENSION=ext$/m, "with the extension";
	outcome("bert");
	like out("mapped"), qr/^LOGNAME=bert$/m, "S-178: mailbox_command_maps";
	settings("mailbox_command = /bin/false\n" .
	    "mailbox_transport = discard:boxes\n" .
	    "mailbox_transport_maps = inline:{bert=error:no_mail_for_bert}\n");
	like outcome("anna"), qr/to=<anna\@example\.com>, relay=none.*status=sent \(boxes\)/,
	    "S-178: mailbox_transport comes first";
	like outcome("bert"), qr/to=<bert.*status=bounced \(no_mail_for_bert\)/,
	    "mailbox_transport_maps";
	like outcome("root"), qr/to=<anna\@example\.com>, orig_to=<root\@example\.com>, relay=none.*sent \(boxes\)/,
	    "S-094: behind aliases";
	like outcome("kurt"), qr/to=<k\@remote.*\n.*to=<kurt.*sent \(boxes\)/,
	    "and .forward files";
	like outcome("nosuch"), qr/to=<nosuch.*sent \(boxes\)/,
	    "for names that are no users', too";
	settings("mailbox_transport = local\n");
	like outcome("anna"), qr/dsn=4\.3\.5, status=deferred/,
	    "not in a circle";
	settings("fallback_transport = discard:fallback\n" .
	    "fallback_transport_maps = inline:{other=discard:others}\n" .
	    "luser_relay = nobody-gets-it\@remote.example\n");
	like outcome("nosuch+x"), qr/to=<nosuch\+x\@.*sent \(fallback\)/,
	    "P-032: fallback_transport";
	like outcome("other"), qr/sent \(others\)/, "fallback_transport_maps";
	like outcome("carl"), qr/sent \(delivered to mailbox\)/, "not for users";
	settings("luser_relay = \$user+\$extension\@remote.example\n");
	like outcome("nosuch+x"), qr/to=<nosuch\+x\@remote\.example>/,
	    "S-059, P-050: luser_relay";
	settings("luser_relay = missing\n");
	like outcome("nosuch"), qr/dsn=5\.1\.1, status=bounced \(unknown user: "missing"\)/,
	    "that leads nowhere ends";
	settings("luser_relay = \$local\@example.com\n");
	like outcome("nosuch"), qr/unknown user: "nosuch"/, "so does a circle";
	settings("home_mailbox = Mail/\n");
	like outcome("carl"), qr/delivered to maildir/, "home_mailbox";
	settings("require_home_directory = yes\n");
	rmdir "$d/home/odd";
	like outcome("odd"), qr/dsn=4\.3\.0, status=deferred \(cannot access home directory \S+: No such file or directory\)/,
	    "require_home_directory";
	settings("");
	like outcome("odd"), qr/delivered to mailbox/, "not required";
};

subtest ".forward (S-090, L-41, P-037, 130)" => sub {
	my $try = sub {
		my ($to, $result, $name) = @_;
		like outcome($to), $result, $name;
	};
	settings("forward_path = \$home/.first, \$home/\${user}.\${extension}.fwd, $d/out/fwd.\$user\n");
	Weir::Users::put("dora", "dora.a_b.fwd", "with-ext\@remote.example\n");
	$try->("dora", qr/delivered to mailbox/, "none");
	$try->("dora+a#b", qr/to=<with-ext/, "forward_expansion_filter");
	$put->("$d/out/fwd.dora", "root\@remote.example\n", 0644);
	$try->("dora", qr/to=<root\@remote/, "S-090: the last place, root's");
	Weir::Users::put("dora", ".first", "first\@remote.example\n", 0660);
	$try->("dora", qr/to=<first\@/, "S-090: the first place, group-writable");
	chmod 0666, "$d/home/dora/.first";
	$try->("dora", qr/delivered to mailbox/, "world-writable");
	unlink "$d/home/dora/.first";
	$put->("$d/home/dora/.first", "x\@remote.example\n", 0644, $uid->("bert"));
	$try->("dora", qr/delivered to mailbox/, "somebody else's");
	unlink "$d/home/dora/.first";
	symlink "$d/out/fwd.dora", "$d/home/dora/.first";
	$try->("dora", qr/delivered to mailbox/, "a link");
	unlink "$d/home/dora/.first";
	system("mkfifo", "$d/home/dora/.first");
	$try->("dora", qr/delivered to mailbox/, "a FIFO is not waited for");
	unlink "$d/home/dora/.first";
	mkdir "$d/home/dora/.first";
	$try->("dora", qr/delivered to mailbox/, "a directory");
	rmdir "$d/home/dora/.first";
	Weir::Users::put("dora", ".first", "|\"/bin/sh $d/show dora\"\n");
	chown 0, 0, "$d/home/dora/.first";
	outcome("dora");
	my $dora = $uid->("dora");
	like out("dora"), qr/\A$dora\n$dora\n$dora\n/, "commands are the user's";
	Weir::Users::put("dora", ".first", "x" x 200000 . "\0\n\"unclosed\n(((((\n|\n/\n");
	ok outcome("dora") ne "nothing", "nonsense has an end";
	Weir::Users::put("dora", ".first", "/dev/null\n");
	$try->("dora", qr/delivered to file: \/dev\/null/, "/dev/null");
	settings("");
};

subtest "loops and long lists (120)" => sub {
	like outcome("incloop"), qr/to=<carl.*sent/, ":include: of itself";
	my $many = outcome("many");
	is scalar(() = $many =~ /status=sent/g), 2500,
	    "2500 members";
	is scalar(() = $w->log =~ /to=<many\@.*forwarded as/g), 3,
	    "in three messages";
	like outcome("notthere"), qr/dsn=5\.3\.5, status=bounced/,
	    "no such :include: file";
	like outcome("notroot"), qr/dsn=5\.3\.5, status=bounced \(mail system configuration error\)/,
	    "nothing is read as root";
	Weir::Users::put("emil", ".forward", "bert\n");
	Weir::Users::put("bert", ".forward", "emil\n");
	like outcome("emil"), qr/dsn=5\.4\.6, status=bounced \(mail forwarding loop for emil\@example\.com\)/,
	    "mutual .forward files";
	settings("prepend_delivered_header = command\n");
	like outcome("emil"), qr/dsn=5\.4\.0, status=bounced \(too many hops\)/,
	    "without Delivered-To: they end, too";
	settings("");
	unlink "$d/home/$_/.forward" for qw(emil bert);
};

subtest "a sender who wants to know (RFC 3461, 5.2.7.1)" => sub {
	my $c = $w->smtp;
	$c->cmd("EHLO x");
	$c->cmd('MAIL FROM:<odd@example.com>');
	$c->cmd('RCPT TO:<both@example.com> NOTIFY=SUCCESS ' .
	    'ORCPT=rfc822;somebody@else.example');
	$c->cmd("DATA");
	my $reply = $c->cmd("Subject: x\r\n\r\nx\r\n.");
	$c->cmd("QUIT");
	ok $w->wait_for(sub {
		Weir::Users::read_file("$d/spool/odd") =~ /^Action: expanded$/m
	}, 60), "the alias was expanded" or diag $reply, $w->log;
	my $text = Weir::Users::read_file("$d/spool/odd");
	like $text, qr/^Final-Recipient: rfc822; both\@example\.com\nOriginal-Recipient: rfc822;somebody\@else\.example\nAction: expanded\nStatus: 2\.0\.0\nDiagnostic-Code: X-\w+; delivery via local: alias expanded$/m,
	    "as Postfix says it";
	like $text, qr/^<both\@example\.com>: delivery via local: alias expanded$/m,
	    "in words";
};

subtest "parts of one alias (hostile 119)" => sub {
	my $text = outcome("vmix");
	like $text, qr/dsn=2\.0\.0, status=sent \(delivered to command: \/bin\/true\)/,
	    "one is done";
	like $text, qr/dsn=5\.3\.0, status=bounced \(Command died with status 1: "\/bin\/false"\)/,
	    "one bounces";
	like $text, qr/dsn=4\.3\.0, status=deferred \(temporary failure\)/,
	    "one waits";
	my $before = () = $w->log =~ /delivered to command: \/bin\/true/g;
	$w->advance(5000);
	ok $w->wait_for(sub {
		(() = $w->log =~ /deferred \(temporary failure\)/g) > 1
	}, 60), "and is tried again";
	is scalar(() = $w->log =~ /delivered to command: \/bin\/true/g), $before,
	    "alone";
};

subtest "hostile programs and files (130, 131)" => sub {
	settings("command_time_limit = 60s\n");
	my $reply = $w->send_mail(to => 'hang@example.com');
	ok $w->wait_for(sub { -s "$d/out/hangs" }, 60), "it hangs";
	$w->advance(70);
	ok $w->wait_log(qr/to=<hang\@.*dsn=5\.3\.0, status=bounced \(Command time limit exceeded: "echo > .*; exec sleep 1000"/, 60),
	    "command_time_limit";
	like outcome("flood"), qr/status=deferred \(temporary failure\. Command output: y y y/,
	    "much output";
	like outcome("early"), qr/status=sent/, "reads nothing";
	like outcome("daemon"), qr/status=sent/, "leaves a daemon behind";
	my $pid = out("daemon.pid");
	kill "KILL", $pid if $pid =~ /^\d+$/;
	outcome('evil+`touch${IFS}pwned`|id&x');
	like out("evil"), qr/^EXTENSION=_touch__ifs_pwned__id_x$/m,
	    "command_expansion_filter";
	like outcome("fifo"), qr/dsn=5\.2\.0, status=bounced/, "a FIFO";
	like outcome("link"), qr/dsn=4\.2\.0, status=deferred \(cannot append message to file \S+: destination .* is a symbolic link\)/,
	    "a link";
	like outcome("dir"), qr/status=(?:deferred|bounced)/, "root's directory";
	like outcome($_), qr/status=bounced|^5/, "recipient $_ (132)"
	    for "../../etc/x", "user/../../root", "-f", "x+../y";
	settings("");
};

is $w->stop, 0, "stops";
is $w->complaints, "", "no sanitizer complains";
done_testing;
