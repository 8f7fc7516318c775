#!/usr/bin/perl
# weir postmap, postalias and newaliases: the same output, messages and exit
# status as Postfix's, where Postfix is installed; and what is our own.
use strict;
use warnings;

use Cwd qw(abs_path);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

my $weir = abs_path(($ENV{OUT} || "build/debug") . "/bin/weir");
my $top = tempdir("weir-postmap-XXXXXX", TMPDIR => 1, CLEANUP => 1);
chmod 0755, $top;
my %dir = (postfix => "$top/postfix", weir => "$top/weir");
my $postfix = -x "/usr/sbin/postmap" && -x "/usr/sbin/postalias";

sub spew {
	my ($path, $text) = @_;
	open my $f, ">", $path or die "$path: $!";
	print $f $text;
	close $f;
}

for my $dir (values %dir) {
	make_path("$dir/cf");
	spew "$dir/cf/main.cf", "compatibility_level = 3.6\n" .
	    "default_database_type = hash\n" .
	    "alias_database = hash:$dir/al hash:$dir/al2\n";
	spew "$dir/cf/master.cf", "";
}

sub give {
	my ($name, $text) = @_;
	spew "$_/$name", $text for values %dir;
}

# Run a command in its directory: output, messages and status as one text.
sub run {
	my ($who, $in, $program, @args) = @_;
	my ($theirs) = grep { -x } "/usr/sbin/$program", "/usr/bin/$program";
	my @command = $who eq "weir" ? ($weir, $program) : $theirs;

	spew "$top/in", $in;
	my $pid = fork // die;
	if ($pid == 0) {
		chdir $dir{$who} or die;
		$ENV{MAIL_CONFIG} = "$dir{$who}/cf";
		open STDIN, "<", "$top/in" or die;
		open STDOUT, ">", "$top/out" or die;
		open STDERR, ">", "$top/err" or die;
		exec @command, @args;
		die;
	}
	waitpid $pid, 0;
	my $status = $? >> 8;
	my ($out, $err) = map {
		open my $f, "<", "$top/$_" or die;
		join "", <$f>;
	} qw(out err);
	return ($out, $err, $status);
}

sub told {
	my ($out, $err, $status) = run(@_);
	# What must differ: the names of the files that are made.
	$err =~ s/\.(db|widx)\b/.DB/g;
	$err =~ s/\Q$dir{$_[0]}\E\///g;
	return "$out--\n$err-- $status\n";
}

# The same of both.
my ($same, $skipped) = (0, 0);
sub same {
	my ($what, $in, @command) = @_;
	my $ours = told("weir", $in, @command);
	if (!$postfix) {
		$skipped++;
		return;
	}
	$same++;
	is $ours, told("postfix", $in, @command), $what;
}

# Ours alone.
sub says {
	my ($what, $out, $err, $status, $in, @command) = @_;
	my @got = run("weir", $in, @command);
	is_deeply \@got, [$out, $err, $status], $what
	    or diag explain \@got;
}

give "t1", <<"EOT";
a b
# c
B  two words  
  more
noval
a dup

 "q r" x
al: b
K\303\204Y v
bad\377 v
bv v\377
  x: y
z:\tv
EOT
give "t2", <<'EOT';
"a b" c d
"x\"y" z
"unterm z
"q"junk v
plain"q v
""  empty
EOT
give "al", <<"EOT";
root: you
"a b": c, d
nocolon x
nov:
A: x
a: y
q.r\@x: z
: v
"un: v
two words: v
(comment) k: v
x :  y
"a\\"b": z
list: "|cmd x", /f,
  :include:/i
<z>: v
k3: v # c
\303\204x: v
long: :x
EOT
give "al2", "w: a,b,  c\nw2: \"a  b\",c\nw3: a  b\n";
give "pcre", "/^(foo)/ got \$1\n/b\\/r/i lower\nif /x/\n/y/ xy\nendif\n";
give "cidr", "10.0.0.0/8 ten\n!1.2.3.4 other\n";
give "msg", <<'EOT';
From: a@b
Subject: hello
 world
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=x

pre body
--x
Content-Type: text/plain

body line
	tabbed body
--x
Content-Type: message/rfc822

From: nested
Subject: n

