/* policy_entry.c - see policy_entry.h. */
#include "policy/policy_entry.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/loop.h"
#include "base/net.h"
#include "policy/policy_caller.h"
#include "policy/policy_events.h"
#include "policy/policy_hall.h"

enum {
	AT_ONCE = 64,    /* connections taken in one turn */
	RETRY_MS = 100,  /* when there were no descriptors */
	COMPLAIN_S = 10, /* at most one warning in this time */
};

struct policy_entry {
	struct policy_hall *hall;
	struct loop_fd watch;
	struct loop_timer again; /* set: not watched, no descriptors */
	unsigned place;
	bool share;
	int64_t complained;
};

#define ENTRY_OF(member, pointer)                                              \
	((struct policy_entry *)(void *)((char *)(pointer)-offsetof(           \
	    struct policy_entry, member)))

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
watch(struct policy_entry *entry)
{
	loop_watch_level(entry->hall->loop, &entry->watch, entry->share);
}

static void
try_again(struct loop_timer *timer)
{
	watch(ENTRY_OF(again, timer));
}

/* Look again in a while, so that a full queue of connections does not keep us
 * spinning. */
static void
no_descriptors(struct policy_entry *entry)
{
	struct loop *loop = entry->hall->loop;

	complain(entry, "no descriptor is left for a connection");
	loop_forget(loop, &entry->watch);
	loop_timer_set(loop, &entry->again, clock_mono() + RETRY_MS * CLOCK_MS);
}

static void
ready(struct loop_fd *watched, unsigned what)
{
	struct policy_entry *entry = ENTRY_OF(watch, watched);
	struct sockaddr_storage ss;
	socklen_t n;
	int fd;

	(void)what;
	for (int i = 0; i < AT_ONCE; i++) {
		n = sizeof ss;
		fd = accept4(entry->watch.fd, (struct sockaddr *)&ss, &n,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			come_in(entry, fd, (struct sockaddr *)&ss);
		} else if (errno == EMFILE || errno == ENFILE ||
		    errno == ENOBUFS || errno == ENOMEM) {
			no_descriptors(entry);
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
}

struct policy_entry *
policy_entry_open(struct policy_hall *hall, int fd, unsigned place, bool share)
{
	struct policy_entry *entry = calloc(1, sizeof *entry);

	if (entry == NULL)
		fatal("out of memory");
	*entry = (struct policy_entry){
		.hall = hall,
		.watch = { .fd = fd, .ready = ready },
		.again = { .fire = try_again },
		.place = place,
		.share = share,
	};
	watch(entry);
	return entry;
}

void
policy_entry_close(struct policy_entry *entry)
{
	if (entry->again.place != 0)
		loop_timer_cancel(entry->hall->loop, &entry->again);
	else
		loop_forget(entry->hall->loop, &entry->watch);
	free(entry);
}
