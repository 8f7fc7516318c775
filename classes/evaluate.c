/* evaluate.c - see evaluate.h. */
#include "classes/evaluate.h"

#include <stdio.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/event.h"
#include "base/utf8.h"
#include "checks/condition.h"
#include "checks/dnsbl.h"
#include "checks/generic.h"
#include "checks/note.h"
#include "checks/site.h"
#include "checks/status_code.h"
#include "checks/subject.h"
#include "classes/class_names.h"
#include "classes/rules.h"
#include "classes/stage.h"
#include "rules/match.h"

/* Postfix's limits: of nested lists, and of a reply line. */
enum { MOST_DEPTH = 100, MOST_REPLY = 510 };

/* Nothing of a client or a name server may break out of its reply line. */
static void
make_printable(char *text)
{
	for (size_t n; *text != '\0'; text += n) {
		unsigned char c = (unsigned char)*text;

		n = c < 32 || c == 127 ? 0 : utf8_length(text);
		if (n == 0) {
			*text = ' ';
			n = 1;
		}
	}
}

/* The whole reply "CODE DSN text" as it will be sent, but for soft_bounce. */
static char *
format_reply(struct evaluation *e, int code, const char *dsn, const char *text)
{
	const struct subject *s = e->ask.subject;
	char *reply = arena_printf(s->arena, "%d %s %s", code, dsn, text);
	const char *wrong = NULL;

	if (code < 400 || code > 599)
		wrong = "SMTP reply code";
	else if (status_code_length(reply + 4) == 0)
		wrong = "DSN detail code";
	if (wrong != NULL) {
		event_warning(
		    s->by, "%s configuration error: %s", wrong, reply);
		reply = arena_strdup(s->arena, "450 4.7.1 Service unavailable");
	}
	if (strlen(reply) > MOST_REPLY)
		reply[MOST_REPLY] = '\0';
	make_printable(reply);
	return reply;
}

static void
set_verdict(struct evaluation *e, const char *reply)
{
	struct verdict *v = e->verdict;
	struct arena *arena = e->ask.subject->arena;
	size_t n = strcspn(reply + 4, " ");

	v->pass = false;
	v->code =
	    (reply[0] - '0') * 100 + (reply[1] - '0') * 10 + (reply[2] - '0');
	v->dsn = arena_strndup(arena, reply + 4, n);
	v->text =
	    arena_strdup(arena, reply + 4 + n + (reply[4 + n] == ' ' ? 1 : 0));
	v->hangup = v->code == 421 || v->code == 521;
}

/* Reply with ${code} ${dsn} ${text}, or only say so in the log. */
static enum outcome
reject(struct evaluation *e, int code, const char *dsn, const char *text,
    bool fault)
{
	const struct subject *s = e->ask.subject;
	bool warn = e->warning && !fault;
	char *reply;

	if (e->weighs && !fault) {
		/* What follows, be it a permit, is not reached. */
		e->weighed = e->stop = true;
		return OUTCOME_DUNNO;
	}
	reply = format_reply(e, code, dsn, text);

	if (!warn && e->if_reject.code != 0 && reply[0] == '5') {
		struct reason first = e->if_reject;

		e->if_reject.code = 0;
		e->at = first.step;
		return reject(e, first.code, first.dsn, first.text, true);
	}
	if (e->rules->params.soft_bounce && reply[0] == '5')
		reply[0] = '4';
	reply[4] = reply[0];
	if (!warn && e->rules->params.weir_reply_trace_id)
		reply = arena_printf(
		    s->arena, "%.490s (%s)", reply, e->verdict->trace->id);
	note_decision(s, e->ask.where, warn ? "reject_warning" : "reject",
	    reply, e->verdict->trace->id);
	if (warn) {
		e->verdict->warned = true;
		return OUTCOME_DUNNO;
	}
	e->verdict->trace->decision = e->at;
	e->verdict->foregone = e->past > 0;
	set_verdict(e, reply);
	return OUTCOME_REJECT;
}

enum outcome
evaluate_fault(struct evaluation *e)
{
	return reject(e, 451, "4.3.5", "Server configuration error", true);
}

