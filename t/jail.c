/* hostile 133, 134: what a role that was taken over cannot do, and what it
 * still can. */
#include "base/jail.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <seccomp.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/loop.h"
#include "base/net.h"
#include "base/state.h"
#include "base/tls.h"
#include "base/workers.h"
#include "t/tap.h"

static char dir[] = "/tmp/weir-jail-XXXXXX";
static char inside[64], outside[64];

static int
read_outside(void)
{
	return open("/etc/shadow", O_RDONLY) < 0 ? 0 : 1;
}

static int
write_outside(void)
{
	return open(outside, O_WRONLY | O_CREAT, 0600) < 0 ? 0 : 1;
}

static int
write_inside(void)
{
	int fd = open(inside, O_WRONLY | O_CREAT, 0600);

	return fd >= 0 && write(fd, "x", 1) == 1 && fsync(fd) == 0 ? 0 : 1;
}

static int
internet(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) < 0 && errno == EPERM ? 0 : 1;
}

static int
local_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0 ? 0 : 1;
}

static int
run_program(void)
{
	(void)execl("/bin/true", "true", (char *)NULL);
	return 1;
}

static int
trace_parent(void)
{
	(void)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
	return 1;
}

static int
fork_itself(void)
{
	return fork() >= 0;
}

static int
signal_parent(void)
{
	return kill(getppid(), 0) == 0;
}

static int
map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC,
		   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
}

static int
leave_memory(void)
{
	struct rlimit limit = { 1, 1 };

	(void)getrlimit(RLIMIT_CORE, &limit);
	return limit.rlim_max != 0 || prctl(PR_GET_DUMPABLE) != 0 ||
	    prctl(PR_SET_DUMPABLE, 1) == 0 || prctl(PR_GET_DUMPABLE) != 0;
}

static int
cut_outside(void)
{
	return truncate(outside, 0) == 0;
}

static int
read_given_file(void)
{
	char c;
	int fd = open("/etc/hosts", O_RDONLY);

	return fd < 0 || read(fd, &c, 1) != 1;
}

static atomic_int done;

static void
note(struct work *work)
{
	(void)work;
	atomic_store(&done, 1);
}

static void
stop(struct loop_timer *timer)
{
	(void)timer;
	atomic_store(&done, atomic_load(&done) + 1);
}

/* What every role lives on: threads, a loop, a store. */
static int
work_on(void)
{
	struct workers *pool = workers_new(2, 0);
	struct loop *loop = loop_new();
	struct loop_timer timer = { .fire = stop };
	struct work work = { .run = note };
	struct state *state = state_open(dir, NULL);

	workers_give(pool, &work);
	workers_free(pool);
	loop_timer_set(loop, &timer, 0);
	loop_stop(loop);
	loop_run(loop);
	loop_free(loop);
	if (state == NULL || state_put(state, "m", "k", "v", 0) != 0)
		return 1;
	state_close(state);
	return atomic_load(&done) != 1;
}

/* What a role on the network lives on besides. */
static int
work_outside(void)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	struct tls_settings anonymous = { .cert_file = "none" };
	struct tls_server *server = tls_server_new(&anonymous, NULL);
	int e, fd = net_listen("127.0.0.1", "0", 1, false, NULL);
	size_t at;
	pcre2_code *code = pcre2_compile(
	    (PCRE2_SPTR) "a+b", PCRE2_ZERO_TERMINATED, 0, &e, &at, NULL);

	if (server == NULL || fd < 0 || code == NULL ||
	    pcre2_jit_compile(code, PCRE2_JIT_COMPLETE) != 0)
		return 1;
	return getaddrinfo("localhost", "smtp", &hints, &found) != 0;
}

static int
be_root(void)
{
	return setuid(0) == 0 ? 1 : 0;
}

static int
raise_priority(void)
{
	return chroot("/tmp") == 0 ? 1 : 0;
}

static int
enter(enum jail_kind kind, struct err *err)
{
	const char *const reads[] = { "/usr", "/lib", "/etc/hosts",
		"/etc/services", "/etc/nsswitch.conf", "/no/such/tree", NULL };
	const char *const writes[] = { dir, "/dev/null", NULL };
	struct jail jail = { .kind = kind,
		.uid = 65534,
		.gid = 65534,
		.read = reads,
		.write = writes };

	return jail_enter(&jail, err);
}

/* Do ${fn} in a jail, in a child; its wait status. */
static int
in_jail(enum jail_kind kind, int (*fn)(void))
{
	struct err err = { 0 };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (enter(kind, &err) != 0) {
			(void)fprintf(stderr, "# %s\n", err.text);
			_exit(99);
		}
		_exit(fn());
	}
	(void)waitpid(pid, &status, 0);
	return status;
}

