/* queue_role.c - see queue_role.h.
 *
 * One loop serves proxies, deliver roles and commands; the thread of group.h
 * writes.  A peer says with its first frame what it is. */
#include "queue/queue_role.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/statvfs.h>
#include <sysexits.h>
#include <unistd.h>

#include "base/acceptor.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/conf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/frame.h"
#include "base/loop.h"
#include "queue/admin_serve.h"
#include "queue/group.h"
#include "queue/job.h"
#include "queue/queue_events.h"
#include "queue/queue_params.h"
#include "queue/queue_wire.h"
#include "queue/schedule.h"
#include "queue/store.h"
#include "queue/submit_frame.h"
#include "queue/submit_serve.h"

#define ROOM_EVERY (1 * CLOCK_SECOND)
#define STOP_EVERY (20 * CLOCK_MS)
#define STOP_MOST  (10 * CLOCK_SECOND)

enum kind { KIND_UNKNOWN, KIND_PROXY, KIND_DELIVER };

struct peer {
	TAILQ_ENTRY(peer) entry;
	struct role *role;
	struct queue_wire wire;
	enum kind kind;
	struct submit_serve_peer *intake;
	struct schedule_peer schedule;
};

struct role {
	const struct queue_role *given;
	struct conf *conf;
	struct arena *arena;
	struct queue_params params;
	uint64_t message_most;
	struct loop *loop;
	struct store *store;
	struct group *group;
	struct schedule *schedule;
	struct submit_serve *intake;
	struct admin_serve *admin;
	struct acceptor listener, admin_listener;
	struct loop_fd signals;
	struct loop_timer room, stop;
	int64_t stop_until;
	struct store_op probe; /* is there room again? */
	bool probing;
	TAILQ_HEAD(, peer) peers;
	int status;
};

static const struct event_by qmgr = { .program = "qmgr" };

static void
send_job(struct schedule_peer *to, const struct job *job, enum job_frame type)
{
	struct peer *peer =
	    (struct peer *)((char *)to - offsetof(struct peer, schedule));

	job_print(job, type, &peer->wire.out);
	queue_wire_send(&peer->wire);
}

/* The first frame says who it is.  False: nonsense. */
static bool
introduce(struct peer *peer, const struct frame *frame)
{
	struct frame_reader r = { .p = frame->body,
		.end = frame->body + frame->len };
	uint64_t room;

	if (frame->type == SUBMIT_FRAME_HELLO) {
		peer->kind = KIND_PROXY;
		peer->intake =
		    submit_serve_join(peer->role->intake, &peer->wire);
		return true;
	}
	room = frame_num(&r);
	if (frame->type != JOB_HELLO || r.bad || room == 0)
		return false;
	peer->kind = KIND_DELIVER;
	peer->schedule.send = send_job;
	schedule_peer_join(peer->role->schedule, &peer->schedule, room);
	return true;
}

static bool
take_answer(struct peer *peer, const struct frame *frame)
{
	struct schedule *schedule = peer->role->schedule;
	struct arena *arena = arena_new();
	struct job_result result;
	struct job_routed routed;
	bool good = false;

	if (frame->type == JOB_RESULT)
		good = job_result_parse(frame, arena, &result) &&
		    schedule_result(schedule, &peer->schedule, &result);
	else if (frame->type == JOB_ROUTED)
		good = job_routed_parse(frame, arena, &routed) &&
		    schedule_routed(schedule, &peer->schedule, &routed);
	arena_free(arena);
	return good;
}

static void
frame_came(struct queue_wire *wire, const struct frame *frame)
{
	struct peer *peer =
	    (struct peer *)((char *)wire - offsetof(struct peer, wire));
	bool good = true;

	if (peer->kind == KIND_UNKNOWN)
		good = introduce(peer, frame);
	else if (peer->kind == KIND_PROXY)
		submit_serve_frame(peer->intake, frame);
	else
		good = take_answer(peer, frame);
	if (good)
		return;
	event(&queue_events_peer, &qmgr, "text",
	    "a role sent something that makes no sense", NULL);
	queue_wire_hang_up(wire);
}

static void
leave(struct peer *peer)
{
	if (peer->kind == KIND_PROXY && peer->wire.missed)
		store_recall(peer->role->store);
	if (peer->kind == KIND_PROXY)
		submit_serve_leave(peer->intake);
	else if (peer->kind == KIND_DELIVER)
		schedule_peer_leave(peer->role->schedule, &peer->schedule);
	TAILQ_REMOVE(&peer->role->peers, peer, entry);
	free(peer);
}