nested body
--x--
post
EOT
my $msg = do { local $/; open my $f, "<", "$dir{weir}/msg"; <$f> };

# C-20, C-21, C-22, C-23, C-24, C-25
same "postmap file", "", "postmap", "t1";
same "postmap hash:file with quotes", "", "postmap", "hash:t2";
same "postmap lmdb:file", "", "postmap", "lmdb:t1";
same "postmap cdb:file", "", "postmap", "cdb:t1";
for my $type ("", "hash:", "lmdb:", "cdb:", "texthash:") {
	same "-q $_ ${type}t1", "", "postmap", "-q", $_, "${type}t1"
	    for "a", "B", "b", "z:", "noval", "k\303\244y", "K\303\204Y";
}
same "-q in the second table", "", "postmap", "-q", "x", "hash:t1", "static:y";
same "-q - of two tables", "a\n\nnope\nB\n", "postmap", "-q", "-",
    "hash:t1", 'inline:{nope=yes}';
same "-q - finds nothing", "x\n", "postmap", "-q", "-", "hash:t1";
same "a key that is not UTF-8", "", "postmap", "-q", "x\377", "static:y";
same "$_->[1] of $_->[0]", "", "postmap", "-q", $_->[1], $_->[0]
    for ["pcre:pcre", "FOO"], ["pcre:pcre", "b/r"], ["regexp:pcre", "foo"],
	["pcre:pcre", "xy"], ["pcre:pcre", "y"], ["cidr:cidr", "10.1.1.1"],
	["cidr:cidr", "1.2.3.4"], ["static:s", "k"], ["fail:f", "k"],
	["unix:passwd.byname", "root"], ["unix:passwd.byname", "nobody-such"],
	["unix:group.byname", "Root"], ["environ:e", "path"],
	['inline:{a=b, {c = d e}}', "C"], ['inline:{a=}', "a"],
	['inline:{a}', "a"], ['inline:{}', "a"], ["static:{ a b }", "k"],
	["static:{", "k"], ['unionmap:{static:a,static:b}', "k"],
	['pipemap:{inline:{a=b},inline:{b=c}}', "a"],
	['unionmap:{a}', "k"], ["unix:nope", "k"], ["texthash:/nope", "k"],
	["pcre:/nope", "k"], ["lmdb:/nope", "k"], ["cdb:/nope", "k"],
	["hash:/nope", "k"];
same "no such type", "", "postmap", "-s", "nosuch:x";

# H-12, S-149: a message as keys
same "-$_", $msg, "postmap", "-${_}q", "-", 'pcre:{{/./ M}}'
    for "h", "b", "hb", "hm", "bm", "hbm";
same "-hbU", "X: \377\n\nb\377\n", "postmap", "-hbUq", "-", 'pcre:{{/./ M}}';
same "-hb", "X: \377\n\nb\377\n", "postmap", "-hbq", "-", 'pcre:{{/./ M}}';

# -i -d -r -w -f -F -u
for my $type ("hash", "lmdb") {
	same "$type: -i into nothing", "A b\nnoval\nal: c\n\"q r\" s\n",
	    "postmap", "-i", "$type:inc";
	same "$type: -i of what is there", "a c\n", "postmap", "-i",
	    "$type:inc";
	same "$type: kept", "", "postmap", "-q", "a", "$type:inc";
	same "$type: -r", "a c\n", "postmap", "-ri", "$type:inc";
	same "$type: replaced", "", "postmap", "-q", "a", "$type:inc";
	same "$type: -w", "a d\n", "postmap", "-wi", "$type:inc";
	same "$type: kept quietly", "", "postmap", "-q", "a", "$type:inc";
	same "$type: -d", "", "postmap", "-d", "A", "$type:inc";
	same "$type: gone", "", "postmap", "-q", "a", "$type:inc";
	same "$type: -d again", "", "postmap", "-d", "a", "$type:inc";
	same "$type: -d -", "al:\nzz\n", "postmap", "-d", "-", "$type:inc";
	same "$type: nothing else is left", "", "postmap", "-s", "$type:inc";
	same "$type: -f", "", "postmap", "-f", "$type:t1";
	same "$type: -f -q $_", "", "postmap", "-f", "-q", $_, "$type:t1"
	    for "B", "b";
	same "$type: -u", "", "postmap", "-u", "$type:t1";
}
for my $arg ("-f", "-u", "-w", "-o") {
	same "cdb: $arg", "", "postmap", $arg, "cdb:t1";
	same "cdb: $arg -q $_", "", "postmap", "-q", $_, "cdb:t1" for "B", "b";
}
give "f1", "content\nline";
give "ff", "k f1\nk2 f1, nofile\nk3 ,\nk4 f1 f1\n";
same "-F", "", "postmap", "-F", "hash:ff";
same "-F -q", "", "postmap", "-Fq", "k4", "hash:ff";
same "-q of -F", "", "postmap", "-q", "k4", "hash:ff";

