/* The stored form of a message, queue ids, and the frames of jobs.
 * Hostile 96, 97, 109; seeds O-71. */
#include "queue/envelope.h"

#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/clock.h"
#include "base/frame.h"
#include "queue/job.h"
#include "queue/mark.h"
#include "t/tap.h"

static struct envelope_rcpt rcpts[] = {
	{ .address = "a@example.com",
	    .original = "A",
	    .orcpt = "rfc822;A",
	    .notify = ENVELOPE_NOTIFY_FAILURE,
	    .transport = "smtp",
	    .nexthop = "example.com",
	    .dsn = "",
	    .reason = "" },
	{ .address = "b@example.com",
	    .original = "",
	    .orcpt = "",
	    .transport = "",
	    .nexthop = "",
	    .state = ENVELOPE_DONE,
	    .dsn = "4.4.1",
	    .reason = "refused" },
};

static const struct envelope sample = {
	.qid = "5FA26B3DFE",
	.arrival = 1700000000 * CLOCK_SECOND,
	.attempts = 3,
	.sender = "s@example.org",
	.envid = "e",
	.ret = 'H',
	.utf8 = true,
	.hold = true,
	.rescan = true,
	.unseen = true,
	.local = true,
	.ident = "ABC",
	.size = 1234,
	.client_name = "c.example",
	.client_addr = "192.0.2.1",
	.message_id = "<x@y>",
	.rcpts = rcpts,
	.nrcpts = 2,
	.headers = "Subject: x\r\n\r\n",
	.nheaders = 14,
	.body = "one\0two\r\n",
	.nbody = 9,
};

static void
test_whole(void)
{
	struct arena *arena = arena_new();
	struct buf b = { 0 };
	struct envelope e;

	envelope_print(&sample, &b);
	ok(envelope_parse(b.data, b.len, arena, &e), "what is printed parses");
	is(e.qid, sample.qid, "queue id");
	ok(e.arrival == sample.arrival && e.attempts == 3 && e.ret == 'H' &&
		e.utf8 && e.hold && e.rescan && e.unseen && e.local &&
		!e.is_bounce && e.size == 1234,
	    "numbers and flags");
	is(e.sender, "s@example.org", "sender");
	is(e.ident, "ABC", "another queue's name");
	is(e.sasl_method, "", "a NULL text is read as empty");
	ok(e.nrcpts == 2, "recipients");
	is(e.rcpts[0].orcpt, "rfc822;A", "orcpt");
	ok(e.rcpts[0].notify == ENVELOPE_NOTIFY_FAILURE, "notify");
	ok(e.rcpts[1].state == ENVELOPE_DONE, "state");
	is(e.rcpts[1].reason, "refused", "reason");
	ok(e.nheaders == 14 && memcmp(e.headers, sample.headers, 14) == 0,
	    "headers");
	ok(e.nbody == 9 && memcmp(e.body, sample.body, 9) == 0, "body");
	buf_free(&b);
	arena_free(arena);
}

/* Every octet that is changed, and every place where the record may be cut,
 * is found out. */
static void
test_damage(void)
{
	struct arena *arena = arena_new();
	struct buf b = { 0 };
	struct envelope e;
	size_t accepted = 0;

	envelope_print(&sample, &b);
	for (size_t i = 0; i < b.len; i++) {
		for (int bit = 0; bit < 8; bit++) {
			b.data[i] = (char)(b.data[i] ^ (1 << bit));
			accepted += envelope_parse(b.data, b.len, arena, &e);
			b.data[i] = (char)(b.data[i] ^ (1 << bit));
		}
		accepted += envelope_parse(b.data, i, arena, &e);
		arena_reset(arena);
	}
	ok(accepted == 0, "a flipped bit or a cut is always refused");
	ok(envelope_parse(b.data, b.len, arena, &e), "the original is good");
	b.data[b.len - 1] ^= 1;
	ok(envelope_peek(b.data, b.len, arena, &e), "peek leaves the body out");
	buf_putc(&b, 'x');
	ok(!envelope_peek(b.data, b.len, arena, &e), "too long is refused");
	memset(b.data, 0, b.len);
	ok(!envelope_parse(b.data, b.len, arena, &e), "zeros are refused");
	buf_free(&b);
	arena_free(arena);
}

