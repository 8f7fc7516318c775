/* rule_listing.h - what weir status --rules prints. */
#ifndef WEIR_RULE_LISTING_H
#define WEIR_RULE_LISTING_H

struct state;

/* rule_listing_print(state): each table, with the rules that have matched or
 * were measured, and the lines of those that have never matched, to stdout.
 * 0, or -1: could not be read. */
int rule_listing_print(struct state *state);

#endif
