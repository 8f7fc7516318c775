/* smtp_nexthop.h - the next-hop forms of the smtp and lmtp agents. */
#ifndef DELIVERY_SMTP_NEXTHOP_H
#define DELIVERY_SMTP_NEXTHOP_H

#include <stdbool.h>
#include <stdint.h>

struct arena;
struct err;

/* One next hop: domain, domain:port, [host], [host]:port, [address]:port;
 * unix:/path; for LMTP also unix:path and inet:host:port. */
struct smtp_nexthop {
	const char *text;      /* as written */
	const char *unix_path; /* NULL: TCP */
	const char *host;      /* domain, host name or address, no brackets */
	const char *service;   /* the port as written; NULL: it is not */
	unsigned port;
	bool exact;    /* in brackets: only the addresses of ${host} */
	bool mx;       /* look for mail exchangers of ${host} */
	int64_t until; /* clock_mono(): nothing takes longer; 0: no limit */
};

/*
 * smtp_nexthop_parse(text, lmtp, port, arena, hop, err):
 * Parse one element of a list.  ${port}: the port if none is written.  Return
 * 0, or -1 and the reason in ${err}.
 */
int smtp_nexthop_parse(const char *text, bool lmtp, unsigned port,
    struct arena *arena, struct smtp_nexthop *hop, struct err *err);

/* smtp_nexthop_deadline(hop, when): ${when}, or hop->until if that is earlier. */
int64_t smtp_nexthop_deadline(const struct smtp_nexthop *hop, int64_t when);

#endif
