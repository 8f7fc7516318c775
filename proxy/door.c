/* door.c - see door.h. */
#include "proxy/door.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/acceptor.h"
#include "base/clock.h"
#include "base/event.h"
#include "base/fatal.h"
#include "base/net.h"
#include "proxy/greeting.h"
#include "proxy/hall.h"
#include "proxy/proxy_events.h"
#include "proxy/session.h"
#include "proxy/session_io.h"
#include "proxy/smtp_service.h"
#include "proxy/upstream.h"

enum { COMPLAIN_S = 10 }; /* at most one warning in this time */

struct door {
	struct acceptor acceptor; /* first */
	struct hall *hall;
	unsigned place;
	int reserve; /* a descriptor to have one when there are none */
	int64_t complained;
};

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

static void
came(struct acceptor *acceptor, int fd, const struct sockaddr *from)
{
	come_in((struct door *)acceptor, fd, from);
}

/* Use the reserve to tell one client. */
static void
no_descriptors(struct acceptor *acceptor)
{
	struct door *door = (struct door *)acceptor;
	int fd;

	complain(door, "no descriptor is left for a client");
	(void)close(door->reserve);
	fd = accept4(
	    acceptor->watch.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0)
		turn_away(fd);
	door->reserve = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

struct door *
door_open(struct hall *hall, int fd, unsigned place, bool share)
{
	struct door *door = calloc(1, sizeof *door);

	if (door == NULL)
		fatal("out of memory");
	*door = (struct door){
		.acceptor = { .share = share,
		    .came = came,
		    .want = no_descriptors },
		.hall = hall,
		.place = place,
		.reserve = open("/dev/null", O_RDONLY | O_CLOEXEC),
	};
	acceptor_open(&door->acceptor, hall->loop, fd);
	return door;
}

void
door_close(struct door *door)
{
	acceptor_close(&door->acceptor);
	(void)close(door->reserve);
	free(door);
}
