/* The queue role as a whole: this program runs it in a process of its own,
 * plays proxy and deliver role, kills it at its crash points, and looks whether
 * all that was answered "stored" is delivered.  Hostile 90-92, 112, 119. */
#include "queue/queue_role.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/event.h"
#include "base/frame.h"
#include "base/loop.h"
#include "base/net.h"
#include "base/param.h"
#include "base/strmap.h"
#include "queue/admin.h"
#include "queue/envelope.h"
#include "queue/job.h"
#include "queue/mark.h"
#include "queue/queue_params.h"
#include "queue/queue_wire.h"
#include "queue/store.h"
#include "queue/submit.h"
#include "t/tap.h"

extern char **environ;

static char dir[] = "/tmp/weir-queue-XXXXXX";
static char path[64], admin_path[64], store_path[64], log_path[64];
static const struct param_table *const tables[] = { &queue_params_table, NULL };
static const char settings[] = "myhostname = mx.example\n"
			       "weir_queue_size_limit = 67108864\n"
			       "minimal_backoff_time = 1000s\n";

/* "queue.t role LISTENER ADMIN DIR" */
static int
run_role(char **argv)
{
	struct queue_role role = { .store = argv[4] };
	struct err err = { "" };
	struct event_target target = {
		.name = "weir", .fd = STDERR_FILENO, .json_fd = -1
	};
	int status;

	clock_open();
	event_open(&target);
	role.listener = (int)strtol(argv[2], NULL, 10);
	role.admin = (int)strtol(argv[3], NULL, 10);
	role.conf = conf_parse("test", settings, tables, &err);
	if (role.conf == NULL)
		return 99;
	status = queue_role_run(&role);
	conf_free(role.conf);
	return status;
}

static pid_t role;
static char *self;

