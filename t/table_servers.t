#!/usr/bin/perl
# Tables that are asked over the network: what Postfix's postmap and ours make
# of the same servers, and a gateway that uses them.
use strict;
use warnings;

use File::Temp qw(tempdir);
use FindBin;
use lib "$FindBin::Bin/lib";
use IO::Socket::INET;
use IO::Socket::UNIX;
use IPC::Open3;
use Test::More;
use Weir;
use Weir::Client;

my $postmap = -x "/usr/sbin/postmap" ? "/usr/sbin/postmap" : undef;
my $dir = tempdir("weir-servers-XXXXXX", TMPDIR => 1, CLEANUP => 1);
chmod 0755, $dir;
mkdir "$dir/cf";
for (["main.cf", "compatibility_level = 3.6\nqueue_directory = $dir\n"],
	["master.cf", ""]) {
	open my $f, ">", "$dir/cf/$_->[0]" or die;
	print $f $_->[1];
	close $f;
}

my %servers;
END {
	local $?;
	kill "TERM", keys %servers;
	waitpid $_, 0 for keys %servers;
}

# A server, one conversation at a time or in processes of their own.
sub serve {
	my ($socket, $talk) = @_;
	my $pid = fork // die;

	if ($pid == 0) {
		%servers = ();
		$SIG{TERM} = $SIG{CHLD} = "DEFAULT";
		$SIG{CHLD} = "IGNORE";
		while (my $peer = $socket->accept) {
			my $child = fork // die;
			if ($child == 0) {
				close $socket;
				alarm 60;
				$talk->($peer);
				require POSIX;
				POSIX::_exit(0);
			}
			close $peer;
		}
		require POSIX;
		POSIX::_exit(0);
	}
	$servers{$pid} = 1;
	return $pid;
}

sub listen_on {
	my ($port) = @_;
	return IO::Socket::INET->new(LocalAddr => "127.0.0.1",
	    LocalPort => $port, Listen => 50, ReuseAddr => 1) || die "$port: $!";
}

sub string { return length($_[0]) . ":$_[0]," }

my %maps = (
	ok => string("OK value x"), OK => string("OK upper"),
	'user@example.com' => string("OK REJECT socketmap says no"),
	'later@example.com' => string("TEMP not now"),
	bare => string("OK"), empty => string("OK "),
	none => string("NOTFOUND "), none2 => string("NOTFOUND"),
	temp => string("TEMP foo bar"), perm => string("PERM foo"),
	timeout => string("TIMEOUT foo"), junk => string("WHAT foo"),
	nostring => "hello\n", big => "100001:" . "x" x 100001 . ",",
	huge => "99999999999999999999:", nocomma => "5:OK ab;",
	eof => "", part => "20:OK", zeros => "005:OK ab,",
	octet => string("OK \xff"), nul => string("OK a\0b"),
	nocolon => "12345678901234567890", minus => "-5:OK ab,",
);

sub socketmap {
	my ($peer) = @_;
	local $/ = ":";
	while (defined(my $n = <$peer>)) {
		chop $n;
		read $peer, my $asked, $n + 1;
		my ($map, $key) = $asked =~ /^(\S+) (.*),\z/s or return;
		my $reply = $maps{$key} // string("NOTFOUND $map");
		$reply = string("OK " . "x" x $1) if $key =~ /^long (\d+)/;
		$reply = string("OK $map $key") if $key =~ /\Aecho/;
		syswrite $peer, $reply;
		return if $key =~ /^(eof|part|nocolon)$/;
		return if $key =~ /^echo-and-close/;
	}
}

my %lines = (
	ok => "200 value%20x", '%C3%84%20%25~' => "200 quoted%09tab%c3%84",
	none => "500 not found", none2 => "500", none3 => "599 x",
	temp => "400 foo%20bar", temp4 => "4xx foo", junk => "300 x",
	bad => "200 a%zz", bad2 => "200 a%4", plain => "200 a b",
	bare => "200", empty => "200 ", digits => "2000 abc",
	crlf => "200 x\r", hello => "hello", nothing => "", nul => "200 a%00b",
	'user@example.com' => "200 REJECT%20tcp%20says%20no",
	'later@example.com' => "400 not now", other => "299 x", tabbed => "200\tx",
);

sub tcp {
	my ($peer) = @_;
	while (defined(my $line = <$peer>)) {
		my ($key) = $line =~ /^get ([!-~]*)\n\z/ or return;
		my $reply = $lines{$key} // "500 not here";
		$reply = "200 " . "x" x $1 if $key =~ /^long(\d+)/;
		$reply = "200 $key" if $key =~ /^echo/;
		syswrite $peer, "$reply\n";
		return if $key =~ /^echo-and-close/;
	}
}

