/* state_list.h - the state store (state.h) as an administrator sees it. */
#ifndef BASE_STATE_LIST_H
#define BASE_STATE_LIST_H

#include <stdbool.h>
#include <stdint.h>

struct state;
struct state_cell;

/* state_list_each(state, map, now, fn, arg): call ${fn} for each value of ${map}
 * that has not expired at ${now}, in order of the keys; of a key that is longer
 * than 400 octets only its beginning is known.  ${fn} must not ask the store.  0
 * or -1. */
int state_list_each(struct state *state, const char *map, int64_t now,
    void (*fn)(void *arg, const struct state_cell *cell), void *arg);

/* state_list_forget(state, map, now, gone, arg): remove each value of ${map} for
 * which ${gone} is true.  How many had not expired at ${now}; or -1, and some
 * may be removed.  It may block others who write, but not for long. */
int64_t state_list_forget(struct state *state, const char *map, int64_t now,
    bool (*gone)(void *arg, const struct state_cell *cell), void *arg);

#endif
