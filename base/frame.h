/* frame.h - framed messages between roles: a fixed header and a body.
 * What arrives is validated like network input. */
#ifndef BASE_FRAME_H
#define BASE_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

/* Of a body, whose length has three octets in the header. */
enum { FRAME_HEADER = 16, FRAME_MOST = 15 * 1024 * 1024 };

struct frame {
	uint32_t type;
	uint64_t id; /* the sender's: what the answer refers to */
	const char *body;
	size_t len;
};

enum frame_status { FRAME_MORE, FRAME_ONE, FRAME_BAD };

/* frame_put(out, type, id, body, len): append a frame to ${out}. */
void frame_put(
    struct buf *out, uint32_t type, uint64_t id, const void *body, size_t len);

/* frame_begin(out, type, id), frame_end(out, start): the same in two steps,
 * the body being appended in between; frame_begin() returns ${start}. */
size_t frame_begin(struct buf *out, uint32_t type, uint64_t id);
void frame_end(struct buf *out, size_t start);

/* frame_get(data, len, frame, used): the first frame of ${data}; its body
 * points into it.  FRAME_BAD: wrong magic or too long; hang up. */
enum frame_status
frame_get(const char *data, size_t len, struct frame *frame, size_t *used);

/* frame_length(header): the length of the body, by the first FRAME_HEADER octets
 * of a frame; above FRAME_MOST if they are none. */
size_t frame_length(const char *header);

/* Typed fields of a body: numbers are 8 octets big-endian, strings are a
 * length and octets.  Reading past the end sets ${bad} and yields 0 or "". */
struct frame_reader {
	const char *p, *end;
	bool bad;
};
void frame_put_num(struct buf *out, uint64_t value);
void frame_put_str(struct buf *out, const char *s); /* NULL is "" */
void frame_put_data(struct buf *out, const void *data, size_t n);
uint64_t frame_num(struct frame_reader *r);
/* frame_data(r, n): points into the body; *n octets. */
const char *frame_data(struct frame_reader *r, size_t *n);
struct arena;
/* frame_str(r, arena): a copy; a string with a NUL inside is bad. */
const char *frame_str(struct frame_reader *r, struct arena *arena);

#endif
