/* clock.h - the only clock.  All times are nanoseconds in an int64_t. */
#ifndef BASE_CLOCK_H
#define BASE_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#define CLOCK_SECOND INT64_C(1000000000)
#define CLOCK_MS     INT64_C(1000000)

/* clock_now(): wall-clock time since 1970 (for headers, logs, the queue). */
int64_t clock_now(void);

/* clock_mono(): time that never jumps back (for deadlines and durations). */
int64_t clock_mono(void);

/* clock_cpu(): processor time that this process has used (to bound work, not
 * waiting). */
int64_t clock_cpu(void);

/*
 * clock_open():
 * In debug builds, read an offset that is added to both clocks from the file
 * that the environment variable WEIR_CLOCK names (eight octets, native order,
 * shared by all roles of a test), so that tests need not sleep; eight octets
 * more, if they are there, are added to clock_now() alone, as if somebody had
 * set the clock.  Call once at start.  Does nothing in release builds.
 */
void clock_open(void);

/* clock_pretend(later, wall): for a program that tries what would be, and has one
 * thread: from now on both clocks are ${later} ahead, and clock_now() is so by
 * ${wall} more.  It lasts until the next call; 0, 0: as they are. */
void clock_pretend(int64_t later, int64_t wall);

/* clock_shared(): the offset may change under us, so that a wait must not be
 * longer than 10 ms. */
bool clock_shared(void);

#endif
