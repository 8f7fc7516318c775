/* The log when a process ends because there is no memory (hostile 106). */
#include "base/event.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/err.h"
#include "base/spawn.h"
#include "t/tap.h"

enum { LONG = 256 * 1024 * 1024 };

static struct event_type sample = { "sample", EVENT_INFO, "to=<{to}>",
	"a sample", 0 };

/* What cannot be put on a line any more. */
static char *text_too_long;

static void
make_long_text(void)
{
	char *text = mmap(NULL, LONG, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (text == MAP_FAILED)
		abort();
	memset(text, 'x', LONG - 1);
	text_too_long = text;
}

static void
no_more_memory(void)
{
	const struct rlimit none = { 0, 0 };

	if (setrlimit(RLIMIT_AS, &none) != 0)
		abort();
}

/* A warning that cannot be told, either. */
static void
tap(const char *text)
{
	if (strcmp(text, "fatal: out of memory") == 0)
		event(&sample, NULL, "to", text_too_long, NULL);
}

static int
dies(void *arg)
{
	const struct event_target *target = arg;

	make_long_text();
	event_open(target);
	event_tap(tap);
	event_hold(1);
	event(&sample, NULL, "to", "first", NULL);
	no_more_memory();
	event(&sample, NULL, "to", text_too_long, NULL);
	return 0;
}

/* How such a process ends, and what it has written. */
static int
end_of(const struct event_target *target, char *text, size_t room)
{
	char path[] = "/tmp/weir-event-XXXXXX";
	int file = mkstemp(path), status = -1;
	const struct spawn_fd fds[] = { { file, 1 } };
	struct event_target copy = *target;
	struct err err = { "" };
	pid_t pid = spawn_call(dies, &copy, fds, 1, &err);
	ssize_t n;

	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	n = pread(file, text, room - 1, 0);
	text[n > 0 ? n : 0] = '\0';
	(void)close(file);
	(void)unlink(path);
	return status;
}

int
main(void)
{
	char text[4096];
	int status;

#if defined __SANITIZE_ADDRESS__ || defined __SANITIZE_THREAD__
	puts("1..0 # SKIP a sanitizer has its own memory");
	return 0;
#endif
	status = end_of(
	    &(struct event_target){ .name = "weir", .fd = 1, .json_fd = -1 },
	    text, sizeof text);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == EX_TEMPFAIL,
	    "no memory for a line: the process ends by itself");
	ok(strstr(text, "]: to=<first>\n") != NULL, "what was kept is written");
	ok(strstr(text, "]: fatal: out of memory\n") != NULL,
	    "and why it ends");
	ok(strstr(text, "xx") == NULL && strstr(text, "to=<\n") == NULL,
	    "and nothing by half");
	status = end_of(
	    &(struct event_target){ .name = "weir", .fd = 1, .json_fd = 1 },
	    text, sizeof text);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == EX_TEMPFAIL, "JSON");
	ok(strstr(text, "\"to\":\"first\"}\n") != NULL &&
		strstr(text, "\"text\":\"fatal: out of memory\"}\n") != NULL,
	    "has the same");
	return done_testing();
}
