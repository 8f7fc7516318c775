/* queue_rig.h - the queue role in a process of its own; this one plays proxy and
 * deliver role. */
#ifndef T_QUEUE_RIG_H
#define T_QUEUE_RIG_H

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
#include "queue/queue_params.h"
#include "queue/queue_role.h"
#include "queue/queue_wire.h"
#include "queue/submit.h"
#include "t/tap.h"

extern char **environ;

static char dir[] = "/tmp/weir-queue-XXXXXX";
static char path[64], admin_path[64], store_path[64], log_path[64];
static const struct param_table *const tables[] = { &queue_params_table, NULL };
static const char settings[] = "myhostname = mx.example\n"
			       "weir_queue_size_limit = 67108864\n"
			       "minimal_backoff_time = 1000s\n";

/* "PROGRAM role LISTENER ADMIN DIR" */
static inline int
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

static inline void
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
static inline int
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

static inline void
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

static inline void
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

static inline void
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

static inline void
deliver_closed(struct queue_wire *wire)
{
	(void)wire;
}

static inline bool
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

static inline void
done(void *arg, enum submit_result result, const char *why)
{
	struct sent *s = arg;

	(void)why;
	s->answered = true;
	s->result = result;
	nanswered++;
	nstored += result == SUBMIT_STORED;
}

static inline void
drained(void *arg)
{
	(void)arg;
}

static inline void
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

static inline void
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

/* Run the loop until ${condition}; false: it did not happen in two minutes. */
static inline bool
wait_for(bool (*condition)(void))
{
	until = condition;
	give_up = clock_mono() + 120 * CLOCK_SECOND;
	tick.fire = fire;
	loop_timer_set(loop, &tick, clock_mono());
	loop_run(loop);
	return !timed_out;
}

static inline bool
all_answered(void)
{
	return nanswered == nsent;
}

static inline bool
all_delivered(void)
{
	for (size_t i = 0; i < nsent; i++)
		if (sent[i].answered && sent[i].result == SUBMIT_STORED &&
		    strmap_find(&delivered, sent[i].qid) == NULL)
			return false;
	return true;
}

static inline void
reset(void)
{
	strmap_free(&delivered);
	nsent = nanswered = nstored = jobs = routes = 0;
}

/* The messages that a listing has. */
struct listing {
	size_t n;
	enum admin_state state;
	char reason[128], qid[ENVELOPE_QID];
};

static inline void
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

static inline struct listing
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

static size_t list_wanted;
static enum admin_state list_state;

static inline bool
listed(void)
{
	struct listing l = list(NULL);

	return l.n == list_wanted && (l.n == 0 || l.state == list_state);
}

/* False: there is no directory for it all. */
static inline bool
rig_begin(char *program)
{
	self = program;
	if (mkdtemp(dir) == NULL)
		return false;
	(void)snprintf(path, sizeof path, "%s/queue", dir);
	(void)snprintf(admin_path, sizeof admin_path, "%s/admin", dir);
	(void)snprintf(store_path, sizeof store_path, "%s/store", dir);
	(void)snprintf(log_path, sizeof log_path, "%s/log", dir);
	loop = loop_new();
	return true;
}

static inline void
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

/* The program's exit status. */
static inline int
rig_end(void)
{
	loop_free(loop);
	strmap_free(&delivered);
	if (tap_failed == 0)
		clean();
	else
		printf("# see %s\n", dir);
	return done_testing();
}

#endif