# Mistakes in the call
same "postmap @$_", "", "postmap", @$_
    for ["-z"], [], ["-q"], ["-q", "a", "-d", "b", "hash:t1"],
	["-s", "-q", "b", "hash:t1"], ["-hq", "a", "hash:t1"],
	["-h", "hash:t1"], ["-c", "/nope", "-q", "x", "static:x"],
	["hash:/nope"], ["static:x"], ["texthash:t1"], ["-s", "pcre:pcre"],
	["-s", "static:x"];

# C-30, C-31, F-70 ... F-78, S-026, S-125
same "postalias", "", "postalias", "hash:al";
same "postalias -q $_", "", "postalias", "-q", $_, "hash:al"
    for "root", "A B", "a", "list", "x", "two words", "a\"b", "<z>",
	"long", "\303\244x", "k3", "q.r", "nov";
same "postalias: @$_", "", "postalias", @$_ for ["-z"], [], ["/nope"];
same "newaliases", "", "newaliases";
same "postalias -q $_ after newaliases", "", "postalias", "-q", $_, "hash:al2"
    for "w", "w2", "w3";

# The elements, in whatever order
if ($postfix) {
	for (["postmap", "hash:t2"], ["postalias", "hash:al2"]) {
		my ($ours, $theirs) = map {
			join "", sort grep { !/^(@|YP_)/ } split /^/m
		} (run("weir", "", $_->[0], "-s", $_->[1]))[0],
		    (run("postfix", "", $_->[0], "-s", $_->[1]))[0];
		is $ours, $theirs, "$_->[0] -s $_->[1]";
	}
	run("postfix", "", "postmap", "lmdb:t2");
	run("weir", "", "postmap", "lmdb:t2");
	my $listed = join "", sort split /^/m,
	    (run("weir", "", "postmap", "-s", "lmdb:$dir{postfix}/t2"))[0];
	is $listed, join("", sort split /^/m,
		(run("postfix", "", "postmap", "-s", "lmdb:$dir{weir}/t2"))[0]),
	    "each reads the LMDB files of the other";
	isnt $listed, "", "and there is something in them";

	# Octet for octet, so that each can read those of the other.
	give "many", join "", map { "key$_ value $_\n" } 1 .. 5000;
	for my $name ("t1", "t2", "many", "nothing") {
		give $name, "" if $name eq "nothing";
		my ($ours, $theirs) = map {
			run($_, "", "postmap", "cdb:$name");
			open my $f, "<", "$dir{$_}/$name.cdb" or die;
			join "", <$f>;
		} "weir", "postfix";
		ok $ours eq $theirs, "the same file $name.cdb";
	}
}

# What is our own: the index is one file, replaced whole, with the mode of
# the text, or of the index that was there.
spew "$dir{weir}/m", "a 1\n";
chmod 0640, "$dir{weir}/m";
says "quiet when all is well", "", "", 0, "", "postmap", "m";
my @first = stat "$dir{weir}/m.widx";
is $first[2] & 0777, 0640, "the mode of the text";
chmod 0600, "$dir{weir}/m.widx";
says "again", "", "", 0, "", "postmap", "m";
my @second = stat "$dir{weir}/m.widx";
isnt $second[1], $first[1], "another file takes its place";
is $second[2] & 0777, 0600, "with the mode of the one that was there";
is_deeply [grep { /m\.widx\./ } glob "$dir{weir}/*"], [],
    "nothing is left beside it";
