/* hostile 133, 134: what a role that was taken over cannot do, and what it
 * still can. */
#include "base/jail.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
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
be_root(void)
{
	return setuid(0) == 0 ? 1 : 0;
}

static int
raise_priority(void)
{
	return chroot("/tmp") == 0 ? 1 : 0;
}

/* Do ${fn} in a jail, in a child; its wait status. */
static int
in_jail(enum jail_kind kind, int (*fn)(void))
{
	const char *const reads[] = { "/usr", "/lib", NULL };
	const char *const writes[] = { dir, NULL };
	struct jail jail = { .kind = kind,
		.uid = 65534,
		.gid = 65534,
		.read = reads,
		.write = writes };
	struct err err = { 0 };
	int status = -1;
	pid_t pid = fork();

	if (pid == 0) {
		if (jail_enter(&jail, &err) != 0) {
			(void)fprintf(stderr, "# %s\n", err.text);
			_exit(99);
		}
		_exit(fn());
	}
	(void)waitpid(pid, &status, 0);
	return status;
}

static int
killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

int
main(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	printf("1..0 # SKIP 9 cases: a sanitizer does without the jail\n");
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
	(void)unlink(inside);
	(void)unlink(outside);
	(void)rmdir(dir);
	return done_testing();
}
