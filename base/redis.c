/* redis.c - see redis.h. */
#include "base/redis.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/stream.h"

enum {
	MOST_LINE = 4096,
	MOST_DIGITS = 10, /* of a string's length; Redis has 512 MB at most */
	CHUNK = 4096,
};

static int
fail(struct stream *s, enum stream_status status, struct err *err)
{
	if (status == STREAM_TOO_LONG)
		err_set(err, "unexpected reply: too long");
	else
		err_set(err, "%s", stream_reason(s));
	return -1;
}

static int
unexpected(const char *reply, struct err *err)
{
	err_set(err, "unexpected reply: %.30s", reply);
	return -1;
}

static void
send_words(struct stream *s, const char *const *words)
{
	size_t n = 0;

	while (words[n] != NULL)
		n++;
	stream_printf(s, "*%zu\r\n", n);
	for (; *words != NULL; words++) {
		stream_printf(s, "$%zu\r\n", strlen(*words));
		stream_put(s, *words, strlen(*words));
		stream_put(s, "\r\n", 2);
	}
}

static bool
is_length(const char *text)
{
	size_t n = strlen(text);

	if (n == 0 || n > MOST_DIGITS)
		return false;
	for (; *text != '\0'; text++)
		if (!isdigit((unsigned char)*text))
			return false;
	return true;
}

static int
pass_over(struct stream *s, size_t n, struct err *err)
{
	enum stream_status status;
	char chunk[CHUNK];
	size_t part;

	for (; n > 0; n -= part) {
		part = n < sizeof chunk ? n : sizeof chunk;
		status = stream_read(s, chunk, part);
		if (status != STREAM_OK)
			return fail(s, status, err);
	}
	return 0;
}

/* "$length", and then the octets and a CRLF. */
static int
read_string(struct stream *s, const char *length, size_t most,
    struct arena *arena, struct redis_reply *reply, struct err *err)
{
	enum stream_status status;
	char *data;

	if (strcmp(length, "-1") == 0) {
		reply->kind = REDIS_NIL;
		return 0;
	}
	if (!is_length(length))
		return unexpected(length, err);
	reply->len = (size_t)strtoul(length, NULL, 10);
	if (reply->len > most) {
		reply->kind = REDIS_TOO_LONG;
		return pass_over(s, reply->len + 2, err);
	}
	data = arena_alloc(arena, reply->len + 2);
	status = stream_read(s, data, reply->len + 2);
	if (status != STREAM_OK)
		return fail(s, status, err);
	if (memcmp(data + reply->len, "\r\n", 2) != 0)
		return unexpected("a string without end", err);
	data[reply->len] = '\0';
	reply->kind = REDIS_TEXT;
	reply->text = data;
	return 0;
}

int
redis_ask(struct stream *s, const char *const *words, size_t most,
    struct arena *arena, struct redis_reply *reply, struct err *err)
{
	enum stream_status status;
	const char *line;
	char *text;
	size_t n;

	*reply = (struct redis_reply){ .kind = REDIS_NIL };
	send_words(s, words);
	status = stream_line(s, MOST_LINE, &text, &n);
	if (status != STREAM_OK)
		return fail(s, status, err);
	line = arena_strdup(arena, text);
	switch (line[0]) {
	case '$':
		return read_string(s, line + 1, most, arena, reply, err);
	case '+':
		reply->kind = REDIS_TEXT;
		break;
	case '-':
		reply->kind = REDIS_REFUSED;
		break;
	case ':':
		reply->kind = REDIS_NUMBER;
		break;
	default:
		return unexpected(line, err);
	}
	reply->text = line + 1;
	reply->len = strlen(reply->text);
	return 0;
}
