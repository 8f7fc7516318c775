/* match.h - lists of names, addresses and tables (mynetworks, mydestination,
 * relay_domains ...). */
#ifndef RULES_MATCH_H
#define RULES_MATCH_H

#include <stdbool.h>

#include "rules/table.h"

struct arena;
struct conf;
struct err;
struct match;
struct net_addr;
struct world;

enum {
	MATCH_PARENT = 1, /* "example.com" matches its sub-domains (the list is
			   * named in parent_domain_matches_subdomains) */
};

/* What is looked for. */
enum match_as { MATCH_AS_STRING, MATCH_AS_DOMAIN, MATCH_AS_CLIENT };
struct match_question {
	enum match_as as;
	const char *name;
	const struct net_addr *addr; /* of a client */
};

/* The element that decided. */
struct match_member {
	const char
	    *text;     /* in small letters, without '!'; a table's name; NULL:
			   * none */
	bool excludes; /* '!' */
	const char *file; /* it stands in that file; NULL: in the list itself */
	unsigned line;
	const char *key; /* a table has this key, and value.file:line has it */
	struct table_value value; /* of TABLE_FAILED: why */
};

/*
 * match_open(text, name, flags, conf, err):
 * Read a list: words, "!word", "/file" with more of them, "type:table",
 * addresses and blocks.  ${name} is the parameter's, for messages.  Mistakes
 * are gathered in ${err} with their place; a mistaken element then answers
 * "could not ask", as in Postfix.  Never NULL.
 */
struct match *match_open(const char *text, const char *name, unsigned flags,
    struct conf *conf, struct err *err);
void match_close(struct match *match);
bool match_empty(const struct match *match);
unsigned match_flags(const struct match *match); /* TABLE_MAY_BLOCK */

/* match_style(conf, name): MATCH_PARENT if parent_domain_matches_subdomains
 * has ${name}, else 0. */
unsigned match_style(struct conf *conf, const char *name);

/* match_string(): exact words; match_domain(): a domain and, by flag or with
 * ".example.com", what is below it; match_client(): host name (or "unknown")
 * and address.  The first element that matches decides.  A NULL ${match} is an
 * empty list. */
enum table_status match_string(struct match *match, struct world *world,
    struct arena *arena, const char *string);
enum table_status match_domain(struct match *match, struct world *world,
    struct arena *arena, const char *domain);
enum table_status match_client(struct match *match, struct world *world,
    struct arena *arena, const char *name, const struct net_addr *addr);

/* match_which(match, world, arena, question, member): any of the three, and
 * which element has decided; *member lives as long as ${match} and ${arena}. */
enum table_status
match_which(struct match *match, struct world *world, struct arena *arena,
    const struct match_question *question, struct match_member *member);

#endif
