/* A stored message that was cut or changed anywhere is refused; one that is
 * accepted prints as it was (hostile 96, 97).
 *
 * The input is a list of changes to a good record, four octets each: where
 * (two octets), what (xor), and whether to cut there. */
#include "queue/envelope.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
make(struct buf *out)
{
	struct envelope_rcpt rcpts[] = {
		{ .address = "a@example.com", .transport = "smtp" },
		{ .address = "b@example.com", .orcpt = "rfc822;b@b" },
	};
	struct envelope e = { .qid = "5FA26B3DFE",
		.arrival = 1,
		.sender = "s@example.com",
		.rcpts = rcpts,
		.nrcpts = 2,
		.headers = "A: b\r\n\r\n",
		.nheaders = 8,
		.body = "text\r\n",
		.nbody = 6 };

	envelope_print(&e, out);
}

static void
change(struct buf *b, const uint8_t *step)
{
	size_t where = ((size_t)step[0] << 8 | step[1]) % (b->len + 1);

	if ((step[3] & 1) != 0)
		buf_cut(b, where);
	else if (where < b->len)
		b->data[where] = (char)(b->data[where] ^ step[2]);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct buf good = { 0 }, bad = { 0 }, again = { 0 };
	struct envelope e;
	bool same;

	/* As it is: random octets are no message. */
	if (envelope_parse((const char *)data, size, arena, &e))
		abort();
	make(&good);
	buf_put(&bad, good.data, good.len);
	for (; size >= 4 && bad.len > 0; size -= 4, data += 4)
		change(&bad, data);
	same =
	    good.len == bad.len && memcmp(good.data, bad.data, good.len) == 0;
	if (envelope_parse(buf_str(&bad), bad.len, arena, &e) != same)
		abort();
	if (same) {
		envelope_print(&e, &again);
		if (again.len != good.len ||
		    memcmp(again.data, good.data, good.len) != 0)
			abort();
	}
	buf_free(&good);
	buf_free(&bad);
	buf_free(&again);
	arena_free(arena);
	return 0;
}
