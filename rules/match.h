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

#endif
