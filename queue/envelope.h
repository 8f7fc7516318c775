/* envelope.h - all that the queue keeps of a message but its body. */
#ifndef QUEUE_ENVELOPE_H
#define QUEUE_ENVELOPE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;

enum { ENVELOPE_QID = 24 }; /* a queue id in text, with its NUL */

enum envelope_state {
	ENVELOPE_TODO,
	ENVELOPE_DONE, /* sent, bounced or expanded: retired */
	/* Sent, and the sender wants to be told (NOTIFY=SUCCESS) but has not
	 * been yet: to its mailbox, or to a server that will not tell, or on
	 * to others. */
	ENVELOPE_DELIVERED,
	ENVELOPE_RELAYED,
	/* Waits for an administrator, whatever becomes of the others; the
	 * reason says why. */
	ENVELOPE_HELD,
	ENVELOPE_EXPANDED, /* not sent, but replaced by other addresses */
};

enum { /* RFC 3461 NOTIFY */
	ENVELOPE_NOTIFY_NEVER = 1,
	ENVELOPE_NOTIFY_SUCCESS = 2,
	ENVELOPE_NOTIFY_FAILURE = 4,
	ENVELOPE_NOTIFY_DELAY = 8,
};

/* A report by mail that whoever submitted it wants, of all recipients. */
enum envelope_trace {
	ENVELOPE_TRACE_NONE,
	ENVELOPE_TRACE_ATTEMPT, /* of the first attempt to deliver it */
	ENVELOPE_TRACE_VERIFY,  /* of what an attempt would bring: it is never
				 * delivered, whatever happens */
};

struct envelope_rcpt {
	const char *address;  /* internal form, after expansion */
	const char *original; /* what the client wrote; "" if the same */
	const char *orcpt;    /* ORCPT=, as given; "" */
	unsigned notify;      /* 0: as usual */
	const char *transport, *nexthop; /* as first resolved */
	/* What the local agent has found out to be done for it, in its own
	 * words (a command, a file ...); NULL or "": nothing. */
	const char *target;
	enum envelope_state state;
	/* Of the last attempt, as in struct job_outcome; "". */
	const char *dsn, *reason, *remote, *diagnostic;
};

struct envelope {
	char qid[ENVELOPE_QID];
	int64_t arrival;      /* wall clock, ns */
	int64_t not_before;   /* next attempt; 0: at once */
	int64_t last_attempt; /* 0: none; in the mark, not in the record */
	unsigned attempts;
	const char *sender; /* internal form; "" is <> */
	const char *envid;  /* ENVID=; "" */
	/* Two delimiters (verp.h): each recipient has a sender of its own; NULL
	 * or "": all have ${sender}. */
	const char *verp;
	char ret; /* RET=: 'F', 'H', or 0 */
	bool utf8, eight_bit;
	bool hold;
	bool bounced_delay_warning;
	enum envelope_trace trace;
	bool is_bounce; /* a notice of our own: its sender is <> and it is
			     * never bounced but to the double-bounce rules */
	bool unseen;    /* ... that is to pass intake (schedule_look.c) first */
	bool local;     /* from one of ours (local_header_rewrite_clients) */
	uint64_t size;  /* header and body, CRLF counted, as logged */
	const char *filter; /* content filter "transport:nexthop"; "" */
	/* Taken before ${filter} has seen it, which failed then: it stays on
	 * hold until that takes it, and its sender is never told anything. */
	bool rescan;
	const char *client_name, *client_addr, *client_port, *helo, *protocol,
	    *sasl_method, *sasl_username; /* "" where not known */
	const char *ident; /* the name that another queue had for it; or "" */
	const char *message_id;
	struct envelope_rcpt *rcpts;
	size_t nrcpts;
	/* The header section, every edit applied, CRLF line ends, with the
	 * empty line that ends it if there is a body. */
	const char *headers;
	size_t nheaders;
	/* The body: inline, or in chunks that were stored before. */
	const char *body;
	size_t nbody;
	uint64_t nchunks; /* 0: inline */
};

/* envelope_print(e, out): append the stored form: versioned, every field with
 * its length, sealed. */
void envelope_print(const struct envelope *e, struct buf *out);

/*
 * envelope_parse(data, n, arena, e):
 * Read the stored form, which is all of ${data}.  False: damaged, cut short,
 * or of a version that is not known; ${e} is then of no use.  headers and body
 * point into ${data}, everything else into ${arena}.
 */
bool envelope_parse(
    const char *data, size_t n, struct arena *arena, struct envelope *e);

/* envelope_peek(): the same without looking at headers and body, whose pages
 * a listing of the queue need not fetch; whether they are whole stays open. */
bool envelope_peek(
    const char *data, size_t n, struct arena *arena, struct envelope *e);

/* envelope_parse_content(): the same as envelope_parse() without the recipients,
 * of which there may be many: rcpts is NULL, nrcpts 0. */
bool envelope_parse_content(
    const char *data, size_t n, struct arena *arena, struct envelope *e);

/* envelope_has_verp(e): each recipient has a sender of its own.
 * envelope_has(e, state): some recipient is in that state.
 * envelope_waits(e): nothing is left to do of it but for an administrator.
 * envelope_release(e): no recipient is held any more. */
bool envelope_has_verp(const struct envelope *e);
bool envelope_has(const struct envelope *e, enum envelope_state state);
bool envelope_waits(const struct envelope *e);
void envelope_release(struct envelope *e);

/* envelope_qid(now, number, long_form, qid): a queue id in Postfix's alphabets:
 * short (microseconds and ${number} in hexadecimal) or long (time in base 52,
 * "z", ${number} in base 51).  Unique while ${number} is. */
void envelope_qid(
    int64_t now, uint64_t number, bool long_form, char qid[ENVELOPE_QID]);

/* envelope_qid_valid(text): it has the form of a queue id. */
bool envelope_qid_valid(const char *text);

#endif
