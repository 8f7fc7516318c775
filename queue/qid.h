/* qid.h - new names of messages in the queue. */
#ifndef QUEUE_QID_H
#define QUEUE_QID_H

#include <stdbool.h>
#include <stdint.h>

#include "queue/envelope.h"

/* qid_new(arrival, long_form, qid): one that no other message has.  Any thread. */
void qid_new(int64_t arrival, bool long_form, char qid[ENVELOPE_QID]);

#endif
