/* What the scheduler tries when: back-off, lifetimes, concurrency, turns, dead
 * destinations, limits.
 * Seeds Q-21..Q-27 Q-30 Q-31; hostile 108, 124. */
#include "t/schedule_rig.h"

static void
test_retry_age(void)
{
	const int64_t s = CLOCK_SECOND;

	ok(schedule_clock_backoff(10 * s, 300 * s, 4000 * s) == 300 * s,
	    "a young message waits minimal_backoff_time");
	ok(schedule_clock_backoff(1000 * s, 300 * s, 4000 * s) == 1000 * s,
	    "then as long as it is old (Q-24)");
	ok(schedule_clock_backoff(9999 * s, 300 * s, 4000 * s) == 4000 * s,
	    "at most maximal_backoff_time");
	ok(schedule_clock_backoff(-10 * s, 300 * s, 4000 * s) == 300 * s,
	    "a message from the future");
}

static void
test_backoff(void)
{
	uint64_t key;
	int64_t now;

	start("");
	key = arrive("s@example.org", "a.example", 1, 0);
	settle();
	ok(njobs == 1, "a new message is tried at once");
	ok(logged("from=<s@example.org>, size=100, nrcpt=1 (queue active)"),
	    "queue active is logged (O-33)");
	now = clock_now();
	answer(0, JOB_DEFERRED, false);
	settle();
	ok(where(key).class == STORE_DEFERRED &&
		where(key).when - now >= 300 * CLOCK_SECOND &&
		where(key).when - now < 302 * CLOCK_SECOND,
	    "deferred for minimal_backoff_time (Q-23)");
	pass(200);
	ok(njobs == 0, "not tried before its time");
	pass(400);
	ok(njobs == 1, "tried by a queue run (Q-25)");
	is(jobs[0].nexthop, "again.example", "where it goes now");
	answer(0, JOB_DEFERRED, false);
	settle();
	ok(where(key).when - clock_now() > 550 * CLOCK_SECOND,
	    "the next pause is as long as the message is old");
	/* A restart forgets nothing. */
	close_all();
	open_all("");
	ok(njobs == 0, "after a restart it is still not tried early");
	pass(1000);
	ok(njobs == 1, "but when its time has come");
	answer(0, JOB_SENT, false);
	settle();
	ok(!is_there(key) && logged("removed"), "sent: removed");
	close_all();
}

static void
test_lifetime(void)
{
	uint64_t key, bounce;

	start("maximal_queue_lifetime = 1h\nbounce_queue_lifetime = 2h\n");
	key = arrive("s@example.org", "a.example", 1, 0);
	bounce = arrive("", "a.example", 1, 0);
	settle();
	answer(0, JOB_DEFERRED, false);
	answer(0, JOB_DEFERRED, false);
	/* Ten queue runs and more. */
	for (int i = 0; i < 30; i++) {
		pass(301);
		while (njobs > 0 && strcmp(jobs[0].to, "s@example.org") != 0)
			answer(0, JOB_DEFERRED, false);
		settle();
		if (njobs > 0)
			break;
	}
	ok(!is_there(key), "too old: it is given up (Q-26)");
	ok(logged("from=<s@example.org>, status=expired, returned to sender"),
	    "expired is logged");
	ok(njobs == 1 && jobs[0].sender[0] == '\0' &&
		strcmp(jobs[0].to, "s@example.org") == 0,
	    "the sender is told");
	ok(is_there(bounce), "a bounce has its own lifetime");
	close_all();
}

static void
test_clock_jump(void)
{
	uint64_t key;

	start("");
	key = arrive("s@example.org", "a.example", 1, 0);
	settle();
	answer(0, JOB_DEFERRED, false);
	settle();
	close_all();
	/* Nobody sets the clock of this process alone: a store that was
	 * written ten years ahead looks the same as a clock set back. */
	open_all("");
	*offset -= INT64_C(10) * 365 * 86400 * CLOCK_SECOND;
	close_all();
	open_all("");
	ok(njobs == 1, "a time that cannot be meant is now (108)");
	if (njobs > 0)
		answer(0, JOB_DEFERRED, false);
	settle();
	ok(is_there(key), "and nothing expires");
	close_all();
	*offset += INT64_C(10) * 365 * 86400 * CLOCK_SECOND;
}

