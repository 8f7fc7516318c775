/* dial.h - connections to servers that have a name: "inet:host:port",
 * "unix:/path". */
#ifndef BASE_DIAL_H
#define BASE_DIAL_H

#include <stdbool.h>
#include <stdint.h>

struct err;
struct stream;

/* dial_valid(endpoint, err): is it one?  False, and what it should be. */
bool dial_valid(const char *endpoint, struct err *err);

/*
 * dial_open(endpoint, deadline, err):
 * Connect to ${endpoint}, a valid one, before ${deadline} (clock_mono()), which
 * also holds for what follows: "inet:host:port" (host may be [ipv6], or left
 * out: this host; port may be a name), "inet:port", or "unix:/path".  All
 * addresses of the host are tried.  NULL, and the reason.  Workers only: a name
 * is looked up by libc, in its own time.
 */
struct stream *
dial_open(const char *endpoint, int64_t deadline, struct err *err);

#endif
