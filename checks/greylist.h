/* greylist.h - the restriction greylist: mail of a network, sender and recipient
 * that have not been seen together waits, as postgrey has it wait. */
#ifndef CHECKS_GREYLIST_H
#define CHECKS_GREYLIST_H

struct answer;
struct arena;
struct ask;

void greylist_ask(struct ask *ask, struct answer *answer);

/* greylist_sender(arena, sender): a sender without what differs from message to
 * message: the tag of BATV, an extension, and numbers, which become '#'. */
const char *greylist_sender(struct arena *arena, const char *sender);

#endif
