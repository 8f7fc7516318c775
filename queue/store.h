/* store.h - the durable store: one LMDB environment, written by the queue role
 * alone.  For readers beside it see store_reader.h, for who calls
 * store_commit() see group.h.
 *
 * A message is a record (envelope.h) and, if it is large, a series of chunks;
 * both never change but by a requeue.  What changes is its mark (mark.h) and
 * its place in the schedule. */
#ifndef QUEUE_STORE_H
#define QUEUE_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "queue/envelope.h"

struct err;
struct store;
struct store_reader;

/* The classes of the schedule, in the order of the places. */
enum store_class {
	STORE_CORRUPT = 'c',  /* set aside: damaged */
	STORE_DEFERRED = 'd', /* waits for its time */
	STORE_HOLD = 'h',     /* waits for an administrator, or its filter */
	STORE_INCOMING = 'i', /* to be delivered now, or being delivered */
};

struct store_place {
	enum store_class class;
	/* Of what is deferred, or on hold for its filter: clock_now() time (of
	 * a new one on hold: STORE_DUE); else 0. */
	int64_t when;
	uint64_t key;
};

enum { STORE_DUE = 1 };

enum store_kind {
	STORE_CHUNK, /* ${data} is chunk ${number} of a message that arrives */
	STORE_NEW,   /* a whole message: record ${data}, ${qid}, ${place} */
	STORE_MARK,  /* mark ${data}; the message moves to ${place} */
	STORE_REPLACE, /* record ${data} and ${qid} instead of the older ones
			* (of ${old_qid}, which may be the same); unmarked,
			* at ${place} */
	STORE_COPY,    /* the chunks of message ${number} are also ${key}'s */
	STORE_RETIRE,  /* the message ${key}, ${qid} is done with */
	STORE_DROP,    /* what arrived of ${key} is done with */
	STORE_ASK,     /* is there a message ${qid}, or was it lately? */
};

enum store_result {
	STORE_OK,     /* durable; ASK: it is there */
	STORE_ABSENT, /* no such message; nothing was changed */
	STORE_TAKEN,  /* NEW, REPLACE: another message has that queue id */
	STORE_FULL,   /* no room, or a chunk had none; nothing was changed */
	STORE_FAILED, /* nothing can be said; the store is broken */
};

/* One change.  Its owner keeps it unchanged until ${done}. */
struct store_op {
	struct store_op *next; /* whoever holds it */
	struct store_op *with; /* changed together or not at all: the result
				* of the first one is for all */
	enum store_kind kind;
	bool needs_room; /* may be refused so that marks and deletes can go on;
			  * of the first one */
	uint64_t key, number;
	uint64_t count; /* COPY, NEW: chunks that there must be */
	struct store_place place;
	char qid[ENVELOPE_QID], old_qid[ENVELOPE_QID];
	struct buf data;
	enum store_result result;
	void (*done)(struct store_op *op); /* see group.h */
};

struct store_options {
	uint64_t size;    /* what intake may fill, octets */
	uint64_t reserve; /* for marks and deletes, octets */
	int64_t patience; /* ns; with another writer, who may be ending */
};

/*
 * store_open(dir, options, err):
 * Open, or make, the store in directory ${dir}, lock it against a second
 * writer, sweep what arrived by half.  NULL and the reason in ${err}: "is in
 * use" if there is another writer.  Once per process; store_close() writes
 * nothing.
 */
struct store *store_open(
    const char *dir, const struct store_options *options, struct err *err);
void store_close(struct store *store);

/* store_key(store): a key that no message ever had.  One thread at a time. */
uint64_t store_key(struct store *store);

/* store_next_key(store): what store_key() would say. */
uint64_t store_next_key(const struct store *store);

/*
 * store_commit(store, ops, err):
 * Make the list ${ops} durable in one transaction (few, when space is tight)
 * and set the result of each.  Blocks for the disk.  -1: the disk failed, the
 * results are STORE_FAILED, ${err} says why, and the store must not be used
 * any more.  One thread at a time.
 */
int store_commit(struct store *store, struct store_op *ops, struct err *err);

/* store_recall(store): a proxy may have missed answers and ask.  For a minute,
 * as after store_open(), STORE_ASK finds the messages that are there now, be
 * they retired meanwhile.  The thread of store_key(). */
void store_recall(struct store *store);

/* store_tight(store): the last commit had to refuse a change.  Any thread. */
bool store_tight(const struct store *store);

/* store_reader_of(store): to read within the process that writes. */
struct store_reader *store_reader_of(struct store *store);

/* store_check_readers(store): release what died readers had kept. */
void store_check_readers(struct store *store);

#endif
