/* content.h - a stored message, in parts, as an agent sends it. */
#ifndef DELIVERY_CONTENT_H
#define DELIVERY_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "queue/envelope.h"

struct arena;
struct err;
struct store_reader;

struct content {
	struct store_reader *store;
	uint64_t key;
	struct envelope envelope; /* without recipients: the job has them */
	uint64_t next;            /* part */
	struct buf chunk;
};

/* content_open(content, store, key, arena, err): find message ${key}; what is
 * small is copied to ${arena}.  1, 0: it is not there, -1: why in ${err}.
 * Release with content_close() in any case. */
int content_open(struct content *content, struct store_reader *store,
    uint64_t key, struct arena *arena, struct err *err);
void content_close(struct content *content);

/* content_next(content, data, n, err): the next part, valid until the next
 * call: first the header section, then the body.  1, 0: that was all, -1: why
 * in ${err}.  No transaction stays open in between. */
int content_next(
    struct content *content, const char **data, size_t *n, struct err *err);

/* content_rewind(content): begin again. */
void content_rewind(struct content *content);

/* content_has_header(content, name, value): there is a header ${name} whose
 * whole value is ${value}, letters compared without case. */
bool content_has_header(
    const struct content *content, const char *name, const char *value);

/* content_count_headers(content, name): how many headers ${name} there are. */
size_t content_count_headers(const struct content *content, const char *name);

#endif
