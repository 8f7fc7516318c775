/* route.h - what an address becomes and where it goes: completion, canonical
 * and virtual alias maps, address classes, transports (ADDRESS_CLASS_README,
 * ADDRESS_REWRITING_README).
 *
 * Addresses are in internal form (address.h).  All look-ups may block if
 * route_flags() says so, and can be made by any thread. */
#ifndef RULES_ROUTE_H
#define RULES_ROUTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "rules/table.h"

struct arena;
struct conf;
struct err;
struct match;
struct route;
struct world;

/* route_open(conf, err): open the maps and lists that routing needs, for one
 * view of a configuration.  Never NULL; mistakes are gathered in ${err}, and
 * what is asked of a mistaken map or list "could not be asked".  May block: it
 * finds out the addresses of this host. */
struct route *route_open(struct conf *conf, struct err *err);
void route_close(struct route *route);
/* route_duplicates(route): duplicate_filter_limit, for struct duplicates. */
int64_t route_duplicates(const struct route *route);
/* route_flags(route): TABLE_MAY_BLOCK if a look-up may block. */
unsigned route_flags(const struct route *route);

enum route_class {
	ROUTE_LOCAL,           /* mydestination, own addresses */
	ROUTE_VIRTUAL_ALIAS,   /* virtual_alias_domains */
	ROUTE_VIRTUAL_MAILBOX, /* virtual_mailbox_domains */
	ROUTE_RELAY,           /* relay_domains */
	ROUTE_DEFAULT,         /* anything else */
};

struct route_answer {
	enum route_class class;
	const char *transport;  /* "smtp", "relay", "virtual", "error" ... */
	const char *nexthop;    /* as in transport(5), with [ ] and :port */
	const char *recipient;  /* what the agent is given */
	bool routed;            /* user@dom@dom, user%dom@dom: sender routing */
	bool invalid;           /* not a valid address; ${transport} is error */
	const char *dsn, *text; /* for the transports error and retry: "5.1.1",
				 * what to say; else NULL */
};

/*
 * route_rewrite(route, arena, address, local):
 * Complete an internal address: user -> user@$myorigin, user@host ->
 * user@host.$mydomain (for a client that ${local} rewriting applies to; others:
 * with remote_header_rewrite_domain, if that is set), percent and bang forms
 * by swap_bangpath and allow_percent_hack.  Pure: no tables.
 */
char *route_rewrite(const struct route *route, struct arena *arena,
    const char *address, bool local);

/* route_resolve(route, world, arena, sender, recipient, answer): class,
 * transport and next hop of a rewritten address (trivial-rewrite(8)); the null
 * address is empty_address_recipient.
 * TABLE_FAILED: could not ask.  Otherwise TABLE_FOUND. */
enum table_status
route_resolve(struct route *route, struct world *world, struct arena *arena,
    const char *sender, const char *recipient, struct route_answer *answer);

/* route_canonical(route, world, arena, address, which, result): canonical maps
 * for an address of the envelope ('s'ender or 'r'ecipient) or of a header
 * ('S', 'R'), where the *_classes parameters want them: those for senders or
 * recipients, then the common ones.
 * TABLE_NONE: unchanged. */
enum table_status route_canonical(struct route *route, struct world *world,
    struct arena *arena, const char *address, char which, char **result);

/* route_masquerade(route, world, arena, address, which, result): likewise, by
 * masquerade_domains; canonical maps come before. */
enum table_status route_masquerade(struct route *route, struct world *world,
    struct arena *arena, const char *address, char which, char **result);

/* route_canonical_all(route, world, arena, address, which, result): both. */
enum table_status route_canonical_all(struct route *route, struct world *world,
    struct arena *arena, const char *address, char which, char **result);

/* How headers are rewritten. */
struct route_header_how {
	bool local; /* the client is in local_header_rewrite_clients; others:
		     * with remote_header_rewrite_domain */
	bool maps;  /* canonical maps and masquerading, too */
};

