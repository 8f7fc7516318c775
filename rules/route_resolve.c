/* route_resolve.c - where a recipient goes: address class, transport, next
 * hop. */
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/net.h"
#include "rules/address.h"
#include "rules/match.h"
#include "rules/route_parts.h"
#include "rules/world.h"

static const struct event_by by = { .program = "trivial-rewrite" };

/* An address while the domains of this host are taken off it. */
struct walk {
	const struct route_ask *ask;
	struct rfc822 row;
	struct rfc822 stripped; /* the last "@domain" that was taken off */
	bool remote;
};

enum step { STEP_AGAIN, STEP_DONE, STEP_FAILED };

static int
tail(const struct rfc822 *row)
{
	return row->count > 0 ? row->tokens[row->count - 1].kind : 0;
}

/* Take "@domain" off if the domain is ours, or empty. */
static enum step
strip(struct walk *w)
{
	size_t at = rfc822_last(w->row, '@');
	const struct route_ask *ask = w->ask;
	struct rfc822 domain;

	if (at == RFC822_NONE)
		return STEP_DONE;
	domain = rfc822_part(w->row, at + 1, w->row.count);
	if (domain.count > 0) {
		switch (route_final(ask->route, ask->world, ask->arena,
		    rfc822_internal(ask->arena, domain))) {
		case TABLE_FAILED:
			return STEP_FAILED;
		case TABLE_NONE:
			w->remote = true;
			return STEP_DONE;
		case TABLE_FOUND:
			break;
		}
	}
	w->stripped = rfc822_part(w->row, at, w->row.count);
	w->row = rfc822_part(w->row, 0, at);
	return STEP_DONE;
}

/* The last routing operator in a quoted local part, or NULL. */
static const char *
hidden_operator(const struct rules_params *p, const char *local)
{
	const char *found = strrchr(local, '@');

	if (found == NULL && p->allow_percent_hack)
		found = strrchr(local, '%');
	if (found == NULL && p->swap_bangpath)
		found = strrchr(local, '!');
	return found;
}

/*
 * Open a quoted local part that has a routing operator in it.  It ought to be
 * left alone, but other mail systems do not: "user@domain"@here would be
 * relayed by one behind us.
 */
static bool
unquote(struct walk *w)
{
	const struct rules_params *p = &w->ask->route->params;
	struct arena *arena = w->ask->arena;
	const char *found;
	char *local;

	if (!p->resolve_dequoted_address || w->row.count != 1 ||
	    w->row.tokens[0].kind != RFC822_QUOTED)
		return false;
	local = arena_strdup(arena, w->row.tokens[0].text);
	found = hidden_operator(p, local);
	if (found == NULL)
		return false;
	if (*found == '%')
		local[found - local] = '@';
	w->row = *found == '@' ? route_rewrite_scan(arena, local)
			       : rfc822_scan(arena, local);
	return true;
}

/* One turn: a domain off, then what looks like routing rewritten.  DONE: what
 * is left needs no other turn. */
static enum step
turn(struct walk *w)
{
	const struct route *route = w->ask->route;
	const struct rules_params *p = &route->params;
	struct arena *arena = w->ask->arena;
	size_t n = w->row.count;
	bool had_domain;

	if (tail(&w->row) == '.' && n > 1 &&
	    rfc822_last(w->row, '@') != RFC822_NONE &&
	    w->row.tokens[n - 2].kind != '.' &&
	    w->row.tokens[n - 2].kind != '@')
		w->row.count--;
	if (p->resolve_null_domain && tail(&w->row) == '@')
		w->row.count--;
	if (strip(w) == STEP_FAILED)
		return STEP_FAILED;
	if (w->remote)
		return STEP_DONE;
	had_domain = w->stripped.count > 0;

	if (rfc822_last(w->row, '@') != RFC822_NONE ||
	    (p->swap_bangpath && rfc822_last(w->row, '!') != RFC822_NONE) ||
	    (p->allow_percent_hack &&
		rfc822_last(w->row, '%') != RFC822_NONE) ||
	    unquote(w)) {
		route_rewrite_tokens(route, arena, &route->local, &w->row);
		return STEP_AGAIN;
	}
	if (w->row.count == 1 && w->row.tokens[0].kind == RFC822_QUOTED &&
	    w->row.tokens[0].text[0] == '\0')
		w->row.count = 0;
	if (w->row.count == 0) {
		w->row = rfc822_scan(arena, p->empty_address_recipient);
		return w->row.count > 0 ? STEP_AGAIN : STEP_DONE;
	}
	if (!had_domain) {
		rfc822_add(arena, &w->row, '@', NULL);
		rfc822_join(arena, &w->row, route->myhostname);
		return STEP_AGAIN;
	}
	return STEP_DONE;
}

