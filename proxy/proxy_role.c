/* proxy_role.c - see proxy_role.h. */
#include "proxy/proxy_role.h"

#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/descriptors.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/master.h"
#include "checks/conduct_keeper.h"
#include "classes/trace_keeper.h"
#include "proxy/client_events.h"
#include "proxy/closing.h"
#include "proxy/cut_way.h"
#include "proxy/door.h"
#include "proxy/hall.h"
#include "proxy/milter_setting.h"
#include "proxy/notice_look.h"
#include "proxy/probe.h"
#include "proxy/session_io.h"
#include "proxy/smtp_service.h"
#include "queue/submit.h"

/* Descriptors for other things than sessions: tables, the log, the resolver,
 * connections to policy servers. */
enum { OTHER_DESCRIPTORS = 128 };

struct proxy_floor {
	struct floor floor; /* first */
	struct hall hall;
	struct notice_looks *looks; /* NULL: it takes none */
};

struct running {
	const struct proxy_role *role;
	struct smtp_service **services;
	size_t nservices;
	unsigned *most_busy;           /* of each service, on one floor */
	struct smtp_service *internal; /* NULL: our own mail is not judged */
	struct hall_shared shared;
	struct cut_ways *ways;
	struct probes *probes;
};

static unsigned
service_of(const struct running *r, const struct master_service *master)
{
	for (unsigned i = 0; i < r->nservices; i++)
		if (r->services[i]->master == master)
			return i;
	must(!"a listener of a service that is not there");
	return 0;
}

static int
open_services(struct running *r, struct err *warnings)
{
	const struct proxy_role *role = r->role;
	size_t n = role->master->count;

	r->services = calloc(n + 1, sizeof(struct smtp_service *));
	r->most_busy = calloc(n + 1, sizeof *r->most_busy);
	if (r->services == NULL || r->most_busy == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < n; i++) {
		const struct master_service *m = &role->master->services[i];
		struct smtp_service *service;

		if (!smtp_service_is(m))
			continue;
		service =
		    smtp_service_open(m, role->conf, role->strict, warnings);
		if (service == NULL)
			return -1;
		r->services[r->nservices++] = service;
	}
	return 0;
}

/* The service for our own mail, where there is to be one. */
static int
open_internal(struct running *r, struct err *warnings)
{
	const struct proxy_role *role = r->role;
	struct err err = { 0 };
	bool wanted = notice_look_wanted(role->conf, &err);

	if (err.text[0] != '\0')
		err_also(warnings, "%s", err.text);
	if (role->strict && err.text[0] != '\0')
		return -1;
	if (!wanted)
		return 0;
	err.text[0] = '\0';
	r->internal = smtp_service_open(
	    &smtp_service_internal, role->conf, role->strict, &err);
	/* The other services may have said the same. */
	if (err.text[0] != '\0' && strstr(warnings->text, err.text) == NULL)
		err_also(warnings, "%s", err.text);
	return r->internal != NULL ? 0 : -1;
}

/* What the routes of probes say of tables, the services may have said. */
static int
open_probes(struct running *r, struct err *warnings)
{
	const struct proxy_role *role = r->role;
	struct err err = { 0 };

	r->probes = probe_open(role->master, role->conf, r->ways, &err);
	if (err.text[0] != '\0' && strstr(warnings->text, err.text) == NULL)
		err_also(warnings, "%s", err.text);
	return r->probes != NULL ? 0 : -1;
}

/* The ways past the queue, for the services that want them and for probes.
 * -1: a parameter is wrong. */
static int
open_ways(struct running *r, struct err *warnings)
{
	bool wanted = false;

	for (size_t i = 0; i < r->nservices; i++)
		wanted |= r->services[i]->calm.weir_cut_through ||
		    r->services[i]->stressed.weir_cut_through;
	if (!wanted && r->role->verify == NULL)
		return 0;
	r->ways = cut_way_open(r->role->master, r->role->conf, warnings);
	if (r->ways == NULL)
		return -1;
	if (wanted)
		r->shared.cut = r->ways;
	return r->role->verify != NULL ? open_probes(r, warnings) : 0;
}

static void
close_services(struct running *r)
{
	for (size_t i = 0; i < r->nservices; i++)
		smtp_service_close(r->services[i]);
	free(r->services);
	free(r->most_busy);
	if (r->internal != NULL)
		smtp_service_close(r->internal);
}

/* Descriptors that a session may need: its client's, and its milters'. */
static size_t
descriptors(const struct running *r)
{
	size_t most = 1;

	for (size_t i = 0; i < r->nservices; i++) {
		const struct smtp_service *service = r->services[i];
		size_t n = 1;

		if (service->milters != NULL)
			n += milter_setting_descriptors(service->milters);
		if (n > most)
			most = n;
	}
	return most;
}

