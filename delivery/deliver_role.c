/* deliver_role.c - see deliver_role.h.
 *
 * One thread, the loop's, speaks with the queue; workers run the jobs.  What
 * they have done collects under a lock and goes to the queue with one write for
 * each turn of the loop. */
#include "delivery/deliver_role.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/frame.h"
#include "base/loop.h"
#include "base/param.h"
#include "delivery/deliver_task.h"
#include "delivery/delivery.h"
#include "delivery/delivery_params.h"
#include "delivery/transports.h"
#include "queue/job.h"
#include "queue/queue_wire.h"
#include "queue/store_reader.h"
#include "queue/submit.h"
#include "queue/transcript_post.h"
#include "rules/route.h"

#define RECONNECT  (200 * CLOCK_MS)
#define IDLE_CHECK (500 * CLOCK_MS)
#define DRAIN_MOST (300 * CLOCK_SECOND)

struct server {
	const struct deliver_role *role;
	struct arena *arena;
	struct delivery_params params;
	struct delivery_env env;
	struct transports *transports;
	struct deliver_tasks *tasks;
	struct loop *loop;
	struct queue_wire wire;
	struct submit *submit; /* NULL: there was no notice yet */
	struct transcript_post post;
	bool connected, complained, draining;
	struct loop_timer reconnect, idle, drain;
	struct loop_task done;  /* posted by the threads alone */
	struct loop_task begun; /* ... and by the drain */
};

static struct loop *serving; /* for the signal handler */

static void
on_term(int number)
{
	(void)number;
	loop_stop(serving);
}

#define OWNER(member, pointer)                                                 \
	((struct server *)(void *)((char *)(pointer)-offsetof(                 \
	    struct server, member)))

static void
say_hello(struct server *s, size_t jobs)
{
	size_t start = frame_begin(&s->wire.out, JOB_HELLO, 0);

	frame_put_num(&s->wire.out, jobs);
	frame_end(&s->wire.out, start);
	queue_wire_send(&s->wire);
}

static void
on_frame(struct queue_wire *wire, const struct frame *frame)
{
	struct server *s = OWNER(wire, wire);

	if (!deliver_task_add(s->tasks, frame)) {
		event_warning(NULL, "malformed job from the queue");
		queue_wire_hang_up(wire);
		return;
	}
}

static void
on_closed(struct queue_wire *wire)
{
	struct server *s = OWNER(wire, wire);

	s->connected = false;
	deliver_task_forget(s->tasks);
	/* One that drains wants no more jobs, of another queue neither. */
	if (!s->draining)
		loop_timer_set(
		    s->loop, &s->reconnect, clock_mono() + RECONNECT);
}

static int
open_socket(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof sun.sun_path)
		return -1;
	memcpy(sun.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sun, sizeof sun) == 0)
		return fd;
	if (fd >= 0)
		(void)close(fd);
	return -1;
}

/* The store is made by the queue role, so it is there when that listens. */
static bool
open_store(struct server *s)
{
	struct err err = { { 0 } };

	if (s->env.store == NULL)
		s->env.store = store_reader_open(s->role->store, &err);
	if (s->env.store == NULL && !s->complained) {
		s->complained = true;
		event_warning(NULL, "%s", err.text);
	}
	return s->env.store != NULL;
}

static void
connect_queue(struct loop_timer *timer)
{
	struct server *s = OWNER(reconnect, timer);
	int fd = open_socket(s->role->queue_socket);

	if (fd >= 0 && open_store(s)) {
		s->wire.frame = on_frame;
		s->wire.closed = on_closed;
		queue_wire_open(&s->wire, s->loop, fd);
		s->connected = true;
		s->complained = false;
		say_hello(s, (size_t)s->params.weir_delivery_limit);
		return;
	}
	if (fd >= 0)
		(void)close(fd);
	loop_timer_set(s->loop, timer, clock_mono() + RECONNECT);
}

static void
send_notices(struct server *s, struct transcript_notice *notices)
{
	struct submit_way way;

	if (notices == NULL)
		return;
	if (s->submit == NULL)
		s->submit = submit_open(s->loop, s->role->queue_socket);
	way = submit_way(s->submit);
	transcript_post_send(&s->post, &way, notices);
}

