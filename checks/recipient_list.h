/* recipient_list.h - lists of recipients: user@domain, user@, a domain with what
 * is below it, tables. */
#ifndef CHECKS_RECIPIENT_LIST_H
#define CHECKS_RECIPIENT_LIST_H

#include "rules/table.h"

struct arena;
struct match;
struct site;
struct world;

/* recipient_list_find(site, list, world, arena, address): also without the
 * address's extension.  May block. */
enum table_status
recipient_list_find(const struct site *site, struct match *list,
    struct world *world, struct arena *arena, const char *address);

#endif
