/* requeue.h - make a stored message as if it had just come in. */
#ifndef QUEUE_REQUEUE_H
#define QUEUE_REQUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct envelope;
struct store_op;

/* What a requeue begins with. */
struct requeue {
	const char *myhostname, *mail_name;
	struct arena *arena; /* of the envelope */
	const char *headers; /* those that were put before the message */
	size_t nheaders;
	uint64_t size;
};

/* requeue_prepare(r, e): only the recipients that are left, without routes.
 * ${r} has myhostname, mail_name and arena; the rest is set. */
void requeue_prepare(struct requeue *r, struct envelope *e);

/* requeue_name(r, e, now, key, long_form, op): give it a new queue id and one
 * more Received: header with that, and make ${op} the STORE_REPLACE of message
 * ${key} by it (old_qid is set).  Once more, if that id was taken. */
void requeue_name(const struct requeue *r, struct envelope *e, int64_t now,
    uint64_t key, bool long_form, struct store_op *op);

#endif
