#!/usr/bin/perl
# weir postconf: the same output, messages, status and edited files as
# Postfix's, where Postfix is installed; and what is our own.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Temp qw(tempdir);
use Test::More;
use Time::HiRes qw(usleep);

my $weir = abs_path(($ENV{OUT} || "build/debug") . "/bin/weir");
my $top = tempdir("weir-postconf-XXXXXX", TMPDIR => 1, CLEANUP => 1);
chmod 0755, $top;
my $dir = "$top/cf"; # of both: their messages name it
my $postfix = -x "/usr/sbin/postconf";

sub slurp {
	my ($path) = @_;
	open my $f, "<", $path or return undef;
	local $/;
	return scalar <$f> // "";
}

sub spew {
	my ($path, $text) = @_;
	open my $f, ">", $path or die "$path: $!";
	print $f $text;
	close $f;
}

my ($main, $master);
sub fresh {
	mkdir $dir;
	unlink glob "$dir/*";
	spew "$dir/main.cf", $main;
	spew "$dir/master.cf", $master if defined $master;
}

# Output, messages and status of a command.
sub run {
	my (@command) = @_;
	my $pid = fork // die;
	if ($pid == 0) {
		open STDIN, "<", "/dev/null" or die;
		open STDOUT, ">", "$top/out" or die;
		open STDERR, ">", "$top/err" or die;
		exec @command;
		die;
	}
	waitpid $pid, 0;
	return (slurp("$top/out"), slurp("$top/err"), $? >> 8);
}

sub ours { run($weir, "postconf", "-c", $dir, @_) }

# The same of both.  A Postfix that complains sleeps a second, so many of them
# do so at the same time, each in its own directory.
my ($same, $skipped, $n) = (0, 0, 0);
my %running;

sub start {
	my ($cf, @command) = @_;
	mkdir $cf;
	spew "$cf/main.cf", $main;
	spew "$cf/master.cf", $master if defined $master;
	my $pid = fork // die;
	return $pid if $pid != 0;
	open STDIN, "<", "/dev/null" or die;
	open STDOUT, ">", "$cf.out" or die;
	open STDERR, ">", "$cf.err" or die;
	exec @command;
	die;
}

