/* schedule_rig.h - the scheduler, in this process, with a clock that the test
 * turns and a deliver role that the test plays. */
#ifndef T_SCHEDULE_RIG_H
#define T_SCHEDULE_RIG_H

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/loop.h"
#include "queue/envelope.h"
#include "queue/group.h"
#include "queue/queue_params.h"
#include "queue/schedule_inner.h"
#include "queue/store.h"
#include "queue/store_reader.h"
#include "t/tap.h"

static char dir[] = "/tmp/weir-schedule-XXXXXX";
static int64_t *offset; /* of the clock */
static int log_fd;

static struct loop *loop;
static struct store *store;
static struct group *group;
static struct schedule *schedule;
static struct conf *conf;

/* The deliver role that we play keeps its jobs until told otherwise. */
enum { MOST = 500 };
struct kept {
	uint64_t id;
	bool route, verify;
	char transport[32], nexthop[64], sender[64], to[64], target[64];
	uint32_t index[100];
	size_t nrcpts;
};
static struct kept jobs[MOST];
static size_t njobs, total_jobs;
static struct schedule_peer peer;

static inline void
keep(struct schedule_peer *p, const struct job *job, enum job_frame type)
{
	struct kept *k = &jobs[njobs++];

	(void)p;
	if (njobs == MOST || job->nrcpts > 100)
		abort();
	*k = (struct kept){ .id = job->id,
		.route = type == JOB_ROUTE,
		.verify = job->verify,
		.nrcpts = job->nrcpts };
	(void)snprintf(k->transport, sizeof k->transport, "%s", job->transport);
	(void)snprintf(k->nexthop, sizeof k->nexthop, "%s", job->nexthop);
	(void)snprintf(k->sender, sizeof k->sender, "%s", job->sender);
	(void)snprintf(k->to, sizeof k->to, "%s", job->rcpts[0].address);
	(void)snprintf(k->target, sizeof k->target, "%s",
	    job->rcpts[0].target != NULL ? job->rcpts[0].target : "");
	for (size_t i = 0; i < job->nrcpts; i++)
		k->index[i] = job->rcpts[i].index;
	total_jobs += type == JOB_DELIVER;
}

static inline struct kept
pull(size_t n)
{
	struct kept k = jobs[n];

	njobs--;
	memmove(&jobs[n], &jobs[n + 1], (njobs - n) * sizeof k);
	return k;
}

/* Answer the ${n}-th job that is kept. */
static inline void
answer(size_t n, enum job_status status, bool failed)
{
	struct kept k = pull(n);
	struct job_rcpt to = { .address = "new@example.com",
		.original = "",
		.orcpt = "",
		.target = "x" };
	struct job_child children[100][2];
	static char qids[100][2][ENVELOPE_QID];
	static unsigned number;
	struct job_outcome outcomes[100];
	struct job_result result = { .id = k.id,
		.destination_failed = failed,
		.destination_reached = !failed,
		.destination_dsn = "4.4.1",
		.destination_reason = "connect to x: refused",
		.outcomes = outcomes,
		.noutcomes = k.nrcpts };

	for (size_t i = 0; i < k.nrcpts; i++) {
		for (size_t c = 0; c < 2; c++) {
			(void)snprintf(
			    qids[i][c], ENVELOPE_QID, "CHILD%u", number++);
			children[i][c] = (struct job_child){ .qid = qids[i][c],
				.sender = c == 0 ? k.sender : "owner@x",
				.head = c == 0 ? "" : "Delivered-To: x\r\n",
				.rcpts = &to,
				.nrcpts = 1 };
		}
		outcomes[i] = (struct job_outcome){ .index = k.index[i],
			.status = status,
			.dsn = status == JOB_BOUNCED ? "5.1.1" : "4.2.0",
			.reason = "because",
			.remote = "",
			.diagnostic = "",
			.report = status == JOB_REPLACED ? JOB_REPORT_EXPANDED
							 : JOB_REPORT_DELIVERED,
			.address = "new@example.com",
			.transport = "lmtp",
			.nexthop = "other.example",
			.children = children[i],
			.nchildren = 2 };
	}
	if (!schedule_result(schedule, &peer, &result))
		printf("# a result was refused\n");
}

static inline void
answer_routes(void)
{
	for (size_t n = 0; n < njobs;) {
		struct job_route routes[100];
		struct job_routed routed = { .routes = routes };
		struct kept k;

		if (!jobs[n].route) {
			n++;
			continue;
		}
		k = pull(n);
		routed.id = k.id;
		routed.nroutes = k.nrcpts;
		for (size_t i = 0; i < k.nrcpts; i++)
			routes[i] = (struct job_route){ .index = k.index[i],
				.address = "",
				.transport = "smtp",
				.nexthop = "again.example",
				.dsn = "",
				.reason = "" };
		(void)schedule_routed(schedule, &peer, &routed);
	}
}

static struct loop_timer tick;
static int turns;
static bool behind; /* what has been added to the group may not be done */

static inline void
caught_up(struct store_op *op)
{
	behind = false;
	free(op);
}

/* The group does one thing after the other: this is done when all that was
 * added before is. */
static inline void
mark_end(void)
{
	struct store_op *op = calloc(1, sizeof *op);

	behind = true;
	op->kind = STORE_ASK;
	op->done = caught_up;
	memcpy(op->qid, "NOBODY", sizeof "NOBODY");
	group_add(group, op);
}

static inline void
fire(struct loop_timer *timer)
{
	/* Routes are answered at once; the rest waits for the test. */
	answer_routes();
	if (--turns <= 0 && !behind)
		loop_stop(loop);
	else
		loop_timer_set(loop, timer, clock_mono() + CLOCK_MS / 2);
}