static void
test_concurrency(void)
{
	start("");
	for (int i = 0; i < 60; i++)
		(void)arrive("s@example.org", "slow.example", 1, 0);
	settle();
	ok(njobs == 5, "slow start with initial concurrency (Q-27)");
	(void)arrive("s@example.org", "other.example", 1, 0);
	settle();
	ok(njobs == 6 && strcmp(jobs[5].nexthop, "other.example") == 0,
	    "one destination does not hold up another (124)");
	for (int i = 0; i < 5; i++)
		answer(0, JOB_SENT, false);
	settle();
	ok(njobs > 6 && njobs <= 11, "successes raise it: %zu", njobs);
	while (total_jobs < 61 && njobs > 0) {
		answer(0, JOB_SENT, false);
		settle();
		if (njobs > 20)
			break;
	}
	ok(njobs <= 20, "never above the limit");
	while (njobs > 0) {
		answer(0, JOB_SENT, false);
		settle();
	}
	ok(total_jobs == 61, "all are done");
	close_all();
}

static void
test_feedback(void)
{
	start("default_destination_concurrency_positive_feedback = 0\n"
	      "lmtp_destination_concurrency_positive_feedback = 1\n");
	for (int i = 0; i < 30; i++)
		(void)arrive("s@example.org", "slow.example", 1, 0);
	settle();
	for (int i = 0; i < 20; i++) {
		answer(0, JOB_SENT, false);
		settle();
		if (njobs != 5)
			break;
	}
	ok(njobs == 5, "feedback 0: successes do not raise it (Q-27)");
	close_all();
	start("default_destination_concurrency_positive_feedback = 0\n"
	      "smtp_destination_concurrency_positive_feedback = 1/5\n");
	for (int i = 0; i < 30; i++)
		(void)arrive("s@example.org", "slow.example", 1, 0);
	settle();
	for (int i = 0; i < 4; i++)
		answer(0, JOB_SENT, false);
	settle();
	ok(njobs == 5, "feedback 1/5 of the transport: not four,");
	answer(0, JOB_SENT, false);
	settle();
	ok(njobs == 6, "but five successes do: %zu", njobs);
	close_all();
}

/* What was under way when it died gets through. */
static void
test_back_to_life(void)
{
	start("smtp_destination_concurrency_negative_feedback = 0\n"
	      "smtp_destination_concurrency_limit = 4\n");
	for (int i = 0; i < 8; i++)
		(void)arrive("s@example.org", "dead.example", 1, 0);
	settle();
	for (int i = 0; i < 3; i++)
		answer(0, JOB_DEFERRED, true);
	settle();
	ok(njobs == 4 && !logged("temporarily suspended"),
	    "three failures of four: not dead");
	answer(0, JOB_DEFERRED, true);
	settle();
	ok(njobs == 3 && logged("temporarily suspended"), "four: dead");
	answer(0, JOB_SENT, false);
	settle();
	(void)arrive("s@example.org", "dead.example", 1, 0);
	settle();
	ok(njobs == 3, "a success of what was under way brings it back (Q-22)");
	close_all();
}

static void
test_dead(void)
{
	uint64_t last = 0;

	start("");
	for (int i = 0; i < 20; i++)
		last = arrive("s@example.org", "dead.example", 1, 0);
	settle();
	while (njobs > 0) {
		answer(0, JOB_DEFERRED, true);
		settle();
	}
	ok(total_jobs < 10, "a dead destination is left alone (Q-22): %zu",
	    total_jobs);
	ok(where(last).class == STORE_DEFERRED, "what waits is deferred");
	ok(logged("relay=none, delay=0") &&
		logged("dsn=4.4.1, status=deferred (delivery temporarily "
		       "suspended: connect to x: refused)"),
	    "and logged so");
	total_jobs = 0;
	(void)arrive("s@example.org", "dead.example", 1, 0);
	settle();
	ok(total_jobs == 0, "a new message for it is deferred at once");
	schedule_flush(schedule, NULL);
	settle();
	ok(total_jobs > 0, "a flush tries all the same (C-42)");
	close_all();
}

