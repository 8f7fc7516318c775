/* role_milter.c - see role_milter.h. */
#include "weir/role_milter.h"

#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/event.h"
#include "policy/milterd_role.h"
#include "weir/generation.h"
#include "weir/process.h"
#include "weir/role_start.h"

struct milter_process {
	struct role_start start;
	struct milterd_role role;
};

static int
ready(void *arg, const char *warnings)
{
	struct milter_process *p = arg;
	int status = role_start_keep(
	    &p->start, p->start.g->weir.weir_milter_user, warnings);

	p->role.state = p->start.state;
	return status;
}

/* The one service that this process is for. */
static int
find_service(struct milter_process *p, struct err *err)
{
	const struct generation *g = p->start.g;

	p->role.fd = -1;
	for (size_t i = 0; i < g->master.count; i++) {
		const struct master_service *s = &g->master.services[i];
		const char *name = process_service(g->arena, s);
		size_t after = 0;

		p->role.fd = handover_find(&p->start.handover, name, &after);
		if (p->role.fd < 0)
			continue;
		p->role.service = s;
		if (handover_find(&p->start.handover, name, &after) < 0)
			return 0;
		err_set(err,
		    "%s:%u: service %s: a milter listens at one address: "
		    "write host:port",
		    s->origin.file, s->origin.line, s->name);
		return -1;
	}
	err_set(err, "no milter service has a socket");
	return -1;
}

int
role_milter(int argc, char **argv)
{
	/* Threads of libmilter may still be there when all is over. */
	static struct milter_process p;
	struct err err = { 0 };
	const struct generation *g;
	int status = role_start_begin(&p.start, argc, argv);

	if (status != 0)
		return status;
	g = p.start.g;
	if (find_service(&p, &err) != 0) {
		event_warning(NULL, "%s", err.text);
		return role_start_finish(&p.start, EX_CONFIG);
	}
	if (role_start_world(&p.start) != 0)
		return role_start_finish(&p.start, EX_CONFIG);
	p.start.jail.kind = JAIL_NETWORK;
	p.start.jail.read = (const char *const[]){ "/", NULL };
	p.start.jail.write = (const char *const[]){ g->state_dir,
		g->base.data_directory, "/dev", NULL };
	p.role.conf = g->conf;
	p.role.world = p.start.world;
	p.role.drain = g->weir.weir_drain_time_limit;
	p.role.strict = p.start.handover.strict;
	p.role.ready = ready;
	p.role.retired = role_start_retired;
	p.role.arg = &p;
	status = milterd_role_run(&p.role);
	/* What exit() would tear down, libmilter's threads still use. */
	_exit(role_start_finish(&p.start, status));
}
