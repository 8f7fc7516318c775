/* keep.h - the last content stage: what a message is in the end. */
#ifndef PROXY_KEEP_H
#define PROXY_KEEP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "checks/content_stage.h"

struct keep {
	struct content_stage stage; /* first */
	const char *const *drop;    /* message_drop_headers */
	size_t longest;             /* octets of a header */
	struct buf headers;         /* with <CR><LF>, without the empty line */
	struct buf body;            /* to be taken away by the owner */
	bool ended; /* there was an end of headers, so an empty line */
	bool split; /* the section was too long and goes on in the body */
	unsigned hops;
	char *message_id; /* "<...>"; NULL: none; malloc'd */
	bool has_date, has_from, has_rcpt;
};

/* keep_open(k, verdict, drop, longest): begin; what of a header goes beyond
 * ${longest} octets is cut off.  keep_close(k): release. */
void keep_open(struct keep *k, struct content_verdict *verdict,
    const char *const *drop, size_t longest);
void keep_close(struct keep *k);

#endif