enum outcome
evaluate_deferral(struct evaluation *e)
{
	struct reason *r = &e->if_permit;

	if (r->code == 0)
		return OUTCOME_DUNNO;
	e->at = r->step;
	e->verdict->deferral = true;
	return reject(e, r->code, r->dsn, r->text, false);
}

/* Only the first reason is kept: one is confusing enough. */
static void
keep(struct evaluation *e, struct reason *reason, const struct answer *answer)
{
	char *text;

	if (reason->code != 0 || e->weighs)
		return;
	text = arena_strdup(e->ask.subject->arena, answer->text);
	make_printable(text);
	reason->code = answer->code;
	reason->dsn = answer->dsn;
	reason->text = text;
	reason->step = e->at;
	if (reason == &e->if_permit && e->keeps == NULL)
		e->keeps = e->at;
}

static void
note_permit(struct evaluation *e, const struct check *check,
    const struct answer *answer)
{
	const struct ask *ask = &e->ask;
	struct subject *s = ask->subject;
	bool table = answer->action != NULL;
	const char *action = table ? answer->action : check->name;

	if (match_empty(e->rules->log_permit) ||
	    match_string(e->rules->log_permit, s->world, s->arena, action) !=
		TABLE_FOUND)
		return;
	note_decision(s, ask->where, "permit",
	    arena_printf(s->arena, "action=%s for %s=%s %s%s", action,
		ask->class, ask->name, table ? "from " : "",
		table ? answer->table : ""),
	    e->verdict->trace->id);
}

/* The entry of a table names restrictions. */
static enum outcome
follow(struct evaluation *e, const struct answer *answer)
{
	const struct event_by *by = e->ask.subject->by;
	const struct list *list;

	if (strchr(answer->text, ':') != NULL) {
		event_warning(by,
		    "access table %s has entry with lookup table: %s",
		    answer->table, answer->text);
		event_warning(by,
		    "do not specify lookup tables inside SMTPD access maps");
		event_warning(by,
		    "define a restriction class and specify its name instead.");
		return evaluate_fault(e);
	}
	list = rules_find(e->rules, answer->text);
	if (list->waits > e->may_wait) {
		rules_found(e->rules, list->waits);
		e->verdict->again = true;
		e->stop = true;
		set_verdict(e, "451 4.3.5 Server configuration error");
		return OUTCOME_REJECT;
	}
	return evaluate_list(e, list, e->ask.name, e->ask.class);
}

/* A permit that anybody can arrange by what he puts into the DNS. */
static enum outcome
forbid_permit(struct evaluation *e, const struct check *check, const char *of)
{
	const struct event_by *by = e->ask.subject->by;

	event_warning(by, "restriction %s returns OK for %s", check->name, of);
	event_warning(by, "this is not allowed for security reasons");
	event_warning(by,
	    "use DUNNO instead of OK if you want to make an "
	    "exception");
	return evaluate_fault(e);
}

/* What the answer of ${check} comes to. */
static enum outcome
settle(struct evaluation *e, const struct check *check, struct answer *answer)
{
	struct effect **end = &e->verdict->effects;
	const char *value = e->ask.value;
	const struct trace_step *before = e->verdict->trace->decision;
	enum outcome outcome = OUTCOME_DUNNO;

	while (*end != NULL)
		end = &(*end)->next;
	*end = answer->effects;
	e->stop = e->stop || answer->stop;
	switch (answer->kind) {
	case ANSWER_DUNNO:
		break;
	case ANSWER_PERMIT:
		outcome = OUTCOME_PERMIT;
		break;
	case ANSWER_REJECT:
		outcome = reject(
		    e, answer->code, answer->dsn, answer->text, answer->fault);
		break;
	case ANSWER_DEFER_IF_PERMIT:
		keep(e, &e->if_permit, answer);
		break;
	case ANSWER_DEFER_IF_REJECT:
		keep(e, &e->if_reject, answer);
		break;
	case ANSWER_LIST:
		outcome = follow(e, answer);
		break;
	}
	if (outcome != OUTCOME_PERMIT)
		return outcome;
	if (answer->no_permit) {
		e->verdict->trace->decision = before;
		return OUTCOME_DUNNO;
	}
	if (check->flags & CHECK_NO_OK)
		return forbid_permit(e, check, value);
	if (answer->kind == ANSWER_PERMIT) {
		e->written = answer->action != NULL ||
		    (e->depth > 1 && (check->flags & CHECK_FINAL) != 0);
		e->verdict->trace->decision = e->at;
		note_permit(e, check, answer);
	}
	return outcome;
}

