/* smtp_nexthop.c - see smtp_nexthop.h. */
#include "delivery/smtp_nexthop.h"

#include <string.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/net.h"

/* "[host]" and what follows; NULL: no closing bracket. */
static const char *
bracketed(const char *text, struct arena *arena, struct smtp_nexthop *hop)
{
	const char *end = strchr(text, ']');

	if (end == NULL)
		return NULL;
	hop->host = arena_strndup(arena, text + 1, (size_t)(end - text - 1));
	hop->exact = true;
	hop->mx = false;
	return end + 1;
}

static const char *
plain(const char *text, struct arena *arena, struct smtp_nexthop *hop)
{
	size_t n = strcspn(text, ":");
	struct net_addr addr;

	/* An IPv6 address without brackets has no port. */
	if (net_parse(text, &addr) && addr.family == NET_IPV6)
		n = strlen(text);
	hop->host = arena_strndup(arena, text, n);
	return text + n;
}

int
smtp_nexthop_parse(const char *text, bool lmtp, unsigned port,
    struct arena *arena, struct smtp_nexthop *hop, struct err *err)
{
	const char *rest = text;

	*hop = (struct smtp_nexthop){
		.text = arena_strdup(arena, text), .port = port, .mx = !lmtp
	};
	/* In Postfix nothing but LMTP goes over a socket file. */
	if (strncmp(text, "unix:", 5) == 0 && (lmtp || text[5] == '/')) {
		hop->unix_path = hop->text + 5;
		if (*hop->unix_path != '\0')
			return 0;
		err_set(err, "empty nexthop path: \"%s\"", text);
		return -1;
	}
	if (lmtp && strncmp(text, "inet:", 5) == 0)
		rest += 5;
	rest = *rest == '[' ? bracketed(rest, arena, hop)
			    : plain(rest, arena, hop);
	if (rest == NULL || (*rest != '\0' && *rest != ':')) {
		err_set(err, "malformed nexthop: \"%s\"", text);
		return -1;
	}
	if (*hop->host == '\0') {
		err_set(err, "empty nexthop hostname: \"%s\"", text);
		return -1;
	}
	if (*rest == ':' &&
	    (!net_port(rest + 1, &hop->port) || hop->port == 0 ||
		hop->port > 65535)) {
		err_set(err, "bad network port: %s for destination: %s",
		    rest + 1, text);
		return -1;
	}
	if (*rest == ':')
		hop->service = arena_strdup(arena, rest + 1);
	return 0;
}

int64_t
smtp_nexthop_deadline(const struct smtp_nexthop *hop, int64_t when)
{
	return hop->until != 0 && hop->until < when ? hop->until : when;
}
