/* dial.c - see dial.h. */
#include "base/dial.h"

#include <netdb.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>

#include "base/arena.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/net.h"
#include "base/stream.h"

static const char inet[] = "inet:", local[] = "unix:";

static const char *
behind(const char *endpoint, const char *transport)
{
	size_t n = strlen(transport);

	return strncmp(endpoint, transport, n) == 0 && endpoint[n] != '\0'
	    ? endpoint + n
	    : NULL;
}

bool
dial_valid(const char *endpoint, struct err *err)
{
	const char *colon = strchr(endpoint, ':');

	if (behind(endpoint, inet) != NULL || behind(endpoint, local) != NULL)
		return true;
	if (colon != NULL && colon > endpoint && colon[1] != '\0')
		err_set(err, "invalid transport name: %.*s in service: %s",
		    (int)(colon - endpoint), endpoint, endpoint);
	else
		err_set(err,
		    "need service transport:endpoint instead of \"%s\"",
		    endpoint);
	return false;
}

/* The host, without its [ ], and the port. */
static void
split(
    const char *name, struct arena *arena, const char **host, const char **port)
{
	const char *colon = strrchr(name, ':');
	size_t n = colon != NULL ? (size_t)(colon - name) : 0;

	*port = colon != NULL ? colon + 1 : name;
	if (n > 2 && name[0] == '[' && name[n - 1] == ']')
		*host = arena_strndup(arena, name + 1, n - 2);
	else
		*host = n > 0 ? arena_strndup(arena, name, n) : "localhost";
}

static struct stream *
open_inet(const char *name, int64_t deadline, struct err *err)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
	struct arena *arena = arena_new();
	struct addrinfo *all = NULL, *ai;
	struct stream *s = NULL;
	const char *host, *port;
	struct net_addr addr;
	unsigned number;
	int e;

	split(name, arena, &host, &port);
	e = getaddrinfo(host, port, &hints, &all);
	if (e != 0)
		err_set(err, "host or service %s not found: %s", name,
		    gai_strerror(e));
	for (ai = all; ai != NULL && s == NULL; ai = ai->ai_next)
		if (net_from_socket(ai->ai_addr, &addr, &number))
			s = stream_connect(&addr, number, NULL, deadline, err);
	if (all != NULL)
		freeaddrinfo(all);
	arena_free(arena);
	return s;
}

struct stream *
dial_open(const char *endpoint, int64_t deadline, struct err *err)
{
	const char *name = behind(endpoint, inet);

	if (name != NULL)
		return open_inet(name, deadline, err);
	return stream_connect_unix(behind(endpoint, local), deadline, err);
}
