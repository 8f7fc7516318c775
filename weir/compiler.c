/* compiler.c - see compiler.h. */
#include "weir/compiler.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/loop.h"
#include "weir/generation.h"
#include "weir/process.h"
#include "weir/rollout.h"

enum { MOST_WAITING = 128 };

struct compiler {
	struct rollout *rollout;
	struct process *process; /* NULL: nothing to do */
	int waiting[MOST_WAITING];
	size_t count;
};

static const struct event_by by = { .program = "master" };

static const struct role role = {
	.name = "patterns",
	.command = "role-patterns",
	.request = true,
};

static void begin_next(struct compiler *c);

/* The compiler has one process at a time, so it is known whose exit this is. */
static struct compiler *
of_exit(struct loop_fd *watch)
{
	struct process *p = (struct process *)(void *)((char *)watch -
	    offsetof(struct process, exit));

	return p->owner;
}

static void
forget_process(struct compiler *c)
{
	loop_forget(c->rollout->loop, &c->process->exit);
	process_free(c->process);
	c->process = NULL;
}

static void
ended(struct loop_fd *watch, unsigned what)
{
	struct compiler *c = of_exit(watch);
	int status = 0;

	(void)what;
	if (waitpid(c->process->pid, &status, WNOHANG) != c->process->pid)
		return;
	process_log_end(c->process, status);
	forget_process(c);
	begin_next(c);
}

static bool
begin(struct compiler *c, int request, struct err *err)
{
	struct rollout *r = c->rollout;
	struct process_files files = r->files;

	files.request = request;
	files.config = generation_share(r->now, err);
	if (files.config < 0)
		return false;
	c->process = process_start(&role, r->dir, false, &files, err);
	if (c->process == NULL)
		return false;
	c->process->owner = c;
	c->process->exit.ready = ended;
	loop_watch(r->loop, &c->process->exit);
	return true;
}

static void
begin_next(struct compiler *c)
{
	struct err err = { 0 };
	int request;

	while (c->process == NULL && c->count > 0 && !c->rollout->stopping) {
		request = c->waiting[0];
		memmove(&c->waiting[0], &c->waiting[1],
		    --c->count * sizeof c->waiting[0]);
		if (!begin(c, request, &err))
			event_warning(&by, "patterns: %s", err.text);
		(void)close(request);
	}
}

struct compiler *
compiler_new(struct rollout *rollout)
{
	struct compiler *c = calloc(1, sizeof *c);

	if (c == NULL)
		fatal("out of memory");
	c->rollout = rollout;
	return c;
}

void
compiler_free(struct compiler *c)
{
	int status;

	if (c == NULL)
		return;
	if (c->process != NULL) {
		(void)kill(c->process->pid, SIGKILL);
		(void)waitpid(c->process->pid, &status, 0);
		forget_process(c);
	}
	while (c->count > 0)
		(void)close(c->waiting[--c->count]);
	free(c);
}

void
compiler_give(void *compiler, int fd)
{
	struct compiler *c = compiler;

	if (c->count == MOST_WAITING) {
		(void)close(fd);
		return;
	}
	c->waiting[c->count++] = fd;
	begin_next(c);
}

void
compiler_status(const struct compiler *c, struct buf *out)
{
	if (c->process != NULL)
		buf_printf(out,
		    "%-8s pid %-7d compiles patterns, %zu more wait\n",
		    c->process->role->name, (int)c->process->pid, c->count);
}
