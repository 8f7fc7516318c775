/* live.h - the world as it is: resolver, tables, policy servers, clock. */
#ifndef CHECKS_LIVE_H
#define CHECKS_LIVE_H

#include <stdbool.h>

#include "checks/policy_client.h"
#include "rules/world.h"

struct memory_redis;
struct state;

struct live_settings {
	struct policy_client_settings policy;
	/* Asks the service that verifies addresses, in another role; NULL:
	 * there is none, and probes fail. */
	enum world_probe (*verify)(void *arg, struct arena *arena,
	    const char *address, const char **text);
	void *verify_arg;
	/* Of a trial, which leaves no trace: decisions with memory begin with
	 * an empty one, which ends with this world, one thread at a time; or
	 * they have nothing against any mail. */
	bool fresh_memory, memory_passes;
	/* Where they are kept otherwise; the world's from now on.  NULL: see
	 * live_keep(). */
	struct memory_redis *memory_server;
	bool memory_away; /* nowhere: what is set for it is a mistake */
	/* The Unix socket of the role that evaluates SPF policies; NULL: this
	 * process does, for a command. */
	const char *spf_socket;
};

/* live_open(settings): one for the process; any thread may use it.  The
 * resolver is opened by the caller (dns_open()). */
struct world *live_open(const struct live_settings *settings);
void live_close(struct world *world);

/* live_keep(world, state): where decisions with memory are kept; before the first
 * question.  It stays the caller's.  Without, they cannot be made. */
void live_keep(struct world *world, struct state *state);

/* live_keeps(world): decisions with memory are made there, not by a server. */
bool live_keeps(struct world *world);

#endif
