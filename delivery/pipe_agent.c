/* pipe_agent.c - see pipe_agent.h.  The command itself is run by the local role
 * (pipe_run.h). */
#include "delivery/pipe_agent.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "delivery/delivery.h"
#include "delivery/local_client.h"
#include "delivery/mailbox.h"
#include "delivery/mailbox_client.h"
#include "delivery/pipe_request.h"
#include "delivery/pipe_service.h"
#include "delivery/transport.h"

/* Beyond the command's own time. */
#define PATIENCE (30 * CLOCK_SECOND)

static void *
open_pipe(struct transport *t, struct arena *arena, struct err *err)
{
	struct pipe_service *service = arena_alloc(arena, sizeof *service);

	return pipe_service_read(t->service, t->conf, arena, service, err) == 0
	    ? service
	    : NULL;
}

/* The lines in front of the message, in Postfix's order. */
static const char *
head(const struct delivery *d, unsigned flags, const struct job_rcpt *rcpt)
{
	return arena_printf(d->arena, "%s%s%s%s%s",
	    flags & PIPE_FROM ? local_client_from(d) : "",
	    flags & PIPE_FROM ? "\n" : "",
	    flags & PIPE_RETURN ? local_client_return_path(d) : "",
	    flags & PIPE_ORIGINAL ? local_client_original_to(d, rcpt) : "",
	    flags & PIPE_DELIVERED ? local_client_delivered_to(d, rcpt->address)
				   : "");
}

/* The request for recipients ${first} to ${last} - 1. */
static void
fill(struct delivery *d, size_t first, size_t last, struct pipe_request *r)
{
	const struct pipe_service *service = d->transport->state;
	const struct envelope *e = &d->content.envelope;
	const struct job *job = d->job;

	*r = (struct pipe_request){ .service = service->name,
		.qid = job->qid,
		.sender = job->sender,
		.nexthop = job->nexthop,
		.envid = job->envid,
		.client_name = e->client_name,
		.client_addr = e->client_addr,
		.client_port = e->client_port,
		.helo = e->helo,
		.protocol = e->protocol,
		.sasl_method = e->sasl_method,
		.sasl_username = e->sasl_username,
		.head = head(d, service->flags, &job->rcpts[first]),
		.size = job->size,
		.nrcpts = last - first };
	r->rcpts = arena_alloc(d->arena, r->nrcpts * sizeof *r->rcpts);
	for (size_t i = 0; i < r->nrcpts; i++)
		r->rcpts[i] = (struct pipe_rcpt){ job->rcpts[first + i].address,
			job->rcpts[first + i].original };
}

static void
deliver(struct delivery *d, size_t first, size_t last)
{
	const struct pipe_service *service = d->transport->state;
	struct delivery_end end = { .relay = d->transport->name,
		.report = service->flags & PIPE_FINAL ? JOB_REPORT_DELIVERED
						      : JOB_REPORT_RELAYED };
	struct mailbox_answer answer = { .warning = "" };
	struct pipe_request request;
	struct buf frame = { 0 };
	struct err err = { { 0 } };

	if ((service->flags & PIPE_DELIVERED) &&
	    mailbox_client_loops(d, first, d->transport->name))
		return;
	fill(d, first, last, &request);
	request.body = local_client_size(d, &err);
	pipe_request_print(&request, &frame);
	if (err.text[0] == '\0')
		(void)local_client_ask(
		    d, &frame, service->time_limit + PATIENCE, &answer, &err);
	buf_free(&frame);
	local_client_decide(d, first, last, &end, &answer, &err);
}

/* It is only asked whether it could be run. */
static void
would_run(struct delivery *d)
{
	const struct pipe_service *service = d->transport->state;
	struct delivery_end end = { .relay = d->transport->name,
		.status = JOB_SENT,
		.dsn = "2.0.0",
		.text = arena_printf(
		    d->arena, "delivers to command: %s", service->argv[0]) };

	delivery_end_all(d, &end);
}

static void
run_pipe(struct delivery *d)
{
	const struct pipe_service *service = d->transport->state;
	struct delivery_end end = { .relay = d->transport->name,
		.status = JOB_BOUNCED,
		.dsn = "5.2.3",
		.text = "message too large" };
	/* A line in front that names the recipient can name one only. */
	size_t step = service->flags & (PIPE_DELIVERED | PIPE_ORIGINAL)
	    ? 1
	    : d->job->nrcpts;

	if (service->size > 0 && d->job->size > service->size) {
		delivery_end_all(d, &end);
		return;
	}
	if (delivery_is_probe(d)) {
		would_run(d);
		return;
	}
	for (size_t i = 0; i < d->job->nrcpts; i += step)
		deliver(d, i, i + step);
}

const struct agent pipe_agent = {
	.command = "pipe", .open = open_pipe, .run = run_pipe
};
