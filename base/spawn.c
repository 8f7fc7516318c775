/* spawn.c - see spawn.h. */
#include "base/spawn.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/err.h"
#include "base/fatal.h"

enum { MOST_FDS = 1024, CANNOT_EXECUTE = 127 };

int
spawn_become(uid_t uid, gid_t gid)
{
	if (geteuid() != 0)
		return getuid() == uid ? 0 : -1;
	if (setgroups(1, &gid) != 0 || setresgid(gid, gid, gid) != 0 ||
	    setresuid(uid, uid, uid) != 0)
		return -1;
	/* Believe it only when there is no way back. */
	if (uid != 0 && setresuid(0, 0, 0) == 0)
		return -1;
	return getuid() == uid && geteuid() == uid && getgid() == gid ? 0 : -1;
}

/* Put the wanted descriptors where they belong and close the rest.  All are
 * first moved out of the way of each other. */
static int
arrange(const struct spawn_fd *fds, size_t nfds, int keep)
{
	int high[MOST_FDS], last = 2;

	must(nfds <= MOST_FDS);
	for (size_t i = 0; i < nfds; i++)
		last = fds[i].to > last ? fds[i].to : last;
	for (size_t i = 0; i < nfds; i++) {
		high[i] = fcntl(fds[i].from, F_DUPFD_CLOEXEC, last + 2);
		if (high[i] < 0)
			return -1;
	}
	if (keep >= 0 && (keep = fcntl(keep, F_DUPFD_CLOEXEC, last + 2)) < 0)
		return -1;
	for (int fd = 3; fd <= last; fd++)
		(void)close(fd);
	for (size_t i = 0; i < nfds; i++)
		if (dup2(high[i], fds[i].to) < 0)
			return -1;
	/* The error pipe stays, just above the others; exec closes it. */
	if (keep >= 0 && dup3(keep, last + 1, O_CLOEXEC) < 0)
		return -1;
	(void)close_range((unsigned)last + (keep >= 0 ? 2 : 1), ~0U, 0);
	return last + 1;
}

static void
default_signals(void)
{
	struct sigaction sa = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, &sa, NULL);
	(void)sigemptyset(&none);
	(void)pthread_sigmask(SIG_SETMASK, &none, NULL);
}

static char *const *
clean_environment(void)
{
	static char tz[128] = "TZ=";
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
			     "/usr/bin:/sbin:/bin";
	static char lang[] = "LANG=C";
	static char *list[4] = { path, lang };
	const char *zone = secure_getenv("TZ");

	list[2] = NULL;
	if (zone != NULL && strlen(zone) < sizeof tz - 4) {
		memcpy(tz + 3, zone, strlen(zone) + 1);
		list[2] = tz;
	}
	return list;
}

static _Noreturn void
child(const struct spawn *s, char *const *envp, int report)
{
	int e;

	report = arrange(s->fds, s->nfds, report);
	if (report >= 0 && (!s->session || setsid() >= 0) &&
	    (!s->become || spawn_become(s->uid, s->gid) == 0) &&
	    (s->directory == NULL || chdir(s->directory) == 0)) {
		default_signals();
		(void)execve(s->path, s->argv, envp);
	}
	e = errno;
	if (report < 0 || write(report, &e, sizeof e) < 0)
		_exit(CANNOT_EXECUTE);
	_exit(CANNOT_EXECUTE);
}

/* What the child could not do: an errno; 0: it became the program. */
static int
reported(int fd)
{
	ssize_t n;
	int e = 0;

	do
		n = read(fd, &e, sizeof e);
	while (n < 0 && errno == EINTR);
	return n == sizeof e ? e : 0;
}

pid_t
spawn_run(const struct spawn *s, struct err *err)
{
	char *const *envp = s->envp != NULL ? s->envp : clean_environment();
	int report[2], e;
	pid_t pid;

	if (pipe2(report, O_CLOEXEC) != 0) {
		err_set(err, "pipe: %s", err_errno(errno));
		return -1;
	}
	pid = fork();
	if (pid == 0)
		child(s, envp, report[1]);
	(void)close(report[1]);
	if (pid < 0) {
		err_set(err, "fork: %s", err_errno(errno));
	} else if ((e = reported(report[0])) != 0) {
		err_set(err, "%s: %s", s->path, err_errno(e));
		while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
			;
		pid = -1;
	}
	(void)close(report[0]);
	return pid;
}

pid_t
spawn_call(int (*fn)(void *arg), void *arg, const struct spawn_fd *fds,
    size_t nfds, struct err *err)
{
	pid_t pid = fork();

	if (pid == 0) {
		default_signals();
		_exit(arrange(fds, nfds, -1) < 0 ? CANNOT_EXECUTE : fn(arg));
	}
	if (pid < 0)
		err_set(err, "fork: %s", err_errno(errno));
	return pid;
}
