/* local_role.c - see local_role.h. */
#include "delivery/local_role.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/frame.h"
#include "base/spawn.h"
#include "base/stream.h"
#include "delivery/local_command.h"
#include "delivery/local_files.h"
#include "delivery/local_read.h"
#include "delivery/local_run.h"
#include "delivery/mailbox.h"
#include "delivery/pipe_request.h"
#include "delivery/pipe_run.h"
#include "delivery/spawner.h"

enum {
	CHILD_SOCKET = 3,
	USUAL_MOST = 50,
	TIME_LIMIT = 580, /* s; less than the deliver role's patience */
	PAUSE = 1000,     /* ms after a failed accept() or fork() */
	TICK = 10,        /* ms */
};

/* The frame at the start of a delivery. */
static bool
read_request(struct stream *in, struct arena *arena, struct frame *frame)
{
	char header[FRAME_HEADER], *all;
	size_t used, len;

	if (stream_read(in, header, sizeof header) != STREAM_OK ||
	    (len = frame_length(header)) > FRAME_MOST)
		return false;
	all = arena_alloc(arena, FRAME_HEADER + len);
	memcpy(all, header, sizeof header);
	return stream_read(in, all + FRAME_HEADER, len) == STREAM_OK &&
	    frame_get(all, FRAME_HEADER + len, frame, &used) == FRAME_ONE;
}

/*
 * Be the owner of the mailbox and nobody else.  In a spool directory that
 * belongs to a group (/var/mail), files and locks are made with the rights of
 * that group, so that root is not needed for it.  Started by an ordinary user,
 * we are that user and stay it.
 */
static int
become(const struct mailbox *m)
{
	gid_t gid = (gid_t)m->gid;
	struct stat st;

	if (geteuid() != 0)
		return 0;
	if (m->spool && stat(m->base, &st) == 0 &&
	    (st.st_mode & (S_IWGRP | S_IWOTH)) == S_IWGRP && st.st_gid != 0)
		gid = st.st_gid;
	return spawn_become((uid_t)m->uid, gid);
}

static void
limit_self(void)
{
	struct rlimit none = { 0, 0 };
	struct sigaction ignore = { .sa_handler = SIG_IGN };

	(void)umask(077);
	(void)setrlimit(RLIMIT_CORE, &none);
	(void)sigaction(SIGPIPE, &ignore, NULL);
	(void)sigaction(SIGXFSZ, &ignore, NULL);
}

/* Take the rest of a message that was refused early: a socket that is closed
 * with input in it takes the answer with it. */
static void
drain(struct stream *in)
{
	char part[4096];

	while (stream_read(in, part, sizeof part) == STREAM_OK)
		continue;
}

static bool
write_mailbox(const struct frame *frame, struct stream *in, struct arena *arena,
    struct mailbox_answer *answer)
{
	struct mailbox m;

	if (!mailbox_parse(frame, arena, &m))
		return false;
	(void)alarm(TIME_LIMIT);
	stream_deadline(in, clock_mono() + TIME_LIMIT * CLOCK_SECOND);
	if (become(&m) == 0)
		mailbox_write(&m, in, arena, answer);
	else
		answer->warning =
		    arena_printf(arena, "cannot become UID/GID=%lu/%lu",
			(unsigned long)m.uid, (unsigned long)m.gid);
	return true;
}

static bool
run_command(const struct local_role *role, const struct frame *frame,
    struct stream *in, struct arena *arena, struct mailbox_answer *answer)
{
	struct pipe_request request;

	if (role->commands == NULL ||
	    !pipe_request_parse(frame, arena, &request))
		return false;
	pipe_run_deliver(role->commands, &request, in, arena, answer);
	return true;
}

static bool
run_local(const struct local_role *role, const struct frame *frame,
    struct stream *in, struct arena *arena, struct mailbox_answer *answer)
{
	struct local_command command;

	if (role->rights == NULL ||
	    !local_command_parse(frame, arena, &command))
		return false;
	local_run_deliver(role->rights, &command, in, arena, answer);
	return true;
}

/* The answer of a delivery in ${out}. */
static bool
deliver(const struct local_role *role, const struct frame *frame,
    struct stream *in, struct arena *arena, struct buf *out)
{
	struct mailbox_answer answer = { .result = MAILBOX_DEFER,
		.dsn = "4.3.0",
		.text = "mail system configuration error",
		.warning = "" };
	bool done;

	if (frame->type == PIPE_REQUEST)
		done = run_command(role, frame, in, arena, &answer);
	else if (frame->type == LOCAL_COMMAND_RUN)
		done = run_local(role, frame, in, arena, &answer);
	else
		done = write_mailbox(frame, in, arena, &answer);
	mailbox_answer_print(&answer, out);
	return done;
}

static bool
read_file(const struct local_role *role, const struct frame *frame,
    struct arena *arena, struct buf *out)
{
	struct local_read request;
	struct local_text answer;

	if (role->rights == NULL || !local_read_parse(frame, arena, &request))
		return false;
	(void)alarm(TIME_LIMIT);
	local_files_read(role->rights, &request, arena, &answer);
	local_read_text_print(&answer, out);
	return true;
}

