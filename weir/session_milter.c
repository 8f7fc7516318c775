/* session_milter.c - see session_milter.h. */
#include "weir/session_milter.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/master.h"
#include "base/net.h"
#include "classes/recipient_content.h"
#include "classes/trace.h"
#include "policy/milterd_change.h"
#include "policy/milterd_door.h"
#include "policy/milterd_mta.h"
#include "policy/milterd_visit.h"
#include "weir/session_client.h"
#include "weir/session_letter.h"
#include "weir/session_message.h"

struct session_milter {
	struct arena *arena;
	struct conf *conf;
	struct master_service master;
	struct master_option *options;
	size_t room;
	struct milterd_door *door; /* NULL: to be opened */
	struct milterd_shared shared;
	struct milterd_visit *visit; /* NULL: nobody has connected */
	struct arena *client;        /* what scripts say about it */
	const char *resolve, *login, *tls;
	struct buf answer;
	size_t replaced; /* octets of another body */
	bool replaces;
};

/* A command at hand. */
struct playing {
	struct session_milter *m;
	char *argument;
	struct session_milter_answer *answer;
	struct err *err;
};

struct session_milter *
session_milter_new(struct conf *conf)
{
	struct session_milter *m = calloc(1, sizeof *m);

	if (m == NULL)
		fatal("out of memory");
	m->arena = arena_new();
	m->client = arena_new();
	m->conf = conf;
	m->master = (struct master_service){
		.name = "milter",
		.type = MASTER_UNIX,
		.maxproc = -1,
		.command = "milter",
	};
	return m;
}

/* The message goes: it holds the tables of the door. */
static void
close_door(struct session_milter *m)
{
	if (m->visit != NULL && m->visit->begun)
		milterd_visit_forget(m->visit);
	milterd_door_close(m->door);
	m->door = NULL;
}

void
session_milter_free(struct session_milter *m)
{
	if (m == NULL)
		return;
	milterd_visit_free(m->visit);
	m->visit = NULL;
	close_door(m);
	buf_free(&m->answer);
	arena_free(m->client);
	arena_free(m->arena);
	free(m);
}

void
session_milter_set(struct session_milter *m, const char *name,
    const char *value, unsigned line)
{
	struct master_option *more;
	size_t n = m->master.noptions;

	close_door(m);
	if (n == m->room) {
		m->room = 2 * m->room + 8;
		more = arena_alloc(m->arena, m->room * sizeof *more);
		if (n > 0)
			memcpy(more, m->options, n * sizeof *more);
		m->options = more;
	}
	m->options[n] = (struct master_option){
		.name = arena_strdup(m->arena, name),
		.value = arena_strdup(m->arena, value),
		.origin = { "script", line },
	};
	m->master.options = m->options;
	m->master.noptions = n + 1;
}

/* What is wrong with the configuration is said, and tried all the same, as by a
 * service that starts. */
static bool
open_door(struct session_milter *m, struct world *world, struct err *err)
{
	struct err wrong = { 0 };

	if (m->door == NULL) {
		m->door = milterd_door_open(&m->master, m->conf, false, &wrong);
		if (m->door == NULL) {
			err_move(err, &wrong);
			return false;
		}
		if (wrong.text[0] != '\0')
			(void)fprintf(stderr, "%s\n", wrong.text);
	}
	m->shared = (struct milterd_shared){ .door = m->door, .world = world };
	if (m->visit != NULL)
		m->visit->subject.world = world;
	return true;
}

/* {client_resolve} is told by Sendmail only: by scripts that say it. */
static const char *
get_macro(void *arg, const char *name)
{
	const struct session_milter *m = arg;

	if (strcmp(name, "{client_resolve}") == 0)
		return m->resolve;
	if (strcmp(name, "{auth_authen}") == 0)
		return m->login;
	if (strcmp(name, "{auth_type}") == 0)
		return m->login != NULL ? "PLAIN" : NULL;
	return strcmp(name, "{tls_version}") == 0 ? m->tls : NULL;
}

static enum milterd_answer
connect_client(struct session_milter *m, const char *name, const char *address)
{
	const struct milterd_macros macros = { get_macro, m };
	struct sockaddr_storage ss;
	struct net_addr addr;
	bool known = net_parse(address, &addr);

	m->login = m->tls = NULL;
	milterd_visit_free(m->visit);
	m->visit = milterd_visit_new(&m->shared, 1);
	if (known)
		(void)net_to_socket(&addr, 0, &ss);
	return milterd_visit_connect(m->visit, &macros, name,
	    known ? (const struct sockaddr *)&ss : NULL);
}

