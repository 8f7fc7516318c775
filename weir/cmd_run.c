/* cmd_run.c - see cmd_run.h. */
#include "weir/cmd_run.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/counters.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/local_time.h"
#include "base/spawn.h"
#include "base/state.h"
#include "base/state_visit.h"
#include "weir/cmd_options.h"
#include "weir/control.h"
#include "weir/generation.h"
#include "weir/rule_listing.h"
#include "weir/supervisor.h"
#include "weir/suspended.h"

enum { READY_FD = 3 };

/* The path without symbolic links or "..", since roles may stand elsewhere. */
static char *
whole(const char *command, const char *dir)
{
	char *path = realpath(dir, NULL);

	if (path == NULL)
		(void)fprintf(stderr, "weir %s: fatal: %s: %s\n", command, dir,
		    err_errno(errno));
	return path;
}

static int
run(int argc, char **argv, const char *only)
{
	const char *dir = cmd_options_dir(argc, argv);
	char *path;
	int fd, status;

	if (dir == NULL)
		return EX_USAGE;
	if ((path = whole(argv[0], dir)) == NULL)
		return EX_CONFIG;
	/* Problems are shown here as well as logged. */
	fd = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	clock_open();
	status = supervisor_run(path, fd, false, only);
	free(path);
	return status;
}

int
cmd_run(int argc, char **argv)
{
	return run(argc, argv, NULL);
}

int
cmd_run_policy(int argc, char **argv)
{
	return run(argc, argv, "policy");
}

int
cmd_run_milter(int argc, char **argv)
{
	return run(argc, argv, "milter");
}

int
cmd_run_master(int argc, char **argv)
{
	if (argc != 3 || strcmp(argv[1], "-c") != 0)
		return EX_USAGE;
	clock_open();
	return supervisor_run(argv[2], READY_FD, true, NULL);
}

/* Copy what the supervisor says until its last octet tells the outcome. */
static int
wait_ready(int fd)
{
	char text[4096], last = 1;
	ssize_t n;

	while ((n = read(fd, text, sizeof text)) > 0 ||
	    (n < 0 && errno == EINTR)) {
		if (n < 0)
			continue;
		last = text[n - 1];
		if (last == '\0' || last == '\1')
			n--;
		(void)fwrite(text, 1, (size_t)n, stderr);
	}
	return last == '\0' ? 0 : EX_UNAVAILABLE;
}

int
cmd_run_start(int argc, char **argv)
{
	static char weir[] = "weir", master[] = "master", c[] = "-c";
	const char *dir = cmd_options_dir(argc, argv);
	char *path, *args[5] = { weir, master, c };
	int ready[2], null, status;
	struct err err = { 0 };

	if (dir == NULL)
		return EX_USAGE;
	if ((path = whole(argv[0], dir)) == NULL)
		return EX_CONFIG;
	args[3] = path;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null < 0 || pipe2(ready, O_CLOEXEC) != 0) {
		(void)fprintf(
		    stderr, "weir start: fatal: %s\n", err_errno(errno));
		free(path);
		return EX_OSERR;
	}
	status =
	    spawn_run(&(struct spawn){ .path = "/proc/self/exe",
			  .argv = args,
			  .envp = environ,
			  .fds = (struct spawn_fd[]){ { null, 0 }, { null, 1 },
			      { null, 2 }, { ready[1], READY_FD } },
			  .nfds = 4,
			  .directory = "/",
			  .session = true },
		&err) < 0
	    ? EX_OSERR
	    : 0;
	(void)close(ready[1]);
	if (status != 0)
		(void)fprintf(stderr, "weir start: fatal: %s\n", err.text);
	else
		status = wait_ready(ready[0]);
	(void)close(ready[0]);
	free(path);
	return status;
}

/* The path of a socket or file of the running gateway.  Only where it is
 * matters: what else is wrong in the files must not keep an admin from it. */
