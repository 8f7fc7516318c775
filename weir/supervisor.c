/* supervisor.c - see supervisor.h. */
#include "weir/supervisor.h"

#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/loop.h"
#include "weir/compiler.h"
#include "weir/control.h"
#include "weir/generation.h"
#include "weir/layout.h"
#include "weir/listeners.h"
#include "weir/pickup.h"
#include "weir/process.h"
#include "weir/rollout.h"

enum { MOST_SOCKETS = 8 };

struct supervisor {
	struct rollout rollout;
	struct control *control;
	struct compiler *compiler;
	struct pickup *pickup;
	struct loop_fd signals;
	int sockets[MOST_SOCKETS];
	int lock;    /* on the pid file */
	int ready;   /* who wants to know that we serve; -1 */
	bool marked; /* with an octet for the outcome */
};

static const struct event_by by = { .program = "master" };

/* How the start went. */
static void
report_start(void *arg, bool good, const char *text)
{
	struct supervisor *s = arg;

	if (good && s->rollout.only == NULL)
		pickup_look(s->pickup);
	if (s->ready < 0)
		return;
	(void)!write(s->ready, text, strlen(text));
	if (s->marked)
		(void)!write(s->ready, good ? "\0" : "\1", 1);
	(void)close(s->ready);
	s->ready = -1;
}

static void
report_reload(void *arg, bool good, const char *text)
{
	(void)arg;
	if (good && text[0] != '\0')
		event_warning(&by, "reload: %s", text);
}

static bool
ask_reload(void *supervisor,
    void (*done)(void *arg, bool good, const char *text), void *arg,
    struct err *err)
{
	struct supervisor *s = supervisor;

	return rollout_reload(&s->rollout, done, arg, err);
}

static void
ask_stop(void *supervisor)
{
	struct supervisor *s = supervisor;

	rollout_stop(&s->rollout);
}

static const char *const state_names[] = {
	[PROCESS_STARTING] = "starting",
	[PROCESS_READY] = "ready",
	[PROCESS_SERVING] = "serving",
	[PROCESS_DRAINING] = "draining",
};

/* Once for all copies of it. */
static void
tell_listener(const struct listener *l, struct buf *out)
{
	if (l->path != NULL)
		buf_printf(out, "listens on %s for %s\n", l->path, l->service);
	else if (l->next == NULL || l->next->host == NULL ||
	    strcmp(l->next->service, l->service) != 0 ||
	    strcmp(l->next->host, l->host) != 0)
		buf_printf(out, "listens on [%s]:%s for %s\n",
		    l->host[0] != '\0' ? l->host : "::", l->port, l->service);
}

static void
ask_status(void *supervisor, struct buf *out)
{
	const struct supervisor *s = supervisor;
	const struct rollout *r = &s->rollout;
	int64_t now = clock_mono();

	buf_printf(out, "configuration %s, generation %u, pid %d\n", r->dir,
	    r->number, (int)getpid());
	for (const struct process *p = r->processes; p != NULL; p = p->next)
		buf_printf(out,
		    "%-8s pid %-7d generation %-3u %-8s for %lld s\n",
		    p->role->name, (int)p->pid, p->generation,
		    state_names[p->state],
		    (long long)((now - p->started) / CLOCK_SECOND));
	compiler_status(s->compiler, out);
	for (const struct listener *l = r->listeners.list; l != NULL;
	     l = l->next)
		tell_listener(l, out);
}

static const struct control_ops control_ops = { ask_reload, ask_stop,
	ask_status };

static void
open_logs_again(struct rollout *r)
{
	struct err err;

	if (layout_logs(r->now, &r->files.log, &r->files.json, &err) != 0) {
		event_warning(&by, "%s", err.text);
		return;
	}
	for (struct process *p = r->processes; p != NULL; p = p->next)
		process_logs(p, &r->files);
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
			if (!rollout_reload(
				&s->rollout, report_reload, NULL, &err))
				event_warning(&by, "%s", err.text);
			break;
		case SIGUSR1:
			open_logs_again(&s->rollout);
			break;
		case SIGTERM:
		case SIGINT:
			rollout_stop(&s->rollout);
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
	loop_watch(s->rollout.loop, &s->signals);
	return 0;
}

