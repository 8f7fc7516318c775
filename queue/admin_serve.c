/* admin_serve.c - see admin_serve.h.  A list of any length leaves in pieces,
 * as the reader takes them, and holds no transaction in between. */
#include "queue/admin_serve.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/frame.h"
#include "queue/admin.h"
#include "queue/admin_frame.h"
#include "queue/envelope.h"
#include "queue/queue_wire.h"
#include "queue/schedule.h"
#include "queue/store.h"
#include "queue/store_reader.h"
#include "queue/user_list.h"

enum {
	PER_TURN = 64,
	/* Output that may wait before a list goes on. */
	MOST_WAITING = 256 * 1024,
};

struct admin_serve {
	struct loop *loop;
	struct store *store;
	struct schedule *schedule;
	const char *list_users, *flush_users;
	TAILQ_HEAD(, command) commands;
};

/* One connected command. */
struct command {
	TAILQ_ENTRY(command) entry;
	struct admin_serve *serve;
	struct queue_wire wire;
	bool trusted, may_list, may_flush;
	size_t changes; /* under way */
	bool gone;
	/* What is being sent. */
	bool listing, reading;
	uint64_t next; /* LIST: key; CAT: chunk */
	uint64_t key, nchunks;
};

struct admin_serve *
admin_serve_new(
    struct loop *loop, struct store *store, struct schedule *schedule)
{
	struct admin_serve *serve = calloc(1, sizeof *serve);

	if (serve == NULL)
		fatal("out of memory");
	serve->loop = loop;
	serve->store = store;
	serve->schedule = schedule;
	TAILQ_INIT(&serve->commands);
	return serve;
}

void
admin_serve_users(
    struct admin_serve *serve, const char *list, const char *flush)
{
	serve->list_users = list;
	serve->flush_users = flush;
}

static void
release(struct command *c)
{
	if (!c->gone || c->changes > 0)
		return;
	TAILQ_REMOVE(&c->serve->commands, c, entry);
	free(c);
}

void
admin_serve_free(struct admin_serve *serve)
{
	struct command *c;

	if (serve == NULL)
		return;
	while ((c = TAILQ_FIRST(&serve->commands)) != NULL) {
		queue_wire_flush(&c->wire);
		queue_wire_close(&c->wire);
		TAILQ_REMOVE(&serve->commands, c, entry);
		free(c);
	}
	free(serve);
}

/* The answer to question ${id} is over. */
static void
end_of(struct command *c, uint64_t id, uint64_t outcome)
{
	size_t start;

	if (c->gone)
		return;
	start = frame_begin(&c->wire.out, ADMIN_FRAME_END, id);
	frame_put_num(&c->wire.out, outcome);
	frame_end(&c->wire.out, start);
	queue_wire_send(&c->wire);
}

static void
end(struct command *c, uint64_t outcome)
{
	end_of(c, 0, outcome);
}

static void
put_entry(struct command *c, const struct envelope *e, enum admin_state state)
{
	struct buf record = { 0 };
	size_t at = 0;

	envelope_print(e, &record);
	for (; record.len - at > ADMIN_FRAME_PIECE; at += ADMIN_FRAME_PIECE)
		frame_put(&c->wire.out, ADMIN_FRAME_PART, 0, record.data + at,
		    ADMIN_FRAME_PIECE);
	frame_put(&c->wire.out, ADMIN_FRAME_ENTRY, state, record.data + at,
	    record.len - at);
	buf_free(&record);
}

static enum admin_state
state_of(const struct command *c, uint64_t key, const struct envelope *e)
{
	if (schedule_is_active(c->serve->schedule, key))
		return ADMIN_ACTIVE;
	if (e->hold)
		return ADMIN_HOLD;
	return e->attempts > 0 ? ADMIN_DEFERRED : ADMIN_INCOMING;
}

/* Send the entry of message ${key}, if it (still) is one. */
static bool
list_one(struct command *c, uint64_t key)
{
	struct store_reader *reader = store_reader_of(c->serve->store);
	struct arena *arena = arena_new();
	struct envelope e;
	struct err err;
	bool there = store_reader_peek(reader, key, arena, &e, &err) > 0;

	if (there) {
		e.headers = e.body = NULL;
		e.nheaders = e.nbody = 0;
		put_entry(c, &e, state_of(c, key, &e));
	}
	arena_free(arena);
	return there;
}

static void
list_more(struct command *c)
{
	struct store_reader *reader = store_reader_of(c->serve->store);
	uint64_t keys[PER_TURN];
	struct err err;
	int n = PER_TURN;

	while (n == PER_TURN && c->wire.out.len < MOST_WAITING) {
		n = store_reader_keys(reader, c->next, keys, PER_TURN, &err);
		for (int i = 0; i < n; i++)
			(void)list_one(c, keys[i]);
		if (n > 0)
			c->next = keys[n - 1] + 1;
	}
	if (n != PER_TURN) {
		c->listing = false;
		end(c, n < 0 ? ADMIN_FRAME_FAILED : 1);
	}
	queue_wire_send(&c->wire);
}

static void
read_more(struct command *c)
{
	struct store_reader *reader = store_reader_of(c->serve->store);
	struct err err;
	int there = 1;
	size_t start;

	while (there > 0 && c->next < c->nchunks &&
	    c->wire.out.len < MOST_WAITING) {
		start = frame_begin(&c->wire.out, ADMIN_FRAME_BODY, 0);
		there = store_reader_chunk(
		    reader, c->key, c->next, &c->wire.out, &err);
		frame_end(&c->wire.out, start);
		c->next++;
	}
	if (there <= 0 || c->next >= c->nchunks) {
		c->reading = false;
		end(c, there > 0 ? 1 : ADMIN_FRAME_FAILED);
	}
	queue_wire_send(&c->wire);
}

