/* submit_serve.c - see submit_serve.h.
 *
 * A chunk is stored as it comes; a commit stores the record, and is answered
 * when that is durable.  Answers of one group leave with one write. */
#include "queue/submit_serve.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/crash.h"
#include "base/fatal.h"
#include "base/frame.h"
#include "queue/envelope.h"
#include "queue/group.h"
#include "queue/queue_wire.h"
#include "queue/schedule.h"
#include "queue/store.h"
#include "queue/submit_frame.h"

enum { BUCKETS = 256 };

struct submit_serve {
	struct store *store;
	struct group *group;
	struct schedule *schedule;
	TAILQ_HEAD(, submit_serve_peer) peers;
	uint64_t room;
};

/* A message of which more is to come. */
struct half {
	struct half *next; /* in its hash chain */
	uint64_t id, key, nchunks;
	struct buf record;
	bool full; /* a chunk was refused */
};

struct submit_serve_peer {
	TAILQ_ENTRY(submit_serve_peer) entry;
	struct submit_serve *serve;
	struct queue_wire *wire; /* NULL: gone */
	size_t changes;          /* on their way to the disk */
	struct schedule_looker looker;
	bool looks; /* ... has joined */
	struct half *halves[BUCKETS];
};

/* A change that a proxy asked for. */
struct request {
	struct store_op op;
	struct submit_serve_peer *peer;
	uint64_t id;         /* the proxy's */
	struct arena *arena; /* COMMIT: has ${e} */
	struct envelope e;
};

struct submit_serve *
submit_serve_new(
    struct store *store, struct group *group, struct schedule *schedule)
{
	struct submit_serve *serve = calloc(1, sizeof *serve);

	if (serve == NULL)
		fatal("out of memory");
	serve->store = store;
	serve->group = group;
	serve->schedule = schedule;
	serve->room = UINT64_MAX;
	TAILQ_INIT(&serve->peers);
	return serve;
}

static void
release(struct submit_serve_peer *peer)
{
	if (peer->wire != NULL || peer->changes > 0)
		return;
	TAILQ_REMOVE(&peer->serve->peers, peer, entry);
	free(peer);
}

static struct half **
find(struct submit_serve_peer *peer, uint64_t id)
{
	struct half **p = &peer->halves[id % BUCKETS];

	while (*p != NULL && (*p)->id != id)
		p = &(*p)->next;
	return p;
}

static struct half *
get(struct submit_serve_peer *peer, uint64_t id)
{
	struct half **p = find(peer, id);

	if (*p != NULL)
		return *p;
	if ((*p = calloc(1, sizeof **p)) == NULL)
		fatal("out of memory");
	(*p)->id = id;
	(*p)->key = store_key(peer->serve->store);
	return *p;
}

static void
forget(struct half **p)
{
	struct half *half = *p;

	*p = half->next;
	buf_free(&half->record);
	free(half);
}

void
submit_serve_free(struct submit_serve *serve)
{
	struct submit_serve_peer *peer;

	if (serve == NULL)
		return;
	while ((peer = TAILQ_FIRST(&serve->peers)) != NULL) {
		TAILQ_REMOVE(&serve->peers, peer, entry);
		for (int i = 0; i < BUCKETS; i++)
			while (peer->halves[i] != NULL)
				forget(&peer->halves[i]);
		free(peer);
	}
	free(serve);
}

static struct request *
new_request(struct submit_serve_peer *peer, uint64_t id, enum store_kind kind,
    void (*done)(struct store_op *op))
{
	struct request *request = calloc(1, sizeof *request);

	if (request == NULL)
		fatal("out of memory");
	request->op.kind = kind;
	request->op.done = done;
	request->peer = peer;
	request->id = id;
	peer->changes++;
	return request;
}

static void
end(struct request *request)
{
	buf_free(&request->op.data);
	arena_free(request->arena);
	request->peer->changes--;
	release(request->peer);
	free(request);
}

static void
tell(struct submit_serve_peer *peer, enum submit_frame type, uint64_t id,
    uint64_t number)
{
	size_t start;

	if (peer->wire == NULL)
		return;
	start = frame_begin(&peer->wire->out, type, id);
	frame_put_num(&peer->wire->out, number);
	frame_end(&peer->wire->out, start);
	queue_wire_send(peer->wire);
}

