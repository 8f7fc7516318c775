/* transports.c - see transports.h. */
#include "delivery/transports.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/master.h"
#include "delivery/agent.h"
#include "delivery/transport.h"

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
transports_open(const struct master *master, struct conf *conf,
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
		t = transport_open(service, agent, conf, arena, &one);
		if (t != NULL)
			all->list[all->count++] = t;
		if (one.text[0] != '\0')
			gather(err, service->name, &one);
	}
	return all;
}

void
transports_close(struct transports *all, const struct conf *conf)
{
	for (size_t i = 0; i < all->count; i++)
		transport_close(all->list[i], conf);
	all->count = 0;
}
