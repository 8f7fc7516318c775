/* content_action.c - see content_action.h. */
#include "checks/content_action.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/event.h"
#include "checks/checks_events.h"
#include "checks/content_verdict.h"
#include "checks/mime.h"
#include "checks/note.h"
#include "checks/status_code.h"
#include "checks/subject.h"
#include "rules/address.h"

enum {
	MOST_LOGGED = 200,
	MOST_LOGGED_OF_MILTER = 60,
	MOST_LOGGED_SENDING = 60,
};

static const char *
external(const struct subject *subject, const char *address)
{
	if (address == NULL || address[0] == '\0')
		return address;
	return address_external(subject->arena, address);
}

/* As Postfix's agents do. */
static void
log_sending(const struct content_match *m, const char *action, const char *text)
{
	struct event_by by = { .program = "smtp" };

	if (m->subject->by != NULL)
		by = *m->subject->by;
	by.qid = m->subject->queue_id;
	event(&checks_events_content_sent, &by, "action", action, "part",
	    m->header ? "header" : "body", "content",
	    arena_strndup(m->scratch, m->content,
		strnlen(m->content, MOST_LOGGED_SENDING)),
	    "text", text[0] != '\0' ? text : NULL, NULL);
}

static struct event_by
cleanup(const struct subject *subject)
{
	struct event_by by = { .program = "cleanup", .qid = subject->queue_id };

	if (subject->by != NULL)
		by.number = subject->by->number;
	return by;
}

void
content_action_log(const struct subject *subject, const char *action,
    const char *part, const char *content, const char *text)
{
	const struct event_by by = cleanup(subject);
	char cut[MOST_LOGGED + 1];
	size_t n = strnlen(content, MOST_LOGGED);

	memcpy(cut, content, n);
	cut[n] = '\0';
	event(&checks_events_content, &by, "action", action, "part", part,
	    "content", cut, "client", note_client(subject), "sender",
	    external(subject, subject->sender), "recipient",
	    external(subject, subject->recipient), "protocol",
	    subject->protocol, "helo", subject->helo, "text",
	    text[0] != '\0' ? text : NULL, NULL);
}

void
content_action_log_fault(const struct subject *subject, enum mime_fault fault,
    const char *text, size_t len)
{
	enum { MOST_SHOWN = 100 };
	struct subject terse = *subject;
	char part[100], shown[MOST_SHOWN + 1];
	size_t n = len < MOST_SHOWN ? len : MOST_SHOWN;

	for (size_t i = 0; i < n; i++) {
		shown[i] = text[i];
		if (shown[i] == '\0')
			shown[i] = ' ';
	}
	shown[n] = '\0';
	(void)snprintf(
	    part, sizeof part, "mime-error %s:", mime_fault_text(fault));
	/* Postfix has no more to say about it. */
	terse.protocol = terse.helo = NULL;
	content_action_log(&terse, "reject", part, shown, "");
}

/* One match, and the words behind the action. */
struct act {
	const struct content_match *match;
	const char *words;
	const char **text; /* of the result */
};

const char *
content_action_part(const struct content_match *match)
{
	if (match->part != NULL)
		return match->part;
	return match->header ? "header" : "body";
}

static void
tell_of(const struct act *act, const char *action, const char *text)
{
	const struct content_match *m = act->match;
	const char *logged = action, *content = m->content;

	if (m->sending) {
		log_sending(m, action, text);
		return;
	}
	if (m->milter) {
		logged = arena_printf(m->scratch, "milter-header-%s", action);
		content = arena_strndup(m->scratch, content,
		    strnlen(content, MOST_LOGGED_OF_MILTER));
	}
	content_action_log(
	    m->subject, logged, content_action_part(m), content, text);
}

static void
note(const struct act *act, const char *action, const char *text, bool decides)
{
	const struct content_match *m = act->match;

	if (m->sending)
		return;
	content_verdict_note(m->verdict,
	    &(struct content_note){ .table = m->table,
		.part = content_action_part(m),
		.input = m->content,
		.answer = arena_printf(m->scratch, "%s%s%s", action,
		    text[0] != '\0' ? " " : "", text),
		.file = m->file,
		.line = m->line },
	    decides);
}

static void
tell(const struct act *act, const char *action, const char *text)
{
	tell_of(act, action, text);
	note(act, action, text, false);
}

/* The same of an action that decides.  Of some of the recipients only the door
 * knows whom it is about, and what becomes of it. */
static void
tell_decision(const struct act *act, const char *action, const char *text)
{
	if (!act->match->apart)
		tell_of(act, action, text);
	note(act, action, text, act->match->apart);
}

