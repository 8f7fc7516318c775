/* milterd_change.c - see milterd_change.h. */
#include "policy/milterd_change.h"

#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/spool.h"
#include "checks/mime.h"
#include "checks/note.h"
#include "policy/milterd_mta.h"
#include "policy/milterd_visit.h"
#include "policy/policy_events.h"
#include "rules/address.h"

enum { PIECE = 65535 };

struct change {
	const struct milterd_mta *mta;
	struct milterd_visit *visit;
};

static bool
check(const struct change *c, bool taken, const char *action)
{
	if (taken)
		return true;
	event(&policy_events_unfit, &c->visit->by, "client",
	    note_client(&c->visit->subject), "action", action, NULL);
	return false;
}

/* A header's value, as the MTA wants it. */
static const char *
value_of(const struct change *c, const char *value)
{
	bool blank = *value == ' ' || *value == '\t';

	return blank && !c->mta->blanks ? value + 1 : value;
}

static bool
insert(
    const struct change *c, unsigned place, const char *name, const char *value)
{
	return check(c,
	    c->mta->ops->insert(c->mta->arg, place, name, value_of(c, value)),
	    "a new header");
}

/* NULL: it goes. */
static bool
edit(const struct change *c, unsigned nth, const char *name, const char *value)
{
	return check(c,
	    c->mta->ops->edit(c->mta->arg, nth, name,
		value != NULL ? value_of(c, value) : NULL),
	    "a header's change");
}

static bool
edit_headers(const struct change *c)
{
	for (const struct milterd_edit *e = c->visit->message.edits; e != NULL;
	     e = e->next)
		/* The first place is that of the MTA's own Received:. */
		if (!(e->insert ? insert : edit)(
			c, e->place, e->name, e->value))
			return false;
	return true;
}

/* What restrictions put before all headers, the last one first. */
static bool
prepend(const struct change *c)
{
	struct arena *arena = c->visit->mail;
	size_t n = 0;
	const char **texts;

	for (const struct effect *e = c->visit->effects; e != NULL; e = e->next)
		n += e->kind == EFFECT_PREPEND;
	texts = arena_alloc(arena, (n + 1) * sizeof *texts);
	n = 0;
	for (const struct effect *e = c->visit->effects; e != NULL; e = e->next)
		if (e->kind == EFFECT_PREPEND)
			texts[n++] = e->text;
	while (n-- > 0) {
		size_t len = mime_name(texts[n], strlen(texts[n]));
		const char *colon = strchr(texts[n] + len, ':');

		if (len > 0 && colon != NULL &&
		    !insert(
			c, 0, arena_strndup(arena, texts[n], len), colon + 1))
			return false;
	}
	return true;
}

static bool
replace_body(const struct change *c)
{
	const struct spool *body = c->visit->message.body;
	const struct milterd_mta *mta = c->mta;
	unsigned char *data = arena_alloc(c->visit->mail, PIECE);
	struct err err = { 0 };
	uint64_t at = 0;
	ssize_t n;

	if (!c->visit->message.changed)
		return true;
	do {
		n = spool_get(body, at, data, PIECE, &err);
		if (n < 0) {
			event_warning(&c->visit->by, "%s", err.text);
			return false;
		}
		if ((n > 0 || at == 0) &&
		    !check(c, mta->ops->body(mta->arg, data, (size_t)n),
			"another body"))
			return false;
		at += (uint64_t)n;
	} while (n > 0);
	return true;
}

static bool
direct(const struct change *c, const struct milterd_outcome *outcome)
{
	const struct milterd_mta *mta = c->mta;
	struct arena *arena = c->visit->mail;

	for (size_t i = 0; i < outcome->nremove; i++)
		if (!check(c, mta->ops->remove(mta->arg, outcome->remove[i]),
			"taking a recipient away"))
			return false;
	for (size_t i = 0; i < outcome->nadd; i++)
		if (!check(c,
			mta->ops->add(mta->arg,
			    arena_printf(arena, "<%s>",
				address_external(arena, outcome->add[i]))),
			"one more recipient"))
			return false;
	return outcome->hold == NULL ||
	    check(c, mta->ops->quarantine(mta->arg, outcome->hold),
		"keeping it back");
}

bool
milterd_change(const struct milterd_mta *mta, struct milterd_visit *v,
    const struct milterd_outcome *outcome)
{
	const struct change c = { mta, v };

	return edit_headers(&c) && prepend(&c) && replace_body(&c) &&
	    direct(&c, outcome);
}
