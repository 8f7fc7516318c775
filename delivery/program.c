/* program.c - see program.h. */
#include "delivery/program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/spawn.h"
#include "base/stream.h"
#include "base/utf8.h"

enum { PART = 16 * 1024 };

struct running {
	const struct program *program;
	struct stream *in;
	pid_t pid;
	int end;    /* readable when the program has ended; -1: not known */
	int input;  /* the program's; -1: closed */
	int output; /* of the program; -1: closed */
	struct line_copy lines;
	struct buf pending; /* for its input */
	struct buf got;     /* its output */
	uint64_t left;      /* of the message */
	bool finished;      /* all of it is in pending, or was */
	bool cut;
	int64_t deadline;
};

static void
close_end(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

const char *
program_find(const char *name, struct arena *arena)
{
	static const char *const places[] = { "/usr/bin/", "/bin/" };

	if (strchr(name, '/') != NULL)
		return name;
	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
		const char *path = arena_printf(arena, "%s%s", places[i], name);

		if (access(path, X_OK) == 0)
			return path;
	}
	return name;
}

/* 0, or -1 and the reason. */
static int
start(struct running *r, struct arena *arena, struct err *err)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	struct spawn_fd fds[3];
	struct spawn s = { .path = program_find(r->program->argv[0], arena),
		.argv = r->program->argv,
		.envp = r->program->envp,
		.fds = fds,
		.nfds = 3,
		.directory = r->program->directory,
		.session = true };

	r->pid = -1;
	if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) {
		err_set(err, "pipe: %s", err_errno(errno));
	} else {
		fds[0] = (struct spawn_fd){ .from = in[0], .to = 0 };
		fds[1] = (struct spawn_fd){ .from = out[1], .to = 1 };
		fds[2] = (struct spawn_fd){ .from = out[1], .to = 2 };
		r->pid = spawn_run(&s, err);
	}
	close_end(&in[0]);
	close_end(&out[1]);
	r->input = in[1];
	r->output = out[0];
	if (r->pid < 0)
		return -1;
	(void)fcntl(r->input, F_SETFL, O_NONBLOCK);
	(void)fcntl(r->output, F_SETFL, O_NONBLOCK);
	r->end = (int)syscall(SYS_pidfd_open, r->pid, 0);
	return 0;
}

/* The next part of the message. */
static void
fetch(struct running *r)
{
	char part[PART];
	size_t n = r->left < PART ? (size_t)r->left : PART;

	if (n > 0 && stream_read(r->in, part, n) != STREAM_OK) {
		r->cut = true;
		return;
	}
	line_copy_put(&r->lines, part, n, &r->pending);
	r->left -= n;
	if (r->left > 0)
		return;
	line_copy_end(&r->lines, &r->pending);
	if (r->program->blank)
		buf_puts(&r->pending, r->lines.eol);
	r->finished = true;
}

/* Its input: as much as it takes. */
static void
feed(struct running *r)
{
	ssize_t n;

	if (r->pending.len == 0 && !r->finished)
		fetch(r);
	if (r->cut)
		return;
	n = write(r->input, r->pending.data, r->pending.len);
	if (n > 0)
		buf_drop(&r->pending, (size_t)n);
	/* It need not read what it does not care for. */
	if ((n < 0 && errno != EAGAIN && errno != EINTR) ||
	    (r->finished && r->pending.len == 0))
		close_end(&r->input);
}

/* Its output; the end of it closes. */
static void
collect(struct running *r)
{
	char part[PART];
	ssize_t n = read(r->output, part, sizeof part);
	size_t room = PROGRAM_OUTPUT - r->got.len;

	if (n > 0)
		buf_put(&r->got, part, (size_t)n < room ? (size_t)n : room);
	else if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_end(&r->output);
}

/* Wait for something to do, and do it.  False: there is no more. */
static bool
turn(struct running *r)
{
	int64_t left = r->deadline - clock_mono();
	struct pollfd p[3] = {
		{ .fd = r->end, .events = POLLIN },
		{ .fd = r->output, .events = POLLIN },
		{ .fd = r->input, .events = POLLOUT },
	};

	if (left <= 0 || r->cut)
		return false;
	/* The clock of a test may jump. */
	if (clock_shared() && left > 10 * CLOCK_MS)
		left = 10 * CLOCK_MS;
	if (left > 1000 * CLOCK_SECOND)
		left = 1000 * CLOCK_SECOND;
	if (poll(p, 3, (int)((left + CLOCK_MS - 1) / CLOCK_MS)) < 0)
		return errno == EINTR;
	if (p[1].revents != 0)
		collect(r);
	if (p[2].revents != 0)
		feed(r);
	return r->end >= 0 ? p[0].revents == 0 : r->output >= 0;
}

/* It has ended, or must: what it has written until now counts, even if others
 * hold the other end of its output. */
static void
finish(struct running *r, struct program_result *result)
{
	bool late = clock_mono() >= r->deadline;
	int status = 0;

	while (r->output >= 0) {
		struct pollfd p = { .fd = r->output, .events = POLLIN };

		if (poll(&p, 1, 0) <= 0)
			break;
		collect(r);
	}
	if (r->cut || late)
		(void)kill(-r->pid, SIGKILL);
	while (waitpid(r->pid, &status, 0) < 0 && errno == EINTR)
		continue;
	if (r->cut) {
		result->end = PROGRAM_CUT;
	} else if (WIFEXITED(status)) {
		result->end = PROGRAM_EXITED;
		result->status = WEXITSTATUS(status);
	} else {
		result->end = late ? PROGRAM_TIMEOUT : PROGRAM_KILLED;
		result->status = WTERMSIG(status);
	}
}

/* As Postfix tells it in a line of a log or a notice. */
static const char *
harmless(struct arena *arena, const struct buf *text)
{
	char *copy = arena_strndup(arena, buf_str(text), text->len);

	for (char *p = copy; *p != '\0';) {
		unsigned n = utf8_length(p);

		if (*p == '\n' || *p == '\t')
			*p = ' ';
		else if (n == 0 || (unsigned char)*p < 32 || *p == 127)
			*p = '_';
		p += n > 0 ? n : 1;
	}
	return copy;
}

void
program_run(const struct program *program, struct stream *in,
    struct arena *arena, struct program_result *result)
{
	struct running r = { .program = program,
		.in = in,
		.lines = program->lines,
		.left = program->size,
		.deadline = clock_mono() + program->time_limit };
	struct line_copy head = { .eol = program->lines.eol };
	struct err err = { { 0 } };

	*result = (struct program_result){ .end = PROGRAM_NOT_FOUND };
	if (start(&r, arena, &err) == 0) {
		line_copy_put(
		    &head, program->head, strlen(program->head), &r.pending);
		while (turn(&r))
			continue;
		finish(&r, result);
		result->output = harmless(arena, &r.got);
		close_end(&r.end);
	} else {
		result->output = arena_strdup(arena, err.text);
	}
	close_end(&r.input);
	close_end(&r.output);
	buf_free(&r.pending);
	buf_free(&r.got);
}
