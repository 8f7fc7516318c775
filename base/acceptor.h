/* acceptor.h - a listening socket of a loop, whose clients are taken as they
 * come, but not when no descriptor is left: then those who come wait a moment,
 * and nobody spins. */
#ifndef BASE_ACCEPTOR_H
#define BASE_ACCEPTOR_H

#include <stdbool.h>

#include "base/loop.h"

struct sockaddr;

struct acceptor {
	struct loop *loop;
	struct loop_fd watch;
	struct loop_timer again;
	bool share; /* other loops listen on the same socket */
	void (*came)(
	    struct acceptor *acceptor, int fd, const struct sockaddr *from);
	/* No descriptor is left, and somebody waits; NULL: nothing is done. */
	void (*want)(struct acceptor *acceptor);
};

/*
 * acceptor_open(acceptor, loop, fd):
 * Call ${acceptor}->came, which the caller has set, as share and want if they
 * are not to be nothing, with each new client of ${fd}, a listening socket that does not block: a descriptor that does not
 * block either, and is closed on exec; it is came()'s.
 */
void acceptor_open(struct acceptor *acceptor, struct loop *loop, int fd);

/* acceptor_close(acceptor): no more; the socket itself stays open. */
void acceptor_close(struct acceptor *acceptor);

#endif
