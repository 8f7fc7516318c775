/* rule_tally.h - how often each rule of header and body checks has matched, and
 * how long it took. */
#ifndef WEIR_RULE_TALLY_H
#define WEIR_RULE_TALLY_H

#include "base/strmap.h"

struct arena;
struct buf;
struct content_lists;

/* Zeroed but for the arena. */
struct rule_tally {
	struct arena *arena;
	struct strmap rules; /* of struct rule, by their places */
};

/* rule_tally_open(tally, checks): count for the rules of ${checks}, those that
 * never match, too, and take their times from now on (ruletime.h); it may be
 * called for several.
 * rule_tally_close(tally): no more; the memory is the arena's. */
void rule_tally_open(struct rule_tally *tally, struct content_lists *checks);
void rule_tally_close(struct rule_tally *tally);

/* rule_tally_add(tally, place, answer): the rule there has matched. */
void
rule_tally_add(struct rule_tally *tally, const char *place, const char *answer);

/* rule_tally_print(tally): a table on stdout, the most frequent first, and the
 * rules that never matched.  rule_tally_json(tally, out): append an array. */
void rule_tally_print(const struct rule_tally *tally);
void rule_tally_json(const struct rule_tally *tally, struct buf *out);

#endif
