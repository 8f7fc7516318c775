/* policy_service.c - see policy_service.h. */
#include "checks/policy_service.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/param.h"
#include "checks/action.h"
#include "checks/check.h"
#include "checks/site.h"
#include "checks/subject.h"
#include "rules/world.h"

/* What a service may have for itself; the numbers are nanoseconds, or counts
 * from ${least} on. */
/* clang-format off */
static const struct setting {
	const char *name;
	size_t offset;
	enum { TEXT, TIME, COUNT } kind;
	long least;
} settings[] = {
#define SETTING(name, member, kind, least)                                     \
	{ name, offsetof(struct policy_service, member), kind, least }
	SETTING("timeout",        timeout,          TIME,  0),
	SETTING("retry_delay",    retry_delay,      TIME,  0),
	SETTING("max_idle",       to.max_idle,      TIME,  0),
	SETTING("max_ttl",        to.max_ttl,       TIME,  0),
	SETTING("try_limit",      try_limit,        COUNT, 1),
	SETTING("request_limit",  to.request_limit, COUNT, 0),
	SETTING("default_action", default_action,   TEXT,  0),
	SETTING("policy_context", context,          TEXT,  0),
};
/* clang-format on */

static bool
read_count(const char *text, long least, int64_t *value)
{
	char *end;
	long n = strtol(text, &end, 10);

	*value = n;
	return isdigit((unsigned char)*text) && *end == '\0' && n >= least;
}

static bool
store(struct policy_service *service, const struct setting *setting,
    const char *value)
{
	void *place = (char *)service + setting->offset;

	switch (setting->kind) {
	case TEXT:
		*(const char **)place = value;
		return true;
	case TIME:
		return param_time(value, 's', place);
	case COUNT:
		return read_count(value, setting->least, place);
	}
	return false;
}

/* One "name=value" of the settings of a service. */
static int
set(struct policy_service *service, const char *name, const char *value,
    struct err *err)
{
	size_t i = 0, n = sizeof settings / sizeof settings[0];

	while (i < n && strcasecmp(settings[i].name, name) != 0)
		i++;
	if (i == n) {
		err_set(err, "unknown attribute \"%s\"", name);
		return -1;
	}
	if (store(service, &settings[i], value))
		return 0;
	err_set(err, "bad value: %s=%s", name, value);
	return -1;
}

/* The inside of a text in braces, without white space around it. */
static char *
inside(struct arena *arena, const char *text)
{
	size_t n = strlen(text);

	if (text[0] == '{' && n > 1 && text[n - 1] == '}') {
		text++;
		n -= 2;
	}
	while (n > 0 && isspace((unsigned char)*text))
		text++, n--;
	while (n > 0 && isspace((unsigned char)text[n - 1]))
		n--;
	return arena_strndup(arena, text, n);
}

static int
set_word(struct policy_service *service, char *word, struct arena *arena,
    struct err *err)
{
	char *equals;

	word = inside(arena, word);
	equals = strchr(word, '=');
	if (equals == NULL) {
		err_set(err, "missing '=' after attribute name: \"%s\"", word);
		return -1;
	}
	*equals = '\0';
	return set(
	    service, inside(arena, word), inside(arena, equals + 1), err);
}

const struct policy_service *
policy_service_parse(const char *text, struct arena *arena, struct err *err)
{
	struct policy_service *service = arena_alloc(arena, sizeof *service);
	const char *rest;
	char *word;

	service->timeout = service->retry_delay = -1;
	service->to.max_idle = service->to.max_ttl = -1;
	service->to.request_limit = -1;
	rest = inside(arena, text);
	service->to.endpoint = conf_word(&rest, arena);
	if (service->to.endpoint == NULL ||
	    (strncmp(service->to.endpoint, "inet:", 5) != 0 &&
		strncmp(service->to.endpoint, "unix:", 5) != 0 &&
		strncmp(service->to.endpoint, "local:", 6) != 0)) {
		err_set(err, "need inet:host:port or unix:path");
		return NULL;
	}
	while (text[0] == '{' && (word = conf_word(&rest, arena)) != NULL)
		if (set_word(service, word, arena, err) != 0)
			return NULL;
	return service;
}

/* A value must not bring a line of its own into the request. */
static void
put(struct buf *out, const char *name, const char *value)
{
	size_t start;

	buf_puts(out, name);
	buf_putc(out, '=');
	start = out->len;
	buf_puts(out, value != NULL ? value : "");
	for (size_t i = start; i < out->len; i++)
		if ((unsigned char)out->data[i] < 32 || out->data[i] == 127)
			out->data[i] = '?';
	buf_putc(out, '\n');
}

static const char *
state_of(const struct ask *ask)
{
	return strcmp(ask->where, "BDAT") == 0 ? "DATA" : ask->where;
}

/* Certificates are told of only if somebody we trust has signed them. */
static void
put_trusted(
    struct buf *out, const char *name, const struct ask *ask, const char *text)
{
	struct buf coded = { 0 };

