/* queue_records.h - a message in records, as Postfix's sendmail(1) gives it to
 * postdrop(1): a type, a length in groups of seven bits, low ones first, and as
 * many octets.
 *
 * The envelope is A (attribute), F (full name), V (VERP), S (sender) and R
 * (recipient); M begins the content, which is N (a line) and L (a part of one);
 * X ends it, then come A and R again; E is the end of all. */
#ifndef WEIR_QUEUE_RECORDS_H
#define WEIR_QUEUE_RECORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "weir/sendmail_text.h"

struct arena;
struct err;

enum queue_records_trace {
	QUEUE_RECORDS_VERIFY = 512,
	QUEUE_RECORDS_REPORT = 1024,
};

struct queue_records_rcpt {
	const char *address; /* internal form */
	const char *orcpt;   /* or NULL */
	unsigned notify; /* a set of 1 never, 2 success, 4 failure, 8 delay */
};

/* Set ${text} as its header says, for what the content becomes, ${arena} to
 * ${text.arena}, ${most} to an octet at least, ${warn}, and the rest to zero. */
struct queue_records {
	struct arena *arena;
	struct sendmail_text text;
	size_t most; /* octets of a record */
	void (*warn)(const char *what, const char *record);

	/* Found; texts are NULL without a record. */
	const char *sender, *full_name, *verp, *envid, *body;
	unsigned ret; /* 1 all, 2 headers; 0: not said */
	unsigned trace;
	bool remote;
	struct queue_records_rcpt *rcpts;
	size_t count;

	/* Its own. */
	size_t room;
	struct queue_records_rcpt next;
	enum {
		QUEUE_RECORDS_ENVELOPE,
		QUEUE_RECORDS_CONTENT,
		QUEUE_RECORDS_EXTRACTED
	} part;
	unsigned char type;
	unsigned shift;
	enum {
		QUEUE_RECORDS_TYPE,
		QUEUE_RECORDS_LENGTH,
		QUEUE_RECORDS_DATA
	} state;
	size_t left; /* octets of the record that are to come */
	struct buf data;
};

enum queue_records_status {
	QUEUE_RECORDS_MORE,
	QUEUE_RECORDS_END,    /* E was there; nothing more is read */
	QUEUE_RECORDS_BAD,    /* it is no such message */
	QUEUE_RECORDS_LARGE,  /* as far as the content goes */
	QUEUE_RECORDS_FAILED, /* it could not be kept */
};

/* queue_records_take(r, data, n, err): more of it.  ${err}: why it is bad, or
 * has failed. */
enum queue_records_status queue_records_take(
    struct queue_records *r, const char *data, size_t n, struct err *err);

/* queue_records_between(r): no record has begun that is not whole. */
bool queue_records_between(const struct queue_records *r);

/* queue_records_free(r): but for what is in the arena, and ${text.out}. */
void queue_records_free(struct queue_records *r);

#endif