/* Take off all domains of ours; false: could not ask. */
static bool
walk(struct walk *w, const char *address)
{
	size_t most = strlen(address) + 100;

	w->row = route_rewrite_scan(w->ask->arena, address);
	for (size_t n = 0; n <= most; n++) {
		switch (turn(w)) {
		case STEP_AGAIN:
			break;
		case STEP_FAILED:
			return false;
		case STEP_DONE:
			if (!w->remote)
				rfc822_join(
				    w->ask->arena, &w->row, w->stripped);
			return true;
		}
	}
	event_warning(&by, "resolve_addr: <%s>: giving up after %zu iterations",
	    address, most);
	return false;
}

static bool
is_valid_domain(struct arena *arena, const char *domain)
{
	struct net_addr addr;
	const char *ascii;

	if (*domain == '[')
		return address_literal(domain, &addr);
	ascii = address_alabel(arena, domain);
	return ascii != NULL && dns_valid_hostname(ascii, false);
}

/* Check the domain of what is left, and look for routing in its local part,
 * whatever we would do with it ourselves: other hosts may do as they like. */
static enum table_status
check(struct walk *w, struct route_answer *answer)
{
	const struct route_ask *ask = w->ask;
	const char *recipient = answer->recipient;
	const char *domain = address_domain(recipient);
	struct net_addr addr;
	enum table_status status;

	if (domain == NULL) {
		answer->invalid = true;
		return TABLE_FOUND;
	}
	if (!is_valid_domain(ask->arena, domain)) {
		answer->invalid = true;
		if (!ask->route->params.resolve_numeric_domain ||
		    !net_parse(domain, &addr) || *domain == '[')
			return TABLE_FOUND;
		answer->invalid = false;
		answer->recipient = arena_printf(ask->arena, "%.*s[%s]",
		    (int)(domain - recipient), recipient, domain);
		recipient = answer->recipient;
		domain = address_domain(recipient);
		status =
		    route_final(ask->route, ask->world, ask->arena, domain);
		if (status == TABLE_FAILED)
			return status;
		w->remote = status == TABLE_NONE;
	}
	answer->routed =
	    strcmp(recipient + strcspn(recipient, "@!%") + 1, domain) != 0;
	return TABLE_FOUND;
}

/* A domain ought to be in one class only (L-06). */
static void
warn_twice(const struct route_ask *ask, struct match *other,
    const char *other_name, const char *domain, const char *name)
{
	if (!ask->route->params.helpful_warnings)
		return;
	if ((other == ask->route->relay_domains
		    ? match_domain(other, ask->world, ask->arena, domain)
		    : match_string(other, ask->world, ask->arena, domain)) ==
	    TABLE_FOUND)
		event_warning(&by, "do not list domain %s in BOTH %s and %s",
		    domain, name, other_name);
}

