/* local_leaf.c - see local_leaf.h. */
#include "delivery/local_leaf.h"

#include <pwd.h>
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "delivery/delivery.h"
#include "delivery/delivery_events.h"
#include "delivery/local_client.h"
#include "delivery/local_command.h"
#include "delivery/local_expand.h"
#include "delivery/local_name.h"
#include "delivery/local_settings.h"
#include "delivery/mailbox.h"
#include "delivery/mailbox_client.h"
#include "delivery/owner.h"
#include "delivery/transport.h"
#include "rules/address.h"
#include "rules/world.h"

/* Beyond the command's own time. */
#define PATIENCE (30 * CLOCK_SECOND)

enum { PASSWD = 16 * 1024, VARIABLES = 20 };

struct environment {
	struct delivery *d;
	const char *list[VARIABLES];
	size_t n;
};

static void
set(struct environment *e, const char *name, const char *value)
{
	const struct delivery_params *p = &e->d->transport->params;

	if (value == NULL)
		return;
	e->list[e->n++] = arena_printf(e->d->arena, "%s=%s", name,
	    local_name_filter(e->d->arena, value, p->command_expansion_filter));
}

/* One that is there only if it is known. */
static void
set_known(struct environment *e, const char *name, const char *value)
{
	set(e, name, value != NULL && value[0] != '\0' ? value : NULL);
}

static void
set_all(struct environment *e, const struct job_rcpt *rcpt,
    const struct local_name *name, const struct passwd *user)
{
	const struct envelope *m = &e->d->content.envelope;
	const char *original = "";

	set(e, "HOME", user != NULL ? user->pw_dir : NULL);
	set(e, "LOGNAME", name->user);
	set(e, "SHELL", user != NULL ? user->pw_shell : NULL);
	set(e, "DOMAIN", name->domain);
	set(e, "LOCAL", name->local);
	set(e, "USER", name->user);
	set_known(e, "EXTENSION", name->extension);
	set(e, "RECIPIENT", name->address);
	if (rcpt->original[0] != '\0')
		original = rcpt->original;
	else if (rcpt->target == NULL || rcpt->target[0] == '\0')
		original = rcpt->address;
	set(e, "ORIGINAL_RECIPIENT", original);
	set(e, "SENDER", e->d->job->sender);
	set_known(e, "ENVID", e->d->job->envid);
	set_known(e, "CLIENT_ADDRESS", m->client_addr);
	set_known(e, "CLIENT_HELO", m->helo);
	set_known(e, "CLIENT_HOSTNAME", m->client_name);
	set_known(e, "CLIENT_PROTOCOL", m->protocol);
	set_known(e, "SASL_METHOD", m->sasl_method);
	set_known(e, "SASL_USERNAME", m->sasl_username);
}

/* Where the command runs; NULL: it cannot be said. */
static const char *
directory_of(const struct delivery *d, const struct local_name *name,
    const struct passwd *user)
{
	const struct delivery_params *p = &d->transport->params;
	const struct local_settings *s = d->transport->state;
	struct local_values values = { .name = name,
		.user = user,
		.delimiters = s->delimiters,
		.filter = p->execution_directory_expansion_filter };
	const char *text = local_name_expand(
	    d->arena, p->command_execution_directory, &values, NULL);

	return text != NULL && (text[0] == '\0' || text[0] == '/') ? text
								   : NULL;
}

static struct delivery_end
end_of(const struct local_leaf *leaf)
{
	return (
	    struct delivery_end){ .relay = "local", .address = leaf->address };
}

static void
misconfigured(struct delivery *d, size_t i, const struct local_leaf *leaf,
    const char *warning)
{
	struct event_by by = transport_by(d->transport, d->number, d->job->qid);
	struct delivery_end end = end_of(leaf);

	event(&delivery_events_config, &by, "text", warning, NULL);
	end.status = JOB_DEFERRED;
	end.dsn = "4.3.5";
	end.text = "mail system configuration error";
	delivery_end(d, i, &end);
}

