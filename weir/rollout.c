/* rollout.c - see rollout.h. */
#include "weir/rollout.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "weir/generation.h"
#include "weir/handover.h"
#include "weir/layout.h"

/* So often in a row a process that lives no longer than that may crash before
 * the next one does without what is kept. */
enum { MOST_CRASHES = 3 };
#define CRASHES_WITHIN (600 * CLOCK_SECOND)

static const struct event_by by = { .program = "master" };

static void role_spoke(struct loop_fd *watch, unsigned what);
static void role_ended(struct loop_fd *watch, unsigned what);
static void limit_passed(struct loop_timer *timer);
static void start_again(struct loop_timer *timer);

static struct process *
of_exit(struct loop_fd *watch)
{
	return (struct process *)(void *)((char *)watch -
	    offsetof(struct process, exit));
}

static struct generation *
newest(struct rollout *r)
{
	return r->next != NULL ? r->next : r->now;
}

static bool
wanted(const struct rollout_place *place)
{
	struct rollout *r = place->rollout;
	const struct master *master = &newest(r)->master;

	return process_wanted(place->role, master, r->only) &&
	    (place->service == NULL ||
		process_serves(place->role, master, place->service));
}

/* The place for ${role} and ${service}, made if it is not there. */
static struct rollout_place *
place_of(struct rollout *r, const struct role *role, const char *service)
{
	struct rollout_place *p;

	for (p = r->places; p != NULL; p = p->next)
		if (p->role == role &&
		    (service == NULL || strcmp(p->service, service) == 0))
			return p;
	p = calloc(1, sizeof *p);
	if (p == NULL)
		fatal("out of memory");
	p->rollout = r;
	p->role = role;
	p->timer.fire = start_again;
	p->service = service != NULL ? strdup(service) : NULL;
	if (service != NULL && p->service == NULL)
		fatal("out of memory");
	if (r->places_end == NULL)
		r->places_end = &r->places;
	*r->places_end = p;
	r->places_end = &p->next;
	return p;
}

/* All that the newest generation wants, and what others have wanted. */
static struct rollout_place *
all_places(struct rollout *r)
{
	const struct master *master = &newest(r)->master;
	struct arena *arena = arena_new();

	for (const struct role *role = process_roles(); role->name != NULL;
	     role++) {
		if (!role->each)
			(void)place_of(r, role, NULL);
		for (size_t i = 0; role->each && i < master->count; i++) {
			const char *name =
			    process_service(arena, &master->services[i]);

			if (process_serves(role, master, name))
				(void)place_of(r, role, name);
		}
	}
	arena_free(arena);
	return r->places;
}

static bool
is_taken(const struct rollout_place *place)
{
	return process_find(
	    place->rollout->processes, place->role, place->service);
}

static bool
start(struct rollout_place *place, bool strict, struct err *err)
{
	struct rollout *r = place->rollout;
	struct process *p;

	r->files.config = generation_share(newest(r), err);
	if (r->files.config < 0)
		return false;
	r->files.service = place->service;
	/* A new generation begins without prejudice. */
	if (strict)
		place->crashes = 0;
	r->files.doubt = place->crashes >= MOST_CRASHES;
	p = process_start(place->role, r->dir, strict, &r->files, err);
	if (p == NULL)
		return false;
	p->rollout = r;
	p->generation = r->number;
	p->control.ready = role_spoke;
	p->exit.ready = role_ended;
	p->limit.fire = limit_passed;
	loop_watch(r->loop, &p->control);
	loop_watch(r->loop, &p->exit);
	loop_timer_set(r->loop, &p->limit,
	    clock_mono() + newest(r)->weir.weir_ready_time_limit);
	p->next = r->processes;
	r->processes = p;
	return true;
}

/* End a process; it may go on with its sessions for a while: all of them if
 * another serves in its place, else those that are in the middle of a
 * message. */
