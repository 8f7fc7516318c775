/* proxy_role.c - see proxy_role.h. */
#include "proxy/proxy_role.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sysexits.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/loop.h"
#include "base/master.h"
#include "base/workers.h"
#include "classes/trace_keeper.h"
#include "proxy/client_events.h"
#include "proxy/closing.h"
#include "proxy/cut_way.h"
#include "proxy/door.h"
#include "proxy/hall.h"
#include "proxy/milter_setting.h"
#include "proxy/notice_look.h"
#include "proxy/probe.h"
#include "proxy/session_io.h"
#include "proxy/smtp_service.h"
#include "queue/submit.h"

enum {
	DEFAULT_WORKERS = 128,
	/* Descriptors for other things than sessions: tables, the log, the
	 * resolver, connections to policy servers. */
	OTHER_DESCRIPTORS = 128,
	TICK_MS = 100,
};

/* One loop and its thread. */
struct floor {
	struct running *running;
	unsigned number;
	pthread_t thread;
	struct hall hall;
	struct door **doors;
	size_t ndoors;
	struct notice_looks *looks; /* NULL: it takes none */
	struct loop_task retire, drain, cut;
	_Atomic bool over;
};

struct running {
	const struct proxy_role *role;
	struct smtp_service **services;
	size_t nservices;
	struct smtp_service *internal; /* NULL: our own mail is not judged */
	struct hall_shared shared;
	struct cut_ways *ways;
	struct probes *probes;
	struct floor *floors;
	unsigned nfloors;
	_Atomic unsigned retired; /* of the floors */
};

static unsigned
service_of(const struct running *r, const struct master_service *master)
{
	for (unsigned i = 0; i < r->nservices; i++)
		if (r->services[i]->master == master)
			return i;
	must(!"a listener of a service that is not there");
	return 0;
}

static int
open_services(struct running *r, struct err *warnings)
{
	const struct proxy_role *role = r->role;
	size_t n = role->master->count;

	r->services = calloc(n + 1, sizeof(struct smtp_service *));
	if (r->services == NULL)
		fatal("out of memory");
	for (size_t i = 0; i < n; i++) {
		const struct master_service *m = &role->master->services[i];
		struct smtp_service *service;

		if (!smtp_service_is(m))
			continue;
		service =
		    smtp_service_open(m, role->conf, role->strict, warnings);
		if (service == NULL)
			return -1;
		r->services[r->nservices++] = service;
	}
	return 0;
}

/* The service for our own mail, where there is to be one. */
static int
open_internal(struct running *r, struct err *warnings)
{
	const struct proxy_role *role = r->role;
	struct err err = { 0 };
	bool wanted = notice_look_wanted(role->conf, &err);

	if (err.text[0] != '\0')
		err_also(warnings, "%s", err.text);
	if (role->strict && err.text[0] != '\0')
		return -1;
	if (!wanted)
		return 0;
	err.text[0] = '\0';
	r->internal = smtp_service_open(
	    &smtp_service_internal, role->conf, role->strict, &err);
	/* The other services may have said the same. */
	if (err.text[0] != '\0' && strstr(warnings->text, err.text) == NULL)
		err_also(warnings, "%s", err.text);
	return r->internal != NULL ? 0 : -1;
}

/* What the routes of probes say of tables, the services may have said. */
static int
open_probes(struct running *r, struct err *warnings)
{
	const struct proxy_role *role = r->role;
	struct err err = { 0 };

	r->probes = probe_open(role->master, role->conf, r->ways, &err);
	if (err.text[0] != '\0' && strstr(warnings->text, err.text) == NULL)
		err_also(warnings, "%s", err.text);
	return r->probes != NULL ? 0 : -1;
}

/* The ways past the queue, for the services that want them and for probes.
 * -1: a parameter is wrong. */
static int
open_ways(struct running *r, struct err *warnings)
{
	bool wanted = false;

	for (size_t i = 0; i < r->nservices; i++)
		wanted |= r->services[i]->calm.weir_cut_through ||
		    r->services[i]->stressed.weir_cut_through;
	if (!wanted && r->role->verify == NULL)
		return 0;
	r->ways = cut_way_open(r->role->master, r->role->conf, warnings);
	if (r->ways == NULL)
		return -1;
	if (wanted)
		r->shared.cut = r->ways;
	return r->role->verify != NULL ? open_probes(r, warnings) : 0;
}

/* How many sessions of a service may have a worker at a time: its maxproc,
 * all of them together less than the workers, and each at least one. */
