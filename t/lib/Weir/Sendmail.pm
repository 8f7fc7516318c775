package Weir::Sendmail;

# Sendmail as a private instance on loopback.  Its package conflicts with
# Postfix's, so that it is not installed: its files are unpacked below a
# directory of the test.  Needs root, m4 and a mirror of Debian's.

use strict;
use warnings;

use Cwd qw(getcwd);
use File::Path qw(make_path);
use POSIX qw(:sys_wait_h);

# unpack($dir): the files, below $dir/root; undef: they cannot be had.
sub unpack {
	my ($class, $dir) = @_;
	my @packages = qw(sendmail-bin sendmail-cf);
	my $here = getcwd();

	make_path("$dir/packages", "$dir/root");
	chdir "$dir/packages" or die "$dir: $!";
	system("timeout 60 apt-get -qq -o APT::Sandbox::User=root download @packages >/dev/null 2>&1");
	chdir $here;
	for my $file (glob("$dir/packages/*.deb")) {
		return undef if system("dpkg", "-x", $file, "$dir/root") != 0;
	}
	return -x "$dir/root/usr/libexec/sendmail/sendmail" &&
	    -d "$dir/root/usr/share/sendmail/cf/m4" ? "$dir/root" : undef;
}

# start($dir, port => N, mc => "..."): with these lines in its sendmail.mc.  It
# delivers nothing: what it takes stays in $dir/queue.
sub start {
	my ($class, $root, $dir, %arg) = @_;
	my $self = bless { dir => $dir }, $class;
	my $cf = "$root/usr/share/sendmail/cf";

	make_path("$dir/queue");
	chmod 0755, $dir;
	chmod 0700, "$dir/queue";
	write_file("$dir/switch", "hosts files\naliases files\n");
	write_file("$dir/aliases", "");
	write_file("$dir/hosts", "127.0.0.1 sendmail.example.com localhost\n");
	write_file("$dir/sendmail.mc", <<EOT);
divert(-1)
divert(0)
OSTYPE(`linux')
define(`confDOMAIN_NAME', `sendmail.example.com')
define(`QUEUE_DIR', `$dir/queue')
define(`ALIAS_FILE', `$dir/aliases')
define(`confPID_FILE', `$dir/pid')
define(`STATUS_FILE', `$dir/statistics')
define(`HELP_FILE', `$dir/help')
define(`confSERVICE_SWITCH_FILE', `$dir/switch')
define(`confCW_FILE', `$dir/none')
define(`confDELIVERY_MODE', `queueonly')
define(`confTRUSTED_USER', `root')
define(`confDEF_USER_ID', `nobody:nogroup')
define(`confTO_IDENT', `0')
define(`confMILTER_LOG_LEVEL', `14')
FEATURE(`no_default_msa')
FEATURE(`nocanonify')
FEATURE(`accept_unresolvable_domains')
RELAY_DOMAIN(`example.com')
DAEMON_OPTIONS(`Port=$arg{port}, Addr=127.0.0.1, Name=MTA')
$arg{mc}
MAILER(`smtp')
EOT
	system("m4 -D_CF_DIR_=$cf/ $cf/m4/cf.m4 $dir/sendmail.mc > $dir/sendmail.cf 2>$dir/m4");
	my $pid = fork // die "fork: $!";
	if ($pid == 0) {
		open STDIN, "<", "/dev/null";
		open STDOUT, ">", "$dir/said";
		open STDERR, ">&", \*STDOUT;
		# It wants to know its own name, and would ask until it does.
		{ exec "unshare", "--mount", "--uts", "sh", "-c",
		    "mount --bind $dir/hosts /etc/hosts && " .
		    "echo sendmail.example.com > /proc/sys/kernel/hostname && " .
		    "exec $root/usr/libexec/sendmail/sendmail " .
		    "-C$dir/sendmail.cf -bD"; }
		POSIX::_exit(127);
	}
	$self->{pid} = $pid;
	return $self;
}

sub write_file {
	my ($path, $text) = @_;

	open my $f, ">", $path or die "$path: $!";
	print $f $text;
	close $f;
}

sub read_file {
	my ($path) = @_;

	open my $f, "<", $path or return "";
	local $/;
	return scalar <$f> // "";
}

# What it said when it started.
sub said { return read_file("$_[0]{dir}/said") . read_file("$_[0]{dir}/m4") }

# The envelope, with headers, and the body of each message that it has; those
# that are quarantined begin with a q of their own.
sub queue {
	my ($self) = @_;

	return map {
		my $body = s{/[qh]f([^/]*)$}{/df$1}r;
		{ name => $_, envelope => read_file($_), body => read_file($body) }
	} sort glob("$self->{dir}/queue/[qh]f*");
}

sub stop {
	my ($self) = @_;

	return unless $self->{pid};
	kill "TERM", $self->{pid};
	waitpid($self->{pid}, 0);
	delete $self->{pid};
}

sub DESTROY { local ($?, $@, $!); $_[0]->stop }

1;
