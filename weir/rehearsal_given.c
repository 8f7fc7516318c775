/* rehearsal_given.c - see rehearsal_given.h. */
#include "weir/rehearsal_given.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/fatal.h"
#include "checks/dnsbl_cache.h"
#include "checks/script.h"
#include "classes/beside.h"
#include "weir/rehearsal_inner.h"
#include "weir/session_message.h"
#include "weir/session_milter.h"
#include "weir/session_time.h"

void
rehearsal_given_client(struct rehearsal *r, const char *name, const char *addr)
{
	struct subject *s = &r->subject;

	stage_reset_session(&r->state);
	session_message_begin(r->message);
	arena_reset(r->arena);
	memset(s, 0, sizeof *s);
	memset(&r->verdict, 0, sizeof r->verdict);
	s->arena = r->arena;
	s->world = r->told != NULL ? r->told : r->settings.world;
	s->by = &r->by;
	s->client_name = s->reverse_name = arena_strdup(r->arena, name);
	s->client_addr = arena_strdup(r->arena, addr);
	s->protocol = "SMTP";
	s->begun = (int64_t)r->line + 1;
	(void)net_parse(addr, &s->client);
}

void
rehearsal_given_conf(struct rehearsal *r)
{
	trial_rules_close(&r->rules);
	conf_free(r->view);
	r->view = conf_view(r->settings.conf);
	if (r->settings.policy)
		beside_settle(r->view, NULL);
	session_milter_free(r->milter);
	r->milter =
	    r->settings.milter ? session_milter_new(r->settings.conf) : NULL;
}

int
rehearsal_given_login(struct call *c)
{
	c->r->subject.sasl_method = "PLAIN";
	c->r->subject.sasl_username = arena_strdup(c->r->arena, c->argument);
	return REHEARSAL_DONE;
}

int
rehearsal_given_tls(struct call *c)
{
	c->r->subject.tls_protocol = arena_strdup(c->r->arena, c->argument);
	return REHEARSAL_DONE;
}

int
rehearsal_given_fingerprint(struct call *c)
{
	struct subject *s = &c->r->subject;

	if (s->tls_protocol == NULL)
		s->tls_protocol = "TLSv1.3";
	s->ccert_fingerprint = arena_strdup(c->r->arena, c->argument);
	return REHEARSAL_DONE;
}

/* The text without blanks at its end. */
static char *
trim(char *text)
{
	size_t n = strlen(text);

	while (n > 0 && isspace((unsigned char)text[n - 1]))
		text[--n] = '\0';
	return text + strspn(text, " \t");
}

int
rehearsal_given_set(struct call *c)
{
	struct rehearsal *r = c->r;
	char *copy = strdup(c->argument), *value;

	if (copy == NULL)
		fatal("out of memory");
	value = strchr(copy, '=');
	if (value == NULL) {
		err_set(c->err, "set NAME = VALUE");
		free(copy);
		return REHEARSAL_WRONG;
	}
	*value++ = '\0';
	conf_set(r->view, trim(copy), trim(value),
	    (struct origin){ "script", r->line });
	if (r->milter != NULL) {
		session_milter_set(r->milter, trim(copy), trim(value), r->line);
		r->verdict.trace = NULL;
	}
	trial_rules_close(&r->rules);
	free(copy);
	return REHEARSAL_DONE;
}

/* From now on nothing is asked but what such lines tell. */
int
rehearsal_given_world(struct call *c)
{
	struct rehearsal *r = c->r;

	if (r->told == NULL)
		r->subject.world = r->told = script_new();
	if (script_add(r->told, c->argument) == 0)
		return REHEARSAL_DONE;
	err_set(c->err, "not a line of a world");
	return REHEARSAL_WRONG;
}

int
rehearsal_given_time(struct call *c)
{
	return session_time_set(c->argument, c->err) ? REHEARSAL_DONE
						     : REHEARSAL_WRONG;
}

int
rehearsal_given_reset(struct call *c)
{
	session_time_end();
	rehearsal_given_conf(c->r);
	script_close(c->r->told);
	c->r->told = NULL;
	rehearsal_given_client(c->r, "localhost", "127.0.0.1");
	dnsbl_cache_flush();
	return REHEARSAL_DONE;
}
