/* client_count.h - how many connections each client has, in all loops. */
#ifndef PROXY_CLIENT_COUNT_H
#define PROXY_CLIENT_COUNT_H

struct client_count;
struct net_addr;

struct client_count *client_count_new(void);
void client_count_free(struct client_count *counts);

/* client_count_add(counts, addr): one more of ${addr}; how many it has now.
 * client_count_drop(): one less.  Any thread. */
unsigned
client_count_add(struct client_count *counts, const struct net_addr *addr);
void
client_count_drop(struct client_count *counts, const struct net_addr *addr);

#endif
