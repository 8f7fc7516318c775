/* policy_desk.c - see policy_desk.h. */
#include "policy/policy_desk.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/loop.h"
#include "base/state_group.h"
#include "base/workers.h"

/* The first is not to wait for too many others, nor are those who want to write
 * to the store. */
enum { AT_ONCE = 64 };

struct policy_desk {
	struct loop *loop;
	struct workers *workers;
	struct state *state;
	struct loop_task hand_over, back;
	struct work work;
	struct policy_desk_item *waiting, **last;
	struct policy_desk_item *taken; /* the worker's */
};

#define DESK_OF(member, pointer)                                               \
	((struct policy_desk *)(void *)((char *)(pointer)-offsetof(            \
	    struct policy_desk, member)))

/* In the worker: giving the desk back is the last thing it does. */
static void
work(struct work *given)
{
	struct policy_desk *desk = DESK_OF(work, given);
	struct arena *arena = arena_new();

	event_hold(1);
	state_group_open(desk->state);
	for (struct policy_desk_item *i = desk->taken; i != NULL; i = i->next) {
		i->run(i, arena);
		arena_reset(arena);
	}
	if (state_group_close(desk->state) != 0)
		event_warning(NULL,
		    "the state store cannot be written; what the latest "
		    "requests have left there is lost");
	event_hold(0);
	arena_free(arena);
	loop_post(desk->loop, &desk->back);
}

/* At the end of a turn of the loop, when all who come in it are there. */
static void
hand_over(struct loop_task *task)
{
	struct policy_desk *desk = DESK_OF(hand_over, task);
	struct policy_desk_item *i = desk->waiting;

	if (desk->taken != NULL || i == NULL)
		return;
	desk->taken = i;
	for (unsigned n = 1; n < AT_ONCE && i->next != NULL; n++)
		i = i->next;
	desk->waiting = i->next;
	if (i->next == NULL)
		desk->last = &desk->waiting;
	i->next = NULL;
	workers_give(desk->workers, &desk->work);
}

static void
come_back(struct loop_task *task)
{
	struct policy_desk *desk = DESK_OF(back, task);
	struct policy_desk_item *i = desk->taken, *next;

	desk->taken = NULL;
	loop_defer(desk->loop, &desk->hand_over);
	for (; i != NULL; i = next) {
		next = i->next;
		i->back(i);
	}
}

struct policy_desk *
policy_desk_new(struct loop *loop, struct workers *workers, struct state *state)
{
	struct policy_desk *desk = calloc(1, sizeof *desk);

	if (desk == NULL)
		fatal("out of memory");
	desk->loop = loop;
	desk->workers = workers;
	desk->state = state;
	desk->hand_over.run = hand_over;
	desk->back.run = come_back;
	desk->work.run = work;
	desk->last = &desk->waiting;
	return desk;
}

void
policy_desk_free(struct policy_desk *desk)
{
	if (desk == NULL)
		return;
	must(desk->taken == NULL && desk->waiting == NULL);
	free(desk);
}

void
policy_desk_give(struct policy_desk *desk, struct policy_desk_item *item)
{
	item->next = NULL;
	*desk->last = item;
	desk->last = &item->next;
	loop_defer(desk->loop, &desk->hand_over);
}
