/* Tests of base/floors.c and base/descriptors.c: how clients, workers and
 * descriptors are shared out. */
#include <stdint.h>
#include <sys/resource.h>

#include "base/descriptors.h"
#include "base/floors.h"
#include "t/tap.h"

static void
ceilings(void)
{
	const struct floors one = { .count = 1 }, two = { .count = 2 };
	unsigned few[] = { 10, 20 }, many[] = { 100, 100 }, any[] = { 0 };
	unsigned mixed[] = { 0, 1 };

	floors_ceilings(&one, 128, few, 2);
	ok(few[0] == 10 && few[1] == 20, "what fits is as it was set");
	floors_ceilings(&two, 128, few, 2);
	ok(few[0] == 5 && few[1] == 10, "... and is shared by the floors");
	floors_ceilings(&one, 128, many, 2);
	ok(many[0] == 63 && many[1] == 63,
	    "what does not fit is less than the workers, together");
	floors_ceilings(&one, 128, any, 1);
	ok(any[0] == 127, "one service that takes any number leaves a worker");
	floors_ceilings(&two, 128, mixed, 2);
	ok(mixed[0] == 63 && mixed[1] == 1, "no service is left without");
}

static void
clients(void)
{
	const struct floors four = { .count = 4 };

	ok(floors_clients(&four, 100) == 25, "each floor has its share");
	ok(floors_clients(&four, 3) == 1, "... at least one client");
}

static void
descriptors(void)
{
	struct rlimit limit = { 0 }, old;

	(void)getrlimit(RLIMIT_NOFILE, &old);
	limit.rlim_cur = 300;
	limit.rlim_max = 400;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
	ok(descriptors_beside(100) == 200, "what others leave of descriptors");
	ok(descriptors_beside(299) == 150, "... is half of them at least");
	descriptors_raise();
	ok(descriptors_beside(100) == 300, "the limit is raised");
}

int
main(void)
{
	ceilings();
	clients();
	descriptors();
	return done_testing();
}
