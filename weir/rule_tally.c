/* rule_tally.c - see rule_tally.h. */
#include "weir/rule_tally.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fatal.h"
#include "base/json_text.h"
#include "checks/content_lists.h"
#include "rules/ruletext.h"
#include "rules/ruletime.h"

struct rule {
	const char *place;
	const char *answer; /* the first one; NULL: none yet */
	unsigned order;
	uint64_t hits, tried;
	int64_t time; /* nanoseconds, of ${tried} */
};

static struct rule *
rule_at(struct rule_tally *t, const char *place)
{
	struct rule *r = strmap_find(&t->rules, place);

	if (r != NULL)
		return r;
	r = arena_alloc(t->arena, sizeof *r);
	r->place = arena_strdup(t->arena, place);
	r->order = (unsigned)t->rules.count;
	(void)strmap_set(&t->rules, place, r);
	return r;
}

static struct rule *
rule_in(struct rule_tally *t, const char *file, unsigned line)
{
	struct buf place = { 0 };
	struct rule *r;

	buf_printf(&place, "%s:%u", file, line);
	r = rule_at(t, buf_str(&place));
	buf_free(&place);
	return r;
}

static void
take_rule(void *arg, const char *file, unsigned line)
{
	(void)rule_in(arg, file, line);
}

static void
take_table(void *arg, struct table *table)
{
	(void)table_lines(table, take_rule, arg);
}

static void
take_time(void *arg, const char *table, unsigned line, int64_t time)
{
	struct rule *r;

	if (!ruletext_is_file(table))
		return;
	r = rule_in(arg, table, line);
	r->tried++;
	r->time += time;
}

void
rule_tally_open(struct rule_tally *t, struct content_lists *checks)
{
	content_lists_tables(checks, take_table, t);
	ruletime_open(take_time, t);
}

void
rule_tally_close(struct rule_tally *t)
{
	ruletime_open(NULL, NULL);
	strmap_free(&t->rules);
}

void
rule_tally_add(struct rule_tally *t, const char *place, const char *answer)
{
	struct rule *r = rule_at(t, place);

	if (r->answer == NULL)
		r->answer = arena_strdup(t->arena, answer);
	r->hits++;
}

static int
compare(const void *a, const void *b)
{
	const struct rule *x = a, *y = b;

	if (x->hits != y->hits)
		return x->hits < y->hits ? 1 : -1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* The rules, the most frequent first; to be freed. */
static struct rule *
sorted(const struct rule_tally *t)
{
	struct rule *list = malloc((t->rules.count + 1) * sizeof *list);

	if (list == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < t->rules.count; i++)
		list[i] = *(const struct rule *)t->rules.items[i].value;
	qsort(list, t->rules.count, sizeof *list, compare);
	return list;
}

void
rule_tally_print(const struct rule_tally *t)
{
	struct rule *list = sorted(t);

	(void)printf("%8s %10s %10s  %s\n", "hits", "tried", "ms", "rule");
	for (size_t i = 0; i < t->rules.count; i++) {
		const struct rule *r = &list[i];

		if (r->tried > 0)
			(void)printf("%8" PRIu64 " %10" PRIu64 " %10.3f  %s",
			    r->hits, r->tried, (double)r->time / 1e6, r->place);
		else
			(void)printf("%8" PRIu64 " %10s %10s  %s", r->hits, "-",
			    "-", r->place);
		(void)printf("%s%s\n", r->answer != NULL ? " " : "",
		    r->answer != NULL ? r->answer : "");
	}
	for (size_t i = 0; i < t->rules.count; i++)
		if (list[i].hits == 0)
			(void)printf("never: %s\n", list[i].place);
	free(list);
}

void
rule_tally_json(const struct rule_tally *t, struct buf *out)
{
	struct rule *list = sorted(t);

	buf_putc(out, '[');
	for (size_t i = 0; i < t->rules.count; i++) {
		const struct rule *r = &list[i];

		buf_puts(out, i > 0 ? ",{" : "{");
		json_text_member(out, "rule", r->place);
		buf_printf(out, ",\"hits\":%" PRIu64, r->hits);
		if (r->tried > 0)
			buf_printf(out,
			    ",\"tried\":%" PRIu64 ",\"nanoseconds\":%" PRId64,
			    r->tried, r->time);
		if (r->answer != NULL)
			json_text_member(out, "answer", r->answer);
		buf_putc(out, '}');
	}
	buf_putc(out, ']');
	free(list);
}
