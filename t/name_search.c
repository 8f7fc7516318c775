/* Which of the answers about names that are completed counts. */
#include "delivery/name_search.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/dns_search.h"
#include "t/tap.h"
#include "t/testworld.h"

static const char zone[] = "both.one.example A 192.0.2.1\n"
			   "both.one.example AAAA 2001:db8::1\n"
			   "both A 192.0.2.9\n"
			   "part.one.example A 192.0.2.1\n"
			   "part.two.example AAAA 2001:db8::2\n"
			   "away.one.example SERVFAIL\n"
			   "away.two.example A 192.0.2.2\n"
			   "lost.one.example SERVFAIL\n"
			   "empty.two.example TXT x\n";

static struct testworld world;
static struct dns_question q[2];

static void
ask(struct arena *arena, const char *name, unsigned how)
{
	q[0] = (struct dns_question){ .name = name, .type = DNS_A };
	q[1] = (struct dns_question){ .name = name, .type = DNS_AAAA };
	world.dns_asked = 0;
	name_search(&world.world, arena, how, q, 2, 0);
}

int
main(void)
{
	enum { BOTH = DNS_SEARCH_DEFAULT | DNS_SEARCH_DOMAINS };
	char path[] = "/tmp/weir-name-search-XXXXXX";
	struct arena *arena = arena_new();
	int fd = mkstemp(path);
	FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (f == NULL)
		abort();
	(void)fputs("search one.example two.example\n", f);
	(void)fclose(f);
	dns_search_open(path);
	world = testworld_new(zone);

	ask(arena, "both", 0);
	ok(q[0].answer.records[0].octets[3] == 9 && world.dns_asked == 2,
	    "as it is");
	ask(arena, "both", BOTH);
	ok(q[0].answer.records[0].octets[3] == 1 &&
		q[1].answer.status == DNS_FOUND && world.dns_asked == 2,
	    "in the first domain, and no question more");
	is(q[0].name, "both", "it keeps its name");
	is(q[0].answer.canon, "both.one.example", "and is known by the whole");
	ask(arena, "part", BOTH);
	ok(q[0].answer.status == DNS_FOUND && q[1].answer.status == DNS_FOUND &&
		world.dns_asked == 3,
	    "each kind of address where it is");
	ask(arena, "away", BOTH);
	ok(q[0].answer.status == DNS_FOUND, "after a domain that is away");
	ok(q[1].answer.status == DNS_RETRY, "of which there is no knowing");
	ask(arena, "lost", BOTH);
	ok(q[0].answer.status == DNS_RETRY, "\"no\" elsewhere is not \"no\"");
	ask(arena, "empty", BOTH);
	ok(q[0].answer.status == DNS_NODATA, "a name without an address");
	ask(arena, "none", BOTH);
	ok(q[0].answer.status == DNS_NXDOMAIN && world.dns_asked == 6,
	    "no name");
	name_search(&world.world, arena, BOTH, q, 0, 0);
	dns_search_close();
	(void)unlink(path);
	arena_free(arena);
	return done_testing();
}
