/* keep.h - the last content stage: what a message is in the end. */
#ifndef PROXY_KEEP_H
#define PROXY_KEEP_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "checks/content_stage.h"

/* A Message-Id: or Resent-Message-Id: header, for the log. */
struct keep_id {
	struct keep_id *next;
	bool resent;
	const char *value;
};

struct keep {
	struct content_stage stage; /* first */
	const char *const *drop;    /* message_drop_headers */
	size_t longest;             /* octets of a header */
	struct buf headers;         /* with <CR><LF>, without the empty line */
	struct buf body;            /* to be taken away by the owner */
	bool ended; /* there was an end of headers, so an empty line */
	bool split; /* the section was too long and goes on in the body */
	unsigned hops;
	char *message_id;               /* "<...>"; NULL: none; malloc'd */
	struct keep_id *ids, **ids_end; /* the first ones; in the verdict's
					 * arena */
	unsigned nids;
	bool has_id, has_date, has_from, has_rcpt;
	/* There is a Resent- header: it is one of those that a message must
	 * have that it lacks. */
	bool resent, has_resent_date, has_resent_from, has_resent_id;
};

/* keep_open(k, verdict, drop, longest): begin; what of a header goes beyond
 * ${longest} octets is cut off.  keep_close(k): release. */
void keep_open(struct keep *k, struct content_verdict *verdict,
    const char *const *drop, size_t longest);
void keep_close(struct keep *k);

#endif
