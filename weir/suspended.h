/* suspended.h - the DNS lists that the proxy role has suspended, as it tells
 * weir status: a ring of records in the shared state. */
#ifndef WEIR_SUSPENDED_H
#define WEIR_SUSPENDED_H

struct arena;
struct state;

/* suspended_note(state, zone, why): the list ${zone} is suspended because of
 * ${why}; NULL: no more.  A NULL ${zone}: a new process has begun, which knows
 * of none. */
void suspended_note(struct state *state, const char *zone, const char *why);

/* suspended_print(state, arena): what is suspended now, a line each, to
 * stdout. */
void suspended_print(struct state *state, struct arena *arena);

#endif
