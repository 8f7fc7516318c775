/* deliver_role.h - the role that carries mail out: takes jobs from the queue,
 * runs an agent for each in a worker, answers what became of it. */
#ifndef DELIVERY_DELIVER_ROLE_H
#define DELIVERY_DELIVER_ROLE_H

struct conf;
struct master;
struct world;

/* What the role is given.  All of it must outlive the role. */
struct deliver_role {
	struct conf *conf;
	const struct master *master; /* the unix services are transports */
	struct world *world;         /* asked by any thread */
	const char *queue_socket;    /* path of the queue role's socket */
	const char *store;           /* directory of the queue's store */
	const char *local_socket;    /* path of the local role's socket; NULL:
				      * mailboxes are deferred */
	/* Called once when all tables are open and nothing runs yet: the moment
	 * to enter the jail and to report ready.  ${warnings}: what is wrong
	 * with single transports, or "".  May be NULL. */
	void (*ready)(void *arg, const char *warnings);
	void *arg;
};

/*
 * deliver_role_run(role):
 * Serve until SIGTERM, which it takes over; then give back what has not been
 * begun, finish what has within weir_drain_time_limit, and return the exit
 * status; or end the process, if something is under way after that.  The
 * queue's socket is connected again whenever it is lost, and may be missing at
 * the start.
 */
int deliver_role_run(const struct deliver_role *role);

#endif
