/* What the scheduler makes of an answer, or of none: notices, warnings, new
 * recipients, damaged records, roles that leave.
 * Seeds Q-36 Q-41 Q-48 Q-49; hostile 96, 97, 119, 121. */
#include "t/schedule_rig.h"

static void
nobody_waits(void *arg, int outcome)
{
	(void)arg;
	(void)outcome;
}

static void
test_damage(void)
{
	uint64_t key;
	struct store_op op = { .kind = STORE_REPLACE };
	struct err err;

	start("");
	key = arrive("s@example.org", "a.example", 1, 0);
	settle();
	answer(0, JOB_DEFERRED, false);
	settle();
	/* Overwrite its record. */
	op.key = store_key(store);
	op.kind = STORE_NEW;
	(void)snprintf(op.qid, sizeof op.qid, "BROKEN");
	op.place = (struct store_place){ STORE_DEFERRED, 1, op.key };
	buf_puts(&op.data, "not a message");
	(void)store_commit(store, &op, &err);
	buf_free(&op.data);
	pass(400);
	ok(njobs == 1, "the rest of the queue goes on (97)");
	ok(logged("record is damaged: saved to corrupt"),
	    "a damaged record is reported (96)");
	ok(where(op.key).class == STORE_CORRUPT, "and set aside (Q-36)");
	ok(is_there(key), "not the good one");
	close_all();
}

static void
test_notices(void)
{
	start("notify_classes = bounce, 2bounce\n");
	(void)arrive("s@example.org", "a.example", 1, 1);
	settle();
	answer(0, JOB_BOUNCED, false);
	settle();
	ok(njobs == 0, "NOTIFY=NEVER is respected");
	(void)arrive("s@example.org", "a.example", 2, 0);
	settle();
	answer(0, JOB_BOUNCED, false);
	settle();
	ok(njobs == 2 && strcmp(jobs[0].to, "s@example.org") == 0 &&
		strcmp(jobs[1].to, "postmaster") == 0,
	    "one notice for both, and a copy");
	is(jobs[1].sender, "double-bounce@mx.example", "from double-bounce");
	ok(logged("sender non-delivery notification: "), "logged");
	answer(0, JOB_BOUNCED, false);
	settle();
	ok(njobs == 2 && strcmp(jobs[1].to, "postmaster") == 0,
	    "a bounce that bounces goes to the postmaster (Q-41)");
	answer(0, JOB_BOUNCED, false);
	answer(0, JOB_BOUNCED, false);
	settle();
	ok(njobs == 0 &&
		logged("undeliverable postmaster notification discarded"),
	    "and no further (121, Q-49)");
	close_all();
}

static void
test_delay_warning(void)
{
	start("delay_warning_time = 1000s\n");
	(void)arrive("s@example.org", "a.example", 1, 0);
	settle();
	answer(0, JOB_DEFERRED, false);
	settle();
	pass(1500);
	answer(0, JOB_DEFERRED, false);
	settle();
	ok(njobs == 1 && strcmp(jobs[0].to, "s@example.org") == 0,
	    "the sender is warned (Q-48)");
	answer(0, JOB_SENT, false);
	pass(4000);
	ok(njobs == 1, "tried again");
	answer(0, JOB_DEFERRED, false);
	settle();
	ok(njobs == 0, "and warned once");
	close_all();
}

/* A message of ${sender} with ${notify}, warned of and then delivered: the
 * notices that follow. */
static size_t
cleared(const char *sender, unsigned notify, bool late)
{
	size_t notices;

	(void)arrive(sender, "a.example", 1, notify);
	settle();
	answer(0, JOB_DEFERRED, false);
	settle();
	pass(late ? 1500 : 600);
	answer(0, JOB_DEFERRED, false);
	settle();
	/* The warning. */
	while (njobs > 0) {
		answer(0, JOB_SENT, false);
		settle();
	}
	pass(4000);
	answer(0, JOB_SENT, false);
	settle();
	notices = njobs;
	while (njobs > 0) {
		answer(0, JOB_SENT, false);
		settle();
	}
	return notices;
}

