/* chores.c - see chores.h. */
#include "base/chores.h"

#include <pthread.h>
#include <signal.h>
#include <stddef.h>
#include <time.h>

#include "base/clock.h"
#include "base/fatal.h"

/* Shared state: all of it under the lock. */
static struct {
	pthread_mutex_t lock;
	pthread_cond_t change; /* for the thread */
	pthread_cond_t done;   /* a run has ended */
	pthread_t thread;
	struct chore *list, *running;
	bool started, ending;
} chores = {
	.lock = PTHREAD_MUTEX_INITIALIZER,
	.done = PTHREAD_COND_INITIALIZER,
};

/* Chores take the time that they take: an injected clock does not count. */
static int64_t
now(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * CLOCK_SECOND + t.tv_nsec;
}

static struct chore *
first_due(void)
{
	struct chore *first = chores.list;

	for (struct chore *c = first; c != NULL; c = c->next)
		if (c->due < first->due)
			first = c;
	return first;
}

static void
unlist(struct chore *chore)
{
	struct chore **link = &chores.list;

	while (*link != NULL && *link != chore)
		link = &(*link)->next;
	if (*link != NULL)
		*link = chore->next;
	chore->listed = false;
}

/* With the lock, but not while it runs. */
static void
run_one(struct chore *chore)
{
	int64_t pause;

	chores.running = chore;
	chore->due = INT64_MAX; /* until somebody adds it again */
	(void)pthread_mutex_unlock(&chores.lock);
	pause = chore->run(chore);
	(void)pthread_mutex_lock(&chores.lock);
	chores.running = NULL;
	if (chore->due == INT64_MAX && pause < 0)
		unlist(chore);
	else if (chore->due == INT64_MAX)
		chore->due = now() + pause;
	(void)pthread_cond_broadcast(&chores.done);
}

static void *
work(void *arg)
{
	struct chore *chore;
	struct timespec until;

	(void)arg;
	(void)pthread_mutex_lock(&chores.lock);
	while (!chores.ending) {
		chore = first_due();
		if (chore != NULL && chore->due <= now()) {
			run_one(chore);
		} else if (chore == NULL) {
			(void)pthread_cond_wait(&chores.change, &chores.lock);
		} else {
			until = (struct timespec){ chore->due / CLOCK_SECOND,
				chore->due % CLOCK_SECOND };
			(void)pthread_cond_timedwait(
			    &chores.change, &chores.lock, &until);
		}
	}
	(void)pthread_mutex_unlock(&chores.lock);
	return NULL;
}

void
chores_start(void)
{
	pthread_condattr_t attr;
	sigset_t all, before;

	must(!chores.started);
	(void)pthread_condattr_init(&attr);
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	(void)pthread_cond_init(&chores.change, &attr);
	(void)pthread_condattr_destroy(&attr);
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	(void)pthread_mutex_lock(&chores.lock);
	chores.ending = false;
	chores.started = true;
	if (pthread_create(&chores.thread, NULL, work, NULL) != 0)
		fatal("cannot start a thread");
	(void)pthread_mutex_unlock(&chores.lock);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
}

void
chores_stop(void)
{
	bool started;

	(void)pthread_mutex_lock(&chores.lock);
	started = chores.started;
	chores.ending = true;
	if (started)
		(void)pthread_cond_signal(&chores.change);
	(void)pthread_mutex_unlock(&chores.lock);
	if (!started)
		return;
	(void)pthread_join(chores.thread, NULL);
	(void)pthread_mutex_lock(&chores.lock);
	chores.started = false;
	(void)pthread_mutex_unlock(&chores.lock);
	(void)pthread_cond_destroy(&chores.change);
}

void
chores_add(struct chore *chore)
{
	(void)pthread_mutex_lock(&chores.lock);
	chore->due = 0;
	if (!chore->listed) {
		chore->listed = true;
		chore->next = chores.list;
		chores.list = chore;
	}
	if (chores.started)
		(void)pthread_cond_signal(&chores.change);
	(void)pthread_mutex_unlock(&chores.lock);
}

void
chores_remove(struct chore *chore)
{
	(void)pthread_mutex_lock(&chores.lock);
	while (chores.running == chore)
		(void)pthread_cond_wait(&chores.done, &chores.lock);
	if (chore->listed)
		unlist(chore);
	(void)pthread_mutex_unlock(&chores.lock);
}
