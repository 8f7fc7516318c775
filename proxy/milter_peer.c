/* milter_peer.c - see milter_peer.h.  States and words are Postfix's. */
#include "proxy/milter_peer.h"

#include <stdlib.h>
#include <string.h>

#include <libmilter/mfapi.h>
#include <libmilter/mfdef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/dial.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/stream.h"
#include "proxy/milter_edit.h"
#include "proxy/milter_packet.h"
#include "proxy/milter_reply.h"
#include "proxy/milter_terms.h"
#include "proxy/milter_wire.h"

enum {
	/* A milter that says "progress" for ever ends after so many times the
	 * limit: with the default, when an SMTP client stops waiting (RFC
	 * 5321, 4.5.3.2.6). */
	MOST_LIMITS = 2,
};

enum state {
	STATE_NEW,      /* not connected */
	STATE_OPEN,     /* it is told of everything */
	STATE_CONTENT,  /* it has accepted this message, or discards it */
	STATE_STANDING, /* it has given its answer to all that comes */
};

struct milter_peer {
	const struct milter_setting *setting;
	struct arena *arena;
	struct event_by by;
	const char *program; /* of what is not about content */
	struct milter_wire wire;
	enum state state;
	struct milter_answer standing;
	struct milter_terms terms;
	char skipped; /* the event it wants no more of for this message */
	bool told;    /* something of a message */
};

/* Which bit keeps an event back, which one its answer. */
/* clang-format off */
static const struct step {
	uint32_t unwanted, unanswered;
	enum milter_setting_stage stage;
	char command;
	bool content; /* a time limit of its own */
} table[] = {
	{ SMFIP_NOCONNECT, SMFIP_NR_CONN, MILTER_SETTING_CONNECT, SMFIC_CONNECT, false },
	{ SMFIP_NOHELO,    SMFIP_NR_HELO, MILTER_SETTING_HELO,    SMFIC_HELO,    false },
	{ SMFIP_NOMAIL,    SMFIP_NR_MAIL, MILTER_SETTING_MAIL,    SMFIC_MAIL,    false },
	{ SMFIP_NORCPT,    SMFIP_NR_RCPT, MILTER_SETTING_RCPT,    SMFIC_RCPT,    false },
	{ SMFIP_NODATA,    SMFIP_NR_DATA, MILTER_SETTING_DATA,    SMFIC_DATA,    false },
	{ SMFIP_NOUNKNOWN, SMFIP_NR_UNKN, MILTER_SETTING_UNKNOWN, SMFIC_UNKNOWN, false },
	{ SMFIP_NOHDRS,    SMFIP_NR_HDR,  MILTER_SETTING_HEADERS, SMFIC_HEADER,  true },
	{ SMFIP_NOEOH,     SMFIP_NR_EOH,  MILTER_SETTING_HEADERS, SMFIC_EOH,     true },
	{ SMFIP_NOBODY,    SMFIP_NR_BODY, MILTER_SETTING_END,     SMFIC_BODY,    true },
	{ 0,               0,             MILTER_SETTING_END,     SMFIC_BODYEOB, true },
};
/* clang-format on */

static const struct step *
step_of(char command)
{
	size_t i = 0;

	while (i + 1 < sizeof table / sizeof table[0] &&
	    table[i].command != command)
		i++;
	return &table[i];
}

enum milter_setting_stage
milter_peer_stage(char command)
{
	return step_of(command)->stage;
}

struct milter_peer *
milter_peer_new(const struct milter_setting *setting, struct arena *arena,
    const struct event_by *by)
{
	struct milter_peer *peer = calloc(1, sizeof *peer);

	if (peer == NULL)
		fatal("out of memory");
	peer->setting = setting;
	peer->arena = arena;
	peer->by = *by;
	peer->program = by->program;
	peer->by.qid = NULL;
	peer->wire.name = setting->name;
	peer->wire.by = &peer->by;
	return peer;
}

static void
hang_up(struct milter_peer *peer)
{
	stream_close(peer->wire.stream);
	peer->wire.stream = NULL;
	buf_free(&peer->wire.packet);
}

/* Send a command without data that has no answer, if it can be sent now. */
static void
send_alone(struct milter_peer *peer, char command)
{
	struct buf out = { 0 };

	milter_packet_end(&out, milter_packet_begin(&out, command));
	stream_deadline(peer->wire.stream, clock_mono());
	stream_put(peer->wire.stream, out.data, out.len);
	(void)stream_flush(peer->wire.stream);
	buf_free(&out);
}

