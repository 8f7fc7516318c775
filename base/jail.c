/* jail.c - see jail.h. */
#include "base/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"
#include "base/spawn.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { SANITIZED = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif
#else
enum { SANITIZED = 0 };
#endif

static const char *lacks = "";

const char *
jail_lacks(void)
{
	return lacks;
}

/* What every role may do. */
static const char *const common_calls[] = { "accept", "accept4", "access",
	"bind", "brk", "chdir", "clock_getres", "clock_gettime",
	"clock_nanosleep", "clone", "clone3", "close", "close_range", "connect",
	"dup", "dup2", "dup3", "epoll_create1", "epoll_ctl", "epoll_pwait",
	"epoll_wait", "eventfd2", "exit", "exit_group", "faccessat",
	"faccessat2", "fadvise64", "fallocate", "fchmod", "fcntl", "fdatasync",
	"flock", "fstat", "fstatfs", "fsync", "ftruncate", "futex", "getcwd",
	"getdents64", "getegid", "geteuid", "getgid", "getgroups",
	"getpeername", "getpid", "getppid", "getrandom", "getresgid",
	"getresuid", "getrlimit", "getrusage", "getsockname", "getsockopt",
	"gettid", "gettimeofday", "getuid", "kill", "link", "listen", "lseek",
	"lstat", "madvise", "membarrier", "mincore", "mkdir", "mkdirat", "mmap",
	"mprotect", "mremap", "msync", "munmap", "nanosleep", "newfstatat",
	"open", "openat", "openat2", "pipe", "pipe2", "poll", "ppoll", "prctl",
	"pread64", "preadv", "prlimit64", "pselect6", "pwrite64", "pwritev",
	"read", "readlink", "readlinkat", "readv", "recvfrom", "recvmmsg",
	"recvmsg", "rename", "renameat", "renameat2", "restart_syscall", "rseq",
	"rt_sigaction", "rt_sigpending", "rt_sigprocmask", "rt_sigreturn",
	"rt_sigsuspend", "rt_sigtimedwait", "sched_getaffinity",
	"sched_getparam", "sched_getscheduler", "sched_setaffinity",
	"sched_yield", "select", "sendfile", "sendmmsg", "sendmsg", "sendto",
	"set_robust_list", "set_tid_address", "setsockopt", "shutdown",
	"sigaltstack", "signalfd4", "socketpair", "splice", "stat", "statfs",
	"statx", "sync_file_range", "syncfs", "sysinfo", "tgkill",
	"timer_create", "timer_settime", "timerfd_create", "timerfd_settime",
	"umask", "uname", "unlink", "unlinkat", "utimensat", "wait4", "waitid",
	"write", "writev", NULL };

/* What nobody does by mistake. */
static const char *const hostile_calls[] = { "execve", "execveat", "ptrace",
	"process_vm_readv", "process_vm_writev", "mount", "umount2",
	"pivot_root", "chroot", "setuid", "setgid", "setreuid", "setregid",
	"setresuid", "setresgid", "setgroups", "bpf", "perf_event_open",
	"init_module", "finit_module", "delete_module", "kexec_load", "keyctl",
	"add_key", "userfaultfd", "unshare", "setns", "open_by_handle_at",
	"reboot", "swapon", "iopl", "ioperm", NULL };

static int
add_calls(scmp_filter_ctx filter, uint32_t action, const char *const *names)
{
	for (; *names != NULL; names++) {
		int call = seccomp_syscall_resolve_name(*names);

		/* An old name that this machine never had. */
		if (call == __NR_SCMP_ERROR)
			continue;
		if (seccomp_rule_add(filter, action, call, 0) != 0)
			return -1;
	}
	return 0;
}

/* Terminal control has no place in a server; asking for a descriptor's nature
 * or how much is waiting does. */
static int
add_sockets(scmp_filter_ctx filter, enum jail_kind kind)
{
	static const int families[] = { AF_UNIX, AF_INET, AF_INET6,
		AF_NETLINK };
	static const unsigned long ioctls[] = { 0x5401 /* TCGETS */,
		0x541b /* FIONREAD */, 0x5421 /* FIONBIO */,
		0x5451 /* FIOCLEX */ };

	for (size_t i = 0; i < (kind == JAIL_STORE ? 1 : 4); i++)
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(socket),
			1,
			SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)families[i])) != 0)
			return -1;
	for (size_t i = 0; i < sizeof ioctls / sizeof ioctls[0]; i++)
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
			SCMP_A1(SCMP_CMP_EQ, ioctls[i])) != 0)
			return -1;
	return 0;
}

