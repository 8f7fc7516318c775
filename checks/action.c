/* action.c - see action.h. */
#include "checks/action.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/event.h"
#include "checks/check.h"
#include "checks/mime.h"
#include "checks/note.h"
#include "checks/site.h"
#include "checks/status_code.h"
#include "checks/subject.h"

/* One evaluation of a right-hand side. */
struct entry {
	struct ask *ask;
	const char *table, *key;
	const char *name; /* of the action, as documented */
	const char *text; /* what follows it */
	const char *word; /* what it is, as written */
};

static size_t
digits(const char *s, size_t most)
{
	size_t n = 0;

	while (n < most && isdigit((unsigned char)s[n]))
		n++;
	return n;
}

static void
refuse(struct entry *e, struct answer *answer, int code, const char *dsn,
    const char *preset)
{
	const char *text = e->text;

	dsn = status_code_take(e->ask->subject->arena, &text, dsn);
	answer_reject(e->ask, answer, code, status_code_suit(e->ask, dsn),
	    "<%s>: %s rejected: %s", e->ask->name, e->ask->class,
	    text[0] != '\0' ? text : preset);
}

/* "<name>: class triggers ...": the log line of an action on the message. */
static void
tell(struct entry *e, const char *action, const char *text)
{
	const struct ask *ask = e->ask;

	note_decision(ask->subject, ask->where, action,
	    arena_printf(ask->subject->arena, "<%s>: %s %s", ask->name,
		ask->class, text),
	    NULL);
}

/* Is there a message yet that something could be done with? */
static bool
has_message(struct entry *e)
{
	const struct ask *ask = e->ask;

	if (ask->subject->sender != NULL)
		return true;
	event_warning(ask->subject->by,
	    "access table %s: with smtpd_delay_reject=no, action %s is always "
	    "skipped in Client host or Helo command restrictions",
	    e->table, e->name);
	return false;
}

/* May this action on the message be asked for here? */
static bool
may_act(struct entry *e)
{
	const struct ask *ask = e->ask;
	const struct event_by *by = ask->subject->by;

	if (ask->site->proxy_filter[0] != '\0') {
		event_warning(by,
		    "access table %s: with smtpd_proxy_filter specified, "
		    "action %s is unavailable",
		    e->table, e->name);
		return false;
	}
	if (strcmp(ask->where, "ETRN") == 0) {
		event_warning(by,
		    "access table %s: action %s is unavailable in "
		    "smtpd_etrn_restrictions",
		    e->table, e->name);
		return false;
	}
	return has_message(e);
}

/* ${e} permits, by the word that it begins with. */
static void
permit(const struct entry *e, struct answer *answer)
{
	answer->kind = ANSWER_PERMIT;
	answer->action = e->word;
	answer->table = e->table;
}

static void
do_permit(struct entry *e, struct answer *answer)
{
	permit(e, answer);
}

static void
do_reject(struct entry *e, struct answer *answer)
{
	refuse(e, answer, (int)e->ask->site->params.access_map_reject_code,
	    "5.7.1", "Access denied");
}

static void
do_defer(struct entry *e, struct answer *answer)
{
	refuse(e, answer, (int)e->ask->site->params.access_map_defer_code,
	    "4.7.1", "Access denied");
}

static void
do_defer_if_permit(struct entry *e, struct answer *answer)
{
	refuse(e, answer, (int)e->ask->site->params.access_map_defer_code,
	    "4.7.1", "Service unavailable");
	answer_soften(e->ask, answer, ANSWER_DEFER_IF_PERMIT);
}

static void
do_defer_if_reject(struct entry *e, struct answer *answer)
{
	refuse(e, answer, (int)e->ask->site->params.access_map_defer_code,
	    "4.7.1", "Service unavailable");
	answer_soften(e->ask, answer, ANSWER_DEFER_IF_REJECT);
}

static void
do_dunno(struct entry *e, struct answer *answer)
{
	(void)e;
	answer->kind = ANSWER_DUNNO;
}

static void
do_warn(struct entry *e, struct answer *answer)
{
	(void)answer;
	note_decision(e->ask->subject, e->ask->where, "warn", e->text, NULL);
}

static void
do_info(struct entry *e, struct answer *answer)
{
	(void)answer;
	note_decision(e->ask->subject, e->ask->where, "info", e->text, NULL);
}

static void
do_filter(struct entry *e, struct answer *answer)
{
	const struct event_by *by = e->ask->subject->by;
	struct arena *arena = e->ask->subject->arena;

	if (e->text[0] == '\0') {
		event_warning(by,
		    "access table %s entry \"%s\" has FILTER entry without "
		    "value",
		    e->table, e->key);
	} else if (strchr(e->text, ':') == NULL) {
		event_warning(by,
		    "access table %s entry \"%s\" requires "
		    "transport:destination",
		    e->table, e->key);
	} else if (may_act(e)) {
		tell(e, "filter",
		    arena_printf(arena, "triggers FILTER %s", e->text));
		answer_effect(e->ask, answer, EFFECT_FILTER, e->text);
	}
}

