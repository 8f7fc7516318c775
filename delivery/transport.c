/* transport.c - see transport.h. */
#include "delivery/transport.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/master.h"
#include "delivery/agent.h"
#include "delivery/status_filter.h"
#include "rules/table_list.h"

static size_t
process_limit(const struct master_service *service, const struct transport *t)
{
	if (service->maxproc < 0)
		return (size_t)t->base.default_process_limit;
	return service->maxproc == 0 ? SIZE_MAX : (size_t)service->maxproc;
}

struct transport *
transport_open(const struct master_service *service, const struct agent *agent,
    struct conf *conf, struct arena *arena, struct err *err)
{
	struct transport *t = arena_alloc(arena, sizeof *t);
	const char *soft;

	t->name = service->name;
	t->agent = agent;
	t->service = service;
	t->conf = service->noptions > 0 ? master_view(service, conf) : conf;
	if (param_load(&base_params_table, t->conf, arena, &t->base, err) !=
		0 ||
	    param_load(
		&delivery_params_table, t->conf, arena, &t->params, err) != 0)
		return NULL;
	soft = conf_get(t->conf, "soft_bounce", arena, NULL);
	if (soft == NULL || !param_bool(soft, &t->soft_bounce))
		t->soft_bounce = false;
	t->limit = process_limit(service, t);
	t->status_filter = status_filter_open(t, arena, err);
	if (agent->open == NULL)
		return t;
	t->state = agent->open(t, arena, err);
	return t->state != NULL ? t : NULL;
}

void
transport_close(struct transport *t, const struct conf *conf)
{
	if (t->agent->close != NULL)
		t->agent->close(t);
	if (t->status_filter != NULL)
		table_list_close(t->status_filter);
	if (t->conf != conf)
		conf_free(t->conf);
}

struct event_by
transport_by(const struct transport *t, unsigned number, const char *qid)
{
	return (struct event_by){ .program =
				      t != NULL ? t->agent->command : "error",
		.number = number,
		.qid = qid,
		.name = t != NULL ? t->base.syslog_name : NULL };
}
