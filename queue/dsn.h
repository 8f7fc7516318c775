/* dsn.h - the text of delivery status notifications (RFC 3464).  Pure: no
 * queue, no clock. */
#ifndef QUEUE_DSN_H
#define QUEUE_DSN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

enum dsn_kind {
	DSN_FAILURE,    /* to the sender: it could not be delivered */
	DSN_DELAY,      /* to the sender: it is late */
	DSN_SUCCESS,    /* to the sender: it was delivered */
	DSN_TRACE,      /* to the sender, who asked what becomes of it */
	DSN_COPY,       /* to the postmaster: what a sender was told */
	DSN_COPY_DELAY, /* the same of a delay */
	DSN_DOUBLE,     /* to the postmaster: a bounce that cannot be
			 * delivered itself */
};

struct dsn_rcpt {
	const char *address, *original, *orcpt; /* as in the envelope */
	const char *dsn, *reason, *remote, *diagnostic;
	bool relayed;  /* SUCCESS: to a server that reports nothing itself */
	bool expanded; /* SUCCESS: it stood for other addresses */
	const char *action; /* TRACE: RFC 3464's word, or Postfix's */
};

struct dsn {
	enum dsn_kind kind;
	const char *qid; /* of the notice itself */
	int64_t now;     /* wall clock, ns */
	const char *to;  /* who gets it, internal form */
	const char *myhostname, *mail_name;
	const char *myorigin; /* of addresses that have no domain */

	/* In which words: From: and Subject:, the charset, and the text above
	 * what became of each recipient; NULL: none. */
	const char *from, *subject, *text, *charset;

	/* The message that it is about. */
	const char *about;  /* its queue id */
	const char *sender; /* internal form */
	const char *thread; /* its Message-ID, to refer to; NULL or "": not */
	const char *envid;
	int64_t arrival;     /* ns */
	int64_t retry_until; /* DELAY: when we give up, ns */
	bool utf8;
	const struct dsn_rcpt *rcpts;
	size_t nrcpts;

	/* What of it is returned. */
	const char *headers;
	size_t nheaders;
	const char *body;
	size_t nbody;
	bool headers_only;
	bool eight_bit; /* it has octets above 127 */
};

/* dsn_build(dsn, headers, body): append the header section (with the empty
 * line that ends it) and the body of the notice, CRLF line ends.  Whatever the
 * texts contain, the result is a valid MIME message. */
void dsn_build(const struct dsn *dsn, struct buf *headers, struct buf *body);

/* dsn_message_id(dsn, out): append the Message-ID that the notice has. */
void dsn_message_id(const struct dsn *dsn, struct buf *out);

#endif
