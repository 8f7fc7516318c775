/* The scheduler, in this process, with a clock that the test turns: back-off,
 * lifetimes, concurrency, turns, dead destinations, limits, notices.
 * Seeds Q-21..Q-31 Q-36 Q-37 Q-41 Q-48 Q-49; hostile 96, 108, 113, 121, 124. */
#include "queue/schedule_inner.h"

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
	bool route;
	char transport[32], nexthop[64], sender[64], to[64];
	uint32_t index[100];
	size_t nrcpts;
};
static struct kept jobs[MOST];
static size_t njobs, total_jobs;
static struct schedule_peer peer;

static void
keep(struct schedule_peer *p, const struct job *job, enum job_frame type)
{
	struct kept *k = &jobs[njobs++];

	(void)p;
	if (njobs == MOST || job->nrcpts > 100)
		abort();
	*k = (struct kept){
		.id = job->id, .route = type == JOB_ROUTE, .nrcpts = job->nrcpts
	};
	(void)snprintf(k->transport, sizeof k->transport, "%s", job->transport);
	(void)snprintf(k->nexthop, sizeof k->nexthop, "%s", job->nexthop);
	(void)snprintf(k->sender, sizeof k->sender, "%s", job->sender);
	(void)snprintf(k->to, sizeof k->to, "%s", job->rcpts[0].address);
	for (size_t i = 0; i < job->nrcpts; i++)
		k->index[i] = job->rcpts[i].index;
	total_jobs += type == JOB_DELIVER;
}

static struct kept
pull(size_t n)
{
	struct kept k = jobs[n];

	njobs--;
	memmove(&jobs[n], &jobs[n + 1], (njobs - n) * sizeof k);
	return k;
}

/* Answer the ${n}-th job that is kept. */
static void
answer(size_t n, enum job_status status, bool failed)
{
	struct kept k = pull(n);
	struct job_outcome outcomes[100];
	struct job_result result = { .id = k.id,
		.destination_failed = failed,
		.destination_reached = !failed,
		.destination_dsn = "4.4.1",
		.destination_reason = "connect to x: refused",
		.outcomes = outcomes,
		.noutcomes = k.nrcpts };

	for (size_t i = 0; i < k.nrcpts; i++)
		outcomes[i] = (struct job_outcome){ .index = k.index[i],
			.status = status,
			.dsn = status == JOB_BOUNCED ? "5.1.1" : "4.2.0",
			.reason = "because",
			.remote = "",
			.diagnostic = "",
			.address = "new@example.com" };
	if (!schedule_result(schedule, &peer, &result))
		printf("# a result was refused\n");
}

static void
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

static void
caught_up(struct store_op *op)
{
	behind = false;
	free(op);
}

/* The group does one thing after the other: this is done when all that was
 * added before is. */
static void
mark_end(void)
{
	struct store_op *op = calloc(1, sizeof *op);

	behind = true;
	op->kind = STORE_ASK;
	op->done = caught_up;
	memcpy(op->qid, "NOBODY", sizeof "NOBODY");
	group_add(group, op);
}

static void
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
static void
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

static void
pass(int64_t seconds)
{
	*offset += seconds * CLOCK_SECOND;
	settle();
}

static void
broken(void *arg, const char *why)
{
	(void)arg;
	printf("Bail out! %s\n", why);
	exit(1);
}

