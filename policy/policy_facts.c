/* policy_facts.c - see policy_facts.h. */
#include "policy/policy_facts.h"

#include <ctype.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/utf8.h"
#include "checks/subject.h"
#include "policy/policy_request.h"

/* A request, and where its texts are. */
struct text {
	const struct policy_request *request;
	const char *data;
};

/* clang-format off */
static const struct { const char *name; enum stage stage; } states[] = {
	{ "RCPT",           STAGE_RCPT },
	{ "CONNECT",        STAGE_CONNECT },
	{ "EHLO",           STAGE_HELO },
	{ "HELO",           STAGE_HELO },
	{ "MAIL",           STAGE_MAIL },
	{ "DATA",           STAGE_DATA },
	{ "END-OF-MESSAGE", STAGE_END },
	{ "VRFY",           STAGE_VRFY },
	{ "ETRN",           STAGE_ETRN },
};
/* clang-format on */

/* A value; NULL: it is empty, or not given. */
static const char *
value(const struct text *t, enum policy_name name)
{
	const char *text = policy_request_value(t->request, t->data, name);

	return text != NULL && *text != '\0' ? text : NULL;
}

static const char *
value_or(const struct text *t, enum policy_name name, const char *otherwise)
{
	const char *text = value(t, name);

	return text != NULL ? text : otherwise;
}

/* A number that is not negative; 0: none. */
static int64_t
number(const struct text *t, enum policy_name name)
{
	long long n = strtoll(value_or(t, name, "0"), NULL, 10);

	return n > 0 ? n : 0;
}

static bool
find_state(const struct text *t, enum stage *stage)
{
	const char *state = value_or(t, POLICY_PROTOCOL_STATE, "");

	for (size_t i = 0; i < sizeof states / sizeof states[0]; i++)
		if (strcmp(states[i].name, state) == 0) {
			*stage = states[i].stage;
			return true;
		}
	return false;
}

/* RFC 3461, 4: xtext. */
static const char *
decode(struct arena *arena, const char *text)
{
	char *copy, *to, hex[3] = "";

	if (text == NULL || strchr(text, '+') == NULL)
		return text;
	copy = to = arena_strdup(arena, text);
	for (const char *p = text; *p != '\0'; p++) {
		bool coded = *p == '+' && isxdigit((unsigned char)p[1]) &&
		    isxdigit((unsigned char)p[2]);
		char c = *p;

		if (coded) {
			memcpy(hex, p + 1, 2);
			c = (char)strtol(hex, NULL, 16);
			p += 2;
		}
		/* No text of ours has control characters in it. */
		*to++ = c;
		if (coded && ((unsigned char)c < 32 || c == 127))
			to[-1] = '?';
	}
	*to = '\0';
	return copy;
}

/* How a name was found is not said.  One that is not known may have been
 * impossible to look up: who cannot tell must not refuse for good. */
static enum subject_name
status(const char *name)
{
	return strcmp(name, "unknown") == 0 ? SUBJECT_NAME_TEMP
					    : SUBJECT_NAME_OK;
}

static void
set_client(const struct text *t, struct subject *s)
{
	s->client_name = value_or(t, POLICY_CLIENT_NAME, "unknown");
	s->reverse_name =
	    value_or(t, POLICY_REVERSE_CLIENT_NAME, s->client_name);
	s->name_status = status(s->client_name);
	s->reverse_status = status(s->reverse_name);
	s->client_addr = value_or(t, POLICY_CLIENT_ADDRESS, "unknown");
	if (!net_parse(s->client_addr, &s->client))
		s->client = (struct net_addr){ .family = NET_NONE };
	s->client_port = value(t, POLICY_CLIENT_PORT);
	s->server_addr = value(t, POLICY_SERVER_ADDRESS);
	s->server_port = value(t, POLICY_SERVER_PORT);
}

/* Before MAIL an empty sender is none; afterwards it is the null sender. */
static void
set_mail(const struct text *t, enum stage stage, struct subject *s)
{
	bool mail = stage == STAGE_MAIL || stage == STAGE_RCPT ||
	    stage == STAGE_DATA || stage == STAGE_END;

	s->sender = mail
	    ? policy_request_value(t->request, t->data, POLICY_SENDER)
	    : value(t, POLICY_SENDER);
	s->recipient = value(t, POLICY_RECIPIENT);
	s->recipient_count = (size_t)number(t, POLICY_RECIPIENT_COUNT);
	/* A count came with Postfix 2.3; a recipient at DATA is the only one. */
	if (s->recipient_count == 0 && s->recipient != NULL &&
	    (stage == STAGE_DATA || stage == STAGE_END))
		s->recipient_count = 1;
	s->size = number(t, POLICY_SIZE);
	s->queue_id = value(t, POLICY_QUEUE_ID);
	s->instance = value(t, POLICY_INSTANCE);
	s->etrn_domain = value(t, POLICY_ETRN_DOMAIN);
	s->utf8 = (s->sender != NULL && !utf8_is_ascii(s->sender)) ||
	    (s->recipient != NULL && !utf8_is_ascii(s->recipient));
}

static void
set_login(const struct text *t, struct subject *s)
{
	s->sasl_method = value(t, POLICY_SASL_METHOD);
	s->sasl_username = value(t, POLICY_SASL_USERNAME);
	s->sasl_sender = value(t, POLICY_SASL_SENDER);
	s->tls_protocol = value(t, POLICY_ENCRYPTION_PROTOCOL);
	s->tls_cipher = value(t, POLICY_ENCRYPTION_CIPHER);
	s->tls_bits = (int)number(t, POLICY_ENCRYPTION_KEYSIZE);
	s->ccert_cn = decode(s->arena, value(t, POLICY_CCERT_SUBJECT));
	s->ccert_fingerprint = value(t, POLICY_CCERT_FINGERPRINT);
	s->ccert_pubkey_fingerprint = value(t, POLICY_CCERT_PUBKEY_FINGERPRINT);
	/* Names are sent of certificates alone that it has verified. */
	s->ccert_trusted = s->ccert_cn != NULL;
	if (s->ccert_trusted)
		s->ccert_issuer =
		    decode(s->arena, value_or(t, POLICY_CCERT_ISSUER, ""));
	s->stress = value_or(t, POLICY_STRESS, "");
	s->policy_context = value(t, POLICY_CONTEXT);
}

bool
policy_facts(const struct policy_request *request, const char *data,
    struct subject *subject, enum stage *stage)
{
	const struct text t = { request, data };

	if (!find_state(&t, stage))
		return false;
	set_client(&t, subject);
	subject->protocol = value_or(&t, POLICY_PROTOCOL_NAME, "SMTP");
	/* Postfix says SMTP until the greeting has passed. */
	subject->ehlo =
	    strcmp(value_or(&t, POLICY_PROTOCOL_STATE, ""), "EHLO") == 0;
	subject->helo = value(&t, POLICY_HELO_NAME);
	set_mail(&t, *stage, subject);
	set_login(&t, subject);
	return true;
}
