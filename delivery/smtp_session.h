/* smtp_session.h - a connection to an SMTP or LMTP server: made, read from and
 * ended.  What is said on it first is in smtp_greet.h. */
#ifndef DELIVERY_SMTP_SESSION_H
#define DELIVERY_SMTP_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/event.h"
#include "delivery/smtp_dialogue.h"
#include "delivery/smtp_reply.h"
#include "rules/table.h"

struct arena;
struct delivery;
struct smtp_client;
struct smtp_host;
struct smtp_nexthop;
struct smtp_why;
struct stream;

enum smtp_feature {
	SMTP_ESMTP = 1,
	SMTP_PIPELINING = 2,
	SMTP_SIZE = 4,
	SMTP_8BITMIME = 8,
	SMTP_DSN = 16,
	SMTP_STARTTLS = 32,
	SMTP_UTF8 = 64,
	SMTP_XFORWARD = 128,
	/* Nothing comes of these but that they can be overlooked. */
	SMTP_AUTH = 256,
	SMTP_ETRN = 512,
	SMTP_VRFY = 1024,
	SMTP_XCLIENT = 2048,
	SMTP_ENHANCEDSTATUSCODES = 4096,
	SMTP_CHUNKING = 8192,
	SMTP_VERP = 16384,
};

struct smtp_session {
	struct smtp_session *next; /* the cache's */
	const struct smtp_client *client;
	const struct delivery *delivery; /* NULL: it waits for one */
	struct stream *stream;
	unsigned number; /* in the log */
	char *key;       /* destination, for the cache */
	char *host;
	char *addr;   /* or path */
	char *domain; /* that it was looked up for */
	char *peer;   /* "host[addr]" */
	char *relay;  /* "host[addr]:port" */
	unsigned features;
	unsigned xforward;       /* see smtp_xforward.h */
	uint64_t size_limit;     /* 0: none known */
	unsigned uses;           /* messages, this one counted */
	int64_t opened, expires; /* clock_mono() */
	int64_t until; /* likewise: nothing takes longer; 0: no limit */
	bool best;     /* no mail exchanger is preferred to it */
	bool on_smtp;  /* on the port where exchangers are */
	bool tls;
	bool says_esmtp; /* the greeting does */
	bool no_ehlo;    /* what stands before the server is not up to it */
	bool delay_dot;  /* ... or would miss the end of a message */
	bool quit;       /* QUIT has been sent */
	bool tls_failed;
	bool broken;             /* not to be talked to any more */
	struct smtp_reply reply; /* the last one */
	struct smtp_dialogue dialogue;
};

/* smtp_session_connect(client, hop, host, arena, why): a connection to ${host}
 * (NULL: hop->unix_path), or NULL and why not.  What it can be used for ends at
 * hop->until. */
struct smtp_session *smtp_session_connect(const struct smtp_client *client,
    const struct smtp_nexthop *hop, const struct smtp_host *host,
    struct arena *arena, struct smtp_why *why);

/* smtp_session_by(session): who says something in the log of it. */
struct event_by smtp_session_by(const struct smtp_session *session);

/* smtp_session_find(session, tables, arena, value): what ${tables} say of the
 * address of the server; that they cannot be asked is logged.  May block. */
enum table_status smtp_session_find(const struct smtp_session *session,
    const struct table_list *tables, struct arena *arena,
    struct table_value *value);

/* smtp_session_data_error(session, arena, why): a table could not be asked, or
 * the message not be read: the session ends. */
void smtp_session_data_error(
    struct smtp_session *session, struct arena *arena, struct smtp_why *why);

/* smtp_session_quiet(session, doing, arena, why): nothing came that was not
 * asked for.  False: something did, and the session is broken. */
bool smtp_session_quiet(struct smtp_session *session, const char *doing,
    struct arena *arena, struct smtp_why *why);

/* smtp_session_limit(session, limit): what follows may take ${limit}, if
 * session->until is not earlier. */
void smtp_session_limit(struct smtp_session *session, int64_t limit);

/* smtp_session_say(session, command): that goes out, with the next flush. */
void smtp_session_say(struct smtp_session *session, const char *command);

/* smtp_session_read(session, limit, doing, arena, why): read the next reply
 * within ${limit} (output is flushed first).  False: there is none, ${why} says
 * so, with what we were ${doing}, and the session is broken. */
bool smtp_session_read(struct smtp_session *session, int64_t limit,
    const char *doing, struct arena *arena, struct smtp_why *why);

/* smtp_session_lost(session, status, doing, arena, why): the stream has failed
 * with ${status}, not OK. */
void smtp_session_lost(struct smtp_session *session, int status,
    const char *doing, struct arena *arena, struct smtp_why *why);

/* smtp_session_quit(session, patient): take leave, if that has not been done and
 * nothing is broken.  Waits for the answer only if ${patient} and the settings
 * say so. */
void smtp_session_quit(struct smtp_session *session, bool patient);

/* smtp_session_close(session): hang up and free; NULL is allowed. */
void smtp_session_close(struct smtp_session *session);

#endif
