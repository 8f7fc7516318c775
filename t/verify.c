/* What a probe has found out of an address is believed as long as Postfix
 * believes it, and found out anew in time. */
#include "checks/verify.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/state.h"
#include "checks/checks_params.h"
#include "t/tap.h"

#define HOUR INT64_C(3600)
#define DAY  (24 * HOUR)

static char dir[] = "/tmp/weir-verify-XXXXXX", clock_path[64];
static struct arena *arena;
static struct state *state;
static unsigned probes;
static struct checks_params params = {
	.address_verify_positive_expire_time = 31 * DAY * CLOCK_SECOND,
	.address_verify_positive_refresh_time = 7 * DAY * CLOCK_SECOND,
	.address_verify_negative_expire_time = 3 * DAY * CLOCK_SECOND,
	.address_verify_negative_refresh_time = 3 * HOUR * CLOCK_SECOND,
	.address_verify_negative_cache = true,
	.address_verify_poll_count = 1,
	.address_verify_poll_delay = 3 * CLOCK_SECOND,
};

static void
advance(int64_t seconds)
{
	static int64_t offset;
	int fd = open(clock_path, O_WRONLY | O_CREAT, 0600);

	offset += seconds * CLOCK_SECOND;
	if (fd < 0 || write(fd, &offset, sizeof offset) != sizeof offset)
		abort();
	(void)close(fd);
}

static bool
count(void *arg, const char *address)
{
	(void)address;
	probes++;
	return arg == NULL;
}

/* "status text +probes": what is answered, and how many probes it began. */
static const char *
ask(struct verify *v, const char *address)
{
	static const char *const names[] = { [WORLD_PROBE_OK] = "ok",
		[WORLD_PROBE_BAD] = "bad",
		[WORLD_PROBE_UNKNOWN] = "unknown",
		[WORLD_PROBE_PENDING] = "pending",
		[WORLD_PROBE_FAILED] = "failed" };
	const char *text = "-";
	unsigned before = probes;
	enum world_probe status = verify_ask(v, arena, address, &text);

	return arena_printf(
	    arena, "%s %s +%u", names[status], text, probes - before);
}

static struct verify *
open_verify(bool (*probe)(void *arg, const char *address), void *arg)
{
	struct verify *v = verify_new(&params, probe, arg);

	verify_keep(v, state);
	return v;
}

static void
test_new(struct verify *v)
{
	is(ask(v, "new@x"), "pending Address verification in progress +1",
	    "a new address is probed");
	is(ask(v, "new@x"), "pending Address verification in progress +0",
	    "and not again while the probe is on its way");
	advance(1001);
	is(ask(v, "new@x"), "pending Address verification in progress +1",
	    "but after a thousand seconds");
	verify_update(v, "new@x", WORLD_PROBE_OK, "relay");
	is(ask(v, "new@x"), "ok relay +0", "then it is good");
	is(ask(v, "New@x"), "pending Address verification in progress +1",
	    "capital letters are another address");
}

static void
test_good(struct verify *v)
{
	verify_update(v, "good@x", WORLD_PROBE_OK, "sent: ok");
	advance(7 * DAY - 10);
	is(ask(v, "good@x"), "ok sent: ok +0", "believed for a week");
	advance(20);
	is(ask(v, "good@x"), "ok sent: ok +1",
	    "then probed again, and believed");
	is(ask(v, "good@x"), "ok sent: ok +0", "once");
	verify_update(v, "good@x", WORLD_PROBE_BAD, "gone");
	is(ask(v, "good@x"), "ok sent: ok +0",
	    "one probe that fails does not make a good address bad");
	advance(24 * DAY);
	is(ask(v, "good@x"), "pending Address verification in progress +1",
	    "nothing is believed for more than a month");
	verify_update(v, "good@x", WORLD_PROBE_BAD, "gone");
	is(ask(v, "good@x"), "bad gone +0", "then it may be found bad");
}

