/* trace.h - the record of an evaluation, for weir explain and the bench. */
#ifndef CLASSES_TRACE_H
#define CLASSES_TRACE_H

#include <stdint.h>

struct answer;
struct buf;
struct subject;

struct trace_step {
	struct trace_step *next;
	unsigned depth;          /* classes deeper than the list itself */
	const char *list;        /* "smtpd_recipient_restrictions" */
	const char *restriction; /* "check_client_access hash:/etc/x"; "": the
				  * list is one of tables */
	const char *input;       /* what was looked at, or NULL */
	const char *answer; /* "DUNNO", "REJECT 554 5.7.1 ...", "-> class" */
	const char *file;   /* of the deciding line, or NULL */
	unsigned line;
	int64_t nanoseconds; /* negative: not known */
	const char *within;  /* the list it stands in: a class, or as ${list} */
};

/* Lives, with its steps, in the subject's arena. */
struct trace {
	char id[16]; /* short, shown to a rejected client */
	struct trace_step *steps, **tail;
	/* The step whose answer is the verdict: of a refusal the one that
	 * refuses, or, if nothing was permitted since, a deferral that an
	 * earlier list has found; of what passes the last one that permits.
	 * NULL: the lists came to their end, or the deferral is of an earlier
	 * command. */
	const struct trace_step *decision;
	int64_t when; /* wall clock */
};

/* trace_new(subject): an empty one. */
struct trace *trace_new(const struct subject *subject);

/* trace_step(trace, subject, depth, list, restriction): add a step; its texts
 * must stay.  trace_answer(step, subject, answer): what it led to. */
struct trace_step *
trace_step(struct trace *trace, const struct subject *subject, unsigned depth,
    const char *list, const char *restriction);
void trace_answer(struct trace_step *step, const struct subject *subject,
    const struct answer *answer);

/* trace_print(trace, out): for people, a step a line.  trace_json_steps():
 * "steps" and an array, as member of an object. */
void trace_print(const struct trace *trace, struct buf *out);
void trace_json_steps(const struct trace *trace, struct buf *out);

/* trace_print_text(text, out): what may come from the network, for a terminal:
 * control characters, and what is not UTF-8, become \ooo. */
void trace_print_text(const char *text, struct buf *out);

#endif
