/* local_read.c - see local_read.h. */
#include "delivery/local_read.h"

#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/frame.h"

enum { LEAST_PATH = 4 };

void
local_read_print(const struct local_read *r, struct buf *out)
{
	size_t start = frame_begin(out, LOCAL_READ, 0);

	frame_put_num(out, r->include);
	frame_put_str(out, r->user);
	frame_put_str(out, r->home);
	frame_put_num(out, r->npaths);
	for (size_t i = 0; i < r->npaths; i++)
		frame_put_str(out, r->paths[i]);
	frame_end(out, start);
}

bool
local_read_parse(
    const struct frame *frame, struct arena *arena, struct local_read *r)
{
	struct frame_reader in = { frame->body, frame->body + frame->len,
		false };
	uint64_t include = frame_num(&in), n;

	*r = (struct local_read){ .include = include == 1 };
	r->user = frame_str(&in, arena);
	r->home = frame_str(&in, arena);
	n = frame_num(&in);
	if (frame->type != LOCAL_READ || in.bad || include > 1 ||
	    n > (uint64_t)(in.end - in.p) / LEAST_PATH)
		return false;
	r->npaths = (size_t)n;
	r->paths = arena_alloc(arena, (r->npaths + 1) * sizeof *r->paths);
	for (size_t i = 0; i < r->npaths; i++) {
		r->paths[i] = frame_str(&in, arena);
		if (r->paths[i][0] != '/')
			return false;
	}
	return !in.bad && in.p == in.end && (r->include || r->user[0] != '\0');
}

void
local_read_text_print(const struct local_text *t, struct buf *out)
{
	size_t start = frame_begin(out, LOCAL_TEXT, 0);

	frame_put_num(out, t->status);
	frame_put_num(out, t->path);
	frame_put_str(out, t->owner);
	frame_put_str(out, t->warning);
	frame_put_str(out, t->text);
	frame_end(out, start);
}

bool
local_read_text_parse(
    const struct frame *frame, struct arena *arena, struct local_text *t)
{
	struct frame_reader in = { frame->body, frame->body + frame->len,
		false };
	uint64_t status = frame_num(&in);

	*t = (struct local_text){ .status = (enum local_text_status)status };
	t->path = (size_t)frame_num(&in);
	t->owner = frame_str(&in, arena);
	t->warning = frame_str(&in, arena);
	t->text = frame_str(&in, arena);
	return frame->type == LOCAL_TEXT && !in.bad && in.p == in.end &&
	    status <= LOCAL_TEXT_NO_HOME;
}
