/* list.c - see list.h. */
#include "classes/list.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "checks/check.h"
#include "checks/condition.h"
#include "checks/rate_spec.h"
#include "checks/site.h"
#include "classes/class_content.h"

enum { MOST_DEPTH = 100, MOST_IFS = 20 };

/* The words of one list, and what it is called in messages. */
struct words {
	struct list_context *context;
	const char *name;
	struct origin origin;
	char **word;
	size_t count, next;
	unsigned ifs; /* around it */
};

static void __attribute__((format(printf, 2, 3)))
complain(const struct words *w, const char *format, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, format);
	(void)vsnprintf(text, sizeof text, format, ap);
	va_end(ap);
	site_complain(w->context->err, w->origin.file, w->origin.line, "%s: %s",
	    w->name, text);
}

static void
split(struct words *w, const char *text)
{
	const char *p = text;
	struct arena *arena = w->context->arena;

	while (conf_word(&p, arena) != NULL)
		w->count++;
	w->word = arena_alloc(arena, (w->count + 1) * sizeof *w->word);
	p = text;
	for (size_t i = 0; i < w->count; i++)
		w->word[i] = conf_word(&p, arena);
}

static const char *
next_word(struct words *w)
{
	return w->next < w->count ? w->word[w->next++] : NULL;
}

static void
mistake(struct words *w, struct step *step, const char *text)
{
	step->mistake = text;
	step->check = NULL;
	complain(w, "%s", text);
}

static void
unknown(struct words *w, struct step *step)
{
	const char *suggestion = check_suggest(step->text);

	step->mistake = arena_printf(
	    w->context->arena, "unknown smtpd restriction: \"%s\"", step->text);
	if (suggestion != NULL)
		complain(w, "%s; did you mean %s?", step->mistake, suggestion);
	else
		complain(w, "%s", step->mistake);
}

/* What a restriction says that lacks its argument, or has a bad one. */
static const char *
need(const struct words *w, const struct check *check, const char *word)
{
	struct arena *arena = w->context->arena;

	switch (check->takes) {
	case ARGUMENT_TABLE:
	case ARGUMENT_CERTIFICATE:
		return arena_printf(arena,
		    "restriction %s: bad argument \"%s\": need "
		    "maptype:mapname",
		    check->name, word != NULL ? word : check->name);
	case ARGUMENT_SERVICE:
		return arena_printf(arena,
		    "restriction %s must be followed by transport:server",
		    check->name);
	case ARGUMENT_SECONDS:
	case ARGUMENT_SCORE:
		return arena_printf(arena,
		    "restriction %s must be followed by number", check->name);
	case ARGUMENT_RATE:
		return arena_printf(arena,
		    "restriction %s must be followed by { a limit } or the "
		    "name of one",
		    check->name);
	case ARGUMENT_ZONE:
	case ARGUMENT_NONE:
		break;
	}
	return arena_printf(
	    arena, "restriction %s requires domain name argument", check->name);
}

static void take_steps(struct words *w, struct list *list, bool single);

/* Of restrictions that a limit names, mistakes are told now; they are compiled
 * when it is reached, as those in the entry of a table. */
static void
try_action(const struct words *w, const struct argument *argument)
{
	struct list_context *context = w->context;
	const char *text = rate_spec_list(argument->rate);
	struct conf *conf = context->conf;
	struct words inside = { context, w->name, w->origin, NULL, 0, 0, 0 };
	struct list list = { 0 };

	if (text == NULL)
		return;
	context->conf = NULL;
	split(&inside, text);
	take_steps(&inside, &list, false);
	list_close(&list);
	context->conf = conf;
}

