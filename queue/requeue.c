/* requeue.c - see requeue.h. */
#include "queue/requeue.h"

#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/local_time.h"
#include "queue/envelope.h"
#include "queue/store.h"

void
requeue_prepare(struct requeue *r, struct envelope *e)
{
	size_t n = 0;

	envelope_release(e);
	for (size_t i = 0; i < e->nrcpts; i++) {
		if (e->rcpts[i].state == ENVELOPE_DONE)
			continue;
		e->rcpts[n] = e->rcpts[i];
		e->rcpts[n].transport = e->rcpts[n].nexthop = "";
		e->rcpts[n].dsn = e->rcpts[n].reason = "";
		e->rcpts[n].remote = e->rcpts[n].diagnostic = "";
		n++;
	}
	e->nrcpts = n;
	e->attempts = 0;
	e->not_before = 0;
	e->hold = false;
	r->headers = e->headers;
	r->nheaders = e->nheaders;
	r->size = e->size;
}

/* As Postfix's pickup, who takes the message from the owner of the queue. */
static void
put_received(const struct requeue *r, struct envelope *e, int64_t now)
{
	struct buf headers = { 0 };

	buf_printf(&headers,
	    "Received: by %s (%s, from userid %u)\r\n\tid %s; ", r->myhostname,
	    r->mail_name, (unsigned)geteuid(), e->qid);
	local_time_date(now, &headers);
	buf_puts(&headers, "\r\n");
	e->size = r->size + headers.len;
	buf_put(&headers, r->headers, r->nheaders);
	e->headers = arena_strndup(r->arena, headers.data, headers.len);
	e->nheaders = headers.len;
	buf_free(&headers);
}

void
requeue_name(const struct requeue *r, struct envelope *e, int64_t now,
    uint64_t key, bool long_form, struct store_op *op)
{
	/* The number of a key comes again with each requeue; the time, which
	 * stands before it, does not. */
	envelope_qid(now, key & 0xffffff, long_form, e->qid);
	put_received(r, e, now);
	op->kind = STORE_REPLACE;
	op->needs_room = true;
	op->key = key;
	op->place = (struct store_place){ STORE_INCOMING, 0, key };
	memcpy(op->qid, e->qid, sizeof op->qid);
	buf_reset(&op->data);
	envelope_print(e, &op->data);
}