static void
set_ceilings(struct floor *f, unsigned workers)
{
	struct running *r = f->running;
	size_t sum = 0;

	for (size_t i = 0; i < r->nservices; i++) {
		int most = r->services[i]->most_busy;

		sum += most > 0 ? (size_t)most : workers;
	}
	for (size_t i = 0; i < r->nservices; i++) {
		int most = r->services[i]->most_busy;
		size_t share = most > 0 ? (size_t)most : workers;

		if (sum >= workers)
			share = share * (workers - 1) / sum;
		share /= r->nfloors;
		f->hall.places[i] = (struct hall_place){
			.service = r->services[i],
			.most_busy = share > 0 ? (unsigned)share : 1,
		};
	}
}

static void
close_doors(struct floor *f)
{
	for (size_t i = 0; i < f->ndoors; i++)
		door_close(f->doors[i]);
	f->ndoors = 0;
}

static void
retire(struct loop_task *task)
{
	struct floor *f = (struct floor *)(void *)((char *)task -
	    offsetof(struct floor, retire));
	struct running *r = f->running;

	close_doors(f);
	notice_look_retire(f->looks);
	closing_retire(&f->hall);
	if (++r->retired == r->nfloors && r->role->retired != NULL)
		r->role->retired(r->role->arg);
}

static void
drain(struct loop_task *task)
{
	struct floor *f = (struct floor *)(void *)((char *)task -
	    offsetof(struct floor, drain));

	close_doors(f);
	notice_look_retire(f->looks);
	closing_drain(&f->hall);
}

static void
cut(struct loop_task *task)
{
	struct floor *f = (struct floor *)(void *)((char *)task -
	    offsetof(struct floor, cut));

	closing_cut(&f->hall);
}

static void *
serve(void *arg)
{
	struct floor *f = arg;

	event_hold(1);
	loop_run(f->hall.loop);
	event_hold(0);
	f->over = true;
	return NULL;
}

static void
open_floor(struct running *r, unsigned number, unsigned workers)
{
	const struct proxy_role *role = r->role;
	struct floor *f = &r->floors[number];
	struct hall *h = &f->hall;

	f->running = r;
	f->number = number;
	f->retire.run = retire;
	f->drain.run = drain;
	f->cut.run = cut;
	h->loop = loop_new();
	h->shared = &r->shared;
	h->store = (struct hall_store){
		.queue = submit_open(h->loop, role->queue_socket),
		.begin = submit_begin,
		.body = submit_body,
		.commit = submit_commit,
		.cancel = submit_cancel,
		.room = submit_room,
	};
	h->drive = session_io_drive;
	h->places = calloc(r->nservices + 1, sizeof *h->places);
	f->doors = calloc(role->nlisteners + 1, sizeof(struct door *));
	if (h->places == NULL || f->doors == NULL)
		fatal("out of memory");
	h->nplaces = r->nservices;
	if (r->internal != NULL)
		f->looks = notice_look_open(h, r->internal);
	set_ceilings(f, workers);
	for (size_t i = 0; i < role->nlisteners; i++) {
		const struct proxy_listener *l = &role->listeners[i];

		if (l->loop >= 0 && (unsigned)l->loop % r->nfloors != number)
			continue;
		f->doors[f->ndoors++] = door_open(h, l->fd,
		    service_of(r, l->service), l->loop < 0 && r->nfloors > 1);
	}
}

static void
close_floor(struct floor *f)
{
	struct hall *h = &f->hall;

	notice_look_close(f->looks);
	submit_close(h->store.queue);
	loop_free(h->loop);
	buf_free(&h->spare);
	free(h->places);
	free(f->doors);
}

/* Replies leave at once; sessions inherit it from their listener. */
static void
set_options(const struct proxy_role *role)
{
	int on = 1;

	for (size_t i = 0; i < role->nlisteners; i++)
		(void)setsockopt(role->listeners[i].fd, IPPROTO_TCP,
		    TCP_NODELAY, &on, sizeof on);
}

/* Each client takes a descriptor. */
static void
raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur < limit.rlim_max) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

/* Descriptors that a session may need: its client's, and its milters'. */
static size_t
descriptors(const struct running *r)
{
	size_t most = 1;

	for (size_t i = 0; i < r->nservices; i++) {
		const struct smtp_service *service = r->services[i];
		size_t n = 1;

		if (service->milters != NULL)
			n += milter_setting_descriptors(service->milters);
		if (n > most)
			most = n;
	}
	return most;
}

static size_t
session_limit(const struct running *r, unsigned workers)
{
	struct rlimit limit;
	size_t most = SIZE_MAX, other = OTHER_DESCRIPTORS;

	/* To next hops, in use or waiting for more. */
	if (r->shared.cut != NULL)
		other += 2 * (size_t)workers;
	if (r->probes != NULL)
		other += PROBE_THREADS;
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 &&
	    limit.rlim_cur != RLIM_INFINITY)
		most = limit.rlim_cur / 2 > other ? limit.rlim_cur - other
						  : limit.rlim_cur / 2;
	most /= descriptors(r);
	for (size_t i = 0; i < r->nservices; i++) {
		int64_t set = r->services[i]->calm.weir_session_limit;

		if (set > 0 && (size_t)set < most)
			most = (size_t)set;
	}
	most /= r->nfloors;
	return most > 0 ? most : 1;
}

