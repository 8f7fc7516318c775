/* verp.h - variable envelope return paths: each recipient gets its mail from an
 * address of its own, so that a bounce, whatever it says, tells of whom it
 * is. */
#ifndef QUEUE_VERP_H
#define QUEUE_VERP_H

#include <stdbool.h>

struct arena;

/* verp_is_valid(delimiters, filter): two characters of ${filter}. */
bool verp_is_valid(const char *delimiters, const char *filter);

/* verp_address(arena, delimiters, sender, recipient): the sender for that
 * recipient: list@a and user@b make list+user=b@a.  Internal form. */
const char *verp_address(struct arena *arena, const char *delimiters,
    const char *sender, const char *recipient);

#endif