void
milter_peer_free(struct milter_peer *peer)
{
	if (peer->wire.stream != NULL)
		send_alone(peer, SMFIC_QUIT);
	hang_up(peer);
	free(peer);
}

void
milter_peer_abort(struct milter_peer *peer)
{
	if (peer->told && peer->wire.stream != NULL)
		send_alone(peer, SMFIC_ABORT);
	peer->told = false;
	peer->skipped = 0;
	if (peer->state == STATE_CONTENT)
		peer->state = STATE_OPEN;
}

/* milter_default_action: for a milter that is away, and for one that does not
 * say what it may, which somebody must mend. */
/* clang-format off */
static const char unavailable[] =
    "451 4.7.1 Service unavailable - try again later";
static const struct {
	const char *away, *wrong;
	bool hold;
} defaults[] = {
	[MILTER_SETTING_ACCEPT] = { NULL, NULL, false },
	[MILTER_SETTING_REJECT] = {
	    "550 5.5.0 Service unavailable",
	    "550 5.5.0 Service unavailable", false },
	[MILTER_SETTING_TEMPFAIL] = {
	    unavailable,
	    "451 4.3.5 Server configuration problem - try again later", false },
	[MILTER_SETTING_QUARANTINE] = { NULL, NULL, true },
	[MILTER_SETTING_SHUTDOWN] = {
	    MILTER_REPLY_SHUTDOWN, MILTER_REPLY_SHUTDOWN, false },
};
/* clang-format on */

/* It is of no use any more: its default action, from now on. */
static void
fail(struct milter_peer *peer, bool wrong)
{
	enum milter_setting_action action = peer->setting->action;

	peer->standing = (struct milter_answer){
		.reply = wrong ? defaults[action].wrong : defaults[action].away,
		.hold = defaults[action].hold,
	};
	peer->state = STATE_STANDING;
	hang_up(peer);
}

/* Read one packet; false: there is none to be had, which is logged. */
static bool
receive_packet(
    struct milter_peer *peer, char event, struct milter_packet *packet)
{
	return milter_wire_read(&peer->wire, event) &&
	    milter_wire_parse(&peer->wire, event, packet);
}

void
milter_peer_open(struct milter_peer *peer)
{
	const struct milter_setting *m = peer->setting;
	struct err err = { 0 };

	peer->wire.stream =
	    dial_open(m->endpoint, clock_mono() + m->connect_timeout, &err);
	if (peer->wire.stream == NULL)
		event_warning(&peer->by, "connect to Milter service %s: %s",
		    m->name, err.text);
	if (peer->wire.stream == NULL ||
	    !milter_terms_agree(&peer->wire, m, peer->arena, &peer->terms))
		fail(peer, false);
	else
		peer->state = STATE_OPEN;
}

/* It is to be told of such events now, if it wants to be. */
static bool
listens(const struct milter_peer *peer, char command)
{
	/* What came with later versions is not told to an older one. */
	return peer->state == STATE_OPEN && peer->skipped != command &&
	    (command != SMFIC_UNKNOWN || peer->terms.version >= 3) &&
	    (command != SMFIC_DATA || peer->terms.version >= 4);
}

bool
milter_peer_hears(const struct milter_peer *peer, char command)
{
	return listens(peer, command) &&
	    (peer->terms.steps & step_of(command)->unwanted) == 0;
}

bool
milter_peer_hears_macros(const struct milter_peer *peer, char command)
{
	return milter_peer_hears(peer, command) ||
	    (listens(peer, command) && !step_of(command)->content);
}

bool
milter_peer_hears_refused(const struct milter_peer *peer)
{
	return (peer->terms.steps & SMFIP_RCPT_REJ) != 0;
}

bool
milter_peer_spaces(const struct milter_peer *peer)
{
	return (peer->terms.steps & SMFIP_HDR_LEADSPC) != 0;
}

const char *
milter_peer_macros(
    const struct milter_peer *peer, enum milter_setting_stage stage)
{
	return peer->terms.macros[stage];
}

/* The answer is the standing one. */
static void
stand(const struct milter_peer *peer, struct milter_answer *answer)
{
	struct arena *arena = answer->arena;

	*answer = peer->standing;
	answer->arena = arena;
	answer->who = peer->setting->name;
}

