/* deliver_job.c - see deliver_job.h. */
#include "delivery/deliver_job.h"

#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "delivery/agent.h"
#include "delivery/delivery.h"
#include "delivery/delivery_events.h"
#include "delivery/transport.h"
#include "queue/job.h"
#include "rules/route.h"

static void
run_agent(struct delivery *d)
{
	struct delivery_end end = { .status = JOB_DEFERRED, .dsn = "4.3.0" };
	struct event_by by = transport_by(d->transport, d->number, d->job->qid);
	struct err err = { { 0 } };
	int found = content_open(
	    &d->content, d->env->store, d->job->key, d->arena, &err);

	if (found == 1) {
		d->transport->agent->run(d);
		end.text = "unknown mail transport error";
	} else {
		event(&delivery_events_content, &by, "text",
		    found == 0 ? "the message is not in the store" : err.text,
		    NULL);
		end.text = "queue file read error";
	}
	content_close(&d->content);
	delivery_end_all(d, &end);
}

struct transcript_notice *
deliver_job_run(const struct delivery_env *env, struct transport *transport,
    const struct job *job, struct arena *arena, struct buf *out)
{
	struct delivery d = {
		.env = env,
		.transport = transport,
		.arena = arena,
		.job = job,
		.number = delivery_number(),
		.delay = { .arrival = job->arrival,
		    .active = job->active,
		    .handoff = clock_now() },
	};
	struct delivery_end none = { .status = JOB_DEFERRED,
		.dsn = "4.3.0",
		.text = "mail transport unavailable" };

	delivery_begin(&d);
	if (transport != NULL)
		run_agent(&d);
	else
		delivery_end_all(&d, &none);
	job_result_print(&d.result, out);
	return d.notices;
}

static void
resolve(const struct delivery_env *env, const struct job *job,
    const struct job_rcpt *rcpt, struct arena *arena, struct job_route *r)
{
	struct route_answer a = { 0 };

	*r = (struct job_route){ .index = rcpt->index,
		.address = rcpt->address,
		.transport = "",
		.nexthop = "",
		.dsn = "",
		.reason = "" };
	if (route_resolve(env->route, env->world, arena, job->sender,
		rcpt->address, &a) == TABLE_FAILED) {
		r->failed = true;
		r->dsn = "4.3.0";
		r->reason = "address resolver failure";
	} else if (a.invalid) {
		r->transport = "error";
		r->nexthop = "5.1.3 bad address syntax";
	} else {
		r->transport = a.transport;
		r->nexthop = a.nexthop;
		if (a.recipient != NULL)
			r->address = a.recipient;
		if (a.text != NULL)
			r->nexthop = arena_printf(
			    arena, "%s %s", a.dsn != NULL ? a.dsn : "", a.text);
	}
}

void
deliver_job_route(const struct delivery_env *env, const struct job *job,
    struct arena *arena, struct buf *out)
{
	struct job_routed routed = { .id = job->id, .nroutes = job->nrcpts };

	routed.routes =
	    arena_alloc(arena, (job->nrcpts + 1) * sizeof routed.routes[0]);
	for (size_t i = 0; i < job->nrcpts; i++)
		resolve(env, job, &job->rcpts[i], arena, &routed.routes[i]);
	job_routed_print(&routed, out);
}

static void
return_routes(const struct job *job, struct arena *arena, struct buf *out)
{
	struct job_routed routed = { .id = job->id, .nroutes = job->nrcpts };

	routed.routes =
	    arena_alloc(arena, (job->nrcpts + 1) * sizeof routed.routes[0]);
	for (size_t i = 0; i < job->nrcpts; i++)
		routed.routes[i] =
		    (struct job_route){ .index = job->rcpts[i].index,
			    .address = job->rcpts[i].address,
			    .transport = "",
			    .nexthop = "",
			    .failed = true,
			    .dsn = "4.3.0",
			    .reason = "address resolver failure" };
	job_routed_print(&routed, out);
}

void
deliver_job_return(
    const struct job *job, bool route, struct arena *arena, struct buf *out)
{
	struct job_result result = { .id = job->id,
		.destination_dsn = "",
		.destination_reason = "",
		.noutcomes = job->nrcpts };

	if (route) {
		return_routes(job, arena, out);
		return;
	}
	result.outcomes =
	    arena_alloc(arena, (job->nrcpts + 1) * sizeof result.outcomes[0]);
	for (size_t i = 0; i < job->nrcpts; i++)
		result.outcomes[i] =
		    (struct job_outcome){ .index = job->rcpts[i].index,
			    .status = JOB_UNKNOWN,
			    .dsn = "",
			    .reason = "",
			    .remote = "",
			    .diagnostic = "",
			    .address = "" };
	job_result_print(&result, out);
}