static void
drain(struct process *p, bool replaced)
{
	struct rollout *r = p->rollout;

	int stop = p->role->stop != 0 ? p->role->stop : SIGTERM;

	(void)kill(p->pid, replaced && p->role->retires ? SIGUSR2 : stop);
	if (p->state == PROCESS_DRAINING)
		return;
	p->state = PROCESS_DRAINING;
	loop_timer_set(r->loop, &p->limit,
	    clock_mono() + r->now->weir.weir_drain_time_limit + CLOCK_SECOND);
}

/* Tell whoever waits for the outcome of a start or a reload. */
static void
report(struct rollout *r, bool good)
{
	if (r->done != NULL)
		r->done(r->done_arg, good, buf_str(&r->said));
	r->done = NULL;
	buf_reset(&r->said);
}

/* Who asked for a new generation may count on being served by it, so the
 * answer waits until the old one accepts no more clients. */
static void
has_left(struct process *p)
{
	struct rollout *r = p->rollout;

	if (!p->leaving)
		return;
	p->leaving = false;
	if (--r->leaving == 0)
		report(r, true);
}

/* All of the new generation is ready: the old one drains. */
static void
commit(struct rollout *r)
{
	listeners_commit(&r->listeners);
	for (struct process *p = r->processes; p != NULL; p = p->next)
		if (p->state == PROCESS_READY)
			process_serve(p);
		else if (p->state != PROCESS_DRAINING &&
		    p->generation != r->number && !p->role->in_place) {
			p->leaving = p->role->retires;
			r->leaving += p->leaving;
			drain(p, true);
		} else if (p->generation != r->number && p->role->in_place &&
		    p->state == PROCESS_SERVING)
			process_configure(p, &r->files);
	if (r->next != NULL) {
		layout_events(r->next, r->files.log, r->files.json);
		generation_free(r->now);
		r->now = r->next;
		r->next = NULL;
	}
	r->served = true;
	event_info(
	    &by, "generation %u serves, configuration %s", r->number, r->dir);
	if (r->leaving == 0)
		report(r, true);
}

static void
start_again(struct loop_timer *timer)
{
	struct rollout_place *place = (struct rollout_place *)(void *)timer;
	struct rollout *r = place->rollout;
	struct err err;

	if (r->stopping || !wanted(place) || is_taken(place))
		return;
	if (!start(place, false, &err)) {
		event_warning(&by, "%s: %s", place->role->name, err.text);
		loop_timer_set(r->loop, timer, clock_mono() + CLOCK_SECOND);
	}
}

/* Something of the new generation cannot serve: nothing changes, and if it is
 * the first one, there is nothing to do.  A role that died meanwhile, and was
 * started as one of the new generation, must be started once more. */
static void
give_up(struct rollout *r)
{
	size_t n = r->said.len;

	r->stopping = r->stopping || !r->served;
	for (struct process *p = r->processes; p != NULL; p = p->next)
		if (p->state == PROCESS_STARTING || p->state == PROCESS_READY) {
			/* It may wait for the word, and for nothing else. */
			(void)shutdown(p->control.fd, SHUT_WR);
			drain(p, false);
		}
	listeners_abort(&r->listeners);
	generation_free(r->next);
	r->next = NULL;
	for (struct rollout_place *p = all_places(r); p != NULL; p = p->next)
		if (!r->stopping && wanted(p) && !is_taken(p))
			loop_timer_set(r->loop, &p->timer, clock_mono());
	while (n > 0 && r->said.data[n - 1] == '\n')
		n--;
	event_warning(&by, "generation %u is refused: %.*s", r->number,
	    n > 0 ? (int)n : INT_MAX,
	    n > 0 ? r->said.data : "a role did not become ready");
	report(r, false);
}

/* Nobody is left but those that others ask: they may end, too. */
static void
end_helpers(struct rollout *r)
{
	for (const struct process *p = r->processes; p != NULL; p = p->next)
		if (!p->role->helps)
			return;
	for (struct process *p = r->processes; p != NULL; p = p->next)
		drain(p, false);
}

