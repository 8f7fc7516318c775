/* queue_role.h - the role that keeps the mail: the only writer of the store,
 * the scheduler, the maker of bounce messages. */
#ifndef QUEUE_QUEUE_ROLE_H
#define QUEUE_QUEUE_ROLE_H

struct conf;
struct err;

/* What the role is given.  All of it must outlive the role. */
struct queue_role {
	const char *store;  /* directory of the store; made if missing */
	const char *config; /* main.cf's directory, for messages only */
	int listener;       /* Unix stream socket: proxies and deliver roles */
	int admin;          /* Unix stream socket: commands; -1: none */
	struct conf *conf;
	/* SIGHUP or an administrator's reload: read the configuration again.
	 * The role keeps what it returns (never frees the older one), or goes
	 * on with the older one if that is NULL.  May be NULL. */
	struct conf *(*reread)(void *arg, struct err *err);
	/* Called once when the store is open and before anything is served:
	 * the moment to report ready.  The thread that writes is started by
	 * then, so a jail is entered before queue_role_run(), or here if it
	 * covers all threads.  May be NULL. */
	void (*ready)(void *arg);
	void *arg;
};

/*
 * queue_role_run(role):
 * Serve until SIGTERM, which it takes over, as it does SIGHUP; then make
 * durable and answer what was taken, and return the exit status.  Not 0 if
 * the store cannot be opened (another role has it, or it is damaged) or the
 * disk failed; the reason is logged.
 */
int queue_role_run(const struct queue_role *role);

#endif