static void
test_bad(struct verify *v)
{
	verify_update(v, "bad@x", WORLD_PROBE_BAD, "no such user");
	verify_update(v, "later@x", WORLD_PROBE_UNKNOWN, "greylisted");
	is(ask(v, "bad@x"), "bad no such user +0", "a bad address");
	is(ask(v, "later@x"), "unknown greylisted +0", "not known for now");
	advance(3 * HOUR + 10);
	is(ask(v, "bad@x"), "bad no such user +1", "probed again");
	is(ask(v, "later@x"), "unknown greylisted +1", "so is the other");
	verify_update(v, "later@x", WORLD_PROBE_OK, "at last");
	is(ask(v, "later@x"), "ok at last +0", "it may become good");
	advance(3 * DAY);
	is(ask(v, "bad@x"), "pending Address verification in progress +1",
	    "forgotten after three days");
}

static void
test_kept(void)
{
	struct verify *v = open_verify(count, NULL);

	is(ask(v, "later@x"), "ok at last +0", "another process knows it, too");
	is(ask(v, "lost@x"), "pending Address verification in progress +1",
	    "a probe begins");
	verify_free(v);
	advance(2);
	v = open_verify(count, NULL);
	is(ask(v, "lost@x"), "pending Address verification in progress +1",
	    "... and does not outlive its process");
	is(ask(v, "lost@x"), "pending Address verification in progress +0",
	    "... but the next one does its work");
	verify_free(v);
	params.address_verify_negative_cache = false;
	v = open_verify(count, NULL);
	is(ask(v, "none@x"), "pending Address verification in progress +1",
	    "without negative cache: probed");
	verify_update(v, "none@x", WORLD_PROBE_BAD, "no");
	is(ask(v, "none@x"), "pending Address verification in progress +1",
	    "and each time again");
	verify_update(v, "none@x", WORLD_PROBE_OK, "yes");
	is(ask(v, "none@x"), "ok yes +0", "but what is good is kept");
	verify_free(v);
	params.address_verify_negative_cache = true;
}

static void
test_unable(void)
{
	static char cannot[] = "cannot";
	struct verify *v = open_verify(NULL, NULL);

	verify_update(v, "later@x", WORLD_PROBE_OK, "at last");
	is(ask(v, "nobody@x"), "pending Address verification in progress +0",
	    "nobody can find out");
	is(ask(v, "later@x"), "ok at last +0", "what is known is told");
	verify_free(v);
	v = open_verify(count, cannot);
	is(ask(v, "nobody@x"),
	    "pending Too many address verification requests +1",
	    "a probe that cannot be sent");
	is(ask(v, "nobody@x"),
	    "pending Too many address verification requests +1",
	    "is tried again");
	verify_free(v);
	v = verify_new(&params, count, NULL);
	is(ask(v, "nobody@x"), "failed - +0", "without a store");
	verify_free(v);
	(void)state_put(state, "verify", "torn@x", "0:12", 0);
	v = open_verify(count, NULL);
	is(ask(v, "torn@x"), "pending Address verification in progress +1",
	    "an entry that is none");
	verify_free(v);
}

static void *
find_out(void *arg)
{
	verify_update(arg, "wait@x", WORLD_PROBE_BAD, "in time");
	return NULL;
}

static struct verify *waited_for;
static pthread_t finder;

static bool
begin(void *arg, const char *address)
{
	(void)arg;
	(void)address;
	probes++;
	return pthread_create(&finder, NULL, find_out, waited_for) == 0;
}

static void
test_wait(void)
{
	params.address_verify_poll_count = 3;
	waited_for = open_verify(begin, NULL);
	is(ask(waited_for, "wait@x"), "bad in time +1",
	    "the answer is waited for");
	(void)pthread_join(finder, NULL);
	verify_free(waited_for);
}

int
main(void)
{
	static const char *const names[] = { "data.mdb", "lock.mdb", "copy.mdb",
		"mark", "users", "clock" };
	struct err err = { 0 };
	char path[128];
	struct verify *v;

	if (mkdtemp(dir) == NULL)
		return 1;
	(void)snprintf(clock_path, sizeof clock_path, "%s/clock", dir);
	advance(0);
	(void)setenv("WEIR_CLOCK", clock_path, 1);
	clock_open();
	arena = arena_new();
	state = state_open(dir, &err);
	ok(state != NULL, "a store %s", err.text);
	v = open_verify(count, NULL);
	if (clock_shared()) {
		test_new(v);
		test_good(v);
		test_bad(v);
		test_kept();
	}
	test_unable();
	test_wait();
	verify_free(v);
	state_close(state);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		(void)snprintf(path, sizeof path, "%s/%s", dir, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(dir);
	arena_free(arena);
	return done_testing();
}
