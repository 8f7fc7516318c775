#!/usr/bin/perl
# What comes from another role is read like what comes from the network: frames
# that lie, are cut short, come out of order, in single octets, with descriptors
# that nobody asked for, or by the hundred megabyte.  Nobody dies of it, nothing
# is left behind, nothing is taken for mail (hostile 135); and what the roles
# show of themselves to others (136).
use strict;
use warnings;

use lib "t/lib";
use IO::Socket::UNIX;
use Socket qw(SHUT_WR);
use Test::More;
use Weir;

my $w = Weir->new(main => <<'EOT', files => { "secret.cf" => <<'EOT2' });
relay_domains = example.org
relay_recipient_maps =
transport_maps = inline:{example.org=relay:[127.0.0.1]:${port:hop}}
smtp_sasl_auth_enable = yes
smtp_sasl_security_options =
smtp_sasl_password_maps = texthash:$dir/etc/secret.cf
EOT
[127.0.0.1]:${port:hop} user:hush-hush
EOT2
my $sink = $w->sink("hop", ehlo => "AUTH PLAIN");
my $run = "$w->{dir}/queue/run";
my $number = "\0\0\0\0\0\0\0\1";

sub frame {
	my ($type, $body, $id) = @_;
	my $length = length $body;

	return pack("C", 0xf7) . substr(pack("N", $length), 1) .
	    pack("NQ>", $type, $id // 7) . $body;
}

# Send it to the socket, and wait until whoever is there has hung up, which is
# what becomes of a peer that has no more to say.
sub say_to {
	my ($name, @pieces) = @_;
	my $s = IO::Socket::UNIX->new(Peer => "$run/$name") or return 0;

	local $SIG{PIPE} = "IGNORE";
	for (@pieces) {
		my $at = 0;
		while ($at < length) {
			my $n = syswrite $s, $_, length($_) - $at, $at or last;
			$at += $n;
		}
	}
	shutdown $s, SHUT_WR;
	my $ended = $w->wait_for(sub {
		my $in = "";
		vec($in, fileno $s, 1) = 1;
		return 0 if select($in, undef, undef, 0.05) <= 0;
		return !sysread $s, my $rest, 65536;
	});
	close $s;
	return $ended;
}

sub fds { return scalar(my @l = glob("/proc/$_[0]/fd/*")) }

like $w->send_mail(to => 'first@example.org'), qr/^250/, "all is well";
$w->messages($sink, 1);
my %pid = $w->roles;
my %base = map { $_ => fds($pid{$_}) } keys %pid;
is join(" ", sort map { m{([^/]+)$} } grep { -S } glob("$run/*")),
    "admin auth control local queue", "these are the sockets";

my @types = (0, 1, 2, 0xffffffff, 0x5301 .. 0x5309, 0x4101 .. 0x4108,
    0x4a01 .. 0x4a05, 0x4d01 .. 0x4d06);
my @bodies = ("", "x", "\0" x 8, "\xff" x 8, "\xff" x 400, $number x 40,
    pack("N", 0xffffffff) . "abc", pack("N", 3) . "a\0b", "\0" x 100_000,
    (map { join "", map { chr int rand 256 } 1 .. 300 } 1 .. 3));
my %opening = (queue => [ "", frame(0x5301, ""), frame(0x4a01, $number) ],
    admin => [ "" ], local => [ "" ], control => [ "" ], auth => [ "" ]);
for my $name (sort keys %opening) {
	my $kept = 0;

	for my $opening (@{ $opening{$name} }) {
		for my $type (@types) {
			$kept += !say_to($name, $opening,
			    map { frame($type, $_) } $bodies[rand @bodies], $_)
			    for @bodies;
		}
		# Headers that lie, and half of one.
		$kept += !say_to($name, $opening, $_) for "\xf7", "\0" x 16,
		    "\xf7\xff\xff\xff" . "\0" x 12, "GET / HTTP/1.0\r\n\r\n",
		    substr(frame(0x5304, "abcdef"), 0, 18),
		    "\xf7\0\0\x10" . "\0" x 20, "\xff" x 100_000;
		$kept += !say_to($name, $opening,
		    split //, frame($types[7], "octet by octet"));
	}
	is $kept, 0, "$name: nobody who makes no sense is kept";
}

# Pieces of a record without an end: bounded.
{
	my $s = IO::Socket::UNIX->new(Peer => "$run/queue");
	my $part = frame(0x5303, "x" x (256 * 1024));
	my $sent = 0;

	local $SIG{PIPE} = "IGNORE";
	syswrite $s, frame(0x5301, "");
	PART: while ($sent < 600) {
		for (my $at = 0; $at < length $part;) {
			my $n = syswrite $s, $part, length($part) - $at, $at
			    or last PART;
			$at += $n;
		}
		$sent++;
	}
	cmp_ok $sent, "<", 600, "a record without an end is not taken";
}

# Descriptors that nobody asked for.
SKIP: {
	my $ended = system("python3", "-c", <<'EOT', $run);
import socket, sys
for name in "queue", "admin", "local", "control", "auth":
    for i in range(50):
        s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        s.connect(sys.argv[1] + "/" + name)
        try:
            socket.send_fds(s, [b"\xf7\0\0\0\0\0\x53\1\0\0\0\0\0\0\0\1"],
                [0, 1, 2] * 20)
        except OSError:
            pass
        s.close()
EOT
	skip "1 check: no python3", 1 if $ended != 0;
	pass "descriptors are sent";
}

ok $w->wait_for(sub {
	!grep { fds($pid{$_}) > $base{$_} + 3 } keys %pid }),
    "no descriptor is kept" or diag join ", ",
    map { "$_: $base{$_}, " . fds($pid{$_}) } sort keys %pid;
is_deeply { $w->roles }, \%pid, "no role died";
like(($w->command("mailq"))[1], qr/is empty/, "nothing was taken for mail");
like $w->healthy('last@example.org'), qr/^250/, "mail is taken";
is scalar(my @l = $w->messages($sink, 2)), 2, "and delivered";
like $w->log, qr/warning: a role sent something that makes no sense/, "said";

# What others may see of a role, and what is written down.
my $master = $w->{pid};
my %all = (%pid, master => $master);
for my $role (sort keys %all) {
	my $shown = join "", map { Weir::read_file("/proc/$all{$role}/$_") }
	    "cmdline", "environ", "comm";
	unlike $shown, qr/hush-hush/, "136: $role shows no password";
}
unlike $w->log, qr/hush-hush/, "136: nor does the log";
SKIP: {
	skip "136: a sanitizer does without the jail", scalar(keys %pid)
	    if ($ENV{OUT} // "") =~ /asan|tsan/ || $> != 0;
	for my $role (sort keys %pid) {
		# Who cannot be dumped belongs to root, whoever it runs as.
		is +(stat "/proc/$pid{$role}/environ")[4], 0,
		    "136: $role is read by root alone";
	}
}
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
unlike $w->log, qr/panic|fatal:/, "nothing died";
done_testing;
