/* milter_content.c - see milter_content.h. */
#include "proxy/milter_content.h"

#include <stdlib.h>
#include <string.h>

#include <libmilter/mfdef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/spool.h"
#include "checks/content_verdict.h"
#include "proxy/completion.h"
#include "proxy/hall.h"
#include "proxy/header_list.h"
#include "proxy/mail.h"
#include "proxy/milter_chain.h"
#include "proxy/milter_edit.h"
#include "proxy/milter_packet.h"
#include "proxy/milter_peer.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"

struct milter_content {
	struct header_list headers;
	size_t first;         /* the peer that is told as it comes */
	struct spool *came;   /* the body; NULL: nobody needs it again */
	struct spool *edited; /* by a milter; NULL: it is as it came */
	uint64_t octets;
	struct milter_answer answer; /* of the first one, before the end */
	const char *trouble;         /* the body could not be kept */
};

void
milter_content_free(struct milter_content *c)
{
	if (c == NULL)
		return;
	spool_free(c->came);
	spool_free(c->edited);
	free(c);
}

struct header_list *
milter_content_headers(struct milter_content *c)
{
	return &c->headers;
}

struct spool *
milter_content_body(const struct milter_content *c)
{
	return c->edited;
}

uint64_t
milter_content_octets(const struct milter_content *c)
{
	return c->octets;
}

/* Something speaks against the message already, or says that it is not to be
 * looked at. */
static bool
is_over(const struct session *s)
{
	const struct mail *mail = s->mail;
	const struct message *m = &mail->message;

	if (m->fault != MESSAGE_OK || m->verdict.code != 0 || m->verdict.done)
		return true;
	for (const struct effect *e = mail->effects; e != NULL; e = e->next)
		if (e->kind == EFFECT_DISCARD)
			return true;
	return false;
}

/* The first peer from number ${i} on that is told of content. */
static size_t
next_listener(struct session *s, size_t i)
{
	struct milter_chain *chain = s->milters;

	while (i < milter_chain_count(chain) &&
	    !milter_peer_hears(milter_chain_peer(chain, i), SMFIC_BODYEOB))
		i++;
	return i;
}

static void
tell(struct session *s, size_t i, char command, const struct buf *data,
    struct milter_edit_list *edits)
{
	struct milter_content *c = s->mail->content;
	struct milter_answer one = { .arena = s->mail->arena };

	milter_chain_tell_one(
	    s, milter_chain_peer(s->milters, i), command, data, edits, &one);
	c->answer.hold |= one.hold;
	if (one.why != NULL)
		c->answer.why = one.why;
	c->answer.discard |= one.discard;
	if (c->answer.reply == NULL)
		c->answer.reply = one.reply;
	c->answer.who = one.who;
}

/* No more for this peer: it has refused, or has had enough. */
static bool
has_enough(struct session *s, size_t i)
{
	const struct milter_content *c = s->mail->content;

	return c->answer.reply != NULL || c->answer.discard ||
	    !milter_peer_hears(milter_chain_peer(s->milters, i), SMFIC_BODYEOB);
}

static void
tell_headers(struct session *s, size_t i)
{
	const struct header_list *list = &s->mail->content->headers;
	bool spaces = milter_peer_spaces(milter_chain_peer(s->milters, i));
	struct buf data = { 0 };

	for (size_t k = 0; k < list->count && !has_enough(s, i); k++) {
		const struct header_item *item = &list->items[k];
		const char *value = header_list_value(item);

		if (item->own)
			continue;
		if (!spaces && *value == ' ')
			value++;
		buf_reset(&data);
		buf_put(&data, item->text, header_list_name(item));
		buf_putc(&data, '\0');
		milter_packet_string(&data, value);
		tell(s, i, SMFIC_HEADER, &data, NULL);
	}
	buf_reset(&data);
	if (!has_enough(s, i))
		tell(s, i, SMFIC_EOH, &data, NULL);
	buf_free(&data);
}

static void
tell_body(struct session *s, size_t i, const char *data, size_t n)
{
	while (n > 0 && !has_enough(s, i)) {
		size_t some = n < MILTER_CHUNK_SIZE ? n : MILTER_CHUNK_SIZE;
		struct buf piece = { 0 };

		buf_put(&piece, data, some);
		tell(s, i, SMFIC_BODY, &piece, NULL);
		buf_free(&piece);
		data += some;
		n -= some;
	}
}

/* Where our own Received: begins in ${text}; its end, if it is not there (a check
 * has dropped or changed it). */
static size_t
find_own(const struct mail *mail, const struct buf *text)
{
	const char *p = text->data, *end = p + text->len;
	size_t n = mail->received != NULL ? strlen(mail->received) : 0;

	while (n > 0 && p < end) {
		p = memmem(p, (size_t)(end - p), mail->received, n);
		if (p == NULL)
			break;
		if (p == text->data || p[-1] == '\n')
			return (size_t)(p - text->data);
		p++;
	}
	return text->len;
}