static void
run_command(struct delivery *d, size_t i, const struct local_leaf *leaf,
    const struct local_name *name, const struct passwd *user,
    const char *command)
{
	const struct delivery_params *p = &d->transport->params;
	const struct local_settings *s = d->transport->state;
	const struct job_rcpt *rcpt = &d->job->rcpts[i];
	struct delivery_end end = end_of(leaf);
	struct mailbox_answer answer = { .warning = "" };
	struct environment env = { .d = d };
	struct local_command c = { .owner = user != NULL ? user->pw_name : "",
		.text = command,
		.directory = directory_of(d, name, user),
		.env = env.list };
	struct buf frame = { 0 };
	struct err err = { { 0 } };

	if (c.directory == NULL) {
		misconfigured(
		    d, i, leaf, "command_execution_directory: no directory");
		return;
	}
	if (delivery_is_probe(d)) {
		end.status = JOB_SENT;
		end.dsn = "2.0.0";
		end.text =
		    arena_printf(d->arena, "delivers to command: %s", command);
		delivery_end(d, i, &end);
		return;
	}
	set_all(&env, rcpt, name, user);
	c.nenv = env.n;
	c.head = arena_printf(d->arena, "%s\n%s%s%s", local_client_from(d),
	    local_client_return_path(d), local_client_original_to(d, rcpt),
	    (s->delivered & LOCAL_DELIVERED_COMMAND) != 0
		? local_client_delivered_to(d, leaf->target.delivered)
		: "");
	c.size = local_client_size(d, &err);
	local_command_print(&c, &frame);
	if (err.text[0] == '\0')
		(void)local_client_ask(
		    d, &frame, p->command_time_limit + PATIENCE, &answer, &err);
	buf_free(&frame);
	local_client_decide(d, i, i + 1, &end, &answer, &err);
}

/* The user whose rights ${leaf} has, or default_privs.  False: there is
 * none, or it is root. */
static bool
find_owner(
    struct delivery *d, const struct local_leaf *leaf, uid_t *uid, gid_t *gid)
{
	const struct delivery_params *p = &d->transport->params;
	struct owner owner;

	return owner_parse(leaf->target.owner[0] != '\0' ? leaf->target.owner
							 : p->default_privs,
		   d->arena, &owner) &&
	    owner_find(&owner, uid, gid, d->arena) == NULL;
}

/* Its directory may be reached over links; the file must not be one. */
static void
write_file(struct delivery *d, size_t i, const struct local_leaf *leaf)
{
	const struct delivery_params *p = &d->transport->params;
	const struct local_settings *s = d->transport->state;
	const char *path = leaf->target.text;
	size_t n = strlen(path), slash;
	struct delivery_end end = end_of(leaf);
	struct mailbox m = { .locks = s->locks,
		.named = true,
		.user = "",
		.maildir = path[n - 1] == '/',
		.limit = (uint64_t)p->mailbox_size_limit };
	uid_t uid;
	gid_t gid;

	if (!find_owner(d, leaf, &uid, &gid)) {
		misconfigured(d, i, leaf,
		    arena_printf(
			d->arena, "file %s: no user to write it as", path));
		return;
	}
	for (slash = n - (m.maildir ? 1 : 0); slash > 0; slash--)
		if (path[slash - 1] == '/')
			break;
	m.uid = uid;
	m.gid = gid;
	m.base = slash > 1 ? arena_strndup(d->arena, path, slash - 1) : "/";
	m.path = path + slash;
	if (!mailbox_safe_path(m.path)) {
		misconfigured(d, i, leaf,
		    arena_printf(d->arena, "unsafe path: %s", path));
		return;
	}
	if (!m.maildir)
		end.text =
		    arena_printf(d->arena, "delivered to file: %s", path);
	mailbox_client_write(d, i, &m,
	    m.maildir || (s->delivered & LOCAL_DELIVERED_FILE) != 0
		? leaf->target.delivered
		: NULL,
	    &end);
}