static bool
all_ready(const struct rollout *r)
{
	for (const struct process *p = r->processes; p != NULL; p = p->next)
		if (p->state == PROCESS_STARTING)
			return false;
	return true;
}

/* A new generation waits for these. */
static void
commit_if_ready(struct rollout *r)
{
	if ((r->next != NULL || !r->served) && all_ready(r))
		commit(r);
}

/* It is in place of one that died, and not part of a new generation: it serves
 * as soon as it can, and as long as its generation does. */
static bool
is_replacement(const struct process *p)
{
	const struct rollout *r = p->rollout;

	return r->served && (r->next == NULL || p->generation != r->number);
}

/* What a process ends of that has stumbled over something. */
static bool
has_crashed(int status)
{
	return WIFSIGNALED(status) &&
	    (WTERMSIG(status) == SIGABRT || WTERMSIG(status) == SIGBUS ||
		WTERMSIG(status) == SIGSEGV);
}

/* A role died that should serve: a new one takes its place, at once if the
 * old one had lived for a while. */
static void
restart_later(struct rollout *r, const struct process *p, int status)
{
	struct rollout_place *place = place_of(r, p->role, p->service);
	int64_t when = clock_mono();

	if (when - p->started > 10 * CLOCK_SECOND)
		place->failures = 0;
	if (when - p->started > CRASHES_WITHIN || !has_crashed(status))
		place->crashes = 0;
	if (has_crashed(status))
		place->crashes++;
	if (place->failures > 0)
		when += CLOCK_SECOND / 8
		    << (place->failures < 8 ? place->failures : 8);
	loop_timer_set(r->loop, &place->timer, when);
	place->failures++;
}

static void
role_ended(struct loop_fd *watch, unsigned what)
{
	struct process *p = of_exit(watch), **place;
	struct rollout *r = p->rollout;
	enum process_state state = p->state;
	int status = 0;

	(void)what;
	if (waitpid(p->pid, &status, WNOHANG) != p->pid)
		return;
	/* What it said last, why it cannot serve, say, is still to be read. */
	if (state == PROCESS_STARTING)
		role_spoke(&p->control, LOOP_READ);
	state = p->state;
	loop_forget(r->loop, &p->exit);
	loop_forget(r->loop, &p->control);
	loop_timer_cancel(r->loop, &p->limit);
	for (place = &r->processes; *place != p; place = &(*place)->next)
		;
	*place = p->next;
	has_left(p);
	if (state != PROCESS_DRAINING)
		process_log_end(p, status);
	if (state == PROCESS_SERVING && !r->stopping) {
		restart_later(r, p, status);
	} else if (!r->stopping &&
	    (state == PROCESS_STARTING || state == PROCESS_READY)) {
		if (!is_replacement(p))
			give_up(r);
		else if (!process_find(r->processes, p->role, p->service))
			restart_later(r, p, status);
		else
			commit_if_ready(r);
	}
	if (r->stopping)
		end_helpers(r);
	if (r->stopping && r->processes == NULL)
		loop_stop(r->loop);
	process_free(p);
}

/* One message of a role, and the descriptor that it may bring, or -1.  Its
 * length; 0: there is none. */
