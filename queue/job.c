/* job.c - see job.h. */
#include "queue/job.h"

#include "base/arena.h"
#include "base/buf.h"
#include "base/frame.h"
#include "queue/envelope.h"

enum {
	FLAG_UTF8 = 1,
	FLAG_EIGHT_BIT = 2,
	FLAG_BOUNCE = 4,
	FLAG_RESCAN = 8,
	FLAG_TRACE = 16,
	FLAG_VERIFY = 32,
	FLAG_FAILED = 1,
	FLAG_REACHED = 2,
	/* The least that an element takes: its lengths and numbers. */
	LEAST_RCPT = 4 * 4 + 2 * 8,
	LEAST_CHILD = 3 * 4 + 8,
	LEAST_OUTCOME = 7 * 4 + 4 * 8,
	LEAST_ROUTE = 5 * 4 + 2 * 8,
};

const char job_rescan[] = "weir-rescan";

static struct frame_reader
reader_of(const struct frame *frame)
{
	return (struct frame_reader){ .p = frame->body,
		.end = frame->body + frame->len };
}

/* A count of elements that the rest of the body has room for. */
static bool
get_count(struct frame_reader *r, size_t least, size_t *count)
{
	uint64_t n = frame_num(r);

	if (r->bad || n > (size_t)(r->end - r->p) / least)
		return false;
	*count = n;
	return true;
}

static bool
at_end(const struct frame_reader *r)
{
	return !r->bad && r->p == r->end;
}

static uint32_t
get_index(struct frame_reader *r)
{
	uint64_t index = frame_num(r);

	if (index > UINT32_MAX)
		r->bad = true;
	return (uint32_t)index;
}

static void
put_rcpts(struct buf *out, const struct job_rcpt *rcpts, size_t n)
{
	frame_put_num(out, n);
	for (size_t i = 0; i < n; i++) {
		frame_put_num(out, rcpts[i].index);
		frame_put_str(out, rcpts[i].address);
		frame_put_str(out, rcpts[i].original);
		frame_put_str(out, rcpts[i].orcpt);
		frame_put_num(out, rcpts[i].notify);
		frame_put_str(out, rcpts[i].target);
	}
}

static bool
get_rcpts(struct frame_reader *r, struct arena *arena, struct job_rcpt **rcpts,
    size_t *n)
{
	if (!get_count(r, LEAST_RCPT, n))
		return false;
	*rcpts = arena_alloc(arena, *n * sizeof **rcpts);
	for (size_t i = 0; i < *n; i++) {
		struct job_rcpt *rcpt = &(*rcpts)[i];

		rcpt->index = get_index(r);
		rcpt->address = frame_str(r, arena);
		rcpt->original = frame_str(r, arena);
		rcpt->orcpt = frame_str(r, arena);
		rcpt->notify = (unsigned)frame_num(r);
		rcpt->target = frame_str(r, arena);
	}
	return !r->bad;
}

void
job_print(const struct job *job, enum job_frame type, struct buf *out)
{
	size_t start = frame_begin(out, type, job->id);

	frame_put_num(out, job->key);
	frame_put_str(out, job->qid);
	frame_put_str(out, job->transport);
	frame_put_str(out, job->nexthop);
	frame_put_str(out, job->sender);
	frame_put_num(out, (uint64_t)job->arrival);
	frame_put_num(out, (uint64_t)job->active);
	frame_put_num(out, job->size);
	frame_put_num(out,
	    (job->utf8 ? FLAG_UTF8 : 0U) |
		(job->eight_bit ? FLAG_EIGHT_BIT : 0U) |
		(job->is_bounce ? FLAG_BOUNCE : 0U) |
		(job->rescan ? FLAG_RESCAN : 0U) |
		(job->trace ? FLAG_TRACE : 0U) |
		(job->verify ? FLAG_VERIFY : 0U));
	frame_put_str(out, job->envid);
	frame_put_num(out, (unsigned char)job->ret);
	put_rcpts(out, job->rcpts, job->nrcpts);
	frame_end(out, start);
}

bool
job_parse(const struct frame *frame, struct arena *arena, struct job *job)
{
	struct frame_reader r = reader_of(frame);
	uint64_t flags;

	*job = (struct job){ .id = frame->id };
	job->key = frame_num(&r);
	job->qid = frame_str(&r, arena);
	job->transport = frame_str(&r, arena);
	job->nexthop = frame_str(&r, arena);
	job->sender = frame_str(&r, arena);
	job->arrival = (int64_t)frame_num(&r);
	job->active = (int64_t)frame_num(&r);
	job->size = frame_num(&r);
	flags = frame_num(&r);
	job->utf8 = (flags & FLAG_UTF8) != 0;
	job->eight_bit = (flags & FLAG_EIGHT_BIT) != 0;
	job->is_bounce = (flags & FLAG_BOUNCE) != 0;
	job->rescan = (flags & FLAG_RESCAN) != 0;
	job->trace = (flags & FLAG_TRACE) != 0;
	job->verify = (flags & FLAG_VERIFY) != 0;
	job->envid = frame_str(&r, arena);
	job->ret = (char)frame_num(&r);
	return get_rcpts(&r, arena, &job->rcpts, &job->nrcpts) && at_end(&r);
}

static void
put_children(struct buf *out, const struct job_child *children, size_t n)
{
	frame_put_num(out, n);
	for (size_t i = 0; i < n; i++) {
		frame_put_str(out, children[i].qid);
		frame_put_str(out, children[i].sender);
		frame_put_str(out, children[i].head);
		put_rcpts(out, children[i].rcpts, children[i].nrcpts);
	}
}