void
local_leaf_do(struct delivery *d, size_t i, const struct local_leaf *leaf)
{
	const struct local_target *t = &leaf->target;
	const struct local_settings *s = d->transport->state;
	struct delivery_end end = end_of(leaf);
	struct passwd pw, *user = NULL;
	struct local_name name;

	if (t->kind == LOCAL_REFUSED) {
		end.status = JOB_BOUNCED;
		end.dsn = t->dsn;
		end.text = t->text;
		delivery_end(d, i, &end);
	} else if (t->kind == LOCAL_FILE && strcmp(t->text, "/dev/null") == 0) {
		/* Nothing is easier to write. */
		end.status = JOB_SENT;
		end.dsn = "2.0.0";
		end.text = delivery_is_probe(d)
		    ? "delivers to file: /dev/null"
		    : "delivered to file: /dev/null";
		delivery_end(d, i, &end);
	} else if (t->kind == LOCAL_FILE) {
		write_file(d, i, leaf);
	} else {
		local_name(d->arena, leaf->address, s->delimiters, &name);
		if (t->owner[0] != '\0')
			(void)getpwnam_r(t->owner, &pw,
			    arena_alloc(d->arena, PASSWD), PASSWD, &user);
		if (t->owner[0] != '\0' && user == NULL)
			misconfigured(d, i, leaf,
			    arena_printf(
				d->arena, "unknown user: %s", t->owner));
		else
			run_command(d, i, leaf, &name, user, t->text);
	}
}

static bool
find_mailbox(
    const struct delivery *d, const struct passwd *pw, struct mailbox *m)
{
	const struct local_settings *s = d->transport->state;
	const struct delivery_params *p = &d->transport->params;
	const char *spool = p->mail_spool_directory;

	*m = (struct mailbox){ .user = pw->pw_name,
		.uid = pw->pw_uid,
		.gid = pw->pw_gid,
		.locks = s->locks,
		.biff = p->biff,
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
	return pw->pw_uid != 0 && pw->pw_gid != 0 && m->base[0] == '/' &&
	    mailbox_safe_path(m->path);
}

/* mailbox_command_maps, mailbox_command; NULL: neither.  False: could not
 * ask. */
static bool
find_command(const struct delivery *d, const struct local_name *name,
    const char **command)
{
	const struct local_settings *s = d->transport->state;
	const struct delivery_params *p = &d->transport->params;
	struct table_value value;
	enum table_status status = world_find_any(
	    d->env->world, d->arena, s->command_maps, name->user, &value);

	*command = NULL;
	if (status == TABLE_FOUND)
		*command = value.text;
	else if (p->mailbox_command[0] != '\0')
		*command = p->mailbox_command;
	return status != TABLE_FAILED;
}

void
local_leaf_mailbox(struct delivery *d, size_t i, const struct local_leaf *leaf,
    const struct local_name *name, const struct passwd *user)
{
	struct delivery_end end = end_of(leaf);
	const char *command;
	struct mailbox m;

	if (!find_command(d, name, &command)) {
		end.status = JOB_DEFERRED;
		end.dsn = "4.3.0";
		end.text = "table lookup problem";
		delivery_end(d, i, &end);
	} else if (command != NULL && user->pw_uid != 0) {
		run_command(d, i, leaf, name, user, command);
	} else if (find_mailbox(d, user, &m)) {
		mailbox_client_write(d, i, &m, leaf->target.delivered, &end);
	} else {
		/* Nothing here ever writes with the rights of root. */
		misconfigured(d, i, leaf,
		    arena_printf(d->arena,
			"no mailbox of user %s (uid %lu) can be written: give "
			"its mail to somebody else",
			user->pw_name, (unsigned long)user->pw_uid));
	}
}
