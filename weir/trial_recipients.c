/* trial_recipients.c - see trial_recipients.h. */
#include "weir/trial_recipients.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/fatal.h"
#include "checks/subject.h"
#include "classes/class_names.h"
#include "classes/stage.h"
#include "rules/route.h"
#include "weir/message_trial.h"

void
trial_recipients_put(struct trial_recipients *r, const char *address)
{
	const char **more =
	    realloc(r->list, (r->count + 1) * sizeof(const char *));

	if (more == NULL)
		fatal("out of memory");
	more[r->count++] = address;
	r->list = more;
}

void
trial_recipients_free(struct trial_recipients *r)
{
	free(r->list);
	*r = (struct trial_recipients){ 0 };
}

/* A session, up to the reply to RCPT. */
struct play {
	struct rules *rules;
	struct subject subject;
	struct stage_state state;
	struct verdict verdict;
};

/* False: refused. */
static bool
step(struct play *p, enum stage stage)
{
	stage_run(p->rules, stage, &p->subject, &p->state, &p->verdict);
	/* What blocks is known by the second time. */
	if (p->verdict.again)
		stage_run(p->rules, stage, &p->subject, &p->state, &p->verdict);
	return p->verdict.pass;
}

/* False: ${address} is refused; else ${classes} are its own. */
static bool
judge(struct play *p, const char *address, const char **classes)
{
	static const enum stage before[] = { STAGE_CONNECT, STAGE_HELO,
		STAGE_MAIL };

	p->subject.recipient = NULL;
	for (size_t i = 0; i < sizeof before / sizeof before[0]; i++)
		if (!step(p, before[i]))
			return false;
	p->subject.recipient = address;
	p->subject.recipient_count = 1;
	if (!step(p, STAGE_RCPT))
		return false;
	*classes = p->verdict.classes;
	if (!step(p, STAGE_DATA))
		return false;
	*classes =
	    class_names_add(p->subject.arena, *classes, p->verdict.classes);
	return true;
}

static bool
judge_all(const struct trial_recipients *r, struct rules *rules,
    const struct subject *subject, struct message_trial *trial)
{
	struct arena *arena = arena_new();
	const char *classes = "";
	bool all = true;

	for (size_t i = 0; i < r->count; i++) {
		struct play p = { .rules = rules, .subject = *subject };

		p.subject.arena = arena;
		if (judge(&p, r->list[i], &classes)) {
			message_trial_add(trial, r->list[i], classes);
		} else {
			(void)fprintf(stderr,
			    "weir test message: RCPT TO:<%s>: %d %s %s\n",
			    r->list[i], p.verdict.code, p.verdict.dsn,
			    p.verdict.text);
			all = false;
		}
		stage_reset_session(&p.state);
		arena_reset(arena);
	}
	arena_free(arena);
	return all;
}

bool
trial_recipients_judge(const struct trial_recipients *r, struct conf *conf,
    const struct subject *subject, struct message_trial *trial, struct err *err)
{
	struct route *route;
	struct rules *rules;
	bool all = true;

	if (trial->rules.tables.classes == NULL) {
		for (size_t i = 0; i < r->count; i++)
			message_trial_add(trial, r->list[i], "");
		return true;
	}
	if (r->count == 0)
		return true;
	route = route_open(conf, err);
	rules = stage_compile(conf, route, false, err);
	stage_allow_open(rules);
	trial->soft_bounce = stage_soft_bounce(rules);
	all = judge_all(r, rules, subject, trial);
	stage_free(rules);
	route_close(route);
	return all;
}