# Start a command; what is returned waits for it and says all that it said.
my $runs = 0;
sub begin {
	my ($in, @command) = @_;
	local $ENV{MAIL_CONFIG} = "$dir/cf";
	my $file = "$dir/in" . $runs++;
	open my $f, ">", $file or die;
	print $f $in;
	close $f;
	open my $stdin, "<", $file or die;
	my $pid = open3("<&" . fileno($stdin), my $out, undef, @command);
	return sub {
		my $text = do { local $/; <$out> };
		waitpid $pid, 0;
		return $text . "-- " . ($? >> 8) . "\n";
	};
}

sub ours {
	my ($in, @args) = @_;
	return begin($in, Weir::program(), "postmap", @args)->();
}

# Who ends in "fatal" waits a second, so that all are asked at the same time.
my @same;
sub same {
	my ($what, $in, @args) = @_;
	push @same, [$what, $in, @args];
}

sub compare() {
	my @postfix = map {
		my ($what, $in, @args) = @$_;
		$postmap ? begin($in, $postmap, @args) : undef;
	} @same;
	for (@same) {
		my ($what, $in, @args) = @$_;
		my $got = ours($in, @args);
		my $theirs = shift @postfix;
		SKIP: {
			skip "no Postfix", 1 unless $theirs;
			my $want = $theirs->();
			# Behind it stands what errno happens to be.
			s/(query error).*/$1/ for $got, $want;
			is $got, $want, $what;
		}
	}
	@same = ();
}

my %port = map { $_ => Weir::free_port() } "socketmap", "tcp", "none";
serve(listen_on($port{socketmap}), \&socketmap);
my $unix = IO::Socket::UNIX->new(Local => "$dir/sock", Listen => 5) or die;
chmod 0666, "$dir/sock";
serve($unix, \&socketmap);
close $unix;
serve(listen_on($port{tcp}), \&tcp);

# socketmap_table(5)
my $map = "socketmap:inet:127.0.0.1:$port{socketmap}:m";
same "socketmap: $_", "", "-q", $_, $map
    for sort grep { !/^(nul|huge|nocolon|minus)$/ } keys %maps;
same "socketmap: a key of UTF-8", "", "-q", "echo K\303\204", $map;
same "socketmap: keys are not folded", "", "-q", "echo A", $map;
same "socketmap: $_ octets", "", "-q", "long $_", $map
    for 1, 4095, 99997;
same "socketmap: keys of a file", "ok\nnone\necho-and-close\necho 2\n\377\n",
    "-q", "-", $map;
same "socketmap over $_", "", "-q", "echo", "$_:m"
    for "socketmap:unix:$dir/sock", "socketmap:inet:localhost:$port{socketmap}";
same "socketmap: nobody is there", "", "-q", "x",
    "socketmap:inet:127.0.0.1:$port{none}:m";
same "socketmap: no such socket", "", "-q", "x", "socketmap:unix:$dir/no:m";
same "$_", "", "-q", "x", $_
    for "socketmap:x", "socketmap:unix:x", "socketmap:x:y:z",
	"socketmap:unix::m", "socketmap::x:m", "socketmap::m";
compare;
is ours("", "-q", "echo", "socketmap:unix:sock:m"), "m echo\n-- 0\n",
    "a relative path is one in the queue directory";
# Postfix takes what is before the NUL, and what is behind the minus.
like ours("", "-q", $_, $map), qr/lookup error: input format error/,
    "socketmap: $_" for "nul", "minus";
like ours("", "-q", $_, $map), qr/lookup error: input exceeds size limit/,
    "socketmap: $_" for "huge", "nocolon";

# tcp_table(5)
my $tcp = "tcp:127.0.0.1:$port{tcp}";
same "tcp: $_", "", "-q", $_, $tcp for sort grep { !/%|^(nul|crlf)$/ } keys %lines;
same "tcp: a key that must be quoted", "", "-q", "\303\204 %~", $tcp;
same "tcp: keys are not folded", "", "-q", "echoA", $tcp;
same "tcp: a long value", "", "-q", "long4000", $tcp;
same "tcp: keys of a file", "ok\nnone\necho\n", "-q", "-", $tcp;
compare;
is ours("echo1\necho-and-close\necho2\n", "-q", "-", $tcp),
    "echo1\techo1\necho-and-close\techo-and-close\necho2\techo2\n-- 0\n",
    "tcp: a server that has hung up is asked again";
