#!/usr/bin/perl
# Spawn services: a program for each connection, over TCP and a Unix socket
# (D-42, P-087, PF-05); a policy service that is started this way (S-228;
# SPF itself is in policyd_spf.t).
use strict;
use warnings;

use lib "t/lib";
use IO::Socket::INET;
use IO::Socket::UNIX;
use Test::More;
use Weir;

my $w = Weir->new(start => 0);
my ($echo, $who, $slow, $bad) = map { $w->port($_) } qw(echo who slow bad);
my $script = "$w->{dir}/policy";
open my $f, ">", $script or die;
print $f <<'EOT';
#!/usr/bin/perl
$| = 1;
my %a;
while (<STDIN>) {
	chomp;
	if (/=/) {
		my ($k, $v) = split /=/, $_, 2;
		$a{$k} = $v;
	} else {
		print "action=", $a{sender} =~ /^spam/ ? "REJECT by $a{recipient}" : "DUNNO", "\n\n";
	}
}
EOT
close $f;
chmod 0755, $script, $w->{dir};
my $main = <<'EOT';
relay_domains = example.org
transport_maps = inline:{example.org=discard:}
smtpd_recipient_restrictions = reject_unauth_destination,
    check_policy_service unix:private/policy-test
EOT
$main .= "$slow\_time_limit = 30s\n" =~ s/^/127.0.0.1:/r;
my $master = <<EOM;
127.0.0.1:$echo inet n n n - 2 spawn user=nobody argv=cat
127.0.0.1:$who inet n n n - 2 spawn user=nobody:mail
  argv=/bin/sh -c {id -un; id -gn; env | sort | cut -d= -f1 | tr '\\n' ' '; exit 3}
127.0.0.1:$slow inet n n n - - spawn user=nobody argv=/bin/sh -c {exec sleep 777}
127.0.0.1:$bad inet n n n - - spawn user=root argv=/bin/true
policy-test unix - n n - 0 spawn user=nobody argv=$script
EOM
$w->configure(main => $main, master => $master);
$w->start;

sub open_port {
	return IO::Socket::INET->new(PeerAddr => "127.0.0.1",
	    PeerPort => $_[0], Timeout => 5) || die "port $_[0]: $!";
}

sub say_to {
	my ($s, $text) = @_;
	print $s $text;
	my $rin = "";
	vec($rin, fileno $s, 1) = 1;
	return "" if !select($rin, undef, undef, $_[2] || 10);
	sysread $s, my $answer, 1000;
	return $answer;
}

my @open = map { open_port($echo) } 1 .. 3;
is say_to($open[0], "one\n"), "one\n", "a program for a connection";
is say_to($open[1], "two\n"), "two\n", "another for another";
is say_to($open[2], "three\n", 0.3), "", "maxproc: the third waits";
close $open[0];
is say_to($open[2], ""), "three\n", "until one has ended";

my $s = open_port($who);
my $all = join "", <$s>;
is $all, "nobody\nmail\nLANG MAIL_CONFIG PATH PWD ", "user, group, environment"
    or diag $all;
ok $w->wait_log(qr/spawn\[\d+\]: warning: command \/bin\/sh exit status 3\n/),
    "an exit status is logged";

my $late = open_port($slow);
ok $w->wait_for(sub { `ps -eo args` =~ /^sleep 777$/m }), "runs";
$w->advance(31);
is sysread($late, my $none, 1), 0, "its time limit";
ok $w->wait_log(qr/spawn\[\d+\]: warning: command \/bin\/sh killed by signal 9\n/),
    "logged";
my $root = open_port($bad);
is sysread($root, $none, 1), 0, "nothing runs as root";
ok $w->wait_log(qr/spawn\[\d+\]: warning: 127\.0\.0\.1:$bad: user= command-line attribute specifies root privileges\n/),
    "logged";

is $w->rcpt('user@example.org', from => 'ham@example.net'), "250 2.1.5 Ok",
    "the policy service passes";
is $w->rcpt('user@example.org', from => 'spam@example.net'),
    '554 5.7.1 <user@example.org>: Recipient address rejected: by user@example.org',
    "and refuses";
my ($mode) = (stat "$w->{dir}/queue/private")[2];
is $mode & 07777, 0700, "private";
my ($status, $text) = $w->command("status");
like $text, qr{^listens on \S+/queue/private/policy-test for policy-test$}m,
    "weir status";

# A reload: old programs end with their clients, new ones serve.
($status) = $w->reconfigure(main => $main, master => $master =~ s/^policy-test .*//mr
    . "other unix n n n - 0 spawn user=nobody argv=$script\n");
is $status, 0, "reload";
is say_to($open[1], "still here\n"), "still here\n", "a program of before";
is say_to(open_port($echo), "new\n"), "new\n", "one of now";
ok !-e "$w->{dir}/queue/private/policy-test", "a service that is gone";
my $unix = IO::Socket::UNIX->new(Peer => "$w->{dir}/queue/public/other");
ok $unix, "private = n: public/";
is say_to($unix, "sender=spam\nrecipient=r\n\n"), "action=REJECT by r\n\n",
    "it answers";
close $_ for @open;

for my $b (["user=nobody" => qr/missing argv= attribute/],
    ["argv=/bin/true" => qr/missing user= attribute/],
    ["flags=D user=nobody argv=/bin/true" => qr/unknown attribute name: flags=D/]) {
	$w->write_file("master.cf", "x unix - n n - - spawn $b->[0]\n");
	my ($status, $text) = $w->command("check");
	like $text, qr/master\.cf:1: service x: $b->[1]/, $b->[0];
	is $status, 1, "an error";
}

is $w->stop, 0, "ends in peace";
is $w->complaints, "", "no complaints";
done_testing;
