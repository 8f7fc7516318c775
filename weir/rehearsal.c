/* rehearsal.c - see rehearsal.h. */
#include "weir/rehearsal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "checks/script.h"
#include "checks/subject.h"
#include "classes/reached.h"
#include "classes/stage.h"
#include "classes/trace.h"
#include "policy/policy_answer.h"
#include "rules/address.h"
#include "weir/expectation.h"
#include "weir/rehearsal_given.h"
#include "weir/rehearsal_inner.h"
#include "weir/session_client.h"
#include "weir/session_message.h"
#include "weir/session_milter.h"
#include "weir/session_request.h"
#include "weir/session_time.h"
#include "weir/trial_rules.h"

/* Ten such texts and a request of the policy protocol is full. */
enum { MOST_TOLD = 4096 };

struct rehearsal *
rehearsal_new(const struct rehearsal_settings *settings)
{
	struct rehearsal *r = calloc(1, sizeof *r);

	if (r == NULL)
		fatal("out of memory");
	r->settings = *settings;
	r->by = (struct event_by){ .program = "smtpd", .number = 1 };
	r->arena = arena_new();
	r->message = session_message_new();
	rehearsal_given_conf(r);
	rehearsal_given_client(r, "localhost", "127.0.0.1");
	return r;
}

void
rehearsal_free(struct rehearsal *r)
{
	if (r == NULL)
		return;
	trial_rules_close(&r->rules);
	conf_free(r->view);
	stage_reset_session(&r->state);
	session_message_free(r->message);
	session_milter_free(r->milter);
	arena_free(r->arena);
	script_close(r->told);
	session_time_end();
	free(r->command);
	free(r->reply);
	free(r);
}

static void
print(const struct rehearsal *r)
{
	struct buf trace = { 0 };

	if (r->settings.quiet)
		return;
	if (r->settings.trace) {
		trace_print(r->verdict.trace, &trace);
		(void)fputs(buf_str(&trace), stdout);
		buf_free(&trace);
	}
	(void)puts(r->reply != NULL ? r->reply : "OK");
	(void)fflush(stdout);
}

/* The command at hand got ${reply}, malloc'd; NULL: it passed. */
static void
keep(struct rehearsal *r, char *reply)
{
	free(r->command);
	free(r->reply);
	r->command = strdup(r->asked);
	r->reply = reply;
	if (r->command == NULL || (reply == NULL && !r->verdict.pass))
		fatal("out of memory");
}

/* Keep and print what the verdict is; ${action}, malloc'd, is how a policy
 * server says it. */
static void
tell(struct rehearsal *r, char *action)
{
	const struct verdict *v = &r->verdict;
	char *reply = action;

	if (reply == NULL && !v->pass &&
	    asprintf(&reply, "%d %s %s", v->code, v->dsn, v->text) < 0)
		reply = NULL;
	keep(r, reply);
	if (r->settings.reached != NULL)
		reached_note(r->settings.reached, v->trace);
	print(r);
}

/* The server's own reply to an address that no list need look at. */
static int
refuse(struct rehearsal *r, const char *dsn, const char *text)
{
	r->verdict = (struct verdict){
		.code = 501,
		.dsn = dsn,
		.text = text,
		.trace = trace_new(&r->subject),
	};
	tell(r, NULL);
	return REHEARSAL_DONE;
}

/* A policy server knows of each request what it says, and of those before what
 * SPF has found about the same message. */
static void
forget_requests(struct rehearsal *r)
{
	struct spf_standing spf = { 0 };

	if (r->request.instance != NULL) {
		spf = r->state.spf;
		r->state.spf = (struct spf_standing){ 0 };
	}
	stage_reset_session(&r->state);
	r->state.spf = spf;
}

static int
judge_told(struct rehearsal *r, enum stage stage)
{
	struct verdict *v = &r->verdict;
	char *action;

	session_request(
	    &r->subject, stage, stage_site(r->rules.lists), &r->request);
	stage_run(r->rules.lists, stage, &r->request, &r->state, v);
	if (v->again)
		stage_run(r->rules.lists, stage, &r->request, &r->state, v);
	action = strdup(policy_answer(v, stage, &r->request, NULL));
	if (action == NULL)
		fatal("out of memory");
	tell(r, action);
	forget_requests(r);
	return REHEARSAL_DONE;
}

static int
judge(struct rehearsal *r, enum stage stage)
{
	struct verdict *v = &r->verdict;

	trial_rules_open(&r->rules, r->view, r->settings.policy);
	if (r->settings.policy)
		return judge_told(r, stage);
	stage_run(r->rules.lists, stage, &r->subject, &r->state, v);
	if (v->again)
		stage_run(r->rules.lists, stage, &r->subject, &r->state, v);
	tell(r, NULL);
	return REHEARSAL_DONE;
}

