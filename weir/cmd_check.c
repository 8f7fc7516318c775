/* cmd_check.c - see cmd_check.h. */
#include "weir/cmd_check.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/event.h"
#include "base/net.h"
#include "base/strmap.h"
#include "checks/memory_redis.h"
#include "checks/script.h"
#include "classes/catchall.h"
#include "classes/review.h"
#include "classes/stage.h"
#include "delivery/spawn_service.h"
#include "delivery/transports.h"
#include "policy/milterd_door.h"
#include "policy/policy_door.h"
#include "proxy/smtp_service.h"
#include "queue/bounce_text.h"
#include "queue/destination.h"
#include "queue/job.h"
#include "queue/queue_params.h"
#include "queue/transport_limits.h"
#include "rules/route.h"
#include "weir/check_content.h"
#include "weir/cmd_options.h"
#include "weir/generation.h"
#include "weir/layout.h"
#include "weir/queue_users.h"
#include "weir/witness.h"
#include "weir/witness_world.h"

/* What has been found so far. */
struct findings {
	struct conf *conf;
	struct strmap said; /* several services may have the same one */
	unsigned errors;
};

enum { SMTP_PORT = 25 };

static struct findings *now; /* for the tap, which has no argument */

/* What is wrong, whichever transport finds it: each opens the tables of main.cf
 * that it needs. */
static const char *
essence(const char *text)
{
	const char *colon =
	    strncmp(text, "transport ", 10) == 0 ? strstr(text, ": ") : NULL;

	return colon != NULL ? colon + 2 : text;
}

static void
say(const char *how, const char *text)
{
	const char *key = essence(text);

	if (strmap_find(&now->said, key) != NULL)
		return;
	(void)strmap_set(&now->said, key, now);
	(void)fprintf(stderr, "weir check: %s: %s\n", how, text);
}

static void
mistake(const char *text)
{
	say("error", text);
	now->errors++;
}

static void
remark(const char *text)
{
	say("warning", text);
}

/* Tables and lists say what is wrong with them as they would at start. */
static void
tapped(const char *text)
{
	if (strncmp(text, "warning: ", 9) == 0)
		text += 9;
	/* That works as it always did; review.h tells of the other. */
	if (strncmp(text, "support for ", 12) == 0)
		remark(text);
	else if (strncmp(text, "restriction `", 13) != 0)
		mistake(text);
}

/* Each line of a gathered reason is a finding. */
static void
mistakes(struct err *err)
{
	char *line = err->text, *end;

	while (*line != '\0') {
		end = strchr(line, '\n');
		if (end != NULL)
			*end = '\0';
		if (*line != '\0')
			mistake(line);
		if (end == NULL)
			break;
		line = end + 1;
	}
	err->text[0] = '\0';
}

/* A comment cannot stand behind a value: it is part of it. */
static void
look_for_comment(const char *name, const struct conf_value *value)
{
	char text[1024];
	const char *hash = strchr(value->text, '#');

	while (hash != NULL && hash > value->text && hash[-1] != ' ' &&
	    hash[-1] != '\t')
		hash = strchr(hash + 1, '#');
	if (hash == NULL)
		return;
	(void)snprintf(text, sizeof text,
	    "%s:%u: %s: # after other text begins no comment, but is part of "
	    "the value",
	    value->origin.file, value->origin.line, name);
	remark(text);
}

/* A name that somebody set: a doubtful value, or one that nothing acts on. */
static void
look_at(void *arg, const char *name, const struct conf_value *value,
    enum conf_known known)
{
	struct findings *f = arg;
	struct arena *arena;
	const char *like;
	char text[1024];

	look_for_comment(name, value);
	if (known == CONF_KNOWN)
		return;
	arena = arena_new();
	if (known == CONF_UNUSED) {
		(void)snprintf(text, sizeof text,
		    "%s:%u: %s is read, but has no effect", value->origin.file,
		    value->origin.line, name);
	} else {
		like = check_content_suggest(f->conf, name, arena);
		if (like == NULL)
			like = conf_suggest(f->conf, name);
		(void)snprintf(text, sizeof text,
		    "%s:%u: unknown parameter %s%s%s%s", value->origin.file,
		    value->origin.line, name,
		    like != NULL ? "; did you mean " : "",
		    like != NULL ? like : "", like != NULL ? "?" : "");
	}
	remark(text);
	arena_free(arena);
}

/* The same for -o of a service, whose name is one of its values. */
static void
look_at_option(void *arg, const char *name, const struct conf_value *value,
    enum conf_known known)
{
	if (strcmp(name, "service_name") != 0)
		look_at(arg, name, value, known);
}

/* Every directory's parameters, as one service sees them. */
static void
check_values(struct conf *view, struct arena *arena)
{
	struct err err = { 0 };

	for (const struct param_table *const *t = generation_tables();
	     *t != NULL; t++)
		if (param_load(*t, view, arena, arena_alloc(arena, (*t)->size),
			&err) != 0)
			mistakes(&err);
}