static void
start_role(const char *crash)
{
	struct err err = { "" };
	int listener = net_listen_unix(path, 0600, &err);
	int admin = net_listen_unix(admin_path, 0600, &err);
	char l[16], a[16], name[] = "role", env[64];
	char *argv[] = { self, name, l, a, store_path, NULL };
	char *envp[64];
	posix_spawn_file_actions_t actions;
	size_t n = 0;

	(void)posix_spawn_file_actions_init(&actions);
	(void)posix_spawn_file_actions_adddup2(&actions, listener, 10);
	(void)posix_spawn_file_actions_adddup2(&actions, admin, 11);
	(void)posix_spawn_file_actions_addopen(
	    &actions, 2, log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	(void)snprintf(l, sizeof l, "10");
	(void)snprintf(a, sizeof a, "11");
	for (; environ[n] != NULL && n < 60; n++)
		envp[n] = environ[n];
	(void)snprintf(env, sizeof env, "WEIR_CRASH=%s", crash);
	envp[n++] = env;
	envp[n] = NULL;
	if (posix_spawn(&role, self, &actions, NULL, argv, envp) != 0)
		role = -1;
	(void)posix_spawn_file_actions_destroy(&actions);
	(void)close(listener);
	(void)close(admin);
}

/* Stop it; how it ended. */
static int
stop_role(int signal_)
{
	int status = 0;

	(void)kill(role, signal_);
	(void)waitpid(role, &status, 0);
	return status;
}

/* What the deliver role that we play does with a job. */
enum mode { MODE_SEND, MODE_DEFER, MODE_BOUNCE, MODE_SILENT, MODE_FAIL };

static struct loop *loop;
static struct queue_wire deliver;
static enum mode mode;
static struct strmap delivered; /* queue ids */
static size_t jobs, routes;
static char last_sender[128], last_to[128];

static void
answer_job(const struct job *job)
{
	struct job_outcome outcomes[100] = { { 0 } };
	struct job_result result = {
		.id = job->id, .outcomes = outcomes, .noutcomes = job->nrcpts
	};

	if (mode == MODE_SILENT)
		return;
	result.destination_reached = mode != MODE_FAIL;
	result.destination_failed = mode == MODE_FAIL;
	result.destination_dsn = "4.4.1";
	result.destination_reason = "connect to x: Connection refused";
	for (size_t i = 0; i < job->nrcpts; i++)
		outcomes[i] = (struct job_outcome){
			.index = job->rcpts[i].index,
			.status = mode == MODE_SEND ? JOB_SENT
			    : mode == MODE_BOUNCE   ? JOB_BOUNCED
						    : JOB_DEFERRED,
			.dsn = mode == MODE_BOUNCE ? "5.1.1" : "4.4.1",
			.reason =
			    mode == MODE_BOUNCE ? "user unknown" : "refused",
		};
	job_result_print(&result, &deliver.out);
	if (mode == MODE_SEND)
		(void)strmap_set(&delivered, job->qid, &delivered);
}

static void
answer_route(const struct job *job)
{
	struct job_route all[100];
	struct job_routed routed = {
		.id = job->id, .routes = all, .nroutes = job->nrcpts
	};

	for (size_t i = 0; i < job->nrcpts; i++)
		all[i] = (struct job_route){ .index = job->rcpts[i].index,
			.address = job->rcpts[i].address,
			.transport = "smtp",
			.nexthop = "again.example" };
	job_routed_print(&routed, &deliver.out);
}

static void
job_came(struct queue_wire *wire, const struct frame *frame)
{
	struct arena *arena = arena_new();
	struct job job;

	if (!job_parse(frame, arena, &job) || job.nrcpts > 100) {
		printf("Bail out! a malformed job\n");
		exit(1);
	}
	if (frame->type == JOB_ROUTE) {
		routes++;
		answer_route(&job);
	} else {
		jobs++;
		(void)snprintf(
		    last_sender, sizeof last_sender, "%s", job.sender);
		(void)snprintf(
		    last_to, sizeof last_to, "%s", job.rcpts[0].address);
		answer_job(&job);
	}
	queue_wire_send(wire);
	arena_free(arena);
}

static void
deliver_closed(struct queue_wire *wire)
{
	(void)wire;
}

static bool
join(void)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	size_t start;

	(void)snprintf(sun.sun_path, sizeof sun.sun_path, "%s", path);
	if (connect(fd, (struct sockaddr *)&sun, sizeof sun) != 0) {
		(void)close(fd);
		return false;
	}
	deliver =
	    (struct queue_wire){ .frame = job_came, .closed = deliver_closed };
	queue_wire_open(&deliver, loop, fd);
	start = frame_begin(&deliver.out, JOB_HELLO, 0);
	frame_put_num(&deliver.out, 20);
	frame_end(&deliver.out, start);
	queue_wire_send(&deliver);
	return true;
}

/* Messages that were handed in. */
enum { MOST = 4000 };
struct sent {
	char qid[ENVELOPE_QID];
	enum submit_result result;
	bool answered;
};
static struct sent sent[MOST];
static size_t nsent, nanswered, nstored;
static struct submit *submit;

static void
done(void *arg, enum submit_result result, const char *why)
{
	struct sent *s = arg;

	(void)why;
	s->answered = true;
	s->result = result;
	nanswered++;
	nstored += result == SUBMIT_STORED;
}

static void
drained(void *arg)
{
	(void)arg;
}

static void
hand_in(size_t size, const char *sender)
{
	static char body[300000];
	struct sent *s = &sent[nsent];
	struct envelope_rcpt rcpt = { .address = "r@example.com",
		.transport = "smtp",
		.nexthop = "example.com" };
	struct envelope e = { .arrival = clock_now(),
		.sender = sender,
		.rcpts = &rcpt,
		.nrcpts = 1,
		.size = size + 20,
		.headers = "Subject: test\r\n\r\n",
		.nheaders = 17 };
	struct submission *sub = submit_begin(submit, done, drained, s);

	*s = (struct sent){ 0 };
	envelope_qid(clock_now(), nsent++, true, s->qid);
	memset(body, 'x', sizeof body);
	memcpy(e.qid, s->qid, sizeof e.qid);
	for (size_t at = 0; at < size; at += 10000)
		(void)submit_body(
		    sub, body, size - at < 10000 ? size - at : 10000);
	submit_commit(sub, &e);
}