/* The child: one delivery, or one look into a file. */
static int
serve_one(void *arg)
{
	const struct local_role *role = arg;
	struct arena *arena = arena_new();
	struct stream *in;
	struct frame frame;
	struct buf out = { 0 };

	limit_self();
	in = stream_new(CHILD_SOCKET);
	stream_deadline(in, clock_mono() + TIME_LIMIT * CLOCK_SECOND);
	if (!read_request(in, arena, &frame) ||
	    !(frame.type == LOCAL_READ
		    ? read_file(role, &frame, arena, &out)
		    : deliver(role, &frame, in, arena, &out)))
		return 1;
	stream_deadline(in, clock_mono() + TIME_LIMIT * CLOCK_SECOND);
	stream_put(in, out.data, out.len);
	if (stream_flush(in) != STREAM_OK)
		return 1;
	drain(in);
	return 0;
}

static volatile sig_atomic_t stopping;

static void
on_signal(int signal_)
{
	if (signal_ == SIGTERM)
		stopping = 1;
}

/* The signals are blocked but while we wait, so that none is missed. */
static void
take_signals(sigset_t *waiting)
{
	struct sigaction sa = { .sa_handler = on_signal };
	sigset_t ours;

	(void)sigaction(SIGTERM, &sa, NULL);
	(void)sigaction(SIGCHLD, &sa, NULL);
	(void)sigemptyset(&ours);
	(void)sigaddset(&ours, SIGTERM);
	(void)sigaddset(&ours, SIGCHLD);
	(void)pthread_sigmask(SIG_BLOCK, &ours, waiting);
	(void)sigdelset(waiting, SIGTERM);
	(void)sigdelset(waiting, SIGCHLD);
}

static size_t
reap(size_t children, struct spawner *spawner)
{
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
		if (!spawner_ended(spawner, pid, status))
			children--;
	return children;
}

/* One connection, one child.  1: there is a new child. */
static size_t
serve(struct local_role *role)
{
	int fd = accept4(role->listener, NULL, NULL, SOCK_CLOEXEC);
	struct spawn_fd keep = { .from = fd, .to = CHILD_SOCKET };
	struct err err = { { 0 } };
	pid_t pid;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE || errno == ENOMEM)
			(void)poll(NULL, 0, PAUSE);
		return 0;
	}
	pid = spawn_call(serve_one, role, &keep, 1, &err);
	(void)close(fd);
	if (pid >= 0)
		return 1;
	event_warning(NULL, "%s", err.text);
	(void)poll(NULL, 0, PAUSE);
	return 0;
}

/* Until ${when}, at most; the clock of a test may jump. */
static const struct timespec *
until(int64_t when, struct timespec *ts)
{
	int64_t left;

	if (when == INT64_MAX)
		return NULL;
	left = when - clock_mono();
	if (clock_shared() && left > TICK * CLOCK_MS)
		left = TICK * CLOCK_MS;
	if (left < 0)
		left = 0;
	ts->tv_sec = left / CLOCK_SECOND;
	ts->tv_nsec = left % CLOCK_SECOND;
	return ts;
}

/* What is waited for; programs that are spawned have the rest. */
enum { AT_LISTENER, AT_LIFELINE, AT_SPAWNED };

/* Anything there to be served?  Not if we stop. */
static bool
wait_for_it(const struct local_role *role, struct pollfd *p, nfds_t n,
    int64_t when, const sigset_t *waiting)
{
	struct timespec ts;

	p[AT_LIFELINE] = (struct pollfd){ .fd = -1 };
	if (role->lifeline > 0)
		p[AT_LIFELINE].fd = role->lifeline;
	if (ppoll(p, stopping ? 0 : n, until(when, &ts), waiting) <= 0)
		return false;
	if ((p[AT_LIFELINE].revents & POLLHUP) != 0)
		stopping = 1;
	return !stopping;
}

int
local_role_run(const struct local_role *role)
{
	const struct spawner_settings none = { .count = 0 };
	const struct spawner_settings *spawned =
	    role->spawned != NULL ? role->spawned : &none;
	struct spawner *spawner = spawner_open(spawned);
	struct pollfd *p = calloc(AT_SPAWNED + spawned->count, sizeof *p);
	struct local_role ours = *role;
	size_t children = 0, most = role->most > 0 ? role->most : USUAL_MOST;
	int64_t next = INT64_MAX, end = INT64_MAX;
	sigset_t waiting;

	if (p == NULL)
		fatal("out of memory");
	take_signals(&waiting);
	if (role->ready != NULL)
		role->ready(
		    role->arg, role->warnings != NULL ? role->warnings : "");
	while (!stopping || children > 0 || next != INT64_MAX) {
		p[AT_LISTENER] = (struct pollfd){ .events = POLLIN,
			.fd = children < most ? role->listener : -1 };
		spawner_poll(spawner, p + AT_SPAWNED);
		if (wait_for_it(role, p, AT_SPAWNED + spawned->count,
			next < end ? next : end, &waiting)) {
			if (p[AT_LISTENER].revents != 0)
				children += serve(&ours);
			spawner_serve(spawner, p + AT_SPAWNED);
		}
		children = reap(children, spawner);
		next = spawner_kill_late(spawner);
		if (stopping && end == INT64_MAX && role->drain > 0)
			end = clock_mono() + role->drain;
		if (clock_mono() >= end)
			break;
	}
	spawner_close(spawner);
	free(p);
	return 0;
}
