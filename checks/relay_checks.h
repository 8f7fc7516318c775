/* relay_checks.h - restrictions on where the recipient's mail goes. */
#ifndef CHECKS_RELAY_CHECKS_H
#define CHECKS_RELAY_CHECKS_H

#include <stdbool.h>

struct answer;
struct ask;

void relay_checks_permit(struct ask *ask, struct answer *answer);
void relay_checks_reject(struct ask *ask, struct answer *answer);
void relay_checks_defer(struct ask *ask, struct answer *answer);
void relay_checks_domains(struct ask *ask, struct answer *answer);
void relay_checks_mx_backup(struct ask *ask, struct answer *answer);

/* relay_checks_authorized(ask, recipient, answer): is ${recipient} one of ours,
 * or in relay_domains, and not routed through us by its own text?  If that
 * could not be asked: false, and ${answer} says so. */
bool relay_checks_authorized(
    struct ask *ask, const char *recipient, struct answer *answer);

#endif