static char *
run_file(const char *program, const char *dir, const char *name)
{
	struct err err = { 0 };
	struct arena *arena = arena_new();
	struct conf *conf = conf_read(dir, generation_tables(), &err);
	const char *queue = conf != NULL
	    ? conf_get(conf, "queue_directory", arena, &err)
	    : NULL;
	char *path = NULL;

	if (queue == NULL)
		(void)fprintf(
		    stderr, "weir %s: fatal: %s\n", program, err.text);
	else if (asprintf(&path, "%s/run/%s", queue, name) < 0)
		fatal("out of memory");
	if (conf != NULL)
		conf_free(conf);
	arena_free(arena);
	return path;
}

/* Ask the running supervisor; print what it says. */
static int
ask(int argc, char **argv)
{
	const char *dir = cmd_options_dir(argc, argv);
	struct buf out = { 0 };
	struct err err = { 0 };
	char *path;
	int status;

	if (dir == NULL)
		return EX_USAGE;
	path = run_file(argv[0], dir, "control");
	if (path == NULL)
		return EX_CONFIG;
	status = control_ask(path, argv[0], &out, &err);
	if (status < 0)
		(void)fprintf(
		    stderr, "weir %s: fatal: %s\n", argv[0], err.text);
	else
		(void)fputs(buf_str(&out), status == 0 ? stdout : stderr);
	buf_free(&out);
	free(path);
	return status < 0 ? EX_UNAVAILABLE : status == 0 ? 0 : EX_CONFIG;
}

int
cmd_run_reload(int argc, char **argv)
{
	return ask(argc, argv);
}

static void
tell_count(void *arg, const char *name, uint64_t count, int64_t since)
{
	char text[LOCAL_TIME_TEXT];

	(void)arg;
	(void)printf("%s: %" PRIu64 " since %s\n", name, count,
	    local_time_text(text, since, "%Y-%m-%d %H:%M:%S"));
}

/* What the roles remember of themselves. */
static void
tell_memories(const char *dir)
{
	struct err err = { 0 };
	struct generation *g = generation_read(dir, &err);
	struct state *state;

	if (g == NULL)
		return;
	state = state_visit(g->state_dir, &err);
	if (state != NULL) {
		suspended_print(state, g->arena);
		(void)counters_each(state, tell_count, NULL);
	}
	state_close(state);
	generation_free(g);
}

/* Take "--rules" out of the arguments, if it is there. */
static bool
take_rules(int *argc, char **argv)
{
	for (int i = 1; i < *argc; i++)
		if (strcmp(argv[i], "--rules") == 0) {
			memmove(&argv[i], &argv[i + 1],
			    (size_t)(*argc - i) * sizeof *argv);
			--*argc;
			return true;
		}
	return false;
}

/* What is known of rules is known while nothing runs, too. */
static int
list_rules(int argc, char **argv)
{
	const char *dir = cmd_options_dir(argc, argv);
	struct generation *g;
	struct state *state;
	struct err err = { 0 };
	int status = EX_UNAVAILABLE;

	if (dir == NULL)
		return EX_USAGE;
	g = cmd_options_read(argv[0], dir);
	if (g == NULL)
		return EX_CONFIG;
	state = state_visit(g->state_dir, &err);
	if (state != NULL && rule_listing_print(state) == 0)
		status = 0;
	else
		(void)fprintf(stderr, "weir status: fatal: %s\n",
		    err.text[0] != '\0' ? err.text : "cannot be read");
	state_close(state);
	generation_free(g);
	return status;
}

int
cmd_run_status(int argc, char **argv)
{
	bool rules = take_rules(&argc, argv);
	int status = rules ? list_rules(argc, argv) : ask(argc, argv);

	if (status == 0 && !rules)
		tell_memories(cmd_options_dir(argc, argv));
	return status;
}

/* The supervisor's lock is free again when its last role has ended. */
static void
wait_end(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return;
	while (flock(fd, LOCK_SH) != 0 && errno == EINTR)
		;
	(void)close(fd);
}

int
cmd_run_stop(int argc, char **argv)
{
	int status = ask(argc, argv);
	char *path;

	if (status != 0)
		return status;
	path = run_file(argv[0], cmd_options_dir(argc, argv), "pid");
	if (path != NULL)
		wait_end(path);
	free(path);
	return status;
}
