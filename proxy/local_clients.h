/* local_clients.h - local_header_rewrite_clients: whose messages get what they
 * lack. */
#ifndef PROXY_LOCAL_CLIENTS_H
#define PROXY_LOCAL_CLIENTS_H

#include "rules/table.h"

struct arena;
struct conf;
struct err;
struct local_clients;
struct match;
struct net_addr;
struct subject;

/* local_clients_open(text, mynetworks, conf, arena, err): read the list.
 * ${mynetworks} stays the caller's.  Mistakes are gathered in ${err}. */
struct local_clients *
local_clients_open(const char *text, struct match *mynetworks,
    struct conf *conf, struct arena *arena, struct err *err);
void local_clients_close(struct local_clients *list);
unsigned local_clients_flags(const struct local_clients *list);

/* local_clients_has(list, subject, peer): may block if TABLE_MAY_BLOCK.  ${peer} has
 * connected, whoever XCLIENT says that the client is: permit_inet_interfaces is
 * about it, as in Postfix. */
enum table_status local_clients_has(struct local_clients *list,
    const struct subject *subject, const struct net_addr *peer);

#endif
