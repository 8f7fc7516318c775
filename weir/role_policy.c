/* role_policy.c - see role_policy.h. */
#include "weir/role_policy.h"

#include <sysexits.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/event.h"
#include "base/state.h"
#include "checks/live.h"
#include "checks/verify.h"
#include "policy/policy_door.h"
#include "policy/policy_role.h"
#include "rules/profile.h"
#include "weir/generation.h"
#include "weir/layout.h"
#include "weir/role_start.h"

struct process {
	struct role_start start;
	struct policy_role role;
};

static int
ready(void *arg, const char *warnings)
{
	struct process *p = arg;
	struct err err = { 0 };
	int status = role_start_enter(
	    &p->start, p->start.g->weir.weir_policy_user, warnings);

	if (status != 0)
		return status;
	/* Opened by the user that writes it from now on. */
	p->role.state = state_open(p->start.g->state_dir, &err);
	if (p->role.state == NULL)
		event_warning(NULL, "traces are not kept: %s", err.text);
	if (p->role.state != NULL) {
		/* The SMTP server's probes have found out what is known of
		 * addresses; none is sent from here. */
		verify_keep(p->start.verify, p->role.state);
		live_keep(p->start.world, p->role.state);
	}
	role_start_chores(&p->start, p->role.state);
	return 0;
}

static void
retired(void *arg)
{
	(void)arg;
	handover_retired();
}

/* The listening sockets with their services; how many. */
static size_t
find_listeners(const struct process *p, struct policy_listener *list)
{
	const struct generation *g = p->start.g;
	int loops = (int)layout_loops(g);
	size_t n = 0;

	for (size_t i = 0; i < g->master.count; i++) {
		const struct master_service *s = &g->master.services[i];
		bool tcp = s->type == MASTER_INET;
		const char *name = arena_printf(
		    g->arena, "%s:%s", tcp ? "inet" : "unix", s->name);
		size_t after = 0;
		int fd, loop = 0;

		if (!policy_door_is(s))
			continue;
		/* There is only one of a Unix socket: all loops share it. */
		while (
		    (fd = handover_find(&p->start.handover, name, &after)) >= 0)
			list[n++] = (struct policy_listener){ .service = s,
				.fd = fd,
				.loop = tcp ? loop++ % loops : -1 };
	}
	return n;
}

int
role_policy(int argc, char **argv)
{
	static struct policy_listener listeners[HANDOVER_MOST];
	struct process p = { .role = { .conf = NULL } };
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
		.listeners = listeners,
		.nlisteners = find_listeners(&p, listeners),
		.loops = (unsigned)layout_loops(g),
		.workers = (unsigned)g->base.weir_workers,
		.drain = g->weir.weir_drain_time_limit,
		.strict = p.start.handover.strict,
		.ready = ready,
		.retired = retired,
		.arg = &p };
	status = policy_role_run(&p.role);
	profile_stop();
	state_close(p.role.state);
	return role_start_finish(&p.start, status);
}