static void
test_delay_cleared(void)
{
	const unsigned failure = ENVELOPE_NOTIFY_FAILURE;
	const unsigned delay = ENVELOPE_NOTIFY_DELAY;

	start("delay_warning_time = 1000s\nconfirm_delay_cleared = yes\n");
	ok(cleared("s@example.org", 0, true) == 1,
	    "who was warned is told that it was delivered");
	ok(logged("sender delivery status notification: "), "as of success");
	ok(cleared("s@example.org", 0, false) == 0, "who was not is not");
	ok(cleared("s@example.org", delay, true) == 1, "NOTIFY=DELAY");
	ok(cleared("s@example.org", failure, true) == 0, "NOTIFY=FAILURE");
	ok(cleared("", 0, true) == 0, "the null sender");
	close_all();
	start("delay_warning_time = 1000s\n");
	ok(cleared("s@example.org", 0, true) == 0,
	    "confirm_delay_cleared = no: nobody");
	close_all();
}

static void
test_replaced(void)
{
	uint64_t key;
	struct arena *arena = arena_new();
	struct envelope e;
	struct err err;

	start("");
	key = arrive("s@example.org", "a.example", 2, 0);
	settle();
	answer(0, JOB_REPLACED, false);
	settle();
	ok(njobs == 4 && strcmp(jobs[0].to, "new@example.com") == 0 &&
		strcmp(jobs[0].sender, "s@example.org") == 0,
	    "each recipient has become messages of their own");
	is(jobs[0].target, "x", "with what is to be done");
	is(jobs[1].sender, "owner@x", "or with another sender");
	ok(store_reader_envelope(
	       store_reader_of(store), key + 2, arena, &e, &err) > 0 &&
		e.nheaders == 25 &&
		memcmp(e.headers, "Delivered-To: x\r\nA: b\r\n", 23) == 0 &&
		e.size == 117,
	    "and another header in front");
	ok(!is_there(key), "and the first one is done with");
	for (int i = 0; i < 4; i++)
		answer(0, JOB_SENT, false);
	settle();
	ok(njobs == 0, "nothing else is left");
	close_all();
	arena_free(arena);
}

/* The sender who wants to be told of success is told of this (RFC 3461,
 * 5.2.7.1). */
static void
test_expanded(void)
{
	start("");
	(void)arrive("s@example.org", "a.example", 1, ENVELOPE_NOTIFY_SUCCESS);
	settle();
	answer(0, JOB_REPLACED, false);
	settle();
	ok(logged("sender delivery status notification: "),
	    "the sender hears that the alias was expanded");
	ok(njobs == 3, "beside the two");
	close_all();
}

/* mailbox_transport and its relatives. */
static void
test_passed(void)
{
	uint64_t key;

	start("");
	key = arrive("s@example.org", "a.example", 1, 0);
	settle();
	answer(0, JOB_PASSED, false);
	settle();
	ok(njobs == 1, "it is tried at once");
	is(jobs[0].transport, "lmtp", "by another transport");
	is(jobs[0].nexthop, "other.example", "at another place");
	is(jobs[0].to, "new@example.com", "as another address");
	answer(0, JOB_DEFERRED, false);
	settle();
	pass(400);
	ok(njobs == 1 && strcmp(jobs[0].transport, "smtp") == 0 &&
		strcmp(jobs[0].to, "r0@a.example") == 0,
	    "the next attempt begins at the first transport");
	answer(0, JOB_SENT, false);
	settle();
	ok(!is_there(key), "and ends");
	close_all();
}

/* sendmail -v: one report, of the first attempt, beside what is due anyhow. */
static void
test_attempt(void)
{
	start("");
	wanted_trace = ENVELOPE_TRACE_ATTEMPT;
	(void)arrive("s@example.org", "a.example", 1, 0);
	(void)arrive("s@example.org", "b.example", 1, 0);
	wanted_trace = ENVELOPE_TRACE_NONE;
	settle();
	ok(njobs == 2 && !jobs[0].verify, "it is delivered as ever");
	answer(0, JOB_DEFERRED, false);
	settle();
	ok(njobs == 2 && strcmp(jobs[1].to, "s@example.org") == 0,
	    "an attempt that failed is reported");
	answer(0, JOB_BOUNCED, false);
	settle();
	ok(njobs == 3, "what bounces is reported, and returned");
	while (njobs > 0)
		answer(0, JOB_SENT, false);
	pass(400);
	ok(njobs == 1, "the first is tried again");
	answer(0, JOB_SENT, false);
	settle();
	ok(njobs == 0, "and nothing more is said of it");
	close_all();
}

