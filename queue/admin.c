/* admin.c - see admin.h.
 *
 * Without the role, a role of our own serves us over a pair of sockets: the
 * same code, on a second thread, that delivers nothing. */
#include "queue/admin.h"

#include <errno.h>
#include <pthread.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/frame.h"
#include "base/loop.h"
#include "queue/admin_frame.h"
#include "queue/admin_serve.h"
#include "queue/envelope.h"
#include "queue/group.h"
#include "queue/queue_params.h"
#include "queue/schedule.h"
#include "queue/store.h"

enum { PASSWD_TEXT = 4096 };

/* The queue, opened by ourselves. */
struct own {
	pthread_t thread;
	struct loop *loop;
	struct store *store;
	struct group *group;
	struct schedule *schedule;
	struct admin_serve *serve;
};

struct admin {
	int fd;
	struct buf in;
	size_t taken; /* of ${in} */
	struct own *own;
};

static int
connect_role(const char *path)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd;

	if (strlen(path) >= sizeof sun.sun_path)
		return -1;
	(void)snprintf(sun.sun_path, sizeof sun.sun_path, "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sun, sizeof sun) != 0) {
		(void)close(fd);
		return -1;
	}
	return fd;
}

static void
broken(void *arg, const char *why)
{
	(void)arg;
	fatal("%s", why);
}

static void *
serve(void *arg)
{
	struct own *own = arg;

	loop_run(own->loop);
	return NULL;
}

static void
own_close(struct own *own)
{
	loop_stop(own->loop);
	(void)pthread_join(own->thread, NULL);
	group_free(own->group);
	admin_serve_free(own->serve);
	schedule_free(own->schedule);
	loop_free(own->loop);
	store_close(own->store);
	free(own);
}

static int
own_store(struct own *own, const char *dir, struct conf *conf, struct err *err)
{
	struct store_options options;
	struct queue_params params;
	struct arena *arena = arena_new();
	int rc = param_load(&queue_params_table, conf, arena, &params, err);

	arena_free(arena);
	if (rc != 0)
		return -1;
	options.size = (uint64_t)params.weir_queue_size_limit;
	options.reserve = (uint64_t)params.weir_queue_reserve;
	options.patience = 0;
	own->store = store_open(dir, &options, err);
	return own->store != NULL ? 0 : -1;
}

static struct own *
own_open(const char *dir, struct conf *conf, int fd, struct err *err)
{
	struct own *own = calloc(1, sizeof *own);

	if (own == NULL)
		fatal("out of memory");
	if (own_store(own, dir, conf, err) != 0)
		goto err0;
	own->loop = loop_new();
	own->group = group_new(own->loop, own->store, broken, NULL);
	own->schedule =
	    schedule_new(own->loop, own->store, own->group, conf, err);
	if (own->schedule == NULL)
		goto err1;
	schedule_stop(own->schedule);
	own->serve = admin_serve_new(own->loop, own->store, own->schedule);
	admin_serve_join(own->serve, fd);
	if (pthread_create(&own->thread, NULL, serve, own) != 0)
		fatal("cannot start a thread");
	return own;
err1:
	group_free(own->group);
	loop_free(own->loop);
	store_close(own->store);
err0:
	free(own);
	return NULL;
}

struct admin *
admin_open(
    const char *socket, const char *store, struct conf *conf, struct err *err)
{
	struct admin *admin = calloc(1, sizeof *admin);
	int pair[2];

	if (admin == NULL)
		fatal("out of memory");
	admin->fd = connect_role(socket);
	if (admin->fd >= 0)
		return admin;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		err_set(err, "socketpair: %s", err_errno(errno));
		free(admin);
		return NULL;
	}
	admin->fd = pair[0];
	admin->own = own_open(store, conf, pair[1], err);
	if (admin->own != NULL)
		return admin;
	(void)close(pair[0]);
	(void)close(pair[1]);
	free(admin);
	return NULL;
}

