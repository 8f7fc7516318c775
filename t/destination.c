/* The circle of destinations, alone and with a clock of its own: whatever
 * waits gets its turn, and no rate delay is cut short.
 * Seeds Q-27; hostile 124. */
#include "queue/destination.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "t/tap.h"

enum { SITES = 12, WAYS = 3, MAIL = 600 };

static const char *const ways[WAYS] = { "plain", "slow", "trickle" };

static struct destination_limits
limits_of(unsigned most, int64_t rate, int64_t transport_rate)
{
	return (struct destination_limits){ .concurrency = { .most = most,
						.initial = most,
						.failed_cohorts = 1,
						.success = { 1 },
						.failure = { 1 } },
		.recipients = 50,
		.slots = { .cost = 5, .discount = 50, .loan = 3, .minimum = 3 },
		.rate_delay = rate,
		.transport_rate_delay = transport_rate };
}

static unsigned
some(unsigned n)
{
	static uint64_t state = 1;

	state = state * UINT64_C(6364136223846793005) +
	    UINT64_C(1442695040888963407);
	return (unsigned)(state >> 33) % n;
}

struct run {
	struct destination_table table;
	struct delivery mail[MAIL];
	struct destination_jobs jobs[MAIL / 4];
	struct delivery *busy[MAIL];
	size_t nbusy, done;
	int64_t now;
	int64_t ended[WAYS][SITES], way_ended[WAYS];
	size_t at[WAYS][SITES], way_at[WAYS];
	bool good;
};

static void
place_of(const struct delivery *d, size_t *way, size_t *site)
{
	const char *transport = destination_transport(d->destination);

	*way = 0;
	for (size_t i = 0; i < WAYS; i++)
		if (strcmp(ways[i], transport) == 0)
			*way = i;
	*site = (size_t)strtoul(destination_name(d->destination), NULL, 10);
}

/* All that may go now goes; is it allowed to? */
static void
begin(struct run *r)
{
	struct delivery *d;
	size_t way, site;

	while ((d = destination_next(&r->table, r->now)) != NULL) {
		const struct destination_limits *l = d->destination->limits;

		place_of(d, &way, &site);
		r->at[way][site]++;
		r->way_at[way]++;
		r->good &= r->at[way][site] <= l->concurrency.most;
		if (l->rate_delay > 0)
			r->good &=
			    r->now >= r->ended[way][site] + l->rate_delay;
		if (l->transport_rate_delay > 0)
			r->good &= r->way_at[way] == 1 &&
			    r->now >=
				r->way_ended[way] + l->transport_rate_delay;
		r->busy[r->nbusy++] = d;
	}
}

static void
end_one(struct run *r)
{
	size_t i = some((unsigned)r->nbusy), way, site;
	struct delivery *d = r->busy[i];

	r->busy[i] = r->busy[--r->nbusy];
	place_of(d, &way, &site);
	r->at[way][site]--;
	r->way_at[way]--;
	r->ended[way][site] = r->way_ended[way] = r->now;
	(void)destination_done(
	    &r->table, d->destination, DESTINATION_REACHED, r->now);
	r->done++;
}

static void
test_delays(void)
{
	static struct run r;
	const struct destination_limits limits[WAYS] = { limits_of(4, 0, 0),
		limits_of(1, 7, 0), limits_of(4, 0, 3) };
	size_t rounds = 0;

	destination_init(&r.table);
	r.good = true;
	for (size_t w = 0; w < WAYS; w++) {
		r.way_ended[w] = -1000;
		for (size_t i = 0; i < SITES; i++)
			r.ended[w][i] = -1000;
	}
	for (size_t i = 0; i < MAIL; i++) {
		size_t way = some(WAYS);
		char site[24];

		(void)snprintf(site, sizeof site, "%u", some(SITES));
		r.mail[i].jobs = &r.jobs[some(MAIL / 4)];
		destination_add(&r.table,
		    destination_get(&r.table, ways[way], site, &limits[way]),
		    &r.mail[i], false);
	}
	while (r.done < MAIL && rounds++ < 100000) {
		int64_t next = destination_wake(&r.table, r.now);

		begin(&r);
		r.good &= next == 0 || next > r.now;
		if (r.nbusy > 0)
			end_one(&r);
		else if (next != 0)
			r.now = next;
		else
			break;
		r.now += some(3);
	}
	ok(r.done == MAIL, "everything gets its turn: %zu", r.done);
	ok(r.good, "no delay is cut short, no limit exceeded");
	(void)destination_wake(&r.table, INT64_MAX);
	destination_tidy(&r.table, r.now);
	ok(r.table.count == 0, "what has no work is forgotten");
	destination_free(&r.table);
}