/* sendmail -bv: whatever the answer is, that is all. */
static void
verified(enum job_status status, const char *sender)
{
	uint64_t key;

	start("notify_classes = bounce, 2bounce\n");
	wanted_trace = ENVELOPE_TRACE_VERIFY;
	key = arrive(sender, "a.example", 2, 0);
	wanted_trace = ENVELOPE_TRACE_NONE;
	settle();
	ok(njobs == 1 && jobs[0].verify, "nothing is to be delivered");
	answer(0, status, false);
	settle();
	ok(!is_there(key), "%d: it is over", (int)status);
	ok(njobs == (sender[0] != '\0' ? 1 : 0) &&
		(njobs == 0 || strcmp(jobs[0].to, "s@example.org") == 0),
	    "one report, to a sender there is");
	if (njobs > 0)
		answer(0, JOB_SENT, false);
	pass(400);
	ok(njobs == 0, "and nothing more");
	close_all();
}

/* The members of a list are verified, too, also those who would not get it
 * from the sender. */
static void
test_verify_list(void)
{
	start("");
	wanted_trace = ENVELOPE_TRACE_VERIFY;
	(void)arrive("s@example.org", "a.example", 1, 0);
	wanted_trace = ENVELOPE_TRACE_NONE;
	settle();
	answer(0, JOB_REPLACED, false);
	settle();
	ok(njobs == 3, "two messages, and what is said of the list");
	for (size_t i = 0, n = 0; i < njobs; i++) {
		n += jobs[i].verify &&
		    strcmp(jobs[i].sender, "s@example.org") == 0;
		if (i + 1 == njobs)
			ok(n == 2, "nothing of them is delivered");
	}
	while (njobs > 0) {
		answer(0, JOB_SENT, false);
		settle();
	}
	close_all();
}

/* A message that waits on hold, is requeued, or survives the queue is still
 * one that is only verified. */
static void
test_verify_for_ever(void)
{
	uint64_t key;

	start("");
	wanted_trace = ENVELOPE_TRACE_VERIFY;
	held_recipient = 1;
	key = arrive("s@example.org", "a.example", 2, 0);
	held_recipient = SIZE_MAX;
	wanted_trace = ENVELOPE_TRACE_NONE;
	settle();
	answer(0, JOB_SENT, false);
	settle();
	while (njobs > 0)
		answer(0, JOB_SENT, false);
	settle();
	ok(is_there(key), "a part of it is on hold");
	close_all();
	open_all("");
	schedule_change(
	    schedule, SCHEDULE_REQUEUE, key, "", nobody_waits, NULL);
	settle();
	ok(njobs == 1 && jobs[0].verify, "verified after that, too");
	answer(0, JOB_SENT, false);
	settle();
	close_all();
}

static void
test_peer_leaves(void)
{
	start("");
	(void)arrive("s@example.org", "a.example", 1, 0);
	settle();
	njobs = 0;
	schedule_peer_leave(schedule, &peer);
	settle();
	schedule_peer_join(schedule, &peer, 1);
	settle();
	ok(njobs == 1, "what a dead role had is given to the next one (119)");
	answer(0, JOB_UNKNOWN, false);
	settle();
	ok(njobs == 1, "what was not tried is given again");
	answer(0, JOB_SENT, false);
	settle();
	close_all();
}

int
main(void)
{
	if (!rig_begin()) {
		printf("1..0 # SKIP the clock cannot be turned\n");
		return 0;
	}
	test_damage();
	test_notices();
	test_delay_warning();
	test_delay_cleared();
	test_replaced();
	test_expanded();
	test_passed();
	test_attempt();
	verified(JOB_SENT, "s@example.org");
	verified(JOB_BOUNCED, "s@example.org");
	verified(JOB_DEFERRED, "s@example.org");
	verified(JOB_SENT, "");
	verified(JOB_BOUNCED, "");
	test_verify_list();
	test_verify_for_ever();
	test_peer_leaves();
	rig_end();
	return done_testing();
}
