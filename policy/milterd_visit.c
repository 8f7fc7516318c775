/* milterd_visit.c - see milterd_visit.h. */
#include "policy/milterd_visit.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/counters.h"
#include "base/fatal.h"
#include "checks/conduct_keeper.h"
#include "checks/note.h"
#include "classes/class_names.h"
#include "classes/stage_conduct.h"
#include "classes/trace_keeper.h"
#include "policy/milterd_door.h"
#include "policy/milterd_settle.h"
#include "policy/policy_door.h"
#include "policy/policy_events.h"
#include "rules/world.h"

struct milterd_visit *
milterd_visit_new(const struct milterd_shared *shared, unsigned number)
{
	struct milterd_visit *v = calloc(1, sizeof *v);

	if (v == NULL)
		fatal("out of memory");
	v->shared = shared;
	v->by = (struct event_by){ .program = "milter",
		.number = number,
		.name = shared->door->base->syslog_name };
	v->client = arena_new();
	v->greeting = arena_new();
	v->mail = arena_new();
	v->subject = (struct subject){
		.arena = v->mail,
		.world = shared->world,
		.by = &v->by,
		.begun = world_now(shared->world),
	};
	milterd_visit_forget(v);
	return v;
}

void
milterd_visit_free(struct milterd_visit *v)
{
	if (v == NULL)
		return;
	milterd_visit_forget(v);
	stage_reset_session(&v->state);
	arena_free(v->mail);
	arena_free(v->greeting);
	arena_free(v->client);
	free(v);
}

void
milterd_visit_forget(struct milterd_visit *v)
{
	milterd_message_close(&v->message);
	stage_reset_mail(&v->state);
	v->in_mail = v->begun = false;
	v->rcpts = NULL;
	v->nrcpts = v->room = 0;
	v->classes = "";
	v->effects = NULL;
	v->effects_end = &v->effects;
	v->subject.sender = v->subject.recipient = NULL;
	v->subject.queue_id = v->subject.instance = NULL;
	v->subject.recipient_count = 0;
	v->subject.size = 0;
	v->subject.utf8 = false;
	v->trace = NULL;
	v->by.qid = NULL;
	arena_reset(v->mail);
}

static void
keep_trace(
    struct milterd_visit *v, const struct verdict *verdict, const char *where)
{
	const struct trace_origin origin = {
		.number = v->by.number,
		.client = note_client(&v->subject),
		.where = where,
		.queue_id = v->subject.queue_id,
	};
	const struct policy_door *door = v->shared->door->base;

	if (v->shared->traces == NULL || verdict->trace->steps == NULL ||
	    (verdict->pass && !door->trace_all))
		return;
	trace_keeper_add(v->shared->traces, &origin, &v->subject,
	    verdict->trace,
	    verdict->pass ? "continue"
			  : arena_printf(v->mail, "%d %s %s", verdict->code,
				verdict->dsn, verdict->text));
}

/* Effects before MAIL are about no message. */
static void
take_effects(struct milterd_visit *v, const struct verdict *verdict)
{
	for (struct effect *e = verdict->effects, *next; e != NULL; e = next) {
		next = e->next;
		if (e->kind == EFFECT_SLEEP) {
			v->pause += e->number;
		} else if (v->in_mail) {
			e->next = NULL;
			*v->effects_end = e;
			v->effects_end = &e->next;
		}
	}
}

/* For the client's reputation. */
static void
note(struct milterd_visit *v, enum conduct what)
{
	conduct_keeper_add(v->shared->conduct,
	    stage_site(v->shared->door->base->rules), &v->subject,
	    v->state.spf.domain, what);
}

static enum milterd_answer
judge(struct milterd_visit *v, enum stage stage, const char *where,
    struct verdict *verdict)
{
	struct rules *rules = v->shared->door->base->rules;
	enum conduct what;

	v->pause = 0;
	event_speak(&v->by);
	/* What an entry of a table names may block; the second time it may. */
	do
		stage_run(rules, stage, &v->subject, &v->state, verdict);
	while (verdict->again);
	event_speak(NULL);
	v->trace = verdict->trace;
	keep_trace(v, verdict, where);
	/* What becomes of a message that the lists let pass is not known yet. */
	if (stage_conduct(stage, verdict, &what) && what != CONDUCT_STORED)
		note(v, what);
	take_effects(v, verdict);
	if (verdict->elsewhere != NULL)
		event(&policy_events_nowhere, &v->by, "client",
		    note_client(&v->subject), "name", verdict->elsewhere, NULL);
	if (!verdict->pass) {
		v->code = verdict->code;
		v->dsn = verdict->dsn;
		v->text = verdict->text;
		return MILTERD_REFUSE;
	}
	return v->in_mail && v->state.discard ? MILTERD_DISCARD
					      : MILTERD_CONTINUE;
}

enum milterd_answer
milterd_visit_connect(struct milterd_visit *v,
    const struct milterd_macros *macros, const char *name,
    const struct sockaddr *address)
{
	struct verdict verdict;

	milterd_visit_forget(v);
	stage_reset_session(&v->state);
	arena_reset(v->client);
	milterd_facts_client(&v->subject, macros, name, address, v->client);
	return judge(v, STAGE_CONNECT, "CONNECT", &verdict);
}

