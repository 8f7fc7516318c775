/* witness_why.c - see witness_why.h. */
#include "weir/witness_why.h"

#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/conf.h"
#include "classes/rules.h"
#include "classes/stage.h"
#include "rules/address.h"
#include "rules/route.h"

/* "file:line: parameter" */
static const char *
place(const struct witness_why_case *c, struct arena *arena,
    const char *parameter)
{
	struct conf_value value;

	if (conf_find(c->conf, parameter, &value) && value.origin.file != NULL)
		return arena_printf(arena, "%s:%u: %s", value.origin.file,
		    value.origin.line, parameter);
	return parameter;
}

/* The step that permitted in ${list}, or NULL. */
static const struct trace_step *
find_permit(const struct verdict *verdict, const char *list)
{
	const struct trace_step *permit = NULL;

	for (const struct trace_step *s = verdict->trace->steps; s != NULL;
	     s = s->next)
		if (strcmp(s->list, list) == 0 &&
		    strcmp(s->answer, "PERMIT") == 0)
			permit = s;
	return permit;
}

static const char *
by_step(const struct witness_why_case *c, const struct trace_step *step,
    struct arena *arena)
{
	const char *of = step->input != NULL && strchr(step->restriction, ' ')
	    ? arena_printf(arena, " for \"%s\"", step->input)
	    : "";

	if (strcasecmp(step->restriction, "permit_mynetworks") == 0)
		return arena_printf(arena, "\"%s\" says OK, %s",
		    step->restriction, place(c, arena, "mynetworks"));
	if (step->file != NULL)
		return arena_printf(arena, "\"%s\" says OK%s, %s:%u",
		    step->restriction, of, step->file, step->line);
	return arena_printf(arena, "\"%s\" says OK%s", step->restriction, of);
}

/* No step has permitted, so none has kept him out: that is because of the
 * recipient. */
static const char *
by_recipient(const struct witness_why_case *c, struct arena *arena)
{
	struct route_answer answer;
	const char *rest;
	char *address = address_path(arena, c->recipient, ADDRESS_UTF8, &rest);

	if (address == NULL ||
	    route_resolve(c->route, c->world, arena, "",
		route_rewrite(c->route, arena, address, true),
		&answer) == TABLE_FAILED)
		return "nothing keeps strangers from relaying";
	if (answer.routed)
		return arena_printf(arena,
		    "%s: a route that the sender writes into the address is "
		    "followed",
		    place(c, arena, "allow_untrusted_routing"));
	if (answer.class == ROUTE_RELAY)
		return arena_printf(arena, "%s has \"%s\"",
		    place(c, arena, "relay_domains"),
		    address_domain(answer.recipient));
	if (answer.class != ROUTE_DEFAULT)
		return arena_printf(arena,
		    "%s: what \"%s\" becomes is of the sender's choice",
		    place(c, arena, "virtual_alias_maps"), answer.recipient);
	return "nothing keeps strangers from relaying";
}

const char *
witness_why(const struct witness_why_case *c, struct arena *arena)
{
	const struct list *relay = &c->rules->lists[RULES_RELAY];
	const char *name = list_guards(relay) ? "smtpd_relay_restrictions"
					      : "smtpd_recipient_restrictions";
	const struct trace_step *permit = find_permit(c->verdict, name);

	if (permit == NULL)
		return by_recipient(c, arena);
	return arena_printf(
	    arena, "%s: %s", place(c, arena, name), by_step(c, permit, arena));
}
