/* smtp_greet.c - see smtp_greet.h. */
#include "delivery/smtp_greet.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/stream.h"
#include "delivery/smtp_client.h"
#include "delivery/smtp_ehlo.h"
#include "delivery/smtp_pix.h"
#include "delivery/smtp_session.h"
#include "delivery/smtp_tls.h"
#include "delivery/smtp_why.h"
#include "delivery/transport.h"

/* "host X refused to talk to me: 554 ...": not the last word, if there is another way
 * to greet it. */
static bool
refused(struct smtp_session *s, struct arena *arena, struct smtp_why *why)
{
	smtp_why_reply(why, arena, s->host, &s->reply,
	    arena_printf(arena, "host %s refused to talk to me: ", s->peer),
	    "");
	return false;
}

/* One of the words behind the code is ESMTP. */
static bool
says_esmtp(const struct smtp_session *s)
{
	const char *text = buf_str(&s->reply.text), *blanks = " \t\n";

	for (text += strcspn(text, "- \t\n"); *text != '\0';) {
		size_t n = strcspn(++text, blanks);

		if (n == 5 && strncasecmp(text, "ESMTP", n) == 0)
			return true;
		text += n;
	}
	return false;
}

static bool
greeting(struct smtp_session *s, struct arena *arena, struct smtp_why *why)
{
	const struct smtp_client *c = s->client;

	if (!smtp_session_read(s, c->helo_timeout,
		"receiving the initial server greeting", arena, why))
		return false;
	s->says_esmtp = says_esmtp(s);
	if (s->reply.code / 100 == 2)
		return smtp_session_quiet(s,
			   "receiving the initial server greeting", arena,
			   why) &&
		    smtp_pix_detect(s, arena, why);
	smtp_dialogue_failed(&s->dialogue, s->reply.code);
	(void)refused(s, arena, why);
	if (c->skip_5xx_greeting)
		smtp_why_soften(why, arena);
	return false;
}

/* Say EHLO, LHLO or HELO and learn what the server can do. */
static bool
introduce(struct smtp_session *s, bool ehlo, struct arena *arena,
    struct smtp_why *why)
{
	const struct smtp_client *c = s->client;
	const char *word = !ehlo ? "HELO" : c->lmtp ? "LHLO" : "EHLO";
	const char *doing =
	    arena_printf(arena, "performing the %s handshake", word);

	s->features = 0;
	smtp_session_say(s, arena_printf(arena, "%s %s", word, c->helo_name));
	if (!smtp_session_read(s, c->helo_timeout, doing, arena, why))
		return false;
	if (s->reply.code / 100 != 2)
		return refused(s, arena, why);
	if (ehlo && !smtp_ehlo_parse(s, arena, why))
		return false;
	return smtp_session_quiet(s, doing, arena, why);
}

static bool
wants_ehlo(const struct smtp_session *s)
{
	const struct delivery_params *p = &s->client->transport->params;

	if (s->client->lmtp)
		return true;
	return !p->smtp_never_send_ehlo && !s->no_ehlo &&
	    (p->smtp_always_send_ehlo || s->says_esmtp);
}

static bool
hello(struct smtp_session *s, struct arena *arena, struct smtp_why *why)
{
	bool ehlo = wants_ehlo(s);

	if (introduce(s, ehlo, arena, why))
		return true;
	/* A server that does not know EHLO, or is not in the mood. */
	if (ehlo && !s->broken && !s->client->lmtp && s->reply.code != 421 &&
	    introduce(s, false, arena, why))
		return true;
	if (!s->broken)
		smtp_dialogue_failed(&s->dialogue, s->reply.code);
	return false;
}

/* The first word of the answer to our name. */
static bool
is_myself(const struct smtp_session *s)
{
	const char *own = s->client->transport->base.myhostname;
	const char *text = buf_str(&s->reply.text);
	size_t n = strlen(own);

	return strlen(text) >= 4 + n && strncasecmp(text + 4, own, n) == 0 &&
	    (text[4 + n] == '\0' || text[4 + n] == ' ' || text[4 + n] == '\n');
}

static bool
not_myself(struct smtp_session *s, const char *nexthop, struct arena *arena,
    struct smtp_why *why)
{
	struct event_by by =
	    transport_by(s->client->transport, s->number, NULL);

	/* Behind another port another server of this machine has our name, as a
	 * filter does, or a mail system that we stand in front of. */
	if (!s->on_smtp || !is_myself(s))
		return true;
	event_warning(&by,
	    "host %s replied to HELO/EHLO with my own hostname %s", s->peer,
	    s->client->transport->base.myhostname);
	if (!s->best)
		return true;
	smtp_why_set(
	    why, arena, "4.4.6", "mail for %s loops back to myself", nexthop);
	return false;
}

bool
smtp_greet(struct smtp_session *s, const char *nexthop, bool tls,
    struct arena *arena, struct smtp_why *why)
{
	const struct smtp_client *c = s->client;

	if (!greeting(s, arena, why) || !hello(s, arena, why) ||
	    !not_myself(s, nexthop, arena, why))
		return false;
	if (!tls || c->level == SMTP_TLS_NONE)
		return true;
	if ((s->features & SMTP_STARTTLS) != 0)
		/* Behind it EHLO again (RFC 3207, 4.2). */
		return smtp_tls_start(s, arena, why) &&
		    (!s->tls ||
			(hello(s, arena, why) &&
			    not_myself(s, nexthop, arena, why)));
	if (c->level == SMTP_TLS_MAY)
		return true;
	smtp_why_set(why, arena, "4.7.4",
	    "TLS is required, but was not offered by host %s", s->peer);
	return false;
}
