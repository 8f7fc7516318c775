/* local_agent.c - see local_agent.h.
 *
 * A recipient is expanded here; what it stands for is done at once if it is one
 * thing, and otherwise replaced by messages of their own, so that each has its
 * own attempts and none is done twice. */
#include "delivery/local_agent.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <strings.h>

#include "base/arena.h"
#include "base/event.h"
#include "delivery/delivery.h"
#include "delivery/delivery_events.h"
#include "delivery/local_children.h"
#include "delivery/local_expand.h"
#include "delivery/local_leaf.h"
#include "delivery/local_settings.h"
#include "delivery/transport.h"
#include "rules/address.h"
#include "rules/route.h"
#include "rules/world.h"

enum { PASSWD = 16 * 1024 };

static void *
open_local(struct transport *t, struct arena *arena, struct err *err)
{
	return local_settings_open(t, arena, err);
}

static void
close_local(struct transport *t)
{
	local_settings_close(t->state);
}

static void
decide(struct delivery *d, size_t i, const struct local_leaf *leaf,
    enum job_status status, const char *dsn, const char *text)
{
	struct delivery_end end = { .status = status,
		.dsn = dsn,
		.text = text,
		.relay = "local",
		.address = leaf != NULL ? leaf->address : NULL };

	delivery_end(d, i, &end);
}

/* Another transport, "name:nexthop", gets it. */
static void
pass_to(
    struct delivery *d, size_t i, const struct local_leaf *leaf, const char *to)
{
	size_t n = strcspn(to, ":");
	const char *domain = address_domain(leaf->address);
	struct delivery_end end = { .status = JOB_PASSED,
		.dsn = "2.0.0",
		.text = "",
		.address = leaf->address,
		.transport = arena_strndup(d->arena, to, n),
		.nexthop = domain != NULL ? domain : "" };
	struct event_by by = transport_by(d->transport, d->number, d->job->qid);

	if (to[n] == ':' && to[n + 1] != '\0')
		end.nexthop = to + n + 1;
	if (strcmp(end.transport, d->transport->name) != 0 && n > 0) {
		delivery_end(d, i, &end);
		return;
	}
	event(&delivery_events_config, &by, "text",
	    arena_printf(d->arena, "mail for %s is passed to %s itself",
		leaf->address, d->transport->name),
	    NULL);
	decide(d, i, leaf, JOB_DEFERRED, "4.3.5",
	    "mail system configuration error");
}

/* What ${maps} have for ${user}, or else ${usual}.  True: that decided
 * recipient ${i}. */
static bool
passed(struct delivery *d, size_t i, const struct local_leaf *leaf,
    const struct table_list *maps, const char *user, const char *usual)
{
	struct table_value value;
	enum table_status status =
	    world_find_any(d->env->world, d->arena, maps, user, &value);

	if (status == TABLE_FAILED)
		decide(
		    d, i, leaf, JOB_DEFERRED, "4.3.0", "table lookup problem");
	else if (status == TABLE_FOUND)
		pass_to(d, i, leaf, value.text);
	else if (usual[0] != '\0')
		pass_to(d, i, leaf, usual);
	else
		return false;
	return true;
}

/* luser_relay.  True: it leads on, and ${x} says where. */
static bool
relay_luser(struct local_expansion *x, const struct local_leaf *leaf,
    const struct local_name *name)
{
	struct delivery *d = x->d;
	const struct local_settings *s = d->transport->state;
	struct local_values values = { .name = name,
		.delimiters = s->delimiters };
	const char *to = d->transport->params.luser_relay;

	if (to[0] == '\0' || leaf->target.kind == LOCAL_LAST)
		return false;
	to = local_name_expand(d->arena, to, &values, NULL);
	if (to == NULL || to[0] == '\0' ||
	    strcasecmp(route_rewrite(d->env->route, d->arena, to, true),
		leaf->address) == 0)
		return false;
	local_expand_luser(x, to, leaf->target.delivered);
	return true;
}

/* There is no such user.  True: as above. */
static bool
end_unknown(struct local_expansion *x, size_t i, const struct local_leaf *leaf,
    const struct local_name *name)
{
	struct delivery *d = x->d;
	const struct local_settings *s = d->transport->state;
	struct event_by by = transport_by(d->transport, d->number, d->job->qid);

	if (passed(d, i, leaf, s->fallback_maps, name->user,
		d->transport->params.fallback_transport))
		return false;
	if (relay_luser(x, leaf, name))
		return true;
	if (strcmp(name->user, "postmaster") == 0 ||
	    strcmp(name->user, "mailer-daemon") == 0) {
		event(&delivery_events_config, &by, "text",
		    arena_printf(
			d->arena, "required alias not found: %s", name->user),
		    NULL);
		decide(d, i, leaf, JOB_SENT, "2.0.0", "discarded");
	} else {
		decide(d, i, leaf, JOB_BOUNCED, "5.1.1",
		    arena_printf(d->arena, "unknown user: \"%s\"", name->user));
	}
	return false;
}

