/* jail.h - a role gives up what it does not need, once, before it starts
 * threads: ids, new privileges, the file system (Landlock, as far as the
 * kernel has it), system calls (seccomp). */
#ifndef BASE_JAIL_H
#define BASE_JAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct err;

enum jail_kind {
	JAIL_NETWORK, /* talks to the network and to databases; no exec */
	JAIL_STORE,   /* Unix sockets and its own files only; maps no code */
};

struct jail {
	enum jail_kind kind;
	uid_t uid; /* to become, if we are root */
	gid_t gid;
	/* Trees, or files; ended by NULL.  One that is not there, or that the
	 * user cannot get at, is no error. */
	const char *const *read;
	const char *const *write; /* to read and to write */
	size_t memory;            /* octets that it may take; 0: no limit */
};

/*
 * jail_enter(jail, err):
 * All or nothing: -1 and why, and the process must end, if a step fails that
 * this kernel offers.  What the kernel lacks is left out; jail_lacks() then
 * says what ("" if nothing).  A refused system call fails with EPERM; one that
 * only an attacker would make (fork, exec, ptrace, mount, setuid ...) ends the
 * process.  Under a sanitizer, which needs to trace, seccomp and Landlock are
 * left out.
 */
int jail_enter(const struct jail *jail, struct err *err);
const char *jail_lacks(void);

#endif
