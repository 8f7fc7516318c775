/* stage.c - see stage.h. */
#include "classes/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "checks/dnsbl_reply.h"
#include "checks/note.h"
#include "checks/reputation.h"
#include "checks/site.h"
#include "checks/spf.h"
#include "checks/subject.h"
#include "classes/class_names.h"
#include "classes/evaluate.h"
#include "classes/rules.h"
#include "classes/stage_waits.h"
#include "rules/match.h"
#include "rules/route.h"

/* The lists: the class of what they are about, and what a bare table means in
 * them. */
/* clang-format off */
static const struct list_kind {
	const char *parameter, *class, *bare;
} kinds[RULES_LISTS] = {
	[RULES_CLIENT]    = { "smtpd_client_restrictions",      "Client host",       "check_client_access" },
	[RULES_HELO]      = { "smtpd_helo_restrictions",        "Helo command",      "check_helo_access" },
	[RULES_SENDER]    = { "smtpd_sender_restrictions",      "Sender address",    "check_sender_access" },
	[RULES_RELAY]     = { "smtpd_relay_restrictions",       "Recipient address", "check_recipient_access" },
	[RULES_RECIPIENT] = { "smtpd_recipient_restrictions",   "Recipient address", "check_recipient_access" },
	[RULES_DATA]      = { "smtpd_data_restrictions",        "Data command",      NULL },
	[RULES_END]       = { "smtpd_end_of_data_restrictions", "End-of-data",       NULL },
	[RULES_ETRN]      = { "smtpd_etrn_restrictions",        "Etrn command",      "check_etrn_access" },
};
/* clang-format on */

static const char *
text_of(const struct rules *rules, enum rules_list which)
{
	const struct classes_params *p = &rules->params;

	switch (which) {
	case RULES_CLIENT:
		return p->smtpd_client_restrictions;
	case RULES_HELO:
		return p->smtpd_helo_restrictions;
	case RULES_SENDER:
		return p->smtpd_sender_restrictions;
	case RULES_RELAY:
		return p->smtpd_relay_restrictions;
	case RULES_RECIPIENT:
		return p->smtpd_recipient_restrictions;
	case RULES_DATA:
		return p->smtpd_data_restrictions;
	case RULES_END:
		return p->smtpd_end_of_data_restrictions;
	case RULES_ETRN:
		return p->smtpd_etrn_restrictions;
	case RULES_LISTS:
		break;
	}
	return "";
}

/* What nobody can have meant decides about no mail. */
static void
check_safety(struct rules *rules, bool broken, struct err *err)
{
	if (broken) {
		rules->unsafe = "a parameter of the restrictions has a value "
				"that cannot be used";
		return;
	}
	if (list_guards(&rules->lists[RULES_RELAY]) ||
	    list_guards(&rules->lists[RULES_RECIPIENT]))
		return;
	rules->unsafe =
	    "in parameter smtpd_relay_restrictions or "
	    "smtpd_recipient_restrictions, specify at least one working "
	    "instance of: reject_unauth_destination, "
	    "defer_unauth_destination, reject, defer, defer_if_permit or "
	    "check_relay_domains";
	site_complain(err, NULL, 0, "%s", rules->unsafe);
}

static void
compile_lists(struct rules *rules, struct conf *conf, struct err *err)
{
	struct list_context context = { .arena = rules->arena,
		.conf = conf,
		.routes_block = rules->routes_block,
		.memory_blocks = rules->memory_blocks,
		.elsewhere = &rules->elsewhere,
		.err = err };
	struct list *all[RULES_LISTS];

	list_classes(&context, rules->params.smtpd_restriction_classes);
	for (unsigned i = 0; i < RULES_LISTS; i++) {
		all[i] = &rules->lists[i];
		list_compile(&context, kinds[i].parameter,
		    text_of(rules, (enum rules_list)i), all[i]);
	}
	list_settle(&context, all, RULES_LISTS);
	rules->classes = context.classes;
}

static void
read_elsewhere(struct rules *rules)
{
	const char *p = rules->params.weir_classes_elsewhere, *name;

	while ((name = conf_word(&p, rules->arena)) != NULL)
		(void)strmap_set(&rules->elsewhere, name, rules);
}

static struct rules *
compile(struct conf *conf, struct route *route, bool strict, bool beside,
    struct err *err)
{
	struct arena *arena = arena_new();
	struct rules *rules = arena_alloc(arena, sizeof *rules);
	struct err why = { 0 };
	bool broken;