static int
enter_seccomp(enum jail_kind kind, struct err *err)
{
	scmp_filter_ctx filter;
	int e = -1;

	if (prctl(PR_GET_SECCOMP) < 0) {
		lacks = "seccomp";
		return 0;
	}
	filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (filter != NULL &&
	    add_calls(filter, SCMP_ACT_ALLOW, common_calls) == 0 &&
	    add_calls(filter, SCMP_ACT_KILL_PROCESS, hostile_calls) == 0 &&
	    add_sockets(filter, kind) == 0)
		e = seccomp_load(filter);
	seccomp_release(filter);
	if (e != 0)
		err_set(err, "seccomp: %s", err_errno(-e));
	return e != 0 ? -1 : 0;
}

enum {
	READ_RIGHTS =
	    LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR,
	WRITE_RIGHTS = LANDLOCK_ACCESS_FS_WRITE_FILE |
	    LANDLOCK_ACCESS_FS_REMOVE_DIR | LANDLOCK_ACCESS_FS_REMOVE_FILE |
	    LANDLOCK_ACCESS_FS_MAKE_DIR | LANDLOCK_ACCESS_FS_MAKE_REG |
	    LANDLOCK_ACCESS_FS_MAKE_SOCK,
	OTHER_RIGHTS = LANDLOCK_ACCESS_FS_EXECUTE |
	    LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_FIFO |
	    LANDLOCK_ACCESS_FS_MAKE_BLOCK | LANDLOCK_ACCESS_FS_MAKE_SYM,
};

static int
allow_tree(int ruleset, const char *path, uint64_t rights, struct err *err)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };
	int e = 0;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	/* A tree that is not there needs no right. */
	if (rule.parent_fd < 0)
		return 0;
	if (syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH,
		&rule, 0) != 0) {
		err_set(err, "landlock: %s: %s", path, err_errno(errno));
		e = -1;
	}
	(void)close(rule.parent_fd);
	return e;
}

static int
enter_landlock(const struct jail *jail, struct err *err)
{
	struct landlock_ruleset_attr attr = { .handled_access_fs = READ_RIGHTS |
		    WRITE_RIGHTS | OTHER_RIGHTS };
	int ruleset, e = 0;

	if (syscall(SYS_landlock_create_ruleset, NULL, 0,
		LANDLOCK_CREATE_RULESET_VERSION) < 1) {
		lacks = "landlock";
		return 0;
	}
	ruleset =
	    (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
	if (ruleset < 0) {
		err_set(err, "landlock: %s", err_errno(errno));
		return -1;
	}
	for (size_t i = 0; e == 0 && jail->read[i] != NULL; i++)
		e = allow_tree(ruleset, jail->read[i], READ_RIGHTS, err);
	for (size_t i = 0; e == 0 && jail->write[i] != NULL; i++)
		e = allow_tree(
		    ruleset, jail->write[i], READ_RIGHTS | WRITE_RIGHTS, err);
	if (e == 0 && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0) {
		err_set(err, "landlock: %s", err_errno(errno));
		e = -1;
	}
	(void)close(ruleset);
	return e;
}

int
jail_enter(const struct jail *jail, struct err *err)
{
	static const struct rlimit none = { 0, 0 };

	if (geteuid() == 0 && spawn_become(jail->uid, jail->gid) != 0) {
		err_set(err, "cannot become user %d", (int)jail->uid);
		return -1;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
	    setrlimit(RLIMIT_CORE, &none) != 0) {
		err_set(err, "prctl: %s", err_errno(errno));
		return -1;
	}
	if (SANITIZED)
		return 0;
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
		err_set(err, "prctl: %s", err_errno(errno));
		return -1;
	}
	if (enter_landlock(jail, err) != 0)
		return -1;
	return enter_seccomp(jail->kind, err);
}
