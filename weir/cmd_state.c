/* cmd_state.c - see cmd_state.h. */
#include "weir/cmd_state.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/json_text.h"
#include "base/local_time.h"
#include "base/state.h"
#include "base/state_visit.h"
#include "checks/memory_redis.h"
#include "checks/rate_spec.h"
#include "checks/remembered.h"
#include "checks/reputation_rule.h"
#include "rules/memory.h"
#include "weir/cmd_options.h"
#include "weir/generation.h"
#include "weir/options.h"

/* What was asked for. */
struct request {
	const struct action *action;
	const char *kind, *key; /* or NULL */
	int64_t now;
	struct remembered_place place;
	size_t found;
};

struct action {
	const char *name;
	int least, most; /* of KIND and KEY */
	bool aside;      /* all maps */
	void (*print)(const struct memory_entry *entry, int64_t now);
};

static int
fail(int status, const char *text)
{
	(void)fprintf(stderr, "weir state: fatal: %s\n", text);
	return status;
}

/* "2026-11-22 10:05:12", local time.  Others may have written any number to a
 * server. */
static void
put_time(struct buf *out, const char *what, int64_t ms)
{
	const int64_t most = INT64_MAX / CLOCK_MS;
	char text[LOCAL_TIME_TEXT];

	if (ms > most || ms < -most)
		ms = ms > 0 ? most : -most;
	buf_printf(out, ", %s %s", what,
	    local_time_text(text, ms * CLOCK_MS, "%Y-%m-%d %H:%M:%S"));
}

static void
put_triplet(struct buf *out, const struct memory_entry *e, int64_t now)
{
	(void)now;
	buf_puts(out, "triplet");
	put_time(out, "first", e->number[0]);
	put_time(out, "last", e->number[1]);
}

static void
put_client(struct buf *out, const struct memory_entry *e, int64_t now)
{
	(void)now;
	buf_printf(out, "client, %lld waited", (long long)e->number[0]);
	put_time(out, "last", e->number[1]);
}

static void
put_bucket(struct buf *out, const struct memory_entry *e, int64_t now)
{
	int64_t capacity,
	    used = rate_spec_used(e->key, e->number, now, &capacity);

	if (used >= 0)
		buf_printf(
		    out, "%lld of %lld", (long long)used, (long long)capacity);
	else
		buf_puts(out, "unknown");
}

/* As it was when something was last added: it fades as the configuration says. */
static void
put_deeds(struct buf *out, const struct memory_entry *e, int64_t now)
{
	(void)now;
	buf_printf(out, "%.1f", (double)e->number[0] / REPUTATION_ONE);
	put_time(out, "last", e->number[1]);
}

static void
put_numbers(struct buf *out, const struct memory_entry *e, int64_t now)
{
	(void)now;
	buf_printf(
	    out, "%lld %lld", (long long)e->number[0], (long long)e->number[1]);
}

/* How the entries of a map are told. */
static const struct {
	const char *map;
	void (*put)(struct buf *out, const struct memory_entry *e, int64_t now);
} texts[] = {
	{ "greylist", put_triplet },
	{ "greylist_client", put_client },
	{ "rate_limit", put_bucket },
	{ "reputation_good", put_deeds },
	{ "reputation_bad", put_deeds },
	{ NULL, put_numbers },
};

static void
print_text(const struct memory_entry *e, int64_t now)
{
	struct buf out = { 0 };
	size_t i = 0;

	while (texts[i].map != NULL && strcmp(texts[i].map, e->map) != 0)
		i++;
	texts[i].put(&out, e, now);
	put_time(&out, "until", e->expires);
	(void)printf("%s\t%s\t%s\n", e->map, e->key, buf_str(&out));
	buf_free(&out);
}

static void
print_json(const struct memory_entry *e, int64_t now)
{
	struct buf out = { 0 };

	(void)now;
	buf_putc(&out, '{');
	json_text_member(&out, "map", e->map);
	json_text_member(&out, "key", e->key);
	json_text_name(&out, "numbers");
	buf_printf(&out, "[%lld,%lld]", (long long)e->number[0],
	    (long long)e->number[1]);
	json_text_name(&out, "expires");
	buf_printf(&out, "%lld}", (long long)e->expires);
	(void)printf("%s\n", buf_str(&out));
	buf_free(&out);
}

static const struct action actions[] = {
	{ "list", 0, 2, false, print_text },
	{ "show", 2, 2, true, print_text },
	{ "clear", 1, 2, true, NULL },
	{ "export", 0, 2, true, print_json },
	{ NULL, 0, 0, false, NULL },
};

