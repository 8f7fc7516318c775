/* local_expand.c - see local_expand.h. */
#include "delivery/local_expand.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "delivery/alias_owner.h"
#include "delivery/delivery.h"
#include "delivery/delivery_events.h"
#include "delivery/local_read.h"
#include "delivery/local_read_client.h"
#include "delivery/local_settings.h"
#include "delivery/local_words.h"
#include "delivery/transport.h"
#include "rules/address.h"
#include "rules/route.h"
#include "rules/world.h"

enum {
	DEEPEST = 99,      /* aliases within aliases */
	MOST = 100 * 1000, /* leaves of one recipient; aliases on the way */
	ROOM = 16,
};

/* Where we are on the way down. */
struct step {
	struct local_name name;
	const char *sender;
	const char *owner;     /* who is told of problems; NULL: the sender */
	const char *from;      /* the name that was expanded last; NULL: none */
	const char *unmatched; /* extension for what is found; NULL: none */
	const char *rights;    /* user; "" default_privs; NULL: root's own */
	const char *delivered;
	enum local_place place;
	int level;
	int included; /* files within files */
	bool luser;
};

static void expand_recipient(struct local_expansion *x, struct step step);

static const struct local_settings *
settings_of(const struct local_expansion *x)
{
	return x->d->transport->state;
}

void
local_expand_open(struct local_expansion *x, struct delivery *d)
{
	*x = (struct local_expansion){ .d = d,
		.seen.most = route_duplicates(d->env->route) };
}

void
local_expand_close(struct local_expansion *x)
{
	duplicates_free(&x->seen);
}

static void
warn(const struct local_expansion *x, const char *text)
{
	const struct delivery *d = x->d;
	struct event_by by = transport_by(d->transport, d->number, d->job->qid);

	event(&delivery_events_config, &by, "text", text, NULL);
}

static void
later(struct local_expansion *x, const char *dsn, const char *text)
{
	if (x->later != NULL)
		return;
	x->dsn = dsn;
	x->later = text;
}

/* Has this been done already?  Then it is not done again. */
static bool
been_here(struct local_expansion *x, const char *what)
{
	return duplicates_find(&x->seen, x->d->arena, what);
}

/* What is not remembered may be met again and again: aliases that name two
 * others, which name two others each, must have an end.  True: this is it. */
static bool
is_endless(struct local_expansion *x)
{
	if (++x->steps <= MOST)
		return false;
	later(x, "4.3.0", "alias expansion exceeds the limit");
	return true;
}

static void
add(struct local_expansion *x, const struct local_leaf *leaf)
{
	struct arena *arena = x->d->arena;
	struct local_leaf *wider;

	if (x->count == MOST) {
		later(x, "4.3.0", "alias expansion exceeds the limit");
		return;
	}
	if (x->count == x->room) {
		x->room = x->room == 0 ? ROOM : 2 * x->room;
		wider = arena_alloc(arena, x->room * sizeof *wider);
		if (x->count > 0)
			memcpy(wider, x->leaves, x->count * sizeof *wider);
		x->leaves = wider;
	}
	x->leaves[x->count++] = *leaf;
}

static void
add_target(struct local_expansion *x, const struct step *step,
    enum local_kind kind, const char *dsn, const char *text)
{
	const char *rights = step->rights != NULL ? step->rights : "";

	add(x,
	    &(struct local_leaf){ .address = step->name.address,
		.sender = step->sender,
		.target = { .kind = kind,
		    .owner = rights,
		    .delivered = step->delivered,
		    .dsn = dsn,
		    .text = text } });
}

static void
refuse(struct local_expansion *x, const struct step *step, const char *dsn,
    const char *text)
{
	add_target(x, step, LOCAL_REFUSED, dsn, text);
}

/* Something of the configuration is wrong: the log has what. */
static void
misconfigured(
    struct local_expansion *x, const struct step *step, const char *warning)
{
	warn(x, warning);
	refuse(x, step, "5.3.5", "mail system configuration error");
}

static void
add_indirect(struct local_expansion *x, const struct step *step)
{
	if (!been_here(x,
		arena_printf(x->d->arena, "indirect %s %s", step->sender,
		    step->name.address)))
		add(x,
		    &(struct local_leaf){ .address = step->name.address,
			.sender = step->sender,
			.indirect = true,
			.delivered = step->delivered });
}

