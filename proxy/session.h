/* session.h - one client's conversation.
 *
 * A session belongs to its loop or to exactly one worker.  The loop assembles
 * lines and bodies, writes output, keeps time, and runs what cannot block; a
 * command that may block is given to a worker, whose last act is to give the
 * session back.  The members under "the loop's" are the loop's at all times;
 * all others are the owner's. */
#ifndef PROXY_SESSION_H
#define PROXY_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/event.h"
#include "base/loop.h"
#include "base/workers.h"
#include "checks/subject.h"
#include "classes/stage.h"
#include "proxy/body.h"
#include "proxy/client_events.h"
#include "proxy/smtp_command.h"
#include "proxy/words.h"

struct arena;
struct conf;
struct hall;
struct mail;
struct milter_chain;
struct proxy_params;
struct smtp_service;
struct submission;
struct tls;
struct trace;
struct transcript;
struct transcript_notice;
struct verdict;

/* What a session waits for. */
enum session_phase {
	SESSION_COMMAND,   /* the next command */
	SESSION_UPSTREAM,  /* the proxy's word on who the client is */
	SESSION_HANDSHAKE, /* TLS */
	SESSION_BODY,      /* the rest of a message, or of a chunk of it */
	SESSION_SKIP,      /* the rest of a chunk that is refused */
	SESSION_STORE,     /* the queue's acknowledgement */
	SESSION_CLOSING,   /* the client to take the last reply */
	SESSION_LINGER,    /* the client to close, so that the reply arrives */
	SESSION_OVER,
};

/* Content goes round through these (intake.h). */
enum session_body_step {
	SESSION_BODY_READ,
	SESSION_BODY_LOOKED,   /* the stages have, or do */
	SESSION_BODY_FINISHED, /* intake_finish() has run, or runs */
	SESSION_BODY_FETCHED,  /* so has intake_fetch() */
	SESSION_BODY_CUT,      /* so has cut_through_run() */
};

/* The transaction, as far as BDAT has come with it. */
enum session_chunks {
	SESSION_CHUNKS_NONE,
	SESSION_CHUNKS_TAKEN,   /* the message comes in chunks */
	SESSION_CHUNKS_REFUSED, /* so are those that follow one refused */
};

struct session_chunk {
	unsigned char chunks; /* enum session_chunks */
	bool last;            /* it is the message's */
	uint64_t size, left;  /* octets of the one under way, and to come */
	/* To be said, so many times, when one that is refused has come. */
	struct buf reply;
	size_t times;
};

/* Facts of XFORWARD; texts in
 * forward_arena, NULL if not given. */
struct session_forward {
	/* One of the first five was told: what was not is not known. */
	bool client;
	const char *name, *addr, *port, *protocol, *helo, *ident, *source;
};

struct session {
	/* The loop's. */
	struct hall *hall; /* the loop and what belongs to it */
	struct loop_fd watch;
	struct net_addr peer; /* who really has connected */
	struct client_key key;
	struct loop_timer timer;
	struct session *next, *prev;  /* of the hall */
	struct session *next_waiting; /* for a worker */
	int64_t deadline;             /* of what the client owes; 0: nothing */
	bool readable, writable, hung_up;
	bool away;               /* a worker has it, or it waits for one */
	bool apart;              /* ... that is none of the service's */
	bool counted;            /* in the number of connections, by key */
	bool choked;             /* the queue takes no more body for now */
	bool tarpit;             /* out_held waits for the timer */
	bool in_line;            /* a part of a command line has come */
	unsigned char body_step; /* enum session_body_step */
	unsigned char place;     /* of the service in the hall */
	/* What the queue has of a message that a worker has forgotten. */
	struct submission *dropped;

	/* The hand-over. */
	struct work work;
	struct loop_task back;
	void (*job)(struct session *s);
	void (*stored)(struct session *s); /* what follows SESSION_STORE */

	/* The owner's. */
	const struct smtp_service *service;
	const struct proxy_params *params; /* calm or stressed */
	enum session_phase phase;
	struct event_by by;        /* program, session number, queue id */
	struct event_by by_itself; /* the same without the queue id */
	char qid[24];              /* "" before the first accepted recipient */
	struct subject subject;
	struct stage_state state;
	struct session_forward forward;
	struct arena *forward_arena; /* NULL: no XFORWARD */
	struct arena *facts;   /* texts about the client, for the session */
	struct arena *scratch; /* texts of the command under way; or NULL */
	struct trace *passed;  /* why a recipient passed; in scratch */
	const char *classes;   /* that it has come to; likewise */
	struct mail *mail;     /* the transaction; NULL outside of one */
	struct milter_chain *milters; /* NULL: none */
	/* Set with it: the transaction is over, or (${all}) the session. */
	void (*milters_over)(struct session *s, bool all);
	char *helo;                /* malloc'd */
	const char *client;        /* "name[addr]", for the log */
	const char *access_denied; /* the reply to CONNECT; NULL: welcome */
	struct tls *tls;