	for (; ask->subject->ccert_trusted && *text != '\0'; text++)
		if (*text > ' ' && *text < 127 && *text != '+')
			buf_putc(&coded, *text);
		else /* RFC 3461, 4: xtext */
			buf_printf(&coded, "+%02X", (unsigned char)*text);
	put(out, name, coded.data);
	buf_free(&coded);
}

/* Whom we ask is told what we were asked with, unless we say it otherwise. */
static const char *
context_of(const struct ask *ask, const struct policy_service *to)
{
	const char *own = ask->site->params.smtpd_policy_service_policy_context;

	if (to->context != NULL)
		return to->context;
	return *own != '\0' || ask->subject->policy_context == NULL
	    ? own
	    : ask->subject->policy_context;
}

static void
put_session(struct buf *out, const struct ask *ask)
{
	const struct subject *s = ask->subject;
	char number[24];

	(void)snprintf(number, sizeof number, "%d", s->tls_bits);
	put(out, "etrn_domain", s->etrn_domain);
	put(out, "stress",
	    s->stress != NULL ? s->stress : ask->site->params.stress);
	put(out, "sasl_method", s->sasl_method);
	put(out, "sasl_username", s->sasl_username);
	put(out, "sasl_sender", s->sasl_sender);
	put_trusted(out, "ccert_subject", ask, s->ccert_cn);
	put_trusted(out, "ccert_issuer", ask, s->ccert_issuer);
	put(out, "ccert_fingerprint", s->ccert_fingerprint);
	put(out, "ccert_pubkey_fingerprint", s->ccert_pubkey_fingerprint);
	put(out, "encryption_protocol", s->tls_protocol);
	put(out, "encryption_cipher", s->tls_cipher);
	put(out, "encryption_keysize", number);
}

void
policy_service_request(const struct ask *ask,
    const struct policy_service *service, struct buf *out)
{
	const struct subject *s = ask->subject;
	char number[24];
	bool counts = strcmp(state_of(ask), "DATA") == 0 ||
	    strcmp(ask->where, "END-OF-MESSAGE") == 0;

	put(out, "request", "smtpd_access_policy");
	put(out, "protocol_state", state_of(ask));
	put(out, "protocol_name", s->protocol);
	put(out, "client_address", s->client_addr);
	put(out, "client_name", s->client_name);
	put(out, "client_port", s->client_port);
	put(out, "reverse_client_name", s->reverse_name);
	put(out, "server_address", s->server_addr);
	put(out, "server_port", s->server_port);
	put(out, "helo_name", s->helo);
	put(out, "sender", s->sender);
	put(out, "recipient", s->recipient);
	(void)snprintf(number, sizeof number, "%zu",
	    counts ? s->recipient_count : (size_t)0);
	put(out, "recipient_count", number);
	put(out, "queue_id", s->queue_id);
	put(out, "instance", s->instance);
	(void)snprintf(number, sizeof number, "%lld", (long long)s->size);
	put(out, "size", number);
	put_session(out, ask);
	put(out, "policy_context", context_of(ask, service));
	put(out, "compatibility_level", ask->site->compatibility_level);
	put(out, "mail_version", ask->site->mail_version);
	buf_putc(out, '\n');
}

static void
pause_for(int64_t nanoseconds)
{
	struct timespec t = { .tv_sec = (time_t)(nanoseconds / CLOCK_SECOND),
		.tv_nsec = (long)(nanoseconds % CLOCK_SECOND) };

	(void)nanosleep(&t, NULL);
}

/* Ask, and ask again; NULL: there is no answer. */
static const char *
call(const struct ask *ask, const struct policy_service *to)
{
	const struct checks_params *p = &ask->site->params;
	struct subject *s = ask->subject;
	struct world *world = s->world;
	int64_t timeout =
	    to->timeout >= 0 ? to->timeout : p->smtpd_policy_service_timeout;
	int64_t delay = to->retry_delay >= 0
	    ? to->retry_delay
	    : p->smtpd_policy_service_retry_delay;
	int64_t tries = to->try_limit > 0 ? to->try_limit
					  : p->smtpd_policy_service_try_limit;
	struct buf request = { 0 };
	const char *action = NULL, *why = "";

	policy_service_request(ask, to, &request);
	for (int64_t i = 0; i < tries && action == NULL; i++) {
		if (i > 0)
			pause_for(delay);
		action = world->ops->policy(world, s->arena, &to->to,
		    buf_str(&request), world->ops->mono(world) + timeout, &why);
		if (action == NULL)
			event_warning(s->by, "problem talking to server %s: %s",
			    to->to.endpoint, why);
	}
	buf_free(&request);
	return action;
}

void
policy_service_ask(struct ask *ask, struct answer *answer)
{
	const struct policy_service *to = ask->argument->service;
	const char *action = call(ask, to);

	if (action == NULL)
		action = to->default_action != NULL
		    ? to->default_action
		    : ask->site->params.smtpd_policy_service_default_action;
	answer->input = "policy query";
	action_parse(ask, to->to.endpoint, "policy query", action, answer);
}
