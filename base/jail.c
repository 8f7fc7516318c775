/* jail.c - see jail.h. */
#include "base/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/landlock.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
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
	"clock_nanosleep", "close", "close_range", "connect", "dup", "dup2",
	"dup3", "epoll_create1", "epoll_ctl", "epoll_pwait", "epoll_wait",
	"eventfd2", "exit", "exit_group", "faccessat", "faccessat2",
	"fadvise64", "fallocate", "fchmod", "fcntl", "fdatasync", "flock",
	"fstat", "fstatfs", "fsync", "ftruncate", "futex", "getcwd",
	"getdents64", "getegid", "geteuid", "getgid", "getgroups",
	"getpeername", "getpid", "getppid", "getrandom", "getresgid",
	"getresuid", "getrlimit", "getrusage", "getsockname", "getsockopt",
	"gettid", "gettimeofday", "getuid", "link", "listen", "lseek", "lstat",
	"madvise", "membarrier", "mincore", "mkdir", "mkdirat", "mremap",
	"msync", "munmap", "nanosleep", "newfstatat", "open", "openat",
	"openat2", "pipe", "pipe2", "poll", "ppoll", "pread64", "preadv",
	"pselect6", "pwrite64", "pwritev", "read", "readlink", "readlinkat",
	"readv", "recvfrom", "recvmmsg", "recvmsg", "rename", "renameat",
	"renameat2", "restart_syscall", "rseq", "rt_sigaction", "rt_sigpending",
	"rt_sigprocmask", "rt_sigreturn", "rt_sigsuspend", "rt_sigtimedwait",
	"sched_getaffinity", "sched_getparam", "sched_getscheduler",
	"sched_setaffinity", "sched_yield", "select", "sendfile", "sendmmsg",
	"sendmsg", "sendto", "set_robust_list", "set_tid_address", "setsockopt",
	"shutdown", "sigaltstack", "signalfd4", "socketpair", "splice", "stat",
	"statfs", "statx", "sync_file_range", "syncfs", "sysinfo",
	"timer_create", "timer_settime", "timerfd_create", "timerfd_settime",
	"umask", "uname", "unlink", "unlinkat", "utimensat", "wait4", "waitid",
	"write", "writev", NULL };

/* What nobody does by mistake. */
static const char *const hostile_calls[] = { "fork", "vfork", "execve",
	"execveat", "ptrace", "process_vm_readv", "process_vm_writev", "mount",
	"umount2", "pivot_root", "chroot", "setuid", "setgid", "setreuid",
	"setregid", "setresuid", "setresgid", "setgroups", "bpf",
	"perf_event_open", "init_module", "finit_module", "delete_module",
	"kexec_load", "keyctl", "add_key", "userfaultfd", "unshare", "setns",
	"open_by_handle_at", "reboot", "swapon", "iopl", "ioperm", NULL };

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

/* A call that is judged by one of its arguments: (value & mask) == wanted. */
struct narrow {
	const char *name;
	unsigned argument;
	uint64_t mask, wanted;
};

#define ALL_BITS UINT64_MAX

/* clang-format off */
static const struct narrow common_narrow[] = {
	/* Threads, but no processes. */
	{ "clone", 0, CLONE_THREAD, CLONE_THREAD },
	/* Of a descriptor: its nature, how much is waiting, how it behaves. */
	{ "ioctl", 1, ALL_BITS, TCGETS },
	{ "ioctl", 1, ALL_BITS, FIONREAD },
	{ "ioctl", 1, ALL_BITS, FIONBIO },
	{ "ioctl", 1, ALL_BITS, FIOCLEX },
	/* Names of threads and of memory, and whose death is to be told;
	 * dumpable stays as it is. */
	{ "prctl", 0, ALL_BITS, PR_SET_NAME },
	{ "prctl", 0, ALL_BITS, PR_GET_NAME },
	{ "prctl", 0, ALL_BITS, PR_SET_PDEATHSIG },
	{ "prctl", 0, ALL_BITS, PR_SET_VMA },
	{ "prctl", 0, ALL_BITS, PR_GET_NO_NEW_PRIVS },
	{ "prctl", 0, ALL_BITS, PR_GET_DUMPABLE },
	{ "prlimit64", 0, ALL_BITS, 0 }, /* this process only */
	{ "socket", 0, ALL_BITS, AF_UNIX },
	{ NULL, 0, 0, 0 },
};

static const struct narrow network_narrow[] = {
	{ "socket", 0, ALL_BITS, AF_INET },
	{ "socket", 0, ALL_BITS, AF_INET6 },
	{ "socket", 0, ALL_BITS, AF_NETLINK }, /* which addresses we have */
	/* PCRE2 compiles patterns; libc loads its name services. */
	{ "mmap",     2, 0, 0 },
	{ "mprotect", 2, 0, 0 },
	{ NULL, 0, 0, 0 },
};