	rules->arena = arena;
	(void)pthread_rwlock_init(&rules->lock, NULL);
	broken = param_load(&classes_params_table, conf, arena, &rules->params,
		     &why) != 0;
	if (broken)
		site_complain(err, NULL, 0, "%s", why.text);
	rules->site = site_open(conf, route, err);
	dnsbl_reply_review(rules->site, conf);
	rules->log_permit =
	    match_open(rules->params.smtpd_log_access_permit_actions,
		"smtpd_log_access_permit_actions", 0, conf, err);
	rules->routes_block = site_blocks(rules->site) ||
	    (route_flags(route) & TABLE_MAY_BLOCK) != 0;
	rules->memory_blocks = site_memory_blocks(rules->site);
	if (beside)
		read_elsewhere(rules);
	compile_lists(rules, conf, err);
	if (!beside || broken || rules->site->broken)
		check_safety(rules, broken || rules->site->broken, err);
	if (strict && err->text[0] != '\0') {
		stage_free(rules);
		return NULL;
	}
	return rules;
}

struct rules *
stage_compile(
    struct conf *conf, struct route *route, bool strict, struct err *err)
{
	return compile(conf, route, strict, false, err);
}

struct rules *
stage_compile_beside(
    struct conf *conf, struct route *route, bool strict, struct err *err)
{
	return compile(conf, route, strict, true, err);
}

void
stage_free(struct rules *rules)
{
	if (rules == NULL)
		return;
	for (unsigned i = 0; i < RULES_LISTS; i++)
		list_close(&rules->lists[i]);
	for (size_t i = 0; i < rules->classes.count; i++)
		list_close(rules->classes.items[i].value);
	strmap_free(&rules->classes);
	strmap_free(&rules->found);
	strmap_free(&rules->elsewhere);
	match_close(rules->log_permit);
	site_close(rules->site);
	(void)pthread_rwlock_destroy(&rules->lock);
	arena_free(rules->arena);
}

const struct site *
stage_site(const struct rules *rules)
{
	return rules->site;
}

bool
stage_soft_bounce(const struct rules *rules)
{
	return rules->params.soft_bounce;
}

void
stage_allow_open(struct rules *rules)
{
	rules->unsafe = NULL;
}

bool
stage_blocks(const struct rules *rules, enum stage stage)
{
	return stage_waits(rules, stage) != WAIT_NONE;
}

void
stage_reset_mail(struct stage_state *state)
{
	free(state->defer_sender);
	free(state->classes_sender);
	state->defer_sender = state->classes_sender = NULL;
	state->discard = state->held = false;
	spf_keep(&state->spf, &(struct spf_standing){ 0 });
}

void
stage_reset_helo(struct stage_state *state)
{
	stage_reset_mail(state);
	free(state->defer_helo);
	free(state->classes_helo);
	state->defer_helo = state->classes_helo = NULL;
}

void
stage_reset_session(struct stage_state *state)
{
	stage_reset_helo(state);
	free(state->defer_client);
	free(state->classes_client);
	state->defer_client = state->classes_client = NULL;
}

static const char *
greeting(const struct subject *subject)
{
	const char *protocol = subject->protocol;

	if (subject->ehlo ||
	    (protocol != NULL && strcmp(protocol, "ESMTP") == 0))
		return "EHLO";
	if (protocol != NULL && strcmp(protocol, "LMTP") == 0)
		return "LHLO";
	return "HELO";
}

static const char *
where(enum stage stage, const struct subject *subject)
{
	switch (stage) {
	case STAGE_CONNECT:
		return "CONNECT";
	case STAGE_HELO:
		return greeting(subject);
	case STAGE_MAIL:
		return "MAIL";
	case STAGE_RCPT:
		return "RCPT";
	case STAGE_DATA:
		return subject->bdat ? "BDAT" : "DATA";
	case STAGE_END:
		return "END-OF-MESSAGE";
	case STAGE_ETRN:
		return "ETRN";
	case STAGE_VRFY:
		return "VRFY";
	}
	return "UNKNOWN";
}

/* A reason from an earlier command, "450 4.7.1 text". */
static void
carry_in(struct evaluation *e, const char *kept)
{
	struct arena *arena = e->ask.subject->arena;
	size_t n;

	if (kept == NULL || e->if_permit.code != 0)
		return;
	n = strcspn(kept + 4, " ");
	e->if_permit.code = (int)strtol(kept, NULL, 10);
	e->if_permit.dsn = arena_strndup(arena, kept + 4, n);
	e->if_permit.text = arena_strdup(arena, kept + 4 + n + 1);
	/* The first reason found is the one that is carried all the way. */
	e->if_permit.step = e->keeps;
}

static void
carry_out(const struct evaluation *e, char **kept)
{
	const struct reason *r = &e->if_permit;

	free(*kept);
	*kept = NULL;
	if (r->code != 0 &&
	    asprintf(kept, "%d %s %s", r->code, r->dsn, r->text) < 0)
		fatal("out of memory");
}