struct admin *
admin_connect(const char *socket, unsigned seconds, struct err *err)
{
	const struct timeval limit = { .tv_sec = seconds };
	int fd = connect_role(socket);
	struct admin *admin;

	if (fd < 0) {
		err_set(err, "connect to %s: %s", socket, err_errno(errno));
		return NULL;
	}
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
	admin = calloc(1, sizeof *admin);
	if (admin == NULL)
		fatal("out of memory");
	admin->fd = fd;
	return admin;
}

void
admin_close(struct admin *admin)
{
	if (admin == NULL)
		return;
	if (admin->own != NULL)
		own_close(admin->own);
	(void)close(admin->fd);
	buf_free(&admin->in);
	free(admin);
}

bool
admin_is_alone(const struct admin *admin)
{
	return admin->own != NULL;
}

static void
put_question(struct buf *out, enum admin_frame type, uint64_t id,
    uint64_t number, const char *text)
{
	size_t start = frame_begin(out, type, id);

	frame_put_num(out, number);
	frame_put_str(out, text);
	frame_end(out, start);
}

static int
say(struct admin *admin, struct buf *out, struct err *err)
{
	size_t at = 0;
	ssize_t n = 0;

	while (at < out->len && n >= 0) {
		n = send(
		    admin->fd, out->data + at, out->len - at, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			n = 0;
		at += n > 0 ? (size_t)n : 0;
	}
	buf_reset(out);
	if (n >= 0)
		return 0;
	err_set(err, "ask the queue: %s", err_errno(errno));
	return -1;
}

static int
ask(struct admin *admin, enum admin_frame type, const char *text,
    struct err *err)
{
	struct buf out = { 0 };
	int rc;

	put_question(&out, type, 0, 0, text);
	rc = say(admin, &out, err);
	buf_free(&out);
	return rc;
}

/* Wait for the next frame; it is good until the next call. */
static int
answer(struct admin *admin, struct frame *frame, struct err *err)
{
	enum { READ_SIZE = 64 * 1024 };
	size_t used;
	ssize_t n;

	for (;;) {
		enum frame_status status =
		    frame_get(admin->in.data + admin->taken,
			admin->in.len - admin->taken, frame, &used);

		if (status == FRAME_ONE) {
			admin->taken += used;
			return 0;
		}
		if (status == FRAME_BAD)
			break;
		buf_drop(&admin->in, admin->taken);
		admin->taken = 0;
		n = read(
		    admin->fd, buf_reserve(&admin->in, READ_SIZE), READ_SIZE);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			break;
		buf_added(&admin->in, (size_t)n);
	}
	err_set(err, "the queue has gone away");
	return -1;
}

static void
not_allowed(const char *what, struct err *err)
{
	struct passwd pw, *found = NULL;
	char text[PASSWD_TEXT];

	(void)getpwuid_r(getuid(), &pw, text, sizeof text, &found);
	err_set(err, "User %s(%u) is not allowed to %s the mail queue",
	    found != NULL ? pw.pw_name : "unknown", (unsigned)getuid(), what);
}

/* 1, 0 or -1 for the outcome in the last frame. */
static int
outcome(const struct frame *frame, struct err *err)
{
	struct frame_reader r = { .p = frame->body,
		.end = frame->body + frame->len };
	uint64_t number = frame_num(&r);

	if (number <= 1)
		return (int)number;
	switch (number) {
	case ADMIN_FRAME_DENIED:
		err_set(
		    err, "only root and the owner of the queue may do that");
		break;
	case ADMIN_FRAME_NO_LIST:
		not_allowed("view", err);
		break;
	case ADMIN_FRAME_NO_FLUSH:
		not_allowed("flush", err);
		break;
	default:
		err_set(err, "the queue could not do it");
	}
	return -1;
}

/* What is done with the frames of an answer. */
struct taker {
	void (*entry)(
	    void *arg, enum admin_state state, const struct envelope *e);
	void (*body)(void *arg, const char *data, size_t n);
	void *arg;
};

static int
take(const struct taker *taker, const struct frame *frame, struct buf *record)
{
	struct arena *arena;
	struct envelope e;
	bool good;

	switch (frame->type) {
	case ADMIN_FRAME_PART:
		buf_put(record, frame->body, frame->len);
		return 0;
	case ADMIN_FRAME_ENTRY:
		buf_put(record, frame->body, frame->len);
		arena = arena_new();
		good = envelope_parse(record->data, record->len, arena, &e);
		if (good && taker->entry != NULL)
			taker->entry(
			    taker->arg, (enum admin_state)frame->id, &e);
		arena_free(arena);
		buf_reset(record);
		return good ? 0 : -1;
	case ADMIN_FRAME_BODY:
		if (taker->body != NULL)
			taker->body(taker->arg, frame->body, frame->len);
		return 0;
	default:
		return -1;
	}
}

static int
converse(struct admin *admin, const struct taker *taker, struct err *err)
{
	struct buf record = { 0 };
	struct frame frame;
	int rc = answer(admin, &frame, err);

	for (; rc == 0 && frame.type != ADMIN_FRAME_END;
	     rc = answer(admin, &frame, err))
		if (take(taker, &frame, &record) != 0) {
			err_set(err, "the queue talks nonsense");
			rc = -1;
			break;
		}
	buf_free(&record);
	return rc == 0 ? outcome(&frame, err) : -1;
}

int
admin_list(struct admin *admin, const char *qid,
    void (*entry)(void *arg, enum admin_state state, const struct envelope *e),
    void *arg, struct err *err)
{
	const struct taker taker = { entry, NULL, arg };

	if (ask(admin, ADMIN_FRAME_LIST, qid != NULL ? qid : "", err) != 0)
		return -1;
	return converse(admin, &taker, err);
}

int
admin_cat(struct admin *admin, const char *qid,
    void (*entry)(void *arg, enum admin_state state, const struct envelope *e),
    void (*body)(void *arg, const char *data, size_t n), void *arg,
    struct err *err)
{
	const struct taker taker = { entry, body, arg };

	if (ask(admin, ADMIN_FRAME_CAT, qid, err) != 0)
		return -1;
	return converse(admin, &taker, err);
}

/* Many changes are asked for before the first is answered, so that they share
 * the disk's time.  Ask for more, up to ${n}. */
static int
ask_changes(struct admin *admin, enum schedule_change change,
    const char *const *qids, size_t n, size_t *asked, struct err *err)
{
	struct buf out = { 0 };
	int rc;

	for (; *asked < n; ++*asked)
		put_question(
		    &out, ADMIN_FRAME_CHANGE, *asked, change, qids[*asked]);
	rc = out.len > 0 ? say(admin, &out, err) : 0;
	buf_free(&out);
	return rc;
}

/* What is done with the answers to changes. */
struct made {
	void (*made)(void *arg, const char *qid, int outcome);
	void *arg;
};

static int
change_all(struct admin *admin, enum schedule_change change,
    const char *const *qids, size_t n, const struct made *made, struct err *err)
{
	enum { MOST = 256 };
	struct frame frame;
	size_t asked = 0;

	for (size_t answered = 0; answered < n; answered++) {
		size_t most = n - answered > MOST ? answered + MOST : n;
		int one;

		if ((asked - answered < MOST / 2 &&
			ask_changes(admin, change, qids, most, &asked, err) !=
			    0) ||
		    answer(admin, &frame, err) != 0)
			return -1;
		one = outcome(&frame, err);
		if (one < 0 || frame.type != ADMIN_FRAME_END || frame.id >= n)
			return -1;
		made->made(made->arg, qids[frame.id], one);
	}
	return 0;
}

int
admin_change(struct admin *admin, enum schedule_change change,
    const struct admin_ids *ids,
    void (*made)(void *arg, const char *qid, int outcome), void *arg,
    struct err *err)
{
	const struct made all = { made, arg };

	return change_all(admin, change, ids->ids, ids->count, &all, err);
}

int
admin_flush(struct admin *admin, const char *site, struct err *err)
{
	const struct taker taker = { 0 };

	if (admin->own != NULL) {
		err_set(err, "the mail system is down");
		return -1;
	}
	if (ask(admin, ADMIN_FRAME_FLUSH, site != NULL ? site : "", err) != 0)
		return -1;
	return converse(admin, &taker, err);
}