static struct milterd_visit *
visit_of(struct session_milter *m)
{
	if (m->visit == NULL)
		(void)connect_client(m, "localhost", "127.0.0.1");
	return m->visit;
}

static int
say(struct playing *p, enum milterd_answer said)
{
	struct session_milter *m = p->m;
	const struct milterd_visit *v = m->visit;

	if (said == MILTERD_REFUSE) {
		buf_reset(&m->answer);
		buf_printf(&m->answer, "%d %s %s", v->code, v->dsn, v->text);
	} else if (said == MILTERD_DISCARD) {
		buf_reset(&m->answer);
		buf_puts(&m->answer, "DISCARD");
	}
	p->answer->text = buf_str(&m->answer);
	p->answer->pass = said != MILTERD_REFUSE;
	p->answer->trace = v->trace;
	return SESSION_MILTER_DONE;
}

static int
do_client(struct playing *p)
{
	static const char *const words[] = {
		[SUBJECT_NAME_OK] = "OK",
		[SUBJECT_NAME_TEMP] = "TEMP",
		[SUBJECT_NAME_PERM] = "FAIL",
		[SUBJECT_NAME_FORGED] = "FORGED",
	};
	struct session_milter *m = p->m;
	struct session_client client;

	arena_reset(m->client);
	if (!session_client_parse(p->argument, m->client, &client, p->err))
		return SESSION_MILTER_WRONG;
	m->resolve = client.told ? words[client.status] : NULL;
	return say(p, connect_client(m, client.name, client.addr));
}

static int
do_helo(struct playing *p)
{
	const struct milterd_macros macros = { get_macro, p->m };

	return say(p, milterd_visit_helo(visit_of(p->m), &macros, p->argument));
}

/* Words of a command; the address as SMTP has it. */
static char **
words_of(struct playing *p)
{
	static char *words[2];

	(void)visit_of(p->m);
	words[0] = *p->argument == '<'
	    ? p->argument
	    : arena_printf(p->m->client, "<%s>", p->argument);
	return words;
}

static int
do_mail(struct playing *p)
{
	const struct milterd_macros macros = { get_macro, p->m };
	char **words = words_of(p);

	return say(p, milterd_visit_mail(p->m->visit, &macros, words));
}

static bool
in_mail(struct playing *p)
{
	if (visit_of(p->m)->in_mail)
		return true;
	err_set(p->err, "a milter is told so behind mail");
	return false;
}

static int
do_rcpt(struct playing *p)
{
	const struct milterd_macros macros = { get_macro, p->m };
	char **words;

	if (!in_mail(p))
		return SESSION_MILTER_WRONG;
	words = words_of(p);
	return say(p, milterd_visit_rcpt(p->m->visit, &macros, words));
}

static int
do_data(struct playing *p)
{
	const struct milterd_macros macros = { get_macro, p->m };

	if (!in_mail(p))
		return SESSION_MILTER_WRONG;
	return say(p, milterd_visit_data(p->m->visit, &macros));
}

/* The finding that has led to what is said; NULL: none has. */
static const struct content_note *
note_of(const struct milterd_visit *v, enum milterd_answer said)
{
	const struct recipient_content *rc = v->message.recipients;
	const struct content_note *last = NULL;
	struct recipient_verdict one;

	for (const struct content_note *note = v->message.verdict.notes;
	     note != NULL; note = note->next)
		last = note;
	if (said != MILTERD_REFUSE || v->text == v->message.verdict.text)
		return last;
	for (size_t i = 0; rc != NULL && i < v->nrcpts; i++) {
		recipient_content_verdict(rc, v->rcpts[i].group, &one);
		if (one.code != 0 && one.text == v->text)
			return one.note;
	}
	return NULL;
}

static bool
insert(void *arg, unsigned place, const char *name, const char *value)
{
	struct session_milter *m = arg;

	buf_printf(&m->answer, "\ninsert header %u: %s:%s", place, name, value);
	return true;
}

static bool
edit(void *arg, unsigned nth, const char *name, const char *value)
{
	struct session_milter *m = arg;

	if (value != NULL)
		buf_printf(&m->answer, "\nchange header %s %u: %s:%s", name,
		    nth, name, value);
	else
		buf_printf(&m->answer, "\ndelete header %s %u", name, nth);
	return true;
}

static bool
body(void *arg, const unsigned char *data, size_t n)
{
	struct session_milter *m = arg;

	(void)data;
	m->replaces = true;
	m->replaced += n;
	return true;
}

