/* loop.c - see loop.h.
 *
 * A turn: wait, run what was posted, deliver readiness, fire timers, run what
 * was deferred, write the log lines. */
#include "base/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"

enum { BATCH = 128, FIRST_TIMERS = 64, LONGEST_MS = 60 * 1000, SHARED_MS = 10 };

struct loop {
	int epoll, wake;
	int64_t now;
	atomic_bool stop;

	/* Posted tasks, newest first.  ${asleep}: a poster must write to
	 * ${wake}; the one that clears it does, so a batch costs one write. */
	_Atomic(struct loop_task *) posted;
	atomic_bool asleep;

	/* Deferred tasks: those to come, and those of this pass.  A list ends
	 * in ${end}, so that a task in it has a next that is not NULL. */
	struct loop_task end;
	struct loop_task *deferred, **deferred_last, *running;

	struct loop_timer **heap; /* heap[1..timers], the earliest first */
	size_t timers, room;

	struct epoll_event events[BATCH]; /* fetched; next..count to deliver */
	int next, count;
};

static const uint32_t reading = EPOLLIN | EPOLLRDHUP | EPOLLET;

static void
control(struct loop *loop, int how, int fd, uint32_t events, void *watch)
{
	struct epoll_event e = { .events = events, .data.ptr = watch };

	if (epoll_ctl(loop->epoll, how, fd, &e) != 0)
		fatal("epoll_ctl %d: %s", fd, err_errno(errno));
}

static void
add(struct loop *loop, int fd, uint32_t events, void *watch)
{
	control(loop, EPOLL_CTL_ADD, fd, events, watch);
}

struct loop *
loop_new(void)
{
	struct loop *loop = calloc(1, sizeof *loop);

	if (loop == NULL)
		fatal("out of memory");
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (loop->epoll < 0 || loop->wake < 0)
		fatal("epoll: %s", err_errno(errno));
	loop->deferred = loop->running = &loop->end;
	loop->deferred_last = &loop->deferred;
	loop->now = clock_mono();
	/* Edge-triggered: each write wakes, and nobody needs to read. */
	add(loop, loop->wake, EPOLLIN | EPOLLET, loop);
	return loop;
}

void
loop_free(struct loop *loop)
{
	if (loop == NULL)
		return;
	(void)close(loop->epoll);
	(void)close(loop->wake);
	free(loop->heap);
	free(loop);
}

static void
wake(struct loop *loop)
{
	static const uint64_t one = 1;

	/* It can only fail when 2^64 wake-ups wait already. */
	if (write(loop->wake, &one, sizeof one) < 0)
		return;
}

void
loop_stop(struct loop *loop)
{
	int saved = errno;

	atomic_store(&loop->stop, true);
	wake(loop);
	errno = saved;
}

void
loop_watch(struct loop *loop, struct loop_fd *watch)
{
	watch->blocked = false;
	add(loop, watch->fd, reading, watch);
}

void
loop_watch_write(struct loop *loop, struct loop_fd *watch)
{
	if (watch->blocked)
		return;
	watch->blocked = true;
	control(loop, EPOLL_CTL_MOD, watch->fd, reading | EPOLLOUT, watch);
}

void
loop_watch_level(struct loop *loop, struct loop_fd *watch, bool share)
{
	add(loop, watch->fd, share ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN, watch);
}

static void
drop_fetched(struct loop *loop, const struct loop_fd *watch)
{
	for (int i = loop->next; i < loop->count; i++)
		if (loop->events[i].data.ptr == watch)
			loop->events[i].data.ptr = NULL;
}

void
loop_forget(struct loop *loop, struct loop_fd *watch)
{
	(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, watch->fd, NULL);
	drop_fetched(loop, watch);
}

void
loop_close(struct loop *loop, struct loop_fd *watch)
{
	/* The last close of a file takes it out of the epoll. */
	(void)close(watch->fd);
	drop_fetched(loop, watch);
}

static void
put(struct loop *loop, size_t place, struct loop_timer *timer)
{
	loop->heap[place] = timer;
	timer->place = place;
}

/* Move ${timer}, which belongs about ${place}, to where it belongs. */
static void
settle(struct loop *loop, size_t place, struct loop_timer *timer)
{
	struct loop_timer **heap = loop->heap;
	size_t child;

	while (place > 1 && heap[place / 2]->when > timer->when) {
		put(loop, place, heap[place / 2]);
		place /= 2;
	}
	while ((child = place * 2) <= loop->timers) {
		if (child < loop->timers &&
		    heap[child + 1]->when < heap[child]->when)
			child++;
		if (heap[child]->when >= timer->when)
			break;
		put(loop, place, heap[child]);
		place = child;
	}
	put(loop, place, timer);
}

void
loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t when)
{
	timer->when = when;
	if (timer->place != 0) {
		settle(loop, timer->place, timer);
		return;
	}
	if (loop->timers + 1 >= loop->room) {
		loop->room = loop->room > 0 ? loop->room * 2 : FIRST_TIMERS;
		loop->heap = realloc(loop->heap, loop->room * sizeof(void *));
		if (loop->heap == NULL)
			fatal("out of memory");
	}
	settle(loop, ++loop->timers, timer);
}

