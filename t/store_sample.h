/* store_sample.h - a store with some messages, all that was written to it known:
 * inline and in chunks, deferred and incoming.  Who includes it says how many
 * (MESSAGES) and how large a chunk is (CHUNK). */
#ifndef T_STORE_SAMPLE_H
#define T_STORE_SAMPLE_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/event.h"
#include "queue/envelope.h"
#include "queue/mark.h"
#include "queue/store.h"
#include "queue/store_reader.h"
#include "t/tap.h"

enum { CHUNKS = 2, PAGE = 4096 };

/* What a process found in it, the worst last; FOUND_DIED: it came to no end. */
enum found {
	FOUND_ALL,
	FOUND_REFUSED,
	FOUND_SAID,
	FOUND_LOST,
	FOUND_OTHER,
	FOUND_DIED
};

static const struct store_options options = { .size = 4 << 20,
	.reserve = 1 << 20 };
/* Not a disk, where there is something else: it is synced often. */
static char dir[] = "/dev/shm/weir-store-XXXXXX", path[64];
static uint64_t keys[MESSAGES];
static unsigned char *whole; /* the file as it was written */
static size_t used;          /* its pages that are not zero, in octets */

static void
qid_of(int n, char qid[ENVELOPE_QID])
{
	(void)snprintf(qid, ENVELOPE_QID, "4D%06X", (unsigned)n * 7919U);
}

static bool
is_large(int n)
{
	return n % 8 == 7;
}

static struct buf
body_of(int n)
{
	struct buf body = { 0 };

	for (int i = 0; i < 5 + n * 9; i++)
		buf_printf(&body, "line %d of message %d\r\n", i, n);
	return body;
}

static struct buf
chunk_of(int n, int i)
{
	struct buf chunk = { 0 };

	while (chunk.len < CHUNK)
		buf_printf(
		    &chunk, "%d %d %zu of the body\r\n", n, i, chunk.len);
	buf_cut(&chunk, CHUNK);
	return chunk;
}

static bool
commit(struct store *store, struct store_op *op)
{
	struct err err = { "" };
	bool done =
	    store_commit(store, op, &err) == 0 && op->result == STORE_OK;

	buf_free(&op->data);
	return done;
}

static struct envelope
message(int n, struct envelope_rcpt *rcpt, const struct buf *body)
{
	struct envelope e = { .sender = "s@example.net",
		.arrival = 1000 + n,
		.rcpts = rcpt,
		.nrcpts = 1,
		.headers = "Subject: x\r\n\r\n",
		.nheaders = 14,
		.body = is_large(n) ? "" : body->data,
		.nbody = is_large(n) ? 0 : body->len,
		.nchunks = is_large(n) ? CHUNKS : 0 };

	*rcpt = (struct envelope_rcpt){ .address = "r@example.org" };
	qid_of(n, e.qid);
	return e;
}

static bool
put(struct store *store, int n)
{
	struct envelope_rcpt rcpt;
	struct buf body = body_of(n);
	struct envelope e = message(n, &rcpt, &body);
	struct store_op op = { .kind = STORE_NEW, .key = store_key(store) };
	bool done = true;

	keys[n] = op.key;
	for (int i = 0; is_large(n) && i < CHUNKS; i++) {
		struct store_op chunk = { .kind = STORE_CHUNK,
			.key = op.key,
			.number = (uint64_t)i,
			.data = chunk_of(n, i) };

		done = done && commit(store, &chunk);
	}
	op.count = e.nchunks;
	op.place =
	    (struct store_place){ .class = STORE_INCOMING, .key = op.key };
	memcpy(op.qid, e.qid, sizeof op.qid);
	envelope_print(&e, &op.data);
	done = done && commit(store, &op);
	if (n % 3 == 0) {
		struct store_op mark = { .kind = STORE_MARK, .key = keys[n] };

		rcpt.reason = "try later";
		mark.place =
		    (struct store_place){ STORE_DEFERRED, 1000 + n, keys[n] };
		mark_print(&e, &mark.place, &mark.data);
		done = done && commit(store, &mark);
	}
	buf_free(&body);
	return done;
}

static bool
retire(struct store *store, int n)
{
	struct store_op op = { .kind = STORE_RETIRE, .key = keys[n] };

	qid_of(n, op.qid);
	return commit(store, &op);
}

/* A store that has lived: some messages have gone, and left free pages. */
static bool
make(void)
{
	struct err err = { "" };
	struct store *store = store_open(dir, &options, &err);
	bool done = store != NULL;
	FILE *f;

	for (int n = 0; done && n < MESSAGES; n++)
		done = put(store, n);
	for (int n = 0; done && n < MESSAGES; n += 5)
		done = retire(store, n);
	for (int n = 0; done && n < MESSAGES; n += 5)
		done = put(store, n);
	store_close(store);
	whole = calloc(1, 32 << 20);
	f = fopen(path, "rb");
	if (!done || whole == NULL || f == NULL)
		return false;
	used = fread(whole, 1, 32 << 20, f);
	(void)fclose(f);
	while (used > PAGE && whole[used - 1] == 0)
		used--;
	used = (used + PAGE - 1) / PAGE * PAGE;
	return true;
}