const struct verdict *
rehearsal_verdict(const struct rehearsal *r)
{
	return &r->verdict;
}

static int
do_client(struct call *c)
{
	struct rehearsal *r = c->r;
	struct arena *arena = arena_new();
	struct session_client client;
	int result = REHEARSAL_WRONG;

	if (session_client_parse(c->argument, arena, &client, c->err)) {
		rehearsal_given_client(r, client.name, client.addr);
		r->subject.name_status = client.status;
		r->subject.reverse_status = client.status == SUBJECT_NAME_FORGED
		    ? SUBJECT_NAME_OK
		    : client.status;
		result = judge(r, STAGE_CONNECT);
	}
	arena_free(arena);
	return result;
}

static int
greet(struct call *c, const char *protocol)
{
	struct rehearsal *r = c->r;

	r->subject.helo = arena_strdup(r->arena, c->argument);
	r->subject.protocol = protocol;
	return judge(r, STAGE_HELO);
}

static int
do_helo(struct call *c)
{
	return greet(c, "SMTP");
}

static int
do_ehlo(struct call *c)
{
	return greet(c, "ESMTP");
}

static int
do_lhlo(struct call *c)
{
	return greet(c, "LMTP");
}

static const char *
address_of(struct call *c)
{
	const char *rest;
	char *address = address_path(
	    c->r->arena, c->argument, ADDRESS_UTF8 | ADDRESS_EMPTY_OK, &rest);

	if (address != NULL && rest[strspn(rest, " \t")] == '\0')
		return address;
	err_set(c->err, "bad address syntax");
	return NULL;
}

/* The server looks at the domain of an address before any list does. */
static bool
takes(const struct rehearsal *r, const char *address)
{
	return r->settings.any_address ||
	    address_valid_domain(r->arena, address);
}

static int
do_mail(struct call *c)
{
	struct rehearsal *r = c->r;
	const char *sender;

	stage_reset_mail(&r->state);
	session_message_begin(r->message);
	r->subject.recipient = NULL;
	r->subject.recipient_count = 0;
	r->subject.size = 0;
	r->subject.sender = NULL;
	sender = address_of(c);
	if (sender == NULL)
		return REHEARSAL_WRONG;
	if (!takes(r, sender))
		return refuse(r, "5.1.7", "Bad sender address syntax");
	r->subject.sender = sender;
	r->subject.instance = arena_printf(r->arena, "1.%u", r->line);
	return judge(r, STAGE_MAIL);
}

/* RCPT and VRFY. */
static int
judge_recipient(struct call *c, enum stage stage)
{
	struct rehearsal *r = c->r;
	const char *recipient = address_of(c);

	r->subject.recipient = NULL;
	if (recipient == NULL)
		return REHEARSAL_WRONG;
	if (recipient[0] == '\0' || !takes(r, recipient))
		return refuse(r, "5.1.3", "Bad recipient address syntax");
	r->subject.recipient = recipient;
	return judge(r, stage);
}

static int
do_rcpt(struct call *c)
{
	struct rehearsal *r = c->r;
	const char *last =
	    r->subject.recipient_count > 0 ? r->subject.recipient : NULL;
	int result = judge_recipient(c, STAGE_RCPT);

	if (result == REHEARSAL_DONE && r->verdict.pass) {
		r->subject.recipient_count++;
		session_message_rcpt(
		    r->message, r->subject.recipient, r->verdict.classes);
	} else {
		r->subject.recipient = last;
	}
	return result;
}

static int
do_vrfy(struct call *c)
{
	return judge_recipient(c, STAGE_VRFY);
}

static int
do_data(struct call *c)
{
	struct rehearsal *r = c->r;
	int result = judge(r, STAGE_DATA);

	if (r->verdict.pass)
		session_message_data(r->message, r->verdict.classes);
	return result;
}

/* What content checks have said, as if a command had been judged. */
static void
tell_content(struct rehearsal *r, const struct session_message_reply *reply)
{
	r->verdict = (struct verdict){ .pass = *reply->text == '\0',
		.trace = session_message_trace(reply, &r->subject) };
	keep(r, r->verdict.pass ? NULL : strdup(reply->text));
	print(r);
}

static int
do_message(struct call *c)
{
	struct rehearsal *r = c->r;
	struct session_message_reply reply;

	if (r->settings.policy) {
		err_set(c->err, "a policy server sees no message: eod [SIZE]");
		return REHEARSAL_WRONG;
	}
	trial_rules_open(&r->rules, r->view, r->settings.policy);
	if (session_message_run(r->message, r->view, &r->subject, c->argument,
		stage_soft_bounce(r->rules.lists), c->err) != 0)
		return REHEARSAL_WRONG;
	reply = session_message_reply(r->message);
	tell_content(r, &reply);
	if (!r->settings.quiet)
		session_message_show(r->message);
	return REHEARSAL_DONE;
}

