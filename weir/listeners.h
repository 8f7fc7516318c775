/* listeners.h - the listening sockets, which outlive generations. */
#ifndef WEIR_LISTENERS_H
#define WEIR_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/master.h"

struct err;

/* One listening socket. */
struct listener {
	struct listener *next;
	char *service;     /* name of the master.cf service */
	char *command;     /* of it: who is to have the socket */
	char *host, *port; /* where; host "" is every address; or: */
	char *path;        /* of a Unix socket */
	int fd;
	bool wanted; /* by the newest generation */
};

/* What is to be bound. */
struct listeners_wish {
	const struct master *master;
	const char *interfaces, *protocols; /* inet_interfaces ... */
	const char *directory; /* "private" and "public" are below it */
	size_t copies;         /* of each TCP socket of an SMTP or policy
				* server: one for a loop */
	const char *only;      /* for services with this command; NULL: all */
};

/* What has been bound so far.  Zero-initialised: nothing. */
struct listeners {
	struct listener *list;
	/* ns; how long to wait for who accepts at a path that is to be ours */
	int64_t patience;
};

/*
 * listeners_open(all, wish, err):
 * Bind what smtpd, lmtpd, pickup, spawn, policy and milter services ask for.  What is
 * bound already stays as it is.  On failure (-1) what was new is closed again.
 */
int listeners_open(
    struct listeners *all, const struct listeners_wish *wish, struct err *err);

/* listeners_commit(all): close what the newest generation does not want. */
void listeners_commit(struct listeners *all);

/* listeners_abort(all): close what is new since listeners_commit(). */
void listeners_abort(struct listeners *all);

/* listeners_close(all): close all. */
void listeners_close(struct listeners *all);

#endif
