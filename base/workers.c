/* workers.c - see workers.h.
 *
 * Idle workers form a stack, so that the one whose memory is still warm works
 * next and those that are not needed get to their end. */
#include "base/workers.h"

#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/fatal.h"

enum {
	STACK = 256 * 1024,
	LINGER_S = 30,    /* an idle worker ends after this */
	SHARED_MS = 100,  /* how often to look at a clock that may jump */
	ROOMY_STACKS = 4, /* sanitizers use more */
};

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STACK_FACTOR = ROOMY_STACKS };
#else
enum { STACK_FACTOR = 1 };
#endif

struct worker {
	struct workers *pool;
	pthread_t thread;
	bool used;            /* a thread is reserved for it, or runs */
	bool starting;        /* somebody is in pthread_create() */
	bool joinable;        /* ${thread} is valid */
	pthread_cond_t given; /* ${work} is set, or the pool stops */
	struct work *work;
	struct worker *below; /* in the stack of idle ones */
};

struct workers {
	pthread_mutex_t lock;
	pthread_cond_t started; /* for workers_free() */
	pthread_attr_t attr;
	bool stopping;
	struct worker *idle;
	struct work *first, **last; /* given and not begun */
	atomic_size_t busy;         /* given and not done */
	size_t used, starting;
	size_t most;
	struct worker all[];
};

struct workers *
workers_new(size_t most, size_t stack)
{
	struct workers *pool =
	    calloc(1, sizeof *pool + most * sizeof pool->all[0]);
	size_t size = (stack > 0 ? stack : STACK) * STACK_FACTOR;

	must(most > 0);
	if (pool == NULL)
		fatal("out of memory");
	if (size < (size_t)PTHREAD_STACK_MIN)
		size = (size_t)PTHREAD_STACK_MIN;
	pool->most = most;
	pool->last = &pool->first;
	if (pthread_mutex_init(&pool->lock, NULL) != 0 ||
	    pthread_cond_init(&pool->started, NULL) != 0 ||
	    pthread_attr_init(&pool->attr) != 0 ||
	    pthread_attr_setstacksize(&pool->attr, size) != 0)
		fatal("cannot make a pool of threads");
	for (size_t i = 0; i < most; i++) {
		pool->all[i].pool = pool;
		if (pthread_cond_init(&pool->all[i].given, NULL) != 0)
			fatal("cannot make a pool of threads");
	}
	return pool;
}

static struct work *
take(struct workers *pool)
{
	struct work *work = pool->first;

	if (work == NULL)
		return NULL;
	pool->first = work->next;
	if (pool->first == NULL)
		pool->last = &pool->first;
	work->next = NULL;
	return work;
}

static void
unlink_idle(struct worker *me)
{
	struct worker **p = &me->pool->idle;

	while (*p != me)
		p = &(*p)->below;
	*p = me->below;
}

/* Wait idle for work; NULL: end.  The lock is held. */
static struct work *
wait_for_work(struct worker *me)
{
	struct workers *pool = me->pool;
	int64_t until = clock_mono() + LINGER_S * CLOCK_SECOND;
	struct work *work;

	me->below = pool->idle;
	pool->idle = me;
	while (me->work == NULL && !pool->stopping && clock_mono() < until) {
		int64_t slice = clock_shared() ? SHARED_MS * CLOCK_MS
					       : until - clock_mono();
		struct timespec ts;

		(void)clock_gettime(CLOCK_MONOTONIC, &ts);
		slice += ts.tv_nsec;
		ts.tv_sec += slice / CLOCK_SECOND;
		ts.tv_nsec = slice % CLOCK_SECOND;
		(void)pthread_cond_clockwait(
		    &me->given, &pool->lock, CLOCK_MONOTONIC, &ts);
	}
	/* Whoever gave the work took us from the stack. */
	if (me->work == NULL)
		unlink_idle(me);
	work = me->work;
	me->work = NULL;
	return work;
}

static void *
run(void *arg)
{
	struct worker *me = arg;
	struct workers *pool = me->pool;
	struct work *work;

	(void)pthread_mutex_lock(&pool->lock);
	for (;;) {
		work = take(pool);
		if (work == NULL && !pool->stopping)
			work = wait_for_work(me);
		if (work == NULL)
			break;
		(void)pthread_mutex_unlock(&pool->lock);
		work->run(work);
		(void)pthread_mutex_lock(&pool->lock);
		pool->busy--;
	}
	me->used = false;
	pool->used--;
	(void)pthread_mutex_unlock(&pool->lock);
	return NULL;
}

/* A place for a new thread, or NULL.  The lock is held. */
static struct worker *
reserve(struct workers *pool)
{
	struct worker *w = pool->all;

	if (pool->stopping || pool->used == pool->most)
		return NULL;
	while (w->used || w->starting)
		if (++w == pool->all + pool->most)
			return NULL;
	w->used = w->starting = true;
	pool->used++;
	pool->starting++;
	return w;
}

/* Start the thread of a reserved place.  The lock is not held. */
static void
start(struct worker *w)
{
	struct workers *pool = w->pool;
	sigset_t all, old;
	pthread_t thread;
	int rc;

	if (w->joinable)
		(void)pthread_join(w->thread, NULL);
	/* Signals are for the thread that runs a loop. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	rc = pthread_create(&thread, &pool->attr, run, w);
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	(void)pthread_mutex_lock(&pool->lock);
	w->starting = false;
	w->joinable = rc == 0;
	if (rc == 0) {
		w->thread = thread;
	} else {
		w->used = false;
		/* Those that run will come to the work that waits. */
		if (--pool->used == 0)
			fatal("cannot start a thread: %s", err_errno(rc));
	}
	if (--pool->starting == 0)
		(void)pthread_cond_broadcast(&pool->started);
	(void)pthread_mutex_unlock(&pool->lock);
}

void
workers_give(struct workers *pool, struct work *work)
{
	struct worker *idle, *fresh = NULL;

	(void)pthread_mutex_lock(&pool->lock);
	pool->busy++;
	work->next = NULL;
	idle = pool->idle;
	if (idle != NULL) {
		pool->idle = idle->below;
		idle->work = work;
	} else {
		*pool->last = work;
		pool->last = &work->next;
		fresh = reserve(pool);
	}
	(void)pthread_mutex_unlock(&pool->lock);
	if (idle != NULL)
		(void)pthread_cond_signal(&idle->given);
	if (fresh != NULL)
		start(fresh);
}

size_t
workers_busy(const struct workers *pool)
{
	return atomic_load_explicit(&pool->busy, memory_order_relaxed);
}

void
workers_free(struct workers *pool)
{
	if (pool == NULL)
		return;
	(void)pthread_mutex_lock(&pool->lock);
	pool->stopping = true;
	for (struct worker *w = pool->idle; w != NULL; w = w->below)
		(void)pthread_cond_signal(&w->given);
	while (pool->starting > 0)
		(void)pthread_cond_wait(&pool->started, &pool->lock);
	(void)pthread_mutex_unlock(&pool->lock);
	for (size_t i = 0; i < pool->most; i++)
		if (pool->all[i].joinable)
			(void)pthread_join(pool->all[i].thread, NULL);
	for (size_t i = 0; i < pool->most; i++)
		(void)pthread_cond_destroy(&pool->all[i].given);
	(void)pthread_attr_destroy(&pool->attr);
	(void)pthread_cond_destroy(&pool->started);
	(void)pthread_mutex_destroy(&pool->lock);
	free(pool);
}