static void
test_qid(void)
{
	int64_t now = 1700000000 * CLOCK_SECOND + 123456000;
	char qid[ENVELOPE_QID], later[ENVELOPE_QID];

	envelope_qid(now, 0x35, false, qid);
	is(qid, "1E24035", "short: microseconds, number (O-71)");
	envelope_qid(now, 0x35, true, qid);
	is(qid, "4SVLCh0sf8z12", "long: time, z, number");
	envelope_qid(now + CLOCK_SECOND, 0x35, true, later);
	ok(strcmp(qid, later) < 0, "long ids sort by time");
	envelope_qid(INT64_MAX, UINT64_MAX, true, qid);
	ok(envelope_qid_valid(qid), "the longest one fits: %s", qid);
	ok(!envelope_qid_valid("") && !envelope_qid_valid("../x") &&
		!envelope_qid_valid("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
	    "what is not a queue id");
}

/* What is only verified is so for ever; a report of one attempt is made once. */
static void
test_trace(void)
{
	static const enum envelope_trace traces[] = { ENVELOPE_TRACE_NONE,
		ENVELOPE_TRACE_ATTEMPT, ENVELOPE_TRACE_VERIFY };
	struct store_place place = { STORE_INCOMING, 0, 1 };
	struct arena *arena = arena_new();

	for (size_t i = 0; i < 3; i++) {
		struct envelope e = sample, got;
		struct buf b = { 0 }, mark = { 0 };

		e.trace = traces[i];
		envelope_print(&e, &b);
		ok(envelope_parse(b.data, b.len, arena, &got) &&
			got.trace == traces[i],
		    "trace %zu", i);
		mark_print(&e, &place, &mark);
		ok(mark_apply(mark.data, mark.len, arena, &got) &&
			got.trace == traces[i],
		    "trace %zu stays in a mark", i);
		buf_reset(&mark);
		e.trace = ENVELOPE_TRACE_NONE;
		mark_print(&e, &place, &mark);
		ok(mark_apply(mark.data, mark.len, arena, &got) &&
			got.trace ==
			    (i == 2 ? ENVELOPE_TRACE_VERIFY
				    : ENVELOPE_TRACE_NONE),
		    "trace %zu is done with, or never", i);
		buf_free(&b);
		buf_free(&mark);
	}
	arena_free(arena);
}

static void
test_job(void)
{
	struct job_rcpt rcpt = { .index = 7, .address = "a@b", .notify = 4 };
	struct job job = { .id = 9,
		.key = 8,
		.qid = "Q",
		.transport = "smtp",
		.nexthop = "[x]:25",
		.sender = "",
		.size = 5,
		.utf8 = true,
		.rescan = true,
		.trace = true,
		.verify = true,
		.ret = 'F',
		.rcpts = &rcpt,
		.nrcpts = 1 };
	struct arena *arena = arena_new();
	struct buf b = { 0 };
	struct frame f;
	struct job got;
	size_t used, bad = 0;

	job_print(&job, JOB_DELIVER, &b);
	ok(frame_get(b.data, b.len, &f, &used) == FRAME_ONE && used == b.len &&
		f.type == JOB_DELIVER,
	    "one frame");
	ok(job_parse(&f, arena, &got), "parses");
	ok(got.id == 9 && got.key == 8 && got.size == 5 && got.utf8 &&
		got.rescan && got.trace && got.verify && !got.is_bounce &&
		got.nrcpts == 1 && got.rcpts[0].index == 7,
	    "numbers");
	is(got.nexthop, "[x]:25", "next hop");
	for (; f.len > 0; f.len--, bad++)
		if (job_parse(
			&(struct frame){ .body = f.body, .len = f.len - 1 },
			arena, &got))
			break;
	ok(f.len == 0, "cut short, it is refused (%zu places)", bad);
	buf_free(&b);
	arena_free(arena);
}

static void
test_result(void)
{
	struct job_outcome outcome = { .index = 3,
		.status = JOB_BOUNCED,
		.report = JOB_REPORT_RELAYED,
		.dsn = "5.1.1",
		.reason = "no",
		.remote = "dns; x" };
	struct job_result result = { .id = 2,
		.destination_failed = true,
		.destination_reason = "refused",
		.outcomes = &outcome,
		.noutcomes = 1 };
	struct job_route route = { .index = 1,
		.address = "x@y",
		.transport = "smtp",
		.nexthop = "y",
		.failed = true };
	struct job_routed routed = { .id = 4, .routes = &route, .nroutes = 1 };
	struct arena *arena = arena_new();
	struct buf b = { 0 };
	struct frame f;
	size_t used;

	job_result_print(&result, &b);
	(void)frame_get(b.data, b.len, &f, &used);
	result = (struct job_result){ 0 };
	ok(job_result_parse(&f, arena, &result), "a result parses");
	ok(result.destination_failed && !result.destination_reached &&
		result.noutcomes == 1 &&
		result.outcomes[0].status == JOB_BOUNCED &&
		result.outcomes[0].report == JOB_REPORT_RELAYED,
	    "as it was printed");
	is(result.outcomes[0].diagnostic, "", "absent is empty");
	buf_reset(&b);
	job_routed_print(&routed, &b);
	(void)frame_get(b.data, b.len, &f, &used);
	routed = (struct job_routed){ 0 };
	ok(job_routed_parse(&f, arena, &routed) && routed.nroutes == 1 &&
		routed.routes[0].failed && routed.routes[0].index == 1,
	    "routes parse");
	buf_free(&b);
	arena_free(arena);
}

int
main(void)
{
	test_whole();
	test_damage();
	test_qid();
	test_trace();
	test_job();
	test_result();
	return done_testing();
}
