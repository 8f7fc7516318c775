/* policy_entry.c - see policy_entry.h. */
#include "policy/policy_entry.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/acceptor.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/net.h"
#include "policy/policy_caller.h"
#include "policy/policy_events.h"
#include "policy/policy_hall.h"

enum { COMPLAIN_S = 10 }; /* at most one warning in this time */

struct policy_entry {
	struct acceptor acceptor; /* first */
	struct policy_hall *hall;
	unsigned place;
	int64_t complained;
};

static void
complain(struct policy_entry *entry, const char *text)
{
	int64_t now = clock_mono();

	if (entry->complained != 0 &&
	    now - entry->complained < COMPLAIN_S * CLOCK_SECOND)
		return;
	entry->complained = now;
	event(&policy_events_crowded, &(struct event_by){ .program = "policy" },
	    "text", text, NULL);
}

static void
come_in(struct policy_entry *entry, int fd, const struct sockaddr *sa)
{
	struct policy_hall *hall = entry->hall;
	struct net_addr addr;
	unsigned port = 0;

	if (hall->draining || hall->count >= hall->shared->most_callers) {
		/* Who is not answered asks again. */
		complain(entry, "too many connections to policy services");
		(void)close(fd);
		return;
	}
	if (!net_from_socket(sa, &addr, &port))
		addr = (struct net_addr){ .family = NET_NONE };
	policy_caller_new(hall, entry->place, fd, &addr);
}

static void
came(struct acceptor *acceptor, int fd, const struct sockaddr *from)
{
	come_in((struct policy_entry *)acceptor, fd, from);
}

static void
no_descriptors(struct acceptor *acceptor)
{
	complain((struct policy_entry *)acceptor,
	    "no descriptor is left for a connection");
}

struct policy_entry *
policy_entry_open(struct policy_hall *hall, int fd, unsigned place, bool share)
{
	struct policy_entry *entry = calloc(1, sizeof *entry);

	if (entry == NULL)
		fatal("out of memory");
	*entry = (struct policy_entry){
		.acceptor = { .share = share,
		    .came = came,
		    .want = no_descriptors },
		.hall = hall,
		.place = place,
	};
	acceptor_open(&entry->acceptor, hall->loop, fd);
	return entry;
}

void
policy_entry_close(struct policy_entry *entry)
{
	acceptor_close(&entry->acceptor);
	free(entry);
}
