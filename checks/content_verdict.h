/* content_verdict.h - what the stages of a message's content have decided. */
#ifndef CHECKS_CONTENT_VERDICT_H
#define CHECKS_CONTENT_VERDICT_H

#include <stdbool.h>

#include "checks/effect.h"

struct arena;

/* Something that a stage found: for weir explain. */
struct content_note {
	struct content_note *next;
	const char *table;  /* "header_checks" */
	const char *part;   /* what the log calls the input: "header" */
	const char *input;  /* the header or line, perhaps cut */
	const char *answer; /* "REJECT 550 5.7.1 no pills" */
	const char *file;   /* of the deciding line; NULL: not known */
	unsigned line;
};

/* What all stages of one message have decided so far.  Texts and effects are in
 * ${arena}, the mail's. */
struct content_verdict {
	struct arena *arena;
	int code;        /* of the reply; 0: the message passes */
	const char *dsn; /* "5.7.1" */
	const char *text;
	bool done; /* no stage is to look at anything more (REJECT, DISCARD,
		    * REDIRECT, PASS) */
	bool eight_bit; /* a header says that there are 8-bit octets */
	struct effect *effects, **tail; /* in the order of their making */
	struct content_note *notes, **notes_tail; /* the first ones */
	unsigned nnotes;
	/* The note that has decided, of checks for some of the recipients;
	 * NULL: none has, or a fault of the message. */
	const struct content_note *by;
};

/* content_verdict_begin(verdict, arena): nothing is decided. */
void
content_verdict_begin(struct content_verdict *verdict, struct arena *arena);

/* content_verdict_reject(verdict, code, dsn, text): the first rejection counts.
 * content_verdict_effect(verdict, kind, text): one more; of FILTER and REDIRECT the
 * last counts and the others are forgotten, and what is there already is not
 * added again.  A message that asks for too many is rejected.  Texts are
 * copied. */
void content_verdict_reject(struct content_verdict *verdict, int code,
    const char *dsn, const char *text);
void content_verdict_effect(
    struct content_verdict *verdict, enum effect_kind kind, const char *text);
/* content_verdict_note(verdict, note, decides): add a copy, unless there are too
 * many; ${decides}: it is what has decided, and kept in any case. */
void content_verdict_note(struct content_verdict *verdict,
    const struct content_note *note, bool decides);
/* content_verdict_has(verdict, kind): there is such an effect. */
bool content_verdict_has(
    const struct content_verdict *verdict, enum effect_kind kind);

#endif