# All that a call does, as one text.  Messages come in the order of hash
# tables, and some of them twice.
sub told {
	my ($cf, $status) = @_;
	my %seen;
	my $err = join "", sort grep { !$seen{$_}++ } split /^/m, slurp("$cf.err");
	# Who reads it again warns again.
	$err =~ s/^.*: overriding earlier entry: .*\n//mg;
	my $text = slurp("$cf.out") . "--\n$err-- " . ($status >> 8) .
	    "\nmain.cf:\n" . slurp("$cf/main.cf") .
	    "master.cf:\n" . (slurp("$cf/master.cf") // "none\n");
	$text =~ s/\Q$cf\E/DIR/g;
	return $text;
}

sub compare {
	my $pid = waitpid -1, 0;
	my $case = delete $running{$pid} or die;
	is $case->{ours}, told($case->{cf}, $?), $case->{what};
}

sub same {
	my (@args) = @_;
	my ($mine, $other) = ("$top/w" . ++$n, "$top/p$n");
	waitpid start($mine, $weir, "postconf", "-c", $mine, @args), 0;
	my $ours = told($mine, $?);
	if (!$postfix) {
		$skipped++;
		return;
	}
	$same++;
	compare() while keys %running >= 32;
	my $pid = start($other, "postconf", "-c", $other, @args);
	$running{$pid} = { ours => $ours, cf => $other,
		what => "postconf @args" };
}

sub settle {
	compare() while %running;
}

sub says {
	my ($what, $out, $err, $status, @args) = @_;
	my @got = ours(@args);
	is_deeply \@got, [$out, $err, $status], $what or diag explain \@got;
}

$main = <<'EOT';
# comment one
compatibility_level = 3.6
myhostname = h.example.com
mydomain = example.com

# another
mynetworks = 127.0.0.0/8
  # inner comment
  10.0.0.0/8,

  192.168.0.0/16
smtpd_recipient_restrictions = permit_mynetworks, reject_unauth_destination, reject_rbl_client zen.example.org, permit_mx_backup, check_recipient_access hash:/etc/postfix/x
foo = bar
user_param = $foo   baz
relayhost = ${user_param?{x y}:{z}}
smtpd_banner =  b
mycls = reject_unauth_destination, reject_foo
smtpd_restriction_classes = mycls
slow_destination_concurrency_limit = 3
content_filter =
virtual_alias_maps = hash:/x
EOT
$master = <<'EOT';
# a comment
smtp      inet  n       -       y       -       -       smtpd
  -o smtpd_tls_wrappermode=yes -o { smtpd_banner = a b c }
  # inner
  -v -o relayhost=$foo
slow unix - - n - - smtp
pickup    unix  n       -       y       60      1       pickup
uucp      unix  -       n       n       -       -       pipe
  flags=Fqhu user=uucp argv=uux -r -n -z -a$sender - $nexthop!rmail ($recipient) some more words to fold lines { a b }
relay     unix  -       -       y       -       -       smtp
        -o syslog_name=postfix/$service_name
127.0.0.1:10025 inet n - n - 10 smtpd -o content_filter= -o mynetworks=127.0.0.0/8 -o smtpd_recipient_restrictions=permit_mynetworks,reject
verylongservicename:22222 inet n - n - - smtpd -o { relayhost = a   b } foo bar
EOT

# Shown: C-11, C-13, C-14, C-17, S-206, S-215
same @$_ for ["-n"], ["-nx"], ["-nf"], ["-Hn"], ["-hn"], ["-n", "-o", "foo=z"],
    ["-n", "foo"], ["foo", "mydomain"], ["-p", "foo", "foo"], ["-h", "foo"],
    ["-H", "foo", "mydomain"], ["-x", "user_param", "relayhost"],
    ["-x", "-o", "foo=z", "user_param"], ["-x", "mydestination"],
    ["-f", "smtpd_recipient_restrictions"], ["content_filter"],
    ["-hf", "smtpd_recipient_restrictions"], ["nosuch"], ["-n", "nosuch"],
    ["-d", "foo"], ["-d", "mydestination", "smtp_tls_security_level"],
    ["slow_destination_rate_delay", "uucp_time_limit", "foo_time_limit"],
    ["-dx", "slow_destination_recipient_limit"], [""], ["-l"], ["-lv"];
for my $width (15 .. 30) {
	same "-f", "-o", "user_param=" . "x" x $width . " " . "a" x 26 . " " .
	    "b" x 21 . " " . "c" x 14, "user_param";
}

# Services, their fields and parameters
same @$_ for ["-M"], ["-Mf"], ["-Mx"], ["-M", "smtp", "pickup/unix"],
    ["-M", "pickup", "smtp"], ["-M", "*/unix"], ["-M", "x/y"], ["-M", "a/b/c"],
    ["-F"], ["-Ff"], ["-hF", "smtp"], ["-HF", "smtp"], ["-F", "uucp/unix/command"],
    ["-F", "*/*/chroot"], ["-F", "smtp/inet/zz"], ["-F", "a/b/c/d"],
    ["-P"], ["-Px"], ["-Pf"], ["-hP"], ["-HP"], ["-P", "*/*/syslog_name"],
    ["-P", "nosuch"], ["-P", "smtp/inet/zz"], ["-P", ""];

# Calls that make no sense
same @$_ for ["-e"], ["-X"], ["-#"], ["-Me"], ["-PX"], ["-de", "x"],
    ["-nX", "x"], ["-eX"], ["-X", "a=b"], ["-#", "a=b"], ["-xe", "a=b"],
    ["-fe", "a=b"], ["-he", "a=b"], ["-o", "a=b", "-e", "c=d"], ["-lm"],
    ["-ln"], ["-nd"], ["-d", "-o", "a=b"], ["-MF"], ["-MP"], ["-pM"], ["-Mh"],
    ["-hH"], ["-Mn"], ["-Pd"], ["-FX", "x/y/z"], ["-F#", "x/y/z"],
    ["-P#", "x/y/z"], ["-MX", "smtp"], ["-Me", "smtp=x"],
    ["-Fe", "smtp/inet=z"], ["-Pe", "relay/unix=x"], ["-o", "foo"];

# Edits of main.cf: C-12, S-004
same @$_ for ["-e", "myhostname=mail.example.com"],
    ["-e", "foo=2", "mynetworks = 10.0.0.1   10.0.0.2 ", "newp=x"],
    ["foo=9"], ["-e", "relayhost="], ["-e", "nosuch="], ["-e", "smtpd_banner=#1"],
    ["-X", "foo", "mynetworks"], ["-#", "foo", "mynetworks"], ["-X", "nosuch"],
    ["-#", "nosuch"], ["-e", "foo"], ["-e", "=x"], ["-e", "foo bar=x"],
    ["-e", "foo=1", "myhostname"];
# Hostile: more than a line
same "-e", $_ for "foo=a\nb", "fo\no=a", "foo=a\n", "\nfoo=a";

# Edits of master.cf
same @$_ for ["-MX", "uucp/unix"], ["-MX", "nosuch/unix"],
    ["-M#", "uucp/unix", "smtp/inet"], ["-Me", "new/unix=new unix - - n - - smtp -o a=b"],
    ["-Me", "relay/unix=relay unix - - n - - smtp", "z/unix=z unix - - n - - lmtp"],
    ["-Me", "smtp/inet"], ["-Fe", "smtp/inet/chroot=n"], ["-F", "*/*/chroot=n"],
    ["-Fe", "slow/unix/service=slower"], ["-Fe", "smtp/inet/nofield=z"],
    ["-Fe", "no/inet/chroot=n"], ["-Fe", "slow/unix/service=x y"],
    ["-Fe", "relay/unix/command=lmtp -o relayhost=b -o {content_filter = d e}"],
    ["-Pe", "relay/unix/relayhost=1", "smtp/inet/smtpd_banner=x"],
    ["-P", "relay/unix/syslog_name="], ["-Pe", "pickup/unix/relayhost=x"],
    ["-PX", "smtp/inet/smtpd_banner"], ["-Pe", "smtp/inet/a=b c"];

# Layout that is harder
$main = "relayhost = 1\nrelayhost = 2\n  3\nmydomain=  x\n  # c\n\n   y  z   \n" .
    "myhostname=x   {a   b}   c,d\n  last";
same @$_ for ["-X", "relayhost"], ["-e", "relayhost=7"], ["-#", "mydomain"],
    ["-X", "myhostname"], ["-#", "myhostname"], ["-n"];
settle();
$main = "myhostname = x\n  last";
fresh();
says "behind a last line without an end", "", "", 0, "-e", "mail_name=x";
is slurp("$dir/main.cf"), "$main\nmail_name = x\n", "a line begins";

# Comments stay in front of what they are about; what asks for no change is
# left as it was written.
$master = "# one\nslow unix - - n - - smtp\n  -o a=b\n  # in\n  -o c=d\n" .
    "# two\n\nfast  unix - - n - - smtp\n# end\n";
fresh();
says "-P -e", "", "", 0, "-P", "slow/unix/a=e";
is slurp("$dir/master.cf"), "# one\n  # in\n" .
    "slow       unix  -       -       n       -       -       smtp\n" .
    "    -o a=e\n    -o c=d\n# two\n\nfast  unix - - n - - smtp\n# end\n",
    "comments stay";
says "-PX", "", "", 0, "-PX", "*/*/c";
says "-M#", "", "", 0, "-M#", "slow/unix";
is slurp("$dir/master.cf"), "# one\n  # in\n" .
    "#slow       unix  -       -       n       -       -       smtp\n" .
    "#    -o a=e\n# two\n\nfast  unix - - n - - smtp\n# end\n",
    "and other services";

# Names that mean something, and that do not
$main = <<'EOT';
compatibility_level=3.6
myhostname=h.example.com
mydomain = $nope1 ${nope2?x} ${nope3:y} ${{$nope4} == {a} ? {b} : {c}} ${nope5?{$nope6}}
user1 = $user2 $nope7
user2 = x
myorigin = $user3
user3 = $user4 $nope8
user4 = $user3x
mail_name = $user5
user6 = a
smtpd_restriction_classes = rc1, rc2
rc1 = permit
rc3 = $rc4
content_filter = $foo_destination_rate_delay
smtp_foo = x
virtual_alias_maps = ldap:lx, proxy:ldap:ly
lx_server_host = q
ly_bind = no
slow_transport_rate_delay = 1
postscreen_dnsbl_ttl = 1h
default_rbl_reply = $rbl_code x
forward_path = $home/x
luser_relay = $local@x
EOT
$master = <<'EOT';
foo unix - - n - - smtp  -o user6=$user10 -o user11=x
slow unix - - n - - lmtp
smtp inet n - n - - smtpd -o user11=z -o rc5=x -o smtpd_restriction_classes=rc5 -o rc6=y -o myhostname=$lookhere -o lookhere=$service_name
EOT
same @$_ for ["-n"], ["-nx"], ["-P"], ["-Px"], ["-Mx"],
    ["-x", "forward_path", "luser_relay", "default_rbl_reply"];
$master = undef;
same @$_ for ["-n", "foo"], ["-M"], ["-d", "myorigin"];

settle();

# C-10: all of them.  What both know has the same default, but for what is
# ours by intent: who we are, where our files are, and what later versions
# of Postfix have.
($main, $master) = ("compatibility_level = 3.6\n", "");
fresh();
my %ours = map { /^(\S+) =(.*)/ } split /\n/, (ours("-d"))[0];
cmp_ok scalar keys %ours, ">", 400, "-d: there are many";
if ($postfix) {
	my %theirs = map { /^(\S+) =(.*)/ } split /\n/,
	    (run("postconf", "-c", $dir, "-d"))[0];
	delete @ours{qw(alias_maps compatibility_level config_directory
	    data_directory lmtp_per_request_deadline
	    lmtp_tls_fingerprint_digest mail_name mail_owner mail_version
	    mynetworks process_id queue_directory setgid_group
	    smtp_per_request_deadline smtp_tls_dane_insecure_mx_policy
	    smtp_tls_fingerprint_digest smtpd_forbid_bare_newline
	    smtpd_forbid_unauth_pipelining smtputf8_enable syslog_name)};
	my @both = grep { exists $theirs{$_} } sort keys %ours;
	is_deeply { map { $_ => $ours{$_} } @both },
	    { map { $_ => $theirs{$_} } @both },
	    scalar(@both) . " defaults are Postfix's";
}
# S-019
says "default_database_type", "default_database_type = hash\n", "", 0,
    "default_database_type";
# F-53, C-15, S-018
my @types = split /\n/, (ours("-m"))[0];
is_deeply \@types, [sort @types], "-m: one a line, in order";
for my $type ("cidr", "hash", "pcre", "static", "texthash") {
	is scalar(grep { $_ eq $type } @types), 1, "-m: $type";
}
# C-16, S-087
says "-l", "flock\nfcntl\ndotlock\n", "", 0, "-l";

# Ours: origins and JSON
$main = "myhostname = h.example.com\n\n# x\nrelayhost = a\n \"b\\\n";
$master = "# c\nsmtp inet n - n - - smtpd\n -o relayhost=x\n";
fresh();
says "-O", "$dir/main.cf:4: relayhost = a \"b\\\ndefault: mydomain = example.com\n" .
    "-o: myorigin = z\n", "", 0, "-O", "-o", "myorigin=z", "relayhost",
    "mydomain", "myorigin";
says "-hO", "$dir/main.cf:4: a \"b\\\n", "", 0, "-hO", "relayhost";
says "-OM", "$dir/master.cf:2: smtp       inet  n       -       n       -" .
    "       -       smtpd -o relayhost=x\n", "", 0, "-OM";
says "-OP", "$dir/master.cf:2: smtp/inet/relayhost = x\n", "", 0, "-OP";
says "-j", "{\"name\": \"relayhost\", \"value\": \"a \\\"b\\\\\"}\n" .
    "{\"name\": \"mydomain\", \"value\": \"example.com\"}\n", "", 0,
    "-j", "relayhost", "mydomain";
says "-jO", "{\"name\": \"relayhost\", \"value\": \"a \\\"b\\\\\", \"file\": " .
    "\"$dir/main.cf\", \"line\": 4}\n{\"name\": \"mydomain\", " .
    "\"value\": \"example.com\"}\n", "", 0, "-jO", "relayhost", "mydomain";
says "-jM", '{"service": "smtp", "type": "inet", "private": "n", ' .
    '"unprivileged": "-", "chroot": "n", "wakeup": "-", "process_limit": "-", ' .
    '"command": "smtpd -o relayhost=x"}' . "\n", "", 0, "-jM";
says "-jF", '{"service": "smtp", "type": "inet", "field": "command", ' .
    '"value": "smtpd -o relayhost=x"}' . "\n", "", 0, "-jF", "smtp/inet/command";
says "-jP", '{"service": "smtp", "type": "inet", "name": "relayhost", ' .
    '"value": "x"}' . "\n", "", 0, "-jP";
says "-j with octets that are no UTF-8", "{\"name\": \"myorigin\", \"value\": " .
    "\"\\ufffd\\u0001\"}\n", "", 0, "-j", "-o", "myorigin=\377\001", "myorigin";
says "-jf", "", "postconf: fatal: specify one of -f -j\n", 1, "-jf";

# An edit that is refused changes nothing.  Hostile 137
sub refused {
	my ($what, $why, @args) = @_;
	my @before = map { slurp $_ } "$dir/main.cf", "$dir/master.cf";
	my @got = ours(@args);
	is_deeply [@got[0, 2]], ["", 1], "$what is refused";
	like $got[1], qr/^postconf: fatal: $why/, "$what: why";
	is_deeply [map { slurp $_ } "$dir/main.cf", "$dir/master.cf"],
	    \@before, "$what: nothing has changed";
	is_deeply [glob "$dir/*"], ["$dir/main.cf", "$dir/master.cf"],
	    "$what: and nothing is left";
}
refused "no number", '.*: message_size_limit = x: not a number$', "-e",
    "message_size_limit=x";
refused "no boolean", '.*: soft_bounce = maybe: neither', "soft_bounce=maybe";
refused "no time", '.*: minimal_backoff_time = 3x: not a time', "-e",
    "foo=1", "minimal_backoff_time = 3x";
refused "bad syntax", '.*mydomain', "-e", 'mydomain=${a';
refused "a name that is a comment", 'this cannot be', "-e", "#foo=1";
refused "-X of two words", 'this cannot be', "-X", "a b";
refused "-X of nothing", 'this cannot be', "-X", "";
refused "a circle", '.*', "-e", 'relayhost=$content_filter',
    'content_filter=$relayhost';
refused "a value of 100 kB with no end", '.*', "-e",
    "relayhost=\${" . "x" x 100_000;
refused "no chroot", '.*chroot', "-Fe", "smtp/inet/chroot=z";
refused "no type", '.*transport type', "-Fe", "smtp/inet/type=z";
refused "no wakeup", '.*wakeup', "-Me", "a/unix=a unix - - n x - smtp";
refused "a command with a path", '.*path', "-Fe", "smtp/inet/command=a/b";
refused "too few fields", 'bad field count: "a/unix=a unix - - n"', "-Me",
    "a/unix=a unix - - n";
refused "no number for a service", '.*smtpd_hard_error_limit = x: not a number',
    "-Pe", "smtp/inet/smtpd_hard_error_limit=x";

refused "a service that is a comment", 'this cannot be written', "-Fe",
    "smtp/inet/service=#smtp";
refused "a new one that is", 'this cannot be written', "-Me",
    "#a/unix=#a unix - - n - - smtp";
refused "half a brace", 'this cannot be written', "-Pe",
    "smtp/inet/content_filter={", "smtp/inet/myorigin=x";

# What was wrong before can be repaired, and need not be.
spew "$dir/main.cf", "message_size_limit = x\nmyhostname = h.example.com\n";
says "beside a mistake", "", "", 0, "-e", "relayhost=a";
says "of a mistake", "", "", 0, "-e", "message_size_limit=1000000";
is slurp("$dir/main.cf"), "message_size_limit = 1000000\n" .
    "myhostname = h.example.com\nrelayhost = a\n", "both are there";
spew "$dir/main.cf", "this is nothing\nmyhostname = h.example.com\n";
says "beside a line that is nothing", "", "", 0, "-e", "relayhost=a";
spew "$dir/main.cf", "myhostname = h.example.com\nrelayhost = a\0b\n";
refused "NUL", '.*main\.cf:2', "-e", "relayhost=a";

# Owner, group and mode stay, and so does a link.
SKIP: {
	my ($uid, $gid) = (getpwnam "nobody")[2, 3];
	skip "not root", 5 if $> != 0 || !defined $uid;
	fresh();
	chown $uid, $gid, "$dir/main.cf";
	chmod 0640, "$dir/main.cf";
	my @before = stat "$dir/main.cf";
	says "an edit", "", "", 0, "-e", "relayhost=q";
	my @after = stat "$dir/main.cf";
	is_deeply [@after[2, 4, 5]], [@before[2, 4, 5]],
	    "the owner, the group and the mode stay";
	isnt $after[1], $before[1], "but it is another file";
	rename "$dir/main.cf", "$top/real.cf";
	symlink "$top/real.cf", "$dir/main.cf";
	says "through a link", "", "", 0, "-e", "relayhost=r";
	ok -l "$dir/main.cf" && slurp("$top/real.cf") =~ /^relayhost = r$/m,
	    "it is the file behind it";
}

# A full disk: the message, and nothing half done.  A crash: the same.
fresh();
my $before = slurp "$dir/main.cf";
for my $trap ("trap '' XFSZ;", "") {
	# Its messages go to a pipe, which has no limit.
	my $said = qx{sh -c "$trap ulimit -c 0; ulimit -f 0; exec '$weir' postconf -c '$dir' -e relayhost=z" 2>&1};
	isnt $?, 0, "no room: it fails";
	is slurp("$dir/main.cf"), $before, "the old text is there";
	next if $trap eq "";
	like $said, qr/fatal: write .*: File too large/, "it says why";
	is_deeply [glob "$dir/main.cf*"], ["$dir/main.cf"], "nothing is left";
}
unlink glob "$dir/main.cf.*";
says "the next one is not hindered", "", "", 0, "-e", "relayhost=z";
$before = slurp "$dir/main.cf";
my $broken = 0;
for my $n (1 .. 40) {
	my $pid = fork // die;
	if ($pid == 0) {
		exec $weir, "postconf", "-c", $dir, "-e", "relayhost=k$n";
		die;
	}
	usleep(rand 6000);
	kill 9, $pid;
	waitpid $pid, 0;
	my $text = slurp "$dir/main.cf";
	(my $other = $before) =~ s/^relayhost = .*/relayhost = k$n/m;
	$broken++ if $text ne $before && $text ne $other;
	$before = $text;
}
is $broken, 0, "killed at any time: the old text or the new one";
unlink glob "$dir/main.cf.*";

# Many at the same time lose nothing.
my @pids = map {
	my $n = $_;
	my $pid = fork // die;
	if ($pid == 0) {
		exec $weir, "postconf", "-c", $dir, "-e", "user$n=v$n";
		die;
	}
	$pid;
} 1 .. 12;
waitpid $_, 0 for @pids;
my $text = slurp "$dir/main.cf";
is_deeply [sort { $a <=> $b } $text =~ /^user(\d+) = v\1$/mg], [1 .. 12],
    "twelve at once";

# Output that nobody can read
my @full = run("sh", "-c", "'$weir' postconf -c '$dir' >/dev/full", "sh");
is $full[2], 1, "standard output is full";

note "$same calls as Postfix has them, $skipped skipped" .
    ($postfix ? "" : " (it is not installed)");
done_testing;
