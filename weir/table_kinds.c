/* table_kinds.c - see table_kinds.h. */
#include "weir/table_kinds.h"

#include <string.h>

#include "base/arena.h"
#include "base/event.h"
#include "base/net.h"
#include "checks/access.h"
#include "checks/check.h"
#include "checks/site.h"
#include "checks/subject.h"
#include "classes/trace.h"
#include "delivery/local_names.h"
#include "rules/address.h"
#include "rules/route.h"
#include "rules/world.h"
#include "weir/lookups.h"

static const struct event_by by = { .program = "smtpd", .number = 1 };

static enum table_status
ask_key(struct table_asking *a, const char *key, struct table_value *value)
{
	return world_find_any(a->world, a->arena, &a->list, key, value);
}

/* Have the restriction ${name} ask about ${subject}; what it found is told by
 * the world. */
static enum table_status
ask_restriction(struct table_asking *a, const char *name,
    struct subject *subject, struct table_value *value)
{
	const struct argument argument = { .kind = ARGUMENT_TABLE,
		.text = table_spec(a->list.tables[0]),
		.table = a->list.tables[0] };
	struct ask ask = { .subject = subject,
		.site = a->site,
		.where = "RCPT",
		.argument = &argument };
	const struct check *check = check_find(name);
	struct answer answer = { 0 };
	struct trace_step *step;

	subject->arena = a->arena;
	subject->world = a->world;
	subject->by = &by;
	step = trace_step(trace_new(subject), subject, 0, "", name);
	*value = (struct table_value){ 0 };
	if (!check_about(&ask, check))
		return TABLE_NONE;
	check->ask(&ask, &answer);
	if (answer.fault) {
		value->text = answer.text;
		return TABLE_FAILED;
	}
	if (a->tried->last == NULL)
		return TABLE_NONE;
	*value = a->tried->last->value;
	if (a->tried->last->status != TABLE_FOUND)
		return a->tried->last->status;
	trace_answer(step, subject, &answer);
	a->means = step->answer;
	return TABLE_FOUND;
}

/* "name[address]", "name" or "address". */
static enum table_status
ask_client(struct table_asking *a, const char *key, struct table_value *value)
{
	const char *bracket = strchr(key, '[');
	struct subject s = { .client_name = key, .client_addr = "" };
	struct net_addr addr;

	if (bracket != NULL && bracket != key) {
		s.client_name =
		    arena_strndup(a->arena, key, (size_t)(bracket - key));
		s.client_addr = bracket;
	} else if (net_parse(key, &addr)) {
		s.client_name = "unknown";
		s.client_addr = key;
	}
	if (net_parse(s.client_addr, &s.client)) {
		char text[NET_TEXT];

		s.client_addr =
		    arena_strdup(a->arena, net_print(&s.client, text));
	}
	return ask_restriction(a, "check_client_access", &s, value);
}

static enum table_status
ask_domain(struct table_asking *a, const char *key, struct table_value *value)
{
	struct subject s = { .helo = key };

	return ask_restriction(a, "check_helo_access", &s, value);
}

/* The internal form of an address as it is typed. */
static const char *
internal(struct table_asking *a, const char *key)
{
	const char *rest,
	    *address = address_path(
		a->arena, key, ADDRESS_UTF8 | ADDRESS_EMPTY_OK, &rest);

	return address != NULL ? address : key;
}

static enum table_status
ask_access(struct table_asking *a, const char *key, struct table_value *value)
{
	struct subject s = { .recipient = internal(a, key) };

	return ask_restriction(a, "check_recipient_access", &s, value);
}

/* Tables are asked for complete addresses. */
static const char *
complete(struct table_asking *a, const char *key)
{
	return route_rewrite(a->route, a->arena, internal(a, key), true);
}

static enum table_status
ask_address(struct table_asking *a, const char *key, struct table_value *value)
{
	return route_find_address(
	    &a->list, a->route, a->world, a->arena, complete(a, key), value);
}

static enum table_status
ask_transport(
    struct table_asking *a, const char *key, struct table_value *value)
{
	return route_transport_entry(
	    &a->list, a->route, a->world, a->arena, complete(a, key), value);
}

static enum table_status
ask_aliases(struct table_asking *a, const char *key, struct table_value *value)
{
	enum table_status status = TABLE_NONE;
	const char *names[LOCAL_NAMES];
	unsigned n =
	    local_names(a->arena, internal(a, key), a->site->delimiters, names);

	for (unsigned i = 0; i < n && status == TABLE_NONE; i++)
		status = ask_key(a, names[i], value);
	return status;
}

/* clang-format off */
static const struct table_kind kinds[] = {
	{ "key",        "the key as it is",                             false, ask_key },
	{ "access",     "check_sender_access, check_recipient_access",  true,  ask_access },
	{ "aliases",    "alias_maps",                                   true,  ask_aliases },
	{ "canonical",  "canonical_maps",                               true,  ask_address },
	{ "client",     "check_client_access: NAME[ADDRESS]",           true,  ask_client },
	{ "domain",     "check_helo_access and others of host names",   true,  ask_domain },
	{ "login",      "smtpd_sender_login_maps",                      true,  ask_address },
	{ "recipients", "local_recipient_maps, virtual_mailbox_maps",   true,  ask_address },
	{ "relocated",  "relocated_maps",                               true,  ask_address },
	{ "transport",  "transport_maps",                               true,  ask_transport },
	{ "virtual",    "virtual_alias_maps",                           true,  ask_address },
	{ NULL, NULL, false, NULL },
};
/* clang-format on */

const struct table_kind *
table_kinds_all(void)
{
	return kinds;
}

const struct table_kind *
table_kinds_find(const char *name)
{
	for (const struct table_kind *k = kinds; k->name != NULL; k++)
		if (strcmp(k->name, name) == 0)
			return k;
	return NULL;
}