static void
do_hold(struct entry *e, struct answer *answer)
{
	/* Once is enough for a message. */
	if (e->ask->held || !may_act(e))
		return;
	e->ask->held = true;
	tell(e, "hold", e->text[0] != '\0' ? e->text : "triggers HOLD action");
	answer_effect(e->ask, answer, EFFECT_HOLD, e->text);
}

static void
do_discard(struct entry *e, struct answer *answer)
{
	if (!may_act(e))
		return;
	tell(e, "discard",
	    e->text[0] != '\0' ? e->text : "triggers DISCARD action");
	answer_effect(e->ask, answer, EFFECT_DISCARD, e->text);
	answer->stop = true;
}

/* REDIRECT and BCC. */
static void
send_to(struct entry *e, struct answer *answer, enum effect_kind kind,
    const char *action)
{
	struct arena *arena = e->ask->subject->arena;

	if (strchr(e->text, '@') == NULL) {
		event_warning(e->ask->subject->by,
		    "access table %s entry \"%s\" requires user@domain target",
		    e->table, e->key);
	} else if (may_act(e)) {
		tell(e, action,
		    arena_printf(arena, "triggers %s %s", e->name, e->text));
		answer_effect(e->ask, answer, kind, e->text);
	}
}

static void
do_redirect(struct entry *e, struct answer *answer)
{
	send_to(e, answer, EFFECT_REDIRECT, "redirect");
}

static void
do_bcc(struct entry *e, struct answer *answer)
{
	send_to(e, answer, EFFECT_BCC, "bcc");
}

static void
do_prepend(struct entry *e, struct answer *answer)
{
	const struct event_by *by = e->ask->subject->by;

	if (strcmp(e->ask->where, "END-OF-MESSAGE") == 0)
		event_warning(by,
		    "access table %s: action PREPEND must be used before "
		    "smtpd_end_of_data_restrictions",
		    e->table);
	else if (mime_name(e->text, strlen(e->text)) == 0)
		event_warning(by,
		    "access table %s entry \"%s\" requires header: text",
		    e->table, e->key);
	else if (has_message(e))
		answer_effect(e->ask, answer, EFFECT_PREPEND, e->text);
}

/* clang-format off */
static const struct action {
	const char *name;
	void (*act)(struct entry *e, struct answer *answer);
} actions[] = {
	{ "REJECT",          do_reject },
	{ "DEFER",           do_defer },
	{ "OK",              do_permit },
	{ "RELAY",           do_permit },
	{ "DUNNO",           do_dunno },
	{ "WARN",            do_warn },
	{ "INFO",            do_info },
	{ "FILTER",          do_filter },
	{ "HOLD",            do_hold },
	{ "DISCARD",         do_discard },
	{ "REDIRECT",        do_redirect },
	{ "BCC",             do_bcc },
	{ "PREPEND",         do_prepend },
	{ "DEFER_IF_PERMIT", do_defer_if_permit },
	{ "DEFER_IF_REJECT", do_defer_if_reject },
	{ NULL, NULL },
};
/* clang-format on */

static const struct action *
find_action(const char *value, size_t n)
{
	const struct action *a = actions;

	while (a->name != NULL &&
	    (strlen(a->name) != n || strncasecmp(a->name, value, n) != 0))
		a++;
	return a->name != NULL ? a : NULL;
}

static bool
is_number(const char *value)
{
	return value[digits(value, strlen(value))] == '\0';
}

static bool
is_reply(const char *value, size_t n)
{
	return n == 3 && digits(value, 3) == 3 &&
	    (value[0] == '4' || value[0] == '5');
}

bool
action_is(const char *value)
{
	size_t n = strcspn(value, " \t\r\n");

	return find_action(value, n) != NULL || is_number(value) ||
	    is_reply(value, n);
}

bool
action_permits(const char *value)
{
	const struct action *action =
	    find_action(value, strcspn(value, " \t\r\n"));

	return action != NULL ? action->act == do_permit : is_number(value);
}

void
action_parse(struct ask *ask, const char *table, const char *key,
    const char *value, struct answer *answer)
{
	struct arena *arena = ask->subject->arena;
	size_t n = strcspn(value, " \t\r\n");
	struct entry e = { ask, table, key, NULL, value + n,
		arena_strndup(arena, value, n) };
	const struct action *action = find_action(value, n);

	while (isspace((unsigned char)*e.text))
		e.text++;
	if (action != NULL) {
		e.name = action->name;
		e.text = arena_strdup(arena, e.text);
		action->act(&e, answer);
	} else if (value[0] == '\0') {
		event_warning(ask->subject->by,
		    "access table %s entry %s has empty value", table, key);
		permit(&e, answer);
	} else if (is_number(value)) {
		/* Makers of relay lists have always put numbers there: also
		 * "450" alone is a permit. */
		permit(&e, answer);
	} else if (is_reply(value, n)) {
		refuse(&e, answer, (int)strtol(value, NULL, 10), "4.7.1",
		    "Access denied");
	} else {
		answer->kind = ANSWER_LIST;
		answer->table = table;
		answer->text = arena_strdup(arena, value);
	}
}
