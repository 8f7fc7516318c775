/* concurrency.h - how many deliveries to one destination may be under way at
 * a time, learned from how they end.
 *
 * Postfix's rules: each success adds its feedback to a sum, and each whole unit
 * in that sum raises the window by one, up to the limit; each failure of the
 * destination itself takes its feedback off another sum, which lowers the
 * window as soon as it falls below zero, so at the first failure of a cycle.
 * A unit of one sum restarts the other.  When as many failures in a row as
 * were allowed at a time (a cohort), times the limit, have come without a
 * success, the destination is dead.  Plain values: no clock, no I/O, no
 * allocation. */
#ifndef QUEUE_CONCURRENCY_H
#define QUEUE_CONCURRENCY_H

#include <stdbool.h>
#include <stddef.h>

/* What one delivery says. */
struct concurrency_feedback {
	double base;
	bool shared; /* divided by the window */
};

/* What main.cf says about a transport. */
struct concurrency_limits {
	unsigned most;           /* 0: any number */
	unsigned initial;        /* >= 1 */
	unsigned failed_cohorts; /* 0: never dead */
	struct concurrency_feedback success, failure;
};

struct concurrency {
	unsigned window; /* >= 1 */
	double successes, failures, failed_cohorts;
};

/* concurrency_feedback_parse(text, feedback): "number", "number / number" or
 * "number / concurrency", the number (of a quotient of two, that) from 0 to 1.  False: it is none of these; ${feedback}
 * is then 1. */
bool concurrency_feedback_parse(
    const char *text, struct concurrency_feedback *feedback);

/* concurrency_feedback_at(feedback, window): its value there. */
double concurrency_feedback_at(
    const struct concurrency_feedback *feedback, unsigned window);

/* concurrency_init(c, limits): nothing is known yet. */
void concurrency_init(
    struct concurrency *c, const struct concurrency_limits *limits);

/* concurrency_succeeded(c, limits, busy): a delivery came through, one of
 * ${busy}. */
void concurrency_succeeded(struct concurrency *c,
    const struct concurrency_limits *limits, size_t busy);

/* concurrency_failed(c, limits): the destination could not be reached.  True:
 * it is dead. */
bool concurrency_failed(
    struct concurrency *c, const struct concurrency_limits *limits);

/* concurrency_revived(c, limits, busy): it was dead, and is worth a try; ${busy}
 * deliveries are under way all the same. */
void concurrency_revived(struct concurrency *c,
    const struct concurrency_limits *limits, size_t busy);

#endif