/* ${address}, from a text of ours or a user's: complete it, and see where it
 * leads. */
static void
expand_address(struct local_expansion *x, struct step step, const char *address)
{
	const struct local_settings *s = settings_of(x);
	struct delivery *d = x->d;
	struct route_answer answer = { 0 };
	char *whole = route_rewrite(d->env->route, d->arena, address, true);

	if (step.unmatched != NULL) {
		const char *at = strrchr(whole, '@');
		size_t n = at != NULL ? (size_t)(at - whole) : strlen(whole);

		whole = arena_printf(d->arena, "%.*s%c%s%s", (int)n, whole,
		    s->delimiters[0], step.unmatched, whole + n);
	}
	if (route_resolve(d->env->route, d->env->world, d->arena, step.sender,
		whole, &answer) == TABLE_FAILED) {
		later(x, "4.3.0", "address resolver failure");
		return;
	}
	local_name(d->arena,
	    answer.recipient != NULL && !answer.invalid ? answer.recipient
							: whole,
	    s->delimiters, &step.name);
	if (answer.invalid)
		refuse(x, &step, "5.1.3", "bad recipient address syntax");
	else if (strcmp(answer.transport, d->transport->name) == 0)
		expand_recipient(x, step);
	else
		add_indirect(x, &step);
}

/* The file's text goes on with what it says whose rights it has. */
static void expand_words(struct local_expansion *x, const struct step *step,
    const struct local_word *words, size_t n);

static void
expand_include(struct local_expansion *x, struct step step, const char *path)
{
	struct arena *arena = x->d->arena;
	const char *user = step.rights != NULL ? step.rights : "";
	struct local_read request = { .include = true,
		.user = user,
		.home = "",
		.paths = &path,
		.npaths = 1 };
	struct local_text answer;
	struct local_word *words;
	size_t n;

	if (been_here(x, arena_printf(arena, "include %s %s", user, path)) ||
	    is_endless(x))
		return;
	step.from = step.name.local;
	if (step.included++ > DEEPEST) {
		misconfigured(x, &step,
		    arena_printf(arena,
			":include:%s: files are nested too deeply", path));
		return;
	}
	if (path[0] != '/') {
		misconfigured(x, &step,
		    arena_printf(
			arena, ":include:%s uses a relative path", path));
		return;
	}
	local_read_client(x->d, &request, &answer);
	switch (answer.status) {
	case LOCAL_TEXT_READ:
		step.place = LOCAL_INCLUDE;
		if (user[0] == '\0')
			step.rights = answer.owner;
		n = local_words_file(arena, answer.text, &words);
		expand_words(x, &step, words, n);
		return;
	case LOCAL_TEXT_LATER:
		warn(x, answer.warning);
		later(x, "4.3.0", "cannot read an :include: file");
		return;
	case LOCAL_TEXT_NONE:
	case LOCAL_TEXT_REFUSED:
	case LOCAL_TEXT_NO_HOME:
		misconfigured(x, &step, answer.warning);
	}
}

static void
expand_words(struct local_expansion *x, const struct step *step,
    const struct local_word *words, size_t n)
{
	const struct local_settings *s = settings_of(x);

	for (size_t i = 0; i < n && x->later == NULL; i++) {
		const char *text = words[i].text;

		switch (words[i].kind) {
		case LOCAL_WORD_ADDRESS:
			expand_address(x, *step, text);
			break;
		case LOCAL_WORD_INCLUDE:
			expand_include(x, *step, text);
			break;
		case LOCAL_WORD_COMMAND:
			if ((s->commands & step->place) == 0)
				refuse(x, step, "5.7.1",
				    "mail to command is restricted");
			else if (!been_here(x,
				     arena_printf(x->d->arena,
					 "command %s:%s %s", step->name.user,
					 step->rights != NULL ? step->rights
							      : "",
					 text)))
				add_target(x, step, LOCAL_COMMAND, "", text);
			break;
		case LOCAL_WORD_FILE:
			if ((s->files & step->place) == 0)
				refuse(x, step, "5.7.1",
				    "mail to file is restricted");
			else if (!been_here(x,
				     arena_printf(x->d->arena, "file %s %s",
					 step->rights != NULL ? step->rights
							      : "",
					 text)))
				add_target(x, step, LOCAL_FILE, "", text);
			break;
		}
	}
}