static struct loop_timer tick;
static bool (*until)(void);
static int64_t give_up;
static bool timed_out;

static void
fire(struct loop_timer *timer)
{
	if (!deliver.open)
		(void)join();
	timed_out = clock_mono() > give_up;
	if (until() || timed_out)
		loop_stop(loop);
	else
		loop_timer_set(loop, timer, clock_mono() + 2 * CLOCK_MS);
}

/* Run the loop until ${condition}; false: it did not happen in 20 s. */
static bool
wait_for(bool (*condition)(void))
{
	until = condition;
	give_up = clock_mono() + 20 * CLOCK_SECOND;
	tick.fire = fire;
	loop_timer_set(loop, &tick, clock_mono());
	loop_run(loop);
	return !timed_out;
}

static bool
all_answered(void)
{
	return nanswered == nsent;
}

static bool
all_delivered(void)
{
	for (size_t i = 0; i < nsent; i++)
		if (sent[i].answered && sent[i].result == SUBMIT_STORED &&
		    strmap_find(&delivered, sent[i].qid) == NULL)
			return false;
	return true;
}

static bool died;

/* At its crash point, or it never came there. */
static bool
role_died_or_done(void)
{
	int status;

	died = waitpid(role, &status, WNOHANG) == role;
	return died || (all_answered() && all_delivered());
}

static size_t wanted_jobs;

static bool
enough_jobs(void)
{
	return jobs >= wanted_jobs;
}

static void
reset(void)
{
	strmap_free(&delivered);
	nsent = nanswered = nstored = jobs = routes = 0;
}

static void
test_plain(void)
{
	mode = MODE_SEND;
	start_role("");
	submit = submit_open(loop, path);
	for (int i = 0; i < 500; i++)
		hand_in(i % 50 == 0 ? 250000 : 1000, "s@example.org");
	ok(wait_for(all_answered), "all are answered");
	ok(nstored == nsent, "and stored");
	ok(wait_for(all_delivered), "all are delivered");
	ok(jobs == nsent, "once each");
}

/* The messages that a listing has. */
struct listing {
	size_t n;
	enum admin_state state;
	char reason[128], qid[ENVELOPE_QID];
};

static void
count_entry(void *arg, enum admin_state state, const struct envelope *e)
{
	struct listing *l = arg;

	l->n++;
	l->state = state;
	(void)snprintf(l->qid, sizeof l->qid, "%s", e->qid);
	if (e->nrcpts > 0)
		(void)snprintf(
		    l->reason, sizeof l->reason, "%s", e->rcpts[0].reason);
}

static struct listing
list(const char *qid)
{
	struct conf *conf = conf_parse("test", settings, tables, NULL);
	struct err err = { "" };
	struct admin *admin = admin_open(admin_path, store_path, conf, &err);
	struct listing l = { 0 };

	if (admin == NULL || admin_list(admin, qid, count_entry, &l, &err) < 0)
		printf("# %s\n", err.text);
	admin_close(admin);
	conf_free(conf);
	return l;
}

static void
note(void *arg, const char *qid, int outcome)
{
	(void)qid;
	*(int *)arg = outcome;
}

static int
change(enum schedule_change what, const char *qid)
{
	struct conf *conf = conf_parse("test", settings, tables, NULL);
	struct err err = { "" };
	struct admin *admin = admin_open(admin_path, store_path, conf, &err);
	const struct admin_ids ids = { &qid, 1 };
	int outcome = -1;

	if (admin == NULL ||
	    admin_change(admin, what, &ids, note, &outcome, &err) != 0)
		printf("# %s\n", err.text);
	admin_close(admin);
	conf_free(conf);
	return outcome;
}

static size_t list_wanted;
static enum admin_state list_state;

static bool
listed(void)
{
	struct listing l = list(NULL);

	return l.n == list_wanted && (l.n == 0 || l.state == list_state);
}

