/* New processes get what they are given and nothing else. */
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "t/tap.h"

enum { NOBODY = 65534 };

static int
end_of(pid_t pid)
{
	int status = -1;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return status;
}

/* What the shell prints when it runs ${script} as ${s} says. */
static const char *
output(struct spawn s, const char *script)
{
	static char text[4096];
	char sh[] = "sh", c[] = "-c", copy[256];
	char *const argv[] = { sh, c, copy, NULL };
	struct spawn_fd fds[4] = { { -1, 1 } };
	struct err err = { "" };
	int ends[2];
	ssize_t n;
	size_t len = 0;
	pid_t pid;

	(void)snprintf(copy, sizeof copy, "%s", script);
	if (pipe2(ends, O_CLOEXEC) != 0)
		abort();
	fds[0].from = ends[1];
	for (size_t i = 0; i < s.nfds; i++)
		fds[i + 1] = s.fds[i];
	s.path = "/bin/sh";
	s.argv = argv;
	s.fds = fds;
	s.nfds++;
	pid = spawn_run(&s, &err);
	(void)close(ends[1]);
	while ((n = read(ends[0], text + len, sizeof text - 1 - len)) > 0)
		len += (size_t)n;
	text[len] = '\0';
	(void)close(ends[0]);
	if (pid < 0 || end_of(pid) != 0)
		(void)snprintf(text, sizeof text, "failed: %s", err.text);
	return text;
}

static void
test_run(void)
{
	char *const env[] = { (char[]){ "A=b" }, NULL };
	int open_one = open("/dev/null", O_RDONLY);
	struct spawn plain = { 0 };

	(void)setenv("LD_PRELOAD_TEST", "secret", 1);
	(void)setenv("TZ", "UTC", 1);
	is(output(plain, "echo hello"), "hello\n", "output");
	is(output(plain, "env | sort | cut -d= -f1 | grep -v '^_\\|PWD'"),
	    "LANG\nPATH\nTZ\n", "a clean environment");
	is(output((struct spawn){ .envp = env }, "echo $A"), "b\n",
	    "or a given one");
	is(output((struct spawn){ .directory = "/usr" }, "pwd"), "/usr\n",
	    "a directory");
	is(output((struct spawn){ .directory = "/no/such" }, "pwd"),
	    "failed: /bin/sh: No such file or directory", "that is not there");
	is(output(plain, "ls /proc/self/fd | wc -l"), "4\n",
	    "no descriptor is inherited, whether marked or not");
	is(output((struct spawn){ .fds = &(struct spawn_fd){ open_one, 7 },
		      .nfds = 1 },
	       "readlink /proc/self/fd/7"),
	    "/dev/null\n", "but given");
	(void)close(open_one);
}

/* Descriptors that stand in each other's way. */
static void
test_swap(void)
{
	int a = open("/dev/null", O_RDONLY), b = open("/dev/zero", O_RDONLY);
	struct spawn_fd fds[] = { { a, b }, { b, a } };
	char script[128];

	(void)snprintf(script, sizeof script,
	    "readlink /proc/self/fd/%d /proc/self/fd/%d", a, b);
	is(output((struct spawn){ .fds = fds, .nfds = 2 }, script),
	    "/dev/zero\n/dev/null\n", "two descriptors change places");
	(void)close(a);
	(void)close(b);
}

static void
test_errors(void)
{
	char name[] = "x";
	char *const argv[] = { name, NULL };
	struct spawn s = { .path = "/no/such/program", .argv = argv };
	struct err err = { "" };

	ok(spawn_run(&s, &err) < 0, "no program");
	is(err.text, "/no/such/program: No such file or directory", "says so");
	s.path = "/etc/hosts";
	ok(spawn_run(&s, &err) < 0, "%s", err.text);
	ok(waitpid(-1, NULL, WNOHANG) < 0 && errno == ECHILD,
	    "nobody is left to wait for");
}

/* hostile 131: a whole group ends, and handlers and masks are not passed on. */
static void
test_session(void)
{
	char sh[] = "sh", c[] = "-c",
	     script[] = "trap - TERM; sleep 100 & echo x; sleep 100";
	char *const argv[] = { sh, c, script, NULL };
	sigset_t all, old;
	struct spawn s = { .path = "/bin/sh", .argv = argv, .session = true };
	struct spawn_fd out = { .to = 1 };
	int ends[2], status;
	char text[8];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) != 0)
		abort();
	out.from = ends[1];
	s.fds = &out;
	s.nfds = 1;
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_SETMASK, &all, &old);
	pid = spawn_run(&s, NULL);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	(void)close(ends[1]);
	ok(pid > 0 && read(ends[0], text, sizeof text) == 2, "it runs");
	ok(getpgid(pid) == pid, "in a group of its own");
	ok(kill(-pid, SIGTERM) == 0, "which ends");
	status = end_of(pid);
	ok(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM,
	    "by a signal that we had blocked");
	ok(read(ends[0], text, sizeof text) == 0, "with all its children");
	(void)close(ends[0]);
}

static int
count_fds(void *arg)
{
	int n = 0;

	for (int fd = 3; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n * 10 + (fcntl(*(int *)arg, F_GETFD) >= 0);
}

static int
become_nobody(void *arg)
{
	gid_t group = 0;

	(void)arg;
	return spawn_become(NOBODY, NOBODY) != 0 || getuid() != NOBODY ||
	    getegid() != NOBODY || getgroups(1, &group) != 1 ||
	    group != NOBODY || setuid(0) == 0;
}

static int
become_without(void *arg)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);

	/* For all threads: a sanitizer has one of its own. */
	if (seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) != 0 ||
	    seccomp_rule_add(filter, SCMP_ACT_ERRNO(EAGAIN), *(int *)arg, 0) !=
		0 ||
	    seccomp_load(filter) != 0)
		return 98;
	return spawn_become(NOBODY, NOBODY) == -1;
}

/* hostile 133: ids that cannot be dropped. */
static void
test_become(void)
{
	int calls[] = { SCMP_SYS(setgroups), SCMP_SYS(setresgid),
		SCMP_SYS(setresuid) };

	ok(end_of(spawn_call(become_nobody, NULL, NULL, 0, NULL)) == 0,
	    "another user, for good");
	is(output(
	       (struct spawn){ .become = true, .uid = NOBODY, .gid = NOBODY },
	       "id -u; id -G"),
	    "65534\n65534\n", "a program of another user");
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++)
		ok(WEXITSTATUS(end_of(spawn_call(
		       become_without, &calls[i], NULL, 0, NULL))) == 1,
		    "a step that fails is told");
}

static void
test_call(void)
{
	int to = 5, fd = open("/dev/null", O_RDONLY);
	struct spawn_fd keep = { fd, to };

	ok(end_of(spawn_call(count_fds, &to, &keep, 1, NULL)) == 11 << 8,
	    "a function keeps what it is given, and its result is the status");
	(void)close(fd);
}

int
main(void)
{
	test_run();
	test_swap();
	test_errors();
	test_session();
	test_call();
	if (geteuid() == 0)
		test_become();
	return done_testing();
}
