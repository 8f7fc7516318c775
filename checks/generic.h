/* generic.h - restrictions that look at nothing, or at the session. */
#ifndef CHECKS_GENERIC_H
#define CHECKS_GENERIC_H

struct answer;
struct ask;

void generic_permit(struct ask *ask, struct answer *answer);
void generic_reject(struct ask *ask, struct answer *answer);
void generic_defer(struct ask *ask, struct answer *answer);
void generic_defer_if_permit(struct ask *ask, struct answer *answer);
void generic_defer_if_reject(struct ask *ask, struct answer *answer);
void generic_sleep(struct ask *ask, struct answer *answer);
/* generic_add_score(ask, points): what score does. */
void generic_add_score(struct ask *ask, long points);
void generic_score(struct ask *ask, struct answer *answer);
void generic_reject_score(struct ask *ask, struct answer *answer);
void generic_pipelining(struct ask *ask, struct answer *answer);
void generic_plaintext(struct ask *ask, struct answer *answer);
void generic_multi_recipient(struct ask *ask, struct answer *answer);

#endif