static void
warn_other_lists(
    const struct route_ask *ask, enum route_class class, const char *domain)
{
	const struct route *route = ask->route;
	static const char *const names[] = {
		[ROUTE_LOCAL] = "mydestination",
		[ROUTE_VIRTUAL_ALIAS] = "virtual_alias_domains",
		[ROUTE_VIRTUAL_MAILBOX] = "virtual_mailbox_domains",
		[ROUTE_RELAY] = "relay_domains",
		[ROUTE_DEFAULT] = "",
	};
	const char *name = names[class];

	if (class == ROUTE_LOCAL)
		warn_twice(ask, route->virtual_alias_domains,
		    names[ROUTE_VIRTUAL_ALIAS], domain, name);
	if (class == ROUTE_LOCAL || class == ROUTE_VIRTUAL_ALIAS)
		warn_twice(ask, route->virtual_mailbox_domains,
		    names[ROUTE_VIRTUAL_MAILBOX], domain, name);
	if (class == ROUTE_VIRTUAL_ALIAS || class == ROUTE_VIRTUAL_MAILBOX)
		warn_twice(ask, route->relay_domains, names[ROUTE_RELAY],
		    domain, name);
}

/* Which class the domain of a recipient on another host has. */
static enum table_status
classify(
    const struct route_ask *ask, const char *domain, enum route_class *class)
{
	struct route *route = ask->route;
	const struct {
		struct match *list;
		enum route_class class;
		const char *name;
	} lists[] = {
		{ route->virtual_alias_domains, ROUTE_VIRTUAL_ALIAS,
		    "virtual_alias_domains" },
		{ route->virtual_mailbox_domains, ROUTE_VIRTUAL_MAILBOX,
		    "virtual_mailbox_domains" },
		{ route->relay_domains, ROUTE_RELAY, "relay_domains" },
	};

	*class = ROUTE_DEFAULT;
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		enum table_status status = lists[i].class == ROUTE_RELAY
		    ? route_relays(route, ask->world, ask->arena, domain)
		    : match_string(
			  lists[i].list, ask->world, ask->arena, domain);

		if (status == TABLE_NONE)
			continue;
		*class = lists[i].class;
		if (status == TABLE_FAILED)
			event_warning(&by, "%s lookup failure", lists[i].name);
		return status;
	}
	return TABLE_NONE;
}

/* What the sender's own entry in ${list} says, or ${otherwise}. */
static enum table_status
by_sender(const struct route_ask *ask, const struct table_list *list,
    const char *key, const char *otherwise, const char **result)
{
	struct table_value value;
	enum table_status status = route_find_all(ask, list, key, NULL, &value);

	*result = otherwise;
	if (status == TABLE_FAILED)
		event_warning(&by, "%s lookup failure", list->name);
	else if (status == TABLE_FOUND)
		*result =
		    strcasecmp(value.text, "DUNNO") == 0 ? NULL : value.text;
	return status;
}

/* Transport and next hop for mail to other hosts. */
static enum table_status
outward(const struct route_ask *ask, const char *sender, const char *domain,
    struct route_answer *answer)
{
	const struct rules_params *p = &ask->route->params;
	const char *key;

	if (answer->class == ROUTE_RELAY) {
		answer->transport = p->relay_transport;
	} else {
		key = *sender != '\0'
		    ? sender
		    : p->empty_address_default_transport_maps_lookup_key;
		if (by_sender(ask, ask->route->default_transport_maps, key,
			p->default_transport,
			&answer->transport) == TABLE_FAILED)
			return TABLE_FAILED;
		if (answer->transport == NULL)
			answer->transport = p->default_transport;
	}
	key = *sender != '\0' ? sender
			      : p->empty_address_relayhost_maps_lookup_key;
	if (by_sender(ask, ask->route->relayhost_maps, key, p->relayhost,
		&answer->nexthop) == TABLE_FAILED)
		return TABLE_FAILED;
	if (answer->nexthop == NULL || *answer->nexthop == '\0')
		answer->nexthop = domain;
	return TABLE_FOUND;
}

/* What the class of the recipient says. */
static enum table_status
by_class(const struct walk *w, const char *sender, const char *domain,
    struct route_answer *answer)
{
	const struct route_ask *ask = w->ask;
	const struct rules_params *p = &ask->route->params;

