/* group.c - see group.h. */
#include "queue/group.h"

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>

#include "base/crash.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/loop.h"
#include "queue/store.h"

/* Most data in one transaction: memory, and the time that a commit takes. */
enum { MOST_OCTETS = 8 * 1024 * 1024, MOST_OPS = 2048 };

struct group {
	struct loop *loop;
	struct store *store;
	void (*broken)(void *arg, const char *why);
	void *arg;

	/* The loop's: what waits for the writer. */
	struct store_op *first, **last;
	size_t waiting;
	bool busy, failed;
	struct loop_task hand_over;

	/* Under ${lock}: what the writer has. */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t cond;
	struct store_op *work;
	bool stop, finished;

	/* The writer's, until it posts ${written}. */
	struct store_op *done;
	int rc;
	struct err err;
	struct loop_task written;
};

static size_t
octets(const struct store_op *op)
{
	size_t n = 0;

	for (; op != NULL; op = op->with)
		n += op->data.len;
	return n;
}

static void *
write_groups(void *arg)
{
	struct group *g = arg;
	struct store_op *ops;

	must(pthread_mutex_lock(&g->lock) == 0);
	for (;;) {
		while (g->work == NULL && !g->stop)
			must(pthread_cond_wait(&g->cond, &g->lock) == 0);
		if ((ops = g->work) == NULL)
			break;
		g->work = NULL;
		must(pthread_mutex_unlock(&g->lock) == 0);
		g->rc = store_commit(g->store, ops, &g->err);
		must(pthread_mutex_lock(&g->lock) == 0);
		g->done = ops;
		g->finished = true;
		(void)pthread_cond_broadcast(&g->cond);
		must(pthread_mutex_unlock(&g->lock) == 0);
		/* The loop does not wake only to wait for the lock. */
		loop_post(g->loop, &g->written);
		must(pthread_mutex_lock(&g->lock) == 0);
	}
	must(pthread_mutex_unlock(&g->lock) == 0);
	return NULL;
}

/* Give the writer what waits, if it is idle. */
static void
hand_over(struct group *g)
{
	struct store_op *op = g->first, **end = &g->first;
	size_t n = 0, count = 0;

	if (g->busy || g->failed || op == NULL)
		return;
	while (*end != NULL && n < MOST_OCTETS && count < MOST_OPS) {
		n += octets(*end);
		count++;
		end = &(*end)->next;
	}
	g->first = *end;
	*end = NULL;
	if (g->first == NULL)
		g->last = &g->first;
	g->busy = true;
	must(pthread_mutex_lock(&g->lock) == 0);
	g->work = op;
	g->finished = false;
	must(pthread_mutex_unlock(&g->lock) == 0);
	(void)pthread_cond_broadcast(&g->cond);
}

/* A group is on the disk (or not): tell those who wait for it. */
static void
finish(struct group *g)
{
	struct store_op *op, *next;

	must(pthread_mutex_lock(&g->lock) == 0);
	op = g->done;
	g->done = NULL;
	must(pthread_mutex_unlock(&g->lock) == 0);
	if (op == NULL)
		return;
	g->busy = false;
	if (g->rc != 0) {
		/* What the disk has is not known, so nobody is answered. */
		g->failed = true;
		g->broken(g->arg, g->err.text);
		return;
	}
	crash_point("group-before-done");
	/* The next group is on its way while this one is answered. */
	hand_over(g);
	for (; op != NULL; op = next) {
		next = op->next;
		op->next = NULL;
		g->waiting -= octets(op);
		op->done(op);
	}
	crash_point("group-after-done");
}

static void
run_written(struct loop_task *task)
{
	finish(
	    (struct group *)((char *)task - offsetof(struct group, written)));
}

static void
run_hand_over(struct loop_task *task)
{
	hand_over(
	    (struct group *)((char *)task - offsetof(struct group, hand_over)));
}

struct group *
group_new(struct loop *loop, struct store *store,
    void (*broken)(void *arg, const char *why), void *arg)
{
	struct group *g = calloc(1, sizeof *g);
	sigset_t all, old;

	if (g == NULL)
		fatal("out of memory");
	g->loop = loop;
	g->store = store;
	g->broken = broken;
	g->arg = arg;
	g->last = &g->first;
	g->hand_over.run = run_hand_over;
	g->written.run = run_written;
	must(pthread_mutex_init(&g->lock, NULL) == 0);
	must(pthread_cond_init(&g->cond, NULL) == 0);
	/* Signals are for the loop's thread. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &old);
	if (pthread_create(&g->thread, NULL, write_groups, g) != 0)
		fatal("cannot start the writer of the queue");
	(void)pthread_sigmask(SIG_SETMASK, &old, NULL);
	return g;
}

/* Wait until the writer is idle and its results are told. */
static void
settle(struct group *g)
{
	while (g->busy) {
		must(pthread_mutex_lock(&g->lock) == 0);
		while (!g->finished)
			must(pthread_cond_wait(&g->cond, &g->lock) == 0);
		must(pthread_mutex_unlock(&g->lock) == 0);
		finish(g);
		if (g->failed)
			return;
	}
}

void
group_free(struct group *g)
{
	if (g == NULL)
		return;
	do {
		hand_over(g);
		settle(g);
	} while (!g->failed && g->first != NULL);
	must(pthread_mutex_lock(&g->lock) == 0);
	g->stop = true;
	(void)pthread_cond_broadcast(&g->cond);
	must(pthread_mutex_unlock(&g->lock) == 0);
	(void)pthread_join(g->thread, NULL);
	loop_undefer(g->loop, &g->hand_over);
	(void)pthread_mutex_destroy(&g->lock);
	(void)pthread_cond_destroy(&g->cond);
	free(g);
}

void
group_add(struct group *g, struct store_op *op)
{
	op->next = NULL;
	*g->last = op;
	g->last = &op->next;
	g->waiting += octets(op);
	loop_defer(g->loop, &g->hand_over);
}

size_t
group_waiting(const struct group *g)
{
	return g->waiting;
}
