/* roles.c - see roles.h.  Each role reads the configuration, opens what it
 * needs, enters its jail, reports ready, and serves. */
#include "weir/roles.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/jail.h"
#include "checks/dnsbl_health.h"
#include "delivery/deliver_role.h"
#include "delivery/environment.h"
#include "delivery/local_rights.h"
#include "delivery/local_role.h"
#include "delivery/pipe_run.h"
#include "delivery/spawner.h"
#include "proxy/proxy_role.h"
#include "proxy/smtp_service.h"
#include "queue/queue_role.h"
#include "rules/pattern_cache.h"
#include "weir/generation.h"
#include "weir/handover.h"
#include "weir/layout.h"
#include "weir/lifeline.h"
#include "weir/maildrop_take.h"
#include "weir/process.h"
#include "weir/role_start.h"
#include "weir/suspended.h"

/* One process is one role. */
struct role_process {
	struct role_start start;
	struct generation *newer; /* read, and not yet in use */
	struct proxy_role proxy;
};

static void
list_changed(void *arg, const char *zone, const char *why)
{
	suspended_note(arg, zone, why);
}

static int
proxy_ready(void *arg, const char *warnings)
{
	struct role_process *p = arg;
	int status = role_start_keep(
	    &p->start, p->start.g->weir.weir_proxy_user, warnings);

	if (status != 0)
		return status;
	p->proxy.state = p->start.state;
	if (p->proxy.state != NULL) {
		suspended_note(p->proxy.state, NULL, NULL);
		dnsbl_health_listen(list_changed, p->proxy.state);
	}
	return 0;
}

int
roles_proxy(int argc, char **argv)
{
	struct role_process p = { .newer = NULL };
	int status = role_start_begin(&p.start, argc, argv);

	if (status != 0)
		return status;
	if (role_start_world(&p.start) != 0)
		return role_start_finish(&p.start, EX_CONFIG);
	p.start.jail.kind = JAIL_NETWORK;
	p.start.jail.read = (const char *const[]){ "/", NULL };
	p.start.jail.write =
	    (const char *const[]){ p.start.g->state_dir, "/dev", NULL };
	p.proxy = (struct proxy_role){ .conf = p.start.g->conf,
		.master = &p.start.g->master,
		.world = p.start.world,
		.verify = p.start.verify,
		.queue_socket = generation_socket(p.start.g, "queue"),
		.admin_socket = generation_socket(p.start.g, "admin"),
		.spool = p.start.g->state_dir,
		.strict = p.start.handover.strict,
		.plan = role_start_plan(
		    &p.start, smtp_service_is, proxy_ready, &p) };
	status = proxy_role_run(&p.proxy);
	dnsbl_health_listen(NULL, NULL);
	return role_start_finish(&p.start, status);
}

static struct conf *
reread(void *arg, struct err *err)
{
	struct role_process *p = arg;

	handover_take();
	p->newer =
	    generation_read_shared(p->start.handover.dir, HANDOVER_CONFIG, err);
	return p->newer != NULL ? p->newer->conf : NULL;
}

static void
reread_done(void *arg, bool taken)
{
	struct role_process *p = arg;
	struct generation *other = taken ? p->start.g : p->newer;

	if (taken)
		p->start.g = p->newer;
	p->newer = NULL;
	generation_free(other);
}

static void
queue_ready(void *arg)
{
	struct role_process *p = arg;

	(void)role_start_enter(&p->start, NULL, "");
}

int
roles_queue(int argc, char **argv)
{
	struct role_process p = { .newer = NULL };
	struct queue_role role;
	char *store; /* outlives the generation it is of */
	size_t at = 0, admin_at = 0;
	struct err err = { 0 };
	int status = role_start_begin(&p.start, argc, argv);

	if (status != 0)
		return status;
	/* The store's files must belong to the user that writes them, so the
	 * jail comes before they are opened. */
	p.start.jail.kind = JAIL_STORE;
	p.start.jail.read = (const char *const[]){ "/", NULL };
	p.start.jail.write =
	    (const char *const[]){ p.start.g->store_dir, "/dev", NULL };
	if (layout_user(p.start.g->weir.weir_queue_user, &p.start.jail.uid,
		&p.start.jail.gid, &err) != 0 ||
	    jail_enter(&p.start.jail, &err) != 0) {
		event_warning(NULL, "%s", err.text);
		return role_start_finish(&p.start, EX_OSERR);
	}
	store = strdup(p.start.g->store_dir);
	if (store == NULL)
		fatal("out of memory");
	role = (struct queue_role){ .store = store,
		.listener = handover_find(&p.start.handover, "queue", &at),
		.admin = handover_find(&p.start.handover, "admin", &admin_at),
		.conf = p.start.g->conf,
		.reread = reread,
		.reread_done = reread_done,
		.ready = queue_ready,
		.arg = &p };
	status = queue_role_run(&role);
	free(store);
	return role_start_finish(&p.start, status);
}

static int
deliver_enter(struct role_process *p, const char *warnings)
{
	return role_start_enter(
	    &p->start, p->start.g->weir.weir_deliver_user, warnings);
}

static void
deliver_ready(void *arg, const char *warnings)
{
	struct role_process *p = arg;

	if (deliver_enter(p, warnings) != 0)
		_exit(role_start_finish(&p->start, EX_OSERR));
	role_start_chores(&p->start);
}

