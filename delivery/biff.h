/* biff.h - tell the machine's comsat server that a user has new mail. */
#ifndef DELIVERY_BIFF_H
#define DELIVERY_BIFF_H

#include <stdint.h>

struct arena;

/* biff_tell(arena, user, offset): new mail of ${user} begins at ${offset} of the
 * mailbox.  One datagram "user@offset" to the service biff of this machine;
 * never waits, and nobody answers.  NULL, or why it could not be sent. */
const char *biff_tell(struct arena *arena, const char *user, int64_t offset);

#endif