/* Look ${name} up.  -1: could not ask. */
static int
find_user(struct delivery *d, const char *name, struct passwd *pw)
{
	struct passwd *found = NULL;
	int e =
	    getpwnam_r(name, pw, arena_alloc(d->arena, PASSWD), PASSWD, &found);

	if (found != NULL)
		return 1;
	return e == 0 || e == ENOENT || e == ESRCH || e == EBADF || e == EPERM
	    ? 0
	    : -1;
}

/* A user, or a name that is none: .forward, mailbox.  True: as above. */
static bool
end_at_user(struct local_expansion *x, size_t i, const struct local_leaf *leaf)
{
	struct delivery *d = x->d;
	const struct local_settings *s = d->transport->state;
	struct local_name name;
	struct passwd pw;
	int known;

	local_name(d->arena, leaf->address, s->delimiters, &name);
	known = find_user(d, name.user, &pw);
	if (known < 0) {
		decide(d, i, leaf, JOB_DEFERRED, "4.3.0", "user lookup error");
		return false;
	}
	if (known > 0 && leaf->target.kind != LOCAL_MAILBOX &&
	    local_expand_forward(x, &name, &pw, leaf->target.delivered))
		return true;
	if (passed(d, i, leaf, s->transport_maps, name.user,
		d->transport->params.mailbox_transport))
		return false;
	if (known == 0)
		return end_unknown(x, i, leaf, &name);
	local_leaf_mailbox(d, i, leaf, &name, &pw);
	return false;
}

/* One thing to do.  True: it has become something else, in ${x}. */
static bool
do_leaf(struct local_expansion *x, size_t i, const struct local_leaf *leaf)
{
	x->count = 0;
	duplicates_free(&x->seen);
	switch (leaf->target.kind) {
	case LOCAL_USER:
	case LOCAL_LAST:
	case LOCAL_MAILBOX:
		return end_at_user(x, i, leaf);
	case LOCAL_COMMAND:
	case LOCAL_FILE:
	case LOCAL_REFUSED:
		break;
	}
	local_leaf_do(x->d, i, leaf);
	return false;
}

/* What is known of ${rcpt}.  False: that makes no sense; expanded again it
 * might have no end. */
static bool
begin(struct local_expansion *x, const struct job_rcpt *rcpt)
{
	struct arena *arena = x->d->arena;
	struct local_leaf *leaf = arena_alloc(arena, sizeof *leaf);

	if (rcpt->target == NULL || rcpt->target[0] == '\0') {
		local_expand_recipient(x, rcpt->address);
		return true;
	}
	if (!local_target_parse(arena, rcpt->target, &leaf->target))
		return false;
	leaf->address = rcpt->address;
	leaf->sender = x->d->job->sender;
	x->leaves = leaf;
	x->count = x->room = 1;
	return true;
}

static void
deliver_one(struct delivery *d, size_t i)
{
	struct local_expansion x;
	bool more = true;

	local_expand_open(&x, d);
	if (!begin(&x, &d->job->rcpts[i])) {
		x.dsn = "4.3.0";
		x.later = "damaged recipient";
	}
	while (more && x.later == NULL) {
		const struct local_leaf leaf =
		    x.count > 0 ? x.leaves[0] : (struct local_leaf){ 0 };

		if (x.count == 0) {
			/* An :include: file without anybody. */
			decide(d, i, NULL, JOB_SENT, "2.0.0",
			    "discarded: no recipients");
			more = false;
		} else if (x.count > 1 || leaf.indirect ||
		    strcmp(leaf.sender, d->job->sender) != 0) {
			local_children_end(d, i, &x);
			more = false;
		} else {
			more = do_leaf(&x, i, &leaf);
		}
	}
	if (more)
		decide(d, i, NULL, JOB_DEFERRED, x.dsn, x.later);
	local_expand_close(&x);
}

static void
run_local(struct delivery *d)
{
	for (size_t i = 0; i < d->job->nrcpts; i++)
		deliver_one(d, i);
}

const struct agent local_agent = { .command = "local",
	.open = open_local,
	.run = run_local,
	.close = close_local };
