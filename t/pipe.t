#!/usr/bin/perl
# Delivery to commands: what each end of a program means for its mail, what the
# program is given, and whose rights it has.  Texts, status codes and the order
# of header lines are those of Debian's Postfix.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir;

my $w = Weir->new(start => 0);
my $dir = "$w->{dir}/out";
mkdir $dir;
chmod 0777, $dir;

# What a command does, by its script.
my %script = (
	exit => 'echo line one; echo line two >&2; cat >/dev/null; exit $1',
	kill => 'cat >/dev/null; kill -9 $$',
	code => 'cat >/dev/null; echo "$1 my own text"; exit $2',
	args => 'cat >/dev/null; for i in "$@"; do printf "[%s]" "$i"; done',
	show => 'exec >"$0.$1"; id -un; id -gn; pwd; env | sort; printf "[%s]" "$@"; echo; cat -A',
	slow => "echo waiting; exec sleep 1000.$$",
	much => 'cat >/dev/null; i=0; while [ $i -lt 900 ]; do echo line $i; i=$((i+1)); done; exit 65',
	early => 'exec <&-; exit 0',
	orphan => 'cat >/dev/null; sleep 1000 & echo $! >"$0.pid"; exit 0',
);
for my $name (keys %script) {
	open my $f, ">", "$dir/$name" or die;
	print $f "$script{$name}\n";
	close $f;
}

my @services = (
	[ok => 'flags=DROhuF user=nobody argv=/bin/sh $dir/show ok ${sender} ${recipient} ${original_recipient} ${extension} ${mailbox} ${nexthop} ${size} ${client_address} ${client_helo} ${client_hostname} ${client_protocol} ${domain} ${user} ${sasl_username} x${extension} $recipient $(user) a$$b'],
	[gt => 'flags=B.> user=nobody:mail directory=/tmp null_sender=nix eol=\\r\\n argv=/bin/sh $dir/show gt ${sender} ${recipient} {a b c}'],
	[null => 'flags=R user=nobody null_sender= argv=/bin/sh $dir/show null -f ${sender} ${recipient}'],
	[daemon => 'user=nobody argv=/bin/sh $dir/args -f ${sender}'],
	[multi => 'user=nobody argv=/bin/sh $dir/args ${recipient} -- ${sender}-${user}'],
	[quote => 'flags=q user=nobody argv=/bin/sh $dir/args ${recipient}'],
	[plain => 'user=nobody argv=/bin/sh $dir/args ${recipient}'],
	[echo => 'user=nobody argv=echo hello ${domain}'],
	[dsn5 => 'user=nobody argv=/bin/sh $dir/code 5.7.99 75'],
	[dsn4 => 'user=nobody argv=/bin/sh $dir/code 4.7.99 1'],
	[dsn2 => 'user=nobody argv=/bin/sh $dir/code 2.0.0 67'],
	[sig => 'user=nobody argv=/bin/sh $dir/kill'],
	[slow => 'user=nobody argv=/bin/sh $dir/slow'],
	[none => 'user=nobody argv=/no/such/prog a b'],
	[big => 'user=nobody size=10 argv=/bin/cat'],
	[much => 'user=nobody argv=/bin/sh $dir/much'],
	[early => 'user=nobody argv=/bin/sh $dir/early'],
	[orphan => 'user=nobody argv=/bin/sh $dir/orphan'],
	[root => 'user=root argv=/bin/true'],
	[stranger => 'user=no-such-user argv=/bin/true'],
	map { ["x$_" => "user=nobody argv=/bin/sh \$dir/exit $_"] }
	    1, 64 .. 78,
);
my $master = "";
for my $s (@services) {
	my ($name, $args) = @$s;
	$args =~ s/\$dir/$dir/g;
	$master .= "$name unix - n n - - pipe\n  $args\n";
}
my $domains = join ",", map { "$_->[0].test" } @services;
my $maps = join ",", map { "$_->[0].test=$_->[0]:Next.$_->[0]" } @services;
$w->configure(main => <<"EOT");
relay_domains = $domains
recipient_delimiter = +
slow_time_limit = 30s
transport_maps = inline:{$maps}
message_size_limit = 50000000
export_environment = MAIL_CONFIG LANG COLOUR=blue
local_header_rewrite_clients =
EOT
open my $f, ">>", "$w->{dir}/etc/master.cf" or die;
print $f $master;
close $f;
$w->start;

