/* check.h - a question about a mail, and its answer.
 *
 * A check only answers; it neither walks lists nor knows what its answer leads
 * to.  Each restriction name is one row of the registry in check.c. */
#ifndef CHECKS_CHECK_H
#define CHECKS_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "checks/answer.h"
#include "checks/argument.h"
#include "checks/spf_terms.h"

struct dnsbl_query;
struct reputation;
struct resolved;
struct site;
struct subject;

/* Whom a check is about.  Without that fact it answers DUNNO unasked. */
enum check_of {
	CHECK_OF_LIST, /* whom the list is about; always there */
	CHECK_OF_CLIENT,
	CHECK_OF_REVERSE, /* the client by its unverified name */
	CHECK_OF_HELO,
	CHECK_OF_SENDER, /* not the null sender */
	CHECK_OF_RECIPIENT,
	CHECK_OF_ETRN,
};

enum check_flags {
	CHECK_BLOCKS = 1,    /* asks the DNS or a server */
	CHECK_FINAL = 2,     /* what follows in its list is never reached */
	CHECK_GUARDS = 4,    /* may keep strangers from relaying */
	CHECK_NO_OK = 8,     /* its table must not answer OK */
	CHECK_ROUTES = 16,   /* asks where an address leads to */
	CHECK_DNSBL = 32,    /* its DNS question can be asked early */
	CHECK_NULL = 64,     /* CHECK_OF_SENDER: the null sender, too */
	CHECK_NAMED = 128,   /* CHECK_OF_CLIENT, _REVERSE: needs a name */
	CHECK_LENIENT = 256, /* without its argument it is left out */
	CHECK_OURS = 512,    /* Postfix has none of that name: a class that is
			      * called so comes first */
	CHECK_REMEMBERS = 1024, /* asks what is remembered */
};

/* What a check is asked with.  There is one for each stage_run(); the parts
 * that belong to a list or a step are set by the evaluator. */
struct ask {
	struct subject *subject;
	const struct site *site;
	const char *where; /* as in log lines: "RCPT" */

	const char *name, *class; /* of the list, or of what the check is
				   * about: "<name>: class rejected: ..." */
	const char *value;        /* the fact itself */
	bool warning;             /* warn_if_reject stands before it */
	const struct check *check;
	const struct argument *argument;

	/* What this evaluation has found out already. */
	struct resolved *resolved;
	struct dnsbl_query *dnsbl;
	bool knew_sender, knew_recipient; /* reject_unlisted_* were asked */
	bool held;                        /* HOLD was said of this message */
	int64_t score;                    /* what score has added up */
	struct reputation *reputations;   /* by enum reputation_of */
	struct spf_standing spf;          /* of the message */
};

struct check {
	const char *name;
	enum argument_kind takes;
	enum check_of of;
	unsigned flags;
	void (*ask)(struct ask *ask, struct answer *answer);
	const char *help;    /* for the manual, a sentence */
	const char *instead; /* not NULL: deprecated, and what to use */
};

/* check_find(name): the row of a restriction (in any case), or NULL. */
const struct check *check_find(const char *name);

/* check_all(): the registry, ended by a NULL name. */
const struct check *check_all(void);

/* check_suggest(name): the restriction most like ${name}, or NULL. */
const char *check_suggest(const char *name);

/*
 * check_about(ask, check):
 * Prepare ${ask}, which has the name and class of the list, for ${check}: set
 * value and, unless the check is about the list itself, name and class.
 * False: the fact is not known yet, so the answer is DUNNO.
 */
bool check_about(struct ask *ask, const struct check *check);

#endif
