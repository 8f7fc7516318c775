/* state.h - what the program remembers and may lose: decision traces, caches,
 * counters.  An LMDB environment without fsync: kill -9 leaves it whole; after
 * an unclean boot (known by a boot id and a mark of a clean stop) it starts
 * from its last copy, or empty, never from a torn file; and likewise when its
 * users have ended suddenly several times in a row, as those of a damaged file
 * do. */
#ifndef BASE_STATE_H
#define BASE_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct err;
struct state;

/* state_open(dir, err): once per process; several processes may have ${dir}
 * open.  NULL and why.  Any thread may use it. */
struct state *state_open(const char *dir, struct err *err);

/* state_close(state): the last process to close leaves the mark of a clean
 * stop.  A NULL ${state} is allowed. */
void state_close(struct state *state);

/* state_get(state, map, key, arena, value): 1: there and not expired at ${now}
 * (wall clock), its text in ${arena}; 0: not there; -1: could not ask. */
int state_get(struct state *state, const char *map, const char *key,
    int64_t now, struct arena *arena, char **value);

/* state_put(state, map, key, value, expires): 0 or -1.  A NULL ${value}
 * deletes. */
int state_put(struct state *state, const char *map, const char *key,
    const char *value, int64_t expires);

/*
 * state_update(state, map, key, change, arg, expires):
 * Put what change() makes of the value that is there (NULL: none), in one
 * transaction, so that no other change is lost.  Values may be any octets.  No
 * other function of this module may be called within change().  0 or -1.
 */
int state_update(struct state *state, const char *map, const char *key,
    void (*change)(void *arg, const char *value, size_t n, struct buf *out),
    void *arg, int64_t expires);

/* A value that a change reads and may replace. */
struct state_cell {
	const char *map, *key;
	const char *value; /* what is there, of any octets; NULL: nothing */
	size_t n;
	const char *put; /* what is to be there from now on; NULL: as it is */
	size_t nput;
	int64_t expires; /* of what is put; 0: never */
};

/*
 * state_change(state, cells, count, now, change, arg):
 * Read all of ${cells} (different ones; what has expired at ${now} is not
 * there), call change(), which sees their values, those only until it returns,
 * and may set their put, and store that: in one transaction, that no other
 * change comes between, and that writes nothing if nothing is put.  No other
 * function of this module may be called within change().  0 or -1.
 */
int state_change(struct state *state, struct state_cell *cells, size_t count,
    int64_t now, void (*change)(void *arg), void *arg);

/* state_each(state, map, now, fn, arg): call ${fn} for each value of ${map} that
 * has not expired, in order of the keys (a key of more than 400 octets is cut).
 * 0 or -1. */
int state_each(struct state *state, const char *map, int64_t now,
    void (*fn)(void *arg, const char *key, const char *value, size_t n),
    void *arg);

/* state_maintain(state, now): remove some of what has expired, and keep a copy
 * that is not older than an hour.  Call it every minute or so. */
void state_maintain(struct state *state, int64_t now);

#endif