static void
advise(void *arg, const char *text)
{
	(void)arg;
	remark(text);
}

/* Is it an open relay?  The session that shows it goes to stdout.  What is
 * logged while sessions are played is nobody's mistake. */
static void
check_relay(const struct master_service *s, struct conf *view,
    struct rules *rules, struct route *route)
{
	struct arena *arena = arena_new();
	struct witness witness;
	bool found;

	event_tap(NULL);
	found = witness_find(s, view, rules, route, arena, &witness);
	event_tap(tapped);
	if (found) {
		mistake(arena_printf(arena,
		    "%s:%u: service %s is an open relay: %s; a session that "
		    "shows it, for weir test session, is printed",
		    s->origin.file, s->origin.line, s->name, witness.why));
		(void)fputs(witness.script, stdout);
		(void)fflush(stdout);
	}
	arena_free(arena);
}

static void
check_aliases(struct conf *view, struct route *route)
{
	struct world *names = script_new();
	struct witness_world world;

	witness_world_begin(&world, names, true);
	catchall_review(view, route, &world.world, advise, NULL);
	script_close(names);
}

static void
check_smtpd(const struct master_service *s, struct conf *view)
{
	struct err err = { 0 };
	struct route *route = route_open(view, &err);
	struct rules *rules;

	mistakes(&err);
	rules = stage_compile(view, route, true, &err);
	mistakes(&err);
	if (rules != NULL) {
		review_rules(rules, view, false, advise, NULL);
		check_aliases(view, route);
		/* No stranger comes by a Unix socket. */
		if (s->type == MASTER_INET)
			check_relay(s, view, rules, route);
	}
	stage_free(rules);
	route_close(route);
}

static void
check_port(const struct master_service *s)
{
	const char *colon = strrchr(s->name, ':');
	const char *port = colon != NULL ? colon + 1 : s->name;
	struct err err = { 0 };
	unsigned number = 0;

	if (strcmp(port, "0") != 0 && !net_port(port, &number)) {
		err_set(&err, "%s:%u: service %s: %s: not a port",
		    s->origin.file, s->origin.line, s->name, port);
		mistakes(&err);
	} else if (number == SMTP_PORT && strcmp(s->command, "lmtpd") == 0) {
		err_set(&err,
		    "%s:%u: service %s: port 25 is for SMTP, and LMTP is "
		    "another protocol (RFC 2033)",
		    s->origin.file, s->origin.line, s->name);
		remark(err.text);
	}
}

/* What else a service needs: lists, keys, content checks, a port. */
static void
check_opens(struct generation *g, const struct master_service *s)
{
	struct err err = { 0 };
	struct smtp_service *service;

	if (s->type == MASTER_INET)
		check_port(s);
	service = smtp_service_open(s, g->conf, false, &err);
	mistakes(&err);
	if (service != NULL)
		smtp_service_close(service);
}

/* Columns and options that mean something in Postfix, but not here. */
static void
check_columns(const struct master_service *s)
{
	static const char *const commands[] = { "smtpd", "lmtpd", "smtp",
		"lmtp", "virtual", "local", "error", "discard", "pipe", "spawn",
		"pickup", "policy", "milter", NULL };
	char text[1024];
	size_t i = 0;

	while (commands[i] != NULL && strcmp(commands[i], s->command) != 0)
		i++;
	if (commands[i] == NULL) {
		(void)snprintf(text, sizeof text,
		    "%s:%u: service %s: the command %s has no effect",
		    s->origin.file, s->origin.line, s->name, s->command);
		remark(text);
		return;
	}
	if (strcmp(s->chroot, "y") == 0) {
		(void)snprintf(text, sizeof text,
		    "%s:%u: service %s: chroot has no effect; roles are "
		    "confined in other ways",
		    s->origin.file, s->origin.line, s->name);
		remark(text);
	}
	if (s->wakeup[0] != '-' && s->wakeup[0] != '0' &&
	    strcmp(s->command, "pickup") != 0) {
		(void)snprintf(text, sizeof text,
		    "%s:%u: service %s: wakeup has no effect", s->origin.file,
		    s->origin.line, s->name);
		remark(text);
	}
}

/* What bears the name of a transport. */
static void
check_transport(struct generation *g, const char *name)
{
	struct destination_limits limits;
	struct queue_params params;
	struct err err = { 0 };

	if (param_load(&queue_params_table, g->conf, g->arena, &params, &err) !=
	    0)
		return; /* check_values() has said why */
	transport_limits_read(&limits, g->conf, &params, name, &err);
	mistakes(&err);
}

/* What each agent makes of its service, its parameters and its tables. */
static void
check_transports(struct generation *g)
{
	struct err err = { 0 };
	struct transports *all =
	    transports_open(&g->master, g->conf, g->arena, &err);

	mistakes(&err);
	transports_close(all, g->conf);
}

