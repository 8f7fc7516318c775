/* session_milter.h - a session that is only played (rehearsal.h), as an MTA shows it
 * to the milter door: that door judges, and what it would tell the MTA is said. */
#ifndef WEIR_SESSION_MILTER_H
#define WEIR_SESSION_MILTER_H

#include <stdbool.h>
#include <stddef.h>

struct conf;
struct err;
struct session_milter;
struct trace;
struct world;

/* session_milter_new(conf): a service without options; ${conf} outlives it. */
struct session_milter *session_milter_new(struct conf *conf);
void session_milter_free(struct session_milter *m);

/* session_milter_set(m, name, value, line): another option of the service, which
 * line ${line} of the script sets. */
void session_milter_set(struct session_milter *m, const char *name,
    const char *value, unsigned line);

/* What it answers: "OK" and, at the end of a message, a line for each change that
 * the MTA is to make; "DISCARD"; or a reply, "550 5.7.1 no".  NULL: it is not
 * asked.  It lives until the next command. */
struct session_milter_answer {
	const char *text;
	bool pass;
	struct trace *trace;
};

enum session_milter_result {
	SESSION_MILTER_DONE,
	SESSION_MILTER_OTHER, /* not a command that it knows */
	SESSION_MILTER_WRONG, /* and why */
};

/* session_milter_do(m, world, line, answer, err): a command of a script, from client
 * to eod. */
enum session_milter_result
session_milter_do(struct session_milter *m, struct world *world,
    const char *line, struct session_milter_answer *answer, struct err *err);

#endif
