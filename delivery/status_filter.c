/* status_filter.c - see status_filter.h. */
#include "delivery/status_filter.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/arena.h"
#include "base/event.h"
#include "checks/status_code.h"
#include "delivery/agent.h"
#include "delivery/transport.h"
#include "rules/table.h"
#include "rules/table_list.h"
#include "rules/world.h"

/* Which parameter an agent has. */
static const struct {
	const char *command, *name;
	size_t offset;
} parameters[] = {
#define ROW(agent)                                                             \
	{                                                                      \
#agent, #agent "_delivery_status_filter",                      \
		    offsetof(struct delivery_params,                           \
			agent##_delivery_status_filter)                        \
	}
	ROW(smtp),
	ROW(lmtp),
	ROW(local),
	ROW(virtual),
	ROW(pipe),
#undef ROW
};

struct table_list *
status_filter_open(
    const struct transport *transport, struct arena *arena, struct err *err)
{
	const char *params = (const char *)&transport->params;
	const char *text;

	for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
		if (strcmp(transport->agent->command, parameters[i].command) !=
		    0)
			continue;
		text = *(const param_text *)(const void *)(params +
		    parameters[i].offset);
		if (text[0] == '\0')
			return NULL;
		return table_list_open(
		    text, parameters[i].name, transport->conf, arena, err);
	}
	return NULL;
}

static bool
is_success(const char *dsn)
{
	return dsn[0] == '2';
}

bool
status_filter_apply(const struct table_list *filter, struct world *world,
    struct arena *arena, const struct event_by *by, const char **dsn,
    const char **text)
{
	const char *key = arena_printf(arena, "%s %s", *dsn, *text);
	struct table_value value = { 0 };
	const char *rest, *code;

	switch (world_find_any(world, arena, filter, key, &value)) {
	case TABLE_NONE:
	case TABLE_FAILED: /* which has been said */
		return false;
	case TABLE_FOUND:
		break;
	}
	rest = value.text;
	code = status_code_take(arena, &rest, "");
	if (code[0] == '\0' || is_success(code) != is_success(*dsn)) {
		event_warning(
		    by, "%s: bad status code: %s", filter->name, value.text);
		return false;
	}
	*dsn = code;
	if (rest[0] != '\0')
		*text = rest;
	return true;
}
