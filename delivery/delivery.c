/* delivery.c - see delivery.h. */
#include "delivery/delivery.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "delivery/agent.h"
#include "delivery/delivery_events.h"
#include "delivery/status_filter.h"
#include "delivery/transport.h"
#include "rules/address.h"

unsigned
delivery_number(void)
{
	static _Atomic unsigned last;
	unsigned n = atomic_fetch_add_explicit(&last, 1, memory_order_relaxed);

	return (unsigned)getpid() + n % 1000000;
}

bool
delivery_is_probe(const struct delivery *d)
{
	return d->job->verify || (d->once != NULL && d->once->probe);
}

void
delivery_begin(struct delivery *d)
{
	size_t n = d->job->nrcpts;

	d->result = (struct job_result){ .id = d->job->id, .noutcomes = n };
	d->result.destination_dsn = d->result.destination_reason = "";
	d->result.outcomes =
	    arena_alloc(d->arena, (n + 1) * sizeof(struct job_outcome));
	d->decided = arena_alloc(d->arena, n + 1);
	d->left = n;
}

/* RFC 3463: only the class of a status changes. */
static const char *
soften(struct arena *arena, const char *dsn)
{
	char *soft = arena_strdup(arena, dsn);

	if (soft[0] == '5')
		soft[0] = '4';
	return soft;
}

static const char *
copy(struct arena *arena, const char *text)
{
	return text != NULL ? arena_strdup(arena, text) : "";
}

/* Is what is said of it for a report of deliveries? */
static bool
tells_way(
    const struct job *job, const struct job_rcpt *rcpt, enum job_status status)
{
	if (job->verify)
		return true;
	return (status == JOB_SENT || status == JOB_REPLACED) &&
	    (job->trace || (rcpt->notify & ENVELOPE_NOTIFY_SUCCESS) != 0);
}

/* What the sender is told of a delivery names the way that it took. */
static const char *
reason(const struct delivery *d, const struct job_rcpt *rcpt,
    const struct delivery_end *end)
{
	struct arena *arena = d->arena;

	if (tells_way(d->job, rcpt, end->status) && end->relay != NULL)
		return arena_printf(
		    arena, "delivery via %s: %s", end->relay, end->text);
	return copy(arena, end->text);
}

static void
report(const struct delivery *d, const struct job_rcpt *rcpt,
    const struct delivery_end *end, const char *status, const char *dsn,
    const char *text)
{
	const struct transport *t = d->transport;
	struct event_by by = transport_by(
	    t, end->number != 0 ? end->number : d->number, d->job->qid);
	int digits =
	    t != NULL ? (int)t->params.delay_logging_resolution_limit : 2;
	const char *to = end->address != NULL ? end->address : rcpt->address;
	const char *orig =
	    rcpt->original[0] != '\0' ? rcpt->original : rcpt->address;
	int64_t now = clock_now();
	struct buf whole = { 0 }, parts = { 0 };
	char uses[16];

	(void)snprintf(uses, sizeof uses, "%u", end->uses);
	delay_put(&whole, now - d->delay.arrival, digits);
	delay_put_all(&parts, &d->delay, now, digits);
	if (strcasecmp(orig, to) == 0)
		orig = NULL;
	else
		orig = address_external(d->arena, orig);
	event(&delivery_events_status, &by, "to",
	    address_external(d->arena, to), "orig_to", orig, "relay",
	    end->relay != NULL ? end->relay : "none", "conn_use",
	    end->uses > 1 ? uses : NULL, "delay", buf_str(&whole), "delays",
	    buf_str(&parts), "dsn", dsn, "status", status, "text", text, NULL);
	buf_free(&whole);
	buf_free(&parts);
}

/* Let the transport's tables say what code and text it is.  Who waits for what
 * a server says gets that. */
static bool
filter(const struct delivery *d, const struct delivery_end *end,
    const char **dsn, const char **text)
{
	struct event_by by;

	if (d->transport == NULL || d->transport->status_filter == NULL ||
	    end->status == JOB_PASSED || (d->once != NULL && !d->once->probe))
		return false;
	by = transport_by(d->transport,
	    end->number != 0 ? end->number : d->number, d->job->qid);
	return status_filter_apply(d->transport->status_filter, d->env->world,
	    d->arena, &by, dsn, text);
}

/* One line, or one for each message that has taken its place. */
static void
report_all(const struct delivery *d, const struct job_rcpt *rcpt,
    const struct delivery_end *end, const char *status)
{
	if (end->status == JOB_PASSED)
		return;
	if (end->status != JOB_REPLACED)
		report(d, rcpt, end, status, end->dsn, end->text);
	for (size_t i = 0; i < end->nchildren; i++) {
		const char *dsn = end->dsn;
		const char *text = arena_printf(
		    d->arena, "forwarded as %s", end->children[i].qid);

		(void)filter(d, end, &dsn, &text);
		report(d, rcpt, end, status, dsn, text);
	}
}

/* What became of it, as the transport's tables and soft_bounce have it. */
static struct delivery_end
decide(const struct delivery *d, const struct delivery_end *given)
{
	struct delivery_end end = *given;

	if (end.status == JOB_REPLACED ||
	    !filter(d, given, &end.dsn, &end.text))
		return end;
	if (end.dsn[0] == '4' && end.status == JOB_BOUNCED)
		end.status = JOB_DEFERRED;
	else if (end.dsn[0] == '5' && end.status == JOB_DEFERRED)
		end.status = JOB_BOUNCED;
	return end;
}

void
delivery_end(struct delivery *d, size_t i, const struct delivery_end *given)
{
	static const char *const words[] = { [JOB_SENT] = "sent",
		[JOB_DEFERRED] = "deferred",
		[JOB_BOUNCED] = "bounced",
		[JOB_REPLACED] = "sent",
		[JOB_PASSED] = "" };
	struct delivery_end end = decide(d, given);
	const struct job_rcpt *rcpt = &d->job->rcpts[i];
	const char *word = words[end.status];

	must(!d->decided[i]);
	end.dsn = arena_strdup(d->arena, end.dsn);
	if (delivery_is_probe(d)) {
		word = end.status == JOB_SENT || end.status == JOB_REPLACED
		    ? "deliverable"
		    : "undeliverable";
	} else if (end.status == JOB_BOUNCED && d->transport != NULL &&
	    d->transport->soft_bounce) {
		end.status = JOB_DEFERRED;
		end.dsn = soften(d->arena, end.dsn);
		word = "SOFTBOUNCE";
	}
	/* The queue keeps what a filter refuses that was away before. */
	if (end.status == JOB_BOUNCED && d->job->rescan)
		word = words[JOB_DEFERRED];
	d->result.outcomes[i] = (struct job_outcome){
		.index = rcpt->index,
		.status = end.status,
		.report = end.report,
		.dsn = end.dsn,
		.reason = reason(d, rcpt, &end),
		.remote = copy(d->arena, end.remote),
		.diagnostic = copy(d->arena, end.diagnostic),
		.address = end.address != NULL ? end.address : rcpt->address,
		.transport = end.transport,
		.nexthop = end.nexthop,
		.children = end.children,
		.nchildren = end.nchildren,
	};
	d->decided[i] = true;
	d->left--;
	if (d->once == NULL || d->once->probe || end.status == JOB_SENT)
		report_all(d, rcpt, &end, word);
}

void
delivery_end_all(struct delivery *d, const struct delivery_end *end)
{
	for (size_t i = 0; i < d->job->nrcpts; i++)
		if (!d->decided[i])
			delivery_end(d, i, end);
}
