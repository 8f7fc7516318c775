/* greylist_rule.c - see greylist_rule.h.
 *
 * Cells: of a triplet the times of its first and its latest attempt; of a client
 * how often mail of it has waited successfully, and when that last counted. */
#include "checks/greylist_rule.h"

enum { FIRST, LATEST };  /* of a triplet */
enum { COUNT, COUNTED }; /* of a client */

/* More often than that a client's successes do not count, and what is known is
 * not written again; and so long the recipients of one message may take. */
#define HOUR INT64_C(3600000)

static void
keep(struct memory_cell *cell, int64_t a, int64_t b, int64_t expires)
{
	cell->number[0] = a;
	cell->number[1] = b;
	cell->expires = expires;
	cell->changed = true;
}

/* An hour has passed; or the clock was set back. */
static bool
counts(const struct memory_cell *client, int64_t now)
{
	return !client->there || now >= client->number[COUNTED] + HOUR ||
	    now < client->number[COUNTED];
}

static void
count(struct memory_cell *client, const int64_t *args, int64_t now)
{
	if (counts(client, now))
		keep(client, client->there ? client->number[COUNT] + 1 : 1, now,
		    now + args[GREYLIST_MAX_AGE]);
}

/* The triplet has waited, now for the first time. */
static void
pass(struct memory_cell *cells, const int64_t *args, int64_t now,
    int64_t *results)
{
	struct memory_cell *message = &cells[GREYLIST_MESSAGE];

	if (args[GREYLIST_AUTO_ALLOW] > 0)
		count(&cells[GREYLIST_CLIENT], args, now);
	results[GREYLIST_WHY] =
	    message->there ? GREYLIST_WAITED_AGAIN : GREYLIST_WAITED;
	if (!message->there)
		keep(message, 1, 0, now + HOUR);
}

static void
decide(struct memory_cell *cells, const int64_t *args, int64_t now,
    int64_t *results)
{
	struct memory_cell *triplet = &cells[GREYLIST_TRIPLET];
	struct memory_cell *client = &cells[GREYLIST_CLIENT];
	int64_t delay = args[GREYLIST_DELAY], first = now;
	bool known = false;

	if (args[GREYLIST_AUTO_ALLOW] > 0 && client->there &&
	    client->number[COUNT] >= args[GREYLIST_AUTO_ALLOW]) {
		count(client, args, now);
		results[GREYLIST_WHY] = GREYLIST_ALLOWED;
		return;
	}
	if (triplet->there) {
		first = triplet->number[FIRST];
		known = triplet->number[LATEST] - first >= delay;
		if (first > now) /* the clock was set back */
			first = now;
	}
	if (now - first < delay) {
		results[GREYLIST_WHY] =
		    triplet->there ? GREYLIST_EARLY : GREYLIST_NEW;
		results[GREYLIST_WAIT] = delay - (now - first);
		/* A later attempt must come within the window of the first:
		 * one that is longer than the delay. */
		keep(triplet, first, now,
		    first + args[GREYLIST_RETRY_WINDOW] + 1);
		return;
	}
	results[GREYLIST_WHY] = GREYLIST_KNOWN;
	results[GREYLIST_DELAYED] = now - first;
	/* Of what is known, an hour more or less need not be written. */
	if (known && now >= triplet->number[LATEST] &&
	    now < triplet->number[LATEST] + HOUR)
		return;
	if (!known)
		pass(cells, args, now, results);
	keep(triplet, first, now, now + args[GREYLIST_MAX_AGE]);
}

/* decide(), in the numbers of greylist_rule.h. */
static const char script[] =
    "local triplet, client, message = cell[1], cell[2], cell[3]\n"
    "local delay, window, age, allow = arg[1], arg[2], arg[3], arg[4]\n"
    "local hour = 3600000\n"
    "local function count()\n"
    " if not client or now >= client[2] + hour or now < client[2] then\n"
    "  keep(2, (client and client[1] or 0) + 1, now, now + age)\n"
    " end\n"
    "end\n"
    "if allow > 0 and client and client[1] >= allow then\n"
    " count()\n"
    " return answer(3, 0, 0)\n"
    "end\n"
    "local first, known = now, false\n"
    "if triplet then\n"
    " first = triplet[1]\n"
    " known = triplet[2] - first >= delay\n"
    " if first > now then first = now end\n"
    "end\n"
    "if now - first < delay then\n"
    " keep(1, first, now, first + window + 1)\n"
    " return answer(triplet and 5 or 4, delay - (now - first), 0)\n"
    "end\n"
    "if known and now >= triplet[2] and now < triplet[2] + hour then\n"
    " return answer(0, 0, now - first)\n"
    "end\n"
    "local why = 0\n"
    "if not known then\n"
    " if allow > 0 then count() end\n"
    " why = message and 2 or 1\n"
    " if not message then keep(3, 1, 0, now + hour) end\n"
    "end\n"
    "keep(1, first, now, now + age)\n"
    "return answer(why, 0, now - first)\n";
_Static_assert(GREYLIST_KNOWN == 0 && GREYLIST_WAITED == 1 &&
	GREYLIST_WAITED_AGAIN == 2 && GREYLIST_ALLOWED == 3 &&
	GREYLIST_NEW == 4 && GREYLIST_EARLY == 5,
    "the script's numbers");

const struct memory_rule greylist_rule = {
	.name = "greylist",
	.cells = 3,
	.maps = { "greylist", "greylist_client", "greylist_message" },
	.decide = decide,
	.script = script,
};