static void
chunk_done(struct store_op *op)
{
	struct request *request = (struct request *)op;
	struct half *half = *find(request->peer, request->id);

	/* The commit, should it come, is refused then. */
	if (op->result != STORE_OK && half != NULL)
		half->full = true;
	tell(request->peer, SUBMIT_FRAME_TAKEN, 0, op->data.len);
	end(request);
}

static void
drop_done(struct store_op *op)
{
	end((struct request *)op);
}

static void
drop(struct submit_serve_peer *peer, uint64_t key)
{
	struct request *request = new_request(peer, 0, STORE_DROP, drop_done);

	request->op.key = key;
	group_add(peer->serve->group, &request->op);
}

static void
commit_done(struct store_op *op)
{
	struct request *request = (struct request *)op;
	struct submit_serve_peer *peer = request->peer;

	crash_point("intake-before-answer");
	tell(peer, SUBMIT_FRAME_ANSWER, request->id, op->result);
	if (op->result == STORE_OK) {
		schedule_add(peer->serve->schedule, op->key, request->arena,
		    &request->e);
		request->arena = NULL;
	} else if (request->e.nchunks > 0) {
		drop(peer, op->key);
	}
	end(request);
}

static void
ask_done(struct store_op *op)
{
	struct request *request = (struct request *)op;

	tell(request->peer, SUBMIT_FRAME_ANSWER, request->id, op->result);
	end(request);
}

static void
take_chunk(struct submit_serve_peer *peer, const struct frame *frame)
{
	struct half *half = get(peer, frame->id);
	struct request *request =
	    new_request(peer, frame->id, STORE_CHUNK, chunk_done);

	request->op.needs_room = true;
	request->op.key = half->key;
	request->op.number = half->nchunks++;
	buf_put(&request->op.data, frame->body, frame->len);
	group_add(peer->serve->group, &request->op);
}

/* The record is whole.  False: it is no record. */
static bool
commit(struct submit_serve_peer *peer, uint64_t id, uint64_t key,
    uint64_t nchunks, struct buf *record)
{
	struct request *request = new_request(peer, id, STORE_NEW, commit_done);
	struct store_op *op = &request->op;

	request->arena = arena_new();
	op->data = *record;
	*record = (struct buf){ 0 };
	if (!envelope_parse(
		op->data.data, op->data.len, request->arena, &request->e) ||
	    request->e.nchunks != nchunks || request->e.nrcpts == 0) {
		end(request);
		return false;
	}
	op->key = key;
	op->count = nchunks;
	op->needs_room = true;
	memcpy(op->qid, request->e.qid, sizeof op->qid);
	op->place.class = request->e.hold ? STORE_HOLD : STORE_INCOMING;
	op->place.when = request->e.hold && request->e.rescan ? STORE_DUE : 0;
	op->place.key = key;
	group_add(peer->serve->group, op);
	return true;
}

static bool
take_commit(struct submit_serve_peer *peer, const struct frame *frame)
{
	struct half **p = find(peer, frame->id), *half = *p;
	struct buf record = { 0 };
	bool good = true;

	if (half == NULL) {
		buf_put(&record, frame->body, frame->len);
		return commit(
		    peer, frame->id, store_key(peer->serve->store), 0, &record);
	}
	buf_put(&half->record, frame->body, frame->len);
	if (half->full) {
		tell(peer, SUBMIT_FRAME_ANSWER, frame->id, STORE_FULL);
		drop(peer, half->key);
	} else {
		good = commit(
		    peer, frame->id, half->key, half->nchunks, &half->record);
	}
	forget(p);
	return good;
}

static bool
take_part(struct submit_serve_peer *peer, const struct frame *frame)
{
	struct half *half = get(peer, frame->id);

	if (half->record.len + frame->len > SUBMIT_FRAME_RECORD)
		return false;
	buf_put(&half->record, frame->body, frame->len);
	return true;
}

static void
cancel(struct submit_serve_peer *peer, struct half **p)
{
	if (*p == NULL)
		return;
	if ((*p)->nchunks > 0)
		drop(peer, (*p)->key);
	forget(p);
}

