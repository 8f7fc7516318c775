#!/usr/bin/perl
# The machine fails: the disk once at a sync, descriptors that are no more, a
# log that cannot be written, a client that is gone when its mail is safe.
# Hostile 56, 101, 105, 114, 136.
use strict;
use warnings;

use lib "t/lib";
use POSIX ();
use Test::More;
use Weir;

my $w = Weir->new(main => <<'EOT');
relay_domains = example.org
relay_recipient_maps =
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:hop}}
EOT
my $sink = $w->sink("hop");

sub taken { return $w->send_mail(to => 'a@example.org', data => "Subject: $_[0]\r\n\r\nx\r\n") }
sub arrived {
	my ($subject, $count) = @_;

	return grep { /^Subject: $subject\r?$/m } $w->messages($sink, $count);
}

like taken("first"), qr/^250/, "all is well";
$w->messages($sink, 1);

# strace makes the syncs of the role fail.
SKIP: {
	skip "row 101: needs root and an uninstrumented program", 4
	    if $> != 0 || ($ENV{OUT} // "") =~ /asan|tsan/;
	my %pid = $w->roles;
	my $tracer = fork // die;
	if ($tracer == 0) {
		open STDERR, ">", "$w->{dir}/strace";
		exec "strace", "-f", "-q", "-e", "trace=fdatasync,fsync,msync",
		    "-e", "inject=fdatasync,fsync,msync:error=EIO",
		    "-p", $pid{queue} or POSIX::_exit(1);
	}
	$w->wait_for(sub {
		!grep { Weir::read_file($_) !~ /TracerPid:\s+[1-9]/ }
		    glob("/proc/$pid{queue}/task/*/status");
	});
	my $reply = taken("unsafe");
	like $reply, qr/^4\d\d /, "row 101: what cannot be synced is not taken"
	    or diag $w->log;
	kill "TERM", $tracer;
	waitpid $tracer, 0;
	like Weir::read_file("$w->{dir}/strace"), qr/EIO .*INJECTED/,
	    "row 101: the sync did fail";
	ok $w->wait_for(sub { taken("after") =~ /^250/ }),
	    "row 101: when the disk works again, mail is taken";
	ok $w->wait_for(sub { arrived("after", 2) }), "row 101: and delivered";
}

# The client goes when its mail is safe, without the reply: it is there once.
{
	my $before = () = $w->messages($sink, 0);
	my $c = $w->smtp;
	$c->cmd("EHLO client.example.net");
	$c->cmd("MAIL FROM:<me\@example.net>");
	$c->cmd("RCPT TO:<a\@example.org>");
	$c->cmd("DATA");
	$c->put("Subject: unheard\r\n\r\nx\r\n.\r\n");
	close $c->socket;
	ok $w->wait_for(sub { arrived("unheard", 0) }),
	    "row 56: delivered though nobody heard the 250";
	like taken("last"), qr/^250/, "row 56: the next";
	ok $w->wait_for(sub { arrived("last", 0) }), "row 56: arrives";
	is scalar(arrived("unheard", 0)), 1, "row 56: once";
}

# A log that nothing can be written to.
SKIP: {
	skip "row 114: no /dev/full", 4 if !-c "/dev/full";
	rename "$w->{dir}/log", "$w->{dir}/log.old" or die $!;
	symlink "/dev/full", "$w->{dir}/log" or die $!;
	my ($master) = Weir::read_file("$w->{dir}/queue/run/pid") =~ /(\d+)/;
	kill "USR1", $master;
	my %pid = $w->roles;
	ok $w->wait_for(sub {
		(readlink("/proc/$pid{proxy}/fd/4") // "") eq "/dev/full"
	}), "row 114: the log is full";
	like taken("unlogged"), qr/^250/, "row 114: mail is taken";
	ok $w->wait_for(sub { arrived("unlogged", 0) }),
	    "row 114: and delivered";
	unlink "$w->{dir}/log";
	rename "$w->{dir}/log.old", "$w->{dir}/log";
	kill "USR1", $master;
	ok $w->wait_for(sub {
		taken("logged");
		return $w->log =~ /message-id/;
	}), "row 114: when it is not, lines are written again";
}

# Hardly any descriptors: who comes is told, or waits; nobody spins.
{
	my $small = Weir->new(nofile => 48, main => <<'EOT');
relay_domains = example.org
relay_recipient_maps =
transport_maps = inline:{example.org=discard}
smtpd_client_connection_count_limit = 0
EOT
	my %pid = $small->roles;
	my $ticks = sub {
		my @f = split / /, Weir::read_file("/proc/$pid{proxy}/stat") =~
		    s/^.*\) //r;
		return $f[11] + $f[12];
	};
	my @held = map { Weir::Client->new($small->{port}, silent => 1) }
	    1 .. 80;
	my $before = $ticks->();
	select undef, undef, undef, 0.05;
	cmp_ok $ticks->() - $before, "<", 5, "row 105: it does not spin";
	close $_->socket for @held;
	ok $small->wait_for(sub {
		my $c = eval { Weir::Client->new($small->{port}) } or return 0;
		return ($c->{banner} // "") =~ /^220/;
	}), "row 105: when they have gone, the next is greeted";
	like $small->send_mail(to => 'a@example.org'), qr/^250/,
	    "row 105: and served";
	is $small->stop, 0, "stops";
	is $small->complaints, "", "no sanitizer complains";
}

# Nothing of the roles can be dumped, or read by those who run as the same.
{
	my %pid = $w->roles;
	for my $role (sort keys %pid) {
		like Weir::read_file("/proc/$pid{$role}/limits"),
		    qr/^Max core file size\s+0\s/m, "row 136: no core of $role";
	}
}

is $w->stop, 0, "stops";
is $w->complaints, "", "no sanitizer complains";
done_testing;