static const struct narrow store_narrow[] = {
	{ "mmap",     2, PROT_EXEC, 0 },
	{ "mprotect", 2, PROT_EXEC, 0 },
	{ NULL, 0, 0, 0 },
};
/* clang-format on */

static int
add_narrow(scmp_filter_ctx filter, const struct narrow *n)
{
	for (; n->name != NULL; n++)
		if (seccomp_rule_add(filter, SCMP_ACT_ALLOW,
			seccomp_syscall_resolve_name(n->name), 1,
			SCMP_CMP(n->argument, SCMP_CMP_MASKED_EQ, n->mask,
			    n->wanted)) != 0)
			return -1;
	return 0;
}

static int
add_special(scmp_filter_ctx filter, enum jail_kind kind)
{
	/* libc starts threads by clone() where clone3(), whose flags a filter
	 * cannot see, is not there; without its flag it would be a fork.  A
	 * signal goes to ourselves or to nobody. */
	if (seccomp_rule_add(
		filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0) != 0 ||
	    seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0)) != 0 ||
	    seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ, ALL_BITS,
		    (scmp_datum_t)getpid())) != 0 ||
	    seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ, ALL_BITS,
		    (scmp_datum_t)getpid())) != 0 ||
	    add_narrow(filter, common_narrow) != 0)
		return -1;
	/* Roles that open tables give away what is to be compiled. */
	if (kind == JAIL_NETWORK &&
	    seccomp_rule_add(
		filter, SCMP_ACT_ALLOW, SCMP_SYS(memfd_create), 0) != 0)
		return -1;
	return add_narrow(
	    filter, kind == JAIL_STORE ? store_narrow : network_narrow);
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
	    add_special(filter, kind) == 0)
		e = seccomp_load(filter);
	seccomp_release(filter);
	if (e != 0)
		err_set(err, "seccomp: %s", err_errno(-e));
	return e != 0 ? -1 : 0;
}

/* What later kernels than our headers' know. */
enum { REFER_ABI = 2, TRUNCATE_ABI = 3 };
#define ACCESS_FS_REFER    (UINT64_C(1) << 13)
#define ACCESS_FS_TRUNCATE (UINT64_C(1) << 14)

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
/* Of these, what can be granted for a file that is no directory. */
#define FILE_RIGHTS                                                            \
	(ACCESS_FS_TRUNCATE | LANDLOCK_ACCESS_FS_READ_FILE |                   \
	    LANDLOCK_ACCESS_FS_WRITE_FILE)

/* A tree that is not there, or that our user cannot get at, needs no right.
 * One that could not be opened for another reason does: without it the role
 * would serve, and be refused for ever what it is there for. */
static bool
needs_no_right(int error)
{
	return error == ENOENT || error == ENOTDIR || error == EACCES;
}

static int
allow_tree(int ruleset, const char *path, uint64_t rights, struct err *err)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };
	struct stat st;
	int e = 0;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0) {
		if (needs_no_right(errno))
			return 0;
		err_set(err, "landlock: %s: %s", path, err_errno(errno));
		return -1;
	}
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= FILE_RIGHTS;
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
	uint64_t write_rights = READ_RIGHTS | WRITE_RIGHTS;
	struct landlock_ruleset_attr attr = { 0 };
	int ruleset, e = 0;
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);

	if (abi < 1) {
		lacks = "landlock";
		return 0;
	}
	if (abi >= REFER_ABI)
		write_rights |= ACCESS_FS_REFER;
	if (abi >= TRUNCATE_ABI)
		write_rights |= ACCESS_FS_TRUNCATE;
	attr.handled_access_fs = write_rights | OTHER_RIGHTS;
	ruleset =
	    (int)syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
	if (ruleset < 0) {
		err_set(err, "landlock: %s", err_errno(errno));
		return -1;
	}
	for (size_t i = 0; e == 0 && jail->read[i] != NULL; i++)
		e = allow_tree(ruleset, jail->read[i], READ_RIGHTS, err);
	for (size_t i = 0; e == 0 && jail->write[i] != NULL; i++)
		e = allow_tree(ruleset, jail->write[i], write_rights, err);
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
	if (jail->memory > 0 &&
	    setrlimit(RLIMIT_AS,
		&(struct rlimit){ jail->memory, jail->memory }) != 0) {
		err_set(err, "setrlimit: %s", err_errno(errno));
		return -1;
	}
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
		err_set(err, "prctl: %s", err_errno(errno));
		return -1;
	}
	if (enter_landlock(jail, err) != 0)
		return -1;
	return enter_seccomp(jail->kind, err);
}
