/* agent.h - one kind of delivery: one struct and one row of agent.c. */
#ifndef DELIVERY_AGENT_H
#define DELIVERY_AGENT_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct delivery;
struct err;
struct transport;

struct agent {
	const char *command; /* in master.cf, and the program in the log */
	/* Make what the transport's deliveries share.  NULL and the reason in
	 * ${err}: not possible. */
	void *(*open)(
	    struct transport *transport, struct arena *arena, struct err *err);
	/* Deliver; blocks, always with deadlines.  What is not decided when it
	 * returns is deferred. */
	void (*run)(struct delivery *delivery);
	/* Give up what has been idle for too long (clock_mono()); true: there
	 * is more, ask again.  NULL: there never is. */
	bool (*idle)(struct transport *transport, int64_t now);
	/* Undo open(), when nothing runs any more.  NULL: nothing to do. */
	void (*close)(struct transport *transport);
};

/* agent_find(command): NULL: there is no such agent. */
const struct agent *agent_find(const char *command);

#endif
