/* pipe_request.c - see pipe_request.h. */
#include "delivery/pipe_request.h"

#include <string.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/frame.h"

/* The texts, in the order of the frame. */
static const size_t texts[] = {
	offsetof(struct pipe_request, service),
	offsetof(struct pipe_request, qid),
	offsetof(struct pipe_request, sender),
	offsetof(struct pipe_request, nexthop),
	offsetof(struct pipe_request, envid),
	offsetof(struct pipe_request, client_name),
	offsetof(struct pipe_request, client_addr),
	offsetof(struct pipe_request, client_port),
	offsetof(struct pipe_request, helo),
	offsetof(struct pipe_request, protocol),
	offsetof(struct pipe_request, sasl_method),
	offsetof(struct pipe_request, sasl_username),
	offsetof(struct pipe_request, head),
};
enum { TEXTS = sizeof texts / sizeof texts[0] };

void
pipe_request_print(const struct pipe_request *r, struct buf *out)
{
	size_t start = frame_begin(out, PIPE_REQUEST, 0);

	for (size_t i = 0; i < TEXTS; i++)
		frame_put_str(
		    out, *(const char *const *)((const char *)r + texts[i]));
	frame_put_num(out, r->size);
	frame_put_num(out, r->body);
	frame_put_num(out, r->nrcpts);
	for (size_t i = 0; i < r->nrcpts; i++) {
		frame_put_str(out, r->rcpts[i].address);
		frame_put_str(out, r->rcpts[i].original);
	}
	frame_end(out, start);
}

bool
pipe_request_parse(
    const struct frame *frame, struct arena *arena, struct pipe_request *r)
{
	struct frame_reader in = { frame->body, frame->body + frame->len,
		false };
	uint64_t n;

	if (frame->type != PIPE_REQUEST)
		return false;
	*r = (struct pipe_request){ 0 };
	for (size_t i = 0; i < TEXTS; i++)
		*(const char **)((char *)r + texts[i]) = frame_str(&in, arena);
	r->size = frame_num(&in);
	r->body = frame_num(&in);
	n = frame_num(&in);
	/* Each has the lengths of two texts at least. */
	if (in.bad || n == 0 || n > (uint64_t)(in.end - in.p) / 8)
		return false;
	r->nrcpts = (size_t)n;
	r->rcpts = arena_alloc(arena, r->nrcpts * sizeof *r->rcpts);
	for (size_t i = 0; i < r->nrcpts; i++) {
		r->rcpts[i].address = frame_str(&in, arena);
		r->rcpts[i].original = frame_str(&in, arena);
	}
	return !in.bad && in.p == in.end;
}
