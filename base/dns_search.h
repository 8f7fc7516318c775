/* dns_search.h - what a name that is not whole may stand for (resolv.conf(5)). */
#ifndef BASE_DNS_SEARCH_H
#define BASE_DNS_SEARCH_H

#include <stddef.h>

struct arena;

enum {
	DNS_SEARCH_DEFAULT = 1, /* names without a dot, in our domain */
	DNS_SEARCH_DOMAINS = 2, /* all names, in all domains to be searched */
};

/* dns_search_open(path): read a resolv.conf(5), "" being none, before any thread
 * asks; it is read again when it has changed.  dns_search_close(): forget it. */
void dns_search_open(const char *path);
void dns_search_close(void);

/* dns_search_names(name, how, arena, n): the names to ask for, in this order, until
 * one is there; ${n} of them, at least one.  ${how}: DNS_SEARCH_* or 0, for which it
 * is ${name} alone. */
const char **dns_search_names(
    const char *name, unsigned how, struct arena *arena, size_t *n);

#endif
