/* intake.h - from the first accepted recipient to the queue's acknowledgement:
 * the one way in, and the one place where effects are applied. */
#ifndef PROXY_INTAKE_H
#define PROXY_INTAKE_H

#include <stdbool.h>
#include <stddef.h>

struct session;

/* intake_open(s): give the transaction its queue id, and log it; once. */
void intake_open(struct session *s);

/* intake_begin(s): content follows (354 was said). */
void intake_begin(struct session *s);

/*
 * intake_feed(s, data, n, used):
 * Content as it came from the client; *used octets were taken.  True: that was
 * the end of the message.  Body text goes to the queue as it comes; while
 * s->choked, nothing more should be given.  The loop only.
 */
bool intake_feed(struct session *s, const char *data, size_t n, size_t *used);

/*
 * intake_finish(s):
 * The message is whole: the end-of-data restrictions, expansion and first
 * resolution of its recipients, its headers.  Replies if it is refused or
 * discarded; otherwise mail->envelope is ready.  intake_blocks(): that may
 * block.
 */
void intake_finish(struct session *s);
bool intake_blocks(const struct session *s);

/* intake_commit(s): give mail->envelope to the queue; ${done} is called with
 * the session when it has replied.  The loop only. */
void intake_commit(struct session *s, void (*done)(struct session *s));

#endif
