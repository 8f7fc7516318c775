/* rehearsal.h - a session that is only played: commands are judged by the
 * engine, nothing is sent or stored, and it goes on after a rejection. */
#ifndef WEIR_REHEARSAL_H
#define WEIR_REHEARSAL_H

#include <stdbool.h>

#include "base/conf.h"

struct buf;
struct err;
struct reached;
struct rehearsal;
struct verdict;
struct world;

struct rehearsal_settings {
	struct conf *conf;       /* the caller's */
	struct world *world;     /* the caller's */
	bool quiet;              /* do not print replies */
	bool trace;              /* print the steps behind each reply */
	bool any_address;        /* have the lists judge what the server refuses
				  * before: an address without a real domain */
	bool policy;             /* replies are what a policy server answers */
	bool milter;             /* ... or a milter */
	struct reached *reached; /* told of all steps; or NULL */
};

struct rehearsal *rehearsal_new(const struct rehearsal_settings *settings);
void rehearsal_free(struct rehearsal *r);

enum rehearsal_result {
	REHEARSAL_DONE,
	REHEARSAL_MET,   /* what "expect" said came true */
	REHEARSAL_UNMET, /* it did not */
	REHEARSAL_WRONG, /* not a command */
};

/*
 * rehearsal_line(r, line, err):
 * Do one command of a script and print its reply, a line, on stdout:
 *	client NAME ADDR [ok|temp|perm|forged]
 *	helo NAME | ehlo NAME | mail ADDRESS | rcpt ADDRESS
 *	data | message FILE | for ADDRESS | eod [SIZE] | etrn DOMAIN | vrfy ADDRESS | rset
 *	login NAME | tls PROTOCOL | fingerprint HEX
 *	set NAME = VALUE | world LINE | time +DURATION | time DATE HH:MM | reset
 *	expect CODE [DSN] [text /PATTERN/] [by RESTRICTION|TABLE:LINE]
 * For a milter, only what it is told: session_milter.h.
 * Empty lines and those that begin with # are nothing.  For the last two
 * results the reason is in ${err}.
 */
enum rehearsal_result
rehearsal_line(struct rehearsal *r, const char *line, struct err *err);

/* rehearsal_show(r, out): append the latest command, its reply and the steps
 * behind it. */
void rehearsal_show(const struct rehearsal *r, struct buf *out);

/* rehearsal_verdict(r): of the latest command that was judged; it lives until
 * the next client comes. */
const struct verdict *rehearsal_verdict(const struct rehearsal *r);

#endif
