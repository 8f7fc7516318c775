/* smtp_nexthop.h - the next-hop forms of the smtp and lmtp agents. */
#ifndef DELIVERY_SMTP_NEXTHOP_H
#define DELIVERY_SMTP_NEXTHOP_H

#include <stdbool.h>

struct arena;
struct err;

/* One next hop: domain, domain:port, [host], [host]:port, [address]:port;
 * for LMTP also unix:path and inet:host:port. */
struct smtp_nexthop {
	const char *text;      /* as written */
	const char *unix_path; /* NULL: TCP */
	const char *host;      /* domain, host name or address, no brackets */
	unsigned port;
	bool mx; /* look for mail exchangers of ${host} */
};

/*
 * smtp_nexthop_parse(text, lmtp, port, arena, hop, err):
 * Parse one element of a list.  ${port}: the port if none is written.  Return
 * 0, or -1 and the reason in ${err}.
 */
int smtp_nexthop_parse(const char *text, bool lmtp, unsigned port,
    struct arena *arena, struct smtp_nexthop *hop, struct err *err);

#endif
