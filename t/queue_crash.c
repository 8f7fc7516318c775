/* The queue role is killed at its crash points: all that was answered "stored"
 * is delivered.  Hostile 90-92, 119. */
#include "t/queue_rig.h"

static bool died;

/* At its crash point, or it never came there. */
static bool
role_died_or_done(void)
{
	int status;

	died = waitpid(role, &status, WNOHANG) == role;
	return died || (all_answered() && all_delivered());
}

/* Under load, killed at the ${n}-th pass of ${point}, then started again. */
static void
test_crash(const char *point, int n)
{
	char crash[64];
	size_t lost = 0, stored;

	reset();
	mode = MODE_SEND;
	(void)snprintf(crash, sizeof crash, "%s:%d", point, n);
	start_role(crash);
	submit = submit_open(loop, path);
	for (int i = 0; i < 300; i++)
		hand_in(i % 30 == 0 ? 150000 : 500, "s@example.org");
	ok(wait_for(role_died_or_done), "%s: comes to its end", crash);
	if (!died)
		(void)stop_role(SIGKILL);
	start_role("");
	ok(wait_for(all_answered), "%s: all are answered", crash);
	stored = nstored;
	if (!wait_for(all_delivered))
		for (size_t i = 0; i < nsent; i++)
			lost += sent[i].result == SUBMIT_STORED &&
			    strmap_find(&delivered, sent[i].qid) == NULL;
	ok(lost == 0, "%s: %zu stored, %zu lost, %zu jobs", crash, stored, lost,
	    jobs);
	list_wanted = 0;
	ok(wait_for(listed), "%s: nothing is left over", crash);
	submit_close(submit);
	queue_wire_close(&deliver);
	(void)stop_role(SIGTERM);
}

int
main(int argc, char **argv)
{
	static const char *const points[] = { "store-before-commit",
		"store-after-commit", "group-before-done",
		"intake-before-answer", "group-after-done" };

	if (argc > 4 && strcmp(argv[1], "role") == 0)
		return run_role(argv);
	if (!rig_begin(argv[0]))
		return 1;
	for (size_t i = 0; i < sizeof points / sizeof *points; i++)
		for (int n = 1; n <= 40; n = n * 3 + 1)
			test_crash(points[i], n);
	return rig_end();
}
