/* schedule_scan.c - see schedule_inner.h: stored messages become active, a few
 * per turn, new ones and deferred ones by turns, so that neither waits for all
 * of the other and a start with a million of them is quick. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "queue/queue_events.h"
#include "queue/schedule_inner.h"
#include "queue/store_reader.h"
#include "rules/address.h"

enum { PER_TURN = 50 };

/* Of those that wait for their filters, so that they are in nobody's way. */
enum { RESCANS = 100 };

/* No deferred message has a time further ahead, unless the clock was wrong. */
#define SLACK (3600 * CLOCK_SECOND)

/* Of sites that are to be flushed one by one; more is all. */
enum { SITES = 100 };

static void
add_site(struct schedule_sites *sites, const char *site)
{
	sites->any = true;
	if (site == NULL || sites->names.count >= SITES)
		sites->all = true;
	else
		(void)strmap_set(&sites->names, site, sites);
}

static void
clear_sites(struct schedule_sites *sites)
{
	strmap_free(&sites->names);
	*sites = (struct schedule_sites){ 0 };
}

/* Has a message something to do with ${site}? */
static bool
is_for_site(const struct envelope *e, const char *site)
{
	if (e->rescan && strcmp(e->filter, site) == 0)
		return true;
	for (size_t i = 0; i < e->nrcpts; i++) {
		const struct envelope_rcpt *r = &e->rcpts[i];
		const char *domain = address_domain(r->address);

		if (r->state == ENVELOPE_TODO &&
		    ((domain != NULL && strcasecmp(domain, site) == 0) ||
			strcasecmp(r->nexthop, site) == 0))
			return true;
	}
	return false;
}

/* Is a message to be taken up by ${scan}? */
static bool
is_for(const struct schedule_scan *scan, const struct envelope *e)
{
	bool wanted = !scan->sites.any || scan->sites.all;

	for (size_t i = 0; i < scan->sites.names.count && !wanted; i++)
		wanted = is_for_site(e, scan->sites.names.items[i].key);
	return wanted && (!scan->flush || e->last_attempt < scan->begun);
}

static void
load(struct schedule *s, const struct schedule_scan *scan, uint64_t key)
{
	struct arena *arena;
	struct envelope e;
	struct err err;
	int there;

	/* What is being changed is taken up when that is done. */
	if (active_find(&s->active, key) != NULL ||
	    schedule_change_under_way(s, key))
		return;
	arena = arena_new();
	there = store_reader_check(s->reader, key, arena, &e, &err);
	if (there < 0)
		schedule_store_aside(s, key, err.text);
	if (there <= 0 || !is_for(scan, &e)) {
		arena_free(arena);
		return;
	}
	schedule_active_begin(s, key, arena, &e, scan->flush);
}

/* Behind what was due: times that the clock can never have meant. */
static bool
skip_to_absurd(struct schedule *s, struct schedule_scan *scan)
{
	int64_t absurd =
	    schedule_clock_now(s) + s->params.maximal_backoff_time + SLACK;

	if (scan->limit >= absurd)
		return false;
	scan->limit = INT64_MAX;
	if (scan->at.when < absurd)
		scan->at = (struct store_place){ scan->at.class, absurd, 0 };
	return true;
}

/* There is room for what ${scan} finds, and there may be more of it. */
static bool
may_go_on(const struct schedule *s, const struct schedule_scan *scan)
{
	return scan->running && schedule_active_has_room(s) &&
	    (scan != &s->held || s->active.rescans < RESCANS);
}

/* Take up some messages of the class; the scan ends at its limit. */
static void
step(struct schedule *s, struct schedule_scan *scan)
{
	enum store_class class = scan->at.class;
	bool timed = class != STORE_INCOMING;
	struct store_place places[PER_TURN];
	struct err err;
	int n =
	    store_reader_places(s->reader, &scan->at, places, PER_TURN, &err);

	if (n < 0) {
		event_warning(
		    &(struct event_by){ .program = "qmgr" }, "%s", err.text);
		scan->running = false;
		return;
	}
	for (int i = 0; i < n; i++) {
		if (places[i].class != class ||
		    (timed && places[i].when > scan->limit)) {
			scan->running = timed && places[i].class == class &&
			    skip_to_absurd(s, scan);
			return;
		}
		if (!may_go_on(s, scan))
			return;
		scan->at = places[i];
		scan->at.key++;
		load(s, scan, places[i].key);
	}
	if (n < PER_TURN)
		scan->running = false;
}