static void
test_admin(void)
{
	struct listing l;
	char qid[ENVELOPE_QID];

	reset();
	mode = MODE_DEFER;
	hand_in(200000, "s@example.org");
	(void)snprintf(qid, sizeof qid, "%s", sent[0].qid);
	list_wanted = 1;
	list_state = ADMIN_DEFERRED;
	ok(wait_for(listed), "a deferred message is listed");
	l = list(qid);
	is(l.reason, "refused", "with its reason (Q-33)");
	ok(change(SCHEDULE_HOLD, qid) == 1, "hold (C-52)");
	ok(list(qid).state == ADMIN_HOLD, "is on hold");
	ok(change(SCHEDULE_HOLD, qid) == 0, "cannot be held twice");
	mode = MODE_SEND;
	wanted_jobs = jobs + 1;
	ok(change(SCHEDULE_RELEASE, qid) == 1, "release (C-53)");
	ok(wait_for(enough_jobs), "is tried at once");
	ok(routes > 0, "a later attempt asks for its route again");
	list_wanted = 0;
	ok(wait_for(listed), "and delivered");

	mode = MODE_DEFER;
	hand_in(100, "s@example.org");
	(void)snprintf(qid, sizeof qid, "%s", sent[nsent - 1].qid);
	list_wanted = 1;
	ok(wait_for(listed), "another one");
	ok(change(SCHEDULE_REQUEUE, qid) == 1, "requeue (C-54)");
	ok(wait_for(listed) && list(qid).n == 0, "has a new queue id (O-72)");
	l = list(NULL);
	ok(change(SCHEDULE_DELETE, l.qid) == 1, "delete (C-50)");
	ok(list(NULL).n == 0, "is gone");
	ok(change(SCHEDULE_DELETE, l.qid) == 0, "was there once");
}

static void
test_bounce(void)
{
	reset();
	mode = MODE_BOUNCE;
	hand_in(100, "s@example.org");
	wanted_jobs = 2;
	ok(wait_for(enough_jobs), "a bounce makes a notice");
	is(last_sender, "", "from <>");
	is(last_to, "s@example.org", "to the sender");
	list_wanted = 0;
	ok(wait_for(listed), "which bounces, and that is the end (121)");
	ok(jobs == 2, "no more is sent");
}

static void
test_offline(void)
{
	char qid[ENVELOPE_QID];
	int status;

	reset();
	mode = MODE_DEFER;
	hand_in(100000, "s@example.org");
	list_wanted = 1;
	(void)wait_for(listed);
	(void)snprintf(qid, sizeof qid, "%s", sent[0].qid);
	queue_wire_close(&deliver);
	status = stop_role(SIGTERM);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a clean stop");
	ok(list(NULL).n == 1, "without the role the store is opened");
	ok(change(SCHEDULE_HOLD, qid) == 1 && list(qid).state == ADMIN_HOLD,
	    "and changed");
	ok(change(SCHEDULE_DELETE, qid) == 1 && list(NULL).n == 0,
	    "a message is deleted without the role");
}

/* Under load, killed at the ${n}-th pass of ${point}, then started again. */
static void
test_crash(const char *point, int n)
{
	char crash[64];
	size_t lost = 0, stored;

	reset();
	mode = MODE_SEND;
	(void)snprintf(crash, sizeof crash, "%s:%d", point, n);
	start_role(crash);
	for (int i = 0; i < 300; i++)
		hand_in(i % 30 == 0 ? 150000 : 500, "s@example.org");
	ok(wait_for(role_died_or_done), "%s: comes to its end", crash);
	if (!died)
		(void)stop_role(SIGKILL);
	start_role("");
	ok(wait_for(all_answered), "%s: all are answered", crash);
	stored = nstored;
	if (!wait_for(all_delivered))
		for (size_t i = 0; i < nsent; i++)
			lost += sent[i].result == SUBMIT_STORED &&
			    strmap_find(&delivered, sent[i].qid) == NULL;
	ok(lost == 0, "%s: %zu stored, %zu lost, %zu jobs", crash, stored, lost,
	    jobs);
	list_wanted = 0;
	ok(wait_for(listed), "%s: nothing is left over", crash);
	queue_wire_close(&deliver);
	(void)stop_role(SIGTERM);
}