static enum outcome
run_check(struct evaluation *e, const struct check *check,
    const struct argument *argument, struct trace_step *trace)
{
	struct ask *ask = &e->ask;
	const char *name = ask->name, *class = ask->class;
	struct answer answer = { 0 };
	enum outcome outcome = OUTCOME_DUNNO;

	ask->argument = argument;
	ask->warning = e->warning;
	if (check_about(ask, check)) {
		check->ask(ask, &answer);
		if (answer.input == NULL && check->of != CHECK_OF_LIST)
			answer.input = ask->value;
	}
	trace_answer(trace, ask->subject, &answer);
	outcome = settle(e, check, &answer);
	ask->name = name;
	ask->class = class;
	return outcome;
}

static void
want_dnsbls(struct evaluation *e, const struct list *list, size_t from)
{
	for (size_t i = from; i < list->count; i++) {
		const struct step *step = &list->steps[i];
		struct ask ask = e->ask;

		if (step->then != NULL && step->condition == NULL)
			want_dnsbls(e, step->then, 0);
		if (step->check == NULL)
			continue;
		if (step->check->flags & CHECK_FINAL)
			break;
		if ((step->check->flags & CHECK_DNSBL) == 0)
			continue;
		ask.argument = &step->argument;
		if (check_about(&ask, step->check)) {
			dnsbl_want(&ask);
			e->ask.dnsbl = ask.dnsbl;
		}
	}
}

/* Ask all DNS lists of what is left of ${list} at once: some may turn out not
 * to be needed, but nobody waits for them one by one. */
static void
prefetch(struct evaluation *e, const struct list *list, size_t from)
{
	want_dnsbls(e, list, from);
	dnsbl_fetch(&e->ask);
}

static enum outcome
run_mistake(struct evaluation *e, const char *text, struct trace_step *trace)
{
	struct answer answer = { 0 };

	event_warning(e->ask.subject->by, "%s", text);
	answer_fault(&e->ask, &answer);
	trace_answer(trace, e->ask.subject, &answer);
	return evaluate_fault(e);
}

static enum outcome
run_bare(
    struct evaluation *e, const struct step *step, struct trace_step *trace)
{
	if (e->bare != NULL)
		return run_check(e, e->bare, &step->argument, trace);
	return run_mistake(e,
	    arena_printf(e->ask.subject->arena,
		"specify one of (check_client_access, "
		"check_reverse_client_hostname_access, check_helo_access, "
		"check_sender_access, check_recipient_access, "
		"check_etrn_access) before %s restriction \"%s\"",
		e->ask.class, step->text),
	    trace);
}

/* What the list has come to is for others to go on with. */
static enum outcome
leave(struct evaluation *e, const struct step *step, struct trace_step *trace)
{
	struct answer answer = { .kind = ANSWER_LIST, .text = step->text };

	trace_answer(trace, e->ask.subject, &answer);
	e->verdict->trace->decision = trace;
	e->verdict->elsewhere = step->text;
	e->stop = true;
	return OUTCOME_DUNNO;
}

/* What is evaluated where a condition is true is a part of its list, not a
 * class: it is as deep, and its permit is not more than one of the list. */
static enum outcome
run_if(struct evaluation *e, const struct step *step, struct trace_step *trace)
{
	struct answer answer = { 0 };
	const char *name = e->ask.name, *class = e->ask.class;
	unsigned past = condition_judges(step->condition) ? 1 : 0;
	enum outcome outcome;

	switch (condition_test(step->condition, &e->ask, &answer.input)) {
	case CONDITION_FALSE:
		trace_answer(trace, e->ask.subject, &answer);
		return OUTCOME_DUNNO;
	case CONDITION_TRUE:
		answer.kind = ANSWER_LIST;
		answer.text = "true";
		trace_answer(trace, e->ask.subject, &answer);
		e->depth--;
		e->past += past;
		outcome = evaluate_list(e, step->then, name, class);
		e->past -= past;
		e->depth++;
		return outcome;
	case CONDITION_FAILED:
		break;
	}
	answer_cannot_ask(&e->ask, &answer, name);
	trace_answer(trace, e->ask.subject, &answer);
	return reject(e, answer.code, answer.dsn, answer.text, true);
}

