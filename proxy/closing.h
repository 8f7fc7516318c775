/* closing.h - how a hall ends. */
#ifndef PROXY_CLOSING_H
#define PROXY_CLOSING_H

struct hall;

/* closing_retire(hall): no new sessions come (a new generation has them); the
 * loop stops when none is left. */
void closing_retire(struct hall *hall);

/* closing_drain(hall): also, sessions end after their current command or
 * message. */
void closing_drain(struct hall *hall);

/* closing_cut(hall): end them now. */
void closing_cut(struct hall *hall);

#endif