static void
clean(void)
{
	static const char *const names[] = { "store/data.mdb", "store/lock.mdb",
		"store/writer", "queue", "admin", "log" };
	char name[128];

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		(void)snprintf(name, sizeof name, "%s/%s", dir, names[i]);
		(void)unlink(name);
	}
	(void)rmdir(store_path);
	(void)rmdir(dir);
}

/* "queue.t fill STORE": put three messages there, for t/postqueue.t. */
static void
put_message(struct store *store, const char *qid, enum store_class class,
    const char *reason)
{
	struct envelope_rcpt rcpts[2] = {
		{ .address = "a b@example.com", .reason = reason },
		{ .address = "c@example.net",
		    .original = "alias@example.net",
		    .reason = reason },
	};
	struct envelope e = { .arrival = 1700000000 * CLOCK_SECOND,
		.sender = class == STORE_HOLD ? "" : "s@example.org",
		.size = 2345,
		.hold = class == STORE_HOLD,
		.attempts = 1,
		.rcpts = rcpts,
		.nrcpts = 2,
		.headers = "Subject: hi\r\n\r\n",
		.nheaders = 15,
		.body = "body\r\n",
		.nbody = 6 };
	struct store_op op = { .kind = STORE_NEW, .key = store_key(store) };
	struct store_op mark = { .kind = STORE_MARK, .key = op.key };
	struct err err;

	(void)snprintf(e.qid, sizeof e.qid, "%s", qid);
	memcpy(op.qid, e.qid, sizeof op.qid);
	op.place = (struct store_place){ STORE_INCOMING, 0, op.key };
	mark.place = (struct store_place){ class, 1, op.key };
	envelope_print(&e, &op.data);
	mark_print(&e, &mark.place, &mark.data);
	op.next = &mark;
	(void)store_commit(store, &op, &err);
	buf_free(&op.data);
	buf_free(&mark.data);
}

static int
fill(const char *where)
{
	const struct store_options options = { 64 << 20, 2 << 20 };
	struct err err;
	struct store *store = store_open(where, &options, &err);

	if (store == NULL)
		return 1;
	put_message(store, "1A1A6A746A2", STORE_DEFERRED,
	    "connect to 127.0.0.1[127.0.0.1]:1: Connection refused");
	put_message(store, "173ECA746A5", STORE_HOLD, "");
	put_message(store, "5FA26B3DFE", STORE_INCOMING, "");
	store_close(store);
	return 0;
}

int
main(int argc, char **argv)
{
	static const char *const points[] = { "store-before-commit",
		"store-after-commit", "group-before-done",
		"intake-before-answer", "group-after-done" };

	if (argc > 4 && strcmp(argv[1], "role") == 0)
		return run_role(argv);
	if (argc > 2 && strcmp(argv[1], "fill") == 0)
		return fill(argv[2]);
	self = argv[0];
	if (mkdtemp(dir) == NULL)
		return 1;
	(void)snprintf(path, sizeof path, "%s/queue", dir);
	(void)snprintf(admin_path, sizeof admin_path, "%s/admin", dir);
	(void)snprintf(store_path, sizeof store_path, "%s/store", dir);
	(void)snprintf(log_path, sizeof log_path, "%s/log", dir);
	loop = loop_new();
	test_plain();
	test_admin();
	test_bounce();
	test_offline();
	for (size_t i = 0; i < sizeof points / sizeof *points; i++)
		for (int n = 1; n <= 40; n = n * 3 + 1)
			test_crash(points[i], n);
	submit_close(submit);
	loop_free(loop);
	strmap_free(&delivered);
	if (tap_failed == 0)
		clean();
	else
		printf("# see %s\n", dir);
	return done_testing();
}
