package Weir::Beside;

# Debian's Postfix and Weir beside each other, in a network of their own where
# 127.0.0.1:53 is a name server of ours: both get the same configuration and
# the same commands; what they say and log is compared.
#
# A case is text:
#
#	== a name
#	= PARAMETER = VALUE		of this case's listener, as -o in master.cf
#	client NAME ADDR [temp|perm]	XCLIENT
#	from ADDR			connect from this address
#	login NAME			XCLIENT
#	helo|ehlo NAME, mail ADDR, rcpt ADDR, etrn NAME
#	data				all of it: DATA, a message
#	tls [CERTIFICATE [VERSION]]	STARTTLS and the handshake; the certificate
#					and its key are files of the case's $dir
#	wrapped [CERTIFICATE]		the same at once, before the greeting
#	upstream OCTETS			what a proxy says before the greeting
#	chunk OCTETS, last OCTETS	BDAT with the size of these, and these;
#					they may have \r, \n, \0 and \xHH
#	raw OCTETS			a line that may have these
#	anything else is sent as it is

use strict;
use warnings;

use File::Temp qw(tempdir);
use POSIX ();
use Test::More;
use Time::HiRes qw(sleep time);

use Weir;
use Weir::Client;
use Weir::Dns;
use Weir::Postfix;

# Go on in a network and with a resolver of our own; "" or why it cannot be.
sub enter {
	return "" if $ENV{WEIR_BESIDE};
	return "no Postfix" if !-x "/usr/sbin/postfix";
	return "not root" if $> != 0;
	return "no namespaces"
	    if system("unshare --net --mount true 2>/dev/null") != 0;
	$ENV{WEIR_BESIDE} = tempdir("weir-beside-XXXXXX", TMPDIR => 1);
	Weir::Postfix::write_file("$ENV{WEIR_BESIDE}/resolv.conf",
	    "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n");
	exec "unshare", "--net", "--mount", "sh", "-c",
	    'ip link set lo up && ip address add 11.12.13.1/24 dev lo && ' .
	    'mount --bind "$WEIR_BESIDE/resolv.conf" ' .
	    '/etc/resolv.conf && "$@"; status=$?; rm -rf "$WEIR_BESIDE"; ' .
	    'exit $status', "-", $^X, $0;
}