/* The classes that a list has come to before there is a recipient.  One that runs
 * for each recipient has come to those of that one. */
static void
keep_classes(const struct evaluation *e, char **kept)
{
	free(*kept);
	*kept = NULL;
	if (*e->classes != '\0' && !e->rules->params.smtpd_delay_reject &&
	    (*kept = strdup(e->classes)) == NULL)
		fatal("out of memory");
}

static void
take_classes(struct evaluation *e, const struct stage_state *state)
{
	const char *const kept[] = { state->classes_client, state->classes_helo,
		state->classes_sender };

	for (size_t i = 0; i < sizeof kept / sizeof kept[0]; i++)
		if (kept[i] != NULL)
			e->classes =
			    class_names_add(e->ask.subject->arena, e->classes,
				arena_strdup(e->ask.subject->arena, kept[i]));
}

static enum outcome
run_list(struct evaluation *e, enum rules_list which, const char *name)
{
	const struct list *list = &e->rules->lists[which];
	enum outcome outcome = OUTCOME_DUNNO;

	e->if_reject.code = 0;
	e->warning = false;
	if (list->count > 0) {
		e->list = kinds[which].parameter;
		e->bare = kinds[which].bare != NULL
		    ? check_find(kinds[which].bare)
		    : NULL;
		outcome = evaluate_list(e, list, name, kinds[which].class);
	}
	/* Who may relay is another question. */
	if (which != RULES_RELAY)
		e->verdict->written = outcome == OUTCOME_PERMIT && e->written;
	return outcome;
}

/* An implicit check at the end of the lists. */
static enum outcome
run_implicit(struct evaluation *e, const char *name)
{
	e->if_reject.code = 0;
	e->list = "implicit";
	return evaluate_check(e, check_find(name));
}

static enum outcome
run_client(struct evaluation *e, struct stage_state *state)
{
	enum outcome outcome;

	e->if_permit.code = 0;
	outcome = run_list(e, RULES_CLIENT, note_client(e->ask.subject));
	carry_out(e, &state->defer_client);
	keep_classes(e, &state->classes_client);
	return outcome;
}

static enum outcome
run_helo(struct evaluation *e, struct stage_state *state)
{
	enum outcome outcome;

	if (e->ask.subject->helo == NULL)
		return OUTCOME_DUNNO;
	e->if_permit.code = 0;
	carry_in(e, state->defer_client);
	outcome = run_list(e, RULES_HELO, e->ask.subject->helo);
	carry_out(e, &state->defer_helo);
	keep_classes(e, &state->classes_helo);
	return outcome;
}

static enum outcome
run_sender(struct evaluation *e, struct stage_state *state)
{
	const char *sender = e->ask.subject->sender;
	enum outcome outcome;

	if (sender == NULL)
		return OUTCOME_DUNNO;
	e->if_permit.code = 0;
	carry_in(e, state->defer_client);
	carry_in(e, state->defer_helo);
	e->ask.knew_sender = false;
	outcome = run_list(e, RULES_SENDER, sender);
	carry_out(e, &state->defer_sender);
	keep_classes(e, &state->classes_sender);
	if (outcome != OUTCOME_REJECT && !e->stop &&
	    e->rules->params.smtpd_reject_unlisted_sender &&
	    !e->ask.knew_sender)
		outcome = run_implicit(e, "reject_unlisted_sender");
	return outcome;
}

/* What smtpd_delay_reject has put off. */
static enum outcome
run_delayed(struct evaluation *e, struct stage_state *state, bool sender)
{
	enum outcome outcome = OUTCOME_DUNNO;

	if (e->rules->params.smtpd_delay_reject) {
		outcome = run_client(e, state);
		if (outcome != OUTCOME_REJECT)
			outcome = run_helo(e, state);
		if (outcome != OUTCOME_REJECT && sender)
			outcome = run_sender(e, state);
	}
	e->if_permit.code = 0;
	carry_in(e, state->defer_client);
	carry_in(e, state->defer_helo);
	carry_in(e, state->defer_sender);
	return outcome;
}