static int
do_for(struct call *c)
{
	struct session_message_reply reply;

	if (!session_message_reply_of(c->r->message, c->argument, &reply)) {
		err_set(c->err, "no recipient of a message");
		return REHEARSAL_WRONG;
	}
	tell_content(c->r, &reply);
	return REHEARSAL_DONE;
}

static int
do_eod(struct call *c)
{
	c->r->subject.size = strtol(c->argument, NULL, 10);
	return judge(c->r, STAGE_END);
}

static int
do_etrn(struct call *c)
{
	c->r->subject.etrn_domain = arena_strdup(c->r->arena, c->argument);
	return judge(c->r, STAGE_ETRN);
}

static int
do_rset(struct call *c)
{
	struct subject *s = &c->r->subject;

	stage_reset_mail(&c->r->state);
	session_message_begin(c->r->message);
	s->sender = s->recipient = s->etrn_domain = NULL;
	s->recipient_count = 0;
	return REHEARSAL_DONE;
}

static int
do_expect(struct call *c)
{
	const struct rehearsal *r = c->r;
	const struct trace *trace = r->verdict.trace;
	struct arena *arena = arena_new();
	struct expectation e;
	int result = REHEARSAL_WRONG;

	if (expectation_parse(c->argument, arena, &e, c->err))
		result = expectation_met(&e, r->reply != NULL ? r->reply : "OK",
			     trace != NULL ? trace->decision : NULL, c->err)
		    ? REHEARSAL_MET
		    : REHEARSAL_UNMET;
	arena_free(arena);
	return result;
}

/* clang-format off */
static const struct command_row {
	const char *name;
	int (*run)(struct call *c);
} commands[] = {
	{ "client",      do_client },
	{ "helo",        do_helo },
	{ "ehlo",        do_ehlo },
	{ "lhlo",        do_lhlo },
	{ "mail",        do_mail },
	{ "rcpt",        do_rcpt },
	{ "data",        do_data },
	{ "message",     do_message },
	{ "for",         do_for },
	{ "eod",         do_eod },
	{ "etrn",        do_etrn },
	{ "vrfy",        do_vrfy },
	{ "rset",        do_rset },
	{ "login",       rehearsal_given_login },
	{ "tls",         rehearsal_given_tls },
	{ "fingerprint", rehearsal_given_fingerprint },
	{ "set",         rehearsal_given_set },
	{ "world",       rehearsal_given_world },
	{ "time",        rehearsal_given_time },
	{ "reset",       rehearsal_given_reset },
	{ "expect",      do_expect },
};
/* clang-format on */

/* What the milter door says to it; OTHER: no command of an MTA. */
static enum session_milter_result
play_milter(struct rehearsal *r, struct err *err)
{
	struct session_milter_answer answer;
	enum session_milter_result result = session_milter_do(
	    r->milter, r->subject.world, r->asked, &answer, err);

	if (result != SESSION_MILTER_DONE)
		return result;
	r->verdict =
	    (struct verdict){ .pass = answer.pass, .trace = answer.trace };
	if (answer.text != NULL)
		tell(r, strdup(answer.text));
	return result;
}

enum rehearsal_result
rehearsal_line(struct rehearsal *r, const char *line, struct err *err)
{
	enum session_milter_result played = SESSION_MILTER_OTHER;
	size_t n;

	r->line++;
	line += strspn(line, " \t");
	n = strcspn(line, " \t\n");
	if (n == 0 || line[0] == '#')
		return REHEARSAL_DONE;
	if (r->settings.policy && strlen(line) > MOST_TOLD) {
		err_set(err, "too long for a request");
		return REHEARSAL_WRONG;
	}
	r->asked = line;
	if (r->milter != NULL)
		played = play_milter(r, err);
	if (played != SESSION_MILTER_OTHER)
		return played == SESSION_MILTER_DONE ? REHEARSAL_DONE
						     : REHEARSAL_WRONG;
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		struct call call = { r, line + n, err };

		if (strlen(commands[i].name) != n ||
		    strncasecmp(commands[i].name, line, n) != 0)
			continue;
		call.argument += strspn(call.argument, " \t");
		return (enum rehearsal_result)commands[i].run(&call);
	}
	err_set(err, "unknown command \"%.*s\"", (int)n, line);
	return REHEARSAL_WRONG;
}

void
rehearsal_show(const struct rehearsal *r, struct buf *out)
{
	if (r->command == NULL)
		return;
	buf_printf(
	    out, "%s\n%s\n", r->command, r->reply != NULL ? r->reply : "OK");
	if (r->verdict.trace != NULL)
		trace_print(r->verdict.trace, out);
}
