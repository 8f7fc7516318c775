/* reputation.c - see reputation.h. */
#include "checks/reputation.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/event.h"
#include "base/net.h"
#include "checks/check.h"
#include "checks/reputation_rule.h"
#include "checks/site.h"
#include "checks/spf.h"
#include "checks/subject.h"
#include "rules/world.h"

const char *
reputation_network(
    const struct site *site, struct arena *arena, const struct net_addr *client)
{
	const struct checks_params *p = &site->params;
	struct net_addr network;
	char text[NET_TEXT];
	unsigned bits;

	if (client->family != NET_IPV4 && client->family != NET_IPV6)
		return NULL;
	bits = (unsigned)(client->family == NET_IPV4
		? p->weir_greylist_ipv4_prefix
		: p->weir_greylist_ipv6_prefix);
	network = net_network(client, bits);
	return arena_printf(arena, "%s/%u", net_print(&network, text), bits);
}

const char *
reputation_domain(struct arena *arena, const char *domain)
{
	if (domain == NULL)
		return NULL;
	return arena_lower(arena, arena_printf(arena, "@%s", domain));
}

static struct counter known = { .name = "reputation: known" },
		      unknown = { .name = "reputation: unknown" },
		      away = { .name = "reputation: memory away" };

static void
look_up(const struct ask *ask, const char *name, struct reputation *found)
{
	const struct subject *s = ask->subject;
	struct memory_question q = {
		.rule = &reputation_rule,
		.keys = { name, name },
		.args = { [REPUTATION_HALF_LIFE] =
			      ask->site->params.weir_reputation_half_life /
			CLOCK_MS },
	};
	int64_t results[MEMORY_RESULTS] = { 0 };
	const char *why = NULL;

	if (!world_remember(s->world, s->arena, &q, results, &why)) {
		event_warning(
		    s->by, "reputation: %s; %s is not known", why, name);
		counters_add(&away);
		return;
	}
	found->score = results[REPUTATION_SCORE];
	found->good = results[REPUTATION_GOODS];
	found->bad = results[REPUTATION_BADS];
	counters_add(found->good + found->bad > 0 ? &known : &unknown);
}

const struct reputation *
reputation_find(const struct ask *ask, enum reputation_of of)
{
	const struct subject *s = ask->subject;
	struct reputation *found = &ask->reputations[of];
	const char *name;

	if (found->asked)
		return found;
	found->asked = true;
	name = of == REPUTATION_OF_NETWORK
	    ? reputation_network(ask->site, s->arena, &s->client)
	    : reputation_domain(s->arena, spf_domain(s, &ask->spf));
	if (name != NULL)
		look_up(ask, name, found);
	return found;
}