static bool
all_over(const struct running *r)
{
	for (unsigned i = 0; i < r->nfloors; i++)
		if (!r->floors[i].over)
			return false;
	return true;
}

/* Wait for SIGUSR2 or SIGTERM, then for the sessions, at most role->drain. */
static void
wait_for_end(struct running *r, const sigset_t *set)
{
	static const struct timespec tick = { 0, TICK_MS * 1000000L };
	int64_t until;
	int number;

	do
		number = sigwaitinfo(set, NULL);
	while (number < 0 && errno == EINTR);
	until = clock_mono() + r->role->drain;
	for (unsigned i = 0; number == SIGUSR2 && i < r->nfloors; i++)
		loop_post(r->floors[i].hall.loop, &r->floors[i].retire);
	while (number != SIGTERM && !all_over(r) && clock_mono() < until)
		number = sigtimedwait(set, NULL, &tick);
	for (unsigned i = 0; i < r->nfloors && !all_over(r); i++)
		loop_post(r->floors[i].hall.loop, &r->floors[i].drain);
	while (!all_over(r) && clock_mono() < until)
		(void)sigtimedwait(&(sigset_t){ 0 }, NULL, &tick);
	if (all_over(r))
		return;
	for (unsigned i = 0; i < r->nfloors; i++)
		loop_post(r->floors[i].hall.loop, &r->floors[i].cut);
}

static void
run_floors(struct running *r, unsigned workers, const sigset_t *set)
{
	const struct proxy_role *role = r->role;

	r->shared.workers = workers_new(workers, 0);
	r->shared.most_cuts = r->shared.cut != NULL ? workers / 4 : 0;
	r->shared.world = role->world;
	r->shared.admin_socket = role->admin_socket;
	r->shared.spool = role->spool;
	r->shared.clients = client_events_new();
	r->shared.most_sessions = session_limit(r, workers);
	if (role->state != NULL)
		r->shared.traces =
		    trace_keeper_new(role->state, r->shared.workers);
	if (r->probes != NULL)
		probe_start(r->probes, role->verify, role->world);
	for (unsigned i = 0; i < r->nfloors; i++)
		open_floor(r, i, workers - r->shared.most_cuts);
	for (unsigned i = 0; i < r->nfloors; i++)
		if (pthread_create(
			&r->floors[i].thread, NULL, serve, &r->floors[i]) != 0)
			fatal("cannot start a thread");
	wait_for_end(r, set);
	for (unsigned i = 0; i < r->nfloors; i++)
		(void)pthread_join(r->floors[i].thread, NULL);
	workers_free(r->shared.workers);
	if (r->probes != NULL)
		probe_stop(r->probes);
	for (unsigned i = 0; i < r->nfloors; i++)
		close_floor(&r->floors[i]);
	trace_keeper_free(r->shared.traces);
	client_events_free(r->shared.clients);
}

static void
close_services(struct running *r)
{
	for (size_t i = 0; i < r->nservices; i++)
		smtp_service_close(r->services[i]);
	free(r->services);
	if (r->internal != NULL)
		smtp_service_close(r->internal);
}

static int
start(struct running *r, const struct err *warnings)
{
	const struct proxy_role *role = r->role;
	unsigned workers = role->workers > 1 ? role->workers : DEFAULT_WORKERS;
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	sigset_t set;
	int status;

	/* Blocked before there are threads, so that only sigwaitinfo() takes
	 * them. */
	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGTERM);
	(void)sigaddset(&set, SIGUSR2);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	status =
	    role->ready != NULL ? role->ready(role->arg, warnings->text) : 0;
	if (status != 0)
		return status;
	r->nfloors = role->loops > 0 ? role->loops
	    : processors > 0         ? (unsigned)processors
				     : 1;
	r->floors = calloc(r->nfloors, sizeof *r->floors);
	if (r->floors == NULL)
		fatal("out of memory");
	set_options(role);
	run_floors(r, workers, &set);
	free(r->floors);
	return 0;
}

int
proxy_role_run(const struct proxy_role *role)
{
	struct running r = { .role = role };
	struct err warnings = { 0 };
	int status = EX_CONFIG;

	raise_limit();
	if (open_services(&r, &warnings) < 0 ||
	    open_internal(&r, &warnings) < 0 || open_ways(&r, &warnings) < 0)
		event_warning(NULL, "%s", warnings.text);
	else
		status = start(&r, &warnings);
	probe_close(r.probes);
	cut_way_close(r.ways);
	close_services(&r);
	return status;
}