/* A role that is to run alone must have a service. */
static int
something_to_do(const struct rollout *r, struct err *err)
{
	const struct role *role = process_roles();

	while (role->name != NULL &&
	    !process_wanted(role, &r->now->master, r->only))
		role++;
	if (role->name != NULL)
		return 0;
	err_set(err, "%s/master.cf has no service with the command %s", r->dir,
	    r->only);
	return -1;
}

/* All that must be there before the first role starts. */
static int
open_listeners(struct rollout *r, struct err *err)
{
	struct listeners_wish wish = layout_wish(r->now);
	int e;

	wish.only = r->only;
	r->listeners.patience = LAYOUT_FORMER;
	e = listeners_open(&r->listeners, &wish, err);
	r->listeners.patience = 0;
	return e;
}

static int
prepare(struct supervisor *s, struct err *err)
{
	const char *const *names = process_sockets();
	struct rollout *r = &s->rollout;
	struct err notices = { 0 };

	r->now = generation_read(r->dir, err);
	if (r->now == NULL || something_to_do(r, err) != 0 ||
	    layout_directories(r->now, err) != 0 ||
	    (s->lock = layout_lock(r->now, err)) < 0 ||
	    layout_logs(r->now, &r->files.log, &r->files.json, err) != 0 ||
	    open_listeners(r, err) != 0)
		return -1;
	for (size_t i = 0; names[i] != NULL; i++) {
		if (!process_listens(names[i], &r->now->master, r->only))
			continue;
		s->sockets[i] = layout_socket(r->now, names[i], err);
		if (s->sockets[i] < 0)
			return -1;
	}
	s->control = control_open(r->loop, generation_socket(r->now, "control"),
	    &control_ops, s, err);
	if (s->control == NULL)
		return -1;
	if (generation_check_notices(r->now, &notices) != 0)
		event_warning(&by,
		    "%s -- notices have the words that are built in",
		    notices.text);
	return 0;
}

/* Let go of all but the roles, which have ended. */
static void
release(struct supervisor *s)
{
	const char *const *names = process_sockets();
	struct rollout *r = &s->rollout;

	control_close(s->control);
	compiler_free(s->compiler);
	pickup_free(s->pickup);
	if (r->number > 0)
		layout_remove(r->now);
	listeners_close(&r->listeners);
	for (size_t i = 0; names[i] != NULL; i++)
		if (s->sockets[i] > 0)
			(void)close(s->sockets[i]);
	loop_forget(r->loop, &s->signals);
	(void)close(s->signals.fd);
	rollout_end(r);
	loop_free(r->loop);
	if (s->lock >= 0)
		(void)close(s->lock);
}

int
supervisor_run(const char *dir, int ready, bool marked, const char *only)
{
	struct supervisor s = { .ready = ready, .marked = marked, .lock = -1 };
	struct rollout *r = &s.rollout;
	struct buf why = { 0 };
	struct err err = { 0 };

	r->dir = dir;
	r->only = only;
	r->loop = loop_new();
	r->files = (struct process_files){ .log = -1,
		.json = -1,
		.config = -1,
		.listeners = &r->listeners,
		.sockets = s.sockets };
	s.compiler = compiler_new(r);
	s.pickup = pickup_new(r);
	r->patterns = compiler_give;
	r->patterns_arg = s.compiler;
	if (watch_signals(&s) != 0)
		fatal("signalfd: %s", err_errno(errno));
	if (prepare(&s, &err) != 0) {
		buf_printf(&why, "%s\n", err.text);
		report_start(&s, false, buf_str(&why));
		buf_free(&why);
		release(&s);
		return EX_CONFIG;
	}
	layout_events(r->now, r->files.log, r->files.json);
	event_info(&by, "daemon started -- configuration %s", dir);
	if (rollout_start(r, report_start, &s))
		loop_run(r->loop);
	event_info(&by, "stopped");
	event_flush();
	release(&s);
	return r->served ? 0 : EX_CONFIG;
}