sub parse_cases {
	my ($text) = @_;
	my @cases;

	$text =~ s/DIGITS(\d+)/substr "0123456789" x 100, 0, $1/ge;
	for (split /\n/, $text) {
		next if /^\s*(#|$)/;
		if (/^== *(.*)/) {
			push @cases, { name => $1, set => [], say => [] };
		} elsif (/^= *(.*)/) {
			push @{ $cases[-1]{set} }, $1;
		} elsif (/^\s+(.*)/) {
			my $list = @{ $cases[-1]{say} } ? "say" : "set";
			$cases[-1]{$list}[-1] .= " $1";
		} else {
			push @{ $cases[-1]{say} }, $_;
		}
	}
	return @cases;
}

sub listeners {
	my ($first, @cases) = @_;

	return join "", map {
		my $port = $first++;
		"127.0.0.1:$port inet n - n - - smtpd\n" .
		    join("", map { "    -o { $_ }\n" } @{ $_->{set} });
	} @cases;
}

# new(world => "...", main => "...", cases => "..."): $dir in main is a
# directory with the files of files => { name => text }; master => more services;
# programs => pattern of those whose log is compared, smtpd if not given.
sub new {
	my ($class, %arg) = @_;
	my $self = bless { cases => [ parse_cases($arg{cases}) ],
		programs => $arg{programs} || qr/smtpd/ }, $class;
	my $dir = "$ENV{WEIR_BESIDE}/files";

	mkdir $dir;
	chmod 0755, $ENV{WEIR_BESIDE}, $dir;
	Weir::Postfix::write_file("$dir/$_", $arg{files}{$_})
	    for keys %{ $arg{files} };
	$arg{master} //= "";
	for my $text (\@arg{"main", "master"}, map { \(@{ $_->{set} }) } @{ $self->{cases} }) {
		$$text =~ s/\$dir\b/$dir/g;
	}
	$self->{dns} = fork // die;
	if ($self->{dns} == 0) {
		Weir::Dns::serve(53, $arg{world});
		POSIX::_exit(0);
	}
	my $main = "smtpd_authorized_xclient_hosts = 0.0.0.0/0, [::]/0\n$arg{main}";
	my ($mine, $theirs) = ($main, $main);
	s/^(weir_.*\n)//mg for $theirs;
	$self->{postfix} = Weir::Postfix->start(
	    "$ENV{WEIR_BESIDE}/postfix", port => 11999, main => $theirs,
	    master => $arg{master} . listeners(12000, @{ $self->{cases} }));
	$self->{weir} = Weir->new(start => 0,
	    main => "weir_dns_servers = 127.0.0.1\@53\n$mine",
	    master => $arg{master} . listeners(14000, @{ $self->{cases} }));
	$self->{weir}->start;
	return $self;
}

sub send_message {
	my ($c) = @_;
	my $reply = $c->cmd("DATA", 30);

	return $reply if $reply !~ /^354/;
	return $c->cmd("Subject: test\r\n\r\ntext\r\n.", 30);
}

sub octets {
	my ($text) = @_;

	return $text =~ s/\\(?:([rn0])|x([0-9a-f]{2}))/
	    defined $2 ? chr hex $2 : { r => "\r", n => "\n", 0 => "\0" }->{$1}/gerx;
}

sub send_chunk {
	my ($c, $last, $octets) = @_;

	$octets = octets($octets);
	$c->put("BDAT " . length($octets) . "$last\r\n$octets");
	return $c->reply(30);
}

sub xclient {
	my ($name, $addr, $status) = @_;
	my $code = { temp => "[TEMPUNAVAIL]", perm => "[UNAVAILABLE]" };

	$name = $code->{$status} if $status;
	$addr = "IPV6:$addr" if $addr =~ /:/;
	return "XCLIENT NAME=$name REVERSE_NAME=$name ADDR=$addr";
}

sub start_tls {
	my ($c, $cert, $version) = @_;
	my $reply = $c->cmd("STARTTLS", 30);

	return $reply if $reply !~ /^220/;
	return $c->tls(certificate($cert), version => $version);
}

sub certificate {
	my ($name) = @_;
	my $file = "$ENV{WEIR_BESIDE}/files/" . ($name // "");

	return defined $name && $name ne "-"
	    ? (cert => "$file.crt", key => "$file.key") : ();
}

sub say_one {
	my ($c, $line) = @_;
	my ($word, @arg) = split " ", $line;
	my $rest = $line =~ s/^\S+\s*//r;

	return send_message($c) if $word eq "data";
	return send_chunk($c, $word eq "last" ? " LAST" : "", $rest)
	    if $word =~ /^(chunk|last)$/;
	return start_tls($c, @arg) if $word eq "tls";
	$c->cmd("RSET", 30) if $word =~ /^(client|login)$/;
	my $text = $word eq "raw" ? octets($rest)
	    : $word eq "client" ? xclient(@arg)
	    : $word eq "login" ? "XCLIENT LOGIN=$rest"
	    : $word eq "mail" ? "MAIL FROM:" . ($rest =~ /^</ ? $rest : "<$rest>")
	    : $word eq "rcpt" ? "RCPT TO:" . ($rest =~ /^</ ? $rest : "<$rest>")
	    : $word =~ /^(helo|ehlo|etrn)$/ ? uc($word) . " $rest"
	    : $line;
	my $reply = $c->cmd($text, 30);

	# What is announced is not the matter here.
	return $word eq "ehlo" ? substr($reply, 0, 3) : $reply;
}

# The dialogue with one of them, and its log of it.
sub play {
	my ($self, $server, $case, $port) = @_;
	my $before = length $server->log;
	my ($from) = map { /^from (\S+)/ ? $1 : () } @{ $case->{say} };
	my ($wrapped) = map { /^wrapped(?: (\S+))?/ ? $1 // "-" : () }
	    @{ $case->{say} };
	my ($upstream) = map { /^upstream ?(.*)/ ? octets($1) : () }
	    @{ $case->{say} };
	my $c = Weir::Client->new($port, from => $from,
	    silent => $wrapped || defined $upstream);
	my @said;
	$c->put($upstream) if defined $upstream;
	push @said, $c->tls(certificate($wrapped)) if $wrapped;
	push @said, $c->{banner} // $c->reply(30);

	for (@{ $case->{say} }) {
		push @said, "$_ -> " . say_one($c, $_) unless /^(from|wrapped|upstream)\b/;
	}
	$c->cmd("QUIT", 30);
	$c->close;
	my $end = time + 5;
	my $log = "";
	while ($log !~ /: disconnect from / && time < $end) {
		sleep 0.01;
		$log = substr $server->log, $before;
	}
	my @log;
	for (split /\n/, $log) {
		next unless s/^.*?\/$self->{programs}\[\d+\]: //;
		next if /^(dis)?connect from /;
		s/^(warning: )?[0-9A-F]{6,}: /($1 \/\/ "") . "QID: "/e;
		s/ XCLIENT from / CONNECT from /;
		s/^QID: client=.*/QID: client/;
		push @log, "log: $_";
	}
	s/ queued as \w+/ queued as QID/, s/^(.*220 \S+ ESMTP).*/$1/ for @said;
	return (@said, @log);
}

# A test; what differs is shown as a difference.
sub same {
	my ($mine, $theirs, $name) = @_;

	return if ok "@$mine" eq "@$theirs", $name;
	Weir::Postfix::write_file("$ENV{WEIR_BESIDE}/mine",
	    join "", map { "$_\n" } @$mine);
	Weir::Postfix::write_file("$ENV{WEIR_BESIDE}/theirs",
	    join "", map { "$_\n" } @$theirs);
	diag scalar `cd $ENV{WEIR_BESIDE} && diff -U1 theirs mine`;
}

# Compare all cases; drop => pattern of log lines that only one has.
sub compare {
	my ($self, %arg) = @_;
	my $n = 0;

	for my $case (@{ $self->{cases} }) {
		my $begin = time;
		my @theirs = $self->play($self->{postfix}, $case, 12000 + $n);
		my @mine = $self->play($self->{weir}, $case, 14000 + $n);
		$n++;
		note sprintf "%.1f s", time - $begin;
		for (\@theirs, \@mine) {
			@$_ = grep { !/$arg{drop}/ } @$_ if $arg{drop};
			s/\bpostfix\.example\.com\b|\bmail\.example\.com\b/HOST/g
			    for @$_;
		}
		same(\@mine, \@theirs, $case->{name});
	}
}

# serve_apart($serve): run that in a process of its own; its pid.
sub serve_apart {
	my ($serve) = @_;
	my $pid = fork // die "fork: $!";

	return $pid if $pid > 0;
	$serve->();
	POSIX::_exit(0);
}

# Messages, or what is logged of them, without what differs by its nature.
sub plain {
	my ($text) = @_;

	$text =~ s/^(Received: by .*\n\tid) \w+; .*/$1 QID; NOW/m;
	$text =~ s/^Message-Id: <\d+\.\w+@/Message-Id: <STAMP\@/mi;
	$text =~ s/^Date: .*/Date: NOW/m;
	$text =~ s/\b(?:postfix|mail)\.example\.com\b/HOST/g;
	$text =~ s/\r//g;
	return $text;
}

sub finish {
	my ($self) = @_;

	is $self->{weir}->stop, 0, "stops cleanly";
	is $self->{weir}->complaints, "", "no sanitizer complains";
	$self->{postfix}->stop;
	kill "TERM", $self->{dns};
	waitpid $self->{dns}, 0;
	done_testing;
}

1;
