/* process.c - see process.h. */
#include "weir/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/master.h"
#include "base/spawn.h"
#include "weir/handover.h"
#include "weir/listeners.h"

/* clang-format off */
static const struct role roles[] = {
	{ .name = "queue", .command = "role-queue",
	  .sockets = { "queue", "admin" }, .in_place = true },
	{ .name = "local", .command = "role-local",
	  .sockets = { "local" }, .serves = { "spawn" }, .stays_root = true },
	{ .name = "auth", .command = "role-auth", .sockets = { "auth" },
	  .helps = true },
	{ .name = "deliver", .command = "role-deliver" },
	{ .name = "proxy", .command = "role-proxy",
	  .serves = { "smtpd", "lmtpd", "pickup" },
	  .retires = true },
	{ .name = "policy", .command = "role-policy", .serves = { "policy" },
	  .retires = true, .on_demand = true },
	/* libmilter has one listener, and takes SIGTERM itself. */
	{ .name = "milter", .command = "role-milter", .serves = { "milter" },
	  .retires = true, .on_demand = true, .each = true, .stop = SIGQUIT },
	{ .name = NULL },
};
/* clang-format on */

static const char *const sockets[] = { "queue", "admin", "local", "auth",
	NULL };

const struct role *
process_roles(void)
{
	return roles;
}

const char *const *
process_sockets(void)
{
	return sockets;
}

/* The arguments and descriptors of a process about to be started. */
struct plan {
	char *argv[2 * HANDOVER_MOST + 8];
	size_t argc;
	char text[HANDOVER_MOST][128];
	struct spawn_fd fds[HANDOVER_MOST + 8];
	size_t nfds, named;
};

static void
plan_arg(struct plan *plan, const char *text)
{
	/* exec does not change its arguments; argv is char * by history. */
	memcpy(&plan->argv[plan->argc++], &text, sizeof text);
}

static void
plan_fd(struct plan *plan, const char *prefix, const char *name, int fd)
{
	int to = HANDOVER_FIRST + (int)plan->named;

	if (plan->named == HANDOVER_MOST)
		return;
	(void)snprintf(plan->text[plan->named], sizeof plan->text[plan->named],
	    "%s%s=%d", prefix, name, to);
	plan_arg(plan, "-f");
	plan_arg(plan, plan->text[plan->named++]);
	plan->fds[plan->nfds++] = (struct spawn_fd){ fd, to };
}

static bool
serves(const struct role *role, const char *command)
{
	for (size_t i = 0; role->serves[i] != NULL; i++)
		if (strcmp(role->serves[i], command) == 0)
			return true;
	return false;
}

bool
process_wanted(
    const struct role *role, const struct master *master, const char *only)
{
	const struct role *of = role;

	/* It is of use where the one that runs alone runs at all. */
	if (only != NULL && role->helps)
		for (of = roles; of->name != NULL; of++)
			if (strcmp(of->name, only) == 0)
				break;
	if (of->name == NULL || (only != NULL && strcmp(of->name, only) != 0))
		return false;
	if (!of->on_demand)
		return true;
	for (size_t i = 0; i < master->count; i++)
		if (serves(of, master->services[i].command))
			return true;
	return false;
}

bool
process_listens(const char *name, const struct master *master, const char *only)
{
	for (const struct role *role = roles; role->name != NULL; role++)
		for (size_t i = 0; i < 3 && role->sockets[i] != NULL; i++)
			if (strcmp(role->sockets[i], name) == 0)
				return process_wanted(role, master, only);
	return false;
}

bool
process_serves(
    const struct role *role, const struct master *master, const char *service)
{
	struct arena *arena = arena_new();
	bool found = false;

	for (size_t i = 0; i < master->count && !found; i++)
		found = serves(role, master->services[i].command) &&
		    strcmp(process_service(arena, &master->services[i]),
			service) == 0;
	arena_free(arena);
	return found;
}

const char *
process_service(struct arena *arena, const struct master_service *s)
{
	return arena_printf(
	    arena, "%s:%s", s->type == MASTER_INET ? "inet" : "unix", s->name);
}

static const char *
kind_of(const struct listener *l)
{
	return l->path != NULL ? "unix:" : "inet:";
}

/* ${l} listens for the service called ${name}. */
static bool
is_of(const struct listener *l, const char *name)
{
	size_t n = strlen(kind_of(l));

	return strncmp(name, kind_of(l), n) == 0 &&
	    strcmp(name + n, l->service) == 0;
}

static void
plan_role(struct plan *plan, const struct role *role,
    const struct process_files *files)
{
	for (size_t i = 0; i < 3 && role->sockets[i] != NULL; i++)
		for (size_t k = 0; sockets[k] != NULL; k++)
			if (strcmp(sockets[k], role->sockets[i]) == 0)
				plan_fd(
				    plan, "", sockets[k], files->sockets[k]);
	if (role->request)
		plan_fd(plan, "", "request", files->request);
	for (const struct listener *l = files->listeners->list; l != NULL;
	     l = l->next)
		if (l->wanted && serves(role, l->command) &&
		    (files->service == NULL || is_of(l, files->service)))
			plan_fd(plan, kind_of(l), l->service, l->fd);
}

