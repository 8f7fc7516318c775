/* queue_shape.h - how much waits in the queue, and how long, by something: a
 * table as of Postfix's qshape. */
#ifndef WEIR_QUEUE_SHAPE_H
#define WEIR_QUEUE_SHAPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/strmap.h"

struct buf;
struct envelope;

enum { QUEUE_SHAPE_AGES = 10 };

/* By what. */
enum queue_shape_key {
	QUEUE_SHAPE_DOMAIN, /* of recipients, which are counted */
	QUEUE_SHAPE_SENDER, /* messages */
	QUEUE_SHAPE_REASON, /* why recipients wait, who are counted */
	QUEUE_SHAPE_AGE,    /* messages, a line for each age */
};

struct queue_shape {
	enum queue_shape_key key;
	int64_t now; /* wall clock */
	struct strmap rows;
	size_t ages[QUEUE_SHAPE_AGES];
};

/* queue_shape_parse(text, key): "domain", "sender", "reason", "age". */
bool queue_shape_parse(const char *text, enum queue_shape_key *key);

/* queue_shape_add(shape, e): count a message.  ${shape} begins with its key and
 * time, the rest zero. */
void queue_shape_add(struct queue_shape *shape, const struct envelope *e);

/* queue_shape_print(shape, out): the table, the largest row first.
 * queue_shape_free(shape). */
void queue_shape_print(const struct queue_shape *shape, struct buf *out);
void queue_shape_free(struct queue_shape *shape);

#endif