static void
get_children(
    struct frame_reader *r, struct arena *arena, struct job_outcome *outcome)
{
	struct job_child *children;

	if (!get_count(r, LEAST_CHILD, &outcome->nchildren)) {
		r->bad = true;
		return;
	}
	children = arena_alloc(arena, outcome->nchildren * sizeof *children);
	for (size_t i = 0; i < outcome->nchildren && !r->bad; i++) {
		children[i].qid = frame_str(r, arena);
		children[i].sender = frame_str(r, arena);
		children[i].head = frame_str(r, arena);
		if (!envelope_qid_valid(children[i].qid) ||
		    !get_rcpts(
			r, arena, &children[i].rcpts, &children[i].nrcpts) ||
		    children[i].nrcpts == 0)
			r->bad = true;
	}
	outcome->children = children;
}

void
job_result_print(const struct job_result *result, struct buf *out)
{
	size_t start = frame_begin(out, JOB_RESULT, result->id);

	frame_put_num(out,
	    (result->destination_failed ? FLAG_FAILED : 0U) |
		(result->destination_reached ? FLAG_REACHED : 0U));
	frame_put_str(out, result->destination_dsn);
	frame_put_str(out, result->destination_reason);
	frame_put_num(out, result->noutcomes);
	for (size_t i = 0; i < result->noutcomes; i++) {
		const struct job_outcome *o = &result->outcomes[i];

		frame_put_num(out, o->index);
		frame_put_num(out, o->status);
		frame_put_num(out, o->report);
		frame_put_str(out, o->dsn);
		frame_put_str(out, o->reason);
		frame_put_str(out, o->remote);
		frame_put_str(out, o->diagnostic);
		frame_put_str(out, o->address);
		frame_put_str(out, o->transport);
		frame_put_str(out, o->nexthop);
		put_children(out, o->children, o->nchildren);
	}
	frame_end(out, start);
}

static void
get_outcome(
    struct frame_reader *r, struct arena *arena, struct job_outcome *outcome)
{
	uint64_t status, report;

	outcome->index = get_index(r);
	status = frame_num(r);
	report = frame_num(r);
	if (status > JOB_UNKNOWN || report > JOB_REPORT_PASSED)
		r->bad = true;
	outcome->status = r->bad ? JOB_UNKNOWN : (enum job_status)status;
	outcome->report = (enum job_report)report;
	outcome->dsn = frame_str(r, arena);
	outcome->reason = frame_str(r, arena);
	outcome->remote = frame_str(r, arena);
	outcome->diagnostic = frame_str(r, arena);
	outcome->address = frame_str(r, arena);
	outcome->transport = frame_str(r, arena);
	outcome->nexthop = frame_str(r, arena);
	get_children(r, arena, outcome);
	if ((outcome->status == JOB_REPLACED && outcome->nchildren == 0) ||
	    (outcome->status == JOB_PASSED && outcome->transport[0] == '\0'))
		r->bad = true;
}

bool
job_result_parse(
    const struct frame *frame, struct arena *arena, struct job_result *result)
{
	struct frame_reader r = reader_of(frame);
	uint64_t flags = frame_num(&r);

	*result = (struct job_result){ .id = frame->id };
	result->destination_failed = (flags & FLAG_FAILED) != 0;
	result->destination_reached = (flags & FLAG_REACHED) != 0;
	result->destination_dsn = frame_str(&r, arena);
	result->destination_reason = frame_str(&r, arena);
	if (!get_count(&r, LEAST_OUTCOME, &result->noutcomes))
		return false;
	result->outcomes =
	    arena_alloc(arena, result->noutcomes * sizeof *result->outcomes);
	for (size_t i = 0; i < result->noutcomes; i++)
		get_outcome(&r, arena, &result->outcomes[i]);
	return at_end(&r);
}

void
job_routed_print(const struct job_routed *routed, struct buf *out)
{
	size_t start = frame_begin(out, JOB_ROUTED, routed->id);

	frame_put_num(out, routed->nroutes);
	for (size_t i = 0; i < routed->nroutes; i++) {
		const struct job_route *route = &routed->routes[i];

		frame_put_num(out, route->index);
		frame_put_num(out, route->failed ? FLAG_FAILED : 0U);
		frame_put_str(out, route->address);
		frame_put_str(out, route->transport);
		frame_put_str(out, route->nexthop);
		frame_put_str(out, route->dsn);
		frame_put_str(out, route->reason);
	}
	frame_end(out, start);
}

bool
job_routed_parse(
    const struct frame *frame, struct arena *arena, struct job_routed *routed)
{
	struct frame_reader r = reader_of(frame);

	*routed = (struct job_routed){ .id = frame->id };
	if (!get_count(&r, LEAST_ROUTE, &routed->nroutes))
		return false;
	routed->routes =
	    arena_alloc(arena, routed->nroutes * sizeof *routed->routes);
	for (size_t i = 0; i < routed->nroutes; i++) {
		struct job_route *route = &routed->routes[i];

		route->index = get_index(&r);
		route->failed = (frame_num(&r) & FLAG_FAILED) != 0;
		route->address = frame_str(&r, arena);
		route->transport = frame_str(&r, arena);
		route->nexthop = frame_str(&r, arena);
		route->dsn = frame_str(&r, arena);
		route->reason = frame_str(&r, arena);
	}
	return at_end(&r);
}
