/* message.h - a message on its way in: its header section, held and edited,
 * and its body, which streams through. */
#ifndef PROXY_MESSAGE_H
#define PROXY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

struct proxy_params;
struct smtp_service;

/* Why a message cannot be taken; the first one found counts. */
enum message_fault {
	MESSAGE_OK,
	MESSAGE_TOO_LARGE,
	MESSAGE_HOPS,
	MESSAGE_OCTETS, /* one of message_reject_characters */
};

/*
 * The text is given as it was decoded, with <CR><LF> line ends.  What begins
 * with lines that are headers is a header section; it ends with an empty line,
 * or before the first line that is no header (RFC 5322), and an empty line is
 * put there.
 */
struct message {
	const struct smtp_service *service;
	const struct proxy_params *params;
	enum message_fault fault;
	bool in_body;
	bool started;       /* the first line has been seen */
	bool cutting;       /* a header is longer than header_size_limit */
	struct buf line;    /* of the section: not yet complete */
	struct buf header;  /* one, with its continuations: not yet complete */
	struct buf headers; /* the section so far */
	struct buf body;    /* to be taken away by the owner */
	uint64_t size;      /* received so far */
	uint64_t whole;     /* ... in complete lines */
	unsigned hops;
	char *message_id; /* "<...>"; NULL: none; malloc'd */
	bool has_date, has_from, has_rcpt;
	bool split; /* the section was too long and goes on in the body */
};

void message_open(struct message *m, const struct smtp_service *service,
    const struct proxy_params *params);

/* message_feed(m, data, n): more of the text.  Body text is appended to
 * m->body.  After a fault, what comes is counted and forgotten. */
void message_feed(struct message *m, const char *data, size_t n);

/* message_end(m): that was all. */
void message_end(struct message *m);

void message_close(struct message *m);

#endif