/* Let everything come to rest: what one change leads to may be another one. */
static inline void
settle(void)
{
	tick.fire = fire;
	for (int round = 0; round < 4; round++) {
		turns = 8;
		mark_end();
		loop_timer_set(loop, &tick, clock_mono());
		loop_run(loop);
	}
}

static inline void
pass(int64_t seconds)
{
	*offset += seconds * CLOCK_SECOND;
	settle();
}

static inline void
broken(void *arg, const char *why)
{
	(void)arg;
	printf("Bail out! %s\n", why);
	exit(1);
}

static inline void
open_all(const char *settings)
{
	static const struct param_table *const tables[] = { &queue_params_table,
		NULL };
	const struct store_options options = { 64 << 20, 2 << 20, 0 };
	struct err err = { "" };
	char text[512];

	(void)snprintf(
	    text, sizeof text, "myhostname = mx.example\n%s", settings);
	conf = conf_parse("test", text, tables, &err);
	store = store_open(dir, &options, &err);
	group = group_new(loop, store, broken, NULL);
	schedule = schedule_new(loop, store, group, conf, &err);
	if (schedule == NULL) {
		printf("Bail out! %s\n", err.text);
		exit(1);
	}
	njobs = total_jobs = 0;
	peer = (struct schedule_peer){ .send = keep };
	schedule_peer_join(schedule, &peer, 100);
	schedule_start(schedule);
	settle();
}

static inline void
close_all(void)
{
	group_free(group);
	schedule_free(schedule);
	store_close(store);
	conf_free(conf);
}

static inline void
remove_file(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	(void)unlink(path);
}

/* As the test before had left nothing. */
static inline void
start(const char *settings)
{
	remove_file("data.mdb");
	remove_file("lock.mdb");
	(void)!ftruncate(log_fd, 0);
	open_all(settings);
}

struct arriving {
	struct store_op op;
	struct arena *arena;
	struct envelope e;
};

static inline void
arrived(struct store_op *op)
{
	struct arriving *a = (struct arriving *)op;

	buf_free(&op->data);
	schedule_add(schedule, op->key, a->arena, &a->e);
	free(a);
}

static size_t held_recipient = SIZE_MAX; /* of what arrives */
static enum envelope_trace wanted_trace; /* likewise */

static inline uint64_t
arrive(const char *sender, const char *nexthop, size_t nrcpts, unsigned notify)
{
	static unsigned number;
	struct arriving *a = calloc(1, sizeof *a);
	struct arena *arena = arena_new();
	struct envelope e = { .arrival = clock_now(),
		.sender = sender,
		.size = 100,
		.trace = wanted_trace,
		.nrcpts = nrcpts,
		.headers = "A: b\r\n\r\n",
		.nheaders = 8 };
	uint64_t key = store_key(store);

	e.rcpts = arena_alloc(arena, nrcpts * sizeof *e.rcpts);
	for (size_t i = 0; i < nrcpts; i++)
		e.rcpts[i] = (struct envelope_rcpt){
			.address = arena_printf(arena, "r%zu@%s", i, nexthop),
			.notify = notify,
			.state =
			    i == held_recipient ? ENVELOPE_HELD : ENVELOPE_TODO,
			.transport = "smtp",
			.nexthop = nexthop
		};
	envelope_qid(clock_now(), ++number, false, e.qid);
	a->op.kind = STORE_NEW;
	a->op.key = key;
	a->op.place = (struct store_place){ STORE_INCOMING, 0, key };
	a->op.done = arrived;
	memcpy(a->op.qid, e.qid, sizeof e.qid);
	envelope_print(&e, &a->op.data);
	a->arena = arena_new();
	(void)envelope_parse(a->op.data.data, a->op.data.len, a->arena, &a->e);
	arena_free(arena);
	group_add(group, &a->op);
	return key;
}

static inline bool
logged(const char *text)
{
	static char data[256 * 1024];
	ssize_t n = pread(log_fd, data, sizeof data - 1, 0);

	data[n > 0 ? n : 0] = '\0';
	return strstr(data, text) != NULL;
}

static inline struct store_place
where(uint64_t key)
{
	struct store_place place = { .class = 0 };
	struct err err;

	(void)store_reader_where(store_reader_of(store), key, &place, &err);
	return place;
}

static inline bool
is_there(uint64_t key)
{
	return where(key).class != 0;
}

static inline bool
open_clock(void)
{
	char path[128];
	int64_t zero = 0;
	int fd;

	(void)snprintf(path, sizeof path, "%s/clock", dir);
	fd = open(path, O_RDWR | O_CREAT, 0600);
	if (fd < 0 || write(fd, &zero, sizeof zero) != sizeof zero)
		return false;
	offset = mmap(
	    NULL, sizeof *offset, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	(void)close(fd);
	(void)setenv("WEIR_CLOCK", path, 1);
	clock_open();
	return offset != MAP_FAILED && clock_shared();
}

/* False: the clock cannot be turned in this build. */
static inline bool
rig_begin(void)
{
	struct event_target target = { .name = "weir", .json_fd = -1 };
	char path[128];

	if (mkdtemp(dir) == NULL)
		exit(1);
	if (!open_clock()) {
		remove_file("clock");
		(void)rmdir(dir);
		return false;
	}
	(void)snprintf(path, sizeof path, "%s/log", dir);
	log_fd = target.fd = open(path, O_RDWR | O_CREAT | O_APPEND, 0600);
	event_open(&target);
	loop = loop_new();
	return true;
}

static inline void
rig_end(void)
{
	loop_free(loop);
	remove_file("data.mdb");
	remove_file("lock.mdb");
	remove_file("writer");
	remove_file("log");
	remove_file("clock");
	(void)rmdir(dir);
}

#endif
