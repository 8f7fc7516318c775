/* reached.c - see reached.h. */
#include "classes/reached.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/fatal.h"
#include "base/lines.h"
#include "base/strmap.h"
#include "checks/check.h"
#include "classes/rules.h"
#include "classes/trace.h"
#include "rules/table.h"

struct reached {
	struct strmap steps; /* "list\nrestriction" */
	struct strmap lines; /* as line_key() */
};

struct reached *
reached_new(void)
{
	struct reached *r = calloc(1, sizeof *r);

	if (r == NULL)
		fatal("out of memory");
	return r;
}

void
reached_free(struct reached *reached)
{
	if (reached == NULL)
		return;
	strmap_free(&reached->steps);
	strmap_free(&reached->lines);
	free(reached);
}

/* A table within a list has no file of its own: it is known by what stands
 * there. */
static const char *
line_key(struct arena *arena, const char *restriction, const char *file,
    unsigned line)
{
	bool is_file = strchr(file, '/') != NULL || strcmp(file, "inline") != 0;

	return arena_printf(arena, "%s\n%s:%u",
	    is_file ? "" : restriction + strcspn(restriction, " "), file, line);
}

void
reached_note(struct reached *reached, const struct trace *trace)
{
	struct arena *arena = arena_new();

	for (const struct trace_step *s = trace->steps; s != NULL;
	     s = s->next) {
		(void)strmap_set(&reached->steps,
		    arena_printf(arena, "%s\n%s", s->within, s->restriction),
		    reached);
		if (s->file != NULL)
			(void)strmap_set(&reached->lines,
			    line_key(arena, s->restriction, s->file, s->line),
			    reached);
	}
	arena_free(arena);
}

/* One walk through the rules. */
struct review {
	const struct reached *reached;
	struct arena *arena;
	struct strmap seen; /* lines: several restrictions may share them */
	struct reached_count count;
	const char *restriction; /* whose table is walked through */
	void (*say)(void *arg, const char *text);
	void *arg;
};

/* What stands in that line; "" if it cannot be told. */
static const char *
line_text(struct arena *arena, const char *file, unsigned wanted)
{
	struct buf text = { 0 }, line = { 0 };
	struct lines lines;
	const char *found = "";
	unsigned number = 0;

	if (lines_load(file, &text, NULL) == 0) {
		lines = (struct lines){ .file = file,
			.p = buf_str(&text),
			.end = buf_str(&text) + text.len };
		while (number < wanted && lines_next(&lines, &line, &number))
			;
		if (number == wanted)
			found = arena_printf(arena, ": %s", buf_str(&line));
	}
	buf_free(&line);
	buf_free(&text);
	return found;
}

static void
review_line(void *arg, const char *file, unsigned line)
{
	struct review *r = arg;
	const char *key = line_key(r->arena, r->restriction, file, line);
	bool is_inline = *key != '\n';

	if (strmap_set(&r->seen, key, r) != NULL)
		return;
	r->count.lines++;
	if (strmap_find(&r->reached->lines, key) != NULL) {
		r->count.lines_reached++;
		return;
	}
	if (is_inline)
		r->say(r->arg,
		    arena_printf(
			r->arena, "%s: entry %u", r->restriction, line));
	else
		r->say(r->arg,
		    arena_printf(r->arena, "%s:%u%s", file, line,
			line_text(r->arena, file, line)));
}

static void
review_steps(struct review *r, const struct list *list, const char *place)
{
	for (size_t i = 0; i < list->count; i++) {
		const struct step *step = &list->steps[i];

		/* warn_if_reject is no question of its own. */
		if (step->check != NULL && step->check->ask == NULL)
			continue;
		r->count.restrictions++;
		if (strmap_find(&r->reached->steps,
			arena_printf(r->arena, "%s\n%s", list->name,
			    step->text)) != NULL)
			r->count.restrictions_reached++;
		else
			r->say(r->arg,
			    arena_printf(
				r->arena, "%s: %s", place, step->text));
		r->restriction = step->text;
		if (step->argument.table != NULL)
			(void)table_lines(step->argument.table, review_line, r);
		if (step->then != NULL)
			review_steps(r, step->then, place);
	}
}

static void
review_list(struct review *r, const struct list *list, struct conf *conf)
{
	const char *place = list->name;
	struct conf_value value;

	if (conf_find(conf, list->name, &value) && value.origin.file != NULL)
		place = arena_printf(r->arena, "%s:%u: %s", value.origin.file,
		    value.origin.line, list->name);
	review_steps(r, list, place);
}

struct reached_count
reached_review(const struct reached *reached, struct rules *rules,
    struct conf *conf, void (*say)(void *arg, const char *text), void *arg)
{
	struct review r = {
		.reached = reached, .arena = arena_new(), .say = say, .arg = arg
	};

	for (unsigned i = 0; i < RULES_LISTS; i++)
		review_list(&r, &rules->lists[i], conf);
	for (size_t i = 0; i < rules->classes.count; i++)
		review_list(&r, rules->classes.items[i].value, conf);
	strmap_free(&r.seen);
	arena_free(r.arena);
	return r.count;
}
