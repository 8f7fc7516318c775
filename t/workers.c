/* The pool of threads that may block. */
#include <fcntl.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/workers.h"
#include "t/tap.h"

enum { WORKS = 5000, MOST = 8 };

static atomic_int done, at_once, peak;
static struct workers *pool;

static void
note(struct work *work)
{
	int now = atomic_fetch_add(&at_once, 1) + 1;
	int old = atomic_load(&peak);

	(void)work;
	while (now > old && !atomic_compare_exchange_weak(&peak, &old, now))
		;
	(void)usleep(100);
	(void)atomic_fetch_sub(&at_once, 1);
	(void)atomic_fetch_add(&done, 1);
}

static void
test_all_done(void)
{
	static struct work works[WORKS];

	pool = workers_new(MOST, 0);
	for (int i = 0; i < WORKS; i++) {
		works[i].run = note;
		workers_give(pool, &works[i]);
	}
	ok(workers_busy(pool) <= WORKS, "busy");
	workers_free(pool);
	ok(atomic_load(&done) == WORKS, "all that was given is done");
	ok(atomic_load(&peak) > 1 && atomic_load(&peak) <= MOST,
	    "by %d threads at once", atomic_load(&peak));
}

static int last, disorder;

struct numbered {
	struct work work;
	int number;
};

static void
check_order(struct work *work)
{
	int number = ((struct numbered *)work)->number;

	disorder += number != last + 1;
	last = number;
}

static void
test_order(void)
{
	static struct numbered works[WORKS];

	pool = workers_new(1, 0);
	for (int i = 0; i < WORKS; i++) {
		works[i].work.run = check_order;
		works[i].number = i + 1;
		workers_give(pool, &works[i].work);
	}
	workers_free(pool);
	ok(last == WORKS && disorder == 0, "one worker keeps the order");
}

static struct work chain[100];

static void
give_next(struct work *work)
{
	(void)atomic_fetch_add(&done, 1);
	if (work + 1 < chain + 100)
		workers_give(pool, work + 1);
}

static void
test_chain(void)
{
	atomic_store(&done, 0);
	pool = workers_new(MOST, 0);
	for (int i = 0; i < 100; i++)
		chain[i].run = give_next;
	workers_give(pool, &chain[0]);
	workers_free(pool);
	ok(atomic_load(&done) == 100, "work that gives work, while ending");
}

static int
threads(void)
{
	char line[128];
	FILE *f = fopen("/proc/self/status", "r");
	int n = -1;

	while (f != NULL && fgets(line, sizeof line, f) != NULL)
		if (strncmp(line, "Threads:", 8) == 0)
			n = atoi(line + 8);
	if (f != NULL)
		(void)fclose(f);
	return n;
}

/* Idle workers end, which takes time; the test's clock jumps over it. */
static void
test_linger(int64_t *offset)
{
	struct work work = { .run = note };
	int before = threads(), turns = 0;

	pool = workers_new(MOST, 0);
	workers_give(pool, &work);
	while (workers_busy(pool) > 0)
		(void)usleep(1000);
	ok(threads() == before + 1, "an idle worker stays for a while");
	__atomic_store_n(offset, 3600 * CLOCK_SECOND, __ATOMIC_RELAXED);
	while (threads() > before && ++turns < 1000)
		(void)usleep(5000);
	ok(threads() == before, "and ends");
	atomic_store(&done, 0);
	workers_give(pool, &work);
	workers_free(pool);
	ok(atomic_load(&done) == 1, "its place is used again");
}

int
main(void)
{
	char path[] = "/tmp/weir-worker-XXXXXX";
	int fd = mkstemp(path);
	int64_t *offset;

	if (fd < 0 || ftruncate(fd, sizeof *offset) != 0)
		return 1;
	offset = mmap(
	    NULL, sizeof *offset, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	test_all_done();
	test_order();
	test_chain();
	(void)setenv("WEIR_CLOCK", path, 1);
	clock_open();
	if (clock_shared())
		test_linger(offset);
	(void)close(fd);
	(void)unlink(path);
	return done_testing();
}
