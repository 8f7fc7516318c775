/* rehearsal.h - a session that is only played: commands are judged by the
 * engine, nothing is sent or stored, and it goes on after a rejection. */
#ifndef WEIR_REHEARSAL_H
#define WEIR_REHEARSAL_H

#include <stdbool.h>

#include "base/conf.h"

struct err;
struct rehearsal;
struct verdict;
struct world;

struct rehearsal_settings {
	struct conf *conf;   /* the caller's */
	struct world *world; /* the caller's */
	bool trace;          /* print the steps behind each reply */
	bool quiet;          /* print nothing */
};

struct rehearsal *rehearsal_new(const struct rehearsal_settings *settings);
void rehearsal_free(struct rehearsal *r);

/*
 * rehearsal_line(r, line, err):
 * Do one command of a script and print its reply, a line, on stdout:
 *	client NAME ADDR [ok|temp|perm|forged]
 *	helo NAME | ehlo NAME | mail ADDRESS | rcpt ADDRESS
 *	data | eod [SIZE] | etrn DOMAIN | vrfy ADDRESS | rset
 *	login NAME | tls PROTOCOL | fingerprint HEX
 *	set NAME = VALUE | world LINE | reset
 *	expect CODE [DSN] [text /PATTERN/]
 * Empty lines and those that begin with # are nothing.  Return 0; 1: what
 * "expect" said did not come true; -1 and the reason in ${err}: not a command.
 */
int rehearsal_line(struct rehearsal *r, const char *line, struct err *err);

/* rehearsal_verdict(r): of the latest command that was judged; it lives until
 * the next client comes. */
const struct verdict *rehearsal_verdict(const struct rehearsal *r);

#endif
