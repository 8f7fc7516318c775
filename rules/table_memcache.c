/* table_memcache.c - memcache:/path/x.cf: a memcached server, and a table
 * behind it that it is a cache of (memcache_table(5)). */
#include "rules/table_memcache.h"

#include <ctype.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/dial.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/stream.h"
#include "rules/pool.h"
#include "rules/table_query.h"
#include "rules/table_settings.h"

enum { MAX_IDLE = 10, MAX_TTL = 100, MOST_CONNECTIONS = 20 };

struct memcache {
	struct table_settings *settings;
	struct table_query *query;
	struct pool *pool;
	struct table *backup; /* NULL: none */
	const char *server, *template;
	int max_try, retry_pause, timeout; /* seconds */
	int ttl, flags;
	int most_data, most_line; /* octets */
};

/* One request. */
struct request {
	const struct memcache *table;
	struct arena *arena;
	const char *key;
	const char *value; /* to be stored; or what was got, NULL: nothing */
};

static int
fail(struct stream *s, enum stream_status status, struct err *err)
{
	if (status == STREAM_TIMEOUT)
		err_set(err, "time limit exceeded");
	else if (status == STREAM_TOO_LONG)
		err_set(err, "unexpected memcache server reply: too long");
	else
		err_set(err, "%s", stream_reason(s));
	return -1;
}

static int
unexpected(const char *reply, struct err *err)
{
	err_set(err, "unexpected memcache server reply: %.30s", reply);
	return -1;
}

/* NULL: none, with the reason. */
static const char *
read_line(struct stream *s, const struct request *r, struct err *err)
{
	enum stream_status status;
	size_t n;
	char *text;

	status = stream_line(s, (size_t)r->table->most_line, &text, &n);
	if (status != STREAM_OK) {
		fail(s, status, err);
		return NULL;
	}
	return text;
}

/* "VALUE key flags octets": the octets, or -1. */
static long
data_size(const struct request *r, const char *line)
{
	static const char value[] = "VALUE ";
	size_t n = strlen(r->key);
	char *end;
	long size;

	if (strncmp(line, value, strlen(value)) != 0 ||
	    strncmp(line + strlen(value), r->key, n) != 0 ||
	    line[strlen(value) + n] != ' ')
		return -1;
	(void)strtoul(line + strlen(value) + n + 1, &end, 10);
	if (*end != ' ' || !isdigit((unsigned char)end[1]))
		return -1;
	size = strtol(end, &end, 10);
	return *end != '\0' || size > r->table->most_data ? -1 : size;
}

/* "get key": "VALUE ...", the data and "END", or "END" alone. */
static int
get(struct stream *s, void *arg, struct err *err)
{
	struct request *r = arg;
	enum stream_status status;
	const char *line;
	char *data;
	long size;

	stream_printf(s, "get %s\r\n", r->key);
	line = read_line(s, r, err);
	if (line == NULL)
		return -1;
	if (strcmp(line, "END") == 0)
		return 0;
	size = data_size(r, line);
	if (size < 0)
		return unexpected(line, err);
	data = arena_alloc(r->arena, (size_t)size + 2);
	status = stream_read(s, data, (size_t)size + 2);
	if (status != STREAM_OK)
		return fail(s, status, err);
	if (memcmp(data + size, "\r\n", 2) != 0 ||
	    memchr(data, '\0', (size_t)size) != NULL)
		return unexpected("data that is not text", err);
	data[size] = '\0';
	line = read_line(s, r, err);
	if (line == NULL)
		return -1;
	if (strcmp(line, "END") != 0)
		return unexpected(line, err);
	r->value = data;
	return 0;
}

static int
set(struct stream *s, void *arg, struct err *err)
{
	struct request *r = arg;
	const char *line;

	stream_printf(s, "set %s %d %d %zu\r\n%s\r\n", r->key, r->table->flags,
	    r->table->ttl, strlen(r->value), r->value);
	line = read_line(s, r, err);
	if (line == NULL)
		return -1;
	if (strcmp(line, "STORED") == 0)
		return 0;
	err_set(err, "update failed: %.30s", line);
	return -1;
}

/* 0, or -1, the reason, and a warning. */
static int
converse(const struct memcache *t,
    int (*talk)(struct stream *s, void *arg, struct err *err),
    struct request *r, struct err *err)
{
	for (int i = 1;; i++) {
		switch (pool_ask(t->pool,
		    clock_mono() + t->timeout * CLOCK_SECOND, talk, r, err)) {
		case POOL_DONE:
			return 0;
		case POOL_UNREACHABLE:
			event_warning(NULL, "connect to %s: %s",
			    strchr(t->server, ':') + 1, err->text);
			return -1;
		case POOL_BROKEN:
			break;
		}
		if (i >= t->max_try)
			break;
		(void)poll(NULL, 0, t->retry_pause * 1000);
	}
	event_warning(
	    NULL, "%s: %s", table_settings_name(t->settings), err->text);
	return -1;
}

