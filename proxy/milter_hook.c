/* milter_hook.c - see milter_hook.h. */
#include "proxy/milter_hook.h"

#include <arpa/inet.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <libmilter/mfdef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/event.h"
#include "checks/content_verdict.h"
#include "checks/effect.h"
#include "proxy/mail.h"
#include "proxy/milter_chain.h"
#include "proxy/milter_content.h"
#include "proxy/milter_packet.h"
#include "proxy/milter_peer.h"
#include "proxy/milter_reply.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "proxy/trace_log.h"
#include "rules/address.h"
#include "rules/route.h"

static const char hold_text[] = "milter triggers HOLD action";
static const char discard_text[] = "milter triggers DISCARD action";

bool
milter_hook_blocks(const struct session *s)
{
	return s->milters != NULL;
}

static void
log_as(struct session *s, const struct event_by *by, const char *action,
    const char *text)
{
	const struct subject *f = &s->subject;
	const char *client = s->client;

	if (s->service->local)
		client = arena_printf(
		    session_arena(s), "%s[%s]", f->client_name, f->client_addr);
	event(&proxy_events_milter, by, "action", action, "where", s->where,
	    "client", client, "text", text, "sender", f->sender, "recipient",
	    f->recipient, "protocol", f->protocol, "helo", f->helo, NULL);
}

static void
add_effect(struct session *s, enum effect_kind kind)
{
	const struct effect effect = { .kind = kind };

	if (s->mail != NULL)
		mail_add_effect(s->mail, &effect);
}

/* For the client, and for whoever asks why (weir explain). */
static const char *
refuse(struct session *s, const struct milter_answer *answer)
{
	const char *reply = milter_reply_print(session_arena(s), answer->reply);
	const struct content_note note = {
		.table = answer->who, .input = s->where, .answer = reply
	};

	trace_log_note(s, &note, reply);
	return reply;
}

/* What an answer leads to, at a command. */
static const char *
take(struct session *s, const struct milter_answer *answer)
{
	if (answer->hold) {
		log_as(s, &s->by, "milter-hold", hold_text);
		add_effect(s, EFFECT_HOLD);
	}
	if (answer->discard) {
		log_as(s, &s->by, "milter-discard", discard_text);
		add_effect(s, EFFECT_DISCARD);
	}
	if (answer->reply == NULL)
		return NULL;
	/* Nobody is told a code where there is no client. */
	log_as(s, &s->by, "milter-reject",
	    answer->reply + (s->service->internal ? 4 : 0));
	return refuse(s, answer);
}

/* The message is thrown away as it is: nobody needs to look at it. */
static bool
is_discarded(const struct session *s)
{
	if (s->mail == NULL)
		return false;
	for (const struct effect *e = s->mail->effects; e != NULL; e = e->next)
		if (e->kind == EFFECT_DISCARD)
			return true;
	return false;
}

/* Tell of an event, with ${data}, which is freed. */
static const char *
tell(struct session *s, char command, struct buf *data, const char *refusal)
{
	struct milter_answer answer = { .arena = session_arena(s) };

	if (s->milters != NULL && !is_discarded(s))
		milter_chain_tell(s, command, data, refusal, &answer);
	buf_free(data);
	return take(s, &answer);
}

void
milter_hook_disconnect(struct session *s)
{
	milter_chain_free(s->milters);
	s->milters = NULL;
}

static void
over(struct session *s, bool all)
{
	if (all)
		milter_hook_disconnect(s);
	else
		milter_chain_abort(s->milters);
}

static void
put_client(const struct session *s, struct buf *out)
{
	const struct subject *f = &s->subject;
	unsigned port = f->client_port != NULL
	    ? (unsigned)strtoul(f->client_port, NULL, 10)
	    : 0;
	uint16_t network = htons((uint16_t)port);

	milter_packet_string(out, f->client_name);
	if (f->client.family != NET_IPV4 && f->client.family != NET_IPV6) {
		buf_putc(out, SMFIA_UNKNOWN);
		return;
	}
	buf_putc(out, f->client.family == NET_IPV6 ? SMFIA_INET6 : SMFIA_INET);
	buf_put(out, &network, sizeof network);
	milter_packet_string(out, f->client_addr);
}

const char *
milter_hook_connect(struct session *s)
{
	struct buf data = { 0 };
	const char *refusal;

	milter_hook_disconnect(s);
	s->milters = milter_chain_new(s);
	s->milters_over = over;
	if (s->milters == NULL)
		return NULL;
	milter_chain_open(s);
	put_client(s, &data);
	refusal = tell(s, SMFIC_CONNECT, &data, NULL);
	if (refusal != NULL || !s->service->local)
		return refusal;
	milter_packet_string(&data, s->subject.client_name);
	return tell(s, SMFIC_HELO, &data, NULL);
}

const char *
milter_hook_helo(struct session *s)
{
	struct buf data = { 0 };

	/* A message that was begun is over with it. */
	milter_chain_abort(s->milters);
	/* Whatever a user calls this machine, they were told its name. */
	if (s->service->local)
		return NULL;
	milter_packet_string(&data, words_join(session_arena(s), &s->words, 1));
	return tell(s, SMFIC_HELO, &data, NULL);
}

/* The address and the parameters, as the client wrote them.  What does not
 * come by SMTP was written by nobody: the address, completed. */
static void
put_words(struct session *s, const char *address, struct buf *out)
{
	struct arena *arena = session_arena(s);

	if (s->service->local) {
		if (address[0] != '\0')
			address = address_external(arena,
			    route_rewrite(
				s->service->route, arena, address, true));
		milter_packet_string(out, address);
		return;
	}
	for (size_t i = 2; i < s->words.count; i++)
		milter_packet_string(out, s->words.word[i]);
}

const char *
milter_hook_mail(struct session *s)
{
	struct buf data = { 0 };

	put_words(s, s->subject.sender, &data);
	return tell(s, SMFIC_MAIL, &data, NULL);
}

const char *
milter_hook_rcpt(struct session *s, const char *refusal)
{
	struct buf data = { 0 };

	put_words(s, s->subject.recipient, &data);
	return tell(s, SMFIC_RCPT, &data, refusal);
}

const char *
milter_hook_data(struct session *s)
{
	struct buf data = { 0 };

	return tell(s, SMFIC_DATA, &data, NULL);
}

const char *
milter_hook_unknown(struct session *s)
{
	struct buf data = { 0 };

	milter_packet_string(&data, s->words.word[0]);
	return tell(s, SMFIC_UNKNOWN, &data, NULL);
}

const char *
milter_hook_end(struct session *s)
{
	const struct event_by cleanup = {
		.program = "cleanup", .number = s->by.number, .qid = s->by.qid
	};
	struct milter_answer answer = { 0 };

	milter_content_end(s, &answer);
	if (answer.reply != NULL) {
		log_as(s, &cleanup, "milter-reject", answer.reply + 4);
		return refuse(s, &answer);
	}
	if (answer.hold) {
		log_as(s, &cleanup, "milter-hold",
		    answer.why != NULL ? answer.why : hold_text);
		add_effect(s, EFFECT_HOLD);
	}
	if (answer.discard) {
		log_as(s, &cleanup, "milter-discard", discard_text);
		add_effect(s, EFFECT_DISCARD);
	}
	return NULL;
}

const char *
milter_hook_standing(struct session *s)
{
	struct milter_answer answer = { .arena = session_arena(s) };

	if (s->milters == NULL || !milter_chain_standing(s->milters, &answer) ||
	    answer.reply == NULL)
		return NULL;
	return milter_reply_print(session_arena(s), answer.reply);
}