unlink "$dir{weir}/m.widx";
says "-p", "", "", 0, "", "postmap", "-p", "m";
is((stat "$dir{weir}/m.widx")[2] & 0777, 0644, "-p: the usual mode");

# Postfix cannot do that with cdb.
says "cdb: into nothing", "", "", 0, "A b\nc d\n", "postmap", "-i", "cdb:inc";
says "cdb: into what is there", "", "", 0, "e f\n", "postmap", "-i", "cdb:inc";
says "cdb: -d", "", "", 0, "", "postmap", "-d", "c", "cdb:inc";
says "cdb: -d again", "", "", 1, "", "postmap", "-d", "c", "cdb:inc";
says "cdb: -s", "a\tb\ne\tf\n", "", 0, "", "postmap", "-s", "cdb:inc";

# A file that is none, and one that ends too early
spew "$dir{weir}/junk.cdb", "x" x 2047;
says "cdb: not a database", "",
    "postmap: fatal: dict_cdbq_open: unable to init junk.cdb: " .
    "Protocol error\n", 1, "", "postmap", "-q", "a", "cdb:junk";
says "cdb: which -i does not build upon", "",
    "postmap: fatal: open database junk.cdb: Protocol error\n", 1, "a b\n",
    "postmap", "-i", "cdb:junk";
truncate "$dir{weir}/inc.cdb", 2060;
for my $args (["-q", "a"], ["-s"]) {
	my ($out, $err, $status) =
	    run("weir", "", "postmap", @$args, "cdb:inc");
	like $err, qr/error reading inc\.cdb: Protocol error$/,
	    "cdb: cut short: @$args";
	is $status, 1, "is a failure";
}

# Hostile 59
open my $f, "+<", "$dir{weir}/m.widx" or die;
seek $f, 40, 0;
print $f "xxxx";
close $f;
says "a damaged index", "",
    "postmap: fatal: open database m.widx: its header is damaged\n", 1, "",
    "postmap", "-q", "a", "m";
says "which -i does not build upon", "",
    "postmap: fatal: open database m.widx: its header is damaged\n", 1,
    "b 2\n", "postmap", "-i", "m";
says "is made anew", "", "", 0, "", "postmap", "m";
says "and whole", "1\n", "", 0, "", "postmap", "-q", "a", "m";

# As the owner of the text
SKIP: {
	my $uid = getpwnam "nobody";
	skip "not root", 3 if $> != 0 || !defined $uid;
	spew "$dir{weir}/n", "a 1\n";
	chown $uid, -1, "$dir{weir}/n";
	my @got = run("weir", "", "postmap", "n");
	like $got[1], qr/^postmap: fatal: create n\.widx\.\w+: Permission denied$/,
	    "root becomes the owner of the text";
	says "-o: root stays", "", "", 0, "", "postmap", "-o", "n";
	is((stat "$dir{weir}/n.widx")[4], 0, "-o: and owns the index");
}

# Many writers at the same time lose nothing.
spew "$dir{weir}/w", "a 1\n";
run("weir", "", "postmap", "w");
my @pids = map {
	my $n = $_;
	my $pid = fork // die;
	if ($pid == 0) {
		chdir $dir{weir};
		open my $p, "|-", $weir, "postmap", "-c", "cf", "-i", "w" or die;
		print $p "k$n v$n\n";
		close $p;
		exec "true";
	}
	$pid;
} 1 .. 8;
waitpid $_, 0 for @pids;
is join("", sort split /^/m, (run("weir", "", "postmap", "-s", "w"))[0]),
    join("", "a\t1\n", map { "k$_\tv$_\n" } 1 .. 8), "eight at once";

# 100,000 entries (row 62): made and asked in no time
spew "$dir{weir}/big", join "", map { "key$_\@example.com value $_\n" } 1 .. 100_000;
says "many entries", "", "", 0, "", "postmap", "big";
my @keys = map { 1 + int rand 100_000 } 1 .. 20_000;
is((run("weir", join("", map { "KEY$_\@example.com\n" } @keys), "postmap", "-q",
    "-", "big"))[0], join("", map { "KEY$_\@example.com\tvalue $_\n" } @keys),
    "are all found");

note "$same cases as Postfix has them, $skipped skipped" .
    ($postfix ? "" : " (it is not installed)");
done_testing;