/* Take the argument of ${step}; false: leave the step out. */
static bool
take_argument(struct words *w, struct step *step)
{
	struct list_context *context = w->context;
	const struct check *check = step->check;
	struct err why = { 0 };
	const char *word;

	step->argument.kind = check->takes;
	if (check->takes == ARGUMENT_NONE)
		return true;
	word = next_word(w);
	if (word == NULL && (check->flags & CHECK_LENIENT)) {
		event_warning(NULL, "%s", need(w, check, NULL));
		return false;
	}
	if (word == NULL ||
	    (context->conf == NULL && check->takes != ARGUMENT_ZONE &&
		check->takes != ARGUMENT_SECONDS &&
		check->takes != ARGUMENT_SCORE)) {
		mistake(w, step, need(w, check, word));
		return true;
	}
	step->text = arena_printf(context->arena, "%s %s", check->name, word);
	if (argument_parse(&step->argument, word, context->conf, context->arena,
		&why) != 0)
		mistake(w, step,
		    check->takes == ARGUMENT_ZONE ||
			    check->takes == ARGUMENT_RATE || word[0] == '{'
			? arena_strdup(context->arena, why.text)
			: need(w, check, word));
	if (why.text[0] != '\0')
		complain(w, "%s: %s", step->text, why.text);
	else if (step->argument.rate != NULL)
		try_action(w, &step->argument);
	return true;
}

/* "type:table" alone. */
static void
take_table(struct words *w, struct step *step)
{
	struct list_context *context = w->context;
	struct err why = { 0 };

	step->bare = true;
	step->argument.kind = ARGUMENT_TABLE;
	if (context->conf == NULL)
		mistake(w, step, "a table in the entry of a table");
	else if (argument_parse(&step->argument, step->text, context->conf,
		     context->arena, &why) != 0 ||
	    why.text[0] != '\0')
		complain(w, "%s", why.text);
}

/* Once is enough, however many lists name it. */
static bool
is_told(struct list_context *context, const struct check *check)
{
	size_t i = 0, n = sizeof context->told / sizeof context->told[0];

	while (i < n && context->told[i] != NULL && context->told[i] != check)
		i++;
	if (i == n || context->told[i] == check)
		return true;
	context->told[i] = check;
	return false;
}

static void
warn_of_old(struct list_context *context, const struct check *check)
{
	if (is_told(context, check))
		return;
	event_warning(NULL,
	    "support for restriction \"%s\" will be removed from Postfix; "
	    "instead, specify \"%s\"",
	    check->name, check->instead);
}

static void
warn_of_rest(const struct words *w, const struct step *step, bool warned)
{
	/* What warn_if_reject stands before does not end the list. */
	if ((step->check->flags & CHECK_FINAL) && w->next < w->count &&
	    (!warned || strcasecmp(step->check->name, "permit") == 0))
		event_warning(NULL, "restriction `%s' after `%s' is ignored",
		    w->word[w->next], step->check->name);
	if (step->check->instead != NULL)
		warn_of_old(w->context, step->check);
}

static bool take_step(struct words *w, struct step *step, bool warned);

static bool
is_warn(const struct step *step)
{
	return step->check != NULL && step->check->ask == NULL;
}

static bool
is_braced(const char *word)
{
	size_t n = word != NULL ? strlen(word) : 0;

	return n > 1 && word[0] == '{' && word[n - 1] == '}';
}

static enum wait
longest(const struct list_context *context, const struct list *list);

/* Compile what is left of ${w}, or a single restriction. */
static void
take_steps(struct words *w, struct list *list, bool single)
{
	bool warned = false;

	list->name = w->name;
	list->steps = arena_alloc(
	    w->context->arena, (w->count + 1) * sizeof *list->steps);
	while (w->next < w->count) {
		struct step *step = &list->steps[list->count];

		if (!take_step(w, step, warned))
			continue;
		warned = is_warn(step);
		list->count++;
		if (single && !warned)
			break;
	}
	list->waits = longest(w->context, list);
}

/* What stands behind a condition: a restriction, or several in braces. */
static void
take_then(struct words *w, struct step *step)
{
	struct arena *arena = w->context->arena;
	struct words inside = {
		.context = w->context,
		.name = w->name,
		.origin = w->origin,
		.ifs = w->ifs + 1,
	};
	const char *word;

	step->then = arena_alloc(arena, sizeof *step->then);
	if (w->next < w->count && is_braced(w->word[w->next])) {
		word = next_word(w);
		split(
		    &inside, arena_strndup(arena, word + 1, strlen(word) - 2));
		take_steps(&inside, step->then, false);
	} else {
		w->ifs++;
		take_steps(w, step->then, true);
		w->ifs--;
	}
	if (step->then->count == 0 && step->mistake == NULL)
		mistake(w, step,
		    arena_printf(arena,
			"%s must be followed by a restriction, or by several "
			"in { }",
			step->text));
}

