/* queue_id.h - the name of a message in the queue, and who has brought it. */
#ifndef PROXY_QUEUE_ID_H
#define PROXY_QUEUE_ID_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/envelope.h"

struct session;

/* queue_id_new(arrival, long_form, qid): one that no other message has. */
void queue_id_new(int64_t arrival, bool long_form, char qid[ENVELOPE_QID]);

/* queue_id_open(s): give the transaction its queue id, and log it; once. */
void queue_id_open(struct session *s);

/* queue_id_log(s): "client=...", under the name that the transaction has. */
void queue_id_log(struct session *s);

#endif
