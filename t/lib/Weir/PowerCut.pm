package Weir::PowerCut;

# Power cuts for a private gateway: file systems of its own (ext4 or XFS in a
# file), whose journal stops in the midst of what the gateway does, so that what
# was not synced is gone when they are mounted again.
#
#	Weir::PowerCut::begin();	# or skips the whole test
#	my $cut = Weir::PowerCut->new($w, "ext4", "queue", "mail");
#	$cut->arm(17);			# stop at the 17th call from now on
#	... mail ...
#	$cut->cut("queue");		# all processes end with the power
#	$cut->mount;
#
# Calls are counted by t/preload/fs_calls.c, which the gateway starts with.
# Before the power goes every process is stopped: none sees a disk that fails.

use strict;
use warnings;

use Cwd qw(abs_path);
use Test::More;

use Weir;

# How each kind is made, and mounted: ext4 would sync for whoever forgets to.
my %make = (ext4 => [ "64M", "mkfs.ext4", "-q" ],
    xfs => [ "320M", "mkfs.xfs", "-q" ]);
my %options = (ext4 => "loop,noauto_da_alloc", xfs => "loop");
# EXT4_IOC_SHUTDOWN, which is XFS_IOC_GOINGDOWN; without, or with, what the
# journal has in memory.
my $ioctl = 0x8004587D;
my @flags = (2, 1);
# fs_calls.c: stop, count, stopped, two devices.
my $page = "q5";

# Mounts of a test are seen by its own processes alone: somebody else's mount
# namespace would keep a file system alive that is to be unmounted.
sub begin {
	return if $ENV{WEIR_OWN_MOUNTS};
	plan skip_all => "not root" if $> != 0;
	my @own = ("unshare", "-m", "--propagation", "private");
	plan skip_all => "file systems may not be mounted here"
	    if !can_mount("ext4", @own);
	$ENV{WEIR_OWN_MOUNTS} = 1;
	exec @own, $^X, $0 or die "unshare: $!";
}

# May a file system of that kind be mounted, by a command that begins so?
sub can_mount {
	my ($type, @begin) = @_;
	my ($size, @mkfs) = @{ $make{$type} };
	my $try = "d=\$(mktemp -d) && truncate -s $size \$d/i && " .
	    "@mkfs \$d/i && mkdir \$d/m && mount -o $options{$type} " .
	    '$d/i $d/m && umount $d/m; s=$?; rm -r "$d"; exit $s';

	return system(@begin, "sh", "-c", "($try) >/dev/null 2>&1") == 0;
}

# Sanitizers want to be loaded first: nothing is counted then.
sub can_count { return ($ENV{OUT} // "") !~ /asan|tsan/ }

sub new {
	my ($class, $w, $type, @names) = @_;
	my $self = bless { w => $w, page => "$w->{dir}/calls", at => {},
		type => $type }, $class;
	my ($size, @mkfs) = @{ $make{$type} };

	for my $name (@names) {
		my $image = "$w->{dir}/$name.image";
		my $dir = $self->{at}{$name} = "$w->{dir}/$name";
		system("truncate", "-s", $size, $image) == 0 &&
		    system(@mkfs, $image) == 0 or die "mkfs";
		mkdir $dir;
	}
	$self->write_page(0);
	chmod 0666, $self->{page};
	$self->mount;
	chown +(getpwnam("nobody"))[2, 3], values %{ $self->{at} };
	return $self;
}

sub mount {
	my ($self) = @_;

	for my $name (sort keys %{ $self->{at} }) {
		next if $self->{mounted}{$name};
		system("mount", "-o", $options{ $self->{type} },
		    "$self->{w}{dir}/$name.image", $self->{at}{$name}) == 0
		    or die "mount $name";
		$self->{mounted}{$name} = 1;
	}
}

sub unmount {
	my ($self, @names) = @_;

	for my $name (@names) {
		$self->{w}->wait_for(sub {
			system("umount $self->{at}{$name} 2>/dev/null") == 0
		}) or die "umount $name";
		delete $self->{mounted}{$name};
	}
}

sub write_page {
	my ($self, $stop) = @_;
	my @devices = map { (stat $_)[0] // 0 } sort values %{ $self->{at} };

	open my $f, -e $self->{page} ? "+<" : ">", $self->{page} or die;
	syswrite $f, pack($page, $stop, 0, 0, $devices[0], $devices[1] // 0);
	close $f;
}

# Stop whoever makes call number ${stop} from now on; 0: nobody.
sub arm {
	my ($self, $stop) = @_;

	$self->write_page($stop);
}

sub count { return (unpack $page, Weir::read_file($_[0]{page}))[1] }
sub stopped { return (unpack $page, Weir::read_file($_[0]{page}))[2] }

# Start the gateway; all its processes are counted.
sub launch {
	my ($self) = @_;

	local $ENV{FS_CALLS_PAGE} = $self->{page};
	local $ENV{LD_PRELOAD} = abs_path(($ENV{OUT} || "build/debug") .
	    "/t/preload/fs_calls.so") if can_count();
	return $self->{w}->launch;
}

sub start {
	my ($self) = @_;

	local $ENV{FS_CALLS_PAGE} = $self->{page};
	local $ENV{LD_PRELOAD} = abs_path(($ENV{OUT} || "build/debug") .
	    "/t/preload/fs_calls.so") if can_count();
	return $self->{w}->start;
}

sub field {
	my ($pid, $n) = @_;
	my ($rest) = Weir::read_file("/proc/$pid/stat") =~ /^.*\) (.*)/s;

	return (split / /, $rest // "")[$n] // "";
}

# The supervisor and all that descends from it.
sub family {
	my ($self) = @_;
	my %parent = map { $_ => field($_, 1) }
	    map { m{(\d+)$} } glob("/proc/[0-9]*");
	my @all = $self->{w}{pid};

	for (my $i = 0; $i < @all; $i++) {
		push @all, grep { $parent{$_} eq $all[$i] } keys %parent;
	}
	return @all;
}

# The power goes, for these file systems; nothing of the gateway is left.  The
# journal's last words are written or not, as ${odd} says.
sub cut {
	my ($self, $odd, @names) = @_;
	my $w = $self->{w};
	my (@all, $still);

	# Who was stopped has no more children the next time we look.
	$w->wait_for(sub {
		@all = $self->family;
		my @running = grep { field($_, 0) !~ /[TtZX]/ } @all;
		kill "STOP", @running;
		$still = @running ? 0 : ($still // 0) + 1;
		return $still > 1;
	}) or die "not all could be stopped";
	for my $name (@names) {
		open my $f, "<", $self->{at}{$name} or die;
		my $flags = pack "L", $flags[$odd % @flags];
		ioctl $f, $ioctl, $flags or die "ioctl: $!";
		close $f;
	}
	kill "KILL", @all;
	waitpid delete $w->{pid}, 0;
	$w->wait_for(sub { !grep { field($_, 0) =~ /[^ZX]/ } @all })
	    or die "not all ended";
	$self->unmount(@names);
}

sub DESTROY {
	my ($self) = @_;

	return unless $self->{w};
	local ($?, $@, $!);
	$self->{w}->stop;
	eval { $self->unmount(keys %{ $self->{mounted} }) };
}

1;
