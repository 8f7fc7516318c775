/* role_policy.c - see role_policy.h. */
#include "weir/role_policy.h"

#include <sysexits.h>

#include "checks/live.h"
#include "policy/policy_door.h"
#include "policy/policy_role.h"
#include "weir/generation.h"
#include "weir/role_start.h"

struct policy_process {
	struct role_start start;
	struct policy_role role;
};

static int
ready(void *arg, const char *warnings)
{
	struct policy_process *p = arg;
	/* The SMTP server's probes have found out what is known of addresses;
	 * none is sent from here. */
	int status = role_start_keep(
	    &p->start, p->start.g->weir.weir_policy_user, warnings);

	p->role.state = p->start.state;
	p->role.remembers =
	    p->start.state != NULL && live_keeps(p->start.world);
	return status;
}

int
role_policy(int argc, char **argv)
{
	struct policy_process p = { .role = { .conf = NULL } };
	int status = role_start_begin(&p.start, argc, argv);
	const struct generation *g = p.start.g;

	if (status != 0)
		return status;
	if (role_start_world(&p.start) != 0)
		return role_start_finish(&p.start, EX_CONFIG);
	p.start.jail.kind = JAIL_NETWORK;
	p.start.jail.read = (const char *const[]){ "/", NULL };
	p.start.jail.write =
	    (const char *const[]){ g->state_dir, "/dev", NULL };
	p.role = (struct policy_role){ .conf = g->conf,
		.master = &g->master,
		.world = p.start.world,
		.strict = p.start.handover.strict,
		.plan = role_start_plan(&p.start, policy_door_is, ready, &p) };
	return role_start_finish(&p.start, policy_role_run(&p.role));
}