static bool
take_question(struct submit_serve_peer *peer, const struct frame *frame)
{
	struct frame_reader r = { .p = frame->body,
		.end = frame->body + frame->len };
	size_t n;
	const char *qid = frame_data(&r, &n);
	struct request *request;

	if (r.bad || n == 0 || n >= ENVELOPE_QID)
		return false;
	/* The writer answers, behind all that was asked of it before. */
	request = new_request(peer, frame->id, STORE_ASK, ask_done);
	memcpy(request->op.qid, qid, n);
	group_add(peer->serve->group, &request->op);
	return true;
}

static void
send_look(
    struct schedule_looker *looker, uint64_t key, const struct buf *record)
{
	struct submit_serve_peer *peer =
	    (struct submit_serve_peer *)((char *)looker -
		offsetof(struct submit_serve_peer, looker));

	frame_put(&peer->wire->out, SUBMIT_FRAME_LOOK, key, record->data,
	    record->len);
	queue_wire_send(peer->wire);
}

static bool
take_looks(struct submit_serve_peer *peer, const struct frame *frame)
{
	struct frame_reader r = { .p = frame->body,
		.end = frame->body + frame->len };
	uint64_t most = frame_num(&r);

	if (r.bad)
		return false;
	if (!peer->looks) {
		peer->looks = true;
		peer->looker.send = send_look;
		schedule_look_join(peer->serve->schedule, &peer->looker);
	}
	schedule_look_most(peer->serve->schedule, &peer->looker, most);
	return true;
}

static bool
take_looked(struct submit_serve_peer *peer, const struct frame *frame)
{
	struct frame_reader r = { .p = frame->body,
		.end = frame->body + frame->len };
	struct arena *arena = arena_new();
	uint64_t seen = frame_num(&r);
	struct schedule_seen_answer answer = {
		.seen = (enum schedule_seen)seen,
		.dsn = frame_str(&r, arena),
		.text = frame_str(&r, arena),
	};
	bool good;

	answer.record = frame_data(&r, &answer.nrecord);
	good = peer->looks && !r.bad && seen <= SCHEDULE_SEEN_LATER &&
	    schedule_look_answer(
		peer->serve->schedule, &peer->looker, frame->id, &answer);
	arena_free(arena);
	return good;
}

void
submit_serve_frame(struct submit_serve_peer *peer, const struct frame *frame)
{
	bool good = true;

	switch (frame->type) {
	case SUBMIT_FRAME_HELLO:
		break;
	case SUBMIT_FRAME_CHUNK:
		take_chunk(peer, frame);
		break;
	case SUBMIT_FRAME_PART:
		good = take_part(peer, frame);
		break;
	case SUBMIT_FRAME_COMMIT:
		good = take_commit(peer, frame);
		break;
	case SUBMIT_FRAME_CANCEL:
		cancel(peer, find(peer, frame->id));
		break;
	case SUBMIT_FRAME_ASK:
		good = take_question(peer, frame);
		break;
	case SUBMIT_FRAME_LOOKS:
		good = take_looks(peer, frame);
		break;
	case SUBMIT_FRAME_LOOKED:
		good = take_looked(peer, frame);
		break;
	default:
		good = false;
	}
	if (!good)
		queue_wire_hang_up(peer->wire);
}

struct submit_serve_peer *
submit_serve_join(struct submit_serve *serve, struct queue_wire *wire)
{
	struct submit_serve_peer *peer = calloc(1, sizeof *peer);

	if (peer == NULL)
		fatal("out of memory");
	peer->serve = serve;
	peer->wire = wire;
	TAILQ_INSERT_TAIL(&serve->peers, peer, entry);
	if (serve->room != UINT64_MAX)
		tell(peer, SUBMIT_FRAME_ROOM, 0, serve->room);
	return peer;
}

void
submit_serve_leave(struct submit_serve_peer *peer)
{
	for (int i = 0; i < BUCKETS; i++)
		while (peer->halves[i] != NULL)
			cancel(peer, &peer->halves[i]);
	if (peer->looks)
		schedule_look_leave(peer->serve->schedule, &peer->looker);
	peer->looks = false;
	peer->wire = NULL;
	release(peer);
}

void
submit_serve_room(struct submit_serve *serve, uint64_t octets)
{
	struct submit_serve_peer *peer;

	if (octets == serve->room)
		return;
	serve->room = octets;
	TAILQ_FOREACH (peer, &serve->peers, entry)
		tell(peer, SUBMIT_FRAME_ROOM, 0, octets);
}