is ours("", "-q", "long4093", $tcp), <<"EOT", "tcp: a line that is too long";
postmap: warning: read TCP map reply from 127.0.0.1:$port{tcp}: text longer than 4096
postmap: fatal: table $tcp: query error: text longer than 4096
-- 1
EOT
is ours("", "-q", "crlf", $tcp), "x\n-- 0\n",
    "tcp: a CR at the end belongs to the end";
like ours("", "-q", "nul", $tcp), qr/malformed reply: 200 a%00b/, "tcp: a NUL";
is ours("", "-q", "x", "tcp:127.0.0.1:$port{none}"), <<"EOT", "tcp: nobody";
postmap: warning: connect to TCP map 127.0.0.1:$port{none}: Connection refused
postmap: fatal: table tcp:127.0.0.1:$port{none}: query error: Connection refused
-- 1
EOT

# sqlite_table(5)
SKIP: {
	skip "no sqlite3", 1 unless -x "/usr/bin/sqlite3";
	system("sqlite3", "$dir/db", <<'EOT') == 0 or die;
CREATE TABLE t (k, v, n);
INSERT INTO t VALUES ('a', 'b', 1), ('two', 'x', NULL), ('two', 'y', 2),
    ('null', NULL, 3), ('o''q', 'quoted', 4), ('empty', '', 5),
    ('ä', 'umlaut', 6), ('user@example.com', 'whole', 7);
EOT
	my $n = 0;
	my $sqlite = sub {
		my ($key, @settings) = @_;
		my $cf = "$dir/sqlite" . $n++ . ".cf";
		open my $f, ">", $cf or die;
		print $f "$_\n" for @settings;
		close $f;
		same "sqlite: $key: $settings[-1]", "", "-q", $key, "sqlite:$cf";
	};
	my $db = "dbpath = $dir/db";
	my $query = "query = SELECT v FROM t WHERE k = '%s'";
	$sqlite->($_, $db, $query) for "a", "A", "two", "null", "o'q", "empty",
	    "none", "' OR 'a' = 'a", "user\@example.com";
	$sqlite->("two", $db, "query = SELECT n, v FROM t WHERE k = '%s'");
	$sqlite->("a", $db, "table = t", "select_field = v", "where_field = k");
	$sqlite->($_, $db, $query, "expansion_limit = 1") for "a", "two";
	$sqlite->("two", $db, $query, "result_format = <%s>");
	$sqlite->($_, $db, "query = SELECT v FROM t WHERE k = '%u'",
	    "domain = example.com") for "a", "a\@example.com", "a\@example.org";
	$sqlite->("a", @$_) for [$query], [$db], [$db, "query ="];
	compare;
}

# memcache_table(5), against memcached
SKIP: {
	my ($memcached) = grep { -x } "/usr/bin/memcached";
	skip "no memcached", 1 unless $memcached;
	my $port = Weir::free_port();
	my $pid = fork // die;
	if ($pid == 0) {
		exec $memcached, "-l", "127.0.0.1", "-p", $port, "-U", 0,
		    $> == 0 ? ("-u", "nobody") : ();
		die;
	}
	$servers{$pid} = 1;
	my $peer;
	for (1 .. 200) {
		$peer = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port");
		last if $peer;
		select undef, undef, undef, 0.05;
	}
	my $tell = sub {
		print $peer "$_[0]\r\n";
		return scalar <$peer>;
	};
	my %data = (a => "value a", long => "x" x 10240, longer => "x" x 10241,
		empty => "", lines => "a\r\nb", octet => "a\xff",
		"x-k" => "prefixed", nul => "a\0b");
	$tell->("set $_ 0 0 " . length($data{$_}) . "\r\n$data{$_}")
	    for keys %data;
	my $n = 0;
	my $cache = sub {
		my (@settings) = @_;
		my $cf = "$dir/memcache" . $n++ . ".cf";
		open my $f, ">", $cf or die;
		print $f "$_\n" for @settings;
		close $f;
		return "memcache:$cf";
	};
	my $here = "memcache = inet:127.0.0.1:$port";
	my $table = $cache->($here);
	same "memcache: $_", "", "-q", $_, $table
	    for "a", "A", "none", "a b", sort grep { $_ ne "nul" } keys %data;
	same "memcache: keys of a file", "a\nnone\nx-k\n", "-q", "-", $table;
	$table = $cache->($here, "key_format = x-%u", "domain = example.com");
	same "memcache: $_", "", "-q", $_, $table
	    for "k", "k\@example.com", "k\@example.org";
	same "memcache: @$_", "", "-q", "a", $cache->(@$_)
	    for ["memcache = x"], [$here, "max_try = x"],
		[$here, "data_size_limit = 6"],
		["memcache = inet:127.0.0.1:$port{none}"],
		["memcache = inet:127.0.0.1:$port{none}", "backup = static:b"];
	compare;
	like ours("", "-q", "nul", $cache->($here)),
	    qr/unexpected memcache server reply: data that is not text/,
	    "memcache: a NUL";
	$table = $cache->($here, "backup = inline:{behind=it}", "ttl = 77");
	is ours("", "-q", "behind", $table), "it\n-- 0\n",
	    "memcache: what is behind the cache";
	is $tell->("get behind"), "VALUE behind 0 2\r\n", "is in the cache now";
	is scalar(<$peer>), "it\r\n", "as it is";
	is scalar(<$peer>), "END\r\n", "and that is all";
	is ours("", "-q", "neither", $table), "-- 1\n",
	    "memcache: neither here nor there";
	$tell->("set behind 0 0 5\r\nother");
	is ours("", "-q", "behind", $table), "other\n-- 0\n",
	    "memcache: the cache counts first";
	close $peer;
}

