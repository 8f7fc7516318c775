/* status_filter.h - tables that replace the status code and the text of a
 * delivery (default_delivery_status_filter). */
#ifndef DELIVERY_STATUS_FILTER_H
#define DELIVERY_STATUS_FILTER_H

#include <stdbool.h>

struct arena;
struct err;
struct event_by;
struct table_list;
struct transport;
struct world;

/* status_filter_open(transport, arena, err): the tables of the agent of
 * ${transport}; NULL: there are none, or its agent has none.  What is wrong
 * with a table is in ${err}, too. */
struct table_list *status_filter_open(
    const struct transport *transport, struct arena *arena, struct err *err);

/*
 * status_filter_apply(filter, world, arena, by, dsn, text):
 * Replace *dsn and *text, in ${arena}, if a table has "dsn text" with another
 * code and, perhaps, another text.  A success stays one, and a failure a
 * failure, of which 4.X.X may become 5.X.X and the other way round: an answer
 * that would change that, one without a code, and a table that cannot be asked,
 * change nothing, and the log says so.  True: they are replaced.  May block.
 */
bool status_filter_apply(const struct table_list *filter, struct world *world,
    struct arena *arena, const struct event_by *by, const char **dsn,
    const char **text);

#endif
