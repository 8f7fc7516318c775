/* milterd_message.h - the content of one message that an MTA shows a milter: what the
 * checks say about it, and what they have changed. */
#ifndef POLICY_MILTERD_MESSAGE_H
#define POLICY_MILTERD_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/strmap.h"
#include "checks/content_stage.h"
#include "checks/content_verdict.h"
#include "classes/content_stack.h"

struct arena;
struct milterd_door;
struct recipient_content;
struct spool;
struct subject;

/* One change of the headers. */
struct milterd_edit {
	struct milterd_edit *next;
	bool insert; /* a new one, before header ${place} of all; else
			   * the header is changed that is number ${place} of
			   * those with its name; both count from 1 */
	unsigned place;
	const char *name;
	const char
	    *value; /* behind the colon, with its blanks; NULL: it goes */
};

struct milterd_message {
	struct content_stage last; /* first: what the checks have made of it */
	const struct milterd_door *door;
	struct content_verdict verdict;
	struct content_stage *first;
	struct content_stack stack;
	struct recipient_content *recipients; /* NULL: none has a class */
	/* Those of the headers, the last one first: made in this order, none
	 * moves what another one is about. */
	struct milterd_edit *edits;
	struct strmap names; /* of headers; how many there were (unsigned) */
	unsigned nheaders;
	struct buf header; /* the last one: where it ends is known when the next
			    * one comes; empty: there is none */
	unsigned place, nth; /* it is, of all, and of those with its name */
	struct buf made;     /* what came of it, each ended by a NUL */
	bool ended;          /* the headers have */
	/* The body as it is now, and what of it as it was has not come out of
	 * the checks yet. */
	struct spool *body; /* NULL: nothing can change it */
	struct buf pending;
	bool changed; /* it is not what it was */
	bool lost;    /* it could not be kept */
	int64_t size; /* octets */
};

/*
 * milterd_message_open(m, door, subject, arena):
 * Begin a message, for nobody yet.  What is decided lives in ${arena};
 * ${subject} is whom the log names.  All of them outlive it.
 */
void
milterd_message_open(struct milterd_message *m, const struct milterd_door *door,
    const struct subject *subject, struct arena *arena);

/* milterd_message_add(m, address, classes): before the content, a recipient whose
 * evaluation has come to ${classes}; the number of its group. */
unsigned milterd_message_add(
    struct milterd_message *m, const char *address, const char *classes);

/* milterd_message_begin(m, subject): the recipients are known, the content
 * comes: milterd_message_header(m, name, value), ${value} as it is behind the
 * colon; milterd_message_body(m, data, n); milterd_message_end(m).  All may
 * block as the tables may, or on the disk. */
void
milterd_message_begin(struct milterd_message *m, const struct subject *subject);
void milterd_message_header(
    struct milterd_message *m, const char *name, const char *value);
void
milterd_message_body(struct milterd_message *m, const char *data, size_t n);
void milterd_message_end(struct milterd_message *m);

/* milterd_message_close(m): release it; one that was never opened, too. */
void milterd_message_close(struct milterd_message *m);

#endif
