/* lifeline.h - a role ends with its supervisor.
 *
 * The sign is the end of the control socket, of which nobody else has the other
 * side: it stays, while a signal may be lost (a debugger that lets go of the
 * process takes the one along that it was told of). */
#ifndef WEIR_LIFELINE_H
#define WEIR_LIFELINE_H

#include <stdint.h>

/* lifeline_kill(): when the supervisor dies, or has died, this process is
 * killed.  For one that has nothing to bring to an end; holds until the user is
 * changed, or lifeline_drain() or lifeline_own() is called. */
void lifeline_kill(void);

/* lifeline_drain(limit): ... this process gets a
 * SIGTERM, and if the process has not ended ${limit} ns and a second later, it
 * is ended.  Starts a thread. */
void lifeline_drain(int64_t limit);

/* lifeline_leave(): this process ends by itself, and is about to release what a
 * last word to the log needs. */
void lifeline_leave(void);

/* lifeline_own(): the role looks at the control socket itself. */
void lifeline_own(void);

#endif