static void
run_scan(struct loop_task *task)
{
	struct schedule *s =
	    (struct schedule *)((char *)task - offsetof(struct schedule, scan));

	if (s->stopped)
		return;
	if (may_go_on(s, &s->incoming))
		step(s, &s->incoming);
	if (may_go_on(s, &s->deferred))
		step(s, &s->deferred);
	if (may_go_on(s, &s->held))
		step(s, &s->held);
	schedule_scan_more(s);
}

/* Look through the deferred messages, or those on hold that have a time. */
static void
begin_one(struct schedule *s, struct schedule_scan *scan, int64_t limit)
{
	static const struct store_place deferred = { STORE_DEFERRED, 0, 0 },
					held = { STORE_HOLD, STORE_DUE, 0 };

	clear_sites(&scan->sites);
	*scan = (struct schedule_scan){ .running = true,
		.at = scan == &s->held ? held : deferred,
		.limit = limit,
		.flush = scan->later.any,
		.begun = schedule_clock_now(s),
		.sites = scan->later };
}

/* A flush that was asked for while another one was under way. */
static void
begin_later(struct schedule *s, struct schedule_scan *scan)
{
	if (!scan->running && scan->later.any)
		begin_one(s, scan, INT64_MAX);
}

void
schedule_scan_more(struct schedule *s)
{
	begin_later(s, &s->deferred);
	begin_later(s, &s->held);
	if ((may_go_on(s, &s->incoming) || may_go_on(s, &s->deferred) ||
		may_go_on(s, &s->held)) &&
	    !s->stopped)
		loop_defer(s->loop, &s->scan);
}

/* A flush takes the place of a queue run, but a flush that is under way comes
 * to its end first. */
static void
flush_one(struct schedule *s, struct schedule_scan *scan, const char *site)
{
	add_site(&scan->later, site);
	if (!scan->flush)
		scan->running = false;
	schedule_scan_more(s);
}

static void
run_one(struct schedule *s, struct schedule_scan *scan)
{
	if (!scan->running || !scan->flush)
		begin_one(s, scan, schedule_clock_now(s));
}

static void
fire(struct loop_timer *timer)
{
	struct schedule *s =
	    (struct schedule *)((char *)timer - offsetof(struct schedule, run));

	store_check_readers(s->store);
	destination_tidy(&s->destinations, clock_mono());
	run_one(s, &s->deferred);
	run_one(s, &s->held);
	schedule_scan_more(s);
	loop_timer_set(
	    s->loop, &s->run, clock_mono() + s->params.queue_run_delay);
}

void
schedule_scan_load(struct schedule *s, uint64_t key, bool flush)
{
	const struct schedule_scan scan = { .flush = flush,
		.begun = INT64_MAX };

	if (!s->stopped)
		load(s, &scan, key);
}

void
schedule_scan_init(struct schedule *s)
{
	s->scan.run = run_scan;
	s->run.fire = fire;
}

void
schedule_scan_incoming(struct schedule *s)
{
	s->incoming.running = true;
	s->incoming.at = (struct store_place){ .class = STORE_INCOMING };
	schedule_scan_more(s);
}

void
schedule_scan_start(struct schedule *s)
{
	schedule_scan_incoming(s);
	fire(&s->run);
}

void
schedule_scan_end(struct schedule *s)
{
	loop_undefer(s->loop, &s->scan);
	loop_timer_cancel(s->loop, &s->run);
	clear_sites(&s->deferred.sites);
	clear_sites(&s->deferred.later);
	clear_sites(&s->held.sites);
	clear_sites(&s->held.later);
}

void
schedule_scan_flush(struct schedule *s, const char *site)
{
	destination_revive(&s->destinations);
	flush_one(s, &s->deferred, site);
	flush_one(s, &s->held, site);
}

void
schedule_scan_held(struct schedule *s, const char *filter)
{
	flush_one(s, &s->held, filter);
}