/* route_header_wanted(route, local): they are rewritten at all.
 * route_header_flags(route): TABLE_MAY_BLOCK if route_header() may block. */
bool route_header_wanted(const struct route *route, bool local);
unsigned route_header_flags(const struct route *route);

/*
 * route_header(route, world, arena, text, how, result):
 * Rewrite the addresses in the header "Name: value", as in
 * header_addresses_rewrite(); other headers than those with addresses stay.
 */
enum table_status
route_header(struct route *route, struct world *world, struct arena *arena,
    const char *text, const struct route_header_how *how, const char **result);

/* route_copy(route, world, arena, address, sender, copy): who gets a copy of
 * mail from (${sender}) or to ${address}, in internal form, which may have to
 * be completed; TABLE_NONE: nobody. */
enum table_status route_copy(struct route *route, struct world *world,
    struct arena *arena, const char *address, bool sender, const char **copy);

/* route_generic(route, world, arena, list, address, result): what ${list}, of
 * the kind of smtp_generic_maps, makes of an internal address, once. */
enum table_status
route_generic(struct route *route, struct world *world, struct arena *arena,
    const struct table_list *list, const char *address, char **result);

/* What route_expand() made of a recipient. */
struct route_expansion {
	char **list;
	size_t count;
	bool exceeded; /* a limit was: "4.6.0 Alias expansion error" */
};

/*
 * route_expand(route, world, arena, recipient, expansion):
 * Virtual alias maps, recursively, with the expansion limits; the addresses
 * that remain, without duplicates.  TABLE_NONE: nothing applies (the list is
 * ${recipient} alone).  TABLE_FAILED: could not ask, or a limit was exceeded;
 * there is no partial answer.
 */
enum table_status
route_expand(struct route *route, struct world *world, struct arena *arena,
    const char *recipient, struct route_expansion *expansion);

enum route_known {
	ROUTE_KNOWN,
	ROUTE_UNKNOWN, /* reason: the table that lacks it, as text below */
	ROUTE_CANNOT_ASK,
};
struct route_unknown {
	const char *code_parameter; /* "unknown_local_recipient_reject_code";
				     * NULL: ${code} */
	int code;                   /* 450 or 550 */
	const char *dsn, *text;     /* "5.1.1", "User unknown in local recipient
				     * table" */
};
/* route_known(route, world, arena, address, sender, unknown): is ${address}
 * listed where its class says (reject_unlisted_recipient, or for a sender
 * address reject_unlisted_sender)?  route_known_as(): the same for an address
 * that route_resolve() has answered already. */
enum route_known
route_known(struct route *route, struct world *world, struct arena *arena,
    const char *address, bool sender, struct route_unknown *unknown);
enum route_known route_known_as(struct route *route, struct world *world,
    struct arena *arena, const struct route_answer *answer, bool sender,
    struct route_unknown *unknown);

/* route_final(route, world, arena, domain): is ${domain} in mydestination, or
 * "[address]" with an address of this host?  route_relays(): is it one in
 * relay_domains? */
enum table_status route_final(struct route *route, struct world *world,
    struct arena *arena, const char *domain);
enum table_status route_relays(struct route *route, struct world *world,
    struct arena *arena, const char *domain);

/* route_find_address(list, route, world, arena, address, value): the look-ups
 * of most address tables: user+ext@domain, user@domain, user+ext, user (if
 * the domain is ours), @domain. */
enum table_status route_find_address(const struct table_list *list,
    struct route *route, struct world *world, struct arena *arena,
    const char *address, struct table_value *value);

/* route_transport_entry(list, route, world, arena, address, value): those of
 * transport_maps: user+ext@domain, user@domain, domain, the domains above it,
 * "*". */
enum table_status route_transport_entry(const struct table_list *list,
    struct route *route, struct world *world, struct arena *arena,
    const char *address, struct table_value *value);

#endif
