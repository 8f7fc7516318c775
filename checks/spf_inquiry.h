/* spf_inquiry.h - a policy evaluated: by turns the evaluator says what it must
 * know, and the DNS is asked for that. */
#ifndef CHECKS_SPF_INQUIRY_H
#define CHECKS_SPF_INQUIRY_H

#include <stdint.h>

#include "checks/spf_terms.h"

struct arena;
struct world;

/* spf_inquiry_run(world, arena, query, deadline, why): the result; ${query} has
 * no facts yet.  *why: of an error, in words.  What cannot be found out until
 * ${deadline} (world_mono()) is SPF_TEMPERROR. */
enum spf_result spf_inquiry_run(struct world *world, struct arena *arena,
    struct spf_query *query, int64_t deadline, const char **why);

#endif
