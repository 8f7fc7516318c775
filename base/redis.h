/* redis.h - one question to a Redis server and its answer, over a stream: the
 * part of its protocol (RESP2) that strings need. */
#ifndef BASE_REDIS_H
#define BASE_REDIS_H

#include <stddef.h>

struct arena;
struct err;
struct stream;

enum redis_kind {
	REDIS_TEXT,     /* a string, or a status such as "OK" */
	REDIS_NIL,      /* there is none */
	REDIS_REFUSED,  /* an error, in the server's words */
	REDIS_NUMBER,   /* an integer, as text */
	REDIS_TOO_LONG, /* more than was asked for; it has been passed over */
};

struct redis_reply {
	enum redis_kind kind;
	const char *text; /* NULL: none; NULs may be in it, one is behind it */
	size_t len;
};

/*
 * redis_ask(s, words, most, arena, reply, err):
 * Send the command ${words} (ended by NULL; each as it is, so that nothing in
 * it can be a command of its own) and read its one reply, of a string no more
 * than ${most} octets, into ${arena}.  -1 and the reason: the connection is
 * gone, its deadline has passed, or the server does not speak the protocol, and
 * the stream is of no more use.
 */
int redis_ask(struct stream *s, const char *const *words, size_t most,
    struct arena *arena, struct redis_reply *reply, struct err *err);

#endif
