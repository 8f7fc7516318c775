/* content.c - see content.h. */
#include "delivery/content.h"

#include <string.h>
#include <strings.h>

#include "base/err.h"
#include "queue/store_reader.h"

enum { HEADERS, INLINE_BODY };

int
content_open(struct content *c, struct store_reader *store, uint64_t key,
    struct arena *arena, struct err *err)
{
	*c = (struct content){ .store = store, .key = key };
	return store_reader_content(store, key, arena, &c->envelope, err);
}

void
content_close(struct content *c)
{
	buf_free(&c->chunk);
}

void
content_rewind(struct content *c)
{
	c->next = HEADERS;
}

int
content_next(struct content *c, const char **data, size_t *n, struct err *err)
{
	uint64_t part = c->next++;
	int found;

	if (part == HEADERS) {
		*data = c->envelope.headers;
		*n = c->envelope.nheaders;
		return 1;
	}
	if (c->envelope.nchunks == 0) {
		*data = c->envelope.body;
		*n = c->envelope.nbody;
		return part == INLINE_BODY && *n > 0;
	}
	if (part > c->envelope.nchunks)
		return 0;
	buf_reset(&c->chunk);
	found = store_reader_chunk(c->store, c->key, part - 1, &c->chunk, err);
	if (found == 0) {
		err_set(err, "message %s lacks a part", c->envelope.qid);
		return -1;
	}
	*data = c->chunk.data;
	*n = c->chunk.len;
	return found;
}

static size_t
skip_blanks(const char *p, size_t n)
{
	size_t i = 0;

	while (i < n && (p[i] == ' ' || p[i] == '\t'))
		i++;
	return i;
}

/* The headers ${name} whose whole value is ${value}; NULL: any. */
static size_t
count_headers(const struct content *c, const char *name, const char *value)
{
	const char *p = c->envelope.headers, *end = p + c->envelope.nheaders;
	size_t name_len = strlen(name), found = 0;

	while (p < end) {
		const char *lf = memchr(p, '\n', (size_t)(end - p));
		size_t n = (size_t)((lf != NULL ? lf : end) - p), skip;

		if (n > 0 && p[n - 1] == '\r')
			n--;
		if (n > name_len && p[name_len] == ':' &&
		    strncasecmp(p, name, name_len) == 0) {
			skip = name_len + 1;
			skip += skip_blanks(p + skip, n - skip);
			found += value == NULL ||
			    (n - skip == strlen(value) &&
				strncasecmp(p + skip, value, n - skip) == 0);
		}
		p = lf != NULL ? lf + 1 : end;
	}
	return found;
}

bool
content_has_header(const struct content *c, const char *name, const char *value)
{
	return count_headers(c, name, value) > 0;
}

size_t
content_count_headers(const struct content *c, const char *name)
{
	return count_headers(c, name, NULL);
}
