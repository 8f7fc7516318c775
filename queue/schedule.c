/* schedule.c - see schedule.h: what goes to the delivering roles and comes back
 * from them; and how the parts are put together. */
#include "queue/schedule.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "queue/bounce_text.h"
#include "queue/queue_events.h"
#include "queue/schedule_inner.h"
#include "queue/verp.h"
#include "rules/utf8_class.h"

enum {
	ROUTES = 50, /* messages whose routes are looked up at a time */
	ROUTE_RECIPIENTS = 200,
};

/* Whose mail it is, as the server sees it. */
static const char *
sender_of(const struct envelope *e, const struct delivery *delivery,
    struct arena *arena)
{
	const struct envelope_rcpt *r = &e->rcpts[delivery->recipients[0]];

	if (delivery->route || !envelope_has_verp(e))
		return e->sender;
	return verp_address(arena, e->verp, e->sender,
	    r->original[0] != '\0' ? r->original : r->address);
}

/* Tell ${peer} to do ${delivery}. */
static void
start(struct schedule_peer *peer, const struct delivery *delivery)
{
	const struct envelope *e = &delivery->active->e;
	const struct envelope_rcpt *first = &e->rcpts[delivery->recipients[0]];
	struct arena *arena = arena_new();
	struct job job = { .id = delivery->id,
		.key = delivery->active->key,
		.qid = e->qid,
		.transport = delivery->route ? "" : first->transport,
		.nexthop = delivery->route ? "" : first->nexthop,
		.sender = sender_of(e, delivery, arena),
		.arrival = e->arrival,
		.active = delivery->active->since,
		.size = e->size,
		.utf8 = e->utf8,
		.eight_bit = e->eight_bit,
		.is_bounce = e->is_bounce,
		.rescan = e->rescan,
		.trace = e->trace != ENVELOPE_TRACE_NONE,
		.verify = e->trace == ENVELOPE_TRACE_VERIFY,
		.envid = e->envid,
		.ret = e->ret,
		.nrcpts = delivery->nrecipients };

	job.rcpts = arena_alloc(arena, job.nrcpts * sizeof *job.rcpts);
	for (size_t i = 0; i < job.nrcpts; i++) {
		uint32_t index = delivery->recipients[i];
		const struct envelope_rcpt *r = &e->rcpts[index];

		job.rcpts[i] = (struct job_rcpt){ .index = index,
			.address = r->address,
			.original = r->original,
			.orcpt = r->orcpt,
			.notify = r->notify,
			.target = r->target };
	}
	peer->send(peer, &job, delivery->route ? JOB_ROUTE : JOB_DELIVER);
	arena_free(arena);
}

static void
dispatch(struct loop_task *task)
{
	struct schedule *s = (struct schedule *)((char *)task -
	    offsetof(struct schedule, dispatch));
	struct schedule_peer *peer = TAILQ_FIRST(&s->peers);
	struct delivery *delivery;
	int64_t now = clock_mono();
	int64_t next = destination_wake(&s->destinations, now);

	if (next != 0)
		loop_timer_set(s->loop, &s->rested, next);
	/* All goes to the newest: after a reload it has the new rules. */
	while (!s->stopped && peer != NULL && peer->room > 0 &&
	    (delivery = destination_next(&s->destinations, now)) != NULL) {
		delivery->id = ++s->next_job;
		peer->room--;
		TAILQ_INSERT_TAIL(&peer->deliveries, delivery, entry);
		start(peer, delivery);
	}
	schedule_scan_more(s);
}

static void
rested(struct loop_timer *timer)
{
	schedule_active_kick((struct schedule *)((char *)timer -
	    offsetof(struct schedule, rested)));
}

void
schedule_peer_join(struct schedule *s, struct schedule_peer *peer, size_t room)
{
	peer->room = room;
	TAILQ_INIT(&peer->deliveries);
	TAILQ_INSERT_HEAD(&s->peers, peer, entry);
	schedule_active_kick(s);
}

/* Nothing is known of ${n} recipients at ${recipients}: once more. */
static void
once_more(
    struct schedule *s, struct active *a, const uint32_t *recipients, size_t n)
{
	if (n > 0 && !a->gone && a->wish == ACTIVE_NO_WISH)
		schedule_route_some(s, a, recipients, n, true);
}

void
schedule_peer_leave(struct schedule *s, struct schedule_peer *peer)
{
	struct delivery *delivery;

	TAILQ_REMOVE(&s->peers, peer, entry);
	while ((delivery = TAILQ_FIRST(&peer->deliveries)) != NULL) {
		TAILQ_REMOVE(&peer->deliveries, delivery, entry);
		(void)destination_done(&s->destinations, delivery->destination,
		    DESTINATION_LEFT, clock_mono());
		once_more(s, delivery->active, delivery->recipients,
		    delivery->nrecipients);
		schedule_active_over(s, delivery);
	}
}

