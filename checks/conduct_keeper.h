/* conduct_keeper.h - outcomes on their way to where reputations are kept.
 *
 * What is the same is counted together, and written by a worker in the background,
 * the first at once and those of the next moment together: a flood of refusals is
 * a few writes, and no client waits for any. */
#ifndef CHECKS_CONDUCT_KEEPER_H
#define CHECKS_CONDUCT_KEEPER_H

#include "checks/conduct.h"

struct conduct_keeper;
struct workers;

/* conduct_keeper_new(world, workers): ${world} remembers (world_remember()). */
struct conduct_keeper *
conduct_keeper_new(struct world *world, struct workers *workers);

/* conduct_keeper_free(keeper): after the workers. */
void conduct_keeper_free(struct conduct_keeper *keeper);

/*
 * conduct_keeper_add(keeper, site, subject, domain, what):
 * It has become of the mail of ${subject}; ${domain} as in struct conduct_deed.
 * Never blocks; any thread.  ${site} must outlive the workers.  What does not
 * count costs nothing.  A NULL ${keeper} is allowed.
 */
void conduct_keeper_add(struct conduct_keeper *keeper, const struct site *site,
    const struct subject *subject, const char *domain, enum conduct what);

#endif
