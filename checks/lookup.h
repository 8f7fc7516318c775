/* lookup.h - DNS questions as restrictions ask them: names made A-labels,
 * answers filtered by smtpd_dns_reply_filter. */
#ifndef CHECKS_LOOKUP_H
#define CHECKS_LOOKUP_H

#include "base/dns.h"

struct ask;

/* Worst last: of several questions the result is the greatest. */
enum lookup_status {
	LOOKUP_NONE,    /* no such name, or nothing of this type */
	LOOKUP_NULL_MX, /* RFC 7505: accepts no mail */
	LOOKUP_INVALID, /* malformed answer */
	LOOKUP_RETRY,   /* could not ask */
	LOOKUP_POLICY,  /* the filter has taken everything away */
	LOOKUP_FOUND,
};

/* lookup_dns(ask, name, type, answer): ask one question.  Only what the filter
 * leaves is in *answer.  May block. */
enum lookup_status lookup_dns(const struct ask *ask, const char *name,
    enum dns_type type, struct dns_answer *answer);

/* lookup_sift(ask, name, type, answer): judge and filter an answer that was
 * asked for elsewhere; *why is a reason in words, or "". */
enum lookup_status lookup_sift(const struct ask *ask, const char *name,
    enum dns_type type, struct dns_answer *answer, const char **why);

/* lookup_mail_host(ask, name): can mail be sent to ${name}?  By MX, then A and
 * AAAA; LOOKUP_NULL_MX if it says that it takes none.
 * lookup_host(ask, name): has it an address or an MX? */
enum lookup_status lookup_mail_host(const struct ask *ask, const char *name);
enum lookup_status lookup_host(const struct ask *ask, const char *name);

/* lookup_no_address(a, aaaa): why a host has no address, of its answers for
 * both types, in the words of getaddrinfo(3). */
const char *
lookup_no_address(const struct dns_answer *a, const struct dns_answer *aaaa);

/* lookup_reason(answer): why there is none, in the words of the resolver library. */
const char *lookup_reason(const struct dns_answer *answer);

#endif