int
roles_deliver(int argc, char **argv)
{
	struct role_process p = { .newer = NULL };
	struct deliver_role role;
	int status = role_start_begin(&p.start, argc, argv);

	if (status != 0)
		return status;
	if (role_start_world(&p.start) != 0)
		return role_start_finish(&p.start, EX_CONFIG);
	p.start.jail.kind = JAIL_NETWORK;
	p.start.jail.read = (const char *const[]){ "/", NULL };
	/* A reader of the store writes its lock file. */
	p.start.jail.write =
	    (const char *const[]){ p.start.g->store_dir, "/dev", NULL };
	role = (struct deliver_role){ .conf = p.start.g->conf,
		.master = &p.start.g->master,
		.world = p.start.world,
		.queue_socket = generation_socket(p.start.g, "queue"),
		.store = p.start.g->store_dir,
		.local_socket = generation_socket(p.start.g, "local"),
		.ready = deliver_ready,
		.arg = &p };
	return role_start_finish(&p.start, deliver_role_run(&role));
}

static void
local_ready(void *arg, const char *warnings)
{
	struct role_process *p = arg;

	/* It drops its rights for each delivery, for good. */
	p->start.single = true;
	(void)role_start_enter(&p->start, NULL, warnings);
}

/* The spawn services with their sockets.  One with a mistake gets no
 * connections. */
static void
find_spawned(const struct role_process *p, struct spawner_settings *settings,
    struct err *err)
{
	const struct master *master = &p->start.g->master;
	struct arena *arena = p->start.g->arena;
	struct spawn_service *services =
	    arena_alloc(arena, (master->count + 1) * sizeof *services);
	struct spawner_listener *list =
	    arena_alloc(arena, HANDOVER_MOST * sizeof *list);

	settings->listeners = list;
	settings->directory = p->start.g->base.queue_directory;
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *m = &master->services[i];
		const char *name = process_service(arena, m);
		struct err one = { 0 };
		size_t after = 0;
		int fd;

		if (strcmp(m->command, "spawn") != 0)
			continue;
		if (spawn_service_read(
			m, p->start.g->conf, arena, &services[i], &one) != 0) {
			err_also(err, "%s", one.text);
			continue;
		}
		while (
		    (fd = handover_find(&p->start.handover, name, &after)) >= 0)
			list[settings->count++] =
			    (struct spawner_listener){ &services[i], fd };
	}
}

int
roles_local(int argc, char **argv)
{
	struct role_process p = { .newer = NULL };
	struct spawner_settings spawned = { 0 };
	struct local_role role;
	size_t at = 0;
	struct err err = { 0 };
	int status = role_start_begin(&p.start, argc, argv);

	if (status != 0)
		return status;
	spawned.envp = environment_read(
	    p.start.g->conf, p.start.handover.dir, p.start.g->arena);
	find_spawned(&p, &spawned, &err);
	/* The deliver role reads the pipe services, too, and tells of their
	 * mistakes. */
	role = (struct local_role){ .listener = handover_find(
					&p.start.handover, "local", &at),
		.commands = pipe_run_read(&p.start.g->master, p.start.g->conf,
		    spawned.envp, p.start.g->arena, NULL),
		.rights = local_rights_read(
		    p.start.g->conf, spawned.envp, p.start.g->arena, &err),
		.spawned = &spawned,
		.lifeline = HANDOVER_CONTROL,
		.drain = p.start.g->weir.weir_drain_time_limit + CLOCK_SECOND,
		.warnings = err.text,
		.ready = local_ready,
		.arg = &p };
	return role_start_finish(&p.start, local_role_run(&role));
}

/* Patterns may take more of everything than anybody thought. */
enum { COMPILE_SECONDS = 600, COMPILE_PRIORITY = 10 };
static const size_t COMPILE_MEMORY = (size_t)4 << 30;

static int
enter_compiler(struct role_process *p, struct err *err)
{
	static const struct rlimit seconds = { COMPILE_SECONDS,
		COMPILE_SECONDS };

	(void)setpriority(PRIO_PROCESS, 0, COMPILE_PRIORITY);
	(void)setrlimit(RLIMIT_CPU, &seconds);
	p->start.jail = (struct jail){ .kind = JAIL_STORE,
		.read = (const char *const[]){ "/", NULL },
		.write = (const char *const[]){ p->start.g->patterns_dir,
		    "/dev", NULL },
		.memory = COMPILE_MEMORY };
	if (layout_user(p->start.g->weir.weir_patterns_user, &p->start.jail.uid,
		&p->start.jail.gid, err) != 0 ||
	    jail_enter(&p->start.jail, err) != 0)
		return -1;
	/* The change of the user has forgotten it. */
	lifeline_kill();
	return 0;
}

int
roles_patterns(int argc, char **argv)
{
	struct role_process p = { .newer = NULL };
	struct err err = { 0 };
	size_t at = 0;
	int status = role_start_begin(&p.start, argc, argv), fd;

	if (status != 0)
		return status;
	event_tap(NULL);
	fd = handover_find(&p.start.handover, "request", &at);
	p.start.ready = true; /* nobody waits for it */
	if (enter_compiler(&p, &err) != 0 ||
	    pattern_cache_fill(p.start.g->patterns_dir, fd, &err) != 0) {
		event_warning(NULL, "patterns: %s", err.text);
		status = EX_OSERR;
	}
	return role_start_finish(&p.start, status);
}

int
roles_maildrop(int argc, char **argv)
{
	struct role_process p = { .newer = NULL };
	int status = role_start_begin(&p.start, argc, argv);

	if (status != 0)
		return status;
	event_tap(NULL);
	/* It ends with its letters, or with those who take them. */
	lifeline_own();
	p.start.ready = true; /* nobody waits for it */
	status = maildrop_take(p.start.g) ? 0 : EX_TEMPFAIL;
	return role_start_finish(&p.start, status);
}
