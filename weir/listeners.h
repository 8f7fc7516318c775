/* listeners.h - the listening sockets, which outlive generations. */
#ifndef WEIR_LISTENERS_H
#define WEIR_LISTENERS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/master.h"

struct err;

/* One listening socket. */
struct listener {
	struct listener *next;
	char *service;     /* name of the master.cf service */
	char *host, *port; /* where; host "" is every address */
	int fd;
	bool wanted; /* by the newest generation */
};

/* What has been bound so far.  Zero-initialised: nothing. */
struct listeners {
	struct listener *list;
};

/*
 * listeners_open(all, master, interfaces, protocols, copies, err):
 * Bind what the inet services of ${master} ask for, ${copies} sockets for each
 * address (one for a loop); what is bound already stays as it is.  On failure
 * (-1) what was new is closed again.
 */
int listeners_open(struct listeners *all, const struct master *master,
    const char *interfaces, const char *protocols, size_t copies,
    struct err *err);

/* listeners_commit(all): close what the newest generation does not want. */
void listeners_commit(struct listeners *all);

/* listeners_abort(all): close what is new since listeners_commit(). */
void listeners_abort(struct listeners *all);

/* listeners_close(all): close all. */
void listeners_close(struct listeners *all);

#endif