/* "score_if_reject" has been taken. */
static void
take_weighed(struct words *w, struct step *step)
{
	struct argument weight = { .kind = ARGUMENT_SCORE };
	const char *word = next_word(w);
	struct arena *arena = w->context->arena;

	if (word == NULL ||
	    argument_parse(&weight, word, NULL, arena, NULL) != 0) {
		mistake(w, step, "score_if_reject must be followed by number");
		return;
	}
	step->text = arena_printf(arena, "score_if_reject %s", word);
	step->weight = weight.score;
	take_then(w, step);
	/* Several of the same weight are told apart. */
	if (step->then->count > 0)
		step->text = arena_printf(arena, "%s %s%s", step->text,
		    step->then->steps[0].text,
		    step->then->count > 1 ? " ..." : "");
}

/* "if" has been taken. */
static void
take_if(struct words *w, struct step *step)
{
	struct list_context *context = w->context;
	struct err why = { "" };
	const char *word;

	if (w->next == w->count || !is_braced(w->word[w->next])) {
		mistake(w, step, "if must be followed by { a condition }");
		return;
	}
	word = next_word(w);
	step->text = arena_printf(context->arena, "if %s", word);
	if (context->conf == NULL)
		mistake(w, step,
		    "a condition in the entry of a table: define a restriction "
		    "class, and name that");
	else
		step->condition = condition_compile(
		    arena_strndup(context->arena, word + 1, strlen(word) - 2),
		    context->conf, context->arena, &why);
	if (context->conf != NULL && step->condition == NULL)
		mistake(w, step,
		    arena_printf(
			context->arena, "%s: %s", step->text, why.text));
	else if (why.text[0] != '\0')
		complain(w, "%s: %s", step->text, why.text);
	take_then(w, step);
}

/* What has restrictions of its own. */
static void
take_wrapped(struct words *w, struct step *step)
{
	if (w->ifs == MOST_IFS) {
		w->next = w->count;
		mistake(w, step, "conditions in conditions: too deep");
	} else if (strcasecmp(step->text, "if") == 0) {
		take_if(w, step);
	} else {
		take_weighed(w, step);
	}
}

/* Compile the next restriction; false: it is left out. */
static bool
take_step(struct words *w, struct step *step, bool warned)
{
	struct list_context *context = w->context;

	memset(step, 0, sizeof *step);
	step->text = next_word(w);
	if (strcasecmp(step->text, "if") == 0 ||
	    strcasecmp(step->text, "score_if_reject") == 0) {
		take_wrapped(w, step);
		return true;
	}
	if (strchr(step->text, ':') != NULL) {
		take_table(w, step);
		return true;
	}
	if (context->elsewhere != NULL &&
	    strmap_find(context->elsewhere, step->text) != NULL) {
		step->elsewhere = true;
		return true;
	}
	step->class = strmap_find(&context->classes, step->text);
	step->check = check_find(step->text);
	/* A site that has named a class so before we had the restriction means
	 * its class. */
	if (step->class != NULL && step->check != NULL &&
	    (step->check->flags & CHECK_OURS))
		step->check = NULL;
	if (step->check != NULL) {
		step->class = NULL;
		if (!take_argument(w, step))
			return false;
		if (step->check != NULL)
			warn_of_rest(w, step, warned);
		return true;
	}
	if (step->class == NULL)
		unknown(w, step);
	return true;
}

static enum wait
check_waits(const struct list_context *context, const struct check *check)
{
	if ((check->flags & CHECK_BLOCKS) ||
	    ((check->flags & CHECK_ROUTES) && context->routes_block) ||
	    ((check->flags & CHECK_REMEMBERS) && context->memory_blocks))
		return WAIT_OTHERS;
	return check->flags & CHECK_REMEMBERS ? WAIT_MEMORY : WAIT_NONE;
}

