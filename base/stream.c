/* stream.c - see stream.h. */
#include "base/stream.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/fatal.h"
#include "base/net.h"
#include "base/tls.h"

enum {
	CHUNK = 4096,
	MOST_HELD = 64 * 1024, /* output that is kept before it is written */
	SHARED_MS = 10,        /* how often to look at a clock that may jump */
	LONGEST_MS = 60 * 1000,
};

struct stream {
	int fd;
	int64_t deadline;
	struct tls *tls;
	struct buf out;
	struct buf in; /* received; the first ${taken} octets are history */
	size_t taken;
	bool asked; /* something was written since the last wait */
	enum stream_status broken; /* STREAM_OK: output has not failed */
	char reason[160];
};

static enum stream_status
fail(struct stream *s, enum stream_status status, const char *reason)
{
	(void)snprintf(s->reason, sizeof s->reason, "%s", reason);
	return status;
}

/* Wait until ${fd} is ready for ${events}; false: the deadline came first. */
static bool
wait_for(int fd, short events, int64_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	int64_t most = clock_shared() ? SHARED_MS : LONGEST_MS, ms;
	int rc;

	for (;;) {
		ms = (deadline - clock_mono() + CLOCK_MS - 1) / CLOCK_MS;
		rc = poll(&p, 1, ms <= 0 ? 0 : ms < most ? (int)ms : (int)most);
		if (rc > 0)
			return true;
		if (ms <= 0)
			return false;
	}
}

static enum stream_status
wait_ready(struct stream *s, short events)
{
	if (wait_for(s->fd, events, s->deadline))
		return STREAM_OK;
	return fail(s, STREAM_TIMEOUT, "Connection timed out");
}

struct stream *
stream_new(int fd)
{
	struct stream *s = calloc(1, sizeof *s);
	int flags = fcntl(fd, F_GETFL);

	if (s == NULL)
		fatal("out of memory");
	must(flags >= 0);
	if ((flags & O_NONBLOCK) == 0)
		(void)fcntl(fd, F_SETFL, flags | O_NONBLOCK);
	s->fd = fd;
	return s;
}

/* Connect ${fd}; 0, or why not. */
static int
connect_before(
    int fd, const struct sockaddr *sa, socklen_t len, int64_t deadline)
{
	int e = 0;
	socklen_t size = sizeof e;

	while (connect(fd, sa, len) != 0) {
		/* A Unix socket with a full backlog: nothing to wait for but
		 * time. */
		if (errno == EAGAIN) {
			if (clock_mono() >= deadline)
				return ETIMEDOUT;
			(void)poll(NULL, 0, SHARED_MS);
			continue;
		}
		if (errno != EINPROGRESS && errno != EINTR)
			return errno;
		if (!wait_for(fd, POLLOUT, deadline))
			return ETIMEDOUT;
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &size) != 0)
			return errno;
		return e;
	}
	return 0;
}

static struct stream *
connected(int fd, int64_t deadline)
{
	struct stream *s = stream_new(fd);

	s->deadline = deadline;
	return s;
}

struct stream *
stream_connect(const struct net_addr *addr, unsigned port,
    const struct net_addr *from, int64_t deadline, struct err *err)
{
	struct sockaddr_storage to, local;
	socklen_t len = net_to_socket(addr, port, &to), local_len;
	int fd, rc = 0, one = 1;

	fd =
	    socket(to.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err_set(err, "socket: %s", err_errno(errno));
		return NULL;
	}
	if (from != NULL) {
		local_len = net_to_socket(from, 0, &local);
		(void)setsockopt(
		    fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
		if (bind(fd, (struct sockaddr *)&local, local_len) != 0)
			rc = errno;
	}
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (rc == 0)
		rc = connect_before(fd, (struct sockaddr *)&to, len, deadline);
	if (rc == 0)
		return connected(fd, deadline);
	err_set(err, "%s", err_errno(rc));
	(void)close(fd);
	return NULL;
}

struct stream *
stream_connect_unix(const char *path, int64_t deadline, struct err *err)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	int fd, rc;

	if (strlen(path) >= sizeof sun.sun_path) {
		err_set(err, "%s", err_errno(ENAMETOOLONG));
		return NULL;
	}
	memcpy(sun.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0) {
		err_set(err, "socket: %s", err_errno(errno));
		return NULL;
	}
	rc = connect_before(fd, (struct sockaddr *)&sun, sizeof sun, deadline);
	if (rc == 0)
		return connected(fd, deadline);
	err_set(err, "%s", err_errno(rc));
	(void)close(fd);
	return NULL;
}

void
stream_close(struct stream *s)
{
	if (s == NULL)
		return;
	if (s->tls != NULL)
		tls_shutdown(s->tls);
	tls_free(s->tls);
	(void)close(s->fd);
	buf_free(&s->in);
	buf_free(&s->out);
	free(s);
}

void
stream_deadline(struct stream *s, int64_t when)
{
	s->deadline = when;
}

void
stream_rest(struct stream *s, int64_t when)
{
	(void)wait_for(s->fd, POLLIN, when);
}

/* Make ${status}, which asks to wait or ends it all, ours. */
static enum stream_status
after_tls(struct stream *s, enum tls_status status)
{
	switch (status) {
	case TLS_OK:
		return STREAM_OK;
	case TLS_WANT_READ:
		return wait_ready(s, POLLIN);
	case TLS_WANT_WRITE:
		return wait_ready(s, POLLOUT);
	case TLS_EOF:
		return fail(s, STREAM_EOF, "lost connection");
	default:
		return fail(s, STREAM_ERROR, tls_reason(s->tls));
	}
}