static void
drained(struct queue_wire *wire)
{
	struct command *c =
	    (struct command *)((char *)wire - offsetof(struct command, wire));

	if (c->listing)
		list_more(c);
	else if (c->reading)
		read_more(c);
}

static void
list(struct command *c, const char *qid)
{
	struct err err;
	uint64_t key;
	int there;

	if (qid[0] == '\0') {
		c->listing = true;
		c->next = 0;
		list_more(c);
		return;
	}
	there = store_reader_find(
	    store_reader_of(c->serve->store), qid, &key, &err);
	end(c, there > 0 && list_one(c, key) ? 1 : 0);
}

static void
cat(struct command *c, const char *qid)
{
	struct store_reader *reader = store_reader_of(c->serve->store);
	struct arena *arena = arena_new();
	struct envelope e;
	struct err err;
	int there = store_reader_find(reader, qid, &c->key, &err);

	if (there > 0)
		there = store_reader_envelope(reader, c->key, arena, &e, &err);
	if (there > 0) {
		put_entry(c, &e, state_of(c, c->key, &e));
		c->nchunks = e.nchunks;
		c->next = 0;
		c->reading = true;
		read_more(c);
	} else {
		end(c, there == 0 ? 0 : ADMIN_FRAME_FAILED);
	}
	arena_free(arena);
}

/* A change that is under way. */
struct changing {
	struct command *command;
	uint64_t id;
};

static void
changed(void *arg, int outcome)
{
	struct changing *changing = arg;
	struct command *c = changing->command;

	c->changes--;
	end_of(c, changing->id,
	    outcome < 0 ? ADMIN_FRAME_FAILED : (uint64_t)outcome);
	free(changing);
	release(c);
}

static void
change(struct command *c, uint64_t id, uint64_t kind, const char *qid)
{
	struct changing *changing;
	struct err err;
	uint64_t key;
	int there = store_reader_find(
	    store_reader_of(c->serve->store), qid, &key, &err);

	if (there <= 0) {
		end_of(c, id, there == 0 ? 0 : ADMIN_FRAME_FAILED);
		return;
	}
	changing = calloc(1, sizeof *changing);
	if (changing == NULL)
		fatal("out of memory");
	changing->command = c;
	changing->id = id;
	c->changes++;
	schedule_change(c->serve->schedule, (enum schedule_change)kind, key,
	    qid, changed, changing);
}

/* Do what ${frame} asks; ${text} is its string.  False: nonsense. */
static bool
obey(struct command *c, const struct frame *frame, uint64_t number,
    const char *text)
{
	switch (frame->type) {
	case ADMIN_FRAME_LIST:
		if (c->may_list)
			list(c, text);
		else
			end(c, ADMIN_FRAME_NO_LIST);
		return true;
	case ADMIN_FRAME_FLUSH:
		if (c->may_flush)
			schedule_flush(
			    c->serve->schedule, text[0] != '\0' ? text : NULL);
		end(c, c->may_flush ? 1 : ADMIN_FRAME_NO_FLUSH);
		return true;
	case ADMIN_FRAME_CAT:
		if (c->trusted)
			cat(c, text);
		else
			end(c, ADMIN_FRAME_DENIED);
		return true;
	case ADMIN_FRAME_CHANGE:
		if (number > SCHEDULE_REQUEUE)
			return false;
		if (c->trusted || (number == SCHEDULE_FLUSH && c->may_flush))
			change(c, frame->id, number, text);
		else if (number == SCHEDULE_FLUSH)
			end_of(c, frame->id, ADMIN_FRAME_NO_FLUSH);
		else
			end_of(c, frame->id, ADMIN_FRAME_DENIED);
		return true;
	default:
		return false;
	}
}

static void
frame_came(struct queue_wire *wire, const struct frame *frame)
{
	struct command *c =
	    (struct command *)((char *)wire - offsetof(struct command, wire));
	struct frame_reader r = { .p = frame->body,
		.end = frame->body + frame->len };
	struct arena *arena = arena_new();
	uint64_t number = frame_num(&r);
	const char *text = frame_str(&r, arena);

	if (r.bad || c->listing || c->reading ||
	    (frame->type != ADMIN_FRAME_FLUSH && text[0] != '\0' &&
		!envelope_qid_valid(text)) ||
	    !obey(c, frame, number, text))
		queue_wire_hang_up(wire);
	arena_free(arena);
}

static void
closed(struct queue_wire *wire)
{
	struct command *c =
	    (struct command *)((char *)wire - offsetof(struct command, wire));

	c->gone = true;
	release(c);
}

void
admin_serve_join(struct admin_serve *serve, int fd)
{
	struct command *c = calloc(1, sizeof *c);
	struct ucred cred;
	socklen_t n = sizeof cred;

	if (c == NULL)
		fatal("out of memory");
	c->serve = serve;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &n) == 0) {
		c->trusted = cred.uid == 0 || cred.uid == geteuid();
		c->may_list =
		    c->trusted || user_list_has(serve->list_users, cred.uid);
		c->may_flush =
		    c->trusted || user_list_has(serve->flush_users, cred.uid);
	}
	c->wire.frame = frame_came;
	c->wire.closed = closed;
	c->wire.drained = drained;
	TAILQ_INSERT_TAIL(&serve->commands, c, entry);
	queue_wire_open(&c->wire, serve->loop, fd);
}