static void
wire_closed(struct queue_wire *wire)
{
	leave((struct peer *)((char *)wire - offsetof(struct peer, wire)));
}

static void
peer_came(struct acceptor *listener, int fd, const struct sockaddr *from)
{
	struct role *role =
	    (struct role *)((char *)listener - offsetof(struct role, listener));
	struct peer *peer = calloc(1, sizeof *peer);

	(void)from;
	if (peer == NULL)
		fatal("out of memory");
	peer->role = role;
	peer->wire.frame = frame_came;
	peer->wire.closed = wire_closed;
	TAILQ_INSERT_TAIL(&role->peers, peer, entry);
	queue_wire_open(&peer->wire, role->loop, fd);
}

static void
admin_came(struct acceptor *listener, int fd, const struct sockaddr *from)
{
	const struct role *role = (const struct role *)((char *)listener -
	    offsetof(struct role, admin_listener));

	(void)from;
	admin_serve_join(role->admin, fd);
}

/* The largest message that the file system has room for. */
static uint64_t
room_on_disk(struct role *role)
{
	uint64_t minfree = (uint64_t)role->params.queue_minfree;
	struct statvfs vfs;
	uint64_t free_octets;

	if (statvfs(role->given->store, &vfs) != 0)
		return UINT64_MAX;
	free_octets = (uint64_t)vfs.f_bavail * vfs.f_frsize;
	if (minfree > 0 && free_octets <= minfree)
		return 0;
	/* What is written needs some more than its size. */
	if (free_octets / 3 * 2 < role->message_most)
		return minfree > 0 ? 0 : free_octets / 3 * 2;
	return UINT64_MAX;
}

static void
probed(struct store_op *op)
{
	struct role *role =
	    (struct role *)((char *)op - offsetof(struct role, probe));

	role->probing = false;
}

static void
check_room(struct loop_timer *timer)
{
	struct role *role =
	    (struct role *)((char *)timer - offsetof(struct role, room));

	if (store_tight(role->store)) {
		submit_serve_room(role->intake, 0);
		/* A change that asks for room finds out when there is some. */
		if (!role->probing) {
			role->probing = true;
			role->probe = (struct store_op){ .kind = STORE_ASK,
				.needs_room = true,
				.done = probed };
			(void)memcpy(role->probe.qid, "0", 2);
			group_add(role->group, &role->probe);
		}
	} else {
		submit_serve_room(role->intake, room_on_disk(role));
	}
	loop_timer_set(role->loop, timer, clock_mono() + ROOM_EVERY);
}

/* Who may look at the queue, and have it tried. */
static void
take_users(struct role *role)
{
	if (role->admin != NULL)
		admin_serve_users(role->admin,
		    conf_attached(role->conf, "authorized_mailq_users"),
		    conf_attached(role->conf, "authorized_flush_users"));
}

/* Take the parameters of ${conf}: all of them, or none. */
static int
configure(struct role *role, struct conf *conf, struct err *err)
{
	struct queue_params params;
	struct arena *arena = arena_new();
	const char *most;

	if (param_load(&queue_params_table, conf, arena, &params, err) != 0 ||
	    (most = conf_get(conf, "message_size_limit", arena, err)) == NULL ||
	    (role->schedule != NULL &&
		schedule_configure(role->schedule, conf, err) != 0)) {
		arena_free(arena);
		return -1;
	}
	role->message_most = strtoull(most, NULL, 10);
	arena_free(role->arena);
	role->arena = arena;
	role->params = params;
	role->conf = conf;
	take_users(role);
	return 0;
}

static void
reload(struct role *role)
{
	const struct queue_role *given = role->given;
	struct conf *conf;
	struct err err = { "" };
	bool taken;

	if (given->reread == NULL)
		return;
	conf = given->reread(given->arg, &err);
	taken = conf != NULL && configure(role, conf, &err) == 0;
	if (conf != NULL)
		given->reread_done(given->arg, taken);
	if (taken) {
		event(&queue_events_reload, &qmgr, "text",
		    "reload -- new parameters", NULL);
		check_room(&role->room);
	} else {
		event_warning(&qmgr, "the older parameters stay: %s", err.text);
	}
}

