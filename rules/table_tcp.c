/* table_tcp.c - tcp:host:port: the protocol of tcp_table(5).  "get key" is
 * answered by "200 value", "500 reason" (not there) or "400 reason" (could not
 * ask); what is not printable, a blank or '%' is written %XX. */
#include "rules/table_tcp.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/stream.h"
#include "rules/pool.h"

/* As in Postfix, but that it tries ten times, a second between, and opens as
 * many connections as it has processes. */
enum {
	TIMEOUT = 100, /* seconds; of a look-up */
	MAX_IDLE = 100,
	MAX_TTL = 1000,
	MOST_REPLY = 4096,
	MOST_CONNECTIONS = 20,
};

struct tcp {
	struct pool *pool;
	char *name;
};

static void
close_tcp(void *state)
{
	struct tcp *t = state;

	pool_free(t->pool);
	free(t->name);
	free(t);
}

static void *
open_tcp(struct table_opening *opening, struct err *err)
{
	static const struct pool_limits limits = { MOST_CONNECTIONS,
		MAX_IDLE * CLOCK_SECOND, MAX_TTL * CLOCK_SECOND };
	struct arena *arena = arena_new();
	struct tcp *t = calloc(1, sizeof *t);

	(void)err;
	if (t == NULL || (t->name = strdup(opening->name)) == NULL)
		fatal("out of memory");
	t->pool =
	    pool_new(arena_printf(arena, "inet:%s", opening->name), &limits);
	arena_free(arena);
	return t;
}

/* One question. */
struct asking {
	struct arena *arena;
	const char *key;
	char *reply;
};

static void
put_quoted(struct stream *s, const char *key)
{
	for (; *key != '\0'; key++)
		if (*key > ' ' && *key < 127 && *key != '%')
			stream_put(s, key, 1);
		else
			stream_printf(s, "%%%02X", (unsigned char)*key);
}

static int
talk(struct stream *s, void *arg, struct err *err)
{
	struct asking *a = arg;
	char *line;
	size_t n;

	stream_printf(s, "get ");
	put_quoted(s, a->key);
	stream_printf(s, "\n");
	switch (stream_line(s, MOST_REPLY, &line, &n)) {
	case STREAM_OK:
		/* The end of the text is not seen beyond a NUL. */
		a->reply = arena_strndup(a->arena, line, n);
		if (strlen(line) == n)
			return 0;
		err_set(err, "malformed reply: %.100s", line);
		return -1;
	case STREAM_TOO_LONG:
		err_set(err, "text longer than %d", MOST_REPLY);
		return -1;
	case STREAM_EOF:
		err_set(err, "unexpected EOF");
		return -1;
	case STREAM_TIMEOUT:
		err_set(err, "read timeout");
		return -1;
	default:
		err_set(err, "%s", stream_reason(s));
		return -1;
	}
}

/* The value of a hexadecimal digit, or -1. */
static int
digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *p =
	    c != '\0' ? strchr(digits, tolower((unsigned char)c)) : NULL;

	return p != NULL ? (int)(p - digits) : -1;
}

/* Undo %XX in place; false: not well-formed, or no text. */
static bool
unquote(char *text)
{
	char *to = text;
	int high, low;

	for (; *text != '\0'; text++) {
		if (*text != '%') {
			*to++ = *text;
			continue;
		}
		if ((high = digit(text[1])) < 0 || (low = digit(text[2])) < 0 ||
		    high + low == 0)
			return false;
		*to++ = (char)(high * 16 + low);
		text += 2;
	}
	*to = '\0';
	return true;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static enum table_status
judge(const struct tcp *t, struct arena *arena, char *reply,
    struct table_value *value)
{
	const char *wrong = "malformed reply";
	const char *whole = arena_strdup(arena, reply);

	if (is_digit(reply[0]) && is_digit(reply[1]) && is_digit(reply[2]) &&
	    reply[3] != '\0' && strchr(" \t", reply[3]) != NULL &&
	    unquote(reply + 4)) {
		value->text = reply + 4;
		switch (reply[0]) {
		case '2':
			return TABLE_FOUND;
		case '4':
			return TABLE_FAILED;
		case '5':
			value->text = NULL;
			return TABLE_NONE;
		default:
			wrong = "bad status code";
		}
	}
	value->text = arena_printf(arena, "%s: %.100s", wrong, whole);
	event_warning(
	    NULL, "read TCP map reply from %s: %s", t->name, value->text);
	return TABLE_FAILED;
}

static enum table_status
find(void *state, struct arena *arena, const char *key,
    struct table_value *value)
{
	const struct tcp *t = state;
	struct asking a = { arena, key, NULL };
	struct err err = { "" };

	switch (pool_ask(
	    t->pool, clock_mono() + TIMEOUT * CLOCK_SECOND, talk, &a, &err)) {
	case POOL_DONE:
		return judge(t, arena, a.reply, value);
	case POOL_UNREACHABLE:
		event_warning(
		    NULL, "connect to TCP map %s: %s", t->name, err.text);
		break;
	case POOL_BROKEN:
		event_warning(
		    NULL, "read TCP map reply from %s: %s", t->name, err.text);
		break;
	}
	value->text = arena_strdup(arena, err.text);
	return TABLE_FAILED;
}

const struct table_type table_tcp = {
	.name = "tcp",
	.flags = TABLE_WHOLE_KEY | TABLE_MAY_BLOCK,
	.open = open_tcp,
	.find = find,
	.close = close_tcp,
};
