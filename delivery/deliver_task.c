/* deliver_task.c - see deliver_task.h. */
#include "delivery/deliver_task.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fatal.h"
#include "base/frame.h"
#include "base/workers.h"
#include "delivery/agent.h"
#include "delivery/deliver_job.h"
#include "delivery/delivery.h"
#include "delivery/transport.h"
#include "delivery/transports.h"
#include "queue/transcript_notice.h"

/* Jobs of one transport; the last lane is for all that has none. */
struct lane {
	struct transport *transport;
	size_t running, limit;
	struct task *first, **end; /* waiting */
};

struct task {
	struct work work;
	struct task *next;
	struct deliver_tasks *all;
	struct lane *lane;
	struct arena *arena;
	struct job job;
	bool route;
	unsigned queue; /* which connection it came over */
};

struct deliver_tasks {
	const struct delivery_env *env;
	struct workers *workers;
	void (*ready)(void *arg);
	void *arg;
	struct lane *lanes;
	size_t nlanes;

	/* Guards what follows and the lanes. */
	pthread_mutex_t lock;
	struct buf done; /* frames for the queue */
	struct transcript_notice *notices, **last_notice;
	bool told;      /* ready() was called since the last take */
	size_t running; /* in all lanes */
	bool held;      /* nothing is begun */
	unsigned queue;
};

static void *
allocate(size_t n, size_t size)
{
	void *p = calloc(n, size);

	if (p == NULL)
		fatal("out of memory");
	return p;
}

struct deliver_tasks *
deliver_task_open(const struct delivery_env *env,
    const struct transports *transports, size_t most, void (*ready)(void *arg),
    void *arg)
{
	struct deliver_tasks *all = allocate(1, sizeof *all);

	all->env = env;
	all->ready = ready;
	all->arg = arg;
	all->workers = workers_new(most, 0);
	all->last_notice = &all->notices;
	all->nlanes = transports->count + 1;
	all->lanes = allocate(all->nlanes, sizeof all->lanes[0]);
	(void)pthread_mutex_init(&all->lock, NULL);
	for (size_t i = 0; i < all->nlanes; i++) {
		struct lane *lane = &all->lanes[i];

		lane->end = &lane->first;
		lane->limit = SIZE_MAX;
		if (i == transports->count)
			break;
		lane->transport = transports->list[i];
		lane->limit = lane->transport->limit;
	}
	return all;
}

static struct lane *
find_lane(struct deliver_tasks *all, const struct job *job, bool route)
{
	size_t last = all->nlanes - 1, i = 0;

	if (route)
		return &all->lanes[last];
	while (i < last &&
	    strcmp(all->lanes[i].transport->name, job->transport) != 0)
		i++;
	return &all->lanes[i];
}

/* Take the first that waits in ${lane}, if it may run.  Locked. */
static struct task *
start_next(struct lane *lane)
{
	struct task *t = lane->first;

	if (t == NULL || t->all->held || lane->running >= lane->limit)
		return NULL;
	lane->first = t->next;
	if (lane->first == NULL)
		lane->end = &lane->first;
	lane->running++;
	t->all->running++;
	return t;
}

static void
add_notices(struct deliver_tasks *all, struct transcript_notice *notices)
{
	*all->last_notice = notices;
	while (*all->last_notice != NULL)
		all->last_notice = &(*all->last_notice)->next;
}

/* The answer of ${t} to the queue, if that is still there.  Locked. */
static bool
answer(struct task *t, const struct buf *frame)
{
	struct deliver_tasks *all = t->all;
	bool tell = !all->told;

	if (t->queue == all->queue)
		buf_put(&all->done, frame->data, frame->len);
	all->told = true;
	return tell;
}