/* A '*' in what is wanted stands for anything. */
static bool
is_wanted(const struct request *r, const struct memory_entry *e)
{
	if (r->key == NULL)
		return true;
	return strchr(r->key, '*') != NULL ? fnmatch(r->key, e->key, 0) == 0
					   : strcmp(r->key, e->key) == 0;
}

static void
print(void *arg, const struct memory_entry *e)
{
	struct request *r = arg;

	if (e->expires <= r->now || !is_wanted(r, e))
		return;
	r->action->print(e, r->now);
	r->found++;
}

static bool
gone(void *arg, const struct memory_entry *e)
{
	return is_wanted(arg, e);
}

static int
do_map(struct request *r, const char *map, struct err *err)
{
	int64_t count;

	if (r->action->print != NULL)
		return remembered_each(&r->place, map, r->now, print, r, err);
	count = remembered_forget(&r->place, map, r->now, gone, r, err);
	r->found += count > 0 ? (size_t)count : 0;
	return count < 0 ? -1 : 0;
}

static int
do_all(struct request *r)
{
	const struct remembered_map *m = remembered_maps();
	struct err err = { "" };

	for (; m->kind != NULL; m++)
		if ((r->kind == NULL || strcmp(r->kind, m->kind) == 0) &&
		    (r->action->aside || !m->aside) &&
		    do_map(r, m->map, &err) != 0)
			return fail(EX_UNAVAILABLE, err.text);
	if (fflush(stdout) != 0)
		return fail(EX_IOERR, "write error on output");
	if (r->action->print == NULL)
		(void)fprintf(stderr, "weir state: %zu cleared\n", r->found);
	if (r->found > 0 || r->key == NULL)
		return EX_OK;
	if (r->action->print != NULL)
		(void)fprintf(
		    stderr, "weir state: nothing of \"%s\"\n", r->key);
	return 1;
}

/* The server, or the store, whichever the services have. */
static int
open_place(struct request *r, struct generation *g, struct err *err)
{
	const char *spec =
	    conf_get(g->conf, "weir_memory_store", g->arena, err);

	if (spec == NULL)
		return -1;
	if (spec[0] != '\0')
		r->place.server = memory_redis_open(spec, g->conf, err);
	else
		r->place.state = state_visit(g->state_dir, err);
	return r->place.server != NULL || r->place.state != NULL ? 0 : -1;
}

static int
run(struct request *r, const char *dir)
{
	struct generation *g = cmd_options_read("state", dir);
	struct err err = { "" };
	int status;

	if (g == NULL)
		return EX_CONFIG;
	clock_open();
	r->now = clock_now() / CLOCK_MS;
	status = open_place(r, g, &err) == 0 ? do_all(r)
					     : fail(EX_UNAVAILABLE, err.text);
	memory_redis_close(r->place.server);
	state_close(r->place.state);
	generation_free(g);
	return status;
}

static bool
is_kind(const char *name)
{
	const struct remembered_map *m = remembered_maps();

	while (m->kind != NULL && strcmp(m->kind, name) != 0)
		m++;
	return m->kind != NULL;
}

static int
usage(void)
{
	(void)fprintf(stderr,
	    "usage: weir state [-c DIR] list [KIND [KEY]] | show KIND KEY | "
	    "clear KIND [KEY] | export [KIND [KEY]]\n");
	return EX_USAGE;
}

int
cmd_state(int argc, char **argv)
{
	const char *dir = cmd_options_default_dir();
	struct options o = { .argc = argc, .argv = argv };
	struct request r = { .action = actions };
	int c, operands;

	while ((c = options_next(&o, "c:")) == 'c')
		dir = o.value;
	operands = argc - o.next - 1;
	if (c != -1 || operands < 0)
		return usage();
	while (
	    r.action->name != NULL && strcmp(r.action->name, argv[o.next]) != 0)
		r.action++;
	if (r.action->name == NULL || operands < r.action->least ||
	    operands > r.action->most)
		return usage();
	r.kind = operands > 0 ? argv[o.next + 1] : NULL;
	r.key = operands > 1 ? argv[o.next + 2] : NULL;
	if (r.kind != NULL && !is_kind(r.kind)) {
		(void)fprintf(stderr,
		    "weir state: fatal: \"%s\" is no restriction that "
		    "remembers\n",
		    r.kind);
		return EX_USAGE;
	}
	return run(&r, dir);
}