void
loop_timer_cancel(struct loop *loop, struct loop_timer *timer)
{
	struct loop_timer *last;
	size_t place = timer->place;

	if (place == 0)
		return;
	timer->place = 0;
	last = loop->heap[loop->timers--];
	if (last != timer)
		settle(loop, place, last);
}

void
loop_post(struct loop *loop, struct loop_task *task)
{
	struct loop_task *head =
	    atomic_load_explicit(&loop->posted, memory_order_relaxed);

	do
		task->next = head;
	while (!atomic_compare_exchange_weak(&loop->posted, &head, task));
	/* The loop says that it sleeps before it looks for tasks once more, so
	 * either it sees this one or we see it asleep. */
	if (atomic_load(&loop->asleep) && atomic_exchange(&loop->asleep, false))
		wake(loop);
}

void
loop_defer(struct loop *loop, struct loop_task *task)
{
	if (task->next != NULL)
		return;
	task->next = &loop->end;
	*loop->deferred_last = task;
	loop->deferred_last = &task->next;
}

void
loop_undefer(struct loop *loop, struct loop_task *task)
{
	struct loop_task **lists[] = { &loop->running, &loop->deferred };

	if (task->next == NULL)
		return;
	for (size_t i = 0; i < 2; i++)
		for (struct loop_task **p = lists[i]; *p != &loop->end;
		     p = &(*p)->next) {
			if (*p != task)
				continue;
			*p = task->next;
			if (loop->deferred_last == &task->next)
				loop->deferred_last = p;
			task->next = NULL;
			return;
		}
}

int64_t
loop_time(const struct loop *loop)
{
	return loop->now;
}

static void
run_posted(struct loop *loop)
{
	struct loop_task *task, *next, *first = NULL;

	if (atomic_load_explicit(&loop->posted, memory_order_relaxed) == NULL)
		return;
	task = atomic_exchange(&loop->posted, NULL);
	for (; task != NULL; task = next) {
		next = task->next;
		task->next = first;
		first = task;
	}
	for (task = first; task != NULL; task = next) {
		next = task->next;
		task->next = NULL;
		task->run(task);
	}
}

static unsigned
what(uint32_t events)
{
	unsigned w = 0;

	if ((events & EPOLLIN) != 0)
		w |= LOOP_READ;
	if ((events & EPOLLOUT) != 0)
		w |= LOOP_WRITE;
	/* Whoever reads finds out what it is. */
	if ((events & (EPOLLHUP | EPOLLERR | EPOLLRDHUP)) != 0)
		w |= LOOP_HUP | LOOP_READ;
	return w;
}

static void
deliver(struct loop *loop)
{
	while (loop->next < loop->count) {
		struct epoll_event *e = &loop->events[loop->next++];
		struct loop_fd *watch = e->data.ptr;

		if (e->data.ptr == NULL || e->data.ptr == loop)
			continue;
		if ((e->events & EPOLLOUT) != 0 && watch->blocked) {
			watch->blocked = false;
			control(loop, EPOLL_CTL_MOD, watch->fd, reading, watch);
		}
		watch->ready(watch, what(e->events));
	}
}

static void
fire(struct loop *loop)
{
	/* A timer that sets itself again to now must not hold up the rest. */
	for (size_t most = loop->timers; most > 0 && loop->timers > 0; most--) {
		struct loop_timer *timer = loop->heap[1];

		if (timer->when > loop->now)
			break;
		loop_timer_cancel(loop, timer);
		timer->fire(timer);
	}
}

static void
run_deferred(struct loop *loop)
{
	loop->running = loop->deferred;
	loop->deferred = &loop->end;
	loop->deferred_last = &loop->deferred;
	while (loop->running != &loop->end) {
		struct loop_task *task = loop->running;

		loop->running = task->next;
		task->next = NULL;
		task->run(task);
	}
}

/* How long nothing is to be done, in milliseconds rounded up. */
static int
idle_ms(const struct loop *loop)
{
	int64_t most = clock_shared() ? SHARED_MS : LONGEST_MS, ms;

	if (loop->deferred != &loop->end)
		return 0;
	if (loop->timers == 0)
		return (int)most;
	ms = (loop->heap[1]->when - clock_mono() + CLOCK_MS - 1) / CLOCK_MS;
	return ms < 0 ? 0 : ms > most ? (int)most : (int)ms;
}

static void
wait_for_events(struct loop *loop)
{
	int ms = idle_ms(loop), n;

	atomic_store(&loop->asleep, true);
	if (atomic_load(&loop->posted) != NULL)
		ms = 0;
	n = epoll_wait(loop->epoll, loop->events, BATCH, ms);
	atomic_store(&loop->asleep, false);
	if (n < 0 && errno != EINTR)
		fatal("epoll_wait: %s", err_errno(errno));
	loop->next = 0;
	loop->count = n < 0 ? 0 : n;
	loop->now = clock_mono();
}

void
loop_run(struct loop *loop)
{
	event_hold(1);
	while (!atomic_load(&loop->stop)) {
		wait_for_events(loop);
		run_posted(loop);
		deliver(loop);
		fire(loop);
		run_deferred(loop);
		event_flush();
	}
	atomic_store(&loop->stop, false);
	event_hold(0);
}
