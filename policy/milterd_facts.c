/* milterd_facts.c - see milterd_facts.h. */
#include "policy/milterd_facts.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "checks/subject.h"
#include "rules/address.h"

const char milterd_facts_connect[] =
    "j _ {client_name} {client_addr} {client_port} {client_ptr} "
    "{client_resolve} {daemon_addr} {daemon_port} {if_addr}";
const char milterd_facts_helo[] =
    "{tls_version} {cipher} {cipher_bits} {verify} {cert_subject} "
    "{cert_issuer}";
const char milterd_facts_mail[] = "i r {auth_type} {auth_authen} {auth_author}";
const char milterd_facts_rcpt[] = "i";

char *
milterd_facts_text(struct arena *arena, const char *text)
{
	char *copy = arena_strdup(arena, text);

	for (char *p = copy; *p != '\0'; p++)
		if ((unsigned char)*p < 32 || *p == 127)
			*p = '?';
	return copy;
}

/* A macro's value; NULL: it is empty, or not told. */
static const char *
value(
    const struct milterd_macros *macros, struct arena *arena, const char *name)
{
	const char *text = macros->get(macros->arg, name);

	return text != NULL && *text != '\0' ? milterd_facts_text(arena, text)
					     : NULL;
}

/* Sendmail says how it found the name, Postfix does not.  A name that is not
 * known may have been impossible to look up: who cannot tell must not refuse
 * for good. */
static enum subject_name
status(const char *name, const char *resolve)
{
	if (resolve != NULL && strcasecmp(resolve, "FORGED") == 0)
		return SUBJECT_NAME_FORGED;
	if (resolve != NULL && strcasecmp(resolve, "FAIL") == 0)
		return SUBJECT_NAME_PERM;
	return strcmp(name, "unknown") == 0 ? SUBJECT_NAME_TEMP
					    : SUBJECT_NAME_OK;
}

/* The MTAs write an address in brackets where there is no name. */
static const char *
name_of(const char *text)
{
	return text == NULL || *text == '\0' || *text == '[' ? "unknown" : text;
}

static void
set_address(struct subject *s, const struct milterd_macros *macros,
    const struct sockaddr *address, struct arena *arena)
{
	const char *told = value(macros, arena, "{client_addr}");
	char text[NET_TEXT];
	unsigned port = 0;

	if (address == NULL || !net_from_socket(address, &s->client, &port)) {
		if (told == NULL || !net_parse(told, &s->client))
			s->client = (struct net_addr){ .family = NET_NONE };
		s->client_addr = told != NULL ? told : "unknown";
	} else {
		s->client_addr =
		    arena_strdup(arena, net_print(&s->client, text));
	}
	s->client_port = value(macros, arena, "{client_port}");
	if (s->client_port == NULL && port != 0)
		s->client_port = arena_printf(arena, "%u", port);
}

void
milterd_facts_client(struct subject *subject,
    const struct milterd_macros *macros, const char *name,
    const struct sockaddr *address, struct arena *arena)
{
	struct subject *s = subject;
	const char *resolve = value(macros, arena, "{client_resolve}");
	const char *reverse = value(macros, arena, "{client_ptr}");

	s->client_name =
	    name_of(milterd_facts_text(arena, name != NULL ? name : ""));
	s->name_status = status(s->client_name, resolve);
	/* A forged name is no name of the client. */
	if (s->name_status == SUBJECT_NAME_FORGED) {
		if (reverse == NULL)
			reverse = s->client_name;
		s->client_name = "unknown";
	}
	s->reverse_name = reverse != NULL ? name_of(reverse) : s->client_name;
	s->reverse_status = status(s->reverse_name, NULL);
	if (s->name_status == SUBJECT_NAME_PERM && reverse == NULL)
		s->reverse_status = SUBJECT_NAME_PERM;
	set_address(s, macros, address, arena);
	s->server_addr = value(macros, arena, "{daemon_addr}");
	if (s->server_addr == NULL)
		s->server_addr = value(macros, arena, "{if_addr}");
	s->server_port = value(macros, arena, "{daemon_port}");
	s->protocol = "SMTP";
	s->stress = "";
}

void
milterd_facts_tls(struct subject *subject, const struct milterd_macros *macros,
    struct arena *arena)
{
	const char *bits = value(macros, arena, "{cipher_bits}");
	const char *verify = value(macros, arena, "{verify}");

	subject->tls_protocol = value(macros, arena, "{tls_version}");
	subject->tls_cipher = value(macros, arena, "{cipher}");
	subject->tls_bits = bits != NULL ? (int)strtol(bits, NULL, 10) : 0;
	subject->ccert_cn = value(macros, arena, "{cert_subject}");
	subject->ccert_issuer = value(macros, arena, "{cert_issuer}");
	subject->ccert_trusted = subject->ccert_cn != NULL && verify != NULL &&
	    strcmp(verify, "OK") == 0;
	if (subject->ccert_cn != NULL && subject->ccert_issuer == NULL)
		subject->ccert_issuer = "";
}

const char *
milterd_facts_address(struct arena *arena, const char *text)
{
	const char *rest, *internal;
	char *bare;
	size_t n;

	internal =
	    address_path(arena, text, ADDRESS_UTF8 | ADDRESS_EMPTY_OK, &rest);
	if (internal != NULL)
		return internal;
	/* What the MTA takes, we take. */
	bare = milterd_facts_text(arena, *text == '<' ? text + 1 : text);
	n = strlen(bare);
	if (n > 0 && bare[n - 1] == '>')
		bare[n - 1] = '\0';
	return bare;
}

static void
set_login(
    struct subject *s, const struct milterd_macros *macros, struct arena *arena)
{
	s->sasl_method = value(macros, arena, "{auth_type}");
	s->sasl_username = value(macros, arena, "{auth_authen}");
	s->sasl_sender = value(macros, arena, "{auth_author}");
	/* Sendmail has a type, "EXTERNAL" say, though nobody has logged in. */
	if (s->sasl_username == NULL)
		s->sasl_method = NULL;
}

void
milterd_facts_mail_from(struct subject *subject,
    const struct milterd_macros *macros, char **words, struct arena *arena)
{
	const char *protocol = value(macros, arena, "r");

	if (protocol != NULL)
		subject->protocol = protocol;
	set_login(subject, macros, arena);
	subject->sender = milterd_facts_address(arena, words[0]);
	subject->utf8 = !utf8_is_ascii(subject->sender);
	for (char **p = words + 1; *p != NULL; p++) {
		if (strncasecmp(*p, "SIZE=", 5) == 0)
			subject->size = strtoll(*p + 5, NULL, 10);
		else if (strcasecmp(*p, "SMTPUTF8") == 0)
			subject->utf8 = true;
	}
	if (subject->size < 0)
		subject->size = 0;
}

void
milterd_facts_queue_id(struct subject *subject,
    const struct milterd_macros *macros, struct arena *arena)
{
	const char *id = value(macros, arena, "i");

	if (id != NULL &&
	    (subject->queue_id == NULL || strcmp(subject->queue_id, id) != 0))
		subject->queue_id = id;
}