/* Stop when nothing is being delivered any more, or after a while. */
static void
try_to_stop(struct loop_timer *timer)
{
	struct role *role =
	    (struct role *)((char *)timer - offsetof(struct role, stop));
	int64_t now = clock_mono();

	if (now < role->stop_until && !schedule_is_idle(role->schedule))
		loop_timer_set(role->loop, timer, now + STOP_EVERY);
	else
		loop_stop(role->loop);
}

static void
take_signals(struct loop_fd *watch, unsigned what)
{
	struct role *role =
	    (struct role *)((char *)watch - offsetof(struct role, signals));
	struct signalfd_siginfo info;

	(void)what;
	while (read(watch->fd, &info, sizeof info) == sizeof info) {
		if (info.ssi_signo == SIGHUP) {
			reload(role);
			continue;
		}
		schedule_stop(role->schedule);
		role->stop_until = clock_mono() + STOP_MOST;
		try_to_stop(&role->stop);
	}
}

static void
watch_signals(struct role *role)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGHUP);
	(void)sigaddset(&set, SIGTERM);
	(void)pthread_sigmask(SIG_BLOCK, &set, NULL);
	role->signals.fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (role->signals.fd < 0)
		fatal("signalfd: %s", err_errno(errno));
	role->signals.ready = take_signals;
	loop_watch_level(role->loop, &role->signals, false);
}

static void
broken(void *arg, const char *why)
{
	struct role *role = arg;

	/* What the disk has is not known; a new process looks anew. */
	event(&queue_events_fatal, &qmgr, "text", why, NULL);
	role->status = EX_IOERR;
	loop_stop(role->loop);
}

static int
open_all(struct role *role, struct err *err)
{
	struct store_options options;

	if (configure(role, role->given->conf, err) != 0)
		return -1;
	options.size = (uint64_t)role->params.weir_queue_size_limit;
	options.reserve = (uint64_t)role->params.weir_queue_reserve;
	/* One whose supervisor died ends by itself. */
	options.patience = STOP_MOST + STOP_MOST / 2;
	role->store = store_open(role->given->store, &options, err);
	if (role->store == NULL)
		return -1;
	if (role->given->ready != NULL)
		role->given->ready(role->given->arg);
	role->loop = loop_new();
	watch_signals(role);
	role->group = group_new(role->loop, role->store, broken, role);
	role->schedule =
	    schedule_new(role->loop, role->store, role->group, role->conf, err);
	if (role->schedule == NULL)
		return -1;
	role->intake =
	    submit_serve_new(role->store, role->group, role->schedule);
	role->admin = admin_serve_new(role->loop, role->store, role->schedule);
	take_users(role);
	return 0;
}

static void
serve(struct role *role)
{
	role->listener.came = peer_came;
	acceptor_open(&role->listener, role->loop, role->given->listener);
	role->admin_listener.came = admin_came;
	if (role->given->admin >= 0)
		acceptor_open(
		    &role->admin_listener, role->loop, role->given->admin);
	role->room.fire = check_room;
	role->stop.fire = try_to_stop;
	schedule_start(role->schedule);
	check_room(&role->room);
	loop_run(role->loop);
	acceptor_close(&role->listener);
	if (role->given->admin >= 0)
		acceptor_close(&role->admin_listener);
	loop_timer_cancel(role->loop, &role->room);
}

static void
close_all(struct role *role)
{
	struct peer *peer;

	group_free(role->group);
	/* The last answers. */
	TAILQ_FOREACH (peer, &role->peers, entry)
		queue_wire_flush(&peer->wire);
	admin_serve_free(role->admin);
	schedule_free(role->schedule);
	while ((peer = TAILQ_FIRST(&role->peers)) != NULL) {
		TAILQ_REMOVE(&role->peers, peer, entry);
		queue_wire_close(&peer->wire);
		free(peer);
	}
	submit_serve_free(role->intake);
	if (role->loop != NULL) {
		loop_forget(role->loop, &role->signals);
		(void)close(role->signals.fd);
	}
	loop_free(role->loop);
	store_close(role->store);
	arena_free(role->arena);
}

int
queue_role_run(const struct queue_role *role)
{
	struct role r = { .given = role };
	struct err err = { "" };

	TAILQ_INIT(&r.peers);
	if (open_all(&r, &err) == 0) {
		serve(&r);
	} else {
		event(&queue_events_fatal, &qmgr, "text", err.text, NULL);
		r.status = EX_TEMPFAIL;
	}
	close_all(&r);
	return r.status;
}
