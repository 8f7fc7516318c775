/* spawner.c - see spawner.h. */
#include "delivery/spawner.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/spawn.h"
#include "delivery/program.h"

/* A program that runs. */
struct running {
	struct running *next;
	const struct spawn_service *service;
	pid_t pid;
	int64_t deadline;
};

struct spawner {
	struct spawner_settings settings;
	struct running *first;
};

static const struct event_by by = { .program = "spawn" };

struct spawner *
spawner_open(const struct spawner_settings *settings)
{
	struct spawner *s = calloc(1, sizeof *s);

	if (s == NULL)
		fatal("out of memory");
	s->settings = *settings;
	return s;
}

void
spawner_close(struct spawner *s)
{
	struct running *r;

	while ((r = s->first) != NULL) {
		s->first = r->next;
		free(r);
	}
	free(s);
}

static size_t
count(const struct spawner *s, const struct spawn_service *service)
{
	size_t n = 0;

	for (const struct running *r = s->first; r != NULL; r = r->next)
		n += r->service == service;
	return n;
}

void
spawner_poll(const struct spawner *s, struct pollfd *p)
{
	for (size_t i = 0; i < s->settings.count; i++) {
		const struct spawner_listener *l = &s->settings.listeners[i];
		bool room = count(s, l->service) < l->service->most;

		p[i] = (struct pollfd){ .fd = room ? l->fd : -1,
			.events = POLLIN };
	}
}

/* The pid, or -1 and the reason. */
static pid_t
start(const struct spawner *s, const struct spawn_service *service, int fd,
    struct err *err)
{
	struct arena *arena = arena_new();
	struct spawn_fd fds[] = { { fd, 0 }, { fd, 1 }, { fd, 2 } };
	struct spawn spawn = { .path = program_find(service->argv[0], arena),
		.argv = service->argv,
		.envp = s->settings.envp,
		.fds = fds,
		.nfds = 3,
		.directory = s->settings.directory,
		.session = true,
		/* Started by an ordinary user, we are that user and stay it. */
		.become = geteuid() == 0 };
	const char *why = spawn.become
	    ? owner_find(&service->owner, &spawn.uid, &spawn.gid, arena)
	    : NULL;
	pid_t pid = -1;

	if (why != NULL)
		err_set(err, "%s", why);
	else
		pid = spawn_run(&spawn, err);
	arena_free(arena);
	return pid;
}

static void
take(struct spawner *s, const struct spawner_listener *l)
{
	int fd = accept4(l->fd, NULL, NULL, SOCK_CLOEXEC);
	struct err err = { { 0 } };
	struct running *r;
	pid_t pid;

	if (fd < 0)
		return;
	pid = start(s, l->service, fd, &err);
	(void)close(fd);
	if (pid < 0) {
		event_warning(&by, "%s: %s", l->service->name, err.text);
		return;
	}
	r = calloc(1, sizeof *r);
	if (r == NULL)
		fatal("out of memory");
	*r = (struct running){ .next = s->first,
		.service = l->service,
		.pid = pid,
		.deadline = clock_mono() + l->service->time_limit };
	s->first = r;
}

void
spawner_serve(struct spawner *s, const struct pollfd *p)
{
	for (size_t i = 0; i < s->settings.count; i++)
		if (p[i].revents != 0)
			take(s, &s->settings.listeners[i]);
}

bool
spawner_ended(struct spawner *s, pid_t pid, int status)
{
	struct running **at = &s->first, *r;

	while (*at != NULL && (*at)->pid != pid)
		at = &(*at)->next;
	r = *at;
	if (r == NULL)
		return false;
	if (WIFSIGNALED(status))
		event_warning(&by, "command %s killed by signal %d",
		    r->service->argv[0], WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		event_warning(&by, "command %s exit status %d",
		    r->service->argv[0], WEXITSTATUS(status));
	*at = r->next;
	free(r);
	return true;
}

int64_t
spawner_kill_late(struct spawner *s)
{
	int64_t now = clock_mono(), next = INT64_MAX;

	for (struct running *r = s->first; r != NULL; r = r->next) {
		if (r->deadline <= now) {
			(void)kill(-r->pid, SIGKILL);
			r->deadline = INT64_MAX;
		}
		next = r->deadline < next ? r->deadline : next;
	}
	return next;
}