static size_t
hear(const struct process *p, char *text, size_t size, int *fd)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = { text, size - 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = sizeof control.space };
	const struct cmsghdr *c;
	ssize_t n;

	do
		n = recvmsg(p->control.fd, &msg, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	*fd = -1;
	if (n <= 0)
		return 0;
	text[n] = '\0';
	c = CMSG_FIRSTHDR(&msg);
	if (c != NULL && c->cmsg_level == SOL_SOCKET &&
	    c->cmsg_type == SCM_RIGHTS && c->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(fd, CMSG_DATA(c), sizeof *fd);
	return (size_t)n;
}

/* A role says that it is ready, or why it cannot be. */
static void
role_spoke(struct loop_fd *watch, unsigned what)
{
	struct process *p = (struct process *)(void *)((char *)watch -
	    offsetof(struct process, control));
	struct rollout *r = p->rollout;
	char text[HANDOVER_TEXT];
	int fd;

	(void)what;
	while (hear(p, text, sizeof text, &fd) > 0) {
		if (fd >= 0 && text[0] == 'P')
			r->patterns(r->patterns_arg, fd);
		else if (fd >= 0)
			(void)close(fd);
		/* What one says that is given up is no news any more. */
		if (text[1] != '\0' && p->state != PROCESS_DRAINING)
			buf_printf(&r->said, "%s\n", text + 1);
		if (text[0] == 'D')
			has_left(p);
		if (text[0] != 'R' || p->state != PROCESS_STARTING)
			continue;
		p->state = PROCESS_READY;
		loop_timer_cancel(r->loop, &p->limit);
		if (is_replacement(p)) {
			if (r->next == NULL && r->said.len > 0)
				event_warning(
				    &by, "%s: %s", p->role->name, r->said.data);
			if (r->next == NULL)
				buf_reset(&r->said);
			process_serve(p);
		}
		commit_if_ready(r);
	}
}

static void
limit_passed(struct loop_timer *timer)
{
	struct process *p = (struct process *)(void *)((char *)timer -
	    offsetof(struct process, limit));

	event_warning(&by, "process weir/%s pid %d %s; killing it",
	    p->role->name, (int)p->pid,
	    p->state == PROCESS_DRAINING ? "still has sessions"
					 : "does not become ready");
	(void)kill(p->pid, SIGKILL);
}

bool
rollout_reload(struct rollout *r,
    void (*done)(void *arg, bool good, const char *text), void *arg,
    struct err *err)
{
	struct listeners_wish wish;
	struct generation *g;

	if (r->next != NULL || r->leaving > 0 || !r->served || r->stopping) {
		err_set(err, "a start, reload or stop is under way");
		return false;
	}
	g = generation_read(r->dir, err);
	if (g == NULL) {
		event_warning(&by, "reload: %s", err->text);
		return false;
	}
	wish = layout_wish(g);
	wish.only = r->only;
	if (generation_check_notices(g, err) != 0 ||
	    layout_directories(g, err) != 0 ||
	    listeners_open(&r->listeners, &wish, err) != 0) {
		generation_free(g);
		event_warning(&by, "reload: %s", err->text);
		return false;
	}
	r->next = g;
	r->number++;
	r->done = done;
	r->done_arg = arg;
	for (struct rollout_place *p = all_places(r); p != NULL; p = p->next)
		if (!p->role->in_place && wanted(p) && !start(p, true, err)) {
			buf_puts(&r->said, err->text);
			give_up(r);
			return true;
		}
	return true;
}

void
rollout_stop(struct rollout *r)
{
	if (r->stopping)
		return;
	event_info(&by, "stopping");
	r->stopping = true;
	for (struct process *p = r->processes; p != NULL; p = p->next)
		if (!p->role->helps)
			drain(p, false);
	end_helpers(r);
	if (r->processes == NULL)
		loop_stop(r->loop);
}

bool
rollout_start(struct rollout *r,
    void (*done)(void *arg, bool good, const char *text), void *arg)
{
	struct err err = { 0 };

	r->number = 1;
	r->done = done;
	r->done_arg = arg;
	for (struct rollout_place *p = all_places(r); p != NULL; p = p->next)
		if (wanted(p) && !start(p, false, &err)) {
			buf_puts(&r->said, err.text);
			give_up(r);
			break;
		}
	return r->processes != NULL;
}

void
rollout_end(struct rollout *r)
{
	for (struct rollout_place *p = r->places, *next; p != NULL; p = next) {
		next = p->next;
		loop_timer_cancel(r->loop, &p->timer);
		free(p->service);
		free(p);
	}
	generation_free(r->now);
	buf_free(&r->said);
}
