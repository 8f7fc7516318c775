/* destination.c - see destination.h. */
#include "queue/destination.h"

#include <stdlib.h>
#include <string.h>

#include "base/fatal.h"
#include "queue/seal.h"

enum { BUCKETS = 1024 };

void
destination_init(struct destination_table *table)
{
	*table = (struct destination_table){ .nbuckets = BUCKETS };
	TAILQ_INIT(&table->turns);
	TAILQ_INIT(&table->resting);
	table->buckets = calloc(BUCKETS, sizeof(void *));
	if (table->buckets == NULL)
		fatal("out of memory");
}

static void
release(struct destination *d)
{
	must(d->busy == 0 && d->ntodo == 0);
	free(d->key);
	free(d->dsn);
	free(d->reason);
	free(d);
}

void
destination_free(struct destination_table *table)
{
	for (size_t i = 0; i < table->nbuckets; i++)
		for (struct destination *d = table->buckets[i], *next;
		     d != NULL; d = next) {
			next = d->next;
			release(d);
		}
	free(table->buckets);
	for (size_t i = 0; i < table->transports.count; i++)
		free(table->transports.items[i].value);
	strmap_free(&table->transports);
	*table = (struct destination_table){ 0 };
}

const char *
destination_transport(const struct destination *d)
{
	return d->key;
}

const char *
destination_name(const struct destination *d)
{
	return d->key + strlen(d->key) + 1;
}

static char *
copy(const char *s)
{
	char *p = strdup(s);

	if (p == NULL)
		fatal("out of memory");
	return p;
}

/* Keep the chains short. */
static void
widen(struct destination_table *table)
{
	size_t n = table->nbuckets * 4;
	struct destination **buckets = calloc(n, sizeof(void *));

	if (buckets == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < table->nbuckets; i++)
		for (struct destination *d = table->buckets[i], *next;
		     d != NULL; d = next) {
			next = d->next;
			d->next = buckets[d->hash % n];
			buckets[d->hash % n] = d;
		}
	free(table->buckets);
	table->buckets = buckets;
	table->nbuckets = n;
}

static struct destination_transport *
get_transport(struct destination_table *table, const char *name,
    const struct destination_limits *limits)
{
	struct destination_transport *t = strmap_find(&table->transports, name);

	if (t != NULL)
		return t;
	t = calloc(1, sizeof *t);
	if (t == NULL)
		fatal("out of memory");
	t->limits = limits;
	t->rest.transport = t;
	TAILQ_INIT(&t->ready);
	preempt_init(&t->preempt);
	(void)strmap_set(&table->transports, name, t);
	return t;
}

static struct destination *
make(const char *transport, const char *name,
    const struct destination_limits *limits)
{
	size_t nt = strlen(transport) + 1, nn = strlen(name) + 1;
	struct destination *d = calloc(1, sizeof *d);

	if (d == NULL || (d->key = malloc(nt + nn)) == NULL)
		fatal("out of memory");
	memcpy(d->key, transport, nt);
	memcpy(d->key + nt, name, nn);
	d->limits = limits;
	d->rest.destination = d;
	concurrency_init(&d->concurrency, &limits->concurrency);
	TAILQ_INIT(&d->todo);
	return d;
}

struct destination *
destination_get(struct destination_table *table, const char *transport,
    const char *name, const struct destination_limits *limits)
{
	uint64_t hash =
	    seal(seal(0, transport, strlen(transport)), name, strlen(name));
	struct destination *d = table->buckets[hash % table->nbuckets];

	for (; d != NULL; d = d->next)
		if (d->hash == hash &&
		    strcmp(destination_transport(d), transport) == 0 &&
		    strcmp(destination_name(d), name) == 0)
			return d;
	if (table->count >= table->nbuckets)
		widen(table);
	d = make(transport, name, limits);
	d->hash = hash;
	d->transport = get_transport(table, transport, limits);
	d->next = table->buckets[hash % table->nbuckets];
	table->buckets[hash % table->nbuckets] = d;
	table->count++;
	return d;
}

/* Transports that may send stand in the circle, the others do not. */
static void
settle_transport(
    struct destination_table *table, struct destination_transport *t)
{
	bool paced = t->limits->transport_rate_delay > 0;
	bool may = !TAILQ_EMPTY(&t->ready) && t->rest.until == 0 &&
	    (!paced || t->busy == 0);

	if (may == t->in_turn)
		return;
	if (may)
		TAILQ_INSERT_TAIL(&table->turns, t, turn);
	else
		TAILQ_REMOVE(&table->turns, t, turn);
	t->in_turn = may;
}

/* A job has got its first destination that may send: it stands where its turn
 * is.  Most are new, or the oldest. */
