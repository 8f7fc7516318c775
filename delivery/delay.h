/* delay.h - "delay=1.2, delays=0.1/0.02/0.3/0.78" in delivery log lines. */
#ifndef DELIVERY_DELAY_H
#define DELIVERY_DELAY_H

#include <stdint.h>

struct buf;

/* When things happened to a message (wall clock, ns); 0: not (yet). */
struct delay {
	int64_t arrival;   /* it came in */
	int64_t active;    /* the scheduler took it up */
	int64_t handoff;   /* an agent took it up */
	int64_t connected; /* the next hop was ready for it */
};

/* delay_put(out, ns, digits): append a time in seconds, rounded to two
 * significant digits and at most ${digits} (0..6) behind the point. */
void delay_put(struct buf *out, int64_t ns, int digits);

/* delay_put_all(out, delay, now, digits): append the four parts, separated by
 * slashes: before the active queue, in it, setting up the connection, sending
 * the message. */
void delay_put_all(
    struct buf *out, const struct delay *delay, int64_t now, int digits);

#endif
