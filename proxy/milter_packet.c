/* milter_packet.c - see milter_packet.h. */
#include "proxy/milter_packet.h"

#include <string.h>

#include <libmilter/mfdef.h>

#include "base/buf.h"

/* What stands behind a command. */
enum form {
	FORM_EMPTY,
	FORM_TEXT,         /* up to the end, with or without a NUL */
	FORM_STRING,       /* name */
	FORM_STRING_MAYBE, /* name, and perhaps value */
	FORM_HEADER,       /* name, value */
	FORM_NUMBERED,     /* number, name, value */
	FORM_BODY,
	FORM_NEGOTIATION,
};

/* clang-format off */
static const struct {
	char command;
	enum form form;
	const char *name;
} replies[] = {
	{ SMFIR_CONTINUE,    FORM_EMPTY,        "SMFIR_CONTINUE" },
	{ SMFIR_ACCEPT,      FORM_EMPTY,        "SMFIR_ACCEPT" },
	{ SMFIR_DISCARD,     FORM_EMPTY,        "SMFIR_DISCARD" },
	{ SMFIR_REJECT,      FORM_EMPTY,        "SMFIR_REJECT" },
	{ SMFIR_TEMPFAIL,    FORM_EMPTY,        "SMFIR_TEMPFAIL" },
	{ SMFIR_CONN_FAIL,   FORM_EMPTY,        "SMFIR_CONN_FAIL" },
	{ SMFIR_SHUTDOWN,    FORM_EMPTY,        "SMFIR_SHUTDOWN" },
	{ SMFIR_SKIP,        FORM_EMPTY,        "SMFIR_SKIP" },
	{ SMFIR_PROGRESS,    FORM_EMPTY,        "SMFIR_PROGRESS" },
	{ SMFIR_REPLYCODE,   FORM_TEXT,         "SMFIR_REPLYCODE" },
	{ SMFIR_QUARANTINE,  FORM_TEXT,         "SMFIR_QUARANTINE" },
	{ SMFIR_ADDHEADER,   FORM_HEADER,       "SMFIR_ADDHEADER" },
	{ SMFIR_INSHEADER,   FORM_NUMBERED,     "SMFIR_INSHEADER" },
	{ SMFIR_CHGHEADER,   FORM_NUMBERED,     "SMFIR_CHGHEADER" },
	{ SMFIR_CHGFROM,     FORM_STRING_MAYBE, "SMFIR_CHGFROM" },
	{ SMFIR_ADDRCPT,     FORM_STRING,       "SMFIR_ADDRCPT" },
	{ SMFIR_ADDRCPT_PAR, FORM_STRING_MAYBE, "SMFIR_ADDRCPT_PAR" },
	{ SMFIR_DELRCPT,     FORM_STRING,       "SMFIR_DELRCPT" },
	{ SMFIR_REPLBODY,    FORM_BODY,         "SMFIR_REPLBODY" },
	{ SMFIC_OPTNEG,      FORM_NEGOTIATION,  "SMFIC_OPTNEG" },
};

static const struct {
	char command;
	const char *name;
} events[] = {
	{ SMFIC_OPTNEG, "SMFIC_OPTNEG" },   { SMFIC_CONNECT, "SMFIC_CONNECT" },
	{ SMFIC_HELO, "SMFIC_HELO" },       { SMFIC_MAIL, "SMFIC_MAIL" },
	{ SMFIC_RCPT, "SMFIC_RCPT" },       { SMFIC_DATA, "SMFIC_DATA" },
	{ SMFIC_UNKNOWN, "SMFIC_UNKNOWN" }, { SMFIC_HEADER, "SMFIC_HEADER" },
	{ SMFIC_EOH, "SMFIC_EOH" },         { SMFIC_BODY, "SMFIC_BODY" },
	{ SMFIC_BODYEOB, "SMFIC_BODYEOB" }, { SMFIC_ABORT, "SMFIC_ABORT" },
	{ SMFIC_QUIT, "SMFIC_QUIT" },       { SMFIC_QUIT_NC, "SMFIC_QUIT_NC" },
	{ SMFIC_MACRO, "SMFIC_MACRO" },
};
/* clang-format on */

enum { NREPLIES = sizeof replies / sizeof replies[0] };

static void
put_number(char *to, uint32_t number)
{
	for (int i = 0; i < 4; i++)
		to[i] = (char)(number >> (24 - 8 * i));
}

size_t
milter_packet_begin(struct buf *out, char command)
{
	size_t start = out->len;

	buf_put(out, "\0\0\0\0", MILTER_PACKET_HEAD);
	buf_putc(out, command);
	return start;
}

void
milter_packet_end(struct buf *out, size_t start)
{
	put_number(out->data + start,
	    (uint32_t)(out->len - start - MILTER_PACKET_HEAD));
}

void
milter_packet_string(struct buf *out, const char *text)
{
	buf_put(out, text, strlen(text) + 1);
}

void
milter_packet_number(struct buf *out, uint32_t number)
{
	char octets[4];

	put_number(octets, number);
	buf_put(out, octets, sizeof octets);
}