/* A visit that was never told of a client still has one. */
static void
need_client(struct milterd_visit *v, const struct milterd_macros *macros)
{
	if (v->subject.client_name == NULL)
		milterd_facts_client(
		    &v->subject, macros, NULL, NULL, v->client);
}

enum milterd_answer
milterd_visit_helo(struct milterd_visit *v, const struct milterd_macros *macros,
    const char *name)
{
	struct verdict verdict;

	need_client(v, macros);
	milterd_visit_forget(v);
	stage_reset_helo(&v->state);
	arena_reset(v->greeting);
	v->subject.helo = milterd_facts_text(v->greeting, name);
	/* Whether by EHLO is not said; hardly anybody says HELO. */
	v->subject.protocol = "ESMTP";
	v->subject.ehlo = true;
	milterd_facts_tls(&v->subject, macros, v->greeting);
	return judge(v, STAGE_HELO, "HELO", &verdict);
}

enum milterd_answer
milterd_visit_mail(
    struct milterd_visit *v, const struct milterd_macros *macros, char **words)
{
	struct verdict verdict;

	need_client(v, macros);
	milterd_visit_forget(v);
	v->in_mail = true;
	v->subject.instance = arena_printf(v->mail, "%x.%llx", v->by.number,
	    (unsigned long long)world_now(v->subject.world));
	milterd_facts_mail_from(&v->subject, macros, words, v->mail);
	milterd_facts_queue_id(&v->subject, macros, v->mail);
	return judge(v, STAGE_MAIL, "MAIL", &verdict);
}

static void
add_rcpt(struct milterd_visit *v, const char *words, const char *classes)
{
	struct milterd_rcpt *more;

	if (v->nrcpts == v->room) {
		v->room = v->room * 2 + 8;
		more = arena_alloc(v->mail, v->room * sizeof *more);
		if (v->nrcpts > 0)
			memcpy(more, v->rcpts, v->nrcpts * sizeof *more);
		v->rcpts = more;
	}
	v->rcpts[v->nrcpts++] = (struct milterd_rcpt){
		.words = arena_strdup(v->mail, words),
		.address = v->subject.recipient,
		.classes = classes,
	};
	v->subject.recipient_count = v->nrcpts;
}

enum milterd_answer
milterd_visit_rcpt(
    struct milterd_visit *v, const struct milterd_macros *macros, char **words)
{
	enum milterd_answer answer;
	struct verdict verdict;

	milterd_facts_queue_id(&v->subject, macros, v->mail);
	v->subject.recipient = milterd_facts_address(v->mail, words[0]);
	answer = judge(v, STAGE_RCPT, "RCPT", &verdict);
	if (answer == MILTERD_CONTINUE)
		add_rcpt(v, words[0], verdict.classes);
	else
		v->subject.recipient =
		    v->nrcpts > 0 ? v->rcpts[v->nrcpts - 1].address : NULL;
	return answer;
}

enum milterd_answer
milterd_visit_data(struct milterd_visit *v, const struct milterd_macros *macros)
{
	enum milterd_answer answer;
	struct verdict verdict;

	milterd_facts_queue_id(&v->subject, macros, v->mail);
	answer = judge(v, STAGE_DATA, "DATA", &verdict);
	v->classes = verdict.classes;
	return answer;
}

struct milterd_message *
milterd_visit_content(struct milterd_visit *v)
{
	struct milterd_message *m = &v->message;

	if (v->begun)
		return m;
	v->begun = true;
	milterd_message_open(m, v->shared->door, &v->subject, v->mail);
	for (size_t i = 0; i < v->nrcpts; i++) {
		struct milterd_rcpt *rcpt = &v->rcpts[i];

		rcpt->group = milterd_message_add(m, rcpt->address,
		    class_names_add(v->mail, rcpt->classes, v->classes));
	}
	milterd_message_begin(m, &v->subject);
	return m;
}

enum milterd_answer
milterd_visit_end(struct milterd_visit *v, const struct milterd_macros *macros,
    struct milterd_outcome *outcome)
{
	static struct counter messages = { .name = "milter: messages" };
	struct milterd_message *m = milterd_visit_content(v);
	enum milterd_answer answer;
	struct verdict verdict;

	counters_add(&messages);
	milterd_facts_queue_id(&v->subject, macros, v->mail);
	*outcome = (struct milterd_outcome){ 0 };
	milterd_message_end(m);
	v->subject.size = m->size;
	answer = judge(v, STAGE_END, "END-OF-MESSAGE", &verdict);
	if (answer != MILTERD_CONTINUE)
		return answer;
	answer = milterd_settle(v, outcome);
	if (answer == MILTERD_CONTINUE)
		note(v, CONDUCT_STORED);
	else if (answer == MILTERD_REFUSE && v->code >= 500)
		note(v, CONDUCT_CONTENT);
	return answer;
}
