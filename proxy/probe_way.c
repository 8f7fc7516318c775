/* probe_way.c - see probe_way.h. */
#include "proxy/probe_way.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/master.h"
#include "delivery/agent.h"
#include "delivery/delivery.h"
#include "delivery/service_command.h"
#include "delivery/transport.h"
#include "proxy/cut_way.h"
#include "proxy/proxy_params.h"
#include "rules/address.h"
#include "rules/route.h"

struct probe_ways {
	const struct master *master;
	const struct cut_ways *cut;
	struct arena *arena;
	struct conf *conf; /* with the routes of probes */
	struct route *route;
	struct transport plain; /* of agents that are not run */
};

/* The routes of probes take the place of those of mail. */
static void
set_routes(struct conf *view, const struct proxy_params *p)
{
	const struct {
		const char *name, *text;
	} routes[] = {
		{ "transport_maps", p->address_verify_transport_maps },
		{ "local_transport", p->address_verify_local_transport },
		{ "virtual_transport", p->address_verify_virtual_transport },
		{ "relay_transport", p->address_verify_relay_transport },
		{ "default_transport", p->address_verify_default_transport },
		{ "relayhost", p->address_verify_relayhost },
		{ "sender_dependent_relayhost_maps",
		    p->address_verify_sender_dependent_relayhost_maps },
		{ "sender_dependent_default_transport_maps",
		    p->address_verify_sender_dependent_default_transport_maps },
	};

	for (size_t i = 0; i < sizeof routes / sizeof routes[0]; i++)
		conf_set(view, routes[i].name, routes[i].text,
		    (struct origin){ NULL, 0 });
}

struct probe_ways *
probe_way_open(const struct master *master, struct conf *conf,
    const struct cut_ways *cut, const struct proxy_params *params,
    struct err *err)
{
	struct probe_ways *w = calloc(1, sizeof *w);
	struct transport *plain = &w->plain;

	if (w == NULL)
		fatal("out of memory");
	w->master = master;
	w->cut = cut;
	w->arena = arena_new();
	w->conf = conf_view(conf);
	set_routes(w->conf, params);
	w->route = route_open(w->conf, err);
	plain->conf = conf;
	if (param_load(&base_params_table, conf, w->arena, &plain->base, err) ==
		0 &&
	    param_load(&delivery_params_table, conf, w->arena, &plain->params,
		err) == 0)
		return w;
	probe_way_close(w);
	return NULL;
}

void
probe_way_close(struct probe_ways *w)
{
	if (w == NULL)
		return;
	route_close(w->route);
	conf_free(w->conf);
	arena_free(w->arena);
	free(w);
}

const char *
probe_way_complete(
    const struct probe_ways *w, struct arena *arena, const char *address)
{
	const char *internal = address_internal(arena, address);

	return internal == NULL
	    ? ""
	    : route_rewrite(w->route, arena, internal, true);
}

/* Without a server that could be asked. */
static void
end(struct delivery *d, enum job_status status, const char *dsn,
    const char *relay, const char *text)
{
	struct delivery_end e = {
		.status = status, .dsn = dsn, .relay = relay, .text = text
	};

	d->delay.connected = clock_now();
	delivery_end(d, 0, &e);
}

static void
cannot_ask(struct delivery *d)
{
	end(d, JOB_DEFERRED, "4.3.0", NULL, "temporary lookup failure");
}

/* What the address becomes before it is resolved.  False: that has decided it.
 */
static bool
rewrite(struct probe_ways *w, struct delivery *d, struct job_rcpt *rcpt)
{
	struct world *world = d->env->world;
	char *address = route_rewrite(w->route, d->arena, rcpt->address, true);
	struct route_expansion expansion;
	char *other;

	switch (route_canonical_all(
	    w->route, world, d->arena, address, 'r', &other)) {
	case TABLE_FAILED:
		cannot_ask(d);
		return false;
	case TABLE_FOUND:
		address = other;
		break;
	case TABLE_NONE:
		break;
	}
	if (route_expand(w->route, world, d->arena, address, &expansion) ==
	    TABLE_FAILED) {
		cannot_ask(d);
		return false;
	}
	if (expansion.count != 1) {
		end(d, JOB_SENT, "2.0.0", NULL,
		    "aliased to multiple recipients");
		return false;
	}
	rcpt->address = expansion.list[0];
	return true;
}