/* What is in the table behind the cache goes into the cache. */
static enum table_status
ask_backup(const struct memcache *t, struct request *r, const char *key,
    struct table_value *value)
{
	enum table_status status = table_find(t->backup, r->arena, key, value);
	struct err err = { "" };

	if (status != TABLE_FOUND)
		return status;
	r->value = value->text;
	if (strlen(r->value) > (size_t)t->most_data)
		event_warning(NULL,
		    "%s: data for key %s is too long (data_size_limit=%d) "
		    "-- not stored",
		    table_settings_name(t->settings), key, t->most_data);
	else
		(void)converse(t, set, r, &err);
	return TABLE_FOUND;
}

/* The server takes what follows a blank for another key. */
static bool
is_one_word(const char *key)
{
	for (; *key != '\0'; key++)
		if (isspace((unsigned char)*key) ||
		    iscntrl((unsigned char)*key))
			return false;
	return true;
}

/* What the server calls ${key}; NULL: nothing. */
static const char *
name_of(const struct memcache *t, struct arena *arena, const char *key)
{
	const char *name = table_query_text(t->query, t->template, key, arena);

	return name != NULL && *name != '\0' && is_one_word(name) ? name : NULL;
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	const struct memcache *t = state;
	struct request r = { t, arena, NULL, NULL };
	enum table_status status =
	    table_query_admits(t->query, arena, key, value);
	struct err err = { "" };
	int failed;

	if (status != TABLE_FOUND)
		return status;
	r.key = name_of(t, arena, key);
	if (r.key == NULL)
		return TABLE_NONE;
	failed = converse(t, get, &r, &err);
	if (failed == 0 && r.value != NULL) {
		value->text = r.value;
		return TABLE_FOUND;
	}
	if (t->backup != NULL)
		return ask_backup(t, &r, key, value);
	if (failed == 0)
		return TABLE_NONE;
	value->text = arena_strdup(arena, err.text);
	return TABLE_FAILED;
}

static void
close_memcache(void *state)
{
	struct memcache *t = state;

	pool_free(t->pool);
	table_close(t->backup);
	table_query_close(t->query);
	table_settings_close(t->settings);
	free(t);
}

static int
read_settings(
    struct memcache *t, struct table_opening *opening, struct err *err)
{
	struct table_settings *s = t->settings =
	    table_settings_open(opening, err);

	if (s == NULL)
		return -1;
	t->server = table_settings_text(s, "memcache", "inet:localhost:11211");
	t->template = table_settings_text(s, "key_format", "%s");
	t->max_try = 2;
	t->retry_pause = 1;
	t->timeout = 2;
	t->ttl = 3600;
	t->flags = 0;
	t->most_data = 10240;
	t->most_line = 1024;
	if (!dial_valid(t->server, err) ||
	    table_settings_count(s, "max_try", 1, &t->max_try, err) != 0 ||
	    table_settings_count(s, "retry_pause", 1, &t->retry_pause, err) !=
		0 ||
	    table_settings_count(s, "timeout", 1, &t->timeout, err) != 0 ||
	    table_settings_count(s, "ttl", 1, &t->ttl, err) != 0 ||
	    table_settings_count(s, "flags", 0, &t->flags, err) != 0 ||
	    table_settings_count(s, "data_size_limit", 1, &t->most_data, err) !=
		0 ||
	    table_settings_count(s, "line_size_limit", 1, &t->most_line, err) !=
		0)
		return -1;
	t->query = table_query_open("memcache", opening, s, err);
	return t->query == NULL
	    ? -1
	    : table_query_add(t->query, t->template, NULL, err);
}

static void *
open_memcache(struct table_opening *opening, struct err *err)
{
	static const struct pool_limits limits = { MOST_CONNECTIONS,
		MAX_IDLE * CLOCK_SECOND, MAX_TTL * CLOCK_SECOND };
	struct memcache *t = calloc(1, sizeof *t);
	const char *backup;

	if (t == NULL)
		fatal("out of memory");
	if (read_settings(t, opening, err) != 0) {
		close_memcache(t);
		return NULL;
	}
	t->pool = pool_new(t->server, &limits);
	backup = table_settings_text(t->settings, "backup", "");
	if (*backup != '\0')
		t->backup =
		    table_open_as(backup, opening->conf, opening->flags, err);
	return t;
}

const struct table_type table_memcache = {
	.name = "memcache",
	.flags = TABLE_FOLDS | TABLE_MAY_BLOCK,
	.open = open_memcache,
	.find = find,
	.close = close_memcache,
};
