/* upstream_header.h - what a proxy in front of us says of its client: the
 * PROXY protocol of HAProxy, versions 1 and 2. */
#ifndef PROXY_UPSTREAM_HEADER_H
#define PROXY_UPSTREAM_HEADER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/net.h"

enum { UPSTREAM_HEADER_MOST = 536 }; /* octets, of either version */

enum upstream_header_status {
	UPSTREAM_HEADER_MORE, /* not all of it has come */
	UPSTREAM_HEADER_DONE,
	UPSTREAM_HEADER_BAD,
};

struct upstream_header {
	size_t used; /* octets that it takes */
	bool local;  /* it is the proxy's own connection: nothing else is set */
	struct net_addr client, server;
	unsigned client_port, server_port;
	const char *why; /* BAD: in Postfix's words */
};

/* upstream_header_parse(data, n, h): read the header at the start of the ${n}
 * octets at ${data}, of which more may come. */
enum upstream_header_status
upstream_header_parse(const char *data, size_t n, struct upstream_header *h);

#endif