/* What restrictions prepended, our Received: and the message's headers. */
static void
take_headers(struct session *s)
{
	struct mail *mail = s->mail;
	struct header_list *list = &mail->content->headers;
	const struct buf *text = &mail->message.keep.headers;
	size_t own, behind;

	completion_add(s);
	own = find_own(mail, text);
	behind = own < text->len ? own + strlen(mail->received) : own;
	list->arena = mail->arena;
	header_list_add(list, text->data, own, false);
	header_list_add(list, text->data + own, behind - own, true);
	header_list_add(list, text->data + behind, text->len - behind, false);
}

static struct milter_content *
begin(struct session *s)
{
	struct milter_content *c = calloc(1, sizeof *c);

	if (c == NULL)
		fatal("out of memory");
	s->mail->content = c;
	s->mail->free_content = milter_content_free;
	take_headers(s);
	c->first = next_listener(s, 0);
	if (c->first == milter_chain_count(s->milters))
		return c;
	if (next_listener(s, c->first + 1) < milter_chain_count(s->milters))
		c->came = spool_new(s->hall->shared->spool);
	tell_headers(s, c->first);
	return c;
}

static void
keep_body(struct session *s, const char *data, size_t n)
{
	struct milter_content *c = s->mail->content;
	struct err err = { 0 };

	c->octets += n;
	if (n == 0 || c->came == NULL || c->trouble != NULL ||
	    spool_put(c->came, data, n, &err) == 0)
		return;
	event_warning(
	    &s->by, "a message for milters cannot be kept: %s", err.text);
	c->trouble = "451 4.3.0 Error: queue file write error";
}

void
milter_content_look(struct session *s)
{
	struct mail *mail = s->mail;
	struct milter_content *c = mail->content;
	const struct keep *keep = &mail->message.keep;

	if (s->milters == NULL || is_over(s) || (!keep->ended && !mail->whole))
		return;
	if (c == NULL)
		c = begin(s);
	keep_body(s, keep->body.data, keep->body.len);
	if (c->first < milter_chain_count(s->milters))
		tell_body(s, c->first, keep->body.data, keep->body.len);
}

/* All of the body, to a peer that was not told as it came. */
static void
tell_again(struct session *s, size_t i)
{
	enum { PIECE = 65535 };
	struct milter_content *c = s->mail->content;
	const struct spool *body = c->edited != NULL ? c->edited : c->came;
	char *piece = malloc(PIECE);
	struct err err = { 0 };
	uint64_t at = 0;
	ssize_t n;

	if (piece == NULL)
		fatal("out of memory");
	while (!has_enough(s, i) &&
	    (n = spool_get(body, at, piece, PIECE, &err)) != 0) {
		if (n < 0) {
			event_warning(&s->by,
			    "a message for milters cannot be read: %s",
			    err.text);
			c->answer.reply =
			    "451 4.3.0 Error: queue file write error";
			break;
		}
		tell_body(s, i, piece, (size_t)n);
		at += (uint64_t)n;
	}
	free(piece);
}

/* The end of the message: nothing of what a milter wants is done before it has
 * said all. */
static void
tell_end(struct session *s, size_t i)
{
	struct milter_content *c = s->mail->content;
	struct milter_peer *peer = milter_chain_peer(s->milters, i);
	struct milter_edit_list edits;
	struct buf nothing = { 0 };

	if (has_enough(s, i))
		return;
	milter_edit_open(&edits, s->mail->arena, s->hall->shared->spool,
	    (uint64_t)s->params->message_size_limit);
	tell(s, i, SMFIC_BODYEOB, &nothing, &edits);
	if (c->answer.reply == NULL && !c->answer.discard &&
	    !milter_peer_failed(peer)) {
		milter_edit_apply(
		    s, &edits, &c->headers, milter_peer_spaces(peer));
		if (edits.body != NULL) {
			spool_free(c->edited);
			c->edited = edits.body;
			edits.body = NULL;
		}
	}
	milter_edit_close(&edits);
}

void
milter_content_end(struct session *s, struct milter_answer *answer)
{
	struct milter_content *c = s->mail->content;
	size_t i;

	if (c == NULL || is_over(s))
		return;
	i = c->first;
	if (i < milter_chain_count(s->milters))
		tell_end(s, i);
	while (c->answer.reply == NULL && !c->answer.discard && !is_over(s) &&
	    (i = next_listener(s, i + 1)) < milter_chain_count(s->milters)) {
		if (c->trouble != NULL) {
			c->answer.reply = c->trouble;
			break;
		}
		tell_headers(s, i);
		tell_again(s, i);
		tell_end(s, i);
	}
	*answer = c->answer;
}