bool
milter_peer_standing(
    const struct milter_peer *peer, struct milter_answer *answer)
{
	stand(peer, answer);
	return peer->state == STATE_STANDING &&
	    (answer->reply != NULL || answer->hold);
}

bool
milter_peer_failed(const struct milter_peer *peer)
{
	return peer->state == STATE_STANDING;
}

static bool
of_connection(char event)
{
	return event == SMFIC_CONNECT || event == SMFIC_HELO;
}

/* It refuses, with ${reply}: the connection, or what it was asked about. */
static void
refuse(struct milter_peer *peer, char event, const char *reply,
    struct milter_answer *answer)
{
	bool shutdown = strcmp(reply, MILTER_REPLY_SHUTDOWN) == 0;

	answer->reply = reply;
	if (!of_connection(event) && !shutdown)
		return;
	peer->standing =
	    (struct milter_answer){ .reply = arena_strdup(peer->arena, reply) };
	peer->state = STATE_STANDING;
	hang_up(peer);
}

static void
take_replycode(struct milter_peer *peer, char event,
    const struct milter_packet *packet, struct milter_answer *answer)
{
	const char *reply = milter_reply_parse(answer->arena, packet->value);

	if (reply != NULL) {
		refuse(peer, event, reply, answer);
		return;
	}
	event_warning(&peer->by, "milter %s: malformed reply: %s",
	    peer->setting->name, packet->value);
	fail(peer, true);
	stand(peer, answer);
}

/* It needs no more of this message, or of this connection. */
static void
accept_it(struct milter_peer *peer, char event)
{
	if (of_connection(event)) {
		peer->standing = (struct milter_answer){ 0 };
		peer->state = STATE_STANDING;
		hang_up(peer);
	} else if (event != SMFIC_UNKNOWN) {
		peer->state = STATE_CONTENT;
	}
}

static void
discard(struct milter_peer *peer, char event, struct milter_answer *answer)
{
	if (of_connection(event)) {
		event_warning(&peer->by,
		    "milter %s: DISCARD action is not allowed for connect or "
		    "helo",
		    peer->setting->name);
		return;
	}
	peer->state = STATE_CONTENT;
	answer->discard = true;
}

static void
hold(const char *why, struct milter_answer *answer)
{
	enum { MOST_WHY = 100 };

	answer->hold = true;
	if (why[0] != '\0' && answer->why == NULL)
		answer->why =
		    arena_strndup(answer->arena, why, strnlen(why, MOST_WHY));
}

enum next { MORE, DONE, BAD };

/* A change, if it is one and one is due. */
static enum next
change(struct milter_peer *peer, char event, const struct milter_packet *packet,
    struct milter_edit_list *edits, struct milter_answer *answer)
{
	struct err err = { 0 };
	enum milter_edit_result result = edits != NULL
	    ? milter_edit_add(edits, packet, &err)
	    : MILTER_EDIT_NONE;

	switch (result) {
	case MILTER_EDIT_TAKEN:
		return MORE;
	case MILTER_EDIT_LARGE:
		answer->reply = "552 5.3.4 Error: message file too big";
		/* Nobody reads what else it says. */
		fail(peer, false);
		return DONE;
	case MILTER_EDIT_FAILED:
		event_warning(
		    &peer->by, "milter %s: %s", peer->setting->name, err.text);
		answer->reply = "451 4.3.0 Error: queue file write error";
		fail(peer, false);
		return DONE;
	case MILTER_EDIT_REFUSED:
		event_warning(
		    &peer->by, "milter %s: %s", peer->setting->name, err.text);
		fail(peer, true);
		stand(peer, answer);
		return DONE;
	case MILTER_EDIT_NONE:
		break;
	}
	event_warning(&peer->by,
	    "milter %s: unexpected filter response %s after event %s",
	    peer->setting->name, milter_packet_reply_name(packet->command),
	    milter_packet_event_name(event));
	return BAD;
}

