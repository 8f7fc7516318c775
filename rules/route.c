/* route.c - see route.h: what routing is made of, opened and closed. */
#include "rules/route.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/base_params.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/net.h"
#include "rules/address.h"
#include "rules/match.h"
#include "rules/own.h"
#include "rules/route_parts.h"
#include "rules/world.h"

static const char *
text_of(
    struct route *route, struct conf *conf, const char *name, struct err *err)
{
	struct err why = { "" };
	const char *text = conf_get(conf, name, route->arena, &why);

	if (text != NULL)
		return text;
	err_add(&why, "%s", name);
	err_move(err, &why);
	route->broken = true;
	return "";
}

static struct match *
list_of(struct route *route, struct conf *conf, const char *name,
    const char *text, struct err *err)
{
	struct err why = { "" };
	struct match *match =
	    match_open(text, name, match_style(conf, name), conf, &why);

	conf_blame(conf, name, &why);
	err_move(err, &why);
	route->flags |= match_flags(match);
	return match;
}

static struct table_list *
maps_of(struct route *route, struct conf *conf, const char *name,
    const char *text, struct err *err)
{
	struct err why = { "" };
	struct table_list *list =
	    table_list_open(text, name, conf, route->arena, &why);

	if (why.text[0] != '\0')
		err_add(&why, "%s", name);
	conf_blame(conf, name, &why);
	err_move(err, &why);
	route->flags |= table_list_flags(list);
	return list;
}

/* A word of a list that means something. */
struct meaning {
	const char *word;
	unsigned bit; /* 0: nothing that is done here */
};

static unsigned
mask_of(struct route *route, const char *name, const char *text,
    const struct meaning *meanings, struct err *err)
{
	struct err why = { "" };
	const char *cursor = text, *word;
	unsigned mask = 0;

	while ((word = conf_word(&cursor, route->arena)) != NULL) {
		const struct meaning *m = meanings;

		while (m->word != NULL && strcasecmp(m->word, word) != 0)
			m++;
		if (m->word == NULL)
			err_set(&why, "%s: unknown name \"%s\"", name, word);
		else
			mask |= m->bit;
	}
	err_move(err, &why);
	return mask;
}

static unsigned
classes_of(
    struct route *route, const char *name, const char *text, struct err *err)
{
	static const struct meaning classes[] = {
		{ "envelope_sender", ROUTE_ENVELOPE_SENDER },
		{ "envelope_recipient", ROUTE_ENVELOPE_RECIPIENT },
		{ "header_sender", ROUTE_HEADER_SENDER },
		{ "header_recipient", ROUTE_HEADER_RECIPIENT },
		{ NULL, 0 },
	};

	return mask_of(route, name, text, classes, err);
}

unsigned
route_class(char which)
{
	switch (which) {
	case 's':
		return ROUTE_ENVELOPE_SENDER;
	case 'r':
		return ROUTE_ENVELOPE_RECIPIENT;
	case 'S':
		return ROUTE_HEADER_SENDER;
	default:
		must(which == 'R');
		return ROUTE_HEADER_RECIPIENT;
	}
}

static void
read_masquerade(struct route *route, struct err *err)
{
	const char *text = route->params.masquerade_domains, *cursor = text;
	const char *word;
	size_t n = 0;

	route->masquerade_classes = classes_of(
	    route, "masquerade_classes", route->params.masquerade_classes, err);
	while (conf_word(&cursor, route->arena) != NULL)
		n++;
	route->masquerade_domains = arena_alloc(
	    route->arena, (n + 1) * sizeof *route->masquerade_domains);
	for (n = 0; (word = conf_word(&text, route->arena)) != NULL; n++)
		route->masquerade_domains[n] = address_fold(route->arena, word);
}

static void
read_propagation(struct route *route, struct err *err)
{
	enum { CANONICAL = 1, VIRTUAL = 2, GENERIC = 4 };
	static const struct meaning meanings[] = {
		{ "canonical", CANONICAL },
		{ "virtual", VIRTUAL },
		{ "alias", 0 },
		{ "forward", 0 },
		{ "include", 0 },
		{ "generic", GENERIC },
		{ NULL, 0 },
	};
	unsigned mask = mask_of(route, "propagate_unmatched_extensions",
	    route->params.propagate_unmatched_extensions, meanings, err);

	route->propagate_canonical = (mask & CANONICAL) != 0;
	route->propagate_virtual = (mask & VIRTUAL) != 0;
	route->propagate_generic = (mask & GENERIC) != 0;
}

static void
read_origins(struct route *route, struct conf *conf, struct err *err)
{
	const struct rules_params *p = &route->params;
	struct arena *arena = route->arena;

	route->myorigin = text_of(route, conf, "myorigin", err);
	route->double_bounce_sender =
	    text_of(route, conf, "double_bounce_sender", err);
	route->myhostname =
	    rfc822_scan(arena, text_of(route, conf, "myhostname", err));
	if (p->append_at_myorigin)
		route->local.domain = rfc822_scan(arena, route->myorigin);
	if (p->append_dot_mydomain)
		route->local.parent =
		    rfc822_scan(arena, text_of(route, conf, "mydomain", err));
	if (p->append_at_myorigin)
		route->remote.domain =
		    rfc822_scan(arena, p->remote_header_rewrite_domain);
	if (p->append_dot_mydomain)
		route->remote.parent =
		    rfc822_scan(arena, p->remote_header_rewrite_domain);
}