	struct buf in; /* received and not yet consumed */
	size_t in_at;
	struct buf out; /* to be sent */
	size_t out_at;
	size_t out_held; /* what stands behind this waits for the tarpit */
	int64_t pause;   /* how long; 0: not at all */
	bool overlong;   /* the rest of a long line is being skipped */

	const struct smtp_command *command; /* under way, or the last one */
	struct words words;
	char *line;          /* its line; in scratch */
	char *long_line;     /* the start of an overlong one; in scratch */
	const char *where;   /* as in log lines: "RCPT", "DATA" */
	const char *refusal; /* of the last judge_stage(); in scratch */
	const char *why;     /* it ends: "lost connection" ...; NULL: by QUIT */
	struct body body;
	struct session_chunk chunk;

	struct transcript *transcript;     /* NULL: nobody is told of it */
	struct transcript_notice *notices; /* to be sent (postmaster.h) */
	unsigned blamed;                   /* enum transcript_class */
	int errors, junk;
	int overshoot;                /* recipients beyond the limit */
	unsigned uid;                 /* of the user, at a pickup service */
	unsigned keywords, discarded; /* what EHLO may announce, and may not */
	bool keywords_failed;         /* nobody knows */
	bool may_xclient, may_xforward, may_verp;
	bool newline_exempt, limit_exempt; /* from rules for others */
	bool esmtp;
	bool pipelined; /* it speaks ahead; complained about once */
	bool bare_lf;   /* for the notes at the end */
	bool hangup;    /* after the reply */
	bool greeted;   /* where TLS begins with the connection */
	struct {
		unsigned ok, all;
	} count[SMTP_COMMAND_COUNT];
};

/*
 * session_new(hall, place, fd, addr, port):
 * A client at ${addr} has connected by ${fd}, which the session takes over, to
 * service number ${place} of the hall.  What it does from now on is driven by
 * the hall's loop; it frees itself.  Called by the loop.
 */
struct session *session_new(struct hall *hall, unsigned place, int fd,
    const struct net_addr *addr, unsigned port);

/* session_without(hall, service): one without a client, for mail of our own; it
 * belongs to who calls (a worker), and the loop knows nothing of it.
 * session_without_end(s): forget all about it. */
struct session *
session_without(struct hall *hall, const struct smtp_service *service);
void session_without_end(struct session *s);

/* session_end(s): forget all about it and close.  By the loop, which owns it. */
void session_end(struct session *s);

/* session_wake(s): it is gone on with in the next turn of the loop, which must
 * own it. */
void session_wake(struct session *s);

/* session_arena(s): for texts that the current command needs. */
struct arena *session_arena(struct session *s) __attribute__((returns_nonnull));

/* session_settle(s): after a command: what is not needed any more is freed. */
void session_settle(struct session *s);

/* session_pause(s, more): what follows in the output waits for ${more}
 * nanoseconds. */
void session_pause(struct session *s, int64_t more);

/* session_reply(s, format, ...): append a reply (see reply.h); a code 421 or
 * 521 ends the session, and a client that makes mistakes waits for it. */
void session_reply(struct session *s, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* session_delay(s), session_add_reply(s, text): the two halves of that, where a
 * command has several replies: the wait for one that makes mistakes, and each
 * reply. */
void session_delay(struct session *s);
void session_add_reply(struct session *s, const char *text);

/* session_drop(s): the queue forgets what s->dropped is.  By the loop. */
void session_drop(struct session *s);

/* session_forget_mail(s): the transaction is over (RSET).  session_forget(s):
 * so is all that the client has said, as after STARTTLS and XCLIENT. */
void session_forget_mail(struct session *s);
void session_forget(struct session *s);
/* session_forget_forward(s): XFORWARD was for one message. */
void session_forget_forward(struct session *s);

/* session_set_helo(s, name): as the client said it, made harmless; NULL: it has
 * not said it yet. */
void session_set_helo(struct session *s, const char *name);

/* session_set_client(s, addr, port): who has connected, and its name as far as
 * that is known without asking. */
void session_set_client(
    struct session *s, const struct net_addr *addr, unsigned port);

/* session_name(s): set s->client from the facts. */
void session_name(struct session *s);

/* session_log_reject(s, text): "reject: RCPT from ...: text; from=<..." */
void session_log_reject(struct session *s, const char *text);

/* session_number(): the next session's, for the brackets in log lines. */
unsigned session_number(void);

#endif
