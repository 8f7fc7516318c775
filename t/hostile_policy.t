#!/usr/bin/perl
# Whoever asks the policy server anything but a policy (hostile rows 74 and 75
# from the server's side): attributes without end, lines without end, NULs, half
# requests, connections that say nothing, answers that nobody takes.  Others are
# served meanwhile, and nothing is kept of it.
use strict;
use warnings;

use lib "t/lib";
use IO::Socket::INET;
use Test::More;
use Weir;
use Weir::Policy;

my $w = Weir->new(start => 0, nofile => 2000);
my ($port, $few) = map { $w->port($_) } qw(policy few);
$w->configure(main => <<'EOT', master => <<EOM);
smtpd_recipient_restrictions = check_recipient_access inline:{{bad@example.com = REJECT}}
weir_policy_connection_limit = 1900
weir_processors = 2
EOT
127.0.0.1:$port inet n - n - - policy
EOM
$w->start;

sub pid { return { $w->roles }->{policy} }

sub memory {
	return Weir::read_file("/proc/$_[0]/status") =~ /^VmRSS:\s+(\d+)/m ? $1 : 0;
}

# Somebody who behaves.
sub healthy {
	my ($what) = @_;
	my $p = Weir::Policy->new($port);

	is $p->ask(recipient => 'bad@example.com'), "554 5.7.1 Access denied",
	    "others are served: $what";
}

healthy("at first");
my $server = pid();
my $begin = "request=smtpd_access_policy\nprotocol_state=RCPT\n";
my %bad = (
    "10,000 attributes" => $begin . join("", map { "attribute$_=x\n" } 1 .. 10000) . "\n",
    "the same attribute, often" => $begin . "sender=a\n" x 1000,
    "a line of 1 MiB" => "sender=" . "x" x 1048576 . "\n\n",
    "a name of 1 MiB" => "x" x 1048576 . "=a\n\n",
    "NULs" => "\0" x 5000 . "\n\n",
    "a NUL in a value" => $begin . "sender=a\0\@example.com\n\n",
    "no end" => $begin . "a=b\n" x 300000,
    "a CR in the midst of a line" => $begin . "sender=a\r=b\nsender=c\n\n",
    "only CRs" => "\r" x 70000,
    "no protocol_state" => "request=smtpd_access_policy\nsender=a\n\n",
    "another request" => "request=junk\nprotocol_state=RCPT\n\n",
    "line feeds" => "\n" x 100000,
    "octets" => join("", map { chr(($_ * 7919) % 256) } 1 .. 100000),
    "SMTP" => "EHLO client.example.net\r\nMAIL FROM:<>\r\n",
    "HTTP" => "GET / HTTP/1.1\r\nHost: x=y\r\n\r\n",
    "TLS" => "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n\n",
);
for my $what (sort keys %bad) {
	my $p = Weir::Policy->new($port);

	$p->send($bad{$what});
	is $p->action, undef, "no answer: $what";
	healthy($what);
}
# Many attributes, but within bounds, and strange values, are a request.
my $p = Weir::Policy->new($port);
$p->send($begin . join("", map { "a$_=x\n" } 1 .. 5000) . "\n");
is $p->action, "DUNNO", "5,000 attributes";
my %strange = (sender => "x" x 2000 . '@example.net', helo_name => "=" x 500,
    client_address => "999.1.1.1", size => "-9" x 50, recipient_count => "many",
    encryption_keysize => "9" x 40, instance => "%n%s", queue_id => "../../etc",
    client_name => "a\x80\xffb\x1b[31m", ccert_subject => "+00+0A+zz+",
    recipient => "\"a b\"\@\x{c3}\x{a9}.example");
is $p->ask(%strange), "DUNNO", "strange values";
is $p->ask(%strange, recipient => 'bad@example.com'), "554 5.7.1 Access denied",
    "and a refusal";
ok $w->wait_log(qr/reject: RCPT from a\?\?b\?\[31m|reject: RCPT from a.*?\[31m/),
    "which is logged";
unlike $w->log, qr/[\x00-\x08\x0b-\x1f\x7f]/, "without control characters";

# A thousand that say nothing, and some that have said half.
my $before = memory($server);
my @silent = map { IO::Socket::INET->new(PeerAddr => "127.0.0.1",
    PeerPort => $port) || die "connect: $!" } 1 .. 1000;
healthy("a thousand say nothing");
print { $silent[$_] } "request=smtpd_access_policy\nsend" for 0 .. 99;
healthy("a hundred say half");
my $each = (memory($server) - $before) / 1000;
cmp_ok $each, "<", ($ENV{OUT} || "") =~ /asan|tsan/ ? 500 : 24,
    "each takes little memory" or diag "$each KB";
$w->advance(31);
ok $w->wait_for(sub {
	() = $w->log =~ /timeout in a request/g;
	my $n = () = $w->log =~ /timeout in a request/g;
	$n == 100;
}), "half requests end";
is sysread($silent[0], my $none, 1), 0, "without an answer";
print { $silent[500] } $p->request(recipient => 'bad@example.com');
like scalar readline($silent[500]), qr/^action=554/, "silence is no fault";
$w->advance(1001);
is sysread($silent[999], $none, 1), 0, "but it ends some day";
close $_ for @silent;
@silent = ();

# Requests without end, whose answers nobody takes.
{
	my $deaf = Weir::Policy->new($port);
	my $text = $deaf->request(recipient => 'bad@example.com') x 100;
	my $s = $deaf->{client}->socket;
	my ($sent, $full) = (0, 0);

	$s->blocking(0);
	local $SIG{PIPE} = "IGNORE";
	for (1 .. 100000) {
		my $n = syswrite $s, $text;
		if (defined $n) {
			$sent += $n;
			$full = 0;
			# An even number of whole requests is not needed.
			$text = substr($text, $n) . substr($text, 0, $n);
			next;
		}
		last if ++$full > 5;
		select undef, undef, undef, 0.05;
	}
	ok $full > 5, "it stops reading, after $sent octets";
	healthy("somebody does not take his answers");
	$w->advance(31);
	ok $w->wait_for(sub {
		my $n = syswrite $s, "x";
		!defined $n && !$!{EAGAIN};
	}), "he is let go";
}

# More than there is room for.
my @crowd = map { IO::Socket::INET->new(PeerAddr => "127.0.0.1",
    PeerPort => $port) || () } 1 .. 1950;
ok $w->wait_log(qr/policy\[\d+\]: warning: too many connections to policy services\n/),
    "too many" if @crowd == 1950;
close $_ for @crowd;
ok $w->wait_for(sub {
	my $q = Weir::Policy->new($port);
	($q->ask // "") eq "DUNNO";
}), "afterwards there is room again";
is pid(), $server, "the same process all the time";
is $w->stop, 0, "it ends";
is $w->complaints, "", "no complaints";

done_testing;