static void
check_spawn(struct generation *g, const struct master_service *s)
{
	struct spawn_service service;
	struct err err = { 0 };

	(void)spawn_service_read(s, g->conf, g->arena, &service, &err);
	mistakes(&err);
}

static void
check_policy(struct generation *g, const struct master_service *s)
{
	struct err err = { 0 };
	struct policy_door *door;

	if (s->type == MASTER_INET)
		check_port(s);
	door = policy_door_open(s, g->conf, false, &err);
	mistakes(&err);
	if (door != NULL && door->rules != NULL)
		review_rules(door->rules, door->conf, true, advise, NULL);
	policy_door_close(door);
}

static void
check_milter(struct generation *g, const struct master_service *s)
{
	struct err err = { 0 };
	struct milterd_door *door;

	if (s->type == MASTER_INET)
		check_port(s);
	door = milterd_door_open(s, g->conf, false, &err);
	mistakes(&err);
	if (door != NULL && door->base->rules != NULL)
		review_rules(
		    door->base->rules, door->base->conf, true, advise, NULL);
	milterd_door_close(door);
}

static void
check_service(struct generation *g, const struct master_service *s)
{
	struct conf *view = master_view(s, g->conf);

	check_columns(s);
	if (strcmp(s->command, "spawn") == 0)
		check_spawn(g, s);
	else if (policy_door_is(s))
		check_policy(g, s);
	else if (milterd_door_is(s))
		check_milter(g, s);
	else if (s->type == MASTER_UNIX && !smtp_service_is(s))
		check_transport(g, s->name);
	check_values(view, g->arena);
	if (smtp_service_is(s)) {
		if (strcmp(s->command, "pickup") != 0)
			check_smtpd(s, view);
		check_opens(g, s);
	}
	conf_each(view, look_at_option, now);
	conf_free(view);
}

/* The words of notices. */
static void
check_notices(struct generation *g)
{
	struct bounce_template templates[BOUNCE_TEMPLATE_KINDS];
	struct err err = { 0 };

	if (generation_check_notices(g, &err) == 0)
		(void)bounce_text_load(
		    g->conf, g->arena, templates, true, &err);
	mistakes(&err);
}

/* Who may look at the queue. */
static void
check_queue_users(struct generation *g)
{
	static const char *const names[] = { "authorized_mailq_users",
		"authorized_flush_users" };

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct err err = { 0 };
		struct buf out = { 0 };

		queue_users_print(g->conf, names[i], &out, &err);
		buf_free(&out);
		mistakes(&err);
	}
}

static void
check_memory(struct generation *g)
{
	static const char name[] = "weir_memory_store";
	struct err err = { 0 };
	const char *spec = conf_get(g->conf, name, g->arena, &err);

	if (spec != NULL && spec[0] != '\0')
		memory_redis_close(memory_redis_open(spec, g->conf, &err));
	conf_blame(g->conf, name, &err);
	mistakes(&err);
}

/* Users and directories that a start would need. */
static void
check_users(struct generation *g)
{
	const char *names[] = { g->weir.weir_proxy_user,
		g->weir.weir_queue_user, g->weir.weir_deliver_user,
		g->weir.weir_policy_user, g->weir.weir_milter_user,
		g->weir.weir_auth_user };
	struct err err = { 0 };
	uid_t uid;
	gid_t gid;

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (layout_user(names[i], &uid, &gid, &err) != 0) {
			mistakes(&err);
			break;
		}
}

int
cmd_check(int argc, char **argv)
{
	const char *dir = cmd_options_dir(argc, argv);
	struct findings f = { 0 };
	struct generation *g;
	struct err err = { 0 };

	if (dir == NULL)
		return EX_USAGE;
	now = &f;
	g = generation_read(dir, &err);
	if (g == NULL) {
		mistakes(&err);
		return EX_CONFIG;
	}
	f.conf = g->conf;
	/* What modules log while they open things is said here instead. */
	event_open(&(struct event_target){ .name = g->base.syslog_name,
	    .fd = open("/dev/null", O_WRONLY | O_CLOEXEC),
	    .json_fd = -1 });
	event_tap(tapped);
	check_users(g);
	check_values(g->conf, g->arena);
	check_notices(g);
	check_queue_users(g);
	check_memory(g);
	for (size_t i = 0; i < g->master.count; i++)
		check_service(g, &g->master.services[i]);
	if (master_find(&g->master, MASTER_UNIX, job_rescan) == NULL)
		check_transport(g, job_rescan);
	check_transports(g);
	check_content_review(g->conf, advise, NULL);
	event_tap(NULL);
	conf_each(g->conf, look_at, &f);
	generation_free(g);
	strmap_free(&f.said);
	return f.errors > 0 ? 1 : 0;
}
