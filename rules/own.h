/* own.h - the addresses that are this host's: inet_interfaces and
 * proxy_interfaces. */
#ifndef RULES_OWN_H
#define RULES_OWN_H

#include <stdbool.h>

struct arena;
struct conf;
struct err;
struct net_addr;
struct own;

enum {
	OWN_INTERFACES = 1, /* inet_interfaces */
	OWN_PROXIES = 2,    /* proxy_interfaces */
};

/*
 * own_read(conf, arena, err):
 * Find out the addresses that the two parameters of ${conf} stand for: "all",
 * "loopback-only", addresses and host names.  Asks the system for the
 * addresses of a name, which may block.  Never NULL; a name that has no
 * address is told in ${err}.
 */
struct own *own_read(struct conf *conf, struct arena *arena, struct err *err);

/* own_has(own, which, addr): is ${addr} one of those that ${which} (OWN_*)
 * gave?  Any thread. */
bool
own_has(const struct own *own, unsigned which, const struct net_addr *addr);

#endif
