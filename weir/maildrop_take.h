/* maildrop_take.h - letters that were put into the maildrop go on their way. */
#ifndef WEIR_MAILDROP_TAKE_H
#define WEIR_MAILDROP_TAKE_H

#include <stdbool.h>

struct generation;

/*
 * maildrop_take(g):
 * Give what is there to the pickup service of ${g}, which has one, each letter
 * in the name of its file's owner, and log what is left and why.  False: the
 * service is busy; try again later.  For a process of one thread that does
 * nothing else: it changes its effective user from file to file.
 */
bool maildrop_take(const struct generation *g);

#endif
