/* answer.h - what a check has to say. */
#ifndef CHECKS_ANSWER_H
#define CHECKS_ANSWER_H

#include <stdbool.h>
#include <stdint.h>

#include "checks/effect.h"

struct ask;

enum answer_kind {
	ANSWER_DUNNO,  /* no opinion: go on */
	ANSWER_PERMIT, /* this list passes */
	ANSWER_REJECT, /* the command gets this reply, 4NN or 5NN */
	ANSWER_DEFER_IF_PERMIT,
	ANSWER_DEFER_IF_REJECT,
	ANSWER_LIST, /* text: restrictions that decide instead */
};

/* Zero-initialised: DUNNO.  Texts live in the subject's arena. */
struct answer {
	enum answer_kind kind;
	int code;
	const char *dsn, *text;
	const char *action; /* a permit: the word of the table's entry; NULL:
			     * the restriction itself says so */
	const char *table;  /* of a permit or a list */
	bool fault;         /* ours, not the mail's: warn_if_reject does not
			    * make a warning of it */
	bool no_permit;     /* a permit, also of the list, is DUNNO */
	bool stop;          /* DISCARD: nothing is evaluated any more */
	const char *input;  /* what was looked at, for the trace */
	const char *file;   /* the table line that decided, or NULL, 0 */
	unsigned line;
	struct effect *effects; /* in order */
};

/* answer_reject(ask, answer, code, dsn, format, ...): a reply.  The first digit
 * of ${dsn} is made that of ${code} when the reply is written. */
void answer_reject(const struct ask *ask, struct answer *answer, int code,
    const char *dsn, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

/* answer_fault(ask, answer): 451 4.3.5, our configuration is wrong;
 * answer_cannot_ask(ask, answer, what): 451 4.3.0, a table that says what kind
 * of ${what} this is could not be asked. */
void answer_fault(const struct ask *ask, struct answer *answer);
void answer_cannot_ask(
    const struct ask *ask, struct answer *answer, const char *what);

/* answer_soften(ask, answer, kind): make a rejection a deferral of ${kind},
 * unless warn_if_reject stands before the check: then it is reported. */
void answer_soften(
    const struct ask *ask, struct answer *answer, enum answer_kind kind);

/* answer_effect(ask, answer, kind, text): ask for something to be done. */
struct effect *answer_effect(const struct ask *ask, struct answer *answer,
    enum effect_kind kind, const char *text);

#endif
