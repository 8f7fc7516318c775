/* biff.c - see biff.h. */
#include "delivery/biff.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/err.h"

enum { ROOM = 4096 };

/* In network order; 0: the machine knows no such service. */
static in_port_t
find_port(struct arena *arena)
{
	struct servent entry, *found = NULL;

	(void)getservbyname_r(
	    "biff", "udp", &entry, arena_alloc(arena, ROOM), ROOM, &found);
	return found != NULL ? (in_port_t)found->s_port : 0;
}

const char *
biff_tell(struct arena *arena, const char *user, int64_t offset)
{
	const char *text =
	    arena_printf(arena, "%s@%lld", user, (long long)offset);
	struct sockaddr_in to = { .sin_family = AF_INET,
		.sin_port = find_port(arena),
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	const char *why = NULL;
	int fd;

	if (to.sin_port == 0)
		return "service not found: biff/udp";
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	/* Its NUL goes with it. */
	if (fd < 0 ||
	    sendto(fd, text, strlen(text) + 1, MSG_NOSIGNAL,
		(const struct sockaddr *)&to, sizeof to) < 0)
		why = arena_printf(arena, "biff_notify: %s", err_errno(errno));
	if (fd >= 0)
		(void)close(fd);
	return why;
}
