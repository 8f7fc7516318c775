/* policy_facts.h - what a request of the policy protocol says, as the facts that
 * restrictions look at. */
#ifndef POLICY_POLICY_FACTS_H
#define POLICY_POLICY_FACTS_H

#include <stdbool.h>

#include "classes/stage.h"

struct policy_request;
struct subject;

/*
 * policy_facts(request, data, subject, stage):
 * Set the facts of ${subject}, whose arena, world and by are set already, from
 * the request with the text ${data}, and the stage that it is at.  What the
 * request does not say, an older Postfix does not, say, is not known.  Texts
 * live in ${data}, or in the arena.  False: a state that has no lists.
 */
bool policy_facts(const struct policy_request *request, const char *data,
    struct subject *subject, enum stage *stage);

#endif
