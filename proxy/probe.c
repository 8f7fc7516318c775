/* probe.c - see probe.h: which probes are under way, and what one of them is. */
#include "proxy/probe.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/utf8.h"
#include "base/workers.h"
#include "checks/verify.h"
#include "delivery/delivery.h"
#include "proxy/probe_way.h"
#include "proxy/proxy_params.h"
#include "queue/envelope.h"
#include "queue/qid.h"
#include "queue/queue_events.h"
#include "rules/address.h"
#include "rules/route.h"
#include "rules/utf8_class.h"

/* Whoever ends the process waits for the last one. */
#define LONGEST (60 * CLOCK_SECOND)

struct probe {
	struct work work;
	struct probes *probes;
	struct probe *next;
	char address[];
};

struct probes {
	struct arena *arena;
	struct proxy_params params;
	bool detects_utf8; /* as smtputf8_autodetect_classes says */
	struct probe_ways *ways;
	struct verify *verify;
	struct world *world;
	struct workers *workers;
	_Atomic bool stopped;
	pthread_mutex_t lock; /* of: */
	struct probe *first;
	size_t count;
};

struct probes *
probe_open(const struct master *master, struct conf *conf,
    const struct cut_ways *ways, struct err *err)
{
	struct probes *p = calloc(1, sizeof *p);
	struct err unknown = { 0 }; /* the service has said so */

	if (p == NULL)
		fatal("out of memory");
	p->arena = arena_new();
	p->detects_utf8 = (utf8_class_read(conf, p->arena, &unknown) &
			      UTF8_CLASS_VERIFY) != 0;
	(void)pthread_mutex_init(&p->lock, NULL);
	if (param_load(&proxy_params_table, conf, p->arena, &p->params, err) ==
	    0)
		p->ways = probe_way_open(master, conf, ways, &p->params, err);
	if (p->ways != NULL)
		return p;
	probe_close(p);
	return NULL;
}

void
probe_close(struct probes *p)
{
	if (p == NULL)
		return;
	probe_way_close(p->ways);
	(void)pthread_mutex_destroy(&p->lock);
	arena_free(p->arena);
	free(p);
}

static void
leave(struct probe *probe)
{
	struct probes *p = probe->probes;
	struct probe **at = &p->first;

	(void)pthread_mutex_lock(&p->lock);
	while (*at != probe)
		at = &(*at)->next;
	*at = probe->next;
	p->count--;
	(void)pthread_mutex_unlock(&p->lock);
	free(probe);
}

/* What the queue would say of it. */
static struct event_by
queue_manager(const struct job *job)
{
	return (struct event_by){
		.program = "qmgr", .number = delivery_number(), .qid = job->qid
	};
}

/* The sender is not known to any other program. */
static const char *
sender_of(const struct probes *p, struct arena *arena)
{
	const char *sender = p->params.address_verify_sender;

	if (sender[0] == '\0' || strcmp(sender, "<>") == 0)
		return "";
	return probe_way_complete(p->ways, arena, sender);
}

static void
update(const struct probe *probe, const struct job_outcome *o)
{
	struct verify *verify = probe->probes->verify;
	enum world_probe status = o->status == JOB_SENT ? WORLD_PROBE_OK
	    : o->status == JOB_BOUNCED                  ? WORLD_PROBE_BAD
							: WORLD_PROBE_UNKNOWN;

	verify_update(verify, probe->address, status, o->reason);
	/* An alias may be bad, and what it stands for good. */
	if (status == WORLD_PROBE_OK && strcmp(o->address, probe->address) != 0)
		verify_update(verify, o->address, status, o->reason);
}

static bool
is_international(
    const struct probes *p, const char *sender, const char *address)
{
	return p->detects_utf8 &&
	    !(utf8_is_ascii(sender) && utf8_is_ascii(address));
}

static void
send_probe(const struct probe *probe, struct arena *arena)
{
	struct probes *p = probe->probes;
	int64_t now = clock_now();
	struct delivery_env env = { .world = p->world };
	struct delivery_once once = { .until = clock_mono() + LONGEST,
		.probe = true };
	char qid[ENVELOPE_QID];
	const char *sender = sender_of(p, arena);
	struct job_rcpt rcpt = { .address = probe->address,
		.original = probe->address,
		.orcpt = "",
		.notify = ENVELOPE_NOTIFY_NEVER };
	struct job job = { .qid = qid,
		.transport = "",
		.nexthop = "",
		.sender = sender,
		.arrival = now,
		.active = now,
		.envid = "",
		.utf8 = is_international(p, sender, probe->address),
		.rcpts = &rcpt,
		.nrcpts = 1 };
	struct delivery d = { .env = &env,
		.arena = arena,
		.job = &job,
		.number = delivery_number(),
		.delay = { .arrival = now, .active = now, .handoff = now },
		.once = &once };
	struct event_by by;

	/* No client has brought it. */
	d.content.envelope = (struct envelope){ .sender = job.sender,
		.envid = "",
		.filter = "",
		.client_name = "",
		.client_addr = "",
		.client_port = "",
		.helo = "",
		.protocol = "",
		.sasl_method = "",
		.sasl_username = "",
		.ident = "",
		.message_id = "",
		.headers = "",
		.body = "" };
	qid_new(now, p->params.enable_long_queue_ids, qid);
	by = queue_manager(&job);
	event(&queue_events_active, &by, "from",
	    job.sender[0] != '\0' ? address_external(arena, job.sender) : "",
	    "size", "0", "nrcpt", "1", NULL);
	delivery_begin(&d);
	probe_way_run(p->ways, &d, &job, &rcpt);
	event(&queue_events_removed, &by, NULL);
	update(probe, &d.result.outcomes[0]);
}

static void
run(struct work *work)
{
	struct probe *probe = (struct probe *)(void *)work;
	struct arena *arena = arena_new();

	if (!probe->probes->stopped)
		send_probe(probe, arena);
	arena_free(arena);
	leave(probe);
}

/* Called by verify_ask(), with its lock. */
static bool
begin(void *arg, const char *address)
{
	struct probes *p = arg;
	size_t size = strlen(address) + 1;
	struct probe *probe;
	bool room = true;

	(void)pthread_mutex_lock(&p->lock);
	for (probe = p->first; probe != NULL; probe = probe->next)
		if (strcmp(probe->address, address) == 0)
			break;
	if (probe == NULL)
		room = p->count <
		    (size_t)p->params.address_verify_pending_request_limit;
	if (probe == NULL && room) {
		probe = calloc(1, sizeof *probe + size);
		if (probe == NULL)
			fatal("out of memory");
		probe->work.run = run;
		probe->probes = p;
		memcpy(probe->address, address, size);
		probe->next = p->first;
		p->first = probe;
		p->count++;
		workers_give(p->workers, &probe->work);
	}
	(void)pthread_mutex_unlock(&p->lock);
	return room;
}

void
probe_start(struct probes *p, struct verify *verify, struct world *world)
{
	p->verify = verify;
	p->world = world;
	p->workers = workers_new(PROBE_THREADS, 0);
	verify_begin_with(verify, begin, p);
}

void
probe_stop(struct probes *p)
{
	p->stopped = true;
	verify_begin_with(p->verify, NULL, NULL);
	workers_free(p->workers);
}