/* Tell the queue what has been done. */
static void
hand_over(struct server *s)
{
	struct transcript_notice *notices;
	struct buf out = { 0 };
	size_t running = deliver_task_take(s->tasks, &out, &notices);

	send_notices(s, notices);
	if (s->connected && out.len > 0) {
		buf_put(&s->wire.out, out.data, out.len);
		queue_wire_send(&s->wire);
	}
	buf_free(&out);
	if (s->idle.place == 0)
		loop_timer_set(s->loop, &s->idle, clock_mono() + IDLE_CHECK);
	if (s->draining && running == 0 && s->post.waiting == 0)
		loop_stop(s->loop);
}

static void
done(struct loop_task *task)
{
	hand_over(OWNER(done, task));
}

static void
begun(struct loop_task *task)
{
	hand_over(OWNER(begun, task));
}

/* The last notice is where it should be. */
static void
all_told(void *arg)
{
	hand_over(arg);
}

/* From any thread; at most once between two hand-overs. */
static void
wake(void *arg)
{
	struct server *s = arg;

	loop_post(s->loop, &s->done);
}

static void
check_idle(struct loop_timer *timer)
{
	struct server *s = OWNER(idle, timer);

	if (deliver_task_idle(s->tasks, clock_mono()))
		loop_timer_set(s->loop, timer, clock_mono() + IDLE_CHECK);
}

static void
give_up(struct loop_timer *timer)
{
	loop_stop(OWNER(drain, timer)->loop);
}

static int64_t
drain_limit(const struct server *s)
{
	const char *text =
	    conf_get(s->role->conf, "weir_drain_time_limit", s->arena, NULL);
	int64_t limit;

	if (text == NULL || !param_time(text, 's', &limit))
		return DRAIN_MOST;
	return limit;
}

/* Begin nothing more and let end what runs; then what waits goes back.  Not
 * earlier: the queue would send it again. */
static bool
drain(struct server *s)
{
	struct transcript_notice *notices;
	struct buf out = { 0 };
	size_t running;

	s->draining = true;
	deliver_task_hold(s->tasks);
	loop_timer_cancel(s->loop, &s->reconnect);
	s->drain.fire = give_up;
	loop_timer_set(s->loop, &s->drain, clock_mono() + drain_limit(s));
	loop_post(s->loop, &s->begun);
	loop_run(s->loop);
	deliver_task_return(s->tasks);
	running = deliver_task_take(s->tasks, &out, &notices);
	/* After the limit: as far as the queue takes them at once. */
	send_notices(s, notices);
	if (s->connected) {
		buf_put(&s->wire.out, out.data, out.len);
		queue_wire_flush(&s->wire);
		queue_wire_close(&s->wire);
	}
	buf_free(&out);
	return running == 0 && s->post.waiting == 0;
}

static void
open_all(struct server *s)
{
	const struct deliver_role *role = s->role;
	struct err err = { { 0 } };

	if (param_load(&delivery_params_table, role->conf, s->arena, &s->params,
		&err) != 0)
		fatal("%s", err.text);
	s->env = (struct delivery_env){ .world = role->world,
		.local_socket = role->local_socket,
		.route = route_open(role->conf, &err) };
	s->transports =
	    transports_open(role->master, role->conf, s->arena, &err);
	if (role->ready != NULL)
		role->ready(role->arg, err.text);
	else if (err.text[0] != '\0')
		event_warning(NULL, "%s", err.text);
	s->tasks = deliver_task_open(&s->env, s->transports,
	    (size_t)s->params.weir_delivery_limit, wake, s);
}

int
deliver_role_run(const struct deliver_role *role)
{
	static struct server s;
	struct sigaction sa = { .sa_handler = on_term };

	s.role = role;
	s.arena = arena_new();
	s.loop = serving = loop_new();
	s.post.idle = all_told;
	s.post.arg = &s;
	s.done.run = done;
	s.begun.run = begun;
	s.idle.fire = check_idle;
	s.reconnect.fire = connect_queue;
	open_all(&s);
	(void)sigaction(SIGTERM, &sa, NULL);
	connect_queue(&s.reconnect);
	loop_run(s.loop);
	/* Threads that still wait for a server are left to the kernel, with all
	 * that they use. */
	if (!drain(&s)) {
		event_flush();
		_exit(0);
	}
	deliver_task_close(s.tasks);
	submit_close(s.submit);
	transports_close(s.transports, role->conf);
	route_close(s.env.route);
	store_reader_close(s.env.store);
	loop_free(s.loop);
	arena_free(s.arena);
	return 0;
}
