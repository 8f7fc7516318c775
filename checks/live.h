/* live.h - the world as it is: resolver, tables, policy servers, clock. */
#ifndef CHECKS_LIVE_H
#define CHECKS_LIVE_H

#include "checks/policy_client.h"
#include "rules/world.h"

struct live_settings {
	struct policy_client_settings policy;
	/* Asks the service that verifies addresses, in another role; NULL:
	 * there is none, and probes fail. */
	enum world_probe (*verify)(void *arg, struct arena *arena,
	    const char *address, const char **text);
	void *verify_arg;
};

/* live_open(settings): one for the process; any thread may use it.  The
 * resolver is opened by the caller (dns_open()). */
struct world *live_open(const struct live_settings *settings);
void live_close(struct world *world);

#endif
