/* own.c - see own.h. */
#include "rules/own.h"

#include <netdb.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/net.h"

enum { MOST_INTERFACES = 1024 };

struct own_address {
	struct own_address *next;
	unsigned which;
	struct net_addr addr;
};

struct own {
	struct own_address *first;
};

static void
add(struct own *own, struct arena *arena, unsigned which,
    const struct net_addr *addr)
{
	struct own_address *address;

	if (own_has(own, which, addr))
		return;
	address = arena_alloc(arena, sizeof *address);
	address->which = which;
	address->addr = *addr;
	address->next = own->first;
	own->first = address;
}

static bool
is_loopback(const struct net_addr *addr)
{
	static const struct net_addr loopback = { .family = NET_IPV6,
		.octets = { [15] = 1 } };

	return addr->family == NET_IPV4 ? addr->octets[0] == 127
					: net_equal(addr, &loopback);
}

static void
add_interfaces(
    struct own *own, struct arena *arena, unsigned which, bool only_loopback)
{
	struct net_block *blocks =
	    arena_alloc(arena, MOST_INTERFACES * sizeof *blocks);
	int n = net_own_blocks("host", blocks, MOST_INTERFACES);

	for (int i = 0; i < n; i++)
		if (!only_loopback || is_loopback(&blocks[i].addr))
			add(own, arena, which, &blocks[i].addr);
}

static void
add_host(struct own *own, struct arena *arena, unsigned which, const char *name,
    struct err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found;
	struct net_addr addr;
	unsigned port;
	int error;

	if (net_parse(name, &addr)) {
		add(own, arena, which, &addr);
		return;
	}
	error = getaddrinfo(name, NULL, &hints, &found);
	if (error != 0) {
		err_set(
		    err, "host not found: %s: %s", name, gai_strerror(error));
		return;
	}
	for (struct addrinfo *a = found; a != NULL; a = a->ai_next)
		if (net_from_socket(a->ai_addr, &addr, &port))
			add(own, arena, which, &addr);
	freeaddrinfo(found);
}

static void
read_parameter(struct own *own, struct conf *conf, const char *name,
    unsigned which, struct arena *arena, struct err *err)
{
	const char *cursor = conf_get(conf, name, arena, NULL), *word;
	struct err why = { "" };

	while (cursor != NULL && (word = conf_word(&cursor, arena)) != NULL) {
		if (strcasecmp(word, "all") == 0)
			add_interfaces(own, arena, which, false);
		else if (strcasecmp(word, "loopback-only") == 0)
			add_interfaces(own, arena, which, true);
		else
			add_host(own, arena, which, word, &why);
	}
	if (why.text[0] != '\0')
		err_set(err, "%s: %s", name, why.text);
}

struct own *
own_read(struct conf *conf, struct arena *arena, struct err *err)
{
	struct own *own = arena_alloc(arena, sizeof *own);

	read_parameter(
	    own, conf, "inet_interfaces", OWN_INTERFACES, arena, err);
	read_parameter(own, conf, "proxy_interfaces", OWN_PROXIES, arena, err);
	return own;
}

bool
own_has(const struct own *own, unsigned which, const struct net_addr *addr)
{
	for (const struct own_address *a = own->first; a != NULL; a = a->next)
		if ((a->which & which) != 0 && net_equal(&a->addr, addr))
			return true;
	return false;
}
