/* smtp_generic.c - see smtp_generic.h. */
#include "delivery/smtp_generic.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "delivery/delivery.h"
#include "delivery/smtp_client.h"
#include "delivery/smtp_why.h"
#include "rules/address.h"
#include "rules/header_addresses.h"
#include "rules/rfc822.h"
#include "rules/route.h"
#include "rules/table_list.h"

/* Who asks about a header. */
struct asking {
	const struct smtp_client *client;
	struct world *world;
	struct arena *arena;
};

static bool
find(const struct smtp_client *client, const struct delivery *d,
    const char *address, const char **name, struct smtp_why *why)
{
	char *result;

	switch (route_generic(client->route, d->env->world, d->arena,
	    client->generic, address, &result)) {
	case TABLE_NONE:
		*name = address;
		return true;
	case TABLE_FOUND:
		*name = result;
		return true;
	case TABLE_FAILED:
		break;
	}
	smtp_why_set(why, d->arena, "4.3.0", "%s map lookup problem for %s",
	    client->generic->name, address);
	return false;
}

bool
smtp_generic_names(const struct smtp_client *client, const struct delivery *d,
    struct smtp_names *names, struct smtp_why *why)
{
	const struct job *job = d->job;

	names->sender = job->sender;
	names->rcpts =
	    arena_alloc(d->arena, (job->nrcpts + 1) * sizeof names->rcpts[0]);
	for (size_t i = 0; i < job->nrcpts; i++)
		names->rcpts[i] = job->rcpts[i].address;
	if (client->generic == NULL)
		return true;
	if (!find(client, d, job->sender, &names->sender, why))
		return false;
	for (size_t i = 0; i < job->nrcpts; i++)
		if (!d->decided[i] &&
		    !find(client, d, job->rcpts[i].address, &names->rcpts[i],
			why))
			return false;
	return true;
}

static enum table_status
change(void *arg, const char *address, const char **result)
{
	const struct asking *a = arg;
	struct rfc822 row = rfc822_scan(a->arena, address);
	char *name;
	enum table_status status =
	    route_generic(a->client->route, a->world, a->arena,
		a->client->generic, rfc822_internal(a->arena, row), &name);

	if (status == TABLE_FOUND)
		*result = address_external(a->arena, name);
	return status;
}

enum table_status
smtp_generic_header(const struct smtp_client *client, const struct delivery *d,
    struct arena *arena, const char *text, const char **result)
{
	struct asking asking = {
		.client = client, .world = d->env->world, .arena = arena
	};

	*result = text;
	if (client->generic == NULL ||
	    header_addresses_of(text, strcspn(text, ": \t")) ==
		HEADER_ADDRESSES_NONE)
		return TABLE_NONE;
	return header_addresses_rewrite(
	    arena, text, SIZE_MAX, change, &asking, result);
}
