/* transcript_notice.h - the message that tells the postmaster of a session
 * (transcript.h). */
#ifndef QUEUE_TRANSCRIPT_NOTICE_H
#define QUEUE_TRANSCRIPT_NOTICE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "queue/envelope.h"

struct arena;
struct conf;
struct transcript;

/* Who tells whom of what, and how. */
struct transcript_site {
	unsigned classes; /* enum transcript_class; 0: nothing is told */
	const char *to;   /* error_notice_recipient */
	const char *myhostname, *myorigin, *mail_name;
	const char *double_bounce; /* the sender of notices */
	bool long_qids;            /* enable_long_queue_ids */
	bool obsolete;             /* header_from_format */
	bool utf8;                 /* smtputf8_enable */
	bool checked;              /* internal_mail_filter_classes has notify */
};

/* transcript_notice_site(conf, arena, site): as ${conf} has it, whose mistakes
 * others tell of; texts in ${arena}. */
void transcript_notice_site(
    struct conf *conf, struct arena *arena, struct transcript_site *site);

/* transcript_notice_is(site, sender): mail from there is a notice to the
 * postmaster: no other notice is to be about it. */
bool
transcript_notice_is(const struct transcript_site *site, const char *sender);

/* What it says beside the transcript. */
struct transcript_about {
	const char *whose; /* "SMTP server" */
	const char *peer;  /* "name[address]" */
	const char *cause; /* above the transcript; NULL: nothing */
	const char *end;   /* why the session was over; NULL: as it should be */
};

/* A message to be stored. */
struct transcript_notice {
	struct transcript_notice *next; /* the owner's */
	struct arena *arena;
	struct envelope e; /* without the body */
	struct buf headers, body;
};

/* transcript_notice_new(t, site, about, qid): of what is in ${t}, with that queue
 * id.  Free with transcript_notice_free(). */
struct transcript_notice *transcript_notice_new(const struct transcript *t,
    const struct transcript_site *site, const struct transcript_about *about,
    const char *qid) __attribute__((returns_nonnull));
void transcript_notice_free(struct transcript_notice *notice);

/* transcript_notice_log(notice): it goes to the queue.
 * transcript_notice_lost(why): one that has not got there is no more. */
void transcript_notice_log(const struct transcript_notice *notice);
void transcript_notice_lost(const char *why);

#endif
