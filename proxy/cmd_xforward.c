/* cmd_xforward.c - XFORWARD. */
#include "proxy/cmd_xforward.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/net.h"
#include "proxy/attribute.h"
#include "proxy/postmaster.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

/* What a value must be. */
static bool
valid(const struct attribute *a)
{
	struct net_addr addr;

	if (strcmp(a->name, "NAME") == 0)
		return attribute_is_host(a->value);
	if (strcmp(a->name, "ADDR") == 0)
		return attribute_addr(a->value, &addr);
	if (strcmp(a->name, "PORT") == 0)
		return attribute_is_port(a->value);
	if (strcmp(a->name, "SOURCE") == 0)
		return strcasecmp(a->value, "LOCAL") == 0 ||
		    strcasecmp(a->value, "REMOTE") == 0;
	return true;
}

/* Where an attribute is kept; NULL: there is no such attribute. */
static const char **
place(struct session_forward *x, const char *name)
{
	struct {
		const char *name, **value;
	} places[] = {
		{ "NAME", &x->name },
		{ "ADDR", &x->addr },
		{ "PORT", &x->port },
		{ "PROTO", &x->protocol },
		{ "HELO", &x->helo },
		{ "IDENT", &x->ident },
		{ "SOURCE", &x->source },
	};

	for (size_t i = 0; i < sizeof places / sizeof places[0]; i++)
		if (strcmp(places[i].name, name) == 0)
			return places[i].value;
	return NULL;
}

/* What is kept of a value: an address without what says which kind it is, and
 * nothing that looks like syntax in a header or in the log. */
static const char *
keep(struct arena *arena, const struct attribute *a)
{
	struct net_addr addr;
	char text[NET_TEXT];
	char *value;

	if (strcmp(a->name, "ADDR") == 0 && attribute_addr(a->value, &addr))
		return arena_strdup(arena, net_print(&addr, text));
	value = arena_strdup(arena, a->value);
	for (char *p = value; (p = strpbrk(p, " <>()\\\";@")) != NULL;)
		*p = '?';
	return value;
}

/* Take one attribute into ${x}; NULL, or the reply that refuses it. */
static const char *
take(struct session *s, const char *word, struct session_forward *x)
{
	struct attribute a;
	const char *reply = attribute_parse(session_arena(s), word, &a), **to;

	if (reply != NULL)
		return reply;
	to = place(x, a.name);
	if (to == NULL)
		return arena_printf(session_arena(s),
		    "501 5.5.4 Bad XFORWARD attribute name: %s", a.name);
	if (a.kind == ATTRIBUTE_GIVEN && !valid(&a))
		return arena_printf(session_arena(s),
		    "501 5.5.4 Bad %s syntax: %s", a.name, a.value);
	x->client |= to != &x->ident && to != &x->source;
	/* A client that is not known is treated like one of ours. */
	if (a.kind == ATTRIBUTE_GIVEN)
		*to = keep(s->forward_arena, &a);
	else
		*to = to == &x->source ? "LOCAL" : NULL;
	return NULL;
}

enum smtp_command_result
cmd_xforward_run(struct session *s)
{
	const char *reply = NULL;
	struct session_forward x = s->forward;

	if (s->mail != NULL)
		reply = "503 5.5.1 Error: MAIL transaction in progress";
	else if (s->words.count < 2)
		reply = "501 5.5.4 Syntax: XFORWARD attribute=value...";
	else if (!s->may_xforward)
		reply = "550 5.7.0 Error: insufficient authorization";
	if (s->forward_arena == NULL)
		s->forward_arena = arena_new();
	for (size_t i = 1; i < s->words.count && reply == NULL; i++)
		reply = take(s, s->words.word[i], &x);
	if (reply != NULL) {
		session_reply(s, "%s", reply);
		postmaster_blame(s,
		    reply[2] == '0' && reply[1] == '5' ? TRANSCRIPT_POLICY
						       : TRANSCRIPT_PROTOCOL);
		return SMTP_COMMAND_FAILED;
	}
	s->forward = x;
	session_reply(s, "250 2.0.0 Ok");
	return SMTP_COMMAND_DONE;
}