static void
open_all(const char *settings)
{
	static const struct param_table *const tables[] = { &queue_params_table,
		NULL };
	const struct store_options options = { 64 << 20, 2 << 20 };
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

static void
close_all(void)
{
	group_free(group);
	schedule_free(schedule);
	store_close(store);
	conf_free(conf);
}

static void
remove_file(const char *name)
{
	char path[128];

	(void)snprintf(path, sizeof path, "%s/%s", dir, name);
	(void)unlink(path);
}

/* As the test before had left nothing. */
static void
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

static void
arrived(struct store_op *op)
{
	struct arriving *a = (struct arriving *)op;

	buf_free(&op->data);
	schedule_add(schedule, op->key, a->arena, &a->e);
	free(a);
}

static uint64_t
arrive(const char *sender, const char *nexthop, size_t nrcpts, unsigned notify)
{
	static unsigned number;
	struct arriving *a = calloc(1, sizeof *a);
	struct arena *arena = arena_new();
	struct envelope e = { .arrival = clock_now(),
		.sender = sender,
		.size = 100,
		.nrcpts = nrcpts,
		.headers = "A: b\r\n\r\n",
		.nheaders = 8 };
	uint64_t key = store_key(store);

	e.rcpts = arena_alloc(arena, nrcpts * sizeof *e.rcpts);
	for (size_t i = 0; i < nrcpts; i++)
		e.rcpts[i] = (struct envelope_rcpt){
			.address = arena_printf(arena, "r%zu@%s", i, nexthop),
			.notify = notify,
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

static bool
logged(const char *text)
{
	static char data[256 * 1024];
	ssize_t n = pread(log_fd, data, sizeof data - 1, 0);

	data[n > 0 ? n : 0] = '\0';
	return strstr(data, text) != NULL;
}

static struct store_place
where(uint64_t key)
{
	struct store_place place = { .class = 0 };
	struct err err;

	(void)store_reader_where(store_reader_of(store), key, &place, &err);
	return place;
}

static bool
is_there(uint64_t key)
{
	return where(key).class != 0;
}

static void
test_retry_age(void)
{
	const int64_t s = CLOCK_SECOND;

	ok(schedule_clock_backoff(10 * s, 0, 300 * s, 4000 * s) == 300 * s,
	    "a young message waits minimal_backoff_time");
	ok(schedule_clock_backoff(1000 * s, 0, 300 * s, 4000 * s) == 1000 * s,
	    "then as long as it is old (Q-24)");
	ok(schedule_clock_backoff(9999 * s, 0, 300 * s, 4000 * s) == 4000 * s,
	    "at most maximal_backoff_time");
	ok(schedule_clock_backoff(0, 10 * s, 300 * s, 4000 * s) == 300 * s,
	    "a message from the future");
}

static void
test_backoff(void)
{
	uint64_t key;
	int64_t now;

	start("");
	key = arrive("s@example.org", "a.example", 1, 0);
	settle();
	ok(njobs == 1, "a new message is tried at once");
	ok(logged("from=<s@example.org>, size=100, nrcpt=1 (queue active)"),
	    "queue active is logged (O-33)");
	now = clock_now();
	answer(0, JOB_DEFERRED, false);
	settle();
	ok(where(key).class == STORE_DEFERRED &&
		where(key).when - now >= 300 * CLOCK_SECOND &&
		where(key).when - now < 302 * CLOCK_SECOND,
	    "deferred for minimal_backoff_time (Q-23)");
	pass(200);
	ok(njobs == 0, "not tried before its time");
	pass(400);
	ok(njobs == 1, "tried by a queue run (Q-25)");
	is(jobs[0].nexthop, "again.example", "where it goes now");
	answer(0, JOB_DEFERRED, false);
	settle();
	ok(where(key).when - clock_now() > 550 * CLOCK_SECOND,
	    "the next pause is as long as the message is old");
	/* A restart forgets nothing. */
	close_all();
	open_all("");
	ok(njobs == 0, "after a restart it is still not tried early");
	pass(1000);
	ok(njobs == 1, "but when its time has come");
	answer(0, JOB_SENT, false);
	settle();
	ok(!is_there(key) && logged("removed"), "sent: removed");
	close_all();
}

static void
test_lifetime(void)
{
	uint64_t key, bounce;

	start("maximal_queue_lifetime = 1h\nbounce_queue_lifetime = 2h\n");
	key = arrive("s@example.org", "a.example", 1, 0);
	bounce = arrive("", "a.example", 1, 0);
	settle();
	answer(0, JOB_DEFERRED, false);
	answer(0, JOB_DEFERRED, false);
	/* Ten queue runs and more. */
	for (int i = 0; i < 30; i++) {
		pass(301);
		while (njobs > 0 && strcmp(jobs[0].to, "s@example.org") != 0)
			answer(0, JOB_DEFERRED, false);
		settle();
		if (njobs > 0)
			break;
	}
	ok(!is_there(key), "too old: it is given up (Q-26)");
	ok(logged("from=<s@example.org>, status=expired, returned to sender"),
	    "expired is logged");
	ok(njobs == 1 && jobs[0].sender[0] == '\0' &&
		strcmp(jobs[0].to, "s@example.org") == 0,
	    "the sender is told");
	ok(is_there(bounce), "a bounce has its own lifetime");
	close_all();
}

static void
test_clock_jump(void)
{
	uint64_t key;

	start("");
	key = arrive("s@example.org", "a.example", 1, 0);
	settle();
	answer(0, JOB_DEFERRED, false);
	settle();
	close_all();
	/* Nobody sets the clock of this process alone: a store that was
	 * written ten years ahead looks the same as a clock set back. */
	open_all("");
	*offset -= INT64_C(10) * 365 * 86400 * CLOCK_SECOND;
	close_all();
	open_all("");
	ok(njobs == 1, "a time that cannot be meant is now (108)");
	if (njobs > 0)
		answer(0, JOB_DEFERRED, false);
	settle();
	ok(is_there(key), "and nothing expires");
	close_all();
	*offset += INT64_C(10) * 365 * 86400 * CLOCK_SECOND;
}

static void
test_concurrency(void)
{
	start("");
	for (int i = 0; i < 60; i++)
		(void)arrive("s@example.org", "slow.example", 1, 0);
	settle();
	ok(njobs == 5, "slow start with initial concurrency (Q-27)");
	(void)arrive("s@example.org", "other.example", 1, 0);
	settle();
	ok(njobs == 6 && strcmp(jobs[5].nexthop, "other.example") == 0,
	    "one destination does not hold up another (124)");
	for (int i = 0; i < 5; i++)
		answer(0, JOB_SENT, false);
	settle();
	ok(njobs > 6 && njobs <= 11, "successes raise it: %zu", njobs);
	while (total_jobs < 61 && njobs > 0) {
		answer(0, JOB_SENT, false);
		settle();
		if (njobs > 20)
			break;
	}
	ok(njobs <= 20, "never above the limit");
	while (njobs > 0) {
		answer(0, JOB_SENT, false);
		settle();
	}
	ok(total_jobs == 61, "all are done");
	close_all();
}

static void
test_dead(void)
{
	uint64_t last = 0;

	start("");
	for (int i = 0; i < 20; i++)
		last = arrive("s@example.org", "dead.example", 1, 0);
	settle();
	while (njobs > 0) {
		answer(0, JOB_DEFERRED, true);
		settle();
	}
	ok(total_jobs < 10, "a dead destination is left alone (Q-22): %zu",
	    total_jobs);
	ok(where(last).class == STORE_DEFERRED, "what waits is deferred");
	ok(logged("relay=none, delay=0") &&
		logged("dsn=4.4.1, status=deferred (delivery temporarily "
		       "suspended: connect to x: refused)"),
	    "and logged so");
	total_jobs = 0;
	(void)arrive("s@example.org", "dead.example", 1, 0);
	settle();
	ok(total_jobs == 0, "a new message for it is deferred at once");
	schedule_flush(schedule, NULL);
	settle();
	ok(total_jobs > 0, "a flush tries all the same (C-42)");
	close_all();
}

static void
test_recipient_limit(void)
{
	start("smtp_destination_concurrency_limit = 1\n"
	      "smtp_destination_recipient_limit = 40\n");
	(void)arrive("s@example.org", "a.example", 100, 0);
	settle();
	ok(njobs == 1 && jobs[0].nrcpts == 40,
	    "recipients of a delivery, deliveries of a destination (Q-30)");
	answer(0, JOB_SENT, false);
	settle();
	ok(njobs == 1 && jobs[0].nrcpts == 40, "the next part");
	answer(0, JOB_SENT, false);
	settle();
	ok(njobs == 1 && jobs[0].nrcpts == 20, "the rest");
	close_all();
	/* What was sent is known after a crash; what was not is tried. */
	open_all("");
	ok(njobs == 1 && jobs[0].nrcpts == 20,
	    "a restart tries only what was not sent");
	answer(0, JOB_SENT, false);
	settle();
	close_all();
}

static void
test_defer_transports(void)
{
	uint64_t key;

	start("defer_transports = smtp\nfast_flush_domains = a.example\n");
	key = arrive("s@example.org", "a.example", 1, 0);
	settle();
	ok(njobs == 0 && where(key).class == STORE_DEFERRED,
	    "mail for a deferred transport waits (Q-31)");
	ok(logged("status=deferred (deferred transport)"), "and says so");
	schedule_flush(schedule, "b.example");
	settle();
	ok(njobs == 0, "the flush of another site does not concern it");
	schedule_flush(schedule, "a.example");
	settle();
	ok(njobs == 1, "a flush sends it (C-43)");
	answer(0, JOB_SENT, false);
	settle();
	close_all();
}

static void
test_active_limit(void)
{
	start("qmgr_message_active_limit = 10\n");
	for (int i = 0; i < 50; i++)
		(void)arrive("s@example.org", "a.example", 1, 0);
	settle();
	ok(njobs == 5, "some are under way");
	for (int i = 0; i < 200 && (njobs > 0 || total_jobs < 50); i++) {
		if (njobs > 0)
			answer(0, JOB_SENT, false);
		settle();
	}
	ok(total_jobs == 50, "what did not fit follows (Q-21): %zu",
	    total_jobs);
	close_all();
}

static void
test_damage(void)
{
	uint64_t key;
	struct store_op op = { .kind = STORE_REPLACE };
	struct err err;

	start("");
	key = arrive("s@example.org", "a.example", 1, 0);
	settle();
	answer(0, JOB_DEFERRED, false);
	settle();
	/* Overwrite its record. */
	op.key = store_key(store);
	op.kind = STORE_NEW;
	(void)snprintf(op.qid, sizeof op.qid, "BROKEN");
	op.place = (struct store_place){ STORE_DEFERRED, 1, op.key };
	buf_puts(&op.data, "not a message");
	(void)store_commit(store, &op, &err);
	buf_free(&op.data);
	pass(400);
	ok(njobs == 1, "the rest of the queue goes on (97)");
	ok(logged("record is damaged: saved to corrupt"),
	    "a damaged record is reported (96)");
	ok(where(op.key).class == STORE_CORRUPT, "and set aside (Q-36)");
	ok(is_there(key), "not the good one");
	close_all();
}

static void
test_notices(void)
{
	start("notify_classes = bounce, 2bounce\n");
	(void)arrive("s@example.org", "a.example", 1, 1);
	settle();
	answer(0, JOB_BOUNCED, false);
	settle();
	ok(njobs == 0, "NOTIFY=NEVER is respected");
	(void)arrive("s@example.org", "a.example", 2, 0);
	settle();
	answer(0, JOB_BOUNCED, false);
	settle();
	ok(njobs == 2 && strcmp(jobs[0].to, "s@example.org") == 0 &&
		strcmp(jobs[1].to, "postmaster") == 0,
	    "one notice for both, and a copy");
	is(jobs[1].sender, "double-bounce@mx.example", "from double-bounce");
	ok(logged("sender non-delivery notification: "), "logged");
	answer(0, JOB_BOUNCED, false);
	settle();
	ok(njobs == 2 && strcmp(jobs[1].to, "postmaster") == 0,
	    "a bounce that bounces goes to the postmaster (Q-41)");
	answer(0, JOB_BOUNCED, false);
	answer(0, JOB_BOUNCED, false);
	settle();
	ok(njobs == 0 &&
		logged("undeliverable postmaster notification discarded"),
	    "and no further (121, Q-49)");
	close_all();
}

static void
test_delay_warning(void)
{
	start("delay_warning_time = 1000s\n");
	(void)arrive("s@example.org", "a.example", 1, 0);
	settle();
	answer(0, JOB_DEFERRED, false);
	settle();
	pass(1500);
	answer(0, JOB_DEFERRED, false);
	settle();
	ok(njobs == 1 && strcmp(jobs[0].to, "s@example.org") == 0,
	    "the sender is warned (Q-48)");
	answer(0, JOB_SENT, false);
	pass(4000);
	ok(njobs == 1, "tried again");
	answer(0, JOB_DEFERRED, false);
	settle();
	ok(njobs == 0, "and warned once");
	close_all();
}

static void
test_replaced(void)
{
	uint64_t key;

	start("");
	key = arrive("s@example.org", "a.example", 2, 0);
	settle();
	answer(0, JOB_REPLACED, false);
	settle();
	ok(njobs == 2 && strcmp(jobs[0].to, "new@example.com") == 0 &&
		strcmp(jobs[0].sender, "s@example.org") == 0,
	    "each recipient has become a message of its own");
	ok(!is_there(key), "and the first one is done with");
	answer(0, JOB_SENT, false);
	answer(0, JOB_SENT, false);
	settle();
	close_all();
}

static void
test_peer_leaves(void)
{
	start("");
	(void)arrive("s@example.org", "a.example", 1, 0);
	settle();
	njobs = 0;
	schedule_peer_leave(schedule, &peer);
	settle();
	schedule_peer_join(schedule, &peer, 1);
	settle();
	ok(njobs == 1, "what a dead role had is given to the next one (119)");
	answer(0, JOB_UNKNOWN, false);
	settle();
	ok(njobs == 1, "what was not tried is given again");
	answer(0, JOB_SENT, false);
	settle();
	close_all();
}

static bool
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

int
main(void)
{
	struct event_target target = { .name = "weir", .json_fd = -1 };
	char path[128];

	test_retry_age();
	if (mkdtemp(dir) == NULL)
		return 1;
	if (!open_clock()) {
		printf("# the clock cannot be turned in this build\n");
		return done_testing();
	}
	(void)snprintf(path, sizeof path, "%s/log", dir);
	log_fd = target.fd = open(path, O_RDWR | O_CREAT | O_APPEND, 0600);
	event_open(&target);
	loop = loop_new();
	test_backoff();
	test_lifetime();
	test_clock_jump();
	test_concurrency();
	test_dead();
	test_recipient_limit();
	test_defer_transports();
	test_active_limit();
	test_damage();
	test_notices();
	test_delay_warning();
	test_replaced();
	test_peer_leaves();
	loop_free(loop);
	remove_file("data.mdb");
	remove_file("lock.mdb");
	remove_file("writer");
	remove_file("log");
	remove_file("clock");
	(void)rmdir(dir);
	return done_testing();
}