# randmap and proxy
same "randmap: $_", "", "-q", "k", "randmap:$_"
    for "{a}", "{ a , }", "{{ b c }}", "{}", "{ }", "x", "{a", "{a}b", "{{}}";
compare;
my %seen;
$seen{ours("", "-q", "k", "randmap:{one two, {3 4}}")}++ for 1 .. 60;
is_deeply [sort keys %seen], ["one\n-- 0\n", "two\n-- 0\n", "{3 4}\n-- 0\n"],
    "randmap: every value has its turn";
is ours("", "-q", "echo", "proxy:$map"), "m echo\n-- 0\n",
    "proxy: is the table itself";
is ours("", "-q", "k", "pipemap:{proxy:inline:{k=echo},$map}"),
    "m echo\n-- 0\n", "and in other tables, too";

# In a gateway
my $files = -x "/usr/bin/sqlite3";
if ($files) {
	system("sqlite3", "$dir/gateway", "CREATE TABLE t (k, v); INSERT " .
	    "INTO t VALUES ('user\@example.com', 'REJECT a file says no')") == 0
	    or die;
	open my $f, ">", "$dir/gateway.cf" or die;
	print $f "dbpath = $dir/gateway\n",
	    "query = SELECT v FROM t WHERE k = '%s'\n";
	close $f;
	open $f, ">", "$dir/access" or die;
	print $f "user\@example.com REJECT a file says no\n";
	close $f;
	ours("", "cdb:$dir/access");
}
my $weir = Weir->new(
	main => <<"EOT" . ($files ? <<"EOT" : ""),
smtpd_recipient_restrictions =
    check_recipient_access inline:{tcp\@example.net=tcp map\@example.net=map
	sqlite\@example.net=sqlite cdb\@example.net=cdb}
    permit_mynetworks reject
smtpd_restriction_classes = tcp map sqlite cdb
tcp = check_sender_access $tcp
map = check_sender_access $map
EOT
sqlite = check_sender_access sqlite:$dir/gateway.cf
cdb = check_sender_access cdb:$dir/access
EOT
);
for (["tcp", "user", qr/^554 5\.7\.1 .*tcp says no/],
	["map", "user", qr/^554 5\.7\.1 .*socketmap says no/],
	["tcp", "later", qr/^451 4\.3\.[05] /], ["map", "later", qr/^451 4\.3\.[05] /],
	["tcp", "nobody", qr/^250 /], ["map", "nobody", qr/^250 /],
	$files ? (["sqlite", "user", qr/^554 5\.7\.1 .*file says no/],
		["sqlite", "nobody", qr/^250 /],
		["cdb", "user", qr/^554 5\.7\.1 .*file says no/],
		["cdb", "nobody", qr/^250 /]) : ()) {
	my ($which, $user, $reply) = @$_;
	my $client = $weir->smtp;
	$client->cmd("EHLO client.example.org");
	$client->cmd("MAIL FROM:<$user\@example.com>");
	like $client->cmd("RCPT TO:<$which\@example.net>"), $reply,
	    "$which decides about $user";
	$client->close;
}
$weir->stop;
done_testing;
