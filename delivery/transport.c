/* transport.c - see transport.h. */
#include "delivery/transport.h"

#include <limits.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/master.h"
#include "delivery/agent.h"

static size_t
process_limit(const struct master_service *service, const struct transport *t)
{
	if (service->maxproc < 0)
		return (size_t)t->base.default_process_limit;
	return service->maxproc == 0 ? SIZE_MAX : (size_t)service->maxproc;
}

static struct transport *
open_one(const struct master_service *service, const struct agent *agent,
    struct conf *conf, struct arena *arena, struct err *err)
{
	struct transport *t = arena_alloc(arena, sizeof *t);
	const char *soft;

	t->name = service->name;
	t->agent = agent;
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
	if (agent->open == NULL)
		return t;
	t->state = agent->open(t, arena, err);
	return t->state != NULL ? t : NULL;
}

/* Remember one more mistake behind the others. */
static void
gather(struct err *all, const char *name, const struct err *one)
{
	char before[sizeof all->text];

	memcpy(before, all->text, sizeof before);
	err_set(all, "%s%stransport %s: %s", before,
	    before[0] != '\0' ? "; " : "", name, one->text);
}

struct transports *
transport_open_all(const struct master *master, struct conf *conf,
    struct arena *arena, struct err *err)
{
	struct transports *all = arena_alloc(arena, sizeof *all);

	all->list = arena_alloc(
	    arena, (master->count + 1) * sizeof(struct transport *));
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *service = &master->services[i];
		const struct agent *agent = agent_find(service->command);
		struct err one = { { 0 } };
		struct transport *t;

		if (service->type != MASTER_UNIX || agent == NULL)
			continue;
		t = open_one(service, agent, conf, arena, &one);
		if (t != NULL)
			all->list[all->count++] = t;
		if (one.text[0] != '\0')
			gather(err, service->name, &one);
	}
	return all;
}

void
transport_close_all(struct transports *all, const struct conf *conf)
{
	for (size_t i = 0; i < all->count; i++) {
		struct transport *t = all->list[i];

		if (t->agent->close != NULL)
			t->agent->close(t);
		if (t->conf != conf)
			conf_free(t->conf);
	}
	all->count = 0;
}

struct transport *
transport_find(const struct transports *all, const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (strcmp(all->list[i]->name, name) == 0)
			return all->list[i];
	return NULL;
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
