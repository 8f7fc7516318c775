/* loop.h - one thread's readiness, timers and tasks (edge-triggered epoll).
 *
 * Everything here belongs to the loop's thread, except loop_post() and
 * loop_stop(). */
#ifndef BASE_LOOP_H
#define BASE_LOOP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct loop;

enum { LOOP_READ = 1, LOOP_WRITE = 2, LOOP_HUP = 4 };

/* A watched descriptor; lives in its owner.  ready() is told which edges there
 * were; LOOP_HUP (the peer closed, or an error waits) comes with LOOP_READ. */
struct loop_fd {
	int fd;
	void (*ready)(struct loop_fd *watch, unsigned what);
	bool blocked; /* the loop's: loop_watch_write() waits */
};

/* A timer; lives in its owner.  Zero-initialised: not set. */
struct loop_timer {
	int64_t when; /* clock_mono() */
	void (*fire)(struct loop_timer *timer);
	size_t place; /* in the heap, from 1; 0: not set */
};

/* Something to do on the loop's thread; lives in its owner.  Zero-initialised,
 * but for run(), which is called after the loop has let go of the task. */
struct loop_task {
	struct loop_task *next;
	void (*run)(struct loop_task *task);
};

struct loop *loop_new(void);
void loop_free(struct loop *loop);

/* loop_run(loop): until loop_stop().  Calls event_flush() once per turn.  May
 * be called again. */
void loop_run(struct loop *loop);

/* loop_stop(loop): from any thread, or a signal handler. */
void loop_stop(struct loop *loop);

/* loop_watch(loop, watch): report edges of reading of watch->fd; loop_forget()
 * stops that (before the descriptor is closed); an event that is already
 * fetched for it is dropped. */
void loop_watch(struct loop *loop, struct loop_fd *watch);
/* loop_watch_write(loop, watch): a write found no room: report once when there
 * is some.  Not always reported, because a Unix socket is writable anew each
 * time that its peer reads. */
void loop_watch_write(struct loop *loop, struct loop_fd *watch);
/* loop_watch_level(): level-triggered reading only, for listeners; ${share}
 * wakes one of several loops (EPOLLEXCLUSIVE). */
void loop_watch_level(struct loop *loop, struct loop_fd *watch, bool share);
void loop_forget(struct loop *loop, struct loop_fd *watch);
/* loop_close(loop, watch): forget and close watch->fd, of which no duplicate
 * may be open. */
void loop_close(struct loop *loop, struct loop_fd *watch);

/* loop_timer_set(loop, timer, when): (again) at ${when}. */
void loop_timer_set(struct loop *loop, struct loop_timer *timer, int64_t when);
void loop_timer_cancel(struct loop *loop, struct loop_timer *timer);

/* loop_post(loop, task): run ${task} soon, in order of posting.  Any thread;
 * one wake-up serves all tasks that wait. */
void loop_post(struct loop *loop, struct loop_task *task);

/* loop_defer(loop, task): run ${task} at the end of this turn, before the
 * loop sleeps (to batch output).  The loop's thread only; a task that is
 * deferred already stays where it is. */
void loop_defer(struct loop *loop, struct loop_task *task);

/* loop_undefer(loop, task): forget ${task} if it is deferred (its owner is
 * about to go). */
void loop_undefer(struct loop *loop, struct loop_task *task);

/* loop_time(loop): clock_mono() as of the start of this turn. */
int64_t loop_time(const struct loop *loop);

#endif