static bool
has_dnsbl(const struct list *list)
{
	for (size_t i = 0; i < list->count; i++)
		if (list->steps[i].check != NULL &&
		    (list->steps[i].check->flags & CHECK_DNSBL) != 0)
			return true;
	return false;
}

/* A refusal is points; a deferral that would be kept is none. */
static enum outcome
run_weighed(
    struct evaluation *e, const struct step *step, struct trace_step *trace)
{
	struct answer answer = { 0 };
	enum outcome outcome;
	bool weighs = e->weighs, weighed = e->weighed;

	e->weighs = true;
	e->weighed = false;
	e->depth--;
	outcome = evaluate_list(e, step->then, e->ask.name, e->ask.class);
	e->depth++;
	if (e->weighed) {
		generic_add_score(&e->ask, step->weight);
		e->stop = false;
	}
	e->weighs = weighs;
	e->weighed = weighed;
	answer.input = arena_printf(
	    e->ask.subject->arena, "score=%lld", (long long)e->ask.score);
	trace_answer(trace, e->ask.subject, &answer);
	return outcome;
}

static enum outcome
run_step(struct evaluation *e, const struct list *list, size_t i)
{
	const struct step *step = &list->steps[i];
	struct trace_step *trace = trace_step(e->verdict->trace, e->ask.subject,
	    e->depth - 1, e->list, step->text);
	struct answer answer = { 0 };
	enum outcome outcome;

	trace->within = list->name;
	e->at = trace;
	if (step->mistake != NULL)
		return run_mistake(e, step->mistake, trace);
	if (step->elsewhere)
		return leave(e, step, trace);
	if (step->class != NULL) {
		answer.kind = ANSWER_LIST;
		answer.text = step->class->name;
		trace_answer(trace, e->ask.subject, &answer);
		if (step->class->content)
			e->classes = class_names_add(e->ask.subject->arena,
			    e->classes, step->class->name);
		return evaluate_list(e, step->class, e->ask.name, e->ask.class);
	}
	if (step->condition != NULL)
		return run_if(e, step, trace);
	if (step->then != NULL) {
		if (has_dnsbl(step->then))
			prefetch(e, list, i);
		return run_weighed(e, step, trace);
	}
	if (step->bare)
		return run_bare(e, step, trace);
	if (step->check->flags & CHECK_DNSBL)
		prefetch(e, list, i);
	outcome = run_check(e, step->check, &step->argument, trace);
	return outcome;
}

static bool
is_warn(const struct step *step)
{
	return step->check != NULL && step->check->ask == NULL;
}

enum outcome
evaluate_list(struct evaluation *e, const struct list *list, const char *name,
    const char *class)
{
	enum outcome outcome = OUTCOME_DUNNO;
	bool warning = e->warning;

	if (e->depth > MOST_DEPTH) {
		event_warning(e->ask.subject->by,
		    "restriction list %s causes unreasonable recursion",
		    list->name);
		return evaluate_fault(e);
	}
	e->depth++;
	for (size_t i = 0; i < list->count && !e->stop; i++) {
		if (is_warn(&list->steps[i])) {
			e->warning = true;
			continue;
		}
		e->ask.name = name;
		e->ask.class = class;
		outcome = run_step(e, list, i);
		/* It stands before the next restriction, or class, only. */
		e->warning = warning;
		if (outcome != OUTCOME_DUNNO)
			break;
		/* Neither a permit nor a rejection would be the answer. */
		if (e->if_permit.code != 0 && e->if_reject.code != 0)
			break;
	}
	e->warning = warning;
	e->depth--;
	e->ask.name = name;
	e->ask.class = class;
	return outcome;
}

enum outcome
evaluate_check(struct evaluation *e, const struct check *check)
{
	static const struct argument none = { .kind = ARGUMENT_NONE };
	struct trace_step *trace = trace_step(
	    e->verdict->trace, e->ask.subject, 0, e->list, check->name);

	trace->within = e->list;
	e->at = trace;
	return run_check(e, check, &none, trace);
}
