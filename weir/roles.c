/* roles.c - see roles.h.  Each role reads the configuration, opens what it
 * needs, enters its jail, reports ready, and serves. */
#include "weir/roles.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/chores.h"
#include "base/clock.h"
#include "base/dns.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/jail.h"
#include "base/state.h"
#include "checks/checks_params.h"
#include "checks/dnsbl_health.h"
#include "checks/live.h"
#include "checks/verify.h"
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
#include "rules/prefilter.h"
#include "rules/profile.h"
#include "rules/rules_params.h"
#include "weir/generation.h"
#include "weir/handover.h"
#include "weir/layout.h"
#include "weir/maildrop_take.h"
#include "weir/suspended.h"

/* One process is one role. */
struct process {
	struct handover handover;
	struct generation *g;
	struct generation *newer; /* read, and not yet in use */
	struct jail jail;
	struct world *world;
	struct verify *verify; /* what the world is asked of addresses */
	struct proxy_role proxy;
	bool ready;
};

static struct buf complaints; /* while starting */

static void
complain(const char *text)
{
	if (complaints.len < HANDOVER_TEXT)
		buf_printf(&complaints, "%s\n", text);
}

/* What every role does first.  0, or the exit status. */
static int
begin(int argc, char **argv, struct process *p)
{
	struct err err = { 0 };
	bool log, json;

	*p = (struct process){ 0 };
	if (handover_parse(argc, argv, &p->handover) != 0) {
		(void)fprintf(stderr,
		    "weir %s: started by \"weir start\" only\n", argv[0]);
		return EX_USAGE;
	}
	(void)sigaction(
	    SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
	clock_open();
	p->g = generation_read_shared(p->handover.dir, HANDOVER_CONFIG, &err);
	if (p->g == NULL) {
		handover_refuse(&err);
		return EX_CONFIG;
	}
	log = fcntl(HANDOVER_LOG, F_GETFD) >= 0;
	json = fcntl(HANDOVER_JSON, F_GETFD) >= 0;
	layout_events(p->g, log ? HANDOVER_LOG : -1, json ? HANDOVER_JSON : -1);
	event_tap(complain);
	return 0;
}

/* Report why the role ended without being ready. */
static int
finish(struct process *p, int status)
{
	struct err err = { 0 };

	if (!p->ready) {
		err_set(&err, "%s",
		    complaints.len > 0 ? complaints.data
				       : "the role could not start");
		handover_refuse(&err);
	}
	chores_stop();
	event_tap(NULL);
	event_flush();
	if (p->world != NULL) {
		live_close(p->world);
		verify_free(p->verify);
		dns_close();
	}
	buf_free(&complaints);
	generation_free(p->g);
	return status;
}

/* Into the jail, then the word to serve. */
static int
enter(struct process *p, const char *user, const char *warnings)
{
	struct err err = { 0 };

	if (user != NULL &&
	    (layout_user(user, &p->jail.uid, &p->jail.gid, &err) != 0 ||
		jail_enter(&p->jail, &err) != 0)) {
		event_warning(NULL, "%s", err.text);
		return EX_OSERR;
	}
	if (warnings != NULL && warnings[0] != '\0' &&
	    strstr(buf_str(&complaints), warnings) == NULL)
		event_warning(NULL, "%s", warnings);
	event_tap(NULL);
	p->ready = true;
	handover_ready(buf_str(&complaints));
	buf_free(&complaints);
	return 0;
}

static enum world_probe
ask_verify(
    void *arg, struct arena *arena, const char *address, const char **text)
{
	return verify_ask(arg, arena, address, text);
}

/* Open what checks ask; it lasts as long as the process.  A trouble with the
 * resolver shows at the first question. */
static int
open_world(struct process *p)
{
	struct dns_settings dns = { .servers = p->g->base.weir_dns_servers,
		.hosts = p->g->base.weir_hosts_file };
	struct checks_params checks;
	struct live_settings settings = { 0 };
	struct err err = { 0 };

	if (param_load(&checks_params_table, p->g->conf, p->g->arena, &checks,
		&err) != 0) {
		event_warning(NULL, "%s", err.text);
		return -1;
	}
	if (dns_open(&dns, &err) != 0)
		event_warning(NULL, "%s", err.text);
	settings.policy = (struct policy_client_settings){
		.max_idle = checks.smtpd_policy_service_max_idle,
		.max_ttl = checks.smtpd_policy_service_max_ttl,
		.request_limit = checks.smtpd_policy_service_request_limit,
		.directory = p->g->base.queue_directory,
	};
	/* The role sends the probes. */
	p->verify = verify_new(&checks, NULL, NULL);
	settings.verify = ask_verify;
	settings.verify_arg = p->verify;
	p->world = live_open(&settings);
	return 0;
}

static void
list_changed(void *arg, const char *zone, const char *why)
{
	suspended_note(arg, zone, why);
}

static void
ask_patterns(void *arg, int fd)
{
	(void)arg;
	handover_patterns(fd);
}

/* What this role may leave to the background, now that it is in its jail: as
 * root it would read no file of the cache. */
static void
start_chores(struct process *p)
{
	struct rules_params rules = { 0 };
	struct err err = { 0 };

	(void)param_load(
	    &rules_params_table, p->g->conf, p->g->arena, &rules, &err);
	if (rules.weir_prefilter)
		prefilter_start(&(struct prefilter_settings){
		    .directory = p->g->patterns_dir, .ask = ask_patterns });
	if (p->proxy.state != NULL)
		profile_start(p->proxy.state, rules.weir_rule_times);
	chores_start();
}

static int
proxy_ready(void *arg, const char *warnings)
{
	struct process *p = arg;
	struct err err = { 0 };
	int status = enter(p, p->g->weir.weir_proxy_user, warnings);

	if (status != 0)
		return status;
	/* Opened by the user that writes it from now on. */
	p->proxy.state = state_open(p->g->state_dir, &err);
	if (p->proxy.state == NULL)
		event_warning(NULL, "traces are not kept: %s", err.text);
	if (p->proxy.state != NULL) {
		verify_keep(p->verify, p->proxy.state);
		suspended_note(p->proxy.state, NULL, NULL);
		dnsbl_health_listen(list_changed, p->proxy.state);
	}
	start_chores(p);
	return 0;
}

static void
proxy_retired(void *arg)
{
	(void)arg;
	handover_retired();
}

/* The listening sockets with their services; how many. */
static size_t
find_listeners(const struct process *p, struct proxy_listener *list)
{
	size_t n = 0;

	for (size_t i = 0; i < p->g->master.count; i++) {
		const struct master_service *s = &p->g->master.services[i];
		bool tcp = s->type == MASTER_INET;
		const char *name = arena_printf(
		    p->g->arena, "%s:%s", tcp ? "inet" : "unix", s->name);
		size_t after = 0;
		int fd, loop = 0, loops = (int)layout_loops(p->g);

		if (!smtp_service_is(s))
			continue;
		/* There is only one of a Unix socket: all loops share it. */
		while ((fd = handover_find(&p->handover, name, &after)) >= 0)
			list[n++] = (struct proxy_listener){ .service = s,
				.fd = fd,
				.loop = tcp ? loop++ % loops : -1 };
	}
	return n;
}

int
roles_proxy(int argc, char **argv)
{
	static struct proxy_listener listeners[HANDOVER_MOST];
	struct process p;
	int status = begin(argc, argv, &p);

	if (status != 0)
		return status;
	if (open_world(&p) != 0)
		return finish(&p, EX_CONFIG);
	p.jail.kind = JAIL_NETWORK;
	p.jail.read = (const char *const[]){ "/", NULL };
	p.jail.write = (const char *const[]){ p.g->state_dir, "/dev", NULL };
	p.proxy = (struct proxy_role){ .conf = p.g->conf,
		.master = &p.g->master,
		.world = p.world,
		.verify = p.verify,
		.listeners = listeners,
		.nlisteners = find_listeners(&p, listeners),
		.queue_socket = generation_socket(p.g, "queue"),
		.admin_socket = generation_socket(p.g, "admin"),
		.spool = p.g->state_dir,
		.loops = (unsigned)layout_loops(p.g),
		.workers = (unsigned)p.g->base.weir_workers,
		.drain = p.g->weir.weir_drain_time_limit,
		.strict = p.handover.strict,
		.ready = proxy_ready,
		.retired = proxy_retired,
		.arg = &p };
	status = proxy_role_run(&p.proxy);
	dnsbl_health_listen(NULL, NULL);
	profile_stop();
	state_close(p.proxy.state);
	return finish(&p, status);
}

static struct conf *
reread(void *arg, struct err *err)
{
	struct process *p = arg;

	handover_take();
	p->newer =
	    generation_read_shared(p->handover.dir, HANDOVER_CONFIG, err);
	return p->newer != NULL ? p->newer->conf : NULL;
}

static void
reread_done(void *arg, bool taken)
{
	struct process *p = arg;
	struct generation *other = taken ? p->g : p->newer;

	if (taken)
		p->g = p->newer;
	p->newer = NULL;
	generation_free(other);
}

static void
queue_ready(void *arg)
{
	(void)enter(arg, NULL, "");
}

int
roles_queue(int argc, char **argv)
{
	struct process p;
	struct queue_role role;
	char *store; /* outlives the generation it is of */
	size_t at = 0, admin_at = 0;
	struct err err = { 0 };
	int status = begin(argc, argv, &p);

	if (status != 0)
		return status;
	/* The store's files must belong to the user that writes them, so the
	 * jail comes before they are opened. */
	p.jail.kind = JAIL_STORE;
	p.jail.read = (const char *const[]){ "/", NULL };
	p.jail.write = (const char *const[]){ p.g->store_dir, "/dev", NULL };
	if (layout_user(p.g->weir.weir_queue_user, &p.jail.uid, &p.jail.gid,
		&err) != 0 ||
	    jail_enter(&p.jail, &err) != 0) {
		event_warning(NULL, "%s", err.text);
		return finish(&p, EX_OSERR);
	}
	store = strdup(p.g->store_dir);
	if (store == NULL)
		fatal("out of memory");
	role = (struct queue_role){ .store = store,
		.listener = handover_find(&p.handover, "queue", &at),
		.admin = handover_find(&p.handover, "admin", &admin_at),
		.conf = p.g->conf,
		.reread = reread,
		.reread_done = reread_done,
		.ready = queue_ready,
		.arg = &p };
	status = queue_role_run(&role);
	free(store);
	return finish(&p, status);
}

static int
deliver_enter(struct process *p, const char *warnings)
{
	return enter(p, p->g->weir.weir_deliver_user, warnings);
}

static void
deliver_ready(void *arg, const char *warnings)
{
	struct process *p = arg;

	if (deliver_enter(p, warnings) != 0)
		_exit(finish(p, EX_OSERR));
	start_chores(p);
}

int
roles_deliver(int argc, char **argv)
{
	struct process p;
	struct deliver_role role;
	int status = begin(argc, argv, &p);

	if (status != 0)
		return status;
	if (open_world(&p) != 0)
		return finish(&p, EX_CONFIG);
	p.jail.kind = JAIL_NETWORK;
	p.jail.read = (const char *const[]){ "/", NULL };
	/* A reader of the store writes its lock file. */
	p.jail.write = (const char *const[]){ p.g->store_dir, "/dev", NULL };
	role = (struct deliver_role){ .conf = p.g->conf,
		.master = &p.g->master,
		.world = p.world,
		.queue_socket = generation_socket(p.g, "queue"),
		.store = p.g->store_dir,
		.local_socket = generation_socket(p.g, "local"),
		.ready = deliver_ready,
		.arg = &p };
	return finish(&p, deliver_role_run(&role));
}

static void
local_ready(void *arg, const char *warnings)
{
	struct process *p = arg;

	/* It drops its rights for each delivery, for good. */
	(void)enter(p, NULL, warnings);
}

/* The spawn services with their sockets.  One with a mistake gets no
 * connections. */
static void
find_spawned(
    const struct process *p, struct spawner_settings *settings, struct err *err)
{
	const struct master *master = &p->g->master;
	struct arena *arena = p->g->arena;
	struct spawn_service *services =
	    arena_alloc(arena, (master->count + 1) * sizeof *services);
	struct spawner_listener *list =
	    arena_alloc(arena, HANDOVER_MOST * sizeof *list);

	settings->listeners = list;
	settings->directory = p->g->base.queue_directory;
	for (size_t i = 0; i < master->count; i++) {
		const struct master_service *m = &master->services[i];
		const char *name = arena_printf(arena, "%s:%s",
		    m->type == MASTER_INET ? "inet" : "unix", m->name);
		struct err one = { 0 };
		size_t after = 0;
		int fd;

		if (strcmp(m->command, "spawn") != 0)
			continue;
		if (spawn_service_read(
			m, p->g->conf, arena, &services[i], &one) != 0) {
			err_also(err, "%s", one.text);
			continue;
		}
		while ((fd = handover_find(&p->handover, name, &after)) >= 0)
			list[settings->count++] =
			    (struct spawner_listener){ &services[i], fd };
	}
}

int
roles_local(int argc, char **argv)
{
	struct process p;
	struct spawner_settings spawned = { 0 };
	struct local_role role;
	size_t at = 0;
	struct err err = { 0 };
	int status = begin(argc, argv, &p);

	if (status != 0)
		return status;
	spawned.envp = environment_read(p.g->conf, p.handover.dir, p.g->arena);
	find_spawned(&p, &spawned, &err);
	/* The deliver role reads the pipe services, too, and tells of their
	 * mistakes. */
	role = (struct local_role){ .listener = handover_find(
					&p.handover, "local", &at),
		.commands = pipe_run_read(
		    &p.g->master, p.g->conf, spawned.envp, p.g->arena, NULL),
		.rights = local_rights_read(
		    p.g->conf, spawned.envp, p.g->arena, &err),
		.spawned = &spawned,
		.warnings = err.text,
		.ready = local_ready,
		.arg = &p };
	return finish(&p, local_role_run(&role));
}

/* Patterns may take more of everything than anybody thought. */
enum { COMPILE_SECONDS = 600, COMPILE_PRIORITY = 10 };
static const size_t COMPILE_MEMORY = (size_t)4 << 30;

static int
enter_compiler(struct process *p, struct err *err)
{
	static const struct rlimit seconds = { COMPILE_SECONDS,
		COMPILE_SECONDS };

	(void)setpriority(PRIO_PROCESS, 0, COMPILE_PRIORITY);
	(void)setrlimit(RLIMIT_CPU, &seconds);
	p->jail = (struct jail){ .kind = JAIL_STORE,
		.read = (const char *const[]){ "/", NULL },
		.write =
		    (const char *const[]){ p->g->patterns_dir, "/dev", NULL },
		.memory = COMPILE_MEMORY };
	if (layout_user(p->g->weir.weir_patterns_user, &p->jail.uid,
		&p->jail.gid, err) != 0 ||
	    jail_enter(&p->jail, err) != 0)
		return -1;
	/* A change of the user forgets it, so that this comes behind. */
	must(prctl(PR_SET_PDEATHSIG, SIGKILL) == 0);
	return 0;
}

int
roles_patterns(int argc, char **argv)
{
	struct process p;
	struct err err = { 0 };
	size_t at = 0;
	int status = begin(argc, argv, &p), fd;

	if (status != 0)
		return status;
	event_tap(NULL);
	fd = handover_find(&p.handover, "request", &at);
	p.ready = true; /* nobody waits for it */
	if (enter_compiler(&p, &err) != 0 ||
	    pattern_cache_fill(p.g->patterns_dir, fd, &err) != 0) {
		event_warning(NULL, "patterns: %s", err.text);
		status = EX_OSERR;
	}
	return finish(&p, status);
}

int
roles_maildrop(int argc, char **argv)
{
	struct process p;
	int status = begin(argc, argv, &p);

	if (status != 0)
		return status;
	event_tap(NULL);
	p.ready = true; /* nobody waits for it */
	status = maildrop_take(p.g) ? 0 : EX_TEMPFAIL;
	return finish(&p, status);
}
