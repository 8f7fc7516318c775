#!/usr/bin/perl
# Tables that are missing, damaged, locked, half written or huge, that change
# while they are asked, and keys that mean something elsewhere (hostile rows 59,
# 60, 62, 76).  pgsql, mysql, ldap and redis have their keys in t/table_*.c,
# damaged .lmdb and .db files there and in t/fuzz.
use strict;
use warnings;

use Fcntl qw(F_SETLK F_WRLCK SEEK_SET);
use IO::Socket::INET;
use lib "t/lib";
use Test::More;
use Time::HiRes qw(time);
use Weir;

my $postmap = -x "/usr/sbin/postmap" ? "/usr/sbin/postmap" : undef;
my $sqlite = -x "/usr/bin/sqlite3";

# Each type decides about the recipient <type>@x.example.
my %suffix = (hash => ".widx", lmdb => ".lmdb", cdb => ".cdb",
	texthash => "", regexp => "", pcre => "", cidr => "", sqlite => ".cf",
	$postmap ? (btree => ".db") : ());
my @types = sort keys %suffix;

sub main_cf {
	my ($check, @names) = @_;

	return "smtpd_recipient_restrictions =\n" .
	    "    check_recipient_access inline:{" .
	    join(" ", map { "$_\@x.example=$_" } @names) . "}\n" .
	    "    permit\n" .
	    "smtpd_relay_restrictions = reject_unauth_destination\n" .
	    "relay_domains = x.example\n" .
	    "smtpd_authorized_xclient_hosts = 127.0.0.1\n" .
	    "smtpd_restriction_classes = @names\n" .
	    join "", map { "$_ = $check->{$_}\n" } @names;
}

sub access {
	my ($type, $path) = @_;
	my $what = $type eq "cidr" ? "client" : "sender";

	return "check_${what}_access $type:$path" .
	    ($type eq "sqlite" ? ".cf" : "");
}

my $w = Weir->new(main => main_cf({}));
my $dir = "$w->{dir}/etc";

sub asked {
	my ($type, $from) = @_;

	return scalar $w->rcpt("$type\@x.example",
	    from => $from // 'bad@y.example',
	    xclient => "NAME=c.example ADDR=192.0.2.1");
}

sub shell { return system("@_ >>$w->{dir}/shell 2>&1") == 0 }

sub postfix {
	my ($args) = @_;
	mkdir "$w->{dir}/postfix";
	$w->write_file("$w->{dir}/postfix/main.cf",
	    "compatibility_level = 3.6\n");
	$w->write_file("$w->{dir}/postfix/master.cf", "");
	return shell("MAIL_CONFIG=$w->{dir}/postfix $postmap $args");
}

# A table that rejects bad@y.example and 192.0.2.1, saying ${text}.
sub make {
	my ($type, $name, $text) = @_;
	my $path = "$dir/$name";

	if ($type eq "regexp" || $type eq "pcre") {
		$w->write_file($path, "/^bad\@y\\.example\$/ REJECT $text\n");
	} elsif ($type eq "cidr") {
		$w->write_file($path, "192.0.2.1 REJECT $text\n");
	} elsif ($type eq "sqlite") {
		unlink "$path.new";
		shell("sqlite3 $path.new \"CREATE TABLE t (k, v); " .
		    "INSERT INTO t VALUES ('bad\@y.example', 'REJECT $text')\"");
		rename "$path.new", $path;
		$w->write_file("$path.cf", "dbpath = $path\n" .
		    "query = SELECT v FROM t WHERE k = '%s'\n");
	} else {
		$w->write_file($path, "bad\@y.example REJECT $text\n");
		$w->command("postmap", "$type:$path")
		    if $type =~ /^(hash|lmdb|cdb)$/;
		if ($type eq "btree") {
			postfix("btree:$path");
			unlink $path;
		}
	}
}

sub file_of {
	my ($type, $name) = @_;
	return "$dir/$name" . ($type eq "sqlite" ? "" : $suffix{$type});
}

sub slurp {
	open my $f, "<:raw", $_[0] or die "$_[0]: $!";
	local $/;
	return scalar <$f>;
}

