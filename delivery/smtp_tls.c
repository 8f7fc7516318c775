/* smtp_tls.c - see smtp_tls.h. */
#include "delivery/smtp_tls.h"

#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/event.h"
#include "base/stream.h"
#include "base/tls.h"
#include "delivery/delivery_events.h"
#include "delivery/smtp_client.h"
#include "delivery/smtp_session.h"
#include "delivery/smtp_why.h"
#include "delivery/transport.h"

/* One word of smtp_tls_verify_cert_match or smtp_tls_secure_cert_match. */
static const char *
wanted_name(const struct smtp_session *s, const char *word, struct arena *arena)
{
	if (strcmp(word, "hostname") == 0)
		return s->host;
	if (strcmp(word, "nexthop") == 0)
		return s->domain;
	if (strcmp(word, "dot-nexthop") == 0)
		return arena_printf(arena, ".%s", s->domain);
	return word;
}

static bool
matches(const struct smtp_session *s, struct arena *arena)
{
	const struct smtp_client *c = s->client;
	const char *list = c->level == SMTP_TLS_SECURE
	    ? c->tls_secure_cert_match
	    : c->tls_verify_cert_match;
	const char *word;

	while ((word = conf_word(&list, arena)) != NULL) {
		const char *colon = strchr(word, ':');

		/* "a:b" is "a, b" there. */
		for (; colon != NULL; colon = strchr(word, ':')) {
			if (tls_matches(stream_secured(s->stream),
				wanted_name(s,
				    arena_strndup(
					arena, word, (size_t)(colon - word)),
				    arena)))
				return true;
			word = colon + 1;
		}
		if (tls_matches(
			stream_secured(s->stream), wanted_name(s, word, arena)))
			return true;
	}
	return false;
}

static void
report(const struct smtp_session *s, const struct tls_facts *f, bool matched,
    struct arena *arena)
{
	struct event_by by =
	    transport_by(s->client->transport, s->number, NULL);
	const char *trust = !f->ccert_given ? "Anonymous"
	    : !f->ccert_trusted             ? "Untrusted"
	    : matched                       ? "Verified"
					    : "Trusted";

	if (s->client->tls_loglevel < 1)
		return;
	event(&delivery_events_tls, &by, "trust", trust, "server", s->relay,
	    "protocol", f->protocol, "cipher", f->cipher, "bits",
	    arena_printf(arena, "%d/%d", f->bits, f->alg_bits), "key_exchange",
	    f->key_exchange[0] != '\0' ? f->key_exchange : NULL, "signature",
	    f->server_signature[0] != '\0' ? f->server_signature : NULL, NULL);
}

/* The server is trusted and has the right name, if that matters. */
static bool
judge(struct smtp_session *s, struct arena *arena, struct smtp_why *why)
{
	bool must_prove = s->client->level >= SMTP_TLS_VERIFY, matched;
	struct tls_facts facts;

	tls_facts(stream_secured(s->stream), arena, &facts);
	matched = must_prove && matches(s, arena);
	report(s, &facts, matched, arena);
	if (!must_prove)
		return true;
	if (facts.ccert_trusted && matched)
		return true;
	s->broken = true;
	smtp_why_set(why, arena, "4.7.5", "Server certificate not %s",
	    facts.ccert_trusted ? "verified" : "trusted");
	return false;
}

bool
smtp_tls_start(
    struct smtp_session *s, struct arena *arena, struct smtp_why *why)
{
	const struct smtp_client *c = s->client;
	const char *refused;

	smtp_session_say(s, "STARTTLS");
	if (!smtp_session_read(s, c->starttls_timeout,
		"receiving the STARTTLS response", arena, why))
		return false;
	if (s->reply.code / 100 != 2) {
		if (c->level != SMTP_TLS_MAY)
			smtp_dialogue_failed(&s->dialogue, s->reply.code);
		refused = arena_printf(arena,
		    "TLS is required, but host %s refused to start TLS: ",
		    s->peer);
		smtp_why_reply(why, arena, s->host, &s->reply, refused, "");
		smtp_why_soften(why, arena);
		return c->level == SMTP_TLS_MAY;
	}
	smtp_session_limit(s, c->starttls_timeout);
	if (stream_tls(s->stream, c->tls, s->host) != STREAM_OK) {
		s->broken = s->tls_failed = true;
		smtp_why_set(
		    why, arena, "4.7.5", "Cannot start TLS: handshake failure");
		return false;
	}
	s->tls = true;
	return judge(s, arena, why);
}
