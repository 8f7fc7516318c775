/* Whatever asks the local role for a command: refused, or it prints as what was
 * read and reads the same again. */
#include "delivery/pipe_request.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fatal.h"
#include "base/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct frame frame = {
		.type = PIPE_REQUEST, .body = (const char *)data, .len = size
	};
	struct buf first = { 0 }, second = { 0 };
	struct arena *arena = arena_new();
	struct pipe_request r;
	size_t used;

	if (pipe_request_parse(&frame, arena, &r)) {
		pipe_request_print(&r, &first);
		must(frame_get(first.data, first.len, &frame, &used) ==
		    FRAME_ONE);
		must(pipe_request_parse(&frame, arena, &r));
		pipe_request_print(&r, &second);
		must(first.len == second.len &&
		    memcmp(first.data, second.data, first.len) == 0);
	}
	buf_free(&first);
	buf_free(&second);
	arena_free(arena);
	return 0;
}
