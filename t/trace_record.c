/* Records of decisions: what is written is read again, for people and as
 * JSON. */
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "classes/trace_record.h"
#include "tap.h"

static struct trace_step steps[] = {
	{ .next = &steps[1],
	    .list = "smtpd_helo_restrictions",
	    .restriction = "check_helo_access inline:{a\tb=c\\d}",
	    .input = "tab\there\nand\\there",
	    .answer = "DUNNO",
	    .nanoseconds = 1500000 },
	{ .next = &steps[2],
	    .depth = 1,
	    .list = "smtpd_helo_restrictions",
	    .restriction = "reject",
	    .answer = "REJECT 554 5.7.1 \033[31mred \xc3\xa4 \xff",
	    .file = "/etc/weir/access",
	    .line = 7,
	    .nanoseconds = 2000 },
	{ .list = "body_checks",
	    .restriction = "",
	    .input = "line",
	    .answer = "warn",
	    .nanoseconds = -1 },
};

static void
test_round_trip(struct arena *arena)
{
	struct trace_record record = {
		.facts = { "id23", "2026-01-02T03:04:05Z", "7", "h[192.0.2.1]",
		    "RCPT", "NOQUEUE", "a\"b@c", "\xc2\x9b x@y", "ESMTP", NULL,
		    "554 5.7.1 no" },
		.trace = { .steps = steps, .decision = &steps[1] }
	};
	struct trace_record again;
	struct buf out = { 0 }, second = { 0 };

	trace_record_write(&record, &out);
	ok(trace_record_read(out.data, out.len, arena, &again), "read");
	trace_record_write(&again, &second);
	is(buf_str(&out), buf_str(&second), "what is written is read");
	is(again.trace.steps->input, steps[0].input, "with all its characters");
	ok(again.trace.decision == again.trace.steps->next, "the decision");

	buf_reset(&out);
	trace_record_print(&again, &out);
	is(buf_str(&out),
	    "id23 2026-01-02T03:04:05Z number=7 client=h[192.0.2.1] "
	    "stage=RCPT qid=NOQUEUE from=<a\"b@c> to=<\\302\\233 x@y> "
	    "proto=ESMTP helo=<> answer=\"554 5.7.1 no\"\n"
	    "smtpd_helo_restrictions\n"
	    "  check_helo_access inline:{a\\011b=c\\d} "
	    "(tab\\011here\\012and\\there): DUNNO 1.500 ms\n"
	    "    reject: REJECT 554 5.7.1 \\033[31mred \xc3\xa4 \\377 "
	    "[/etc/weir/access:7] 0.002 ms\n"
	    "body_checks\n"
	    "  (line): warn\n",
	    "for people, and nothing for their terminals");
	buf_reset(&out);
	trace_record_json(&again, &out);
	is(buf_str(&out),
	    "{\"id\":\"id23\",\"time\":\"2026-01-02T03:04:05Z\","
	    "\"session\":\"7\",\"client\":\"h[192.0.2.1]\","
	    "\"stage\":\"RCPT\",\"queue_id\":\"NOQUEUE\","
	    "\"sender\":\"a\\\"b@c\",\"recipient\":\"\xc2\x9b x@y\","
	    "\"protocol\":\"ESMTP\",\"helo\":\"\","
	    "\"answer\":\"554 5.7.1 no\",\"steps\":["
	    "{\"depth\":0,\"list\":\"smtpd_helo_restrictions\","
	    "\"restriction\":\"check_helo_access "
	    "inline:{a\\u0009b=c\\\\d}\","
	    "\"input\":\"tab\\u0009here\\u000aand\\\\there\","
	    "\"answer\":\"DUNNO\",\"nanoseconds\":1500000},"
	    "{\"depth\":1,\"list\":\"smtpd_helo_restrictions\","
	    "\"restriction\":\"reject\",\"answer\":\"REJECT 554 5.7.1 "
	    "\\u001b[31mred \xc3\xa4 \\ufffd\","
	    "\"file\":\"/etc/weir/access\",\"line\":7,"
	    "\"nanoseconds\":2000,\"decided\":true},"
	    "{\"depth\":0,\"list\":\"body_checks\",\"input\":\"line\","
	    "\"answer\":\"warn\"}]}\n",
	    "as JSON");
	buf_free(&out);
	buf_free(&second);
}

static void
test_others(struct arena *arena)
{
	static const char *const others[] = {
		"",
		"id 2026 text of an older version\n",
		"a\tb\tc\td\te\tf\tg\th\ti\tj\n",
		"a\tb\tc\td\te\tf\tg\th\ti\tj\tk",
		"a\tb\tc\td\te\tf\tg\th\ti\tj\tk\n0\tlist\n",
	};
	struct trace_record record;

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
		ok(!trace_record_read(
		       others[i], strlen(others[i]), arena, &record),
		    "not a record: %s", others[i]);
}

int
main(void)
{
	struct arena *arena = arena_new();

	test_round_trip(arena);
	test_others(arena);
	arena_free(arena);
	return done_testing();
}
