/* dns_parse.h - rdata, which anybody may have written. */
#ifndef BASE_DNS_PARSE_H
#define BASE_DNS_PARSE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/dns.h"

/*
 * dns_parse(type, rdata, n, arena, record):
 * Read the ${n} octets of uncompressed ${rdata} into ${record}.  False if they
 * are not what ${type} says, or a host name in them is none (but an address in
 * the place of one passes, and the root as the host of an MX or SRV).
 */
bool dns_parse(enum dns_type type, const unsigned char *rdata, size_t n,
    struct arena *arena, struct dns_record *record);

#endif
