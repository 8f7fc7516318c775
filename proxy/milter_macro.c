/* milter_macro.c - see milter_macro.h.  Names and values are those that
 * Postfix has for them (MILTER_README). */
#include "proxy/milter_macro.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "proxy/client_events.h"
#include "proxy/hall.h"
#include "proxy/mail.h"
#include "proxy/milter_setting.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "rules/address.h"
#include "rules/route.h"

struct ask {
	struct session *session;
	struct arena *arena; /* for one call */
	const struct milter_macro_moment *moment;
};

static const char *
rfc_address(const struct ask *ask)
{
	const struct subject *f = &ask->session->subject;

	if (f->client.family != NET_IPV6)
		return f->client_addr;
	return arena_printf(ask->arena, "IPv6:%s", f->client_addr);
}

static const char *
get_underscore(const struct ask *ask)
{
	const struct subject *f = &ask->session->subject;
	bool same = strcasecmp(f->client_name, f->reverse_name) == 0;

	return arena_printf(ask->arena, "%s [%s]%s", f->reverse_name,
	    rfc_address(ask), same ? "" : " (may be forged)");
}

static const char *
get_j(const struct ask *ask)
{
	return ask->session->service->myhostname;
}

static const char *
get_i(const struct ask *ask)
{
	return ask->session->subject.queue_id;
}

static const char *
get_v(const struct ask *ask)
{
	return ask->session->params->milter_macro_v;
}

static const char *
get_daemon_name(const struct ask *ask)
{
	return ask->session->params->milter_macro_daemon_name;
}

static const char *
get_daemon_addr(const struct ask *ask)
{
	return ask->session->subject.server_addr;
}

static const char *
get_daemon_port(const struct ask *ask)
{
	return ask->session->subject.server_port;
}

static const char *
get_client_name(const struct ask *ask)
{
	return ask->session->subject.client_name;
}

static const char *
get_client_port(const struct ask *ask)
{
	const char *port = ask->session->subject.client_port;

	return port != NULL ? port : "0";
}

static const char *
get_client_ptr(const struct ask *ask)
{
	return ask->session->subject.reverse_name;
}

static const char *
get_client_resolve(const struct ask *ask)
{
	switch (ask->session->subject.name_status) {
	case SUBJECT_NAME_OK:
		return "OK";
	case SUBJECT_NAME_FORGED:
		return "FORGED";
	case SUBJECT_NAME_TEMP:
		return "TEMP";
	case SUBJECT_NAME_PERM:
		break;
	}
	return "FAIL";
}

static const char *
get_client_connections(const struct ask *ask)
{
	struct session *s = ask->session;

	return arena_printf(ask->arena, "%u",
	    s->counted
		? client_events_connected(s->hall->shared->clients, &s->key)
		: 0);
}

static const char *
get_auth_type(const struct ask *ask)
{
	return ask->session->subject.sasl_method;
}

static const char *
get_auth_authen(const struct ask *ask)
{
	return ask->session->subject.sasl_username;
}

static const char *
get_auth_author(const struct ask *ask)
{
	return ask->session->subject.sasl_sender;
}

static const char *
get_tls_version(const struct ask *ask)
{
	return ask->session->subject.tls_protocol;
}

static const char *
get_cipher(const struct ask *ask)
{
	return ask->session->subject.tls_cipher;
}

static const char *
get_cipher_bits(const struct ask *ask)
{
	struct session *s = ask->session;

	if (s->subject.tls_cipher == NULL)
		return NULL;
	return arena_printf(ask->arena, "%d", s->subject.tls_bits);
}

static const char *
get_cert_subject(const struct ask *ask)
{
	const struct subject *f = &ask->session->subject;

	return f->ccert_trusted ? f->ccert_cn : NULL;
}

static const char *
get_cert_issuer(const struct ask *ask)
{
	const struct subject *f = &ask->session->subject;

	return f->ccert_trusted ? f->ccert_issuer : NULL;
}

/* Where mail for ${address} goes; false: that cannot be told now. */
static bool
resolve(const struct ask *ask, const char *address, struct route_answer *answer)
{
	struct session *s = ask->session;
	struct arena *arena = ask->arena;
	const char *sender = s->subject.sender != NULL ? s->subject.sender : "";

	/* The null address goes where its notices would. */
	if (address[0] != '\0')
		address =
		    route_rewrite(s->service->route, arena, address, true);
	return route_resolve(s->service->route, s->subject.world, arena, sender,
		   address, answer) != TABLE_FAILED;
}

enum part { PART_ADDRESS, PART_HOST, PART_MAILER };

