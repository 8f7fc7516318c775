/* verify.h - address verification: what a probe, a message that ends before
 * its content, has found out about an address, kept between processes.
 *
 * An answer is kept in the state store as "status:probed:updated:text" (status
 * 0 deliverable, 1 failed for now, 2 undeliverable, 3 not known yet; times in
 * seconds; probed is 0 unless an answer is awaited), as Postfix's verify(8)
 * has it in its cache. */
#ifndef CHECKS_VERIFY_H
#define CHECKS_VERIFY_H

#include <stdbool.h>
#include <stdint.h>

#include "rules/world.h"

struct arena;
struct checks_params;
struct state;
struct verify;

/* verify_new(params, probe, arg): ${probe} begins to find out about an address,
 * or is at it already, and returns at once whether it could; verify_update() is
 * called, by another thread, when it knows.  NULL: nothing can be found out, and
 * nobody waits for it.  A probe that was begun before is taken for lost.  The
 * settings are copied.  Without a store (verify_keep()) the service is down.
 * verify_free(NULL) is allowed. */
struct verify *verify_new(const struct checks_params *params,
    bool (*probe)(void *arg, const char *address), void *arg);
void verify_free(struct verify *verify);

/* verify_begin_with(verify, probe, arg): likewise, from now on. */
void verify_begin_with(struct verify *verify,
    bool (*probe)(void *arg, const char *address), void *arg);

/* verify_keep(verify, state): where answers are kept; before the first
 * question.  It stays the caller's. */
void verify_keep(struct verify *verify, struct state *state);

/*
 * verify_ask(verify, arena, address, text):
 * What is known; *text is the reason, or what is being done.  An answer that
 * has grown old begins a probe, one that has expired is not believed.  Waits
 * for a first answer address_verify_poll_count - 1 times
 * address_verify_poll_delay, in a worker.  Any thread.
 */
enum world_probe verify_ask(struct verify *verify, struct arena *arena,
    const char *address, const char **text);

/* verify_update(verify, address, status, text): a probe has ended:
 * WORLD_PROBE_OK, _BAD or _UNKNOWN.  One that failed does not replace the answer
 * that an address is good before that expires. */
void verify_update(struct verify *verify, const char *address,
    enum world_probe status, const char *text);

#endif
