/* breaker.h - a circuit breaker: whether a server that has failed is asked.
 *
 * Closed, everybody asks.  A failure opens it: nobody asks, and nobody waits, for
 * a rest.  Then one question is the trial, and the others still do without the
 * server.  If the trial fails, the rest is twice as long as the last one, up to a
 * bound; if it succeeds, the breaker is closed, and all is forgotten. */
#ifndef RULES_BREAKER_H
#define RULES_BREAKER_H

#include <stdbool.h>
#include <stdint.h>

/* Rests, in nanoseconds.  If they grow, each is shorter by up to a quarter, by
 * chance, so that those who have lost a server together do not come back
 * together. */
struct breaker_rests {
	int64_t first; /* 0: it never opens */
	int64_t most;  /* no more than first: all are alike */
};

/* Zero-initialised; used under its owner's lock.  Times are of clock_mono(). */
struct breaker {
	int64_t rest; /* the latest, without what chance took; 0: closed */
	int64_t until;
	bool tried; /* by a question that has not ended yet */
};

/* breaker_closed(breaker): the last answer came. */
bool breaker_closed(const struct breaker *breaker);

/* breaker_admits(breaker, now): may somebody ask? */
bool breaker_admits(const struct breaker *breaker, int64_t now);

/* breaker_enter(breaker): somebody whom it admits does, and will say how that
 * ended by one of those below.  Is it the trial? */
bool breaker_enter(struct breaker *breaker);

/* breaker_succeed(breaker): the server has answered.  Was it thought not to? */
bool breaker_succeed(struct breaker *breaker);

/* breaker_fail(breaker, trial, rests, now, chance): it has not; ${chance} is any
 * number.  Who asked when it was still closed, and waited longer than others, tells
 * nothing new. */
void breaker_fail(struct breaker *breaker, bool trial,
    const struct breaker_rests *rests, int64_t now, unsigned chance);

/* breaker_leave(breaker, trial): it was not asked after all. */
void breaker_leave(struct breaker *breaker, bool trial);

#endif