enum { LIST = 2000, OTHERS = 3 };

/* A list, and what comes after it.  The list goes to ${sites} destinations, the
 * others to the first of them, or (away) to one of their own.  Returns how much
 * of the list goes before the last of the others. */
static size_t
list_before_others(unsigned cost, unsigned sites, bool away)
{
	static struct delivery list[LIST], others[OTHERS];
	struct destination_jobs of_list = { .since = 1 },
				of_others[OTHERS] = { 0 };
	struct destination_limits limits = limits_of(1, 0, 0);
	struct destination_table table;
	size_t before = 0, left = OTHERS;
	struct delivery *d;
	char site[24];

	limits.slots.cost = cost;
	destination_init(&table);
	for (size_t i = 0; i < LIST; i++) {
		list[i] = (struct delivery){ .jobs = &of_list };
		(void)snprintf(site, sizeof site, "%zu", i % sites);
		destination_add(&table,
		    destination_get(&table, "smtp", site, &limits), &list[i],
		    false);
	}
	for (size_t i = 0; i < OTHERS; i++) {
		of_others[i].since = 2 + (int64_t)i;
		others[i] = (struct delivery){ .jobs = &of_others[i] };
		destination_add(&table,
		    destination_get(
			&table, "smtp", away ? "away" : "0", &limits),
		    &others[i], false);
	}
	while ((d = destination_next(&table, 1000)) != NULL) {
		if (d >= others && d < others + OTHERS)
			left--;
		else
			before += left > 0;
		(void)destination_done(
		    &table, d->destination, DESTINATION_UNTRIED, 1000);
	}
	ok(TAILQ_EMPTY(&table.turns) && LIST_EMPTY(&of_list.list),
	    "nothing is left");
	destination_free(&table);
	return before;
}

static void
test_preemption(void)
{
	size_t n = list_before_others(5, 1, false);

	ok(n <= 15, "one destination: others do not wait for the list: %zu", n);
	n = list_before_others(5, 1000, false);
	ok(n <= 15, "a thousand destinations: %zu", n);
	n = list_before_others(5, 1000, true);
	ok(n <= 15, "and one that is not the list's: %zu", n);
	n = list_before_others(0, 1, false);
	ok(n == LIST, "cost 0: they do: %zu", n);
}

/* The order in which Postfix 3.7.11 delivers messages to one destination, which
 * takes one delivery at a time: a list of 50 deliveries, two messages of one, one
 * of 4 and one of 10, which the list can never pay for. */
static void
test_postfix(void)
{
	static const struct {
		char name;
		size_t deliveries;
	} mail[] = { { 'L', 50 }, { '1', 1 }, { '2', 1 }, { 'M', 4 },
		{ 'B', 10 } };
	static struct delivery deliveries[5][50];
	struct destination_jobs jobs[5] = { 0 };
	struct destination_limits limits = limits_of(1, 0, 0);
	struct destination_table table;
	struct delivery *d;
	char order[80] = "";
	size_t n = 0;

	destination_init(&table);
	for (size_t i = 0; i < 5; i++) {
		jobs[i].since = (int64_t)i;
		for (size_t j = 0; j < mail[i].deliveries; j++) {
			deliveries[i][j].jobs = &jobs[i];
			destination_add(&table,
			    destination_get(&table, "one", "d", &limits),
			    &deliveries[i][j], false);
		}
	}
	while ((d = destination_next(&table, (int64_t)n * 400 * CLOCK_MS)) !=
	    NULL) {
		order[n++] = mail[d->jobs - jobs].name;
		(void)destination_done(&table, d->destination,
		    DESTINATION_REACHED, (int64_t)n * 400 * CLOCK_MS);
	}
	is(order,
	    "L1LLLLL2LLLLLMMMMLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLLL"
	    "BBBBBBBBBB",
	    "the order that Postfix has");
	destination_free(&table);
}

int
main(void)
{
	test_delays();
	test_preemption();
	test_postfix();
	return done_testing();
}