/* What ${peer} was asked under ${id}. */
static struct delivery *
find(const struct schedule_peer *peer, uint64_t id, bool route)
{
	struct delivery *delivery;

	TAILQ_FOREACH (delivery, &peer->deliveries, entry)
		if (delivery->id == id)
			return delivery->route == route ? delivery : NULL;
	return NULL;
}

/* ${delivery} is not under way any more. */
static void
take_back(struct schedule_peer *peer, struct delivery *delivery)
{
	TAILQ_REMOVE(&peer->deliveries, delivery, entry);
	peer->room++;
}

/* A destination is dead: so is, for now, what waits for it. */
static void
bury(struct schedule *s, struct destination *d, const char *dsn,
    const char *reason)
{
	int64_t delay = d->limits->rate_delay;
	int64_t pause = delay > 0 ? delay : s->params.minimal_backoff_time;
	struct event_by by = { .program = "qmgr" };
	struct delivery *delivery;
	char seconds[24];

	(void)snprintf(
	    seconds, sizeof seconds, "%lld", (long long)(pause / CLOCK_SECOND));
	event(&queue_events_dead, &by, "destination", destination_name(d),
	    "seconds", seconds, "text", reason, NULL);
	destination_bury(d, clock_mono() + pause, dsn, reason);
	while ((delivery = destination_take(&s->destinations, d)) != NULL) {
		/* It finds the destination dead, and is deferred. */
		schedule_route_some(s, delivery->active, delivery->recipients,
		    delivery->nrecipients, false);
		schedule_active_over(s, delivery);
	}
	/* Mail that comes now is tried when its turn is: one attempt in each
	 * delay is little enough. */
	if (delay > 0)
		destination_recover(&s->destinations, d);
}

static bool
in_delivery(const struct delivery *delivery, uint32_t index)
{
	for (size_t i = 0; i < delivery->nrecipients; i++)
		if (delivery->recipients[i] == index)
			return true;
	return false;
}

/* The sender was warned, and is to know that it need not worry. */
static bool
is_cleared(const struct schedule *s, const struct active *a,
    const struct envelope_rcpt *r)
{
	return s->params.confirm_delay_cleared && a->e.bounced_delay_warning &&
	    (r->notify == 0 || (r->notify & ENVELOPE_NOTIFY_DELAY) != 0);
}

/* Sent: done with, unless the sender is to be told by us. */
static enum envelope_state
sent_state(const struct schedule *s, const struct active *a,
    const struct envelope_rcpt *r, enum job_report report)
{
	bool asked = a->e.trace != ENVELOPE_TRACE_NONE ||
	    ((r->notify & ENVELOPE_NOTIFY_SUCCESS) != 0 &&
		report != JOB_REPORT_PASSED);

	if (a->e.sender[0] == '\0' || a->e.rescan ||
	    (!asked && !is_cleared(s, a, r)))
		return ENVELOPE_DONE;
	switch (report) {
	case JOB_REPORT_RELAYED:
	case JOB_REPORT_PASSED:
		return ENVELOPE_RELAYED;
	case JOB_REPORT_EXPANDED:
		return ENVELOPE_EXPANDED;
	default:
		return ENVELOPE_DELIVERED;
	}
}

/* It goes another way.  Nothing of that is stored: an attempt that fails
 * begins again at the recipient's own route. */
static void
pass(struct schedule *s, struct active *a, const struct job_outcome *o)
{
	struct envelope_rcpt *r = &a->e.rcpts[o->index];

	if (strcmp(r->address, o->address) != 0) {
		if (r->original[0] == '\0')
			r->original = r->address;
		r->address = arena_strdup(a->arena, o->address);
	}
	r->transport = arena_strdup(a->arena, o->transport);
	r->nexthop = arena_strdup(a->arena, o->nexthop);
	once_more(s, a, &o->index, 1);
}

/* Keep what ${o} says about its recipient.  True: it is to be stored now. */
static bool
take_outcome(struct schedule *s, struct active *a, const struct job_outcome *o)
{
	struct envelope_rcpt *r = &a->e.rcpts[o->index];

	r->dsn = arena_strdup(a->arena, o->dsn);
	r->reason = arena_strdup(a->arena, o->reason);
	r->remote = arena_strdup(a->arena, o->remote);
	r->diagnostic = arena_strdup(a->arena, o->diagnostic);
	switch (o->status) {
	case JOB_SENT:
		r->state = sent_state(s, a, r, o->report);
		return true;
	case JOB_REPLACED:
		schedule_child_add(s, a, o, sent_state(s, a, r, o->report));
		return false;
	case JOB_PASSED:
		pass(s, a, o);
		return false;
	case JOB_BOUNCED:
		a->outcomes[o->index] =
		    a->e.rescan ? ACTIVE_DEFERRED : ACTIVE_BOUNCED;
		return false;
	default:
		a->outcomes[o->index] = ACTIVE_DEFERRED;
		return false;
	}
}