/* owner-NAME, if there is one, gets the reports and is the sender.  False:
 * could not ask. */
static bool
find_owner(struct local_expansion *x, struct step *step, const char *name)
{
	const struct delivery *d = x->d;
	const struct delivery_params *p = &d->transport->params;
	const char *owner = arena_printf(d->arena, "owner-%s", name);
	struct table_value value;

	if (!settings_of(x)->owners)
		return true;
	switch (world_find_any(
	    d->env->world, d->arena, settings_of(x)->aliases, owner, &value)) {
	case TABLE_FAILED:
		return false;
	case TABLE_FOUND:
		if (p->expand_owner_alias)
			owner = value.text;
		step->owner = step->sender =
		    route_rewrite(d->env->route, d->arena, owner, true);
		break;
	case TABLE_NONE:
		if (p->reset_owner_alias)
			step->owner = NULL;
		break;
	}
	return true;
}

/* What alias ${name} says, with the rights of the owner of its table. */
static void
expand_value(struct local_expansion *x, struct step step, const char *name,
    const struct table *table, const struct table_value *value)
{
	struct arena *arena = x->d->arena;
	struct local_word *words;
	size_t n;

	step.place = LOCAL_ALIAS;
	step.from = name;
	step.rights = alias_owner(arena, table, value);
	if (step.rights == NULL) {
		warn(x,
		    arena_printf(arena,
			"cannot find alias database owner for %s",
			table_spec(table)));
		later(x, "4.3.0", "cannot find alias database owner");
		return;
	}
	if (step.rights[0] == '\0')
		step.rights = NULL;
	if (!x->d->transport->params.frozen_delivered_to)
		step.delivered = step.name.address;
	n = local_words(arena, value->text, &words);
	if (n == 0)
		warn(x,
		    arena_printf(arena,
			"no recipient in alias lookup result for %s", name));
	if (n == 0 || !find_owner(x, &step, name))
		later(x, "4.3.0", "alias database unavailable");
	else
		expand_words(x, &step, words, n);
}

/* False: there is no such alias. */
static bool
expand_alias(
    struct local_expansion *x, const struct step *step, const char *name)
{
	const struct table_list *list = settings_of(x)->aliases;
	struct delivery *d = x->d;
	struct table_value value;

	/* An alias that has its own name stands for the user. */
	if (step->from != NULL && strcasecmp(step->from, name) == 0)
		return false;
	for (size_t i = 0; i < list->count; i++) {
		switch (world_find(
		    d->env->world, d->arena, list->tables[i], name, &value)) {
		case TABLE_NONE:
			continue;
		case TABLE_FAILED:
			warn(x,
			    arena_printf(d->arena, "%s: lookup of '%s' failed",
				table_spec(list->tables[i]), name));
			later(x, "4.3.0", "alias database unavailable");
			return true;
		case TABLE_FOUND:
			break;
		}
		if (step->level > DEEPEST) {
			const char *text = arena_printf(
			    d->arena, "alias database loop for %s", name);

			warn(x, text);
			refuse(x, step, "5.4.6", text);
		} else {
			expand_value(x, *step, name, list->tables[i], &value);
		}
		return true;
	}
	return false;
}

/* The user behind ${step}, or the way there. */
static void
end_at_user(struct local_expansion *x, const struct step *step)
{
	enum local_kind kind = step->luser ? LOCAL_LAST
	    : step->owner != NULL          ? LOCAL_MAILBOX
					   : LOCAL_USER;

	if (step->place == LOCAL_INCLUDE ||
	    (step->owner != NULL &&
		strcasecmp(step->owner, step->name.user) != 0))
		add_indirect(x, step);
	else if (!been_here(
		     x, arena_printf(x->d->arena, "user %s", step->name.local)))
		add_target(x, step, kind, "", "");
}

