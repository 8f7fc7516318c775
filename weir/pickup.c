/* pickup.c - see pickup.h. */
#include "weir/pickup.h"

#include <signal.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sysexits.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/loop.h"
#include "weir/generation.h"
#include "weir/maildrop.h"
#include "weir/process.h"
#include "weir/rollout.h"

enum { IDLE_S = 60 }; /* where there is no service, or it is never woken */

struct pickup {
	struct rollout *rollout;
	struct process *process; /* NULL: nothing to do */
	struct loop_timer timer;
	struct timespec seen; /* change of the directory that was dealt with */
};

static const struct event_by by = { .program = "master" };

static const struct role role = {
	.name = "maildrop",
	.command = "role-maildrop",
	.stays_root = true,
};

static void
set_timer(struct pickup *p)
{
	long seconds = maildrop_seconds(p->rollout->now);

	loop_timer_set(p->rollout->loop, &p->timer,
	    clock_mono() + (seconds > 0 ? seconds : IDLE_S) * CLOCK_SECOND);
}

static void
forget_process(struct pickup *p)
{
	loop_forget(p->rollout->loop, &p->process->exit);
	process_free(p->process);
	p->process = NULL;
}

static void
ended(struct loop_fd *watch, unsigned what)
{
	struct process *process = (struct process *)(void *)((char *)watch -
	    offsetof(struct process, exit));
	struct pickup *p = process->owner;
	int status = 0;

	(void)what;
	if (waitpid(process->pid, &status, WNOHANG) != process->pid)
		return;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != EX_TEMPFAIL)
		process_log_end(process, status);
	/* It has not done all: look again, whatever happens there. */
	if (status != 0)
		p->seen = (struct timespec){ 0 };
	forget_process(p);
}

static void
begin(struct pickup *p)
{
	struct rollout *r = p->rollout;
	struct process_files files = r->files;
	struct err err = { 0 };

	files.config = generation_share(r->now, &err);
	if (files.config >= 0)
		p->process = process_start(&role, r->dir, false, &files, &err);
	if (p->process == NULL) {
		event_warning(&by, "maildrop: %s", err.text);
		return;
	}
	p->process->owner = p;
	p->process->exit.ready = ended;
	loop_watch(r->loop, &p->process->exit);
}

void
pickup_look(struct pickup *p)
{
	const struct generation *g = p->rollout->now;
	struct stat st;

	set_timer(p);
	if (p->process != NULL || p->rollout->stopping || !p->rollout->served ||
	    maildrop_service(g) == NULL || stat(maildrop_path(g), &st) != 0)
		return;
	/* An end of that process that was no good one forgets it. */
	if (st.st_mtim.tv_sec == p->seen.tv_sec &&
	    st.st_mtim.tv_nsec == p->seen.tv_nsec)
		return;
	p->seen = st.st_mtim;
	begin(p);
}

static void
fire(struct loop_timer *timer)
{
	pickup_look((struct pickup *)(void *)((char *)timer -
	    offsetof(struct pickup, timer)));
}

struct pickup *
pickup_new(struct rollout *rollout)
{
	struct pickup *p = calloc(1, sizeof *p);

	if (p == NULL)
		fatal("out of memory");
	p->rollout = rollout;
	p->timer.fire = fire;
	return p;
}

void
pickup_free(struct pickup *p)
{
	int status;

	if (p == NULL)
		return;
	loop_timer_cancel(p->rollout->loop, &p->timer);
	if (p->process != NULL) {
		(void)kill(p->process->pid, SIGKILL);
		(void)waitpid(p->process->pid, &status, 0);
		forget_process(p);
	}
	free(p);
}
