/* name_search.h - questions about a name that may not be whole. */
#ifndef DELIVERY_NAME_SEARCH_H
#define DELIVERY_NAME_SEARCH_H

#include <stddef.h>
#include <stdint.h>

struct arena;
struct dns_question;
struct world;

/*
 * name_search(world, arena, how, questions, n, deadline):
 * Ask the ${n} questions, which are all about one name, each about all that this
 * may stand for (dns_search_names()) until there is an answer.  If there is none,
 * not to have been able to ask counts more than that a name has no such record, and
 * this more than that it does not exist.  The questions keep their name.  Blocks
 * until ${deadline} at most.
 */
void name_search(struct world *world, struct arena *arena, unsigned how,
    struct dns_question *questions, size_t n, int64_t deadline);

#endif
