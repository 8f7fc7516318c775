/* stream.h - a blocking conversation over a socket or TLS, with deadlines.
 * For workers; loops use loop.h and tls.h. */
#ifndef BASE_STREAM_H
#define BASE_STREAM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct err;
struct net_addr;
struct stream;
struct tls;
struct tls_client;

enum stream_status {
	STREAM_OK,
	STREAM_EOF,      /* the peer closed */
	STREAM_TIMEOUT,  /* the deadline passed */
	STREAM_TOO_LONG, /* a line longer than the caller allows */
	STREAM_ERROR,    /* reset, TLS failure ...: see stream_reason() */
};

/* stream_new(fd): take over ${fd} (made non-blocking).  It has no deadline
 * until stream_deadline() sets one: whatever would block fails. */
struct stream *stream_new(int fd);

/*
 * stream_connect(addr, port, from, deadline, err):
 * Connect by TCP (TCP_NODELAY), from address ${from} if not NULL, before
 * ${deadline} (clock_mono()), which also holds for what follows.  NULL, and the
 * reason in ${err} ("Connection refused", "Connection timed out" ...).
 * stream_connect_unix() likewise.
 */
struct stream *stream_connect(const struct net_addr *addr, unsigned port,
    const struct net_addr *from, int64_t deadline, struct err *err);
struct stream *
stream_connect_unix(const char *path, int64_t deadline, struct err *err);

/* stream_close(s): close, without waiting; a NULL ${s} is allowed. */
void stream_close(struct stream *s);

/* stream_deadline(s, when): for all that follows. */
void stream_deadline(struct stream *s, int64_t when);

/* stream_put(s, data, n), stream_printf: buffer output; now and then it is
 * written, so that a large one needs little memory.  A failure to write stays
 * with ${s}: further output is dropped and the next other call reports it.
 * stream_flush(s): write it all, before the deadline. */
void stream_put(struct stream *s, const void *data, size_t n);
void stream_printf(struct stream *s, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
enum stream_status stream_flush(struct stream *s);

/* stream_line(s, most, line, len): the next line without its CRLF or LF, in
 * ${s}'s memory until the next call and followed by a NUL; it may contain NULs,
 * but not more than ${most} octets.  Flushes output first. */
enum stream_status
stream_line(struct stream *s, size_t most, char **line, size_t *len);

/* stream_read(s, data, n): exactly ${n} octets; flushes output first. */
enum stream_status stream_read(struct stream *s, void *data, size_t n);

/* stream_pending(s): octets received and not yet taken. */
size_t stream_pending(const struct stream *s);

/* stream_alive(s): the peer has neither closed nor spoken (a cached idle
 * connection may be used again). */
int stream_alive(struct stream *s);

/* stream_rest(s, when): wait until ${when} (clock_mono()), or until the peer says
 * something or hangs up; nothing is read, and the deadline does not count. */
void stream_rest(struct stream *s, int64_t when);

/* stream_reason(s): why the last call failed, in words. */
const char *stream_reason(const struct stream *s);

/* stream_tls(s, client, name): start TLS as client (see tls.h) and finish the
 * handshake before the deadline; input that came before it is a protocol
 * error.  ${name}: to be sent as server name, or NULL. */
enum stream_status
stream_tls(struct stream *s, struct tls_client *client, const char *name);

/* stream_secured(s): the TLS connection, for tls_facts() and tls_matches();
 * NULL if there is none. */
const struct tls *stream_secured(const struct stream *s);

int stream_fd(const struct stream *s);

#endif