sub send_to {
	my ($service, %arg) = @_;
	my $c = $w->smtp;

	$c->cmd("EHLO client.example");
	$c->cmd("MAIL FROM:<" . ($arg{from} // 'Se.nder@Example.com') . ">");
	for my $rcpt ($arg{to} ? @{ $arg{to} } : "User+Ext") {
		like $c->cmd("RCPT TO:<$rcpt\@\u$service.test>"), qr/^250/,
		    "$service: $rcpt";
	}
	$c->cmd("DATA");
	my ($qid) = $c->cmd("Subject: x\r\n\r\nFrom me\r\n..dot\r\nbody\r\n"
		. ($arg{more} || "") . ".") =~ /queued as (\w+)/;
	return $qid;
}

# What the log says of a recipient: dsn, status and the reason.
sub outcome {
	my ($qid, $to) = @_;
	my $re = qr/pipe\[\d+\]: $qid: to=<\Q$to\E>, (?:orig_to=<[^>]*>, )?relay=(\S+), .*?dsn=(\S+), status=(\w+) \((.*)\)\n/;

	return $w->wait_log($re) && $w->log =~ $re ? "$1 $2 $3 $4" : "";
}

# name, dsn, status, reason
my $out = ". Command output: line one line two ";
my @ends = (
	[x1 => "5.3.0", "bounced", "Command died with status 1: \"/bin/sh\"$out"],
	[x64 => "5.3.0", "bounced", "command line usage error$out"],
	[x65 => "5.6.0", "bounced", "data format error$out"],
	[x66 => "5.3.0", "bounced", "cannot open input$out"],
	[x67 => "5.1.1", "bounced", "user unknown$out"],
	[x68 => "5.1.2", "bounced", "host name unknown$out"],
	[x69 => "5.3.0", "bounced", "service unavailable$out"],
	[x70 => "5.3.0", "bounced", "internal software error$out"],
	[x71 => "4.3.0", "deferred", "system resource problem$out"],
	[x72 => "5.3.0", "bounced", "critical OS file missing$out"],
	[x73 => "5.2.0", "bounced", "can't create user output file$out"],
	[x74 => "5.3.0", "bounced", "input/output error$out"],
	[x75 => "4.3.0", "deferred", "temporary failure$out"],
	[x76 => "5.5.0", "bounced", "remote error in protocol$out"],
	[x77 => "5.7.0", "bounced", "permission denied$out"],
	[x78 => "5.3.5", "bounced", "local configuration error$out"],
	[sig => "4.3.0", "deferred", "Command died with signal 9: \"/bin/sh\""],
	[dsn5 => "5.7.99", "bounced", "my own text "],
	[dsn4 => "4.7.99", "deferred", "my own text "],
	[dsn2 => "5.1.1", "bounced", "user unknown. Command output: 2.0.0 my own text "],
	[echo => "2.0.0", "sent", "delivered via echo service (hello Echo.test)"],
	[none => "4.3.0", "deferred", "temporary failure. Command output: /no/such/prog: No such file or directory"],
	[big => "5.2.3", "bounced", "message too large"],
	[root => "4.3.5", "deferred", "mail system configuration error"],
	[stranger => "4.3.5", "deferred", "mail system configuration error"],
);
subtest "how it ends" => sub {
	my %qid = map { $_->[0] => send_to($_->[0]) } @ends;

	for my $end (@ends) {
		my ($name, $dsn, $status, $reason) = @$end;
		is outcome($qid{$name}, "User+Ext\@\u$name.test"),
		    "$name $dsn $status $reason", $name;
	}
	ok $w->wait_log(qr/warning: root: user= command-line attribute specifies root privileges\n/),
	    "root runs nothing";
	ok $w->wait_log(qr/warning: stranger: unknown username: no-such-user\n/),
	    "nor does nobody known";
	my $long = outcome(send_to("much"), 'User+Ext@Much.test');
	like $long, qr/^much 5\.6\.0 bounced data format error\. Command output: line 0 line 1 /,
	    "much output";
};

subtest "what it is given" => sub {
	my $qid = send_to("ok");
	is outcome($qid, 'User+Ext@Ok.test'),
	    "ok 2.0.0 sent delivered via ok service", "sent";
	my @l = split /\n/, Weir::read_file("$dir/show.ok");
	is "$l[0] $l[1]", "nobody nogroup", "user and group";
	is $l[2], "$w->{dir}/queue", "queue_directory";
	is join(" ", @l[3 .. 7]),
	    "COLOUR=blue LANG=C MAIL_CONFIG=$w->{dir}/etc PATH=/usr/bin:/bin PWD=$w->{dir}/queue",
	    "environment";
	my ($size) = $w->log =~ /$qid: from=<[^>]*>, size=(\d+)/;
	is $l[8], "[ok][Se.nder\@Example.com][user+ext\@ok.test][user+ext\@ok.test][ext][user+ext][next.ok][$size][127.0.0.1][client.example][localhost][ESMTP][ok.test][user][][xext][user+ext\@ok.test][user][a\$b]",
	    "macros";
	like $l[9], qr/^From Se\.nder\@Example\.com  ?\w+ \w+ [ \d]\d \d\d:\d\d:\d\d \d{4}\$$/,
	    "F";
	is join("\n", @l[10 .. 12]),
	    'Return-Path: <Se.nder@Example.com>$' . "\n"
	    . 'X-Original-To: User+Ext@Ok.test$' . "\n"
	    . 'Delivered-To: User+Ext@Ok.test$', "R, O, D";
	is join("\n", @l[-4 .. -1]), "\$\nFrom me\$\n.dot\$\nbody\$", "body";
	is outcome(send_to("ok", to => ["one", "two"]), 'two@Ok.test'),
	    "ok 2.0.0 sent delivered via ok service", "two recipients";
	like Weir::read_file("$dir/show.ok"),
	    qr/^\[ok\]\[Se\.nder\@Example\.com\]\[two\@ok\.test\]\[two\@ok\.test\]\[\]/m,
	    "with D and O one at a time";
	is outcome(send_to("gt", from => ""), 'User+Ext@Gt.test'),
	    "gt 2.0.0 sent delivered via gt service", "sent";
	@l = split /\n/, Weir::read_file("$dir/show.gt");
	is "$l[0] $l[1] $l[2]", "nobody mail /tmp", "group, directory=";
	is $l[8], '[gt][nix][User+Ext@Gt.test][a b c]', "null_sender=, {}";
	is join("\n", @l[-5 .. -1]),
	    "^M\$\n>From me^M\$\n..dot^M\$\nbody^M\$\n^M\$", "eol=, >, ., B";
	is outcome(send_to("null", from => ""), 'User+Ext@Null.test'),
	    "null 2.0.0 sent delivered via null service", "sent";
	@l = split /\n/, Weir::read_file("$dir/show.null");
	is $l[8], '[null][-f][][User+Ext@Null.test]', "an empty argument";
	is $l[9], 'Return-Path: <>$', "Return-Path:";
	is outcome(send_to("daemon", from => ""), 'User+Ext@Daemon.test'),
	    "daemon 2.0.0 sent delivered via daemon service ([-f][MAILER-DAEMON])",
	    "the usual null sender";
	is outcome(send_to("multi", to => ["one", "two"]), 'two@Multi.test'),
	    'multi 2.0.0 sent delivered via multi service ([one@Multi.test][two@Multi.test][--][Se.nder@Example.com-one][Se.nder@Example.com-two])',
	    "several recipients";
	is outcome(send_to("quote", to => ['"a b"']), '"a b"@Quote.test'),
	    'quote 2.0.0 sent delivered via quote service (["a b"@Quote.test])',
	    "q";
	is outcome(send_to("plain", to => ['"a; rm $(x)"']),
	    '"a; rm $(x)"@Plain.test'),
	    'plain 2.0.0 sent delivered via plain service ([a; rm $(x)@Plain.test])',
	    "no shell, no second expansion (hostile 131)";
};

subtest "commands that do not behave" => sub {
	my $more = ("x" x 998 . "\r\n") x 3000;
	is outcome(send_to("early", more => $more), 'User+Ext@Early.test'),
	    "early 2.0.0 sent delivered via early service",
	    "one that does not read";
	is outcome(send_to("orphan"), 'User+Ext@Orphan.test'),
	    "orphan 2.0.0 sent delivered via orphan service",
	    "one that leaves a child with its output";
	my $pid = Weir::read_file("$dir/orphan.pid") + 0;
	ok $pid > 1 && kill(0, $pid), "which goes on";
	kill 9, $pid;
	my $qid = send_to("slow");
	ok $w->wait_for(sub { `ps -eo args` =~ /^sleep 1000\.${$}$/m }), "runs";
	$w->advance(31);
	is outcome($qid, 'User+Ext@Slow.test'),
	    'slow 5.3.0 bounced Command time limit exceeded: "/bin/sh". Command output: waiting ',
	    "slow_time_limit";
	ok $w->wait_for(sub { `ps -eo args` !~ /^sleep 1000\.${$}$/m }), "killed";
};

subtest "mistakes" => sub {
	my @bad = (
		['argv=/bin/true' => qr/service bad: missing user= command-line attribute/],
		['user=nobody' => qr/service bad: missing argv= command-line attribute/],
		['user=nobody argv=/bin/x ${nosuch}' => qr/service bad: unknown macro name: nosuch/],
		['user=nobody colour=blue argv=/bin/x' => qr/service bad: unknown attribute name: colour=blue/],
		['size=1k user=nobody argv=/bin/x' => qr/service bad: bad size= value: 1k/],
		['eol=\q user=nobody argv=/bin/x' => qr/service bad: bad eol= value/],
		['flags=Z user=nobody argv=/bin/x' => qr/service bad: unknown flag: Z \(ignored\)/],
	);
	for my $b (@bad) {
		my $master = "127.0.0.1:$w->{port} inet n - n - - smtpd\nbad unix - n n - - pipe $b->[0]\n";
		$w->write_file("master.cf", $master);
		my ($status, $text) = $w->command("check");
		like $text, qr/master\.cf:2: $b->[1]/, $b->[0];
		isnt $status, 0, "an error" if $b->[0] !~ /flags=Z/;
	}
};

is $w->stop, 0, "ends in peace";
is $w->complaints, "", "no complaints";
done_testing;
