/* spf_client.c - see spf_client.h.
 *
 * A connection is for one question: nothing is kept on either side, so that
 * the death of the role costs those that were being answered, and no more. */
#include "checks/spf_client.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/frame.h"
#include "base/stream.h"
#include "checks/spf_evaluate.h"
#include "checks/spf_frame.h"

/* A question that ends the role is not to be asked for ever. */
enum { TRIES = 2 };

/* A whole frame of ${type}; its body is in ${arena}. */
static bool
read_frame(
    struct stream *s, struct arena *arena, uint32_t type, struct frame *frame)
{
	char header[FRAME_HEADER], *whole;
	size_t n, used;

	if (stream_read(s, header, sizeof header) != STREAM_OK)
		return false;
	n = frame_length(header);
	if (n > SPF_FRAME_MOST)
		return false;
	whole = arena_alloc(arena, sizeof header + n + 1);
	for (size_t i = 0; i < sizeof header; i++)
		whole[i] = header[i];
	if (n > 0 && stream_read(s, whole + sizeof header, n) != STREAM_OK)
		return false;
	return frame_get(whole, sizeof header + n, frame, &used) == FRAME_ONE &&
	    frame->type == type;
}

bool
spf_client_ask(const char *path, struct arena *arena,
    const struct spf_query *query, struct spf_reply *reply, int64_t deadline)
{
	struct buf out = { 0 };
	struct frame frame;
	bool done = false;

	spf_frame_put_query(&out, query);
	for (int i = 0; i < TRIES && !done && out.len <= SPF_FRAME_MOST &&
	     clock_mono() < deadline;
	     i++) {
		struct err err = { 0 };
		struct stream *s = stream_connect_unix(path, deadline, &err);

		if (s == NULL)
			continue;
		stream_put(s, out.data, out.len);
		done = stream_flush(s) == STREAM_OK &&
		    read_frame(s, arena, SPF_FRAME_REPLY, &frame) &&
		    spf_frame_reply(frame.body, frame.len, arena, reply);
		stream_close(s);
	}
	buf_free(&out);
	return done;
}

void
spf_client_serve(int fd, int64_t deadline)
{
	struct arena *arena = arena_new();
	struct stream *s = stream_new(fd);
	struct buf out = { 0 };
	struct spf_query query;
	struct spf_reply reply;
	struct frame frame;

	stream_deadline(s, deadline);
	if (read_frame(s, arena, SPF_FRAME_QUERY, &frame) &&
	    spf_frame_query(frame.body, frame.len, arena, &query)) {
		spf_evaluate(arena, &query, &reply);
		spf_frame_put_reply(&out, &reply);
		stream_put(s, out.data, out.len);
		(void)stream_flush(s);
	}
	stream_close(s);
	buf_free(&out);
	arena_free(arena);
}
