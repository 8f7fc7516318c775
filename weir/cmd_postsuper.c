/* cmd_postsuper.c - see cmd_postsuper.h: what only the superuser (or the owner
 * of the queue) may do: delete, hold, release, requeue. */
#include "weir/cmd_postsuper.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "queue/admin.h"
#include "queue/envelope.h"
#include "weir/options.h"
#include "weir/queue_listing.h"
#include "weir/queue_tool.h"

/* In the order in which they are done. */
static const struct kind {
	char letter;
	enum schedule_change change;
	const char *each, *total;
} kinds[] = {
	{ 'd', SCHEDULE_DELETE, "removed", "Deleted" },
	{ 'r', SCHEDULE_REQUEUE, "requeued", "Requeued" },
	{ 'h', SCHEDULE_HOLD, "placed on hold", "Placed on hold" },
	{ 'H', SCHEDULE_RELEASE, "released from hold", "Released from hold" },
};

enum { KINDS = sizeof kinds / sizeof *kinds };

/* Queue ids that something is to be done with. */
struct names {
	const char **ids;
	size_t count, room;
	bool given; /* the option was */
	bool all;
};

struct request {
	struct queue_tool tool;
	struct arena *arena; /* has the ids */
	struct names names[KINDS];
	char **queues; /* only messages in these; ended by NULL */
};

static void
add(const struct request *r, struct names *names, const char *id)
{
	const char **ids;

	if (names->count == names->room) {
		names->room = names->room > 0 ? names->room * 2 : 64;
		ids = arena_alloc(r->arena, names->room * sizeof *ids);
		if (names->count > 0)
			memcpy(ids, names->ids, names->count * sizeof *ids);
		names->ids = ids;
	}
	names->ids[names->count++] = arena_strdup(r->arena, id);
}

static void
add_checked(struct request *r, struct names *names, const char *id)
{
	if (envelope_qid_valid(id))
		add(r, names, id);
	else
		queue_tool_warn(&r->tool, "invalid mail queue id: %s", id);
}

/* One id per line of standard input. */
static void
add_lines(struct request *r, struct names *names)
{
	char line[256];

	while (fgets(line, sizeof line, stdin) != NULL) {
		line[strcspn(line, " \t\r\n*!")] = '\0';
		if (line[0] != '\0')
			add_checked(r, names, line);
	}
}

static bool
in_queues(const struct request *r, enum admin_state state)
{
	if (r->queues[0] == NULL)
		return true;
	for (char **q = r->queues; *q != NULL; q++)
		if (strcmp(*q, queue_listing_name(state)) == 0)
			return true;
	return false;
}

struct gathering {
	const struct request *request;
	struct names *names;
};

static void
gather(void *arg, enum admin_state state, const struct envelope *e)
{
	const struct gathering *g = arg;

	if (in_queues(g->request, state))
		add(g->request, g->names, e->qid);
}

/* Only those of the ids that are in the queues that were named. */
static void
narrow(struct request *r, struct names *names)
{
	struct names left = { 0 };
	struct gathering g = { r, &left };
	struct err err = { "" };

	for (size_t i = 0; i < names->count && r->queues[0] != NULL; i++)
		if (admin_list(r->tool.admin, names->ids[i], gather, &g, &err) <
		    0)
			queue_tool_fail(&r->tool, "%s", err.text);
	if (r->queues[0] == NULL)
		return;
	names->ids = left.ids;
	names->count = left.count;
}

struct tally {
	const struct kind *kind;
	bool quiet; /* ALL: only the total is said */
	size_t count;
};

static void
made(void *arg, const char *qid, int outcome)
{
	struct tally *tally = arg;

	if (outcome == 0)
		return;
	tally->count++;
	if (!tally->quiet)
		(void)fprintf(
		    stderr, "postsuper: %s: %s\n", qid, tally->kind->each);
}

static void
run(struct request *r, size_t k)
{
	struct names *names = &r->names[k];
	struct tally tally = { .kind = &kinds[k], .quiet = names->all };
	struct gathering g = { r, names };
	struct err err = { "" };
	struct admin_ids ids;

	if (!names->given)
		return;
	if (names->all && admin_list(r->tool.admin, NULL, gather, &g, &err) < 0)
		queue_tool_fail(&r->tool, "%s", err.text);
	if (!names->all)
		narrow(r, names);
	ids = (struct admin_ids){ names->ids, names->count };
	if (admin_change(
		r->tool.admin, kinds[k].change, &ids, made, &tally, &err) < 0)
		queue_tool_fail(&r->tool, "%s", err.text);
	(void)fprintf(stderr, "postsuper: %s: %zu message%s\n", kinds[k].total,
	    tally.count, tally.count == 1 ? "" : "s");
}

static _Noreturn void
usage(const struct queue_tool *tool)
{
	queue_tool_fail(tool,
	    "usage: postsuper [-c config_dir] [-d queue_id (delete)] "
	    "[-h queue_id (hold)] [-H queue_id (un-hold)] [-p (purge temporary "
	    "files)] [-r queue_id (requeue)] [-s (structure fix)] [queue...]");
}

static size_t
kind_of(int letter)
{
	size_t k = 0;

	while (k < KINDS && kinds[k].letter != letter)
		k++;
	return k;
}

int
cmd_postsuper(int argc, char **argv)
{
	struct request r = { .tool = { .program = "postsuper", .status = 1 } };
	struct options o = { .argc = argc, .argv = argv };
	const char *dir = NULL;
	int letter;
	size_t k;

	r.arena = arena_new();
	while ((letter = options_next(&o, "c:d:h:H:pr:sSv")) != -1) {
		k = kind_of(letter);
		if (letter == '?')
			usage(&r.tool);
		if (letter == 'c')
			dir = o.value;
		/* -p, -s: the store repairs itself when it is opened. */
		if (k == KINDS)
			continue;
		r.names[k].given = true;
		if (strcmp(o.value, "ALL") == 0)
			r.names[k].all = true;
		else if (strcmp(o.value, "-") == 0)
			add_lines(&r, &r.names[k]);
		else
			add_checked(&r, &r.names[k], o.value);
	}
	r.queues = argv + o.next;
	queue_tool_start(&r.tool, dir);
	queue_tool_open(&r.tool);
	for (k = 0; k < KINDS; k++)
		run(&r, k);
	queue_tool_end(&r.tool);
	arena_free(r.arena);
	return 0;
}
