/* supervisor.c - see supervisor.h. */
#include "weir/supervisor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/loop.h"
#include "base/net.h"
#include "weir/control.h"
#include "weir/generation.h"
#include "weir/handover.h"
#include "weir/layout.h"
#include "weir/listeners.h"
#include "weir/process.h"

enum { MOST_SOCKETS = 8, MOST_ROLES = 16 };

/* How soon a role that died may be started again. */
struct backoff {
	struct loop_timer timer;
	struct supervisor *supervisor;
	const struct role *role;
	unsigned failures;
};

struct supervisor {
	struct loop *loop;
	const char *dir;
	struct generation *now;  /* what is served */
	struct generation *next; /* what is being rolled out, or NULL */
	unsigned number;         /* of the newest generation */
	struct listeners listeners;
	int sockets[MOST_SOCKETS];
	struct process_files files;
	struct process *processes;
	struct backoff backoffs[MOST_ROLES];
	struct control *control;
	struct loop_fd signals;
	int lock;    /* on the pid file */
	int ready;   /* who wants to know that we serve; -1 */
	bool marked; /* with an octet for the outcome */
	bool served; /* there has been a generation that serves */
	bool stopping;
	unsigned leaving; /* processes of the last generation that may still
			   * accept clients */
	struct buf said;  /* by roles, during a roll-out */
	void (*done)(void *arg, bool good, const char *text);
	void *done_arg;
};

static const struct event_by by = { .program = "master" };

static struct process *of_exit(struct loop_fd *watch);
static void role_spoke(struct loop_fd *watch, unsigned what);
static void role_ended(struct loop_fd *watch, unsigned what);
static void limit_passed(struct loop_timer *timer);

static struct process *
of_exit(struct loop_fd *watch)
{
	return (struct process *)(void *)((char *)watch -
	    offsetof(struct process, exit));
}

static struct generation *
newest(struct supervisor *s)
{
	return s->next != NULL ? s->next : s->now;
}

static bool
start(
    struct supervisor *s, const struct role *role, bool strict, struct err *err)
{
	struct process *p;

	s->files.config = generation_share(newest(s), err);
	if (s->files.config < 0)
		return false;
	p = process_start(role, s->dir, strict, &s->files, err);
	if (p == NULL)
		return false;
	p->supervisor = s;
	p->generation = s->number;
	p->control.ready = role_spoke;
	p->exit.ready = role_ended;
	p->limit.fire = limit_passed;
	loop_watch(s->loop, &p->control);
	loop_watch(s->loop, &p->exit);
	loop_timer_set(s->loop, &p->limit,
	    clock_mono() + newest(s)->weir.weir_ready_time_limit);
	p->next = s->processes;
	s->processes = p;
	return true;
}

/* End a process; it may go on with its sessions for a while: all of them if
 * another serves in its place, else those that are in the middle of a
 * message. */
static void
drain(struct process *p, bool replaced)
{
	struct supervisor *s = p->supervisor;

	(void)kill(p->pid, replaced && p->role->retires ? SIGUSR2 : SIGTERM);
	if (p->state == PROCESS_DRAINING)
		return;
	p->state = PROCESS_DRAINING;
	loop_timer_set(s->loop, &p->limit,
	    clock_mono() + s->now->weir.weir_drain_time_limit + CLOCK_SECOND);
}

/* Tell whoever waits for the outcome of a start or a reload. */
static void
report(struct supervisor *s, bool good)
{
	if (s->ready >= 0) {
		if (s->said.len > 0)
			(void)!write(s->ready, s->said.data, s->said.len);
		if (s->marked)
			(void)!write(s->ready, good ? "\0" : "\1", 1);
		(void)close(s->ready);
		s->ready = -1;
	}
	if (s->done != NULL)
		s->done(s->done_arg, good, buf_str(&s->said));
	s->done = NULL;
	buf_reset(&s->said);
}

/* Who asked for a new generation may count on being served by it, so the
 * answer waits until the old one accepts no more clients. */
static void
has_left(struct process *p)
{
	struct supervisor *s = p->supervisor;

	if (!p->leaving)
		return;
	p->leaving = false;
	if (--s->leaving == 0)
		report(s, true);
}