# Into the file that is there, as long ago as is said.
sub overwrite {
	my ($path, $octets, $ago) = @_;
	my $when = time + $w->{clock} - ($ago // 0);
	open my $f, ">:raw", $path or die "$path: $!";
	print $f $octets;
	close $f or die;
	utime $when, $when, $path;
}

@types = grep { $_ ne "sqlite" } @types if !$sqlite;

subtest "row 59: missing, no file, damaged" => sub {
	my %check;
	for my $type (@types) {
		$check{"${type}$_"} = access($type, "$dir/$_-$type")
		    for "gone", "dir", "junk", "empty";
		$w->write_file("$dir/$_-$type.cf",
		    "dbpath = $dir/$_-$type\nquery = SELECT '%s'\n")
		    for "gone", "dir", "junk", "empty";
		mkdir file_of($type, "dir-$type");
		overwrite(file_of($type, "junk-$type"),
		    join "", map { chr($_ * 97 % 251) } 1 .. 9000);
		overwrite(file_of($type, "empty-$type"), "");
	}
	my @names = map { my $t = $_; map { "$t$_" } qw(gone dir junk) } @types;
	# Lines of a text are good or bad each for itself.
	@names = grep { !/^(texthash|regexp|pcre|cidr)junk/ } @names;
	push @names, map { "${_}empty" } grep { /^(hash|lmdb|cdb|btree)$/ } @types;
	for my $name (@names) {
		my ($type, $what) = $name =~ /^(.*)(gone|dir|junk|empty)$/;

		# What is seen only when it is asked.
		next if $type eq "sqlite" || $name eq "cdbjunk";
		$w->configure(main => main_cf(\%check, $name));
		my ($status, $text) = $w->command("check");
		is $status, 1, "$name: weir check does not like it";
		like $text, qr/main\.cf:\d+: .*\b$what-$type\b/,
		    "$name: and says so";
	}
	$w->configure(main => main_cf(\%check, @names));
	$w->stop;
	$w->start;
	for my $name (@names) {
		like asked($name), qr/^451 4\.3\.[05] /, "$name: could not ask";
	}
	like $w->healthy('x@x.example'), qr/^250 /, "others are served";
	make($_, "gone-$_", "now") for @types;
	$w->advance(3);
	like asked("${_}gone"), qr/^554 .*now/, "$_: is there now"
	    for grep { $_ ne "sqlite" } @types;
	$w->advance(-$w->{clock});
};

subtest "row 59: tables and lists that refer to themselves" => sub {
	$w->write_file("self.cf", "backup = memcache:\$dir/etc/self.cf\n");
	$w->write_file("one.cf", "backup = memcache:\$dir/etc/two.cf\n");
	$w->write_file("two.cf", "domain = redis:\$dir/etc/three.cf\n");
	$w->write_file("three.cf", "domain = memcache:\$dir/etc/one.cf\n");
	$w->write_file("list", "\$dir/etc/list\n");
	$w->write_file("list.cf", "domain = \$dir/etc/list\n");
	for (["memcache:$dir/self.cf", "refers to itself"],
		["memcache:$dir/one.cf", "refers to itself"],
		["redis:$dir/list.cf", "nested too deeply"]) {
		my ($table, $why) = @$_;
		my ($status, $text) = $w->command("postmap", "-q", 'a@b', $table);
		is $status, 1, "$table: has an end";
		like $text, qr/$why/, "and says why";
	}
};

subtest "a client library that is not installed" => sub {
	my ($path) = `ldconfig -p` =~ /libnsl\.so\.2 .*=> (\S+)/;
	plan skip_all => "no namespaces, or no libnsl"
	    if $> != 0 || !$path ||
	    system("unshare -m true 2>/dev/null") != 0;
	$w->configure(main => main_cf({ nis => "check_sender_access nis:x" },
	    "nis"));
	my $text = `unshare -m sh -c 'mount --bind /dev/null $path &&
	    @{[Weir::program()]} check -c $dir' 2>&1`;
	is $? >> 8, 1, "weir check says so";
	like $text, qr/main\.cf:\d+: .*is the package libnsl2 installed\?/,
	    "and which package it is";
};

sub begin_all {
	my ($text) = @_;

	make($_, "t-$_", $text) for @types;
	$w->stop;
	$w->configure(main => main_cf(
	    { map { $_ => access($_, "$dir/t-$_") } @types }, @types));
	$w->start;
	like asked($_), qr/^554 .*$text/, "$_ rejects" for @types;
}

subtest "row 59: cp over a live file" => sub {
	begin_all("first");
	for my $type (@types) {
		my $file = file_of($type, "t-$type");
		my $whole = slurp($file);
		my @replies;

		for my $part (0, 0.3, 0.6, 0.95) {
			overwrite($file, substr $whole, 0,
			    int($part * length $whole));
			$w->advance(0.4);
			push @replies, asked($type);
		}
		is_deeply [grep { !/^(554|451)/ } @replies], [],
		    "$type: half of it is no answer";
		overwrite($file, $whole, 10);
		$w->advance(5);
		like asked($type), qr/^554 .*first/, "$type: whole again";
	}
};

subtest "row 59: locked" => sub {
	my $all = pack("ssx4qqi", F_WRLCK, SEEK_SET, 0, 0, 0);
	open my $f, "+<", file_of("lmdb", "t-lmdb") or die;
	ok fcntl($f, F_SETLK, $all), "somebody writes";
	my $pid = fork // die;
	if ($pid == 0) {
		# The five seconds that it waits.
		for (1 .. 20) {
			select undef, undef, undef, 0.05;
			$w->advance(1);
		}
		require POSIX;
		POSIX::_exit(0);
	}
	like asked("lmdb"), qr/^451 4\.3\.[05] /, "could not ask";
	waitpid $pid, 0;
	$w->advance(20);
	close $f;
	like asked("lmdb"), qr/^554 .*first/, "can again";
	like $w->healthy('x@x.example'), qr/^250 /, "others are served";
};

sub descriptors {
	my %count;
	for my $pid (split " ", `ps -o pid= --ppid $w->{pid}`) {
		my $role = slurp("/proc/$pid/cmdline") // "";
		$count{$role} += () = glob "/proc/$pid/fd/*";
	}
	return \%count;
}

subtest "row 60: content that changes" => sub {
	begin_all("first");
	my $before;
	my (%wrong, %seen);
	for my $round (1 .. 15) {
		# Postfix's postmap takes two seconds.
		make($_, "t-$_", "round$round")
		    for grep { $_ ne "btree" || $round == 5 } @types;
		$w->advance(3);
		for my $type (@types) {
			my $reply = asked($type);
			$wrong{$type} = $reply
			    if $reply !~ /^554 .*\b(first|round\d+)\b/;
			$seen{$type}{$1} = 1 if $reply =~ /\b(round\d+)/;
		}
		$before = descriptors() if $round == 5;
	}
	is_deeply \%wrong, {}, "is the old or the new";
	cmp_ok scalar(keys %{$seen{$_}}), ">", 10, "$_: and mostly the new"
	    for grep { !/texthash|regexp|pcre|cidr|btree/ } @types;
	my $after = descriptors();
	cmp_ok $after->{$_}, "<=", $before->{$_} + 4, "no descriptor is lost"
	    for sort keys %$before;
};

subtest "row 60: a storm of reloads" => sub {
	my $pid = fork // die;
	if ($pid == 0) {
		for (1 .. 8) {
			make($_, "t-$_", "storm") for "hash", "texthash";
			$w->command("reload");
		}
		require POSIX;
		POSIX::_exit(0);
	}
	my %other;
	my $asked = 0;
	while (waitpid($pid, 1) == 0) {
		for my $type (@types) {
			my $reply = asked($type);
			$other{$type} = $reply if $reply !~ /^554 /;
			$asked++;
		}
	}
	is_deeply \%other, {}, "$asked questions, each answered";
};

subtest "row 62: 100,000 rules" => sub {
	my $n = 100_000;
	$w->write_file("many-$_->[0]", join "", $_->[1]->(), $_->[2])
	    for ["cidr", sub { map { my $i = $_; "10." . ($i >> 16) . "." .
		($i >> 8 & 255) . "." . ($i & 255) . " DUNNO\n" } 0 .. $n - 1 },
		"192.0.2.1 REJECT last of many\n"],
	    (map { [$_, sub { map { "user$_\@y.example DUNNO\n" } 1 .. $n },
		"bad\@y.example REJECT last of many\n"] }
		qw(hash texthash lmdb cdb)),
	    ["pcre", sub { map { "/^user$_\@y\\.example\$/ DUNNO\n" } 1 .. $n },
		"/^bad\@y\\.example\$/ REJECT last of many\n"];
	$w->command("postmap", "$_:$dir/many-$_") for qw(hash lmdb cdb);
	my @many = qw(cidr hash texthash lmdb cdb pcre);
	$w->stop;
	$w->configure(main => main_cf(
	    { map { $_ => access($_, "$dir/many-$_") } @many }, @many));
	$w->start;
	for my $type (@many) {
		like asked($type), qr/^554 .*last of many/, "$type: the last";
		like asked($type, 'none@y.example'),
		    $type eq "cidr" ? qr/^554/ : qr/^250/, "$type: and none";
	}
};

subtest "row 62: values with line ends" => sub {
	plan skip_all => "no sqlite3" if !$sqlite;
	my $lf = "char(13) || char(10)";
	my %value = (ahead => "'PREPEND X-A: b' || $lf || 'X-Evil: yes'",
	    refuse => "'REJECT no' || $lf || '250 2.0.0 yes'",
	    bare => "'REJECT no' || char(10) || '250 yes'");
	for my $name (keys %value) {
		$w->write_file("$name.cf", "dbpath = $dir/t-sqlite\n" .
		    "query = SELECT $value{$name} WHERE '%s' = 'bad\@y.example'\n");
	}
	my $sink = $w->sink("sink");
	$w->stop;
	$w->configure(main => main_cf({ map { $_ =>
	    "check_sender_access sqlite:$dir/$_.cf" } keys %value },
	    sort keys %value) . "relay_transport = smtp:[127.0.0.1]:\${port:sink}\n" .
	    "header_checks = pcre:{{/^X-Bad: (.*)/ REPLACE X-Good: \$\$1}}\n");
	$w->start;
	for my $name ("refuse", "bare") {
		my $c = $w->smtp;
		$c->cmd("EHLO client.example");
		$c->cmd("MAIL FROM:<bad\@y.example>");
		like $c->cmd("RCPT TO:<$name\@x.example>"), qr/^554 [^\r\n]*$/,
		    "$name: one reply";
		like $c->cmd("NOOP"), qr/^250 2\.0\.0 Ok$/, "$name: in step";
		$c->cmd("QUIT");
	}
	like $w->send_mail(from => 'bad@y.example', to => 'ahead@x.example',
	    data => "Subject: x\r\nX-Bad: a\r\n\tX-Evil: also\r\n\r\nbody\r\n"),
	    qr/^250/, "PREPEND";
	my ($mail) = $w->messages($sink, 1);
	unlike $mail, qr/^X-Evil:/m, "no header of its own";
	like $mail, qr/^X-A: b/m, "but the one";
	like $mail, qr/^X-Good: a/m, "REPLACE likewise";
};

# What each key would mean to somebody else.
my @odd = ("' OR '1'='1", "*)(uid=*", "..", "../../etc/passwd", '$(touch x)',
	'`touch x`', '%s%n%d', '${mydomain}', '$mydomain', "a\\", ".*", "[",
	"a b", "a,b", "a:b", "a|b", "a;b", "--", "a%0ab", "\\0", "200 OK",
	"5:OK x,", "*", "\$4\r\nEVIL");

subtest "row 76: keys that mean something elsewhere" => sub {
	my $asked = IO::Socket::INET->new(LocalAddr => "127.0.0.1",
	    LocalPort => Weir::free_port(), Listen => 5,
	    ReuseAddr => 1) or die $!;
	my $port = $asked->sockport;
	my $pid = fork // die;
	if ($pid == 0) {
		while (my $peer = $asked->accept) {
			while (defined(my $line = <$peer>)) {
				my $sent = $line =~ /\Aget ([!-~]*)\n\z/
				    ? "200 $1" : "200 wrong";
				syswrite $peer, "$sent\n";
			}
		}
		require POSIX;
		POSIX::_exit(0);
	}
	close $asked;
	make($_, "t-$_", "first") for @types;
	for my $key (@odd) {
		my $shown = $key =~ s/[\r\n]/?/gr;
		my @found;
		for my $type (grep { $_ ne "cidr" } @types) {
			my ($status) = $w->command("postmap", "-q", $key,
			    "$type:$dir/t-$type" .
			    ($type eq "sqlite" ? ".cf" : ""));
			push @found, "$type: $status" if $status != 1;
		}
		for my $table ("environ:x", "unix:passwd.byname",
			"inline:{a=b}", "texthash:$dir/t-texthash") {
			my ($status) = $w->command("postmap", "-q", $key, $table);
			push @found, "$table: $status" if $status != 1;
		}
		is_deeply \@found, [], "$shown: is not there";
		my ($status, $text) = $w->command("postmap", "-q", $key,
		    "tcp:127.0.0.1:$port");
		is $text, "$key\n", "$shown: is one key for a server";
	}
	kill "TERM", $pid;
	waitpid $pid, 0;
	ok !-e "x" && !-e "$dir/x", "nothing was run";
	# As a key that is there, each is found.
	my @plain = grep { !/[\r\n]/ } @odd;
	$w->write_file("odd", join "", map { /\s/ ? () : "$_ found\n" } @plain);
	for my $type ("hash", "lmdb", "cdb", "texthash") {
		$w->command("postmap", "$type:$dir/odd") if $type ne "texthash";
		my @missing = grep { my ($s, $t) = $w->command("postmap", "-q",
		    $_, "$type:$dir/odd"); $t ne "found\n" }
		    grep { !/\s/ } @plain;
		is_deeply \@missing, [], "$type: each is found as itself";
	}
};

is $w->complaints, "", "no sanitizer complains";
$w->stop;
done_testing;
