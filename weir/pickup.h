/* pickup.h - the maildrop, seen from the supervisor: when something has been
 * put there, a process takes it up. */
#ifndef WEIR_PICKUP_H
#define WEIR_PICKUP_H

struct pickup;
struct rollout;

/* pickup_new(rollout): look at the maildrop now and as often as the pickup
 * service of what is served says.  ${rollout} must outlive it.  pickup_free():
 * ends the process, too; NULL is allowed. */
struct pickup *pickup_new(struct rollout *rollout);
void pickup_free(struct pickup *p);

/* pickup_look(p): now. */
void pickup_look(struct pickup *p);

#endif
