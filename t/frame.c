/* Framed messages; t/fuzz/frame.c holds the properties. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/frame.h"
#include "t/tap.h"

static void
test_stream(void)
{
	struct buf b = { 0 };
	struct frame f;
	size_t start, used = 0;

	frame_put(&b, 7, 42, "hello", 5);
	start = frame_begin(&b, 8, 43);
	frame_put_num(&b, 1);
	frame_end(&b, start);
	ok(frame_get(b.data, b.len, &f, &used) == FRAME_ONE, "the first");
	ok(f.type == 7 && f.id == 42 && f.len == 5 &&
		memcmp(f.body, "hello", 5) == 0,
	    "as it was put");
	buf_drop(&b, used);
	ok(frame_get(b.data, b.len, &f, &used) == FRAME_ONE && f.type == 8 &&
		f.id == 43 && f.len == 8,
	    "the second");
	for (size_t n = 0; n < b.len; n++)
		ok(frame_get(b.data, n, &f, &used) == FRAME_MORE,
		    "%zu octets are not all", n);
	b.data[0] ^= 1;
	ok(frame_get(b.data, 1, &f, &used) == FRAME_BAD, "no magic");
	ok(frame_get("\xf7\xff\xff\xff", 4, &f, &used) == FRAME_BAD,
	    "too long is known from the header");
	buf_free(&b);
}

static void
test_fields(void)
{
	struct arena *a = arena_new();
	struct buf b = { 0 };
	struct frame_reader r;
	size_t n;

	frame_put_num(&b, UINT64_MAX - 1);
	frame_put_str(&b, "user@example.org");
	frame_put_str(&b, NULL);
	frame_put_data(&b, "a\0b", 3);
	frame_put_data(&b, "a\0b", 3);
	r = (struct frame_reader){ b.data, b.data + b.len, false };
	ok(frame_num(&r) == UINT64_MAX - 1, "number");
	is(frame_str(&r, a), "user@example.org", "string");
	is(frame_str(&r, a), "", "no string is empty");
	ok(memcmp(frame_data(&r, &n), "a\0b", 3) == 0 && n == 3, "octets");
	ok(!r.bad, "all good");
	is(frame_str(&r, a), "", "a NUL in a string");
	ok(r.bad, "is bad");
	r = (struct frame_reader){ b.data, b.data + 20, false };
	(void)frame_num(&r);
	is(frame_str(&r, a), "", "a string past the end");
	ok(r.bad && frame_num(&r) == 0, "bad stays bad");
	buf_free(&b);
	arena_free(a);
}

int
main(void)
{
	test_stream();
	test_fields();
	return done_testing();
}
