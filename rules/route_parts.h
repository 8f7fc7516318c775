/* route_parts.h - what the files of the router share. */
#ifndef RULES_ROUTE_PARTS_H
#define RULES_ROUTE_PARTS_H

#include <stdbool.h>

#include "rules/rfc822.h"
#include "rules/route.h"
#include "rules/rules_params.h"

struct event_by;
struct own;

/* What completes addresses: no tokens, no completion. */
struct route_origin {
	struct rfc822 domain; /* of user */
	struct rfc822 parent; /* of user@host */
};

/* What propagate_unmatched_extensions and the *_classes parameters name. */
enum {
	ROUTE_ENVELOPE_SENDER = 1,
	ROUTE_ENVELOPE_RECIPIENT = 2,
	ROUTE_HEADER_SENDER = 4,
	ROUTE_HEADER_RECIPIENT = 8,
};

struct route {
	struct arena *arena;
	struct rules_params params;
	bool broken; /* a parameter has no value that can be used */
	unsigned flags;
	const char *myorigin;
	const char *double_bounce_sender;
	struct rfc822 myhostname;
	struct route_origin local, remote;
	struct own *own;
	bool transport_parents; /* transport_maps matches sub-domains */

	bool propagate_canonical, propagate_virtual, propagate_generic;
	unsigned canonical_classes, sender_canonical_classes,
	    recipient_canonical_classes, masquerade_classes;
	char **masquerade_domains; /* in small letters; ended by NULL */

	struct match *mydestination, *virtual_alias_domains,
	    *virtual_mailbox_domains, *relay_domains, *masquerade_exceptions;
	struct table_list *transport_maps, *relocated_maps,
	    *default_transport_maps, *relayhost_maps;
	struct table_list *canonical_maps, *sender_canonical_maps,
	    *recipient_canonical_maps, *virtual_alias_maps;
	struct table_list *sender_bcc_maps, *recipient_bcc_maps;
	struct table_list *local_recipient_maps, *relay_recipient_maps,
	    *virtual_mailbox_maps;
};

/* One who asks: what all look-ups need. */
struct route_ask {
	struct route *route;
	struct world *world;
	struct arena *arena;
};

/* route_rewrite_tokens(route, arena, origin, row): as route_rewrite(). */
void route_rewrite_tokens(const struct route *route, struct arena *arena,
    const struct route_origin *origin, struct rfc822 *row);

/* route_rewrite_scan(arena, internal): the tokens of an address. */
struct rfc822 route_rewrite_scan(struct arena *arena, const char *internal);

/* How an address is looked for, beside in full and without its extension. */
enum {
	ROUTE_FIND_USER = 1,        /* user, if the domain is ours; @domain */
	ROUTE_FIND_DOMAIN = 2,      /* domain */
	ROUTE_FIND_PARENTS = 4,     /* and its parents */
	ROUTE_FIND_DOT_PARENTS = 8, /* as ".parent" */
};

/* route_find_how(ask, list, address, how, extension, value): look for
 * ${address}; *extension (may be NULL) is what the key that was found lacks,
 * with its delimiter, or "".  route_find_all() is what most tables want. */
enum table_status route_find_how(const struct route_ask *ask,
    const struct table_list *list, const char *address, unsigned how,
    const char **extension, struct table_value *value);
enum table_status
route_find_all(const struct route_ask *ask, const struct table_list *list,
    const char *address, const char **extension, struct table_value *value);

/* route_class(which): ROUTE_ENVELOPE_SENDER ... for the 's', 'r', 'S' or 'R' of
 * route_canonical(). */
unsigned route_class(char which);

/* route_map_find(ask, list, address, propagate, results, count): the addresses
 * that ${list} has for ${address}, complete, with its unmatched extension if
 * ${propagate}.  An answer without an address is TABLE_FAILED. */
enum table_status
route_map_find(const struct route_ask *ask, const struct table_list *list,
    const char *address, bool propagate, char ***results, size_t *count);

/* route_transport_find(ask, recipient, domain, transport, nexthop): what
 * transport_maps changes in *transport and *nexthop. */
enum table_status
route_transport_find(const struct route_ask *ask, const char *recipient,
    const char *domain, const char **transport, const char **nexthop);

/* route_transport_dsn(arena, text, dsn): split "5.1.1 text" and return the
 * text; without a code *dsn stays what it is. */
const char *
route_transport_dsn(struct arena *arena, const char *text, const char **dsn);

#endif
