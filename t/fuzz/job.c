/* Whatever a peer role sends as a job, a result or routes: refused, or it
 * prints as what was read and reads the same again. */
#include "queue/job.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Print what ${frame} says to ${out}; 0 if it was refused. */
static int
round_trip(const struct frame *frame, struct arena *arena, struct buf *out)
{
	struct job job;
	struct job_result result;
	struct job_routed routed;

	switch (frame->type % 3) {
	case 0:
		if (!job_parse(frame, arena, &job))
			return 0;
		job_print(&job, JOB_DELIVER, out);
		return 1;
	case 1:
		if (!job_result_parse(frame, arena, &result))
			return 0;
		job_result_print(&result, out);
		return 1;
	default:
		if (!job_routed_parse(frame, arena, &routed))
			return 0;
		job_routed_print(&routed, out);
		return 1;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct buf first = { 0 }, second = { 0 };
	struct frame frame = { .id = 5 };
	uint32_t kind;
	size_t used;

	if (size > 0) {
		kind = frame.type = data[0] % 3;
		frame.body = (const char *)data + 1;
		frame.len = size - 1;
		if (round_trip(&frame, arena, &first)) {
			if (frame_get(first.data, first.len, &frame, &used) !=
			    FRAME_ONE)
				abort();
			frame.type = kind;
			if (!round_trip(&frame, arena, &second) ||
			    first.len != second.len ||
			    memcmp(first.data, second.data, first.len) != 0)
				abort();
		}
	}
	buf_free(&first);
	buf_free(&second);
	arena_free(arena);
	return 0;
}
