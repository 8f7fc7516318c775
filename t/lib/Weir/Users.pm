package Weir::Users;

# Users of a test's own, with homes, whom no other process of the machine
# knows: the test goes on in a mount namespace (and a network of its own) with
# another /etc/passwd.

use strict;
use warnings;

use File::Path qw(make_path remove_tree);
use File::Temp qw(tempdir);

our $uid = 5000; # of the first one, and of its group

sub write_file {
	my ($path, $text, $mode, $owner) = @_;

	open my $f, ">", $path or die "$path: $!";
	print $f $text;
	close $f;
	chmod $mode // 0644, $path;
	chown $owner, $owner, $path if defined $owner;
	return $path;
}

sub read_file {
	open my $f, "<", $_[0] or return "";
	local $/;
	return scalar <$f> // "";
}

# enter(@names): "", or why it cannot be; then all of them are there, with
# homes below dir() . "/home", and it does not return before.
sub enter {
	my @names = @_;

	return "" if $ENV{WEIR_USERS};
	return "not root" if $> != 0;
	return "no namespaces"
	    if system("unshare --net --mount true 2>/dev/null") != 0;
	my $dir = $ENV{WEIR_USERS} = tempdir("weir-users-XXXXXX", TMPDIR => 1);
	my ($passwd, $group) = (read_file("/etc/passwd"), read_file("/etc/group"));
	my $n = $uid;

	chmod 0755, $dir;
	for (@names) {
		$n++;
		$passwd .= "$_:x:$n:$n:$_:$dir/home/$_:/bin/sh\n";
		$group .= "$_:x:$n:\n";
	}
	write_file("$dir/passwd", $passwd);
	write_file("$dir/group", $group);
	clean();
	exec "unshare", "--net", "--mount", "sh", "-c",
	    'ip link set lo up && mount --bind $WEIR_USERS/passwd /etc/passwd ' .
	    '&& mount --bind $WEIR_USERS/group /etc/group && "$@"; status=$?; ' .
	    'rm -rf "$WEIR_USERS"; exit $status', "-", $^X, $0;
}

sub dir { return $ENV{WEIR_USERS} }

# Empty homes for all, an empty spool, and an "out" that everybody may write.
sub clean {
	my $dir = dir();

	remove_tree(map { "$dir/$_" } qw(home spool out));
	make_path("$dir/home", "$dir/spool", "$dir/out");
	chmod 0755, "$dir/home";
	chmod 01777, "$dir/spool", "$dir/out";
	for (split /\n/, read_file("$dir/passwd")) {
		my ($uid, $gid, $home) = (split /:/)[2, 3, 5];
		next unless $home =~ m{^\Q$dir\E/home/};
		mkdir $home;
		chown $uid, $gid, $home;
	}
}

# A file in a user's home, his own.
sub put {
	my ($user, $name, $text, $mode) = @_;

	return write_file(dir() . "/home/$user/$name", $text, $mode,
	    scalar((getpwnam $user)[2]));
}

1;