static void
open_lists(struct route *route, struct conf *conf, struct err *err)
{
	const struct rules_params *p = &route->params;

	route->mydestination = list_of(route, conf, "mydestination",
	    text_of(route, conf, "mydestination", err), err);
	/* The maps tell of what is wrong with them; by default these are they. */
	route->virtual_alias_domains = list_of(route, conf,
	    "virtual_alias_domains", p->virtual_alias_domains,
	    strcmp(p->virtual_alias_domains, p->virtual_alias_maps) != 0
		? err
		: NULL);
	route->virtual_mailbox_domains = list_of(route, conf,
	    "virtual_mailbox_domains", p->virtual_mailbox_domains, err);
	route->relay_domains =
	    list_of(route, conf, "relay_domains", p->relay_domains, err);
	route->masquerade_exceptions = list_of(route, conf,
	    "masquerade_exceptions", p->masquerade_exceptions, err);
}

static void
open_maps(struct route *route, struct conf *conf, struct err *err)
{
	struct rules_params *p = &route->params;
	struct {
		struct table_list **list;
		const char *name, *text;
	} all[] = {
#define MAPS(name) { &route->name, #name, p->name }
		MAPS(transport_maps),
		MAPS(relocated_maps),
		MAPS(canonical_maps),
		MAPS(sender_canonical_maps),
		MAPS(recipient_canonical_maps),
		MAPS(virtual_alias_maps),
		MAPS(sender_bcc_maps),
		MAPS(recipient_bcc_maps),
		MAPS(local_recipient_maps),
		MAPS(relay_recipient_maps),
		MAPS(virtual_mailbox_maps),
#undef MAPS
		{ &route->default_transport_maps,
		    "sender_dependent_default_transport_maps",
		    p->sender_dependent_default_transport_maps },
		{ &route->relayhost_maps, "sender_dependent_relayhost_maps",
		    p->sender_dependent_relayhost_maps },
	};

	for (size_t i = 0; i < sizeof all / sizeof *all; i++)
		*all[i].list =
		    maps_of(route, conf, all[i].name, all[i].text, err);
}

struct route *
route_open(struct conf *conf, struct err *err)
{
	struct arena *arena = arena_new();
	struct route *route = arena_alloc(arena, sizeof *route);
	const struct rules_params *p = &route->params;
	struct err why = { "" };

	route->arena = arena;
	if (param_load(
		&rules_params_table, conf, arena, &route->params, &why) != 0) {
		err_move(err, &why);
		route->broken = true;
	}
	read_origins(route, conf, err);
	read_propagation(route, err);
	route->canonical_classes =
	    classes_of(route, "canonical_classes", p->canonical_classes, err);
	route->sender_canonical_classes = classes_of(route,
	    "sender_canonical_classes", p->sender_canonical_classes, err);
	route->recipient_canonical_classes = classes_of(route,
	    "recipient_canonical_classes", p->recipient_canonical_classes, err);
	read_masquerade(route, err);
	route->transport_parents =
	    match_style(conf, "transport_maps") == MATCH_PARENT;
	open_lists(route, conf, err);
	open_maps(route, conf, err);
	why.text[0] = '\0';
	route->own = own_read(conf, arena, &why);
	err_move(err, &why);
	return route;
}

void
route_close(struct route *route)
{
	if (route == NULL)
		return;
	match_close(route->mydestination);
	match_close(route->virtual_alias_domains);
	match_close(route->virtual_mailbox_domains);
	match_close(route->relay_domains);
	match_close(route->masquerade_exceptions);
	table_list_close(route->transport_maps);
	table_list_close(route->relocated_maps);
	table_list_close(route->default_transport_maps);
	table_list_close(route->relayhost_maps);
	table_list_close(route->canonical_maps);
	table_list_close(route->sender_canonical_maps);
	table_list_close(route->recipient_canonical_maps);
	table_list_close(route->virtual_alias_maps);
	table_list_close(route->sender_bcc_maps);
	table_list_close(route->recipient_bcc_maps);
	table_list_close(route->local_recipient_maps);
	table_list_close(route->relay_recipient_maps);
	table_list_close(route->virtual_mailbox_maps);
	arena_free(route->arena);
}

int64_t
route_duplicates(const struct route *route)
{
	return route->params.duplicate_filter_limit;
}

unsigned
route_flags(const struct route *route)
{
	return route->flags & TABLE_MAY_BLOCK;
}

/* "[1.2.3.4]", "[IPv6:::1]": is that this host? */
static bool
is_own_literal(const struct route *route, const char *domain, size_t len)
{
	struct net_addr addr;
	char text[NET_TEXT + sizeof "[IPv6:]"];

	if (len >= sizeof text || domain[0] != '[' || domain[len - 1] != ']')
		return false;
	memcpy(text, domain, len);
	text[len] = '\0';
	return address_literal(text, &addr) &&
	    own_has(route->own, OWN_INTERFACES | OWN_PROXIES, &addr);
}

enum table_status
route_final(struct route *route, struct world *world, struct arena *arena,
    const char *domain)
{
	size_t len = strlen(domain);
	enum table_status status;

	/* One dot at the end is no matter, two are. */
	if (len > 0 && domain[len - 1] == '.')
		len--;
	if (len == 0 || domain[len - 1] == '.')
		return TABLE_NONE;
	if (route->broken)
		return TABLE_FAILED;
	status = match_string(route->mydestination, world, arena,
	    arena_strndup(arena, domain, len));
	if (status == TABLE_NONE && is_own_literal(route, domain, len))
		return TABLE_FOUND;
	return status;
}

enum table_status
route_relays(struct route *route, struct world *world, struct arena *arena,
    const char *domain)
{
	if (route->broken)
		return TABLE_FAILED;
	return match_domain(route->relay_domains, world, arena, domain);
}