/* Recipients without an outcome were not tried. */
static void
take_outcomes(struct schedule *s, struct delivery *delivery,
    const struct job_result *result)
{
	struct active *a = delivery->active;
	uint32_t *untried = calloc(delivery->nrecipients + 1, sizeof *untried);
	size_t n = 0;
	bool store = false, known;

	if (untried == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < delivery->nrecipients; i++) {
		known = false;
		for (size_t j = 0; j < result->noutcomes && !known; j++) {
			const struct job_outcome *o = &result->outcomes[j];

			if (o->index != delivery->recipients[i] ||
			    o->status == JOB_UNKNOWN)
				continue;
			known = true;
			store |= take_outcome(s, a, o);
			if (a->e.rescan)
				store |= schedule_rescan_outcome(s, a, o->index,
				    !result->destination_failed);
		}
		if (!known)
			untried[n++] = delivery->recipients[i];
	}
	once_more(s, a, untried, n);
	free(untried);
	/* The last delivery of a message is stored with its end. */
	if (store && a->pending > 1 && !a->gone)
		schedule_store_mark(s, a);
}

bool
schedule_result(struct schedule *s, struct schedule_peer *peer,
    const struct job_result *result)
{
	struct delivery *delivery = find(peer, result->id, false);
	enum destination_outcome outcome = DESTINATION_LEFT;
	struct destination *d;
	bool dead;

	if (delivery == NULL)
		return false;
	for (size_t i = 0; i < result->noutcomes; i++) {
		if (!in_delivery(delivery, result->outcomes[i].index))
			return false;
		if (result->outcomes[i].status != JOB_UNKNOWN)
			outcome = DESTINATION_UNTRIED;
	}
	take_back(peer, delivery);
	d = delivery->destination;
	if (result->destination_failed)
		outcome = DESTINATION_FAILED;
	else if (result->destination_reached)
		outcome = DESTINATION_REACHED;
	dead = destination_done(&s->destinations, d, outcome, clock_mono());
	take_outcomes(s, delivery, result);
	if (delivery->active->e.rescan)
		schedule_rescan_seen(s, delivery->active, outcome);
	schedule_active_over(s, delivery);
	if (dead)
		bury(s, d, result->destination_dsn, result->destination_reason);
	return true;
}

/* Where a recipient goes has been looked up again.  True: it may go there. */
static bool
take_route(struct active *a, const struct job_route *route)
{
	struct envelope_rcpt *r = &a->e.rcpts[route->index];

	if (!route->failed && route->transport[0] != '\0') {
		r->transport = arena_strdup(a->arena, route->transport);
		r->nexthop = arena_strdup(a->arena, route->nexthop);
		if (route->address[0] != '\0')
			r->address = arena_strdup(a->arena, route->address);
		return true;
	}
	r->dsn = arena_strdup(
	    a->arena, route->dsn[0] != '\0' ? route->dsn : "4.3.0");
	r->reason = arena_strdup(a->arena,
	    route->reason[0] != '\0' ? route->reason
				     : "address resolver failure");
	r->remote = r->diagnostic = "";
	a->outcomes[route->index] = ACTIVE_DEFERRED;
	schedule_log_deferred(a, route->index, clock_now());
	return false;
}

bool
schedule_routed(struct schedule *s, struct schedule_peer *peer,
    const struct job_routed *routed)
{
	struct delivery *delivery = find(peer, routed->id, true);
	struct active *a;
	uint32_t *places;
	size_t n = 0;

	if (delivery == NULL || routed->nroutes != delivery->nrecipients)
		return false;
	for (size_t i = 0; i < routed->nroutes; i++)
		if (!in_delivery(delivery, routed->routes[i].index))
			return false;
	take_back(peer, delivery);
	a = delivery->active;
	(void)destination_done(&s->destinations, delivery->destination,
	    DESTINATION_REACHED, clock_mono());
	places = calloc(routed->nroutes + 1, sizeof *places);
	if (places == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < routed->nroutes; i++)
		if (take_route(a, &routed->routes[i]))
			places[n++] = routed->routes[i].index;
	if (n > 0 && !a->gone && a->wish == ACTIVE_NO_WISH)
		schedule_route_some(s, a, places, n, false);
	free(places);
	schedule_active_over(s, delivery);
	return true;
}