static enum wait
step_waits(const struct list_context *context, const struct step *step)
{
	enum wait waits = WAIT_NONE;

	if (argument_blocks(&step->argument) ||
	    /* A bare table may come to be asked for an address. */
	    (step->bare && context->routes_block) ||
	    (step->condition != NULL && condition_blocks(step->condition)))
		return WAIT_OTHERS;
	if (step->condition != NULL && condition_judges(step->condition))
		waits = WAIT_MEMORY;
	if (step->check != NULL)
		waits = wait_longer(waits, check_waits(context, step->check));
	if (step->class != NULL)
		waits = wait_longer(waits, step->class->waits);
	if (step->then != NULL)
		waits = wait_longer(waits, longest(context, step->then));
	return waits;
}

static enum wait
longest(const struct list_context *context, const struct list *list)
{
	enum wait waits = WAIT_NONE;

	for (size_t i = 0; i < list->count; i++)
		waits =
		    wait_longer(waits, step_waits(context, &list->steps[i]));
	return waits;
}

void
list_compile(struct list_context *context, const char *name, const char *text,
    struct list *list)
{
	struct words w = { .context = context, .name = name };
	struct conf_value value = { 0 };

	if (context->conf != NULL && conf_find(context->conf, name, &value))
		w.origin = value.origin;
	split(&w, text);
	take_steps(&w, list, false);
}

static void
close_step(struct step *step)
{
	argument_close(&step->argument);
	if (step->condition != NULL)
		condition_close(step->condition);
	if (step->then != NULL)
		list_close(step->then);
}

void
list_close(struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		close_step(&list->steps[i]);
}

void
list_classes(struct list_context *context, const char *names)
{
	struct err why = { 0 };
	struct list *list;
	const char *name, *text;

	while ((name = conf_word(&names, context->arena)) != NULL) {
		list = arena_alloc(context->arena, sizeof *list);
		list->name = name;
		list->content = class_content_has(context->conf, name);
		conf_used(context->conf, name);
		if (strmap_find(&context->classes, name) == NULL)
			(void)strmap_set(&context->classes, name, list);
	}
	/* They may name each other, so they are filled in afterwards. */
	for (size_t i = 0; i < context->classes.count; i++) {
		list = context->classes.items[i].value;
		text =
		    conf_get(context->conf, list->name, context->arena, &why);
		if (text == NULL || (text[0] == '\0' && !list->content)) {
			struct words w = { .context = context,
				.name = "smtpd_restriction_classes" };
			struct conf_value value = { 0 };

			(void)conf_find(context->conf, w.name, &value);
			w.origin = value.origin;
			complain(&w,
			    "restriction class `%s' needs a definition",
			    list->name);
			text = "";
		}
		list_compile(context, list->name, text, list);
	}
}

static bool
spread(const struct list_context *context, struct list *list)
{
	enum wait before = list->waits;

	list->waits = wait_longer(before, longest(context, list));
	return list->waits != before;
}

void
list_settle(struct list_context *context, struct list *const *lists, size_t n)
{
	bool changed;

	do {
		changed = false;
		for (size_t i = 0; i < context->classes.count; i++)
			changed |=
			    spread(context, context->classes.items[i].value);
	} while (changed);
	for (size_t i = 0; i < n; i++)
		(void)spread(context, lists[i]);
}

/* 1: it guards; 0: it does not; -1: it permits everybody before it could. */
static int
guards(const struct list *list, unsigned depth)
{
	for (size_t i = 0; i < list->count && depth < MOST_DEPTH; i++) {
		const struct step *step = &list->steps[i];
		int inner;

		if (is_warn(step)) {
			i++;
		} else if (step->check != NULL) {
			if (step->check->flags & CHECK_GUARDS)
				return 1;
			if (step->check->flags & CHECK_FINAL)
				return -1;
		} else if (step->class != NULL) {
			inner = guards(step->class, depth + 1);
			if (inner != 0)
				return inner;
		}
	}
	return 0;
}

bool
list_guards(const struct list *list)
{
	return guards(list, 0) > 0;
}
