/* A record of a decision: whatever is read as one is written as something that
 * reads the same, and no control character of it reaches a terminal. */
#include <stdint.h>
#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/fatal.h"
#include "classes/trace_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena *arena = arena_new();
	struct buf first = { 0 }, second = { 0 };
	struct trace_record record;

	if (trace_record_read((const char *)data, size, arena, &record)) {
		trace_record_write(&record, &first);
		must(trace_record_read(first.data, first.len, arena, &record));
		trace_record_write(&record, &second);
		must(strcmp(buf_str(&first), buf_str(&second)) == 0);
		buf_reset(&first);
		trace_record_head(&record, &first);
		for (size_t i = 0; i + 1 < first.len; i++)
			must((unsigned char)first.data[i] >= 32);
		buf_reset(&first);
		trace_record_json(&record, &first);
		for (size_t i = 0; i + 1 < first.len; i++)
			must((unsigned char)first.data[i] >= 32);
	}
	buf_free(&first);
	buf_free(&second);
	arena_free(arena);
	return 0;
}
