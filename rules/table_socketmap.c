/* table_socketmap.c - socketmap:inet:host:port:name, socketmap:unix:path:name:
 * Sendmail's protocol.  "name key" is answered by "OK value", "NOTFOUND" or
 * "TEMP", "TIMEOUT", "PERM" and a reason, each as "length:text,". */
#include "rules/table_socketmap.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/dial.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/stream.h"
#include "rules/pool.h"

/* As in Postfix, which has no limit of connections. */
enum {
	TIMEOUT = 100, /* seconds; of a look-up */
	MAX_IDLE = 10,
	MAX_TTL = 100,
	MOST_REPLY = 100000,
	MOST_DIGITS = 10,
	MOST_CONNECTIONS = 20,
};

struct socketmap {
	struct pool *pool;
	char *spec, *map;
	char *server; /* without the transport */
};

static void
close_socketmap(void *state)
{
	struct socketmap *t = state;

	pool_free(t->pool);
	free(t->spec);
	free(t->map);
	free(t->server);
	free(t);
}

/* A relative path is one in the queue directory. */
static const char *
absolute(const char *endpoint, struct conf *conf, struct arena *arena)
{
	static const char local[] = "unix:";
	const char *path = endpoint + strlen(local), *directory;

	if (strncmp(endpoint, local, strlen(local)) != 0 || *path == '/' ||
	    conf == NULL)
		return endpoint;
	directory = conf_get(conf, "queue_directory", arena, NULL);
	return directory == NULL
	    ? endpoint
	    : arena_printf(arena, "%s%s/%s", local, directory, path);
}

static void *
open_socketmap(struct table_opening *opening, struct err *err)
{
	static const struct pool_limits limits = { MOST_CONNECTIONS,
		MAX_IDLE * CLOCK_SECOND, MAX_TTL * CLOCK_SECOND };
	const char *colon = strrchr(opening->name, ':'), *endpoint;
	struct arena *arena = arena_new();
	struct socketmap *t = NULL;

	endpoint = colon == NULL ? NULL
				 : arena_strndup(arena, opening->name,
				       (size_t)(colon - opening->name));
	if (endpoint == NULL) {
		err_set(err, "socketmap requires server:socketmap argument");
	} else if (dial_valid(endpoint, err)) {
		t = calloc(1, sizeof *t);
		if (t == NULL || (t->map = strdup(colon + 1)) == NULL ||
		    (t->spec = strdup(arena_printf(
			 arena, "socketmap:%s", opening->name))) == NULL ||
		    (t->server = strdup(strchr(endpoint, ':') + 1)) == NULL)
			fatal("out of memory");
		t->pool =
		    pool_new(absolute(endpoint, opening->conf, arena), &limits);
	}
	arena_free(arena);
	return t;
}

/* One question. */
struct asking {
	struct arena *arena;
	const char *map, *key;
	char *reply;
};

static int
fail(enum stream_status status, struct stream *s, struct err *err)
{
	if (status == STREAM_EOF)
		err_set(err, "unexpected disconnect");
	else if (status == STREAM_TIMEOUT)
		err_set(err, "time limit exceeded");
	else
		err_set(err, "%s", stream_reason(s));
	return -1;
}

/* The length, and the colon behind it. */
static int
read_length(struct stream *s, size_t *length, struct err *err)
{
	enum stream_status status;
	char c;

	*length = 0;
	for (unsigned i = 0; i <= MOST_DIGITS; i++) {
		status = stream_read(s, &c, 1);
		if (status != STREAM_OK)
			return fail(status, s, err);
		if (c == ':' && i > 0)
			return 0;
		if (c < '0' || c > '9')
			break;
		*length = *length * 10 + (size_t)(c - '0');
		if (*length > MOST_REPLY) {
			err_set(err, "input exceeds size limit");
			return -1;
		}
	}
	err_set(err, "input format error");
	return -1;
}

static int
talk(struct stream *s, void *arg, struct err *err)
{
	struct asking *a = arg;
	enum stream_status status;
	size_t n;

	stream_printf(s, "%zu:%s %s,", strlen(a->map) + 1 + strlen(a->key),
	    a->map, a->key);
	if (read_length(s, &n, err) != 0)
		return -1;
	a->reply = arena_alloc(a->arena, n + 2);
	status = stream_read(s, a->reply, n + 1);
	if (status != STREAM_OK)
		return fail(status, s, err);
	/* A value that ends before its end is not what the server said. */
	if (a->reply[n] != ',' || memchr(a->reply, '\0', n) != NULL) {
		err_set(err, "input format error");
		return -1;
	}
	a->reply[n] = '\0';
	return 0;
}

static enum table_status
judge(const struct socketmap *t, struct arena *arena, char *reply,
    struct table_value *value)
{
	char *text = strchr(reply, ' ');
	const char *kind = "unknown";

	if (text != NULL)
		*text++ = '\0';
	if (strcmp(reply, "OK") == 0) {
		/* "OK" alone is no value, as in Postfix. */
		value->text = text;
		return text != NULL ? TABLE_FOUND : TABLE_NONE;
	}
	if (strcmp(reply, "NOTFOUND") == 0)
		return TABLE_NONE;
	if (strcmp(reply, "TEMP") == 0)
		kind = "temporary";
	else if (strcmp(reply, "TIMEOUT") == 0)
		kind = "timeout";
	else if (strcmp(reply, "PERM") == 0)
		kind = "permanent";
	value->text = arena_printf(
	    arena, "socketmap server %s error: %.100s", kind, text);
	event_warning(NULL, "%s %s", t->spec, value->text);
	return TABLE_FAILED;
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	const struct socketmap *t = state;
	struct asking a = { arena, t->map, key, NULL };
	struct err err = { "" };

	switch (pool_ask(
	    t->pool, clock_mono() + TIMEOUT * CLOCK_SECOND, talk, &a, &err)) {
	case POOL_DONE:
		return judge(t, arena, a.reply, value);
	case POOL_UNREACHABLE:
		event_warning(NULL, "connect to %s: %s", t->server, err.text);
		break;
	case POOL_BROKEN:
		break;
	}
	event_warning(NULL, "table %s lookup error: %s", t->spec, err.text);
	value->text = arena_strdup(arena, err.text);
	return TABLE_FAILED;
}

const struct table_type table_socketmap = {
	.name = "socketmap",
	.flags = TABLE_WHOLE_KEY | TABLE_MAY_BLOCK,
	.open = open_socketmap,
	.find = find,
	.close = close_socketmap,
};