static void
stand(struct destination_transport *t, struct destination_job *job)
{
	struct destination_job *first = TAILQ_FIRST(&t->ready), *other;

	if (first == NULL || preempt_is_before(&job->turn, &first->turn)) {
		TAILQ_INSERT_HEAD(&t->ready, job, next);
		return;
	}
	other = TAILQ_LAST(&t->ready, destination_ready);
	while (preempt_is_before(&job->turn, &other->turn))
		other = TAILQ_PREV(other, destination_ready, next);
	TAILQ_INSERT_AFTER(&t->ready, other, job, next);
}

static void
stand_aside(struct destination_transport *t, struct destination *d)
{
	if (d->job == NULL)
		return;
	TAILQ_REMOVE(&d->job->ready, d, turn);
	if (TAILQ_EMPTY(&d->job->ready))
		TAILQ_REMOVE(&t->ready, d->job, next);
	d->job = NULL;
}

static bool
may_send(const struct destination *d)
{
	size_t most = d->limits->rate_delay > 0 ? 1 : d->concurrency.window;

	return d->busy < most && d->rest.until == 0;
}

/* A destination that may send stands with the message that is its next one. */
static void
settle(struct destination_table *table, struct destination *d)
{
	struct destination_transport *t = d->transport;
	struct delivery *first = TAILQ_FIRST(&d->todo);
	struct destination_job *job =
	    first != NULL && may_send(d) ? first->job : NULL;

	if (job != d->job) {
		stand_aside(t, d);
		if (job != NULL) {
			if (TAILQ_EMPTY(&job->ready))
				stand(t, job);
			TAILQ_INSERT_TAIL(&job->ready, d, turn);
			d->job = job;
		}
	}
	settle_transport(table, t);
}

/* ${delivery} waits, as part of its message's job. */
static void
join(struct destination_transport *t, struct delivery *delivery)
{
	struct destination_job *job;

	LIST_FOREACH (job, &delivery->jobs->list, mine)
		if (job->transport == t)
			break;
	if (job == NULL) {
		job = calloc(1, sizeof *job);
		if (job == NULL)
			fatal("out of memory");
		job->transport = t;
		TAILQ_INIT(&job->waiting);
		TAILQ_INIT(&job->ready);
		LIST_INSERT_HEAD(&delivery->jobs->list, job, mine);
	}
	preempt_join(&t->preempt, &job->turn, delivery->jobs->since);
	TAILQ_INSERT_TAIL(&job->waiting, delivery, waiting);
	delivery->job = job;
}

/* It does not wait any more; ${taken}: it is under way.  Its destination has been
 * settled without it. */
static void
leave(struct delivery *delivery, bool taken)
{
	struct destination_job *job = delivery->job;
	struct destination_transport *t = job->transport;

	TAILQ_REMOVE(&job->waiting, delivery, waiting);
	delivery->job = NULL;
	preempt_leave(&t->preempt, &job->turn, &t->limits->slots, taken);
	if (!TAILQ_EMPTY(&job->waiting))
		return;
	must(TAILQ_EMPTY(&job->ready));
	LIST_REMOVE(job, mine);
	free(job);
}

/* Begin to rest; whoever does already does no longer. */
static void
rest(struct destination_table *table, struct destination_rest *r, int64_t until)
{
	struct destination_rest *before;

	if (r->until != 0)
		return;
	r->until = until;
	/* Most have the same delay. */
	before = TAILQ_LAST(&table->resting, destination_rests);
	while (before != NULL && before->until > until)
		before = TAILQ_PREV(before, destination_rests, entry);
	if (before != NULL)
		TAILQ_INSERT_AFTER(&table->resting, before, r, entry);
	else
		TAILQ_INSERT_HEAD(&table->resting, r, entry);
}

int64_t
destination_wake(struct destination_table *table, int64_t now)
{
	struct destination_rest *r;

	while ((r = TAILQ_FIRST(&table->resting)) != NULL && r->until <= now) {
		TAILQ_REMOVE(&table->resting, r, entry);
		r->until = 0;
		if (r->destination != NULL)
			settle(table, r->destination);
		else
			settle_transport(table, r->transport);
	}
	return r != NULL ? r->until : 0;
}

void
destination_add(struct destination_table *table, struct destination *d,
    struct delivery *delivery, bool first)
{
	delivery->destination = d;
	if (first)
		TAILQ_INSERT_HEAD(&d->todo, delivery, entry);
	else
		TAILQ_INSERT_TAIL(&d->todo, delivery, entry);
	d->ntodo++;
	join(d->transport, delivery);
	settle(table, d);
}

void
destination_remove(struct destination_table *table, struct delivery *delivery)
{
	struct destination *d = delivery->destination;

	TAILQ_REMOVE(&d->todo, delivery, entry);
	d->ntodo--;
	settle(table, d);
	leave(delivery, false);
}

struct delivery *
destination_take(struct destination_table *table, struct destination *d)
{
	struct delivery *delivery = TAILQ_FIRST(&d->todo);

	if (delivery != NULL)
		destination_remove(table, delivery);
	return delivery;
}