/* Agents that keep mail here, by the tables that name whom they have it for. */
static void
look_up(struct probe_ways *w, struct delivery *d,
    const struct route_answer *answer, const char *agent)
{
	bool local = strcmp(agent, "local") == 0;
	const char *to = answer->recipient;
	const char *at = strrchr(to, '@');
	struct route_unknown unknown;

	switch (route_known_as(
	    w->route, d->env->world, d->arena, answer, false, &unknown)) {
	case ROUTE_KNOWN:
		end(d, JOB_SENT, "2.0.0", agent, "delivers to mailbox");
		break;
	case ROUTE_CANNOT_ASK:
		cannot_ask(d);
		break;
	case ROUTE_UNKNOWN:
		if (local && at != NULL)
			to = arena_strndup(d->arena, to, (size_t)(at - to));
		end(d, JOB_BOUNCED, "5.1.1", agent,
		    arena_printf(d->arena, "unknown user: \"%s\"", to));
		break;
	}
}

static void
name_command(struct delivery *d, const struct master_service *service)
{
	const char *const *word = service->args;
	const char *text = "delivers to command";

	while (*word != NULL && !service_command_begins(*word))
		word++;
	if (*word != NULL)
		text = arena_printf(d->arena, "%s: %s", text,
		    service_command_argv(word, d->arena)[0]);
	end(d, JOB_SENT, "2.0.0", service->name, text);
}

static const struct master_service *
service_of(const struct probe_ways *w, const char *transport)
{
	for (size_t i = 0; i < w->master->count; i++) {
		const struct master_service *service = &w->master->services[i];

		if (service->type == MASTER_UNIX &&
		    strcmp(service->name, transport) == 0)
			return service;
	}
	return NULL;
}

static void
deliver(struct probe_ways *w, struct delivery *d, const struct job *job,
    const struct route_answer *answer)
{
	const struct cut_way *way = cut_way_find(w->cut, job->transport);
	const struct master_service *service = service_of(w, job->transport);
	const struct agent *agent =
	    service != NULL ? agent_find(service->command) : NULL;
	struct transport plain = w->plain;

	if (way != NULL) {
		d->transport = way->transport;
		way->transport->agent->run(d);
		return;
	}
	if (agent != NULL) {
		plain.name = job->transport;
		plain.agent = agent;
		d->transport = &plain;
	}
	if (agent == NULL || strcmp(agent->command, "smtp") == 0 ||
	    strcmp(agent->command, "lmtp") == 0)
		end(d, JOB_DEFERRED, "4.3.0", NULL,
		    "mail transport unavailable");
	else if (strcmp(agent->command, "pipe") == 0)
		name_command(d, service);
	else if (strcmp(agent->command, "local") == 0 ||
	    strcmp(agent->command, "virtual") == 0)
		look_up(w, d, answer, agent->command);
	else
		/* Error, retry and discard carry nothing anyhow. */
		agent->run(d);
	d->transport = NULL;
}

void
probe_way_run(struct probe_ways *w, struct delivery *d, struct job *job,
    struct job_rcpt *rcpt)
{
	static const struct agent cleanup = { .command = "cleanup" };
	struct transport intake = w->plain;
	struct route_answer answer;
	bool goes_on;

	intake.agent = &cleanup;
	d->transport = &intake;
	goes_on = rewrite(w, d, rcpt);
	d->transport = NULL;
	if (!goes_on)
		return;
	if (route_resolve(w->route, d->env->world, d->arena, job->sender,
		rcpt->address, &answer) == TABLE_FAILED) {
		cannot_ask(d);
		return;
	}
	if (answer.recipient != NULL)
		rcpt->address = answer.recipient;
	else
		answer.recipient = rcpt->address;
	job->transport = answer.transport;
	job->nexthop = answer.nexthop;
	deliver(w, d, job, &answer);
	must(d->left == 0);
}