/* All of the new generation is ready: the old one drains. */
static void
commit(struct supervisor *s)
{
	listeners_commit(&s->listeners);
	for (struct process *p = s->processes; p != NULL; p = p->next)
		if (p->state == PROCESS_READY)
			process_serve(p);
		else if (p->state != PROCESS_DRAINING &&
		    p->generation != s->number && !p->role->in_place) {
			p->leaving = p->role->retires;
			s->leaving += p->leaving;
			drain(p, true);
		} else if (p->generation != s->number && p->role->in_place &&
		    p->state == PROCESS_SERVING)
			process_configure(p, &s->files);
	if (s->next != NULL) {
		layout_events(s->next, s->files.log, s->files.json);
		generation_free(s->now);
		s->now = s->next;
		s->next = NULL;
	}
	s->served = true;
	event_info(
	    &by, "generation %u serves, configuration %s", s->number, s->dir);
	if (s->leaving == 0)
		report(s, true);
}

static struct backoff *
backoff_of(struct supervisor *s, const struct role *role)
{
	return &s->backoffs[role - process_roles()];
}

static void
start_again(struct loop_timer *timer)
{
	struct backoff *b = (struct backoff *)(void *)timer;
	struct supervisor *s = b->supervisor;
	struct err err;

	if (s->stopping || process_find(s->processes, b->role))
		return;
	if (!start(s, b->role, false, &err)) {
		event_warning(&by, "%s: %s", b->role->name, err.text);
		loop_timer_set(s->loop, timer, clock_mono() + CLOCK_SECOND);
	}
}

static void
start_role(struct supervisor *s, const struct role *role, int64_t when)
{
	struct backoff *b = backoff_of(s, role);

	b->supervisor = s;
	b->role = role;
	b->timer.fire = start_again;
	loop_timer_set(s->loop, &b->timer, when);
}

/* Something of the new generation cannot serve: nothing changes, and if it is
 * the first one, there is nothing to do.  A role that died meanwhile, and was
 * started as one of the new generation, must be started once more. */
static void
give_up(struct supervisor *s)
{
	size_t n = s->said.len;

	s->stopping = s->stopping || !s->served;
	for (struct process *p = s->processes; p != NULL; p = p->next)
		if (p->state == PROCESS_STARTING || p->state == PROCESS_READY) {
			/* It may wait for the word, and for nothing else. */
			(void)shutdown(p->control.fd, SHUT_WR);
			drain(p, false);
		}
	listeners_abort(&s->listeners);
	generation_free(s->next);
	s->next = NULL;
	for (const struct role *r = process_roles(); r->name != NULL; r++)
		if (!s->stopping && !process_find(s->processes, r))
			start_role(s, r, clock_mono());
	while (n > 0 && s->said.data[n - 1] == '\n')
		n--;
	event_warning(&by, "generation %u is refused: %.*s", s->number,
	    n > 0 ? (int)n : INT_MAX,
	    n > 0 ? s->said.data : "a role did not become ready");
	report(s, false);
}

static bool
all_ready(const struct supervisor *s)
{
	for (const struct process *p = s->processes; p != NULL; p = p->next)
		if (p->state == PROCESS_STARTING)
			return false;
	return true;
}

/* A role died that should serve: a new one takes its place, at once if the
 * old one had lived for a while. */
static void
restart_later(struct supervisor *s, const struct process *p)
{
	struct backoff *b = backoff_of(s, p->role);
	int64_t when = clock_mono();

	if (when - p->started > 10 * CLOCK_SECOND)
		b->failures = 0;
	if (b->failures > 0)
		when += CLOCK_SECOND / 8 << (b->failures < 8 ? b->failures : 8);
	start_role(s, p->role, when);
	b->failures++;
}

static void
role_ended(struct loop_fd *watch, unsigned what)
{
	struct process *p = of_exit(watch), **place;
	struct supervisor *s = p->supervisor;
	enum process_state state = p->state;
	int status = 0;

	(void)what;
	if (waitpid(p->pid, &status, WNOHANG) != p->pid)
		return;
	/* What it said last, why it cannot serve, say, is still to be read. */
	if (state == PROCESS_STARTING)
		role_spoke(&p->control, LOOP_READ);
	state = p->state;
	loop_forget(s->loop, &p->exit);
	loop_forget(s->loop, &p->control);
	loop_timer_cancel(s->loop, &p->limit);
	for (place = &s->processes; *place != p; place = &(*place)->next)
		;
	*place = p->next;
	has_left(p);
	if (state != PROCESS_DRAINING)
		process_log_end(p, status);
	if (state == PROCESS_SERVING && !s->stopping) {
		restart_later(s, p);
	} else if (!s->stopping &&
	    (state == PROCESS_STARTING || state == PROCESS_READY)) {
		if (s->next != NULL || s->ready >= 0)
			give_up(s);
		else if (!process_find(s->processes, p->role))
			restart_later(s, p);
	}
	if (s->stopping && s->processes == NULL)
		loop_stop(s->loop);
	process_free(p);
}

