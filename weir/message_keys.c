/* message_keys.c - see message_keys.h. */
#include "weir/message_keys.h"

#include "base/arena.h"
#include "base/buf.h"
#include "checks/mime.h"
#include "proxy/proxy_params.h"

enum { NESTING = 100, BOUNDARY = 2048 }; /* Postfix's limits */

struct reading {
	const struct message_keys *keys;
	struct buf key; /* the piece at hand, as a string */
};

static void
give(struct reading *r, const char *text, size_t len)
{
	buf_reset(&r->key);
	buf_put(&r->key, text, len);
	r->keys->key(r->keys->arg, buf_str(&r->key));
}

static void
header(
    void *arg, enum mime_class of, const char *text, size_t len, size_t offset)
{
	struct reading *r = arg;

	(void)of;
	(void)offset;
	if (r->keys->headers)
		give(r, text, len);
}

static void
body(void *arg, const char *text, size_t len, bool ends, size_t offset)
{
	struct reading *r = arg;

	(void)ends;
	(void)offset;
	if (r->keys->body)
		give(r, text, len);
}

static void
mark(void *arg)
{
	(void)arg;
}

static void
fault(void *arg, enum mime_fault what, const char *text, size_t len)
{
	(void)arg;
	(void)what;
	(void)text;
	(void)len;
}

int
message_keys_limits(
    struct message_keys *keys, struct conf *conf, struct err *err)
{
	struct arena *arena = arena_new();
	struct proxy_params params;
	int result = param_load(&proxy_params_table, conf, arena, &params, err);

	if (result == 0) {
		keys->header_size = (size_t)params.header_size_limit;
		keys->line_length = (size_t)params.line_length_limit;
	}
	arena_free(arena);
	return result;
}

void
message_keys_read(const struct message_keys *keys, FILE *file)
{
	static const struct mime_sink sink = {
		.header = header,
		.headers_end = mark,
		.body = body,
		.body_end = mark,
		.fault = fault,
	};
	const struct mime_options options = {
		.header_size = keys->header_size,
		.line_length = keys->line_length,
		.boundary_length = BOUNDARY,
		.nesting = NESTING,
		.plain = !keys->mime,
	};
	struct reading r = { keys, { NULL, 0, 0 } };
	struct mime *mime = mime_new(&options, &sink, &r);
	char piece[4096];
	size_t n;

	while ((n = fread(piece, 1, sizeof piece, file)) > 0)
		mime_feed(mime, piece, n);
	mime_end(mime);
	mime_free(mime);
	buf_free(&r.key);
}
