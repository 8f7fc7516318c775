package Weir::Postfix;

# Debian's Postfix as a private instance on loopback: its own configuration,
# queue, data and log below one directory.  Needs root.

use strict;
use warnings;

use File::Path qw(make_path);

# start($dir, port => N, main => "...", master => "...", resolver => ADDRESS):
# it asks that name server, in a file system of its own.
sub start {
	my ($class, $dir, %arg) = @_;
	my $self = bless { dir => $dir, port => $arg{port} }, $class;
	my ($etc, $spool) = ("$dir/etc", "$dir/spool");

	make_path($etc, $spool, "$dir/data");
	chmod 0755, $dir, $etc, $spool;
	chown scalar(getpwnam("postfix")), -1, "$dir/data";
	for my $name ("postfix-files", "dynamicmaps.cf", "post-install",
	    "postfix-script") {
		system("cp", "-r", "/etc/postfix/$name", $etc)
		    if -e "/etc/postfix/$name";
		system("cp", "-r", "/etc/postfix/$name.d", $etc)
		    if -e "/etc/postfix/$name.d";
	}
	my $main = <<EOT;
compatibility_level = 3.6
myhostname = postfix.example.com
mydestination =
mynetworks = 127.0.0.0/8
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
queue_directory = $spool
data_directory = $dir/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = $dir/log
maillog_file_prefixes = $dir
smtp_host_lookup = native
alias_maps =
EOT
	# What the test sets itself is not set twice.
	$main =~ s/^\Q$_\E =.*\n//m for ($arg{main} || "") =~ /^(\w+) *=/mg;
	write_file("$etc/main.cf", $main . ($arg{main} || ""));
	my $master = <<EOT;
127.0.0.1:$arg{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
EOT
	write_file("$etc/master.cf", $master . ($arg{master} || ""));
	my $start = "postfix -c $etc start";
	if ($arg{resolver}) {
		write_file("$dir/resolv.conf", "nameserver $arg{resolver}\n");
		$start = "unshare --mount sh -c 'mount --bind " .
		    "$dir/resolv.conf /etc/resolv.conf && exec $start'";
	}
	my $said = `$start 2>&1`;
	die "postfix: $said" if $? != 0;
	open my $f, "<", "$spool/pid/master.pid" or die "postfix: $said";
	($self->{pid}) = <$f> =~ /(\d+)/;
	return $self;
}

sub write_file {
	my ($path, $text) = @_;

	open my $f, ">", $path or die "$path: $!";
	print $f $text;
	close $f;
}

# But for what it says now and then of its file system.
sub log {
	my ($self) = @_;

	open my $f, "<", "$self->{dir}/log" or return "";
	return join "", grep { !/resetting file time stamps/ } <$f>;
}

sub stop {
	my ($self) = @_;

	return unless $self->{pid};
	system("postfix -c $self->{dir}/etc stop >/dev/null 2>&1");
	delete $self->{pid};
}

sub DESTROY { local ($?, $@, $!); $_[0]->stop }

1;
