/* The scheduler: messages that are on hold for some of their recipients. */
#include "t/schedule_rig.h"

static int changed; /* by an administrator: the outcome */

static void
note_change(void *arg, int outcome)
{
	(void)arg;
	changed = outcome;
}

static int
change(enum schedule_change kind, uint64_t key)
{
	changed = -2;
	schedule_change(schedule, kind, key, "ABC", note_change, NULL);
	settle();
	return changed;
}

static bool
is_held(uint64_t key)
{
	struct arena *a = arena_new();
	struct envelope e;
	struct err err;
	bool held =
	    store_reader_peek(store_reader_of(store), key, a, &e, &err) > 0 &&
	    envelope_has(&e, ENVELOPE_HELD);

	arena_free(a);
	return held;
}

/* Of three recipients the second is held. */
static void
test_held(void)
{
	uint64_t key;

	start("");
	held_recipient = 1;
	key = arrive("s@example.org", "a.example", 3, 0);
	settle();
	ok(njobs == 1 && jobs[0].nrcpts == 2 && jobs[0].index[0] == 0 &&
		jobs[0].index[1] == 2,
	    "the others are delivered");
	answer(0, JOB_SENT, false);
	settle();
	ok(where(key).class == STORE_HOLD && is_held(key),
	    "then the message is on hold");
	pass(30 * INT64_C(86400));
	ok(njobs == 0 && is_there(key) && !logged("status=expired"),
	    "it waits, however long");
	close_all();
	open_all("");
	ok(njobs == 0 && where(key).class == STORE_HOLD, "over a restart");
	ok(change(SCHEDULE_HOLD, key) == 0, "it cannot be put there again");
	ok(change(SCHEDULE_RELEASE, key) == 1 && njobs == 1 &&
		jobs[0].nrcpts == 1 && jobs[0].index[0] == 1,
	    "released: the third is delivered");
	answer(0, JOB_SENT, false);
	settle();
	ok(!is_there(key), "and then it is gone");
	close_all();
}

static void
test_held_meanwhile(void)
{
	uint64_t key;

	start("");
	held_recipient = 0;
	key = arrive("s@example.org", "a.example", 2, 0);
	settle();
	ok(change(SCHEDULE_RELEASE, key) == 1 && njobs == 2 &&
		jobs[1].index[0] == 0,
	    "released while another is being delivered");
	ok(change(SCHEDULE_RELEASE, key) == 0, "nothing is left to release");
	answer(0, JOB_DEFERRED, false);
	answer(0, JOB_DEFERRED, false);
	settle();
	ok(where(key).class == STORE_DEFERRED && !is_held(key), "deferred");
	ok(change(SCHEDULE_DELETE, key) == 1, "deleted");
	key = arrive("s@example.org", "a.example", 2, 0);
	settle();
	answer(0, JOB_DEFERRED, false);
	settle();
	ok(where(key).class == STORE_DEFERRED && is_held(key),
	    "deferred for one, held for the other");
	close_all();
	open_all("");
	ok(change(SCHEDULE_RELEASE, key) == 1 && !is_held(key),
	    "released while deferred");
	answer_routes();
	settle();
	answer_routes();
	settle();
	ok(njobs == 1 && jobs[0].nrcpts == 2, "both are tried");
	answer(0, JOB_SENT, false);
	settle();
	key = arrive("s@example.org", "a.example", 2, 0);
	settle();
	ok(change(SCHEDULE_HOLD, key) == 1, "all of it on hold");
	answer(0, JOB_DEFERRED, false);
	settle();
	ok(where(key).class == STORE_HOLD && is_held(key), "it is there");
	ok(change(SCHEDULE_REQUEUE, key) == 1 && !is_held(key) &&
		where(key).class == STORE_INCOMING,
	    "requeued: none is held");
	ok(change(SCHEDULE_DELETE, key) == 1 && !is_there(key), "deleted");
	held_recipient = SIZE_MAX;
	close_all();
}

int
main(void)
{
	if (!rig_begin()) {
		printf("1..0 # SKIP the clock cannot be turned\n");
		return 0;
	}
	test_held();
	test_held_meanwhile();
	rig_end();
	return done_testing();
}
