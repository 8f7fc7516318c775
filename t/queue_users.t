#!/usr/bin/perl
# Who may look at the queue, and have it tried: authorized_mailq_users and
# authorized_flush_users.  The role decides, by what the kernel says of the
# caller; the words and the exit status are those of Postfix 3.7.
# C-40 to C-44.
use strict;
use warnings;

use lib "t/lib";
use POSIX ();
use Test::More;
use Weir;

plan skip_all => "not root" if $> != 0;

my $main = "authorized_mailq_users = texthash:\$dir/etc/users\n" .
    "authorized_flush_users = !daemon, static:anyone\nfast_flush_domains = texthash:\$dir/etc/sites\n";
my $w = Weir->new(main => $main, files => { users => "bin yes\n", sites => "example.com yes\n" });
my %refused = map { $_ => "postqueue: fatal: User daemon(" . getpwnam("daemon") .
    ") is not allowed to $_ the mail queue\n" } "view", "flush";

# As a user, or as a number; (status, output).
sub as {
	my ($user, @args) = @_;
	my $uid = $user =~ /^\d+$/ ? $user : getpwnam($user);
	my $pid = open(my $f, "-|") // die "fork: $!";

	if ($pid == 0) {
		open STDERR, ">&", \*STDOUT;
		{ exec "setpriv", "--reuid", $uid, "--regid", 65534, "--clear-groups", Weir::program(),
		    shift @args, "-c", "$w->{dir}/etc", @args };
		POSIX::_exit(127);
	}
	my $said = do { local $/; <$f> };
	close $f;
	return [$? >> 8, $said];
}

is_deeply as("daemon", "postqueue", $_), [69, $refused{view}], "postqueue $_ is refused" for "-p", "-j";
is_deeply as("daemon", "postqueue", @$_), [69, $refused{flush}], "postqueue @$_ is refused"
    for ["-f"], ["-i", "ABCDEF"], ["-s", "example.com"];
is_deeply as("bin", "postqueue", "-p"), [0, "Mail queue is empty\n"], "a user of the table may look";
is_deeply as("bin", "postqueue", "-f"), [0, ""], "and flush";
like as(54321, "postqueue", "-p")->[1], qr/fatal: User unknown\(54321\) is not allowed to view/, "one without a name may not look";
is_deeply as(54321, "postqueue", "-f"), [0, ""], "but flush";
is_deeply [$w->command("postqueue", $_)], [0, $_ eq "-p" ? "Mail queue is empty\n" : ""], "root may $_" for "-p", "-f";
is_deeply as("nobody", "postqueue", "-p"), [0, "Mail queue is empty\n"], "the owner may";
is_deeply as("bin", "postqueue", "-s", "example.com"), [0, ""], "a site of a table";

# Other lists come with a reload, also for the role that goes on.
is(($w->reconfigure(main => "authorized_mailq_users = static:anyone\nauthorized_flush_users =\n"))[0], 0, "reload");
is_deeply as("daemon", "postqueue", "-p"), [0, "Mail queue is empty\n"], "now it may look";
is_deeply as("daemon", "postqueue", "-f"), [69, $refused{flush}], "and nobody may flush";
like +($w->configure(main => "authorized_mailq_users = ldap:\$dir/etc/users\n", files => { users => "" })->command("check"))[1],
    qr/authorized_mailq_users: /, "weir check finds what cannot be asked";
is $w->stop, 0, "stops cleanly";
is $w->complaints, "", "no sanitizer complains";
done_testing;