static pid_t
run(const struct role *role, const char *dir, bool strict,
    const struct process_files *files, int control, struct err *err)
{
	struct plan *plan = calloc(1, sizeof *plan);
	struct spawn spawn = { .path = "/proc/self/exe", .session = true };
	pid_t pid;

	if (plan == NULL)
		fatal("out of memory");
	plan_arg(plan, "weir");
	plan_arg(plan, role->command);
	plan_arg(plan, "-c");
	plan_arg(plan, dir);
	if (strict)
		plan_arg(plan, "-s");
	if (files->doubt)
		plan_arg(plan, "-d");
	plan->fds[plan->nfds++] = (struct spawn_fd){ 0, 0 };
	plan->fds[plan->nfds++] = (struct spawn_fd){ 1, 1 };
	plan->fds[plan->nfds++] = (struct spawn_fd){ 2, 2 };
	plan->fds[plan->nfds++] =
	    (struct spawn_fd){ control, HANDOVER_CONTROL };
	if (files->log >= 0)
		plan->fds[plan->nfds++] =
		    (struct spawn_fd){ files->log, HANDOVER_LOG };
	if (files->json >= 0)
		plan->fds[plan->nfds++] =
		    (struct spawn_fd){ files->json, HANDOVER_JSON };
	plan->fds[plan->nfds++] =
	    (struct spawn_fd){ files->config, HANDOVER_CONFIG };
	plan_role(plan, role, files);
	spawn.argv = plan->argv;
	spawn.envp = environ;
	spawn.fds = plan->fds;
	spawn.nfds = plan->nfds;
	pid = spawn_run(&spawn, err);
	free(plan);
	return pid;
}

/* A descriptor that tells when ${pid} ends; without one it is ended at once. */
static int
watch_exit(pid_t pid, struct err *err)
{
	int fd = (int)syscall(SYS_pidfd_open, pid, 0);

	if (fd >= 0) {
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		return fd;
	}
	err_set(err, "pidfd_open: %s", err_errno(errno));
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		continue;
	return -1;
}

struct process *
process_start(const struct role *role, const char *dir, bool strict,
    const struct process_files *files, struct err *err)
{
	struct process *p;
	int pair[2], exit_fd;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK,
		0, pair) != 0) {
		err_set(err, "socketpair: %s", err_errno(errno));
		return NULL;
	}
	/* The role waits for words; we never do. */
	(void)fcntl(pair[1], F_SETFL, 0);
	pid = run(role, dir, strict, files, pair[1], err);
	(void)close(pair[1]);
	if (pid < 0)
		goto err0;
	if ((exit_fd = watch_exit(pid, err)) < 0)
		goto err0;
	p = calloc(1, sizeof *p);
	if (p == NULL)
		fatal("out of memory");
	p->role = role;
	p->service = files->service;
	p->pid = pid;
	p->started = clock_mono();
	p->control.fd = pair[0];
	p->exit.fd = exit_fd;
	return p;
err0:
	(void)close(pair[0]);
	return NULL;
}

/* The same service, or none. */
static bool
same_service(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

bool
process_find(
    const struct process *list, const struct role *role, const char *service)
{
	for (; list != NULL; list = list->next)
		if (list->role == role &&
		    same_service(list->service, service) &&
		    list->state != PROCESS_DRAINING)
			return true;
	return false;
}

void
process_log_end(const struct process *p, int status)
{
	static const struct event_by by = { .program = "master" };

	if (WIFSIGNALED(status))
		event_warning(&by, "process weir/%s pid %d killed by signal %d",
		    p->role->name, (int)p->pid, WTERMSIG(status));
	else if (WEXITSTATUS(status) != 0)
		event_warning(&by, "process weir/%s pid %d exit status %d",
		    p->role->name, (int)p->pid, WEXITSTATUS(status));
}

void
process_free(struct process *p)
{
	(void)close(p->exit.fd);
	(void)close(p->control.fd);
	free(p);
}

void
process_serve(struct process *p)
{
	ssize_t n;

	do
		n = send(p->control.fd, "S", 1, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	/* One that does not hear it has to make place for one that does. */
	if (n != 1)
		(void)kill(p->pid, SIGKILL);
	p->state = PROCESS_SERVING;
}

/* Send descriptors, and say so with a signal. */
static void
send_fds(const struct process *p, char what, const int *fds, size_t n, int sig)
{
	union {
		struct cmsghdr align;
		char space[CMSG_SPACE(2 * sizeof(int))];
	} control = { 0 };
	struct iovec iov = { &what, 1 };
	struct msghdr msg = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.space,
		.msg_controllen = CMSG_SPACE(n * sizeof(int)) };

	must(n <= 2);
	control.align = (struct cmsghdr){
		.cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
		.cmsg_len = CMSG_LEN(n * sizeof(int)),
	};
	memcpy(CMSG_DATA(&control.align), fds, n * sizeof(int));
	if (sendmsg(p->control.fd, &msg, MSG_NOSIGNAL) > 0)
		(void)kill(p->pid, sig);
}

void
process_logs(struct process *p, const struct process_files *files)
{
	int fds[2];
	size_t n = 0;

	if (files->log >= 0)
		fds[n++] = files->log;
	if (files->json >= 0)
		fds[n++] = files->json;
	if (n > 0)
		send_fds(p, files->log >= 0 ? 'L' : 'J', fds, n, SIGUSR1);
}

void
process_configure(struct process *p, const struct process_files *files)
{
	send_fds(p, 'C', &files->config, 1, SIGHUP);
}
