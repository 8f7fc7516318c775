/* virtual_agent.c - see virtual_agent.h. */
#include "delivery/virtual_agent.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "delivery/delivery.h"
#include "delivery/delivery_events.h"
#include "delivery/mailbox.h"
#include "delivery/mailbox_client.h"
#include "delivery/transport.h"
#include "rules/route.h"
#include "rules/table.h"

/* What the deliveries of one transport share. */
struct maps {
	struct table_list *mailboxes, *uids, *gids;
	struct route *route; /* recipient_delimiter, which domains are ours */
	unsigned locks;
};

static struct table_list *
open_list(struct transport *t, const char *name, const char *text,
    struct arena *arena, struct err *err)
{
	if (text == NULL)
		text = conf_get(t->conf, name, arena, err);
	return table_list_open(
	    text != NULL ? text : "", name, t->conf, arena, err);
}

static void *
open_virtual(struct transport *t, struct arena *arena, struct err *err)
{
	struct maps *maps = arena_alloc(arena, sizeof *maps);
	const struct delivery_params *p = &t->params;

	if (!mailbox_locks(p->virtual_mailbox_lock, &maps->locks)) {
		err_set(err, "bad virtual_mailbox_lock: %s",
		    p->virtual_mailbox_lock);
		return NULL;
	}
	maps->mailboxes =
	    open_list(t, "virtual_mailbox_maps", NULL, arena, err);
	maps->uids =
	    open_list(t, "virtual_uid_maps", p->virtual_uid_maps, arena, err);
	maps->gids =
	    open_list(t, "virtual_gid_maps", p->virtual_gid_maps, arena, err);
	maps->route = route_open(t->conf, err);
	return maps;
}

static void
warn(const struct delivery *d, const char *text)
{
	struct event_by by = transport_by(d->transport, d->number, d->job->qid);

	event(&delivery_events_config, &by, "text", text, NULL);
}

static enum table_status
look_up(struct delivery *d, const struct table_list *list, const char *address,
    struct table_value *value)
{
	const struct maps *maps = d->transport->state;
	enum table_status status = route_find_address(
	    list, maps->route, d->env->world, d->arena, address, value);

	if (status == TABLE_FAILED)
		warn(d,
		    arena_printf(d->arena, "table %s: lookup %s: failed",
			list->name, address));
	return status;
}

/* A number from virtual_uid_maps or virtual_gid_maps. */
static bool
find_id(struct delivery *d, const struct table_list *list, const char *address,
    long least, uint32_t *id)
{
	const char *what =
	    list == ((struct maps *)d->transport->state)->uids ? "uid" : "gid";
	struct table_value value;
	char *end;
	long n;

	switch (look_up(d, list, address, &value)) {
	case TABLE_FAILED:
		return false;
	case TABLE_NONE:
		warn(d,
		    arena_printf(d->arena, "recipient %s: not found in %s",
			address, list->name));
		return false;
	case TABLE_FOUND:
		break;
	}
	n = strtol(value.text, &end, 10);
	if (end != value.text && *end == '\0' && n >= least &&
	    n < (long)UINT32_MAX) {
		*id = (uint32_t)n;
		return true;
	}
	warn(d,
	    arena_printf(d->arena, "recipient %s: bad %s %s in %s", address,
		what, value.text, list->name));
	return false;
}

static bool
find_path(struct delivery *d, const char *address, const char *path,
    struct mailbox *m)
{
	const struct delivery_params *p = &d->transport->params;

	m->base = p->virtual_mailbox_base;
	path += strspn(path, "/");
	if (m->base[0] == '\0')
		m->base = "/";
	m->path = path;
	m->maildir = *path != '\0' && path[strlen(path) - 1] == '/';
	if (m->base[0] == '/' && mailbox_safe_path(path))
		return true;
	warn(d,
	    arena_printf(d->arena, "recipient %s: unsafe path %s below %s",
		address, path, m->base));
	return false;
}

/* Where and as whom to write.  False: not known for now. */
static bool
find_mailbox(struct delivery *d, const char *address, const char *path,
    struct mailbox *m)
{
	const struct maps *maps = d->transport->state;
	const struct delivery_params *p = &d->transport->params;

	m->locks = maps->locks;
	m->limit = (uint64_t)p->virtual_mailbox_limit;
	return find_path(d, address, path, m) &&
	    find_id(d, maps->uids, address, (long)p->virtual_minimum_uid,
		&m->uid) &&
	    find_id(d, maps->gids, address, 1, &m->gid);
}

static void
deliver_one(struct delivery *d, size_t i)
{
	const struct maps *maps = d->transport->state;
	const char *address = d->job->rcpts[i].address;
	struct delivery_end end = { .status = JOB_DEFERRED,
		.dsn = "4.3.5",
		.text = "mail system configuration error",
		.relay = "virtual" };
	struct mailbox m = { .user = "" };
	struct table_value value;

	if (mailbox_client_loops(d, i, "virtual"))
		return;
	switch (look_up(d, maps->mailboxes, address, &value)) {
	case TABLE_FOUND:
		if (find_mailbox(d, address, value.text, &m)) {
			mailbox_client_deliver(d, i, &m, "virtual");
			return;
		}
		break;
	case TABLE_NONE:
		end.status = JOB_BOUNCED;
		end.dsn = "5.1.1";
		end.text =
		    arena_printf(d->arena, "unknown user: \"%s\"", address);
		break;
	case TABLE_FAILED:
		break;
	}
	delivery_end(d, i, &end);
}

static void
run_virtual(struct delivery *d)
{
	for (size_t i = 0; i < d->job->nrcpts; i++)
		deliver_one(d, i);
}

static void
close_virtual(struct transport *t)
{
	struct maps *maps = t->state;

	table_list_close(maps->mailboxes);
	table_list_close(maps->uids);
	table_list_close(maps->gids);
	route_close(maps->route);
}

const struct agent virtual_agent = { .command = "virtual",
	.open = open_virtual,
	.run = run_virtual,
	.close = close_virtual };
