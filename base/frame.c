/* frame.c - see frame.h.
 *
 * On the wire: one magic octet, three of length, four of type, eight of id,
 * all big-endian; then the body. */
#include "base/frame.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fatal.h"

enum { MAGIC = 0xf7, NUM = 8, LENGTH = 4 };

static void
store(char *p, uint64_t value, size_t octets)
{
	for (size_t i = octets; i > 0; i--, value >>= 8)
		p[i - 1] = (char)(unsigned char)(value & 0xff);
}

static uint64_t
fetch(const char *p, size_t octets)
{
	uint64_t value = 0;

	for (size_t i = 0; i < octets; i++)
		value = value << 8 | (unsigned char)p[i];
	return value;
}

size_t
frame_begin(struct buf *out, uint32_t type, uint64_t id)
{
	char *p = buf_reserve(out, FRAME_HEADER);

	store(p, MAGIC, 1);
	store(p + 1, 0, 3);
	store(p + 4, type, 4);
	store(p + 8, id, 8);
	buf_added(out, FRAME_HEADER);
	return out->len - FRAME_HEADER;
}

void
frame_end(struct buf *out, size_t start)
{
	size_t len = out->len - start - FRAME_HEADER;

	must(out->len >= start + FRAME_HEADER && len <= FRAME_MOST);
	store(out->data + start + 1, len, 3);
	out->data[out->len] = '\0';
}

void
frame_put(
    struct buf *out, uint32_t type, uint64_t id, const void *body, size_t len)
{
	size_t start = frame_begin(out, type, id);

	buf_put(out, body, len);
	frame_end(out, start);
}

size_t
frame_length(const char *header)
{
	if ((unsigned char)header[0] != MAGIC)
		return SIZE_MAX;
	return (size_t)fetch(header + 1, 3);
}

enum frame_status
frame_get(const char *data, size_t len, struct frame *frame, size_t *used)
{
	size_t n;

	if (len > 0 && (unsigned char)data[0] != MAGIC)
		return FRAME_BAD;
	if (len < 4)
		return FRAME_MORE;
	n = (size_t)fetch(data + 1, 3);
	if (n > FRAME_MOST)
		return FRAME_BAD;
	if (len < FRAME_HEADER + n)
		return FRAME_MORE;
	frame->type = (uint32_t)fetch(data + 4, 4);
	frame->id = fetch(data + 8, 8);
	frame->body = data + FRAME_HEADER;
	frame->len = n;
	*used = FRAME_HEADER + n;
	return FRAME_ONE;
}

void
frame_put_num(struct buf *out, uint64_t value)
{
	char octets[NUM];

	store(octets, value, NUM);
	buf_put(out, octets, NUM);
}

void
frame_put_data(struct buf *out, const void *data, size_t n)
{
	char octets[LENGTH];

	must(n <= FRAME_MOST);
	store(octets, n, LENGTH);
	buf_put(out, octets, LENGTH);
	buf_put(out, data, n);
}

void
frame_put_str(struct buf *out, const char *s)
{
	frame_put_data(out, s, s != NULL ? strlen(s) : 0);
}

/* The next ${n} octets, or NULL once the body has been found too short. */
static const char *
take(struct frame_reader *r, size_t n)
{
	const char *p = r->p;

	if (r->bad || n > (size_t)(r->end - r->p)) {
		r->bad = true;
		return NULL;
	}
	r->p += n;
	return p;
}

uint64_t
frame_num(struct frame_reader *r)
{
	const char *p = take(r, NUM);

	return p != NULL ? fetch(p, NUM) : 0;
}

const char *
frame_data(struct frame_reader *r, size_t *n)
{
	const char *p = take(r, LENGTH);

	*n = p != NULL ? (size_t)fetch(p, LENGTH) : 0;
	p = p != NULL ? take(r, *n) : NULL;
	if (p != NULL)
		return p;
	*n = 0;
	return "";
}

const char *
frame_str(struct frame_reader *r, struct arena *arena)
{
	size_t n;
	const char *p = frame_data(r, &n);

	if (memchr(p, '\0', n) != NULL) {
		r->bad = true;
		n = 0;
	}
	return arena_strndup(arena, p, n);
}
