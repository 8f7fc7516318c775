/* A body of a frame that can be read is written again as it was. */
#include "checks/spf_frame.h"

#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fatal.h"
#include "base/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct buf out = { 0 };
	struct spf_query query;
	struct spf_reply reply;

	if (spf_frame_query((const char *)data, size, arena, &query)) {
		spf_frame_put_query(&out, &query);
		must(out.len == size + FRAME_HEADER &&
		    memcmp(out.data + FRAME_HEADER, data, size) == 0);
	}
	buf_reset(&out);
	if (spf_frame_reply((const char *)data, size, arena, &reply)) {
		spf_frame_put_reply(&out, &reply);
		must(out.len == size + FRAME_HEADER &&
		    memcmp(out.data + FRAME_HEADER, data, size) == 0);
	}
	buf_free(&out);
	arena_free(arena);
	return 0;
}