static void
run(struct work *work)
{
	struct task *t = (struct task *)work, *next;
	struct deliver_tasks *all = t->all;
	struct lane *lane = t->lane;
	struct transcript_notice *notices = NULL;
	struct buf frame = { 0 };
	bool tell;

	if (t->route)
		deliver_job_route(all->env, &t->job, t->arena, &frame);
	else
		notices = deliver_job_run(
		    all->env, lane->transport, &t->job, t->arena, &frame);
	(void)pthread_mutex_lock(&all->lock);
	lane->running--;
	all->running--;
	tell = answer(t, &frame);
	add_notices(all, notices);
	next = start_next(lane);
	(void)pthread_mutex_unlock(&all->lock);
	if (next != NULL)
		workers_give(all->workers, &next->work);
	buf_free(&frame);
	arena_free(t->arena);
	if (tell)
		all->ready(all->arg);
}

bool
deliver_task_add(struct deliver_tasks *all, const struct frame *frame)
{
	struct arena *arena = arena_new();
	struct task *t = arena_alloc(arena, sizeof *t), *next;
	/* The frame is gone when the job runs. */
	struct frame copy = *frame;

	copy.body = arena_strndup(arena, frame->body, frame->len);
	t->route = frame->type == JOB_ROUTE;
	if ((!t->route && frame->type != JOB_DELIVER) ||
	    !job_parse(&copy, arena, &t->job)) {
		arena_free(arena);
		return false;
	}
	t->work.run = run;
	t->all = all;
	t->arena = arena;
	t->lane = find_lane(all, &t->job, t->route);
	(void)pthread_mutex_lock(&all->lock);
	t->queue = all->queue;
	*t->lane->end = t;
	t->lane->end = &t->next;
	next = start_next(t->lane);
	(void)pthread_mutex_unlock(&all->lock);
	if (next != NULL)
		workers_give(all->workers, &next->work);
	return true;
}

size_t
deliver_task_take(struct deliver_tasks *all, struct buf *out,
    struct transcript_notice **notices)
{
	size_t running;

	(void)pthread_mutex_lock(&all->lock);
	if (all->done.len > 0)
		buf_put(out, all->done.data, all->done.len);
	buf_reset(&all->done);
	*notices = all->notices;
	all->notices = NULL;
	all->last_notice = &all->notices;
	all->told = false;
	running = all->running;
	(void)pthread_mutex_unlock(&all->lock);
	return running;
}

/* Empty the lanes; ${give_back}: with an answer. */
static void
clear(struct deliver_tasks *all, bool give_back)
{
	struct buf frame = { 0 };

	for (size_t i = 0; i < all->nlanes; i++) {
		struct lane *lane = &all->lanes[i];
		struct task *t;

		while ((t = lane->first) != NULL) {
			lane->first = t->next;
			buf_reset(&frame);
			if (give_back)
				deliver_job_return(
				    &t->job, t->route, t->arena, &frame);
			buf_put(&all->done, frame.data, frame.len);
			arena_free(t->arena);
		}
		lane->end = &lane->first;
	}
	buf_free(&frame);
}

void
deliver_task_forget(struct deliver_tasks *all)
{
	(void)pthread_mutex_lock(&all->lock);
	clear(all, false);
	buf_reset(&all->done);
	all->queue++;
	(void)pthread_mutex_unlock(&all->lock);
}

void
deliver_task_hold(struct deliver_tasks *all)
{
	(void)pthread_mutex_lock(&all->lock);
	all->held = true;
	(void)pthread_mutex_unlock(&all->lock);
}

void
deliver_task_return(struct deliver_tasks *all)
{
	(void)pthread_mutex_lock(&all->lock);
	clear(all, true);
	(void)pthread_mutex_unlock(&all->lock);
}

bool
deliver_task_idle(struct deliver_tasks *all, int64_t now)
{
	bool more = false;

	for (size_t i = 0; i < all->nlanes; i++) {
		struct transport *t = all->lanes[i].transport;

		if (t != NULL && t->agent->idle != NULL &&
		    t->agent->idle(t, now))
			more = true;
	}
	return more;
}

void
deliver_task_close(struct deliver_tasks *all)
{
	workers_free(all->workers);
	buf_free(&all->done);
	(void)pthread_mutex_destroy(&all->lock);
	free(all->lanes);
	free(all);
}
