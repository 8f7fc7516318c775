/* role_start.c - see role_start.h. */
#include "weir/role_start.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sysexits.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/chores.h"
#include "base/clock.h"
#include "base/counters.h"
#include "base/dns.h"
#include "base/err.h"
#include "base/event.h"
#include "base/master.h"
#include "base/state.h"
#include "base/state_mark.h"
#include "checks/checks_params.h"
#include "checks/live.h"
#include "checks/memory_redis.h"
#include "checks/verify.h"
#include "rules/pattern_cache.h"
#include "rules/prefilter.h"
#include "rules/profile.h"
#include "rules/rules_params.h"
#include "weir/generation.h"
#include "weir/layout.h"
#include "weir/lifeline.h"
#include "weir/process.h"

static struct buf complaints; /* while starting */

static void
complain(const char *text)
{
	if (complaints.len < HANDOVER_TEXT)
		buf_printf(&complaints, "%s\n", text);
}

int
role_start_begin(struct role_start *p, int argc, char **argv)
{
	struct err err = { 0 };
	bool log, json;

	*p = (struct role_start){ 0 };
	if (handover_parse(argc, argv, &p->handover) != 0) {
		(void)fprintf(stderr,
		    "weir %s: started by \"weir start\" only\n", argv[0]);
		return EX_USAGE;
	}
	(void)sigaction(
	    SIGPIPE, &(struct sigaction){ .sa_handler = SIG_IGN }, NULL);
	/* Until it serves, nothing is lost by its end. */
	lifeline_kill();
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

int
role_start_finish(struct role_start *p, int status)
{
	struct err err = { 0 };

	if (!p->ready) {
		err_set(&err, "%s",
		    complaints.len > 0 ? complaints.data
				       : "the role could not start");
		handover_refuse(&err);
	}
	profile_stop();
	counters_stop();
	chores_stop();
	lifeline_leave();
	event_tap(NULL);
	event_flush();
	if (p->world != NULL) {
		live_close(p->world);
		verify_free(p->verify);
		dns_close();
	}
	state_close(p->state);
	buf_free(&complaints);
	generation_free(p->g);
	return status;
}

int
role_start_enter(struct role_start *p, const char *user, const char *warnings)
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
	if (p->single)
		lifeline_own();
	else
		lifeline_drain(p->g->weir.weir_drain_time_limit);
	return 0;
}

static enum world_probe
ask_verify(
    void *arg, struct arena *arena, const char *address, const char **text)
{
	return verify_ask(arg, arena, address, text);
}

/* A mistake refuses a reload; at a first start it is as if the server were
 * away. */
static int
open_memory(struct role_start *p, const char *spec, struct live_settings *to)
{
	struct err err = { 0 };

	if (spec[0] == '\0')
		return 0;
	to->memory_server = memory_redis_open(spec, p->g->conf, &err);
	if (to->memory_server != NULL)
		return 0;
	to->memory_away = true;
	conf_blame(p->g->conf, "weir_memory_store", &err);
	event_warning(NULL, "%s", err.text);
	return p->handover.strict ? -1 : 0;
}

int
role_start_world(struct role_start *p)
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
	if (open_memory(p, checks.weir_memory_store, &settings) != 0)
		return -1;
	/* The role sends the probes. */
	p->verify = verify_new(&checks, NULL, NULL);
	settings.verify = ask_verify;
	settings.verify_arg = p->verify;
	settings.spf_socket = generation_socket(p->g, "auth");
	p->world = live_open(&settings);
	return 0;
}

static void
ask_patterns(void *arg, int fd)
{
	(void)arg;
	handover_patterns(fd);
}

void
role_start_chores(struct role_start *p)
{
	struct rules_params rules = { 0 };
	struct err err = { 0 };

	(void)param_load(
	    &rules_params_table, p->g->conf, p->g->arena, &rules, &err);
	if (rules.weir_prefilter)
		prefilter_start(&(struct prefilter_settings){
		    .directory = p->g->patterns_dir, .ask = ask_patterns });
	if (p->state != NULL)
		profile_start(p->state, rules.weir_rule_times);
	if (p->state != NULL)
		counters_start(p->state);
	chores_start();
}

int
role_start_keep(struct role_start *p, const char *user, const char *warnings)
{
	struct err err = { 0 };
	int status = role_start_enter(p, user, warnings);

	if (status != 0)
		return status;
	if (p->handover.doubt) {
		state_mark_doubt(p->g->state_dir);
		err_set(
		    &err, "%s: those who use it keep ending", p->g->state_dir);
	} else {
		p->state = state_open(p->g->state_dir, &err);
	}
	if (p->state == NULL) {
		event_warning(NULL, "traces are not kept: %s", err.text);
	} else {
		verify_keep(p->verify, p->state);
		live_keep(p->world, p->state);
	}
	role_start_chores(p);
	return 0;
}

/* The listening sockets of a service; how many. */
static size_t
find_listeners(const struct role_start *p, const struct master_service *s,
    struct floors_listener *list)
{
	const char *name = process_service(p->g->arena, s);
	int fd, loop = 0, loops = (int)layout_loops(p->g);
	size_t n = 0, after = 0;

	/* There is only one of a Unix socket: all loops share it. */
	while ((fd = handover_find(&p->handover, name, &after)) >= 0)
		list[n++] = (struct floors_listener){ .service = s,
			.fd = fd,
			.loop = s->type == MASTER_INET ? loop++ % loops : -1 };
	return n;
}

struct floors_plan
role_start_plan(struct role_start *p,
    bool (*is)(const struct master_service *master),
    int (*ready)(void *arg, const char *warnings), void *arg)
{
	const struct generation *g = p->g;
	struct floors_listener *list =
	    arena_alloc(g->arena, HANDOVER_MOST * sizeof *list);
	size_t n = 0;

	for (size_t i = 0; i < g->master.count; i++)
		if (is(&g->master.services[i]))
			n +=
			    find_listeners(p, &g->master.services[i], list + n);
	return (struct floors_plan){ .listeners = list,
		.nlisteners = n,
		.loops = (unsigned)layout_loops(g),
		.workers = (unsigned)g->base.weir_workers,
		.drain = g->weir.weir_drain_time_limit,
		.ready = ready,
		.retired = role_start_retired,
		.arg = arg };
}

void
role_start_retired(void *arg)
{
	(void)arg;
	handover_retired();
}
