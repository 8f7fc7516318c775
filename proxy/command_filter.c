/* command_filter.c - see command_filter.h. */
#include "proxy/command_filter.h"

#include <string.h>

#include "base/arena.h"
#include "proxy/postmaster.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/smtp_service.h"
#include "rules/table.h"
#include "rules/table_list.h"
#include "rules/world.h"

/* Unlike elsewhere, an empty answer is one. */
static enum table_status
find(struct session *s, const char *command, struct table_value *value)
{
	const struct table_list *list = s->service->command_filter;
	enum table_status status = TABLE_NONE;

	for (size_t i = 0; i < list->count && status == TABLE_NONE; i++)
		status = world_find(s->subject.world, session_arena(s),
		    list->tables[i], command, value);
	return status;
}

static void
fail(struct session *s, const char *command)
{
	const char *reply = arena_printf(session_arena(s),
	    "421 4.3.0 %s Server local data error", s->service->myhostname);

	event_warning(&s->by_itself,
	    "smtpd_command_filter lookup error for \"%.100s\"", command);
	event(&proxy_events_data_error, &s->by, "where", s->where, "client",
	    s->client, "text", reply, NULL);
	session_reply(s, "%s", reply);
	postmaster_blame(s, TRANSCRIPT_DATA);
}

bool
command_filter_apply(struct session *s)
{
	const char *command = s->line + strspn(s->line, " \t");
	struct table_value value;

	switch (find(s, command, &value)) {
	case TABLE_NONE:
		break;
	case TABLE_FOUND:
		event(&proxy_events_replaced, &s->by_itself, "client",
		    s->client, "command", s->line, "with", value.text, NULL);
		s->line = arena_strdup(session_arena(s), value.text);
		break;
	case TABLE_FAILED:
		fail(s, command);
		return false;
	}
	return true;
}