static size_t
session_limit(const struct running *r, unsigned workers)
{
	size_t most, other = OTHER_DESCRIPTORS;

	/* To next hops, in use or waiting for more. */
	if (r->shared.cut != NULL)
		other += 2 * (size_t)workers;
	if (r->probes != NULL)
		other += PROBE_THREADS;
	most = descriptors_beside(other) / descriptors(r);
	for (size_t i = 0; i < r->nservices; i++) {
		int64_t set = r->services[i]->calm.weir_session_limit;

		if (set > 0 && (size_t)set < most)
			most = (size_t)set;
	}
	return most;
}

static void
begin(struct floors *floors)
{
	struct running *r = floors->role;
	const struct proxy_role *role = r->role;
	unsigned workers = floors->nworkers;

	r->shared.workers = floors->workers;
	r->shared.most_cuts = r->shared.cut != NULL ? workers / 4 : 0;
	r->shared.world = role->world;
	r->shared.admin_socket = role->admin_socket;
	r->shared.spool = role->spool;
	r->shared.clients = client_events_new();
	r->shared.most_sessions =
	    floors_clients(floors, session_limit(r, workers));
	r->shared.conduct = conduct_keeper_new(role->world, floors->workers);
	if (role->state != NULL)
		r->shared.traces =
		    trace_keeper_new(role->state, floors->workers);
	if (r->probes != NULL)
		probe_start(r->probes, role->verify, role->world);
	for (size_t i = 0; i < r->nservices; i++)
		if (r->services[i]->most_busy > 0)
			r->most_busy[i] = (unsigned)r->services[i]->most_busy;
	floors_ceilings(
	    floors, workers - r->shared.most_cuts, r->most_busy, r->nservices);
}

static void
end(struct floors *floors)
{
	struct running *r = floors->role;

	if (r->probes != NULL)
		probe_stop(r->probes);
	trace_keeper_free(r->shared.traces);
	conduct_keeper_free(r->shared.conduct);
	client_events_free(r->shared.clients);
}

static struct hall *
hall_of(struct floor *floor)
{
	return &((struct proxy_floor *)floor)->hall;
}

static struct notice_looks *
looks_of(struct floor *floor)
{
	return ((struct proxy_floor *)floor)->looks;
}

static void
open_floor(struct floor *floor)
{
	struct running *r = floor->floors->role;
	struct hall *h = hall_of(floor);

	h->loop = floor->loop;
	h->shared = &r->shared;
	h->store = submit_way(submit_open(h->loop, r->role->queue_socket));
	h->drive = session_io_drive;
	h->places = calloc(r->nservices + 1, sizeof *h->places);
	if (h->places == NULL)
		fatal("out of memory");
	h->nplaces = r->nservices;
	for (size_t i = 0; i < r->nservices; i++)
		h->places[i] = (struct hall_place){ .service = r->services[i],
			.most_busy = r->most_busy[i] };
	if (r->internal != NULL)
		((struct proxy_floor *)floor)->looks =
		    notice_look_open(h, r->internal);
}

static void
close_floor(struct floor *floor)
{
	struct hall *h = hall_of(floor);

	notice_look_close(looks_of(floor));
	submit_close(h->store.queue);
	buf_free(&h->spare);
	free(h->places);
}

static void *
enter(struct floor *floor, const struct floors_listener *listener, bool share)
{
	return door_open(hall_of(floor), listener->fd,
	    service_of(floor->floors->role, listener->service), share);
}

static void
leave(void *door)
{
	door_close(door);
}

static void
retire(struct floor *floor)
{
	notice_look_retire(looks_of(floor));
	closing_retire(hall_of(floor));
}

static void
drain(struct floor *floor)
{
	notice_look_retire(looks_of(floor));
	closing_drain(hall_of(floor));
}

static void
cut(struct floor *floor)
{
	closing_cut(hall_of(floor));
}

static const struct floors_kind kind = {
	.size = sizeof(struct proxy_floor),
	.begin = begin,
	.end = end,
	.open = open_floor,
	.close = close_floor,
	.enter = enter,
	.leave = leave,
	.retire = retire,
	.drain = drain,
	.cut = cut,
};

int
proxy_role_run(const struct proxy_role *role)
{
	struct running r = { .role = role };
	struct floors floors = {
		.plan = &role->plan, .kind = &kind, .role = &r
	};
	struct err warnings = { 0 };
	int status = EX_CONFIG;

	descriptors_raise();
	if (open_services(&r, &warnings) < 0 ||
	    open_internal(&r, &warnings) < 0 || open_ways(&r, &warnings) < 0)
		event_warning(NULL, "%s", warnings.text);
	else
		status = floors_run(&floors, warnings.text);
	probe_close(r.probes);
	cut_way_close(r.ways);
	close_services(&r);
	return status;
}