	if (!w->remote)
		answer->class = ROUTE_LOCAL;
	else if (classify(ask, domain, &answer->class) == TABLE_FAILED)
		return TABLE_FAILED;
	warn_other_lists(ask, answer->class, domain);
	answer->nexthop = domain;
	switch (answer->class) {
	case ROUTE_LOCAL:
		answer->transport = p->local_transport;
		break;
	case ROUTE_VIRTUAL_ALIAS:
		answer->transport = "error";
		answer->nexthop = p->show_user_unknown_table_name
		    ? "5.1.1 User unknown in virtual alias table"
		    : "5.1.1 User unknown";
		break;
	case ROUTE_VIRTUAL_MAILBOX:
		answer->transport = p->virtual_transport;
		break;
	case ROUTE_RELAY:
	case ROUTE_DEFAULT:
		return outward(ask, sender, domain, answer);
	}
	return TABLE_FOUND;
}

/* "transport:nexthop" in a parameter. */
static enum table_status
split_transport(struct arena *arena, struct route_answer *answer)
{
	const char *colon = strchr(answer->transport, ':');

	if (colon != NULL) {
		if (colon[1] != '\0')
			answer->nexthop = colon + 1;
		answer->transport = arena_strndup(arena, answer->transport,
		    (size_t)(colon - answer->transport));
	}
	if (*answer->transport != '\0')
		return TABLE_FOUND;
	event_warning(&by, "null transport is not allowed");
	return TABLE_FAILED;
}

/* What tables say about the single recipient. */
static enum table_status
by_tables(const struct route_ask *ask, const char *domain,
    struct route_answer *answer)
{
	struct table_value value;
	enum table_status status = TABLE_NONE;

	if (answer->class != ROUTE_VIRTUAL_ALIAS)
		status = route_transport_find(ask, answer->recipient, domain,
		    &answer->transport, &answer->nexthop);
	if (status == TABLE_FAILED) {
		event_warning(&by, "transport_maps lookup failure");
		return status;
	}
	status = route_find_all(
	    ask, ask->route->relocated_maps, answer->recipient, NULL, &value);
	if (status == TABLE_FAILED) {
		event_warning(&by, "relocated_maps lookup failure");
		return status;
	}
	if (status == TABLE_FOUND) {
		answer->transport = "error";
		answer->nexthop = ask->route->params.relocated_prefix_enable
		    ? arena_printf(
			  ask->arena, "5.1.6 User has moved to %s", value.text)
		    : value.text;
	}
	return TABLE_FOUND;
}

static void
explain(struct arena *arena, struct route_answer *answer)
{
	if (answer->invalid) {
		answer->transport = "error";
		answer->nexthop = "5.1.3 bad address syntax";
	}
	if (strcmp(answer->transport, "error") == 0)
		answer->dsn = "5.0.0";
	else if (strcmp(answer->transport, "retry") == 0)
		answer->dsn = "4.0.0";
	else
		return;
	answer->text =
	    route_transport_dsn(arena, answer->nexthop, &answer->dsn);
}

enum table_status
route_resolve(struct route *route, struct world *world, struct arena *arena,
    const char *sender, const char *recipient, struct route_answer *answer)
{
	const struct route_ask ask = {
		.route = route, .world = world, .arena = arena
	};
	struct walk w = { .ask = &ask };
	const char *domain;

	*answer = (struct route_answer){ .class = ROUTE_DEFAULT };
	if (route->broken || !walk(&w, recipient))
		return TABLE_FAILED;
	answer->recipient = rfc822_internal(arena, w.row);
	if (check(&w, answer) == TABLE_FAILED)
		return TABLE_FAILED;
	if (!answer->invalid) {
		domain = address_domain(answer->recipient);
		if (by_class(&w, sender, domain, answer) == TABLE_FAILED ||
		    split_transport(arena, answer) == TABLE_FAILED ||
		    by_tables(&ask, domain, answer) == TABLE_FAILED)
			return TABLE_FAILED;
		/* Commands could take it for an option. */
		answer->invalid = !route->params.allow_min_user &&
		    answer->recipient[0] == '-';
	}
	explain(arena, answer);
	return TABLE_FOUND;
}