static void warn(const struct act *act, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
warn(const struct act *act, const char *format, ...)
{
	const struct subject *subject = act->match->subject;
	struct event_by by = cleanup(subject);
	va_list ap;

	if (act->match->sending && subject->by != NULL)
		by = *subject->by;
	/* It is about the table, not the message: so does Postfix log it. */
	by.qid = NULL;
	va_start(ap, format);
	event_warning(
	    &by, "%s", arena_vprintf(act->match->scratch, format, ap));
	va_end(ap);
}

/* A text that an administrator's table made, perhaps of what a stranger wrote:
 * no octet of it may begin another header or line (hostile rows 36 and 62). */
static void
set_text(const struct act *act)
{
	struct buf clean = { 0 };
	size_t n = strlen(act->words);

	if (n > act->match->longest)
		n = act->match->longest;
	for (const char *p = act->words; p < act->words + n; p++) {
		bool folds = *p == '\n' && act->match->header;

		if (!folds && (*p == '\r' || *p == '\n')) {
			buf_putc(&clean, ' ');
			continue;
		}
		buf_putc(&clean, *p);
		if (folds && p[1] != ' ' && p[1] != '\t')
			buf_putc(&clean, '\t');
	}
	*act->text =
	    arena_strndup(act->match->scratch, buf_str(&clean), clean.len);
	buf_free(&clean);
}

/* What a reply says is one line, though a folded header has several. */
static const char *
one_line(struct arena *arena, const char *text)
{
	char *line = arena_strdup(arena, text);

	for (char *p = line; (p = strpbrk(p, "\r\n")) != NULL;)
		*p = ' ';
	return line;
}

static enum content_fate
do_reject(const struct act *act)
{
	struct arena *arena = act->match->scratch;
	const char *text = act->words, *dsn;

	if (*text == '\0')
		text = "message content rejected";
	dsn = status_code_take(arena, &text, "5.7.1");
	if (dsn[0] != '4' && dsn[0] != '5') {
		warn(act, "bad DSN action in %s -- need 4.x.x or 5.x.x",
		    act->words);
		dsn = arena_printf(arena, "4%s", dsn + 1);
	}
	content_verdict_reject(act->match->verdict, dsn[0] == '4' ? 451 : 550,
	    dsn, one_line(arena, text));
	act->match->verdict->done = true;
	tell_decision(act, "reject", arena_printf(arena, "%s %s", dsn, text));
	return CONTENT_KEEP;
}

static enum content_fate
do_warn(const struct act *act)
{
	tell(act, "warning", act->words);
	return CONTENT_KEEP;
}

static enum content_fate
do_info(const struct act *act)
{
	tell(act, "info", act->words);
	return CONTENT_KEEP;
}

static enum content_fate
do_filter(const struct act *act)
{
	const char *table = act->match->table;

	if (*act->words == '\0') {
		warn(act, "missing FILTER command argument in %s map", table);
	} else if (strchr(act->words, ':') == NULL) {
		warn(act,
		    "bad FILTER command %s in %s -- need "
		    "transport:destination",
		    act->words, table);
	} else {
		content_verdict_effect(
		    act->match->verdict, EFFECT_FILTER, act->words);
		tell(act, "filter", act->words);
	}
	return CONTENT_KEEP;
}

static enum content_fate
do_pass(const struct act *act)
{
	tell(act, "pass", act->words);
	act->match->verdict->done = true;
	return CONTENT_KEEP;
}

static enum content_fate
do_discard(const struct act *act)
{
	tell_decision(act, "discard", act->words);
	content_verdict_effect(act->match->verdict, EFFECT_DISCARD, act->words);
	act->match->verdict->done = true;
	return CONTENT_KEEP;
}

static enum content_fate
do_hold(const struct act *act)
{
	struct content_verdict *verdict = act->match->verdict;

	if (!content_verdict_has(verdict, EFFECT_HOLD) &&
	    !content_verdict_has(verdict, EFFECT_DISCARD)) {
		tell_decision(act, "hold", act->words);
		content_verdict_effect(verdict, EFFECT_HOLD, act->words);
	}
	return CONTENT_KEEP;
}

/* The words of ${action}, PREPEND or REPLACE, are fit to stand there. */
static bool
is_fit(const struct act *act, const char *action)
{
	const char *table = act->match->table;

	if (*act->words == '\0') {
		warn(act, "%s action without text in %s map", action, table);
		return false;
	}
	if (act->match->header &&
	    mime_name(act->words, strlen(act->words)) == 0) {
		warn(act,
		    "bad %s header text \"%s\" in %s map -- need "
		    "\"headername: headervalue\"",
		    action, act->words, table);
		return false;
	}
	return true;
}

static enum content_fate
do_prepend(const struct act *act)
{
	if (!is_fit(act, "PREPEND"))
		return CONTENT_KEEP;
	tell(act, "prepend", act->words);
	if (act->match->milter) {
		struct event_by by = cleanup(act->match->subject);

		by.qid = NULL;
		event_warning(&by,
		    "the milter_header/body_checks prepend action is not "
		    "implemented");
		return CONTENT_KEEP;
	}
	set_text(act);
	return CONTENT_PREPEND;
}

static enum content_fate
do_replace(const struct act *act)
{
	if (!is_fit(act, "REPLACE"))
		return CONTENT_KEEP;
	tell(act, "replace", act->words);
	set_text(act);
	return CONTENT_REPLACE;
}

static enum content_fate
do_redirect(const struct act *act)
{
	if (strchr(act->words, '@') == NULL) {
		warn(act,
		    "bad REDIRECT target \"%s\" in %s map -- need "
		    "user@domain",
		    act->words, act->match->table);
	} else {
		content_verdict_effect(
		    act->match->verdict, EFFECT_REDIRECT, act->words);
		tell_decision(act, "redirect", act->words);
		act->match->verdict->done = true;
	}
	return CONTENT_KEEP;
}

static enum content_fate
do_bcc(const struct act *act)
{
	if (strchr(act->words, '@') == NULL) {
		warn(act,
		    "bad BCC address \"%s\" in %s map -- need user@domain",
		    act->words, act->match->table);
	} else {
		content_verdict_effect(
		    act->match->verdict, EFFECT_BCC, act->words);
		tell(act, "bcc", act->words);
	}
	return CONTENT_KEEP;
}

static enum content_fate
do_strip(const struct act *act)
{
	tell(act, "strip", act->words);
	return CONTENT_DROP;
}

static enum content_fate
do_ignore(const struct act *act)
{
	(void)act;
	return CONTENT_DROP;
}

static enum content_fate
do_nothing(const struct act *act)
{
	(void)act;
	return CONTENT_KEEP;
}

/* clang-format off */
static const struct {
	const char *name;
	enum content_fate (*act)(const struct act *act);
	bool sending; /* the agents that send have it, too */
} actions[] = {
	{ "REJECT",   do_reject,   false },
	{ "WARN",     do_warn,     true },
	{ "INFO",     do_info,     true },
	{ "FILTER",   do_filter,   false },
	{ "PASS",     do_pass,     false },
	{ "DISCARD",  do_discard,  false },
	{ "HOLD",     do_hold,     false },
	{ "PREPEND",  do_prepend,  true },
	{ "REPLACE",  do_replace,  true },
	{ "REDIRECT", do_redirect, false },
	{ "BCC",      do_bcc,      false },
	{ "STRIP",    do_strip,    true },
	{ "IGNORE",   do_ignore,   true },
	{ "DUNNO",    do_nothing,  true },
	{ "OK",       do_nothing,  true },
};
/* clang-format on */

/* Action number ${i} is one that ${match} may have. */
static bool
is_allowed(const struct content_match *match, size_t i)
{
	bool edits = actions[i].act == do_prepend ||
	    actions[i].act == do_replace || actions[i].act == do_strip ||
	    actions[i].act == do_ignore;

	bool for_all = actions[i].act == do_filter || actions[i].act == do_bcc;

	return (actions[i].sending || !match->sending) &&
	    ((match->part == NULL && !match->apart) || !edits) &&
	    (!match->apart || !for_all);
}

enum content_fate
content_action(const struct content_match *match, const char **text)
{
	static const char blanks[] = " \t\r\n\v\f";
	const char *value = match->value + strspn(match->value, blanks);
	size_t n = strcspn(value, blanks);
	struct act act = { .match = match, .text = text };

	act.words = value + n + strspn(value + n, blanks);
	for (size_t i = 0; i < sizeof actions / sizeof *actions; i++)
		if (strlen(actions[i].name) == n &&
		    strncasecmp(actions[i].name, value, n) == 0 &&
		    is_allowed(match, i))
			return actions[i].act(&act);
	if (match->sending || match->apart || match->part != NULL)
		warn(&act, "unsupported command in %s map: %s", match->table,
		    match->value);
	else
		warn(&act, "unknown command in %s map: %s", match->table,
		    match->value);
	return CONTENT_KEEP;
}
