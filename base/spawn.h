/* spawn.h - new processes; the only module that forks. */
#ifndef BASE_SPAWN_H
#define BASE_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

/* A descriptor of ours that the program shall have as number ${to}. */
struct spawn_fd {
	int from, to;
};

struct spawn {
	const char *path;
	char *const *argv;
	char *const *envp;          /* NULL: PATH, TZ and LANG only */
	const struct spawn_fd *fds; /* all others are closed */
	size_t nfds;
	const char *directory; /* NULL: as ours */
	bool session;          /* a session and process group of its own */
	bool become;           /* drop to uid, gid and no other groups */
	uid_t uid;
	gid_t gid;
};

/* spawn_run(spawn, err): start a program.  Its process id; -1 and the reason
 * if it cannot be forked or executed.  Signals have their default actions. */
pid_t spawn_run(const struct spawn *spawn, struct err *err);

/*
 * spawn_call(fn, arg, fds, nfds, err):
 * Fork, keep only ${fds} (moved as above; 0-2 stay as they are if not named),
 * and run ${fn}, whose result is the exit status.  For single-threaded roles.
 * spawn_become(uid, gid): for ${fn}: drop to them for good, with no other
 * group, verified; -1: not possible, and the process must end untouched
 * (CVE-2011-0017).
 */
pid_t spawn_call(int (*fn)(void *arg), void *arg, const struct spawn_fd *fds,
    size_t nfds, struct err *err);
int spawn_become(uid_t uid, gid_t gid);

#endif
