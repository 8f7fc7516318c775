/* review.c - see review.h. */
#include "classes/review.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/conf.h"
#include "checks/check.h"
#include "classes/early.h"
#include "classes/rules.h"
#include "rules/table.h"

enum { MOST_DEPTH = 16 };

/* One list under review. */
struct review {
	const struct list *list;
	const char *place; /* "file:line: name" */
	struct arena *arena;
	void (*say)(void *arg, const char *text);
	void *arg;
};

static bool
is_warning(const struct step *step)
{
	return step->check != NULL && step->check->ask == NULL;
}

/* What warn_if_reject stands before is only warned of, but for permit. */
static bool
is_warned(const struct list *list, size_t i)
{
	return i > 0 && is_warning(&list->steps[i - 1]) &&
	    (list->steps[i].check == NULL ||
		strcmp(list->steps[i].check->name, "permit") != 0);
}

/* Whatever is asked, nothing behind ${step} is. */
static bool
is_final(const struct step *step, unsigned depth)
{
	const struct list *class = step->class;

	if (step->check != NULL)
		return (step->check->flags & CHECK_FINAL) != 0;
	if (class == NULL || depth == MOST_DEPTH)
		return false;
	for (size_t i = 0; i < class->count; i++)
		if (!is_warned(class, i) &&
		    is_final(&class->steps[i], depth + 1))
			return true;
	return false;
}

static void
find_unreached(const struct review *r)
{
	const struct list *list = r->list;

	for (size_t i = 0; i + 1 < list->count; i++) {
		if (is_warned(list, i) || !is_final(&list->steps[i], 0))
			continue;
		r->say(r->arg,
		    arena_printf(r->arena,
			"%s: \"%s\" is never reached: \"%s\" before it ends "
			"the list for everybody",
			r->place, list->steps[i + 1].text,
			list->steps[i].text));
		return;
	}
}

/* The same question has the same answer; only waiting is done twice. */
static void
find_repeated(const struct review *r)
{
	const struct list *list = r->list;

	for (size_t i = 1; i < list->count; i++) {
		const struct step *step = &list->steps[i];

		if (is_warning(step) || is_warned(list, i) ||
		    step->argument.kind == ARGUMENT_SECONDS ||
		    step->argument.kind == ARGUMENT_SCORE || step->then != NULL)
			continue;
		for (size_t k = 0; k < i; k++) {
			if (is_warned(list, k) ||
			    strcasecmp(list->steps[k].text, step->text) != 0)
				continue;
			r->say(r->arg,
			    arena_printf(r->arena,
				"%s: \"%s\" stands there twice: the second "
				"decides nothing",
				r->place, step->text));
			break;
		}
	}
}

static void
review_tables(const struct review *r)
{
	for (size_t i = 0; i < r->list->count; i++)
		if (r->list->steps[i].argument.table != NULL)
			table_review(
			    r->list->steps[i].argument.table, r->say, r->arg);
}

/* Any answer of such a list counts, also one that was meant for scoring, or
 * that only says something about the name. */
static void
find_unfiltered(const struct review *r)
{
	for (size_t i = 0; i < r->list->count; i++) {
		const struct argument *a = &r->list->steps[i].argument;

		if (a->kind == ARGUMENT_ZONE && a->zone != NULL &&
		    a->filter == NULL)
			r->say(r->arg,
			    arena_printf(r->arena,
				"%s: \"%s\" takes any answer for a listing: "
				"say which ones count, as in "
				"%s=127.0.0.[2..11]",
				r->place, r->list->steps[i].text, a->zone));
	}
}

/* The list, and what stands behind conditions in it. */
static void
review_steps(struct review *r, const struct list *list)
{
	r->list = list;
	find_unreached(r);
	find_repeated(r);
	find_unfiltered(r);
	review_tables(r);
	for (size_t i = 0; i < list->count; i++)
		if (list->steps[i].then != NULL)
			review_steps(r, list->steps[i].then);
}

static void
review_list(struct review *r, struct conf *conf)
{
	struct conf_value value;

	if (conf_find(conf, r->list->name, &value) && value.origin.file != NULL)
		r->place = arena_printf(r->arena, "%s:%u: %s",
		    value.origin.file, value.origin.line, r->list->name);
	else
		r->place = r->list->name;
	review_steps(r, r->list);
}

void
review_rules(struct rules *rules, struct conf *conf, bool beside,
    void (*say)(void *arg, const char *text), void *arg)
{
	struct review r = { .arena = arena_new(), .say = say, .arg = arg };
	enum rules_list guard = list_guards(&rules->lists[RULES_RELAY])
	    ? RULES_RELAY
	    : RULES_RECIPIENT;
	struct early early = { .rules = rules,
		.conf = conf,
		.which = guard,
		.arena = r.arena,
		.say = say,
		.arg = arg };
	bool relays = !beside || list_guards(&rules->lists[guard]);

	if (relays)
		early_parameters(&early);
	for (unsigned i = 0; i < RULES_LISTS; i++) {
		r.list = &rules->lists[i];
		review_list(&r, conf);
		if (i != guard || !relays)
			continue;
		early.place = r.place;
		early_review(&early);
	}
	for (size_t i = 0; i < rules->classes.count; i++) {
		r.list = rules->classes.items[i].value;
		review_list(&r, conf);
	}
	arena_free(r.arena);
}
