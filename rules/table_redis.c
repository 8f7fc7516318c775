/* table_redis.c - redis:/path/x.cf: a Redis server.  Postfix has no such type;
 * the parameters are like those of its other databases. */
#include "rules/table_redis.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/redis.h"
#include "rules/redis_server.h"
#include "rules/table_query.h"
#include "rules/table_settings.h"

enum { TIMEOUT = 10 };

struct redis {
	struct table_settings *settings;
	struct table_query *query;
	struct redis_server *server;
	const char *key;  /* a template */
	const char *hash; /* likewise; NULL: GET */
	int most_data;    /* octets */
};

/* What the server's reply means for the table; ${arg}: the value. */
static const char *
judge(void *arg, const struct redis_reply *reply)
{
	const char **value = arg;

	*value = NULL;
	switch (reply->kind) {
	case REDIS_NIL:
		return NULL;
	case REDIS_TEXT:
		if (strlen(reply->text) < reply->len)
			return "a value with a NUL";
		*value = reply->text;
		return NULL;
	case REDIS_TOO_LONG:
		return "a value is longer than data_size_limit";
	case REDIS_REFUSED:
		return reply->text;
	case REDIS_NUMBER:
		break;
	}
	return "an integer is no value";
}

static enum table_status
failed(struct arena *arena, const struct err *err, struct table_value *value)
{
	value->text = arena_strdup(arena, err->text);
	return TABLE_FAILED;
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	const struct redis *t = state;
	struct table_query_answer answer = { 0 };
	enum table_status status =
	    table_query_admits(t->query, arena, key, value);
	const char *name, *hash = NULL, *found = NULL; /* the server's names */
	struct redis_server_command command = {
		.most = (size_t)t->most_data,
		.judge = judge,
		.arg = &found,
		.deadline = redis_server_deadline(t->server),
	};
	struct err err = { "" };

	if (status != TABLE_FOUND)
		return status;
	/* Nothing need be quoted: the server is told lengths. */
	name = table_query_text(t->query, t->key, key, arena);
	if (name == NULL)
		return TABLE_NONE;
	if (t->hash != NULL)
		hash = table_query_text(t->query, t->hash, key, arena);
	command.words = hash != NULL
	    ? (const char *[]){ "HGET", hash, name, NULL }
	    : (const char *[]){ "GET", name, NULL };
	if (redis_server_ask(t->server, &command, arena, &err) != 0)
		return failed(arena, &err, value);
	/* One result never exceeds expansion_limit. */
	(void)table_query_collect(t->query, &answer, key, found);
	return table_query_finish(&answer, arena, value);
}

static void
close_redis(void *state)
{
	struct redis *t = state;

	redis_server_close(t->server);
	table_query_close(t->query);
	table_settings_close(t->settings);
	free(t);
}

static int
read_query(
    struct redis *t, const struct table_opening *opening, struct err *err)
{
	struct table_settings *s = t->settings;
	const char *prefix = table_settings_text(s, "prefix", "");
	struct buf key = { 0 };

	/* The prefix is no template. */
	for (; *prefix != '\0'; prefix++) {
		if (*prefix == '%')
			buf_putc(&key, '%');
		buf_putc(&key, *prefix);
	}
	buf_puts(&key, table_settings_text(s, "key_format", "%s"));
	t->key = table_settings_keep(s, buf_str(&key));
	buf_free(&key);
	t->query = table_query_open("redis", opening, s, err);
	if (t->query == NULL ||
	    table_settings_filled(s, "hash", &t->hash, err) != 0 ||
	    table_query_add(t->query, t->key, NULL, err) != 0)
		return -1;
	return t->hash == NULL ? 0
			       : table_query_add(t->query, t->hash, NULL, err);
}

static int
read_all(struct redis *t, const struct table_opening *opening, struct err *err)
{
	t->settings = table_settings_open(opening, err);
	if (t->settings == NULL)
		return -1;
	t->most_data = 10240;
	if (read_query(t, opening, err) != 0 ||
	    table_settings_count(
		t->settings, "data_size_limit", 1, &t->most_data, err) != 0)
		return -1;
	t->server = redis_server_open(t->settings, TIMEOUT, err);
	return t->server != NULL ? 0 : -1;
}

static void *
open_redis(struct table_opening *opening, struct err *err)
{
	struct redis *t = calloc(1, sizeof *t);

	if (t == NULL)
		fatal("out of memory");
	if (read_all(t, opening, err) == 0)
		return t;
	close_redis(t);
	return NULL;
}

const struct table_type table_redis = {
	.name = "redis",
	.flags = TABLE_FOLDS | TABLE_MAY_BLOCK,
	.open = open_redis,
	.find = find,
	.close = close_redis,
};