/* A role says that it is ready, or why it cannot be. */
static void
role_spoke(struct loop_fd *watch, unsigned what)
{
	struct process *p = (struct process *)(void *)((char *)watch -
	    offsetof(struct process, control));
	struct supervisor *s = p->supervisor;
	char text[HANDOVER_TEXT];
	ssize_t n;

	(void)what;
	while ((n = recv(watch->fd, text, sizeof text - 1, 0)) > 0) {
		text[n] = '\0';
		if (text[1] != '\0')
			buf_printf(&s->said, "%s\n", text + 1);
		if (text[0] == 'D')
			has_left(p);
		if (text[0] != 'R' || p->state != PROCESS_STARTING)
			continue;
		p->state = PROCESS_READY;
		loop_timer_cancel(s->loop, &p->limit);
		if (s->next == NULL && s->ready < 0) {
			/* In place of one that died. */
			if (s->said.len > 0)
				event_warning(
				    &by, "%s: %s", p->role->name, s->said.data);
			buf_reset(&s->said);
			process_serve(p);
		} else if (all_ready(s)) {
			commit(s);
		}
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

/* Read the configuration anew. */
static bool
reload(void *supervisor, void (*done)(void *arg, bool good, const char *text),
    void *arg, struct err *err)
{
	struct supervisor *s = supervisor;
	struct generation *g;

	if (s->next != NULL || s->leaving > 0 || s->ready >= 0 || s->stopping) {
		err_set(err, "a start, reload or stop is under way");
		return false;
	}
	g = generation_read(s->dir, err);
	if (g == NULL) {
		event_warning(&by, "reload: %s", err->text);
		return false;
	}
	if (listeners_open(&s->listeners, &g->master, g->base.inet_interfaces,
		g->base.inet_protocols, layout_loops(g), err) != 0) {
		generation_free(g);
		event_warning(&by, "reload: %s", err->text);
		return false;
	}
	s->next = g;
	s->number++;
	s->done = done;
	s->done_arg = arg;
	for (const struct role *r = process_roles(); r->name != NULL; r++)
		if (!r->in_place && !start(s, r, true, err)) {
			buf_puts(&s->said, err->text);
			give_up(s);
			return true;
		}
	return true;
}

static void
reload_logged(void *arg, bool good, const char *text)
{
	(void)arg;
	if (good && text[0] != '\0')
		event_warning(&by, "reload: %s", text);
}

static void
stop(void *supervisor)
{
	struct supervisor *s = supervisor;

	if (s->stopping)
		return;
	event_info(&by, "stopping");
	s->stopping = true;
	for (struct process *p = s->processes; p != NULL; p = p->next)
		drain(p, false);
	if (s->processes == NULL)
		loop_stop(s->loop);
}

static const char *const state_names[] = {
	[PROCESS_STARTING] = "starting",
	[PROCESS_READY] = "ready",
	[PROCESS_SERVING] = "serving",
	[PROCESS_DRAINING] = "draining",
};

static void
tell_status(void *supervisor, struct buf *out)
{
	struct supervisor *s = supervisor;
	int64_t now = clock_mono();

	buf_printf(out, "configuration %s, generation %u, pid %d\n", s->dir,
	    s->number, (int)getpid());
	for (const struct process *p = s->processes; p != NULL; p = p->next)
		buf_printf(out,
		    "%-8s pid %-7d generation %-3u %-8s for %lld s\n",
		    p->role->name, (int)p->pid, p->generation,
		    state_names[p->state],
		    (long long)((now - p->started) / CLOCK_SECOND));
	for (const struct listener *l = s->listeners.list; l != NULL;
	     l = l->next)
		if (l->next == NULL ||
		    strcmp(l->next->service, l->service) != 0 ||
		    strcmp(l->next->host, l->host) != 0)
			buf_printf(out, "listens on [%s]:%s for %s\n",
			    l->host[0] != '\0' ? l->host : "::", l->port,
			    l->service);
}

static void
open_logs_again(struct supervisor *s)
{
	struct err err;

	if (layout_logs(s->now, &s->files.log, &s->files.json, &err) != 0) {
		event_warning(&by, "%s", err.text);
		return;
	}
	for (struct process *p = s->processes; p != NULL; p = p->next)
		process_logs(p, &s->files);
}

static void
signalled(struct loop_fd *watch, unsigned what)
{
	struct supervisor *s = (struct supervisor *)(void *)((char *)watch -
	    offsetof(struct supervisor, signals));
	struct signalfd_siginfo info;
	struct err err;

	(void)what;
	while (read(watch->fd, &info, sizeof info) == sizeof info)
		switch (info.ssi_signo) {
		case SIGHUP:
			if (!reload(s, reload_logged, NULL, &err))
				event_warning(&by, "%s", err.text);
			break;
		case SIGUSR1:
			open_logs_again(s);
			break;
		case SIGTERM:
		case SIGINT:
			stop(s);
			break;
		default:
			break;
		}
}

static int
watch_signals(struct supervisor *s)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGUSR1);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGINT);
	(void)sigaddset(&set, SIGCHLD);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	s->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	s->signals.ready = signalled;
	if (s->signals.fd < 0)
		return -1;
	loop_watch(s->loop, &s->signals);
	return 0;
}

