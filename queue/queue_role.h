/* queue_role.h - the role that keeps the mail: the only writer of the store,
 * the scheduler, the maker of bounce messages. */
#ifndef QUEUE_QUEUE_ROLE_H
#define QUEUE_QUEUE_ROLE_H

#include <stdbool.h>

struct conf;
struct err;

/* What the role is given.  All of it must outlive the role. */
struct queue_role {
	const char *store; /* directory of the store; made if missing */
	int listener;      /* Unix stream socket: proxies, deliver roles */
	int admin;         /* Unix stream socket: commands; -1: none */
	struct conf *conf;
	/* SIGHUP: read the configuration again; NULL and why.  If that is not
	 * NULL, reread_done() says whether it is used from now on, instead of
	 * the older one: the other of the two may be freed.  reread may be
	 * NULL. */
	struct conf *(*reread)(void *arg, struct err *err);
	void (*reread_done)(void *arg, bool taken);
	/* Called once when the store is open, before any thread is started
	 * and anything is served: the moment to enter the jail and to report
	 * ready.  May be NULL. */
	void (*ready)(void *arg);
	void *arg;
};

/*
 * queue_role_run(role):
 * Serve until SIGTERM, which it takes over, as it does SIGHUP; then hand out
 * no more, wait (10 s at most) for what is being delivered, make durable and
 * answer what was taken, and return the exit status.  Not 0 if
 * the store cannot be opened (another role has it, or it is damaged) or the
 * disk failed; the reason is logged.
 */
int queue_role_run(const struct queue_role *role);

#endif