static enum found
worse(enum found a, enum found b)
{
	return a > b ? a : b;
}

static enum found
read_chunks(struct store_reader *r, int n)
{
	enum found found = FOUND_ALL;

	for (int i = 0; is_large(n) && i < CHUNKS; i++) {
		struct buf got = { 0 }, wanted = chunk_of(n, i);
		struct err err;
		int there =
		    store_reader_chunk(r, keys[n], (uint64_t)i, &got, &err);

		if (there < 0)
			found = worse(found, FOUND_SAID);
		else if (there == 0)
			found = worse(found, FOUND_LOST);
		else if (got.len != wanted.len ||
		    memcmp(got.data, wanted.data, got.len) != 0)
			found = FOUND_OTHER;
		buf_free(&got);
		buf_free(&wanted);
	}
	return found;
}

static enum found
read_message(struct store_reader *r, int n)
{
	struct arena *arena = arena_new();
	struct buf body = body_of(n);
	struct envelope_rcpt rcpt;
	struct envelope e, wanted = message(n, &rcpt, &body);
	struct err err;
	uint64_t key;
	int there = store_reader_find(r, wanted.qid, &key, &err);
	enum found found = there < 0 ? FOUND_SAID
	    : there == 0             ? FOUND_LOST
	    : key != keys[n]         ? FOUND_OTHER
				     : FOUND_ALL;

	there = store_reader_envelope(r, keys[n], arena, &e, &err);
	if (there < 0)
		found = worse(found, FOUND_SAID);
	else if (there == 0)
		found = worse(found, FOUND_LOST);
	else if (strcmp(e.qid, wanted.qid) != 0 || e.nbody != wanted.nbody ||
	    memcmp(e.body, wanted.body, e.nbody) != 0 || e.nrcpts != 1 ||
	    strcmp(e.rcpts[0].address, "r@example.org") != 0 ||
	    e.rcpts[0].state != ENVELOPE_TODO)
		found = FOUND_OTHER;
	arena_free(arena);
	buf_free(&body);
	return worse(found, read_chunks(r, n));
}

/* Each message has its place in the schedule. */
static enum found
read_places(struct store_reader *r)
{
	struct store_place places[2 * MESSAGES],
	    from = { .class = STORE_CORRUPT };
	struct err err;
	int count = store_reader_places(r, &from, places, 2 * MESSAGES, &err);
	enum found found = count < 0 ? FOUND_SAID : FOUND_ALL;

	for (int n = 0; count >= 0 && n < MESSAGES; n++) {
		bool there = false;

		for (int i = 0; i < count; i++)
			there = there || places[i].key == keys[n];
		if (!there)
			found = FOUND_LOST;
	}
	return found;
}

static bool warned; /* of what is wrong as a whole */

static void
take_warning(const char *text)
{
	warned = warned || strstr(text, "the queue is damaged") != NULL;
}

static struct store *
open_and_listen(void)
{
	struct err err = { "" };
	struct store *store;

	warned = false;
	event_tap(take_warning);
	store = store_open(dir, &options, &err);
	event_tap(NULL);
	return store;
}

/* In a child: read all of it, then work with it. */
static enum found
use(void)
{
	struct store *store = open_and_listen();
	enum found found = FOUND_ALL;

	if (store == NULL)
		return FOUND_REFUSED;
	for (int n = 0; n < MESSAGES; n++)
		found = worse(found, read_message(store_reader_of(store), n));
	found = worse(found, read_places(store_reader_of(store)));
	for (int n = 0; n < MESSAGES; n++)
		if (!retire(store, n))
			found = worse(found, FOUND_SAID);
	if (!put(store, 0))
		found = worse(found, FOUND_SAID);
	store_close(store);
	return found == FOUND_LOST && warned ? FOUND_SAID : found;
}

/* The directory, and the file that LMDB has there. */
static bool
make_dir(void)
{
	if (mkdtemp(dir) == NULL)
		return false;
	(void)snprintf(path, sizeof path, "%s/data.mdb", dir);
	return true;
}

static void
remove_store(void)
{
	char lock[64], writer[64];

	(void)snprintf(lock, sizeof lock, "%s/lock.mdb", dir);
	(void)snprintf(writer, sizeof writer, "%s/writer", dir);
	(void)unlink(path);
	(void)unlink(lock);
	(void)unlink(writer);
	(void)rmdir(dir);
}

#endif
