/* mail.h - one mail transaction: from MAIL to the acknowledgement. */
#ifndef PROXY_MAIL_H
#define PROXY_MAIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks/effect.h"
#include "proxy/held.h"
#include "proxy/message.h"
#include "queue/envelope.h"

struct arena;
struct cut_way;
struct filter_run;
struct milter_content;
struct recipient_content;
struct recipient_verdict;
struct session;
struct submission;

struct mail_rcpt {
	const char *address; /* internal form, as the client wrote it */
	const char *orcpt;   /* "" */
	unsigned notify;
	const char *answer;  /* its own, to the message (answers.h); or NULL */
	const char *wire;    /* the same as it is sent; set by answers.c */
	const char *classes; /* that RCPT has come to (class_names.h) */
	unsigned group;      /* of mail->recipients, if there are some */
	/* NULL: as the message; set by recipient_outcome.c. */
	const struct recipient_verdict *verdict;
};

/* A recipient that a milter adds, or takes away. */
struct mail_rcpt_edit {
	struct mail_rcpt_edit *next;
	bool remove;
	struct mail_rcpt rcpt;
};

/* Belongs to the session; it and its texts are in its arena. */
struct mail {
	struct session *session;
	struct arena *arena;
	int64_t arrival; /* wall clock */
	const char *sender, *envid;
	const char *line;      /* MAIL, as the client wrote it */
	const char *full_name; /* of the sender; NULL: not known */
	const char *verp;      /* as in struct envelope */
	char ret;
	bool utf8, eight_bit;
	bool prdr; /* the client wants a reply for each recipient */
	enum envelope_trace trace;
	bool local; /* as from a client in local_header_rewrite_clients */
	struct mail_rcpt *rcpts;
	size_t nrcpts, room;
	const char *classes; /* that DATA has come to, for all recipients */
	struct mail_rcpt_edit *rcpt_edits, **rcpt_edits_end; /* in order */
	struct effect *effects, **effects_end;

	struct message message;
	struct recipient_content *recipients; /* NULL: none has a class */
	struct buf text; /* decoded, for the content stages */
	bool whole;      /* the end of the message has come */
	/* What we put on top of it is there: the first ${prepended} of the
	 * effects, and our own Received:, as its keep has it (with its line
	 * ends) unless a check has changed it; NULL: there is none. */
	bool begun;
	size_t prepended;
	const char *received;
	bool completed; /* missing headers were added */
	/* NULL: no milter sees it.  Whoever sets it says what frees it. */
	struct milter_content *content;
	void (*free_content)(struct milter_content *content);
	/* NULL: no filter sees it; likewise. */
	struct filter_run *filter;
	void (*free_filter)(struct filter_run *run);
	struct envelope *envelope; /* made by intake_finish() */
	struct submission *submission;
	/* The body, as long as the queue may not need to have it. */
	struct held held;
	const struct cut_way *way; /* of cut_through_run() */
	bool discard;              /* answered 250 and forgotten */
	bool replaced;    /* the queue gets the body that a milter made */
	uint64_t fetched; /* octets of that */
};

/* mail_new(s, sender): begin a transaction of session ${s}; ${sender} is
 * copied. */
struct mail *mail_new(struct session *s, const char *sender);

/* mail_free(mail): what the queue was given is its, or taken back. */
void mail_free(struct mail *mail);

/* mail_begin_text(mail, rules): its content comes, or once more. */
void mail_begin_text(struct mail *mail, const struct message_rules *rules);

/* mail_add_rcpt(mail, rcpt), mail_add_effect(mail, effect): copied.
 * mail_edit_rcpt(mail, rcpt, remove): what a milter wants. */
void mail_add_rcpt(struct mail *mail, const struct mail_rcpt *rcpt);
void
mail_edit_rcpt(struct mail *mail, const struct mail_rcpt *rcpt, bool remove);
void mail_add_effect(struct mail *mail, const struct effect *effect);

#endif
