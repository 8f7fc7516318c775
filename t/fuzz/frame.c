/* Frames: what was put is what is got, however it arrives; arbitrary octets
 * are read no further than they go. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fatal.h"
#include "base/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A copy without a spare octet behind it, so that a sanitizer sees overruns. */
static char *
exact(const void *data, size_t n)
{
	char *copy = malloc(n + (n == 0));

	must(copy != NULL);
	if (n > 0)
		memcpy(copy, data, n);
	return copy;
}

static void
round_trip(const uint8_t *data, size_t size)
{
	struct buf b = { 0 };
	struct frame f;
	size_t used;

	frame_put(&b, (uint32_t)size, size * 3, data, size);
	for (size_t n = 0; n < b.len; n += 1 + n / 3) {
		char *part = exact(b.data, n);

		must(frame_get(part, n, &f, &used) == FRAME_MORE);
		free(part);
	}
	must(frame_get(b.data, b.len, &f, &used) == FRAME_ONE);
	must(used == b.len && f.len == size && f.type == (uint32_t)size);
	must(f.id == size * 3 && memcmp(f.body, data, size) == 0);
	buf_free(&b);
}

static void
read_fields(const char *body, size_t n)
{
	struct frame_reader r = { body, body + n, false };
	struct arena *arena = arena_new();
	const char *p;
	size_t len;

	for (unsigned turn = 0; !r.bad && r.p < r.end; turn++) {
		if (turn % 3 == 0) {
			(void)frame_num(&r);
		} else if (turn % 3 == 1) {
			p = frame_data(&r, &len);
			must(r.bad ? len == 0 : p + len == r.p);
		} else {
			p = frame_str(&r, arena);
			must(strlen(p) <= n);
		}
		must(r.p >= body && r.p <= r.end);
	}
	arena_free(arena);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *copy = exact(data, size), *p = copy;
	size_t left = size, used = 0;
	struct frame f;

	if (size <= FRAME_MOST)
		round_trip(data, size);
	read_fields(copy, size);
	while (frame_get(p, left, &f, &used) == FRAME_ONE) {
		must(used <= left && f.body + f.len == p + used);
		read_fields(f.body, f.len);
		p += used;
		left -= used;
	}
	free(copy);
	return 0;
}
