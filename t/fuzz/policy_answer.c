/* What a policy server answers: the action is that of the last "action=" line
 * before the first empty one, if all of them are text within the bounds; else
 * there is none, but a reason.  It never has a line end in it. */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/fatal.h"
#include "base/utf8.h"
#include "checks/policy_client.h"
#include "rules/world.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MOST_LINE = 8192, MOST_LINES = 100 };

/* What the server is to say; under the lock. */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static char answer[MOST_LINE / 2];
static size_t length;

/* The server: it reads a request, answers, and hangs up. */
static void *
serve(void *arg)
{
	int listener = *(int *)arg;
	char request[64];

	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			continue;
		if (read(fd, request, sizeof request) > 0) {
			(void)pthread_mutex_lock(&lock);
			(void)!send(fd, answer, length, MSG_NOSIGNAL);
			(void)pthread_mutex_unlock(&lock);
		}
		(void)close(fd);
	}
	return NULL;
}

static char path[] = "/tmp/weir-fuzz-XXXXXX/s";

static void
tidy(void)
{
	(void)unlink(path);
	path[sizeof path - 3] = '\0';
	(void)rmdir(path);
}

static void
begin(void)
{
	static int listener;
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	pthread_t thread;

	path[sizeof path - 3] = '\0';
	must(mkdtemp(path) != NULL);
	path[sizeof path - 3] = '/';
	memcpy(sun.sun_path, path, sizeof path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	must(bind(listener, (struct sockaddr *)&sun, sizeof sun) == 0 &&
	    listen(listener, 16) == 0);
	must(pthread_create(&thread, NULL, serve, &listener) == 0);
	(void)pthread_detach(thread);
	(void)atexit(tidy);
}

/* What the action should be; NULL: none. */
static const char *
plain_reading(struct arena *arena)
{
	const char *p = answer, *end = p + length, *action = NULL;

	for (unsigned i = 0; i < MOST_LINES; i++) {
		const char *lf =
		    p < end ? memchr(p, '\n', (size_t)(end - p)) : NULL;
		size_t n;
		char *line;

		if (lf == NULL)
			return NULL;
		n = (size_t)(lf - p);
		n -= n > 0 && p[n - 1] == '\r';
		if (n == 0)
			return action;
		line = arena_strndup(arena, p, n);
		if (strlen(line) != n || !utf8_valid(line))
			return NULL;
		if (strncmp(line, "action=", 7) == 0)
			action = line + 7;
		p = lf + 1;
	}
	return NULL;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct policy_client_settings settings = {
		.max_idle = CLOCK_SECOND,
		.max_ttl = CLOCK_SECOND,
		.request_limit = 1,
		.directory = "/",
	};
	static bool begun;
	struct policy_client *client;
	struct arena *arena = arena_new();
	struct world_service to = {
		.max_idle = -1, .max_ttl = -1, .request_limit = -1
	};
	const char *got, *want, *why = NULL;

	if (!begun)
		begin();
	begun = true;
	/* Where a line is too long depends on how it is read. */
	if (size > sizeof answer) {
		arena_free(arena);
		return 0;
	}
	(void)pthread_mutex_lock(&lock);
	memcpy(answer, data, size);
	length = size;
	(void)pthread_mutex_unlock(&lock);
	client = policy_client_new(&settings);
	to.endpoint = arena_printf(arena, "unix:%s", path);
	got = policy_client_ask(client, arena, &to, "request=x\n\n",
	    clock_mono() + 10 * CLOCK_SECOND, &why);
	want = plain_reading(arena);
	must((got == NULL) == (want == NULL));
	must(got == NULL || strcmp(got, want) == 0);
	must(got == NULL || strchr(got, '\n') == NULL);
	must(got != NULL || why[0] != '\0');
	policy_client_free(client);
	arena_free(arena);
	return 0;
}