static const char *
part_of(const struct ask *ask, const char *address, enum part part)
{
	struct route_answer answer;

	if (address == NULL || (address[0] == '\0' && part == PART_ADDRESS))
		return address;
	/* Postfix tells where mail goes of SMTP mail only. */
	if (part != PART_ADDRESS && ask->session->service->local)
		return NULL;
	if (!resolve(ask, address, &answer))
		return NULL;
	switch (part) {
	case PART_ADDRESS:
		return address_external(ask->arena, answer.recipient);
	case PART_HOST:
		return answer.nexthop;
	case PART_MAILER:
		break;
	}
	return answer.transport;
}

static const char *
get_mail_addr(const struct ask *ask)
{
	return part_of(ask, ask->session->subject.sender, PART_ADDRESS);
}

static const char *
get_mail_host(const struct ask *ask)
{
	return part_of(ask, ask->session->subject.sender, PART_HOST);
}

static const char *
get_mail_mailer(const struct ask *ask)
{
	return part_of(ask, ask->session->subject.sender, PART_MAILER);
}

/* Of "550 5.1.1 <what>: text": the text. */
static const char *
refusal_text(const char *refusal)
{
	const char *text =
	    strlen(refusal) > 4 ? strchr(refusal + 4, ' ') : NULL;
	const char *about;

	if (text == NULL)
		return refusal;
	text++;
	about = text[0] == '<' ? strstr(text, ">: ") : NULL;
	return about != NULL ? about + 3 : text;
}

static const char *
get_rcpt_addr(const struct ask *ask)
{
	if (ask->moment->refusal != NULL)
		return refusal_text(ask->moment->refusal);
	return part_of(ask, ask->session->subject.recipient, PART_ADDRESS);
}

static const char *
get_rcpt_host(const struct ask *ask)
{
	const char *refusal = ask->moment->refusal;

	if (refusal != NULL && strlen(refusal) > 4)
		return arena_strndup(
		    ask->arena, refusal + 4, strcspn(refusal + 4, " "));
	return part_of(ask, ask->session->subject.recipient, PART_HOST);
}

static const char *
get_rcpt_mailer(const struct ask *ask)
{
	if (ask->moment->refusal != NULL)
		return "error";
	return part_of(ask, ask->session->subject.recipient, PART_MAILER);
}

/* clang-format off */
static const struct {
	const char *name;
	const char *(*get)(const struct ask *ask);
} macros[] = {
	{ "_",                    get_underscore },
	{ "j",                    get_j },
	{ "i",                    get_i },
	{ "v",                    get_v },
	{ "{daemon_name}",        get_daemon_name },
	{ "{daemon_addr}",        get_daemon_addr },
	{ "{daemon_port}",        get_daemon_port },
	{ "{client_addr}",        rfc_address },
	{ "{client_name}",        get_client_name },
	{ "{client_port}",        get_client_port },
	{ "{client_ptr}",         get_client_ptr },
	{ "{client_resolve}",     get_client_resolve },
	{ "{client_connections}", get_client_connections },
	{ "{auth_type}",          get_auth_type },
	{ "{auth_authen}",        get_auth_authen },
	{ "{auth_author}",        get_auth_author },
	{ "{tls_version}",        get_tls_version },
	{ "{cipher}",             get_cipher },
	{ "{cipher_bits}",        get_cipher_bits },
	{ "{cert_subject}",       get_cert_subject },
	{ "{cert_issuer}",        get_cert_issuer },
	{ "{mail_addr}",          get_mail_addr },
	{ "{mail_host}",          get_mail_host },
	{ "{mail_mailer}",        get_mail_mailer },
	{ "{rcpt_addr}",          get_rcpt_addr },
	{ "{rcpt_host}",          get_rcpt_host },
	{ "{rcpt_mailer}",        get_rcpt_mailer },
};
/* clang-format on */

static const char *
find(const struct ask *ask, const struct milter_setting_all *settings,
    const char *name)
{
	const char *value = NULL;

	for (size_t i = 0; i < sizeof macros / sizeof macros[0]; i++)
		if (strcmp(macros[i].name, name) == 0)
			value = macros[i].get(ask);
	for (const char **d = settings->defaults; value == NULL && *d != NULL;
	     d += 2)
		if (strcmp(d[0], name) == 0)
			value = d[1];
	return value;
}

static void
put(struct buf *out, const char *text)
{
	for (; *text != '\0'; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < 32 || c == 127)
			buf_putc(out, '?');
		else
			buf_putc(out, *text);
	}
	buf_putc(out, '\0');
}

void
milter_macro_print(struct session *s, const struct milter_setting_all *settings,
    const char *names, const struct milter_macro_moment *moment,
    struct buf *out)
{
	/* Not the session's, which is for a whole command: a message has many
	 * pieces. */
	const struct ask ask = { s, arena_new(), moment };
	const char *name, *value;

	while ((name = conf_word(&names, ask.arena)) != NULL) {
		value = find(&ask, settings, name);
		if (value == NULL)
			continue;
		put(out, name);
		put(out, value);
	}
	arena_free(ask.arena);
}
