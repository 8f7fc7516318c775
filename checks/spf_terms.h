/* spf_terms.h - what is said of the Sender Policy Framework (RFC 7208): who is
 * asked about, what the DNS has answered so far, and what comes of it. */
#ifndef CHECKS_SPF_TERMS_H
#define CHECKS_SPF_TERMS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/dns.h"
#include "base/net.h"

/* Of one evaluation: RFC 7208 allows less than half of this. */
enum { SPF_MOST_FACTS = 256, SPF_MOST_WANTS = 16 };

enum spf_result {
	SPF_NONE,
	SPF_NEUTRAL,
	SPF_PASS,
	SPF_FAIL,
	SPF_SOFTFAIL,
	SPF_TEMPERROR,
	SPF_PERMERROR,
};
enum { SPF_RESULTS = SPF_PERMERROR + 1 };

/* A record's data: of A and AAAA the address, of TXT all strings joined, of MX
 * and PTR the name.  Any octets. */
struct spf_datum {
	const char *data;
	size_t len;
};

/* What has been found out about a message: of its sender, or of the HELO name if
 * it has none. */
struct spf_standing {
	bool known;
	enum spf_result result;
	char *domain; /* of SPF_PASS: whose policy it is, in ASCII */
};

/* What the DNS has answered. */
struct spf_fact {
	const char *name;
	enum dns_type type;
	enum dns_status status;
	const struct spf_datum *data;
	size_t count;
};

/* What the DNS is to be asked. */
struct spf_want {
	const char *name;
	enum dns_type type;
};

struct spf_query {
	struct net_addr client;
	const char *helo;     /* "" if there is none */
	const char *sender;   /* local@domain */
	const char *receiver; /* we */
	const struct spf_fact *facts;
	size_t nfacts;
};

/* Either a result, or what must be known for one. */
struct spf_reply {
	size_t nwants; /* 0: there is a result */
	struct spf_want wants[SPF_MOST_WANTS];
	enum spf_result result;
	const char *why; /* of an error; else "" */
};

#endif