/* One write of what fits, or a wait until something does. */
static enum stream_status
write_some(struct stream *s, const char *data, size_t n, size_t *put)
{
	ssize_t done;

	*put = 0;
	if (s->tls != NULL)
		return after_tls(s, tls_write(s->tls, data, n, put));
	done = send(s->fd, data, n, MSG_NOSIGNAL);
	if (done >= 0) {
		*put = (size_t)done;
		return STREAM_OK;
	}
	if (errno == EINTR)
		return STREAM_OK;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return wait_ready(s, POLLOUT);
	return fail(s, STREAM_ERROR, err_errno(errno));
}

enum stream_status
stream_flush(struct stream *s)
{
	enum stream_status status = s->broken;
	size_t done = 0, put;

	while (status == STREAM_OK && done < s->out.len) {
		status =
		    write_some(s, s->out.data + done, s->out.len - done, &put);
		done += put;
	}
	buf_drop(&s->out, done);
	s->asked |= done > 0;
	if (status != STREAM_TIMEOUT)
		s->broken = status;
	return status;
}

void
stream_put(struct stream *s, const void *data, size_t n)
{
	if (s->broken != STREAM_OK)
		return;
	buf_put(&s->out, data, n);
	if (s->out.len < MOST_HELD)
		return;
	s->broken = stream_flush(s);
	if (s->broken != STREAM_OK)
		buf_reset(&s->out);
}

void
stream_printf(struct stream *s, const char *fmt, ...)
{
	char small[512], *big = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof small, fmt, ap);
	va_end(ap);
	must(n >= 0);
	if ((size_t)n >= sizeof small) {
		big = malloc((size_t)n + 1);
		if (big == NULL)
			fatal("out of memory");
		va_start(ap, fmt);
		(void)vsnprintf(big, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}
	stream_put(s, big != NULL ? big : small, (size_t)n);
	free(big);
}

/* Receive what there is, or wait until there is something. */
static enum stream_status
fill(struct stream *s)
{
	enum stream_status status;
	char *room;
	ssize_t done;
	size_t got;

	if (s->taken > 0) {
		buf_drop(&s->in, s->taken);
		s->taken = 0;
	}
	room = buf_reserve(&s->in, CHUNK);
	if (s->tls != NULL) {
		status = after_tls(s, tls_read(s->tls, room, CHUNK, &got));
		buf_added(&s->in, got);
		return status;
	}
	if (s->asked) {
		/* The answer is not there yet. */
		s->asked = false;
		return wait_ready(s, POLLIN);
	}
	done = recv(s->fd, room, CHUNK, 0);
	if (done > 0) {
		buf_added(&s->in, (size_t)done);
		return STREAM_OK;
	}
	if (done == 0)
		return fail(s, STREAM_EOF, "lost connection");
	if (errno == EINTR)
		return STREAM_OK;
	if (errno == EAGAIN || errno == EWOULDBLOCK)
		return wait_ready(s, POLLIN);
	return fail(s, STREAM_ERROR, err_errno(errno));
}

enum stream_status
stream_line(struct stream *s, size_t most, char **line, size_t *len)
{
	enum stream_status status = stream_flush(s);
	size_t seen = 0, have, n;
	char *start, *end;

	for (; status == STREAM_OK; status = fill(s)) {
		have = s->in.len - s->taken;
		if (have == 0)
			continue;
		start = s->in.data + s->taken;
		end = memchr(start + seen, '\n', have - seen);
		seen = have;
		n = end != NULL ? (size_t)(end - start) : have;
		if (n > 0 && start[n - 1] == '\r')
			n--;
		if (n > most)
			return fail(s, STREAM_TOO_LONG, "line too long");
		if (end == NULL)
			continue;
		start[n] = '\0';
		s->taken += (size_t)(end - start) + 1;
		*line = start;
		*len = n;
		return STREAM_OK;
	}
	return status;
}

enum stream_status
stream_read(struct stream *s, void *data, size_t n)
{
	enum stream_status status = stream_flush(s);
	size_t have;
	char *to = data;

	while (status == STREAM_OK && n > 0) {
		have = s->in.len - s->taken;
		if (have == 0) {
			status = fill(s);
			continue;
		}
		if (have > n)
			have = n;
		memcpy(to, s->in.data + s->taken, have);
		s->taken += have;
		to += have;
		n -= have;
	}
	return status;
}

size_t
stream_pending(const struct stream *s)
{
	return s->in.len - s->taken;
}

int
stream_alive(struct stream *s)
{
	size_t got;
	char c;

	if (s->broken != STREAM_OK || stream_pending(s) > 0)
		return 0;
	/* Under TLS there may be octets, such as tickets, that say nothing. */
	if (s->tls != NULL)
		return tls_read(s->tls, &c, 1, &got) == TLS_WANT_READ;
	return recv(s->fd, &c, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}

const char *
stream_reason(const struct stream *s)
{
	return s->reason;
}

enum stream_status
stream_tls(struct stream *s, struct tls_client *client, const char *name)
{
	enum stream_status status = stream_flush(s);
	enum tls_status progress = TLS_WANT_READ;

	must(s->tls == NULL);
	if (status != STREAM_OK)
		return status;
	/* Whoever can speak in between could speak for the peer. */
	if (stream_pending(s) > 0)
		return s->broken = fail(s, STREAM_ERROR,
			   "unencrypted data before the TLS handshake");
	s->tls = tls_connect(client, s->fd, name);
	while (status == STREAM_OK && progress != TLS_OK) {
		progress = tls_handshake(s->tls);
		status = after_tls(s, progress);
	}
	s->broken = status;
	return status;
}

const struct tls *
stream_secured(const struct stream *s)
{
	return s->tls;
}

int
stream_fd(const struct stream *s)
{
	return s->fd;
}
