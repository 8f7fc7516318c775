/* door.c - see door.h. */
#include "proxy/door.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/loop.h"
#include "base/net.h"
#include "proxy/greeting.h"
#include "proxy/hall.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/session_io.h"
#include "proxy/smtp_service.h"
#include "proxy/upstream.h"

enum {
	AT_ONCE = 64,    /* connections taken in one turn */
	RETRY_MS = 100,  /* when there were no descriptors */
	COMPLAIN_S = 10, /* at most one warning in this time */
};

struct door {
	struct hall *hall;
	struct loop_fd watch;
	struct loop_timer again; /* set: not watched, no descriptors */
	unsigned place;
	bool share;
	int reserve; /* a descriptor to have one when there are none */
	int64_t complained;
};

#define DOOR_OF(member, pointer)                                               \
	((struct door *)(void *)((char *)(pointer)-offsetof(                   \
	    struct door, member)))

static void
complain(struct door *door, const char *text)
{
	const struct smtp_service *service =
	    door->hall->places[door->place].service;
	int64_t now = clock_mono();

	if (door->complained != 0 &&
	    now - door->complained < COMPLAIN_S * CLOCK_SECOND)
		return;
	door->complained = now;
	event(&proxy_events_crowded,
	    &(struct event_by){ .program = service->program }, "text", text,
	    NULL);
}

/* Turn somebody away, without a session. */
static void
turn_away(int fd)
{
	static const char text[] = "421 4.3.2 All server ports are busy\r\n";

	(void)send(fd, text, sizeof text - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	(void)close(fd);
}

static void
come_in(struct door *door, int fd, const struct sockaddr *sa)
{
	struct hall *hall = door->hall;
	struct session *s;
	struct net_addr addr;
	unsigned port = 0;

	if (hall->retired || hall->count >= hall->shared->most_sessions) {
		complain(door, "all server ports are busy");
		turn_away(fd);
		return;
	}
	if (!net_from_socket(sa, &addr, &port))
		addr = (struct net_addr){ .family = NET_NONE };
	s = session_new(hall, door->place, fd, &addr, port);
	session_io_start(s);
	if (s->service->upstream)
		upstream_begin(s);
	else
		greeting_begin(s);
	if (!s->away)
		session_io_drive(s);
}

/* No descriptor is left: use the reserve to tell one client, and look again in
 * a while, so that a full queue of connections does not keep us spinning. */
static void
no_descriptors(struct door *door)
{
	int fd;

	complain(door, "no descriptor is left for a client");
	(void)close(door->reserve);
	fd = accept4(door->watch.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		turn_away(fd);
	door->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
	loop_forget(door->hall->loop, &door->watch);
	loop_timer_set(
	    door->hall->loop, &door->again, clock_mono() + RETRY_MS * CLOCK_MS);
}

static void
watch(struct door *door)
{
	loop_watch_level(door->hall->loop, &door->watch, door->share);
}

static void
try_again(struct loop_timer *timer)
{
	watch(DOOR_OF(again, timer));
}

static void
ready(struct loop_fd *watch_fd, unsigned what)
{
	struct door *door = DOOR_OF(watch, watch_fd);
	struct sockaddr_storage ss;
	socklen_t n;
	int fd;

	(void)what;
	for (int i = 0; i < AT_ONCE; i++) {
		n = sizeof ss;
		fd = accept4(door->watch.fd, (struct sockaddr *)&ss, &n,
		    SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0) {
			come_in(door, fd, (struct sockaddr *)&ss);
		} else if (errno == EMFILE || errno == ENFILE ||
		    errno == ENOBUFS || errno == ENOMEM) {
			no_descriptors(door);
			return;
		} else if (errno != EINTR && errno != ECONNABORTED) {
			return;
		}
	}
}

struct door *
door_open(struct hall *hall, int fd, unsigned place, bool share)
{
	struct door *door = calloc(1, sizeof *door);

	if (door == NULL)
		fatal("out of memory");
	*door = (struct door){
		.hall = hall,
		.watch = { .fd = fd, .ready = ready },
		.again = { .fire = try_again },
		.place = place,
		.share = share,
		.reserve = open("/dev/null", O_RDONLY | O_CLOEXEC),
	};
	watch(door);
	return door;
}

void
door_close(struct door *door)
{
	if (door->again.place != 0)
		loop_timer_cancel(door->hall->loop, &door->again);
	else
		loop_forget(door->hall->loop, &door->watch);
	(void)close(door->reserve);
	free(door);
}
