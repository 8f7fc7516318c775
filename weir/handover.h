/* handover.h - what the supervisor gives a role process, and what it tells.
 *
 * A role is started by a fresh exec of this program as
 *	weir role-NAME -c DIR [-s] [-d] [-f NAME=FD ...]
 * with a control socket as descriptor 3.  It reads the configuration that it
 * was given, enters its jail, says that it is ready, and waits for the word to serve; so a new
 * generation replaces the old one only when all of it is ready. */
#ifndef WEIR_HANDOVER_H
#define WEIR_HANDOVER_H

#include <stdbool.h>
#include <stddef.h>

struct err;

enum {
	HANDOVER_CONTROL = 3,
	HANDOVER_LOG = 4,    /* closed: syslog */
	HANDOVER_JSON = 5,   /* closed: none */
	HANDOVER_CONFIG = 6, /* generation_read_shared() */
	HANDOVER_FIRST = 7,
	HANDOVER_MOST = 512,
	HANDOVER_TEXT = 4096,
};

/* A descriptor with its name: "queue", "inet:smtp" ...; several may have the
 * same name (one for each loop). */
struct handover_fd {
	const char *name;
	int fd;
};

/* What a role was started with. */
struct handover {
	const char *dir;
	bool strict; /* a mistake in the configuration refuses it */
	bool doubt;  /* others in its place have crashed again and again: it
		      * does without what they have kept */
	struct handover_fd fds[HANDOVER_MOST];
	size_t nfds;
};

/* handover_parse(argc, argv, h): read the arguments of a role.  Return 0, or
 * -1 if they are none (somebody typed the command). */
int handover_parse(int argc, char **argv, struct handover *h);

/* handover_find(h, name, after): the first descriptor called ${name} behind
 * the first *after ones; sets *after behind it.  -1: none. */
int handover_find(const struct handover *h, const char *name, size_t *after);

/* handover_refuse(err): tell the supervisor why this process cannot serve. */
void handover_refuse(const struct err *err);

/* handover_ready(warnings): tell that it can (${warnings}: what was wrong but
 * tolerated, or ""), and wait for the word.  Exits quietly if the supervisor
 * goes away or changes its mind.  From then on SIGUSR1 takes new log files
 * from the supervisor. */
void handover_ready(const char *warnings);

/* handover_take(): take what the supervisor has sent, log files and a newer
 * configuration: they are then the descriptors above.  Any thread, and a
 * signal handler. */
void handover_take(void);

/* handover_patterns(fd): give the supervisor a file (closed here) with patterns
 * to compile.  Any thread; may block for a moment. */
void handover_patterns(int fd);

/* handover_retired(): tell that this process has seen that others serve in its
 * place, and accepts no more clients.  Any thread. */
void handover_retired(void);

#endif
