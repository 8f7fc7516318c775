/* The queue role as a whole: what is handed in is delivered, listed, changed and
 * bounced, with the role and without it.  Hostile 112, 121. */
#include "queue/queue_role.h"

#include "queue/mark.h"
#include "queue/store.h"
#include "t/queue_rig.h"

static size_t wanted_jobs;

static bool
enough_jobs(void)
{
	return jobs >= wanted_jobs;
}

static void
test_plain(void)
{
	mode = MODE_SEND;
	start_role("");
	submit = submit_open(loop, path);
	for (int i = 0; i < 500; i++)
		hand_in(i % 50 == 0 ? 250000 : 1000, "s@example.org");
	ok(wait_for(all_answered), "all are answered");
	ok(nstored == nsent, "and stored");
	ok(wait_for(all_delivered), "all are delivered");
	ok(jobs == nsent, "once each");
}

static void
note(void *arg, const char *qid, int outcome)
{
	(void)qid;
	*(int *)arg = outcome;
}

static int
change(enum schedule_change what, const char *qid)
{
	struct conf *conf = conf_parse("test", settings, tables, NULL);
	struct err err = { "" };
	struct admin *admin = admin_open(admin_path, store_path, conf, &err);
	const struct admin_ids ids = { &qid, 1 };
	int outcome = -1;

	if (admin == NULL ||
	    admin_change(admin, what, &ids, note, &outcome, &err) != 0)
		printf("# %s\n", err.text);
	admin_close(admin);
	conf_free(conf);
	return outcome;
}

static void
test_admin(void)
{
	struct listing l;
	char qid[ENVELOPE_QID];

	reset();
	mode = MODE_DEFER;
	hand_in(200000, "s@example.org");
	(void)snprintf(qid, sizeof qid, "%s", sent[0].qid);
	list_wanted = 1;
	list_state = ADMIN_DEFERRED;
	ok(wait_for(listed), "a deferred message is listed");
	l = list(qid);
	is(l.reason, "refused", "with its reason (Q-33)");
	ok(change(SCHEDULE_HOLD, qid) == 1, "hold (C-52)");
	ok(list(qid).state == ADMIN_HOLD, "is on hold");
	ok(change(SCHEDULE_HOLD, qid) == 0, "cannot be held twice");
	mode = MODE_SEND;
	wanted_jobs = jobs + 1;
	ok(change(SCHEDULE_RELEASE, qid) == 1, "release (C-53)");
	ok(wait_for(enough_jobs), "is tried at once");
	ok(routes > 0, "a later attempt asks for its route again");
	list_wanted = 0;
	ok(wait_for(listed), "and delivered");

	mode = MODE_DEFER;
	hand_in(100, "s@example.org");
	(void)snprintf(qid, sizeof qid, "%s", sent[nsent - 1].qid);
	list_wanted = 1;
	ok(wait_for(listed), "another one");
	ok(change(SCHEDULE_REQUEUE, qid) == 1, "requeue (C-54)");
	ok(wait_for(listed) && list(qid).n == 0, "has a new queue id (O-72)");
	l = list(NULL);
	ok(change(SCHEDULE_DELETE, l.qid) == 1, "delete (C-50)");
	ok(list(NULL).n == 0, "is gone");
	ok(change(SCHEDULE_DELETE, l.qid) == 0, "was there once");
}

static void
test_bounce(void)
{
	reset();
	mode = MODE_BOUNCE;
	hand_in(100, "s@example.org");
	wanted_jobs = 2;
	ok(wait_for(enough_jobs), "a bounce makes a notice");
	is(last_sender, "", "from <>");
	is(last_to, "s@example.org", "to the sender");
	list_wanted = 0;
	ok(wait_for(listed), "which bounces, and that is the end (121)");
	ok(jobs == 2, "no more is sent");
}

static void
test_offline(void)
{
	char qid[ENVELOPE_QID];
	int status;

	reset();
	mode = MODE_DEFER;
	hand_in(100000, "s@example.org");
	list_wanted = 1;
	(void)wait_for(listed);
	(void)snprintf(qid, sizeof qid, "%s", sent[0].qid);
	queue_wire_close(&deliver);
	status = stop_role(SIGTERM);
	ok(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a clean stop");
	ok(list(NULL).n == 1, "without the role the store is opened");
	ok(change(SCHEDULE_HOLD, qid) == 1 && list(qid).state == ADMIN_HOLD,
	    "and changed");
	ok(change(SCHEDULE_DELETE, qid) == 1 && list(NULL).n == 0,
	    "a message is deleted without the role");
}

/* "queue.t fill STORE": put three messages there, for t/postqueue.t. */
static void
put_message(struct store *store, const char *qid, enum store_class class,
    const char *reason)
{
	struct envelope_rcpt rcpts[2] = {
		{ .address = "a b@example.com", .reason = reason },
		{ .address = "c@example.net",
		    .original = "alias@example.net",
		    .reason = reason },
	};
	struct envelope e = { .arrival = 1700000000 * CLOCK_SECOND,
		.sender = class == STORE_HOLD ? "" : "s@example.org",
		.size = 2345,
		.hold = class == STORE_HOLD,
		.attempts = 1,
		.rcpts = rcpts,
		.nrcpts = 2,
		.headers = "Subject: hi\r\n\r\n",
		.nheaders = 15,
		.body = "body\r\n",
		.nbody = 6 };
	struct store_op op = { .kind = STORE_NEW, .key = store_key(store) };
	struct store_op mark = { .kind = STORE_MARK, .key = op.key };
	struct err err;

	(void)snprintf(e.qid, sizeof e.qid, "%s", qid);
	memcpy(op.qid, e.qid, sizeof op.qid);
	op.place = (struct store_place){ STORE_INCOMING, 0, op.key };
	mark.place = (struct store_place){ class, 1, op.key };
	envelope_print(&e, &op.data);
	mark_print(&e, &mark.place, &mark.data);
	op.next = &mark;
	(void)store_commit(store, &op, &err);
	buf_free(&op.data);
	buf_free(&mark.data);
}

static int
fill(const char *where)
{
	const struct store_options options = { 64 << 20, 2 << 20, 0 };
	struct err err;
	struct store *store = store_open(where, &options, &err);

	if (store == NULL)
		return 1;
	put_message(store, "1A1A6A746A2", STORE_DEFERRED,
	    "connect to 127.0.0.1[127.0.0.1]:1: Connection refused");
	put_message(store, "173ECA746A5", STORE_HOLD, "");
	put_message(store, "5FA26B3DFE", STORE_INCOMING, "");
	store_close(store);
	return 0;
}

int
main(int argc, char **argv)
{
	if (argc > 4 && strcmp(argv[1], "role") == 0)
		return run_role(argv);
	if (argc > 2 && strcmp(argv[1], "fill") == 0)
		return fill(argv[2]);
	if (!rig_begin(argv[0]))
		return 1;
	test_plain();
	test_admin();
	test_bounce();
	test_offline();
	submit_close(submit);
	return rig_end();
}