static bool
take_away(void *arg, const char *address)
{
	struct session_milter *m = arg;

	buf_printf(&m->answer, "\ndelete recipient %s", address);
	return true;
}

static bool
add(void *arg, const char *address)
{
	struct session_milter *m = arg;

	buf_printf(&m->answer, "\nadd recipient %s", address);
	return true;
}

static bool
quarantine(void *arg, const char *why)
{
	struct session_milter *m = arg;

	buf_printf(&m->answer, "\nquarantine %s", why);
	return true;
}

/* The message is whole. */
static int
end(struct playing *p)
{
	static const struct milterd_mta_ops ops = {
		.insert = insert,
		.edit = edit,
		.body = body,
		.remove = take_away,
		.add = add,
		.quarantine = quarantine,
	};
	const struct milterd_macros macros = { get_macro, p->m };
	const struct milterd_mta mta = { &ops, p->m, true };
	struct session_milter *m = p->m;
	struct milterd_outcome outcome;
	enum milterd_answer said;
	const struct content_note *note;

	m->replaces = false;
	m->replaced = 0;
	said = milterd_visit_end(m->visit, &macros, &outcome);
	note = note_of(m->visit, said);
	if (note != NULL)
		session_message_step(m->visit->trace, note, &m->visit->subject);
	if (said == MILTERD_CONTINUE &&
	    !milterd_change(&mta, m->visit, &outcome)) {
		err_set(p->err, "the changes could not be made");
		return SESSION_MILTER_WRONG;
	}
	if (m->replaces)
		buf_printf(
		    &m->answer, "\nreplace body: %zu octets", m->replaced);
	(void)say(p, said);
	m->visit->in_mail = false;
	return SESSION_MILTER_DONE;
}

static int
do_message(struct playing *p)
{
	if (!in_mail(p))
		return SESSION_MILTER_WRONG;
	if (session_letter_read(
		p->argument, milterd_visit_content(p->m->visit), p->err) != 0)
		return SESSION_MILTER_WRONG;
	return end(p);
}

static int
do_eod(struct playing *p)
{
	if (!in_mail(p))
		return SESSION_MILTER_WRONG;
	milterd_visit_content(p->m->visit)->size =
	    strtoll(p->argument, NULL, 10);
	return end(p);
}

static int
do_rset(struct playing *p)
{
	milterd_visit_forget(visit_of(p->m));
	return SESSION_MILTER_DONE;
}

static int
do_login(struct playing *p)
{
	(void)visit_of(p->m);
	p->m->login = arena_strdup(p->m->client, p->argument);
	return SESSION_MILTER_DONE;
}

static int
do_tls(struct playing *p)
{
	(void)visit_of(p->m);
	p->m->tls = arena_strdup(p->m->client, p->argument);
	return SESSION_MILTER_DONE;
}

static int
untold(struct playing *p)
{
	err_set(p->err, "a milter is not told so");
	return SESSION_MILTER_WRONG;
}

/* clang-format off */
static const struct {
	const char *word;
	int (*run)(struct playing *p);
} commands[] = {
	{ "client",      do_client },
	{ "helo",        do_helo },
	{ "ehlo",        do_helo },
	{ "lhlo",        do_helo },
	{ "mail",        do_mail },
	{ "rcpt",        do_rcpt },
	{ "data",        do_data },
	{ "message",     do_message },
	{ "eod",         do_eod },
	{ "rset",        do_rset },
	{ "login",       do_login },
	{ "tls",         do_tls },
	{ "fingerprint", untold },
	{ "etrn",        untold },
	{ "vrfy",        untold },
	{ "for",         untold },
};
/* clang-format on */

enum session_milter_result
session_milter_do(struct session_milter *m, struct world *world,
    const char *line, struct session_milter_answer *answer, struct err *err)
{
	size_t n = strcspn(line, " \t\n");
	struct playing p = { m, NULL, answer, err };
	int result = SESSION_MILTER_OTHER;

	*answer = (struct session_milter_answer){ .pass = true };
	for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++) {
		if (strlen(commands[i].word) != n ||
		    strncasecmp(commands[i].word, line, n) != 0)
			continue;
		if (!open_door(m, world, err))
			return SESSION_MILTER_WRONG;
		p.argument = strdup(line + n + strspn(line + n, " \t"));
		if (p.argument == NULL)
			fatal("out of memory");
		buf_reset(&m->answer);
		buf_puts(&m->answer, "OK");
		result = commands[i].run(&p);
		free(p.argument);
		break;
	}
	return (enum session_milter_result)result;
}
