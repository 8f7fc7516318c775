/* The circle of destinations, alone and with a clock of its own: whatever
 * waits gets its turn, and no rate delay is cut short.
 * Seeds Q-27; hostile 124. */
#include "queue/destination.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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

	while ((d = destination_next(&r->table)) != NULL) {
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

/* A destination with much mail, and one with little, which comes later. */
static void
test_turns(void)
{
	static struct delivery many[1000], one, third;
	const struct destination_limits limits = limits_of(0, 0, 0);
	struct destination_limits wide = limits;
	struct destination_table table;
	struct destination *much, *little, *other;
	size_t before = 0;
	struct delivery *d;

	wide.concurrency.initial = 1000;
	destination_init(&table);
	much = destination_get(&table, "smtp", "much", &wide);
	for (size_t i = 0; i < 1000; i++)
		destination_add(&table, much, &many[i], false);
	little = destination_get(&table, "smtp", "little", &wide);
	destination_add(&table, little, &one, false);
	other = destination_get(&table, "lmtp", "other", &wide);
	destination_add(&table, other, &third, false);
	while ((d = destination_next(&table)) != &one && d != NULL)
		before++;
	ok(d == &one && before <= 3,
	    "a thousand for one do not hold up one "
	    "for another: %zu",
	    before);
	while (destination_next(&table) != NULL)
		;
	for (size_t i = 0; i < 1000; i++)
		(void)destination_done(&table, much, DESTINATION_UNTRIED, 0);
	(void)destination_done(&table, little, DESTINATION_UNTRIED, 0);
	(void)destination_done(&table, other, DESTINATION_UNTRIED, 0);
	destination_free(&table);
}

int
main(void)
{
	test_delays();
	test_turns();
	return done_testing();
}
