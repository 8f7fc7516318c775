/* prefilter.h - which rules of a large pattern table are worth trying?  All
 * expressions look at a text at once (base/multimatch.h), and only those that
 * may match need be tried one by one.
 *
 * The expressions are cut into chunks.  A chunk is loaded from a cache in the
 * background; one that is not there is compiled by another process.  Until it
 * has come its rules are all worth trying. */
#ifndef RULES_PREFILTER_H
#define RULES_PREFILTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct prefilter;

struct prefilter_settings {
	const char *directory; /* the cache */
	/* Have the draft that is in the file ${fd} (to be closed) compiled into
	 * ${directory}, some time. */
	void (*ask)(void *arg, int fd);
	void *arg;
	size_t least; /* smaller tables do without; 0: PREFILTER_LEAST */
	/* For a program that has nothing else to do: no cache, tables that are
	 * opened from now on are compiled there and then. */
	bool at_once;
};

enum { PREFILTER_LEAST = 64 };

/*
 * prefilter_start(settings):
 * From now on, tables that are open and those to come are looked after;
 * chores_start() has them loaded.  Without it they have no prefilter.  What
 * ${settings} names stays.  While no other thread uses tables.
 */
void prefilter_start(const struct prefilter_settings *settings);

/* prefilter_new(): for one table; NULL: this machine has none.
 * prefilter_free(): not within an own look-up; may wait for a load. */
struct prefilter *prefilter_new(void);
void prefilter_free(struct prefilter *p);

/* prefilter_add(p, rule, expression, flags): the expression that rule ${rule}
 * must match, and MULTIMATCH_ flags; in order of the rules.  Of rules that are
 * left out nothing is known. */
void prefilter_add(
    struct prefilter *p, size_t rule, const char *expression, unsigned flags);

/* prefilter_ready(p, name, count): that was all; the table called ${name} (for
 * the log; it stays) has ${count} rules. */
void prefilter_ready(struct prefilter *p, const char *name, size_t count);

/*
 * prefilter_candidates(p, text, len):
 * A bit for each rule, in words of 64, the lowest first: it may match.  NULL:
 * all may.  Until the next call of this thread.
 */
const uint64_t *
prefilter_candidates(struct prefilter *p, const char *text, size_t len);

/* prefilter_unknown(p): the same bits for the rules that may match any text.
 * NULL: all; until the table is closed. */
const uint64_t *prefilter_unknown(struct prefilter *p);

#endif