static uint32_t
get_number(const unsigned char *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

uint32_t
milter_packet_length(const unsigned char head[MILTER_PACKET_HEAD])
{
	return get_number(head);
}

/* What is left of a packet. */
struct rest {
	const char *p;
	size_t n;
};

static bool
take_number(struct rest *rest, uint32_t *number)
{
	if (rest->n < 4)
		return false;
	*number = get_number((const unsigned char *)rest->p);
	rest->p += 4;
	rest->n -= 4;
	return true;
}

static bool
take_string(struct rest *rest, const char **text)
{
	const char *end = memchr(rest->p, '\0', rest->n);

	if (end == NULL)
		return false;
	*text = rest->p;
	rest->n -= (size_t)(end + 1 - rest->p);
	rest->p = end + 1;
	return true;
}

/* All that is left, as one text. */
static enum milter_packet_status
take_text(struct rest *rest, struct milter_packet *packet)
{
	const char *end = memchr(rest->p, '\0', rest->n);

	packet->value = rest->p;
	packet->open = end == NULL;
	if (end != NULL && end + 1 != rest->p + rest->n)
		return MILTER_PACKET_NUL;
	rest->n = 0;
	return MILTER_PACKET_OK;
}

/* Lists of macros: every octet of them belongs to one. */
static bool
sound_symbols(const char *data, size_t n)
{
	const char *names;
	uint32_t stage;

	while (milter_packet_symbols(&data, &n, &stage, &names))
		continue;
	return n == 0;
}

static enum milter_packet_status
take_negotiation(struct rest *rest, struct milter_packet *packet)
{
	if (!take_number(rest, &packet->number) ||
	    !take_number(rest, &packet->actions) ||
	    !take_number(rest, &packet->steps))
		return MILTER_PACKET_SHORT;
	packet->data = rest->p;
	packet->len = rest->n;
	rest->n = 0;
	return sound_symbols(packet->data, packet->len) ? MILTER_PACKET_OK
							: MILTER_PACKET_SHORT;
}

static bool
take_strings(struct rest *rest, enum form form, struct milter_packet *packet)
{
	if (form == FORM_NUMBERED && !take_number(rest, &packet->number))
		return false;
	if (!take_string(rest, &packet->name))
		return false;
	if (form == FORM_STRING || (form == FORM_STRING_MAYBE && rest->n == 0))
		return true;
	return take_string(rest, &packet->value);
}

static size_t
find(char command)
{
	size_t i = 0;

	while (i < NREPLIES && replies[i].command != command)
		i++;
	return i;
}

static enum milter_packet_status
take(struct rest *rest, enum form form, struct milter_packet *packet)
{
	switch (form) {
	case FORM_EMPTY:
		return MILTER_PACKET_OK;
	case FORM_TEXT:
		return take_text(rest, packet);
	case FORM_BODY:
		packet->data = rest->p;
		packet->len = rest->n;
		rest->n = 0;
		return MILTER_PACKET_OK;
	case FORM_NEGOTIATION:
		return take_negotiation(rest, packet);
	case FORM_STRING:
	case FORM_STRING_MAYBE:
	case FORM_HEADER:
	case FORM_NUMBERED:
		break;
	}
	return take_strings(rest, form, packet) ? MILTER_PACKET_OK
						: MILTER_PACKET_SHORT;
}

enum milter_packet_status
milter_packet_parse(const char *text, size_t n, struct milter_packet *packet)
{
	struct rest rest = { text + 1, n - 1 };
	enum milter_packet_status status;
	size_t i;

	*packet = (struct milter_packet){ 0 };
	if (n == 0)
		return MILTER_PACKET_SHORT;
	packet->command = text[0];
	i = find(text[0]);
	if (i == NREPLIES)
		return MILTER_PACKET_UNKNOWN;
	status = take(&rest, replies[i].form, packet);
	if (status == MILTER_PACKET_OK && rest.n > 0) {
		packet->len = rest.n;
		return MILTER_PACKET_LONG;
	}
	return status;
}

void
milter_packet_print(const struct milter_packet *packet, struct buf *out)
{
	size_t start = milter_packet_begin(out, packet->command);
	enum form form = replies[find(packet->command)].form;

	if (form == FORM_NUMBERED || form == FORM_NEGOTIATION)
		milter_packet_number(out, packet->number);
	if (form == FORM_NEGOTIATION) {
		milter_packet_number(out, packet->actions);
		milter_packet_number(out, packet->steps);
	}
	if (packet->name != NULL)
		milter_packet_string(out, packet->name);
	if (packet->value != NULL)
		milter_packet_string(out, packet->value);
	if (packet->open)
		buf_cut(out, out->len - 1);
	if (packet->data != NULL)
		buf_put(out, packet->data, packet->len);
	milter_packet_end(out, start);
}

bool
milter_packet_symbols(
    const char **data, size_t *n, uint32_t *stage, const char **names)
{
	struct rest rest = { *data, *n };

	if (!take_number(&rest, stage) || !take_string(&rest, names))
		return false;
	*data = rest.p;
	*n = rest.n;
	return true;
}

const char *
milter_packet_event_name(char command)
{
	for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
		if (events[i].command == command)
			return events[i].name;
	return "(unknown MTA event)";
}

const char *
milter_packet_reply_name(char command)
{
	size_t i = find(command);

	return i < NREPLIES ? replies[i].name : "(unknown filter reply)";
}
