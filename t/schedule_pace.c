/* Rate delays: of a destination, of a recipient, of a transport; and who may
 * go before whom. */
#include "t/schedule_rig.h"

static void
send_all(size_t n)
{
	while (n-- > 0)
		answer(0, JOB_SENT, false);
	settle();
}

static void
test_destination(void)
{
	start("smtp_destination_rate_delay = 1000s\n");
	for (int i = 0; i < 3; i++)
		(void)arrive("s@example.org", "slow.example", 1, 0);
	(void)arrive("s@example.org", "other.example", 1, 0);
	settle();
	ok(njobs == 2 && strcmp(jobs[0].nexthop, jobs[1].nexthop) != 0,
	    "one delivery to each destination");
	pass(2000);
	ok(njobs == 2, "the delay does not begin before the end of one");
	send_all(2);
	ok(njobs == 0, "then the destination rests");
	(void)arrive("s@example.org", "third.example", 1, 0);
	settle();
	ok(njobs == 1, "others do not");
	send_all(1);
	pass(500);
	ok(njobs == 0, "still");
	pass(600);
	ok(njobs == 1 && strcmp(jobs[0].nexthop, "slow.example") == 0,
	    "the next one goes when the delay is over");
	send_all(1);
	(void)arrive("s@example.org", "slow.example", 1, 0);
	settle();
	ok(njobs == 0, "a new message waits as well");
	pass(1100);
	ok(njobs == 1, "in its turn");
	send_all(1);
	pass(1100);
	ok(njobs == 1, "to the last one");
	send_all(1);
	ok(total_jobs == 6, "all are done");
	close_all();
}

static void
test_recipient(void)
{
	start("smtp_destination_rate_delay = 1000s\n"
	      "smtp_destination_recipient_limit = 1\n");
	(void)arrive("s@example.org", "slow.example", 3, 0);
	(void)arrive("s@example.org", "slow.example", 2, 0);
	settle();
	ok(njobs == 3, "a recipient limit of 1: each recipient for itself");
	send_all(3);
	ok(njobs == 0, "the second message waits for its recipients' delays");
	pass(1100);
	ok(njobs == 2, "and goes to both then");
	send_all(2);
	close_all();
}

static void
test_transport(void)
{
	start("smtp_transport_rate_delay = 1000s\n");
	(void)arrive("s@example.org", "a.example", 1, 0);
	(void)arrive("s@example.org", "b.example", 1, 0);
	settle();
	ok(njobs == 1, "one delivery by the transport, whatever destination");
	pass(2000);
	ok(njobs == 1, "and none beside it");
	send_all(1);
	pass(500);
	ok(njobs == 0, "nor soon after it");
	pass(600);
	ok(njobs == 1 && strcmp(jobs[0].nexthop, "b.example") == 0,
	    "the other one after the delay");
	send_all(1);
	close_all();
}

static void
test_unreachable(void)
{
	uint64_t waiting;

	start("smtp_destination_rate_delay = 1000s\n"
	      "minimal_backoff_time = 20000s\nmaximal_backoff_time = 20000s\n");
	(void)arrive("s@example.org", "dead.example", 1, 0);
	waiting = arrive("s@example.org", "dead.example", 1, 0);
	settle();
	answer(0, JOB_DEFERRED, true);
	settle();
	ok(where(waiting).class == STORE_DEFERRED, "what waits is deferred");
	(void)arrive("s@example.org", "dead.example", 1, 0);
	settle();
	ok(njobs == 0, "what comes now waits");
	pass(1100);
	ok(njobs == 1, "for its turn, not for minimal_backoff_time");
	send_all(1);
	close_all();
}

static void
test_reload(void)
{
	struct conf *old;
	static const struct param_table *const tables[] = { &queue_params_table,
		NULL };
	struct err err = { "" };

	start("smtp_destination_rate_delay = 100000s\n");
	old = conf;
	for (int i = 0; i < 2; i++)
		(void)arrive("s@example.org", "slow.example", 1, 0);
	settle();
	send_all(1);
	ok(njobs == 0, "a long delay");
	conf = conf_parse("test", "myhostname = mx.example\n", tables, &err);
	(void)schedule_configure(schedule, conf, &err);
	conf_free(old);
	settle();
	ok(njobs == 1, "ends with a reload");
	send_all(1);
	close_all();
}

/* Deliveries of a list that go before ${sender}'s message, one at a time. */
static size_t
until(const char *sender)
{
	for (size_t n = 0; n < 1000; n++) {
		if (njobs != 1)
			return 1000;
		if (strcmp(jobs[0].sender, sender) == 0)
			return n;
		send_all(1);
	}
	return 1000;
}

static void
test_list(void)
{
	start("smtp_destination_concurrency_limit = 1\n"
	      "smtp_destination_recipient_limit = 10\n"
	      "qmgr_message_recipient_limit = 100\n");
	(void)arrive("list@example.org", "a.example", 2000, 0);
	settle();
	(void)arrive("one@example.org", "a.example", 1, 0);
	(void)arrive("two@example.org", "a.example", 1, 0);
	settle();
	/* One is under way; then a loan helps. */
	ok(until("one@example.org") <= 2,
	    "one message does not wait for a list of 2000");
	send_all(1);
	ok(until("two@example.org") == 5,
	    "the next one waits until that is paid back");
	send_all(1);
	(void)arrive("big@example.org", "a.example", 80, 0);
	settle();
	/* It needs eight slots: half of them, without three, must be there:
	 * one, after five deliveries to pay for the last message and five. */
	ok(until("big@example.org") == 9, "one of 80 recipients waits longer");
	close_all();
	start("smtp_destination_concurrency_limit = 1\n"
	      "smtp_destination_recipient_limit = 10\n"
	      "smtp_delivery_slot_cost = 0\n");
	(void)arrive("list@example.org", "a.example", 100, 0);
	settle();
	(void)arrive("one@example.org", "a.example", 1, 0);
	settle();
	ok(until("one@example.org") == 10, "slot cost 0: one after the other");
	close_all();
}

/* What a delivering role that goes away had not done is done by the next one,
 * and no delay has begun. */
static void
test_leave(void)
{
	start("smtp_destination_rate_delay = 100000s\n"
	      "smtp_transport_rate_delay = 100000s\n");
	(void)arrive("s@example.org", "slow.example", 1, 0);
	settle();
	ok(njobs == 1, "under way");
	schedule_peer_leave(schedule, &peer);
	njobs = 0;
	schedule_peer_join(schedule, &peer, 100);
	settle();
	ok(njobs == 1, "once more, at once");
	send_all(1);
	(void)arrive("s@example.org", "slow.example", 1, 0);
	settle();
	ok(njobs == 0, "then the delay");
	close_all();
}

int
main(void)
{
	if (!rig_begin()) {
		printf("# the clock cannot be turned in this build\n");
		return done_testing();
	}
	test_destination();
	test_recipient();
	test_transport();
	test_unreachable();
	test_reload();
	test_list();
	test_leave();
	rig_end();
	return done_testing();
}
