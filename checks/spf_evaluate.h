/* spf_evaluate.h - a policy evaluated by libspf2, which asks nobody: what it must
 * know comes with the question. */
#ifndef CHECKS_SPF_EVALUATE_H
#define CHECKS_SPF_EVALUATE_H

#include <stdbool.h>

#include "checks/spf_terms.h"

struct arena;

/* spf_evaluate_word(result): "pass", "permerror" ... */
const char *spf_evaluate_word(enum spf_result result);

/* spf_evaluate_domain(name): a policy may be looked for there: a host name of
 * more than one label (RFC 7208, section 4.3). */
bool spf_evaluate_domain(const char *name);

/*
 * spf_evaluate(arena, query, reply):
 * check_host() of RFC 7208 with the facts of ${query}: a result, or what else
 * must be asked; the caller then comes again with all of it.  The same facts
 * lead to the same reply.  The limits of section 4.6.4 are counted here.  Never
 * blocks; any thread.  May abort the process: see the library.
 */
void spf_evaluate(struct arena *arena, const struct spf_query *query,
    struct spf_reply *reply);

#endif
