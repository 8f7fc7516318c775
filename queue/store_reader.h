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
struct store_reader;

/* store_reader_open(dir, err): one per process (LMDB's rule), any thread. */
struct store_reader *store_reader_open(const char *dir, struct err *err);
void store_reader_close(struct store_reader *reader);

/* store_reader_envelope(reader, key, arena, e): copy the record of message
 * ${key} (inline body included) to ${arena}.  1: there, 0: not there, -1: why
 * in ${err}. */
int store_reader_envelope(struct store_reader *reader, uint64_t key,
    struct arena *arena, struct envelope *e, struct err *err);

/* store_reader_chunk(reader, key, n, out, err): append chunk ${n} (from 0) of
 * the body to ${out}.  1, 0 or -1 as above. */
int store_reader_chunk(struct store_reader *reader, uint64_t key, uint64_t n,
    struct buf *out, struct err *err);

#endif
