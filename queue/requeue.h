/* requeue.h - make a stored message as if it had just come in. */
#ifndef QUEUE_REQUEUE_H
#define QUEUE_REQUEUE_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct envelope;
struct store_op;

/* requeue_prepare(e, myhostname, mail_name, now, arena): only the recipients
 * that are left, without routes; one more Received: header. */
void requeue_prepare(struct envelope *e, const char *myhostname,
    const char *mail_name, int64_t now, struct arena *arena);

/* requeue_name(e, now, key, long_form, op): give it a new queue id, and make
 * ${op} the STORE_REPLACE of message ${key} by it (old_qid is set). */
void requeue_name(struct envelope *e, int64_t now, uint64_t key, bool long_form,
    struct store_op *op);

#endif