static const struct control_ops control_ops = { reload, stop, tell_status };

/* All that must be there before the first role starts. */
static int
prepare(struct supervisor *s, struct err *err)
{
	const char *const *names = process_sockets();

	s->now = generation_read(s->dir, err);
	if (s->now == NULL || layout_directories(s->now, err) != 0 ||
	    (s->lock = layout_lock(s->now, err)) < 0 ||
	    layout_logs(s->now, &s->files.log, &s->files.json, err) != 0 ||
	    listeners_open(&s->listeners, &s->now->master,
		s->now->base.inet_interfaces, s->now->base.inet_protocols,
		layout_loops(s->now), err) != 0)
		return -1;
	for (size_t i = 0; names[i] != NULL; i++) {
		s->sockets[i] = layout_socket(s->now, names[i], err);
		if (s->sockets[i] < 0)
			return -1;
	}
	s->control = control_open(s->loop, generation_socket(s->now, "control"),
	    &control_ops, s, err);
	return s->control != NULL ? 0 : -1;
}

/* Let go of all but the roles, which have ended. */
static void
release(struct supervisor *s)
{
	const char *const *names = process_sockets();

	control_close(s->control);
	if (s->number > 0)
		layout_remove(s->now);
	listeners_close(&s->listeners);
	for (size_t i = 0; names[i] != NULL; i++)
		if (s->sockets[i] > 0)
			(void)close(s->sockets[i]);
	for (size_t i = 0; i < MOST_ROLES; i++)
		loop_timer_cancel(s->loop, &s->backoffs[i].timer);
	loop_forget(s->loop, &s->signals);
	(void)close(s->signals.fd);
	loop_free(s->loop);
	generation_free(s->now);
	buf_free(&s->said);
	if (s->lock >= 0)
		(void)close(s->lock);
}

int
supervisor_run(const char *dir, int ready, bool marked)
{
	struct supervisor s = {
		.dir = dir, .ready = ready, .marked = marked, .lock = -1
	};
	struct err err = { 0 };

	s.files = (struct process_files){ .log = -1,
		.json = -1,
		.listeners = &s.listeners,
		.sockets = s.sockets };
	s.loop = loop_new();
	if (watch_signals(&s) != 0)
		fatal("signalfd: %s", err_errno(errno));
	if (prepare(&s, &err) != 0) {
		buf_puts(&s.said, err.text);
		buf_putc(&s.said, '\n');
		report(&s, false);
		release(&s);
		return EX_CONFIG;
	}
	s.number = 1;
	layout_events(s.now, s.files.log, s.files.json);
	event_info(&by, "daemon started -- configuration %s", dir);
	for (const struct role *r = process_roles(); r->name != NULL; r++)
		if (!start(&s, r, false, &err)) {
			buf_puts(&s.said, err.text);
			give_up(&s);
			break;
		}
	if (s.processes != NULL)
		loop_run(s.loop);
	event_info(&by, "stopped");
	event_flush();
	release(&s);
	return s.served ? 0 : EX_CONFIG;
}