void
schedule_add(struct schedule *s, uint64_t key, struct arena *arena,
    const struct envelope *e)
{
	schedule_active_add(s, key, arena, e);
}

bool
schedule_is_idle(const struct schedule *s)
{
	struct schedule_peer *peer;

	TAILQ_FOREACH (peer, &s->peers, entry)
		if (!TAILQ_EMPTY(&peer->deliveries))
			return false;
	return true;
}

bool
schedule_is_active(const struct schedule *s, uint64_t key)
{
	return active_find(&s->active, key) != NULL;
}

void
schedule_start(struct schedule *s)
{
	schedule_scan_start(s);
}

void
schedule_flush(struct schedule *s, const char *site)
{
	schedule_scan_flush(s, site);
}

void
schedule_stop(struct schedule *s)
{
	s->stopped = true;
}

/* A value of another directory's, or ${preset} where nobody defines it. */
static const char *
other(struct schedule *s, struct conf *conf, const char *name,
    const char *preset, struct err *err)
{
	const char *text = conf_get(conf, name, s->conf_arena, err);

	return text == NULL || text[0] != '\0' ? text : preset;
}

int
schedule_configure(struct schedule *s, struct conf *conf, struct err *err)
{
	struct schedule old = *s;
	struct err words = { 0 };
	const char *long_qids;

	s->conf_arena = arena_new();
	if (param_load(
		&queue_params_table, conf, s->conf_arena, &s->params, err) != 0)
		goto err0;
	s->myhostname = other(s, conf, "myhostname", "localhost", err);
	if (s->myhostname == NULL)
		goto err0;
	s->myorigin = other(s, conf, "myorigin", s->myhostname, err);
	s->mail_name = other(s, conf, "mail_name", "Weir", err);
	long_qids = other(s, conf, "enable_long_queue_ids", "no", err);
	if (s->myorigin == NULL || s->mail_name == NULL || long_qids == NULL)
		goto err0;
	if (!param_bool(long_qids, &s->long_qids)) {
		err_set(err, "enable_long_queue_ids = %s: not yes or no",
		    long_qids);
		goto err0;
	}
	s->conf = conf;
	s->detects_utf8 = (utf8_class_read(conf, s->conf_arena, &words) &
			      UTF8_CLASS_BOUNCE) != 0;
	/* The supervisor has said what is wrong with the file as a whole. */
	(void)bounce_text_load(conf, s->conf_arena, s->words, true, &words);
	schedule_route_reload(s);
	schedule_look_reload(s);
	arena_free(old.conf_arena);
	return 0;
err0:
	arena_free(s->conf_arena);
	*s = old;
	return -1;
}

struct schedule *
schedule_new(struct loop *loop, struct store *store, struct group *group,
    struct conf *conf, struct err *err)
{
	struct schedule *s = calloc(1, sizeof *s);

	if (s == NULL)
		fatal("out of memory");
	s->loop = loop;
	s->store = store;
	s->reader = store_reader_of(store);
	s->group = group;
	TAILQ_INIT(&s->lookers);
	TAILQ_INIT(&s->looks);
	if (schedule_configure(s, conf, err) != 0) {
		free(s);
		return NULL;
	}
	s->routing = (struct destination_limits){
		.concurrency = { .most = ROUTES, .initial = ROUTES },
		.recipients = ROUTE_RECIPIENTS,
		.slots = { .cost = 2, .loan = 1, .minimum = 2 },
	};
	active_init(&s->active);
	destination_init(&s->destinations);
	TAILQ_INIT(&s->peers);
	TAILQ_INIT(&s->endings);
	s->end = schedule_end;
	s->look = schedule_look;
	s->dispatch.run = dispatch;
	s->rested.fire = rested;
	schedule_scan_init(s);
	return s;
}

static void
free_active(struct schedule *s)
{
	for (size_t i = 0; i < s->active.nbuckets; i++)
		for (struct active *a = s->active.buckets[i]; a != NULL;
		     a = a->next)
			schedule_active_withdraw(s, a);
	active_free(&s->active);
}

void
schedule_free(struct schedule *s)
{
	struct schedule_peer *peer;

	if (s == NULL)
		return;
	s->stopped = s->freed = true;
	while ((peer = TAILQ_FIRST(&s->peers)) != NULL)
		schedule_peer_leave(s, peer);
	schedule_look_free(s);
	schedule_end_free(s);
	schedule_scan_end(s);
	loop_undefer(s->loop, &s->dispatch);
	loop_timer_cancel(s->loop, &s->rested);
	free_active(s);
	destination_free(&s->destinations);
	for (size_t i = 0; i < s->transports.count; i++)
		free(s->transports.items[i].value);
	strmap_free(&s->transports);
	strmap_free(&s->passing);
	arena_free(s->conf_arena);
	free(s);
}
