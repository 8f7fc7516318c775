/* message.h - a message on its way in: taken apart into headers and body, given
 * to the content stages, and kept. */
#ifndef PROXY_MESSAGE_H
#define PROXY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "checks/content_verdict.h"
#include "classes/content_stack.h"
#include "proxy/keep.h"

struct arena;
struct message_rules;
struct proxy_params;
struct recipient_content;
struct subject;

/* Why a message cannot be taken, whatever the stages say; the first one found
 * counts. */
enum message_fault {
	MESSAGE_OK,
	MESSAGE_TOO_LARGE,
	MESSAGE_OCTETS, /* one of message_reject_characters */
};

/* Whose message it is. */
struct message_about {
	const struct subject *subject; /* whom the log names */
	/* Whose classes look at it behind the checks common to all; NULL:
	 * nobody's. */
	struct recipient_content *recipients;
	bool local; /* headers are rewritten as those of local clients */
};

/*
 * The text is given as it was decoded, with <CR><LF> line ends.  What begins
 * with lines that are headers is a header section; it ends with an empty line,
 * or before the first line that is no header (RFC 5322), and an empty line is
 * put there; non_empty_end_of_header_action says what else becomes of it.
 */
struct message {
	const struct message_rules *rules;
	const struct subject *subject; /* whom the log names */
	const struct proxy_params *params;
	struct content_verdict verdict; /* of all stages */
	struct content_stage *first;    /* of them */
	struct content_stack stack;     /* these, then */
	struct content_stage *rewriter; /* to be closed; or NULL */
	struct keep keep;               /* the last one */
	enum message_fault fault;
	const char *wrong; /* the line of MESSAGE_OCTETS, perhaps cut, or "" */
	bool in_body;
	bool no_end;       /* text ends the section, and is not to */
	bool started;      /* the first line has been seen */
	bool in_line;      /* the last piece of a header did not end its line */
	struct buf line;   /* of the section: not yet complete */
	struct buf header; /* one, with its continuations: not yet complete */
	uint64_t size;     /* received so far */
	uint64_t whole;    /* ... in complete lines */
};

/*
 * message_open(m, rules, params, about, arena):
 * Begin a message; what the stages decide lives in ${arena}.  ${params} has the
 * limits on its size and that of a header; it, ${rules} and what ${about} points
 * to outlive it.
 */
void message_open(struct message *m, const struct message_rules *rules,
    const struct proxy_params *params, const struct message_about *about,
    struct arena *arena);

/* message_blocks(m): message_feed() and message_end() may block. */
bool message_blocks(const struct message *m);

/* message_feed(m, data, n): more of the text.  After a fault, what comes is
 * counted and forgotten.  May block if the stages do. */
void message_feed(struct message *m, const char *data, size_t n);

/* message_header(m, text, len): a header that we put before those of the text,
 * "\n" between its lines.  May block if the stages do. */
void message_header(struct message *m, const char *text, size_t len);

/* message_nul(m): NULs were left out of the text. */
void message_nul(struct message *m);

/* message_end(m): that was all.  May block, too. */
void message_end(struct message *m);

/* message_close(m): release everything. */
void message_close(struct message *m);

#endif
