/* spf_header.h - the header field Received-SPF: of RFC 7208, section 9.1. */
#ifndef CHECKS_SPF_HEADER_H
#define CHECKS_SPF_HEADER_H

#include <stdbool.h>

#include "checks/spf_terms.h"

struct arena;

/* What it says. */
struct spf_header {
	enum spf_result result;
	bool mail;          /* the sender was asked about, not the HELO name */
	const char *domain; /* whose policy it is */
	const char *client, *helo, *sender; /* "" if there is none */
	const char *receiver;
	const char *why; /* of an error, else "" */
};

/* spf_header_print(arena, header): one line without its end.  Nothing that a
 * client has said breaks out of it. */
const char *
spf_header_print(struct arena *arena, const struct spf_header *header);

#endif
