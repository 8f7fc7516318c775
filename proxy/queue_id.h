/* queue_id.h - the name of a message in the queue, and who has brought it. */
#ifndef PROXY_QUEUE_ID_H
#define PROXY_QUEUE_ID_H

struct session;

/* queue_id_open(s): give the transaction its queue id, and log it; once. */
void queue_id_open(struct session *s);

/* queue_id_log(s): "client=...", under the name that the transaction has. */
void queue_id_log(struct session *s);

#endif
