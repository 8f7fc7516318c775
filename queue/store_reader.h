/* store_reader.h - read messages out of the store, beside the queue role that
 * writes it (for deliver and postcat).  Short transactions only: a reader that
 * waits for a peer must not hold one. */
#ifndef QUEUE_STORE_READER_H
#define QUEUE_STORE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct buf;
struct envelope;
struct err;
struct store_place;
struct store_reader;

/* store_reader_open(dir, err): one per process (LMDB's rule), any thread. */
struct store_reader *store_reader_open(const char *dir, struct err *err);
void store_reader_close(struct store_reader *reader);

/* store_reader_within(env, layout): for store.c, which has opened them. */
struct MDB_env;
struct store_layout;
struct store_reader *
store_reader_within(struct MDB_env *env, const struct store_layout *layout);

/* store_reader_envelope(reader, key, arena, e): copy the record of message
 * ${key} (inline body included) to ${arena}, with all that has become of it
 * since.  1: there, 0: not there, -1: damaged or cannot be read, and why in
 * ${err}. */
int store_reader_envelope(struct store_reader *reader, uint64_t key,
    struct arena *arena, struct envelope *e, struct err *err);

/* store_reader_content(): the same without the recipients, and with what else
 * can change (attempts, hold ...) as it was at first. */
int store_reader_content(struct store_reader *reader, uint64_t key,
    struct arena *arena, struct envelope *e, struct err *err);

/* store_reader_peek(): store_reader_envelope() without headers and body, which are left
 * empty and whose wholeness stays open (nheaders, nbody say their sizes). */
int store_reader_peek(struct store_reader *reader, uint64_t key,
    struct arena *arena, struct envelope *e, struct err *err);

/* store_reader_check(): the same as store_reader_peek(), but headers and an
 * inline body are looked at: -1 if they are damaged. */
int store_reader_check(struct store_reader *reader, uint64_t key,
    struct arena *arena, struct envelope *e, struct err *err);

/* store_reader_chunk(reader, key, n, out, err): append chunk ${n} (from 0) of
 * the body to ${out}.  1, 0 or -1 as above. */
int store_reader_chunk(struct store_reader *reader, uint64_t key, uint64_t n,
    struct buf *out, struct err *err);

/* store_reader_find(reader, qid, key, err): which message has queue id
 * ${qid}?  1, 0 or -1 as above. */
int store_reader_find(struct store_reader *reader, const char *qid,
    uint64_t *key, struct err *err);

/* store_reader_where(reader, key, place, err): where message ${key} is in the
 * schedule.  1, 0 or -1 as above. */
int store_reader_where(struct store_reader *reader, uint64_t key,
    struct store_place *place, struct err *err);

/* store_reader_places(reader, from, places, most, err): fill ${places} with at
 * most ${most} places of the schedule, the first one at or behind ${from}, in
 * order (corrupt, deferred by time, hold, incoming by age).  How many, or -1.
 */
int
store_reader_places(struct store_reader *reader, const struct store_place *from,
    struct store_place *places, int most, struct err *err);

/* store_reader_keys(reader, from, keys, most, err): the same with the keys of
 * all messages at or behind ${from}, oldest first. */
int store_reader_keys(struct store_reader *reader, uint64_t from,
    uint64_t *keys, int most, struct err *err);

#endif
