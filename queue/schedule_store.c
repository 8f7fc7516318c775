/* schedule_store.c - see schedule_inner.h: marks. */
#include <stdlib.h>

#include "base/fatal.h"
#include "queue/group.h"
#include "queue/mark.h"
#include "queue/queue_events.h"
#include "queue/schedule_inner.h"

static struct store_op *
new_mark(uint64_t key, const struct store_place *place,
    const struct envelope *e, void (*done)(struct store_op *op))
{
	struct store_op *op = calloc(1, sizeof *op);

	if (op == NULL)
		fatal("out of memory");
	op->kind = STORE_MARK;
	op->key = key;
	op->place = *place;
	op->done = done;
	mark_print(e, place, &op->data);
	return op;
}

static void
release(struct store_op *op)
{
	buf_free(&op->data);
	free(op);
}

void
schedule_store_mark(struct schedule *s, struct active *a)
{
	const struct store_place place = { STORE_INCOMING, 0, a->key };

	/* A child that is on its way brings a mark of its own. */
	if (a->children != NULL)
		return;
	/* If there is no room, what happened is still known here, and is
	 * stored with the end of the message. */
	group_add(s->group, new_mark(a->key, &place, &a->e, release));
}

void
schedule_store_aside(struct schedule *s, uint64_t key, const char *why)
{
	const struct store_place place = { STORE_CORRUPT, 0, key };
	const struct envelope nothing = { 0 };
	struct event_by by = { .program = "qmgr" };

	event(&queue_events_corrupt, &by, "text", why, NULL);
	group_add(s->group, new_mark(key, &place, &nothing, release));
}