static void
test_recipient_limit(void)
{
	start("smtp_destination_concurrency_limit = 1\n"
	      "smtp_destination_recipient_limit = 40\n");
	(void)arrive("s@example.org", "a.example", 100, 0);
	settle();
	ok(njobs == 1 && jobs[0].nrcpts == 40,
	    "recipients of a delivery, deliveries of a destination (Q-30)");
	answer(0, JOB_SENT, false);
	settle();
	ok(njobs == 1 && jobs[0].nrcpts == 40, "the next part");
	answer(0, JOB_SENT, false);
	settle();
	ok(njobs == 1 && jobs[0].nrcpts == 20, "the rest");
	close_all();
	/* What was sent is known after a crash; what was not is tried. */
	open_all("");
	ok(njobs == 1 && jobs[0].nrcpts == 20,
	    "a restart tries only what was not sent");
	answer(0, JOB_SENT, false);
	settle();
	close_all();
}

static void
test_defer_transports(void)
{
	uint64_t key;

	start("defer_transports = smtp\nfast_flush_domains = a.example\n");
	key = arrive("s@example.org", "a.example", 1, 0);
	settle();
	ok(njobs == 0 && where(key).class == STORE_DEFERRED,
	    "mail for a deferred transport waits (Q-31)");
	ok(logged("status=deferred (deferred transport)"), "and says so");
	schedule_flush(schedule, "b.example");
	settle();
	ok(njobs == 0, "the flush of another site does not concern it");
	schedule_flush(schedule, "a.example");
	settle();
	ok(njobs == 1, "a flush sends it (C-43)");
	answer(0, JOB_SENT, false);
	settle();
	close_all();
}

/* Sites that are flushed one after the other, at once. */
static void
test_sites(void)
{
	start("defer_transports = smtp\nqmgr_message_active_limit = 20\n");
	for (int i = 0; i < 200; i++)
		(void)arrive("s@example.org",
		    i % 2 == 0 ? "even.example" : "odd.example", 1, 0);
	(void)arrive("s@example.org", "other.example", 1, 0);
	settle();
	schedule_flush(schedule, "even.example");
	schedule_flush(schedule, "ODD.example");
	schedule_flush(schedule, "even.example");
	for (int i = 0; i < 500 && (njobs > 0 || total_jobs < 200); i++) {
		while (njobs > 0)
			answer(0, JOB_SENT, false);
		settle();
	}
	ok(total_jobs == 200,
	    "a flush of a site does not end that of another: %zu", total_jobs);
	pass(20000);
	ok(total_jobs == 200, "a third one is not flushed");
	close_all();
}

static void
test_dead_site(void)
{
	start("");
	(void)arrive("s@example.org", "dead.example", 1, 0);
	(void)arrive("s@example.org", "dead.example", 1, 0);
	(void)arrive("s@example.org", "dead.example", 1, 0);
	settle();
	while (njobs > 0) {
		answer(0, JOB_DEFERRED, true);
		settle();
	}
	total_jobs = 0;
	(void)arrive("s@example.org", "dead.example", 1, 0);
	settle();
	ok(total_jobs == 0, "a dead site");
	schedule_flush(schedule, "dead.example");
	settle();
	ok(total_jobs > 0, "is tried when it is flushed (C-43)");
	close_all();
}

static void
test_active_limit(void)
{
	start("qmgr_message_active_limit = 10\n");
	for (int i = 0; i < 50; i++)
		(void)arrive("s@example.org", "a.example", 1, 0);
	settle();
	ok(njobs == 5, "some are under way");
	for (int i = 0; i < 200 && (njobs > 0 || total_jobs < 50); i++) {
		if (njobs > 0)
			answer(0, JOB_SENT, false);
		settle();
	}
	ok(total_jobs == 50, "what did not fit follows (Q-21): %zu",
	    total_jobs);
	close_all();
}

int
main(void)
{
	test_retry_age();
	if (!rig_begin()) {
		printf("# the clock cannot be turned in this build\n");
		return done_testing();
	}
	test_backoff();
	test_lifetime();
	test_clock_jump();
	test_concurrency();
	test_feedback();
	test_dead();
	test_back_to_life();
	test_recipient_limit();
	test_defer_transports();
	test_sites();
	test_dead_site();
	test_active_limit();
	rig_end();
	return done_testing();
}
