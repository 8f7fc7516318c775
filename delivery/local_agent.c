/* local_agent.c - see local_agent.h. */
#include "delivery/local_agent.h"

#include <errno.h>
#include <pwd.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "delivery/delivery.h"
#include "delivery/delivery_events.h"
#include "delivery/local_names.h"
#include "delivery/mailbox.h"
#include "delivery/mailbox_client.h"
#include "delivery/transport.h"
#include "rules/table.h"
#include "rules/world.h"

enum { PASSWD = 16 * 1024 };

struct users {
	const char *delimiters;
	struct table_list *aliases;
	unsigned locks;
};

static void *
open_local(struct transport *t, struct arena *arena, struct err *err)
{
	struct users *users = arena_alloc(arena, sizeof *users);
	const struct delivery_params *p = &t->params;
	const char *maps;

	if (!mailbox_locks(p->mailbox_delivery_lock, &users->locks)) {
		err_set(err, "bad mailbox_delivery_lock: %s",
		    p->mailbox_delivery_lock);
		return NULL;
	}
	users->delimiters =
	    conf_get(t->conf, "recipient_delimiter", arena, NULL);
	if (users->delimiters == NULL)
		users->delimiters = "";
	maps = conf_get(t->conf, "alias_maps", arena, err);
	users->aliases = table_list_open(
	    maps != NULL ? maps : "", "alias_maps", t->conf, arena, err);
	return users;
}

static void
close_local(struct transport *t)
{
	const struct users *users = t->state;

	table_list_close(users->aliases);
}

enum known { KNOWN, ALIAS, UNKNOWN, CANNOT_ASK };

static enum known
find_user(const struct delivery *d, const char *name, struct passwd *pw)
{
	const struct users *users = d->transport->state;
	struct passwd *found = NULL;
	struct table_value value;
	int e;

	/* An alias hides the user of that name. */
	switch (world_find_any(
	    d->env->world, d->arena, users->aliases, name, &value)) {
	case TABLE_FOUND:
		return ALIAS;
	case TABLE_FAILED:
		return CANNOT_ASK;
	case TABLE_NONE:
		break;
	}
	e = getpwnam_r(name, pw, arena_alloc(d->arena, PASSWD), PASSWD, &found);
	if (found != NULL)
		return KNOWN;
	return e == 0 || e == ENOENT || e == ESRCH || e == EBADF || e == EPERM
	    ? UNKNOWN
	    : CANNOT_ASK;
}

static enum known
find_recipient(const struct delivery *d, const char *address, struct passwd *pw)
{
	const struct users *users = d->transport->state;
	enum known known = UNKNOWN;
	const char *names[LOCAL_NAMES];
	unsigned n = local_names(d->arena, address, users->delimiters, names);

	for (unsigned i = 0; i < n && known == UNKNOWN; i++)
		known = find_user(d, names[i], pw);
	return known;
}

static void
find_mailbox(
    const struct delivery *d, const struct passwd *pw, struct mailbox *m)
{
	const struct users *users = d->transport->state;
	const struct delivery_params *p = &d->transport->params;
	const char *spool = p->mail_spool_directory;

	*m = (struct mailbox){ .uid = pw->pw_uid,
		.gid = pw->pw_gid,
		.locks = users->locks,
		.limit = (uint64_t)p->mailbox_size_limit };
	if (p->home_mailbox[0] != '\0') {
		m->base = pw->pw_dir;
		m->path = p->home_mailbox + strspn(p->home_mailbox, "/");
	} else {
		m->base = spool;
		m->spool = true;
		m->path = spool[0] != '\0' && spool[strlen(spool) - 1] == '/'
		    ? arena_printf(d->arena, "%s/", pw->pw_name)
		    : pw->pw_name;
	}
	m->maildir = m->path[0] != '\0' && m->path[strlen(m->path) - 1] == '/';
}

static void
deliver_one(struct delivery *d, size_t i)
{
	const char *address = d->job->rcpts[i].address;
	const char *at = strrchr(address, '@');
	int user = at != NULL ? (int)(at - address) : (int)strlen(address);
	struct event_by by = transport_by(d->transport, d->number, d->job->qid);
	struct delivery_end end = {
		.status = JOB_DEFERRED, .dsn = "4.3.0", .relay = "local"
	};
	struct passwd pw;
	struct mailbox m;

	if (mailbox_client_loops(d, i, "local"))
		return;
	switch (find_recipient(d, address, &pw)) {
	case UNKNOWN:
		end.status = JOB_BOUNCED;
		end.dsn = "5.1.1";
		end.text = arena_printf(
		    d->arena, "unknown user: \"%.*s\"", user, address);
		break;
	case CANNOT_ASK:
		end.text = arena_printf(d->arena,
		    "error looking up aliases or passwd info for %.*s", user,
		    address);
		break;
	case ALIAS:
		end.text = arena_printf(d->arena,
		    "alias %.*s: this version does not expand aliases", user,
		    address);
		break;
	case KNOWN:
		find_mailbox(d, &pw, &m);
		if (pw.pw_uid != 0 && pw.pw_gid != 0 && m.base[0] == '/' &&
		    mailbox_safe_path(m.path)) {
			mailbox_client_deliver(d, i, &m, "local");
			return;
		}
		/* Nothing here ever writes with the rights of root. */
		event(&delivery_events_config, &by, "text",
		    arena_printf(d->arena,
			"no mailbox of user %s (uid %lu) can be written: give "
			"its mail to somebody else",
			pw.pw_name, (unsigned long)pw.pw_uid),
		    NULL);
		end.dsn = "4.3.5";
		end.text = "mail system configuration error";
		break;
	}
	delivery_end(d, i, &end);
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