static void
expand_recipient(struct local_expansion *x, struct step step)
{
	struct arena *arena = x->d->arena;

	if (been_here(x,
		arena_printf(
		    arena, "recipient %d %s", step.level, step.name.address)) ||
	    is_endless(x))
		return;
	step.level++;
	if (content_has_header(&x->d->content, "Delivered-To",
		address_external(arena, step.name.address))) {
		refuse(x, &step, "5.4.6",
		    arena_printf(arena, "mail forwarding loop for %s",
			step.name.address));
		return;
	}
	if (step.name.odd)
		warn(x,
		    arena_printf(arena,
			"%s: address with illegal extension: %s",
			x->d->job->qid, step.name.local));
	step.unmatched = NULL;
	if (expand_alias(x, &step, step.name.local))
		return;
	if (step.name.extension != NULL) {
		if ((settings_of(x)->propagate & LOCAL_ALIAS) != 0)
			step.unmatched = step.name.extension;
		if (expand_alias(x, &step, step.name.user))
			return;
	}
	end_at_user(x, &step);
}

void
local_expand_recipient(struct local_expansion *x, const char *address)
{
	struct step step = { .sender = x->d->job->sender,
		.delivered = address };

	local_name(
	    x->d->arena, address, settings_of(x)->delimiters, &step.name);
	expand_recipient(x, step);
}

void
local_expand_luser(
    struct local_expansion *x, const char *address, const char *delivered)
{
	struct step step = { .sender = x->d->job->sender,
		.delivered = delivered,
		.luser = true };

	expand_address(x, step, address);
}

/* The places where it may be; those whose names have no value are left
 * out. */
static void
find_paths(struct local_expansion *x, const struct local_name *name,
    const struct passwd *user, struct local_read *request, bool *extended)
{
	const struct delivery_params *p = &x->d->transport->params;
	struct arena *arena = x->d->arena;
	struct local_values values = { .name = name,
		.user = user,
		.delimiters = settings_of(x)->delimiters,
		.filter = p->forward_expansion_filter };
	const char *cursor = p->forward_path, *word, *path;
	bool whole;

	request->paths = arena_alloc(
	    arena, (strlen(cursor) / 2 + 1) * sizeof *request->paths);
	while ((word = conf_word(&cursor, arena)) != NULL) {
		path = local_name_expand(arena, word, &values, &whole);
		if (path == NULL || !whole || path[0] != '/')
			continue;
		extended[request->npaths] = strstr(word, "extension") != NULL;
		request->paths[request->npaths++] = path;
	}
}

static bool
use_text(struct local_expansion *x, struct step *step,
    const struct local_text *answer)
{
	struct local_word *words;
	size_t n;

	switch (answer->status) {
	case LOCAL_TEXT_READ:
		n = local_words_file(x->d->arena, answer->text, &words);
		expand_words(x, step, words, n);
		return n > 0;
	case LOCAL_TEXT_NO_HOME:
		later(x, "4.3.0", answer->warning);
		return true;
	case LOCAL_TEXT_LATER:
		warn(x, answer->warning);
		later(x, "4.3.0", "cannot read a .forward file");
		return true;
	case LOCAL_TEXT_REFUSED:
		warn(x, answer->warning);
		return false;
	case LOCAL_TEXT_NONE:
		break;
	}
	return false;
}

bool
local_expand_forward(struct local_expansion *x, const struct local_name *name,
    const struct passwd *user, const char *delivered)
{
	struct delivery *d = x->d;
	const struct delivery_params *p = &d->transport->params;
	struct local_read request = { .user = user->pw_name,
		.home = p->require_home_directory ? user->pw_dir : "" };
	struct step step = { .name = *name,
		.sender = d->job->sender,
		.owner = user->pw_name,
		.from = name->local,
		.rights = user->pw_name,
		.delivered = p->frozen_delivered_to ? delivered : name->address,
		.place = LOCAL_FORWARD,
		.level = 1 };
	struct local_text answer;
	bool *extended = arena_alloc(d->arena, strlen(p->forward_path) / 2 + 1);

	find_paths(x, name, user, &request, extended);
	if (request.npaths == 0 && request.home[0] == '\0')
		return false;
	local_read_client(d, &request, &answer);
	if (name->extension != NULL &&
	    (settings_of(x)->propagate & LOCAL_FORWARD) != 0 &&
	    (answer.path >= request.npaths || !extended[answer.path]))
		step.unmatched = name->extension;
	return use_text(x, &step, &answer);
}
