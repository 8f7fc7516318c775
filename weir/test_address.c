/* test_address.c - see test_address.h. */
#include "weir/test_address.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/json_text.h"
#include "checks/site.h"
#include "delivery/local_names.h"
#include "rules/address.h"
#include "rules/route.h"
#include "rules/watch.h"
#include "weir/lookups.h"
#include "weir/trial.h"

/* What is found out about one address, printed step by step. */
struct report {
	struct trial trial;
	struct arena *arena;
	struct world *world;
	struct route *route;
	struct site *site;
	struct table_list *aliases;
	struct lookups lookups; /* of the step at hand */
	const char *from;       /* the sender that routes may depend on */
	const char *role;       /* "sender" or "recipient" */
	struct buf json;
	bool rewrites, masquerades; /* there are canonical maps or, and,
				     * masquerade_domains */
	bool failed, malformed;
};

static const char *const classes[] = {
	[ROUTE_LOCAL] = "local",
	[ROUTE_VIRTUAL_ALIAS] = "virtual alias",
	[ROUTE_VIRTUAL_MAILBOX] = "virtual mailbox",
	[ROUTE_RELAY] = "relay",
	[ROUTE_DEFAULT] = "default",
};

/* The result of a step, and all that was asked for it. */
static void
route_step(struct report *r, const char *what, const char *result,
    const struct route_answer *route)
{
	if (r->trial.json) {
		buf_puts(&r->json,
		    r->json.data[r->json.len - 1] == '[' ? "{" : ",{");
		if (r->role != NULL)
			json_text_member(&r->json, "as", r->role);
		json_text_member(&r->json, "step", what);
		json_text_member(&r->json, "result", result);
		if (route != NULL) {
			json_text_member(
			    &r->json, "class", classes[route->class]);
			json_text_member(
			    &r->json, "transport", route->transport);
			json_text_member(&r->json, "nexthop", route->nexthop);
		}
		json_text_name(&r->json, "lookups");
		lookups_json(&r->lookups, &r->json);
		buf_putc(&r->json, '}');
	} else {
		(void)printf("  %s%s%s: %s\n", r->role != NULL ? r->role : "",
		    r->role != NULL ? " " : "", what, result);
		lookups_print(&r->lookups, 4);
	}
	lookups_forget(&r->lookups);
}

static void
step(struct report *r, const char *what, const char *result)
{
	route_step(r, what, result, NULL);
}

static void
could_not_ask(struct report *r, const char *what)
{
	r->failed = true;
	step(r, what, "could not ask");
}

static const char *
external(struct report *r, const char *address)
{
	return *address != '\0' ? address_external(r->arena, address) : "<>";
}

/* Is it listed where its class says? */
static void
listed(struct report *r, const struct route_answer *route, bool sender)
{
	struct route_unknown unknown;
	int code;

	switch (route_known_as(
	    r->route, r->world, r->arena, route, sender, &unknown)) {
	case ROUTE_KNOWN:
		step(r, "listed", "yes");
		return;
	case ROUTE_CANNOT_ASK:
		could_not_ask(r, "listed");
		return;
	case ROUTE_UNKNOWN:
		break;
	}
	code = unknown.code_parameter != NULL
	    ? site_number(r->site, unknown.code_parameter)
	    : unknown.code;
	step(r, "listed",
	    arena_printf(
		r->arena, "no: %d %s %s", code, unknown.dsn, unknown.text));
}

/* What the local delivery agent asks first. */
static void
alias(struct report *r, const char *address, const char *what)
{
	enum table_status status = TABLE_NONE;
	const char *names[LOCAL_NAMES];
	struct table_value value = { 0 };
	unsigned n = local_names(r->arena, address, r->site->delimiters, names);

	for (unsigned i = 0; i < n && status == TABLE_NONE; i++)
		status = world_find_any(
		    r->world, r->arena, r->aliases, names[i], &value);
	if (status == TABLE_FAILED)
		could_not_ask(r, what);
	else
		step(r, what, status == TABLE_FOUND ? value.text : "none");
}

/* Where it goes; false: could not ask. */
static bool
resolve(struct report *r, const char *address, const char *what,
    struct route_answer *a)
{
	const char *text;

	if (route_resolve(r->route, r->world, r->arena, r->from, address, a) ==
	    TABLE_FAILED) {
		could_not_ask(r, what);
		return false;
	}
	text = arena_printf(r->arena, "class %s, transport %s",
	    classes[a->class], a->transport);
	if (a->text != NULL)
		text =
		    arena_printf(r->arena, "%s: %s %s", text, a->dsn, a->text);
	else
		text =
		    arena_printf(r->arena, "%s, next hop %s", text, a->nexthop);
	if (a->recipient != NULL && strcmp(a->recipient, address) != 0)
		text = arena_printf(
		    r->arena, "%s, as %s", text, external(r, a->recipient));
	route_step(r, what, text, a);
	return true;
}

/* What canonical maps, or masquerade_domains, make of it; NULL: could not
 * ask. */
static const char *
map(struct report *r, const char *address, char which, const char *what,
    enum table_status (*ask)(struct route *route, struct world *world,
	struct arena *arena, const char *address, char which, char **result))
{
	char *result;

	switch (ask(r->route, r->world, r->arena, address, which, &result)) {
	case TABLE_FOUND:
		step(r, what, external(r, result));
		return result;
	case TABLE_NONE:
		step(r, what, "unchanged");
		return address;
	case TABLE_FAILED:
		break;
	}
	could_not_ask(r, what);
	return NULL;
}

/* The address as the envelope will have it; and, where there is something that
 * rewrites, as a header will. */
