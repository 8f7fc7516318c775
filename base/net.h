/* net.h - network addresses and blocks of them. */
#ifndef BASE_NET_H
#define BASE_NET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

struct err;

enum net_family { NET_NONE, NET_IPV4, NET_IPV6, NET_UNIX };

/* An address without a port.  A v4-mapped IPv6 address is kept as IPv4. */
struct net_addr {
	enum net_family family;
	unsigned char octets[16]; /* network order; IPv4 uses the first 4 */
};

struct net_block {
	struct net_addr addr;
	unsigned bits; /* leading bits that must agree */
};

enum { NET_TEXT = 48 }; /* an address in words, with its NUL */

/* net_parse(text, addr): "192.0.2.1", "2001:db8::1", with or without [ ];
 * IPv6 may have the "IPv6:" tag within brackets only.  False: none. */
bool net_parse(const char *text, struct net_addr *addr);

/* net_print(addr, text): RFC 5952 form; "unknown" for NET_NONE. */
const char *net_print(const struct net_addr *addr, char text[NET_TEXT]);

bool net_equal(const struct net_addr *a, const struct net_addr *b);

/* net_network(addr, bits): the network of ${bits} that it is in. */
struct net_addr net_network(const struct net_addr *addr, unsigned bits);

/* net_block_parse(text, block, err): "addr", "addr/bits", "[v6]/bits"; bits
 * beyond the mask must be zero, as Postfix demands, and ${err} says what the
 * admin should have written. */
bool
net_block_parse(const char *text, struct net_block *block, struct err *err);
bool net_block_has(const struct net_block *block, const struct net_addr *addr);

/* net_from_socket(sa, addr, port): the other direction of net_to_socket(),
 * which returns the length of what it wrote to ${ss}. */
bool net_from_socket(
    const struct sockaddr *sa, struct net_addr *addr, unsigned *port);
socklen_t net_to_socket(
    const struct net_addr *addr, unsigned port, struct sockaddr_storage *ss);

/* net_own_blocks(style, blocks, most): fill ${blocks} with the networks of
 * this machine's interfaces for mynetworks_style "subnet" or "class", else
 * "host"; return how many. */
int net_own_blocks(const char *style, struct net_block *blocks, int most);

/*
 * net_listen(host, port, backlog, reuse, err):
 * A listening, non-blocking, close-on-exec TCP socket; ${host} NULL: every
 * address (dual stack where there is IPv6).  -1 and the reason in ${err}.
 * net_listen_unix() makes one at ${path} with ${mode}, replacing a stale one.
 */
int net_listen(const char *host, const char *port, int backlog, bool reuse,
    struct err *err);
int net_listen_unix(const char *path, unsigned mode, struct err *err);

/* net_await_unix(path, patience): wait, at most so many nanoseconds, until
 * nobody accepts connections at ${path} any more. */
void net_await_unix(const char *path, int64_t patience);

/* net_bindable(addr, err): a connection can be made from ${addr}, which is one of
 * ours.  -1: why not. */
int net_bindable(const struct net_addr *addr, struct err *err);

/* net_port(text, port): a number or a name from /etc/services (tcp); lmtp, smtp,
 * smtps, submissions and submission are known without. */
bool net_port(const char *text, unsigned *port);

#endif
