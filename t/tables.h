/* tables.h - what the tests of tables have in common: a directory, the lines
 * that are logged, a clock that jumps, and look-ups as strings. */
#ifndef T_TABLES_H
#define T_TABLES_H

#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "rules/table.h"
#include "t/tap.h"

static char tables_dir[] = "/tmp/weir-table-XXXXXX";
static int tables_log;
static int64_t *tables_clock;

static inline const char *
path_of(const char *name)
{
	static char path[4][PATH_MAX];
	static unsigned next;
	char *p = path[next++ % 4];

	(void)snprintf(p, PATH_MAX, "%s/%s", tables_dir, name);
	return p;
}

/* Cut out every ${what} of ${text}. */
static inline void
cut(char *text, const char *what)
{
	size_t n = strlen(what);

	while ((text = strstr(text, what)) != NULL)
		memmove(text, text + n, strlen(text + n) + 1);
}

/* What was logged since the last time, without the beginnings of lines and
 * the directory's name. */
static inline const char *
collect(void)
{
	static char said[65536];
	static off_t from;
	ssize_t n = pread(tables_log, said, sizeof said - 1, from);
	char text[PATH_MAX];

	n = n > 0 ? n : 0;
	said[n] = '\0';
	from += n;
	(void)snprintf(
	    text, sizeof text, "weir/weir[%u]: ", (unsigned)getpid());
	cut(said, text);
	(void)snprintf(text, sizeof text, "%s/", tables_dir);
	cut(said, text);
	return said;
}

static inline void
put_file(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	(void)fputs(text, f);
	(void)fclose(f);
}

/* As if it had been written ${seconds} ago. */
static inline void
age(const char *name, int seconds)
{
	struct timespec times[2];

	(void)clock_gettime(CLOCK_REALTIME, &times[0]);
	times[0].tv_sec -= seconds;
	times[1] = times[0];
	(void)utimensat(AT_FDCWD, path_of(name), times, 0);
}

static inline void
seconds_later(int seconds)
{
	*tables_clock += seconds * INT64_C(1000000000);
}

/* A thread: a question without an answer need not be waited for. */
static inline void *
let_time_pass(void *arg)
{
	(void)arg;
	(void)usleep(50000);
	seconds_later(11);
	return NULL;
}

/* What a look-up says: "text", "text @file:line", "-" or "!reason". */
static inline const char *
ask(struct table *t, const char *key)
{
	static char answer[2048];
	struct arena *arena = arena_new();
	struct table_value v;

	switch (table_find(t, arena, key, &v)) {
	case TABLE_FOUND:
		(void)snprintf(answer, sizeof answer, "%s", v.text);
		if (v.line > 0 && strchr(v.file, '/') != NULL)
			(void)snprintf(answer + strlen(answer),
			    sizeof answer - strlen(answer), " @%s:%u",
			    strrchr(v.file, '/') + 1, v.line);
		break;
	case TABLE_NONE:
		(void)snprintf(answer, sizeof answer, "-");
		break;
	case TABLE_FAILED:
		(void)snprintf(answer, sizeof answer, "!%s", v.text);
		break;
	}
	arena_free(arena);
	return answer;
}

static inline struct table *
open_file(const char *type, const char *name)
{
	char spec[PATH_MAX + 16];

	(void)snprintf(spec, sizeof spec, "%s:%s", type, path_of(name));
	return table_open(spec, NULL, NULL);
}

/* One look-up in a table of its own. */
static inline const char *
ask_once(const char *spec, const char *key)
{
	struct err err = { "" };
	struct table *t = table_open(spec, NULL, &err);
	const char *answer = ask(t, key);

	table_close(t);
	return answer;
}

static inline void
tables_begin(void)
{
	struct event_target target = { .name = "weir", .json_fd = -1 };
	int fd;

	if (mkdtemp(tables_dir) == NULL)
		exit(1);
	fd = open(path_of("clock"), O_RDWR | O_CREAT, 0600);
	if (ftruncate(fd, 4096) != 0)
		exit(1);
	tables_clock =
	    mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	(void)setenv("WEIR_CLOCK", path_of("clock"), 1);
	clock_open();
	tables_log = open(path_of("log"), O_RDWR | O_CREAT | O_APPEND, 0600);
	target.fd = tables_log;
	event_open(&target);
}

static inline void
shell(const char *command)
{
	if (system(command) != 0)
		printf("# failed: %s\n", command);
}

static inline int
tables_end(void)
{
	char command[PATH_MAX];

	(void)snprintf(command, sizeof command, "rm -rf %s", tables_dir);
	if (system(command) != 0)
		return 1;
	return done_testing();
}

#endif
