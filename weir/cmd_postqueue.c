/* cmd_postqueue.c - see cmd_postqueue.h: what anybody may do with the queue:
 * list it, and have it tried now. */
#include "weir/cmd_postqueue.h"

#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/param.h"
#include "queue/admin.h"
#include "queue/envelope.h"
#include "rules/match.h"
#include "weir/options.h"
#include "weir/queue_listing.h"
#include "weir/queue_tool.h"
#include "weir/table_world.h"

enum { MOST_WAITING = 64 * 1024 };

struct listing {
	struct queue_listing listing;
	bool json;
	struct buf out;
};

static void
write_out(struct buf *out)
{
	(void)fwrite(buf_str(out), 1, out->len, stdout);
	buf_reset(out);
}

static void
entry(void *arg, enum admin_state state, const struct envelope *e)
{
	struct listing *l = arg;

	if (l->json)
		queue_listing_json(state, e, &l->out);
	else
		queue_listing_entry(&l->listing, state, e, &l->out);
	if (l->out.len > MOST_WAITING)
		write_out(&l->out);
}

static void
open_queue(struct queue_tool *tool, bool list)
{
	queue_tool_open(tool);
	if (list && admin_is_alone(tool->admin))
		queue_tool_warn(
		    tool, "Mail system is down -- accessing queue directly");
}

static int
list(struct queue_tool *tool, bool json)
{
	struct listing l = { .json = json };
	const char *text =
	    conf_get(tool->conf, "enable_long_queue_ids", tool->arena, NULL);
	struct err err = { "" };

	if (text != NULL)
		(void)param_bool(text, &l.listing.long_ids);
	open_queue(tool, true);
	if (admin_list(tool->admin, NULL, entry, &l, &err) < 0)
		queue_tool_fail(tool, "%s", err.text);
	if (!json)
		queue_listing_end(&l.listing, &l.out);
	write_out(&l.out);
	buf_free(&l.out);
	return fflush(stdout) == 0 ? 0 : EX_IOERR;
}

/* Only destinations that an administrator has named are flushed one by one. */
static void
check_site(struct queue_tool *tool, const char *site)
{
	struct err err = { "" };
	const char *domains =
	    conf_get(tool->conf, "fast_flush_domains", tool->arena, &err);
	struct match *match;

	if (domains == NULL)
		queue_tool_fail(tool, "%s", err.text);
	match = match_open(domains, "fast_flush_domains",
	    match_style(tool->conf, "fast_flush_domains"), tool->conf, &err);
	if (match_domain(match, table_world(), tool->arena, site) !=
	    TABLE_FOUND)
		queue_tool_fail(tool,
		    "Flush service is not configured for destination \"%s\"",
		    site);
	match_close(match);
}

static int
flush(struct queue_tool *tool, const char *site)
{
	struct err err = { "" };

	open_queue(tool, false);
	if (admin_is_alone(tool->admin))
		queue_tool_fail(
		    tool, "Cannot flush mail queue - mail system is down");
	if (admin_flush(tool->admin, site, &err) < 0)
		queue_tool_fail(tool, "%s", err.text);
	return 0;
}

static void
ignore(void *arg, const char *qid, int outcome)
{
	(void)arg;
	(void)qid;
	(void)outcome;
}

static int
flush_one(struct queue_tool *tool, const char *qid)
{
	const struct admin_ids ids = { &qid, 1 };
	struct err err = { "" };

	if (!envelope_qid_valid(qid))
		queue_tool_fail(
		    tool, "Cannot flush queue ID - invalid name: \"%s\"", qid);
	open_queue(tool, false);
	if (admin_is_alone(tool->admin))
		queue_tool_fail(
		    tool, "Cannot flush queue ID - mail system is down");
	if (admin_change(
		tool->admin, SCHEDULE_FLUSH, &ids, ignore, NULL, &err) < 0)
		queue_tool_fail(tool, "%s", err.text);
	return 0;
}

static _Noreturn void
usage(const struct queue_tool *tool)
{
	queue_tool_fail(tool,
	    "usage: postqueue -f | postqueue -i queueid | postqueue -j | "
	    "postqueue -p | postqueue -s site");
}

int
cmd_postqueue(int argc, char **argv)
{
	struct queue_tool tool = { .program = "postqueue",
		.status = EX_UNAVAILABLE };
	struct options o = { .argc = argc, .argv = argv };
	const char *dir = NULL, *value = NULL;
	int letter, mode = 0, status;

	while ((letter = options_next(&o, "c:fi:jps:v")) != -1) {
		if (letter == 'c')
			dir = o.value;
		else if (letter == '?' || (letter != 'v' && mode != 0))
			usage(&tool);
		else if (letter != 'v') {
			mode = letter;
			value = o.value;
		}
	}
	if (mode == 0 || o.next < argc)
		usage(&tool);
	queue_tool_start(&tool, dir);
	if (mode == 'p' || mode == 'j') {
		status = list(&tool, mode == 'j');
	} else if (mode == 'i') {
		status = flush_one(&tool, value);
	} else {
		if (mode == 's')
			check_site(&tool, value);
		status = flush(&tool, mode == 's' ? value : NULL);
	}
	queue_tool_end(&tool);
	return status;
}

int
cmd_postqueue_mailq(int argc, char **argv)
{
	struct queue_tool tool = { .program = "mailq",
		.status = EX_UNAVAILABLE };
	struct options o = { .argc = argc, .argv = argv };
	const char *dir = NULL;
	int letter, status;

	while ((letter = options_next(&o, "c:v")) != -1)
		if (letter == 'c')
			dir = o.value;
		else if (letter == '?')
			queue_tool_fail(&tool, "usage: mailq [-c config_dir]");
	queue_tool_start(&tool, dir);
	status = list(&tool, false);
	queue_tool_end(&tool);
	return status;
}
