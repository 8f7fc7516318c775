/* schedule_route.c - see schedule_inner.h: which destination each recipient
 * waits for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "queue/schedule_inner.h"
#include "queue/transport_limits.h"
#include "rules/address.h"

enum {
	/* Of one job, whatever main.cf says: its frame is bounded. */
	MOST_RECIPIENTS = 1000,
	MOST_OCTETS = 512 * 1024,
};

static void
load_limits(struct schedule *s, const char *transport,
    struct destination_limits *limits)
{
	const struct event_by by = { .program = "qmgr" };
	struct err err = { "" };

	transport_limits_read(limits, s->conf, &s->params, transport, &err);
	if (err.text[0] != '\0')
		event_warning(&by, "%s", err.text);
}

const struct destination_limits *
schedule_route_limits(struct schedule *s, const char *transport)
{
	struct destination_limits *limits =
	    strmap_find(&s->transports, transport);

	if (limits != NULL)
		return limits;
	limits = calloc(1, sizeof *limits);
	if (limits == NULL)
		fatal("out of memory");
	load_limits(s, transport, limits);
	(void)strmap_set(&s->transports, transport, limits);
	return limits;
}

void
schedule_route_reload(struct schedule *s)
{
	for (size_t i = 0; i < s->transports.count; i++)
		load_limits(s, s->transports.items[i].key,
		    s->transports.items[i].value);
	if (s->transports.count == 0)
		return;
	/* A delay that was in effect may be gone. */
	(void)destination_wake(&s->destinations, INT64_MAX);
	schedule_active_kick(s);
}

static void
defer(struct schedule *s, struct active *a, uint32_t index, const char *dsn,
    const char *reason)
{
	struct envelope_rcpt *r = &a->e.rcpts[index];

	(void)s;
	r->dsn = dsn;
	r->reason = reason;
	r->remote = r->diagnostic = "";
	a->outcomes[index] = ACTIVE_DEFERRED;
	schedule_log_deferred(a, index, clock_now());
}

static struct delivery *
open_delivery(
    struct schedule *s, struct active *a, struct destination *d, size_t most)
{
	struct delivery *delivery = calloc(1, sizeof *delivery);

	if (delivery == NULL ||
	    (delivery->recipients = calloc(most, sizeof(uint32_t))) == NULL)
		fatal("out of memory");
	delivery->active = a;
	delivery->jobs = &a->jobs;
	delivery->destination = d;
	delivery->route = d->limits == &s->routing;
	TAILQ_INSERT_TAIL(&a->deliveries, delivery, mine);
	a->pending++;
	return delivery;
}

/* The destination of a recipient; NULL: it was deferred instead. */
static struct destination *
find(struct schedule *s, struct active *a, uint32_t index)
{
	const struct envelope_rcpt *r = &a->e.rcpts[index];
	const struct destination_limits *limits;
	struct destination *d;
	char *dsn;

	if (r->transport[0] == '\0')
		return destination_get(&s->destinations, "", "", &s->routing);
	limits = schedule_route_limits(s, r->transport);
	if (limits->deferred && !a->flush) {
		defer(s, a, index, "4.3.2", "deferred transport");
		return NULL;
	}
	/* One recipient at a time: it is the destination. */
	d = destination_get(&s->destinations, r->transport,
	    limits->recipients == 1 ? r->address : r->nexthop, limits);
	if (!destination_dead(d, clock_mono()))
		return d;
	dsn = arena_strdup(a->arena, d->dsn);
	if (dsn[0] == '5')
		dsn[0] = '4';
	defer(s, a, index, dsn,
	    arena_printf(
		a->arena, "delivery temporarily suspended: %s", d->reason));
	return NULL;
}

static size_t
most_of(const struct schedule *s, const struct active *a,
    const struct destination *d, size_t n)
{
	size_t most = d->limits->recipients;

	/* Only a question for routes has more than one sender. */
	if (envelope_has_verp(&a->e) && d->limits != &s->routing)
		most = 1;
	if (most == 0 || most > MOST_RECIPIENTS)
		most = MOST_RECIPIENTS;
	return most < n ? most : n;
}

void
schedule_route_some(struct schedule *s, struct active *a,
    const uint32_t *recipients, size_t n, bool first)
{
	uint64_t turn = ++s->placing;

	for (size_t i = 0; i < n; i++) {
		const struct envelope_rcpt *r = &a->e.rcpts[recipients[i]];
		struct destination *d = find(s, a, recipients[i]);
		struct delivery *delivery;

		if (d == NULL)
			continue;
		delivery = d->open_turn == turn ? d->open : NULL;
		if (delivery == NULL ||
		    delivery->nrecipients == most_of(s, a, d, n) ||
		    delivery->octets > MOST_OCTETS) {
			delivery = open_delivery(s, a, d, most_of(s, a, d, n));
			destination_add(&s->destinations, d, delivery, first);
			d->open = delivery;
			d->open_turn = turn;
		}
		delivery->recipients[delivery->nrecipients++] = recipients[i];
		delivery->octets +=
		    strlen(r->address) + strlen(r->original) + strlen(r->orcpt);
	}
}

/* A content filter gets everything, whatever the recipient's own route. */
static void
apply_filter(const struct schedule *s, struct active *a)
{
	const char *colon = strchr(a->e.filter, ':');
	size_t n =
	    colon != NULL ? (size_t)(colon - a->e.filter) : strlen(a->e.filter);
	const char *transport = arena_strndup(a->arena, a->e.filter, n);
	const char *nexthop = colon != NULL && colon[1] != '\0'
	    ? colon + 1
	    : s->params.default_filter_nexthop;

	for (size_t i = 0; i < a->e.nrcpts; i++) {
		struct envelope_rcpt *r = &a->e.rcpts[i];
		const char *domain = address_domain(r->address);

		r->transport = transport;
		r->nexthop = nexthop[0] != '\0' ? nexthop
		    : domain != NULL            ? domain
						: "";
	}
}

void
schedule_route_all(struct schedule *s, struct active *a)
{
	uint32_t *todo = calloc(a->e.nrcpts + 1, sizeof *todo);
	size_t n = 0;

	if (todo == NULL)
		fatal("out of memory");
	for (uint32_t i = 0; i < a->e.nrcpts; i++) {
		if (a->e.rcpts[i].state != ENVELOPE_TODO)
			continue;
		todo[n++] = i;
		/* What was found out for an earlier attempt is old. */
		if (a->e.attempts > 0)
			a->e.rcpts[i].transport = "";
	}
	if (a->e.filter[0] != '\0')
		apply_filter(s, a);
	schedule_route_some(s, a, todo, n, false);
	free(todo);
}
