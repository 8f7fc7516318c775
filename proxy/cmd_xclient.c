/* cmd_xclient.c - XCLIENT. */
#include "proxy/cmd_xclient.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "proxy/attribute.h"
#include "proxy/greeting.h"
#include "proxy/postmaster.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

enum { MOST_HELO = 255 };

/* The facts as they will be. */
struct change {
	struct arena *arena;
	struct subject facts;
	const char *helo;
	bool got_helo, got_proto;
};

static bool
take_name(
    const struct attribute *a, const char **name, enum subject_name *status)
{
	*name = "unknown";
	*status = a->kind == ATTRIBUTE_TEMPUNAVAIL ? SUBJECT_NAME_TEMP
						   : SUBJECT_NAME_PERM;
	if (a->kind != ATTRIBUTE_GIVEN)
		return true;
	*name = a->value;
	*status = SUBJECT_NAME_OK;
	return attribute_is_host(a->value);
}

static bool
take_addr(struct arena *arena, const struct attribute *a, struct net_addr *addr,
    const char **text)
{
	char printed[NET_TEXT];

	*addr = (struct net_addr){ .family = NET_NONE };
	if (a->kind == ATTRIBUTE_GIVEN && !attribute_addr(a->value, addr))
		return false;
	*text = arena_strdup(arena, net_print(addr, printed));
	return true;
}

static bool
take_port(const struct attribute *a, const char **port)
{
	*port = a->kind == ATTRIBUTE_GIVEN ? a->value : NULL;
	return *port == NULL || attribute_is_port(a->value);
}

static bool
take_login(const struct attribute *a, struct subject *f)
{
	bool given = a->kind == ATTRIBUTE_GIVEN;

	f->sasl_username = given ? a->value : NULL;
	f->sasl_method = given ? "XCLIENT" : NULL;
	f->sasl_sender = NULL;
	return true;
}

static bool
take_helo(const struct attribute *a, struct change *c)
{
	c->got_helo = true;
	c->helo = a->kind == ATTRIBUTE_GIVEN ? a->value : NULL;
	return c->helo == NULL || strlen(c->helo) <= MOST_HELO;
}

static bool
take_protocol(const struct attribute *a, struct change *c)
{
	c->got_proto = true;
	if (strcasecmp(a->value, "ESMTP") == 0)
		c->facts.protocol = "ESMTP";
	else if (strcasecmp(a->value, "SMTP") == 0)
		c->facts.protocol = "SMTP";
	else
		return false;
	return true;
}

/* 1: taken; 0: bad syntax; -1: no such attribute. */
static int
take(struct change *c, const struct attribute *a)
{
	struct subject *f = &c->facts;
	struct net_addr ignored;

	if (strcmp(a->name, "NAME") == 0)
		return take_name(a, &f->client_name, &f->name_status);
	if (strcmp(a->name, "REVERSE_NAME") == 0)
		return take_name(a, &f->reverse_name, &f->reverse_status);
	if (strcmp(a->name, "ADDR") == 0)
		return take_addr(c->arena, a, &f->client, &f->client_addr);
	if (strcmp(a->name, "PORT") == 0)
		return take_port(a, &f->client_port);
	if (strcmp(a->name, "PROTO") == 0)
		return take_protocol(a, c);
	if (strcmp(a->name, "HELO") == 0)
		return take_helo(a, c);
	if (strcmp(a->name, "LOGIN") == 0)
		return take_login(a, f);
	if (strcmp(a->name, "DESTADDR") == 0)
		return take_addr(c->arena, a, &ignored, &f->server_addr);
	if (strcmp(a->name, "DESTPORT") == 0)
		return take_port(a, &f->server_port);
	return -1;
}

static const char *
out_of_order(const struct session *s)
{
	if (s->mail != NULL)
		return "503 5.5.1 Error: MAIL transaction in progress";
	if (s->words.count < 2)
		return "501 5.5.4 Syntax: XCLIENT attribute=value...";
	if (!s->may_xclient)
		return "550 5.7.0 Error: insufficient authorization";
	return NULL;
}

static const char *
read_attributes(struct session *s, struct change *c)
{
	const char *reply;
	struct attribute a;
	int r;

	for (size_t i = 1; i < s->words.count; i++) {
		reply = attribute_parse(c->arena, s->words.word[i], &a);
		if (reply != NULL)
			return reply;
		r = take(c, &a);
		if (r < 0)
			return arena_printf(session_arena(s),
			    "501 5.5.4 Bad XCLIENT attribute name: %s", a.name);
		if (r == 0)
			return arena_printf(session_arena(s),
			    "501 5.5.4 Bad %s syntax: %s", a.name, a.value);
	}
	return NULL;
}

/* The old facts that stay are copied, so that their memory can go. */
static void
keep(struct change *c)
{
	struct subject *f = &c->facts;
	const char **texts[] = { &f->client_name, &f->reverse_name,
		&f->client_addr, &f->client_port, &f->server_addr,
		&f->server_port, &f->sasl_method, &f->sasl_username,
		&f->tls_protocol, &f->tls_cipher, &f->ccert_cn,
		&f->ccert_issuer, &f->ccert_fingerprint,
		&f->ccert_pubkey_fingerprint };

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (*texts[i] != NULL)
			*texts[i] = arena_strdup(c->arena, *texts[i]);
}

bool
cmd_xclient_blocks(const struct session *s)
{
	return greeting_blocks(s);
}

static void
adopt(struct session *s, struct change *c)
{
	const char *protocol =
	    c->got_proto ? c->facts.protocol : s->service->protocol;

	keep(c);
	if (!c->got_helo)
		session_set_helo(s, NULL);
	else
		session_set_helo(s, c->helo);
	c->facts.helo = s->helo;
	c->facts.protocol = protocol;
	s->subject = c->facts;
	s->esmtp = strcmp(protocol, "ESMTP") == 0;
	arena_free(s->facts);
	s->facts = c->arena;
	stage_reset_session(&s->state);
	s->chunk.chunks = SESSION_CHUNKS_NONE;
	session_name(s);
}

enum smtp_command_result
cmd_xclient_run(struct session *s)
{
	const char *reply = out_of_order(s);
	struct change c = { .facts = s->subject };

	if (reply == NULL) {
		c.arena = arena_new();
		reply = read_attributes(s, &c);
		if (reply != NULL)
			arena_free(c.arena);
	}
	if (reply != NULL) {
		session_reply(s, "%s", reply);
		postmaster_blame(s,
		    reply[2] == '0' && reply[1] == '5' ? TRANSCRIPT_POLICY
						       : TRANSCRIPT_PROTOCOL);
		return SMTP_COMMAND_FAILED;
	}
	postmaster_over(s);
	adopt(s, &c);
	greeting_welcome(s);
	return SMTP_COMMAND_LATER;
}