static const char *
canonical(struct report *r, const char *address, char which)
{
	const char *now = map(r, address, which, "canonical", route_canonical);

	if (now != NULL && r->masquerades)
		now = map(r, now, which, "masqueraded", route_masquerade);
	if (r->rewrites)
		(void)map(r, address, which == 's' ? 'S' : 'R', "in a header",
		    route_canonical_all);
	return now;
}

/* What becomes of ${address} when a message goes to it. */
static void
deliver(struct report *r, const char *address, const struct route_answer *known)
{
	struct route_answer route;
	const char *name = external(r, address);

	if (known != NULL)
		route = *known;
	else if (!resolve(r, address,
		     arena_printf(r->arena, "route of %s", name), &route))
		return;
	if (strcmp(route.transport, "local") == 0)
		alias(r, route.recipient,
		    arena_printf(r->arena, "alias of %s", name));
}

/* What the message is then addressed to, and where that goes. */
static void
expand(struct report *r, const char *address, const struct route_answer *route)
{
	struct route_expansion all;
	const char *now = canonical(r, address, 'r');

	if (now == NULL)
		return;
	if (route_expand(r->route, r->world, r->arena, now, &all) ==
	    TABLE_FAILED) {
		could_not_ask(r, "virtual alias");
		return;
	}
	for (size_t i = 0; i < all.count; i++)
		step(r, "virtual alias",
		    all.count == 1 && strcmp(all.list[0], now) == 0
			? "unchanged"
			: external(r, all.list[i]));
	for (size_t i = 0; i < all.count; i++)
		deliver(r, all.list[i],
		    strcmp(all.list[i], address) == 0 ? route : NULL);
}

static void
report_address(struct report *r, const char *address)
{
	struct route_answer route;
	bool known = resolve(r, address, "route", &route);

	r->role = "sender";
	(void)canonical(r, address, 's');
	if (known && *address != '\0')
		listed(r, &route, true);
	if (*address == '\0')
		return;
	r->role = "recipient";
	if (known)
		listed(r, &route, false);
	expand(r, address, known ? &route : NULL);
}

static void
begin(struct report *r, const char *text)
{
	arena_reset(r->arena);
	lookups_forget(&r->lookups);
	r->role = NULL;
	if (!r->trial.json) {
		(void)printf("%s\n", text);
		return;
	}
	buf_reset(&r->json);
	buf_putc(&r->json, '{');
	json_text_member(&r->json, "address", text);
	json_text_name(&r->json, "steps");
	buf_putc(&r->json, '[');
}

static void
report(struct report *r, const char *text)
{
	const char *rest, *address, *from = r->from;

	begin(r, text);
	r->from = route_rewrite(r->route, r->arena, from, true);
	address = address_path(
	    r->arena, text, ADDRESS_UTF8 | ADDRESS_EMPTY_OK, &rest);
	if (address == NULL || *rest != '\0') {
		r->malformed = true;
		step(r, "parsed", "bad address syntax");
	} else {
		step(r, "parsed", external(r, address));
		address = route_rewrite(r->route, r->arena, address, true);
		step(r, "completed", external(r, address));
		report_address(r, address);
	}
	r->from = from;
	if (r->trial.json)
		(void)printf("%s]}\n", buf_str(&r->json));
}

static void
open_aliases(struct report *r, struct err *err)
{
	const char *text =
	    conf_get(r->trial.conf, "alias_maps", r->trial.arena, err);

	r->aliases = table_list_open(text != NULL ? text : "", "alias_maps",
	    r->trial.conf, r->trial.arena, err);
}

static bool
is_set(struct report *r, const char *name)
{
	const char *text = conf_get(r->trial.conf, name, r->trial.arena, NULL);

	return text != NULL && *text != '\0';
}

static int
report_all(struct report *r, char **addresses)
{
	struct err err = { "" };

	r->arena = r->lookups.arena = arena_new();
	r->route = route_open(r->trial.conf, &err);
	r->site = site_open(r->trial.conf, r->route, &err);
	r->world = watch_open(r->trial.world, lookups_told, &r->lookups);
	open_aliases(r, &err);
	r->masquerades = is_set(r, "masquerade_domains");
	r->rewrites = r->masquerades || is_set(r, "canonical_maps") ||
	    is_set(r, "sender_canonical_maps") ||
	    is_set(r, "recipient_canonical_maps");
	if (err.text[0] != '\0')
		(void)fprintf(
		    stderr, "%s: warning: %s\n", r->trial.name, err.text);
	for (; *addresses != NULL; addresses++)
		report(r, *addresses);
	watch_close(r->world);
	table_list_close(r->aliases);
	site_close(r->site);
	route_close(r->route);
	arena_free(r->arena);
	buf_free(&r->json);
	if (r->failed)
		return EX_TEMPFAIL;
	return r->malformed ? EX_DATAERR : EX_OK;
}

int
test_address(int argc, char **argv)
{
	struct report r = { .trial = { .name = "weir test address" },
		.from = "" };
	int status = EX_OK, taken, i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "--") == 0) {
			i++;
			break;
		}
		taken = trial_option(&r.trial, argc, argv, &i);
		if (taken == 0 && strcmp(argv[i], "--from") == 0 &&
		    i + 1 < argc)
			r.from = argv[++i];
		else if (taken <= 0)
			status = EX_USAGE;
	}
	if (i >= argc)
		status = EX_USAGE;
	trial_begin(&r.trial);
	if (status == EX_OK)
		status = trial_open(&r.trial);
	if (status == EX_OK)
		status = report_all(&r, argv + i);
	trial_close(&r.trial);
	return trial_end(&r.trial, status);
}