/* One packet of an answer. */
static enum next
take(struct milter_peer *peer, char event, const struct milter_packet *packet,
    struct milter_edit_list *edits, struct milter_answer *answer)
{
	switch (packet->command) {
	case SMFIR_PROGRESS:
		return MORE;
	case SMFIR_CONTINUE:
		return DONE;
	case SMFIR_SKIP:
		peer->skipped = event;
		return DONE;
	case SMFIR_ACCEPT:
		accept_it(peer, event);
		return DONE;
	case SMFIR_DISCARD:
		if (event != SMFIC_UNKNOWN)
			discard(peer, event, answer);
		return DONE;
	case SMFIR_REJECT:
		refuse(peer, event, "550 5.7.1 Command rejected", answer);
		return DONE;
	case SMFIR_TEMPFAIL:
		refuse(peer, event, unavailable, answer);
		return DONE;
	case SMFIR_SHUTDOWN:
		refuse(peer, event, MILTER_REPLY_SHUTDOWN, answer);
		return DONE;
	case SMFIR_REPLYCODE:
		take_replycode(peer, event, packet, answer);
		return DONE;
	case SMFIR_QUARANTINE:
		if (event != SMFIC_BODYEOB)
			break;
		hold(packet->value, answer);
		return MORE;
	default:
		break;
	}
	return change(peer, event, packet, edits, answer);
}

/* Read until the event is answered.  Each sign of life gives it its time again,
 * to a limit. */
static void
hear(struct milter_peer *peer, const struct step *step,
    struct milter_edit_list *edits, struct milter_answer *answer)
{
	int64_t limit = step->content ? peer->setting->content_timeout
				      : peer->setting->command_timeout;
	int64_t end = clock_mono() + MOST_LIMITS * limit, until;
	struct milter_packet packet;
	enum next next = MORE;

	while (next == MORE) {
		/* Who never pauses is never waited for. */
		if (clock_mono() >= end) {
			event_warning(&peer->by,
			    "milter %s: can't read %s reply packet header: "
			    "Connection timed out",
			    peer->setting->name,
			    milter_packet_event_name(step->command));
			next = BAD;
			break;
		}
		until = clock_mono() + limit;
		stream_deadline(peer->wire.stream, until < end ? until : end);
		next = receive_packet(peer, step->command, &packet)
		    ? take(peer, step->command, &packet, edits, answer)
		    : BAD;
	}
	if (next == BAD) {
		fail(peer, false);
		stand(peer, answer);
	}
}

/* It has said something that nobody has asked for, so that what it says next
 * might be taken for the answer to something else. */
static bool
has_spoken(struct milter_peer *peer, char event)
{
	if (!milter_wire_waits(&peer->wire))
		return false;
	event_warning(&peer->by, "milter %s: unexpected data before event %s",
	    peer->setting->name, milter_packet_event_name(event));
	fail(peer, false);
	return true;
}

/* Put packets for an event into the output. */
static void
put(struct milter_peer *peer, const struct step *step, const struct buf *macros,
    const struct buf *data)
{
	const struct milter_setting *m = peer->setting;
	struct buf out = { 0 };
	size_t start = milter_packet_begin(&out, SMFIC_MACRO);

	buf_putc(&out, step->command);
	buf_put(&out, macros->data, macros->len);
	milter_packet_end(&out, start);
	if (milter_peer_hears(peer, step->command)) {
		start = milter_packet_begin(&out, step->command);
		buf_put(&out, data->data, data->len);
		milter_packet_end(&out, start);
	}
	stream_deadline(peer->wire.stream,
	    clock_mono() +
		(step->content ? m->content_timeout : m->command_timeout));
	stream_put(peer->wire.stream, out.data, out.len);
	buf_free(&out);
}

void
milter_peer_tell(struct milter_peer *peer, char command,
    const struct buf *macros, const struct buf *data,
    struct milter_edit_list *edits, struct milter_answer *answer)
{
	const struct step *step = step_of(command);

	*answer = (struct milter_answer){ .arena = answer->arena,
		.who = peer->setting->name };
	if (peer->state == STATE_STANDING)
		stand(peer, answer);
	if (!milter_peer_hears_macros(peer, command))
		return;
	peer->by.program = step->content ? "cleanup" : peer->program;
	if (has_spoken(peer, command)) {
		stand(peer, answer);
		return;
	}
	put(peer, step, macros, data);
	if (!milter_peer_hears(peer, command))
		return;
	peer->told |= !of_connection(command) && command != SMFIC_UNKNOWN;
	if ((peer->terms.steps & step->unanswered) == 0)
		hear(peer, step, edits, answer);
}
