/* policy_leftover.c - see policy_leftover.h. */
#include "policy/policy_leftover.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "policy/policy_events.h"

/* A client may take its time between RCPT and DATA, but not without end; and
 * nobody can have us keep more than this. */
enum { SECONDS = 600, MOST = 1000 };

static const struct event_by by = { .program = "policy" };

struct leftover {
	struct leftover *next;
	int64_t since;
	const char *instance, *action; /* behind it */
};

/* The oldest first. */
struct policy_leftovers {
	pthread_mutex_t lock;
	struct leftover *first, **last;
	_Atomic size_t count;
};

struct policy_leftovers *
policy_leftover_new(void)
{
	struct policy_leftovers *all = calloc(1, sizeof *all);

	if (all == NULL)
		fatal("out of memory");
	(void)pthread_mutex_init(&all->lock, NULL);
	all->last = &all->first;
	return all;
}

/* Remove the one at ${place}. */
static void
drop(struct policy_leftovers *all, struct leftover **place)
{
	struct leftover *l = *place;

	*place = l->next;
	if (all->last == &l->next)
		all->last = place;
	all->count--;
	free(l);
}

static void
forget_first(struct policy_leftovers *all)
{
	event(&policy_events_forgotten, &by, "action", all->first->action,
	    "instance", all->first->instance, NULL);
	drop(all, &all->first);
}

void
policy_leftover_free(struct policy_leftovers *all)
{
	if (all == NULL)
		return;
	while (all->first != NULL)
		forget_first(all);
	(void)pthread_mutex_destroy(&all->lock);
	free(all);
}

static void
forget_old(struct policy_leftovers *all, int64_t now)
{
	while (all->first != NULL &&
	    now - all->first->since > SECONDS * CLOCK_SECOND)
		forget_first(all);
}

static struct leftover *
leftover_new(const char *instance, const char *action)
{
	size_t n = strlen(instance) + 1, m = strlen(action) + 1;
	struct leftover *l = malloc(sizeof *l + n + m);
	char *text = (char *)(l + 1);

	if (l == NULL)
		fatal("out of memory");
	*l = (struct leftover){ .since = clock_mono(),
		.instance = memcpy(text, instance, n),
		.action = memcpy(text + n, action, m) };
	return l;
}

bool
policy_leftover_put(
    struct policy_leftovers *all, const char *instance, const char *action)
{
	struct leftover *l;
	bool kept = false;

	if (instance == NULL)
		return false;
	(void)pthread_mutex_lock(&all->lock);
	forget_old(all, clock_mono());
	for (l = all->first; l != NULL && !kept; l = l->next)
		kept = strcmp(l->instance, instance) == 0 &&
		    strcmp(l->action, action) == 0;
	if (!kept && all->count < MOST) {
		kept = true;
		*all->last = leftover_new(instance, action);
		all->last = &(*all->last)->next;
		all->count++;
	}
	(void)pthread_mutex_unlock(&all->lock);
	return kept;
}

const char *
policy_leftover_take(struct policy_leftovers *all, struct arena *arena,
    const char *instance, bool headers)
{
	const char *action = NULL;

	/* Most of the time there is nothing. */
	if (instance == NULL || all->count == 0)
		return NULL;
	(void)pthread_mutex_lock(&all->lock);
	forget_old(all, clock_mono());
	for (struct leftover **l = &all->first; *l != NULL; l = &(*l)->next) {
		if (strcmp((*l)->instance, instance) != 0 ||
		    (!headers && strncmp((*l)->action, "PREPEND ", 8) == 0))
			continue;
		action = arena_strdup(arena, (*l)->action);
		drop(all, l);
		break;
	}
	(void)pthread_mutex_unlock(&all->lock);
	return action;
}