static bool
may_go(const struct preempt_turn *turn)
{
	const struct destination_job *job =
	    (const struct destination_job *)turn;
	const struct delivery *delivery;

	TAILQ_FOREACH (delivery, &job->waiting, waiting)
		if (may_send(delivery->destination))
			return true;
	return false;
}

/* ${job} goes before all others, in each of its destinations. */
static void
put_first(struct destination_table *table, struct destination_job *job)
{
	struct destination_transport *t = job->transport;
	struct delivery *delivery;

	if (!TAILQ_EMPTY(&job->ready)) {
		TAILQ_REMOVE(&t->ready, job, next);
		stand(t, job);
	}
	TAILQ_FOREACH_REVERSE(
	    delivery, &job->waiting, destination_waiting, waiting)
	{
		struct destination *d = delivery->destination;

		TAILQ_REMOVE(&d->todo, delivery, entry);
		TAILQ_INSERT_HEAD(&d->todo, delivery, entry);
		settle(table, d);
	}
}

/* The message whose turn it is. */
static struct destination_job *
choose(struct destination_table *table, struct destination_transport *t,
    int64_t now)
{
	struct destination_job *job = TAILQ_FIRST(&t->ready);
	struct preempt_turn *turn = preempt_find(
	    &t->preempt, &job->turn, &t->limits->slots, now, may_go);

	if (turn == NULL)
		return job;
	job = (struct destination_job *)turn;
	put_first(table, job);
	return job;
}

struct delivery *
destination_next(struct destination_table *table, int64_t now)
{
	struct destination_transport *t = TAILQ_FIRST(&table->turns);
	struct destination_job *job;
	struct destination *d;
	struct delivery *delivery;

	if (t == NULL)
		return NULL;
	job = choose(table, t, now);
	d = TAILQ_FIRST(&job->ready);
	delivery = TAILQ_FIRST(&d->todo);
	TAILQ_REMOVE(&d->todo, delivery, entry);
	d->ntodo--;
	d->busy++;
	t->busy++;
	/* Behind the others, if they may send more. */
	stand_aside(t, d);
	TAILQ_REMOVE(&table->turns, t, turn);
	t->in_turn = false;
	settle(table, d);
	leave(delivery, true);
	return delivery;
}

static void
revive(struct destination *d)
{
	d->dead_until = 0;
	concurrency_revived(&d->concurrency, &d->limits->concurrency, d->busy);
}

/* One got through: a dead destination is not dead after all. */
static void
succeeded(struct destination *d)
{
	if (d->dead_until != 0)
		revive(d);
	else
		concurrency_succeeded(
		    &d->concurrency, &d->limits->concurrency, d->busy);
}

bool
destination_done(struct destination_table *table, struct destination *d,
    enum destination_outcome outcome, int64_t now)
{
	struct destination_transport *t = d->transport;
	bool bury = false;

	must(d->busy > 0);
	if (outcome == DESTINATION_REACHED)
		succeeded(d);
	else if (outcome == DESTINATION_FAILED && d->dead_until == 0)
		bury = concurrency_failed(
		    &d->concurrency, &d->limits->concurrency);
	d->busy--;
	t->busy--;
	if (d->limits->rate_delay > 0 && outcome != DESTINATION_LEFT)
		rest(table, &d->rest, now + d->limits->rate_delay);
	if (t->limits->transport_rate_delay > 0 && outcome != DESTINATION_LEFT)
		rest(table, &t->rest, now + t->limits->transport_rate_delay);
	settle(table, d);
	return bury;
}

void
destination_bury(
    struct destination *d, int64_t until, const char *dsn, const char *reason)
{
	free(d->dsn);
	free(d->reason);
	d->dsn = copy(dsn);
	d->reason = copy(reason);
	d->dead_until = until;
}

bool
destination_dead(struct destination *d, int64_t now)
{
	if (d->dead_until != 0 && d->dead_until <= now)
		revive(d);
	return d->dead_until != 0;
}

void
destination_recover(struct destination_table *table, struct destination *d)
{
	revive(d);
	settle(table, d);
}

void
destination_revive(struct destination_table *table)
{
	for (size_t i = 0; i < table->nbuckets; i++)
		for (struct destination *d = table->buckets[i]; d != NULL;
		     d = d->next)
			if (d->dead_until != 0)
				revive(d);
}

void
destination_tidy(struct destination_table *table, int64_t now)
{
	for (size_t i = 0; i < table->nbuckets; i++) {
		struct destination **p = &table->buckets[i], *d;

		while ((d = *p) != NULL) {
			if (d->ntodo > 0 || d->busy > 0 || d->rest.until != 0 ||
			    destination_dead(d, now)) {
				p = &d->next;
				continue;
			}
			*p = d->next;
			table->count--;
			release(d);
		}
	}
}
