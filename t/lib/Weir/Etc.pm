package Weir::Etc;

# Files of /etc that are a test's own: it goes on in a mount namespace, and a
# network of its own.
#
#	my $why = Weir::Etc::enter("resolv.conf", "hosts");
#	plan skip_all => $why if $why;
#	Weir::Etc::put("resolv.conf", "nameserver 127.0.0.1\n");

use strict;
use warnings;

use File::Temp qw(tempdir);

# enter(@names): "", or why it cannot be; it does not return before all of them
# are there, and empty.
sub enter {
	my @names = @_;

	return "" if $ENV{WEIR_ETC};
	return "not root" if $> != 0;
	return "no namespaces"
	    if system("unshare --net --mount true 2>/dev/null") != 0;
	$ENV{WEIR_ETC} = tempdir("weir-etc-XXXXXX", TMPDIR => 1);
	chmod 0755, $ENV{WEIR_ETC};
	put($_, "") for @names;
	exec "unshare", "--net", "--mount", "sh", "-c", "ip link set lo up && " .
	    join("", map { "mount --bind \$WEIR_ETC/$_ /etc/$_ && " } @names) .
	    '"$@"; status=$?; rm -rf "$WEIR_ETC"; exit $status', "-", $^X, $0;
}

# In place: what is mounted is this very file.
sub put {
	my ($name, $text) = @_;

	open my $f, ">", "$ENV{WEIR_ETC}/$name" or die "$name: $!";
	print $f $text;
	close $f or die "$name: $!";
}

1;
