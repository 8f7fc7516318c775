/* srv_order.h - the order in which servers of SRV records are tried. */
#ifndef DELIVERY_SRV_ORDER_H
#define DELIVERY_SRV_ORDER_H

#include <stddef.h>

struct arena;
struct dns_record;
struct world;

/* srv_order(records, n, world, arena): a copy of the ${n} SRV records, in ${arena},
 * by priority; among equals each is the next one with the chance that its weight
 * has among those that are left (RFC 2782). */
struct dns_record *srv_order(const struct dns_record *records, size_t n,
    struct world *world, struct arena *arena);

#endif