static enum outcome
run_recipient(struct evaluation *e, struct stage_state *state)
{
	bool relay_first =
	    e->rules->params.smtpd_relay_before_recipient_restrictions;
	const enum rules_list order[] = {
		relay_first ? RULES_RELAY : RULES_RECIPIENT,
		relay_first ? RULES_RECIPIENT : RULES_RELAY,
	};
	const char *recipient = e->ask.subject->recipient;
	enum outcome outcome;

	/* RFC 5321, 4.5.1: nobody may refuse mail to the postmaster. */
	if (recipient == NULL || strcasecmp(recipient, "postmaster") == 0)
		return OUTCOME_DUNNO;
	if (e->rules->unsafe != NULL) {
		event_warning(e->ask.subject->by, "%s", e->rules->unsafe);
		return evaluate_fault(e);
	}
	if (!e->rules->params.smtpd_delay_reject)
		take_classes(e, state);
	outcome = run_delayed(e, state, true);
	e->ask.knew_recipient = false;
	for (unsigned i = 0; i < 2 && outcome != OUTCOME_REJECT; i++)
		outcome = run_list(e, order[i], recipient);
	if (outcome != OUTCOME_REJECT)
		outcome = evaluate_deferral(e);
	if (outcome != OUTCOME_REJECT && !e->stop &&
	    e->rules->params.smtpd_reject_unlisted_recipient &&
	    !e->ask.knew_recipient)
		outcome = run_implicit(e, "reject_unlisted_recipient");
	return outcome;
}

/* DATA and the end of data concern all recipients alike. */
static enum outcome
run_content(struct evaluation *e, enum rules_list which, const char *name)
{
	enum outcome outcome;

	outcome = run_list(e, which, name);
	return outcome != OUTCOME_REJECT ? evaluate_deferral(e) : outcome;
}

static enum outcome
run_etrn(struct evaluation *e, struct stage_state *state)
{
	const char *domain = e->ask.subject->etrn_domain;
	enum outcome outcome;

	if (domain == NULL)
		return OUTCOME_DUNNO;
	outcome = run_delayed(e, state, false);
	if (outcome != OUTCOME_REJECT)
		outcome = run_list(e, RULES_ETRN, domain);
	return outcome != OUTCOME_REJECT ? evaluate_deferral(e) : outcome;
}

static enum outcome
run_stage(struct evaluation *e, enum stage stage, struct stage_state *state)
{
	bool delay = e->rules->params.smtpd_delay_reject;

	switch (stage) {
	case STAGE_CONNECT:
		return delay ? OUTCOME_DUNNO : run_client(e, state);
	case STAGE_HELO:
		return delay ? OUTCOME_DUNNO : run_helo(e, state);
	case STAGE_MAIL:
		return delay ? OUTCOME_DUNNO : run_sender(e, state);
	case STAGE_RCPT:
	case STAGE_VRFY:
		return run_recipient(e, state);
	case STAGE_DATA:
		return run_content(e, RULES_DATA, "DATA");
	case STAGE_END:
		return run_content(e, RULES_END, "END-OF-MESSAGE");
	case STAGE_ETRN:
		return run_etrn(e, state);
	}
	return evaluate_fault(e);
}

void
stage_run(struct rules *rules, enum stage stage, struct subject *subject,
    struct stage_state *state, struct verdict *verdict)
{
	stage_run_within(rules, stage,
	    stage_blocks(rules, stage) ? WAIT_OTHERS : WAIT_NONE, subject,
	    state, verdict);
}

void
stage_run_within(struct rules *rules, enum stage stage, enum wait may,
    struct subject *subject, struct stage_state *state, struct verdict *verdict)
{
	struct subject seen = *subject;
	struct event_by by = { 0 };
	struct reputation reputations[REPUTATIONS] = { 0 };
	struct evaluation e = { .rules = rules,
		.verdict = verdict,
		.classes = "",
		.may_wait = may };

	memset(verdict, 0, sizeof *verdict);
	verdict->pass = true;
	verdict->classes = "";
	verdict->trace = trace_new(subject);
	if (state->discard)
		return;
	if ((stage == STAGE_DATA || stage == STAGE_END) &&
	    subject->recipient_count != 1)
		seen.recipient = NULL;
	/* A warning is about our tables, not about this mail. */
	if (subject->by != NULL)
		by = *subject->by;
	by.qid = NULL;
	seen.by = &by;
	e.ask.subject = &seen;
	e.ask.site = rules->site;
	e.ask.where = where(stage, subject);
	e.ask.held = state->held;
	e.ask.reputations = reputations;
	e.ask.spf = state->spf;
	(void)run_stage(&e, stage, state);
	spf_keep(&state->spf, &e.ask.spf);
	verdict->classes = e.classes;
	verdict->written = verdict->written && verdict->pass;
	if ((verdict->pass || verdict->deferral) && e.if_reject.code != 0) {
		verdict->if_reject = e.if_reject.text;
		verdict->if_reject_dsn = e.if_reject.dsn;
	}
	if (!verdict->again) {
		state->discard = e.stop && verdict->elsewhere == NULL;
		state->held = e.ask.held;
	}
}
