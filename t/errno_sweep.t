#!/usr/bin/perl
# Each system call of each role fails in its turn, with each error that it may
# have: mail may be refused for now, or wait, or the role may end and come back;
# nothing is lost, cut short or delivered twice, and the gateway serves
# (hostile 98, 101 to 106, 133; see Weir/Sweep.pm): a sample, or all with
# WEIR_SWEEP=all.
use strict;
use warnings;

use lib "t/lib";
use Test::More;
use Weir::Sweep;

my $impossible = Weir::Trace::impossible();
plan skip_all => $impossible if $impossible;

my @disk = qw(ENOSPC EDQUOT EIO EROFS ESTALE);
my @descriptors = qw(EMFILE ENFILE ENOMEM);
my %errors = (
	# Left out is what the kernel would not do: a read that has nothing
	# though there is something, a stream between roles that fails while
	# both live.
	(map { $_ => [qw(EINTR)] } qw(read recvfrom recvmsg)),
	(map { $_ => [qw(EIO ESTALE)] } qw(pread64 lseek newfstatat statfs
	    getdents64 fstat)),
	(map { $_ => [qw(EINTR EAGAIN ENOBUFS)] } qw(sendto sendmsg)),
	(map { $_ => [@disk, "EINTR"] } qw(pwrite64 writev)),
	(map { $_ => [@disk] } qw(fsync fdatasync msync linkat unlink unlinkat
	    mkdir mkdirat rename renameat ftruncate fallocate)),
	(map { $_ => [@descriptors, qw(EIO ESTALE EROFS EINTR)] }
	    qw(open openat)),
	(map { $_ => [@descriptors, qw(EINTR ECONNABORTED)] } qw(accept4)),
	(map { $_ => [@descriptors] } qw(socket socketpair pipe2 dup dup2 dup3
	    epoll_create1 eventfd2 signalfd4 pidfd_open memfd_create)),
	connect => [qw(EINTR EAGAIN ECONNREFUSED ENOENT)],
	(map { $_ => [qw(ENOMEM)] } qw(mmap brk mprotect mremap epoll_ctl)),
	(map { $_ => [qw(EAGAIN ENOMEM)] } qw(clone clone3 fork vfork execve)),
	(map { $_ => [qw(EAGAIN EPERM)] } qw(setresuid setresgid setgroups)),
);
my %more = (queue => { sink => 1 }, deliver => { sink => 1 },
    proxy => { user => 1 }, supervisor => { sink => 1, user => 1 });
# Elsewhere write() wakes a thread of the same process, which cannot fail.  What
# the supervisor starts begins in libc's loader, which may die of a want of
# memory as it likes.
my %own = (local => { write => [@disk, "EINTR"] },
	supervisor => { map { $_ => [] } qw(mmap brk mprotect mremap) });

sub faults {
	my ($role, $call) = @_;
	my $errors = $own{$role}{$call} || $errors{$call} || [];

	# What exceeds the quota of a user is returned, as it is by Postfix.
	return map { "error=$_" } grep { $role ne "local" || $_ ne "EDQUOT" }
	    @$errors;
}

# A role that was started while its store could not be opened, for its jail, was
# let in without it, and served for ever without delivering anything.
my %also = (supervisor => sub {
	my $store = "$_[0]{dir}/queue/store";

	return map { [ "openat", 1, "error=$_", "-P", $store ] }
	    qw(EMFILE ENFILE);
});

my @roles = @ARGV ? @ARGV : qw(queue proxy deliver local supervisor);

for my $role (@roles) {
	Weir::Sweep->new->run($role, more => $more{$role}, most => 36,
	    also => $also{$role},
	    faults => sub { faults($role, $_[0]) });
}
done_testing;