/* hostile 133: the kernel does not let ${call} succeed; what becomes of who
 * wants into the jail? */
static int
entered_without(int call)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
	struct err err = { 0 };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAGAIN), call, 0) !=
			0 ||
		    seccomp_load(filter) != 0)
			_exit(98);
		_exit(enter(JAIL_NETWORK, &err) != 0 && err.text[0] != '\0');
	}
	(void)waitpid(pid, &status, 0);
	seccomp_release(filter);
	return status;
}

static int
killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static void
remove_state(void)
{
	static const char *const names[] = { "data.mdb", "lock.mdb", "mark",
		"users" };
	char path[128];

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
}

static void
test_outside(void)
{
	struct stat st;
	int fd = open(outside, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	ok(fd >= 0 && fchmod(fd, 0666) == 0 && write(fd, "x", 1) == 1,
	    "a file that anybody could write");
	(void)close(fd);
	ok(in_jail(JAIL_NETWORK, write_outside) == 0 ||
		strstr(jail_lacks(), "landlock") != NULL,
	    "but not from a jail");
	(void)in_jail(JAIL_NETWORK, cut_outside);
	ok(stat(outside, &st) == 0 && st.st_size == 1, "nor cut");
}

static void
test_failures(void)
{
	static const struct {
		int call;
		const char *name;
	} calls[] = { { SCMP_SYS(openat), "openat" },
		{ SCMP_SYS(setgroups), "setgroups" },
		{ SCMP_SYS(setresgid), "setresgid" },
		{ SCMP_SYS(setresuid), "setresuid" },
		{ SCMP_SYS(landlock_add_rule), "landlock_add_rule" },
		{ SCMP_SYS(landlock_restrict_self), "landlock_restrict_self" },
		{ SCMP_SYS(prctl), "prctl" },
		{ SCMP_SYS(seccomp), "seccomp" } };

	for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++) {
		int status = entered_without(calls[i].call);

		ok(WIFEXITED(status) && WEXITSTATUS(status) == 1,
		    "without %s it does not begin", calls[i].name);
	}
}

int
main(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	printf("1..0 # SKIP a sanitizer does without the jail\n");
	return 0;
#endif
	(void)snprintf(
	    outside, sizeof outside, "/tmp/weir-outside-%d", (int)getpid());
	ok(mkdtemp(dir) != NULL && chmod(dir, 0777) == 0, "a directory");
	(void)snprintf(inside, sizeof inside, "%s/file", dir);
	ok(in_jail(JAIL_STORE, read_outside) == 0, "cannot read elsewhere");
	ok(in_jail(JAIL_STORE, write_outside) == 0, "cannot write elsewhere");
	ok(in_jail(JAIL_STORE, write_inside) == 0, "can write its own files");
	ok(in_jail(JAIL_STORE, internet) == 0, "the store has no network");
	ok(in_jail(JAIL_NETWORK, internet) != 0, "another role has");
	ok(in_jail(JAIL_STORE, local_socket) == 0, "but Unix sockets");
	ok(killed(in_jail(JAIL_NETWORK, run_program)), "exec ends it");
	ok(killed(in_jail(JAIL_NETWORK, trace_parent)), "ptrace ends it");
	ok(killed(in_jail(JAIL_NETWORK, be_root)), "setuid ends it");
	ok(killed(in_jail(JAIL_NETWORK, raise_priority)), "chroot ends it");
	ok(killed(in_jail(JAIL_NETWORK, fork_itself)), "fork ends it");
	ok(in_jail(JAIL_NETWORK, signal_parent) == 0, "no signals to others");
	ok(in_jail(JAIL_STORE, map_code) == 0, "the store maps no code");
	ok(in_jail(JAIL_NETWORK, map_code) != 0, "another role may");
	ok(in_jail(JAIL_NETWORK, leave_memory) == 0, "no memory is left");
	ok(in_jail(JAIL_STORE, read_given_file) == 0, "a file may be given");
	ok(in_jail(JAIL_STORE, work_on) == 0, "the store can do its work");
	remove_state();
	ok(in_jail(JAIL_NETWORK, work_on) == 0, "and so can the others");
	ok(in_jail(JAIL_NETWORK, work_outside) == 0, "on the network, too");
	test_outside();
	if (geteuid() == 0)
		test_failures();
	remove_state();
	(void)unlink(inside);
	(void)unlink(outside);
	(void)rmdir(dir);
	return done_testing();
}
